package scalar

import "github.com/apache/arrow/go/v15/arrow"

func (c *clock) dayExists() bool {
	y, m, d := c.v[year], c.v[month], c.v[day]
	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= monthLength(y, m)
}

func monthLength(y, m int32) int32 {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysBefore is how many days of a common year lie before each month, from 1.
var daysBefore = [13]int32{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

// dayNumber counts the days from 1970-01-01 to a day that exists.
func (c *clock) dayNumber() int32 {
	y, m, d := c.v[year], c.v[month], c.v[day]
	p := uint32(y - 1)
	n := int32(p*365+p/4-p/100+p/400) - 719162 + daysBefore[m] + d - 1
	if m > 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		n++
	}
	return n
}

// isoDay is dayNumber of YYYY-MM-DD; false of a 29th of February too, and of what is no day.
// Years begin in March here, so that the day that a leap year has more is their last.
func isoDay(b []byte) (arrow.Date32, bool) {
	y, m, d, ok := isoParts(b)
	if !ok || m > 12 || y == 0 || d-1 >= commonLength[m&15] {
		return 0, false
	}
	if m <= 2 {
		y--
	}
	century := y / 100
	return arrow.Date32(1461*y/4-century+century/4+daysSinceMarch[m&15]+d-1) - 719468, true
}

// Of months, from 1: how long they are in a common year, and how many days lie between
// the first of March before and theirs.
var (
	commonLength   = [16]uint32{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	daysSinceMarch = [16]uint32{0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275}
)

// setDay is the inverse of dayNumber, of any year. For those that a date can have it takes
// no division (Neri and Schneider, "Euclidean affine functions and their application to
// calendar algorithms", 2022).
func (c *clock) setDay(days int64) {
	if days < firstDay || days > lastDay {
		c.setFarDay(days)
		return
	}
	const before = 719468 // days from 0000-03-01, where these years begin, to 1970-01-01
	n := 4*uint32(days+before) + 3
	century := n / 146097
	n = n%146097 | 3
	product := 2939745 * uint64(n)
	dayOfYear := uint32(product) / 2939745 / 4
	y := int32(100*century + uint32(product>>32))
	n = 2141*dayOfYear + 197913
	m, d := int32(n>>16), int32(n&0xffff/2141)+1
	if m > 12 {
		m -= 12
		y++
	}
	c.v[year], c.v[month], c.v[day] = y, m, d
}

// The days that a date has a form for: 0001-01-01 and 9999-12-31.
const firstDay, lastDay = -719162, 2932896

func (c *clock) setFarDay(days int64) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m := yoe+era*400, mp+3
	if m > 12 {
		m -= 12
		y++
	}
	c.v[year], c.v[month], c.v[day] = int32(y), int32(m), int32(doy-(153*mp+2)/5+1)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
