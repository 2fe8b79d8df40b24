package messages

// asked: what a rule asks of the columns beside the one it shows.
// Codes LAV-4569 to LAV-4570.
var asked = []*Message{OpenBeside}

var OpenBeside = &Message{Code: "LAV-4569", Class: Refused,
	EN: Text{"clear_when of column {column} asks of column {asked} what it may not be: a value nobody has seen yet, or none, would be shown where one that the condition knows is masked", "write what {asked} may be, not what it may not: contains([\"CULTURE\", \"SPORT\"], row.{asked})"},
	FR: Text{"clear_when de la colonne {column} demande à la colonne {asked} ce qu'elle ne doit pas être : une valeur que personne n'a encore vue, ou l'absence de valeur, serait montrée là où une valeur que la condition connaît est masquée", "écrivez ce que {asked} peut être, et non ce qu'elle ne doit pas être : contains([\"CULTURE\", \"SPORT\"], row.{asked})"}}
