package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// chunkBytes is how many bytes of rows one chunk has at most, but for its last
// row; it has no more than batchRows rows either. Both decide how rows are cut
// into batches and are part of the format version: the cut depends on the rows
// alone, not on how they came.
const chunkBytes = 2 << 20

// blockReader gives blocks of rows in their order; io.EOF ends.
type blockReader interface {
	next(ctx context.Context) (*block, error)
	close() error
}

// postgresChunks cuts the rows that come in blocks into chunks, of which it
// looks at nothing but the lengths.
type postgresChunks struct {
	schema  *arrow.Schema
	in      blockReader
	orderBy []string
	readers *arrowx.Spares[*rowReader]

	now  *block
	at   int    // in now
	row  int64  // ordinal of the last row cut
	last []byte // that row's message, kept when the order is checked
	err  error
}

func (s *postgresChunks) Schema() *arrow.Schema { return s.schema }

func (s *postgresChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err == nil {
		s.err = ctx.Err()
	}
	c := &postgresChunk{from: s, first: s.row + 1, before: append([]byte(nil), s.last...)}
	for size := 0; s.err == nil && c.rows < batchRows && size < chunkBytes; {
		if s.now == nil {
			s.now, s.err = s.in.next(ctx)
			s.at = 0
			continue
		}
		from := s.at
		var row []byte
		for s.at < s.now.used && c.rows < batchRows && size < chunkBytes {
			m := message(s.now.data[s.at:])
			if m[0] != noRow {
				size += len(m)
				c.rows++
				row = m
			}
			s.at += len(m)
		}
		if row != nil && s.orderBy != nil {
			s.last = append(s.last[:0], row...)
		}
		c.add(s.now, from, s.at)
		if s.at == s.now.used {
			s.now.release()
			s.now = nil
		}
	}
	if c.rows > 0 { // what went wrong after these rows comes after them
		s.row += int64(c.rows)
		return c, nil
	}
	c.Discard()
	if errors.Is(s.err, errRowSize) {
		s.err = messages.RowTooLong.With("row", s.row+1, "bound", pipelines.Size(rowBound))
	}
	return nil, s.err
}

func (s *postgresChunks) Close() error {
	if s.in == nil {
		return nil
	}
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	if s.now != nil {
		s.now.release()
		s.now = nil
	}
	err := s.in.close()
	s.in = nil
	return err
}

// stream decodes the chunks one after the other.
func (s *postgresChunks) stream() pipelines.Stream {
	return pipelines.NewStream(s.schema, func(ctx context.Context) (pipelines.Batch, error) {
		c, err := s.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return c.Decode(ctx)
	}, s.Close)
}

// message is the whole message that b, of a block, starts with.
func message(b []byte) []byte { return b[:1+binary.BigEndian.Uint32(b[1:])] }

// postgresChunk is some rows, in parts of blocks. Of the chunks it uses only
// what never changes.
type postgresChunk struct {
	from   *postgresChunks
	parts  []part
	rows   int
	first  int64  // ordinal of the first row
	before []byte // message of the row before, where the order is checked
}

type part struct {
	*block
	start, end int
}

func (c *postgresChunk) add(b *block, start, end int) {
	b.hold()
	c.parts = append(c.parts, part{b, start, end})
}

func (c *postgresChunk) Discard() {
	for _, p := range c.parts {
		p.release()
	}
	c.parts = nil
}

func (c *postgresChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	r := c.from.readers.Get()
	defer c.from.readers.Put(r)
	b, err := c.decode(r)
	if err != nil {
		return b, failed(ctx, err)
	}
	return b, nil
}

func (c *postgresChunk) decode(r *rowReader) (pipelines.Batch, error) {
	b, err := r.read(c.rows, c.first, func(row func([]byte) error) error {
		for _, p := range c.parts {
			for at := p.start; at < p.end; {
				m := message(p.data[at:])
				if m[0] != noRow {
					if err := row(m[messageHeader:]); err != nil {
						return err
					}
				}
				at += len(m)
			}
		}
		return nil
	})
	if err != nil || c.from.orderBy == nil {
		return b, err
	}
	if err := c.checkOrder(r, b); err != nil {
		b.Release()
		return pipelines.Batch{}, err
	}
	return b, nil
}

// checkOrder compares the rows with one another and the first with the row
// before, unless that one was rejected.
func (c *postgresChunk) checkOrder(r *rowReader, b pipelines.Batch) error {
	order := newOrderCheck(c.from.schema, c.from.orderBy)
	if len(c.before) > 0 {
		before, err := r.read(1, c.first-1, func(row func([]byte) error) error { return row(c.before[messageHeader:]) })
		if err != nil {
			return err
		}
		err = order.check(before)
		before.Release()
		if err != nil {
			return err
		}
	}
	return order.check(b)
}

// rowReader turns rows into batches. It is used by one goroutine at a time, for
// one chunk after the other.
type rowReader struct {
	schema  *arrow.Schema
	mem     memory.Allocator
	found   []resultColumn
	columns []column
	strict  bool // each text is asked whether it is one
}

// read makes a batch of the rows that each gives, at most rows of them. It may
// ask for them twice.
func (r *rowReader) read(rows int, first int64, each func(func([]byte) error) error) (pipelines.Batch, error) {
	b, err := r.fill(rows, first, each)
	if err == nil && !r.texts(len(b.Places.Lines)) {
		// Some text is none: the row is looked for, and rejected.
		r.finish(0, nil)
		r.strict = true
		b, err = r.fill(rows, first, each)
		r.strict = false
	}
	if err != nil {
		r.finish(0, nil)
		return pipelines.Batch{}, err
	}
	r.finish(len(b.Places.Lines), &b)
	return b, nil
}

// texts says whether all that was read as text is.
func (r *rowReader) texts(rows int) bool {
	for _, c := range r.columns {
		if t, ok := c.(textual); ok && !t.areTexts(0, rows) {
			return false
		}
	}
	return true
}

// finish makes b of the columns' first rows; b nil throws them away.
func (r *rowReader) finish(rows int, b *pipelines.Batch) {
	arrays := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		arrays[i] = c.finish(rows)
		defer arrays[i].Release()
	}
	if b != nil {
		b.Record = array.NewRecord(r.schema, arrays, int64(rows))
	}
}

// fill puts the rows into the columns.
func (r *rowReader) fill(rows int, first int64, each func(func([]byte) error) error) (pipelines.Batch, error) {
	var b pipelines.Batch
	b.Places.Lines = make([]int64, 0, rows)
	for _, c := range r.columns {
		c.start(r.mem, rows)
	}
	line := first
	err := each(func(fields []byte) error {
		bad, why, err := r.row(len(b.Places.Lines), fields)
		if err != nil {
			return err
		}
		if why == nil {
			b.Places.Lines = append(b.Places.Lines, line)
		} else {
			b.Rejects = append(b.Rejects, pipelines.Reject{Place: pipelines.Place{Line: line},
				Column: r.found[bad].name, Why: why, Raw: r.raw(fields)})
		}
		line++
		return nil
	})
	return b, err
}

// row puts one row at n of the columns. When it must be rejected, why says so,
// and bad is the first column that cannot be read.
func (r *rowReader) row(n int, b []byte) (bad int, why *messages.Error, err error) {
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) != len(r.columns) {
		return 0, nil, errShape
	}
	b = b[2:]
	for i, c := range r.columns {
		if len(b) < 4 {
			return 0, nil, errShape
		}
		size := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if size == -1 {
			c.null(n)
			continue
		}
		if size < 0 || size > len(b) {
			return 0, nil, errShape
		}
		w := c.put(n, b[:size])
		if w == nil && r.strict {
			if t, ok := c.(textual); ok && !t.areTexts(n, n+1) {
				w = notUTF8
			}
		}
		if w != nil {
			if w == malformed {
				return 0, nil, fmt.Errorf("read column %q: %w", r.found[i].name, errShape)
			}
			if why == nil {
				bad, why = i, w
			}
		}
		b = b[size:]
	}
	if len(b) > 0 {
		return 0, nil, errShape
	}
	if why != nil {
		for _, c := range r.columns {
			c.again(n)
		}
	}
	return bad, why, nil
}

// raw is a row that row has read as it stood, for the quarantine.
func (r *rowReader) raw(b []byte) []byte {
	values := make([][]byte, len(r.found))
	b = b[2:]
	for i := range values {
		size := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if size >= 0 {
			values[i] = b[:size]
			b = b[size:]
		}
	}
	return rawRow(r.found, func(i int) (string, bool) {
		if values[i] == nil {
			return "", false
		}
		return postgresWords(postgresTypes[r.found[i].code].kind, values[i]), true
	})
}
