package disclosure

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// Optimal groups numbers, with how often each occurs, so that every group is of at least k
// rows and the numbers are nearest to the means of their groups (Hansen and Mukherjee):
// equal numbers are in one group, and the sum over the groups of the squared distances to
// the mean, of each group in units of 2^-32 rounded down, is the least that there is. Of
// groupings equally good it is the one whose last group has the fewest numbers, then the
// one before it, and so on. It is exact, and holds a few numbers for each row of a group.
type Optimal struct {
	k    uint64
	last []ending
	big  bigSpread
}

// ending is the best grouping of all numbers up to one.
type ending struct {
	number [2]uint64
	rows   uint64
	known  bool // there is one: the numbers are of k rows
	cost   squares
}

// NewOptimal starts with no numbers.
func NewOptimal(k int64) *Optimal { return &Optimal{k: uint64(k)} }

// OptimalBytes is about how much an Optimal holds at most.
func OptimalBytes(k int64) int64 { return 8 * k * 88 }

// Add takes the next number, which is greater than those before (the upper word first, the
// sign bit of what may be negative turned), and how many rows have it. Of the best grouping
// of all numbers so far it gives how many numbers the last group has; 0 where these are of
// fewer than k rows.
func (o *Optimal) Add(number [2]uint64, rows uint64) int {
	// No group has more numbers than 2k-1: it would be better in two.
	if keep := int(min(2*o.k, math.MaxInt32)); len(o.last) > 2*keep {
		o.last = append(o.last[:0], o.last[len(o.last)-keep:]...)
	}
	o.last = append(o.last, ending{number: number, rows: rows})
	end := len(o.last) - 1
	s := spread{big: &o.big}
	best, members, before := squares{}, 0, uint64(0) // before: rows of what a group has before the least that ends here
	for i := end; i >= 0; i-- {
		at := &o.last[i]
		if s.rows >= o.k {
			if before += at.rows; before >= o.k {
				break // what begins here is better in two
			}
		}
		s.add(number, at.number, at.rows)
		if s.rows < o.k || i > 0 && !o.last[i-1].known {
			continue
		}
		cost := s.cost()
		if i > 0 {
			cost.add(&o.last[i-1].cost)
		}
		if members == 0 || cost.less(&best) {
			best, members = cost, end-i+1
		}
	}
	o.last[end].known, o.last[end].cost = members > 0, best
	return members
}

// spread is sums over the numbers of a group, of how far each is below the last of them.
type spread struct {
	rows   uint64
	sum    uint64
	square [2]uint64 // the upper word first
	large  bool      // the sums are in big
	big    *bigSpread
}

type bigSpread struct{ sum, square, rows, distance, product big.Int }

// narrow is what distances and rows are below whose sums fit in their words.
const narrow = 1 << 32

func (s *spread) add(last, number [2]uint64, rows uint64) {
	low, borrow := bits.Sub64(last[1], number[1], 0)
	high, _ := bits.Sub64(last[0], number[0], borrow)
	s.rows += rows
	if !s.large && high == 0 && low < narrow && s.rows < narrow/2 {
		s.sum += low * rows
		h, l := bits.Mul64(low*low, rows)
		var carry uint64
		s.square[1], carry = bits.Add64(s.square[1], l, 0)
		s.square[0] += h + carry
		return
	}
	b := s.big
	if !s.large {
		s.large = true
		b.sum.SetUint64(s.sum)
		set128(&b.square, s.square)
	}
	set128(&b.distance, [2]uint64{high, low})
	b.rows.SetUint64(rows)
	b.product.Mul(&b.distance, &b.rows)
	b.sum.Add(&b.sum, &b.product)
	b.product.Mul(&b.product, &b.distance)
	b.square.Add(&b.square, &b.product)
}

func set128(x *big.Int, words [2]uint64) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], words[0])
	binary.BigEndian.PutUint64(b[8:], words[1])
	x.SetBytes(b[:])
}

// cost is the sum of the squared distances to the mean, in units of 2^-32 rounded down.
func (s *spread) cost() (w squares) {
	if s.large {
		b := s.big
		b.rows.SetUint64(s.rows)
		b.product.Mul(&b.square, &b.rows)
		b.distance.Mul(&b.sum, &b.sum)
		b.product.Sub(&b.product, &b.distance).Lsh(&b.product, 32)
		b.distance.Quo(&b.product, &b.rows)
		var bytes [8 * len(w)]byte
		b.distance.FillBytes(bytes[:])
		for i := range w {
			w[i] = binary.BigEndian.Uint64(bytes[8*(len(w)-1-i):])
		}
		return w
	}
	// rows times the squares, less the square of the sum.
	h, l := bits.Mul64(s.square[1], s.rows)
	h += s.square[0] * s.rows
	sh, sl := bits.Mul64(s.sum, s.sum)
	l, borrow := bits.Sub64(l, sl, 0)
	h, _ = bits.Sub64(h, sh, borrow)
	rest := uint64(0)
	for i, word := range [3]uint64{h >> 32, h<<32 | l>>32, l << 32} {
		w[2-i], rest = bits.Div64(rest, word, s.rows)
	}
	return w
}

// squares is a number, the lowest word first. 2^64 rows of 128 bits fit.
type squares [7]uint64

func (w *squares) add(o *squares) {
	carry := uint64(0)
	for i := range w {
		w[i], carry = bits.Add64(w[i], o[i], carry)
	}
}

func (w *squares) less(o *squares) bool {
	for i := len(w) - 1; i >= 0; i-- {
		if w[i] != o[i] {
			return w[i] < o[i]
		}
	}
	return false
}
