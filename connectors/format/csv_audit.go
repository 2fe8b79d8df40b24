package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ownCodec reads what the profile writes.
func (c *csvCodec) ownCodec(schema *arrow.Schema) *csvCodec {
	p := c.profile
	own := &csvCodec{env: c.env, config: csvConfig{headerOptions: defaultHeader}, profile: p, chunk: c.chunk, dialect: csvDialect{
		delimiter: p.delimiter, quote: '"', lineEnd: '\n', encoding: csvEncodings["utf-8"], encodingName: "utf-8",
		cellForm: cellForm{numbers: scalar.NumberFormat{Decimal: p.decimal}, emptyIsNull: true,
			trueWords: []string{p.yes}, falseWords: []string{p.no}, own: true, guarded: p.guard}}}
	for _, f := range schema.Fields() {
		decl := pipelines.ColumnDecl{Name: f.Name, ColumnType: pipelines.ColumnType{Type: f.Type}}
		if f.Type.ID() == arrow.DATE32 {
			decl.Format = p.date
		}
		own.config.Columns = append(own.config.Columns, decl)
	}
	return own
}

// Open reads a file the profile wrote. Whatever is not exactly of the schema is
// an error, never a reject.
func (c *csvCodec) Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error) {
	chunks, err := c.OpenAudited(ctx, in, size, schema)
	if err != nil {
		return nil, err
	}
	return decodedInTurn(chunks), nil
}

// OpenAudited is Open and Audit at once: whoever decodes a chunk checks its bytes.
func (c *csvCodec) OpenAudited(_ context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Chunks, error) {
	own := c.ownCodec(schema)
	chunks, err := own.open(Input{}, io.NopCloser(io.NewSectionReader(in, 0, size)))
	if err != nil {
		return nil, messages.CSVNotAsWritten.Wrap(err, "why", "its column names cannot be read")
	}
	if !slices.Equal(pipelines.Columns(chunks.schema), pipelines.Columns(schema)) {
		return nil, messages.CSVNotAsWritten.With("why", "its columns are others, or in another order")
	}
	chunks.schema = schema
	head := make([]byte, chunks.offset)
	if n, err := in.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("read csv: %w", err)
	}
	a := csvAudit{profile: c.profile, width: schema.NumFields()}
	if head, err = a.mark(head); err == nil {
		err = a.check(head, 1) // its reader has found it to be text
	}
	if err != nil {
		return nil, err
	}
	return &csvAudited{chunks, a}, nil
}

// csvAudited are the chunks of a file the profile wrote.
type csvAudited struct {
	*csvChunks
	audit csvAudit
}

func (a *csvAudited) Next(ctx context.Context) (pipelines.Chunk, error) {
	c, err := a.csvChunks.Next(ctx)
	if err != nil {
		return nil, err
	}
	return &csvAuditedChunk{c.(*csvChunk), &a.audit}, nil
}

type csvAuditedChunk struct {
	*csvChunk
	audit *csvAudit
}

// Decode leaves it to the decoder to refuse what is no text.
func (c *csvAuditedChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	if err := c.audit.check(*c.bytes, c.line); err != nil {
		c.Discard()
		return pipelines.Batch{}, err
	}
	b, err := c.csvChunk.Decode(ctx)
	if err != nil || len(b.Rejects) == 0 {
		b.Places = pipelines.Places{}
		return b, err
	}
	b.Release()
	r := b.Rejects[0]
	return pipelines.Batch{}, messages.CSVNotCanonical.With("line", r.Line, "why", r.Why.What(messages.English))
}

// Audit checks that every byte is the one the profile writes for the cells that
// stand there: the mark, the quotes only where needed, the line ends, and the
// same number of cells in every row.
func (c *csvCodec) Audit(ctx context.Context, in io.ReaderAt, size int64) error {
	own := c.ownCodec(arrow.NewSchema(nil, nil))
	a := csvAudit{profile: c.profile}
	s := own.newChunks(Input{}, io.NopCloser(io.NewSectionReader(in, 0, size)))
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		end, err := s.rows()
		if err == io.EOF && !first {
			return nil
		}
		if err == io.EOF {
			return messages.CSVNotCanonical.With("line", 1, "why", "there are no column names")
		}
		if err != nil {
			return err
		}
		taken, line, _ := s.take(end)
		b := *taken
		if first {
			if b, err = a.mark(b); err != nil {
				return err
			}
		}
		if bytes.IndexByte(b, 0) >= 0 || !arrowx.ValidUTF8(b) {
			return messages.CSVNotCanonical.With("line", line, "why", "a byte that is no UTF-8 text, there or after")
		}
		if err := a.check(b, line); err != nil {
			return err
		}
		s.buffers.Put(taken)
	}
}

// csvAudit says whether bytes are those that a profile writes.
type csvAudit struct {
	profile csvProfile
	width   int // cells of a row; 0: as many as the first has
}

// mark takes the byte order mark off the start of a file.
func (a *csvAudit) mark(b []byte) ([]byte, error) {
	rest, found := bytes.CutPrefix(b, byteMark)
	if found != a.profile.mark {
		return nil, messages.CSVNotCanonical.With("line", 1, "why", "the byte order mark")
	}
	return rest, nil
}

// check checks whole rows of text, of which the first stands at line. Once the
// width is known it may be called by several goroutines.
func (a *csvAudit) check(b []byte, line int64) error {
	wrong := func(why string) error {
		return messages.CSVNotCanonical.With("line", line, "why", why)
	}
	for pos, quote := 0, -1; pos < len(b); line++ {
		if quote < pos {
			if quote = bytes.IndexByte(b[pos:], '"'); quote < 0 {
				quote = len(b)
			} else {
				quote += pos
			}
		}
		cells, end := a.plainRow(b[pos:quote])
		pos += end
		if end == 0 {
			for more := true; more; cells++ {
				end, lines, ok := a.cell(b, pos)
				more = ok && end < len(b) && b[end] == a.profile.delimiter
				if !ok || !more && !bytes.HasPrefix(b[end:], []byte("\r\n")) {
					return wrong("quotes or a line end that do not belong")
				}
				pos = end + 1
				line += lines
			}
			pos++ // after the LF
		}
		if a.width == 0 {
			a.width = cells
		}
		if cells != a.width {
			return wrong("a row with another number of cells than columns")
		}
	}
	return nil
}

// plainRow is how many cells the first row of b has, and what follows it. Where there is
// none, or its end is not as it must be, end is 0. b has no quote.
func (a *csvAudit) plainRow(b []byte) (cells, end int) {
	n := bytes.IndexByte(b, '\r')
	if n < 0 || n+1 == len(b) || b[n+1] != '\n' || bytes.IndexByte(b[:n], '\n') >= 0 {
		return 0, 0
	}
	return 1 + bytes.Count(b[:n], []byte{a.profile.delimiter}), n + 2
}

// cell gives what follows the cell at pos, and how many lines end in it. It has
// quotes when it holds a quote, a delimiter or a line end, and when it is the
// empty text; else none.
func (a *csvAudit) cell(b []byte, pos int) (end int, lines int64, ok bool) {
	if pos == len(b) || b[pos] != '"' {
		end = a.special(b, pos)
		return end, 0, end == len(b) || b[end] != '"'
	}
	needed := false
	for end = pos + 1; ; end++ {
		k := bytes.IndexByte(b[end:], '"')
		if k < 0 {
			return 0, 0, false
		}
		if end += k + 1; end == len(b) || b[end] != '"' {
			break
		}
		needed = true
	}
	text := b[pos+1 : end-1]
	if !needed && len(text) > 0 && a.special(text, 0) == len(text) {
		return 0, 0, false
	}
	return end, int64(bytes.Count(text, []byte{'\n'})), true
}

// special is the next delimiter, quote or part of a line end from pos on, eight
// bytes at a time.
func (a *csvAudit) special(b []byte, pos int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	delimiter := uint64(a.profile.delimiter) * ones
	for ; pos+8 <= len(b); pos += 8 {
		v := uint64le(b[pos:])
		w, x, y, z := v^delimiter, v^'"'*ones, v^'\r'*ones, v^'\n'*ones
		if m := ((w-ones)&^w | (x-ones)&^x | (y-ones)&^y | (z-ones)&^z) & highs; m != 0 {
			return pos + bits.TrailingZeros64(m)/8
		}
	}
	for ; pos < len(b); pos++ {
		if c := b[pos]; c == a.profile.delimiter || c == '"' || c == '\r' || c == '\n' {
			break
		}
	}
	return pos
}
