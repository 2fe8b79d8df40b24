package format

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/encoding/delta"
	pq "github.com/parquet-go/parquet-go/format"
)

// prefixed splits off a part that has its length before it.
func prefixed(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// hybrid appends exactly n numbers of the hybrid of run lengths and bit packing.
// Nothing may follow them but the zero bits that fill up a group of eight.
func hybrid[T byte | int32](dst []T, src []byte, width, n int) ([]T, bool) {
	end := len(dst) + n
	for len(dst) < end {
		head, k := binary.Uvarint(src)
		if k <= 0 || head>>1 == 0 {
			return dst, false
		}
		src = src[k:]
		if head&1 == 0 {
			size := (width + 7) / 8
			if head>>1 > uint64(end-len(dst)) || len(src) < size {
				return dst, false
			}
			var v uint32
			for i := range size {
				v |= uint32(src[i]) << (8 * i)
			}
			if v>>width != 0 {
				return dst, false
			}
			src = src[size:]
			for range head >> 1 {
				dst = append(dst, T(v))
			}
			continue
		}
		if head>>1 > uint64(end-len(dst)+7)/8 || uint64(len(src)) < (head>>1)*uint64(width) {
			return dst, false
		}
		count := int(head>>1) * 8
		var bitsLeft, acc uint64
		at := 0
		for range count {
			for bitsLeft < uint64(width) {
				acc |= uint64(src[at]) << bitsLeft
				bitsLeft += 8
				at++
			}
			v := T(acc & (1<<width - 1))
			acc >>= width
			bitsLeft -= uint64(width)
			if len(dst) < end {
				dst = append(dst, v)
			} else if v != 0 {
				return dst, false
			}
		}
		src = src[at:]
	}
	return dst, len(src) == 0
}

// plain appends n values of PLAIN, which must be all there is.
func (v *plainValues) plain(l *fileLeaf, src []byte, n int) bool {
	fixed := map[pq.Type]int{pq.Int32: 4, pq.Int64: 8, pq.Double: 8, pq.FixedLenByteArray: l.width}[l.physical]
	if fixed > 0 && len(src) != n*fixed {
		return false
	}
	switch l.physical {
	case pq.Boolean:
		if len(src) != (n+7)/8 || n%8 != 0 && src[len(src)-1]>>(n%8) != 0 {
			return false
		}
		for i := range n {
			v.bools = append(v.bools, src[i/8]>>(i%8)&1 != 0)
		}
	case pq.Int32:
		for ; len(src) > 0; src = src[4:] {
			v.int32s = append(v.int32s, int32(binary.LittleEndian.Uint32(src)))
		}
	case pq.Int64:
		for ; len(src) > 0; src = src[8:] {
			v.int64s = append(v.int64s, int64(binary.LittleEndian.Uint64(src)))
		}
	case pq.Double:
		for ; len(src) > 0; src = src[8:] {
			v.doubles = append(v.doubles, math.Float64frombits(binary.LittleEndian.Uint64(src)))
		}
	case pq.FixedLenByteArray:
		for ; len(src) > 0; src = src[l.width:] {
			v.bytes = append(v.bytes, src[:l.width])
		}
	case pq.ByteArray:
		for range n {
			var part []byte
			var ok bool
			if part, src, ok = prefixed(src); !ok {
				return false
			}
			v.bytes = append(v.bytes, part)
		}
		return len(src) == 0
	default:
		return false
	}
	return true
}

// deltas appends n values of DELTA_BINARY_PACKED. They are encoded again, since
// the decoder does not say whether anything follows them.
func (v *plainValues) deltas(l *fileLeaf, src []byte, n int) bool {
	rest := src
	for i := range 3 { // block size, miniblocks, number of values
		u, k := binary.Uvarint(rest)
		if k <= 0 || i == 2 && u != uint64(n) {
			return false
		}
		rest = rest[k:]
	}
	var enc delta.BinaryPackedEncoding
	var again []byte
	switch l.physical {
	case pq.Int32:
		vs, err := enc.DecodeInt32(nil, src)
		if err != nil || len(vs) != n {
			return false
		}
		again, _ = enc.EncodeInt32(nil, vs)
		v.int32s = append(v.int32s, vs...)
	case pq.Int64:
		vs, err := enc.DecodeInt64(nil, src)
		if err != nil || len(vs) != n {
			return false
		}
		again, _ = enc.EncodeInt64(nil, vs)
		v.int64s = append(v.int64s, vs...)
	default:
		return false
	}
	return bytes.Equal(src, again)
}

// coded appends n values given by their numbers in the dictionary.
func (d *columnData) coded(src []byte, n int) bool {
	if len(src) == 0 || src[0] < 1 || src[0] > 31 {
		return false
	}
	numbers, ok := hybrid([]int32(nil), src[1:], int(src[0]), n)
	if !ok {
		return false
	}
	for _, i := range numbers {
		if i < 0 || int(i) >= len(d.used) {
			return false
		}
		d.used[i] = true
	}
	v, e := &d.values, &d.entries
	v.int32s = look(v.int32s, e.int32s, numbers)
	v.int64s = look(v.int64s, e.int64s, numbers)
	v.doubles = look(v.doubles, e.doubles, numbers)
	v.bytes = look(v.bytes, e.bytes, numbers)
	return d.leaf.physical != pq.Boolean
}

func look[T any](dst, entries []T, numbers []int32) []T {
	if len(entries) == 0 {
		return dst
	}
	for _, i := range numbers {
		dst = append(dst, entries[i])
	}
	return dst
}
