package hclfile

import (
	"math/big"
	"path"
	"strconv"
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
		w := &walk{evaluator: e, found: found, pipeline: p, sel: sel, made: map[*part]*made{}, names: fieldNames{}}
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
	names    fieldNames
	sources  level // what the sources and the choice among them depend on
	named    bool  // something refers to sources
	choice   level // what the choice of a variant depends on
	chosen   []*variant
	fits     bool     // the last choice found a variant, or none was needed
	now      *variant // that is being evaluated

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
		if c := messages.FirstUnseen(k); c != "" {
			return nil, messages.KeyUnseen.With("name", strconv.Quote(k), "character", c)
		}
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
	if w.choice == perTask || w.choice == perTenant && w.newTenant || w.task == 1 || !w.fits {
		w.chosen, w.fits = w.variants()
	}
	w.newTenant = false
	var t pipelines.Task
	switch {
	case !w.fits:
		return pipelines.Task{}, false
	case len(w.chosen) == 0:
		t = w.candidate(nil)
	case len(w.chosen) == 1:
		t = w.candidate(w.chosen[0])
	default:
		t = w.candidates(w.chosen)
	}
	return t, !w.failed
}

// candidate is the task at hand with a variant, or with none.
func (w *walk) candidate(v *variant) pipelines.Task {
	w.now = v
	t := pipelines.Task{ID: w.id, Keys: w.keys()}
	out := newConfig()
	if v != nil {
		t.Variant = v.name
		out.text("variant", v.name)
	}
	w.settings(&t, out)
	w.chain(&t, v, out)
	w.policy(&t, out)
	for _, l := range w.pipeline.loads {
		m := w.make(l)
		t.Chain.Loads = append(t.Chain.Loads, m.built)
		out.item("loads", m.config)
		w.connections(&t, m)
	}
	t.Config = out.bytes()
	return t
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

func (w *walk) fail(ds ...*hcl.Diagnostic) {
	w.failed = true
	w.found.during(w.id, ds)
}
