package protect

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
)

// plain is the array that holds the values of a, and where in it the value of
// each row is: of a dictionary array the dictionary, else a itself.
func plain(a arrow.Array) (values arrow.Array, at func(row int) int) {
	if d, ok := a.(*array.Dictionary); ok {
		return d.Dictionary(), d.GetValueIndex
	}
	return a, func(row int) int { return row }
}

// mapTexts makes a text column of f of the texts of a, which have one. f is
// called once for each different text; known may hold what it gave before, and
// gets what it gives. The caller releases the column.
func mapTexts(mem memory.Allocator, a arrow.Array, known map[string]string, f func(text string) string) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	values, at := plain(a)
	text := convert.Text(values)
	var buf []byte
	for row := range a.Len() {
		if arrowx.IsNull(a, row) || values.IsNull(at(row)) {
			b.AppendNull()
			continue
		}
		buf = text(buf[:0], at(row))
		out, ok := known[string(buf)]
		if !ok {
			in := string(buf)
			out = f(in)
			known[in] = out
		}
		b.Append(out)
	}
	return b.NewArray()
}
