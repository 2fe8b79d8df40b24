package tables

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Lookup fetches columns of another source by key, as the label of a code. All
// rows stay, in their order. Where nothing is found there is the default, or
// null, or a reject.
var Lookup = pipelines.DefineTransform("lookup", "Fetch columns of another source by key, with a default where nothing is found.",
	lookupConfig{Missing: "null"}, newLookup)

type lookupConfig struct {
	Source  pipelines.SourceRef         `hcl:"source" doc:"The other source; each key stands there once at most."`
	On      map[string]string           `hcl:"on" doc:"The key: for each column here, the column of the other source that it must equal."`
	Columns []string                    `hcl:"columns" doc:"Columns to fetch."`
	Prefix  string                      `hcl:"prefix,optional" doc:"What to put before the names of those columns."`
	Default []pipelines.NamedExpression `hcl:"default,optional" doc:"What a fetched column holds where the key is not found, by its name in the other source; an expression over the row here."`
	Missing string                      `hcl:"missing,optional" doc:"What to do with a row whose key is not found: null fills the fetched columns with their default or null, reject rejects the row." values:"null|reject"`
}

func (c lookupConfig) Validate() error {
	switch {
	case len(c.On) == 0:
		return pipelines.At("on", messages.NothingToDo.With("arguments", "on"))
	case len(c.Columns) == 0:
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	case c.Missing == "reject" && len(c.Default) > 0:
		return pipelines.At("default", messages.NotNatural.With("name", "default", "wanted", "absent when missing is reject"))
	}
	return nil
}

type lookup struct {
	match
	lookupConfig
}

func newLookup(env pipelines.Env, c lookupConfig) (pipelines.Transform, error) {
	f, err := newFeed(env, c.Source)
	if err != nil {
		return nil, err
	}
	return lookup{match{feed: f, env: env, on: pairs(c.On), values: c.Columns}, c}, nil
}

// defaults gives the default of each fetched column that has one.
func (t lookup) defaults(in *arrow.Schema, theirs []arrow.Field) (compute.Projection, error) {
	made, err := compute.Compile(in, t.Default)
	if err != nil {
		return nil, err
	}
	var diags hcl.Diagnostics
	for i, o := range made {
		made[i].Column = -1
		for c, f := range theirs {
			if f.Name == o.Name {
				made[i].Column = c
			}
		}
		switch c := made[i].Column; {
		case c < 0:
			diags = append(diags, pipelines.Diagnose(pipelines.NoColumn(o.Name, t.Columns), o.Range))
		case o.Program.Type().ID() != arrow.NULL && !arrow.TypeEqual(o.Program.Type(), theirs[c].Type):
			diags = append(diags, pipelines.Diagnose(messages.DefaultType.With("column", o.Name,
				"got", pipelines.TypeName(o.Program.Type()), "wanted", pipelines.TypeName(theirs[c].Type)), o.Range))
		}
	}
	if err := compute.Mistakes(diags); err != nil {
		return nil, err
	}
	return made, nil
}

func (t lookup) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, theirs, err := t.bind(in)
	if err != nil {
		return nil, err
	}
	if _, err := t.defaults(in, theirs[len(t.on):]); err != nil {
		return nil, err
	}
	return widened(in, theirs[len(t.on):], t.Prefix)
}

func (t lookup) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	keys, theirs, err := t.bind(in.Schema())
	if err != nil {
		return nil, err
	}
	out, err := t.Bind(in.Schema())
	if err != nil {
		return nil, err
	}
	defaults, err := t.defaults(in.Schema(), theirs[len(t.on):])
	if err != nil {
		return nil, err
	}
	f := fetch{t, defaults, defaults.Evaluator(t.env.Allocator)}
	return probe(t.match, out, in, keys, theirs, f.batch), nil
}

// fetch is one run of a lookup.
type fetch struct {
	lookup
	defaults compute.Projection
	ev       *compute.Evaluator
}

func (f fetch) batch(ctx context.Context, out *arrow.Schema, s *side, b pipelines.Batch, refs []arrowx.Ref) (pipelines.Batch, error) {
	var all, failed reject.Set
	made, err := f.ev.Eval(ctx, b.Record, &all)
	if err != nil {
		b.Release()
		return pipelines.Batch{}, err
	}
	defer compute.Release(made)
	// a default counts only where it is used, and so does its failure
	fallback := make([]arrowx.Ref, len(refs))
	for i, r := range refs {
		fallback[i] = r
		if r.Row >= 0 {
			continue
		}
		fallback[i] = arrowx.Ref{Chunk: int32(len(s.chunks)), Row: int32(i)}
		if f.Missing == "reject" {
			failed.Add(i, f.on[0].here, messages.NoMatch.With("source", f.name))
		} else {
			failed.Copy(&all, i)
		}
	}
	keep := b
	keep.Retain()
	w, err := widen(f.env, out, s, b, func(column int) ([]arrow.Array, []arrowx.Ref) {
		for i, d := range f.defaults {
			if d.Column == column && d.Program.Type().ID() != arrow.NULL {
				return made[i : i+1], fallback
			}
		}
		return nil, refs
	})
	if err != nil {
		keep.Release()
		return pipelines.Batch{}, err
	}
	return failed.Split(f.env.Allocator, keep, w.Record)
}

func (t lookup) Feeds() map[string]pipelines.Source {
	return map[string]pipelines.Source{t.name: t.source}
}

func (t lookup) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	_, theirs, err := t.bind(in)
	if err != nil {
		return nil, err
	}
	defaults, err := t.defaults(in, theirs[len(t.on):])
	if err != nil {
		return nil, err
	}
	all := t.lineage(in, t.Prefix)
	for _, d := range defaults {
		all[t.Prefix+d.Name] = append(all[t.Prefix+d.Name], compute.Origins(d.Program)...)
	}
	return all, nil
}
