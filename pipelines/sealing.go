package pipelines

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
)

// begin starts a seal of any sink: by groups where it can, else by feeding a
// stream to its Seal.
func begin(ctx context.Context, s Sink, schema *arrow.Schema) (Sealing, error) {
	if g, ok := s.(GroupSink); ok {
		return g.Begin(ctx, schema)
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &fed{cancel: cancel, groups: make(chan []Batch), end: make(chan fedResult, 1)}
	in := NewStream(schema, f.next, nil)
	go func() {
		var sealed Sealed
		err := contain(func() (err error) {
			sealed, err = s.Seal(ctx, in)
			return err
		})
		cancel() // whoever still feeds it need not wait
		f.end <- fedResult{sealed, err}
	}()
	f.ctx = ctx
	return f, nil
}

// fed runs a sink's Seal in a goroutine that reads the groups as a stream.
type fed struct {
	ctx    context.Context // of the goroutine, whose life this type is
	cancel context.CancelFunc
	groups chan []Batch
	end    chan fedResult
	rest   []Batch
	done   *fedResult
}

type fedResult struct {
	sealed Sealed
	err    error
}

func (f *fed) next(ctx context.Context) (Batch, error) {
	for len(f.rest) == 0 {
		select {
		case g, open := <-f.groups:
			if !open {
				return Batch{}, io.EOF
			}
			f.rest = g
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
	b := f.rest[0]
	f.rest = f.rest[1:]
	return b, nil
}

func (f *fed) Encode(_ context.Context, group []Batch) (Encoded, error) {
	kept := make([]Batch, len(group))
	for i, b := range group {
		b.Retain()
		kept[i] = b
	}
	return kept, nil
}

func (f *fed) Append(ctx context.Context, e Encoded) error {
	group := e.([]Batch)
	select {
	case f.groups <- group:
		return nil
	case <-f.ctx.Done():
		for _, b := range group {
			b.Release()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return f.wait().err
	}
}

func (f *fed) wait() fedResult {
	if f.done == nil {
		r := <-f.end
		f.done = &r
		for _, b := range f.rest {
			b.Release()
		}
		f.rest = nil
	}
	return *f.done
}

func (f *fed) Finish(context.Context) (Sealed, error) {
	close(f.groups)
	r := f.wait()
	return r.sealed, r.err
}

func (f *fed) Discard() error {
	f.cancel()
	if r := f.wait(); r.sealed != nil {
		return r.sealed.Discard()
	}
	return nil
}

// abandon frees an encoded group that is not going to be appended.
func abandon(s Sealing, e Encoded) {
	if _, ok := s.(*fed); ok {
		for _, b := range e.([]Batch) {
			b.Release()
		}
	}
}
