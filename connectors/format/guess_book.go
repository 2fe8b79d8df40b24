package format

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What the guesses of all workbooks share: the sheet with the most cells, the row
// of names on it, and which columns hold numbers.

// mostSheets is how many sheets are looked at.
const mostSheets = 30

// bookGuess is what is seen of a sheet in one reading.
type bookGuess struct {
	top    []bookTop // the first rows that have a cell
	cells  int64
	before int64 // cells of the rows above
	rows   int64
	floats map[int]int64 // by column: cells that are binary numbers
	now    bookTop
}

// bookTop is one of the first rows: the texts of its cells from column 1 on, and
// whether one of them is no text.
type bookTop struct {
	line  int64
	cells []string
	value bool
}

func (b *bookGuess) row(line int64) int {
	b.now, b.before = bookTop{line: line}, b.cells
	return bookColumns
}

func (b *bookGuess) cell(col int, kind cellKind, text []byte, _ bool) error {
	if kind == cellAbsent || kind == cellText && len(bytes.TrimFunc(text, isPadding)) == 0 {
		return nil
	}
	b.cells++
	if kind == cellFloat {
		b.floats[col]++
	}
	if len(b.top) < mostTitles && col >= 1 {
		for len(b.now.cells) < col {
			b.now.cells = append(b.now.cells, "")
		}
		b.now.cells[col-1] = string(bytes.TrimFunc(text, isPadding))
	}
	b.now.value = b.now.value || kind != cellText && kind != cellDoubled
	return nil
}

func (b *bookGuess) end() {
	if b.cells > b.before {
		b.rows++
		if len(b.top) < mostTitles {
			b.top = append(b.top, b.now)
		}
	}
	b.now = bookTop{}
}

// readSheet reads all of a sheet, or about so many rows, and closes it.
func readSheet(ctx context.Context, sheet bookSheet, most int64) (*bookGuess, error) {
	defer sheet.free()
	defer sheet.close()
	b := &bookGuess{floats: map[int]int64{}}
	if err := sheet.rewind(); err != nil {
		return nil, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if most > 0 && b.rows >= most {
			return b, nil
		}
		p, err := sheet.next()
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if err := sheet.parse(p, b); err != nil {
			return nil, err
		}
	}
}

// guessBook chooses the sheet and finds its names; read makes the codec that then
// reads the rows.
func guessBook(ctx context.Context, env pipelines.Env, g *pipelines.Guess, in Input, open func(sheet string) (bookSheet, error), codec func(bookOptions) Reader) (*pipelines.Guess, error) {
	var best *bookGuess
	sheet, count := 1, 0
	for n := 1; n <= mostSheets; n++ {
		s, err := open(strconv.Itoa(n))
		if err != nil {
			if n == 1 {
				return nil, explainBook(in, err)
			}
			break
		}
		b, err := readSheet(ctx, s, in.rows)
		if err != nil {
			return nil, explainBook(in, err)
		}
		count++
		if best == nil || b.cells > best.cells {
			best, sheet = b, n
		}
	}
	o := defaultBook
	if sheet > 1 {
		o.Sheet = strconv.Itoa(sheet)
		g.Set("sheet", o.Sheet)
	}
	if count > 1 {
		g.Found(messages.GuessTable.With("option", "sheet", "name", sheet, "rows", best.rows, "count", count))
	}
	left := o.guessNames(g, best)
	rows := rowsGuess{g: g, prepare: func(i int, c *columnGuess) { c.floats = best.floats[left+i] }}
	if err := rows.read(ctx, codec(o), in); err != nil {
		return nil, err
	}
	if rows.repeated > 0 {
		g.Set("skip_repeated_header", true)
		g.Found(messages.GuessRepeated.With("count", rows.repeated))
	}
	if rows.footer > 0 {
		g.Set("skip_footer", rows.footer)
	}
	guessColumns(g, rows.cols, false)
	return g, nil
}

// guessNames finds the row of names: the first that is nearly as wide as the
// table and holds texts only. It gives the table's first column.
func (o *bookOptions) guessNames(g *pipelines.Guess, b *bookGuess) (left int) {
	widest := 0
	for _, r := range b.top {
		widest = max(widest, topRow{cells: r.cells}.filled())
	}
	for i, r := range b.top {
		n := topRow{cells: r.cells}.filled()
		if n*2 <= widest || n == 0 {
			continue
		}
		if r.value || slices.ContainsFunc(r.cells, isValue) {
			break
		}
		o.Header = r.line
		if i > 0 && b.top[i-1].line == r.line-1 {
			above := append(slices.Clone(b.top[i-1].cells), make([]string, max(0, len(r.cells)-len(b.top[i-1].cells)))...)
			if tellsApart(above, r.cells) {
				o.Header, o.HeaderRows = r.line-1, 2
				g.Found(messages.GuessTwoHeaders.With("row", r.line))
			}
		}
		if o.Header != 1 {
			g.Set("header", o.Header)
		}
		if o.HeaderRows != 1 {
			g.Set("header_rows", o.HeaderRows)
		} else {
			g.Found(messages.GuessHeader.With("row", r.line, "columns", n))
		}
		if comesTwice(r.cells) && o.HeaderRows == 1 {
			o.Duplicates = "number"
			g.Set("duplicates", "number")
		}
		left = slices.IndexFunc(r.cells, func(s string) bool { return s != "" }) + 1
		if left > 1 {
			o.Range = columnLetters(left) + ":" + columnLetters(len(r.cells))
			g.Set("range", o.Range)
		}
		return left
	}
	o.Header = 0
	g.Set("header", 0)
	g.Found(messages.GuessNoHeader.With("cell", 1))
	width := 0
	for _, r := range b.top {
		width = max(width, len(r.cells))
	}
	o.Columns = numberedColumns(width)
	return 1
}

// columnLetters is the name of a column: 28 is AB.
func columnLetters(n int) (s string) {
	for ; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
