package privacy

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// unfit says whether an error is that nothing fits the model: of rows that there are, and
// of a policy that could do.
func unfit(err error) bool {
	return slices.ContainsFunc([]*messages.Message{
		messages.NoLevels, messages.AllSuppressed, messages.PersonsAlone, messages.TooFewRows, messages.LatticeTooLarge, messages.AverageRiskAbove,
	}, func(m *messages.Message) bool { return messages.Has(err, m) })
}

// refused says why nothing fits, and what of the policy, asked otherwise, would let
// something fit. Each argument is looked at alone, with all others as they are.
func (x *exploring) refused(ctx context.Context, out *pipelines.Exploration, p disclosure.Problem, why error) (*pipelines.Exploration, error) {
	c := x.policy
	out.Refused = &pipelines.ExploredRefusal{Code: messages.Find(why).Code, Changes: []pipelines.ExploredChange{}, Err: why}
	if !messages.Has(why, messages.LatticeTooLarge) { // else nothing can be looked for among them
		asked := &asking{c: c, p: p}
		for _, change := range []func(context.Context) error{asked.suppression, asked.k, asked.population, asked.average, asked.sensitive} {
			if err := change(ctx); err != nil {
				return nil, err
			}
		}
		out.Refused.Changes = append(out.Refused.Changes, asked.changes...)
	}
	for j, q := range c.r.quasi {
		cost := pipelines.ColumnCost{Column: q.name}
		if len(x.without) > 0 {
			var err error
			if cost.Without, err = x.without[j].alone(ctx); err != nil {
				return nil, err
			}
		}
		out.Costs = append(out.Costs, cost)
	}
	return out, nil
}

// alone is what fits what was counted; nil: nothing.
func (c *counting) alone(ctx context.Context) (*pipelines.Choice, error) {
	p, err := c.problem(ctx)
	if err != nil {
		return nil, err
	}
	return c.fits(ctx, p)
}

// fits is what a run would choose; nil: nothing.
func (c *counting) fits(ctx context.Context, p disclosure.Problem) (*pipelines.Choice, error) {
	if !c.t.local() {
		return c.r.optimum(ctx, p)
	}
	g, err := disclosure.Mondrian(ctx, p, c.groups)
	if unfit(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	choice, _ := c.r.partition(g, p)
	return &choice, nil
}

// asking asks a model otherwise. Whatever asks less lets more classes stay at any levels,
// and the smallest of those that stay go first where an average is to be kept, so that what
// fits under more fits under less: halving finds the nearest that fits. Of persons, whose
// levels are climbed to, it is the nearest that was met.
type asking struct {
	c       *counting
	p       disclosure.Problem
	changes []pipelines.ExploredChange
}

// nearest adds the first of n ways to ask, each of which asks less than the one before, by
// which something fits.
func (a *asking) nearest(ctx context.Context, change pipelines.ExploredChange, n int, ask func(i int) (float64, disclosure.Problem, error)) error {
	var failed error
	try := func(i int) (*pipelines.Choice, float64) {
		to, p, err := ask(i)
		var choice *pipelines.Choice
		if err == nil {
			choice, err = a.c.fits(ctx, p)
		}
		if failed == nil {
			failed = err
		}
		return choice, to
	}
	if n > 1 && !a.c.r.tied { // mostly none does, which the last tells at once
		choice, to := try(n - 1)
		if choice == nil {
			a.changes = append(a.changes, change)
			return failed
		}
		change.To, change.Optimum = &to, choice
		n--
	}
	sort.Search(n, func(i int) bool {
		choice, to := try(i)
		if choice != nil {
			change.To, change.Optimum = &to, choice // the last that is met is the first that fits
		}
		return choice != nil || failed != nil
	})
	a.changes = append(a.changes, change)
	return failed
}

// suppression looks for the least suppression_limit.
func (a *asking) suppression(ctx context.Context) error {
	rows, limit := a.p.Classes.Rows, a.p.Limit.Of(a.p.Classes.Rows)
	if a.c.t.local() || limit >= rows-1 {
		return nil
	}
	change := pipelines.ExploredChange{Argument: "suppression_limit"}
	ask := func(share float64) (float64, disclosure.Problem, error) {
		p := a.p
		var err error
		p.Limit, err = disclosure.RatioOf(share)
		return share, p, err
	}
	if a.c.r.tied {
		from := int(math.Floor(a.c.t.Model.SuppressionLimit*100+1e-9)) + 1
		return a.nearest(ctx, change, max(0, 101-from), func(i int) (float64, disclosure.Problem, error) { return ask(float64(from+i) / 100) })
	}
	fewest, err := disclosure.Fewest(ctx, a.p)
	if unfit(err) || err == nil && fewest == rows {
		a.changes = append(a.changes, change)
		return nil
	}
	if err != nil {
		return err
	}
	return a.nearest(ctx, change, 1, func(int) (float64, disclosure.Problem, error) { return ask(shareOf(fewest, rows)) })
}

// shareOf is the part that n rows are of all, with as few decimals, two at least, as it
// takes for no more than n to be meant.
func shareOf(n, rows int64) float64 {
	for scale := int64(100); ; scale *= 10 {
		share := float64((n*scale+rows-1)/rows) / float64(scale)
		if r, err := disclosure.RatioOf(share); scale >= 1e9 || err == nil && r.Of(rows) == n {
			return share
		}
	}
}

// k looks for the greatest number of rows or persons.
func (a *asking) k(ctx context.Context) error {
	return a.fewer(ctx, "k", a.p.Models.K, func(p *disclosure.Problem, k int) { p.Models.K = k })
}

// population does so of those of the population.
func (a *asking) population(ctx context.Context) error {
	return a.fewer(ctx, "k_map", a.p.Models.KMap, func(p *disclosure.Problem, k int) { p.Models.KMap = k })
}

func (a *asking) fewer(ctx context.Context, argument string, k int, set func(*disclosure.Problem, int)) error {
	if k <= 2 {
		return nil
	}
	return a.nearest(ctx, pipelines.ExploredChange{Argument: argument}, k-2, func(i int) (float64, disclosure.Problem, error) {
		p := a.p
		set(&p, k-1-i)
		return float64(k - 1 - i), p, nil
	})
}

// riskSteps are the parts in which an average risk is looked for: an approver is shown
// as many decimals.
const riskSteps = 10000

// average looks for the least max_average_risk.
func (a *asking) average(ctx context.Context) error {
	m := a.c.t.Model
	if m.MaxAverageRisk == 0 || m.MaxAverageRisk == 1 {
		return nil
	}
	from := int(math.Floor(m.MaxAverageRisk*riskSteps+1e-9)) + 1
	return a.nearest(ctx, pipelines.ExploredChange{Argument: ruleAverage}, riskSteps+1-from, func(i int) (float64, disclosure.Problem, error) {
		p := a.p
		to := float64(from+i) / riskSteps
		var err error
		p.Models.AverageRisk, err = disclosure.RatioOf(to)
		return to, p, err
	})
}

// sensitive looks for the greatest whole l and the least t, in hundredths, of each
// sensitive column, and whether something fits without it. Without one of those that are
// judged together the others would be parted otherwise than was counted.
func (a *asking) sensitive(ctx context.Context) error {
	for i, s := range a.c.t.Sensitive {
		ask := func(set func(*disclosure.Sensitive) error) (disclosure.Problem, error) {
			p := a.p
			p.Models.Sensitive = slices.Clone(p.Models.Sensitive)
			return p, set(&p.Models.Sensitive[i])
		}
		if d := s.Diversity; d != nil {
			most := int(math.Ceil(d.L)) - 1
			err := a.nearest(ctx, pipelines.ExploredChange{Argument: "l", Column: s.Column}, max(0, most-1), func(n int) (float64, disclosure.Problem, error) {
				p, err := ask(func(rule *disclosure.Sensitive) (err error) {
					switch l := most - n; d.Kind {
					case "entropy":
						rule.Entropy, err = disclosure.RatioOf(float64(l))
					case "recursive":
						rule.Recursive.L = l
					default:
						rule.Distinct = l
					}
					return err
				})
				return float64(most - n), p, err
			})
			if err != nil {
				return err
			}
		}
		if t := s.Closeness; t != nil {
			from := int(math.Floor(t.T*100+1e-9)) + 1
			err := a.nearest(ctx, pipelines.ExploredChange{Argument: "t", Column: s.Column}, max(0, 100-from), func(n int) (float64, disclosure.Problem, error) {
				to := float64(from+n) / 100
				p, err := ask(func(rule *disclosure.Sensitive) (err error) {
					near := *rule.Closeness
					near.T, err = disclosure.RatioOf(to)
					rule.Closeness = &near
					return err
				})
				return to, p, err
			})
			if err != nil {
				return err
			}
		}
		if a.c.t.jointly() {
			continue
		}
		p := a.p
		p.Models.Sensitive = slices.Delete(slices.Clone(p.Models.Sensitive), i, i+1)
		choice, err := a.c.fits(ctx, p)
		if err != nil {
			return err
		}
		a.changes = append(a.changes, pipelines.ExploredChange{Argument: "sensitive", Column: s.Column, Optimum: choice})
	}
	return nil
}

// explored are the thresholds of the gate, beside what it would find.
func (t policy) explored(after pipelines.Exposure) (all []pipelines.ExploredThreshold) {
	for _, rule := range t.thresholds() {
		figure := after.HighestRisk
		switch {
		case rule.Name == ruleUniques && t.tied():
			figure = float64(after.Alone)
		case rule.Name == ruleUniques:
			figure = float64(after.Uniques)
		}
		all = append(all, pipelines.ExploredThreshold{Rule: rule.Name, Threshold: *rule.Threshold, Figure: figure, Kept: figure <= *rule.Threshold})
	}
	return all
}
