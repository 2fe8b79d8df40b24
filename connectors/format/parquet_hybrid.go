package format

import (
	"encoding/binary"
	"math/bits"
)

// appendHybrid appends numbers of width bits in the hybrid of run lengths and
// bit packing. parquet-go has an encoder for it too, but its bytes differ from
// processor to processor.
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
func appendHybrid[T byte | int32](dst []byte, vs []T, width int) []byte {
	least := max(8, 32/width) // the shortest run that is smaller as one than packed
	for len(vs) > 0 {
		run := 1
		for run < len(vs) && vs[run] == vs[0] {
			run++
		}
		if run >= least || run == len(vs) {
			dst = binary.AppendUvarint(dst, uint64(run)<<1)
			for i := 0; i < width; i += 8 {
				dst = append(dst, byte(uint32(vs[0])>>i))
			}
			vs = vs[run:]
			continue
		}
		n := 8
		for n < len(vs) && !startsRun(vs[n:], least) {
			n += 8
		}
		n = min(n, len(vs))
		dst = appendPacked(dst, vs[:n], width)
		vs = vs[n:]
	}
	return dst
}

func startsRun[T byte | int32](vs []T, least int) bool {
	if len(vs) < least {
		return false
	}
	for _, v := range vs[1:least] {
		if v != vs[0] {
			return false
		}
	}
	return true
}

// appendPacked appends one run of bit-packed groups of eight; zeros fill the last.
func appendPacked[T byte | int32](dst []byte, vs []T, width int) []byte {
	groups := (len(vs) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	var acc uint64
	filled := 0
	for _, v := range vs {
		acc |= uint64(v) << filled
		if filled += width; filled >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
			acc >>= 32
			filled -= 32
		}
	}
	for len(dst) < end {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst[:end]
}

// appendLevels is appendHybrid for levels, which are of one bit nearly always: eight
// of them are looked at and packed at once.
func appendLevels(dst, vs []byte, width int) []byte {
	if width != 1 {
		return appendHybrid(dst, vs, width)
	}
	const least = 32 // as there
	for len(vs) > 0 {
		run := repeats(vs, len(vs))
		if run >= least || run == len(vs) {
			dst = append(binary.AppendUvarint(dst, uint64(run)<<1), vs[0])
			vs = vs[run:]
			continue
		}
		n := 8
		for n+least <= len(vs) && repeats(vs[n:], least) < least {
			n += 8
		}
		if n+least > len(vs) {
			n = len(vs)
		}
		dst = binary.AppendUvarint(dst, uint64(n+7)/8<<1|1)
		for ; n >= 8; n -= 8 {
			dst = append(dst, byte(uint64le(vs)*gatherBits>>56))
			vs = vs[8:]
		}
		if n > 0 {
			var last [8]byte
			copy(last[:], vs)
			dst = append(dst, byte(uint64le(last[:])*gatherBits>>56))
			vs = nil
		}
	}
	return dst
}

// repeats is how many of the first bytes of vs equal the first one, up to most or
// a few more.
func repeats(vs []byte, most int) int {
	all, n := uint64(vs[0])*ones, 0
	for n < most && n+8 <= len(vs) {
		if other := uint64le(vs[n:]) ^ all; other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
		n += 8
	}
	for n < most && vs[n] == vs[0] {
		n++
	}
	return n
}
