package privacy

import (
	"cmp"
	"context"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// alternativesMost is how many alternatives an exploration gives.
const alternativesMost = 5

// Explore reads the rows once. Besides the classes of the policy it counts those of
// the values as they stand and, for each quasi-identifier, those of all others; the
// memory of the stage is shared out among the counts. Groups of which one is made at a
// time have as much of it as in a run.
func (t policy) Explore(ctx context.Context, in pipelines.Stream) (out *pipelines.Exploration, err error) {
	defer func() { err = cmp.Or(err, in.Close()) }()
	p, err := t.plan(in.Schema())
	if err == nil && p.records == nil && len(p.micro) > 0 {
		return t.exploreMeans(ctx, p.micro, in)
	}
	if err == nil && p.records == nil {
		err = messages.NothingToExplore.With()
	}
	if err != nil {
		return nil, err
	}
	x := t.exploring(p.records)
	defer x.close()
	rows := int64(0)
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for _, c := range x.all {
			if err := c.counters[0].add(ctx, b.Record, origin{first: rows}); err != nil {
				return err
			}
		}
		rows += b.NumRows()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if t.local() {
		return x.exploreLocal(ctx)
	}
	return x.explore(ctx)
}

type exploring struct {
	all            []*counting
	policy, before *counting
	without        []*counting // by quasi-identifier; none where there is but one
}

func (t policy) exploring(r *records) *exploring {
	counts := []*records{r, r.raw()}
	if len(r.quasi) > 1 {
		for j := range r.quasi {
			counts = append(counts, r.without(j))
		}
	}
	x, memory := &exploring{}, t.env.Memory
	t.env.Memory /= int64(len(counts))
	if t.local() { // half is for the groups, as in a run
		t.env.Memory /= 2
	}
	for _, r := range counts {
		c := t.count(r, 1)
		c.groups = memory
		x.all = append(x.all, c)
	}
	x.policy, x.before, x.without = x.all[0], x.all[1], x.all[2:]
	return x
}

func (x *exploring) close() {
	for _, c := range x.all {
		c.histogram.Close()
	}
}

// raw counts every value as it stands.
func (r *records) raw() *records {
	c := *r
	c.levels, c.sensitive, c.tied = make([]levels, len(r.levels)), nil, false
	return &c
}

// without leaves quasi-identifier j out.
func (r *records) without(j int) *records {
	c := *r
	c.quasi = slices.Delete(slices.Clone(r.quasi), j, j+1)
	c.levels = slices.Delete(slices.Clone(r.levels), j, j+1)
	c.types = slices.Delete(slices.Clone(r.types), j, j+1)
	return &c
}

func (x *exploring) explore(ctx context.Context) (*pipelines.Exploration, error) {
	c := x.policy
	p, err := c.problem(ctx)
	if err != nil {
		return nil, err
	}
	search := "levels"
	if c.r.tied {
		search = "persons"
	}
	out := c.explored(search, p)
	if out.Before, err = x.exposed(ctx); err != nil {
		return nil, err
	}
	best, err := c.search(ctx, p)
	if unfit(err) {
		return x.refused(ctx, out, p, err)
	}
	if err != nil {
		return nil, err
	}
	optimum := c.r.choice(best.Node)
	out.Optimum, out.Optimal, out.After = &optimum, best.Optimal, c.t.exposureOf(best.Risks)
	out.Thresholds = c.t.explored(out.After)
	near, err := c.r.alternatives(ctx, p, best.Node)
	if err != nil {
		return nil, err
	}
	for _, n := range near {
		out.Alternatives = append(out.Alternatives, c.r.choice(n))
	}
	for j, q := range c.r.quasi {
		cost := pipelines.ColumnCost{Column: q.name}
		if len(x.without) > 0 {
			if cost.Without, err = x.without[j].alone(ctx); err != nil {
				return nil, err
			}
		}
		kept := p
		kept.Quasi = slices.Clone(p.Quasi)
		kept.Quasi[j] = p.Quasi[j].Upto(0)
		if cost.Kept, err = c.r.optimum(ctx, kept); err != nil {
			return nil, err
		}
		out.Costs = append(out.Costs, cost)
	}
	return out, nil
}

// exposed is how the rows stand, whatever the model.
func (x *exploring) exposed(ctx context.Context) (pipelines.Exposure, error) {
	p, err := x.before.problem(ctx)
	if err != nil {
		return pipelines.Exposure{}, err
	}
	r, err := disclosure.Standing(ctx, p.Classes)
	return x.before.t.exposureOf(r), err
}

// choice gives levels as the policy counts them.
func (r *records) choice(n disclosure.Node) pipelines.Choice {
	c := pipelines.Choice{Score: n.Score, Suppressed: n.Suppressed, Classes: n.Classes}
	for j, l := range n.Levels {
		c.Levels = append(c.Levels, l+r.levels[j].min)
	}
	return c
}

// optimum is nil when no levels keep the model.
func (r *records) optimum(ctx context.Context, p disclosure.Problem) (*pipelines.Choice, error) {
	best := disclosure.Node{}
	var err error
	if r.tied {
		var kept *disclosure.Kept
		if kept, err = disclosure.SearchPersons(ctx, p); err == nil {
			best = kept.Node
		}
	} else {
		var found disclosure.Solution
		found, err = disclosure.Search(ctx, p)
		best = found.Node
	}
	if unfit(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := r.choice(best)
	return &c, nil
}

// alternatives are the cheapest nodes within the limit that differ from best in
// one level, the least score first.
func (r *records) alternatives(ctx context.Context, p disclosure.Problem, best disclosure.Node) ([]disclosure.Node, error) {
	var found []disclosure.Node
	most := p.Limit.Of(p.Classes.Rows)
	evaluate := disclosure.Evaluate
	if r.tied {
		evaluate = disclosure.EvaluatePersons
	}
	for j, l := range p.Quasi {
		for level := range l.Height() + 1 {
			if level == best.Levels[j] {
				continue
			}
			at := slices.Clone(best.Levels)
			at[j] = level
			n, err := evaluate(ctx, p, at)
			if err != nil {
				return nil, err
			}
			if n.Suppressed <= most && n.Suppressed < p.Classes.Rows {
				found = append(found, n)
			}
		}
	}
	slices.SortFunc(found, func(a, b disclosure.Node) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.Suppressed, b.Suppressed), sum(a.Levels)-sum(b.Levels), slices.Compare(a.Levels, b.Levels))
	})
	return found[:min(len(found), alternativesMost)], nil
}

func sum(levels []int) (n int) {
	for _, l := range levels {
		n += l
	}
	return n
}
