package hclfile

import (
	"math/big"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// evaluator gives the tasks of a project. It is immutable: several walks may go
// on at once.
type evaluator struct {
	project *Project
	reg     *pipelines.Registry
	root    *hcl.EvalContext
	limits  map[string]*limitGroup
	quiet   bool
}

// tasks is pipelines.Project.Tasks.
func (e *evaluator) tasks(sel pipelines.Selection, yield func(pipelines.Task) bool) hcl.Diagnostics {
	found := &collector{quiet: e.quiet}
	for _, g := range []string{sel.Pipeline, sel.Tenant, sel.Partition} {
		if _, err := path.Match(flat(g), ""); err != nil {
			found.say(messages.BadGlob.With("pattern", g), nowhere("selection"))
		}
	}
	if found.diags.HasErrors() {
		return found.diags
	}
	for _, p := range e.project.pipes {
		if p.broken || !picks(sel.Pipeline, p.name) {
			continue
		}
		w := &walk{evaluator: e, found: found, pipeline: p, sel: sel, made: map[*part]*made{}}
		if !w.run(yield) {
			break
		}
	}
	return byPlace(found.diags)
}

// picks says whether a glob, or none, matches a name. A slash is like any letter.
func picks(glob, name string) bool {
	if glob == "" {
		return true
	}
	ok, _ := path.Match(flat(glob), flat(name))
	return ok
}

func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// walk goes through the tasks of one pipeline. What a task shares with the one
// before it is not evaluated again.
type walk struct {
	*evaluator
	found    *collector
	pipeline *pipeline
	sel      pipelines.Selection
	made     map[*part]*made
	sources  level // what the sources and the choice among them depend on
	named    bool  // something refers to sources
	choice   level // what the choice of a variant depends on
	chosen   *variant
	fits     bool // the last choice found one variant, or none was needed

	tenant, task    int // how many were begun
	tenantCtx, ctx  *hcl.EvalContext
	partitions      []partition
	id              pipelines.TaskID
	failed          bool // the task at hand
	total           int
	none, several   taskList
	partitionsKnown bool
	newTenant       bool
}

// partition is one value of the partition: how it is shown and what it is.
type partition struct {
	key   string
	value cty.Value
}

// run yields the pipeline's tasks; false when yield wants no more.
func (w *walk) run(yield func(pipelines.Task) bool) bool {
	p := w.pipeline
	w.sourceLevel()
	w.id = pipelines.TaskID{Pipeline: p.name}
	es, known, diags := elements(p.forEach, w.root)
	w.found.add(diags...)
	if !known {
		return true
	}
	more := true
	for _, e := range es {
		if !picks(w.sel.Tenant, e.key) {
			continue
		}
		if more = w.runTenant(e, yield); !more {
			break
		}
	}
	if w.none.count > 0 {
		w.found.say(messages.NoVariant.With("count", w.none.count, "pipeline", p.name, "tasks", w.none.String()), p.at)
	}
	if w.several.count > 0 {
		w.found.say(messages.SeveralVariants.With("count", w.several.count, "pipeline", p.name, "tasks", w.several.String()), p.at)
	}
	w.found.close(p.name, w.total)
	return more
}

// sourceLevel finds out what anything that refers to sources depends on.
func (w *walk) sourceLevel() {
	for _, y := range w.pipeline.ways() {
		for _, s := range y.sources {
			w.sources = max(w.sources, s.level)
		}
		for _, s := range y.steps {
			w.named = w.named || s.insert != nil || s.part != nil && s.part.sources
		}
	}
	for _, v := range w.pipeline.variants {
		w.choice = max(w.choice, v.on)
	}
	w.sources = max(w.sources, w.choice)
}

func (w *walk) runTenant(e each, yield func(pipelines.Task) bool) bool {
	w.tenant++
	w.newTenant = true
	w.tenantCtx = e.under(w.root)
	w.id = pipelines.TaskID{Pipeline: w.pipeline.name, Tenant: e.key}
	if !w.partitionsOf() {
		return true
	}
	for _, part := range w.partitions {
		if !picks(w.sel.Partition, part.key) {
			continue
		}
		w.task++
		w.total++
		w.failed = false
		w.id.Partition = part.key
		w.ctx = w.tenantCtx
		if part.value != cty.NilVal || w.named {
			w.ctx = w.tenantCtx.NewChild()
			w.ctx.Variables = map[string]cty.Value{}
		}
		if part.value != cty.NilVal {
			w.ctx.Variables["partition"] = cty.ObjectVal(map[string]cty.Value{"key": part.value, w.pipeline.partition: part.value})
		}
		if t, ok := w.evaluate(); ok && !yield(t) {
			return false
		}
	}
	return true
}

// partitionsOf evaluates the partition's values for the tenant at hand.
func (w *walk) partitionsOf() bool {
	p := w.pipeline
	if p.values == nil {
		w.partitions = []partition{{}}
		return true
	}
	if w.partitionsKnown {
		return true
	}
	v, diags := p.values.Value(w.tenantCtx)
	if diags.HasErrors() {
		w.found.during(w.id, pipelines.Coded(diags))
		return false
	}
	ps, err := partitionValues(v)
	if err != nil {
		w.found.during(w.id, hcl.Diagnostics{pipelines.Diagnose(err, p.values.Range())})
		return false
	}
	w.partitions = ps
	l, _ := exprDependence(p.values)
	w.partitionsKnown = l == once
	return true
}

func partitionValues(v cty.Value) ([]partition, error) {
	bad := messages.PartitionValue.With()
	if v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
		return nil, bad
	}
	var ps []partition
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		switch {
		case el.IsNull():
			return nil, bad
		case el.Type() == cty.Number:
			n, acc := el.AsBigFloat().Int64()
			if acc != big.Exact {
				return nil, bad
			}
			el = cty.NumberIntVal(n) // far quicker to turn into text than one of 512 bits
		case el.Type() != cty.String:
			return nil, bad
		}
		s, err := convert.Convert(el, cty.String)
		if err != nil || s.AsString() == "" {
			return nil, bad
		}
		k := s.AsString()
		if seen[k] {
			return nil, messages.PartitionTwice.With("value", k)
		}
		seen[k] = true
		ps = append(ps, partition{k, el})
	}
	return ps, nil
}

// evaluate is the task at hand; false when something in it is wrong.
func (w *walk) evaluate() (pipelines.Task, bool) {
	p := w.pipeline
	v := w.chosen
	if w.choice == perTask || w.choice == perTenant && w.newTenant || w.task == 1 || !w.fits {
		v, w.fits = w.variant()
		w.chosen = v
	}
	w.newTenant = false
	if !w.fits {
		return pipelines.Task{}, false
	}
	t := pipelines.Task{ID: w.id, Keys: w.keys()}
	out := newConfig()
	if v != nil {
		t.Variant = v.name
		out.text("variant", v.name)
	}
	w.settings(&t, out)
	w.chain(&t, v, out)
	w.policy(&t, out)
	for _, l := range p.loads {
		m := w.make(l)
		t.Chain.Loads = append(t.Chain.Loads, m.built)
		out.item("loads", m.config)
		w.connections(&t, m)
	}
	t.Config = out.bytes()
	return t, !w.failed
}

// keys are what the path of a file source may capture.
func (w *walk) keys() map[string]string {
	k := map[string]string{}
	if w.id.Tenant != "" {
		k["tenant"] = w.id.Tenant
	}
	if w.pipeline.partition != "" {
		k[w.pipeline.partition] = w.id.Partition
	}
	return k
}

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

func (w *walk) fail(ds ...*hcl.Diagnostic) {
	w.failed = true
	w.found.during(w.id, ds)
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
			t.Chain.Source, t.Chain.Contract = m.built, m.contract
			out.field("source", m.config)
		} else {
			out.item("sources", m.config)
		}
		w.connections(t, m)
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
next:
	for _, c := range m.uses {
		for _, have := range t.Connections {
			if have.Component.Name == c.Component.Name && have.Label == c.Label && have.Key == c.Key {
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
