package tables

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// feed is a source that a transform reads besides its input.
type feed struct {
	name   string
	source pipelines.Source
}

func newFeed(env pipelines.Env, ref pipelines.SourceRef) (feed, error) {
	s, err := pipelines.As[pipelines.Source](ref.Built, env)
	return feed{"source." + ref.Component.Name + "." + ref.Label, s}, err
}

// declared is the schema the source's block declares; without one it is empty.
func (f feed) declared() *arrow.Schema {
	if d, ok := f.source.(pipelines.Declarer); ok {
		if s, _ := d.Declared(); s != nil {
			return s
		}
	}
	return arrow.NewSchema(nil, nil)
}

// fields are the declarations of the named columns.
func (f feed) fields(names []string) ([]arrow.Field, error) {
	s := f.declared()
	out := make([]arrow.Field, len(names))
	for i, name := range names {
		is := s.FieldIndices(name)
		if len(is) != 1 {
			return nil, messages.NotDeclaredThere.With("source", f.name, "column", name, "columns", strings.Join(pipelines.Columns(s), ", "))
		}
		out[i] = s.Field(is[0])
	}
	return out, nil
}

// open opens the source and finds the fields in what it really gives.
func (f feed) open(ctx context.Context, fields []arrow.Field) (pipelines.Stream, []int, error) {
	s, err := f.source.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	is := make([]int, len(fields))
	for i, want := range fields {
		if is[i], err = pipelines.ColumnIndex(s.Schema(), want.Name); err == nil {
			if got := s.Schema().Field(is[i]).Type; !arrow.TypeEqual(got, want.Type) {
				err = messages.FeedChanged.With("source", f.name, "column", want.Name,
					"got", pipelines.TypeName(got), "wanted", pipelines.TypeName(want.Type))
			}
		}
		if err != nil {
			s.Close()
			return nil, nil, err
		}
	}
	return s, is, nil
}
