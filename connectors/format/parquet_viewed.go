package format

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.ViewedChunk = (*parquetChunk)(nil)

// DecodeViewed shows the texts of a row group that numbers them as it does.
func (c *parquetChunk) DecodeViewed(ctx context.Context, view pipelines.View) (pipelines.Batch, error) {
	return c.decode(ctx, view)
}

// shown is what a view gets of the column under way, of which a is made.
func (c *columnData) shown(a arrow.Array) arrow.Array {
	if c.coded && c.leaf.typ.ID() == arrow.STRING && a.DataType() != codedText {
		return c.codedArray()
	}
	a.Retain()
	return a
}

// show has the rows looked at, of which the columns are as the file keeps them.
func (d *groupDecoder) show(columns []arrow.Array, rows int64) {
	r := array.NewRecord(withCoded(d.file.schema, columns), columns, rows)
	defer r.Release()
	d.view(r)
}
