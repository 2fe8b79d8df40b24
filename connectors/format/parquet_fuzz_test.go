package format

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Any rows of any schema come back to the bit, from our reader and from others.
func FuzzParquetRoundTrip(f *testing.F) {
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6} {
		data := make([]byte, 200)
		rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
		f.Add(data, seed)
	}
	f.Add([]byte{}, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		pick := taken(data, seed)
		schema, bloom := anySchema(pick)
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(t, 0)
		p := newTestParquet(t, mem, parquetConfig{
			Compression: []string{"zstd", "snappy", "none"}[pick(3)], Level: 1 + pick(3), PageVersion: 1 + pick(2), Bloom: bloom,
		})
		var groups []arrow.Record
		for range pick(4) {
			r := randomRecord(mem, schema, pick(80), pick)
			defer r.Release()
			groups = append(groups, r)
		}
		b := encodeFile(t, p, schema, int64(1+pick(90)), groups...)
		if err := auditFile(p, b); err != nil {
			t.Fatal(err)
		}
		want := columnsOf(schema, groups...)
		got, err := reopen(p, b, schema)
		if err != nil {
			t.Fatal(err)
		}
		for reader, got := range map[string][][]any{"lavoir": got, "arrow": readByArrow(t, b, schema), "parquet-go": readByParquetGo(t, b, schema)} {
			if diff := difference(want, got); diff != "" {
				t.Errorf("%s: %s", reader, diff)
			}
		}
	})
}

// taken makes choices of the bytes of a fuzzer, then of its seed.
func taken(data []byte, seed uint64) choice {
	more := seeded(seed)
	return func(n int) int {
		if len(data) == 0 {
			return more(n)
		}
		k := 0
		for width := n - 1; width > 0 && len(data) > 0; width >>= 8 {
			k, data = k<<8|int(data[0]), data[1:]
		}
		return k % n
	}
}

// anySchema has columns of some types, and of one type several; bloom are those
// of them that get a filter.
func anySchema(pick choice) (s *arrow.Schema, bloom []string) {
	var fs []arrow.Field
	for i := range 1 + pick(7) {
		typ := allParquetTypes[pick(len(allParquetTypes))]
		name := fmt.Sprintf("%s %d", pipelines.TypeName(typ), i)
		fs = append(fs, arrow.Field{Name: name, Type: typ, Nullable: true})
		if typ.ID() != arrow.BOOL && typ.ID() != arrow.NULL && typ.ID() != arrow.STRUCT && pick(3) == 0 {
			bloom = append(bloom, name)
		}
	}
	return arrow.NewSchema(fs, nil), bloom
}
