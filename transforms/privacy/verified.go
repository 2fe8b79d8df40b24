package privacy

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// protectedModel is what the gate counts in each file, nil without a model. What an
// approver accepted is left out.
func (t policy) protectedModel() *pipelines.ProtectedModel {
	if t.Model == nil {
		return nil
	}
	asked := t.Model.asked()
	m := &pipelines.ProtectedModel{K: asked.K, KMap: asked.KMap, Persons: t.Subject != "", Tied: t.Subject != "" && t.tied(),
		Wildcard: t.Model.NullMatch == "wildcard", Quasi: t.quasiNames(), MaxAverageRisk: asked.MaxAverageRisk}
	if t.relaxed(ruleAverage) {
		m.MaxAverageRisk = 0
	}
	for _, rule := range t.heldThresholds() {
		m.Thresholds = append(m.Thresholds, pipelines.ProtectedThreshold{Rule: rule.Name, Most: *rule.Threshold})
	}
	m.Together = t.jointly()
	for _, c := range t.Sensitive {
		m.Sensitive = append(m.Sensitive, c.bounds())
	}
	return m
}

// heldThresholds are those that the gate asks of each file, but for what an approver accepted.
func (t policy) heldThresholds() []pipelines.WaivableRule {
	return slices.DeleteFunc(t.thresholds(), func(rule pipelines.WaivableRule) bool { return t.relaxed(rule.Name) })
}

// verified is what the gate finds in each file besides the model: see Judge.
func (t policy) verified(s *seen) []pipelines.Verified {
	all := []pipelines.Verified{{What: pipelines.VerifiedColumns}}
	var masks, cut, rules, counts, codes []string
	for _, id := range t.Identifiers {
		switch {
		case id.Action == "drop" || id.open():
		case id.hashed():
			codes = append(codes, id.Column)
		case id.partialByLaw():
			cut = append(cut, id.Column)
		case id.Action == "partial": // a quasi-identifier
		case !id.ClearWhen.IsSet():
			masks = append(masks, id.Column)
		case t.Model == nil && s != nil && !t.shows(id):
			counts = append(counts, id.Column)
		default:
			rules = append(rules, id.Column)
		}
	}
	for j, q := range t.Quasi {
		if t.cut(j, s) {
			cut = append(cut, q.Column)
		}
	}
	add := func(what pipelines.Verification, columns []string) {
		if len(columns) > 0 {
			all = append(all, pipelines.Verified{What: what, Columns: columns})
		}
	}
	add(pipelines.VerifiedMasks, masks)
	add(pipelines.VerifiedCut, cut)
	add(pipelines.VerifiedRules, rules)
	add(pipelines.VerifiedCounts, counts)
	add(pipelines.VerifiedCodes, codes)
	for _, c := range t.Clears {
		least := c.threshold()
		all = append(all, pipelines.Verified{What: pipelines.VerifiedTotals, Columns: []string{c.Column}, Least: least.subjects, MaxShare: least.share})
	}
	for _, m := range t.Micro {
		all = append(all, pipelines.Verified{What: pipelines.VerifiedMeans, Columns: m.Columns, Least: m.K, Persons: t.Subject != "", Told: t.tells()})
	}
	if !t.relaxed(ruleText) {
		all = append(all, pipelines.Verified{What: pipelines.VerifiedTexts})
	}
	if with := t.Comparison(); with.Public && !with.Erase && !t.relaxed(ruleDifference) && !t.relaxed(ruleCrossing) {
		all = append(all, pipelines.Verified{What: pipelines.VerifiedReleases})
	}
	return all
}

// shows says whether the files surely have, as it was, what the condition of a rule asks
// for. A rule of which they have not is counted, and none beside a model.
func (t policy) shows(id identifierConfig) bool {
	var columns []string
	for _, x := range id.ClearWhen.Variables() {
		name := ""
		if len(x) > 1 && x.RootName() == "row" {
			switch step := x[1].(type) {
			case hcl.TraverseAttr:
				name = step.Name
			case hcl.TraverseIndex:
				if step.Key.Type() == cty.String {
					name = step.Key.AsString()
				}
			}
		}
		columns = append(columns, name)
	}
	return t.provable(columns, id.Column)
}
