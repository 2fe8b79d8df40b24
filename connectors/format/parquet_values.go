package format

import (
	"cmp"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/parquet-go/parquet-go/encoding/delta"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// kind is what the writer knows of values of type T. Two values are one
// dictionary entry when they are equal as T, so doubles are their bits.
type kind[T comparable] struct {
	// raw appends a value as statistics and bloom filters hold it.
	raw func(dst []byte, v T) []byte
	// plain appends values in the encoding PLAIN.
	plain func(dst []byte, vs []T) []byte
	// size is the size of a value in PLAIN, and width that of every value, or 0
	// where they differ.
	size  func(v T) int
	width int
	// delta writes values as DELTA_BINARY_PACKED over dst; nil where there is no such encoding.
	delta func(dst []byte, vs []T) ([]byte, error)
	less  func(a, b T) bool
	// bounds is the least and the greatest value; ok is false when there are
	// none or when a NaN makes them meaningless.
	bounds func(vs []T) (lo, hi T, ok bool)
	// shorten makes bounds that enclose lo and hi and are short; nil where all values are.
	shorten func(lo, hi T) (T, T)
	// dictionary is whether one may pay.
	dictionary bool
}

var boolKind = &kind[bool]{
	raw: func(dst []byte, v bool) []byte {
		if v {
			return append(dst, 1)
		}
		return append(dst, 0)
	},
	plain: func(dst []byte, vs []bool) []byte {
		n := len(dst)
		dst = append(dst, make([]byte, (len(vs)+7)/8)...)
		for i, v := range vs {
			if v {
				dst[n+i/8] |= 1 << (i % 8)
			}
		}
		return dst
	},
	size:  func(bool) int { return 1 },
	width: 1,
	less:  func(a, b bool) bool { return !a && b },
	bounds: func(vs []bool) (lo, hi, ok bool) {
		lo = true
		for _, v := range vs {
			lo, hi = lo && v, hi || v
		}
		return lo, hi, len(vs) > 0
	},
}

var int32Kind = &kind[int32]{
	raw:        func(dst []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(v)) },
	plain:      func(dst []byte, vs []int32) []byte { return append(dst, arrow.Int32Traits.CastToBytes(vs)...) },
	size:       func(int32) int { return 4 },
	width:      4,
	delta:      new(delta.BinaryPackedEncoding).EncodeInt32,
	less:       cmp.Less[int32],
	bounds:     bounds[int32],
	dictionary: true,
}

var int64Kind = &kind[int64]{
	raw:        func(dst []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(dst, uint64(v)) },
	plain:      func(dst []byte, vs []int64) []byte { return append(dst, arrow.Int64Traits.CastToBytes(vs)...) },
	size:       func(int64) int { return 8 },
	width:      8,
	delta:      new(delta.BinaryPackedEncoding).EncodeInt64,
	less:       cmp.Less[int64],
	bounds:     bounds[int64],
	dictionary: true,
}

// doubleKind is of the bits of doubles.
var doubleKind = &kind[uint64]{
	raw:        func(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) },
	plain:      func(dst []byte, vs []uint64) []byte { return append(dst, arrow.Uint64Traits.CastToBytes(vs)...) },
	size:       func(uint64) int { return 8 },
	width:      8,
	less:       func(a, b uint64) bool { return math.Float64frombits(a) < math.Float64frombits(b) },
	bounds:     doubleBounds,
	dictionary: true,
}

var bytesKind = &kind[string]{
	raw: func(dst []byte, v string) []byte { return append(dst, v...) },
	plain: func(dst []byte, vs []string) []byte {
		for _, v := range vs {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
			dst = append(dst, v...)
		}
		return dst
	},
	size:       func(v string) int { return 4 + len(v) },
	less:       cmp.Less[string],
	bounds:     bounds[string],
	shorten:    shortenBytes,
	dictionary: true,
}

var textKind = func() *kind[string] {
	k := *bytesKind
	k.shorten = shortenText
	return &k
}()

// decimalKind is of decimals of more than 18 digits, big-endian in width bytes.
func decimalKind(width int) *kind[decimal128.Num] {
	raw := func(dst []byte, v decimal128.Num) []byte {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], uint64(v.HighBits()))
		binary.BigEndian.PutUint64(b[8:], v.LowBits())
		return append(dst, b[16-width:]...)
	}
	return &kind[decimal128.Num]{
		raw: raw,
		plain: func(dst []byte, vs []decimal128.Num) []byte {
			for _, v := range vs {
				dst = raw(dst, v)
			}
			return dst
		},
		size:  func(decimal128.Num) int { return width },
		width: width,
		less:  decimal128.Num.Less,
		bounds: func(vs []decimal128.Num) (lo, hi decimal128.Num, ok bool) {
			for i, v := range vs {
				if i == 0 || v.Less(lo) {
					lo = v
				}
				if i == 0 || hi.Less(v) {
					hi = v
				}
			}
			return lo, hi, len(vs) > 0
		},
		dictionary: true,
	}
}

func bounds[T cmp.Ordered](vs []T) (lo, hi T, ok bool) {
	if len(vs) == 0 {
		return lo, hi, false
	}
	lo, hi = vs[0], vs[0]
	for _, v := range vs[1:] {
		if v < lo {
			lo = v
		} else if v > hi {
			hi = v
		}
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

// present gathers the values of s that are not null in buffer. Where they
// already lie in one piece, that piece is the result.
func present[A arrow.Array, T any](buffer *[]T, s *shape, all func(A) []T) []T {
	dst := (*buffer)[:0]
	for _, p := range s.pieces {
		vs := all(p.Array.(A))[p.from:p.to]
		bitmap, offset := p.NullBitmapBytes(), p.Data().Offset()+p.from
		if len(bitmap) == 0 {
			if len(s.pieces) == 1 {
				return vs
			}
			dst = append(dst, vs...)
			continue
		}
		for i, v := range vs {
			if bitmap[(offset+i)/8]>>((offset+i)%8)&1 != 0 {
				dst = append(dst, v)
			}
		}
	}
	*buffer = dst
	return dst
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

func gatherBools(buffer *[]bool, s *shape) []bool {
	dst := (*buffer)[:0]
	eachPresent(s, func(a *array.Boolean, i int) { dst = append(dst, a.Value(i)) })
	*buffer = dst
	return dst
}

func gatherInt32s(buffer *[]int32, s *shape, l *leaf) ([]int32, error) {
	switch l.typ.(type) {
	case *arrow.Int32Type:
		return present(buffer, s, (*array.Int32).Int32Values), nil
	case *arrow.Date32Type:
		return present(buffer, s, func(a *array.Date32) []int32 {
			return arrow.Int32Traits.CastFromBytes(arrow.Date32Traits.CastToBytes(a.Date32Values()))
		}), nil
	case *arrow.Decimal128Type:
		return gatherSmallDecimals(buffer, s, l)
	}
	return nil, nil // a column of nulls
}

func gatherInt64s(buffer *[]int64, s *shape, l *leaf) ([]int64, error) {
	switch l.typ.(type) {
	case *arrow.TimestampType:
		return present(buffer, s, func(a *array.Timestamp) []int64 {
			return arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
		}), nil
	case *arrow.Decimal128Type:
		return gatherSmallDecimals(buffer, s, l)
	}
	return present(buffer, s, (*array.Int64).Int64Values), nil
}

func gatherDoubles(buffer *[]uint64, s *shape) []uint64 {
	return present(buffer, s, func(a *array.Float64) []uint64 {
		return arrow.Uint64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(a.Float64Values()))
	})
}

// gatherSmallDecimals refuses what has more digits than the type, which would
// not fit the storage either.
func gatherSmallDecimals[T int32 | int64](buffer *[]T, s *shape, l *leaf) ([]T, error) {
	dst, ok := (*buffer)[:0], true
	limit := int64(1)
	for range l.typ.(*arrow.Decimal128Type).Precision {
		limit *= 10
	}
	eachPresent(s, func(a *array.Decimal128, i int) {
		n := a.Value(i)
		v := int64(n.LowBits())
		ok = ok && n.HighBits() == v>>63 && -limit < v && v < limit
		dst = append(dst, T(v))
	})
	*buffer = dst
	if !ok {
		return nil, l.tooManyDigits()
	}
	return dst, nil
}

func gatherDecimals(buffer *[]decimal128.Num, s *shape, l *leaf) ([]decimal128.Num, error) {
	dst, ok := (*buffer)[:0], true
	precision := l.typ.(*arrow.Decimal128Type).Precision
	eachPresent(s, func(a *array.Decimal128, i int) {
		v := a.Value(i)
		abs := v.Abs() // of the least number of all, negative
		ok = ok && abs.Sign() >= 0 && abs.FitsInPrecision(precision)
		dst = append(dst, v)
	})
	*buffer = dst
	if !ok {
		return nil, l.tooManyDigits()
	}
	return dst, nil
}

func (l *leaf) tooManyDigits() error {
	return messages.ParquetDecimal.With("column", l.name, "type", pipelines.TypeName(l.typ))
}

// maxColumnBytes keeps offsets and page sizes far from the 2 GiB that readers
// count in 32 bits.
const maxColumnBytes = 1 << 30

// gatherBytes gives the values without copying what they hold.
func gatherBytes(buffer *[]string, s *shape, l *leaf) ([]string, error) {
	dst, total := (*buffer)[:0], 0
	add := func(v string) {
		dst = append(dst, v)
		total += 4 + len(v)
	}
	if l.isText() {
		eachPresent(s, func(a *array.String, i int) { add(a.Value(i)) })
	} else {
		eachPresent(s, func(a *array.Binary, i int) { add(a.ValueString(i)) })
	}
	*buffer = dst
	if total > maxColumnBytes {
		return nil, messages.ParquetColumnSize.With("column", l.name, "bytes", maxColumnBytes, "rows", s.rows)
	}
	return dst, nil
}

func checkText(l *leaf, vs []string) error {
	for _, v := range vs {
		if !utf8.ValidString(v) {
			return messages.ParquetText.With("column", l.name)
		}
	}
	return nil
}
