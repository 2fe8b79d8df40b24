package messages

// newcomers: what is written in good faith and does nothing. Codes LAV-4560 to LAV-4564.
var newcomers = []*Message{PolicyUnused}

var (
	PolicyUnused = &Message{Code: "LAV-4560", Class: Warning,
		EN: Text{"no pipeline uses privacy.{name}: it protects nothing, and its columns were not checked", "write privacy { use = privacy.{name} } in the pipeline that it is for, or remove it"},
		FR: Text{"aucun pipeline n'utilise privacy.{name} : elle ne protège rien, et ses colonnes n'ont pas été vérifiées", "écrivez privacy { use = privacy.{name} } dans le pipeline auquel elle est destinée, ou retirez-la"}}
)
