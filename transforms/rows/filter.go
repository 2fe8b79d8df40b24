package rows

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Filter keeps the rows for which a condition is true.
var Filter = pipelines.DefineTransform("filter", "Keep the rows for which a condition is true.",
	filterConfig{Unknown: "drop"}, newFilter)

type filterConfig struct {
	Where   pipelines.Expression `hcl:"where" doc:"The condition a row must fulfil."`
	Unknown string               `hcl:"unknown,optional" doc:"What becomes of a row for which the condition is neither true nor false, because something in it is null." values:"drop|keep|reject"`
}

type filter struct {
	env pipelines.Env
	filterConfig
}

func newFilter(env pipelines.Env, c filterConfig) (pipelines.Transform, error) {
	return filter{env, c}, nil
}

func (t filter) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	if _, err := compute.Condition("where", t.Where, in); err != nil {
		return nil, err
	}
	return in, nil
}

func (t filter) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t filter) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	where, err := compute.Condition("where", t.Where, in)
	if err != nil {
		return nil, err
	}
	ev := where.New(t.env.Allocator)
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		verdicts, failures, err := ev.Eval(ctx, b.Record)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		defer verdicts.Release()
		var failed reject.Set
		failed.AddFailures("", failures)
		keep := make([]int32, 0, b.NumRows())
		for i := range int(b.NumRows()) {
			v := compute.VerdictOf(verdicts, i)
			switch {
			case failed.Has(i):
			case v == compute.True, v == compute.Unknown && t.Unknown == "keep":
				keep = append(keep, int32(i))
			case v == compute.Unknown && t.Unknown == "reject":
				failed.Add(i, "", messages.ConditionUnknown.With())
			}
		}
		b.Rejects = failed.Rejects(b)
		return reject.Keep(t.env.Allocator, b, keep)
	}, nil
}

func (t filter) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}

// unchanged is the lineage of a transform that changes no value.
func unchanged(in *arrow.Schema) map[string][]pipelines.Origin {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	return all
}
