package hclfile

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// shown is how many tasks a message names before it only counts them.
const shown = 5

// collector keeps each mistake once, however many tasks meet it.
type collector struct {
	diags hcl.Diagnostics
	seen  map[place]*sighting
	order []*sighting
	// quiet drops what only says that a value is unknown: what made it unknown
	// was said already.
	quiet bool
}

type place struct {
	at   hcl.Range
	text string
}

type sighting struct {
	at       hcl.Range
	pipeline string
	tasks    taskList
}

// add keeps d unless it was said before at the same place.
func (c *collector) add(ds ...*hcl.Diagnostic) {
	for _, d := range ds {
		c.fresh(d)
	}
}

func (c *collector) fresh(d *hcl.Diagnostic) (s *sighting) {
	if c.seen == nil {
		c.seen = map[place]*sighting{}
	}
	e, _ := d.Extra.(*messages.Error)
	if c.quiet && e != nil && e.Message == messages.WrongArgument && e.Param("wanted") == "known by now" {
		return nil
	}
	k := place{text: d.Summary}
	if d.Subject != nil {
		k.at = *d.Subject
	}
	// A key that is missing differs from tenant to tenant; the mistake is one.
	if e != nil && e.Message == messages.NoElement {
		k.text = e.Code
	}
	if s = c.seen[k]; s == nil {
		s = &sighting{at: k.at}
		c.seen[k] = s
		c.order = append(c.order, s)
		c.diags = append(c.diags, d)
	}
	return s
}

// during keeps the mistakes found while the named task was evaluated.
func (c *collector) during(id pipelines.TaskID, ds hcl.Diagnostics) {
	for _, d := range ds {
		if s := c.fresh(d); s != nil {
			s.pipeline = id.Pipeline
			s.tasks.add(id)
		}
	}
}

// close adds, for each mistake that only some of a pipeline's tasks make, which.
func (c *collector) close(pipeline string, total int) {
	for _, s := range c.order {
		if s.pipeline == pipeline && s.tasks.count < total {
			c.diags = append(c.diags, pipelines.Diagnose(messages.AffectedTasks.With("place", s.at.String(),
				"count", s.tasks.count, "total", total, "tasks", s.tasks.String()), s.at))
		}
		s.pipeline = ""
	}
}

func (c *collector) say(e *messages.Error, at hcl.Range) { c.add(pipelines.Diagnose(e, at)) }

// taskList counts tasks and remembers the first few. A task is added twice only
// in a row.
type taskList struct {
	count int
	first []string
	last  pipelines.TaskID
}

func (l *taskList) add(id pipelines.TaskID) {
	if l.count > 0 && l.last == id {
		return
	}
	l.last = id
	if l.count++; l.count <= shown {
		l.first = append(l.first, id.String())
	}
}

func (l *taskList) String() string {
	s := strings.Join(l.first, ", ")
	if l.count > shown {
		s += ", …"
	}
	return s
}
