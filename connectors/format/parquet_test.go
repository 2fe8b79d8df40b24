package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var allParquetTypes = []arrow.DataType{
	arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
	&arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 18, Scale: 0},
	&arrow.Decimal128Type{Precision: 19, Scale: 19}, &arrow.Decimal128Type{Precision: 38, Scale: 9},
	arrow.FixedWidthTypes.Date32, pipelines.Instant, arrow.BinaryTypes.String, arrow.BinaryTypes.Binary,
	arrow.ListOf(arrow.BinaryTypes.String), pipelines.BBox, arrow.Null,
}

// allTypes is a schema with one column of each type.
func allTypes() *arrow.Schema {
	var fs []arrow.Field
	for _, t := range allParquetTypes {
		fs = append(fs, arrow.Field{Name: pipelines.TypeName(t), Type: t, Nullable: true})
	}
	return arrow.NewSchema(fs, nil)
}

// choice draws a number below n.
type choice func(n int) int

func drawn(t *rapid.T) choice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
}

func seeded(seed uint64) choice { return rand.New(rand.NewPCG(seed, 0)).IntN }

var (
	someTexts = []string{"", "é", "œuvre", "e\u0301", "Val-Fleuri", "\U0010ffff", strings.Repeat("a", 63) + "é", strings.Repeat("\U0010ffff", 40),
		strings.Repeat("z", 64), strings.Repeat("z", 65), strings.Repeat("long ", 80), "\ud7ff" + strings.Repeat("\ud7ff", 30)}
	someDoubles = []float64{0, math.Copysign(0, -1), 1, -1.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(),
		math.Float64frombits(0x7ff8000000000123)}
	someInts = []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 2024, 93784}
)

// fill appends n values of a column that has few or many distinct ones, rising
// ones, nulls only, or whatever comes.
func fill(b array.Builder, n int, pick choice) {
	mode := pick(6)
	for i := range n {
		if mode == 5 || mode > 0 && pick(4) == 0 {
			b.AppendNull()
			continue
		}
		appendValue(b, i, mode, pick)
	}
}

func appendValue(b array.Builder, i, mode int, pick choice) {
	k := pick(1 << 20)
	switch mode {
	case 1:
		k %= 3
	case 2:
		k = i
	}
	text := func() string {
		if mode == 3 {
			return someTexts[k%len(someTexts)]
		}
		return fmt.Sprintf("%07d", k)
	}
	integer := func() int64 {
		if mode == 3 {
			return someInts[k%len(someInts)]
		}
		return int64(k) - 5
	}
	switch b := b.(type) {
	case *array.NullBuilder:
		b.AppendNull()
	case *array.BooleanBuilder:
		b.Append(k%2 == 0)
	case *array.Int32Builder:
		b.Append(int32(integer()))
	case *array.Int64Builder:
		b.Append(integer())
	case *array.Date32Builder:
		b.Append(arrow.Date32(integer()))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(integer()))
	case *array.Float64Builder:
		if mode == 3 {
			b.Append(someDoubles[k%len(someDoubles)])
		} else {
			b.Append(float64(k) / 4)
		}
	case *array.Decimal128Builder:
		b.Append(decimalOf(b.Type().(*arrow.Decimal128Type).Precision, integer(), k, mode))
	case *array.StringBuilder:
		b.Append(text())
	case *array.BinaryBuilder:
		if mode == 3 && k%5 == 0 {
			b.Append(bytes.Repeat([]byte{0xff}, 60+k%10))
		} else {
			b.Append([]byte(text()))
		}
	case *array.StructBuilder:
		b.Append(true)
		for f := range b.NumField() {
			appendValue(b.FieldBuilder(f), i, mode, pick)
		}
	case *array.ListBuilder:
		b.Append(true)
		for range pick(4) {
			fillOne(b.ValueBuilder(), i, mode, pick)
		}
	}
}

func fillOne(b array.Builder, i, mode int, pick choice) {
	if pick(5) == 0 {
		b.AppendNull()
	} else {
		appendValue(b, i, mode, pick)
	}
}

// decimalOf is a number of at most that many digits.
func decimalOf(precision int32, v int64, k, mode int) decimal128.Num {
	largest := decimal128.GetMaxValue(precision)
	if mode == 3 && k%2 == 0 {
		if k%4 == 0 {
			return largest
		}
		return largest.Negate()
	}
	n := decimal128.FromI64(v)
	if !n.FitsInPrecision(precision) {
		return decimal128.FromI64(v % 1000)
	}
	return n
}

func randomRecord(mem memory.Allocator, schema *arrow.Schema, n int, pick choice) arrow.Record {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for i := range schema.NumFields() {
		fill(b.Field(i), n, pick)
	}
	return b.NewRecord()
}

// valueAt is the value of row i, such that equal cells are the same value to the bit.
func valueAt(a arrow.Array, i int) any {
	if a.DataType().ID() == arrow.NULL || a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int32:
		return a.Value(i)
	case *array.Int64:
		return a.Value(i)
	case *array.Date32:
		return int32(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.Float64:
		return math.Float64bits(a.Value(i))
	case *array.Decimal128:
		return a.Value(i).BigInt().String()
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.Binary:
		return string(a.Value(i))
	case *array.List:
		from, to := a.ValueOffsets(i)
		list := []any{}
		for j := from; j < to; j++ {
			list = append(list, valueAt(a.ListValues(), int(j)))
		}
		return list
	case *array.Struct:
		box := []any{}
		for f := range a.NumField() {
			box = append(box, valueAt(a.Field(f), i))
		}
		return box
	}
	panic(a.DataType().String())
}

// columnsOf are the cells of the records by column.
func columnsOf(schema *arrow.Schema, recs ...arrow.Record) [][]any {
	cols := make([][]any, schema.NumFields())
	for _, r := range recs {
		for c := range cols {
			for i := range int(r.NumRows()) {
				cols[c] = append(cols[c], valueAt(r.Column(c), i))
			}
		}
	}
	return cols
}

// difference is the first cell that differs, or "".
func difference(want, got [][]any) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d columns instead of %d", len(got), len(want))
	}
	for c := range want {
		if len(want[c]) != len(got[c]) {
			return fmt.Sprintf("column %d has %d rows instead of %d", c, len(got[c]), len(want[c]))
		}
		for i, v := range want[c] {
			if !reflect.DeepEqual(v, got[c][i]) {
				return fmt.Sprintf("column %d, row %d: %.99v instead of %.99v", c, i, got[c][i], v)
			}
		}
	}
	return ""
}

func newTestParquet(tb fataler, mem memory.Allocator, c parquetConfig) *parquet {
	def := Parquet.New().(parquetConfig)
	if c.Compression == "" {
		c.Compression = def.Compression
	}
	if c.Level == 0 {
		c.Level = def.Level
	}
	c.Decimal = def.Decimal
	if c.PageVersion == 0 {
		c.PageVersion = def.PageVersion
	}
	if err := c.Validate(); err != nil {
		tb.Fatal(err)
	}
	w, err := newParquet(pipelines.Env{Allocator: mem}, c)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

type fataler interface {
	Fatal(...any)
	Helper()
}

// encodeFile writes groups of records, each record cut into pieces of at most cut rows.
func encodeFile(tb fataler, p *parquet, schema *arrow.Schema, cut int64, groups ...arrow.Record) []byte {
	tb.Helper()
	var out bytes.Buffer
	f, err := p.Begin(&out, schema, About{Software: "lavoir test", Metadata: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		tb.Fatal(err)
	}
	for _, g := range groups {
		var batches []pipelines.Batch
		for i := int64(0); i < g.NumRows(); i += cut {
			batches = append(batches, pipelines.Batch{Record: g.NewSlice(i, min(i+cut, g.NumRows()))})
		}
		e, err := f.Encode(context.Background(), batches)
		for _, b := range batches {
			b.Release()
		}
		if err != nil {
			tb.Fatal(err)
		}
		if err := f.Append(e); err != nil {
			tb.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// reopen reads the file back by Open.
func reopen(p *parquet, b []byte, schema *arrow.Schema) (cols [][]any, err error) {
	s, err := p.Open(context.Background(), bytes.NewReader(b), int64(len(b)), schema)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	cols = make([][]any, schema.NumFields())
	err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		defer b.Release()
		for c, more := range columnsOf(schema, b.Record) {
			cols[c] = append(cols[c], more...)
		}
		return nil
	})
	return cols, err
}

func auditFile(p *parquet, b []byte) error {
	return p.Audit(context.Background(), bytes.NewReader(b), int64(len(b)))
}

func randomConfig(pick choice) parquetConfig {
	c := parquetConfig{
		Compression: []string{"zstd", "snappy", "none"}[pick(3)], Level: 1 + pick(22), PageVersion: 1 + pick(2),
		Metadata: map[string]string{"c": "é"},
	}
	for _, t := range allParquetTypes {
		if t.ID() != arrow.BOOL && t.ID() != arrow.NULL && t.ID() != arrow.STRUCT && pick(2) == 0 {
			c.Bloom = append(c.Bloom, pipelines.TypeName(t))
		}
	}
	return c
}

func TestParquetRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		pick := drawn(t)
		schema := allTypes()
		p := newTestParquet(t, mem, randomConfig(pick))
		values := seeded(rapid.Uint64().Draw(t, "seed"))
		var groups []arrow.Record
		for range pick(3) {
			whole := randomRecord(mem, schema, pick(60), values)
			from := int64(pick(int(whole.NumRows()) + 1))
			groups = append(groups, whole.NewSlice(from, whole.NumRows()))
			whole.Release()
		}
		b := encodeFile(t, p, schema, int64(1+pick(70)), groups...)
		if err := auditFile(p, b); err != nil {
			t.Fatal(err)
		}
		got, err := reopen(p, b, schema)
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(columnsOf(schema, groups...), got); diff != "" {
			t.Fatal(diff)
		}
		for _, g := range groups {
			g.Release()
		}
		if n := mem.CurrentAlloc(); n != 0 {
			t.Fatal(n, "bytes left")
		}
	})
}

// TestParquetLarge has groups of several pages in every encoding, and values of 1 MiB.
func TestParquetLarge(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	for seed := range uint64(6) {
		pick := seeded(seed)
		p := newTestParquet(t, mem, randomConfig(pick))
		r := randomRecord(mem, schema, 40000, pick)
		b := encodeFile(t, p, schema, 1000+int64(pick(40000)), r)
		if err := auditFile(p, b); err != nil {
			t.Fatal(err)
		}
		got, err := reopen(p, b, schema)
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(columnsOf(schema, r), got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestParquetLongTexts(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "l", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(mem, schema)
	for i := range 7 {
		text := strings.Repeat(string(rune('a'+i))+"é", 1<<19)
		b.Field(0).(*array.StringBuilder).Append(text)
		b.Field(1).(*array.ListBuilder).Append(true)
		b.Field(1).(*array.ListBuilder).ValueBuilder().(*array.StringBuilder).AppendValues([]string{text, "", text}, nil)
	}
	r := b.NewRecord()
	for _, version := range []int{1, 2} {
		p := newTestParquet(t, mem, parquetConfig{PageVersion: version})
		file := encodeFile(t, p, schema, 3, r)
		if err := auditFile(p, file); err != nil {
			t.Fatal(err)
		}
		got, err := reopen(p, file, schema)
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(columnsOf(schema, r), got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Bytes depend on the rows of a group alone: not on how they were cut, nor on
// what an encoder wrote before (invariant 2).
func TestParquetSameBytes(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	for _, compression := range []string{"zstd", "snappy", "none"} {
		p := newTestParquet(t, mem, parquetConfig{Compression: compression, Bloom: []string{"int64", "text"}})
		r := randomRecord(mem, schema, 3000, seeded(1))
		other := randomRecord(mem, schema, 9000, seeded(2))
		want := encodeFile(t, p, schema, 1<<16, r, other, r)
		for _, cut := range []int64{1, 7, 1024} {
			if got := encodeFile(t, p, schema, cut, r, other, r); !bytes.Equal(want, got) {
				t.Errorf("%s: cut by %d rows, the bytes differ", compression, cut)
			}
		}
		f, err := p.Begin(io.Discard, schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for range 5 {
			e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: r}})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = bytes.Clone(e.(*rowGroup).encoder.out)
			} else if !bytes.Equal(first, e.(*rowGroup).encoder.out) {
				t.Errorf("%s: a used encoder gives other bytes", compression)
			}
			if err := f.Append(e); err != nil {
				t.Fatal(err)
			}
			for _, seed := range []uint64{3, 4} {
				e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: randomRecord(mem, schema, 5000, seeded(seed))}})
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Append(e); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The bytes are the same on every platform, and change only with the format version.
func TestParquetGoldenBytes(t *testing.T) {
	mem := memory.NewGoAllocator()
	want := map[string]string{
		"zstd":   "ca9be3238170da4532d2e8b74e51268c53127cf6b104924e08c5d5cb80939fa2",
		"snappy": "dc62334e37244620e13e6d09d5c7a86c01a97f739000255d55fe9c41a6cab4fa",
		"none":   "791e8808e280cb5cbe22d3c4082ae0ee4c0215efe3b119e093a33484a01e3799",
		"box":    "39129d181775df366c8cef9c49f02e938c5fcbd5eaf58acc92e33966c24e6067",
	}
	all := allTypes()
	box := all.FieldIndices("bbox")[0]
	for compression, sum := range want {
		config := parquetConfig{Compression: compression, Bloom: []string{"text"}}
		schema := arrow.NewSchema(slices.Delete(all.Fields(), box, box+1), nil)
		if compression == "box" {
			config, schema = parquetConfig{}, arrow.NewSchema(all.Fields()[box:box+1], nil)
		}
		p := newTestParquet(t, mem, config)
		b := encodeFile(t, p, schema, 1<<16, randomRecord(mem, schema, 50000, seeded(11)), randomRecord(mem, schema, 100, seeded(12)))
		got := sha256.Sum256(b)
		if hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: %x, want %s", compression, got, sum)
		}
	}
}

func TestParquetEmpty(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := allTypes()
	p := newTestParquet(t, mem, parquetConfig{})
	none := randomRecord(mem, schema, 0, seeded(0))
	defer none.Release()
	without, with := encodeFile(t, p, schema, 1), encodeFile(t, p, schema, 1, none, none)
	if !bytes.Equal(without, with) {
		t.Error("groups without rows leave a trace")
	}
	if err := auditFile(p, with); err != nil {
		t.Error(err)
	}
	cols, err := reopen(p, with, schema)
	if err != nil {
		t.Error(err)
	}
	for _, c := range cols {
		if len(c) != 0 {
			t.Error("rows out of nothing")
		}
	}
}

func TestParquetRefuses(t *testing.T) {
	field := func(name string, t arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: t, Nullable: true}
	}
	text := field("nom", arrow.BinaryTypes.String)
	for name, c := range map[string]struct {
		config parquetConfig
		fields []arrow.Field
		want   *messages.Message
	}{
		"nothing":        {parquetConfig{}, nil, messages.ParquetNoColumns},
		"twice":          {parquetConfig{}, []arrow.Field{text, text}, messages.DuplicateColumn},
		"naive instant":  {parquetConfig{}, []arrow.Field{field("h", &arrow.TimestampType{Unit: arrow.Microsecond})}, messages.ParquetType},
		"nanoseconds":    {parquetConfig{}, []arrow.Field{field("h", &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"})}, messages.ParquetType},
		"unsigned":       {parquetConfig{}, []arrow.Field{field("n", arrow.PrimitiveTypes.Uint32)}, messages.ParquetType},
		"list of int":    {parquetConfig{}, []arrow.Field{field("n", arrow.ListOf(arrow.PrimitiveTypes.Int32))}, messages.ParquetType},
		"struct":         {parquetConfig{}, []arrow.Field{field("s", arrow.StructOf(field("x", arrow.PrimitiveTypes.Float64)))}, messages.ParquetType},
		"nullable box":   {parquetConfig{}, []arrow.Field{field("s", nullableBox())}, messages.ParquetType},
		"bloom box":      {parquetConfig{Bloom: []string{"b"}}, []arrow.Field{field("b", pipelines.BBox)}, messages.ParquetBloomType},
		"sorted box":     {parquetConfig{SortedBy: []string{"b"}}, []arrow.Field{field("b", pipelines.BBox)}, messages.ParquetSortType},
		"bloom unknown":  {parquetConfig{Bloom: []string{"x"}}, []arrow.Field{text}, messages.UnknownColumn},
		"bloom bool":     {parquetConfig{Bloom: []string{"b"}}, []arrow.Field{field("b", arrow.FixedWidthTypes.Boolean)}, messages.ParquetBloomType},
		"sorted unknown": {parquetConfig{SortedBy: []string{"x"}}, []arrow.Field{text}, messages.UnknownColumn},
		"sorted double":  {parquetConfig{SortedBy: []string{"d"}}, []arrow.Field{field("d", arrow.PrimitiveTypes.Float64)}, messages.ParquetSortType},
	} {
		p := newTestParquet(t, memory.NewGoAllocator(), c.config)
		if err := p.Bind(arrow.NewSchema(c.fields, nil)); !messages.Has(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want.Code)
		}
	}
	for _, c := range []parquetConfig{{Level: 0, PageVersion: 1}, {Level: 23, PageVersion: 1}, {Level: 1, PageVersion: 3},
		{Level: 1, PageVersion: 1, Metadata: map[string]string{"ARROW:schema": "x"}}} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	p := newTestParquet(t, memory.NewGoAllocator(), parquetConfig{Metadata: map[string]string{"a": "1"}})
	if _, err := p.Begin(io.Discard, allTypes(), About{Metadata: map[string]string{"a": "2"}}); !messages.Has(err, messages.ParquetMetadata) {
		t.Error(err)
	}
}

// nullableBox is a box whose numbers may be null one by one.
func nullableBox() arrow.DataType {
	fs := pipelines.BBox.Fields()
	for i := range fs {
		fs[i].Nullable = true
	}
	return arrow.StructOf(fs...)
}

// What cannot be written exactly is an error, never another value.
func TestParquetRefusesValues(t *testing.T) {
	mem := memory.NewGoAllocator()
	least := decimal128.New(math.MinInt64, 0)
	for name, c := range map[string]struct {
		typ  arrow.DataType
		fill func(array.Builder)
		want *messages.Message
	}{
		"text":          {arrow.BinaryTypes.String, func(b array.Builder) { b.(*array.StringBuilder).Append("a\xff") }, messages.ParquetText},
		"9 digits":      {&arrow.Decimal128Type{Precision: 9}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(1e9)) }, messages.ParquetDecimal},
		"18 digits":     {&arrow.Decimal128Type{Precision: 18}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.New(1, 0)) }, messages.ParquetDecimal},
		"18 digits min": {&arrow.Decimal128Type{Precision: 18}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(least) }, messages.ParquetDecimal},
		"38 digits": {&arrow.Decimal128Type{Precision: 38}, func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.GetMaxValue(38).Add(decimal128.FromI64(1)))
		}, messages.ParquetDecimal},
		"half a box": {pipelines.BBox, func(b array.Builder) {
			box := b.(*array.StructBuilder)
			box.AppendValues([]bool{true})
			for f := range box.NumField() {
				box.FieldBuilder(f).AppendNull()
			}
		}, messages.SchemaBroken},
		"38 digits min": {&arrow.Decimal128Type{Precision: 38}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(least) }, messages.ParquetDecimal},
	} {
		schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: c.typ, Nullable: true}}, nil)
		rb := array.NewRecordBuilder(mem, schema)
		c.fill(rb.Field(0))
		f, err := newTestParquet(t, mem, parquetConfig{}).Begin(io.Discard, schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Encode(context.Background(), []pipelines.Batch{{Record: rb.NewRecord()}}); !messages.Has(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParquetCancelled(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	p := newTestParquet(t, mem, parquetConfig{})
	r := randomRecord(mem, schema, 10, seeded(0))
	b := encodeFile(t, p, schema, 10, r)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f, err := p.Begin(io.Discard, schema, About{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Encode(ctx, []pipelines.Batch{{Record: r}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := p.Audit(ctx, bytes.NewReader(b), int64(len(b))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A writer that fails at its k-th write makes Begin, Append or Close fail.
func TestParquetWriteFails(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	p := newTestParquet(t, mem, parquetConfig{})
	r := randomRecord(mem, schema, 10, seeded(0))
	attempt := func(k int) error {
		f, err := p.Begin(&failing{k}, schema, About{})
		if err != nil {
			return err
		}
		e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: r}})
		if err != nil {
			return err
		}
		if err := f.Append(e); err != nil {
			return err
		}
		return f.Close()
	}
	k := 0
	for ; attempt(k) != nil; k++ {
		if !errors.Is(attempt(k), io.ErrClosedPipe) {
			t.Fatal(attempt(k))
		}
	}
	if k < 4 {
		t.Error("too few writes:", k)
	}
}

type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left == 0 {
		return 0, io.ErrClosedPipe
	}
	f.left--
	return len(b), nil
}
