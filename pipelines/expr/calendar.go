package expr

// The proleptic Gregorian calendar on days since 1970, after H. Hinnant,
// "chrono-compatible low-level date algorithms".

func civil(days int64) (y, m, d int64) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

func daysOf(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func monthLength(y, m int64) int64 {
	if m == 2 {
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (m+m/8)&1
}

// firstDay and lastDay are the days that can be written with four digits of year.
var (
	firstDay, lastDay         = daysOf(1, 1, 1), daysOf(9999, 12, 31)
	firstInstant, lastInstant = firstDay * microsOfDay, (lastDay+1)*microsOfDay - 1
)

// weekday is 1 for Monday to 7 for Sunday.
func weekday(days int64) int64 { return days + 3 - floorDiv(days+3, 7)*7 + 1 }

// isoWeek is the week of ISO 8601 and the year it belongs to.
func isoWeek(days int64) (year, week int64) {
	thursday := days + 4 - weekday(days)
	year, _, _ = civil(thursday)
	return year, (thursday-daysOf(year, 1, 1))/7 + 1
}
