package format

import (
	"slices"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// csvDecoder turns the bytes of one chunk into a batch. Its scratch can be used
// again for another chunk of the same file.
type csvDecoder struct {
	cellDecoder
	dialect *csvDialect
	header  [][]byte // rows that are left out where they come again
	offset  int64    // of b in the file
	footer  int      // rows at the end of b that are none
	whole   []byte   // b as UTF-8, where that is not what b is
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
	d.scan(line)
	d.direct = d.clean && !d.form.trim && len(d.form.nulls) == 0
	if !d.clean {
		d.findUnreadable()
		d.leaveOut()
	}
	if d.footer > 0 {
		d.cutFooter(d.footer)
	}
	return d.batch()
}

// scan takes d.b apart.
func (d *csvDecoder) scan(line int64) {
	g := csvGrid{dialect: d.dialect, grid: d.grid, header: d.header}
	g.reset(d.input, len(d.columns))
	g.scan(d.b, line)
	d.grid, d.raw = g.grid, d.b
}

// findUnreadable rejects the rows in which a byte is no text, so that no cell
// need be asked again; or reads them in the encoding that the pipeline file
// declares for them.
func (d *csvDecoder) findUnreadable() {
	if d.encoding.unreadable(d.b) < 0 && d.encoding.table != nil {
		return
	}
	w := d.grid.width
	for r := range d.grid.rows {
		cells := d.grid.cells[r*w : (r+1)*w]
		for c, cell := range cells {
			i := d.encoding.unreadable(d.b[cell.start:cell.end])
			if i < 0 {
				continue
			}
			if row := d.grid.rows[r]; !d.repair(d.raw[row.start:row.end], cells) {
				at := d.offset + d.encoding.rawLen(d.raw[:int(cell.start)+i]) + 1
				d.fail(r, c, messages.CSVUnreadableByte.With("byte", at, "cell", c+1, "encoding", d.dialect.encodingName))
			}
			break
		}
	}
}

// repair reads the cells of a row in the encoding of rows that are not UTF-8,
// and puts their text behind all others. Where the row has characters that are
// UTF-8 nobody can say which the others are.
func (d *csvDecoder) repair(row []byte, cells []cell) bool {
	e := d.dialect.repair
	if e == nil || e.unreadable(row) >= 0 {
		return false
	}
	for b := row; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if n > 1 && r != utf8.RuneError {
			return false
		}
		b = b[n:]
	}
	if len(d.b) == len(d.raw) { // the first one: raw stays as it is
		d.whole = append(d.whole[:0], d.raw...)
	}
	for i, c := range cells {
		at := len(d.whole)
		d.whole = e.appendText(d.whole, d.raw[c.start:c.end])
		cells[i].start, cells[i].end = uint32(at), uint32(len(d.whole))
	}
	d.b = d.whole
	return true
}

// cutFooter leaves out the last n rows, read or rejected.
func (d *csvDecoder) cutFooter(n int) {
	g := &d.grid
	for ; n > 0 && len(g.rows)+len(g.rejects) > 0; n-- {
		last := len(g.rejects) - 1
		for i := range g.rejects { // in the order in which they were found
			if g.rejects[i].Line > g.rejects[max(last, 0)].Line {
				last = i
			}
		}
		if k := len(g.rows) - 1; last < 0 || k >= 0 && g.rows[k].line >= g.rejects[last].Line {
			g.rows, g.cells = g.rows[:k], g.cells[:k*g.width]
		} else {
			g.rejects = slices.Delete(g.rejects, last, last+1)
		}
	}
}
