package sql

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// column gathers the values of one column of a chunk in Arrow's own buffers.
// Rows are put in order; a row that is put again takes the place of itself.
type column interface {
	// start makes room for rows.
	start(mem memory.Allocator, rows int)
	// put reads a value in PostgreSQL's binary form. What it gives is why the
	// value cannot be read exactly, or malformed when the bytes have not the form.
	// Whether texts are UTF-8 is asked of many at once, by textual.
	put(row int, b []byte) *messages.Error
	null(row int)
	// putAll is put and null of the rows from row on, whose values stand in sent at
	// places. It is false when some value cannot be read: they are to be put one by
	// one then, to find out which.
	putAll(row int, sent []byte, places []place) bool
	// again makes row as it was before it was put.
	again(row int)
	// finish gives the first rows, and keeps nothing.
	finish(rows int) arrow.Array
}

// textual is a column of texts.
type textual interface {
	areTexts(from, to int) bool
}

// malformed is no reason for a reject: the bytes are not a value at all.
var malformed = new(messages.Error)

// validity is the bitmap of a column, made at its first null.
type validity struct {
	mem  memory.Allocator
	rows int
	bits *memory.Buffer
}

func (v *validity) start(mem memory.Allocator, rows int) { v.mem, v.rows = mem, rows }

func (v *validity) null(row int) {
	if v.bits == nil {
		v.bits = arrowx.NewBuffer(v.mem, int(bitutil.BytesForBits(int64(v.rows))))
		memory.Set(v.bits.Bytes(), 0xff)
	}
	bitutil.ClearBit(v.bits.Bytes(), row)
}

func (v *validity) again(row int) {
	if v.bits != nil {
		bitutil.SetBit(v.bits.Bytes(), row)
	}
}

// finish gives the bitmap, nil when no row is null, and the number of nulls.
func (v *validity) finish(rows int) (*memory.Buffer, int) {
	bits := v.bits
	v.bits = nil
	if bits == nil {
		return nil, 0
	}
	nulls := rows - bitutil.CountSetBits(bits.Bytes(), 0, rows)
	if nulls == 0 {
		bits.Release()
		return nil, 0
	}
	bits.ResizeNoShrink(int(bitutil.BytesForBits(int64(rows))))
	if spare := rows % 8; spare > 0 {
		bits.Bytes()[bits.Len()-1] &= byte(1)<<spare - 1
	}
	return bits, nulls
}

// newArray takes over the buffers.
func newArray(t arrow.DataType, rows, nulls int, children []arrow.ArrayData, buffers ...*memory.Buffer) arrow.Array {
	data := array.NewData(t, rows, buffers, children, nulls, 0)
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	a := array.MakeFromData(data)
	data.Release()
	return a
}

// fixed is a column of values of one size.
type fixed[T any] struct {
	validity
	typ  arrow.DataType
	size int
	cast func([]byte) []T
	read func([]byte) (T, *messages.Error)
	// all is putAll where there is a faster one; nil where there is not.
	all    func(c *fixed[T], row int, sent []byte, places []place) bool
	buffer *memory.Buffer
	values []T
}

func (c *fixed[T]) start(mem memory.Allocator, rows int) {
	c.validity.start(mem, rows)
	c.buffer = arrowx.NewBuffer(mem, rows*c.size)
	c.values = c.cast(c.buffer.Bytes())
}

func (c *fixed[T]) put(row int, b []byte) (why *messages.Error) {
	c.values[row], why = c.read(b)
	return why
}

func (c *fixed[T]) putAll(row int, sent []byte, places []place) bool {
	if c.all != nil {
		return c.all(c, row, sent, places)
	}
	for i, p := range places {
		if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}

// one is putAll of one row.
func (c *fixed[T]) one(row int, sent []byte, p place) bool {
	if p.size < 0 {
		c.null(row)
		return true
	}
	v, why := c.read(p.of(sent))
	c.values[row] = v
	return why == nil
}

func (c *fixed[T]) null(row int) {
	var zero T
	c.values[row] = zero
	c.validity.null(row)
}

func (c *fixed[T]) finish(rows int) arrow.Array {
	bits, nulls := c.validity.finish(rows)
	c.buffer.ResizeNoShrink(rows * c.size)
	buffer := c.buffer
	c.buffer, c.values = nil, nil
	return newArray(c.typ, rows, nulls, nil, bits, buffer)
}

// bools is a column of bits.
type bools struct {
	validity
	values *memory.Buffer
}

func (c *bools) start(mem memory.Allocator, rows int) {
	c.validity.start(mem, rows)
	c.values = arrowx.NewBuffer(mem, int(bitutil.BytesForBits(int64(rows))))
	memory.Set(c.values.Bytes(), 0)
}

func (c *bools) put(row int, b []byte) *messages.Error {
	v, why := readBool(b)
	bitutil.SetBitTo(c.values.Bytes(), row, v)
	return why
}

func (c *bools) putAll(row int, sent []byte, places []place) bool {
	return putEach(c, row, sent, places)
}

// putEach is putAll of a column that has no faster way.
func putEach(c column, row int, sent []byte, places []place) bool {
	for i, p := range places {
		if p.size < 0 {
			c.null(row + i)
		} else if c.put(row+i, p.of(sent)) != nil {
			return false
		}
	}
	return true
}

func (c *bools) null(row int) {
	bitutil.ClearBit(c.values.Bytes(), row)
	c.validity.null(row)
}

func (c *bools) finish(rows int) arrow.Array {
	bits, nulls := c.validity.finish(rows)
	values := c.values
	c.values = nil
	values.ResizeNoShrink(int(bitutil.BytesForBits(int64(rows))))
	if spare := rows % 8; spare > 0 {
		values.Bytes()[values.Len()-1] &= byte(1)<<spare - 1
	}
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, nil, bits, values)
}

// texts is a column of texts, or of bytes.
type texts struct {
	validity
	typ     arrow.DataType
	kind    pgKind
	ends    *memory.Buffer
	offsets []int32
	buffer  *memory.Buffer
	data    []byte
	size    int // of the values of the chunk before: the next is likely to have as many
}

// areTexts says whether the texts of some rows are UTF-8. To ask each of them
// costs more than all the rest of reading it.
func (c *texts) areTexts(from, to int) bool {
	return c.kind == pgBytea || arrowx.ValidTexts(c.offsets[from:to+1], c.data)
}

func (c *texts) start(mem memory.Allocator, rows int) {
	c.validity.start(mem, rows)
	c.ends = arrowx.NewBuffer(mem, (rows+1)*arrow.Int32SizeBytes)
	c.offsets = arrow.Int32Traits.CastFromBytes(c.ends.Bytes())
	c.offsets[0] = 0
	c.buffer = arrowx.NewBuffer(mem, c.size+c.size/8+64)
	c.data = c.buffer.Bytes()
}

const uuidText = 36

func (c *texts) put(row int, b []byte) *messages.Error {
	at := int(c.offsets[row])
	if at+len(b)+uuidText > len(c.data) {
		c.buffer.Resize(2*len(c.data) + len(b) + uuidText)
		c.data = c.buffer.Bytes()
	}
	switch c.kind {
	case pgUUID:
		if len(b) != 16 {
			return malformed
		}
		putUUID(c.data[at:at+uuidText], b)
		c.offsets[row+1] = int32(at + uuidText)
		return nil
	case pgJSONB:
		if len(b) == 0 || b[0] != 1 {
			return malformed
		}
		b = b[1:]
	}
	const few = 16
	if len(b) <= few && cap(b) >= few {
		// A call for a few bytes takes longer than they do. What is copied with
		// them is overwritten, or beyond the end; there is room for uuidText.
		*(*[few]byte)(c.data[at:]) = *(*[few]byte)(b[:few])
	} else {
		copy(c.data[at:], b)
	}
	c.offsets[row+1] = int32(at + len(b))
	return nil
}

func (c *texts) putAll(row int, sent []byte, places []place) bool {
	if c.kind != pgText && c.kind != pgBytea {
		return putEach(c, row, sent, places)
	}
	const few = 32 // see put
	at, size := int(c.offsets[row]), few
	for _, p := range places {
		size += max(0, int(p.size))
	}
	if at+size > len(c.data) {
		c.buffer.Resize(2*len(c.data) + size)
		c.data = c.buffer.Bytes()
	}
	ends := c.offsets[row+1:][:len(places)]
	for i, p := range places {
		switch {
		case p.size < 0:
			c.validity.null(row + i)
		case p.size <= few && len(sent)-int(p.at) >= few:
			*(*[few]byte)(c.data[at:]) = *(*[few]byte)(sent[p.at:])
			at += int(p.size)
		default:
			at += copy(c.data[at:], p.of(sent))
		}
		ends[i] = int32(at)
	}
	return true
}

func putUUID(dst, b []byte) {
	hex.Encode(dst, b[:4])
	dst[8] = '-'
	hex.Encode(dst[9:], b[4:6])
	dst[13] = '-'
	hex.Encode(dst[14:], b[6:8])
	dst[18] = '-'
	hex.Encode(dst[19:], b[8:10])
	dst[23] = '-'
	hex.Encode(dst[24:], b[10:])
}

func (c *texts) null(row int) {
	c.offsets[row+1] = c.offsets[row]
	c.validity.null(row)
}

// more makes room for a row that start did not know of.
func (c *texts) more(row int) {
	if row+1 >= len(c.offsets) {
		c.ends.Resize(2 * (row + 2) * arrow.Int32SizeBytes)
		c.offsets = arrow.Int32Traits.CastFromBytes(c.ends.Bytes())
	}
}

func (c *texts) finish(rows int) arrow.Array {
	bits, nulls := c.validity.finish(rows)
	c.size = int(c.offsets[rows])
	c.ends.ResizeNoShrink((rows + 1) * arrow.Int32SizeBytes)
	c.buffer.ResizeNoShrink(c.size)
	ends, buffer := c.ends, c.buffer
	c.ends, c.offsets, c.buffer, c.data = nil, nil, nil, nil
	return newArray(c.typ, rows, nulls, nil, bits, ends, buffer)
}

// lists is a column of lists of texts.
type lists struct {
	validity
	ends    *memory.Buffer
	offsets []int32
	elems   texts
}

func (c *lists) start(mem memory.Allocator, rows int) {
	c.validity.start(mem, rows)
	c.ends = arrowx.NewBuffer(mem, (rows+1)*arrow.Int32SizeBytes)
	c.offsets = arrow.Int32Traits.CastFromBytes(c.ends.Bytes())
	c.offsets[0] = 0
	c.elems.start(mem, rows)
}

// put reads an array of texts (array_send in arrayfuncs.c). A null among them is
// refused: a stream's lists hold texts, and it must not become an empty one.
func (c *lists) put(row int, b []byte) *messages.Error {
	elem := int(c.offsets[row])
	defer func() { c.offsets[row+1] = int32(elem) }()
	if len(b) < 12 {
		return malformed
	}
	dims := binary.BigEndian.Uint32(b)
	b = b[12:]
	switch {
	case dims == 0:
		return nil
	case dims > 1:
		return nestedList
	case len(b) < 8:
		return malformed
	}
	n := int(binary.BigEndian.Uint32(b))
	b = b[8:]
	for ; n > 0; n-- {
		if len(b) < 4 {
			return malformed
		}
		size := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if size < 0 {
			return nullElement
		}
		if len(b) < size {
			return malformed
		}
		c.elems.more(elem)
		_ = c.elems.put(elem, b[:size]) // any bytes are taken
		elem++
		b = b[size:]
	}
	return nil
}

func (c *lists) areTexts(from, to int) bool {
	return c.elems.areTexts(int(c.offsets[from]), int(c.offsets[to]))
}

func (c *lists) putAll(row int, sent []byte, places []place) bool {
	return putEach(c, row, sent, places)
}

func (c *lists) null(row int) {
	c.offsets[row+1] = c.offsets[row]
	c.validity.null(row)
}

func (c *lists) finish(rows int) arrow.Array {
	bits, nulls := c.validity.finish(rows)
	elems := c.elems.finish(int(c.offsets[rows]))
	defer elems.Release()
	c.ends.ResizeNoShrink((rows + 1) * arrow.Int32SizeBytes)
	ends := c.ends
	c.ends, c.offsets = nil, nil
	return newArray(textList, rows, nulls, []arrow.ArrayData{elems.Data()}, bits, ends)
}
