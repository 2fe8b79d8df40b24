package pipelines

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Less memory means fewer workers, then fewer tasks, and never none.
func TestMemoryDecidesHowManyWorkersThereAre(t *testing.T) {
	for _, c := range []struct {
		memory                 Size
		workers, tasks         int
		wantWorkers, wantTasks int
	}{
		{memory: 8 << 30, workers: 16, tasks: 4, wantWorkers: 16, wantTasks: 4},
		{memory: 1 << 30, workers: 16, tasks: 2, wantWorkers: 8, wantTasks: 2},
		{memory: 1 << 30, workers: 3, tasks: 100, wantWorkers: 1, wantTasks: 16},
		{memory: 128 << 20, workers: 8, tasks: 8, wantWorkers: 1, wantTasks: 2},
		{memory: 128 << 20, workers: 8, tasks: 1, wantWorkers: 2, wantTasks: 1},
		{memory: 1, workers: 8, tasks: 8, wantWorkers: 1, wantTasks: 1},
		{workers: 8, tasks: 8, wantWorkers: 8, wantTasks: 8},
	} {
		b := (&Project{Bounds: Bounds{Memory: c.memory, Workers: c.workers, Tasks: c.tasks}}).bounded(100).Bounds
		if b.Workers != c.wantWorkers || b.Tasks != c.wantTasks {
			t.Errorf("%v, %d workers, %d tasks: got %d workers and %d tasks", c.memory, c.workers, c.tasks, b.Workers, b.Tasks)
		}
		if used := b.task()*int64(b.Tasks) - int64(c.memory); used > 0 {
			t.Errorf("%v: the tasks together have %d bytes more", c.memory, used)
		}
		shared := int64(b.Tasks) * (b.barriers() + b.task()/4)
		if shared > int64(c.memory) || c.memory >= 64<<20 && (shared > b.Heap() || b.barriers() < b.task()/8) {
			t.Errorf("%v: barriers and rows of groups have %d bytes, the heap %d", c.memory, shared, b.Heap())
		}
	}
	if b := (&Project{}).bounded(3).Bounds; b.Workers < 1 || b.Tasks != defaultTasks {
		t.Errorf("bounds that nobody gave: %+v", b)
	}
	if b := (&Project{Bounds: Bounds{Memory: 128 << 20, Workers: 2}}).bounded(1).Bounds; b.Workers != 2 || b.Tasks != 1 {
		t.Errorf("a task that is alone does not get all there is: %+v", b)
	}
}

// Several barriers of a task share what one would have, whatever stands between
// them; what works row by row or holds nothing has no share.
func TestBarriersShareTheMemory(t *testing.T) {
	step := func(give func(Env) Transform) Built {
		return Built{Component: Define(KindTransform, "step", "x", struct{}{}, func(env Env, _ struct{}) (any, error) { return give(env), nil }), Config: struct{}{}}
	}
	barrier := step(func(env Env) Transform { return holding{Memory: env.Memory} })
	wise := step(func(Env) Transform { return plus{} })
	streaming := step(func(Env) Transform { return through{} })
	for _, c := range []struct {
		steps []Built
		share int64
	}{
		{[]Built{barrier}, 1200},
		{[]Built{wise, barrier, streaming, wise}, 1200},
		{[]Built{barrier, barrier}, 600},
		{[]Built{barrier, wise, barrier, streaming, barrier}, 400},
	} {
		steps, err := buildSteps(Task{Chain: Chain{Transforms: c.steps}}, Env{Memory: 1200})
		if err != nil || len(steps) != len(c.steps) {
			t.Fatalf("%d steps, %v", len(steps), err)
		}
		for i, s := range steps {
			if h, ok := s.Transform.(holding); ok && h.Memory != c.share {
				t.Errorf("barrier %d of %d steps has %d, want %d", i, len(steps), h.Memory, c.share)
			}
		}
	}
}

// holding is a barrier that remembers its share.
type holding struct {
	Transform
	Memory int64
}

// through is neither row-wise nor a barrier.
type through struct{ Transform }

func (through) Streaming() bool { return true }

// Who finds no room waits while others could give some back, and fails when none can.
func TestRoomWaitsAndRefuses(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := newRoom(10)
	for _, n := range []int64{4, 6} {
		if err := r.take(ctx, 0, n); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan error)
	go func() { got <- r.take(ctx, 0, 3) }()
	r.give(4)
	if err := <-got; err != nil {
		t.Errorf("room was given back, and: %v", err)
	}
	r.give(6)
	if err := r.take(ctx, 3, 8); !messages.Has(err, messages.MemoryBound) {
		t.Errorf("more than there is: %v", err)
	}
	go func() { got <- r.take(ctx, 0, 8) }()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Invariants 2 and 9: a flow with hardly any room gives the same bytes, and one
// with less than a group needs fails and shows nothing.
func TestFlowKeepsToItsRoom(t *testing.T) {
	defer goleak.VerifyNone(t)
	run := func(bound int64) (TaskResult, []byte) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		defer mem.AssertSize(t, 0)
		var seen int64
		var out []byte
		opened := 0
		f := &Flow{SourceName: "source.count", Source: countTo{mem: mem, rows: 5 * RowGroup, chunk: 5000, opened: &opened},
			Privacy: letOut{mem, true, &seen}, Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}}}
		return f.Run(context.Background(), testEnv(t, mem, t.TempDir()), FlowOptions{Workers: 3, Memory: bound}), out
	}
	_, want := run(0)
	group := int64(RowGroup) * 9
	if res, got := run(group); res.Err != nil || string(got) != string(want) {
		t.Errorf("room for one group: %v, %d bytes instead of %d", res.Err, len(got), len(want))
	}
	if res, got := run(group / 2); !messages.Has(res.Err, messages.MemoryBound) || got != nil {
		t.Errorf("room for half a group: %v, %d bytes shown", res.Err, len(got))
	}
}

func TestDiskCountsEverythingInTheFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "seal"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"spool", "seal/table.csv"} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), make([]byte, 60), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := keepDisk(dir, 120); err != nil {
		t.Errorf("just enough: %v", err)
	}
	if err := keepDisk(dir, 119); !messages.Has(err, messages.DiskBound) {
		t.Errorf("a byte too many: %v", err)
	}
}
