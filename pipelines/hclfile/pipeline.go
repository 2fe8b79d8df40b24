package hclfile

import (
	"maps"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// step is one place in the way of the data: a transform, steps to insert, or
// where the variants stand.
type step struct {
	at       int // byte in the file
	part     *part
	insert   hclsyntax.Expression
	variants bool
}

// way is the sources and steps of a pipeline or of a variant.
type way struct {
	sources []*part
	steps   []step
}

type variant struct {
	way
	name string
	when hclsyntax.Expression
	on   level // what when depends on
	at   hcl.Range
}

// pipeline is a pipeline block, its references checked and nothing evaluated.
type pipeline struct {
	way
	name      string
	at        hcl.Range
	broken    bool
	forEach   hclsyntax.Expression
	partition string // "" is none
	values    hclsyntax.Expression
	settings  *part
	permit    *part // authorization; may be nil
	variants  []*variant
	choose    bool                 // what is read decides among the variants
	policy    *part                // written in the pipeline
	use       hclsyntax.Expression // or declared once
	loads     []*part
}

func (l *loader) pipelineBlocks() {
	f, _ := find(l.fields, "pipeline")
	for _, b := range l.blocks["pipeline"] {
		if contains(l.project.PipelineNames(), b.Labels[0]) {
			continue // said where names are declared
		}
		before := l.errors()
		p := l.pipeline(b, f.Fields)
		p.broken = l.errors() > before
		l.project.pipes = append(l.project.pipes, p)
	}
}

func (l *loader) errors() (n int) {
	for _, d := range l.diags {
		if d.Severity == hcl.DiagError {
			n++
		}
	}
	return n
}

var settingNames = []string{"title", "on_reject", "max_rejects", "allow_empty"}

func (l *loader) pipeline(b *hclsyntax.Block, fields []pipelines.Field) *pipeline {
	p := &pipeline{name: b.Labels[0], at: defRange(b), forEach: forEach(b.Body)}
	what := `pipeline "` + p.name + `"`
	l.shape(what, b.Body, fields, comingPipeline)
	p.settings = newPart(settingsComponent, "", only(b.Body, settingNames...), p.at)
	s := scope{each: p.forEach != nil, sources: []string{}, more: []string{"row"}}
	if p.forEach != nil {
		l.checkExpr(p.forEach, scope{})
	}
	for _, x := range b.Body.Blocks {
		if x.Type == "partition" && len(x.Labels) == 1 {
			pf, _ := find(fields, "partition")
			l.shape("partition", x.Body, pf.Fields, nil)
			l.check(x.Body, scope{each: s.each})
			p.partition = x.Labels[0]
			if !hclsyntax.ValidIdentifier(p.partition) {
				l.say(messages.BadName.With("name", `partition "`+p.partition+`"`), x.LabelRanges[0])
			}
			if a := x.Body.Attributes["values"]; a != nil {
				p.values = a.Expr
			}
		}
	}
	s.partition = p.partition
	labels := map[string]hcl.Range{}
	p.way = l.way(b.Body, labels)
	for _, x := range b.Body.Blocks {
		l.pipelineBlock(p, x, fields, labels)
	}
	for _, w := range p.ways() {
		for _, src := range w.sources {
			s.sources = append(s.sources, src.name())
		}
	}
	sort.SliceStable(p.steps, func(i, j int) bool { return p.steps[i].at < p.steps[j].at })
	l.check(present(without(b.Body, "for_each", "choose")), s)
	l.choice(p, b.Body)
	l.whole(p, what, b)
	return p
}

// byContract is the one value of choose.
const byContract = "by_contract"

const whenDoc = "Condition over each and partition; no answer is no. It may be absent where choose decides."

// choice checks how a variant is chosen: by what is read, if choose says so, else by
// the conditions, which every variant then has.
func (l *loader) choice(p *pipeline, body *hclsyntax.Body) {
	a := body.Attributes["choose"]
	if a == nil {
		for _, v := range p.variants {
			if v.when == nil {
				l.say(messages.MissingArgument.With("block", "variant", "name", "when", "doc", whenDoc), v.at)
			}
		}
		return
	}
	p.choose = true
	if v, diags := a.Expr.Value(nil); diags.HasErrors() || v.Type() != cty.String || v.IsNull() || v.AsString() != byContract {
		l.say(messages.WrongArgument.With("name", "choose", "wanted", "\""+byContract+"\"", "why", "there is no other"), a.Expr.Range())
	}
	if len(p.variants) < 2 {
		l.say(messages.ChooseAlone.With("pipeline", p.name), a.SrcRange)
	}
	for _, v := range p.variants {
		if len(v.sources) == 0 {
			l.say(messages.ChooseSource.With("variant", v.name), v.at)
		}
	}
}

// present is a body without the blocks that are not available yet.
func present(b *hclsyntax.Body) *hclsyntax.Body {
	c := *b
	c.Blocks = nil
	for _, x := range b.Blocks {
		if !contains(comingPipeline, x.Type) {
			c.Blocks = append(c.Blocks, x)
		}
	}
	return &c
}

// ways are the pipeline's own way and those of its variants.
func (p *pipeline) ways() []way {
	ws := []way{p.way}
	for _, v := range p.variants {
		ws = append(ws, v.way)
	}
	return ws
}

// pipelineBlock takes up one block of a pipeline that is neither source nor transform.
func (l *loader) pipelineBlock(p *pipeline, x *hclsyntax.Block, fields []pipelines.Field, labels map[string]hcl.Range) {
	f, _ := find(fields, x.Type)
	switch {
	case x.Type == "variant" && len(x.Labels) == 1:
		l.shape("variant", x.Body, f.Fields, nil)
		for _, v := range p.variants {
			if v.name == x.Labels[0] {
				l.say(messages.DuplicateBlock.With("name", "variant "+v.name, "where", v.at.String()), x.LabelRanges[0])
			}
		}
		l.seen("variant", x.Labels[0], x.LabelRanges[0])
		inner := map[string]hcl.Range{}
		for k, v := range labels {
			inner[k] = v
		}
		v := &variant{name: x.Labels[0], at: defRange(x), way: l.way(x.Body, inner)}
		if a := x.Body.Attributes["when"]; a != nil {
			v.when = a.Expr
			v.on, _ = exprDependence(a.Expr)
		}
		if len(p.variants) == 0 {
			p.steps = append(p.steps, step{at: x.TypeRange.Start.Byte, variants: true})
		}
		p.variants = append(p.variants, v)
	case x.Type == "authorization" && p.permit == nil:
		p.permit = newPart(authorizationComponent, "", x.Body, defRange(x))
		l.shape("authorization", x.Body, f.Fields, nil)
	case x.Type == "privacy" && len(x.Labels) == 0 && p.policy == nil && p.use == nil:
		if use := x.Body.Attributes["use"]; use != nil {
			p.use = use.Expr
			if len(x.Body.Attributes) > 1 || len(x.Body.Blocks) > 0 {
				l.say(messages.UseAlone.With(), use.NameRange)
			}
		} else if comp, ok := l.policyComponent(x.TypeRange); ok {
			l.partShape(comp, x.Body)
			p.policy = newPart(comp, "", x.Body, defRange(x))
		}
	case x.Type == "load":
		if q := l.part(pipelines.KindLoad, x, labels); q != nil {
			p.loads = append(p.loads, q)
		}
	}
}

// way reads the sources and steps of a body, in the order they are written.
func (l *loader) way(body *hclsyntax.Body, labels map[string]hcl.Range) (w way) {
	for _, b := range body.Blocks {
		switch b.Type {
		case "source":
			if p := l.part(pipelines.KindSource, b, labels); p != nil {
				w.sources = append(w.sources, p)
			}
		case "transform":
			if p := l.part(pipelines.KindTransform, b, labels); p != nil {
				w.steps = append(w.steps, step{at: b.TypeRange.Start.Byte, part: p})
			}
		}
	}
	if a := body.Attributes["steps"]; a != nil {
		w.steps = append(w.steps, step{at: a.NameRange.Start.Byte, insert: a.Expr})
	}
	sort.SliceStable(w.steps, func(i, j int) bool { return w.steps[i].at < w.steps[j].at })
	return w
}

// partShape checks the names in a component's block, so that they are right
// wherever and whether or not it is evaluated.
func (l *loader) partShape(c pipelines.Component, body *hclsyntax.Body) {
	fields := append(metaOf(c.Kind), c.Fields()...)
	if body.Attributes["contract"] != nil && c.Kind == pipelines.KindSource {
		for i := range fields {
			fields[i].Required = fields[i].Required && fields[i].Name != "columns"
		}
	}
	l.deepShape(string(c.Kind)+" "+strconv.Quote(c.Name), body, fields)
}

// whole checks what concerns a pipeline as a whole.
func (l *loader) whole(p *pipeline, what string, b *hclsyntax.Block) {
	if len(p.loads) > 0 && p.policy == nil && p.use == nil {
		l.say(messages.NoPrivacy.With("pipeline", p.name), p.loads[0].at)
	}
	mains := map[*part]bool{}
	for _, v := range p.variants {
		if main := p.main(v); main != nil {
			mains[main] = true
		} else {
			l.say(messages.MissingBlock.With("block", `variant "`+v.name+`"`, "name", "source", "doc", "the rows come from there"), v.at)
		}
	}
	if len(p.variants) == 0 {
		main := p.main(nil)
		if main == nil {
			if !hasBlock(b.Body, "source") {
				l.say(messages.MissingBlock.With("block", what, "name", "source", "doc", "the rows come from there"), p.at)
			}
			return
		}
		mains[main] = true
	}
	read := referred(b.Body)
	if insertsSteps(p) { // any of them, as far as can be told before evaluation
		for _, c := range l.chains {
			for _, q := range c.parts {
				maps.Copy(read, referred(q.body))
			}
		}
	}
	for _, w := range p.ways() {
		for _, s := range w.sources {
			if mains[s] {
				continue
			}
			if s.contract != nil {
				l.say(messages.SideContract.With("source", "source."+s.name()), s.contract.Range())
			}
			if !read[s.name()] && !read["*"] {
				l.say(messages.UnusedSource.With("source", "source."+s.name(), "main", mainNames(p, mains)), s.at)
			}
		}
	}
}

// main is the source the rows of a task come from: the first of its variant,
// else the first of the pipeline.
func (p *pipeline) main(v *variant) *part {
	if v != nil && len(v.sources) > 0 {
		return v.sources[0]
	}
	if len(p.sources) > 0 {
		return p.sources[0]
	}
	return nil
}

func mainNames(p *pipeline, mains map[*part]bool) string {
	var names []string
	for _, w := range p.ways() {
		for _, s := range w.sources {
			if n := "source." + s.name(); mains[s] && !contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return strings.Join(names, ", ")
}

func hasBlock(b *hclsyntax.Body, typ string) bool {
	for _, x := range b.Blocks {
		if x.Type == typ {
			return true
		}
	}
	return false
}

func insertsSteps(p *pipeline) bool {
	for _, w := range p.ways() {
		for _, s := range w.steps {
			if s.insert != nil {
				return true
			}
		}
	}
	return false
}
