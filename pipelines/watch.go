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
// need of them again: where that is little, it costs less than to read the source twice.
// Where the disk is too small for a task that keeps rows it begins again and keeps none.
type Keeper interface {
	Observer
	// WatchKeeping is Watch that may keep rows. The Decision is an io.Closer then, which is
	// closed once rows were let out or given up.
	WatchKeeping(in *arrow.Schema, workers int) (Watch, error)
	// EmitKept lets the rows out that were kept, all that reached the stage, as Emit would;
	// in is what their schema was. nil says that they were not kept: the source is read again.
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

// watch has a stage look at the rows of in, which it does not close, on the workers.
func (r *flowRun) watch(ctx context.Context, o Observer, in Stream) (d Decision, err error) {
	begin := o.Watch
	if k, ok := o.(Keeper); ok && r.mayKeep && r.replayable() { // what is not is spooled as a whole
		begin, r.kept = k.WatchKeeping, true
	}
	w, err := begin(in.Schema(), r.opt.Workers)
	if err != nil {
		return nil, err
	}
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
