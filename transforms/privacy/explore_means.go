package privacy

import (
	"context"
	"maps"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// exploreMeans says what the means of groups of rows lose: there is no model, and no
// quasi-identifier of which risks could be told.
func (t policy) exploreMeans(ctx context.Context, all []*micro, in pipelines.Stream) (*pipelines.Exploration, error) {
	var gatherings []*gathering
	for _, m := range all {
		gatherings = append(gatherings, m.gathering(t.env.Memory/2/int64(len(all))))
	}
	rows := int64(0)
	err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for _, g := range gatherings {
			if err := g.add(b.Record, origin{first: rows}); err != nil {
				return err
			}
		}
		rows += b.NumRows()
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &pipelines.Exploration{Search: "microaggregate", NoLevels: true, Rows: rows,
		Columns: []string{}, Heights: []int{}, Alternatives: []pipelines.Choice{}, Costs: []pipelines.ColumnCost{}}
	for _, g := range gatherings {
		m, err := g.decide()
		if err != nil {
			return nil, err
		}
		out.Means = append(out.Means, g.explored(m))
	}
	return out, nil
}

// explored is what the means of a group of columns come to. The variance that is lost is
// that within the groups, of all that there is (SSE by SST).
func (g *gathering) explored(m *means) pipelines.ExploredMean {
	x := pipelines.ExploredMean{Name: g.Name, K: g.K, Groups: int64(len(m.value))}
	sizes := make([]int64, len(m.value))
	tuples := make([]*tuple, 0, len(g.tuples))
	for _, key := range slices.Sorted(maps.Keys(g.tuples)) {
		t := g.tuples[key]
		if at := m.group[key]; at >= 0 {
			sizes[at] += t.rows
			tuples = append(tuples, t)
		} else {
			x.Emptied += t.rows
		}
	}
	counts := map[int64]int64{}
	for _, n := range sizes {
		counts[n]++
	}
	var listed []disclosure.Size
	for _, n := range slices.Sorted(maps.Keys(counts)) {
		listed = append(listed, disclosure.Size{Rows: n, Classes: counts[n]})
	}
	x.Sizes = classSizes(listed)
	for c, column := range g.Columns {
		share := lost(tuples, c, func(t *tuple) int32 { return m.group[t.key] }, len(sizes))
		x.Columns = append(x.Columns, pipelines.ColumnLoss{Column: column, Share: share})
		x.Loss += share / float64(len(g.Columns))
	}
	return x
}

// lost is the part of the variance of column c that is within the groups; 0 where there is
// none to lose. Values are taken as parts of the greatest, so that no square overflows.
func lost(tuples []*tuple, c int, group func(*tuple) int32, groups int) float64 {
	scale := 0.0
	for _, t := range tuples {
		if t.nulls>>c&1 == 0 {
			scale = max(scale, max(t.near[c], -t.near[c]))
		}
	}
	if scale == 0 {
		return 0
	}
	n, sum := make([]float64, groups+1), make([]float64, groups+1) // the last: of all
	each := func(f func(t *tuple, at int, x float64)) {
		for _, t := range tuples {
			if t.nulls>>c&1 == 0 {
				f(t, int(group(t)), t.near[c]/scale)
				f(t, groups, t.near[c]/scale)
			}
		}
	}
	each(func(t *tuple, at int, x float64) {
		n[at] += float64(t.rows)
		sum[at] += float64(x * float64(t.rows))
	})
	within, all := 0.0, 0.0
	each(func(t *tuple, at int, x float64) {
		d := x - sum[at]/n[at]
		square := float64(float64(d*d) * float64(t.rows))
		if at == groups {
			all += square
		} else {
			within += square
		}
	})
	if all == 0 {
		return 0
	}
	return within / all
}
