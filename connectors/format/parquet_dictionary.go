package format

import (
	"hash/maphash"
	"math/bits"
)

// dictionary numbers the distinct values of one column chunk in the order in
// which they first occur. It is built anew for every chunk from the values that
// are written, so it holds nothing else and depends on nothing else.
type dictionary[T comparable] struct {
	entries []T
	indices []int32 // one per value
	size    int     // of the entries in PLAIN
	slots   []int32 // open addressing: entry number + 1
	seed    maphash.Seed
}

// The values looked at before a dictionary is given up, and the share of
// distinct ones from which on it is.
const (
	dictionaryStep  = 4096
	dictionaryShare = 0.3
)

// build is whether a dictionary of vs may pay. It gives up as soon as too many
// values of those seen so far are distinct.
func (d *dictionary[T]) build(k *kind[T], vs []T) bool {
	clear(d.entries)
	d.entries, d.indices, d.size = d.entries[:0], d.indices[:0], 0
	if !k.dictionary || len(vs) < 2 {
		return false
	}
	if d.seed == (maphash.Seed{}) {
		d.seed = maphash.MakeSeed()
	}
	d.grow(256)
	for i, v := range vs {
		if i%dictionaryStep == 0 && float64(len(d.entries)) > dictionaryShare*float64(i) {
			return false
		}
		d.indices = append(d.indices, d.number(k, v))
	}
	return true
}

// number is the number of the entry v, which it adds when it is new. The seed
// decides only where the entry sits in the table, never its number.
func (d *dictionary[T]) number(k *kind[T], v T) int32 {
	mask := uint64(len(d.slots) - 1)
	at := maphash.Comparable(d.seed, v) & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		if n := d.slots[at] - 1; d.entries[n] == v {
			return n
		}
	}
	n := int32(len(d.entries))
	d.entries = append(d.entries, v)
	d.size += k.size(v)
	d.slots[at] = n + 1
	if 2*len(d.entries) > len(d.slots) {
		d.grow(2 * len(d.slots))
	}
	return n
}

func (d *dictionary[T]) grow(size int) {
	if cap(d.slots) >= size {
		d.slots = d.slots[:size]
		clear(d.slots)
	} else {
		d.slots = make([]int32, size)
	}
	mask := uint64(size - 1)
	for n, v := range d.entries {
		at := maphash.Comparable(d.seed, v) & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = int32(n) + 1
	}
}

// width is the number of bits of an index; at least one, since not every reader
// knows none.
func (d *dictionary[T]) width() int {
	return max(1, bits.Len(uint(len(d.entries)-1)))
}

// bytes is about what the dictionary and all indices take.
func (d *dictionary[T]) bytes() int {
	return d.size + (len(d.indices)*d.width()+7)/8
}
