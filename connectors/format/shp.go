package format

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Shape reads shapefiles: geometries, with the table of dBase and the system of
// coordinates in files beside them.
//
// Source: ESRI Shapefile Technical Description, an ESRI White Paper, July 1998.
var Shape = pipelines.Define(pipelines.KindFormat, "shp", "Shapefiles: geometries, with the dBase table beside them, one row each.",
	shapeConfig{geoOptions: defaultGeo, cellOptions: defaultCells}, newShape)

type shapeConfig struct {
	Encoding string   `hcl:"encoding,optional" values:"cp437|cp850|cp852|cp858|cp860|cp863|cp865|cp866|cp1250|cp1251|cp1252|cp1253|cp1254|cp1257|iso-8859-1|iso-8859-15|utf-8" doc:"How the table writes characters, whatever it says itself. Unless given: what the .cpg file beside it says, else the mark in the table; where neither tells, only ASCII is read."`
	Without  []string `hcl:"without,optional" doc:"Columns to leave out, by their names in the table: pictures, or long texts whose file is lost."`
	geoOptions
	cellOptions
}

// ofTable are the options of the table beside.
func (c shapeConfig) ofTable() dbfConfig {
	return dbfConfig{Encoding: c.Encoding, Without: c.Without, cellOptions: c.cellOptions}
}

// Validate refuses options that contradict each other.
func (c shapeConfig) Validate() error {
	if err := c.ofTable().Validate(); err != nil {
		return err
	}
	var names []string
	for _, col := range c.Columns {
		names = append(names, col.Name)
	}
	return c.geoOptions.validate(names)
}

type shapeCodec struct {
	env    pipelines.Env
	config shapeConfig
	table  *dbfCodec
	size   int // of a chunk, bytes of shapes
}

var _ Reader = (*shapeCodec)(nil)

func newShape(env pipelines.Env, c shapeConfig) (*shapeCodec, error) {
	table, err := newDBF(env, c.ofTable())
	return &shapeCodec{env: env, config: c, table: table, size: shapeChunkSize}, err
}

// Beside are the files that may belong to shapes.
func (c *shapeCodec) Beside() []string {
	return append([]string{".dbf", ".shx", ".prj"}, c.table.Beside()...)
}

// Companions are what other programs keep beside shapes: indexes of places and of
// columns, their own description of the system, metadata, styles.
func (c *shapeCodec) Companions() []string {
	return append([]string{".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".ixs", ".mxs", ".qix", ".qpj", ".qmd", ".cst", ".shp.xml"}, c.table.Companions()...)
}

// Declared is the declared columns and the geometry; the table may have others.
func (c *shapeCodec) Declared() (*arrow.Schema, bool) {
	schema, _ := c.config.Declared()
	if schema == nil {
		schema = arrow.NewSchema(nil, nil)
	}
	if schema = c.config.fields(schema); schema.NumFields() == 0 {
		return nil, false
	}
	return schema, false
}

const (
	// shapeBound is the longest shape that is read.
	shapeBound = 256 << 20
	// shapeChunkSize is how many bytes of shapes make a chunk, if its records do not
	// before. It is part of the format version.
	shapeChunkSize = 4 << 20
)

// The types of shapes; those of the others have heights or measures.
const (
	shapeNull     = 0
	shapePoint    = 1
	shapeLine     = 3
	shapePolygon  = 5
	shapePoints   = 8
	shapeWithZ    = 10
	shapeWithM    = 20
	shapePatches  = 31
	shapeFileCode = 9994
)

// shapeChunks gives the records of the table, each with its shape.
type shapeChunks struct {
	*shapeCodec
	in     Input
	file   io.ReadCloser
	read   *bufio.Reader
	index  *bufio.Reader // nil: there is none
	close  []io.Closer
	rows   *dbfChunks
	part   *dbfChunk // records whose shapes are not yet read; nil: none
	schema *arrow.Schema
	crs    *geodesy.CRS
	kind   uint32
	at     int64 // in words of two bytes
	end    int64
	shapes int64 // read
	err    error
}

// Chunks reads the heads of the files. A table must stand beside the shapes, and
// their system must be known.
func (c *shapeCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	s := &shapeChunks{shapeCodec: c, in: in}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *shapeChunks) not(why string) error {
	return messages.ShapeNot.With("file", s.in.Name, "why", why)
}

func (s *shapeChunks) broken(why string) error {
	return messages.ShapeBroken.With("file", s.in.Name, "number", s.shapes+1, "why", why)
}

func (s *shapeChunks) open(ctx context.Context) (err error) {
	if s.file, err = s.in.Open(ctx); err != nil {
		return err
	}
	s.close = append(s.close, s.file)
	s.read = bufio.NewReaderSize(s.file, 64<<10)
	if s.end, s.kind, err = s.head(s.read, s.in.Size); err != nil {
		return err
	}
	switch base := s.kind % 10; {
	case s.kind == shapePatches:
		return s.not("it is made of patches of surfaces, which are not read")
	case s.kind == shapeNull, s.kind < 30 && (base == shapePoint || base == shapeLine || base == shapePolygon || base == shapePoints):
	default:
		return s.not("its shapes are of a type that there is not")
	}
	if s.crs = s.config.crs(); s.crs == nil {
		if s.crs, err = s.system(ctx); err != nil {
			return err
		}
	}
	index, found, err := s.in.beside(ctx, ".shx")
	if err != nil {
		return err
	}
	if found {
		f, err := index.Open(ctx)
		if err != nil {
			return err
		}
		s.close = append(s.close, f)
		s.index = bufio.NewReader(f)
		if _, kind, err := s.head(s.index, index.Size); err != nil || kind != s.kind {
			return messages.ShapeIndex.With("file", s.in.Name)
		}
	}
	table, found, err := s.in.beside(ctx, ".dbf")
	if err != nil {
		return err
	}
	if !found {
		return messages.ShapeNoTable.With("file", s.in.Name)
	}
	table.Beside = s.in.Beside
	chunks, err := s.table.Chunks(ctx, table)
	if err != nil {
		return err
	}
	s.rows = chunks.(*dbfChunks)
	s.close = append(s.close, s.rows)
	for _, name := range []string{s.config.Geometry, s.config.BBox} {
		if name != "" && s.rows.schema.HasField(name) {
			return messages.CSVColumnTwice.With("file", s.in.Name, "column", name)
		}
	}
	s.schema = s.config.fields(s.rows.schema)
	s.at = 50
	return nil
}

// head reads the head of the shapes or of their index.
func (s *shapeChunks) head(r io.Reader, size int64) (words int64, kind uint32, err error) {
	var b [100]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, 0, headError(err, s.not("it is shorter than the head of one"))
	}
	if binary.BigEndian.Uint32(b[:]) != shapeFileCode || binary.LittleEndian.Uint32(b[28:]) != 1000 {
		return 0, 0, s.not("its first bytes are not those of one")
	}
	words = int64(binary.BigEndian.Uint32(b[24:]))
	if words < 50 || size > 0 && words*2 != size {
		return 0, 0, s.not("it is not as long as it says")
	}
	return words, binary.LittleEndian.Uint32(b[32:]), nil
}

// system reads the file beside that says in which system the coordinates are.
func (s *shapeChunks) system(ctx context.Context) (*geodesy.CRS, error) {
	in, found, err := s.in.beside(ctx, ".prj")
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, messages.GeoCRS.With("file", s.in.Name, "why", "there is no .prj file beside it")
	}
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if e := r.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	crs, why := geodesy.ParseWKT(string(b))
	if why != "" {
		return nil, messages.GeoCRS.With("file", s.in.Name, "why", why)
	}
	return crs, nil
}

func (s *shapeChunks) Schema() *arrow.Schema { return s.schema }

func (s *shapeChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	c, err := s.next(ctx)
	if err != nil {
		s.err = err
		return nil, err
	}
	return c, nil
}

// next gives records of the table, as many as their shapes are of a size.
func (s *shapeChunks) next(ctx context.Context) (*shapeChunk, error) {
	if s.part == nil {
		rows, err := s.rows.Next(ctx)
		if err == io.EOF {
			return nil, s.over()
		}
		if err != nil {
			return nil, err
		}
		s.part = rows.(*dbfChunk)
	} else {
		s.rows.skipped.open() // for one chunk more than the table has
	}
	c := &shapeChunk{of: s}
	table, n := s.rows.table, 0
	for all := len(s.part.bytes) / table.record; n < all && (n == 0 || len(c.bytes) < s.size); n++ {
		if err := s.shape(c); err != nil {
			return nil, err
		}
	}
	rest := *s.part
	c.rows, s.part = &dbfChunk{chunks: s.rows, bytes: rest.bytes[:n*table.record], long: rest.long[:n*table.memos], first: rest.first}, &rest
	rest.bytes, rest.long, rest.first = rest.bytes[n*table.record:], rest.long[n*table.memos:], rest.first+int64(n)
	if len(rest.bytes) == 0 {
		s.part = nil
	}
	return c, nil
}

// shape reads the next shape as it stands.
func (s *shapeChunks) shape(c *shapeChunk) error {
	if s.at == s.end {
		return messages.ShapeDiffer.With("file", s.in.Name, "shapes", s.shapes, "records", s.rows.table.records)
	}
	var head [8]byte
	if _, err := io.ReadFull(s.read, head[:]); err != nil {
		return headError(err, s.broken("it ends too early"))
	}
	number, words := binary.BigEndian.Uint32(head[:]), int64(binary.BigEndian.Uint32(head[4:]))
	switch {
	case int64(number) != s.shapes+1 && int64(number) != s.shapes: // some count from 0
		return s.broken("it has another number")
	case words < 2 || words > s.end-s.at-4:
		return s.broken("it goes on behind the end of the file")
	case words*2 > shapeBound:
		return s.broken("it is larger than 256 MiB")
	}
	if s.index != nil {
		var entry [8]byte
		if _, err := io.ReadFull(s.index, entry[:]); err != nil || int64(binary.BigEndian.Uint32(entry[:])) != s.at || int64(binary.BigEndian.Uint32(entry[4:])) != words {
			return messages.ShapeIndex.With("file", s.in.Name)
		}
	}
	// As it comes: where nothing tells how long the file is, the head alone says that there is so much.
	for left := int(words * 2); left > 0; {
		from, n := len(c.bytes), min(left, max(len(c.bytes), 1<<20))
		c.bytes = slices.Grow(c.bytes, n)[:from+n]
		if _, err := io.ReadFull(s.read, c.bytes[from:]); err != nil {
			return headError(err, s.broken("it ends too early"))
		}
		left -= n
	}
	c.ends = append(c.ends, len(c.bytes))
	s.at += 4 + words
	s.shapes++
	return nil
}

// over says that all is read, and that nothing is left.
func (s *shapeChunks) over() error {
	if s.at != s.end {
		return messages.ShapeDiffer.With("file", s.in.Name, "shapes", "more", "records", s.rows.table.records)
	}
	if s.index != nil {
		if _, err := s.index.ReadByte(); err != io.EOF {
			return messages.ShapeIndex.With("file", s.in.Name)
		}
	}
	if _, err := s.read.ReadByte(); err != io.EOF { // where the file says whether it changed
		if err == nil {
			err = s.broken("something stands behind the end of the file")
		}
		return err
	}
	return io.EOF
}

func (s *shapeChunks) Close() (err error) {
	for _, c := range s.close {
		if e := c.Close(); err == nil {
			err = e
		}
	}
	if s.close = nil; s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}

// shapeChunk is some records of the table and their shapes.
type shapeChunk struct {
	of    *shapeChunks
	rows  *dbfChunk
	bytes []byte
	ends  []int
}

func (c *shapeChunk) Discard() {
	c.rows.Discard()
	c.bytes, c.ends = nil, nil
}

func (c *shapeChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	first := c.rows.first
	b, err := c.rows.Decode(ctx)
	if err != nil {
		return b, err
	}
	s := c.of
	config := &s.config
	g := &geometries{}
	g.reset(s.crs)
	kept := make([]int32, 0, b.NumRows())
	var lines []int64
	for i, line := range b.Places.Lines {
		n := int(line - 1 - first)
		start := 0
		if n > 0 {
			start = c.ends[n-1]
		}
		g.begin()
		rawShape{g, c.bytes[start:c.ends[n]], s.kind, config.Altitude == "drop"}.read()
		why := g.why
		g.end()
		if why != nil {
			b.Rejects = append(b.Rejects, pipelines.Reject{Place: b.Places.At(i), Column: config.Geometry, Why: why, Raw: bytes.Clone(c.bytes[start:c.ends[n]])})
			continue
		}
		kept, lines = append(kept, int32(i)), append(lines, line)
	}
	c.bytes, c.ends = nil, nil
	return s.join(b, g, kept, lines)
}

// rawShape makes a geometry of what stands in the file.
type rawShape struct {
	*geometries
	b    []byte
	kind uint32
	drop bool
}

func (g rawShape) double(at int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(g.b[at:]))
}
