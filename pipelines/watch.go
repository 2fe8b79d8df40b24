package pipelines

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
)

// Observer is the ability of a TwoPass stage to look at the rows on several workers
// at once. What is decided is what Observe decides.
type Observer interface {
	// Watch begins a first pass over rows of schema in, by so many workers. It touches
	// no data. The caller closes it.
	Watch(in *arrow.Schema, workers int) (Watch, error)
}

// Keeper is the ability of an Observer to keep, while it looks at the rows, what it will
// need of them again: where that is little, it costs less than to read the source twice, or
// to spool the rows of one that cannot be.
type Keeper interface {
	Observer
	// WatchKeeping is Watch that may keep rows; nil says that the stage does not. The
	// Decision is an io.Closer then, which is closed once rows were let out or given up.
	// once says that the rows are not had again: none is let go then, and where they find
	// no room the pass fails. Else they are let go where there is less disk than it takes,
	// and a task that still lacks disk begins again and keeps none.
	WatchKeeping(in *arrow.Schema, workers int, once bool) (Watch, error)
	// EmitKept lets the rows out that were kept, all that reached the stage, as Emit would;
	// in is what their schema was. nil says that they were let go: the source is read again.
	EmitKept(ctx context.Context, d Decision, in *arrow.Schema) (Stream, error)
}

// Watch is a first pass under way.
type Watch interface {
	// See looks at a batch, which it borrows and before which the stage got first rows.
	// It may be called at the same time for several workers, which count from 0, and is
	// not for one of them. A worker gets its batches in the order of the rows; which
	// worker gets which, and how many there are, must not change the decision.
	See(ctx context.Context, worker int, first int64, b Batch) error
	// Decide is called once all rows were seen.
	Decide(ctx context.Context) (Decision, error)
	// Close frees what the pass holds besides the decision. It is legal at any time.
	Close() error
}

// begin begins the first pass of a stage that looks at rows on the workers; nil is one that
// does not. keeps says that it keeps them; again, that they are had again where it does not.
func (r *flowRun) begin(in *arrow.Schema, again bool) (w Watch, keeps bool, err error) {
	if k, ok := r.Privacy.(Keeper); ok && (r.mayKeep || !again) {
		if w, err = k.WatchKeeping(in, r.opt.Workers, !again); w != nil || err != nil {
			return w, true, err
		}
	}
	if o, ok := r.Privacy.(Observer); ok {
		w, err = o.Watch(in, r.opt.Workers)
	}
	return w, false, err
}

// watch has a stage look at the rows of in, which it does not close, on the workers. It
// closes w.
func (r *flowRun) watch(ctx context.Context, w Watch, in Stream) (d Decision, err error) {
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	type placed struct {
		Batch
		first int64
	}
	rows := int64(0)
	pass := &ordered[placed, struct{}]{
		workers: r.opt.Workers,
		next: func(ctx context.Context) (placed, error) {
			b, err := in.Next(ctx)
			if err != nil {
				return placed{}, err
			}
			p := placed{b, rows}
			rows += b.NumRows()
			return p, nil
		},
		work: func(ctx context.Context, worker int, p placed) (struct{}, error) {
			defer p.Release()
			if err := r.reached.see(worker, p.Batch); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, w.See(ctx, worker, p.first, p.Batch)
		},
	}
	for err == nil {
		_, err = pass.take(ctx)
	}
	pass.close() // no worker looks on while it is decided
	if err != io.EOF {
		return nil, err
	}
	return w.Decide(ctx)
}
