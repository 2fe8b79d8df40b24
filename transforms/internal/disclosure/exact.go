package disclosure

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Ratio is a number of a policy (a limit, a share, a threshold) exactly as it was
// written in decimals, so that 0.2 means a fifth. The zero Ratio is 0.
type Ratio struct{ num, den uint64 }

// RatioOf reads a number of at least 0 by its shortest decimal form.
func RatioOf(x float64) (Ratio, error) {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'f', -1, 64))
	if !ok || r.Sign() < 0 || !r.Num().IsUint64() || !r.Denom().IsUint64() {
		return Ratio{}, fmt.Errorf("%v is no number of at least 0 with few decimals", x)
	}
	return Ratio{r.Num().Uint64(), r.Denom().Uint64()}, nil
}

// Float is the nearest float.
func (r Ratio) Float() float64 {
	if r.num == 0 {
		return 0
	}
	return float64(r.num) / float64(r.den)
}

func (r Ratio) terms() (num, den uint64) {
	if r.den == 0 {
		return 0, 1
	}
	return r.num, r.den
}

// Of is how many of n the ratio allows, rounded down; never more than n.
func (r Ratio) Of(n int64) int64 {
	num, den := r.terms()
	if num >= den {
		return n
	}
	hi, lo := bits.Mul64(num, uint64(n))
	q, _ := bits.Div64(hi, lo, den)
	return int64(q)
}

// wide is an unsigned number of 128 bits.
type wide struct{ hi, lo uint64 }

func (w wide) add(x uint64) wide {
	lo, carry := bits.Add64(w.lo, x, 0)
	return wide{w.hi + carry, lo}
}

func (w wide) float() float64 { return float64(float64(w.hi)*(1<<64)) + float64(w.lo) }

func (w wide) big() *big.Int {
	b := new(big.Int).SetUint64(w.hi)
	return b.Lsh(b, 64).Add(b, new(big.Int).SetUint64(w.lo))
}

// compare says how left times the factors ls stands to the product of rs. Floats
// decide what is not close.
func compare(left wide, ls, rs []uint64) int {
	a, b := left.float(), 1.0
	for _, l := range ls {
		a *= float64(l)
	}
	for _, r := range rs {
		b *= float64(r)
	}
	const close = 1e-9
	if a < b*(1-close) {
		return -1
	}
	if a > b*(1+close) {
		return 1
	}
	x, y := left.big(), big.NewInt(1)
	for _, l := range ls {
		x.Mul(x, new(big.Int).SetUint64(l))
	}
	for _, r := range rs {
		y.Mul(y, new(big.Int).SetUint64(r))
	}
	return x.Cmp(y)
}

// ln is the natural logarithm of a positive finite number, the same to the bit on
// every platform, which math.Log is not. The method is that of FreeBSD's e_log.c.
func ln(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		l1    = 6.666666666666735130e-01
		l2    = 3.999999999940941908e-01
		l3    = 2.857142874366239149e-01
		l4    = 2.222219843214978396e-01
		l5    = 1.818357216161805012e-01
		l6    = 1.531383769920937332e-01
		l7    = 1.479819860511658591e-01
	)
	f1, ki := math.Frexp(x)
	if f1 < math.Sqrt2/2 {
		f1 *= 2
		ki--
	}
	f, k := f1-1, float64(ki)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (l1 + float64(s4*(l3+float64(s4*(l5+float64(s4*l7)))))))
	t2 := float64(s4 * (l2 + float64(s4*(l4+float64(s4*l6)))))
	r := t1 + t2
	hfsq := float64(float64(0.5*f) * f)
	return float64(k*ln2Hi) - ((hfsq - (float64(s*(hfsq+r)) + float64(k*ln2Lo))) - f)
}

// xlnx is n ln n, and 0 for 0.
func xlnx(n uint64) float64 {
	if n < 2 {
		return 0
	}
	return float64(float64(n) * ln(float64(n)))
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
