package extsort

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Sort is the rows of in, which it owns, in order.
func Sort(env pipelines.Env, in pipelines.Stream, order Order) pipelines.Stream {
	return pipelines.Barrier(in.Schema(), in, func(ctx context.Context) (pipelines.Stream, error) {
		s := New(env, in.Schema(), order)
		rejects, err := Drain(ctx, in, func(b pipelines.Batch) error { return s.Add(ctx, b.Record) })
		if err != nil {
			s.Close()
			return nil, err
		}
		out, err := s.Sorted(ctx)
		if err != nil {
			s.Close()
			return nil, err
		}
		return After(env.Allocator, rejects, out, s.Close), nil
	})
}

// Drain reads in to its end and lets add borrow each batch. It gives the
// rejects that came along.
func Drain(ctx context.Context, in pipelines.Stream, add func(pipelines.Batch) error) ([]pipelines.Reject, error) {
	var rejects []pipelines.Reject
	err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		rejects = append(rejects, b.Rejects...)
		return add(b)
	})
	return rejects, err
}

// After is out with the rejects before it, on a batch without rows. It owns out
// and closes it before it calls done, which may be nil.
func After(mem memory.Allocator, rejects []pipelines.Reject, out pipelines.Stream, done func() error) pipelines.Stream {
	return pipelines.NewStream(out.Schema(),
		func(ctx context.Context) (pipelines.Batch, error) {
			if len(rejects) > 0 {
				b := pipelines.Batch{Record: arrowx.Empty(mem, out.Schema()), Rejects: rejects}
				rejects = nil
				return b, nil
			}
			return out.Next(ctx)
		},
		func() error {
			err := out.Close()
			if done != nil {
				err = firstOf(err, done())
			}
			return err
		})
}
