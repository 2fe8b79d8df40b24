package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// mem is a store in memory that does one operation at a time, with a clock that
// only the test moves.
type mem struct {
	objects map[string]memObject
	serial  int
	clock   time.Time
	moves   []string // what current.json was each time it was swapped
	ticks   bool     // the clock goes on with each write
}

type memObject struct {
	data    []byte
	version string
	at      time.Time
}

func (m *mem) Describe() string { return "memory" }

func (m *mem) Stat(_ context.Context, key string) (store.Info, error) {
	o, ok := m.objects[key]
	if !ok {
		return store.Info{}, messages.NotFound.With("store", "memory")
	}
	return store.Info{Key: key, Size: int64(len(o.data)), SHA256: store.Bytes(o.data, "").SHA256, Version: o.version, Modified: o.at}, nil
}

func (m *mem) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	info, err := m.Stat(ctx, key)
	return io.NopCloser(bytes.NewReader(m.objects[key].data)), info, err
}

func (m *mem) List(ctx context.Context, prefix string) (infos []store.Info, err error) {
	for key := range m.objects {
		if strings.HasPrefix(key, prefix) {
			info, _ := m.Stat(ctx, key)
			infos = append(infos, info)
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, nil
}

func (m *mem) write(ctx context.Context, key string, data []byte) (store.Info, error) {
	m.serial++
	if m.ticks {
		m.clock = m.clock.Add(1)
	}
	m.objects[key] = memObject{data, fmt.Sprint(m.serial), m.clock}
	return m.Stat(ctx, key)
}

func (m *mem) Put(ctx context.Context, key string, c store.Content) (store.Info, error) {
	r, err := c.Open()
	if err != nil {
		return store.Info{}, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return store.Info{}, err
	}
	if store.Bytes(data, "").SHA256 != c.SHA256 {
		return store.Info{}, messages.UploadDiffers.With("store", "memory", "file", "it")
	}
	return m.write(ctx, key, data)
}

func (m *mem) Swap(ctx context.Context, key string, data []byte, old string) (store.Info, error) {
	if m.objects[key].version != old {
		return store.Info{}, messages.ConditionFailed.With("store", "memory")
	}
	m.moves = append(m.moves, string(data))
	return m.write(ctx, key, data)
}

func (m *mem) Delete(_ context.Context, key string) error {
	delete(m.objects, key)
	return nil
}

func (m *mem) Now(context.Context) (time.Time, error) { return m.clock, nil }

// runner is a publisher or a reader whose every operation on the store waits
// for its turn, and which may be stopped for good instead.
type runner struct {
	name    string
	turn    chan bool // false: stop for good
	waiting chan struct{}
	done    chan struct{}
	since   time.Time // when it started, by the store's clock
	err     error
	receipt pipelines.Receipt
	moves   int // of the pointer, before it published
}

var errStopped = fmt.Errorf("stopped")

func start(name string, clock time.Time, work func(r *runner)) *runner {
	r := &runner{name: name, turn: make(chan bool), waiting: make(chan struct{}), done: make(chan struct{}), since: clock}
	go func() {
		defer close(r.done)
		defer func() {
			if p := recover(); p != nil && p != errStopped {
				panic(p)
			}
		}()
		work(r)
	}()
	r.settle()
	return r
}

// settle waits until the runner wants its next operation or has ended.
func (r *runner) settle() {
	select {
	case <-r.waiting:
	case <-r.done:
	}
}

func (r *runner) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (r *runner) hit(string) error {
	r.waiting <- struct{}{}
	if !<-r.turn {
		panic(errStopped) // as a process that is killed: nothing runs after
	}
	return nil
}

func (r *runner) step()   { r.turn <- true; r.settle() }
func (r *runner) murder() { r.turn <- false; <-r.done }

const (
	testGrace = 24 * time.Hour
	// mostStall is how long a run or a reader may take, as the documentation of
	// grace demands.
	mostStall = testGrace / 2
)

// Invariants 1 and 10: however the operations of publishers, collectors among
// them, interleave, and whoever is killed, a reader who reads as slowly as the
// grace allows never meets half a release, no run puts older rows over newer
// ones, and in the end the stable names are those of the current release.
func TestInterleavedPublishers(t *testing.T) { interleave(t, false) }

// Where each release supersedes those before it, there is no grace: a reader who reads
// at one instant meets a whole release all the same, and in the end it stands alone.
func TestInterleavedPublishersThatSupersede(t *testing.T) { interleave(t, true) }

func interleave(t *testing.T, supersedes bool) {
	manifest := testManifest
	manifest.Supersedes = supersedes
	contents := []string{"A", "B", "C", "D"}
	base := testLoad(t, &mem{})
	ready := map[string]*sealed{}
	for _, c := range contents {
		ready[c] = seal(t, base, c).(*sealed)
	}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		m := &mem{objects: map[string]memObject{}, clock: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), ticks: supersedes}
		direct := base.fresh()
		direct.store, direct.Grace = m, testGrace
		var running []*runner
		started := 0
		reap := func() {
			running = slices.DeleteFunc(running, func(r *runner) bool {
				if r.ended() && r.err != nil && !messages.Has(r.err, messages.Superseded) && !(supersedes && len(m.moves) > r.moves) {
					rt.Fatalf("%s: %v", r.name, r.err)
				}
				return r.ended()
			})
		}
		pick := func(rt *rapid.T) *runner {
			if len(running) == 0 {
				rt.Skip("nobody runs")
			}
			return running[rapid.IntRange(0, len(running)-1).Draw(rt, "who")]
		}
		defer func() {
			for _, r := range running {
				if !r.ended() {
					r.murder()
				}
			}
		}()
		publisher := func(rt *rapid.T) {
			if len(running) > 4 {
				rt.Skip("enough")
			}
			content := rapid.SampledFrom(contents).Draw(rt, "content")
			resumed := rapid.Bool().Draw(rt, "resumed") // another load noted what is current
			started++
			running = append(running, start(fmt.Sprintf("publisher %d of %s", started, content), m.clock, func(r *runner) {
				l := base.fresh()
				l.store, l.Grace, l.Keep = &counted{m, r.hit}, testGrace, 2
				if noted, _ := l.Start(ctx); resumed {
					l = base.fresh()
					l.store, l.Grace, l.Keep = &counted{m, r.hit}, testGrace, 2
					l.Resume(noted)
				}
				from := l.base.at.Generation
				s := &sealed{load: l, dir: ready[content].dir, files: ready[content].files}
				moves := len(m.moves)
				r.moves = moves
				r.receipt, r.err = s.Publish(ctx, manifest)
				if r.err == nil && r.receipt.Changed {
					r.err = checkNotOverNewer(m, moves, from, r)
				}
			}))
		}
		reader := func(rt *rapid.T) {
			if len(running) > 4 || supersedes {
				rt.Skip("enough")
			}
			started++
			running = append(running, start(fmt.Sprintf("reader %d", started), m.clock, func(r *runner) {
				l := base.fresh()
				l.store = &counted{m, r.hit}
				_, r.err = look(l)
			}))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"publisher": publisher,
			"reader":    reader,
			"step":      func(rt *rapid.T) { pick(rt).step(); reap() },
			"steps": func(rt *rapid.T) {
				r := pick(rt)
				for range rapid.SampledFrom([]int{3, 10, 30, 100}).Draw(rt, "steps") {
					if !r.ended() {
						r.step()
					}
				}
				reap()
			},
			"publisher at once": func(rt *rapid.T) {
				publisher(rt)
				for r := running[len(running)-1]; !r.ended(); {
					r.step()
				}
				reap()
			},
			"kill": func(rt *rapid.T) { pick(rt).murder(); reap() },
			"time passes": func(rt *rapid.T) {
				later := m.clock.Add(time.Duration(rapid.Int64Range(1, int64(2*testGrace)).Draw(rt, "how much")))
				for _, r := range running {
					if latest := r.since.Add(mostStall); later.After(latest) {
						later = latest
					}
				}
				if later.After(m.clock) {
					m.clock = later
				}
			},
			"": func(rt *rapid.T) {
				if _, err := look(direct); err != nil {
					rt.Fatalf("a reader sees half a release: %v", err)
				}
			},
		})
		for len(running) > 0 {
			running[0].step()
			reap()
		}
		cur, err := direct.readPointer(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		if cur.Release == "" {
			return
		}
		// Killed publishers leave stable names to the next run.
		now, err := look(direct)
		if err != nil {
			rt.Fatal(err)
		}
		if supersedes { // an upload that never became current has its time
			m.clock = m.clock.Add(2 * testGrace)
		}
		last := direct.fresh()
		if r, err := (&sealed{load: last, dir: ready[now].dir, files: ready[now].files}).Publish(ctx, manifest); err != nil || len(r.Pending) > 0 || r.Changed || r.Remaining > 0 {
			rt.Fatalf("the run that follows: %+v %v", r, err)
		}
		for _, f := range direct.Verify(ctx) {
			if !f.OK {
				rt.Fatalf("%s: %v", f.Check, f.Err)
			}
		}
		if infos, err := m.List(ctx, direct.key(releasesName)+"/"); supersedes && (err != nil || len(direct.byFolder(infos)) != 1) {
			rt.Fatalf("releases that stay: %v %v", infos, err)
		}
	})
}

// checkNotOverNewer wants the move that r made to start from the generation that
// was current when r started.
func checkNotOverNewer(m *mem, moves int, from int64, r *runner) error {
	for _, text := range m.moves[moves:] {
		if strings.Contains(text, fmt.Sprintf(`"generation":%d,"release":"%s`, from+1, r.receipt.Release)) {
			return nil
		}
	}
	return fmt.Errorf("it moved a pointer that had moved since it started")
}

// Without kills the stable names are the current release's as soon as the last
// run ends, with no run after it.
func TestInterleavedPublishersHealThemselves(t *testing.T) {
	base := testLoad(t, &mem{})
	contents := []string{"A", "B", "C"}
	ready := map[string]*sealed{}
	for _, c := range contents {
		ready[c] = seal(t, base, c).(*sealed)
	}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		m := &mem{objects: map[string]memObject{}, clock: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		var running []*runner
		for i := range rapid.IntRange(2, 4).Draw(rt, "publishers") {
			content := rapid.SampledFrom(contents).Draw(rt, "content")
			running = append(running, start(fmt.Sprint(i, content), m.clock, func(r *runner) {
				l := base.fresh()
				l.store = &counted{m, r.hit}
				s := &sealed{load: l, dir: ready[content].dir, files: ready[content].files}
				r.receipt, r.err = s.Publish(ctx, testManifest)
			}))
		}
		for len(running) > 0 {
			i := rapid.IntRange(0, len(running)-1).Draw(rt, "who")
			for range rapid.SampledFrom([]int{1, 4, 12, 100}).Draw(rt, "steps") {
				if !running[i].ended() {
					running[i].step()
				}
			}
			if r := running[i]; r.ended() {
				if r.err != nil && !messages.Has(r.err, messages.Superseded) || len(r.receipt.Pending) > 0 {
					rt.Fatalf("%s: %+v %v", r.name, r.receipt, r.err)
				}
				running = slices.Delete(running, i, i+1)
			}
		}
		direct := base.fresh()
		direct.store = m
		for _, f := range direct.Verify(ctx) {
			if !f.OK {
				rt.Fatalf("%s: %v", f.Check, f.Err)
			}
		}
	})
}

func (m *mem) Sweep(context.Context, string, time.Time) (int, error) { return 0, nil }
