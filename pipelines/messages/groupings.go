package messages

// groupings: groups of rows that have ranges or means of their own. Codes LAV-4511 to LAV-4515.
var groupings = []*Message{TooManyGroups}

// TooManyGroups depends on the groups and the memory alone.
var TooManyGroups = &Message{Code: "LAV-4511", Class: Refused,
	EN: Text{"search = \"mondrian\" makes more groups of rows than the memory of the stage has room for ({bound} bytes)", "give the task more memory (project.memory, or fewer tasks at once), raise k, or publish the rows in several partitions"},
	FR: Text{"search = \"mondrian\" fait plus de groupes de lignes que n'en contient la mémoire de l'étape ({bound} octets)", "donnez plus de mémoire à la tâche (project.memory, ou moins de tâches à la fois), relevez k, ou publiez les lignes en plusieurs partitions"}}
