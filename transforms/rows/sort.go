package rows

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

// Sort orders the rows: text by its bytes, nulls last whatever the direction,
// equal rows in the order they came. Any number of rows are sorted within the
// memory of one barrier.
var Sort = pipelines.DefineTransform("sort", "Order the rows by the values of columns.", sortConfig{}, newSort)

type sortConfig struct {
	By         []string `hcl:"by" doc:"Columns to order by, the most important first."`
	Descending []string `hcl:"descending,optional" doc:"Those of them that go from the largest to the smallest; nulls still come last."`
}

func (c sortConfig) Validate() error {
	if len(c.By) == 0 {
		return pipelines.At("by", messages.NothingToDo.With("arguments", "by"))
	}
	if err := noneTwice("by", c.By); err != nil {
		return err
	}
	for _, name := range c.Descending {
		if !slices.Contains(c.By, name) {
			return pipelines.At("descending", messages.NotNatural.With("name", "descending", "wanted", "a part of by; "+name+" is not in it"))
		}
	}
	return nil
}

func noneTwice(argument string, names []string) error {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return pipelines.At(argument, messages.Twice.With("name", argument, "column", name))
		}
	}
	return nil
}

type sorting struct {
	env pipelines.Env
	sortConfig
}

func newSort(env pipelines.Env, c sortConfig) (pipelines.Transform, error) {
	return sorting{env, c}, nil
}

func (t sorting) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	if _, err := keyColumns(in, t.By); err != nil {
		return nil, err
	}
	return in, nil
}

// keyColumns are the indices of columns by which rows are told apart.
func keyColumns(in *arrow.Schema, names []string) ([]int, error) {
	var is []int
	for _, name := range names {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		if t := in.Field(i).Type; !arrowx.Keyed(t) {
			return nil, messages.ListColumn.With("column", name, "got", pipelines.TypeName(t), "what", "compared")
		}
		is = append(is, i)
	}
	return is, nil
}

func (t sorting) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	columns, err := keyColumns(in.Schema(), t.By)
	if err != nil {
		return nil, err
	}
	order := extsort.Order{Columns: columns, Descending: make([]bool, len(columns))}
	for i, name := range t.By {
		order.Descending[i] = slices.Contains(t.Descending, name)
	}
	return extsort.Sort(t.env, in, order), nil
}

func (t sorting) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}
