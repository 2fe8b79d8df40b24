package extsort_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

// Rows come in the order in which one worker sorts them, rows of one key in that in
// which they came, whatever the memory, the workers and the cut; nothing is left.
func TestSortOnWorkersIsSort(t *testing.T) {
	wide := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "b", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rapid.Check(t, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		dir, err := os.MkdirTemp("", "spread")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		var rows [][2]int
		kinds := rapid.SampledFrom([]int{1, 3, 50, 5000}).Draw(t, "kinds")
		n := rapid.IntRange(0, 900).Draw(t, "rows")
		draw := rapid.IntRange(0, kinds)
		for range n {
			rows = append(rows, [2]int{draw.Draw(t, "a"), draw.Draw(t, "b")})
		}
		if rapid.Bool().Draw(t, "rising") { // the first rows tell nothing of the others
			for i := range rows {
				rows[i][0] = i * kinds / n
			}
		}
		size := rapid.SampledFrom([]int{1, 30, 1000}).Draw(t, "size")
		order := extsort.Order{Columns: []int{0, 1}, Descending: []bool{false, rapid.Bool().Draw(t, "down")}}
		if rapid.Bool().Draw(t, "number first") {
			order.Columns = []int{1, 0}
			if rapid.Bool().Draw(t, "batches in order") {
				for some := range slices.Chunk(rows, size) {
					slices.SortFunc(some, func(a, b [2]int) int { return a[1] - b[1] })
				}
			}
		}
		records := func(size int) (recs []arrow.Record) {
			for from := 0; from < n; from += size {
				b := array.NewRecordBuilder(mem, wide)
				for i := from; i < min(n, from+size); i++ {
					if rows[i][0] == 0 {
						b.Field(0).AppendNull()
					} else {
						b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("%d\x00%05d", rows[i][0]%2, rows[i][0]))
					}
					b.Field(1).(*array.Int64Builder).Append(int64(rows[i][1]))
					b.Field(2).(*array.Int64Builder).Append(int64(i))
				}
				recs = append(recs, b.NewRecord())
				b.Release()
			}
			return recs
		}
		sorted := func(s pipelines.Stream) (order []int64) {
			err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
				defer b.Release()
				order = append(order, b.Column(2).(*array.Int64).Int64Values()...)
				return nil
			})
			if err = errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			return order
		}
		env := pipelines.Env{Allocator: mem, Memory: 1 << 40}
		want := sorted(extsort.Sort(env, pipelines.Records(wide, records(100)...), order))
		env.Memory, env.Workers = int64(rapid.SampledFrom([]int{1 << 10, 20_000, 200_000, 1 << 30}).Draw(t, "memory")), rapid.SampledFrom([]int{0, 1, 2, 8}).Draw(t, "workers")
		env.Spool = pipelines.NewSpool(dir, mem, 0)
		got := sorted(extsort.SortOnWorkers(env, pipelines.Records(wide, records(size)...), order))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Fatalf("%d spool files are left, %v", len(left), err)
		}
		if left := mem.CurrentAlloc(); left != 0 {
			t.Fatalf("%d bytes are left", left)
		}
	})
}

// safePeak is peak for several goroutines.
type safePeak struct {
	mu sync.Mutex
	peak
}

func (p *safePeak) Allocate(size int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak.Allocate(size)
}

func (p *safePeak) Reallocate(size int, b []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak.Reallocate(size, b)
}

func (p *safePeak) Free(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak.Free(b)
}

// Invariant 9: where one file is too large for a worker, it and what the workers sort
// meanwhile take no more than the memory, however many rows it has and wherever it comes.
func TestOneLargeFileStaysUnderTheMemory(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "k", Type: arrow.PrimitiveTypes.Int64}, {Name: "text", Type: arrow.BinaryTypes.String}}, nil)
	text := strings.Repeat("lavoir ", 60)
	for _, workers := range []int{1, 3} {
		for _, at := range []int64{0, 1 << 19} { // where the key of the large one lies among the others
			const rows, batch = 80_000, 500
			env := pipelinetest.Env(t)
			watch := &safePeak{peak: peak{Allocator: env.Allocator}}
			env.Allocator, env.Memory, env.Workers = watch, 4<<20, workers
			env.Spool = pipelines.NewSpool(t.TempDir(), watch, 0)
			given := int64(0)
			in := pipelines.NewStream(schema, func(context.Context) (pipelines.Batch, error) {
				if given == rows {
					return pipelines.Batch{}, io.EOF
				}
				b := array.NewRecordBuilder(watch, schema)
				defer b.Release()
				for range batch {
					key := given * 7919 % (1 << 20)
					if given > rows/8 && given%3 == 0 {
						key = at
					}
					b.Field(0).(*array.Int64Builder).Append(key)
					b.Field(1).(*array.StringBuilder).Append(text)
					given++
				}
				return pipelines.Batch{Record: b.NewRecord()}, nil
			}, nil)
			s := extsort.SortOnWorkers(env, in, extsort.Order{Columns: []int{0}})
			n, last := int64(0), int64(-1)
			err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
				defer b.Release()
				for _, k := range b.Column(0).(*array.Int64).Int64Values() {
					if k < last {
						return errors.New("rows are not in order")
					}
					last = k
				}
				n += b.NumRows()
				return nil
			})
			if err = errors.Join(err, s.Close()); err != nil || n != rows {
				t.Fatalf("%d rows, %v", n, err)
			}
			t.Logf("%d workers, key %d: %d bytes, %.2f of the memory", workers, at, watch.most, float64(watch.most)/float64(env.Memory))
			if watch.now != 0 || int64(watch.most) > env.Memory {
				t.Errorf("%d workers, key %d: %d bytes were held of %d, %d are left", workers, at, watch.most, env.Memory, watch.now)
			}
		}
	}
}

// Whichever operation of the spool fails, the error arrives, and nothing is left.
func TestAFailingSpoolLeavesNothingOnWorkers(t *testing.T) {
	for k, failed := 1, true; failed; k += 1 + k/8 {
		env := pipelinetest.Env(t)
		env.Memory, env.Workers = 1<<10, 1
		env.Spool = &failing{Spool: env.Spool, left: k}
		s := extsort.SortOnWorkers(env, pipelines.Records(schema, numbers(env, 200)...), extsort.Order{Columns: []int{0}})
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
		if !failed && rows != 200 {
			t.Errorf("%d rows came out", rows)
		}
		if err := s.Close(); err != nil {
			t.Errorf("operation %d: close: %v", k, err)
		}
	}
}
