package pipelines

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"go.uber.org/goleak"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const canary = "Jeanne-CANARI-Dupond"

// fakeProject is a project of tasks made by hand: their source counts, their
// sink keeps, and a hook runs inside the source.
type fakeProject struct {
	mu    sync.Mutex
	inUse map[string]int
	most  map[string]int
}

func (p *fakeProject) enter(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inUse[name]++
	p.most[name] = max(p.most[name], p.inUse[name])
}

func (p *fakeProject) leave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inUse[name]--
}

type hooked struct {
	Source
	open func() error
}

func (h hooked) Open(ctx context.Context) (Stream, error) {
	if err := h.open(); err != nil {
		return nil, err
	}
	return h.Source.Open(ctx)
}

func (h hooked) Declared() (*arrow.Schema, bool) { return numbersSchema, true }

type plain struct{ mem memory.Allocator }

func (s plain) Open(context.Context) (Stream, error) {
	return Records(numbersSchema, numbersRecord(s.mem, 0, 5)), nil
}

func fakeTask(name string, open func() error, published *[]byte) Task {
	mem := memory.NewGoAllocator()
	built := func(k Kind, n string, v any) Built {
		return Built{Component: Define(k, n, "x", struct{}{}, func(Env, struct{}) (any, error) { return v, nil }), Label: "l", Config: struct{}{}}
	}
	var seen int64
	return Task{ID: TaskID{Pipeline: name}, Authorization: &Authorization{Allowed: true, Reference: "délibération 12"}, Config: []byte(`{"a":1}`),
		Chain: Chain{Source: built(KindSource, "fake", hooked{plain{mem}, open}),
			Privacy: built(KindPrivacy, "policy", letOut{mem, true, &seen}),
			Loads:   []Built{built(KindLoad, "memory", inMemory{mem: mem, published: published})}}}
}

func projectOf(t interface{ TempDir() string }, tasks ...Task) *Project {
	return &Project{State: t.TempDir(), Bounds: Bounds{Workers: 2, Tasks: 4}, Retention: time.Hour,
		Tasks: func(_ Selection, yield func(Task) bool) hcl.Diagnostics {
			for _, task := range tasks {
				if !yield(task) {
					break
				}
			}
			return nil
		}}
}

func testOptions() RunOptions {
	return RunOptions{Version: "test", Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader}
}

// No more places than its cap are taken of a connection or a limits group at
// once, and every task runs.
func TestPoolKeepsCaps(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := &fakeProject{inUse: map[string]int{}, most: map[string]int{}}
		caps := map[string]int{}
		var tasks []Task
		conns := make([]Connection, 3)
		for i := range conns {
			conns[i] = Connection{Built: Built{Component: Component{Name: "db"}, Label: fmt.Sprint(i)}, Max: rapid.IntRange(0, 2).Draw(rt, "max"),
				Group: rapid.SampledFrom([]string{"", "centre"}).Draw(rt, "group")}
			caps[conns[i].String()] = conns[i].Max
		}
		caps["limits.centre"] = rapid.IntRange(1, 3).Draw(rt, "centre")
		for i := range rapid.IntRange(1, 25).Draw(rt, "tasks") {
			c := conns[rapid.IntRange(0, 2).Draw(rt, "connection")]
			names := []string{c.String()}
			most := 3
			if c.Group != "" {
				names = append(names, "limits.centre")
				most = caps["limits.centre"]
			}
			if c.Max > 0 {
				most = min(most, c.Max)
			}
			c.Takes = rapid.IntRange(0, most).Draw(rt, "takes")
			var out []byte
			task := fakeTask(fmt.Sprintf("p%02d", i), func() error {
				for _, n := range names {
					for range max(1, c.Takes) {
						p.enter(n)
						defer p.leave(n)
					}
				}
				return nil
			}, &out)
			task.Connections, task.Limits = []Connection{c}, map[string]int{"centre": caps["limits.centre"]}
			tasks = append(tasks, task)
		}
		report, diags, err := Run(context.Background(), projectOf(t, tasks...), Selection{}, testOptions())
		if err != nil || diags.HasErrors() {
			rt.Fatal(err, diags)
		}
		for i, r := range report.Tasks {
			if r.Outcome != Published || r.Task != tasks[i].ID {
				rt.Fatalf("result %d is %s %s %v", i, r.Task, r.Outcome, r.Err)
			}
		}
		for name, most := range p.most {
			if caps[name] > 0 && most > caps[name] {
				rt.Fatalf("%d places of %s were taken at once, its cap is %d", most, name, caps[name])
			}
		}
		if code := report.ExitCode(false); code != ExitDone {
			rt.Fatalf("exit %d", code)
		}
	})
}

func TestRunTellsNewKnownAndRecoveredFailures(t *testing.T) {
	var bad error
	var out []byte
	project := projectOf(t, fakeTask("a", func() error { return bad }, &out))
	run := func() *Report {
		r, _, err := Run(context.Background(), project, Selection{}, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	bad = messages.DiskBound.With("bound", "1MiB")
	if r := run(); len(r.New) != 1 || r.ExitCode(true) != ExitEnvironment || r.ExitCode(false) != ExitEnvironment {
		t.Errorf("first failure: new %v, exit %d", r.New, r.ExitCode(true))
	}
	if r := run(); len(r.Known) != 1 || len(r.New) != 0 || r.ExitCode(true) != ExitDone || r.ExitCode(false) != ExitEnvironment {
		t.Errorf("second failure: known %v, exit %d", r.Known, r.ExitCode(true))
	}
	bad = nil
	if r := run(); len(r.Recovered) != 1 || r.ExitCode(false) != ExitDone {
		t.Errorf("recovered: %v", r.Recovered)
	}
	if r := run(); len(r.Recovered) != 0 {
		t.Errorf("still recovered: %v", r.Recovered)
	}
	if left, _ := os.ReadDir(filepath.Join(project.State, "work")); len(left) != 0 {
		t.Errorf("%d work folders are left", len(left))
	}
}

// Without an authorization nothing is read and nothing leaves.
func TestRunHoldsWhatIsNotAuthorized(t *testing.T) {
	var out []byte
	for _, auth := range []*Authorization{nil, {Allowed: false}} {
		opened := false
		task := fakeTask("a", func() error { opened = true; return nil }, &out)
		task.Authorization = auth
		r, _, err := Run(context.Background(), projectOf(t, task), Selection{}, testOptions())
		if err != nil || r.Tasks[0].Outcome != Held || opened || out != nil || r.ExitCode(false) != ExitDone {
			t.Errorf("%+v: %v %v, opened %t", auth, err, r.Tasks[0].Outcome, opened)
		}
	}
}

// Invariant 6: what a source panics or fails with does not reach the report,
// and neither a panic nor an error of one task touches another.
func TestRunContainsWhatATaskDoes(t *testing.T) {
	var out, fine []byte
	tasks := []Task{
		fakeTask("panics", func() error { panic(canary) }, &out),
		fakeTask("index", func() error { var none []int; _ = none[len(canary)]; return nil }, &out),
		fakeTask("fine", func() error { return nil }, &fine),
	}
	var log bytes.Buffer
	opt := testOptions()
	opt.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log})
	r, _, err := Run(context.Background(), projectOf(t, tasks...), Selection{}, opt)
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.JSON(messages.French)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), canary) || strings.Contains(log.String(), canary) {
		t.Error("the canary is in the report or the log (invariant 6)")
	}
	if r.Tasks[0].Outcome != FailedTask || r.Tasks[1].Outcome != FailedTask || r.Tasks[2].Outcome != Published || fine == nil {
		t.Errorf("%v %v %v", r.Tasks[0].Outcome, r.Tasks[1].Outcome, r.Tasks[2].Outcome)
	}
	if got := r.ExitCode(false); got != ExitIncomplete {
		t.Errorf("exit %d: something was published and something failed", got)
	}
}

func TestRunKeepsEvidenceBeforeItPublishes(t *testing.T) {
	var out []byte
	project := projectOf(t, fakeTask("a", func() error { return nil }, &out))
	if _, _, err := Run(context.Background(), project, Selection{}, testOptions()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(project.State, "evidence", "a", "*.json"))
	if len(found) != 1 {
		t.Fatalf("%d pieces of evidence", len(found))
	}
	data, _ := os.ReadFile(found[0])
	for _, want := range []string{`"authorization": "délibération 12"`, `"rows_read": 5`, `"fingerprint"`, `"a": 1`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the evidence lacks %s:\n%s", want, data)
		}
	}
}

// A folder of a run that was killed is removed by the next; one of a run that
// still goes on is not.
func TestRunSweepsWhatKilledRunsLeft(t *testing.T) {
	var out []byte
	project := projectOf(t, fakeTask("a", func() error { return nil }, &out))
	dead := filepath.Join(project.State, "work", "dead")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	other, err := newRun(context.Background(), project, testOptions(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Run(context.Background(), project, Selection{}, testOptions()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("the dead run's folder is still there")
	}
	if _, err := os.Stat(other.dir); err != nil {
		t.Error("the living run's folder is gone")
	}
	other.close()
}

func TestExitCodePrecedence(t *testing.T) {
	receipt := &Receipt{}
	published := TaskResult{Outcome: Published, Loads: []LoadResult{{Receipt: receipt}}}
	failed := func(m *messages.Message) TaskResult {
		o := FailedTask
		if m.Class == messages.Refused {
			o = Refused
		}
		return TaskResult{Outcome: o, Err: m.With()}
	}
	plainFailure := TaskResult{Outcome: FailedTask, Err: io.ErrUnexpectedEOF}
	for _, c := range []struct {
		name  string
		tasks []TaskResult
		want  int
	}{
		{"nothing", nil, 0},
		{"published", []TaskResult{published}, 0},
		{"held", []TaskResult{{Outcome: Held}}, 0},
		{"environment", []TaskResult{failed(messages.DiskBound)}, 3},
		{"environment twice", []TaskResult{failed(messages.DiskBound), failed(messages.DiskBound)}, 3},
		{"no common code", []TaskResult{failed(messages.DiskBound), failed(messages.ZeroRows)}, 1},
		{"refused", []TaskResult{failed(messages.ZeroRows)}, 4},
		{"failed", []TaskResult{plainFailure}, 1},
		{"published and failed", []TaskResult{published, plainFailure}, 5},
		{"published and refused", []TaskResult{published, failed(messages.ZeroRows)}, 5},
		{"rows lost", []TaskResult{{Outcome: Incomplete, Loads: []LoadResult{{Receipt: receipt}}}}, 5},
		{"not published as asked", []TaskResult{{Outcome: Unpublished}}, 0},
		{"rows lost, not published as asked", []TaskResult{{Outcome: Unpublished, Rows: Rows{Rejected: 1}}, {Outcome: Unpublished}}, 5},
		{"a failure before rows that were not to be published", []TaskResult{{Outcome: Unpublished, Rows: Rows{Rejected: 1}}, failed(messages.ZeroRows)}, 4},
		{"wrong file before incomplete", []TaskResult{published, failed(messages.NoPrivacy)}, 2},
		{"interrupted before all", []TaskResult{published, failed(messages.NoPrivacy), {Outcome: Interrupted, Err: context.Canceled}}, 130},
	} {
		if got := (&Report{Tasks: c.tasks}).ExitCode(false); got != c.want {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.want)
		}
	}
	if got := ExitCode(fmt.Errorf("x: %w", context.Canceled)); got != 130 {
		t.Errorf("cancelled: %d", got)
	}
	if got := ExitCode(errors.New("x")); got != 1 {
		t.Errorf("unknown: %d", got)
	}
}

// A renamed pipeline keeps its history.
func TestHistoryFollowsMoves(t *testing.T) {
	var bad error
	var out []byte
	project := projectOf(t, fakeTask("old", func() error { return bad }, &out))
	run := func(p *Project) *Report {
		r, _, err := Run(context.Background(), p, Selection{}, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run(project)
	bad = messages.DiskBound.With("bound", "1MiB")
	run(project)
	renamed := projectOf(t, fakeTask("new", func() error { return bad }, &out))
	renamed.State = project.State
	renamed.Formerly = func(id TaskID) []TaskID { return []TaskID{{Pipeline: "old"}} }
	var change Change
	Plan(context.Background(), renamed, Selection{}, PlanOptions{Log: hclog.NewNullLogger()}, func(p Planned) bool {
		change = p.Change
		return true
	})
	if change != ChangeUnknown {
		t.Errorf("the plan says %s of a pipeline that only has another name", change)
	}
	if r := run(renamed); len(r.Known) != 1 || len(r.New) != 0 {
		t.Errorf("its failure counts as new: %v", r.New)
	}
}

func TestPointersKnowBetterThanTheHistory(t *testing.T) {
	for _, c := range []struct {
		before         Change
		noted, current []string
		want           Change
	}{
		{ChangeNew, nil, []string{""}, ChangeNew},
		{ChangeNew, nil, []string{"abc"}, ChangeElsewhere},
		{ChangeUnknown, []string{"abc"}, []string{"abc"}, ChangeUnknown},
		{ChangeUnknown, []string{"abc"}, []string{""}, ChangeNew},
		{ChangeNone, []string{"abc"}, []string{"abc"}, ChangeNone},
		{ChangeNone, []string{"abc"}, []string{"def"}, ChangeElsewhere},
		{ChangeNone, []string{"abc"}, []string{"abc", ""}, ChangeNone},
		{ChangeNone, []string{"abc"}, nil, ChangeNone},
		{ChangeMade, []string{"abc"}, nil, ChangeMade},
		{ChangeMade, []string{"abc"}, []string{"def"}, ChangeElsewhere},
		{ChangeHeld, nil, []string{"abc"}, ChangeWithdrawn},
		{ChangeWithdrawn, []string{"abc"}, []string{""}, ChangeHeld},
	} {
		pl := Planned{Change: c.before, Because: "x", Current: c.current}
		pl.given(c.noted)
		if pl.Change != c.want || (pl.Because == "x") != (pl.Change == c.before) {
			t.Errorf("%s, noted %q, with %q is %s (%s), want %s", c.before, c.noted, c.current, pl.Change, pl.Because, c.want)
		}
	}
}

// there is the configuration of a load that publishes to a place.
type there string

func (p there) Place() (id, shown string) { return string(p), "shown " + string(p) }

// Two loads that publish to one place are a mistake that is told before anything
// runs, once for each block (invariant 8).
func TestValidateRefusesTwoLoadsInOnePlace(t *testing.T) {
	taskAt := func(name string, line int, places ...string) Task {
		var out []byte
		task := fakeTask(name, func() error { return nil }, &out)
		load := task.Chain.Loads[0]
		task.Chain.Loads = nil
		for _, p := range places {
			load.Component = Define(KindLoad, "memory", "x", there(""), func(Env, there) (any, error) { return inMemory{}, nil })
			load.Config, load.Range = there(p), hcl.Range{Filename: "p.hcl", Start: hcl.Pos{Line: line}}
			task.Chain.Loads = append(task.Chain.Loads, load)
		}
		return task
	}
	for name, c := range map[string]struct {
		tasks []Task
		want  int
	}{
		"apart":            {[]Task{taskAt("a", 1, "x"), taskAt("b", 2, "y", "z")}, 0},
		"two tasks":        {[]Task{taskAt("a", 1, "x"), taskAt("b", 2, "x")}, 1},
		"one task":         {[]Task{taskAt("a", 1, "x", "x")}, 1},
		"many of a block":  {[]Task{taskAt("a", 1, "x"), taskAt("b", 1, "x"), taskAt("c", 1, "x")}, 1},
		"of two blocks":    {[]Task{taskAt("a", 1, "x"), taskAt("b", 2, "x"), taskAt("c", 3, "x")}, 2},
		"but each its own": {[]Task{taskAt("a", 1, "x"), taskAt("b", 1, "y"), taskAt("c", 1, "z")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Validate(context.Background(), projectOf(t, c.tasks...), Selection{}, hclog.NewNullLogger())
			if len(diags) != c.want {
				t.Errorf("%d diagnostics: %v", len(diags), diags)
			}
			for _, d := range diags {
				if m, ok := d.Extra.(*messages.Error); !ok || m.Message != messages.SamePlace {
					t.Errorf("got %v", d)
				}
			}
		})
	}
}

// Tasks whose names look alike keep files of their own, also where case and the
// composition of accents do not tell names apart, and no name climbs out of the
// folder, is a device or is too long.
func TestTasksHaveFilesOfTheirOwn(t *testing.T) {
	alike := func(names []string) string {
		return strings.ToLower(norm.NFKD.String(strings.Join(names, "+")))
	}
	rapid.Check(t, func(rt *rapid.T) {
		part := rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom([]rune("abAB_/\\.:+%~=é \x00*\u0301ÉſK")), 0, 6, -1),
			rapid.SampledFrom([]string{"con", "CON", "nul.x", "Com1", "journal", "Journal", "aa=bb", strings.Repeat("é", 90), strings.Repeat("é", 91)}),
		)
		a := TaskID{Pipeline: "p" + part.Draw(rt, "pipeline"), Tenant: part.Draw(rt, "tenant"), Partition: part.Draw(rt, "partition")}
		other := func(text string) string {
			return rapid.SampledFrom([]func(string) string{strings.ToUpper, strings.ToLower, norm.NFD.String, norm.NFC.String, fileName,
				func(s string) string { return s }, func(string) string { return part.Draw(rt, "other") }}).Draw(rt, "change")(text)
		}
		b := TaskID{Pipeline: other(a.Pipeline), Tenant: other(a.Tenant), Partition: other(a.Partition)}
		for _, n := range a.fileNames() {
			if n == "" || strings.ContainsAny(n, "/\\:*+ \x00") || n[0] == '.' || n[len(n)-1] == '.' || len(n) > 70 || device.MatchString(n) || n == JournalFolder {
				rt.Errorf("%q is no name for a file", n)
			}
		}
		if a != b && a.Tenant != "" && b.Tenant != "" && b.Pipeline != "" && alike(a.fileNames()) == alike(b.fileNames()) && (a.Partition == "") == (b.Partition == "") {
			rt.Errorf("%q and %q are both %s", a, b, a.fileNames())
		}
	})
	for _, c := range []struct{ task, want string }{
		{"sub_ventions", "sub_ventions"}, {"..", "%2E%2E"}, {"a/b", "a%2Fb"}, {"2024.1", "2024.1"}, {"35238", "35238"},
		{"Val-Fleuri", "Val-Fleuri=8f7cc2cf195ea0a4ab14"}, {"con", "%63on"}, {"écoles", "%C3%A9coles"},
	} {
		if got := fileName(c.task); got != c.want {
			t.Errorf("%s: %s, want %s", c.task, got, c.want)
		}
	}
}

// device is a name that Windows takes for a device, whatever follows a dot.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$`)

// What stands for a recipient and is none may be the secret half of one.
func TestQuarantineShowsNoSecretKey(t *testing.T) {
	_, err := openQuarantine(t.TempDir(), TaskID{Pipeline: "a"}, "run", []string{"AGE-SECRET-KEY-1" + canary})
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

// Runs that start at the same moment do not take each other's folder for that of
// a run that was killed, and one that was killed is swept (invariant 10).
func TestRunsThatStartTogether(t *testing.T) {
	project := projectOf(t)
	work := filepath.Join(project.State, "work")
	killed := filepath.Join(work, "killed")
	if err := os.MkdirAll(killed, 0o700); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			r, err := newRun(context.Background(), project, testOptions(), 1)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.close()
			if _, err := os.MkdirTemp(r.dir, "task-*"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if entries, _ := os.ReadDir(work); len(entries) != 0 {
		t.Errorf("left in the work folder: %v", entries)
	}
}

type oneSecret string

func (s oneSecret) Reveal(context.Context, string) (string, error) { return string(s), nil }

// Hashes of inputs' names tell the names under a key that can be tried out.
func TestRunRefusesAWeakFingerprintKey(t *testing.T) {
	for key, weak := range map[string]bool{"": true, "court": true, "fifteen bytes..": true, "sixteen bytes...": false} {
		project := projectOf(t)
		project.FingerprintKey, project.Secrets = Secret{Ref: "secret.k"}, oneSecret(key)
		_, _, err := Run(context.Background(), project, Selection{}, testOptions())
		if messages.Has(err, messages.WeakKey) != weak {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// stamped is a source that has a stamp; far: over the network only.
type stamped struct {
	plain
	state string
	far   bool
}

func (s stamped) Stamp(_ context.Context, in Stamping) (bool, error) {
	if s.far && !in.Connect {
		return false, nil
	}
	_, err := io.WriteString(in.To, s.state)
	return true, err
}

// fedBy is a step that reads another source.
type fedBy struct {
	Transform
	Source
}

func (f fedBy) Feeds() map[string]Source { return map[string]Source{"source.fake.right": f.Source} }

// What a step reads besides is part of the input; where one source cannot tell, the
// input is not known.
func TestStampIsOfAllSources(t *testing.T) {
	stamp := func(src, feed Source, connect bool) (string, unknown) {
		t.Helper()
		f := &Flow{SourceName: "source.fake.a", Source: src, Steps: []Step{{"transform.join.b", fedBy{plus{}, feed}}}}
		s, why, err := f.stamp(context.Background(), []byte("key"), Stamping{Connect: connect})
		if err != nil || (s == "") != (why != "") || strings.Contains(s, canary) {
			t.Errorf("%q, %q, %v", s, why, err)
		}
		return s, why
	}
	near := func(state string) Source { return stamped{state: state} }
	far := func(state string) Source { return stamped{state: state, far: true} }
	if _, why := stamp(far("a"), plain{}, false); why != inputUnread {
		t.Errorf("of a source that cannot tell: %s", why)
	}
	if _, why := stamp(near("a"), far("b"), false); why != inputOffline {
		t.Errorf("of a distant source: %s", why)
	}
	a, _ := stamp(near(canary), far("b"), true)
	for _, other := range [][2]string{{canary, "c"}, {"x", "b"}, {canary + "b", ""}, {"", canary + "b"}} {
		if b, _ := stamp(near(other[0]), far(other[1]), true); a == b {
			t.Errorf("%q has the stamp of another state", other)
		}
	}
	if b, _ := stamp(near(canary), near("b"), false); a != b {
		t.Error("the same state has two stamps")
	}
}

// A listing is made once for tasks that share it, and not kept for ever.
func TestMemo(t *testing.T) {
	var m memo
	made := 0
	get := func(key string) {
		v, err := m.once(key, func() (any, error) { made++; return key, nil })
		if v != key || err != nil {
			t.Fatalf("%s gave %v, %v", key, v, err)
		}
	}
	for range 3 {
		for i := range len(m.keys) {
			get(fmt.Sprint(i))
		}
	}
	if made != len(m.keys) {
		t.Errorf("%d were made for %d keys", made, len(m.keys))
	}
	get("one more")
	get("0")
	if made != len(m.keys)+2 {
		t.Errorf("%d were made: the oldest was to be forgotten", made)
	}
}
