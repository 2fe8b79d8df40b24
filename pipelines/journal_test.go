package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// shelf is a store of evidence in memory.
type shelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	// before, when not nil, is called before each use, and its error is the use's.
	before func(what, name string) error
	// forgetful loses the answer to each addition but its second try.
	forgetful bool
}

func newShelf() *shelf { return &shelf{kept: map[string][]byte{}} }

var errShelf = errors.New("the shelf fell down")

func (s *shelf) use(what, name string) error {
	if s.before != nil {
		return s.before(what, name)
	}
	return nil
}

func (s *shelf) WriteEvidence(_ context.Context, name string, data []byte) error {
	if err := s.use("write", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = slices.Clone(data)
	return nil
}

func (s *shelf) AddEvidence(_ context.Context, name string, data []byte) error {
	if err := s.use("add", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.kept[name]; there {
		return messages.ConditionFailed.With("store", "shelf")
	}
	s.kept[name] = slices.Clone(data)
	if s.forgetful {
		return messages.ConditionFailed.With("store", "shelf")
	}
	return nil
}

func (s *shelf) ReadEvidence(_ context.Context, name string) ([]byte, error) {
	if err := s.use("read", name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.kept[name]
	if !ok {
		return nil, messages.NotFound.With("store", "shelf")
	}
	return slices.Clone(data), nil
}

func (s *shelf) ListEvidence(_ context.Context, folder string) ([]string, error) {
	if err := s.use("list", folder); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.kept {
		if path.Dir(name) == folder {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// board is where the releases of a task are made current, as a load does it: what
// another run published since a run began is not published over.
type board struct {
	mu  sync.Mutex
	now Standing
}

func (b *board) Seal(context.Context, Stream) (Sealed, error) { panic("nothing is sealed here") }

func (b *board) Published(context.Context) (Standing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now, nil
}

func (b *board) publish(began int64, release string) (*Receipt, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.now.Release != release
	if changed && b.now.Generation != began {
		return nil, false
	}
	if changed {
		b.now = Standing{Where: "board", Release: release, Previous: b.now.Release, Generation: b.now.Generation + 1}
	}
	return &Receipt{Release: release, Changed: changed, Previous: b.now.Previous, Generation: b.now.Generation, Where: "board"}, true
}

var journalTask = TaskID{Pipeline: "aides", Tenant: "Val-Fleuri", Partition: "2024"}

// keeperOf keeps the journal of one run of the task.
func keeperOf(s EvidenceStore, b *board, id, config string) *keeper {
	shelves := Define(KindConnection, "shelf", "x", struct{}{}, func(Env, struct{}) (any, error) { return s, nil })
	r := &run{Project: &Project{Evidence: Connection{Built: Built{Component: shelves, Label: "l", Config: struct{}{}}}}, id: id, key: []byte("a key of the project"), opt: RunOptions{Version: "test", Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}}
	t := Task{ID: journalTask, Authorization: &Authorization{Allowed: true, Reference: "délibération 1"}, Config: []byte(config)}
	k := &keeper{run: r, task: t, journal: r.journalOf(s, t.ID), flow: &Flow{Task: t.ID}}
	if b != nil {
		k.flow.Loads = []Load{{"load.board.a", b}}
	}
	return k
}

// publishes is what a run does once its files are verified; it stops where it is
// killed.
func (k *keeper) publishes(b *board, release string, killed func(where string) bool) (TaskResult, error) {
	ctx := context.Background()
	began, _ := b.Published(ctx)
	res := TaskResult{Task: k.task.ID, Fingerprint: "f", Loads: []LoadResult{{Name: "load.board.a", Release: release}}}
	if killed("before the evidence") {
		return res, nil
	}
	if err := k.before(ctx, &res); err != nil {
		return res, err
	}
	if killed("before the pointer") {
		return res, nil
	}
	receipt, ok := b.publish(began.Generation, release)
	if !ok || killed("before the journal") {
		return res, nil
	}
	res.Loads[0].Receipt = receipt
	return res, k.after(ctx, &res)
}

func never(string) bool { return false }

func entriesOf(t interface{ Fatal(...any) }, s EvidenceStore) []*entry {
	k := keeperOf(s, nil, "reader", "{}")
	es, _, foreign, err := k.journal.whole(context.Background())
	if err != nil || foreign != 0 {
		t.Fatal(err, foreign)
	}
	return es
}

func eventsOf(es []*entry) (events []string) {
	for _, e := range es {
		s := e.Event
		told := e.Published
		if told == nil {
			told = e.Stands
		}
		for _, st := range told {
			s += fmt.Sprintf(" %s@%d", st.Release, st.Generation)
		}
		events = append(events, s)
	}
	return events
}

// Whatever runs do, one after the other or at once, and wherever they are killed,
// the journal is whole and knows every release that was ever current, by one entry
// at least that says under which configuration (invariant 10).
func TestJournalKnowsEveryRelease(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, b := newShelf(), &board{}
		was := map[string]bool{}
		for round := range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			n := rapid.IntRange(1, 3).Draw(rt, "at once")
			var wg sync.WaitGroup
			for i := range n {
				release := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "release")
				config := rapid.SampledFrom([]string{"{}", `{"b":1}`}).Draw(rt, "config")
				kill := rapid.SampledFrom([]string{"", "", "before the evidence", "before the pointer", "before the journal"}).Draw(rt, "kill")
				wg.Add(1)
				go func() {
					defer wg.Done()
					k := keeperOf(s, b, fmt.Sprintf("run-%03d-%d", round, i), config)
					if _, err := k.publishes(b, release, func(where string) bool { return where == kill }); err != nil {
						t.Error(err)
					}
				}()
			}
			wg.Wait()
			if st, _ := b.Published(context.Background()); st.Release != "" {
				was[fmt.Sprintf("%s@%d", st.Release, st.Generation)] = true
			}
		}
		// One more run, that is not killed, puts all in order.
		now, _ := b.Published(context.Background())
		last := keeperOf(s, b, "run-last", "{}")
		if _, err := last.publishes(b, "D", never); err != nil {
			rt.Fatal(err)
		}
		was[fmt.Sprintf("D@%d", now.Generation+1)] = true
		es := entriesOf(rt, s)
		events := eventsOf(es)
		for release := range was {
			if !slices.ContainsFunc(es, func(e *entry) bool {
				return e.ConfigSum != "" && e.EvidenceSum != "" && strings.Contains(eventsOf([]*entry{e})[0]+" ", " "+release+" ")
			}) {
				rt.Fatalf("no entry knows %s under which configuration: %q", release, events)
			}
		}
		if x, there := last.verify(context.Background()); !there || !x.OK {
			rt.Fatalf("%v: %q", x.Err, events)
		}
	})
}

// What was done already is not said again: a journal grows with what changes, not
// with the nights.
func TestJournalSaysEachThingOnce(t *testing.T) {
	s, b := newShelf(), &board{}
	run := 0
	keep := func(config string) *keeper { run++; return keeperOf(s, b, fmt.Sprintf("run-%03d", run), config) }
	publish := func(config, release string) TaskResult {
		t.Helper()
		res, err := keep(config).publishes(b, release, never)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	refuse := func(m *messages.Message) {
		t.Helper()
		if err := keep("{}").refused(context.Background(), &TaskResult{Err: m.With()}); err != nil {
			t.Fatal(err)
		}
	}
	hold := func() {
		t.Helper()
		if err := keep("{}").held(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	step := func(what string, do func(), more ...string) {
		t.Helper()
		want = append(want, more...)
		for range 2 {
			do()
			if got := eventsOf(entriesOf(t, s)); !slices.Equal(got, want) {
				t.Fatalf("%s: the journal is %q, want %q", what, got, want)
			}
		}
	}
	step("held", hold, "held")
	step("refused", func() { refuse(messages.ZeroRows) }, "refused")
	step("refused for another reason", func() { refuse(messages.PersonalAtLoad) }, "refused")
	step("published", func() { publish("{}", "A") }, "published A@1")
	step("under another configuration", func() { publish(`{"b":1}`, "A") }, "confirmed A@1")
	step("another release", func() { publish(`{"b":1}`, "B") }, "published B@2")
	step("A again", func() { publish(`{"b":1}`, "A") }, "published A@3")
	step("refused", func() { refuse(messages.ZeroRows) }, "refused A@3")
	step("withdrawn", hold, "withdrawn A@3")
	step("let out again", func() { publish("{}", "A") }, "confirmed A@3")

	// A run that was killed before it could say so: the next one finds it, once.
	if _, err := keep("{}").publishes(b, "B", func(where string) bool { return where == "before the journal" }); err != nil {
		t.Fatal(err)
	}
	res := publish("{}", "B")
	if len(res.Notes) != 1 || res.Notes[0].Message != messages.JournalFound {
		t.Errorf("the notes are %v", res.Notes)
	}
	want = append(want, "found B@4")
	step("found", func() { publish("{}", "B") })
	es := entriesOf(t, s)
	if e := es[len(es)-1]; e.Authorization != "délibération 1" || e.ConfigSum != fullSum([]byte("{}")) || e.Versions.Lavoir != "test" {
		t.Errorf("what was found says too little: %+v", e)
	}
}

// A run that was overtaken adds its release late, once, unless it was found.
func TestJournalTakesLateEntries(t *testing.T) {
	for name, found := range map[string]bool{"found": true, "not found": false} {
		s, b := newShelf(), &board{}
		ctx := context.Background()
		slow, fast := keeperOf(s, b, "slow", "{}"), keeperOf(s, b, "fast", "{}")
		res := TaskResult{Loads: []LoadResult{{Name: "load.board.a", Release: "A"}}}
		if err := slow.before(ctx, &res); err != nil {
			t.Fatal(err)
		}
		res.Loads[0].Receipt, _ = b.publish(0, "A")
		if found {
			if _, err := fast.publishes(b, "B", never); err != nil {
				t.Fatal(err)
			}
		} else { // it looked before A was public
			next := TaskResult{Loads: []LoadResult{{Name: "load.board.a", Release: "B"}}}
			next.Loads[0].Receipt, _ = b.publish(1, "B")
			if err := fast.after(ctx, &next); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := slow.after(ctx, &res); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"found A@1", "published B@2"}
		if !found {
			want = []string{"published B@2", "published A@1"}
		}
		if got := eventsOf(entriesOf(t, s)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if x, _ := slow.verify(ctx); !x.OK {
			t.Errorf("%s: %v", name, x.Err)
		}
	}
}

// An entry or a piece of evidence that is altered, removed or put in the place of
// another shows, wherever it is; so does a journal that lacks what is public.
func TestJournalShowsWhatWasDoneToIt(t *testing.T) {
	ctx := context.Background()
	s, b := newShelf(), &board{}
	for i, release := range []string{"A", "B", "C", "D"} {
		if _, err := keeperOf(s, b, fmt.Sprintf("run-%d", i), "{}").publishes(b, release, never); err != nil {
			t.Fatal(err)
		}
	}
	k := keeperOf(s, b, "verify", "{}")
	if x, _ := k.verify(ctx); !x.OK || !strings.Contains(x.Note, "entries: 4") || strings.Contains(x.Note, "another key") {
		t.Fatalf("%v, %s", x.Err, x.Note)
	}
	whole := maps.Clone(s.kept)
	names := slices.Sorted(maps.Keys(whole))
	keys := 0
	shows := func(what string, wanted ...*messages.Message) {
		t.Helper()
		x, there := k.verify(ctx)
		if x.OK && strings.HasSuffix(x.Note, ", sealed with another key: 1") && keys > 0 {
			keys-- // that is all that can be said of an entry whose key is another
			s.kept = maps.Clone(whole)
			return
		}
		if !there || x.OK || !slices.ContainsFunc(wanted, func(m *messages.Message) bool { return messages.Has(x.Err, m) }) {
			t.Errorf("%s: %+v", what, x)
		}
		s.kept = maps.Clone(whole)
	}
	for _, name := range names {
		data := whole[name]
		for i := 0; i < len(data); i += 7 {
			s.kept[name] = slices.Clone(data)
			s.kept[name][i] ^= 1
			if at := strings.Index(string(data), `"key": "`); i > at+7 && i < at+21 && path.Base(path.Dir(name)) == JournalFolder {
				keys++
			}
			shows(fmt.Sprintf("%s, byte %d", name, i), messages.JournalBroken)
		}
		if path.Base(path.Dir(name)) != JournalFolder {
			delete(s.kept, name) // past its retention
			if x, _ := k.verify(ctx); !x.OK {
				t.Errorf("without %s: %v", name, x.Err)
			}
			s.kept = maps.Clone(whole)
			continue
		}
		delete(s.kept, name)
		shows("without "+name, messages.JournalBroken, messages.JournalBehind)
		for _, other := range names {
			if other != name && path.Dir(other) == path.Dir(name) {
				s.kept[name] = whole[other]
				shows(other+" for "+name, messages.JournalBroken)
			}
		}
	}
	for _, name := range names {
		if path.Base(path.Dir(name)) == JournalFolder {
			delete(s.kept, name)
		}
	}
	shows("without a journal", messages.JournalBehind)

	// Who may write to the store and has no key cannot make another journal of it
	// that passes for the project's.
	var last entry
	name := names[len(names)-1]
	if path.Base(path.Dir(name)) != JournalFolder {
		name = k.journal.name(4)
	}
	if err := json.Unmarshal(whole[name], &last); err != nil {
		t.Fatal(err)
	}
	forger := &journal{task: journalTask, key: []byte("another key"), store: s}
	last.Authorization = "délibération 2"
	forged, err := forger.sealed(&last)
	if err != nil {
		t.Fatal(err)
	}
	s.kept[name] = forged
	if x, _ := k.verify(ctx); !x.OK || !strings.HasSuffix(x.Note, "sealed with another key: 1") {
		t.Errorf("a forged entry: %v, %s", x.Err, x.Note)
	}
	s.kept[name] = []byte(strings.Replace(string(forged), last.Key, k.journal.keyName(), 1))
	shows("a forged entry under the project's key", messages.JournalBroken)
}

// A pipeline with a new name goes on where its journal stood.
func TestJournalFollowsMoves(t *testing.T) {
	ctx := context.Background()
	s, b := newShelf(), &board{}
	if _, err := keeperOf(s, b, "run-1", "{}").publishes(b, "A", never); err != nil {
		t.Fatal(err)
	}
	renamed := func(id string) *keeper {
		k := keeperOf(s, b, id, "{}")
		k.Formerly = func(TaskID) []TaskID { return []TaskID{{Pipeline: "unknown"}, journalTask} }
		k.task.ID.Pipeline = "subventions"
		k.journal = k.run.journalOf(s, k.task.ID)
		return k
	}
	k := renamed("run-2")
	res, err := k.publishes(b, "B", never)
	if err != nil || len(res.Notes) != 0 {
		t.Fatal(err, res.Notes)
	}
	k = renamed("run-3")
	if x, _ := k.verify(ctx); !x.OK {
		t.Fatal(x.Err)
	}
	es, _, _, _ := k.journal.whole(ctx)
	if len(es) != 1 || es[0].Continues == nil || es[0].Continues.Number != 1 || es[0].Continues.Task != journalTask {
		t.Fatalf("%+v", es)
	}
	delete(s.kept, (&journal{task: journalTask}).name(1))
	if x, _ := k.verify(ctx); !messages.Has(x.Err, messages.JournalBroken) {
		t.Errorf("without the journal it continues: %v", x.Err)
	}
}

// Whichever use of the store fails, the run either publishes nothing or says that
// its journal is late, and the next one heals it.
func TestJournalOutlivesItsStore(t *testing.T) {
	for k := 1; ; k++ {
		s, b := newShelf(), &board{}
		if _, err := keeperOf(s, b, "run-1", "{}").publishes(b, "A", never); err != nil {
			t.Fatal(err)
		}
		uses := 0
		s.before = func(string, string) error {
			if uses++; uses >= k {
				return errShelf
			}
			return nil
		}
		_, err := keeperOf(s, b, "run-2", `{"b":1}`).publishes(b, "B", never)
		s.before = nil
		if err == nil {
			if k < 5 {
				t.Errorf("the store was used %d times only", k)
			}
			return
		}
		if !errors.Is(err, errShelf) {
			t.Fatal(err)
		}
		res, err := keeperOf(s, b, "run-3", `{"b":1}`).publishes(b, "B", never)
		if err != nil {
			t.Fatal(err)
		}
		events := eventsOf(entriesOf(t, s))
		if last := events[len(events)-1]; last != "published B@2" && last != "found B@2" || (last == "found B@2") != (len(res.Notes) == 1) {
			t.Errorf("use %d: %q, %v", k, events, res.Notes)
		}
	}
}

// The answer to an addition may be lost: it is not added twice.
func TestJournalAddsOnceWhenTheAnswerIsLost(t *testing.T) {
	s, b := newShelf(), &board{}
	s.forgetful = true
	if _, err := keeperOf(s, b, "run-1", "{}").publishes(b, "A", never); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf(entriesOf(t, s)); !slices.Equal(got, []string{"published A@1"}) {
		t.Errorf("%q", got)
	}
}

// The folder of the local state keeps evidence as stores do.
func TestStateEvidence(t *testing.T) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "evidence")
	s := stateEvidence(dir)
	if names, err := s.ListEvidence(ctx, "a"); err != nil || names != nil {
		t.Errorf("%v %v", names, err)
	}
	if _, err := s.ReadEvidence(ctx, "a/1"); !messages.Has(err, messages.NotFound) {
		t.Errorf("%v", err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[i] = stateEvidence(dir).AddEvidence(ctx, "a/1", fmt.Append(nil, i))
		}()
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Error("two were added under one name")
		case err == nil:
			won = i
		case !messages.Has(err, messages.ConditionFailed):
			t.Error(err)
		}
	}
	if err := s.WriteEvidence(ctx, "a/b/2", []byte("x")); err != nil {
		t.Error(err)
	}
	if data, err := s.ReadEvidence(ctx, "a/1"); err != nil || string(data) != fmt.Sprint(won) {
		t.Errorf("%q %v", data, err)
	}
	if names, err := s.ListEvidence(ctx, "a"); err != nil || !slices.Equal(names, []string{"1"}) {
		t.Errorf("%v %v", names, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "a", "1")); err != nil || st.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v %v", st.Mode(), err)
	}
}
