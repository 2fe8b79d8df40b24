package expr

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// index compiles collection[key] where either names a column. rest is what
// follows the brackets, and is applied to each entry of a constant collection.
func (c *compiler) index(e *hclsyntax.IndexExpr, rest hcl.Traversal, at hcl.Range) *node {
	if t, ok := e.Collection.(*hclsyntax.ScopeTraversalExpr); ok && t.Traversal.RootName() == rowName && len(t.Traversal) == 1 {
		key := c.expr(e.Key)
		if key == nil {
			return nil
		}
		name, ok := constText(key)
		if !ok {
			c.report(messages.WholeRow.With(), e.SrcRange)
			return nil
		}
		return c.steps(c.named(name, e.SrcRange), rest, at)
	}
	coll, key := c.expr(e.Collection), c.expr(e.Key)
	if coll == nil || key == nil {
		return nil
	}
	if coll.t.k == kGroup {
		return c.entry(coll, key, rest, at)
	}
	return c.steps(c.element(coll, key, at), rest, at)
}

// relative compiles what follows something that is no name: f(x)[0], or
// local.codes[row.code].label.
func (c *compiler) relative(e *hclsyntax.RelativeTraversalExpr) *node {
	if ix, ok := e.Source.(*hclsyntax.IndexExpr); ok {
		return c.index(ix, e.Traversal, e.SrcRange)
	}
	return c.steps(c.expr(e.Source), e.Traversal, e.SrcRange)
}

// element is list[i], null where there is none.
func (c *compiler) element(list, key *node, at hcl.Range) *node {
	if key.t.k == kNull {
		key = c.null(typ{k: kInt}, key)
	}
	if list.t.k != kList || key.t.k != kInt {
		c.wrongTypes(at, "[ ]", `split(",", row.a)[0], local.map[row.a]`, list.t, key.t)
		return nil
	}
	return c.make(typ{k: kText}, at, strict(func(n int, out *vec, in []*vec) {
		lists, keys, lm, km := in[0].lists, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.texts[:n] {
			s, k := lists[i&lm], keys[i&km]
			if k < 0 || k >= int64(s.to-s.from) || in[0].elems[int64(s.from)+k].null {
				out.texts[i] = ""
				out.setNull(i, n)
				continue
			}
			out.texts[i] = in[0].elems[int64(s.from)+k].text
		}
	}), list, key)
}

// entry is group[key]: the entry of a constant map, or the element of a
// constant list. Where there is none the result is null, so that a condition
// on it takes the safe branch.
func (c *compiler) entry(group, key *node, rest hcl.Traversal, at hcl.Range) *node {
	asList := group.group.Type().IsTupleType() || group.group.Type().IsListType()
	wanted := typ{k: kText}
	if asList {
		wanted = typ{k: kInt}
	}
	if key.t.k == kNull {
		key = c.null(wanted, key)
	}
	if key.t != wanted {
		write := "local.map[to_text(row.a)]"
		if asList {
			write = "local.list[0]"
		}
		c.wrongTypes(at, "[ ]", write, key.t)
		return nil
	}
	keys, table, ok := c.table(group.group, rest, at)
	if !ok {
		return nil
	}
	var find func(v *vec, j int) (int32, bool)
	if asList {
		find = func(v *vec, j int) (int32, bool) {
			k := v.ints[j]
			return int32(k), k >= 0 && k < int64(len(keys))
		}
	} else {
		at := make(map[string]int32, len(keys))
		for i, k := range keys {
			at[k] = int32(i)
		}
		find = func(v *vec, j int) (int32, bool) { i, ok := at[v.texts[j]]; return i, ok }
	}
	chosen := c.make(table.t, at, strict(func(n int, out *vec, in []*vec) {
		m := in[0].mask()
		for i := range n {
			j, found := find(in[0], i&m)
			if !found || !table.konst.ok(int(j)) {
				out.setNull(i, n)
				if table.t.k == kText {
					out.texts[i] = ""
				}
				continue
			}
			copyValue(out, i, table.konst, int(j), table.t.k)
		}
	}), key)
	chosen.asks = true
	return chosen
}

// table brings the entries of a constant to one type, as a vec with a row each.
func (c *compiler) table(group cty.Value, rest hcl.Traversal, at hcl.Range) ([]string, *node, bool) {
	var keys []string
	var ns []*node
	for it := group.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if len(rest) > 0 {
			var diags hcl.Diagnostics
			if v, diags = rest.TraverseRel(v); diags.HasErrors() {
				c.diags = append(c.diags, pipelines.Coded(diags)...)
				return nil, nil, false
			}
		}
		n := c.fromCty(v, at)
		if n == nil {
			return nil, nil, false
		}
		if k.Type() == cty.String {
			keys = append(keys, k.AsString())
		} else {
			keys = append(keys, strconv.Itoa(len(keys)))
		}
		ns = append(ns, n)
	}
	ns, t, ok := c.unify("[ ]", at, ns...)
	if !ok {
		return nil, nil, false
	}
	rows := &vec{}
	rows.size(t.k, len(ns))
	for i, n := range ns {
		if !n.konst.ok(0) {
			rows.states(len(ns))[i] = isNull
			continue
		}
		copyValue(rows, i, n.konst, 0, t.k)
	}
	return keys, &node{t: t, konst: rows}, true
}

// contains says whether x is one of a constant list, as SQL's IN: null where x
// is null, and where the list holds a null and x is none of the others.
func (c *compiler) contains(list, x *node, at hcl.Range) *node {
	members, ok := c.members(list.group, at)
	if !ok {
		return nil
	}
	ns, t, ok := c.unify("contains", at, append(members, x)...)
	if !ok {
		return nil
	}
	x = ns[len(members)]
	hasNull := false
	var kept []*node
	for _, m := range ns[:len(members)] {
		if m.konst.ok(0) {
			kept = append(kept, m)
		} else {
			hasNull = true
		}
	}
	var k kernel
	switch t.k {
	case kNull:
		return c.typedNull(typ{k: kBool}, at, x)
	case kText:
		k = memberOf(kept, hasNull, func(v *vec) []string { return v.texts })
	case kInt, kDate, kInstant:
		k = memberOf(kept, hasNull, func(v *vec) []int64 { return v.ints })
	case kFloat:
		k = memberOf(kept, hasNull, func(v *vec) []float64 { return v.floats })
	case kDec:
		k = memberOf(kept, hasNull, func(v *vec) []num { return v.decs })
	case kBool:
		k = memberOf(kept, hasNull, func(v *vec) []bool { return v.bools })
	default:
		c.wrongTypes(at, "contains", "contains(row.list, row.a)", list.t, x.t)
		return nil
	}
	return c.make(typ{k: kBool}, at, strict(k), x)
}

// few is up to how many values a scan beats a hash table.
const few = 8

func memberOf[T comparable](members []*node, hasNull bool, of func(*vec) []T) kernel {
	var list []T
	set := map[T]struct{}{}
	for _, m := range members {
		x := of(m.konst)[0]
		if _, twice := set[x]; !twice {
			list = append(list, x)
			set[x] = struct{}{}
		}
	}
	return func(n int, out *vec, in []*vec) {
		xs := of(in[0])
		for i := range out.bools[:n] {
			found := false
			if len(list) > few {
				_, found = set[xs[i]]
			} else {
				for _, m := range list {
					found = found || m == xs[i]
				}
			}
			out.bools[i] = found
			if !found && hasNull {
				out.setNull(i, n)
			}
		}
	}
}

// listHolds says whether a list has an element, with the nulls of contains.
func (c *compiler) listHolds(list, x *node, at hcl.Range) *node {
	return c.make(typ{k: kBool}, at, strict(func(n int, out *vec, in []*vec) {
		lm, xm := in[0].mask(), in[1].mask()
		for i := range out.bools[:n] {
			s, x := in[0].lists[i&lm], in[1].texts[i&xm]
			found, null := false, false
			for _, e := range in[0].elems[s.from:s.to] {
				found = found || !e.null && e.text == x
				null = null || e.null
			}
			out.bools[i] = found
			if !found && null {
				out.setNull(i, n)
			}
		}
	}), list, x)
}
