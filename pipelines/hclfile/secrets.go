package hclfile

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// secretBlocks makes every secret a value that can be handed on but not looked
// into, and notes where each is kept.
func (l *loader) secretBlocks() {
	values := map[string]cty.Value{}
	type todo struct {
		name string
		ref  string
		body *hclsyntax.Body
		each each
		at   hcl.Range
	}
	var todos []todo
	for _, b := range l.blocks["secret"] {
		name := b.Labels[0]
		es, ok := l.elementsOf(b, scope{})
		if !ok {
			values[name] = cty.DynamicVal
			continue
		}
		rest := without(b.Body, "for_each")
		many := map[string]cty.Value{}
		for _, e := range es {
			ref := address("secret."+name, e)
			v := cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: ref})
			many[e.key] = v
			values[name] = v
			todos = append(todos, todo{name, ref, rest, e, defRange(b)})
			l.project.secretRefs = append(l.project.secretRefs, ref)
		}
		if forEach(b.Body) != nil {
			values[name] = cty.ObjectVal(many)
		}
	}
	l.root.Variables["secret"] = cty.ObjectVal(values)
	for _, t := range todos {
		var cfg secretConfig
		diags := pipelines.DecodeBody(l.reg, "secret", t.body, t.each.under(l.root), &cfg)
		l.add(diags...)
		if diags.HasErrors() {
			continue
		}
		if cfg.places() != 1 {
			l.say(messages.SecretBackend.With("name", t.name), t.at)
			continue
		}
		l.secrets.entries[t.ref] = &entry{ref: t.ref, cfg: cfg}
	}
	said := map[string]bool{}
	for _, t := range todos {
		if trail := l.secrets.circle(t.ref); trail != nil && !said[t.ref] {
			l.say(messages.Circle.With("circle", strings.Join(trail, " → ")), t.at)
			for _, ref := range trail {
				said[ref] = true
			}
		}
	}
}

// elementsOf evaluates the for_each of a top-level block after checking what the
// block refers to. ok is false when that is not possible; the mistake was said.
func (l *loader) elementsOf(b *hclsyntax.Block, s scope) ([]each, bool) {
	expr := forEach(b.Body)
	s.each = expr != nil
	ok := l.check(without(b.Body, "for_each"), s)
	if expr != nil {
		ok = l.checkExpr(expr, scope{}) && ok
	}
	if !ok {
		l.broken = true
		return nil, false
	}
	es, known, diags := elements(expr, l.root)
	l.add(diags...)
	if !known || diags.HasErrors() {
		l.broken = true
		return nil, false
	}
	return es, true
}

// address is how an element of a block is referred to.
func address(name string, e each) string {
	if e.value == cty.NilVal {
		return name
	}
	return name + "[" + strconv.Quote(e.key) + "]"
}

// places is how many back-ends a secret block names.
func (c secretConfig) places() (n int) {
	for _, given := range []bool{c.Env != "", c.File != "", c.Credential != "", len(c.Command) > 0, c.DPAPI != "", c.Age != nil, c.Vault != nil} {
		if given {
			n++
		}
	}
	return n
}
