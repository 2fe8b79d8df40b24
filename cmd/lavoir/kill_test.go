package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/cli"
	"github.com/lavoir-data/lavoir/transforms"
)

// killedMain is the command with stores that count what is asked of them, and
// that send the process the signal LAVOIR_TEST_SIGNAL at operation LAVOIR_TEST_AT.
func killedMain() {
	at, _ := strconv.ParseInt(os.Getenv("LAVOIR_TEST_AT"), 10, 64)
	sig, _ := strconv.Atoi(os.Getenv("LAVOIR_TEST_SIGNAL"))
	count := new(atomic.Int64)
	hit := func(ctx context.Context) {
		if count.Add(1) != at {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			self.Signal(syscall.Signal(sig))
		}
		if syscall.Signal(sig) == syscall.SIGKILL {
			select {}
		}
		<-ctx.Done() // the signal was received
	}
	all := make([]pipelines.Component, len(connectors.All))
	for i, c := range connectors.All {
		all[i] = c
		if c.Kind == pipelines.KindConnection && (c.Name == "local" || c.Name == "s3") {
			all[i] = counting(c, hit)
		}
	}
	cli.Main(pipelines.MustRegistry(all, transforms.All))
}

func counting(c pipelines.Component, hit func(context.Context)) pipelines.Component {
	return pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (store.Store, error) {
		s, err := c.Build(env, config)
		if err != nil {
			return nil, err
		}
		return &countingStore{s.(store.Store), hit}, nil
	})
}

type countingStore struct {
	store.Store
	hit func(context.Context)
}

func (s *countingStore) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	s.hit(ctx)
	return s.Store.Open(ctx, key)
}

func (s *countingStore) Stat(ctx context.Context, key string) (store.Info, error) {
	s.hit(ctx)
	return s.Store.Stat(ctx, key)
}

func (s *countingStore) List(ctx context.Context, prefix string) ([]store.Info, error) {
	s.hit(ctx)
	return s.Store.List(ctx, prefix)
}

// Put counts before it, at each read of what is written, and after it.
func (s *countingStore) Put(ctx context.Context, key string, c store.Content) (store.Info, error) {
	s.hit(ctx)
	open := c.Open
	c.Open = func() (io.ReadSeekCloser, error) {
		r, err := open()
		return &countingReader{r, func() { s.hit(ctx) }}, err
	}
	info, err := s.Store.Put(ctx, key, c)
	s.hit(ctx)
	return info, err
}

func (s *countingStore) Swap(ctx context.Context, key string, data []byte, old string) (store.Info, error) {
	s.hit(ctx)
	info, err := s.Store.Swap(ctx, key, data, old)
	s.hit(ctx)
	return info, err
}

func (s *countingStore) Delete(ctx context.Context, key string) error {
	s.hit(ctx)
	return s.Store.Delete(ctx, key)
}

func (s *countingStore) WriteEvidence(ctx context.Context, name string, data []byte) error {
	s.hit(ctx)
	return s.Store.(pipelines.EvidenceStore).WriteEvidence(ctx, name, data)
}

// AddEvidence counts before and after it.
func (s *countingStore) AddEvidence(ctx context.Context, name string, data []byte) error {
	s.hit(ctx)
	err := s.Store.(pipelines.EvidenceStore).AddEvidence(ctx, name, data)
	s.hit(ctx)
	return err
}

func (s *countingStore) ReadEvidence(ctx context.Context, name string) ([]byte, error) {
	s.hit(ctx)
	return s.Store.(pipelines.EvidenceStore).ReadEvidence(ctx, name)
}

func (s *countingStore) ListEvidence(ctx context.Context, folder string) ([]string, error) {
	s.hit(ctx)
	return s.Store.(pipelines.EvidenceStore).ListEvidence(ctx, folder)
}

type countingReader struct {
	io.ReadSeekCloser
	hit func()
}

func (r *countingReader) Read(p []byte) (int, error) {
	r.hit()
	return r.ReadSeekCloser.Read(p)
}

// signalled runs the command and sends it a signal at its n-th operation on a store.
func (p project) signalled(t *testing.T, sig syscall.Signal, n int) result {
	t.Helper()
	cmd, out, errOut := p.command("lavoir-killed", "run")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LAVOIR_TEST_AT=%d", n), fmt.Sprintf("LAVOIR_TEST_SIGNAL=%d", sig))
	return ended(t, cmd.Run(), out, errOut)
}

// TestKilledAtEveryOperation: kill -9 between any two operations on the store,
// and in the middle of every write, leaves the old release or the new one whole;
// the next run publishes the new one, and puts into the journal what the killed
// one did not come to say (invariants 1 and 10).
func TestKilledAtEveryOperation(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, at place) {
		p := newProject(t, at)
		p.write(t, "preuves.hcl", privateEvidence)
		p.input(t, 0, 50)
		p.must(t, 0, []string{"run"}, "1 published")
		old := reader(t, p.place.look(t))
		var last, found int
		for n := 1; ; n++ {
			p.input(t, n, 50)
			r := p.signalled(t, syscall.SIGKILL, n)
			if r.code == 0 {
				last = n
				break
			}
			if !r.killed() {
				t.Fatalf("operation %d: %v", n, r)
			}
			killed := p.place.look(t)
			now := reader(t, killed)
			if now.Generation != old.Generation && now.Generation != old.Generation+1 {
				t.Fatalf("operation %d: generation %d after %d", n, now.Generation, old.Generation)
			}
			if now.Generation == old.Generation && now.Release != old.Release {
				t.Fatalf("operation %d: another release under the same generation", n)
			}
			stable(t, killed, old, now)

			next := p.must(t, 0, []string{"run"})
			if strings.Contains(next.out, "LAV-2029") {
				found++
			}
			all := p.place.look(t)
			healed := reader(t, all)
			if healed.Generation != old.Generation+1 || healed.Release == old.Release {
				t.Fatalf("operation %d: the next run made generation %d after %d", n, healed.Generation, old.Generation)
			}
			stable(t, all, healed)
			old = healed
		}
		if last < 20 {
			t.Errorf("only %d operations were counted", last)
		}
		if found == 0 {
			t.Error("no run found a release that a killed one had not put into the journal")
		}
		p.must(t, 0, []string{"verify"}, "journal (entries: ")
		generations := map[int]bool{}
		for _, e := range p.journal(t) {
			for _, s := range e.Published {
				generations[s.Generation] = true
			}
		}
		for g := 1; g <= reader(t, p.place.look(t)).Generation; g++ {
			if !generations[g] {
				t.Errorf("the journal does not know generation %d", g)
			}
		}
	})
}

const privateEvidence = `
project {
  evidence = connection.local.preuves
}
connection "local" "preuves" {
  path = "preuves"
}
`

type journalEntry struct {
	Event     string
	Run       string
	Published []struct{ Generation int }
}

// journal reads the entries of the journal of the pipeline.
func (p project) journal(t *testing.T) (entries []journalEntry) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "preuves", "subventions", "journal", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var e journalEntry
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatalf("an entry is torn: %v", err)
		}
		entries = append(entries, e)
	}
	return entries
}

// TestKilledByTheClock: the same with the moments where a machine fails: any.
func TestKilledByTheClock(t *testing.T) {
	t.Parallel()
	const moments = 12
	eachPlace(t, func(t *testing.T, at place) {
		p := newProject(t, at)
		p.input(t, 0, 20_000)
		began := time.Now()
		p.must(t, 0, []string{"run"}, "1 published")
		whole := time.Since(began)
		old := reader(t, p.place.look(t))
		for k := 1; k <= moments; k++ {
			p.input(t, k, 20_000)
			cmd, _, _ := p.command("lavoir", "run")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(whole*time.Duration(k)/moments, func() { cmd.Process.Kill() })
			cmd.Wait()
			kill.Stop()
			all := p.place.look(t)
			stable(t, all, old, reader(t, all))
			p.must(t, 0, []string{"run"})
			old = reader(t, p.place.look(t))
			if old.Generation != k+1 {
				t.Fatalf("moment %d: generation %d", k, old.Generation)
			}
		}
	})
}

// TestInterruptedAtEveryOperation: an interrupt ends the run with 130, says so,
// and leaves nothing half done: neither where readers look nor in the state folder.
func TestInterruptedAtEveryOperation(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send itself an interrupt there")
	}
	p := newProject(t, folder())
	p.input(t, 0, 50)
	p.must(t, 0, []string{"run"}, "1 published")
	old := reader(t, p.place.look(t))
	interrupted := 0
	for n := 1; ; n++ {
		p.input(t, n, 50)
		r := p.signalled(t, syscall.SIGINT, n)
		if r.code == 0 {
			break
		}
		if r.code != pipelines.ExitInterrupted {
			t.Fatalf("operation %d: %v", n, r)
		}
		interrupted++
		const says = "interrupted: nothing half done was left behind"
		if !strings.Contains(r.out, says) {
			t.Fatalf("operation %d does not say %q: %v", n, says, r)
		}
		all := p.place.look(t)
		now := reader(t, all)
		stable(t, all, old, now)
		if left, err := os.ReadDir(p.dir + "/.lavoir/work"); err != nil || len(left) > 0 {
			t.Fatalf("operation %d left %v in the work folder (%v)", n, left, err)
		}
		p.must(t, 0, []string{"run"})
		all = p.place.look(t)
		old = reader(t, all)
		stable(t, all, old)
	}
	if interrupted < 10 {
		t.Errorf("only %d operations were interrupted", interrupted)
	}
}
