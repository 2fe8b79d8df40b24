package messages

// crossings: what a release tells beside those that are still public, and policies that
// judge a file alone. Codes LAV-4380 to LAV-4399.
var crossings = []*Message{
	WrongGate,
	FewDiffer, LevelsCross, LevelsUnknown, AlikeDiffer, ColumnChanged,
	AuditFails, AuditModel, AuditColumn, AuditRows, AuditLacks, AuditNoRelease, AuditBytes, NotAuditable,
	UnprovedLevels, UnprovedRule, UnprovedPersons, UnprovedShape,
}

var (
	WrongGate = &Message{Code: "LAV-4394", Class: Language,
		EN: Text{"the gate of this policy: {why}", "compare_with, on_small_difference and max_hold go with a model, clear or microaggregate; max_hold is above 0, as \"90d\", and goes with on_small_difference = \"hold\""},
		FR: Text{"le bloc gate de cette politique : {why}", "compare_with, on_small_difference et max_hold vont avec un model, clear ou microaggregate ; max_hold est au-dessus de 0, comme \"90d\", et va avec on_small_difference = \"hold\""}}

	// Why a difference is small.
	FewDiffer = &Message{Code: "LAV-4395", Class: Warning,
		EN: Text{"in {classes} classes of rows what changed is of fewer than {k}", "wait for more rows"},
		FR: Text{"dans des groupes de lignes ({classes}), ce qui a changé concerne moins de {k}", "attendez d'autres lignes"}}
	LevelsCross = &Message{Code: "LAV-4396", Class: Warning,
		EN: Text{"in {classes} classes of rows one release is finer in one column and the other in another, so that both together tell more than either", "hold the levels still with min_level and max_level"},
		FR: Text{"dans des groupes de lignes ({classes}), une version est plus fine dans une colonne et l'autre dans une autre ; ensemble, elles disent plus que chacune", "fixez les niveaux avec min_level et max_level"}}
	LevelsUnknown = &Message{Code: "LAV-4397", Class: Warning,
		EN: Text{"what stands there in column {column} cannot be compared with what stands here", "remove the older release, or generalise the column as it was"},
		FR: Text{"ce qui y est dans la colonne {column} ne peut pas être comparé à ce qui est ici", "supprimez la version plus ancienne, ou regroupez la colonne comme elle l'était"}}
	AlikeDiffer = &Message{Code: "LAV-4380", Class: Warning,
		EN: Text{"in {classes} classes of rows what changed has too few different values in column {column}", "wait for more rows"},
		FR: Text{"dans des groupes de lignes ({classes}), ce qui a changé a trop peu de valeurs différentes dans la colonne {column}", "attendez d'autres lignes"}}
	ColumnChanged = &Message{Code: "LAV-4381", Class: Warning,
		EN: Text{"column {column} is of another type there, so that its values cannot be compared", "remove the older release, or keep the type"},
		FR: Text{"la colonne {column} y est d'un autre type, si bien que ses valeurs ne peuvent pas être comparées", "supprimez la version plus ancienne, ou gardez le type"}}

	// A file that is judged alone.
	AuditFails = &Message{Code: "LAV-4382", Class: Refused,
		EN: Text{"the file does not keep the policy (problems: {count})", "see each above; do not publish it"},
		FR: Text{"le fichier ne respecte pas la politique (problèmes : {count})", "voyez chacun ci-dessus ; ne le publiez pas"}}
	AuditModel = &Message{Code: "LAV-4383", Class: Refused,
		EN: Text{"{classes} classes of rows do not keep it", "make the quasi-identifiers coarser, or suppress those rows"},
		FR: Text{"des groupes de lignes ({classes}) ne le respectent pas", "regroupez davantage les quasi-identifiants, ou supprimez ces lignes"}}
	AuditColumn = &Message{Code: "LAV-4384", Class: Refused,
		EN: Text{"column {column} has no role in the policy that lets it out", "leave it out of the file, or give it a role"},
		FR: Text{"la colonne {column} n'a dans la politique aucun rôle qui la laisse sortir", "retirez-la du fichier, ou donnez-lui un rôle"}}
	AuditRows = &Message{Code: "LAV-4385", Class: Refused,
		EN: Text{"{count} rows cannot be read, and nothing is proved of them", "give the policy file a source block that reads all rows of the file"},
		FR: Text{"{count} lignes ne se lisent pas, et rien n'est prouvé d'elles", "donnez au fichier de la politique un bloc source qui lit toutes les lignes du fichier"}}
	AuditLacks = &Message{Code: "LAV-4386", Class: Refused,
		EN: Text{"the file lacks column {column}, by which its rows are judged", "give the policy only columns of the file, or the file every quasi-identifier and sensitive column"},
		FR: Text{"il manque au fichier la colonne {column}, d'après laquelle ses lignes sont jugées", "ne donnez à la politique que des colonnes du fichier, ou au fichier chaque quasi-identifiant et chaque colonne sensible"}}
	AuditNoRelease = &Message{Code: "LAV-4387", Class: Environment,
		EN: Text{"the folder {file} is no release: {why}", "give a file, or a folder under releases/ with its manifest.json"},
		FR: Text{"le dossier {file} n'est pas une version : {why}", "donnez un fichier, ou un dossier sous releases/ avec son manifest.json"}}
	AuditBytes = &Message{Code: "LAV-4388", Class: Refused,
		EN: Text{"the bytes of {file} are not those that the manifest names", "publish again; find out who else writes there"},
		FR: Text{"les octets de {file} ne sont pas ceux que le manifeste nomme", "republiez ; cherchez qui d'autre y écrit"}}
	NotAuditable = &Message{Code: "LAV-4389", Class: Language,
		EN: Text{"this program's privacy stage cannot judge a file alone", "use the program that comes with the policy component of the project"},
		FR: Text{"l'étape de confidentialité de ce programme ne peut pas juger un fichier seul", "utilisez le programme qui vient avec le composant policy du projet"}}

	// What the file alone does not prove.
	UnprovedLevels = &Message{Code: "LAV-4390", Class: Warning,
		EN: Text{"that the values of {columns} are generalised as the policy says: the levels were chosen when the file was made", "judge them by the classes above"},
		FR: Text{"que les valeurs de {columns} sont regroupées comme le dit la politique : les niveaux ont été choisis quand le fichier a été fait", "jugez-en d'après les groupes ci-dessus"}}
	UnprovedRule = &Message{Code: "LAV-4391", Class: Warning,
		EN: Text{"that column {column} is masked where its rule says so: the rule names columns that are not in the file as they were", "name columns of public in clear_when"},
		FR: Text{"que la colonne {column} est masquée là où sa règle le dit : la règle nomme des colonnes qui ne sont pas telles quelles dans le fichier", "nommez dans clear_when des colonnes de public"}}
	UnprovedPersons = &Message{Code: "LAV-4392", Class: Warning,
		EN: Text{"that classes are of enough persons: {column} is not in the file as it was, and rows were counted", "judge the file by a k that no person has rows enough to reach"},
		FR: Text{"que les groupes sont d'assez de personnes : {column} n'est pas telle quelle dans le fichier, et ce sont des lignes qui ont été comptées", "jugez le fichier avec un k qu'aucune personne n'atteint par ses seules lignes"}}
	UnprovedShape = &Message{Code: "LAV-4393", Class: Warning,
		EN: Text{"that no byte of the file says more than its rows: another program wrote it", "write it again with lavoir, whose files are judged byte by byte"},
		FR: Text{"qu'aucun octet du fichier n'en dit plus que ses lignes : un autre programme l'a écrit", "réécrivez-le avec lavoir, dont les fichiers sont jugés octet par octet"}}
)
