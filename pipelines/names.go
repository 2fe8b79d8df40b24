package pipelines

import (
	"iter"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// personalWords are parts of column names that mostly stand before personal
// data in French business software. A false alarm costs one line
// (not_personal, with the reason); a miss is caught by the privacy block,
// which lets out only what it names.
var personalWords = map[string]string{
	"nom": "nom", "noms": "nom", "prenom": "prénom", "prenoms": "prénom", "patronyme": "nom", "civilite": "civilité",
	"naissance": "naissance", "naiss": "naissance", "ddn": "date de naissance", "nir": "NIR", "insee_nir": "NIR", "secu": "sécurité sociale",
	"email": "courriel", "mail": "courriel", "courriel": "courriel", "mel": "courriel",
	"tel": "téléphone", "telephone": "téléphone", "portable": "téléphone", "mobile": "téléphone", "fax": "téléphone",
	"adresse": "adresse", "adr": "adresse", "rue": "adresse", "domicile": "adresse",
	"iban": "coordonnées bancaires", "rib": "coordonnées bancaires", "bic": "coordonnées bancaires",
	"usager": "personne", "agent": "personne", "beneficiaire": "personne", "demandeur": "personne", "allocataire": "personne",
	"enfant": "personne", "parent": "personne", "conjoint": "personne", "tuteur": "personne", "signataire": "personne",
	"nomprenom": "nom", "nomprenoms": "nom", "nomusuel": "nom", "nomfamille": "nom", "nomnaissance": "nom", "prenomusuel": "prénom",
	"lastname": "nom", "surname": "nom", "fullname": "nom", "firstname": "prénom",
	"datenaissance": "naissance", "datenaiss": "naissance", "datenais": "naissance", "datnais": "naissance", "birth": "naissance", "birthdate": "naissance",
	"birthday": "naissance", "nss": "NIR", "numsecu": "sécurité sociale", "adressemail": "courriel",
	"numtel": "téléphone", "telport": "téléphone", "telfixe": "téléphone", "phone": "téléphone",
	"eleve": "personne", "locataire": "personne", "salarie": "personne", "debiteur": "personne", "redevable": "personne",
	"contribuable": "personne", "patient": "personne", "defunt": "personne",
	"matricule": "matricule", "immatriculation": "véhicule", "login": "compte", "identifiant_usager": "compte",
}

// LikelyPersonal says whether a column's name suggests data about a person, and
// of what kind. Case, accents, punctuation and camel case do not matter.
func LikelyPersonal(column string) (kind string, likely bool) {
	words := nameWords(column)
	for i, w := range words {
		if kind, ok := personalWords[w]; ok {
			return kind, true
		}
		if i > 0 {
			if kind, ok := personalWords[words[i-1]+w]; ok { // last_name
				return kind, true
			}
		}
	}
	return "", false
}

// namesOne says whether a column's name is one of those whose values are what a person is
// called or found by, which no number of rows makes another's: not those that say something
// of persons, as what an address or a birth is told by.
func namesOne(column string) bool {
	words := nameWords(column)
	for i, w := range words {
		kind := personalWords[w]
		if kind == "" && i > 0 {
			kind = personalWords[words[i-1]+w]
		}
		switch kind {
		case "nom", "prénom", "NIR", "sécurité sociale", "courriel", "téléphone", "coordonnées bancaires", "véhicule", "matricule", "compte":
			return true
		case "adresse", "personne":
			return len(words) == 1
		}
	}
	return false
}

func nameWords(s string) []string {
	var b strings.Builder
	lower := false
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r):
			if unicode.IsUpper(r) && lower {
				b.WriteByte(' ')
			}
			lower = unicode.IsLower(r)
			b.WriteRune(unicode.ToLower(r))
		default:
			lower = false
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// sorted gives a map's entries in the order of the keys.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return func(yield func(string, V) bool) {
		for _, k := range keys {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
