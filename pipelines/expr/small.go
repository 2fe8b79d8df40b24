package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Decimals of at most 18 digits, as amounts are, are computed in 64 bits. A
// chain of operations is narrow inside: each has a twin of kind kSmall, and what
// looks at its decimals sees that widened. Values were checked against their
// precision when they were narrowed, and types grow with every operation, so
// that none of them can overflow.

const smallDigits = 18

// small is a decimal in 64 bits.
func (c *compiler) small(a *node) *node {
	if a.narrow != nil {
		return a.narrow
	}
	if twin := c.twins[a.slot]; a.konst == nil && twin != nil {
		return twin
	}
	within, over := boundsOf(a.t.p), c.overflow(a.t)
	n := c.make(typ{kSmall, a.t.p, a.t.s}, a.at, strict(func(n int, out *vec, in []*vec) {
		m := in[0].mask()
		for i := range out.ints[:n] {
			x := in[0].decs[i&m]
			if !within.clearly(x) {
				out.fail(i, n, over)
			}
			out.ints[i] = int64(x.LowBits())
		}
	}), a)
	if n.konst == nil {
		n.run = once(n.run)
		c.twins[a.slot] = n
	}
	return n
}

// wide is the decimal whose twin is s.
func (c *compiler) wide(s *node) *node {
	n := c.make(dec(s.t.p, s.t.s), s.at, strict(func(n int, out *vec, in []*vec) {
		for i, x := range in[0].ints[:n] {
			out.decs[i] = widen(x)
		}
	}), s)
	n.narrow = s
	return n
}

// once keeps what a node that several operations share gave for a block.
func once(run func(*frame, *node) *vec) func(*frame, *node) *vec {
	return func(f *frame, n *node) *vec {
		v := &f.vecs[n.slot]
		if v.block != f.block {
			v = run(f, n)
			f.vecs[n.slot].block = f.block
		}
		return v
	}
}

// smallArithmetic makes an operation whose operands at the result's scale, and
// whose result, have at most 18 digits; else it gives nil.
func (c *compiler) smallArithmetic(op operator, a, b *node, t typ, at hcl.Range) *node {
	ka, kb := t.s-a.t.s, t.s-b.t.s
	if t.p > smallDigits || a.t.p > smallDigits || b.t.p > smallDigits ||
		op == opMod && max(a.t.p+ka, b.t.p+kb) > smallDigits {
		return nil
	}
	zero := c.fail(messages.DivisionByZero.With())
	var k kernel
	switch op {
	case opAdd, opSub:
		fb := small[kb]
		if op == opSub {
			fb = -fb
		}
		k = addSmall(small[ka], fb)
	case opMul:
		k = func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
			for i := range out.ints[:n] {
				out.ints[i] = a[i&am] * b[i&bm]
			}
		}
	case opDiv:
		k = divSmall(small[t.s-a.t.s+b.t.s], zero)
	default:
		k = modSmall(small[ka], small[kb], zero)
	}
	return c.wide(c.make(typ{kSmall, t.p, t.s}, at, strict(k), c.small(a), c.small(b)))
}

func addSmall(fa, fb int64) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.ints[:n] {
			out.ints[i] = a[i&am]*fa + b[i&bm]*fb
		}
	}
}

func divSmall(f int64, zero uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.ints[:n] {
			y := b[i&bm]
			if y == 0 {
				out.fail(i, n, zero)
				continue
			}
			out.ints[i] = divHalfAway(a[i&am]*f, y)
		}
	}
}

// divHalfAway is x ÷ y, halves away from zero.
func divHalfAway(x, y int64) int64 {
	p, d := magnitude(x), magnitude(y)
	var q uint64
	if (p|d)>>32 == 0 { // a division of 32 bits is several times faster
		q = uint64(uint32(p) / uint32(d))
	} else {
		q = p / d
	}
	if r := p - q*d; r >= d-r {
		q++
	}
	s := (x ^ y) >> 63
	return int64(q)&^s | -int64(q)&s
}

func modSmall(fa, fb int64, zero uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.ints[:n] {
			y := b[i&bm] * fb
			if y == 0 {
				out.fail(i, n, zero)
				continue
			}
			out.ints[i] = a[i&am] * fa % y
		}
	}
}

// smallAt is a at a larger scale, in 64 bits; t has at most 18 digits.
func (c *compiler) smallAt(a *node, t typ) *node {
	by := small[t.s-a.t.s]
	s := c.small(a)
	if by == 1 {
		return s
	}
	return c.make(typ{kSmall, t.p, t.s}, a.at, strict(func(n int, out *vec, in []*vec) {
		for i, x := range in[0].ints[:n] {
			out.ints[i] = x * by
		}
	}), s)
}

// compareSmall compares decimals that have at most 18 digits at their common
// scale; else it gives nil.
func (c *compiler) compareSmall(op relation, a, b *node, s int32, at hcl.Range) *node {
	ta, tb := dec(a.t.p+s-a.t.s, s), dec(b.t.p+s-b.t.s, s)
	if max(ta.p, tb.p) > smallDigits {
		return nil
	}
	return c.make(typ{k: kBool}, at, strict(func(n int, out *vec, in []*vec) {
		relate(op, out.bools[:n], in[0].ints, in[1].ints, in[0].mask(), in[1].mask())
	}), c.smallAt(a, ta), c.smallAt(b, tb))
}
