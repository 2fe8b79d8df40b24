package disclosure

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"

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

// keeping is what stays at levels, in the making.
type keeping struct {
	c    *Classes
	k    uint32
	r    *Recoder
	keys Keys
	keep []bool

	population *table // of each class; nil: none is counted
}

// keep tells what stays at the levels of n.
func keep(ctx context.Context, p Problem, n Node) (*Kept, error) {
	c := p.Classes
	nothing := &Kept{Node: Node{Levels: n.Levels, Score: n.Score, Suppressed: c.Rows}}
	r, err := Recode(ctx, p, n.Levels)
	if messages.Has(err, messages.AllSuppressed) {
		return nothing, nil
	}
	if err != nil {
		return nil, err
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
	r.gone, r.unknown = newTable(1), newTable(r.keys.words)
	g := &keeping{c: c, k: uint32(min(p.Models.K, math.MaxInt32)), r: r, population: population}
	for {
		if err := g.dropRare(ctx); err != nil {
			return nil, err
		}
		if r.gone.used+r.unknown.used == 0 { // everybody is like others as it is
			r.gone, r.unknown = nil, nil
			risks, err := Measure(ctx, p, n.Levels)
			return &Kept{Node: n, Recoder: r, Risks: risks}, err
		}
		w, err := g.judge(ctx, s, n.Levels)
		if err != nil {
			return nil, err
		}
		if w.stay.used == 0 {
			return nothing, nil
		}
		if r.table, r.drops = w.stay.ordered(), false; !w.lost {
			r.gone, r.unknown = r.gone.ordered(), r.unknown.ordered()
			return &Kept{
				Node:    Node{Levels: n.Levels, Score: n.Score, Suppressed: c.Rows - w.rows, Classes: int64(w.stay.used)},
				Recoder: r, Risks: w.risks(int64(g.k)),
			}, nil
		}
	}
}

// judged is the classes of the rows that stay so far.
type judged struct {
	stay          *table
	lost          bool // some do not
	rows          int64
	sizes, people map[int64]int64 // as risksOf takes them
}

// risks are those of the rows that stay, of whom each class has so many persons at least.
func (w *judged) risks(persons int64) Risks {
	r := risksOf(w.sizes, w.people)
	r.Persons = persons
	return r
}

// judge looks at the classes of the rows that stay, a part of them at a time where memory
// does not hold all.
func (g *keeping) judge(ctx context.Context, s *searcher, levels []int) (*judged, error) {
again:
	for parts := uint64(1); parts <= mostScans; parts *= 2 {
		if parts > 1 && s.p.Models.AverageRisk.num > 0 {
			break // that is of all classes at once
		}
		w := &judged{stay: newTable(g.r.keys.words), sizes: map[int64]int64{}, people: map[int64]int64{}}
		for part := range parts {
			switch run, err := g.count(ctx, s, part, parts); {
			case errors.Is(err, errTooMany):
				continue again
			case err != nil:
				return nil, err
			case run.len() > 0:
				g.weigh(s, levels, run, w)
			}
			if !g.room(w.stay.bytes() / 2) {
				return nil, g.full()
			}
		}
		return w, nil
	}
	return nil, g.full()
}

func (g *keeping) weigh(s *searcher, levels []int, run *run, w *judged) {
	at := s.weighed(levels, run)
	s.judge(at)
	for i, size := range run.n {
		if at.lost[i] {
			w.lost = true
			continue
		}
		w.stay.add(run.key(i), 1)
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

// rows visits the rows that stay so far, with their packed keys.
func (g *keeping) rows(ctx context.Context, f func(r Rows, i int, key []uint64) error) error {
	words := g.r.keys.words
	return g.c.eachRow(ctx, func(r Rows) error {
		g.keep = slices.Grow(g.keep[:0], r.N)[:r.N]
		g.r.Keep(&g.keys, r.Quasi, g.keep)
		g.r.KeepPersons(&g.keys, r.Subjects, g.keep)
		for i, stays := range g.keep {
			if !stays {
				continue
			}
			if err := f(r, i, g.keys.column[i*words:(i+1)*words]); err != nil {
				return err
			}
		}
		return nil
	})
}

// ordered is a table of the same keys that shows nothing of the order in which they came.
func (t *table) ordered() *table {
	places := make([]int, 0, t.used)
	for at, n := range t.n {
		if n > 0 {
			places = append(places, at)
		}
	}
	slices.SortFunc(places, func(a, b int) int { return slices.Compare(t.key(a), t.key(b)) })
	o := newTable(t.words)
	for _, at := range places {
		o.add(t.key(at), t.n[at])
	}
	return o
}

// Persons are those of whom a row stays, in the order of their numbers, but for the one who is nobody known.
func Persons(ctx context.Context, c *Classes, r *Recoder) ([]uint64, error) {
	g, all := &keeping{c: c, r: r}, newSums()
	err := g.rows(ctx, func(r Rows, i int, _ []uint64) error {
		if person := r.Subjects[i]; person != nobody {
			if all.add(person, 0); !g.room(all.bytes()) {
				return g.full()
			}
		}
		return nil
	})
	var persons []uint64
	all.each(func(person, _ []uint64) { persons = append(persons, person[0]) })
	slices.Sort(persons)
	return persons, err
}

// mostScans bounds how often the rows are looked at for each time that persons are dropped.
const mostScans = 1 << 9

// room says whether memory has room for tables of so many bytes beside the others.
func (g *keeping) room(bytes int64) bool { return g.c.memory == 0 || bytes <= g.c.memory/8 }

func (g *keeping) full() error { return messages.TooManyClasses.With("bound", g.c.memory) }

// dropRare drops the persons whose classes are those of fewer than k. Where memory does
// not hold all persons, or all of what their classes are together, it looks at parts of
// them.
func (g *keeping) dropRare(ctx context.Context) error {
	persons, patterns := uint64(1), uint64(1)
again:
	for persons*patterns <= mostScans {
		for part := range patterns {
			switch err := g.rareOf(ctx, persons, part, patterns); {
			case errors.Is(err, errTooMany):
				persons *= 2
				continue again
			case errors.Is(err, errTooManyPatterns):
				patterns *= 2
				continue again
			case err != nil:
				return err
			}
		}
		return nil
	}
	return g.full()
}

// errTooManyPatterns says that persons have more different classes, taken together, than
// memory holds.
var errTooManyPatterns = errors.New("more patterns than memory holds")

// rareOf drops the persons that are rare of those whose sums are of a part, and the rows
// of nobody known of a class that are. It looks at parts of the persons at a time. What
// is dropped before an error would be after it: others of the same classes are fewer.
func (g *keeping) rareOf(ctx context.Context, parts, pattern, patterns uint64) error {
	of := func(sum uint64) bool { return patterns == 1 || (mix(sum)>>32)%patterns == pattern }
	alike, open := newTable(1), newTable(g.r.keys.words)
	var t *sums
	for part := range parts {
		var err error
		if t, err = g.sums(ctx, part, parts, open); err != nil {
			return err
		}
		t.each(func(_, sum []uint64) {
			if of(sum[0]) {
				alike.add(sum, 1)
			}
		})
		if !g.room(alike.bytes()) {
			return errTooManyPatterns
		}
	}
	eachOpen := func(f func(key, sum []uint64)) {
		_ = open.each(func(key []uint64, _ uint32) error {
			if sum := hashClass(key); of(sum) {
				f(key, []uint64{sum})
			}
			return nil
		})
	}
	eachOpen(func(_, sum []uint64) { alike.add(sum, 1) })
	eachOpen(func(key, sum []uint64) {
		if alike.get(sum) < g.k {
			g.r.unknown.add(key, 1)
		}
	})
	for part := range parts {
		if parts > 1 {
			var err error
			if t, err = g.sums(ctx, part, parts, nil); err != nil {
				return err
			}
		}
		t.each(func(person, sum []uint64) {
			if of(sum[0]) && alike.get(sum) < g.k {
				g.r.gone.add(person, 1)
			}
		})
		if !g.room(g.r.gone.bytes() / 2) {
			return g.full()
		}
	}
	return nil
}

// sums adds up, for each person of a part, the hashes of the classes of their rows: two
// persons with the same classes, each as often, have the same sum, in whatever order
// their rows came. It fails when memory does not hold so many. Classes that have rows of
// which nobody knows the person are noted in unknown.
func (g *keeping) sums(ctx context.Context, part, parts uint64, unknown *table) (*sums, error) {
	t := newSums()
	err := g.rows(ctx, func(r Rows, i int, key []uint64) error {
		switch person := r.Subjects[i]; {
		case person == nobody:
			if unknown != nil && unknown.get(key) == 0 {
				unknown.add(key, 1)
			}
		case mix(person)%parts == part:
			if t.add(person, hashClass(key)); !g.room(t.bytes()) {
				return errTooMany
			}
		}
		return nil
	})
	return t, err
}

// nobody is the number of the subject of a row of which nobody knows it.
const nobody = 0

// hashClass is what a row of a class adds to the sum of its person.
func hashClass(key []uint64) uint64 {
	var room [64]byte
	b := room[:0]
	for _, w := range key {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return xxh3.Hash(b)
}

// count counts a part of the classes of the rows that stay. It fails when memory does not
// hold so many.
func (g *keeping) count(ctx context.Context, s *searcher, part, parts uint64) (*run, error) {
	words := g.r.keys.words
	counts := newTable(words)
	pairs := make([]*table, len(g.c.Sensitive)) // of a class and a value
	for c := range pairs {
		if s.sums[c] != nil {
			pairs[c] = newTable(words + 1)
		}
	}
	pair := make([]uint64, words+1)
	err := g.rows(ctx, func(r Rows, i int, key []uint64) error {
		if parts > 1 && hashKey(key)>>32*parts>>32 != part {
			return nil
		}
		counts.add(key, 1)
		size := counts.bytes()
		for c, t := range pairs {
			if t != nil {
				copy(pair, key)
				pair[words] = uint64(r.Sensitive[c][i])
				t.add(pair, 1)
				size += t.bytes()
			}
		}
		if !g.room(size) {
			return errTooMany
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &run{words: words, lists: make([]list, len(pairs))}
	for at, n := range counts.n {
		if n > 0 {
			out.keys, out.n = append(out.keys, counts.key(at)...), append(out.n, n)
			counts.n[at] = uint32(len(out.n)) // its place from here on
		}
	}
	for c, t := range pairs {
		if t != nil {
			out.lists[c] = listOf(t, counts, len(out.n))
		}
	}
	return out, nil
}

// listOf is the values of each class, whose places from 1 on are in at.
func listOf(pairs, at *table, classes int) list {
	words := at.words
	l := list{start: make([]uint32, classes+1), code: make([]uint32, pairs.used), n: make([]uint32, pairs.used)}
	each := func(f func(class, code, n uint32)) {
		_ = pairs.each(func(pair []uint64, n uint32) error {
			f(at.get(pair[:words])-1, uint32(pair[words]), n)
			return nil
		})
	}
	each(func(class, _, _ uint32) { l.start[class+1]++ })
	for i := range classes {
		l.start[i+1] += l.start[i]
	}
	next := slices.Clone(l.start)
	each(func(class, code, n uint32) {
		l.code[next[class]], l.n[next[class]] = code, n
		next[class]++
	})
	return l
}

// sums is a number for each person, by open addressing; no person is 0.
type sums struct {
	persons, sum []uint64
	used         int
	shift        uint
}

func newSums() *sums {
	t := &sums{}
	t.make(firstSlots)
	return t
}

func (t *sums) make(slots int) {
	t.persons, t.sum = make([]uint64, slots), make([]uint64, slots)
	t.shift, t.used = uint(64-bits.Len(uint(slots-1))), 0
}

func (t *sums) bytes() int64 { return int64(len(t.sum)) * 16 }

func (t *sums) add(person, by uint64) {
	last := len(t.persons) - 1
	at := int(mix(person) * 0xd6e8feb86659fd93 >> t.shift)
	for ; t.persons[at] != 0 && t.persons[at] != person; at = (at + 1) & last {
	}
	if t.persons[at] == 0 {
		t.persons[at] = person
		t.used++
	}
	t.sum[at] += by
	if t.used*4 > len(t.persons)*3 {
		old := *t
		t.make(2 * len(old.persons))
		old.each(func(person, sum []uint64) { t.add(person[0], sum[0]) })
	}
}

func (t *sums) each(f func(person, sum []uint64)) {
	for at, person := range t.persons {
		if person != 0 {
			f(t.persons[at:at+1], t.sum[at:at+1])
		}
	}
}
