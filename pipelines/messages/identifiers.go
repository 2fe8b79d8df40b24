package messages

// identifiers: masks of identifiers, and what a model does not judge. Codes LAV-4520 to LAV-4529.
var identifiers = []*Message{
	WrongMask, MaskUncounted, MaskType, SensitiveApart, OnlyDropped,
}

var (
	WrongMask = &Message{Code: "LAV-4520", Class: Language,
		EN: Text{"identifier {column}: {why}", "partial takes show_first, show_last or both, and no condition; redact takes clear_when and nothing else"},
		FR: Text{"identifier {column} : {why}", "partial prend show_first, show_last ou les deux, et pas de condition ; redact prend clear_when et rien d'autre"}}
	MaskUncounted = &Message{Code: "LAV-4521", Class: Language,
		EN: Text{"identifier {column}: some characters of a name may still name a person, and nothing counts here how many share them", "add a model { k = 5 }, which then counts what is shown as a quasi-identifier; say which law lets it out (legal_basis); or take redact, which shows nothing"},
		FR: Text{"identifier {column} : quelques caractères d'un nom peuvent encore désigner une personne, et rien ne compte ici combien les partagent", "ajoutez un model { k = 5 }, qui compte alors ce qui est montré comme un quasi-identifiant ; dites quelle loi le laisse sortir (legal_basis) ; ou prenez redact, qui ne montre rien"}}
	MaskType = &Message{Code: "LAV-4522", Class: Language,
		EN: Text{"column {column} is {got}, and {action} takes text", "convert it first with transform \"cast\", or take action = \"null\" or \"constant\""},
		FR: Text{"la colonne {column} est de type {got}, et {action} demande du texte", "convertissez-la d'abord avec transform \"cast\", ou prenez action = \"null\" ou \"constant\""}}
	SensitiveApart = &Message{Code: "LAV-4523", Class: Warning,
		EN: Text{"the model judges the sensitive columns {columns} each alone: who knows one of them of a person may learn another", "write sensitive_judged = \"together\" in model, which judges each with the others known, and costs detail; declare as quasi what others may know of a person, or leave a column out; where nobody knows any of them, nothing is to be done"},
		FR: Text{"le modèle juge les colonnes sensibles {columns} chacune seule : qui connaît l'une d'elles d'une personne peut en apprendre une autre", "écrivez sensitive_judged = \"together\" dans model, qui juge chacune en tenant les autres pour connues, et coûte du détail ; déclarez comme quasi ce que d'autres peuvent savoir d'une personne, ou retirez une colonne ; là où personne n'en connaît aucune, il n'y a rien à faire"}}
	OnlyDropped = &Message{Code: "LAV-4524", Class: Language,
		EN: Text{"suppressed_rows = \"{got}\": rows that the model suppresses are dropped, there is no other way; if they stayed, what else they hold would tell them apart", "write drop or leave the argument out; to keep more rows, give the quasi-identifiers higher levels"},
		FR: Text{"suppressed_rows = \"{got}\" : les lignes que le modèle écarte sont supprimées, il n'y a pas d'autre façon ; si elles restaient, ce qu'elles contiennent d'autre les distinguerait", "écrivez drop ou retirez l'argument ; pour garder plus de lignes, donnez aux quasi-identifiants des niveaux plus élevés"}}
)
