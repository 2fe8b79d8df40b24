package format

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
)

// What a file says of sizes and numbers is not believed before memory is taken for it:
// its bytes have to be able to stand for that much.

const (
	// believed is how many bytes are taken because a header says so, whatever they are
	// compressed to; more are taken as they come.
	believed = 4 << 20
	// packedWell is how much smaller than what it stands for a page is nearly never.
	packedWell = 256
)

// unlikely says whether size bytes compressed to b are so many that they are taken only as
// they come.
func unlikely(b []byte, size int) bool { return size > believed && size/packedWell > len(b) }

// streams says whether a frame is read as it comes: only where its window, which is held
// too, is small.
func streams(b []byte, size int) bool {
	var h zstd.Header
	return unlikely(b, size) && h.Decode(b) == nil && h.WindowSize <= believed
}

// couldBe says whether b, compressed, can stand for size bytes at all.
func couldBe(codec pq.CompressionCodec, b []byte, size int) bool {
	most := int64(math.MaxInt64)
	switch codec {
	case pq.Uncompressed:
		most = int64(len(b))
	case pq.Snappy:
		most = 22 * int64(len(b)) // a copy of 64 bytes takes three
	case pq.Lz4Raw:
		most = 255*int64(len(b)) + 64
	case pq.Gzip:
		most = 1032*int64(len(b)) + 64
	case pq.Zstd:
		most = zstdMost(b)
	}
	return int64(size) <= most
}

// zstdMost is the most that frames may stand for, by the heads of their blocks.
func zstdMost(b []byte) (most int64) {
	for len(b) > 0 {
		var h zstd.Header
		if h.Decode(b) != nil {
			return most
		}
		if h.Skippable {
			b = b[min(uint64(len(b)), uint64(h.HeaderSize)+uint64(h.SkippableSize)):]
			continue
		}
		n, rest := zstdBlocks(b[h.HeaderSize:])
		if h.HasFCS {
			n = int64(min(uint64(n), h.FrameContentSize))
		}
		if most += n; h.HasCheckSum {
			rest = rest[min(len(rest), 4):]
		}
		b = rest
	}
	return most
}

// zstdBlocks is the most that the blocks of a frame may stand for, and what is behind the
// last of them; of blocks that are cut short there is nothing behind.
func zstdBlocks(b []byte) (most int64, rest []byte) {
	for len(b) >= 3 {
		head := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		last, kind, size := head&1 != 0, head>>1&3, head>>3
		n := size
		switch kind {
		case 1: // one byte, repeated
			size = 1
		case 2:
			n = zstdBlock
		}
		if b = b[3:]; size > len(b) {
			return most, nil
		}
		most += int64(n)
		if b = b[size:]; last {
			return most, b
		}
	}
	return most, nil
}

// readWhole reads size bytes, and one more where there are more.
func readWhole(r io.Reader, packed []byte, size int) ([]byte, error) {
	first := size + 1
	if unlikely(packed, size) {
		first = believed
	}
	for out := make([]byte, 0, first); ; {
		n, err := io.ReadFull(r, out[len(out):cap(out)])
		switch out = out[:len(out)+n]; {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return out, nil
		case err != nil || len(out) > size:
			return out, err
		}
		out = slices.Grow(out, min(len(out), size+1-len(out)))
		out = out[:len(out):min(cap(out), size+1)]
	}
}

// hybridHolds says whether the runs in b come to n numbers. Where b is as long as they
// are when they are packed it does not look.
func hybridHolds(b []byte, width, n int) bool {
	if width == 0 || n/8*width <= len(b) {
		return true
	}
	for n > 0 {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return false
		}
		b = b[k:]
		size, run := uint64(width+7)/8, head>>1
		if head&1 != 0 {
			if run > uint64(n)/8+1 {
				run = uint64(n)/8 + 1
			}
			size, run = min(run*uint64(width), uint64(len(b))), run*8
		}
		if size > uint64(len(b)) || run > uint64(n)+8 {
			return false
		}
		n -= int(run)
		b = b[size:]
	}
	return true
}

// deltasHold says whether b is long enough for n numbers of DELTA_BINARY_PACKED.
func deltasHold(b []byte, n int) bool {
	block, k := binary.Uvarint(b)
	if k <= 0 || block == 0 || block > inMostDeltas {
		return n == 0
	}
	parts, _ := binary.Uvarint(b[k:])
	blocks := (uint64(max(n, 1)-1) + block - 1) / block // the first number stands before them
	return blocks == 0 || parts < uint64(len(b)) && blocks*(parts+1) <= uint64(len(b))
}

// The fewest bytes that an element of a list takes in a footer: of the schema, a row
// group, a column in it, and any other structure, as of an index.
const (
	leastElement = 6
	leastGroup   = 16
	leastColumn  = 32
	leastOther   = 3
)

// elements passes over a footer or an index, of which each element of the lists must have
// as many bytes as it has at least, so that what is made of it is not much larger.
func (r *thriftReader) elements() {
	least := func(n int, read func(t thriftType)) func(t thriftType) {
		return func(t thriftType) {
			at := r.at
			read(t)
			r.wrong = r.wrong || t == thriftStruct && r.at-at < n
		}
	}
	var each func(t thriftType)
	each = func(t thriftType) {
		switch t {
		case thriftList, thriftSet:
			r.list(t, least(leastOther, each))
		case thriftStruct:
			r.fields(t, func(_ int, t thriftType) { each(t) })
		default:
			r.skip(t)
		}
	}
	group := func(t thriftType) {
		r.fields(t, func(id int, t thriftType) {
			if id == 1 && t == thriftList {
				r.list(t, least(leastColumn, each))
			} else {
				each(t)
			}
		})
	}
	r.fields(thriftStruct, func(id int, t thriftType) {
		switch {
		case id == 2 && t == thriftList: // the schema
			r.list(t, least(leastElement, each))
		case id == 4 && t == thriftList: // the row groups
			r.list(t, least(leastGroup, group))
		default:
			each(t)
		}
	})
}
