package file

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func superseding() pipelines.Manifest {
	m := testManifest
	m.Supersedes = true
	return m
}

// releasesOf are the folders that stand under releases/.
func releasesOf(t *testing.T, l *load) []string {
	t.Helper()
	infos, err := l.releases(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range l.byFolder(infos) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A release that supersedes stands alone, is published again as it came, and whatever
// operation fails a reader sees the old or the new one, whole (invariant 1); the next
// run erases what is left.
func TestSupersedeAtEveryOperation(t *testing.T) {
	broken := errors.New("the store is gone")
	for k := 1; ; k++ {
		l := testLoad(t, localStore(t, t.TempDir()))
		publish(t, l, "older")
		publish(t, l, "old")
		run := l.fresh()
		n, failed := 0, ""
		run.store = &counted{l.store, func(op string) error {
			if n++; n == k {
				failed = op
				return broken
			}
			return nil
		}}
		r, err := seal(t, run, "new").Publish(context.Background(), superseding())
		now := seen(t, l)
		switch {
		case now != "old" && now != "new":
			t.Fatalf("after %q failed a reader sees %q", failed, now)
		case err == nil && now != "new":
			t.Fatalf("after %q failed: published %+v, and a reader sees %q", failed, r, now)
		case err == nil && len(releasesOf(t, l)) > 1 && r.Remaining == 0:
			t.Fatalf("after %q failed: %v stay, and nothing is said of them: %+v", failed, releasesOf(t, l), r)
		}
		again := l.fresh()
		next, err := seal(t, again, "new").Publish(context.Background(), superseding())
		if err != nil || len(next.Pending) > 0 || next.Remaining > 0 {
			t.Fatalf("after %q failed the next run: %+v %v", failed, next, err)
		}
		verified(t, l)
		if names := releasesOf(t, l); len(names) != 1 {
			t.Fatalf("after %q failed %v stay", failed, names)
		}
		if failed == "" {
			t.Logf("%d operations", n)
			break
		}
	}
}

// Where older releases may not be deleted nothing is published that should stand
// alone; where only the current one is left that shows after the pointer, and is said.
func TestSupersedeWithoutTheRightToDelete(t *testing.T) {
	refused := messages.NotAllowed.With("store", "it")
	l := testLoad(t, localStore(t, t.TempDir()))
	publish(t, l, "old")
	var notes []*messages.Error
	l.env.Note = func(e *messages.Error) { notes = append(notes, e) }
	run := l.fresh()
	run.store = &counted{l.store, func(op string) error {
		if strings.HasPrefix(op, "delete ") {
			return refused
		}
		return nil
	}}
	r, err := seal(t, run, "new").Publish(context.Background(), superseding())
	if err != nil || r.Remaining != 1 || seen(t, l) != "new" || len(notes) != 1 || notes[0].Message != messages.NotErased {
		t.Errorf("%+v %v %v", r, err, notes)
	}
	run = l.fresh()
	run.store = &counted{l.store, func(op string) error {
		if strings.HasPrefix(op, "delete ") {
			return refused
		}
		return nil
	}}
	if _, err := seal(t, run, "newer").Publish(context.Background(), superseding()); !messages.Has(err, messages.NotAllowed) || seen(t, l) != "new" {
		t.Errorf("%v, and a reader sees %q", err, seen(t, l))
	}
}

// What is public is read back from the bytes that its manifest names, and from no others.
func TestPublicReleases(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	l := testLoad(t, localStore(t, dir), func(c *loadConfig) { c.Prefix = "" })
	if all, err := l.Releases(ctx); err != nil || len(all) > 0 {
		t.Fatalf("before anything is public: %v %v", all, err)
	}
	a, b := publish(t, l, "A"), publish(t, l, "B")
	all, err := l.Releases(ctx)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	read := func(p pipelines.PublicRelease) (string, error) {
		var rows []string
		for range 2 { // what was fetched is read again
			s, err := p.Open(ctx)
			if err != nil {
				return "", err
			}
			rows = nil
			err = pipelines.Each(ctx, s, func(b pipelines.Batch) error {
				defer b.Release()
				rows = append(rows, b.Column(0).ValueStr(0))
				return nil
			})
			if e := s.Close(); err == nil {
				err = e
			}
			if err != nil {
				return "", err
			}
		}
		return strings.Join(rows, " "), p.Close()
	}
	contents := map[string]string{a.Release: "A", b.Release: "B"}
	for _, p := range all {
		if got, err := read(p); err != nil || got != contents[p.Manifest().Release] {
			t.Errorf("%q %v", got, err)
		}
	}
	if left, err := os.ReadDir(l.env.Dir); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "release-") }) {
		t.Errorf("copies stay: %v %v", left, err)
	}
	damage := func(release, name, text string) pipelines.PublicRelease {
		t.Helper()
		if _, err := l.store.Put(ctx, l.key(releasesName, release, name), store.Bytes([]byte(text), "")); err != nil {
			t.Fatal(err)
		}
		all, err := l.Releases(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if p.Manifest().Release == release {
				return p
			}
		}
		t.Fatalf("%s is gone", release)
		return nil
	}
	// another file of the release holds the same rows
	if got, err := read(damage(a.Release, l.names[0], "x")); err != nil || got != "A" {
		t.Errorf("one file of two is damaged: %q %v", got, err)
	}
	if _, err := read(damage(a.Release, l.names[1], "x")); !messages.Has(err, messages.ReleaseIncomplete) {
		t.Errorf("both are: %v", err)
	}
	if _, err := read(damage(b.Release, manifestName, "{}")); !messages.Has(err, messages.BadPointer) {
		t.Errorf("a manifest that cannot be understood: %v", err)
	}
}

// A Parquet file is read before others, and where the load writes none any more.
func TestPublicParquet(t *testing.T) {
	ctx := context.Background()
	s := localStore(t, t.TempDir())
	l := testLoad(t, s, func(c *loadConfig) {
		c.Files = append(fileBlocks(".csv"), pipelines.Built{Component: format.Parquet, Label: "parquet", Config: format.Parquet.New()})
	})
	if _, err := seal(t, l, "A").Publish(ctx, testManifest); err != nil {
		t.Fatal(err)
	}
	later := testLoad(t, s, func(c *loadConfig) { c.Files = fileBlocks(".csv") })
	all, err := later.Releases(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	defer all[0].Close()
	in, err := all[0].Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	b, err := in.Next(ctx)
	if err != nil || b.Column(0).ValueStr(0) != "A" {
		t.Fatalf("%v %v", b, err)
	}
	b.Release()
	if name := all[0].(*publicRelease).file.Name; !strings.HasSuffix(name, ".parquet") {
		t.Errorf("read from %s", name)
	}
	if _, err := in.Next(ctx); err != io.EOF {
		t.Error(err)
	}
}

// Invariant 1: a publisher that supersedes, killed at any instant, leaves the old or the
// new release, and the next run leaves the new one alone.
func TestKilledAtEveryStepOfSuperseding(t *testing.T) {
	t.Setenv(childAlone, "yes")
	eachPlace(t, func(t *testing.T, p place) {
		olds, news := 0, 0
		for k := 1; ; k++ {
			prefix := "superseding/" + strconv.Itoa(k)
			s := &watched{Store: p.open(t)}
			l := testLoad(t, s, func(c *loadConfig) { c.Prefix = prefix })
			publish(t, l, "older")
			publish(t, l, "old")
			killed := runChild(t, p.where, prefix, k, 0)
			switch now := seen(t, l); now {
			case "new":
				news++
			case "old":
				olds++
			default:
				t.Fatalf("killed at operation %d, a reader sees %q", k, now)
			}
			next, err := seal(t, l.fresh(), "new").Publish(context.Background(), superseding())
			if p.name != "folder" && next.Remaining > 0 { // of the same second as the pointer
				s.ahead = 25 * time.Hour
				next, err = seal(t, l.fresh(), "new").Publish(context.Background(), superseding())
			}
			if err != nil || len(next.Pending) > 0 || next.Remaining > 0 || len(releasesOf(t, l)) != 1 {
				t.Fatalf("killed at operation %d, the next run leaves %v: %+v %v", k, releasesOf(t, l), next, err)
			}
			verified(t, l)
			if !killed {
				break
			}
		}
		if olds == 0 || news < 2 {
			t.Errorf("%d kills left the old release, %d the new one: not every step was reached", olds, news)
		}
		t.Logf("%d kills left the old release, %d the new one", olds, news-1)
	})
}
