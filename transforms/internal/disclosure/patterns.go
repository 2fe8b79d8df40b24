package disclosure

import (
	"context"
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/zeebo/xxh3"
)

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
				return alike.put(pileOf(sum), sum, person) // not of the hash that counts are found by, which spreads them then
			})
		})
	})
	if err != nil {
		return false, err
	}
	var opened [pileCount][]uint32
	for class, yes := range open {
		if yes != 0 {
			pile := pileOf(g.hashes[class])
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
