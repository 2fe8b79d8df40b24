package format

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func geoJSONFrom(t csvTB, mem memory.Allocator, config string) *geoJSONCodec {
	return codecFrom[*geoJSONCodec](t, mem, GeoJSON, config)
}

// wkt writes well-known binary as text, and what is left of it.
func wkt(b []byte) (text string, rest []byte) {
	if len(b) < 5 || b[0] != 1 {
		return "not little endian", nil
	}
	kind := binary.LittleEndian.Uint32(b[1:])
	b = b[5:]
	count := func() int {
		n := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return int(n)
	}
	position := func() string {
		x, y := math.Float64frombits(binary.LittleEndian.Uint64(b)), math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		b = b[16:]
		return strconv.FormatFloat(x, 'g', -1, 64) + " " + strconv.FormatFloat(y, 'g', -1, 64)
	}
	list := func(each func() string) string {
		var parts []string
		for range count() {
			parts = append(parts, each())
		}
		return "(" + strings.Join(parts, ",") + ")"
	}
	nested := func() string {
		var s string
		s, b = wkt(b)
		return s
	}
	bare := func() string { // as text has it within a geometry of several
		s := nested()
		return s[strings.IndexByte(s, '('):]
	}
	switch kind {
	case wkbPoint:
		text = "POINT (" + position() + ")"
	case wkbLine:
		text = "LINESTRING " + list(position)
	case wkbPolygon:
		text = "POLYGON " + list(func() string { return list(position) })
	case wkbPoints:
		text = "MULTIPOINT " + list(bare)
	case wkbLines:
		text = "MULTILINESTRING " + list(bare)
	case wkbPolygons:
		text = "MULTIPOLYGON " + list(bare)
	case wkbCollection:
		text = "GEOMETRYCOLLECTION " + list(nested)
	default:
		return fmt.Sprint("geometry ", kind), nil
	}
	return text, b
}

// readGeo reads a file whose last column is of geometries, or the one before of a box.
func readGeo(t testing.TB, r Reader, in Input) (rows, rejects []string) {
	t.Helper()
	eachBatch(t, r, in, func(b pipelines.Batch) {
		for i := range int(b.NumRows()) {
			var cells []string
			for _, col := range b.Columns() {
				switch a := col.(type) {
				case *array.Binary:
					if a.IsNull(i) {
						cells = append(cells, `\N`)
						continue
					}
					text, rest := wkt(a.Value(i))
					if len(rest) > 0 {
						t.Errorf("bytes follow the geometry %s", text)
					}
					cells = append(cells, text)
				case *array.Struct:
					if a.IsNull(i) {
						cells = append(cells, `\N`)
						continue
					}
					cell := ""
					for j := range a.NumField() {
						cell += " " + strconv.FormatFloat(a.Field(j).(*array.Float64).Value(i), 'g', -1, 64)
					}
					cells = append(cells, "["+cell[1:]+"]")
				default:
					if cell := `\N`; a.IsNull(i) {
						cells = append(cells, cell)
					} else {
						cells = append(cells, a.ValueStr(i))
					}
				}
			}
			rows = append(rows, strings.Join(cells, "; "))
		}
		for _, r := range b.Rejects {
			rejects = append(rejects, fmt.Sprint(r.Line, " ", r.Column, " ", r.Why.Code))
		}
	})
	return rows, rejects
}

func collection(features ...string) string {
	return "{\"type\": \"FeatureCollection\", \"name\": \"x\", \"features\": [\n" + strings.Join(features, ",\n") + "\n]}\n"
}

func feature(n int, geometry string) string {
	return fmt.Sprintf(`{"type": "Feature", "id": %d, "properties": {"nom": "n%d", "rue": {"code": 12345678901234567890}}, "geometry": %s}`, n, n, geometry)
}

const geoConfig = `
fields = { nom = "nom", code = "rue.code" }
id = "numero"
columns = { code = decimal(20, 0) }
bbox = "boite"`

// Every kind of geometry, in a collection, a line each and a sequence of texts, in
// chunks of any size.
func TestGeoJSON(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	geometries := []struct{ json, wkt, box string }{
		{`{"type":"Point","coordinates":[2.35,48.85]}`, "POINT (2.35 48.85)", "[2.35 48.85 2.35 48.85]"},
		{`{"coordinates":[[1e0,2],[-3.5,4]],"bbox":[0,0,0,0],"type":"LineString"}`, "LINESTRING (1 2,-3.5 4)", "[-3.5 2 1 4]"},
		{`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}`, "POLYGON ((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))", "[0 0 4 4]"},
		{`{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`, "MULTIPOINT ((1 2),(3 4))", "[1 2 3 4]"},
		{`{"type":"MultiPoint","coordinates":[ ]}`, "MULTIPOINT ()", `\N`},
		{`{"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[[5,6],[7,8],[9,10]]]}`, "MULTILINESTRING ((1 2,3 4),(5 6,7 8,9 10))", "[1 2 9 10]"},
		{`{"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[4,4],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}`, "MULTIPOLYGON (((0 0,4 0,4 4,0 0)),((5 5,6 5,6 6,5 5)))", "[0 0 6 6]"},
		{`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"type":"GeometryCollection","geometries":[]}]}`,
			"GEOMETRYCOLLECTION (POINT (1 2),GEOMETRYCOLLECTION ())", "[1 2 1 2]"},
		{`null`, `\N`, `\N`},
	}
	var features, want []string
	for i, g := range geometries {
		features = append(features, feature(i, g.json))
		want = append(want, fmt.Sprintf("%d; n%d; 12345678901234567890; %s; %s", i, i, g.wkt, g.box))
	}
	for name, c := range map[string]struct{ config, data string }{
		"collection":        {geoConfig, collection(features...)},
		"lines":             {geoConfig + "\nsequence = true", strings.Join(features, "\n") + "\n\n"},
		"sequence":          {geoConfig + "\nsequence = true", "\x1e" + strings.Join(features, "\n\x1e") + "\n"},
		"indented sequence": {geoConfig + "\nsequence = true", "\x1e" + strings.Join(features, "\n\x1e\n  \x1e") + "\n"},
	} {
		for _, size := range []int{1, 7, 100, 1000, 0} {
			codec := geoJSONFrom(t, mem, c.config)
			if size > 0 {
				codec.chunk = size
			}
			rows, rejects := readGeo(t, codec, csvInput(c.data))
			if !slices.Equal(rows, want) || len(rejects) > 0 {
				t.Errorf("%s in chunks of %d: %s, rejects %v", name, size, strings.Join(rows, "\n"), rejects)
			}
		}
	}
}

// What is no geometry rejects its feature, which says why.
func TestGeoJSONRejects(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for geometry, want := range map[string]*messages.Message{
		`{"type":"Point","coordinates":[2.35,48.85,35]}`:                        messages.GeoAltitude,
		`{"type":"Point","coordinates":[2.35,48.85,35,1]}`:                      messages.GeoGeometry,
		`{"type":"Point","coordinates":[2.35]}`:                                 messages.GeoGeometry,
		`{"type":"Point","coordinates":[]}`:                                     messages.GeoGeometry,
		`{"type":"Point","coordinates":["a","b"]}`:                              messages.GeoGeometry,
		`{"type":"Point"}`:                                                      messages.GeoGeometry,
		`{"type":"Circle","coordinates":[1,2]}`:                                 messages.GeoGeometry,
		`{"coordinates":[1,2]}`:                                                 messages.GeoGeometry,
		`[1, 2]`:                                                                messages.GeoGeometry,
		`{"type":"LineString","coordinates":[[1,2]]}`:                           messages.GeoGeometry,
		`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4]]]}`:                messages.GeoGeometry,
		`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,1]]]}`:          messages.GeoGeometry,
		`{"type":"MultiPoint","coordinates":[1,2]}`:                             messages.GeoGeometry,
		`{"type":"GeometryCollection"}`:                                         messages.GeoGeometry,
		`{"type":"Point","coordinates":[652000,6862000]}`:                       messages.GeoOutside,
		`{"type":"Point","coordinates":[1,2],"type":"Point"}`:                   messages.JSONKeyTwice,
		`{"type":"Point","coordinates":[NaN,2]}`:                                messages.JSONNotANumber,
		`{"type":"GeometryCollection","geometries":[{"type":"Point"}, "x", 3]}`: messages.GeoGeometry,
	} {
		rows, rejects := readGeo(t, geoJSONFrom(t, mem, geoConfig), csvInput(collection(feature(1, "null"), feature(2, geometry), feature(3, "null"))))
		if len(rows) != 2 || len(rejects) != 1 || !strings.HasPrefix(rejects[0], "3 ") || !strings.HasSuffix(rejects[0], want.Code) {
			t.Errorf("%s: %d rows, %v", geometry, len(rows), rejects)
		}
	}
	drop := geoJSONFrom(t, mem, geoConfig+"\naltitude = \"drop\"")
	if rows, _ := readGeo(t, drop, csvInput(collection(feature(1, `{"type":"Point","coordinates":[2.35,48.85,35]}`)))); len(rows) != 1 || !strings.Contains(rows[0], "POINT (2.35 48.85)") {
		t.Errorf("without heights: %v", rows)
	}
	if _, rejects := readGeo(t, drop, csvInput(collection(`{"type": "Point"}`, `{"properties": {}}`))); len(rejects) != 2 || !strings.HasSuffix(rejects[1], messages.GeoNotFeature.Code) {
		t.Errorf("no features: %v", rejects)
	}
}

// Another system than WGS84 is read where it is declared, and refused where the
// file names one that is not.
func TestGeoJSONSystems(t *testing.T) {
	mem := memory.NewGoAllocator()
	file := func(crs string) Input {
		return csvInput(strings.Replace(collection(feature(1, `{"type":"Point","coordinates":[652000,6862000]}`)), `"name": "x"`, `"crs": `+crs, 1))
	}
	named := func(name string) string { return `{"type": "name", "properties": {"name": "` + name + `"}}` }
	rows, _ := readGeo(t, geoJSONFrom(t, mem, "crs = \"EPSG:2154\"\nfields = { nom = \"nom\" }"), file(named("urn:ogc:def:crs:EPSG::2154")))
	if len(rows) != 1 || !strings.HasPrefix(rows[0], "n1; POINT (2.34581195") || !strings.Contains(rows[0], " 48.85624814") {
		t.Errorf("in Lambert-93: %v", rows)
	}
	for crs, ok := range map[string]bool{
		named("urn:ogc:def:crs:OGC:1.3:CRS84"): true, named("EPSG:4326"): true, named("urn:ogc:def:crs:EPSG::4171"): true,
		named("urn:ogc:def:crs:EPSG::2154"): false, named("EPSG:27572"): false, named("Lambert"): false, `{"type": "link", "properties": {"href": "https://val-fleuri.example/crs"}}`: false,
	} {
		res := readWith(t, geoJSONFrom(t, mem, "fields = { nom = \"nom\" }"), file(crs))
		if refused := strings.Contains(res.Err, messages.GeoCRS.Code); refused == ok {
			t.Errorf("%s: %s", crs, res.Err)
		}
	}
	// one that comes after the features it is for
	late := strings.Replace(collection(feature(1, "null")), "]}\n", "], \"crs\": "+named("EPSG:2154")+"}\n", 1)
	if res := readWith(t, geoJSONFrom(t, mem, "fields = { nom = \"nom\" }"), csvInput(late)); !strings.Contains(res.Err, messages.TreeLate.Code) {
		t.Errorf("late: %+v", res)
	}
}

func TestGeoJSONConfig(t *testing.T) {
	configsRefused(t, GeoJSON, map[string]*messages.Message{
		`crs = "EPSG:27572"`:                                      messages.CSVOption,
		`geometry = ""`:                                           messages.TreeOption,
		"fields = { geometry = \"x\" }":                           messages.CSVOption,
		"fields = { nom = \"nom\" }\nbbox = \"geometry\"":         messages.CSVOption,
		"fields = { nom = \"nom\" }\nid = \"nom\"":                messages.CSVOption,
		"fields = { nom = \"a..b\" }":                             messages.TreePath,
		"fields = { nom = \"nom\" }\ncolumns = { autre = int32 }": messages.TreeNoColumn,
	})
}

func TestGeoJSONConforms(t *testing.T) {
	data := collection(feature(1, `{"type":"Point","coordinates":[1,2]}`), feature(2, "null"), feature(3, `{"type":"Point"}`), feature(4, `{"type":"LineString","coordinates":[[1,2],[3,4]]}`))
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := geoJSONFrom(t, env.Allocator, geoConfig)
		codec.chunk = 64
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, csvInput(data)) }, nil
	})
}

func TestGeoJSONFaults(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	var features []string
	for i := range 9 {
		features = append(features, feature(i, `{"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[4,4],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}`))
	}
	data := []byte(collection(features...))
	eachFault(t, data, func(what string, data []byte) {
		if res := readWith(t, geoJSONFrom(t, mem, geoConfig), inputOf(data)); what == "cut" && res.Err == "" {
			t.Error("a file that is cut is read without a complaint")
		}
	})
}

func FuzzGeoJSON(f *testing.F) {
	for _, g := range []string{`{"type":"Point","coordinates":[2.35,48.85]}`, `{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]]]}`, "null", "[]"} {
		f.Add([]byte(collection(feature(1, g))), true)
		f.Add([]byte("\x1e"+feature(1, g)+"\n\x1e"+feature(2, g)), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, whole bool) {
		config := geoConfig
		if !whole {
			config += "\nsequence = true"
		}
		all := readWith(t, geoJSONFrom(t, memory.NewGoAllocator(), config), inputOf(data))
		codec := geoJSONFrom(t, memory.NewGoAllocator(), config)
		codec.chunk = 3
		if cut := readWith(t, codec, inputOf(data)); fmt.Sprint(cut.Rows) != fmt.Sprint(all.Rows) && all.Err == "" {
			t.Errorf("in chunks of 3: %v, want %v", cut, all)
		}
	})
}
