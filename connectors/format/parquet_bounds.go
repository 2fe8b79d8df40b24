package format

import (
	"unicode/utf8"

	pq "github.com/parquet-go/parquet-go/format"
)

// boundBytes is the length from which on a bound in the column index is
// shortened; exactBytes is the length from which on the statistics of a chunk
// leave out least and greatest value rather than round them, because not every
// reader knows that they may be rounded.
const (
	boundBytes = 64
	exactBytes = 256
)

// shortenBytes rounds lo down and hi up to at most boundBytes, where that can be.
func shortenBytes(lo, hi string) (string, string) {
	if len(lo) > boundBytes {
		lo = lo[:boundBytes]
	}
	if len(hi) > boundBytes {
		b := []byte(hi[:boundBytes])
		for len(b) > 0 && b[len(b)-1] == 0xff {
			b = b[:len(b)-1]
		}
		if len(b) > 0 {
			b[len(b)-1]++
			hi = string(b)
		}
	}
	return lo, hi
}

// shortenText is shortenBytes by whole characters, so that bounds stay UTF-8;
// the order of UTF-8 is the order of the characters.
func shortenText(lo, hi string) (string, string) {
	if len(lo) > boundBytes {
		lo = lo[:wholeCharacters(lo)]
	}
	if len(hi) > boundBytes {
		for b := hi[:wholeCharacters(hi)]; len(b) > 0; {
			r, n := utf8.DecodeLastRuneInString(b)
			b = b[:len(b)-n]
			if next, ok := nextCharacter(r); ok {
				return lo, b + string(next)
			}
		}
	}
	return lo, hi
}

// wholeCharacters is the length of the longest prefix of s, no longer than
// boundBytes, that ends with a character.
func wholeCharacters(s string) int {
	n := boundBytes
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

func nextCharacter(r rune) (rune, bool) {
	const surrogateMin, surrogateMax = 0xd800, 0xdfff
	if r == utf8.MaxRune {
		return 0, false
	}
	if r+1 == surrogateMin {
		return surrogateMax + 1, true
	}
	return r + 1, true
}

// pageIndex collects the column index of a chunk, and on the way the least and
// the greatest of all its values.
type pageIndex[T comparable] struct {
	k        *kind[T]
	index    pq.ColumnIndex
	los, his []T  // bounds of the pages that have values
	lo, hi   T    // of the chunk
	invalid  bool // a page has values without bounds: no index, no statistics
}

func (x *pageIndex[T]) add(vs []T, nulls int) {
	lo, hi, ok := x.k.bounds(vs)
	x.invalid = x.invalid || len(vs) > 0 && !ok
	x.index.NullPages = append(x.index.NullPages, len(vs) == 0)
	x.index.NullCounts = append(x.index.NullCounts, int64(nulls))
	if !ok {
		x.index.MinValues = append(x.index.MinValues, []byte{})
		x.index.MaxValues = append(x.index.MaxValues, []byte{})
		return
	}
	if len(x.los) == 0 || x.k.less(lo, x.lo) {
		x.lo = lo
	}
	if len(x.his) == 0 || x.k.less(x.hi, hi) {
		x.hi = hi
	}
	if x.k.shorten != nil {
		lo, hi = x.k.shorten(lo, hi)
	}
	x.index.MinValues = append(x.index.MinValues, x.k.raw([]byte{}, lo))
	x.index.MaxValues = append(x.index.MaxValues, x.k.raw([]byte{}, hi))
	x.los, x.his = append(x.los, lo), append(x.his, hi)
}

// order says whether both bounds of the pages with values only rise, or only fall.
func (x *pageIndex[T]) order() pq.BoundaryOrder {
	ascending, descending := true, true
	for i := 1; i < len(x.los); i++ {
		ascending = ascending && !x.k.less(x.los[i], x.los[i-1]) && !x.k.less(x.his[i], x.his[i-1])
		descending = descending && !x.k.less(x.los[i-1], x.los[i]) && !x.k.less(x.his[i-1], x.his[i])
	}
	switch {
	case ascending:
		return pq.Ascending
	case descending:
		return pq.Descending
	}
	return pq.Unordered
}

// statistics are of all values of the chunk: exact, or absent.
func (x *pageIndex[T]) statistics(nulls int) pq.Statistics {
	st := pq.Statistics{NullCount: int64(nulls)}
	if x.invalid || len(x.los) == 0 {
		return st
	}
	least, greatest := x.k.raw([]byte{}, x.lo), x.k.raw([]byte{}, x.hi)
	if len(least) <= exactBytes && len(greatest) <= exactBytes {
		st.MinValue, st.MaxValue = least, greatest
	}
	return st
}
