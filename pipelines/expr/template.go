package expr

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/internal/scalar"
)

// template compiles "…${x}…". A null in it makes the whole null.
func (c *compiler) template(e *hclsyntax.TemplateExpr) *node {
	parts, ok := c.exprs(e.Parts)
	if !ok {
		return nil
	}
	if len(parts) == 0 {
		return &node{t: typ{k: kText}, at: e.SrcRange, konst: &vec{konst: true, texts: []string{""}}}
	}
	if len(parts) == 1 && parts[0].t.k == kText {
		whole := *parts[0]
		whole.at = e.SrcRange
		return &whole
	}
	writers := make([]writer, len(parts))
	for i, p := range parts {
		if writers[i], ok = textOf(p.t); !ok {
			c.wrongTypes(p.at, `"${…}"`, `join(", ", row.list), local.map["a"]`, p.t)
			return nil
		}
	}
	return c.make(typ{k: kText}, e.SrcRange, strict(func(n int, out *vec, in []*vec) {
		for i := range n {
			if !out.ok(i) {
				out.texts[i] = ""
				continue
			}
			start := len(out.arena)
			for j, v := range in {
				out.arena = writers[j](out.arena, v, i&v.mask())
			}
			out.texts[i] = out.text(start)
		}
	}), parts...)
}

// writer appends the text of row i.
type writer func(dst []byte, v *vec, i int) []byte

// textOf writes values as the CSV codec would: ISO dates, decimals with all
// their digits, true and false.
func textOf(t typ) (writer, bool) {
	switch t.k {
	case kNull:
		return func(dst []byte, _ *vec, _ int) []byte { return dst }, true
	case kText:
		return func(dst []byte, v *vec, i int) []byte { return append(dst, v.texts[i]...) }, true
	case kBool:
		return func(dst []byte, v *vec, i int) []byte {
			if v.bools[i] {
				return append(dst, "true"...)
			}
			return append(dst, "false"...)
		}, true
	case kInt:
		return func(dst []byte, v *vec, i int) []byte { return scalar.AppendDecimal(dst, widen(v.ints[i]), 0, '.') }, true
	case kDec:
		return func(dst []byte, v *vec, i int) []byte { return scalar.AppendDecimal(dst, v.decs[i], t.s, '.') }, true
	case kFloat:
		return func(dst []byte, v *vec, i int) []byte { return scalar.AppendFloat64(dst, v.floats[i]) }, true
	case kDate:
		var f scalar.DateFormat
		return func(dst []byte, v *vec, i int) []byte { return f.Append(dst, arrow.Date32(v.ints[i])) }, true
	case kInstant:
		var f scalar.InstantFormat
		return func(dst []byte, v *vec, i int) []byte { return f.Append(dst, arrow.Timestamp(v.ints[i])) }, true
	}
	return nil, false
}
