package privacy

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// exploreMeans says what the means of groups of rows lose: there is no model, and no
// quasi-identifier of which risks could be told.
func (t policy) exploreMeans(ctx context.Context, all []*micro, in pipelines.Stream) (out *pipelines.Exploration, err error) {
	var groupers []grouper
	for _, m := range all {
		m.explored = true
		g := m.grouper(t, t.env.Memory/2/int64(len(all)))
		defer func() { err = cmp.Or(err, g.close()) }()
		groupers = append(groupers, g)
	}
	rows := int64(0)
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for _, g := range groupers {
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
	out = &pipelines.Exploration{Search: "microaggregate", NoLevels: true, Rows: rows,
		Columns: []string{}, Heights: []int{}, LevelNames: [][]string{}, Alternatives: []pipelines.Choice{}, Costs: []pipelines.ColumnCost{}}
	for i, g := range groupers {
		m, err := g.decide(ctx)
		if err != nil {
			return nil, err
		}
		out.Means = append(out.Means, m.lost.told(all[i]))
	}
	return out, nil
}

// lost is what the means of a group of columns come to. None is asked for where it is nil.
type lost struct {
	sizes   map[int64]int64 // how many groups have so many rows
	nothing int64           // rows that leave with nothing
	columns []variance
}

// variance is how a column varies within the groups so far and between their means, in parts of
// the square of scale, so that no square overflows.
type variance struct{ scale, rows, mean, within, between float64 }

// scaled says what the values are, by column, before any of them is added.
func (l *lost) scaled(near [][]float64) {
	if l == nil {
		return
	}
	for c, column := range near {
		for _, x := range column {
			l.columns[c].scale = max(l.columns[c].scale, x, -x)
		}
	}
}

// add takes the values of a group in column c into account.
func (l *lost) add(c int, members []weighed) {
	if l == nil {
		return
	}
	s := &l.columns[c]
	scale := s.scale
	if scale == 0 {
		scale = 1 // they are integers, or all are 0
	}
	rows, mean := 0.0, 0.0
	for _, t := range members {
		rows += float64(t.rows)
		mean += float64(t.near / scale * float64(t.rows))
	}
	mean /= rows
	for _, t := range members {
		d := t.near/scale - mean
		s.within += float64(float64(d*d) * float64(t.rows))
	}
	d, all := mean-s.mean, s.rows+rows
	s.between += float64(float64(d*d) * float64(s.rows*rows) / all)
	s.mean += float64(d * rows / all)
	s.rows = all
}

// told gives the variance that is lost, that within the groups, as a part of all that there
// is (SSE by SST).
func (l *lost) told(m *micro) pipelines.ExploredMean {
	x := pipelines.ExploredMean{Name: m.Name, K: m.K, Persons: m.subject >= 0, Emptied: l.nothing}
	var listed []disclosure.Size
	for _, n := range slices.Sorted(maps.Keys(l.sizes)) {
		x.Groups += l.sizes[n]
		listed = append(listed, disclosure.Size{Rows: n, Classes: l.sizes[n]})
	}
	x.Sizes = classSizes(listed)
	for c, column := range m.Columns {
		share := 0.0
		if s := l.columns[c]; s.within > 0 {
			share = s.within / (s.within + s.between)
		}
		x.Columns = append(x.Columns, pipelines.ColumnLoss{Column: column, Share: share})
		x.Loss += share / float64(len(m.Columns))
	}
	return x
}
