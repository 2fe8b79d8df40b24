package hclfile

import (
	"reflect"
	"strconv"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// limitGroup is what limits.<name> refers to.
type limitGroup struct {
	name string
	max  int
}

var limitsValue = cty.Capsule("limits", reflect.TypeOf(limitGroup{}))

func (l *loader) limitGroups() {
	values := map[string]cty.Value{}
	for _, b := range l.blocks["limits"] {
		g := &limitGroup{name: b.Labels[0]}
		l.limits[g.name] = g
		values[g.name] = cty.CapsuleVal(limitsValue, g)
		var cfg limitsConfig
		if !l.check(b.Body, scope{}) {
			continue
		}
		diags := pipelines.DecodeBody(l.reg, "limits", b.Body, l.root, &cfg)
		l.add(diags...)
		if !diags.HasErrors() && cfg.Max < 1 {
			l.say(messages.WrongArgument.With("name", "max", "wanted", "1 or more", "why", "nothing could run"), b.Body.Attributes["max"].Expr.Range())
		}
		g.max = cfg.Max
	}
	l.root.Variables["limits"] = cty.ObjectVal(values)
}

// connectionBlocks decodes every connection, one for each element of its for_each.
func (l *loader) connectionBlocks() {
	byType := map[string]map[string]cty.Value{}
	for _, b := range l.blocks["connection"] {
		typ, name := b.Labels[0], b.Labels[1]
		if byType[typ] == nil {
			byType[typ] = map[string]cty.Value{}
		}
		byType[typ][name] = cty.DynamicVal
		comp, ok := l.component(pipelines.KindConnection, b)
		es, known := l.elementsOf(b, scope{})
		if !ok || !known {
			l.broken = true
			continue
		}
		many := map[string]cty.Value{}
		for _, e := range es {
			many[e.key] = l.connection(comp, b, e)
			byType[typ][name] = many[e.key]
		}
		if forEach(b.Body) != nil {
			byType[typ][name] = cty.ObjectVal(many)
		}
	}
	values := map[string]cty.Value{}
	for t, names := range byType {
		values[t] = cty.ObjectVal(names)
	}
	l.root.Variables["connection"] = cty.ObjectVal(values)
}

func (l *loader) connection(comp pipelines.Component, b *hclsyntax.Block, e each) cty.Value {
	ctx := e.under(l.root)
	c := pipelines.Connection{Key: e.key, Built: pipelines.Built{Component: comp, Label: b.Labels[1], Range: defRange(b)}}
	var meta struct {
		Max int `hcl:"max,optional" doc:"-"`
	}
	diags := pipelines.DecodeBody(l.reg, "connection", only(b.Body, "max"), ctx, &meta)
	c.Max = meta.Max
	cfg, ds := comp.Decode(l.reg, without(b.Body, "for_each", "limits", "max"), ctx)
	diags = append(diags, ds...)
	c.Config = cfg
	if a := b.Body.Attributes["limits"]; a != nil {
		v, ds := a.Expr.Value(ctx)
		diags = append(diags, pipelines.Coded(ds)...)
		switch {
		case ds.HasErrors():
		case v.Type() == limitsValue && v.IsKnown() && !v.IsNull():
			c.Group = v.EncapsulatedValue().(*limitGroup).name
		case !v.IsNull() && v.IsKnown():
			l.say(messages.NotOfKind.With("name", "limits", "wanted", "limits.<name>"), a.Expr.Range())
		}
	}
	l.add(diags...)
	if diags.HasErrors() {
		l.broken = true
		return cty.DynamicVal
	}
	l.project.connections = append(l.project.connections, c)
	return cty.CapsuleVal(pipelines.ConnectionValue, &c)
}

// component is the component the first label of a block names.
func (l *loader) component(kind pipelines.Kind, b *hclsyntax.Block) (pipelines.Component, bool) {
	c, ok := l.reg.Find(kind, b.Labels[0])
	if !ok {
		var names []string
		for _, c := range l.reg.All(kind) {
			names = append(names, c.Name)
		}
		l.say(messages.UnknownComponent.With("kind", kind, "name", strconv.Quote(b.Labels[0]), "hint", pipelines.Hint(b.Labels[0], names)), b.LabelRanges[0])
	}
	return c, ok
}
