package disclosure

import "math/bits"

// layout says where in a packed key the code of each column stands. A field lies
// in one word.
type layout struct {
	fields []field
	words  int
}

type field struct {
	word  int
	shift uint
	bits  uint
}

func (f field) mask() uint64 { return 1<<f.bits - 1 }

func (f field) get(key []uint64) uint32 { return uint32(key[f.word] >> f.shift & f.mask()) }

// wordBits is how many bits of a word are used.
const wordBits = 63

// newLayout packs columns of as many codes, in their order.
func newLayout(cards []uint32) layout {
	l := layout{words: 1}
	used := uint(0)
	for _, card := range cards {
		n := uint(bits.Len32(max(card, 1) - 1))
		if used+n > wordBits {
			l.words++
			used = 0
		}
		l.fields = append(l.fields, field{l.words - 1, used, n})
		used += n
	}
	return l
}

// bits is how many bits the last word uses.
func (l layout) bits() uint {
	if len(l.fields) == 0 {
		return 0
	}
	last := l.fields[len(l.fields)-1]
	return last.shift + last.bits
}

// table counts keys by open addressing. A slot whose count is 0 is free.
type table struct {
	words int
	keys  []uint64
	n     []uint32
	with  []uint64 // a word beside each count; nil: none
	used  int
	shift uint // of a hash, to a slot
}

const firstSlots = 1 << 6

func newTable(words int) *table {
	t := &table{words: words}
	t.make(firstSlots)
	return t
}

func (t *table) make(slots int) {
	t.keys, t.n = make([]uint64, slots*t.words), make([]uint32, slots)
	if t.with != nil {
		t.with = make([]uint64, slots)
	}
	t.shift, t.used = uint(64-bits.Len(uint(slots-1))), 0
}

// growing is how much more than bytes is held for the moment in which the table grows.
func (t *table) growing() int64 {
	if t.with == nil {
		return 2 * t.bytes()
	}
	return 2*t.bytes() - 12*int64(len(t.n)) // when the keys move, see growWith
}

func (t *table) bytes() int64 { return int64(len(t.n))*int64(8*t.words+4) + 8*int64(len(t.with)) }

func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}

func hashKey(key []uint64) uint64 {
	h := uint64(0)
	for _, w := range key {
		h = (h ^ mix(w)) * 0xd6e8feb86659fd93
	}
	return h
}

// find gives the slot of a key, or the free slot where it would stand.
func (t *table) find(key []uint64) int {
	last := len(t.n) - 1
	if t.words == 1 {
		k := key[0]
		for at := int(mix(k) * 0xd6e8feb86659fd93 >> t.shift); ; at = (at + 1) & last {
			if t.n[at] == 0 || t.keys[at] == k {
				return at
			}
		}
	}
probe:
	for at := int(hashKey(key) >> t.shift); ; at = (at + 1) & last {
		if t.n[at] == 0 {
			return at
		}
		for i, w := range key {
			if t.keys[at*t.words+i] != w {
				continue probe
			}
		}
		return at
	}
}

// add counts a key by more times; a count stays at the greatest that there is. It
// says whether the key is new.
func (t *table) add(key []uint64, by uint32) bool {
	at := t.find(key)
	n := t.n[at]
	if n != 0 {
		if n+by < n {
			by = ^uint32(0) - n
		}
		t.n[at] = n + by
		return false
	}
	if by == 0 {
		return false
	}
	copy(t.keys[at*t.words:], key)
	t.n[at] = by
	t.used++
	if t.used*4 > len(t.n)*3 {
		t.grow()
	}
	return true
}

// addEach counts keys of one word once each.
func (t *table) addEach(keys []uint64) {
	for len(keys) > 0 {
		// Growth is looked at once for as many keys as surely fit.
		room := len(t.n)*3/4 - t.used
		part := keys[:min(len(keys), max(room, 1))]
		keys = keys[len(part):]
		last := uint64(len(t.n) - 1)
		for _, k := range part {
			at := mix(k) * 0xd6e8feb86659fd93 >> t.shift
			for t.n[at] != 0 && t.keys[at] != k {
				at = (at + 1) & last
			}
			if t.n[at] == 0 {
				t.keys[at] = k
				t.used++
			}
			t.n[at]++
		}
		if t.used*4 >= len(t.n)*3 {
			t.grow()
		}
	}
}

// countEach counts keys once each and gives their slots, which are good until other
// keys are counted.
func (t *table) countEach(keys []uint64, slots []uint32) {
	// Not long before it is three quarters full, else a class takes more in a table that grows.
	for t.used*4 > len(t.n)*3 || (t.used+len(slots))*8 > len(t.n)*7 {
		t.grow()
	}
	if t.words > 1 {
		for i := range slots {
			slots[i] = uint32(t.count(keys[i*t.words : (i+1)*t.words]))
		}
		return
	}
	last := uint64(len(t.n) - 1)
	for i, k := range keys {
		at := mix(k) * 0xd6e8feb86659fd93 >> t.shift
		for t.n[at] != 0 && t.keys[at] != k {
			at = (at + 1) & last
		}
		if t.n[at] == 0 {
			t.keys[at] = k
			t.used++
		}
		t.n[at]++
		slots[i] = uint32(at)
	}
}

// count counts a key once and gives its slot, in a table that has room for it.
func (t *table) count(key []uint64) int {
	at := t.find(key)
	switch t.n[at] {
	case 0:
		copy(t.keys[at*t.words:], key)
		t.n[at] = 1
		t.used++
	case ^uint32(0):
	default:
		t.n[at]++
	}
	return at
}

// reset forgets all, and lets go of what is over a bound.
func (t *table) reset(bound int64) {
	if t.bytes() > bound {
		t.make(firstSlots)
		return
	}
	clear(t.n)
	t.used = 0
}

func (t *table) get(key []uint64) uint32 { return t.n[t.find(key)] }

// has says of keys of one word whether each was counted.
func (t *table) has(keys []uint64, counted []bool) {
	last := uint64(len(t.n) - 1)
	for i, k := range keys {
		at := mix(k) * 0xd6e8feb86659fd93 >> t.shift
		for t.n[at] != 0 && t.keys[at] != k {
			at = (at + 1) & last
		}
		counted[i] = t.n[at] != 0
	}
}

func (t *table) grow() {
	if t.with != nil {
		t.growWith()
		return
	}
	old := *t
	t.make(2 * len(old.n))
	for at, n := range old.n {
		if n != 0 {
			t.put(old.key(at), n)
		}
	}
}

// growWith is grow where a word stands beside each count. For where a key goes it is enough
// to know which slots are taken, so one field after the other moves, the counts last, and
// the old and the new of all fields never stand side by side: 64 bytes are held for each
// class whose key is a word, where it would be 80.
func (t *table) growWith() {
	slots := 2 * len(t.n)
	shift, last := uint(64-bits.Len(uint(slots-1))), uint64(slots-1)
	to, taken := make([]uint32, len(t.n)), make([]uint64, (slots+63)/64)
	with := make([]uint64, slots)
	for at, n := range t.n {
		if n == 0 {
			continue
		}
		slot := hashKey(t.key(at)) >> shift
		for taken[slot/64]>>(slot%64)&1 != 0 {
			slot = (slot + 1) & last
		}
		taken[slot/64] |= 1 << (slot % 64)
		with[slot] = t.with[at]
		to[at] = uint32(slot)
	}
	t.with = with
	keys := make([]uint64, slots*t.words)
	for at, n := range t.n {
		if n == 0 {
			continue
		}
		if t.words == 1 {
			keys[to[at]] = t.keys[at]
		} else {
			copy(keys[int(to[at])*t.words:], t.key(at))
		}
	}
	t.keys = keys
	counts := make([]uint32, slots)
	for at, n := range t.n {
		if n != 0 {
			counts[to[at]] = n
		}
	}
	t.n, t.shift = counts, shift
}

func (t *table) put(key []uint64, n uint32) int {
	at := t.find(key)
	copy(t.keys[at*t.words:], key)
	t.n[at] = n
	t.used++
	return at
}

func (t *table) key(at int) []uint64 { return t.keys[at*t.words : (at+1)*t.words] }

// each visits what is counted, in no order that matters.
func (t *table) each(f func(key []uint64, n uint32) error) error {
	for at, n := range t.n {
		if n == 0 {
			continue
		}
		if err := f(t.key(at), n); err != nil {
			return err
		}
	}
	return nil
}
