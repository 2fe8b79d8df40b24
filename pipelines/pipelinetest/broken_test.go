package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// doubler adds a column twice = 2 × n and hands on all others. It is right; a
// test breaks one part of it.
type doubler struct {
	env pipelines.Env
	breaks
}

type breaks struct {
	bind    func(*arrow.Schema) (*arrow.Schema, error)
	run     func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Stream, error)
	kernel  func(d *doubler) pipelines.Kernel
	lineage map[string][]pipelines.Origin
	silent  bool // has no lineage
	barrier bool // has neither lineage nor kernel
}

func (d *doubler) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	i, err := pipelines.ColumnIndex(in, "n")
	if err != nil {
		return nil, err
	}
	if got := in.Field(i).Type; got.ID() != arrow.INT64 {
		return nil, messages.ColumnTypeWanted.With("column", "n", "got", got, "wanted", "int64")
	}
	if d.bind != nil {
		return d.bind(in)
	}
	return d.out(in), nil
}

func (d *doubler) out(in *arrow.Schema) *arrow.Schema {
	return arrow.NewSchema(append(append([]arrow.Field(nil), in.Fields()...), column("twice", arrow.PrimitiveTypes.Int64)), nil)
}

func (d *doubler) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	if d.kernel != nil {
		return d.kernel(d), nil
	}
	return d.double, nil
}

func (d *doubler) double(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
	i := b.Schema().FieldIndices("n")[0]
	n := b.Column(i).(*array.Int64)
	bl := array.NewInt64Builder(d.env.Allocator)
	defer bl.Release()
	for r := range n.Len() {
		if n.IsNull(r) {
			bl.AppendNull()
		} else {
			bl.Append(2 * n.Value(r))
		}
	}
	return d.added(b, bl.NewArray()), nil
}

func (d *doubler) added(b pipelines.Batch, col arrow.Array) pipelines.Batch {
	defer col.Release()
	cols := append(append([]arrow.Array(nil), b.Columns()...), col)
	return b.With(array.NewRecord(d.out(b.Schema()), cols, b.NumRows()))
}

func (d *doubler) Run(ctx context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	if d.run != nil {
		return d.run(d, ctx, in)
	}
	return pipelines.RunKernel(d, in)
}

// told is a doubler that tells its lineage.
type told struct{ *doubler }

func (t told) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	if t.lineage != nil {
		return t.lineage, nil
	}
	l := map[string][]pipelines.Origin{"twice": {{Column: "n"}}}
	for _, f := range in.Fields() {
		l[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	return l, nil
}

func caseOf(t testing.TB, b breaks) *transformCase {
	in, err := ParseTable("n:int64,nom:text\n1,Zoé\n\\N,Œuvre\n-4,\\N\n1,\"a,b\"\n900,\n")
	if err != nil {
		t.Fatal(err)
	}
	return &transformCase{input: in, build: func(env pipelines.Env, _ map[string]Table) (pipelines.Transform, error) {
		d := &doubler{env, b}
		switch {
		case b.barrier:
			return struct{ pipelines.Transform }{d}, nil
		case b.silent:
			return d, nil
		}
		return told{d}, nil
	}}
}

// next makes a run whose Next is changed.
func next(change func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error)) breaks {
	return breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
		return pipelines.NewStream(d.out(in.Schema()), func(ctx context.Context) (pipelines.Batch, error) { return change(d, ctx, in) }, in.Close), nil
	}}
}

// each makes a kernel whose result is changed.
func each(change func(d *doubler, b pipelines.Batch) (pipelines.Batch, error)) breaks {
	return breaks{kernel: func(d *doubler) pipelines.Kernel {
		return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) { return change(d, b) }
	}}
}

func (d *doubler) step(ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
	b, err := in.Next(ctx)
	if err != nil {
		return b, err
	}
	return d.double(ctx, b)
}

func TestRightTransformPasses(t *testing.T) {
	for _, b := range []breaks{{}, {silent: true}, barrier()} {
		for _, ch := range transformChecks {
			if err := attempt(ch, caseOf(t, b)); err != nil {
				t.Errorf("%s: %v", ch.name, err)
			}
		}
	}
}

// barrier gathers everything before it gives anything, and is right too.
func barrier() breaks {
	return breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
		out, err := d.Bind(in.Schema())
		if err != nil {
			return nil, err
		}
		return pipelines.Barrier(out, in, func(ctx context.Context) (pipelines.Stream, error) {
			f, err := d.env.Spool.Create(out)
			if err != nil {
				return nil, err
			}
			var rejects []pipelines.Reject
			err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
				b, err := d.double(ctx, b)
				rejects = append(rejects, b.Rejects...)
				if err == nil {
					err = f.Write(b.Record)
				}
				b.Release()
				return err
			})
			if err != nil {
				return nil, errors.Join(err, f.Close())
			}
			s, err := f.Open()
			if err != nil {
				return nil, err
			}
			return pipelines.NewStream(out, func(ctx context.Context) (pipelines.Batch, error) {
				b, err := s.Next(ctx)
				if err == io.EOF && len(rejects) > 0 {
					b, err = pipelines.Batch{Record: Table{Schema: out}.Record(d.env.Allocator)}, nil
				}
				if err == nil {
					b.Rejects, rejects = rejects, nil
				}
				return b, err
			}, func() error { return errors.Join(s.Close(), f.Close()) }), nil
		}), nil
	}, barrier: true}
}

func TestBrokenTransformsAreCaught(t *testing.T) {
	counter := 0
	for name, broken := range map[string]struct {
		breaks
		check string // a part of its name
	}{
		"leaks what it makes": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			b, err := d.double(context.Background(), b)
			b.Record.Retain()
			return b, err
		}), "no memory"},
		"leaks what it read ahead": {breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			ahead, err := in.Next(context.Background())
			return pipelines.NewStream(d.out(in.Schema()), func(ctx context.Context) (pipelines.Batch, error) {
				if err != nil {
					return pipelines.Batch{}, err
				}
				b := ahead
				ahead, err = in.Next(ctx)
				return d.double(ctx, b)
			}, in.Close), nil
		}}, "no memory"},
		"does not close its input": {breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			return pipelines.NewStream(d.out(in.Schema()), func(ctx context.Context) (pipelines.Batch, error) { return d.step(ctx, in) }, nil), nil
		}}, "no memory"},
		"leaves a spool": {breaks{run: func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			if _, err := d.env.Spool.Create(in.Schema()); err != nil {
				return nil, err
			}
			return pipelines.RunKernel(d, in)
		}}, "no memory"},
		"releases its input twice": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			rec := b.Record
			b, err := d.double(context.Background(), b)
			for range 2 {
				rec.Release()
			}
			return b, err
		}), "no memory"},
		"changes its input": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			vs := b.Column(b.Schema().FieldIndices("n")[0]).(*array.Int64).Int64Values()
			if len(vs) > 0 {
				vs[0]++
			}
			return d.double(context.Background(), b)
		}), "no memory"},
		"keeps the first rows of a batch": {next(func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			b, err := d.step(ctx, in)
			if err != nil || b.NumRows() < 2 {
				return b, err
			}
			defer b.Release()
			cut := b.Slice(0, b.NumRows()-1)
			cut.Rejects = b.Rejects
			return cut, nil
		}), "the cut"},
		"loses places of small batches": {next(func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			b, err := d.step(ctx, in)
			if err == nil && b.NumRows() < 3 {
				b.Places = pipelines.Places{}
			}
			return b, err
		}), "the cut"},
		"ignores the offset of a slice": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			data := b.Column(b.Schema().FieldIndices("n")[0]).Data()
			all := array.NewInt64Data(array.NewData(data.DataType(), data.Len(), data.Buffers(), nil, array.UnknownNullCount, 0))
			defer all.Release()
			bl := array.NewInt64Builder(d.env.Allocator)
			defer bl.Release()
			for r := range all.Len() {
				if all.IsNull(r) {
					bl.AppendNull()
				} else {
					bl.Append(2 * all.Value(r))
				}
			}
			return d.added(b, bl.NewArray()), nil
		}), "the cut"},
		"reads under nulls": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			n := b.Column(b.Schema().FieldIndices("n")[0]).(*array.Int64)
			bl := array.NewInt64Builder(d.env.Allocator)
			defer bl.Release()
			for _, v := range n.Int64Values() {
				bl.Append(2 * v)
			}
			return d.added(b, bl.NewArray()), nil
		}), "the cut"},
		"breaks its promise": {breaks{bind: func(in *arrow.Schema) (*arrow.Schema, error) { return in, nil }}, "Bind"},
		"promises not null": {breaks{bind: func(in *arrow.Schema) (*arrow.Schema, error) {
			return arrow.NewSchema(append(append([]arrow.Field(nil), in.Fields()...), arrow.Field{Name: "twice", Type: arrow.PrimitiveTypes.Int64}), nil), nil
		}}, "Bind"},
		"is not the same twice": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			counter++
			return d.added(b, constant(d.env.Allocator, int(b.NumRows()), int64(counter))), nil
		}), "twice"},
		"shares state between runs": {shared(), "at once"},
		"counts in its kernel": {breaks{kernel: func(d *doubler) pipelines.Kernel {
			seen := int64(0)
			return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
				seen += b.NumRows()
				return d.added(b, constant(d.env.Allocator, int(b.NumRows()), seen)), nil
			}
		}}, "kernels"},
		"looks at the memory bound": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			return d.added(b, constant(d.env.Allocator, int(b.NumRows()), d.env.Memory)), nil
		}), "less memory"},
		"reads on after cancel": {next(func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			for {
				b, err := d.step(context.Background(), in)
				if err != nil {
					return b, err
				}
				b.Release()
			}
		}), "cancelled"},
		"hides that it was cancelled": {breaks{run: func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			s, err := pipelines.RunKernel(d, in)
			return hiding{s}, err
		}}, "cancelled"},
		"takes an error for the end": {next(func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			b, err := d.step(ctx, in)
			if err != nil {
				err = io.EOF
			}
			return b, err
		}), "upstream error"},
		"says an error twice": {next(func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			b, err := d.step(ctx, in)
			if err != nil && err != io.EOF {
				err = errors.Join(err, fmt.Errorf("read: %w", err))
			}
			return b, err
		}), "upstream error"},
		"leaves a goroutine": {breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			go func() { select {} }()
			return pipelines.RunKernel(d, in)
		}}, "goroutine"},
		"loses rejects": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			b.Rejects = nil
			return d.double(context.Background(), b)
		}), "rejects of the input"},
		"swallows empty batches with rejects": {next(func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Batch, error) {
			for {
				b, err := d.step(ctx, in)
				if err != nil || b.NumRows() > 0 {
					return b, err
				}
				b.Release()
			}
		}), "rejects of the input"},
		"makes null of NaN": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			b, err := d.double(context.Background(), b)
			t := Table{Schema: b.Schema()}
			t.Append(b.Record)
			for _, row := range t.Rows {
				for i, v := range row {
					if f, ok := v.(float64); ok && f != f {
						row[i] = nil
					}
				}
			}
			return b.With(t.Record(d.env.Allocator)), err
		}), "all types"},
		"panics at another type": {breaks{run: func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			if in.Schema().Field(0).Type.ID() != arrow.INT64 {
				panic("not my type")
			}
			return pipelines.RunKernel(d, in)
		}}, "any type"},
		"names a column that is not there": {breaks{lineage: map[string][]pipelines.Origin{"twice": {{Column: "m"}}}}, "lineage"},
		"lies about its lineage": {breaks{lineage: map[string][]pipelines.Origin{
			"n": {{Column: "n"}}, "nom": {{Column: "nom"}}, "twice": {},
		}}, "a mark"},
		"logs what it reads": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			if b.NumRows() > 0 {
				d.env.Log.Debug("first", "nom", b.Column(b.Schema().FieldIndices("nom")[0]).ValueStr(0))
			}
			return d.double(context.Background(), b)
		}), "no log"},
		"shows a value in an error": {each(func(d *doubler, b pipelines.Batch) (pipelines.Batch, error) {
			v := b.Column(b.Schema().FieldIndices("nom")[0]).ValueStr(0)
			b.Release()
			return pipelines.Batch{}, fmt.Errorf("read %q: no", v)
		}), "no log"},
		"shows a secret": {breaks{run: func(d *doubler, ctx context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			s, err := pipelines.Secret{Ref: "secret.cle"}.Reveal(ctx, d.env)
			d.env.Log.Info("connected with " + s)
			if err != nil {
				return nil, err
			}
			return pipelines.RunKernel(d, in)
		}}, "no log"},
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			for _, ch := range transformChecks {
				if !strings.Contains(ch.name, broken.check) {
					continue
				}
				found = true
				err := attempt(ch, caseOf(t, broken.breaks))
				if err == nil {
					t.Errorf("%q did not notice", ch.name)
				}
				t.Log(err)
				break
			}
			if !found {
				t.Fatalf("there is no check %q", broken.check)
			}
		})
	}
}

func constant(mem memory.Allocator, rows int, v int64) arrow.Array {
	bl := array.NewInt64Builder(mem)
	defer bl.Release()
	for range rows {
		bl.Append(v)
	}
	return bl.NewArray()
}

func shared() breaks {
	return breaks{run: func() func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
		seen := map[*doubler]int64{}
		return func(d *doubler, _ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
			return pipelines.NewStream(d.out(in.Schema()), func(ctx context.Context) (pipelines.Batch, error) {
				b, err := in.Next(ctx)
				if err != nil {
					return b, err
				}
				seen[d]++
				return d.added(b, constant(d.env.Allocator, int(b.NumRows()), seen[d])), nil
			}, in.Close), nil
		}
	}()}
}

type hiding struct{ pipelines.Stream }

func (h hiding) Next(ctx context.Context) (pipelines.Batch, error) {
	b, err := h.Stream.Next(ctx)
	if errors.Is(err, context.Canceled) {
		err = io.EOF
	}
	return b, err
}
