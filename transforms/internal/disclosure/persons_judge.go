package disclosure

import (
	"context"
	"slices"
	"sync/atomic"
)

// judged is the classes of the rows that stay so far.
type judged struct {
	*weighing
	classes, rows int64
	lost          bool // some do not stay
}

// weigh looks at the classes of a run, whose numbers are given.
func (g *keeping) weigh(s *searcher, levels []int, numbers []uint32, run *run, w *judged) {
	at := s.weighed(levels, run)
	s.judge(at)
	for i, size := range run.n {
		if at.lost[i] {
			w.lost = true
			g.alive[numbers[i]] = false
			continue
		}
		rows, population := int64(size), int64(0)
		w.classes++
		w.rows += rows
		if g.population != nil {
			population = int64(g.population.get(run.key(i)))
		}
		w.add(rows, counted{min(int64(g.k), rows), rows}, population)
	}
}

// populationAt counts the population of each class at levels; nil where none is counted.
func populationAt(ctx context.Context, p Problem, levels []int) (*table, error) {
	if !p.Classes.shape.Population {
		return nil, nil
	}
	s, err := newSearcher(p)
	if err != nil {
		return nil, err
	}
	t := newTable(s.keys.words)
	return t, s.visit(ctx, levels, func(n *node) error {
		for i, people := range n.run.population {
			t.add(n.run.key(i), people)
		}
		return nil
	})
}

// judge looks at the classes of the rows that stay, some at a time unless a model looks at
// all at once.
func (g *keeping) judge(ctx context.Context, s *searcher, levels []int) (*judged, error) {
	c := g.c
	rows := make([]uint32, len(g.at))
	values := make([]*piles, c.shape.lists()) // of the rows: the class and the code
	defer func() {
		for _, v := range values {
			v.close()
		}
	}()
	want := make([]bool, len(values))
	for i := range values {
		if want[i] = s.sums[i] != nil; want[i] {
			values[i] = newPiles(c.opts, c.memory/trailShare/int64(len(values)), &atomic.Int64{})
		}
	}
	err := c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		w.want = want
		w.codes = slices.Grow(w.codes[:0], len(want))[:len(want)]
		defer func() { w.want = nil }()
		return g.rows(ctx, pile, w, func() error {
			for _, class := range w.classes {
				atomic.AddUint32(&rows[class], 1)
			}
			for i, v := range values {
				if v == nil {
					continue
				}
				for n, class := range w.classes {
					if err := v.put(g.pileOf(class), uint64(class), uint64(w.codes[i][n])); err != nil {
						return err
					}
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	at := &judged{weighing: c.shape.weighing()}
	if s.p.Models.AverageRisk.num > 0 {
		numbers, run, err := g.all(ctx, rows, values)
		if err == nil && run.len() > 0 {
			g.weigh(s, levels, numbers, run, at)
		}
		return at, err
	}
	var large []int
	err = c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		from, to := g.classes(pile)
		return g.halve(from, to, func(from, to int) error {
			numbers, run, err := g.run(ctx, pile, w, rows, values, from, to, c.share())
			if err != nil || run.len() == 0 {
				return err
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.weigh(s, levels, numbers, run, at)
			return nil
		}, func(class int) {
			g.mu.Lock()
			defer g.mu.Unlock()
			large = append(large, class)
		})
	})
	w := &walker{}
	for n := 0; n < len(large) && err == nil; n++ {
		var numbers []uint32
		var run *run
		class := large[n]
		if numbers, run, err = g.run(ctx, g.pileOf(uint32(class)), w, rows, values, class, class+1, c.most()); err == nil {
			g.weigh(s, levels, numbers, run, at)
		}
	}
	if err == errTooMany {
		err = c.full()
	}
	return at, err
}

// pileOf is the pile of what is noted of a class: neighbours are in one.
func (g *keeping) pileOf(class uint32) int { return int(uint64(class) * pileCount / uint64(len(g.at))) }

// classes is the classes of a pile, from one to before another.
func (g *keeping) classes(pile int) (from, to int) {
	first := func(pile int) int { return (pile*len(g.at) + pileCount - 1) / pileCount }
	return first(pile), first(pile + 1)
}

// halve does something with classes, with half of them at a time where the share of a
// worker does not hold all. What is of one class and larger than that waits for when nobody
// else works: whether memory holds it does not depend on how many there are.
func (g *keeping) halve(from, to int, do func(from, to int) error, wait func(class int)) error {
	err := do(from, to)
	if err != errTooMany {
		return err
	}
	if to-from == 1 {
		wait(from)
		return nil
	}
	middle := (from + to) / 2
	if err := g.halve(from, middle, do, wait); err != nil {
		return err
	}
	return g.halve(middle, to, do, wait)
}

// run is the classes of a pile from one to before another, and their numbers, in so many
// bytes.
func (g *keeping) run(ctx context.Context, pile int, w *walker, rows []uint32, values []*piles, from, to int, share int64) ([]uint32, *run, error) {
	var numbers []uint32
	out := &run{words: g.keys.words, lists: make([]list, len(values))}
	for class := from; class < to; class++ {
		if rows[class] > 0 {
			numbers = append(numbers, uint32(class))
			out.keys, out.n = append(out.keys, g.numbers.key(int(g.at[class]))...), append(out.n, rows[class])
		}
	}
	if out.bytes() > share {
		return nil, nil, errTooMany
	}
	for i, v := range values {
		if v == nil {
			continue
		}
		if w.counts == nil {
			w.counts = newTable(1)
		}
		w.counts.reset(share / 8)
		pair := make([]uint64, 1)
		err := v.pairs(ctx, pile, &w.buf, func(class, code uint64) error {
			if class < uint64(from) || class >= uint64(to) {
				return nil
			}
			pair[0] = class<<32 | code
			if w.counts.add(pair, 1) && out.bytes()+2*w.counts.bytes() > share {
				return errTooMany
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		e := entries{words: 1}
		_ = w.counts.each(func(pair []uint64, n uint32) error {
			e.keys, e.n = append(e.keys, pair[0]), append(e.n, n)
			return nil
		})
		e.order(addUp)
		l := list{n: e.n}
		at := 0
		for _, class := range numbers {
			l.start = append(l.start, uint32(at))
			for at < len(e.keys) && uint32(e.keys[at]>>32) == class {
				l.code = append(l.code, uint32(e.keys[at]))
				at++
			}
		}
		l.start = append(l.start, uint32(at))
		out.lists[i] = l
	}
	return numbers, out, nil
}

// all is the classes of all piles.
func (g *keeping) all(ctx context.Context, rows []uint32, values []*piles) ([]uint32, *run, error) {
	var numbers []uint32
	all := &run{words: g.keys.words}
	w := &walker{}
	for pile := range pileCount {
		from, to := g.classes(pile)
		some, run, err := g.run(ctx, pile, w, rows, values, from, to, g.c.most())
		if err == errTooMany {
			err = g.c.full()
		}
		if err != nil {
			return nil, nil, err
		}
		if run.len() == 0 {
			continue
		}
		numbers = append(numbers, some...)
		if all.append(run, 0, 1); !g.c.room(all.bytes()) {
			return nil, nil, g.c.full()
		}
	}
	return numbers, all, nil
}
