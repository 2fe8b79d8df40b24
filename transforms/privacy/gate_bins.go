package privacy

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// pair is what is kept in bins.
type pair [2]uint64

const pairSize = 16

// bins keep pairs apart by some bits of what is looked for in them, so that pairs which
// are alike are in one bin and each bin can be looked through without the others, in the
// cache of a processor. What memory does not hold is put on disk, encrypted.
type bins struct {
	create func() (pipelines.SpoolBytes, error) // nil: there is no disk
	bound  int64                                // of the stage, bytes; 0: none
	room   int64                                // bytes of blocks, where there is a bound
	held   int64                                // of them
	bits   int
	block  int        // pairs
	now    [][]pair   // by bin, the block under way
	full   [][][]pair // by bin, blocks before it
	disk   [][]extent // by bin, what was put on disk
	free   [][]pair
	turn   int // of the bin to be put on disk next
	file   pipelines.SpoolBytes
	buf    []byte
}

// extent is pairs that stand together on disk.
type extent struct {
	at    int64
	pairs int
}

// A bin has about binSize bytes, and fewer where there is little memory, since two for
// each worker are looked through at once; there are not too many bins to write to in turn.
const (
	binSize   = 512 << 10
	binsMost  = 12 // bits
	blockMost = 256
)

// newBins is for so many pairs, about.
func (t policy) newBins(pairs, room int64) *bins {
	b := &bins{bound: t.env.Memory, room: room, block: blockMost}
	if spool, ok := t.env.Spool.(pipelines.ByteSpool); ok {
		b.create = spool.CreateBytes
	}
	size := int64(binSize)
	if b.bound > 0 {
		size = min(size, max(b.bound/int64(64*max(t.env.Workers, 1)), 4*pairSize))
	}
	b.bits = min(bits.Len64(uint64(pairs*pairSize/size)), binsMost)
	n := 1 << b.bits
	if b.bound > 0 {
		b.block = int(min(max(b.bound/int64(16*n*pairSize), 1), blockMost))
	}
	b.now, b.full, b.disk = make([][]pair, n), make([][][]pair, n), make([][]extent, n)
	return b
}

// add puts a pair into the bin that the upper bits of by give.
func (b *bins) add(by uint32, p pair) error {
	bin := by >> (32 - b.bits)
	if s := b.now[bin]; len(s) < cap(s) {
		b.now[bin] = append(s, p)
		return nil
	}
	return b.begin(bin, p)
}

// begin adds to a bin whose block is full.
func (b *bins) begin(bin uint32, p pair) error {
	if now := b.now[bin]; len(now) > 0 {
		b.full[bin], b.now[bin] = append(b.full[bin], now), nil
	}
	s, err := b.blank()
	b.now[bin] = append(s, p)
	return err
}

// blank is an empty block.
func (b *bins) blank() ([]pair, error) {
	size := int64(b.block * pairSize)
	for b.bound > 0 && b.held > b.room && len(b.free) > 0 {
		b.free, b.held = b.free[:len(b.free)-1], b.held-size // memory is needed elsewhere
	}
	if len(b.free) == 0 && b.bound > 0 && b.held > 0 && b.held+size > b.room {
		if err := b.spill(); err != nil {
			return nil, err
		}
	}
	if n := len(b.free); n > 0 {
		s := b.free[n-1]
		b.free = b.free[:n-1]
		return s, nil
	}
	b.held += size
	return make([]pair, 0, b.block), nil
}

// spill puts bins on disk, one after the other, until half of the blocks are free.
func (b *bins) spill() error {
	if b.create == nil {
		return messages.TooManyClasses.With("bound", b.bound)
	}
	if b.file == nil {
		file, err := b.create()
		if err != nil {
			return err
		}
		b.file = file
	}
	size := int64(b.block * pairSize)
	for freed, n := int64(0), 0; n < len(b.now) && 2*freed < b.held; n++ {
		bin := b.turn
		b.turn = (bin + 1) % len(b.now)
		e := extent{at: b.file.Size()}
		blocks := b.full[bin]
		if b.now[bin] != nil {
			blocks = append(blocks, b.now[bin])
		}
		for _, block := range blocks {
			b.buf = b.buf[:0]
			for _, p := range block {
				b.buf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b.buf, p[0]), p[1])
			}
			if _, err := b.file.Write(b.buf); err != nil {
				return err
			}
			e.pairs += len(block)
			if b.held > b.room {
				b.held -= size
			} else {
				b.free = append(b.free, block[:0])
			}
			freed += size
		}
		if e.pairs > 0 {
			b.disk[bin] = append(b.disk[bin], e)
		}
		b.full[bin], b.now[bin] = nil, nil
	}
	return nil
}

// load gets all pairs of a bin. Workers may do so at once, when all were added.
func (b *bins) load(bin int, g *grouping) error {
	g.pairs = slices.Grow(g.pairs[:0], b.size(bin))
	for _, e := range b.disk[bin] {
		g.bytes = slices.Grow(g.bytes[:0], e.pairs*pairSize)[:e.pairs*pairSize]
		if read, err := b.file.ReadAt(g.bytes, e.at); read < len(g.bytes) {
			return fmt.Errorf("read what was put aside: %w", err)
		}
		for rest := g.bytes; len(rest) > 0; rest = rest[pairSize:] {
			g.pairs = append(g.pairs, pair{binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])})
		}
	}
	for _, block := range b.full[bin] {
		g.pairs = append(g.pairs, block...)
	}
	g.pairs = append(g.pairs, b.now[bin]...)
	return nil
}

// drop lets the pairs of a bin go.
func (b *bins) drop(bin int) {
	blocks := len(b.full[bin])
	if b.now[bin] != nil {
		blocks++
	}
	b.held -= int64(blocks * b.block * pairSize)
	b.now[bin], b.full[bin], b.disk[bin] = nil, nil, nil
}

func (b *bins) close() error {
	if b == nil || b.file == nil {
		return nil
	}
	file := b.file
	b.file = nil
	return file.Close()
}

// eachBin calls work, on workers, with the pairs of each bin, and take with what that
// gives, in the order of the bins; of a bin that is large it calls large, in its turn. The
// bins are empty after it.
func eachBin[T any](ctx context.Context, b *bins, workers int, work func(*grouping) T, take func(T) error, large func(bin int) error) error {
	var groupings arrowx.Spares[*grouping]
	groupings.New = func() *grouping { return &grouping{} }
	b.held -= int64(len(b.free) * b.block * pairSize)
	b.free = nil
	next := 0
	ahead := pipelines.NewAhead(max(workers, 1),
		func(context.Context) (int, error) {
			if next == len(b.now) {
				return 0, io.EOF
			}
			next++
			return next - 1, nil
		},
		func(ctx context.Context, bin int) (result T, err error) {
			if err := ctx.Err(); err != nil || b.large(bin, workers) {
				return result, err
			}
			g := groupings.Get()
			defer groupings.Put(g)
			if err := b.load(bin, g); err != nil {
				return result, err
			}
			return work(g), nil
		},
		func(T) {})
	defer ahead.Close()
	for bin := range b.now {
		result, err := ahead.Take(ctx)
		if err != nil {
			return err
		}
		if b.large(bin, workers) {
			if err := large(bin); err != nil {
				return err
			}
			b.drop(bin)
			continue
		}
		b.drop(bin)
		if err := take(result); err != nil {
			return err
		}
	}
	return nil
}

// grouping finds pairs that are alike among those of a bin.
type grouping struct {
	pairs   []pair
	slots   []uint32 // by the first word of a pair, its place plus one; of those alike, that of the first
	after   []uint32 // by place, that of one more that is like it, plus one; 0: there is none
	first   []uint32 // places of those that others are like
	bytes   []byte
	classes []uint32
}

// groupingCost is what a grouping holds of a pair, about.
const groupingCost = 32

// link finds pairs whose first words are equal, and of the second the bits of mask.
func (g *grouping) link(mask uint64) {
	n := len(g.pairs)
	wide := bits.Len(uint(n)) + 1 // of slots no more than half are used
	g.slots = slices.Grow(g.slots[:0], 1<<wide)[:1<<wide]
	g.after = slices.Grow(g.after[:0], n)[:n]
	g.first = g.first[:0]
	clear(g.slots)
	clear(g.after)
	slots, shift, last := g.slots, 64-wide, uint64(1<<wide-1)
	for i := range g.pairs {
		p := &g.pairs[i]
		for at := p[0] >> shift; ; at = (at + 1) & last {
			s := slots[at]
			if s == 0 {
				slots[at] = uint32(i) + 1
				break
			}
			q := &g.pairs[s-1]
			if q[0] != p[0] || (q[1]^p[1])&mask != 0 {
				continue
			}
			if g.after[s-1] == 0 {
				g.first = append(g.first, s-1)
			}
			g.after[i], g.after[s-1] = g.after[s-1], uint32(i)+1
			break
		}
	}
}

// least is how many pairs the smallest group has of those that are alike; of no pairs
// it is most.
func (g *grouping) least(most int) int {
	g.link(^uint64(0))
	grouped := 0
	for _, f := range g.first {
		n := 0
		for at := f + 1; at != 0; at = g.after[at-1] {
			n++
		}
		grouped += n
		most = min(most, n)
	}
	if grouped < len(g.pairs) {
		most = min(most, 1)
	}
	return most
}
