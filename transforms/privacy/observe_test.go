package privacy_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// watch has so many workers look at batches, which it releases, all at once.
func watch(p pipelines.Privacy, schema *arrow.Schema, batches []pipelines.Batch, workers int) (pipelines.Decision, error) {
	w, err := p.(pipelines.Observer).Watch(schema, workers)
	if err != nil {
		return nil, err
	}
	return watchBy(w, batches, workers)
}

// watchBy is watch of a pass that was begun for so many workers.
func watchBy(w pipelines.Watch, batches []pipelines.Batch, workers int) (pipelines.Decision, error) {
	defer w.Close()
	type placed struct {
		pipelines.Batch
		first int64
	}
	todo, errs := make(chan placed), make([]error, workers)
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() {
			for b := range todo {
				if errs[i] == nil {
					errs[i] = w.See(context.Background(), i, b.first, b.Batch)
				}
				b.Release()
			}
		})
	}
	first := int64(0)
	for _, b := range batches {
		todo <- placed{b, first}
		first += b.NumRows()
	}
	close(todo)
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return w.Decide(context.Background())
}

// countedSpool counts the files of bytes that were made.
type countedSpool struct {
	pipelines.Spool
	made atomic.Int64
}

func (s *countedSpool) CreateBytes() (pipelines.SpoolBytes, error) {
	s.made.Add(1)
	return s.Spool.(pipelines.ByteSpool).CreateBytes()
}

// bounded is env with so much memory for the stage, and where it may put things aside.
func bounded(t testing.TB, env pipelines.Env, memory int64) (pipelines.Env, *countedSpool) {
	s := &countedSpool{Spool: pipelines.NewSpool(t.TempDir(), env.Allocator, 0)}
	env.Memory, env.Spool = memory, s
	return env, s
}

// crowd is the batches of many rows in an order, which the seed decides, cut into
// batches of a size. Its rows are the same whatever these are.
func crowd(schema *arrow.Schema, rows int, seed uint64, size int) []pipelines.Batch {
	order := rand.New(rand.NewPCG(seed, 0)).Perm(rows)
	if seed == 0 {
		slices.Sort(order)
	}
	var all []pipelines.Batch
	for len(order) > 0 {
		some := order[:min(size, len(order))]
		order = order[len(some):]
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, row := range some {
			r := rand.New(rand.NewPCG(uint64(row), 1))
			b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("P%d", row)) // a person with several rows would look like nobody
			b.Field(1).(*array.Date32Builder).Append(arrow.Date32(r.IntN(20_000)))
			if n := r.IntN(400); n == 0 {
				b.Field(2).AppendNull()
			} else {
				b.Field(2).(*array.StringBuilder).Append(fmt.Sprintf("%03d", n*n/400))
			}
			b.Field(3).(*array.Int64Builder).Append(int64(r.IntN(40)))
			b.Field(4).(*array.StringBuilder).Append([]string{"a", "b", "c"}[r.IntN(3)])
			b.Field(5).(*array.Int64Builder).Append(int64(row))
		}
		all = append(all, pipelines.Batch{Record: b.NewRecord()})
		b.Release()
	}
	return all
}

// What memory does not hold is put aside, and the same rows leave, byte for byte, for
// any number of workers and any cut, in the order they came in (invariants 2 and 9).
func TestManyRowsPutAside(t *testing.T) {
	rows := 1_000_000
	if testing.Short() {
		rows = 60_000
	}
	env := pipelinetest.Env(t)
	env.Allocator, env.Secrets, env.Memory = memory.DefaultAllocator, secret(strings.Repeat("k", 32)), 1<<40
	const body = `
		public  = ["n"]
		subject = "nom"
		identifier "nom" {
			action = "pseudonym"
			key    = secret.cle
			rotate = "per_release"
		}
		quasi "ne" {
			period    = "year"
			min_level = 1
		}
		quasi "ou" {}
		quasi "q" {
			steps     = [10, 20]
			max_level = 2
		}
		sensitive "s" {
			diversity { l = 2 }
		}
		model {
			k                 = 3
			suppression_limit = 1
		}`
	schema := table(t, "nom:text,ne:date,ou:text,q:int64,s:text,n:int64\n").Schema
	// The rows stand by their hashes: a million texts would be looked at by every collection.
	released := func(env pipelines.Env, seed uint64, size, workers int) (arrowx.Sum, map[int64]xxh3.Uint128) {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		d, err := watch(p, schema, crowd(schema, rows, seed, size), workers)
		if err != nil {
			t.Fatal(err)
		}
		if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
			t.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(schema, crowd(schema, rows, seed, size)...))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		var all []arrow.Record
		set := map[int64]xxh3.Uint128{}
		err = pipelines.Each(context.Background(), out, func(b pipelines.Batch) error {
			all = append(all, b.Record)
			for i := range int(b.NumRows()) {
				n := b.Column(5).(*array.Int64).Value(i)
				set[n] = xxh3.HashString128(b.Column(0).(*array.String).Value(i) + b.Column(1).(*array.String).Value(i) + b.Column(3).(*array.String).Value(i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := arrowx.Digest(1, all)
		if err != nil {
			t.Fatal(err)
		}
		return sum, set
	}
	want, rowsOut := released(env, 0, 1<<16, 1)
	if len(rowsOut) == 0 || len(rowsOut) == rows {
		t.Fatalf("%d of %d rows leave: the test tests nothing", len(rowsOut), rows)
	}
	for i, c := range []struct {
		size, workers int
		memory        int64
	}{{10_000, 2, int64(rows) * 10}, {1 << 16, 8, 0}, {4096, 8, int64(rows) * 24}} {
		env, spool := env, &countedSpool{}
		if c.memory > 0 {
			env, spool = bounded(t, env, c.memory)
		}
		got, _ := released(env, 0, c.size, c.workers)
		if got != want {
			t.Errorf("%+v: other rows", c)
		}
		if (spool.made.Load() > 0) != (c.memory > 0) {
			t.Errorf("%+v: %d files were made", c, spool.made.Load())
		}
		if i == 0 {
			_, set := released(env, 7, c.size, c.workers)
			if len(set) != len(rowsOut) {
				t.Fatalf("%d rows leave in another order, %d in this", len(set), len(rowsOut))
			}
			for n, row := range rowsOut {
				if set[n] != row {
					t.Fatalf("row %d leaves otherwise in another order", n)
				}
			}
		}
	}
}

// Where a value is that has no label is told by the row of the input, whoever saw it.
func TestWorkersLocateValues(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" { bands = [0, 50, 100] }\nmodel {\nk = 2\n}")
	if err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	csv.WriteString("q:int64\n")
	for i := range 500 {
		v := i % 100
		if i >= 321 && i%7 == 0 {
			v = 100 + i%3
		}
		fmt.Fprintln(&csv, v)
	}
	in := table(t, csv.String())
	var want string
	for _, workers := range []int{1, 2, 8} {
		for _, cut := range pipelinetest.Cuts() {
			_, err := watch(p, in.Schema, cut.Batches(env.Allocator, in), workers)
			if !messages.Has(err, messages.HierarchyLacks) {
				t.Fatal(err)
			}
			if want == "" {
				want = err.Error()
			}
			if err.Error() != want {
				t.Errorf("%d workers, %s: %v, want %s", workers, cut.Name, err, want)
			}
		}
	}
	if !strings.Contains(want, "323") {
		t.Errorf("got %s, want row 323", want)
	}
}

// What a policy without a model counts is the same for any workers.
func TestWorkersCountRules(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "identifier \"nom\" { clear_when = row.interne == \"oui\" }")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "nom:text,interne:text\na,oui\nb,non\nc,oui\n\\N,oui\n")
	for _, workers := range []int{1, 3} {
		d, err := watch(p, in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in), workers)
		if err != nil {
			t.Fatal(err)
		}
		for file, ok := range map[string]bool{"nom:text\na\n\\N\nc\n\\N\n": true, "nom:text\na\nb\nc\n\\N\n": false, "nom:text\na\nb\nc\n": false} {
			err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, file)})
			if (err == nil) != ok {
				t.Errorf("%d workers, %q: %v", workers, file, err)
			}
		}
	}
}
