package format

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// recordSeparator begins a text of a sequence (RFC 8142); in JSON it can stand nowhere.
const recordSeparator = 0x1e

// jsonTexts finds the texts of a sequence; each is a record.
type jsonTexts struct{}

func (jsonTexts) early() string { return "" }

func (jsonTexts) scan(s *treeChunks) error {
	for {
		b := s.held[s.pos:]
		if len(b) == 0 {
			if s.ended {
				return io.EOF
			}
			return errMore
		}
		from := 0
		if b[0] == recordSeparator {
			from = 1
		}
		end := bytes.IndexByte(b[from:], recordSeparator)
		switch {
		case end >= 0:
			end += from
		case !s.ended:
			return errMore
		default:
			end = len(b)
		}
		if start := jsonSkip(b[:end], from); start < end {
			if err := s.record(treeRecord{start: uint32(s.pos + start), end: uint32(s.pos + end)}); err != nil {
				return err
			}
		}
		s.pos += end
	}
}

// geoDecoder takes features apart: their properties as any record of JSON, and
// their geometry.
type geoDecoder struct {
	*jsonDecoder
	codec  *geoJSONCodec
	shown  int // columns, of those that the decoder of JSON gives
	schema *arrow.Schema
	crs    *geodesy.CRS
	geo    geometries
	starts []int // of the records whose geometries are in geo
	input  string
}

func (d *geoDecoder) decode(c *treeChunk) (pipelines.Batch, error) {
	d.geo.reset(d.crs)
	d.starts, d.input = d.starts[:0], c.of.in.Name
	d.after = d.feature
	b, err := d.jsonDecoder.decode(c)
	if err != nil {
		return b, err
	}
	rows := d.grid.rows
	whole := b.Record
	cols := schemaOf(d.columns[:d.shown])
	rec := array.NewRecord(cols, whole.Columns()[:d.shown], whole.NumRows())
	whole.Release()
	b.Record = d.codec.config.add(d.mem, rec, d.schema, &d.geo, func(i int) int {
		at, _ := slices.BinarySearch(d.starts, rows[i].start)
		return at
	})
	return b, nil
}

// hidden is the text of a column that is checked and not shown.
func (d *geoDecoder) hidden(name string) (text []byte, there bool) {
	for i := d.shown; i < len(d.cols); i++ {
		if c := d.row[i]; d.cols[i].Name == name {
			return d.b[c.start:c.end], c.kind != cellAbsent
		}
	}
	return nil, false
}

// feature checks a record and takes its geometry. What concerns the file as a whole
// is an error.
func (d *geoDecoder) feature(r *treeRecord, _ int64) error {
	config := &d.codec.config
	if config.CRS == "" {
		if name, ok := d.hidden(geoCRSName); ok && !worldwide(string(name)) {
			return messages.GeoCRS.With("file", d.input, "why", "it says that its system is "+strconv.Quote(string(name)))
		}
		if _, ok := d.hidden(geoCRSLink); ok {
			return messages.GeoCRS.With("file", d.input, "why", "it says its system by a link")
		}
	}
	if kind, _ := d.hidden(geoType); string(kind) != "Feature" {
		d.refuse(-1, messages.GeoNotFeature.With())
	}
	d.starts = append(d.starts, int(r.start))
	d.geo.begin()
	if b := d.src[d.whole[0]:d.whole[1]]; d.why == nil && len(b) > 0 && b[0] != 'n' && (config.Geometry != "" || config.BBox != "") {
		p := geoParser{&d.geo, b, config.Altitude == "drop"}
		p.geometry(0)
	}
	d.geo.end()
	if d.geo.why != nil && d.why == nil {
		d.why, d.column = d.geo.why, config.Geometry
	}
	return nil
}

// worldwide says whether a name of a system stands for longitudes and latitudes as
// GeoJSON has them: those of OGC, or of an EPSG code, in whichever way they are written.
func worldwide(name string) bool {
	code := name[len(strings.TrimRight(name, "0123456789")):]
	c, ok := geodesy.ByCode(code)
	return strings.HasSuffix(name, "CRS84") || ok && c.Geographic()
}

// geoParser makes a geometry of an object whose syntax has been judged.
type geoParser struct {
	*geometries
	b    []byte
	drop bool // the third number of positions
}

// member is where the value of a key of the object at b[p] stands; -1: nowhere.
func (g *geoParser) member(p int, key string) int {
	if g.b[p] != '{' {
		return -1
	}
	for p = jsonSkip(g.b, p+1); g.b[p] != '}'; p = jsonSkip(g.b, p) {
		if g.b[p] == ',' {
			p = jsonSkip(g.b, p+1)
		}
		end, _, _ := jsonText(g.b, p+1)
		found := string(g.b[p+1:end]) == key
		p = jsonSkip(g.b, jsonSkip(g.b, end+1)+1)
		if found {
			return p
		}
		p, _ = jsonEnd(g.b, p, true)
	}
	return -1
}

// elements calls do with each element of the array at b[p], and counts them. false:
// it is no array.
func (g *geoParser) elements(p int, do func(p int)) (n int, ok bool) {
	if p < 0 || g.b[p] != '[' {
		g.wrong("it has no array where coordinates should be")
		return 0, false
	}
	for p = jsonSkip(g.b, p+1); g.b[p] != ']'; p = jsonSkip(g.b, p) {
		if g.b[p] == ',' {
			p = jsonSkip(g.b, p+1)
		}
		if n++; g.why == nil {
			do(p)
		}
		p, _ = jsonEnd(g.b, p, true)
	}
	return n, true
}

// counted calls do with each element, behind their number.
func (g *geoParser) counted(p int, do func(p int)) int {
	at := len(g.bytes)
	g.count(0)
	n, _ := g.elements(p, do)
	binary.LittleEndian.PutUint32(g.bytes[at:], uint32(n))
	return n
}

func (g *geoParser) geometry(p int) {
	at := g.member(p, "type")
	if at < 0 || g.b[at] != '"' {
		g.wrong("it has no type")
		return
	}
	end, _, _ := jsonText(g.b, at+1)
	kind := string(g.b[at+1 : end])
	if kind == "GeometryCollection" {
		g.begins(wkbCollection)
		g.counted(g.member(p, "geometries"), func(p int) { g.geometry(p) })
		return
	}
	p = g.member(p, "coordinates")
	switch kind {
	case "Point":
		g.begins(wkbPoint)
		g.at(p)
	case "LineString":
		g.line(p)
	case "Polygon":
		g.polygon(p)
	case "MultiPoint":
		g.begins(wkbPoints)
		g.counted(p, func(p int) {
			g.begins(wkbPoint)
			g.at(p)
		})
	case "MultiLineString":
		g.begins(wkbLines)
		g.counted(p, g.line)
	case "MultiPolygon":
		g.begins(wkbPolygons)
		g.counted(p, g.polygon)
	default:
		g.wrong("its type is none of GeoJSON's")
	}
}

// begins writes what a geometry begins with, before the number of its parts.
func (g *geoParser) begins(kind int) {
	g.bytes = append(g.bytes, 1)
	g.bytes = binary.LittleEndian.AppendUint32(g.bytes, uint32(kind))
}

func (g *geoParser) line(p int) {
	g.begins(wkbLine)
	if g.counted(p, g.at) < 2 {
		g.wrong("a line has fewer than two positions")
	}
}

func (g *geoParser) polygon(p int) {
	g.begins(wkbPolygon)
	g.counted(p, func(p int) {
		from := len(g.bytes) + 4
		n := g.counted(p, g.at)
		if g.why != nil {
			return
		}
		if ring := g.bytes[from:]; n < 4 || !bytes.Equal(ring[:16], ring[len(ring)-16:]) {
			g.wrong("a ring has fewer than four positions, or does not end where it begins")
		}
	})
}

// at reads a position.
func (g *geoParser) at(p int) {
	var xy [2]float64
	n := 0
	_, ok := g.elements(p, func(p int) {
		end, _ := jsonEnd(g.b, p, true)
		v, why := scalar.Plain.ParseFloat64(g.b[p:end])
		if why != nil {
			g.wrong("a position has something that is no number")
		}
		if n < 2 {
			xy[n] = v
		}
		n++
	})
	switch {
	case !ok || g.why != nil:
	case n < 2 || n > 3:
		g.wrong("a position has not two or three numbers")
	case n == 3 && !g.drop:
		g.refuse(messages.GeoAltitude.With())
	default:
		g.position(xy[0], xy[1])
	}
}
