package protect

import (
	"math/big"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Rounding brings numbers to the nearest multiple of a base; from the middle they
// go away from zero, so that -15 is -20 where 15 is 20. It has one level: of
// roundings to two bases, the second does not nest in the first. Numbers are
// finite.
type Rounding struct{ base Number }

// NewRounding rounds numbers of type t.
func NewRounding(t arrow.DataType, base Number) (*Rounding, error) {
	whole, err := numeric(t)
	switch {
	case err != nil:
		return nil, err
	case base.infinite != 0 || base.sign() <= 0:
		return nil, messages.NotAboveZero.With("got", base.String())
	case whole && base.short().scale > 0:
		return nil, messages.BoundNotWhole.With("bound", base.String())
	}
	return &Rounding{base.short()}, nil
}

// Levels is one.
func (r *Rounding) Levels() []string { return []string{"arrondi à " + r.base.french()} }

// Domain is every number.
func (r *Rounding) Domain() string { return "nombres" }

// Labels is number i of a, rounded.
func (r *Rounding) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	if !ok || n.infinite != 0 {
		return dst, false
	}
	return append(dst, r.round(n).french()), true
}

// round is (|n| + base/2) / base rounded down, with the sign of n.
func (r *Rounding) round(n Number) Number {
	scale := max(n.scale, r.base.scale)
	base := r.base.at(scale)
	size := new(big.Int).Abs(n.at(scale))
	size.Lsh(size, 1).Add(size, base)
	k := floor(size, new(big.Int).Lsh(base, 1))
	if n.sign() < 0 {
		k.Neg(k)
	}
	return r.base.times(k)
}

// Column rounds a column and keeps its type. Rows that are not numbers, and those
// whose rounded value has no room in the type, are null, and told; null stays
// null. A float is the one nearest to the rounded number. The caller releases the
// column.
func (r *Rounding) Column(mem memory.Allocator, a arrow.Array) (arrow.Array, Outside) {
	var out Outside
	b := array.NewBuilder(mem, a.DataType())
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		n, ok := numberOf(a, i)
		if !ok || n.infinite != 0 || !put(b, r.round(n)) {
			if out.Rows == 0 {
				out.First = i
			}
			out.Rows++
			b.AppendNull()
		}
	}
	return b.NewArray(), out
}

// put appends n to a builder of a number type, if it has room for it.
func put(b array.Builder, n Number) bool {
	switch b := b.(type) {
	case *array.Int32Builder:
		v := n.at(0)
		if !v.IsInt64() || int64(int32(v.Int64())) != v.Int64() {
			return false
		}
		b.Append(int32(v.Int64()))
	case *array.Int64Builder:
		v := n.at(0)
		if !v.IsInt64() {
			return false
		}
		b.Append(v.Int64())
	case *array.Decimal128Builder:
		t := b.Type().(*arrow.Decimal128Type)
		if n = n.short(); n.scale > int(t.Scale) {
			return false
		}
		v := n.at(int(t.Scale))
		if new(big.Int).Abs(v).Cmp(power(int(t.Precision))) >= 0 {
			return false
		}
		b.Append(decimal128.FromBigInt(v))
	case *array.Float64Builder:
		f, ok := new(big.Rat).SetString(n.String())
		if !ok {
			return false
		}
		v, _ := f.Float64()
		b.Append(v)
	}
	return true
}
