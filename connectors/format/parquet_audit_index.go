package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go/bloom"
	pq "github.com/parquet-go/parquet-go/format"
)

// The indexes and the bloom filter of a chunk, judged from its values.

// readIndex reads a structure that fills a range.
func readIndex(w fileWindow, at int64, length int32, v any) error {
	b, err := w.cut(at, int64(length))
	if err != nil {
		return err
	}
	n, err := decodeThrift(b, v)
	if err == nil && n != len(b) {
		err = damaged("bytes follow an index")
	}
	return err
}

func (c *columnData) auditOffsets(said *pq.ColumnChunk, w fileWindow) error {
	var x pq.OffsetIndex
	if err := readIndex(w, said.OffsetIndexOffset, said.OffsetIndexLength, &x); err != nil {
		return err
	}
	wrong := damaged("column ", c.leaf.name, " has an offset index that is not that of its pages")
	if len(x.PageLocations) != len(c.pages) || len(x.UnencodedByteArrayDataBytes) > 0 {
		return wrong
	}
	row := 0
	for i, p := range c.pages {
		if x.PageLocations[i] != (pq.PageLocation{Offset: p.offset, CompressedPageSize: int32(p.size), FirstRowIndex: int64(row)}) {
			return wrong
		}
		row = p.rows
	}
	return nil
}

func (a *audit) auditColumnIndex(c *columnData, said *pq.ColumnChunk, nan bool, w fileWindow) error {
	wrong := func(what string) error {
		return damaged("column ", c.leaf.name, " has a column index ", what)
	}
	if nan {
		if said.ColumnIndexOffset != 0 || said.ColumnIndexLength != 0 {
			return wrong("although not all values have an order")
		}
		return c.auditPageNulls(nil)
	}
	var x pq.ColumnIndex
	if err := readIndex(w, said.ColumnIndexOffset, said.ColumnIndexLength, &x); err != nil {
		return err
	}
	n := len(c.pages)
	if len(x.NullPages) != n || len(x.MinValues) != n || len(x.MaxValues) != n || len(x.NullCounts) != n ||
		len(x.RepetitionLevelHistogram) > 0 || len(x.DefinitionLevelHistogram) > 0 {
		return wrong("of other pages")
	}
	for i, e := range a.bounds {
		if x.NullPages[i] == e.any {
			return wrong("with wrong null pages")
		}
		if !e.any {
			if len(x.MinValues[i]) > 0 || len(x.MaxValues[i]) > 0 {
				return wrong("with bounds of a page without values")
			}
			continue
		}
		lo, hi := zeros(e.lo, e.hi, c.leaf)
		if !isLowerBound(c.leaf, x.MinValues[i], lo) || !isUpperBound(c.leaf, x.MaxValues[i], hi) {
			return wrong("with bounds that are not those of its values")
		}
	}
	if err := c.auditPageNulls(x.NullCounts); err != nil {
		return err
	}
	if x.BoundaryOrder != boundaryOrder(c.leaf, &x) {
		return wrong("with a wrong order of its bounds")
	}
	return nil
}

func (c *columnData) auditPageNulls(counts []int64) error {
	slot, count := 0, 0
	for i, p := range c.pages {
		nulls := int64(p.slots - slot - (p.count - count))
		slot, count = p.slots, p.count
		if p.nulls != nulls || counts != nil && counts[i] != nulls {
			return damaged("column ", c.leaf.name, " has a page with a wrong number of nulls")
		}
	}
	return nil
}

// isLowerBound says whether b is lo, or lo cut to 64 bytes where it is longer.
func isLowerBound(l *fileLeaf, b, lo []byte) bool {
	if len(lo) <= 64 || l.physical != pq.ByteArray {
		return bytes.Equal(b, lo)
	}
	if len(b) > 64 || !bytes.HasPrefix(lo, b) {
		return false
	}
	if l.typ.ID() == arrow.BINARY {
		return len(b) == 64
	}
	_, n := utf8.DecodeRune(lo[len(b):])
	return utf8.Valid(b) && len(b)+n > 64
}

// isUpperBound says whether b is hi or, where hi is longer than 64 bytes, the
// least that is above all that start as hi does there.
func isUpperBound(l *fileLeaf, b, hi []byte) bool {
	if len(hi) <= 64 || l.physical != pq.ByteArray {
		return bytes.Equal(b, hi)
	}
	prefix := hi[:64]
	if l.typ.ID() == arrow.BINARY {
		rest := prefix
		for len(rest) > 0 && rest[len(rest)-1] == 0xff {
			rest = rest[:len(rest)-1]
		}
		if len(rest) == 0 {
			return bytes.Equal(b, hi)
		}
		return len(b) == len(rest) && bytes.Equal(b[:len(b)-1], rest[:len(rest)-1]) && b[len(b)-1]-1 == rest[len(rest)-1]
	}
	for !utf8.Valid(prefix) {
		prefix = prefix[:len(prefix)-1]
	}
	rest := bytes.TrimRight(prefix, string(utf8.MaxRune))
	if len(rest) == 0 {
		return bytes.Equal(b, hi)
	}
	was, n := utf8.DecodeLastRune(rest)
	is, k := utf8.DecodeLastRune(b)
	step := is == was+1 || was == 0xd7ff && is == 0xe000
	return utf8.Valid(b) && step && bytes.Equal(rest[:len(rest)-n], b[:len(b)-k])
}

// boundaryOrder is the order of the stored bounds of the pages with values, which
// have none where a page without values is before one of them.
func boundaryOrder(l *fileLeaf, x *pq.ColumnIndex) pq.BoundaryOrder {
	up, down := true, true
	last := -1
	for i := range x.NullPages {
		if x.NullPages[i] {
			continue
		}
		if i > last+1 {
			return pq.Unordered
		}
		if last >= 0 {
			lo := compareRaw(l, x.MinValues[last], x.MinValues[i])
			hi := compareRaw(l, x.MaxValues[last], x.MaxValues[i])
			up, down = up && lo <= 0 && hi <= 0, down && lo >= 0 && hi >= 0
		}
		last = i
	}
	if up {
		return pq.Ascending
	}
	if down {
		return pq.Descending
	}
	return pq.Unordered
}

// compareRaw compares values as statistics hold them.
func compareRaw(l *fileLeaf, x, y []byte) int {
	switch l.physical {
	case pq.Int32:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(x)), int32(binary.LittleEndian.Uint32(y)))
	case pq.Int64:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(x)), int64(binary.LittleEndian.Uint64(y)))
	case pq.Double:
		return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(x)), math.Float64frombits(binary.LittleEndian.Uint64(y)))
	case pq.FixedLenByteArray:
		return compareSigned(x, y)
	}
	return bytes.Compare(x, y)
}

// auditFilter builds the bloom filter of the values anew and compares.
func (a *audit) auditFilter(c *columnData, b []byte) error {
	var h pq.BloomFilterHeader
	n, err := decodeThrift(b, &h)
	if err != nil {
		return err
	}
	wrong := damaged("column ", c.leaf.name, " has a bloom filter that is not that of its values")
	blocks := uint64(h.NumBytes) / 32
	if fmt.Sprintf("%T %T %T", h.Algorithm.Value, h.Hash.Value, h.Compression.Value) !=
		"*format.SplitBlockAlgorithm *format.XxHash *format.BloomFilterUncompressed" ||
		int(h.NumBytes) != len(b)-n || blocks < 1 || blocks*32 != uint64(h.NumBytes) || blocks&(blocks-1) != 0 {
		return wrong
	}
	// The salts are constants of the Parquet format.
	salts := [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}
	a.filter = zeroed(a.filter, int(h.NumBytes))
	v := &c.values
	if c.coded {
		v = &c.entries // all of which are used
	}
	insert := func(raw []byte) {
		x := bloom.XXH64{}.Sum64(raw)
		block := a.filter[(x>>32)*blocks>>32*32:]
		for i, salt := range salts {
			bit := uint32(x) * salt >> 27
			block[4*i+int(bit/8)] |= 1 << (bit % 8)
		}
	}
	var raw []byte
	for i := range v.n {
		raw = v.appendRaw(raw[:0], i, c.leaf)
		insert(raw)
		if c.leaf.physical != pq.Double {
			continue
		}
		// Who looks for zero or for a NaN may have another one in hand.
		if x := v.doubles[i]; x == 0 {
			insert(binary.LittleEndian.AppendUint64(raw[:0], math.Float64bits(-x)))
		} else if x != x {
			insert([]byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f})
		}
	}
	if !bytes.Equal(a.filter, b[n:]) {
		return wrong
	}
	return nil
}

// appendRaw appends value i as statistics and filters hold it.
func (v *plainValues) appendRaw(dst []byte, i int, l *fileLeaf) []byte {
	switch l.physical {
	case pq.Boolean:
		return append(dst, v.bits[i/8]>>(i%8)&1)
	case pq.Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(v.int32s[i]))
	case pq.Int64:
		return binary.LittleEndian.AppendUint64(dst, uint64(v.int64s[i]))
	case pq.Double:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.doubles[i]))
	case pq.FixedLenByteArray:
		return appendWide(dst, v.wides[i], l.width)
	}
	return append(dst, v.at(i)...)
}

// compareSigned compares big-endian two's complement of one length.
func compareSigned(x, y []byte) int {
	if c := cmp.Compare(int8(x[0]), int8(y[0])); c != 0 {
		return c
	}
	return bytes.Compare(x, y)
}
