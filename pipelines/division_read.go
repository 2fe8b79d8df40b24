package pipelines

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// open reads a part and the rejects that concern it from their start. Any number
// may be open at once.
func (d *division) open(part int, hears []int) (_ Chunks, err error) {
	c := &partChunks{division: d, inputs: d.inputs}
	defer func() {
		if err != nil {
			c.Close()
			err = d.explain(err)
		}
	}()
	if c.own, err = openCursor(d.rows, part, len(d.schema.Fields())); err != nil {
		return nil, err
	}
	for _, h := range hears {
		if d.rejects == nil || h == nowhere {
			continue
		}
		r, err := openCursor(d.rejects, h, 0)
		if err != nil {
			return nil, err
		}
		c.heard = append(c.heard, r)
	}
	return c, nil
}

// partChunks gives a batch for each of the source's, in their order.
type partChunks struct {
	*division
	own    *cursor
	heard  []*cursor
	inputs []inputOf // the first is that of the last batch given
	next   int64
	err    error
}

func (c *partChunks) Schema() *arrow.Schema { return c.schema }

func (c *partChunks) Next(ctx context.Context) (Chunk, error) {
	if c.err == nil {
		c.err = ctx.Err()
	}
	if c.err == nil && c.next == c.chunks {
		c.err = io.EOF
	}
	if c.err != nil {
		return nil, c.err
	}
	for len(c.inputs) > 1 && c.inputs[1].chunk <= c.next {
		c.inputs = c.inputs[1:]
	}
	chunk := &partChunk{division: c.division, input: c.inputs[0].name}
	chunk.rows, c.err = c.own.take(c.next)
	for _, h := range c.heard {
		if c.err == nil {
			var more []span
			more, c.err = h.take(c.next)
			chunk.rejects = append(chunk.rejects, more...)
		}
	}
	if c.err != nil {
		chunk.Discard()
		c.err = c.explain(c.err)
		return nil, c.err
	}
	c.next++
	return chunk, nil
}

func (c *partChunks) Close() error {
	for _, cur := range append(c.heard, c.own) {
		if cur != nil {
			cur.close()
		}
	}
	c.own, c.heard = nil, nil
	if c.err == nil {
		c.err = io.ErrClosedPipe
	}
	return nil
}

// partChunk is what a part has of one batch of the source.
type partChunk struct {
	*division
	input         string
	rows, rejects []span
}

func (c *partChunk) Discard() {
	for _, s := range append(c.rows, c.rejects...) {
		s.rec.Release()
	}
	c.rows, c.rejects = nil, nil
}

func (c *partChunk) Decode(context.Context) (Batch, error) {
	defer c.Discard()
	b := Batch{Places: Places{Input: c.input}}
	var err error
	if b.Rejects, err = c.readRejects(); err != nil {
		return Batch{}, err
	}
	if len(c.rows) == 0 {
		c.empty.Retain()
		b.Record = c.empty
		return b, nil
	}
	s := c.rows[0] // a chunk's rows are in one frame
	n := int64(c.schema.NumFields())
	cols := make([]arrow.Array, n)
	for i := range cols {
		cols[i] = array.NewSlice(s.rec.Column(i), s.from, s.to)
		defer cols[i].Release()
	}
	if lines := s.rec.Column(int(n) + 1).(*array.Int64); lines.IsValid(int(s.from)) {
		b.Places.Lines = slices.Clone(lines.Int64Values()[s.from:s.to])
	}
	b.Record = array.NewRecord(c.schema, cols, s.to-s.from)
	return b, nil
}

// readRejects gives the rejects in the order in which the source's batch had them.
func (c *partChunk) readRejects() ([]Reject, error) {
	var all []heardAt
	var why *messages.Error
	var text []byte // of why
	for _, s := range c.rejects {
		number := func(c int, i int64) int64 { return s.rec.Column(c).(*array.Int64).Value(int(i)) }
		value := func(c int, i int64) string {
			return string([]byte(s.rec.Column(c).(*array.String).Value(int(i)))) // not the record's memory
		}
		whys, raws := s.rec.Column(6).(*array.Binary), s.rec.Column(7).(*array.Binary)
		for i := s.from; i < s.to; i++ {
			if t := whys.Value(int(i)); why == nil || !bytes.Equal(t, text) { // most rows are wrong alike
				var err error
				if why, err = c.shelf.Get(t); err != nil {
					return nil, err
				}
				text = t
			}
			r := Reject{Place: Place{Input: value(2, i), Line: number(3, i)}, Column: value(4, i), Step: value(5, i), Why: why}
			if raws.IsValid(int(i)) {
				r.Raw = append([]byte{}, raws.Value(int(i))...)
			}
			all = append(all, heardAt{heard: heard{Reject: r}, n: number(1, i)})
		}
	}
	slices.SortStableFunc(all, func(a, b heardAt) int { return cmp.Compare(a.n, b.n) })
	var out []Reject
	for _, r := range all {
		out = append(out, r.Reject)
	}
	return out, nil
}

// cursor is a place in a sequence of the spool, whose records say in one column
// of which batch of the source each row is.
type cursor struct {
	reader *arrowx.SpoolReader
	column int
	rec    arrow.Record // nil: none is left, or none was read
	at     int
	ended  bool
}

// span is some rows of a record, and a reference to it.
type span struct {
	rec      arrow.Record
	from, to int64
}

func openCursor(set *arrowx.SpoolSet, sequence, column int) (*cursor, error) {
	r, err := set.Open(sequence)
	return &cursor{reader: r, column: column, ended: err != nil}, err
}

// take gives the rows of a batch, which comes after those that were taken.
func (c *cursor) take(chunk int64) (out []span, err error) {
	for {
		for !c.ended && c.rec == nil {
			if c.rec, err = c.reader.Next(); err == io.EOF {
				c.ended = true
			} else if err != nil {
				return out, err
			}
			c.at = 0
		}
		if c.ended {
			return out, nil
		}
		chunks := c.rec.Column(c.column).(*array.Int64).Int64Values()
		from := c.at
		for c.at < len(chunks) && chunks[c.at] == chunk {
			c.at++
		}
		if c.at > from {
			c.rec.Retain()
			out = append(out, span{c.rec, int64(from), int64(c.at)})
		}
		if c.at < len(chunks) {
			return out, nil
		}
		c.drop()
	}
}

func (c *cursor) drop() {
	if c.rec != nil {
		c.rec.Release()
		c.rec = nil
	}
}

func (c *cursor) close() {
	c.drop()
	if c.reader != nil {
		c.reader.Close()
	}
}
