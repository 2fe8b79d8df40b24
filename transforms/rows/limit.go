package rows

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Limit keeps a number of rows from the start, after skipping some. It stops
// reading once it has them.
var Limit = pipelines.DefineTransform("limit", "Keep a number of rows from the start.", limitConfig{}, newLimit)

type limitConfig struct {
	Rows int64 `hcl:"rows" doc:"How many rows to keep."`
	Skip int64 `hcl:"skip,optional" doc:"How many rows to leave out before them."`
}

func (c limitConfig) Validate() error {
	if c.Rows < 0 {
		return pipelines.At("rows", messages.BadLimit.With("name", "rows"))
	}
	if c.Skip < 0 {
		return pipelines.At("skip", messages.BadLimit.With("name", "skip"))
	}
	return nil
}

type limit struct{ limitConfig }

func newLimit(_ pipelines.Env, c limitConfig) (pipelines.Transform, error) { return limit{c}, nil }

func (t limit) Streaming() bool { return true }

func (t limit) Bind(in *arrow.Schema) (*arrow.Schema, error) { return in, nil }

func (t limit) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	skip, left := t.Skip, t.Rows
	return pipelines.NewStream(in.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		if left == 0 {
			return pipelines.Batch{}, io.EOF
		}
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		from := min(skip, b.NumRows())
		to := min(from+left, b.NumRows())
		skip, left = skip-from, left-(to-from)
		if from == 0 && to == b.NumRows() {
			return b, nil
		}
		part := b.Slice(from, to)
		part.Rejects = b.Rejects
		b.Release()
		return part, nil
	}, in.Close), nil
}

func (t limit) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}
