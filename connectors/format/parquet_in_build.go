package format

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/float16"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const pqByteArray = pq.ByteArray

// inDecoder makes batches of the pages that their rows are in. What cannot become
// the column's type exactly rejects its row.
type inDecoder struct {
	*inChunks
	chunk  *inChunk
	column *inColumn
	leaf   *inLeaf
	pieces []inPiece
	left   int64 // bytes of texts that the chunk may still have
	cell   cellDecoder
	bad    []pipelines.Reject
	badRow []int
	text   []byte
}

func (d *inDecoder) decode(ctx context.Context, c *inChunk) (pipelines.Batch, error) {
	d.chunk, d.bad, d.badRow, d.left = c, nil, d.badRow[:0], d.most()
	cols := make([]arrow.Array, 0, len(d.columns))
	defer func() {
		for _, a := range cols {
			a.Release()
		}
		d.chunk, d.pieces = nil, nil
	}()
	at := 0
	for i := range d.columns {
		if err := ctx.Err(); err != nil {
			return pipelines.Batch{}, err
		}
		d.column = &d.columns[i]
		start := len(cols)
		for j := range d.column.leaves {
			d.leaf, d.pieces = &d.column.leaves[j], c.pieces[at]
			c.pieces[at] = nil // large, and not needed for the next columns
			at++
			a, err := d.array()
			if err != nil {
				return pipelines.Batch{}, d.fault(err)
			}
			cols = append(cols, a)
		}
		if len(d.column.leaves) > 1 {
			var err error
			if cols, err = boxed(cols, start, d.schema.Field(i)); err != nil {
				return pipelines.Batch{}, d.fault(inFault("a bounding box that is null in part"))
			}
		}
	}
	var rec arrow.Record = array.NewRecord(d.schema, cols, int64(c.rows))
	lines := make([]int64, 0, c.rows)
	kept := make([]int32, 0, c.rows)
	bad := d.badRow
	for r := range c.rows {
		if len(bad) > 0 && bad[0] == r {
			bad = bad[1:]
			continue
		}
		lines, kept = append(lines, c.first+int64(r)+1), append(kept, int32(r))
	}
	if len(d.bad) > 0 {
		whole := rec
		var err error
		rec, err = arrowx.TakeRecord(d.env.Allocator, whole, kept)
		whole.Release()
		if err != nil {
			return pipelines.Batch{}, err
		}
	}
	return pipelines.Batch{Record: rec, Places: pipelines.Places{Input: d.in.Name, Lines: lines}, Rejects: d.bad}, nil
}

func (d *inDecoder) fault(err error) error {
	c := &inCursor{inChunks: d.inChunks, group: d.chunk.group - 1, name: d.column.Name}
	if err == errInTooLarge {
		return c.tooLargeOf("what some rows hold", inChunkBound, d.most())
	}
	return c.fault(err)
}

// most is how many bytes the texts of a chunk may come to, and the pages of a column that
// it has as a whole: a chunk is meant to have fewer, and one large value says nothing of
// the next.
func (s *inChunks) most() int64 { return min(inChunkBound, max(s.bound, 2*inChunkBytes)) }

// fail rejects a row, unless an earlier column did.
func (d *inDecoder) fail(row int, why *messages.Error) {
	i, found := slices.BinarySearch(d.badRow, row)
	if found {
		return
	}
	d.badRow = slices.Insert(d.badRow, i, row)
	d.bad = slices.Insert(d.bad, i, pipelines.Reject{
		Place: pipelines.Place{Input: d.in.Name, Line: d.chunk.first + int64(row) + 1}, Column: d.column.Name, Why: why})
}

// array makes the array of a leaf.
func (d *inDecoder) array() (arrow.Array, error) {
	left := d.left
	for i := range d.pieces {
		p := &d.pieces[i]
		if err := p.page.decode(); err != nil {
			return nil, err
		}
		if p.page.values.shared == nil {
			continue
		}
		var ok bool
		if p.own, ok = p.page.values.written(d.leaf, p.page.present(p.from), p.page.present(p.to), int(left)); !ok {
			return nil, errInTooLarge
		}
		left -= int64(len(p.own.bytes) + len(p.own.fixed))
	}
	l := d.leaf
	switch {
	case l.maxRep > 0:
		return d.lists()
	case !d.column.native:
		return d.cells()
	}
	switch l.kind {
	case inNull:
		for _, p := range d.pieces {
			if p.page.count > 0 {
				return nil, inFault("a value in a column that has none")
			}
		}
		return array.NewNull(d.chunk.rows), nil
	case inBool:
		return d.bools()
	case inText:
		return d.texts(true)
	case inBytes:
		return d.texts(false)
	case inInt:
		return d.ints()
	case inDate:
		return native(d, arrow.FixedWidthTypes.Date32, func(v *inValues, i int) (arrow.Date32, *messages.Message) {
			day := arrow.Date32(v.int32s[i])
			if day < firstDay || day > lastDay {
				return 0, messages.OutsideCalendar
			}
			return day, nil
		})
	case inInstant:
		return native(d, pipelines.Instant, func(v *inValues, i int) (arrow.Timestamp, *messages.Message) {
			return l.instant(v.int64s[i])
		})
	case inDecimal:
		t := l.natural.(*arrow.Decimal128Type)
		return native(d, t, func(v *inValues, i int) (decimal128.Num, *messages.Message) {
			n, ok := l.decimal(v, i)
			if !ok || !n.FitsInPrecision(t.Precision) {
				return n, messages.Overflow
			}
			return n, nil
		})
	}
	return native(d, arrow.PrimitiveTypes.Float64, func(v *inValues, i int) (float64, *messages.Message) { return l.float(v, i), nil })
}

// instant is an instant in microseconds.
func (l *inLeaf) instant(v int64) (arrow.Timestamp, *messages.Message) {
	const first, last = firstDay * 86400, (lastDay + 1) * 86400 // seconds
	if s := floorDiv(v, l.unit); s < first || s >= last {
		return 0, messages.OutsideCalendar
	}
	switch {
	case l.unit == 1e3:
		return arrow.Timestamp(v * 1000), nil
	case l.unit == 1e6:
		return arrow.Timestamp(v), nil
	case v%1000 != 0:
		return 0, messages.FractionLost
	}
	return arrow.Timestamp(v / 1000), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// float is a binary number, exactly.
func (l *inLeaf) float(v *inValues, i int) float64 {
	switch l.physical {
	case pq.Float:
		return float64(v.floats[i])
	case pq.Double:
		return v.wides[i]
	}
	return float64(float16.FromBits(binary.LittleEndian.Uint16(v.fixed[2*i:])).Float32())
}

// int is a whole number as it is stored; unsigned ones of 64 bits are negative
// from 1<<63 on.
func (l *inLeaf) int(v *inValues, i int) int64 {
	switch {
	case l.physical == pq.Int64:
		return v.int64s[i]
	case l.unsigned:
		return int64(uint32(v.int32s[i]))
	}
	return int64(v.int32s[i])
}

// raw are the bytes of a value.
func (l *inLeaf) raw(v *inValues, i int) []byte {
	if l.physical == pq.ByteArray {
		s := v.spans[i]
		return v.bytes[s.start:s.end]
	}
	return v.fixed[i*l.width : (i+1)*l.width]
}

// decimal is an unscaled decimal; ok is false where it has more than 128 bits.
func (l *inLeaf) decimal(v *inValues, i int) (n decimal128.Num, ok bool) {
	switch l.physical {
	case pq.Int32:
		return decimal128.FromI64(int64(v.int32s[i])), true
	case pq.Int64:
		return decimal128.FromI64(v.int64s[i]), true
	}
	b := l.raw(v, i)
	if len(b) == 0 {
		return n, false
	}
	fill := byte(0)
	if b[0] >= 0x80 {
		fill = 0xff
	}
	for len(b) > 16 {
		if b[0] != fill || (b[1] >= 0x80) != (fill != 0) {
			return n, false
		}
		b = b[1:]
	}
	var wide [16]byte
	for j := range wide {
		wide[j] = fill
	}
	copy(wide[16-len(b):], b)
	return decimal128.New(int64(binary.BigEndian.Uint64(wide[:])), binary.BigEndian.Uint64(wide[8:])), true
}

func (d *inDecoder) ints() (arrow.Array, error) {
	l := d.leaf
	switch t := l.natural.(type) {
	case *arrow.Int32Type:
		return native(d, t, func(v *inValues, i int) (int32, *messages.Message) {
			if l.unsigned && v.int32s[i] < 0 {
				return 0, messages.Overflow
			}
			return v.int32s[i], nil
		})
	case *arrow.Int64Type:
		return native(d, t, func(v *inValues, i int) (int64, *messages.Message) { return l.int(v, i), nil })
	}
	return native(d, l.natural, func(v *inValues, i int) (decimal128.Num, *messages.Message) {
		return decimal128.FromU64(uint64(v.int64s[i])), nil
	})
}

// each calls do with every row and where its value is; v is nil for null.
func (d *inDecoder) each(do func(row int, v *inValues, i int)) {
	row := 0
	for i := range d.pieces {
		p := &d.pieces[i]
		page := p.page
		values, before := p.values()
		at := page.present(p.from) - before
		for k := p.from; k < p.to; k++ {
			if page.defs != nil && page.defs[k] != d.leaf.maxDef {
				do(row, nil, 0)
			} else {
				v, i := values.of(at)
				do(row, v, i)
				at++
			}
			row++
		}
	}
}

// validity is a bitmap in the making, of d's memory.
func (d *inDecoder) validity() *validity {
	b := arrowx.NewBuffer(d.env.Allocator, int(bitutil.BytesForBits(int64(d.chunk.rows))))
	clear(b.Bytes())
	return &validity{buffer: b, bits: b.Bytes()}
}

// made takes over the buffers.
func (d *inDecoder) made(t arrow.DataType, valid *validity, buffers ...*memory.Buffer) arrow.Array {
	all := make([]*memory.Buffer, 1, 3)
	if valid.count < d.chunk.rows {
		all[0] = valid.buffer
	}
	data := array.NewData(t, d.chunk.rows, append(all, buffers...), nil, d.chunk.rows-valid.count, 0)
	defer data.Release()
	for _, b := range append(buffers, valid.buffer) {
		b.Release()
	}
	return array.MakeFromData(data)
}

// native makes a column of values of a fixed width.
func native[T fixedWidth](d *inDecoder, t arrow.DataType, value func(v *inValues, i int) (T, *messages.Message)) (arrow.Array, error) {
	var zero T
	values := arrowx.NewBuffer(d.env.Allocator, d.chunk.rows*int(unsafe.Sizeof(zero)))
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values.Bytes()))), d.chunk.rows)
	valid := d.validity()
	d.each(func(row int, v *inValues, i int) {
		if v == nil {
			out[row] = zero
			return
		}
		x, why := value(v, i)
		if why != nil {
			x = zero
			d.fail(row, why.With())
		}
		out[row] = x
		valid.set(row)
	})
	return d.made(t, valid, values), nil
}

func (d *inDecoder) bools() (arrow.Array, error) {
	values := arrowx.NewBuffer(d.env.Allocator, int(bitutil.BytesForBits(int64(d.chunk.rows))))
	clear(values.Bytes())
	valid := d.validity()
	d.each(func(row int, v *inValues, i int) {
		if v != nil {
			if v.bools[i] != 0 {
				bitutil.SetBit(values.Bytes(), row)
			}
			valid.set(row)
		}
	})
	return d.made(arrow.FixedWidthTypes.Boolean, valid, values), nil
}

// texts makes a column of texts, or of bytes.
func (d *inDecoder) texts(text bool) (arrow.Array, error) {
	l := d.leaf
	size := 0
	d.each(func(_ int, v *inValues, i int) {
		if v != nil {
			size += len(l.raw(v, i))
		}
	})
	if d.left -= int64(size); d.left < 0 {
		return nil, errInTooLarge
	}
	offsets := arrowx.NewBuffer(d.env.Allocator, 4*(d.chunk.rows+1))
	at := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	at[0] = 0
	data := arrowx.NewBuffer(d.env.Allocator, size)
	out, end := data.Bytes(), 0
	valid := d.validity()
	d.each(func(row int, v *inValues, i int) {
		if v != nil {
			end += copy(out[end:], l.raw(v, i))
			valid.set(row)
		}
		at[row+1] = int32(end)
	})
	if text && !arrowx.ValidTexts(at, out) {
		for row := range d.chunk.rows {
			if !utf8.Valid(out[at[row]:at[row+1]]) {
				d.fail(row, messages.ParquetNotText.With())
			}
		}
	}
	t := arrow.DataType(arrow.BinaryTypes.Binary)
	if text {
		t = arrow.BinaryTypes.String
	}
	return d.made(t, valid, offsets, data), nil
}

// lists makes a column of lists of texts; values that are none are written out.
func (d *inDecoder) lists() (arrow.Array, error) {
	b := array.NewListBuilder(d.env.Allocator, arrow.BinaryTypes.String)
	defer b.Release()
	items := b.ValueBuilder().(*array.StringBuilder)
	row := -1
	for i := range d.pieces {
		p := &d.pieces[i]
		page := p.page
		values, before := p.values()
		at := page.present(p.from) - before
		for k := p.from; k < p.to; k++ {
			def := d.leaf.maxDef
			if page.defs != nil {
				def = page.defs[k]
			}
			if page.reps[k] == 0 {
				row++
				b.Append(def >= d.leaf.listDef-1)
			} else if def < d.leaf.listDef {
				return nil, inFault("levels that make no sense")
			}
			if def < d.leaf.listDef {
				continue
			}
			if def < d.leaf.maxDef {
				items.AppendNull()
				continue
			}
			v, i := values.of(at)
			at++
			kind, text, why := d.leaf.write(d.text[:0], v, i)
			d.text = text
			if kind == cellText && why == nil && !utf8.Valid(text) {
				why = messages.ParquetNotText
			}
			if why != nil {
				d.fail(row, why.With())
				items.AppendNull()
				continue
			}
			if d.left -= int64(len(text)); d.left < 0 {
				return nil, errInTooLarge
			}
			items.BinaryBuilder.Append(text)
		}
	}
	return b.NewArray(), nil
}

// cells makes a column of another type than the file's, by the rules that hold for
// all formats.
func (d *inDecoder) cells() (arrow.Array, error) {
	x, col := &d.cell, d.column
	x.form, x.columns, x.mem = &d.form, []cellColumn{col.cellColumn}, d.env.Allocator
	x.begin(d.in.Name, 1)
	x.bad, x.failed = x.bad[:0], x.failed[:0]
	target := col.Type.ID()
	tooLarge := false
	d.each(func(row int, v *inValues, i int) {
		x.grid.rows = append(x.grid.rows, gridRow{line: int64(row)})
		if v == nil || tooLarge {
			x.add(cellAbsent, nil)
			return
		}
		kind, text, why := d.leaf.write(d.text[:0], v, i)
		d.text = text
		switch {
		case why != nil:
		case kind == cellText && !utf8.Valid(text):
			why = messages.ParquetNotText
		case kind == cellNumber && col.Code != "":
			kind = cellText // of a code written as a number the zeros in front are lost
		case kind == cellISO && target == arrow.TIMESTAMP && d.leaf.unit == 1e9 && d.leaf.fraction(v, i)%1000 != 0:
			why = messages.FractionLost
		}
		if why != nil {
			d.fail(row, why.With())
			kind, text = cellAbsent, nil
		}
		x.add(kind, text)
		tooLarge = int64(len(x.b)) > d.left
	})
	if d.left -= int64(len(x.b)); tooLarge {
		return nil, errInTooLarge
	}
	a := x.column(0)
	for _, b := range x.bad {
		d.fail(b.row, b.reject.Why)
	}
	return a, nil
}

// fraction are the parts of a second of an instant or a clock time.
func (l *inLeaf) fraction(v *inValues, i int) int64 {
	if l.physical == pq.Int96 {
		return int64(binary.LittleEndian.Uint64(v.fixed[12*i:]) % 1e9)
	}
	x := v.int64s[i] % l.unit
	return (x + l.unit) % l.unit
}

// write appends what a value is as a cell.
func (l *inLeaf) write(dst []byte, v *inValues, i int) (kind cellKind, text []byte, why *messages.Message) {
	switch l.kind {
	case inBool:
		return cellBool, strconv.AppendBool(dst, v.bools[i] != 0), nil
	case inInt:
		if n := l.int(v, i); l.unsigned {
			return cellNumber, strconv.AppendUint(dst, uint64(n), 10), nil
		} else {
			return cellNumber, strconv.AppendInt(dst, n, 10), nil
		}
	case inFloat:
		f := l.float(v, i)
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			return cellFault, append(dst, "#NUM!"...), nil
		case l.physical == pq.Double:
			return cellFloat, scalar.AppendFloat64(dst, f), nil
		}
		return cellFloat, strconv.AppendFloat(dst, f, 'g', -1, 32), nil
	case inDecimal:
		n, ok := l.decimal(v, i)
		if !ok {
			return 0, dst, messages.Overflow
		}
		return cellNumber, scalar.AppendDecimal(dst, n, l.scale, '.'), nil
	case inDate:
		day := arrow.Date32(v.int32s[i])
		if day < firstDay || day > lastDay {
			return 0, dst, messages.OutsideCalendar
		}
		return cellISO, scalar.DateFormat{}.Append(dst, day), nil
	case inTime:
		var parts int64
		if l.physical == pq.Int32 {
			parts = int64(v.int32s[i])
		} else {
			parts = v.int64s[i]
		}
		if parts < 0 || parts >= 86400*l.unit {
			return 0, dst, messages.OutsideCalendar
		}
		return cellText, l.appendClock(dst, parts), nil
	case inInstant, inClock:
		day, parts, ok := l.day(v, i)
		if !ok {
			return 0, dst, messages.OutsideCalendar
		}
		dst = l.appendClock(append(scalar.DateFormat{}.Append(dst, arrow.Date32(day)), 'T'), parts)
		if l.kind == inInstant {
			dst = append(dst, 'Z')
		}
		return cellISO, dst, nil
	case inUUID:
		const hex = "0123456789abcdef"
		for j, b := range l.raw(v, i) {
			if j == 4 || j == 6 || j == 8 || j == 10 {
				dst = append(dst, '-')
			}
			dst = append(dst, hex[b>>4], hex[b&15])
		}
		return cellText, dst, nil
	case inNull:
		return 0, dst, messages.CSVBadNull
	}
	return cellText, append(dst, l.raw(v, i)...), nil
}

// day is the day since 1970 and the parts of a second in it.
func (l *inLeaf) day(v *inValues, i int) (day, parts int64, ok bool) {
	if l.physical == pq.Int96 {
		const epoch = 2440588 // the Julian day of 1970-01-01
		nanos := binary.LittleEndian.Uint64(v.fixed[12*i:])
		day = int64(binary.LittleEndian.Uint32(v.fixed[12*i+8:])) - epoch
		return day, int64(nanos), nanos < 86400e9 && day >= firstDay && day <= lastDay
	}
	day = floorDiv(v.int64s[i], 86400*l.unit)
	return day, v.int64s[i] - day*86400*l.unit, day >= firstDay && day <= lastDay
}

// appendClock appends a time of day, and its fraction where there is one.
func (l *inLeaf) appendClock(dst []byte, parts int64) []byte {
	seconds := parts / l.unit
	dst = appendWidth(dst, seconds/3600, 2)
	dst = appendWidth(append(dst, ':'), seconds/60%60, 2)
	dst = appendWidth(append(dst, ':'), seconds%60, 2)
	if parts %= l.unit; parts != 0 {
		dst = appendWidth(append(dst, '.'), parts, len(strconv.FormatInt(l.unit, 10))-1)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}
