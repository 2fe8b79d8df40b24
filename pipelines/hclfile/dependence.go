package hclfile

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// level says how often something must be evaluated.
type level int

const (
	once      level = iota // for all tasks alike
	perTenant              // it depends on each
	perTask                // it depends on the partition
)

// part is a block that a component decodes.
type part struct {
	component pipelines.Component
	label     string
	body      *hclsyntax.Body
	at        hcl.Range
	level     level
	sources   bool                 // it refers to sources
	contract  hclsyntax.Expression // of a source; may be nil
	// renew are the arguments that depend on the partition, when nothing else of
	// the block does.
	renew map[string]bool
}

func newPart(c pipelines.Component, label string, body *hclsyntax.Body, at hcl.Range) *part {
	p := &part{component: c, label: label, body: body, at: at}
	if a := body.Attributes["contract"]; a != nil && c.Kind == pipelines.KindSource {
		p.contract = a.Expr
		p.body = without(body, "contract")
	}
	p.level, p.sources = dependence(body)
	p.renew = renewable(p)
	return p
}

func renewable(p *part) map[string]bool {
	if p.level != perTask || p.sources {
		return nil
	}
	for _, b := range p.body.Blocks {
		if l, _ := dependence(b.Body); l == perTask {
			return nil
		}
	}
	if p.contract != nil {
		if l, _ := exprDependence(p.contract); l == perTask {
			return nil
		}
	}
	names := map[string]bool{}
	for n, a := range p.body.Attributes {
		if l, _ := exprDependence(a.Expr); l == perTask {
			names[n] = true
		}
	}
	return names
}

// name is how a source is referred to.
func (p *part) name() string { return p.component.Name + "." + p.label }

// dependence says what the expressions of a body depend on.
func dependence(body *hclsyntax.Body) (l level, sources bool) {
	for _, a := range body.Attributes {
		al, s := exprDependence(a.Expr)
		l, sources = max(l, al), sources || s
	}
	for _, b := range body.Blocks {
		bl, s := dependence(b.Body)
		l, sources = max(l, bl), sources || s
	}
	return l, sources
}

func exprDependence(e hclsyntax.Expression) (l level, sources bool) {
	for _, t := range hclsyntax.Variables(e) {
		switch t.RootName() {
		case "partition":
			l = perTask
		case "each":
			l = max(l, perTenant)
		case "source":
			sources = true
		}
	}
	return l, sources
}

// seen refuses a label in which something cannot be seen.
func (l *loader) seen(what, label string, at hcl.Range) {
	if c := messages.FirstUnseen(label); c != "" {
		l.say(messages.KeyUnseen.With("name", what+" "+strconv.Quote(label), "character", c), at)
	}
}

// part is a block as a component's; nil when there is no such component.
func (l *loader) part(kind pipelines.Kind, b *hclsyntax.Block, labels map[string]hcl.Range) *part {
	if len(b.Labels) != 2 {
		return nil
	}
	name := b.Type + ` "` + b.Labels[0] + `" "` + b.Labels[1] + `"`
	if was, twice := labels[name]; twice {
		l.say(messages.DuplicateBlock.With("name", name, "where", was.String()), b.LabelRanges[1])
	}
	labels[name] = b.LabelRanges[1]
	l.seen(b.Type, b.Labels[1], b.LabelRanges[1])
	c, ok := l.component(kind, b)
	if !ok {
		return nil
	}
	if kind == pipelines.KindSource && !hclsyntax.ValidIdentifier(b.Labels[1]) {
		l.say(messages.BadName.With("name", name), b.LabelRanges[1])
	}
	l.partShape(c, b.Body)
	return newPart(c, b.Labels[1], b.Body, defRange(b))
}

// referred are the sources a body refers to; "*" when one is computed.
func referred(body *hclsyntax.Body) map[string]bool {
	out := map[string]bool{}
	for _, a := range body.Attributes {
		for _, t := range hclsyntax.Variables(a.Expr) {
			if t.RootName() != "source" {
				continue
			}
			name := "*"
			if len(t) > 2 {
				typ, ok1 := stepName(t[1])
				label, ok2 := stepName(t[2])
				if ok1 && ok2 {
					name = typ + "." + label
				}
			}
			out[name] = true
		}
	}
	for _, b := range body.Blocks {
		for n := range referred(b.Body) {
			out[n] = true
		}
	}
	return out
}
