package messages

// protections: what makes values say less. Codes LAV-9160 to LAV-9219.
var protections = []*Message{
	PartialMask, GeneraliseType, FewBounds, BoundOrder, BoundNotWhole, LevelsNotNested, NotAboveZero, WidthsNotNested,
	NoSuchPeriod, NoReferenceDate, PostcodeLine, NoSuchSquare, FirstNameLine,
}

var (
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
		EN: Text{"the day at which ages are told is no day of the years 1 to 9999, written with the year first", "write a day that exists, for example \"2024-12-31\""},
		FR: Text{"le jour où se comptent les âges n'est pas un jour des années 1 à 9999, écrit l'année d'abord", "écrivez un jour qui existe, par exemple \"2024-12-31\""}}
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
