package pipelines_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What is public of an acceptance is what was decided, each once and in one order; a review
// is no rule that was relaxed.
func TestWhatIsRelaxedIsListedOnce(t *testing.T) {
	task := pipelines.TaskID{Pipeline: "agents", Tenant: "350001"}
	average, text, review := anAcceptance(), anAcceptance(), anAcceptance()
	average.Rule = "max_average_risk"
	text.Rule, text.Column, text.Ceiling = "text_phone", "objet", ceiling(3)
	review.Rule, review.Column, review.Ceiling = pipelines.RuleReview, "objet", nil
	var signed []pipelines.SignedAcceptance
	for _, a := range []pipelines.Acceptance{text, review, average} {
		signed = append(signed, pipelines.SignedAcceptance{Acceptance: a, File: a.Rule + ".json", Key: "K"})
	}
	env := pipelines.Env{Now: func() time.Time { return acceptedOn }, Task: task}
	if got := env.Relaxed(); got != nil {
		t.Errorf("of nothing accepted: %v", got)
	}
	env = env.Accepting(signed, []byte(policyText))
	copied := env // as a stage has it
	for _, ask := range []struct {
		rule, column string
		figure       float64
		want         bool
	}{{"text_phone", "objet", 1, true}, {"text_phone", "objet", 3, true}, {"text_phone", "objet", 4, false}, {"text_phone", "nom", 1, false},
		{pipelines.RuleReview, "objet", 0, true}, {"max_average_risk", "", 0.2, true}, {"max_uniques", "", 0, false}} {
		if got := copied.Accepted(ask.rule, ask.column, ask.figure); got != ask.want {
			t.Errorf("%+v: %v", ask, got)
		}
	}
	want := []pipelines.Relaxation{{Rule: "max_average_risk", Ceiling: 0.25, Key: "K", Until: "2027-06-30"},
		{Rule: "text_phone", Column: "objet", Ceiling: 3, Key: "K", Until: "2027-06-30"}}
	if got := env.Relaxed(); !reflect.DeepEqual(got, want) {
		t.Errorf("relaxed %v, want %v", got, want)
	}
}

// A ceiling is the greatest of those that hold for the task, and is told of when none does.
func TestACeilingIsThatOfTheTask(t *testing.T) {
	small, great := anAcceptance(), anAcceptance()
	small.Ceiling, great.Ceiling = ceiling(0.2), ceiling(0.4)
	for _, c := range []struct {
		what   string
		change func(a *pipelines.Acceptance)
		want   float64
		told   string
	}{
		{"both", func(*pipelines.Acceptance) {}, 0.4, ""},
		{"the other of another tenant", func(a *pipelines.Acceptance) { a.Tenants = "22*" }, 0.2, ""},
		{"the other ended", func(a *pipelines.Acceptance) { a.Until = "2026-11-29" }, 0.2, ""},
		{"the other of another policy", func(a *pipelines.Acceptance) { a.Policies = []string{sumOf(nil)} }, 0.2, ""},
		{"the other of another pipeline", func(a *pipelines.Acceptance) { a.Pipeline = "familles" }, 0.2, ""},
		{"the other of a column", func(a *pipelines.Acceptance) { a.Column = "age" }, 0.2, ""},
	} {
		other := great
		c.change(&other)
		for _, alone := range []bool{false, true} {
			var told []*messages.Error
			env := pipelines.Env{Now: func() time.Time { return acceptedOn }, Task: pipelines.TaskID{Pipeline: "agents", Tenant: "350001"},
				Note: func(m *messages.Error) { told = append(told, m) }}
			signed := []pipelines.SignedAcceptance{{Acceptance: other}}
			if !alone {
				signed = append(signed, pipelines.SignedAcceptance{Acceptance: small})
			}
			env = env.Accepting(signed, []byte(policyText))
			got, ok := env.Ceiling("max_prosecutor_risk", "")
			want, wantOK := c.want, true
			if alone && c.want == 0.2 {
				want, wantOK = 0, false
			}
			if got != want || ok != wantOK {
				t.Errorf("%s, alone %v: %v, %v", c.what, alone, got, ok)
			}
			mine := other.Pipeline == "agents" && other.Column == ""
			if (len(told) > 0) != (!wantOK && mine) {
				t.Errorf("%s, alone %v: told %s", c.what, alone, codes(told))
			}
			if len(env.Relaxed()) > 0 {
				t.Errorf("%s: to ask for a ceiling rests on nothing", c.what)
			}
		}
	}
	if _, ok := (pipelines.Env{}).Ceiling("max_average_risk", ""); ok {
		t.Error("where nobody accepted anything, something is")
	}
}
