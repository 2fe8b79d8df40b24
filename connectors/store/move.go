package store

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/minio/minio-go/v7"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Mover is the ability of a store to take objects away from where they were
// dropped. Folders stay, as what drops files into them may not make them anew.
type Mover interface {
	// Move gives the object that was describes, as List or Stat did, the key to.
	// When it is another object by now, or to has one, nothing is done and the error
	// is messages.ConditionFailed.
	Move(ctx context.Context, was Info, to string) error
	// Remove removes the object that was describes; ConditionFailed as in Move.
	Remove(ctx context.Context, was Info) error
}

// same says whether now is still the object that was told of before.
func same(was, now Info) bool {
	if was.Version != "" && now.Version != "" {
		return was.Version == now.Version
	}
	return was.Size == now.Size && was.Modified.Equal(now.Modified)
}

// still refuses an object that is not the one that was told of.
func still(ctx context.Context, s interface {
	Describe() string
	Stat(context.Context, string) (Info, error)
}, was Info) error {
	now, err := s.Stat(ctx, was.Key)
	if err != nil {
		return err
	}
	if !same(was, now) {
		return messages.ConditionFailed.With("store", s.Describe())
	}
	return nil
}

// Move renames; a file of that name that comes into being meanwhile is not replaced
// on systems that can tell.
func (l *local) Move(ctx context.Context, was Info, to string) error {
	if err := checkNewKey(l.Describe(), to); err != nil {
		return err
	}
	if err := still(ctx, l, was); err != nil {
		return err
	}
	root, err := l.open(true)
	if err != nil {
		return err
	}
	defer root.Close()
	err = inFolder(root, path.Dir(to), 0o644, func() error {
		if _, err := root.Lstat(to); err == nil {
			return messages.ConditionFailed.With("store", l.Describe())
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return patiently(ctx, true, func() error { return root.Rename(was.Key, to) })
	})
	if err == nil {
		err = syncFolder(root, path.Dir(to))
	}
	if err == nil {
		err = syncFolder(root, path.Dir(was.Key))
	}
	if err != nil {
		return l.fail("move", err)
	}
	return nil
}

func (l *local) Remove(ctx context.Context, was Info) error {
	if err := still(ctx, l, was); err != nil {
		return err
	}
	root, err := l.open(true)
	if err != nil {
		return err
	}
	defer root.Close()
	if err = patiently(ctx, true, func() error { return root.Remove(was.Key) }); err == nil {
		err = syncFolder(root, path.Dir(was.Key))
	}
	if err != nil {
		return l.fail("remove", err)
	}
	return nil
}

// Move copies on the server, under the condition that the object is still the
// same, and then removes. Killed in between, both are there, and the next Move
// finds the copy in its way.
func (s *s3) Move(ctx context.Context, was Info, to string) error {
	if err := checkNewKey(s.Describe(), to); err != nil {
		return err
	}
	core, err := s.client(ctx)
	if err != nil {
		return err
	}
	if copied, err := s.Stat(ctx, to); err == nil {
		if copied.Version != was.Version || copied.Size != was.Size {
			return messages.ConditionFailed.With("store", s.Describe())
		}
		return s.Remove(ctx, was)
	} else if !messages.Has(err, messages.NotFound) {
		return err
	}
	_, err = core.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.Bucket, Object: to},
		minio.CopySrcOptions{Bucket: s.Bucket, Object: was.Key, MatchETag: was.Version})
	if err != nil {
		return s.fail("CopyObject", err)
	}
	return s.Remove(ctx, was)
}

func (s *s3) Remove(ctx context.Context, was Info) error {
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.Delete(ctx, was.Key)
}
