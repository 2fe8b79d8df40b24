package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Run checks the contract of Store on an empty store.
func Run(t *testing.T, s store.Store) {
	ctx := context.Background()
	t.Run("bytes come back", func(t *testing.T) { roundTrip(ctx, t, s) })
	t.Run("listing", func(t *testing.T) { listing(ctx, t, s) })
	t.Run("keys cannot leave", func(t *testing.T) { keys(ctx, t, s) })
	t.Run("absent", func(t *testing.T) { absent(ctx, t, s) })
	t.Run("swap", func(t *testing.T) { swap(ctx, t, s) })
	t.Run("swap race", func(t *testing.T) { swapRace(ctx, t, s) })
	t.Run("content that is not what it says", func(t *testing.T) { liar(ctx, t, s) })
	t.Run("evidence", func(t *testing.T) { evidence(ctx, t, s) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, s) })
	if m, ok := s.(store.Mover); ok {
		t.Run("taking away", func(t *testing.T) { takingAway(ctx, t, s, m) })
	}
	t.Run("clock", func(t *testing.T) {
		now, err := s.Now(ctx)
		if d := time.Since(now).Abs(); err != nil || d > time.Minute {
			t.Errorf("the store's clock is %v off: %v", d, err)
		}
	})
}

func put(ctx context.Context, t *testing.T, s store.Store, key string, data []byte) store.Info {
	t.Helper()
	info, err := s.Put(ctx, key, store.Bytes(data, "application/octet-stream"))
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return info
}

func get(ctx context.Context, t *testing.T, s store.Store, key string) ([]byte, store.Info) {
	t.Helper()
	r, info, err := s.Open(ctx, key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return data, info
}

func roundTrip(ctx context.Context, t *testing.T, s store.Store) {
	large := bytes.Repeat([]byte("lavoir de Val-Fleuri "), 600_000) // 12 MiB
	for _, data := range [][]byte{nil, []byte("x"), large[:64<<10], large[:64<<10+1], large, []byte("short again")} {
		put(ctx, t, s, "round/trip é.bin", data)
		got, opened := get(ctx, t, s, "round/trip é.bin")
		if !bytes.Equal(got, data) {
			t.Fatalf("%d bytes came back as %d others", len(data), len(got))
		}
		stat, err := s.Stat(ctx, "round/trip é.bin")
		if err != nil {
			t.Fatal(err)
		}
		want := store.Bytes(data, "")
		for _, info := range []store.Info{stat, opened} {
			if info.Size != want.Size || info.SHA256 != "" && info.SHA256 != want.SHA256 || info.Version == "" || info.Version != stat.Version {
				t.Errorf("%d bytes are described as %+v", len(data), info)
			}
		}
	}
	for range 2 {
		if err := s.Delete(ctx, "round/trip é.bin"); err != nil {
			t.Fatal(err)
		}
	}
}

func listing(ctx context.Context, t *testing.T, s store.Store) {
	for _, k := range []string{"list/a/b", "list/a.b", "list/a/c", "list/a-b", "list/ab", "other/a"} {
		put(ctx, t, s, k, []byte(k))
	}
	for prefix, want := range map[string][]string{
		"list/":      {"list/a-b", "list/a.b", "list/a/b", "list/a/c", "list/ab"},
		"list/a/":    {"list/a/b", "list/a/c"},
		"list/a":     {"list/a-b", "list/a.b", "list/a/b", "list/a/c", "list/ab"},
		"list/none/": nil,
	} {
		infos, err := s.List(ctx, prefix)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range infos {
			got = append(got, i.Key)
			if i.Size != int64(len(i.Key)) || time.Since(i.Modified).Abs() > time.Minute {
				t.Errorf("%+v", i)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("under %q: %s", prefix, d)
		}
	}
}

func keys(ctx context.Context, t *testing.T, s store.Store) {
	for _, key := range []string{
		"", ".", "..", "../x", "a/../../x", "/x", "a//b", "a/./b", "a/", `a\b`, `..\x`, "a\x00b",
		"C:x", "a/NUL", "a/com1.txt", "LPT9", "a/b.", "a/b ", "a/b?", "a/\x07", ".lavoir.lock", "a/.lavoir-x",
	} {
		_, err := s.Put(ctx, key, store.Bytes([]byte("x"), ""))
		if !messages.Has(err, messages.BadKey) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.Swap(ctx, key, []byte("x"), ""); !messages.Has(err, messages.BadKey) {
			t.Errorf("swap %q: %v", key, err)
		}
	}
	for _, key := range []string{"", "..", "../x", "a/../../x", "/etc/passwd", `..\x`} {
		if _, _, err := s.Open(ctx, key); !messages.Has(err, messages.BadKey) {
			t.Errorf("open %q: %v", key, err)
		}
		if _, err := s.Stat(ctx, key); !messages.Has(err, messages.BadKey) {
			t.Errorf("stat %q: %v", key, err)
		}
		if err := s.Delete(ctx, key); !messages.Has(err, messages.BadKey) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

func absent(ctx context.Context, t *testing.T, s store.Store) {
	if _, _, err := s.Open(ctx, "absent/x"); !messages.Has(err, messages.NotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.Stat(ctx, "absent/x"); !messages.Has(err, messages.NotFound) {
		t.Errorf("stat: %v", err)
	}
	if err := s.Delete(ctx, "absent/x"); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func swap(ctx context.Context, t *testing.T, s store.Store) {
	const key = "swap/current.json"
	refused := func(data, old string) {
		t.Helper()
		before, _, _ := s.Open(ctx, key)
		if before != nil {
			before.Close()
		}
		if _, err := s.Swap(ctx, key, []byte(data), old); !messages.Has(err, messages.ConditionFailed) {
			t.Errorf("swap from %q: %v", old, err)
		}
	}
	refused("0", "feedfacefeedfacefeedfacefeedface")
	one, err := s.Swap(ctx, key, []byte("1"), "")
	if err != nil {
		t.Fatal(err)
	}
	refused("2", "")
	refused("2", "feedfacefeedfacefeedfacefeedface")
	two, err := s.Swap(ctx, key, []byte("2"), one.Version)
	if err != nil {
		t.Fatal(err)
	}
	refused("3", one.Version)
	data, info := get(ctx, t, s, key)
	if string(data) != "2" || info.Version != two.Version || two.Version == one.Version {
		t.Errorf("got %q, version %q, wanted %q", data, info.Version, two.Version)
	}
}

func swapRace(ctx context.Context, t *testing.T, s store.Store) {
	const key, writers = "race/current.json", 8
	version := ""
	for round := range 3 {
		var wg sync.WaitGroup
		infos, errs := make([]store.Info, writers), make([]error, writers)
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				infos[w], errs[w] = s.Swap(ctx, key, fmt.Appendf(nil, "%d of round %d", w, round), version)
			}()
		}
		wg.Wait()
		var winner *store.Info
		for w, err := range errs {
			switch {
			case err == nil && winner != nil:
				t.Fatal("two swaps from one version succeeded")
			case err == nil:
				winner = &infos[w]
			case !messages.Has(err, messages.ConditionFailed):
				t.Fatal(err)
			}
		}
		if winner == nil {
			t.Fatal("no swap succeeded")
		}
		version = winner.Version
	}
}

func liar(ctx context.Context, t *testing.T, s store.Store) {
	put(ctx, t, s, "liar/x", []byte("old"))
	for name, c := range map[string]store.Content{
		"shorter": {Size: 9, SHA256: store.Bytes([]byte("new"), "").SHA256},
		"other":   {Size: 3, SHA256: store.Bytes([]byte("old"), "").SHA256},
	} {
		c.Open = store.Bytes([]byte("new"), "").Open
		if _, err := s.Put(ctx, "liar/x", c); err == nil {
			t.Errorf("%s: put succeeded", name)
		}
		if data, _ := get(ctx, t, s, "liar/x"); string(data) != "old" {
			t.Errorf("%s: a reader sees %q", name, data)
		}
	}
}

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Put(ctx, "cancelled/x", store.Bytes([]byte("x"), "")); err == nil {
		t.Error("put succeeded")
	}
	if _, err := s.Stat(context.Background(), "cancelled/x"); !messages.Has(err, messages.NotFound) {
		t.Errorf("something is there: %v", err)
	}
}

// evidence says that entries of a journal line up: of those added under one name at
// once one is there, whole.
func evidence(ctx context.Context, t *testing.T, s store.Store) {
	e := s.(pipelines.EvidenceStore)
	if names, err := e.ListEvidence(ctx, "evidence/a"); err != nil || len(names) != 0 {
		t.Errorf("before anything: %v %v", names, err)
	}
	if _, err := e.ReadEvidence(ctx, "evidence/a/1.json"); !messages.Has(err, messages.NotFound) {
		t.Errorf("absent: %v", err)
	}
	const writers = 6
	for _, name := range []string{"2.json", "1.json"} {
		var wg sync.WaitGroup
		errs := make([]error, writers)
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				errs[w] = e.AddEvidence(ctx, "evidence/a/"+name, fmt.Appendf(nil, "%d", w))
			}()
		}
		wg.Wait()
		data, err := e.ReadEvidence(ctx, "evidence/a/"+name)
		if err != nil {
			t.Fatal(err)
		}
		won := 0
		for w, err := range errs {
			switch {
			case err == nil && string(data) != fmt.Sprint(w):
				t.Errorf("%s holds %s, and %d was told it is there", name, data, w)
			case err == nil:
				won++
			case !messages.Has(err, messages.ConditionFailed):
				t.Errorf("%s: %v", name, err)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d were told it is there", name, won)
		}
	}
	for _, name := range []string{"evidence/a/sub/3.json", "evidence/ab.json"} {
		if err := e.WriteEvidence(ctx, name, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	names, err := e.ListEvidence(ctx, "evidence/a")
	if d := cmp.Diff([]string{"1.json", "2.json"}, names); err != nil || d != "" {
		t.Errorf("%v: %s", err, d)
	}
}

// takingAway: what is moved or removed is what was told of, and replaces nothing.
func takingAway(ctx context.Context, t *testing.T, s store.Store, m store.Mover) {
	was := put(ctx, t, s, "drop/été 1.csv", []byte("one"))
	put(ctx, t, s, "drop/taken.csv", []byte("two"))
	if err := m.Move(ctx, was, "drop/taken.csv"); !messages.Has(err, messages.ConditionFailed) {
		t.Errorf("over another: %v", err)
	}
	if err := m.Move(ctx, was, "done/deep/été 1.csv"); err != nil {
		t.Fatal(err)
	}
	if data, _ := get(ctx, t, s, "done/deep/été 1.csv"); string(data) != "one" {
		t.Errorf("moved: %q", data)
	}
	if _, err := s.Stat(ctx, "drop/été 1.csv"); !messages.Has(err, messages.NotFound) {
		t.Errorf("it is still there: %v", err)
	}
	was = put(ctx, t, s, "drop/changed.csv", []byte("old"))
	put(ctx, t, s, "drop/changed.csv", []byte("longer"))
	if err := m.Remove(ctx, was); !messages.Has(err, messages.ConditionFailed) {
		t.Errorf("remove what changed: %v", err)
	}
	if err := m.Move(ctx, was, "done/changed.csv"); !messages.Has(err, messages.ConditionFailed) {
		t.Errorf("move what changed: %v", err)
	}
	now, err := s.Stat(ctx, "drop/changed.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(ctx, now); err != nil {
		t.Error(err)
	}
	if infos, err := s.List(ctx, "drop/"); err != nil || len(infos) != 1 || infos[0].Key != "drop/taken.csv" {
		t.Errorf("%v, %v", infos, err)
	}
}
