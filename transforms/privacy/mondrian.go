package privacy

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// local says whether each group of rows has ranges of its own.
func (t policy) local() bool { return t.Model != nil && t.Model.Search == "mondrian" }

// localMistake refuses what does not go with ranges of each group's own.
func (c policyConfig) localMistake() error {
	m := c.Model
	if m == nil || m.Search != "mondrian" {
		return nil
	}
	apart := func(second string) error {
		return pipelines.At("model", messages.ModelsApart.With("first", `search = "mondrian"`, "second", second))
	}
	switch {
	case m.NullMatch == "wildcard":
		return apart(`null_match = "wildcard"`)
	case m.MaxAverageRisk > 0:
		return apart("max_average_risk")
	case m.KMap > 0:
		return apart("k_map")
	case m.Metric != "":
		return apart("metric")
	case m.SuppressionLimit > 0:
		return apart("suppression_limit")
	case policy{policyConfig: c}.tied():
		return apart("a subject that leaves")
	case slices.ContainsFunc(c.Quasi, func(q quasiConfig) bool { return q.MaxLevel > 0 }):
		return apart("max_level")
	}
	return nil
}

// Warnings says what portals make of ranges that overlap, what one sensitive column tells of
// another, and that means are of rows, whoever they are of.
func (t policy) Warnings() (all []*messages.Error) {
	if t.local() {
		all = append(all, messages.RangesOverlap.With())
	}
	if names := t.apart(); len(names) > 0 {
		all = append(all, messages.SensitiveApart.With("columns", strings.Join(names, ", ")))
	}
	if names := t.rowsCounted(); len(names) > 0 {
		all = append(all, messages.MeansOfRows.With("groups", strings.Join(names, ", ")))
	}
	return all
}

// apart are the sensitive columns that the model judges each alone, where there are several.
func (t policy) apart() (names []string) {
	if len(t.Sensitive) < 2 || t.jointly() {
		return nil
	}
	for _, s := range t.Sensitive {
		names = append(names, s.Column)
	}
	return names
}

// grouped is what Mondrian decided.
func (c *counting) grouped(ctx context.Context, p disclosure.Problem) (*verdict, error) {
	g, err := disclosure.Mondrian(ctx, p, c.groups)
	if err != nil {
		return nil, err
	}
	v := &verdict{types: c.r.types, total: p.Classes.Rows, kept: p.Classes.Rows, classes: int64(g.Len()), groups: g.Cuts, risks: g.Risks(int64(c.t.Model.K))}
	for j, l := range p.Quasi {
		r := coded(p.Classes.Quasi[j])
		ranges, of := g.Ranges(j)
		ranks := r.publish(len(ranges), func(i int) (string, bool) {
			label, null := rangeLabel(ranges[i], l, c.r.types[j])
			return label, !null
		})
		for group, i := range of {
			of[group] = ranks[i]
		}
		r.ranks = of
		v.columns, v.names = append(v.columns, r), append(v.names, groupedName)
		v.levels = append(v.levels, 0)
	}
	return v, nil
}

// rangeLabel is what stands for the values of a group, and whether that is null. Codes in
// figures are no numbers.
func rangeLabel(r disclosure.Range, l *disclosure.Levels, t arrow.DataType) (string, bool) {
	switch {
	case r.Numbers && t.ID() != arrow.STRING:
		from, _ := l.Label(0, r.From)
		to, _ := l.Label(0, r.To)
		return "[" + from + ", " + to + "]", false
	case r.Level < 0:
		return disclosure.Star, false
	}
	label, ok := l.Label(int(r.Level), r.Code)
	return label, !ok
}

// all gives all rows of rec, whose groups it looks up.
func (e *recoding) all(rec arrow.Record) []int32 {
	n := int(rec.NumRows())
	e.groups = slices.Grow(e.groups[:0], n)[:n]
	e.v.groups.Of(e.codes, e.groups)
	for i := range n {
		e.rows = append(e.rows, int32(i))
	}
	return e.rows
}
