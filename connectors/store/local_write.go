package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	lockName  = own + ".lock"
	tempStart = own + "-"
	tempEnd   = ".tmp"

	// lockPatience is far more than a swap takes: who holds the lock longer hangs.
	lockPatience = time.Minute
)

func (l *local) Put(ctx context.Context, key string, c Content) (Info, error) {
	return l.put(ctx, key, c, 0o644)
}

// put writes a temporary file beside the target, makes it durable and renames it.
func (l *local) put(ctx context.Context, key string, c Content, mode fs.FileMode) (Info, error) {
	if err := checkNewKey(l.Describe(), key); err != nil {
		return Info{}, err
	}
	root, err := l.open(true)
	if err != nil {
		return Info{}, err
	}
	defer root.Close()
	var temp string
	var w written
	err = inFolder(root, path.Dir(key), mode, func() (err error) {
		temp, w, err = l.writeTemp(ctx, root, path.Dir(key), c, mode)
		return err
	})
	if err != nil {
		return Info{}, l.fail("write", err)
	}
	if err := patiently(ctx, true, func() error { return root.Rename(temp, key) }); err != nil {
		root.Remove(temp)
		return Info{}, l.fail("rename", err)
	}
	if err := syncFolder(root, path.Dir(key)); err != nil {
		return Info{}, l.fail("sync", err)
	}
	w.key = key
	l.last.Store(&w)
	return l.Stat(ctx, key)
}

// written is what was read back of a file that was written: its SHA-256 is known as long
// as the file has that version.
type written struct{ key, version, sum string }

func (l *local) writeTemp(ctx context.Context, root *os.Root, dir string, c Content, mode fs.FileMode) (_ string, w written, err error) {
	var f *os.File
	var name string
	for f == nil {
		name = path.Join(dir, tempStart+strconv.Itoa(os.Getpid())+"-"+strconv.FormatInt(l.serial.Add(1), 10)+tempEnd)
		f, err = root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, mode)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", w, err
		}
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			root.Remove(name)
		}
	}()
	r, err := c.Open()
	if err != nil {
		return "", w, err
	}
	defer r.Close()
	// What stands there is read back while more is written and the disk takes it.
	length, writing := make(chan int64, copiesAhead), errgroup.Group{}
	writing.Go(func() error {
		if err := copyFile(ctx, f, r, length); err != nil {
			return err
		}
		return f.Sync()
	})
	n, sum, err := sumBack(ctx, f, length)
	if e := writing.Wait(); e != nil {
		err = e
	}
	if err != nil {
		return "", w, err
	}
	if n != c.Size || sum != c.SHA256 {
		return "", w, messages.UploadDiffers.With("store", l.Describe(), "file", "what was read here")
	}
	st, err := f.Stat()
	if err != nil {
		return "", w, err
	}
	return name, written{version: versionOf(st), sum: sum}, nil
}

// copyBytes is how much is copied before the context is asked again and before it is
// read back, which so many copies may be ahead of.
const copyBytes, copiesAhead = 4 << 20, 64

// copyFile copies r to its end, and tells how long f is now and again. The system copies
// what is a file, so that its bytes do not come by here.
func copyFile(ctx context.Context, f *os.File, r io.Reader, length chan<- int64) error {
	defer close(length)
	if _, ok := r.(*os.File); !ok {
		r = &ctxReader{ctx, r}
	}
	for at := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(f, r, copyBytes)
		at += n
		length <- at
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// sumBack reads back a file that grows until length is closed, which is always waited
// for, and gives its length and SHA-256.
func sumBack(ctx context.Context, f *os.File, length <-chan int64) (n int64, sum string, err error) {
	h, buffer := sha256.New(), make([]byte, 1<<16)
	for end := range length {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			var read int64
			read, err = io.CopyBuffer(h, io.NewSectionReader(f, n, end-n), buffer)
			n += read
		}
	}
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// ctxReader ends with ctx, whatever its reader still holds.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// inFolder makes dir and does what needs it, again when somebody else removed
// the folder, empty as it was, in between.
func inFolder(root *os.Root, dir string, mode fs.FileMode, do func() error) error {
	for try := 1; ; try++ {
		err := makeFolders(root, dir, mode)
		if err == nil {
			err = do()
		}
		if !errors.Is(err, fs.ErrNotExist) || try == 10 {
			return err
		}
	}
}

// makeFolders makes dir and what is above it, each made durable in its parent.
func makeFolders(root *os.Root, dir string, mode fs.FileMode) error {
	if dir == "." {
		return nil
	}
	perm := fs.FileMode(0o755)
	if mode&0o077 == 0 {
		perm = 0o700
	}
	made := "."
	for _, part := range strings.Split(dir, "/") {
		parent := made
		made = path.Join(made, part)
		err := root.Mkdir(made, perm)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = syncFolder(root, parent)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Swap holds a lock file while it reads, compares and renames. The lock falls
// with the process that holds it; the lock file stays.
func (l *local) Swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	return l.swap(ctx, key, data, old, 0o644)
}

func (l *local) swap(ctx context.Context, key string, data []byte, old string, mode fs.FileMode) (Info, error) {
	if err := checkNewKey(l.Describe(), key); err != nil {
		return Info{}, err
	}
	root, err := l.open(true)
	if err != nil {
		return Info{}, err
	}
	defer root.Close()
	var unlock func()
	err = inFolder(root, path.Dir(key), mode, func() (err error) {
		unlock, err = l.lock(ctx, path.Dir(key))
		return err
	})
	if err != nil {
		return Info{}, l.fail("lock", err)
	}
	defer unlock()
	present, err := l.Stat(ctx, key)
	if err != nil && !messages.Has(err, messages.NotFound) {
		return Info{}, err
	}
	if present.Version != old {
		return Info{}, messages.ConditionFailed.With("store", l.Describe())
	}
	return l.put(ctx, key, Bytes(data, "application/json"), mode)
}

func (l *local) lock(ctx context.Context, dir string) (unlock func(), err error) {
	if l.single {
		return func() {}, nil
	}
	if kind := networkKind(l.root); kind != "" {
		return nil, messages.NetworkFolder.With("store", l.Describe(), "kind", kind)
	}
	lock := flock.New(filepath.Join(l.root, filepath.FromSlash(dir), lockName), flock.SetPermissions(0o644))
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(waiting, 5*time.Millisecond); err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = messages.StoreBusy.With("store", l.Describe(), "code", "another process keeps its lock")
		}
		return nil, err
	}
	return func() { lock.Unlock() }, nil
}

// Sweep removes temporary files of writes that never ended, and folders left
// empty by them.
func (l *local) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	removed := 0
	err := l.walk(ctx, prefix, func(root *os.Root, key string) error {
		name := path.Base(key)
		if !strings.HasPrefix(name, tempStart) || !strings.HasSuffix(name, tempEnd) {
			return nil
		}
		st, err := root.Lstat(key)
		if err != nil || !st.Mode().IsRegular() || !st.ModTime().Before(before) {
			return nil
		}
		if root.Remove(key) == nil {
			removed++
			for dir := path.Dir(key); dir != "." && root.Remove(dir) == nil; dir = path.Dir(dir) {
			}
		}
		return nil
	})
	if messages.Has(err, messages.FolderMissing) {
		err = nil // nothing was ever written here
	}
	return removed, err
}
