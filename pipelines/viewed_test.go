package pipelines

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"go.uber.org/goleak"
)

// viewer notes what each worker was shown.
type viewer struct{ by []*[]int64 }

func (v *viewer) begin(*arrow.Schema) View {
	seen := new([]int64)
	v.by = append(v.by, seen)
	return func(r arrow.Record) { *seen = append(*seen, r.Column(0).(*array.Int64).Int64Values()...) }
}

func (v *viewer) all() (all []int64) {
	for _, seen := range v.by {
		all = append(all, *seen...)
	}
	slices.Sort(all)
	return all
}

// Whoever judges a file gets its rows looked at once each, before it gets them, by one
// worker or many, whether the file is read in one pass or not, and a second time as well.
func TestFilesAreViewedAsTheyAreReadBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	const rows = 50
	g := group{batches: []Batch{{Record: numbersRecord(mem, 0, rows)}}}
	sum, err := g.sum()
	if err != nil {
		t.Fatal(err)
	}
	g.release()
	want := make([]int64, rows)
	for i := range want {
		want[i] = int64(i)
	}
	for _, workers := range []int{1, 2, 5} {
		for _, onePass := range []bool{false, true} {
			for _, leave := range []int64{rows, 1} {
				r := &flowRun{Flow: &Flow{}, opt: FlowOptions{Workers: workers}, bind: &Binding{Out: numbersSchema}, groups: []sealedGroup{{rows, sum}}}
				r.Privacy = gate{judge: func(ctx context.Context, f SealedFile) error {
					for time := 0; time < 2 && (time == 0 || leave == rows); time++ {
						v := &viewer{}
						s, err := f.(Viewed).OpenViewed(ctx, v.begin)
						if err != nil {
							return err
						}
						got := int64(0)
						for got < leave {
							b, err := s.Next(ctx)
							if err == io.EOF {
								break
							}
							if err != nil {
								return err
							}
							got += b.NumRows()
							b.Release()
						}
						if leave == rows {
							if _, err := s.Next(ctx); err != io.EOF {
								t.Errorf("after the rows comes %v", err)
							}
							if diff := v.all(); !slices.Equal(diff, want) {
								t.Errorf("workers %d, in one pass %t: looked at %v", workers, onePass, diff)
							}
						}
						if err := s.Close(); err != nil {
							return err
						}
					}
					return nil
				}}
				file := &counted{countTo: countTo{mem: mem, rows: rows, chunk: 4, opened: new(int)}}
				var f SealedFile = file
				if onePass {
					f = inOnePass{file}
				}
				if err := r.prove(context.Background(), f); err != nil {
					t.Errorf("workers %d, in one pass %t: %v", workers, onePass, err)
				}
			}
		}
	}
}

// A view that panics, or a reading that is broken off, ends the proof and leaves nobody behind.
func TestViewsEndWithTheProof(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewGoAllocator() // what is held where something panics is not freed
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, view := range map[string]View{
		"panics":  func(arrow.Record) { panic("values") },
		"cancels": func(arrow.Record) { cancel() },
	} {
		r := &flowRun{Flow: &Flow{}, opt: FlowOptions{Workers: 3}, bind: &Binding{Out: numbersSchema}, groups: []sealedGroup{{rows: 5000}}}
		r.Privacy = gate{judge: func(ctx context.Context, f SealedFile) error {
			s, err := f.(Viewed).OpenViewed(ctx, func(*arrow.Schema) View { return view })
			if err != nil {
				return err
			}
			defer s.Close()
			return Each(ctx, s, func(b Batch) error { b.Release(); return nil })
		}}
		err := r.prove(ctx, inOnePass{&counted{countTo: countTo{mem: mem, rows: 5000, chunk: 4, opened: new(int)}}})
		if err == nil || name == "cancels" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
