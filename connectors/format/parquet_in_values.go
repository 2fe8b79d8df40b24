package format

import (
	"encoding/binary"
	"math"

	pq "github.com/parquet-go/parquet-go/format"
)

// How the values of pages are encoded.
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/

const errInPage inFault = "a page that makes no sense"

// inValues are values that are not null. Which field is in use depends on how
// they are stored; where index is, they are entries of dict.
type inValues struct {
	bools  []byte
	int32s []int32
	int64s []int64
	floats []float32
	wides  []float64
	fixed  []byte // one after the other
	spans  []inSpan
	bytes  []byte
	shared []int32 // how many bytes of the one before each begins with; the others are in spans

	index []uint32
	dict  *inValues
}

// inSpan is where a value is in bytes.
type inSpan struct{ start, end uint32 }

// of gives where value i is: the values it is among, and its number there.
func (v *inValues) of(i int) (*inValues, int) {
	if v.index != nil {
		return v.dict, int(v.index[i])
	}
	return v, i
}

// len is how many values of the type there are.
func (v *inValues) len(l *inLeaf) int {
	switch l.physical {
	case pq.Boolean:
		return len(v.bools)
	case pq.Int32:
		return len(v.int32s)
	case pq.Int64:
		return len(v.int64s)
	case pq.Float:
		return len(v.floats)
	case pq.Double:
		return len(v.wides)
	case pq.ByteArray:
		return len(v.spans)
	}
	return len(v.fixed) / l.width
}

// plain reads n values of PLAIN.
func (v *inValues) plain(l *inLeaf, b []byte, n int) error {
	width := map[pq.Type]int{pq.Int32: 4, pq.Int64: 8, pq.Float: 4, pq.Double: 8, pq.Int96: 12, pq.FixedLenByteArray: l.width}[l.physical]
	if len(b) < n*width || l.physical == pq.Boolean && len(b) < (n+7)/8 {
		return errInPage
	}
	switch l.physical {
	case pq.Boolean:
		v.bools = make([]byte, n)
		inUnpack(v.bools, b, 1)
	case pq.ByteArray:
		return v.prefixed(b, n)
	default:
		v.store(l, b[:n*width], n)
	}
	return nil
}

// store takes the bytes of n values of a fixed width.
func (v *inValues) store(l *inLeaf, b []byte, n int) {
	le := binary.LittleEndian
	switch l.physical {
	case pq.Int32:
		v.int32s = make([]int32, n)
		for i := range v.int32s {
			v.int32s[i] = int32(le.Uint32(b[4*i:]))
		}
	case pq.Int64:
		v.int64s = make([]int64, n)
		for i := range v.int64s {
			v.int64s[i] = int64(le.Uint64(b[8*i:]))
		}
	case pq.Float:
		v.floats = make([]float32, n)
		for i := range v.floats {
			v.floats[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case pq.Double:
		v.wides = make([]float64, n)
		for i := range v.wides {
			v.wides[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
	default:
		v.fixed = b
	}
}

// prefixed reads n values that have their length before them.
func (v *inValues) prefixed(b []byte, n int) error {
	if len(b) < n*prefixBytes {
		return errInPage
	}
	v.bytes, v.spans = b, make([]inSpan, n)
	at := 0
	for i := range v.spans {
		if len(b)-at < prefixBytes {
			return errInPage
		}
		size := binary.LittleEndian.Uint32(b[at:])
		at += prefixBytes
		if uint64(size) > uint64(len(b)-at) {
			return errInPage
		}
		v.spans[i] = inSpan{uint32(at), uint32(at) + size}
		at += int(size)
	}
	return nil
}

// numbers reads n numbers of entries of the dictionary.
func (v *inValues) numbers(dict *inValues, b []byte, n int) error {
	if n == 0 {
		v.index, v.dict = []uint32{}, dict
		return nil
	}
	if len(b) == 0 || b[0] > 32 {
		return errInPage
	}
	if !hybridHolds(b[1:], int(b[0]), n) {
		return errInPage
	}
	v.index, v.dict = make([]uint32, n), dict
	if !inHybrid(v.index, b[1:], int(b[0])) {
		return errInPage
	}
	return nil
}

// within says whether all numbers are those of entries.
func (v *inValues) within(l *inLeaf) bool {
	n := uint32(v.dict.len(l))
	for _, i := range v.index {
		if i >= n {
			return false
		}
	}
	return true
}

// delta reads n values of DELTA_BINARY_PACKED.
func (v *inValues) delta(l *inLeaf, b []byte, n int) (err error) {
	if !deltasHold(b, n) {
		return errInPage
	}
	switch l.physical {
	case pq.Int32:
		v.int32s = make([]int32, n)
		_, err = inDeltas(v.int32s, b)
	case pq.Int64:
		v.int64s = make([]int64, n)
		_, err = inDeltas(v.int64s, b)
	default:
		return inFault("a page in an encoding that its type does not have")
	}
	return err
}

// deltaLengths reads n values of DELTA_LENGTH_BYTE_ARRAY.
func (v *inValues) deltaLengths(l *inLeaf, b []byte, n int) error {
	if l.physical != pq.ByteArray {
		return inFault("a page in an encoding that its type does not have")
	}
	if !deltasHold(b, n) {
		return errInPage
	}
	lengths := make([]int32, n)
	b, err := inDeltas(lengths, b)
	if err != nil {
		return err
	}
	v.bytes, v.spans = b, make([]inSpan, n)
	at := 0
	for i, size := range lengths {
		if size < 0 || int(size) > len(b)-at {
			return errInPage
		}
		v.spans[i] = inSpan{uint32(at), uint32(at) + uint32(size)}
		at += int(size)
	}
	return nil
}

// deltaTexts reads n values of DELTA_BYTE_ARRAY: each begins as the one before. Few bytes
// may stand for many that way, so they are not written out.
func (v *inValues) deltaTexts(l *inLeaf, b []byte, n int) error {
	if l.physical != pq.ByteArray && l.physical != pq.FixedLenByteArray {
		return inFault("a page in an encoding that its type does not have")
	}
	if !deltasHold(b, n) {
		return errInPage
	}
	v.shared = make([]int32, n)
	b, err := inDeltas(v.shared, b)
	if err != nil {
		return err
	}
	if err := v.deltaLengths(&inLeaf{physical: pq.ByteArray}, b, n); err != nil {
		return err
	}
	last := 0
	for i, s := range v.spans {
		if v.shared[i] < 0 || int(v.shared[i]) > last {
			return errInPage
		}
		last = int(v.shared[i]) + int(s.end-s.start)
		if last > math.MaxInt32 || l.physical == pq.FixedLenByteArray && last != l.width {
			return errInPage
		}
	}
	return nil
}

// written is the values from:to of deltaTexts, written out; ok is false where they come to
// more than most bytes.
func (v *inValues) written(l *inLeaf, from, to, most int) (w *inValues, ok bool) {
	w = &inValues{}
	if from == to {
		return w, true
	}
	length := func(i int) int { return int(v.shared[i]) + int(v.spans[i].end-v.spans[i].start) }
	total := 0
	for i := from; i < to; i++ {
		if total += length(i); total > most {
			return nil, false
		}
	}
	out := make([]byte, length(from), total)
	for i, need := from, len(out); need > 0; i-- { // the bytes that are not those of one further before
		if s := int(v.shared[i]); s < need {
			copy(out[s:need], v.bytes[v.spans[i].start:])
			need = s
		}
	}
	spans := make([]inSpan, to-from)
	spans[0] = inSpan{0, uint32(len(out))}
	for i, s := range v.spans[from+1 : to] {
		start := uint32(len(out))
		last := spans[i].start
		out = append(out, out[last:last+uint32(v.shared[from+1+i])]...)
		out = append(out, v.bytes[s.start:s.end]...)
		spans[i+1] = inSpan{start, uint32(len(out))}
	}
	if l.physical == pq.FixedLenByteArray {
		w.fixed = out
	} else {
		w.bytes, w.spans = out, spans
	}
	return w, true
}

// split reads n values of BYTE_STREAM_SPLIT: first the first bytes of all, then the second ones.
func (v *inValues) split(l *inLeaf, b []byte, n int) error {
	width := map[pq.Type]int{pq.Int32: 4, pq.Int64: 8, pq.Float: 4, pq.Double: 8, pq.FixedLenByteArray: l.width}[l.physical]
	if width == 0 || len(b) != n*width {
		return inFault("a page in an encoding that its type does not have")
	}
	out := make([]byte, len(b))
	for j := range width {
		for i, x := range b[j*n : (j+1)*n] {
			out[i*width+j] = x
		}
	}
	v.store(l, out, n)
	return nil
}

// inHybrid fills dst from the hybrid of run lengths and bit packing.
func inHybrid[T byte | uint32](dst []T, b []byte, width int) bool {
	if width == 0 {
		clear(dst)
		return true
	}
	for len(dst) > 0 {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		if head&1 != 0 {
			groups := head >> 1
			if groups > uint64(len(dst))/8+1 {
				groups = uint64(len(dst))/8 + 1
			}
			k := min(int(groups)*8, len(dst))
			if len(b) < (k*width+7)/8 {
				return false
			}
			inUnpack(dst[:k], b, width)
			dst, b = dst[k:], b[min(uint64(len(b)), (head>>1)*uint64(width)):]
			continue
		}
		size := (width + 7) / 8
		if head>>1 > uint64(len(dst)) || len(b) < size {
			return false
		}
		var value uint32
		for i := range size {
			value |= uint32(b[i]) << (8 * i)
		}
		for i := range dst[:head>>1] {
			dst[i] = T(value)
		}
		dst, b = dst[head>>1:], b[size:]
	}
	return true
}

// inUnpack fills dst with numbers of at most 32 bits, the lowest bits first.
func inUnpack[T byte | uint32](dst []T, b []byte, width int) {
	mask, bit := uint64(1)<<width-1, 0
	for i := range dst {
		var word uint64
		if at := bit / 8; at+8 <= len(b) {
			word = binary.LittleEndian.Uint64(b[at:])
		} else {
			for j, x := range b[at:] {
				word |= uint64(x) << (8 * j)
			}
		}
		dst[i] = T(word >> (bit % 8) & mask)
		bit += width
	}
}

// inPackedOld fills dst with numbers that have their highest bits first, as early
// versions of the format packed levels.
func inPackedOld(dst []byte, b []byte, width int) {
	bit := 0
	for i := range dst {
		for range width {
			dst[i] = dst[i]<<1 | b[bit/8]>>(7-bit%8)&1
			bit++
		}
	}
}

// inMostDeltas is how many numbers a block of DELTA_BINARY_PACKED may have.
const inMostDeltas = 1 << 20

// inDeltas fills dst from DELTA_BINARY_PACKED and gives what follows.
func inDeltas[T int32 | int64](dst []T, b []byte) (rest []byte, err error) {
	if len(dst) == 0 && len(b) == 0 {
		return nil, nil
	}
	var head [3]uint64
	for i := range head {
		u, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errInPage
		}
		head[i], b = u, b[n:]
	}
	block, parts := head[0], head[1]
	if block == 0 || block > inMostDeltas || block%128 != 0 || parts == 0 || parts > block/32 || block%parts != 0 || block/parts%32 != 0 || head[2] != uint64(len(dst)) {
		return nil, errInPage
	}
	first, n := binary.Varint(b)
	if n <= 0 {
		return nil, errInPage
	}
	b = b[n:]
	if len(dst) == 0 {
		return b, nil
	}
	last := T(first)
	dst[0] = last
	per := int(block / parts)
	for dst = dst[1:]; len(dst) > 0; {
		least, n := binary.Varint(b)
		if n <= 0 || len(b)-n < int(parts) {
			return nil, errInPage
		}
		widths := b[n : n+int(parts)]
		b = b[n+int(parts):]
		for _, width := range widths {
			k := min(per, len(dst))
			if k == 0 {
				break
			}
			size := per * int(width) / 8
			if width > 64 || len(b) < (k*int(width)+7)/8 {
				return nil, errInPage
			}
			bit := 0
			for i := range dst[:k] {
				last += T(least) + T(inBits(b, bit, int(width)))
				dst[i] = last
				bit += int(width)
			}
			dst, b = dst[k:], b[min(size, len(b)):]
		}
	}
	return b, nil
}

// inBits reads a number of at most 64 bits, the lowest first.
func inBits(b []byte, bit, width int) uint64 {
	if width == 0 {
		return 0
	}
	at, shift := bit/8, bit%8
	var word uint64
	if at+8 <= len(b) {
		word = binary.LittleEndian.Uint64(b[at:])
	} else {
		for j, x := range b[at:] {
			word |= uint64(x) << (8 * j)
		}
	}
	word >>= shift
	if over := shift + width - 64; over > 0 {
		word |= uint64(b[at+8]) << (64 - shift)
	}
	return word & (^uint64(0) >> (64 - width))
}
