package messages

// methods: the methods of privacy policies beyond classes. Codes LAV-4410 to LAV-4439.
var methods = []*Message{
	PersonsAlone, GatePersons, WrongClear, NoCounts, MarginShown, LineShown, GateMargin,
	PopulationUnreadable, PopulationLine, PopulationColumn, PopulationValue, NoDegrees, NoSquare, RangesOverlap, WrongMicro, MicroType, MicroValue, GateMean, GateMeans, UnprovedMethod,
}

var (
	PersonsAlone = &Message{Code: "LAV-4410", Class: Refused,
		EN: Text{"the rows of one person, which the subject that leaves ties together, look like those of too few others: of {rows} rows at most {limit} may be suppressed, and the best found would suppress {suppressed}", "let the subject not leave (action = \"drop\"), make one row of each person before the privacy stage, raise suppression_limit, or give hierarchies higher levels"},
		FR: Text{"les lignes d'une même personne, que la colonne subject rapproche en sortant, ressemblent à celles de trop peu d'autres : sur {rows} lignes, {limit} au plus peuvent être supprimées, et le meilleur choix trouvé en supprimerait {suppressed}", "ne laissez pas sortir cette colonne (action = \"drop\"), faites une ligne de chaque personne avant l'étape de confidentialité, relevez suppression_limit, ou donnez aux hiérarchies des niveaux plus élevés"}}
	GatePersons = &Message{Code: "LAV-4411", Class: Refused,
		EN: Text{"the sealed file {file} has a person whose rows, taken together, are not those of {k} persons", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} a une personne dont les lignes, prises ensemble, ne sont pas celles de {k} personnes", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	PopulationUnreadable = &Message{Code: "LAV-4420", Class: Language,
		EN: Text{"the file of the population cannot be read: {why}", "give population { file } a path that is relative to the project's folder, and put the file there"},
		FR: Text{"le fichier de la population est illisible : {why}", "donnez à population { file } un chemin relatif au dossier du projet, et mettez-y le fichier"}}
	PopulationLine = &Message{Code: "LAV-4421", Class: Language,
		EN: Text{"line {line} of the file of the population: {why}", "write it as CSV in UTF-8, with semicolons, a first line of names and as many fields in each line"},
		FR: Text{"ligne {line} du fichier de la population : {why}", "écrivez-le en CSV UTF-8, avec des points-virgules, une première ligne de noms et autant de champs sur chaque ligne"}}
	PopulationColumn = &Message{Code: "LAV-4422", Class: Language,
		EN: Text{"the file of the population has no column {column}", "write columns = { <quasi-identifier> = \"<name in the file>\" } in population, or name the column so in the file"},
		FR: Text{"le fichier de la population n'a pas de colonne {column}", "écrivez columns = { <quasi-identifiant> = \"<nom dans le fichier>\" } dans population, ou nommez ainsi la colonne du fichier"}}
	PopulationValue = &Message{Code: "LAV-4423", Class: Refused,
		EN: Text{"a value of the population, about line {line} of its file, is none that quasi {column} can be", "write the values in the form that lavoir writes them (2024-01-31, 12.5), and leave out lines that are of nobody who may be in the data"},
		FR: Text{"une valeur de la population, vers la ligne {line} de son fichier, n'en est pas une que quasi {column} peut avoir", "écrivez les valeurs comme lavoir les écrit (2024-01-31, 12.5), et retirez les lignes de qui ne peut pas être dans les données"}}
	NoDegrees = &Message{Code: "LAV-4425", Class: Language,
		EN: Text{"column {column} is {got}, and degrees are decimal numbers or floats", "convert it first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, alors que des degrés sont des nombres décimaux ou flottants", "convertissez-la d'abord avec transform \"cast\""}}
	NoSquare = &Message{Code: "LAV-4426", Class: Row,
		EN: Text{"the grid has no square at the place of columns {longitude} and {latitude}", "check that these are degrees, and that longitude and latitude are not in each other's place"},
		FR: Text{"la grille n'a pas de carreau au lieu des colonnes {longitude} et {latitude}", "vérifiez que ce sont des degrés, et que longitude et latitude ne sont pas l'une à la place de l'autre"}}
	RangesOverlap = &Message{Code: "LAV-4427", Class: Warning,
		EN: Text{"search = \"mondrian\" gives each group of rows ranges of its own, and one value stands in ranges that overlap: portals filter badly on them", "take search = \"optimal\" where the quasi-identifiers have few enough levels, or say it beside the data"},
		FR: Text{"search = \"mondrian\" donne à chaque groupe de lignes ses propres intervalles, et une même valeur se trouve dans des intervalles qui se chevauchent : les portails filtrent mal dessus", "prenez search = \"optimal\" là où les quasi-identifiants ont assez peu de niveaux, ou dites-le à côté des données"}}
	WrongMicro = &Message{Code: "LAV-4428", Class: Language,
		EN: Text{"microaggregate {group}: {why}", "write columns = [\"montant\"] and k = 3 or more"},
		FR: Text{"microaggregate {group} : {why}", "écrivez columns = [\"montant\"] et k = 3 ou plus"}}
	MicroType = &Message{Code: "LAV-4429", Class: Language,
		EN: Text{"column {column} is {got}, of which there is no mean", "name columns of numbers, or convert it first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, dont il n'y a pas de moyenne", "nommez des colonnes de nombres, ou convertissez-la d'abord avec transform \"cast\""}}
	MicroValue = &Message{Code: "LAV-4430", Class: Refused,
		EN: Text{"row {row} has no finite number in column {column}, of which means are to be made", "leave out such rows, or make their values null, before the privacy stage"},
		FR: Text{"la ligne {row} n'a pas de nombre fini dans la colonne {column}, dont on doit faire des moyennes", "retirez de telles lignes, ou videz leurs valeurs, avant l'étape de confidentialité"}}
	GateMean = &Message{Code: "LAV-4431", Class: Refused,
		EN: Text{"row {row} of the sealed file {file} has values of microaggregate {group} that are none of its means", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la ligne {row} du fichier scellé {file} a des valeurs de microaggregate {group} qui ne sont aucune de ses moyennes", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateMeans = &Message{Code: "LAV-4432", Class: Refused,
		EN: Text{"the sealed file {file} has means of microaggregate {group} that fewer than {k} rows share, or other rows than were decided", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} a des moyennes de microaggregate {group} que moins de {k} lignes partagent, ou d'autres lignes que celles qui ont été décidées", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	UnprovedMethod = &Message{Code: "LAV-4433", Class: Warning,
		EN: Text{"a file alone does not prove this: {what}", "trust it where a run published the file, whose gate judged it; of a file of another tool nothing is known of it"},
		FR: Text{"un fichier seul ne prouve pas ceci : {what}", "fiez-vous-y là où une exécution a publié le fichier, que son contrôle a jugé ; d'un fichier d'un autre outil, on n'en sait rien"}}
	WrongClear = &Message{Code: "LAV-4412", Class: Language,
		EN: Text{"clear {column}: {why}", "write min_subjects = 11 and, where one subject may not have most of a sum, max_share = 0.85; or a preset"},
		FR: Text{"clear {column} : {why}", "écrivez min_subjects = 11 et, là où un seul sujet ne doit pas faire l'essentiel d'une somme, max_share = 0.85 ; ou un preset"}}
	NoCounts = &Message{Code: "LAV-4413", Class: Language,
		EN: Text{"no column {column}.{subject}.{what} reaches the privacy stage, by which clear {column} is judged", "give the aggregate that makes it subject = \"{subject}\", and keep what it writes beside its sums, averages and counts under the name it has; count_distinct has no share, and extremes have neither"},
		FR: Text{"aucune colonne {column}.{subject}.{what} n'atteint l'étape de confidentialité, alors que clear {column} juge d'après elle", "donnez à l'agrégat qui la calcule subject = \"{subject}\", et gardez sous son nom ce qu'il écrit à côté de ses sommes, moyennes et comptes ; count_distinct n'a pas de share, et les extrêmes n'ont ni l'un ni l'autre"}}
	MarginShown = &Message{Code: "LAV-4414", Class: Refused,
		EN: Text{"some rows of the table are masked, and another is a total: it has nothing, or a word as total, in the place of a key", "publish no totals beside masked rows, in this file or another one; or give a name to what has no key"},
		FR: Text{"des lignes de la table sont masquées, et une autre est un total : elle n'a rien, ou un mot comme total, à la place d'une clé", "ne publiez pas de totaux à côté de lignes masquées, ni dans ce fichier ni dans un autre ; ou donnez un nom à ce qui n'a pas de clé"}}
	LineShown = &Message{Code: "LAV-4415", Class: Refused,
		EN: Text{"a value of column {column} is the sum of the other rows of its line, one of which is masked", "publish no totals beside masked rows, in this file or another one"},
		FR: Text{"une valeur de la colonne {column} est la somme des autres lignes de sa série, dont une est masquée", "ne publiez pas de totaux à côté de lignes masquées, ni dans ce fichier ni dans un autre"}}
	GateMargin = &Message{Code: "LAV-4416", Class: Refused,
		EN: Text{"the sealed file {file} has a total beside masked rows", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} a un total à côté de lignes masquées", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
)
