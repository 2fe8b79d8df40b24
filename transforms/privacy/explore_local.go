package privacy

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// exploreLocal says what Mondrian makes of the rows: there are no levels to choose, so
// that the alternatives are none, and a column costs what its ranges lose and what the
// other columns lose without it.
func (x *exploring) exploreLocal(ctx context.Context) (*pipelines.Exploration, error) {
	c := x.policy
	p, err := c.problem(ctx)
	if err != nil {
		return nil, err
	}
	out := c.explored("mondrian", p)
	out.NoLevels = true
	if out.Before, err = x.exposed(ctx); err != nil {
		return nil, err
	}
	g, err := disclosure.Mondrian(ctx, p, c.groups)
	if unfit(err) {
		return x.refused(ctx, out, p, err)
	}
	if err != nil {
		return nil, err
	}
	r := g.Risks(int64(c.t.Model.K))
	choice, shares := c.r.partition(g, p)
	out.Optimum, out.After = &choice, c.t.exposureOf(r)
	out.Thresholds = c.t.explored(out.After)
	out.Partition = &pipelines.Partition{Sizes: classSizes(r.Sizes)}
	for j, q := range c.r.quasi {
		out.Partition.Loss = append(out.Partition.Loss, pipelines.ColumnLoss{Column: q.name, Share: shares[j]})
		cost := pipelines.ColumnCost{Column: q.name}
		if len(x.without) > 0 {
			if cost.Without, err = x.without[j].alone(ctx); err != nil {
				return nil, err
			}
		}
		out.Costs = append(out.Costs, cost)
	}
	return out, nil
}

// partition is what the groups come to, and how far each column is generalised.
func (r *records) partition(g *disclosure.Grouping, p disclosure.Problem) (pipelines.Choice, []float64) {
	ranges := make([]bool, len(r.types))
	for j, t := range r.types {
		ranges[j] = t.ID() != arrow.STRING
	}
	loss, shares := g.Loss(p.Quasi, ranges)
	return pipelines.Choice{Score: loss, Classes: int64(g.Len())}, shares
}

// explored is an exploration that says what was asked.
func (c *counting) explored(search string, p disclosure.Problem) *pipelines.Exploration {
	out := &pipelines.Exploration{Search: search, Model: c.t.Model.asked(), Rows: p.Classes.Rows, Alternatives: []pipelines.Choice{}}
	for j, l := range p.Quasi {
		out.Columns = append(out.Columns, c.r.quasi[j].name)
		height := l.Height() + c.r.levels[j].min
		out.Heights = append(out.Heights, height)
		names := make([]string, height+1)
		for level := range names {
			names[level] = c.r.levels[j].name(level - c.r.levels[j].min)
		}
		out.LevelNames = append(out.LevelNames, names)
	}
	return out
}
