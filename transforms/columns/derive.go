package columns

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Derive computes columns. One of a name that is already there takes its place;
// new ones come last. Every expression sees the row as it came in.
var Derive = pipelines.DefineTransform("derive", "Compute columns from expressions over the row.", deriveConfig{}, newDerive)

type deriveConfig struct {
	Columns []pipelines.NamedExpression `hcl:"columns" doc:"The columns to compute, each with its expression; a column that is already there is replaced where it stands."`
}

func (c deriveConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	return nil
}

type derive struct {
	env pipelines.Env
	deriveConfig
}

func newDerive(env pipelines.Env, c deriveConfig) (pipelines.Transform, error) {
	return derive{env, c}, nil
}

func (t derive) plan(in *arrow.Schema) (compute.Projection, error) {
	computed, err := compute.Compile(in, t.Columns)
	if err != nil {
		return nil, err
	}
	return merge(in, computed), nil
}

// merge is the input with the given columns in their places, or at the end.
func merge(in *arrow.Schema, made []compute.Output) compute.Projection {
	p := everything(in)
	for _, o := range made {
		if i := in.FieldIndices(o.Name); len(i) == 1 && p[i[0]].Program == nil {
			p[i[0]] = o
		} else {
			p = append(p, o)
		}
	}
	return p
}

func (t derive) Bind(in *arrow.Schema) (*arrow.Schema, error) { return bind(t.plan, in) }

func (t derive) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t derive) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return kernel(t.env, t.plan, in)
}

func (t derive) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return lineage(t.plan, in)
}
