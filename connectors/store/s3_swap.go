package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Swap is one conditional PUT. Before the first one the store must prove, on an
// object of its own beside the key, that it honours conditions.
func (s *s3) Swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	if err := checkNewKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	if s.SingleWriter {
		return s.swapAlone(ctx, key, data, old)
	}
	if err := s.prove(ctx, key); err != nil {
		return Info{}, err
	}
	return s.swap(ctx, key, data, old)
}

func (s *s3) swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	core, err := s.client(ctx)
	if err != nil {
		return Info{}, err
	}
	var opts minio.PutObjectOptions
	if old == "" {
		opts.SetMatchETagExcept("*")
	} else {
		opts.SetMatchETag(old)
	}
	c := Bytes(data, "application/json")
	up, err := s.putWhole(ctx, core, key, c, opts)
	if err != nil {
		err = s.fail("PutObject", err)
		if old != "" && messages.Has(err, messages.NotFound) {
			err = messages.ConditionFailed.With("store", s.Describe())
		}
		return Info{}, err
	}
	return Info{Key: key, Size: c.Size, SHA256: c.SHA256, Version: up.ETag}, nil
}

// swapAlone compares and writes, for a server that ignores conditions and a
// user who promised to be the only writer.
func (s *s3) swapAlone(ctx context.Context, key string, data []byte, old string) (Info, error) {
	present, err := s.Stat(ctx, key)
	if err != nil && !messages.Has(err, messages.NotFound) {
		return Info{}, err
	}
	if present.Version != old {
		return Info{}, messages.ConditionFailed.With("store", s.Describe())
	}
	return s.Put(ctx, key, Bytes(data, "application/json"))
}

// prove shows, once per connection, that neither "only if absent" nor "only if
// unchanged" is ignored.
func (s *s3) prove(ctx context.Context, key string) error {
	s.mu.Lock()
	proven := s.proven
	s.mu.Unlock()
	if proven {
		return nil
	}
	source := s.env.Rand
	if source == nil {
		source = rand.Reader
	}
	nonce := make([]byte, 8)
	if _, err := io.ReadFull(source, nonce); err != nil {
		return err
	}
	probe := path.Join(path.Dir(key), own+"-probe-"+hex.EncodeToString(nonce))
	first, err := s.swap(ctx, probe, []byte("1"), "")
	if err != nil {
		return err
	}
	defer s.Delete(context.WithoutCancel(ctx), probe)
	for _, wrong := range []string{"", strings.Repeat("0", 32)} {
		_, err := s.swap(ctx, probe, []byte("2"), wrong)
		if err == nil {
			return messages.ConditionsIgnored.With("store", s.Describe())
		}
		if !messages.Has(err, messages.ConditionFailed) {
			return err
		}
	}
	if _, err := s.swap(ctx, probe, []byte("3"), first.Version); err != nil {
		return err
	}
	s.mu.Lock()
	s.proven = true
	s.mu.Unlock()
	return nil
}
