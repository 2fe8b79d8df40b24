package privacy

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Where those who decided met nobody with two rows, the gate only looks whether the file
// has two rows of one person: it needs no classes for that, and a hash of whose each row is.
// What they met says how the gate looks, and nothing of what it sees: where two hashes are
// equal it reads the file again, as any other.

// filling is the block of a bin that a reader fills with such hashes, two to a pair.
type filling struct {
	pairs []pair
	words int
}

// addAlone notes the rows from one on up to another.
func (p *persons) addAlone(c *recount, from, to int) error {
	ends, data, shift := p.ends, p.data, 32-p.bins.b.bits
	_, coded := p.column.(*array.Dictionary)
	for i := from; i < to; i++ {
		var word uint64
		switch {
		case p.unknowns && p.column.IsNull(i):
			continue
		case p.text != nil:
			word = personOf(data[ends[i]:ends[i+1]])
		case coded: // a file numbers the texts of some row groups and not of others
			word = personOf(wordAt(p.column, i))
		default:
			p.buf = appendSeen(p.buf[:0], p.column, i)
			word = xxh3.Hash(p.buf)
		}
		bin := uint32(word>>32) >> shift
		f := &p.alone[bin]
		at := f.words / 2
		if at >= len(f.pairs) {
			if err := p.turn(c, bin); err != nil {
				return err
			}
			at = 0
		}
		f.pairs[at][f.words&1] = word
		f.words++
	}
	return nil
}

// personOf is a hash of a text, which is quick where most pseudonyms are.
func personOf(text []byte) uint64 {
	n := len(text)
	if n < 16 || n > 32 {
		return xxh3.Hash(text)
	}
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(text)^0x9e3779b97f4a7c15^uint64(n), binary.LittleEndian.Uint64(text[n-8:])^0xd6e8feb86659fd93)
	more, less := bits.Mul64(binary.LittleEndian.Uint64(text[8:])^0xc2b2ae3d27d4eb4f, binary.LittleEndian.Uint64(text[n-16:])^0x165667b19e3779f9)
	return hi ^ lo ^ bits.RotateLeft64(more^less, 32)
}

// turn puts the full block of a bin into the bins, and begins another.
func (p *persons) turn(c *recount, bin uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, f := p.bins.b, &p.alone[bin]
	if f.pairs != nil && !c.ties.over {
		b.full[bin] = append(b.full[bin], f.pairs)
	}
	next, err := b.blank()
	f.pairs, f.words = next[:cap(next)], 0
	return err
}

// endAlone puts what was begun into the bins. Where a pair lacks a word it gets one that
// its bin cannot hold otherwise.
func (p *persons) endAlone(b *bins) {
	for bin := range p.alone {
		f := &p.alone[bin]
		if f.words&1 != 0 {
			last := &f.pairs[f.words/2]
			last[1] = ^last[0]
			f.words++
		}
		if f.words > 0 {
			b.full[bin] = append(b.full[bin], f.pairs[:f.words/2])
		}
	}
	p.alone = nil
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
	c.ended()
	return nil
}
