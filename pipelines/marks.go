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
	strongest, anyNames := MarkedColumn{}, false
	mark := func(m MarkedColumn) {
		if m.Personal && (!strongest.Personal || strongest.Ruled && !m.Ruled) {
			strongest = m
		}
		anyNames = anyNames || m.Names
	}
	byName := map[Origin]MarkedColumn{}
	for _, m := range in {
		mark(m)
		byName[Origin{Column: m.Name}] = m
	}
	types := map[Origin]arrow.DataType{}
	for _, f := range inSchema.Fields() {
		types[Origin{Column: f.Name}] = f.Type
	}
	for feed, cols := range sorted(feeds) {
		for _, m := range cols {
			mark(m)
			byName[Origin{Feed: feed, Column: m.Name}] = m
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
			out[i].Personal, out[i].Because, out[i].Ruled = strongest.Personal, strongest.Because, strongest.Ruled
			out[i].Names = anyNames && holdsNames(f.Type, f.Type)
			continue
		}
		for _, o := range lineage[f.Name] {
			m, known := byName[Origin{Feed: o.Feed, Column: o.Column}]
			if !known { // an origin that does not exist is a lie: mark more, never less
				m = strongest
				m.Names = namesOne(o.Column)
			}
			if m.Personal && (!out[i].Personal || out[i].Ruled && !m.Ruled) && !(m.Ruled && o.Chooses) {
				out[i].Personal, out[i].Because, out[i].Ruled = true, m.Because, m.Ruled
			}
			out[i].Names = out[i].Names || m.Names && !o.Chooses && holdsNames(f.Type, types[o])
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

// holdsNames says whether a column of type t may hold what one of type from does, nil where
// that is not known: how many names there are names nobody.
func holdsNames(t, from arrow.DataType) bool {
	switch t.ID() {
	case arrow.BOOL:
		return false
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DATE32, arrow.TIMESTAMP:
		return from == nil || from.ID() == t.ID()
	}
	return true
}

// MarkSource gives the marks of a source's columns: those its block declares,
// and those named like a person's data unless the block says why they are not.
// So are those of identifiers, which the privacy stage says to name persons, unless the block
// says why they do not: what was made of one before the stage would leave beside it.
func MarkSource(s Source, schema *arrow.Schema, where string, identifiers ...string) ([]MarkedColumn, error) {
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
		if slices.Contains(identifiers, f.Name) {
			out[i].Personal, out[i].Names, out[i].Ruled, out[i].Because = true, true, true, "an identifier by the policy"
		}
		out[i].Names = out[i].Names || namesOne(f.Name)
		if why, likely := LikelyPersonal(f.Name); likely {
			out[i].Personal, out[i].Ruled, out[i].Because = true, false, "named like personal data ("+why+") in "+where
		}
	}
	for _, name := range personal {
		i, err := ColumnIndex(schema, name)
		if err != nil {
			return nil, err
		}
		out[i].Personal, out[i].Ruled, out[i].Because = true, false, "declared personal in "+where
	}
	return out, nil
}
