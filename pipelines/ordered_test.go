package pipelines

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// Whatever the number of workers and wherever somebody stops, results come in
// order, the earliest error wins, and nothing is lost or left running.
func TestOrderedIsInOrderAndLosesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "items")
		workers := rapid.IntRange(1, 5).Draw(t, "workers")
		stop := rapid.IntRange(0, 70).Draw(t, "stop after")
		fail := rapid.SliceOfN(rapid.IntRange(0, 80), 0, 3).Draw(t, "failing items")
		nextFails := rapid.IntRange(0, 120).Draw(t, "next fails at")
		var made, freed, taken atomic.Int64
		bad := map[int]error{}
		first := n
		want := io.EOF
		for _, f := range fail {
			if bad[f] == nil {
				bad[f] = errors.New("work")
			}
			if f < first {
				first, want = f, bad[f]
			}
		}
		nextErr := errors.New("next")
		if nextFails < n && nextFails <= first { // an item that never came cannot fail
			first, want = nextFails, nextErr
		}
		i := 0
		o := &ordered[int, int]{
			workers: workers,
			next: func(context.Context) (int, error) {
				if i == nextFails && i < n {
					return 0, nextErr
				}
				if i == n {
					return 0, io.EOF
				}
				i++
				return i - 1, nil
			},
			work: func(_ context.Context, _ int, item int) (int, error) {
				if err := bad[item]; err != nil {
					return 0, err
				}
				made.Add(1)
				return item, nil
			},
			free: func(int) { freed.Add(1) },
		}
		for k := 0; k < stop; k++ {
			got, err := o.take(context.Background())
			if err != nil {
				if k != first || !errors.Is(err, want) {
					t.Fatalf("item %d gave %v, want %v at %d", k, err, want, first)
				}
				if _, again := o.take(context.Background()); !errors.Is(again, want) {
					t.Fatalf("the error did not come again: %v", again)
				}
				break
			}
			if got != k {
				t.Fatalf("result %d came as number %d", got, k)
			}
			taken.Add(1)
		}
		o.close()
		o.close()
		if made.Load() != freed.Load()+taken.Load() {
			t.Fatalf("%d results made, %d taken, %d freed", made.Load(), taken.Load(), freed.Load())
		}
	})
}

func TestOrderedStopsWhenCancelled(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	o := &ordered[int, int]{
		workers: 2,
		next:    func(context.Context) (int, error) { return 1, nil },
		work: func(ctx context.Context, _, item int) (int, error) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return item, nil
		},
	}
	for range 5 {
		if _, err := o.take(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for {
		if _, err := o.take(ctx); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled, and got %v", err)
			}
			break
		}
	}
	o.close()
}
