package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Local is a folder of this machine.
var Local = pipelines.DefineConnection("local", "A folder of this machine.", localConfig{}, newLocal)

type localConfig struct {
	Path         string `hcl:"path" doc:"The folder, with / on Windows too; it is made when something is first written."`
	SingleWriter bool   `hcl:"single_writer,optional" doc:"Promise that one process at a time publishes here, where locks cannot be relied on (NFS, SMB)."`
}

func (c *localConfig) Validate() error {
	if c.Path == "" || strings.ContainsRune(c.Path, 0) {
		return pipelines.At("path", messages.BadKey.With("store", "connection local", "why", "path is empty"))
	}
	if at := messages.FirstUnseen(c.Path); at != "" { // "D:\neuf" is D:, the end of a line, and euf
		return pipelines.At("path", messages.PathUnseen.With("character", at))
	}
	return nil
}

type local struct {
	root   string
	single bool
	now    func() time.Time
	serial atomic.Int64            // makes names of temporary files differ
	last   atomic.Pointer[written] // what it wrote last
}

func newLocal(env pipelines.Env, c localConfig) (*local, error) {
	return &local{root: filepath.Clean(env.Path(c.Path)), single: c.SingleWriter, now: env.Now}, nil
}

func (l *local) Describe() string { return l.root }

// Near is false of a folder that is another machine's.
func (l *local) Near() bool { return networkKind(l.root) == "" }

// open opens the folder. Everything below goes through it, so that no key and
// no symbolic link leads out.
func (l *local) open(write bool) (*os.Root, error) {
	if write {
		if err := os.MkdirAll(l.root, 0o755); err != nil {
			return nil, l.refused(err)
		}
	}
	root, err := os.OpenRoot(l.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, messages.NotFound.With("store", l.Describe())
	}
	if err != nil {
		return nil, l.refused(err)
	}
	return root, nil
}

func (l *local) refused(err error) error {
	return messages.FolderRefused.With("store", l.Describe(), "reason", osReason(err))
}

func (l *local) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(l.Describe(), key); err != nil {
		return nil, Info{}, err
	}
	root, err := l.open(false)
	if err != nil {
		return nil, Info{}, err
	}
	defer root.Close()
	if st, err := root.Stat(key); err == nil && !st.Mode().IsRegular() && !st.IsDir() {
		return nil, Info{}, messages.FileIsAPipe.With("store", l.Describe()) // opening a pipe waits for a writer
	}
	var f *os.File
	if err := patiently(ctx, false, func() (err error) { f, err = root.Open(key); return err }); err != nil {
		return nil, Info{}, l.fail("open", err)
	}
	info, data, err := l.describe(key, f)
	if err != nil {
		f.Close()
		return nil, Info{}, err
	}
	if data != nil {
		f.Close()
		return io.NopCloser(bytes.NewReader(data)), info, nil
	}
	return f, info, nil
}

// describe tells what f is; of a small file also the bytes, so that the version
// told is that of the bytes read.
func (l *local) describe(key string, f *os.File) (Info, []byte, error) {
	st, err := f.Stat()
	if err != nil {
		return Info{}, nil, l.fail("stat", err)
	}
	if !st.Mode().IsRegular() {
		return Info{}, nil, messages.NotFound.With("store", l.Describe())
	}
	info := Info{Key: key, Size: st.Size(), Modified: st.ModTime()}
	if st.Size() > small {
		info.Version = versionOf(st)
		if w := l.last.Load(); w != nil && w.key == key && w.version == info.Version {
			info.SHA256 = w.sum
		}
		return info, nil, nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return Info{}, nil, l.fail("read", err)
	}
	info.Size, info.SHA256 = int64(len(data)), hexSum(data)
	info.Version = info.SHA256
	return info, data, nil
}

func versionOf(st fs.FileInfo) string {
	return strconv.FormatInt(st.Size(), 36) + "-" + strconv.FormatInt(st.ModTime().UnixNano(), 36)
}

func (l *local) Stat(ctx context.Context, key string) (Info, error) {
	r, info, err := l.Open(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return info, r.Close()
}

// List follows symbolic links to files that stay in the folder, and none to folders; a link that leads out is listed and cannot be opened.
func (l *local) List(ctx context.Context, prefix string) ([]Info, error) {
	var infos []Info
	err := l.walk(ctx, prefix, func(root *os.Root, key string) error {
		if isOwn(key) {
			return nil
		}
		st, err := root.Stat(key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone since
		case err != nil:
			// A link that leads out, a file that may not be looked at: it is not left
			// out in silence; who opens it is told why it cannot be read.
			infos = append(infos, Info{Key: key})
			return nil
		case st.IsDir():
			return nil // a folder behind a link
		case !st.Mode().IsRegular():
			infos = append(infos, Info{Key: key}) // who opens it is told that it is no file
			return nil
		}
		infos = append(infos, Info{Key: key, Size: st.Size(), Modified: st.ModTime()})
		return nil
	})
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, err
}

// walk visits the files whose key starts with prefix, the store's own included.
// A folder that is not there holds none, which is another thing than an empty one.
func (l *local) walk(ctx context.Context, prefix string, visit func(root *os.Root, key string) error) error {
	top := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		top = prefix[:i]
		if err := checkKey(l.Describe(), top); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(l.root)
	if errors.Is(err, fs.ErrNotExist) {
		return messages.FolderMissing.With("store", l.Describe())
	}
	if err != nil {
		return l.refused(err)
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), top, func(key string, d fs.DirEntry, err error) error {
		if e := ctx.Err(); e != nil {
			return e
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return l.fail("list", err)
		}
		if d.IsDir() {
			if key != "." && !strings.HasPrefix(key+"/", prefix) && !strings.HasPrefix(prefix, key+"/") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(key, prefix) {
			return nil
		}
		return visit(root, key)
	})
}

func (l *local) Delete(ctx context.Context, key string) error {
	if err := checkNewKey(l.Describe(), key); err != nil {
		return err
	}
	root, err := os.OpenRoot(l.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return l.refused(err)
	}
	defer root.Close()
	err = patiently(ctx, true, func() error { return root.Remove(key) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l.fail("remove", err)
	}
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if root.Remove(dir) != nil { // a folder that still holds something stays
			break
		}
	}
	return nil
}

// Now is the clock of the file system as this machine sees it.
func (l *local) Now(context.Context) (time.Time, error) { return l.now(), nil }

// fail makes a message of an error of the system. The error's own text names
// the file and is left out.
func (l *local) fail(operation string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case messages.Find(err) != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		return messages.NotFound.With("store", l.Describe())
	case heldOpen(err, operation == "rename" || operation == "remove"):
		return messages.FileInUse.With("store", l.Describe())
	case errors.Is(err, fs.ErrPermission):
		return messages.NotAllowed.With("store", l.Describe(), "operation", operation)
	case diskFull(err):
		return messages.DiskFull.With("store", l.Describe())
	}
	return messages.StoreFailed.With("store", l.Describe(), "operation", operation, "code", osReason(err))
}

// osReason is the part of err that names no file.
func osReason(err error) string {
	var p *fs.PathError
	var k *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &k):
		err = k.Err
	}
	return err.Error()
}

// patiently retries what another program's open file prevents, as happens on
// Windows, within about five seconds. replacing is true of a rename or a removal.
func patiently(ctx context.Context, replacing bool, do func() error) error {
	wait := 10 * time.Millisecond
	for {
		err := do()
		if err == nil || !heldOpen(err, replacing) || wait > 2*time.Second {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		wait *= 2
	}
}

// Temporary makes a message of an error of the task's temporary folder. What is
// a message already, or no error of the system, stays as it is.
func Temporary(err error) error {
	const folder = "the temporary folder"
	var file *fs.PathError
	switch {
	case err == nil || messages.Find(err) != nil:
		return err
	case diskFull(err):
		return messages.DiskFull.With("store", folder)
	case errors.As(err, &file):
		return messages.StoreFailed.With("store", folder, "operation", file.Op, "code", osReason(err))
	}
	return err
}
