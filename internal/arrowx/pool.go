package arrowx

import (
	"math/bits"
	"sync"
)

// Pool is an allocator that keeps what was freed for the next who asks, so that
// batches that come and go cost neither the collector nor the system anything.
// What it hands out is zero. Memory that is freed and used all the same is
// somebody else's by then: see Poison.
type Pool struct {
	bound int // bytes kept

	mu   sync.Mutex
	kept int
	free [2 * (largest - smallest)][][]byte
}

// Sizes are powers of two and one and a half of each: 4 KiB to 6 MiB. Smaller and
// larger ones are Go's own affair.
const (
	smallest = 12
	largest  = 23
)

// NewPool is a pool that keeps at most so many bytes of what was freed.
func NewPool(bound int) *Pool { return &Pool{bound: bound} }

// class is the smallest size of a pool that holds n bytes, and its number; ok is
// false when there is none.
func class(n int) (c, size int, ok bool) {
	if n <= 1<<(smallest-1) || n > 3<<(largest-2) {
		return 0, 0, false
	}
	power := max(smallest, bits.Len(uint(n-1)))
	if size = 3 << (power - 2); n <= size && power > smallest {
		return 2*(power-smallest) - 1, size, true
	}
	return 2 * (power - smallest), 1 << power, true
}

// Allocate is memory.Allocator's.
func (p *Pool) Allocate(n int) []byte {
	c, size, ok := class(n)
	if !ok {
		return make([]byte, n)
	}
	p.mu.Lock()
	list := p.free[c]
	var b []byte
	if k := len(list) - 1; k >= 0 {
		b, list[k] = list[k], nil
		p.free[c] = list[:k]
		p.kept -= size
	}
	p.mu.Unlock()
	if b == nil {
		return make([]byte, size)[:n]
	}
	clear(b[:cap(b)])
	return b[:n]
}

// Reallocate is memory.Allocator's.
func (p *Pool) Reallocate(n int, b []byte) []byte {
	if n <= cap(b) && 2*n >= cap(b) {
		if n > len(b) {
			clear(b[len(b):n])
		}
		return b[:n]
	}
	next := p.Allocate(n)
	copy(next, b)
	p.Free(b)
	return next
}

// Free is memory.Allocator's.
func (p *Pool) Free(b []byte) {
	c, size, ok := class(cap(b))
	if !ok || size != cap(b) {
		return
	}
	p.mu.Lock()
	if p.kept+size <= p.bound {
		p.free[c] = append(p.free[c], b[:0])
		p.kept += size
	}
	p.mu.Unlock()
}

// Poison is an allocator for tests: what is freed is overwritten, so that whoever
// still uses it is found out, as a Pool would.
type Poison struct{}

// Allocate is memory.Allocator's.
func (Poison) Allocate(n int) []byte { return make([]byte, n) }

// Free is memory.Allocator's.
func (Poison) Free(b []byte) {
	b = b[:cap(b)]
	for i := range b {
		b[i] = 0xA5
	}
}

// Reallocate is memory.Allocator's.
func (p Poison) Reallocate(n int, b []byte) []byte {
	next := p.Allocate(n)
	copy(next, b)
	p.Free(b)
	return next
}
