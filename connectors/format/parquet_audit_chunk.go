package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	pq "github.com/parquet-go/parquet-go/format"
)

// chunk decodes a column chunk and checks all that is said about it.
func (a *audit) chunk(l *fileLeaf, c *pq.ColumnChunk) (*columnData, error) {
	m := &c.MetaData
	wrong := func(what string) error { return damaged("column ", l.name, " has ", what) }
	if c.FilePath != "" || c.FileOffset != 0 || m.Type != l.physical || !slices.Equal(m.PathInSchema, l.path) ||
		len(m.KeyValueMetadata) > 0 || m.IndexPageOffset != 0 || m.Statistics.DistinctCount != 0 ||
		m.Statistics.Min != nil || m.Statistics.Max != nil {
		return nil, wrong("a description that was not written")
	}
	d, err := a.column(l, m)
	if err != nil {
		return nil, err
	}
	a.cover(firstOffset(m), m.TotalCompressedSize)
	if len(d.pages) == 0 || m.DataPageOffset != d.pages[0].offset {
		return nil, wrong("another first page than stated")
	}
	if rows, slots, value := d.end(); int64(slots) != m.NumValues || value != d.values.len() || rows > slots {
		return nil, wrong("a wrong number of values")
	}
	if m.TotalUncompressedSize != uncompressedSize(d, m) {
		return nil, wrong("a wrong uncompressed size")
	}
	if err := auditEncodings(d, m); err != nil {
		return nil, err
	}
	if slices.Contains(d.used, false) {
		return nil, wrong("a dictionary entry that no row uses")
	}
	if l.typ.ID() == arrow.STRING || l.typ.ID() == arrow.LIST {
		for _, v := range d.values.bytes {
			if !utf8.Valid(v) {
				return nil, wrong("a text that is not UTF-8")
			}
		}
	}
	if err := a.offsetIndex(d, c); err != nil {
		return nil, err
	}
	if err := a.auditValues(d, c); err != nil {
		return nil, err
	}
	return d, nil
}

func uncompressedSize(d *columnData, m *pq.ColumnMetaData) int64 {
	total := m.TotalCompressedSize
	for _, p := range d.pages {
		total += int64(p.header.UncompressedPageSize) - int64(p.header.CompressedPageSize)
	}
	return total + int64(d.dictionary.UncompressedPageSize) - int64(d.dictionary.CompressedPageSize)
}

// auditEncodings checks the lists of encodings in the metadata.
func auditEncodings(d *columnData, m *pq.ColumnMetaData) error {
	first := d.pages[0].header
	kind, encoding := first.Type, pageEncoding(&first)
	for _, p := range d.pages {
		if p.header.Type != kind || pageEncoding(&p.header) != encoding {
			return damaged("column ", d.leaf.name, " has pages of several kinds")
		}
		if st := pageStatistics(&p.header); st.Min != nil || st.Max != nil || st.MinValue != nil || st.MaxValue != nil || st.DistinctCount != 0 {
			return damaged("column ", d.leaf.name, " has statistics in a page header")
		}
	}
	encodings := []pq.Encoding{encoding, pq.RLE}
	stats := []pq.PageEncodingStats{{PageType: kind, Encoding: encoding, Count: int32(len(d.pages))}}
	if d.used != nil {
		encodings = []pq.Encoding{pq.Plain, pq.RLE, encoding}
		stats = append([]pq.PageEncodingStats{{PageType: pq.DictionaryPage, Encoding: pq.Plain, Count: 1}}, stats...)
	}
	if !slices.Equal(m.Encoding, encodings) || !slices.Equal(m.EncodingStats, stats) {
		return damaged("column ", d.leaf.name, " has other encodings than stated")
	}
	return nil
}

func pageEncoding(h *pq.PageHeader) pq.Encoding {
	if h.Type == pq.DataPage {
		return h.DataPageHeader.V.Encoding
	}
	return h.DataPageHeaderV2.V.Encoding
}

func pageStatistics(h *pq.PageHeader) *pq.Statistics {
	if h.Type == pq.DataPage {
		return &h.DataPageHeader.V.Statistics
	}
	return &h.DataPageHeaderV2.V.Statistics
}

func (a *audit) offsetIndex(d *columnData, c *pq.ColumnChunk) error {
	var x pq.OffsetIndex
	if err := a.index(c.OffsetIndexOffset, c.OffsetIndexLength, &x); err != nil {
		return err
	}
	wrong := damaged("column ", d.leaf.name, " has an offset index that is not that of its pages")
	if len(x.PageLocations) != len(d.pages) || len(x.UnencodedByteArrayDataBytes) > 0 {
		return wrong
	}
	row := 0
	for i, p := range d.pages {
		if x.PageLocations[i] != (pq.PageLocation{Offset: p.offset, CompressedPageSize: int32(p.size), FirstRowIndex: int64(row)}) {
			return wrong
		}
		row = p.rows
	}
	return nil
}

// index reads a structure that fills a range.
func (a *audit) index(at int64, length int32, v any) error {
	b, err := a.bytes(at, int64(length))
	if err != nil {
		return err
	}
	n, err := decodeThrift(b, v)
	if err == nil && n != len(b) {
		err = damaged("bytes follow an index")
	}
	a.cover(at, int64(length))
	return err
}

// auditValues checks what depends on the values themselves.
func (a *audit) auditValues(d *columnData, c *pq.ColumnChunk) error {
	v, e := &d.values, &d.entries
	switch d.leaf.physical {
	case pq.Boolean:
		return auditType(a, d, c, v.bools, nil, func(x, y bool) int { return cmp.Compare(rawBool(x)[0], rawBool(y)[0]) }, rawBool)
	case pq.Int32:
		return auditType(a, d, c, v.int32s, e.int32s, cmp.Compare[int32], func(x int32) []byte {
			return binary.LittleEndian.AppendUint32(nil, uint32(x))
		})
	case pq.Int64:
		return auditType(a, d, c, v.int64s, e.int64s, cmp.Compare[int64], func(x int64) []byte {
			return binary.LittleEndian.AppendUint64(nil, uint64(x))
		})
	case pq.Double:
		return auditType(a, d, c, v.doubles, e.doubles, cmp.Compare[float64], func(x float64) []byte {
			return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x))
		})
	case pq.FixedLenByteArray:
		return auditType(a, d, c, v.bytes, e.bytes, compareSigned, func(x []byte) []byte { return x })
	}
	return auditType(a, d, c, v.bytes, e.bytes, bytes.Compare, func(x []byte) []byte { return x })
}

func rawBool(v bool) []byte {
	if v {
		return []byte{1}
	}
	return []byte{0}
}

// compareSigned compares big-endian two's complement of one length.
func compareSigned(x, y []byte) int {
	if c := cmp.Compare(int8(x[0]), int8(y[0])); c != 0 {
		return c
	}
	return bytes.Compare(x, y)
}

func compareValues(l *fileLeaf, v *plainValues, i int, w *plainValues, j int) int {
	switch l.physical {
	case pq.Boolean:
		return bytes.Compare(rawBool(v.bools[i]), rawBool(w.bools[j]))
	case pq.Int32:
		return cmp.Compare(v.int32s[i], w.int32s[j])
	case pq.Int64:
		return cmp.Compare(v.int64s[i], w.int64s[j])
	case pq.FixedLenByteArray:
		return compareSigned(v.bytes[i], w.bytes[j])
	}
	return bytes.Compare(v.bytes[i], w.bytes[j])
}

// extent is the least and the greatest value of a page or chunk.
type extent[T any] struct {
	lo, hi T
	any    bool // there are values
	nan    bool // one of them has no place in an order
}

func extentOf[T any](vs []T, compare func(x, y T) int) (x extent[T]) {
	for _, v := range vs {
		if f, ok := any(v).(float64); ok && f != f {
			x.nan = true
		}
		if !x.any || compare(v, x.lo) < 0 {
			x.lo = v
		}
		if !x.any || compare(v, x.hi) > 0 {
			x.hi = v
		}
		x.any = true
	}
	return x
}

func auditType[T any](a *audit, d *columnData, c *pq.ColumnChunk, vs, entries []T, compare func(x, y T) int, raw func(T) []byte) error {
	wrong := func(what string) error { return damaged("column ", d.leaf.name, " has ", what) }
	seen := map[string]bool{}
	for _, v := range entries {
		if k := string(raw(v)); seen[k] {
			return wrong("the same dictionary entry twice")
		} else {
			seen[k] = true
		}
	}
	st := &c.MetaData.Statistics
	whole := extentOf(vs, compare)
	if st.NullCount != c.MetaData.NumValues-int64(len(vs)) {
		return wrong("a wrong number of nulls")
	}
	if !whole.any || whole.nan {
		if st.MinValue != nil || st.MaxValue != nil {
			return wrong("statistics where there can be none")
		}
	} else {
		lo, hi := zeros(raw(whole.lo), raw(whole.hi), d.leaf)
		if len(lo) > 256 || len(hi) > 256 {
			lo, hi = nil, nil
		}
		if !bytes.Equal(st.MinValue, lo) || !bytes.Equal(st.MaxValue, hi) || (st.MinValue == nil) != (lo == nil) {
			return wrong("statistics that are not those of its values")
		}
	}
	if err := auditColumnIndex(a, d, c, vs, whole.nan, compare, raw); err != nil {
		return err
	}
	if c.MetaData.BloomFilterOffset == 0 && c.MetaData.BloomFilterLength == 0 {
		return nil
	}
	return a.filter(d.leaf, &c.MetaData, func(insert func([]byte)) {
		for _, v := range vs {
			insert(raw(v))
		}
	})
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
