package columns

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Rename gives columns other names. Order and values stay.
var Rename = pipelines.DefineTransform("rename", "Give columns other names.", renameConfig{}, newRename)

type renameConfig struct {
	Columns map[string]string `hcl:"columns" doc:"The new name of each column, by its old name; two columns may swap theirs."`
}

func (c renameConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	for _, old := range slices.Sorted(maps.Keys(c.Columns)) {
		if c.Columns[old] == "" {
			return pipelines.At("columns", messages.EmptyName.With("column", old))
		}
	}
	return nil
}

type rename struct {
	env pipelines.Env
	renameConfig
}

func newRename(env pipelines.Env, c renameConfig) (pipelines.Transform, error) {
	return rename{env, c}, nil
}

func (t rename) plan(in *arrow.Schema) (compute.Projection, error) {
	p := everything(in)
	for _, old := range slices.Sorted(maps.Keys(t.Columns)) {
		i, err := pipelines.ColumnIndex(in, old)
		if err != nil {
			return nil, err
		}
		p[i].Name = t.Columns[old]
	}
	return p, nil
}

func (t rename) Bind(in *arrow.Schema) (*arrow.Schema, error) { return bind(t.plan, in) }

func (t rename) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t rename) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return kernel(t.env, t.plan, in)
}

func (t rename) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return lineage(t.plan, in)
}
