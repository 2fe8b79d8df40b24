package columns

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Constant gives every row the same values. It is derive for what depends on no
// column: the result derives from nothing, so it is never marked personal.
var Constant = pipelines.DefineTransform("constant", "Give every row the same value in a column.", constantConfig{}, newConstant)

type constantConfig struct {
	Columns []pipelines.NamedExpression `hcl:"columns" doc:"The columns to set, each with its value; a column that is already there is replaced where it stands."`
}

func (c constantConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	return nil
}

type constant struct {
	env pipelines.Env
	constantConfig
}

func newConstant(env pipelines.Env, c constantConfig) (pipelines.Transform, error) {
	return constant{env, c}, nil
}

func (t constant) plan(in *arrow.Schema) (compute.Projection, error) {
	computed, err := compute.Compile(in, t.Columns)
	if err != nil {
		return nil, err
	}
	var diags hcl.Diagnostics
	for _, o := range computed {
		if len(o.Program.Columns()) > 0 {
			diags = append(diags, pipelines.Diagnose(messages.NotConstant.With("column", o.Name), o.Range))
		}
	}
	if err := compute.Mistakes(diags); err != nil {
		return nil, err
	}
	return merge(in, computed), nil
}

func (t constant) Bind(in *arrow.Schema) (*arrow.Schema, error) { return bind(t.plan, in) }

func (t constant) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t constant) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return kernel(t.env, t.plan, in)
}

func (t constant) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return lineage(t.plan, in)
}
