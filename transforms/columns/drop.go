package columns

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Drop removes named columns and keeps all others as they are.
var Drop = pipelines.DefineTransform("drop", "Remove columns by name.", dropConfig{}, newDrop)

type dropConfig struct {
	Columns []string `hcl:"columns" doc:"Columns to remove."`
	Missing string   `hcl:"missing,optional" doc:"What to do when a column is not there: fail (the default) or ignore." values:"fail|ignore"`
}

func (c dropConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	return nil
}

type drop struct {
	env pipelines.Env
	dropConfig
}

func newDrop(env pipelines.Env, c dropConfig) (pipelines.Transform, error) {
	return drop{env, c}, nil
}

func (t drop) plan(in *arrow.Schema) (compute.Projection, error) {
	gone := map[int]bool{}
	for _, name := range t.Columns {
		i, err := pipelines.ColumnIndex(in, name)
		switch {
		case err == nil:
			gone[i] = true
		case t.Missing != "ignore":
			return nil, err
		}
	}
	var p compute.Projection
	for i, o := range everything(in) {
		if !gone[i] {
			p = append(p, o)
		}
	}
	return p, nil
}

func (t drop) Bind(in *arrow.Schema) (*arrow.Schema, error) { return bind(t.plan, in) }

func (t drop) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t drop) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return kernel(t.env, t.plan, in)
}

func (t drop) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return lineage(t.plan, in)
}
