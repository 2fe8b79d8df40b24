// Package compute makes columns: of columns of the input, and of expressions
// over its rows. What an expression cannot compute exactly for a row becomes a
// reject. It knows no component.
package compute

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Output is one column to be made: of Program, or of the input column with that
// index when Program is nil.
type Output struct {
	Name    string
	Column  int
	Program *expr.Program
	Range   hcl.Range // where the pipeline file names it; may be empty
}

// Column is an output that is an input column under a name.
func Column(name string, index int) Output { return Output{Name: name, Column: index} }

// Compile compiles named expressions against in, and reports every mistake.
func Compile(in *arrow.Schema, es []pipelines.NamedExpression) ([]Output, error) {
	var diags hcl.Diagnostics
	outs := make([]Output, 0, len(es))
	for _, e := range es {
		p, ds := expr.Compile(e.Expression, in)
		diags = append(diags, ds...)
		outs = append(outs, Output{Name: e.Name, Program: p, Range: e.Range})
	}
	if err := Mistakes(diags); err != nil {
		return nil, err
	}
	return outs, nil
}

// Projection is the columns of a result, in order.
type Projection []Output

// Schema is the schema of the result. Two columns of one name are refused.
func (p Projection) Schema(in *arrow.Schema) (*arrow.Schema, error) {
	seen := map[string]bool{}
	fields := make([]arrow.Field, len(p))
	var diags hcl.Diagnostics
	for i, o := range p {
		if seen[o.Name] && o.Range.Empty() {
			return nil, messages.DuplicateColumn.With("column", o.Name)
		}
		if seen[o.Name] {
			diags = append(diags, pipelines.Diagnose(messages.DuplicateColumn.With("column", o.Name), o.Range))
		}
		seen[o.Name] = true
		fields[i] = arrow.Field{Name: o.Name, Type: o.Type(in), Nullable: true}
	}
	if err := Mistakes(diags); err != nil {
		return nil, err
	}
	return arrow.NewSchema(fields, nil), nil
}

// Type is the type of the column made of in.
func (o Output) Type(in *arrow.Schema) arrow.DataType {
	if o.Program == nil {
		return in.Field(o.Column).Type
	}
	return o.Program.Type()
}

// Lineage says which input columns each output derives from.
func (p Projection) Lineage(in *arrow.Schema) map[string][]pipelines.Origin {
	all := map[string][]pipelines.Origin{}
	for _, o := range p {
		if o.Program == nil {
			all[o.Name] = []pipelines.Origin{{Column: in.Field(o.Column).Name}}
			continue
		}
		all[o.Name] = Origins(o.Program)
	}
	return all
}

// Origins are the input columns a program derives from.
func Origins(p *expr.Program) []pipelines.Origin {
	var origins []pipelines.Origin
	asks := p.Asks()
	for _, c := range p.Columns() {
		origins = append(origins, pipelines.Origin{Column: c, Chooses: slices.Contains(asks, c)})
	}
	return origins
}

// Kernel makes the result of each batch; rows for which an expression has no
// value are rejected.
func (p Projection) Kernel(mem memory.Allocator, in *arrow.Schema) (pipelines.Kernel, error) {
	schema, err := p.Schema(in)
	if err != nil {
		return nil, err
	}
	ev := p.Evaluator(mem)
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		cols, err := ev.Eval(ctx, b.Record, &failed)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		out := array.NewRecord(schema, cols, b.NumRows())
		Release(cols)
		return failed.Split(mem, b, out)
	}, nil
}

// Evaluator computes the columns of a projection. It is for one goroutine.
type Evaluator struct {
	p          Projection
	evaluators []*expr.Evaluator
}

// Evaluator makes an evaluator that allocates from mem.
func (p Projection) Evaluator(mem memory.Allocator) *Evaluator {
	e := &Evaluator{p: p, evaluators: make([]*expr.Evaluator, len(p))}
	for i, o := range p {
		if o.Program != nil {
			e.evaluators[i] = o.Program.New(mem)
		}
	}
	return e
}

// Eval gives the columns for r, which it borrows, and adds the rows that have
// no value to failed. The caller releases the columns.
func (e *Evaluator) Eval(ctx context.Context, r arrow.Record, failed *reject.Set) ([]arrow.Array, error) {
	cols := make([]arrow.Array, 0, len(e.p))
	for i, o := range e.p {
		if o.Program == nil {
			c := r.Column(o.Column)
			c.Retain()
			cols = append(cols, c)
			continue
		}
		c, failures, err := e.evaluators[i].Eval(ctx, r)
		if err != nil {
			Release(cols)
			return nil, fmt.Errorf("compute column %q: %w", o.Name, err)
		}
		failed.AddFailures(o.Name, failures)
		cols = append(cols, c)
	}
	return cols, nil
}

// Release releases arrays.
func Release(cols []arrow.Array) {
	for _, c := range cols {
		c.Release()
	}
}

// Condition compiles an expression that must be a yes or no.
func Condition(name string, e pipelines.Expression, in *arrow.Schema) (*expr.Program, error) {
	p, diags := expr.Compile(e, in)
	if err := Mistakes(diags); err != nil {
		return nil, err
	}
	if id := p.Type().ID(); id != arrow.BOOL && id != arrow.NULL {
		return nil, Mistakes(hcl.Diagnostics{pipelines.Diagnose(messages.NotACondition.With("name", name, "got", pipelines.TypeName(p.Type())), e.Range())})
	}
	return p, nil
}

// Verdict is what a condition says of a row.
type Verdict uint8

const (
	Unknown Verdict = iota // null
	False
	True
)

// VerdictOf reads value i of what a condition gave.
func VerdictOf(a arrow.Array, i int) Verdict {
	b, ok := a.(*array.Boolean)
	switch {
	case !ok || b.IsNull(i):
		return Unknown
	case b.Value(i):
		return True
	}
	return False
}
