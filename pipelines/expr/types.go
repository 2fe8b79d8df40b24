package expr

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// kind is how values are held while they are computed.
type kind uint8

const (
	kNull kind = iota // nothing but null
	kBool
	kInt
	kFloat
	kDec
	kText
	kDate    // days since 1970
	kInstant // microseconds since 1970 UTC
	kList    // list of text
	kOpaque  // a column that can only be tested for null or passed on
	kGroup   // a constant list or map; never the type of a column
	kSmall   // a decimal in 64 bits; never what a program gives
)

// typ is a kind; a decimal also has a precision and a scale.
type typ struct {
	k    kind
	p, s int32
}

func dec(p, s int32) typ { return typ{kDec, p, s} }

func (t typ) String() string {
	switch t.k {
	case kNull:
		return "null"
	case kOpaque:
		return "binary"
	case kGroup:
		return "constants"
	}
	return pipelines.TypeName(t.arrow())
}

func (t typ) arrow() arrow.DataType {
	switch t.k {
	case kBool:
		return arrow.FixedWidthTypes.Boolean
	case kInt:
		return arrow.PrimitiveTypes.Int64
	case kFloat:
		return arrow.PrimitiveTypes.Float64
	case kDec:
		return &arrow.Decimal128Type{Precision: t.p, Scale: t.s}
	case kText:
		return arrow.BinaryTypes.String
	case kDate:
		return arrow.FixedWidthTypes.Date32
	case kInstant:
		return pipelines.Instant
	case kList:
		return arrow.ListOf(arrow.BinaryTypes.String)
	}
	return arrow.Null
}

// ofArrow is the type a column's values are computed in. int32 is computed in
// int64; what no operation knows is opaque.
func ofArrow(t arrow.DataType) typ {
	switch t := t.(type) {
	case *arrow.NullType:
		return typ{k: kNull}
	case *arrow.BooleanType:
		return typ{k: kBool}
	case *arrow.Int32Type, *arrow.Int64Type:
		return typ{k: kInt}
	case *arrow.Float64Type:
		return typ{k: kFloat}
	case *arrow.Decimal128Type:
		if t.Scale >= 0 && t.Precision >= 1 && t.Precision <= maxDigits {
			return dec(t.Precision, t.Scale)
		}
	case *arrow.StringType:
		return typ{k: kText}
	case *arrow.Date32Type:
		return typ{k: kDate}
	case *arrow.TimestampType:
		if t.Unit == arrow.Microsecond && t.TimeZone == "UTC" {
			return typ{k: kInstant}
		}
	case *arrow.ListType:
		if t.Elem().ID() == arrow.STRING {
			return typ{k: kList}
		}
	}
	return typ{k: kOpaque}
}

// maxDigits is how many digits a decimal128 holds for certain.
const maxDigits = 38

func (t typ) numeric() bool { return t.k == kInt || t.k == kFloat || t.k == kDec }

// asDecimal is the decimal type that holds every value of an int64 or decimal
// type; a constant int64 needs no more digits than it has.
func asDecimal(n *node) typ {
	if n.t.k == kInt {
		if n.konst != nil && n.konst.ok(0) {
			return dec(digits(n.konst.ints[0]), 0)
		}
		return dec(19, 0)
	}
	return n.t
}

func digits(i int64) int32 {
	if i < 0 {
		return int32(len(fmt.Sprint(i)) - 1)
	}
	return int32(len(fmt.Sprint(i)))
}

// wider is the decimal type that holds the values of both.
func wider(a, b typ) typ {
	s := max(a.s, b.s)
	return dec(max(a.p-a.s, b.p-b.s)+s, s)
}
