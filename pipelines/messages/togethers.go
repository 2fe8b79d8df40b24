package messages

// togethers: sensitive columns that are judged together. Codes LAV-4505 to LAV-4506.
var togethers = []*Message{TogetherAlone, TooManyCombinations}

var (
	TogetherAlone = &Message{Code: "LAV-4505", Class: Language,
		EN: Text{"sensitive_judged = \"together\" takes two sensitive columns or more, and the policy has {columns}", "leave the argument out, or declare as sensitive what else nobody may learn of a person"},
		FR: Text{"sensitive_judged = \"together\" demande au moins deux colonnes sensibles, et la politique en a {columns}", "retirez l'argument, ou déclarez comme sensitive les autres informations que personne ne doit apprendre d'une personne"}}
	TooManyCombinations = &Message{Code: "LAV-4506", Class: Refused,
		EN: Text{"the {columns} sensitive columns that are judged together have more combinations of values than fit in the memory of the stage ({bound} bytes)", "give the task more memory, leave the column with most values out of the policy, or judge each column alone (sensitive_judged = \"alone\")"},
		FR: Text{"les {columns} colonnes sensibles jugées ensemble ont plus de combinaisons de valeurs que n'en contient la mémoire de l'étape ({bound} octets)", "donnez plus de mémoire à la tâche, retirez de la politique la colonne qui a le plus de valeurs, ou jugez chaque colonne seule (sensitive_judged = \"alone\")"}}
)
