package format

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ownCodec reads what the profile writes.
func (c *csvCodec) ownCodec(schema *arrow.Schema) (*csvCodec, error) {
	p := c.profile
	own := &csvCodec{env: c.env, config: csvConfig{Header: 1}, types: map[string]csvColumn{}, profile: p, chunk: c.chunk, dialect: csvDialect{
		delimiter: p.delimiter, quote: '"', lineEnd: '\n', encoding: csvEncodings["utf-8"], encodingName: "utf-8",
		numbers: scalar.NumberFormat{Decimal: p.decimal}, emptyIsNull: true,
		trueWords: []string{p.yes}, falseWords: []string{p.no}, own: true, guarded: p.guard}}
	for _, f := range schema.Fields() {
		col := csvColumn{ColumnDecl: pipelines.ColumnDecl{Name: f.Name, ColumnType: pipelines.ColumnType{Type: f.Type}}}
		var err error
		if col.date, err = scalar.NewDateFormat(p.date); err != nil {
			return nil, err
		}
		own.types[f.Name] = col
	}
	return own, nil
}

// Open reads a file the profile wrote. Whatever is not exactly of the schema is
// an error, never a reject.
func (c *csvCodec) Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error) {
	own, err := c.ownCodec(schema)
	if err != nil {
		return nil, err
	}
	chunks, err := own.open(Input{}, io.NopCloser(io.NewSectionReader(in, 0, size)))
	if err != nil {
		return nil, messages.CSVNotAsWritten.Wrap(err, "why", "its column names cannot be read")
	}
	if !slices.Equal(pipelines.Columns(chunks.schema), pipelines.Columns(schema)) {
		return nil, messages.CSVNotAsWritten.With("why", "its columns are others, or in another order")
	}
	chunks.schema = schema
	return pipelines.NewStream(schema, func(ctx context.Context) (pipelines.Batch, error) {
		chunk, err := chunks.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		b, err := chunk.Decode(ctx)
		if err != nil || len(b.Rejects) == 0 {
			b.Places = pipelines.Places{}
			return b, err
		}
		b.Record.Release()
		r := b.Rejects[0]
		return pipelines.Batch{}, messages.CSVNotCanonical.With("line", r.Line, "why", r.Why.What(messages.English))
	}, chunks.Close), nil
}

// Audit checks that every byte is the one the profile writes for the cells it
// reads: the mark, the quotes only where needed, the line ends, and the same
// number of cells in every row.
func (c *csvCodec) Audit(ctx context.Context, in io.ReaderAt, size int64) error {
	own, err := c.ownCodec(arrow.NewSchema(nil, nil))
	if err != nil {
		return err
	}
	s := own.newChunks(Input{}, io.NopCloser(io.NewSectionReader(in, 0, size)))
	if err := s.start(); err != nil {
		return err
	}
	if (s.offset != 0) != c.profile.mark {
		return messages.CSVNotCanonical.With("line", 1, "why", "the byte order mark")
	}
	a := csvAudit{profile: c.profile, dialect: &s.dialect}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		end, err := s.rows()
		if err == io.EOF && a.width > 0 {
			return nil
		}
		if err == io.EOF {
			return messages.CSVNotCanonical.With("line", 1, "why", "there are no column names")
		}
		if err != nil {
			return err
		}
		b, line, _ := s.take(end)
		if err := a.check(*b, line); err != nil {
			return err
		}
		s.buffers.Put(b)
	}
}

type csvAudit struct {
	profile csvProfile
	dialect *csvDialect
	width   int
	row     []byte
}

// check writes the rows of b again and compares.
func (a *csvAudit) check(b []byte, line int64) error {
	wrong := func(line int64, why string) error {
		return messages.CSVNotCanonical.With("line", line, "why", why)
	}
	if !a.dialect.encoding.clean(b) {
		return wrong(line, "a byte that is no UTF-8 text, there or after")
	}
	if a.width == 0 {
		end := bytes.IndexByte(b, '\n') + 1
		for e, _ := a.dialect.boundary(b[:end]); e != end && end < len(b); e, _ = a.dialect.boundary(b[:end]) {
			end += bytes.IndexByte(b[end:], '\n') + 1
		}
		g := csvGrid{dialect: a.dialect}
		g.scan(b[:end], line)
		a.width = max(len(g.cells), 1)
	}
	g := csvGrid{dialect: a.dialect, width: a.width}
	g.scan(b, line)
	if len(g.rejects) > 0 {
		return wrong(g.rejects[0].Line, g.rejects[0].Why.What(messages.English))
	}
	d := csvDecoder{dialect: a.dialect, clean: true}
	pos := 0
	for r, row := range g.rows {
		a.row = a.row[:0]
		for i, cell := range g.cells[r*a.width : (r+1)*a.width] {
			if i > 0 {
				a.row = append(a.row, a.profile.delimiter)
			}
			if cell.quoted && cell.start == cell.end {
				a.row = append(a.row, '"', '"')
			}
			a.row = a.profile.quote(a.row, d.plain(b[cell.start:cell.end], cell))
		}
		a.row = append(a.row, '\r', '\n')
		if !bytes.HasPrefix(b[pos:], a.row) {
			return wrong(row.line, "quotes or a line end that do not belong")
		}
		pos += len(a.row)
	}
	if pos != len(b) {
		return wrong(line, "bytes that belong to no row, there or after")
	}
	return nil
}
