package expr

import (
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// column compiles row.name, row["nom complet"] and row.list[0].
func (c *compiler) column(e *hclsyntax.ScopeTraversalExpr) *node {
	if len(e.Traversal) == 1 {
		c.report(messages.WholeRow.With(), e.SrcRange)
		return nil
	}
	name, ok := stepName(e.Traversal[1])
	if !ok {
		c.report(messages.WholeRow.With(), e.SrcRange)
		return nil
	}
	n := c.named(name, e.SrcRange)
	return c.steps(n, e.Traversal[2:], e.SrcRange)
}

func stepName(s hcl.Traverser) (string, bool) {
	switch s := s.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func (c *compiler) named(name string, at hcl.Range) *node {
	i, err := pipelines.ColumnIndex(c.schema, name)
	if err != nil {
		c.report(err, at)
		return nil
	}
	if c.used[name] == nil {
		t := ofArrow(c.schema.Field(i).Type)
		c.used[name] = &node{t: t, slot: c.slots, run: loader(i, t)}
		c.slots++
	}
	n := *c.used[name]
	n.at = at
	return &n
}

// steps goes on from a value: an element of a list is all there is.
func (c *compiler) steps(n *node, steps hcl.Traversal, at hcl.Range) *node {
	for _, s := range steps {
		if n == nil {
			return nil
		}
		ix, ok := s.(hcl.TraverseIndex)
		if !ok {
			c.report(messages.UnsupportedExpression.With("what", n.t.String()+" .",
				"write", `row["a.b"], json_get(row.a, "$.b")`), at)
			return nil
		}
		key := c.fromCty(ix.Key, at)
		if key == nil {
			return nil
		}
		n = c.element(n, key, at)
	}
	return n
}

// hyphened catches row.a-row.b, which is one attribute to HCL, and row.a-1.
func (c *compiler) hyphened(t hcl.Traversal) bool {
	names := []string{t.RootName()}
	var suspect bool
	for i, s := range t[1:] {
		a, ok := s.(hcl.TraverseAttr)
		if !ok {
			break
		}
		names = append(names, a.Name)
		if strings.HasSuffix(a.Name, "-"+rowName) && len(t) > i+2 {
			suspect = true
		}
	}
	if t.RootName() == rowName && len(names) == 2 && strings.Contains(names[1], "-") {
		// A column that is not declared may have a hyphen: only what cannot be a
		// name, or is made of two names there are, is taken for a subtraction.
		before, after, _ := strings.Cut(names[1], "-")
		suspect = !c.schema.HasField(names[1]) && c.schema.HasField(before) && (scalar.DigitsOnly(after) || c.schema.HasField(after))
	}
	if suspect {
		name := strings.Join(names, ".")
		c.report(messages.HyphenInName.With("name", name, "write", strings.ReplaceAll(name, "-", " - ")), t.SourceRange())
	}
	return suspect
}

// loader gives the rows of a block of column i.
func loader(i int, t typ) func(*frame, *node) *vec {
	if t.k == kNull {
		always := nulls(kNull)
		return func(*frame, *node) *vec { return always }
	}
	return once(func(f *frame, n *node) *vec {
		v, col := &f.vecs[n.slot], f.cols[i]
		loadStates(v, col, f.off, f.n)
		to := f.off + f.n
		switch a := col.(type) {
		case *array.Boolean:
			v.bools = grow(v.bools, f.n)
			for i := range v.bools {
				v.bools[i] = a.Value(f.off + i)
			}
		case *array.Int64:
			v.ints = a.Int64Values()[f.off:to]
		case *array.Int32:
			v.ints = spread(v.ints, a.Int32Values()[f.off:to])
		case *array.Date32:
			v.ints = spread(v.ints, a.Date32Values()[f.off:to])
		case *array.Timestamp:
			v.ints = spread(v.ints, a.TimestampValues()[f.off:to])
		case *array.Float64:
			v.floats = a.Float64Values()[f.off:to]
		case *array.Decimal128:
			v.decs = a.Values()[f.off:to]
		case *array.String:
			loadTexts(v, a, f.off, f.n)
		case *array.List:
			loadLists(v, a, f.off, f.n)
		}
		return v
	})
}

func spread[T ~int32 | ~int64](to []int64, from []T) []int64 {
	to = grow(to, len(from))
	for i, x := range from {
		to[i] = int64(x)
	}
	return to
}

func loadStates(v *vec, col arrow.Array, off, n int) {
	v.state = nil
	bits := col.NullBitmapBytes()
	if col.NullN() == 0 || len(bits) == 0 {
		return
	}
	v.own = grow(v.own, n)
	v.state = v.own
	off += col.Data().Offset()
	for i := range v.state {
		v.state[i] = hasValue
		if bitutil.BitIsNotSet(bits, off+i) {
			v.state[i] = isNull
		}
	}
}

func loadTexts(v *vec, a *array.String, off, n int) {
	v.texts = grow(v.texts, n)
	ends, bytes := a.ValueOffsets(), a.ValueBytes()
	first := ends[0]
	ends = ends[off : off+n+1]
	from := ends[0] - first
	for i := range v.texts {
		to := ends[i+1] - first
		text := bytes[from:to]
		v.texts[i] = unsafe.String(unsafe.SliceData(text), len(text))
		from = to
	}
}

func loadLists(v *vec, a *array.List, off, n int) {
	v.lists, v.elems = grow(v.lists, n), v.elems[:0]
	texts := a.ListValues().(*array.String)
	for i := range v.lists {
		from := int32(len(v.elems))
		if a.IsValid(off + i) {
			lo, hi := a.ValueOffsets(off + i)
			for j := int(lo); j < int(hi); j++ {
				if texts.IsNull(j) {
					v.elems = append(v.elems, elem{null: true})
				} else {
					v.elems = append(v.elems, elem{text: texts.Value(j)})
				}
			}
		}
		v.lists[i] = span{from, int32(len(v.elems))}
	}
}
