package geodesy

import "math"

// TransverseMercator is the projection of Gauss and Krüger, by Krüger's series to
// the sixth power of the third flattening (C. F. F. Karney, "Transverse Mercator
// with an accuracy of a few nanometers", Journal of Geodesy 85, 2011, equations 7
// to 12 and 35; method EPSG:9807).
type TransverseMercator struct {
	e           float64
	lon0        float64 // degrees
	radius      float64 // of the rectifying sphere, times the scale
	alpha       [6]float64
	east, north float64 // of the point where the meridian meets the equator
}

// reach is how far from its meridian, in degrees, a place may be.
const reach = 30

// UTM zones of France overseas, on GRS80.
var (
	UTM20North = newUTM(20, 0)        // RGAF09, EPSG:5490: Guadeloupe, Martinique, Saint-Barthélemy, Saint-Martin
	UTM22North = newUTM(22, 0)        // RGFG95, EPSG:2972: Guyane
	UTM38South = newUTM(38, 10000000) // RGM04, EPSG:4471: Mayotte
	UTM40South = newUTM(40, 10000000) // RGR92, EPSG:2975: La Réunion
)

func newUTM(zone int, north float64) *TransverseMercator {
	return newTransverseMercator(6378137, 298.257222101, float64(6*zone-183), 0, 0.9996, 500000, north)
}

// newTransverseMercator is the projection along the meridian lon0; the point lon0,
// lat0 is drawn at east, north.
func newTransverseMercator(a, inverseFlat, lon0, lat0, scale, east, north float64) *TransverseMercator {
	f := 1 / inverseFlat
	n := f / (2 - f)
	n2 := float64(n * n)
	p := &TransverseMercator{e: math.Sqrt(float64(f * (2 - f))), lon0: lon0, east: east, north: north, alpha: krueger(n)}
	p.radius = float64(float64(scale*a) / (1 + n) * horner(n2, []float64{1. / 256, 1. / 64, 1. / 4, 1}))
	_, origin := p.Forward(lon0, lat0)
	p.north = north - (origin - north)
	return p
}

// kruegerTerms are the coefficients of the powers of n in each term, the highest
// first; term j, from 0, begins at the power j+1.
var kruegerTerms = [6][]float64{
	{7891. / 37800, -127. / 288, 41. / 180, 5. / 16, -2. / 3, 1. / 2},
	{-1983433. / 1935360, 281. / 630, 557. / 1440, -3. / 5, 13. / 48},
	{167603. / 181440, 15061. / 26880, -103. / 140, 61. / 240},
	{6601661. / 7257600, -179. / 168, 49561. / 161280},
	{-3418889. / 1995840, 34729. / 80640},
	{212378941. / 319334400},
}

func krueger(n float64) (terms [6]float64) {
	power := n
	for j, row := range kruegerTerms {
		terms[j] = float64(power * horner(n, row))
		power = float64(power * n)
	}
	return terms
}

// correction is the sum over j of alpha[j]·sin(2(j+1)(ξ+iη)), given the sine and
// cosine of ξ and the hyperbolic sine and cosine of η, by Clenshaw's recurrence.
func (p *TransverseMercator) correction(sin, cos, sh, ch float64) (re, im float64) {
	sin2, cos2 := float64(float64(2*sin)*cos), float64((cos-sin)*(cos+sin))
	sh2, ch2 := float64(float64(2*sh)*ch), 1+float64(float64(2*sh)*sh)
	// twice the cosine of 2(ξ+iη)
	ar, ai := float64(float64(2*cos2)*ch2), float64(float64(-2*sin2)*sh2)
	var r0, i0, r1, i1 float64
	for j := len(p.alpha) - 1; j >= 0; j-- {
		r := float64(ar*r0) - float64(ai*i0) - r1 + p.alpha[j]
		i := float64(ar*i0) + float64(ai*r0) - i1
		r0, i0, r1, i1 = r, i, r0, i0
	}
	// times the sine of 2(ξ+iη)
	sr, si := float64(sin2*ch2), float64(cos2*sh2)
	return float64(r0*sr) - float64(i0*si), float64(r0*si) + float64(i0*sr)
}

// Forward draws a place, in degrees east and north, in metres. What is no number
// or no place, the poles, and places 30 degrees or more from the meridian are NaN.
func (p *TransverseMercator) Forward(lon, lat float64) (east, north float64) {
	away := lon - p.lon0
	switch {
	case away > 180:
		away -= 360
	case away < -180:
		away += 360
	}
	if !onEarth(lon, lat) || math.Abs(away) > reach || math.Abs(lat) > 89.99 {
		return nowhere, nowhere
	}
	sinLat, cosLat := sincos(float64(lat * degree))
	sinLon, cosLon := sincos(float64(away * degree))
	tau := p.conformalTangent(sinLat / cosLat)
	h := math.Sqrt(float64(tau*tau) + float64(cosLon*cosLon))
	sh := sinLon / h
	ch := math.Sqrt(1 + float64(sh*sh))
	re, im := p.correction(tau/h, cosLon/h, sh, ch)
	return p.east + float64(p.radius*(asinh(sh)+im)), p.north + float64(p.radius*(atan2(tau, cosLon)+re))
}

// conformalTangent is the tangent of the conformal latitude of a latitude whose
// tangent is tau.
func (p *TransverseMercator) conformalTangent(tau float64) float64 {
	sec := math.Sqrt(1 + float64(tau*tau))
	sigma := sinh(float64(p.e * atanh(float64(p.e*tau)/sec)))
	return float64(tau*math.Sqrt(1+float64(sigma*sigma))) - float64(sigma*sec)
}
