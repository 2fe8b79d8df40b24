package expr

import (
	"math"
	"math/big"
	"strconv"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// reasons are the states for what scalar may refuse a text for.
type reasons struct {
	why   []*messages.Message
	codes []uint8
	other uint8
}

func (c *compiler) reasons(kv []any, why ...*messages.Message) reasons {
	r := reasons{why: why, other: c.fail(messages.RowExpression.With())}
	for _, m := range why {
		r.codes = append(r.codes, c.fail(m.With(kv...)))
	}
	return r
}

func (r reasons) code(m *messages.Message) uint8 {
	for i, w := range r.why {
		if w == m {
			return r.codes[i]
		}
	}
	return r.other
}

// parsed is a kernel that reads texts one by one into the values of out.
func parsed[T any](r reasons, values func(*vec) []T, read func([]byte) (T, *messages.Message)) kernel {
	return func(n int, out *vec, in []*vec) {
		to := values(out)
		for i, s := range in[0].texts[:n] {
			if !out.ok(i) {
				continue
			}
			v, why := read(bytesOf(s))
			if why != nil {
				out.fail(i, n, r.code(why))
				continue
			}
			to[i] = v
		}
	}
}

var english = scalar.NumberFormat{Decimal: '.', Thousands: ","}

// numberFormat is argument i, if there is one: "fr" for 1 234,5.
func (c *call) numberFormat(i int) (scalar.NumberFormat, bool) {
	if len(c.args) <= i {
		return scalar.Plain, true
	}
	switch s, _ := constText(c.args[i]); s {
	case "fr":
		return scalar.French, true
	case "en":
		return english, true
	}
	c.constantWanted(i, `"fr" (1 234,5), "en" (1,234.5)`)
	return scalar.Plain, false
}

func bindToInt(c *call) *node {
	f, ok := c.numberFormat(1)
	if !ok || !c.want(0, kText, kInt, kDec, kFloat) {
		return nil
	}
	t, a := typ{k: kInt}, c.args[0]
	r := c.reasons([]any{"type", t}, messages.BadInteger, messages.Overflow, messages.LetterForDigit, messages.DecimalScale)
	var k kernel
	switch a.t.k {
	case kInt:
		return a
	case kText:
		k = parsed(r, func(v *vec) []int64 { return v.ints }, f.ParseInt64)
	case kDec:
		k = wholeDecimals(a.t.s, r)
	default:
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].floats[:n] {
				switch {
				case x != math.Trunc(x) || x-x != 0:
					out.fail(i, n, r.code(messages.DecimalScale))
				case x < -1<<63 || x >= 1<<63:
					out.fail(i, n, r.code(messages.Overflow))
				default:
					out.ints[i] = int64(x)
				}
			}
		}
	}
	return c.make(t, k, a)
}

func wholeDecimals(scale int32, r reasons) kernel {
	return func(n int, out *vec, in []*vec) {
		for i, x := range in[0].decs[:n] {
			q, why := rescale(x, scale, 0, pow10[maxDigits])
			v, ok := narrow(q)
			if why == nil && !ok {
				why = messages.Overflow
			}
			if why != nil {
				out.fail(i, n, r.code(why))
			}
			out.ints[i] = v
		}
	}
}

// rescale is x at another scale, if that loses no digit but zeros and stays
// inside limit.
func rescale(x num, from, to int32, limit num) (num, *messages.Message) {
	if to < from {
		q, _ := divNum(x, pow10[from-to], 0, halfAway)
		if back, ok := upscale(q, from-to); !ok || back != x {
			return num{}, messages.DecimalScale
		}
		x = q
	} else {
		var ok bool
		if x, ok = upscale(x, to-from); !ok {
			return num{}, messages.Overflow
		}
	}
	if !inside(x, limit) {
		return num{}, messages.Overflow
	}
	return x, nil
}

func bindToDecimal(c *call) *node {
	p, okp := c.constInt(1, 1, maxDigits)
	s, oks := c.constInt(2, 0, maxDigits)
	f, ok := c.numberFormat(3)
	if !ok || !okp || !oks || !c.want(0, kText, kInt, kDec, kFloat) {
		return nil
	}
	if s > p {
		c.constantWanted(2, "0…"+strconv.FormatInt(p, 10))
		return nil
	}
	t, a := dec(int32(p), int32(s)), c.args[0]
	r := c.reasons([]any{"type", t}, messages.BadDecimal, messages.DecimalScale, messages.Overflow, messages.LetterForDigit)
	limit := pow10[t.p]
	var k kernel
	switch a.t.k {
	case kText:
		k = parsed(r, func(v *vec) []num { return v.decs },
			func(b []byte) (num, *messages.Message) { return f.ParseDecimal(b, t.p, t.s) })
	case kFloat:
		k = floatsToDecimals(t, r)
	default:
		if a.t == t {
			return a
		}
		a = c.toDecimal(a, asDecimal(a))
		from := a.t.s
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].decs[:n] {
				var why *messages.Message
				if out.decs[i], why = rescale(x, from, t.s, limit); why != nil {
					out.fail(i, n, r.code(why))
				}
			}
		}
	}
	return c.make(t, k, a)
}

// floatsToDecimals takes the number a float is written as: 0.1 is 0.1. Digits
// beyond the scale are refused, to be rounded on purpose.
func floatsToDecimals(t typ, r reasons) kernel {
	return func(n int, out *vec, in []*vec) {
		for i, x := range in[0].floats[:n] {
			if !out.ok(i) {
				continue
			}
			v, why := decimalOf(x, t)
			if why != nil {
				out.fail(i, n, r.code(why))
			}
			out.decs[i] = v
		}
	}
}

func decimalOf(x float64, t typ) (num, *messages.Message) {
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'e', -1, 64))
	if !ok {
		return num{}, messages.BadDecimal
	}
	exact.Mul(exact, new(big.Rat).SetInt(bigPow(t.s)))
	if !exact.IsInt() {
		return num{}, messages.DecimalScale
	}
	d, ok := fromBig(exact.Num())
	if !ok || !inside(d, pow10[t.p]) {
		return num{}, messages.Overflow
	}
	return d, nil
}

func bindToFloat(c *call) *node {
	f, ok := c.numberFormat(1)
	if !ok || !c.want(0, kText, kInt, kDec, kFloat) {
		return nil
	}
	t, a := typ{k: kFloat}, c.args[0]
	var k kernel
	switch a.t.k {
	case kFloat:
		return a
	case kText:
		r := c.reasons([]any{"type", t}, messages.BadNumber, messages.Overflow, messages.LetterForDigit)
		k = parsed(r, func(v *vec) []float64 { return v.floats }, f.ParseFloat64)
	case kDec:
		k = nearestFloats(a.t.s)
	default:
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].ints[:n] {
				out.floats[i] = float64(x)
			}
		}
	}
	return c.make(t, k, a)
}
