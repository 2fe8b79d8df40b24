package format

import (
	"encoding/binary"
	"fmt"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
)

// compressor compresses one buffer after the other. What it makes of a buffer
// does not depend on those before.
type compressor struct {
	codec   pq.CompressionCodec
	zstd    *zstd.Encoder
	huffman huff0.Scratch
	sample  []byte
}

func newCompressor(c parquetConfig) (*compressor, error) {
	switch c.Compression {
	case "none":
		return &compressor{codec: pq.Uncompressed}, nil
	case "snappy":
		return &compressor{codec: pq.Snappy}, nil
	}
	// Pages have their own checksum. One goroutine, because only the runner starts any.
	// The window stands before the level, which else would halve the blocks.
	z, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(c.Level)),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return &compressor{codec: pq.Zstd, zstd: z}, nil
}

// compress writes src over dst.
func (c *compressor) compress(dst, src []byte) []byte {
	switch c.codec {
	case pq.Zstd:
		return c.zstd.EncodeAll(src, dst[:0])
	case pq.Snappy:
		// This implementation gives the same bytes on every architecture.
		return snappy.Encode(dst[:cap(dst)], src)
	}
	return append(dst[:0], src...)
}

// sampleBytes is how much of a page is asked for what repeats in it.
const sampleBytes = 1 << 15

// compressCodes is compress for codes of one length, which have few symbols and
// hardly a repetition: a search for those takes six times as long, and the matches of
// four digits that it finds take more than their symbols. Where a sample says
// otherwise by far, as of numbers that count up, it is compress, if that is less then:
// of a page of few matches the compressor may leave every byte as it is, and not of a
// sample of it.
func (c *compressor) compressCodes(dst, src []byte) []byte {
	if c.codec != pq.Zstd {
		return c.compress(dst, src)
	}
	dst = c.symbols(dst[:0], src)
	sample := src[max(0, len(src)-sampleBytes):] // not where all lengths stand
	c.sample = c.zstd.EncodeAll(sample, c.sample[:0])
	if 16*len(c.sample)*len(src) >= 15*len(dst)*len(sample) {
		return dst
	}
	if c.sample = c.zstd.EncodeAll(src, c.sample[:0]); len(c.sample) < len(dst) {
		return append(dst[:0], c.sample...)
	}
	return dst
}

// The parts of a zstd frame of blocks that are literals alone (RFC 8878, 3.1.1).
const (
	zstdMagic         = 0xFD2FB528
	zstdSingleSegment = 2<<6 | 1<<5 // and a content size of four bytes
	zstdBlock         = 1 << 17     // the most a block may hold
	zstdRaw           = 0 << 1
	zstdRepeated      = 1 << 1
	zstdCompressed    = 2 << 1
	fourStreams       = 2 | 3<<2 // literals with a tree of their own, sizes of 18 bits
)

// symbols appends src as a frame that writes frequent bytes in few bits and looks
// for nothing that repeats.
func (c *compressor) symbols(dst, src []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, zstdMagic)
	dst = append(dst, zstdSingleSegment)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(src)))
	for more := true; more; {
		b := src[:min(len(src), zstdBlock)]
		src = src[len(b):]
		more = len(src) > 0
		block := func(kind, size int) {
			head := size<<3 | kind
			if !more {
				head |= 1
			}
			dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
		}
		const head, sequences = 5, 1 // of literals, and the number of sequences: none
		c.huffman.Reuse = huff0.ReusePolicyNone
		packed, _, err := huff0.Compress4X(b, &c.huffman)
		switch {
		case err == huff0.ErrUseRLE:
			block(zstdRepeated, len(b))
			dst = append(dst, b[0])
		case err != nil || len(packed)+head+sequences >= len(b):
			block(zstdRaw, len(b))
			dst = append(dst, b...)
		default:
			block(zstdCompressed, head+len(packed)+sequences)
			sizes := uint64(fourStreams) | uint64(len(b))<<4 | uint64(len(packed))<<22
			dst = append(dst, byte(sizes), byte(sizes>>8), byte(sizes>>16), byte(sizes>>24), byte(sizes>>32))
			dst = append(append(dst, packed...), 0)
		}
	}
	return dst
}
