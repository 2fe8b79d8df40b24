package privacy

import (
	"fmt"
	"strconv"
	"strings"
)

// What the public and the register read is French in every language, and stands here.

// legalDocuments are the documents it lists, by their number from 1.
var legalDocuments = []string{
	"organisation de l'administration : organigrammes, annuaires, tableaux d'avancement et listes d'aptitude",
	"vie économique, associative et culturelle : répertoires des associations et des entreprises",
	"professions réglementées et activités professionnelles soumises à des règles",
	"enseignement et recherche : résultats d'examens et de concours",
	"organisation et exercice des activités sportives",
	"vie politique : répertoire des élus, sans adresse ni téléphone",
	"organisation et exercice des activités touristiques",
	"activités soumises à des formalités, notamment d'urbanisme et d'occupation du domaine public",
	"archives publiques dont les délais de communication sont passés",
}

// lawfully tells the public of a column that the law lets out.
func (id identifierConfig) lawfully() string {
	what := "Les valeurs de la colonne « " + id.Column + " » sont publiées telles quelles"
	switch {
	case id.open():
	case id.partialByLaw():
		what = partly(id.Column, id.ShowFirst, id.ShowLast)
	case id.Rotate == "" && id.Destroy == "":
		what = "Les valeurs de la colonne « " + id.Column + " » ont été remplacées par des codes, les mêmes d'une publication à l'autre"
	default:
		what = "Les valeurs de la colonne « " + id.Column + " » ont été remplacées par des codes propres à cette publication"
	}
	return what + ", ce que permet l'article D. 312-1-3, " + strconv.Itoa(legalNumber(id.LegalBasis)) +
		"°, du code des relations entre le public et l'administration (" + strings.TrimRight(strings.TrimSpace(id.Reason), ".") + ")."
}

// none tells the public what stands where there was no value to mask.
func (id identifierConfig) none() string {
	if id.Action == "redact" {
		return " ; là où il n'y en avait pas, il n'y a rien"
	}
	return ""
}

// partly tells the public how much of a column may be read.
func partly(column string, first, last int) string {
	var ends []string
	for _, end := range []struct {
		n         int
		one, many string
	}{{first, "le premier caractère", " premiers caractères"}, {last, "le dernier caractère", " derniers caractères"}} {
		switch {
		case end.n == 1:
			ends = append(ends, end.one)
		case end.n > 1:
			ends = append(ends, "les "+strconv.Itoa(end.n)+end.many)
		}
	}
	return "On ne peut lire, des valeurs de la colonne « " + column + " », que " + strings.Join(ends, " et ") +
		" ; le reste est masqué, et une valeur trop courte l'est en entier"
}

// checkedThresholds names for the manifest what the gate found to hold. What an approver
// accepted did not.
func (t policy) checkedThresholds() (checks []string) {
	for _, rule := range t.heldThresholds() {
		if rule.Name == ruleUniques {
			checks = append(checks, "lignes ou personnes seules de leur groupe : "+decimal(*rule.Threshold)+" au plus")
		} else {
			checks = append(checks, "risque le plus élevé : "+decimal(*rule.Threshold)+" au plus")
		}
	}
	return checks
}

// checkedTables names what the gate found to hold of totals and of means.
func (t policy) checkedTables() (checks []string) {
	for _, c := range t.Clears {
		least := c.threshold()
		check := fmt.Sprintf("seuil de %s : %d personnes ou entreprises au moins", c.Column, least.subjects)
		if least.share > 0 {
			check += ", part la plus forte " + decimal(least.share)
		}
		checks = append(checks, check)
	}
	for _, m := range t.Micro {
		checks = append(checks, fmt.Sprintf("moyennes de %s : k = %d (lignes)", strings.Join(m.Columns, ", "), m.K))
	}
	return checks
}

// Roles of columns in the register.
const (
	roleQuasi     = "quasi-identifiants"
	roleSensitive = "attributs protégés"
	rolePublic    = "données publiées telles quelles"
)

func (id identifierConfig) role() string {
	switch {
	case id.open():
		return "identifiants publiés tels quels sur une base légale"
	case id.Action == "drop":
		return "identifiants supprimés"
	case id.Action == "pseudonym":
		return "identifiants remplacés par des codes"
	case id.partialByLaw():
		return "identifiants publiés en partie sur une base légale"
	case id.Action == "partial":
		return "identifiants masqués en partie"
	case id.ClearWhen.IsSet():
		return "identifiants masqués sauf exception"
	}
	return "identifiants masqués"
}
