package format

import (
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// csvDecoder turns the bytes of one chunk into a batch. Its scratch can be used
// again for another chunk of the same file.
type csvDecoder struct {
	cellDecoder
	dialect *csvDialect
	offset  int64  // of b in the file
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
	scan := csvGrid{dialect: d.dialect, grid: d.grid}
	scan.reset(d.input, len(d.columns))
	scan.scan(d.b, line)
	d.grid, d.raw = scan.grid, d.b
	d.direct = d.clean && !d.form.trim && len(d.form.nulls) == 0
	if !d.clean {
		d.findUnreadable()
		d.leaveOut()
	}
	return d.batch()
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
