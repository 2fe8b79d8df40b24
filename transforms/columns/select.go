package columns

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Select keeps named columns, in the order given, and computes others after them.
var Select = pipelines.DefineTransform("select", "Keep columns by name, in the order given, and compute others.",
	selectConfig{}, newSelect)

type selectConfig struct {
	Columns []string                    `hcl:"columns,optional" doc:"Columns to keep, in the order they are to have."`
	Compute []pipelines.NamedExpression `hcl:"compute,optional" doc:"Columns to add after them, each with its expression over the row."`
}

func (c selectConfig) Validate() error {
	if len(c.Columns)+len(c.Compute) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns, compute"))
	}
	return nil
}

type selection struct {
	env pipelines.Env
	selectConfig
}

func newSelect(env pipelines.Env, c selectConfig) (pipelines.Transform, error) {
	return selection{env, c}, nil
}

func (t selection) plan(in *arrow.Schema) (compute.Projection, error) {
	var p compute.Projection
	for _, name := range t.Columns {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		p = append(p, compute.Column(name, i))
	}
	computed, err := compute.Compile(in, t.Compute)
	return append(p, computed...), err
}

func (t selection) Bind(in *arrow.Schema) (*arrow.Schema, error) { return bind(t.plan, in) }

func (t selection) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t selection) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return kernel(t.env, t.plan, in)
}

func (t selection) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return lineage(t.plan, in)
}
