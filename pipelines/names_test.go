package pipelines

import "testing"

// Names that software writes in one word, or in English, are known as well; and only those
// that persons are called or found by are names.
func TestPersonalNames(t *testing.T) {
	for column, want := range map[string][2]bool{
		"nom": {true, true}, "NOMPRENOM": {true, true}, "nomUsuel": {true, true}, "last_name": {true, true}, "FirstName": {true, true}, "N° tél.": {true, true},
		"TELPORT": {true, true}, "e-mail": {true, true}, "NSS": {true, true}, "Élève": {true, true}, "agent": {true, true},
		"DATENAISSANCE": {true, false}, "birth_date": {true, false}, "age_agent": {true, false}, "code_postal_adresse": {true, false}, "adresse": {true, true},
		"civilite": {true, false}, "type_beneficiaire": {true, false},
		"commune": {false, false}, "montant": {false, false}, "phonetique": {false, false}, "nombre": {false, false}, "titulaire_id": {false, false},
	} {
		if _, likely := LikelyPersonal(column); likely != want[0] || namesOne(column) != want[1] {
			t.Errorf("%s: personal %t, a name %t", column, likely, namesOne(column))
		}
	}
}
