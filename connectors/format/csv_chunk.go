package format

import (
	"bytes"
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	// csvChunkSize is how many bytes one chunk has, but for the last and for
	// those that hold a longer row. It decides how rows are cut into batches and
	// is part of the format version.
	csvChunkSize = 1 << 20
	// csvRowBound is the longest row accepted.
	csvRowBound = 16 << 20
)

// csvChunks cuts a file. It reads ahead by less than one chunk.
type csvChunks struct {
	readAhead
	*csvCodec
	in      Input
	dialect csvDialect
	columns []cellColumn
	schema  *arrow.Schema

	size   int   // of a chunk
	line   int64 // of the first byte held
	offset int64 // in the file

	header   [][]byte    // see csvDecoder
	back     []*csvChunk // cut, and held back until it is known whether the file ends there
	buffers  *arrowx.Spares[*[]byte]
	decoders *arrowx.Spares[*csvDecoder]
}

func (c *csvCodec) newChunks(in Input, r io.ReadCloser) *csvChunks {
	return &csvChunks{csvCodec: c, in: in, readAhead: readAhead{file: r, text: r}, dialect: c.dialect, line: 1, size: c.chunk,
		buffers:  &arrowx.Spares[*[]byte]{New: func() *[]byte { return new([]byte) }},
		decoders: &arrowx.Spares[*csvDecoder]{New: func() *csvDecoder { return new(csvDecoder) }}}
}

// rows holds whole rows and gives the end of the last.
func (s *csvChunks) rows() (int, error) {
	for size := s.size; ; size *= 2 {
		if err := s.fill(size); err != nil {
			return 0, err
		}
		end, open := s.dialect.boundary(s.held)
		switch {
		case s.ended && open >= 0:
			if end > 0 {
				return end, nil
			}
			return 0, messages.CSVOpenQuote.With("file", s.in.Name, "line", s.line+s.lines(s.held[:open]))
		case s.ended:
			if len(s.held) == 0 {
				return 0, io.EOF
			}
			return len(s.held), nil
		case end > 0:
			return end, nil
		case size >= csvRowBound:
			return 0, messages.CSVRowTooLong.With("file", s.in.Name, "line", s.line, "bound", pipelines.Size(csvRowBound))
		}
	}
}

func (s *csvChunks) lines(b []byte) int64 {
	return int64(bytes.Count(b, []byte{s.dialect.lineEnd}))
}

// take gives out the first n bytes held, as the caller's own.
func (s *csvChunks) take(n int) (b *[]byte, line, offset int64) {
	b = s.buffers.Get()
	rest := append((*b)[:0], s.held[n:]...)
	*b, s.held = s.held[:n], rest
	line, offset = s.line, s.offset
	s.line += s.lines(*b)
	s.offset += s.dialect.encoding.rawLen(*b)
	return b, line, offset
}

func (s *csvChunks) Schema() *arrow.Schema { return s.schema }

func (s *csvChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	for s.config.SkipFooter > 0 && !s.enough() {
		c, err := s.cut(ctx)
		if err == io.EOF {
			s.leaveFooter()
			break
		}
		if err != nil {
			return nil, err
		}
		s.back = append(s.back, c)
	}
	if len(s.back) > 0 {
		c := s.back[0]
		s.back = s.back[1:]
		return c, nil
	}
	c, err := s.cut(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// enough says whether more rows than the footer has are held back behind the
// first chunk.
func (s *csvChunks) enough() bool {
	rows := 0
	for i, c := range s.back {
		if c.rows < 0 {
			c.rows = s.count(c)
		}
		if i > 0 {
			rows += c.rows
		}
	}
	return len(s.back) > 0 && rows >= int(s.config.SkipFooter)
}

// count is how many rows the chunk has, rejected ones included.
func (s *csvChunks) count(c *csvChunk) int {
	g := csvGrid{dialect: &s.dialect, header: s.header}
	g.reset(s.in.Name, len(s.columns))
	g.scan(*c.bytes, c.line)
	return len(g.rows) + len(g.rejects)
}

// leaveFooter takes the last rows off the chunks that are held back.
func (s *csvChunks) leaveFooter() {
	for need := int(s.config.SkipFooter); need > 0 && len(s.back) > 0; {
		last := s.back[len(s.back)-1]
		if last.rows > need {
			last.footer = need
			return
		}
		need -= last.rows
		last.Discard()
		s.back = s.back[:len(s.back)-1]
	}
}

// cut takes the next whole rows.
func (s *csvChunks) cut(ctx context.Context) (*csvChunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	end, err := s.rows()
	if err != nil {
		s.err = err
		return nil, err
	}
	b, line, offset := s.take(end)
	return &csvChunk{chunks: s, bytes: b, line: line, offset: offset, rows: -1}, nil
}

// csvChunk is some whole rows. Of chunks it uses only what never changes.
type csvChunk struct {
	chunks       *csvChunks
	bytes        *[]byte
	line, offset int64
	rows         int // -1: not counted
	footer       int // rows at the end that are none
}

func (c *csvChunk) Discard() {
	c.chunks.buffers.Put(c.bytes)
	c.bytes = nil
}

func (c *csvChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	s := c.chunks
	if err := s.contradicts(*c.bytes); err != nil {
		return pipelines.Batch{}, err
	}
	d := s.decoders.Get()
	defer s.decoders.Put(d)
	d.dialect, d.columns, d.schema, d.mem = &s.dialect, s.columns, s.schema, s.env.Allocator
	d.form, d.encoding, d.quote = &s.dialect.cellForm, s.dialect.encoding, s.dialect.quote
	d.input, d.offset, d.b, d.header, d.footer = s.in.Name, c.offset, *c.bytes, s.header, c.footer
	return d.decode(c.line), nil
}
