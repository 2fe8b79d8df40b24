package pipelines

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Taken is a file that a task reads, and what its source does with it when the run
// is over. A source tells of it when it begins to read, and again, with Done, when
// it has read it to its end. Each function is called at most once, and not at all
// where a run is interrupted or publishes nothing.
type Taken struct {
	ID   string // tells the file apart from others of the run; shown to nobody
	Name string // the keyed hash of its name
	// Done is called when every task of the project that reads what the file is part
	// of (see Split) has read it in this run and committed. Where only a part of what
	// belongs to the file stays, the error is messages.TakenPart. nil: the file stays where
	// it is.
	Done func(ctx context.Context) error
	// Failed is called when a task failed because of the file. nil: it stays.
	Failed func(ctx context.Context, f FailedFile) error
}

// FailedFile is what is kept of a file that a task failed because of.
type FailedFile struct {
	Report []byte // JSON: the tasks, and what was wrong, without values
	Dir    string // for temporary files
	// Seal encrypts what is written to the result for the project's recipients; its
	// Close ends what was encrypted, and leaves out open.
	Seal func(out io.Writer) (io.WriteCloser, error)
}

// takings are the files that a run's tasks have read.
type takings struct {
	mu       sync.Mutex
	files    map[string]*taking
	variants map[TaskID]string // of the tasks that had candidates
}

type taking struct {
	Taken
	by    []TaskID
	reads []string // what it is part of: see Split
}

func (t *takings) note(task Task, f Taken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files = map[string]*taking{}
	}
	k := t.files[f.ID]
	if k == nil {
		k = &taking{Taken: f}
		t.files[f.ID] = k
	}
	if f.Done != nil {
		k.Done = f.Done
	}
	if f.Failed != nil {
		k.Failed = f.Failed
	}
	if !slices.Contains(k.by, task.ID) {
		k.by = append(k.by, task.ID)
	}
	if s, ok := splitOf(task); ok && !slices.Contains(k.reads, s.Reads) {
		k.reads = append(k.reads, s.Reads)
	}
}

// others are the tasks of the project, run or not, that read what files are part
// of, by that. A task that has no authorization reads nothing.
func (t *takings) others(p *Project) map[string][]TaskID {
	readers := map[string][]TaskID{}
	for _, f := range t.files {
		for _, r := range f.reads {
			readers[r] = nil
		}
	}
	if len(readers) == 0 {
		return nil
	}
	_ = p.Tasks(Selection{}, func(task Task) bool { // a mistake in a task that does not run is not told
		for _, c := range t.mayRead(task) {
			if s, ok := splitOf(c); ok && !task.held() {
				if of, asked := readers[s.Reads]; asked && (len(of) == 0 || of[len(of)-1] != task.ID) {
					readers[s.Reads] = append(of, task.ID)
				}
			}
		}
		return true
	})
	return readers
}

// settle does with the files what their sources say, given how the tasks ended.
// What cannot be done is a note: the next run finds the file again, and the task
// unchanged.
func (t *takings) settle(ctx context.Context, p *Project, results []TaskResult, dir string, recipients []string) (notes []*messages.Error) {
	ended := map[TaskID]TaskResult{}
	for _, r := range results {
		ended[r.Task] = r
	}
	readers := t.others(p)
	for _, f := range sorted(t.files) {
		committed, report := true, failedReport{Format: 1, File: f.Name}
		slices.SortFunc(f.by, func(a, b TaskID) int { return strings.Compare(a.String(), b.String()) })
		for _, id := range f.by {
			r := ended[id]
			if r.committed() {
				continue
			}
			committed = false
			if r.blames(f.Name) {
				report.add(r, f.Name)
			}
		}
		seen := true // by all who have to: another task may have failed before it came to read
		for _, reads := range f.reads {
			for _, id := range readers[reads] {
				seen = seen && slices.Contains(f.by, id)
			}
		}
		if ctx.Err() != nil {
			return notes
		}
		if !seen {
			continue
		}
		var err error
		switch {
		case committed && f.Done != nil:
			err = f.Done(ctx)
		case len(report.Tasks) > 0 && f.Failed != nil:
			err = f.fail(ctx, report, dir, recipients)
		}
		switch {
		case messages.Has(err, messages.TakenPart):
			notes = append(notes, messages.Find(err))
		case err != nil:
			notes = append(notes, messages.TakenStays.Wrap(err, "file", f.Name))
		}
	}
	return notes
}

func (f *taking) fail(ctx context.Context, report failedReport, dir string, recipients []string) error {
	to, err := parseRecipients(recipients)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return f.Failed(ctx, FailedFile{Report: append(b, '\n'), Dir: dir,
		Seal: func(out io.Writer) (io.WriteCloser, error) { return age.Encrypt(out, to...) }})
}

// committed says whether nothing of what the task read is needed again: a load
// that failed, a stable name that could not be replaced, a journal that could not
// be written: the next run finishes them, from the same files.
func (t TaskResult) committed() bool {
	switch t.Outcome {
	case Published, Unchanged, Incomplete:
	default:
		return false
	}
	return t.Err == nil &&
		!slices.ContainsFunc(t.Loads, func(l LoadResult) bool { return l.Receipt == nil || len(l.Receipt.Pending) > 0 }) &&
		!slices.ContainsFunc(t.Notes, func(n *messages.Error) bool { return n.Code == messages.JournalLate.Code })
}

// blames says whether a task that did not commit failed because of what a file
// holds: the error names it, or rejected rows are of it.
func (t TaskResult) blames(file string) bool {
	if t.Outcome != Refused && t.Outcome != FailedTask || ExitCode(t.Err) == ExitEnvironment {
		return false
	}
	if e := messages.Find(t.Err); e != nil && e.Param("file") == file {
		return true
	}
	return slices.ContainsFunc(t.Rejects, func(r Reject) bool { return r.Input == file })
}

// failedReport is the report beside a file in the error folder.
type failedReport struct {
	Format int          `json:"format"`
	File   string       `json:"file"`
	Tasks  []failedTask `json:"tasks"`
}

type failedTask struct {
	Task    string           `json:"task"`
	Started time.Time        `json:"started"`
	Code    string           `json:"code,omitempty"`
	Why     string           `json:"why,omitempty"`
	Remedy  string           `json:"remedy,omitempty"`
	Rejects []failedReject   `json:"rejects,omitempty"` // the first ones
	Rules   map[string]int64 `json:"rules,omitempty"`   // all, by code
}

type failedReject struct {
	Line   int64  `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Code   string `json:"code"`
	Why    string `json:"why"`
}

func (f *failedReport) add(r TaskResult, file string) {
	t := failedTask{Task: r.Task.String(), Started: r.Started.UTC(), Rules: r.RejectRules}
	if e := messages.Find(r.Err); e != nil {
		t.Code, t.Why, t.Remedy = e.Code, e.What(messages.French), e.Remedy(messages.French)
	}
	for _, j := range r.Rejects {
		if j.Input == file {
			t.Rejects = append(t.Rejects, failedReject{j.Line, j.Column, j.Why.Code, j.Why.What(messages.French)})
		}
	}
	f.Tasks = append(f.Tasks, t)
}
