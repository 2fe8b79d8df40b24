package privacy

import (
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.Sparing = policy{}

// Emitted is the columns of which something leaves, and those that tell whether.
func (t policy) Emitted(in *arrow.Schema) ([]int, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	needed := map[int]bool{}
	name := func(column string) error {
		i, err := pipelines.ColumnIndex(in, column)
		if err == nil {
			needed[i] = true
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
			if err := name(column); err != nil {
				return nil, err
			}
		}
	}
	if p.clears != nil {
		for _, r := range p.clears.rules {
			needed[r.subjects] = true
			if r.share >= 0 {
				needed[r.share] = true
			}
		}
	}
	if p.records != nil && p.records.tied {
		needed[p.records.subject] = true
	}
	if t.Opposition != nil {
		if err := name(t.Opposition.Key); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(needed)), nil
}
