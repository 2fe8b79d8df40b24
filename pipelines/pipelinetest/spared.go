package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
)

// checkPrivacySpared empties the columns that the second pass does not look at, and has a
// stage that keeps rows let those out.
func checkPrivacySpared(pc *privacyCase) error {
	want, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	return pc.in(func(w *world, p pipelines.Privacy) error {
		var errs []error
		if s, ok := p.(pipelines.Sparing); ok {
			errs = append(errs, named("without what is not looked at", pc.spares(w, p, s, want)))
		}
		if k, ok := p.(pipelines.Keeper); ok {
			for _, once := range []bool{false, true} {
				errs = append(errs, named("of rows that were kept", pc.kept(w, p, k, once, want)))
			}
		}
		return errors.Join(errs...)
	})
}

func (pc *privacyCase) spares(w *world, p pipelines.Privacy, s pipelines.Sparing, want outcome) error {
	needed, mask, err := s.Spare(pc.input.Schema)
	if err != nil {
		return err
	}
	input := pc.input
	if mask != nil {
		if input, err = pc.masked(w, mask); err != nil {
			return err
		}
	}
	for i, c := range needed {
		if c < 0 || c >= pc.input.Schema.NumFields() || i > 0 && c <= needed[i-1] {
			return fmt.Errorf("columns %v are in no order, or there are none such", needed)
		}
	}
	spared := Table{Schema: pc.input.Schema}
	for _, row := range input.Rows {
		row = slices.Clone(row)
		for c := range row {
			if !slices.Contains(needed, c) {
				row[c] = nil
			}
		}
		spared.Rows = append(spared.Rows, row)
	}
	d, err := decide(w, p, whole(), pc.input)
	if err != nil {
		return err
	}
	got, err := emit(w, p, d, whole(), spared)
	return errors.Join(err, want.differs(got))
}

// masked is what a stage leaves of the rows of an example.
func (pc *privacyCase) masked(w *world, mask pipelines.Kernel) (Table, error) {
	in := newInput(w, pc.input, Cut{"batches of 2", every(2)})
	s := pipelines.NewStream(pc.input.Schema, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return mask(ctx, b)
	}, in.Close)
	o := drain(context.Background(), s)
	err := errors.Join(o.broken, o.err, s.Close(), in.release())
	if err == nil && len(o.table.Rows) != len(pc.input.Rows) {
		err = errors.New("rows are gained or lost where they are masked")
	}
	return o.table, err
}

func (pc *privacyCase) kept(w *world, p pipelines.Privacy, k pipelines.Keeper, once bool, want outcome) error {
	watch, err := k.WatchKeeping(pc.input.Schema, 2, once)
	if watch == nil || err != nil {
		return err
	}
	d, err := pc.watched(w, p, watch)
	if err != nil {
		return err
	}
	s, err := k.EmitKept(context.Background(), d, pc.input.Schema)
	if err == nil && s == nil && once {
		err = errors.New("rows that are not had again were let go")
	}
	if s != nil {
		o := drain(context.Background(), s)
		err = errors.Join(err, o.broken, o.err, s.Close(), want.differs(o))
	}
	if c, ok := d.(interface{ Close() error }); ok {
		return errors.Join(err, c.Close())
	}
	return errors.Join(err, errors.New("what was kept cannot be given up"))
}
