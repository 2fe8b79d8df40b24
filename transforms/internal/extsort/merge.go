package extsort

import (
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
	all    []*run         // every run, for Close
	left   int            // runs that have rows
	losers []*run         // of a tournament; the winner of all stands at 0
	recs   []arrow.Record // batches that refs point into
	refs   []arrowx.Ref
	target int
}

// run is a run being read: its current batch and the row it has reached.
type run struct {
	number   int
	stream   pipelines.Stream
	rec      arrow.Record  // nil: it has ended
	cols     []arrow.Array // of the order
	prefixes []prefix
	chunk    int32 // of the current batch in recs
	row      int
}

// merge gives the rows of runs and, if it is not nil, of what came after them.
func (s *Sorter) merge(ctx context.Context, runs []sorted, last pipelines.Stream) (pipelines.Stream, error) {
	m := &merging{s: s}
	for _, f := range runs {
		st, err := f.Open()
		if err != nil {
			m.close()
			return nil, fmt.Errorf("read a sorted run: %w", err)
		}
		m.add(st)
	}
	if last != nil {
		m.add(last)
	}
	for _, r := range m.all {
		if err := m.load(ctx, r); err != nil && err != io.EOF {
			m.close()
			return nil, err
		}
	}
	m.play()
	return pipelines.NewStream(s.schema, m.next, m.close), nil
}

func (m *merging) add(s pipelines.Stream) {
	m.all = append(m.all, &run{number: len(m.all), stream: s})
}

// load makes the next batch of r that has rows its current one.
func (m *merging) load(ctx context.Context, r *run) error {
	if r.rec == nil {
		m.left++
	}
	for {
		b, err := r.stream.Next(ctx)
		if err != nil {
			r.rec = nil
			m.left--
			return err
		}
		if b.NumRows() == 0 {
			b.Release()
			continue
		}
		r.rec, r.row, r.chunk = b.Record, 0, int32(len(m.recs))
		m.recs = append(m.recs, b.Record)
		m.target = max(m.target, int(b.NumRows()))
		r.prefixes = append(r.prefixes[:0], m.s.keyed.prefixes(b.Record, 0)...)
		r.cols = r.cols[:0]
		for _, c := range m.s.order.Columns {
			r.cols = append(r.cols, b.Column(c))
		}
		return nil
	}
}

// before says whether the row that a has reached comes before that of b.
func (m *merging) before(a, b *run) bool {
	switch {
	case a.rec == nil || b.rec == nil:
		return b.rec == nil && (a.rec != nil || a.number < b.number)
	case a.prefixes[a.row] != b.prefixes[b.row]:
		return a.prefixes[a.row].compare(b.prefixes[b.row]) < 0
	}
	for k := m.s.keyed.decided(); k < len(a.cols); k++ {
		if c := m.s.how[k].Compare(a.cols[k], a.row, b.cols[k], b.row); c != 0 {
			return c < 0
		}
	}
	for _, k := range m.s.bits {
		if c := exact.Compare(a.cols[k], a.row, b.cols[k], b.row); c != 0 {
			return c < 0
		}
	}
	return a.number < b.number
}

// play has each run play one other, and winners each other.
func (m *merging) play() {
	n := len(m.all)
	m.losers = make([]*run, max(1, n))
	winners := make([]*run, 2*n)
	copy(winners[n:], m.all)
	for i := n - 1; i > 0; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if m.before(b, a) {
			a, b = b, a
		}
		winners[i], m.losers[i] = a, b
	}
	if n > 0 {
		m.losers[0] = winners[1]
	}
}

// replay has the winner, which has moved on, play those again that lost to it.
func (m *merging) replay() {
	r := m.losers[0]
	for i := (r.number + len(m.all)) / 2; i > 0; i /= 2 {
		if m.before(m.losers[i], r) {
			r, m.losers[i] = m.losers[i], r
		}
	}
	m.losers[0] = r
}

func (m *merging) next(ctx context.Context) (pipelines.Batch, error) {
	for m.left > 0 && len(m.refs) < m.target {
		r := m.losers[0]
		m.refs = append(m.refs, arrowx.Ref{Chunk: r.chunk, Row: int32(r.row)})
		r.row++
		if r.row == len(r.prefixes) {
			if err := m.load(ctx, r); err != nil && err != io.EOF {
				return pipelines.Batch{}, fmt.Errorf("read a sorted run: %w", err)
			}
		}
		m.replay()
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
	current := make([]arrow.Record, 0, m.left)
	for _, r := range m.all {
		if r.rec == nil {
			continue
		}
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
	m.all, m.losers, m.left = nil, nil, 0
	return err
}
