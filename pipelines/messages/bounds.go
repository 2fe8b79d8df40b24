package messages

// bounds: what the methods of privacy policies hold, and what they read again.
// Codes LAV-4580 to LAV-4589.
var bounds = []*Message{PopulationChanged, MicroRows, MicroGroups}

var (
	PopulationChanged = &Message{Code: "LAV-4580", Class: Refused,
		EN: Text{"the file of the population changed while the task ran: the file to publish would be judged by other persons than those who were counted", "nothing was published; put the new file in place while no run reads it, then run again"},
		FR: Text{"le fichier de la population a changé pendant l'exécution de la tâche : le fichier à publier serait jugé d'après d'autres personnes que celles qui ont été comptées", "rien n'a été publié ; mettez le nouveau fichier en place pendant qu'aucune exécution ne le lit, puis relancez"}}
	MicroRows = &Message{Code: "LAV-4581", Class: Refused,
		EN: Text{"microaggregate {group}: {rows} rows were read, and memory holds no more of those that differ ({bound} bytes)", "give the task more memory, or publish smaller partitions; means of one column may be made with method = \"optimal\", which puts the rows on disk"},
		FR: Text{"microaggregate {group} : {rows} lignes ont été lues, et la mémoire ne contient pas davantage de celles qui diffèrent ({bound} octets)", "donnez plus de mémoire à la tâche, ou publiez des partitions plus petites ; les moyennes d'une seule colonne peuvent se faire avec method = \"optimal\", qui met les lignes sur le disque"}}
	MicroGroups = &Message{Code: "LAV-4582", Class: Refused,
		EN: Text{"microaggregate {group}: memory holds no more than {means} means ({bound} bytes)", "give the task more memory, raise k, of which there are fewer groups, or publish smaller partitions"},
		FR: Text{"microaggregate {group} : la mémoire ne contient pas plus de {means} moyennes ({bound} octets)", "donnez plus de mémoire à la tâche, relevez k, ce qui fait moins de groupes, ou publiez des partitions plus petites"}}
)
