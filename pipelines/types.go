package pipelines

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ColumnType is a type as a pipeline file declares it:
//
//	text  bool  int32  int64  float64  decimal(12, 2)  binary
//	date  date("DD/MM/YYYY")
//	timestamp  timestamp("DD/MM/YYYY HH:mm:ss", "Europe/Paris")
//	list(text)
//	siret  siren  insee  postcode
//
// string is another word for text. An instant is always stored in UTC, with
// microseconds; the zone says how to read a clock time that has no offset. The
// codes are text of that form, zeros in front included; what a spreadsheet has
// made of one is rejected.
type ColumnType struct {
	Type   arrow.DataType
	Format string // of a date or timestamp in text; "" is ISO 8601
	Zone   string // IANA name; "" demands an offset in the text
	Code   string // the code that a text must be written as: siret, siren, insee, postcode; "" is any text
}

// Name is the type as a person would say it.
func (t ColumnType) Name() string {
	if t.Code != "" {
		return t.Code
	}
	return TypeName(t.Type)
}

// Instant is the Arrow type of every timestamp in lavoir.
var Instant = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// BBox is the Arrow type of the bounding box of a geometry, as GeoParquet 1.1
// lays it out ("Bounding Box Columns" of its specification): it is null as a
// whole or has four numbers. No pipeline file declares it; transforms that have
// no use for it pass it on or refuse it.
var BBox = bbox()

func bbox() *arrow.StructType {
	var fs []arrow.Field
	for _, name := range []string{"xmin", "ymin", "xmax", "ymax"} {
		fs = append(fs, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
	}
	return arrow.StructOf(fs...)
}

var plainTypes = map[string]arrow.DataType{
	"text": arrow.BinaryTypes.String, "string": arrow.BinaryTypes.String, "bool": arrow.FixedWidthTypes.Boolean,
	"int32": arrow.PrimitiveTypes.Int32, "int64": arrow.PrimitiveTypes.Int64, "float64": arrow.PrimitiveTypes.Float64,
	"date": arrow.FixedWidthTypes.Date32, "timestamp": Instant, "binary": arrow.BinaryTypes.Binary,
}

// ParseType reads a type written as an expression.
func ParseType(e hcl.Expression) (ColumnType, hcl.Diagnostics) {
	if name := hcl.ExprAsKeyword(e); name != "" {
		if t, ok := plainTypes[name]; ok {
			return ColumnType{Type: t}, nil
		}
		if scalar.Codes[name] > 0 {
			return ColumnType{Type: arrow.BinaryTypes.String, Code: name}, nil
		}
		return ColumnType{}, badType(e)
	}
	call, diags := hcl.ExprCall(e)
	if diags.HasErrors() {
		return ColumnType{}, badType(e)
	}
	switch call.Name {
	case "decimal":
		n, ok := numbers(call.Arguments)
		if !ok || len(n) != 2 || n[0] < 1 || n[0] > 38 || n[1] < 0 || n[1] > n[0] {
			return ColumnType{}, badType(e)
		}
		return ColumnType{Type: &arrow.Decimal128Type{Precision: int32(n[0]), Scale: int32(n[1])}}, nil
	case "date":
		s, ok := texts(call.Arguments)
		if !ok || len(s) != 1 {
			return ColumnType{}, badType(e)
		}
		return ColumnType{Type: arrow.FixedWidthTypes.Date32, Format: s[0]}, nil
	case "timestamp":
		s, ok := texts(call.Arguments)
		if !ok || len(s) < 1 || len(s) > 2 {
			return ColumnType{}, badType(e)
		}
		t := ColumnType{Type: Instant, Format: s[0]}
		if len(s) == 2 {
			t.Zone = s[1]
		}
		return t, nil
	case "list":
		if len(call.Arguments) == 1 {
			el, diags := ParseType(call.Arguments[0])
			if !diags.HasErrors() && el.Type.ID() == arrow.STRING {
				return ColumnType{Type: arrow.ListOf(el.Type)}, nil
			}
		}
	}
	return ColumnType{}, badType(e)
}

// ParseTypeText is ParseType of a text.
func ParseTypeText(s string) (ColumnType, error) {
	e, diags := hclsyntax.ParseExpression([]byte(s), "type", hcl.InitialPos)
	if diags.HasErrors() {
		return ColumnType{}, messages.BadType.With("got", s)
	}
	t, diags := ParseType(e)
	if diags.HasErrors() {
		return ColumnType{}, messages.BadType.With("got", s)
	}
	return t, nil
}

func badType(e hcl.Expression) hcl.Diagnostics {
	got := "this"
	if name := hcl.ExprAsKeyword(e); name != "" {
		got = name
		if meant := Nearest(name, slices.Concat(slices.Collect(maps.Keys(plainTypes)), slices.Collect(maps.Keys(scalar.Codes)))); meant != "" {
			got += " (did you mean " + meant + "?)"
		}
	} else if call, diags := hcl.ExprCall(e); !diags.HasErrors() {
		got = call.Name + "(…)"
		if n, whole := numbers(call.Arguments); call.Name == "decimal" && whole && len(n) == 2 {
			got = fmt.Sprintf("decimal(%d, %d), of %d digits in all and %d behind the mark,", n[0], n[1], n[0], n[1])
		}
	} else if s, ok := texts([]hcl.Expression{e}); ok { // a type has no quotes
		got = strconv.Quote(s[0])
	}
	return hcl.Diagnostics{Diagnose(messages.BadType.With("got", got), e.Range())}
}

func numbers(es []hcl.Expression) (ns []int64, ok bool) {
	for _, e := range es {
		v, diags := e.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.Number || !v.AsBigFloat().IsInt() {
			return nil, false
		}
		n, _ := v.AsBigFloat().Int64()
		ns = append(ns, n)
	}
	return ns, true
}

func texts(es []hcl.Expression) (ss []string, ok bool) {
	for _, e := range es {
		v, diags := e.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
			return nil, false
		}
		ss = append(ss, v.AsString())
	}
	return ss, true
}

// TypeName writes an Arrow type as a pipeline file would.
func TypeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType:
		return "text"
	case *arrow.BooleanType:
		return "bool"
	case *arrow.Date32Type:
		return "date"
	case *arrow.TimestampType:
		return "timestamp"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("decimal(%d, %d)", t.Precision, t.Scale)
	case *arrow.ListType:
		return "list(" + TypeName(t.Elem()) + ")"
	case *arrow.StructType:
		if arrow.TypeEqual(t, BBox) {
			return "bbox"
		}
	}
	return t.Name()
}

// Columns are the names of a schema's columns.
func Columns(s *arrow.Schema) []string {
	names := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		names[i] = f.Name
	}
	return names
}

// ColumnIndex is the index of the one column of that name, or a message that
// lists those there are.
func ColumnIndex(s *arrow.Schema, name string) (int, error) {
	if is := s.FieldIndices(name); len(is) == 1 {
		return is[0], nil
	}
	return 0, NoColumn(name, Columns(s))
}

// NoColumn says that there is no column of a name among those there are, and which was
// probably meant.
func NoColumn(name string, columns []string) *messages.Error {
	correct := "correct the name"
	if meant := Nearest(name, columns); meant != "" {
		correct += " (did you mean " + meant + "?)"
	}
	return messages.UnknownColumn.With("column", name, "columns", strings.Join(columns, ", "), "correct", correct)
}
