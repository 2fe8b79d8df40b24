package reject

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Keep is b with the given rows alone, in that order. It takes over b; places
// and rejects are kept.
func Keep(mem memory.Allocator, b pipelines.Batch, rows []int32) (pipelines.Batch, error) {
	if int64(len(rows)) == b.NumRows() && inOrder(rows) {
		return b, nil
	}
	r, err := arrowx.TakeRecord(mem, b.Record, rows)
	if err != nil {
		b.Release()
		return pipelines.Batch{}, fmt.Errorf("keep rows: %w", err)
	}
	b.Places = b.Places.Take(rows)
	return b.With(r), nil
}

func inOrder(rows []int32) bool {
	for i, r := range rows {
		if int(r) != i {
			return false
		}
	}
	return true
}
