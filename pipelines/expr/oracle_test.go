package expr

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The oracle: what expressions mean, one row at a time, in the most obvious
// way. Exact numbers are rationals; nothing is shared with the package but the
// names of kinds.

// answer is the value of an expression for one row: an error's code, null, or
// the field of its kind.
type answer struct {
	err  string
	null bool
	b    bool
	r    *big.Rat // int and decimal
	f    float64
	s    string
	day  time.Time
}

// meaning is an expression with what it means. konst is a literal.
type meaning struct {
	src    string
	k      kind
	p, s   int32
	konst  bool
	digits int32
	eval   func(row map[string]answer) answer
}

const (
	codeOverflow = "LAV-2504"
	codeZero     = "LAV-2510"
	codeScale    = "LAV-2503"
	codeInteger  = "LAV-2500"
	codeLetter   = "LAV-2511"
)

// both gives the answer that two operands settle without being computed.
func both(as ...answer) (answer, bool) {
	for _, a := range as {
		if a.err != "" {
			return a, true
		}
	}
	for _, a := range as {
		if a.null {
			return answer{null: true}, true
		}
	}
	return answer{}, false
}

func strictly(f func(as []answer) answer, ms ...meaning) func(map[string]answer) answer {
	return func(row map[string]answer) answer {
		var as []answer
		for _, m := range ms {
			as = append(as, m.eval(row))
		}
		if a, settled := both(as...); settled {
			return a
		}
		return f(as)
	}
}

// exact is the decimal type of an exact number.
func (m meaning) exact() (p, s int32) {
	if m.k == kDec {
		return m.p, m.s
	}
	if m.konst {
		return m.digits, 0
	}
	return 19, 0
}

func tenTo(n int32) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
}

// fitted is r if it has at most p digits of which s are decimals.
func fitted(r *big.Rat, p, s int32) answer {
	if new(big.Rat).Abs(r).Cmp(new(big.Rat).Quo(tenTo(p), tenTo(s))) >= 0 {
		return answer{err: codeOverflow}
	}
	return answer{r: r}
}

func fitted64(r *big.Rat) answer {
	if !r.Num().IsInt64() {
		return answer{err: codeOverflow}
	}
	return answer{r: r}
}

// truncated is the whole part of r.
func truncated(r *big.Rat) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Quo(r.Num(), r.Denom()))
}

// rounded is r at s decimals, halves away from zero.
func rounded(r *big.Rat, s int32) *big.Rat {
	scaled := new(big.Rat).Mul(r, tenTo(s))
	half := big.NewRat(int64(r.Sign()), 2)
	return new(big.Rat).Quo(truncated(scaled.Add(scaled, half)), tenTo(s))
}

func (m meaning) text(a answer) string {
	switch m.k {
	case kBool:
		return fmt.Sprint(a.b)
	case kInt:
		return a.r.Num().String()
	case kDec:
		return a.r.FloatString(int(m.s))
	case kDate:
		return a.day.Format("2006-01-02")
	case kFloat:
		if x := math.Abs(a.f); !math.IsInf(x, 0) && x != 0 && (x < 1e-7 || x >= 1e21) {
			return strconv.FormatFloat(a.f, 'e', -1, 64)
		}
		return strings.TrimPrefix(strconv.FormatFloat(a.f, 'f', -1, 64), "+")
	}
	return a.s
}

// arithmeticOf is a op b; ok is false where the result has no type.
func arithmeticOf(op string, a, b meaning) (m meaning, ok bool) {
	m.src = "(" + a.src + " " + op + " " + b.src + ")"
	if a.k == kFloat || b.k == kFloat {
		return floatArithmetic(op, a, b, m)
	}
	if a.k == kInt && b.k == kInt && op != "/" {
		m.k = kInt
	} else {
		m.k = kDec
		pa, sa := a.exact()
		pb, sb := b.exact()
		switch op {
		case "*":
			m.p, m.s = pa+pb, sa+sb
		case "/":
			m.s = max(6, sa, sb)
			m.p = pa - sa + sb + m.s
		case "%":
			m.s = max(sa, sb)
			m.p = max(1, min(pa-sa, pb-sb)+m.s)
		default:
			m.s = max(sa, sb)
			m.p = max(pa-sa, pb-sb) + m.s + 1
		}
	}
	m.eval = strictly(func(as []answer) answer {
		x, y, z := as[0].r, as[1].r, new(big.Rat)
		switch op {
		case "+":
			z.Add(x, y)
		case "-":
			z.Sub(x, y)
		case "*":
			z.Mul(x, y)
		default:
			if y.Sign() == 0 {
				return answer{err: codeZero}
			}
			z.Quo(x, y)
			if op == "/" {
				z = rounded(z, m.s)
			} else {
				z.Sub(x, new(big.Rat).Mul(y, truncated(z)))
			}
		}
		if m.k == kInt {
			return fitted64(z)
		}
		return fitted(z, m.p, m.s)
	}, a, b)
	return m, m.k == kInt || m.p <= 38
}

// asFloat is what a number is beside a float64.
func (m meaning) asFloat(a answer) (float64, string) {
	switch {
	case m.k == kFloat:
		return a.f, ""
	case m.k == kInt && new(big.Rat).Abs(a.r).Cmp(big.NewRat(1<<53, 1)) > 0:
		return 0, codeOverflow
	}
	f, _ := a.r.Float64()
	return f, ""
}

// converted is m as a float64: operands are converted before they meet, each
// with its own error.
func (m meaning) converted() meaning {
	x := m
	x.k = kFloat
	x.eval = strictly(func(as []answer) answer {
		f, err := m.asFloat(as[0])
		return answer{f: f, err: err}
	}, m)
	return x
}

func floatArithmetic(op string, a, b, m meaning) (meaning, bool) {
	m.k = kFloat
	m.eval = strictly(func(as []answer) answer {
		x, y := as[0].f, as[1].f
		var z float64
		switch op {
		case "+":
			z = x + y
		case "-":
			z = x - y
		case "*":
			z = x * y
		case "/":
			z = x / y
		default:
			z = math.Mod(x, y)
		}
		switch finite := func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }; {
		case (op == "/" || op == "%") && y == 0 && !math.IsNaN(x):
			return answer{err: codeZero}
		case finite(x) && finite(y) && !finite(z):
			return answer{err: codeOverflow}
		}
		return answer{f: z}
	}, a.converted(), b.converted())
	exactDecimal := func(x meaning) bool { return x.k == kDec && !x.konst }
	return m, !exactDecimal(a) && !exactDecimal(b)
}

// order is -1, 0 or 1, or 2 where there is no order (NaN).
func order(a, b meaning, x, y answer) int {
	switch {
	case a.k == kFloat || b.k == kFloat:
		switch {
		case x.f < y.f:
			return -1
		case x.f > y.f:
			return 1
		case x.f == y.f:
			return 0
		}
		return 2
	case a.k == kText:
		return strings.Compare(x.s, y.s)
	case a.k == kDate:
		return x.day.Compare(y.day)
	case a.k == kBool:
		if x.b == y.b {
			return 0
		}
		return 2
	}
	return x.r.Cmp(y.r)
}

func comparisonOf(op string, a, b meaning) (meaning, bool) {
	m := meaning{src: "(" + a.src + " " + op + " " + b.src + ")", k: kBool}
	exactDecimal := func(x meaning) bool { return x.k == kDec && !x.konst }
	ok := !(a.k == kFloat && exactDecimal(b) || b.k == kFloat && exactDecimal(a))
	if a.k == kFloat || b.k == kFloat {
		a, b = a.converted(), b.converted()
	}
	m.eval = strictly(func(as []answer) answer {
		o := order(a, b, as[0], as[1])
		switch op {
		case "==":
			return answer{b: o == 0}
		case "!=":
			return answer{b: o != 0}
		case "<":
			return answer{b: o == -1}
		case "<=":
			return answer{b: o == -1 || o == 0}
		case ">":
			return answer{b: o == 1}
		}
		return answer{b: o == 1 || o == 0}
	}, a, b)
	return m, ok
}

func logicOf(op string, a, b meaning) meaning {
	return meaning{src: "(" + a.src + " " + op + " " + b.src + ")", k: kBool, eval: func(row map[string]answer) answer {
		decides := op == "||"
		x := a.eval(row)
		if x.err != "" || !x.null && x.b == decides {
			return x
		}
		y := b.eval(row)
		if y.err != "" || !y.null && y.b == decides {
			return y
		}
		if x.null || y.null {
			return answer{null: true}
		}
		return answer{b: !decides}
	}}
}

// joined is the type that values which stand for each other come to.
func joined(ms ...meaning) (t meaning, ok bool) {
	t = ms[0]
	for _, m := range ms[1:] {
		switch {
		case t.k == m.k && m.k != kDec:
		case (t.k == kInt || t.k == kDec) && (m.k == kInt || m.k == kDec):
			p, s := t.exact()
			q, u := m.exact()
			scale := max(s, u)
			t = meaning{k: kDec, s: scale, p: max(p-s, q-u) + scale}
		default:
			return t, false
		}
		t.konst = false
	}
	return t, t.k != kDec || t.p <= 38
}

// chosen is a function of several values of which one comes out.
func chosen(src string, pick func(row map[string]answer) answer, ms ...meaning) (meaning, bool) {
	t, ok := joined(ms...)
	return meaning{src: src, k: t.k, p: t.p, s: t.s, eval: pick}, ok
}

func conditionalOf(c, a, b meaning) (meaning, bool) {
	return chosen("("+c.src+" ? "+a.src+" : "+b.src+")", func(row map[string]answer) answer {
		switch cond := c.eval(row); {
		case cond.err != "" || cond.null:
			return answer{err: cond.err, null: cond.null}
		case cond.b:
			return a.eval(row)
		}
		return b.eval(row)
	}, a, b)
}

func coalesceOf(name string, a, b meaning) (meaning, bool) {
	return chosen(name+"("+a.src+", "+b.src+")", func(row map[string]answer) answer {
		x := a.eval(row)
		if name == "coalesce" && x.null || name == "try" && x.err != "" {
			return b.eval(row)
		}
		return x
	}, a, b)
}

func nullifOf(a, b meaning) (meaning, bool) {
	return chosen("nullif("+a.src+", "+b.src+")", func(row map[string]answer) answer {
		x, y := a.eval(row), b.eval(row)
		switch {
		case x.err != "" || x.null:
			return x
		case y.err != "":
			return y
		case !y.null && order(a, b, x, y) == 0:
			return answer{null: true}
		}
		return x
	}, a, b)
}

func extremeOf(name string, a, b meaning) (meaning, bool) {
	return chosen(name+"("+a.src+", "+b.src+")", strictly(func(as []answer) answer {
		if (order(a, b, as[0], as[1]) < 0) == (name == "min") {
			return as[0]
		}
		return as[1]
	}, a, b), a, b)
}

func substring(s string, start, count int) string {
	r := []rune(s)
	if start < 0 {
		start = max(0, start+len(r))
	}
	r = r[min(start, len(r)):]
	if count >= 0 {
		r = r[:min(count, len(r))]
	}
	return string(r)
}

func wholeNumber(s string) answer {
	i, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return answer{r: big.NewRat(i, 1)}
	}
	if strings.HasSuffix(err.Error(), "out of range") {
		return answer{err: codeOverflow}
	}
	return answer{err: codeInteger}
}

func runes(s string) *big.Rat { return big.NewRat(int64(utf8.RuneCountInString(s)), 1) }
