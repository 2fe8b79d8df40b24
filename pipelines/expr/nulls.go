package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// firstOf is, for each row, the value of the first input whose state stop
// accepts; else it has the state of the last. What comes after is not looked at.
func firstOf(n int, k kind, stop func(state uint8) bool, out *vec, in []*vec) {
	for i := range n {
		var s uint8
		for _, x := range in {
			if s = x.stateAt(i); stop(s) {
				copyValue(out, i, x, i, k)
				break
			}
		}
		if s != hasValue {
			out.states(n)[i] = s
			if k == kList {
				out.lists[i] = span{}
			}
		}
	}
}

// coalesce is the first value that is not null. An error on the way there stays
// an error: a cell that cannot be read is not the same as an empty one.
func (c *compiler) coalesce(op string, at hcl.Range, ns []*node, stop func(uint8) bool) *node {
	ns, t, ok := c.unify(op, at, ns...)
	if !ok {
		return nil
	}
	rest := lax(func(n int, out *vec, in []*vec) { firstOf(n, t.k, stop, out, in) })
	return c.make(t, at, func(f *frame, n *node) *vec {
		if first := f.eval(n.in[0]); first.state == nil {
			return first
		}
		return rest(f, n)
	}, ns...)
}

// nullif is a, or null where a equals b.
func (c *compiler) nullif(a, b *node, at hcl.Range) *node {
	ns, t, ok := c.unify("nullif", at, a, b)
	if !ok {
		return nil
	}
	if t.k == kList {
		c.report(messages.WrongTypes.With("op", "nullif", "types", typeList(a.t, b.t), "write", "nullif(join(\",\", row.a), \"\")"), at)
		return nil
	}
	same := c.compare(opEq, ns[0], ns[1], at)
	if same == nil {
		return nil
	}
	return c.make(t, at, lax(func(n int, out *vec, in []*vec) {
		for i := range n {
			copyValue(out, i, in[0], i, t.k)
			s, eq := in[0].stateAt(i), in[1].stateAt(i)
			switch {
			case s != hasValue:
				out.states(n)[i] = s
			case eq >= failed:
				out.states(n)[i] = eq
			case eq == hasValue && in[1].bools[i&in[1].mask()]:
				out.states(n)[i] = isNull
			}
		}
	}), ns[0], same)
}
