// Package extsort orders more rows than fit in memory: it sorts runs, spools
// them encrypted, and merges them. The order is that of arrowx keys (bytes,
// nulls last) and stable, whatever the bound on memory.
package extsort

import (
	"bytes"
	"context"
	"encoding/binary"
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
}

// Sorter takes rows and gives them back in order. It is for one goroutine.
type Sorter struct {
	env     pipelines.Env
	schema  *arrow.Schema
	order   Order
	recs    []arrow.Record
	rows    []row
	arena   []byte
	scratch arrowx.Keys
	held    int64
	runs    []sorted
}

// sorted is rows in order on disk: a run of level 0 is what memory held, one of
// level n+1 was merged from fanIn of level n.
type sorted struct {
	pipelines.SpoolFile
	level int
}

// row is a row in memory. Its key is in the arena; prefix is the eight bytes of
// the key after what all keys begin with, which decide most comparisons.
type row struct {
	prefix     uint64
	start, end int
	at         arrowx.Ref
}

// fanIn is how many runs are merged at once; mergeBytes and mergeRows bound the
// batches of a run, so that a merge holds about fanIn batches.
const (
	fanIn     = 16
	mergeRows = 1 << 13
)

// New makes a sorter that holds about half of env.Memory; the other half is for
// the batch that is being made of it.
func New(env pipelines.Env, schema *arrow.Schema, order Order) *Sorter {
	return &Sorter{env: env, schema: schema, order: order}
}

// Add takes the rows of r. It borrows the record.
func (s *Sorter) Add(ctx context.Context, r arrow.Record) error {
	n := int(r.NumRows())
	if n == 0 {
		return nil
	}
	r.Retain()
	chunk := int32(len(s.recs))
	s.recs = append(s.recs, r)
	s.scratch.Reset(r, s.order.Columns, s.order.Descending)
	for i := range n {
		key := s.scratch.At(i)
		start := len(s.arena)
		s.arena = append(s.arena, key...)
		s.rows = append(s.rows, row{0, start, len(s.arena), arrowx.Ref{Chunk: chunk, Row: int32(i)}})
	}
	s.held += arrowx.Bytes(r) + s.scratch.Bytes() + 40*int64(n)
	if s.held > s.env.Memory/2 {
		return s.spill(ctx)
	}
	return nil
}

func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// common is how many bytes all keys begin with.
func (s *Sorter) common() int {
	if len(s.rows) == 0 {
		return 0
	}
	first := s.arena[s.rows[0].start:s.rows[0].end]
	for _, r := range s.rows[1:] {
		key := s.arena[r.start:r.end]
		n := 0
		for n < len(first) && n < len(key) && first[n] == key[n] {
			n++
		}
		first = first[:n]
	}
	return len(first)
}

func (s *Sorter) sortRows() {
	common := s.common()
	for i, r := range s.rows {
		s.rows[i].prefix = prefix(s.arena[r.start+common : r.end])
	}
	slices.SortFunc(s.rows, func(a, b row) int {
		if a.prefix != b.prefix {
			if a.prefix < b.prefix {
				return -1
			}
			return 1
		}
		if c := bytes.Compare(s.arena[a.start:a.end], s.arena[b.start:b.end]); c != 0 {
			return c
		}
		return a.start - b.start // keys are never empty, so this is the order of arrival
	})
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
	m, err := s.merge(ctx, old)
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
	s.recs, s.rows, s.arena, s.held = nil, s.rows[:0], s.arena[:0], 0
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
	if len(s.runs) == 0 {
		s.sortRows()
		return pipelines.NewStream(s.schema, s.inMemory(mergeRows), nil), nil
	}
	if len(s.rows) > 0 {
		if err := s.spill(ctx); err != nil {
			return nil, err
		}
	}
	for len(s.runs) > fanIn {
		if err := s.shorten(ctx); err != nil {
			return nil, err
		}
	}
	return s.merge(ctx, s.runs)
}

// shorten merges neighbouring runs, so that a row never passes an equal one
// that came before it.
func (s *Sorter) shorten(ctx context.Context) error {
	old := s.runs
	s.runs = nil
	for len(old) > 0 {
		n := min(fanIn, len(old))
		m, err := s.merge(ctx, old[:n])
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
	s.rows, s.arena = nil, nil
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
