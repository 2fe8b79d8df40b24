package file

import (
	"context"
	"io"
	"os"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sealedFile is a local file that is complete. Whoever audits it also learns
// whether the disk gives back the bytes that the codec gave out.
type sealedFile struct {
	writer format.Writer
	path   string
	schema *arrow.Schema
	info   pipelines.FileInfo
	back   xxh3.Uint128 // see openFile
}

func (f *sealedFile) Info() pipelines.FileInfo { return f.info }

func (f *sealedFile) Open(ctx context.Context) (pipelines.Stream, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, store.Temporary(err)
	}
	s, err := f.writer.Open(ctx, in, f.info.Bytes, f.schema)
	if err != nil {
		in.Close()
		return nil, err
	}
	return pipelines.NewStream(s.Schema(), s.Next, func() error {
		err := s.Close()
		if e := in.Close(); err == nil {
			err = e
		}
		return err
	}), nil
}

func (f *sealedFile) Audit(ctx context.Context) error {
	in, err := f.hashed()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := f.writer.Audit(ctx, in, f.info.Bytes); err != nil {
		return err
	}
	return in.verdict(ctx)
}

// auditedFile is a file of a format that reads back and audits in one pass.
type auditedFile struct {
	*sealedFile
	format format.Audited
}

func (f *auditedFile) OpenAudited(ctx context.Context) (pipelines.Chunks, error) {
	in, err := f.hashed()
	if err != nil {
		return nil, err
	}
	c, err := f.format.OpenAudited(ctx, in, f.info.Bytes, f.schema)
	if err != nil {
		in.Close()
		return nil, err
	}
	return &auditedChunks{c, in}, nil
}

// auditedChunks end when the bytes that were read are those that the codec gave out.
type auditedChunks struct {
	pipelines.Chunks
	in *hashedFile
}

func (c *auditedChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	chunk, err := c.Chunks.Next(ctx)
	if err == io.EOF && c.in != nil {
		if e := c.in.verdict(ctx); e != nil {
			err = e
		}
	}
	return chunk, err
}

func (c *auditedChunks) Close() error {
	err := c.Chunks.Close()
	if c.in != nil {
		if e := c.in.Close(); err == nil {
			err = e
		}
		c.in = nil
	}
	return err
}

// hashedFile hashes the bytes that are read of a file, on the way, as long as
// they are read in their order. It is not for concurrent use. Between writing and
// reading back there is no adversary, so the hash is a fast one.
type hashedFile struct {
	*os.File
	info pipelines.FileInfo
	back xxh3.Uint128
	sum  *xxh3.Hasher128
	at   int64 // hashed so far
}

func (f *sealedFile) hashed() (*hashedFile, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, store.Temporary(err)
	}
	h := &hashedFile{File: in, info: f.info, back: f.back, sum: xxh3.New128()}
	st, err := in.Stat()
	if err == nil && st.Size() != f.info.Bytes {
		err = h.differs()
	}
	if err != nil {
		in.Close()
		return nil, store.Temporary(err)
	}
	return h, nil
}

func (h *hashedFile) differs() error {
	return messages.SealDiffers.With("file", h.info.Name, "why", "the disk gives back other bytes")
}

func (h *hashedFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := h.File.ReadAt(b, at)
	if at <= h.at && h.at < at+int64(n) {
		_, _ = h.sum.Write(b[h.at-at : n])
		h.at = at + int64(n)
	}
	return n, err
}

// verdict hashes what was not read in its order, and says whether the file is
// what the codec gave out.
func (h *hashedFile) verdict(ctx context.Context) error {
	buf := make([]byte, 1<<16)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := h.ReadAt(buf, h.at)
		if err == io.EOF && n == 0 {
			break
		}
		if err != nil && err != io.EOF {
			return store.Temporary(err)
		}
	}
	if h.at != h.info.Bytes || h.sum.Sum128() != h.back {
		return h.differs()
	}
	return nil
}

func (f *sealedFile) content() store.Content {
	return store.Content{
		Open: func() (io.ReadSeekCloser, error) { return os.Open(f.path) },
		Size: f.info.Bytes, SHA256: f.info.SHA256, Type: mediaType(f.info.Name),
	}
}
