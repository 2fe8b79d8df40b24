package messages

// means: of whom the rows of a mean are.
// Codes LAV-4590 to LAV-4599.
var means = []*Message{TooFewPersons, MeansOfRows, OptimalPersons, SubjectAveraged, GateMeanPersons}

var (
	TooFewPersons = &Message{Code: "LAV-4590", Class: Refused,
		EN: Text{"the {rows} rows are of fewer than {least} different persons, of whom every mean must be", "publish the rows of more persons together, as a longer period or several towns, or lower k; rows whose subject is null are all of one person"},
		FR: Text{"les {rows} lignes sont de moins de {least} personnes différentes, dont chaque moyenne doit être", "publiez ensemble les lignes de davantage de personnes, sur une période plus longue ou pour plusieurs communes, ou abaissez k ; les lignes dont subject est vide sont toutes d'une seule personne"}}
	MeansOfRows = &Message{Code: "LAV-4591", Class: Warning,
		EN: Text{"microaggregate {groups}: k counts rows, so that the mean of a person who has k rows may be theirs alone", "where a person has several rows, declare the column that tells whose each is (subject = \"matricule\"), or make one row of each person before the privacy stage (transform \"aggregate\"); where each row is of another person nothing is to be done"},
		FR: Text{"microaggregate {groups} : k compte des lignes, si bien que la moyenne d'une personne qui a k lignes peut n'être que la sienne", "là où une personne a plusieurs lignes, déclarez la colonne qui dit de qui est chacune (subject = \"matricule\"), ou faites une seule ligne par personne avant l'étape de confidentialité (transform \"aggregate\") ; là où chaque ligne est d'une autre personne, il n'y a rien à faire"}}
	OptimalPersons = &Message{Code: "LAV-4592", Class: Language,
		EN: Text{"microaggregate {group}: method = \"optimal\" makes the best groups of k rows, which are not the best groups of k persons, and subject asks for persons", "write method = \"mdav\", or leave method out; or make one row of each person before the privacy stage and leave subject out"},
		FR: Text{"microaggregate {group} : method = \"optimal\" fait les meilleurs groupes de k lignes, qui ne sont pas les meilleurs groupes de k personnes, et subject demande des personnes", "écrivez method = \"mdav\", ou ôtez method ; ou faites une seule ligne par personne avant l'étape de confidentialité, et ôtez subject"}}
	SubjectAveraged = &Message{Code: "LAV-4593", Class: Language,
		EN: Text{"microaggregate {group} makes means of {column}, which is the subject: a number that tells persons has no mean", "take it out of columns; it then does not leave, unless a block lets it out"},
		FR: Text{"microaggregate {group} fait des moyennes de {column}, qui est la colonne subject : un numéro qui désigne des personnes n'a pas de moyenne", "ôtez-la de columns ; elle ne sort alors pas, à moins qu'un bloc ne la laisse sortir"}}
	GateMeanPersons = &Message{Code: "LAV-4594", Class: Refused,
		EN: Text{"the sealed file {file} has means of microaggregate {group} that are of the rows of fewer than {k} different persons", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} a des moyennes de microaggregate {group} qui sont celles de lignes de moins de {k} personnes différentes", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
)
