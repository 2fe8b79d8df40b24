package pipelinetest

import (
	"context"
	"errors"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
)

// watchedOnWorkers wants of a stage whose rows several workers look at what it
// decides alone.
func (pc *privacyCase) watchedOnWorkers(w *world, p pipelines.Privacy, want outcome) error {
	o, ok := p.(pipelines.Observer)
	if !ok {
		return nil
	}
	watch, err := o.Watch(pc.input.Schema, 2)
	if err != nil {
		return err
	}
	d, err := pc.watched(w, p, watch)
	if err == nil {
		var got outcome
		if got, err = emit(w, p, d, whole(), pc.input); err == nil {
			err = want.differs(got)
		}
	}
	return named("watched on workers", err)
}

// watched is what a pass, which it closes, decides of rows that two workers look at.
func (pc *privacyCase) watched(w *world, p pipelines.Privacy, watch pipelines.Watch) (d pipelines.Decision, err error) {
	in := newInput(w, pc.input, Cut{"batches of 2", every(2)})
	defer func() { err = errors.Join(err, watch.Close(), in.release()) }()
	first, n := int64(0), 0
	for {
		b, err := in.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		rows := b.NumRows()
		err = watch.See(context.Background(), n%2, first, b)
		b.Release()
		if err != nil {
			return nil, err
		}
		first, n = first+rows, n+1
	}
	if d, err = watch.Decide(context.Background()); err != nil {
		return nil, err
	}
	return draw(p, d)
}
