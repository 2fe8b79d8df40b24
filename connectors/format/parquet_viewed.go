package format

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.ViewedChunk = (*parquetChunk)(nil)

// DecodeViewed shows the texts of a row group that numbers them as it does.
func (c *parquetChunk) DecodeViewed(ctx context.Context, view pipelines.View) (pipelines.Batch, error) {
	return c.decode(ctx, view)
}

// shown is what a view gets of the column under way, of which a is made. A view only
// borrows: where there are no nulls it gets the very numbers that were decoded.
func (d *groupDecoder) shown(a arrow.Array) arrow.Array {
	c := &d.column
	switch {
	case !c.coded || c.leaf.typ.ID() != arrow.STRING || a.DataType() == codedText:
		a.Retain()
		return a
	case c.count < c.slots:
		return c.codedArray()
	}
	lent := c.numbers
	d.lent, c.numbers = append(d.lent, lent), nil
	if n := len(d.spare); n > 0 {
		c.numbers, d.spare = d.spare[n-1], d.spare[:n-1]
	}
	return c.numbered(memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(lent)))
}

// regain takes back what views borrowed.
func (d *groupDecoder) regain() {
	d.spare = append(d.spare, d.lent...)
	d.lent = d.lent[:0]
}

// show has the rows looked at, of which the columns are as the file keeps them.
func (d *groupDecoder) show(columns []arrow.Array, rows int64) {
	r := array.NewRecord(withCoded(d.file.schema, columns), columns, rows)
	defer r.Release()
	d.view(r)
}
