// Package geodesy also draws places on the maps that INSEE's squares are cut from:
// Lambert's azimuthal equal-area projection of Europe and the transverse Mercator
// zones of overseas. The same place gives the same bits on every processor.
package geodesy

import "math"

const degree = math.Pi / 180

// nowhere is where a place is drawn that a map does not show.
var nowhere = math.NaN()

// onEarth says whether lon and lat are degrees of a place.
func onEarth(lon, lat float64) bool {
	return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90
}

// AzimuthalEqualArea is Lambert's azimuthal equal-area projection, oblique: IOGP
// guidance note 7-2, method EPSG:9820, after Snyder, "Map projections: a working
// manual" (USGS 1395), pages 187 to 190.
type AzimuthalEqualArea struct {
	e, e2            float64
	lon0             float64 // degrees
	qPole, radius, d float64
	sinBeta, cosBeta float64 // of the origin
	east, north      float64
}

// EuropeLAEA is EPSG:3035, the grid of Europe: GRS80 (1/f = 298.257222101) about
// 52° N 10° E.
var EuropeLAEA = newAzimuthalEqualArea(6378137, 298.257222101, 10, 52, 4321000, 3210000)

func newAzimuthalEqualArea(a, inverseFlat, lon0, lat0, east, north float64) *AzimuthalEqualArea {
	f := 1 / inverseFlat
	p := &AzimuthalEqualArea{e2: float64(f * (2 - f)), lon0: lon0, east: east, north: north}
	p.e = math.Sqrt(p.e2)
	p.qPole = p.q(1)
	p.radius = float64(a * math.Sqrt(p.qPole/2))
	sin, cos := sincos(float64(lat0 * degree))
	p.sinBeta, p.cosBeta = p.authalic(sin)
	p.d = float64(a*cos) / float64(float64(math.Sqrt(1-float64(float64(p.e2*sin)*sin))*p.radius)*p.cosBeta)
	return p
}

// q is the authalic function of a latitude, of which the sine is given.
func (p *AzimuthalEqualArea) q(sin float64) float64 {
	es := float64(p.e * sin)
	return float64((1 - p.e2) * (sin/(1-float64(es*es)) + atanh(es)/p.e))
}

// authalic is the sine and the cosine of the latitude, on the sphere of the same
// area, of a latitude of which the sine is given.
func (p *AzimuthalEqualArea) authalic(sin float64) (float64, float64) {
	s := min(1, max(-1, p.q(sin)/p.qPole))
	return s, math.Sqrt(float64((1 - s) * (1 + s)))
}

// Forward draws a place, in degrees east and north, in metres. What is no number
// or no place, and the antipode of the origin, are NaN.
func (p *AzimuthalEqualArea) Forward(lon, lat float64) (east, north float64) {
	if !onEarth(lon, lat) {
		return nowhere, nowhere
	}
	sinLat, _ := sincos(float64(lat * degree))
	sin, cos := p.authalic(sinLat)
	sinLon, cosLon := sincos(float64((lon - p.lon0) * degree))
	cosCos := float64(cos * cosLon)
	near := 1 + float64(p.sinBeta*sin) + float64(p.cosBeta*cosCos)
	if near < 1e-12 { // the antipode is a whole circle
		return nowhere, nowhere
	}
	b := float64(p.radius * math.Sqrt(2/near))
	east = p.east + float64(float64(float64(b*p.d)*cos)*sinLon)
	north = p.north + float64(float64(b/p.d)*(float64(p.cosBeta*sin)-float64(p.sinBeta*cosCos)))
	return east, north
}
