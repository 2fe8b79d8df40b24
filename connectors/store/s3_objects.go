package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sumName is the metadata under which an object carries its SHA-256.
const sumName = "Sha256"

func (s *s3) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(s.Describe(), key); err != nil {
		return nil, Info{}, err
	}
	core, err := s.client(ctx)
	if err != nil {
		return nil, Info{}, err
	}
	body, o, _, err := core.GetObject(ctx, s.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, s.fail("GetObject", err)
	}
	info := s.describe(key, o)
	if info.SHA256 != "" || info.Size > small {
		r := &resumed{ctx: ctx, body: body, size: info.Size, fail: func(err error) error { return s.fail("GetObject", err) }}
		if info.Version == "" {
			r.size = -1 // nothing would tell that the rest is of the same object
		}
		r.from = func(ctx context.Context, offset int64) (io.ReadCloser, error) { return s.rest(ctx, info, offset) }
		return r, info, nil
	}
	data, err := io.ReadAll(body)
	body.Close()
	if err != nil {
		return nil, Info{}, s.fail("GetObject", err)
	}
	info.SHA256 = hexSum(data)
	return io.NopCloser(bytes.NewReader(data)), info, nil
}

// rest gives the object from offset, if it is still the one that was opened.
func (s *s3) rest(ctx context.Context, was Info, offset int64) (io.ReadCloser, error) {
	core, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	var options minio.GetObjectOptions
	err = options.SetMatchETag(was.Version)
	if err == nil && offset > 0 {
		err = options.SetRange(offset, 0) // to its end
	}
	if err != nil {
		return nil, s.fail("GetObject", err)
	}
	body, o, head, err := core.GetObject(ctx, s.Bucket, was.Key, options)
	err = s.fail("GetObject", err)
	if messages.Has(err, messages.ConditionFailed) || messages.Has(err, messages.NotFound) {
		err = changed(s.env, was.Key)
	}
	if err != nil {
		return nil, err
	}
	// A server that knows no ranges gives all of it; one that knows no conditions, another object.
	part, _ := strings.CutPrefix(head.Get("Content-Range"), "bytes ")
	if o.ETag != was.Version || offset > 0 && part != fmt.Sprintf("%d-%d/%d", offset, was.Size-1, was.Size) {
		body.Close()
		return nil, changed(s.env, was.Key)
	}
	return body, nil
}

func (s *s3) describe(key string, o minio.ObjectInfo) Info {
	info := Info{Key: key, Size: o.Size, Version: o.ETag, Modified: o.LastModified}
	for name, v := range o.UserMetadata {
		if strings.EqualFold(name, sumName) {
			info.SHA256 = v
		}
	}
	return info
}

func (s *s3) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	core, err := s.client(ctx)
	if err != nil {
		return Info{}, err
	}
	o, err := core.StatObject(ctx, s.Bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, s.fail("HeadObject", err)
	}
	return s.describe(key, o), nil
}

func (s *s3) List(ctx context.Context, prefix string) ([]Info, error) {
	infos, err := s.list(ctx, prefix)
	kept := infos[:0]
	for _, i := range infos {
		if !isOwn(i.Key) && !strings.HasSuffix(i.Key, "/") {
			kept = append(kept, i)
		}
	}
	return kept, err
}

func (s *s3) list(ctx context.Context, prefix string) ([]Info, error) {
	core, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	var infos []Info
	for o := range core.ListObjectsIter(ctx, s.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, s.fail("ListBucket", o.Err)
		}
		infos = append(infos, Info{Key: o.Key, Size: o.Size, Version: o.ETag, Modified: o.LastModified})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, nil
}

func (s *s3) Delete(ctx context.Context, key string) error {
	if err := checkKey(s.Describe(), key); err != nil {
		return err
	}
	core, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = core.RemoveObject(ctx, s.Bucket, key, minio.RemoveObjectOptions{})
	if err = s.fail("DeleteObject", err); messages.Has(err, messages.NotFound) {
		return nil
	}
	return err
}

// Now is the Date of an answer, whatever the answer.
func (s *s3) Now(ctx context.Context) (time.Time, error) {
	core, err := s.client(ctx)
	if err != nil {
		return time.Time{}, err
	}
	_, err = core.BucketExists(ctx, s.Bucket)
	var answer minio.ErrorResponse
	if err != nil && !errors.As(err, &answer) {
		return time.Time{}, s.fail("HeadBucket", err)
	}
	if clock, _ := s.seen.told(); !clock.IsZero() {
		return clock, nil
	}
	if err == nil {
		err = minio.ErrorResponse{Code: "the answer has no Date", StatusCode: http.StatusOK}
	}
	return time.Time{}, s.fail("HeadBucket", err)
}

// Sweep aborts uploads in parts that never ended, and removes probes right
// under prefix, which ends with a slash or is empty. MinIO lists unfinished
// uploads by their exact key only, and removes them itself after a day.
func (s *s3) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	core, err := s.client(ctx)
	if err != nil {
		return 0, err
	}
	removed, keyMark, idMark := 0, "", ""
	for {
		page, err := core.ListMultipartUploads(ctx, s.Bucket, prefix, keyMark, idMark, "", 1000)
		if err != nil {
			return removed, s.fail("ListMultipartUploads", err)
		}
		for _, u := range page.Uploads {
			if !strings.HasPrefix(u.Key, prefix) || !u.Initiated.Before(before) {
				continue
			}
			if err := core.AbortMultipartUpload(ctx, s.Bucket, u.Key, u.UploadID); err != nil {
				return removed, s.fail("AbortMultipartUpload", err)
			}
			removed++
		}
		if !page.IsTruncated || page.NextKeyMarker == "" || page.NextKeyMarker == keyMark && page.NextUploadIDMarker == idMark {
			break
		}
		keyMark, idMark = page.NextKeyMarker, page.NextUploadIDMarker
	}
	probes, err := s.list(ctx, prefix+own)
	for _, p := range probes {
		if !p.Modified.Before(before) {
			continue
		}
		if err := s.Delete(ctx, p.Key); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, err
}
