package privacy

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Where those who decided met nobody with two rows, the gate only looks whether the file
// has two rows of one person: it needs no classes for that, and a hash of whose each row is.
// What they met says how the gate looks, and nothing of what it sees: where two hashes are
// equal it reads the file again, as any other.

// halved is words of which two make a pair of bins.
type halved []uint64 // by bin, the one that waits for another; 0: none does

// addAlone notes a row of the person that has a text.
func (p *persons) addAlone(c *recount, text []byte) error {
	word := max(xxh3.Hash(text), 1)
	bin := uint32(word>>32) >> (32 - p.bins.b.bits)
	other := p.halves[bin]
	if other == 0 {
		p.halves[bin] = word
		return nil
	}
	p.halves[bin] = 0
	return p.bins.add(c, uint32(word>>32), pair{other, word})
}

// endAlone puts words that wait into the bins, with what no bin holds that they are in.
func (p *persons) endAlone(b *bins) error {
	for _, word := range p.halves {
		if word == 0 {
			continue
		}
		if err := b.add(uint32(word>>32), pair{word, ^word}); err != nil {
			return err
		}
	}
	p.halves = nil
	return nil
}

// allAlone says whether no two rows are of one person.
func (t *ties) allAlone(ctx context.Context, workers int) (bool, error) {
	alone := true
	err := eachBin(ctx, t.rows, workers,
		(*grouping).repeats,
		func(repeats bool) error { alone = alone && !repeats; return nil },
		func(int) error { alone = false; return nil })
	return alone, err
}

// repeats says whether two words are equal.
func (g *grouping) repeats() bool {
	wide := bits.Len(uint(2*len(g.pairs))) + 1 // of slots no more than half are used
	g.slots = slices.Grow(g.slots[:0], 1<<wide)[:1<<wide]
	clear(g.slots)
	slots, shift, last := g.slots, 64-wide, uint64(1<<wide-1)
	for i := range g.pairs {
		for half, word := range g.pairs[i] {
			mark := uint32(word) | 1
			at := word * mixLow >> shift
			for ; slots[at] != 0; at = (at + 1) & last {
				if slots[at] == mark && g.has(word, i, half) {
					return true
				}
			}
			slots[at] = mark
		}
	}
	return false
}

// has says whether a word stands before half of a pair.
func (g *grouping) has(word uint64, pair, half int) bool {
	for _, p := range g.pairs[:pair] {
		if p[0] == word || p[1] == word {
			return true
		}
	}
	return half == 1 && g.pairs[pair][0] == word
}

// again counts f once more, whoever has several rows.
func (c *recount) again(ctx context.Context, f pipelines.SealedFile) error {
	if err := c.ties.close(); err != nil {
		return err
	}
	in, err := f.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the sealed file: %w", err)
	}
	defer in.Close()
	rows := c.rows
	c.start(0)
	c.ties = c.tiesOf(rows, false)
	c.readBy(1)
	if err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		return c.add(b.Record)
	}); err != nil {
		return err
	}
	return c.ended()
}
