package hclfile

import (
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Move says that what was published under one name goes on under another: a
// pipeline that was renamed, a tenant that became part of another.
type Move struct {
	From, To Address
	Range    hcl.Range
}

// Address names a pipeline, or a tenant of a tenants block.
type Address struct {
	Pipeline string // "" when it is a tenant
	Tenants  string
	Key      string
}

func (a Address) String() string {
	if a.Pipeline != "" {
		return "pipeline." + a.Pipeline
	}
	return "tenants." + a.Tenants + "[" + strconv.Quote(a.Key) + "]"
}

func (l *loader) movedBlocks() {
	f, _ := find(l.fields, "moved")
	for _, b := range l.blocks["moved"] {
		l.shape("moved", b.Body, f.Fields, nil)
		from, to := b.Body.Attributes["from"], b.Body.Attributes["to"]
		if from == nil || to == nil {
			continue
		}
		m := Move{Range: defRange(b)}
		var ok1, ok2 bool
		m.From, ok1 = l.movedAddress(from)
		m.To, ok2 = l.movedAddress(to)
		switch {
		case !ok1 || !ok2:
		case (m.From.Pipeline == "") != (m.To.Pipeline == ""):
			l.say(messages.MovedAddress.With("name", "to"), to.Expr.Range())
		case l.exists(m.From):
			l.say(messages.MovedFrom.With("address", m.From), from.Expr.Range())
		case !l.exists(m.To):
			l.say(messages.MovedTo.With("address", m.To, "hint", l.addressHint(m.To)), to.Expr.Range())
		default:
			l.project.moves = append(l.project.moves, m)
		}
	}
}

func (l *loader) movedAddress(a *hclsyntax.Attribute) (Address, bool) {
	t, diags := hcl.AbsTraversalForExpr(a.Expr)
	if !diags.HasErrors() && len(t) > 1 {
		first, ok := stepName(t[1])
		switch {
		case ok && t.RootName() == "pipeline" && len(t) == 2:
			return Address{Pipeline: first}, true
		case ok && t.RootName() == "tenants" && len(t) == 3:
			if key, ok := stepName(t[2]); ok {
				return Address{Tenants: first, Key: key}, true
			}
		}
	}
	l.say(messages.MovedAddress.With("name", a.Name), a.Expr.Range())
	return Address{}, false
}

func (l *loader) addressHint(a Address) string {
	if a.Pipeline != "" {
		return pipelines.Hint(a.Pipeline, l.names["pipeline"])
	}
	return pipelines.Hint(a.Tenants, l.names["tenants"])
}

func (l *loader) exists(a Address) bool {
	if a.Pipeline != "" {
		return contains(l.names["pipeline"], a.Pipeline)
	}
	s := l.shared["tenants."+a.Tenants]
	return s != nil && s.value.Type().IsObjectType() && s.value.Type().HasAttribute(a.Key)
}

// formerly gives the names a task had before the moves: a merged town has those of all
// that are in it, under every name of its pipeline.
func (p *Project) formerly(t pipelines.TaskID) []pipelines.TaskID {
	names := []pipelines.TaskID{t}
	for i := 0; i < len(names); i++ { // a moved name may have moved before
		for _, m := range p.moves {
			old := names[i]
			switch {
			case m.To.Pipeline != "" && m.To.Pipeline == old.Pipeline:
				old.Pipeline = m.From.Pipeline
			case m.To.Key != "" && m.To.Key == old.Tenant:
				old.Tenant = m.From.Key
			}
			if !slices.Contains(names, old) {
				names = append(names, old)
			}
		}
	}
	return names[1:]
}
