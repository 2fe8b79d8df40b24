package file

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// fileChunks are the chunks of several files, one file after the other. One
// file is open at a time.
type fileChunks struct {
	*source
	outer   files            // of the store, that are not yet unpacked
	reading *droppedFile     // that the files come from
	packed  *format.Unpacked // what files are in; nil before the first
	some    bool             // a file was found
	files   []format.Input   // the current one is the first
	current pipelines.Chunks
	schema  *arrow.Schema
	first   string // name of the file the schema is from
	err     error
}

func (c *fileChunks) Schema() *arrow.Schema { return c.schema }

// open opens the next file. io.EOF says that there is none.
func (c *fileChunks) open(ctx context.Context) (err error) {
	for len(c.files) == 0 {
		if err := c.unpack(ctx); err != nil {
			return err
		}
	}
	c.some = true
	c.current, err = c.reader.Chunks(ctx, c.files[0])
	return err
}

// bind finds the columns that the block marks.
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
	return chunk, nil
}

func (c *fileChunks) next(ctx context.Context) (pipelines.Chunk, error) {
	for {
		chunk, err := c.current.Next(ctx)
		if err != io.EOF {
			return chunk, err
		}
		err = c.current.Close()
		c.current = nil
		if err != nil {
			return nil, err
		}
		c.files = c.files[1:]
		if err := c.open(ctx); err != nil {
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
	var err error
	if c.current != nil {
		err = c.current.Close()
		c.current = nil
	}
	if e := c.letGo(); err == nil {
		err = e
	}
	return err
}
