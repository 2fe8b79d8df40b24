package privacy

import "slices"

// wordRow is a row that stays and its first word.
type wordRow struct {
	word uint64
	row  int32
}

// digit is how many bits of a word rows are put in order by at once.
const digit = 11

// byClass puts the rows that stay into the order of their first words. They are copied
// anyway: so the rows of a batch that go to one file lie together, and need not be copied
// again to be brought there.
func (e *recoding) byClass() {
	n := len(e.rows)
	e.sorted = e.sorted[:0]
	if e.words == 0 || n == 0 {
		return
	}
	rows := slices.Grow(e.byWord[0][:0], n)[:n]
	for i, row := range e.rows {
		rows[i] = wordRow{row: row}
	}
	lowest := wordBits
	for _, f := range e.fields {
		if f.word > 0 {
			continue
		}
		lowest = min(lowest, f.shift)
		codes, ranks := e.codes[f.quasi], f.ranks
		for i := range rows {
			rows[i].word |= uint64(ranks[codes[rows[i].row]]) << f.shift
		}
	}
	other := slices.Grow(e.byWord[1][:0], n)[:n]
	for shift := lowest; shift < wordBits; shift += digit {
		var next [1 << digit]int32
		for i := range rows {
			next[rows[i].word>>shift&(1<<digit-1)]++
		}
		if int(next[rows[0].word>>shift&(1<<digit-1)]) == n {
			continue
		}
		at := int32(0)
		for d, count := range next {
			next[d] = at
			at += count
		}
		for _, r := range rows {
			d := r.word >> shift & (1<<digit - 1)
			other[next[d]] = r
			next[d]++
		}
		rows, other = other, rows
	}
	e.byWord[0], e.byWord[1] = rows, other
	for i, r := range rows {
		e.rows[i] = r.row
		e.sorted = append(e.sorted, r.word)
	}
}
