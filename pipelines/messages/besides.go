package messages

// besides: releases of sums and means beside each other, lists that several keep, and what
// a file shows of persons and of a population. Codes LAV-4478 to LAV-4489.
var besides = []*Message{
	OppositionBusy, CellsDiffer, MeansDiffer, AuditPersons, AuditMargin, AuditGaps, UnprovedPopulation,
}

var (
	OppositionBusy = &Message{Code: "LAV-4478", Class: Environment,
		EN: Text{"another lavoir subject oppose keeps the list of oppositions {file}, and has for a minute", "nothing changed; find out whether that command still runs, then start this one again"},
		FR: Text{"un autre lavoir subject oppose tient la liste d'oppositions {file}, depuis une minute", "rien n'a changé ; cherchez si cette commande tourne encore, puis relancez celle-ci"}}

	// Why a difference is small.
	CellsDiffer = &Message{Code: "LAV-4479", Class: Warning,
		EN: Text{"{gone} rows went or changed and {come} came: sums or means can be subtracted, and of how many persons the difference is nobody knows", "publish each partition once; to correct one, remove the older release: supersede = \"erase\" in the gate of the policy; compare_with = \"none\" compares with nothing"},
		FR: Text{"des lignes ont disparu ou changé ({gone}) et d'autres sont venues ({come}) : des sommes ou des moyennes se soustraient, et personne ne sait combien de personnes concerne la différence", "publiez chaque partition une seule fois ; pour en corriger une, supprimez la version plus ancienne : supersede = \"erase\" dans le bloc gate de la politique ; compare_with = \"none\" ne compare à rien"}}
	MeansDiffer = &Message{Code: "LAV-4480", Class: Warning,
		EN: Text{"fewer than {k} rows came or went with one of the means of microaggregate {group}", "wait for more rows, or remove the older release: supersede = \"erase\" in the gate of the policy"},
		FR: Text{"moins de {k} lignes sont venues ou parties avec une même moyenne de microaggregate {group}", "attendez d'autres lignes, ou supprimez la version plus ancienne : supersede = \"erase\" dans le bloc gate de la politique"}}

	// A file that is judged alone.
	AuditPersons = &Message{Code: "LAV-4481", Class: Refused,
		EN: Text{"{persons} persons have rows that, taken together, look like those of fewer than {k}", "drop these persons, let the column that ties their rows not leave, or make the quasi-identifiers coarser"},
		FR: Text{"des personnes ({persons}) ont des lignes qui, prises ensemble, ressemblent à celles de moins de {k}", "supprimez ces personnes, ne laissez pas sortir la colonne qui rapproche leurs lignes, ou regroupez davantage les quasi-identifiants"}}
	AuditMargin = &Message{Code: "LAV-4482", Class: Refused,
		EN: Text{"a row that is a total stands beside rows without values: who subtracts the others has the masked one", "leave the totals out of the file"},
		FR: Text{"une ligne qui est un total se trouve à côté de lignes sans valeurs : qui soustrait les autres a celle qui est masquée", "retirez les totaux du fichier"}}
	AuditGaps = &Message{Code: "LAV-4484", Class: Refused,
		EN: Text{"the numbers of the persons in column {column} have gaps, which tell how many were left out", "number those of whom a row is in the file, from 1 on"},
		FR: Text{"les numéros des personnes de la colonne {column} ont des trous, qui disent combien ont été écartées", "numérotez à partir de 1 celles dont une ligne est dans le fichier"}}
	UnprovedPopulation = &Message{Code: "LAV-4483", Class: Warning,
		EN: Text{"k_map: at which level column {column} is, the values of the population do not tell", "give the population the values that the rows may have"},
		FR: Text{"k_map : à quel niveau est la colonne {column}, les valeurs de la population ne le disent pas", "donnez à la population les valeurs que les lignes peuvent avoir"}}
)
