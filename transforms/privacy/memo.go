package privacy

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// memo gives the codes of the values of a column, batch by batch, and remembers those
// that it asked for. It is for one goroutine. To look a value up costs less than to
// write it: values that fit into 64 bits are known by their bits, texts as they
// stand, others by how they are written.
type memo struct {
	small   []uint32 // by value, counted from leastSmall: its code plus one
	numbers numbers
	texts   texts
	lacks   bool // lacking was given for some value
	buf     []byte
}

// lacking is the code of a value that has none.
const lacking = math.MaxUint32 - 1

// keepKnown is how many values are remembered from one batch to the next: with a
// least level many more may be written than are counted.
const keepKnown = 1 << 16

// Numbers from leastSmall on, as many as there are in small, have a place each: ages,
// years, and days of a century and a half.
const leastSmall, smalls = -1 << 15, 1 << 16

// codes puts the codes of the values of a into dst. It asks null for that of null, once,
// with the first row that is, and ask for that of a value that is not remembered.
func (m *memo) codes(dst []uint32, a arrow.Array, null func(i int) uint32, ask func(i int) uint32) {
	m.numbers.trim()
	m.texts.trim()
	if a.Len() == 0 {
		return
	}
	v := validity{bits: a.NullBitmapBytes(), offset: a.Data().Offset(), null: null, code: lacking}
	if a.NullN() == 0 {
		v.bits = nil
	}
	switch a := a.(type) {
	case *array.String:
		m.ofTexts(dst, a, &v, ask)
	case *array.Int32:
		ofNumbers(m, dst, a.Int32Values(), &v, ask)
	case *array.Int64:
		ofNumbers(m, dst, a.Int64Values(), &v, ask)
	case *array.Date32:
		ofNumbers(m, dst, a.Date32Values(), &v, ask)
	case *array.Timestamp:
		ofNumbers(m, dst, a.TimestampValues(), &v, ask)
	default:
		m.ofOthers(dst, a, &v, ask)
	}
	if v.asked && v.code == lacking {
		m.lacks = true
	}
}

// validity tells nulls, and asks for their code when it meets the first.
type validity struct {
	bits   []byte // nil: none is null
	offset int
	null   func(i int) uint32
	asked  bool
	code   uint32
}

func (v *validity) isNull(i int) bool {
	if v.bits == nil || bitutil.BitIsSet(v.bits, v.offset+i) {
		return false
	}
	if !v.asked {
		v.asked, v.code = true, v.null(i)
	}
	return true
}

func (m *memo) ask(i int, ask func(int) uint32) uint32 {
	code := ask(i)
	m.lacks = m.lacks || code == lacking
	return code
}

func ofNumbers[T ~int32 | ~int64](m *memo, dst []uint32, values []T, v *validity, ask func(int) uint32) {
	if m.small == nil {
		m.small = make([]uint32, smalls)
	}
	small := m.small
	for i, x := range values {
		if v.isNull(i) {
			dst[i] = v.code
			continue
		}
		if at := uint64(int64(x) - leastSmall); at < smalls {
			if small[at] == 0 {
				small[at] = m.ask(i, ask) + 1
			}
			dst[i] = small[at] - 1
			continue
		}
		dst[i] = m.number(int64(x), i, ask)
	}
}

func (m *memo) number(x int64, i int, ask func(int) uint32) uint32 {
	code, ok := m.numbers.get(x)
	if !ok {
		code = m.ask(i, ask)
		m.numbers.put(x, code)
	}
	return code
}

func (m *memo) ofTexts(dst []uint32, a arrow.Array, v *validity, ask func(int) uint32) {
	ends, data := arrowx.Texts(a)
	for i := range dst {
		if v.isNull(i) {
			dst[i] = v.code
			continue
		}
		dst[i] = m.text(data[ends[i]:ends[i+1]], i, ask)
	}
}

func (m *memo) text(x []byte, i int, ask func(int) uint32) uint32 {
	hash := xxh3.Hash(x)
	code, ok := m.texts.get(x, hash)
	if !ok {
		code = m.ask(i, ask)
		m.texts.put(x, hash, code)
	}
	return code
}

func (m *memo) ofOthers(dst []uint32, a arrow.Array, v *validity, ask func(int) uint32) {
	raw, text := rawOf(a), textOf(a)
	for i := range dst {
		if v.isNull(i) {
			dst[i] = v.code
			continue
		}
		if raw != nil {
			if x, fits := raw(i); fits {
				dst[i] = m.number(x, i, ask)
				continue
			}
		}
		m.buf = text(m.buf[:0], i)
		dst[i] = m.text(m.buf, i, ask)
	}
}

// rawOf gives values that fit into 64 bits, two that are counted as one alike; nil for
// other types.
func rawOf(a arrow.Array) func(i int) (int64, bool) {
	switch a := a.(type) {
	case *array.Boolean:
		return func(i int) (int64, bool) {
			if a.Value(i) {
				return 1, true
			}
			return 0, true
		}
	case *array.Float64:
		return func(i int) (int64, bool) {
			switch x := a.Value(i); {
			case x == 0:
				return 0, true
			case x != x:
				return int64(math.Float64bits(math.NaN())), true
			default:
				return int64(math.Float64bits(x)), true
			}
		}
	case *array.Decimal128:
		return func(i int) (int64, bool) {
			v := a.Value(i)
			low := int64(v.LowBits())
			return low, v.HighBits() == low>>63
		}
	}
	return nil
}

// slots is where the values of a memo are found: by a hash, the number of an entry plus one.
type slots []uint32

const someSlots = 1 << 6

// golden spreads bits: 2^64 by the golden ratio.
const golden = 0x9e3779b97f4a7c15

func (s slots) at(hash uint64) int { return int(hash >> (64 - bits.Len(uint(len(s)-1)))) }

// numbers is the codes of 64-bit values.
type numbers struct {
	slots slots
	keys  []int64
	codes []uint32
}

func (n *numbers) trim() {
	if len(n.keys) > keepKnown {
		clear(n.slots)
		n.keys, n.codes = n.keys[:0], n.codes[:0]
	}
}

func spread(key int64) uint64 {
	x := uint64(key) * golden
	return (x ^ x>>32) * golden
}

func (n *numbers) get(key int64) (uint32, bool) {
	if n.slots == nil {
		return 0, false
	}
	for at := n.slots.at(spread(key)); ; at = (at + 1) & (len(n.slots) - 1) {
		e := n.slots[at]
		if e == 0 {
			return 0, false
		}
		if n.keys[e-1] == key {
			return n.codes[e-1], true
		}
	}
}

func (n *numbers) put(key int64, code uint32) {
	n.keys, n.codes = append(n.keys, key), append(n.codes, code)
	if 2*len(n.keys) > len(n.slots) {
		n.slots = make(slots, max(someSlots, 2*len(n.slots)))
		for i, k := range n.keys {
			n.slots.add(spread(k), i)
		}
		return
	}
	n.slots.add(spread(key), len(n.keys)-1)
}

func (s slots) add(hash uint64, entry int) {
	at := s.at(hash)
	for s[at] != 0 {
		at = (at + 1) & (len(s) - 1)
	}
	s[at] = uint32(entry + 1)
}

// texts is the codes of texts.
type texts struct {
	slots   slots
	entries []textEntry
	bytes   []byte
}

type textEntry struct {
	hash uint64
	from uint64
	size uint32
	code uint32
}

// keepBytes is how many bytes of texts are remembered from one batch to the next.
const keepBytes = 8 << 20

func (t *texts) trim() {
	if len(t.entries) > keepKnown || len(t.bytes) > keepBytes {
		clear(t.slots)
		t.entries, t.bytes = t.entries[:0], t.bytes[:0]
	}
}

func (t *texts) get(x []byte, hash uint64) (uint32, bool) {
	if t.slots == nil {
		return 0, false
	}
	for at := t.slots.at(hash); ; at = (at + 1) & (len(t.slots) - 1) {
		e := t.slots[at]
		if e == 0 {
			return 0, false
		}
		if k := &t.entries[e-1]; k.hash == hash && string(t.bytes[k.from:k.from+uint64(k.size)]) == string(x) {
			return k.code, true
		}
	}
}

func (t *texts) put(x []byte, hash uint64, code uint32) {
	t.entries = append(t.entries, textEntry{hash, uint64(len(t.bytes)), uint32(len(x)), code})
	t.bytes = append(t.bytes, x...)
	if 2*len(t.entries) > len(t.slots) {
		t.slots = make(slots, max(someSlots, 2*len(t.slots)))
		for i, e := range t.entries {
			t.slots.add(e.hash, i)
		}
		return
	}
	t.slots.add(hash, len(t.entries)-1)
}
