package geodesy

import "math"

// AzimuthalEqualArea is Lambert's azimuthal equal-area projection, oblique: IOGP
// guidance note 7-2, method EPSG:9820, after Snyder, "Map Projections: a Working
// Manual" (USGS 1395), pages 187 to 190.
type AzimuthalEqualArea struct {
	a, e, e2         float64
	lon0             float64
	qPole, radius, d float64
	sinBeta, cosBeta float64 // of the origin
	east, north      float64
}

// EuropeLAEA is EPSG:3035, the grid of Europe (ETRS89-extended / LAEA Europe).
var EuropeLAEA = NewAzimuthalEqualArea(GRS80, 10, 52, 4321000, 3210000)

// NewAzimuthalEqualArea is the projection about lon0, lat0, which is drawn at
// east, north. The origin is not a pole.
func NewAzimuthalEqualArea(l Ellipsoid, lon0, lat0, east, north float64) *AzimuthalEqualArea {
	p := &AzimuthalEqualArea{a: l.A, e2: l.eccentricity2(), lon0: lon0, east: east, north: north}
	p.e = math.Sqrt(p.e2)
	p.qPole = p.q(1)
	p.radius = float64(l.A * math.Sqrt(p.qPole/2))
	sin, cos := sincos(lat0)
	p.sinBeta, p.cosBeta = p.authalic(sin)
	p.d = float64(l.A*cos) / float64(float64(math.Sqrt(1-float64(float64(p.e2*sin)*sin))*p.radius)*p.cosBeta)
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

// Forward draws a place.
func (p *AzimuthalEqualArea) Forward(lon, lat float64) (east, north float64) {
	if !place(lon, lat) {
		return nan, nan
	}
	sinLat, _ := sincos(lat)
	sin, cos := p.authalic(sinLat)
	sinLon, cosLon := sincos(lon - p.lon0)
	cosCos := float64(cos * cosLon)
	near := 1 + float64(p.sinBeta*sin) + float64(p.cosBeta*cosCos)
	if near <= 0 { // the antipode is a whole circle
		return nan, nan
	}
	b := float64(p.radius * math.Sqrt(2/near))
	east = p.east + float64(float64(float64(b*p.d)*cos)*sinLon)
	north = p.north + float64(float64(b/p.d)*(float64(p.cosBeta*sin)-float64(p.sinBeta*cosCos)))
	return east, north
}

// Inverse gives the place that is drawn at east, north.
func (p *AzimuthalEqualArea) Inverse(east, north float64) (lon, lat float64) {
	x, y := (east-p.east)/p.d, float64((north-p.north)*p.d)
	rho := math.Sqrt(float64(x*x) + float64(y*y))
	h := rho / float64(2*p.radius) // the sine of half the angle from the origin
	if !(h < 1) {
		return nan, nan
	}
	cosHalf := math.Sqrt(float64((1 - h) * (1 + h)))
	sinC, cosC := float64(float64(2*h)*cosHalf), 1-float64(float64(2*h)*h)
	s := p.sinBeta
	if rho > 0 {
		s = float64(cosC*p.sinBeta) + float64(float64(float64(y*sinC)*p.cosBeta)/rho)
	}
	lon = p.lon0 + atan2(float64(x*sinC), float64(float64(rho*p.cosBeta)*cosC)-float64(float64(y*p.sinBeta)*sinC))/degree
	switch {
	case lon > 180:
		lon -= 360
	case lon < -180:
		lon += 360
	}
	return lon, p.latitude(s)
}

// latitude is the one whose authalic sine is s, by Newton's method: the sine of
// the latitude is within two parts in a thousand of s from the start.
func (p *AzimuthalEqualArea) latitude(s float64) float64 {
	s = min(1, max(-1, s))
	want, sin := float64(s*p.qPole), s
	for range 6 {
		es := float64(p.e * sin)
		w := 1 - float64(es*es)
		// dq/dsin = 2(1-e²)/(1-e²sin²)²
		sin += float64((want-p.q(sin))*float64(w*w)) / float64(2*(1-p.e2))
		sin = min(1, max(-1, sin))
	}
	return atan2(sin, math.Sqrt(float64((1-sin)*(1+sin)))) / degree
}
