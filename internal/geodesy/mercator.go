package geodesy

import "math"

// TransverseMercator is the projection of Gauss and Krüger, by Krüger's series
// to the sixth order of the third flattening: C. F. F. Karney, "Transverse
// Mercator with an accuracy of a few nanometers", Journal of Geodesy 85 (2011),
// equations 7 to 12, 35 and 36; method EPSG:9807. It is for places within 30
// degrees of its meridian, and gives NaN beyond.
type TransverseMercator struct {
	e           float64
	lon0        float64
	radius      float64 // of the rectifying sphere, times the scale
	alpha, beta [6]float64
	east, north float64 // of the point where the meridian meets the equator
}

// reach is how far from the meridian a place may be.
const reach = 30

// UTM zones of France overseas.
var (
	UTM20North = NewUTM(20, false) // RGAF09, EPSG:5490: Guadeloupe, Martinique, Saint-Barthélemy, Saint-Martin
	UTM21North = NewUTM(21, false) // RGSPM06, EPSG:4467: Saint-Pierre-et-Miquelon
	UTM22North = NewUTM(22, false) // RGFG95, EPSG:2972: Guyane
	UTM40South = NewUTM(40, true)  // RGR92, EPSG:2975: La Réunion
	UTM38South = NewUTM(38, true)  // RGM04, EPSG:4471: Mayotte
)

// NewUTM is a zone, 1 to 60, of the universal transverse Mercator grid on GRS80.
func NewUTM(zone int, south bool) *TransverseMercator {
	north := 0.0
	if south {
		north = 10000000
	}
	return NewTransverseMercator(GRS80, float64(6*zone-183), 0, 0.9996, 500000, north)
}

// NewTransverseMercator is the projection along the meridian lon0 with the given
// scale on it; the point lon0, lat0 is drawn at east, north.
func NewTransverseMercator(l Ellipsoid, lon0, lat0, scale, east, north float64) *TransverseMercator {
	f := 1 / l.InvF
	n := f / (2 - f)
	n2 := float64(n * n)
	p := &TransverseMercator{e: math.Sqrt(l.eccentricity2()), lon0: lon0, east: east, north: north,
		alpha: series(n, forwardTerms), beta: series(n, inverseTerms)}
	p.radius = float64(float64(scale*l.A/(1+n)) * horner(n2, 1, 1./4, 1./64, 1./256))
	_, origin := p.Forward(lon0, lat0)
	p.north = north - (origin - north)
	return p
}

// terms of the series of row j begin at the power j+1 of n.
type terms [6][]float64

var (
	forwardTerms = terms{
		{1. / 2, -2. / 3, 5. / 16, 41. / 180, -127. / 288, 7891. / 37800},
		{13. / 48, -3. / 5, 557. / 1440, 281. / 630, -1983433. / 1935360},
		{61. / 240, -103. / 140, 15061. / 26880, 167603. / 181440},
		{49561. / 161280, -179. / 168, 6601661. / 7257600},
		{34729. / 80640, -3418889. / 1995840},
		{212378941. / 319334400},
	}
	inverseTerms = terms{
		{1. / 2, -2. / 3, 37. / 96, -1. / 360, -81. / 512, 96199. / 604800},
		{1. / 48, 1. / 15, -437. / 1440, 46. / 105, -1118711. / 3870720},
		{17. / 480, -37. / 840, -209. / 4480, 5569. / 90720},
		{4397. / 161280, -11. / 504, -830251. / 7257600},
		{4583. / 161280, -108847. / 3991680},
		{20648693. / 638668800},
	}
)

func horner(x float64, coefficients ...float64) float64 {
	sum := 0.0
	for i := len(coefficients) - 1; i >= 0; i-- {
		sum = coefficients[i] + float64(x*sum)
	}
	return sum
}

func series(n float64, t terms) (out [6]float64) {
	power := n
	for j, row := range t {
		out[j] = float64(power * horner(n, row...))
		power = float64(power * n)
	}
	return out
}

// sum is the sum over j of c[j]·sin(2(j+1)(ξ+iη)), given the sine and cosine of
// ξ and the hyperbolic sine and cosine of η, by Clenshaw's recurrence.
func sum(c [6]float64, sin, cos, sh, ch float64) (re, im float64) {
	sin2, cos2 := float64(float64(2*sin)*cos), float64((cos-sin)*(cos+sin))
	sh2, ch2 := float64(float64(2*sh)*ch), 1+float64(float64(2*sh)*sh)
	// twice the cosine of 2(ξ+iη)
	ar, ai := float64(float64(2*cos2)*ch2), float64(float64(-2*sin2)*sh2)
	var r0, i0, r1, i1 float64
	for j := 5; j >= 0; j-- {
		r := float64(ar*r0) - float64(ai*i0) - r1 + c[j]
		i := float64(ar*i0) + float64(ai*r0) - i1
		r0, i0, r1, i1 = r, i, r0, i0
	}
	// times the sine of 2(ξ+iη)
	sr, si := float64(sin2*ch2), float64(cos2*sh2)
	return float64(r0*sr) - float64(i0*si), float64(r0*si) + float64(i0*sr)
}

// Forward draws a place.
func (p *TransverseMercator) Forward(lon, lat float64) (east, north float64) {
	away := lon - p.lon0
	switch {
	case away > 180:
		away -= 360
	case away < -180:
		away += 360
	}
	if !place(lon, lat) || math.Abs(away) > reach || math.Abs(lat) > 89.99 {
		return nan, nan
	}
	sinLat, cosLat := sincos(lat)
	sinLon, cosLon := sincos(away)
	tau := p.conformal(sinLat / cosLat)
	h := math.Sqrt(float64(tau*tau) + float64(cosLon*cosLon))
	sh := sinLon / h
	ch := math.Sqrt(1 + float64(sh*sh))
	re, im := sum(p.alpha, tau/h, cosLon/h, sh, ch)
	return p.east + float64(p.radius*(asinh(sh)+im)), p.north + float64(p.radius*(atan2(tau, cosLon)+re))
}

// conformal is the tangent of the conformal latitude of a latitude whose tangent
// is tau.
func (p *TransverseMercator) conformal(tau float64) float64 {
	sec := math.Sqrt(1 + float64(tau*tau))
	sigma := sinh(float64(p.e * atanh(float64(p.e*tau)/sec)))
	return float64(tau*math.Sqrt(1+float64(sigma*sigma))) - float64(sigma*sec)
}

// Inverse gives the place that is drawn at east, north.
func (p *TransverseMercator) Inverse(east, north float64) (lon, lat float64) {
	xi, eta := (north-p.north)/p.radius, (east-p.east)/p.radius
	if !(math.Abs(xi) < math.Pi/2 && math.Abs(eta) < 0.6) {
		return nan, nan
	}
	sin, cos := sincos(xi / degree)
	sh := sinh(eta)
	re, im := sum(p.beta, sin, cos, sh, math.Sqrt(1+float64(sh*sh)))
	sin, cos = sincos((xi - re) / degree)
	sh = sinh(eta - im)
	want := sin / math.Sqrt(float64(sh*sh)+float64(cos*cos))
	tau := want
	e2 := float64(p.e * p.e)
	for range 5 {
		got := p.conformal(tau)
		slope := float64((1-e2)*float64(math.Sqrt(1+float64(got*got))*math.Sqrt(1+float64(tau*tau)))) /
			(1 + float64((1-e2)*float64(tau*tau)))
		tau += (want - got) / slope
	}
	lon = p.lon0 + atan2(sh, cos)/degree
	switch {
	case lon > 180:
		lon -= 360
	case lon < -180:
		lon += 360
	}
	return lon, atan(tau) / degree
}
