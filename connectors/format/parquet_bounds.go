package format

import (
	"bytes"
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
func shortenBytes(lo, hi []byte) ([]byte, []byte) {
	if len(lo) > boundBytes {
		lo = lo[:boundBytes]
	}
	if len(hi) > boundBytes {
		b := hi[:boundBytes]
		for len(b) > 0 && b[len(b)-1] == 0xff {
			b = b[:len(b)-1]
		}
		if len(b) > 0 {
			hi = bytes.Clone(b)
			hi[len(hi)-1]++
		}
	}
	return lo, hi
}

// shortenText is shortenBytes by whole characters, so that bounds stay UTF-8;
// the order of UTF-8 is the order of the characters.
func shortenText(lo, hi []byte) ([]byte, []byte) {
	if len(lo) > boundBytes {
		lo = lo[:wholeCharacters(lo)]
	}
	if len(hi) > boundBytes {
		for b := hi[:wholeCharacters(hi)]; len(b) > 0; {
			r, n := utf8.DecodeLastRune(b)
			b = b[:len(b)-n]
			if next, ok := nextCharacter(r); ok {
				return lo, utf8.AppendRune(bytes.Clone(b), next)
			}
		}
	}
	return lo, hi
}

// wholeCharacters is the length of the longest prefix of b, no longer than
// boundBytes, that ends with a character.
func wholeCharacters(b []byte) int {
	n := boundBytes
	for n > 0 && !utf8.RuneStart(b[n]) {
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
type pageIndex struct {
	values   values
	bounds   func(from, to int) (lo, hi []byte, ok bool) // see values
	index    pq.ColumnIndex
	los, his [][]byte // bounds of the pages that have values
	lo, hi   []byte   // of the chunk
	invalid  bool     // a page has values without bounds: no index, no statistics
	gap      bool     // a page without values stands before one that has some
}

// add is for the page with the values from:to.
func (x *pageIndex) add(from, to, nulls int) {
	lo, hi, ok := x.bounds(from, to)
	x.invalid = x.invalid || from < to && !ok
	x.index.NullPages = append(x.index.NullPages, from == to)
	x.index.NullCounts = append(x.index.NullCounts, int64(nulls))
	if !ok {
		x.index.MinValues = append(x.index.MinValues, []byte{})
		x.index.MaxValues = append(x.index.MaxValues, []byte{})
		return
	}
	x.gap = x.gap || len(x.los) < len(x.index.MinValues)
	if len(x.los) == 0 || x.values.compare(lo, x.lo) < 0 {
		x.lo = lo
	}
	if len(x.his) == 0 || x.values.compare(x.hi, hi) < 0 {
		x.hi = hi
	}
	lo, hi = x.values.shorten(lo, hi)
	x.index.MinValues = append(x.index.MinValues, lo)
	x.index.MaxValues = append(x.index.MaxValues, hi)
	x.los, x.his = append(x.los, lo), append(x.his, hi)
}

// order says whether both bounds of the pages with values only rise, or only
// fall. Between them there is no page without values: a reader that halves the
// list would not know where to go from there, and parquet-go, for one, then finds
// nothing.
func (x *pageIndex) order() pq.BoundaryOrder {
	ascending, descending := !x.gap, !x.gap
	for i := 1; i < len(x.los); i++ {
		lo, hi := x.values.compare(x.los[i-1], x.los[i]), x.values.compare(x.his[i-1], x.his[i])
		ascending = ascending && lo <= 0 && hi <= 0
		descending = descending && lo >= 0 && hi >= 0
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
func (x *pageIndex) statistics(nulls int) pq.Statistics {
	st := pq.Statistics{NullCount: int64(nulls)}
	if !x.invalid && len(x.los) > 0 && len(x.lo) <= exactBytes && len(x.hi) <= exactBytes {
		st.MinValue, st.MaxValue = x.lo, x.hi
	}
	return st
}
