package geodesy

import (
	"math"
	"strconv"
	"strings"
)

// Names of the ellipsoids' figures (a in metres, 1/f).
const (
	axis  = 6378137.0
	grs80 = 298.257222101
	wgs84 = 298.257223563
)

// geographics are the systems of longitudes and latitudes, by their EPSG codes.
var geographics = map[int]string{
	4326: "WGS 84", 4171: "RGF93", 9777: "RGF93 v2", 9784: "RGF93 v2b", 4258: "ETRS89", 5489: "RGAF09", 4624: "RGFG95", 4627: "RGR92",
	4470: "RGM04", 4463: "RGSPM06", 4687: "RGPF", 4749: "RGNC91-93", 8903: "RGWF96", 7073: "RGTAAF07",
}

// zones are the transverse Mercator zones, by their EPSG codes: number of the zone,
// and whether it lies in the south.
var zones = map[int]struct {
	name  string
	zone  int
	south bool
}{
	5490: {"RGAF09 / UTM 20N", 20, false}, 4559: {"RRAF 1991 / UTM 20N", 20, false}, 2972: {"RGFG95 / UTM 22N", 22, false},
	2975: {"RGR92 / UTM 40S", 40, true}, 4471: {"RGM04 / UTM 38S", 38, true}, 4467: {"RGSPM06 / UTM 21N", 21, false},
	3296: {"RGPF / UTM 5S", 5, true}, 3297: {"RGPF / UTM 6S", 6, true}, 3298: {"RGPF / UTM 7S", 7, true}, 3299: {"RGPF / UTM 8S", 8, true},
	25830: {"ETRS89 / UTM 30N", 30, false}, 25831: {"ETRS89 / UTM 31N", 31, false}, 25832: {"ETRS89 / UTM 32N", 32, false},
}

// ByCode finds a system by its EPSG code, as "EPSG:2154" or "2154". Those of UTM on
// WGS84 (32601 to 32660, 32701 to 32760) are known too.
func ByCode(code string) (*CRS, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(code)), "EPSG:"))
	if err != nil {
		return nil, false
	}
	if _, ok := geographics[n]; ok {
		return CRS{kind: geographic, a: axis, inverseFlat: grs80}.prepared()
	}
	if z, ok := zones[n]; ok {
		return utm(z.zone, z.south, grs80)
	}
	const degree = math.Pi / 180
	switch {
	case n > 32600 && n <= 32660:
		return utm(n-32600, false, wgs84)
	case n > 32700 && n <= 32760:
		return utm(n-32700, true, wgs84)
	case n == 2154 || n == 9793 || n == 9794: // on the three realisations of RGF93
		return CRS{kind: conic, unit: 1, lat0: 46.5 * degree, lon0: 3 * degree, lat1: 49 * degree, lat2: 44 * degree, k0: 1,
			east: 700000, north: 6600000, a: axis, inverseFlat: grs80}.prepared()
	case n >= 3942 && n <= 3950: // CC42 to CC50
		lat := float64(n - 3900)
		return CRS{kind: conic, unit: 1, lat0: lat * degree, lon0: 3 * degree, lat1: (lat - 0.75) * degree, lat2: (lat + 0.75) * degree, k0: 1,
			east: 1700000, north: (lat-41)*1e6 + 200000, a: axis, inverseFlat: grs80}.prepared()
	case n == 3163: // RGNC91-93 / Lambert New Caledonia
		return CRS{kind: conic, unit: 1, lat0: -21.5 * degree, lon0: 166 * degree, lat1: -(20 + 40./60) * degree, lat2: -(22 + 20./60) * degree, k0: 1,
			east: 400000, north: 300000, a: axis, inverseFlat: grs80}.prepared()
	}
	return nil, false
}

func utm(zone int, south bool, inverseFlat float64) (*CRS, bool) {
	c := CRS{kind: transverse, unit: 1, lon0: float64(6*zone-183) * math.Pi / 180, k0: 0.9996, east: 500000, a: axis, inverseFlat: inverseFlat}
	if south {
		c.north = 10000000
	}
	return c.prepared()
}
