package hclfile

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// shared is a local or a tenants block: a value that others of its kind may rest on.
type shared struct {
	address string // local.x, tenants.x
	at      hcl.Range
	uses    []string // addresses
	ok      bool     // its references are
	eval    func(ctx *hcl.EvalContext) (cty.Value, bool)
	state   int // untouched, being evaluated, done
	value   cty.Value
}

// sharedValues evaluates locals and tenants, each after what it uses.
func (l *loader) sharedValues() {
	var order []*shared
	declare := func(s *shared) {
		if l.shared[s.address] == nil {
			l.shared[s.address] = s
			order = append(order, s)
		}
	}
	for _, b := range l.blocks["locals"] {
		for _, a := range sorted(b.Body.Attributes) {
			expr := a.Expr
			declare(&shared{address: "local." + a.Name, at: a.NameRange, uses: l.uses(hclsyntax.Variables(expr)),
				ok: l.checkExpr(expr, scope{}),
				eval: func(ctx *hcl.EvalContext) (cty.Value, bool) {
					v, diags := expr.Value(ctx)
					l.add(pipelines.Coded(diags)...)
					return v, !diags.HasErrors()
				}})
		}
	}
	for _, b := range l.blocks["tenants"] {
		f, _ := find(l.fields, "tenants")
		l.shape(`tenants "`+b.Labels[0]+`"`, b.Body, f.Fields, nil)
		var vars []hcl.Traversal
		for _, a := range sorted(b.Body.Attributes) {
			vars = append(vars, hclsyntax.Variables(a.Expr)...)
		}
		declare(&shared{address: "tenants." + b.Labels[0], at: defRange(b), uses: l.uses(vars),
			ok:   l.check(b.Body, scope{more: []string{"tenant"}}),
			eval: func(ctx *hcl.EvalContext) (cty.Value, bool) { return l.tenants(b, ctx) }})
	}
	for _, s := range order {
		l.resolve(s, nil)
	}
	l.overridesLeft()
	for _, root := range []string{"local", "tenants"} {
		vals := map[string]cty.Value{}
		for _, s := range order {
			if name, ok := strings.CutPrefix(s.address, root+"."); ok {
				vals[name] = s.value
			}
		}
		l.root.Variables[root] = cty.ObjectVal(vals)
	}
}

// uses are the locals and tenants that traversals name; all of a kind when one
// is computed.
func (l *loader) uses(ts []hcl.Traversal) (addresses []string) {
	for _, t := range ts {
		root := t.RootName()
		if root != "local" && root != "tenants" {
			continue
		}
		if len(t) > 1 {
			if name, ok := stepName(t[1]); ok {
				addresses = append(addresses, root+"."+name)
				continue
			}
		}
		for _, n := range l.names[root] {
			addresses = append(addresses, root+"."+n)
		}
	}
	return addresses
}

// resolve evaluates s after what it uses. trail is how s came to be needed.
func (l *loader) resolve(s *shared, trail []string) cty.Value {
	const underway, done = 1, 2
	trail = append(trail[:len(trail):len(trail)], s.address)
	switch s.state {
	case done:
		return s.value
	case underway:
		for i, a := range trail {
			if a == s.address {
				l.say(messages.Circle.With("circle", strings.Join(trail[i:], " → ")), s.at)
				break
			}
		}
		l.broken = true
		return cty.DynamicVal
	}
	s.state = underway
	values := map[string]map[string]cty.Value{"local": {}, "tenants": {}}
	for _, a := range s.uses {
		if dep := l.shared[a]; dep != nil {
			root, name, _ := strings.Cut(a, ".")
			values[root][name] = l.resolve(dep, trail)
		}
	}
	s.state, s.value = done, cty.DynamicVal
	if s.ok {
		ctx := l.root.NewChild()
		ctx.Variables = map[string]cty.Value{"local": cty.ObjectVal(values["local"]), "tenants": cty.ObjectVal(values["tenants"])}
		if v, ok := s.eval(ctx); ok {
			s.value = v
			return v
		}
	}
	l.broken = true
	return s.value
}
