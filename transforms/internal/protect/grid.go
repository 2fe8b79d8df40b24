package protect

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Squares puts places in the squares of the grid that INSEE publishes by: 200 m,
// five of which are a side of 1 km. A square is named by its reference system,
// its size and its south-west corner, CRS3035RES200mN2607600E3467800, as in
// INSEE's "Données carroyées" and the INSPIRE specification of grids (D2.8.I.2).
// The sizes nest, since corners are multiples of the size.
//
// The reference system follows from the place: EPSG:3035 in Europe, and overseas
// that of the territory: 5490 (Guadeloupe, Martinique, Saint-Barthélemy,
// Saint-Martin), 2972 (Guyane), 2975 (La Réunion), 4471 (Mayotte). Elsewhere
// there are no squares; that also finds longitude and latitude in each other's
// place.
type Squares struct{ sizes []int }

// Sizes of squares, in metres.
var squareSizes = []int{200, 1000}

// NewSquares is for squares of the sizes from the given one, 200 or 1000, on.
func NewSquares(from int) (*Squares, error) {
	for i, s := range squareSizes {
		if s == from {
			return &Squares{squareSizes[i:]}, nil
		}
	}
	return nil, messages.NoSuchSquare.With("got", from)
}

// Levels are named by the sizes.
func (s *Squares) Levels() []string {
	names := make([]string, len(s.sizes))
	for i, size := range s.sizes {
		if names[i] = "carreau de " + strconv.Itoa(size) + " m"; size%1000 == 0 {
			names[i] = "carreau de " + strconv.Itoa(size/1000) + " km"
		}
	}
	return names
}

// territory is where a reference system is used, in degrees.
type territory struct {
	west, south, east, north float64
	crs                      string
	forward                  func(lon, lat float64) (east, north float64)
}

var territories = []territory{
	{-12, 34, 32, 72, "3035", geodesy.EuropeLAEA.Forward},
	{-63.7, 14, -60.5, 18.6, "5490", geodesy.UTM20North.Forward},
	{-54.7, 2, -51.3, 6, "2972", geodesy.UTM22North.Forward},
	{55, -21.6, 56, -20.6, "2975", geodesy.UTM40South.Forward},
	{44.8, -13.2, 45.5, -12.4, "4471", geodesy.UTM38South.Forward},
}

// At appends the squares of a place, in degrees of longitude and latitude (WGS 84,
// RGF93 or the like), at each level. A place that has none, NaN included, appends
// nothing and says false.
func (s *Squares) At(dst []string, lon, lat float64) ([]string, bool) {
	for _, t := range territories {
		if lon >= t.west && lon <= t.east && lat >= t.south && lat <= t.north {
			east, north := t.forward(lon, lat)
			return s.append(dst, t.crs, millimetres(east), millimetres(north))
		}
	}
	return dst, false
}

// millimetres takes away what two ways of computing a coordinate differ in, so
// that a place on the border of a square is on it.
func millimetres(metres float64) int64 { return int64(math.Round(metres * 1000)) }

func (s *Squares) append(dst []string, crs string, east, north int64) ([]string, bool) {
	for _, size := range s.sizes {
		mm := int64(size) * 1000
		if east < 0 || north < 0 {
			return dst, false
		}
		id := "CRS" + crs + "RES" + strconv.Itoa(size) + "mN" + strconv.FormatInt(north/mm*int64(size), 10) +
			"E" + strconv.FormatInt(east/mm*int64(size), 10)
		dst = append(dst, id)
	}
	return dst, true
}

// SquareNames brings names of squares to those of larger ones. A name is as
// Squares writes it, of 200 m or more; one of another form is outside of the
// domain, as is one whose corner is not a multiple of its size.
type SquareNames struct{ Squares }

// NewSquareNames is for texts.
func NewSquareNames(t arrow.DataType, from int) (*SquareNames, error) {
	s, err := NewSquares(from)
	if err != nil {
		return nil, err
	}
	return &SquareNames{*s}, typed(t, "text", arrow.STRING)
}

// Domain is squares that are not larger than the first level.
func (s *SquareNames) Domain() string {
	return "carreaux INSEE d'au plus " + strconv.Itoa(s.sizes[0]) + " m"
}

// Labels are the squares around square i of a.
func (s *SquareNames) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	name := a.(*array.String).Value(i)
	rest, ok := strings.CutPrefix(name, "CRS")
	crs, rest, ok1 := strings.Cut(rest, "RES")
	sizeText, rest, ok2 := strings.Cut(rest, "mN")
	northText, eastText, ok3 := strings.Cut(rest, "E")
	size, north, east := digits(sizeText), digits(northText), digits(eastText)
	if !ok || !ok1 || !ok2 || !ok3 || digits(crs) < 0 || size < 200 || size > int64(s.sizes[0]) || int64(s.sizes[0])%size != 0 ||
		north < 0 || east < 0 || north%size != 0 || east%size != 0 {
		return dst, false
	}
	return s.append(dst, crs, east*1000, north*1000)
}

// digits is a whole number of at most nine digits, without a zero in front, or -1.
func digits(s string) int64 {
	if s == "" || len(s) > 9 || len(s) > 1 && s[0] == '0' {
		return -1
	}
	n := int64(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n
}
