package pipelines

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
)

// Preview is the first rows of a task before and after its steps and privacy
// stage. Release frees the records.
type Preview struct {
	Before, After []arrow.Record
	Rejects       []Reject
	Marks         []MarkedColumn // of Before
}

// Release frees the records.
func (p *Preview) Release() {
	for _, r := range append(p.Before, p.After...) {
		r.Release()
	}
	p.Before, p.After = nil, nil
}

// Preview runs the flow on the first rows of its source. A sort or an aggregate
// works on those rows alone, and the privacy stage decides on them alone, so
// that what is shown is an example and not what would be published.
func (f *Flow) Preview(ctx context.Context, env Env, rows int64) (*Preview, error) {
	key := make([]byte, minFingerprintKey)
	if _, err := io.ReadFull(env.Rand, key); err != nil {
		return nil, fmt.Errorf("draw a key for a preview: %w", err)
	}
	// What is drawn is of no release: a preview must not tell who is who in one.
	opt := FlowOptions{Workers: 1, Key: key, OwnKey: true}
	r := &flowRun{Flow: f, env: env, opt: opt, log: &rejectLog{policy: RejectPolicy{Action: "drop"}}}
	schema, err := r.schema(ctx)
	if err != nil {
		return nil, r.at(r.SourceName, err)
	}
	p := &Preview{}
	s, err := f.Source.Open(ctx)
	if err != nil {
		return nil, r.at(r.SourceName, err)
	}
	p.Before, err = firstRows(ctx, s, rows, &p.Rejects)
	if e := s.Close(); err == nil {
		err = e
	}
	if err != nil {
		p.Release()
		return nil, r.at(r.SourceName, err)
	}
	few := *f
	few.Source = held{f.Source, schema, p.Before}
	r.Flow = &few
	if r.bind, err = r.Bind(ctx, schema, true); err != nil {
		p.Release()
		return nil, err
	}
	p.Marks = r.bind.Marks[0]
	out, _, err := r.released(ctx)
	if err == nil {
		p.After, err = firstRows(ctx, out, 1<<62, &p.Rejects)
		if e := out.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		p.Release()
		return nil, err
	}
	p.Rejects = append(p.Rejects, r.log.listed...)
	return p, nil
}

func firstRows(ctx context.Context, s Stream, rows int64, rejects *[]Reject) ([]arrow.Record, error) {
	var out []arrow.Record
	for rows > 0 {
		b, err := s.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			for _, r := range out {
				r.Release()
			}
			return nil, err
		}
		*rejects = append(*rejects, b.Rejects...)
		if n := b.NumRows(); n > rows {
			out = append(out, b.Record.NewSlice(0, rows))
			b.Release()
			rows = 0
		} else {
			out = append(out, b.Record)
			rows -= n
		}
	}
	return out, nil
}

// held is a source of rows that were read already. It keeps the marks of the
// source they came from.
type held struct {
	from   Source
	schema *arrow.Schema
	recs   []arrow.Record
}

func (h held) Open(context.Context) (Stream, error) {
	for _, r := range h.recs {
		r.Retain()
	}
	return Records(h.schema, append([]arrow.Record(nil), h.recs...)...), nil
}

func (h held) Marks() (personal []string, cleared map[string]string) {
	if m, ok := h.from.(Marker); ok {
		return m.Marks()
	}
	return nil, nil
}

func (h held) Rereadable() bool { return true }

// Declared is what the source declares: names that only a file's first row tells
// stay as unconfirmed as they were.
func (h held) Declared() (*arrow.Schema, bool) {
	if r, ok := h.from.(Rereadable); ok && r.Rereadable() {
		if d, ok := h.from.(Declarer); ok {
			return d.Declared()
		}
	}
	return h.schema, true
}

// PreviewTask is Preview of a planned task, in a folder that is removed after.
func PreviewTask(ctx context.Context, p *Project, t Task, rows int64, opt RunOptions) (*Preview, error) {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if t, err = Choose(ctx, t, r.env(t, r.dir), true); err != nil {
		return nil, err
	}
	env := r.env(t, r.dir)
	env.NoRelease = true
	f, err := BuildFlow(t, env)
	if err != nil {
		return nil, err
	}
	return f.Preview(ctx, env, rows)
}

// Purger is the ability of a sink to remove what no reader needs any more:
// old releases beyond those kept, and leftovers older than the grace period.
type Purger interface {
	Purge(ctx context.Context) (removed int, err error)
}

// EachLoad builds the loads of the selected tasks, one by one, for verbs that
// work on what is published. An error of do ends it.
func EachLoad(ctx context.Context, p *Project, sel Selection, opt RunOptions, do func(TaskID, Load) error) error {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return err
	}
	defer r.close()
	var failed error
	diags := p.Tasks(sel, func(t Task) bool {
		for _, b := range t.Chain.Loads {
			s, err := As[Sink](b, r.env(t, r.dir))
			if err == nil {
				err = do(t.ID, Load{stepName(b), s})
			}
			if err != nil {
				failed = &StepError{t.ID, stepName(b), err}
				return false
			}
		}
		return ctx.Err() == nil
	})
	if diags.HasErrors() {
		return diags
	}
	return errors.Join(failed, ctx.Err())
}

// Environment is an Env for examining connections: it can reveal secrets and
// has a folder, which done removes.
func Environment(ctx context.Context, p *Project, opt RunOptions) (env Env, done func(), err error) {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return Env{}, nil, err
	}
	return r.env(Task{}, r.dir), r.close, nil
}
