package format

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.ViewedChunk = (*parquetChunk)(nil)

// DecodeViewed shows the texts of a row group that numbers them as it does.
func (c *parquetChunk) DecodeViewed(ctx context.Context, view pipelines.View) (pipelines.Batch, error) {
	return c.decode(ctx, view)
}

// show has the column under way looked at, of which a is made.
func (d *groupDecoder) show(a arrow.Array) {
	c := &d.column
	switch {
	case d.view == nil || !c.isText():
		return
	case c.coded && c.leaf.typ.ID() == arrow.STRING && a.DataType() != codedText:
		words := c.codedArray()
		defer words.Release()
		a = words
	}
	d.view(c.leaf.column, a)
}
