package messages

// newcomers: what is written in good faith and does nothing. Codes LAV-4560 to LAV-4564.
var newcomers = []*Message{PolicyUnused, PathUnseen}

var (
	PolicyUnused = &Message{Code: "LAV-4560", Class: Warning,
		EN: Text{"no pipeline uses privacy.{name}: it protects nothing, and its columns were not checked", "write privacy { use = privacy.{name} } in the pipeline that it is for, or remove it"},
		FR: Text{"aucun pipeline n'utilise privacy.{name} : elle ne protège rien, et ses colonnes n'ont pas été vérifiées", "écrivez privacy { use = privacy.{name} } dans le pipeline auquel elle est destinée, ou retirez-la"}}
	PathUnseen = &Message{Code: "LAV-4561", Class: Language,
		EN: Text{"path has a character that cannot be seen ({character})", "write / in place of a backslash, on Windows too: in a pipeline file \\n is the end of a line and \\t a tabulator"},
		FR: Text{"path contient un caractère invisible ({character})", "écrivez / à la place de la barre oblique inverse, sous Windows aussi : dans un fichier de pipeline, \\n est une fin de ligne et \\t une tabulation"}}
)
