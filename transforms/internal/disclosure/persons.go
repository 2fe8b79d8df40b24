package disclosure

import (
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Kept is what stays at levels where it shows which rows are of one person.
type Kept struct {
	Node
	Recoder *Recoder
	Risks   Risks
}

// SearchPersons is Search where what is published ties the rows of a person together,
// of a shape that has Persons. Besides what the models ask of each class, the classes of
// each person's rows, taken together and as often as they occur, are those of at least K
// persons. A row of which nobody knows the person is tied to no other; all such rows
// count as those of one person.
//
// At given levels, what is suppressed is the rows of classes that fail the models; then,
// again and again, those of all persons whose classes are those of fewer than K, and
// those of all classes that fail without them, until there are none of either.
//
// From the levels that Search finds it goes up, one level of one column at a time, until
// the rows suppressed are within the limit. Of the levels next above, but for those that
// join no classes, it takes those within the limit by which the metric loses least, else
// those under which fewest rows are suppressed. Levels that it does not come by may lose
// less.
func SearchPersons(ctx context.Context, p Problem) (*Kept, error) {
	best, err := Search(ctx, p)
	if err != nil {
		return nil, err
	}
	s, err := newSearcher(p)
	if err != nil {
		return nil, err
	}
	at, err := keep(ctx, p, best.Node)
	if err != nil {
		return nil, err
	}
	for fewest := at.Suppressed; at.Suppressed > s.limit; fewest = min(fewest, at.Suppressed) {
		next, err := s.above(ctx, at.Levels)
		if err != nil {
			return nil, err
		}
		if len(next) == 0 {
			return nil, messages.PersonsAlone.With("rows", p.Classes.Rows, "limit", s.limit, "suppressed", fewest)
		}
		at = nil
		for _, n := range next {
			k, err := keep(ctx, p, n)
			if err != nil {
				return nil, err
			}
			if at == nil || k.Suppressed < at.Suppressed {
				at = k
			}
			if k.Suppressed <= s.limit {
				at = k
				break
			}
		}
	}
	return at, nil
}

// above is the nodes one level above, those first by which the metric loses least. Nodes
// that join no classes come alone, and only if there are no others.
func (s *searcher) above(ctx context.Context, levels []int) ([]Node, error) {
	here, err := s.at(ctx, s.bottom(), levels)
	if err != nil {
		return nil, err
	}
	var all, joining []*found
	for j, top := range s.top() {
		if levels[j] == top {
			continue
		}
		up := slices.Clone(levels)
		up[j]++
		n, err := s.at(ctx, s.bottom(), up)
		if err != nil {
			return nil, err
		}
		f := s.told(n)
		if all = append(all, f); n.weak.all < here.weak.all {
			joining = append(joining, f)
		}
	}
	byCost := func(a, b *found) int { return a.compare(b.cost) }
	if len(joining) == 0 && len(all) > 0 {
		joining = []*found{slices.MinFunc(all, byCost)}
	}
	slices.SortFunc(joining, byCost)
	var nodes []Node
	for _, f := range joining {
		nodes = append(nodes, f.Node)
	}
	return nodes, nil
}

// keeping is what stays at levels, in the making. Classes are known by their numbers.
type keeping struct {
	generalising
	k       uint32
	r       *Recoder
	numbers *table   // of the classes that keep the models, from 1
	at      []uint32 // by number from 0 on, here and below: the slot of the key
	hashes  []uint64
	alive   []bool
	closed  []bool // the rows of nobody known do not stay

	mu         sync.Mutex
	gone       personSet
	population *table // of each class; nil: none is counted
}

// keep tells what stays at the levels of n.
func keep(ctx context.Context, p Problem, n Node) (*Kept, error) {
	c := p.Classes
	nothing := &Kept{Node: Node{Levels: n.Levels, Score: n.Score, Suppressed: c.Rows}}
	r, stay, err := recode(ctx, p, n.Levels)
	if messages.Has(err, messages.AllSuppressed) {
		return nothing, nil
	}
	if err != nil {
		return nil, err
	}
	asItIs := func() (*Kept, error) {
		risks, err := Measure(ctx, p, n.Levels)
		return &Kept{Node: n, Recoder: r, Risks: risks}, err
	}
	if alone, err := c.strangers(ctx); err != nil {
		return nil, err
	} else if alone {
		return asItIs()
	}
	population, err := populationAt(ctx, p, n.Levels)
	if err != nil {
		return nil, err
	}
	classes := p
	classes.Models.KMap = 0 // what a class has of the population was looked at, and lasts
	s, err := newSearcher(classes)
	if err != nil {
		return nil, err
	}
	g := &keeping{generalising: c.generalising(r.keys, r.luts), k: uint32(min(p.Models.K, math.MaxInt32)), r: r, population: population}
	g.number(stay)
	for w := (*judged)(nil); ; {
		dropped, err := g.dropRare(ctx)
		switch {
		case err != nil:
			return nil, err
		case !dropped && w == nil: // everybody is like others as it is
			return asItIs()
		case !dropped:
			return g.kept(n, w)
		}
		if w, err = g.judge(ctx, s, n.Levels); err != nil {
			return nil, err
		}
		if w.classes == 0 {
			return nothing, nil
		}
		if !w.lost {
			return g.kept(n, w)
		}
	}
}

// number takes the classes that stay.
func (g *keeping) number(stay *table) {
	g.numbers = stay
	g.at, g.hashes = make([]uint32, stay.used), make([]uint64, stay.used)
	g.alive, g.closed = make([]bool, stay.used), make([]bool, stay.used)
	for slot, n := range stay.n {
		if n > 0 {
			g.at[n-1], g.hashes[n-1], g.alive[n-1] = uint32(slot), hashClass(stay.key(slot)), true
		}
	}
	g.gone.reset(0)
}

// kept is what stays in the end.
func (g *keeping) kept(n Node, w *judged) (*Kept, error) {
	c, r := g.c, g.r
	stay, unknown := newTable(g.keys.words), newTable(g.keys.words)
	for class, slot := range g.at {
		if g.alive[class] {
			stay.add(g.numbers.key(int(slot)), 1)
		}
		if g.closed[class] {
			unknown.add(g.numbers.key(int(slot)), 1)
		}
	}
	if !c.room(stay.bytes() / 2) {
		return nil, c.full()
	}
	gone := g.gone
	r.table, r.drops, r.gone, r.unknown = stay, false, &gone, unknown
	return &Kept{
		Node:    Node{Levels: n.Levels, Score: n.Score, Suppressed: c.Rows - w.rows, Classes: w.classes},
		Recoder: r, Risks: w.risks(int64(g.k)),
	}, nil
}

// judged is the classes of the rows that stay so far.
type judged struct {
	classes, rows int64
	lost          bool            // some do not stay
	sizes, people map[int64]int64 // as risksOf takes them
}

// risks are those of the rows that stay, of whom each class has so many persons at least.
func (w *judged) risks(persons int64) Risks {
	r := risksOf(w.sizes, w.people)
	r.Persons = persons
	return r
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
		w.classes++
		w.sizes[int64(size)]++
		w.rows += int64(size)
		if g.population != nil {
			w.people[int64(g.population.get(run.key(i)))] += int64(size)
		}
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

// rows visits the rows of a pile that stay so far. w has them, by the numbers of their classes from 0.
func (g *keeping) rows(ctx context.Context, pile int, w *walker, f func() error) error {
	return g.walk(ctx, pile, w, g.numbers, func() error {
		w.at = w.at[:0]
		for i, class := range w.classes {
			if class == 0 || !g.alive[class-1] {
				continue
			}
			if person := w.persons[i]; person == nobody && g.closed[class-1] || g.gone.has(person) {
				continue
			}
			w.at = append(w.at, int32(i))
		}
		for to, from := range w.at {
			w.persons[to], w.classes[to] = w.persons[from], w.classes[from]-1
		}
		w.persons, w.classes = w.persons[:len(w.at)], w.classes[:len(w.at)]
		for s, want := range w.want {
			if want {
				for to, from := range w.at {
					w.codes[s][to] = w.codes[s][from]
				}
			}
		}
		return f()
	})
}

// Persons are those of whom a row stays, in the order of their numbers, but for the one who is nobody known.
func Persons(ctx context.Context, c *Classes, r *Recoder) ([]uint64, error) {
	var mu sync.Mutex
	var all []uint64
	g := c.generalising(r.keys, r.luts)
	err := c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		return c.split(func(low, bits uint64) error {
			w.set.reset(0)
			err := g.walk(ctx, pile, w, r.table, func() error {
				for i, person := range w.persons {
					if person == nobody || (w.classes[i] > 0) == r.drops || r.gone != nil && r.gone.has(person) || !among(person, low, bits) {
						continue
					}
					if w.set.add(person); w.set.bytes() > c.share() {
						return errTooMany
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if !c.room(8 * int64(len(all)+w.set.used)) {
				return c.full()
			}
			w.set.each(func(person uint64) { all = append(all, person) })
			return nil
		})
	})
	slices.Sort(all)
	return all, err
}

// dropRare drops the persons whose classes are those of fewer than k, and says whether
// there were any.
func (g *keeping) dropRare(ctx context.Context) (bool, error) {
	c := g.c
	alike := newPiles(c.opts, c.memory/trailShare, &atomic.Int64{}) // what the classes of each person sum up to, and who it is
	defer alike.close()
	open := make([]uint32, len(g.at)) // whether there are rows of which nobody knows the person
	err := c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		return c.split(func(low, bits uint64) error {
			if err := g.sums(ctx, pile, w, open, low, bits); err != nil {
				return err
			}
			return w.sums.each(func(person, sum uint64) error {
				return alike.put(pileOf(spreadHash(sum)), sum, person)
			})
		})
	})
	if err != nil {
		return false, err
	}
	var opened [pileCount][]uint32
	for class, yes := range open {
		if yes != 0 {
			pile := pileOf(spreadHash(g.hashes[class]))
			opened[pile] = append(opened[pile], uint32(class))
		}
	}
	dropped := atomic.Bool{}
	err = c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		return c.split(func(low, bits uint64) error {
			some, err := g.rare(ctx, alike, pile, opened[pile], w, low, bits)
			if some {
				dropped.Store(true)
			}
			return err
		})
	})
	if err == nil {
		err = alike.close()
	}
	return dropped.Load(), err
}

// sums adds up, for each person of a part of a pile, the hashes of the classes of their
// rows: two persons with the same classes, each as often, have the same sum, in whatever
// order their rows came. Classes that have rows of which nobody knows the person are
// noted in open.
func (g *keeping) sums(ctx context.Context, pile int, w *walker, open []uint32, low, bits uint64) error {
	w.sums.reset(g.c.share())
	return g.rows(ctx, pile, w, func() error {
		for i, person := range w.persons {
			class := w.classes[i]
			switch {
			case person == nobody:
				atomic.StoreUint32(&open[class], 1)
			case among(person, low, bits):
				w.sums.add(person, g.hashes[class])
			}
		}
		if w.sums.bytes() > g.c.share() {
			return errTooMany
		}
		return nil
	})
}

// rare drops the persons of fewer than k whose sum is one of a part of a pile, and the
// rows of nobody known of the classes that so few are in alone.
func (g *keeping) rare(ctx context.Context, alike *piles, pile int, open []uint32, w *walker, low, bits uint64) (bool, error) {
	if w.counts == nil {
		w.counts = newTable(1)
	}
	counts, key := w.counts, make([]uint64, 1)
	counts.reset(g.c.share())
	err := alike.pairs(ctx, pile, &w.buf, func(sum, _ uint64) error {
		if among(sum, low, bits) {
			key[0] = sum
			if counts.add(key, 1) && counts.bytes() > g.c.share() {
				return errTooMany
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for _, class := range open {
		if key[0] = g.hashes[class]; among(key[0], low, bits) {
			counts.add(key, 1)
		}
	}
	if counts.bytes() > g.c.share() {
		return false, errTooMany
	}
	some := false
	for _, n := range counts.n {
		some = some || n > 0 && n < g.k
	}
	if !some {
		return false, nil
	}
	for _, class := range open {
		if key[0] = g.hashes[class]; among(key[0], low, bits) && counts.get(key) < g.k {
			g.closed[class] = true
		}
	}
	w.keys = w.keys[:0]
	drop := func() error {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, person := range w.keys {
			g.gone.add(person)
		}
		if w.keys = w.keys[:0]; !g.c.room(g.gone.bytes() / 2) {
			return g.c.full()
		}
		return nil
	}
	err = alike.pairs(ctx, pile, &w.buf, func(sum, person uint64) error {
		if key[0] = sum; !among(sum, low, bits) || counts.get(key) >= g.k {
			return nil
		}
		if w.keys = append(w.keys, person); len(w.keys) == walkRows {
			return drop()
		}
		return nil
	})
	if err == nil {
		err = drop()
	}
	return true, err
}

// hashClass is what a row of a class adds to the sum of its person.
func hashClass(key []uint64) uint64 {
	var room [64]byte
	b := room[:0]
	for _, w := range key {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return xxh3.Hash(b)
}

// judge looks at the classes of the rows that stay, some at a time unless a model looks at
// all at once.
func (g *keeping) judge(ctx context.Context, s *searcher, levels []int) (*judged, error) {
	c := g.c
	rows := make([]uint32, len(g.at))
	values := make([]*piles, len(c.Sensitive)) // of the rows: the class and the code
	defer func() {
		for _, v := range values {
			v.close()
		}
	}()
	want := make([]bool, len(values))
	for i := range values {
		if want[i] = s.sums[i] != nil; want[i] {
			values[i] = newPiles(c.opts, c.memory/trailShare, &atomic.Int64{})
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
	at := &judged{sizes: map[int64]int64{}, people: map[int64]int64{}}
	if s.p.Models.AverageRisk.num > 0 {
		numbers, run, err := g.all(ctx, rows, values)
		if err == nil {
			g.weigh(s, levels, numbers, run, at)
		}
		return at, err
	}
	err = c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		from, to := g.classes(pile)
		return g.halve(from, to, func(from, to int) error {
			numbers, run, err := g.run(ctx, pile, w, rows, values, from, to)
			if err != nil || run.len() == 0 {
				return err
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.weigh(s, levels, numbers, run, at)
			return nil
		})
	})
	return at, err
}

// pileOf is the pile of what is noted of a class: neighbours are in one.
func (g *keeping) pileOf(class uint32) int { return int(uint64(class) * pileCount / uint64(len(g.at))) }

// classes is the classes of a pile, from one to before another.
func (g *keeping) classes(pile int) (from, to int) {
	first := func(pile int) int { return (pile*len(g.at) + pileCount - 1) / pileCount }
	return first(pile), first(pile + 1)
}

// halve does something with classes, with half of them at a time where memory does not
// hold all.
func (g *keeping) halve(from, to int, do func(from, to int) error) error {
	err := do(from, to)
	if err != errTooMany {
		return err
	}
	if to-from == 1 {
		return g.c.full()
	}
	middle := (from + to) / 2
	if err := g.halve(from, middle, do); err != nil {
		return err
	}
	return g.halve(middle, to, do)
}

// run is the classes of a pile from one to before another, and their numbers.
func (g *keeping) run(ctx context.Context, pile int, w *walker, rows []uint32, values []*piles, from, to int) ([]uint32, *run, error) {
	var numbers []uint32
	out := &run{words: g.keys.words, lists: make([]list, len(values))}
	for class := from; class < to; class++ {
		if rows[class] > 0 {
			numbers = append(numbers, uint32(class))
			out.keys, out.n = append(out.keys, g.numbers.key(int(g.at[class]))...), append(out.n, rows[class])
		}
	}
	if out.bytes() > g.c.share() {
		return nil, nil, errTooMany
	}
	for i, v := range values {
		if v == nil {
			continue
		}
		if w.counts == nil {
			w.counts = newTable(1)
		}
		w.counts.reset(g.c.share() / 8)
		pair := make([]uint64, 1)
		err := v.pairs(ctx, pile, &w.buf, func(class, code uint64) error {
			if class < uint64(from) || class >= uint64(to) {
				return nil
			}
			pair[0] = class<<32 | code
			if w.counts.add(pair, 1) && out.bytes()+2*w.counts.bytes() > g.c.share() {
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
		some, run, err := g.run(ctx, pile, w, rows, values, from, to)
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

// parallel does something for each pile, several at once.
func (c *Classes) parallel(ctx context.Context, do func(ctx context.Context, pile int, w *walker) error) error {
	work := func(ctx context.Context, pile int) error {
		w, ok := c.walkers.Get().(*walker)
		if !ok {
			w = &walker{}
		}
		defer c.walkers.Put(w)
		return do(ctx, pile, w)
	}
	if c.opts.Each != nil {
		return c.opts.Each(ctx, pileCount, work)
	}
	for pile := range pileCount {
		if err := work(ctx, pile); err != nil {
			return err
		}
	}
	return nil
}

// mostBits bounds into how many parts a pile is split.
const mostBits = 12

// split does something for all of a pile, or for parts of it where memory does not hold
// what is made of all: of those whose hashes end in bits that are low.
func (c *Classes) split(do func(low, bits uint64) error) error { return c.splitFrom(0, 0, do) }

func (c *Classes) splitFrom(low, bits uint64, do func(low, bits uint64) error) error {
	err := do(low, bits)
	if err != errTooMany {
		return err
	}
	if bits == mostBits {
		return c.full()
	}
	if err := c.splitFrom(low, bits+1, do); err != nil {
		return err
	}
	return c.splitFrom(low|1<<bits, bits+1, do)
}

// among says whether a number is of a part.
func among(x, low, bits uint64) bool { return bits == 0 || mix(x)&(1<<bits-1) == low }

// share is how many bytes the tables of a worker may take.
func (c *Classes) share() int64 {
	if c.memory == 0 {
		return math.MaxInt64
	}
	return c.memory / 8 / int64(c.workers)
}

// room says whether memory has room for tables of so many bytes beside the others.
func (c *Classes) room(bytes int64) bool { return c.memory == 0 || bytes <= c.memory/8 }

func (c *Classes) full() error { return messages.TooManyClasses.With("bound", c.memory) }

// personSet is persons, by open addressing; nobody is none of them.
type personSet struct {
	persons []uint64
	used    int
	shift   uint
}

// reset forgets all, and makes room for so many.
func (s *personSet) reset(n int) {
	slots := firstSlots
	for slots*3 < n*4 {
		slots *= 2
	}
	if slots != len(s.persons) {
		s.make(slots)
		return
	}
	clear(s.persons)
	s.used = 0
}

func (s *personSet) make(slots int) {
	s.persons, s.used, s.shift = make([]uint64, slots), 0, uint(64-bits.Len(uint(slots-1)))
}

func (s *personSet) bytes() int64 { return 8 * int64(len(s.persons)) }

// slot is where a person is or would be. The first bits of the hash are those of the pile.
func (s *personSet) slot(person uint64) int {
	last := len(s.persons) - 1
	at := int(spreadHash(person) << pileBits >> s.shift)
	for s.persons[at] != 0 && s.persons[at] != person {
		at = (at + 1) & last
	}
	return at
}

// add says whether the person is new.
func (s *personSet) add(person uint64) bool {
	at := s.slot(person)
	if s.persons[at] == person {
		return false
	}
	s.persons[at] = person
	if s.used++; s.used*4 > len(s.persons)*3 {
		old := s.persons
		s.make(2 * len(old))
		for _, p := range old {
			if p != 0 {
				s.persons[s.slot(p)] = p
				s.used++
			}
		}
	}
	return true
}

func (s *personSet) has(person uint64) bool {
	return s.used > 0 && person != nobody && s.persons[s.slot(person)] == person
}

func (s *personSet) each(f func(person uint64)) {
	for _, p := range s.persons {
		if p != 0 {
			f(p)
		}
	}
}

// sums is a number for each person, by open addressing.
type sums struct {
	of    []personSum
	used  int
	shift uint
}

type personSum struct{ person, sum uint64 }

// reset forgets all, and lets go of what is over a bound.
func (t *sums) reset(bound int64) {
	if t.of == nil || t.bytes() > bound {
		t.make(firstSlots)
		return
	}
	clear(t.of)
	t.used = 0
}

func (t *sums) make(slots int) {
	t.of, t.used, t.shift = make([]personSum, slots), 0, uint(64-bits.Len(uint(slots-1)))
}

func (t *sums) bytes() int64 { return int64(len(t.of)) * 16 }

// add adds to the number of a person.
func (t *sums) add(person, by uint64) {
	last := len(t.of) - 1
	at := int(spreadHash(person) << pileBits >> t.shift)
	for ; t.of[at].person != person; at = (at + 1) & last {
		if t.of[at].person == 0 {
			t.of[at].person = person
			t.used++
			break
		}
	}
	t.of[at].sum += by
	if t.used*4 > len(t.of)*3 {
		old := t.of
		t.make(2 * len(old))
		for _, e := range old {
			if e.person != 0 {
				t.add(e.person, e.sum)
			}
		}
	}
}

func (t *sums) each(f func(person, sum uint64) error) error {
	for _, e := range t.of {
		if e.person != 0 {
			if err := f(e.person, e.sum); err != nil {
				return err
			}
		}
	}
	return nil
}
