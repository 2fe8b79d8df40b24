package format

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	pq "github.com/parquet-go/parquet-go/format"
)

// audit is what is found out about a column chunk, to be compared with what the
// file says of it. Its scratch is used again.
type audit struct {
	bounds []bound // of the pages
	raw    []byte  // what the bounds are made of
	table  []uint32
	filter []byte
}

// bound is the least and the greatest value of a page or chunk, as statistics
// hold them.
type bound struct {
	lo, hi []byte
	any    bool // there are values
	nan    bool // one of them has no place in an order
}

// chunk decodes a column chunk and checks all that is said about it.
func (d *groupDecoder) chunk(said *pq.ColumnChunk, parts [3]fileWindow) error {
	m, c, a := &said.MetaData, &d.column, &d.audit
	wrong := func(what string) error { return damaged("column ", c.leaf.name, " has ", what) }
	a.bounds, a.raw = a.bounds[:0], append(a.raw[:0], 0)[:0] // never nil: an empty text is a bound
	b, err := parts[0].cut(firstOffset(m), m.TotalCompressedSize)
	if err != nil {
		return err
	}
	if err := d.read(m, b); err != nil {
		return err
	}
	switch {
	case len(c.pages) == 0 || m.DataPageOffset != c.pages[0].offset:
		return wrong("another first page than stated")
	case int64(c.slots) != m.NumValues:
		return wrong("a wrong number of values")
	case m.TotalUncompressedSize != m.TotalCompressedSize+c.grown:
		return wrong("a wrong uncompressed size")
	case bytes.IndexByte(c.used, 0) >= 0:
		return wrong("a dictionary entry that no row uses")
	case c.coded && a.twice(&c.entries, c.leaf.physical):
		return wrong("the same dictionary entry twice")
	case m.Statistics.NullCount != int64(c.slots-c.count):
		return wrong("a wrong number of nulls")
	}
	if err := c.auditEncodings(m); err != nil {
		return err
	}
	if err := c.auditOffsets(said, parts[2]); err != nil {
		return err
	}
	whole := a.whole(c.leaf)
	if !whole.any || whole.nan {
		if m.Statistics.MinValue != nil || m.Statistics.MaxValue != nil {
			return wrong("statistics where there can be none")
		}
	} else {
		lo, hi := zeros(whole.lo, whole.hi, c.leaf)
		if len(lo) > 256 || len(hi) > 256 {
			lo, hi = nil, nil
		}
		st := &m.Statistics
		if !bytes.Equal(st.MinValue, lo) || !bytes.Equal(st.MaxValue, hi) || (st.MinValue == nil) != (lo == nil) || (st.MaxValue == nil) != (hi == nil) {
			return wrong("statistics that are not those of its values")
		}
	}
	if err := a.auditColumnIndex(c, said, whole.nan, parts[1]); err != nil {
		return err
	}
	if m.BloomFilterOffset == 0 && m.BloomFilterLength == 0 {
		return nil
	}
	if b, err = parts[0].cut(m.BloomFilterOffset, int64(m.BloomFilterLength)); err != nil {
		return err
	}
	return a.auditFilter(c, b)
}

// auditEncodings checks the lists of encodings in the metadata.
func (c *columnData) auditEncodings(m *pq.ColumnMetaData) error {
	first := &c.pages[0]
	for _, p := range c.pages {
		if p.kind != first.kind || p.encoding != first.encoding {
			return damaged("column ", c.leaf.name, " has pages of several kinds")
		}
		if p.stated {
			return damaged("column ", c.leaf.name, " has statistics in a page header")
		}
	}
	encodings := []pq.Encoding{first.encoding, pq.RLE}
	stats := []pq.PageEncodingStats{{PageType: first.kind, Encoding: first.encoding, Count: int32(len(c.pages))}}
	if c.coded {
		encodings = []pq.Encoding{pq.Plain, pq.RLE, first.encoding}
		stats = append([]pq.PageEncodingStats{{PageType: pq.DictionaryPage, Encoding: pq.Plain, Count: 1}}, stats...)
	}
	if !slices.Equal(m.Encoding, encodings) || !slices.Equal(m.EncodingStats, stats) {
		return damaged("column ", c.leaf.name, " has other encodings than stated")
	}
	return nil
}

// extent takes the least and the greatest of the values from on, which are those
// of a page; of a dictionary, of the entries that the page touches.
func (a *audit) extent(c *columnData, from int) {
	if c.count == from {
		a.bounds = append(a.bounds, bound{})
		return
	}
	v, touched := &c.values, c.touched
	if c.coded {
		v, from = &c.entries, 0
	}
	var nan bool
	start := len(a.raw)
	half := start
	switch c.leaf.physical {
	case pq.Boolean:
		ones := countBits(v.bits, from, v.n-from)
		lo, hi := byte(0), byte(1)
		if ones == 0 {
			hi = 0
		} else if ones == v.n-from {
			lo = 1
		}
		a.raw, half = append(a.raw, lo, hi), start+1
	case pq.Int32:
		lo, hi := extentOf(v.int32s[from:], touched)
		a.raw, half = binary.LittleEndian.AppendUint32(a.raw, uint32(lo)), start+4
		a.raw = binary.LittleEndian.AppendUint32(a.raw, uint32(hi))
	case pq.Int64:
		lo, hi := extentOf(v.int64s[from:], touched)
		a.raw, half = binary.LittleEndian.AppendUint64(a.raw, uint64(lo)), start+8
		a.raw = binary.LittleEndian.AppendUint64(a.raw, uint64(hi))
	case pq.Double:
		lo, hi := extentOf(v.doubles[from:], touched)
		for i, x := range v.doubles[from:] {
			nan = nan || x != x && (!c.coded || touched[i] != 0)
		}
		a.raw, half = binary.LittleEndian.AppendUint64(a.raw, math.Float64bits(lo)), start+8
		a.raw = binary.LittleEndian.AppendUint64(a.raw, math.Float64bits(hi))
	case pq.FixedLenByteArray:
		lo, hi := extentOfWides(v.wides[from:], touched)
		a.raw, half = appendWide(a.raw, lo, c.leaf.width), start+c.leaf.width
		a.raw = appendWide(a.raw, hi, c.leaf.width)
	case pq.ByteArray:
		lo, hi := extentOfTexts(v.starts[from:], v.text.Bytes(), touched)
		a.raw = append(a.raw, v.at(from+lo)...)
		half = len(a.raw)
		a.raw = append(a.raw, v.at(from+hi)...)
	}
	a.bounds = append(a.bounds, bound{a.raw[start:half:half], a.raw[half:len(a.raw):len(a.raw)], true, nan})
	for i, t := range touched {
		c.used[i] |= t
	}
	clear(touched)
}

// at is text i.
func (v *plainValues) at(i int) []byte { return v.text.Bytes()[v.starts[i]:v.starts[i+1]] }

// extentOf is the least and the greatest of vs, which are not none; where touched
// is not empty, of those touched. With a NaN they mean nothing.
func extentOf[T int32 | int64 | float64](vs []T, touched []byte) (lo, hi T) {
	if len(touched) == 0 {
		lo, hi = vs[0], vs[0]
		for _, v := range vs {
			lo, hi = min(lo, v), max(hi, v)
		}
		return lo, hi
	}
	first := bytes.IndexByte(touched, 1)
	lo, hi = vs[first], vs[first]
	for i, v := range vs {
		if touched[i] != 0 {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}

func extentOfWides(vs []decimal128.Num, touched []byte) (lo, hi decimal128.Num) {
	first := 0
	if len(touched) > 0 {
		first = bytes.IndexByte(touched, 1)
	}
	lo, hi = vs[first], vs[first]
	for i, v := range vs {
		if len(touched) > 0 && touched[i] == 0 {
			continue
		}
		if v.Less(lo) {
			lo = v
		}
		if hi.Less(v) {
			hi = v
		}
	}
	return lo, hi
}

// extentOfTexts gives which of the texts are the least and the greatest. Most
// are told apart by their first eight bytes.
func extentOfTexts(starts []int32, data []byte, touched []byte) (lo, hi int) {
	first := 0
	if len(touched) > 0 {
		first = bytes.IndexByte(touched, 1)
	}
	text := func(i int) []byte { return data[starts[i]:starts[i+1]] }
	lo, hi = first, first
	least := firstEight(data, starts[first], starts[first+1])
	greatest := least
	for i := first; i < len(starts)-1; i++ {
		if len(touched) > 0 && touched[i] == 0 {
			continue
		}
		head := firstEight(data, starts[i], starts[i+1])
		if head <= least && (head < least || bytes.Compare(text(i), text(lo)) < 0) {
			lo, least = i, head
		}
		if head >= greatest && (head > greatest || bytes.Compare(text(i), text(hi)) > 0) {
			hi, greatest = i, head
		}
	}
	return lo, hi
}

// firstEight is the first bytes of data[start:end] as a number, zeros after a
// short text: where two differ, the texts are in their order.
func firstEight(data []byte, start, end int32) uint64 {
	n := end - start
	if int(start)+8 <= len(data) {
		u := binary.BigEndian.Uint64(data[start:])
		if n < 8 {
			u &= ^uint64(0) << (64 - 8*n)
		}
		return u
	}
	var b [8]byte
	copy(b[:], data[start:end])
	return binary.BigEndian.Uint64(b[:])
}

func appendWide(dst []byte, v decimal128.Num, width int) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(v.HighBits()))
	binary.BigEndian.PutUint64(b[8:], v.LowBits())
	return append(dst, b[16-width:]...)
}

func countBits(b []byte, at, n int) (ones int) {
	for ; n > 0 && at%8 != 0; n-- {
		ones += int(b[at/8]>>(at%8)) & 1
		at++
	}
	for ; n >= 8; n -= 8 {
		ones += bits.OnesCount8(b[at/8])
		at += 8
	}
	if n > 0 {
		ones += bits.OnesCount8(b[at/8] & (1<<n - 1))
	}
	return ones
}

// whole is the bound of all pages.
func (a *audit) whole(l *fileLeaf) (w bound) {
	for _, b := range a.bounds {
		switch {
		case !b.any:
			continue
		case !w.any:
			w.lo, w.hi, w.any = b.lo, b.hi, true
		default:
			if compareRaw(l, b.lo, w.lo) < 0 {
				w.lo = b.lo
			}
			if compareRaw(l, b.hi, w.hi) > 0 {
				w.hi = b.hi
			}
		}
		w.nan = w.nan || b.nan
	}
	return w
}

// zeros widens bounds of zero: -0 below, +0 above.
func zeros(lo, hi []byte, l *fileLeaf) ([]byte, []byte) {
	if l.physical != pq.Double {
		return lo, hi
	}
	sign := func(b []byte, s byte) []byte {
		if binary.LittleEndian.Uint64(b)<<1 == 0 {
			return []byte{0, 0, 0, 0, 0, 0, 0, s}
		}
		return b
	}
	return sign(lo, 0x80), sign(hi, 0)
}

// twice says whether two of the values are the same.
func (a *audit) twice(v *plainValues, physical pq.Type) bool {
	switch physical {
	case pq.Int32:
		return twice(a, v.int32s)
	case pq.Int64:
		return twice(a, v.int64s)
	case pq.Double:
		return twice(a, arrow.Uint64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(v.doubles)))
	case pq.FixedLenByteArray:
		seen := make(map[decimal128.Num]bool, v.n)
		for _, w := range v.wides {
			seen[w] = true
		}
		return len(seen) < v.n
	}
	table, shift := a.slots(v.n)
	for i := range v.n {
		text := v.at(i)
		at := maphash.Bytes(entrySeed, text) >> shift
		for ; table[at] != 0; at = (at + 1) & uint64(len(table)-1) {
			if bytes.Equal(v.at(int(table[at]-1)), text) {
				return true
			}
		}
		table[at] = uint32(i) + 1
	}
	return false
}

var entrySeed = maphash.MakeSeed()

func twice[T int32 | int64 | uint64](a *audit, vs []T) bool {
	const odd = 0x9e3779b97f4a7c15
	table, shift := a.slots(len(vs))
	for i, v := range vs {
		at := uint64(v) * odd >> shift
		for ; table[at] != 0; at = (at + 1) & uint64(len(table)-1) {
			if vs[table[at]-1] == v {
				return true
			}
		}
		table[at] = uint32(i) + 1
	}
	return false
}

// slots is an empty hash table for n values, and what to shift a hash by.
func (a *audit) slots(n int) (table []uint32, shift int) {
	width := bits.Len(uint(n)) + 1
	a.table = slices.Grow(a.table[:0], 1<<width)[:1<<width]
	clear(a.table)
	return a.table, 64 - width
}
