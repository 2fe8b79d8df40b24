package tables

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Join adds the columns of another source to the rows whose key is there. The
// key must be unique in the other source, so a row is never doubled; null
// equals nothing. The other source is held in memory, within its bound; the
// order of the rows stays.
var Join = pipelines.DefineTransform("join", "Add the columns of another source to the rows that have the same key.",
	joinConfig{Kind: "inner"}, newJoin)

type joinConfig struct {
	Source  pipelines.SourceRef `hcl:"source" doc:"The other source; each key stands there once at most."`
	On      map[string]string   `hcl:"on" doc:"The key: for each column here, the column of the other source that it must equal."`
	Columns []string            `hcl:"columns,optional" doc:"Columns to take from the other source; all that it declares, but the key, unless given."`
	Prefix  string              `hcl:"prefix,optional" doc:"What to put before the names of those columns."`
	Kind    string              `hcl:"kind,optional" doc:"Which rows to keep: inner, those that are found; left, all, with nulls where nothing is found; anti, those that are not found, without new columns." values:"inner|left|anti"`
}

func (c joinConfig) Validate() error {
	switch {
	case len(c.On) == 0:
		return pipelines.At("on", messages.NothingToDo.With("arguments", "on"))
	case c.Kind == "anti" && len(c.Columns) > 0:
		return pipelines.At("columns", messages.NotNatural.With("name", "columns", "wanted", "absent when kind is anti"))
	}
	return nil
}

type join struct {
	match
	joinConfig
}

func newJoin(env pipelines.Env, c joinConfig) (pipelines.Transform, error) {
	f, err := newFeed(env, c.Source)
	if err != nil {
		return nil, err
	}
	m := match{feed: f, env: env, on: pairs(c.On), values: c.Columns}
	if len(m.values) == 0 && c.Kind != "anti" {
		for _, name := range pipelines.Columns(f.declared()) {
			if !slices.Contains(m.there(), name) {
				m.values = append(m.values, name)
			}
		}
	}
	return join{m, c}, nil
}

// pairs are the columns of a key, ordered by their names here.
func pairs(on map[string]string) []pair {
	var ps []pair
	for _, here := range slices.Sorted(maps.Keys(on)) {
		ps = append(ps, pair{here, on[here]})
	}
	return ps
}

func (t join) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, theirs, err := t.bind(in)
	if err != nil {
		return nil, err
	}
	return widened(in, theirs[len(t.on):], t.Prefix)
}

// widened is in with more columns, their names prefixed.
func widened(in *arrow.Schema, more []arrow.Field, prefix string) (*arrow.Schema, error) {
	fields := slices.Clone(in.Fields())
	for _, f := range more {
		name := prefix + f.Name
		for _, other := range fields {
			if other.Name == name {
				return nil, messages.DuplicateColumn.With("column", name)
			}
		}
		fields = append(fields, arrow.Field{Name: name, Type: f.Type, Nullable: true})
	}
	return arrow.NewSchema(fields, nil), nil
}

func (t join) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	keys, theirs, err := t.bind(in.Schema())
	if err != nil {
		return nil, err
	}
	out, err := t.Bind(in.Schema())
	if err != nil {
		return nil, err
	}
	return probe(t.match, out, in, keys, theirs, t.joined), nil
}

// joined is the batch with the rows that refs found, or did not.
func (t join) joined(_ context.Context, out *arrow.Schema, s *side, b pipelines.Batch, refs []arrowx.Ref) (pipelines.Batch, error) {
	if t.Kind != "left" {
		keep := make([]int32, 0, len(refs))
		found := make([]arrowx.Ref, 0, len(refs))
		for i, r := range refs {
			if (r.Row >= 0) == (t.Kind == "inner") {
				keep = append(keep, int32(i))
				found = append(found, r)
			}
		}
		var err error
		if b, err = reject.Keep(t.env.Allocator, b, keep); err != nil {
			return pipelines.Batch{}, err
		}
		refs = found
	}
	return widen(t.env, out, s, b, func(int) ([]arrow.Array, []arrowx.Ref) { return nil, refs })
}

// widen adds the values that refs point to. more gives, for a value column,
// chunks to add to those of s and the refs into all of them.
func widen(env pipelines.Env, out *arrow.Schema, s *side, b pipelines.Batch, more func(column int) ([]arrow.Array, []arrowx.Ref)) (pipelines.Batch, error) {
	cols := slices.Clone(b.Columns())
	own := len(cols)
	defer func() {
		for _, c := range cols[own:] {
			c.Release()
		}
	}()
	for i := own; i < out.NumFields(); i++ {
		chunks, refs := more(i - own)
		col, err := arrowx.Gather(env.Allocator, out.Field(i).Type, append(s.column(i-own), chunks...), refs)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		cols = append(cols, col)
	}
	return b.With(array.NewRecord(out, cols, b.NumRows())), nil
}

// probe is in with each batch made by use; the other table is read at the first Next.
func probe(m match, out *arrow.Schema, in pipelines.Stream, keys []int, theirs []arrow.Field,
	use func(context.Context, *arrow.Schema, *side, pipelines.Batch, []arrowx.Ref) (pipelines.Batch, error)) pipelines.Stream {
	var s *side
	var k arrowx.Keys
	return pipelines.NewStream(out,
		func(ctx context.Context) (pipelines.Batch, error) {
			if s == nil {
				loaded, err := m.load(ctx, theirs)
				if err != nil {
					return pipelines.Batch{}, err
				}
				s = loaded
				if rejects := s.rejects; len(rejects) > 0 {
					return pipelines.Batch{Record: arrowx.Empty(m.env.Allocator, out), Rejects: rejects}, nil
				}
			}
			b, err := in.Next(ctx)
			if err != nil {
				return pipelines.Batch{}, err
			}
			k.Reset(b.Record, keys, nil)
			return use(ctx, out, s, b, s.find(&k))
		},
		func() error {
			if s != nil {
				s.release()
			}
			return in.Close()
		})
}

func (t join) Feeds() map[string]pipelines.Source {
	return map[string]pipelines.Source{t.name: t.source}
}

func (t join) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return t.lineage(in, t.Prefix), nil
}

// lineage of a match: the input's columns are themselves. What is fetched derives
// from its column and, since the key chooses it, from the key on both sides.
func (m match) lineage(in *arrow.Schema, prefix string) map[string][]pipelines.Origin {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	for _, v := range m.values {
		from := []pipelines.Origin{{Feed: m.name, Column: v}}
		for _, p := range m.on {
			from = append(from, pipelines.Origin{Column: p.here, Chooses: true}, pipelines.Origin{Feed: m.name, Column: p.there, Chooses: true})
		}
		all[prefix+v] = from
	}
	return all
}
