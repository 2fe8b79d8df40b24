package disclosure

import (
	"math/big"
	"math/bits"
	"slices"
)

// judge tests the values of a class. It is for one goroutine at a time.
type judge struct {
	Sensitive
	split  *split   // nil: the column is judged alone
	least  int      // values
	wanted int      // combinations of a class, of columns that are judged together
	null   int64    // code of null, -1 when none
	total  []uint64 // rows of the input by code
	rows   uint64
	order  []uint32 // codes, for Ordered
	tree   [][]edge // by level from 1
	height uint64
	// Of one class:
	counts []uint64
	pos    []uint64
	neg    []uint64
}

func newJudge(s Sensitive, c *Classes) *judge {
	j := &judge{Sensitive: s, least: s.values(), null: -1, rows: uint64(c.Rows)}
	d := c.Sensitive[s.Column]
	if d.Null {
		j.null = 0
	}
	if c.joint != nil {
		j.split = &split{combinations: c.joint, met: make([]uint32, d.Len())}
	}
	j.total = make([]uint64, d.Len())
	for code, n := range c.dist[s.Column] {
		j.total[code] = uint64(n)
	}
	if s.Closeness == nil {
		return j
	}
	j.counts = make([]uint64, d.Len())
	switch l := s.Closeness.Levels; s.Closeness.Distance {
	case Ordered:
		for at := range d.Values {
			if s.Closeness.Order != nil {
				at = int(s.Closeness.Order[at])
			}
			j.order = append(j.order, uint32(at)+d.shift())
		}
		if j.null == 0 {
			j.order = append(j.order, 0)
		}
		if l != nil {
			slices.SortStableFunc(j.order, func(a, b uint32) int {
				switch x, y := l.position[a], l.position[b]; {
				case x < y:
					return -1
				case x > y:
					return 1
				}
				return 0
			})
		}
	case Hierarchical:
		j.plant(l)
	}
	return j
}

// edge is a node of the hierarchy and what it becomes one level up.
type edge struct{ child, parent uint32 }

// plant makes the tree of a hierarchy, under one root.
func (j *judge) plant(l *Levels) {
	most := uint32(0)
	for level, card := range l.cards {
		most = max(most, card)
		if level == 0 {
			continue
		}
		var edges []edge
		for child, parent := range l.step(level-1, level) {
			edges = append(edges, edge{uint32(child), parent})
		}
		j.tree = append(j.tree, edges)
	}
	if top := l.cards[l.Height()]; top > 1 {
		var edges []edge
		for child := range top {
			edges = append(edges, edge{child, 0})
		}
		j.tree = append(j.tree, edges)
	}
	j.height = uint64(len(j.tree))
	j.pos, j.neg = make([]uint64, 2*most), make([]uint64, 2*most)
}

// lasting tests what a class of these values keeps when others join it.
func (j *judge) lasting(codes []uint32) bool {
	values := len(codes)
	if j.null >= 0 && !j.NullCounts && len(codes) > 0 && slices.Contains(codes, uint32(j.null)) {
		values--
	}
	return values >= j.least
}

// passing tests the rest.
func (j *judge) passing(codes, counts []uint32) bool {
	if j.Entropy.num > 0 && !j.diverse(codes, counts) {
		return false
	}
	if j.Recursive.L > 0 && !j.recursive(codes, counts) {
		return false
	}
	return j.Closeness == nil || j.close(codes, counts)
}

// counted is the counts that diversity looks at.
func (j *judge) counted(codes, counts []uint32) []uint32 {
	if j.null < 0 || j.NullCounts {
		return counts
	}
	if at := slices.Index(codes, uint32(j.null)); at >= 0 {
		return slices.Delete(slices.Clone(counts), at, at+1)
	}
	return counts
}

// diverse is Σ f·ln f ≤ n·(ln n − ln l). Whole numbers decide what floats leave open.
func (j *judge) diverse(codes, counts []uint32) bool {
	counts = j.counted(codes, counts)
	n, sum := uint64(0), 0.0
	for _, f := range slices.Sorted(slices.Values(counts)) {
		n += uint64(f)
		sum += xlnx(uint64(f))
	}
	if n == 0 {
		return j.Entropy.num <= j.Entropy.den
	}
	right := xlnx(n)
	left := sum + float64(float64(n)*(ln(float64(j.Entropy.num))-ln(float64(j.Entropy.den))))
	if band := 1e-9 * (right + 1); left < right-band {
		return true
	} else if left > right+band {
		return false
	}
	return entropyExactly(counts, n, j.Entropy)
}

// entropyExactly is Π f^f · l^n ≤ n^n. What would be too large to compute is taken
// not to hold.
func entropyExactly(counts []uint32, n uint64, l Ratio) bool {
	g := n
	for _, f := range counts {
		g = gcd(g, uint64(f))
	}
	if n/g*uint64(bits.Len64(n)+bits.Len64(l.num)+bits.Len64(l.den)) > 1<<22 {
		return false
	}
	power := func(b, e uint64) *big.Int {
		return new(big.Int).Exp(new(big.Int).SetUint64(b), new(big.Int).SetUint64(e), nil)
	}
	left, right := power(l.num, n/g), power(n, n/g)
	for _, f := range counts {
		left.Mul(left, power(uint64(f), uint64(f)/g))
	}
	return left.Cmp(right.Mul(right, power(l.den, n/g))) <= 0
}

// recursive is r_1 < c·(r_l + … + r_m), of the counts from the greatest down.
func (j *judge) recursive(codes, counts []uint32) bool {
	counts = slices.Clone(j.counted(codes, counts))
	if len(counts) < j.Recursive.L {
		return false
	}
	slices.SortFunc(counts, func(a, b uint32) int { return int(int64(b) - int64(a)) })
	rest := uint64(0)
	for _, r := range counts[j.Recursive.L-1:] {
		rest += uint64(r)
	}
	num, den := j.Recursive.C.terms()
	return compare(wide{0, uint64(counts[0])}, []uint64{den}, []uint64{num, rest}) < 0
}

// close is the distance of the class from all rows against t.
func (j *judge) close(codes, counts []uint32) bool {
	sum, scale := j.apart(codes, counts)
	num, den := j.Closeness.T.terms()
	return compare(sum, []uint64{den}, append(scale, num)) <= 0
}

func (j *judge) distance(codes, counts []uint32) float64 {
	sum, scale := j.apart(codes, counts)
	d := sum.float()
	for _, x := range scale {
		d /= float64(x)
	}
	return d
}

// apart is the distance of the class from all rows, as a whole number and what it is
// to be divided by.
func (j *judge) apart(codes, counts []uint32) (sum wide, scale []uint64) {
	n := uint64(0)
	for i, c := range codes {
		j.counts[c] = uint64(counts[i])
		n += uint64(counts[i])
	}
	scale = []uint64{n, j.rows}
	switch j.Closeness.Distance {
	case Equal:
		sum = j.equal(n)
		scale = append(scale, 2)
	case Ordered:
		sum = j.ordered(n)
		scale = append(scale, uint64(max(len(j.order)-1, 1)))
	case Hierarchical:
		sum = j.hierarchical(n)
		scale = append(scale, max(j.height, 1))
	}
	for _, c := range codes {
		j.counts[c] = 0
	}
	return sum, scale
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

func (j *judge) equal(n uint64) (sum wide) {
	for code, all := range j.total {
		sum = sum.add(apart(j.counts[code]*j.rows, all*n))
	}
	return sum
}

func (j *judge) ordered(n uint64) (sum wide) {
	here, all := uint64(0), uint64(0)
	for _, code := range j.order {
		here, all = here+j.counts[code], all+j.total[code]
		sum = sum.add(apart(here*j.rows, all*n))
	}
	return sum
}

// hierarchical sums, over the inner nodes, level times what the children that have
// too much and those that have too little can settle among themselves.
func (j *judge) hierarchical(n uint64) (sum wide) {
	half := len(j.pos) / 2
	over, under := j.pos[:half], j.neg[:half]
	for code, all := range j.total {
		a, b := j.counts[code]*j.rows, all*n
		over[code], under[code] = a-min(a, b), b-min(a, b)
	}
	for level, edges := range j.tree {
		nextOver, nextUnder := j.pos[half:], j.neg[half:]
		clear(nextOver)
		clear(nextUnder)
		for _, e := range edges {
			nextOver[e.parent] += over[e.child]
			nextUnder[e.parent] += under[e.child]
		}
		for parent := range nextOver {
			settled := min(nextOver[parent], nextUnder[parent])
			for range level + 1 {
				sum = sum.add(settled)
			}
			over[parent], under[parent] = nextOver[parent]-settled, nextUnder[parent]-settled
		}
	}
	return sum
}
