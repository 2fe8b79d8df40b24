package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Conversions nobody has to write, because they lose nothing.

func allNull(n int, out *vec, _ []*vec) {
	for i, s := range out.states(n) {
		if s == hasValue {
			out.state[i] = isNull
		}
	}
	clear(out.texts)
	clear(out.lists)
}

// null is a, which is never anything but null, as a null of type t.
func (c *compiler) null(t typ, a *node) *node {
	if t.k == kNull || t.k == kGroup || t.k == kOpaque {
		return a
	}
	return c.make(t, a.at, strict(allNull), a)
}

// typedNull is an operation on nothing but nulls.
func (c *compiler) typedNull(t typ, at hcl.Range, in ...*node) *node {
	return c.make(t, at, strict(allNull), in...)
}

// toDecimal is an int64 or decimal as t, whose scale is not smaller and which
// holds it.
func (c *compiler) toDecimal(a *node, t typ) *node {
	if a.t == t {
		return a
	}
	if a.t.k == kDec && a.t.s == t.s {
		same := *a // the values are the same
		same.t = t
		return &same
	}
	if a.t.k == kDec && t.p <= smallDigits {
		n := c.wide(c.smallAt(a, t))
		n.free = a.free
		return n
	}
	var k kernel
	if a.t.k == kInt {
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].ints[:n] {
				out.decs[i], _ = upscale(widen(x), t.s)
			}
		}
	} else {
		by, over := t.s-a.t.s, c.overflow(t)
		k = func(n int, out *vec, in []*vec) {
			for i, x := range in[0].decs[:n] {
				r, ok := upscale(x, by)
				if !ok {
					out.fail(i, n, over)
				}
				out.decs[i] = r
			}
		}
	}
	n := c.make(t, a.at, strict(k), a)
	n.free = a.free
	return n
}

// asFloat is a as a float64, if that can be done without being asked for.
func (c *compiler) asFloat(a *node) (*node, bool) {
	t := typ{k: kFloat}
	switch {
	case a.t.k == kFloat:
		return a, true
	case a.t.k == kInt:
		return c.make(t, a.at, strict(exactFloats(c.overflow(t))), a), true
	case a.t.k == kDec && a.free:
		s := a.t.s
		return c.make(t, a.at, strict(nearestFloats(s)), a), true
	}
	return nil, false
}

// exactFloats fails where a float64 cannot hold the int64.
func exactFloats(over uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		for i, x := range in[0].ints[:n] {
			if x > 1<<53 || x < -1<<53 {
				out.fail(i, n, over)
			}
			out.floats[i] = float64(x)
		}
	}
}

func nearestFloats(scale int32) kernel {
	return func(n int, out *vec, in []*vec) {
		for i, x := range in[0].decs[:n] {
			out.floats[i] = nearest(x, scale)
		}
	}
}

// unify brings values that may stand for each other to one type.
func (c *compiler) unify(op string, at hcl.Range, ns ...*node) ([]*node, typ, bool) {
	t, ok := c.commonType(op, at, ns)
	if !ok {
		return nil, t, false
	}
	out := make([]*node, len(ns))
	for i, n := range ns {
		switch {
		case n.t == t:
			out[i] = n
		case n.t.k == kNull:
			out[i] = c.null(t, n)
		case t.k == kFloat:
			out[i], _ = c.asFloat(n)
		default:
			out[i] = c.toDecimal(n, t)
		}
	}
	return out, t, true
}

func (c *compiler) commonType(op string, at hcl.Range, ns []*node) (typ, bool) {
	var first, decimal, float *node
	var types []typ
	same, numeric := true, true
	for _, n := range ns {
		types = append(types, n.t)
		if n.t.k == kNull {
			continue
		}
		if first == nil {
			first = n
		}
		same = same && n.t == first.t
		numeric = numeric && n.t.numeric()
		if n.t.k == kFloat {
			float = n
		} else if !n.free && n.t.k == kDec {
			decimal = n
		}
	}
	switch {
	case first == nil:
		return typ{}, true
	case same && first.t.k < kOpaque:
		return first.t, true
	case !numeric:
		c.wrongTypes(at, op, unifyHint(types), types...)
		return typ{}, false
	case float != nil && decimal != nil:
		c.report(messages.DecimalWithFloat.With("op", op, "left", decimal.t, "right", float.t), at)
		return typ{}, false
	case float != nil:
		return float.t, true
	}
	t := asDecimal(first)
	for _, n := range ns {
		if n.t.k != kNull {
			t = wider(t, asDecimal(n))
		}
	}
	if t.p > maxDigits {
		c.report(messages.DecimalTooWide.With("op", op, "types", typeList(types...), "digits", t.p), at)
		return typ{}, false
	}
	return t, true
}

func unifyHint(ts []typ) string {
	has := map[kind]bool{}
	for _, t := range ts {
		has[t.k] = true
	}
	switch {
	case has[kGroup]:
		return "contains(local.list, row.a), local.map[row.a]"
	case has[kOpaque]:
		return "row.a == null"
	case has[kText] && has[kDate]:
		return `to_date(row.a), to_date(row.a, "DD/MM/YYYY")`
	case has[kText] && has[kInstant]:
		return `to_timestamp(row.a, "DD/MM/YYYY HH:mm", "Europe/Paris")`
	case has[kDate] && has[kInstant]:
		return `to_date(row.a, "Europe/Paris")`
	case has[kText] && (has[kInt] || has[kDec] || has[kFloat]):
		return "to_int(row.a), to_decimal(row.a, 12, 2), to_text(row.b)"
	case has[kText] && has[kBool]:
		return "to_bool(row.a)"
	}
	return "to_text(row.a)"
}
