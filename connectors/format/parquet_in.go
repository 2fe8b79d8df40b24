package format

import (
	"context"
	"encoding/binary"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Files of others are read by code of their own (parquet_in*.go), which takes
// whatever the format allows, where reading back takes only what this codec writes.

const (
	// inChunkRows is how many rows a chunk has at most, and inChunkBytes about how
	// many bytes, by what the file says of itself. They are part of the format version.
	inChunkRows  = 1 << 16
	inChunkBytes = 8 << 20
	// inChunkBound is how many bytes of texts a chunk may come to.
	inChunkBound = 512 << 20
	// inOtherMemory is what reading takes besides the pages under way.
	inOtherMemory = 14 << 20
	// inFooterBound is the longest footer that is read.
	inFooterBound = 64 << 20
	// footerFree is what may be made of a footer under any memory.
	footerFree = 4 << 20
)

// cells are the options of columns that are converted.
func (c parquetConfig) cells() cellOptions {
	return cellOptions{Columns: c.Columns, Null: c.Null, Decimal: c.Decimal, Thousands: c.Thousands, Trim: c.Trim}
}

// Declared is the declared columns; the file may have others.
func (p *parquet) Declared() (*arrow.Schema, bool) { return p.config.cells().Declared() }

// SelfTyped is true: columns that are not declared have the type that the file gives them.
func (p *parquet) SelfTyped() bool { return true }

// inChunks gives the rows of a file, row group by row group. It reads pages and
// leaves it to who decodes the chunks to take them apart.
type inChunks struct {
	*parquet
	in      Input
	file    *randomFile
	footer  int64 // where it starts
	meta    *inFile
	form    cellForm
	columns []inColumn
	schema  *arrow.Schema

	group   int // that comes next
	cursors []*inCursor
	left    int64 // rows of the current group
	rows    int   // of a chunk in it
	held    int64 // about how many bytes of pages are under way
	behind  []inBehind
	stored  int64 // of the pages, as they are compressed, that the chunk under way has besides
	heads   []byte
	bound   int64 // of held: what memory leaves them, at most inHeldBound
	given   int64
	chunks  int64 // given
	err     error

	decoders arrowx.Spares[*inDecoder]
}

// inBehind is what a row group held when it was left, of which chunks may still be decoded.
type inBehind struct {
	held  int64
	chunk int64 // the number of the last one
}

// inFlight is how many chunks are decoded or wait for it, besides the one under way.
func (s *inChunks) inFlight() int64 { return int64(max(1, s.env.Workers)) + 3 }

// together is what the row groups of the chunks in flight may hold: memory leaves half of
// bound to those before, and each chunk may have twice what it is meant to.
func (s *inChunks) together() int64 {
	return s.bound + max(s.bound/2, 2*inChunkBytes*s.inFlight())
}

// heldBehind is what row groups hold of which chunks may still be decoded.
func (s *inChunks) heldBehind() (held int64) {
	s.behind = slices.DeleteFunc(s.behind, func(b inBehind) bool { return s.chunks-b.chunk > s.inFlight() })
	for _, b := range s.behind {
		held += b.held
	}
	return held
}

// Chunks reads the footer. A file that is encrypted, damaged, or has columns that
// no type of lavoir holds exactly is refused.
func (p *parquet) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	f, err := openRandom(ctx, p.env, in)
	if err != nil {
		return nil, err
	}
	s := &inChunks{parquet: p, in: in, file: f, form: p.config.cells().form(), bound: inHeldBound}
	if m := p.env.Memory; m > 0 {
		// Where a row group follows another, pages of both are there; and a file of small
		// pages takes its part too.
		s.bound = max(min(max(m/3*2-inOtherMemory, m/4), inHeldBound), 1)
		if s.bound > 1<<20 {
			s.bound -= s.bound % (1 << 20) // it is told
		}
	}
	s.decoders.New = func() *inDecoder { return &inDecoder{inChunks: s} }
	if err := s.open(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *inChunks) not(why string) error {
	return messages.ParquetNot.With("file", s.in.Name, "why", why)
}

func (s *inChunks) open() error {
	const ends = "it does not start and end as a Parquet file does"
	if s.file.size < 12 {
		return s.not(ends)
	}
	var head [4]byte
	var tail [8]byte
	if _, err := s.file.ReadAt(head[:], 0); err != nil {
		return err
	}
	if _, err := s.file.ReadAt(tail[:], s.file.size-8); err != nil {
		return err
	}
	if string(head[:]) == "PARE" || string(tail[4:]) == "PARE" {
		return messages.ParquetEncrypted.With("file", s.in.Name, "what", "its footer")
	}
	if string(head[:]) != parquetMagic || string(tail[4:]) != parquetMagic {
		return s.not(ends)
	}
	size := int64(binary.LittleEndian.Uint32(tail[:]))
	if s.footer = s.file.size - 8 - size; s.footer < 4 {
		return messages.ParquetBroken.With("file", s.in.Name, "why", "its footer is longer than it is")
	}
	if bound := min(inFooterBound, s.bound/2); size > bound {
		return messages.ParquetFooter.With("file", s.in.Name, "bound", pipelines.Size(bound))
	}
	b := make([]byte, size)
	if _, err := s.file.ReadAt(b, s.footer); err != nil {
		return err
	}
	most := min(2*inFooterBound, max(s.bound/2, footerFree))
	large := messages.ParquetDescribes.With("file", s.in.Name, "bound", pipelines.Size(most))
	meta, left, ok := readInFooter(b, most)
	switch {
	case left < 0:
		return large
	case !ok:
		return messages.ParquetBroken.With("file", s.in.Name, "why", "its footer cannot be read")
	}
	s.meta = meta
	schema := &inSchema{in: s.in, elements: s.meta.elements, without: s.config.Without, left: map[string]bool{}, room: left, large: large}
	if err := schema.read(); err != nil {
		return err
	}
	var err error
	if s.columns, err = schema.columns(s.config.cells()); err != nil {
		return err
	}
	decls := make([]pipelines.ColumnDecl, len(s.columns))
	for i, c := range s.columns {
		decls[i] = c.ColumnDecl
	}
	s.schema = pipelines.Schema(decls)
	rows := int64(0)
	for _, g := range s.meta.groups {
		if g.rows < 0 || len(g.columns) != schema.leaf || rows+g.rows < rows {
			return messages.ParquetBroken.With("file", s.in.Name, "why", "the footer contradicts itself")
		}
		rows += g.rows
	}
	if rows != s.meta.rows {
		return messages.ParquetBroken.With("file", s.in.Name, "why", "the footer contradicts itself")
	}
	return nil
}

func (s *inChunks) Schema() *arrow.Schema { return s.schema }

func (s *inChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chunk, err := s.next()
	if err != nil {
		s.err = err
		return nil, err
	}
	return chunk, nil
}

func (s *inChunks) next() (*inChunk, error) {
	for s.left == 0 {
		if err := s.closeGroup(); err != nil {
			return nil, err
		}
		if s.group == len(s.meta.groups) {
			if err := s.file.unchanged(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if err := s.openGroup(); err != nil {
			return nil, err
		}
	}
	n := int(min(s.left, int64(s.rows)))
	c := &inChunk{chunks: s, group: s.group, rows: n, first: s.given, pieces: make([][]inPiece, len(s.cursors))}
	s.stored = 0
	for i, cursor := range s.cursors {
		var err error
		if c.pieces[i], err = cursor.take(n); err != nil {
			return nil, err
		}
	}
	s.left -= int64(n)
	s.given += int64(n)
	s.chunks++
	return c, nil
}

// openGroup begins the next row group. How many rows make a chunk follows from how
// large they are, as far as the footer and the dictionaries say it.
func (s *inChunks) openGroup() error {
	g := s.meta.groups[s.group]
	s.left = g.rows
	if g.rows == 0 {
		s.group++
		return nil
	}
	size := 0.0 // of a row
	for i := range s.columns {
		col := &s.columns[i]
		for j := range col.leaves {
			c, err := s.cursor(s.group, &col.leaves[j], col.Name)
			if err != nil {
				return err
			}
			if c.left < g.rows || col.leaves[j].maxRep == 0 && c.left != g.rows {
				return c.broken("it has another number of values than the footer says")
			}
			if err := c.next(); err != nil {
				return err
			}
			each := float64(c.leaf.width + 8)
			if c.leaf.physical == pqByteArray {
				each += float64(max(0, g.columns[c.leaf.index].plain)) / float64(g.rows)
				if c.dict != nil && len(c.dict.spans) > 0 {
					each += float64(len(c.dict.bytes)) / float64(len(c.dict.spans)) * float64(c.left+int64(c.page.n)) / float64(g.rows)
				}
			}
			size += each
			if c.leaf.maxRep > 0 {
				if err := c.page.levels(); err != nil {
					return c.fault(err)
				}
				if c.page.n > 0 && c.page.reps[0] != 0 {
					return c.broken("a list begins amid another")
				}
			}
			s.cursors = append(s.cursors, c)
		}
	}
	s.rows = int(min(max(inChunkBytes/size, 1), float64(s.chunk)))
	s.group++
	return nil
}

func (s *inChunks) closeGroup() error {
	for _, c := range s.cursors {
		if !c.over() {
			return c.broken("it has more rows than the footer says")
		}
	}
	if len(s.cursors) > 0 {
		s.behind = append(s.behind, inBehind{s.held, s.chunks})
	}
	clear(s.cursors) // their pages are those of chunks now
	s.cursors, s.held = s.cursors[:0], 0
	return nil
}

func (s *inChunks) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file, s.cursors = nil, nil
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}

// inChunk is the pages that some rows are in.
type inChunk struct {
	chunks *inChunks
	group  int // from 1
	rows   int
	first  int64 // rows before
	pieces [][]inPiece
}

func (c *inChunk) Discard() { c.pieces = nil }

func (c *inChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	d := c.chunks.decoders.Get()
	defer c.chunks.decoders.Put(d)
	return d.decode(ctx, c)
}

// validateCells refuses options of reading that contradict each other. A column may
// be binary here: its bytes are taken as they are.
func (c parquetConfig) validateCells() error {
	o := c.cells()
	o.Columns = slices.DeleteFunc(slices.Clone(o.Columns), func(d pipelines.ColumnDecl) bool { return d.Type.ID() == arrow.BINARY })
	for _, name := range c.Without {
		if c.cells().declares(name) {
			return badOption("without", "names a column that columns declares")
		}
	}
	return o.Validate()
}
