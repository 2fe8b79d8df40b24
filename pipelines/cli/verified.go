package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
)

var diversityNames = map[string][2]string{
	"distinct":  {"au moins %s valeurs différentes", "at least %s different values"},
	"entropy":   {"une entropie d'au moins celle de %s valeurs également fréquentes", "an entropy of at least that of %s equally frequent values"},
	"recursive": {"au moins %s valeurs, dont la plus fréquente ne domine pas", "at least %s values, of which the most frequent does not dominate"},
}

// held is what the gate verified, and nothing else.
func held(p *pipelines.Protection, w words) []string {
	var all []string
	add := func(verified []pipelines.Verified) {
		for _, v := range verified {
			if text := besides(v, w); text != "" {
				all = append(all, text)
			}
		}
	}
	model := slices.IndexFunc(p.Verified, func(v pipelines.Verified) bool { return v.What == pipelines.VerifiedTexts })
	if model < 0 {
		model = len(p.Verified)
	}
	add(p.Verified[:model])
	if p.Model != nil {
		all = append(all, heldModel(p.Model, w)...)
	}
	add(p.Verified[model:])
	return all
}

// besides says what the gate verified besides the model; "" for what is not known here.
func besides(v pipelines.Verified, w words) string {
	columns := w.t("« ", "“") + strings.Join(v.Columns, w.t(" », « ", "”, “")) + w.t(" »", "”")
	switch v.What {
	case pipelines.VerifiedColumns:
		return w.t("Colonnes : les fichiers n'ont que celles que la règle de publication laisse sortir.", "Columns: the files have only those that the rule of publication lets out.")
	case pipelines.VerifiedMasks:
		return w.t("%s : toutes les valeurs sont masquées.", "%s: every value is masked.", columns)
	case pipelines.VerifiedCut:
		return w.t("%s : aucune valeur ne montre plus de caractères que le masque n'en laisse.", "%s: no value shows more characters than the mask leaves.", columns)
	case pipelines.VerifiedRules:
		return w.t("%s : une valeur ne se lit que dans les lignes où la règle établit, d'après ce qui est publié, qu'elle peut être lue.",
			"%s: a value can be read only in rows of which the rule establishes, by what is published, that it may be read.", columns)
	case pipelines.VerifiedCounts:
		return w.t("%s : il se lit autant de valeurs que la règle en a laissé lire quand elle a été appliquée.",
			"%s: as many values can be read as the rule let be read when it was applied.", columns)
	case pipelines.VerifiedCodes:
		return w.t("%s : toutes les valeurs ont la forme d'un code.", "%s: every value has the form of a code.", columns)
	case pipelines.VerifiedTotals:
		return total(v, w)
	case pipelines.VerifiedMeans:
		if v.Persons {
			return meansOfPersons(v, w)
		}
		return w.t("Moyennes (%[1]s), k = %[2]d : chaque ligne porte l'une des moyennes calculées, et chaque moyenne est celle d'au moins %[2]d lignes.",
			"Means (%[1]s), k = %[2]d: each row has one of the means that were computed, and each mean is that of at least %[2]d rows.", strings.Join(v.Columns, ", "), v.Least)
	case pipelines.VerifiedTexts:
		return w.t("Textes : rien n'y a été reconnu, de ce qui désigne une personne (numéros, courriels, téléphones, noms après une civilité), que la règle n'attende.",
			"Texts: nothing that tells who a person is (numbers, e-mails, telephones, names after a title) was recognised in them that the rule does not expect.")
	case pipelines.VerifiedReleases:
		return w.t("Versions précédentes : les fichiers ont été comparés à celles qui étaient encore publiques au même endroit.",
			"Earlier releases: the files were compared with those that were still public in the same place.")
	}
	return ""
}

// meansOfPersons is what was verified of means whose rows are of enough persons.
func meansOfPersons(v pipelines.Verified, w words) string {
	text := w.t("Moyennes (%[1]s), k = %[2]d : chaque ligne porte l'une des moyennes calculées, et chaque moyenne est celle de lignes d'au moins %[2]d personnes différentes.",
		"Means (%[1]s), k = %[2]d: each row has one of the means that were computed, and each mean is that of rows of at least %[2]d different persons.", strings.Join(v.Columns, ", "), v.Least)
	if v.Told {
		return text
	}
	return text + w.t(" Les personnes ont été comptées à la lecture de la source ; dans les fichiers, ce sont les lignes qui ont été recomptées.",
		" Persons were counted as the source was read; in the files, rows were counted again.")
}

// total is what was verified of a column of totals.
func total(v pipelines.Verified, w words) string {
	rule := w.t("au moins %d personnes ou entreprises", "at least %d persons or businesses", v.Least)
	if v.MaxShare > 0 {
		rule += w.t(", dont aucune n'a plus de %s %% du total", ", none of which has more than %s%% of the total", w.number(math.Round(1e11*v.MaxShare)/1e9))
	}
	return w.t("Seuil de %s (%s) : il se lit autant de valeurs que la règle en a laissé lire quand elle a été appliquée, et aucune ligne de total n'est à côté de lignes masquées.",
		"Threshold of %s (%s): as many values can be read as the rule let be read when it was applied, and no row of a total stands beside masked rows.", strings.Join(v.Columns, ", "), rule)
}

// heldModel is what the gate recounted.
func heldModel(m *pipelines.ProtectedModel, w words) []string {
	var all []string
	add := func(fr, en string, args ...any) { all = append(all, w.t(fr, en, args...)) }
	quasi := strings.Join(m.Quasi, ", ")
	who := w.t("lignes", "rows")
	if m.Persons {
		who = w.t("personnes différentes", "different persons")
	}
	if m.K > 1 {
		add("k-anonymat, k = %[1]d : au moins %[1]d %[2]s ont les mêmes caractéristiques (%[3]s).",
			"k-anonymity, k = %[1]d: at least %[1]d %[2]s have the same characteristics (%[3]s).", m.K, who, quasi)
	}
	if m.Persons && !m.Tied && (m.K > 1 || len(m.Thresholds) > 0) {
		add("Les personnes ont été comptées à la lecture de la source ; dans les fichiers, ce sont les lignes qui ont été recomptées.",
			"Persons were counted as the source was read; in the files, rows were counted again.")
	}
	if m.K > 1 && m.Tied {
		add("k-anonymat de l'ensemble des lignes de chaque personne, k = %[1]d : au moins %[1]d personnes ont, ligne pour ligne, les mêmes caractéristiques.",
			"k-anonymity of all rows of each person, k = %[1]d: at least %[1]d persons have, row for row, the same characteristics.", m.K)
	}
	if m.Wildcard {
		add("Une caractéristique absente y est comptée comme égale à toutes les autres.", "An absent characteristic counts there as equal to every other.")
	}
	if m.KMap > 0 {
		add("k-map, k = %[1]d : chaque ligne a les mêmes caractéristiques (%[2]s) qu'au moins %[1]d personnes de la population dont elle peut être. Qui sait quelqu'un dans cette population, et non dans les données (le journaliste), le reconnaît au plus une fois sur %[1]d.",
			"k-map, k = %[1]d: each row has the same characteristics (%[2]s) as at least %[1]d persons of the population that it may be of. Whoever knows that somebody is in that population, and not that they are in the data (the journalist), recognises them at most one time in %[1]d.", m.KMap, quasi)
		if m.Tied {
			add("Cela vaut d'une ligne seule : les fichiers réunissent les lignes d'une personne, et combien de personnes de la population leur ressemblent à toutes n'est pas compté.",
				"That holds of a row alone: the files put the rows of a person together, and how many persons of the population are like all of them is not counted.")
		}
	}
	if m.MaxAverageRisk > 0 {
		add("Risque moyen des lignes (groupes divisés par lignes) : %s au plus.", "Average risk of the rows (groups divided by rows): at most %s.", w.number(m.MaxAverageRisk))
	}
	for _, t := range m.Thresholds {
		all = append(all, heldThreshold(m, t, w))
	}
	for _, s := range m.Sensitive {
		others := otherColumns(m, s)
		switch n, ok := diversityNames[s.Diversity]; {
		case ok && m.Together:
			add("l-diversité de %s : dans chaque groupe, les lignes qui ont les mêmes autres informations sensibles (%s) ont %s.",
				"l-diversity of %s: in each group, the rows that have the same other sensitive information (%s) have %s.", s.Column, others, fmt.Sprintf(n[w], w.number(s.L)))
		case ok:
			add("l-diversité de %s : chaque groupe a %s.", "l-diversity of %s: each group has %s.", s.Column, fmt.Sprintf(n[w], w.number(s.L)))
		}
		switch {
		case s.Distance != "" && m.Together:
			add("t-proximité de %s : dans chaque groupe, parmi les lignes qui ont les mêmes autres informations sensibles (%s), ses valeurs sont réparties comme dans l'ensemble, à %s près.",
				"t-closeness of %s: in each group, among the rows that have the same other sensitive information (%s), its values are distributed as in the whole, within %s.", s.Column, others, w.number(s.T))
		case s.Distance != "":
			add("t-proximité de %s : dans chaque groupe, ses valeurs sont réparties comme dans l'ensemble, à %s près.",
				"t-closeness of %s: in each group its values are distributed as in the whole, within %s.", s.Column, w.number(s.T))
		}
	}
	return all
}

// otherColumns are the sensitive columns beside one.
func otherColumns(m *pipelines.ProtectedModel, one pipelines.ProtectedValues) string {
	var others []string
	for _, s := range m.Sensitive {
		if s.Column != one.Column {
			others = append(others, s.Column)
		}
	}
	return strings.Join(others, ", ")
}

// heldThreshold is a threshold of the gate that holds. Who is alone is told by rows where
// the files do not tell persons.
func heldThreshold(m *pipelines.ProtectedModel, t pipelines.ProtectedThreshold, w words) string {
	switch t.Rule {
	case "max_prosecutor_risk":
		one := w.t("une ligne", "a row")
		if m.Persons {
			one = w.t("une personne", "a person")
		}
		return w.t("Seuil du contrôle : le risque le plus haut de reconnaître %s est de %s au plus.", "Threshold of the gate: the highest risk that %s is recognised is at most %s.", one, w.number(t.Most))
	case "max_uniques":
		alone := w.t("lignes seules", "rows alone")
		if m.Persons && m.Tied {
			alone = w.t("personnes seules", "persons alone")
		}
		return w.t("Seuil du contrôle : %s de leur groupe, telles que les caractéristiques sont publiées : %s au plus.", "Threshold of the gate: %s in their group, as the characteristics are published: at most %s.", alone, w.number(t.Most))
	}
	return w.t("Seuil du contrôle : %s, %s au plus.", "Threshold of the gate: %s, at most %s.", t.Rule, w.number(t.Most))
}
