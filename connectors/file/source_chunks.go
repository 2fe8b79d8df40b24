package file

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// fileChunks are the chunks of several files, one file after the other. One
// file is open at a time.
type fileChunks struct {
	*source
	files   []format.Input // the current one is the first
	current pipelines.Chunks
	schema  *arrow.Schema
	first   string // name of the file the schema is from
	keep    []keeper
	err     error
}

func (c *fileChunks) Schema() *arrow.Schema { return c.schema }

func (c *fileChunks) open(ctx context.Context) (err error) {
	c.current, err = c.reader.Chunks(ctx, c.files[0])
	return err
}

// bind finds the columns that the block names.
func (c *fileChunks) bind() error {
	names := pipelines.Columns(c.schema)
	check := func(option, column string) error {
		if len(c.schema.FieldIndices(column)) == 1 {
			return nil
		}
		return messages.FileColumn.With("option", option, "column", column, "hint", pipelines.Hint(column, names))
	}
	for _, p := range c.Personal {
		if err := check("personal", p); err != nil {
			return err
		}
	}
	for _, p := range sortedKeys(c.NotPersonal) {
		if err := check("not_personal", p); err != nil {
			return err
		}
	}
	for _, by := range []struct{ option, column, key string }{
		{"tenant_by", c.TenantBy, c.env.Task.Tenant}, {"partition_by", c.PartitionBy, c.env.Task.Partition},
	} {
		if by.column == "" {
			continue
		}
		if err := check(by.option, by.column); err != nil {
			return err
		}
		k := keeper{column: by.column, index: c.schema.FieldIndices(by.column)[0], key: by.key}
		switch t := c.schema.Field(k.index).Type; t.ID() {
		case arrow.STRING, arrow.INT32, arrow.INT64:
		default:
			return messages.FileNotText.With("option", by.option, "column", by.column, "got", pipelines.TypeName(t))
		}
		c.keep = append(c.keep, k)
	}
	return nil
}

func (c *fileChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if c.err != nil {
		return nil, c.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chunk, err := c.next(ctx)
	if err != nil {
		c.err = err
		return nil, err
	}
	if len(c.keep) == 0 {
		return chunk, nil
	}
	return keptChunk{chunk, c}, nil
}

func (c *fileChunks) next(ctx context.Context) (pipelines.Chunk, error) {
	for {
		chunk, err := c.current.Next(ctx)
		if err != io.EOF || len(c.files) == 1 {
			return chunk, err
		}
		if err := c.current.Close(); err != nil {
			return nil, err
		}
		c.files = c.files[1:]
		if err := c.open(ctx); err != nil {
			c.current = nil
			return nil, err
		}
		if difference := differ(c.schema, c.current.Schema()); difference != "" {
			return nil, messages.FileSchemasDiffer.With("first", c.first, "second", c.files[0].Name, "difference", difference)
		}
	}
}

// differ says in what two schemas differ, "" when they do not.
func differ(a, b *arrow.Schema) string {
	if a.Equal(b) {
		return ""
	}
	lacks := func(a, b *arrow.Schema) (names []string) {
		for _, f := range a.Fields() {
			if !b.HasField(f.Name) {
				names = append(names, strconv.Quote(f.Name))
			}
		}
		return names
	}
	onlyA, onlyB := strings.Join(lacks(a, b), ", "), strings.Join(lacks(b, a), ", ")
	switch {
	case onlyA != "" && onlyB != "":
		return "only the first has " + onlyA + ", only the second " + onlyB
	case onlyA != "":
		return "only the first has " + onlyA
	case onlyB != "":
		return "only the second has " + onlyB
	}
	for _, f := range a.Fields() {
		if g := b.Field(b.FieldIndices(f.Name)[0]); !arrow.TypeEqual(f.Type, g.Type) {
			return strconv.Quote(f.Name) + " is " + pipelines.TypeName(f.Type) + " in the first and " + pipelines.TypeName(g.Type) + " in the second"
		}
	}
	return "they are in another order"
}

func (c *fileChunks) Close() error {
	if c.err == nil {
		c.err = io.ErrClosedPipe
	}
	if c.current == nil {
		return nil
	}
	err := c.current.Close()
	c.current = nil
	return err
}

// keeper keeps the rows whose column says key.
type keeper struct {
	column string
	index  int
	key    string
}

// keptChunk is a chunk of which only the task's rows are kept.
type keptChunk struct {
	pipelines.Chunk
	chunks *fileChunks
}

func (k keptChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	b, err := k.Chunk.Decode(ctx)
	if err != nil {
		return b, err
	}
	rows := make([]int32, 0, b.NumRows())
next:
	for r := range int(b.NumRows()) {
		for _, keep := range k.chunks.keep {
			col := b.Column(keep.index)
			if col.IsNull(r) {
				place := b.Places.At(r)
				b.Rejects = append(b.Rejects, pipelines.Reject{Place: place, Column: keep.column, Why: messages.FileKeyNull.With()})
				continue next
			}
			if !keep.is(col, r) {
				continue next
			}
		}
		rows = append(rows, int32(r))
	}
	slices.SortStableFunc(b.Rejects, func(x, y pipelines.Reject) int { return cmp.Compare(x.Line, y.Line) })
	if len(rows) == int(b.NumRows()) {
		return b, nil
	}
	taken, err := arrowx.TakeRecord(k.chunks.env.Allocator, b.Record, rows)
	if err != nil {
		b.Release()
		return pipelines.Batch{}, err
	}
	b.Places = b.Places.Take(rows)
	return b.With(taken), nil
}

func (k keeper) is(col arrow.Array, r int) bool {
	switch col := col.(type) {
	case *array.String:
		return col.Value(r) == k.key
	case *array.Int32:
		return strconv.Itoa(int(col.Value(r))) == k.key
	case *array.Int64:
		return strconv.FormatInt(col.Value(r), 10) == k.key
	}
	return false
}
