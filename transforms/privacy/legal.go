package privacy

import (
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// legalArticle is the one article that lets personal data be published as they are: the
// code des relations entre le public et l'administration, which decree 2018-1117 added it to.
const legalArticle = "D312-1-3"

// elected is the number of the documents on elected persons, whose addresses and
// telephone numbers it leaves out.
const elected = 6

// privateKinds are the kinds of column names that those are.
var privateKinds = map[string]bool{"adresse": true, "téléphone": true, "courriel": true}

// legalNumber is the number of the documents that a basis names; 0: it names none.
func legalNumber(basis string) int {
	number, ok := strings.CutPrefix(basis, legalArticle+"/")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > len(legalDocuments) || strconv.Itoa(n) != number {
		return 0
	}
	return n
}

// legal says whether the law lets the column out.
func (id identifierConfig) legal() bool { return id.LegalBasis != "" }

// open says whether the column leaves as it is, because the law lets it out.
func (id identifierConfig) open() bool { return id.legal() && id.Action == "" }

// lasts says whether the column's pseudonyms are the same in all releases.
func (id identifierConfig) lasts() bool {
	return id.Action == "pseudonym" && id.legal() && id.Rotate == "" && id.Destroy == ""
}

// lawful checks the form of a legal basis. That it is the right one is for people to say.
func (id identifierConfig) lawful() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongLegalBasis.With("column", id.Column, "why", why))
	}
	kind, _ := pipelines.LikelyPersonal(id.Column)
	switch {
	case !id.legal() && id.Reason != "":
		return wrong("reason", "reason without legal_basis")
	case !id.legal():
		return nil
	case legalNumber(id.LegalBasis) == 0:
		return wrong("legal_basis", "a legal basis that is not in D.312-1-3")
	case strings.TrimSpace(id.Reason) == "":
		return wrong("legal_basis", "legal_basis without reason")
	case id.Action != "" && id.Action != "pseudonym" && id.Action != "partial":
		return wrong("action", "legal_basis with an action that lets no value out")
	case id.ClearWhen.IsSet() || id.Otherwise != "":
		return wrong("legal_basis", "legal_basis with clear_when or otherwise")
	case legalNumber(id.LegalBasis) == elected && (id.Action == "" || id.Action == "partial") && privateKinds[kind]:
		return wrong("legal_basis", "a column named like an address or a telephone number, which no. 6 of D.312-1-3 leaves out")
	}
	return nil
}

// LegalBases are those of the policy's columns, in its order.
func (t policy) LegalBases() (all []pipelines.LegalBasis) {
	for _, id := range t.Identifiers {
		if id.legal() {
			n := legalNumber(id.LegalBasis)
			all = append(all, pipelines.LegalBasis{Column: id.Column, Basis: id.LegalBasis, Documents: legalDocuments[n-1], Reason: id.Reason})
		}
	}
	return all
}
