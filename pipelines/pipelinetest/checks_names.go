package pipelinetest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// namesSomebody is a text in small letters without accents, in which no transform finds
// anything to change but its case.
const namesSomebody = "kerbrulefontaine"

// checkNames puts a name into every row of a text column of the input, or of a feed: each
// output in which it, or a good part of it, then stands has to be known to hold names.
func checkNames(tc *transformCase) error {
	if len(tc.input.Rows) == 0 {
		return nil
	}
	var errs []error
	for c, f := range tc.input.Schema.Fields() {
		if f.Type.ID() != arrow.STRING {
			continue
		}
		other := *tc
		other.input = tc.input.replaced(c, f, func(int, any) any { return namesSomebody })
		errs = append(errs, named("input column "+f.Name, other.namesKnown("", f.Name)))
	}
	_, feeds, err := tc.marks()
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for feed, label := range feeds {
		table := tc.tables[label]
		for c, f := range table.Schema.Fields() {
			if f.Type.ID() != arrow.STRING {
				continue
			}
			other := *tc
			other.tables = map[string]Table{}
			for k, v := range tc.tables {
				other.tables[k] = v
			}
			other.tables[label] = table.replaced(c, f, func(int, any) any { return namesSomebody })
			errs = append(errs, named("feed "+feed+", column "+f.Name, other.namesKnown(feed, f.Name)))
		}
	}
	return errors.Join(errs...)
}

func (tc *transformCase) namesKnown(feed, column string) error {
	o, err := tc.plain()
	if err != nil {
		return nil // no row came out
	}
	known, err := tc.holdingNames(feed, column)
	if err != nil {
		return err
	}
	var errs []error
	for c, f := range o.table.Schema.Fields() {
		if known[f.Name] {
			continue
		}
		for _, row := range o.table.Rows {
			if text := strings.ToLower(fmt.Sprint(row[c])); strings.Contains(text, namesSomebody[:8]) {
				errs = append(errs, fmt.Errorf("output %q holds a name and is not known to", f.Name))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// holdingNames are the outputs that the engine takes to hold what one column does.
func (tc *transformCase) holdingNames(feed, column string) (map[string]bool, error) {
	w := newWorld()
	t, err := tc.build(w.Env, tc.tables)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	schemas, err := feedsOf(t)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	out, err := t.Bind(tc.input.Schema)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	mark := func(s *arrow.Schema, here bool) []pipelines.MarkedColumn {
		cols := markOne(s, here, column)
		for i := range cols {
			cols[i].Names = cols[i].Personal
		}
		return cols
	}
	others := map[string][]pipelines.MarkedColumn{}
	for name, s := range schemas {
		others[name] = mark(s, feed == name)
	}
	cols, err := pipelines.Marks(t, mark(tc.input.Schema, feed == ""), others, tc.input.Schema, out)
	known := map[string]bool{}
	for _, c := range cols {
		known[c.Name] = c.Names
	}
	return known, errors.Join(err, w.close())
}
