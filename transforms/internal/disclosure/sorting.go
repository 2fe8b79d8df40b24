package disclosure

import (
	"math/bits"
	"slices"
)

// entries is keys and counts, to be sorted.
type entries struct {
	words int
	keys  []uint64
	n     []uint32
}

func (e *entries) key(i int) []uint64 { return e.keys[i*e.words : (i+1)*e.words] }

func (e *entries) compare(i, j int) int { return slices.Compare(e.key(i), e.key(j)) }

func (e *entries) swap(i, j int) {
	e.n[i], e.n[j] = e.n[j], e.n[i]
	a, b := e.key(i), e.key(j)
	for w, x := range a {
		a[w], b[w] = b[w], x
	}
}

// order sorts the entries and joins those of one key, adding what they count or,
// of flags, taking the greatest.
func (e *entries) order(join func(a, b uint32) uint32) {
	e.sort(0, len(e.n), 0)
	last := -1
	for i := range e.n {
		if last >= 0 && e.compare(last, i) == 0 {
			e.n[last] = join(e.n[last], e.n[i])
			continue
		}
		last++
		copy(e.key(last), e.key(i))
		e.n[last] = e.n[i]
	}
	e.keys, e.n = e.keys[:(last+1)*e.words], e.n[:last+1]
}

const (
	radix = 8
	few   = 24 // entries that are sorted by comparing
)

// sort orders the entries from one to before another, whose words before word are
// equal, in place: by the first eight bits in which they differ, then each part of
// those with equal ones. In what order entries of one key stay does not matter.
func (e *entries) sort(from, to, word int) {
	for ; to-from > few; word++ {
		if word == e.words {
			return
		}
		first, differ, sorted := e.keys[from*e.words+word], uint64(0), true
		before := first
		for i := from; i < to; i++ {
			k := e.keys[i*e.words+word]
			differ |= k ^ first
			sorted = sorted && k > before || i == from
			before = k
		}
		if sorted {
			return
		}
		if differ != 0 {
			e.spread(from, to, word, max(0, bits.Len64(differ)-radix))
			return
		}
	}
	for i := from + 1; i < to; i++ {
		for j := i; j > from && e.compare(j, j-1) < 0; j-- {
			e.swap(j, j-1)
		}
	}
}

// spread puts the entries into 256 parts by the bits from shift on, and sorts each.
func (e *entries) spread(from, to, word, shift int) {
	var ends, next [1 << radix]int
	part := func(i int) int { return int(e.keys[i*e.words+word]>>shift) & (1<<radix - 1) }
	for i := from; i < to; i++ {
		ends[part(i)]++
	}
	at := from
	for p := range ends {
		next[p] = at
		at += ends[p]
		ends[p] = at
	}
	for p := range ends {
		for next[p] < ends[p] {
			i := next[p]
			q := part(i)
			if q == p {
				next[p]++
				continue
			}
			e.swap(i, next[q])
			next[q]++
		}
	}
	at = from
	for _, end := range ends {
		if end-at > 1 {
			e.sort(at, end, word)
		}
		at = end
	}
}
