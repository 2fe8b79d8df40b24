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
	marks, cells := d.marks(), g.cells
	base, ahead := 0, marks.in(b, 0) // the marks from base on that are not passed yet
	known := 0                       // CRs that are of a line end
	for pos := 0; pos < len(b); {
		row := gridRow{start: pos, line: line}
		first := len(cells)
		most, beyond := first+max(g.width, mostColumns), 0
		fault := 0 // the cell with a misplaced quote, from 1
		for more := true; more; {
			for ahead == 0 && base < len(b) {
				base += marksAtOnce
				ahead = marks.in(b, base)
			}
			end := min(base+bits.TrailingZeros64(ahead), len(b))
			ahead &= ahead - 1
			c := cell{start: uint32(pos), end: uint32(end)}
			if end < len(b) && b[end] == d.delimiter {
				pos = end + 1
			} else {
				c, pos, more = g.cell(b, pos, end, &line, &fault, len(cells)-first+beyond+1)
				next := pos
				if !more {
					next++ // behind the line end
				}
				if n := next - base; n >= marksAtOnce {
					base, ahead = next, marks.in(b, next)
				} else if n > 0 {
					ahead &= ^uint64(0) << n
				}
			}
			if len(cells) > most { // it is counted and not kept
				cells = cells[:most]
				beyond++
			}
			cells = append(cells, c)
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
		n := len(cells) - first
		switch {
		case len(g.header) > 0 && slices.ContainsFunc(g.header, func(h []byte) bool { return bytes.Equal(h, b[row.start:row.end]) }):
		case fault > 0:
			g.reject(b, row, messages.CSVBadQuote.With("cell", fault))
		case n == 1 && row.start == row.end && g.width != 1, d.skipBlank && blank(cells[first:]):
		case g.width != 0 && n != g.width:
			g.reject(b, row, messages.CSVRagged.With("got", n+beyond, "wanted", g.width))
		default:
			g.rows = append(g.rows, row)
			continue
		}
		cells = cells[:first]
	}
	g.cells = cells
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

// cell reads the cell at pos, of which end is the first mark. It gives the position
// of the delimiter's successor and true, or of the line end and false.
func (g *csvGrid) cell(b []byte, pos, end int, line *int64, fault *int, number int) (cell, int, bool) {
	d := g.dialect
	if d.quote == 0 || pos == len(b) || b[pos] != d.quote {
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
	end = d.endOfCell(b, after)
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

// gatherBits brings the lowest bits of eight bytes into the highest byte of the
// product, in their order.
const gatherBits = 0x0102040810204080

// marksAtOnce is how many bytes are asked for marks at once: a bit for each.
const marksAtOnce = 64

// in says which of the bytes of b from at on are marks.
func (m csvMarks) in(b []byte, at int) (set uint64) {
	if at+marksAtOnce > len(b) {
		return m.inLast(b, at)
	}
	const low = ^uint64(highs)
	w := b[at : at+marksAtOnce : at+marksAtOnce]
	for i := 0; i < marksAtOnce; i += 8 {
		v := uint64le(w[i:])
		x, y, z := v^m.delimiter, v^m.lineEnd, v^m.quote
		// the high bit of a byte stays clear where one of them is zero; nothing carries
		other := (x&low + low | x) & (y&low + low | y) & (z&low + low | z)
		set |= (^other & highs) >> 7 * gatherBits >> 56 << i
	}
	return set
}

// inLast is in where less than so many bytes are left.
func (m csvMarks) inLast(b []byte, at int) uint64 {
	if at >= len(b) {
		return 0
	}
	var room [marksAtOnce]byte
	n := copy(room[:], b[at:])
	return m.in(room[:], 0) & (1<<n - 1)
}

func uint64le(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
