package format

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
)

// groupDecoder decodes and audits row groups, one after the other. Its scratch
// is used again: what it gives is Arrow memory of its own.
type groupDecoder struct {
	file   *parquetChunks
	view   pipelines.View // nil: nobody looks
	zstd   *zstd.Decoder
	packed [2][]byte // decompressed: a dictionary page, a data page
	column columnData
	audit  audit
	left   int        // bytes of texts and elements that the row group may still have
	lent   [][]uint32 // numbers that a view borrows
	spare  [][]uint32
}

// columnData is a column chunk under way.
type columnData struct {
	leaf *fileLeaf
	mem  memory.Allocator

	left               int // bytes of texts and elements that there may still be
	pages              []pageData
	rows, slots, count int   // of the pages so far; count is of values
	grown              int64 // by how much the pages are larger decompressed

	valid    []byte      // one bit a slot: whether there is a value; outside of lists
	def, rep []byte      // one level a slot, in lists
	values   plainValues // when there is no dictionary

	coded   bool // by a dictionary
	entries plainValues
	numbers []uint32 // one a value
	touched []byte   // which entries the page uses
	used    []byte   // which entries some page uses

	owned []*memory.Buffer // to be freed when nothing comes of it
}

// pageData is a data page: what its header says, its range in the file, and
// where its rows, slots and values end in the chunk.
type pageData struct {
	kind               pq.PageType
	encoding           pq.Encoding
	nulls              int64 // as stated
	stated             bool  // a statistic that is not written in page headers
	offset             int64
	size               int
	rows, slots, count int
}

// decode makes a record of a row group.
func (d *groupDecoder) decode(ctx context.Context, group int, parts [3]fileWindow) (_ arrow.Record, err error) {
	defer recoverDamage(&err)
	defer d.column.free()
	defer d.regain()
	d.left = ownBytes
	g := &d.file.meta.RowGroups[group]
	columns := make([]arrow.Array, 0, len(d.file.leaves))
	var shown []arrow.Array // the same as the file keeps them, where somebody looks
	own := groupEdge{first: make([]sortKey, len(g.SortingColumns)), last: make([]sortKey, len(g.SortingColumns))}
	defer func() {
		for _, c := range append(columns, shown...) {
			c.Release()
		}
	}()
	for j := range d.file.leaves {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := &d.file.leaves[j]
		c := &d.column
		c.reset(l, d.file.mem, d.left)
		if err := d.chunk(&g.Columns[j], parts); err != nil {
			return nil, err
		}
		if int64(c.rows) != g.NumRows {
			return nil, damaged("row group ", ordinal(group), " has columns of different lengths")
		}
		for k, s := range g.SortingColumns {
			if int(s.ColumnIdx) == j {
				own.first[k], own.last[k] = c.edge()
			}
		}
		t := l.typ
		if t.ID() == arrow.LIST {
			t = d.file.schema.Field(l.column).Type // which may name its elements otherwise
		}
		var a arrow.Array
		if d.file.keepsNumbers(c) {
			a = c.codedArray()
		} else if a, err = c.array(t); err != nil {
			return nil, err
		}
		d.left = c.left
		columns = append(columns, a)
		if d.view != nil {
			shown = append(shown, d.shown(a))
		}
		if l.boxEnd {
			if columns, err = boxed(columns, l.column, d.file.schema.Field(l.column)); err != nil {
				return nil, err
			}
			if d.view != nil {
				if shown, err = boxed(shown, l.column, d.file.schema.Field(l.column)); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := d.sorted(group, columns, own); err != nil {
		return nil, err
	}
	if d.view != nil {
		d.show(shown, g.NumRows)
	}
	schema := d.file.schema
	if len(d.file.coded) > 0 {
		schema = withCoded(schema, columns)
	}
	return array.NewRecord(schema, columns, g.NumRows), nil
}

func (c *columnData) reset(l *fileLeaf, mem memory.Allocator, left int) {
	c.free()
	*c = columnData{leaf: l, mem: mem, left: left, pages: c.pages[:0], valid: c.valid[:0], def: c.def[:0], rep: c.rep[:0], values: c.values, entries: c.entries,
		numbers: c.numbers[:0], touched: c.touched[:0], used: c.used[:0], owned: c.owned}
	c.values.reset()
	c.entries.reset()
}

// free lets go of the memory of which no array was made.
func (c *columnData) free() {
	for _, b := range c.owned {
		b.Release()
	}
	clear(c.owned)
	c.owned, c.values.text = c.owned[:0], nil
}

// buffer is n bytes of Arrow memory.
func (c *columnData) buffer(n int) *memory.Buffer {
	b := memory.NewResizableBuffer(c.mem)
	b.Resize(n)
	c.owned = append(c.owned, b)
	return b
}

func (c *columnData) wrong(what string) error {
	return damaged("a page of column ", c.leaf.name, " has ", what)
}

// read decodes the pages of a column chunk, which must fill its range exactly.
func (d *groupDecoder) read(m *pq.ColumnMetaData, b []byte) error {
	start := firstOffset(m)
	for at := 0; at < len(b); {
		var h pq.PageHeader
		n, err := decodeThrift(b[at:], &h)
		if err != nil {
			return err
		}
		size := int(h.CompressedPageSize)
		if size < 0 || size > len(b)-at-n || h.UncompressedPageSize < 0 {
			return d.column.wrong("a wrong size")
		}
		body := b[at+n : at+n+size]
		if int32(crc32.ChecksumIEEE(body)) != h.CRC {
			return d.column.wrong("another checksum than stated")
		}
		if (h.Type == pq.DictionaryPage) != (at == 0 && m.DictionaryPageOffset != 0) {
			return d.column.wrong("a dictionary where none is stated")
		}
		if err := d.page(m, &h, body, pageData{offset: start + int64(at), size: n + size}); err != nil {
			return err
		}
		d.column.grown += int64(h.UncompressedPageSize) - int64(h.CompressedPageSize)
		at += n + size
	}
	return nil
}

func (d *groupDecoder) page(m *pq.ColumnMetaData, h *pq.PageHeader, body []byte, p pageData) error {
	c := &d.column
	present := [...]bool{h.DataPageHeader.Valid, h.DictionaryPageHeader.Valid, h.DataPageHeaderV2.Valid, h.IndexPageHeader.Valid}
	switch {
	case h.Type == pq.DictionaryPage && present == [...]bool{false, true, false, false}:
		plain, err := d.decompress(0, m.Codec, body, int(h.UncompressedPageSize))
		if err != nil {
			return err
		}
		return c.dictionary(&h.DictionaryPageHeader.V, plain)
	case h.Type == pq.DataPage && present == [...]bool{true, false, false, false}:
		v := &h.DataPageHeader.V
		plain, err := d.decompress(1, m.Codec, body, int(h.UncompressedPageSize))
		if err != nil {
			return err
		}
		if v.DefinitionLevelEncoding != pq.RLE || v.RepetitionLevelEncoding != pq.RLE {
			return c.wrong("levels in an unknown encoding")
		}
		var reps, defs []byte
		ok := true
		if c.leaf.maxRep > 0 {
			reps, plain, ok = prefixed(plain)
		}
		if ok {
			defs, plain, ok = prefixed(plain)
		}
		if !ok {
			return c.wrong("levels of a wrong size")
		}
		p.state(h.Type, v.Encoding, &v.Statistics)
		return d.data(m, p, int(v.NumValues), reps, defs, plain)
	case h.Type == pq.DataPageV2 && present == [...]bool{false, false, true, false}:
		v := &h.DataPageHeaderV2.V
		nr, nd := int(v.RepetitionLevelsByteLength), int(v.DefinitionLevelsByteLength)
		if nr < 0 || nd < 0 || nr > len(body) || nd > len(body)-nr || (nr > 0) != (c.leaf.maxRep > 0) {
			return c.wrong("levels of a wrong size")
		}
		plain := body[nr+nd:]
		if packed, stated := v.IsCompressed.Get(); packed || !stated {
			var err error
			if plain, err = d.decompress(1, m.Codec, plain, int(h.UncompressedPageSize)-nr-nd); err != nil {
				return err
			}
		} else if len(plain) > 0 || int(h.UncompressedPageSize) != nr+nd {
			return c.wrong("uncompressed values")
		}
		rows, slots, count := c.rows, c.slots, c.count
		p.state(h.Type, v.Encoding, &v.Statistics)
		if err := d.data(m, p, int(v.NumValues), body[:nr], body[nr:nr+nd], plain); err != nil {
			return err
		}
		if int(v.NumRows) != c.rows-rows || int(v.NumNulls) != c.slots-slots-(c.count-count) {
			return c.wrong("a wrong number of rows or nulls")
		}
		return nil
	}
	return c.wrong("a header of another type than stated")
}

func (p *pageData) state(kind pq.PageType, e pq.Encoding, s *pq.Statistics) {
	p.kind, p.encoding, p.nulls = kind, e, s.NullCount
	p.stated = s.Min != nil || s.Max != nil || s.MinValue != nil || s.MaxValue != nil || s.DistinctCount != 0
}

func (c *columnData) dictionary(h *pq.DictionaryPageHeader, plain []byte) error {
	n := int(h.NumValues)
	if n < 1 || n > len(plain) || h.Encoding != pq.Plain || h.IsSorted || c.leaf.physical == pq.Boolean {
		return c.wrong("a dictionary that cannot be")
	}
	c.coded = true
	if c.entries.text == nil {
		c.entries.text = memory.NewResizableBuffer(memory.DefaultAllocator)
	}
	if !c.entries.plain(c.leaf, plain, n, c.isText()) {
		return c.wrong("a dictionary of another size than stated, or a text that is not UTF-8")
	}
	c.touched, c.used = zeroed(c.touched, n), zeroed(c.used, n)
	return nil
}

// isText says whether values must be UTF-8.
func (c *columnData) isText() bool {
	return c.leaf.typ.ID() == arrow.STRING || c.leaf.typ.ID() == arrow.LIST
}

// listSlots is how many elements the lists of a row group have at most: of nulls a few
// bytes would say that there are any number.
const listSlots = 1 << 24

// data decodes the levels and values of a data page and takes their extent.
func (d *groupDecoder) data(m *pq.ColumnMetaData, p pageData, slots int, reps, defs, plain []byte) error {
	c := &d.column
	most := pipelines.RowGroup
	if c.leaf.maxRep > 0 {
		most = listSlots
	}
	if slots < 1 || slots > most-c.slots {
		return c.wrong("a number of values that cannot be")
	}
	if c.leaf.maxRep > 0 && !c.holds(slots*arrow.Int32SizeBytes) {
		return c.wrong("a number of values that cannot be")
	}
	n, err := c.levels(slots, reps, defs)
	if err != nil {
		return err
	}
	if !c.coded && c.leaf.physical == pq.ByteArray && !c.holds(len(plain)) {
		return c.wrong("more text than a row group can hold")
	}
	if n > 0 && c.leaf.typ.ID() == arrow.NULL {
		return c.wrong("values although its column has none")
	}
	from := c.count
	var ok bool
	c.slots, c.count = c.slots+slots, c.count+n
	switch {
	case p.encoding == pq.Plain && !c.coded:
		c.makeRoom(m)
		ok = c.values.plain(c.leaf, plain, n, c.isText())
	case p.encoding == pq.DeltaLengthByteArray && !c.coded && c.leaf.physical == pq.ByteArray:
		c.makeRoom(m)
		ok = c.values.deltaLengths(plain, n, c.isText())
	case p.encoding == pq.DeltaBinaryPacked && !c.coded:
		ok = c.values.deltas(c.leaf, plain, n)
	case p.encoding == pq.RLEDictionary && c.coded:
		ok = c.number(plain, n)
	default:
		return c.wrong("an encoding that was not written")
	}
	if !ok {
		return c.wrong("values that cannot be decoded")
	}
	p.rows, p.slots, p.count = c.rows, c.slots, c.count
	c.pages = append(c.pages, p)
	d.audit.extent(c, from)
	return nil
}

// holds says whether so many bytes more are no more than a row group can have.
func (c *columnData) holds(n int) bool {
	c.left -= n
	return c.left >= 0
}

// makeRoom allocates for the texts of the whole chunk at once, as many bytes as
// the footer says, if that is not more than a row group has.
func (c *columnData) makeRoom(m *pq.ColumnMetaData) {
	if c.leaf.physical != pq.ByteArray || c.values.text != nil {
		return
	}
	size := m.TotalUncompressedSize
	if len(m.Encoding) > 0 && m.Encoding[0] == pq.Plain {
		size -= prefixBytes * (m.NumValues - m.Statistics.NullCount)
	}
	c.values.text = c.buffer(int(max(0, min(size, pipelines.RowGroupBytes))))
}

// number appends the numbers of n values in the dictionary.
func (c *columnData) number(src []byte, n int) bool {
	if len(src) == 0 || src[0] < 1 || src[0] > 31 {
		return false
	}
	from := len(c.numbers)
	var ok bool
	if c.numbers, ok = hybrid(c.numbers, src[1:], int(src[0]), n); !ok {
		return false
	}
	touched := c.touched
	for _, k := range c.numbers[from:] {
		if uint(k) >= uint(len(touched)) {
			return false
		}
		touched[k] = 1
	}
	return true
}

// levels decodes the levels of a page and gives the number of its values.
func (c *columnData) levels(slots int, reps, defs []byte) (values int, err error) {
	if c.leaf.maxRep == 0 {
		if missing := (c.slots+slots+7)/8 - len(c.valid); missing > 0 {
			c.valid = append(c.valid, make([]byte, missing)...)
		}
		values, ok := bitmap(c.valid, c.slots, slots, defs)
		if !ok {
			return 0, c.wrong("wrong definition levels")
		}
		c.rows += slots
		return values, nil
	}
	var ok bool
	if c.rep, ok = hybrid(c.rep, reps, 1, slots); !ok || c.rep[c.slots] != 0 {
		return 0, c.wrong("wrong repetition levels")
	}
	if c.def, ok = hybrid(c.def, defs, 2, slots); !ok {
		return 0, c.wrong("wrong definition levels")
	}
	rep := c.rep[c.slots:]
	for i, level := range c.def[c.slots:] {
		c.rows += int(1 - rep[i])
		if level == c.leaf.maxDef {
			values++
		} else if level < 2 && (rep[i] != 0 || i+1 < slots && rep[i+1] != 0) {
			return 0, c.wrong("a list without elements that has some")
		}
	}
	return values, nil
}

// decompress gives a page, in a buffer of those kept for it.
func (d *groupDecoder) decompress(kept int, c pq.CompressionCodec, src []byte, size int) (dst []byte, err error) {
	if size < 0 {
		return nil, damaged("a page has a wrong size")
	}
	if size > ownBytes || !couldBe(c, src, size) {
		return nil, damaged("a page cannot be decompressed to the size stated")
	}
	buffer := &d.packed[kept]
	switch c {
	case pq.Uncompressed:
		dst = src
	case pq.Snappy:
		if n, e := snappy.DecodedLen(src); e != nil || n != size {
			return nil, damaged("a page has a wrong size")
		}
		dst, err = snappy.Decode((*buffer)[:cap(*buffer)], src)
		*buffer = dst
	case pq.Zstd:
		if !oneFrame(src, size) {
			return nil, damaged("a page is not one frame of the size stated")
		}
		if d.zstd == nil {
			if d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(ownBytes), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return nil, damaged("no decompressor")
			}
		}
		if streams(src, size) {
			if err = d.zstd.Reset(bytes.NewReader(src)); err == nil {
				dst, err = readWhole(d.zstd, src, size)
				err = errors.Join(err, d.zstd.Reset(nil))
			}
			break
		}
		const beyond = 16 // which the decompressor writes to, and goes fast
		*buffer = slices.Grow((*buffer)[:0], size+beyond)
		dst, err = d.zstd.DecodeAll(src, (*buffer)[:0:size+beyond])
	default:
		return nil, damaged("a codec that was not used")
	}
	if cap(*buffer) > keptBytes {
		*buffer = nil
	}
	if err != nil || len(dst) != size {
		return nil, damaged("a page cannot be decompressed to the size stated")
	}
	return dst, nil
}

// ownBytes is how many bytes of texts a row group that is read back may come to. It has
// far fewer, unless it is of one row.
const ownBytes = 512 << 20

// oneFrame says whether b is a zstd frame of that many bytes when decompressed,
// and nothing else: a decompressor passes over frames that are to be skipped,
// whatever they hold.
func oneFrame(b []byte, size int) bool {
	var h zstd.Header
	if h.Decode(b) != nil || h.Skippable || h.HasCheckSum || h.DictionaryID != 0 || h.HasFCS && h.FrameContentSize != uint64(size) {
		return false
	}
	for b = b[h.HeaderSize:]; len(b) >= 3; {
		head := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		last, kind, n := head&1 != 0, head>>1&3, head>>3
		if kind == 1 { // one byte, repeated
			n = 1
		}
		if b = b[3:]; n > len(b) {
			return false
		}
		if b = b[n:]; last {
			return len(b) == 0
		}
	}
	return false
}

// keptBytes is the largest buffer kept for the next page: pages are smaller,
// but for those of single long values.
const keptBytes = 4 << 20

// zeroed is n zero bytes, in b where they fit.
func zeroed(b []byte, n int) []byte {
	b = slices.Grow(b[:0], n)[:n]
	clear(b)
	return b
}
