package format

import (
	"bytes"
	"encoding/json"
	"math"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// build makes an array of every column. Cells that do not parse are null there
// and their rows fail.
func (d *cellDecoder) build() []arrow.Array {
	cols := make([]arrow.Array, len(d.columns))
	for c := range d.columns {
		cols[c] = d.column(c)
	}
	return cols
}

func (d *cellDecoder) column(c int) arrow.Array {
	col, num := &d.columns[c], d.form.numbers
	switch t := col.Type.(type) {
	case *arrow.StringType:
		return d.textColumn(c)
	case *arrow.BooleanType:
		return d.boolColumn(c)
	case *arrow.ListType:
		return d.listColumn(c)
	case *arrow.NullType:
		for r := range d.grid.rows {
			if _, ok := d.text(r, c); ok {
				d.failAs(r, c, messages.CSVBadNull)
			}
		}
		return array.NewNull(len(d.grid.rows))
	case *arrow.Int32Type:
		return fixedColumn(d, c, func(b []byte) (int32, *messages.Message) {
			v, why := num.ParseInt64(b)
			if why == nil && (v < math.MinInt32 || v > math.MaxInt32) {
				why = messages.Overflow
			}
			return int32(v), why
		}, nativeInt32)
	case *arrow.Int64Type:
		return fixedColumn(d, c, num.ParseInt64, nativeInt64)
	case *arrow.Float64Type:
		return fixedColumn(d, c, d.parseFloat, nativeFloat64)
	case *arrow.Decimal128Type:
		return fixedColumn(d, c, func(b []byte) (decimal128.Num, *messages.Message) {
			return num.ParseDecimal(b, t.Precision, t.Scale)
		}, func(kind cellKind, b []byte) (decimal128.Num, *messages.Message) {
			return nativeDecimal(kind, b, t.Precision, t.Scale)
		})
	case *arrow.Date32Type:
		parse := col.date.Parse
		if col.date.ISO() {
			parse = scalar.ParseDay
		}
		return fixedColumn(d, c, parse, d.nativeDate)
	case *arrow.TimestampType:
		return fixedColumn(d, c, col.instant.Parse, func(kind cellKind, b []byte) (arrow.Timestamp, *messages.Message) {
			return d.nativeInstant(col, kind, b)
		})
	}
	panic("format: a column cannot be " + col.Type.String())
}

func (d *cellDecoder) parseFloat(b []byte) (float64, *messages.Message) {
	if d.form.own {
		switch string(b) {
		case "NaN":
			return math.NaN(), nil
		case "Inf":
			return math.Inf(1), nil
		case "-Inf":
			return math.Inf(-1), nil
		}
	}
	return d.form.numbers.ParseFloat64(b)
}

func (d *cellDecoder) failAs(r, c int, why *messages.Message) {
	col := &d.columns[c]
	d.fail(r, c, why.With("type", col.ColumnType.Name(), "format", col.format(), "zone", col.Zone))
}

type fixedWidth interface {
	int32 | int64 | float64 | arrow.Date32 | arrow.Timestamp | decimal128.Num
}

// fixedColumn reads text with parse, and other cells with native.
func fixedColumn[T fixedWidth](d *cellDecoder, c int, parse func([]byte) (T, *messages.Message),
	native func(cellKind, []byte) (T, *messages.Message)) arrow.Array {
	n := len(d.grid.rows)
	var zero T
	values := d.buffer(n * int(unsafe.Sizeof(zero)))
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values.Bytes()))), n)
	valid := d.newValidity(n)
	cells, width, direct, absent, eight := d.grid.cells, d.grid.width, d.direct, d.emptyIsAbsent(), byte(0)
	for r := range out {
		cell := &cells[r*width+c]
		b := d.b[cell.start:cell.end]
		var v T
		var why *messages.Message
		ok := true
		if direct && cell.kind == cellText && len(b) > 0 { // what d.text does, in place
			v, why = parse(b)
		} else if absent && cell.kind == cellText && len(b) == 0 {
			ok = false
		} else {
			var text []byte
			text, ok = d.closerText(b, *cell)
			switch {
			case !ok:
			case cell.kind == cellFault:
				why = messages.CellFault
			case cell.kind > cellDoubled:
				v, why = native(cell.kind, text)
			default:
				v, why = parse(text)
			}
		}
		if why != nil {
			v, ok = zero, false
			d.failAs(r, c, why)
		}
		out[r] = v
		if eight |= bit(ok) << (r % 8); r%8 == 7 {
			valid.bits[r/8], eight = eight, 0
		}
	}
	valid.end(n, eight)
	return d.array(c, n, valid, values)
}

func (d *cellDecoder) boolColumn(c int) arrow.Array {
	n := len(d.grid.rows)
	values := d.buffer(int(bitutil.BytesForBits(int64(n))))
	clear(values.Bytes())
	valid := d.newValidity(n)
	for r := range n {
		b, ok := d.text(r, c)
		if !ok {
			continue
		}
		var v bool
		var why *messages.Message
		switch kind := d.kind(r, c); {
		case kind == cellFault:
			why = messages.CellFault
		case kind > cellDoubled:
			v, why = nativeBool(kind, b)
		default:
			v, why = d.parseBool(b)
		}
		if why != nil {
			d.failAs(r, c, why)
			continue
		}
		if v {
			bitutil.SetBit(values.Bytes(), r)
		}
		valid.set(r)
	}
	return d.array(c, n, valid, values)
}

func (d *cellDecoder) kind(r, c int) cellKind { return d.grid.cells[r*d.grid.width+c].kind }

func (d *cellDecoder) parseBool(b []byte) (bool, *messages.Message) {
	if len(d.form.trueWords) == 0 {
		return scalar.ParseBool(b)
	}
	for _, w := range d.form.trueWords {
		if string(b) == w {
			return true, nil
		}
	}
	for _, w := range d.form.falseWords {
		if string(b) == w {
			return false, nil
		}
	}
	return false, messages.BadBoolean
}

func (d *cellDecoder) textColumn(c int) arrow.Array {
	n := len(d.grid.rows)
	offsets := d.buffer(4 * (n + 1))
	at := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	valid := d.newValidity(n)
	at[0] = 0
	code := d.columns[c].Code
	if d.direct && !d.form.guarded && code == "" {
		data := d.directTexts(c, at, valid)
		d.lost(c, at, data.Bytes())
		return d.array(c, n, valid, offsets, data)
	}
	texts := d.texts[:0]
	for r := range n {
		b, ok := d.text(r, c)
		if kind := d.kind(r, c); ok && kind > cellDoubled {
			if why := nativeText(&d.columns[c], kind); why != nil {
				d.failAs(r, c, why)
				ok = false
			}
		}
		if ok && code != "" {
			if why := scalar.CheckCode(code, b); why != nil {
				d.failAs(r, c, why)
				ok = false
			}
		}
		if ok {
			if d.form.guarded && len(b) > 0 && b[0] == '\'' {
				b = b[1:]
			}
			texts = append(texts, b...)
			valid.set(r)
		}
		at[r+1] = int32(len(texts))
	}
	d.texts = texts
	d.lost(c, at, texts)
	data := d.buffer(len(texts))
	copy(data.Bytes(), texts)
	return d.array(c, n, valid, offsets, data)
}

// lost rejects rows whose text has U+FFFD, which a program puts where it could not
// read a letter: what stood there is not in the file any more. In files of our own
// it is what was published.
func (d *cellDecoder) lost(c int, at []int32, texts []byte) {
	if d.form.own || !bytes.Contains(texts, lostLetter) {
		return
	}
	for r, end := range at[1:] {
		if bytes.Contains(texts[at[r]:end], lostLetter) {
			d.failAs(r, c, messages.CellLost)
		}
	}
}

var lostLetter = []byte("\uFFFD")

// directTexts copies cells that are as they stand, but for doubled quotes, to
// where they stay. at gets where they end.
func (d *cellDecoder) directTexts(c int, at []int32, valid *validity) *memory.Buffer {
	cells, width, b := d.grid.cells, d.grid.width, d.b
	room := shortText
	for i := c; i < len(cells); i += width {
		room += int(cells[i].end - cells[i].start)
	}
	data := d.buffer(room)
	texts, end, eight := data.Bytes(), 0, byte(0)
	absent := d.emptyIsAbsent()
	for r := range at[1:] {
		cell := &cells[r*width+c]
		start, n, ok := int(cell.start), int(cell.end-cell.start), true
		switch {
		case cell.kind == cellText && n > 0 && n <= shortText && start+shortText <= len(b):
			*(*[shortText]byte)(texts[end:]) = *(*[shortText]byte)(b[start:])
			end += n
		case cell.kind == cellText && n > 0:
			end += copy(texts[end:], b[start:start+n])
		case cell.kind == cellText && absent:
			ok = false
		default:
			var text []byte
			text, ok = d.closerText(b[start:start+n], *cell)
			if ok && cell.kind > cellDoubled {
				if why := nativeText(&d.columns[c], cell.kind); why != nil {
					d.failAs(r, c, why)
					ok = false
				}
			}
			if ok {
				end += copy(texts[end:], text)
			}
		}
		at[r+1] = int32(end)
		if eight |= bit(ok) << (r % 8); r%8 == 7 {
			valid.bits[r/8], eight = eight, 0
		}
	}
	valid.end(len(at)-1, eight)
	clear(texts[end:min(end+shortText, len(texts))])
	data.Resize(end)
	return data
}

// emptyIsAbsent says whether an empty cell is null, in quotes or not.
func (d *cellDecoder) emptyIsAbsent() bool { return d.form.emptyIsNull && !d.form.own }

// shortText is how many bytes are copied at once where a text is no longer; what
// is too much is overwritten by the next.
const shortText = 32

func (d *cellDecoder) listColumn(c int) arrow.Array {
	list := array.NewListBuilder(d.mem, arrow.BinaryTypes.String)
	defer list.Release()
	items := list.ValueBuilder().(*array.StringBuilder)
	for r := range d.grid.rows {
		b, ok := d.text(r, c)
		if !ok {
			list.AppendNull()
			continue
		}
		if d.kind(r, c) == cellFault {
			d.failAs(r, c, messages.CellFault)
			list.AppendNull()
			continue
		}
		texts, ok := parseTexts(b)
		if !ok {
			d.failAs(r, c, messages.CSVBadList)
			list.AppendNull()
			continue
		}
		list.Append(true)
		for _, t := range texts {
			if t == nil {
				items.AppendNull()
			} else {
				items.Append(*t)
			}
		}
	}
	return list.NewArray()
}

// parseTexts reads a JSON array of texts and nulls. An escape that is no
// character is refused, where the library would replace it.
func parseTexts(b []byte) ([]*string, bool) {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '[' {
		return nil, false
	}
	var texts []*string
	if err := json.Unmarshal(b, &texts); err != nil {
		return nil, false
	}
	const replaced = "\uFFFD"
	for _, t := range texts {
		if t != nil && strings.Contains(*t, replaced) && !bytes.Contains(b, []byte(replaced)) {
			return nil, false
		}
	}
	return texts, true
}

// validity is a bitmap in the making.
type validity struct {
	buffer *memory.Buffer
	bits   []byte
	count  int
}

func (d *cellDecoder) newValidity(n int) *validity {
	b := d.buffer(int(bitutil.BytesForBits(int64(n))))
	clear(b.Bytes())
	return &validity{buffer: b, bits: b.Bytes()}
}

func (v *validity) set(i int) {
	v.bits[i/8] |= 1 << (i % 8)
	v.count++
}

// end is for who filled the bytes of n bits but for the last, where it is not full.
func (v *validity) end(n int, last byte) {
	if n%8 != 0 {
		v.bits[n/8] = last
	}
	for _, b := range v.bits {
		v.count += bits.OnesCount8(b)
	}
}

// buffer is memory of which the caller writes every byte.
func (d *cellDecoder) buffer(size int) *memory.Buffer {
	return arrowx.NewBuffer(d.mem, size)
}

// array takes over the buffers.
func (d *cellDecoder) array(c, n int, valid *validity, buffers ...*memory.Buffer) arrow.Array {
	all := make([]*memory.Buffer, 1, 3)
	if valid.count < n {
		all[0] = valid.buffer
	}
	data := array.NewData(d.columns[c].Type, n, append(all, buffers...), nil, n-valid.count, 0)
	for _, b := range append(buffers, valid.buffer) {
		b.Release()
	}
	defer data.Release()
	return array.MakeFromData(data)
}
