package privacy

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// codes numbers values of 128 bits in the order in which they come. A file is judged
// almost as fast as it is read, so that a look-up is a few instructions.
type codes struct {
	slots []slot
	n     uint32
	shift uint8
}

type slot struct {
	lo, hi uint64
	code   uint32 // and one; 0: free
}

const mixLow = 0x9e3779b97f4a7c15

func newCodes() codes { return codes{slots: make([]slot, 64), shift: 64 - 6} }

// code gives the number of a value, and whether it is new.
func (c *codes) code(lo, hi uint64) (uint32, bool) {
	mask := uint64(len(c.slots) - 1)
	for at := (lo ^ bits.RotateLeft64(hi, 29)) * mixLow >> c.shift; ; at = (at + 1) & mask {
		s := &c.slots[at]
		if s.lo == lo && s.hi == hi && s.code != 0 {
			return s.code - 1, false
		}
		if s.code == 0 {
			return c.add(lo, hi, s), true
		}
	}
}

func (c *codes) add(lo, hi uint64, s *slot) uint32 {
	code := c.n
	c.n++
	*s = slot{lo, hi, c.n}
	if 2*int(c.n) > len(c.slots) {
		old := c.slots
		c.slots = make([]slot, 2*len(old))
		c.shift--
		mask := uint64(len(c.slots) - 1)
		for _, o := range old {
			if o.code == 0 {
				continue
			}
			at := (o.lo ^ bits.RotateLeft64(o.hi, 29)) * mixLow >> c.shift
			for c.slots[at].code != 0 {
				at = (at + 1) & mask
			}
			c.slots[at] = o
		}
	}
	return code
}

func (c *codes) bytes() int64 { return int64(len(c.slots)) * 24 }

// values numbers the values of a column, as a reader tells them apart.
type values struct {
	codes
	null  uint32 // its number, and one; 0: there is none yet
	keep  bool   // the texts too
	equal bool   // numbers that are equal are one, though a reader tells both zeros apart
	texts []string
	held  int64 // bytes of the texts
	out   []uint32
	last  arrow.Array // whose words are numbered
	words []uint32
}

func newValues(texts bool) *values { return &values{codes: newCodes(), keep: texts} }

// nullLow and nullHigh are no value: a text of 255 bytes and more is hashed.
const nullLow, nullHigh = math.MaxUint64, math.MaxUint64 >> 1

// lowMask and highMask keep the first bytes of 16, by how many there are.
var lowMask, highMask = masks()

func masks() (low, high [16]uint64) {
	for n := range low {
		low[n] = 1<<(8*min(n, 8)) - 1
		if n >= 8 {
			low[n] = math.MaxUint64
			high[n] = 1<<(8*(n-8)) - 1
		}
	}
	return low, high
}

// batch numbers values from..to of a column.
func (v *values) batch(a arrow.Array, from, to int) []uint32 {
	v.out = v.out[:0]
	switch a := a.(type) {
	case *array.String:
		if a.Len() > 0 {
			v.strings(a, from, to)
		}
	case *array.Dictionary:
		v.coded(a, from, to)
	case *array.Int64:
		raw := a.Int64Values()
		v.each(a, from, to, func(i int) (uint64, uint64) { return uint64(raw[i]), 0 })
	case *array.Int32:
		v.each(a, from, to, func(i int) (uint64, uint64) { return uint64(a.Value(i)), 0 })
	case *array.Date32:
		v.each(a, from, to, func(i int) (uint64, uint64) { return uint64(a.Value(i)), 0 })
	case *array.Timestamp:
		v.each(a, from, to, func(i int) (uint64, uint64) { return uint64(a.Value(i)), 0 })
	case *array.Float64:
		v.each(a, from, to, func(i int) (uint64, uint64) { return v.bits(a.Value(i)), 0 })
	case *array.Boolean:
		v.each(a, from, to, func(i int) (uint64, uint64) {
			if a.Value(i) {
				return 1, 0
			}
			return 0, 0
		})
	default:
		var buf []byte
		v.each(a, from, to, func(i int) (uint64, uint64) {
			buf = arrowx.AppendKey(buf[:0], a, i, false)
			h := xxh3.Hash128(buf)
			return h.Lo, h.Hi | 1<<63
		})
	}
	return v.out
}

func (v *values) bits(x float64) uint64 {
	switch {
	case v.equal && x == 0:
		return 0
	case v.equal && math.IsNaN(x):
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(x)
}

func (v *values) each(a arrow.Array, from, to int, key func(i int) (lo, hi uint64)) {
	for i := from; i < to; i++ {
		lo, hi := uint64(nullLow), uint64(nullHigh)
		if !a.IsNull(i) {
			lo, hi = key(i)
		}
		v.take(a, i, lo, hi)
	}
}

func (v *values) take(a arrow.Array, i int, lo, hi uint64) {
	code, fresh := v.code(lo, hi)
	if fresh {
		v.note(a, i, code)
	}
	v.out = append(v.out, code)
}

// note keeps what a new value is.
func (v *values) note(a arrow.Array, i int, code uint32) {
	if a.IsNull(i) {
		v.null = code + 1
	}
	if !v.keep {
		return
	}
	text := ""
	if !a.IsNull(i) {
		text = "=" + string(textOf(a)(nil, i))
	}
	v.texts = append(v.texts, text)
	v.held += int64(len(text)) + 16
}

// coded takes texts that the file has numbered: each of its words is looked up once.
func (v *values) coded(a *array.Dictionary, from, to int) {
	if v.last != a {
		words := a.Dictionary().(*array.String)
		v.out = v.out[:0]
		if words.Len() > 0 {
			v.strings(words, 0, words.Len())
		}
		v.words, v.last = append(v.words[:0], v.out...), a
	}
	v.out = v.out[:0]
	numbers := a.Indices().(*array.Uint32).Uint32Values()
	if a.NullN() == 0 {
		for _, n := range numbers[from:to] {
			v.out = append(v.out, v.words[n])
		}
		return
	}
	for i := from; i < to; i++ {
		if a.IsNull(i) {
			v.take(a, i, nullLow, nullHigh)
		} else {
			v.out = append(v.out, v.words[numbers[i]])
		}
	}
}

// strings takes texts of up to 15 bytes as they are, and longer ones by their hash.
func (v *values) strings(a *array.String, from, to int) {
	offsets := a.ValueOffsets()
	buffer := a.Data().Buffers()[2]
	var data []byte
	if buffer != nil {
		data = buffer.Bytes()
	}
	nulls := a.NullN() > 0
	out := slices.Grow(v.out, to-from)[:to-from]
	slots, shift := v.slots, v.shift
	start := int(offsets[from])
	var lastLo, lastHi uint64 // of the value before, and its number: rows of a class lie together
	var last uint32
	look := 0 // from where on a stretch of the same is looked for
	for at := 0; at < len(out); at++ {
		i, end := from+at, int(offsets[from+at+1])
		n := uint(end - start)
		var lo, hi uint64
		if start+16 <= len(data) && n < 16 {
			b := data[start : start+16]
			lo = binary.LittleEndian.Uint64(b) & lowMask[n]
			hi = binary.LittleEndian.Uint64(b[8:])&highMask[n] | uint64(n)<<56
		} else {
			lo, hi = longText(data[start:end])
		}
		if nulls && a.IsNull(i) {
			lo, hi = nullLow, nullHigh
		}
		start = end
		if lo == lastLo && hi == lastHi && at > 0 {
			out[at] = last
			if nulls || at < look {
				continue
			}
			n := sameAgain(offsets[i:to+1], data)
			again := out[at+1 : at+1+n]
			for k := range again {
				again[k] = last
			}
			at += n
			start = int(offsets[from+at+1])
			look = at + sameStretch
			continue
		}
		lastLo, lastHi = lo, hi
		if s := &slots[(lo^bits.RotateLeft64(hi, 29))*mixLow>>(shift&63)]; s.lo == lo && s.hi == hi && s.code != 0 {
			last = s.code - 1
			out[at] = last
			continue
		}
		code, fresh := v.code(lo, hi)
		if fresh {
			v.note(a, i, code)
			slots, shift = v.slots, v.shift
		}
		last, out[at] = code, code
	}
	v.out = out
}

// sameStretch is how many texts are compared at once with the one before each.
const sameStretch = 32

// sameAgain is how many texts follow that are the same as the first, but for less than a stretch.
func sameAgain(offsets []int32, data []byte) (rows int) {
	n := offsets[1] - offsets[0]
	for rows+1+sameStretch < len(offsets) {
		part := offsets[rows+1 : rows+2+sameStretch]
		others := int32(0)
		for i, end := range part[1:] {
			others |= end - part[i] ^ n
		}
		at := part[0]
		if others != 0 || string(data[at-n:at-n+sameStretch*n]) != string(data[at:at+sameStretch*n]) {
			break
		}
		rows += sameStretch
	}
	return rows
}

// longText is what a text is looked up by that has more than 15 bytes, or none after it.
func longText(text []byte) (lo, hi uint64) {
	if len(text) > 15 {
		h := xxh3.Hash128(text)
		return h.Lo, h.Hi | 1<<63
	}
	var last [16]byte
	copy(last[:], text)
	return binary.LittleEndian.Uint64(last[:]), binary.LittleEndian.Uint64(last[8:]) | uint64(len(text))<<56
}

// counted is the classes of a file, counted.
type counted struct {
	quasi     []*values
	sensitive []*values
	subject   *values // nil: rows are counted
	distinct  []int   // by sensitive column: how many values are enough to know, 0: all are counted
	nulls     []bool  // by sensitive column: null is a value like others
	widths    []uint8
	hashed    bool     // the codes of a class do not fit in 64 bits
	dense     []uint32 // class of a key, and one, where keys are small; nil: they are not
	classes   codes
	members   []uint32 // codes of the quasi-identifiers, class by class
	rows      []int64
	few       [][]uint32 // by sensitive column: the first different values of a class, distinct of them
	fewN      [][]uint8
	pairs     []pairs
	joint     *jointCodes // nil: sensitive columns are judged alone; else pairs[0] is of all
	persons   pairs
	of, part  uint64
	buf       []byte
	keys      []uint32 // classes of a block
	packed    []uint64 // keys of a block, where they are not hashed
}

// pairs counts what two codes have together.
type pairs struct {
	codes
	count []int64
	class []uint32
	value []uint32
}

func newPairs() pairs { return pairs{codes: newCodes()} }

func (p *pairs) add(class, value uint32) {
	at, fresh := p.code(uint64(class)<<32|uint64(value), 0)
	if fresh {
		p.count, p.class, p.value = append(p.count, 0), append(p.class, class), append(p.value, value)
	}
	p.count[at]++
}

func (p *pairs) held() int64 { return p.bytes() + int64(cap(p.count))*16 }

// start forgets the classes and begins a part of them.
func (c *counted) start(of, part uint64) {
	c.of, c.part = of, part
	c.classes, c.members, c.rows, c.widths, c.hashed = newCodes(), nil, nil, nil, false
	c.few, c.fewN, c.pairs = make([][]uint32, len(c.sensitive)), make([][]uint8, len(c.sensitive)), nil
	for range c.sensitive {
		c.pairs = append(c.pairs, newPairs())
	}
	c.persons = newPairs()
	if c.joint != nil {
		c.joint = newJointCodes(len(c.sensitive))
	}
}

// held is how many bytes are held, about.
func (c *counted) held() int64 {
	n := c.joint.held() + c.classes.bytes() + int64(cap(c.members))*4 + int64(cap(c.rows))*8 + c.persons.held()
	for _, v := range append(append([]*values{}, c.quasi...), c.sensitive...) {
		n += v.bytes() + v.held
	}
	if c.subject != nil {
		n += c.subject.bytes()
	}
	for i := range c.sensitive {
		n += c.pairs[i].held() + int64(cap(c.few[i]))*4 + int64(cap(c.fewN[i]))
	}
	return n
}

// block is how many rows are taken at once: their codes stay in the nearest memory.
const block = 2048

func (c *counted) add(r arrow.Record, quasi, sensitive []int, subject int) {
	for from := 0; from < int(r.NumRows()); from += block {
		to := min(from+block, int(r.NumRows()))
		all := make([][]uint32, 0, 16)
		for j, q := range quasi {
			all = append(all, c.quasi[j].batch(r.Column(q), from, to))
		}
		c.classify(all, to-from)
		var values [][]uint32
		for j, q := range sensitive {
			values = append(values, c.sensitive[j].batch(r.Column(q), from, to))
			if c.joint == nil {
				c.values(j, values[j])
			}
		}
		if c.joint != nil {
			c.valuesTogether(values)
		}
		if subject >= 0 {
			who := c.subject.batch(r.Column(subject), from, to)
			for i, class := range c.keys {
				if class != absent {
					c.persons.add(class, who[i])
				}
			}
		}
	}
}

// absent is the class of a row of another part.
const absent = math.MaxUint32

func (c *counted) classify(all [][]uint32, n int) {
	c.widen()
	c.keys = c.keys[:0]
	if !c.hashed {
		c.packed = slices.Grow(c.packed[:0], n)[:n]
		clear(c.packed)
		for j, codes := range all {
			w, packed := c.widths[j]&63, c.packed
			for i, code := range codes[:len(packed)] {
				packed[i] = packed[i]<<w | uint64(code)
			}
		}
	}
	for i := 0; i < n; i++ {
		if i > 0 && !c.hashed && c.packed[i] == c.packed[i-1] { // rows of a class lie together
			class, first := c.keys[i-1], i
			for ; i < n && c.packed[i] == c.packed[first]; i++ {
				c.keys = append(c.keys, class)
			}
			if class != absent {
				c.rows[class] += int64(i - first)
			}
			i--
			continue
		}
		if c.of > 1 && !c.mine(all, i) {
			c.keys = append(c.keys, absent)
			continue
		}
		var lo, hi uint64
		if c.hashed {
			c.buf = c.buf[:0]
			for _, codes := range all {
				c.buf = binary.LittleEndian.AppendUint32(c.buf, codes[i])
			}
			h := xxh3.Hash128(c.buf)
			lo, hi = h.Lo, h.Hi
		} else {
			lo = c.packed[i]
		}
		if c.dense != nil && c.dense[lo] != 0 {
			class := c.dense[lo] - 1
			c.rows[class]++
			c.keys = append(c.keys, class)
			continue
		}
		class, fresh := c.classes.code(lo, hi)
		if c.dense != nil {
			c.dense[lo] = class + 1
		}
		if fresh {
			for _, codes := range all {
				c.members = append(c.members, codes[i])
			}
			c.rows = append(c.rows, 0)
			for j, d := range c.distinct {
				if d > 0 {
					c.few[j] = append(c.few[j], make([]uint32, d)...)
					c.fewN[j] = append(c.fewN[j], 0)
				}
			}
		}
		c.rows[class]++
		c.keys = append(c.keys, class)
	}
}

// mine says whether a row is of a class of this part.
func (c *counted) mine(all [][]uint32, i int) bool {
	h := uint64(0)
	for _, codes := range all {
		h = (h ^ uint64(codes[i])) * mixLow
		h ^= h >> 32
	}
	return h%c.of == c.part
}

// denseBits is how wide keys are at most whose classes are looked up by them alone.
const denseBits = 18

// widen gives the codes of each quasi-identifier room in the key of a class, and makes
// the keys anew where they had less.
func (c *counted) widen() {
	if c.hashed {
		return
	}
	enough := len(c.widths) == len(c.quasi)
	for j := range c.widths {
		enough = enough && c.quasi[j].n <= 1<<c.widths[j]
	}
	if enough {
		return
	}
	c.widths = c.widths[:0]
	total := 0
	for _, v := range c.quasi {
		w := bits.Len32(max(v.n, 1) - 1)
		total += w
		c.widths = append(c.widths, uint8(w))
	}
	c.hashed, c.dense = total > 64, nil
	if total <= denseBits {
		c.dense = make([]uint32, 1<<total)
	}
	d := len(c.quasi)
	c.classes = newCodes()
	for class := range c.rows {
		var lo, hi uint64
		if c.hashed {
			c.buf = c.buf[:0]
			for _, code := range c.members[class*d : (class+1)*d] {
				c.buf = binary.LittleEndian.AppendUint32(c.buf, code)
			}
			h := xxh3.Hash128(c.buf)
			lo, hi = h.Lo, h.Hi
		} else {
			for j, code := range c.members[class*d : (class+1)*d] {
				lo = lo<<c.widths[j] | uint64(code)
			}
		}
		if c.dense != nil {
			c.dense[lo] = uint32(class) + 1
		}
		c.classes.code(lo, hi)
	}
}

func (c *counted) values(j int, codes []uint32) {
	d := c.distinct[j]
	for i, class := range c.keys {
		switch {
		case class == absent:
		case d == 0:
			c.pairs[j].add(class, codes[i])
		case int(c.fewN[j][class]) < d:
			c.another(j, d, class, codes[i])
		}
	}
}

// another notes a value that a class may not have had yet; null is none.
func (c *counted) another(j, d int, class, code uint32) {
	if code+1 == c.sensitive[j].null && !c.nulls[j] {
		return
	}
	n := int(c.fewN[j][class])
	have := c.few[j][int(class)*d : int(class)*d+n]
	for _, h := range have {
		if h == code {
			return
		}
	}
	c.few[j][int(class)*d+n] = code
	c.fewN[j][class]++
}
