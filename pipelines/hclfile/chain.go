package hclfile

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// variant is the one variant of the task; nil when the pipeline has none.
func (w *walk) variant() (*variant, bool) {
	var one *variant
	n := 0
	for _, v := range w.pipeline.variants {
		val, diags := v.when.Value(w.ctx)
		if diags.HasErrors() {
			w.fail(pipelines.Coded(diags)...)
			return nil, false
		}
		if w.quiet && !val.IsKnown() {
			return nil, false
		}
		yes, ok := isTrue(val)
		if !ok {
			w.fail(pipelines.Diagnose(messages.WrongArgument.With("name", "when", "wanted", "true or false",
				"why", "it is a "+val.Type().FriendlyName()), v.when.Range()))
			return nil, false
		}
		if yes {
			one = v
			n++
		}
	}
	switch {
	case n > 1:
		w.several.add(w.id)
	case n == 0 && len(w.pipeline.variants) > 0:
		w.none.add(w.id)
	default:
		return one, true
	}
	return nil, false
}

// settings evaluates what stands in the pipeline block itself.
func (w *walk) settings(t *pipelines.Task, out *config) {
	m := w.make(w.pipeline.settings)
	out.field("settings", m.config)
	if cfg, ok := m.built.Config.(settingsConfig); ok && !m.bad {
		t.Chain.OnReject, _ = cfg.policy()
		t.Chain.AllowEmpty = cfg.AllowEmpty
		if cfg.OnReject == "quarantine" && len(w.project.Recipients) == 0 && !w.quiet {
			w.fail(pipelines.Diagnose(messages.QuarantineRecipients.With(), w.pipeline.settings.body.Attributes["on_reject"].SrcRange))
		}
	}
	if w.pipeline.permit == nil {
		return
	}
	m = w.make(w.pipeline.permit)
	out.field("authorization", m.config)
	if cfg, ok := m.built.Config.(authorizationConfig); ok && !m.bad {
		a, _ := cfg.authorization()
		t.Authorization = &a
	}
}

// chain evaluates sources and transforms.
func (w *walk) chain(t *pipelines.Task, v *variant, out *config) {
	main := w.pipeline.main(v)
	sources := w.pipeline.way.sources
	if v != nil {
		sources = append(sources[:len(sources):len(sources)], v.sources...)
	}
	refs := map[string]map[string]cty.Value{}
	for _, s := range sources {
		m := w.make(s)
		if s == main {
			t.Chain.Source, t.Chain.SourceText, t.Chain.Contract = m.built, m.config, m.contract
			out.field("source", m.config)
		} else {
			out.item("sources", m.config)
		}
		w.connections(t, m)
		w.recipients(s, m)
		if w.named {
			if refs[s.component.Name] == nil {
				refs[s.component.Name] = map[string]cty.Value{}
			}
			refs[s.component.Name][s.label] = cty.CapsuleVal(pipelines.SourceValue, &pipelines.SourceRef{Built: m.built})
		}
	}
	if w.named {
		types := map[string]cty.Value{}
		for typ, names := range refs {
			types[typ] = cty.ObjectVal(names)
		}
		w.ctx.Variables["source"] = cty.ObjectVal(types)
	}
	for _, s := range w.pipeline.steps {
		if s.variants {
			for _, s := range v.steps {
				w.step(t, s, out)
			}
			continue
		}
		w.step(t, s, out)
	}
}

// recipients refuses what would be encrypted for nobody.
func (w *walk) recipients(p *part, m *made) {
	e, ok := m.built.Config.(pipelines.Encrypting)
	if m.bad || !ok || len(w.project.Recipients) > 0 || w.quiet {
		return
	}
	if option := e.Encrypts(); option != "" {
		at := p.at
		if a := p.body.Attributes[option]; a != nil {
			at = a.SrcRange
		}
		w.fail(pipelines.Diagnose(messages.FileRecipients.With("option", option), at))
	}
}

// step evaluates a transform, or the steps to insert.
func (w *walk) step(t *pipelines.Task, s step, out *config) {
	if s.part != nil {
		w.transform(t, s.part, out)
		return
	}
	v, diags := s.insert.Value(w.ctx)
	if diags.HasErrors() {
		w.fail(pipelines.Coded(diags)...)
		return
	}
	var chains []*chain
	add := func(v cty.Value) bool {
		if v.Type() != chainValue || v.IsNull() || !v.IsKnown() {
			return false
		}
		chains = append(chains, v.EncapsulatedValue().(*chain))
		return true
	}
	ok := true
	if v.Type().IsTupleType() && v.IsWhollyKnown() {
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			ok = add(el) && ok
		}
	} else {
		ok = add(v)
	}
	if !ok {
		w.fail(pipelines.Diagnose(messages.NotOfKind.With("name", "steps", "wanted", "steps.<name>"), s.insert.Range()))
	}
	for _, c := range chains {
		w.failed = w.failed || !c.ok
		if c.ok {
			for _, q := range c.parts {
				w.transform(t, q, out)
			}
		}
	}
}

func (w *walk) transform(t *pipelines.Task, p *part, out *config) {
	m := w.make(p)
	t.Chain.Transforms = append(t.Chain.Transforms, m.built)
	out.item("transforms", m.config)
	w.connections(t, m)
}

// policy evaluates the privacy block.
func (w *walk) policy(t *pipelines.Task, out *config) {
	p := w.pipeline.policy
	if use := w.pipeline.use; use != nil {
		v, diags := use.Value(w.ctx)
		if diags.HasErrors() {
			w.fail(pipelines.Coded(diags)...)
			return
		}
		if v.Type() != policyValue || v.IsNull() || !v.IsKnown() {
			w.failed = true
			if !w.quiet || v.IsKnown() {
				w.fail(pipelines.Diagnose(messages.NotOfKind.With("name", "use", "wanted", "privacy.<name>"), use.Range()))
			}
			return
		}
		p = v.EncapsulatedValue().(*policy).part
	}
	if p == nil {
		return
	}
	m := w.make(p)
	t.Chain.Privacy, t.Policy = m.built, m.config
	out.field("privacy", m.config)
	w.connections(t, m)
}

// connections notes those m uses, once each, and the groups they share.
func (w *walk) connections(t *pipelines.Task, m *made) {
	takes := 1
	if c, ok := m.built.Config.(pipelines.Connecting); ok && !m.bad {
		takes = c.Connects()
	}
next:
	for _, c := range m.uses {
		c.Takes = takes
		w.keepCaps(m, c)
		for i, have := range t.Connections {
			if have.Component.Name == c.Component.Name && have.Label == c.Label && have.Key == c.Key {
				t.Connections[i].Takes = max(have.Takes, takes)
				continue next
			}
		}
		t.Connections = append(t.Connections, c)
		if g := w.limits[c.Group]; g != nil {
			if t.Limits == nil {
				t.Limits = map[string]int{}
			}
			t.Limits[c.Group] = g.max
		}
	}
}

// keepCaps refuses what needs more places than a cap has: it could never run.
func (w *walk) keepCaps(m *made, c pipelines.Connection) {
	limit := c.Max
	if g := w.limits[c.Group]; g != nil && (limit == 0 || g.max < limit) {
		limit = g.max
	}
	if limit > 0 && c.Takes > limit {
		w.fail(pipelines.Diagnose(messages.MoreThanCap.With("wanted", c.Takes, "cap", limit, "connection", c.String()), m.built.Range))
	}
}
