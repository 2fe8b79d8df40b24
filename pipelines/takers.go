package pipelines

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// takers are the sources that pipelines have, each as its first task has it, to find
// those that take away what others read.
type takers struct {
	seen map[takerKey]bool
	all  []takerTask
}

type takerKey struct {
	pipeline string
	source   hcl.Range
}

type takerTask struct {
	id     TaskID
	keys   map[string]string
	source Built
	taker  Taker
}

// note takes note of a task.
func (ts *takers) note(t Task) {
	c, ok := t.Chain.Source.Config.(Taker)
	key := takerKey{t.ID.Pipeline, t.Chain.Source.Range}
	if !ok || ts.seen[key] {
		return
	}
	if ts.seen == nil {
		ts.seen = map[takerKey]bool{}
	}
	ts.seen[key] = true
	ts.all = append(ts.all, takerTask{t.ID, t.Keys, t.Chain.Source, c})
}

// meetings warns where a pipeline takes away what another reads in its own way: only
// who reads alike is waited for.
func (ts *takers) meetings() (diags hcl.Diagnostics) {
	for _, a := range ts.all {
		if !a.taker.Takes() {
			continue
		}
		for _, b := range ts.all {
			if a.id.Pipeline != b.id.Pipeline && a.taker.Meets(a.keys, b.source.Config, b.keys) {
				diags = append(diags, Diagnose(messages.FileTakenElsewhere.With(
					"first", "pipeline "+a.id.Pipeline, "second", "pipeline "+b.id.Pipeline), a.source.Range))
			}
		}
	}
	return diags
}
