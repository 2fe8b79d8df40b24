package expr

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// Exact arithmetic on 128-bit unscaled numbers. The usual amounts fit 64 bits
// and take a short way; what exceeds 128 bits on the way goes through big.Int.

type num = decimal128.Num

// pow10 are the powers of ten up to 10^38, and small those that fit an int64.
var pow10, small = func() (p [maxDigits + 1]num, s [19]int64) {
	x := big.NewInt(1)
	for i := range p {
		p[i] = decimal128.FromBigInt(x)
		if i < len(s) {
			s[i] = x.Int64()
		}
		x = new(big.Int).Mul(x, big.NewInt(10))
	}
	return
}()

func narrow(n num) (int64, bool) {
	lo := int64(n.LowBits())
	return lo, n.HighBits() == lo>>63
}

func widen(i int64) num { return decimal128.New(i>>63, uint64(i)) }

// mul64 is the exact product.
func mul64(x, y int64) num {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	return decimal128.New(int64(hi)-(x>>63)&y-(y>>63)&x, lo)
}

// bounds are those of a precision: a value is inside when its magnitude is
// below 10^p. The usual one is found to be inside by a single comparison.
type bounds struct {
	limit      num
	bias, span uint64
}

func boundsOf(p int32) bounds {
	b := bounds{limit: pow10[p], bias: 1 << 63, span: math.MaxUint64}
	if int(p) < len(small) {
		b.bias = uint64(small[p]) - 1
		b.span = 2*b.bias + 1
	}
	return b
}

func (b *bounds) clearly(n num) bool {
	return n.HighBits() == int64(n.LowBits())>>63 && n.LowBits()+b.bias < b.span
}

func (b *bounds) hold(n num) bool { return b.clearly(n) || inside(n, b.limit) }

// inside says whether -limit < n < limit.
func inside(n, limit num) bool {
	hi, lo := n.HighBits(), n.LowBits()
	if hi < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		h, _ := bits.Sub64(0, uint64(hi), borrow)
		if hi = int64(h); hi < 0 {
			return false
		}
	}
	lh := limit.HighBits()
	return hi < lh || hi == lh && lo < limit.LowBits()
}

func addNum(a, b num) (num, bool) {
	lo, c := bits.Add64(a.LowBits(), b.LowBits(), 0)
	h, _ := bits.Add64(uint64(a.HighBits()), uint64(b.HighBits()), c)
	hi := int64(h)
	return decimal128.New(hi, lo), (a.HighBits()^hi)&(b.HighBits()^hi) >= 0
}

func mulNum(a, b num) (num, bool) {
	x, okx := narrow(a)
	y, oky := narrow(b)
	if okx && oky {
		return mul64(x, y), true
	}
	return fromBig(new(big.Int).Mul(a.BigInt(), b.BigInt()))
}

// upscale is n × 10^k.
func upscale(n num, k int32) (num, bool) {
	if k == 0 {
		return n, true
	}
	if x, ok := narrow(n); ok && int(k) < len(small) {
		return mul64(x, small[k]), true
	}
	return fromBig(new(big.Int).Mul(n.BigInt(), bigPow(k)))
}

func bigPow(k int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(k)), nil)
}

var limit128 = new(big.Int).Lsh(big.NewInt(1), 127)

func fromBig(b *big.Int) (num, bool) {
	if b.CmpAbs(limit128) >= 0 {
		return num{}, false
	}
	return decimal128.FromBigInt(b), true
}

// rounding is what becomes of digits that are cut off.
type rounding uint8

const (
	halfAway rounding = iota
	halfEven
	down // towards minus infinity
	up
)

// divNum is a × 10^k ÷ b, b not zero.
func divNum(a, b num, k int32, mode rounding) (num, bool) {
	x, okx := narrow(a)
	y, oky := narrow(b)
	if !okx || !oky || int(k) >= len(small) {
		return divBig(new(big.Int).Mul(a.BigInt(), bigPow(k)), b.BigInt(), mode)
	}
	hi, lo := bits.Mul64(magnitude(x), uint64(small[k]))
	d := magnitude(y)
	var qh, ql, r uint64
	switch {
	case hi|lo>>32|d>>32 == 0: // a division of 32 bits is several times faster
		ql = uint64(uint32(lo) / uint32(d))
		r = lo - ql*d
	case hi == 0:
		ql = lo / d
		r = lo - ql*d
	default:
		qh = hi / d
		ql, r = bits.Div64(hi-qh*d, lo, d)
	}
	negative := (x < 0) != (y < 0)
	if r != 0 && away(r, d, ql&1 == 1, negative, mode) {
		var c uint64
		ql, c = bits.Add64(ql, 1, 0)
		qh += c
	}
	if negative {
		var borrow uint64
		ql, borrow = bits.Sub64(0, ql, 0)
		qh, _ = bits.Sub64(0, qh, borrow)
	}
	return decimal128.New(int64(qh), ql), true
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// away says whether a quotient with remainder r of d moves away from zero.
func away(r, d uint64, odd, negative bool, mode rounding) bool {
	switch mode {
	case down:
		return negative
	case up:
		return !negative
	case halfEven:
		return r > d-r || r == d-r && odd
	}
	return r >= d-r
}

func divBig(a, b *big.Int, mode rounding) (num, bool) {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() != 0 {
		negative := (a.Sign() < 0) != (b.Sign() < 0)
		half := new(big.Int).Lsh(r, 1).CmpAbs(b)
		up := mode == up && !negative || mode == down && negative ||
			mode == halfAway && half >= 0 || mode == halfEven && (half > 0 || half == 0 && q.Bit(0) == 1)
		if up && negative {
			q.Sub(q, big.NewInt(1))
		} else if up {
			q.Add(q, big.NewInt(1))
		}
	}
	return fromBig(q)
}

// cmpScaled compares a × 10^ka with b × 10^kb.
func cmpScaled(a, b num, ka, kb int32) int {
	x, okx := upscale(a, ka)
	y, oky := upscale(b, kb)
	if okx && oky {
		return x.Cmp(y)
	}
	return new(big.Int).Mul(a.BigInt(), bigPow(ka)).Cmp(new(big.Int).Mul(b.BigInt(), bigPow(kb)))
}

// modNum is the remainder of a × 10^ka by b × 10^kb, with the sign of a.
func modNum(a, b num, ka, kb int32) num {
	x, okx := upscale(a, ka)
	y, oky := upscale(b, kb)
	if okx && oky {
		x64, okx := narrow(x)
		y64, oky := narrow(y)
		if okx && oky {
			return widen(x64 % y64)
		}
	}
	r := new(big.Int).Rem(new(big.Int).Mul(a.BigInt(), bigPow(ka)), new(big.Int).Mul(b.BigInt(), bigPow(kb)))
	return decimal128.FromBigInt(r)
}
