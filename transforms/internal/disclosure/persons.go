package disclosure

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Kept is what stays at levels where it shows which rows are of one person.
type Kept struct {
	Node
	Recoder *Recoder
	Risks   Risks
	// Optimal says that no levels lose less, by which no more rows are suppressed than may be.
	Optimal bool
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
	at.Optimal = at.Suppressed == best.Suppressed // else levels that lose more may suppress less
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

// EvaluatePersons is Evaluate where what is published ties the rows of a person together;
// the score is that of the levels before anybody's rows are suppressed for that.
func EvaluatePersons(ctx context.Context, p Problem, levels []int) (Node, error) {
	n, err := Evaluate(ctx, p, levels)
	if err != nil {
		return n, err
	}
	k, err := keep(ctx, p, n)
	if err != nil {
		return n, err
	}
	return k.Node, nil
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

// classBytes is what is held of a class besides its key, until it is known what stays.
const classBytes = 26

// keep tells what stays at the levels of n.
func keep(ctx context.Context, p Problem, n Node) (*Kept, error) {
	c := p.Classes
	nothing := &Kept{Node: Node{Levels: n.Levels, Score: n.Score, Suppressed: c.Rows}}
	r, stay, err := recode(ctx, p, n.Levels, classBytes)
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
		Recoder: r, Risks: w.risks(),
	}, nil
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
