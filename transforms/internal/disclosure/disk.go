package disclosure

import (
	"context"
	"errors"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// over makes a node of classes that are on disk. When memory does not hold its own
// classes, it has their sums and no run.
func (s *searcher) over(ctx context.Context, levels []int) (*node, error) {
	sum := &node{levels: levels, judged: true}
	sum.st.leaves = make([]uint64, len(levels))
	parts := 0
	var last *node
	err := s.visit(ctx, levels, func(n *node) error {
		last = n
		parts++
		sum.add(n)
		return nil
	})
	if err == nil && parts == 1 {
		return last, nil
	}
	return sum, err
}

// visit makes the node at levels of the classes as they were counted and calls f:
// once or, when memory does not hold its classes, with some of them at a time.
func (s *searcher) visit(ctx context.Context, levels []int, f func(*node) error) error {
	c := s.p.Classes
	if c.whole != nil {
		n, err := s.at(ctx, s.bottom(), levels)
		if err == nil {
			err = f(n)
		}
		return err
	}
	first, parts, err := s.pieces(ctx, levels)
	for i := uint64(0); i < parts && err == nil; i++ {
		r := first
		if i > 0 {
			r, err = s.collect(ctx, levels, i, parts)
		}
		if err == nil {
			n := s.weighed(levels, r)
			s.judge(n)
			err = f(n)
		}
	}
	return err
}

// pieces is in how many parts memory holds the classes at levels, and the first.
func (s *searcher) pieces(ctx context.Context, levels []int) (*run, uint64, error) {
	for parts := uint64(1); parts <= 1<<12; parts *= 4 {
		if m := s.p.Models; parts > 1 && (m.Wildcard || m.AverageRisk.num > 0 || s.p.Metric == SuppressedEntropy) {
			break // these look at all classes at once
		}
		first, err := s.collect(ctx, levels, 0, parts)
		if !errors.Is(err, errTooMany) {
			return first, parts, err
		}
	}
	return nil, 0, messages.TooManyClasses.With("bound", s.p.Classes.memory)
}

func (n *node) add(o *node) {
	for _, to := range []struct{ a, b *stats }{{&n.st, &o.st}, {&n.weak, &o.weak}} {
		to.a.bad += to.b.bad
		to.a.good += to.b.good
		to.a.all += to.b.all
		to.a.squares += to.b.squares
		to.a.goodOnes += to.b.goodOnes
	}
	for j := range n.st.leaves {
		n.st.leaves[j] += o.st.leaves[j]
	}
}

// collect joins the classes on disk at levels, those of one part of the keys.
func (s *searcher) collect(ctx context.Context, levels []int, part, parts uint64) (*run, error) {
	c := s.p.Classes
	bottom := make([]int, len(levels))
	all := &run{words: c.keys.words}
	kept := 0 // classes that are joined already
	err := c.each(ctx, func(r *run) error {
		g := s.up(r, bottom, levels)
		s.values(r, &g)
		all.append(g.to, part, parts)
		if all.len() < 2*kept+1<<16 {
			return nil
		}
		all = s.condense(all, levels)
		kept = all.len()
		if all.bytes() > c.memory/16 { // the walk holds several nodes, and makes another
			return errTooMany
		}
		return nil
	})
	return s.condense(all, levels), err
}

func (s *searcher) condense(r *run, levels []int) *run {
	g := s.up(r, levels, levels)
	s.values(r, &g)
	return g.to
}

func (r *run) bytes() int64 {
	n := 0
	for _, x := range r.words64() {
		n += 8 * len(*x)
	}
	for _, x := range r.words32() {
		n += 4 * len(*x)
	}
	return int64(n)
}

// append adds the classes of another run whose keys are of a part.
func (r *run) append(o *run, part, parts uint64) {
	if r.len() == 0 {
		r.begin(o)
	}
	for i := range o.n {
		if parts > 1 && hashKey(o.key(i))>>32*parts>>32 != part {
			continue
		}
		r.take(o, i)
	}
}

// take adds class i of another run.
func (r *run) take(o *run, i int) {
	if r.len() == 0 {
		r.begin(o)
	}
	r.keys, r.n = append(r.keys, o.key(i)...), append(r.n, o.n[i])
	if o.population != nil {
		r.population = append(r.population, o.population[i])
	}
	for c, l := range o.lists {
		if l.start == nil { // nobody looks at it
			continue
		}
		to := &r.lists[c]
		to.code = append(to.code, l.code[l.start[i]:l.start[i+1]]...)
		to.n = append(to.n, l.n[l.start[i]:l.start[i+1]]...)
		to.start = append(to.start, uint32(len(to.code)))
	}
	if u := o.subjects; u != nil {
		r.subjects.enough = append(r.subjects.enough, u.enough[i])
		r.subjects.id = append(r.subjects.id, u.id[u.start[i]:u.start[i+1]]...)
		r.subjects.start = append(r.subjects.start, uint32(len(r.subjects.id)))
	}
}

// begin has a run without classes count what another one does.
func (r *run) begin(o *run) {
	r.words = o.words
	if r.lists == nil {
		r.lists = make([]list, len(o.lists))
	}
	for i := range r.lists {
		r.lists[i].start = append(r.lists[i].start[:0], 0)
	}
	if o.subjects != nil {
		if r.subjects == nil {
			r.subjects = &subjects{}
		}
		r.subjects.start = append(r.subjects.start[:0], 0)
	}
	if o.population != nil && r.population == nil {
		r.population = []uint32{}
	}
}

// empty lets go of the classes and keeps their room.
func (r *run) empty() {
	for _, x := range r.words64() {
		*x = (*x)[:0]
	}
	for _, x := range r.words32() {
		*x = (*x)[:0]
	}
	if r.subjects != nil {
		r.subjects.enough = r.subjects.enough[:0]
	}
}
