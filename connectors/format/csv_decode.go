package format

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// csvDecoder turns the bytes of one chunk into a batch. Its scratch can be used
// again for another chunk of the same file.
type csvDecoder struct {
	dialect *csvDialect
	columns []csvColumn
	schema  *arrow.Schema
	mem     memory.Allocator
	input   string
	offset  int64 // of b in the file
	b       []byte

	grid    csvGrid
	clean   bool // b is text that needs no transcoding
	direct  bool // and cells are what stands there
	bad     []pipelines.Reject
	badRow  []int
	single  []byte // a cell with its doubled quotes made one
	decoded []byte // a cell as UTF-8
	texts   []byte // a column's texts
	whole   []byte // b as UTF-8, where that is not what b is
}

func (d *csvDecoder) decode(line int64) pipelines.Batch {
	d.clean = d.dialect.encoding.clean(d.b)
	if !d.clean && d.dialect.encoding.table != nil {
		if batch, ok := d.transcoded(line); ok {
			return batch
		}
	}
	return d.rows(line)
}

// transcoded decodes the chunk as a whole to UTF-8 before it is taken apart, which
// is right because all that structures it is ASCII. ok is false when a row has to
// be rejected: then the bytes as they stood are needed.
func (d *csvDecoder) transcoded(line int64) (pipelines.Batch, bool) {
	raw := d.b
	var ok bool
	if d.whole, ok = d.dialect.encoding.appendAll(d.whole[:0], raw); !ok {
		return pipelines.Batch{}, false
	}
	d.b, d.clean = d.whole, true
	batch := d.rows(line)
	if len(batch.Rejects) > 0 {
		batch.Release()
		d.b, d.clean = raw, false
		return pipelines.Batch{}, false
	}
	return batch, true
}

// rows takes d.b apart and makes a batch of it.
func (d *csvDecoder) rows(line int64) pipelines.Batch {
	d.grid = csvGrid{dialect: d.dialect, width: len(d.columns), input: d.input,
		cells: d.grid.cells[:0], rows: d.grid.rows[:0]}
	d.grid.scan(d.b, line)
	d.direct = d.clean && !d.dialect.trim && len(d.dialect.nulls) == 0
	if !d.clean {
		d.findUnreadable()
		d.leaveOut()
	}
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

// findUnreadable rejects the rows in which a byte is no text, so that no cell
// need be asked again.
func (d *csvDecoder) findUnreadable() {
	if d.dialect.encoding.unreadable(d.b) < 0 && d.dialect.encoding.table != nil {
		return
	}
	w := d.grid.width
	for r := range d.grid.rows {
		for c, cell := range d.grid.cells[r*w : (r+1)*w] {
			if i := d.dialect.encoding.unreadable(d.b[cell.start:cell.end]); i >= 0 {
				at := d.offset + d.dialect.encoding.rawLen(d.b[:int(cell.start)+i]) + 1
				d.fail(r, c, messages.CSVUnreadableByte.With("byte", at, "cell", c+1, "encoding", d.dialect.encodingName))
				break
			}
		}
	}
}

// fail rejects row r because of its column c, unless an earlier column did.
func (d *csvDecoder) fail(r, c int, why *messages.Error) {
	i, found := slices.BinarySearch(d.badRow, r)
	if found {
		return
	}
	row := d.grid.rows[r]
	d.badRow = slices.Insert(d.badRow, i, r)
	d.bad = slices.Insert(d.bad, i, pipelines.Reject{Place: pipelines.Place{Input: d.input, Line: row.line},
		Column: d.columns[c].Name, Why: why, Raw: bytes.Clone(d.b[row.start:row.end])})
}

// leaveOut takes the failed rows out of the grid.
func (d *csvDecoder) leaveOut() {
	if len(d.badRow) == 0 {
		return
	}
	g, w, kept, next := &d.grid, d.grid.width, 0, 0
	for r := range g.rows {
		if next < len(d.badRow) && d.badRow[next] == r {
			next++
			continue
		}
		g.rows[kept] = g.rows[r]
		copy(g.cells[kept*w:(kept+1)*w], g.cells[r*w:(r+1)*w])
		kept++
	}
	g.rows, g.cells = g.rows[:kept], g.cells[:kept*w]
	g.rejects = append(g.rejects, d.bad...)
	d.bad, d.badRow = d.bad[:0], d.badRow[:0]
}

// text is the cell of row r in column c as UTF-8, good until the next call;
// false when it stands for null.
func (d *csvDecoder) text(r, c int) ([]byte, bool) {
	cell := &d.grid.cells[r*d.grid.width+c]
	raw := d.b[cell.start:cell.end]
	if d.direct && !cell.doubled && len(raw) > 0 {
		return raw, true
	}
	return d.closerText(raw, *cell)
}

func (d *csvDecoder) closerText(raw []byte, cell csvCell) ([]byte, bool) {
	dl := d.dialect
	b := d.plain(raw, cell)
	if dl.trim {
		b = bytes.TrimFunc(b, isPadding)
	}
	if len(b) == 0 {
		return b, !dl.emptyIsNull || dl.own && cell.quoted
	}
	for _, n := range dl.nulls {
		if string(b) == n {
			return nil, false
		}
	}
	return b, true
}

// plain is a cell's bytes as UTF-8, with its doubled quotes made one.
func (d *csvDecoder) plain(raw []byte, cell csvCell) []byte {
	if cell.doubled {
		u := d.single[:0]
		for i := 0; i < len(raw); i++ {
			u = append(u, raw[i])
			if raw[i] == d.dialect.quote {
				i++
			}
		}
		d.single, raw = u, u
	}
	if d.clean || d.dialect.encoding.table == nil || isASCII(raw) {
		return raw
	}
	d.decoded = d.dialect.encoding.appendText(d.decoded[:0], raw)
	return d.decoded
}
