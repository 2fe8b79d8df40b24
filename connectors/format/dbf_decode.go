package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// dbfDecoder turns records into a batch. Its scratch can be used again for other
// records of the same table.
type dbfDecoder struct {
	cellDecoder
	table   *dbfTable
	scratch []byte
	plain   bool // the record is ASCII without NUL
	strange bool // a byte was no text
}

// dbfScratch is the most memory of a chunk that is used again.
const dbfScratch = 4 * dbfChunkSize

// decode makes a batch of the records. Most cells are text as it stands in them; what
// has to be written anew comes behind all records.
func (d *dbfDecoder) decode(c *dbfChunk) (pipelines.Batch, error) {
	s := c.chunks
	d.table, d.form, d.columns, d.schema, d.mem = s.table, &s.form, s.columns, s.schema, s.env.Allocator
	d.begin(s.in.Name, len(s.columns))
	d.bad, d.failed, d.strange = d.bad[:0], d.failed[:0], false
	d.raw, d.b = c.bytes, c.bytes
	if c.buffer == nil {
		d.b = slices.Clip(c.bytes)
	}
	plain := isPlainText(c.bytes)
	d.direct = !d.form.trim && len(d.form.nulls) == 0
	size, memos := s.table.record, s.table.memos
	for at, n := 0, 0; at < len(c.bytes); at, n = at+size, n+1 {
		row := gridRow{start: at, end: at + size, line: c.first + int64(n) + 1}
		switch c.bytes[at] {
		case ' ':
			d.grid.rows = append(d.grid.rows, row)
			d.plain = plain || isPlainText(c.bytes[at:at+size])
			d.record(c.bytes[at:at+size], at, c.long[n*memos:(n+1)*memos])
		case '*':
			c.skipped++
		default:
			d.grid.reject(d.raw, row, messages.DBFMark.With())
		}
	}
	if d.strange && s.table.encoding == asciiOnly {
		return pipelines.Batch{}, s.noCodePage(s.in, s.table.mark)
	}
	d.leaveOut()
	batch := d.batch()
	if c.buffer != nil && cap(d.b) <= dbfScratch {
		*c.buffer = d.b // which may have grown
	}
	return batch, nil
}

func (t *dbfTable) isNull(record []byte, f *dbfField) bool {
	return f.null >= 0 && t.bit(record, f.null)
}

func (t *dbfTable) bit(record []byte, bit int) bool {
	return record[t.nulls.start+bit/8]>>(bit%8)&1 != 0
}

// record adds the cells of the record that stands at that place.
func (d *dbfDecoder) record(record []byte, at int, long []dbfLong) {
	for i := range d.table.fields {
		f := &d.table.fields[i]
		if d.table.isNull(record, f) {
			d.add(cellAbsent, nil)
			continue
		}
		from, to := f.start, f.start+f.size
		switch f.kind {
		case 'C':
			for to > from && isFilling(record[to-1]) {
				to--
			}
			d.stands(i, cellText, at+from, at+to)
		case 'V':
			if f.full >= 0 && d.table.bit(record, f.full) {
				if n := int(record[to-1]); n < f.size {
					to = from + n
				} else {
					d.lose(i, messages.DBFMark)
				}
			}
			d.stands(i, cellText, at+from, at+to)
		case 'M':
			m := long[f.memo]
			if m.lost {
				d.lose(i, messages.DBFMemoLost)
			}
			d.text(i, m.text)
		case 'N', 'F', 'D':
			for from < to && isFilling(record[from]) {
				from++
			}
			for to > from && isFilling(record[to-1]) {
				to--
			}
			if f.kind == 'D' {
				d.day(i, record[from:to], at+from)
			} else {
				d.number(i, record[from:to], at+from)
			}
		case 'L':
			d.truth(i, record[from], at+from)
		default:
			d.binary(f.kind, record[from:to])
		}
	}
}

// isFilling says whether a byte fills up a field.
func isFilling(c byte) bool { return c == ' ' || c == 0 }

// lose rejects the row in the making because of its column i.
func (d *dbfDecoder) lose(i int, why *messages.Message) {
	d.fail(len(d.grid.rows)-1, i, why.With())
}

// stands adds a cell that stands in its record.
func (d *dbfDecoder) stands(i int, kind cellKind, from, to int) {
	if d.plain || isPlainText(d.b[from:to]) {
		d.grid.cells = append(d.grid.cells, cell{start: uint32(from), end: uint32(to), kind: kind})
		return
	}
	d.text(i, d.b[from:to])
}

// text adds a cell of text in the table's encoding.
func (d *dbfDecoder) text(i int, b []byte) {
	if isPlainText(b) {
		d.add(cellText, b)
		return
	}
	e := d.table.encoding
	if j := e.unreadable(b); j >= 0 {
		d.strange = d.strange || b[j] >= 0x80
		d.fail(len(d.grid.rows)-1, i, messages.DBFUnreadable.With("cell", i+1))
		d.add(cellAbsent, nil)
		return
	}
	at := len(d.b)
	d.b = e.appendText(d.b, b)
	d.grid.cells = append(d.grid.cells, cell{start: uint32(at), end: uint32(len(d.b))})
}

// number adds what stands in a field of numbers, from there on.
func (d *dbfDecoder) number(i int, b []byte, from int) {
	switch {
	case len(b) == 0:
		d.add(cellAbsent, nil)
	case isNumber(b):
		d.grid.cells = append(d.grid.cells, cell{start: uint32(from), end: uint32(from + len(b)), kind: cellNumber})
	case len(bytes.Trim(b, "*")) == 0:
		d.lose(i, messages.DBFOverflow)
		d.add(cellAbsent, nil)
	default:
		d.stands(i, cellText, from, from+len(b))
	}
}

// isNumber says whether b is [sign]digits[.digits][e[sign]digits].
func isNumber(b []byte) bool {
	i, digits := 0, 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	for point := false; i < len(b); i++ {
		if b[i]-'0' <= 9 {
			digits++
		} else if b[i] == '.' && !point {
			point = true
		} else {
			break
		}
	}
	if digits == 0 || i == len(b) {
		return digits > 0
	}
	if b[i]|0x20 != 'e' {
		return false
	}
	if i++; i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i == len(b) && i > start
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func allZeros(b []byte) bool {
	for _, c := range b {
		if c != '0' {
			return false
		}
	}
	return true
}

// day adds what stands in a field of days, from there on.
func (d *dbfDecoder) day(i int, b []byte, from int) {
	switch {
	case allZeros(b):
		d.add(cellAbsent, nil)
	case len(b) == 8 && allDigits(b):
		at := len(d.b)
		d.b = append(d.b, b[0], b[1], b[2], b[3], '-', b[4], b[5], '-', b[6], b[7])
		d.grid.cells = append(d.grid.cells, cell{start: uint32(at), end: uint32(len(d.b)), kind: cellISO})
	default:
		d.stands(i, cellText, from, from+len(b))
	}
}

func (d *dbfDecoder) truth(i int, b byte, from int) {
	switch b {
	case 'T', 't', 'Y', 'y':
		d.add(cellBool, []byte("true"))
	case 'F', 'f', 'N', 'n':
		d.add(cellBool, []byte("false"))
	case ' ', '?', 0:
		d.add(cellAbsent, nil)
	default:
		d.stands(i, cellText, from, from+1)
	}
}

// binary adds a cell of the types that are no text.
func (d *dbfDecoder) binary(kind byte, b []byte) {
	switch kind {
	case 'I', '+':
		v := int32(binary.LittleEndian.Uint32(b))
		if d.table.level7 { // the leftmost bit is 0 for what is negative
			v = int32(binary.BigEndian.Uint32(b) ^ 1<<31)
		}
		d.scratch = strconv.AppendInt(d.scratch[:0], int64(v), 10)
		d.add(cellNumber, d.scratch)
	case 'B':
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			d.add(cellFault, []byte("#NUM!"))
			return
		}
		d.scratch = scalar.AppendFloat64(d.scratch[:0], v)
		d.add(cellFloat, d.scratch)
	case 'Y':
		v := int64(binary.LittleEndian.Uint64(b))
		u := uint64(v)
		d.scratch = d.scratch[:0]
		if v < 0 {
			d.scratch, u = append(d.scratch, '-'), -u
		}
		d.scratch = strconv.AppendUint(d.scratch, u/10000, 10)
		d.scratch = appendWidth(append(d.scratch, '.'), int64(u%10000), 4)
		d.add(cellNumber, d.scratch)
	case 'T':
		d.instant(int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:])))
	}
}

// instant adds a day of the Julian calendar and the milliseconds in it.
func (d *dbfDecoder) instant(day, millis int64) {
	const epoch = 2440588 // 1970-01-01
	if day == 0 && millis == 0 || day == 0x20202020 {
		d.add(cellAbsent, nil)
		return
	}
	if day -= epoch; day < firstDay || day > lastDay || millis < 0 || millis >= 86400e3 {
		d.add(cellFault, []byte("#NUM!"))
		return
	}
	d.scratch = append(scalar.DateFormat{}.Append(d.scratch[:0], arrow.Date32(day)), 'T')
	d.scratch = appendWidth(d.scratch, millis/3600e3, 2)
	d.scratch = appendWidth(append(d.scratch, ':'), millis/60e3%60, 2)
	d.scratch = appendWidth(append(d.scratch, ':'), millis/1000%60, 2)
	if millis%1000 != 0 {
		d.scratch = appendWidth(append(d.scratch, '.'), millis%1000, 3)
	}
	d.add(cellISO, d.scratch)
}
