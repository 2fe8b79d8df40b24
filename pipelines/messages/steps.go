package messages

// The transforms. Codes LAV-8000 to LAV-8999.
var steps = []*Message{
	NothingToDo, EmptyName, NotConstant, NotACondition, CastImpossible, CastLoses, ConditionUnknown, NoValueMatch, NotAllDistinct,
	BadLimit, DuplicateKey, KeyTypes, NotDeclaredThere, FeedChanged, NoMatch, JoinTooLarge, BadAggregate, SumTooLarge,
	UnionColumns, NotText, BadRegexp, OneOfTwo, TooManyParts, BadSentinel, BytesNotText, ListColumn, GroupTooLarge, Twice, NotNatural, DefaultType, UnionTypes,
}

var (
	NothingToDo = &Message{Code: "LAV-8000", Class: Language,
		EN: Text{"this step would do nothing", "give at least one entry to: {arguments}; or remove the step"},
		FR: Text{"cette étape ne ferait rien", "donnez au moins une entrée à : {arguments} ; ou retirez l'étape"}}
	EmptyName = &Message{Code: "LAV-8001", Class: Language,
		EN: Text{"column {column} would have no name", "give it a name"},
		FR: Text{"la colonne {column} n'aurait pas de nom", "donnez-lui un nom"}}
	NotConstant = &Message{Code: "LAV-8002", Class: Language,
		EN: Text{"{column} is not constant: its expression names a column of the row", "use transform \"derive\""},
		FR: Text{"{column} n'est pas constante : son expression nomme une colonne de la ligne", "utilisez transform \"derive\""}}
	NotACondition = &Message{Code: "LAV-8003", Class: Language,
		EN: Text{"{name} must be true or false for each row; this expression is {got}", "write a comparison, for example row.montant > 0"},
		FR: Text{"{name} doit valoir vrai ou faux pour chaque ligne ; cette expression est de type {got}", "écrivez une comparaison, par exemple row.montant > 0"}}
	CastImpossible = &Message{Code: "LAV-8004", Class: Language,
		EN: Text{"column {column} cannot be turned from {from} into {to}", "go by way of text, or compute it with transform \"derive\""},
		FR: Text{"la colonne {column} ne peut pas passer de {from} à {to}", "passez par le texte, ou calculez-la avec transform \"derive\""}}
	CastLoses = &Message{Code: "LAV-8005", Class: Row,
		EN: Text{"has no exact value as {to}", "choose a type that can hold it, or round on purpose with round()"},
		FR: Text{"n'a pas de valeur exacte en {to}", "choisissez un type qui peut la contenir, ou arrondissez exprès avec round()"}}
	ConditionUnknown = &Message{Code: "LAV-8006", Class: Row,
		EN: Text{"the condition is neither true nor false, because something in it is null", "use coalesce() in the condition, or choose unknown = \"drop\" or \"keep\""},
		FR: Text{"la condition n'est ni vraie ni fausse, parce qu'un de ses éléments est nul", "utilisez coalesce() dans la condition, ou choisissez unknown = \"drop\" ou \"keep\""}}
	NoValueMatch = &Message{Code: "LAV-8007", Class: Row,
		EN: Text{"none of the values this step knows", "add the value to values, or choose others = \"keep\" or \"null\""},
		FR: Text{"aucune des valeurs que cette étape connaît", "ajoutez la valeur à values, ou choisissez others = \"keep\" ou \"null\""}}
	NotAllDistinct = &Message{Code: "LAV-8008", Class: Refused,
		EN: Text{"several rows have the same {columns}, and this step was told that there are none", "correct the source, or choose duplicates = \"drop\""},
		FR: Text{"plusieurs lignes ont les mêmes {columns}, et cette étape devait n'en trouver aucune", "corrigez la source, ou choisissez duplicates = \"drop\""}}
	BadLimit = &Message{Code: "LAV-8009", Class: Language,
		EN: Text{"{name} must be 0 or more", "write a whole number that is not negative"},
		FR: Text{"{name} doit valoir 0 ou plus", "écrivez un nombre entier qui n'est pas négatif"}}
	DuplicateKey = &Message{Code: "LAV-8010", Class: Refused,
		EN: Text{"{source} has several rows with the same {columns}: row {row} repeats an earlier one, and a row would be doubled", "make the key unique there, or add the column that tells the rows apart to the key"},
		FR: Text{"{source} a plusieurs lignes avec les mêmes {columns} : la ligne {row} en répète une autre, et une ligne serait doublée", "rendez-y la clé unique, ou ajoutez à la clé la colonne qui distingue les lignes"}}
	KeyTypes = &Message{Code: "LAV-8011", Class: Language,
		EN: Text{"{left} is {got} and {right} of {source} is {wanted}: they can never be equal", "give both the same type, with transform \"cast\" or in the source's columns"},
		FR: Text{"{left} est de type {got} et {right} de {source} de type {wanted} : ils ne peuvent jamais être égaux", "donnez-leur le même type, avec transform \"cast\" ou dans les colonnes de la source"}}
	NotDeclaredThere = &Message{Code: "LAV-8012", Class: Language,
		EN: Text{"{source} does not declare a column {column}", "declare it with its type in that source's columns, so that this step can be checked before anything is read; it declares: {columns}"},
		FR: Text{"{source} ne déclare pas de colonne {column}", "déclarez-la avec son type dans les colonnes de cette source, pour que l'étape soit vérifiée avant toute lecture ; elle déclare : {columns}"}}
	FeedChanged = &Message{Code: "LAV-8013", Class: Refused,
		EN: Text{"column {column} of {source} is {got}, and {wanted} was declared", "correct the declaration of that source, or what it reads"},
		FR: Text{"la colonne {column} de {source} est de type {got}, et {wanted} était déclaré", "corrigez la déclaration de cette source, ou ce qu'elle lit"}}
	NoMatch = &Message{Code: "LAV-8014", Class: Row,
		EN: Text{"not found in {source}", "add the key there, or choose missing = \"null\" or a default"},
		FR: Text{"introuvable dans {source}", "ajoutez-y la clé, ou choisissez missing = \"null\" ou une valeur par défaut"}}
	JoinTooLarge = &Message{Code: "LAV-8015", Class: Environment,
		EN: Text{"{source} does not fit in the {bound} of memory that this step may use", "put the larger of the two on the side of the pipeline and the smaller in source, read fewer columns, or raise memory in the project block"},
		FR: Text{"{source} ne tient pas dans les {bound} de mémoire permis à cette étape", "mettez la plus grande des deux du côté du pipeline et la plus petite dans source, lisez moins de colonnes, ou augmentez memory dans le bloc project"}}
	BadAggregate = &Message{Code: "LAV-8016", Class: Language,
		EN: Text{"{column}: {why}", "write sum(row.a), min(row.a), max(row.a), avg(row.a), count_distinct(row.a), count(row.a) or count()"},
		FR: Text{"{column} : {why}", "écrivez sum(row.a), min(row.a), max(row.a), avg(row.a), count_distinct(row.a), count(row.a) ou count()"}}
	SumTooLarge = &Message{Code: "LAV-8017", Class: Failed,
		EN: Text{"the result in column {column} is too large for {type}", "convert what is summed to a decimal first, with transform \"cast\""},
		FR: Text{"le résultat de la colonne {column} est trop grand pour {type}", "convertissez d'abord en decimal ce qui est sommé, avec transform \"cast\""}}
	UnionColumns = &Message{Code: "LAV-8018", Class: Language,
		EN: Text{"{source} has a column {column} that the rows here do not have, and it would be lost", "add the column here first, or write extra = \"drop\""},
		FR: Text{"{source} a une colonne {column} que les lignes d'ici n'ont pas, et elle serait perdue", "ajoutez d'abord la colonne ici, ou écrivez extra = \"drop\""}}
	NotText = &Message{Code: "LAV-8019", Class: Language,
		EN: Text{"column {column} is {got}, and this step works on text", "convert it first with transform \"cast\", or leave it out"},
		FR: Text{"la colonne {column} est de type {got}, et cette étape travaille sur du texte", "convertissez-la d'abord avec transform \"cast\", ou retirez-la"}}
	BadRegexp = &Message{Code: "LAV-8020", Class: Language,
		EN: Text{"{name} is not a regular expression: {why}", "write it in RE2 syntax (no look-around, no back references)"},
		FR: Text{"{name} n'est pas une expression régulière : {why}", "écrivez-la en syntaxe RE2 (ni assertion avant ou arrière, ni référence arrière)"}}
	OneOfTwo = &Message{Code: "LAV-8021", Class: Language,
		EN: Text{"exactly one of {arguments} is needed", "keep one of them"},
		FR: Text{"il faut exactement un de ces arguments : {arguments}", "gardez-en un"}}
	TooManyParts = &Message{Code: "LAV-8022", Class: Row,
		EN: Text{"more than the {count} parts there are columns for", "add a column to into, or choose extra = \"last\" or \"drop\""},
		FR: Text{"plus que les {count} parties pour lesquelles il y a des colonnes", "ajoutez une colonne à into, ou choisissez extra = \"last\" ou \"drop\""}}
	BadSentinel = &Message{Code: "LAV-8023", Class: Language,
		EN: Text{"value number {number} of values is no {type}, so column {column} can never hold it", "write it as the type demands, or leave the column out"},
		FR: Text{"la valeur numéro {number} de values n'est pas de type {type}, la colonne {column} ne peut jamais la contenir", "écrivez-la comme le type l'exige, ou retirez la colonne"}}
	BytesNotText = &Message{Code: "LAV-8024", Class: Row,
		EN: Text{"bytes that are not text", "declare the encoding of the source, or keep the column as binary"},
		FR: Text{"des octets qui ne sont pas du texte", "déclarez l'encodage de la source, ou gardez la colonne en binary"}}
	ListColumn = &Message{Code: "LAV-8025", Class: Language,
		EN: Text{"column {column} is {got}, which cannot be {what}", "choose another column"},
		FR: Text{"la colonne {column} est de type {got}, qui ne peut pas être {what}", "choisissez une autre colonne"}}
	GroupTooLarge = &Message{Code: "LAV-8026", Class: Environment,
		EN: Text{"the different values of one group do not fit in the {bound} of memory that this step may use", "group by more columns, or raise memory in the project block"},
		FR: Text{"les valeurs différentes d'un groupe ne tiennent pas dans les {bound} de mémoire permis à cette étape", "groupez sur plus de colonnes, ou augmentez memory dans le bloc project"}}
	Twice = &Message{Code: "LAV-8027", Class: Language,
		EN: Text{"{name} names {column} twice", "keep one of the two"},
		FR: Text{"{name} nomme {column} deux fois", "gardez l'un des deux"}}
	NotNatural = &Message{Code: "LAV-8028", Class: Language,
		EN: Text{"{name} must be {wanted}", "correct the value"},
		FR: Text{"{name} doit être {wanted}", "corrigez la valeur"}}
	UnionTypes = &Message{Code: "LAV-8030", Class: Language,
		EN: Text{"column {column} is {got} here and {wanted} in {source}", "give both the same type, with transform \"cast\" or in the source's columns"},
		FR: Text{"la colonne {column} est de type {got} ici et {wanted} dans {source}", "donnez-leur le même type, avec transform \"cast\" ou dans les colonnes de la source"}}
	DefaultType = &Message{Code: "LAV-8029", Class: Language,
		EN: Text{"the default of {column} is {got}, and the column is {wanted}", "write a default of that type, with a conversion function if need be"},
		FR: Text{"la valeur par défaut de {column} est de type {got}, et la colonne de type {wanted}", "écrivez une valeur par défaut de ce type, au besoin avec une fonction de conversion"}}
)
