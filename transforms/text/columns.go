package text

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// textColumns are the indices of columns that must hold text.
func textColumns(in *arrow.Schema, names []string) ([]int, error) {
	var is []int
	for _, name := range names {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		if t := in.Field(i).Type; t.ID() != arrow.STRING {
			return nil, messages.NotText.With("column", name, "got", pipelines.TypeName(t))
		}
		is = append(is, i)
	}
	return is, nil
}

// noneTwice refuses an empty list, and one that names a column twice.
func noneTwice(argument string, names []string) error {
	if len(names) == 0 {
		return pipelines.At(argument, messages.NothingToDo.With("arguments", argument))
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return pipelines.At(argument, messages.Twice.With("name", argument, "column", name))
		}
	}
	return nil
}

// outcome is what becomes of one text.
type outcome struct {
	text string
	null bool
	why  *messages.Error
}

// each is the kernel that gives every text of the named columns to do.
func each(env pipelines.Env, in *arrow.Schema, names []string, do func(string) outcome) (pipelines.Kernel, error) {
	is, err := textColumns(in, names)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		cols := slices.Clone(b.Columns())
		for _, i := range is {
			bl := array.NewStringBuilder(env.Allocator)
			a := b.Column(i).(*array.String)
			bl.Reserve(a.Len())
			for row := range a.Len() {
				if a.IsNull(row) {
					bl.AppendNull()
					continue
				}
				o := do(a.Value(row))
				if o.why != nil {
					failed.Add(row, in.Field(i).Name, o.why)
				}
				if o.null || o.why != nil {
					bl.AppendNull()
				} else {
					bl.Append(o.text)
				}
			}
			cols[i] = bl.NewArray()
			bl.Release()
		}
		out := array.NewRecord(in, cols, b.NumRows())
		for _, i := range is {
			cols[i].Release()
		}
		return failed.Split(env.Allocator, b, out)
	}, nil
}

// unchanged is the lineage of a transform whose outputs each derive from the
// input of the same name.
func unchanged(in *arrow.Schema) map[string][]pipelines.Origin {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	return all
}
