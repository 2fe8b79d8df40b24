package geodesy

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

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

	airy := Ellipsoid{6377563.396, 299.32496}
	britain := NewTransverseMercator(airy, -2, 49, 0.9996012717, 400000, -100000)
	east, north = britain.Forward(0.5, 50.5)
	near(t, "TM east", east, 577274.99, 0.01)
	near(t, "TM north", north, 69740.50, 0.01)
}

// On its meridian the projection is the length of the meridian, here summed in
// a hundred thousand steps, times the scale.
func TestMeridianIsToScale(t *testing.T) {
	f := 1 / GRS80.InvF
	e2 := f * (2 - f)
	curvature := func(lat float64) float64 {
		s := math.Sin(lat * degree)
		return GRS80.A * (1 - e2) / math.Pow(1-e2*s*s, 1.5)
	}
	for _, lat := range []float64{4.9, 14.6, 45, 80} {
		const steps = 100000
		h := lat * degree / steps
		arc := 0.0
		for i := range steps { // Simpson's rule
			a := float64(i) / steps * lat
			b := float64(i+1) / steps * lat
			arc += h / 6 * (curvature(a) + 4*curvature((a+b)/2) + curvature(b))
		}
		east, north := UTM22North.Forward(-51, lat)
		near(t, "east", east, 500000, 1e-6)
		near(t, fmt.Sprint("north of ", lat), north, 0.9996*arc, 1e-5)
		_, south := UTM40South.Forward(57, -lat)
		near(t, fmt.Sprint("south of ", lat), south, 10000000-0.9996*arc, 1e-5)
	}
}

// The equal-area projection keeps areas, the transverse Mercator angles. Both
// are looked at through their derivatives.
func TestAreasAndAnglesAreKept(t *testing.T) {
	f := 1 / GRS80.InvF
	e2 := f * (2 - f)
	rapid.Check(t, func(r *rapid.T) {
		lat := rapid.Float64Range(30, 70).Draw(r, "lat")
		lon := rapid.Float64Range(-15, 35).Draw(r, "lon")
		const h = 1e-4
		derive := func(p Projection, lon, lat float64) (el, nl, ep, np float64) {
			e1, n1 := p.Forward(lon-h, lat)
			e2, n2 := p.Forward(lon+h, lat)
			e3, n3 := p.Forward(lon, lat-h)
			e4, n4 := p.Forward(lon, lat+h)
			d := 2 * h * degree
			return (e2 - e1) / d, (n2 - n1) / d, (e4 - e3) / d, (n4 - n3) / d
		}
		s, c := math.Sincos(lat * degree)
		w := math.Sqrt(1 - e2*s*s)
		m, n := GRS80.A*(1-e2)/(w*w*w), GRS80.A/w*c // metres per radian

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

func TestThereAndBack(t *testing.T) {
	for name, c := range map[string]struct {
		p                    Projection
		west, south, e, n, h float64
	}{
		"LAEA":    {EuropeLAEA, -20, 28, 40, 72, 0},
		"UTM 20N": {UTM20North, -67, 10, -58, 20, 0},
		"UTM 22N": {UTM22North, -56, -2, -46, 10, 0},
		"UTM 40S": {UTM40South, 50, -30, 62, 5, 0},
		"UTM 38S": {UTM38South, 40, -80, 50, 0, 0},
	} {
		rapid.Check(t, func(r *rapid.T) {
			lon := rapid.Float64Range(c.west, c.e).Draw(r, "lon")
			lat := rapid.Float64Range(c.south, c.n).Draw(r, "lat")
			gotLon, gotLat := c.p.Inverse(c.p.Forward(lon, lat))
			if math.Abs(gotLon-lon) > 1e-9 || math.Abs(gotLat-lat) > 1e-9 {
				r.Errorf("%s: %.12f %.12f came back as %.12f %.12f", name, lon, lat, gotLon, gotLat)
			}
		})
	}
}

func TestNowhere(t *testing.T) {
	inf := math.Inf(1)
	for _, p := range []Projection{EuropeLAEA, UTM20North} {
		for _, at := range [][2]float64{{nan, 45}, {5, nan}, {inf, 45}, {5, 91}, {181, 45}, {5, -inf}, {-170, -52}} {
			if e, n := p.Forward(at[0], at[1]); !math.IsNaN(e) || !math.IsNaN(n) {
				t.Errorf("%v is drawn at %v, %v", at, e, n)
			}
		}
		for _, at := range [][2]float64{{nan, 0}, {0, inf}, {1e9, 1e9}} {
			if lon, lat := p.Inverse(at[0], at[1]); !math.IsNaN(lon) || !math.IsNaN(lat) {
				t.Errorf("%v is the place %v, %v", at, lon, lat)
			}
		}
	}
}

func TestOwnFunctions(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.Float64Range(-720, 720).Draw(r, "degrees")
		sin, cos := sincos(d)
		wantSin, wantCos := math.Sincos(math.Remainder(d, 360) * degree)
		x := rapid.Float64Range(-50, 50).Draw(r, "x")
		y := rapid.Float64Range(-50, 50).Draw(r, "y")
		for what, pair := range map[string][2]float64{
			"sin": {sin, wantSin}, "cos": {cos, wantCos}, "atan": {atan(x), math.Atan(x)}, "asinh": {asinh(x), math.Asinh(x)},
			"atan2": {atan2(y, x), math.Atan2(y, x)}, "sinh": {sinh(x / 50), math.Sinh(x / 50)}, "atanh": {atanh(x / 500), math.Atanh(x / 500)},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-15*max(1, math.Abs(pair[1])) {
				r.Errorf("%s: %v, not %v", what, pair[0], pair[1])
			}
		}
	})
}

// The bits are those of every platform.
func TestBits(t *testing.T) {
	got := ""
	for _, c := range []struct {
		p        Projection
		lon, lat float64
	}{{EuropeLAEA, -1.6777, 48.1173}, {EuropeLAEA, 9.45, 42.7}, {UTM20North, -61.0, 14.65}, {UTM22North, -52.33, 4.94},
		{UTM40South, 55.45, -20.88}, {UTM38South, 45.23, -12.78}} {
		e, n := c.p.Forward(c.lon, c.lat)
		lon, lat := c.p.Inverse(e, n)
		got += fmt.Sprintf("%016x %016x %016x %016x\n", math.Float64bits(e), math.Float64bits(n), math.Float64bits(lon), math.Float64bits(lat))
	}
	if got != wantBits {
		t.Errorf("the bits are\n%s", got)
	}
}

const wantBits = `414a5c8659576f3e 4145b842ced4f278 bffad7dbf487fcd0 40480f03afb7e913
41504f94a4cf2dce 41409c74a6691df8 4022e66666666663 404559999999999d
4125d50e2dbb63cb 4138ba561f223f13 c04e800000000000 402d4cccccccccca
41158464fbcc506c 4120ab06cb6ef931 c04a2a3d70a3d70a 4013c28f5c28f5c2
4114ad3cab61869a 415d561ce4a18052 404bb9999999999a c034e147ae147ae0
41200546b89beaa6 416060f5bec19e8e 40469d70a3d70a3d c0298f5c28f5c294
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
