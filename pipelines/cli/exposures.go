package cli

import (
	"fmt"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines"
)

// asked is what of a model the classes must keep, as the policy has it.
func asked(m pipelines.ExploredModel) (all []string) {
	if m.K > 0 {
		all = append(all, fmt.Sprintf("k = %d", m.K))
	}
	if m.KMap > 0 {
		all = append(all, fmt.Sprintf("k_map = %d", m.KMap))
	}
	if m.MaxAverageRisk > 0 {
		all = append(all, "max_average_risk = "+argument(m.MaxAverageRisk))
	}
	if m.Together {
		all = append(all, `sensitive_judged = "together"`)
	}
	return all
}

// exposed prints the risks of a line of text or two.
func (a *app) exposed(classes string, e pipelines.Exposure) {
	atMost := func(risk float64, yes bool) string {
		if yes {
			return a.t("at most ", "au plus ") + a.risk(risk)
		}
		return a.risk(risk)
	}
	fmt.Fprintf(a.Out, "  %s, ", classes)
	if e.Counts == pipelines.CountsPersons {
		fmt.Fprintf(a.Out, a.t("persons alone %d, ", "personnes seules %d, "), e.Alone)
	}
	fmt.Fprintf(a.Out, a.t("highest (prosecutor) risk %s, average (marketer) risk %s", "risque le plus haut (procureur) %s, risque moyen (démarcheur) %s"),
		atMost(e.HighestRisk, e.HighestAtMost), atMost(e.AverageRisk, e.AverageAtMost))
	if e.JournalistHighest > 0 {
		fmt.Fprintf(a.Out, a.t(", journalist risk highest %s and average %s", ", risque du journaliste le plus haut %s et moyen %s"), a.risk(e.JournalistHighest), atMost(e.JournalistAverage, e.AverageAtMost))
	}
	fmt.Fprintln(a.Out)
	switch {
	case e.Counts != pipelines.CountsPersons:
	case e.HighestAtMost:
		fmt.Fprintf(a.Out, a.t("  the risks are those of persons; fewest persons of a class: %d or more\n", "  ces risques sont ceux de personnes ; personnes du groupe qui en a le moins : %d ou plus\n"), e.Persons)
	default:
		fmt.Fprintf(a.Out, a.t("  the risks are those of persons; fewest persons of a class: %d\n", "  ces risques sont ceux de personnes ; personnes du groupe qui en a le moins : %d\n"), e.Persons)
	}
}

// exposures are the risks before and after, for the report.
func exposures(d *document, r *pipelines.ProvedModel) {
	before, after := r.Risks.Before, r.Risks.After
	row := func(what string, of func(pipelines.Exposure) string) []string {
		return []string{what, of(before), of(after)}
	}
	number := func(n func(pipelines.Exposure) int64) func(pipelines.Exposure) string {
		return func(e pipelines.Exposure) string { return strconv.FormatInt(n(e), 10) }
	}
	rows := [][]string{
		row("lignes", number(func(e pipelines.Exposure) int64 { return e.Rows })),
		row("groupes", number(func(e pipelines.Exposure) int64 { return e.Classes })),
		row("lignes du plus petit groupe", number(func(e pipelines.Exposure) int64 { return e.Smallest })),
		row("lignes seules dans leur groupe", number(func(e pipelines.Exposure) int64 { return e.Uniques })),
	}
	of := "lignes"
	if after.Counts == pipelines.CountsPersons {
		of = "personnes"
		rows = append(rows,
			row("personnes du groupe qui en a le moins", fewest),
			row("personnes seules dans un groupe", number(func(e pipelines.Exposure) int64 { return e.Alone })))
	}
	rows = append(rows, row("risque le plus haut (procureur)", highest), row("risque moyen (procureur, et démarcheur)", average))
	mapped := after.JournalistHighest > 0
	if mapped {
		rows = append(rows,
			row("risque le plus haut (journaliste)", func(e pipelines.Exposure) string { return percent(e.JournalistHighest) }),
			row("risque moyen (journaliste)", func(e pipelines.Exposure) string {
				if e.AverageAtMost {
					return percent(e.JournalistAverage) + " au plus"
				}
				return percent(e.JournalistAverage)
			}))
	}
	d.table("Avant : aux niveaux minimaux de la politique. Après : ce qui est publié. Risques de "+of+".", []string{"", "avant", "après"}, rows)
	if of == "personnes" {
		d.say("Ces risques sont ceux de personnes, d'après la colonne " + r.Subject + " : qui a plusieurs lignes dans un groupe y compte une fois, qui en a dans plusieurs groupes compte dans chacun.")
	} else {
		d.say("Ces risques sont ceux de lignes : la politique ne dit pas de quelle personne est une ligne. Là où une personne en a plusieurs, le sien est plus haut.")
	}
	if before.AverageAtMost || after.AverageAtMost {
		d.say("Là où deux bornes sont données, le risque est entre elles : dans un groupe, la première lecture ne distingue pas plus de personnes que la politique n'en demande. La borne la plus basse est le risque de lignes.")
	}
	if mapped {
		d.say("Le procureur sait que la personne est dans les données ; le journaliste sait qu'elle est dans la population que la politique donne. Ces risques sont ceux d'une ligne seule : celui de toutes les lignes d'une personne, là où elles se rapprochent, n'est pas calculé.")
	} else {
		d.say("La politique ne donne pas de population : le risque du journaliste n'est pas calculé.")
	}
}

// fewest, highest and average are figures that may be bounds. None is below that of rows.
func fewest(e pipelines.Exposure) string {
	n := strconv.FormatInt(e.Fewest(), 10)
	if e.HighestAtMost {
		return n + " ou plus"
	}
	return n
}

func highest(e pipelines.Exposure) string {
	if !e.HighestAtMost || e.Smallest == 0 {
		return percent(e.HighestRisk)
	}
	return between(1/float64(e.Smallest), e.HighestRisk)
}

func average(e pipelines.Exposure) string {
	if !e.AverageAtMost || e.Rows == 0 {
		return percent(e.AverageRisk)
	}
	return between(float64(e.Classes)/float64(e.Rows), e.AverageRisk)
}

func between(least, most float64) string {
	if percent(least) == percent(most) {
		return percent(most)
	}
	return "de " + percent(least) + " à " + percent(most)
}
