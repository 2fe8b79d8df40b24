package pipelines

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
)

// Marks carries the mark *personal* from the input of a transform to its
// output. in are the columns of inSchema in its order; feeds are the marked
// columns of the sources the transform reads besides, by feed name. An output
// whose lineage is not told is marked when anything that came in is.
func Marks(t Transform, in []MarkedColumn, feeds map[string][]MarkedColumn, inSchema, outSchema *arrow.Schema) ([]MarkedColumn, error) {
	strongest := MarkedColumn{}
	mark := func(m MarkedColumn) {
		if m.Personal && !strongest.Personal {
			strongest = m
		}
	}
	byName := map[Origin]MarkedColumn{}
	for _, m := range in {
		mark(m)
		byName[Origin{Column: m.Name}] = m
	}
	for feed, cols := range sorted(feeds) {
		for _, m := range cols {
			mark(m)
			byName[Origin{feed, m.Name}] = m
		}
	}
	var lineage map[string][]Origin
	if l, ok := t.(Lineage); ok {
		var err error
		if lineage, err = l.Lineage(inSchema); err != nil {
			return nil, err
		}
	}
	out := make([]MarkedColumn, outSchema.NumFields())
	for i, f := range outSchema.Fields() {
		out[i].Name = f.Name
		if lineage == nil {
			out[i].Personal, out[i].Because = strongest.Personal, strongest.Because
			continue
		}
		for _, o := range lineage[f.Name] {
			m, known := byName[o]
			if !known { // an origin that does not exist is a lie: mark more, never less
				m = strongest
			}
			if m.Personal && !out[i].Personal {
				out[i].Personal, out[i].Because = true, m.Because
			}
		}
	}
	if m, ok := t.(Marker); ok { // a step may mark; only a privacy rule clears
		personal, _ := m.Marks()
		for i := range out {
			if !out[i].Personal && slices.Contains(personal, out[i].Name) {
				out[i].Personal, out[i].Because = true, "made personal by a step"
			}
		}
	}
	return out, nil
}

// MarkSource gives the marks of a source's columns: those its block declares,
// and those named like a person's data unless the block says why they are not.
func MarkSource(s Source, schema *arrow.Schema, where string) ([]MarkedColumn, error) {
	var personal []string
	var cleared map[string]string
	if m, ok := s.(Marker); ok {
		personal, cleared = m.Marks()
	}
	out := make([]MarkedColumn, schema.NumFields())
	for i, f := range schema.Fields() {
		out[i].Name = f.Name
		if _, ok := cleared[f.Name]; ok {
			continue
		}
		if why, likely := LikelyPersonal(f.Name); likely {
			out[i].Personal, out[i].Because = true, "named like personal data ("+why+") in "+where
		}
	}
	for _, name := range personal {
		i, err := ColumnIndex(schema, name)
		if err != nil {
			return nil, err
		}
		out[i].Personal, out[i].Because = true, "declared personal in "+where
	}
	return out, nil
}
