package pipelines

import (
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
)

// Derivation is a column that reaches the privacy stage, and what of the sources it is made of:
// Shows are the columns of which something stands in it, Asks those that it was only chosen
// by. A column of another source than the first has that before it: "communes/nom".
type Derivation struct {
	Name  string
	Type  arrow.DataType
	Shows []string
	Asks  []string
}

// Deriving is the ability of a privacy stage to refuse a column that leaves beside what was made
// of the same: all see what the one hides in the other.
type Deriving interface {
	Derives(columns []Derivation) error
}

// traced are the columns of the sources by the columns that are made of them; true of those of
// which something stands there.
type traced map[string]map[string]bool

func traceSource(s *arrow.Schema) traced {
	t := traced{}
	for _, f := range s.Fields() {
		t[f.Name] = map[string]bool{f.Name: true}
	}
	return t
}

// through is what t becomes. A transform that does not tell its lineage leaves the columns that
// it is given, and makes others of all.
func (t traced) through(step Transform, in, out *arrow.Schema) (traced, error) {
	var lineage map[string][]Origin
	if l, ok := step.(Lineage); ok {
		var err error
		if lineage, err = l.Lineage(in); err != nil {
			return nil, err
		}
	}
	became := traced{}
	for _, f := range out.Fields() {
		from := map[string]bool{}
		became[f.Name] = from
		take := func(of map[string]bool, shows bool) {
			for column, stands := range of {
				from[column] = from[column] || stands && shows
			}
		}
		switch {
		case lineage != nil:
			for _, o := range lineage[f.Name] {
				if o.Feed != "" {
					take(map[string]bool{o.Feed + "/" + o.Column: true}, !o.Chooses)
				} else {
					take(t[o.Column], !o.Chooses)
				}
			}
		case t[f.Name] != nil:
			take(t[f.Name], true)
		default:
			for _, of := range t {
				take(of, true)
			}
		}
	}
	return became, nil
}

// columns are the derivations of a schema.
func (t traced) columns(s *arrow.Schema) []Derivation {
	var all []Derivation
	for _, f := range s.Fields() {
		d := Derivation{Name: f.Name, Type: f.Type}
		for _, column := range slices.Sorted(maps.Keys(t[f.Name])) {
			if t[f.Name][column] {
				d.Shows = append(d.Shows, column)
			} else {
				d.Asks = append(d.Asks, column)
			}
		}
		all = append(all, d)
	}
	return all
}
