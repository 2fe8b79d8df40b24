package format

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/golang/snappy"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	// inPageBound is the largest page that is read, decompressed.
	inPageBound = 128 << 20
	// inPageValues is how many values a page may have.
	inPageValues = 1 << 24
	// inHeldBound is what the pages under way, one of each column, and the
	// dictionaries may come to.
	inHeldBound = 512 << 20
	// inPageBytes is what is made of any page.
	inPageBytes = 512
	// inHeadBound is the longest header of a page: statistics make them long.
	inHeadBound = 4 << 20
)

const (
	encodingRLE           = int32(pq.RLE)
	encodingOldDictionary = pq.Encoding(2) // as the first version of the format called it, of dictionaries and of pages
)

// inCursor goes through the pages of a column of a row group.
type inCursor struct {
	*inChunks
	group int
	leaf  *inLeaf
	name  string
	codec pq.CompressionCodec

	at, end int64
	left    int64 // values in pages that are not yet read
	dict    *inValues
	page    *inPage // under way
	begun   bool    // there was one
	from    int     // what is before was given out
	passed  int64   // what the pages take that the chunk under way has besides page
}

func (c *inCursor) broken(why string) error {
	return messages.ParquetBrokenAt.With("file", c.in.Name, "why", why, "column", c.name, "group", c.group+1)
}

// tooLarge refuses what is more than the format's bound, or than memory leaves it.
func (c *inCursor) tooLarge(what string, most int64) error {
	return c.tooLargeOf(what, most, min(most, c.bound))
}

// tooLargeOf refuses what is more than bound, of which most is the largest.
func (c *inCursor) tooLargeOf(what string, most, bound int64) error {
	m := messages.ParquetTooLarge
	if bound < most {
		m = messages.ParquetMemory
	}
	return m.With("file", c.in.Name, "what", what, "column", c.name, "group", c.group+1, "bound", pipelines.Size(bound))
}

// cursor finds where a column of a row group is.
func (s *inChunks) cursor(group int, leaf *inLeaf, name string) (*inCursor, error) {
	at := s.meta.groups[group].columns[leaf.index]
	c := &inCursor{inChunks: s, group: group, leaf: leaf, name: name, codec: pq.CompressionCodec(at.codec), left: at.values}
	switch {
	case at.encrypted:
		return nil, messages.ParquetEncrypted.With("file", s.in.Name, "what", "column "+name)
	case at.elsewhere:
		return nil, c.broken("its values are in another file")
	}
	c.at = at.data
	if at.dictionary > 0 && at.dictionary < c.at {
		c.at = at.dictionary
	}
	c.end = c.at + at.size
	if c.at < 4 || at.size < 0 || c.end < c.at || c.end > s.footer || at.values < 0 || at.physical != int32(leaf.physical) {
		return nil, c.broken("the footer contradicts itself")
	}
	switch c.codec {
	case pq.Uncompressed, pq.Snappy, pq.Gzip, pq.Brotli, pq.Zstd, pq.Lz4Raw:
	default:
		return nil, messages.ParquetCodec.With("file", s.in.Name, "column", name, "codec", c.codec.String())
	}
	return c, nil
}

// next reads the next data page, and the dictionary before it.
func (c *inCursor) next() error {
	if c.page != nil {
		if err := c.pass(); err != nil {
			return err
		}
	}
	for {
		h, err := c.header()
		if err != nil {
			return err
		}
		p := &inPage{head: h, leaf: c.leaf, codec: c.codec, n: int(h.values)}
		if err := c.hold(p); err != nil {
			return err
		}
		body := make([]byte, h.size)
		if n, err := c.file.ReadAt(body, c.at); n < len(body) {
			return c.readError(err)
		}
		c.at += int64(h.size)
		if h.summed && crc32.ChecksumIEEE(body) != h.crc {
			return c.broken("the checksum of a page is not that of its bytes")
		}
		p.stored = body
		switch pq.PageType(h.kind) {
		case pq.DataPage, pq.DataPageV2:
			if int64(p.n) > c.left {
				return c.broken("its pages have more values than the footer says")
			}
			c.left -= int64(p.n)
			p.dict = c.dict
			c.page, c.from, c.begun = p, 0, true
			return nil
		case pq.DictionaryPage:
			if c.dict != nil || c.begun {
				return c.broken("it has two dictionaries")
			}
			if e := pq.Encoding(h.encoding); e != pq.Plain && e != encodingOldDictionary {
				return c.broken("its dictionary is in an encoding that none has")
			}
			if c.dict, err = p.dictionary(); err != nil {
				return c.fault(err)
			}
		default:
			c.held -= p.weight()
		}
	}
}

// pass leaves the page, of which the chunk under way may have values. Rows of which a
// column has many pages are held as a whole.
func (c *inCursor) pass() error {
	size := c.page.weight()
	c.held -= size
	if c.passed += size; c.passed > c.most() {
		return c.tooLargeOf("what some rows hold", inChunkBound, c.most())
	}
	if c.stored += int64(c.page.head.size); c.stored > c.most() {
		return c.tooLargeOf("what some rows hold", inChunkBound, c.most())
	}
	c.page = nil // who still needs it has it
	return nil
}

// hold counts what a page takes until the next of its column comes.
func (c *inCursor) hold(p *inPage) error {
	const what = "what has to be held at once up to the pages"
	if c.held += p.weight(); c.held > c.bound {
		return c.tooLarge(what, inHeldBound)
	}
	if most := c.together(); c.held+c.heldBehind() > most {
		return c.tooLargeOf(what, inHeldBound+inHeldBound/2, most)
	}
	return nil
}

// weight is about how many bytes a page takes.
func (p *inPage) weight() int64 {
	each := int64(0) // of what is made of a value
	switch e := pq.Encoding(p.head.encoding); {
	case (e == encodingOldDictionary || e == pq.RLEDictionary) && pq.PageType(p.head.kind) != pq.DictionaryPage:
		each = 4
	case p.leaf.physical == pq.Boolean:
		each = 1
	case p.leaf.physical == pq.Int32 || p.leaf.physical == pq.Float:
		each = 4
	case p.leaf.physical == pq.Int64 || p.leaf.physical == pq.Double || p.leaf.physical == pq.ByteArray:
		each = 8
	}
	if p.leaf.maxDef > 0 {
		each++
	}
	if p.leaf.maxRep > 0 {
		each++
	}
	if pq.Encoding(p.head.encoding) == pq.DeltaByteArray {
		each += 4
	}
	return inPageBytes + max(int64(p.head.plain), int64(p.head.size)) + each*int64(p.n)
}

// header reads the header of the page at c.at, and goes behind it.
func (c *inCursor) header() (h inPageHead, err error) {
	for size := int64(512); ; size *= 8 {
		n := min(size, c.end-c.at)
		if int64(cap(c.heads)) < n {
			c.heads = make([]byte, n)
		}
		b := c.heads[:n]
		if k, err := c.file.ReadAt(b, c.at); k < len(b) {
			return h, c.readError(err)
		}
		h, used, more, ok := readInPageHead(b)
		switch {
		case more && n < c.end-c.at && size < inHeadBound:
			continue
		case !ok || h.size < 0 || h.plain < 0 || h.values < 0 || h.nulls < 0 || h.rows < 0 || h.defBytes < 0 || h.repBytes < 0 ||
			int64(h.size) > c.end-c.at-int64(used) || int64(h.defBytes)+int64(h.repBytes) > int64(min(h.size, h.plain)):
			return h, c.broken("the header of a page makes no sense")
		case int64(max(h.plain, h.size)) > min(inPageBound, c.bound):
			return h, c.tooLarge("a page", inPageBound)
		case h.values > inPageValues:
			return h, messages.ParquetTooMany.With("file", c.in.Name, "column", c.name, "group", c.group+1, "bound", inPageValues)
		}
		c.at += int64(used)
		return h, nil
	}
}

func (c *inCursor) readError(err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return c.broken("it ends too early")
	}
	return err
}

// fault is the error for what a page turned out to be.
func (c *inCursor) fault(err error) error {
	var why inFault
	if errors.As(err, &why) {
		return c.broken(string(why))
	}
	return err
}

// inFault says what is wrong with a page.
type inFault string

func (f inFault) Error() string { return string(f) }

// errInTooLarge says that a page stands for more than is held.
var errInTooLarge = errors.New("more than is held")

// inPiece is some values of a page.
type inPiece struct {
	page     *inPage
	from, to int
	own      *inValues // those of the piece alone, where the page does not have them written out
}

// values gives what the values are among, and the number of the first of the piece in the page.
func (p *inPiece) values() (v *inValues, before int) {
	first := p.page.present(p.from)
	if p.own != nil {
		return p.own, first
	}
	return &p.page.values, 0
}

// take gives the values of the next rows.
func (c *inCursor) take(rows int) (pieces []inPiece, err error) {
	c.passed = 0
	if c.leaf.maxRep > 0 {
		return c.takeLists(rows)
	}
	for rows > 0 {
		if c.page == nil || c.from == c.page.n {
			if err := c.more(); err != nil {
				return nil, err
			}
			continue
		}
		n := min(rows, c.page.n-c.from)
		pieces = append(pieces, inPiece{page: c.page, from: c.from, to: c.from + n})
		c.from += n
		rows -= n
	}
	return pieces, nil
}

func (c *inCursor) more() error {
	if c.left == 0 {
		return c.broken("it has fewer rows than the footer says")
	}
	return c.next()
}

// takeLists counts the beginnings of rows: a list may go on on the next page.
func (c *inCursor) takeLists(rows int) (pieces []inPiece, err error) {
	for started := 0; ; {
		if c.page == nil || c.from == c.page.n {
			if c.left == 0 && started == rows {
				return pieces, nil
			}
			if err := c.more(); err != nil {
				return nil, err
			}
			if err := c.page.levels(); err != nil {
				return nil, c.fault(err)
			}
			if started == 0 && c.page.n > 0 && c.page.reps[0] != 0 {
				return nil, c.broken("a list begins amid another")
			}
			continue
		}
		i := c.from
		for ; i < c.page.n; i++ {
			if c.page.reps[i] != 0 {
				continue
			}
			if started == rows {
				break
			}
			started++
		}
		if i > c.from {
			pieces = append(pieces, inPiece{page: c.page, from: c.from, to: i})
		}
		if c.from = i; i < c.page.n {
			return pieces, nil
		}
	}
}

// over says whether all values were given out.
func (c *inCursor) over() bool { return c.left == 0 && (c.page == nil || c.from == c.page.n) }

// inPage is a page of which several chunks may take values; the first who needs
// them takes it apart.
type inPage struct {
	head   inPageHead
	leaf   *inLeaf
	codec  pq.CompressionCodec
	dict   *inValues
	n      int // values, nulls and empty lists among them
	stored []byte

	first, second sync.Once
	firstErr, err error
	reps, defs    []byte // nil where there is one level only
	body          []byte // the values
	count         int    // that are not null
	values        inValues
}

// levels takes the levels off a page.
func (p *inPage) levels() error {
	p.first.Do(func() { p.firstErr = p.guard(p.readLevels) })
	return p.firstErr
}

// decode takes the whole page apart.
func (p *inPage) decode() error {
	if err := p.levels(); err != nil {
		return err
	}
	p.second.Do(func() { p.err = p.guard(p.readValues) })
	return p.err
}

// guard turns a panic of a decoder on bytes that make no sense into a fault.
func (p *inPage) guard(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = inFault("a decoder gave up")
		}
	}()
	return do()
}

func (p *inPage) dictionary() (v *inValues, err error) {
	err = p.guard(func() error {
		b, err := decompressed(p.codec, p.stored, int(p.head.plain))
		if err != nil {
			return err
		}
		v = &inValues{}
		return v.plain(p.leaf, b, p.n)
	})
	p.stored = nil
	return v, err
}

func (p *inPage) readLevels() error {
	h, l := p.head, p.leaf
	b, plain := p.stored, int(h.plain)
	p.stored = nil
	var reps, defs []byte
	if pq.PageType(h.kind) == pq.DataPageV2 {
		reps, defs, b = b[:h.repBytes], b[h.repBytes:h.repBytes+h.defBytes], b[h.repBytes+h.defBytes:]
		plain -= int(h.repBytes + h.defBytes)
	}
	if pq.PageType(h.kind) != pq.DataPageV2 || h.compressed && len(b)+plain > 0 {
		var err error
		if b, err = decompressed(p.codec, b, plain); err != nil {
			return err
		}
	} else if len(b) != plain {
		return inFault("a page is not as long as its header says")
	}
	take := func(most byte, own []byte, encoding int32) (levels []byte, err error) {
		if most == 0 {
			return nil, nil
		}
		width := bits.Len8(most)
		var ok bool
		hybrid := func(b []byte) bool {
			if !hybridHolds(b, width, p.n) {
				return false
			}
			levels = make([]byte, p.n)
			return inHybrid(levels, b, width)
		}
		switch {
		case pq.PageType(h.kind) == pq.DataPageV2:
			ok = hybrid(own)
		case pq.Encoding(encoding) == pq.BitPacked:
			size := (p.n*width + 7) / 8
			if ok = size <= len(b); ok {
				levels = make([]byte, p.n)
				inPackedOld(levels, b[:size], width)
				b = b[size:]
			}
		case pq.Encoding(encoding) == pq.RLE:
			var part []byte
			if part, b, ok = prefixed(b); ok {
				ok = hybrid(part)
			}
		default:
			return nil, inFault("levels in an encoding that they do not have")
		}
		for _, v := range levels {
			ok = ok && v <= most
		}
		if !ok {
			return nil, inFault("levels that make no sense")
		}
		return levels, nil
	}
	var err error
	if p.reps, err = take(l.maxRep, reps, h.reps); err != nil {
		return err
	}
	if p.defs, err = take(l.maxDef, defs, h.defs); err != nil {
		return err
	}
	p.count = p.n
	if p.defs != nil {
		p.count = bytes.Count(p.defs, []byte{l.maxDef})
	}
	p.body = b
	return nil
}

// present is how many of the values before i are not null.
func (p *inPage) present(i int) int {
	if p.defs == nil {
		return i
	}
	return bytes.Count(p.defs[:i], []byte{p.leaf.maxDef})
}

func (p *inPage) readValues() error {
	b := p.body
	p.body = nil
	v, l, n := &p.values, p.leaf, p.count
	switch e := pq.Encoding(p.head.encoding); e {
	case pq.Plain:
		return v.plain(l, b, n)
	case encodingOldDictionary, pq.RLEDictionary:
		if p.dict == nil {
			return inFault("it has no dictionary, and a page that refers to it")
		}
		if err := v.numbers(p.dict, b, n); err != nil || v.within(l) {
			return err
		}
		return errInPage
	case pq.RLE:
		part, _, ok := prefixed(b)
		if l.physical != pq.Boolean || !ok || !hybridHolds(part, 1, n) {
			return inFault("a page in an encoding that its type does not have")
		}
		v.bools = make([]byte, n)
		if !inHybrid(v.bools, part, 1) {
			return errInPage
		}
		return nil
	case pq.DeltaBinaryPacked:
		return v.delta(l, b, n)
	case pq.DeltaLengthByteArray:
		return v.deltaLengths(l, b, n)
	case pq.DeltaByteArray:
		return v.deltaTexts(l, b, n)
	case pq.ByteStreamSplit:
		return v.split(l, b, n)
	}
	return inFault("a page in an encoding that is not known")
}

// inZstd are decoders, which are dear to make.
var inZstd = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(inPageBound), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return err
	}
	return d
}}

// decompressed is what b stands for, which must have that size.
func decompressed(codec pq.CompressionCodec, b []byte, size int) (out []byte, err error) {
	bad := inFault("a page cannot be decompressed")
	if !couldBe(codec, b, size) {
		return nil, inFault("a page is not as long as its header says")
	}
	switch codec {
	case pq.Uncompressed:
		out = b
	case pq.Snappy:
		if n, err := snappy.DecodedLen(b); err != nil || n != size {
			return nil, bad
		}
		out, err = snappy.Decode(nil, b)
	case pq.Zstd:
		d, ok := inZstd.Get().(*zstd.Decoder)
		if !ok {
			return nil, bad
		}
		if !streams(b, size) {
			out, err = d.DecodeAll(b, make([]byte, 0, size))
		} else if err = d.Reset(bytes.NewReader(b)); err == nil {
			out, err = readWhole(d, b, size)
			err = errors.Join(err, d.Reset(nil))
		}
		inZstd.Put(d)
	case pq.Lz4Raw:
		out = make([]byte, size)
		var n int
		if size > 0 {
			n, err = lz4.UncompressBlock(b, out)
		}
		out = out[:max(n, 0)]
	case pq.Gzip:
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			out, err = readWhole(r, b, size)
		}
	case pq.Brotli:
		out, err = readWhole(brotli.NewReader(bytes.NewReader(b)), b, size)
	}
	if err != nil {
		return nil, bad
	}
	if len(out) != size {
		return nil, inFault("a page is not as long as its header says")
	}
	return out, nil
}
