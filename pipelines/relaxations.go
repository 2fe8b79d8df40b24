package pipelines

import (
	"cmp"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Relaxation is a rule that a release does not keep by itself, and that an approver
// accepted. It is public: it holds what was decided, and no figure that was found.
type Relaxation struct {
	Rule    string  `json:"rule"`
	Column  string  `json:"column,omitempty"`
	Ceiling float64 `json:"up_to"` // of the rule's figure
	Key     string  `json:"key"`   // of the approver: see KeyName
	Until   string  `json:"until"` // the last day
}

// Relaxed are the rules that the task does not keep by itself so far, and that an approver
// accepted, in the order of their names. Reviews are none: they are kept by being
// accepted.
func (e Env) Relaxed() (all []Relaxation) {
	for _, u := range e.accepting.rests() {
		r := Relaxation{u.Rule, u.Column, u.Ceiling, u.Key, u.Until}
		if u.Rule != RuleReview && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Relaxation) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Ceiling, b.Ceiling),
			cmp.Compare(a.Until, b.Until), cmp.Compare(a.Key, b.Key))
	})
	return all
}

// Ceiling is asked about a rule that is kept by choosing, before anything is found: up to
// which figure an approver accepted it for the task, as of Now. It is false where nobody
// did, and the report then notes why those acceptances that there are do not apply. Whoever
// goes by it asks Accepted about what came of it.
func (e Env) Ceiling(rule, column string) (most float64, ok bool) {
	if e.accepting == nil {
		return 0, false
	}
	var why []*messages.Error
	for _, s := range e.accepting.all {
		if s.Pipeline != e.Task.Pipeline || s.Rule != rule || s.Column != column {
			continue
		}
		if told := s.covers(e.Task, e.accepting.policy, 0, e.Now()); told != nil {
			why = append(why, told)
			continue
		}
		most, ok = max(most, s.ceiling()), true
	}
	if !ok {
		for _, told := range why {
			e.note(told)
		}
	}
	return most, ok
}
