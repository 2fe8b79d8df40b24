package disclosure

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Problem is what Search solves.
type Problem struct {
	Classes *Classes
	Quasi   []*Levels // of the classes' quasi-identifiers, in the order of the policy
	Models  Models
	Metric  Metric
	// Limit is the greatest share of the rows that may be suppressed.
	Limit Ratio
}

// Node is what one choice of levels comes to.
type Node struct {
	Levels     []int
	Score      float64
	Suppressed int64 // rows
	Classes    int64 // that stay
}

// Solution is the optimum and what it took.
type Solution struct {
	Node
	Checked int // choices of levels that were looked at
}

// Search finds the levels of the least metric among those under which the rows of
// failing classes are at most the limit, and not all rows. Of equal ones it takes the
// one with fewer rows suppressed, then the least sum of levels, then the first in
// lexicographic order. The result is exact: what is not looked at is proved not to be better.
func Search(ctx context.Context, p Problem) (Solution, error) {
	s, err := newSearcher(p)
	if err != nil {
		return Solution{}, err
	}
	if err := s.walk(ctx); err != nil {
		return Solution{}, err
	}
	if s.best == nil && p.Limit.Of(p.Classes.Rows) == p.Classes.Rows {
		return Solution{}, messages.AllSuppressed.With("rows", p.Classes.Rows)
	}
	if s.best == nil {
		return Solution{}, messages.NoLevels.With("rows", p.Classes.Rows, "limit", s.limit, "suppressed", s.fewest)
	}
	return Solution{Node: s.best.Node, Checked: s.checked}, nil
}

// Fewest is how many rows those levels suppress that suppress fewest, whatever the limit
// and the metric: all rows where no levels let any stay. It is exact as Search is.
func Fewest(ctx context.Context, p Problem) (int64, error) {
	s, err := newSearcher(p)
	if err != nil {
		return 0, err
	}
	s.fewer, s.limit = true, p.Classes.Rows-1
	err = s.walk(ctx)
	return min(s.fewest, p.Classes.Rows), err
}

// Evaluate tells what levels come to, whatever the limit.
func Evaluate(ctx context.Context, p Problem, levels []int) (Node, error) {
	s, err := newSearcher(p)
	if err != nil {
		return Node{}, err
	}
	n, err := s.at(ctx, s.bottom(), levels)
	if err != nil {
		return Node{}, err
	}
	return s.told(n).Node, nil
}

// latticeMost is how many choices of levels a search may have to look at, at worst.
const latticeMost = 1 << 24

type searcher struct {
	p      Problem
	scale  *scale
	judges []*judge
	strict bool // some model is not lasting
	simple bool // K alone decides, by rows
	keys   layout
	// Of the search:
	limit   int64
	best    *found
	fewest  int64
	fewer   bool // the search is for fewest
	checked int
	// Kept and reused:
	steps  [][][][]uint32 // by quasi-identifier, from, to
	sums   [][]uint32     // by list that is looked at and code
	of     []uint32
	target []uint64
	slots  []uint64
	change []uint64
	free   []*run   // whose keys and counts may be used again
	flags  [][]bool // the same
	margin []uint64
	bad    []uint32
	parts  [][]uint64
	moved  []move

	outKeys   []uint64
	outCounts []uint32
}

// found is a node and how it stands to others.
type found struct {
	Node
	cost
}

// cost orders nodes: the least is the optimum.
type cost struct {
	rank   uint64
	bad    int64
	height int
	levels []int
}

func (c cost) compare(d cost) int {
	return cmp.Or(cmp.Compare(c.rank, d.rank), cmp.Compare(c.bad, d.bad), c.height-d.height, slices.Compare(c.levels, d.levels))
}

func newSearcher(p Problem) (*searcher, error) { return newSearcherAt(p, true) }

func newSearcherAt(p Problem, lattice bool) (*searcher, error) {
	c := p.Classes
	if c.Rows == 0 {
		return nil, messages.NothingToProtect.With()
	}
	if least := p.Models.least(c.joint != nil); least > c.Rows {
		return nil, messages.TooFewRows.With("rows", c.Rows, "least", least)
	}
	if m := p.Models; c.shape.Subjects > 0 && m.Wildcard {
		return nil, messages.ModelsApart.With("first", "subject", "second", "null_match = \"wildcard\"")
	} else if c.shape.Subjects > 0 && c.shape.Subjects < m.K || m.KMap > 0 && !c.shape.Population {
		return nil, fmt.Errorf("the shape of the classes does not suit the models")
	}
	for j, l := range p.Quasi {
		if len(p.Quasi) != len(c.Quasi) || len(l.up[0]) != c.Quasi[j].Len() {
			return nil, fmt.Errorf("the levels are not of these classes")
		}
	}
	nodes := 1.0
	s := &searcher{p: p, keys: c.keys, strict: !p.Models.monotone(c.joint != nil), limit: min(p.Limit.Of(c.Rows), c.Rows-1), fewest: math.MaxInt64}
	for _, l := range p.Quasi {
		nodes *= float64(l.Height() + 1)
		steps := make([][][]uint32, l.Height()+1)
		for i := range steps {
			steps[i] = make([][]uint32, l.Height()+1)
		}
		s.steps = append(s.steps, steps)
	}
	if lattice && nodes > latticeMost {
		return nil, messages.LatticeTooLarge.With("nodes", nodes, "bound", latticeMost)
	}
	m := p.Models
	s.simple = !m.Wildcard && c.shape.Subjects == 0 && m.KMap == 0 && m.fewest(c.joint != nil) == 0 && !c.shape.Population
	s.scale = newScale(c.Rows, p.Quasi, c.rowsByLeaf)
	s.sums = make([][]uint32, c.shape.lists())
	for _, m := range p.Models.Sensitive {
		j := newJudge(m, c)
		if c.joint != nil {
			j.wanted = p.Models.fewest(true)
		}
		s.judges = append(s.judges, j)
		s.look(m.Column)
	}
	return s, nil
}

// look has the values of a sensitive column joined.
func (s *searcher) look(column int) {
	c := s.p.Classes
	n := c.Sensitive[column].Len()
	if c.joint != nil {
		n = c.joint.len()
	}
	s.sums[c.list(column)] = make([]uint32, n)
}

// bottom is the classes as they were counted, as a node that was not looked at.
func (s *searcher) bottom() *node {
	return &node{levels: make([]int, len(s.p.Quasi)), run: s.p.Classes.whole}
}

// base is the same node, looked at.
func (s *searcher) base(ctx context.Context) (*node, error) {
	if n := s.bottom(); n.run != nil {
		return s.weighed(n.levels, n.run), nil
	}
	return s.over(ctx, make([]int, len(s.p.Quasi)))
}

func (s *searcher) top() []int {
	top := make([]int, len(s.p.Quasi))
	for j, l := range s.p.Quasi {
		top[j] = l.Height()
	}
	return top
}

// told is a node as its cost.
func (s *searcher) told(n *node) *found {
	height := 0
	for _, l := range n.levels {
		height += l
	}
	return &found{
		Node: Node{n.levels, s.scale.score(s.p.Metric, n.levels, &n.st), n.st.bad, n.st.good},
		cost: cost{s.scale.rank(s.p.Metric, n.levels, &n.st), n.st.bad, height, n.levels},
	}
}

// offer takes a node that is allowed and the best so far.
func (s *searcher) offer(n *node) {
	s.checked++
	s.fewest = min(s.fewest, n.st.bad)
	if s.fewer {
		s.limit = min(s.limit, s.fewest-1) // what suppresses no fewer is of no interest
		return
	}
	if n.st.bad > s.limit {
		return
	}
	if f := s.told(n); s.best == nil || f.compare(s.best.cost) < 0 {
		s.best = f
	}
}
