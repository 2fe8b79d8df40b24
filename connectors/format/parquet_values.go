package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/parquet-go/parquet-go/encoding/delta"
)

// values are the values of one column chunk that are not null, in their order.
// "raw" is a value as statistics and bloom filters hold it.
type values interface {
	len() int
	// width is the size of every value in PLAIN, or 0 where they differ; then
	// ends[i] - ends[i-1] and a length of four bytes are that of value i.
	width() int
	ends() []int32
	// plain appends the values from:to in PLAIN, and raw one value.
	plain(dst []byte, from, to int) []byte
	raw(dst []byte, i int) []byte
	// delta appends the values from:to in DELTA_BINARY_PACKED; hasDelta says
	// whether they have that encoding.
	delta(dst []byte, from, to int) ([]byte, error)
	hasDelta() bool
	// number makes d the dictionary of the values, unless that cannot pay.
	number(d *dictionary) bool
	// bounds is where the least and the greatest of the values from:to are found,
	// raw; ok is false when there are none or when a NaN makes them meaningless.
	bounds(from, to int) (lo, hi []byte, ok bool)
	// compare orders raw values, and shorten makes short bounds that enclose lo and hi.
	compare(a, b []byte) int
	shorten(lo, hi []byte) (short, tall []byte)
}

// bools are the values of a boolean column.
type bools []bool

func (v *bools) len() int                                     { return len(*v) }
func (v *bools) width() int                                   { return 1 }
func (v *bools) ends() []int32                                { return nil }
func (v *bools) hasDelta() bool                               { return false }
func (v *bools) number(*dictionary) bool                      { return false }
func (v *bools) compare(a, b []byte) int                      { return cmp.Compare(a[0], b[0]) }
func (v *bools) shorten(lo, hi []byte) ([]byte, []byte)       { return lo, hi }
func (v *bools) delta(d []byte, _, _ int) ([]byte, error)     { return d, nil }
func (v *bools) raw(dst []byte, i int) []byte                 { return append(dst, bit((*v)[i])) }
func (v *bools) bounds(from, to int) (lo, hi []byte, ok bool) { return boolBounds((*v)[from:to]) }

func (v *bools) plain(dst []byte, from, to int) []byte {
	n := len(dst)
	dst = append(dst, make([]byte, (to-from+7)/8)...)
	for i, x := range (*v)[from:to] {
		dst[n+i/8] |= bit(x) << (i % 8)
	}
	return dst
}

func boolBounds(vs []bool) (lo, hi []byte, ok bool) {
	all, some := true, false
	for _, x := range vs {
		all, some = all && x, some || x
	}
	return []byte{bit(all)}, []byte{bit(some)}, len(vs) > 0
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (v *bools) gather(s *shape) {
	*v = (*v)[:0]
	eachPresent(s, func(a *array.Boolean, i int) { *v = append(*v, a.Value(i)) })
}

// numbers are values that are integers; doubles are their bits.
type numbers[T int32 | int64 | uint64] struct {
	vs     []T
	buffer []T
	binary delta.BinaryPackedEncoding
	packed []byte
}

func (v *numbers[T]) len() int      { return len(v.vs) }
func (v *numbers[T]) ends() []int32 { return nil }

func (v *numbers[T]) width() int {
	switch any(v).(type) {
	case *numbers[int32]:
		return 4
	}
	return 8
}

// plain relies on the order of bytes of all processors that lavoir is built for.
func (v *numbers[T]) plain(dst []byte, from, to int) []byte {
	switch vs := any(v.vs[from:to]).(type) {
	case []int32:
		return append(dst, arrow.Int32Traits.CastToBytes(vs)...)
	case []int64:
		return append(dst, arrow.Int64Traits.CastToBytes(vs)...)
	case []uint64:
		return append(dst, arrow.Uint64Traits.CastToBytes(vs)...)
	}
	return dst
}

func (v *numbers[T]) raw(dst []byte, i int) []byte { return v.plain(dst, i, i+1) }

func (v *numbers[T]) hasDelta() bool {
	_, doubles := any(v).(*numbers[uint64])
	return !doubles
}

func (v *numbers[T]) delta(dst []byte, from, to int) (_ []byte, err error) {
	switch vs := any(v.vs[from:to]).(type) {
	case []int32:
		v.packed, err = v.binary.EncodeInt32(v.packed, vs)
	case []int64:
		v.packed, err = v.binary.EncodeInt64(v.packed, vs)
	}
	return append(dst, v.packed...), err
}

// number hashes by one multiplication to 128 bits; the seed keeps anybody from
// preparing numbers that collide.
func (v *numbers[T]) number(d *dictionary) bool {
	if !d.start(len(v.vs)) {
		return false
	}
	size := v.width()
	switch vs := any(v.vs).(type) {
	case []int32:
		if lo, hi, _ := extremes(vs); int64(hi)-int64(lo) < nearby {
			return numberNearby(d, vs, lo, hi, size)
		}
	case []int64:
		if lo, hi, _ := extremes(vs); uint64(hi)-uint64(lo) < nearby {
			return numberNearby(d, vs, lo, hi, size)
		}
	}
	for i, x := range v.vs {
		if i > 0 && i%dictionaryStep == 0 && d.hopeless() {
			return false
		}
		mask := uint64(len(d.slots) - 1)
		hi, lo := bits.Mul64(uint64(x)^d.salt, 0x9E3779B97F4A7C15)
		at := (hi ^ lo) & mask
		for ; d.slots[at] != 0; at = (at + 1) & mask {
			if n := d.slots[at] - 1; v.vs[d.first[n]] == x {
				d.indices = append(d.indices, n)
				break
			}
		}
		if d.slots[at] == 0 && d.add(i, size, at) {
			for n, first := range d.first {
				hi, lo := bits.Mul64(uint64(v.vs[first])^d.salt, 0x9E3779B97F4A7C15)
				d.place(hi^lo, int32(n))
			}
		}
	}
	return true
}

// nearby is the span of integers, such as days or years, that are looked up by
// themselves: no hash, and nothing to compare.
const nearby = 1 << 16

// numberNearby is number for integers from lo to hi.
func numberNearby[T int32 | int64](d *dictionary, vs []T, lo, hi T, size int) bool {
	d.table(int(hi-lo) + 1)
	for i, x := range vs {
		if i > 0 && i%dictionaryStep == 0 && d.hopeless() {
			return false
		}
		entry := &d.slots[x-lo]
		if *entry == 0 {
			d.first = append(d.first, int32(i))
			d.size += size
			*entry = int32(len(d.first))
		}
		d.indices = append(d.indices, *entry-1)
	}
	return true
}

func (v *numbers[T]) bounds(from, to int) (lo, hi []byte, ok bool) {
	switch vs := any(v.vs[from:to]).(type) {
	case []int32:
		lo, hi, ok := extremes(vs)
		return binary.LittleEndian.AppendUint32(nil, uint32(lo)), binary.LittleEndian.AppendUint32(nil, uint32(hi)), ok
	case []int64:
		lo, hi, ok := extremes(vs)
		return binary.LittleEndian.AppendUint64(nil, uint64(lo)), binary.LittleEndian.AppendUint64(nil, uint64(hi)), ok
	case []uint64:
		lo, hi, ok := doubleBounds(vs)
		return binary.LittleEndian.AppendUint64(nil, lo), binary.LittleEndian.AppendUint64(nil, hi), ok
	}
	return nil, nil, false
}

func (v *numbers[T]) compare(a, b []byte) int {
	switch any(v).(type) {
	case *numbers[int32]:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case *numbers[int64]:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}
	x, y := math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b))
	switch {
	case x < y:
		return -1
	case y < x:
		return 1
	}
	return 0 // the zeros are equal
}

func (v *numbers[T]) shorten(lo, hi []byte) ([]byte, []byte) { return lo, hi }

func extremes[T int32 | int64](vs []T) (lo, hi T, ok bool) {
	if len(vs) == 0 {
		return lo, hi, false
	}
	lo, hi = vs[0], vs[0]
	for _, v := range vs[1:] {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi, true
}

// doubleBounds widens a bound of zero to -0 and +0, as the format demands, since
// readers may tell the zeros apart.
func doubleBounds(vs []uint64) (lo, hi uint64, ok bool) {
	min, max := math.Inf(1), math.Inf(-1)
	for _, bits := range vs {
		v := math.Float64frombits(bits)
		if v != v {
			return 0, 0, false
		}
		if v < min {
			min = v
		}
		if v > max {
			max = v
		}
	}
	if min == 0 {
		min = math.Copysign(0, -1)
	}
	if max == 0 {
		max = 0
	}
	return math.Float64bits(min), math.Float64bits(max), len(vs) > 0
}

// gather makes v the values of s. Where they already lie in one piece, they are
// not copied.
func (v *numbers[T]) gather(l *leaf, s *shape) error {
	v.buffer = v.buffer[:0]
	for _, p := range s.pieces {
		if d, ok := p.Array.(*array.Decimal128); ok {
			if err := v.gatherDecimals(l, d, p); err != nil {
				return err
			}
			continue
		}
		vs := numbersOf[T](p.Array)
		if vs == nil {
			continue // nulls alone
		}
		vs = vs[p.from:p.to]
		bitmap := p.NullBitmapBytes()
		if len(bitmap) == 0 {
			if len(s.pieces) == 1 {
				v.vs = vs
				return nil
			}
			v.buffer = append(v.buffer, vs...)
			continue
		}
		v.buffer = appendValid(v.buffer, vs, bitmap, p.Data().Offset()+p.from)
	}
	v.vs = v.buffer
	return nil
}

// appendValid appends the values whose bit is set, counted from bit at on.
func appendValid[T any](dst, vs []T, bitmap []byte, at int) []T {
	known, n := len(dst), 0
	dst = slices.Grow(dst, len(vs))
	room := dst[known : known+len(vs)]
	for i, v := range vs {
		place := uint(at + i)
		room[n] = v // the next overwrites what is none
		n += int(bitmap[place/8] >> (place % 8) & 1)
	}
	return dst[:known+n]
}

// numbersOf are the values of an array as they lie in memory; nil of nulls.
func numbersOf[T int32 | int64 | uint64](a arrow.Array) []T {
	var vs any
	switch a := a.(type) {
	case *array.Int32:
		vs = a.Int32Values()
	case *array.Date32:
		vs = arrow.Int32Traits.CastFromBytes(arrow.Date32Traits.CastToBytes(a.Date32Values()))
	case *array.Int64:
		vs = a.Int64Values()
	case *array.Timestamp:
		vs = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
	case *array.Float64:
		vs = arrow.Uint64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(a.Float64Values()))
	}
	typed, _ := vs.([]T)
	return typed
}

// gatherDecimals refuses what has more digits than the type, which would not fit
// the storage either.
func (v *numbers[T]) gatherDecimals(l *leaf, a *array.Decimal128, p piece) error {
	limit := int64(1)
	for range l.typ.(*arrow.Decimal128Type).Precision {
		limit *= 10
	}
	bitmap, at := a.NullBitmapBytes(), a.Data().Offset()+p.from
	for i, n := range a.Values()[p.from:p.to] {
		if len(bitmap) > 0 && bitmap[(at+i)/8]>>((at+i)%8)&1 == 0 {
			continue
		}
		x := int64(n.LowBits())
		if n.HighBits() != x>>63 || x <= -limit || x >= limit {
			return l.tooManyDigits()
		}
		v.buffer = append(v.buffer, T(x))
	}
	return nil
}

// eachPresent calls do with the index of every value of s that is not null.
func eachPresent[A arrow.Array](s *shape, do func(a A, i int)) {
	for _, p := range s.pieces {
		a := p.Array.(A)
		bitmap, offset := p.NullBitmapBytes(), p.Data().Offset()
		for i := p.from; i < p.to; i++ {
			if len(bitmap) == 0 || bitutil.BitIsSet(bitmap, offset+i) {
				do(a, i)
			}
		}
	}
}

// gatherWide makes v the values of a column of decimals of more than 18 digits,
// big-endian in as many bytes as the leaf says.
func (v *texts) gatherWide(l *leaf, s *shape) error {
	v.fixed, v.data, v.text = l.width, v.buffer[:0], false
	precision := l.typ.(*arrow.Decimal128Type).Precision
	ok := true
	eachPresent(s, func(a *array.Decimal128, i int) {
		n := a.Value(i)
		abs := n.Abs() // of the least number of all, negative
		ok = ok && abs.Sign() >= 0 && abs.FitsInPrecision(precision)
		v.data = appendBigEndian(v.data, n, l.width)
	})
	v.buffer = v.data
	if !ok {
		return l.tooManyDigits()
	}
	return nil
}

func appendBigEndian(dst []byte, n decimal128.Num, width int) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(b[8:], n.LowBits())
	return append(dst, b[16-width:]...)
}

// compareBigEndian orders two's complement of one width.
func compareBigEndian(a, b []byte) int {
	if c := cmp.Compare(int8(a[0]), int8(b[0])); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}
