package expr

import (
	"strings"
)

func bindSplit(c *call) *node {
	sep, ok := c.constText(0)
	if !ok || !c.texts(1) {
		return nil
	}
	if sep == "" {
		c.constantWanted(0, `","`)
		return nil
	}
	return c.make(typ{k: kList}, func(n int, out *vec, in []*vec) {
		for i, s := range in[0].texts[:n] {
			from := int32(len(out.elems))
			for more := out.ok(i); more; {
				var part string
				part, s, more = strings.Cut(s, sep)
				out.elems = append(out.elems, elem{text: part})
			}
			out.lists[i] = span{from, int32(len(out.elems))}
		}
	}, c.args[1])
}

// bindJoin leaves null elements out.
func bindJoin(c *call) *node {
	sep, ok := c.constText(0)
	if !ok {
		return nil
	}
	if c.args[1].t.k == kGroup {
		return c.joinConstants(sep)
	}
	if !c.want(1, kList) {
		return nil
	}
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		for i, l := range in[0].lists[:n] {
			start, some := len(out.arena), false
			for _, e := range in[0].elems[l.from:l.to] {
				if e.null {
					continue
				}
				if some {
					out.arena = append(out.arena, sep...)
				}
				out.arena, some = append(out.arena, e.text...), true
			}
			out.texts[i] = out.text(start)
		}
	}, c.args[1])
}

func (c *call) joinConstants(sep string) *node {
	members, ok := c.members(c.args[1].group, c.at)
	if !ok {
		return nil
	}
	var parts []string
	for _, m := range members {
		w, ok := textOf(m.t)
		if !ok {
			c.wrongArguments()
			return nil
		}
		if m.konst.ok(0) {
			parts = append(parts, string(w(nil, m.konst, 0)))
		}
	}
	return &node{t: typ{k: kText}, at: c.at, konst: &vec{konst: true, texts: []string{strings.Join(parts, sep)}}}
}

// bindContains is membership in a list of constants or of a row, and, of two
// texts, whether one is part of the other.
func bindContains(c *call) *node {
	switch c.args[0].t.k {
	case kGroup:
		return c.contains(c.args[0], c.args[1], c.at)
	case kList:
		if !c.texts(1) {
			return nil
		}
		return c.listHolds(c.args[0], c.args[1], c.at)
	case kText:
		return testText2(strings.Contains)(c)
	}
	c.wrongArguments()
	return nil
}

func bindMapLookup(c *call) *node {
	if c.args[0].t.k != kGroup {
		c.wrongArguments()
		return nil
	}
	found := c.entry(c.args[0], c.args[1], nil, c.at)
	if found == nil {
		return nil
	}
	return c.coalesce("lookup", c.at, []*node{found, c.args[2]}, func(s uint8) bool { return s != isNull })
}
