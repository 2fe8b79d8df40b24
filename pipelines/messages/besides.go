package messages

// besides: lists that several keep. Codes LAV-4478 to LAV-4489.
var besides = []*Message{
	OppositionBusy,
}

var (
	OppositionBusy = &Message{Code: "LAV-4478", Class: Environment,
		EN: Text{"another lavoir subject oppose keeps the list of oppositions {file}, and has for a minute", "nothing changed; find out whether that command still runs, then start this one again"},
		FR: Text{"un autre lavoir subject oppose tient la liste d'oppositions {file}, depuis une minute", "rien n'a changé ; cherchez si cette commande tourne encore, puis relancez celle-ci"}}
)
