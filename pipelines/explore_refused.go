package pipelines

import (
	"slices"
	"time"
)

// ExploredRefusal is why nothing can be chosen, and what would let something be.
type ExploredRefusal struct {
	Code   string `json:"code"`
	What   string `json:"what"`
	Remedy string `json:"remedy"`
	// Changes are what the policy could ask otherwise, each by itself and all else as it
	// is, in the order of the policy's arguments. What leaving a quasi-identifier out
	// comes to is told with the columns.
	Changes []ExploredChange `json:"changes"`
	Err     error            `json:"-"` // of the run that asked: What and Remedy are its text
}

// ExploredChange is an argument that could be another, and what would then be chosen.
type ExploredChange struct {
	// Argument is one of the model, of which To is the nearest that does; "l" and "t", in
	// hundredths, of a sensitive column; or "sensitive", which is that column left out. Where
	// all rows of a person count, it is the nearest that was come by.
	Argument string   `json:"argument"`
	Column   string   `json:"column,omitempty"`
	To       *float64 `json:"to"`      // nil: there is none
	Optimum  *Choice  `json:"optimum"` // nil: nothing can be chosen by this alone
}

// ExploredThreshold is one of the gate, and the figure that it would find.
type ExploredThreshold struct {
	Rule      string  `json:"rule"`
	Threshold float64 `json:"threshold"`
	Figure    float64 `json:"figure"`
	Kept      bool    `json:"kept"`
}

// ExploredAcceptance is what an approver accepted of the policy that was explored, for
// a pipeline of its project.
type ExploredAcceptance struct {
	Rule     string   `json:"rule"`
	Column   string   `json:"column,omitempty"`
	Pipeline string   `json:"pipeline"`
	Tenants  string   `json:"tenants"`
	Ceiling  *float64 `json:"up_to"` // nil: the rule has no figure
	Until    string   `json:"until"` // the last day
	Key      string   `json:"key"`
	File     string   `json:"file"`
	// Bearing is what it does to what was explored. "passes": a run of that pipeline passes
	// by it what is refused here; "short": its ceiling is below what was found; "" where it is not
	// needed, or exploring does not tell.
	Bearing string `json:"bearing,omitempty"`
}

// What an acceptance does to what was explored.
const (
	AcceptancePasses = "passes"
	AcceptanceShort  = "short"
)

// Accept adds what of all holds, as of now, for a policy of that canonical text. It applies
// none of it.
func (x *Exploration) Accept(all []SignedAcceptance, policy []byte, now time.Time) {
	sum := fullSum(policy)
	for _, s := range all {
		if s.expired(now) || !slices.Contains(s.Policies, sum) {
			continue
		}
		x.Acceptances = append(x.Acceptances, ExploredAcceptance{Rule: s.Rule, Column: s.Column, Pipeline: s.Pipeline, Tenants: s.Tenants,
			Ceiling: s.Ceiling, Until: s.Until, Key: s.Key, File: s.File, Bearing: x.bearing(s)})
	}
}

func (x *Exploration) bearing(s SignedAcceptance) string {
	needed, figure := false, 0.0
	for _, t := range x.Thresholds {
		if t.Rule == s.Rule && !t.Kept {
			needed, figure = true, t.Figure
		}
	}
	if r := x.Refused; r != nil {
		for _, c := range r.Changes {
			if c.Argument == s.Rule && c.To != nil {
				needed, figure = true, *c.To
			}
		}
	}
	switch {
	case !needed || s.Column != "":
		return ""
	case figure <= s.ceiling():
		return AcceptancePasses
	}
	return AcceptanceShort
}
