package arrowx

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Pool is an allocator that keeps what was freed for the next who asks, so that
// batches that come and go cost neither the collector nor the system anything.
// What it hands out is zero. Memory that is freed and used all the same is
// somebody else's by then: see Poison.
type Pool struct {
	bound int // bytes kept

	mu   sync.Mutex
	kept int
	free [steps * (largest - smallest)][][]byte
}

// Sizes are powers of two, 4 KiB to 4 MiB, and three between each and the next: what
// is handed out is a tenth larger than what was asked for. Smaller and larger ones
// are Go's own affair.
const (
	smallest = 12
	largest  = 23
	steps    = 4 // sizes to a doubling
)

// NewPool is a pool that keeps at most so many bytes of what was freed.
func NewPool(bound int) *Pool { return &Pool{bound: bound} }

// class is the smallest size of a pool that holds n bytes, and its number; ok is
// false when there is none.
func class(n int) (c, size int, ok bool) {
	if n <= 1<<(smallest-1) || n > (2*steps-1)<<(largest-1)/steps {
		return 0, 0, false
	}
	// n is over 1<<power and no more than twice that, which part is the share of.
	power := max(smallest-1, bits.Len(uint(n-1))-1)
	if power < smallest {
		return 0, 1 << smallest, true
	}
	part := 1 << power / steps
	k := (n - 1<<power + part - 1) / part
	return steps*(power-smallest) + k, 1<<power + k*part, true
}

// Allocate is memory.Allocator's.
func (p *Pool) Allocate(n int) []byte {
	b, used := p.take(n)
	if used {
		clear(b[:cap(b)])
	}
	return b
}

// Dirty is Allocate for who writes every byte: what it hands out holds anything.
func (p *Pool) Dirty(n int) []byte {
	b, _ := p.take(n)
	return b
}

// take says whether the memory was used before.
func (p *Pool) take(n int) (b []byte, used bool) {
	c, size, ok := class(n)
	if !ok {
		return make([]byte, n), false
	}
	p.mu.Lock()
	list := p.free[c]
	if k := len(list) - 1; k >= 0 {
		b, list[k] = list[k], nil
		p.free[c] = list[:k]
		p.kept -= size
	} else {
		p.drop(size)
	}
	p.mu.Unlock()
	if b == nil {
		return make([]byte, size)[:n], false
	}
	return b[:n], true
}

// drop lets go of n bytes of other sizes, the largest first, where there are so many:
// what is kept makes nobody use more than was in use at once.
func (p *Pool) drop(n int) {
	for c := len(p.free) - 1; c >= 0 && n > 0 && p.kept > 0; c-- {
		for k := len(p.free[c]) - 1; k >= 0 && n > 0; k-- {
			size := cap(p.free[c][k])
			p.free[c][k] = nil
			p.free[c] = p.free[c][:k]
			p.kept -= size
			n -= size
		}
	}
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

// NewBuffer is a buffer of n bytes for who writes every one of them: where mem has
// memory that was used before, it is not made zero. What pads it is.
func NewBuffer(mem memory.Allocator, n int) *memory.Buffer {
	b := memory.NewResizableBuffer(mem)
	if d, ok := mem.(interface{ Dirty(n int) []byte }); ok && n > 0 {
		data := d.Dirty((n + 63) / 64 * 64)
		clear(data[n:])
		b.Reset(data)
	}
	b.Resize(n)
	return b
}

// Poison is an allocator for tests: what is freed is overwritten, so that whoever
// still uses it is found out, as a Pool would.
type Poison struct{}

// Allocate is memory.Allocator's.
func (Poison) Allocate(n int) []byte { return make([]byte, n) }

// Dirty is Allocate for who writes every byte; who does not is found out.
func (Poison) Dirty(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xA5
	}
	return b
}

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
