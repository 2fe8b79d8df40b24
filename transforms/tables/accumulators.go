package tables

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// accumulator measures one column for any number of groups.
type accumulator interface {
	// grow adds a group.
	grow()
	// update measures values from, from+1 … of a, which belong to groups. Nulls
	// are left out.
	update(groups []int32, a arrow.Array, from int)
	// result appends the measure of a group; false is an overflow.
	result(b array.Builder, group int32) bool
	// held is what is held besides a fixed amount per group.
	held() int64
}

func newAccumulator(m measure) accumulator {
	switch m.fn {
	case "count":
		return &counts{}
	case "count_distinct":
		return &distincts{}
	case "subjects":
		return newContributions(m)
	case "min", "max":
		return &extremes{max: m.fn == "max"}
	}
	if m.typ.ID() == arrow.FLOAT64 {
		return &floats{average: m.fn == "avg"}
	}
	return &sums{average: m.fn == "avg"}
}

// counts counts values, or rows when there is no column.
type counts struct{ n []int64 }

func (c *counts) grow()       { c.n = append(c.n, 0) }
func (c *counts) held() int64 { return 0 }

func (c *counts) update(groups []int32, a arrow.Array, from int) {
	for i, g := range groups {
		if a == nil || !arrowx.IsNull(a, from+i) {
			c.n[g]++
		}
	}
}

func (c *counts) result(b array.Builder, g int32) bool {
	b.(*array.Int64Builder).Append(c.n[g])
	return true
}

// distincts counts different values.
type distincts struct {
	seen  []map[string]struct{}
	bytes int64
	key   []byte
}

func (d *distincts) grow()       { d.seen = append(d.seen, nil) }
func (d *distincts) held() int64 { return d.bytes }

func (d *distincts) update(groups []int32, a arrow.Array, from int) {
	for i, g := range groups {
		if arrowx.IsNull(a, from+i) {
			continue
		}
		d.key = arrowx.AppendKey(d.key[:0], a, from+i, false)
		if _, twice := d.seen[g][string(d.key)]; twice {
			continue
		}
		if d.seen[g] == nil {
			d.seen[g] = map[string]struct{}{}
		}
		d.seen[g][string(d.key)] = struct{}{}
		d.bytes += int64(len(d.key)) + mapEntry
	}
}

func (d *distincts) result(b array.Builder, g int32) bool {
	b.(*array.Int64Builder).Append(int64(len(d.seen[g])))
	return true
}

// extremes keeps the key of the smallest or largest value.
type extremes struct {
	max   bool
	best  [][]byte
	bytes int64
	key   []byte
}

func (e *extremes) grow()       { e.best = append(e.best, nil) }
func (e *extremes) held() int64 { return e.bytes }

func (e *extremes) update(groups []int32, a arrow.Array, from int) {
	for i, g := range groups {
		if arrowx.IsNull(a, from+i) {
			continue
		}
		e.key = arrowx.AppendKey(e.key[:0], a, from+i, false)
		if best := e.best[g]; best == nil || (string(e.key) > string(best)) == e.max {
			e.bytes -= int64(cap(best))
			e.best[g] = append(best[:0], e.key...)
			e.bytes += int64(cap(e.best[g]))
		}
	}
}

func (e *extremes) result(b array.Builder, g int32) bool {
	if e.best[g] == nil {
		b.AppendNull()
		return true
	}
	_, err := arrowx.DecodeKey(b, e.best[g])
	return err == nil
}

// floats sums floats in the order of the rows.
type floats struct {
	average bool
	sum     []float64
	n       []int64
}

func (f *floats) grow()       { f.sum, f.n = append(f.sum, 0), append(f.n, 0) }
func (f *floats) held() int64 { return 0 }

func (f *floats) update(groups []int32, a arrow.Array, from int) {
	values := a.(*array.Float64).Float64Values()
	for i, g := range groups {
		if a.IsValid(from + i) {
			f.sum[g] += values[from+i]
			f.n[g]++
		}
	}
}

func (f *floats) result(b array.Builder, g int32) bool {
	fb, x := b.(*array.Float64Builder), f.sum[g]
	if f.average {
		x /= float64(f.n[g])
	}
	switch {
	case f.n[g] == 0:
		fb.AppendNull()
	case x != x:
		fb.Append(math.NaN()) // platforms differ in the one they make
	default:
		fb.Append(x)
	}
	return true
}

// sums adds whole numbers and decimals exactly, in 192 bits: more than any
// number of rows can fill.
type sums struct {
	average bool
	scale   int32
	sum     []wide
	n       []int64
}

// wide is a number of 192 bits in two's complement.
type wide struct {
	lo, mid uint64
	hi      int64
}

func (w *wide) add(hi int64, lo uint64) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, lo, 0)
	w.mid, carry = bits.Add64(w.mid, uint64(hi), carry)
	w.hi += hi>>63 + int64(carry)
}

func (w wide) big() *big.Int {
	v := big.NewInt(w.hi)
	v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w.mid))
	return v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w.lo))
}

func (s *sums) grow()       { s.sum, s.n = append(s.sum, wide{}), append(s.n, 0) }
func (s *sums) held() int64 { return 0 }

func (s *sums) update(groups []int32, a arrow.Array, from int) {
	switch a := a.(type) {
	case *array.Int32:
		each(s, groups, a, from, func(i int) (int64, uint64) { v := int64(a.Value(i)); return v >> 63, uint64(v) })
	case *array.Int64:
		each(s, groups, a, from, func(i int) (int64, uint64) { v := a.Value(i); return v >> 63, uint64(v) })
	case *array.Decimal128:
		s.scale = a.DataType().(*arrow.Decimal128Type).Scale
		each(s, groups, a, from, func(i int) (int64, uint64) { v := a.Value(i); return v.HighBits(), v.LowBits() })
	}
}

func each(s *sums, groups []int32, a arrow.Array, from int, value func(int) (int64, uint64)) {
	for i, g := range groups {
		if a.IsValid(from + i) {
			s.sum[g].add(value(from + i))
			s.n[g]++
		}
	}
}

func (s *sums) result(b array.Builder, g int32) bool {
	if s.n[g] == 0 {
		b.AppendNull()
		return true
	}
	v := s.sum[g].big()
	if ib, ok := b.(*array.Int64Builder); ok {
		ib.Append(v.Int64())
		return v.IsInt64()
	}
	if s.average {
		v = quotient(v, s.scale, b.Type().(*arrow.Decimal128Type).Scale, s.n[g])
	}
	if v.CmpAbs(decimalBound) >= 0 {
		return false
	}
	b.(*array.Decimal128Builder).Append(decimal128.FromBigInt(v))
	return true
}

// decimalBound is what no decimal of 38 digits reaches.
var decimalBound = new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)

// quotient is v/n, v with scale from and the result with the larger scale to,
// rounded half away from zero.
func quotient(v *big.Int, from, to int32, n int64) *big.Int {
	up := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(to-from)), nil)
	v = new(big.Int).Mul(v, up)
	q, r := new(big.Int).QuoRem(v, big.NewInt(n), new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(big.NewInt(n)) >= 0 {
		q.Add(q, big.NewInt(int64(v.Sign())))
	}
	return q
}
