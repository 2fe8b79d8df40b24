package protect

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
)

// Surrogates numbers the values of a column from 1 to the number of different
// ones, in the order of their HMACs, so that neither the order of the rows nor
// that of the values shows in the numbers. The column is looked at twice: first
// Observe all of it, then number it. It holds up to 32 bytes for each different
// value. It is for one goroutine.
type Surrogates struct {
	key    Key
	mac    hash.Hash
	form   Form
	seen   []place
	sorted int // seen[:sorted] are in order, each once
}

// place is the beginning of an HMAC: 128 bits, so that no two values ever meet.
type place [2]uint64

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]))
}

// Surrogates numbers values in a form.
func (k Key) Surrogates(form Form) *Surrogates {
	return &Surrogates{key: k, mac: hmac.New(sha256.New, k.key()), form: form}
}

func (s *Surrogates) place(value string) place {
	var room [sha256.Size]byte
	b := sum(s.mac, room[:0], surrogateTag, s.form.Canonical(value))
	return place{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// each calls f with the place of each different value of a, and -1 or the number
// of each row in the order in which f was called.
func (s *Surrogates) each(a arrow.Array, f func(place)) []int {
	values, at := plain(a)
	text := convert.Text(values)
	known := map[string]int{}
	rows := make([]int, a.Len())
	var buf []byte
	for row := range rows {
		if rows[row] = -1; arrowx.IsNull(a, row) || values.IsNull(at(row)) {
			continue
		}
		buf = text(buf[:0], at(row))
		n, ok := known[string(buf)]
		if !ok {
			n = len(known)
			known[string(buf)] = n
			f(s.place(string(buf)))
		}
		rows[row] = n
	}
	return rows
}

// Observe takes note of the values of a, a column whose values have a text.
func (s *Surrogates) Observe(a arrow.Array) {
	s.each(a, func(p place) { s.seen = append(s.seen, p) })
	if len(s.seen) > 2*s.sorted+1024 {
		s.sort()
	}
}

// Merge takes note of what other has taken note of.
func (s *Surrogates) Merge(other *Surrogates) {
	s.seen = append(s.seen, other.seen...)
	s.sort()
}

// Fork gives the same numbers for another goroutine. Neither observes any more.
func (s *Surrogates) Fork() *Surrogates {
	if s.sorted != len(s.seen) {
		s.sort()
	}
	f := s.key.Surrogates(s.form)
	f.seen, f.sorted = s.seen, s.sorted
	return f
}

func (s *Surrogates) sort() {
	slices.SortFunc(s.seen, place.compare)
	s.seen = slices.Compact(s.seen)
	s.sorted = len(s.seen)
}

// Len is how many different values were observed, and the highest number.
func (s *Surrogates) Len() int {
	s.sort()
	return len(s.seen)
}

// ErrNotObserved is what Surrogates say of a value that Observe did not see: the
// column was not the same the second time.
var ErrNotObserved = errors.New("a value that was not observed has no number: the two passes read different rows")

// Column is the int64 column of the numbers of a. A value that was not observed
// is ErrNotObserved. The caller releases the column.
func (s *Surrogates) Column(mem memory.Allocator, a arrow.Array) (arrow.Array, error) {
	if s.sorted != len(s.seen) {
		s.sort()
	}
	var numbers []int64
	unknown := false
	rows := s.each(a, func(p place) {
		i, ok := slices.BinarySearchFunc(s.seen, p, place.compare)
		unknown = unknown || !ok
		numbers = append(numbers, int64(i)+1)
	})
	if unknown {
		return nil, ErrNotObserved
	}
	b := array.NewInt64Builder(mem)
	defer b.Release()
	b.Reserve(len(rows))
	for _, n := range rows {
		if n < 0 {
			b.AppendNull()
		} else {
			b.Append(numbers[n])
		}
	}
	return b.NewArray(), nil
}
