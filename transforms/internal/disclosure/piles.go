package disclosure

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// piles is entries that are looked at again: those of a pile together and apart from
// others, so that what is made of them is small. What memory does not hold is in a file.
type piles struct {
	opts  Options
	share int64         // bytes that stay in memory where there is a file for others; 0: all
	all   *atomic.Int64 // bytes that all piles hold where there is none
	of    [pileCount]pile

	mu   sync.Mutex // of what follows
	held int64
	file Bytes
}

// pile is entries of one kind after those of another.
type pile struct {
	mu    sync.Mutex // for those who add at once
	open  []byte
	kind  int // of the open entries
	slabs []slab
}

// slab is entries in one piece.
type slab struct {
	kind  int
	bytes []byte // nil: they are in the file
	at    int64
	size  int
}

const (
	pileBits  = 6
	pileCount = 1 << pileBits
	leastSlab = 1 << 8
	mostSlab  = 1 << 16
)

func newPiles(opts Options, share int64, all *atomic.Int64) *piles {
	return &piles{opts: opts, share: share, all: all}
}

// spreadHash is a hash of a number. Its first bits say which pile has what belongs to it.
func spreadHash(x uint64) uint64 { return mix(x) * 0xd6e8feb86659fd93 }

func pileOf(hash uint64) int { return int(hash >> (64 - pileBits)) }

// room is where an entry of a kind and size goes. One at a time asks for that of a pile.
func (s *piles) room(number, kind, size int) ([]byte, error) {
	p := &s.of[number]
	if at := len(p.open); at+size <= cap(p.open) && kind == p.kind {
		p.open = p.open[:at+size]
		return p.open[at:], nil
	}
	if err := s.begin(p, kind, size); err != nil {
		return nil, err
	}
	p.open = p.open[:size]
	return p.open, nil
}

// put adds an entry of two words, of which there is one kind. Several may at once.
func (s *piles) put(number int, x, y uint64) error {
	p := &s.of[number]
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := s.room(number, 0, 16)
	if err == nil {
		binary.LittleEndian.PutUint64(b, x)
		binary.LittleEndian.PutUint64(b[8:], y)
	}
	return err
}

// begin makes room in a pile. Slabs are small until there are many entries.
func (s *piles) begin(p *pile, kind, size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := p.open
	if len(was) == 0 && cap(was) >= size {
		p.kind = kind
		return nil
	}
	next := max(size, min(s.most(), max(leastSlab, 4*cap(was))))
	p.open = nil
	switch bound := s.opts.Memory; {
	case bound == 0:
	case s.opts.Create == nil: // there is nowhere else
		if s.all.Add(int64(next)) > bound/2 {
			return messages.TooManyClasses.With("bound", bound)
		}
	case s.held+int64(next) > s.share && len(was) > 0:
		at, err := s.write(was)
		if err != nil {
			return err
		}
		p.slabs = append(p.slabs, slab{kind: p.kind, at: at, size: len(was)})
		s.held -= int64(cap(was))
		if cap(was) >= next {
			next, p.open = cap(was), was[:0]
		}
		was = nil
	}
	if len(was) > 0 {
		p.slabs = append(p.slabs, slab{kind: p.kind, bytes: was, size: len(was)})
	}
	s.held += int64(next)
	if p.kind = kind; p.open == nil {
		p.open = make([]byte, 0, next)
	}
	return nil
}

// most is how large a slab is at most: those that are open, one of each pile, are within
// the share.
func (s *piles) most() int {
	if s.opts.Memory == 0 {
		return mostSlab
	}
	each := max(s.share/pileCount, leastSlab)
	return min(mostSlab, 1<<(bits.Len64(uint64(each))-1))
}

func (s *piles) write(b []byte) (at int64, err error) {
	if s.file == nil {
		if s.file, err = s.opts.Create(); err != nil {
			return 0, fmt.Errorf("put rows aside: %w", err)
		}
	}
	at = s.file.Size()
	if _, err := s.file.Write(b); err != nil {
		return 0, fmt.Errorf("put rows aside: %w", err)
	}
	return at, nil
}

// size is how many bytes the entries of a pile are.
func (s *piles) size(number int) int64 {
	p := &s.of[number]
	n := int64(len(p.open))
	for _, b := range p.slabs {
		n += int64(b.size)
	}
	return n
}

// each visits the entries of a pile, some of one kind at a time, in buf where they come
// from the file. What f gets is good until it returns.
func (s *piles) each(ctx context.Context, number int, buf *[]byte, f func(kind int, entries []byte) error) error {
	p := &s.of[number]
	for _, b := range p.slabs {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries := b.bytes
		if entries == nil {
			if cap(*buf) < b.size {
				*buf = make([]byte, b.size)
			}
			entries = (*buf)[:b.size]
			if _, err := s.file.ReadAt(entries, b.at); err != nil {
				return fmt.Errorf("read rows put aside: %w", err)
			}
		}
		if err := f(b.kind, entries); err != nil {
			return err
		}
	}
	if len(p.open) == 0 {
		return nil
	}
	return f(p.kind, p.open)
}

// pairs visits the entries of a pile that were put.
func (s *piles) pairs(ctx context.Context, number int, buf *[]byte, f func(x, y uint64) error) error {
	return s.each(ctx, number, buf, func(_ int, entries []byte) error {
		for ; len(entries) > 0; entries = entries[16:] {
			if err := f(binary.LittleEndian.Uint64(entries), binary.LittleEndian.Uint64(entries[8:])); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *piles) close() error {
	if s == nil || s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
