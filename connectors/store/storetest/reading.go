package storetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Variable is the value of a variable that `dev/services env` sets. Without it the
// test is skipped, or fails when LAVOIR_REQUIRE_SERVICES=1.
func Variable(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		if os.Getenv("LAVOIR_REQUIRE_SERVICES") == "1" {
			t.Fatalf("%s is not set, and LAVOIR_REQUIRE_SERVICES=1", name)
		}
		t.Skipf("%s is not set: no server to test with; see dev/services", name)
	}
	return v
}

// Served are the files that Read wants a store to hold.
func Served() map[string][]byte {
	large := bytes.Repeat([]byte("lavoir de Val-Fleuri "), 150_000) // 3 MiB
	return map[string][]byte{
		"plain.csv":                []byte("id;nom\n1;Val-Fleuri\n"),
		"empty.csv":                {},
		"exports/été 2024/a+b.csv": []byte("accents, spaces and signs\n"),
		"exports/large.bin":        large,
		"exports/small.bin":        large[:64<<10],
		"exports/larger.bin":       large[:64<<10+1],
		"exportsx":                 []byte("x"),
	}
}

// Fill writes Served into a folder that a server of another account serves.
func Fill(t testing.TB, dir string) {
	t.Helper()
	for key, data := range Served() {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The process's mask may have closed them.
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o777)
		}
		return os.Chmod(path, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Read checks the contract of Reader on a store that holds Served. lists says
// whether it can be listed.
func Read(t *testing.T, r store.Reader, lists bool) {
	ctx := context.Background()
	t.Run("bytes come back", func(t *testing.T) {
		for key, want := range Served() {
			got, opened := getFrom(ctx, t, r, key)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes came back as %d", key, len(want), len(got))
			}
			stat, err := r.Stat(ctx, key)
			if err != nil {
				t.Errorf("stat %s: %v", key, err)
				continue
			}
			sum := store.Bytes(want, "").SHA256
			for _, info := range []store.Info{opened, stat} {
				if info.Size != int64(len(want)) || info.SHA256 != "" && info.SHA256 != sum || info.Version != stat.Version || !told(info.Modified) {
					t.Errorf("%s, %d bytes, is described as %+v and %+v", key, len(want), opened, stat)
				}
			}
		}
	})
	t.Run("several at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 6 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				body, _, err := r.Open(ctx, "exports/large.bin")
				if err != nil {
					t.Error(err)
					return
				}
				defer body.Close()
				if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, Served()["exports/large.bin"]) {
					t.Errorf("%d bytes: %v", len(got), err)
				}
			}()
		}
		wg.Wait()
	})
	t.Run("closed early", func(t *testing.T) {
		for range 3 {
			body, _, err := r.Open(ctx, "exports/large.bin")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(body, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			body.Close()
		}
		getFrom(ctx, t, r, "plain.csv")
	})
	t.Run("absent", func(t *testing.T) {
		for _, key := range []string{"absent.csv", "no folder/absent.csv"} {
			if _, _, err := r.Open(ctx, key); !messages.Has(err, messages.NotFound) {
				t.Errorf("open: %v", err)
			}
			if _, err := r.Stat(ctx, key); !messages.Has(err, messages.NotFound) {
				t.Errorf("stat: %v", err)
			}
		}
	})
	t.Run("keys cannot leave", func(t *testing.T) {
		for _, key := range []string{"", ".", "..", "../x", "a/../../x", "/etc/passwd", `..\x`, "a//b", "a\x00b"} {
			if _, _, err := r.Open(ctx, key); !messages.Has(err, messages.BadKey) {
				t.Errorf("open %q: %v", key, err)
			}
			if _, err := r.Stat(ctx, key); !messages.Has(err, messages.BadKey) {
				t.Errorf("stat %q: %v", key, err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		body, _, err := r.Open(ctx, "exports/large.bin")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		cancel()
		if _, err := io.Copy(io.Discard, body); err == nil {
			t.Error("the reading went on")
		}
		if _, _, err := r.Open(ctx, "plain.csv"); err == nil {
			t.Error("an opening succeeded")
		}
		getFrom(context.Background(), t, r, "plain.csv")
	})
	if lists {
		t.Run("listing", func(t *testing.T) { readListing(ctx, t, r) })
	}
}

// told says whether a time is one of today, or not told.
func told(t time.Time) bool { return t.IsZero() || time.Since(t).Abs() < 25*time.Hour }

func readListing(ctx context.Context, t *testing.T, r store.Reader) {
	for prefix, want := range map[string][]string{
		"":             {"empty.csv", "exports/large.bin", "exports/larger.bin", "exports/small.bin", "exports/été 2024/a+b.csv", "exportsx", "plain.csv"},
		"exports/":     {"exports/large.bin", "exports/larger.bin", "exports/small.bin", "exports/été 2024/a+b.csv"},
		"exports":      {"exports/large.bin", "exports/larger.bin", "exports/small.bin", "exports/été 2024/a+b.csv", "exportsx"},
		"exports/lar":  {"exports/large.bin", "exports/larger.bin"},
		"exports/ét":   {"exports/été 2024/a+b.csv"},
		"exports/x/":   nil,
		"no folder/ab": nil,
	} {
		infos, err := r.List(ctx, prefix)
		if err != nil {
			t.Errorf("under %q: %v", prefix, err)
			continue
		}
		var got []string
		for _, i := range infos {
			got = append(got, i.Key)
			if i.Size != int64(len(Served()[i.Key])) || i.Modified.IsZero() || !told(i.Modified) {
				t.Errorf("%+v", i)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("under %q: %s", prefix, d)
		}
	}
}

func getFrom(ctx context.Context, t *testing.T, r store.Reader, key string) ([]byte, store.Info) {
	t.Helper()
	body, info, err := r.Open(ctx, key)
	if err != nil {
		t.Errorf("open %s: %v", key, err)
		return nil, info
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("read %s: %v", key, err)
	}
	return data, info
}

// Proxy passes connections on, and cuts them.
type Proxy struct {
	Address string
	// CutAfter is how many bytes from the server the next connections let through
	// before they are cut; each connection takes one, the rest are not cut.
	mu       sync.Mutex
	cutAfter []int64
	opened   atomic.Int64
}

// NewProxy listens on the loopback before the server at address.
func NewProxy(t testing.TB, address string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				p.pass(client, address)
			}()
		}
	}()
	return p
}

// Cut gives the bytes after which the next connections break.
func (p *Proxy) Cut(after ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAfter = after
}

// Opened is how many connections were made.
func (p *Proxy) Opened() int64 { return p.opened.Load() }

func (p *Proxy) pass(client net.Conn, address string) {
	defer client.Close()
	p.opened.Add(1)
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	limit := int64(-1)
	p.mu.Lock()
	if len(p.cutAfter) > 0 {
		limit, p.cutAfter = p.cutAfter[0], p.cutAfter[1:]
	}
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	if limit < 0 {
		_, _ = io.Copy(client, server)
	} else {
		_, _ = io.CopyN(client, server, limit)
	}
	client.Close()
	<-done
}
