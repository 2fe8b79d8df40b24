package arrowx

import (
	"encoding/binary"
	"fmt"
	"hash"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Digest writes the rows of the records to h, column by column, in a form that
// depends on the values alone: not on how the rows are cut into records, not on
// offsets, not on what null slots hold. Records of one call count as one table.
// A NaN is one value whatever its bits; a negative zero is not zero.
func Digest(h hash.Hash, recs []arrow.Record) error {
	if len(recs) == 0 {
		return nil
	}
	d := digester{h: h, buf: make([]byte, 0, 8<<10)}
	for c := 0; c < int(recs[0].NumCols()); c++ {
		for _, r := range recs {
			if err := d.column(r.Column(c)); err != nil {
				return err
			}
		}
		d.byte(0xFE)
	}
	d.flush()
	return nil
}

type digester struct {
	h   hash.Hash
	buf []byte
}

func (d *digester) flush() {
	d.h.Write(d.buf)
	d.buf = d.buf[:0]
}

func (d *digester) room(n int) {
	if len(d.buf)+n > cap(d.buf) {
		d.flush()
	}
}

func (d *digester) byte(b byte) { d.room(1); d.buf = append(d.buf, b) }

func (d *digester) uint32(v uint32) {
	d.room(5)
	d.buf = binary.LittleEndian.AppendUint32(append(d.buf, 1), v)
}

func (d *digester) uint64(v uint64) {
	d.room(9)
	d.buf = binary.LittleEndian.AppendUint64(append(d.buf, 1), v)
}

func (d *digester) bytes(b []byte) {
	d.uint64(uint64(len(b)))
	if len(b) > cap(d.buf)/2 {
		d.flush()
		d.h.Write(b)
		return
	}
	d.room(len(b))
	d.buf = append(d.buf, b...)
}

func (d *digester) column(a arrow.Array) error {
	n := a.Len()
	each := func(value func(i int)) {
		for i := 0; i < n; i++ {
			if a.IsNull(i) {
				d.byte(0)
			} else {
				value(i)
			}
		}
	}
	switch a := a.(type) {
	case *array.Null:
		for i := 0; i < n; i++ {
			d.byte(0)
		}
	case *array.Boolean:
		each(func(i int) {
			if a.Value(i) {
				d.uint32(1)
			} else {
				d.uint32(0)
			}
		})
	case *array.Int32:
		v := a.Int32Values()
		each(func(i int) { d.uint32(uint32(v[i])) })
	case *array.Date32:
		v := a.Date32Values()
		each(func(i int) { d.uint32(uint32(v[i])) })
	case *array.Int64:
		v := a.Int64Values()
		each(func(i int) { d.uint64(uint64(v[i])) })
	case *array.Timestamp:
		v := a.TimestampValues()
		each(func(i int) { d.uint64(uint64(v[i])) })
	case *array.Float64:
		v := a.Float64Values()
		each(func(i int) {
			if v[i] != v[i] {
				d.uint64(math.Float64bits(math.NaN()))
			} else {
				d.uint64(math.Float64bits(v[i]))
			}
		})
	case *array.Decimal128:
		v := a.Values()
		each(func(i int) { d.uint64(v[i].LowBits()); d.uint64(uint64(v[i].HighBits())) })
	case *array.String:
		each(func(i int) { s := a.Value(i); d.string(s) })
	case *array.Binary:
		each(func(i int) { d.bytes(a.Value(i)) })
	case *array.List:
		el := a.ListValues()
		var err error
		each(func(i int) {
			from, to := a.ValueOffsets(i)
			d.uint64(uint64(to - from))
			part := array.NewSlice(el, from, to)
			if e := d.column(part); err == nil {
				err = e
			}
			part.Release()
		})
		return err
	default:
		return fmt.Errorf("digest column: no rows of type %s", a.DataType())
	}
	return nil
}

func (d *digester) string(s string) {
	d.uint64(uint64(len(s)))
	for len(s) > 0 {
		d.room(1)
		n := min(cap(d.buf)-len(d.buf), len(s))
		d.buf = append(d.buf, s[:n]...)
		s = s[n:]
	}
}
