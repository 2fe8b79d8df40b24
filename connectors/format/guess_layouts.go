package format

import "github.com/lavoir-data/lavoir/pipelines"

// fixedLayout is a file of the State whose positions are published.
type fixedLayout struct {
	name   string
	fields []pipelines.NamedText // positions by column
	types  map[string]kindGuess  // of columns that are no text
	except map[string]string     // lines of other kinds
	short  bool                  // spaces at the end of lines are left out
	on     func(line []byte) bool
}

// fixedLayouts are told from what stands at their positions, not from names.
var fixedLayouts = []fixedLayout{
	// DGFiP, "Descriptif du fichier FANTOIR": the records of roads. Those of departments
	// and communes have no road, and the first record of the file has neither.
	{name: "fantoir", short: true, except: map[string]string{"7-10": ""},
		fields: []pipelines.NamedText{
			{Name: "code_departement", Text: "1-2"}, {Name: "code_direction", Text: "3"}, {Name: "code_commune", Text: "4-6"},
			{Name: "code_voie", Text: "7-10"}, {Name: "cle_rivoli", Text: "11"}, {Name: "nature_voie", Text: "12-15"},
			{Name: "libelle_voie", Text: "16-41"}, {Name: "type_commune", Text: "43"}, {Name: "caractere_rur", Text: "46"},
			{Name: "caractere_voie", Text: "49"}, {Name: "caractere_population", Text: "50"}, {Name: "population_a_part", Text: "60-66"},
			{Name: "population_fictive", Text: "67-73"}, {Name: "caractere_annulation", Text: "74"}, {Name: "date_annulation", Text: "75-81"},
			{Name: "date_creation", Text: "82-88"}, {Name: "code_majic", Text: "104-108"}, {Name: "type_voie", Text: "109"},
			{Name: "caractere_lieu_dit", Text: "110"}, {Name: "mot_classant", Text: "113-"}},
		types: map[string]kindGuess{"population_a_part": zeroPadded, "population_fictive": zeroPadded},
		on: func(b []byte) bool {
			return len(b) >= 88 && (onlyDigits(b[:2]) || string(b[:2]) == "2A" || string(b[:2]) == "2B") && onlyDigits(b[2:6]) &&
				b[10] >= 'A' && b[10] <= 'Z' && onlyDigits(b[59:73]) && onlyDigits(b[74:88])
		}},
	// INSEE, "Fichiers des personnes décédées".
	{name: "insee-deces",
		fields: []pipelines.NamedText{
			{Name: "nom_prenoms", Text: "1-80"}, {Name: "code_sexe", Text: "81"}, {Name: "date_naissance", Text: "82-89"},
			{Name: "code_lieu_naissance", Text: "90-94"}, {Name: "commune_naissance", Text: "95-124"}, {Name: "pays_naissance", Text: "125-154"},
			{Name: "date_deces", Text: "155-162"}, {Name: "code_lieu_deces", Text: "163-167"}, {Name: "numero_acte", Text: "168-176"}},
		types: map[string]kindGuess{"date_naissance": fromValues, "date_deces": fromValues},
		on: func(b []byte) bool {
			return len(b) >= 167 && contains(b[:80], '*') && contains(b[:80], '/') && (b[80] == '1' || b[80] == '2') &&
				onlyDigits(b[81:89]) && onlyDigits(b[154:162])
		}},
}

func contains(b []byte, c byte) bool {
	for _, x := range b {
		if x == c {
			return true
		}
	}
	return false
}
