package expr

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var textType = cty.String

// known says whether a name stands for a value here.
func (c *compiler) known(name string) bool {
	for ctx := c.values; ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Variables[name]; ok {
			return true
		}
	}
	return false
}

// constant evaluates what names no column, as the rest of the pipeline file is.
func (c *compiler) constant(e hclsyntax.Expression) *node {
	if t, ok := e.(*hclsyntax.ScopeTraversalExpr); ok && len(t.Traversal) == 1 && !c.known(t.Traversal.RootName()) {
		name := t.Traversal.RootName() // nearly always that of a column
		c.report(messages.UnknownName.With("name", name, "hint", "a column is written row."+name+", a text in quotes"), e.Range())
		return nil
	}
	v, diags := e.Value(c.values)
	if diags.HasErrors() {
		c.diags = append(c.diags, pipelines.Coded(diags)...)
		return nil
	}
	n := c.fromCty(v, e.Range())
	if lit, ok := e.(*hclsyntax.LiteralValueExpr); ok && n != nil {
		n.null = lit.Val.IsNull()
	}
	return n
}

func (c *compiler) fromCty(v cty.Value, at hcl.Range) *node {
	switch {
	case v.ContainsMarked() || v.Type().Equals(pipelines.SecretValue):
		c.report(messages.SecretInText.With(), at)
		return nil
	case !v.IsWhollyKnown():
		c.report(messages.ValueUnknown.With(), at)
		return nil
	case v.IsNull():
		return c.nullOf(v.Type(), at)
	}
	n := &node{at: at, konst: &vec{konst: true}}
	t := v.Type()
	switch {
	case t == cty.String:
		n.t, n.konst.texts = typ{k: kText}, []string{v.AsString()}
	case t == cty.Bool:
		n.t, n.konst.bools = typ{k: kBool}, []bool{v.True()}
	case t == cty.Number:
		return c.number(v.AsBigFloat(), at)
	case t.IsCollectionType() || t.IsTupleType() || t.IsObjectType():
		n.t, n.group = typ{k: kGroup}, v
	default:
		c.report(messages.BadConstant.With("type", messages.TypeWord(t.FriendlyName())), at)
		return nil
	}
	return n
}

func (c *compiler) nullOf(t cty.Type, at hcl.Range) *node {
	k := kNull
	switch t {
	case cty.String:
		k = kText
	case cty.Bool:
		k = kBool
	}
	return &node{t: typ{k: k}, at: at, konst: nulls(k)}
}

// number is an int64, or the decimal of the fewest digits.
func (c *compiler) number(f *big.Float, at hcl.Range) *node {
	n := &node{at: at, free: true, konst: &vec{konst: true}}
	if i, acc := f.Int64(); acc == big.Exact {
		n.t, n.konst.ints = typ{k: kInt}, []int64{i}
		return n
	}
	unscaled, scale, ok := shortest(f)
	if !ok {
		c.report(messages.NumberTooLong.With(), at)
		return nil
	}
	d, _ := fromBig(unscaled)
	p := int32(len(new(big.Int).Abs(unscaled).String()))
	n.t, n.konst.decs = dec(max(p, scale), scale), []num{d}
	return n
}

// shortest is the decimal number of the fewest digits that f stands for, as an
// unscaled number of at most 38 digits and its scale.
func shortest(f *big.Float) (*big.Int, int32, bool) {
	if e := f.MantExp(nil); f.IsInf() || e > 256 || e < -256 {
		return nil, 0, false
	}
	text := f.Text('f', -1)
	whole, part, _ := strings.Cut(text, ".")
	u, ok := new(big.Int).SetString(whole+part, 10)
	if !ok || len(part) > maxDigits || len(new(big.Int).Abs(u).String()) > maxDigits {
		return nil, 0, false
	}
	return u, int32(len(part)), true
}

// members are the elements of a constant list as constants, or its values when
// it is a map. Each is reported that is no scalar.
func (c *compiler) members(v cty.Value, at hcl.Range) ([]*node, bool) {
	var ns []*node
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		n := c.fromCty(x, at)
		if n == nil {
			return nil, false
		}
		if n.t.k == kGroup {
			c.report(messages.BadConstant.With("type", messages.TypeWord(x.Type().FriendlyName())), at)
			return nil, false
		}
		ns = append(ns, n)
	}
	return ns, true
}

// constText, constInt: the value of a constant that is not null.
func constText(n *node) (string, bool) {
	if n.konst == nil || n.t.k != kText || !n.konst.ok(0) {
		return "", false
	}
	return n.konst.texts[0], true
}

func constInt(n *node) (int64, bool) {
	if n.konst == nil || n.t.k != kInt || !n.konst.ok(0) {
		return 0, false
	}
	return n.konst.ints[0], true
}

func decimalText(d num, scale int32) string {
	return string(scalar.AppendDecimal(nil, d, scale, '.'))
}

// nearest is the float64 nearest to a decimal.
func nearest(d num, scale int32) float64 {
	if x, ok := narrow(d); ok && x > -1<<53 && x < 1<<53 && scale <= 18 {
		return float64(x) / float64(small[scale]) // both exact, so rounded once
	}
	f, _ := strconv.ParseFloat(decimalText(d, scale), 64)
	return f
}
