package format

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Reading back shares no code with writing, so that a mistake in one is seen by
// the other. It knows only what this codec writes.

// parquetMagic opens and ends every file.
const parquetMagic = "PAR1"

// parquetReader reads a file of this codec.
type parquetReader struct {
	in     io.ReaderAt
	size   int64
	footer int64 // where the footer starts
	meta   pq.FileMetaData
	schema *arrow.Schema
	leaves []fileLeaf
}

// fileLeaf is a column of values as the footer describes it.
type fileLeaf struct {
	column         int  // of the table
	boxEnd         bool // it is the last of a bounding box
	name           string
	path           []string
	physical       pq.Type
	width          int
	typ            arrow.DataType
	maxDef, maxRep byte
}

// ownFooterBound is the longest footer that is read back.
const ownFooterBound = 256 << 20

func readParquet(in io.ReaderAt, size int64) (*parquetReader, error) {
	r := &parquetReader{in: in, size: size}
	head, err := r.bytes(0, int64(len(parquetMagic)))
	if err != nil {
		return nil, err
	}
	tail, err := r.bytes(size-8, 8)
	if err != nil {
		return nil, err
	}
	if string(head) != parquetMagic || string(tail[4:]) != parquetMagic {
		return nil, damaged("it does not start and end as a Parquet file does")
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	if r.footer = size - 8 - n; n > ownFooterBound {
		return nil, messages.ParquetLongFooter.With("bound", pipelines.Size(ownFooterBound))
	}
	footer, err := r.bytes(r.footer, n)
	if err != nil {
		return nil, err
	}
	used, err := decodeThrift(footer, &r.meta)
	if err != nil {
		return nil, err
	}
	if used != len(footer) {
		return nil, damaged("bytes follow the footer")
	}
	return r, r.readSchema()
}

// bytes reads a range that must lie inside the file.
func (r *parquetReader) bytes(at, n int64) ([]byte, error) { return r.append(nil, at, n) }

// append appends a range that must lie inside the file.
func (r *parquetReader) append(dst []byte, at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at > r.size || n > r.size-at {
		return dst, damaged("a range lies outside of the file")
	}
	from := len(dst)
	dst = slices.Grow(dst, int(n))[:from+int(n)]
	if k, err := r.in.ReadAt(dst[from:], at); k < int(n) {
		return dst, fmt.Errorf("read parquet: %w", err)
	}
	return dst, nil
}

// decodeThrift reads v from the start of b and gives its length. Bytes that do
// not say exactly what v then holds are refused: they could hide something.
func decodeThrift(b []byte, v any) (int, error) {
	// The decoder takes as much memory as a list claims to have elements.
	walk := thriftReader{b: b}
	switch v.(type) {
	case *pq.FileMetaData, *pq.OffsetIndex:
		walk.elements()
	default:
		walk.skip(thriftStruct)
	}
	if walk.failed() {
		return 0, damaged("a header cannot be read")
	}
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	if err := thrift.NewDecoder(r).Decode(v); err != nil {
		return 0, damaged("a header cannot be read")
	}
	again, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil || !bytes.HasPrefix(b, again) {
		return 0, damaged("a header holds something unknown")
	}
	return len(again), nil
}

// readSchema understands the shapes this codec writes: optional columns, lists
// of three levels, and bounding boxes.
func (r *parquetReader) readSchema() error {
	es := r.meta.Schema
	if len(es) == 0 || es[0] != (pq.SchemaElement{Name: "schema", NumChildren: es[0].NumChildren}) || es[0].NumChildren.V < 1 {
		return damaged("the root of the schema is not as written")
	}
	columns := int(es[0].NumChildren.V)
	es = es[1:]
	var fields []arrow.Field
	for range columns {
		leaves, t := readBox(es)
		used := len(leaves) + 1
		if leaves == nil {
			l, n, ok := readLeaf(es)
			if !ok {
				return damaged("column ", ordinal(len(fields)), " has a shape that was not written")
			}
			leaves, t, used = []fileLeaf{l}, l.typ, n
		}
		es = es[used:]
		for _, l := range leaves {
			l.column = len(fields)
			r.leaves = append(r.leaves, l)
		}
		fields = append(fields, arrow.Field{Name: leaves[0].name, Type: t, Nullable: true})
	}
	if len(es) > 0 {
		return damaged("the schema has more elements than columns")
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// readBox reads optional group { required double xmin; ymin; xmax; ymax }.
func readBox(es []pq.SchemaElement) (leaves []fileLeaf, t arrow.DataType) {
	names := [...]string{"xmin", "ymin", "xmax", "ymax"}
	if len(es) <= len(names) || es[0] != (pq.SchemaElement{Name: es[0].Name, RepetitionType: thrift.New(pq.Optional), NumChildren: thrift.New(int32(len(names)))}) {
		return nil, nil
	}
	var fields []arrow.Field
	for i, name := range names {
		if es[1+i] != (pq.SchemaElement{Name: name, RepetitionType: thrift.New(pq.Required), Type: thrift.New(pq.Double)}) {
			return nil, nil
		}
		f := arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64}
		fields = append(fields, f)
		leaves = append(leaves, fileLeaf{name: es[0].Name, path: []string{es[0].Name, name}, physical: pq.Double, typ: f.Type, maxDef: 1})
	}
	leaves[len(leaves)-1].boxEnd = true
	return leaves, arrow.StructOf(fields...)
}

func readLeaf(es []pq.SchemaElement) (l fileLeaf, used int, ok bool) {
	if len(es) == 0 || es[0].RepetitionType != thrift.New(pq.Optional) {
		return l, 0, false
	}
	e := es[0]
	if e.ConvertedType != convertedType(e) || e.FieldID != 0 {
		return l, 0, false
	}
	if !e.NumChildren.Valid {
		t, width := readType(e)
		return fileLeaf{name: e.Name, path: []string{e.Name}, physical: e.Type.V, width: width, typ: t, maxDef: 1}, 1, t != nil && e.Type.Valid
	}
	if len(es) < 3 {
		return l, 0, false
	}
	m, v := es[1], es[2]
	_, isList := e.LogicalType.Value.(*pq.ListType)
	t, _ := readType(v)
	ok = isList && !m.ConvertedType.Valid && m.LogicalType.Value == nil && v.ConvertedType == convertedType(v) && m.FieldID+v.FieldID == 0 && e.NumChildren.V == 1 && !e.Type.Valid &&
		m.RepetitionType == thrift.New(pq.Repeated) && m.NumChildren == thrift.New(int32(1)) && !m.Type.Valid && m.Name == "list" &&
		v.RepetitionType == thrift.New(pq.Optional) && !v.NumChildren.Valid && v.Name == "element" && v.Type.Valid &&
		t != nil && t.ID() == arrow.STRING
	return fileLeaf{name: e.Name, path: []string{e.Name, "list", "element"}, physical: v.Type.V,
		typ: arrow.ListOf(arrow.BinaryTypes.String), maxDef: 3, maxRep: 1}, 3, ok
}

// readType is the Arrow type of an element without children, or nil.
func readType(e pq.SchemaElement) (arrow.DataType, int) {
	physical := e.Type.V
	_, isDecimal := e.LogicalType.Value.(*pq.DecimalType)
	if e.TypeLength.Valid != (physical == pq.FixedLenByteArray) || e.Precision.Valid != isDecimal || e.Scale.Valid != isDecimal {
		return nil, 0
	}
	switch t := e.LogicalType.Value.(type) {
	case nil:
		switch physical {
		case pq.Boolean:
			return arrow.FixedWidthTypes.Boolean, 0
		case pq.Int32:
			return arrow.PrimitiveTypes.Int32, 0
		case pq.Int64:
			return arrow.PrimitiveTypes.Int64, 0
		case pq.Double:
			return arrow.PrimitiveTypes.Float64, 0
		case pq.ByteArray:
			return arrow.BinaryTypes.Binary, 0
		}
	case *pq.NullType:
		if physical == pq.Int32 {
			return arrow.Null, 0
		}
	case *pq.StringType:
		if physical == pq.ByteArray {
			return arrow.BinaryTypes.String, 0
		}
	case *pq.DateType:
		if physical == pq.Int32 {
			return arrow.FixedWidthTypes.Date32, 0
		}
	case *pq.TimestampType:
		if _, micros := t.Unit.Value.(*pq.MicroSeconds); micros && t.IsAdjustedToUTC && physical == pq.Int64 {
			return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, 0
		}
	case *pq.DecimalType:
		return readDecimal(e, t)
	}
	return nil, 0
}

// convertedType is what old readers need beside the logical type of an element.
func convertedType(e pq.SchemaElement) (c thrift.Null[deprecated.ConvertedType]) {
	switch e.LogicalType.Value.(type) {
	case *pq.StringType:
		c.Set(deprecated.UTF8)
	case *pq.DateType:
		c.Set(deprecated.Date)
	case *pq.TimestampType:
		c.Set(deprecated.TimestampMicros)
	case *pq.DecimalType:
		c.Set(deprecated.Decimal)
	case *pq.ListType:
		c.Set(deprecated.List)
	}
	return c
}

func readDecimal(e pq.SchemaElement, t *pq.DecimalType) (arrow.DataType, int) {
	width := int(e.TypeLength.V)
	if e.Precision != thrift.New(t.Precision) || e.Scale != thrift.New(t.Scale) ||
		t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
		return nil, 0
	}
	var ok bool
	switch e.Type.V {
	case pq.Int32:
		ok = t.Precision <= 9
	case pq.Int64:
		ok = t.Precision > 9 && t.Precision <= 18
	case pq.FixedLenByteArray:
		ok = t.Precision > 18 && width >= 9 && width <= 16
	}
	if !ok {
		return nil, 0
	}
	return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, width
}
