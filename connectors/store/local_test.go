package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func openLocal(t *testing.T, dir, more string) store.Store {
	t.Helper()
	return storetest.Open(t, store.Local, "path = \""+filepath.ToSlash(dir)+"\"\n"+more, storetest.Env(t.TempDir()))
}

func TestLocal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	storetest.Run(t, openLocal(t, dir, ""))
	t.Run("nothing temporary stays", func(t *testing.T) {
		for _, f := range files(t, dir) {
			if strings.HasSuffix(f, ".tmp") {
				t.Error(f)
			}
		}
	})
}

// A folder that is not there is no empty one: a share that is not connected
// would look like a month without an export.
func TestLocalMissingFolder(t *testing.T) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "depot")
	s := openLocal(t, dir, "")
	_, err := s.List(ctx, "canary-name")
	checkRefusal(t, "list", err, messages.FolderMissing)
	if n, err := s.(store.Sweeper).Sweep(ctx, "", time.Now()); n != 0 || err != nil {
		t.Errorf("sweep: %d, %v", n, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if infos, err := s.List(ctx, "canary-name"); len(infos) != 0 || err != nil {
		t.Errorf("an empty folder: %v, %v", infos, err)
	}
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLocalStaysInside(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	}
	outside, dir, ctx := t.TempDir(), t.TempDir(), context.Background()
	secret := filepath.Join(outside, "secret.txt")
	for _, err := range []error{
		os.WriteFile(secret, []byte("secret"), 0o600),
		os.Symlink(outside, filepath.Join(dir, "folder")),
		os.Symlink(secret, filepath.Join(dir, "file.txt")),
		os.WriteFile(filepath.Join(dir, "real.txt"), []byte("real"), 0o600),
		os.Symlink("real.txt", filepath.Join(dir, "inside.txt")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := openLocal(t, dir, "")
	for _, key := range []string{"file.txt", "folder/secret.txt"} {
		if _, _, err := s.Open(ctx, key); err == nil {
			t.Errorf("%s led out of the folder", key)
		}
		if _, err := s.Put(ctx, key, store.Bytes([]byte("changed"), "")); key != "file.txt" && err == nil {
			t.Errorf("%s was written outside", key)
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Errorf("the file outside holds %q: %v", data, err)
	}
	infos, err := s.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range infos {
		got = append(got, i.Key)
	}
	if g := strings.Join(got, " "); g != "file.txt folder inside.txt real.txt" {
		t.Errorf("listed %s", g) // file.txt is now a file: the link itself was replaced
	}
}

func TestLocalSweep(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	s := openLocal(t, dir, "")
	old := filepath.Join(dir, "set", "releases", "x", ".lavoir-123-1.tmp")
	young := filepath.Join(dir, "set", ".lavoir-123-2.tmp")
	other := filepath.Join(dir, "other", ".lavoir-123-3.tmp")
	for _, f := range []string{old, young, other} {
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dayAgo := time.Now().Add(-25 * time.Hour)
	for _, f := range []string{old, other} {
		if err := os.Chtimes(f, dayAgo, dayAgo); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.(store.Sweeper).Sweep(ctx, "set/", time.Now().Add(-24*time.Hour))
	if err != nil || n != 1 {
		t.Errorf("swept %d: %v", n, err)
	}
	if _, err := os.Stat(filepath.Dir(old)); !os.IsNotExist(err) {
		t.Errorf("the empty folder stays: %v", err)
	}
	for _, f := range []string{young, other} {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
}

func TestLocalEvidence(t *testing.T) {
	dir := t.TempDir()
	s := openLocal(t, dir, "")
	if err := s.(pipelines.EvidenceStore).WriteEvidence(context.Background(), "tasks/a.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "tasks", "a.json"))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", st.Mode())
	}
}

func TestLocalRefusals(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := openLocal(t, file, "").Put(ctx, "x", store.Bytes(nil, ""))
	if !messages.Has(err, messages.FolderRefused) {
		t.Errorf("a file is no folder: %v", err)
	}
	_, err = openLocal(t, filepath.Join(dir, "absent"), "").Stat(ctx, "x")
	if !messages.Has(err, messages.NotFound) {
		t.Errorf("absent: %v", err)
	}
}

func TestLocalDoctor(t *testing.T) {
	dir := t.TempDir()
	for _, f := range openLocal(t, dir, "").(pipelines.Doctor).Examine(context.Background()) {
		if !f.OK || f.Err != nil {
			t.Errorf("%s: %v", f.Check, f.Err)
		}
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("the doctor left %v", left)
	}
}

// A lock falls with the process that held it, however it ended.
func TestALockFallsWithItsProcess(t *testing.T) {
	if dir := os.Getenv("LAVOIR_TEST_LOCK"); dir != "" {
		lock := flock.New(filepath.Join(dir, ".lavoir.lock"))
		if held, err := lock.TryLock(); err != nil || !held {
			t.Fatal(held, err)
		}
		os.Stdout.WriteString("held\n")
		io.Copy(io.Discard, os.Stdin) // until it is killed
		lock.Unlock()                 // a lock that nothing refers to would be collected
		return
	}
	dir, ctx := t.TempDir(), context.Background()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestALockFallsWithItsProcess$")
	temp := t.TempDir() // what is killed removes nothing
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TMP="+temp, "LAVOIR_TEST_LOCK="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "held" {
		t.Fatalf("%q, %v", line, err)
	}
	s := openLocal(t, dir, "")
	hurried, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := s.Swap(hurried, "current.json", []byte("{}"), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the lock was not held: %v", err)
	}
	cmd.Process.Kill()
	if _, err := s.Swap(ctx, "current.json", []byte("{}"), ""); err != nil {
		t.Error(err)
	}
}

// The SHA-256 of a large file is told without reading it again only by who wrote it, and
// as long as nobody wrote it since.
func TestLocalKnowsWhatItWrote(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := openLocal(t, dir, "")
	large := store.Bytes(bytes.Repeat([]byte("lavoir de Val-Fleuri "), 10_000), "text/plain")
	other := store.Bytes(bytes.Repeat([]byte("lavoir de Haut-Pré! "), 10_000), "text/plain")
	sum := func(s store.Store, key string) string {
		t.Helper()
		info, err := s.Stat(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		return info.SHA256
	}
	info, err := s.Put(ctx, "a/x", large)
	if err != nil {
		t.Fatal(err)
	}
	if info.SHA256 != large.SHA256 || sum(s, "a/x") != large.SHA256 {
		t.Errorf("put gave %q", info.SHA256)
	}
	if got := sum(openLocal(t, dir, ""), "a/x"); got != "" {
		t.Errorf("who did not write it says %q", got)
	}
	if _, err := s.Put(ctx, "a/y", other); err != nil {
		t.Fatal(err)
	}
	if x, y := sum(s, "a/x"), sum(s, "a/y"); x != "" && x != large.SHA256 || y != other.SHA256 {
		t.Errorf("of two files it says %q and %q", x, y)
	}
	path := filepath.Join(dir, "a", "y")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[0] ^= 1
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := sum(s, "a/y"); got != "" {
		t.Errorf("of a file that was changed since it says %q", got)
	}
}
