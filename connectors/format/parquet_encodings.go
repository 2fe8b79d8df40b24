package format

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// prefixBytes is the size of the length before a part.
const prefixBytes = 4

// prefixed splits off a part that has its length before it.
func prefixed(b []byte) (part, rest []byte, ok bool) {
	if len(b) < prefixBytes {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-prefixBytes) {
		return nil, nil, false
	}
	return b[prefixBytes : prefixBytes+n], b[prefixBytes+n:], true
}

// hybridRun is the head of a run in the hybrid of run lengths and bit packing, of
// which n numbers are left. A packed run has its bytes in packed.
type hybridRun struct {
	n      int // numbers
	value  uint32
	packed []byte // nil where value is repeated
}

func nextRun(src []byte, width, left int) (r hybridRun, rest []byte, ok bool) {
	head, src, ok := shortest(src)
	if !ok || head>>1 == 0 {
		return r, nil, false
	}
	if head&1 != 0 {
		if head>>1 > uint64(left+7)/8 || uint64(len(src)) < (head>>1)*uint64(width) {
			return r, nil, false
		}
		size := int(head>>1) * width
		return hybridRun{min(int(head>>1)*8, left), 0, src[:size:size]}, src[size:], true
	}
	size := (width + 7) / 8
	if head>>1 > uint64(left) || len(src) < size {
		return r, nil, false
	}
	for i := range size {
		r.value |= uint32(src[i]) << (8 * i)
	}
	r.n = int(head >> 1)
	return r, src[size:], r.value>>width == 0
}

// hybrid appends exactly n numbers of the hybrid of run lengths and bit packing.
// Nothing may follow them but the zero bits that fill up a group of eight.
func hybrid[T byte | uint32](dst []T, src []byte, width, n int) ([]T, bool) {
	for end := len(dst) + n; len(dst) < end; {
		r, rest, ok := nextRun(src, width, end-len(dst))
		if !ok {
			return dst, false
		}
		src = rest
		at := len(dst)
		dst = slices.Grow(dst, r.n)[:at+r.n]
		if r.packed == nil {
			for i := range dst[at:] {
				dst[at+i] = T(r.value)
			}
		} else if !unpack(dst[at:], r.packed, width) {
			return dst, false
		}
	}
	return dst, len(src) == 0
}

// unpack fills dst with numbers of at most 31 bits; the bits after them are zero.
func unpack[T byte | uint32](dst []T, src []byte, width int) bool {
	mask, bit := uint64(1)<<width-1, 0
	whole := 0 // numbers that lie in eight bytes of src
	if len(src) >= 8 {
		whole = min(len(dst), ((len(src)-8)*8+7)/width+1)
	}
	for i := range dst[:whole] {
		dst[i] = T(binary.LittleEndian.Uint64(src[bit/8:]) >> (bit % 8) & mask)
		bit += width
	}
	var tail [40]byte // seven numbers of padding and a read beyond
	base := bit / 8
	copy(tail[:], src[base:])
	last := func(bit int) uint64 { return binary.LittleEndian.Uint64(tail[bit/8-base:]) >> (bit % 8) & mask }
	for i := whole; i < len(dst); i++ {
		dst[i] = T(last(bit))
		bit += width
	}
	for ; bit < len(src)*8; bit += width {
		if last(bit) != 0 {
			return false
		}
	}
	return true
}

// bitmap reads n levels of one bit into dst from bit at on, which is zero there,
// and counts those set.
func bitmap(dst []byte, at, n int, src []byte) (set int, ok bool) {
	for end := at + n; at < end; {
		r, rest, ok := nextRun(src, 1, end-at)
		if !ok {
			return 0, false
		}
		src = rest
		switch {
		case r.packed != nil:
			k, ok := copyBits(dst, at, r.packed, r.n)
			if !ok {
				return 0, false
			}
			set += k
		case r.value != 0:
			setBits(dst, at, r.n)
			set += r.n
		}
		at += r.n
	}
	return set, len(src) == 0
}

// setBits sets n bits of dst from bit at on.
func setBits(dst []byte, at, n int) {
	for ; n > 0 && at%8 != 0; n-- {
		dst[at/8] |= 1 << (at % 8)
		at++
	}
	for ; n >= 8; n -= 8 {
		dst[at/8] = 0xff
		at += 8
	}
	if n > 0 {
		dst[at/8] |= 1<<n - 1
	}
}

// copyBits copies n bits of src to bit at of dst, where zeros are, and counts
// those set. The bits of src after them must be zero.
func copyBits(dst []byte, at int, src []byte, n int) (set int, ok bool) {
	if len(src) != (n+7)/8 || n%8 != 0 && src[len(src)-1]>>(n%8) != 0 {
		return 0, false
	}
	shift := at % 8
	for i, b := range src {
		set += bits.OnesCount8(b)
		dst[at/8+i] |= b << shift
		if over := b >> (8 - shift); over != 0 {
			dst[at/8+i+1] |= over
		}
	}
	return set, true
}

// plainValues are values that are not null. Which field is in use depends on the
// physical type.
type plainValues struct {
	n       int
	bits    []byte // of bools
	int32s  []int32
	int64s  []int64
	doubles []float64
	wides   []decimal128.Num // of fixed length
	starts  []int32          // of texts, and where the last one ends
	text    *memory.Buffer
	lengths []int32 // of the texts of a page, where they stand apart
}

func (v *plainValues) reset() {
	*v = plainValues{bits: v.bits[:0], int32s: v.int32s[:0], int64s: v.int64s[:0], doubles: v.doubles[:0], wides: v.wides[:0],
		starts: append(v.starts[:0], 0), text: v.text, lengths: v.lengths}
}

// plain appends n values of PLAIN, which must be all there is.
func (v *plainValues) plain(l *fileLeaf, src []byte, n int, isText bool) bool {
	from := v.n
	v.n += n
	switch l.physical {
	case pq.Boolean:
		if missing := (v.n+7)/8 - len(v.bits); missing > 0 {
			v.bits = append(v.bits, make([]byte, missing)...)
		}
		_, ok := copyBits(v.bits, from, src, n)
		return ok
	case pq.Int32:
		v.int32s = slices.Grow(v.int32s, n)[:v.n]
		return whole(arrow.Int32Traits.CastToBytes(v.int32s[from:]), src)
	case pq.Int64:
		v.int64s = slices.Grow(v.int64s, n)[:v.n]
		return whole(arrow.Int64Traits.CastToBytes(v.int64s[from:]), src)
	case pq.Double:
		v.doubles = slices.Grow(v.doubles, n)[:v.n]
		return whole(arrow.Float64Traits.CastToBytes(v.doubles[from:]), src)
	case pq.FixedLenByteArray:
		if len(src) != n*l.width {
			return false
		}
		for ; len(src) > 0; src = src[l.width:] {
			v.wides = append(v.wides, bigEndianDecimal(src[:l.width]))
		}
		return true
	case pq.ByteArray:
		return v.texts(src, n, isText)
	}
	return false
}

func whole(dst, src []byte) bool { return copy(dst, src) == len(src) && len(dst) == len(src) }

func bigEndianDecimal(b []byte) decimal128.Num {
	hi := int64(int8(b[0]))
	for _, x := range b[1 : len(b)-8] {
		hi = hi<<8 | int64(x)
	}
	return decimal128.New(hi, binary.BigEndian.Uint64(b[len(b)-8:]))
}

// texts appends n values that have their length before them.
func (v *plainValues) texts(src []byte, n int, isText bool) bool {
	size := len(src) - n*prefixBytes
	start := int(v.starts[v.n-n])
	if size < 0 || size > math.MaxInt32-start {
		return false
	}
	dst := v.room(start + size)
	starts := slices.Grow(v.starts, n)[:v.n+1]
	v.starts = starts
	starts = starts[len(starts)-n:]
	at, torn := start, false
	for i := range starts {
		if len(src) < prefixBytes {
			return false
		}
		k := int(binary.LittleEndian.Uint32(src))
		src = src[prefixBytes:]
		if k > len(src) || k > len(dst)-at {
			return false
		}
		if k > 0 {
			torn = torn || !utf8.RuneStart(src[0])
		}
		copyShort(dst[at:], src, k)
		src, at = src[k:], at+k
		starts[i] = int32(at)
	}
	if len(src) > 0 {
		return false
	}
	return !isText || !torn && arrowx.ValidUTF8(dst[start:])
}

// copyShort copies the first n bytes of src to dst, and fast where there are few.
func copyShort(dst, src []byte, n int) {
	if n <= 32 && len(dst) >= 32 && len(src) >= 32 {
		*(*[32]byte)(dst) = [32]byte(src)
		return
	}
	copy(dst[:n], src[:n])
}

// deltas appends n values of DELTA_BINARY_PACKED, which must be all there is.
func (v *plainValues) deltas(l *fileLeaf, src []byte, n int) bool {
	from := v.n
	v.n += n
	switch l.physical {
	case pq.Int32:
		v.int32s = slices.Grow(v.int32s, n)[:v.n]
		return undelta(v.int32s[from:], src)
	case pq.Int64:
		v.int64s = slices.Grow(v.int64s, n)[:v.n]
		return undelta(v.int64s[from:], src)
	}
	return false
}

// The sizes that files are written with.
const (
	deltaBlock = 128
	deltaMini  = 32
)

// deltaLengths appends n texts of DELTA_LENGTH_BYTE_ARRAY, which must be all there is:
// all lengths, then all bytes. None is empty, so that a page says no more of them than it
// has bytes.
func (v *plainValues) deltaLengths(src []byte, n int, isText bool) bool {
	if n > len(src) {
		return false
	}
	v.lengths = slices.Grow(v.lengths[:0], n)[:n]
	src, ok := undeltaFirst(v.lengths, src)
	start := int(v.starts[v.n])
	v.n += n
	if !ok || len(src) > math.MaxInt32-start {
		return false
	}
	dst := v.room(start + len(src))
	copy(dst[start:], src)
	at := start
	for _, k := range v.lengths {
		if k < 0 || int(k) > len(dst)-at || isText && k > 0 && !utf8.RuneStart(dst[at]) {
			return false
		}
		at += int(k)
		v.starts = append(v.starts, int32(at))
	}
	return at == len(dst) && (!isText || arrowx.ValidUTF8(dst[start:]))
}

// room is the bytes of all texts, as many as there will be.
func (v *plainValues) room(size int) []byte {
	if size > v.text.Len() {
		v.text.ResizeNoShrink(max(size, 2*v.text.Len()))
	}
	return v.text.Bytes()[:size]
}

// undelta fills dst from DELTA_BINARY_PACKED. The bytes must be those the values
// have in this encoding and no others, so that they hold nothing else: blocks of
// 128 in four parts, the least delta of each block as it is, every part as
// narrow as its numbers allow, zeros after the last, numbers of variable length
// in the fewest bytes.
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
func undelta[T int32 | int64](dst []T, src []byte) bool {
	rest, ok := undeltaFirst(dst, src)
	return ok && len(rest) == 0
}

// undeltaFirst is undelta where something may follow.
func undeltaFirst[T int32 | int64](dst []T, src []byte) (rest []byte, ok bool) {
	for _, want := range [...]uint64{deltaBlock, deltaBlock / deltaMini, uint64(len(dst))} {
		var u uint64
		if u, src, ok = shortest(src); !ok || u != want {
			return nil, false
		}
	}
	last, src, ok := signed[T](src)
	if !ok || len(dst) == 0 {
		return src, ok && last == 0
	}
	dst[0] = last
	for dst = dst[1:]; len(dst) > 0; {
		block := dst[:min(deltaBlock, len(dst))]
		dst = dst[len(block):]
		if src, ok = undeltaBlock(block, last, src); !ok {
			return nil, false
		}
		last = block[len(block)-1]
	}
	return src, true
}

func undeltaBlock[T int32 | int64](block []T, last T, src []byte) (rest []byte, ok bool) {
	least, src, ok := signed[T](src)
	if !ok || len(src) < deltaBlock/deltaMini {
		return nil, false
	}
	widths, src := src[:deltaBlock/deltaMini], src[deltaBlock/deltaMini:]
	n, lo := len(block), T(0)
	for i, width := range widths {
		part := block[min(i*deltaMini, n):min((i+1)*deltaMini, n)]
		size := int(width) * deltaMini / 8
		if width > 8*byte(unsafe.Sizeof(last)) || size > len(src) || len(part) == 0 && width > 0 {
			return nil, false
		}
		var offsets [deltaMini]uint64
		if all := unpackMini(&offsets, src, uint(width)); bits.Len64(all) != int(width) {
			return nil, false
		}
		for _, u := range offsets[len(part):] {
			if u != 0 {
				return nil, false
			}
		}
		src = src[size:]
		for j := range part {
			delta := least + T(offsets[j])
			if i+j == 0 || delta < lo {
				lo = delta
			}
			last += delta
			part[j] = last
		}
	}
	// The encoder counts the numbers that fill up the last block as zeros: they
	// too have deltas.
	if n < deltaBlock {
		lo = min(lo, -last)
	}
	if n < deltaBlock-1 {
		lo = min(lo, 0)
	}
	return src, lo == least
}

// unpackMini reads a part of a block and gives all its numbers or-ed.
func unpackMini(dst *[deltaMini]uint64, src []byte, width uint) (all uint64) {
	if size := int(width) * deltaMini / 8; len(src) < size+9 {
		var tail [64*deltaMini/8 + 9]byte
		copy(tail[:], src[:size])
		src = tail[:]
	}
	mask, bit := uint64(1)<<width-1, uint(0)
	if width <= 57 {
		for i := range dst {
			dst[i] = binary.LittleEndian.Uint64(src[bit/8:]) >> (bit % 8) & mask
			all |= dst[i]
			bit += width
		}
		return all
	}
	for i := range dst {
		b := src[bit/8:]
		dst[i] = (binary.LittleEndian.Uint64(b)>>(bit%8) | uint64(b[8])<<(64-bit%8)) & mask
		all |= dst[i]
		bit += width
	}
	return all
}

// shortest reads a number in the fewest bytes.
func shortest(src []byte) (u uint64, rest []byte, ok bool) {
	u, k := binary.Uvarint(src)
	if k <= 0 || k > 1 && src[k-1] == 0 {
		return 0, nil, false
	}
	return u, src[k:], true
}

// signed reads a number whose sign is its lowest bit.
func signed[T int32 | int64](src []byte) (v T, rest []byte, ok bool) {
	u, rest, ok := shortest(src)
	n := int64(u>>1) ^ -int64(u&1)
	return T(n), rest, ok && int64(T(n)) == n
}
