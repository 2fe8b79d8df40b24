package extsort

import (
	"math/bits"
	"slices"
)

// fewRows are sorted by moving each among those before it; more are put into so many heaps
// at most first.
const fewRows, heaps = 16, 1 << 8

// sort orders rows that agree in the columns before column. It puts them into heaps by the
// bits in which their prefixes differ, in place, until few are in a heap or all have one
// prefix; then by prefixes of the next column that they differ in, so that a row is looked
// at once for a column and not for every row that it is compared with. Prefixes are of
// the column of, if there is one, or of those before column.
func (s *Sorter) sort(rows []row, column, of int) {
	if len(rows) <= fewRows {
		s.insert(rows, column)
		return
	}
	least, most := rows[0].prefix, rows[0].prefix
	for i := range rows {
		p := &rows[i].prefix
		least[0], most[0] = min(least[0], p[0]), max(most[0], p[0])
		least[1], most[1] = min(least[1], p[1]), max(most[1], p[1])
	}
	word := 0
	if least[0] == most[0] {
		word = 1
	}
	from, span := least[word], most[word]-least[word]
	if span == 0 {
		s.sortAlike(rows, column, of)
		return
	}
	shift := max(0, bits.Len64(span)-bits.Len(heaps-1))
	heap := func(r *row) int { return int((r.prefix[word] - from) >> shift) }
	var next, ends [heaps]int
	for i := range rows {
		ends[heap(&rows[i])]++
	}
	used, at := int(span>>shift)+1, 0
	for h, n := range ends[:used] {
		next[h] = at
		at += n
		ends[h] = at
	}
	for h := range used {
		for next[h] < ends[h] {
			r := &rows[next[h]]
			for to := heap(r); to != h; to = heap(r) {
				*r, rows[next[to]] = rows[next[to]], *r
				next[to]++
			}
			next[h]++
		}
	}
	at = 0
	for _, end := range ends[:used] {
		if end-at > 1 {
			s.sort(rows[at:end], column, of)
		}
		at = end
	}
}

// sortAlike orders rows of one prefix.
func (s *Sorter) sortAlike(rows []row, column, of int) {
	for column < len(s.how) && s.agree(rows, column) {
		column++
	}
	if column >= len(s.how) || column == of {
		slices.SortFunc(rows, func(a, b row) int { return s.compare(a, b, column) })
		return
	}
	how, cols := s.how[column], s.cols[column]
	for i := range rows {
		r := &rows[i]
		a := cols[r.at.Chunk]
		r.prefix = prefix{how.Prefix(a, int(r.at.Row), 0), how.Prefix(a, int(r.at.Row), 8)}
	}
	s.sort(rows, column, column)
}

func (s *Sorter) agree(rows []row, column int) bool {
	how, cols, first := s.how[column], s.cols[column], rows[0].at
	for _, r := range rows[1:] {
		if how.Compare(cols[first.Chunk], int(first.Row), cols[r.at.Chunk], int(r.at.Row)) != 0 {
			return false
		}
	}
	return true
}

func (s *Sorter) insert(rows []row, column int) {
	for i := 1; i < len(rows); i++ {
		r := rows[i]
		at := i
		for ; at > 0; at-- {
			b := &rows[at-1]
			if b.prefix == r.prefix && s.compare(*b, r, column) < 0 || b.prefix.compare(r.prefix) < 0 {
				break
			}
			rows[at] = *b
		}
		rows[at] = r
	}
}
