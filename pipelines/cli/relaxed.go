package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
)

// relaxedNames are what a rule says, and what its figure counts.
var relaxedNames = map[string][2]string{
	"max_prosecutor_risk": {"risque le plus élevé d'une ligne ou d'une personne", "highest risk of a row or a person"},
	"max_average_risk":    {"risque moyen d'une ligne", "average risk of a row"},
	"max_uniques":         {"lignes ou personnes seules de leur groupe", "rows or persons alone in their group"},
	"small_difference":    {"groupes de lignes où trop peu diffère d'une version encore publique", "groups of rows in which too little differs from a release that is still public"},
	"crossing_levels":     {"groupes de lignes où deux versions publiques, ensemble, en disent plus que chacune", "groups of rows of which two public releases together tell more than either"},
}

// findingNames are the kinds of what may be left in a text.
var findingNames = map[string][2]string{
	"iban": {"numéros de compte (IBAN)", "account numbers (IBAN)"}, "email": {"courriels", "e-mail addresses"}, "phone": {"téléphones", "telephone numbers"},
	"plate": {"immatriculations", "number plates"}, "birth": {"dates de naissance", "dates of birth"}, "name": {"noms, après une civilité", "names, after a civility"},
}

// relaxedName is a rule that was relaxed, in words.
func relaxedName(rule, column string, w words) string {
	said := rule
	if names, ok := relaxedNames[rule]; ok {
		said = names[w]
	} else if names, ok := findingNames[strings.TrimPrefix(rule, "text_")]; ok {
		said = w.t("possibles %s dans des textes", "possible %s in texts", names[w])
	}
	if column != "" {
		said += w.t(", colonne « %s »", ", column “%s”", column)
	}
	return said
}

// relaxed tells which rules the release does not keep by itself, and who answers for that.
func relaxed(d *document, m pipelines.Manifest, w words) {
	if len(m.Relaxed) == 0 {
		return
	}
	d.heading(2, w.t("Ce qui a été assoupli", "What was relaxed"))
	d.say(w.t("La règle de publication ne tient pas d'elle-même sur ces points. Un approbateur du projet l'a accepté, par un acte signé, jusqu'au chiffre et au jour dits ; aucune colonne qui nomme des personnes n'en sort davantage.",
		"The rule of publication does not hold by itself in these points. An approver of the project accepted that, by a signed act, up to the figure and the day given; no column that names persons is let out by it."))
	var rows [][]string
	for _, r := range m.Relaxed {
		rows = append(rows, []string{relaxedName(r.Rule, r.Column, w), w.number(r.Ceiling), r.Key, r.Until})
	}
	d.table(w.t("Règles assouplies", "Relaxed rules"), []string{w.t("Règle", "Rule"), w.t("Accepté jusqu'à", "Accepted up to"),
		w.t("Clé de l'approbateur", "Approver's key"), w.t("Jusqu'au", "Until")}, rows)
}

// acceptances tells which acceptances the release rests on, by whom, and what was found.
func (e evidence) acceptances(d *document) {
	if len(e.Acceptances) == 0 {
		return
	}
	var rows [][]string
	for _, a := range e.Acceptances {
		name, found, most := relaxedName(a.Rule, a.Column, frenchWords), frenchWords.decimalFigure(a.Figure), frenchWords.number(a.Ceiling)
		if a.Rule == pipelines.RuleReview {
			name, found, most = "relecture d'un échantillon de textes, colonne « "+a.Column+" »", "–", "–"
		}
		rows = append(rows, []string{name, found, most, a.Tenants, a.Key, a.Accepted, a.Until, a.Reason, a.File})
	}
	d.heading(2, "Ce qu'un approbateur a accepté")
	d.say("La version repose sur ces acceptations signées. Une règle assouplie ne tient pas d'elle-même ; aucune acceptation ne laisse sortir une colonne marquée personnelle.")
	d.table("Acceptations", []string{"règle", "trouvé", "accepté jusqu'à", "collectivités", "clé", "le", "jusqu'au", "motif", "fichier"}, rows)
}

func (w words) decimalFigure(x float64) string {
	s := pipelines.Figure(x)
	if w == frenchWords {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// shownColumns is how many columns of a rule are named.
const shownColumns = 3

// ruleNames names rules for people, each once with its first columns.
func ruleNames(rules []*pipelines.Rule) string {
	var names []string
	columns := map[string][]string{}
	for _, r := range rules {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
		if !slices.Contains(columns[r.Name], r.Column) {
			columns[r.Name] = append(columns[r.Name], r.Column)
		}
	}
	for i, n := range names {
		var of []string
		for _, c := range columns[n] {
			if c != "" {
				of = append(of, c)
			}
		}
		if more := len(of) - shownColumns; more > 0 {
			of = append(of[:shownColumns], "… +"+strconv.Itoa(more))
		}
		switch {
		case len(of) == 0:
		case len(of) < len(columns[n]) && slices.Contains(columns[n], ""):
			names[i] = n + ", " + pipelines.RuleName(n, strings.Join(of, ", "))
		default:
			names[i] = pipelines.RuleName(n, strings.Join(of, ", "))
		}
	}
	return strings.Join(names, ", ")
}
