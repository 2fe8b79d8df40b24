package format

import (
	"hash/crc32"
	"math"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
)

// columnData is a decoded column chunk.
type columnData struct {
	leaf     *fileLeaf
	pages    []pageData
	def, rep []byte // one per slot; rep is nil outside of lists
	values   plainValues
	// Of the dictionary, if there is one.
	dictionary pq.PageHeader
	entries    plainValues
	used       []bool
}

// pageData is a data page: its header, its range in the file, and where its
// rows, slots and values end in the chunk.
type pageData struct {
	header             pq.PageHeader
	offset             int64
	size               int
	rows, slots, value int
}

// plainValues are values that are not null; one of the slices is in use.
type plainValues struct {
	bools   []bool
	int32s  []int32
	int64s  []int64
	doubles []float64
	bytes   [][]byte
}

func (v *plainValues) len() int {
	return len(v.bools) + len(v.int32s) + len(v.int64s) + len(v.doubles) + len(v.bytes)
}

// column decodes a column chunk, whose pages must fill its range exactly.
func (r *parquetReader) column(l *fileLeaf, m *pq.ColumnMetaData) (*columnData, error) {
	start := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		start = m.DictionaryPageOffset
	}
	b, err := r.bytes(start, m.TotalCompressedSize)
	if err != nil {
		return nil, err
	}
	d := &columnData{leaf: l}
	for at := 0; at < len(b); {
		var h pq.PageHeader
		n, err := decodeThrift(b[at:], &h)
		if err != nil {
			return nil, err
		}
		size := int(h.CompressedPageSize)
		if size < 0 || size > len(b)-at-n || h.UncompressedPageSize < 0 {
			return nil, damaged("a page of column ", l.name, " has a wrong size")
		}
		body := b[at+n : at+n+size]
		if int32(crc32.ChecksumIEEE(body)) != h.CRC {
			return nil, damaged("a page of column ", l.name, " does not have its checksum")
		}
		p := pageData{header: h, offset: start + int64(at), size: n + size}
		if err := r.page(d, m, &p, body, at == 0); err != nil {
			return nil, err
		}
		at += n + size
	}
	return d, nil
}

func (r *parquetReader) page(d *columnData, m *pq.ColumnMetaData, p *pageData, body []byte, first bool) error {
	h := p.header
	wrong := func(what string) error { return damaged("a page of column ", d.leaf.name, " has ", what) }
	if (h.Type == pq.DictionaryPage) != (first && m.DictionaryPageOffset != 0) {
		return wrong("a dictionary where none is stated")
	}
	present := [...]bool{h.DataPageHeader.Valid, h.DictionaryPageHeader.Valid, h.DataPageHeaderV2.Valid, h.IndexPageHeader.Valid}
	switch {
	case h.Type == pq.DictionaryPage && present == [...]bool{false, true, false, false}:
		plain, err := r.decompress(m.Codec, body, int(h.UncompressedPageSize))
		if err != nil {
			return err
		}
		n := int(h.DictionaryPageHeader.V.NumValues)
		if n < 1 || n > len(plain) || h.DictionaryPageHeader.V.Encoding != pq.Plain || h.DictionaryPageHeader.V.IsSorted {
			return wrong("a dictionary that cannot be")
		}
		d.dictionary, d.used = h, make([]bool, n)
		if !d.entries.plain(d.leaf, plain, n) {
			return wrong("a dictionary of another size than stated")
		}
		return nil
	case h.Type == pq.DataPage && present == [...]bool{true, false, false, false}:
		v := h.DataPageHeader.V
		plain, err := r.decompress(m.Codec, body, int(h.UncompressedPageSize))
		if err != nil {
			return err
		}
		if v.DefinitionLevelEncoding != pq.RLE || v.RepetitionLevelEncoding != pq.RLE {
			return wrong("levels in an unknown encoding")
		}
		var reps, defs []byte
		ok := true
		if d.leaf.maxRep > 0 {
			reps, plain, ok = prefixed(plain)
		}
		if ok {
			defs, plain, ok = prefixed(plain)
		}
		if !ok {
			return wrong("levels of a wrong size")
		}
		return d.data(p, int(v.NumValues), reps, defs, plain, v.Encoding)
	case h.Type == pq.DataPageV2 && present == [...]bool{false, false, true, false}:
		v := h.DataPageHeaderV2.V
		nr, nd := int(v.RepetitionLevelsByteLength), int(v.DefinitionLevelsByteLength)
		if nr < 0 || nd < 0 || nr > len(body) || nd > len(body)-nr || (nr > 0) != (d.leaf.maxRep > 0) {
			return wrong("levels of a wrong size")
		}
		plain := body[nr+nd:]
		if packed, stated := v.IsCompressed.Get(); packed || !stated {
			var err error
			if plain, err = r.decompress(m.Codec, plain, int(h.UncompressedPageSize)-nr-nd); err != nil {
				return err
			}
		} else if len(plain) > 0 || int(h.UncompressedPageSize) != nr+nd {
			return wrong("uncompressed values")
		}
		row, slot, value := d.end()
		if err := d.data(p, int(v.NumValues), body[:nr], body[nr:nr+nd], plain, v.Encoding); err != nil {
			return err
		}
		if int(v.NumRows) != p.rows-row || int(v.NumNulls) != p.slots-slot-(p.value-value) {
			return wrong("a wrong number of rows or nulls")
		}
		return nil
	}
	return wrong("a header of another type than stated")
}

// end is where the last page ended.
func (d *columnData) end() (rows, slots, value int) {
	if len(d.pages) == 0 {
		return 0, 0, 0
	}
	p := d.pages[len(d.pages)-1]
	return p.rows, p.slots, p.value
}

// data decodes the levels and values of a data page.
func (d *columnData) data(p *pageData, slots int, reps, defs, values []byte, e pq.Encoding) error {
	wrong := func(what string) error { return damaged("a page of column ", d.leaf.name, " has ", what) }
	if slots < 1 || d.leaf.maxRep == 0 && slots > pipelines.RowGroup {
		return wrong("a number of values that cannot be")
	}
	row, slot, value := d.end()
	p.rows, p.slots, p.value = row, slot+slots, value
	var ok bool
	if d.leaf.maxRep > 0 {
		if d.rep, ok = hybrid(d.rep, reps, 1, slots); !ok || d.rep[slot] != 0 {
			return wrong("wrong repetition levels")
		}
		for _, level := range d.rep[slot:] {
			p.rows += int(1 - level)
		}
	} else {
		p.rows += slots
	}
	width := 1
	if d.leaf.maxDef > 1 {
		width = 2
	}
	if d.def, ok = hybrid(d.def, defs, width, slots); !ok {
		return wrong("wrong definition levels")
	}
	for i, level := range d.def[slot:] {
		if level == d.leaf.maxDef {
			p.value++
		} else if d.leaf.maxRep > 0 && level < 2 && (d.rep[slot+i] != 0 || i+1 < slots && d.rep[slot+i+1] != 0) {
			return wrong("a list without elements that has some")
		}
	}
	n := p.value - value
	switch {
	case e == pq.Plain && d.used == nil:
		ok = d.values.plain(d.leaf, values, n)
	case e == pq.DeltaBinaryPacked && d.used == nil:
		ok = d.values.deltas(d.leaf, values, n)
	case e == pq.RLEDictionary && d.used != nil:
		ok = d.coded(values, n)
	default:
		return wrong("an encoding that was not written")
	}
	if !ok {
		return wrong("values that cannot be decoded")
	}
	d.pages = append(d.pages, *p)
	return nil
}

func (r *parquetReader) decompress(c pq.CompressionCodec, src []byte, size int) ([]byte, error) {
	if size < 0 {
		return nil, damaged("a page has a wrong size")
	}
	var dst []byte
	var err error
	switch c {
	case pq.Uncompressed:
		dst = src
	case pq.Snappy:
		if n, e := snappy.DecodedLen(src); e != nil || n != size {
			return nil, damaged("a page has a wrong size")
		}
		dst, err = snappy.Decode(nil, src)
	case pq.Zstd:
		if r.zstd == nil {
			if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(math.MaxInt32)); err != nil {
				return nil, damaged("no decompressor")
			}
		}
		dst, err = r.zstd.DecodeAll(src, make([]byte, 0, min(size, 64*len(src)+64)))
	default:
		return nil, damaged("a codec that was not used")
	}
	if err != nil || len(dst) != size {
		return nil, damaged("a page cannot be decompressed to the size stated")
	}
	return dst, nil
}
