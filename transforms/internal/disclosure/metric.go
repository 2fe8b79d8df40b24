package disclosure

import (
	"math"
	"math/bits"
	"slices"
)

// Metric is what Search makes least.
type Metric int

const (
	// Loss is the geometric mean, over the quasi-identifiers, of how far their values
	// are generalised, from 0 to 1; a suppressed row is generalised altogether.
	Loss Metric = iota
	// Discernibility (DM) is the sum over the classes of their size squared, and the
	// number of rows for each suppressed row.
	Discernibility
	// MonotoneDiscernibility (DM*) is the sum over all classes, suppressed or not, of
	// their size squared.
	MonotoneDiscernibility
	// ClassSize (AECS) is the average size of a class, the suppressed rows being one.
	ClassSize
	// Entropy (NUE) is the bits that a value of the input holds more than what it
	// becomes, summed over rows and quasi-identifiers; suppression does not count.
	Entropy
	// SuppressedEntropy (NUE-NM) is NUE and, summed over the quasi-identifiers, the bits
	// that the values of the suppressed rows, as they are generalised, hold among
	// themselves.
	SuppressedEntropy
)

// coarse is how many binary digits sums of NUE lose when they are compared, so that
// sums that are equal are equal however they were rounded.
const coarse = 18

// scale is what the metrics know of each quasi-identifier and level alone.
type scale struct {
	rows    uint64
	fine    int          // binary digits of NUE that are kept
	domain  []uint64     // leaves, by quasi-identifier
	leaves  [][]uint64   // Σ over rows of the leaves under their value, by quasi-identifier and level
	under   [][][]uint64 // leaves under a code
	entropy [][]float64
	grains  [][]uint64
}

func newScale(rows int64, quasi []*Levels, counts [][]int64) *scale {
	s := &scale{rows: uint64(rows)}
	fine := min(61-bits.Len64(uint64(rows)*32*uint64(len(quasi)+1)), 40) // binary digits of NUE, so that no sum overflows
	s.fine = fine
	for j, l := range quasi {
		var leaves, grains []uint64
		var entropy []float64
		for level, up := range l.up {
			at := make([]uint64, l.cards[level])
			sum := uint64(0)
			for leaf, n := range counts[j] {
				at[up[leaf]] += uint64(n)
				sum += uint64(n) * l.under[level][up[leaf]]
			}
			h := 0.0
			for leaf, n := range counts[j] {
				if n > 0 {
					h += float64(float64(n) * (ln(float64(at[up[leaf]])) - ln(float64(n))))
				}
			}
			h /= math.Ln2
			leaves, entropy = append(leaves, sum), append(entropy, h)
			grains = append(grains, uint64(math.Ldexp(h, fine)+0.5))
		}
		s.domain, s.leaves, s.under = append(s.domain, l.domain), append(s.leaves, leaves), append(s.under, l.under)
		s.entropy, s.grains = append(s.entropy, entropy), append(s.grains, grains)
	}
	return s
}

// stats is what the classes of a node come to.
type stats struct {
	bad       int64 // rows of classes that fail
	good, all int64 // classes
	squares   uint64
	goodOnes  uint64   // squares of those that pass
	leaves    []uint64 // Σ over the rows that fail of the leaves under their values
	bits      float64  // of NUE-NM, what suppression adds
}

// rank is the metric as a number to compare; less is better. Its steps are such that
// what has no less of anything has no lower rank, in floats too.
func (s *scale) rank(m Metric, levels []int, st *stats) uint64 {
	switch m {
	case Discernibility:
		return st.goodOnes + s.rows*uint64(st.bad)
	case MonotoneDiscernibility:
		return st.squares
	case ClassSize:
		return math.MaxUint64 - uint64(st.good+min(st.bad, 1))
	case Entropy, SuppressedEntropy:
		sum := uint64(math.Ldexp(st.bits, s.fine) + 0.5)
		for j, level := range levels {
			sum += s.grains[j][level]
		}
		return (sum + 1<<(coarse-1)) >> coarse
	}
	return math.Float64bits(s.product(levels, st))
}

// product, and that of shares, is Π (y + 1), whose d-th root less 1 is the loss. The factors are multiplied
// from the least, so that the order of the columns does not matter.
func (s *scale) product(levels []int, st *stats) float64 {
	var room [16]float64
	ys := room[:0]
	for j, level := range levels {
		ys = append(ys, s.share(j, s.leaves[j][level]-st.leaves[j]+uint64(st.bad)*s.domain[j]))
	}
	return product(ys)
}

func product(shares []float64) float64 {
	slices.Sort(shares)
	p := 1.0
	for _, y := range shares {
		p = float64(p * (y + 1))
	}
	return p
}

// share is how far a column is generalised, from 0 to 1: leaves is the sum over all
// rows. A column of one value has nothing to lose.
func (s *scale) share(j int, leaves uint64) float64 {
	if s.domain[j] < 2 || s.rows == 0 {
		return 0
	}
	return float64(leaves-s.rows) / float64(s.rows*(s.domain[j]-1))
}

// score is the metric as people read it.
func (s *scale) score(m Metric, levels []int, st *stats) float64 {
	switch m {
	case Discernibility, MonotoneDiscernibility:
		return float64(s.rank(m, levels, st))
	case ClassSize:
		return float64(s.rows) / float64(st.good+min(st.bad, 1))
	case Entropy, SuppressedEntropy:
		sum := st.bits
		for j, level := range levels {
			sum += s.entropy[j][level]
		}
		return sum
	}
	return root(s.product(levels, st), len(levels)) - 1
}

// root is the d-th root of a number of at least 1, by Newton's steps from above,
// the same to the bit on every platform.
func root(p float64, d int) float64 {
	if d == 0 {
		return p
	}
	for r := p; ; {
		power := 1.0
		for range d - 1 {
			power = float64(power * r)
		}
		next := (float64(float64(d-1)*r) + p/power) / float64(d)
		if !(next < r) {
			return r
		}
		r = next
	}
}
