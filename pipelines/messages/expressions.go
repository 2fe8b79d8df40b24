package messages

// expressions: the row expressions. Codes LAV-3000 to LAV-3999.
var expressions = []*Message{
	UnsupportedExpression, WrongTypes, DecimalTooWide, DecimalWithFloat, UnknownFunction, WrongArguments,
	ConstantWanted, BadPattern, HyphenInName, WholeRow, AlwaysFails, NumberTooLong, ValueUnknown,
	BadJSON, BadConstant, ExpressionTooLarge,
}

var (
	UnsupportedExpression = &Message{Code: "LAV-3000", Class: Language,
		EN: Text{"{what} is nothing that can be computed from columns", "write for instance {write}"},
		FR: Text{"{what} n'est pas calculable à partir de colonnes", "écrivez par exemple {write}"}}
	WrongTypes = &Message{Code: "LAV-3001", Class: Language,
		EN: Text{"{op} cannot take {types}", "write for instance {write}"},
		FR: Text{"{op} n'accepte pas {types}", "écrivez par exemple {write}"}}
	DecimalTooWide = &Message{Code: "LAV-3002", Class: Language,
		EN: Text{"the result of {op} on {types} would need {digits} digits, and a decimal has at most 38", "make an operand narrower first: to_decimal(x, 18, 2) or round(x, 2)"},
		FR: Text{"le résultat de {op} sur {types} demanderait {digits} chiffres, et un décimal en a au plus 38", "réduisez d'abord un opérande : to_decimal(x, 18, 2) ou round(x, 2)"}}
	DecimalWithFloat = &Message{Code: "LAV-3003", Class: Language,
		EN: Text{"{op} cannot mix {left} and {right}: one is exact and the other is not", "write to_decimal(x, p, s) around the float64, or to_float(x) around the decimal"},
		FR: Text{"{op} ne peut pas mêler {left} et {right} : l'un est exact, l'autre non", "écrivez to_decimal(x, p, s) autour du float64, ou to_float(x) autour du décimal"}}
	UnknownFunction = &Message{Code: "LAV-3004", Class: Language,
		EN: Text{"there is no function {name} over columns", "call {names}"},
		FR: Text{"il n'y a pas de fonction {name} sur les colonnes", "appelez {names}"}}
	WrongArguments = &Message{Code: "LAV-3005", Class: Language,
		EN: Text{"{name} is not called with {got}", "write {signature}"},
		FR: Text{"{name} ne s'appelle pas avec {got}", "écrivez {signature}"}}
	ConstantWanted = &Message{Code: "LAV-3006", Class: Language,
		EN: Text{"the argument {argument} of {name} must be the same for every row, and like this: {wanted}", "write {signature}"},
		FR: Text{"l'argument {argument} de {name} doit être le même pour chaque ligne, et de cette forme : {wanted}", "écrivez {signature}"}}
	BadPattern = &Message{Code: "LAV-3007", Class: Language,
		EN: Text{"not a regular expression: {why}", "use the RE2 syntax; in a pipeline file a backslash is written \\\\"},
		FR: Text{"pas une expression régulière : {why}", "utilisez la syntaxe RE2 ; dans un fichier de pipeline une barre oblique inverse s'écrit \\\\"}}
	HyphenInName = &Message{Code: "LAV-3008", Class: Language,
		EN: Text{"{name} is one name here, because a name may contain a hyphen", "put spaces around the minus: {write}"},
		FR: Text{"{name} est ici un seul nom, car un nom peut contenir un tiret", "mettez des espaces autour du moins : {write}"}}
	WholeRow = &Message{Code: "LAV-3009", Class: Language,
		EN: Text{"row stands for a row, not for a value", "name a column: row.name or row[\"nom complet\"]"},
		FR: Text{"row désigne une ligne, pas une valeur", "nommez une colonne : row.nom ou row[\"nom complet\"]"}}
	AlwaysFails = &Message{Code: "LAV-3010", Class: Language,
		EN: Text{"this constant has no value ({code})", "correct the constant"},
		FR: Text{"cette constante n'a pas de valeur ({code})", "corrigez la constante"}}
	NumberTooLong = &Message{Code: "LAV-3011", Class: Language,
		EN: Text{"this number has more than 38 digits", "write fewer digits, or round the constant"},
		FR: Text{"ce nombre a plus de 38 chiffres", "écrivez moins de chiffres, ou arrondissez la constante"}}
	ValueUnknown = &Message{Code: "LAV-3012", Class: Language,
		EN: Text{"this value is not known before the data is read", "name something that is known before the data is read"},
		FR: Text{"cette valeur n'est pas connue avant la lecture des données", "nommez quelque chose de connu avant la lecture des données"}}
	BadJSON = &Message{Code: "LAV-3013", Class: Row,
		EN: Text{"not a JSON document", "correct the cell, or guard it with try()"},
		FR: Text{"pas un document JSON", "corrigez la cellule, ou protégez-la par try()"}}
	BadConstant = &Message{Code: "LAV-3014", Class: Language,
		EN: Text{"{type} has no place in an expression over columns", "give a text, a number, a yes or no, or a list or map of them"},
		FR: Text{"{type} n'a pas sa place dans une expression sur les colonnes", "donnez un texte, un nombre, un oui ou non, ou une liste ou une table de ceux-ci"}}
	ExpressionTooLarge = &Message{Code: "LAV-3015", Class: Language,
		EN: Text{"the expression has more than {limit} operations", "cut it into several columns, or use a map: local.names[row.code]"},
		FR: Text{"l'expression compte plus de {limit} opérations", "découpez-la en plusieurs colonnes, ou utilisez une table : local.noms[row.code]"}}
)
