package protect

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Generalisation makes the values of a column coarser, level by level. The
// levels nest: two values that have one label at a level have one label at every
// level above. It keeps no state, and is safe for concurrent use.
//
// The value itself, and the one label that hides every value, are no levels of
// it: below and above them whoever searches adds those.
type Generalisation interface {
	// Levels names the levels in French, from the finest to the coarsest.
	Levels() []string
	// Domain says in French which values can be generalised.
	Domain() string
	// Labels appends the label, in French, of value i of a at each level. It
	// appends nothing and says false when the value is not of the domain: such a
	// value has no label, and must never be passed through. a has the type that
	// the generalisation was made for, and value i is not null.
	Labels(dst []string, a arrow.Array, i int) ([]string, bool)
}

// Outside are the rows of a column whose values are not of the domain.
type Outside struct {
	Rows  int
	First int // the first of them, when there is one
}

// Generalise makes the text column of the labels of a at a level of g, from 0.
// Rows that are outside of the domain are null in it; they are the caller's to
// refuse. The caller releases the column.
func Generalise(mem memory.Allocator, g Generalisation, level int, a arrow.Array) (arrow.Array, Outside) {
	type found struct {
		label string
		ok    bool
	}
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	var out Outside
	values, at := plain(a)
	known := map[string]found{}
	var key []byte
	var labels []string
	for row := range a.Len() {
		if arrowx.IsNull(a, row) || values.IsNull(at(row)) {
			b.AppendNull()
			continue
		}
		key = arrowx.AppendKey(key[:0], values, at(row), false)
		f, ok := known[string(key)]
		if !ok {
			if labels, f.ok = g.Labels(labels[:0], values, at(row)); f.ok {
				f.label = labels[level]
			}
			known[string(key)] = f
		}
		switch {
		case f.ok:
			b.Append(f.label)
		default:
			if out.Rows == 0 {
				out.First = row
			}
			out.Rows++
			b.AppendNull()
		}
	}
	return b.NewArray(), out
}

// typed refuses a type other than those named.
func typed(t arrow.DataType, wanted string, ids ...arrow.Type) error {
	for _, id := range ids {
		if t.ID() == id {
			return nil
		}
	}
	return messages.GeneraliseType.With("got", pipelines.TypeName(t), "wanted", wanted)
}
