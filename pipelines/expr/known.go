package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Known are the texts and the whole numbers that an expression, which compiles, knows of: those
// that it writes or that a constant of it holds, and the keys of its maps. Each stands
// there once, in an order that depends on the expression alone.
func Known(e pipelines.Expression) (texts []string, numbers []int64) {
	written, diags := native(e.Expression)
	if diags.HasErrors() {
		return nil, nil
	}
	met := map[any]bool{}
	var take func(v cty.Value)
	take = func(v cty.Value) {
		if v.IsMarked() || !v.IsKnown() || v.IsNull() {
			return
		}
		switch t := v.Type(); {
		case t == cty.String:
			if s := v.AsString(); !met[s] {
				met[s] = true
				texts = append(texts, s)
			}
		case t == cty.Number:
			if n, _ := v.AsBigFloat().Int64(); !met[n] {
				met[n] = true
				numbers = append(numbers, n)
			}
		case t.IsCollectionType() || t.IsTupleType() || t.IsObjectType():
			for it := v.ElementIterator(); it.Next(); {
				k, x := it.Element()
				take(k)
				take(x)
			}
		}
	}
	_ = hclsyntax.VisitAll(written, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ObjectConsKeyExpr:
			if v, diags := n.Value(e.Values); !diags.HasErrors() {
				take(v)
			}
		case *hclsyntax.LiteralValueExpr:
			take(n.Val)
		case *hclsyntax.ScopeTraversalExpr:
			if n.Traversal.RootName() != rowName {
				if v, diags := n.Value(e.Values); !diags.HasErrors() {
					take(v)
				}
			}
		}
		return nil
	})
	return texts, numbers
}
