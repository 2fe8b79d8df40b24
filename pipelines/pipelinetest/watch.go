package pipelinetest

import (
	"context"
	"errors"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
)

// watchedOnWorkers wants of a stage whose rows several workers look at what it
// decides alone.
func (pc *privacyCase) watchedOnWorkers(w *world, p pipelines.Privacy, want outcome) (err error) {
	o, ok := p.(pipelines.Observer)
	if !ok {
		return nil
	}
	watch, err := o.Watch(pc.input.Schema, 2)
	if err != nil {
		return err
	}
	in := newInput(w, pc.input, Cut{"batches of 2", every(2)})
	defer func() { err = named("watched on workers", errors.Join(err, watch.Close(), in.release())) }()
	first, n := int64(0), 0
	for {
		b, err := in.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		rows := b.NumRows()
		err = watch.See(context.Background(), n%2, first, b)
		b.Release()
		if err != nil {
			return err
		}
		first, n = first+rows, n+1
	}
	d, err := watch.Decide(context.Background())
	if err == nil {
		d, err = draw(p, d)
	}
	if err != nil {
		return err
	}
	got, err := emit(w, p, d, whole(), pc.input)
	return errors.Join(err, want.differs(got))
}
