package format

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// headerOptions are nameOptions of files in which a row may be blank.
type headerOptions struct {
	nameOptions
	SkipBlank bool `hcl:"skip_blank,optional" doc:"Whether rows all of whose cells are empty are left out, as spreadsheets leave them at the end. A line with nothing on it always is, unless the file has one column."`
}

// nameOptions are the arguments of formats that have a row of column names,
// and around the rows what people and spreadsheets add to them.
type nameOptions struct {
	Header     int64             `hcl:"header,optional" doc:"The row the column names stand on, from 1; what is before is skipped. 0: there are none, and columns says all."`
	HeaderRows int64             `hcl:"header_rows,optional" doc:"How many rows the column names take. The names of a column, from top to bottom, are joined by a space; above the last row, an empty cell goes on with the one to its left, as merged cells do."`
	Aliases    map[string]string `hcl:"aliases,optional" doc:"Other names that columns come under: the file's name, then the column's. Case, accents, spaces and punctuation make no difference."`
	Names      string            `hcl:"names,optional" values:"exact|loose" doc:"Whether the names of declared columns must stand in the file exactly, or may differ in case, accents, spaces and punctuation."`
	Duplicates string            `hcl:"duplicates,optional" values:"refuse|number" doc:"What becomes of a name that comes twice: refuse the file, or call the second one name_2."`
	SkipFooter int64             `hcl:"skip_footer,optional" doc:"How many rows at the end are no data, as a line of totals. Rows left out as blank do not count."`
	SkipHeader bool              `hcl:"skip_repeated_header,optional" doc:"Whether rows that repeat the column names, as on every page of a report, are left out."`
}

// defaultHeader are the arguments where a pipeline file says nothing.
var defaultHeader = headerOptions{nameOptions: defaultNames}

var defaultNames = nameOptions{Header: 1, HeaderRows: 1, Names: "exact", Duplicates: "refuse"}

const (
	mostHeaderRows = 10
	mostFooter     = 1000
)

func (o nameOptions) check(cells cellOptions) error {
	switch {
	case o.Header < 0:
		return badOption("header", "is a row number: 1 is the first, 0 is none")
	case o.HeaderRows < 1 || o.HeaderRows > mostHeaderRows:
		return badOption("header_rows", "is 1 to 10")
	case o.SkipFooter < 0 || o.SkipFooter > mostFooter:
		return badOption("skip_footer", "is 0 to 1000")
	}
	columns := map[string]string{}
	for _, alias := range slices.Sorted(maps.Keys(o.Aliases)) {
		column, folded := o.Aliases[alias], scalar.Fold(alias)
		if other, twice := columns[folded]; twice && other != column || folded == "" {
			return badOption("aliases", "has "+strconv.Quote(alias)+" for two columns, or a name without letters")
		}
		columns[folded] = column
	}
	if o.Names == "loose" {
		seen := map[string]bool{}
		for _, c := range cells.Columns {
			if folded := scalar.Fold(c.Name); seen[folded] {
				return badOption("names", "cannot be loose: "+strconv.Quote(c.Name)+" and another column differ only in case, accents or punctuation")
			} else {
				seen[folded] = true
			}
		}
	}
	return nil
}

// columnNames are the names of the columns, given the cells of the header's rows.
func (o nameOptions) columnNames(in Input, cells cellOptions, rows [][]string) ([]string, error) {
	names := joinedNames(rows)
	folded := map[string]string{}
	if o.Names == "loose" {
		for _, c := range cells.Columns {
			folded[scalar.Fold(c.Name)] = c.Name
		}
	}
	for alias, column := range o.Aliases {
		folded[scalar.Fold(alias)] = column
	}
	taken := map[string]bool{}
	for i, name := range names {
		if !cells.declares(name) {
			if column, ok := folded[scalar.Fold(name)]; ok {
				name = column
			}
		}
		if name == "" {
			name = "column_" + strconv.Itoa(i+1)
		}
		names[i], taken[name] = name, true
	}
	times := map[string]int{}
	for i, name := range names {
		times[name]++
		n := times[name]
		switch {
		case n == 1:
			continue
		case o.Duplicates != "number":
			return nil, messages.CSVColumnTwice.With("file", in.Name, "column", name)
		}
		for taken[name+"_"+strconv.Itoa(n)] { // another column may be called so by itself
			n++
		}
		names[i] = name + "_" + strconv.Itoa(n)
		taken[names[i]] = true
	}
	return names, nil
}

// joinedNames makes one name of what stands above a column.
func joinedNames(rows [][]string) []string {
	if len(rows) == 1 {
		return rows[0]
	}
	width := 0
	for _, row := range rows {
		width = max(width, len(row))
	}
	names := make([]string, width)
	for i := range names {
		var parts []string
		for r, row := range rows {
			at := i
			for r < len(rows)-1 && at > 0 && (at >= len(row) || row[at] == "") {
				at--
			}
			if at < len(row) && row[at] != "" {
				parts = append(parts, row[at])
			}
		}
		names[i] = strings.Join(parts, " ")
	}
	return names
}
