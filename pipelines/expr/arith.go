package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// operator is an arithmetic operator as it is written.
type operator string

const (
	opAdd operator = "+"
	opSub operator = "-"
	opMul operator = "*"
	opDiv operator = "/"
	opMod operator = "%"
)

// arithmetic makes a op b.
func (c *compiler) arithmetic(op operator, a, b *node, at hcl.Range) *node {
	a, b, ok := c.operands(op, a, b, at)
	if !ok {
		return nil
	}
	free := a.free && b.free
	var n *node
	switch {
	case a.t.k == kNull:
		n = c.typedNull(a.t, at, a, b)
	case a.t.k == kFloat:
		n = c.make(typ{k: kFloat}, at, strict(floatKernel(op, c.overflow(a.t), c.fail(messages.DivisionByZero.With()))), a, b)
	case a.t.k == kInt && b.t.k == kInt && op != opDiv:
		n = c.make(typ{k: kInt}, at, strict(intKernel(op, c.overflow(a.t), c.fail(messages.DivisionByZero.With()))), a, b)
	default:
		n = c.decimalArithmetic(op, a, b, at)
	}
	if n != nil {
		n.free = free
	}
	return n
}

// operands brings two numbers to kinds that an operator can work on.
func (c *compiler) operands(op operator, a, b *node, at hcl.Range) (*node, *node, bool) {
	if a.t.k == kNull {
		a = c.null(b.t, a)
	}
	if b.t.k == kNull {
		b = c.null(a.t, b)
	}
	if !(a.t.numeric() && b.t.numeric()) && a.t.k != kNull {
		c.wrongTypes(at, string(op), arithmeticHint(op, a.t, b.t), a.t, b.t)
		return nil, nil, false
	}
	if a.t.k == kFloat || b.t.k == kFloat {
		return c.floats(string(op), a, b, at)
	}
	return a, b, true
}

func arithmeticHint(op operator, a, b typ) string {
	switch {
	case a.k == kText && b.k == kText && op == opAdd:
		return `"${row.a}${row.b}"`
	case a.k == kDate && b.k == kDate:
		return "days_between(row.a, row.b)"
	case a.k == kDate || b.k == kDate:
		return "add_days(row.a, 1)"
	case a.k == kText || b.k == kText:
		return "to_int(row.a), to_decimal(row.a, 12, 2), to_float(row.a)"
	case a.k == kBool || b.k == kBool:
		return "row.a ? 1 : 0"
	}
	return "row.a + 1"
}

// floats brings both to float64: a number written as a constant becomes one, an
// int64 does where that is exact, and a decimal never does by itself.
func (c *compiler) floats(op string, a, b *node, at hcl.Range) (*node, *node, bool) {
	x, okx := c.asFloat(a)
	y, oky := c.asFloat(b)
	if !okx || !oky {
		c.report(messages.DecimalWithFloat.With("op", op, "left", a.t, "right", b.t), at)
	}
	return x, y, okx && oky
}

func (c *compiler) decimalArithmetic(op operator, a, b *node, at hcl.Range) *node {
	ta, tb := asDecimal(a), asDecimal(b)
	t := decimalResult(op, ta, tb)
	if t.p > maxDigits {
		c.report(messages.DecimalTooWide.With("op", string(op), "types", typeList(a.t, b.t), "digits", t.p), at)
		return nil
	}
	a, b = c.toDecimal(a, ta), c.toDecimal(b, tb)
	if n := c.smallArithmetic(op, a, b, t, at); n != nil {
		return n
	}
	over, zero, within := c.overflow(t), c.fail(messages.DivisionByZero.With()), boundsOf(t.p)
	switch op {
	case opAdd, opSub:
		a, b = c.constantAt(a, t.s), c.constantAt(b, t.s)
		return c.make(t, at, strict(addDecimals(t.s-a.t.s, t.s-b.t.s, op == opSub, within, over)), a, b)
	case opMul:
		return c.make(t, at, strict(mulDecimals(within, over)), a, b)
	case opDiv:
		return c.make(t, at, strict(divDecimals(t.s-ta.s+tb.s, within, over, zero)), a, b)
	}
	return c.make(t, at, strict(modDecimals(t.s-ta.s, t.s-tb.s, zero)), a, b)
}

// decimalResult is the type that holds every result exactly, but for ÷ rounded
// half-up at its scale.
func decimalResult(op operator, a, b typ) typ {
	switch op {
	case opMul:
		return dec(a.p+b.p, a.s+b.s)
	case opDiv:
		s := max(6, a.s, b.s)
		return dec(a.p-a.s+b.s+s, s)
	case opMod:
		s := max(a.s, b.s)
		return dec(max(1, min(a.p-a.s, b.p-b.s)+s), s)
	}
	w := wider(a, b)
	return dec(w.p+1, w.s)
}

// negate makes -a.
func (c *compiler) negate(a *node, at hcl.Range) *node {
	var k kernel
	switch a.t.k {
	case kNull:
		return a
	case kInt:
		over := c.overflow(a.t)
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].ints[:n] {
				if x == math.MinInt64 {
					out.fail(i, n, over)
				}
				out.ints[i] = -x
			}
		}
	case kFloat:
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].floats[:n] {
				out.floats[i] = -x
			}
		}
	case kDec:
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].decs[:n] {
				out.decs[i] = x.Negate()
			}
		}
	default:
		c.wrongTypes(at, "-", arithmeticHint(opSub, a.t, a.t), a.t)
		return nil
	}
	n := c.make(a.t, at, strict(k), a)
	n.free = a.free
	return n
}
