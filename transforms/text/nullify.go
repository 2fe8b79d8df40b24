package text

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Nullify makes null of the values that stand for nothing ("NC", 9999), and of
// values in rows for which a condition is true.
var Nullify = pipelines.DefineTransform("nullify", "Make null of values that stand for nothing.", nullifyConfig{}, newNullify)

type nullifyConfig struct {
	Columns []string             `hcl:"columns" doc:"Columns in which to make nulls; of any type."`
	Values  []string             `hcl:"values,optional" doc:"Values that stand for nothing, written as text; they are compared as values of each column's type."`
	When    pipelines.Expression `hcl:"when,optional" doc:"A condition; where it is true, the columns are null, and where it is not, null included, they stay."`
}

func (c nullifyConfig) Validate() error {
	if err := noneTwice("columns", c.Columns); err != nil {
		return err
	}
	if len(c.Values) == 0 && !c.When.IsSet() {
		return pipelines.At("values", messages.NothingToDo.With("arguments", "values, when"))
	}
	return nil
}

type nullify struct {
	env pipelines.Env
	nullifyConfig
}

func newNullify(env pipelines.Env, c nullifyConfig) (pipelines.Transform, error) {
	return nullify{env, c}, nil
}

// emptying is what is to be done for one input.
type emptying struct {
	when    *expr.Program // nil: no condition
	columns []int
	values  []map[string]bool // by column, keys of values that stand for nothing
}

func (t nullify) plan(in *arrow.Schema) (*emptying, error) {
	e := &emptying{}
	for _, name := range t.Columns {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		keys, err := t.keys(in.Field(i))
		if err != nil {
			return nil, err
		}
		e.columns, e.values = append(e.columns, i), append(e.values, keys)
	}
	if t.When.IsSet() {
		var err error
		if e.when, err = compute.Condition("when", t.When, in); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// keys are the values that stand for nothing in a column.
func (t nullify) keys(f arrow.Field) (map[string]bool, error) {
	if len(t.Values) == 0 || f.Type.ID() == arrow.NULL {
		return nil, nil
	}
	if !convert.HasText(f.Type) {
		return nil, messages.ListColumn.With("column", f.Name, "got", pipelines.TypeName(f.Type), "what", "compared with values")
	}
	r, err := convert.NewReader(pipelines.ColumnType{Type: f.Type}, scalar.Plain)
	if err != nil {
		return nil, err
	}
	b := array.NewBuilder(t.env.Allocator, f.Type)
	defer b.Release()
	for i, v := range t.Values {
		if r.Append(b, []byte(v)) != nil {
			return nil, messages.BadSentinel.With("number", i+1, "type", pipelines.TypeName(f.Type), "column", f.Name)
		}
	}
	a := b.NewArray()
	defer a.Release()
	keys := map[string]bool{}
	for i := range a.Len() {
		keys[string(arrowx.AppendKey(nil, a, i, false))] = true
	}
	return keys, nil
}

func (t nullify) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, err := t.plan(in)
	return in, err
}

func (t nullify) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t nullify) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	e, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	var ev *expr.Evaluator
	if e.when != nil {
		ev = e.when.New(t.env.Allocator)
	}
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		empty := make([]bool, b.NumRows())
		if ev != nil {
			verdicts, failures, err := ev.Eval(ctx, b.Record)
			if err != nil {
				b.Release()
				return pipelines.Batch{}, err
			}
			failed.AddFailures("", failures)
			for i := range empty {
				empty[i] = compute.VerdictOf(verdicts, i) == compute.True
			}
			verdicts.Release()
		}
		cols, err := e.apply(t.env, b.Record, empty)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		out := array.NewRecord(in, cols, b.NumRows())
		compute.Release(cols)
		return failed.Split(t.env.Allocator, b, out)
	}, nil
}

// apply gives all columns of r; empty are the rows in which to make nulls anyway.
func (e *emptying) apply(env pipelines.Env, r arrow.Record, empty []bool) ([]arrow.Array, error) {
	cols := slices.Clone(r.Columns())
	for _, c := range cols {
		c.Retain()
	}
	var key []byte
	refs := make([]arrowx.Ref, r.NumRows())
	for n, c := range e.columns {
		a, changed := r.Column(c), false
		for i := range refs {
			refs[i] = arrowx.Ref{Row: int32(i)}
			null := empty[i]
			if !null && e.values[n] != nil && a.IsValid(i) {
				key = arrowx.AppendKey(key[:0], a, i, false)
				null = e.values[n][string(key)]
			}
			if null {
				refs[i].Row, changed = -1, true
			}
		}
		if !changed {
			continue
		}
		made, err := arrowx.Gather(env.Allocator, a.DataType(), []arrow.Array{a}, refs)
		if err != nil {
			compute.Release(cols)
			return nil, err
		}
		cols[c].Release()
		cols[c] = made
	}
	return cols, nil
}

// Lineage tells of the condition too: where values stand says what it said.
func (t nullify) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	e, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	all := unchanged(in)
	if e.when != nil {
		for _, c := range t.Columns {
			for _, o := range compute.Origins(e.when) {
				o.Chooses = true
				all[c] = append(all[c], o)
			}
		}
	}
	return all, nil
}
