package extsort_test

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

var schema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

var errDisk = errors.New("no room on the disk")

// failing is a spool of which one operation fails.
type failing struct {
	pipelines.Spool
	left int
	mu   sync.Mutex
}

func (f *failing) step() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left--
	if f.left == 0 {
		return errDisk
	}
	return nil
}

func (f *failing) Create(s *arrow.Schema) (pipelines.SpoolFile, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	file, err := f.Spool.Create(s)
	return failingFile{file, f}, err
}

type failingFile struct {
	pipelines.SpoolFile
	f *failing
}

func (f failingFile) Write(r arrow.Record) error {
	if err := f.f.step(); err != nil {
		return err
	}
	return f.SpoolFile.Write(r)
}

func (f failingFile) Open() (pipelines.Stream, error) {
	if err := f.f.step(); err != nil {
		return nil, err
	}
	s, err := f.SpoolFile.Open()
	if err != nil {
		return nil, err
	}
	return pipelines.NewStream(s.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		if err := f.f.step(); err != nil {
			return pipelines.Batch{}, err
		}
		return s.Next(ctx)
	}, s.Close), nil
}

// numbers are n rows, two to a record, that go through all of 0 … n-1.
func numbers(env pipelines.Env, n int64) (recs []arrow.Record) {
	for i := int64(0); i < n; i += 2 {
		b := array.NewInt64Builder(env.Allocator)
		b.AppendValues([]int64{i * 7919 % n, (i + 1) * 7919 % n}, nil)
		a := b.NewArray()
		b.Release()
		recs = append(recs, array.NewRecord(schema, []arrow.Array{a}, 2))
		a.Release()
	}
	return recs
}

// counting is a spool that knows the most files it ever had at once.
type counting struct {
	pipelines.Spool
	live, most int
}

func (c *counting) Create(s *arrow.Schema) (pipelines.SpoolFile, error) {
	c.live++
	c.most = max(c.most, c.live)
	f, err := c.Spool.Create(s)
	return &countedFile{f, c, false}, err
}

type countedFile struct {
	pipelines.SpoolFile
	c      *counting
	closed bool
}

func (f *countedFile) Close() error {
	if !f.closed {
		f.closed = true
		f.c.live--
	}
	return f.SpoolFile.Close()
}

// Hundreds of runs, so that runs are merged into runs, through the spool that
// the engine uses. Few of them are there at once: each is an open file.
func TestManyRunsThroughTheEncryptedSpool(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Memory = 1 << 10
	dir := t.TempDir()
	spool := &counting{Spool: pipelines.NewSpool(dir, env.Allocator, 0)}
	env.Spool = spool
	const n = 4000
	s := extsort.Sort(env, pipelines.Records(schema, numbers(env, n)...), extsort.Order{Columns: []int{0}, Descending: []bool{true}})
	next := int64(n)
	err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		defer b.Release()
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			if next--; v != next {
				t.Fatalf("%d came where %d belongs", v, next)
			}
		}
		return nil
	})
	if err != nil || next != 0 {
		t.Errorf("ended before %d: %v", next, err)
	}
	if spool.most > 64 {
		t.Errorf("%d runs at once", spool.most)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d spool files are left, %v", len(left), err)
	}
}

// Whichever operation of the spool fails, the error arrives, and nothing is
// left: pipelinetest.Env sees to memory and files.
func TestAFailingSpoolLeavesNothing(t *testing.T) {
	for k, failed := 1, true; failed; k++ {
		env := pipelinetest.Env(t)
		env.Memory = 1
		env.Spool = &failing{Spool: env.Spool, left: k}
		s := extsort.Sort(env, pipelines.Records(schema, numbers(env, 80)...), extsort.Order{Columns: []int{0}})
		rows := 0
		err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
			rows += int(b.NumRows())
			b.Release()
			return nil
		})
		failed = err != nil
		if failed && !errors.Is(err, errDisk) {
			t.Errorf("operation %d: %v", k, err)
		}
		if !failed && rows != 80 {
			t.Errorf("%d rows came out", rows)
		}
		if err := s.Close(); err != nil {
			t.Errorf("operation %d: close: %v", k, err)
		}
	}
}

func BenchmarkSpilledSort(b *testing.B) {
	env := pipelinetest.Env(b)
	env.Memory = 4 << 20
	env.Spool = pipelines.NewSpool(b.TempDir(), env.Allocator, 0)
	const n = 400_000
	for b.Loop() {
		var big []arrow.Record
		for i := int64(0); i < n; i += 1 << 14 {
			vb := array.NewInt64Builder(env.Allocator)
			for j := i; j < min(i+1<<14, n); j++ {
				vb.Append(j * 7919 % n)
			}
			a := vb.NewArray()
			vb.Release()
			big = append(big, array.NewRecord(schema, []arrow.Array{a}, int64(a.Len())))
			a.Release()
		}
		s := extsort.Sort(env, pipelines.Records(schema, big...), extsort.Order{Columns: []int{0}})
		if err := pipelines.Each(b.Context(), s, func(b pipelines.Batch) error { b.Release(); return nil }); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// peak watches how much Arrow memory is held at most.
type peak struct {
	memory.Allocator
	now, most int
}

func (p *peak) change(by int) {
	p.now += by
	p.most = max(p.most, p.now)
}

func (p *peak) Allocate(size int) []byte {
	p.change(size)
	return p.Allocator.Allocate(size)
}

func (p *peak) Reallocate(size int, b []byte) []byte {
	p.change(size - len(b))
	return p.Allocator.Reallocate(size, b)
}

func (p *peak) Free(b []byte) {
	p.change(-len(b))
	p.Allocator.Free(b)
}

// Invariant 9: ten times the rows, the same memory.
func TestMemoryStaysUnderItsBound(t *testing.T) {
	for _, rows := range []int64{50_000, 500_000} {
		env := pipelinetest.Env(t)
		env.Memory = 1 << 20
		watch := &peak{Allocator: env.Allocator}
		env.Allocator = watch
		env.Spool = pipelines.NewSpool(t.TempDir(), watch, 0)
		given := int64(0)
		in := pipelines.NewStream(schema, func(context.Context) (pipelines.Batch, error) {
			if given == rows {
				return pipelines.Batch{}, io.EOF
			}
			b := array.NewInt64Builder(watch)
			defer b.Release()
			for range 1000 {
				b.Append(given * 7919 % rows)
				given++
			}
			a := b.NewArray()
			defer a.Release()
			return pipelines.Batch{Record: array.NewRecord(schema, []arrow.Array{a}, 1000)}, nil
		}, nil)
		s := extsort.Sort(env, in, extsort.Order{Columns: []int{0}})
		if err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error { b.Release(); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if watch.most == 0 || int64(watch.most) > env.Memory {
			t.Errorf("%d rows: %d bytes were held, the bound is %d", rows, watch.most, env.Memory)
		}
	}
}
