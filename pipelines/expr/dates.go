package expr

import (
	"time"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// part is one number of a date or of a clock time.
type part struct {
	ofDay   func(days int64) int64
	ofClock func(micros int64) int64 // since midnight; nil for a part of a date
}

var parts = map[string]part{
	"year":        {ofDay: func(d int64) int64 { y, _, _ := civil(d); return y }},
	"month":       {ofDay: func(d int64) int64 { _, m, _ := civil(d); return m }},
	"day":         {ofDay: func(d int64) int64 { _, _, d = civil(d); return d }},
	"quarter":     {ofDay: func(d int64) int64 { _, m, _ := civil(d); return (m + 2) / 3 }},
	"week":        {ofDay: func(d int64) int64 { _, w := isoWeek(d); return w }},
	"week_year":   {ofDay: func(d int64) int64 { y, _ := isoWeek(d); return y }},
	"weekday":     {ofDay: weekday},
	"day_of_year": {ofDay: func(d int64) int64 { y, _, _ := civil(d); return d - daysOf(y, 1, 1) + 1 }},
	"hour":        {ofClock: func(us int64) int64 { return us / 3_600_000_000 }},
	"minute":      {ofClock: func(us int64) int64 { return us / 60_000_000 % 60 }},
	"second":      {ofClock: func(us int64) int64 { return us / 1_000_000 % 60 }},
}

// bindPart is year(date), year(timestamp, zone) and their like. The zone is
// demanded because the year of an instant in Paris is not that in UTC.
func bindPart(c *call) *node {
	p := parts[c.f.Name]
	t := typ{k: kInt}
	if c.args[0].t.k == kInstant {
		if len(c.args) != 2 {
			c.wrongArguments()
			return nil
		}
		if p.ofClock == nil {
			return c.localDays(t, 1, p.ofDay)
		}
		return c.local(t, 1, func(_, micros int64) int64 { return p.ofClock(micros) })
	}
	if p.ofClock != nil || len(c.args) != 1 || !c.want(0, kDate) {
		c.wrongArguments()
		return nil
	}
	return c.make(t, func(n int, out *vec, in []*vec) {
		for i, d := range in[0].ints[:n] {
			out.ints[i] = p.ofDay(d)
		}
	}, c.args[0])
}

const microsOfDay = 86_400_000_000

// local computes from the day and the microseconds since midnight that an
// instant has in the zone of argument i.
func (c *call) local(t typ, i int, f func(days, micros int64) int64) *node {
	place, ok := c.zone(i)
	if !ok {
		return nil
	}
	over := c.overflow(c.args[0].t)
	return c.make(t, func(n int, out *vec, in []*vec) {
		z := clock{place: place}
		for i, us := range in[0].ints[:n] {
			if us < firstInstant || us > lastInstant {
				out.fail(i, n, over)
			} else if out.ok(i) {
				out.ints[i] = f(z.local(us))
			}
		}
	}, c.args[0])
}

func (c *call) localDays(t typ, i int, f func(days int64) int64) *node {
	return c.local(t, i, func(days, _ int64) int64 { return f(days) })
}

func (c *call) zone(i int) (*time.Location, bool) {
	if i >= len(c.args) {
		c.wrongArguments()
		return nil, false
	}
	name, ok := c.constText(i)
	if !ok {
		return nil, false
	}
	if _, err := scalar.NewInstantFormat("", name); err != nil || name == "" {
		c.report(messages.UnknownZone.With("zone", `"`+name+`"`), c.args[i].at)
		return nil, false
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		c.report(messages.UnknownZone.With("zone", `"`+name+`"`), c.args[i].at)
	}
	return place, err == nil
}

// clock is a zone and, of the last instant asked for, the span of time in which
// the zone keeps one offset.
type clock struct {
	place    *time.Location
	from, to int64 // seconds
	offset   int64
	known    bool
}

// local is the day and the microseconds since midnight.
func (z *clock) local(us int64) (days, micros int64) {
	s := floorDiv(us, 1_000_000)
	if !z.known || s < z.from || s >= z.to {
		z.find(s)
	}
	local := us + z.offset*1_000_000
	days = floorDiv(local, microsOfDay)
	return days, local - days*microsOfDay
}

func (z *clock) find(s int64) {
	at := time.Unix(s, 0).In(z.place)
	_, offset := at.Zone()
	start, end := at.ZoneBounds()
	z.offset, z.known, z.from, z.to = int64(offset), true, s, s+1
	if !start.IsZero() && !end.IsZero() {
		z.from, z.to = start.Unix(), end.Unix()
	}
}

// midnight is when a day begins in the zone.
func (z *clock) midnight(days int64) int64 {
	y, m, d := civil(days)
	return time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, z.place).UnixMicro()
}

// midnights is when days begin in the zone of the last argument.
func (c *call) midnights(a *node) *node {
	place, ok := c.zone(len(c.args) - 1)
	if len(c.args) != 2 {
		c.wrongArguments()
		return nil
	}
	if !ok {
		return nil
	}
	over := c.overflow(a.t)
	return c.make(typ{k: kInstant}, func(n int, out *vec, in []*vec) {
		z := clock{place: place}
		for i, d := range in[0].ints[:n] {
			if d < firstDay || d > lastDay {
				out.fail(i, n, over)
				continue
			}
			out.ints[i] = z.midnight(d)
		}
	}, a)
}

var truncations = map[string]func(days int64) int64{
	"day":     func(d int64) int64 { return d },
	"week":    func(d int64) int64 { return d - weekday(d) + 1 },
	"month":   func(d int64) int64 { _, _, day := civil(d); return d - day + 1 },
	"quarter": func(d int64) int64 { y, m, _ := civil(d); return daysOf(y, (m-1)/3*3+1, 1) },
	"year":    func(d int64) int64 { y, _, _ := civil(d); return daysOf(y, 1, 1) },
}

var clockTruncations = map[string]int64{"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}

// bindDateTrunc is date_trunc(unit, date) and date_trunc(unit, timestamp, zone).
func bindDateTrunc(c *call) *node {
	unit, ok := c.constText(0)
	if !ok {
		return nil
	}
	trunc, whole := truncations[unit]
	step, clocked := clockTruncations[unit]
	a := c.args[1]
	if !whole && !(clocked && a.t.k == kInstant) {
		c.constantWanted(0, `"year", "quarter", "month", "week", "day"; timestamp: "hour", "minute", "second"`)
		return nil
	}
	if a.t.k == kInstant {
		return c.truncInstant(a, trunc, step)
	}
	if len(c.args) != 2 || !c.want(1, kDate) {
		c.wrongArguments()
		return nil
	}
	return c.make(a.t, func(n int, out *vec, in []*vec) {
		for i, d := range in[0].ints[:n] {
			out.ints[i] = trunc(d)
		}
	}, c.args[1])
}

func (c *call) truncInstant(a *node, trunc func(int64) int64, step int64) *node {
	place, ok := c.zone(2)
	if !ok {
		return nil
	}
	over := c.overflow(a.t)
	return c.make(a.t, func(n int, out *vec, in []*vec) {
		z := clock{place: place}
		for i, us := range in[0].ints[:n] {
			if us < firstInstant || us > lastInstant {
				out.fail(i, n, over)
			}
			if !out.ok(i) {
				continue
			}
			days, micros := z.local(us)
			if trunc == nil {
				out.ints[i] = us - micros%step
			} else {
				out.ints[i] = z.midnight(trunc(days))
			}
		}
	}, a)
}

// bindShift is add_days, add_months and add_years. The day of a month that is
// too short becomes its last.
func bindShift(months int64) func(*call) *node {
	return func(c *call) *node {
		if !c.want(0, kDate) || !c.ints(1) {
			return nil
		}
		over := c.overflow(typ{k: kDate})
		return c.make(typ{k: kDate}, func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
			for i := range out.ints[:n] {
				d, by := a[i&am], b[i&bm]
				if by < -4_000_000 || by > 4_000_000 {
					out.fail(i, n, over)
					continue
				}
				if months == 0 {
					d += by
				} else {
					d = addMonths(d, by*months)
				}
				if d < firstDay || d > lastDay {
					out.fail(i, n, over)
				}
				out.ints[i] = d
			}
		}, c.args...)
	}
}

func addMonths(days, by int64) int64 {
	y, m, d := civil(days)
	at := y*12 + m - 1 + by
	y = floorDiv(at, 12)
	m = at - y*12 + 1
	return daysOf(y, m, min(d, monthLength(y, m)))
}

func bindDaysBetween(c *call) *node {
	if !c.want(0, kDate) || !c.want(1, kDate) {
		return nil
	}
	return c.make(typ{k: kInt}, func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.ints[:n] {
			out.ints[i] = b[i&bm] - a[i&am]
		}
	}, c.args...)
}
