package store

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Examine looks at the bucket: reach, TLS, clock, addressing, rights,
// conditional writes, checksum modes and uploads in parts. What it writes to
// find out it removes again.
func (s *s3) Examine(ctx context.Context) []pipelines.Finding {
	defer s.removeProbes(context.WithoutCancel(ctx))
	found := []pipelines.Finding{finding("reach", s.reach(ctx), s.Describe())}
	clock, expiry := s.seen.told()
	if !expiry.IsZero() {
		found = append(found, ending(s.Describe(), s.env.Now(), expiry))
	}
	if !clock.IsZero() {
		found = append(found, finding("clock", skewed(s.Describe(), s.env.Now(), clock), ""))
	}
	if !found[0].OK {
		return append(found, s.otherStyle(ctx)...)
	}
	_, err := s.List(ctx, probeFolder+"/")
	found = append(found, finding("rights to list", err, ""))
	if err := tryObject(ctx, s); err != nil {
		return append(found, finding("rights to write", err, ""))
	}
	found = append(found, finding("rights to write", nil, "this account can write and delete"), s.conditions(ctx))
	for _, mode := range []string{"auto", "md5", "crc32c", "none"} {
		found = append(found, s.checksum(ctx, mode))
	}
	_, err = s.Sweep(ctx, probeFolder+"/", time.Time{})
	return append(found, finding("leftovers of uploads can be listed", err, ""))
}

func (s *s3) reach(ctx context.Context) error {
	core, err := s.client(ctx)
	if err != nil {
		return err
	}
	there, err := core.BucketExists(ctx, s.Bucket)
	if err == nil && !there {
		return messages.NoSuchBucket.With("store", s.Describe())
	}
	return s.fail("HeadBucket", err)
}

// otherStyle tries the other way of naming the bucket when this one fails.
func (s *s3) otherStyle(ctx context.Context) []pipelines.Finding {
	other := s.with(func(c *s3Config) { c.PathStyle = !c.PathStyle })
	if other.reach(ctx) != nil {
		return nil
	}
	note := "the bucket answers with path_style = false"
	if other.PathStyle {
		note = "the bucket answers with path_style = true"
	}
	return []pipelines.Finding{{Check: "path style", Err: messages.NoSuchBucket.With("store", s.Describe()), Note: note}}
}

func (s *s3) with(change func(*s3Config)) *s3 {
	c := s.s3Config
	change(&c)
	return &s3{s3Config: c, env: s.env}
}

func (s *s3) conditions(ctx context.Context) pipelines.Finding {
	err := race(ctx, s.with(func(c *s3Config) { c.SingleWriter = false }), probeFolder+"/race.json")
	if s.SingleWriter && messages.Has(err, messages.ConditionsIgnored) {
		return finding("conditional writes", nil, "ignored by the store; single_writer = true stands in for them")
	}
	return finding("conditional writes", err, "")
}

// checksum uploads an object whole and one in two parts, and reads them back.
func (s *s3) checksum(ctx context.Context, mode string) pipelines.Finding {
	other := s.with(func(c *s3Config) { c.Checksum, c.PartSize = mode, 5<<20 })
	err := other.tryUpload(ctx, make([]byte, 5<<20+1))
	if err == nil {
		err = other.tryUpload(ctx, []byte("lavoir was here"))
	}
	if err != nil && mode != s.Checksum {
		return finding("checksum "+mode, nil, "not accepted, and not used by this connection")
	}
	if err != nil {
		err = messages.ChecksumRefused.Wrap(err, "store", s.Describe(), "mode", mode)
	}
	return finding("checksum "+mode, err, "accepted, whole and in parts")
}

func (s *s3) tryUpload(ctx context.Context, data []byte) error {
	const key = probeFolder + "/upload"
	if _, err := s.Put(ctx, key, Bytes(data, "application/octet-stream")); err != nil {
		return err
	}
	r, _, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err == nil && !bytes.Equal(got, data) {
		err = messages.UploadDiffers.With("store", s.Describe(), "file", key)
	}
	return err
}

func (s *s3) removeProbes(ctx context.Context) {
	left, err := s.list(ctx, probeFolder+"/")
	for _, o := range left {
		if err == nil {
			err = s.Delete(ctx, o.Key)
		}
	}
}
