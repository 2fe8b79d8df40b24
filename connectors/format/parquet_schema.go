package format

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
)

// arrowKey is where the Arrow libraries keep the Arrow schema, so that a table
// comes back with the types it had.
const arrowKey = "ARROW:schema"

// plan is how the columns of a schema are laid out in a file.
type plan struct {
	schema   *arrow.Schema // names, types and nullability; no metadata
	leaves   []leaf        // in the order of the schema; one per column, or four of a bounding box
	first    []int         // leaf of each column
	sortedBy []int         // leaves, most significant first
}

// leaf is a column of values in the file.
type leaf struct {
	column   int // in the schema
	field    int // of the bounding box that the column is
	box      bool
	name     string
	typ      arrow.DataType // of the column
	path     []string
	physical pq.Type
	width    int // bytes of a value of fixed length
	maxDef   byte
	maxRep   byte
	bloom    bool
	elements []pq.SchemaElement
}

// bareSchema is a schema without metadata, which may say what must not be published.
func bareSchema(s *arrow.Schema) *arrow.Schema {
	fs := make([]arrow.Field, s.NumFields())
	for i, f := range s.Fields() {
		if f.Type.ID() == arrow.LIST {
			f.Type = arrow.ListOf(f.Type.(*arrow.ListType).Elem())
		} else if arrow.TypeEqual(f.Type, pipelines.BBox) {
			f.Type = pipelines.BBox
		}
		fs[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: true}
	}
	return arrow.NewSchema(fs, nil)
}

// leavesOf lays out one column; there are none for a type that cannot be held exactly.
func leavesOf(i int, f arrow.Field) []leaf {
	if arrow.TypeEqual(f.Type, pipelines.BBox) {
		return boxLeaves(i, f.Name)
	}
	if l, ok := leafOf(i, f); ok {
		return []leaf{l}
	}
	return nil
}

// boxLeaves lays out a bounding box: optional group { required double xmin; … }.
func boxLeaves(i int, name string) (leaves []leaf) {
	for k, f := range pipelines.BBox.Fields() {
		leaves = append(leaves, leaf{column: i, field: k, box: true, name: name, typ: f.Type, path: []string{name, f.Name},
			physical: pq.Double, maxDef: 1,
			elements: []pq.SchemaElement{{Name: f.Name, RepetitionType: thrift.New(pq.Required), Type: thrift.New(pq.Double)}}})
	}
	group := pq.SchemaElement{Name: name, RepetitionType: thrift.New(pq.Optional), NumChildren: thrift.New(int32(len(leaves)))}
	leaves[0].elements = append([]pq.SchemaElement{group}, leaves[0].elements...)
	return leaves
}

// leafOf lays out a column of one leaf; ok is false for a type that cannot be held exactly.
func leafOf(i int, f arrow.Field) (l leaf, ok bool) {
	l = leaf{column: i, name: f.Name, typ: f.Type, path: []string{f.Name}, maxDef: 1}
	e := pq.SchemaElement{Name: f.Name, RepetitionType: thrift.New(pq.Optional)}
	switch t := f.Type.(type) {
	case *arrow.NullType:
		l.physical = pq.Int32
		e.LogicalType.Value = &pq.NullType{}
	case *arrow.BooleanType:
		l.physical = pq.Boolean
	case *arrow.Int32Type:
		l.physical = pq.Int32
	case *arrow.Int64Type:
		l.physical = pq.Int64
	case *arrow.Float64Type:
		l.physical = pq.Double
	case *arrow.Date32Type:
		l.physical = pq.Int32
		e.ConvertedType = thrift.New(deprecated.Date)
		e.LogicalType.Value = &pq.DateType{}
	case *arrow.TimestampType:
		if t.Unit != arrow.Microsecond || t.TimeZone != "UTC" {
			return l, false
		}
		l.physical = pq.Int64
		e.ConvertedType = thrift.New(deprecated.TimestampMicros)
		e.LogicalType.Value = &pq.TimestampType{IsAdjustedToUTC: true, Unit: pq.TimeUnit{Value: &pq.MicroSeconds{}}}
	case *arrow.Decimal128Type:
		if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return l, false
		}
		l.physical, l.width = decimalStorage(t.Precision)
		if l.physical == pq.FixedLenByteArray {
			e.TypeLength = thrift.New(int32(l.width))
		}
		e.ConvertedType = thrift.New(deprecated.Decimal)
		e.Scale, e.Precision = thrift.New(t.Scale), thrift.New(t.Precision)
		e.LogicalType.Value = &pq.DecimalType{Scale: t.Scale, Precision: t.Precision}
	case *arrow.StringType:
		l.physical = pq.ByteArray
		markText(&e)
	case *arrow.BinaryType:
		l.physical = pq.ByteArray
	case *arrow.ListType:
		if t.Elem().ID() != arrow.STRING {
			return l, false
		}
		l.asList(e)
		return l, true
	default:
		return l, false
	}
	e.Type = thrift.New(l.physical)
	l.elements = []pq.SchemaElement{e}
	return l, true
}

// asList lays out a list of texts: optional group (LIST) { repeated group list { optional binary element } }.
func (l *leaf) asList(outer pq.SchemaElement) {
	outer.NumChildren = thrift.New(int32(1))
	outer.ConvertedType = thrift.New(deprecated.List)
	outer.LogicalType.Value = &pq.ListType{}
	middle := pq.SchemaElement{Name: "list", RepetitionType: thrift.New(pq.Repeated), NumChildren: thrift.New(int32(1))}
	inner := pq.SchemaElement{Name: "element", RepetitionType: thrift.New(pq.Optional), Type: thrift.New(pq.ByteArray)}
	markText(&inner)
	l.physical, l.maxDef, l.maxRep = pq.ByteArray, 3, 1
	l.path = append(l.path, "list", "element")
	l.elements = []pq.SchemaElement{outer, middle, inner}
}

func markText(e *pq.SchemaElement) {
	e.ConvertedType = thrift.New(deprecated.UTF8)
	e.LogicalType.Value = &pq.StringType{}
}

// defWidth is the number of bits of a definition level.
func (l *leaf) defWidth() int { return bits.Len8(l.maxDef) }

// isText says whether the values of l must be UTF-8.
func (l *leaf) isText() bool { return l.typ.ID() == arrow.STRING || l.typ.ID() == arrow.LIST }

// decimalStorage is the narrowest storage of a decimal: integers up to 18
// digits, else as many bytes as the digits need.
func decimalStorage(precision int32) (pq.Type, int) {
	switch {
	case precision <= 9:
		return pq.Int32, 0
	case precision <= 18:
		return pq.Int64, 0
	}
	// One more bit than log2(10^precision), for the sign, in whole bytes.
	widths := [...]int{9, 9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16}
	return pq.FixedLenByteArray, widths[precision-19]
}

// elements is the schema as the footer has it: the root, then the columns in order.
func (p *plan) elements() []pq.SchemaElement {
	es := []pq.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(p.schema.NumFields()))}}
	for i := range p.leaves {
		es = append(es, p.leaves[i].elements...)
	}
	return es
}

// encodeArrowSchema is the schema as a base64 text of its IPC message.
func encodeArrowSchema(s *arrow.Schema) (string, error) {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s), ipc.WithAllocator(memory.NewGoAllocator()))
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("serialise schema: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
