package sql

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The signs of a numeric on the wire (numeric_send in numeric.c).
const (
	numericPositive = 0x0000
	numericNegative = 0x4000
)

// newNumeric reads numerics (digit groups of base 10000, the first of weight
// 10000^weight) as an exact decimal. Nothing is rounded: digits beyond the scale
// and values beyond the precision are reasons to reject the row.
func newNumeric(t *arrow.Decimal128Type) *numericReader {
	return &numericReader{scale: int(t.Scale), limit: power10[t.Precision],
		tooFine:  messages.DecimalScale.With("type", pipelines.TypeName(t)),
		tooLarge: messages.Overflow.With("type", pipelines.TypeName(t))}
}

type numericReader struct {
	scale             int
	limit             uint128
	tooFine, tooLarge *messages.Error
}

// all is putAll of a column of such values.
func (r *numericReader) all(c *fixed[decimal128.Num], row int, sent []byte, places []place) bool {
	for i, p := range places {
		if p.size < 0 {
			c.null(row + i)
			continue
		}
		v, why := r.read(p.of(sent))
		if why != nil {
			return false
		}
		c.values[row+i] = v
	}
	return true
}

func (r *numericReader) read(b []byte) (decimal128.Num, *messages.Error) {
	if len(b) < 8 {
		return decimal128.Num{}, malformed
	}
	n := int(binary.BigEndian.Uint16(b))
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	sign := binary.BigEndian.Uint16(b[4:])
	b = b[8:]
	if len(b) != 2*n {
		return decimal128.Num{}, malformed
	}
	if sign != numericPositive && sign != numericNegative {
		return decimal128.Num{}, notFinite
	}
	// The last group counts in units of 10^-shift of the result's last digit.
	shift := 4*(weight-n+1) + r.scale
	v, ok := r.small(b, n, shift)
	if !ok {
		var why *messages.Error
		if v, why = r.large(b, n, shift); why != nil {
			return decimal128.Num{}, why
		}
	}
	return v.signed(sign == numericNegative), nil
}

// small is the value where 64 bits are surely enough; false when they may not
// be, or when something is wrong with it, which large then says.
func (r *numericReader) small(b []byte, n, shift int) (uint128, bool) {
	if n == 0 || shift <= -4 || 4*n+max(shift, 0) > 19 { // 10^19 is less than 2^64
		return uint128{}, n == 0
	}
	v := uint64(0)
	for i := 0; i < n-1; i++ {
		d := group(b, i)
		if d > 9999 {
			return uint128{}, false
		}
		v = v*10000 + d
	}
	d := group(b, n-1)
	if d > 9999 {
		return uint128{}, false
	}
	if shift >= 0 {
		v = (v*10000 + d) * power10[shift].lo
	} else {
		cut := power10[-shift].lo
		q := d / cut
		if q*cut != d {
			return uint128{}, false
		}
		v = v*(10000/cut) + q
	}
	out := uint128{lo: v}
	return out, out.less(r.limit)
}

func (r *numericReader) large(b []byte, n, shift int) (v uint128, why *messages.Error) {
	for ; n > 0 && shift <= -4; n, shift = n-1, shift+4 {
		if group(b, n-1) != 0 {
			return v, r.tooFine
		}
	}
	for i := 0; i < n; i++ {
		d, factor := group(b, i), uint64(10000)
		if d > 9999 {
			return v, malformed
		}
		if i == n-1 && shift < 0 {
			cut := power10[-shift].lo
			if d%cut != 0 {
				return v, r.tooFine
			}
			d, factor = d/cut, factor/cut
		}
		if !v.mulAdd(factor, d) || !v.less(r.limit) {
			return v, r.tooLarge
		}
	}
	for ; shift > 0 && v != (uint128{}); shift-- {
		if !v.mulAdd(10, 0) || !v.less(r.limit) {
			return v, r.tooLarge
		}
	}
	return v, nil
}

func group(b []byte, i int) uint64 { return uint64(binary.BigEndian.Uint16(b[2*i:])) }

// uint128 is the size of a decimal without its sign.
type uint128 struct{ hi, lo uint64 }

// mulAdd makes u u*f+d; false is an overflow.
func (u *uint128) mulAdd(f, d uint64) bool {
	over, hi := bits.Mul64(u.hi, f)
	carry, lo := bits.Mul64(u.lo, f)
	var c1, c2, c3 uint64
	lo, c1 = bits.Add64(lo, d, 0)
	hi, c2 = bits.Add64(hi, carry, c1)
	u.hi, u.lo = hi, lo
	_, c3 = bits.Add64(over, c2, 0)
	return over == 0 && c2 == 0 && c3 == 0
}

// signed is u as a decimal's digits, negated if so wanted.
func (u uint128) signed(negative bool) decimal128.Num {
	if negative {
		u.lo = -u.lo
		u.hi = ^u.hi
		if u.lo == 0 {
			u.hi++
		}
	}
	return decimal128.New(int64(u.hi), u.lo)
}

func (u uint128) less(v uint128) bool { return u.hi < v.hi || u.hi == v.hi && u.lo < v.lo }

// power10 are the powers of ten that fit.
var power10 = func() (p [39]uint128) {
	p[0].lo = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1]
		p[i].mulAdd(10, 0)
	}
	return p
}()
