package hclfile

import (
	"os"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// given is a value from outside the project.
type given struct {
	value cty.Value
	text  string // when value is not set: to be read as the variable's type says
	where string
	at    hcl.Range
}

// variables gives each declared variable its value: -var before -var-file before
// the environment before its default.
func (l *loader) variables() {
	given := l.given()
	used := map[string]bool{}
	for _, b := range l.blocks["variable"] {
		name := b.Labels[0]
		f, _ := find(l.fields, "variable")
		l.shape("variable", b.Body, f.Fields, nil)
		if used[name] {
			continue
		}
		used[name] = true
		v, ok := l.variable(name, b, given[name])
		if !ok {
			l.broken, l.quiet, v = true, true, cty.DynamicVal
		}
		l.vars[name] = v
	}
	names := make([]string, 0, len(given))
	for n := range given {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		// The environment belongs to more than this project: what it sets too much is not wrong.
		if g := given[n]; !used[n] && g.where != "LAVOIR_VAR_"+n {
			l.say(messages.UnknownVariable.With("where", g.where, "name", n, "hint", pipelines.Hint(n, l.names["var"])), g.at)
		}
	}
	l.root.Variables["var"] = cty.ObjectVal(l.vars)
}

func (l *loader) variable(name string, b *hclsyntax.Block, g *given) (cty.Value, bool) {
	typ := b.Body.Attributes["type"]
	if typ == nil {
		return cty.NilVal, false
	}
	want, ok := variableType(typ.Expr)
	if !ok {
		l.say(messages.NotOfKind.With("name", "type", "wanted", "text, number, bool, list(text), map(text) …"), typ.Expr.Range())
		return cty.NilVal, false
	}
	if g == nil {
		def := b.Body.Attributes["default"]
		if def == nil {
			l.say(messages.VariableMissing.With("name", name), defRange(b))
			return cty.NilVal, false
		}
		v, diags := def.Expr.Value(&hcl.EvalContext{Functions: l.root.Functions})
		if diags.HasErrors() {
			l.add(pipelines.Coded(diags)...)
			return cty.NilVal, false
		}
		g = &given{value: v, where: "default", at: def.Expr.Range()}
	}
	wrong := func() (cty.Value, bool) {
		l.say(messages.VariableType.With("name", name, "type", typeText(typ.Expr), "where", g.where), g.at)
		return cty.NilVal, false
	}
	if g.value == cty.NilVal {
		if want == cty.String {
			return cty.StringVal(g.text), true
		}
		e, diags := hclsyntax.ParseExpression([]byte(g.text), g.where, hcl.InitialPos)
		if diags.HasErrors() {
			return wrong()
		}
		if g.value, diags = e.Value(nil); diags.HasErrors() {
			return wrong()
		}
	}
	v, err := convert.Convert(g.value, want)
	if err != nil {
		return wrong()
	}
	return v, true
}

// variableType reads text, number, bool, list(…) or map(…).
func variableType(e hcl.Expression) (cty.Type, bool) {
	switch hcl.ExprAsKeyword(e) {
	case "text", "string":
		return cty.String, true
	case "number":
		return cty.Number, true
	case "bool":
		return cty.Bool, true
	}
	call, diags := hcl.ExprCall(e)
	if diags.HasErrors() || len(call.Arguments) != 1 {
		return cty.NilType, false
	}
	el, ok := variableType(call.Arguments[0])
	switch call.Name {
	case "list":
		return cty.List(el), ok
	case "map":
		return cty.Map(el), ok
	}
	return cty.NilType, false
}

func typeText(e hcl.Expression) string {
	if k := hcl.ExprAsKeyword(e); k != "" {
		return k
	}
	call, _ := hcl.ExprCall(e)
	return call.Name + "(" + typeText(call.Arguments[0]) + ")"
}

// given are the values from outside, the strongest for each name.
func (l *loader) given() map[string]*given {
	out := map[string]*given{}
	for _, kv := range l.opt.Environ {
		name, text, _ := strings.Cut(kv, "=")
		if n, ok := strings.CutPrefix(name, "LAVOIR_VAR_"); ok && n != "" {
			out[n] = &given{text: text, where: name, at: nowhere(name)}
		}
	}
	for _, file := range l.opt.VarFiles {
		l.variableFile(file, out)
	}
	for n, text := range l.opt.Vars {
		out[n] = &given{text: text, where: "-var", at: nowhere("-var " + n)}
	}
	return out
}

func (l *loader) variableFile(file string, out map[string]*given) {
	text, err := os.ReadFile(file)
	if err != nil {
		l.broken = true
		l.say(messages.FileUnreadable.With("file", file, "why", pipelines.Unreadable(err)), nowhere(file))
		return
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		f, diags = json.Parse(text, file)
	} else {
		f, diags = hclsyntax.ParseConfig(text, file, hcl.InitialPos)
	}
	if f != nil && f.Body != nil {
		l.project.files[file] = f
		attrs, ds := f.Body.JustAttributes()
		if diags = append(diags, ds...); diags.HasErrors() {
			attrs = nil
		}
		for n, a := range attrs {
			v, ds := a.Expr.Value(&hcl.EvalContext{Functions: l.root.Functions})
			diags = append(diags, ds...)
			out[n] = &given{value: v, where: file, at: a.Range}
		}
	}
	if diags.HasErrors() {
		l.broken = true
	}
	l.add(pipelines.Coded(diags)...)
}

// nowhere is the place of what does not stand in a file.
func nowhere(name string) hcl.Range {
	return hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
}
