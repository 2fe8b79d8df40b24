package protect

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Communes brings INSEE codes of communes to the commune (districts of Paris,
// Lyon and Marseille to their town), the département and the région. A code is
// five characters, 2A and 2B included; the codes 20xxx that Corsica had before
// 1976 are of either département. 99xxx is abroad.
type Communes struct{}

// NewCommunes is for texts.
func NewCommunes(t arrow.DataType) (Communes, error) {
	return Communes{}, typed(t, "text", arrow.STRING)
}

// Levels are commune, département and région.
func (Communes) Levels() []string { return []string{"commune", "département", "région"} }

// Domain is what INSEE gives codes to.
func (Communes) Domain() string { return "codes INSEE de communes" }

// Labels are the commune, département and région of code i of a.
func (Communes) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	code := a.(*array.String).Value(i)
	ds := communeDepartements(code)
	if ds == nil {
		return dst, false
	}
	return appendPlaces(append(dst, wholeTown(code)), ds), true
}

// wholeTown is the code of the commune that a municipal district is part of.
func wholeTown(code string) string {
	code = strings.Clone(code)
	switch {
	case code >= "75101" && code <= "75120":
		return "75056"
	case code >= "69381" && code <= "69389":
		return "69123"
	case code >= "13201" && code <= "13216":
		return "13055"
	}
	return code
}

// communeDepartements are the départements that a commune may be in, or nil.
func communeDepartements(code string) []string {
	if scalar.CheckCode("insee", []byte(code)) != nil {
		return nil
	}
	switch p := code[:2]; p {
	case "20":
		return corsica
	case "97", "98":
		return known(code[:3])
	default:
		return known(p)
	}
}

var corsica = []string{"2A", "2B"}

func known(code string) []string {
	if _, ok := departements[code]; !ok || code == "980" {
		return nil
	}
	return []string{strings.Clone(code)}
}

// appendPlaces appends the labels of départements, and of their régions.
func appendPlaces(dst []string, codes []string) []string {
	var names, regions []string
	for _, c := range codes {
		d := departements[c]
		names = append(names, d.label(c))
		if !slices.Contains(regions, d.region) {
			regions = append(regions, d.region)
		}
	}
	slices.Sort(regions)
	return append(dst, strings.Join(names, " ou "), strings.Join(regions, " ou "))
}

// PostcodeTable says in which communes each postcode is used.
type PostcodeTable struct{ communes map[string][]string }

// ReadPostcodes reads lines of a postcode and the INSEE code of a commune with a
// semicolon between, as in "35000;35238": the two columns of La Poste's "Base
// officielle des codes postaux". Empty lines and those that begin with # are
// passed over.
func ReadPostcodes(r io.Reader) (*PostcodeTable, error) {
	t := &PostcodeTable{map[string][]string{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		postcode, commune, _ := strings.Cut(line, ";")
		if scalar.CheckCode("postcode", []byte(postcode)) != nil || communeDepartements(commune) == nil {
			return nil, messages.PostcodeLine.With("line", n)
		}
		if commune = wholeTown(commune); !slices.Contains(t.communes[postcode], commune) {
			t.communes[postcode] = append(t.communes[postcode], commune)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the table of postcodes: %w", err)
	}
	for _, communes := range t.communes {
		slices.Sort(communes)
	}
	return t, nil
}

// Postcodes brings postcodes to the département and the région and, with a table,
// first to the commune.
//
// With a table, a postcode is what the table says: where it serves several
// communes, départements or régions, the label names all of them, with "ou"
// between, since nothing in a postcode says in which one somebody lives. A
// postcode that is not in the table is outside of the domain.
//
// Without one its first digits decide, and no commune is told: some dozens of
// postcodes also serve communes across the border of their département, which
// only a table knows. Corsica is 2A for 200 and 201, 2B for 202 and 206, and
// either for the rest; 97133 and 97150 are Saint-Barthélemy and Saint-Martin;
// 98000 is Monaco. Army postcodes (00xxx) are outside of the domain.
type Postcodes struct{ table *PostcodeTable }

// NewPostcodes is for texts; table may be nil.
func NewPostcodes(t arrow.DataType, table *PostcodeTable) (*Postcodes, error) {
	return &Postcodes{table}, typed(t, "text", arrow.STRING)
}

// Levels are commune, where there is a table, département and région.
func (p *Postcodes) Levels() []string {
	if p.table == nil {
		return []string{"département", "région"}
	}
	return Communes{}.Levels()
}

// Domain is what postcodes are understood.
func (p *Postcodes) Domain() string {
	if p.table == nil {
		return "codes postaux"
	}
	return "codes postaux de la table"
}

// Labels are the places of postcode i of a.
func (p *Postcodes) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	code := a.(*array.String).Value(i)
	if scalar.CheckCode("postcode", []byte(code)) != nil {
		return dst, false
	}
	if p.table == nil {
		ds := postcodeDepartements(code)
		if ds == nil {
			return dst, false
		}
		return appendPlaces(dst, ds), true
	}
	communes := p.table.communes[code]
	if communes == nil {
		return dst, false
	}
	var ds []string
	for _, c := range communes {
		for _, d := range communeDepartements(c) {
			if !slices.Contains(ds, d) {
				ds = append(ds, d)
			}
		}
	}
	slices.Sort(ds)
	return appendPlaces(append(dst, strings.Join(communes, " ou ")), ds), true
}

// postcodeDepartements are the départements that the digits of a postcode tell.
func postcodeDepartements(code string) []string {
	switch {
	case code == "97133":
		return []string{"977"}
	case code == "97150":
		return []string{"978"}
	case code[:3] == "200" || code[:3] == "201":
		return []string{"2A"}
	case code[:3] == "202" || code[:3] == "206":
		return []string{"2B"}
	case code[:2] == "20":
		return corsica
	case code == "98799":
		return []string{"989"}
	case code[:3] == "980":
		return []string{"980"}
	case code[:2] == "97" || code[:2] == "98":
		return known(code[:3])
	case code[:2] == "99":
		return nil
	}
	return known(code[:2])
}
