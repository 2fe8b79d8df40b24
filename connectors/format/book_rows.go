package format

import (
	"bytes"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// bookLayout is which cells of a sheet are the table's rows.
type bookLayout struct {
	area   bookArea
	first  int64 // row below the names
	width  int
	open   bool   // no range ends the columns: a cell beyond them is a fault
	none   bool   // all rows are the footer
	names  string // of a row that repeats the names, joined; "": such rows are data
	merged []*mergedCell
}

// has says whether the row can be one of the table.
func (l *bookLayout) has(line int64) bool {
	return !l.none && line >= l.first && (l.area.bottom == 0 || line <= l.area.bottom)
}

// matters says whether a cell in the column makes a row one that is not blank.
func (l *bookLayout) matters(col int) bool { return l.open || col-l.area.left < l.width }

// mergedCell is what merged cells hold.
type mergedCell struct {
	merge
	kind        cellKind
	text        []byte
	lost, known bool
}

// sortMerged puts them in the order of their first rows. Two that share a cell are
// refused: no spreadsheet makes them.
func (l *bookLayout) sortMerged() error {
	slices.SortStableFunc(l.merged, func(a, b *mergedCell) int { return int(a.top - b.top) })
	var active []*mergedCell
	for _, m := range l.merged {
		active = slices.DeleteFunc(active, func(a *mergedCell) bool { return a.bottom < m.top })
		if slices.ContainsFunc(active, func(a *mergedCell) bool { return a.left <= m.right && m.left <= a.right }) {
			return errMerged
		}
		active = append(active, m)
	}
	return nil
}

const errMerged = bookWhy("its merged cells make no sense")

// bookDecoder makes a grid of the rows and cells it hears of.
type bookDecoder struct {
	cellDecoder
	layout *bookLayout

	now     gridRow
	base    int  // cells before this row
	any     bool // it has a cell that is not empty
	beyond  int  // the last cell that is not empty beyond the columns
	pending int  // the column of a formula without a value; -1: none
	active  []*mergedCell
	waiting int // merged cells that start below
	err     error
}

// What the rows of one piece may become: texts that cells share and cells that come
// often take few bytes in the file, however long and many they are.
const (
	batchBytes = 64 << 20
	batchCells = 4 << 20
)

// tooMuch refuses a workbook whose rows are more than a batch holds.
func (d *bookDecoder) tooMuch(why string) error {
	if d.err == nil {
		d.err = messages.BookBomb.With("file", d.input, "why", why)
	}
	return d.err
}

func (d *bookDecoder) row(line int64) int {
	l := d.layout
	if !l.has(line) {
		return 0
	}
	if len(d.grid.cells) > batchCells {
		_ = d.tooMuch("its columns are many and nearly empty; name those of the table with range")
		return 0
	}
	d.now = gridRow{start: len(d.b), line: line}
	d.base, d.any, d.beyond, d.pending = len(d.grid.cells), false, 0, -1
	return l.area.left + l.width - 1
}

func (d *bookDecoder) cell(col int, kind cellKind, text []byte, lost bool) error {
	l := d.layout
	c := col - l.area.left
	if c < 0 {
		return nil
	}
	empty := kind == cellAbsent || kind == cellText && len(text) == 0
	if c >= l.width {
		if l.open && !(empty && !lost) {
			d.beyond = max(d.beyond, c+1)
		}
		return nil
	}
	if c < len(d.grid.cells)-d.base {
		return errOrder
	}
	if len(d.b)+len(text) > batchBytes {
		return d.tooMuch("its cells repeat long texts")
	}
	d.pad(c)
	if lost && d.pending < 0 {
		d.pending = c
	}
	d.any = d.any || !empty || lost
	d.add(kind, text)
	d.b = append(d.b, '\t')
	return nil
}

// pad makes the row n cells wide.
func (d *bookDecoder) pad(n int) {
	for len(d.grid.cells)-d.base < n {
		d.add(cellAbsent, nil)
		d.b = append(d.b, '\t')
	}
}

func (d *bookDecoder) end() {
	if d.any && len(d.layout.merged) > 0 {
		d.fill()
	}
	d.now.end = max(d.now.start, len(d.b)-1)
	if d.beyond > 0 {
		d.grid.reject(d.b, d.now, messages.CSVRagged.With("got", d.beyond, "wanted", d.layout.width))
	}
	if !d.any || d.beyond > 0 {
		d.grid.cells = d.grid.cells[:d.base]
		return
	}
	d.pad(d.layout.width)
	if d.repeatsNames() {
		d.grid.cells = d.grid.cells[:d.base]
		return
	}
	d.grid.rows = append(d.grid.rows, d.now)
	if d.pending >= 0 {
		d.raw = d.b
		d.fail(len(d.grid.rows)-1, d.pending, messages.BookNoFormulaValue.With())
	}
}

// repeatsNames says whether the row repeats the names, where such rows are left out.
func (d *bookDecoder) repeatsNames() bool {
	names := d.layout.names
	if names == "" {
		return false
	}
	for i, c := range d.grid.cells[d.base:] {
		text := string(bytes.TrimFunc(d.b[c.start:c.end], isPadding))
		if i > 0 {
			text = "\x00" + text
		}
		rest, ok := strings.CutPrefix(names, text)
		if !ok || rest != "" && rest[0] != 0 {
			return false
		}
		names = rest
	}
	return names == ""
}

// fill gives the cells that are merged in this row the value of the first.
func (d *bookDecoder) fill() {
	l := d.layout
	for d.waiting < len(l.merged) && l.merged[d.waiting].top <= d.now.line {
		d.active = append(d.active, l.merged[d.waiting])
		d.waiting++
	}
	d.active = slices.DeleteFunc(d.active, func(m *mergedCell) bool { return m.bottom < d.now.line })
	d.pad(l.width)
	for _, m := range d.active {
		if !m.known {
			continue
		}
		for col := max(m.left, l.area.left); col <= min(m.right, l.area.left+l.width-1); col++ {
			c := col - l.area.left
			if col == m.left && m.top == d.now.line {
				continue
			}
			if m.lost && d.pending < 0 {
				d.pending = c
			}
			if len(d.b)+len(m.text) > batchBytes {
				_ = d.tooMuch("its cells repeat long texts")
				return
			}
			at := len(d.b)
			d.b = append(d.b, m.text...)
			d.grid.cells[d.base+c] = cell{start: uint32(at), end: uint32(len(d.b)), kind: m.kind}
			d.b = append(d.b, '\t')
		}
	}
}
