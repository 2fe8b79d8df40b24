package format

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"

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
	*csvCodec
	in      Input
	file    io.ReadCloser
	text    io.Reader
	dialect csvDialect
	columns []csvColumn
	schema  *arrow.Schema

	size   int    // of a chunk
	held   []byte // read and not yet given out
	line   int64  // of the first byte held
	offset int64  // in the file
	ended  bool   // nothing is left to read
	err    error  // what comes when held is used up

	buffers  *sync.Pool // of *[]byte
	decoders *sync.Pool // of *csvDecoder
}

// open reads up to and with the header. On success the result owns r.
func (c *csvCodec) open(in Input, r io.ReadCloser) (*csvChunks, error) {
	s := c.newChunks(in, r)
	if err := s.start(); err != nil {
		return nil, err
	}
	if err := s.detectLineEnd(); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(c.config.Columns))
	if c.config.Header == 0 {
		for _, col := range c.config.Columns {
			names = append(names, col.Name)
		}
	}
	for row := int64(1); row <= c.config.Header; row++ {
		b, err := s.row()
		if err == io.EOF {
			return nil, messages.CSVNoHeader.With("file", in.Name, "row", c.config.Header)
		}
		if err != nil {
			return nil, err
		}
		if row < c.config.Header {
			continue
		}
		if names, err = s.names(b); err != nil {
			return nil, err
		}
	}
	var err error
	if s.columns, err = c.columnsOf(in, names); err != nil {
		return nil, err
	}
	decls := make([]pipelines.ColumnDecl, len(s.columns))
	for i, col := range s.columns {
		decls[i] = col.ColumnDecl
	}
	s.schema = pipelines.Schema(decls)
	return s, nil
}

func (c *csvCodec) newChunks(in Input, r io.ReadCloser) *csvChunks {
	return &csvChunks{csvCodec: c, in: in, file: r, text: r, dialect: c.dialect, line: 1, size: c.chunk,
		buffers:  &sync.Pool{New: func() any { return new([]byte) }},
		decoders: &sync.Pool{New: func() any { return new(csvDecoder) }}}
}

// start passes over the byte order mark and judges it.
func (s *csvChunks) start() error {
	var head [3]byte
	n, err := io.ReadFull(s.file, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	b := head[:n]
	e := s.dialect.encoding
	little, big := bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF})
	wrong := func(why, instead string) error {
		return messages.CSVWrongEncoding.With("file", s.in.Name, "encoding", s.dialect.encodingName, "why", why, "instead", strconv.Quote(instead))
	}
	switch {
	case !e.wide && (little || big):
		return wrong("it starts with the mark of UTF-16", "utf-16")
	case !e.wide && bytes.Equal(b, byteMark):
		b, s.offset = nil, 3
	case e.wide && e.order == byMark && !little && !big && n > 0:
		return wrong("it has no mark that tells the byte order", "utf-16le")
	case e.wide && e.order == littleEndian && big:
		return wrong("its mark tells the other byte order", "utf-16be")
	case e.wide && e.order == bigEndian && little:
		return wrong("its mark tells the other byte order", "utf-16le")
	case e.wide && (little || big):
		b, s.offset = b[2:], 2
	}
	s.text = io.MultiReader(bytes.NewReader(bytes.Clone(b)), s.file)
	if e.wide {
		s.text = &wideReader{in: s.text, big: big || e.order == bigEndian}
	}
	return nil
}

// detectLineEnd looks at how the first row ends: a CR without LF after it is
// the line end of the whole file, else LF is, with or without CR before it.
func (s *csvChunks) detectLineEnd() error {
	for size := s.size; ; size *= 2 {
		if err := s.fill(size); err != nil {
			return err
		}
		if i := s.firstLineEnd(); i >= 0 || s.ended || size >= csvRowBound {
			if i >= 0 && s.held[i] == '\r' {
				s.dialect.lineEnd = '\r'
			}
			return nil
		}
	}
}

// firstLineEnd is where the first LF or lone CR outside quotes is known to stand, or -1.
func (s *csvChunks) firstLineEnd() int {
	d, b := &s.dialect, s.held
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n':
			return i
		case c == '\r' && i+1 < len(b):
			if b[i+1] != '\n' {
				return i
			}
		case c == '\r' && s.ended:
			return i
		case c == d.quote && c != 0 && (i == 0 || b[i-1] == d.delimiter):
			if i = d.closing(b, i+1) - 1; i < 0 {
				return -1
			}
		}
	}
	return -1
}

// fill reads until size bytes are held or the file ends.
func (s *csvChunks) fill(size int) error {
	if cap(s.held) < size {
		s.held = append(make([]byte, 0, size), s.held...)
	}
	for len(s.held) < size && !s.ended {
		n, err := s.text.Read(s.held[len(s.held):size])
		s.held = s.held[:len(s.held)+n]
		if err == io.EOF {
			s.ended = true
		} else if err != nil {
			return err
		}
	}
	return nil
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
	b = s.buffers.Get().(*[]byte)
	rest := append((*b)[:0], s.held[n:]...)
	*b, s.held = s.held[:n], rest
	line, offset = s.line, s.offset
	s.line += s.lines(*b)
	s.offset += s.dialect.encoding.rawLen(*b)
	return b, line, offset
}

// row takes one row, its line end included.
func (s *csvChunks) row() ([]byte, error) {
	end, err := s.rows()
	if err != nil {
		return nil, err
	}
	// the first boundary: grow a prefix over line ends until one lies outside quotes
	for n := 0; n < end; {
		k := bytes.IndexByte(s.held[n:end], s.dialect.lineEnd)
		if k < 0 {
			break
		}
		n += k + 1
		if e, _ := s.dialect.boundary(s.held[:n]); e == n {
			end = n
		}
	}
	row := bytes.Clone(s.held[:end])
	s.line += s.lines(row)
	s.offset += s.dialect.encoding.rawLen(row)
	s.held = append(s.held[:0], s.held[end:]...)
	return row, nil
}

// names reads the header. A column without a name is called after its place.
func (s *csvChunks) names(b []byte) ([]string, error) {
	g := csvGrid{dialect: &s.dialect, input: s.in.Name}
	at := s.line - s.lines(b)
	g.scan(b, at)
	if len(g.rejects) > 0 {
		return nil, s.badHeader(g.rejects[0].Why)
	}
	if len(g.cells) == 0 {
		return nil, messages.CSVNoHeader.With("file", s.in.Name, "row", s.config.Header)
	}
	d := csvDecoder{dialect: &s.dialect}
	names := make([]string, len(g.cells))
	for i, c := range g.cells {
		raw := b[c.start:c.end]
		if j := s.dialect.encoding.unreadable(raw); j >= 0 {
			at := s.offset - s.dialect.encoding.rawLen(b[int(c.start)+j:]) + 1
			return nil, s.badHeader(messages.CSVUnreadableByte.With("byte", at, "cell", i+1, "encoding", s.dialect.encodingName))
		}
		names[i] = strings.TrimFunc(string(d.plain(raw, c)), isPadding)
		if s.dialect.own {
			names[i] = string(d.plain(raw, c))
			if s.dialect.guarded {
				names[i] = strings.TrimPrefix(names[i], "'")
			}
		} else if names[i] == "" {
			names[i] = "column_" + strconv.Itoa(i+1)
		}
	}
	return names, nil
}

func (s *csvChunks) badHeader(why *messages.Error) error {
	return messages.CSVBadHeader.Wrap(why, "file", s.in.Name, "row", s.config.Header)
}

func isPadding(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u00a0' || r == '\u202f'
}

func (s *csvChunks) Schema() *arrow.Schema { return s.schema }

func (s *csvChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
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
	return &csvChunk{chunks: s, bytes: b, line: line, offset: offset}, nil
}

func (s *csvChunks) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file, s.held = nil, nil
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}

// csvChunk is some whole rows. Of chunks it uses only what never changes.
type csvChunk struct {
	chunks       *csvChunks
	bytes        *[]byte
	line, offset int64
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
	d := s.decoders.Get().(*csvDecoder)
	defer s.decoders.Put(d)
	d.dialect, d.columns, d.schema, d.mem = &s.dialect, s.columns, s.schema, s.env.Allocator
	d.input, d.offset, d.b = s.in.Name, c.offset, *c.bytes
	return d.decode(c.line), nil
}
