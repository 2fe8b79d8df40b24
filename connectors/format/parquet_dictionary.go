package format

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// dictionary numbers the distinct values of one column chunk in the order in
// which they first occur. It is built anew for every chunk from the values that
// are written, so it holds nothing else and depends on nothing else: the seeds
// decide only where an entry sits in the table.
type dictionary struct {
	first   []int32 // index of the value that is the entry
	indices []int32 // one per value
	before  int     // entries there were before the step
	size    int     // of the entries in PLAIN
	slots   []int32 // open addressing: entry number + 1
	used    []byte  // which entries a page uses
	seed    maphash.Seed
	salt    uint64
	salts   [4]uint64
}

// The values looked at before a dictionary may be given up, and how many of them
// must be new for it: nine of ten. Fewer promise that they will repeat before the
// chunk ends, and whether they did enough is known then, to the byte.
const (
	dictionaryStep  = 4096
	dictionaryFresh = dictionaryStep * 9 / 10
)

// start empties d for n values; false when they are too few for any dictionary.
func (d *dictionary) start(n int) bool {
	d.first, d.indices, d.before, d.size = d.first[:0], d.indices[:0], 0, 0
	if n < 2 {
		return false
	}
	if d.seed == (maphash.Seed{}) {
		d.seed = maphash.MakeSeed()
		d.salt = maphash.String(d.seed, "salt")
		for i := range d.salts {
			d.salts[i] = maphash.Bytes(d.seed, []byte{byte(i)})
		}
	}
	d.table(256)
	return true
}

// shortWord is a text of less than eight bytes as a number, no other of its length.
func shortWord(x []byte) uint64 {
	n := len(x)
	switch {
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(x)) | uint64(binary.LittleEndian.Uint32(x[n-4:]))<<32
	case n > 0:
		return uint64(x[0]) | uint64(x[n/2])<<8 | uint64(x[n-1])<<16
	}
	return 0
}

// hash is of a text. Most have up to 32 bytes, of which the first and the last go into
// a multiplication to 128 bits; the salts keep anybody from preparing texts that collide.
func (d *dictionary) hash(x []byte) uint64 {
	n := len(x)
	if n < 8 {
		hi, lo := bits.Mul64(shortWord(x)^d.salts[0]^uint64(n), d.salts[1])
		return hi ^ lo
	}
	if n > 32 {
		return maphash.Bytes(d.seed, x)
	}
	hi, lo := bits.Mul64(uint64le(x)^d.salts[0]^uint64(n), uint64le(x[n-8:])^d.salts[1])
	if n > 16 {
		more, less := bits.Mul64(uint64le(x[8:])^d.salts[2], uint64le(x[n-16:])^d.salts[3])
		hi, lo = hi^less, lo^more
	}
	return hi ^ lo
}

// equalTexts is bytes.Equal, by words where hash is.
func equalTexts(x, y []byte) bool {
	n := len(x)
	switch {
	case n != len(y):
		return false
	case n < 8:
		return shortWord(x) == shortWord(y)
	case n > 32:
		return bytes.Equal(x, y)
	case uint64le(x) != uint64le(y) || uint64le(x[n-8:]) != uint64le(y[n-8:]):
		return false
	}
	return n <= 16 || uint64le(x[8:]) == uint64le(y[8:]) && uint64le(x[n-16:]) == uint64le(y[n-16:])
}

// hopeless says, after every step, whether nearly all values of the step were new.
func (d *dictionary) hopeless() bool {
	fresh := len(d.first) - d.before
	d.before = len(d.first)
	return fresh > dictionaryFresh
}

// add makes value i, of that size, a new entry in the empty slot at. When it
// says true the table was emptied to grow, and every entry has to be placed again.
func (d *dictionary) add(i, size int, at uint64) (grown bool) {
	d.first = append(d.first, int32(i))
	d.indices = append(d.indices, int32(len(d.first)-1))
	d.size += size
	d.slots[at] = int32(len(d.first))
	if 2*len(d.first) <= len(d.slots) {
		return false
	}
	d.table(2 * len(d.slots))
	return true
}

func (d *dictionary) place(hash uint64, entry int32) {
	mask := uint64(len(d.slots) - 1)
	at := hash & mask
	for d.slots[at] != 0 {
		at = (at + 1) & mask
	}
	d.slots[at] = entry + 1
}

func (d *dictionary) table(size int) {
	if cap(d.slots) < size {
		d.slots = make([]int32, size)
		return
	}
	d.slots = d.slots[:size]
	clear(d.slots)
}

// width is the number of bits of an index; at least one, since not every reader
// knows none.
func (d *dictionary) width() int {
	return max(1, bits.Len(uint(len(d.first)-1)))
}

// bytes is about what the dictionary and all indices take.
func (d *dictionary) bytes() int {
	return d.size + (len(d.indices)*d.width()+7)/8
}
