package pipelines

import (
	"context"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ordered runs work on what next gives, on several goroutines, and hands the
// results over in the order of next: serial in, parallel in the middle, serial
// out. At most two items more than workers are in flight, three where one works
// alone. It starts at the first take.
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
	o.queue = make(chan *job[T, U], max(1, o.workers-1))
	todo := make(chan *job[T, U])
	o.running.Go(func() {
		defer close(o.queue)
		defer close(todo)
		for {
			var item T
			err := contain(func() (err error) {
				item, err = o.next(ctx)
				return err
			})
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
				var out outcome[U]
				out.err = contain(func() (err error) {
					out.result, err = o.work(ctx, w, j.item)
					return err
				})
				j.done <- out
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

// Ahead works ahead of whoever takes the results, on goroutines of the engine's:
// for a source that reads over several connections at once.
type Ahead[T, U any] struct{ o ordered[T, U] }

// NewAhead calls work, on several goroutines, with what next gives, in one, until
// io.EOF. At most twice as many items as workers are worked on or wait to be
// taken. free is for results that nobody took. Nothing runs before the first Take.
func NewAhead[T, U any](workers int, next func(context.Context) (T, error), work func(context.Context, T) (U, error), free func(U)) *Ahead[T, U] {
	return &Ahead[T, U]{ordered[T, U]{workers: workers, next: next, free: free,
		work: func(ctx context.Context, _ int, item T) (U, error) { return work(ctx, item) }}}
}

// Take gives the next result in the order of next. The error is the earliest in
// that order, and comes again.
func (a *Ahead[T, U]) Take(ctx context.Context) (U, error) { return a.o.take(ctx) }

// Close cancels the context of next and work, and waits for them.
func (a *Ahead[T, U]) Close() { a.o.close() }

// contain turns a panic into an error: one broken task must not take down the
// others, and a crash could show what no message may. Only the runtime's own
// texts are kept, which hold no value of a row.
func contain(do func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = messages.Internal.With("what", p.Error()+" at "+panicSite())
		default:
			err = messages.Internal.With("what", "a panic at "+panicSite())
		}
	}()
	return do()
}

// panicSite is the function that panicked, as file:line of the project's code.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return filepath.Base(filepath.Dir(f.File)) + "/" + filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
