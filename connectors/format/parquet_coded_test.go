package format

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
)

// spelled is a column with its texts in full.
func spelled(a arrow.Array) (cells []any, coded bool) {
	d, coded := a.(*array.Dictionary)
	for i := range a.Len() {
		switch {
		case !coded:
			cells = append(cells, valueAt(a, i))
		case d.IsNull(i):
			cells = append(cells, nil)
		default:
			cells = append(cells, valueAt(d.Dictionary(), d.GetValueIndex(i)))
		}
	}
	return cells, coded
}

// Texts that stay numbered are the texts, whatever else a file holds, and only those
// that were asked for; the bytes are judged all the same.
func TestParquetCoded(t *testing.T) {
	coded := 0
	draws.Check(t, draws.Kinds{"left numbered": &coded}, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		pick := drawn(t)
		fields := append(allTypes().Fields(), arrow.Field{Name: "autre", Type: arrow.BinaryTypes.String, Nullable: true})
		schema := arrow.NewSchema(fields, nil)
		p := newTestParquet(t, mem, randomConfig(pick))
		values := seeded(rapid.Uint64().Draw(t, "seed"))
		var groups []arrow.Record
		for range pick(3) {
			groups = append(groups, randomRecord(mem, schema, 1+pick(60), values))
		}
		b := encodeFile(t, p, schema, 1000, groups...)
		c, err := p.OpenCoded(context.Background(), bytes.NewReader(b), int64(len(b)), schema, []string{"text", "binary", "list(text)"})
		if err != nil {
			t.Fatal(err)
		}
		got := make([][]any, schema.NumFields())
		s := decodedInTurn(c)
		err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
			defer b.Release()
			for i := range got {
				cells, numbered := spelled(b.Column(i))
				got[i] = append(got[i], cells...)
				if numbered {
					coded++
				}
				if numbered != (b.Schema().Field(i).Type.ID() == arrow.DICTIONARY) || numbered && fields[i].Name != "text" {
					t.Fatal("column", fields[i].Name, "is", b.Column(i).DataType())
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(columnsOf(schema, groups...), got); diff != "" {
			t.Fatal(diff)
		}
		if len(b) > 0 && len(groups) > 0 { // a byte that is another is found
			at := 4 + pick(len(b)/2)
			b[at] ^= 1
			c, err := p.OpenCoded(context.Background(), bytes.NewReader(b), int64(len(b)), schema, []string{"text"})
			if err == nil {
				err = drained(context.Background(), c)
			}
			if err == nil {
				t.Fatal("byte", at, "is another, and nothing is said")
			}
		}
		for _, g := range groups {
			g.Release()
		}
		if n := mem.CurrentAlloc(); n != 0 {
			t.Fatal(n, "bytes left")
		}
	})
}
