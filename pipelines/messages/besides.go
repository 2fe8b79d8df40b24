package messages

// besides: releases of sums and means beside each other, and lists that several keep.
// Codes LAV-4478 to LAV-4489.
var besides = []*Message{
	OppositionBusy, CellsDiffer, MeansDiffer,
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
)
