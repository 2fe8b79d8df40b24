package disclosure

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// walkRows is how many rows are looked at together: each waits for memory, and together
// they wait once.
const walkRows = 1 << 9

// walker reads the rows that were noted, some at a time. It is for one goroutine.
type walker struct {
	persons []uint64
	classes []uint32   // numbers in the table, 0 for what is not there
	codes   [][]uint32 // of the sensitive columns that are wanted, in those of the domains
	keys    []uint64
	want    []bool
	at      []int32 // rows that stay
	buf     []byte
	sums    sums
	set     personSet
	counts  *table
}

// generalising says what the codes of rows become at levels.
type generalising struct {
	c    *Classes
	keys layout
	up   [][]uint64 // by quasi-identifier and its code when the row was noted: its part of the key
}

func (c *Classes) generalising(keys layout, luts [][]uint32) generalising {
	g := generalising{c: c, keys: keys}
	for j, lut := range luts {
		up := make([]uint64, len(c.become[j]))
		for code, leaf := range c.become[j] {
			if int(leaf) < len(lut) { // else it is null, and none was met
				up[code] = uint64(lut[leaf]) << keys.fields[j].shift
			}
		}
		g.up = append(g.up, up)
	}
	return g
}

// walk visits the rows of a pile, with the numbers that their classes have in a table.
func (g *generalising) walk(ctx context.Context, pile int, w *walker, numbers *table, f func() error) error {
	for _, t := range g.c.trails {
		err := t.each(ctx, pile, &w.buf, func(kind int, entries []byte) error {
			size := t.size(kind)
			for len(entries) > 0 {
				n := min(len(entries)/size, walkRows)
				g.look(w, t.layouts[kind], entries[:n*size], size)
				w.classes = slices.Grow(w.classes[:0], n)[:n]
				numbers.numbers(w.keys, w.classes)
				g.codes(w, t.layouts[kind], entries, size)
				if err := f(); err != nil {
					return err
				}
				entries = entries[n*size:]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// look takes the persons of entries, and their keys at the levels.
func (g *generalising) look(w *walker, l layout, entries []byte, size int) {
	n := len(entries) / size
	w.persons = slices.Grow(w.persons[:0], n)[:n]
	w.keys = slices.Grow(w.keys[:0], n*g.keys.words)[:n*g.keys.words]
	for i := range w.persons {
		w.persons[i] = binary.LittleEndian.Uint64(entries[i*size:])
	}
	if l.words == 1 && g.keys.words == 1 {
		for i := range w.keys {
			noted, key := binary.LittleEndian.Uint64(entries[i*size+8:]), uint64(0)
			for j, f := range l.fields {
				key |= g.up[j][noted>>f.shift&f.mask()]
			}
			w.keys[i] = key
		}
		return
	}
	clear(w.keys)
	for j, f := range l.fields {
		word := g.keys.fields[j].word
		for i := range n {
			noted := binary.LittleEndian.Uint64(entries[i*size+8+8*f.word:])
			w.keys[i*g.keys.words+word] |= g.up[j][noted>>f.shift&f.mask()]
		}
	}
}

// codes takes those of the sensitive columns that are wanted.
func (g *generalising) codes(w *walker, l layout, entries []byte, size int) {
	for s, want := range w.want {
		if !want {
			continue
		}
		become, from := g.c.become[len(g.up)+s], 8+8*l.words+4*s
		codes := slices.Grow(w.codes[s][:0], len(w.persons))[:len(w.persons)]
		for i := range codes {
			codes[i] = become[binary.LittleEndian.Uint32(entries[i*size+from:])]
		}
		w.codes[s] = codes
	}
}

// numbers gives the count of each key, 0 for one that was not counted.
func (t *table) numbers(keys []uint64, n []uint32) {
	if t.words > 1 {
		for i := range n {
			n[i] = t.get(keys[i*t.words : (i+1)*t.words])
		}
		return
	}
	last := uint64(len(t.n) - 1)
	for i, k := range keys {
		at := mix(k) * 0xd6e8feb86659fd93 >> t.shift
		for t.n[at] != 0 && t.keys[at] != k {
			at = (at + 1) & last
		}
		n[i] = t.n[at]
	}
}

// errAgain says that a person was met twice.
var errAgain = errors.New("a person has two rows")

// Alone says whether SearchPersons found that no person has two rows.
func (c *Classes) Alone() bool { return c.alone != nil && *c.alone }

// strangers says whether no person has two rows. Each is in one class then, and what
// every class keeps by its persons says all of them.
func (c *Classes) strangers(ctx context.Context) (bool, error) {
	if c.alone != nil {
		return *c.alone, nil
	}
	alone := true
	err := c.parallel(ctx, func(ctx context.Context, pile int, w *walker) error {
		rows := int64(0)
		for _, t := range c.trails {
			rows += t.piles.size(pile) / int64(t.size(0))
		}
		return c.split(func(low, bits uint64) error {
			w.set.reset(int(min(rows>>bits, c.share()/32)))
			for _, t := range c.trails {
				err := t.each(ctx, pile, &w.buf, func(kind int, entries []byte) error {
					for size := t.size(kind); len(entries) > 0; entries = entries[size:] {
						person := binary.LittleEndian.Uint64(entries)
						if person == nobody || !among(person, low, bits) {
							continue
						}
						if !w.set.add(person) {
							return errAgain
						}
						if w.set.bytes() > c.share() {
							return errTooMany
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == errAgain {
		alone, err = false, nil
	}
	if err == nil {
		c.alone = &alone
	}
	return alone, err
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
func (c *Classes) share() int64 { return c.most() / int64(c.workers) }

// most is how many bytes those of one may take who works alone.
func (c *Classes) most() int64 {
	if c.memory == 0 {
		return math.MaxInt64
	}
	return c.memory / 8
}

// room says whether memory has room for tables of so many bytes beside the others.
func (c *Classes) room(bytes int64) bool { return c.memory == 0 || bytes <= c.memory/8 }

func (c *Classes) full() error { return messages.TooManyClasses.With("bound", c.memory) }
