package pipelines

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Batch is a piece of a stream: an Arrow record, where its rows were read, and
// the rows that had to be left out of it because they could not be read exactly.
//
// A batch handed over is one reference to its record: who receives it releases
// it or passes it on. Column names are unique within a batch. Nobody changes a
// record that somebody else may hold.
type Batch struct {
	arrow.Record
	Places  Places
	Rejects []Reject
}

// Slice is rows i to j (excluded) of b with their places and none of its
// rejects. The result is a new reference; b keeps its own.
func (b Batch) Slice(i, j int64) Batch {
	return Batch{Record: b.Record.NewSlice(i, j), Places: b.Places.slice(int(i), int(j))}
}

// With is b with another record of the same rows in the same order: places and
// rejects stay. It takes over the caller's reference to r and releases b's record.
func (b Batch) With(r arrow.Record) Batch {
	b.Record.Release()
	b.Record = r
	return b
}

// Place is where a row was read.
type Place struct {
	Input string // keyed hash of the input's name; "" when the source is a query
	Line  int64  // line of the file, or ordinal of the row in the query's result; from 1; 0 is unknown
}

// Places are the places of a batch's rows.
type Places struct {
	Input string
	Lines []int64 // one per row, or nil when unknown (after a barrier)
}

// At is the place of row i.
func (p Places) At(i int) Place {
	if p.Lines == nil {
		return Place{Input: p.Input}
	}
	return Place{Input: p.Input, Line: p.Lines[i]}
}

// Take is the places of the given rows, in that order.
func (p Places) Take(rows []int32) Places {
	if p.Lines == nil {
		return p
	}
	lines := make([]int64, len(rows))
	for i, r := range rows {
		lines[i] = p.Lines[r]
	}
	return Places{p.Input, lines}
}

func (p Places) slice(i, j int) Places {
	if p.Lines == nil {
		return p
	}
	return Places{p.Input, p.Lines[i:j]}
}

// Reject is a row that could not be read or computed exactly, and why. Whoever
// finds it leaves the row out of its batch and adds the reject to that batch;
// the runner applies the step's policy. Nothing in it but Raw may hold a value.
type Reject struct {
	Place
	Column string          // "" when the row as a whole is wrong
	Step   string          // filled in by the runner
	Why    *messages.Error // of class Row
	Raw    []byte          // the row as it stood, for the encrypted quarantine only; may be nil
}

// Stream is a sequence of batches of one schema. It is not for concurrent use.
type Stream interface {
	// Schema is the same before, during and after reading.
	Schema() *arrow.Schema
	// Next hands over one reference to the next batch, which may have no rows.
	// io.EOF ends the stream; any error does, and comes again when asked again.
	// It returns promptly with ctx's error once ctx is done.
	Next(ctx context.Context) (Batch, error)
	// Close frees everything held, and is legal at any time and more than once.
	// Batches already handed over stay valid.
	Close() error
}

// NewStream is a stream made of functions. next follows the contract of
// Stream.Next but need not repeat its error; done, which may be nil, is called once.
func NewStream(schema *arrow.Schema, next func(context.Context) (Batch, error), done func() error) Stream {
	return &funcStream{schema: schema, next: next, done: done}
}

type funcStream struct {
	schema *arrow.Schema
	next   func(context.Context) (Batch, error)
	done   func() error
	err    error
}

var errClosed = errors.New("stream is closed")

func (s *funcStream) Schema() *arrow.Schema { return s.schema }

func (s *funcStream) Next(ctx context.Context) (Batch, error) {
	if s.err != nil {
		return Batch{}, s.err
	}
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	b, err := s.next(ctx)
	if err != nil {
		s.err = err
	}
	return b, err
}

func (s *funcStream) Close() error {
	if s.err == nil {
		s.err = errClosed
	}
	s.next = nil
	if done := s.done; done != nil {
		s.done = nil
		return done()
	}
	return nil
}

// Records is a stream of the given records, cut as they are. It takes over the
// caller's references.
func Records(schema *arrow.Schema, recs ...arrow.Record) Stream {
	return NewStream(schema,
		func(context.Context) (Batch, error) {
			if len(recs) == 0 {
				return Batch{}, io.EOF
			}
			r := recs[0]
			recs = recs[1:]
			return Batch{Record: r}, nil
		},
		func() error {
			for _, r := range recs {
				r.Release()
			}
			recs = nil
			return nil
		})
}

// Each calls do with every batch of s until the end or the first error, which
// it returns. do owns the batch. s stays open.
func Each(ctx context.Context, s Stream, do func(Batch) error) error {
	for {
		b, err := s.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
	}
}
