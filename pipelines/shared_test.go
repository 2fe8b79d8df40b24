package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// townRow is a row of a file that holds several towns and years. A row that is
// bad cannot be read; "" and 0 are null.
type townRow struct {
	town string
	year int32
	n    int64
	bad  bool
}

var townSchema = arrow.NewSchema([]arrow.Field{
	{Name: "town", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
}, nil)

// townFile is what several tasks read, in batches that are cut anywhere; each
// third batch begins another input. It counts.
type townFile struct {
	mem     memory.Allocator
	batches [][]townRow
	before  func() error          // of opening
	decode  func(batch int) error // may be nil

	mu              sync.Mutex
	opened, decoded int
	state           string // its stamp
}

func (f *townFile) Stamp(_ context.Context, s Stamping) (bool, error) {
	_, err := io.WriteString(s.To, f.state)
	return true, err
}

func (f *townFile) OpenChunks(context.Context) (Chunks, error) {
	f.mu.Lock()
	f.opened++
	f.mu.Unlock()
	if f.before != nil {
		if err := f.before(); err != nil {
			return nil, err
		}
	}
	return &townChunks{file: f}, nil
}

func (f *townFile) Open(ctx context.Context) (Stream, error) {
	c, err := f.OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	return ReadChunks(c), nil
}

func (f *townFile) Rereadable() bool                { return true }
func (f *townFile) Declared() (*arrow.Schema, bool) { return townSchema, true }

type townChunks struct {
	file *townFile
	at   int
}

func (c *townChunks) Schema() *arrow.Schema { return townSchema }
func (c *townChunks) Close() error          { return nil }
func (c *townChunks) Next(context.Context) (Chunk, error) {
	if c.at == len(c.file.batches) {
		return nil, io.EOF
	}
	c.at++
	return townChunk{c.file, c.at - 1}, nil
}

type townChunk struct {
	file  *townFile
	batch int
}

func (c townChunk) Discard() {}
func (c townChunk) Decode(context.Context) (Batch, error) {
	c.file.mu.Lock()
	c.file.decoded++
	c.file.mu.Unlock()
	if c.file.decode != nil {
		if err := c.file.decode(c.batch); err != nil {
			return Batch{}, err
		}
	}
	b := array.NewRecordBuilder(c.file.mem, townSchema)
	defer b.Release()
	out := Batch{Places: Places{Input: fmt.Sprint("input", c.batch/3)}}
	for i, r := range c.file.batches[c.batch] {
		line := int64(1000*c.batch + i + 1)
		if r.bad {
			out.Rejects = append(out.Rejects, Reject{Place: Place{out.Places.Input, line}, Column: "n", Raw: []byte(fmt.Sprint(r.town, line)),
				Why: messages.CSVRagged.With("got", line, "wanted", 3)})
			continue
		}
		if r.town == "" {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.StringBuilder).Append(r.town)
		}
		b.Field(1).(*array.Int64Builder).Append(r.n)
		if r.year == 0 {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Int32Builder).Append(r.year)
		}
		out.Places.Lines = append(out.Places.Lines, line)
	}
	out.Record = b.NewRecord()
	return out, nil
}

// townConfig is the configuration of a source of a townFile.
type townConfig struct {
	file   *townFile
	reads  string
	whole  bool
	years  bool // rows are of a year too
	others bool
	column string // "" is town
}

func (c townConfig) by(t TaskID) []SplitColumn {
	if c.whole {
		return nil
	}
	by := []SplitColumn{{"tenant_by", cmp.Or(c.column, "town"), t.Tenant}}
	if c.years {
		by = append(by, SplitColumn{"partition_by", "year", t.Partition})
	}
	return by
}

func (c townConfig) Split(t TaskID, _ map[string]string) Split {
	whole := c
	whole.whole = true
	return Split{By: c.by(t), Reads: c.reads, Whole: whole, Others: c.others}
}

// townSource is what a task reads by itself.
type townSource struct {
	*townFile
	by []SplitColumn
}

func (s townSource) OpenChunks(ctx context.Context) (Chunks, error) {
	c, err := s.townFile.OpenChunks(ctx)
	if err != nil || len(s.by) == 0 {
		return c, err
	}
	return KeepRows(s.mem, c, s.by)
}

var townComponent = Define(KindSource, "towns", "x", townConfig{}, func(env Env, c townConfig) (Source, error) {
	return townSource{c.file, c.by(env.Task)}, nil
})

// onlyNumbers keeps the column n; a row whose n is a multiple of 13 is rejected
// with its place.
type onlyNumbers struct{ mem memory.Allocator }

func (o onlyNumbers) Bind(*arrow.Schema) (*arrow.Schema, error)        { return numbersSchema, nil }
func (o onlyNumbers) Run(_ context.Context, in Stream) (Stream, error) { return RunKernel(o, in) }
func (o onlyNumbers) Lineage(*arrow.Schema) (map[string][]Origin, error) {
	return map[string][]Origin{"n": {{Column: "n"}}}, nil
}
func (o onlyNumbers) Kernel(*arrow.Schema) (Kernel, error) {
	return func(_ context.Context, b Batch) (Batch, error) {
		nb := array.NewRecordBuilder(o.mem, numbersSchema)
		defer nb.Release()
		var rows []int32
		for i, v := range b.Column(1).(*array.Int64).Int64Values() {
			if v%13 == 0 {
				b.Rejects = append(b.Rejects, Reject{Place: b.Places.At(i), Column: "n", Why: messages.DivisionByZero.With()})
				continue
			}
			rows = append(rows, int32(i))
			nb.Field(0).(*array.Int64Builder).Append(v)
		}
		b.Places = b.Places.Take(rows)
		return b.With(nb.NewRecord()), nil
	}, nil
}

func builtOf(k Kind, name string, v any) Built {
	return Built{Component: Define(k, name, "x", struct{}{}, func(Env, struct{}) (any, error) { return v, nil }), Label: "l", Config: struct{}{}}
}

// towns is a project whose tasks read one townFile.
type towns struct {
	mem       memory.Allocator
	config    townConfig
	tenants   []string
	years     []string
	held      string // a tenant without authorization
	reject    RejectPolicy
	single    bool // the privacy stage needs one pass
	each      bool // every task reads for itself
	published map[TaskID]*[]byte
	more      []Task
	workers   int
	tasks     int
	disk      Size
	state     string
}

func (p *towns) task(tenant, year string) Task {
	id := TaskID{Pipeline: "p", Tenant: tenant, Partition: year}
	if p.published == nil {
		p.published = map[TaskID]*[]byte{}
	}
	if p.published[id] == nil {
		p.published[id] = new([]byte)
	}
	t := Task{ID: id, Authorization: &Authorization{Allowed: tenant != p.held, Reference: "x"}, Config: []byte(`{}`)}
	t.Chain = Chain{
		Source:     Built{Component: townComponent, Label: "l", Config: p.config},
		SourceText: []byte("text"),
		Transforms: []Built{builtOf(KindTransform, "numbers", onlyNumbers{p.mem})},
		Privacy:    builtOf(KindPrivacy, "policy", letOut{p.mem, p.single, new(int64)}),
		Loads:      []Built{builtOf(KindLoad, "memory", inMemory{mem: p.mem, published: p.published[id]})},
		OnReject:   p.reject, AllowEmpty: true,
	}
	if p.each {
		t.Chain.SourceText = nil
	}
	return t
}

func (p *towns) project() *Project {
	return &Project{State: p.state, Bounds: Bounds{Workers: p.workers, Tasks: p.tasks, Disk: p.disk}, Retention: time.Hour,
		FingerprintKey: Secret{Ref: "k"}, Secrets: oneSecret("sixteen bytes or more"),
		Recipients: []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"},
		Tasks: func(sel Selection, yield func(Task) bool) hcl.Diagnostics {
			picks := func(glob, name string) bool {
				ok, _ := path.Match(glob, name)
				return ok || glob == ""
			}
			for _, t := range p.more {
				if picks(sel.Pipeline, t.ID.Pipeline) && picks(sel.Tenant, t.ID.Tenant) && !yield(t) {
					return nil
				}
			}
			for _, tenant := range p.tenants {
				for _, year := range p.years {
					if picks(sel.Pipeline, "p") && picks(sel.Tenant, tenant) && picks(sel.Partition, year) && !yield(p.task(tenant, year)) {
						return nil
					}
				}
			}
			return nil
		}}
}

// run runs the selected tasks, and says what is left of them.
func (p *towns) run(t interface {
	Fatal(...any)
	TempDir() string
}, sel Selection) *Report {
	if p.state == "" {
		p.state = t.TempDir()
	}
	opt := testOptions()
	opt.Allocator = p.mem
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report, diags, err := Run(ctx, p.project(), sel, opt)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return report
}

// summaryOf is what a result says, for comparing.
func summaryOf(r TaskResult) map[string]any {
	var rejects []string
	for _, x := range r.Rejects {
		rejects = append(rejects, fmt.Sprint(x.Input, ":", x.Line, " ", x.Column, " ", x.Step, " ", x.Why.What(messages.French)))
	}
	return map[string]any{"task": r.Task, "outcome": r.Outcome, "rows": r.Rows, "rejects": rejects, "rules": r.RejectRules,
		"fingerprint": r.Fingerprint, "error": fmt.Sprint(r.Err), "exit": ExitCode(r.Err)}
}

func drawBatches(t *rapid.T) (batches [][]townRow) {
	row := rapid.Custom(func(t *rapid.T) townRow {
		return townRow{
			town: rapid.SampledFrom([]string{"a", "a", "b", "c", "d", "nobody", ""}).Draw(t, "town"),
			year: rapid.SampledFrom([]int32{2023, 2024, 2024, 1999, 0}).Draw(t, "year"),
			n:    rapid.Int64Range(1, 100).Draw(t, "n"), bad: rapid.IntRange(0, 9).Draw(t, "bad") == 0,
		}
	})
	return rapid.SliceOfN(rapid.SliceOfN(row, 0, 12), 0, 9).Draw(t, "batches")
}

// For any rows, cut in any way, any number of workers and any tasks: what is read
// once and divided gives what each task would have read for itself: the same
// bytes, rejects with their places, counts and fingerprint (invariants 2 and 7);
// and no byte of memory, nor a file, is left.
func TestSharedReadingGivesWhatEachTaskWouldRead(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		file := &townFile{mem: mem, batches: drawBatches(rt)}
		p := towns{mem: mem, config: townConfig{file: file, reads: "export", years: rapid.Bool().Draw(rt, "years")},
			tenants: []string{"a", "b", "c", "d"}, years: []string{"2023", "2024"},
			held: rapid.SampledFrom([]string{"", "b"}).Draw(rt, "held"), single: rapid.Bool().Draw(rt, "single"),
			reject:  RejectPolicy{Action: rapid.SampledFrom([]string{"fail", "drop", "quarantine"}).Draw(rt, "action")},
			workers: rapid.IntRange(1, 4).Draw(rt, "workers"), tasks: rapid.IntRange(1, 3).Draw(rt, "tasks")}
		sel := Selection{Tenant: rapid.SampledFrom([]string{"", "[ac]", "a"}).Draw(rt, "tenant"),
			Partition: rapid.SampledFrom([]string{"", "2024"}).Draw(rt, "partition")}
		each := p
		each.each, each.workers = true, 1

		got := p.run(t, sel)
		if file.opened != 1 || file.decoded != len(file.batches) {
			rt.Fatalf("opened %d times, %d of %d batches decoded", file.opened, file.decoded, len(file.batches))
		}
		want := each.run(t, sel)
		if len(got.Tasks) != len(want.Tasks) {
			rt.Fatalf("%d tasks, want %d", len(got.Tasks), len(want.Tasks))
		}
		for i := range got.Tasks {
			if d := gocmp.Diff(summaryOf(want.Tasks[i]), summaryOf(got.Tasks[i])); d != "" {
				rt.Fatalf("each for itself and shared:\n%s", d)
			}
			id := got.Tasks[i].Task
			if !slices.Equal(*p.published[id], *each.published[id]) {
				rt.Fatalf("%s: other bytes", id)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(p.state, "work", "*")); len(left) != 0 {
			rt.Errorf("left behind: %v", left)
		}
		mem.AssertSize(rt2t{rt}, 0)
	})
}

// However often rows that wait are put on disk, a part gives the batches of the
// source without the rows of others, and it gives them again.
func TestDivisionKeepsTheBatchesOfTheSource(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		file := &townFile{mem: mem, batches: drawBatches(rt)}
		if rapid.Bool().Draw(rt, "long") { // more than a frame holds
			for i := range file.batches {
				for range rapid.IntRange(0, 3).Draw(rt, "times") {
					file.batches[i] = append(file.batches[i], file.batches[i]...)
				}
			}
		}
		bound := rapid.SampledFrom([]int64{1, 500, 3000, 1 << 20}).Draw(rt, "bound")
		config := townConfig{years: rapid.Bool().Draw(rt, "years")}
		root, parts, hearers := newKeyNode(), 0, 0
		ids := []TaskID{{Tenant: "a", Partition: "2023"}, {Tenant: "a", Partition: "2024"}, {Tenant: "c", Partition: "2024"}}
		for _, id := range ids {
			if root.add(config.by(id), parts).part == parts {
				parts++
			}
			over, _ := root.path(config.by(id))
			for _, n := range over {
				if n.hears == nowhere {
					n.hears, hearers = hearers, hearers+1
				}
			}
		}
		spool := &arrowx.Spool{Dir: dir, Mem: mem}
		d, err := newDivision(mem, spool, townSchema, parts, hearers, bound)
		if err != nil {
			rt.Fatal(err)
		}
		split, err := newSplitter(townSchema, config.by(ids[0]), root)
		if err != nil {
			rt.Fatal(err)
		}
		chunks, _ := file.OpenChunks(context.Background())
		err = Each(context.Background(), ReadChunks(chunks), func(b Batch) error {
			r := split.route(b)
			b, err := r.keep(mem, b)
			if err != nil {
				return err
			}
			return d.add(b, r)
		})
		if err == nil {
			err = d.finish()
		}
		if err != nil {
			rt.Fatal(err)
		}
		for _, id := range ids {
			over, leaf := root.path(config.by(id))
			var hears []int
			for _, n := range over {
				hears = append(hears, n.hears)
			}
			for range 2 {
				got, err := d.open(leaf.part, hears)
				if err != nil {
					rt.Fatal(err)
				}
				whole, _ := file.OpenChunks(context.Background())
				want, _ := KeepRows(mem, whole, config.by(id))
				sameBatches(rt, ReadChunks(want), ReadChunks(got))
			}
		}
		if err := d.close(); err != nil {
			rt.Fatal(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			rt.Errorf("left behind: %v", left)
		}
		mem.AssertSize(rt2t{rt}, 0)
	})
}

func sameBatches(t *rapid.T, want, got Stream) {
	ctx := context.Background()
	defer want.Close()
	defer got.Close()
	for i := 0; ; i++ {
		w, errW := want.Next(ctx)
		g, errG := got.Next(ctx)
		if errW == io.EOF && errG == io.EOF {
			return
		}
		if errW != nil || errG != nil {
			t.Fatalf("batch %d: %v and %v", i, errW, errG)
		}
		if !array.RecordEqual(w.Record, g.Record) {
			t.Errorf("batch %d is %v, want %v", i, g.Record, w.Record)
		}
		if !slices.Equal(w.Places.Lines, g.Places.Lines) || w.Places.Input != g.Places.Input {
			t.Errorf("batch %d: places %v, want %v", i, g.Places, w.Places)
		}
		text := func(rs []Reject) (out []string) {
			for _, r := range rs {
				out = append(out, fmt.Sprintf("%v %s %v %q %t", r.Place, r.Column, r.Why, r.Raw, r.Raw == nil))
			}
			return out
		}
		if d := gocmp.Diff(text(w.Rejects), text(g.Rejects)); d != "" {
			t.Errorf("batch %d: rejects\n%s", i, d)
		}
		w.Release()
		g.Release()
	}
}

func someTowns(t *testing.T, rows int) (*towns, *townFile) {
	file := &townFile{mem: memory.NewCheckedAllocator(arrowx.Poison{})}
	for i := range rows {
		if i%10 == 0 {
			file.batches = append(file.batches, nil)
		}
		last := &file.batches[len(file.batches)-1]
		*last = append(*last, townRow{town: []string{"a", "b", "c"}[i%3], year: 2024, n: int64(i)*13 + 1})
	}
	t.Cleanup(func() { file.mem.(*memory.CheckedAllocator).AssertSize(t, 0) })
	return &towns{mem: file.mem, config: townConfig{file: file, reads: "export"}, tenants: []string{"a", "b", "c"}, years: []string{"2024"},
		single: true, workers: 2, tasks: 2, state: t.TempDir()}, file
}

func (p *towns) spools(t *testing.T) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(p.state, "work", "*", "spool-*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// A row that belongs to no task of the whole project is told, and the exit code
// says it; that of a task which was not selected, or which nobody allowed, or
// which another pipeline publishes, is not (invariant 8).
func TestRowsOfNobodyAreTold(t *testing.T) {
	lost := []townRow{{town: "elsewhere", year: 2024, n: 1}, {town: "a", year: 1999, n: 1}}
	other := func(whole bool) func(*towns) {
		return func(p *towns) {
			q := *p
			q.config.whole = whole
			more := q.task("elsewhere", "2024")
			more.ID.Pipeline = "another"
			more.Chain.SourceText = []byte("the same files, read in another way")
			p.more = append(p.more, more)
		}
	}
	for name, c := range map[string]struct {
		change func(*towns)
		sel    Selection
		want   int64
		exit   int
	}{
		"none lost":                  {func(p *towns) { p.config.file.batches = p.config.file.batches[1:] }, Selection{}, 0, ExitDone},
		"by town":                    {nil, Selection{}, 1, ExitIncomplete},
		"by town and year":           {func(p *towns) { p.config.years = true }, Selection{}, 2, ExitIncomplete},
		"one task selected":          {func(p *towns) { p.config.years = true }, Selection{Tenant: "b"}, 2, ExitIncomplete},
		"a town held":                {func(p *towns) { p.held = "b" }, Selection{}, 1, ExitIncomplete},
		"there by right":             {func(p *towns) { p.config.others = true }, Selection{}, 0, ExitDone},
		"another pipeline's":         {other(false), Selection{Pipeline: "p"}, 0, ExitDone},
		"another pipeline takes all": {other(true), Selection{Pipeline: "p"}, 0, ExitDone},
	} {
		t.Run(name, func(t *testing.T) {
			p, file := someTowns(t, 30)
			file.batches = append([][]townRow{lost}, file.batches...)
			if c.change != nil {
				c.change(p)
			}
			r := p.run(t, c.sel)
			if r.ExitCode(false) != c.exit || (len(r.Notes) == 0) != (c.want == 0) {
				t.Fatalf("exit %d, notes %v", r.ExitCode(false), r.Notes)
			}
			for _, n := range r.Notes {
				if n.Message != messages.OtherRows || n.Param("count") != fmt.Sprint(c.want) || n.Param("line") != "1" || n.Param("file") != "input0" {
					t.Errorf("got %v", n)
				}
				if strings.Contains(n.Error(), "elsewhere") || strings.Contains(n.Error(), "1999") {
					t.Errorf("a value of a row is told: %v (invariant 6)", n)
				}
			}
			data, err := r.JSON(messages.French)
			if err != nil || strings.Contains(string(data), "LAV-2031") != (c.want > 0) {
				t.Errorf("the report is\n%s (%v)", data, err)
			}
		})
	}
}

// However the reading fails, every task that needs it says the same, no other
// does, and nothing is left.
func TestSharedReadingThatFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	cause := messages.Unreachable.With("store", "s", "reason", "test")
	for name, c := range map[string]struct {
		spoil func(*towns, *townFile)
		want  *messages.Message
	}{
		"opening":        {func(_ *towns, f *townFile) { f.before = func() error { return cause } }, messages.Unreachable},
		"opening panics": {func(_ *towns, f *townFile) { f.before = func() error { panic(canary) } }, messages.Internal},
		"in the middle": {func(_ *towns, f *townFile) {
			f.decode = func(batch int) error {
				if batch == 3 {
					return cause
				}
				return nil
			}
		}, messages.Unreachable},
		"a worker panics": {func(_ *towns, f *townFile) { f.decode = func(int) error { panic(canary) } }, messages.Internal},
		"no room on disk": {func(p *towns, _ *townFile) { p.disk = 2 << 10 }, messages.SplitDisk},
		"no such column":  {func(p *towns, _ *townFile) { p.config.column = "commune" }, messages.FileColumn},
	} {
		t.Run(name, func(t *testing.T) {
			p, file := someTowns(t, 400)
			var out []byte
			p.more = []Task{fakeTask("other", func() error { return nil }, &out)}
			c.spoil(p, file)
			r := p.run(t, Selection{})
			if r.Tasks[0].Outcome != Published || out == nil {
				t.Errorf("another task: %v", r.Tasks[0].Err)
			}
			texts := map[string]bool{}
			for _, x := range r.Tasks[1:] {
				var step *StepError
				if !messages.Has(x.Err, c.want) || !errors.As(x.Err, &step) || step.Task != x.Task || step.Step != "source.towns.l" {
					t.Errorf("%s: %v", x.Task, x.Err)
					continue
				}
				texts[step.Err.Error()] = true
			}
			if len(texts) != 1 || len(r.Tasks) != 4 {
				t.Errorf("%d tasks say %v", len(r.Tasks), texts)
			}
			if got := ExitCode(r.Tasks[1].Err); got != ExitCode(c.want.With()) {
				t.Errorf("exit %d", got)
			}
			if file.opened != 1 {
				t.Errorf("opened %d times", file.opened)
			}
			if strings.Contains(fmt.Sprint(texts), canary) {
				t.Error("the canary is told (invariant 6)")
			}
			if left, _ := os.ReadDir(filepath.Join(p.state, "work")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A run that is interrupted while it reads for many stops, and leaves nothing.
func TestSharedReadingInterrupted(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, file := someTowns(t, 400)
	ctx, cancel := context.WithCancel(context.Background())
	file.decode = func(batch int) error {
		if batch == 5 {
			cancel()
		}
		return nil
	}
	opt := testOptions()
	opt.Allocator = p.mem
	r, _, err := Run(ctx, p.project(), Selection{}, opt)
	if err != nil || !r.Interrupted || r.ExitCode(false) != ExitInterrupted {
		t.Errorf("%v, %+v", err, r)
	}
	for id, out := range p.published {
		if len(*out) > 0 {
			t.Errorf("%s was published", id)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(p.state, "work")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What is read for many is on disk, unreadable, until its last task ended, and
// not longer.
func TestSharedReadingIsOnDiskWhileItIsNeeded(t *testing.T) {
	p, file := someTowns(t, 400)
	for i := range file.batches {
		file.batches[i][0].town = canary
	}
	p.tenants, p.tasks = append(p.tenants, canary), 1
	seen, seenAfter := 0, 0
	var out []byte
	after := fakeTask("z", func() error {
		if left := p.spools(t); len(left) != 0 {
			t.Errorf("after the last task there is still %v", left)
		}
		seenAfter++
		return nil
	}, &out)
	project := p.project()
	tasks := project.Tasks
	project.Tasks = func(sel Selection, yield func(Task) bool) hcl.Diagnostics {
		tasks(sel, func(t0 Task) bool {
			t0.Chain.Loads = append([]Built{builtOf(KindLoad, "watch", watching{t0.Chain.Loads[0], func() {
				seen++
				spools := p.spools(t)
				if len(spools) == 0 {
					t.Error("there is no spool while a task reads it")
				}
				for _, s := range spools {
					if data, err := os.ReadFile(s); err != nil || strings.Contains(string(data), canary) {
						t.Errorf("the spool can be read: %v (invariant 6)", err)
					}
				}
			}})}, t0.Chain.Loads...)
			return yield(t0)
		})
		yield(after)
		return nil
	}
	opt := testOptions()
	opt.Allocator = p.mem
	r, _, err := Run(context.Background(), project, Selection{}, opt)
	if err != nil || r.ExitCode(false) != ExitDone || seen != 4 || seenAfter == 0 {
		t.Errorf("%v, exit %d, looked %d and %d times", err, r.ExitCode(false), seen, seenAfter)
	}
}

// watching is a sink that looks around while it seals nothing.
type watching struct {
	like Built
	look func()
}

func (w watching) Seal(ctx context.Context, in Stream) (Sealed, error) {
	w.look()
	s, err := As[Sink](w.like, Env{})
	if err != nil {
		return nil, err
	}
	m := s.(inMemory)
	m.published = new([]byte)
	return m.Seal(ctx, in)
}

// Tasks that wait for a reading take no place that others could use: with two
// places, a reading that itself waits for a later task ends.
func TestWaitingForASharedReadingTakesNoPlace(t *testing.T) {
	p, file := someTowns(t, 30)
	ran := make(chan struct{})
	var out []byte
	var once sync.Once
	other := fakeTask("z", func() error { once.Do(func() { close(ran) }); return nil }, &out)
	file.before = func() error {
		select {
		case <-ran:
			return nil
		case <-time.After(2 * time.Minute):
			return errors.New("the other task did not run")
		}
	}
	project := p.project()
	tasks := project.Tasks
	project.Tasks = func(sel Selection, yield func(Task) bool) hcl.Diagnostics {
		tasks(sel, yield)
		yield(other)
		return nil
	}
	opt := testOptions()
	opt.Allocator = p.mem
	r, _, err := Run(context.Background(), project, Selection{}, opt)
	if err != nil || r.ExitCode(false) != ExitDone {
		t.Errorf("%v: %+v", err, r)
	}
}

// The reading keeps the caps of the connections and groups of all its tasks, and
// with caps of one and one place nothing waits for ever (invariant 10).
func TestSharedReadingKeepsCaps(t *testing.T) {
	for round := range 12 { // one to four places, none to six other tasks
		use := &fakeProject{inUse: map[string]int{}, most: map[string]int{}}
		p, file := someTowns(t, 30)
		p.state, p.tasks = t.TempDir(), 1+round%4
		file.before = func() error {
			for _, n := range []string{"depot", "limits.centre"} {
				use.enter(n)
				defer use.leave(n)
			}
			return nil
		}
		connection := func(name, group string) Connection {
			return Connection{Built: Built{Component: Component{Name: name}, Label: "x"}, Max: 1, Group: group}
		}
		for i := range round / 4 * 3 {
			var out []byte
			other := fakeTask(fmt.Sprint("o", i), func() error { use.enter("depot"); use.leave("depot"); return nil }, &out)
			other.Connections = []Connection{connection("depot", "centre")}
			other.Limits = map[string]int{"centre": 1}
			p.more = append(p.more, other)
		}
		project := p.project()
		tasks := project.Tasks
		project.Tasks = func(sel Selection, yield func(Task) bool) hcl.Diagnostics {
			return tasks(sel, func(t Task) bool {
				if t.ID.Pipeline == "p" {
					t.Connections = []Connection{connection("depot", "centre"), connection("portail"+t.ID.Tenant, "")}
					t.Limits = map[string]int{"centre": 1}
				}
				return yield(t)
			})
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		opt := testOptions()
		opt.Allocator = p.mem
		r, _, err := Run(ctx, project, Selection{}, opt)
		if err != nil || r.ExitCode(false) != ExitDone || len(r.Tasks) != len(p.more)+3 {
			t.Fatalf("%v: exit %d, %d tasks", err, r.ExitCode(false), len(r.Tasks))
		}
		for name, most := range use.most {
			if most > 1 {
				t.Errorf("%s was used by %d at once", name, most)
			}
		}
	}
}

// starting is a sink that notes the order of what happens.
type starting struct {
	inMemory
	name string
	log  func(string)
	down error
}

// startingConfig is a configuration that uses a connection.
type startingConfig struct {
	Connection Connection
	starting
}

func (s starting) Start(context.Context) (Started, error) {
	s.log("start " + s.name)
	return s.name + "'s", s.down
}
func (s starting) Resume(b Started) { s.log(fmt.Sprint("resume ", s.name, " with ", b)) }

// Rows that are read once are older than what each task's loads noted before, so
// that they never replace what another run read and published meanwhile. What
// cannot be reached is asked once.
func TestLoadsNoteWhatIsCurrentBeforeTheSharedReading(t *testing.T) {
	for name, c := range map[string]struct {
		down error
		want []string
	}{
		"there":           {nil, []string{"start a", "start b", "read", "resume a with a's", "resume b with b's"}},
		"not to be found": {errDecode, []string{"start a", "read", "resume a with a's", "resume b with a's"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, file := someTowns(t, 30)
			p.tasks = 1
			var mu sync.Mutex
			var log []string
			add := func(s string) {
				mu.Lock()
				defer mu.Unlock()
				log = append(log, s)
			}
			file.before = func() error { add("read"); return nil }
			project := p.project()
			tasks := project.Tasks
			component := Define(KindLoad, "starting", "x", startingConfig{}, func(_ Env, c startingConfig) (Sink, error) { return c.starting, nil })
			project.Tasks = func(sel Selection, yield func(Task) bool) hcl.Diagnostics {
				return tasks(sel, func(t Task) bool {
					s := starting{inMemory{mem: p.mem, published: p.published[t.ID]}, t.ID.Tenant, add, c.down}
					t.Chain.Loads = []Built{{Component: component, Label: "l", Config: startingConfig{
						Connection{Built: Built{Component: Component{Name: "s3"}, Label: "portail"}}, s}}}
					return yield(t)
				})
			}
			opt := testOptions()
			opt.Allocator = p.mem
			if r, _, err := Run(context.Background(), project, Selection{Tenant: "[ab]"}, opt); err != nil || r.ExitCode(false) != ExitDone {
				t.Fatal(err, r)
			}
			if d := gocmp.Diff(c.want, log); d != "" {
				t.Error(d)
			}
		})
	}
}

// What is read for many and changes meanwhile is read again for all, a few times;
// the report says so once.
func TestSharedReadingBeginsAgain(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, c := range []struct{ changes, opened int }{{0, 1}, {1, 2}, {2, 3}, {9, 3}} {
		p, file := someTowns(t, 400)
		left := c.changes
		file.decode = func(batch int) error {
			if batch == 20 && left > 0 {
				left--
				return messages.FileChanged.With("file", "h")
			}
			return nil
		}
		p.workers = 1
		r := p.run(t, Selection{})
		fails := c.changes >= tries
		for _, x := range r.Tasks {
			if messages.Has(x.Err, messages.FileChanged) != fails || !fails && x.Outcome == FailedTask {
				t.Errorf("%d changes: %s %v", c.changes, x.Outcome, x.Err)
			}
		}
		noted := len(r.Notes) == 1 && r.Notes[0].Message == messages.SourceReread && r.Notes[0].Param("tries") == fmt.Sprint(c.opened)
		if noted != (c.opened > 1) || file.opened != c.opened {
			t.Errorf("%d changes: opened %d times, noted %v", c.changes, file.opened, r.Notes)
		}
	}
}

// The stamp of what is read for many is taken before it is read, for each of them,
// and is that which a plan takes.
func TestSharedReadingHasAStamp(t *testing.T) {
	p, file := someTowns(t, 100)
	file.state = "A"
	file.decode = func(int) error { file.state = "B"; return nil } // it changes while it is read
	p.workers, p.tasks = 1, 1
	p.run(t, Selection{})
	changes := func() (all []string) {
		Plan(context.Background(), p.project(), Selection{}, PlanOptions{Log: testOptions().Log}, func(pl Planned) bool {
			all = append(all, string(pl.Change)+" "+pl.Because)
			return true
		})
		return all
	}
	if got := changes(); len(got) != 3 || slices.ContainsFunc(got, func(s string) bool { return s != "changed input" }) {
		t.Errorf("changed while it was read: %q", got)
	}
	file.state = "A"
	if got := changes(); len(got) != 3 || slices.ContainsFunc(got, func(s string) bool { return s != "unchanged " }) {
		t.Errorf("as it was when it was read: %q", got)
	}
}
