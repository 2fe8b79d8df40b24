package privacy

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// tied says whether what leaves shows which rows are of one person: the subject leaves
// as a pseudonym, or as it is.
func (t policy) tied() bool {
	return t.subjectForm() != "" || slices.Contains(t.Public, t.Subject) ||
		slices.ContainsFunc(t.Sensitive, func(s sensitiveConfig) bool { return s.Column == t.Subject })
}

// tells says whether a file can tell which rows are of one person: masked values of the
// subject would be one person, or few.
func (t policy) tells() bool { return t.Subject != "" && (t.tied() || t.asItIs(t.Subject)) }

// owners tells of whom rows are. It is for one goroutine.
type owners struct {
	form    protect.Form // in which writings of the subject are compared; "": each is a person
	told    bool         // rows that were kept have the numbers themselves
	numbers []uint64
	written []byte
	buf     []byte
}

// owners compares persons as their pseudonyms do. Where no file shows whose rows are, two
// writings of a name that differ in case and spaces are one person, for who has k rows must
// not be k persons by them; where a file shows them, it shows what is written.
func (t policy) owners() *owners {
	if t.tells() {
		return &owners{form: t.subjectForm()}
	}
	return &owners{form: protect.Text}
}

// of gives a number for the person of each row, which is good until the next call.
// All of which nobody knows the person are of one person, whose number is 0, and so
// are those that leave under one pseudonym.
func (w *owners) of(a arrow.Array) []uint64 {
	if w.told {
		return arrow.Uint64Traits.CastFromBytes(arrow.Int64Traits.CastToBytes(a.(*array.Int64).Int64Values()))
	}
	w.numbers = slices.Grow(w.numbers[:0], a.Len())[:a.Len()]
	var text func([]byte, int) []byte
	form := w.form
	if form == protect.Text && a.DataType().ID() != arrow.STRING {
		form = "" // written in one way
	}
	if form != "" {
		text = convert.Text(a)
	}
	for i := range w.numbers {
		switch {
		case a.IsNull(i):
			w.numbers[i] = 0
		case form == "":
			w.buf = arrowx.AppendKey(w.buf[:0], a, i, false)
			w.numbers[i] = xxh3.Hash(w.buf)
		default:
			w.written = text(w.written[:0], i)
			w.buf = form.AppendCanonical(w.buf[:0], w.written)
			w.numbers[i] = xxh3.Hash(w.buf)
		}
	}
	return w.numbers
}
