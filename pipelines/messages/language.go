package messages

// The pipeline language: parsing, references, decoding of blocks. Codes LAV-1000 to LAV-1999.
var language = []*Message{
	Syntax, BadType, UnknownArgument, MissingArgument, WrongArgument, UnknownBlock, MissingBlock, DuplicateBlock,
	UnknownComponent, BadValue, NotASecret, NotAConnection, NotASource, SecretInText, NotYet, WrongConnection,
}

var (
	Syntax = &Message{Code: "LAV-1000", Class: Language,
		EN: Text{"{what}", "correct the file at the place shown"},
		FR: Text{"{what}", "corrigez le fichier à l'endroit indiqué"}}
	BadType = &Message{Code: "LAV-1001", Class: Language,
		EN: Text{"{got} is not a type", "write text, bool, int32, int64, float64, decimal(12, 2), date, date(\"DD/MM/YYYY\"), timestamp(\"DD/MM/YYYY HH:mm\", \"Europe/Paris\"), binary or list(text)"},
		FR: Text{"{got} n'est pas un type", "écrivez text, bool, int32, int64, float64, decimal(12, 2), date, date(\"DD/MM/YYYY\"), timestamp(\"DD/MM/YYYY HH:mm\", \"Europe/Paris\"), binary ou list(text)"}}
	UnknownArgument = &Message{Code: "LAV-1002", Class: Language,
		EN: Text{"{block} has no argument {name}", "{hint}"},
		FR: Text{"{block} n'a pas d'argument {name}", "{hint}"}}
	MissingArgument = &Message{Code: "LAV-1003", Class: Language,
		EN: Text{"{block} needs the argument {name}", "add {name} = …; {doc}"},
		FR: Text{"il manque à {block} l'argument {name}", "ajoutez {name} = … ; {doc}"}}
	WrongArgument = &Message{Code: "LAV-1004", Class: Language,
		EN: Text{"{name} must be {wanted}: {why}", "correct the value"},
		FR: Text{"{name} doit être {wanted} : {why}", "corrigez la valeur"}}
	UnknownBlock = &Message{Code: "LAV-1005", Class: Language,
		EN: Text{"{block} has no block {name}", "{hint}"},
		FR: Text{"{block} n'a pas de bloc {name}", "{hint}"}}
	MissingBlock = &Message{Code: "LAV-1006", Class: Language,
		EN: Text{"{block} needs a block {name}", "add {name} { … }; {doc}"},
		FR: Text{"il manque à {block} un bloc {name}", "ajoutez {name} { … } ; {doc}"}}
	DuplicateBlock = &Message{Code: "LAV-1007", Class: Language,
		EN: Text{"{name} is already there, at {where}", "keep one of the two"},
		FR: Text{"{name} existe déjà, en {where}", "gardez l'un des deux"}}
	UnknownComponent = &Message{Code: "LAV-1008", Class: Language,
		EN: Text{"there is no {kind} {name}", "{hint}"},
		FR: Text{"il n'y a pas de {kind} {name}", "{hint}"}}
	BadValue = &Message{Code: "LAV-1009", Class: Language,
		EN: Text{"{name}: {why}", "{fix}"},
		FR: Text{"{name} : {why}", "{fix}"}}
	NotASecret = &Message{Code: "LAV-1010", Class: Language,
		EN: Text{"{name} must be a secret", "declare a block secret \"…\" and write {name} = secret.…; a password never stands in a pipeline file"},
		FR: Text{"{name} doit être un secret", "déclarez un bloc secret \"…\" et écrivez {name} = secret.… ; un mot de passe ne s'écrit jamais dans un fichier de pipeline"}}
	NotAConnection = &Message{Code: "LAV-1011", Class: Language,
		EN: Text{"{name} must be a connection", "write {name} = connection.<type>.<name>"},
		FR: Text{"{name} doit être une connexion", "écrivez {name} = connection.<type>.<nom>"}}
	NotASource = &Message{Code: "LAV-1012", Class: Language,
		EN: Text{"{name} must be a source of this pipeline", "write {name} = source.<type>.<name>"},
		FR: Text{"{name} doit être une source de ce pipeline", "écrivez {name} = source.<type>.<nom>"}}
	SecretInText = &Message{Code: "LAV-1013", Class: Language,
		EN: Text{"a secret cannot be part of a text, a key or a title", "give the secret itself to an argument that takes one"},
		FR: Text{"un secret ne peut pas entrer dans un texte, une clé ou un titre", "donnez le secret lui-même à un argument qui en prend un"}}
	NotYet = &Message{Code: "LAV-1014", Class: Language,
		EN: Text{"{name} is not available yet", "remove the block; a later version will have it"},
		FR: Text{"{name} n'est pas encore disponible", "retirez le bloc ; une version à venir l'aura"}}
	WrongConnection = &Message{Code: "LAV-1015", Class: Language,
		EN: Text{"{connection} is of a type this block cannot use", "give a connection of another type"},
		FR: Text{"{connection} est d'un type que ce bloc ne peut pas utiliser", "donnez une connexion d'un autre type"}}
)
