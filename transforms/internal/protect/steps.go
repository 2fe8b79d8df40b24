package protect

import (
	"math/big"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Steps are ranges of one width that begin at its multiples, rounded down: with
// 10, -1 is in "-10 à -1". Each level is wider. Numbers are finite.
type Steps struct {
	widths []Number
	whole  bool
	centre bool // labels are the middles
}

// NewSteps makes ranges of numbers of type t; each width is a multiple of the one
// before.
func NewSteps(t arrow.DataType, widths ...Number) (*Steps, error) { return newSteps(t, widths, false) }

// NewSnap puts coordinates, in degrees or metres, in the middle of cells of the
// given sizes, which begin at their multiples. Labels are numbers with a point.
func NewSnap(t arrow.DataType, sizes ...Number) (*Steps, error) { return newSteps(t, sizes, true) }

func newSteps(t arrow.DataType, widths []Number, centre bool) (*Steps, error) {
	whole, err := numeric(t)
	if err != nil {
		return nil, err
	}
	if len(widths) == 0 {
		return nil, messages.FewBounds.With("wanted", 1)
	}
	for i, w := range widths {
		if w.infinite != 0 || w.sign() <= 0 {
			return nil, messages.NotAboveZero.With("got", w.String())
		}
		if whole && !centre && w.short().scale > 0 {
			return nil, messages.BoundNotWhole.With("bound", w.String())
		}
		if i > 0 && (w.compare(widths[i-1]) <= 0 || widths[i-1].times(w.steps(widths[i-1])).compare(w) != 0) {
			return nil, messages.WidthsNotNested.With("width", w.String(), "before", widths[i-1].String())
		}
	}
	return &Steps{widths, whole, centre}, nil
}

// Levels are named by their widths.
func (s *Steps) Levels() []string {
	names := make([]string, len(s.widths))
	for i, w := range s.widths {
		if names[i] = "tranches de " + w.french(); s.centre {
			names[i] = "mailles de " + w.french()
		}
	}
	return names
}

// Domain is every number.
func (s *Steps) Domain() string { return "nombres" }

var one = big.NewInt(1)

// Labels are the ranges that number i of a is in.
func (s *Steps) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	if !ok || n.infinite != 0 {
		return dst, false
	}
	for _, w := range s.widths {
		k := n.steps(w)
		from := w.times(k)
		if s.centre {
			half := Number{unscaled: new(big.Int).Mul(w.at(w.scale), big.NewInt(5)), scale: w.scale + 1}
			dst = append(dst, Number{unscaled: new(big.Int).Add(from.at(half.scale), half.at(half.scale)), scale: half.scale}.text("."))
			continue
		}
		dst = append(dst, span(s.whole, from, w.times(new(big.Int).Add(k, one))))
	}
	return dst, true
}

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

// Limits names what is at or beyond a limit by the limit alone, and leaves what
// is between as it is.
type Limits struct{ bottom, top *Number }

// NewLimits limits numbers of type t below, above or both; a nil limit is none.
func NewLimits(t arrow.DataType, bottom, top *Number) (*Limits, error) {
	if _, err := numeric(t); err != nil {
		return nil, err
	}
	for _, n := range []*Number{bottom, top} {
		if n != nil && n.infinite != 0 {
			return nil, messages.BoundOrder.With("bound", n.String())
		}
	}
	switch {
	case bottom == nil && top == nil:
		return nil, messages.FewBounds.With("wanted", 1)
	case bottom != nil && top != nil && bottom.compare(*top) >= 0:
		return nil, messages.BoundOrder.With("bound", top.String())
	}
	return &Limits{bottom, top}, nil
}

// Levels is one.
func (l *Limits) Levels() []string { return []string{"valeurs extrêmes regroupées"} }

// Domain is every number.
func (l *Limits) Domain() string { return "nombres" }

// Labels is number i of a, or the limit that it reaches.
func (l *Limits) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	switch {
	case !ok:
		return dst, false
	case l.top != nil && n.compare(*l.top) >= 0:
		return append(dst, l.top.french()+" ou plus"), true
	case l.bottom != nil && n.compare(*l.bottom) <= 0:
		return append(dst, l.bottom.french()+" ou moins"), true
	case n.infinite != 0:
		return dst, false
	}
	return append(dst, n.french()), true
}

// typed refuses a type other than those named.
func typed(t arrow.DataType, wanted string, ids ...arrow.Type) error {
	for _, id := range ids {
		if t.ID() == id {
			return nil
		}
	}
	return messages.GeneraliseType.With("got", pipelines.TypeName(t), "wanted", wanted)
}
