package privacy

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// The rules that an approver may relax besides the thresholds of the gate. Each has a
// figure, and is asked about with the one that was found.
const (
	// Classes by rows of the file. Levels that the policy allows are taken wherever there
	// are any.
	ruleAverage = "max_average_risk"
	// Classes of rows in which fewer than k differ from a release that is still public; of
	// a sensitive column, those in which what differs has too few different values.
	ruleDifference = "small_difference"
	// Classes of rows in which two releases are each finer somewhere.
	ruleCrossing = "crossing_levels"
	// Before the name of a kind: passages of it in the texts of a public column.
	ruleText = "text_"
)

var none = 0.0

// Waivable is what an approver may relax or answer for: checks and thresholds, and reviews
// of texts. What decides that a personal column may leave is none of them: identifiers and
// their rules, the law that lets them out, the model by which quasi-identifiers and
// sensitive columns leave, what is redacted, the persons that an aggregate or a mean must
// be of and so what two releases of these tell together.
func (t policy) Waivable() []pipelines.WaivableRule {
	rules := t.thresholds()
	if m := t.Model; m != nil {
		if m.MaxAverageRisk > 0 {
			rules = append(rules, pipelines.WaivableRule{Name: ruleAverage, Threshold: &m.MaxAverageRisk})
		}
		if b := t.Comparison(); b.Public && !b.Erase {
			rules = append(rules, pipelines.WaivableRule{Name: ruleDifference, Threshold: &none})
			for _, s := range t.Sensitive {
				if s.Diversity != nil {
					rules = append(rules, pipelines.WaivableRule{Name: ruleDifference, Column: s.Column, Threshold: &none})
				}
			}
			rules = append(rules, pipelines.WaivableRule{Name: ruleCrossing, Threshold: &none})
		}
	}
	for _, column := range t.Public {
		for _, word := range t.passable(column).Words() {
			rules = append(rules, pipelines.WaivableRule{Name: ruleText + word, Column: column, Threshold: &none})
		}
	}
	for _, column := range t.Reviews() {
		rules = append(rules, pipelines.WaivableRule{Name: pipelines.RuleReview, Column: column})
	}
	return rules
}

// passable are the kinds of what is found in a column that an approver may let pass. A
// column that is public is not personal, which the plan has seen to; what others hold is
// let out by the rule that clears their mark. Social security numbers never pass.
func (t policy) passable(column string) freetext.Kinds {
	if !slices.Contains(t.Public, column) {
		return 0
	}
	return gateRefuses &^ freetext.Of(freetext.NIR, freetext.Term) &^ t.expected(column)
}

// unaccepted is what of the findings in a column no approver let pass.
func (t policy) unaccepted(column string, found freetext.Counts) freetext.Counts {
	for k, n := range found {
		kind := freetext.Kind(k)
		if n > 0 && t.passable(column).Has(kind) && t.env.Accepted(ruleText+kind.Word(), column, float64(n)) {
			found[k] = 0
		}
	}
	return found
}

// relaxed says whether what is published rests on an acceptance of a rule, or of one of
// those that ruleText begins.
func (t policy) relaxed(rule string) bool {
	return slices.ContainsFunc(t.env.Relaxed(), func(r pipelines.Relaxation) bool {
		return r.Rule == rule || rule == ruleText && strings.HasPrefix(r.Rule, ruleText)
	})
}

// search looks for levels that the policy allows. Where there are none, and an approver
// accepted a greater average risk, it looks for those within that.
func (c *counting) search(ctx context.Context, p disclosure.Problem) (*disclosure.Kept, error) {
	best, err := c.r.search(ctx, p)
	if err == nil || c.t.Model.MaxAverageRisk == 0 ||
		!messages.Has(err, messages.NoLevels) && !messages.Has(err, messages.AllSuppressed) && !messages.Has(err, messages.PersonsAlone) {
		return best, err
	}
	without := p
	without.Models.AverageRisk = disclosure.Ratio{}
	at, e := c.r.search(ctx, without)
	if e != nil {
		return nil, err
	}
	figure := averageOf(p, at)
	if ceiling, ok := c.t.env.Ceiling(ruleAverage, ""); ok {
		wider := p
		if wider.Models.AverageRisk, e = disclosure.RatioOf(ceiling); e != nil {
			return nil, err
		}
		best, e := c.r.search(ctx, wider)
		if e == nil && c.t.env.Accepted(ruleAverage, "", averageOf(p, best)) {
			return best, nil
		}
		if e != nil {
			c.t.env.Accepted(ruleAverage, "", figure) // which says what is above the ceiling
		}
	}
	return nil, messages.AverageRiskAbove.With("threshold", strconv.FormatFloat(c.t.Model.MaxAverageRisk, 'f', -1, 64), "figure", pipelines.Figure(figure))
}

func averageOf(p disclosure.Problem, k *disclosure.Kept) float64 {
	return float64(k.Classes) / float64(p.Classes.Rows-k.Suppressed)
}

// averageKept refuses a file whose rows are likelier to be known, on average, than the
// policy or an approver allows.
func (c *recount) averageKept() bool {
	m := c.t.Model
	if m.MaxAverageRisk == 0 || float64(c.found) <= m.MaxAverageRisk*float64(c.rows)*(1+1e-12) {
		return true
	}
	return c.t.env.Accepted(ruleAverage, "", float64(c.found)/float64(c.rows))
}
