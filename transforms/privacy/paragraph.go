package privacy

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Paragraph describes to the public, in French, what the policy does.
func (t policy) Paragraph(d pipelines.Decision) []string {
	var sentences []string
	for _, id := range t.Identifiers {
		instead := "vidées"
		if id.instead() != "" {
			instead = "remplacées par « " + id.instead() + " »" + id.none()
		}
		switch {
		case id.Action == "drop":
			sentences = append(sentences, "La colonne « "+id.Column+" » a été supprimée.")
		case t.counted(id): // told with the quasi-identifiers
		case id.legal():
			sentences = append(sentences, id.lawfully())
		case id.Action == "surrogate":
			sentences = append(sentences, "Les valeurs de la colonne « "+id.Column+" » ont été remplacées par des numéros propres à cette publication, dont l'ordre ne dit rien.")
		case id.Action == "pseudonym":
			sentences = append(sentences, "Les valeurs de la colonne « "+id.Column+" » ont été remplacées par des codes propres à cette publication : on ne peut ni les lire ni les rapprocher d'une autre.")
		case !id.ClearWhen.IsSet():
			sentences = append(sentences, "Toutes les valeurs de la colonne « "+id.Column+" » ont été masquées ("+instead+").")
		default:
			sentences = append(sentences, "Les valeurs de la colonne « "+id.Column+" » ont été masquées ("+instead+
				"), sauf dans les lignes dont la règle de publication établit qu'elles peuvent être lues.")
		}
	}
	sentences = append(sentences, t.describeTexts()...)
	for _, r := range t.Clears {
		sentences = append(sentences, r.describe())
	}
	for _, m := range t.Micro {
		of := "d'au moins %d lignes proches les unes des autres"
		if t.Subject != "" {
			of = "de lignes proches les unes des autres, d'au moins %d personnes différentes"
		}
		sentences = append(sentences, fmt.Sprintf("Les valeurs des colonnes %s ont été remplacées par des moyennes : celles de groupes "+of+".",
			strings.Join(m.Columns, ", "), m.K))
	}
	sentences = append(sentences, t.describeRecords(d)...)
	if t.Opposition != nil {
		sentences = append(sentences, "Les lignes des personnes qui s'y sont opposées ont été supprimées.")
	}
	sentences = append(sentences, t.called(d)...)
	return append(sentences, "Toute colonne que la règle de publication ne nomme pas a été supprimée.")
}

// allHidden is the name of the level at which every value is the same.
const allHidden = "valeurs masquées"

// describeTexts says to the public what became of free text. How many passages were
// taken away is not said, and would tell with an older release that one came
// (invariant 11).
func (t policy) describeTexts() (out []string) {
	for _, x := range t.Texts {
		if !x.redacts() {
			out = append(out, "La colonne « "+x.Column+" », de texte libre, a été supprimée.")
			continue
		}
		out = append(out, "Dans les textes de la colonne « "+x.Column+" », les passages qui peuvent désigner une personne ont été masqués : leur nature est écrite à leur place, entre crochets. Un échantillon a été relu par une personne.")
	}
	return out
}

// name is that of a level above the least, in French; "" for values as they are.
func (l levels) name(above int) string {
	if l.how == nil || l.min+above == 0 {
		return ""
	}
	if at := l.min + above; at <= l.most {
		return l.how.Levels()[at-1]
	}
	return allHidden
}

// meansLevel is what stands for values that leave as the means of groups of rows.
const meansLevel = "moyennes de groupes de lignes"

// groupedName is what stands for the values of a group of rows that has ranges of its own.
const groupedName = "dans chaque groupe de lignes, de la plus petite à la plus grande valeur ou à ce qu'elles ont en commun"

// describeRecords says to the public what the model did. How many rows were
// suppressed is not said: with an older release it would tell who was (invariant 11).
func (t policy) describeRecords(d pipelines.Decision) []string {
	if t.Model == nil {
		return nil
	}
	var out []string
	s, _ := d.(*seen)
	for j, q := range t.Quasi {
		switch {
		case (s == nil || s.verdict == nil) && t.partial(q):
			out = append(out, partly(q.Column, q.ShowFirst, q.ShowLast)+".")
		case s == nil || s.verdict == nil:
			out = append(out, "Les valeurs de la colonne « "+q.Column+" » sont regroupées autant que la protection des personnes le demande.")
		case s.names[j] == "":
		case s.names[j] == shownLevel:
			out = append(out, partly(q.Column, q.ShowFirst, q.ShowLast)+".")
		default:
			out = append(out, "Les valeurs de la colonne « "+q.Column+" » ont été regroupées : "+s.names[j]+".")
		}
	}
	who := "lignes"
	if t.Subject != "" {
		who = "personnes différentes"
	}
	alike := "caractéristiques (" + strings.Join(t.quasiNames(), ", ") + ")"
	if t.Model.K > 1 {
		dropped := " ; les lignes pour lesquelles ce n'était pas possible ont été supprimées"
		if t.local() {
			dropped = ""
		}
		out = append(out, fmt.Sprintf("Chaque ligne a les mêmes %s que celles d'au moins %d %s au total%s.",
			alike, t.Model.K, who, dropped))
	}
	if t.Model.KMap > 0 {
		out = append(out, fmt.Sprintf("Chaque ligne a les mêmes %s qu'au moins %d personnes de la population dont elle peut être ; les lignes pour lesquelles ce n'était pas possible ont été supprimées.",
			alike, t.Model.KMap))
	}
	if t.tied() && t.Model.K > 1 {
		out = append(out, fmt.Sprintf("Les lignes d'une même personne peuvent être rapprochées ; prises ensemble, elles ont les mêmes caractéristiques que celles d'au moins %d personnes au total.", t.Model.K))
	}
	if t.Model.NullMatch == "wildcard" {
		out = append(out, "Une caractéristique absente y est comptée comme égale à toutes les autres.")
	}
	for _, c := range t.Sensitive {
		alone := ""
		switch {
		case t.jointly():
			alone = ", même pour qui connaît celles des autres colonnes sensibles,"
		case len(t.Sensitive) > 1:
			alone = ", prise seule,"
		}
		out = append(out, "Dans chacun de ces groupes, les valeurs de la colonne « "+c.Column+" »"+alone+" sont assez variées pour ne rien apprendre sur une personne donnée.")
	}
	return out
}

func (t policy) quasiNames() []string {
	var names []string
	for _, q := range t.Quasi {
		names = append(names, q.Column)
	}
	return names
}

// Checks names what the gate recounted.
func (t policy) Checks(d pipelines.Decision) []string {
	if t.Model == nil {
		return t.checkedTables()
	}
	of := "lignes"
	if t.Subject != "" {
		of = "personnes"
	}
	if t.Model.NullMatch == "wildcard" {
		of += ", une valeur absente égale toutes les autres"
	}
	var checks []string
	if t.Model.K > 1 {
		checks = append(checks, fmt.Sprintf("k-anonymat : k = %d (%s)", t.Model.K, of))
	}
	if t.Model.KMap > 0 {
		checks = append(checks, fmt.Sprintf("k-map : k = %d (personnes de la population)", t.Model.KMap))
	}
	if t.tied() && t.Model.K > 1 {
		checks = append(checks, fmt.Sprintf("k-anonymat de l'ensemble des lignes de chaque personne : k = %d", t.Model.K))
	}
	if t.Model.MaxAverageRisk > 0 && !t.relaxed(ruleAverage) {
		checks = append(checks, fmt.Sprintf("risque moyen : %s au plus", decimal(t.Model.MaxAverageRisk)))
	}
	checks = append(checks, t.checkedThresholds()...)
	beside := ""
	if t.jointly() {
		beside = " (les autres colonnes sensibles étant connues)"
	}
	for _, s := range t.Sensitive {
		if v := s.Diversity; v != nil {
			checks = append(checks, fmt.Sprintf("l-diversité %s de %s%s : l = %s", diversities[v.Kind], s.Column, beside, decimal(v.L)))
		}
		if v := s.Closeness; v != nil {
			checks = append(checks, fmt.Sprintf("t-proximité de %s%s : t = %s", s.Column, beside, decimal(v.T)))
		}
	}
	return checks
}

var diversities = map[string]string{"": "simple", "distinct": "simple", "entropy": "entropique", "recursive": "récursive"}

// decimal writes a number of the policy with a decimal comma.
func decimal(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', -1, 64), ".", ",", 1)
}

// describe says to the public, in French, what the rule does.
func (c clearConfig) describe() string {
	t := c.threshold()
	said := fmt.Sprintf("Les valeurs de la colonne « %s » ne sont publiées que là où elles portent sur au moins %d personnes ou entreprises", c.Column, t.subjects)
	if t.share > 0 {
		said += fmt.Sprintf(", dont aucune ne représente à elle seule plus de %s %% du total", decimal(math.Round(1e11*t.share)/1e9))
	}
	return said + " ; elles sont masquées ailleurs, ainsi que les autres valeurs de la même ligne."
}
