package protect

import (
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Days of the years 1 and 9999, between which dates are written.
const firstDay, lastDay = -719162, 2932896

// day is a date of the calendar.
type day struct{ year, month, day int }

func dayOf(d arrow.Date32) (day, bool) {
	if d < firstDay || d > lastDay {
		return day{}, false
	}
	var room [10]byte
	b := scalar.DateFormat{}.Append(room[:0], d)
	n := func(b []byte) (n int) {
		for _, c := range b {
			n = 10*n + int(c-'0')
		}
		return n
	}
	return day{n(b[:4]), n(b[5:7]), n(b[8:])}, true
}

// A Period is what dates are brought to.
type Period string

const (
	Month   Period = "month"   // 2024-03
	Quarter Period = "quarter" // 2024-T1
	Year    Period = "year"    // 2024
)

var periods = []Period{Month, Quarter, Year}

var periodNames = map[Period]string{Month: "mois", Quarter: "trimestre", Year: "année"}

// Dates brings dates to the month, the quarter and the year, from a first of
// these on.
type Dates struct {
	periods []Period
	zone    *time.Location
}

// NewDates is for dates, and for instants as the clock of a zone shows them; a
// date has no zone.
func NewDates(t arrow.DataType, zone string, from Period) (*Dates, error) {
	if err := typed(t, "date, timestamp", arrow.DATE32, arrow.TIMESTAMP); err != nil {
		return nil, err
	}
	d := &Dates{}
	for i, p := range periods {
		if p == from {
			d.periods = periods[i:]
		}
	}
	if d.periods == nil {
		return nil, messages.NoSuchPeriod.With("got", string(from))
	}
	if t.ID() == arrow.TIMESTAMP {
		place, err := time.LoadLocation(zone)
		if err != nil || zone == "" || zone == "Local" {
			return nil, messages.UnknownZone.With("zone", strconv.Quote(zone))
		}
		d.zone = place
	}
	return d, nil
}

// Levels are the names of the periods.
func (d *Dates) Levels() []string {
	var names []string
	for _, p := range d.periods {
		names = append(names, periodNames[p])
	}
	return names
}

// Domain is the years that have four digits.
func (d *Dates) Domain() string { return "dates des années 0001 à 9999" }

// Labels are the periods of date i of a.
func (d *Dates) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	date, ok := d.date(a, i)
	if !ok {
		return dst, false
	}
	year := strconv.Itoa(10000 + date.year)[1:]
	for _, p := range d.periods {
		switch p {
		case Month:
			dst = append(dst, year+"-"+strconv.Itoa(100 + date.month)[1:])
		case Quarter:
			dst = append(dst, year+"-T"+strconv.Itoa((date.month+2)/3))
		case Year:
			dst = append(dst, year)
		}
	}
	return dst, true
}

func (d *Dates) date(a arrow.Array, i int) (day, bool) {
	switch a := a.(type) {
	case *array.Date32:
		return dayOf(a.Value(i))
	case *array.Timestamp:
		y, m, n := a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit).In(d.zone).Date()
		return day{y, int(m), n}, y >= 1 && y <= 9999
	}
	panic("protect: no date in " + a.DataType().String())
}

// Ages turns dates of birth into whole years lived at a reference date, then into
// bands. Who was born on 29 February is a year older on 1 March. A birth after
// the reference date is outside of the domain.
type Ages struct {
	at    day
	bands *Bands // or nil
	text  string
}

// NewAges is for dates; bands of ages may be left out.
func NewAges(t arrow.DataType, reference arrow.Date32, ends Ends, bands ...[]Number) (*Ages, error) {
	if err := typed(t, "date", arrow.DATE32); err != nil {
		return nil, err
	}
	at, ok := dayOf(reference)
	if !ok {
		return nil, messages.NoReferenceDate.With()
	}
	g := &Ages{at: at, text: string(scalar.DateFormat{}.Append(nil, reference))}
	if len(bands) > 0 {
		var err error
		if g.bands, err = newBands(true, ends, bands); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Levels are the age and its bands.
func (g *Ages) Levels() []string {
	names := []string{"âge au " + g.text}
	if g.bands != nil {
		names = append(names, g.bands.Levels()...)
	}
	return names
}

// Domain is births up to the reference date.
func (g *Ages) Domain() string {
	if g.bands != nil && !(g.bands.ends.Below && g.bands.ends.Above) {
		return "dates de naissance jusqu'au " + g.text + ", âges : " + g.bands.Domain()
	}
	return "dates de naissance jusqu'au " + g.text
}

// Labels are the age of who was born on date i of a, and its bands.
func (g *Ages) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	born, ok := dayOf(a.(*array.Date32).Value(i))
	if !ok {
		return dst, false
	}
	years := g.at.year - born.year
	if born.month > g.at.month || born.month == g.at.month && born.day > g.at.day {
		years--
	}
	if years < 0 {
		return dst, false
	}
	start := len(dst)
	dst = append(dst, strconv.Itoa(years))
	if g.bands == nil {
		return dst, true
	}
	if dst, ok = g.bands.of(dst, Whole(int64(years))); !ok {
		return dst[:start], false
	}
	return dst, true
}
