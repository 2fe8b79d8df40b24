package format

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What workbooks of all kinds share: which cells of which sheet are the table,
// and how its rows become batches.

// bookOptions are the arguments of every format of workbooks.
type bookOptions struct {
	Sheet  string `hcl:"sheet,optional" doc:"The sheet to read, by its name or its number from 1. The first unless given."`
	Range  string `hcl:"range,optional" doc:"The cells that hold the table with its column names, as in \"B3:F200\", \"B3:F\" or \"B:F\"; what lies outside is not read, and header counts from its first row. The whole sheet unless given."`
	Merged string `hcl:"merged,optional" values:"first|fill" doc:"What cells hold that are merged. first: the value stands in the first one, the others are empty; fill: each has it."`
	nameOptions
	cellOptions
}

var defaultBook = bookOptions{Merged: "first", nameOptions: defaultNames, cellOptions: defaultCells}

// Validate refuses what no sheet has.
func (o bookOptions) Validate() error {
	if _, err := o.area(); err != nil {
		return err
	}
	if err := o.check(o.cellOptions); err != nil {
		return err
	}
	if o.Header == 0 && len(o.Columns) == 0 {
		return pipelines.At("header", messages.CSVNoColumns.With())
	}
	return o.cellOptions.Validate()
}

// Declared is the declared columns; a sheet without names has no others.
func (o bookOptions) Declared() (*arrow.Schema, bool) {
	schema, _ := o.cellOptions.Declared()
	return schema, schema != nil && o.Header == 0
}

// bookArea is a rectangle of cells, counted from 1, its end included; 0 is no end.
type bookArea struct {
	left, right int
	top, bottom int64
}

const (
	bookColumns = 1 << 14 // of a sheet, at most (Excel, LibreOffice)
	bookRows    = 1 << 24 // LibreOffice with very large sheets; Excel has 1 << 20
)

// area reads range.
func (o bookOptions) area() (a bookArea, err error) {
	a = bookArea{left: 1, top: 1}
	if o.Range == "" {
		return a, nil
	}
	wrong := badOption("range", "is written as in \"B3:F200\", \"B3:F\" or \"B:F\"")
	from, to, two := strings.Cut(strings.ToUpper(o.Range), ":")
	if !two {
		return a, wrong
	}
	left, top, ok1 := cellName([]byte(from))
	right, bottom, ok2 := cellName([]byte(to))
	if !ok1 || !ok2 || right < left || bottom != 0 && bottom < top {
		return a, wrong
	}
	return bookArea{left: left, right: right, top: max(top, 1), bottom: bottom}, nil
}

// cellName reads "BC12", or "BC" whose row is 0.
func cellName(b []byte) (col int, row int64, ok bool) {
	i := 0
	for ; i < len(b) && b[i] >= 'A' && b[i] <= 'Z' && i < 4; i++ {
		col = col*26 + int(b[i]-'A') + 1
	}
	for j := i; j < len(b); j++ {
		if b[j] < '0' || b[j] > '9' || row > bookRows {
			return 0, 0, false
		}
		row = row*10 + int64(b[j]-'0')
	}
	return col, row, col > 0 && col <= bookColumns && row <= bookRows && (i == len(b) || row > 0)
}

// merge is a rectangle of merged cells.
type merge struct {
	left, right int
	top, bottom int64
}

// bookPiece is some whole rows of a sheet.
type bookPiece struct {
	bytes []byte
	line  int64 // of the first row, where rows do not say which they are
	times int64 // 0: once; else each of the rows in it comes so often
}

// rowVisitor hears of the rows and cells of a piece, in their order. Rows without
// cells may be left out.
type rowVisitor interface {
	// row gives the last column that matters; 0: the row does not. Cells beyond it
	// need not all be told.
	row(line int64) (last int)
	// cell is a cell of the row; lost says that it is a formula without a value. The
	// text is good until the next call.
	cell(col int, kind cellKind, text []byte, lost bool) error
	end()
}

// bookSheet is a sheet of an open workbook.
type bookSheet interface {
	// rewind starts from the first row. next gives pieces until io.EOF, which comes
	// only if what was read is sound.
	rewind() error
	next() (bookPiece, error)
	// merges are the merged cells, wherever the sheet stands.
	merges() ([]merge, error)
	// parse may be called by several goroutines, also after close, until free.
	parse(p bookPiece, v rowVisitor) error
	close() error
	// free removes what parse needs. It is called once, after close.
	free()
}

// openBook makes chunks of the sheet. It owns the sheet from here on.
func (o bookOptions) openBook(env pipelines.Env, in Input, sheet bookSheet, form cellForm) (pipelines.Chunks, error) {
	s := &bookChunks{env: env, in: in, sheet: sheet, form: form}
	s.users.Store(1)
	if err := s.open(o); err != nil {
		s.Close()
		return nil, explainBook(in, err)
	}
	return s, nil
}

// bookWhy says what is wrong with a workbook.
type bookWhy string

func (w bookWhy) Error() string { return string(w) }

const errOrder = bookWhy("its cells are not in their order")

// explainBook makes a message of what is wrong with a workbook.
func explainBook(in Input, err error) error {
	var why bookWhy
	if errors.As(err, &why) {
		return messages.BookDamaged.With("file", in.Name, "why", string(why))
	}
	return err
}

type bookChunks struct {
	env     pipelines.Env
	in      Input
	sheet   bookSheet
	form    cellForm
	columns []cellColumn
	schema  *arrow.Schema
	layout  bookLayout
	held    []bookPiece // read for the header
	closed  bool
	err     error
	users   atomic.Int64 // of what parse needs: these chunks, and each that was not decoded yet
}

func (s *bookChunks) open(o bookOptions) error {
	area, err := o.area()
	if err != nil {
		return err
	}
	s.layout = bookLayout{area: area, first: area.top, open: area.right == 0}
	if o.Merged == "fill" {
		if err := s.findMerged(); err != nil {
			return err
		}
	}
	if err := s.sheet.rewind(); err != nil {
		return err
	}
	var names []string
	if o.Header == 0 {
		for _, col := range o.Columns {
			names = append(names, col.Name)
		}
		s.layout.width = len(names)
	} else if names, err = s.header(o, area.top+o.Header-1); err != nil {
		return err
	}
	if s.columns, err = o.columnsOf(s.in, names); err != nil {
		return err
	}
	s.schema = schemaOf(s.columns)
	if o.SkipFooter > 0 {
		return s.skipFooter(o)
	}
	return nil
}

// header finds the row of the names, and holds the pieces that come after it.
func (s *bookChunks) header(o bookOptions, line int64) ([]string, error) {
	h := &headerRow{area: s.layout.area, first: line, rows: make([][]string, o.HeaderRows)}
	for !h.passed {
		p, err := s.sheet.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := s.sheet.parse(p, h); err != nil {
			return nil, err
		}
		if h.passed || h.found {
			s.held = append(s.held, p)
		}
	}
	width := s.layout.area.right - s.layout.area.left + 1
	if s.layout.open {
		width = 0
		for _, row := range h.rows {
			for i, name := range row {
				if name != "" {
					width = max(width, i+1)
				}
			}
		}
	}
	empty := true
	for r, row := range h.rows {
		row = append(row, make([]string, max(0, width-len(row)))...)[:width]
		h.rows[r] = row
		empty = empty && strings.Join(row, "") == ""
	}
	if empty {
		return nil, messages.CSVNoHeader.With("file", s.in.Name, "row", o.Header)
	}
	if o.SkipHeader {
		s.layout.names = strings.Join(h.rows[len(h.rows)-1], "\x00")
	}
	names, err := o.columnNames(s.in, o.cellOptions, h.rows)
	if err != nil {
		return nil, err
	}
	if err := o.looksLikeHeader(s.in, o.Header, names, func() string {
		return "check sheet, range and header against the file; if it has no column names, write header = 0 and columns"
	}); err != nil {
		return nil, err
	}
	s.layout.width, s.layout.first = width, line+o.HeaderRows
	return names, nil
}

// headerRow keeps the texts of the rows of names.
type headerRow struct {
	area          bookArea
	first, at     int64
	rows          [][]string
	size          int // of all texts
	found, passed bool
}

func (h *headerRow) row(line int64) int {
	h.at = line - h.first
	h.passed = h.passed || h.at >= int64(len(h.rows))
	if h.at < 0 || h.passed {
		return 0
	}
	return bookColumns
}

func (h *headerRow) cell(col int, kind cellKind, text []byte, _ bool) error {
	if col < h.area.left || h.area.right != 0 && col > h.area.right {
		return nil
	}
	h.found = true
	row := h.rows[h.at]
	if len(row) > col-h.area.left {
		return errOrder
	}
	row = append(row, make([]string, col-h.area.left-len(row))...)
	if kind == cellFault {
		text = nil
	}
	if h.size += len(text); h.size > bookSmall {
		return bookWhy("a row is too large")
	}
	h.rows[h.at] = append(row, strings.TrimFunc(string(text), isPadding))
	return nil
}

func (h *headerRow) end() {}

// skipFooter ends the table before its last rows, which takes a reading of its own.
func (s *bookChunks) skipFooter(o bookOptions) error {
	f := &lastRows{layout: &s.layout, lines: make([]int64, o.SkipFooter)}
	if err := s.readAll(f); err != nil {
		return err
	}
	s.held = nil
	s.layout.area.bottom = f.lines[f.count%len(f.lines)] - 1
	s.layout.none = s.layout.area.bottom < 1 // there are no more rows than that
	return s.sheet.rewind()
}

// lastRows keeps where the last rows that are not blank stand.
type lastRows struct {
	layout *bookLayout
	lines  []int64
	count  int
	line   int64
	any    bool
}

func (f *lastRows) row(line int64) int {
	if !f.layout.has(line) {
		return 0
	}
	f.line, f.any = line, false
	return f.layout.area.left + f.layout.width - 1
}

func (f *lastRows) cell(col int, kind cellKind, text []byte, lost bool) error {
	f.any = f.any || col >= f.layout.area.left && f.layout.matters(col) && (kind != cellAbsent && len(text) > 0 || lost)
	return nil
}

func (f *lastRows) end() {
	if f.any {
		f.lines[f.count%len(f.lines)] = f.line
		f.count++
	}
}

// findMerged collects the merged cells and what the first of each holds.
func (s *bookChunks) findMerged() error {
	merges, err := s.sheet.merges()
	if err != nil || len(merges) == 0 {
		return err
	}
	f := &firstCells{at: map[[2]int64]*mergedCell{}}
	for _, m := range merges {
		c := &mergedCell{merge: m}
		f.at[[2]int64{m.top, int64(m.left)}] = c
		s.layout.merged = append(s.layout.merged, c)
	}
	if err := s.layout.sortMerged(); err != nil {
		return err
	}
	return s.readAll(f)
}

// readAll gives all rows of the sheet to v.
func (s *bookChunks) readAll(v rowVisitor) error {
	if err := s.sheet.rewind(); err != nil {
		return err
	}
	for {
		p, err := s.sheet.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = s.sheet.parse(p, v)
		}
		if err != nil {
			return err
		}
	}
}

type firstCells struct {
	at   map[[2]int64]*mergedCell
	size int // of all texts
	line int64
}

func (f *firstCells) row(line int64) int { f.line = line; return bookColumns }

func (f *firstCells) cell(col int, kind cellKind, text []byte, lost bool) error {
	if m := f.at[[2]int64{f.line, int64(col)}]; m != nil {
		m.kind, m.text, m.lost, m.known = kind, append([]byte(nil), text...), lost, true
		if f.size += len(text); f.size > batchBytes {
			return errMerged
		}
	}
	return nil
}

func (f *firstCells) end() {}

func (s *bookChunks) Schema() *arrow.Schema { return s.schema }

func (s *bookChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var p bookPiece
	if len(s.held) > 0 {
		p, s.held = s.held[0], s.held[1:]
	} else {
		var err error
		if p, err = s.sheet.next(); err != nil {
			s.err = explainBook(s.in, err)
			return nil, s.err
		}
	}
	s.users.Add(1)
	return &bookChunk{s, p}, nil
}

// leave notes that one user less needs what parse does.
func (s *bookChunks) leave() {
	if s.users.Add(-1) == 0 {
		s.sheet.free()
	}
}

func (s *bookChunks) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	defer s.leave()
	return s.sheet.close()
}

// bookChunk is some rows. Of chunks it uses only what never changes.
type bookChunk struct {
	chunks *bookChunks
	piece  bookPiece
}

func (c *bookChunk) Discard() {
	c.piece = bookPiece{}
	c.chunks.leave()
}

func (c *bookChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	s := c.chunks
	d := &bookDecoder{layout: &s.layout, pending: -1}
	d.form, d.columns, d.schema, d.mem = &s.form, s.columns, s.schema, s.env.Allocator
	d.begin(s.in.Name, len(s.columns))
	if err := cmp.Or(s.sheet.parse(c.piece, d), d.err); err != nil {
		return pipelines.Batch{}, explainBook(s.in, err)
	}
	d.raw = d.b
	d.leaveOut()
	return d.batch(), nil
}
