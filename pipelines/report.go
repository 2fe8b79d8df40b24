package pipelines

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Report is what a run came to. It holds no value of a row and no secret.
type Report struct {
	Run         string
	Started     time.Time
	Took        time.Duration
	Tasks       []TaskResult // in the order of the plan
	Interrupted bool
	// Notes are what concerns no task alone. One of class Incomplete says that
	// something was lost.
	Notes []*messages.Error
	// New, Known and Recovered are the tasks that fail and did not before, that
	// still fail, and that failed before and no longer do.
	New, Known, Recovered []string

	known map[string]bool
}

// compare sorts failures into new, known and recovered, given which tasks
// failed in the runs before.
func (r *Report) compare(before map[string]string) {
	r.known = map[string]bool{}
	for _, t := range r.Tasks {
		id := t.Task.String()
		_, was := before[id]
		switch failing := t.Outcome == Refused || t.Outcome == FailedTask; {
		case failing && was:
			r.Known = append(r.Known, id)
			r.known[id] = true
		case failing:
			r.New = append(r.New, id)
		case was && t.Outcome != Interrupted:
			r.Recovered = append(r.Recovered, id)
		}
	}
}

// Counts says how many tasks ended in which way.
func (r *Report) Counts() map[Outcome]int {
	n := map[Outcome]int{}
	for _, t := range r.Tasks {
		n[t.Outcome]++
	}
	return n
}

// JSON is the report for a program.
func (r *Report) JSON(lang messages.Lang) ([]byte, error) {
	out := reportJSON{Format: 1, Run: r.Run, Started: r.Started.UTC(), Seconds: r.Took.Seconds(), Interrupted: r.Interrupted,
		New: r.New, Known: r.Known, Recovered: r.Recovered, Counts: r.Counts(), Tasks: []taskJSON{}}
	for _, n := range r.Notes {
		out.Notes = append(out.Notes, problem(n, lang))
	}
	for _, t := range r.Tasks {
		out.Tasks = append(out.Tasks, t.json(lang))
	}
	b, err := json.MarshalIndent(out, "", "  ")
	return append(b, '\n'), err
}

type reportJSON struct {
	Format      int             `json:"format"`
	Run         string          `json:"run"`
	Started     time.Time       `json:"started"`
	Seconds     float64         `json:"seconds"`
	Interrupted bool            `json:"interrupted,omitempty"`
	Counts      map[Outcome]int `json:"counts"`
	Notes       []*problemJSON  `json:"notes,omitempty"`
	New         []string        `json:"new,omitempty"`
	Known       []string        `json:"known,omitempty"`
	Recovered   []string        `json:"recovered,omitempty"`
	Tasks       []taskJSON      `json:"tasks"`
}

type taskJSON struct {
	TaskID
	Variant     string           `json:"variant,omitempty"`
	Outcome     Outcome          `json:"outcome"`
	Seconds     float64          `json:"seconds"`
	Stages      []stageJSON      `json:"stages,omitempty"`
	Read        int64            `json:"rows_read"`
	Rejected    int64            `json:"rows_rejected"`
	Sealed      int64            `json:"rows_sealed"`
	Error       *problemJSON     `json:"error,omitempty"`
	Notes       []*problemJSON   `json:"notes,omitempty"`
	RejectRules map[string]int64 `json:"reject_rules,omitempty"`
	Rejects     []rejectJSON     `json:"rejects,omitempty"`
	Partial     bool             `json:"rejects_partial,omitempty"` // more rejects than are listed
	Redacted    []Passages       `json:"redacted,omitempty"`
	Loads       []loadJSON       `json:"loads,omitempty"`
	Fingerprint string           `json:"fingerprint,omitempty"`
}

type stageJSON struct {
	Stage   Stage   `json:"stage"`
	Seconds float64 `json:"seconds"`
}

type problemJSON struct {
	Code   string `json:"code,omitempty"`
	Step   string `json:"step,omitempty"`
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"`
}

type rejectJSON struct {
	Input  string `json:"input,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Step   string `json:"step,omitempty"`
	Code   string `json:"code"`
	What   string `json:"what"`
}

type loadJSON struct {
	Name     string     `json:"name"`
	Files    []FileInfo `json:"files"`
	Release  string     `json:"release,omitempty"`
	Compared int        `json:"compared_releases,omitempty"`
	Receipt  *Receipt   `json:"receipt,omitempty"`
}

func (t TaskResult) json(lang messages.Lang) taskJSON {
	out := taskJSON{TaskID: t.Task, Variant: t.Variant, Outcome: t.Outcome, Seconds: t.Took.Seconds(), Read: t.Rows.Read,
		Rejected: t.Rows.Rejected, Sealed: t.Rows.Sealed, RejectRules: t.RejectRules, Redacted: t.Redacted, Fingerprint: t.Fingerprint,
		Partial: t.Rows.Rejected > int64(len(t.Rejects))}
	if t.Err != nil {
		out.Error = problem(t.Err, lang)
	}
	for _, s := range t.Stages {
		out.Stages = append(out.Stages, stageJSON{s.Stage, s.Took.Seconds()})
	}
	for _, n := range t.Notes {
		out.Notes = append(out.Notes, problem(n, lang))
	}
	for _, r := range t.Rejects {
		out.Rejects = append(out.Rejects, rejectJSON{r.Input, r.Line, r.Column, r.Step, r.Why.Code, r.Why.What(lang)})
	}
	for _, l := range t.Loads {
		out.Loads = append(out.Loads, loadJSON(l))
	}
	return out
}

// problem is an error for a program: its message, where there is one.
func problem(err error, lang messages.Lang) *problemJSON {
	p := &problemJSON{What: err.Error()}
	var step *StepError
	if errors.As(err, &step) {
		p.Step = step.Step
	}
	if m := messages.Find(err); m != nil {
		p.Code, p.What, p.Remedy = m.Code, m.What(lang), m.Remedy(lang)
		if c := m.Unwrap(); c != nil && messages.Find(c) == nil {
			p.What += ": " + c.Error()
		}
	}
	return p
}
