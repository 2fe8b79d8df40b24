package pipelines

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

var wideSchema = arrow.NewSchema([]arrow.Field{
	{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "list", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
}, nil)

// wideRecord has a row for each size: so many bytes of text, or of a list's one
// text where the size is odd; null where it is 0.
func wideRecord(mem memory.Allocator, sizes []int) arrow.Record {
	b := array.NewRecordBuilder(mem, wideSchema)
	defer b.Release()
	text, list := b.Field(1).(*array.StringBuilder), b.Field(2).(*array.ListBuilder)
	for i, n := range sizes {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		switch {
		case n == 0:
			text.AppendNull()
			list.AppendNull()
		case n%2 == 0:
			text.Append(strings.Repeat("x", n))
			list.AppendNull()
		default:
			text.AppendNull()
			list.Append(true)
			list.ValueBuilder().(*array.StringBuilder).Append(strings.Repeat("x", n))
		}
	}
	return b.NewRecord()
}

// Rows of any width make the same groups however the stream is cut, and no group
// is larger than the bound unless it is one row (invariants 2 and 9).
func TestGroupsDependOnTheRowsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(RowGroupBytes/5, RowGroupBytes/3),
			rapid.IntRange(RowGroupBytes-40, RowGroupBytes+9)), 1, 12).Draw(rt, "sizes")
		whole := wideRecord(mem, sizes)
		cut := func(batches []arrow.Record) (rows []int64) {
			g := &grouper{s: Records(wideSchema, batches...), room: newRoom(0)}
			defer g.s.Close()
			defer g.close()
			for {
				out, err := g.next(context.Background())
				if err != nil {
					return rows
				}
				size := int64(0)
				for _, b := range out.batches {
					n, s := GroupRoom(b.Record, 0, 0)
					if n != b.NumRows() {
						rt.Fatalf("a batch of %d rows is more than a group", b.NumRows())
					}
					size += s
				}
				if size > RowGroupBytes && out.rows > 1 {
					rt.Fatalf("%d rows of %d bytes in one group", out.rows, size)
				}
				rows = append(rows, out.rows)
				out.release()
			}
		}
		var pieces []arrow.Record
		for from := int64(0); from < whole.NumRows(); {
			to := min(whole.NumRows(), from+rapid.Int64Range(0, 4).Draw(rt, "rows"))
			pieces = append(pieces, whole.NewSlice(from, to))
			from = to
		}
		whole.Retain()
		a, b := cut([]arrow.Record{whole}), cut(pieces)
		if !slices.Equal(a, b) {
			rt.Errorf("whole: groups of %v; in pieces: %v", a, b)
		}
		whole.Release()
		mem.AssertSize(t, 0)
	})
}

// What a null slot happens to hold does not decide how bytes are cut.
func TestGroupsIgnoreWhatNullSlotsHold(t *testing.T) {
	text := strings.Repeat("x", RowGroupBytes)
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues([]string{text, "a", text, "b"}, nil)
	full := b.NewStringArray()
	data := full.Data()
	hidden := array.NewData(data.DataType(), 4, []*memory.Buffer{memory.NewBufferBytes([]byte{0b1010}), data.Buffers()[1], data.Buffers()[2]}, nil, 2, 0)
	r := array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil),
		[]arrow.Array{array.NewStringData(hidden)}, 4)
	if n, size := GroupRoom(r, 0, 0); n != 4 || size != 4*offsetBytes+2 {
		t.Errorf("%d rows of %d bytes", n, size)
	}
}
