// Package extsort orders more rows than fit in memory: it sorts runs, spools
// them encrypted, and merges them. The order is that of arrowx keys (bytes,
// nulls last) and stable, whatever the bound on memory.
package extsort

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Order is the columns to sort by, and which of them go down.
type Order struct {
	Columns    []int
	Descending []bool // nil: none
	// Exact orders rows that are alike in all columns by the bits of values that sort
	// alike, so that rows sorted by all columns come in one order only.
	Exact bool
}

func (o Order) of(k int) arrowx.Ordering {
	return arrowx.Ordering{Descending: o.Descending != nil && o.Descending[k]}
}

// exact tells values apart that sort alike. It is asked last: column by column it would
// be another order than that of keys.
var exact = arrowx.Ordering{Exact: true}

// Sorter takes rows and gives them back in order. It is for one goroutine.
type Sorter struct {
	env    pipelines.Env
	schema *arrow.Schema
	order  Order
	how    []arrowx.Ordering
	bits   []int // places in the order of columns whose values may sort alike and differ
	keyed  keyed
	recs   []arrow.Record
	cols   [][]arrow.Array // by column of the order, of recs
	rows   []row
	held   int64
	count  int // rows of recs
	runs   []sorted
}

// sorted is rows in order on disk: a run of level 0 is what memory held, one of
// level n+1 was merged from fanIn of level n.
type sorted struct {
	pipelines.SpoolFile
	level int
}

// row is a row in memory, with the prefixes that decide most comparisons.
type row struct {
	prefix
	at arrowx.Ref
}

const rowBytes = 24

// fanIn is how many runs are merged at once; mergeBytes and mergeRows bound the
// batches of a run, so that a merge holds about fanIn batches.
const (
	fanIn     = 16
	mergeRows = 1 << 13
)

// New makes a sorter that holds about half of env.Memory; the other half is for
// the batch that is being made of it.
func New(env pipelines.Env, schema *arrow.Schema, order Order) *Sorter {
	s := &Sorter{env: env, schema: schema, order: order, keyed: newKeyed(schema, order)}
	for k, c := range order.Columns {
		s.how = append(s.how, order.of(k))
		switch schema.Field(c).Type.ID() {
		case arrow.FLOAT64, arrow.LIST, arrow.STRUCT:
			if order.Exact {
				s.bits = append(s.bits, k)
			}
		}
	}
	s.cols = make([][]arrow.Array, len(s.how))
	return s
}

// Add takes the rows of r. It borrows the record.
func (s *Sorter) Add(ctx context.Context, r arrow.Record) error {
	n := int(r.NumRows())
	if n == 0 {
		return nil
	}
	r.Retain()
	s.recs = append(s.recs, r)
	for k, c := range s.order.Columns {
		s.cols[k] = append(s.cols[k], r.Column(c))
	}
	s.keyed.meet(r)
	s.count += n
	s.held += arrowx.Bytes(r) + rowBytes*int64(n)
	if s.held > s.env.Memory/2 {
		return s.spill(ctx)
	}
	return nil
}

func (s *Sorter) sortRows() {
	s.rows = slices.Grow(s.rows[:0], s.count)
	skip := 0
	if s.keyed.text && len(s.recs) > 0 {
		skip = common(s.cols[0])
	}
	for chunk, r := range s.recs {
		from := s.keyed.prefixes(r, skip)
		for i, p := range from {
			s.rows = append(s.rows, row{p, arrowx.Ref{Chunk: int32(chunk), Row: int32(i)}})
		}
	}
	first, of := s.keyed.decided(), -1
	if first < len(prefix{}) {
		of = first
	}
	s.sort(s.rows, first, of)
}

// compare compares rows whose prefixes and first columns are equal: by the other columns,
// then by arrival.
func (s *Sorter) compare(a, b row, column int) int {
	for k := column; k < len(s.how); k++ {
		cols := s.cols[k]
		if c := s.how[k].Compare(cols[a.at.Chunk], int(a.at.Row), cols[b.at.Chunk], int(b.at.Row)); c != 0 {
			return c
		}
	}
	for _, k := range s.bits {
		cols := s.cols[k]
		if c := exact.Compare(cols[a.at.Chunk], int(a.at.Row), cols[b.at.Chunk], int(b.at.Row)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.at.Chunk, b.at.Chunk), cmp.Compare(a.at.Row, b.at.Row))
}

// spill writes what memory holds as a run, and merges runs as soon as there are
// enough of a level, so that however many rows come few files are open.
func (s *Sorter) spill(ctx context.Context) error {
	s.sortRows()
	err := s.writeRun(ctx, 0, s.inMemory(s.batchRows()))
	s.forget()
	for err == nil && len(s.runs) >= fanIn && s.runs[len(s.runs)-fanIn].level == s.runs[len(s.runs)-1].level {
		err = s.mergeLast(ctx)
	}
	return err
}

// mergeLast makes one run of the last fanIn.
func (s *Sorter) mergeLast(ctx context.Context) error {
	first := len(s.runs) - fanIn
	old := slices.Clone(s.runs[first:])
	m, err := s.merge(ctx, old, nil)
	if err != nil {
		return err
	}
	err = s.writeRun(ctx, old[0].level+1, m.Next)
	if err = firstOf(err, m.Close()); err != nil {
		return err
	}
	s.runs = append(s.runs[:first], s.runs[len(s.runs)-1])
	return removeRuns(old)
}

func removeRuns(runs []sorted) error {
	var err error
	for _, f := range runs {
		err = firstOf(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("remove merged runs: %w", err)
	}
	return nil
}

func (s *Sorter) forget() {
	for _, r := range s.recs {
		r.Release()
	}
	for k := range s.cols {
		s.cols[k] = nil
	}
	s.recs, s.rows, s.count, s.held = nil, s.rows[:0], 0, 0
}

// batchRows is how many rows make a batch of which fanIn, and what is made of
// them, fit in the memory that is left.
func (s *Sorter) batchRows() int {
	if len(s.rows) == 0 {
		return mergeRows
	}
	perRow := max(1, s.held/int64(len(s.rows)))
	return int(min(mergeRows, max(1, s.env.Memory/4/fanIn/perRow)))
}

// inMemory gives the sorted rows in batches. It stops being good at forget.
func (s *Sorter) inMemory(batch int) func(context.Context) (pipelines.Batch, error) {
	next := 0
	var refs []arrowx.Ref
	return func(context.Context) (pipelines.Batch, error) {
		if next == len(s.rows) {
			return pipelines.Batch{}, io.EOF
		}
		end := min(next+batch, len(s.rows))
		refs = refs[:0]
		for _, r := range s.rows[next:end] {
			refs = append(refs, r.at)
		}
		next = end
		rec, err := arrowx.GatherRecord(s.env.Allocator, s.schema, s.recs, refs)
		if err != nil {
			return pipelines.Batch{}, fmt.Errorf("gather sorted rows: %w", err)
		}
		return pipelines.Batch{Record: rec}, nil
	}
}

func (s *Sorter) writeRun(ctx context.Context, level int, next func(context.Context) (pipelines.Batch, error)) error {
	f, err := s.env.Spool.Create(s.schema)
	if err != nil {
		return fmt.Errorf("spool a sorted run: %w", err)
	}
	s.runs = append(s.runs, sorted{f, level})
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := next(ctx)
		if err == io.EOF {
			return endWriting(f)
		}
		if err != nil {
			return err
		}
		err = f.Write(b.Record)
		b.Release()
		if err != nil {
			return fmt.Errorf("spool a sorted run: %w", err)
		}
	}
}

// endWriting frees what a file holds in memory to be written, long before it is
// read: there may be many runs.
func endWriting(f pipelines.SpoolFile) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("spool a sorted run: %w", err)
	}
	return r.Close()
}

// Sorted gives the rows in order. Nothing may be added afterwards. The stream
// reads what the sorter holds: close the stream, then the sorter.
func (s *Sorter) Sorted(ctx context.Context) (pipelines.Stream, error) {
	s.sortRows()
	if len(s.runs) == 0 {
		return pipelines.NewStream(s.schema, s.inMemory(mergeRows), nil), nil
	}
	for len(s.runs) > fanIn {
		if err := s.shorten(ctx); err != nil {
			return nil, err
		}
	}
	if len(s.rows) == 0 {
		return s.merge(ctx, s.runs, nil)
	}
	return s.merge(ctx, s.runs, pipelines.NewStream(s.schema, s.inMemory(s.batchRows()), nil))
}

// shorten merges neighbouring runs, so that a row never passes an equal one
// that came before it.
func (s *Sorter) shorten(ctx context.Context) error {
	old := s.runs
	s.runs = nil
	for len(old) > 0 {
		n := min(fanIn, len(old))
		m, err := s.merge(ctx, old[:n], nil)
		if err == nil {
			err = s.writeRun(ctx, old[0].level+1, m.Next)
			err = firstOf(err, m.Close())
		}
		if err != nil {
			s.runs = append(s.runs, old...)
			return err
		}
		done := old[:n]
		old = old[n:]
		if err := removeRuns(done); err != nil {
			s.runs = append(s.runs, old...)
			return err
		}
	}
	return nil
}

// Close frees what is held, in memory and on disk. Legal more than once.
func (s *Sorter) Close() error {
	s.forget()
	s.rows = nil
	var err error
	for _, f := range s.runs {
		err = firstOf(err, f.Close())
	}
	s.runs = nil
	return err
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
