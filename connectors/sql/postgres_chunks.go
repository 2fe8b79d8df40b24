package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

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
	sent := make([][]byte, len(c.parts))
	for i, p := range c.parts {
		sent[i] = p.data[p.start:p.end]
	}
	b, err := r.read(c.rows, c.first, sent)
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
		before, err := r.read(1, c.first-1, [][]byte{c.before})
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
