package privacy

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"
)

// tuples numbers keys in the order in which they come, and counts the rows of each. It
// may be asked by several goroutines once nothing is added any more.
type tuples struct {
	bytes []byte // the keys, one after the other
	ends  []int
	rows  []int64
	slots []uint32 // the number of a key, and one; 0: free
}

func (t *tuples) len() int { return len(t.ends) }

func (t *tuples) key(n int) []byte {
	if n == 0 {
		return t.bytes[:t.ends[0]]
	}
	return t.bytes[t.ends[n-1]:t.ends[n]]
}

// slot is where a key stands, or would stand.
func (t *tuples) slot(key []byte) int {
	last := len(t.slots) - 1
	for at := int(xxh3.Hash(key)) & last; ; at = (at + 1) & last {
		if n := t.slots[at]; n == 0 || string(t.key(int(n)-1)) == string(key) {
			return at
		}
	}
}

// find gives the number of a key, -1 where it did not come.
func (t *tuples) find(key []byte) int {
	if len(t.slots) == 0 {
		return -1
	}
	return int(t.slots[t.slot(key)]) - 1
}

// add counts rows of a key; fresh says that it had none.
func (t *tuples) add(key []byte, rows int64) (n int, fresh bool) {
	if 4*(len(t.ends)+1) > 3*len(t.slots) {
		t.slots = make([]uint32, max(64, 2*len(t.slots)))
		for n := range t.ends {
			t.slots[t.slot(t.key(n))] = uint32(n) + 1
		}
	}
	at := t.slot(key)
	if n := int(t.slots[at]) - 1; n >= 0 {
		t.rows[n] += rows
		return n, false
	}
	t.bytes = append(t.bytes, key...)
	t.ends, t.rows = append(t.ends, len(t.bytes)), append(t.rows, rows)
	t.slots[at] = uint32(len(t.ends))
	return len(t.ends) - 1, true
}

// held is how many bytes are held, about.
func (t *tuples) held() int64 {
	return int64(cap(t.bytes)) + 8*int64(cap(t.ends)+cap(t.rows)) + 4*int64(len(t.slots))
}

// grouped is which group the rows of each key are of, whatever the order in which the keys
// came. It does not need the tuples.
func (t *tuples) grouped(group []int32) *hashed {
	wide := max(0, bits.Len(uint(t.len()))-2)
	h := &hashed{start: make([]uint32, 1<<wide+1), shift: 64 - wide, at: make([]hashedGroup, t.len())}
	for n, g := range group {
		h.at[n] = hashedGroup{xxh3.Hash128(t.key(n)), g}
	}
	slices.SortFunc(h.at, func(a, b hashedGroup) int {
		return cmp.Or(cmp.Compare(a.key.Hi, b.key.Hi), cmp.Compare(a.key.Lo, b.key.Lo))
	})
	for _, g := range h.at {
		h.start[g.key.Hi>>h.shift+1]++
	}
	for i := 1; i < len(h.start); i++ {
		h.start[i] += h.start[i-1]
	}
	return h
}

// hashed is groups by the hashes of the keys, in their order.
type hashed struct {
	at    []hashedGroup
	start []uint32 // by the first bits of a hash, where those with them begin
	shift int
}

type hashedGroup struct {
	key   xxh3.Uint128
	group int32
}

func (h *hashed) of(key []byte) (int32, bool) {
	k := xxh3.Hash128(key)
	for _, g := range h.at[h.start[k.Hi>>h.shift]:h.start[k.Hi>>h.shift+1]] {
		if g.key == k {
			return g.group, true
		}
	}
	return 0, false
}
