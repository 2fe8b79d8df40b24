package file

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
)

// counted calls hit before every operation of a store and every read of what is
// written to it, so that something can happen between any two of them.
type counted struct {
	store.Store
	hit func(op string) error
}

func (c *counted) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	if err := c.hit("open " + key); err != nil {
		return nil, store.Info{}, err
	}
	return c.Store.Open(ctx, key)
}

func (c *counted) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := c.hit("stat " + key); err != nil {
		return store.Info{}, err
	}
	return c.Store.Stat(ctx, key)
}

func (c *counted) List(ctx context.Context, prefix string) ([]store.Info, error) {
	if err := c.hit("list " + prefix); err != nil {
		return nil, err
	}
	return c.Store.List(ctx, prefix)
}

func (c *counted) Put(ctx context.Context, key string, content store.Content) (store.Info, error) {
	if err := c.hit("put " + key); err != nil {
		return store.Info{}, err
	}
	open := content.Open
	content.Open = func() (io.ReadSeekCloser, error) {
		r, err := open()
		return &countedReader{r, c.hit}, err
	}
	return c.Store.Put(ctx, key, content)
}

type countedReader struct {
	io.ReadSeekCloser
	hit func(string) error
}

func (r *countedReader) Read(p []byte) (int, error) {
	if err := r.hit("read content"); err != nil {
		return 0, err
	}
	return r.ReadSeekCloser.Read(p)
}

func (c *counted) Swap(ctx context.Context, key string, data []byte, old string) (store.Info, error) {
	if err := c.hit("swap " + key); err != nil {
		return store.Info{}, err
	}
	info, err := c.Store.Swap(ctx, key, data, old)
	if err == nil {
		err = c.hit("answer of swap " + key)
	}
	return info, err
}

func (c *counted) Delete(ctx context.Context, key string) error {
	if err := c.hit("delete " + key); err != nil {
		return err
	}
	return c.Store.Delete(ctx, key)
}

func (c *counted) Now(ctx context.Context) (time.Time, error) {
	if err := c.hit("now"); err != nil {
		return time.Time{}, err
	}
	return c.Store.Now(ctx)
}

func (c *counted) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	if err := c.hit("sweep " + prefix); err != nil {
		return 0, err
	}
	return c.Store.(store.Sweeper).Sweep(ctx, prefix, before)
}

// Whatever operation fails, a reader sees the old or the new release, whole, and
// the next run converges. An answer of the swap that is lost is a failure too.
func TestEveryOperationFails(t *testing.T) {
	broken := errors.New("the store is gone")
	for _, before := range []string{"", "old"} {
		for k := 1; ; k++ {
			dir := t.TempDir()
			l := testLoad(t, localStore(t, dir))
			if before != "" {
				publish(t, l, before)
			}
			run := l.fresh()
			n, failed := 0, ""
			run.store = &counted{l.store, func(op string) error {
				if n++; n == k {
					failed = op
					return broken
				}
				return nil
			}}
			r, err := seal(t, run, "new").Publish(context.Background(), testManifest)
			now := seen(t, l)
			switch {
			case now != before && now != "new":
				t.Fatalf("after %q failed a reader sees %q", failed, now)
			case err == nil && now != "new":
				t.Fatalf("after %q failed: published %+v, and a reader sees %q", failed, r, now)
			case err != nil && now == "new" && !strings.HasPrefix(failed, "answer of swap"):
				t.Fatalf("after %q failed: %v, and a reader sees the new release", failed, err)
			}
			if err == nil && len(r.Pending) == 0 {
				verified(t, l)
			}
			if next := publish(t, l, "new"); len(next.Pending) > 0 {
				t.Fatalf("after %q failed the next run leaves %v", failed, next.Pending)
			}
			verified(t, l)
			if failed == "" {
				t.Logf("from %q: %d operations", before, n)
				break
			}
		}
	}
}

const (
	childStore = "LAVOIR_TEST_CHILD_STORE" // a folder, or endpoint, bucket, access and secret in lines
	childKill  = "LAVOIR_TEST_CHILD_KILL"  // after how many operations
	childSize  = "LAVOIR_TEST_CHILD_SIZE"  // of the content
	childUnder = "LAVOIR_TEST_CHILD_PREFIX"
	childAlone = "LAVOIR_TEST_CHILD_SUPERSEDES"
)

// TestPublisherChild is no test: it is the publisher that the tests below run as
// a process of its own, which kills itself.
func TestPublisherChild(t *testing.T) {
	where := os.Getenv(childStore)
	if where == "" {
		t.Skip("only run by other tests, as a process of their own")
	}
	left, err := strconv.Atoi(os.Getenv(childKill))
	if err != nil {
		t.Fatal(err)
	}
	size, _ := strconv.Atoi(os.Getenv(childSize))
	var s store.Store
	if b := strings.Split(where, "\n"); len(b) == 4 {
		bucket := storetest.Bucket{Endpoint: b[0], Name: b[1], Access: b[2], Secret: b[3]}
		s = storetest.Open(t, store.S3, bucket.HCL(`part_size = "5MiB"`), bucket.Env(t.TempDir()))
	} else {
		s = localStore(t, where)
	}
	var mu sync.Mutex // held for good by who dies
	hit := func(string) error {
		mu.Lock()
		if left--; left == 0 {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				panic(err)
			}
			select {}
		}
		mu.Unlock()
		return nil
	}
	l := testLoad(t, &counted{s, hit}, func(c *loadConfig) { c.Prefix = os.Getenv(childUnder) })
	if os.Getenv(childAlone) != "" {
		if _, err := seal(t, l, "new").Publish(context.Background(), superseding()); err != nil {
			t.Fatal(err)
		}
		return
	}
	publish(t, l, "new"+strings.Repeat("*", size))
}

// runChild publishes "new" in a process that is killed at its k-th operation,
// and says whether it was.
func runChild(t *testing.T, where, prefix string, k, size int) (killed bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestPublisherChild$", "-test.v")
	temp := t.TempDir() // what is killed removes nothing
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TMP="+temp, childStore+"="+where, childUnder+"="+prefix,
		childKill+"="+strconv.Itoa(k), childSize+"="+strconv.Itoa(size))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && strings.Contains(string(out), "--- FAIL"):
		t.Fatalf("the publisher failed by itself: %s", out)
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	return true
}

// place is a store to be killed on, and the way to open it as another run would.
type place struct {
	name, where string
	open        func(t *testing.T) store.Store
}

func eachPlace(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		test(t, place{"folder", dir, func(t *testing.T) store.Store { return localStore(t, dir) }})
	})
	for _, s := range storetest.Servers {
		t.Run(s.Name, func(t *testing.T) {
			b := storetest.NewBucket(t, s.Variable)
			where := strings.Join([]string{b.Endpoint, b.Name, b.Access, b.Secret}, "\n")
			test(t, place{s.Name, where, func(t *testing.T) store.Store {
				return storetest.Open(t, store.S3, b.HCL(`part_size = "5MiB"`), b.Env(t.TempDir()))
			}})
		})
	}
}

// Invariant 1: a publisher killed at any instant leaves the old or the new
// release, the next run converges, and what is left over goes after the grace.
func TestKilledAtEveryStep(t *testing.T) {
	eachPlace(t, func(t *testing.T, p place) {
		for _, before := range []string{"", "old"} {
			olds, news := 0, 0
			for k := 1; ; k++ {
				prefix := "killed-" + before + "/" + strconv.Itoa(k)
				s := &watched{Store: p.open(t)}
				l := testLoad(t, s, func(c *loadConfig) { c.Prefix = prefix })
				if before != "" {
					publish(t, l, before)
				}
				killed := runChild(t, p.where, prefix, k, 0)
				switch now := seen(t, l); now {
				case "new":
					news++
				case before:
					olds++
				default:
					t.Fatalf("killed at operation %d, a reader sees %q", k, now)
				}
				if next := publish(t, l, "new"); len(next.Pending) > 0 || seen(t, l) != "new" {
					t.Fatalf("killed at operation %d, the next run leaves %+v", k, next)
				}
				verified(t, l)
				s.ahead = 25 * time.Hour
				publish(t, l, "new")
				verified(t, l)
				checkNothingLeft(t, l, before, p, prefix)
				if !killed {
					break
				}
			}
			if olds == 0 || news < 2 {
				t.Errorf("from %q: %d kills left the old release, %d the new one: not every step was reached", before, olds, news)
			}
			t.Logf("from %q: %d kills left the old release, %d the new one", before, olds, news-1)
		}
	})
}

func checkNothingLeft(t *testing.T, l *load, before string, p place, prefix string) {
	t.Helper()
	infos, err := l.store.List(context.Background(), prefix+"/releases/")
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	if before != "" {
		want = 2
	}
	if n := len(l.byFolder(infos)); n != want {
		t.Errorf("%d releases stay, wanted %d", n, want)
	}
	if p.name != "folder" {
		return
	}
	filepath.WalkDir(filepath.Join(p.where, filepath.FromSlash(prefix)), func(path string, _ os.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".tmp") {
			t.Errorf("left: %s %v", path, err)
		}
		return nil
	})
}

// Killed in the middle of an upload in parts.
func TestKilledBetweenParts(t *testing.T) {
	const size = 11 << 20
	eachPlace(t, func(t *testing.T, p place) {
		s := &watched{Store: p.open(t)}
		l := testLoad(t, s)
		publish(t, l, "old")
		for _, k := range []int{100, 400, 700, 1000} {
			killed := runChild(t, p.where, l.Prefix, k, size)
			now := seen(t, l)
			if now == "new"+strings.Repeat("*", size) {
				t.Logf("%d operations were enough to publish", k)
				break
			}
			if now != "old" || !killed {
				t.Fatalf("killed at operation %d, a reader sees %d bytes", k, len(now))
			}
		}
		s.ahead = 25 * time.Hour
		if r := publish(t, l, "old"); p.name == "versitygw" && r.Collected == 0 {
			t.Errorf("unfinished uploads stay: %+v", r)
		}
		verified(t, l)
	})
}
