package messages

// privacies: privacy policies, marks and the gate. Codes LAV-9000 to LAV-9499.
var privacies = []*Message{
	NothingLeaves, TwoRoles, PublicPersonal, WrongAction, OtherwiseType, WeakKey, NoPseudonym, GateColumns, GateValue,
	GateRows, GateBlind, GateCount, OpenRule,
	PartialMask, GeneraliseType, FewBounds, BoundOrder, BoundNotWhole, LevelsNotNested, NotAboveZero, WidthsNotNested,
	NoSuchPeriod, NoReferenceDate, PostcodeLine, NoSuchSquare, FirstNameLine,
}

var (
	NothingLeaves = &Message{Code: "LAV-9000", Class: Language,
		EN: Text{"this policy lets no column out", "name the columns to publish in public"},
		FR: Text{"cette politique ne laisse sortir aucune colonne", "nommez dans public les colonnes à publier"}}
	TwoRoles = &Message{Code: "LAV-9001", Class: Language,
		EN: Text{"column {column} has two roles in this policy", "keep one: public, or a single identifier block"},
		FR: Text{"la colonne {column} a deux rôles dans cette politique", "gardez-en un : public, ou un seul bloc identifier"}}
	PublicPersonal = &Message{Code: "LAV-9002", Class: Refused,
		EN: Text{"column {column} is personal ({because}) and cannot be public", "give it an identifier block that says when it may be read, take it out of public, or, when it names nobody, write the reason in not_personal of its source"},
		FR: Text{"la colonne {column} est personnelle ({because}) et ne peut pas être publique", "donnez-lui un bloc identifier qui dit quand elle peut être lue, retirez-la de public, ou, si elle ne désigne personne, écrivez-en la raison dans not_personal de sa source"}}
	WrongAction = &Message{Code: "LAV-9003", Class: Language,
		EN: Text{"identifier {column}: {why}", "drop takes no other argument; constant takes otherwise; null takes clear_when; mask, the default, needs clear_when and takes otherwise"},
		FR: Text{"identifier {column} : {why}", "drop ne prend pas d'autre argument ; constant prend otherwise ; null prend clear_when ; mask, par défaut, demande clear_when et prend otherwise"}}
	OtherwiseType = &Message{Code: "LAV-9004", Class: Language,
		EN: Text{"otherwise is no {type}, which column {column} is", "write a value of that type, or leave otherwise out: the column is then empty where it is masked"},
		FR: Text{"otherwise n'est pas de type {type}, celui de la colonne {column}", "écrivez une valeur de ce type, ou retirez otherwise : la colonne est alors vide là où elle est masquée"}}
	WeakKey = &Message{Code: "LAV-9005", Class: Environment,
		EN: Text{"the key of {step} is shorter than {wanted} bytes", "make one with: openssl rand -hex 32; and keep it as a secret"},
		FR: Text{"la clé de {step} fait moins de {wanted} octets", "fabriquez-en une avec : openssl rand -hex 32 ; et gardez-la comme secret"}}
	NoPseudonym = &Message{Code: "LAV-9006", Class: Language,
		EN: Text{"column {column} is {got}, which has no one way to be written", "choose another column, or convert it to text first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, qui n'a pas d'écriture unique", "choisissez une autre colonne, ou convertissez-la d'abord en texte avec transform \"cast\""}}
	GateColumns = &Message{Code: "LAV-9007", Class: Refused,
		EN: Text{"the sealed file {file} holds column {column}, which the policy does not let out", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} contient la colonne {column}, que la politique ne laisse pas sortir", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateValue = &Message{Code: "LAV-9008", Class: Refused,
		EN: Text{"row {row} of the sealed file {file} shows a value in column {column} that the policy masks", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la ligne {row} du fichier scellé {file} montre dans la colonne {column} une valeur que la politique masque", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateRows = &Message{Code: "LAV-9009", Class: Refused,
		EN: Text{"the sealed file {file} holds {got} rows, and the policy saw {wanted}", "nothing was published; run again, and report this to the project if it stays"},
		FR: Text{"le fichier scellé {file} contient {got} lignes, et la politique en a vu {wanted}", "rien n'a été publié ; relancez, et signalez-le au projet si cela persiste"}}
	GateBlind = &Message{Code: "LAV-9010", Class: Refused,
		EN: Text{"from the sealed file {file} alone nothing proves that column {column} is masked: the condition names columns that are not in it, and no count was kept", "publish the columns that clear_when names too, or report this to the project"},
		FR: Text{"rien dans le seul fichier scellé {file} ne prouve que la colonne {column} est masquée : la condition nomme des colonnes qui n'y sont pas, et aucun compte n'a été gardé", "publiez aussi les colonnes que nomme clear_when, ou signalez-le au projet"}}
	GateCount = &Message{Code: "LAV-9011", Class: Refused,
		EN: Text{"column {column} of the sealed file {file} does not show as many values in clear as the policy allows", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la colonne {column} du fichier scellé {file} ne montre pas autant de valeurs en clair que la politique en permet", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	OpenRule = &Message{Code: "LAV-9012", Class: Refused,
		EN: Text{"clear_when of column {column} is true of a row that nothing is known of: a value nobody has seen yet, or none, would be shown", "write what may be read, not what may not: contains([\"ASSO\", \"PUBLIC\"], row.type_tiers)"},
		FR: Text{"clear_when de la colonne {column} est vrai d'une ligne dont on ne sait rien : une valeur jamais vue, ou absente, serait montrée", "écrivez ce qui peut être lu, pas ce qui ne le peut pas : contains([\"ASSO\", \"PUBLIC\"], row.type_tiers)"}}
	PartialMask = &Message{Code: "LAV-9160", Class: Language,
		EN: Text{"a partial mask shows no character, or fewer than none", "give how many first or last characters may be read"},
		FR: Text{"un masque partiel ne montre aucun caractère, ou moins que zéro", "dites combien de premiers ou de derniers caractères peuvent être lus"}}
	GeneraliseType = &Message{Code: "LAV-9161", Class: Language,
		EN: Text{"values of type {got} cannot be generalised in this way, which takes {wanted}", "choose another way, or convert the column first with transform \"cast\""},
		FR: Text{"des valeurs de type {got} ne peuvent pas être généralisées de cette façon, qui demande {wanted}", "choisissez une autre façon, ou convertissez d'abord la colonne avec transform \"cast\""}}
	FewBounds = &Message{Code: "LAV-9162", Class: Language,
		EN: Text{"too few bounds: at least {wanted} per level", "give more bounds, or open an end"},
		FR: Text{"trop peu de bornes : il en faut au moins {wanted} par niveau", "donnez d'autres bornes, ou ouvrez une extrémité"}}
	BoundOrder = &Message{Code: "LAV-9163", Class: Language,
		EN: Text{"bound {bound} is not above the one before it", "write finite bounds from the lowest to the highest, each once"},
		FR: Text{"la borne {bound} n'est pas au-dessus de la précédente", "écrivez des bornes finies, de la plus petite à la plus grande, chacune une fois"}}
	BoundNotWhole = &Message{Code: "LAV-9164", Class: Language,
		EN: Text{"{bound} is not a whole number, and the values of the column are", "write whole numbers"},
		FR: Text{"{bound} n'est pas un nombre entier, alors que les valeurs de la colonne le sont", "écrivez des nombres entiers"}}
	LevelsNotNested = &Message{Code: "LAV-9165", Class: Language,
		EN: Text{"bound {bound} of level {level} would cut a range of the level before", "use at each level bounds of the level before, with the same ends"},
		FR: Text{"la borne {bound} du niveau {level} couperait une tranche du niveau précédent", "reprenez à chaque niveau des bornes du niveau précédent, avec les mêmes extrémités"}}
	NotAboveZero = &Message{Code: "LAV-9166", Class: Language,
		EN: Text{"{got} is no width: it is not above zero", "write a finite number above zero"},
		FR: Text{"{got} n'est pas une largeur : ce n'est pas au-dessus de zéro", "écrivez un nombre fini au-dessus de zéro"}}
	WidthsNotNested = &Message{Code: "LAV-9167", Class: Language,
		EN: Text{"width {width} is not a multiple of {before}, the one before", "write widths from the smallest to the largest, each a multiple of the one before"},
		FR: Text{"la largeur {width} n'est pas un multiple de {before}, la précédente", "écrivez les largeurs de la plus petite à la plus grande, chacune multiple de la précédente"}}
	NoSuchPeriod = &Message{Code: "LAV-9168", Class: Language,
		EN: Text{"{got} is no period", "write month, quarter or year"},
		FR: Text{"{got} n'est pas une période", "écrivez month, quarter ou year"}}
	NoReferenceDate = &Message{Code: "LAV-9169", Class: Language,
		EN: Text{"the reference date of the age is not within the years 1 to 9999", "give a date, for example 2024-12-31"},
		FR: Text{"la date de référence de l'âge n'est pas dans les années 1 à 9999", "donnez une date, par exemple 2024-12-31"}}
	PostcodeLine = &Message{Code: "LAV-9170", Class: Environment,
		EN: Text{"line {line} of the table of postcodes is not a postcode, a semicolon and the INSEE code of a commune", "write lines such as 35000;35238"},
		FR: Text{"la ligne {line} de la table des codes postaux n'est pas un code postal, un point-virgule et le code INSEE d'une commune", "écrivez des lignes telles que 35000;35238"}}
	NoSuchSquare = &Message{Code: "LAV-9171", Class: Language,
		EN: Text{"INSEE publishes no squares of {got} m", "write 200 or 1000"},
		FR: Text{"l'INSEE ne publie pas de carreaux de {got} m", "écrivez 200 ou 1000"}}
	FirstNameLine = &Message{Code: "LAV-9172", Class: Environment,
		EN: Text{"line {line} of the list of first names is not one name", "write one first name per line, of letters, hyphens and apostrophes"},
		FR: Text{"la ligne {line} de la liste des prénoms n'est pas un prénom", "écrivez un prénom par ligne, fait de lettres, de traits d'union et d'apostrophes"}}
)
