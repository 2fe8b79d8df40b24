package pipelinetest

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// checkAllTypes adds a column of every type to the input. What leaves under
// the name and type of such a column must be what came in under it: row by row
// where places tell, otherwise no value that was not there.
func checkAllTypes(tc *transformCase) error {
	all := AllTypes()
	table := tc.enough(len(all.Rows)).with(all)
	if len(tc.input.Rows) == 0 {
		return nil
	}
	before, err := tc.plain()
	if err != nil {
		return nil // the example shows why
	}
	o, err := tc.run(Cut{"batches of 7", every(7)}, table)
	if codesOf(err) != nil {
		return nil // refused, with a message
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range all.Schema.Fields() {
		out := o.table.Schema.FieldIndices(f.Name)
		if len(out) != 1 || !arrow.TypeEqual(o.table.Schema.Field(out[0]).Type, f.Type) || tc.rewrites(before, f) {
			continue
		}
		errs = append(errs, named("column "+f.Name, survived(table, o, table.Schema.FieldIndices(f.Name)[0], out[0])))
	}
	return errors.Join(errs...)
}

// rewrites says whether the transform gives other values to input columns of
// f's type that keep their name: then it may do so to f as well.
func (tc *transformCase) rewrites(before outcome, f arrow.Field) bool {
	for c, g := range tc.input.Schema.Fields() {
		out := before.table.Schema.FieldIndices(g.Name)
		if len(out) == 1 && g.Type.ID() == f.Type.ID() && survived(tc.input, before, c, out[0]) != nil {
			return true
		}
	}
	return false
}

func survived(in Table, o outcome, from, to int) error {
	dt := in.Schema.Field(from).Type
	known := map[string]bool{null: true}
	for _, row := range in.Rows {
		known[exactText(row[from], dt)] = true
	}
	for i, row := range o.table.Rows {
		got := exactText(row[to], o.table.Schema.Field(to).Type)
		if line := o.places[i].Line; line >= 2 && int(line-2) < len(in.Rows) {
			if want := exactText(in.Rows[line-2][from], dt); got != want {
				return fmt.Errorf("row of line %d came out as %.80s and not %.80s", line, got, want)
			}
		} else if !known[got] {
			return fmt.Errorf("row %d came out as %.80s, which is not in the input", i+1, got)
		}
	}
	return nil
}

// checkRetyped gives every column of the input every type in turn, with the
// values that break things.
func checkRetyped(tc *transformCase) error {
	all := AllTypes()
	rows := len(all.Rows) - 1 // without the text of 1 MiB
	table := tc.enough(rows)
	if len(table.Rows) == 0 {
		return nil
	}
	table.Rows = table.Rows[:min(rows, len(table.Rows))]
	var errs []error
	for c, old := range table.Schema.Fields() {
		for k, f := range all.Schema.Fields() {
			other := table.replaced(c, arrow.Field{Name: old.Name, Type: f.Type, Nullable: true}, func(row int, _ any) any {
				return all.Rows[row%rows][k]
			})
			what := fmt.Sprintf("column %s as %s", old.Name, pipelines.TypeName(f.Type))
			errs = append(errs, named(what, tc.takes(other)))
		}
	}
	return errors.Join(errs...)
}

// takes runs the transform where it may refuse, but only with a message, and
// only before the first row unless it says why.
func (tc *transformCase) takes(table Table) (err error) {
	defer recovered(&err)
	o, err := tc.run(Cut{"batches of 7", every(7)}, table)
	if err == nil || codesOf(err) != nil && o.broken == nil {
		return leftover(err)
	}
	return err
}

// leftover keeps of a refusal what try found besides.
func leftover(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, e := range joined.Unwrap() {
			if codesOf(e) == nil {
				rest = append(rest, e)
			}
		}
		return errors.Join(rest...)
	}
	return nil
}
