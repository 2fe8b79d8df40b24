// Package geodesy turns longitudes and latitudes into the metres of the map
// projections that French public data uses. Angles are in degrees, east and
// north positive; lengths are in metres. It knows no datum shift: RGF93, the
// RGAF09, RGFG95, RGR92 and RGM04 of overseas, ETRS89 and WGS 84 are taken as
// one, which they are to within a metre or so.
//
// The same input gives the same bits on every platform: no product is fused
// with a sum, and no function of the standard library is called whose last bit
// depends on the processor.
package geodesy

import "math"

// Ellipsoid is a figure of the Earth.
type Ellipsoid struct {
	A    float64 // semi-major axis in metres
	InvF float64 // inverse flattening
}

// GRS80 is the ellipsoid of RGF93, of ETRS89 and of the systems of overseas
// (EPSG:7019); WGS84 (EPSG:7030) differs from it by a tenth of a millimetre.
var (
	GRS80 = Ellipsoid{6378137, 298.257222101}
	WGS84 = Ellipsoid{6378137, 298.257223563}
)

// eccentricity is the first one, squared.
func (l Ellipsoid) eccentricity2() float64 {
	f := 1 / l.InvF
	return float64(f * (2 - f))
}

// Projection is a map: where a place is drawn, and which place is drawn there.
// What is not a number, or is no place on Earth, gives NaN.
type Projection interface {
	Forward(lon, lat float64) (east, north float64)
	Inverse(east, north float64) (lon, lat float64)
}

// place says whether lon and lat are on Earth.
func place(lon, lat float64) bool {
	return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90
}

var nan = math.NaN()
