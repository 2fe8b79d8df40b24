package messages

// explorations: what is explored before anything is published. Codes LAV-4516 to LAV-4519.
var explorations = []*Message{AcceptancesUnseen}

var (
	AcceptancesUnseen = &Message{Code: "LAV-4516", Class: Warning,
		EN: Text{"what approvers accepted in {folder} was not looked at: the project there has mistakes", "run lavoir validate there, and explore again"},
		FR: Text{"ce que des approbateurs ont accepté dans {folder} n'a pas été regardé : le projet qui s'y trouve a des erreurs", "lancez-y lavoir validate, puis explorez à nouveau"}}
)
