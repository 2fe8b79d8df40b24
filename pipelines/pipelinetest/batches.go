package pipelinetest

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Batches is a stream of the given batches, places and rejects included. It
// takes over the caller's references.
func Batches(schema *arrow.Schema, bs ...pipelines.Batch) pipelines.Stream {
	return pipelines.NewStream(schema,
		func(context.Context) (pipelines.Batch, error) {
			if len(bs) == 0 {
				return pipelines.Batch{}, io.EOF
			}
			b := bs[0]
			bs = bs[1:]
			return b, nil
		},
		func() error {
			for _, b := range bs {
				b.Release()
			}
			bs = nil
			return nil
		})
}
