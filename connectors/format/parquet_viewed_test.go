package format

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Whoever views a file is shown all of its rows, batch by batch, and entries of
// dictionaries only where they occur; the rows are what they are without a view.
func TestParquetViewed(t *testing.T) {
	numbered := 0
	draws.Check(t, draws.Kinds{"shown numbered": &numbered}, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		pick := drawn(t)
		schema := allTypes()
		p := newTestParquet(t, mem, randomConfig(pick))
		values := seeded(rapid.Uint64().Draw(t, "seed"))
		var groups []arrow.Record
		for range pick(3) {
			groups = append(groups, randomRecord(mem, schema, 1+pick(60), values))
		}
		b := encodeFile(t, p, schema, 1000, groups...)
		opened, err := p.OpenAudited(context.Background(), bytes.NewReader(b), int64(len(b)), schema)
		if err != nil {
			t.Fatal(err)
		}
		got := make([][]any, schema.NumFields())
		for {
			chunk, err := opened.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			var shown [][]any
			batch, err := chunk.(pipelines.ViewedChunk).DecodeViewed(context.Background(), func(r arrow.Record) {
				if shown != nil {
					t.Fatal("rows were shown twice")
				}
				for _, a := range r.Columns() {
					cells, coded := spelled(a)
					shown = append(shown, cells)
					if !coded {
						continue
					}
					numbered++
					used := map[int]bool{}
					for i := range a.Len() {
						if !a.IsNull(i) {
							used[a.(*array.Dictionary).GetValueIndex(i)] = true
						}
					}
					if n := a.(*array.Dictionary).Dictionary().Len(); len(used) != n {
						t.Fatal(n, "entries, of which", len(used), "occur")
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range schema.Fields() {
				cells, coded := spelled(batch.Column(i))
				got[i] = append(got[i], cells...)
				if coded {
					t.Fatal("column", f.Name, "is numbered")
				}
				if diff := difference([][]any{cells}, [][]any{shown[i]}); diff != "" {
					t.Fatal("what was shown of column", f.Name, "is not what it holds:", diff)
				}
			}
			batch.Release()
		}
		if diff := difference(columnsOf(schema, groups...), got); diff != "" {
			t.Fatal(diff)
		}
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			g.Release()
		}
		if n := mem.CurrentAlloc(); n != 0 {
			t.Fatal(n, "bytes left")
		}
	})
}
