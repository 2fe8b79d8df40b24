// Package reject leaves the rows of a batch that have no exact result out of
// it, and says why. It decides nothing: policies belong to the runner.
package reject

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Set holds the rows of one batch to be rejected. The zero value is empty. The
// first reason added for a row is the one that is kept.
type Set struct{ why map[int]reason }

type reason struct {
	column string
	why    *messages.Error
}

// Add rejects row i because of a column, or as a whole when column is "".
func (s *Set) Add(i int, column string, why *messages.Error) {
	if s.why == nil {
		s.why = map[int]reason{}
	}
	if _, twice := s.why[i]; !twice {
		s.why[i] = reason{column, why}
	}
}

// AddFailures rejects the rows for which an expression has no value.
func (s *Set) AddFailures(column string, f *expr.Failures) {
	if f == nil {
		return
	}
	for _, i := range f.Rows() {
		s.Add(int(i), column, f.At(int(i)))
	}
}

// Len is the number of rows to be rejected.
func (s *Set) Len() int { return len(s.why) }

// Has says whether row i is to be rejected.
func (s *Set) Has(i int) bool {
	_, ok := s.why[i]
	return ok
}

// Split gives out without the rejected rows: out holds the results of the rows
// of in, one for one, and in tells their places and how they stood. It takes
// over both; what it gives has the rejects of in and the new ones after them.
func (s *Set) Split(mem memory.Allocator, in pipelines.Batch, out arrow.Record) (pipelines.Batch, error) {
	if len(s.why) == 0 {
		return in.With(out), nil
	}
	defer in.Release()
	defer out.Release()
	keep := make([]int32, 0, int(out.NumRows())-len(s.why))
	for i := range int(out.NumRows()) {
		if !s.Has(i) {
			keep = append(keep, int32(i))
		}
	}
	kept, err := arrowx.TakeRecord(mem, out, keep)
	if err != nil {
		return pipelines.Batch{}, fmt.Errorf("leave rejected rows out: %w", err)
	}
	return pipelines.Batch{Record: kept, Places: in.Places.Take(keep), Rejects: s.Rejects(in)}, nil
}

// Rejects are those in already has and those of the set, in the order of the rows.
func (s *Set) Rejects(in pipelines.Batch) []pipelines.Reject {
	rows := make([]int, 0, len(s.why))
	for i := range s.why {
		rows = append(rows, i)
	}
	slices.Sort(rows)
	all := slices.Clip(in.Rejects)
	for _, i := range rows {
		r := s.why[i]
		all = append(all, pipelines.Reject{Place: in.Places.At(i), Column: r.column, Why: r.why, Raw: raw(in.Record, i)})
	}
	return all
}

// raw is row i as JSON, or nil when JSON cannot hold it.
func raw(r arrow.Record, i int) []byte {
	row := r.NewSlice(int64(i), int64(i)+1)
	defer row.Release()
	s := array.RecordToStructArray(row)
	defer s.Release()
	b, err := s.MarshalJSON()
	if err != nil {
		return nil
	}
	return b
}

// Copy rejects row i if from does, for the same reason.
func (s *Set) Copy(from *Set, i int) {
	if r, ok := from.why[i]; ok {
		s.Add(i, r.column, r.why)
	}
}
