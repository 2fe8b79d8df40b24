package expr

import (
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (c *compiler) wantBool(op string, a *node, at hcl.Range) (*node, bool) {
	if a.t.k == kNull {
		return c.null(typ{k: kBool}, a), true
	}
	if a.t.k != kBool {
		write := "row.a != null, row.a == \"oui\""
		if a.t.k == kText {
			write = "to_bool(row.a), row.a == \"oui\""
		}
		c.wrongTypes(at, op, write, a.t)
		return nil, false
	}
	return a, true
}

func (c *compiler) not(a *node, at hcl.Range) *node {
	a, ok := c.wantBool("!", a, at)
	if !ok {
		return nil
	}
	return c.make(a.t, at, strict(func(n int, out *vec, in []*vec) {
		for i, x := range in[0].bools[:n] {
			out.bools[i] = !x
		}
	}), a)
}

// logic makes a && b or a || b, as Kleene: what the left side decides alone is
// decided, and an error on the right is then never looked at.
func (c *compiler) logic(op string, a, b *node, at hcl.Range) *node {
	a, oka := c.wantBool(op, a, at)
	b, okb := c.wantBool(op, b, at)
	if !oka || !okb {
		return nil
	}
	decides := op == "||" // the value that settles the result
	return c.make(a.t, at, func(f *frame, n *node) *vec {
		x := f.eval(n.in[0])
		if x.state == nil && allAre(x, f.n, decides) {
			return x
		}
		y := f.eval(n.in[1])
		out := &f.vecs[n.slot]
		out.state = nil
		out.konst = false
		out.size(kBool, f.n)
		kleene(out, x, y, f.n, decides)
		return out
	}, a, b)
}

func allAre(x *vec, n int, want bool) bool {
	if x.konst {
		return x.bools[0] == want
	}
	for _, b := range x.bools[:n] {
		if b != want {
			return false
		}
	}
	return true
}

func kleene(out, x, y *vec, n int, decides bool) {
	a, b, am, bm := x.bools, y.bools, x.mask(), y.mask()
	ss, sm := x.statesOf()
	ts, tm := y.statesOf()
	bytes := bytesOfBools(out.bools)
	as, bs := bytesOfBools(a), bytesOfBools(b)
	for i := range bytes {
		s, t := ss[i&sm], ts[i&tm]
		if s|t == hasValue { // the usual case, without a jump on what the values are
			p, q := as[i&am], bs[i&bm]
			if decides {
				bytes[i] = p | q
			} else {
				bytes[i] = p & q
			}
			continue
		}
		p, q := a[i&am], b[i&bm]
		switch {
		case s == hasValue && p == decides:
			out.bools[i] = decides
		case s >= failed:
			out.fail(i, n, s)
		case t == hasValue && q == decides:
			out.bools[i] = decides
		case t >= failed:
			out.fail(i, n, t)
		default:
			out.setNull(i, n)
		}
	}
}

// bytesOfBools gives bools as the 0 and 1 they are.
func bytesOfBools(b []bool) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}

func (c *compiler) conditionalExpr(e *hclsyntax.ConditionalExpr) *node {
	cond, x, y := c.expr(e.Condition), c.expr(e.TrueResult), c.expr(e.FalseResult)
	if cond == nil || x == nil || y == nil {
		return nil
	}
	return c.conditional(cond, x, y, e.SrcRange)
}

// conditional makes cond ? x : y. Where cond is null so is the result, and the
// errors of the branch not taken count for nothing.
func (c *compiler) conditional(cond, x, y *node, at hcl.Range) *node {
	cond, ok := c.wantBool("?:", cond, cond.at)
	if !ok {
		return nil
	}
	if x.t.k == kGroup && y.t.k == kGroup && cond.konst != nil && cond.konst.ok(0) {
		if cond.konst.bools[0] {
			return x
		}
		return y
	}
	ns, t, ok := c.unify("?:", at, x, y)
	if !ok {
		return nil
	}
	if t.k == kDec && t.p <= smallDigits {
		return c.wide(c.choice(typ{kSmall, t.p, t.s}, at, cond, c.small(ns[0]), c.small(ns[1])))
	}
	return c.choice(t, at, cond, ns[0], ns[1])
}

func (c *compiler) choice(t typ, at hcl.Range, in ...*node) *node {
	return c.make(t, at, func(f *frame, n *node) *vec {
		cond := f.eval(n.in[0])
		if cond.state == nil && allAre(cond, f.n, true) {
			return f.eval(n.in[1])
		}
		if cond.state == nil && allAre(cond, f.n, false) {
			return f.eval(n.in[2])
		}
		out := &f.vecs[n.slot]
		out.state = nil
		out.konst = false
		out.size(t.k, f.n)
		branch(out, t.k, cond, f.eval(n.in[1]), f.eval(n.in[2]), f.n)
		return out
	}, in...)
}

func branch(out *vec, k kind, cond, x, y *vec, n int) {
	m, xm, ym := cond.mask(), x.mask(), y.mask()
	if cond.state != nil || x.state != nil || y.state != nil {
		branchStates(out.states(n), cond, x, y)
	}
	switch k {
	case kBool:
		choose(out.bools, cond.bools, m, x.bools, xm, y.bools, ym)
	case kInt, kDate, kInstant, kSmall:
		chooseInts(out.ints, cond.bools, m, x.ints, xm, y.ints, ym)
	case kFloat:
		choose(out.floats, cond.bools, m, x.floats, xm, y.floats, ym)
	case kDec:
		chooseDecimals(out.decs, cond.bools, m, x.decs, xm, y.decs, ym)
	case kText:
		choose(out.texts, cond.bools, m, x.texts, xm, y.texts, ym)
	case kList:
		for i := range out.lists {
			from := y
			if cond.bools[i&m] {
				from = x
			}
			copyList(out, i, from, i&from.mask())
		}
	}
}

func branchStates(out []uint8, cond, x, y *vec) {
	cs, cm := cond.statesOf()
	xs, xm := x.statesOf()
	ys, ym := y.statesOf()
	m := cond.mask()
	for i := range out {
		s := ys[i&ym]
		if cond.bools[i&m] {
			s = xs[i&xm]
		}
		if c := cs[i&cm]; c != hasValue {
			s = c
		}
		out[i] = s
	}
}

func choose[T any](out []T, cond []bool, m int, x []T, xm int, y []T, ym int) {
	for i := range out {
		if cond[i&m] {
			out[i] = x[i&xm]
		} else {
			out[i] = y[i&ym]
		}
	}
}

// chooseInts is choose without a jump that a processor could guess wrong.
func chooseInts(out []int64, cond []bool, m int, x []int64, xm int, y []int64, ym int) {
	for i := range out {
		var bit int64
		if cond[i&m] {
			bit = 1
		}
		p, q := x[i&xm], y[i&ym]
		out[i] = q ^ (p^q)&-bit
	}
}

// chooseDecimals is chooseInts for decimals.
func chooseDecimals(out []num, cond []bool, m int, x []num, xm int, y []num, ym int) {
	for i := range out {
		var bit uint64
		if cond[i&m] {
			bit = 1
		}
		p, q, keep := x[i&xm], y[i&ym], -bit
		out[i] = decimal128.New(
			int64(uint64(q.HighBits())^(uint64(p.HighBits())^uint64(q.HighBits()))&keep),
			q.LowBits()^(p.LowBits()^q.LowBits())&keep)
	}
}

func copyList(out *vec, i int, from *vec, j int) {
	s := from.lists[j]
	start := int32(len(out.elems))
	out.elems = append(out.elems, from.elems[s.from:s.to]...)
	out.lists[i] = span{start, int32(len(out.elems))}
}

// copyValue puts one row of from in row i of out; the hot ways have loops of
// their own.
func copyValue(out *vec, i int, from *vec, j int, k kind) {
	j &= from.mask()
	switch k {
	case kBool:
		out.bools[i] = from.bools[j]
	case kInt, kDate, kInstant:
		out.ints[i] = from.ints[j]
	case kFloat:
		out.floats[i] = from.floats[j]
	case kDec:
		out.decs[i] = from.decs[j]
	case kText:
		out.texts[i] = from.texts[j]
	case kList:
		copyList(out, i, from, j)
	}
}
