package privacy

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Policy says which columns leave, and what becomes of those that name persons.
// A column without a role does not leave. A rule with a condition masks unless
// the condition is true: null, an unknown value and an expression that fails
// all mask. Rows are neither dropped nor reordered.
var Policy = pipelines.Define(pipelines.KindPrivacy, "policy", "Say which columns leave, and mask those that name persons.",
	policyConfig{}, newPolicy)

type policyConfig struct {
	Public      []string           `hcl:"public,optional" doc:"Columns that leave as they are; none of them may be personal."`
	Identifiers []identifierConfig `hcl:"identifier,block" doc:"What becomes of a column that names persons; with a rule it leaves."`
}

type identifierConfig struct {
	Column    string               `hcl:"column,label"`
	Action    string               `hcl:"action,optional" doc:"mask, the default, puts otherwise in place of the value unless clear_when is true; null empties it unless clear_when is true; constant puts otherwise in every row; drop keeps the column in." values:"mask|null|constant|drop"`
	ClearWhen pipelines.Expression `hcl:"clear_when,optional" doc:"The condition, over the row, under which the value may be read; anything but true masks it."`
	Otherwise string               `hcl:"otherwise,optional" doc:"What stands where the value is masked, nulls included; nothing (null) unless given."`
}

func (c policyConfig) Validate() error {
	role := map[string]bool{}
	leaves := len(c.Public)
	for _, name := range c.Public {
		if role[name] {
			return pipelines.At("public", messages.TwoRoles.With("column", name))
		}
		role[name] = true
	}
	for _, id := range c.Identifiers {
		if role[id.Column] {
			return messages.TwoRoles.With("column", id.Column)
		}
		role[id.Column] = true
		if id.Action != "drop" {
			leaves++
		}
	}
	if leaves == 0 {
		return pipelines.At("public", messages.NothingLeaves.With())
	}
	return nil
}

func (id identifierConfig) Validate() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongAction.With("column", id.Column, "why", why))
	}
	switch {
	case id.Action == "drop" && (id.ClearWhen.IsSet() || id.Otherwise != ""):
		return wrong("action", "drop with clear_when or otherwise")
	case id.Action == "constant" && id.ClearWhen.IsSet():
		return wrong("action", "constant with clear_when")
	case id.Action == "null" && id.Otherwise != "":
		return wrong("otherwise", "null with otherwise")
	case (id.Action == "" || id.Action == "mask") && !id.ClearWhen.IsSet():
		return wrong("action", "mask without clear_when")
	}
	return nil
}

type policy struct {
	env pipelines.Env
	policyConfig
}

var (
	_ pipelines.SinglePass = policy{}
	_ pipelines.Gate       = policy{}
)

func newPolicy(env pipelines.Env, c policyConfig) (pipelines.Privacy, error) {
	return policy{env, c}, nil
}

func (t policy) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	if err := p.closed(in); err != nil {
		return nil, err
	}
	return p.out, nil
}

// Kernel is nil when the gate needs the counts of a first pass: when a condition
// names a column that does not leave as it is, the files alone do not prove
// that the rule was kept.
func (t policy) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	for _, c := range p.columns {
		if c.rule != nil && c.rule.clear != nil && !t.provable(c.rule.clear.Columns(), c.name) {
			return nil, nil
		}
	}
	return p.kernel(t.env.Allocator), nil
}

// provable says whether a condition over these columns can be asked of the rows
// of a file: all of them leave as they are. The judged column may be among them,
// for where it is not masked it is as it was.
func (t policy) provable(columns []string, judged string) bool {
	for _, c := range columns {
		if c != judged && !slices.Contains(t.Public, c) {
			return false
		}
	}
	return true
}

func (p *plan) kernel(mem memory.Allocator) pipelines.Kernel {
	m := p.masking(mem)
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		out, err := m.apply(ctx, b.Record)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		return b.With(out), nil
	}
}

// seen is what a policy decides: nothing but what the gate compares with.
type seen struct {
	rows  int64
	clear map[string]int64 // by column, the values that leave in clear and are not otherwise
}

func (t policy) Observe(ctx context.Context, in pipelines.Stream) (pipelines.Decision, error) {
	p, err := t.plan(in.Schema())
	if err != nil {
		return nil, err
	}
	m := p.masking(t.env.Allocator)
	d := &seen{clear: map[string]int64{}}
	return d, pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		d.rows += b.NumRows()
		return m.count(ctx, b.Record, d)
	})
}

func (t policy) Emit(_ context.Context, _ pipelines.Decision, in pipelines.Stream) (pipelines.Stream, error) {
	p, err := t.plan(in.Schema())
	if err != nil {
		return nil, err
	}
	k := p.kernel(t.env.Allocator)
	return pipelines.NewStream(p.out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return k(ctx, b)
	}, in.Close), nil
}

func (t policy) Roles(in []pipelines.MarkedColumn) ([]pipelines.MarkedColumn, error) {
	public, rule := map[string]bool{}, map[string]string{}
	for _, name := range t.Public {
		public[name] = true
	}
	for _, id := range t.Identifiers {
		rule[id.Column] = id.Action
	}
	var out []pipelines.MarkedColumn
	var names []string
	for _, c := range in {
		names = append(names, c.Name)
		action, ruled := rule[c.Name]
		switch {
		case public[c.Name] && c.Personal:
			return nil, messages.PublicPersonal.With("column", c.Name, "because", c.Because)
		case public[c.Name], ruled && action != "drop":
			out = append(out, pipelines.MarkedColumn{Name: c.Name})
		}
		delete(public, c.Name)
		delete(rule, c.Name)
	}
	for _, name := range t.Public {
		if public[name] {
			return nil, messages.UnknownColumn.With("column", name, "columns", strings.Join(names, ", "))
		}
	}
	for _, id := range t.Identifiers {
		if _, unknown := rule[id.Column]; unknown {
			return nil, messages.UnknownColumn.With("column", id.Column, "columns", strings.Join(names, ", "))
		}
	}
	return out, nil
}

func (t policy) Paragraph() []string {
	var sentences []string
	for _, id := range t.Identifiers {
		instead := "vidées"
		if id.Otherwise != "" {
			instead = "remplacées par « " + id.Otherwise + " »"
		}
		switch {
		case id.Action == "drop":
			sentences = append(sentences, "La colonne « "+id.Column+" » a été supprimée.")
		case !id.ClearWhen.IsSet():
			sentences = append(sentences, "Toutes les valeurs de la colonne « "+id.Column+" » ont été masquées ("+instead+").")
		default:
			sentences = append(sentences, "Les valeurs de la colonne « "+id.Column+" » ont été masquées ("+instead+
				"), sauf dans les lignes dont la règle de publication établit qu'elles peuvent être lues.")
		}
	}
	return append(sentences, "Toute colonne que la règle de publication ne nomme pas a été supprimée.")
}
