package format

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The grammar that cutting and reading share. A row ends at a line end outside
// quotes. A cell is quoted when its first byte is the quote; it ends at the
// next quote that is not doubled. A quote anywhere else is a fault of its row
// and quotes nothing; so is text between a closing quote and the next delimiter.

// boundary is the end of the last whole row of b, which starts at a row; open
// is where a quote stands that b does not close, or -1.
func (d *csvDialect) boundary(b []byte) (end, open int) {
	i, end := 0, 0
	for {
		q := -1
		if d.quote != 0 {
			q = bytes.IndexByte(b[i:], d.quote)
		}
		if q < 0 {
			if j := bytes.LastIndexByte(b[i:], d.lineEnd); j >= 0 {
				end = i + j + 1
			}
			return end, -1
		}
		q += i
		if j := bytes.LastIndexByte(b[i:q], d.lineEnd); j >= 0 {
			end = i + j + 1
		}
		if q > 0 && b[q-1] != d.delimiter && b[q-1] != d.lineEnd {
			i = q + 1
			continue
		}
		if i = d.closing(b, q+1); i < 0 {
			return end, q
		}
	}
}

// closing is what follows the quote that closes the cell whose text starts at i, or -1.
func (d *csvDialect) closing(b []byte, i int) int {
	for {
		k := bytes.IndexByte(b[i:], d.quote)
		if k < 0 {
			return -1
		}
		if i += k + 1; i == len(b) || b[i] != d.quote {
			return i
		}
		i++
	}
}

// firstEnd is the end of the first row of b, or -1 where b does not hold it.
func (d *csvDialect) firstEnd(b []byte) int {
	for i := 0; ; i++ {
		if d.quote != 0 && i < len(b) && b[i] == d.quote {
			if i = d.closing(b, i+1); i < 0 {
				return -1
			}
		}
		if i = d.endOfCell(b, i); i == len(b) {
			return -1
		}
		if b[i] == d.lineEnd {
			return i + 1
		}
	}
}

// csvGrid takes a chunk apart.
type csvGrid struct {
	grid
	dialect *csvDialect
	header  [][]byte // rows that are no rows
}

// scan takes b, whole rows of which the first stands at line, apart.
func (g *csvGrid) scan(b []byte, line int64) {
	d := g.dialect
	marks := d.marks()
	known := 0 // CRs that are of a line end
	for pos := 0; pos < len(b); {
		row := gridRow{start: pos, line: line}
		first := len(g.cells)
		most, beyond := first+max(g.width, mostColumns), 0
		fault := 0 // the cell with a misplaced quote, from 1
		for more := true; more; {
			// the common cell, without quotes and not at the end of b
			if pos < len(b) && b[pos] != d.quote {
				if end := marks.next(b, pos); end < len(b) && b[end] == d.delimiter {
					if len(g.cells) > most { // it is counted and not kept
						g.cells = g.cells[:most]
						beyond++
					}
					g.cells = append(g.cells, cell{start: uint32(pos), end: uint32(end)})
					pos = end + 1
					continue
				}
			}
			var c cell
			c, pos, more = g.cell(b, pos, &line, &fault, len(g.cells)-first+beyond+1)
			if len(g.cells) > most {
				g.cells = g.cells[:most]
				beyond++
			}
			g.cells = append(g.cells, c)
		}
		row.end = pos
		if pos < len(b) {
			pos++
			line++
		}
		if row.end > row.start && d.lineEnd == '\n' && b[row.end-1] == '\r' {
			row.end--
			known++
		}
		n := len(g.cells) - first
		switch {
		case len(g.header) > 0 && slices.ContainsFunc(g.header, func(h []byte) bool { return bytes.Equal(h, b[row.start:row.end]) }):
		case fault > 0:
			g.reject(b, row, messages.CSVBadQuote.With("cell", fault))
		case n == 1 && row.start == row.end && g.width != 1, d.skipBlank && blank(g.cells[first:]):
		case g.width != 0 && n != g.width:
			g.reject(b, row, messages.CSVRagged.With("got", n+beyond, "wanted", g.width))
		default:
			g.rows = append(g.rows, row)
			continue
		}
		g.cells = g.cells[:first]
	}
	if other := d.otherEnd(); bytes.Count(b, []byte{other}) != known {
		g.refuseMixed(b, other)
	}
}

// otherEnd is the line end that the file does not use.
func (d *csvDialect) otherEnd() byte { return '\n' + '\r' - d.lineEnd }

// refuseMixed rejects the rows of which nobody can say whether the other line end
// is text or parts two rows: files that several programs wrote have such. Amid a row
// of as many cells as the file has columns it is text, for its halves would have less.
func (g *csvGrid) refuseMixed(b []byte, other byte) {
	w, kept := g.width, 0
	if w == 0 {
		return
	}
	for r, row := range g.rows {
		cells := g.cells[r*w : (r+1)*w]
		first, last := g.unquoted(b, cells[0]), g.unquoted(b, cells[w-1])
		if w == 1 && bytes.IndexByte(first, other) >= 0 || bytes.HasPrefix(first, []byte{other}) || bytes.HasSuffix(last, []byte{other}) {
			g.reject(b, row, messages.MisplacedLineEnd.With())
			continue
		}
		g.rows[kept] = row
		copy(g.cells[kept*w:(kept+1)*w], cells)
		kept++
	}
	g.rows, g.cells = g.rows[:kept], g.cells[:kept*w]
}

// unquoted is the text of a cell that is not in quotes, without what is trimmed.
func (g *csvGrid) unquoted(b []byte, c cell) []byte {
	switch text := b[c.start:c.end]; {
	case c.quoted:
		return nil
	case g.dialect.trim:
		return bytes.TrimFunc(text, isPadding)
	default:
		return text
	}
}

// cell reads the cell at pos. It gives the position of the delimiter's
// successor and true, or of the line end and false.
func (g *csvGrid) cell(b []byte, pos int, line *int64, fault *int, number int) (cell, int, bool) {
	d := g.dialect
	if d.quote == 0 || pos == len(b) || b[pos] != d.quote {
		end := d.marks().next(b, pos)
		if end < len(b) && b[end] == d.quote && d.quote != 0 {
			*fault = number
			end = d.endOfCell(b, end)
		}
		return cell{start: uint32(pos), end: uint32(d.trimCR(b, pos, end))}, d.after(b, end), end < len(b) && b[end] == d.delimiter
	}
	after := d.closing(b, pos+1)
	if after < 0 { // the chunker lets no such row through
		after = len(b)
		*fault = number
	}
	c := cell{start: uint32(pos + 1), end: uint32(max(after-1, pos+1)), quoted: true}
	text := b[c.start:c.end]
	*line += int64(bytes.Count(text, []byte{d.lineEnd}))
	if bytes.IndexByte(text, d.quote) >= 0 {
		c.kind = cellDoubled
	}
	end := d.endOfCell(b, after)
	if d.trimCR(b, after, end) != after {
		*fault = number
	}
	return c, d.after(b, end), end < len(b) && b[end] == d.delimiter
}

// after is where the next cell starts, or the line end.
func (d *csvDialect) after(b []byte, end int) int {
	if end < len(b) && b[end] == d.delimiter {
		return end + 1
	}
	return end
}

// trimCR is the end of a cell that ends at end: before the CR of a CRLF.
func (d *csvDialect) trimCR(b []byte, start, end int) int {
	if d.lineEnd == '\n' && end > start && b[end-1] == '\r' && (end == len(b) || b[end] == '\n') {
		return end - 1
	}
	return end
}

// endOfCell is the next delimiter or line end from pos on, whatever quotes stand before it.
func (d *csvDialect) endOfCell(b []byte, pos int) int {
	for pos < len(b) && b[pos] != d.delimiter && b[pos] != d.lineEnd {
		pos++
	}
	return pos
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// csvMarks are the three bytes that end an unquoted cell or do not belong in it,
// each eight times over.
type csvMarks struct{ delimiter, lineEnd, quote uint64 }

func (d *csvDialect) marks() csvMarks {
	m := csvMarks{uint64(d.delimiter) * ones, uint64(d.lineEnd) * ones, uint64(d.quote) * ones}
	if d.quote == 0 {
		m.quote = m.lineEnd
	}
	return m
}

// next is the next mark from pos on, eight bytes at a time: a byte of x that is
// zero is the lowest set bit of (x-ones)&^x&highs.
func (m csvMarks) next(b []byte, pos int) int {
	for ; pos+8 <= len(b); pos += 8 {
		v := uint64le(b[pos:])
		x, y, z := v^m.delimiter, v^m.lineEnd, v^m.quote
		if hit := ((x-ones)&^x | (y-ones)&^y | (z-ones)&^z) & highs; hit != 0 {
			return pos + bits.TrailingZeros64(hit)/8
		}
	}
	for ; pos < len(b); pos++ {
		if c := b[pos]; c == byte(m.delimiter) || c == byte(m.lineEnd) || c == byte(m.quote) {
			return pos
		}
	}
	return pos
}

func uint64le(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
