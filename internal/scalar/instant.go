package scalar

import (
	"strconv"
	"time"
	_ "time/tzdata" // zones must be known on machines that have no zone database

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// InstantFormat is a compiled pattern: a DateFormat's, and HH mm ss, SSS or
// SSSSSS fractions, Z for an offset (Z, +02:00, +0200). "" is ISO 8601 / RFC
// 3339: T or a space between date and time, seconds and their fraction may be
// absent, and so may the offset when there is a zone. The zero InstantFormat
// is that without a zone.
type InstantFormat struct {
	pattern, zone string
	parts         []part
	place         *time.Location
}

// NewInstantFormat compiles a pattern; zone is the IANA zone of clock times
// without offset, "" when the text must carry one.
func NewInstantFormat(pattern, zone string) (InstantFormat, error) {
	f := InstantFormat{pattern: pattern, zone: zone}
	if zone != "" {
		place, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			return f, messages.UnknownZone.With("zone", strconv.Quote(zone))
		}
		f.place = place
	}
	if pattern == "" {
		return f, nil
	}
	parts, seen, err := compile(pattern)
	if err != nil {
		return f, err
	}
	bad := func(why string) (InstantFormat, error) {
		return f, messages.DatePattern.With("pattern", strconv.Quote(pattern), "why", why)
	}
	const date, clockTime = 1<<year | 1<<month | 1<<day, 1<<hour | 1<<minute
	switch {
	case seen&(date|clockTime) != date|clockTime:
		return bad("an instant has one YYYY, MM, DD, HH and mm")
	case seen&(1<<fraction) != 0 && seen&(1<<second) == 0:
		return bad("a fraction of a second needs ss")
	case seen&(1<<offset) == 0 && zone == "":
		return bad("it needs Z for the offset from UTC, or a zone such as \"Europe/Paris\"")
	}
	f.parts = parts
	return f, nil
}

// String is the pattern, or what stands for it.
func (f InstantFormat) String() string {
	if f.pattern != "" {
		return f.pattern
	}
	if f.zone != "" {
		return "YYYY-MM-DDTHH:mm:ss"
	}
	return "YYYY-MM-DDTHH:mm:ssZ"
}

// Parse reads an instant as microseconds since 1970 UTC. A clock time that a
// change of summer time skips or repeats is refused, and so are fractions finer
// than a microsecond and leap seconds.
func (f InstantFormat) Parse(b []byte) (arrow.Timestamp, *messages.Message) {
	var c clock
	var ok bool
	if f.parts == nil {
		ok = c.isoInstant(b)
	} else {
		ok = c.read(f.parts, b)
	}
	if !ok || c.v[hour] > 23 || c.v[minute] > 59 || c.v[second] > 59 || !c.hasOffset && f.place == nil {
		if repaired(b, func(b []byte) *messages.Message { _, why := f.Parse(b); return why }) {
			return 0, messages.LetterForDigit
		}
		return 0, messages.BadInstant
	}
	if !c.dayExists() {
		return 0, messages.NoSuchDay
	}
	local := int64(c.dayNumber())*86400 +
		int64(c.v[hour])*3600 + int64(c.v[minute])*60 + int64(c.v[second])
	off := int64(c.v[offset])
	if !c.hasOffset {
		if off, ok = offsetOf(f.place, local); !ok {
			return 0, messages.AmbiguousInstant
		}
	}
	return arrow.Timestamp((local-off)*1e6 + int64(c.v[fraction])), nil
}

// Append writes an instant: in UTC, or in the format's zone when it has one.
// The ISO form has a fraction, of six digits, when the instant has one.
func (f InstantFormat) Append(dst []byte, t arrow.Timestamp) []byte {
	seconds := floorDiv(int64(t), 1e6)
	var c clock
	c.v[fraction] = int32(int64(t) - seconds*1e6)
	if f.place != nil {
		_, off := time.Unix(seconds, 0).In(f.place).Zone()
		if off%60 != 0 && f.writesOffset() {
			off = 0 // before standard time; the offset could not be written exactly
		}
		c.v[offset] = int32(off)
		seconds += int64(off)
	}
	days := floorDiv(seconds, 86400)
	c.setDay(days)
	s := int32(seconds - days*86400)
	c.v[hour], c.v[minute], c.v[second] = s/3600, s/60%60, s%60
	if f.parts != nil {
		return c.write(f.parts, dst)
	}
	dst = append(c.appendISODate(dst), 'T')
	dst = append(appendPadded(dst, c.v[hour], 2), ':')
	dst = append(appendPadded(dst, c.v[minute], 2), ':')
	dst = appendPadded(dst, c.v[second], 2)
	if c.v[fraction] != 0 {
		dst = appendPadded(append(dst, '.'), c.v[fraction], 6)
	}
	return appendOffset(dst, c.v[offset])
}

func (f InstantFormat) writesOffset() bool {
	for _, p := range f.parts {
		if p.field == offset {
			return true
		}
	}
	return f.parts == nil
}

// isoInstant reads all of b as ISO 8601 in its extended form.
func (c *clock) isoInstant(b []byte) bool {
	if len(b) < 16 || b[13] != ':' || !c.isoDay(b[:10]) {
		return false
	}
	if b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return false
	}
	var ok1, ok2, ok3 bool
	c.v[hour], ok1 = twoDigits(b[11:])
	c.v[minute], ok2 = twoDigits(b[14:])
	if !ok1 || !ok2 {
		return false
	}
	if b = b[16:]; len(b) >= 3 && b[0] == ':' {
		if c.v[second], ok3 = twoDigits(b[1:]); !ok3 {
			return false
		}
		if b = b[3:]; len(b) > 0 && (b[0] == '.' || b[0] == ',') {
			end := digitsAt(b, 1)
			if !c.setFraction(b[1:end]) {
				return false
			}
			b = b[end:]
		}
	}
	return len(b) == 0 || c.readOffset(b) == len(b)
}

func twoDigits(b []byte) (int32, bool) {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, false
	}
	return int32(b[0]-'0')*10 + int32(b[1]-'0'), true
}

// setFraction takes the digits after the point, exact to the microsecond.
func (c *clock) setFraction(d []byte) bool {
	v := int32(0)
	for i, x := range d {
		if i >= 6 {
			if x != '0' {
				return false
			}
			continue
		}
		v = v*10 + int32(x-'0')
	}
	for i := len(d); i < 6; i++ {
		v *= 10
	}
	c.v[fraction] = v
	return len(d) > 0
}

// readOffset reads Z, +02, +02:00 or +0200 at the start of b and gives its
// length, 0 when there is none.
func (c *clock) readOffset(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if b[0] == 'Z' || b[0] == 'z' {
		c.hasOffset, c.v[offset] = true, 0
		return 1
	}
	h, ok := twoDigits(b[1:])
	if b[0] != '+' && b[0] != '-' || !ok || h > 23 {
		return 0
	}
	n := 3
	rest := b[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
		n++
	}
	m, ok := twoDigits(rest)
	if ok {
		n += 2
	} else if n == 4 {
		return 0
	}
	if m > 59 {
		return 0
	}
	v := h*3600 + m*60
	if b[0] == '-' {
		v = -v
	}
	c.hasOffset, c.v[offset] = true, v
	return n
}

func appendOffset(dst []byte, seconds int32) []byte {
	if seconds == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = appendPadded(append(dst, sign), seconds/3600, 2)
	return appendPadded(append(dst, ':'), seconds/60%60, 2)
}

// margin is more than any two offsets from UTC can differ by.
const margin = 27 * 3600

// offsetOf is the offset from UTC of the one instant at which clocks in the
// place show local (seconds since 1970 as if in UTC); false when there is none
// or more than one.
func offsetOf(place *time.Location, local int64) (int64, bool) {
	at := time.Unix(local, 0).In(place)
	start, end := bounds(at)
	if start < local-margin && end > local+margin {
		_, off := at.Zone()
		return int64(off), true
	}
	found, offsets := int64(0), 0
	for from := local - margin; from <= local+margin; {
		at := time.Unix(from, 0).In(place)
		_, end := bounds(at)
		if end <= from {
			// On the last day of a leap year beyond the zone's table the library
			// says that the offset ended the day before. Offsets change on quarters.
			end = from + 900
		}
		_, off := at.Zone()
		if t := local - int64(off); from <= t && t < end {
			found = int64(off)
			offsets++
		}
		from = end
	}
	return found, offsets == 1
}

// bounds are the first second and the one past the last of the zone's offset at t.
func bounds(t time.Time) (start, end int64) {
	const never = 1 << 60
	s, e := t.ZoneBounds()
	start, end = -never, never
	if !s.IsZero() {
		start = s.Unix()
	}
	if !e.IsZero() {
		end = e.Unix()
	}
	return start, end
}
