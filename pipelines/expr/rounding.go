package expr

import (
	"math"
	"math/big"
	"strconv"
)

func bindAbs(c *call) *node {
	if !c.want(0, kInt, kDec, kFloat) {
		return nil
	}
	over := c.overflow(c.args[0].t)
	return c.make(c.args[0].t, func(n int, out *vec, in []*vec) {
		switch c.args[0].t.k {
		case kInt:
			for i, x := range in[0].ints[:n] {
				if x == math.MinInt64 {
					out.fail(i, n, over)
				}
				out.ints[i] = max(x, -x)
			}
		case kDec:
			for i, x := range in[0].decs[:n] {
				out.decs[i] = x.Abs()
			}
		default:
			for i, x := range in[0].floats[:n] {
				out.floats[i] = math.Abs(x)
			}
		}
	}, c.args[0])
}

func bindSign(c *call) *node {
	if !c.want(0, kInt, kDec, kFloat) {
		return nil
	}
	k := c.args[0].t.k
	return c.make(typ{k: kInt}, func(n int, out *vec, in []*vec) {
		for i := range out.ints[:n] {
			switch k {
			case kInt:
				out.ints[i] = sign(in[0].ints[i])
			case kDec:
				out.ints[i] = int64(in[0].decs[i].Sign())
				if in[0].decs[i] == (num{}) {
					out.ints[i] = 0
				}
			default:
				x := in[0].floats[i]
				out.ints[i] = 0
				if x > 0 {
					out.ints[i] = 1
				} else if x < 0 {
					out.ints[i] = -1
				} else if x != x {
					out.setNull(i, n)
				}
			}
		}
	}, c.args[0])
}

func sign(x int64) int64 {
	if x > 0 {
		return 1
	}
	return x >> 63
}

// bindRound is round(x, digits) and its relatives floor and ceil, which have
// no digits.
func bindRound(mode rounding) func(*call) *node {
	return func(c *call) *node {
		if !c.want(0, kInt, kDec, kFloat) {
			return nil
		}
		digits := int64(0)
		if len(c.args) == 2 {
			var ok bool
			if digits, ok = c.constInt(1, -37, maxDigits); !ok {
				return nil
			}
		}
		a := c.args[0]
		switch a.t.k {
		case kFloat:
			return c.make(a.t, func(n int, out *vec, in []*vec) {
				for i, x := range in[0].floats[:n] {
					out.floats[i] = roundFloat(x, int(digits), mode)
				}
			}, a)
		case kInt:
			return c.roundInt(a, digits, mode)
		}
		return c.roundDecimal(a, int32(digits), mode)
	}
}

func (c *call) roundInt(a *node, digits int64, mode rounding) *node {
	if digits >= 0 {
		return a
	}
	over := c.overflow(a.t)
	return c.make(a.t, func(n int, out *vec, in []*vec) {
		for i, x := range in[0].ints[:n] {
			r, _ := roundNum(widen(x), int32(-digits), int32(-digits), mode)
			var ok bool
			if out.ints[i], ok = narrow(r); !ok {
				out.fail(i, n, over)
			}
		}
	}, a)
}

// roundDecimal has digits decimals, so that money stays money; fewer than none
// are zeros before the point.
func (c *call) roundDecimal(a *node, digits int32, mode rounding) *node {
	if digits >= a.t.s {
		return a
	}
	cut, back := a.t.s-digits, max(0, -digits)
	scale := max(0, digits)
	t := dec(min(maxDigits, max(a.t.p-a.t.s, back)+scale+1), scale)
	over, limit := c.overflow(t), pow10[t.p]
	return c.make(t, func(n int, out *vec, in []*vec) {
		for i, x := range in[0].decs[:n] {
			r, ok := roundNum(x, cut, back, mode)
			if !ok || !inside(r, limit) {
				out.fail(i, n, over)
			}
			out.decs[i] = r
		}
	}, a)
}

// roundNum cuts digits off and puts back zeros in place of some of them.
func roundNum(x num, cut, back int32, mode rounding) (num, bool) {
	if cut > maxDigits {
		q, ok := divBig(x.BigInt(), bigPow(cut), mode)
		if !ok {
			return q, ok
		}
		return upscale(q, back)
	}
	q, ok := divNum(x, pow10[cut], 0, mode)
	if !ok {
		return q, ok
	}
	return upscale(q, back)
}

// roundFloat rounds the number one reads, not the binary one behind it: 2.675
// to two digits is 2.68.
func roundFloat(x float64, digits int, mode rounding) float64 {
	if x-x != 0 || digits > 330 {
		return x
	}
	if digits == 0 && mode >= down {
		if mode == down {
			return math.Floor(x) + 0 // no negative zero
		}
		return math.Ceil(x) + 0
	}
	if digits == 0 && mode == halfEven {
		return math.RoundToEven(x) + 0
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'e', -1, 64))
	if !ok {
		return x
	}
	unit := new(big.Rat).SetInt(bigPow(int32(max(digits, -digits))))
	if digits < 0 {
		unit.Inv(unit)
	}
	r.Mul(r, unit)
	q := divRat(r, mode)
	f, _ := new(big.Rat).Quo(new(big.Rat).SetInt(q), unit).Float64()
	return f
}

func divRat(r *big.Rat, mode rounding) *big.Int {
	q, rem := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	half := new(big.Int).Lsh(rem, 1).CmpAbs(r.Denom())
	if half > 0 || half == 0 && (mode == halfAway || q.Bit(0) == 1) {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	return q
}

// bindExtreme is min(a, b, …) or max(a, b, …): null where one of them is.
func bindExtreme(least bool) func(*call) *node {
	return func(c *call) *node {
		ns, t, ok := c.unify(c.f.Name, c.at, c.args...)
		if !ok {
			return nil
		}
		if t.k == kNull {
			return c.typedNull(t, c.at, ns...)
		}
		if t.k == kList || t.k == kBool {
			c.wrongArguments()
			return nil
		}
		return c.make(t, func(n int, out *vec, in []*vec) {
			for i := range n {
				copyValue(out, i, in[0], i, t.k)
			}
			for _, x := range in[1:] {
				extreme(out, x, t.k, least, n)
			}
		}, ns...)
	}
}

func extreme(out, x *vec, k kind, least bool, n int) {
	m := x.mask()
	for i := range n {
		switch k {
		case kInt, kDate, kInstant:
			if v := x.ints[i&m]; (v < out.ints[i]) == least {
				out.ints[i] = v
			}
		case kDec:
			if v := x.decs[i&m]; (cmpNum(v, out.decs[i]) < 0) == least {
				out.decs[i] = v
			}
		case kText:
			if v := x.texts[i&m]; (v < out.texts[i]) == least {
				out.texts[i] = v
			}
		case kFloat: // NaN if one is, in its one form; the zero of the right sign
			v := x.floats[i&m]
			if least {
				v = min(out.floats[i], v)
			} else {
				v = max(out.floats[i], v)
			}
			if v != v {
				v = math.NaN()
			}
			out.floats[i] = v
		}
	}
}
