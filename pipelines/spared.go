package pipelines

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Sparing is the ability of a TwoPass stage to say what Emit needs of the rows. Nothing else
// of them is written to disk between the passes: a name that does not leave is not, not even
// encrypted. Without it whole rows are.
type Sparing interface {
	// Spare gives the columns of in that Emit looks at, in their order: every value of the
	// others, of which none leaves, is null by then. mask hides of rows what Emit will
	// hide, so that it lets the same out; nil is a stage that hides nothing before.
	Spare(in *arrow.Schema) (columns []int, mask Kernel, err error)
}

// spooled puts aside what the stage needs of the rows while it looks at them. It closes w,
// which may be nil.
func (r *flowRun) spooled(ctx context.Context, first *reading, w Watch) (Stream, *reading, error) {
	fail := func(err error) (Stream, *reading, error) {
		first.Close()
		if w != nil {
			w.Close()
		}
		return nil, nil, r.at("privacy", err)
	}
	in := first.Schema()
	s, err := r.spared(in)
	if err != nil {
		return fail(err)
	}
	spool, err := r.env.Spool.Create(s.schema)
	if err != nil {
		return fail(err)
	}
	tee := NewStream(in, func(ctx context.Context) (Batch, error) {
		b, err := first.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		rest, err := s.of(ctx, b)
		if err == nil {
			err = spool.Write(rest)
			rest.Release()
		}
		if err != nil {
			b.Release()
			return Batch{}, r.at("privacy", err)
		}
		return b, nil
	}, nil)
	err = r.missed(r.observe(ctx, tee, w), first)
	if e := first.Close(); err == nil {
		err = e
	}
	var again Stream
	if err == nil {
		err = r.draw(ctx, first)
	}
	if err == nil {
		again, err = spool.Open()
	}
	if err != nil {
		spool.Close()
		return nil, nil, r.at("privacy", err)
	}
	again = s.whole(r.env.Allocator, in, again)
	out, err := r.emit(ctx, again)
	if err != nil {
		again.Close()
		spool.Close()
		return nil, nil, err
	}
	return r.noRejects(out.Next, func() error {
		err := out.Close()
		if e := spool.Close(); err == nil {
			err = e
		}
		return err
	}), first, nil
}

// spared is what of rows is put aside.
type spared struct {
	schema *arrow.Schema
	from   []int  // by column of schema: that of the input
	mask   Kernel // nil: none
}

func (r *flowRun) spared(in *arrow.Schema) (s spared, err error) {
	if p, ok := r.Privacy.(Sparing); ok {
		s.from, s.mask, err = p.Spare(in)
	} else {
		for i := range in.Fields() {
			s.from = append(s.from, i)
		}
	}
	var fields []arrow.Field
	for _, i := range s.from {
		fields = append(fields, in.Field(i))
	}
	s.schema = arrow.NewSchema(fields, nil)
	return s, err
}

// of is what is put aside of b, which it borrows.
func (s spared) of(ctx context.Context, b Batch) (arrow.Record, error) {
	b.Retain()
	if s.mask != nil {
		var err error
		if b, err = s.mask(ctx, b); err != nil {
			return nil, err
		}
	}
	defer b.Release()
	var cols []arrow.Array
	for _, i := range s.from {
		cols = append(cols, b.Column(i))
	}
	return array.NewRecord(s.schema, cols, b.NumRows()), nil
}

// whole gives the rows of rest, which it owns, with nulls for what was not put aside.
func (s spared) whole(mem memory.Allocator, in *arrow.Schema, rest Stream) Stream {
	if len(s.from) == in.NumFields() {
		return rest
	}
	return NewStream(in, func(ctx context.Context) (Batch, error) {
		b, err := rest.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		n := int(b.NumRows())
		cols := make([]arrow.Array, 0, in.NumFields())
		var nulls []arrow.Array
		for i, f := range in.Fields() {
			if at, ok := slices.BinarySearch(s.from, i); ok {
				cols = append(cols, b.Column(at))
				continue
			}
			nulls = append(nulls, array.MakeArrayOfNull(mem, f.Type, n))
			cols = append(cols, nulls[len(nulls)-1])
		}
		whole := array.NewRecord(in, cols, int64(n))
		for _, a := range nulls {
			a.Release()
		}
		return b.With(whole), nil
	}, rest.Close)
}
