package hclfile

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// made is a part evaluated for a task, good for others as long as what it
// depends on is the same.
type made struct {
	built    pipelines.Built
	config   []byte // canonical
	kept     []kept // of it
	uses     []pipelines.Connection
	contract *pipelines.Contract
	bad      bool
	diags    hcl.Diagnostics

	tenant, task int
	variant      *variant // of a part that refers to sources, which each variant may have its own of
}

// make evaluates p for the task at hand.
func (w *walk) make(p *part) *made {
	m := w.made[p]
	l := p.level
	if p.sources {
		l = max(l, w.sources)
	}
	if m == nil || l >= perTenant && m.tenant != w.tenant || l == perTask && m.task != w.task || p.sources && m.variant != w.now {
		if p.renew != nil && m != nil && !m.bad && m.tenant == w.tenant {
			m = w.renew(p, m)
		} else {
			m = w.evaluatePart(p)
		}
		m.tenant, m.task, m.variant = w.tenant, w.task, w.now
		w.made[p] = m
	}
	if m.bad {
		w.fail(m.diags...)
	}
	return m
}

func (w *walk) evaluatePart(p *part) *made {
	m := &made{}
	body := p.body
	if p.contract != nil {
		var e hclsyntax.Expression
		if m.contract, e = w.contract(p, m); e != nil {
			body = w.withColumns(p.component, body, e)
		}
	}
	cfg, diags := p.component.Decode(w.reg, body, w.ctx)
	m.diags = append(m.diags, diags...)
	m.built = pipelines.Built{Component: p.component, Label: p.label, Config: cfg, Range: p.at, Body: p.body}
	if m.bad = m.diags.HasErrors(); !m.bad {
		m.config, m.uses, m.kept = canonical(p.component, p.label, cfg, m.contract, w.names, w.project.Root)
	}
	return m
}

// renew evaluates only what differs from m, made for another partition of the
// same tenant.
func (w *walk) renew(p *part, m *made) *made {
	n := &made{contract: m.contract, built: m.built}
	n.built.Config, n.diags = p.component.Renew(w.reg, m.built.Config, p.body, p.renew, w.ctx)
	if n.bad = n.diags.HasErrors(); !n.bad {
		n.config, n.uses, n.kept = canonical(p.component, p.label, n.built.Config, n.contract, w.names, w.project.Root)
	}
	return n
}

// contract is what a source must give, and its columns as an object of types.
func (w *walk) contract(p *part, m *made) (*pipelines.Contract, hclsyntax.Expression) {
	v, diags := p.contract.Value(w.ctx)
	if diags.HasErrors() {
		m.diags = pipelines.Coded(diags)
		return nil, nil
	}
	if v.Type() != contractValue || v.IsNull() || !v.IsKnown() {
		if v.IsKnown() {
			m.diags = hcl.Diagnostics{pipelines.Diagnose(messages.NotOfKind.With("name", "contract", "wanted", "contract.<name>"), p.contract.Range())}
		}
		return nil, nil
	}
	c := v.EncapsulatedValue().(*contract)
	return &c.Contract, c.columns
}

// withColumns is b with columns declared as e says: in the block itself, else in
// the format nested in it. A block that declares its own, or cannot, stays as it is.
func (w *walk) withColumns(c pipelines.Component, b *hclsyntax.Body, e hclsyntax.Expression) *hclsyntax.Body {
	if f, has := find(c.Fields(), "columns"); has {
		if f.Type != "object of types" || b.Attributes["columns"] != nil {
			return b
		}
		out, at := without(b), e.Range()
		out.Attributes["columns"] = &hclsyntax.Attribute{Name: "columns", Expr: e, SrcRange: at, NameRange: at, EqualsRange: at}
		return out
	}
	out := without(b)
	out.Blocks = slices.Clone(b.Blocks)
	for i, x := range b.Blocks {
		f, ok := find(c.Fields(), x.Type)
		if !ok || f.Nested != pipelines.KindFormat || len(x.Labels) != 1 {
			continue
		}
		if inner, ok := w.reg.Find(f.Nested, x.Labels[0]); ok {
			block := *x
			block.Body = w.withColumns(inner, x.Body, e)
			out.Blocks[i] = &block
		}
	}
	return out
}
