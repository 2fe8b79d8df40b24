package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/big"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Readers that are not ours read the same values.
func TestParquetOtherReaders(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	for seed := range uint64(12) {
		pick := seeded(seed)
		config := randomConfig(pick)
		p := newTestParquet(t, mem, config)
		rows := []int{0, 1, 50, 3000, 20000}[pick(5)]
		groups := []arrow.Record{randomRecord(mem, schema, rows, pick), randomRecord(mem, schema, 300, pick)}
		b := encodeFile(t, p, schema, 1<<16, groups...)
		want := columnsOf(schema, groups...)
		t.Logf("%s, pages %d, %d rows", config.Compression, config.PageVersion, rows)
		if diff := difference(want, readByArrow(t, b, schema)); diff != "" {
			t.Errorf("arrow: %s", diff)
		}
		if diff := difference(want, readByParquetGo(t, b, schema)); diff != "" {
			t.Errorf("parquet-go: %s", diff)
		}
		findByParquetGo(t, b)
	}
}

// readByArrow also checks that the Arrow schema comes back as it was.
func readByArrow(t *testing.T, b []byte, schema *arrow.Schema) [][]any {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1 << 20}, memory.NewGoAllocator())
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range got.Fields() {
		if want := schema.Field(i); field.Name != want.Name || !field.Nullable || pipelines.TypeName(field.Type) != pipelines.TypeName(want.Type) {
			t.Errorf("arrow: column %s is %s", want, field)
		}
		if ts, ok := field.Type.(*arrow.TimestampType); ok && !arrow.TypeEqual(ts, pipelines.Instant) { // the struct also caches its zone
			t.Errorf("arrow: instants are %s", ts)
		}
	}
	table, err := r.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	cols := make([][]any, schema.NumFields())
	for c := range cols {
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				cols[c] = append(cols[c], valueAt(chunk, i))
			}
		}
	}
	return cols
}

func openByParquetGo(t *testing.T, b []byte) *parquetgo.File {
	t.Helper()
	f, err := parquetgo.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readByParquetGo(t *testing.T, b []byte, schema *arrow.Schema) [][]any {
	t.Helper()
	cols := make([][]any, schema.NumFields())
	for _, g := range openByParquetGo(t, b).RowGroups() {
		chunks := g.ColumnChunks()
		for c := range cols {
			typ := schema.Field(c).Type
			chunk := chunks[0]
			chunks = chunks[1:]
			if typ.ID() == arrow.STRUCT {
				boxes := append([]parquetgo.ColumnChunk{chunk}, chunks[:3]...)
				chunks = chunks[3:]
				cols[c] = append(cols[c], boxesByParquetGo(t, boxes)...)
				continue
			}
			eachPage(t, chunk, func(values []parquetgo.Value) {
				for _, v := range values {
					if typ.ID() != arrow.LIST {
						cols[c] = append(cols[c], parquetGoCell(typ, v))
						continue
					}
					if v.RepetitionLevel() == 0 && v.DefinitionLevel() == 0 {
						cols[c] = append(cols[c], nil)
						continue
					}
					if v.RepetitionLevel() == 0 {
						cols[c] = append(cols[c], []any{})
					}
					if v.DefinitionLevel() >= 2 {
						last := &cols[c][len(cols[c])-1]
						*last = append((*last).([]any), parquetGoCell(arrow.BinaryTypes.String, v))
					}
				}
			})
		}
	}
	return cols
}

// boxesByParquetGo puts the fields of bounding boxes together.
func boxesByParquetGo(t *testing.T, fields []parquetgo.ColumnChunk) (boxes []any) {
	t.Helper()
	for k, chunk := range fields {
		row := 0
		eachPage(t, chunk, func(values []parquetgo.Value) {
			for _, v := range values {
				cell := parquetGoCell(arrow.PrimitiveTypes.Float64, v)
				switch {
				case k == 0 && cell == nil:
					boxes = append(boxes, nil)
				case k == 0:
					boxes = append(boxes, []any{cell})
				case (cell == nil) != (boxes[row] == nil):
					t.Fatal("a box that is null in part")
				case cell != nil:
					boxes[row] = append(boxes[row].([]any), cell)
				}
				row++
			}
		})
	}
	return boxes
}

func eachPage(t *testing.T, chunk parquetgo.ColumnChunk, do func([]parquetgo.Value)) {
	t.Helper()
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		values := make([]parquetgo.Value, page.NumValues())
		if n, err := page.Values().ReadValues(values); n != len(values) {
			t.Fatal(n, err)
		}
		do(values)
	}
}

func parquetGoCell(t arrow.DataType, v parquetgo.Value) any {
	if v.IsNull() {
		return nil
	}
	switch t := t.(type) {
	case *arrow.BooleanType:
		return v.Boolean()
	case *arrow.Int32Type, *arrow.Date32Type:
		return v.Int32()
	case *arrow.Int64Type, *arrow.TimestampType:
		return v.Int64()
	case *arrow.Float64Type:
		return math.Float64bits(v.Double())
	case *arrow.Decimal128Type:
		switch {
		case t.Precision <= 9:
			return big.NewInt(int64(v.Int32())).String()
		case t.Precision <= 18:
			return big.NewInt(v.Int64()).String()
		}
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		return n.String()
	}
	return string(v.ByteArray())
}

// findByParquetGo looks every value up by column index and bloom filter.
func findByParquetGo(t *testing.T, b []byte) {
	t.Helper()
	for _, g := range openByParquetGo(t, b).RowGroups() {
		for _, chunk := range g.ColumnChunks() {
			index, err := chunk.ColumnIndex()
			if err != nil {
				continue // a NaN
			}
			filter := chunk.BloomFilter()
			compare := chunk.Type().Compare
			if chunk.Type().Kind() == parquetgo.FixedLenByteArray {
				// This reader compares long decimals without their sign; the format does not.
				compare = func(x, y parquetgo.Value) int { return compareSigned(x.ByteArray(), y.ByteArray()) }
			}
			number := 0
			eachPage(t, chunk, func(values []parquetgo.Value) {
				for _, v := range values {
					if v.IsNull() {
						continue
					}
					if index.NullPage(number) || compare(index.MinValue(number), v) > 0 || compare(v, index.MaxValue(number)) > 0 {
						t.Errorf("page %d of column %d excludes a value it has", number, chunk.Column())
					}
					if filter != nil {
						if ok, err := filter.Check(v); !ok || err != nil {
							t.Errorf("bloom filter of column %d excludes a value it has: %v", chunk.Column(), err)
						}
					}
				}
				number++
			})
		}
	}
}
