package format

import (
	"fmt"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
)

// compressor compresses one buffer after the other. What it makes of a buffer
// does not depend on those before.
type compressor struct {
	codec pq.CompressionCodec
	zstd  *zstd.Encoder
}

func newCompressor(c parquetConfig) (*compressor, error) {
	switch c.Compression {
	case "none":
		return &compressor{codec: pq.Uncompressed}, nil
	case "snappy":
		return &compressor{codec: pq.Snappy}, nil
	}
	// Pages have their own checksum. One goroutine, because only the runner starts any.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(c.Level)),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
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
