package extsort

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// merging reads several runs and gives their rows in order.
type merging struct {
	s      *Sorter
	all    []*run // every run, for Close
	queue  runHeap
	recs   []arrow.Record // batches that refs point into
	refs   []arrowx.Ref
	target int
}

// run is a run being read: its current batch and the row it has reached.
type run struct {
	number int
	stream pipelines.Stream
	keys   arrowx.Keys
	chunk  int32 // of the current batch in recs
	rec    arrow.Record
	row    int
}

type runHeap []*run

func (h runHeap) Len() int      { return len(h) }
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	r := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return r
}

func (h runHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if c := bytes.Compare(a.keys.At(a.row), b.keys.At(b.row)); c != 0 {
		return c < 0
	}
	return a.number < b.number
}

func (s *Sorter) merge(ctx context.Context, runs []sorted) (pipelines.Stream, error) {
	m := &merging{s: s}
	for i, f := range runs {
		st, err := f.Open()
		if err != nil {
			m.close()
			return nil, fmt.Errorf("read a sorted run: %w", err)
		}
		r := &run{number: i, stream: st}
		m.all = append(m.all, r)
		if err := m.load(ctx, r); err == nil {
			m.queue = append(m.queue, r)
		} else if err != io.EOF {
			m.close()
			return nil, err
		}
	}
	heap.Init(&m.queue)
	return pipelines.NewStream(s.schema, m.next, m.close), nil
}

// load makes the next batch of r that has rows its current one.
func (m *merging) load(ctx context.Context, r *run) error {
	for {
		b, err := r.stream.Next(ctx)
		if err != nil {
			return err
		}
		if b.NumRows() == 0 {
			b.Release()
			continue
		}
		r.rec, r.row, r.chunk = b.Record, 0, int32(len(m.recs))
		m.recs = append(m.recs, b.Record)
		m.target = max(m.target, int(b.NumRows()))
		r.keys.Reset(b.Record, m.s.order.Columns, m.s.order.Descending)
		return nil
	}
}

func (m *merging) next(ctx context.Context) (pipelines.Batch, error) {
	for len(m.queue) > 0 && len(m.refs) < m.target {
		r := m.queue[0]
		m.refs = append(m.refs, arrowx.Ref{Chunk: r.chunk, Row: int32(r.row)})
		r.row++
		if r.row == r.keys.Len() {
			switch err := m.load(ctx, r); err {
			case nil:
			case io.EOF:
				r.rec = nil
				heap.Pop(&m.queue)
				continue
			default:
				return pipelines.Batch{}, fmt.Errorf("read a sorted run: %w", err)
			}
		}
		heap.Fix(&m.queue, 0)
	}
	if len(m.refs) == 0 {
		return pipelines.Batch{}, io.EOF
	}
	rec, err := arrowx.GatherRecord(m.s.env.Allocator, m.s.schema, m.recs, m.refs)
	if err != nil {
		return pipelines.Batch{}, fmt.Errorf("gather merged rows: %w", err)
	}
	m.letGo()
	return pipelines.Batch{Record: rec}, nil
}

// letGo releases the batches that no run is in any more.
func (m *merging) letGo() {
	m.refs = m.refs[:0]
	current := make([]arrow.Record, 0, len(m.queue))
	for _, r := range m.queue {
		r.rec.Retain()
		r.chunk = int32(len(current))
		current = append(current, r.rec)
	}
	m.release()
	m.recs = current
}

func (m *merging) release() {
	for _, r := range m.recs {
		r.Release()
	}
	m.recs = nil
}

func (m *merging) close() error {
	m.release()
	var err error
	for _, r := range m.all {
		err = firstOf(err, r.stream.Close())
	}
	m.all, m.queue = nil, nil
	return err
}
