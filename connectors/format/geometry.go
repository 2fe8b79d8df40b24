package format

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What the formats of geometries share. A geometry becomes well-known binary
// (OGC 06-103r4, 8) with longitudes and latitudes of WGS84, whatever system it
// comes in, as GeoParquet and all that reads it expect.

// geoOptions are the arguments that both formats have.
type geoOptions struct {
	CRS      string `hcl:"crs,optional" doc:"The system that the coordinates are in, as \"EPSG:2154\", whatever the file says itself: Lambert-93, the conic zones CC42 to CC50 (EPSG:3942 to 3950), UTM zones of the overseas territories, longitudes and latitudes. The column has longitudes and latitudes of WGS84 in any case."`
	Geometry string `hcl:"geometry,optional" doc:"Name of the column of geometries, which are well-known binary (WKB); \"\" leaves them out."`
	BBox     string `hcl:"bbox,optional" doc:"Name of a column to add with the bounding box of each geometry, as GeoParquet 1.1 lays it out; none unless given."`
	Altitude string `hcl:"altitude,optional" values:"refuse|drop" doc:"What becomes of the heights and measures (Z and M) of positions: they reject the row, or are left out."`
}

var defaultGeo = geoOptions{Geometry: "geometry", Altitude: "refuse"}

func (o geoOptions) validate(names []string) error {
	if o.CRS != "" {
		if _, ok := geodesy.ByCode(o.CRS); !ok {
			return badOption("crs", "is no system that is known")
		}
	}
	own := 0
	for _, name := range []string{o.Geometry, o.BBox} {
		if name != "" {
			own++
			if slices.Contains(names, name) {
				return badOption("geometry", "has the name of another column")
			}
		}
	}
	if own == 2 && o.Geometry == o.BBox {
		return badOption("bbox", "has the name of another column")
	}
	return nil
}

// fields adds the columns of geometries to others.
func (o geoOptions) fields(s *arrow.Schema) *arrow.Schema {
	fields := s.Fields()
	if o.Geometry != "" {
		fields = append(fields, arrow.Field{Name: o.Geometry, Type: arrow.BinaryTypes.Binary, Nullable: true})
	}
	if o.BBox != "" {
		fields = append(fields, arrow.Field{Name: o.BBox, Type: pipelines.BBox, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// The kinds of geometries, by their numbers in well-known binary.
const (
	wkbPoint = 1 + iota
	wkbLine
	wkbPolygon
	wkbPoints
	wkbLines
	wkbPolygons
	wkbCollection
)

// geometries are the geometries of some rows in the making.
type geometries struct {
	crs   *geodesy.CRS
	bytes []byte
	list  []geometry
	why   *messages.Error // what is wrong with the one in the making
	now   geometry
}

// geometry is where one is in bytes; null where start is end.
type geometry struct {
	start, end int
	box        [4]float64 // west, south, east, north
	some       bool       // it has positions
}

func (g *geometries) reset(crs *geodesy.CRS) {
	*g = geometries{crs: crs, bytes: g.bytes[:0], list: g.list[:0]}
}

// begin begins a geometry, end ends it; refuse says why it is none.
func (g *geometries) begin() {
	g.why, g.now = nil, geometry{start: len(g.bytes), box: [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}}
}

func (g *geometries) end() {
	g.now.end = len(g.bytes)
	if g.why != nil {
		g.bytes = g.bytes[:g.now.start]
		g.now.end = g.now.start
	}
	g.list = append(g.list, g.now)
}

func (g *geometries) refuse(why *messages.Error) {
	if g.why == nil {
		g.why = why
	}
}

func (g *geometries) wrong(why string) { g.refuse(messages.GeoGeometry.With("why", why)) }

// head begins a geometry, or a part of one, of n parts or positions.
func (g *geometries) head(kind, n int) {
	g.bytes = append(g.bytes, 1) // little endian
	g.bytes = binary.LittleEndian.AppendUint32(g.bytes, uint32(kind))
	if kind != wkbPoint {
		g.count(n)
	}
}

func (g *geometries) count(n int) { g.bytes = binary.LittleEndian.AppendUint32(g.bytes, uint32(n)) }

// position adds a position of the file's system.
func (g *geometries) position(x, y float64) {
	lon, lat, ok := g.crs.Degrees(x, y)
	if !ok {
		g.refuse(messages.GeoOutside.With())
		return
	}
	g.bytes = binary.LittleEndian.AppendUint64(g.bytes, math.Float64bits(lon))
	g.bytes = binary.LittleEndian.AppendUint64(g.bytes, math.Float64bits(lat))
	b := &g.now.box
	b[0], b[1], b[2], b[3] = min(b[0], lon), min(b[1], lat), max(b[2], lon), max(b[3], lat)
	g.now.some = true
}

// add gives a record the columns of geometries: of row i the one that number says.
// It takes over the record.
func (o geoOptions) add(mem memory.Allocator, rec arrow.Record, schema *arrow.Schema, g *geometries, number func(i int) int) arrow.Record {
	cols := slices.Clone(rec.Columns())
	n := int(rec.NumRows())
	if o.Geometry != "" {
		b := array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary)
		defer b.Release()
		b.Reserve(n)
		for i := range n {
			if at := g.list[number(i)]; at.start == at.end {
				b.AppendNull()
			} else {
				b.Append(g.bytes[at.start:at.end])
			}
		}
		a := b.NewArray()
		defer a.Release()
		cols = append(cols, a)
	}
	if o.BBox != "" {
		a := boxes(mem, n, func(i int) geometry { return g.list[number(i)] })
		defer a.Release()
		cols = append(cols, a)
	}
	out := array.NewRecord(schema, cols, int64(n))
	rec.Release()
	return out
}

// boxes makes a column of bounding boxes, null where there is no position.
func boxes(mem memory.Allocator, n int, at func(i int) geometry) arrow.Array {
	valid := arrowx.NewBuffer(mem, int(bitutil.BytesForBits(int64(n))))
	clear(valid.Bytes())
	sides := make([]arrow.ArrayData, 4)
	nulls := n
	for j := range sides {
		values := arrowx.NewBuffer(mem, 8*n)
		for i, out := 0, arrow.Float64Traits.CastFromBytes(values.Bytes()); i < n; i++ {
			if out[i] = 0; at(i).some {
				out[i] = at(i).box[j]
				if j == 0 {
					bitutil.SetBit(valid.Bytes(), i)
					nulls--
				}
			}
		}
		sides[j] = array.NewData(arrow.PrimitiveTypes.Float64, n, []*memory.Buffer{nil, values}, nil, 0, 0)
		values.Release()
		defer sides[j].Release()
	}
	data := array.NewData(pipelines.BBox, n, []*memory.Buffer{valid}, sides, nulls, 0)
	valid.Release()
	defer data.Release()
	return array.MakeFromData(data)
}

// crs is the declared system; nil where none is.
func (o geoOptions) crs() *geodesy.CRS {
	if o.CRS == "" {
		return nil
	}
	c, _ := geodesy.ByCode(o.CRS)
	return c
}
