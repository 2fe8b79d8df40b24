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
	// fixedChunkSize is how many bytes one chunk has at most, but for one that
	// holds a longer line. It is part of the format version.
	fixedChunkSize = 1 << 20
	// fixedRowBound is the longest line or record accepted.
	fixedRowBound = 1 << 20
)

// fixedChunks cuts a file. It reads ahead by less than one chunk.
type fixedChunks struct {
	readAhead
	*fixedCodec
	in      Input
	skipped *tally

	lineEnd byte
	ending  string // of each record, where the first ends with a line end
	marked  bool   // the file starts with the mark of UTF-8, and is declared to be something else
	line    int64  // of the first byte held, or its record
	offset  int64  // in the file

	buffers  *arrowx.Spares[*[]byte]
	decoders *arrowx.Spares[*cellDecoder]
}

func newFixedChunks(c *fixedCodec, in Input, r io.ReadCloser) *fixedChunks {
	return &fixedChunks{fixedCodec: c, in: in, readAhead: readAhead{file: r, text: r}, lineEnd: '\n', line: 1,
		skipped:  newTally(c.env.Log, "lines that are none of those declared", in.Name),
		buffers:  &arrowx.Spares[*[]byte]{New: func() *[]byte { return new([]byte) }},
		decoders: &arrowx.Spares[*cellDecoder]{New: func() *cellDecoder { return new(cellDecoder) }}}
}

func (s *fixedChunks) Schema() *arrow.Schema { return s.schema }

// start passes over a mark and looks how the first line ends.
func (s *fixedChunks) start() error {
	if err := s.fill(max(s.chunk, 3)); err != nil {
		return err
	}
	switch b := s.held; {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}) || bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return messages.CSVWrongEncoding.With("file", s.in.Name, "encoding", s.config.Encoding,
			"why", "it starts with the mark of UTF-16", "instead", `"utf-8"`)
	case bytes.HasPrefix(b, byteMark):
		s.held, s.offset, s.marked = append(s.held[:0], b[3:]...), 3, s.encoding.table != nil
	}
	if n := int(s.config.RecordLength); n > 0 {
		if err := s.fill(n); err != nil {
			return err
		}
		first := s.held[:min(n, len(s.held))]
		s.ending = string(first[len(bytes.TrimRight(first, "\r\n")):])
	}
	for size := s.chunk; s.config.RecordLength == 0; size *= 2 {
		if i := bytes.IndexAny(s.held, "\r\n"); i >= 0 && (i+1 < len(s.held) || s.ended) {
			if s.held[i] == '\r' && (i+1 == len(s.held) || s.held[i+1] != '\n') {
				s.lineEnd = '\r'
			}
			break
		}
		if s.ended || size > fixedRowBound {
			break
		}
		if err := s.fill(2 * size); err != nil {
			return err
		}
	}
	return nil
}

// rows holds whole rows and gives where the last ends.
func (s *fixedChunks) rows() (int, error) {
	for size := s.chunk; ; size *= 2 {
		if err := s.fill(size); err != nil {
			return 0, err
		}
		end := bytes.LastIndexByte(s.held, s.lineEnd) + 1
		if n := int(s.config.RecordLength); n > 0 {
			end = len(s.held) / n * n
		}
		switch {
		case s.ended && s.config.RecordLength > 0 && end < len(s.held):
			if end > 0 {
				return end, nil
			}
			if len(bytes.Trim(s.held, "\r\n\x1a")) > 0 {
				return 0, messages.FixedCut.With("file", s.in.Name, "got", len(s.held), "wanted", s.config.RecordLength)
			}
			return 0, io.EOF
		case s.ended && (len(s.held) == 0 || string(s.held) == "\x1a"):
			return 0, io.EOF
		case s.ended:
			return len(s.held), nil
		case end > 0:
			return end, nil
		case size > fixedRowBound:
			return 0, messages.FixedTooLong.With("file", s.in.Name, "line", s.line, "bound", pipelines.Size(fixedRowBound))
		}
	}
}

func (s *fixedChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, err := s.rows()
	if err != nil {
		if err == io.EOF {
			s.skipped.end()
		}
		s.err = err
		return nil, err
	}
	b := s.buffers.Get()
	rest := append((*b)[:0], s.held[n:]...)
	*b, s.held = s.held[:n], rest
	c := &fixedChunk{chunks: s, bytes: b, line: s.line, offset: s.offset}
	s.offset += int64(n)
	if s.config.RecordLength > 0 {
		s.line += int64(n) / s.config.RecordLength
	} else {
		s.line += int64(bytes.Count(*b, []byte{s.lineEnd}))
	}
	s.skipped.open()
	return c, nil
}

// fixedChunk is some whole rows. Of chunks it uses only what never changes.
type fixedChunk struct {
	chunks       *fixedChunks
	bytes        *[]byte
	line, offset int64
	skipped      int64
}

func (c *fixedChunk) Discard() {
	c.chunks.skipped.done(c.skipped)
	c.chunks.buffers.Put(c.bytes)
	c.bytes = nil
}

func (c *fixedChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	s := c.chunks
	if s.marked && linesAreUTF8(*c.bytes, s.lineEnd) {
		return pipelines.Batch{}, messages.CSVWrongEncoding.With("file", s.in.Name, "encoding", s.config.Encoding,
			"why", "it starts with the mark of UTF-8, and has rows with letters of UTF-8", "instead", `"utf-8"`)
	}
	d := s.decoders.Get()
	defer s.decoders.Put(d)
	d.columns, d.schema, d.mem, d.input = s.columns, s.schema, s.env.Allocator, s.in.Name
	d.grid.reset(s.in.Name, len(s.columns))
	d.b, d.raw, d.encoding = *c.bytes, *c.bytes, utf8Cells
	if s.config.NUL == "space" {
		for i := bytes.IndexByte(d.b, 0); i >= 0; {
			d.b[i] = ' '
			j := bytes.IndexByte(d.b[i+1:], 0)
			if j < 0 {
				break
			}
			i += 1 + j
		}
	}
	c.split(d)
	d.form = &s.form
	d.clean, d.direct = true, len(d.form.nulls) == 0
	if !isPlainText(d.b) {
		c.write(d)
		*c.bytes = d.b[:len(*c.bytes)] // which may have grown
	}
	return d.batch(), nil
}

// split finds the lines and their fields.
func (c *fixedChunk) split(d *cellDecoder) {
	s, b := c.chunks, d.b
	other := '\n' + '\r' - s.lineEnd
	mixed := s.config.RecordLength == 0 && bytes.IndexByte(b, other) >= 0
	for at, line := 0, c.line; at < len(b); line++ {
		end, next := len(b), len(b)
		if n := int(s.config.RecordLength); n > 0 {
			end, next = at+n, at+n
		} else if i := bytes.IndexByte(b[at:], s.lineEnd); i >= 0 {
			end, next = at+i, at+i+1
			if s.lineEnd == '\n' && end > at && b[end-1] == '\r' {
				end--
			}
		}
		row := gridRow{start: at, end: end, line: line}
		text := b[at:end]
		at = next
		if len(text) == 0 || at == len(b) && string(text) == "\x1a" {
			continue
		}
		if mixed && bytes.IndexByte(text, other) >= 0 || s.ending != "" && !s.endsAsTheFirst(text) {
			d.grid.reject(b, row, messages.MisplacedLineEnd.With())
			continue
		}
		if !s.wanted(text) {
			c.skipped++
			continue
		}
		if len(text) < s.length && s.config.Short == "reject" {
			d.grid.reject(b, row, messages.FixedShort.With("got", len(text), "wanted", s.length))
			continue
		}
		d.grid.rows = append(d.grid.rows, row)
		for i := range s.fields {
			f := &s.fields[i]
			from, to := row.start+min(f.start, len(text)), row.start+min(f.end, len(text))
			if s.config.Trim {
				for from < to && isBlank(b[from]) {
					from++
				}
				for from < to && isBlank(b[to-1]) {
					to--
				}
			}
			d.grid.cells = append(d.grid.cells, cell{start: uint32(from), end: uint32(to)})
		}
	}
}

// endsAsTheFirst says whether a record ends with the line end of the first one, and
// has none before.
func (s *fixedChunks) endsAsTheFirst(record []byte) bool {
	text, ok := bytes.CutSuffix(record, []byte(s.ending))
	return ok && !bytes.ContainsAny(text, "\r\n")
}

// isBlank is isPadding of ASCII.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (c *fixedCodec) wanted(line []byte) bool {
	for i := range c.only {
		if !c.only[i].on(line) {
			return false
		}
	}
	for i := range c.except {
		if c.except[i].on(line) {
			return false
		}
	}
	return true
}

// write makes text of the cells that are not ASCII, behind all rows where they have to
// be written anew, and rejects the rows in which a byte of a column is no text.
func (c *fixedChunk) write(d *cellDecoder) {
	w, e := d.grid.width, c.chunks.encoding
	for r, row := range d.grid.rows {
		if isPlainText(d.b[row.start:row.end]) {
			continue
		}
		cells := d.grid.cells[r*w : (r+1)*w]
		for i := range cells {
			cell := &cells[i]
			text := d.b[cell.start:cell.end]
			if isPlainText(text) {
				continue
			}
			if j := e.unreadable(text); j >= 0 { // a column may cut a character of UTF-8
				d.fail(r, i, messages.CSVUnreadableByte.With("byte", c.offset+int64(cell.start)+int64(j)+1,
					"cell", i+1, "encoding", c.chunks.config.Encoding))
				break
			}
			at := int(cell.start)
			if e.table != nil {
				at = len(d.b)
				d.b = e.appendText(d.b, text)
				text = d.b[at:]
			}
			if c.chunks.config.Trim {
				left := bytes.TrimLeftFunc(text, isPadding)
				at += len(text) - len(left)
				text = bytes.TrimRightFunc(left, isPadding)
			}
			cell.start, cell.end = uint32(at), uint32(at+len(text))
		}
	}
	d.leaveOut()
}
