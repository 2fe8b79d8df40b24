package disclosure

import (
	"context"
	"errors"
	"slices"
)

// node is one choice of levels and the classes under it.
type node struct {
	levels []int
	run    *run   // nil: more than memory holds, see searcher.over
	fails  []bool // classes that fail what lasts under generalisation
	lost   []bool // classes that fail any model
	judged bool
	st     stats // of all models, once judged
	weak   stats // of what lasts
}

// grouping is a run's classes joined under higher levels.
type grouping struct {
	of []uint32 // class of the run to class above
	to *run
}

// errTooMany says that a node has more classes than memory holds.
var errTooMany = errors.New("more classes than memory holds")

// at makes and judges the node at levels of the classes of one below.
func (s *searcher) at(ctx context.Context, below *node, levels []int) (*node, error) {
	if below.run == nil {
		return s.over(ctx, levels)
	}
	g := s.up(below.run, below.levels, levels)
	s.values(below.run, &g)
	n := s.weighed(levels, g.to)
	s.judge(n)
	return n, nil
}

// raise makes the node of the classes of one below with one column higher.
func (s *searcher) raise(below *node, j, level int) *node {
	r, levels := below.run, slices.Clone(below.levels)
	levels[j] = level
	if r.words > 1 {
		g := s.up(r, below.levels, levels)
		s.values(r, &g)
		return s.weighed(levels, g.to)
	}
	f := s.keys.fields[j]
	step := s.step(j, below.levels[j], level)
	if cap(s.change) < len(step) {
		s.change = make([]uint64, len(step))
	}
	change := s.change[:len(step)]
	for code, to := range step {
		change[code] = uint64(uint32(code)^to) << f.shift
	}
	g := s.grouping(r)
	s.join(r.keys, r.n, change, f.shift, f.mask(), &g)
	g.population(r)
	s.values(r, &g)
	return s.weighed(levels, g.to)
}

func (s *searcher) grouping(r *run) grouping {
	n := r.len()
	if cap(s.of) < n {
		s.of = make([]uint32, n+n/4)
	}
	return grouping{of: s.of[:n], to: &run{words: r.words}}
}
