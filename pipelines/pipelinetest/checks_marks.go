package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/pipelines"
)

func checkLineageNames(tc *transformCase) error {
	return tc.try(whole(), tc.input, func(_ *world, in *input, t pipelines.Transform) error {
		l, ok := t.(pipelines.Lineage)
		if !ok {
			return nil
		}
		lineage, err := l.Lineage(in.schema)
		if err != nil {
			return err
		}
		out, err := t.Bind(in.schema)
		if err != nil {
			return err
		}
		feeds, err := feedsOf(t)
		if err != nil {
			return err
		}
		var errs []error
		for name, origins := range lineage {
			if !out.HasField(name) {
				errs = append(errs, fmt.Errorf("lineage is given for %q, which is no output", name))
			}
			for _, o := range origins {
				schema, ok := feeds[o.Feed]
				if o.Feed == "" {
					schema, ok = in.schema, true
				}
				if !ok || !schema.HasField(o.Column) {
					errs = append(errs, fmt.Errorf("%q derives from %q of feed %q, which does not exist", name, o.Column, o.Feed))
				}
			}
		}
		return errors.Join(errs...)
	})
}

func feedsOf(t pipelines.Transform) (map[string]*arrow.Schema, error) {
	f, ok := t.(pipelines.Feeder)
	if !ok {
		return nil, nil
	}
	schemas := map[string]*arrow.Schema{}
	for name, src := range f.Feeds() {
		s, err := src.Open(context.Background())
		if err != nil {
			return nil, err
		}
		schemas[name] = s.Schema()
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
	return schemas, nil
}

// checkMarks marks one column of the input or of a feed at a time and changes
// its values: no output may change that the engine would not mark. It makes
// changes that keep order, equality and nulls, for these touch nothing but what
// derives from the values; and, where places tell which row is which, any others.
func checkMarks(tc *transformCase) error {
	if len(tc.input.Rows) == 0 {
		return nil
	}
	base, err := tc.plain()
	if err != nil {
		return nil // checkCuts has it
	}
	marksOf, feeds, err := tc.marks()
	if err != nil {
		return err
	}
	var errs []error
	for c, f := range tc.input.Schema.Fields() {
		marked, err := marksOf("", f.Name)
		if err != nil {
			return err
		}
		for _, p := range perturbations {
			changed := tc.input.replaced(c, f, func(row int, old any) any { return p.value(tc.input, c, row, old) })
			other := *tc
			other.input = changed
			errs = append(errs, named("input column "+f.Name+", "+p.name, other.unmarked(base, marked, p.needsPlaces)))
		}
	}
	for feed, label := range feeds {
		for c, f := range tc.tables[label].Schema.Fields() {
			marked, err := marksOf(feed, f.Name)
			if err != nil {
				return err
			}
			table := tc.tables[label]
			other := *tc
			other.tables = map[string]Table{}
			for k, v := range tc.tables {
				other.tables[k] = v
			}
			other.tables[label] = table.replaced(c, f, func(_ int, old any) any { return shifted(old) })
			errs = append(errs, named("feed "+feed+", column "+f.Name, other.unmarked(base, marked, false)))
		}
	}
	return errors.Join(errs...)
}

// marks gives the outputs the engine marks when one column is, and the feeds
// that are tables of the example.
func (tc *transformCase) marks() (of func(feed, column string) ([]string, error), feeds map[string]string, err error) {
	var t pipelines.Transform
	w := newWorld()
	t, err = tc.build(w.Env, tc.tables)
	if err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	schemas, err := feedsOf(t)
	if err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	feeds = map[string]string{}
	if f, ok := t.(pipelines.Feeder); ok {
		for name, src := range f.Feeds() {
			if table, ok := src.(*tableSource); ok {
				feeds[name] = table.name
			}
		}
	}
	out, err := t.Bind(tc.input.Schema)
	if err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	of = func(feed, column string) ([]string, error) {
		in := markOne(tc.input.Schema, feed == "", column)
		others := map[string][]pipelines.MarkedColumn{}
		for name, s := range schemas {
			others[name] = markOne(s, feed == name, column)
		}
		cols, err := pipelines.Marks(t, in, others, tc.input.Schema, out)
		var names []string
		for _, c := range cols {
			if c.Personal {
				names = append(names, c.Name)
			}
		}
		if _, tells := t.(pipelines.Lineage); !tells && len(names) != out.NumFields() {
			err = errors.Join(err, errors.New("it does not tell its lineage, and not every output is marked"))
		}
		return names, err
	}
	return of, feeds, w.close()
}

func markOne(s *arrow.Schema, here bool, column string) []pipelines.MarkedColumn {
	cols := make([]pipelines.MarkedColumn, s.NumFields())
	for i, f := range s.Fields() {
		cols[i] = pipelines.MarkedColumn{Name: f.Name, Personal: here && f.Name == column, Because: "the test says so"}
	}
	return cols
}

// unmarked looks for outputs that differ from base and are not marked.
func (tc *transformCase) unmarked(base outcome, marked []string, needsPlaces bool) error {
	o, err := tc.plain()
	if err != nil {
		return nil // no row came out; what stops a run is no value
	}
	var errs []error
	for c, f := range base.table.Schema.Fields() {
		if slices.Contains(marked, f.Name) || !o.table.Schema.HasField(f.Name) {
			continue
		}
		if line, differs := columnDiffers(base, o, c, needsPlaces); differs {
			errs = append(errs, fmt.Errorf("output %q changed (%s) and is not marked", f.Name, line))
		}
	}
	return errors.Join(errs...)
}

// columnDiffers compares a column of two outcomes: by place where both have
// them, else as a whole if the number of rows is the same. Which rows are kept
// is not part of it.
func columnDiffers(a, b outcome, c int, needsPlaces bool) (string, bool) {
	dt := a.table.Schema.Field(c).Type
	if placed(a) && placed(b) {
		x, y := byLine(a, c), byLine(b, c)
		for _, p := range a.places {
			if l := p.Line; len(x[l]) == len(y[l]) && !slices.Equal(x[l], y[l]) {
				return fmt.Sprintf("the row of line %d", l), true
			}
		}
		return "", false
	}
	if needsPlaces || len(a.table.Rows) != len(b.table.Rows) {
		return "", false
	}
	values := func(t Table) (vs []string) {
		for _, row := range t.Rows {
			vs = append(vs, exactText(row[c], dt))
		}
		slices.Sort(vs)
		return vs
	}
	return "its values", !slices.Equal(values(a.table), values(b.table))
}

func placed(o outcome) bool {
	for _, p := range o.places {
		if p.Line == 0 {
			return false
		}
	}
	return true
}

func byLine(o outcome, c int) map[int64][]string {
	m := map[int64][]string{}
	for i, row := range o.table.Rows {
		m[o.places[i].Line] = append(m[o.places[i].Line], exactText(row[c], o.table.Schema.Field(c).Type))
	}
	return m
}

type perturbation struct {
	name        string
	needsPlaces bool
	value       func(t Table, c, row int, old any) any
}

var perturbations = []perturbation{
	{"shifted", false, func(_ Table, _, _ int, old any) any { return shifted(old) }},
	{"nulls", true, func(Table, int, int, any) any { return nil }},
	{"rotated", true, func(t Table, c, row int, _ any) any { return t.Rows[(row+1)%len(t.Rows)][c] }},
	{"all alike", true, func(t Table, c, _ int, _ any) any { return t.Rows[0][c] }},
}

// shifted keeps nulls, and the order and the equalities of other values.
func shifted(v any) any {
	switch v := v.(type) {
	case string:
		return "k" + v
	case int32:
		return v + 1
	case int64:
		return v + 1
	case float64:
		return v * 2
	case decimal128.Num:
		return v.Add(decimal128.FromI64(1))
	case arrow.Date32:
		return v + 1
	case arrow.Timestamp:
		return v + 1
	case []byte:
		return append([]byte("k"), v...)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = "k" + s
		}
		return out
	}
	return v
}

// checkCanary puts a name into every text of the input and of the feeds, and
// looks for it, and for the secret, in all that is said. A world looks at the log.
func checkCanary(tc *transformCase) error {
	var errs []error
	for c, f := range tc.input.Schema.Fields() {
		if f.Type.ID() != arrow.STRING {
			continue
		}
		table := tc.input.replaced(c, f, func(int, any) any { return CanaryName })
		o, err := tc.run(whole(), table)
		errs = append(errs, named("column "+f.Name, errors.Join(silent(err), silent(o.err))))
		for _, r := range o.rejects {
			errs = append(errs, noCanary("a reject", r.Column+" "+r.Input), silent(r.Why))
		}
	}
	return errors.Join(errs...)
}

// silent looks at everything err can be made to say.
func silent(err error) error {
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		text += " " + e.Error()
	}
	return noCanary("an error", text)
}
