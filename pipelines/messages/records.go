package messages

// records: the record models of privacy policies. Codes LAV-9300 to LAV-9349.
var records = []*Message{
	WrongQuasi, NoSuchLevel, NoSuchHierarchy, WrongSensitive, WrongModel, NotCountable, BlindRule,
	GateNoModel, GateMissing, GateModel, GateClasses, NoFingerprint, GateLevel, HierarchyUnreadable,
	PolicyUnreadable, PolicyBlocks, PolicySource, NotExplorable, NothingToExplore,
}

var (
	WrongQuasi = &Message{Code: "LAV-9300", Class: Language,
		EN: Text{"quasi {column}: {why}", "give one way to generalise (bands, steps, snap, round, period, age_at, squares, show_first and show_last, hierarchy or hierarchy_file; bands go with age_at), with numbers as 18 or 0.5; top and bottom are the outermost bounds of bands, or stand alone; levels are counted from 0, the value itself"},
		FR: Text{"quasi {column} : {why}", "donnez une seule façon de regrouper (bands, steps, snap, round, period, age_at, squares, show_first et show_last, hierarchy ou hierarchy_file ; bands va avec age_at), avec des nombres comme 18 ou 0.5 ; top et bottom sont les bornes extrêmes de bands, ou sont seuls ; les niveaux se comptent à partir de 0, la valeur elle-même"}}
	NoSuchLevel = &Message{Code: "LAV-9301", Class: Language,
		EN: Text{"quasi {column} has no level {level}: the last one, where every value is hidden, is {most}", "write a level up to {most}"},
		FR: Text{"quasi {column} n'a pas de niveau {level} : le dernier, où toute valeur est masquée, est {most}", "écrivez un niveau jusqu'à {most}"}}
	NoSuchHierarchy = &Message{Code: "LAV-9302", Class: Language,
		EN: Text{"the codes of quasi {column} have no level {level} there", "name levels from the finest to the coarsest: departement, region for postcodes; commune, departement, region with code = \"insee\"; classe, groupe, division, section for activities"},
		FR: Text{"les codes de quasi {column} n'ont pas de niveau {level} à cet endroit", "nommez les niveaux du plus fin au plus large : departement, region pour des codes postaux ; commune, departement, region avec code = \"insee\" ; classe, groupe, division, section pour des activités"}}
	WrongSensitive = &Message{Code: "LAV-9303", Class: Language,
		EN: Text{"sensitive {column}: {why}", "write diversity { l = 3 }, closeness { t = 0.3 } or both: without one, a class whose rows all have one value would tell it"},
		FR: Text{"sensitive {column} : {why}", "écrivez diversity { l = 3 }, closeness { t = 0.3 } ou les deux : sans cela, un groupe dont toutes les lignes ont la même valeur la révélerait"}}
	WrongModel = &Message{Code: "LAV-9304", Class: Language,
		EN: Text{"the record model of this policy: {why}", "a model { k = 5 } goes with quasi blocks, and quasi, sensitive and pseudonyms go with a model, subject with a model or microaggregate"},
		FR: Text{"le modèle de cette politique : {why}", "un model { k = 5 } va avec des blocs quasi, et quasi, sensitive et les pseudonymes vont avec un modèle, subject avec un modèle ou microaggregate"}}
	NoFingerprint = &Message{Code: "LAV-9311", Class: Environment,
		EN: Text{"the pseudonyms of column {column} are drawn from the fingerprint of what is read, under a key that this project does not have", "write fingerprint_key = secret.… in its project block: the same pseudonyms then come out on every machine"},
		FR: Text{"les pseudonymes de la colonne {column} sont tirés de l'empreinte de ce qui est lu, sous une clé que ce projet n'a pas", "écrivez fingerprint_key = secret.… dans son bloc project : les mêmes pseudonymes sortent alors sur toute machine"}}
	GateLevel = &Message{Code: "LAV-9312", Class: Refused,
		EN: Text{"row {row} of the sealed file {file} has a value in column {column} that is not generalised as was decided", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la ligne {row} du fichier scellé {file} a dans la colonne {column} une valeur qui n'est pas regroupée comme il a été décidé", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	HierarchyUnreadable = &Message{Code: "LAV-9313", Class: Language,
		EN: Text{"the file of the hierarchy of column {column} cannot be read: {why}", "give hierarchy_file a path that is relative to the project's folder, and put the file there"},
		FR: Text{"le fichier de la hiérarchie de la colonne {column} est illisible : {why}", "donnez à hierarchy_file un chemin relatif au dossier du projet, et mettez-y le fichier"}}
	PolicyUnreadable = &Message{Code: "LAV-9314", Class: Language,
		EN: Text{"the policy file {file} cannot be read: {why}", "check the path and the rights"},
		FR: Text{"le fichier de politique {file} ne peut pas être lu : {why}", "vérifiez le chemin et les droits"}}
	PolicyBlocks = &Message{Code: "LAV-9315", Class: Language,
		EN: Text{"the policy file {file} has {policies} privacy blocks with a name and {sources} source blocks", "write one privacy \"<name>\" block outside of any pipeline, and beside it one source block or none"},
		FR: Text{"le fichier de politique {file} a {policies} blocs privacy qui portent un nom et {sources} blocs source", "écrivez un seul bloc privacy \"<nom>\" hors de tout pipeline, et à côté un bloc source ou aucun"}}
	PolicySource = &Message{Code: "LAV-9316", Class: Language,
		EN: Text{"the source block of the policy file {file} is of type {type}", "write source \"file\" there, with the format of the file; or leave it out, and the file is looked into"},
		FR: Text{"le bloc source du fichier de politique {file} est de type {type}", "écrivez-y source \"file\", avec le format du fichier ; ou retirez-le, et le fichier est examiné"}}
	NotExplorable = &Message{Code: "LAV-9317", Class: Language,
		EN: Text{"this program's privacy stage cannot be explored", "use the program that comes with the policy component of the project"},
		FR: Text{"l'étape de confidentialité de ce programme ne peut pas être explorée", "utilisez le programme qui vient avec le composant policy du projet"}}
	NothingToExplore = &Message{Code: "LAV-9318", Class: Language,
		EN: Text{"the policy has no quasi-identifiers to explore", "give it quasi blocks; the model may be left to the command line"},
		FR: Text{"la politique n'a pas de quasi-identifiants à explorer", "donnez-lui des blocs quasi ; le modèle peut rester à la ligne de commande"}}
	NotCountable = &Message{Code: "LAV-9305", Class: Language,
		EN: Text{"column {column} is {got}, whose values a model cannot count", "choose another column, or convert it to text first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, dont un modèle ne peut pas compter les valeurs", "choisissez une autre colonne, ou convertissez-la d'abord en texte avec transform \"cast\""}}
	BlindRule = &Message{Code: "LAV-9306", Class: Refused,
		EN: Text{"clear_when of column {column} names columns that do not leave as they are; beside a model, nothing could prove from the file that the rule was kept", "name columns of public in clear_when, or mask the column in every row"},
		FR: Text{"clear_when de la colonne {column} nomme des colonnes qui ne sortent pas telles quelles ; à côté d'un modèle, rien ne pourrait prouver à partir du fichier que la règle a été tenue", "nommez dans clear_when des colonnes de public, ou masquez la colonne dans toutes les lignes"}}
	GateNoModel = &Message{Code: "LAV-9307", Class: Refused,
		EN: Text{"the sealed file {file} cannot be judged: what the model decided is not known", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} ne peut pas être jugé : ce que le modèle a décidé n'est pas connu", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateMissing = &Message{Code: "LAV-9308", Class: Refused,
		EN: Text{"the sealed file {file} lacks column {column}, by which its rows are judged", "publish every quasi-identifier and sensitive column in every file, or leave it out of the policy"},
		FR: Text{"il manque au fichier scellé {file} la colonne {column}, d'après laquelle ses lignes sont jugées", "publiez chaque quasi-identifiant et chaque colonne sensible dans chaque fichier, ou retirez-la de la politique"}}
	GateModel = &Message{Code: "LAV-9309", Class: Refused,
		EN: Text{"a class of rows of the sealed file {file} does not keep {model}", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"un groupe de lignes du fichier scellé {file} ne respecte pas {model}", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateClasses = &Message{Code: "LAV-9310", Class: Refused,
		EN: Text{"the sealed file {file} has other classes of rows than were decided", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} a d'autres groupes de lignes que ceux qui ont été décidés", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
)
