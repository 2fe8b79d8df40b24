package privacy

import (
	"cmp"
	"context"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// figures are what a decision comes to besides what it needs itself.
type figures struct {
	before  disclosure.Risks // at the least levels, whatever the model
	loss    float64
	heights []int                // of the quasi-identifiers, as the policy counts levels
	reached []disclosure.Figures // by sensitive column
}

// figures looks at the classes again: once as they are counted, and for each
// sensitive column.
func (c *counting) figures(ctx context.Context, p disclosure.Problem, best disclosure.Node) (*figures, error) {
	f := &figures{}
	for j, l := range p.Quasi {
		f.heights = append(f.heights, l.Height()+c.r.levels[j].min)
	}
	var err error
	if f.before, err = disclosure.Standing(ctx, p.Classes); err != nil {
		return nil, err
	}
	if f.loss = best.Score; p.Metric != disclosure.Loss {
		lost := p
		lost.Metric = disclosure.Loss
		n, err := disclosure.Evaluate(ctx, lost, best.Levels)
		if err != nil {
			return nil, err
		}
		f.loss = n.Score
	}
	for i, s := range p.Models.Sensitive {
		rule := disclosure.Closeness{}
		if s.Closeness != nil {
			rule = *s.Closeness
		}
		g, err := disclosure.Describe(ctx, p, best.Levels, i, rule)
		if err != nil {
			return nil, err
		}
		f.reached = append(f.reached, g)
	}
	return f, nil
}

// Proof gives what the decision came to.
func (t policy) Proof(d pipelines.Decision) *pipelines.PrivacyProof {
	p := &pipelines.PrivacyProof{Protection: t.Protection(d)}
	s, _ := d.(*seen)
	if s == nil {
		return p
	}
	for _, id := range t.pseudonyms() {
		if key, ok := s.keys[id.Column]; ok {
			p.Pseudonyms = append(p.Pseudonyms, pipelines.ProvedKey{Column: id.Column, Domain: cmp.Or(id.Domain, id.Column), Key: key.Fingerprint(), Destroyed: id.Destroy != ""})
		}
	}
	if s.verdict == nil || s.figures == nil {
		return p
	}
	m := t.Model
	r := &pipelines.ProvedModel{
		Asked:     m.asked(),
		NullMatch: cmp.Or(m.NullMatch, "own_value"), Subject: t.Subject,
		RowsIn: s.total, RowsOut: s.kept, RowsDropped: s.total - s.kept,
		Score: s.score, Loss: s.loss, Sizes: classSizes(s.risks.Sizes),
		Risks: pipelines.ProvedRisks{Before: t.exposureOf(s.before), After: s.told.amend(t.exposureOf(s.risks))},
	}
	for j, q := range t.Quasi {
		r.Levels = append(r.Levels, pipelines.ProvedLevel{Column: q.Column, Level: s.levels[j] + q.MinLevel, Of: s.heights[j], Name: s.names[j]})
	}
	for _, size := range s.risks.Sizes {
		r.Discernible += float64(float64(size.Rows)*float64(size.Rows)) * float64(size.Classes)
	}
	r.Discernible += float64(float64(s.total) * float64(r.RowsDropped))
	groups := s.risks.Classes
	if r.RowsDropped > 0 {
		groups++
	}
	r.AverageClass = float64(s.total) / float64(groups)
	for i, c := range t.Sensitive {
		g := s.reached[i]
		r.Sensitive = append(r.Sensitive, pipelines.ProvedDiversity{Asked: c.bounds(), Values: g.L, Entropy: g.EntropyL, Recursive: g.C,
			GreatestShare: g.Alpha, T: g.FromInput, TOfKept: g.Closeness,
			Beta: g.Beta, EnhancedBeta: g.Enhanced, Delta: g.Delta})
	}
	p.Records, p.WP29 = r, t.answers(r)
	return p
}

// answers are those to the questions of WP29.
func (t policy) answers(r *pipelines.ProvedModel) *pipelines.WP29 {
	after := r.Risks.After
	w := &pipelines.WP29{
		SinglingOut: pipelines.SinglingOut{Possible: after.Unique() > 0, Counts: after.Counts, UniqueBefore: r.Risks.Before.Unique(), UniqueAfter: after.Unique(),
			Fewest: after.Fewest(), HighestRisk: after.HighestRisk, HighestAtMost: after.HighestAtMost},
		Linkability: pipelines.Linkability{Pseudonyms: []string{}, Lasting: []string{}, Shown: []string{}, AverageRisk: after.AverageRisk, AverageAtMost: after.AverageAtMost},
		Inference:   pipelines.Inference{Unbounded: []string{}, Apart: t.apart()},
	}
	for _, id := range t.pseudonyms() {
		if id.lasts() {
			w.Linkability.Lasting = append(w.Linkability.Lasting, id.Column)
		} else {
			w.Linkability.Pseudonyms = append(w.Linkability.Pseudonyms, id.Column)
		}
	}
	if t.Subject != "" && t.tied() && t.subjectForm() == "" {
		w.Linkability.Shown = append(w.Linkability.Shown, t.Subject)
	}
	for _, id := range t.Identifiers {
		if id.open() {
			w.Linkability.Shown = append(w.Linkability.Shown, id.Column)
		}
	}
	for _, s := range r.Sensitive {
		w.Inference.GreatestShare = max(w.Inference.GreatestShare, s.GreatestShare)
	}
	for _, c := range t.Protection(nil).Columns {
		if c.Role == pipelines.RolePublic || c.Treatment == pipelines.Redacted || c.Treatment == pipelines.MaskedGiven || c.Treatment == pipelines.MaskedUnless || c.Treatment == pipelines.KeptByLaw {
			w.Inference.Unbounded = append(w.Inference.Unbounded, c.Name)
		}
	}
	return w
}

// exposureOf is of persons where the policy tells them.
func (t policy) exposureOf(r disclosure.Risks) pipelines.Exposure {
	e := pipelines.Exposure{Counts: pipelines.CountsRows, Rows: r.Rows, Classes: r.Classes, Smallest: r.Smallest, Uniques: r.Uniques(),
		HighestRisk: r.ProsecutorMost, AverageRisk: r.ProsecutorMean, JournalistHighest: r.JournalistMost, JournalistAverage: r.JournalistMean}
	if t.Subject != "" {
		e.Counts, e.Persons, e.Alone, e.HighestAtMost, e.AverageAtMost = pipelines.CountsPersons, r.Persons, r.Alone(), r.MostAtMost, r.MeansAtMost
	}
	return e
}

// told is the persons of the classes of a file that tells whose rows are, all of them.
type told struct {
	fewest, alone, all int64
	classes            int64
}

// amend gives exact figures of persons for those of the first pass, which may be bounds.
// Classes that a format without null writes alike are not those that were decided.
func (p *told) amend(e pipelines.Exposure) pipelines.Exposure {
	if p == nil || p.classes != e.Classes || p.all == 0 {
		return e
	}
	e.Persons, e.Alone, e.HighestRisk, e.AverageRisk = p.fewest, p.alone, 1/float64(p.fewest), float64(p.classes)/float64(p.all)
	e.HighestAtMost = false
	e.AverageAtMost = e.AverageAtMost && e.JournalistAverage > 0 // which is of the first pass
	return e
}

// asked is what the model asks of the rows.
func (m modelConfig) asked() pipelines.ExploredModel {
	x := pipelines.ExploredModel{K: m.K, KMap: m.KMap, MaxAverageRisk: m.MaxAverageRisk, Suppression: m.SuppressionLimit, Metric: cmp.Or(m.Metric, "loss"), Together: m.Judged == "together"}
	if x.K < 2 { // of k_map alone, which asks nothing of the rows
		x.K = 0
	}
	return x
}

// classSizes puts sizes together from 5 rows on: 5 to 9, 10 to 19, 20 to 49, …
func classSizes(sizes []disclosure.Size) []pipelines.ClassSizes {
	out := []pipelines.ClassSizes{}
	for _, size := range sizes {
		from, to := sizeRange(size.Rows)
		if n := len(out); n == 0 || out[n-1].From != from {
			out = append(out, pipelines.ClassSizes{From: from, To: to})
		}
		last := &out[len(out)-1]
		last.Classes += size.Classes
		last.Rows += size.Rows * size.Classes
	}
	return out
}

func sizeRange(rows int64) (from, to int64) {
	if rows < 5 {
		return rows, rows
	}
	for unit := int64(1); ; unit *= 10 {
		for _, step := range [][2]int64{{5, 10}, {10, 20}, {20, 50}} {
			if rows < step[1]*unit {
				return step[0] * unit, step[1]*unit - 1
			}
		}
	}
}
