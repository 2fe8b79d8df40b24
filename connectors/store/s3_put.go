package store

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Put sends one request, or parts when the content is larger than part_size.
// The content never passes through memory as a whole.
func (s *s3) Put(ctx context.Context, key string, c Content) (Info, error) {
	if err := checkNewKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	core, err := s.client(ctx)
	if err != nil {
		return Info{}, err
	}
	var up minio.UploadInfo
	if size := s.partSize(c.Size); c.Size > size {
		up, err = s.putParts(ctx, core, key, c, size)
	} else {
		up, err = s.putWhole(ctx, core, key, c, minio.PutObjectOptions{})
	}
	if err != nil {
		return Info{}, s.fail("PutObject", err)
	}
	return Info{Key: key, Size: c.Size, SHA256: c.SHA256, Version: up.ETag, Modified: up.LastModified}, nil
}

// partSize is part_size, or more when 10,000 parts of it would not do.
func (s *s3) partSize(size int64) int64 {
	part := int64(s.PartSize)
	const most, step = 10_000, 1 << 20
	if need := (size + most - 1) / most; need > part {
		part = (need + step - 1) / step * step
	}
	return part
}

// putWhole sends content in one request. Its SHA-256 is in the signature, so
// that the server refuses other bytes.
func (s *s3) putWhole(ctx context.Context, core *minio.Core, key string, c Content, opts minio.PutObjectOptions) (minio.UploadInfo, error) {
	p, err := s.openPart(c, 0, c.Size)
	if err != nil {
		return minio.UploadInfo{}, err
	}
	defer p.Close()
	if p.sha256 != c.SHA256 {
		return minio.UploadInfo{}, messages.UploadDiffers.With("store", s.Describe(), "file", "what was read here")
	}
	opts.ContentType, opts.DisableContentSha256 = c.Type, true
	opts.UserMetadata = map[string]string{sumName: c.SHA256}
	if p.crc32c != "" {
		opts.UserMetadata["x-amz-checksum-crc32c"] = p.crc32c
	}
	return core.PutObject(ctx, s.Bucket, key, p, c.Size, p.md5, s.signed(p.sha256), opts)
}

// signed is the SHA-256 to sign, "" for none.
func (s *s3) signed(sha256 string) string {
	if s.Checksum == "none" {
		return ""
	}
	return sha256
}

const partsAtOnce = 4

func (s *s3) putParts(ctx context.Context, core *minio.Core, key string, c Content, size int64) (minio.UploadInfo, error) {
	opts := minio.PutObjectOptions{ContentType: c.Type, UserMetadata: map[string]string{sumName: c.SHA256}}
	if s.Checksum == "crc32c" {
		opts.UserMetadata["x-amz-checksum-algorithm"] = "CRC32C"
	}
	id, err := core.NewMultipartUpload(ctx, s.Bucket, key, opts)
	if err != nil {
		return minio.UploadInfo{}, err
	}
	parts := make([]minio.CompletePart, (c.Size+size-1)/size)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(partsAtOnce)
	for i := range parts {
		from := int64(i) * size
		g.Go(func() (err error) {
			parts[i], err = s.putPart(gctx, core, key, id, c, i+1, from, min(size, c.Size-from))
			return err
		})
	}
	err = g.Wait()
	if err == nil {
		var up minio.UploadInfo
		if up, err = core.CompleteMultipartUpload(ctx, s.Bucket, key, id, parts, minio.PutObjectOptions{}); err == nil {
			return up, nil
		}
	}
	// Should this fail too, Sweep finds the parts.
	core.AbortMultipartUpload(context.WithoutCancel(ctx), s.Bucket, key, id)
	return minio.UploadInfo{}, err
}

func (s *s3) putPart(ctx context.Context, core *minio.Core, key, id string, c Content, number int, from, size int64) (minio.CompletePart, error) {
	p, err := s.openPart(c, from, size)
	if err != nil {
		return minio.CompletePart{}, err
	}
	defer p.Close()
	opts := minio.PutObjectPartOptions{Md5Base64: p.md5, Sha256Hex: s.signed(p.sha256), DisableContentSha256: true}
	if p.crc32c != "" {
		opts.CustomHeader = http.Header{"X-Amz-Checksum-Crc32c": {p.crc32c}}
	}
	done, err := core.PutObjectPart(ctx, s.Bucket, key, id, number, p, size, opts)
	return minio.CompletePart{PartNumber: number, ETag: done.ETag, ChecksumCRC32C: p.crc32c}, err
}

// part is a stretch of a content that the client may read more than once.
type part struct {
	r                   io.ReadSeekCloser
	from, size, at      int64
	sha256, md5, crc32c string // md5 and crc32c in base64, "" when not asked for
}

func (s *s3) openPart(c Content, from, size int64) (*part, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	p := &part{r: r, from: from, size: size}
	sha, sum, crc := sha256.New(), md5.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	to := []io.Writer{sha}
	switch s.Checksum {
	case "md5":
		to = append(to, sum)
	case "crc32c":
		to = append(to, crc)
	}
	_, err = p.Seek(0, io.SeekStart)
	var n int64
	if err == nil {
		n, err = io.Copy(io.MultiWriter(to...), p)
	}
	if err == nil && n != size {
		err = messages.UploadDiffers.With("store", s.Describe(), "file", "what was read here")
	}
	if err == nil {
		_, err = p.Seek(0, io.SeekStart)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	p.sha256 = hex.EncodeToString(sha.Sum(nil))
	switch s.Checksum {
	case "md5":
		p.md5 = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	case "crc32c":
		p.crc32c = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc.Sum32()))
	}
	return p, nil
}

func (p *part) Read(b []byte) (int, error) {
	left := p.size - p.at
	if left <= 0 {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(int64(len(b)), left)])
	p.at += int64(n)
	return n, err
}

func (p *part) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 || offset > p.size {
		return 0, fmt.Errorf("seek part: %d is outside", offset)
	}
	if _, err := p.r.Seek(p.from+offset, io.SeekStart); err != nil {
		return 0, err
	}
	p.at = offset
	return offset, nil
}

func (p *part) Close() error { return p.r.Close() }
