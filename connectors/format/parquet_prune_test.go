package format

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	parquetgo "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
)

// What a reader leaves out because of statistics, column index or bloom filter
// has nothing of what it looks for: for random rows of every type, a look-up
// through them finds what a look at every value finds.
func TestParquetPruning(t *testing.T) {
	mem := memory.NewGoAllocator()
	rapid.Check(t, func(t *rapid.T) {
		pick := drawn(t)
		values := seeded(rapid.Uint64().Draw(t, "seed"))
		schema := allTypes()
		c := randomConfig(pick)
		c.Level = 1
		p := newTestParquet(t, mem, c)
		var groups []arrow.Record
		for range 1 + pick(2) {
			groups = append(groups, randomRecord(mem, schema, 1+pick(60), values))
		}
		prune(t, encodeFile(t, p, schema, 1<<16, groups...), values)
	})
}

// The same with groups of many pages: texts longer than bounds are, in runs that
// rise, fall or do neither, and pages of nulls between them.
func TestParquetPruningOfPages(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "binary", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "int64", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "float64", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "bbox", Type: pipelines.BBox, Nullable: true},
	}, nil)
	for seed := range uint64(4) {
		pick := seeded(seed)
		p := newTestParquet(t, mem, parquetConfig{Compression: "none", PageVersion: 1 + pick(2), Bloom: []string{"text", "int64", "float64"}})
		b := array.NewRecordBuilder(mem, schema)
		for i := range schema.NumFields() {
			runs(b.Field(i), pipelines.RowGroup, pick)
		}
		prune(t, encodeFile(t, p, schema, 1<<16, b.NewRecord()), pick)
	}
}

// runs appends n values in runs of nulls, of few long values or of short ones.
func runs(b array.Builder, n int, pick choice) {
	step := pick(3) - 1 // falling, equal, rising
	at, k := 0, 500_000
	for at < n {
		length := min(n-at, 1+pick(40000))
		switch pick(3) {
		case 0:
			b.AppendNulls(length)
		case 1:
			length = min(length, 3000)
			for range length {
				k += step
				appendRun(b, k, 700)
			}
		default:
			for range length {
				k += step
				appendRun(b, k, 0)
			}
		}
		at += length
		if pick(4) == 0 {
			k = pick(1_000_000)
		}
	}
}

func appendRun(b array.Builder, k, long int) {
	switch b := b.(type) {
	case *array.StructBuilder:
		b.Append(true)
		for f := range b.NumField() {
			b.FieldBuilder(f).(*array.Float64Builder).Append(float64(k + f))
		}
	case *array.StringBuilder:
		b.Append(strings.Repeat("é", 30) + numberText(k) + strings.Repeat("x", long))
	case *array.BinaryBuilder:
		b.Append(append(make([]byte, 62), numberText(k)+strings.Repeat("\xff", long)...))
	default:
		appendValue(b, k, 2, func(int) int { return 0 })
	}
}

func numberText(k int) string {
	b := []byte("0000000")
	for i := len(b) - 1; i >= 0; i-- {
		b[i] += byte(k % 10)
		k /= 10
	}
	return string(b)
}

// prune looks values up in every column chunk of a file, those it has and others.
func prune(t fataler, file []byte, pick choice) {
	t.Helper()
	f := openPruned(t, file)
	var probes [][]parquetgo.Value // by column, from all groups
	for _, g := range f.RowGroups() {
		for c, chunk := range g.ColumnChunks() {
			if c == len(probes) {
				probes = append(probes, nil)
			}
			for _, page := range pageValues(t, chunk) {
				for range min(3, len(page)) {
					if v := page[pick(len(page))]; !v.IsNull() && !isNaN(v) {
						probes[c] = append(probes[c], v)
					}
				}
			}
		}
	}
	for _, g := range f.RowGroups() {
		for c, chunk := range g.ColumnChunks() {
			l := lookUp{t, chunk, pageValues(t, chunk), orderIn(chunk)}
			l.seeks()
			for _, v := range append(probes[c], strangers(chunk.Type().Kind())...) {
				for _, op := range []string{"=", "<", ">="} {
					all := make([]int, len(l.pages))
					for i := range all {
						all[i] = i
					}
					if want, got := l.count(op, v, all), l.count(op, v, l.pruned(op, v)); got != want {
						t.Fatal("column", c, op, v, "finds", got, "of", want)
					}
				}
			}
		}
	}
}

func openPruned(t fataler, file []byte) *parquetgo.File {
	t.Helper()
	f, err := parquetgo.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func pageValues(t fataler, chunk parquetgo.ColumnChunk) (all [][]parquetgo.Value) {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, valuesOf(t, page))
	}
}

func valuesOf(t fataler, page parquetgo.Page) []parquetgo.Value {
	values := make([]parquetgo.Value, page.NumValues())
	if n, err := page.Values().ReadValues(values); n != len(values) {
		t.Fatal(n, err)
	}
	for i := range values {
		values[i] = values[i].Clone()
	}
	return values
}

// strangers are values that few files have; zeros are equal whatever their sign.
func strangers(k parquetgo.Kind) []parquetgo.Value {
	switch k {
	case parquetgo.Int32:
		return []parquetgo.Value{parquetgo.Int32Value(0), parquetgo.Int32Value(math.MaxInt32), parquetgo.Int32Value(77777)}
	case parquetgo.Int64:
		return []parquetgo.Value{parquetgo.Int64Value(0), parquetgo.Int64Value(math.MinInt64), parquetgo.Int64Value(77777)}
	case parquetgo.Double:
		return []parquetgo.Value{parquetgo.DoubleValue(0), parquetgo.DoubleValue(math.Copysign(0, -1)), parquetgo.DoubleValue(math.Inf(-1)), parquetgo.DoubleValue(0.3)}
	case parquetgo.ByteArray:
		return []parquetgo.Value{parquetgo.ByteArrayValue([]byte{}), parquetgo.ByteArrayValue([]byte(strings.Repeat("é", 32))), parquetgo.ByteArrayValue([]byte("zzz"))}
	}
	return nil
}

func isNaN(v parquetgo.Value) bool { return v.Kind() == parquetgo.Double && math.IsNaN(v.Double()) }

// orderIn is the order of a chunk's type, -0 being 0.
func orderIn(chunk parquetgo.ColumnChunk) func(x, y parquetgo.Value) int {
	switch chunk.Type().Kind() {
	case parquetgo.Double:
		return func(x, y parquetgo.Value) int { return cmp.Compare(x.Double(), y.Double()) }
	case parquetgo.FixedLenByteArray:
		// This reader compares long decimals without their sign; the format does not.
		return func(x, y parquetgo.Value) int { return compareSigned(x.ByteArray(), y.ByteArray()) }
	}
	return chunk.Type().Compare
}

type lookUp struct {
	fataler
	chunk parquetgo.ColumnChunk
	pages [][]parquetgo.Value
	order func(x, y parquetgo.Value) int
}

// seeks reads each page by the row where the offset index says it starts.
func (l lookUp) seeks() {
	offsets, err := l.chunk.OffsetIndex()
	if err != nil || offsets.NumPages() != len(l.pages) {
		l.Fatal("an offset index of other pages:", err)
	}
	pages := l.chunk.Pages()
	defer pages.Close()
	for i := len(l.pages) - 1; i >= 0; i-- {
		if err := pages.SeekToRow(offsets.FirstRowIndex(i)); err != nil {
			l.Fatal(err)
		}
		page, err := pages.ReadPage()
		if err != nil {
			l.Fatal(err)
		}
		got := valuesOf(l, page)
		for k, v := range l.pages[i] {
			if k >= len(got) || !parquetgo.DeepEqual(v, got[k]) && !(isNaN(v) && isNaN(got[k])) {
				l.Fatal("page", i, "is another when it is looked for")
			}
		}
	}
}

// count is how many values of some pages a predicate selects.
func (l lookUp) count(op string, v parquetgo.Value, pages []int) (n int) {
	for _, p := range pages {
		for _, x := range l.pages[p] {
			if !x.IsNull() && !isNaN(x) && selects(op, l.order(x, v)) {
				n++
			}
		}
	}
	return n
}

func selects(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "<":
		return order < 0
	}
	return order >= 0
}

// mayHold says whether values between two bounds may be selected.
func (l lookUp) mayHold(op string, v, lo, hi parquetgo.Value) bool {
	switch op {
	case "=":
		return l.order(lo, v) <= 0 && l.order(v, hi) <= 0
	case "<":
		return l.order(lo, v) < 0
	}
	return l.order(hi, v) >= 0
}

// pruned are the pages that a reader would read.
func (l lookUp) pruned(op string, v parquetgo.Value) (pages []int) {
	if s, ok := l.chunk.(*parquetgo.FileColumnChunk); !ok {
		l.Fatal("no statistics")
	} else if lo, hi, ok := s.Bounds(); ok && !l.mayHold(op, v, lo, hi) {
		return nil
	}
	if filter := l.chunk.BloomFilter(); op == "=" && filter != nil {
		if may, err := filter.Check(v); err != nil {
			l.Fatal(err)
		} else if !may {
			return nil
		}
	}
	index, err := l.chunk.ColumnIndex()
	from := 0
	if err == nil && op == "=" {
		from = parquetgo.Find(index, v, parquetgo.CompareNullsLast(l.order))
	}
	for p := from; p < len(l.pages); p++ {
		if err != nil || !index.NullPage(p) && l.mayHold(op, v, index.MinValue(p), index.MaxValue(p)) {
			pages = append(pages, p)
		}
	}
	return pages
}
