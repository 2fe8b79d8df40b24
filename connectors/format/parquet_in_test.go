package format

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	arrowparquet "github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func parquetFrom(t csvTB, mem memory.Allocator, config string) *parquet {
	return codecFrom[*parquet](t, mem, Parquet, config)
}

// shown writes a value so that equal texts are equal values.
func shown(a arrow.Array, i int) string {
	if _, null := a.(*array.Null); null || a.IsNull(i) {
		return `\N`
	}
	switch a := a.(type) {
	case *array.Float64:
		if v := a.Value(i); v == v {
			return strconv.FormatUint(math.Float64bits(v), 16)
		}
		return "NaN"
	case *array.Date32:
		return strconv.Itoa(int(a.Value(i)))
	case *array.Timestamp:
		return strconv.FormatInt(int64(a.Value(i)), 10)
	case *array.Binary:
		return hex.EncodeToString(a.Value(i))
	case *array.List:
		start, end := a.ValueOffsets(i)
		var items []string
		for j := start; j < end; j++ {
			items = append(items, shown(a.ListValues(), int(j)))
		}
		return "[" + strings.Join(items, "|") + "]"
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Struct:
		var fields []string
		for j := range a.NumField() {
			fields = append(fields, shown(a.Field(j), i))
		}
		return "{" + strings.Join(fields, "|") + "}"
	}
	return a.ValueStr(i)
}

// foreignTable is a file as it is read: columns of texts.
type foreignTable struct {
	types   []string
	cells   [][]string
	rejects []string // "line column code"
}

func readForeign(t testing.TB, r Reader, in Input) (table foreignTable, err error) {
	t.Helper()
	ctx := context.Background()
	chunks, err := r.Chunks(ctx, in)
	if err != nil {
		return table, err
	}
	defer chunks.Close()
	for _, f := range chunks.Schema().Fields() {
		table.types = append(table.types, f.Name+" "+pipelines.TypeName(f.Type))
	}
	table.cells = make([][]string, len(table.types))
	var waiting []pipelines.Chunk // decoded in any order
	for {
		chunk, err := chunks.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			for _, c := range waiting {
				c.Discard()
			}
			return table, err
		}
		waiting = append(waiting, chunk)
	}
	batches := make([]pipelines.Batch, len(waiting))
	for i := range waiting {
		at := len(waiting) - 1 - i
		b, e := waiting[at].Decode(ctx)
		if e != nil {
			err = e
			continue
		}
		batches[at] = b
	}
	for _, b := range batches {
		if b.Record == nil {
			continue
		}
		for c, col := range b.Columns() {
			for r := range col.Len() {
				table.cells[c] = append(table.cells[c], shown(col, r))
			}
		}
		if int(b.NumRows()) != len(b.Places.Lines) {
			t.Errorf("%d rows and %d places", b.NumRows(), len(b.Places.Lines))
		}
		for _, r := range b.Rejects {
			table.rejects = append(table.rejects, fmt.Sprint(r.Line, " ", r.Column, " ", r.Why.Code))
		}
		b.Release()
	}
	return table, err
}

// Files that this codec wrote are files like any other.
func TestParquetReadsItsOwn(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := allTypes()
	for seed := range uint64(12) {
		pick := seeded(seed)
		p := newTestParquet(t, mem, randomConfig(pick))
		var groups []arrow.Record
		for range 1 + pick(3) {
			groups = append(groups, randomRecord(mem, schema, []int{0, 1, 50, 3000, 20000}[pick(5)], pick))
		}
		b := encodeFile(t, p, schema, 1<<16, groups...)
		got, err := readForeign(t, p, inputOf(b))
		if err != nil {
			t.Fatal(err)
		}
		outside := map[string]bool{} // days that no calendar has
		for _, r := range got.rejects {
			line, what, _ := strings.Cut(r, " ")
			if outside[line] = true; what != "date "+messages.OutsideCalendar.Code && what != "timestamp "+messages.OutsideCalendar.Code {
				t.Errorf("a reject: %s", r)
			}
		}
		for c, f := range schema.Fields() {
			var want []string
			line := 0
			for _, g := range groups {
				for i := range int(g.NumRows()) {
					if line++; !outside[strconv.Itoa(line)] {
						want = append(want, shown(g.Column(c), i))
					}
				}
			}
			if !slices.Equal(want, got.cells[c]) {
				t.Errorf("column %s differs", f.Name)
			}
			if got.types[c] != f.Name+" "+pipelines.TypeName(f.Type) {
				t.Errorf("column %s is read as %s", f.Name, got.types[c])
			}
		}
		for _, g := range groups {
			g.Release()
		}
	}
}

// foreignColumn is a column of a type that lavoir does not have, and what becomes of it.
type foreignColumn struct {
	name string
	typ  arrow.DataType
	want string                                // the type that is read
	add  func(b array.Builder, k int64) string // appends a value and says how it is read
}

var foreignColumns = func() []foreignColumn {
	number := func(k int64) string { return strconv.FormatInt(k, 10) }
	double := func(v float64) string { return strconv.FormatUint(math.Float64bits(v), 16) }
	clock := func(k, unit int64, digits int) string {
		s := fmt.Sprintf("%02d:%02d:%02d", k/unit/3600, k/unit/60%60, k/unit%60)
		if k%unit != 0 {
			s += "." + strings.TrimRight(fmt.Sprintf("%0*d", digits, k%unit), "0")
		}
		return s
	}
	positive := func(k, n int64) int64 { return ((k % n) + n) % n }
	utc := func(u arrow.TimeUnit) arrow.DataType { return &arrow.TimestampType{Unit: u, TimeZone: "UTC"} }
	instant := func(scale int64) func(b array.Builder, k int64) string {
		return func(b array.Builder, k int64) string {
			micros := k % 60_000_000_000_000_000
			switch scale {
			case 1000:
				micros -= micros % 1000
				b.(*array.TimestampBuilder).Append(arrow.Timestamp(micros / 1000))
			case 1:
				b.(*array.TimestampBuilder).Append(arrow.Timestamp(micros))
			default:
				micros %= 9_000_000_000_000_000
				b.(*array.TimestampBuilder).Append(arrow.Timestamp(micros * 1000))
			}
			return number(micros)
		}
	}
	decimal := func(p, s int32) foreignColumn {
		return foreignColumn{fmt.Sprintf("dec%d", p), &arrow.Decimal128Type{Precision: p, Scale: s}, fmt.Sprintf("decimal(%d, %d)", p, s), func(b array.Builder, k int64) string {
			n := new(big.Int).Mul(big.NewInt(k), big.NewInt(k|1))
			n.Mul(n, big.NewInt(k>>3|1)).Rem(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(p)), nil))
			v := decimal128.FromBigInt(n)
			b.(*array.Decimal128Builder).Append(v)
			return v.ToString(s)
		}}
	}
	return []foreignColumn{
		{"bool", arrow.FixedWidthTypes.Boolean, "bool", func(b array.Builder, k int64) string {
			b.(*array.BooleanBuilder).Append(k%3 == 0)
			return strconv.FormatBool(k%3 == 0)
		}},
		{"i8", arrow.PrimitiveTypes.Int8, "int32", func(b array.Builder, k int64) string {
			b.(*array.Int8Builder).Append(int8(k))
			return number(int64(int8(k)))
		}},
		{"i16", arrow.PrimitiveTypes.Int16, "int32", func(b array.Builder, k int64) string {
			b.(*array.Int16Builder).Append(int16(k))
			return number(int64(int16(k)))
		}},
		{"i32", arrow.PrimitiveTypes.Int32, "int32", func(b array.Builder, k int64) string {
			b.(*array.Int32Builder).Append(int32(k))
			return number(int64(int32(k)))
		}},
		{"i64", arrow.PrimitiveTypes.Int64, "int64", func(b array.Builder, k int64) string {
			b.(*array.Int64Builder).Append(k)
			return number(k)
		}},
		{"u8", arrow.PrimitiveTypes.Uint8, "int32", func(b array.Builder, k int64) string {
			b.(*array.Uint8Builder).Append(uint8(k))
			return number(int64(uint8(k)))
		}},
		{"u16", arrow.PrimitiveTypes.Uint16, "int32", func(b array.Builder, k int64) string {
			b.(*array.Uint16Builder).Append(uint16(k))
			return number(int64(uint16(k)))
		}},
		{"u32", arrow.PrimitiveTypes.Uint32, "int64", func(b array.Builder, k int64) string {
			b.(*array.Uint32Builder).Append(uint32(k))
			return number(int64(uint32(k)))
		}},
		{"u64", arrow.PrimitiveTypes.Uint64, "decimal(20, 0)", func(b array.Builder, k int64) string {
			b.(*array.Uint64Builder).Append(uint64(k))
			return strconv.FormatUint(uint64(k), 10)
		}},
		{"f32", arrow.PrimitiveTypes.Float32, "float64", func(b array.Builder, k int64) string {
			b.(*array.Float32Builder).Append(float32(k) / 7)
			return double(float64(float32(k) / 7))
		}},
		{"f64", arrow.PrimitiveTypes.Float64, "float64", func(b array.Builder, k int64) string {
			b.(*array.Float64Builder).Append(float64(k) / 7)
			return double(float64(k) / 7)
		}},
		{"text", arrow.BinaryTypes.String, "text", func(b array.Builder, k int64) string {
			s := someTexts[positive(k, int64(len(someTexts)))] + strings.Repeat("é", int(positive(k, 5)))
			b.(*array.StringBuilder).Append(s)
			return s
		}},
		{"bytes", arrow.BinaryTypes.Binary, "binary", func(b array.Builder, k int64) string {
			s := []byte(number(k) + "  ")[:positive(k, 3)]
			b.(*array.BinaryBuilder).Append(s)
			return hex.EncodeToString(s)
		}},
		{"fixed", &arrow.FixedSizeBinaryType{ByteWidth: 5}, "binary", func(b array.Builder, k int64) string {
			s := []byte(fmt.Sprintf("%05d", positive(k, 77777)))
			b.(*array.FixedSizeBinaryBuilder).Append(s)
			return hex.EncodeToString(s)
		}},
		{"date", arrow.FixedWidthTypes.Date32, "date", func(b array.Builder, k int64) string {
			b.(*array.Date32Builder).Append(arrow.Date32(k % 700000))
			return number(k % 700000)
		}},
		{"millis", utc(arrow.Millisecond), "timestamp", instant(1000)},
		{"micros", utc(arrow.Microsecond), "timestamp", instant(1)},
		{"nanos", utc(arrow.Nanosecond), "timestamp", instant(0)},
		{"time32", arrow.FixedWidthTypes.Time32ms, "text", func(b array.Builder, k int64) string {
			b.(*array.Time32Builder).Append(arrow.Time32(positive(k, 86400e3)))
			return clock(positive(k, 86400e3), 1e3, 3)
		}},
		{"time64", arrow.FixedWidthTypes.Time64us, "text", func(b array.Builder, k int64) string {
			b.(*array.Time64Builder).Append(arrow.Time64(positive(k, 86400e6)))
			return clock(positive(k, 86400e6), 1e6, 6)
		}},
		{"time64n", arrow.FixedWidthTypes.Time64ns, "text", func(b array.Builder, k int64) string {
			b.(*array.Time64Builder).Append(arrow.Time64(positive(k, 86400e9)))
			return clock(positive(k, 86400e9), 1e9, 9)
		}},
		decimal(5, 2), decimal(9, 9), decimal(12, 0), decimal(18, 3), decimal(27, 9), decimal(38, 10),
		{"texts", arrow.ListOf(arrow.BinaryTypes.String), "list(text)", func(b array.Builder, k int64) string {
			l := b.(*array.ListBuilder)
			l.Append(true)
			var items []string
			for i := range positive(k, 4) {
				if (k+i)%5 == 0 {
					l.ValueBuilder().AppendNull()
					items = append(items, `\N`)
				} else {
					l.ValueBuilder().(*array.StringBuilder).Append(number(k + i))
					items = append(items, number(k+i))
				}
			}
			return "[" + strings.Join(items, "|") + "]"
		}},
		{"numbers", arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int64), "list(text)", func(b array.Builder, k int64) string {
			l := b.(*array.ListBuilder)
			l.Append(true)
			var items []string
			for i := range positive(k, 40) / 13 {
				l.ValueBuilder().(*array.Int64Builder).Append(k * i)
				items = append(items, number(k*i))
			}
			return "[" + strings.Join(items, "|") + "]"
		}},
	}
}()

// DELTA_BYTE_ARRAY is parquet-go's to write.
var foreignEncodings = map[string][]arrowparquet.Encoding{
	"i32": {arrowparquet.Encodings.Plain, arrowparquet.Encodings.DeltaBinaryPacked}, "i64": {arrowparquet.Encodings.DeltaBinaryPacked},
	"micros": {arrowparquet.Encodings.DeltaBinaryPacked}, "text": {arrowparquet.Encodings.DeltaLengthByteArray},
	"bytes": {arrowparquet.Encodings.DeltaLengthByteArray},
}

// writeByArrow writes the columns with random values as Arrow v15 does, in a group
// for each count of rows, and gives what should be read.
func writeByArrow(t fataler, columns []foreignColumn, pick choice, rows ...int) (file []byte, want [][]string) {
	t.Helper()
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.typ, Nullable: pick(4) > 0}
	}
	codecs := []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd, compress.Codecs.Brotli}
	props := []arrowparquet.WriterProperty{
		arrowparquet.WithCompression(codecs[pick(len(codecs))]), arrowparquet.WithDataPageSize(int64(200 + pick(5)*3000)),
		arrowparquet.WithDataPageVersion([]arrowparquet.DataPageVersion{arrowparquet.DataPageV1, arrowparquet.DataPageV2}[pick(2)]),
		arrowparquet.WithDictionaryDefault(pick(2) == 0), arrowparquet.WithDictionaryPageSizeLimit(int64(100 + pick(2)*100000)),
		arrowparquet.WithStoreDecimalAsInteger(pick(2) == 0), arrowparquet.WithBatchSize(int64(1 + pick(1000))), arrowparquet.WithStats(pick(2) == 0),
		arrowparquet.WithVersion(arrowparquet.V2_LATEST),
	}
	if pick(2) == 0 {
		for i, c := range columns {
			if es := foreignEncodings[c.name]; es != nil {
				fields[i].Nullable = false // it panics on nulls before the first value
				props = append(props, arrowparquet.WithDictionaryFor(c.name, false), arrowparquet.WithEncodingFor(c.name, es[pick(len(es))]))
			}
		}
	}
	schema := arrow.NewSchema(fields, nil)
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, arrowparquet.NewWriterProperties(props...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	want = make([][]string, len(columns))
	for _, n := range rows {
		b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
		for i, c := range columns {
			few := pick(2) == 0
			for range n {
				k := int64(pick(1<<30))<<33 - int64(pick(1<<30))<<29 + int64(pick(1<<20))
				if few {
					k = int64(pick(9) - 4)
				}
				if fields[i].Nullable && pick(4) == 0 {
					b.Field(i).AppendNull()
					want[i] = append(want[i], `\N`)
				} else {
					want[i] = append(want[i], c.add(b.Field(i), k))
				}
			}
		}
		if err := w.Write(b.NewRecord()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), want
}

// Whatever Arrow v15 writes, in any encoding and compression that it has, is read
// as it was written, in types that hold it exactly.
func TestParquetOfArrow(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		pick := drawn(t)
		var columns []foreignColumn
		for range 1 + pick(4) {
			c := foreignColumns[pick(len(foreignColumns))]
			if !slices.ContainsFunc(columns, func(o foreignColumn) bool { return o.name == c.name }) {
				columns = append(columns, c)
			}
		}
		p := parquetFrom(t, mem, "")
		p.chunk = []int{1, 3, 64, inChunkRows}[pick(4)]
		checkForeign(t, p, columns, pick, 1+pick(40), pick(300))
	})
	for seed := range uint64(9) {
		p := parquetFrom(t, mem, "")
		p.chunk = []int{7, 500, inChunkRows}[seed%3]
		checkForeign(t, p, foreignColumns, seeded(seed), 1, 2000, 700)
	}
}

type fatalErrorer interface {
	fataler
	Errorf(string, ...any)
}

func checkForeign(t fatalErrorer, p *parquet, columns []foreignColumn, pick choice, rows ...int) {
	t.Helper()
	file, want := writeByArrow(t, columns, pick, rows...)
	got, err := readForeign(&testing.T{}, p, inputOf(file))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		if got.types[i] != c.name+" "+c.want {
			t.Errorf("%s is read as %s", c.name, got.types[i])
		}
		if !slices.Equal(got.cells[i], want[i]) {
			at := 0
			for at < min(len(got.cells[i]), len(want[i])) && got.cells[i][at] == want[i][at] {
				at++
			}
			t.Errorf("column %s differs at row %d of %d, %d", c.name, at, len(want[i]), len(got.cells[i]))
		}
	}
	if len(got.rejects) > 0 {
		t.Errorf("rejects: %v", got.rejects[:1])
	}
}

// goRow has what parquet-go writes and Arrow v15 does not.
type goRow struct {
	Split32 float32           `parquet:"split32,split"`
	Split64 float64           `parquet:"split64,split,lz4"`
	Delta   int32             `parquet:"delta,delta,brotli"`
	Texts   string            `parquet:"texts,delta,gzip"`
	Dict    *string           `parquet:"dict,optional,dict,zstd"`
	UUID    [16]byte          `parquet:"uuid,uuid"`
	JSON    string            `parquet:"json,json"`
	Enum    string            `parquet:"enum,enum,snappy"`
	Local   int64             `parquet:"local,timestamp(microsecond:local)"`
	Nanos   int64             `parquet:"nanos,timestamp(nanosecond)"`
	Time    int32             `parquet:"time,time(millisecond)"`
	Int96   deprecated.Int96  `parquet:"int96"`
	Plain   string            `parquet:"plain,bytes"`
	Price   int64             `parquet:"price,decimal(2:12)"`
	Wide    [16]byte          `parquet:"wide,decimal(3:38)"`
	Tags    []string          `parquet:"tags,list"`
	Old     []string          `parquet:"old"`
	Where   goPlace           `parquet:"where"`
	Maybe   *goPlace          `parquet:"maybe,optional"`
	Map     map[string]string `parquet:"map"`
}

type goPlace struct {
	Town string  `parquet:"town"`
	Code *string `parquet:"code,optional"`
}

func goRows(n int) (rows []goRow) {
	code := "01999"
	for i := range n {
		r := goRow{Split32: float32(i) / 3, Split64: -float64(i) / 3, Delta: int32(i * i), Texts: "rue " + strconv.Itoa(i), JSON: `{"a": 1}`, Enum: "B",
			Local: 1_700_000_000_000_000 + int64(i), Nanos: 1_700_000_000_000_000_000 + int64(i)*1000, Time: int32(i), Int96: deprecated.Int96{uint32(i) * 1000, 0, 2440588 + 19000},
			Plain: "é", Price: int64(i) - 5, Tags: []string{"a", strconv.Itoa(i)}[:i%3], Old: []string{"x", "y"}[:i%3], Where: goPlace{Town: "Val-Fleuri"},
			Map: map[string]string{"k": "v"}}
		r.UUID[0], r.UUID[15] = 0xab, byte(i)
		r.Wide[15] = byte(i)
		if i%2 == 0 {
			s := strconv.Itoa(i % 7)
			r.Dict = &s
			r.Where.Code = &code
			r.Maybe = &goPlace{Town: "Saint-Exemple"}
			for j := range r.Wide {
				r.Wide[j] = 0xff
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func writeByGo(t fataler, rows []goRow, options ...parquetgo.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[goRow](&out, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestParquetOfParquetGo(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	double := func(v float64) string { return strconv.FormatUint(math.Float64bits(v), 16) }
	for _, version := range []int{1, 2} {
		for _, n := range []int{1, 7, 5000} {
			rows := goRows(n)
			file := writeByGo(t, rows, parquetgo.DataPageVersion(version), parquetgo.PageBufferSize(3000), parquetgo.MaxRowsPerRowGroup(3000))
			p := parquetFrom(t, mem, `without = ["map"]`)
			p.chunk = 1 + n/3
			got, err := readForeign(t, p, inputOf(file))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]func(r goRow, i int) string{
				"split32 float64": func(r goRow, _ int) string { return double(float64(r.Split32)) },
				"split64 float64": func(r goRow, _ int) string { return double(r.Split64) },
				"delta int32":     func(r goRow, _ int) string { return strconv.Itoa(int(r.Delta)) },
				"texts text":      func(r goRow, _ int) string { return r.Texts },
				"dict text": func(r goRow, _ int) string {
					if r.Dict == nil {
						return `\N`
					}
					return *r.Dict
				},
				"uuid text": func(r goRow, _ int) string {
					return fmt.Sprintf("ab000000-0000-0000-0000-0000000000%02x", r.UUID[15])
				},
				"json text": func(r goRow, _ int) string { return r.JSON },
				"enum text": func(r goRow, _ int) string { return r.Enum },
				"local text": func(r goRow, i int) string {
					s := "2023-11-14T22:13:20"
					if i > 0 {
						s += "." + strings.TrimRight(fmt.Sprintf("%06d", i), "0")
					}
					return s
				},
				"nanos timestamp": func(r goRow, i int) string { return strconv.Itoa(1_700_000_000_000_000 + i) },
				"time text": func(r goRow, i int) string {
					s := fmt.Sprintf("00:00:%02d", i/1000)
					if i%1000 != 0 {
						s += "." + strings.TrimRight(fmt.Sprintf("%03d", i%1000), "0")
					}
					return s
				},
				"int96 text": func(r goRow, i int) string {
					s := "2022-01-08T00:00:00"
					if i > 0 {
						s += "." + strings.TrimRight(fmt.Sprintf("%09d", i*1000), "0")
					}
					return s
				},
				"plain binary":         func(r goRow, _ int) string { return hex.EncodeToString([]byte(r.Plain)) },
				"price decimal(12, 2)": func(r goRow, _ int) string { return decimal128.FromI64(r.Price).ToString(2) },
				"wide decimal(38, 3)": func(r goRow, i int) string {
					if i%2 == 0 {
						return "-0.001"
					}
					return decimal128.FromI64(int64(byte(i))).ToString(3)
				},
				"tags list(text)": func(r goRow, _ int) string { return "[" + strings.Join(r.Tags, "|") + "]" },
				"old list(text)":  func(r goRow, _ int) string { return "[" + strings.Join(r.Old, "|") + "]" },
				"where.town text": func(r goRow, _ int) string { return r.Where.Town },
				"maybe.town text": func(r goRow, _ int) string { return place(r.Maybe, func(p *goPlace) *string { return &p.Town }) },
				"maybe.code text": func(r goRow, _ int) string { return place(r.Maybe, func(p *goPlace) *string { return p.Code }) },
				"where.code text": func(r goRow, _ int) string { return place(&r.Where, func(p *goPlace) *string { return p.Code }) },
			}
			if len(got.types) != len(want) || len(got.rejects) > 0 {
				t.Fatalf("%d columns, want %d: %v; rejects %v", len(got.types), len(want), got.types, got.rejects)
			}
			for c, name := range got.types {
				of := want[name]
				if of == nil {
					t.Errorf("nobody wants column %s", name)
					continue
				}
				for i, r := range rows {
					if w := of(r, i); got.cells[c][i] != w {
						t.Errorf("%s, row %d: %s, want %s", name, i, got.cells[c][i], w)
						break
					}
				}
			}
		}
	}
}

func place(p *goPlace, of func(*goPlace) *string) string {
	if p == nil || of(p) == nil {
		return `\N`
	}
	return *of(p)
}

// Declared types are had by the rules of all formats: what would lose something
// rejects the row, and what cannot be at all is refused at once.
func TestParquetDeclaredTypes(t *testing.T) {
	type row struct {
		Amount  string   `parquet:"amount"`
		Number  int64    `parquet:"number"`
		Double  float64  `parquet:"double"`
		Single  float32  `parquet:"single"`
		Price   int64    `parquet:"price,decimal(2:12)"`
		Local   int64    `parquet:"local,timestamp(nanosecond:local)"`
		Nanos   int64    `parquet:"nanos,timestamp(nanosecond)"`
		Day     int32    `parquet:"day,date"`
		Flag    bool     `parquet:"flag"`
		Bytes   []byte   `parquet:"bytes"`
		Huge    uint64   `parquet:"huge"`
		Numbers []int32  `parquet:"numbers,list"`
		Doubles []string `parquet:"doubles,list"`
	}
	paris := int64(1_718_000_000) // 2024-06-10T06:13:20
	rows := []row{
		{" 1 234,50 ", 12345678901234, 0.1, 0.1, 150, paris * 1e9, 1000, 19000, true, []byte("é"), 1 << 63, []int32{1, -2}, nil},
		{"n/a", 7, 0.30000000000000004, 2, 100, 1711854000 * 1e9, 1, 3000000, false, []byte{0xff}, 3, nil, []string{"x"}},
		{"douze", 1 << 40, 1.5, 1.25, 199, 1730001600*1e9 - 5400*1e9 + 1, 2000, 0, true, nil, 0, nil, nil},
	}
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[row](&out)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, c := range []struct {
		config string
		column string
		want   []string
	}{
		{`columns = { amount = decimal(9, 2) }
decimal = ","
thousands = " "
trim = true
null = ["n/a"]`, "amount", []string{"1234.50", `\N`, "LAV-2502"}},
		{`columns = { number = siret }`, "number", []string{"12345678901234", "LAV-2513", "LAV-2514"}},
		{`columns = { number = int32 }`, "number", []string{"LAV-2504", "7", "LAV-2504"}},
		{`columns = { number = text }`, "number", []string{"12345678901234", "7", "1099511627776"}},
		{`columns = { double = decimal(9, 2) }`, "double", []string{"0.10", "0.30", "1.50"}},
		{`columns = { single = decimal(3, 1) }`, "single", []string{"0.1", "2.0", "LAV-2503"}},
		{`columns = { single = int64 }`, "single", []string{"LAV-2500", "2", "LAV-2500"}},
		{`columns = { price = decimal(5, 1) }`, "price", []string{"1.5", "1.0", "LAV-2503"}},
		{`columns = { price = int32 }`, "price", []string{"LAV-2500", "1", "LAV-2500"}},
		{`columns = { local = timestamp("", "UTC") }`, "local", []string{strconv.FormatInt(paris*1e6, 10), "1711854000000000", "LAV-4310"}},
		{`columns = { local = timestamp("", "Europe/Paris") }`, "local", []string{strconv.FormatInt((paris-7200)*1e6, 10), "1711846800000000", "LAV-4310"}},
		{`columns = { local = text }`, "local", []string{"2024-06-10T06:13:20", "2024-03-31T03:00:00", "2024-10-27T02:30:00.000000001"}},
		{``, "nanos", []string{"1", "LAV-4310", "2"}},
		{``, "day", []string{"19000", "LAV-4311", "0"}},
		{`columns = { day = text }`, "day", []string{"2022-01-08", "LAV-4311", "1970-01-01"}},
		{`columns = { day = timestamp("", "Europe/Paris") }`, "day", []string{"1641596400000000", "LAV-4311", "-3600000000"}},
		{`columns = { flag = text }`, "flag", []string{"true", "false", "true"}},
		{`columns = { bytes = text }`, "bytes", []string{"é", "LAV-4309", ""}},
		{`columns = { bytes = binary }`, "bytes", []string{"c3a9", "ff", ""}},
		{``, "huge", []string{"9223372036854775808", "3", "0"}},
		{`columns = { huge = int64 }`, "huge", []string{"LAV-2504", "3", "0"}},
		{``, "numbers", []string{"[1|-2]", "[]", "[]"}},
	} {
		p := parquetFrom(t, mem, c.config+"\nwithout = "+others(c.column, "amount", "number", "double", "single", "price", "local", "nanos", "day", "flag", "bytes", "huge", "numbers", "doubles"))
		got, err := readForeign(t, p, inputOf(out.Bytes()))
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		var all []string
		line := 1
		for _, cell := range got.cells[0] {
			for len(got.rejects) > 0 && strings.HasPrefix(got.rejects[0], strconv.Itoa(line)+" ") {
				all = append(all, got.rejects[0][strings.LastIndexByte(got.rejects[0], ' ')+1:])
				got.rejects = got.rejects[1:]
				line++
			}
			all = append(all, cell)
			line++
		}
		for _, r := range got.rejects {
			all = append(all, r[strings.LastIndexByte(r, ' ')+1:])
		}
		if strings.Join(all, ",") != strings.Join(c.want, ",") {
			t.Errorf("%s, %s: %v, want %v", c.config, c.column, all, c.want)
		}
	}
	for config, want := range map[string]*messages.Message{
		`columns = { local = timestamp("") }`:        messages.ParquetClock,
		`columns = { double = date }`:                messages.ParquetCannotBe,
		`columns = { double = text }`:                messages.ParquetCannotBe,
		`columns = { numbers = text }`:               messages.ParquetCannotBe,
		`columns = { amount = binary }`:              messages.ParquetCannotBe,
		`columns = { missing = text }`:               messages.CSVColumnMissing,
		`without = ["missing"]`:                      messages.CSVColumnMissing,
		`columns = { flag = decimal(3, 0) }`:         messages.ParquetCannotBe,
		`columns = { "numbers.list.element" = text}`: messages.CSVColumnMissing,
	} {
		if _, err := readForeign(t, parquetFrom(t, mem, config), inputOf(out.Bytes())); !messages.Has(err, want) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

// others is a list of all names but one, as a pipeline file writes it.
func others(but string, names ...string) string {
	var out []string
	for _, n := range names {
		if n != but {
			out = append(out, strconv.Quote(n))
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// What is not read is refused by name.
func TestParquetForeignRefused(t *testing.T) {
	mem := memory.NewGoAllocator()
	file := writeByGo(t, goRows(3))
	if _, err := readForeign(t, parquetFrom(t, mem, ""), inputOf(file)); !messages.Has(err, messages.ParquetKind) || !strings.Contains(err.Error(), "map") {
		t.Errorf("a map: %v", err)
	}
	encrypted := append([]byte("PARE"), file[4:]...)
	copy(encrypted[len(encrypted)-4:], "PARE")
	for name, c := range map[string]struct {
		file []byte
		want *messages.Message
	}{
		"encrypted": {encrypted, messages.ParquetEncrypted},
		"empty":     {nil, messages.ParquetNot},
		"text":      {[]byte("insee,commune\n01999,Val-Fleuri\n"), messages.ParquetNot},
		"cut":       {file[:len(file)-1], messages.ParquetNot},
		"footer":    {append(slices.Clone(file[:len(file)-8]), 0xff, 0xff, 0xff, 0x7f, 'P', 'A', 'R', '1'), messages.ParquetBroken},
	} {
		if _, err := readForeign(t, parquetFrom(t, mem, ""), inputOf(c.file)); !messages.Has(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	type nested struct {
		Rows []goPlace `parquet:"rows,list"`
	}
	type deep struct {
		Rows [][]string `parquet:"rows,list"`
	}
	for _, write := range []func() []byte{
		func() []byte { return writeRows(t, []nested{{[]goPlace{{Town: "x"}}}}) },
		func() []byte { return writeRows(t, []struct{ Rows []goPlace }{{[]goPlace{{Town: "x"}}}}) },
	} {
		if _, err := readForeign(t, parquetFrom(t, mem, ""), inputOf(write())); !messages.Has(err, messages.ParquetKind) {
			t.Errorf("a list of groups: %v", err)
		}
	}
	_ = deep{}
}

func writeRows[T any](t fataler, rows []T, options ...parquetgo.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[T](&out, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A file that is cut or in which bytes are turned over is an error, or another
// file: never a panic, and no memory stays behind.
func TestParquetForeignFaults(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	var files [][]byte
	for seed := range uint64(4) {
		file, _ := writeByArrow(t, foreignColumns, seeded(seed), 60, 20)
		files = append(files, file)
	}
	files = append(files, writeByGo(t, goRows(40)), writeByGo(t, goRows(40), parquetgo.DataPageVersion(2)))
	for _, file := range files {
		p := parquetFrom(t, mem, "")
		if bytes.Contains(file, []byte("split64")) {
			p = parquetFrom(t, mem, `without = ["map"]`)
		}
		eachFault(t, file, func(what string, data []byte) {
			if _, err := readForeign(t, p, inputOf(data)); err == nil && what == "cut" {
				t.Errorf("%d bytes of %d are read without a complaint", len(data), len(file))
			} else if err != nil && messages.Find(err) == nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
}

// parquet-go writes checksums: a byte of a page that is turned over is found out.
func TestParquetChecksums(t *testing.T) {
	mem := memory.NewGoAllocator()
	type row struct {
		Text string `parquet:"text,dict,optional"`
		N    int64  `parquet:"n"`
	}
	var rows []row
	for i := range 300 {
		rows = append(rows, row{strconv.Itoa(i % 9), int64(i)})
	}
	file := writeRows(t, rows)
	f := openByParquetGo(t, file)
	p := parquetFrom(t, mem, "")
	for _, chunk := range f.Metadata().RowGroups[0].Columns {
		m := chunk.MetaData
		start := m.DataPageOffset // of the chunk
		if m.DictionaryPageOffset > 0 {
			start = m.DictionaryPageOffset
		}
		end := start + m.TotalCompressedSize // where the last page ends, whose body is most of it
		for at := end - min(m.TotalCompressedSize/3, 100); at < end; at += 7 {
			turned := bytes.Clone(file)
			turned[at] ^= 4
			if _, err := readForeign(t, p, inputOf(turned)); !messages.Has(err, messages.ParquetBrokenAt) {
				t.Errorf("byte %d: %v", at, err)
			}
		}
	}
}

func TestParquetForeignConforms(t *testing.T) {
	rows := goRows(40)
	rows[7].Plain = "\xff"
	file := writeByGo(t, rows, parquetgo.MaxRowsPerRowGroup(15))
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		p := parquetFrom(t, env.Allocator, "without = [\"map\"]\ncolumns = { plain = text }")
		p.chunk = 4
		return func(ctx context.Context) (pipelines.Chunks, error) { return p.Chunks(ctx, inputOf(file)) }, nil
	})
}

// What would take more memory than there is room for is refused before it is taken.
func TestParquetForeignBounds(t *testing.T) {
	for name, c := range map[string]struct {
		head pq.PageHeader
		want *messages.Message
	}{
		"bytes":  {pq.PageHeader{UncompressedPageSize: inPageBound + 1, DataPageHeader: thrift.New(pq.DataPageHeader{NumValues: 1})}, messages.ParquetTooLarge},
		"values": {pq.PageHeader{DataPageHeader: thrift.New(pq.DataPageHeader{NumValues: inPageValues + 1})}, messages.ParquetTooMany},
		"size":   {pq.PageHeader{CompressedPageSize: 1 << 30, DataPageHeader: thrift.New(pq.DataPageHeader{NumValues: 1})}, messages.ParquetBrokenAt},
		"sign":   {pq.PageHeader{UncompressedPageSize: -1, DataPageHeader: thrift.New(pq.DataPageHeader{NumValues: 1})}, messages.ParquetBrokenAt},
	} {
		b, err := thrift.Marshal(new(thrift.CompactProtocol), &c.head)
		if err != nil {
			t.Fatal(err)
		}
		cursor := &inCursor{inChunks: &inChunks{bound: inHeldBound, file: &randomFile{ReaderAt: bytes.NewReader(b)}}, end: int64(len(b))}
		if _, err := cursor.header(); !messages.Has(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A footer that claims two thousand million row groups.
	if _, _, ok := readInFooter([]byte{0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07}, 1<<20); ok {
		t.Error("a list without elements is read")
	}
	if _, _, ok := readInFooter(bytes.Repeat([]byte{0x1c}, 1000), 1<<20); ok {
		t.Error("structures in one another without end are read")
	}
}

// Decimals may be stored in more bytes than they need.
func TestParquetLongDecimals(t *testing.T) {
	l := &inLeaf{physical: pqByteArray}
	for text, want := range map[string]string{
		"\x01": "1", "\xff": "-1", "\x00\x80": "128", strings.Repeat("\xff", 20) + "\x85": "-123", strings.Repeat("\x00", 20) + "\x85": "133",
		strings.Repeat("\xff", 16) + "\x7f": "-129", "\xff\x7f" + strings.Repeat("\x00", 15): "no", "\x01" + strings.Repeat("\x00", 16): "no", "": "no",
	} {
		n, ok := l.decimal(&inValues{bytes: []byte(text), spans: []inSpan{{0, uint32(len(text))}}}, 0)
		if got := n.ToString(0); ok && got != want || ok == (want == "no") {
			t.Errorf("%x is %s, %t", text, got, ok)
		}
	}
}

// Levels as early versions of the format packed them.
func TestParquetOldLevels(t *testing.T) {
	levels := make([]byte, 8)
	inPackedOld(levels, []byte{0b00000101, 0b00111001, 0b01110111}, 3) // the example of the format's description
	if !slices.Equal(levels, []byte{0, 1, 2, 3, 4, 5, 6, 7}) {
		t.Error(levels)
	}
}

// Any bytes are read, or refused with a message, and take no more memory than the bounds.
func FuzzParquetForeign(f *testing.F) {
	for seed := range uint64(3) {
		file, _ := writeByArrow(f, foreignColumns[:12], seeded(seed), 5)
		f.Add(file)
		file, _ = writeByArrow(f, foreignColumns[12:], seeded(seed), 5)
		f.Add(file)
	}
	f.Add(writeByGo(f, goRows(3)))
	f.Add([]byte("PAR1PAR1"))
	p := parquetFrom(f, memory.NewGoAllocator(), "")
	f.Fuzz(func(t *testing.T, data []byte) {
		chunks := int64(0)
		took := allocated(func() {
			all, err := p.Chunks(context.Background(), inputOf(data))
			if err != nil {
				return
			}
			defer all.Close()
			for ; err == nil; chunks++ {
				var c pipelines.Chunk
				if c, err = all.Next(context.Background()); err != nil {
					return
				}
				var b pipelines.Batch
				if b, err = c.Decode(context.Background()); err == nil {
					b.Release()
				}
			}
		})
		if took > allowed(len(data))+inHeldBound+chunks*8*inChunkBytes {
			t.Errorf("%d bytes take %d", len(data), took)
		}
		if _, err := readForeign(t, p, inputOf(data)); err != nil && messages.Find(err) == nil {
			t.Error(err)
		}
	})
}

// Published files, as pyarrow reads them: texts of its values, digested as in TestCSVRealFiles.
func TestParquetRealFiles(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, c := range []struct {
		path string
		want digestOf
	}{
		{"csv-detective/file.parquet", digestOf{1000, 10, "7fb465a15758f925"}},
		{"referentiels/code_officiel_geographique.parquet", digestOf{35015, 6, "a58e852802f5f86a"}},
	} {
		got, rejects := digest(t, parquetFrom(t, mem, ""), inputOf([]byte(realFile(t, c.path))))
		if got != c.want || len(rejects) > 0 {
			t.Errorf("%s: %+v, want %+v; %d rejects", c.path, got, c.want, len(rejects))
		}
	}
}

// Lists as they have been laid out over time (the format's description, LogicalTypes,
// "Backward-compatibility rules"), and what is no schema.
func TestParquetSchemas(t *testing.T) {
	const required, optional, repeated = 0, 1, 2
	node := func(name string, repetition, children int32, logical int) inElement {
		return inElement{name: name, physical: -1, width: -1, repetition: repetition, children: children, converted: -1, logical: logical}
	}
	leaf := func(name string, repetition int32) inElement {
		e := node(name, repetition, 0, logicalText)
		e.physical = int32(pqByteArray)
		return e
	}
	root := func(n int32) inElement { return node("schema", -1, n, 0) }
	for name, c := range map[string]struct {
		elements []inElement
		want     string // name, levels; or what is refused
	}{
		"three levels":         {[]inElement{root(1), node("l", optional, 1, logicalList), node("list", repeated, 1, 0), leaf("element", optional)}, "l 3 1 2"},
		"required elements":    {[]inElement{root(1), node("l", required, 1, logicalList), node("list", repeated, 1, 0), leaf("element", required)}, "l 1 1 1"},
		"other names":          {[]inElement{root(1), node("l", optional, 1, logicalList), node("element", repeated, 1, 0), leaf("str", required)}, "l 2 1 2"},
		"two levels":           {[]inElement{root(1), node("l", optional, 1, logicalList), leaf("element", repeated)}, "l 2 1 2"},
		"one level":            {[]inElement{root(1), leaf("l", repeated)}, "l 1 1 1"},
		"within a group":       {[]inElement{root(1), node("g", optional, 1, 0), node("l", optional, 1, logicalList), node("list", repeated, 1, 0), leaf("element", optional)}, "g.l 4 1 3"},
		"groups of two fields": {[]inElement{root(1), node("l", optional, 1, logicalList), node("element", repeated, 2, 0), leaf("a", required), leaf("b", required)}, "a list of groups"},
		"groups of one field":  {[]inElement{root(1), node("l", optional, 1, logicalList), node("array", repeated, 1, 0), leaf("a", required)}, "a list of groups"},
		"by the list's name":   {[]inElement{root(1), node("l", optional, 1, logicalList), node("l_tuple", repeated, 1, 0), leaf("a", required)}, "a list of groups"},
		"lists":                {[]inElement{root(1), node("l", optional, 1, logicalList), node("list", repeated, 1, 0), node("element", optional, 1, logicalList), node("list", repeated, 1, 0), leaf("element", optional)}, "a list of lists"},
		"a map":                {[]inElement{root(1), node("m", optional, 1, logicalMap), node("key_value", repeated, 2, 0), leaf("key", required), leaf("value", optional)}, "a map"},
		"too few elements":     {[]inElement{root(2), leaf("a", required)}, "contradicts"},
		"too many elements":    {[]inElement{root(1), leaf("a", required), leaf("b", required)}, "contradicts"},
		"no columns":           {[]inElement{root(0)}, "no columns"},
		"an empty group":       {[]inElement{root(1), node("g", optional, 0, 0)}, "contradicts"},
		"no repetition":        {[]inElement{root(1), leaf("a", -1)}, "contradicts"},
		"too deep": {append([]inElement{root(1)}, slices.Concat(slices.Repeat([]inElement{node("g", optional, 1, 0)}, 300), []inElement{leaf("a", required)})...),
			"too deep"},
	} {
		s := &inSchema{room: 1 << 20, elements: c.elements, left: map[string]bool{}}
		err := s.read()
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
			continue
		}
		l := s.leaves[0][0]
		if got := fmt.Sprint(s.names[0], " ", l.maxDef, " ", l.maxRep, " ", l.listDef); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
