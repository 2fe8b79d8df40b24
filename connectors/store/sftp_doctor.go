package store

import (
	"context"
	"errors"
	"io/fs"

	"github.com/pkg/sftp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Examine looks at the server: reach, host key and login in one, then what the
// folder lets this account do.
func (s *sftpReader) Examine(ctx context.Context) []pipelines.Finding {
	found, ok := s.examine(ctx)
	if !ok {
		return found
	}
	return append(found, finding("rights to read", s.look(ctx), ""))
}

func (s *sftpReader) examine(ctx context.Context) ([]pipelines.Finding, bool) {
	err := s.do(ctx, "connect", func(*sftp.Client) error { return nil })
	if messages.Has(err, messages.HostKeyUnknown) || messages.Has(err, messages.HostKeyDiffers) {
		return []pipelines.Finding{finding("reach", nil, s.Describe()), finding("host key", err, "")}, false
	}
	found := []pipelines.Finding{finding("reach", err, s.Describe())}
	if err == nil {
		found = append(found, finding("host key", nil, "it is the known one"))
	}
	return found, err == nil
}

// look lists the folder alone: what is below may be large.
func (s *sftpReader) look(ctx context.Context) error {
	return s.do(ctx, "list", func(c *sftp.Client) error {
		_, err := c.ReadDirContext(ctx, s.at(""))
		if errors.Is(err, fs.ErrNotExist) {
			err = messages.FolderMissing.With("store", s.Describe())
		}
		return err
	})
}

// Examine also writes, and removes what it wrote.
func (s *sftpStore) Examine(ctx context.Context) []pipelines.Finding {
	found, ok := s.examine(ctx)
	if !ok {
		return found
	}
	found = append(found, finding("rights to write", tryObject(ctx, s), "this account can write and delete"),
		finding("conditional writes", nil, "SFTP has none; single_writer = true stands in for them"))
	now, err := s.Now(ctx)
	if err == nil {
		err = skewed(s.Describe(), s.env.Now(), now)
	}
	return append(found, finding("clock", err, ""))
}
