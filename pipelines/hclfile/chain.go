package hclfile

import (
	"bytes"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// variants are those the task may have: one, unless what is read decides; none when
// the pipeline has none.
func (w *walk) variants() ([]*variant, bool) {
	var may []*variant
	for _, v := range w.pipeline.variants {
		if v.when == nil {
			may = append(may, v)
			continue
		}
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
			may = append(may, v)
		}
	}
	switch {
	case len(may) > 1 && !w.pipeline.choose:
		w.several.add(w.id)
	case len(may) == 0 && len(w.pipeline.variants) > 0:
		w.none.add(w.id)
	default:
		return may, true
	}
	return nil, false
}

// candidates is the task as each of its variants would have it, and what they have in
// common. Two that read alike could never be told apart.
func (w *walk) candidates(vs []*variant) pipelines.Task {
	var all pipelines.Task
	out := newConfig()
	out.text("choose", byContract)
	for _, v := range vs {
		t := w.candidate(v)
		for _, other := range all.Candidates {
			if bytes.Equal(other.Chain.SourceText, t.Chain.SourceText) && !w.failed {
				w.fail(pipelines.Diagnose(messages.ChooseAlike.With("first", other.Variant, "second", t.Variant), v.at))
			}
		}
		out.item("candidates", t.Config)
		all.Candidates = append(all.Candidates, t)
	}
	first := all.Candidates[0]
	all.ID, all.Keys, all.Authorization, all.Policy, all.Public, all.Config = first.ID, first.Keys, first.Authorization, first.Policy, first.Public, out.bytes()
	all.Chain = first.Chain
	all.Chain.Source, all.Chain.SourceText, all.Chain.Contract, all.Chain.Transforms = pipelines.Built{}, nil, nil, nil
	for _, t := range all.Candidates {
		for _, c := range t.Connections {
			w.addConnection(&all, c)
		}
	}
	return all
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
	t.Chain.Privacy = m.built
	t.Policy = cut(m.config, m.kept, func(k kept) bool { return k.list })
	t.Public = cut(m.config, m.kept, func(kept) bool { return true })
	out.field("privacy", m.config)
	w.connections(t, m)
}

// connections notes those m uses, once each, and the groups they share.
func (w *walk) connections(t *pipelines.Task, m *made) {
	takes := 1
	if c, ok := m.built.Config.(pipelines.Connecting); ok && !m.bad {
		takes = c.Connects()
	}
	for _, c := range m.uses {
		c.Takes = takes
		w.keepCaps(m, c)
		w.addConnection(t, c)
	}
}

func (w *walk) addConnection(t *pipelines.Task, c pipelines.Connection) {
	for i, have := range t.Connections {
		if have.Component.Name == c.Component.Name && have.Label == c.Label && have.Key == c.Key {
			t.Connections[i].Takes = max(have.Takes, c.Takes)
			return
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
