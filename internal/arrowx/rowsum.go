package arrowx

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"
)

// RowSumKey is the key of sums of rows: of the cipher, then of the hash.
type RowSumKey [24]byte

// RowSum tells tables apart by which rows they have and how often each, whatever their
// order: it is the sum, modulo 2^128, of what a keyed function makes of each row, and
// the number of rows (MSet-Add-Hash: Clarke, Devadas, van Dijk, Gassend and Suh, 2003).
// Several goroutines may each sum up some of the rows and join what they have.
//
// The function is AES under the key, of the row's 128-bit hash. Two different tables
// have the same sum
//
//   - where two different rows have the same hash under a seed that nobody knows, which
//     is the chance that Digest takes too; and else
//   - where Σ c·AES(h) = 0 over the different hashes h, c being by how much the numbers
//     of their rows differ. AES cannot be told from random functions by whoever has not
//     the key, and under one the sum is 0 with the chance of 2^-128 times the greatest
//     power of two that divides every c: less than 2^-96 for tables of 2^32 rows.
//
// The hash alone would not do: that sums of it are as good as random is nothing that its
// design promises. HMAC would be stronger than what goes into it, for the time of ten of
// these. The sum is no secret's keeper: whoever sees those of many tables can add them
// up, so that only a keyed hash of it is to be kept.
type RowSum struct {
	block cipher.Block
	seed  uint64
	rows  uint64
	sum   [2]uint64 // low, high
	rowWriter
	in, out [aes.BlockSize]byte
}

// NewRowSum is the sum of no rows.
func NewRowSum(key RowSumKey) *RowSum {
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // of no key of 16 bytes
	}
	return &RowSum{block: block, seed: binary.LittleEndian.Uint64(key[16:])}
}

// Add adds the rows of r. Values are the same where they are for Digest.
func (s *RowSum) Add(r arrow.Record) error {
	n := int(r.NumRows())
	for from := 0; from < n; from += sumBlock {
		to := min(from+sumBlock, n)
		if err := s.write(r, from, to); err != nil {
			return err
		}
		for i := range to - from {
			s.add(s.data[s.starts[i]:s.starts[i+1]])
		}
	}
	return nil
}

func (s *RowSum) add(row []byte) {
	h := xxh3.Hash128Seed(row, s.seed)
	binary.LittleEndian.PutUint64(s.in[:], h.Lo)
	binary.LittleEndian.PutUint64(s.in[8:], h.Hi)
	s.block.Encrypt(s.out[:], s.in[:])
	s.plus(1, binary.LittleEndian.Uint64(s.out[:]), binary.LittleEndian.Uint64(s.out[8:]))
}

func (s *RowSum) plus(rows, low, high uint64) {
	var carry uint64
	s.rows += rows
	s.sum[0], carry = bits.Add64(s.sum[0], low, 0)
	s.sum[1], _ = bits.Add64(s.sum[1], high, carry)
}

// Join adds the rows of other, which has the same key.
func (s *RowSum) Join(other *RowSum) { s.plus(other.rows, other.sum[0], other.sum[1]) }

// Bytes is what the rows come to. Every machine gives the same.
func (s *RowSum) Bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, s.rows)
	b = binary.LittleEndian.AppendUint64(b, s.sum[0])
	return binary.LittleEndian.AppendUint64(b, s.sum[1])
}

// sumBlock is how many rows are written at once: they stay in the nearest memory.
const sumBlock = 256

// rowWriter writes rows one after the other, each in a form that can be read in one way
// only given the types of its columns: a bit for every column that is not null, then
// the values, zero under a null, those that differ in length after it. It goes through
// column by column.
type rowWriter struct {
	data   []byte
	starts []int    // of rows, and the end of the last
	at     []int    // where the next value of each row goes
	others [][]byte // by column: its values that are neither texts nor of one width
	ends   [][]int  // of these
	none   []byte   // bits of a row without nulls
}

func (w *rowWriter) write(r arrow.Record, from, to int) error {
	n, cols := to-from, r.Columns()
	w.starts = slices.Grow(w.starts[:0], n+1)[:n+1]
	w.at = slices.Grow(w.at[:0], n)[:n]
	if len(w.ends) < len(cols) {
		w.others, w.ends = make([][]byte, len(cols)), make([][]int, len(cols))
	}
	bytes := (len(cols) + 7) / 8
	width := bytes
	for _, c := range cols {
		size, ok := widthOf(c.DataType())
		if !ok {
			return fmt.Errorf("sum rows: no rows of type %s", c.DataType())
		}
		width += size
	}
	for i := range w.starts {
		w.starts[i] = width
	}
	for k, c := range cols {
		w.measure(k, c, from, n)
	}
	next := 0
	for i := range w.at {
		size := w.starts[i]
		w.starts[i], w.at[i] = next, next+bytes
		next += size
	}
	w.starts[n] = next
	w.data = slices.Grow(w.data[:0], next)[:next]
	w.validity(cols, from, n, bytes)
	for k, c := range cols {
		w.column(k, c, from, n)
	}
	return nil
}

// lengthBytes is what stands before a value whose length is its own.
const lengthBytes = 4

// widthOf is how many bytes each value of a type takes besides those of its own length.
func widthOf(t arrow.DataType) (int, bool) {
	switch t := t.(type) {
	case *arrow.NullType:
		return 0, true
	case *arrow.BooleanType:
		return 1, true
	case *arrow.StringType, *arrow.BinaryType:
		return lengthBytes, true
	case *arrow.ListType:
		_, ok := widthOf(t.Elem())
		return lengthBytes, ok
	case *arrow.StructType:
		for _, f := range t.Fields() {
			if _, ok := widthOf(f.Type); !ok {
				return 0, false
			}
		}
		return lengthBytes, true
	case arrow.FixedWidthDataType:
		return t.Bytes(), t.Bytes() > 0 && t.ID() != arrow.DICTIONARY && t.ID() != arrow.FIXED_SIZE_LIST && t.ID() != arrow.EXTENSION
	}
	return 0, false
}

// measure adds the lengths of the values of a column to those of their rows.
func (w *rowWriter) measure(k int, c arrow.Array, from, n int) {
	switch c.(type) {
	case *array.String, *array.Binary:
		offsets, _ := Texts(c)
		for i := range n {
			w.starts[i] += int(offsets[from+i+1] - offsets[from+i])
		}
		w.each(c, from, n, func(i int) { w.starts[i] -= int(offsets[from+i+1] - offsets[from+i]) })
	case *array.List, *array.Struct:
		w.others[k], w.ends[k] = w.others[k][:0], w.ends[k][:0]
		for i := range n {
			before := len(w.others[k])
			if !IsNull(c, from+i) {
				w.others[k] = appendNested(w.others[k], c, from+i)
			}
			w.ends[k] = append(w.ends[k], len(w.others[k]))
			w.starts[i] += len(w.others[k]) - before
		}
	}
}

// each calls do with each of the n rows from a row on that are null in a column.
func (w *rowWriter) each(c arrow.Array, from, n int, do func(i int)) {
	if c.NullN() > 0 {
		eachNull(c.NullBitmapBytes(), c.Data().Offset()+from, n, do)
	}
}

func (w *rowWriter) validity(cols []arrow.Array, from, n, bytes int) {
	w.none = zeroed(w.none, bytes)
	for k := range cols {
		w.none[k/8] |= 1 << (k % 8)
	}
	for i := range n {
		copy(w.data[w.starts[i]:], w.none)
	}
	for k, c := range cols {
		unset := func(i int) { w.data[w.starts[i]+k/8] &^= 1 << (k % 8) }
		if c.DataType().ID() == arrow.NULL {
			for i := range n {
				unset(i)
			}
			continue
		}
		w.each(c, from, n, unset)
	}
}

func (w *rowWriter) column(k int, c arrow.Array, from, n int) {
	data, at := w.data, w.at
	switch c := c.(type) {
	case *array.Null:
	case *array.Boolean:
		for i := range n {
			data[at[i]] = 0
			if !IsNull(c, from+i) && c.Value(from+i) {
				data[at[i]] = 1
			}
			at[i]++
		}
	case *array.Float64:
		for i, v := range c.Float64Values()[from : from+n] {
			binary.LittleEndian.PutUint64(data[at[i]:], floatBits(v))
			at[i] += 8
		}
		w.each(c, from, n, func(i int) { clear(data[at[i]-8 : at[i]]) })
	case *array.String, *array.Binary:
		w.texts(c, from, n)
	case *array.List, *array.Struct:
		start := 0
		for i, end := range w.ends[k] {
			binary.LittleEndian.PutUint32(data[at[i]:], uint32(end-start))
			at[i] += lengthBytes + copy(data[at[i]+lengthBytes:], w.others[k][start:end])
			start = end
		}
	default:
		w.fixed(c, from, n)
	}
}

func (w *rowWriter) texts(c arrow.Array, from, n int) {
	data, at := w.data, w.at
	offsets, text := Texts(c)
	nulls := c.NullN() > 0
	for i := range n {
		start, end := offsets[from+i], offsets[from+i+1]
		if nulls && IsNull(c, from+i) {
			end = start
		}
		binary.LittleEndian.PutUint32(data[at[i]:], uint32(end-start))
		at[i] += lengthBytes + copy(data[at[i]+lengthBytes:], text[start:end])
	}
}

// fixed writes the values of an array whose values all have one width. They lie in
// memory as little-endian processors keep them, which all that lavoir is built for are.
func (w *rowWriter) fixed(c arrow.Array, from, n int) {
	data, at := w.data, w.at
	width := c.DataType().(arrow.FixedWidthDataType).Bytes()
	values := c.Data().Buffers()[1].Bytes()[(c.Data().Offset()+from)*width:]
	switch width {
	case 8:
		for i := range n {
			*(*[8]byte)(data[at[i]:]) = [8]byte(values[8*i:])
			at[i] += 8
		}
	case 4:
		for i := range n {
			*(*[4]byte)(data[at[i]:]) = [4]byte(values[4*i:])
			at[i] += 4
		}
	default:
		for i := range n {
			at[i] += copy(data[at[i]:], values[i*width:(i+1)*width])
		}
	}
	w.each(c, from, n, func(i int) { clear(data[at[i]-width : at[i]]) })
}

func floatBits(v float64) uint64 {
	if v != v {
		v = math.NaN()
	}
	return math.Float64bits(v)
}

// appendNested writes value i of a, which is not null, of any type that widthOf knows.
func appendNested(dst []byte, a arrow.Array, i int) []byte {
	element := func(a arrow.Array, i int) {
		if IsNull(a, i) {
			dst = append(dst, 0)
			return
		}
		dst = appendNested(append(dst, 1), a, i)
	}
	switch a := a.(type) {
	case *array.List:
		from, to := a.ValueOffsets(i)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(to-from))
		for j := from; j < to; j++ {
			element(a.ListValues(), int(j))
		}
	case *array.Struct:
		for k := range a.NumField() {
			element(a.Field(k), i)
		}
	case *array.String:
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(a.ValueLen(i))), a.Value(i)...)
	case *array.Binary:
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(a.ValueLen(i))), a.Value(i)...)
	case *array.Boolean:
		if a.Value(i) {
			return append(dst, 1)
		}
		return append(dst, 0)
	case *array.Float64:
		dst = binary.LittleEndian.AppendUint64(dst, floatBits(a.Value(i)))
	default:
		width := a.DataType().(arrow.FixedWidthDataType).Bytes()
		at := (a.Data().Offset() + i) * width
		dst = append(dst, a.Data().Buffers()[1].Bytes()[at:at+width]...)
	}
	return dst
}
