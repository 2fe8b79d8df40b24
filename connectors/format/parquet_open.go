package format

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Open gives one batch a row group, each audited before it is given.
func (p *parquet) Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error) {
	c, err := p.OpenAudited(ctx, in, size, schema)
	if err != nil {
		return nil, err
	}
	return decodedInTurn(c), nil
}

// OpenAudited gives one chunk a row group. A file with other columns than those
// of schema is refused.
//
// Every value is decoded and compared with all the file says about it:
// dictionaries hold what is used and nothing twice; statistics, page index,
// bloom filters and sizes are those of the values; checksums hold; headers say
// nothing unknown; and the ranges the footer names cover the file without gap or
// overlap. The footer is judged at once, and a row group by who decodes it.
func (p *parquet) OpenAudited(_ context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (_ pipelines.Chunks, err error) {
	defer recoverDamage(&err)
	r, err := readParquet(in, size)
	if err != nil {
		return nil, err
	}
	if err := r.holds(schema); err != nil {
		return nil, err
	}
	return p.chunks(r, schema)
}

// Audit is OpenAudited, read to its end, of a file with whatever columns.
func (p *parquet) Audit(ctx context.Context, in io.ReaderAt, size int64) (err error) {
	defer recoverDamage(&err)
	r, err := readParquet(in, size)
	if err != nil {
		return err
	}
	c, err := p.chunks(r, r.schema)
	if err != nil {
		return err
	}
	return drained(ctx, c)
}

// recoverDamage turns a panic of a decoder on bytes that make no sense into an error.
func recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = damaged("a decoder gave up")
	}
}

// holds compares the file's columns with those it should have.
func (r *parquetReader) holds(schema *arrow.Schema) error {
	if n := schema.NumFields(); n != r.schema.NumFields() {
		return messages.ParquetSchema.With("what", fmt.Sprintf("%d columns instead of %d", r.schema.NumFields(), n))
	}
	for i, is := range r.schema.Fields() {
		f := schema.Field(i)
		if is.Name != f.Name || pipelines.TypeName(is.Type) != pipelines.TypeName(f.Type) {
			return messages.ParquetSchema.With("what", fmt.Sprintf("%s %s", f.Name, pipelines.TypeName(f.Type)))
		}
	}
	return nil
}

// parquetChunks cuts a file into its row groups.
type parquetChunks struct {
	*parquetReader
	mem    memory.Allocator
	schema *arrow.Schema
	places []groupPlaces
	coded  []bool // by column: texts stay numbered where they are
	next   int    // row group
	err    error

	edges   groupEdges
	buffers arrowx.Spares[*[]byte] // the bytes of a row group
}

// groupDecoders are kept from file to file: most have one row group, and a
// decompressor is dear to make.
var groupDecoders = sync.Pool{New: func() any { return new(groupDecoder) }}

func (p *parquet) chunks(r *parquetReader, schema *arrow.Schema) (*parquetChunks, error) {
	if err := r.auditFooter(); err != nil {
		return nil, err
	}
	places, err := r.layout()
	if err != nil {
		return nil, err
	}
	c := &parquetChunks{parquetReader: r, mem: p.env.Allocator, schema: schema, places: places}
	c.buffers.New = func() *[]byte { return new([]byte) }
	return c, nil
}

func (c *parquetChunks) Schema() *arrow.Schema { return c.schema }

// Next reads the bytes of a row group.
func (c *parquetChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if c.err == nil && c.next == len(c.places) {
		c.err = io.EOF
	}
	if c.err != nil {
		return nil, c.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at := c.places[c.next]
	buffer := c.buffers.Get()
	b := (*buffer)[:0]
	var ends [3]int
	for i, part := range [...]fileRange{at.data, at.columns, at.offsets} {
		if b, c.err = c.append(b, part.start, part.end-part.start); c.err != nil {
			return nil, c.err
		}
		ends[i] = len(b)
	}
	*buffer = b
	chunk := &parquetChunk{chunks: c, group: c.next, buffer: buffer, parts: [3]fileWindow{
		{at.data.start, b[:ends[0]]}, {at.columns.start, b[ends[0]:ends[1]]}, {at.offsets.start, b[ends[1]:]},
	}}
	c.next++
	return chunk, nil
}

func (c *parquetChunks) Close() error {
	if c.err == nil {
		c.err = io.ErrClosedPipe
	}
	return nil
}

// parquetChunk is the bytes of a row group: its pages and filters, its column
// indexes, its offset indexes.
type parquetChunk struct {
	chunks *parquetChunks
	group  int
	buffer *[]byte
	parts  [3]fileWindow
}

func (c *parquetChunk) Discard() { c.chunks.buffers.Put(c.buffer) }

func (c *parquetChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	return c.decode(ctx, nil)
}

func (c *parquetChunk) decode(ctx context.Context, view pipelines.View) (b pipelines.Batch, err error) {
	defer c.Discard()
	d := groupDecoders.Get().(*groupDecoder)
	defer groupDecoders.Put(d)
	d.file, d.view = c.chunks, view
	b.Record, err = d.decode(ctx, c.group, c.parts)
	d.file, d.view = nil, nil
	return b, err
}

// fileWindow is a part of the file that starts at.
type fileWindow struct {
	at int64
	b  []byte
}

// cut is n bytes of w from at of the file on.
func (w fileWindow) cut(at, n int64) ([]byte, error) {
	from := at - w.at
	if from < 0 || n < 0 || from > int64(len(w.b)) || n > int64(len(w.b))-from {
		return nil, damaged("a range lies outside of its part of the file")
	}
	return w.b[from : from+n], nil
}
