package hclfile

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// native turns the body of a JSON file into what the same text in native syntax
// parses to, so that everything after it knows one syntax only. fields say which
// properties are blocks and which texts are types.
func (l *loader) native(body hcl.Body, fields []pipelines.Field) (*hclsyntax.Body, hcl.Diagnostics) {
	var schema hcl.BodySchema
	byName := map[string]pipelines.Field{}
	for _, f := range fields {
		switch {
		case f.Rest:
		case f.Block:
			byName[f.Name] = f
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: f.Name, LabelNames: f.Labels})
		default:
			byName[f.Name] = f
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: f.Name})
		}
	}
	content, remain, diags := body.PartialContent(&schema)
	out := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: body.MissingItemRange(), EndRange: body.MissingItemRange()}
	for name, a := range content.Attributes {
		e, ds := nativeExpr(a.Expr, strings.Contains(byName[name].Type, "type"))
		diags = append(diags, ds...)
		out.Attributes[name] = nativeAttribute(a, e)
	}
	for _, b := range content.Blocks {
		inner, ds := l.native(b.Body, l.fieldsOf(byName[b.Type], b.Labels))
		diags = append(diags, ds...)
		if whole := pieceOf(out.Blocks, b); whole != nil {
			diags = append(diags, join(whole.Body, inner)...)
			continue
		}
		out.Blocks = append(out.Blocks, &hclsyntax.Block{Type: b.Type, Labels: b.Labels, Body: inner,
			TypeRange: b.TypeRange, LabelRanges: b.LabelRanges, OpenBraceRange: b.DefRange, CloseBraceRange: b.DefRange})
	}
	left, ds := remain.JustAttributes()
	if ds.HasErrors() { // the body is a list of objects: only what is known can be in it
		_, ds = body.Content(&schema)
		return out, append(diags, ds...)
	}
	for name, a := range left {
		e, ds := nativeExpr(a.Expr, false)
		diags = append(diags, ds...)
		out.Attributes[name] = nativeAttribute(a, e)
	}
	return out, diags
}

// inPieces are the blocks whose content has an order. An object of JSON cannot
// name two properties alike, so that such a block may be a list of objects, each
// going on where the one before it ended.
var inPieces = []string{"pipeline", "variant", "steps"}

// pieceOf is the block that b goes on with, or nil.
func pieceOf(blocks hclsyntax.Blocks, b *hcl.Block) *hclsyntax.Block {
	if !contains(inPieces, b.Type) {
		return nil
	}
	for _, x := range blocks {
		if x.Type == b.Type && slices.Equal(x.Labels, b.Labels) && slices.Equal(x.LabelRanges, b.LabelRanges) {
			return x
		}
	}
	return nil
}

func join(whole, piece *hclsyntax.Body) (diags hcl.Diagnostics) {
	for _, a := range sorted(piece.Attributes) {
		if was := whole.Attributes[a.Name]; was != nil {
			diags = append(diags, pipelines.Diagnose(messages.DuplicateBlock.With("name", a.Name, "where", was.SrcRange.String()), a.NameRange))
			continue
		}
		whole.Attributes[a.Name] = a
	}
	whole.Blocks = append(whole.Blocks, piece.Blocks...)
	return diags
}

func nativeAttribute(a *hcl.Attribute, e hclsyntax.Expression) *hclsyntax.Attribute {
	return &hclsyntax.Attribute{Name: a.Name, Expr: e, SrcRange: a.Range, NameRange: a.NameRange, EqualsRange: a.NameRange}
}

// nativeExpr turns a JSON value into an expression: a text is a template, and a
// text that is one interpolation is what stands in it. Where a type is wanted a
// text is the type itself.
func nativeExpr(e hcl.Expression, isType bool) (hclsyntax.Expression, hcl.Diagnostics) {
	at := e.Range()
	if items, diags := hcl.ExprList(e); !diags.HasErrors() {
		out := &hclsyntax.TupleConsExpr{SrcRange: at, OpenRange: at}
		var all hcl.Diagnostics
		for _, it := range items {
			x, ds := nativeExpr(it, isType)
			all = append(all, ds...)
			out.Exprs = append(out.Exprs, x)
		}
		return out, all
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		out := &hclsyntax.ObjectConsExpr{SrcRange: at, OpenRange: at}
		var all hcl.Diagnostics
		for _, p := range pairs {
			k, ds := nativeExpr(p.Key, false)
			all = append(all, ds...)
			v, ds := nativeExpr(p.Value, isType)
			all = append(all, ds...)
			out.Items = append(out.Items, hclsyntax.ObjectConsItem{KeyExpr: k, ValueExpr: v})
		}
		return out, all
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}, diags
	}
	if v.IsNull() || v.Type() != cty.String {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: at}, nil
	}
	start := at.Start
	start.Byte, start.Column = start.Byte+1, start.Column+1
	parse := hclsyntax.ParseTemplate
	if isType {
		parse = hclsyntax.ParseExpression
	}
	x, diags := parse([]byte(v.AsString()), at.Filename, start)
	if diags.HasErrors() {
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}, diags
	}
	switch t := x.(type) {
	case *hclsyntax.TemplateWrapExpr:
		x = t.Wrapped
	case *hclsyntax.TemplateExpr:
		if t.IsStringLiteral() {
			x = &hclsyntax.TemplateExpr{Parts: t.Parts, SrcRange: at}
		}
	}
	return x, nil
}
