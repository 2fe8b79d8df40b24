package hclfile

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// each is one element of a for_each: each.key and each.value.
type each struct {
	key   string
	value cty.Value
}

// under is ctx with each in it; ctx itself for the one element of no for_each.
func (e each) under(ctx *hcl.EvalContext) *hcl.EvalContext {
	if e.value == cty.NilVal {
		return ctx
	}
	c := ctx.NewChild()
	c.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(e.key), "value": e.value})}
	return c
}

// elements are those of a for_each in the order of their keys; the one element
// without a key when there is no for_each. known is false when what it names
// could not be evaluated.
func elements(expr hclsyntax.Expression, ctx *hcl.EvalContext) (es []each, known bool, diags hcl.Diagnostics) {
	if expr == nil {
		return []each{{}}, true, nil
	}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return nil, true, pipelines.Coded(diags)
	}
	if !v.IsKnown() {
		return nil, false, nil
	}
	wrong := func() ([]each, bool, hcl.Diagnostics) {
		return nil, true, hcl.Diagnostics{pipelines.Diagnose(messages.ForEachValue.With(), expr.Range())}
	}
	t := v.Type()
	if v.IsNull() || !(t.IsObjectType() || t.IsMapType() || t.IsTupleType() || t.IsListType() || t.IsSetType()) {
		return wrong()
	}
	byKey := t.IsObjectType() || t.IsMapType()
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		if !byKey {
			k = el
		}
		if k.Type() != cty.String || k.IsNull() || !k.IsKnown() || k.AsString() == "" || seen[k.AsString()] {
			return wrong()
		}
		if c := messages.FirstUnseen(k.AsString()); c != "" {
			return nil, true, hcl.Diagnostics{pipelines.Diagnose(messages.KeyUnseen.With("name", strconv.Quote(k.AsString()), "character", c), expr.Range())}
		}
		seen[k.AsString()] = true
		es = append(es, each{k.AsString(), el})
	}
	return es, true, nil
}

// forEach is the for_each of a block, or nil.
func forEach(b *hclsyntax.Body) hclsyntax.Expression {
	if a := b.Attributes["for_each"]; a != nil {
		return a.Expr
	}
	return nil
}
