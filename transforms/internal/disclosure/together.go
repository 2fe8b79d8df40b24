package disclosure

import (
	"cmp"
	"slices"
	"sync"
)

// Where sensitive columns are judged together, what is counted of a class is which
// combinations of their values its rows have, and how often. Each combination has a
// number, which all workers share, so that one list of numbers stands for all columns
// wherever those of the columns would stand otherwise.

// listed is what the values of a list are numbered by.
type listed interface {
	Len() int // one more than the greatest number
	held() int64
}

// lists is how many lists a class has: one of each sensitive column, or one of all.
func (s Shape) lists() int {
	if s.Together {
		return 1
	}
	return len(s.Sensitive)
}

// list is which of them has the values of a sensitive column.
func (c *Classes) list(column int) int {
	if c.joint != nil {
		return 0
	}
	return column
}

// tuples numbers combinations of codes, in the order in which they are met.
type tuples struct {
	mu    sync.Mutex
	width int      // codes of a combination
	slots *table   // the codes, to the number and one
	codes []uint32 // by number
}

func newTuples(width int) *tuples {
	return &tuples{width: width, slots: newTable((width + 1) / 2)}
}

// tupleCost is what Finish and the judges hold of a combination, for each column and
// once.
const tupleCost = 16

func (t *tuples) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.codes) / t.width
}

func (t *tuples) held() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots.bytes() + int64(len(t.codes))*(4+tupleCost) + int64(len(t.codes)/t.width)*tupleCost
}

// number gives that of a combination, whose codes are packed in key.
func (t *tuples) number(key []uint64) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.slots.get(key); n > 0 {
		return n - 1
	}
	n := uint32(len(t.codes) / t.width)
	for i := range t.width {
		t.codes = append(t.codes, uint32(key[i/2]>>(i%2*32)))
	}
	if t.slots.put(key, n+1); t.slots.used*4 > len(t.slots.n)*3 {
		t.slots.grow()
	}
	return n
}

// recent is the combinations that a worker met last, so that it need not ask for them.
type recent struct {
	keys    []uint64
	numbers []uint32 // and one; 0: free
}

const recentBits = 12

// joined gives the numbers of the combinations of the rows of a batch, as the values of
// one column.
func (w *Worker) joined(r Rows) [][]uint32 {
	t, words := w.h.joint, w.h.joint.slots.words
	if w.recent == nil {
		w.recent = &recent{keys: make([]uint64, words<<recentBits), numbers: make([]uint32, 1<<recentBits)}
	}
	w.joint = slices.Grow(w.joint[:0], r.N)[:r.N]
	key := make([]uint64, words)
	for i := range w.joint {
		clear(key)
		for s, codes := range r.Sensitive {
			key[s/2] |= uint64(codes[i]) << (s % 2 * 32)
		}
		at := int(hashKey(key) >> (64 - recentBits))
		if known := w.recent.keys[at*words : (at+1)*words]; w.recent.numbers[at] == 0 || !slices.Equal(known, key) {
			copy(known, key)
			w.recent.numbers[at] = t.number(key) + 1
		}
		w.joint[i] = w.recent.numbers[at] - 1
	}
	return [][]uint32{w.joint}
}

// combinations are those of the values of the sensitive columns that occur, in the order
// of their codes in the domains.
type combinations struct {
	width int
	codes []uint32   // of each, one after the other
	cells [][]uint32 // by column and combination: the same number for the same values of all other columns
}

func (c *combinations) len() int { return len(c.codes) / c.width }

// code is that of a column in a combination.
func (c *combinations) code(combination uint32, column int) uint32 {
	return c.codes[int(combination)*c.width+column]
}

// combinations gives what was met in the codes of the domains, and what each number
// becomes. It lets go of what it was numbered by.
func (t *tuples) combinations(become [][]uint32) (*combinations, []uint32) {
	n := len(t.codes) / t.width
	for i, code := range t.codes {
		t.codes[i] = become[i%t.width][code]
	}
	tuple := func(codes []uint32, i uint32) []uint32 { return codes[int(i)*t.width : int(i+1)*t.width] }
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return slices.Compare(tuple(t.codes, a), tuple(t.codes, b)) })
	c := &combinations{width: t.width, codes: make([]uint32, 0, len(t.codes))}
	to := make([]uint32, n)
	for place, old := range order {
		to[old] = uint32(place)
		c.codes = append(c.codes, tuple(t.codes, old)...)
	}
	t.codes, t.slots = nil, newTable(t.slots.words)
	for column := range t.width {
		others := func(a, b uint32) int {
			x, y := tuple(c.codes, a), tuple(c.codes, b)
			return cmp.Or(slices.Compare(x[:column], y[:column]), slices.Compare(x[column+1:], y[column+1:]))
		}
		for i := range order {
			order[i] = uint32(i)
		}
		slices.SortFunc(order, others)
		cells := make([]uint32, n)
		for i, at := range order {
			if i > 0 {
				cells[at] = cells[order[i-1]]
				if others(order[i-1], at) != 0 {
					cells[at]++
				}
			}
		}
		c.cells = append(c.cells, cells)
	}
	return c, to
}

// split is a class as a judge sees it who has the other sensitive columns for
// quasi-identifiers too.
type split struct {
	*combinations
	entries []uint64 // the cell of each combination of the class, and its place
	met     []uint32 // by code: the class in which it was met last
	class   uint32
	codes   []uint32
	counts  []uint32
}

// each visits the parts of a class that the values of all other columns make of it, with
// the codes of the judged column, until f gives false, and gives what f gave last.
func (p *split) each(column int, combinations, counts []uint32, f func(codes, counts []uint32) bool) bool {
	cells := p.cells[column]
	p.entries = p.entries[:0]
	for i, c := range combinations {
		p.entries = append(p.entries, uint64(cells[c])<<32|uint64(i))
	}
	slices.Sort(p.entries)
	for from := 0; from < len(p.entries); {
		cell := p.entries[from] >> 32
		p.codes, p.counts = p.codes[:0], p.counts[:0]
		to := from
		for ; to < len(p.entries) && p.entries[to]>>32 == cell; to++ {
			i := uint32(p.entries[to])
			p.codes, p.counts = append(p.codes, p.code(combinations[i], column)), append(p.counts, counts[i])
		}
		if !f(p.codes, p.counts) {
			return false
		}
		from = to
	}
	return true
}

// values are the codes that a column has in a class, each once.
func (p *split) values(column int, combinations []uint32) []uint32 {
	p.class++
	p.codes = p.codes[:0]
	for _, c := range combinations {
		if code := p.code(c, column); p.met[code] != p.class {
			p.met[code] = p.class
			p.codes = append(p.codes, code)
		}
	}
	return p.codes
}

// lasts tests what a class that passes keeps when others join it, by what its list has. Of
// columns judged together that is less than what is asked: each part of it has enough
// values, so that the whole has, and combinations enough; a class that joins may bring a
// part of its own that has not.
func (j *judge) lasts(list []uint32) bool {
	if j.split == nil {
		return j.lasting(list)
	}
	return len(list) >= j.wanted && j.lasting(j.split.values(j.Column, list))
}

// passes tests the rest.
func (j *judge) passes(list, counts []uint32) bool {
	if j.split == nil {
		return j.passing(list, counts)
	}
	return j.split.each(j.Column, list, counts, func(codes, counts []uint32) bool { return j.lasting(codes) && j.passing(codes, counts) })
}

// parts visits what is judged of a class: all of it or, of columns judged together, one
// part after the other.
func (j *judge) parts(list, counts []uint32, f func(codes, counts []uint32)) {
	if j.split == nil {
		f(list, counts)
		return
	}
	j.split.each(j.Column, list, counts, func(codes, counts []uint32) bool { f(codes, counts); return true })
}
