package privacy

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.Sparing = policy{}

// Spare gives the columns of which something leaves and those that tell what, and masks where
// the row alone tells that.
func (t policy) Spare(in *arrow.Schema) ([]int, pipelines.Kernel, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, nil, err
	}
	needed, asked := map[int]bool{}, map[int]bool{} // asked: for more than what leaves of them
	ask := func(column string) error {
		i, err := pipelines.ColumnIndex(in, column)
		if err == nil {
			asked[i] = true
		}
		return err
	}
	for _, c := range p.columns {
		if c.rule.constant() {
			continue
		}
		needed[c.index] = true
		if c.rule == nil || c.rule.clear == nil {
			continue
		}
		for _, column := range c.rule.clear.Columns() {
			if column == c.name { // of which otherwise stands there, whatever is said of that
				continue
			}
			if err := ask(column); err != nil {
				return nil, nil, err
			}
		}
	}
	if p.clears != nil {
		for _, r := range p.clears.rules {
			asked[r.subjects] = true
			if r.share >= 0 {
				asked[r.share] = true
			}
		}
	}
	if p.records != nil && p.records.tied {
		asked[p.records.subject] = true
	}
	if t.Opposition != nil {
		if err := ask(t.Opposition.Key); err != nil {
			return nil, nil, err
		}
	}
	var first []int // leaving columns that are masked before
	for n, c := range p.columns {
		if c.rule.masks() && c.rule.partial == nil && !asked[c.index] {
			first = append(first, n)
		}
	}
	maps.Copy(needed, asked)
	return slices.Sorted(maps.Keys(needed)), p.first(t, first), nil
}

// first masks some leaving columns where they stand. Masked once more they are the same.
func (p *plan) first(t policy, columns []int) pipelines.Kernel {
	if len(columns) == 0 {
		return nil
	}
	m := p.masking(t.env.Allocator)
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		cols := slices.Clone(b.Columns())
		for _, n := range columns {
			at := p.columns[n].index
			b.Column(at).Retain()
			col, err := m.leaves(ctx, n, b.Record, nil, b.Column(at))
			if err != nil {
				b.Release()
				return pipelines.Batch{}, err
			}
			defer col.Release()
			cols[at] = col
		}
		return b.With(array.NewRecord(b.Schema(), cols, b.NumRows())), nil
	}
}
