package scalar

import (
	"math/bits"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ParseDecimal reads an exact number; digits beyond scale are refused unless they are zeros.
func (f NumberFormat) ParseDecimal(b []byte, precision, scale int32) (decimal128.Num, *messages.Message) {
	if v, ok := f.shortDecimal(b, precision, scale); ok {
		return decimal128.FromI64(v), nil
	}
	n, ok := f.scan(b)
	if !ok || n.exp != nil {
		if repaired(b, func(b []byte) *messages.Message { _, why := f.ParseDecimal(b, precision, scale); return why }) {
			return decimal128.Num{}, messages.LetterForDigit
		}
		return decimal128.Num{}, messages.BadDecimal
	}
	frac, s := n.frac, int(scale)
	if len(frac) > s {
		for _, c := range frac[s:] {
			if c != '0' {
				return decimal128.Num{}, messages.DecimalScale
			}
		}
		frac = frac[:s]
	}
	var a accumulator
	a.add(n.whole)
	if a.significant > int(precision-scale) {
		return decimal128.Num{}, messages.Overflow
	}
	a.add(frac)
	a.shift(s - len(frac))
	num := decimal128.New(int64(a.hi), a.lo)
	if n.neg {
		num = num.Negate()
	}
	return num, nil
}

// shortDecimal is ParseDecimal for the common case: no separators and a result
// of at most 18 digits. It says no to whatever it does not understand.
func (f NumberFormat) shortDecimal(b []byte, precision, scale int32) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var v int64
	point := len(b)
	for i, c := range b {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
		} else if c == f.Decimal && point == len(b) && i+1 < len(b) {
			point = i
		} else {
			return 0, false
		}
	}
	missing := int(scale) - max(len(b)-point-1, 0)
	if missing < 0 || point > int(precision-scale) || point+int(scale) > 18 {
		return 0, false
	}
	v *= int64(powers[missing])
	if neg {
		v = -v
	}
	return v, true
}

// accumulator is a natural number in the making, exact up to 38 digits.
type accumulator struct {
	hi, lo      uint64
	significant int // digits since the first that is not zero
}

// add appends the digits of b, passing over what is none.
func (a *accumulator) add(b []byte) {
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 {
			continue
		}
		if a.significant > 0 || d != 0 {
			a.significant++
		}
		if a.significant <= 18 {
			a.lo = a.lo*10 + d
		} else {
			a.wide(10, d)
		}
	}
}

// shift multiplies by ten to the power n.
func (a *accumulator) shift(n int) {
	for ; n > 0; n -= 18 {
		p := powers[min(n, 18)]
		if hi, lo := bits.Mul64(a.lo, p); a.hi == 0 && hi == 0 {
			a.lo = lo
		} else {
			a.wide(p, 0)
		}
	}
}

func (a *accumulator) wide(factor, plus uint64) {
	hi, lo := bits.Mul64(a.lo, factor)
	lo, carry := bits.Add64(lo, plus, 0)
	a.hi, a.lo = a.hi*factor+hi+carry, lo
}

var powers = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// pairs are the numbers of two digits.
var pairs = func() (p [100][2]byte) {
	for i := range p {
		p[i] = [2]byte{'0' + byte(i/10), '0' + byte(i%10)}
	}
	return p
}()

// AppendInt64 is strconv.AppendInt in base ten.
func AppendInt64(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	var room [20]byte
	return append(dst, room[digitsInto(&room, u, len(room)):]...)
}

// digitsInto writes the digits of u so that they end before end, and gives where they start.
func digitsInto(room *[20]byte, u uint64, end int) int {
	for u >= 100 {
		q := u / 100
		end -= 2
		copy(room[end:], pairs[u-100*q][:])
		u = q
	}
	if u >= 10 {
		end -= 2
		copy(room[end:], pairs[u][:])
		return end
	}
	room[end-1] = '0' + byte(u)
	return end - 1
}

// appendShortDecimal is AppendDecimal of what has at most 18 digits, of which scale stand
// behind the mark.
func appendShortDecimal(dst []byte, u uint64, scale int, decimal byte) []byte {
	var room [20]byte
	whole, frac := u/powers[scale], u%powers[scale]
	start := digitsInto(&room, frac, len(room))
	for from := len(room) - scale; start > from; {
		start--
		room[start] = '0'
	}
	room[start-1] = decimal
	return append(dst, room[digitsInto(&room, whole, start-1):]...)
}

// AppendDecimal writes a decimal with exactly scale decimals.
func AppendDecimal(dst []byte, n decimal128.Num, scale int32, decimal byte) []byte {
	if u := n.LowBits(); scale > 0 && scale <= 18 && n.HighBits() == 0 && u < 1e18 {
		return appendShortDecimal(dst, u, int(scale), decimal)
	}
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n = n.Negate()
	}
	var room [40]byte
	d := appendUint128(room[:0], uint64(n.HighBits()), n.LowBits())
	s := int(scale)
	if s == 0 {
		return append(dst, d...)
	}
	if len(d) <= s {
		dst = append(dst, '0', decimal)
		for i := len(d); i < s; i++ {
			dst = append(dst, '0')
		}
		return append(dst, d...)
	}
	dst = append(dst, d[:len(d)-s]...)
	dst = append(dst, decimal)
	return append(dst, d[len(d)-s:]...)
}

func appendUint128(dst []byte, hi, lo uint64) []byte {
	if hi == 0 {
		return strconv.AppendUint(dst, lo, 10)
	}
	const e19 = 10_000_000_000_000_000_000 // greater than hi, which is at most 1<<63
	q, r := bits.Div64(hi, lo, e19)
	dst = strconv.AppendUint(dst, q, 10)
	var tail [19]byte
	for i := len(tail) - 1; i >= 0; i-- {
		tail[i] = '0' + byte(r%10)
		r /= 10
	}
	return append(dst, tail[:]...)
}
