package format

import (
	"bytes"
	"math/bits"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// treeRecords takes the records of a chunk apart. Its scratch can be used again
// for another chunk of the same file.
type treeRecords interface {
	decode(c *treeChunk) (pipelines.Batch, error)
}

// treeDecoder is what the decoders of all trees share: a row in the making, whose
// cells stand in the chunk itself or, where they are not as they stand, behind it.
type treeDecoder struct {
	cellDecoder
	cols     []treeColumn
	chunk    *treeChunk
	src      []byte // the chunk; d.b goes on behind it
	row      []cell
	items    [][]cell // of columns that take several
	why      *messages.Error
	column   string
	outerOf  [][]int // for each kind of record and slot, the column it fills or -1
	nullText func([]byte) bool

	counted int // src up to here
	line    int64
	outer   int32  // whose cells are in outerRow
	moved   []cell // the values of d.outer, in d.b
}

func newTreeDecoder(env pipelines.Env, form *cellForm, cols []treeColumn) treeDecoder {
	d := treeDecoder{cols: cols, row: make([]cell, len(cols)), items: make([][]cell, len(cols)), nullText: form.isNull}
	d.form, d.columns, d.mem = form, cellColumnsOf(cols), env.Allocator
	d.schema = schemaOf(d.columns)
	return d
}

// isNull says whether a text stands for null.
func (f *cellForm) isNull(text []byte) bool {
	if f.trim {
		text = bytes.TrimFunc(text, isPadding)
	}
	if len(text) == 0 {
		return f.emptyIsNull
	}
	for _, n := range f.nulls {
		if string(text) == n {
			return true
		}
	}
	return false
}

// start is called with every chunk.
func (d *treeDecoder) start(c *treeChunk) {
	d.begin(c.of.in.Name, len(d.cols))
	d.chunk, d.src, d.b, d.raw = c, c.bytes, c.bytes, c.bytes
	d.direct = !d.form.trim && len(d.form.nulls) == 0
	d.counted, d.line, d.outer = 0, c.line, -1
}

// end gives the batch; what was put behind the chunk stays with its buffer.
func (d *treeDecoder) end() pipelines.Batch {
	b := d.batch()
	d.leave()
	return b
}

// leave gives the chunk back its buffer.
func (d *treeDecoder) leave() {
	d.chunk.bytes = d.b[:0]
	d.chunk, d.src, d.b, d.raw = nil, nil, nil, nil
}

// lineAt is the line of src[at], at never going back.
func (d *treeDecoder) lineAt(at int) int64 {
	d.line += int64(bytes.Count(d.src[d.counted:at], []byte{'\n'}))
	d.counted = at
	return d.line
}

// clear begins a row.
func (d *treeDecoder) clear() {
	for i := range d.row {
		d.row[i] = cell{kind: cellAbsent}
		if len(d.items[i]) > 0 {
			d.items[i] = d.items[i][:0]
		}
	}
	d.why, d.column = nil, ""
}

// refuse rejects the record, unless something else did.
func (d *treeDecoder) refuse(col int, why *messages.Error) {
	if d.why == nil {
		if d.why = why; col >= 0 {
			d.column = d.cols[col].Name
		}
	}
}

// put gives a column a value.
func (d *treeDecoder) put(col int, c cell) {
	if d.cols[col].take != takeOne {
		d.items[col] = append(d.items[col], c)
		return
	}
	if d.row[col].kind != cellAbsent {
		d.refuse(col, messages.TreeRepeated.With())
	}
	d.row[col] = c
}

// fillOuter gives the row the values that stood before the record.
func (d *treeDecoder) fillOuter(r *treeRecord) {
	if r.outer < 0 {
		return
	}
	of := d.outerOf[r.kind]
	n := len(of)
	if d.outer != r.outer {
		d.outer, d.moved = r.outer, d.moved[:0]
		for _, v := range d.chunk.outer[int(r.outer)*n : (int(r.outer)+1)*n] {
			at := uint32(len(d.b))
			d.b = append(d.b, d.chunk.outerText[v.start:v.end]...)
			if v.kind == cellList {
				d.b = append(d.b, ']')
			}
			v.start, v.end = at, uint32(len(d.b))
			d.moved = append(d.moved, v)
		}
	}
	for slot, col := range of {
		if col < 0 {
			continue
		}
		v := d.moved[slot]
		if v.quoted {
			v.quoted = false
			d.refuse(col, messages.TreeRepeated.With())
		}
		d.row[col] = v
	}
}

// gather makes one cell of the values of each column that takes several.
func (d *treeDecoder) gather() {
	for col := range d.cols {
		items := d.items[col]
		if len(items) == 0 {
			continue
		}
		at := uint32(len(d.b))
		kind := cellText
		if d.cols[col].take == takeList {
			kind = cellList
			for _, it := range items {
				d.b = appendListItem(d.b, int(at), d.b[it.start:it.end], d.nullText)
			}
			d.b = append(d.b, ']')
		} else {
			for i, it := range items {
				if i > 0 {
					d.b = append(d.b, d.cols[col].join...)
				}
				d.b = append(d.b, d.b[it.start:it.end]...)
			}
		}
		d.row[col] = cell{start: at, end: uint32(len(d.b)), kind: kind}
	}
}

// emit adds the row to the grid, or what rejects its record to the rejects.
func (d *treeDecoder) emit(r *treeRecord, line int64) {
	if d.why != nil {
		d.grid.rejects = append(d.grid.rejects, pipelines.Reject{Place: pipelines.Place{Input: d.input, Line: line},
			Column: d.column, Why: d.why, Raw: bytes.Clone(d.src[r.start:r.end])})
		return
	}
	d.grid.cells = append(d.grid.cells, d.row...)
	d.grid.rows = append(d.grid.rows, gridRow{start: int(r.start), end: int(r.end), line: line})
}

// appendListItem appends an item to the list that begins at dst[at], as JSON without its end.
func appendListItem(dst []byte, at int, text []byte, isNull func([]byte) bool) []byte {
	if len(dst) == at {
		dst = append(dst, '[')
	} else {
		dst = append(dst, ',')
	}
	if isNull(text) {
		return append(dst, "null"...)
	}
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// onlyText says whether b is text in the encoding without characters that XML
// forbids (XML 1.0, production 2): controls but tab and line ends, U+FFFE, U+FFFF.
func onlyText(b []byte, e *csvEncoding) bool {
	if controls(b) != bytes.Count(b, []byte{'\n'})+bytes.Count(b, []byte{'\r'})+bytes.Count(b, []byte{'\t'}) {
		return false
	}
	if isASCII(b) {
		return true
	}
	if e.table != nil {
		return e.unreadable(b) < 0
	}
	return arrowx.ValidUTF8(b) && !bytes.Contains(b, []byte("\uFFFE")) && !bytes.Contains(b, []byte("\uFFFF"))
}

// controls counts the bytes below a space.
func controls(b []byte) (n int) {
	for len(b) >= 8 {
		v := uint64le(b)
		n += bits.OnesCount64(^((v&^uint64(highs) + 0x60*ones) | v) & highs)
		b = b[8:]
	}
	for _, c := range b {
		if c < ' ' {
			n++
		}
	}
	return n
}
