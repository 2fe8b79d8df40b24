package geodesy

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The elementary functions are those of the standard library, to the last bits.
func TestFunctions(t *testing.T) {
	ulps := func(got, want float64) float64 {
		if got == want || got != got && want != want {
			return 0
		}
		return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
	}
	for _, f := range []struct {
		name     string
		own, std func(float64) float64
		from, to float64
		ulps     float64
		abs      float64 // where it is near zero
	}{
		{"sin", func(x float64) float64 { s, _ := sincos(x); return s }, math.Sin, -20, 20, 2, 1e-16},
		{"cos", func(x float64) float64 { _, c := sincos(x); return c }, math.Cos, -20, 20, 2, 1e-16},
		{"atan", atan, math.Atan, -50, 50, 2, 0},
		{"exp", exp, math.Exp, -30, 30, 2, 0},
		{"log", log, math.Log, 1e-9, 1e9, 2, 1e-16},
		{"log near 1", log, math.Log, 0.5, 2, 2, 1e-16},
		{"sinh", sinh, math.Sinh, -5, 5, 30, 1e-16},
		{"cosh", cosh, math.Cosh, -5, 5, 4, 0},
		{"tanh", tanh, math.Tanh, -5, 5, 4, 3e-16},
		{"asinh", asinh, math.Asinh, -50, 50, 4, 3e-16},
		{"atanh", atanh, math.Atanh, -0.999, 0.999, 4, 3e-16},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		for range 20000 {
			x := f.from + r.Float64()*(f.to-f.from)
			if got, want := f.own(x), f.std(x); ulps(got, want) > f.ulps && math.Abs(got-want) > f.abs {
				t.Fatalf("%s(%v) = %v, want %v: %.1f units in the last place", f.name, x, got, want, ulps(got, want))
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		x, y := r.NormFloat64(), r.NormFloat64()
		if got, want := atan2(x, y), math.Atan2(x, y); ulps(got, want) > 3 {
			t.Fatalf("atan2(%v, %v) = %v, want %v", x, y, got, want)
		}
	}
}

// The examples of IGN's notes NT/G 71 (January 1995): isometric latitudes
// (ALG0001, ALG0002), a point in Lambert (ALG0004), cones (ALG0054).
func TestIGN(t *testing.T) {
	const e = 0.08199188998
	for lat, iso := range map[float64]float64{0.872664626: 1.00552653649, -0.3: -0.30261690063, 0.1999890337: 0.200000000009} {
		if got := isometric(lat, e); math.Abs(got-iso) > 2e-11 {
			t.Errorf("isometric(%v) = %.12f, want %.12f", lat, got, iso)
		}
	}
	for iso, lat := range map[float64]float64{1.00552653648: 0.872664626, -0.3026169006: -0.29999999997, 0.2: 0.19998903369} {
		if got := latitude(iso, e); math.Abs(got-lat) > 1e-11 {
			t.Errorf("latitude(%v) = %.12f, want %.12f", iso, got, lat)
		}
	}
	p := cone{n: 0.760405966, c: 11603796.9767, xs: 600000, ys: 5657616.674}
	lon, iso := p.inverse(1029705.083, 272723.849)
	if lat := latitude(iso, 0.0824832568); math.Abs(0.04079234433+lon-0.14551209925) > 1e-11 || math.Abs(lat-0.87266462567) > 1e-11 {
		t.Errorf("a point in Lambert I: %.11f, %.11f", 0.04079234433+lon, lat)
	}
	// Their ellipsoid is Hayford's, of which they round the eccentricity.
	for _, c := range []struct {
		crs          CRS
		c, n, xs, ys float64
	}{
		{CRS{k0: 1, lat0: math.Pi / 2, lat1: 0.869755744, lat2: 0.893026801, east: 150000, north: 5400000}, 11565915.8294, 0.7716421867, 150000, 5400000},
		{CRS{k0: 1, lat1: -0.575958653, lat2: -0.785398163}, -12453174.1795, -0.63049633, 0, -12453174.1795},
	} {
		c.crs.a, c.crs.inverseFlat = 6378388, 297
		p, ok := newCone(&c.crs)
		if !ok || math.Abs(p.c-c.c) > 0.05 || math.Abs(p.n-c.n) > 1e-9 || math.Abs(p.xs-c.xs) > 1e-3 || math.Abs(p.ys-c.ys) > 0.05 {
			t.Errorf("a cone: %+v, want %+v", p, c)
		}
	}
	// Lambert-93, as NT/G 87 has it.
	l93, _ := ByCode("EPSG:2154")
	if p := l93.toPlane.(cone); math.Abs(p.n-0.7256077650) > 1e-10 || math.Abs(p.c-11754255.426) > 1e-3 || p.xs != 700000 || math.Abs(p.ys-12655612.050) > 1e-3 {
		t.Errorf("the cone of Lambert-93: %+v", p)
	}
}

//go:embed testdata/points.txt
var points []byte

// metres between two points that are near each other.
func metres(lon1, lat1, lon2, lat2 float64) float64 {
	const perDegree = 111320
	return math.Hypot((lon1-lon2)*math.Cos(lat1*math.Pi/180)*perDegree, (lat1-lat2)*perDegree)
}

// Points anywhere in each system, as GDAL 3.6 with PROJ 9.1 has them
// (gdaltransform to the system's longitudes and latitudes): less than a micrometre apart.
func TestPointsOfGDAL(t *testing.T) {
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(points)); lines.Scan(); n++ {
		var code string
		var x, y, lon, lat float64
		if _, err := fmt.Sscan(lines.Text(), &code, &x, &y, &lon, &lat); err != nil {
			t.Fatal(err)
		}
		crs, ok := ByCode(code)
		if !ok {
			t.Errorf("EPSG:%s is not known", code)
			continue
		}
		gotLon, gotLat, ok := crs.Degrees(x, y)
		if apart := metres(gotLon, gotLat, lon, lat); !ok || apart > 1e-6 {
			t.Errorf("EPSG:%s: %v, %v is %.10f, %.10f: %.9f m apart", code, x, y, gotLon, gotLat, apart)
		}
	}
	if n < 80 {
		t.Errorf("only %d points", n)
	}
}

// All systems that are known, as GDAL has them, where it is installed: points, and
// the system out of the .prj files that it writes.
func TestAgainstGDAL(t *testing.T) {
	if _, err := exec.LookPath("gdaltransform"); err != nil {
		t.Skip("GDAL is not installed")
	}
	codes := map[int]int{2154: 4171, 3163: 4749, 4559: 4558, 5490: 5489, 2972: 4624, 2975: 4627, 4471: 4470, 4467: 4463, 3297: 4687, 25830: 4258, 32620: 4326, 32740: 4326}
	for k := range 9 {
		codes[3942+k] = 4171
	}
	r := rand.New(rand.NewPCG(7, 8))
	for code, geographic := range codes {
		crs, ok := ByCode(fmt.Sprint(code))
		if !ok {
			t.Fatalf("EPSG:%d is not known", code)
		}
		var in strings.Builder
		var xs, ys []float64
		for range 200 {
			x, y := crs.east+(r.Float64()-0.5)*600000, crs.north+(r.Float64()-0.5)*400000
			if crs.kind == transverse {
				y = 1e6 + r.Float64()*8e6
			}
			xs, ys = append(xs, x), append(ys, y)
			fmt.Fprintf(&in, "%.17g %.17g\n", x, y)
		}
		cmd := exec.Command("gdaltransform", "-output_xy", "-s_srs", fmt.Sprintf("EPSG:%d", code), "-t_srs", fmt.Sprintf("EPSG:%d", geographic))
		cmd.Stdin = strings.NewReader(in.String())
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		known := []*CRS{crs}
		for _, form := range []string{"wkt_esri", "wkt1"} {
			wkt, err := exec.Command("gdalsrsinfo", "-o", form, fmt.Sprintf("EPSG:%d", code)).Output()
			if err != nil {
				t.Fatal(err)
			}
			parsed, why := ParseWKT(string(wkt))
			if why != "" {
				t.Errorf("EPSG:%d: %s in %s", code, why, wkt)
				continue
			}
			known = append(known, parsed)
		}
		farthest := 0.0
		for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			var lon, lat float64
			if _, err := fmt.Sscan(line, &lon, &lat); err != nil {
				t.Fatal(err)
			}
			for _, c := range known {
				gotLon, gotLat, ok := c.Degrees(xs[i], ys[i])
				if !ok {
					t.Fatalf("EPSG:%d: %v, %v is nowhere", code, xs[i], ys[i])
				}
				farthest = max(farthest, metres(gotLon, gotLat, lon, lat))
			}
		}
		if farthest > 1e-6 {
			t.Errorf("EPSG:%d: %.9f m apart", code, farthest)
		}
	}
}

const lambert93 = `PROJCS["RGF93_Lambert_93",GEOGCS["GCS_RGF_1993",DATUM["D_RGF_1993",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",6600000.0],PARAMETER["Central_Meridian",3.0],PARAMETER["Standard_Parallel_1",44.0],PARAMETER["Standard_Parallel_2",49.0],PARAMETER["Latitude_Of_Origin",46.5],UNIT["Meter",1.0]]`

func TestWKT(t *testing.T) {
	want, _ := ByCode("2154")
	for _, text := range []string{lambert93, strings.ToLower(lambert93[:6]) + lambert93[6:] + "\n", strings.ReplaceAll(lambert93, ",", ",\n  ")} {
		got, why := ParseWKT(text)
		if why != "" {
			t.Error(why)
			continue
		}
		lon, lat, _ := got.Degrees(652000, 6862000)
		wantLon, wantLat, _ := want.Degrees(652000, 6862000)
		if metres(lon, lat, wantLon, wantLat) > 1e-6 {
			t.Errorf("%v, %v", lon, lat)
		}
	}
	for text, why := range map[string]string{
		"": "it is not the well-known text of a system",
		strings.Replace(lambert93, "D_RGF_1993", "D_NTF", 1):                                      `its datum is "D_NTF"`,
		strings.Replace(lambert93, "Lambert_Conformal_Conic", "Bonne", 1):                         `its projection is "Bonne"`,
		strings.Replace(lambert93, "Standard_Parallel_2", "Azimuth", 1):                           "it has not the two parallels of a Lambert projection",
		strings.Replace(lambert93, `PARAMETER["Central_Meridian",3.0],`, "", 1):                   "its parameters make no projection",
		strings.Replace(lambert93, "298.257222101", "293.46", 1):                                  "its ellipsoid is another than that of its datum",
		strings.Replace(lambert93, `["Greenwich",0.0]`, `["Paris",2.33722917]`, 1):                "its longitudes do not count from Greenwich",
		lambert93[:len(lambert93)-1]:                                                              "it is not the well-known text of a system",
		lambert93 + "x":                                                                           "it is not the well-known text of a system",
		strings.Repeat("A[", 100):                                                                 "it is not the well-known text of a system",
		`GEOGCS["x",PRIMEM["Greenwich",0]]`:                                                       "it names no datum",
		strings.Replace(lambert93, `UNIT["Degree",0.0174532925199433]`, `UNIT["Grad",0.0157]`, 1): "its unit of angles is not the degree",
	} {
		if _, got := ParseWKT(text); got != why {
			t.Errorf("%.40s…: %q, want %q", text, got, why)
		}
	}
	for _, code := range []string{"", "27572", "EPSG:0", "Lambert", "EPSG:3951", "32600"} {
		if _, ok := ByCode(code); ok {
			t.Errorf("%q is known", code)
		}
	}
}

// A point is where it is whichever way its system is given, and nothing panics.
func TestDegreesAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"2154", "3942", "3950", "5490", "2975", "4326", "3163"}).Draw(t, "code")
		crs, _ := ByCode(code)
		x, y := rapid.Float64().Draw(t, "x"), rapid.Float64().Draw(t, "y")
		if lon, lat, ok := crs.Degrees(x, y); ok && !(math.Abs(lon) <= 180 && math.Abs(lat) <= 90) {
			t.Errorf("%v, %v", lon, lat)
		}
	})
}

func FuzzWKT(f *testing.F) {
	f.Add(lambert93)
	f.Add(`GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]`)
	f.Add(`PROJCS["x",GEOGCS["y"]]`)
	f.Fuzz(func(t *testing.T, text string) {
		if c, why := ParseWKT(text); (c == nil) != (why != "") {
			t.Errorf("%v, %q", c, why)
		}
	})
}

// The same coordinates give the same bits on every processor.
func TestSameBits(t *testing.T) {
	h := fnv.New64a()
	for lines := bufio.NewScanner(bytes.NewReader(points)); lines.Scan(); {
		var code string
		var x, y float64
		if _, err := fmt.Sscan(lines.Text(), &code, &x, &y); err != nil {
			t.Fatal(err)
		}
		crs, _ := ByCode(code)
		for k := range 50 {
			lon, lat, _ := crs.Degrees(x+float64(k)*1.25, y-float64(k)*0.75)
			fmt.Fprintf(h, "%x %x\n", math.Float64bits(lon), math.Float64bits(lat))
		}
	}
	if got := fmt.Sprintf("%x", h.Sum64()); got != "f177fe252cfa4eaa" {
		t.Errorf("the bits add up to %s", got)
	}
}
