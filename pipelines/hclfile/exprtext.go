package hclfile

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// expression writes what an expression over row computes: its tree, with every
// part that names no column replaced by its value. Layout, comments, and whether
// a constant was written out or had a name make no difference.
func (w *canon) expression(e pipelines.Expression) {
	if !e.IsSet() {
		w.b = append(w.b, "null"...)
		return
	}
	n, ok := e.Expression.(hclsyntax.Expression)
	if !ok {
		w.b = append(w.b, "null"...)
		return
	}
	w.node(n, e.Values, nil)
}

// op writes an operation and its operands: ["name", operand, …].
func (w *canon) op(name string, operands ...func()) {
	w.b = append(w.b, '[')
	w.b = appendText(w.b, name)
	for _, o := range operands {
		w.b = append(w.b, ',')
		o()
	}
	w.b = append(w.b, ']')
}

// node writes e. bound are the names that enclosing for expressions define.
func (w *canon) node(e hclsyntax.Expression, ctx *hcl.EvalContext, bound []string) {
	if w.folded(e, ctx, bound) {
		return
	}
	sub := func(x hclsyntax.Expression) func() { return func() { w.node(x, ctx, bound) } }
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		w.node(e.Expression, ctx, bound)
	case *hclsyntax.TemplateWrapExpr:
		w.node(e.Wrapped, ctx, bound)
	case *hclsyntax.TemplateExpr:
		w.op("template", subs(e.Parts, sub)...)
	case *hclsyntax.ScopeTraversalExpr:
		w.op("name", func() { w.traversal(e.Traversal) })
	case *hclsyntax.RelativeTraversalExpr:
		w.op("of", sub(e.Source), func() { w.traversal(e.Traversal) })
	case *hclsyntax.IndexExpr:
		w.op("index", sub(e.Collection), sub(e.Key))
	case *hclsyntax.FunctionCallExpr:
		name := "call " + e.Name
		if e.ExpandFinal {
			name = "expand " + e.Name
		}
		w.op(name, subs(e.Args, sub)...)
	case *hclsyntax.ConditionalExpr:
		w.op("if", sub(e.Condition), sub(e.TrueResult), sub(e.FalseResult))
	case *hclsyntax.BinaryOpExpr:
		w.op(operators[e.Op], sub(e.LHS), sub(e.RHS))
	case *hclsyntax.UnaryOpExpr:
		w.op("unary "+operators[e.Op], sub(e.Val))
	case *hclsyntax.TupleConsExpr:
		w.op("list", subs(e.Exprs, sub)...)
	case *hclsyntax.ObjectConsExpr:
		var os []func()
		for _, it := range e.Items {
			os = append(os, sub(it.KeyExpr), sub(it.ValueExpr))
		}
		w.op("object", os...)
	case *hclsyntax.ObjectConsKeyExpr:
		if k := hcl.ExprAsKeyword(e.Wrapped); k != "" && !e.ForceNonLiteral {
			w.b = appendText(w.b, k)
			return
		}
		w.node(e.Wrapped, ctx, bound)
	default:
		w.other(e, ctx, bound)
	}
}

// other writes what expressions over row never are once compiled: it only has to
// tell one text from another.
func (w *canon) other(e hclsyntax.Expression, ctx *hcl.EvalContext, bound []string) {
	switch e := e.(type) {
	case *hclsyntax.ForExpr:
		inner := append(bound[:len(bound):len(bound)], e.KeyVar, e.ValVar)
		in := func(x hclsyntax.Expression) func() {
			return func() {
				if x == nil {
					w.b = append(w.b, "null"...)
					return
				}
				w.node(x, ctx, inner)
			}
		}
		w.op("for "+e.KeyVar+" "+e.ValVar+" "+strconv.FormatBool(e.Group), func() { w.node(e.CollExpr, ctx, bound) }, in(e.KeyExpr), in(e.ValExpr), in(e.CondExpr))
	case *hclsyntax.SplatExpr:
		w.op("splat", func() { w.node(e.Source, ctx, bound) }, func() { w.node(e.Each, ctx, bound) })
	case *hclsyntax.AnonSymbolExpr:
		w.op("it")
	case *hclsyntax.LiteralValueExpr:
		w.constant(e.Val)
	case *hclsyntax.TemplateJoinExpr:
		w.op("join", func() { w.node(e.Tuple, ctx, bound) })
	default:
		w.op("unreadable")
	}
}

func subs(es []hclsyntax.Expression, sub func(hclsyntax.Expression) func()) []func() {
	fs := make([]func(), len(es))
	for i, e := range es {
		fs[i] = sub(e)
	}
	return fs
}

// folded writes e's value when it has one without a row.
func (w *canon) folded(e hclsyntax.Expression, ctx *hcl.EvalContext, bound []string) bool {
	switch e.(type) {
	case *hclsyntax.LiteralValueExpr:
	case *hclsyntax.AnonSymbolExpr, *hclsyntax.ObjectConsKeyExpr:
		return false
	}
	for _, t := range hclsyntax.Variables(e) {
		if t.RootName() == "row" || contains(bound, t.RootName()) {
			return false
		}
	}
	v, diags := e.Value(ctx)
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return false
	}
	w.b = append(w.b, '[')
	w.constant(v)
	w.b = append(w.b, ']')
	return true
}

func (w *canon) traversal(t hcl.Traversal) {
	w.b = append(w.b, '[')
	for _, s := range t {
		w.comma()
		switch s := s.(type) {
		case hcl.TraverseRoot:
			w.b = appendText(w.b, s.Name)
		case hcl.TraverseAttr:
			w.b = appendText(w.b, s.Name)
		case hcl.TraverseIndex:
			if s.Key.Type() == cty.String {
				w.b = appendText(w.b, s.Key.AsString()) // row["a"] is row.a
			} else {
				w.constant(s.Key)
			}
		default:
			w.b = appendText(w.b, "*")
		}
	}
	w.b = append(w.b, ']')
}

var operators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&", hclsyntax.OpLogicalNot: "!",
	hclsyntax.OpEqual: "==", hclsyntax.OpNotEqual: "!=",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=", hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/",
	hclsyntax.OpModulo: "%", hclsyntax.OpNegate: "-",
}
