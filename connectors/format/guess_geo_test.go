package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestGuessGeoJSON(t *testing.T) {
	feature := func(properties, geometry, more string) string {
		return fmt.Sprintf(`{"type":"Feature","properties":%s,"geometry":%s%s}`, properties, geometry, more)
	}
	const at, high = `{"type":"Point","coordinates":[2.3,48.8]}`, `{"type":"Point","coordinates":[2.3,48.8,35]}`
	one := feature(`{"nom":"Lavoir","siret":"21990001500017","prix":1.5,"adresse":{"code_insee":"99001"},"photos":["a","b"],"dates":[{"de":1}]}`, at, "")
	two := feature(`{"nom":"Mairie","siret":"21990001500025","prix":2,"adresse":{"code_insee":"99002"},"photos":[]}`, `null`, `,"id":7`)
	fields := "fields={\nnom = \"nom\"\nsiret = \"siret\"\nprix = \"prix\"\nadresse_code_insee = \"adresse.code_insee\"\nphotos = \"photos\"\n}"
	columns := "nom:text; siret:siret; prix:decimal(12, 2); adresse_code_insee:insee; photos:list(text); geometry:binary"
	for _, c := range []struct {
		name, in, want string
		told           []*messages.Message
	}{
		{"a collection", `{"type":"FeatureCollection","features":[` + one + "," + two + `]}`, `2 rows; id="id"; ` + fields + "; id:int64; " + columns,
			[]*messages.Message{messages.GuessLeftOut, messages.GuessGeometry}},
		{"whose type comes last", ` {"features" : [` + one + `], "type" : "FeatureCollection"}`, "1 rows; " + fields + "; " + columns, nil},
		{"a line each", one + "\n" + two + "\n", `2 rows; id="id"; sequence=true; ` + fields + "; id:int64; " + columns, nil},
		{"with separators", "\x1e" + one + "\n\x1e" + two + "\n", `2 rows; id="id"; sequence=true; ` + fields + "; id:int64; " + columns, nil},
		{"heights", `{"type":"FeatureCollection","features":[` + feature(`{"n":1}`, high, "") + "," + feature(`{"n":2}`, at, "") + `]}`,
			"2 rows; fields={\nn = \"n\"\n}; altitude=\"drop\"; n:int64; geometry:binary", []*messages.Message{messages.GuessHeights}},
		{"Lambert-93", `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2154"}},"features":[` +
			feature(`{"n":1}`, `{"type":"Point","coordinates":[652469.0,6862035.3]}`, "") + `]}`,
			"1 rows; crs=\"EPSG:2154\"; fields={\nn = \"n\"\n}; n:int64; geometry:binary", []*messages.Message{messages.GuessSystem}},
		{"names that the columns of their own have", `{"type":"FeatureCollection","features":[` + feature(`{"id":"a","geometry":1}`, at, `,"id":"x"`) + `]}`,
			"1 rows; id=\"id_feature\"; fields={\nid = \"id\"\ngeometry = \"geometry\"\n}; geometry=\"geometry_wkb\"; id_feature:text; id:text; geometry:int64; geometry_wkb:binary", nil},
		{"nothing but places", `{"type":"FeatureCollection","features":[` + feature(`{}`, at, "") + "," + feature("null", at, "") + `]}`, "2 rows; geometry:binary", nil},
		{"no features", `{"type":"FeatureCollection","features":[]}`, "0 rows; geometry:binary", nil},
		{"one that is none", `{"type":"FeatureCollection","features":[` + feature(`{"n":1}`, `{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}`, "") + "," + feature(`{"n":2}`, at, "") + `]}`,
			"1 rows; fields={\nn = \"n\"\n}; n:int64; geometry:binary; reject geometry LAV-4320 ×1 [1]", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guessOf(t, geoJSONConfig{}, "x.geojson", []byte(c.in))
			if got := summary(g); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for _, m := range c.told {
				if !slices.Contains(told(g), m.Code) {
					t.Errorf("%s is not told: %v", m.Code, told(g))
				}
			}
		})
	}
	for _, in := range []string{`{"type":"Topology","features":[]}`, `[{"type":"Feature"}]`, `{"a":{"type":"Feature"}}`, `{"features":["a"]}`, `{"features":3}`, "", "{"} {
		if (geoJSONConfig{}).Looks([]byte(in), pipelines.GuessFile{}) > 0 {
			t.Errorf("%s is taken for GeoJSON", in)
		}
	}
	collection := []byte(`{"type":"FeatureCollection","features":[` + one + `]}`)
	if json, own := (jsonConfig{}).Looks(collection, pipelines.GuessFile{}), (geoJSONConfig{}).Looks(collection, pipelines.GuessFile{}); own <= json {
		t.Errorf("a collection is JSON (%d) before it is GeoJSON (%d)", json, own)
	}
	if lines, own := (jsonLinesConfig{}).Looks([]byte(one+"\n"+two), pipelines.GuessFile{}), (geoJSONConfig{}).Looks([]byte(one+"\n"+two), pipelines.GuessFile{}); own <= lines {
		t.Errorf("features are JSON lines (%d) before they are GeoJSON (%d)", lines, own)
	}
}

// A position beside the name of a person may be where that person lives.
func TestGuessPersonalPositions(t *testing.T) {
	for in, want := range map[string]string{`{"commune":"Val-Fleuri"}`: "", `{"prenom":"Zoé"}`: "position", `{"a":"x@example.org"}`: "position"} {
		g := guessOf(t, geoJSONConfig{}, "x.json", []byte(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":`+in+`,"geometry":{"type":"Point","coordinates":[2,48]}}]}`))
		if c := g.Columns[len(g.Columns)-1]; c.Name != "geometry" || c.Personal != want || !c.Undeclared {
			t.Errorf("%s: %+v, want %q", in, c, want)
		}
	}
}

// shapeGuess is a shapefile with the box of its positions in its head.
func shapeGuess(kind uint32, xy [2]float64, table []byte, beside map[string][]byte) pipelines.GuessFile {
	shp, _ := shapeFile(kind, shapeContent(kind, [][2]float64{xy}), shapeContent(kind, [][2]float64{xy}))
	for i := range 4 {
		binary.LittleEndian.PutUint64(shp[36+8*i:], math.Float64bits(xy[i%2]))
	}
	open := func(b []byte, extension string) pipelines.GuessFile {
		return pipelines.GuessFile{Name: "x", Extension: extension, Size: int64(len(b)), Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
	}
	in := open(shp, ".shp")
	in.Beside = func(_ context.Context, extension string) (pipelines.GuessFile, bool, error) {
		b, ok := beside[extension]
		if extension == ".dbf" && table != nil {
			b, ok = table, true
		}
		return open(b, extension), ok, nil
	}
	return in
}

func TestGuessShape(t *testing.T) {
	fields := []testField{{name: "CODE", kind: 'C', size: 5}, {name: "SURFACE", kind: 'N', size: 8, decimals: 2}}
	zones := table(3, 3, fields, " 09901    1.50", " 09902   12.25")
	lambert := [2]float64{652469.0, 6862035.3}
	guess := func(in pipelines.GuessFile) (*pipelines.Guess, error) {
		head, err := in.Head(context.Background())
		if err != nil || (shapeConfig{}).Looks(head, in) != 100 {
			t.Error("it does not look like one", err)
		}
		return shapeConfig{}.Guess(context.Background(), pipelines.Env{Allocator: memory.NewGoAllocator(), Hide: func(string) string { return "x" }}, in)
	}
	const columns = "CODE:text; SURFACE:decimal(12, 2); geometry:binary"
	for _, c := range []struct {
		name string
		in   pipelines.GuessFile
		want string
		told *messages.Message
	}{
		{"with its system", shapeGuess(shapePoint, lambert, zones, map[string][]byte{".prj": []byte(prjLambert)}), "2 rows; " + columns, messages.GuessSystem},
		{"without it, in Lambert-93", shapeGuess(shapePoint, lambert, zones, nil), `2 rows; crs="EPSG:2154"; ` + columns, messages.GuessSystemLikely},
		{"in degrees", shapeGuess(shapePoint, [2]float64{2.3, 48.8}, zones, nil), `2 rows; crs="EPSG:4326"; ` + columns, messages.GuessSystemLikely},
		{"in CC44", shapeGuess(shapePoint, [2]float64{1_800_000, 3_200_000}, zones, nil), `2 rows; crs="EPSG:3944"; ` + columns, messages.GuessSystemLikely},
		{"heights", shapeGuess(shapePoint+shapeWithZ, lambert, zones, map[string][]byte{".prj": []byte(prjLambert)}), `2 rows; altitude="drop"; ` + columns, messages.GuessHeights},
		{"letters", shapeGuess(shapePoint, lambert, table(3, 0, fields, " \xe9t\xe9 2    1.50", " no\xebl     2.50"), map[string][]byte{".prj": []byte(prjLambert)}),
			`2 rows; encoding="cp1252"; ` + columns, messages.GuessEncodingScore},
		{"a column of that name", shapeGuess(shapePoint, lambert, table(3, 3, []testField{{name: "geometry", kind: 'C', size: 1}}, " a", " b"), map[string][]byte{".prj": []byte(prjLambert)}),
			`2 rows; geometry="geometry_wkb"; geometry:text; geometry_wkb:binary`, messages.GuessGeometry},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := guess(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(g); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !slices.Contains(told(g), c.told.Code) {
				t.Errorf("%s is not told: %v", c.told.Code, told(g))
			}
		})
	}
	for name, c := range map[string]struct {
		in   pipelines.GuessFile
		want *messages.Message
	}{
		"a system that is not known": {shapeGuess(shapePoint, lambert, zones, map[string][]byte{".prj": []byte(strings.ReplaceAll(prjLambert, "D_RGF_1993", "D_NTF"))}), messages.GeoCRS},
		"none, and anywhere":         {shapeGuess(shapePoint, [2]float64{3e7, 3e7}, zones, nil), messages.GeoCRS},
		"no table":                   {shapeGuess(shapePoint, lambert, nil, map[string][]byte{".prj": []byte(prjLambert)}), messages.ShapeNoTable},
	} {
		if _, err := guess(c.in); !messages.Has(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, shx := shapeFile(shapePoint, shapeContent(shapePoint, [][2]float64{lambert}))
	if (shapeConfig{}).Looks(shx, pipelines.GuessFile{Extension: ".shx"}) > 0 {
		t.Error("an index is taken for shapes")
	}
}

// Lambert-93 and the conic zones overlap in few places: there nothing is proposed.
func TestSystemOfABox(t *testing.T) {
	for box, want := range map[[4]float64]string{
		{100_000, 6_050_000, 1_240_000, 7_110_000}:       "EPSG:2154",
		{1_600_000, 6_150_000, 1_700_000, 6_250_000}:     "EPSG:3947",
		{1_160_000, 6_150_000, 1_200_000, 6_250_000}:     "",
		{-61.8, 15.8, -61, 16.5}:                         "EPSG:4326",
		{0, 0, 0, 0}:                                     "",
		{640_000, 1_790_000, 650_000, 1_800_000}:         "",
		{math.NaN(), math.NaN(), math.NaN(), math.NaN()}: "",
	} {
		if got := systemOf(box[0], box[1], box[2], box[3]); got != want {
			t.Errorf("%v: %q, want %q", box, got, want)
		}
	}
}
