package arrowx

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Ref is a row of one of several chunks. A negative Row stands for null.
type Ref struct{ Chunk, Row int32 }

// Refs are the given rows of one chunk.
func Refs(rows []int32) []Ref {
	refs := make([]Ref, len(rows))
	for i, r := range rows {
		refs[i].Row = r
	}
	return refs
}

// Take is the given rows of a, in that order; a negative row is null. The caller
// releases the result. It fails when the result's text would exceed 2 GiB.
func Take(mem memory.Allocator, a arrow.Array, rows []int32) (arrow.Array, error) {
	return Gather(mem, a.DataType(), []arrow.Array{a}, Refs(rows))
}

// TakeRecord is the given rows of r, in that order. The caller releases it.
func TakeRecord(mem memory.Allocator, r arrow.Record, rows []int32) (arrow.Record, error) {
	return GatherRecord(mem, r.Schema(), []arrow.Record{r}, Refs(rows))
}

// GatherRecord collects rows of several records of one schema. The caller
// releases the result; the records are only borrowed.
func GatherRecord(mem memory.Allocator, schema *arrow.Schema, recs []arrow.Record, refs []Ref) (arrow.Record, error) {
	cols := make([]arrow.Array, 0, schema.NumFields())
	defer func() {
		for _, c := range cols {
			c.Release()
		}
	}()
	chunks := make([]arrow.Array, len(recs))
	for c, f := range schema.Fields() {
		for i, r := range recs {
			chunks[i] = r.Column(c)
		}
		col, err := Gather(mem, f.Type, chunks, refs)
		if err != nil {
			return nil, err
		}
		cols = append(cols, col)
	}
	return array.NewRecord(schema, cols, int64(len(refs))), nil
}

// Gather collects values of several chunks of type t in the order of refs. The
// caller releases the result. Values under a null are zero, so that equal rows
// give equal bytes.
func Gather(mem memory.Allocator, t arrow.DataType, chunks []arrow.Array, refs []Ref) (arrow.Array, error) {
	if t.ID() == arrow.NULL {
		return array.NewNull(len(refs)), nil
	}
	valid, nulls := gatherValidity(mem, chunks, refs)
	g := gathering{mem: mem, chunks: chunks, refs: refs, valid: valid}
	bufs := []*memory.Buffer{valid}
	var children []arrow.ArrayData
	var err error
	switch t.ID() {
	case arrow.BOOL:
		bufs = append(bufs, g.bools())
	case arrow.INT32:
		bufs = append(bufs, fixed(g, arrow.Int32SizeBytes, func(a arrow.Array) []int32 { return a.(*array.Int32).Int32Values() }, arrow.Int32Traits.CastFromBytes))
	case arrow.INT64:
		bufs = append(bufs, fixed(g, arrow.Int64SizeBytes, func(a arrow.Array) []int64 { return a.(*array.Int64).Int64Values() }, arrow.Int64Traits.CastFromBytes))
	case arrow.FLOAT64:
		bufs = append(bufs, fixed(g, arrow.Float64SizeBytes, func(a arrow.Array) []float64 { return a.(*array.Float64).Float64Values() }, arrow.Float64Traits.CastFromBytes))
	case arrow.DECIMAL128:
		bufs = append(bufs, fixed(g, arrow.Decimal128SizeBytes, func(a arrow.Array) []decimal128.Num { return a.(*array.Decimal128).Values() }, arrow.Decimal128Traits.CastFromBytes))
	case arrow.DATE32:
		bufs = append(bufs, fixed(g, arrow.Date32SizeBytes, func(a arrow.Array) []arrow.Date32 { return a.(*array.Date32).Date32Values() }, arrow.Date32Traits.CastFromBytes))
	case arrow.TIMESTAMP:
		bufs = append(bufs, fixed(g, arrow.TimestampSizeBytes, func(a arrow.Array) []arrow.Timestamp { return a.(*array.Timestamp).TimestampValues() }, arrow.TimestampTraits.CastFromBytes))
	case arrow.STRING:
		var b []*memory.Buffer
		if valid == nil {
			b, err = g.texts()
		} else {
			b, err = g.varied()
		}
		bufs = append(bufs, b...)
	case arrow.BINARY:
		var b []*memory.Buffer
		b, err = g.varied()
		bufs = append(bufs, b...)
	case arrow.LIST:
		var b *memory.Buffer
		var child arrow.Array
		b, child, err = g.lists(t.(*arrow.ListType).Elem())
		if err == nil {
			bufs = append(bufs, b)
			children = []arrow.ArrayData{child.Data()}
			defer child.Release()
		}
	case arrow.STRUCT:
		var b []arrow.Array
		b, err = g.boxes(t.(*arrow.StructType))
		for _, child := range b {
			children = append(children, child.Data())
			defer child.Release()
		}
	default:
		err = fmt.Errorf("take rows: no support for %s", t)
	}
	defer func() {
		for _, b := range bufs {
			if b != nil {
				b.Release()
			}
		}
	}()
	if err != nil {
		return nil, err
	}
	data := array.NewData(t, len(refs), bufs, children, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

type gathering struct {
	mem    memory.Allocator
	chunks []arrow.Array
	refs   []Ref
	valid  *memory.Buffer // nil when no value is null
}

// room is a buffer of which every byte is written, unless some values are null.
func (g gathering) room(size int) *memory.Buffer {
	if g.valid != nil {
		return g.buffer(size)
	}
	return NewBuffer(g.mem, size)
}

func (g gathering) buffer(size int) *memory.Buffer {
	b := memory.NewResizableBuffer(g.mem)
	b.Resize(size)
	clear(b.Buf())
	return b
}

// null says whether value i is null; only the bits that were set are values.
func (g gathering) null(i int) bool {
	return g.valid != nil && !bitutil.BitIsSet(g.valid.Bytes(), i)
}

func gatherValidity(mem memory.Allocator, chunks []arrow.Array, refs []Ref) (*memory.Buffer, int) {
	some := false
	for _, c := range chunks {
		some = some || c.NullN() > 0
	}
	for i := 0; i < len(refs) && !some; i++ {
		some = refs[i].Row < 0
	}
	if !some {
		return nil, 0
	}
	b := gathering{mem: mem}.buffer(int(bitutil.BytesForBits(int64(len(refs)))))
	bits, nulls := b.Bytes(), 0
	for i, r := range refs {
		if r.Row >= 0 && chunks[r.Chunk].IsValid(int(r.Row)) {
			bitutil.SetBit(bits, i)
		} else {
			nulls++
		}
	}
	return b, nulls
}

func fixed[T any](g gathering, width int, values func(arrow.Array) []T, cast func([]byte) []T) *memory.Buffer {
	b := g.room(len(g.refs) * width)
	dst := cast(b.Bytes())
	src := make([][]T, len(g.chunks))
	for i, c := range g.chunks {
		src[i] = values(c)
	}
	if g.valid == nil && g.dense() {
		for at, n := range g.runs {
			r := g.refs[at]
			copy(dst[at:at+n], src[r.Chunk][r.Row:])
		}
		return b
	}
	if g.valid == nil {
		for i, r := range g.refs {
			dst[i] = src[r.Chunk][r.Row]
		}
		return b
	}
	for i, r := range g.refs {
		if !g.null(i) {
			dst[i] = src[r.Chunk][r.Row]
		}
	}
	return b
}

// dense says whether most rows follow the one before.
func (g gathering) dense() bool {
	starts := 0
	for i := 1; i < len(g.refs); i++ {
		if g.refs[i].Chunk != g.refs[i-1].Chunk || g.refs[i].Row != g.refs[i-1].Row+1 {
			starts++
		}
	}
	return starts*8 < len(g.refs)
}

// runs gives the places in refs, and the lengths, of rows that follow each other.
func (g gathering) runs(yield func(at, n int) bool) {
	for at := 0; at < len(g.refs); {
		n, next := 1, g.refs[at]
		for next.Row++; at+n < len(g.refs) && g.refs[at+n] == next; next.Row++ {
			n++
		}
		if !yield(at, n) {
			return
		}
		at += n
	}
}

func (g gathering) bools() *memory.Buffer {
	b := g.buffer(int(bitutil.BytesForBits(int64(len(g.refs)))))
	bits := b.Bytes()
	for i, r := range g.refs {
		if !g.null(i) && g.chunks[r.Chunk].(*array.Boolean).Value(int(r.Row)) {
			bitutil.SetBit(bits, i)
		}
	}
	return b
}

func (g gathering) offsets() *memory.Buffer {
	return g.buffer((len(g.refs) + 1) * arrow.Int32SizeBytes)
}

var errTooLong = fmt.Errorf("a batch would hold more than 2 GiB in one column")

// varied gathers texts and bytes.
func (g gathering) varied() ([]*memory.Buffer, error) {
	ob := g.offsets()
	offsets := arrow.Int32Traits.CastFromBytes(ob.Bytes())
	ends, data := make([][]int32, len(g.chunks)), make([][]byte, len(g.chunks))
	for i, c := range g.chunks {
		ends[i], data[i] = Texts(c)
	}
	total := int64(0)
	for i, r := range g.refs {
		if !g.null(i) {
			from := ends[r.Chunk]
			total += int64(from[r.Row+1] - from[r.Row])
		}
		if total > math.MaxInt32 {
			ob.Release()
			return nil, errTooLong
		}
		offsets[i+1] = int32(total)
	}
	vb := g.buffer(int(total))
	dst := vb.Bytes()
	for i, r := range g.refs {
		if offsets[i+1] > offsets[i] {
			copy(dst[offsets[i]:offsets[i+1]], data[r.Chunk][ends[r.Chunk][r.Row]:])
		}
	}
	return []*memory.Buffer{ob, vb}, nil
}

// short is how many bytes are copied at once of a text that is no longer.
const short = 32

// texts is varied for texts none of which is null.
func (g gathering) texts() ([]*memory.Buffer, error) {
	ob := g.room((len(g.refs) + 1) * arrow.Int32SizeBytes)
	ends := arrow.Int32Traits.CastFromBytes(ob.Bytes())
	ends[0] = 0
	from, data := make([][]int32, len(g.chunks)), make([][]byte, len(g.chunks))
	for i, c := range g.chunks {
		from[i], data[i] = Texts(c)
	}
	total := int64(0)
	for i, r := range g.refs {
		starts := from[r.Chunk]
		if total += int64(starts[r.Row+1] - starts[r.Row]); total > math.MaxInt32 {
			ob.Release()
			return nil, errTooLong
		}
		ends[i+1] = int32(total)
	}
	vb := g.room(int(total))
	text := vb.Bytes()
	if !g.dense() {
		for i, r := range g.refs {
			starts, bytes := from[r.Chunk], data[r.Chunk]
			at, start, end := int(ends[i]), int(starts[r.Row]), int(starts[r.Row+1])
			if end-start <= short && start+short <= len(bytes) && at+short <= len(text) {
				*(*[short]byte)(text[at:]) = *(*[short]byte)(bytes[start:]) // what is after it is written later
				continue
			}
			copy(text[at:], bytes[start:end])
		}
		return []*memory.Buffer{ob, vb}, nil
	}
	for at, n := range g.runs {
		r := g.refs[at]
		starts := from[r.Chunk]
		copy(text[ends[at]:], data[r.Chunk][starts[r.Row]:starts[int(r.Row)+n]])
	}
	return []*memory.Buffer{ob, vb}, nil
}

// boxes are the fields of structs whose fields are doubles that are never null.
func (g gathering) boxes(t *arrow.StructType) ([]arrow.Array, error) {
	if !isBox(t) {
		return nil, fmt.Errorf("take rows: no support for %s", t)
	}
	fields := make([]arrow.Array, t.NumFields())
	for k := range fields {
		b := fixed(g, arrow.Float64SizeBytes, func(a arrow.Array) []float64 {
			return a.(*array.Struct).Field(k).(*array.Float64).Float64Values()
		}, arrow.Float64Traits.CastFromBytes)
		data := array.NewData(t.Field(k).Type, len(g.refs), []*memory.Buffer{nil, b}, nil, 0, 0)
		b.Release()
		fields[k] = array.NewFloat64Data(data)
		data.Release()
	}
	return fields, nil
}

func isBox(t *arrow.StructType) bool {
	for _, f := range t.Fields() {
		if f.Nullable || f.Type.ID() != arrow.FLOAT64 {
			return false
		}
	}
	return true
}

func (g gathering) lists(elem arrow.DataType) (*memory.Buffer, arrow.Array, error) {
	ob := g.offsets()
	offsets := arrow.Int32Traits.CastFromBytes(ob.Bytes())
	children := make([]arrow.Array, len(g.chunks))
	for i, c := range g.chunks {
		children[i] = c.(*array.List).ListValues()
	}
	var refs []Ref
	for i, r := range g.refs {
		if !g.null(i) {
			start, end := g.chunks[r.Chunk].(*array.List).ValueOffsets(int(r.Row))
			for j := start; j < end; j++ {
				refs = append(refs, Ref{r.Chunk, int32(j)})
			}
		}
		if len(refs) > math.MaxInt32 {
			ob.Release()
			return nil, nil, errTooLong
		}
		offsets[i+1] = int32(len(refs))
	}
	child, err := Gather(g.mem, elem, children, refs)
	if err != nil {
		ob.Release()
		return nil, nil, err
	}
	return ob, child, nil
}
