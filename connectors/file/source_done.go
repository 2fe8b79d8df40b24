package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// droppedFile is a file of the store.
type droppedFile struct {
	format.Input
	info store.Info
	set  fileSet // and what belongs to it; nil: it stays where it is
}

func (c sourceConfig) checkDone() error {
	bad := func(option, why string) error {
		return pipelines.At(option, messages.FileDone.With("option", option, "why", why))
	}
	for option, folder := range map[string]string{"done_path": c.DonePath, "error_path": c.ErrorPath} {
		if folder == "" {
			continue
		}
		for _, part := range strings.Split(strings.TrimSuffix(folder, "/"), "/") {
			if store.Portable(part) != "" || part == ".." || part == "." {
				return bad(option, "is no folder under the connection")
			}
		}
	}
	switch {
	case c.OnDone == "move" && c.DonePath == "":
		return bad("on_done", "moves to done_path, which is not given")
	case c.OnDone != "move" && c.DonePath != "":
		return bad("done_path", "goes with on_done = \"move\"")
	case c.Accumulate && c.OnDone != "move":
		return bad("accumulate", "goes with on_done = \"move\"")
	case c.DonePath != "" && strings.TrimSuffix(c.DonePath, "/") == strings.TrimSuffix(c.ErrorPath, "/"):
		return bad("error_path", "is done_path")
	}
	return nil
}

var (
	_ pipelines.Encrypting = sourceConfig{}
	_ pipelines.Taker      = sourceConfig{}
)

// Encrypts is error_path, where it is given.
func (c sourceConfig) Encrypts() string {
	if c.ErrorPath == "" {
		return ""
	}
	return "error_path"
}

// Takes says whether files go once they were read.
func (c sourceConfig) Takes() bool { return c.OnDone != "keep" }

// Meets looks whether a path that one of the two has for its keys is of the other's
// pattern, on the same connection.
func (c sourceConfig) Meets(keys map[string]string, other any, otherKeys map[string]string) bool {
	o, ok := other.(sourceConfig)
	if !ok || c.reach() != o.reach() || c.Split(pipelines.TaskID{}, keys).Reads == o.Split(pipelines.TaskID{}, otherKeys).Reads {
		return false
	}
	a, err := newPattern(c.Path)
	if err != nil {
		return false
	}
	b, err := newPattern(o.Path)
	return err == nil && (a.matchesExample(o.Path, otherKeys) || b.matchesExample(c.Path, keys))
}

// reach tells connections apart by where they lead.
func (c sourceConfig) reach() string {
	return fmt.Sprintf("%s\x00%+v", c.Connection.Component.Name, c.Connection.Config)
}

// copyNumber is what a name ends with where a file of that name was there before.
var copyNumber = regexp.MustCompile(`~[0-9]+$`)

// plainKey is the key a file had before it was moved to done_path.
func (s *source) plainKey(key string) string {
	if s.DonePath == "" {
		return key
	}
	if rest, moved := strings.CutPrefix(key, s.folder(s.DonePath)); moved {
		return copyNumber.ReplaceAllString(rest, "")
	}
	return key
}

func (s *source) folder(path string) string { return strings.TrimSuffix(path, "/") + "/" }

// dropped are the files whose key is wanted: with accumulate those that earlier
// runs moved first, then those that wait; each in the order of their paths.
// left is how many are not whole yet.
func (s *source) dropped(ctx context.Context, wanted func(key string) bool) (files []store.Info, left int, err error) {
	waiting, err := s.store.List(ctx, s.pattern.prefix)
	if err != nil {
		return nil, 0, err
	}
	keep := func(infos []store.Info, moved bool) (kept []store.Info) {
		slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
		for _, info := range infos {
			if s.moved(info.Key) == moved && !s.failed(info.Key) && wanted(s.plainKey(info.Key)) {
				kept = append(kept, info)
			}
		}
		return kept
	}
	files, left, err = s.whole(ctx, keep(waiting, false), waiting)
	if err != nil || !s.Accumulate {
		return files, left, err
	}
	old, err := s.store.List(ctx, s.folder(s.DonePath)+s.pattern.prefix)
	if err != nil {
		return nil, 0, err
	}
	files, err = s.distinct(ctx, append(keep(old, true), files...))
	return files, left, err
}

func (s *source) moved(key string) bool {
	return s.DonePath != "" && strings.HasPrefix(key, s.folder(s.DonePath))
}

func (s *source) failed(key string) bool {
	return s.ErrorPath != "" && strings.HasPrefix(key, s.folder(s.ErrorPath))
}

// distinct leaves out moved or waiting files that have the bytes of one before
// them: a vendor's export that was dropped twice must not count twice. Only files
// of one size are read for it.
func (s *source) distinct(ctx context.Context, files []store.Info) ([]store.Info, error) {
	sizes := map[int64]int{}
	for _, f := range files {
		sizes[f.Size]++
	}
	seen := map[string]bool{}
	var kept []store.Info
	for _, f := range files {
		if sizes[f.Size] > 1 {
			sum, err := s.setSum(ctx, f)
			if err != nil {
				return nil, err
			}
			if seen[sum] {
				s.env.Log.Info("a file that has the bytes of another is read once", "file", s.hidden(f.Key))
				continue
			}
			seen[sum] = true
		}
		kept = append(kept, f)
	}
	return kept, nil
}

func (s *source) sum(ctx context.Context, f store.Info) (string, error) {
	r, err := s.openSteady(ctx, f.Key)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// took tells the run that the file that was being read was read to its end.
func (c *fileChunks) took() {
	c.announce(true)
	c.reading = nil
}

// announce tells the run of the file that is being read.
func (c *fileChunks) announce(whole bool) {
	f := c.reading
	if f == nil || f.set == nil || c.env.Took == nil {
		return
	}
	taken := pipelines.Taken{ID: c.Connection.String() + "\x00" + f.info.Key, Name: f.Name}
	switch {
	case whole && c.OnDone == "move":
		taken.Done = func(ctx context.Context) error { return c.move(ctx, f.Name, f.set) }
	case whole && c.OnDone == "delete":
		taken.Done = func(ctx context.Context) error { return c.remove(ctx, f.Name, f.set) }
	}
	if !whole && c.ErrorPath != "" {
		taken.Failed = func(ctx context.Context, failed pipelines.FailedFile) error {
			return c.setAside(ctx, f.Name, f.set, failed)
		}
	}
	c.env.Took(taken)
}

// setAside puts the set, encrypted, and the report into error_path, and then
// removes it. A file of the same name that failed before stays beside it.
func (s *source) setAside(ctx context.Context, name string, set fileSet, failed pipelines.FailedFile) error {
	out, ok := s.store.(store.Store)
	if !ok {
		return messages.FileStays.With("store", s.Connection.String())
	}
	folder := s.folder(s.ErrorPath)
	number, err := s.free(ctx, folder, set, ".age")
	if err != nil {
		return err
	}
	for _, f := range set {
		if err := s.putEncrypted(ctx, out, f.Key, folder+f.Key+number+".age", failed); err != nil {
			return err
		}
	}
	if _, err := out.Put(ctx, folder+set[0].Key+number+".report.json", store.Bytes(failed.Report, "application/json")); err != nil {
		return err
	}
	return s.remove(ctx, name, set)
}

func (s *source) putEncrypted(ctx context.Context, out store.Store, key, to string, failed pipelines.FailedFile) error {
	temp, err := os.CreateTemp(failed.Dir, "failed-*")
	if err != nil {
		return store.Temporary(err)
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	h := sha256.New()
	sealed, err := failed.Seal(io.MultiWriter(temp, h))
	if err != nil {
		return err
	}
	in, err := s.openSteady(ctx, key)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := io.Copy(sealed, in); err != nil {
		return err
	}
	if err := sealed.Close(); err != nil {
		return store.Temporary(err)
	}
	size, err := temp.Seek(0, io.SeekEnd)
	if err != nil {
		return store.Temporary(err)
	}
	_, err = out.Put(ctx, to, store.Content{Size: size, SHA256: hex.EncodeToString(h.Sum(nil)), Type: "application/octet-stream",
		Open: func() (io.ReadSeekCloser, error) { return os.Open(temp.Name()) }})
	return err
}
