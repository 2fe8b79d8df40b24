package arrowx

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Ordering orders the values of a column as their keys do, without making keys; structs
// of numbers, which have none, number by number.
type Ordering struct {
	Descending bool
	// Exact orders values whose keys are the same by their bits: both zeros, and the
	// many ways to be no number. Only what no reader can tell apart is equal then.
	Exact bool
}

// Ordered says whether values of a type can be compared.
func Ordered(t arrow.DataType) bool {
	if s, ok := t.(*arrow.StructType); ok {
		return isBox(s)
	}
	return Keyed(t)
}

// Compare is negative where value i of a comes before value j of b, which is of the same
// type. The caller has checked with Ordered that there is an order.
func (o Ordering) Compare(a arrow.Array, i int, b arrow.Array, j int) int {
	switch no, nor := a.IsNull(i), b.IsNull(j); {
	case no && nor:
		return 0
	case no:
		return 1
	case nor:
		return -1
	}
	c := o.values(a, i, b, j)
	if o.Descending {
		return -c
	}
	return c
}

func (o Ordering) values(a arrow.Array, i int, b arrow.Array, j int) int {
	switch a := a.(type) {
	case *array.String:
		return cmp.Compare(a.Value(i), b.(*array.String).Value(j))
	case *array.Binary:
		return bytes.Compare(a.Value(i), b.(*array.Binary).Value(j))
	case *array.Int64:
		return cmp.Compare(a.Value(i), b.(*array.Int64).Value(j))
	case *array.Int32:
		return cmp.Compare(a.Value(i), b.(*array.Int32).Value(j))
	case *array.Date32:
		return cmp.Compare(a.Value(i), b.(*array.Date32).Value(j))
	case *array.Timestamp:
		return cmp.Compare(a.Value(i), b.(*array.Timestamp).Value(j))
	case *array.Decimal128:
		x, y := a.Value(i), b.(*array.Decimal128).Value(j)
		if c := cmp.Compare(x.HighBits(), y.HighBits()); c != 0 {
			return c
		}
		return cmp.Compare(x.LowBits(), y.LowBits())
	case *array.Float64:
		return o.floats(a.Value(i), b.(*array.Float64).Value(j))
	case *array.Boolean:
		x, y := a.Value(i), b.(*array.Boolean).Value(j)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case *array.Null:
		return 0
	case *array.List:
		b := b.(*array.List)
		c := Ordering{}.lists(a, i, b, j)
		if c == 0 && o.Exact {
			c = Ordering{Exact: true}.lists(a, i, b, j)
		}
		return c
	case *array.Struct:
		for k := range a.NumField() {
			x, y := a.Field(k).(*array.Float64), b.(*array.Struct).Field(k).(*array.Float64)
			if c := o.floats(x.Value(i), y.Value(j)); c != 0 {
				return c
			}
		}
		return 0
	}
	panic("arrowx: no order for " + a.DataType().String())
}

func (o Ordering) floats(x, y float64) int {
	c := cmp.Compare(floatKey(x), floatKey(y))
	if c == 0 && o.Exact {
		c = cmp.Compare(math.Float64bits(x), math.Float64bits(y))
	}
	return c
}

func (o Ordering) lists(a *array.List, i int, b *array.List, j int) int {
	from, to := a.ValueOffsets(i)
	other, end := b.ValueOffsets(j)
	for ; from < to && other < end; from, other = from+1, other+1 {
		if c := o.Compare(a.ListValues(), int(from), b.ListValues(), int(other)); c != 0 {
			return c
		}
	}
	return cmp.Compare(to-from, end-other)
}

// Prefix is a number that decides most comparisons of value i of a: the lesser number comes
// first, and equal numbers say nothing. Of texts it is of eight bytes after the first skip,
// which all that are compared must have in common.
func (o Ordering) Prefix(a arrow.Array, i, skip int) uint64 {
	if a.IsNull(i) {
		return math.MaxUint64
	}
	p := uint64(0)
	switch a := a.(type) {
	case *array.String:
		p = textPrefix(a.Value(i), skip)
	case *array.Binary:
		p = textPrefix(a.Value(i), skip)
	case *array.Int64:
		p = uint64(a.Value(i)) ^ 1<<63
	case *array.Timestamp:
		p = uint64(a.Value(i)) ^ 1<<63
	case *array.Int32:
		p = uint64(uint32(a.Value(i))^1<<31) << 1
	case *array.Date32:
		p = uint64(uint32(a.Value(i))^1<<31) << 1
	case *array.Float64:
		p = floatKey(a.Value(i))
	case *array.Decimal128:
		v := a.Value(i)
		low := int64(v.LowBits())
		switch {
		case v.HighBits() == low>>63:
			p = uint64(low) ^ 1<<63
		case v.HighBits() >= 0:
			p = math.MaxUint64
		}
	case *array.Boolean:
		if a.Value(i) {
			p = 1
		}
	}
	if o.Descending {
		return ^p
	}
	return p
}

// AppendPrefixes adds those of all values of a.
func (o Ordering) AppendPrefixes(dst []uint64, a arrow.Array, skip int) []uint64 {
	if n, ok := a.(*array.Int64); ok && !o.Descending && a.NullN() == 0 {
		for _, v := range n.Int64Values() {
			dst = append(dst, uint64(v)^1<<63)
		}
		return dst
	}
	for i := range a.Len() {
		dst = append(dst, o.Prefix(a, i, skip))
	}
	return dst
}

// PrefixDecides says whether values of a that have one prefix are equal.
func PrefixDecides(a arrow.Array) bool {
	switch a.DataType().ID() {
	case arrow.INT64, arrow.TIMESTAMP, arrow.INT32, arrow.DATE32:
		return a.NullN() == 0
	}
	return false
}

func textPrefix[T string | []byte](text T, skip int) uint64 {
	var b [8]byte
	copy(b[:], text[min(skip, len(text)):])
	return binary.BigEndian.Uint64(b[:])
}
