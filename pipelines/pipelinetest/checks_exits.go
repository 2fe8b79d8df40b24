package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.uber.org/goleak"

	"github.com/lavoir-data/lavoir/pipelines"
)

var errUpstream = errors.New("the upstream failed")

// exit is a way to leave a stream. use gets the transform's stream and leaves
// it open; the harness closes it, twice, and looks at what is left.
type exit struct {
	name string
	use  func(ctx context.Context, cancel func(), s pipelines.Stream)
}

var exits = []exit{
	{"drained", func(ctx context.Context, _ func(), s pipelines.Stream) { take(ctx, s, -1) }},
	{"stopped after one batch", func(ctx context.Context, _ func(), s pipelines.Stream) { take(ctx, s, 1) }},
	{"never started", func(context.Context, func(), pipelines.Stream) {}},
	{"cancelled before the first batch", func(ctx context.Context, cancel func(), s pipelines.Stream) { cancel(); take(ctx, s, 1) }},
	{"cancelled after one batch", func(ctx context.Context, cancel func(), s pipelines.Stream) {
		take(ctx, s, 1)
		cancel()
		take(ctx, s, -1)
	}},
}

// take releases n batches, all when n is negative.
func take(ctx context.Context, s pipelines.Stream, n int) {
	for ; n != 0; n-- {
		b, err := s.Next(ctx)
		if err != nil {
			return
		}
		b.Release()
	}
}

// checkExits leaves in every way, at a failure of every input batch too, and
// expects a closed input and not a byte.
func checkExits(tc *transformCase) error {
	table := tc.enough(21)
	var errs []error
	for _, ex := range exits {
		errs = append(errs, named(ex.name, tc.leave(table, ex, nil)))
	}
	for k := range 5 {
		fail := func(i int) error {
			if i == k {
				return errUpstream
			}
			return nil
		}
		errs = append(errs, named(fmt.Sprintf("failed upstream at batch %d", k+1), tc.leave(table, exits[0], fail)))
	}
	return errors.Join(errs...)
}

// leave runs the transform over batches of 4 and leaves it by ex.
func (tc *transformCase) leave(table Table, ex exit, hook func(int) error) error {
	return tc.try(Cut{"batches of 4", every(4)}, table, func(_ *world, in *input, t pipelines.Transform) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in.hook = hook
		s, err := t.Run(ctx, in)
		if err != nil {
			return err
		}
		ex.use(ctx, cancel, s)
		_ = s.Close()
		if err := s.Close(); err != nil && !errors.Is(err, errUpstream) {
			return fmt.Errorf("closed a second time it says %w", err)
		}
		if !in.closed {
			return errors.New("the input was not closed")
		}
		if b, err := s.Next(context.Background()); err == nil {
			b.Release()
			return errors.New("after Close it gave a batch")
		}
		return nil
	})
}

func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func checkGoroutines(tc *transformCase) error {
	before := goleak.IgnoreCurrent()
	var errs []error
	for _, ex := range exits {
		errs = append(errs, named(ex.name, tc.leave(tc.enough(21), ex, nil)))
	}
	return errors.Join(append(errs, goleak.Find(before))...)
}

// enoughBatches is how much an endless input gives to who does not listen.
const enoughBatches = 10_000

// checkCancel cancels while the transform reads an endless input, and before it
// gives: either way ctx's error comes, and no more input is asked for.
func checkCancel(tc *transformCase) error {
	table := tc.enough(8)
	during := tc.try(Cut{"batches of 4", every(4)}, table, func(_ *world, in *input, t pipelines.Transform) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in.endless = true
		cancelled := false
		in.hook = func(i int) error {
			if i == 50 {
				cancel()
				cancelled = true
			}
			if i == enoughBatches {
				return fmt.Errorf("it goes on reading after its context was cancelled")
			}
			return nil
		}
		s, err := t.Run(ctx, in)
		if err != nil {
			return err
		}
		defer s.Close()
		for range enoughBatches {
			b, err := s.Next(ctx)
			if err == io.EOF && !cancelled {
				return nil // it needs no more rows than it had
			}
			if err != nil {
				return wantCancelled(err)
			}
			b.Release()
		}
		return errors.New("it goes on giving batches after its context was cancelled")
	})
	before := tc.try(whole(), table, func(_ *world, in *input, t pipelines.Transform) error {
		ctx, cancel := context.WithCancel(context.Background())
		s, err := t.Run(ctx, in)
		if err != nil {
			cancel()
			return err
		}
		defer s.Close()
		cancel()
		b, err := s.Next(ctx)
		if err == nil {
			b.Release()
			return errors.New("a context cancelled before Next does not stop it")
		}
		return wantCancelled(err)
	})
	return errors.Join(during, before)
}

func wantCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("cancelled, it says %w and not context.Canceled", err)
}

// checkUpstreamError fails the input at every batch: who was told must tell,
// once, so that errors.Is finds it.
func checkUpstreamError(tc *transformCase) error {
	var errs []error
	for k := range 4 {
		errs = append(errs, named(fmt.Sprintf("at batch %d", k+1), tc.upstream(k)))
	}
	return errors.Join(errs...)
}

func (tc *transformCase) upstream(k int) error {
	return tc.try(Cut{"batches of 4", every(4)}, tc.enough(21), func(_ *world, in *input, t pipelines.Transform) error {
		in.hook = func(i int) error {
			if i == k {
				return errUpstream
			}
			return nil
		}
		s, err := t.Run(context.Background(), in)
		if err != nil {
			return err
		}
		defer s.Close()
		o := drain(context.Background(), s)
		switch n := count(o.err, errUpstream); {
		case in.told == errUpstream && n == 0:
			return fmt.Errorf("the input failed and it says %v", o.err)
		case n > 1:
			return fmt.Errorf("the error of the input is in its error %d times: %w", n, o.err)
		}
		return nil
	})
}

// count is how often target is in err's tree.
func count(err, target error) int {
	if err == nil {
		return 0
	}
	if err == target {
		return 1
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return count(e.Unwrap(), target)
	case interface{ Unwrap() []error }:
		n := 0
		for _, sub := range e.Unwrap() {
			n += count(sub, target)
		}
		return n
	}
	return 0
}

// enough is the input, repeated until it has n rows; as it is when empty.
func (tc *transformCase) enough(n int) Table {
	if len(tc.input.Rows) == 0 {
		return tc.input
	}
	return tc.input.Repeat((n + len(tc.input.Rows) - 1) / len(tc.input.Rows))
}
