package text

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Split cuts a text column at a separator: into several text columns, or into
// one column of lists. The results stand where the column stood. Null gives
// nulls; parts that are not there are null.
var Split = pipelines.DefineTransform("split", "Cut a text column at a separator, into several columns or into a list.",
	splitConfig{Trim: true, Extra: "reject"}, newSplit)

type splitConfig struct {
	Column    string   `hcl:"column" doc:"The text column to cut."`
	Separator string   `hcl:"separator" doc:"Where to cut, exactly as written."`
	Into      []string `hcl:"into,optional" doc:"Names of the columns for the parts."`
	List      string   `hcl:"list,optional" doc:"Instead of into: the name of one column that holds all parts as a list; an empty text is an empty list."`
	Trim      bool     `hcl:"trim,optional" doc:"Whether to take spaces off both ends of each part."`
	Extra     string   `hcl:"extra,optional" doc:"With into, for more parts than columns: reject the row, leave them uncut in the last column, or drop them." values:"reject|last|drop"`
	Keep      bool     `hcl:"keep,optional" doc:"Whether to keep the column that is cut, before the results."`
}

func (c splitConfig) Validate() error {
	if c.Separator == "" {
		return pipelines.At("separator", messages.NotNatural.With("name", "separator", "wanted", "one character or more"))
	}
	if (len(c.Into) > 0) == (c.List != "") {
		return messages.OneOfTwo.With("arguments", "into, list")
	}
	return nil
}

type split struct {
	env pipelines.Env
	splitConfig
}

func newSplit(env pipelines.Env, c splitConfig) (pipelines.Transform, error) {
	return split{env, c}, nil
}

func (t split) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	is, err := textColumns(in, []string{t.Column})
	if err != nil {
		return nil, err
	}
	made := []arrow.Field{{Name: t.List, Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true}}
	if t.List == "" {
		made = nil
		for _, name := range t.Into {
			made = append(made, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		}
	}
	fields := around(in.Fields(), is[0], t.Keep, made)
	for i, f := range fields {
		for _, g := range fields[:i] {
			if f.Name == g.Name {
				return nil, messages.DuplicateColumn.With("column", f.Name)
			}
		}
	}
	return arrow.NewSchema(fields, nil), nil
}

// around is all with element i replaced by made, or followed by it.
func around[T any](all []T, i int, keep bool, made []T) []T {
	rest := i + 1
	if keep {
		i++
	}
	return slices.Concat(all[:i], made, all[rest:])
}

func (t split) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t split) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	out, err := t.Bind(in)
	if err != nil {
		return nil, err
	}
	at := in.FieldIndices(t.Column)[0]
	return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		var made []arrow.Array
		if a := b.Column(at).(*array.String); t.List != "" {
			made = []arrow.Array{t.list(a)}
		} else {
			made = t.columns(a, &failed)
		}
		r := array.NewRecord(out, around(b.Columns(), at, t.Keep, made), b.NumRows())
		for _, m := range made {
			m.Release()
		}
		return failed.Split(t.env.Allocator, b, r)
	}, nil
}

func (t split) part(s string) string {
	if t.Trim {
		return strings.TrimFunc(s, isBlank)
	}
	return s
}

func (t split) list(a *array.String) arrow.Array {
	b := array.NewListBuilder(t.env.Allocator, arrow.BinaryTypes.String)
	defer b.Release()
	values := b.ValueBuilder().(*array.StringBuilder)
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(true)
		if a.Value(i) == "" {
			continue
		}
		for s := range strings.SplitSeq(a.Value(i), t.Separator) {
			values.Append(t.part(s))
		}
	}
	return b.NewArray()
}

func (t split) columns(a *array.String, failed *reject.Set) []arrow.Array {
	n := len(t.Into)
	bs := make([]*array.StringBuilder, n)
	for i := range bs {
		bs[i] = array.NewStringBuilder(t.env.Allocator)
		bs[i].Reserve(a.Len())
	}
	limit := -1
	if t.Extra == "last" {
		limit = n
	}
	for i := range a.Len() {
		var parts []string
		if a.IsValid(i) {
			parts = strings.SplitN(a.Value(i), t.Separator, limit)
		}
		if len(parts) > n && t.Extra == "reject" {
			failed.Add(i, t.Column, messages.TooManyParts.With("count", n))
		}
		for c, b := range bs {
			if c < len(parts) {
				b.Append(t.part(parts[c]))
			} else {
				b.AppendNull()
			}
		}
	}
	cols := make([]arrow.Array, n)
	for i, b := range bs {
		cols[i] = b.NewArray()
		b.Release()
	}
	return cols
}

func (t split) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	all := unchanged(in)
	if !t.Keep {
		delete(all, t.Column)
	}
	for _, name := range t.Into {
		all[name] = []pipelines.Origin{{Column: t.Column}}
	}
	if t.List != "" {
		all[t.List] = []pipelines.Origin{{Column: t.Column}}
	}
	return all, nil
}
