package format

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// build makes an array of every column. Cells that do not parse are null there
// and their rows fail.
func (d *csvDecoder) build() []arrow.Array {
	cols := make([]arrow.Array, len(d.columns))
	for c := range d.columns {
		cols[c] = d.column(c)
	}
	return cols
}

func (d *csvDecoder) column(c int) arrow.Array {
	col, num := &d.columns[c], d.dialect.numbers
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
		})
	case *arrow.Int64Type:
		return fixedColumn(d, c, num.ParseInt64)
	case *arrow.Float64Type:
		return fixedColumn(d, c, d.parseFloat)
	case *arrow.Decimal128Type:
		return fixedColumn(d, c, func(b []byte) (decimal128.Num, *messages.Message) {
			return num.ParseDecimal(b, t.Precision, t.Scale)
		})
	case *arrow.Date32Type:
		return fixedColumn(d, c, col.date.Parse)
	case *arrow.TimestampType:
		return fixedColumn(d, c, col.instant.Parse)
	}
	panic("format: a CSV column cannot be " + col.Type.String())
}

func (d *csvDecoder) parseFloat(b []byte) (float64, *messages.Message) {
	if d.dialect.own {
		switch string(b) {
		case "NaN":
			return math.NaN(), nil
		case "Inf":
			return math.Inf(1), nil
		case "-Inf":
			return math.Inf(-1), nil
		}
	}
	return d.dialect.numbers.ParseFloat64(b)
}

func (d *csvDecoder) failAs(r, c int, why *messages.Message) {
	col := &d.columns[c]
	d.fail(r, c, why.With("type", pipelines.TypeName(col.Type), "format", col.format(), "zone", col.Zone))
}

type fixedWidth interface {
	int32 | int64 | float64 | arrow.Date32 | arrow.Timestamp | decimal128.Num
}

func fixedColumn[T fixedWidth](d *csvDecoder, c int, parse func([]byte) (T, *messages.Message)) arrow.Array {
	n := len(d.grid.rows)
	var zero T
	values := d.buffer(n * int(unsafe.Sizeof(zero)))
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values.Bytes()))), n)
	valid := d.newValidity(n)
	cells, width, direct := d.grid.cells, d.grid.width, d.direct
	for r := range out {
		cell := &cells[r*width+c]
		b := d.b[cell.start:cell.end]
		if !direct || cell.doubled || len(b) == 0 { // what d.text does, in place
			var ok bool
			if b, ok = d.closerText(b, *cell); !ok {
				out[r] = zero
				continue
			}
		}
		v, why := parse(b)
		if why != nil {
			out[r] = zero
			d.failAs(r, c, why)
			continue
		}
		out[r] = v
		valid.set(r)
	}
	return d.array(c, n, valid, values)
}

func (d *csvDecoder) boolColumn(c int) arrow.Array {
	n := len(d.grid.rows)
	values := d.buffer(int(bitutil.BytesForBits(int64(n))))
	clear(values.Bytes())
	valid := d.newValidity(n)
	for r := range n {
		b, ok := d.text(r, c)
		if !ok {
			continue
		}
		v, why := d.parseBool(b)
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

func (d *csvDecoder) parseBool(b []byte) (bool, *messages.Message) {
	if len(d.dialect.trueWords) == 0 {
		return scalar.ParseBool(b)
	}
	for _, w := range d.dialect.trueWords {
		if string(b) == w {
			return true, nil
		}
	}
	for _, w := range d.dialect.falseWords {
		if string(b) == w {
			return false, nil
		}
	}
	return false, messages.BadBoolean
}

func (d *csvDecoder) textColumn(c int) arrow.Array {
	n := len(d.grid.rows)
	offsets := d.buffer(4 * (n + 1))
	at := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	valid := d.newValidity(n)
	at[0] = 0
	if d.direct && !d.dialect.guarded {
		return d.array(c, n, valid, offsets, d.directTexts(c, at, valid))
	}
	texts := d.texts[:0]
	for r := range n {
		if b, ok := d.text(r, c); ok {
			if d.dialect.guarded && len(b) > 0 && b[0] == '\'' {
				b = b[1:]
			}
			texts = append(texts, b...)
			valid.set(r)
		}
		at[r+1] = int32(len(texts))
	}
	d.texts = texts
	data := d.buffer(len(texts))
	copy(data.Bytes(), texts)
	return d.array(c, n, valid, offsets, data)
}

// directTexts copies cells that are as they stand, but for doubled quotes, to
// where they stay. at gets where they end.
func (d *csvDecoder) directTexts(c int, at []int32, valid *validity) *memory.Buffer {
	cells, width, b := d.grid.cells, d.grid.width, d.b
	room := shortText
	for i := c; i < len(cells); i += width {
		room += int(cells[i].end - cells[i].start)
	}
	data := d.buffer(room)
	texts, end := data.Bytes(), 0
	for r := range at[1:] {
		cell := &cells[r*width+c]
		start, n := int(cell.start), int(cell.end-cell.start)
		switch {
		case !cell.doubled && n > 0 && n <= shortText && start+shortText <= len(b):
			*(*[shortText]byte)(texts[end:]) = *(*[shortText]byte)(b[start:])
			end += n
			valid.set(r)
		case !cell.doubled && n > 0:
			end += copy(texts[end:], b[start:start+n])
			valid.set(r)
		default:
			if text, ok := d.closerText(b[start:start+n], *cell); ok {
				end += copy(texts[end:], text)
				valid.set(r)
			}
		}
		at[r+1] = int32(end)
	}
	clear(texts[end:min(end+shortText, len(texts))])
	data.Resize(end)
	return data
}

// shortText is how many bytes are copied at once where a text is no longer; what
// is too much is overwritten by the next.
const shortText = 16

func (d *csvDecoder) listColumn(c int) arrow.Array {
	list := array.NewListBuilder(d.mem, arrow.BinaryTypes.String)
	defer list.Release()
	items := list.ValueBuilder().(*array.StringBuilder)
	for r := range d.grid.rows {
		b, ok := d.text(r, c)
		if !ok {
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

func (d *csvDecoder) newValidity(n int) *validity {
	b := d.buffer(int(bitutil.BytesForBits(int64(n))))
	clear(b.Bytes())
	return &validity{buffer: b, bits: b.Bytes()}
}

func (v *validity) set(i int) {
	v.bits[i/8] |= 1 << (i % 8)
	v.count++
}

func (d *csvDecoder) buffer(size int) *memory.Buffer {
	b := memory.NewResizableBuffer(d.mem)
	b.Resize(size)
	return b
}

// array takes over the buffers.
func (d *csvDecoder) array(c, n int, valid *validity, buffers ...*memory.Buffer) arrow.Array {
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
