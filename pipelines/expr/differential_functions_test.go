package expr

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// What the functions of the library mean, beside those that operators need: each as
// the standard library has it, or counted out one character after the other.

// textFunction is a random function that gives a text.
func textFunction(t *rapid.T, depth int) (meaning, bool) {
	a := expression(t, kText, depth)
	m := meaning{k: kText}
	of := func(call string, f func(s string) string) (meaning, bool) {
		m.src = strings.Replace(call, "$", a.src, 1)
		m.eval = strictly(func(as []answer) answer { return answer{s: f(as[0].s)} }, a)
		return m, true
	}
	width := rapid.IntRange(0, 12).Draw(t, "width")
	switch name := rapid.SampledFrom([]string{"lower", "trim", "trim set", "trimprefix", "trimsuffix", "pad_left", "pad_right", "collapse_spaces",
		"regex_replace", "regex_extract", "split", "join", "lookup", "date", "capitals"}).Draw(t, "text function"); name {
	case "lower":
		return of("lower($)", strings.ToLower)
	case "trim":
		return of("trim($)", strings.TrimSpace)
	case "trim set":
		return of(`trim($, "aéo -")`, func(s string) string { return strings.Trim(s, "aéo -") })
	case "trimprefix", "trimsuffix":
		b := operand(t, kText, depth)
		m.src = fmt.Sprintf("%s(%s, %s)", name, a.src, b.src)
		m.eval = strictly(func(as []answer) answer {
			if name == "trimprefix" {
				return answer{s: strings.TrimPrefix(as[0].s, as[1].s)}
			}
			return answer{s: strings.TrimSuffix(as[0].s, as[1].s)}
		}, a, b)
		return m, true
	case "pad_left":
		return of(fmt.Sprintf(`pad_left($, %d, "é")`, width), func(s string) string { return missing(s, width, "é") + s })
	case "pad_right":
		return of(fmt.Sprintf("pad_right($, %d)", width), func(s string) string { return s + missing(s, width, " ") })
	case "collapse_spaces":
		return of("collapse_spaces($)", func(s string) string { return strings.Join(strings.Fields(s), " ") })
	case "regex_replace":
		r := regexp.MustCompile(`([a-zé])(\s?)([0-9]*)`)
		return of(`regex_replace($, "([a-zé])(\\s?)([0-9]*)", "<$3$1>")`, func(s string) string { return r.ReplaceAllString(s, "<$3$1>") })
	case "regex_extract":
		r := regexp.MustCompile(`o(.)|(é)`)
		m.src = `regex_extract(` + a.src + `, "o(.)|(é)", 1)`
		m.eval = strictly(func(as []answer) answer {
			found := r.FindStringSubmatchIndex(as[0].s)
			if found == nil || found[2] < 0 {
				return answer{null: true}
			}
			return answer{s: as[0].s[found[2]:found[3]]}
		}, a)
		return m, true
	case "split":
		return of(`split(" ", $)[0]`, func(s string) string { return strings.Split(s, " ")[0] })
	case "join":
		return of(`join("+", split("o", $))`, func(s string) string { return strings.ReplaceAll(s, "o", "+") })
	case "lookup":
		named := map[string]string{"a": "un", "éclair": "deux", "": "rien"}
		m.src = `lookup({a = "un", "éclair" = "deux", "" = "rien"}, ` + a.src + `, "autre")`
		m.eval = func(row map[string]answer) answer {
			x := a.eval(row)
			if v, ok := named[x.s]; x.err != "" || ok && !x.null {
				return answer{err: x.err, s: v}
			}
			return answer{s: "autre"}
		}
		return m, true
	case "date":
		d := expression(t, kDate, depth)
		m.src = `to_text(` + d.src + `, "DD/MM/YYYY")`
		m.eval = strictly(func(as []answer) answer { return answer{s: as[0].day.Format("02/01/2006")} }, d)
		return m, true
	}
	return of("upper(lower($))", func(s string) string { return strings.ToUpper(strings.ToLower(s)) })
}

func missing(s string, width int, with string) string {
	return strings.Repeat(with, max(0, width-len([]rune(s))))
}

// boolFunction is a random function that says yes or no.
func boolFunction(t *rapid.T, depth int) (meaning, bool) {
	a := expression(t, kText, depth)
	m := meaning{k: kBool}
	switch name := rapid.SampledFrom([]string{"ends_with", "contains_text", "regex_match", "luhn"}).Draw(t, "bool function"); name {
	case "regex_match":
		r := regexp.MustCompile(`^\S+$`)
		m.src = `regex_match(` + a.src + `, "^\\S+$")`
		m.eval = strictly(func(as []answer) answer { return answer{b: r.MatchString(as[0].s)} }, a)
	case "luhn":
		m.src = "luhn(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return answer{b: keyed(as[0].s)} }, a)
	default:
		b := operand(t, kText, depth)
		m.src = fmt.Sprintf("%s(%s, %s)", name, a.src, b.src)
		m.eval = strictly(func(as []answer) answer {
			if name == "ends_with" {
				return answer{b: strings.HasSuffix(as[0].s, as[1].s)}
			}
			return answer{b: strings.Contains(as[0].s, as[1].s)}
		}, a, b)
	}
	return m, true
}

// keyed is Luhn's rule: every second digit from the right counts double, as the
// sum of its digits.
func keyed(s string) bool {
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return s != "" && sum%10 == 0
}

// intFunction is a random function that gives a whole number.
func intFunction(t *rapid.T, depth int) (meaning, bool) {
	m := meaning{k: kInt}
	number := func(n int) answer { return answer{r: big.NewRat(int64(n), 1)} }
	switch name := rapid.SampledFrom([]string{"sign", "quarter", "week_year", "hour", "minute", "day"}).Draw(t, "int function"); name {
	case "sign":
		a := expression(t, rapid.SampledFrom([]kind{kInt, kDec}).Draw(t, "signed"), depth)
		m.src = "sign(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return number(as[0].r.Sign()) }, a)
	case "quarter", "week_year":
		a := expression(t, kDate, depth)
		m.src = name + "(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer {
			if year, _ := as[0].day.ISOWeek(); name == "week_year" {
				return number(year)
			}
			return number((int(as[0].day.Month()) + 2) / 3)
		}, a)
	default: // on the clocks of another zone, when a day begins in this one
		zones := []string{"Europe/Paris", "Indian/Reunion", "America/Martinique", "UTC", "Pacific/Noumea"}
		from, to := rapid.SampledFrom(zones).Draw(t, "from"), rapid.SampledFrom(zones).Draw(t, "to")
		a := expression(t, kDate, depth)
		m.src = fmt.Sprintf("%s(to_timestamp(%s, %q), %q)", name, a.src, from, to)
		m.eval = strictly(func(as []answer) answer {
			here, _ := time.LoadLocation(from)
			there, _ := time.LoadLocation(to)
			y, month, d := as[0].day.Date()
			at := time.Date(y, month, d, 0, 0, 0, 0, here)
			if year := at.UTC().Year(); year < 1 || year > 9999 {
				return answer{err: codeOverflow}
			}
			at = at.In(there)
			return number(map[string]int{"hour": at.Hour(), "minute": at.Minute(), "day": at.Day()}[name])
		}, a)
	}
	return m, true
}

// dateFunction is a random function that gives a day.
func dateFunction(t *rapid.T, depth int) (meaning, bool) {
	a := expression(t, kDate, depth)
	m := meaning{k: kDate}
	if rapid.Bool().Draw(t, "truncated") {
		unit := rapid.SampledFrom([]string{"year", "quarter", "month", "week", "day"}).Draw(t, "unit")
		m.src = fmt.Sprintf("date_trunc(%q, %s)", unit, a.src)
		m.eval = strictly(func(as []answer) answer { return answer{day: begun(as[0].day, unit)} }, a)
		return m, true
	}
	name := rapid.SampledFrom([]string{"add_months", "add_years"}).Draw(t, "shift")
	n := operand(t, kInt, depth)
	m.src = fmt.Sprintf("%s(%s, %s)", name, a.src, n.src)
	m.eval = strictly(func(as []answer) answer {
		by := as[1].r.Num()
		if !by.IsInt64() || by.Int64() > 200_000 || by.Int64() < -200_000 {
			return answer{err: codeOverflow}
		}
		months := int(by.Int64())
		if name == "add_years" {
			months *= 12
		}
		y, month, d := as[0].day.Date()
		first := time.Date(y, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
		if first.Year() < 1 || first.Year() > 9999 {
			return answer{err: codeOverflow}
		}
		return answer{day: first.AddDate(0, 0, min(d, first.AddDate(0, 1, -1).Day())-1)}
	}, a, n)
	return m, true
}

// begun is the first day of what a day lies in, found by going back.
func begun(day time.Time, unit string) time.Time {
	for {
		_, month, d := day.Date()
		switch {
		case unit == "day",
			unit == "week" && day.Weekday() == time.Monday,
			unit == "month" && d == 1,
			unit == "quarter" && d == 1 && month%3 == 1,
			unit == "year" && d == 1 && month == 1:
			return day
		}
		day = day.AddDate(0, 0, -1)
	}
}
