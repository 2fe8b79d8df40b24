package pipelines

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var numbersSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

func numbersRecord(mem memory.Allocator, from, to int64) arrow.Record {
	b := array.NewRecordBuilder(mem, numbersSchema)
	defer b.Release()
	for n := from; n < to; n++ {
		b.Field(0).(*array.Int64Builder).Append(n)
	}
	return b.NewRecord()
}

// countTo is a chunked source of the numbers 0 to rows, in chunks of a size;
// every number that is a multiple of bad is a reject.
type countTo struct {
	mem         memory.Allocator
	rows, chunk int64
	bad         int64
	failAt      int64 // Decode of the chunk with this row fails; 0: never
	again       bool
	opened      *int
	grows       int // how many of the first openings give one row more each
	moves       int // how many of the first openings notice that the file is another
}

func (s countTo) Rereadable() bool { return s.again }

func (s countTo) Open(ctx context.Context) (Stream, error) { panic("the runner takes the chunks") }

func (s countTo) OpenChunks(context.Context) (Chunks, error) {
	*s.opened++
	s.rows += int64(min(*s.opened, s.grows))
	return &countChunks{s: s}, nil
}

type countChunks struct {
	s  countTo
	at int64
}

func (c *countChunks) Schema() *arrow.Schema { return numbersSchema }
func (c *countChunks) Close() error          { return nil }
func (c *countChunks) Next(context.Context) (Chunk, error) {
	if c.at >= c.s.rows && *c.s.opened <= c.s.moves {
		return nil, messages.FileChanged.With("file", "h")
	}
	if c.at >= c.s.rows {
		return nil, io.EOF
	}
	from := c.at
	c.at = min(c.at+c.s.chunk, c.s.rows)
	return countChunk{c.s, from, c.at}, nil
}

type countChunk struct {
	s        countTo
	from, to int64
}

var errDecode = errors.New("decode")

func (c countChunk) Discard() {}
func (c countChunk) Decode(context.Context) (Batch, error) {
	if c.s.failAt > 0 && c.from <= c.s.failAt && c.s.failAt < c.to {
		return Batch{}, fmt.Errorf("%w at %d", errDecode, c.s.failAt)
	}
	b := array.NewRecordBuilder(c.s.mem, numbersSchema)
	defer b.Release()
	var out Batch
	for n := c.from; n < c.to; n++ {
		if c.s.bad > 0 && n%c.s.bad == 0 {
			out.Rejects = append(out.Rejects, Reject{Place: Place{"in", n + 1}, Column: "n", Why: messages.BadInteger.With()})
			continue
		}
		b.Field(0).(*array.Int64Builder).Append(n)
		out.Places.Lines = append(out.Places.Lines, n+1)
	}
	out.Places.Input = "in"
	out.Record = b.NewRecord()
	return out, nil
}

// plus adds to every number: row-wise.
type plus struct {
	mem memory.Allocator
	n   int64
}

func (p plus) Bind(in *arrow.Schema) (*arrow.Schema, error)     { return in, nil }
func (p plus) Run(_ context.Context, in Stream) (Stream, error) { return RunKernel(p, in) }
func (p plus) Lineage(*arrow.Schema) (map[string][]Origin, error) {
	return map[string][]Origin{"n": {{Column: "n"}}}, nil
}
func (p plus) Kernel(*arrow.Schema) (Kernel, error) {
	return func(_ context.Context, b Batch) (Batch, error) {
		nb := array.NewInt64Builder(p.mem)
		defer nb.Release()
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			nb.Append(v + p.n)
		}
		col := nb.NewArray()
		defer col.Release()
		return b.With(array.NewRecord(numbersSchema, []arrow.Array{col}, b.NumRows())), nil
	}, nil
}

// reversed is a barrier.
type reversed struct{ mem memory.Allocator }

func (r reversed) Bind(in *arrow.Schema) (*arrow.Schema, error) { return in, nil }
func (r reversed) Lineage(*arrow.Schema) (map[string][]Origin, error) {
	return map[string][]Origin{"n": {{Column: "n"}}}, nil
}
func (r reversed) Run(_ context.Context, in Stream) (Stream, error) {
	return Barrier(in.Schema(), in, func(ctx context.Context) (Stream, error) {
		var all []int64
		err := Each(ctx, in, func(b Batch) error {
			all = append(all, b.Column(0).(*array.Int64).Int64Values()...)
			b.Release()
			return nil
		})
		if err != nil {
			return nil, err
		}
		bld := array.NewRecordBuilder(r.mem, numbersSchema)
		defer bld.Release()
		for i := len(all) - 1; i >= 0; i-- {
			bld.Field(0).(*array.Int64Builder).Append(all[i])
		}
		return Records(numbersSchema, bld.NewRecord()), nil
	}), nil
}

// letOut is a privacy stage that lets out the rows up to the mean, which it
// only knows after seeing them all.
type letOut struct {
	mem    memory.Allocator
	single bool
	seen   *int64
}

func (l letOut) Bind(in *arrow.Schema) (*arrow.Schema, error) { return in, nil }
func (l letOut) Roles(in []MarkedColumn) ([]MarkedColumn, error) {
	return in, nil
}
func (l letOut) Judge(context.Context, Decision, SealedFile) error { return nil }
func (l letOut) Paragraph(Decision) []string                       { return []string{"Rien."} }
func (l letOut) Kernel(*arrow.Schema) (Kernel, error) {
	if !l.single {
		return nil, nil
	}
	return func(_ context.Context, b Batch) (Batch, error) { return b, nil }, nil
}
func (l letOut) Observe(ctx context.Context, in Stream) (Decision, error) {
	var sum, n int64
	err := Each(ctx, in, func(b Batch) error {
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			sum += v
			n++
		}
		b.Release()
		return nil
	})
	*l.seen = n
	if n == 0 {
		n = 1
	}
	return sum / n, err
}
func (l letOut) Emit(_ context.Context, d Decision, in Stream) (Stream, error) {
	limit := d.(int64)
	return NewStream(in.Schema(), func(ctx context.Context) (Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		defer b.Release()
		nb := array.NewRecordBuilder(l.mem, numbersSchema)
		defer nb.Release()
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			if v <= limit {
				nb.Field(0).(*array.Int64Builder).Append(v)
			}
		}
		return Batch{Record: nb.NewRecord()}, nil
	}, in.Close), nil
}

// inMemory is a sink that keeps Arrow IPC in memory. It can only be fed a stream.
type inMemory struct {
	mem       memory.Allocator
	published *[]byte
	spoil     bool // what can be read back is not what was written
}

func (s inMemory) Seal(ctx context.Context, in Stream) (Sealed, error) {
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(in.Schema()), ipc.WithAllocator(s.mem))
	rows := int64(0)
	err := Each(ctx, in, func(b Batch) error {
		defer b.Release()
		rows += b.NumRows()
		return w.Write(b.Record)
	})
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	return &memorySeal{s, buf.Bytes(), rows}, nil
}

type memorySeal struct {
	sink inMemory
	data []byte
	rows int64
}

func (m *memorySeal) Files() []SealedFile { return []SealedFile{m} }
func (m *memorySeal) Discard() error      { return nil }
func (m *memorySeal) Publish(context.Context, Manifest) (Receipt, error) {
	changed := !bytes.Equal(*m.sink.published, m.data)
	*m.sink.published = m.data
	return Receipt{Release: hex.EncodeToString(m.data[:4]), Changed: changed}, nil
}
func (m *memorySeal) Info() FileInfo              { return FileInfo{Name: "n.arrows", Rows: m.rows} }
func (m *memorySeal) Audit(context.Context) error { return nil }
func (m *memorySeal) Open(context.Context) (Stream, error) {
	r, err := ipc.NewReader(bytes.NewReader(m.data), ipc.WithAllocator(m.sink.mem))
	if err != nil {
		return nil, err
	}
	first := true
	return NewStream(r.Schema(), func(context.Context) (Batch, error) {
		if !r.Next() {
			return Batch{}, io.EOF
		}
		if m.sink.spoil && first {
			first = false
			return Batch{Record: numbersRecord(m.sink.mem, 0, r.Record().NumRows())}, nil
		}
		r.Record().Retain()
		return Batch{Record: r.Record()}, nil
	}, func() error { r.Release(); return nil }), nil
}

func testEnv(t interface{ TempDir() string }, mem memory.Allocator, dir string) Env {
	return Env{Allocator: mem, Log: hclog.NewNullLogger(), Now: func() time.Time { return time.Unix(0, 0) }, Rand: noRandom{},
		Dir: dir, Spool: NewSpool(dir, mem, 0), Hide: func(string) string { return "h" }}
}

type flowCase struct {
	rows, chunk, bad   int64
	again, single, mid bool
	workers            int
	action             string
}

func (c flowCase) run(t *testing.T, dir string, mem memory.Allocator, change func(*Flow, *countTo)) (TaskResult, []byte, int) {
	opened := 0
	var seen int64
	var out []byte
	src := countTo{mem: mem, rows: c.rows, chunk: c.chunk, bad: c.bad, again: c.again, opened: &opened}
	f := &Flow{SourceName: "source.count", Privacy: letOut{mem, c.single, &seen}, AllowEmpty: true,
		Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}}, OnReject: RejectPolicy{Action: c.action}}
	f.Steps = append(f.Steps, Step{"transform.plus.a", plus{mem, 1}})
	if c.mid {
		f.Steps = append(f.Steps, Step{"transform.reversed.b", reversed{mem}})
	}
	f.Steps = append(f.Steps, Step{"transform.plus.c", plus{mem, 1}})
	if change != nil {
		change(f, &src)
	}
	f.Source = src
	res := f.Run(context.Background(), testEnv(t, mem, dir), FlowOptions{Workers: c.workers, Key: []byte("k")})
	return res, out, opened
}

// Invariant 2: for any number of workers, any cut of the source, replayed or
// spooled, the same bytes come out, and every byte of memory is given back.
func TestFlowGivesTheSameBytesHoweverItRuns(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := flowCase{
			rows: rapid.Int64Range(1, 3000).Draw(rt, "rows"), chunk: rapid.Int64Range(1, 700).Draw(rt, "chunk"),
			bad: rapid.SampledFrom([]int64{0, 7, 100}).Draw(rt, "bad"), again: rapid.Bool().Draw(rt, "again"),
			single: rapid.Bool().Draw(rt, "single"), mid: rapid.Bool().Draw(rt, "mid"),
			workers: rapid.IntRange(1, 4).Draw(rt, "workers"), action: "drop",
		}
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		res, got, opened := c.run(t, t.TempDir(), mem, nil)
		if res.Err != nil {
			rt.Fatalf("%v", res.Err)
		}
		plainest := c
		plainest.workers, plainest.again = 1, false
		want, wantBytes, _ := plainest.run(t, t.TempDir(), mem, nil)
		if !bytes.Equal(got, wantBytes) {
			rt.Fatal("other bytes than with one worker and no replay")
		}
		if res.Rows != want.Rows || res.Rows.Read != c.rows || res.Fingerprint != want.Fingerprint {
			rt.Fatalf("counted %+v, want %+v", res.Rows, want.Rows)
		}
		// schema is asked once; a replay opens once more than a spool.
		wantOpened := 2
		if c.again && !c.mid && !c.single {
			wantOpened = 3
		}
		if opened != wantOpened {
			rt.Fatalf("the source was opened %d times, want %d", opened, wantOpened)
		}
		mem.AssertSize(rt2t{rt}, 0)
	})
}

type rt2t struct{ *rapid.T }

func TestFlowReportsTheEarliestErrorAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, single := range []bool{true, false} {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		c := flowCase{rows: 5000, chunk: 10, workers: 4, single: single}
		res, out, _ := c.run(t, t.TempDir(), mem, func(_ *Flow, s *countTo) { s.failAt = 1234 })
		if !errors.Is(res.Err, errDecode) || res.Outcome != FailedTask || out != nil {
			t.Errorf("got %v (%s)", res.Err, res.Outcome)
		}
		var step *StepError
		if !errors.As(res.Err, &step) || step.Step != "source.count" {
			t.Errorf("the error names step %v", step)
		}
		mem.AssertSize(t, 0)
	}
}

// Invariants 7 and 8: rows that could not be read fail the task unless the
// policy says otherwise, are all counted, and show in the outcome.
func TestFlowRejects(t *testing.T) {
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	c := flowCase{rows: 1000, chunk: 64, bad: 4, workers: 2, single: true}
	res, out, _ := c.run(t, t.TempDir(), mem, nil)
	if !messages.Has(res.Err, messages.TooManyRejects) || out != nil || res.Rows.Rejected != 250 || len(res.Rejects) != maxListed {
		t.Errorf("fail: %v, %d rejected, %d listed", res.Err, res.Rows.Rejected, len(res.Rejects))
	}
	for i, r := range res.Rejects {
		if r.Line != int64(i*4+1) || r.Step != "source.count" {
			t.Fatalf("reject %d is line %d of %s: not in the order of the rows", i, r.Line, r.Step)
		}
	}
	c.action = "drop"
	res, out, _ = c.run(t, t.TempDir(), mem, nil)
	if res.Err != nil || res.Outcome != Incomplete || out == nil {
		t.Errorf("drop: %v, %s", res.Err, res.Outcome)
	}
	res, out, _ = c.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) { f.OnReject.MaxPart = 0.2 })
	if !messages.Has(res.Err, messages.TooManyRejects) || out != nil {
		t.Errorf("over the threshold: %v", res.Err)
	}
	// 250 of 1000 rows stay a quarter when steps make more rows of the others.
	res, out, _ = c.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) {
		f.OnReject.MaxPart = 0.2
		f.Steps = append(f.Steps, Step{"transform.twice.d", twice{plus{mem, 0}}})
	})
	if !messages.Has(res.Err, messages.TooManyRejects) || out != nil {
		t.Errorf("over the threshold of the rows read: %v", res.Err)
	}
}

// twice gives every row of a batch twice.
type twice struct{ plus }

func (p twice) Run(_ context.Context, in Stream) (Stream, error) { return RunKernel(p, in) }
func (p twice) Kernel(*arrow.Schema) (Kernel, error) {
	return func(_ context.Context, b Batch) (Batch, error) {
		nb := array.NewInt64Builder(p.mem)
		defer nb.Release()
		for range 2 {
			nb.AppendValues(b.Column(0).(*array.Int64).Int64Values(), nil)
		}
		col := nb.NewArray()
		defer col.Release()
		out := b.With(array.NewRecord(numbersSchema, []arrow.Array{col}, int64(col.Len())))
		out.Places = Places{}
		return out, nil
	}, nil
}

// broken is a sink that breaks down in the middle.
type broken struct{}

func (broken) Seal(ctx context.Context, in Stream) (Sealed, error) {
	if b, err := in.Next(ctx); err == nil {
		b.Release()
	}
	panic(canary)
}

// A panic in any sink ends its task alone, and shows no value (invariant 6).
func TestFlowContainsASinkThatPanics(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	c := flowCase{rows: 3 * RowGroup, chunk: 5000, workers: 2, single: true}
	res, out, _ := c.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) {
		f.Loads = append([]Load{{"load.broken", broken{}}}, f.Loads...)
	})
	if !messages.Has(res.Err, messages.Internal) || out != nil || strings.Contains(res.Err.Error(), canary) {
		t.Errorf("got %v", res.Err)
	}
}

func TestFlowRefusesAnEmptyResultUnderAPolicy(t *testing.T) {
	mem := memory.NewGoAllocator()
	c := flowCase{rows: 0, chunk: 1, workers: 1}
	res, out, _ := c.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) { f.AllowEmpty = false })
	if !messages.Has(res.Err, messages.ZeroRows) || res.Outcome != Refused || out != nil {
		t.Errorf("got %v (%s)", res.Err, res.Outcome)
	}
	res, out, _ = c.run(t, t.TempDir(), mem, nil)
	if res.Err != nil || out == nil {
		t.Errorf("allow_empty: %v", res.Err)
	}
}

// Invariant 5: what is judged is what can be read back.
func TestFlowComparesTheSealedRowsWithThoseWritten(t *testing.T) {
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	c := flowCase{rows: 100, chunk: 10, workers: 2, single: true}
	res, out, _ := c.run(t, t.TempDir(), mem, func(f *Flow, _ *countTo) {
		s := f.Loads[0].Sink.(inMemory)
		s.spoil = true
		f.Loads[0].Sink = s
	})
	if !messages.Has(res.Err, messages.SealedDiffers) || len(out) != 0 {
		t.Errorf("got %v", res.Err)
	}
}

func TestFlowTellsHowLongEachStageTook(t *testing.T) {
	stages := func(spoil bool) string {
		mem := memory.NewGoAllocator()
		opened := 0
		var seen int64
		var out []byte
		f := &Flow{SourceName: "source.count", Source: countTo{mem: mem, rows: 10, chunk: 3, opened: &opened},
			Steps: []Step{{"transform.plus.a", plus{mem, 1}}}, Privacy: letOut{mem, true, &seen},
			Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out, spoil: spoil}}}}
		env := testEnv(t, mem, t.TempDir())
		var clock int64
		env.Now = func() time.Time { clock++; return time.Unix(clock, 0) }
		var text strings.Builder
		for _, s := range f.Run(context.Background(), env, FlowOptions{Workers: 1}).Stages {
			if s.Took <= 0 {
				t.Errorf("%s took no time", s.Stage)
			}
			fmt.Fprint(&text, s.Stage, " ")
		}
		return text.String()
	}
	if got := stages(false); got != "seal verify publish " {
		t.Errorf("a run has the stages %q", got)
	}
	if got := stages(true); got != "seal " {
		t.Errorf("a run that is refused by verifying has the stages %q", got)
	}
}

// A source that never holds still is given up after a few tries, and nothing of
// it is published.
func TestFlowNoticesASourceThatChangesBetweenItsPasses(t *testing.T) {
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	c := flowCase{rows: 100, chunk: 10, workers: 2, again: true}
	res, out, opened := c.run(t, t.TempDir(), mem, func(_ *Flow, s *countTo) { s.grows = 1 << 30 })
	if !messages.Has(res.Err, messages.SourceChanged) || res.Outcome != FailedTask || len(out) != 0 {
		t.Errorf("got %v (%s)", res.Err, res.Outcome)
	}
	if opened != 3*tries { // for its schema and two passes
		t.Errorf("it was opened %d times", opened)
	}
}

// A source that changed between its passes is read again: what comes out is what
// the settled source gives, and of the tries before only a note stays, neither
// rejects nor evidence nor files.
func TestFlowBeginsAgainWhenTheSourceChanged(t *testing.T) {
	defer goleak.VerifyNone(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ grows, moves, tries int }{ // a try opens for the schema and twice to read
		{0, 0, 1}, {3, 0, 2}, {6, 0, 3}, {0, 2, 2}, {0, 3, 2}, {0, 5, 3},
	} {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		dir, quarantine := t.TempDir(), t.TempDir()
		opened, evidence := 0, 0
		var seen int64
		var out []byte
		f := &Flow{SourceName: "source.count", Privacy: letOut{mem, false, &seen}, OnReject: RejectPolicy{Action: "quarantine"},
			Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}}, Steps: []Step{{"transform.plus.a", plus{mem, 1}}},
			Source: countTo{mem: mem, rows: 100, chunk: 10, bad: 7, again: true, opened: &opened, grows: c.grows, moves: c.moves}}
		res := f.Run(context.Background(), testEnv(t, mem, dir), FlowOptions{Workers: 2, Key: []byte("k"), Run: "run",
			Quarantine: quarantine, Recipients: []string{identity.Recipient().String()},
			Evidence: func(_ context.Context, r *TaskResult) error {
				evidence++
				if r.Rows.Rejected != int64(len(r.Rejects)) || r.Rows.Read != 100+int64(c.grows) {
					t.Errorf("%v: the evidence counts %+v", c, r.Rows)
				}
				return nil
			}})
		rows := 100 + int64(c.grows)
		if res.Err != nil || res.Outcome != Incomplete || out == nil || res.Rows.Read != rows || res.Rows.Rejected != (rows+6)/7 || evidence != 1 {
			t.Errorf("%v: %v (%s), %+v, %d evidences", c, res.Err, res.Outcome, res.Rows, evidence)
		}
		noted := len(res.Notes) == 1 && res.Notes[0].Message == messages.SourceReread && res.Notes[0].Param("tries") == fmt.Sprint(c.tries)
		if noted != (c.tries > 1) {
			t.Errorf("%v: the notes are %v", c, res.Notes)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%v: the task left %v (%v)", c, left, err)
		}
		if kept, err := os.ReadDir(quarantine); err != nil || len(kept) != 1 {
			t.Errorf("%v: the quarantine holds %v (%v)", c, kept, err)
		}
		mem.AssertSize(t, 0)
	}
}

func TestFlowStopsWhenCancelled(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	opened := 0
	var seen int64
	var out []byte
	ctx, cancel := context.WithCancel(context.Background())
	var once sync.Once
	f := &Flow{SourceName: "source.count", Privacy: letOut{mem, true, &seen}, Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}},
		Source: countTo{mem: mem, rows: 1 << 40, chunk: 100, opened: &opened}}
	env := testEnv(t, mem, t.TempDir())
	f.Steps = []Step{{"transform.plus.a", afterRows{plus{mem, 1}, func() { once.Do(cancel) }}}}
	res := f.Run(ctx, env, FlowOptions{Workers: 3})
	if res.Outcome != Interrupted || !errors.Is(res.Err, context.Canceled) || out != nil {
		t.Errorf("got %v (%s)", res.Err, res.Outcome)
	}
}

type afterRows struct {
	plus
	do func()
}

func (a afterRows) Kernel(in *arrow.Schema) (Kernel, error) {
	k, err := a.plus.Kernel(in)
	n := 0
	return func(ctx context.Context, b Batch) (Batch, error) {
		if n++; n == 20 {
			a.do()
		}
		return k(ctx, b)
	}, err
}

// Invariant 4: forgetting to declare lineage marks more, never less.
func TestMarksAreNeverLost(t *testing.T) {
	in := []MarkedColumn{{Name: "a"}, {Name: "b", Personal: true, Because: "x"}}
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil)
	silent := struct{ Transform }{plus{}}
	out, err := Marks(silent, in, nil, schema, schema)
	if err != nil || !out[0].Personal || !out[1].Personal {
		t.Errorf("without lineage: %v %v", out, err)
	}
	told := told{plus{}, map[string][]Origin{"a": {{Column: "a"}}, "b": {{Column: "nobody"}}}}
	out, err = Marks(told, in, nil, schema, schema)
	if err != nil || out[0].Personal || !out[1].Personal {
		t.Errorf("an origin that does not exist must mark: %v %v", out, err)
	}
	out, err = Marks(told, in[:1], map[string][]MarkedColumn{"right": {{Name: "c", Personal: true}}}, schema, schema)
	if err != nil || !out[1].Personal {
		t.Errorf("feeds must mark: %v %v", out, err)
	}
}

// undeclared is a transform that reads a source which declares nothing, and does
// not tell where its columns come from.
type undeclared struct{ Transform }

func (undeclared) Feeds() map[string]Source { return map[string]Source{"right": &countTo{}} }

// Columns that nobody declared may be personal: what could derive from them is
// marked, what is told to derive from others is not.
func TestAnUndeclaredFeedMarks(t *testing.T) {
	in := []MarkedColumn{{Name: "a"}}
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	feeds, err := feedMarks(context.Background(), undeclared{plus{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		t    Transform
		want bool
	}{
		"no lineage":          {struct{ Transform }{plus{}}, true},
		"of the feed":         {told{plus{}, map[string][]Origin{"a": {{Feed: "right", Column: "n"}}}}, true},
		"of the input":        {told{plus{}, map[string][]Origin{"a": {{Column: "a"}}}}, false},
		"of an unknown place": {told{plus{}, map[string][]Origin{"a": {{Feed: "left", Column: "n"}}}}, true},
	} {
		if out, err := Marks(c.t, in, feeds, schema, schema); err != nil || out[0].Personal != c.want {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
}

// A step that makes personal data of anything marks it; none can clear a mark.
func TestAStepMayMarkAndNotClear(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil)
	in := []MarkedColumn{{Name: "a"}, {Name: "b", Personal: true}}
	step := marking{told{plus{}, map[string][]Origin{"a": {{Column: "a"}}, "b": {{Column: "b"}}}}}
	out, err := Marks(step, in, nil, schema, schema)
	if err != nil || !out[0].Personal || !out[1].Personal {
		t.Errorf("%v %v", out, err)
	}
}

type marking struct{ told }

func (marking) Marks() ([]string, map[string]string) {
	return []string{"a"}, map[string]string{"b": "a step says so"}
}

type told struct {
	Transform
	lineage map[string][]Origin
}

func (t told) Lineage(*arrow.Schema) (map[string][]Origin, error) { return t.lineage, nil }

// Invariant 6: the first row of a file of which nobody declared a column may be
// data; its cells are not shown as the names of columns.
func TestUndeclaredNamesAreNotShown(t *testing.T) {
	data := arrow.NewSchema([]arrow.Field{{Name: canary, Type: arrow.BinaryTypes.String}}, nil)
	mem := memory.NewGoAllocator()
	var seen int64
	f := &Flow{SourceName: "source.file.x", Source: unnamed{}, Steps: []Step{{"transform.wants.n", wants{plus{mem, 1}}}}, Privacy: letOut{mem, true, &seen}}
	_, err := f.Bind(context.Background(), data, true)
	if !messages.Has(err, messages.UnknownColumnHere) || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
	var step *StepError
	if !errors.As(err, &step) || step.Step != "transform.wants.n" {
		t.Errorf("the step is lost: %v", err)
	}
	f.Contract = &Contract{Columns: []ColumnDecl{{Name: canary, ColumnType: ColumnType{Type: arrow.BinaryTypes.String}}}}
	if _, err := f.Bind(context.Background(), data, true); !messages.Has(err, messages.UnknownColumn) {
		t.Errorf("names that a contract confirms are shown: %v", err)
	}
}

type unnamed struct{ Source }

func (unnamed) Rereadable() bool                { return true }
func (unnamed) Declared() (*arrow.Schema, bool) { return nil, false }

type wants struct{ plus }

func (wants) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, err := ColumnIndex(in, "n")
	return in, err
}
