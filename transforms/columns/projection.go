package columns

import (
	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// plan says, for an input, which columns a transform gives.
type plan func(in *arrow.Schema) (compute.Projection, error)

func bind(p plan, in *arrow.Schema) (*arrow.Schema, error) {
	columns, err := p(in)
	if err != nil {
		return nil, err
	}
	return columns.Schema(in)
}

func kernel(env pipelines.Env, p plan, in *arrow.Schema) (pipelines.Kernel, error) {
	columns, err := p(in)
	if err != nil {
		return nil, err
	}
	return columns.Kernel(env.Allocator, in)
}

func lineage(p plan, in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	columns, err := p(in)
	if err != nil {
		return nil, err
	}
	return columns.Lineage(in), nil
}

// everything is the input as it is.
func everything(in *arrow.Schema) compute.Projection {
	p := make(compute.Projection, in.NumFields())
	for i, f := range in.Fields() {
		p[i] = compute.Column(f.Name, i)
	}
	return p
}
