package tables

import (
	"context"
	"io"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Union adds the rows of other sources after those of the input, in the order
// of the list. Columns are matched by name, and must have the same type.
var Union = pipelines.DefineTransform("union", "Add the rows of other sources, matching columns by name.",
	unionConfig{Missing: "fail", Extra: "fail"}, newUnion)

type unionConfig struct {
	Sources []pipelines.SourceRef `hcl:"sources" doc:"The sources whose rows to add, in this order."`
	Missing string                `hcl:"missing,optional" doc:"What to do when one of them declares no column of a name: fail, or fill it with null." values:"fail|null"`
	Extra   string                `hcl:"extra,optional" doc:"What to do when one of them declares a column that the rows here do not have: fail, or drop it." values:"fail|drop"`
}

func (c unionConfig) Validate() error {
	if len(c.Sources) == 0 {
		return pipelines.At("sources", messages.NothingToDo.With("arguments", "sources"))
	}
	return nil
}

type union struct {
	unionConfig
	env   pipelines.Env
	feeds []feed
}

func newUnion(env pipelines.Env, c unionConfig) (pipelines.Transform, error) {
	t := union{unionConfig: c, env: env}
	for _, ref := range c.Sources {
		f, err := newFeed(env, ref)
		if err != nil {
			return nil, err
		}
		t.feeds = append(t.feeds, f)
	}
	return t, nil
}

func (t union) Streaming() bool { return true }

func (t union) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	for _, f := range t.feeds {
		if _, err := t.common(f, in); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// common gives the columns of in that f declares too.
func (t union) common(f feed, in *arrow.Schema) ([]arrow.Field, error) {
	declared := f.declared()
	if t.Extra == "fail" {
		for _, there := range declared.Fields() {
			if !in.HasField(there.Name) {
				return nil, messages.UnionColumns.With("source", f.name, "column", there.Name)
			}
		}
	}
	var fields []arrow.Field
	for _, here := range in.Fields() {
		is := declared.FieldIndices(here.Name)
		switch {
		case len(is) != 1 && t.Missing == "fail":
			return nil, messages.NotDeclaredThere.With("source", f.name, "column", here.Name,
				"columns", strings.Join(pipelines.Columns(declared), ", "))
		case len(is) != 1:
		case !arrow.TypeEqual(here.Type, declared.Field(is[0]).Type):
			return nil, messages.UnionTypes.With("source", f.name, "column", here.Name,
				"got", pipelines.TypeName(here.Type), "wanted", pipelines.TypeName(declared.Field(is[0]).Type))
		default:
			fields = append(fields, here)
		}
	}
	return fields, nil
}

func (t union) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	if _, err := t.Bind(in.Schema()); err != nil {
		return nil, err
	}
	u := &adding{union: t, in: in, left: t.feeds}
	return pipelines.NewStream(in.Schema(), u.next, u.close), nil
}

// adding gives the input, then the feeds one by one.
type adding struct {
	union
	in    pipelines.Stream
	ended bool
	left  []feed

	current pipelines.Stream
	columns []int // of the current feed, by output column; -1 is null
}

func (u *adding) next(ctx context.Context) (pipelines.Batch, error) {
	if !u.ended {
		b, err := u.in.Next(ctx)
		if err != io.EOF {
			return b, err
		}
		u.ended = true
	}
	for {
		if u.current == nil {
			if len(u.left) == 0 {
				return pipelines.Batch{}, io.EOF
			}
			if err := u.open(ctx, u.left[0]); err != nil {
				return pipelines.Batch{}, err
			}
			u.left = u.left[1:]
		}
		b, err := u.current.Next(ctx)
		if err == nil {
			return u.arrange(b)
		}
		if err != io.EOF {
			return pipelines.Batch{}, err
		}
		if err := u.closeCurrent(); err != nil {
			return pipelines.Batch{}, err
		}
	}
}

func (u *adding) open(ctx context.Context, f feed) error {
	fields, err := u.common(f, u.in.Schema())
	if err != nil {
		return err
	}
	s, is, err := f.open(ctx, fields)
	if err != nil {
		return err
	}
	u.current, u.columns = s, make([]int, u.in.Schema().NumFields())
	for i := range u.columns {
		u.columns[i] = -1
	}
	for i, field := range fields {
		u.columns[u.in.Schema().FieldIndices(field.Name)[0]] = is[i]
	}
	return nil
}

// arrange gives a feed's batch the columns of the input.
func (u *adding) arrange(b pipelines.Batch) (pipelines.Batch, error) {
	cols := make([]arrow.Array, len(u.columns))
	nothing := make([]arrowx.Ref, b.NumRows())
	for i := range nothing {
		nothing[i].Row = -1
	}
	for i, c := range u.columns {
		if c >= 0 {
			cols[i] = b.Column(c)
			continue
		}
		empty, err := arrowx.Gather(u.env.Allocator, u.in.Schema().Field(i).Type, nil, nothing)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		defer empty.Release()
		cols[i] = empty
	}
	return b.With(array.NewRecord(u.in.Schema(), cols, b.NumRows())), nil
}

func (u *adding) closeCurrent() error {
	if u.current == nil {
		return nil
	}
	err := u.current.Close()
	u.current = nil
	return err
}

func (u *adding) close() error {
	err := u.closeCurrent()
	if e := u.in.Close(); err == nil {
		err = e
	}
	return err
}

func (t union) Feeds() map[string]pipelines.Source {
	all := map[string]pipelines.Source{}
	for _, f := range t.feeds {
		all[f.name] = f.source
	}
	return all
}

func (t union) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	for _, f := range t.feeds {
		fields, err := t.common(f, in)
		if err != nil {
			return nil, err
		}
		for _, c := range fields {
			all[c.Name] = append(all[c.Name], pipelines.Origin{Feed: f.name, Column: c.Name})
		}
	}
	return all, nil
}
