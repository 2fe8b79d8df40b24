package arrowx

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/zeebo/xxh3"
)

// Sum tells rows apart: two tables with the same sum have the same rows, but
// for a chance of 2^-128. It is no cryptographic hash: who knows the seed can
// make rows that have the sum of others.
type Sum [16]byte

// Digest is the sum of the rows of the records, which count as one table. It
// depends on the values alone: not on how the rows are cut into records, not on
// offsets, not on what null slots hold. A NaN is one value whatever its bits; a
// negative zero is not zero. Every machine gives the same sum.
func Digest(seed uint64, recs []arrow.Record) (Sum, error) {
	if len(recs) == 0 {
		return Sum{}, nil
	}
	d := digesters.Get().(*digester)
	defer digesters.Put(d)
	d.h.ResetSeed(seed)
	d.parts = d.parts[:0]
	rows := int64(0)
	for _, r := range recs {
		rows += r.NumRows()
	}
	d.number(uint64(rows))
	for c := range recs[0].Columns() {
		d.parts = d.parts[:0]
		for _, r := range recs {
			d.parts = append(d.parts, r.Column(c))
		}
		if err := d.column(d.parts); err != nil {
			return Sum{}, err
		}
	}
	clear(d.parts)
	return d.h.Sum128().Bytes(), nil
}

var digesters = sync.Pool{New: func() any { return &digester{h: xxh3.New128()} }}

// digester writes columns in a form that can be read in one way only: after the
// number of rows, one bit a row for validity, then the values, zero under a
// null; for what differs in length all lengths, then all bytes.
type digester struct {
	h       *xxh3.Hasher128
	parts   []arrow.Array
	bits    []byte
	scratch []byte
	words   []uint64
	lengths []uint32
}

// write is what a hash does: it never fails.
func (d *digester) write(b []byte) { _, _ = d.h.Write(b) }

func (d *digester) number(v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	d.write(b[:])
}

// column writes the parts of one column.
func (d *digester) column(parts []arrow.Array) error {
	d.validity(parts)
	switch parts[0].(type) {
	case *array.Null:
	case *array.Boolean:
		d.bools(parts)
	case *array.Float64:
		d.floats(parts)
	case *array.String, *array.Binary:
		d.texts(parts)
	case *array.List:
		return d.lists(parts)
	case *array.Struct:
		return d.structs(parts)
	default:
		t, ok := parts[0].DataType().(arrow.FixedWidthDataType)
		if !ok || t.Bytes() < 1 || len(parts[0].Data().Buffers()) != 2 {
			return fmt.Errorf("digest column: no rows of type %s", parts[0].DataType())
		}
		for _, p := range parts {
			d.fixed(p, t.Bytes())
		}
	}
	return nil
}

// validity writes a bit for every row of the parts.
func (d *digester) validity(parts []arrow.Array) {
	rows := 0
	for _, p := range parts {
		rows += p.Len()
	}
	d.bits = zeroed(d.bits, int(bitutil.BytesForBits(int64(rows))))
	at := 0
	for _, p := range parts {
		if n := p.Len(); p.DataType().ID() != arrow.NULL && n > 0 {
			if bitmap := p.NullBitmapBytes(); len(bitmap) == 0 {
				bitutil.SetBitsTo(d.bits, int64(at), int64(n), true)
			} else {
				bitutil.CopyBitmap(bitmap, p.Data().Offset(), n, d.bits, at)
			}
		}
		at += p.Len()
	}
	d.write(d.bits)
}

// zeroed is n bytes that are zero, in b where they fit.
func zeroed(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	b = b[:n]
	clear(b)
	return b
}

// fixed writes the values of an array whose values all have width bytes. They
// lie in memory as little-endian processors keep them, which all that lavoir is
// built for are.
func (d *digester) fixed(a arrow.Array, width int) {
	if a.Len() == 0 {
		return
	}
	from := a.Data().Offset() * width
	b := a.Data().Buffers()[1].Bytes()[from : from+a.Len()*width]
	bitmap := a.NullBitmapBytes()
	if len(bitmap) == 0 {
		d.write(b)
		return
	}
	d.scratch = append(d.scratch[:0], b...)
	eachNull(bitmap, a.Data().Offset(), a.Len(), func(i int) { clear(d.scratch[i*width : (i+1)*width]) })
	d.write(d.scratch)
}

// eachNull calls do with every place of the n after offset whose bit is not set.
func eachNull(bitmap []byte, offset, n int, do func(i int)) {
	for i := 0; i < n; {
		at := offset + i
		if at%8 == 0 && i+64 <= n {
			for gaps := ^binary.LittleEndian.Uint64(bitmap[at/8:]); gaps != 0; gaps &= gaps - 1 {
				do(i + bits.TrailingZeros64(gaps))
			}
			i += 64
			continue
		}
		if bitmap[at/8]>>(at%8)&1 == 0 {
			do(i)
		}
		i++
	}
}

func (d *digester) bools(parts []arrow.Array) {
	d.scratch = d.scratch[:0]
	for _, p := range parts {
		a := p.(*array.Boolean)
		for i := range a.Len() {
			v := byte(0)
			if !IsNull(a, i) && a.Value(i) {
				v = 1
			}
			d.scratch = append(d.scratch, v)
		}
	}
	d.write(d.scratch)
}

func (d *digester) floats(parts []arrow.Array) {
	for _, p := range parts {
		a := p.(*array.Float64)
		d.words = append(d.words[:0], arrow.Uint64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(a.Float64Values()))...)
		for i, v := range a.Float64Values() {
			if v != v {
				d.words[i] = math.Float64bits(math.NaN())
			}
		}
		if bitmap := a.NullBitmapBytes(); len(bitmap) > 0 {
			eachNull(bitmap, a.Data().Offset(), a.Len(), func(i int) { d.words[i] = 0 })
		}
		d.write(arrow.Uint64Traits.CastToBytes(d.words))
	}
}

func (d *digester) texts(parts []arrow.Array) {
	rows := 0
	for _, p := range parts {
		rows += p.Len()
	}
	if rows == 0 {
		return
	}
	d.lengths = slices.Grow(d.lengths[:0], rows)[:rows]
	rest, hidden := d.lengths, false // a null slot holds a text
	for _, p := range parts {
		offsets, _ := Texts(p)
		lengths := rest[:p.Len()]
		rest = rest[p.Len():]
		for i := range lengths {
			lengths[i] = uint32(offsets[i+1] - offsets[i])
		}
		if bitmap := p.NullBitmapBytes(); len(bitmap) > 0 {
			eachNull(bitmap, p.Data().Offset(), p.Len(), func(i int) {
				hidden = hidden || lengths[i] != 0
				lengths[i] = 0
			})
		}
	}
	d.write(arrow.Uint32Traits.CastToBytes(d.lengths))
	rest = d.lengths
	for _, p := range parts {
		offsets, data := Texts(p)
		lengths := rest[:p.Len()]
		rest = rest[p.Len():]
		if !hidden {
			d.write(data[offsets[0]:offsets[p.Len()]])
			continue
		}
		// what is written of the values up to and with i ends where they end, as
		// long as no null slot before held a text
		start, end := offsets[0], offsets[0]
		for i, n := range lengths {
			if offsets[i] != end {
				d.write(data[start:end])
				start = offsets[i]
			}
			end = offsets[i] + int32(n)
		}
		d.write(data[start:end])
	}
}

func (d *digester) lists(parts []arrow.Array) error {
	var items []arrow.Array
	defer func() {
		for _, a := range items {
			a.Release()
		}
	}()
	lengths := []byte(nil)
	for _, p := range parts {
		a := p.(*array.List)
		for i := range a.Len() {
			if IsNull(a, i) {
				lengths = binary.LittleEndian.AppendUint32(lengths, 0)
				continue
			}
			from, to := a.ValueOffsets(i)
			lengths = binary.LittleEndian.AppendUint32(lengths, uint32(to-from))
			if to > from {
				items = append(items, array.NewSlice(a.ListValues(), from, to))
			}
		}
	}
	d.write(lengths)
	if len(items) == 0 {
		return nil
	}
	return d.column(items)
}

// structs writes field by field the values of the rows that are not null.
func (d *digester) structs(parts []arrow.Array) error {
	for k := range parts[0].(*array.Struct).NumField() {
		var field []arrow.Array
		for _, p := range parts {
			a := p.(*array.Struct)
			for from := 0; from < a.Len(); from++ {
				to := from
				for to < a.Len() && !a.IsNull(to) {
					to++
				}
				if to > from {
					field = append(field, array.NewSlice(a.Field(k), int64(from), int64(to)))
				}
				from = to
			}
		}
		if len(field) == 0 {
			return nil
		}
		err := d.column(field)
		for _, a := range field {
			a.Release()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Texts is where the values of a String or Binary array stand: value i is
// data[offsets[i]:offsets[i+1]], also where the array is a slice of another.
func Texts(a arrow.Array) (offsets []int32, data []byte) {
	bufs := a.Data().Buffers()
	if a.Len() == 0 || bufs[1] == nil {
		return []int32{0}, nil
	}
	from := a.Data().Offset()
	offsets = arrow.Int32Traits.CastFromBytes(bufs[1].Bytes())[from : from+a.Len()+1]
	if bufs[2] != nil {
		data = bufs[2].Bytes()
	}
	return offsets, data
}

// TextBytes is how long the first n values of a String or Binary array are
// together; nulls have no length, whatever lies under them.
func TextBytes(a arrow.Array, n int) int64 {
	if n == 0 {
		return 0
	}
	offsets, _ := Texts(a)
	total := int64(offsets[n] - offsets[0])
	if bitmap := a.NullBitmapBytes(); len(bitmap) > 0 {
		eachNull(bitmap, a.Data().Offset(), n, func(i int) { total -= int64(offsets[i+1] - offsets[i]) })
	}
	return total
}
