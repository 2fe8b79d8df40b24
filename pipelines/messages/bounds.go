package messages

// bounds: what the methods of privacy policies hold, and what they read again.
// Codes LAV-4580 to LAV-4589.
var bounds = []*Message{PopulationChanged}

var (
	PopulationChanged = &Message{Code: "LAV-4580", Class: Refused,
		EN: Text{"the file of the population changed while the task ran: the file to publish would be judged by other persons than those who were counted", "nothing was published; put the new file in place while no run reads it, then run again"},
		FR: Text{"le fichier de la population a changé pendant l'exécution de la tâche : le fichier à publier serait jugé d'après d'autres personnes que celles qui ont été comptées", "rien n'a été publié ; mettez le nouveau fichier en place pendant qu'aucune exécution ne le lit, puis relancez"}}
)
