package pipelines

import (
	"errors"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Decode reads a block's body into a config for the component. ctx holds the
// values its arguments may name. All mistakes are reported at once, each with
// its place.
func (c Component) Decode(r *Registry, body hcl.Body, ctx *hcl.EvalContext) (any, hcl.Diagnostics) {
	v := reflect.New(reflect.TypeOf(c.defaults)).Elem()
	v.Set(reflect.ValueOf(c.defaults))
	diags := DecodeBody(r, string(c.Kind)+" "+strconv.Quote(c.Name), body, ctx, v.Addr().Interface())
	return v.Interface(), diags
}

// Renew is a config that Decode gave for body, with the named arguments read
// again in another context. It spares what a task shares with the one before it:
// nothing else of body may depend on what differs between the contexts.
func (c Component) Renew(r *Registry, config any, body *hclsyntax.Body, names map[string]bool, ctx *hcl.EvalContext) (any, hcl.Diagnostics) {
	v := reflect.New(reflect.TypeOf(config)).Elem()
	v.Set(reflect.ValueOf(config))
	d := decoder{r, ctx}
	var diags hcl.Diagnostics
	var rest []int
	fs := d.layout(v.Type())
	for _, f := range fs {
		switch f.mode {
		case "rest":
			rest = f.at
		case "", "optional":
			if names[f.name] {
				diags = append(diags, d.attribute(f.tag, body.Attributes[f.name].AsHCLAttribute(), v.FieldByIndex(f.at))...)
			}
		}
	}
	if rest != nil {
		attrs := hcl.Attributes{}
		for n, a := range body.Attributes {
			if !slices.ContainsFunc(fs, func(f field) bool { return f.name == n }) {
				attrs[n] = a.AsHCLAttribute()
			}
		}
		v.FieldByIndex(rest).Set(reflect.ValueOf(d.named(attrs)))
	}
	if diags.HasErrors() {
		return v.Interface(), diags
	}
	return v.Interface(), append(diags, validate(v, body.MissingItemRange(), func(name string) (hcl.Range, bool) {
		a := body.Attributes[name]
		if a == nil {
			return hcl.Range{}, false
		}
		return a.SrcRange, true
	})...)
}

// DecodeBody reads a body into the struct target points at, which holds the
// defaults. what names the block in messages.
func DecodeBody(r *Registry, what string, body hcl.Body, ctx *hcl.EvalContext, target any) hcl.Diagnostics {
	d := decoder{r, ctx}
	return d.body(what, body, reflect.ValueOf(target).Elem())
}

type decoder struct {
	registry *Registry
	ctx      *hcl.EvalContext
}

func (d decoder) body(what string, body hcl.Body, v reflect.Value) hcl.Diagnostics {
	var schema hcl.BodySchema
	var rest []int
	fs := d.layout(v.Type())
	for _, f := range fs {
		switch f.mode {
		case "block":
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: f.name, LabelNames: f.labels})
		case "label":
		case "rest":
			rest = f.at
		default:
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: f.name})
		}
	}
	content, remain, diags := body.PartialContent(&schema)
	diags = Coded(diags)
	diags = append(diags, d.unknown(what, remain, schema, rest != nil)...)
	if rest != nil {
		attrs, _ := remain.JustAttributes()
		v.FieldByIndex(rest).Set(reflect.ValueOf(d.named(attrs)))
	}
	for _, f := range fs {
		if f.mode == "label" || f.mode == "rest" {
			continue
		}
		if f.mode == "block" {
			diags = append(diags, d.blocks(what, f.tag, content, v.FieldByIndex(f.at))...)
			continue
		}
		attr, given := content.Attributes[f.name]
		if !given {
			if f.mode == "" {
				diags = append(diags, Diagnose(messages.MissingArgument.With("block", what, "name", f.name, "doc", f.doc), body.MissingItemRange()))
			}
			continue
		}
		diags = append(diags, d.attribute(f.tag, attr, v.FieldByIndex(f.at))...)
	}
	if diags.HasErrors() {
		return diags
	}
	return append(diags, validate(v, body.MissingItemRange(), func(name string) (hcl.Range, bool) {
		if a := content.Attributes[name]; a != nil {
			return a.Range, true
		}
		for _, b := range content.Blocks {
			if b.Type == name || blockName(b) == name {
				return b.DefRange, true
			}
		}
		return hcl.Range{}, false
	})...)
}

// validate calls a config's own check. An error made with At is placed by where,
// any other at whole.
func validate(v reflect.Value, whole hcl.Range, where func(argument string) (hcl.Range, bool)) hcl.Diagnostics {
	val, ok := v.Addr().Interface().(interface{ Validate() error })
	if !ok {
		return nil
	}
	err := val.Validate()
	if err == nil {
		return nil
	}
	var e *atError
	if errors.As(err, &e) {
		if at, ok := where(e.argument); ok {
			whole = at
		}
	}
	return hcl.Diagnostics{Diagnose(err, whole)}
}

func (d decoder) unknown(what string, remain hcl.Body, schema hcl.BodySchema, anyName bool) (diags hcl.Diagnostics) {
	var args, blocks []string
	for _, a := range schema.Attributes {
		args = append(args, a.Name)
	}
	for _, b := range schema.Blocks {
		blocks = append(blocks, b.Type)
	}
	attrs, _ := remain.JustAttributes()
	for _, a := range inOrder(attrs) {
		if !anyName {
			diags = append(diags, Diagnose(messages.UnknownArgument.With("block", what, "name", a.Name, "hint", Hint(a.Name, args)), a.NameRange))
		}
	}
	if b, ok := remain.(*hclsyntax.Body); ok {
		for _, bl := range b.Blocks {
			known := false
			for _, k := range blocks {
				known = known || k == bl.Type
			}
			if !known {
				diags = append(diags, Diagnose(messages.UnknownBlock.With("block", what, "name", bl.Type, "hint", Hint(bl.Type, blocks)), bl.TypeRange))
			}
		}
	}
	return diags
}

// Hint says which of the names was probably meant, or lists them.
func Hint(got string, names []string) string {
	if meant := Nearest(got, names); meant != "" {
		return "did you mean " + meant + "?"
	}
	if len(names) == 0 {
		return "remove it"
	}
	return "it can be: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// Nearest is which of the names was probably meant, or "".
func Nearest(got string, names []string) string {
	best, dist := "", min(3, len(got)) // a word of which nothing is left was not meant
	for _, n := range slices.Sorted(slices.Values(names)) {
		if strings.EqualFold(n, got) {
			return n
		}
		if x := levenshtein.Distance(got, n, nil); x < dist {
			best, dist = n, x
		}
	}
	return best
}

func inOrder(attrs hcl.Attributes) []*hcl.Attribute {
	as := make([]*hcl.Attribute, 0, len(attrs))
	for _, a := range attrs {
		as = append(as, a)
	}
	sort.Slice(as, func(i, j int) bool {
		if as[i].Range.Filename != as[j].Range.Filename {
			return as[i].Range.Filename < as[j].Range.Filename
		}
		return as[i].Range.Start.Byte < as[j].Range.Start.Byte
	})
	return as
}

func (d decoder) named(attrs hcl.Attributes) []NamedExpression {
	var out []NamedExpression
	for _, a := range inOrder(attrs) {
		out = append(out, NamedExpression{a.Name, a.NameRange, Expression{a.Expr, d.ctx}})
	}
	return out
}

func (d decoder) blocks(what string, tg tag, content *hcl.BodyContent, v reflect.Value) (diags hcl.Diagnostics) {
	var found []*hcl.Block
	for _, b := range content.Blocks {
		if b.Type == tg.name {
			found = append(found, b)
		}
	}
	optional, repeated, el := false, false, v.Type()
	switch el.Kind() {
	case reflect.Slice:
		optional, repeated, el = true, true, el.Elem()
	case reflect.Pointer:
		optional, el = true, el.Elem()
	}
	if len(found) == 0 && !optional {
		return hcl.Diagnostics{Diagnose(messages.MissingBlock.With("block", what, "name", tg.name, "doc", tg.doc), content.MissingItemRange)}
	}
	if len(found) > 1 && !repeated {
		return hcl.Diagnostics{Diagnose(messages.DuplicateBlock.With("name", tg.name, "where", found[0].DefRange.String()), found[1].DefRange)}
	}
	for _, b := range found {
		item := reflect.New(el).Elem()
		if el == builtType {
			built, ds := d.component(tg, b)
			diags = append(diags, ds...)
			item.Set(reflect.ValueOf(built))
		} else {
			if dv, ok := item.Addr().Interface().(interface{ Defaults() }); ok {
				dv.Defaults()
			}
			label := 0
			for _, f := range d.layout(el) {
				if f.mode == "label" && label < len(b.Labels) {
					item.FieldByIndex(f.at).SetString(b.Labels[label])
					label++
				}
			}
			diags = append(diags, d.body(blockName(b), b.Body, item)...)
		}
		switch {
		case repeated:
			v.Set(reflect.Append(v, item))
		case v.Kind() == reflect.Pointer:
			v.Set(item.Addr())
		default:
			v.Set(item)
		}
	}
	return diags
}

func blockName(b *hcl.Block) string {
	s := b.Type
	for _, l := range b.Labels {
		s += " " + strconv.Quote(l)
	}
	return s
}

func (d decoder) component(tg tag, b *hcl.Block) (Built, hcl.Diagnostics) {
	c, ok := d.registry.Find(tg.kind, b.Labels[0])
	if !ok {
		var names []string
		for _, c := range d.registry.All(tg.kind) {
			names = append(names, c.Name)
		}
		return Built{}, hcl.Diagnostics{Diagnose(messages.UnknownComponent.With("kind", tg.kind, "name", strconv.Quote(b.Labels[0]),
			"hint", Hint(b.Labels[0], names)), b.LabelRanges[0])}
	}
	cfg, diags := c.Decode(d.registry, b.Body, d.ctx)
	return Built{Component: c, Label: b.Labels[0], Config: cfg, Range: b.DefRange}, diags
}

func (d decoder) attribute(tg tag, attr *hcl.Attribute, v reflect.Value) hcl.Diagnostics {
	switch v.Interface().(type) {
	case Expression:
		v.Set(reflect.ValueOf(Expression{attr.Expr, d.ctx}))
		return nil
	case []NamedExpression:
		pairs, diags := hcl.ExprMap(attr.Expr)
		if diags.HasErrors() {
			return Coded(diags)
		}
		var out []NamedExpression
		for _, p := range pairs {
			name, ds := keyText(p.Key, d.ctx)
			diags = append(diags, ds...)
			out = append(out, NamedExpression{name, p.Key.Range(), Expression{p.Value, d.ctx}})
		}
		v.Set(reflect.ValueOf(out))
		return diags
	case []NamedText:
		out, diags := d.namedTexts(tg, attr.Expr)
		v.Set(reflect.ValueOf(out))
		return diags
	case ColumnType:
		ct, diags := ParseType(attr.Expr)
		v.Set(reflect.ValueOf(ct))
		return diags
	case []ColumnDecl:
		pairs, diags := hcl.ExprMap(attr.Expr)
		if diags.HasErrors() {
			return Coded(diags)
		}
		var out []ColumnDecl
		for _, p := range pairs {
			name, ds := keyText(p.Key, d.ctx)
			diags = append(diags, ds...)
			ct, ds := ParseType(p.Value)
			diags = append(diags, ds...)
			for _, c := range out {
				if c.Name == name {
					diags = append(diags, Diagnose(messages.DuplicateColumn.With("column", name), p.Key.Range()))
				}
			}
			out = append(out, ColumnDecl{name, ct, p.Key.Range()})
		}
		v.Set(reflect.ValueOf(out))
		return diags
	}
	val, diags := attr.Expr.Value(d.ctx)
	if diags.HasErrors() {
		return Coded(diags)
	}
	if err := assign(tg, val, v); err != nil {
		return hcl.Diagnostics{Diagnose(err, attr.Expr.Range())}
	}
	return nil
}

// namedTexts keeps the order of an object that is written out; one that is
// computed has none, and comes in the order of its names.
func (d decoder) namedTexts(tg tag, e hcl.Expression) (out []NamedText, diags hcl.Diagnostics) {
	pairs, computed := hcl.ExprMap(e)
	if computed.HasErrors() {
		val, diags := e.Value(d.ctx)
		if diags.HasErrors() {
			return nil, Coded(diags)
		}
		texts := map[string]string{}
		if err := assign(tg, val, reflect.ValueOf(&texts).Elem()); err != nil {
			return nil, hcl.Diagnostics{Diagnose(err, e.Range())}
		}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			out = append(out, NamedText{name, e.Range(), texts[name]})
		}
		return out, nil
	}
	for _, p := range pairs {
		name, ds := keyText(p.Key, d.ctx)
		diags = append(diags, ds...)
		val, ds := p.Value.Value(d.ctx)
		if diags = append(diags, Coded(ds)...); diags.HasErrors() {
			continue
		}
		var text string
		err := assign(tag{name: tg.name}, val, reflect.ValueOf(&text).Elem())
		if err == nil && slices.ContainsFunc(out, func(t NamedText) bool { return t.Name == name }) {
			err = messages.DuplicateColumn.With("column", name)
		}
		if err != nil {
			diags = append(diags, Diagnose(err, p.Value.Range()))
		}
		out = append(out, NamedText{name, p.Key.Range(), text})
	}
	return out, diags
}

func keyText(e hcl.Expression, ctx *hcl.EvalContext) (string, hcl.Diagnostics) {
	if name := hcl.ExprAsKeyword(e); name != "" {
		return name, nil
	}
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return "", Coded(diags)
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return "", hcl.Diagnostics{Diagnose(messages.WrongArgument.With("name", "the name", "wanted", "a text", "why", "it is not"), e.Range())}
	}
	return s.AsString(), nil
}

func assign(tg tag, val cty.Value, v reflect.Value) error {
	wrong := func(wanted, why string) error {
		return messages.WrongArgument.With("name", tg.name, "wanted", wanted, "why", why)
	}
	switch v.Interface().(type) {
	case Secret:
		if val.Type() != SecretValue || val.IsNull() || !val.IsKnown() {
			return messages.NotASecret.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*Secret)))
		return nil
	case Connection:
		if val.Type() != ConnectionValue || val.IsNull() || !val.IsKnown() {
			return messages.NotAConnection.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*Connection)))
		return nil
	case SourceRef:
		if val.Type() != SourceValue || val.IsNull() || !val.IsKnown() {
			return messages.NotASource.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*SourceRef)))
		return nil
	case []SourceRef:
		if !val.CanIterateElements() {
			return messages.NotASource.With("name", tg.name)
		}
		var refs []SourceRef
		for it := val.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if e.Type() != SourceValue {
				return messages.NotASource.With("name", tg.name)
			}
			refs = append(refs, *e.EncapsulatedValue().(*SourceRef))
		}
		v.Set(reflect.ValueOf(refs))
		return nil
	}
	if holdsSecret(val.Type()) {
		return messages.SecretInText.With()
	}
	if _, constant := v.Interface().(cty.Value); constant {
		v.Set(reflect.ValueOf(val))
		return nil
	}
	if val.IsNull() {
		if tg.mode == "" {
			return wrong("given a value", "it is null")
		}
		return nil // as if the argument were absent
	}
	if !val.IsWhollyKnown() {
		return wrong("known by now", "its value is not known yet")
	}
	switch v.Interface().(type) {
	case Size:
		if val.Type() == cty.Number {
			if n, acc := val.AsBigFloat().Int64(); acc == big.Exact && n >= 0 {
				v.SetInt(n)
				return nil
			}
		} else if val.Type() == cty.String {
			if n, err := ParseSize(val.AsString()); err == nil {
				v.SetInt(int64(n))
				return nil
			}
		}
		return wrong("a size", "a size is written \"64MiB\", \"95MB\" or as a number of bytes")
	case time.Duration:
		if val.Type() == cty.String {
			if n, err := ParseDuration(val.AsString()); err == nil {
				v.SetInt(int64(n))
				return nil
			}
		}
		return wrong("a duration", "a duration is written \"90s\", \"15m\", \"24h\" or \"90d\"")
	}
	if t := val.Type(); t.IsCapsuleType() {
		return wrong("a "+describeType(v.Type()), "it is a "+t.FriendlyName())
	}
	want, err := gocty.ImpliedType(v.Interface())
	if err != nil {
		panic("pipelines: a config field cannot be a " + v.Type().String())
	}
	conv, err := convert.Convert(val, want)
	if err != nil {
		return wrong("a "+describeType(v.Type()), err.Error())
	}
	if k := v.Kind(); (k == reflect.Int || k == reflect.Int64) && !conv.AsBigFloat().IsInt() {
		return wrong("a whole number", "it has a fraction")
	}
	if err := gocty.FromCtyValue(conv, v.Addr().Interface()); err != nil {
		return wrong("a "+describeType(v.Type()), err.Error())
	}
	if len(tg.values) > 0 {
		var given []string
		switch x := v.Interface().(type) {
		case string:
			given = []string{x}
		case []string:
			given = x
		}
		for _, g := range given {
			found := false
			for _, allowed := range tg.values {
				found = found || g == allowed
			}
			if !found {
				why := strconv.Quote(g) + " is none of them"
				if meant := Nearest(g, tg.values); meant != "" {
					why += "; did you mean " + meant + "?"
				}
				return wrong("one of "+strings.Join(quotedMarks(tg.values), ", "), why)
			}
		}
	}
	return nil
}

// quotedMarks quotes values among which one is a mark, as a comma is: listed between
// commas it would not be seen.
func quotedMarks(values []string) []string {
	if !slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, ".,;:|\t ") == "" }) {
		return values
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return quoted
}

// holdsSecret says whether a value of type t is or contains a secret.
func holdsSecret(t cty.Type) bool {
	switch {
	case t == SecretValue:
		return true
	case t.IsCollectionType():
		return holdsSecret(t.ElementType())
	case t.IsTupleType():
		for _, e := range t.TupleElementTypes() {
			if holdsSecret(e) {
				return true
			}
		}
	case t.IsObjectType():
		for _, e := range t.AttributeTypes() {
			if holdsSecret(e) {
				return true
			}
		}
	}
	return false
}
