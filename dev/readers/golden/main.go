// Command golden writes Parquet files of every type, compression and page
// version into a folder, and beside each the values it holds as JSON, for
// readers that are not ours to compare.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: golden <folder>")
	}
	if err := writeAll(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

var types = []struct {
	name string
	typ  arrow.DataType
}{
	{"bool", arrow.FixedWidthTypes.Boolean},
	{"int32", arrow.PrimitiveTypes.Int32},
	{"int64", arrow.PrimitiveTypes.Int64},
	{"float64", arrow.PrimitiveTypes.Float64},
	{"number", arrow.PrimitiveTypes.Float64}, // without NaN, so with statistics
	{"dec9_2", &arrow.Decimal128Type{Precision: 9, Scale: 2}},
	{"dec14_2", &arrow.Decimal128Type{Precision: 14, Scale: 2}},
	{"dec20_5", &arrow.Decimal128Type{Precision: 20, Scale: 5}},
	{"dec38_9", &arrow.Decimal128Type{Precision: 38, Scale: 9}},
	{"date", arrow.FixedWidthTypes.Date32},
	{"timestamp", pipelines.Instant},
	{"text", arrow.BinaryTypes.String},
	{"binary", arrow.BinaryTypes.Binary},
	{"list", arrow.ListOf(arrow.BinaryTypes.String)},
	{"bbox", pipelines.BBox},
	{"null", arrow.Null},
}

func schema() *arrow.Schema {
	var fs []arrow.Field
	for _, t := range types {
		fs = append(fs, arrow.Field{Name: t.name, Type: t.typ, Nullable: true})
	}
	return arrow.NewSchema(fs, nil)
}

func writeAll(folder string) error {
	s := schema()
	for _, compression := range []string{"zstd", "snappy", "none"} {
		for _, version := range []int{1, 2} {
			config := fmt.Sprintf("compression = %q\npage_version = %d\nbloom = [\"text\", \"int64\", \"dec14_2\", \"date\"]\n", compression, version)
			name := fmt.Sprintf("%s_v%d", compression, version)
			if err := write(folder, name, config, s, random(s, 500, 1, mixed), random(s, 300, 2, few)); err != nil {
				return err
			}
		}
	}
	for name, groups := range map[string][]arrow.Record{
		"pages":  {random(s, 65536, 3, many), random(s, 40000, 4, few), random(s, 35000, 5, rising)},
		"empty":  nil,
		"nulls":  {random(s, 2000, 6, nulls)},
		"one":    {random(s, 1, 7, rising)},
		"long":   {long(s)},
		"single": {random(s, 5000, 8, constant)},
	} {
		for _, version := range []int{1, 2} {
			if err := write(folder, fmt.Sprintf("%s_v%d", name, version), fmt.Sprintf("page_version = %d", version), s, groups...); err != nil {
				return err
			}
		}
	}
	// What statistics, page index and bloom filters prune is looked for in these; the
	// first has a zero of one sign and no other.
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		groups := []arrow.Record{random(s, 200, 100+10*seed, few)}
		for g := range r.Uint64N(3) * min(seed, 1) {
			groups = append(groups, random(s, 1+r.IntN(700), 101+10*seed+g, mode(r.IntN(int(nulls)))))
		}
		config := fmt.Sprintf("page_version = %d\nbloom = %s\n", 1+seed%2, prunable)
		if err := write(folder, fmt.Sprintf("prune_%d", seed), config, s, groups...); err != nil {
			return err
		}
	}
	g, config := geometries()
	return write(folder, "geo", config, g.Schema(), g)
}

// geometries are points of a small map with their boxes, described by the key
// geo as GeoParquet 1.1 wants it.
func geometries() (r arrow.Record, config string) {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "geometry", Type: arrow.BinaryTypes.Binary, Nullable: true}, {Name: "bbox", Type: pipelines.BBox, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), s)
	for i := range 100 {
		if i%10 == 9 {
			b.Field(0).AppendNull()
			b.Field(1).AppendNull()
			continue
		}
		x, y := -4.8+float64(i)/64, 48.4
		wkb := []byte{1, 1, 0, 0, 0} // little-endian, a point
		wkb = binary.LittleEndian.AppendUint64(wkb, math.Float64bits(x))
		b.Field(0).(*array.BinaryBuilder).Append(binary.LittleEndian.AppendUint64(wkb, math.Float64bits(y)))
		box := b.Field(1).(*array.StructBuilder)
		box.Append(true)
		for k, v := range []float64{x, y, x, y} {
			box.FieldBuilder(k).(*array.Float64Builder).Append(v)
		}
	}
	geo := `{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","geometry_types":["Point"],` +
		`"covering":{"bbox":{"xmin":["bbox","xmin"],"ymin":["bbox","ymin"],"xmax":["bbox","xmax"],"ymax":["bbox","ymax"]}}}}}`
	return b.NewRecord(), fmt.Sprintf("metadata = { geo = %q }\n", geo)
}

const prunable = `["int32", "int64", "float64", "number", "dec9_2", "dec14_2", "dec20_5", "dec38_9", "date", "timestamp", "text", "binary"]`

// write makes <name>.parquet and <name>.json.
func write(folder, name, config string, s *arrow.Schema, groups ...arrow.Record) error {
	body, diags := hclsyntax.ParseConfig([]byte(config), name, hcl.InitialPos)
	if diags.HasErrors() {
		return diags
	}
	c, diags := format.Parquet.Decode(nil, body.Body, nil)
	if diags.HasErrors() {
		return diags
	}
	built := pipelines.Built{Component: format.Parquet, Config: c}
	codec, err := pipelines.As[format.Writer](built, pipelines.Env{Allocator: memory.NewGoAllocator()})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	f, err := codec.Begin(&out, s, format.About{Software: "lavoir golden files", Metadata: map[string]string{"titre": "Val-Fleuri"}})
	if err != nil {
		return err
	}
	for _, g := range groups {
		e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: g}})
		if err != nil {
			return err
		}
		if err := f.Append(e); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := codec.Audit(context.Background(), bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".parquet"), out.Bytes(), 0o644); err != nil {
		return err
	}
	b, err := json.Marshal(wanted(s, groups))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".json"), b, 0o644)
}

type want struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Scale  int32  `json:"scale"`
	Values []any  `json:"values"`
}

// wanted is every value as a text that no reader can round: integers, unscaled
// decimals, days and microseconds in digits, doubles as their bits, bytes in
// hexadecimal.
func wanted(s *arrow.Schema, groups []arrow.Record) []want {
	var ws []want
	for i, f := range s.Fields() {
		w := want{Name: f.Name, Type: f.Type.Name(), Values: []any{}}
		if d, ok := f.Type.(*arrow.Decimal128Type); ok {
			w.Scale = d.Scale
		}
		for _, g := range groups {
			for row := range int(g.NumRows()) {
				w.Values = append(w.Values, text(g.Column(i), row))
			}
		}
		ws = append(ws, w)
	}
	return ws
}

func text(a arrow.Array, i int) any {
	if a.DataType().ID() == arrow.NULL || a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return strconv.FormatBool(a.Value(i))
	case *array.Int32:
		return strconv.Itoa(int(a.Value(i)))
	case *array.Int64:
		return strconv.FormatInt(a.Value(i), 10)
	case *array.Date32:
		return strconv.Itoa(int(a.Value(i)))
	case *array.Timestamp:
		return strconv.FormatInt(int64(a.Value(i)), 10)
	case *array.Float64:
		if v := a.Value(i); v != v {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(a.Value(i)))
	case *array.Decimal128:
		return a.Value(i).BigInt().String()
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return hex.EncodeToString(a.Value(i))
	case *array.List:
		from, to := a.ValueOffsets(i)
		list := []any{}
		for j := from; j < to; j++ {
			list = append(list, text(a.ListValues(), int(j)))
		}
		return list
	case *array.Struct:
		box := []any{}
		for k := range a.NumField() {
			box = append(box, text(a.Field(k), i))
		}
		return box
	}
	panic(a.DataType().String())
}

// mode is what the values of a column are like.
type mode int

const (
	mixed    mode = iota // extremes among others
	few                  // a dictionary pays
	many                 // it does not
	rising               // sorted, so that pages can be skipped
	constant             // one value and nulls
	nulls                // nothing else
)

func random(s *arrow.Schema, n int, seed uint64, m mode) arrow.Record {
	r := rand.New(rand.NewPCG(seed, 0))
	b := array.NewRecordBuilder(memory.NewGoAllocator(), s)
	for i := range s.NumFields() {
		for row := range n {
			if m == nulls || m != rising && r.IntN(8) == 0 {
				b.Field(i).AppendNull()
				continue
			}
			k := int64(row)
			switch m {
			case mixed, many:
				k = r.Int64N(1 << 40)
			case few:
				k = r.Int64N(5)
			case constant:
				k = 7
			}
			add(b.Field(i), s.Field(i).Name, k, m == mixed && r.IntN(2) == 0, r)
		}
	}
	return b.NewRecord()
}

var (
	texts = []string{"", "é", "œuvre", "e\u0301", "\U0001f9fa linge", strings.Repeat("lavoir ", 30), strings.Repeat("é", 40), "\U0010ffff",
		strings.Repeat("\U0010ffff", 20), "a\x00b", "\"quoted\"\n"}
	integers = []int64{0, -1, math.MaxInt64, math.MinInt64, math.MaxInt32, math.MinInt32}
	doubles  = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, -1e-300}
)

// The first and last day and instant of four-digit years, which all readers show.
const (
	firstDay, lastDay = -719162, 2932896
	dayMicros         = 86400 * 1000000
)

func add(b array.Builder, name string, k int64, extreme bool, r *rand.Rand) {
	switch b := b.(type) {
	case *array.NullBuilder:
		b.AppendNull()
	case *array.BooleanBuilder:
		b.Append(k%2 == 0)
	case *array.Int32Builder:
		if extreme {
			k = integers[r.IntN(len(integers))]
		}
		b.Append(int32(k))
	case *array.Int64Builder:
		if extreme {
			k = integers[r.IntN(len(integers))]
		}
		b.Append(k)
	case *array.Date32Builder:
		if extreme {
			b.Append([]arrow.Date32{firstDay, lastDay, -1, 0}[r.IntN(4)])
		} else {
			b.Append(arrow.Date32(k % 20000))
		}
	case *array.TimestampBuilder:
		if extreme {
			k = []int64{firstDay * dayMicros, lastDay*dayMicros + dayMicros - 1, -1, 1}[r.IntN(4)]
		}
		b.Append(arrow.Timestamp(k))
	case *array.Float64Builder:
		switch {
		case extreme && name == "float64" && r.IntN(4) == 0:
			b.Append(math.NaN())
		case extreme:
			b.Append(doubles[r.IntN(len(doubles))])
		default:
			b.Append(float64(k) / 8)
		}
	case *array.Decimal128Builder:
		largest := decimal128.GetMaxValue(b.Type().(*arrow.Decimal128Type).Precision)
		switch {
		case extreme && r.IntN(2) == 0:
			b.Append(largest)
		case extreme:
			b.Append(largest.Negate())
		default:
			b.Append(decimal128.FromI64(k%1000000000 - 5))
		}
	case *array.StringBuilder:
		if extreme {
			b.Append(texts[r.IntN(len(texts))])
		} else {
			b.Append(fmt.Sprintf("%09d é", k))
		}
	case *array.BinaryBuilder:
		if extreme {
			b.Append(bytes.Repeat([]byte{0xff}, r.IntN(90)))
		} else {
			b.Append([]byte{byte(k), 0, byte(k >> 8), 0x80})
		}
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			add(b.FieldBuilder(i), "number", k+int64(i), extreme, r)
		}
	case *array.ListBuilder:
		b.Append(true)
		for range r.IntN(4) {
			if r.IntN(5) == 0 {
				b.ValueBuilder().AppendNull()
			} else {
				add(b.ValueBuilder(), name, k, extreme, r)
			}
		}
	}
}

// long has texts of a mebibyte, which make a page each.
func long(s *arrow.Schema) arrow.Record {
	r := rand.New(rand.NewPCG(9, 0))
	b := array.NewRecordBuilder(memory.NewGoAllocator(), s)
	for row := range 4 {
		for i, f := range s.Fields() {
			switch fb := b.Field(i).(type) {
			case *array.StringBuilder:
				fb.Append(strings.Repeat(fmt.Sprintf("é%d ", row), 1<<18))
			default:
				add(b.Field(i), f.Name, int64(row), false, r)
			}
		}
	}
	return b.NewRecord()
}
