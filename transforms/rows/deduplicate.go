package rows

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Deduplicate keeps the first of the rows that have the same key, in the order
// they came. Null is a value like another. Any number of keys are told apart
// within the memory of one barrier.
var Deduplicate = pipelines.DefineTransform("deduplicate", "Keep the first of the rows that have the same key.",
	deduplicateConfig{Duplicates: "drop"}, newDeduplicate)

type deduplicateConfig struct {
	By         []string `hcl:"by,optional" doc:"Columns that make the key; all of them unless given."`
	Duplicates string   `hcl:"duplicates,optional" doc:"What to do when a key comes again: drop the row, or fail, for what should be unique." values:"drop|fail"`
}

func (c deduplicateConfig) Validate() error { return noneTwice("by", c.By) }

type deduplicate struct {
	env pipelines.Env
	deduplicateConfig
}

func newDeduplicate(env pipelines.Env, c deduplicateConfig) (pipelines.Transform, error) {
	return deduplicate{env, c}, nil
}

func (t deduplicate) key(in *arrow.Schema) ([]int, error) {
	if len(t.By) == 0 {
		return keyColumns(in, pipelines.Columns(in))
	}
	return keyColumns(in, t.By)
}

func (t deduplicate) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	if _, err := t.key(in); err != nil {
		return nil, err
	}
	return in, nil
}

func (t deduplicate) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	columns, err := t.key(in.Schema())
	if err != nil {
		return nil, err
	}
	d := &distinct{deduplicate: t, in: in, columns: columns, seen: map[string]struct{}{}}
	return pipelines.NewStream(in.Schema(), d.next, d.close), nil
}

func (t deduplicate) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}

// distinct gives first rows as they come while the keys fit in memory. From
// then on a row whose key is not known is put aside with its number; at the end
// those are sorted by key and number, the first of each key taken, and put back
// in order.
type distinct struct {
	deduplicate
	in      pipelines.Stream
	columns []int
	seen    map[string]struct{}
	held    int64
	keys    arrowx.Keys
	aside   *extsort.Sorter
	number  int64
	rest    pipelines.Stream
	sorters []*extsort.Sorter
}

func (d *distinct) next(ctx context.Context) (pipelines.Batch, error) {
	if d.rest != nil {
		return d.rest.Next(ctx)
	}
	b, err := d.in.Next(ctx)
	if err == io.EOF && d.aside != nil {
		if d.rest, err = d.late(ctx); err == nil {
			return d.rest.Next(ctx)
		}
	}
	if err != nil {
		return pipelines.Batch{}, err
	}
	first, later := d.look(b)
	if d.Duplicates == "fail" && int64(len(first)+len(later)) < b.NumRows() {
		b.Release()
		return pipelines.Batch{}, d.notDistinct()
	}
	if len(later) > 0 {
		if err := d.putAside(ctx, b.Record, later); err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
	}
	return reject.Keep(d.env.Allocator, b, first)
}

func (d *distinct) notDistinct() error {
	by := d.By
	if len(by) == 0 {
		by = pipelines.Columns(d.in.Schema())
	}
	return messages.NotAllDistinct.With("columns", strings.Join(by, ", "))
}

// look gives the rows of b that are the first of their key, and those that must wait.
func (d *distinct) look(b pipelines.Batch) (first, later []int32) {
	d.keys.Reset(b.Record, d.columns, nil)
	for i := range d.keys.Len() {
		key := d.keys.At(i)
		if _, twice := d.seen[string(key)]; twice {
			continue
		}
		if d.aside != nil || d.held > d.env.Memory/4 {
			later = append(later, int32(i))
			continue
		}
		d.seen[string(key)] = struct{}{}
		d.held += int64(len(key)) + mapEntry
		first = append(first, int32(i))
	}
	return first, later
}

// mapEntry is about what a map takes for an entry besides its bytes.
const mapEntry = 48

func (d *distinct) putAside(ctx context.Context, r arrow.Record, rows []int32) error {
	schema := numbered(r.Schema())
	if d.aside == nil {
		order := append(slices.Clone(d.columns), schema.NumFields()-1)
		d.aside = d.sorter(schema, order)
	}
	part, err := arrowx.TakeRecord(d.env.Allocator, r, rows)
	if err != nil {
		return err
	}
	defer part.Release()
	b := array.NewInt64Builder(d.env.Allocator)
	defer b.Release()
	for range rows {
		b.Append(d.number)
		d.number++
	}
	numbers := b.NewArray()
	defer numbers.Release()
	rec := array.NewRecord(schema, append(slices.Clone(part.Columns()), numbers), part.NumRows())
	defer rec.Release()
	return d.aside.Add(ctx, rec)
}

func (d *distinct) sorter(schema *arrow.Schema, columns []int) *extsort.Sorter {
	env := d.env
	env.Memory /= 4 // the keys seen and two sorters share the bound
	s := extsort.New(env, schema, extsort.Order{Columns: columns})
	d.sorters = append(d.sorters, s)
	return s
}

// numbered is a schema with a column for the row's number after the others. Its
// name is none that a column can have, so it hides nobody's.
func numbered(s *arrow.Schema) *arrow.Schema {
	return arrow.NewSchema(append(slices.Clone(s.Fields()), arrow.Field{Type: arrow.PrimitiveTypes.Int64, Nullable: true}), nil)
}

// late gives, in the order they came, the first rows of the keys put aside.
func (d *distinct) late(ctx context.Context) (pipelines.Stream, error) {
	d.seen = nil
	byKey, err := d.aside.Sorted(ctx)
	if err != nil {
		return nil, err
	}
	defer byKey.Close()
	byNumber := d.sorter(byKey.Schema(), []int{byKey.Schema().NumFields() - 1})
	var last []byte
	err = pipelines.Each(ctx, byKey, func(b pipelines.Batch) error {
		defer b.Release()
		d.keys.Reset(b.Record, d.columns, nil)
		var first []int32
		for i := range d.keys.Len() {
			if key := d.keys.At(i); last == nil || string(key) != string(last) {
				first = append(first, int32(i))
				last = append(last[:0], key...)
			} else if d.Duplicates == "fail" {
				return d.notDistinct()
			}
		}
		r, err := arrowx.TakeRecord(d.env.Allocator, b.Record, first)
		if err != nil {
			return err
		}
		defer r.Release()
		return byNumber.Add(ctx, r)
	})
	if err != nil {
		return nil, err
	}
	ordered, err := byNumber.Sorted(ctx)
	if err != nil {
		return nil, err
	}
	return pipelines.NewStream(d.in.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		b, err := ordered.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		n := len(b.Columns()) - 1
		return b.With(array.NewRecord(d.in.Schema(), b.Columns()[:n:n], b.NumRows())), nil
	}, ordered.Close), nil
}

func (d *distinct) close() error {
	var err error
	if d.rest != nil {
		err = d.rest.Close()
	}
	for _, s := range d.sorters {
		if e := s.Close(); err == nil {
			err = e
		}
	}
	if e := d.in.Close(); err == nil {
		err = e
	}
	d.seen = nil
	return err
}
