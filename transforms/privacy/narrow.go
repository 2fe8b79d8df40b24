package privacy

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Decimals of so many digits wait as integers of 64 bits, half of what they are, which
// come in the same order.
const narrowDigits = 18

// waits is the field as which values of f wait.
func waits(f arrow.Field) arrow.Field {
	if d, ok := f.Type.(*arrow.Decimal128Type); ok && d.Precision <= narrowDigits {
		f.Type = arrow.PrimitiveTypes.Int64
	}
	return f
}

// narrow gives a as values of f, as which it waits. It takes over the reference to a.
func narrow(mem memory.Allocator, f arrow.Field, a arrow.Array) (arrow.Array, error) {
	d, ok := a.(*array.Decimal128)
	if !ok || f.Type.ID() != arrow.INT64 {
		return a, nil
	}
	defer a.Release()
	b := arrowx.NewBuffer(mem, d.Len()*arrow.Int64SizeBytes)
	defer b.Release()
	out, wide := arrow.Int64Traits.CastFromBytes(b.Bytes()), int64(0)
	for i, v := range d.Values() {
		out[i] = int64(v.LowBits())
		wide |= v.HighBits() ^ out[i]>>63
	}
	if wide != 0 && d.NullN() < d.Len() { // under a null there may be anything
		for i, v := range d.Values() {
			if d.IsValid(i) && v.HighBits() != out[i]>>63 {
				return nil, messages.ParquetDecimal.With("column", f.Name, "type", pipelines.TypeName(d.DataType()))
			}
		}
	}
	return likeIt(mem, f.Type, d, b), nil
}

// widen gives what narrow was given, as values of type t. It takes over the reference to a.
func widen(mem memory.Allocator, t arrow.DataType, a arrow.Array) arrow.Array {
	n, ok := a.(*array.Int64)
	if !ok || t.ID() != arrow.DECIMAL128 {
		return a
	}
	defer a.Release()
	b := arrowx.NewBuffer(mem, n.Len()*arrow.Decimal128SizeBytes)
	defer b.Release()
	out := arrow.Decimal128Traits.CastFromBytes(b.Bytes())
	for i, v := range n.Int64Values() {
		out[i] = decimal128.FromI64(v)
	}
	return likeIt(mem, t, n, b)
}

// likeIt is values of type t that are null where those of a are.
func likeIt(mem memory.Allocator, t arrow.DataType, a arrow.Array, values *memory.Buffer) arrow.Array {
	valid := a.Data().Buffers()[0]
	offset := a.Data().Offset()
	if a.NullN() == 0 {
		valid = nil
	}
	if valid != nil && offset > 0 {
		bits := arrowx.NewBuffer(mem, int(bitutil.BytesForBits(int64(a.Len()))))
		defer bits.Release()
		clear(bits.Bytes())
		bitutil.CopyBitmap(valid.Bytes(), offset, a.Len(), bits.Bytes(), 0)
		valid = bits
	}
	data := array.NewData(t, a.Len(), []*memory.Buffer{valid, values}, nil, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}
