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

// decodeNumeric reads a numeric (digit groups of base 10000, the first of weight
// 10000^weight) as an exact decimal. Nothing is rounded: digits beyond the scale
// and values beyond the precision are reasons to reject the row.
func decodeNumeric(t *arrow.Decimal128Type) decoder {
	limit := power10[t.Precision]
	tooFine := messages.DecimalScale.With("type", pipelines.TypeName(t))
	tooLarge := messages.Overflow.With("type", pipelines.TypeName(t))
	return func(b []byte, c *cell) error {
		if len(b) < 8 {
			return errShape
		}
		n := int(binary.BigEndian.Uint16(b))
		weight := int(int16(binary.BigEndian.Uint16(b[2:])))
		sign := binary.BigEndian.Uint16(b[4:])
		b = b[8:]
		if len(b) != 2*n {
			return errShape
		}
		if sign != numericPositive && sign != numericNegative {
			c.why = notFinite
			return nil
		}
		// The last group counts in units of 10^-shift of the result's last digit.
		shift := 4*(weight-n+1) + int(t.Scale)
		for ; n > 0 && shift <= -4; n, shift = n-1, shift+4 {
			if group(b, n-1) != 0 {
				c.why = tooFine
				return nil
			}
		}
		var v uint128
		for i := 0; i < n; i++ {
			d, factor := group(b, i), uint64(10000)
			if d > 9999 {
				return errShape
			}
			if i == n-1 && shift < 0 {
				cut := power10[-shift].lo
				if d%cut != 0 {
					c.why = tooFine
					return nil
				}
				d, factor = d/cut, factor/cut
			}
			if !v.mulAdd(factor, d) || !v.less(limit) {
				c.why = tooLarge
				return nil
			}
		}
		for ; shift > 0 && v != (uint128{}); shift-- {
			if !v.mulAdd(10, 0) || !v.less(limit) {
				c.why = tooLarge
				return nil
			}
		}
		c.d = decimal128.New(int64(v.hi), v.lo)
		if sign == numericNegative {
			c.d = c.d.Negate()
		}
		return nil
	}
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
