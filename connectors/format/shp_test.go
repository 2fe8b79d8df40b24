package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func shapeFrom(t csvTB, mem memory.Allocator, config string) *shapeCodec {
	return codecFrom[*shapeCodec](t, mem, Shape, config)
}

const (
	prjWGS84   = `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`
	prjLambert = `PROJCS["RGF93_Lambert_93",GEOGCS["GCS_RGF_1993",DATUM["D_RGF_1993",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",6600000.0],PARAMETER["Central_Meridian",3.0],PARAMETER["Standard_Parallel_1",44.0],PARAMETER["Standard_Parallel_2",49.0],PARAMETER["Latitude_Of_Origin",46.5],UNIT["Meter",1.0]]`
)

// shapeContent writes a shape: its type, whatever box, parts and positions, then
// heights and measures where the type has them.
func shapeContent(kind uint32, parts ...[][2]float64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, kind)
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	positions := func() {
		for _, p := range parts {
			for _, xy := range p {
				b = le.AppendUint64(le.AppendUint64(b, math.Float64bits(xy[0])), math.Float64bits(xy[1]))
			}
		}
	}
	zeros := func(n int) { b = append(b, make([]byte, 8*n)...) }
	switch kind % 10 {
	case shapeNull:
		return b
	case shapePoint:
		positions()
		if kind > shapeWithM {
			zeros(1)
		} else if kind > shapeWithZ {
			zeros(2)
		}
		return b
	case shapePoints:
		zeros(4)
		b = le.AppendUint32(b, uint32(n))
	default:
		zeros(4)
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(parts))), uint32(n))
		at := 0
		for _, p := range parts {
			b = le.AppendUint32(b, uint32(at))
			at += len(p)
		}
	}
	positions()
	if kind > shapeWithM {
		zeros(2 + n)
	} else if kind > shapeWithZ {
		zeros(4 + 2*n)
	}
	return b
}

// shapeFile writes shapes and their index.
func shapeFile(kind uint32, shapes ...[]byte) (shp, shx []byte) {
	head := make([]byte, 100)
	binary.BigEndian.PutUint32(head, shapeFileCode)
	binary.LittleEndian.PutUint32(head[28:], 1000)
	binary.LittleEndian.PutUint32(head[32:], kind)
	shp, shx = bytes.Clone(head), bytes.Clone(head)
	for i, s := range shapes {
		shx = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(shx, uint32(len(shp)/2)), uint32(len(s)/2))
		shp = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(shp, uint32(i+1)), uint32(len(s)/2))
		shp = append(shp, s...)
	}
	binary.BigEndian.PutUint32(shp[24:], uint32(len(shp)/2))
	binary.BigEndian.PutUint32(shx[24:], uint32(len(shx)/2))
	return shp, shx
}

// numbered is a table with that many records, of which the third is deleted.
func numbered(n int) []byte {
	var records []string
	for i := range n {
		mark := " "
		if i == 2 {
			mark = "*"
		}
		records = append(records, fmt.Sprintf("%s%4d", mark, i+1))
	}
	return table(0x03, 0x03, []testField{{name: "N", kind: 'N', size: 4}}, records...)
}

func shapesOf(prj string, kind uint32, shapes ...[]byte) Input {
	shp, shx := shapeFile(kind, shapes...)
	return tableInput(shp, map[string][]byte{".dbf": numbered(len(shapes)), ".shx": shx, ".prj": []byte(prj)})
}

func square(x, y, size float64, clockwise bool) [][2]float64 {
	r := [][2]float64{{x, y}, {x, y + size}, {x + size, y + size}, {x + size, y}, {x, y}}
	if !clockwise {
		slices.Reverse(r)
	}
	return r
}

// Every kind of shape, beside a table of which a record is deleted.
func TestShapes(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	line := [][2]float64{{1, 2}, {3, 4}, {5, 6.5}}
	for _, c := range []struct {
		kind   uint32
		config string
		shapes [][]byte
		want   []string
	}{
		{shapePoint, "", [][]byte{shapeContent(1, line[:1]), shapeContent(0), shapeContent(1, line[1:2])}, []string{"1; POINT (1 2)", `2; \N`}},
		{shapePoints, "", [][]byte{shapeContent(8, line)}, []string{"1; MULTIPOINT ((1 2),(3 4),(5 6.5))"}},
		{shapeLine, "bbox = \"boite\"", [][]byte{shapeContent(3, line), shapeContent(3, line[:2], line)},
			[]string{"1; LINESTRING (1 2,3 4,5 6.5); [1 2 5 6.5]", "2; MULTILINESTRING ((1 2,3 4),(1 2,3 4,5 6.5)); [1 2 5 6.5]"}},
		{shapePolygon, "", [][]byte{shapeContent(5, square(0, 0, 10, true)), shapeContent(5, square(0, 0, 10, false)), nil,
			shapeContent(5, square(1, 1, 2, false), square(0, 0, 10, true), square(20, 0, 5, true), square(21, 1, 1, false), square(4, 4, 1, false))},
			[]string{"1; POLYGON ((0 0,0 10,10 10,10 0,0 0))", "2; POLYGON ((0 0,10 0,10 10,0 10,0 0))",
				"4; MULTIPOLYGON (((0 0,0 10,10 10,10 0,0 0),(1 1,3 1,3 3,1 3,1 1),(4 4,5 4,5 5,4 5,4 4)),((20 0,20 5,25 5,25 0,20 0),(21 1,22 1,22 2,21 2,21 1)))"}},
		// a ring in a hole of another, and a hole that touches its ring
		{shapePolygon, "", [][]byte{shapeContent(5, square(0, 0, 10, true), square(1, 1, 8, false), square(2, 2, 6, true), square(2, 2, 1, false))},
			[]string{"1; MULTIPOLYGON (((0 0,0 10,10 10,10 0,0 0),(1 1,9 1,9 9,1 9,1 1)),((2 2,2 8,8 8,8 2,2 2),(2 2,3 2,3 3,2 3,2 2)))"}},
		{11, "altitude = \"drop\"", [][]byte{shapeContent(11, line[:1])}, []string{"1; POINT (1 2)"}},
		{13, "altitude = \"drop\"", [][]byte{shapeContent(13, line)}, []string{"1; LINESTRING (1 2,3 4,5 6.5)"}},
		{25, "altitude = \"drop\"", [][]byte{shapeContent(25, square(0, 0, 1, true))}, []string{"1; POLYGON ((0 0,0 1,1 1,1 0,0 0))"}},
		{28, "altitude = \"drop\"", [][]byte{shapeContent(28, line)}, []string{"1; MULTIPOINT ((1 2),(3 4),(5 6.5))"}},
	} {
		for i, s := range c.shapes {
			if s == nil {
				c.shapes[i] = shapeContent(0)
			}
		}
		for _, size := range []int{1, 100, dbfChunkSize} {
			codec := shapeFrom(t, mem, c.config)
			codec.table.chunk, codec.size = size, size
			rows, rejects := readGeo(t, codec, shapesOf(prjWGS84, c.kind, c.shapes...))
			if !slices.Equal(rows, c.want) || len(rejects) > 0 {
				t.Errorf("type %d, %s: %s; rejects %v", c.kind, c.config, strings.Join(rows, "\n"), rejects)
			}
		}
	}
}

// What is no geometry rejects its record; what makes the files doubtful is an error.
func TestShapesRefused(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	two := [][2]float64{{1, 2}, {3, 4}}
	for name, c := range map[string]struct {
		kind  uint32
		shape []byte
		want  *messages.Message
	}{
		"heights":         {11, shapeContent(11, two[:1]), messages.GeoAltitude},
		"another type":    {shapePoint, shapeContent(8, two), messages.GeoGeometry},
		"outside":         {shapePoint, shapeContent(1, [][2]float64{{652000, 6862000}}), messages.GeoOutside},
		"no number":       {shapePoint, shapeContent(1, [][2]float64{{math.NaN(), 1}}), messages.GeoOutside},
		"too long":        {shapePoint, append(shapeContent(1, two[:1]), 0, 0), messages.GeoGeometry},
		"a short line":    {shapeLine, shapeContent(3, two[:1]), messages.GeoGeometry},
		"no parts":        {shapeLine, shapeContent(3), messages.GeoGeometry},
		"an open ring":    {shapePolygon, shapeContent(5, square(0, 0, 1, true)[:4]), messages.GeoGeometry},
		"a lost hole":     {shapePolygon, shapeContent(5, square(0, 0, 1, true), square(5, 5, 1, false)), messages.GeoGeometry},
		"a flat ring":     {shapePolygon, shapeContent(5, square(0, 0, 1, true), [][2]float64{{0, 0}, {1, 1}, {2, 2}, {0, 0}}), messages.GeoGeometry},
		"parts backwards": {shapeLine, func() []byte { b := shapeContent(3, two, two); b[48] = 9; return b }(), messages.GeoGeometry},
		"many positions":  {shapePoints, func() []byte { b := shapeContent(8, two); b[39] = 0x7f; return b }(), messages.GeoGeometry},
		"many parts":      {shapeLine, func() []byte { b := shapeContent(3, two); b[39] = 0x7f; return b }(), messages.GeoGeometry},
	} {
		rows, rejects := readGeo(t, shapeFrom(t, mem, ""), shapesOf(prjWGS84, c.kind, shapeContent(0), c.shape))
		if len(rows) != 1 || len(rejects) != 1 || rejects[0] != "2 geometry "+c.want.Code {
			t.Errorf("%s: %v, %v", name, rows, rejects)
		}
	}
	shp, shx := shapeFile(shapePoint, shapeContent(1, two[:1]), shapeContent(1, two[1:]))
	whole := map[string][]byte{".dbf": numbered(2), ".shx": shx, ".prj": []byte(prjWGS84)}
	with := func(extension string, data []byte) Input {
		beside := maps.Clone(whole)
		if beside[extension] = data; data == nil {
			delete(beside, extension)
		}
		return tableInput(shp, beside)
	}
	other := bytes.Clone(shx)
	other[107]++
	more, _ := shapeFile(shapePoint, shapeContent(1, two[:1]), shapeContent(1, two[1:]), shapeContent(0))
	patches, _ := shapeFile(shapePatches, shapeContent(0))
	for name, c := range map[string]struct {
		in   Input
		want *messages.Message
	}{
		"no table":       {with(".dbf", nil), messages.ShapeNoTable},
		"no system":      {with(".prj", nil), messages.GeoCRS},
		"another system": {with(".prj", []byte(strings.Replace(prjLambert, "D_RGF_1993", "D_NTF", 1))), messages.GeoCRS},
		"fewer shapes":   {with(".dbf", numbered(3)), messages.ShapeDiffer},
		"more shapes":    {tableInput(more, map[string][]byte{".dbf": numbered(2), ".prj": []byte(prjWGS84)}), messages.ShapeDiffer},
		"another index":  {with(".shx", other), messages.ShapeIndex},
		"a long index":   {with(".shx", append(bytes.Clone(shx), 0)), messages.ShapeIndex},
		"cut":            {tableInput(shp[:len(shp)-4], whole), messages.ShapeNot},
		"a table":        {tableInput(numbered(2), whole), messages.ShapeNot},
		"patches":        {tableInput(patches, whole), messages.ShapeNot},
	} {
		if res := readWith(t, shapeFrom(t, mem, ""), c.in); !strings.Contains(res.Err, c.want.Code) {
			t.Errorf("%s: %+v", name, res)
		}
	}
	for _, in := range []Input{with(".shx", nil), with("", nil)} {
		if res := readWith(t, shapeFrom(t, mem, ""), in); res.Err != "" || len(res.Rows) != 2 {
			t.Errorf("%+v", res)
		}
	}
	if res := readWith(t, shapeFrom(t, mem, `crs = "EPSG:4326"`), with(".prj", nil)); res.Err != "" {
		t.Errorf("a declared system: %s", res.Err)
	}
	if res := readWith(t, shapeFrom(t, mem, `geometry = "N"`), with("", nil)); !strings.Contains(res.Err, messages.CSVColumnTwice.Code) {
		t.Errorf("a column twice: %s", res.Err)
	}
	configsRefused(t, Shape, map[string]*messages.Message{
		`crs = "EPSG:27572"`:                            messages.CSVOption,
		`bbox = "geometry"`:                             messages.CSVOption,
		`columns = { geometry = int32 }`:                messages.CSVOption,
		`without = ["N"]` + "\ncolumns = { N = int32 }": messages.CSVOption,
	})
}

func TestShpConforms(t *testing.T) {
	point := shapeContent(1, [][2]float64{{1, 2}})
	in := shapesOf(prjWGS84, shapePoint, point, shapeContent(0), point, shapeContent(1, [][2]float64{{500, 2}}), point)
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := shapeFrom(t, env.Allocator, "bbox = \"boite\"\ncolumns = { N = int32 }")
		codec.table.chunk, codec.size = 15, 40
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, in) }, nil
	})
}

func TestShapesFaults(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	shp, shx := shapeFile(shapePolygon, shapeContent(5, square(0, 0, 10, true), square(1, 1, 2, false)), shapeContent(0), shapeContent(5, square(0, 0, 1, true)), shapeContent(5, square(0, 0, 1, true)))
	files := map[string][]byte{".dbf": numbered(4), ".shx": shx, ".prj": []byte(prjWGS84)}
	eachFault(t, shp, func(what string, data []byte) {
		if res := readWith(t, shapeFrom(t, mem, ""), tableInput(data, files)); what == "cut" && res.Err == "" {
			t.Error("shapes that are cut are read without a complaint")
		}
	})
	for extension, data := range files {
		eachFault(t, data, func(_ string, data []byte) {
			beside := maps.Clone(files)
			beside[extension] = data
			readWith(t, shapeFrom(t, mem, ""), tableInput(shp, beside))
		})
	}
}

func FuzzShapes(f *testing.F) {
	for _, s := range [][]byte{shapeContent(5, square(0, 0, 10, true), square(1, 1, 2, false)), shapeContent(3, square(0, 0, 1, true)), shapeContent(8, square(0, 0, 1, true))} {
		shp, shx := shapeFile(binary.LittleEndian.Uint32(s), s, shapeContent(0))
		f.Add(shp, shx, numbered(2), prjLambert)
		f.Add(shp, []byte{}, numbered(2), prjWGS84)
	}
	f.Fuzz(func(t *testing.T, shp, shx, dbf []byte, prj string) {
		beside := map[string][]byte{".dbf": dbf, ".prj": []byte(prj)}
		if len(shx) > 0 {
			beside[".shx"] = shx
		}
		readGeoIf(t, shapeFrom(t, memory.NewGoAllocator(), `altitude = "drop"`), tableInput(shp, beside))
	})
}

// readGeoIf reads what can be read.
func readGeoIf(t *testing.T, r Reader, in Input) {
	chunks, err := r.Chunks(context.Background(), in)
	if err != nil {
		return
	}
	defer chunks.Close()
	for {
		chunk, err := chunks.Next(context.Background())
		if err != nil {
			return
		}
		b, err := chunk.Decode(context.Background())
		if err != nil {
			return
		}
		if int(b.NumRows()) != len(b.Places.Lines) {
			t.Errorf("%d rows and %d places", b.NumRows(), len(b.Places.Lines))
		}
		b.Release()
	}
}

// Shapefiles that GDAL writes in several systems are read as GDAL reads them, a
// micrometre apart at most, where it is installed.
func TestShapesAgainstGDAL(t *testing.T) {
	if _, err := exec.LookPath("ogr2ogr"); err != nil {
		t.Skip("GDAL is not installed")
	}
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	r := rand.New(rand.NewPCG(11, 12))
	number := regexp.MustCompile(`-?[0-9.]+(e-?[0-9]+)?`)
	for i, c := range []struct {
		crs  string
		x, y float64
	}{{"EPSG:2154", 650000, 6860000}, {"EPSG:3950", 1650000, 9200000}, {"EPSG:5490", 650000, 1790000}, {"EPSG:2975", 340000, 7660000}, {"EPSG:4326", 2, 48}, {"EPSG:4171", 2, 48}} {
		scale := 1000.0
		if c.y < 90 {
			scale = 0.01
		}
		at := func(x, y float64) string {
			return fmt.Sprintf("[%.3f,%.3f]", c.x+scale*x, c.y+scale*y)
		}
		ring := func(x, y, size float64) string {
			var ps []string
			n := 3 + r.IntN(9)
			for k := range n + 1 {
				angle := 2 * math.Pi * float64(k%n) / float64(n)
				ps = append(ps, at(x+size*math.Cos(angle), y+size*math.Sin(angle)))
			}
			return "[" + strings.Join(ps, ",") + "]"
		}
		polygon := func() string {
			x, y := r.Float64()*30, r.Float64()*30
			s := "[" + ring(x, y, 10)
			for range r.IntN(3) {
				s += "," + ring(x+r.Float64()-0.5, y, 1)
				x += 2.5
			}
			return s + "]"
		}
		makes := map[string]func() string{
			"Point":      func() string { return at(r.Float64()*20, r.Float64()*20) },
			"MultiPoint": func() string { return "[" + at(1, r.Float64()) + "," + at(3, 4) + "]" },
			"LineString": func() string { return "[" + at(1, r.Float64()) + "," + at(3, 4) + "," + at(7, 5) + "]" },
			"MultiLineString": func() string {
				return "[[" + at(1, r.Float64()) + "," + at(3, 4) + "],[" + at(1, 2) + "," + at(3, 9) + "]]"
			},
			"Polygon":      polygon,
			"MultiPolygon": func() string { return "[" + polygon() + "]" },
		}
		kinds := slices.Sorted(maps.Keys(makes))
		for _, kind := range []string{kinds[i], "Polygon"} { // a process each, of which two make a file
			coordinates := makes[kind]
			dir := t.TempDir()
			var features []string
			for range 30 {
				features = append(features, `{"type": "Feature", "properties": {"nom": "é"}, "geometry": {"type": "`+kind+`", "coordinates": `+coordinates()+`}}`)
			}
			if err := os.WriteFile(filepath.Join(dir, "in.geojson"), []byte(collection(features...)), 0o600); err != nil {
				t.Fatal(err)
			}
			run := func(args ...string) {
				t.Helper()
				cmd := exec.Command("ogr2ogr", args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			run("-a_srs", c.crs, "s.shp", "in.geojson", "-lco", "ENCODING=UTF-8")
			run("-t_srs", "EPSG:4326", "-f", "CSV", "out.csv", "s.shp", "-lco", "GEOMETRY=AS_WKT")
			beside := map[string][]byte{}
			for _, e := range []string{".dbf", ".shx", ".prj", ".cpg", ".shp"} {
				b, err := os.ReadFile(filepath.Join(dir, "s"+e))
				if err != nil {
					t.Fatal(err)
				}
				beside[e] = b
			}
			got, rejects := readGeo(t, shapeFrom(t, mem, ""), tableInput(beside[".shp"], beside))
			out, err := os.ReadFile(filepath.Join(dir, "out.csv"))
			if err != nil {
				t.Fatal(err)
			}
			want, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 30 || len(rejects) > 0 || len(want) != 31 {
				t.Fatalf("%s in %s: %d rows, %v", kind, c.crs, len(got), rejects)
			}
			for i, row := range got {
				nom, text, _ := strings.Cut(row, "; ")
				shape := func(s string) string {
					return strings.ReplaceAll(number.ReplaceAllString(strings.ReplaceAll(s, "MULTIPOINT ", "MULTIPOINT"), "n"), " ", "")
				}
				wanted := want[i+1][0]
				if strings.HasPrefix(wanted, "MULTIPOINT") && !strings.Contains(wanted, "((") { // its older form
					wanted = strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(wanted, "(", "(("), ")", "))"), ",", "),(")
				}
				if nom != "é" || shape(text) != shape(wanted) {
					t.Fatalf("%s in %s: %s\nwant %s", kind, c.crs, row, wanted)
				}
				a, b := number.FindAllString(text, -1), number.FindAllString(wanted, -1)
				for k := range a {
					x, _ := strconv.ParseFloat(a[k], 64)
					y, _ := strconv.ParseFloat(b[k], 64)
					if math.Abs(x-y) > 1e-11 {
						t.Fatalf("%s in %s: %s is %s", kind, c.crs, a[k], b[k])
					}
				}
			}
		}
	}
}
