package format

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"
)

// array makes an Arrow array of a column chunk that was read. What lies under a
// null is zero.
func (c *columnData) array(t arrow.DataType) (arrow.Array, error) {
	v, e := &c.values, &c.entries
	nulls := c.slots - c.count
	var buffer *memory.Buffer
	switch t.ID() {
	case arrow.NULL:
		return array.NewNull(c.slots), nil
	case arrow.LIST:
		return c.lists(t)
	case arrow.STRING, arrow.BINARY:
		starts, text, err := c.texts(c.slots, c.valid)
		if err != nil {
			return nil, err
		}
		return made(t, c.slots, nulls, nil, c.validity(c.valid, c.slots, nulls), starts, text), nil
	case arrow.BOOL:
		buffer = c.buffer((c.slots + 7) / 8)
		spreadBits(buffer.Bytes(), v.bits, c.valid, c.slots, nulls)
	case arrow.INT32, arrow.DATE32:
		buffer = fixed(c, &v.int32s, e.int32s, same[int32])
	case arrow.INT64, arrow.TIMESTAMP:
		buffer = fixed(c, &v.int64s, e.int64s, same[int64])
	case arrow.FLOAT64:
		buffer = fixed(c, &v.doubles, e.doubles, same[float64])
	case arrow.DECIMAL128:
		switch c.leaf.physical {
		case pq.Int32:
			buffer = fixed(c, &v.int32s, e.int32s, widened[int32])
		case pq.Int64:
			buffer = fixed(c, &v.int64s, e.int64s, widened[int64])
		default:
			buffer = fixed(c, &v.wides, e.wides, same[decimal128.Num])
		}
	default:
		return nil, damaged("column ", c.leaf.name, " has values of another type")
	}
	return made(t, c.slots, nulls, nil, c.validity(c.valid, c.slots, nulls), buffer), nil
}

// boxed makes one column of the last ones, which are the fields of a bounding box.
func boxed(columns []arrow.Array, at int, f arrow.Field) ([]arrow.Array, error) {
	fields := columns[at:]
	first := fields[0].Data()
	children := make([]arrow.ArrayData, len(fields))
	for i, c := range fields {
		if c.NullN() != first.NullN() || !bytes.Equal(c.NullBitmapBytes(), fields[0].NullBitmapBytes()) {
			return columns, damaged("column ", f.Name, " has a box that is null in part")
		}
		children[i] = array.NewData(c.DataType(), c.Len(), []*memory.Buffer{nil, c.Data().Buffers()[1]}, nil, 0, 0)
		defer children[i].Release()
	}
	data := array.NewData(f.Type, first.Len(), []*memory.Buffer{first.Buffers()[0]}, children, first.NullN(), 0)
	defer data.Release()
	box := array.MakeFromData(data)
	for _, c := range fields {
		c.Release()
	}
	return append(columns[:at], box), nil
}

func made(t arrow.DataType, n, nulls int, child arrow.Array, buffers ...*memory.Buffer) arrow.Array {
	var children []arrow.ArrayData
	if child != nil {
		children = append(children, child.Data())
	}
	data := array.NewData(t, n, buffers, children, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// validity is a bitmap in Arrow memory, or nil where there are no nulls.
func (c *columnData) validity(valid []byte, n, nulls int) *memory.Buffer {
	if nulls == 0 {
		return nil
	}
	b := c.buffer((n + 7) / 8)
	copy(b.Bytes(), valid)
	return b
}

// fixed lays the values, or the entries they are the numbers of, where they
// belong among the nulls.
func fixed[S, T any](c *columnData, dense *[]S, entries []S, convert func(dst []T, vs []S)) *memory.Buffer {
	if c.coded {
		vs := slices.Grow((*dense)[:0], c.count)[:c.count]
		for i, k := range c.numbers {
			vs[i] = entries[k]
		}
		*dense = vs
	}
	var zero T
	b := c.buffer(c.slots * int(unsafe.Sizeof(zero)))
	dst := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b.Bytes()))), c.slots)
	convert(dst, *dense)
	n := c.count
	for i := c.slots - 1; n <= i; i-- {
		if c.valid[i/8]>>(i%8)&1 != 0 {
			n--
			dst[i] = dst[n]
		} else {
			dst[i] = zero
		}
	}
	return b
}

func same[T any](dst, vs []T) { copy(dst, vs) }

func widened[T int32 | int64](dst []decimal128.Num, vs []T) {
	for i, v := range vs {
		dst[i] = decimal128.FromI64(int64(v))
	}
}

// spreadBits lays bits where they belong among the nulls.
func spreadBits(dst, bits, valid []byte, n, nulls int) {
	if nulls == 0 {
		copy(dst, bits)
		return
	}
	clear(dst)
	at := 0
	for i := range n {
		if valid[i/8]>>(i%8)&1 != 0 {
			dst[i/8] |= bits[at/8] >> (at % 8) & 1 << (i % 8)
			at++
		}
	}
}

// texts gives where each of n texts and nulls starts, and the texts.
func (c *columnData) texts(n int, valid []byte) (starts, text *memory.Buffer, err error) {
	starts = c.buffer((n + 1) * arrow.Int32SizeBytes)
	at := arrow.Int32Traits.CastFromBytes(starts.Bytes())
	if c.coded {
		text, err = c.look(at)
	} else {
		copy(at, c.values.starts)
		text = c.values.text
		text.ResizeNoShrink(int(c.values.starts[c.count]))
	}
	k := c.count
	for i := n - 1; k <= i; i-- {
		at[i+1] = at[k]
		if valid[i/8]>>(i%8)&1 != 0 {
			k--
		}
	}
	return starts, text, err
}

// look copies the texts of a dictionary that the values are the numbers of.
func (c *columnData) look(starts []int32) (*memory.Buffer, error) {
	e, total := &c.entries, 0
	starts[0] = 0
	for i, k := range c.numbers {
		total += int(e.starts[k+1] - e.starts[k])
		if total > c.left {
			return nil, damaged("column ", c.leaf.name, " has more text than a row group can hold")
		}
		starts[i+1] = int32(total)
	}
	c.left -= total
	text := c.buffer(total)
	dst, src := text.Bytes(), e.text.Bytes()
	for _, k := range c.numbers {
		from, to := e.starts[k], e.starts[k+1]
		copyShort(dst, src[from:], int(to-from))
		dst = dst[to-from:]
	}
	return text, nil
}

// lists makes lists of texts of the levels.
func (c *columnData) lists(t arrow.DataType) (arrow.Array, error) {
	starts := c.buffer((c.rows + 1) * arrow.Int32SizeBytes)
	valid, elementValid := make([]byte, (c.rows+7)/8), make([]byte, (c.slots+7)/8)
	at := arrow.Int32Traits.CastFromBytes(starts.Bytes())
	row, elements, present := 0, 0, 0
	for i, level := range c.def {
		if c.rep[i] == 0 {
			at[row] = int32(elements)
			if level > 0 {
				setBits(valid, row, 1)
				present++
			}
			row++
		}
		if level == 3 {
			setBits(elementValid, elements, 1)
		}
		if level >= 2 {
			elements++
		}
	}
	at[row] = int32(elements)
	places, text, err := c.texts(elements, elementValid)
	if err != nil {
		return nil, err
	}
	nulls := elements - c.count
	child := made(t.(*arrow.ListType).Elem(), elements, nulls, nil, c.validity(elementValid, elements, nulls), places, text)
	defer child.Release()
	return made(t, c.rows, c.rows-present, child, c.validity(valid, c.rows, c.rows-present), starts), nil
}
