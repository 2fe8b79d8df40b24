package tables

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Aggregate makes one row of each group of rows, ordered by the group's columns
// (nulls last). Nulls are left out of every measure; a measure of nothing is
// null, a count 0. Decimals and whole numbers are exact; an average of them has
// at least six decimals, rounded half away from zero. A null group is a group.
// Without group_by there is one row, also when nothing comes in. Any number of
// groups are told apart within the memory of one barrier.
var Aggregate = pipelines.DefineTransform("aggregate", "Make one row of each group of rows: sums, counts, averages, extremes.",
	aggregateConfig{}, newAggregate)

type aggregateConfig struct {
	GroupBy []string                    `hcl:"group_by,optional" doc:"Columns whose values make a group; they come first in the result. One group of all rows unless given."`
	Subject string                      `hcl:"subject,optional" doc:"The column that tells whom a row is of. Beside each sum, average and count m then stands m.<subject>.subjects: of how many different ones it is. Beside all but count_distinct stands m.<subject>.share: the greatest part that one of them has in the sum or count, rounded up to nine decimals, nothing where that is no number. It is what clear of a privacy policy judges by."`
	Columns []pipelines.NamedExpression `hcl:"columns" doc:"The measures: sum, min, max, avg, count or count_distinct of an expression over the row, or count() of the rows."`
}

func (c aggregateConfig) Validate() error {
	if len(c.Columns)+len(c.GroupBy) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns, group_by"))
	}
	for i, name := range c.GroupBy {
		if slices.Contains(c.GroupBy[:i], name) {
			return pipelines.At("group_by", messages.Twice.With("name", "group_by", "column", name))
		}
	}
	return nil
}

type aggregate struct {
	env pipelines.Env
	aggregateConfig
}

func newAggregate(env pipelines.Env, c aggregateConfig) (pipelines.Transform, error) {
	return aggregate{env, c}, nil
}

// aggregation is what a configuration comes to for one input: the columns to
// compute for each row (the group's, then what is measured), and the measures.
type aggregation struct {
	env      pipelines.Env
	inputs   compute.Projection
	groups   int // of inputs, the group's columns
	measures []measure
	subject  int // of inputs, who a row is of; -1: nobody asks
	out      *arrow.Schema
}

// measure is one column of the result besides the group's.
type measure struct {
	name  string
	fn    string // "subjects" and "share" are those of the measure before, whose fn is of
	of    string
	input int // index in inputs; -1 for count()
	typ   arrow.DataType
}

func (t aggregate) plan(in *arrow.Schema) (*aggregation, error) {
	a := &aggregation{env: t.env, groups: len(t.GroupBy), subject: -1}
	var fields []arrow.Field
	for _, name := range t.GroupBy {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		f := in.Field(i)
		if !arrowx.Keyed(f.Type) {
			return nil, messages.ListColumn.With("column", name, "got", pipelines.TypeName(f.Type), "what", "compared")
		}
		a.inputs = append(a.inputs, compute.Column(name, i))
		fields = append(fields, arrow.Field{Name: name, Type: f.Type, Nullable: true})
	}
	var diags hcl.Diagnostics
	for _, c := range t.Columns {
		m, err := a.measure(in, c)
		if err != nil {
			diags = append(diags, pipelines.Diagnostics(err, c.Expression.Range())...)
			continue
		}
		for _, f := range fields {
			if f.Name == c.Name {
				diags = append(diags, pipelines.Diagnose(messages.DuplicateColumn.With("column", c.Name), c.Range))
			}
		}
		a.measures = append(a.measures, m)
		fields = append(fields, arrow.Field{Name: c.Name, Type: m.typ, Nullable: true})
	}
	if err := compute.Mistakes(diags); err != nil {
		return nil, err
	}
	if t.Subject != "" {
		more, err := a.ofSubjects(in, t.Subject)
		if err != nil {
			return nil, err
		}
		fields = append(fields, more...)
	}
	a.out = arrow.NewSchema(fields, nil)
	return a, nil
}

// ofSubjects adds what is told of the subjects of the measures.
func (a *aggregation) ofSubjects(in *arrow.Schema, subject string) ([]arrow.Field, error) {
	i, err := pipelines.ColumnIndex(in, subject)
	if err != nil {
		return nil, err
	}
	if f := in.Field(i); !arrowx.Keyed(f.Type) {
		return nil, messages.ListColumn.With("column", subject, "got", pipelines.TypeName(f.Type), "what", "compared")
	}
	a.subject = len(a.inputs)
	a.inputs = append(a.inputs, compute.Column(subject, i))
	var fields []arrow.Field
	var all []measure
	for _, m := range a.measures {
		if !slices.Contains(counted, m.fn) {
			continue
		}
		of := measure{name: m.name + "." + subject + ".subjects", fn: "subjects", of: m.fn, input: m.input, typ: m.typ}
		all = append(all, of)
		fields = append(fields, arrow.Field{Name: of.name, Type: arrow.PrimitiveTypes.Int64, Nullable: true})
		if slices.Contains(shared, m.fn) {
			part := measure{name: m.name + "." + subject + ".share", fn: "share", of: m.fn, input: m.input, typ: shareType}
			all = append(all, part)
			fields = append(fields, arrow.Field{Name: part.name, Type: shareType, Nullable: true})
		}
	}
	a.measures = append(a.measures, all...)
	return fields, nil
}

func (a *aggregation) measure(in *arrow.Schema, c pipelines.NamedExpression) (measure, error) {
	bad := func(why string) (measure, error) {
		return measure{}, messages.BadAggregate.With("column", c.Name, "why", why)
	}
	call, diags := hcl.ExprCall(c.Expression.Expression)
	if diags.HasErrors() {
		return bad("not one of the measures, of the whole column")
	}
	m := measure{name: c.Name, fn: call.Name, input: -1}
	if call.Name == "count" && len(call.Arguments) == 0 {
		m.typ = arrow.PrimitiveTypes.Int64
		return m, nil
	}
	if !slices.Contains([]string{"sum", "min", "max", "avg", "count", "count_distinct"}, call.Name) {
		return bad(call.Name + " is not a measure")
	}
	if len(call.Arguments) != 1 {
		return bad(call.Name + " measures one expression")
	}
	made, err := compute.Compile(in, []pipelines.NamedExpression{{Name: c.Name, Range: c.Range,
		Expression: pipelines.Expression{Expression: call.Arguments[0], Values: c.Values}}})
	if err != nil {
		return m, err
	}
	of := made[0].Program.Type()
	if m.typ = resultType(call.Name, of); m.typ == nil {
		return bad("there is no " + call.Name + " of " + pipelines.TypeName(of))
	}
	m.input = len(a.inputs)
	a.inputs = append(a.inputs, made[0])
	return m, nil
}

// resultType is the type of a measure of a column, or nil when there is none.
func resultType(fn string, of arrow.DataType) arrow.DataType {
	switch fn {
	case "count":
		return arrow.PrimitiveTypes.Int64
	case "count_distinct":
		if arrowx.Keyed(of) {
			return arrow.PrimitiveTypes.Int64
		}
	case "min", "max":
		if arrowx.Keyed(of) && of.ID() != arrow.LIST && of.ID() != arrow.NULL {
			return of
		}
	case "sum", "avg":
		switch of.ID() {
		case arrow.FLOAT64:
			return of
		case arrow.INT32, arrow.INT64:
			if fn == "sum" {
				return arrow.PrimitiveTypes.Int64
			}
			return &arrow.Decimal128Type{Precision: 38, Scale: 6}
		case arrow.DECIMAL128:
			scale := of.(*arrow.Decimal128Type).Scale
			if fn == "avg" {
				scale = max(6, scale)
			}
			return &arrow.Decimal128Type{Precision: 38, Scale: scale}
		}
	}
	return nil
}

func (t aggregate) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	a, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	return a.out, nil
}

func (t aggregate) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	a, err := t.plan(in.Schema())
	if err != nil {
		return nil, err
	}
	return a.run(in), nil
}

func (t aggregate) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	a, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	of := a.inputs.Lineage(in)
	all := map[string][]pipelines.Origin{}
	for _, name := range t.GroupBy {
		all[name] = of[name]
	}
	for _, m := range a.measures {
		if m.input >= 0 {
			all[m.name] = compute.Origins(a.inputs[m.input].Program)
		}
		if m.of != "" {
			all[m.name] = append(all[m.name], pipelines.Origin{Column: t.Subject, Chooses: true})
		}
	}
	return all, nil
}

// compute gives the columns of inputs for a batch, without the rows that have
// no value, and the rejects for those. It owns b.
func (a *aggregation) compute(ctx context.Context, ev *compute.Evaluator, schema *arrow.Schema, b pipelines.Batch) (pipelines.Batch, error) {
	var failed reject.Set
	cols, err := ev.Eval(ctx, b.Record, &failed)
	if err != nil {
		b.Release()
		return pipelines.Batch{}, err
	}
	out := array.NewRecord(schema, cols, b.NumRows())
	compute.Release(cols)
	return failed.Split(a.env.Allocator, b, out)
}
