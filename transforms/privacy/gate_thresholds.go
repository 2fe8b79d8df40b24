package privacy

import (
	"math"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Defaults implements the defaults of a nested block.
func (g *gateConfig) Defaults() { g.MaxUniques = -1 }

// thresholdsAreSound refuses what is no threshold.
func (g *gateConfig) thresholdsAreSound() error {
	switch {
	case !(g.MaxProsecutorRisk >= 0 && g.MaxProsecutorRisk <= 1):
		return pipelines.At("max_prosecutor_risk", messages.WrongThreshold.With("why", "max_prosecutor_risk that is not from 0 to 1"))
	case g.MaxUniques < -1:
		return pipelines.At("max_uniques", messages.WrongThreshold.With("why", "max_uniques below 0"))
	}
	return nil
}

// The rules of the gate that an approver may relax.
const (
	ruleProsecutor = "max_prosecutor_risk"
	ruleUniques    = "max_uniques"
)

// thresholds are those that the policy sets, in the order of the block.
func (t policy) thresholds() (rules []pipelines.WaivableRule) {
	g := t.Gate
	if g == nil {
		return nil
	}
	if g.MaxProsecutorRisk > 0 {
		rules = append(rules, pipelines.WaivableRule{Name: ruleProsecutor, Threshold: &g.MaxProsecutorRisk})
	}
	if g.MaxUniques >= 0 {
		most := float64(g.MaxUniques)
		rules = append(rules, pipelines.WaivableRule{Name: ruleUniques, Threshold: &most})
	}
	return rules
}

// enough is how many persons of a class are told apart: as many as the model or the
// greatest risk ask for.
func (t policy) enough() int {
	n := max(t.Model.K, 2) // whether somebody is alone is told too
	if t.Gate != nil && t.Gate.MaxProsecutorRisk > 0 {
		n = max(n, int(min(math.Ceil(1/t.Gate.MaxProsecutorRisk), math.MaxInt32)))
	}
	return n
}

// exposed is what the thresholds of the gate are held against: figures of classes.
type exposed struct {
	least   int64 // rows or persons of the smallest class
	uniques int64 // rows or persons that are alone in their class as it stands
	persons int64 // of all classes, where they are told
}

var unexposed = exposed{least: math.MaxInt64}

// expose adds the classes of a part of the file, of which the smallest, as the model
// counts, has least rows or persons. Persons of classes were counted before.
func (c *recount) expose(least int64) {
	c.exposed.least = least
	for _, class := range c.classes.classes {
		if c.subject < 0 && class.rows == 1 {
			c.exposed.uniques++
		}
	}
}

// keepThresholds refuses the file for what its classes are together, unless an approver
// accepted it. Persons that the file does not tell are those that were counted.
func (c *recount) keepThresholds() error {
	e := c.exposed
	if c.found == 0 {
		return nil
	}
	if c.t.Subject != "" && c.subject < 0 {
		e.least = min(e.least, c.verdict.risks.Persons)
	}
	if c.subject >= 0 {
		c.verdict.told = &told{fewest: e.least, alone: e.uniques, all: e.persons, classes: c.found}
	}
	figures := map[string]float64{ruleProsecutor: 1 / float64(e.least), ruleUniques: float64(e.uniques)}
	for _, rule := range c.t.thresholds() {
		figure := figures[rule.Name]
		switch {
		case figure <= *rule.Threshold:
		case c.t.env.Accepted(rule.Name, "", figure):
		default:
			return messages.GateThreshold.With("file", c.file, "rule", rule.Name, "figure", pipelines.Figure(figure), "threshold", strconv.FormatFloat(*rule.Threshold, 'f', -1, 64))
		}
	}
	return nil
}
