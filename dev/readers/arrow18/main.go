// Command arrow18 compares golden Parquet files with what Arrow v18 reads, as a
// whole and where statistics, column index and bloom filter let it skip; of a file
// given by -sum it prints the aggregates that other readers print of it too. -write
// writes files into a folder for lavoir to read, with what is to be read of them.
//
//	arrow18 <folder>
//	arrow18 -sum <file>
//	arrow18 -write <folder>
//
// It is a module of its own: lavoir itself is built without this version of Arrow.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "-sum" {
		if err := sum(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "-write" {
		if err := write(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	if len(os.Args) != 2 {
		log.Fatal("usage: arrow18 [-sum | -write] <folder or file>")
	}
	wants, err := filepath.Glob(filepath.Join(os.Args[1], "*.json"))
	if err != nil {
		log.Fatal(err)
	}
	cells, wrong := 0, 0
	for _, want := range wants {
		path := strings.TrimSuffix(want, "json") + "parquet"
		n, err := compare(path, want)
		cells += n
		if err != nil {
			wrong++
			fmt.Printf("  %s: %v\n", filepath.Base(path), err)
		}
	}
	fmt.Printf("arrow-go %s (Go): %d cells, %d disagreements\n", version(), cells, wrong)
	if wrong > 0 || cells == 0 {
		os.Exit(1)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == "github.com/apache/arrow-go/v18" {
			return d.Version
		}
	}
	return "?"
}

// column is a column as the golden files have it.
type column struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Scale  int32  `json:"scale"`
	Values []any  `json:"values"`
}

func open(path string) (*file.Reader, *pqarrow.FileReader, error) {
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		return nil, nil, err
	}
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1 << 16}, memory.DefaultAllocator)
	if err != nil {
		f.Close()
	}
	return f, r, err
}

func compare(path, want string) (cells int, err error) {
	b, err := os.ReadFile(want)
	if err != nil {
		return 0, err
	}
	var columns []column
	if err := json.Unmarshal(b, &columns); err != nil {
		return 0, err
	}
	f, r, err := open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	table, err := r.ReadTable(context.Background())
	if err != nil {
		return 0, err
	}
	defer table.Release()
	if int(table.NumCols()) != len(columns) {
		return 0, fmt.Errorf("%d columns", table.NumCols())
	}
	for i, c := range columns {
		got := []any{}
		col := table.Column(i)
		if d, ok := col.DataType().(arrow.DecimalType); ok && d.GetScale() != c.Scale || col.Name() != c.Name || col.DataType().Name() != c.Type {
			return cells, fmt.Errorf("column %s is %s", c.Name, col.DataType())
		}
		for _, chunk := range col.Data().Chunks() {
			for row := range chunk.Len() {
				got = append(got, text(chunk, row))
			}
		}
		cells += len(got)
		if !reflect.DeepEqual(got, c.Values) {
			return cells, fmt.Errorf("column %s differs", c.Name)
		}
	}
	return cells, lookUps(f, columns)
}

// text is a value as the golden files have it.
func text(a arrow.Array, i int) any {
	if a.DataType().ID() == arrow.NULL || a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Float64:
		if v := a.Value(i); v != v {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(a.Value(i)))
	case *array.Date32:
		return strconv.Itoa(int(a.Value(i)))
	case *array.Timestamp:
		return strconv.FormatInt(int64(a.Value(i)), 10)
	case *array.Decimal128:
		return a.Value(i).BigInt().String()
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
	return a.ValueStr(i)
}

// lookUps counts the values that a predicate selects in the pages that neither
// statistics nor bloom filter nor column index exclude.
func lookUps(f *file.Reader, columns []column) error {
	leaf := 0
	for _, c := range columns {
		fields := []column{c}
		if c.Type == "struct" {
			fields = boxFields(c)
		}
		for _, field := range fields {
			if k, ok := kinds[field.Type]; ok {
				if err := (lookUp{f, leaf, k, k.encoded(field.Values)}).all(); err != nil {
					return fmt.Errorf("column %s: %w", field.Name, err)
				}
			}
			leaf++
		}
	}
	return nil
}

// boxFields are the four columns of numbers of a column of bounding boxes.
func boxFields(c column) []column {
	fields := make([]column, 4)
	for i := range fields {
		fields[i] = column{Name: c.Name, Type: "float64"}
		for _, v := range c.Values {
			if box, ok := v.([]any); ok {
				v = box[i]
			}
			fields[i].Values = append(fields[i].Values, v)
		}
	}
	return fields
}

// kind is how the values of a type are encoded in statistics, and their order.
type kind struct {
	encode  func(text string) []byte
	compare func(a, b []byte) int
}

var kinds = map[string]kind{
	"int32": {little32, func(a, b []byte) int {
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	}},
	"date32": {little32, func(a, b []byte) int {
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	}},
	"int64": {little64, func(a, b []byte) int {
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}},
	"timestamp": {little64, func(a, b []byte) int {
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}},
	"float64": {bitsOf, func(a, b []byte) int { return cmp.Compare(double(a), double(b)) }},
	"utf8":    {func(s string) []byte { return []byte(s) }, bytes.Compare},
	"binary":  {func(s string) []byte { b, _ := hex.DecodeString(s); return b }, bytes.Compare},
}

func little32(s string) []byte {
	n, _ := strconv.ParseInt(s, 10, 32)
	return binary.LittleEndian.AppendUint32(nil, uint32(n))
}

func little64(s string) []byte {
	n, _ := strconv.ParseInt(s, 10, 64)
	return binary.LittleEndian.AppendUint64(nil, uint64(n))
}

func bitsOf(s string) []byte {
	if s == "nan" {
		return nil // it has no order, and no predicate selects it
	}
	n, _ := strconv.ParseUint(s, 16, 64)
	return binary.LittleEndian.AppendUint64(nil, n)
}

func double(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

// encoded are the values, nil where there is none.
func (k kind) encoded(values []any) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		if s, ok := v.(string); ok {
			out[i] = k.encode(s)
		}
	}
	return out
}

type lookUp struct {
	file   *file.Reader
	leaf   int
	kind   kind
	values [][]byte
}

func (l lookUp) all() error {
	for i := 0; i < len(l.values); i += max(1, len(l.values)/12) {
		v := l.values[i]
		if v == nil {
			continue
		}
		for _, op := range []string{"=", "<", ">="} {
			got, err := l.pruned(op, v)
			if err != nil {
				return err
			}
			if want := l.count(op, v, l.values); got != want {
				return fmt.Errorf("%s finds %d rows of %d where others are left out", op, got, want)
			}
		}
	}
	return nil
}

func (l lookUp) count(op string, v []byte, values [][]byte) (n int) {
	for _, x := range values {
		if x != nil && selects(op, l.kind.compare(x, v)) {
			n++
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
func (l lookUp) mayHold(op string, v, lo, hi []byte) bool {
	switch op {
	case "=":
		return l.kind.compare(lo, v) <= 0 && l.kind.compare(v, hi) <= 0
	case "<":
		return l.kind.compare(lo, v) < 0
	}
	return l.kind.compare(hi, v) >= 0
}

func (l lookUp) pruned(op string, v []byte) (n int, err error) {
	values := l.values
	for g := range l.file.NumRowGroups() {
		rows := l.file.MetaData().RowGroup(g).NumRows()
		k, err := l.inGroup(g, op, v, values[:rows])
		if err != nil {
			return 0, err
		}
		n, values = n+k, values[rows:]
	}
	return n, nil
}

func (l lookUp) inGroup(g int, op string, v []byte, values [][]byte) (n int, err error) {
	chunk, err := l.file.MetaData().RowGroup(g).ColumnChunk(l.leaf)
	if err != nil {
		return 0, err
	}
	st, err := chunk.Statistics()
	if err != nil {
		return 0, err
	}
	if st != nil && st.HasMinMax() && !l.mayHold(op, v, st.EncodeMin(), st.EncodeMax()) {
		return 0, nil
	}
	filters, err := l.file.GetBloomFilterReader().RowGroup(g)
	if err != nil {
		return 0, err
	}
	if op == "=" && filters != nil {
		filter, err := filters.GetColumnBloomFilter(l.leaf)
		if err != nil || filter != nil && !filter.CheckHash(filter.Hasher().Sum64(v)) {
			return 0, err
		}
	}
	indexes, err := l.file.GetPageIndexReader().RowGroup(g)
	if err != nil {
		return 0, err
	}
	index, err := indexes.GetColumnIndex(l.leaf)
	if err != nil {
		return 0, err
	}
	if index == nil {
		return l.count(op, v, values), nil
	}
	offsets, err := indexes.GetOffsetIndex(l.leaf)
	if err != nil {
		return 0, err
	}
	places := offsets.GetPageLocations()
	for p, null := range index.GetNullPages() {
		to := int64(len(values))
		if p+1 < len(places) {
			to = places[p+1].FirstRowIndex
		}
		if !null && l.mayHold(op, v, index.GetMinValues()[p], index.GetMaxValues()[p]) {
			n += l.count(op, v, values[places[p].FirstRowIndex:to])
		}
	}
	return n, nil
}

// sum prints what check-rows prints of a file: for each column its name, how many
// nulls it has, the sum of its values, and the least and the greatest. Of texts
// that is the sum of their bytes; of decimals of cents, of doubles of what they
// are in ten thousandths, of dates of days.
func sum(path string) error {
	f, r, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	records, err := r.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	sums := make([]columnSum, records.Schema().NumFields())
	for records.Next() {
		rec := records.RecordBatch()
		for i, c := range rec.Columns() {
			sums[i].add(c)
		}
	}
	if err := records.Err(); err != nil && err != io.EOF {
		return err
	}
	out := [][]any{}
	for i, s := range sums {
		row := []any{records.Schema().Field(i).Name, s.nulls, s.total, s.low, s.high}
		if s.texts {
			row = []any{row[0], s.nulls, s.total, s.least, s.most}
		}
		out = append(out, row)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

type columnSum struct {
	nulls, total, low, high int64
	any, texts              bool
	least, most             string
}

func (s *columnSum) add(a arrow.Array) {
	for i := range a.Len() {
		if a.IsNull(i) {
			s.nulls++
			continue
		}
		var v int64
		switch a := a.(type) {
		case *array.Int32:
			v = int64(a.Value(i))
		case *array.Int64:
			v = a.Value(i)
		case *array.Date32:
			v = int64(a.Value(i))
		case *array.Decimal128:
			v = int64(a.Value(i).LowBits())
		case *array.Float64:
			v = int64(math.Round(a.Value(i) * 10000))
		case *array.String:
			t := a.Value(i)
			if v = int64(len(t)); !s.any || t < s.least {
				s.least = strings.Clone(t)
			}
			if t > s.most {
				s.most = strings.Clone(t)
			}
			s.texts = true
		default:
			log.Fatal("no sum of ", a.DataType())
		}
		if !s.any || v < s.low {
			s.low = v
		}
		if !s.any || v > s.high {
			s.high = v
		}
		s.any = true
		s.total += v
	}
}
