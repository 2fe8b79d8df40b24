package expr

import (
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// output gathers the blocks of a result. What lies under a null is zero, so
// that the bytes depend on the values alone.
type output struct {
	t      typ
	rows   int
	nulls  int
	full   uint8
	valid  *memory.Buffer // nil until there is a null
	values *memory.Buffer // of fixed width, or the bytes of texts
	ends   *memory.Buffer // offsets of texts
	size   int            // bytes of texts
	lists  *array.ListBuilder
	mem    memory.Allocator
	bad    Failures
}

func newOutput(mem memory.Allocator, t typ, rows int, full uint8) *output {
	o := &output{t: t, rows: rows, mem: mem, full: full}
	width := 0
	switch t.k {
	case kBool:
		width = int(bitutil.BytesForBits(int64(rows)))
	case kInt, kInstant, kFloat:
		width = 8 * rows
	case kDate:
		width = 4 * rows
	case kDec:
		width = 16 * rows
	case kText:
		o.ends = memory.NewResizableBuffer(mem)
		o.ends.Resize(4 * (rows + 1))
		arrow.Int32Traits.CastFromBytes(o.ends.Bytes())[0] = 0
	case kList:
		o.lists = array.NewListBuilder(mem, arrow.BinaryTypes.String)
		o.lists.Reserve(rows)
	}
	o.values = memory.NewResizableBuffer(mem)
	o.values.Resize(width)
	return o
}

func (o *output) release() {
	for _, b := range []*memory.Buffer{o.valid, o.values, o.ends} {
		if b != nil {
			b.Release()
		}
	}
	if o.lists != nil {
		o.lists.Release()
	}
}

// add puts n rows of v from row off on.
func (o *output) add(v *vec, off, n int) {
	m := v.mask()
	switch o.t.k {
	case kBool:
		bits := o.values.Bytes()
		for i := range n {
			bitutil.SetBitTo(bits, off+i, v.bools[i&m] && v.ok(i))
		}
	case kInt, kInstant:
		put(arrow.Int64Traits.CastFromBytes(o.values.Bytes())[off:off+n], v.ints, v)
	case kDate:
		to := arrow.Int32Traits.CastFromBytes(o.values.Bytes())[off : off+n]
		for i := range to {
			to[i] = int32(v.ints[i&m])
		}
		zeroed(to, v)
	case kFloat:
		put(arrow.Float64Traits.CastFromBytes(o.values.Bytes())[off:off+n], v.floats, v)
	case kDec:
		put(arrow.Decimal128Traits.CastFromBytes(o.values.Bytes())[off:off+n], v.decs, v)
	case kText:
		o.addTexts(v, off, n)
		return
	case kList:
		o.addLists(v, off, n)
		return
	}
	o.addStates(v, off, n)
}

func put[T any](to, from []T, v *vec) {
	if v.konst {
		for i := range to {
			to[i] = from[0]
		}
	} else {
		copy(to, from)
	}
	zeroed(to, v)
}

func zeroed[T any](to []T, v *vec) {
	if v.state == nil {
		return
	}
	var zero T
	for i := range to {
		if !v.ok(i) {
			to[i] = zero
		}
	}
}

func (o *output) addStates(v *vec, off, n int) {
	if v.state == nil {
		return
	}
	for i := range n {
		if s := v.stateAt(i); s != hasValue {
			o.setNull(off+i, s)
		}
	}
}

func (o *output) setNull(row int, state uint8) {
	if o.valid == nil {
		o.valid = memory.NewResizableBuffer(o.mem)
		o.valid.Resize(int(bitutil.BytesForBits(int64(o.rows))))
		b := o.valid.Bytes()
		clear(b)
		bitutil.SetBitsTo(b, 0, int64(o.rows), true)
	}
	bitutil.ClearBit(o.valid.Bytes(), row)
	o.nulls++
	if state >= failed {
		o.bad.rows = append(o.bad.rows, int32(row))
		o.bad.codes = append(o.bad.codes, state)
	}
}

func (o *output) addTexts(v *vec, off, n int) {
	ends := arrow.Int32Traits.CastFromBytes(o.ends.Bytes())[off : off+n+1]
	m := v.mask()
	need := o.size
	for i := range n {
		if v.ok(i) {
			need += len(v.texts[i&m])
		}
	}
	need = min(need, math.MaxInt32)
	if need > o.values.Cap() {
		o.values.Reserve(min(max(need, 2*o.values.Cap()), math.MaxInt32))
	}
	o.values.ResizeNoShrink(need)
	to := o.values.Bytes()
	for i := range n {
		s := v.stateAt(i)
		if text := v.texts[i&m]; s == hasValue && len(text) <= math.MaxInt32-o.size {
			o.size += copy(to[o.size:], text)
		} else if s == hasValue {
			s = o.full
		}
		if s != hasValue {
			o.setNull(off+i, s)
		}
		ends[i+1] = int32(o.size)
	}
}

func (o *output) addLists(v *vec, off, n int) {
	texts := o.lists.ValueBuilder().(*array.StringBuilder)
	m := v.mask()
	for i := range n {
		if s := v.stateAt(i); s != hasValue {
			o.lists.AppendNull()
			if s >= failed {
				o.bad.rows = append(o.bad.rows, int32(off+i))
				o.bad.codes = append(o.bad.codes, s)
			}
			continue
		}
		o.lists.Append(true)
		l := v.lists[i&m]
		for _, e := range v.elems[l.from:l.to] {
			if e.null {
				texts.AppendNull()
			} else {
				texts.Append(e.text)
			}
		}
	}
}

// array is the result; output keeps its own references.
func (o *output) array() arrow.Array {
	switch o.t.k {
	case kNull, kOpaque, kGroup:
		return array.NewNull(o.rows)
	case kList:
		return o.lists.NewArray()
	case kBool:
		if tail := o.rows % 8; tail != 0 {
			b := o.values.Bytes()
			b[len(b)-1] &= 1<<tail - 1
		}
	}
	buffers := []*memory.Buffer{o.valid, o.values}
	if o.t.k == kText {
		o.values.Resize(o.size)
		buffers = []*memory.Buffer{o.valid, o.ends, o.values}
	}
	data := array.NewData(o.t.arrow(), o.rows, buffers, nil, o.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func (o *output) failures(why []*messages.Error) *Failures {
	if len(o.bad.rows) == 0 {
		return nil
	}
	o.bad.why = why
	return &o.bad
}
