package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// checkBind asks twice, and compares with what Run gives, for no rows too.
func checkBind(tc *transformCase) error {
	return tc.try(whole(), tc.input, func(_ *world, in *input, t pipelines.Transform) error {
		out, err := t.Bind(in.schema)
		if err != nil {
			return err
		}
		second, err := t.Bind(in.schema)
		if err != nil {
			return err
		}
		if d := diffSchemas(out, second); d != "" {
			return fmt.Errorf("Bind does not say the same twice: %s", d)
		}
		if err := vocabulary(out); err != nil {
			return err
		}
		if in.asked != 0 {
			return errors.New("Bind read from the input")
		}
		s, err := t.Run(context.Background(), in)
		if err != nil {
			return err
		}
		defer s.Close()
		o := drain(context.Background(), s)
		if d := diffSchemas(out, s.Schema()); d != "" {
			return fmt.Errorf("the stream has not the schema that Bind promised: %s", d)
		}
		return o.broken
	})
}

// checkCuts compares all cuts of more than 1024 rows, and of none.
func checkCuts(tc *transformCase) error {
	var errs []error
	for _, table := range []Table{tc.input, tc.enough(1100), {Schema: tc.input.Schema}} {
		var first outcome
		for i, cut := range Cuts() {
			o, err := tc.run(cut, table)
			if err != nil && o.err == nil {
				errs = append(errs, named(cut.Name, err))
				continue
			}
			if i == 0 {
				first = o
			} else if err := first.differs(o); err != nil {
				errs = append(errs, fmt.Errorf("%d rows, whole and %s: %w", len(table.Rows), cut.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func checkTwice(tc *transformCase) error {
	table := tc.enough(50)
	a, err := tc.run(Cut{"batches of 7", every(7)}, table)
	b, err2 := tc.run(Cut{"batches of 7", every(7)}, table)
	if err != nil || err2 != nil {
		return sameErrors(err, err2)
	}
	if !bytes.Equal(a.bytes, b.bytes) {
		return fmt.Errorf("the same rows, cut alike, gave other bytes: %w", errors.Join(errors.New("see how"), a.differs(b)))
	}
	return nil
}

func sameErrors(a, b error) error {
	if errorText(a) != errorText(b) {
		return fmt.Errorf("the same rows once gave %v and once %v", a, b)
	}
	return nil
}

// checkMemoryBound gives it 1 KiB, so that whatever can spill does.
func checkMemoryBound(tc *transformCase) error {
	table := tc.enough(500)
	want, err := tc.run(whole(), table)
	if err != nil {
		return nil // checkCuts has it
	}
	small := *tc
	small.build = func(env pipelines.Env, tables map[string]Table) (pipelines.Transform, error) {
		env.Memory = 1 << 10
		return tc.build(env, tables)
	}
	got, err := small.run(Cut{"batches of 7", every(7)}, table)
	if err != nil {
		if m := messages.Find(err); m != nil && (m.Class == messages.Environment || m.Class == messages.Refused) {
			return nil
		}
		return fmt.Errorf("with 1 KiB of memory: %w", err)
	}
	return named("with 1 KiB of memory", want.differs(got))
}

// checkAtOnce takes batches of two runs of one transform in turn.
func checkAtOnce(tc *transformCase) error {
	table := tc.enough(40)
	want, err := tc.run(Cut{"batches of 4", every(4)}, table)
	if err != nil {
		return nil // checkCuts has it
	}
	return tc.try(Cut{"batches of 4", every(4)}, table, func(w *world, in *input, t pipelines.Transform) error {
		other := newInput(w, table, Cut{"batches of 4", every(4)})
		a, err := t.Run(context.Background(), in)
		if err != nil {
			return errors.Join(err, other.release())
		}
		b, err := t.Run(context.Background(), other)
		if err != nil {
			return errors.Join(err, a.Close(), other.release())
		}
		outs := []outcome{{table: Table{Schema: a.Schema()}}, {table: Table{Schema: b.Schema()}}}
		for open := []bool{true, true}; open[0] || open[1]; {
			for i, s := range []pipelines.Stream{a, b} {
				if !open[i] {
					continue
				}
				got, err := s.Next(context.Background())
				if err != nil {
					open[i] = false
					if err != io.EOF {
						outs[i].err = err
					}
					continue
				}
				outs[i].add(got)
				got.Release()
			}
		}
		return errors.Join(a.Close(), b.Close(), other.release(), want.differs(outs[0]), want.differs(outs[1]))
	})
}

// checkKernel runs two kernels in turn over batches in reverse order, as
// workers might, and puts the results back in order.
func checkKernel(tc *transformCase) error {
	table := tc.enough(40)
	want, err := tc.run(Cut{"batches of 4", every(4)}, table)
	if err != nil {
		return nil // checkCuts has it
	}
	return tc.try(Cut{"batches of 4", every(4)}, table, func(_ *world, in *input, t pipelines.Transform) error {
		rw, ok := t.(pipelines.RowWise)
		if !ok {
			return nil
		}
		var kernels [2]pipelines.Kernel
		for i := range kernels {
			if kernels[i], err = rw.Kernel(in.schema); err != nil {
				return err
			}
		}
		results := make([]outcome, len(in.batches))
		for i := len(in.batches) - 1; i >= 0; i-- {
			b := in.batches[i]
			b.Record.Retain()
			out, err := kernels[i%2](context.Background(), b)
			if err != nil {
				return named(fmt.Sprintf("kernel at batch %d", i+1), err)
			}
			results[i].table.Schema = want.table.Schema
			results[i].add(out)
			out.Release()
		}
		got := outcome{table: Table{Schema: want.table.Schema}}
		for _, r := range results {
			got.table.Rows = append(got.table.Rows, r.table.Rows...)
			got.places = append(got.places, r.places...)
			got.rejects = append(got.rejects, r.rejects...)
			got.broken = errors.Join(got.broken, r.broken)
		}
		return errors.Join(got.broken, want.differs(got))
	})
}

// checkRejectsPass puts a reject into each batch, the empty ones too: a later
// step must not lose what an earlier one found.
func checkRejectsPass(tc *transformCase) error {
	table := tc.enough(12)
	cut := Cut{"empty batches between", func(mem memory.Allocator, t Table) []pipelines.Batch {
		bs := withEmpty(mem, t)
		for i := range bs {
			bs[i].Rejects = []pipelines.Reject{{Place: pipelines.Place{Input: inputName, Line: int64(1000 + i)}, Why: messages.BadNumber.With()}}
		}
		return bs
	}}
	asked := 0
	seen := map[int64]int{}
	err := tc.try(cut, table, func(_ *world, in *input, t pipelines.Transform) error {
		s, err := t.Run(context.Background(), in)
		if err != nil {
			return err
		}
		defer s.Close()
		o := drain(context.Background(), s)
		if o.err != nil {
			return nil // checkCuts has it
		}
		for _, r := range o.rejects {
			if r.Line >= 1000 {
				seen[r.Line]++
			}
		}
		asked = in.next
		return o.broken
	})
	for i := range asked {
		if n := seen[int64(1000+i)]; n != 1 {
			err = errors.Join(err, fmt.Errorf("the reject of input batch %d came out %d times", i+1, n))
		}
	}
	return err
}
