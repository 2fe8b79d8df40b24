// Package geodesy turns coordinates of the systems that French public data come in
// into longitudes and latitudes of WGS84: Lambert-93, the conic conformal zones,
// the transverse Mercator zones of the overseas territories.
//
// The reference frames that it takes (RGF93, RGAF09, RGFG95, RGR92, RGM04, RGSPM06
// …) are realisations of ITRS, as WGS84 is: they agree within a metre, and coordinates
// stay as they are between them, as EPSG's null transformations have it. Older ones,
// as NTF or ED50, need grids or parameters that depend on the place. It refuses them.
//
// The same coordinates give the same bits on every processor: the functions it
// computes with are its own.
package geodesy

import "math"

// CRS is a system of coordinates in a plane, or longitudes and latitudes.
type CRS struct {
	kind           kind
	unit           float64 // metres, or radians where it is geographic
	prime          float64 // radians, of the meridian that longitudes count from
	lat0, lon0     float64 // radians
	lat1, lat2     float64
	k0             float64
	east, north    float64 // metres
	a, inverseFlat float64
	toPlane        conformal
}

type kind uint8

const (
	geographic kind = iota
	conic
	transverse
)

// conformal gives the longitude, from the central meridian, and the isometric
// latitude of a point in a plane in metres.
type conformal interface {
	inverse(x, y float64) (lon, iso float64)
}

// Geographic says whether the coordinates are degrees already.
func (c *CRS) Geographic() bool { return c.kind == geographic }

// Degrees gives the longitude and latitude of a point. ok is false where the system
// has no such point.
func (c *CRS) Degrees(x, y float64) (lon, lat float64, ok bool) {
	const degree = 180 / math.Pi
	if c.kind == geographic {
		lon, lat = x, y
		if c.unit != 0 { // else they are degrees as they stand
			lon, lat = float64(x*c.unit)*degree, float64(y*c.unit)*degree
		}
		if c.prime != 0 {
			lon += float64(c.prime * degree)
		}
	} else {
		angle, iso := c.toPlane.inverse(float64(x*c.unit), float64(y*c.unit))
		lon = float64((c.lon0 + c.prime + angle) * degree)
		lat = float64(c.latitude(iso) * degree)
	}
	return lon, lat, lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90
}

// eccentricity of the ellipsoid.
func (c *CRS) eccentricity() float64 {
	if c.inverseFlat == 0 {
		return 0
	}
	f := 1 / c.inverseFlat
	return math.Sqrt(float64(f * (2 - f)))
}

// latitude is the geographic latitude of an isometric one.
func (c *CRS) latitude(iso float64) float64 { return latitude(iso, c.eccentricity()) }

// isometric is the isometric latitude (IGN NTG_71, ALG0001).
func isometric(lat, e float64) float64 {
	s, _ := sincos(lat)
	return atanh(s) - float64(e*atanh(float64(e*s)))
}

// latitude is the inverse of isometric (IGN NTG_71, ALG0002). Each step brings it
// nearer by the square of the eccentricity, over a hundred times.
func latitude(iso, e float64) float64 {
	q := iso
	for range 10 {
		s := tanh(q)
		q = iso + float64(e*atanh(float64(e*s)))
	}
	return atan(sinh(q))
}

// cone is a conic conformal projection (IGN NTG_71, ALG0004; Snyder, Map
// projections: a working manual, 15-1 to 15-11).
type cone struct {
	n, c   float64 // exponent and constant
	xs, ys float64 // the pole
}

// newCone computes the constants of a cone that cuts the ellipsoid at two parallels
// (IGN NTG_71, ALG0054).
func newCone(c *CRS) (cone, bool) {
	e := c.eccentricity()
	normal := func(lat float64) (radius, iso float64) {
		s, cos := sincos(lat)
		es := float64(e * s)
		return float64(c.a*cos) / math.Sqrt(1-float64(es*es)), isometric(lat, e)
	}
	r1, q1 := normal(c.lat1)
	r2, q2 := normal(c.lat2)
	_, q0 := normal(c.lat0)
	var p cone
	if c.lat1 == c.lat2 {
		p.n, _ = sincos(c.lat1)
	} else {
		p.n = (log(r2) - log(r1)) / (q1 - q2)
	}
	if p.n == 0 || p.n != p.n || math.IsInf(p.n, 0) {
		return p, false
	}
	p.c = float64(r1*exp(float64(p.n*q1))) / p.n
	p.c = float64(p.c * c.k0)
	p.xs, p.ys = c.east, c.north+float64(p.c*exp(-float64(p.n*q0)))
	return p, true
}

func (p cone) inverse(x, y float64) (lon, iso float64) {
	dx, dy := x-p.xs, p.ys-y
	if p.n < 0 {
		dx, dy = -dx, -dy
	}
	r := math.Sqrt(float64(dx*dx) + float64(dy*dy))
	return atan2(dx, dy) / p.n, -log(r/math.Abs(p.c)) / p.n
}

// cylinder is a transverse Mercator projection by Krüger's series in the third
// flattening, to its fourth power (C. F. F. Karney, Transverse Mercator with an
// accuracy of a few nanometers, 2011, equations 11 to 36); IGN NTG_76 has the same to
// the fourth power of the eccentricity's square. Within its zone the error is far
// below a micrometre.
type cylinder struct {
	radius float64 // times the scale on the meridian
	x0, y0 float64 // where the equator crosses the meridian
	beta   [4]float64
}

func newCylinder(c *CRS) cylinder {
	n := 0.0
	if c.inverseFlat != 0 {
		n = 1 / (float64(2*c.inverseFlat) - 1)
	}
	n2 := float64(n * n)
	n3, n4 := float64(n2*n), float64(n2*n2)
	p := cylinder{x0: c.east, y0: c.north, radius: float64(float64(c.k0*c.a)*(1+n2/4+n4/64)) / (1 + n)}
	p.beta = [4]float64{
		n/2 - float64(2*n2)/3 + float64(37*n3)/96 - n4/360,
		n2/48 + n3/15 - float64(437*n4)/1440,
		float64(17*n3)/480 - float64(37*n4)/840,
		float64(4397*n4) / 161280,
	}
	if c.lat0 != 0 {
		alpha := [4]float64{
			n/2 - float64(2*n2)/3 + float64(5*n3)/16 + float64(41*n4)/180,
			float64(13*n2)/48 - float64(3*n3)/5 + float64(557*n4)/1440,
			float64(61*n3)/240 - float64(103*n4)/140,
			float64(49561*n4) / 161280,
		}
		xi := atan(sinh(isometric(c.lat0, c.eccentricity())))
		along := xi
		for j, a := range alpha {
			s, _ := sincos(float64(float64(2*j+2) * xi))
			along += float64(a * s)
		}
		p.y0 -= float64(p.radius * along)
	}
	return p
}

func (p cylinder) inverse(x, y float64) (lon, iso float64) {
	xi, eta := (y-p.y0)/p.radius, (x-p.x0)/p.radius
	up, across := xi, eta
	for j, b := range p.beta {
		k := float64(2*j + 2)
		s, c := sincos(float64(k * xi))
		up -= float64(float64(b*s) * cosh(float64(k*eta)))
		across -= float64(float64(b*c) * sinh(float64(k*eta)))
	}
	s, c := sincos(up)
	h := sinh(across)
	return atan2(h, c), asinh(s / math.Sqrt(float64(h*h)+float64(c*c)))
}

// prepared computes what the projection needs; false where its parameters are none.
func (c CRS) prepared() (*CRS, bool) {
	ok := c.unit > 0 || c.kind == geographic
	switch c.kind {
	case conic:
		var p cone
		if p, ok = newCone(&c); ok {
			c.toPlane = p
		}
	case transverse:
		c.toPlane = newCylinder(&c)
	}
	return &c, ok && c.a > 6.3e6 && c.a < 6.5e6 && (c.inverseFlat == 0 || c.inverseFlat > 250 && c.inverseFlat < 350)
}
