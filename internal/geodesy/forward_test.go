package geodesy

import (
	_ "embed"
	"fmt"
	"math"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type drawing interface {
	Forward(lon, lat float64) (east, north float64)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %.9f, not %.9f", what, got, want)
	}
}

// The worked examples of IOGP guidance note 7-2, methods 9820 and 9807.
func TestWorkedExamples(t *testing.T) {
	east, north := EuropeLAEA.Forward(5, 50)
	near(t, "LAEA east", east, 3962799.45, 0.005)
	near(t, "LAEA north", north, 2999718.85, 0.005)

	britain := newTransverseMercator(6377563.396, 299.32496, -2, 49, 0.9996012717, 400000, -100000)
	east, north = britain.Forward(0.5, 50.5)
	near(t, "TM east", east, 577274.99, 0.01)
	near(t, "TM north", north, 69740.50, 0.01)
}

//go:embed testdata/forward.txt
var drawn string

var drawings = map[string]drawing{"3035": EuropeLAEA, "5490": UTM20North, "2972": UTM22North, "2975": UTM40South, "4471": UTM38South}

// Places anywhere in each territory, as GDAL draws them: less than a micrometre apart.
func TestPlacesOfGDAL(t *testing.T) {
	n := 0
	for line := range strings.Lines(drawn) {
		if line[0] == '#' {
			continue
		}
		n++
		var code string
		var lon, lat, east, north float64
		if _, err := fmt.Sscan(line, &code, &lon, &lat, &east, &north); err != nil {
			t.Fatal(err)
		}
		gotEast, gotNorth := drawings[code].Forward(lon, lat)
		near(t, line+" east", gotEast, east, 1e-6)
		near(t, line+" north", gotNorth, north, 1e-6)
	}
	if n < 40 {
		t.Errorf("only %d places", n)
	}
}

// Many more of them, where GDAL is installed.
func TestForwardAgainstGDAL(t *testing.T) {
	if _, err := exec.LookPath("gdaltransform"); err != nil {
		t.Skip("GDAL is not installed")
	}
	for code, of := range map[string]struct {
		geographic               int
		west, south, east, north float64
	}{"3035": {4258, -25, 30, 40, 70}, "5490": {5489, -70, 5, -56, 25}, "2972": {4624, -58, -5, -44, 12}, "2975": {4627, 50, -35, 64, -5}, "4471": {4470, 38, -30, 52, -1}} {
		var in strings.Builder
		var places [][2]float64
		for i := range 500 { // every place is a fraction of the golden section further
			u, v := math.Mod(float64(i)*0.7548776662466927, 1), math.Mod(float64(i)*0.5698402909980532, 1)
			p := [2]float64{of.west + u*(of.east-of.west), of.south + v*(of.north-of.south)}
			places = append(places, p)
			fmt.Fprintf(&in, "%.17g %.17g\n", p[0], p[1])
		}
		cmd := exec.Command("gdaltransform", "-output_xy", "-s_srs", fmt.Sprintf("EPSG:%d", of.geographic), "-t_srs", "EPSG:"+code)
		cmd.Stdin = strings.NewReader(in.String())
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			var east, north float64
			if _, err := fmt.Sscan(line, &east, &north); err != nil {
				t.Fatal(err)
			}
			gotEast, gotNorth := drawings[code].Forward(places[i][0], places[i][1])
			near(t, "EPSG:"+code+" east", gotEast, east, 2e-6)
			near(t, "EPSG:"+code+" north", gotNorth, north, 2e-6)
		}
	}
}

// The equal-area projection keeps areas, the transverse Mercator angles. Both
// are looked at through their derivatives.
func TestAreasAndAnglesAreKept(t *testing.T) {
	const f = 1 / 298.257222101
	const e2 = f * (2 - f)
	rapid.Check(t, func(r *rapid.T) {
		lat := rapid.Float64Range(30, 70).Draw(r, "lat")
		lon := rapid.Float64Range(-15, 35).Draw(r, "lon")
		const h = 1e-4
		derive := func(p drawing, lon, lat float64) (el, nl, ep, np float64) {
			e1, n1 := p.Forward(lon-h, lat)
			e2, n2 := p.Forward(lon+h, lat)
			e3, n3 := p.Forward(lon, lat-h)
			e4, n4 := p.Forward(lon, lat+h)
			d := 2 * h * degree
			return (e2 - e1) / d, (n2 - n1) / d, (e4 - e3) / d, (n4 - n3) / d
		}
		s, c := math.Sincos(lat * degree)
		w := math.Sqrt(1 - e2*s*s)
		m, n := 6378137*(1-e2)/(w*w*w), 6378137/w*c // metres per radian

		el, nl, ep, np := derive(EuropeLAEA, lon, lat)
		if ratio := (el*np - nl*ep) / (m * n); math.Abs(ratio-1) > 1e-6 {
			r.Errorf("an area is drawn %.9f times as large", ratio)
		}
		el, nl, ep, np = derive(UTM22North, lon/10-51, lat)
		el, nl, ep, np = el/n, nl/n, ep/m, np/m
		if math.Abs(el-np) > 1e-6 || math.Abs(nl+ep) > 1e-6 {
			r.Errorf("angles are not kept: %g, %g", el-np, nl+ep)
		}
	})
}

func TestNowhere(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, p := range []drawing{EuropeLAEA, UTM20North} {
		for _, at := range [][2]float64{{nan, 45}, {5, nan}, {inf, 45}, {5, 91}, {181, 45}, {5, -inf}, {-170, -52}} {
			if e, n := p.Forward(at[0], at[1]); !math.IsNaN(e) || !math.IsNaN(n) {
				t.Errorf("%v is drawn at %v, %v", at, e, n)
			}
		}
	}
}

// The functions are those of the standard library to its last digits.
func TestFunctionsInTheirRange(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := rapid.Float64Range(-6, 6).Draw(r, "x")
		sin, cos := sincos(x)
		wantSin, wantCos := math.Sincos(x)
		for what, pair := range map[string][2]float64{
			"sin": {sin, wantSin}, "cos": {cos, wantCos}, "atan": {atan(x), math.Atan(x)}, "atan2": {atan2(x, -1), math.Atan2(x, -1)},
			"sinh": {sinh(x), math.Sinh(x)}, "cosh": {cosh(x), math.Cosh(x)}, "tanh": {tanh(x), math.Tanh(x)}, "asinh": {asinh(x), math.Asinh(x)},
			"atanh": {atanh(x / 10), math.Atanh(x / 10)},
		} {
			if math.Abs(pair[0]-pair[1]) > 2e-15*max(1, math.Abs(pair[1])) {
				r.Errorf("%s of %v is %v, not %v", what, x, pair[0], pair[1])
			}
		}
	})
}

// The bits are those of every platform.
func TestForwardBits(t *testing.T) {
	got := ""
	for _, c := range []struct {
		p        drawing
		lon, lat float64
	}{{EuropeLAEA, -1.6777, 48.1173}, {EuropeLAEA, 9.45, 42.7}, {UTM20North, -61.0, 14.65}, {UTM22North, -52.33, 4.94},
		{UTM40South, 55.45, -20.88}, {UTM38South, 45.23, -12.78}} {
		e, n := c.p.Forward(c.lon, c.lat)
		got += fmt.Sprintf("%016x %016x\n", math.Float64bits(e), math.Float64bits(n))
	}
	if got != wantBits {
		t.Errorf("the bits are\n%s", got)
	}
}

const wantBits = `414a5c8659576f3e 4145b842ced4f277
41504f94a4cf2dce 41409c74a6691dfc
4125d50e2dbb63c3 4138ba561f223f14
41158464fbcc5079 4120ab06cb6ef931
4114ad3cab618682 415d561ce4a18052
41200546b89beaa9 416060f5bec19e8f
`

func BenchmarkLAEA(b *testing.B) {
	for b.Loop() {
		EuropeLAEA.Forward(-1.6777, 48.1173)
	}
}

func BenchmarkUTM(b *testing.B) {
	for b.Loop() {
		UTM40South.Forward(55.45, -20.88)
	}
}
