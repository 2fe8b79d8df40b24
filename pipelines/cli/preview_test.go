package cli

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Boxes are shown whatever their numbers are, and hidden as numbers are.
func TestPreviewShowsBoxes(t *testing.T) {
	b := array.NewStructBuilder(memory.NewGoAllocator(), pipelines.BBox)
	b.Append(true)
	for k, v := range []float64{math.NaN(), math.Inf(1), 1, -4.5} {
		b.FieldBuilder(k).(*array.Float64Builder).Append(v)
	}
	b.AppendNull()
	boxes := b.NewArray()
	for _, c := range []struct {
		row  int
		show bool
		want string
	}{{0, true, "NaN +Inf 1 -4.5"}, {0, false, "xxx +xxx 9 -9.9"}, {1, true, "∅"}} {
		if got := cell(boxes, c.row, c.show); got != c.want {
			t.Errorf("row %d is %q, want %q", c.row, got, c.want)
		}
	}
}
