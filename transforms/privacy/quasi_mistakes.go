package privacy

import (
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// boundsMistake is what is wrong with the numbers, the day and the zone of a
// quasi-identifier, whatever the type of its column: said here, it is said of the
// argument, and of policies whose columns nobody declared.
func (q quasiConfig) boundsMistake() error {
	for _, list := range []struct {
		argument string
		given    []string
		numbers  bool
	}{{"bands", q.Bands, true}, {"steps", q.Steps, true}, {"snap", q.Snap, true}, {"hierarchy", q.Hierarchy, false}} {
		if list.given != nil && len(list.given) == 0 {
			return pipelines.At(list.argument, messages.WrongQuasi.With("column", q.Column, "why", "a list in which nothing is: "+list.argument))
		}
		if _, err := q.numbers(list.given); list.numbers && err != nil {
			return pipelines.At(list.argument, err)
		}
	}
	for _, one := range []struct{ argument, given string }{{"top", q.Top}, {"bottom", q.Bottom}, {"round", q.Round}} {
		if _, err := q.number(one.given); err != nil {
			return pipelines.At(one.argument, err)
		}
	}
	if q.AgeAt != "" {
		if _, err := (scalar.DateFormat{}).Parse([]byte(q.AgeAt)); err != nil {
			return pipelines.At("age_at", messages.NoReferenceDate.With())
		}
	}
	if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "Local" {
		return pipelines.At("zone", messages.UnknownZone.With("zone", strconv.Quote(q.Zone)))
	}
	if len(q.Bands) > 0 {
		return q.bandsMistake()
	}
	return nil
}

// bandsMistake is said of bands before anything is said of what they are bounds of.
func (q quasiConfig) bandsMistake() error {
	bounds, err := q.numbers(q.Bands)
	if err != nil {
		return pipelines.At("bands", err)
	}
	ends := protect.Ends{Below: q.Bottom != "", Above: q.Top != ""}
	if _, err := protect.NewBands(arrow.PrimitiveTypes.Float64, ends, bounds); err != nil {
		return pipelines.At("bands", err)
	}
	for _, end := range []struct {
		argument, given, why string
		at                   int
	}{
		{"top", q.Top, "top that is not the last of bands", len(bounds) - 1},
		{"bottom", q.Bottom, "bottom that is not the first of bands", 0},
	} {
		n, err := q.number(end.given)
		if err == nil && n != nil && n.String() != bounds[end.at].String() {
			err = messages.WrongQuasi.With("column", q.Column, "why", end.why)
		}
		if err != nil {
			return pipelines.At(end.argument, err)
		}
	}
	return nil
}
