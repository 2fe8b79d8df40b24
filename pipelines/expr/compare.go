package expr

import (
	"cmp"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type relation uint8

const (
	opEq relation = iota
	opNe
	opLt
	opLe
	opGt
	opGe
)

var relationSigns = [...]string{"==", "!=", "<", "<=", ">", ">="}

// holds says for each relation whether it holds when the left side is smaller,
// equal, greater.
var holds = [...][3]bool{
	opEq: {false, true, false}, opNe: {true, false, true},
	opLt: {true, false, false}, opLe: {true, true, false},
	opGt: {false, false, true}, opGe: {false, true, true},
}

// compare makes a op b. A comparison with a written null is a test; with a null
// that a row holds it is null. Texts compare by their bytes, floats as IEEE 754.
func (c *compiler) compare(op relation, a, b *node, at hcl.Range) *node {
	if (op == opEq || op == opNe) && (a.null || b.null) {
		if a.null {
			a = b
		}
		return c.nullTest(a, op == opEq, at)
	}
	sign := relationSigns[op]
	t := typ{k: kBool}
	if exactPair(a, b) {
		return c.compareDecimals(op, a, b, at)
	}
	ns, common, ok := c.unify(sign, at, a, b)
	if !ok {
		return nil
	}
	a, b = ns[0], ns[1]
	var k kernel
	switch common.k {
	case kNull:
		return c.typedNull(t, at, a, b)
	case kBool:
		if op != opEq && op != opNe {
			c.wrongTypes(at, sign, "row.a == row.b, row.a != row.b", common, common)
			return nil
		}
		k = func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].bools, in[1].bools, in[0].mask(), in[1].mask()
			for i := range out.bools[:n] {
				out.bools[i] = (a[i&am] == b[i&bm]) == (op == opEq)
			}
		}
	case kInt, kDate, kInstant:
		k = func(n int, out *vec, in []*vec) {
			relate(op, out.bools[:n], in[0].ints, in[1].ints, in[0].mask(), in[1].mask())
		}
	case kFloat:
		k = func(n int, out *vec, in []*vec) {
			relate(op, out.bools[:n], in[0].floats, in[1].floats, in[0].mask(), in[1].mask())
		}
	case kText:
		k = func(n int, out *vec, in []*vec) {
			relate(op, out.bools[:n], in[0].texts, in[1].texts, in[0].mask(), in[1].mask())
		}
	default:
		c.wrongTypes(at, sign, `contains(row.a, "x"), join(",", row.a)`, common, common)
		return nil
	}
	return c.make(t, at, strict(k), a, b)
}

func relate[T cmp.Ordered](op relation, out []bool, a, b []T, am, bm int) {
	switch op {
	case opEq:
		for i := range out {
			out[i] = a[i&am] == b[i&bm]
		}
	case opNe:
		for i := range out {
			out[i] = a[i&am] != b[i&bm]
		}
	case opLt:
		for i := range out {
			out[i] = a[i&am] < b[i&bm]
		}
	case opLe:
		for i := range out {
			out[i] = a[i&am] <= b[i&bm]
		}
	case opGt:
		for i := range out {
			out[i] = a[i&am] > b[i&bm]
		}
	case opGe:
		for i := range out {
			out[i] = a[i&am] >= b[i&bm]
		}
	}
}

// exactPair: two exact numbers, at least one of them a decimal. They compare by
// value whatever their types, so no common type has to hold both.
func exactPair(a, b *node) bool {
	exact := func(n *node) bool { return n.t.k == kInt || n.t.k == kDec }
	return exact(a) && exact(b) && (a.t.k == kDec || b.t.k == kDec)
}

func (c *compiler) compareDecimals(op relation, a, b *node, at hcl.Range) *node {
	a, b = c.toDecimal(a, asDecimal(a)), c.toDecimal(b, asDecimal(b))
	a, b = c.constantAt(a, b.t.s), c.constantAt(b, a.t.s)
	s := max(a.t.s, b.t.s)
	if n := c.compareSmall(op, a, b, s, at); n != nil {
		return n
	}
	ka, kb := s-a.t.s, s-b.t.s
	want := holds[op]
	return c.make(typ{k: kBool}, at, strict(func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].decs, in[1].decs, in[0].mask(), in[1].mask()
		if ka|kb == 0 {
			for i := range out.bools[:n] {
				out.bools[i] = want[cmpNum(a[i&am], b[i&bm])+1]
			}
			return
		}
		for i := range out.bools[:n] {
			out.bools[i] = want[cmpScaled(a[i&am], b[i&bm], ka, kb)+1]
		}
	}), a, b)
}

// constantAt gives a constant the scale of what it is compared with, once
// instead of for each row.
func (c *compiler) constantAt(a *node, scale int32) *node {
	if by := scale - a.t.s; a.konst != nil && by > 0 && a.t.p+by <= maxDigits {
		return c.toDecimal(a, dec(a.t.p+by, scale))
	}
	return a
}

func cmpNum(a, b num) int {
	if a.HighBits() != b.HighBits() {
		if a.HighBits() < b.HighBits() {
			return -1
		}
		return 1
	}
	if a.LowBits() < b.LowBits() {
		return -1
	}
	if a.LowBits() > b.LowBits() {
		return 1
	}
	return 0
}

// nullTest is a == null, or a != null: never null itself. An error stays one.
func (c *compiler) nullTest(a *node, null bool, at hcl.Range) *node {
	if a.t.k == kGroup {
		c.report(messages.UnsupportedExpression.With("what", "constants", "write", "row.a == null"), at)
		return nil
	}
	return c.make(typ{k: kBool}, at, lax(func(n int, out *vec, in []*vec) {
		if in[0].state == nil {
			for i := range out.bools {
				out.bools[i] = !null
			}
			return
		}
		for i := range out.bools {
			s := in[0].stateAt(i)
			out.bools[i] = (s == isNull) == null
			if s >= failed {
				out.fail(i, n, s)
			}
		}
	}), a)
}
