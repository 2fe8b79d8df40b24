package format

import (
	"bytes"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

// levelRuns are levels of zero and one in runs of any length.
func levelRuns(t *rapid.T, most int) (levels []byte) {
	for v := byte(rapid.IntRange(0, 1).Draw(t, "first")); len(levels) < most; v ^= 1 {
		n := rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(1, 70), rapid.SampledFrom([]int{7, 8, 9, 31, 32, 33, 39, 40, 41})).Draw(t, "run")
		levels = append(levels, bytes.Repeat([]byte{v}, n)...)
	}
	return levels[:most]
}

// Levels of one bit are the bytes that the encoder of all widths gives.
func TestParquetLevelsAreTheHybrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := levelRuns(t, rapid.IntRange(0, 300).Draw(t, "n"))
		if got, want := appendLevels(nil, levels, 1), appendHybrid(nil, levels, 1); !bytes.Equal(got, want) {
			t.Fatalf("%v: % x, want % x", levels, got, want)
		}
	})
}

// Levels and values are those that asking for every row gives, wherever the array
// is a slice of another.
func TestParquetGathersByBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := array.NewInt64Builder(memory.NewGoAllocator())
		for i, v := range levelRuns(t, 200) {
			b.Append(int64(i))
			if v == 0 {
				b.AppendNull()
			}
		}
		whole := b.NewInt64Array()
		from := rapid.IntRange(0, 80).Draw(t, "from")
		a := array.NewSlice(whole, int64(from), int64(rapid.IntRange(from, whole.Len()).Draw(t, "to"))).(*array.Int64)
		var levels []byte
		var values []int64
		for i := range a.Len() {
			levels = append(levels, 3+bit(a.IsValid(i)))
			if a.IsValid(i) {
				values = append(values, a.Value(i))
			}
		}
		if got := appendValidity(nil, a, 0, a.Len(), 3); !bytes.Equal(got, levels) {
			t.Fatalf("%v, want %v", got, levels)
		}
		if bitmap := a.NullBitmapBytes(); len(bitmap) > 0 {
			if got := appendValid(nil, a.Int64Values(), bitmap, a.Data().Offset()); !slices.Equal(got, values) {
				t.Fatalf("%v, want %v", got, values)
			}
		}
	})
}

// Pages of flat columns end where adding up row after row ends them.
func TestParquetPagesEndWhereRowsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s shape
		var ends []int32
		n := rapid.SampledFrom([]int{0, 1, 10, pageRows - 1, pageRows, pageRows + 1, 2*pageRows + 5}).Draw(t, "rows")
		width := rapid.SampledFrom([]int{0, 0, 0, 1, 8, 16, 100}).Draw(t, "width")
		few := rapid.SliceOfN(rapid.SampledFrom([]int32{0, 1, 30, 100, 1000, pageBytes / 3, pageBytes - 4, pageBytes}), 1, 5).Draw(t, "lengths")
		if n > 2000 { // no more than there is memory for
			few = []int32{few[0] % 200}
		}
		null := rapid.SampledFrom([]int{2, 3, 10, 1 << 20}).Draw(t, "null every")
		end := int32(0)
		for i := range n {
			valid := i%null != null-1
			if s.def = append(s.def, bit(valid)); valid {
				end += few[i%len(few)]
				ends = append(ends, end)
			}
		}
		s.rows = n
		var want []cut
		var last, at cut
		total := 0
		for row := range n {
			size := 0
			next := cut{row + 1, row + 1, at.value}
			if s.def[row] == 1 {
				if size = width; width == 0 {
					size = 4 + int(ends[at.value])
					if at.value > 0 {
						size -= int(ends[at.value-1])
					}
				}
				next.value++
			}
			if at.row > last.row && (next.row-last.row > pageRows || total+size > pageBytes) {
				want = append(want, at)
				last, total = at, 0
			}
			total += size
			at = next
		}
		if at.row > last.row {
			want = append(want, at)
		}
		if got := s.cuts(nil, 1, width, ends); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
