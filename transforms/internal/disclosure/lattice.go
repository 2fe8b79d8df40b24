package disclosure

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// lattice is the walk over all choices of levels. It goes from the most general down,
// so that of each node all that are more general are known: a row that fails in one of
// them what lasts fails in it too. A node that these, and what is known of its parts,
// prove not to be better is passed over.
//
// Tables are made on the way up: the walk holds, for the first columns of its order at
// their levels and the others as they were counted, the classes that it was asked for,
// each made of the one a level below.
type lattice struct {
	s      *searcher
	order  []int     // columns, the outermost first
	chains [][]*node // by depth, of the column before it by level
	levels []int     // where the walk is
	top    []int
	stride []int
	known  []uint32 // by node, place in floors plus 1
	floors []*floor
	extra  []uint64
}

// floor is what no node below has less of.
type floor struct {
	hopeless bool // none below is allowed
	bad      int64
	extra    []uint64 // leaves lost by suppression, by column
	bits     float64  // that suppression adds to NUE-NM
}

func (s *searcher) walk(ctx context.Context) error {
	w := &lattice{s: s, top: s.top(), levels: make([]int, len(s.p.Quasi)), extra: make([]uint64, len(s.p.Quasi))}
	n := 1
	for _, t := range w.top {
		w.stride = append(w.stride, n)
		n *= t + 1
	}
	w.known = make([]uint32, n)
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	w.chains = make([][]*node, len(w.top)+1)
	w.chains[0] = []*node{base}
	if err := w.begin(ctx, base); err != nil {
		return err
	}
	w.arrange(base)
	return w.down(ctx, 0)
}

// begin looks for a good node to compare with: from the top, it goes down as long as
// that is better.
func (w *lattice) begin(ctx context.Context, base *node) error {
	look := func(levels []int) error {
		n, err := w.s.at(ctx, base, levels)
		if err != nil {
			return err
		}
		w.learn(n)
		w.s.offer(n)
		return nil
	}
	at := slices.Clone(w.top)
	if err := look(at); err != nil {
		return err
	}
	for w.s.best != nil && slices.Equal(w.s.best.levels, at) {
		for j := range at {
			next := slices.Clone(at)
			if next[j]--; next[j] < 0 || w.known[w.index(next)] > 0 {
				continue
			}
			if err := look(next); err != nil {
				return err
			}
		}
		if slices.Equal(w.s.best.levels, at) {
			break
		}
		at = slices.Clone(w.s.best.levels)
	}
	return nil
}

func (w *lattice) index(levels []int) int {
	i := 0
	for j, l := range levels {
		i += l * w.stride[j]
	}
	return i
}

// arrange orders the columns so that tables become small soon: first those whose
// generalisation joins most classes.
func (w *lattice) arrange(base *node) {
	classes := make([]int, len(w.top))
	for j := range w.top {
		w.order = append(w.order, j)
		if base.run != nil && w.top[j] > 0 {
			classes[j] = w.s.raise(base, j, w.top[j]).run.len()
		}
	}
	slices.SortStableFunc(w.order, func(a, b int) int { return cmp.Compare(classes[a], classes[b]) })
}

// down visits the levels of the columns from a depth of the order on.
func (w *lattice) down(ctx context.Context, depth int) error {
	if depth == len(w.order) {
		return w.visit(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	j := w.order[depth]
	w.chains[depth+1] = nil
	for w.levels[j] = w.top[j]; w.levels[j] >= 0; w.levels[j]-- {
		if err := w.down(ctx, depth+1); err != nil {
			return err
		}
		w.forget(depth+1, w.levels[j])
	}
	w.levels[j] = 0
	return nil
}

// forget lets go of a table that the walk has passed. That of level 0 is of the depth
// before.
func (w *lattice) forget(depth, level int) {
	c := w.chains[depth]
	if c == nil || c[level] == nil {
		return
	}
	if r := c[level].run; level > 0 && r != nil && r.words == 1 {
		w.s.free, w.s.flags = append(w.s.free, r), append(w.s.flags, c[level].fails)
		c[level].run = nil
	}
	c[level] = nil
}

// visit looks at the node where the walk is, if it may be better than the best.
func (w *lattice) visit(ctx context.Context) error {
	at := w.index(w.levels)
	if w.known[at] > 0 {
		return nil
	}
	if f := w.passedOver(at); f > 0 {
		w.known[at] = f
		return nil
	}
	n, err := w.table(ctx, len(w.order))
	if err != nil {
		return err
	}
	w.s.judge(n)
	w.s.offer(n)
	w.learn(n)
	return nil
}

// passedOver is the place of what is known of a node that need not be looked at, 0 if it must.
func (w *lattice) passedOver(at int) uint32 {
	var most *floor
	place := uint32(0)
	clear(w.extra)
	height, bits := 0, 0.0
	for j, level := range w.levels {
		height += level
		if level == w.top[j] {
			continue
		}
		above := w.known[at+w.stride[j]]
		f := w.floors[above-1]
		if f.hopeless {
			return above
		}
		if most == nil || f.bad > most.bad {
			most, place = f, above
		}
		bits = max(bits, f.bits)
		for i, x := range f.extra {
			w.extra[i] = max(w.extra[i], x)
		}
	}
	s := w.s
	if most == nil || s.best == nil {
		return 0
	}
	rank := s.scale.least(s.p.Metric, w.levels, w.below(), most.bad, w.extra, bits, uint64(s.p.Models.smallest(s.p.Classes.joint != nil)))
	least := cost{rank, most.bad, height, w.levels}
	if least.compare(s.best.cost) < 0 {
		return 0
	}
	return place
}

// below is the nearest table that is made of what lies under the walk.
func (w *lattice) below() *stats {
	for depth := len(w.order); depth > 0; depth-- {
		if c := w.chains[depth]; c != nil {
			for level := w.levels[w.order[depth-1]]; level >= 0; level-- {
				if c[level] != nil {
					return &c[level].weak
				}
			}
		}
	}
	return &w.chains[0][0].weak
}

// table is the classes with the first columns of the order at their levels.
func (w *lattice) table(ctx context.Context, depth int) (*node, error) {
	if depth == 0 {
		return w.chains[0][0], nil
	}
	j := w.order[depth-1]
	c := w.chains[depth]
	if c == nil {
		c = make([]*node, w.top[j]+1)
		w.chains[depth] = c
	}
	if c[0] == nil {
		t, err := w.table(ctx, depth-1)
		if err != nil {
			return nil, err
		}
		c[0] = t
	}
	for level := 1; level <= w.levels[j]; level++ {
		if c[level] != nil {
			continue
		}
		below := c[level-1]
		if below.run != nil {
			c[level] = w.s.raise(below, j, level)
			continue
		}
		levels := slices.Clone(below.levels)
		levels[j] = level
		n, err := w.s.over(ctx, levels)
		if err != nil {
			return nil, err
		}
		c[level] = n
	}
	return c[w.levels[j]], nil
}

// learn notes what a node says of those below it.
func (w *lattice) learn(n *node) {
	s := w.s
	f := &floor{bad: n.weak.bad, hopeless: s.hopeless(n)}
	if s.p.Metric == Loss && !f.hopeless {
		f.extra = make([]uint64, len(n.levels))
		for j, leaves := range n.weak.leaves {
			f.extra[j] = uint64(n.weak.bad)*s.scale.domain[j] - leaves
		}
	}
	if s.p.Metric == SuppressedEntropy && n.run != nil {
		// More rows, and values that are told apart, only add to it. The sums are of floats.
		f.bits = s.bits(n, n.fails) * (1 - 1e-9)
	}
	w.floors = append(w.floors, f)
	w.known[w.index(n.levels)] = uint32(len(w.floors))
}

// hopeless says whether what is less general than a node suppresses too much. Where
// nothing may be suppressed it says so of every model: a union of classes that pass
// passes.
func (s *searcher) hopeless(n *node) bool {
	m := s.p.Models
	if s.limit == 0 || !s.strict && !(m.Wildcard && m.AverageRisk.num > 0) {
		return n.st.bad > s.limit
	}
	return n.weak.bad > s.limit
}

// least is a rank that no node has less than which lies above classes of which below
// tells, and under one where so many rows fail what lasts: each of those cost all
// the rows there are, and of those that fail below and not above, smallest rows each
// at least. extra is what the rows that fail add to the leaves of each column,
// bits to NUE-NM.
func (s *scale) least(m Metric, levels []int, below *stats, bad int64, extra []uint64, bits float64, smallest uint64) uint64 {
	loose := uint64(below.bad)
	switch m {
	case Discernibility:
		return below.goodOnes + (loose-uint64(bad))*smallest + uint64(bad)*s.rows
	case MonotoneDiscernibility:
		return below.squares
	case ClassSize:
		st := stats{bad: bad, good: below.good + int64((loose-uint64(bad))/smallest)}
		if bad == 0 {
			st.good++
		}
		st.good = min(st.good, below.all-min(bad, 1))
		return s.rank(m, levels, &st)
	case Entropy, SuppressedEntropy:
		return s.rank(m, levels, &stats{bits: bits})
	}
	var room [16]float64
	ys := room[:0]
	for j, level := range levels {
		ys = append(ys, s.share(j, s.leaves[j][level]+extra[j]))
	}
	return math.Float64bits(product(ys))
}
