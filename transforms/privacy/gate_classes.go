package privacy

import (
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// tally is the classes that the gate found, by the hash of their values, in the order
// in which it found them.
type tally struct {
	slots   []uint64 // the upper half of a class's hash, and its number plus one
	classes []tallied
}

// tallied is a class.
type tallied struct {
	key  xxh3.Uint128
	rows int64
	full bool // as many persons were met in it as are told apart
}

const firstSlots = 1 << 8

// reserve makes room for so many classes more.
func (t *tally) reserve(n int) {
	if 2*(len(t.classes)+n) <= len(t.slots) {
		return
	}
	size := max(firstSlots, len(t.slots))
	for size < 2*(len(t.classes)+n) {
		size *= 2
	}
	t.slots = make([]uint64, size)
	for i, c := range t.classes {
		t.put(c.key, i)
	}
}

func (t *tally) at(key xxh3.Uint128) int { return int(key.Lo >> (64 - bits.Len(uint(len(t.slots)-1)))) }

const upper = 0xFFFFFFFF << 32

func (t *tally) put(key xxh3.Uint128, n int) {
	at := t.at(key)
	for t.slots[at] != 0 {
		at = (at + 1) & (len(t.slots) - 1)
	}
	t.slots[at] = key.Hi&upper | uint64(n+1)
}

// find gives the number of a class, and false where there is none. There must be room.
func (t *tally) find(key xxh3.Uint128) (int, bool) {
	for at := t.at(key); t.slots[at] != 0; at = (at + 1) & (len(t.slots) - 1) {
		if s := t.slots[at]; s&upper == key.Hi&upper {
			if n := int(uint32(s)) - 1; t.classes[n].key == key {
				return n, true
			}
		}
	}
	return 0, false
}

// add gives a class that find does not know a number.
func (t *tally) add(key xxh3.Uint128) int {
	t.classes = append(t.classes, tallied{key: key})
	t.put(key, len(t.classes)-1)
	return len(t.classes) - 1
}

// some is how many rows are looked up before any is looked at.
const some = 1 << 8

// hash gives the keys of the rows of r from one on: of each the values of the
// quasi-identifiers, in their order.
func (c *recount) hash(r arrow.Record, from int, keys []xxh3.Uint128) {
	c.columns = c.columns[:0]
	for _, q := range c.quasi {
		c.columns = append(c.columns, r.Column(q))
	}
	c.hashOf(c.columns, from, keys)
}

// hashOf is hash of values of the quasi-identifiers that may stand in no file.
func (c *recount) hashOf(quasi []arrow.Array, from int, keys []xxh3.Uint128) {
	clear(keys)
	for _, a := range quasi {
		s, ok := a.(*array.String)
		if !ok {
			for i := range keys {
				c.buf = appendSeen(c.buf[:0], a, from+i)
				keys[i] = fold(keys[i], xxh3.Hash128(c.buf))
			}
			continue
		}
		ends, data := arrowx.Texts(s)
		ends = ends[from:]
		nulls := s.NullN() > 0
		for i := range keys {
			value := noText
			if !nulls || s.IsValid(from+i) {
				value = xxh3.Hash128(data[ends[i]:ends[i+1]])
			}
			keys[i] = fold(keys[i], value)
		}
	}
}

// noText stands for null among the hashes of texts.
var noText = xxh3.Uint128{Hi: 0x6a09e667f3bcc908, Lo: 0xbb67ae8584caa73b}

// fold is the hash of values followed by another one.
func fold(key, value xxh3.Uint128) xxh3.Uint128 {
	return xxh3.Uint128{Hi: key.Hi*0x9e3779b97f4a7c15 + value.Hi, Lo: key.Lo*0xd6e8feb86659fd93 + value.Lo}
}
