package pipelines

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// keeps is letOut that may keep the rows it looks at.
type keeps struct {
	letOut
	gives  bool // what it kept, else it is let go
	fails  error
	watch  error // of a first pass that keeps rows
	anyhow bool  // of another one too
	ends   error // of kept rows
	closed *int
	once   *bool // whether rows were said not to be had again
}

// keptRows is what keeps decides.
type keptRows struct {
	limit  int64
	rows   []keptBatch
	closed *int
}

type keptBatch struct {
	first int64
	Batch
}

func (d *keptRows) Close() error {
	*d.closed++
	for _, b := range d.rows {
		b.Release()
	}
	d.rows = nil
	return nil
}

type keepWatch struct {
	keeps
	keep   bool
	mu     sync.Mutex
	sum, n int64
	rows   []keptBatch
}

func (k keeps) Watch(*arrow.Schema, int) (Watch, error) { return &keepWatch{keeps: k}, nil }
func (k keeps) WatchKeeping(_ *arrow.Schema, _ int, once bool) (Watch, error) {
	if k.once != nil {
		*k.once = once
	}
	return &keepWatch{keeps: k, keep: true}, nil
}

func (w *keepWatch) See(_ context.Context, _ int, first int64, b Batch) error {
	if w.watch != nil && (w.keep || w.anyhow) {
		return w.watch
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range b.Column(0).(*array.Int64).Int64Values() {
		w.sum += v
		w.n++
	}
	if w.keep {
		b.Retain()
		w.rows = append(w.rows, keptBatch{first, b})
	}
	return nil
}

func (w *keepWatch) Decide(context.Context) (Decision, error) {
	slices.SortFunc(w.rows, func(a, b keptBatch) int { return cmp.Compare(a.first, b.first) })
	d := &keptRows{w.sum / max(1, w.n), w.rows, w.closed}
	w.rows = nil
	return d, nil
}

func (w *keepWatch) Close() error { return nil }

func (k keeps) Emit(ctx context.Context, d Decision, in Stream) (Stream, error) {
	return k.letOut.Emit(ctx, d.(*keptRows).limit, in)
}

func (k keeps) EmitKept(ctx context.Context, d Decision, in *arrow.Schema) (Stream, error) {
	rows := d.(*keptRows)
	if len(rows.rows) == 0 { // none were kept
		return nil, nil
	}
	if k.fails != nil || !k.gives {
		return nil, k.fails
	}
	return k.Emit(ctx, d, NewStream(in, func(context.Context) (Batch, error) {
		if len(rows.rows) == 0 {
			return Batch{}, cmp.Or(k.ends, io.EOF)
		}
		b := rows.rows[0]
		rows.rows = rows.rows[1:]
		return b.Batch, nil
	}, nil))
}

// Rows that a stage kept are not read again, are the same, and whatever happens what holds
// them is closed, once for each try.
func TestFlowLetsKeptRowsOut(t *testing.T) {
	failed := errors.New("disk")
	for name, c := range map[string]struct {
		again, gives bool
		fails        error
		opened       int // for the schema, and to read
	}{
		"kept":                        {again: true, gives: true, opened: 2},
		"let go":                      {again: true, opened: 3},
		"a source that is not reread": {gives: true, opened: 2},
		"an error":                    {again: true, gives: true, fails: failed, opened: 2},
		"an error, and no other way":  {gives: true, fails: failed, opened: 2},
	} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(arrowx.Poison{})
			defer mem.AssertSize(t, 0)
			closed, once := 0, false
			one := flowCase{rows: 500, chunk: 30, bad: 7, workers: 3, again: c.again, action: "drop"}
			res, got, opened := one.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) {
				f.Privacy = keeps{letOut: f.Privacy.(letOut), gives: c.gives, fails: c.fails, closed: &closed, once: &once}
			})
			if !errors.Is(res.Err, c.fails) {
				t.Fatal(res.Err)
			}
			if opened != c.opened || closed != 1 || once == c.again {
				t.Errorf("the source was opened %d times, wanted %d; what was decided was closed %d times; rows are had once: %v", opened, c.opened, closed, once)
			}
			if c.fails != nil {
				return
			}
			want, bytesWanted, _ := one.run(t, t.TempDir(), mem, nil)
			if !bytes.Equal(got, bytesWanted) || res.Rows != want.Rows || res.Fingerprint != want.Fingerprint {
				t.Errorf("other bytes than of rows that are read again, or %+v, not %+v", res.Rows, want.Rows)
			}
		})
	}
}

// Where rows that are kept take the disk that the rest of the task needs, it begins again
// and keeps none (invariant 9); where it lacks disk in spite of that it is said.
func TestFlowKeepsNoRowsWhereTheDiskIsNeeded(t *testing.T) {
	full := messages.DiskBound.With("bound", Size(1000))
	for name, c := range map[string]struct {
		change func(*keeps)
		fails  error
		closed int
	}{
		"in the first pass":     {change: func(k *keeps) { k.watch = full }, closed: 1},
		"when rows are let out": {change: func(k *keeps) { k.fails = full }, closed: 2},
		"while they are":        {change: func(k *keeps) { k.ends = full }, closed: 2},
		"and without":           {change: func(k *keeps) { k.watch, k.anyhow = full, true }, fails: full},
	} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(arrowx.Poison{})
			defer mem.AssertSize(t, 0)
			closed := 0
			one := flowCase{rows: 500, chunk: 30, bad: 7, workers: 3, again: true, action: "drop"}
			res, got, _ := one.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) {
				k := keeps{letOut: f.Privacy.(letOut), gives: true, closed: &closed}
				c.change(&k)
				f.Privacy = k
			})
			if (res.Err != nil) != (c.fails != nil) || c.fails != nil && !messages.Has(res.Err, messages.DiskBound) || closed != c.closed {
				t.Fatalf("%v; what was decided was closed %d times, wanted %d", res.Err, closed, c.closed)
			}
			if c.fails != nil {
				return
			}
			want, bytesWanted, _ := one.run(t, t.TempDir(), mem, nil)
			if !bytes.Equal(got, bytesWanted) || res.Rows != want.Rows || res.Fingerprint != want.Fingerprint || len(res.Notes) != len(want.Notes) {
				t.Errorf("other bytes than of rows that are read again, or %+v, not %+v", res.Rows, want.Rows)
			}
		})
	}
}

// A source that cannot be read again is read once, whatever becomes of the rows that are
// kept of it: another reading may give other rows. Where the disk is too small it is said.
func TestFlowReadsOnceWhatItCannotReadAgain(t *testing.T) {
	full := messages.DiskBound.With("bound", Size(1000))
	for name, c := range map[string]struct {
		change func(*keeps)
		mid    bool // a barrier comes before the stage
		fails  *messages.Message
		closed int
	}{
		"no disk in the first pass":     {change: func(k *keeps) { k.watch = full }, fails: messages.DiskBound},
		"no disk when rows are let out": {change: func(k *keeps) { k.fails = full }, fails: messages.DiskBound, closed: 1},
		"no disk while they are":        {change: func(k *keeps) { k.ends = full }, fails: messages.DiskBound, closed: 1},
		"rows that were let go":         {change: func(k *keeps) { k.gives = false }, fails: messages.Internal, closed: 1},
		"a file before a barrier":       {change: func(k *keeps) { k.ends = full }, mid: true, fails: messages.DiskBound, closed: 1},
		"none":                          {change: func(k *keeps) {}, closed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(arrowx.Poison{})
			defer mem.AssertSize(t, 0)
			closed, dir := 0, t.TempDir()
			one := flowCase{rows: 500, chunk: 30, bad: 7, workers: 3, again: c.mid, mid: c.mid, action: "drop"}
			res, got, opened := one.run(t, dir, mem, func(f *Flow, _ *countTo) {
				k := keeps{letOut: f.Privacy.(letOut), gives: true, closed: &closed}
				c.change(&k)
				f.Privacy = k
			})
			if (res.Err != nil) != (c.fails != nil) || res.Err != nil && !messages.Has(res.Err, c.fails) || opened != 2 || closed != c.closed {
				t.Fatalf("%v; the source was opened %d times, what was decided closed %d times", res.Err, opened, closed)
			}
			if (len(got) == 0) != (res.Err != nil) {
				t.Errorf("%d bytes were published", len(got))
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v: %d files stay", err, len(left))
			}
		})
	}
}
