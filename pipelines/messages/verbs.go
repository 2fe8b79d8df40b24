package messages

// verbs: what fmt takes.
// Codes LAV-4490 to LAV-4499.
var verbs = []*Message{NotLaidOut}

var (
	NotLaidOut = &Message{Code: "LAV-4490", Class: Language,
		EN: Text{"{file} is not laid out: its name does not end in .hcl", "give pipeline files in native syntax, or folders that hold them; nothing was changed in this file"},
		FR: Text{"{file} ne se met pas en forme : son nom ne finit pas par .hcl", "donnez des fichiers de pipeline en syntaxe native, ou des dossiers qui en contiennent ; rien n'a été changé dans ce fichier"}}
)
