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
}

const firstSlots = 1 << 8

// expect makes room for classes that are thought to come, within so many bytes.
func (t *tally) expect(classes, bytes int64) {
	if classes = min(classes, bytes/classCost, 1<<20); classes > firstSlots {
		t.classes = make([]tallied, 0, classes)
		t.reserve(int(classes))
	}
}

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

// some is how many runs are looked up before any is looked at.
const some = 1 << 8

// differ sets what of other is for a value of a that is not the one before it. Of types
// that have no simple form none is that.
func differ(other []bool, a arrow.Array) {
	nulls := a.NullN() > 0
	switch a := a.(type) {
	case *array.String:
		ends, data := arrowx.Texts(a)
		for i := 1; i < len(other); i++ {
			if !other[i] {
				other[i] = string(data[ends[i-1]:ends[i]]) != string(data[ends[i]:ends[i+1]])
			}
		}
	case *array.Dictionary:
		differNumbers(other, numbersOf(a))
	case *array.Int32, *array.Int64, *array.Float64, *array.Date32, *array.Timestamp, *array.Decimal128:
		if len(other) == 0 {
			return
		}
		width := a.DataType().(arrow.FixedWidthDataType).Bytes()
		data := a.Data().Buffers()[1].Bytes()[a.Data().Offset()*width:]
		for i := 1; i < len(other); i++ {
			if !other[i] {
				other[i] = string(data[(i-1)*width:i*width]) != string(data[i*width:(i+1)*width])
			}
		}
	default:
		for i := range other {
			other[i] = true
		}
		return
	}
	if nulls {
		for i := 1; i < len(other); i++ {
			if a.IsNull(i-1) != a.IsNull(i) {
				other[i] = true
			}
		}
	}
}

// differNumbers is differ of the numbers of texts, in which most follow their like.
func differNumbers(other []bool, v []uint32) {
	if len(v) == 0 {
		return
	}
	last, i := v[0], 1
	for ; i+8 <= len(v); i += 8 {
		b := v[i : i+8 : i+8]
		if (b[0]^last)|(b[1]^last)|(b[2]^last)|(b[3]^last)|(b[4]^last)|(b[5]^last)|(b[6]^last)|(b[7]^last) == 0 {
			continue
		}
		for n, x := range b {
			if x != last {
				other[i+n], last = true, x
			}
		}
	}
	for ; i < len(v); i++ {
		if v[i] != last {
			other[i], last = true, v[i]
		}
	}
}

// hashOf gives the keys of rows of columns with values of the quasi-identifiers, in their
// order.
func (c *recount) hashOf(quasi []arrow.Array, rows []int32, keys []xxh3.Uint128) {
	clear(keys)
	for _, a := range quasi {
		c.buf = hashValues(c.buf, a, rows, keys)
	}
}

// hashValues folds rows of a column into keys.
func hashValues(buf []byte, a arrow.Array, rows []int32, keys []xxh3.Uint128) []byte {
	s, ok := a.(*array.String)
	if !ok {
		for n, i := range rows {
			buf = appendSeen(buf[:0], a, int(i))
			keys[n] = fold(keys[n], xxh3.Hash128(buf))
		}
		return buf
	}
	ends, data := arrowx.Texts(s)
	nulls := s.NullN() > 0
	for n, i := range rows {
		value := noText
		if !nulls || s.IsValid(int(i)) {
			value = xxh3.Hash128(data[ends[i]:ends[i+1]])
		}
		keys[n] = fold(keys[n], value)
	}
	return buf
}

// noText stands for null among the hashes of texts.
var noText = xxh3.Uint128{Hi: 0x6a09e667f3bcc908, Lo: 0xbb67ae8584caa73b}

// fold is the hash of values followed by another one.
func fold(key, value xxh3.Uint128) xxh3.Uint128 {
	return xxh3.Uint128{Hi: key.Hi*0x9e3779b97f4a7c15 + value.Hi, Lo: key.Lo*0xd6e8feb86659fd93 + value.Lo}
}
