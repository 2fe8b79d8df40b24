package pipelines

import (
	"context"
	"io"
	"sync"
)

// ordered runs work on what next gives, on several goroutines, and hands the
// results over in the order of next: serial in, parallel in the middle, serial
// out. At most twice as many items as workers are in flight. It starts at the
// first take.
type ordered[T, U any] struct {
	workers int
	next    func(context.Context) (T, error) // one goroutine; io.EOF ends
	work    func(ctx context.Context, worker int, item T) (U, error)
	free    func(U) // of a result nobody took

	queue   chan *job[T, U]
	cancel  context.CancelFunc
	running sync.WaitGroup
	err     error
}

type job[T, U any] struct {
	item T
	err  error // of next
	done chan outcome[U]
}

type outcome[U any] struct {
	result U
	err    error
}

func (o *ordered[T, U]) start(ctx context.Context) {
	ctx, o.cancel = context.WithCancel(ctx)
	o.queue = make(chan *job[T, U], o.workers)
	todo := make(chan *job[T, U])
	o.running.Go(func() {
		defer close(o.queue)
		defer close(todo)
		for {
			item, err := o.next(ctx)
			j := &job[T, U]{item: item, err: err, done: make(chan outcome[U], 1)}
			if err != nil {
				select {
				case o.queue <- j:
				case <-ctx.Done():
				}
				return
			}
			// The worker gets the item first and always: whatever next gave is
			// worked on or freed, also when everything is being torn down.
			todo <- j
			select {
			case o.queue <- j:
			case <-ctx.Done():
				o.discard(j)
				return
			}
		}
	})
	for w := range o.workers {
		o.running.Go(func() {
			for j := range todo {
				r, err := o.work(ctx, w, j.item)
				j.done <- outcome[U]{r, err}
			}
		})
	}
}

func (o *ordered[T, U]) discard(j *job[T, U]) {
	if j.err != nil {
		return
	}
	if out := <-j.done; out.err == nil && o.free != nil {
		o.free(out.result)
	}
}

// take gives the next result. The error is the earliest in the order of next,
// whoever met it first.
func (o *ordered[T, U]) take(ctx context.Context) (U, error) {
	var zero U
	if o.err != nil {
		return zero, o.err
	}
	if o.queue == nil {
		o.start(ctx)
	}
	var j *job[T, U]
	select {
	case got, open := <-o.queue:
		if !open {
			o.err = context.Canceled
			if err := ctx.Err(); err != nil {
				o.err = err
			}
			return zero, o.err
		}
		j = got
	case <-ctx.Done():
		o.err = ctx.Err()
		return zero, o.err
	}
	if j.err != nil {
		o.err = j.err
		return zero, o.err
	}
	select {
	case out := <-j.done:
		if out.err != nil {
			o.err = out.err
			return zero, o.err
		}
		return out.result, nil
	case <-ctx.Done():
		o.err = ctx.Err()
		o.discard(j)
		return zero, o.err
	}
}

// close stops everything, waits for every goroutine and frees what nobody took.
func (o *ordered[T, U]) close() {
	if o.queue == nil {
		o.err = io.ErrClosedPipe
		return
	}
	o.cancel()
	for j := range o.queue {
		o.discard(j)
	}
	o.running.Wait()
	if o.err == nil {
		o.err = io.ErrClosedPipe
	}
}
