package format

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What all formats of rows share: a codec takes its bytes apart into a grid of
// cells, and the grid becomes a batch of the declared types. A cell is text, or
// what a workbook, a JSON document or a table of fixed fields says that it is.

// cellOptions are the arguments that every format of rows has.
type cellOptions struct {
	Columns   []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of columns by name; all others are text. A column declared here and absent from the file is refused."`
	Null      []string               `hcl:"null,optional" doc:"The texts that stand for null, quoted or not. By default only an empty cell does."`
	Decimal   string                 `hcl:"decimal,optional" values:".|," doc:"The decimal mark of numbers."`
	Thousands string                 `hcl:"thousands,optional" values:"| |.|," doc:"The separator of thousands, accepted only where one belongs; a space also stands for no-break spaces."`
	True      []string               `hcl:"true,optional" doc:"The words of bool columns for true, in place of true, 1, vrai and oui in any case; goes with false."`
	False     []string               `hcl:"false,optional" doc:"The words of bool columns for false, in place of false, 0, faux and non in any case."`
	Trim      bool                   `hcl:"trim,optional" doc:"Whether spaces, tabs and no-break spaces around a cell are left out."`
}

// defaultCells are the arguments where a pipeline file says nothing.
var defaultCells = cellOptions{Null: []string{""}, Decimal: "."}

// badOption refuses an argument, at its place.
func badOption(option, why string) error {
	return pipelines.At(option, messages.CSVOption.With("option", option, "why", why))
}

// Validate refuses options that contradict each other.
func (o cellOptions) Validate() error {
	switch {
	case o.Decimal == o.Thousands:
		return badOption("thousands", "must differ from decimal")
	case (len(o.True) == 0) != (len(o.False) == 0):
		return badOption("true", "and false go together")
	}
	for _, w := range o.True {
		if slices.Contains(o.False, w) {
			return badOption("false", "has a word that true has too")
		}
	}
	for _, col := range o.Columns {
		if _, err := cellColumnOf(col); err != nil {
			return pipelines.At("columns", err)
		}
	}
	return nil
}

// Declared is the declared columns; the file may have others.
func (o cellOptions) Declared() (*arrow.Schema, bool) {
	if len(o.Columns) == 0 {
		return nil, false
	}
	return pipelines.Schema(o.Columns), false
}

// declares says whether a column of that name is declared.
func (o cellOptions) declares(name string) bool {
	return slices.ContainsFunc(o.Columns, func(c pipelines.ColumnDecl) bool { return c.Name == name })
}

// mostColumns is how many a file has at most, as in a spreadsheet: what takes a row
// for one of more columns has the wrong delimiter, or is no table.
const mostColumns = 1 << 14

func tooManyColumns(in Input) error {
	return messages.TooManyColumns.With("file", in.Name, "bound", mostColumns)
}

// form is how cells are written.
func (o cellOptions) form() cellForm {
	f := cellForm{numbers: scalar.NumberFormat{Decimal: o.Decimal[0], Thousands: o.Thousands},
		trim: o.Trim, trueWords: o.True, falseWords: o.False}
	for _, n := range o.Null {
		if n == "" {
			f.emptyIsNull = true
		} else {
			f.nulls = append(f.nulls, n)
		}
	}
	return f
}

// columnsOf gives every column of a file, by its name, the declared type or text.
// A name that comes twice and a declared one that is missing are refused.
func (o cellOptions) columnsOf(in Input, names []string) ([]cellColumn, error) {
	if len(names) > mostColumns {
		return nil, tooManyColumns(in)
	}
	declared := make(map[string]pipelines.ColumnDecl, len(o.Columns))
	for _, decl := range o.Columns {
		declared[decl.Name] = decl
	}
	cols := make([]cellColumn, len(names))
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if seen[name] {
			return nil, messages.CSVColumnTwice.With("file", in.Name, "column", name)
		}
		seen[name] = true
		decl, ok := declared[name]
		if !ok {
			decl.Name, decl.Type = name, arrow.BinaryTypes.String
		}
		var err error
		if cols[i], err = cellColumnOf(decl); err != nil {
			return nil, err
		}
		cols[i].declared = ok
	}
	for _, decl := range o.Columns {
		if !seen[decl.Name] {
			return nil, messages.CSVColumnMissing.With("file", in.Name, "column", decl.Name,
				"columns", quoteAll(names), "hint", pipelines.Hint(decl.Name, names))
		}
	}
	return cols, nil
}

// cellForm is how the texts of cells are written.
type cellForm struct {
	numbers               scalar.NumberFormat
	emptyIsNull           bool
	nulls                 []string
	trim                  bool
	trueWords, falseWords []string
	date1904              bool // serial days count from 1904-01-01

	// For files that lavoir wrote:
	own     bool // "" is the empty text, and numbers may be NaN, Inf, -Inf
	guarded bool // a text's leading apostrophe is the guard's
}

// cellColumn is a column and how its cells are read.
type cellColumn struct {
	pipelines.ColumnDecl
	declared bool
	date     scalar.DateFormat
	instant  scalar.InstantFormat
	clock    scalar.InstantFormat // ISO 8601, in the column's zone
}

func cellColumnOf(decl pipelines.ColumnDecl) (c cellColumn, err error) {
	c.ColumnDecl = decl
	switch decl.Type.ID() {
	case arrow.DATE32:
		c.date, err = scalar.NewDateFormat(decl.Format)
	case arrow.TIMESTAMP:
		if c.instant, err = scalar.NewInstantFormat(decl.Format, decl.Zone); err == nil {
			c.clock, err = scalar.NewInstantFormat("", decl.Zone)
		}
	case arrow.BINARY:
		err = messages.CSVCannotHold.With("column", decl.Name, "why", "it is binary")
	}
	return c, err
}

// format is what BadDate and BadInstant call the wanted form.
func (c *cellColumn) format() string {
	if c.Type.ID() == arrow.DATE32 {
		return c.date.String()
	}
	return c.instant.String()
}

// schemaOf is the schema of a batch of these columns.
func schemaOf(cols []cellColumn) *arrow.Schema {
	decls := make([]pipelines.ColumnDecl, len(cols))
	for i, c := range cols {
		decls[i] = c.ColumnDecl
	}
	return pipelines.Schema(decls)
}

// cellKind says what a cell holds besides text as it stands.
type cellKind uint8

const (
	cellText    cellKind = iota
	cellDoubled          // text in which quotes are doubled
	cellAbsent           // null, whatever stands for null
	cellNumber           // a number, exactly as its text says: [-]digits[.digits][e±digits]
	cellFloat            // a number that the file holds in binary; its text is the shortest that gives it back
	cellBool             // true or false
	cellISO              // a date or a clock time in ISO 8601, whatever form is declared
	cellList             // texts as a JSON array
	cellFault            // no value; its text says why, as #N/A does
)

// cell is where a cell's text stands, without its quotes.
type cell struct {
	start, end uint32
	quoted     bool
	kind       cellKind
}

// gridRow is where a row stands in its file, or in what was read of it.
type gridRow struct {
	start, end int // without the line end
	line       int64
}

// grid is some rows taken apart: width cells a row.
type grid struct {
	width   int // 0: every row as it comes
	cells   []cell
	rows    []gridRow
	rejects []pipelines.Reject
	input   string
}

// reset empties the grid and keeps its room.
func (g *grid) reset(input string, width int) {
	*g = grid{input: input, width: width, cells: g.cells[:0], rows: g.rows[:0]}
}

func (g *grid) reject(raw []byte, row gridRow, why *messages.Error) {
	g.rejects = append(g.rejects, pipelines.Reject{
		Place: pipelines.Place{Input: g.input, Line: row.line}, Why: why, Raw: bytes.Clone(raw[row.start:row.end])})
}

func blank(cells []cell) bool {
	for _, c := range cells {
		if c.start != c.end || c.quoted {
			return false
		}
	}
	return true
}

// cellDecoder turns a grid into a batch. Its scratch can be used again for
// another grid of the same file.
type cellDecoder struct {
	form    *cellForm
	columns []cellColumn
	schema  *arrow.Schema
	mem     memory.Allocator
	input   string
	grid    grid
	b       []byte // what the cells are in
	raw     []byte // what the rows are in, for rejects

	encoding *csvEncoding // of b
	quote    byte         // that cells double
	clean    bool         // b is text that needs no transcoding
	direct   bool         // and cells are what stands there
	bad      []failedRow
	failed   []bool // which rows have one; nil: none
	single   []byte // a cell with its doubled quotes made one
	decoded  []byte // a cell as UTF-8
	texts    []byte // a column's texts
}

// utf8Cells is the encoding of cells that a codec gives as UTF-8.
var utf8Cells = csvEncodings["utf-8"]

// begin empties the grid for rows whose cells are UTF-8 in d.b, and appended
// there by add.
func (d *cellDecoder) begin(input string, width int) {
	d.input, d.b, d.encoding, d.clean, d.direct = input, d.b[:0], utf8Cells, true, false
	d.grid.reset(input, width)
}

// add appends a cell to the row in the making.
func (d *cellDecoder) add(kind cellKind, text []byte) {
	at := len(d.b)
	d.b = append(d.b, text...)
	d.grid.cells = append(d.grid.cells, cell{start: uint32(at), end: uint32(len(d.b)), kind: kind})
}

// batch makes a batch of the grid and of what was rejected.
func (d *cellDecoder) batch() pipelines.Batch {
	cols := d.build()
	if len(d.bad) > 0 {
		for _, c := range cols {
			c.Release()
		}
		d.leaveOut()
		cols = d.build()
	}
	rec := array.NewRecord(d.schema, cols, int64(len(d.grid.rows)))
	lines := make([]int64, len(d.grid.rows))
	for i, r := range d.grid.rows {
		lines[i] = r.line
	}
	for _, c := range cols {
		c.Release()
	}
	slices.SortStableFunc(d.grid.rejects, func(a, b pipelines.Reject) int { return cmp.Compare(a.Line, b.Line) })
	return pipelines.Batch{Record: rec, Places: pipelines.Places{Input: d.input, Lines: lines}, Rejects: d.grid.rejects}
}

// failedRow is a row of the grid that is rejected, and why.
type failedRow struct {
	row    int
	reject pipelines.Reject
}

// fail rejects row r because of its column c, unless an earlier column did.
func (d *cellDecoder) fail(r, c int, why *messages.Error) {
	if len(d.failed) <= r {
		d.failed = append(d.failed, make([]bool, max(len(d.grid.rows), r+1)-len(d.failed))...)
	}
	if d.failed[r] {
		return
	}
	row := d.grid.rows[r]
	d.failed[r] = true
	d.bad = append(d.bad, failedRow{r, pipelines.Reject{Place: pipelines.Place{Input: d.input, Line: row.line},
		Column: d.columns[c].Name, Why: why, Raw: bytes.Clone(d.raw[row.start:row.end])}})
}

// leaveOut takes the failed rows out of the grid.
func (d *cellDecoder) leaveOut() {
	if len(d.bad) == 0 {
		return
	}
	g, w, kept := &d.grid, d.grid.width, 0
	for r := range g.rows {
		if r < len(d.failed) && d.failed[r] {
			continue
		}
		g.rows[kept] = g.rows[r]
		copy(g.cells[kept*w:(kept+1)*w], g.cells[r*w:(r+1)*w])
		kept++
	}
	g.rows, g.cells = g.rows[:kept], g.cells[:kept*w]
	slices.SortFunc(d.bad, func(a, b failedRow) int { return a.row - b.row })
	for _, b := range d.bad {
		g.rejects = append(g.rejects, b.reject)
	}
	clear(d.bad)
	d.bad, d.failed = d.bad[:0], d.failed[:0]
}

// text is the cell of row r in column c as UTF-8, good until the next call;
// false when it stands for null.
func (d *cellDecoder) text(r, c int) ([]byte, bool) {
	cell := &d.grid.cells[r*d.grid.width+c]
	raw := d.b[cell.start:cell.end]
	if d.direct && cell.kind == cellText && len(raw) > 0 {
		return raw, true
	}
	return d.closerText(raw, *cell)
}

func (d *cellDecoder) closerText(raw []byte, cell cell) ([]byte, bool) {
	f := d.form
	if cell.kind > cellDoubled {
		if cell.kind == cellFault {
			for _, n := range f.nulls {
				if string(raw) == n {
					return nil, false
				}
			}
		}
		return raw, cell.kind != cellAbsent
	}
	b := d.plain(raw, cell)
	if f.trim {
		b = bytes.TrimFunc(b, isPadding)
	}
	if len(b) == 0 {
		return b, !f.emptyIsNull || f.own && cell.quoted
	}
	for _, n := range f.nulls {
		if string(b) == n {
			return nil, false
		}
	}
	return b, true
}

// plain is a cell's bytes as UTF-8, with its doubled quotes made one.
func (d *cellDecoder) plain(raw []byte, cell cell) []byte {
	if cell.kind == cellDoubled {
		u := d.single[:0]
		for i := 0; i < len(raw); i++ {
			u = append(u, raw[i])
			if raw[i] == d.quote {
				i++
			}
		}
		d.single, raw = u, u
	}
	if d.clean || d.encoding.table == nil || isASCII(raw) {
		return raw
	}
	d.decoded = d.encoding.appendText(d.decoded[:0], raw)
	return d.decoded
}
