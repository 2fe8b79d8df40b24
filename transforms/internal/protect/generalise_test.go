package protect_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

var mem = memory.NewGoAllocator()

var (
	text    = arrow.BinaryTypes.String
	whole   = arrow.PrimitiveTypes.Int64
	real64  = arrow.PrimitiveTypes.Float64
	money   = &arrow.Decimal128Type{Precision: 14, Scale: 2}
	date    = arrow.FixedWidthTypes.Date32
	instant = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

func num(s string) protect.Number {
	n, ok := protect.ParseNumber(s)
	if !ok {
		panic(s)
	}
	return n
}

func nums(list string) (all []protect.Number) {
	for _, s := range strings.Fields(list) {
		all = append(all, num(s))
	}
	return all
}

func day(s string) arrow.Date32 {
	d, why := scalar.DateFormat{}.Parse([]byte(s))
	if why != nil {
		panic(s)
	}
	return d
}

// column is values of a type, written as text where Go has no literal for them.
func column(t arrow.DataType, values ...any) arrow.Array {
	b := array.NewBuilder(mem, t)
	for _, v := range values {
		switch b := b.(type) {
		case *array.StringBuilder:
			b.Append(v.(string))
		case *array.Int64Builder:
			b.Append(int64(v.(int)))
		case *array.Float64Builder:
			b.Append(v.(float64))
		case *array.Decimal128Builder:
			n, err := decimal128.FromString(v.(string), 38, 2)
			if err != nil {
				panic(err)
			}
			b.Append(n)
		case *array.Date32Builder:
			b.Append(day(v.(string)))
		case *array.TimestampBuilder:
			f, err := scalar.NewInstantFormat("", "")
			if err != nil {
				panic(err)
			}
			n, why := f.Parse([]byte(v.(string)))
			if why != nil {
				panic(v)
			}
			b.Append(n)
		}
	}
	return b.NewArray()
}

func must[G protect.Generalisation](g G, err error) protect.Generalisation {
	if err != nil {
		panic(err)
	}
	return g
}

var (
	closed = protect.Ends{}
	open   = protect.Ends{Below: true, Above: true}
	above  = protect.Ends{Above: true}
)

func table() *protect.PostcodeTable {
	t, err := protect.ReadPostcodes(strings.NewReader("# code;commune\n35000;35238\n\n35999;35001\n35999;35002\n35999;35001\n44999;44001\n44999;35003\n01200;01033\n01200;74001\n75001;75101\n69009;69389\n"))
	if err != nil {
		panic(err)
	}
	return t
}

// cases are generalisations, and what they make of values: labels with / between,
// or - for a value outside of the domain.
var cases = []struct {
	name string
	g    protect.Generalisation
	t    arrow.DataType
	want [][2]any
}{
	{"bands of ages", must(protect.NewBands(whole, above, nums("0 18 25 26 65 80"), nums("0 25 80"))), whole, [][2]any{
		{0, "0 à 17/0 à 24"}, {17, "0 à 17/0 à 24"}, {18, "18 à 24/0 à 24"}, {25, "25/25 à 79"}, {79, "65 à 79/25 à 79"}, {80, "80 ou plus/80 ou plus"}, {-1, "-"},
	}},
	{"bands of amounts", must(protect.NewBands(money, open, nums("-100 0 0.5 1000"))), money, [][2]any{
		{"-100.01", "moins de -100"}, {"-100.00", "-100 à moins de 0"}, {"-0.01", "-100 à moins de 0"}, {"0.00", "0 à moins de 0,5"}, {"0.50", "0,5 à moins de 1000"}, {"1000.00", "1000 ou plus"},
	}},
	{"bands of floats", must(protect.NewBands(real64, open, nums("0 0.1"))), real64, [][2]any{
		{math.Copysign(0, -1), "0 à moins de 0,1"}, {0.1, "0,1 ou plus"}, {math.Nextafter(0.1, 0), "0 à moins de 0,1"}, {-5e-324, "moins de 0"},
		{math.Inf(1), "0,1 ou plus"}, {math.Inf(-1), "moins de 0"}, {math.NaN(), "-"}, {1e300, "0,1 ou plus"},
	}},
	{"closed bands", must(protect.NewBands(real64, closed, nums("0 1 2"), nums("0 2"))), real64, [][2]any{
		{0.0, "0 à moins de 1/0 à moins de 2"}, {2.0, "-"}, {-1e-9, "-"}, {math.Inf(1), "-"},
	}},
	{"steps", must(protect.NewSteps(whole, nums("5 10 100")...)), whole, [][2]any{
		{0, "0 à 4/0 à 9/0 à 99"}, {24, "20 à 24/20 à 29/0 à 99"}, {-1, "-5 à -1/-10 à -1/-100 à -1"}, {math.MinInt64, "-9223372036854775810 à -9223372036854775806/-9223372036854775810 à -9223372036854775801/-9223372036854775900 à -9223372036854775801"},
	}},
	{"rounding", must(protect.NewRounding(money, num("10"))), money, [][2]any{
		{"14.99", "10"}, {"15.00", "20"}, {"-14.99", "-10"}, {"-15.00", "-20"}, {"-4.99", "0"}, {"0.00", "0"},
	}},
	{"rounding to 0,05", must(protect.NewRounding(real64, num("0.05"))), real64, [][2]any{
		{0.07, "0,05"}, {0.075, "0,1"}, {math.Copysign(0, -1), "0"}, {-0.01, "0"}, {math.NaN(), "-"}, {math.Inf(1), "-"},
	}},
	{"limits", must(protect.NewLimits(real64, ptr(num("18")), ptr(num("80")))), real64, [][2]any{
		{17.0, "18 ou moins"}, {18.0, "18 ou moins"}, {18.5, "18,5"}, {80.0, "80 ou plus"}, {math.Inf(1), "80 ou plus"}, {math.Inf(-1), "18 ou moins"}, {math.NaN(), "-"},
	}},
	{"top alone", must(protect.NewLimits(whole, nil, ptr(num("3")))), whole, [][2]any{{-7, "-7"}, {2, "2"}, {3, "3 ou plus"}}},
	{"dates", must(protect.NewDates(date, "", protect.Month)), date, [][2]any{
		{"2024-03-31", "2024-03/2024-T1/2024"}, {"2024-04-01", "2024-04/2024-T2/2024"}, {"0001-01-01", "0001-01/0001-T1/0001"}, {"9999-12-31", "9999-12/9999-T4/9999"}, {"1969-12-31", "1969-12/1969-T4/1969"},
	}},
	{"instants", must(protect.NewDates(instant, "Europe/Paris", protect.Quarter)), instant, [][2]any{
		{"2023-12-31T22:59:59Z", "2023-T4/2023"}, {"2023-12-31T23:00:00Z", "2024-T1/2024"},
	}},
	{"ages", must(protect.NewAges(date, day("2023-02-28"), above, nums("0 18 65"))), date, [][2]any{
		{"2004-02-29", "18/18 à 64"}, {"2005-02-28", "18/18 à 64"}, {"2005-03-01", "17/0 à 17"}, {"2023-02-28", "0/0 à 17"}, {"2023-03-01", "-"}, {"1923-02-28", "100/65 ou plus"},
	}},
	{"ages of who was born on 29 February", must(protect.NewAges(date, day("2023-02-28"), open)), date, [][2]any{{"2004-02-29", "18"}, {"2020-02-29", "2"}}},
	{"ages on 1 March", must(protect.NewAges(date, day("2023-03-01"), open)), date, [][2]any{{"2004-02-29", "19"}, {"2020-02-29", "3"}}},
	{"communes", must(protect.NewCommunes(text)), text, [][2]any{
		{"35238", "35238/Ille-et-Vilaine (35)/Bretagne"}, {"2A004", "2A004/Corse-du-Sud (2A)/Corse"}, {"2B033", "2B033/Haute-Corse (2B)/Corse"},
		{"20004", "20004/Corse-du-Sud (2A) ou Haute-Corse (2B)/Corse"}, {"01004", "01004/Ain (01)/Auvergne-Rhône-Alpes"}, {"75056", "75056/Paris (75)/Île-de-France"},
		{"75120", "75056/Paris (75)/Île-de-France"}, {"69385", "69123/Rhône (69)/Auvergne-Rhône-Alpes"}, {"13216", "13055/Bouches-du-Rhône (13)/Provence-Alpes-Côte d'Azur"},
		{"97105", "97105/Guadeloupe (971)/Guadeloupe"}, {"97611", "97611/Mayotte (976)/Mayotte"}, {"97701", "97701/Saint-Barthélemy (977)/Outre-mer hors régions"},
		{"97502", "97502/Saint-Pierre-et-Miquelon (975)/Outre-mer hors régions"}, {"98818", "98818/Nouvelle-Calédonie (988)/Outre-mer hors régions"}, {"99100", "99100/Étranger/Étranger"},
		{"1004", "-"}, {"35238 ", "-"}, {"96001", "-"}, {"97001", "-"}, {"98000", "-"}, {"2C001", "-"}, {"", "-"}, {"00000", "-"},
	}},
	{"postcodes", must(protect.NewPostcodes(text, nil)), text, [][2]any{
		{"35000", "Ille-et-Vilaine (35)/Bretagne"}, {"01000", "Ain (01)/Auvergne-Rhône-Alpes"}, {"20000", "Corse-du-Sud (2A)/Corse"}, {"20167", "Corse-du-Sud (2A)/Corse"},
		{"20200", "Haute-Corse (2B)/Corse"}, {"20600", "Haute-Corse (2B)/Corse"}, {"20300", "Corse-du-Sud (2A) ou Haute-Corse (2B)/Corse"},
		{"97133", "Saint-Barthélemy (977)/Outre-mer hors régions"}, {"97150", "Saint-Martin (978)/Outre-mer hors régions"}, {"97110", "Guadeloupe (971)/Guadeloupe"},
		{"97400", "La Réunion (974)/La Réunion"}, {"97600", "Mayotte (976)/Mayotte"}, {"98000", "Monaco/Monaco"}, {"98799", "La Passion-Clipperton (989)/Outre-mer hors régions"},
		{"98600", "Wallis-et-Futuna (986)/Outre-mer hors régions"}, {"00100", "-"}, {"96000", "-"}, {"1000", "-"}, {"2A004", "-"}, {"99000", "-"},
	}},
	{"postcodes by a table", must(protect.NewPostcodes(text, table())), text, [][2]any{
		{"35000", "35238/Ille-et-Vilaine (35)/Bretagne"}, {"35999", "35001 ou 35002/Ille-et-Vilaine (35)/Bretagne"},
		{"44999", "35003 ou 44001/Ille-et-Vilaine (35) ou Loire-Atlantique (44)/Bretagne ou Pays de la Loire"},
		{"01200", "01033 ou 74001/Ain (01) ou Haute-Savoie (74)/Auvergne-Rhône-Alpes"}, {"75001", "75056/Paris (75)/Île-de-France"}, {"69009", "69123/Rhône (69)/Auvergne-Rhône-Alpes"}, {"56000", "-"},
	}},
	{"NAF", must(protect.NewNAF(text)), text, [][2]any{
		{"62.01Z", "62.01/62.0/62/J Information et communication"}, {"6201Z", "62.01/62.0/62/J Information et communication"}, {"01.11Z", "01.11/01.1/01/A Agriculture, sylviculture et pêche"},
		{"84.11Z", "84.11/84.1/84/O Administration publique"}, {"99.00Z", "99.00/99.0/99/U Activités extra-territoriales"},
		{"04.11Z", "-"}, {"34.00Z", "-"}, {"62.01", "-"}, {"62", "-"}, {"62.01z", "-"}, {"62-01Z", "-"}, {"6201ZZ", "-"}, {"", "-"}, {"６201Z", "-"},
	}},
	{"squares", must(protect.NewSquareNames(text, 200)), text, [][2]any{
		{"CRS3035RES200mN2607600E3467800", "CRS3035RES200mN2607600E3467800/CRS3035RES1000mN2607000E3467000"},
		{"CRS2975RES200mN7634200E359400", "CRS2975RES200mN7634200E359400/CRS2975RES1000mN7634000E359000"},
		{"CRS3035RES1000mN2607000E3467000", "-"}, {"CRS3035RES200mN2607601E3467800", "-"}, {"CRS3035RES100mN2607600E3467800", "-"}, {"CRS3035RES200mN02607600E3467800", "-"},
		{"RES200mN2607600E3467800", "-"}, {"CRS3035RES200mE3467800N2607600", "-"}, {"CRS3035RES200mN2607600E3467800 ", "-"}, {"", "-"},
	}},
	{"snapping", must(protect.NewSnap(real64, nums("0.01 0.1")...)), real64, [][2]any{
		{48.1173, "48.115/48.15"}, {-1.6777, "-1.675/-1.65"}, {math.Copysign(0, -1), "0.005/0.05"}, {-1e-9, "-0.005/-0.05"}, {math.NaN(), "-"},
	}},
	{"snapping metres", must(protect.NewSnap(whole, nums("1000")...)), whole, [][2]any{{352123, "352500"}, {-1, "-500"}}},
}

func ptr(n protect.Number) *protect.Number { return &n }

func TestGeneralisations(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, w := range c.want {
				got := "-"
				if labels, ok := c.g.Labels(nil, column(c.t, w[0]), 0); ok {
					if got = strings.Join(labels, "/"); len(labels) != len(c.g.Levels()) {
						t.Errorf("%v: %d labels for %d levels", w[0], len(labels), len(c.g.Levels()))
					}
				} else if len(labels) != 0 {
					t.Errorf("%v is outside and has labels", w[0])
				}
				if got != w[1] {
					t.Errorf("%v: %s, not %s", w[0], got, w[1])
				}
			}
			if c.g.Domain() == "" || slices.Contains(c.g.Levels(), "") {
				t.Error("no word for the domain, or for a level")
			}
		})
	}
}

// values are random ones of a type, many of them near each other.
func values(r *rapid.T, t arrow.DataType, known [][2]any) arrow.Array {
	n := rapid.IntRange(2, 60).Draw(r, "n")
	var all []any
	for range n {
		if len(known) > 0 && rapid.Bool().Draw(r, "known") {
			all = append(all, rapid.SampledFrom(known).Draw(r, "value")[0])
			continue
		}
		switch t.ID() {
		case arrow.INT64:
			all = append(all, rapid.IntRange(-300, 300).Draw(r, "int"))
		case arrow.FLOAT64:
			all = append(all, float64(rapid.IntRange(-5000, 5000).Draw(r, "int"))/rapid.SampledFrom([]float64{1, 7, 10, 1000}).Draw(r, "by"))
		case arrow.DECIMAL128:
			all = append(all, fmt.Sprintf("%d.%02d", rapid.IntRange(-300, 300).Draw(r, "int"), rapid.IntRange(0, 99).Draw(r, "cents")))
		case arrow.DATE32:
			all = append(all, fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(1990, 2024).Draw(r, "y"), rapid.IntRange(1, 12).Draw(r, "m"), rapid.IntRange(1, 28).Draw(r, "d")))
		case arrow.TIMESTAMP:
			all = append(all, fmt.Sprintf("%04d-%02d-%02dT%02d:30:00Z", rapid.IntRange(1990, 2024).Draw(r, "y"), rapid.IntRange(1, 12).Draw(r, "m"), rapid.IntRange(1, 28).Draw(r, "d"), rapid.IntRange(0, 23).Draw(r, "h")))
		default:
			all = append(all, rapid.StringMatching(`[0-9][0-9AB][0-9]{3}|[0-9]{2}\.[0-9]{2}[A-C]|CRS3035RES200mN2[0-9]{3}[02468]00E3[0-9]{3}[02468]00`).Draw(r, "text"))
		}
	}
	return column(t, all...)
}

// Values with one label at a level have one label at the next; the column of a
// level is that of its values one by one, as a dictionary too, and says which rows
// are outside.
func TestLevelsNest(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				a := values(r, c.t, c.want)
				above := map[string]string{}
				labels := make([][]string, a.Len())
				outside, first := 0, -1
				for i := range a.Len() {
					ls, ok := c.g.Labels(nil, a, i)
					if !ok {
						if outside++; first < 0 {
							first = i
						}
						continue
					}
					labels[i] = ls
					for l := range len(ls) - 1 {
						key := fmt.Sprint(l, ls[l])
						if other, ok := above[key]; ok && other != ls[l+1] {
							r.Errorf("%s is in %s and in %s", ls[l], other, ls[l+1])
						}
						above[key] = ls[l+1]
					}
				}
				for l := range c.g.Levels() {
					out, rows := protect.Generalise(mem, c.g, l, a)
					if rows.Rows != outside || outside > 0 && rows.First != first {
						r.Errorf("%d rows outside from %d, not %d from %d", rows.Rows, rows.First, outside, first)
					}
					for i := range a.Len() {
						if out.IsNull(i) != (labels[i] == nil) || labels[i] != nil && out.(*array.String).Value(i) != labels[i][l] {
							r.Errorf("row %d of the column is not its label", i)
						}
					}
				}
			})
		})
	}
}

// Bands are where a look at every bound finds them.
func TestBandsAreBetweenTheirBounds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cents := rapid.SliceOfNDistinct(rapid.IntRange(-500, 500), 1, 8, rapid.ID[int]).Draw(r, "bounds")
		slices.Sort(cents)
		var bounds []protect.Number
		for _, c := range cents {
			bounds = append(bounds, num(fmt.Sprintf("%de-2", c)))
		}
		g, err := protect.NewBands(money, open, bounds)
		if err != nil {
			r.Fatal(err)
		}
		v := rapid.IntRange(-600, 600).Draw(r, "value")
		b := array.NewDecimal128Builder(mem, money)
		b.Append(decimal128.FromI64(int64(v)))
		labels, ok := g.Labels(nil, b.NewArray(), 0)
		n := 0
		for n < len(cents) && cents[n] <= v {
			n++
		}
		french := func(c int) string { return strings.Replace(num(fmt.Sprintf("%de-2", c)).String(), ".", ",", 1) }
		var want string
		switch {
		case n == 0:
			want = "moins de " + french(cents[0])
		case n == len(cents):
			want = french(cents[n-1]) + " ou plus"
		default:
			want = french(cents[n-1]) + " à moins de " + french(cents[n])
		}
		if !ok || labels[0] != want {
			r.Errorf("%d is in %v, not %s", v, labels, want)
		}
	})
}

func TestNeighboursAreJoined(t *testing.T) {
	for _, c := range []struct {
		ends protect.Ends
		want string
	}{{open, "[[0 18 25 40 65 80] [18 40 80] [40] []]"}, {closed, "[[0 18 25 40 65 80] [0 25 65 80] [0 65 80] []]"}, {above, "[[0 18 25 40 65 80] [0 25 65] [0 65] []]"}} {
		bounds := nums("0 18 25 40 65 80")
		levels := [][]protect.Number{bounds}
		for bounds != nil {
			bounds = protect.JoinNeighbours(bounds, c.ends)
			levels = append(levels, bounds)
		}
		if got := fmt.Sprint(levels); got != c.want {
			t.Errorf("%v: %s, not %s", c.ends, got, c.want)
		}
		if _, err := protect.NewBands(whole, c.ends, levels[:len(levels)-1]...); err != nil {
			t.Errorf("%v: %v", c.ends, err)
		}
	}
}

// One bound is no range and has no neighbours.
func TestOneBoundHasNoNeighbours(t *testing.T) {
	for _, ends := range []protect.Ends{open, closed, above} {
		if joined := protect.JoinNeighbours(nums("18"), ends); joined != nil {
			t.Errorf("%v: %v", ends, joined)
		}
	}
}

func TestRefusals(t *testing.T) {
	second := func(_ any, err error) error { return err }
	for _, c := range []struct {
		what string
		err  error
		want *messages.Message
	}{
		{"text", second(protect.NewBands(text, open, nums("1"))), messages.GeneraliseType},
		{"no bound", second(protect.NewBands(whole, open, nil)), messages.FewBounds},
		{"no level", second(protect.NewBands(whole, open)), messages.FewBounds},
		{"one closed bound", second(protect.NewBands(whole, closed, nums("1"))), messages.FewBounds},
		{"falling", second(protect.NewBands(whole, open, nums("1 3 2"))), messages.BoundOrder},
		{"twice", second(protect.NewBands(real64, open, nums("1 1.0"))), messages.BoundOrder},
		{"half", second(protect.NewBands(whole, open, nums("1.5"))), messages.BoundNotWhole},
		{"not nested", second(protect.NewBands(whole, open, nums("1 3 5"), nums("2"))), messages.LevelsNotNested},
		{"another end", second(protect.NewBands(whole, closed, nums("1 3 5"), nums("1 3"))), messages.LevelsNotNested},
		{"another beginning", second(protect.NewBands(whole, above, nums("1 3 5"), nums("3"))), messages.LevelsNotNested},
		{"no width", second(protect.NewSteps(whole)), messages.FewBounds},
		{"width 0", second(protect.NewSteps(whole, num("0"))), messages.NotAboveZero},
		{"widths", second(protect.NewSteps(whole, nums("5 12")...)), messages.WidthsNotNested},
		{"same widths", second(protect.NewSteps(whole, nums("5 5")...)), messages.WidthsNotNested},
		{"half width", second(protect.NewSteps(whole, num("0.5"))), messages.BoundNotWhole},
		{"base", second(protect.NewRounding(money, num("-5"))), messages.NotAboveZero},
		{"half base", second(protect.NewRounding(whole, num("0.5"))), messages.BoundNotWhole},
		{"limits", second(protect.NewLimits(whole, ptr(num("5")), ptr(num("5")))), messages.BoundOrder},
		{"no limit", second(protect.NewLimits(whole, nil, nil)), messages.FewBounds},
		{"period", second(protect.NewDates(date, "", "week")), messages.NoSuchPeriod},
		{"zone", second(protect.NewDates(instant, "", protect.Month)), messages.UnknownZone},
		{"no date", second(protect.NewDates(whole, "", protect.Month)), messages.GeneraliseType},
		{"reference", second(protect.NewAges(date, -800000, open)), messages.NoReferenceDate},
		{"age of an instant", second(protect.NewAges(instant, 0, open)), messages.GeneraliseType},
		{"commune of a number", second(protect.NewCommunes(whole)), messages.GeneraliseType},
		{"postcode of a number", second(protect.NewPostcodes(whole, nil)), messages.GeneraliseType},
		{"squares", second(protect.NewSquares(300)), messages.NoSuchSquare},
		{"table", second(protect.ReadPostcodes(strings.NewReader("35000;35238\n3500;35238"))), messages.PostcodeLine},
		{"table of names", second(protect.ReadPostcodes(strings.NewReader("35000;Rennes"))), messages.PostcodeLine},
	} {
		if !messages.Has(c.err, c.want) {
			t.Errorf("%s: %v, not %s", c.what, c.err, c.want.Code)
		}
	}
	for _, bad := range []string{"", "-", "1,5", "NaN", "Inf", "1e9999", "0x10", "1_000", "1 000"} {
		if n, ok := protect.ParseNumber(bad); ok {
			t.Errorf("%q is the number %s", bad, n)
		}
	}
}

func TestRoundedColumns(t *testing.T) {
	r := func(t arrow.DataType, base string) *protect.Rounding {
		g, err := protect.NewRounding(t, num(base))
		if err != nil {
			panic(err)
		}
		return g
	}
	for _, c := range []struct {
		a    arrow.Array
		base string
		want string
		rows int
	}{
		{column(whole, 14, 15, -15, math.MaxInt64), "10", "[10 20 -20 (null)]", 1},
		{column(money, "14.99", "-15.00"), "10", "[10.00 -20.00]", 0},
		{column(real64, 0.07, math.NaN(), math.Copysign(0, -1), -0.01), "0.05", "[0.05 (null) 0 0]", 1},
	} {
		out, rows := r(c.a.DataType(), c.base).Column(mem, c.a)
		var got []string
		for i := range out.Len() {
			if s := out.ValueStr(i); out.DataType().ID() == arrow.DECIMAL128 {
				got = append(got, out.(*array.Decimal128).Value(i).ToString(2))
			} else {
				got = append(got, s)
			}
		}
		if s := fmt.Sprint(got); s != c.want || rows.Rows != c.rows || !arrow.TypeEqual(out.DataType(), c.a.DataType()) {
			t.Errorf("%v to %s: %s (%s), %d outside", c.a, c.base, s, out.DataType(), rows.Rows)
		}
	}
}

func TestSquares(t *testing.T) {
	s, err := protect.NewSquares(200)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lon, lat float64
		want     string
	}{
		{-1.6777, 48.1173, "CRS3035RES200mN2846800E3455200/CRS3035RES1000mN2846000E3455000"},
		{10, 52, "CRS3035RES200mN3210000E4321000/CRS3035RES1000mN3210000E4321000"}, // the origin is a corner
		{-61.0, 14.65, "CRS5490RES200mN1620400E715200/CRS5490RES1000mN1620000E715000"},
		{-52.33, 4.94, "CRS2972RES200mN546000E352400/CRS2972RES1000mN546000E352000"},
		{55.45, -20.88, "CRS2975RES200mN7690200E338600/CRS2975RES1000mN7690000E338000"},
		{45.23, -12.78, "CRS4471RES200mN8587000E524800/CRS4471RES1000mN8587000E524000"},
		{48.1173, -1.6777, "-"}, {math.NaN(), 48, "-"}, {0, 0, "-"}, {math.Inf(1), 45, "-"}, {-56.2, 46.8, "-"},
	} {
		labels, ok := s.At(nil, c.lon, c.lat)
		if got := strings.Join(labels, "/"); ok && got != c.want || ok != (c.want != "-") {
			t.Errorf("%v %v: %s %t, not %s", c.lon, c.lat, got, ok, c.want)
		}
	}
	names := must(protect.NewSquareNames(text, 200))
	rapid.Check(t, func(r *rapid.T) {
		lon, lat := rapid.Float64Range(-5, 9).Draw(r, "lon"), rapid.Float64Range(41, 51).Draw(r, "lat")
		want, ok := s.At(nil, lon, lat)
		if !ok {
			r.Fatal("no square")
		}
		if got, ok := names.Labels(nil, column(text, want[0]), 0); !ok || !slices.Equal(got, want) {
			r.Errorf("square %s is in %v, not %v", want[0], got, want)
		}
	})
}

// Every commune of the official geographic code is in its département and région.
func TestOfficialGeographicCode(t *testing.T) {
	f, err := os.Open("../../../../shared/data/referentiels/code_officiel_geographique.parquet")
	if err != nil {
		t.Skip("the official geographic code is not here: ", err)
	}
	defer f.Close()
	pf, err := file.NewParquetReader(f)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 4096}, mem)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := reader.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := must(protect.NewCommunes(text))
	tried := 0
	for rows.Next() {
		rec := rows.Record()
		value := func(name string, i int) string {
			return rec.Column(rec.Schema().FieldIndices(name)[0]).(*array.LargeString).Value(i)
		}
		for i := range int(rec.NumRows()) {
			code := value("commune_code", i)
			labels, ok := g.Labels(nil, column(text, code), 0)
			want := []string{code, value("departement_nom", i) + " (" + value("departement_code", i) + ")", value("region_nom", i)}
			for _, d := range [][3]string{{"75101", "75120", "75056"}, {"69381", "69389", "69123"}, {"13201", "13216", "13055"}} {
				if code >= d[0] && code <= d[1] {
					want[0] = d[2]
				}
			}
			if want[2] == value("departement_nom", i) && code >= "975" && code[:3] != "976" {
				want[2] = "Outre-mer hors régions"
			}
			if !ok || !slices.Equal(labels, want) {
				t.Errorf("%s is in %v, not %v", code, labels, want)
			}
			tried++
		}
	}
	if tried < 34000 {
		t.Errorf("%d communes were tried", tried)
	}
}

func BenchmarkBands(b *testing.B) {
	g := must(protect.NewBands(money, open, nums("0 100 1000 10000"), nums("1000")))
	a := column(money, "123.45")
	var labels []string
	for b.Loop() {
		labels, _ = g.Labels(labels[:0], a, 0)
	}
}

func BenchmarkSquares(b *testing.B) {
	s, _ := protect.NewSquares(200)
	var labels []string
	for b.Loop() {
		labels, _ = s.At(labels[:0], -1.6777, 48.1173)
	}
}

// Nothing that a text can be makes a generalisation of texts, a mask, a number or
// a list fail otherwise than by saying no.
func FuzzTexts(f *testing.F) {
	for _, c := range cases {
		for _, w := range c.want {
			if s, ok := w[0].(string); ok {
				f.Add(s)
			}
		}
	}
	f.Add("1e400")
	f.Add("-.5")
	f.Add("35000;35238")
	partial, err := protect.NewPartial(2, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range cases {
			if c.t != text {
				continue
			}
			labels, ok := c.g.Labels(nil, column(text, s), 0)
			if ok != (len(labels) == len(c.g.Levels())) || !ok && len(labels) > 0 {
				t.Errorf("%s: %q has the labels %q", c.name, s, labels)
			}
		}
		if n, ok := protect.ParseNumber(s); ok {
			if again, ok := protect.ParseNumber(n.String()); !ok || again.String() != n.String() {
				t.Errorf("%q is %s, which is %s", s, n, again)
			}
		}
		if m := partial.Of(s); utf8.ValidString(s) && !utf8.ValidString(m) {
			t.Errorf("the mask of %q is %q", s, m)
		}
		for _, form := range []protect.Form{protect.Exact, protect.Text, protect.Identifier} {
			if once := form.Canonical(s); utf8.ValidString(s) && form.Canonical(once) != once {
				t.Errorf("%s: %q becomes %q, then %q", form, s, once, form.Canonical(once))
			}
		}
		if table, err := protect.ReadPostcodes(strings.NewReader(s)); (table == nil) != (err != nil) {
			t.Errorf("%q: %v", s, err)
		}
	})
}
