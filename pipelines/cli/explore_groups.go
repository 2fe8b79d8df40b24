package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// withoutModel says whether a policy is one that has none: its rows are cells or means, or
// nothing in it asks for one.
func withoutModel(policy *hclwrite.Body) bool {
	asks := policy.GetAttribute("subject") != nil
	for _, b := range policy.Blocks() {
		switch b.Type() {
		case "microaggregate", "clear":
			return true
		case "quasi", "sensitive":
			asks = true
		case "identifier":
			if action := b.Body().GetAttribute("action"); action != nil {
				word := strings.Trim(string(action.Expr().BuildTokens(nil).Bytes()), " \"")
				asks = asks || slices.Contains([]string{"partial", "pseudonym", "surrogate"}, word)
			}
		}
	}
	return !asks
}

// unasked says whether the command line says nothing of the model.
func (m *exploredModel) unasked() bool {
	return !m.given.Changed("k") && !m.given.Changed("suppression") && !m.given.Changed("metric")
}

func (a *app) exploredLine(en, fr string, args ...any) {
	fmt.Fprintf(a.Out, a.t(en, fr)+"\n", args...)
}

// exploredPersons says what an optimum is worth where all rows of a person count.
func (a *app) exploredPersons(x *pipelines.Exploration) {
	if x.Search != "persons" {
		return
	}
	a.exploredLine("  What leaves tells which rows are of one person: these are the levels of a run, which looks at all rows of each.",
		"  Ce qui sort dit quelles lignes sont d'une même personne : ces niveaux sont ceux d'une exécution, qui regarde toutes les lignes de chacune.")
	if !x.Optimal {
		a.exploredLine("  They are the best that it comes by; others may lose less.", "  Ce sont les meilleurs qu'elle rencontre ; d'autres pourraient faire perdre moins.")
	}
}

// exploredGroups prints what Mondrian makes.
func (a *app) exploredGroups(x *pipelines.Exploration) error {
	a.exploredLine("\nGroups (search = \"mondrian\"):", "\nGroupes (search = \"mondrian\") :")
	a.exploredLine("  loss %s, suppressed %d, classes %d", "  perte %s, supprimées %d, groupes %d", a.score(x.Optimum.Score), x.Optimum.Suppressed, x.Optimum.Classes)
	a.exploredLine("  Each group has ranges of its own: there are no levels to choose, and no others to compare with.",
		"  Chaque groupe a ses propres plages : il n'y a pas de niveaux à choisir, ni d'autres à comparer.")
	a.exposed(fmt.Sprintf(a.t("smallest %d, rows alone %d", "le plus petit %d, lignes seules %d"), x.After.Smallest, x.After.Uniques), x.After)
	a.exploredSizes(x.Partition.Sizes)
	a.exploredGate(x)
	a.exploredLine("\nWhat each column costs:", "\nCe que coûte chaque colonne :")
	w := tabwriter.NewWriter(a.Out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(w, a.t("  column\tits loss\tloss of the others without it\tclasses", "  colonne\tsa perte\tperte des autres sans elle\tgroupes"))
	for j, c := range x.Costs {
		without := "–\t–"
		if c.Without != nil {
			without = a.score(c.Without.Score) + "\t" + strconv.FormatInt(c.Without.Classes, 10)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", messages.Visible(c.Column), a.score(x.Partition.Loss[j].Share), without)
	}
	return w.Flush()
}

// exploredMeans prints what means of groups of rows lose.
func (a *app) exploredMeans(x *pipelines.Exploration) error {
	a.exploredLine("%d rows; the policy has no model, and no quasi-identifiers of which risks could be told", "%d lignes ; la politique n'a pas de modèle, ni de quasi-identifiants dont on pourrait dire les risques", x.Rows)
	if x.Rejected > 0 {
		a.exploredLine("rows that cannot be read, and are in none of these figures: %d", "lignes qui ne se lisent pas, et ne sont dans aucun de ces chiffres : %d", x.Rejected)
	}
	for _, m := range x.Means {
		en, fr := "\nmicroaggregate %s, k = %d:", "\nmicroaggregate %s, k = %d :"
		if m.Persons {
			en, fr = "\nmicroaggregate %s, k = %d different persons:", "\nmicroaggregate %s, k = %d personnes différentes :"
		}
		a.exploredLine(en, fr, messages.Visible(m.Name), m.K)
		a.exploredLine("  groups %d, rows emptied %d, variance lost %s", "  groupes %d, lignes vidées %d, variance perdue %s", m.Groups, m.Emptied, a.risk(m.Loss))
		for _, c := range m.Columns {
			a.exploredLine("  %s: variance lost %s", "  %s : variance perdue %s", messages.Visible(c.Column), a.risk(c.Share))
		}
		a.exploredSizes(m.Sizes)
	}
	return nil
}

func (a *app) exploredSizes(sizes []pipelines.ClassSizes) {
	var all []string
	for _, s := range sizes {
		rows := strconv.FormatInt(s.From, 10)
		if s.To != s.From {
			rows += "–" + strconv.FormatInt(s.To, 10)
		}
		all = append(all, fmt.Sprintf("%s × %d", rows, s.Classes))
	}
	a.exploredLine("  sizes (rows × groups): %s", "  tailles (lignes × groupes) : %s", strings.Join(all, ", "))
}
