package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sftpStore writes too.
type sftpStore struct {
	*sftpReader
	keeps
	swapping sync.Mutex
}

// Put writes a temporary file beside the target and renames it over the target,
// which takes the extension of OpenSSH: the rename of the protocol replaces nothing.
func (s *sftpStore) Put(ctx context.Context, key string, c Content) (Info, error) {
	if err := checkNewKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	err := s.do(ctx, "write", func(client *sftp.Client) error {
		if _, ok := client.HasExtension("posix-rename@openssh.com"); !ok {
			return messages.StoreFailed.With("store", s.Describe(), "operation", "rename", "code", "no posix-rename")
		}
		for try := 1; ; try++ {
			err := s.put(ctx, client, key, c)
			// Somebody else removed the folder, empty as it was, in between.
			if !errors.Is(err, fs.ErrNotExist) || try == 10 {
				return err
			}
		}
	})
	if err != nil {
		return Info{}, err
	}
	return s.Stat(ctx, key)
}

func (s *sftpStore) put(ctx context.Context, client *sftp.Client, key string, c Content) (err error) {
	dir := path.Dir(key)
	if err := client.MkdirAll(s.at(dir)); err != nil {
		return err
	}
	name, err := s.tempName()
	if err != nil {
		return err
	}
	temp := s.at(path.Join(dir, name))
	f, err := client.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && !broken(err) {
			_ = client.Remove(temp)
		}
	}()
	r, err := c.Open()
	if err != nil {
		f.Close()
		return err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, io.TeeReader(&ctxReader{ctx, r}, h), make([]byte, 1<<20))
	if _, ok := client.HasExtension("fsync@openssh.com"); err == nil && ok {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil && (n != c.Size || hex.EncodeToString(h.Sum(nil)) != c.SHA256) {
		err = messages.UploadDiffers.With("store", s.Describe(), "file", "what was read here")
	}
	if err != nil {
		return err
	}
	return client.PosixRename(temp, s.at(key))
}

// tempName is one that no other machine takes.
func (s *sftpStore) tempName() (string, error) {
	source := s.env.Rand
	if source == nil {
		source = rand.Reader
	}
	nonce := make([]byte, 8)
	if _, err := io.ReadFull(source, nonce); err != nil {
		return "", err
	}
	return tempStart + hex.EncodeToString(nonce) + tempEnd, nil
}

// Swap compares and writes: single_writer promises that nobody comes in between,
// except for the goroutines of this process, which wait.
func (s *sftpStore) Swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	if err := checkNewKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	s.swapping.Lock()
	defer s.swapping.Unlock()
	present, err := s.Stat(ctx, key)
	if err != nil && !messages.Has(err, messages.NotFound) {
		return Info{}, err
	}
	if present.Version != old {
		return Info{}, messages.ConditionFailed.With("store", s.Describe())
	}
	return s.Put(ctx, key, Bytes(data, "application/json"))
}

func (s *sftpStore) Delete(ctx context.Context, key string) error {
	if err := checkNewKey(s.Describe(), key); err != nil {
		return err
	}
	return s.do(ctx, "remove", func(c *sftp.Client) error { return s.remove(c, key) })
}

func (s *sftpStore) remove(c *sftp.Client, key string) error {
	if err := c.Remove(s.at(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A folder that still holds something stays.
	for dir := path.Dir(key); dir != "." && c.RemoveDirectory(s.at(dir)) == nil; {
		dir = path.Dir(dir)
	}
	return nil
}

// Now is the time that the server gives a file written just now.
func (s *sftpStore) Now(ctx context.Context) (now time.Time, err error) {
	err = s.do(ctx, "write", func(c *sftp.Client) error {
		name, err := s.tempName()
		if err != nil {
			return err
		}
		if err := c.MkdirAll(s.at("")); err != nil {
			return err
		}
		f, err := c.OpenFile(s.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		if err != nil {
			return err
		}
		st, err := f.Stat()
		f.Close()
		if e := c.Remove(s.at(name)); err == nil {
			err = e
		}
		if err == nil {
			now = st.ModTime()
		}
		return err
	})
	return now, err
}

// Sweep removes temporary files of writes that never ended.
func (s *sftpStore) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	infos, err := s.list(ctx, prefix)
	if messages.Has(err, messages.FolderMissing) {
		return 0, nil // nothing was ever written here
	}
	removed := 0
	for _, i := range infos {
		name := path.Base(i.Key)
		if err != nil || !strings.HasPrefix(name, tempStart) || !strings.HasSuffix(name, tempEnd) || !i.Modified.Before(before) {
			continue
		}
		if err = s.do(ctx, "remove", func(c *sftp.Client) error { return s.remove(c, i.Key) }); err == nil {
			removed++
		}
	}
	return removed, err
}

// Move renames: SFTP's own rename replaces nothing. Who only reads may be let to.
func (s *sftpReader) Move(ctx context.Context, was Info, to string) error {
	if err := checkNewKey(s.Describe(), to); err != nil {
		return err
	}
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.do(ctx, "move", func(c *sftp.Client) error {
		if err := c.MkdirAll(s.at(path.Dir(to))); err != nil {
			return err
		}
		if _, err := c.Lstat(s.at(to)); err == nil {
			return messages.ConditionFailed.With("store", s.Describe())
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return c.Rename(s.at(was.Key), s.at(to))
	})
}

func (s *sftpReader) Remove(ctx context.Context, was Info) error {
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.do(ctx, "remove", func(c *sftp.Client) error { return c.Remove(s.at(was.Key)) })
}
