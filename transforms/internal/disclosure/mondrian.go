package disclosure

import (
	"cmp"
	"context"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Grouping is what Mondrian made: groups of classes, each with its own ranges. The
// same value may be in ranges that overlap, on which portals filter badly.
type Grouping struct {
	Cuts *Cuts

	shape  Shape
	rows   []uint32   // by group
	of     [][]uint32 // by quasi-identifier and group, the number of its range
	ranges [][]Range  // by quasi-identifier, each once
	number []map[Range]uint32
	held   int64 // bytes, the same wherever the classes stood
	bound  int64 // 0: none
}

// Range is what stands for the values of a group in a column: a single value, of
// numbers the least and the greatest, else the lowest label that holds all; the
// level is -1 where only * does. Null in a group of others makes it -1 too.
type Range struct {
	From, To uint32 // leaf codes of the least and the greatest, where Numbers says so
	Code     uint32
	Level    int16
	Numbers  bool // From and To say it
}

// Len is how many groups there are.
func (g *Grouping) Len() int { return len(g.rows) }

// Rows is how many rows a group has.
func (g *Grouping) Rows(group int) int64 { return int64(g.rows[group]) }

// Ranges is the ranges of a quasi-identifier, each once, and which of them each group
// has. The caller may keep and change both; the grouping is then no longer asked of them.
func (g *Grouping) Ranges(quasi int) (ranges []Range, of []uint32) {
	return g.ranges[quasi], g.of[quasi]
}

// Risks are those of the rows, all of which stay, or of their persons where these are
// counted: each group has k of them at least.
func (g *Grouping) Risks(k int64) Risks {
	w := g.shape.weighing()
	for _, n := range g.rows {
		rows := int64(n)
		w.add(rows, counted{min(k, rows), rows}, 0)
	}
	return w.risks()
}

const (
	// groupCost is what is held of a group besides which range it has of each
	// quasi-identifier: a cut, and how many rows it has.
	groupCost = 20
	// rangeCost is what is held of a range, with what stands for it, about.
	rangeCost = 80
)

// add notes a group. What is held may be half of the memory: how much that is depends on
// the groups alone, so that whether they fit does not depend on how they were found.
func (g *Grouping) add(rows uint32, rangeOf func(quasi int) Range) error {
	g.rows = append(g.rows, rows)
	g.held += groupCost + 4*int64(len(g.of))
	for j := range g.of {
		r := rangeOf(j)
		n, known := g.number[j][r]
		if !known {
			n = uint32(len(g.ranges[j]))
			g.number[j][r], g.ranges[j] = n, append(g.ranges[j], r)
			g.held += rangeCost
		}
		g.of[j] = append(g.of[j], n)
	}
	if g.bound > 0 && g.held > g.bound/2 {
		return messages.TooManyGroups.With("bound", g.bound)
	}
	return nil
}

// Cuts finds groups of rows. It may be used by several goroutines.
type Cuts struct {
	places [][]uint32 // by quasi-identifier and leaf code
	at     []cut
	first  int32
}

// cut parts rows: those of a column up to a place go left.
type cut struct {
	column, last uint32
	left, right  int32 // another cut, or the group n as -1-n
}

// Of gives for each row, given by the leaf codes of its quasi-identifiers, its group.
func (c *Cuts) Of(quasi [][]uint32, group []uint32) {
	row := make([]uint32, len(quasi))
	for i := range group {
		for j, places := range c.places {
			row[j] = places[quasi[j][i]]
		}
		at := c.first
		for at >= 0 {
			cut := &c.at[at]
			if at = cut.right; row[cut.column] <= cut.last {
				at = cut.left
			}
		}
		group[i] = uint32(-1 - at)
	}
}

// Mondrian cuts the rows into the smallest groups that keep the models, by the strict
// method of LeFevre, DeWitt and Ramakrishnan: each time at the weighted median of the
// quasi-identifier whose values spread widest, the first of the policy when equal;
// values equal to the median go left; when that cut is not allowed, the next
// quasi-identifier is tried. Nothing is suppressed. Classes that memory does not hold
// are cut on disk until they fit, at the same places. What is made may take half of a
// memory; 0: there is no bound.
func Mondrian(ctx context.Context, p Problem, memory int64) (*Grouping, error) {
	s, err := newSearcherAt(p, false)
	if err != nil {
		return nil, err
	}
	m := p.Models
	switch {
	case m.Wildcard:
		return nil, messages.ModelsApart.With("first", "search = \"mondrian\"", "second", "null_match = \"wildcard\"")
	case m.AverageRisk.num > 0:
		return nil, messages.ModelsApart.With("first", "search = \"mondrian\"", "second", "average risk")
	}
	return newCutter(s, memory).grouping(ctx)
}

func (c *cutter) grouping(ctx context.Context) (*Grouping, error) {
	classes, all := c.s.p.Classes, &c.sides[0]
	err := classes.each(ctx, func(r *run) error {
		for i := range r.n {
			all.add(r, i)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !c.keeps(all) {
		return nil, messages.NoLevels.With("rows", classes.Rows, "limit", 0, "suppressed", classes.Rows)
	}
	if classes.whole != nil {
		c.g.Cuts.first, err = c.cutRun(ctx, classes.whole)
	} else {
		c.g.Cuts.first, err = c.cutAside(ctx, classes.aside())
	}
	c.g.number = nil
	return c.g, err
}

type cutter struct {
	s      *searcher
	g      *Grouping
	plain  bool // rows alone say whether the models are kept
	whole  []float64
	places [][]uint32
	sides  [2]side
	fits   int64 // bytes of classes on disk that memory holds while they are cut
	// Of what is cut now:
	r       *run
	leaves  []uint32
	ends    []ends
	order   []uint64
	rows    []uint64
	margins margins
}

// ends are the leaf codes of the least and of the greatest value.
type ends struct{ least, most uint32 }

func newCutter(s *searcher, memory int64) *cutter {
	c := &cutter{s: s, plain: s.simple && !s.strict, ends: make([]ends, len(s.p.Quasi)), fits: s.p.Classes.memory / 8}
	c.g = &Grouping{shape: s.p.Classes.shape, of: make([][]uint32, len(s.p.Quasi)), ranges: make([][]Range, len(s.p.Quasi)), bound: memory}
	for _, l := range s.p.Quasi {
		c.g.number = append(c.g.number, map[Range]uint32{})
		c.places = append(c.places, l.places())
		// Halves, since the difference of two numbers may be none.
		c.whole = append(c.whole, slices.Max(l.position)/2-slices.Min(l.position)/2)
	}
	c.g.Cuts = &Cuts{places: c.places}
	for i := range c.sides {
		c.sides[i].init(s)
	}
	return c
}

// places numbers the leaves in the order of the column: equal numbers alike, null last.
func (l *Levels) places() []uint32 {
	order := make([]uint32, len(l.position))
	for leaf := range order {
		order[leaf] = uint32(leaf)
	}
	compare := func(a, b uint32) int {
		nullA, nullB := int64(a) == l.null[0], int64(b) == l.null[0]
		if nullA || nullB {
			return boolOrder(nullA, nullB)
		}
		if by := cmp.Compare(l.position[a], l.position[b]); by != 0 || !l.numeric {
			return by
		}
		x, _ := number(l.labels[0][a]) // a float does not tell all digits
		y, _ := number(l.labels[0][b])
		return x.Cmp(y)
	}
	slices.SortFunc(order, compare)
	places := make([]uint32, len(order))
	for i, leaf := range order[1:] {
		places[leaf] = places[order[i]]
		if compare(order[i], leaf) != 0 {
			places[leaf]++
		}
	}
	return places
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// cutRun cuts classes that memory holds.
func (c *cutter) cutRun(ctx context.Context, r *run) (int32, error) {
	all := make([]uint32, r.len())
	for i := range all {
		all[i] = uint32(i)
	}
	c.r = r
	return c.cut(ctx, all)
}

// cut cuts classes, whose order it changes, and gives where they went: a cut, or a group.
func (c *cutter) cut(ctx context.Context, classes []uint32) (int32, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for j := range c.ends {
		c.ends[j] = c.endsOf(j, c.leavesOf(j, classes))
	}
	for _, j := range c.byWidth() {
		last, ok := c.median(j, classes)
		if !ok || !c.allowed(j, last, classes) {
			continue
		}
		n := c.part(j, last, classes)
		return c.both(j, last,
			func() (int32, error) { return c.cut(ctx, classes[:n]) },
			func() (int32, error) { return c.cut(ctx, classes[n:]) })
	}
	rows := uint32(0)
	for _, i := range classes {
		rows += c.r.n[i]
	}
	return c.close(rows, func(j int) []uint32 { return c.leavesOf(j, classes) })
}

// both notes a cut, and what was made of its sides.
func (c *cutter) both(j int, last uint32, left, right func() (int32, error)) (int32, error) {
	cuts := c.g.Cuts
	at := int32(len(cuts.at))
	cuts.at = append(cuts.at, cut{column: uint32(j), last: last})
	l, err := left()
	if err != nil {
		return 0, err
	}
	r, err := right()
	cuts.at[at].left, cuts.at[at].right = l, r
	return at, err
}

// close makes a group of classes that are cut no more.
func (c *cutter) close(rows uint32, leaves func(quasi int) []uint32) (int32, error) {
	group := int32(c.g.Len())
	return -1 - group, c.g.add(rows, func(j int) Range { return c.rangeOf(j, leaves(j)) })
}

// leavesOf is the leaf codes that classes have in a column, good until it is called again.
func (c *cutter) leavesOf(j int, classes []uint32) []uint32 {
	f, r := c.s.keys.fields[j], c.r
	c.leaves = slices.Grow(c.leaves[:0], len(classes))[:len(classes)]
	for n, i := range classes {
		c.leaves[n] = uint32(r.keys[int(i)*r.words+f.word] >> f.shift & f.mask())
	}
	return c.leaves
}

func (c *cutter) endsOf(j int, leaves []uint32) ends {
	places := c.places[j]
	e := ends{leaves[0], leaves[0]}
	for _, leaf := range leaves[1:] {
		if places[leaf] < places[e.least] {
			e.least = leaf
		}
		if places[leaf] > places[e.most] {
			e.most = leaf
		}
	}
	return e
}

// byWidth is the quasi-identifiers with more than one value, the widest first.
func (c *cutter) byWidth() []int {
	var order []int
	width := make([]float64, len(c.ends))
	for j, e := range c.ends {
		if c.places[j][e.least] == c.places[j][e.most] {
			continue
		}
		if position := c.s.p.Quasi[j].position; c.whole[j] > 0 {
			width[j] = (position[e.most]/2 - position[e.least]/2) / c.whole[j]
		}
		order = append(order, j)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(width[b], width[a]) })
	return order
}

// median is the place of a column at which half of the rows are reached; false where
// nothing is beyond it, or where a side has too few rows whatever they are.
func (c *cutter) median(j int, classes []uint32) (uint32, bool) {
	places := c.places[j]
	first, most := places[c.ends[j].least], places[c.ends[j].most]
	leaves := c.leavesOf(j, classes)
	if span := int(most-first) + 1; span <= 4*len(classes)+64 {
		rows := c.rowsAt(span)
		for n, leaf := range leaves {
			rows[places[leaf]-first] += uint64(c.r.n[classes[n]])
		}
		return c.middle(first, rows)
	}
	c.order = c.order[:0]
	total := uint64(0)
	for n, leaf := range leaves {
		rows := c.r.n[classes[n]]
		total += uint64(rows)
		c.order = append(c.order, uint64(places[leaf])<<32|uint64(rows))
	}
	slices.Sort(c.order)
	left, last := uint64(0), first
	for i := 0; i < len(c.order) && (2*left < total || uint32(c.order[i]>>32) == last); i++ {
		left, last = left+c.order[i]&(1<<32-1), uint32(c.order[i]>>32)
	}
	return last, last < most && !c.few(left) && !c.few(total-left)
}

// rowsAt is room for the rows of so many places, none so far.
func (c *cutter) rowsAt(span int) []uint64 {
	if cap(c.rows) < span {
		c.rows = make([]uint64, span+span/4)
	}
	rows := c.rows[:span]
	clear(rows)
	return rows
}

// middle is the median of rows by place, from the first place on.
func (c *cutter) middle(first uint32, rows []uint64) (uint32, bool) {
	total, left, at := uint64(0), rows[0], 0
	for _, n := range rows {
		total += n
	}
	for 2*left < total {
		at++
		left += rows[at]
	}
	return first + uint32(at), at < len(rows)-1 && !c.few(left) && !c.few(total-left)
}

// few says whether so many rows keep no model, whatever they are.
func (c *cutter) few(rows uint64) bool { return rows == 0 || rows < uint64(c.s.p.Models.K) }

// allowed says whether both sides of a cut, which have rows enough, keep the models.
func (c *cutter) allowed(j int, last uint32, classes []uint32) bool {
	if c.plain {
		return true
	}
	c.begin()
	for n, leaf := range c.leavesOf(j, classes) {
		c.side(j, last, leaf).add(c.r, int(classes[n]))
	}
	return c.keep()
}

func (c *cutter) begin() {
	for i := range c.sides {
		c.sides[i].reset()
	}
}

func (c *cutter) side(j int, last, leaf uint32) *side {
	if c.places[j][leaf] <= last {
		return &c.sides[0]
	}
	return &c.sides[1]
}

func (c *cutter) keep() bool { return c.keeps(&c.sides[0]) && c.keeps(&c.sides[1]) }

// part puts the classes that go left before the others, and gives how many these are.
func (c *cutter) part(j int, last uint32, classes []uint32) int {
	leaves, places := c.leavesOf(j, classes), c.places[j]
	n := 0
	for i, leaf := range leaves {
		if places[leaf] <= last {
			classes[i], classes[n] = classes[n], classes[i]
			n++
		}
	}
	return n
}

func (c *cutter) rangeOf(j int, leaves []uint32) Range {
	l := c.s.p.Quasi[j]
	e := c.endsOf(j, leaves)
	var r Range
	if places := c.places[j]; l.numeric && int64(e.most) != l.null[0] {
		for _, leaf := range leaves { // of equal ones not the one that came first
			if places[leaf] == places[e.least] {
				e.least = min(e.least, leaf)
			}
			if places[leaf] == places[e.most] {
				e.most = max(e.most, leaf)
			}
		}
		if r.Numbers = e.least != e.most; r.Numbers {
			r.From, r.To = e.least, e.most
		}
	}
	for level, up := range l.up {
		code := up[leaves[0]]
		if !slices.ContainsFunc(leaves, func(leaf uint32) bool { return up[leaf] != code }) {
			r.Level, r.Code = int16(level), code
			return r
		}
	}
	r.Level = -1
	return r
}

// side is what the models look at of one side of a cut.
type side struct {
	rows   uint32
	people uint32
	counts [][]uint32 // by sensitive column that is looked at and code
	met    [][]uint32 // codes with a count
	told   int        // subjects that are told apart
	enough bool       // there are more
	ids    []uint64
}

func (s *side) init(of *searcher) {
	s.told = of.p.Classes.shape.Subjects
	s.counts, s.met = make([][]uint32, len(of.sums)), make([][]uint32, len(of.sums))
	for c, sums := range of.sums {
		if sums != nil {
			s.counts[c] = make([]uint32, len(sums))
		}
	}
}

func (s *side) reset() {
	s.rows, s.people, s.enough, s.ids = 0, 0, false, s.ids[:0]
	for c, met := range s.met {
		for _, code := range met {
			s.counts[c][code] = 0
		}
		s.met[c] = met[:0]
	}
}

// add adds class i of a run.
func (s *side) add(r *run, i int) {
	s.rows += r.n[i]
	if r.population != nil {
		s.people = addUp(s.people, r.population[i])
	}
	for c, l := range r.lists {
		counts := s.counts[c]
		if counts == nil {
			continue
		}
		for p := l.start[i]; p < l.start[i+1]; p++ {
			code := l.code[p]
			if counts[code] == 0 {
				s.met[c] = append(s.met[c], code)
			}
			counts[code] += l.n[p]
		}
	}
	if u := r.subjects; u != nil && !s.enough {
		s.enough = u.enough[i]
		if s.ids = append(s.ids, u.id[u.start[i]:u.start[i+1]]...); len(s.ids) > 2*s.told+few {
			s.condense()
		}
	}
}

// condense has each subject once.
func (s *side) condense() {
	slices.Sort(s.ids)
	s.ids = slices.Compact(s.ids)
	s.enough = s.enough || len(s.ids) >= s.told
}

// keeps says whether what is on a side, as one class, keeps the models.
func (c *cutter) keeps(s *side) bool {
	if c.few(uint64(s.rows)) {
		return false
	}
	if c.plain {
		return true
	}
	of := c.s.p.Classes.shape
	r := &run{words: c.s.keys.words, keys: make([]uint64, c.s.keys.words), n: []uint32{s.rows}, lists: make([]list, len(s.counts))}
	if of.Population {
		r.population = []uint32{s.people}
	}
	for column, met := range s.met {
		l := list{start: []uint32{0, uint32(len(met))}, code: met}
		for _, code := range met {
			l.n = append(l.n, s.counts[column][code])
		}
		r.lists[column] = l
	}
	if of.Subjects > 0 {
		s.condense()
		r.subjects = &subjects{enough: []bool{s.enough}, start: []uint32{0, uint32(len(s.ids))}, id: s.ids}
	}
	n := &node{run: r, fails: make([]bool, 1)}
	c.s.lasting(n)
	return !n.fails[0] && (!c.s.strict || c.s.passes(r, 0))
}
