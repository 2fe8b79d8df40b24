package scalar

import (
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func date(t testing.TB, pattern string) DateFormat {
	t.Helper()
	f, err := NewDateFormat(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func instant(t testing.TB, pattern, zone string) InstantFormat {
	t.Helper()
	f, err := NewInstantFormat(pattern, zone)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct {
		pattern, in, want string
		why               *messages.Message
	}{
		{"", "2024-02-29", "2024-02-29", nil},
		{"", "2023-02-29", "", messages.NoSuchDay},
		{"", "1900-02-29", "", messages.NoSuchDay},
		{"", "2000-02-29", "2000-02-29", nil},
		{"", "2024-02-31", "", messages.NoSuchDay},
		{"", "2024-04-31", "", messages.NoSuchDay},
		{"", "2024-00-10", "", messages.NoSuchDay},
		{"", "2024-13-10", "", messages.NoSuchDay},
		{"", "0000-01-01", "", messages.NoSuchDay},
		{"", "0001-01-01", "0001-01-01", nil},
		{"", "9999-12-31", "9999-12-31", nil},
		{"", "2O24-01-01", "", messages.LetterForDigit},
		{"", "2024-0l-01", "", messages.LetterForDigit},
		{"", "2024-1-01", "", messages.BadDate},
		{"", "2024/01/01", "", messages.BadDate},
		{"", "2024-01-01 ", "", messages.BadDate},
		{"", "", "", messages.BadDate},
		{"DD/MM/YYYY", "31/12/2024", "2024-12-31", nil},
		{"JJ/MM/AAAA", "31/12/2024", "2024-12-31", nil},
		{"DD/MM/YYYY", "12/31/2024", "", messages.NoSuchDay},
		{"DD/MM/YYYY", "1/12/2024", "", messages.BadDate},
		{"D/M/YYYY", "1/2/2024", "2024-02-01", nil},
		{"D/M/YYYY", "11/12/2024", "2024-12-11", nil},
		{"D/M/YYYY", "01/02/2024", "", messages.BadDate},
		{"D/M/YYYY", "111/2/2024", "", messages.BadDate},
		{"YYYYMMDD", "20240229", "2024-02-29", nil},
		{"YYYYMMDD", "20240230", "", messages.NoSuchDay},
	} {
		got, why := date(t, c.pattern).Parse([]byte(c.in))
		text := ""
		if why == nil {
			text = got.ToTime().Format("2006-01-02")
		}
		if text != c.want || why != c.why {
			t.Errorf("%q by %q: got %q, %v; want %q, %v", c.in, c.pattern, text, why, c.want, c.why)
		}
	}
}

func TestPatternsRefused(t *testing.T) {
	for _, p := range []string{"DD/MM/YY", "dd/mm/yyyy", "MM/YYYY", "DD/MM/YYYY DD", "DMYYYY", "DD/MM/YYYY HH:mm", "2024", "JJ/MM/AA", "YYYYY-MM-DD"} {
		if _, err := NewDateFormat(p); messages.Find(err) == nil || messages.Find(err).Message != messages.DatePattern {
			t.Errorf("%q: %v", p, err)
		}
	}
	for _, c := range [][2]string{{"YYYY-MM-DD", "UTC"}, {"YYYY-MM-DD HH:mm", ""}, {"YYYY-MM-DD HH:mm.SSS", "UTC"}, {"YYYY-MM-DD hh:mm", "UTC"}} {
		if _, err := NewInstantFormat(c[0], c[1]); messages.Find(err) == nil || messages.Find(err).Message != messages.DatePattern {
			t.Errorf("%q: %v", c, err)
		}
	}
	for _, z := range []string{"Paris", "Local", "../etc/passwd"} {
		if _, err := NewInstantFormat("", z); messages.Find(err) == nil || messages.Find(err).Message != messages.UnknownZone {
			t.Errorf("%q: %v", z, err)
		}
	}
}

func TestParseInstant(t *testing.T) {
	for _, c := range []struct {
		pattern, zone, in, want string
		why                     *messages.Message
	}{
		{"", "", "2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z", nil},
		{"", "", "2024-07-01 12:00:00.25+02", "2024-07-01T10:00:00.25Z", nil},
		{"", "", "2024-07-01T12:00:00,123456-03:30", "2024-07-01T15:30:00.123456Z", nil},
		{"", "", "2024-07-01T12:00:00.1234560Z", "2024-07-01T12:00:00.123456Z", nil},
		{"", "", "2024-07-01T12:00:00.1234567Z", "", messages.BadInstant},
		{"", "", "2024-07-01T12:00Z", "2024-07-01T12:00:00Z", nil},
		{"", "", "2024-07-01T12:00:00+0200", "2024-07-01T10:00:00Z", nil},
		{"", "", "2024-07-01T12:00:00", "", messages.BadInstant},
		{"", "", "2024-07-01", "", messages.BadInstant},
		{"", "", "2024-07-01T24:00:00Z", "", messages.BadInstant},
		{"", "", "2024-07-01T23:59:60Z", "", messages.BadInstant},
		{"", "", "2024-07-01T12:00:00+2:00", "", messages.BadInstant},
		{"", "", "2024-07-01T12:00:00+02:", "", messages.BadInstant},
		{"", "", "2024-07-01T12:00:00.Z", "", messages.BadInstant},
		{"", "", "2024-02-30T12:00:00Z", "", messages.NoSuchDay},
		{"", "", "2024-02-2OT12:00:00Z", "", messages.LetterForDigit},
		{"", "Europe/Paris", "2024-07-01T12:00:00", "2024-07-01T10:00:00Z", nil},
		{"", "Europe/Paris", "2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z", nil},
		{"", "Europe/Paris", "2024-03-31T02:30:00", "", messages.AmbiguousInstant},
		{"", "Europe/Paris", "2024-03-31T01:59:59", "2024-03-31T00:59:59Z", nil},
		{"", "Europe/Paris", "2024-03-31T03:00:00", "2024-03-31T01:00:00Z", nil},
		{"", "Europe/Paris", "2024-10-27T02:00:00", "", messages.AmbiguousInstant},
		{"", "Europe/Paris", "2024-10-27T01:59:59", "2024-10-26T23:59:59Z", nil},
		{"", "Europe/Paris", "2024-10-27T03:00:00", "2024-10-27T02:00:00Z", nil},
		{"", "Europe/Paris", "2050-03-27T02:30:00", "", messages.AmbiguousInstant},
		{"", "Pacific/Apia", "2011-12-30T12:00:00", "", messages.AmbiguousInstant}, // the day that was skipped
		{"DD/MM/YYYY HH:mm", "Europe/Paris", "01/01/2024 00:30", "2023-12-31T23:30:00Z", nil},
		{"DD/MM/YYYY HH:mm:ss.SSS", "UTC", "01/01/2024 00:30:01.250", "2024-01-01T00:30:01.25Z", nil},
		{"YYYY-MM-DD HH:mm:ssZ", "", "2024-01-01 00:30:01+01:00", "2023-12-31T23:30:01Z", nil},
		{"DD/MM/YYYY HH:mm", "Europe/Paris", "01/01/2024 25:30", "", messages.BadInstant},
	} {
		got, why := instant(t, c.pattern, c.zone).Parse([]byte(c.in))
		text := ""
		if why == nil {
			text = time.UnixMicro(int64(got)).UTC().Format(time.RFC3339Nano)
		}
		if text != c.want || why != c.why {
			t.Errorf("%q by %q in %q: got %q, %v; want %q, %v", c.in, c.pattern, c.zone, text, why, c.want, c.why)
		}
	}
}

func TestDateRoundTrip(t *testing.T) {
	for d := arrow.Date32(firstDay); d <= lastDay; d += 13 {
		text := DateFormat{}.Append(nil, d)
		if want := d.ToTime().Format("2006-01-02"); string(text) != want {
			t.Fatalf("day %d is written %s, not %s", d, text, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f, err := NewDateFormat(rapid.SampledFrom([]string{"", "DD/MM/YYYY", "D.M.YYYY", "AAAA/M/D", "YYYYMMDD", "le JJ MM AAAA"}).Draw(t, "pattern"))
		if err != nil {
			t.Fatal(err)
		}
		d := arrow.Date32(rapid.Int32Range(firstDay, lastDay).Draw(t, "day"))
		text := f.Append(nil, d)
		if back, why := f.Parse(text); back != d || why != nil {
			t.Fatalf("%s reads back as %d, %v", text, back, why)
		}
	})
}

func FuzzDateAgainstTime(f *testing.F) {
	for _, s := range []string{"2024-02-29", "2023-02-29", "2024-2-29", "0000-01-01", "2024-12-32"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, why := DateFormat{}.Parse([]byte(s))
		want, err := time.Parse("2006-01-02", s)
		if err == nil && want.Year() == 0 {
			return
		}
		if (why == nil) != (err == nil) || err == nil && got.ToTime() != want {
			t.Fatalf("%q: got %v, %v; package time says %v, %v", s, got, why, want, err)
		}
	})
}

func TestInstantRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"", "UTC", "Europe/Paris", "Indian/Reunion", "America/St_Johns"}).Draw(t, "zone")
		pattern := rapid.SampledFrom([]string{"", "DD/MM/YYYY HH:mm:ss.SSSSSSZ", "YYYYMMDDTHHmmss.SSSSSS Z"}).Draw(t, "pattern")
		f, err := NewInstantFormat(pattern, zone)
		if err != nil {
			t.Fatal(err)
		}
		at := arrow.Timestamp(rapid.Int64Range((firstDay+1)*86400e6, lastDay*86400e6).Draw(t, "instant"))
		text := f.Append(nil, at)
		if back, why := f.Parse(text); back != at || why != nil {
			t.Fatalf("%s reads back as %d, %v; want %d", text, back, why, at)
		}
		if zone == "" && pattern == "" {
			if want, err := time.Parse(time.RFC3339Nano, string(text)); err != nil || want.UnixMicro() != int64(at) {
				t.Fatalf("%s: package time reads %v, %v", text, want, err)
			}
		}
	})
}

// A clock time is read as the one instant that shows it, found by trying every
// quarter of an hour around it.
func TestClockTimes(t *testing.T) {
	for _, zone := range []string{"Europe/Paris", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca", "America/Cayenne", "Pacific/Kwajalein"} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			local := rapid.Int64Range(0, 4_000_000_000/900).Draw(t, "quarter") * 900
			var found []int64
			for off := int64(-15 * 3600); off <= 15*3600; off += 900 {
				if _, o := time.Unix(local-off, 0).In(place).Zone(); int64(o) == off {
					found = append(found, off)
				}
			}
			off, ok := offsetOf(place, local)
			if ok != (len(found) == 1) || ok && off != found[0] {
				t.Fatalf("%s at %d: got %d, %v; want %v", zone, local, off, ok, found)
			}
		})
	}
}

// The library's bounds of an offset are wrong on these days.
func TestLastDaysOfLeapYears(t *testing.T) {
	for _, year := range []int{2040, 2052, 2096, 2400} {
		for _, day := range []int{30, 31} {
			for hour := range 24 {
				want := time.Date(year, 12, day, hour, 30, 0, 0, time.UTC)
				text := want.Format("2006-01-02T15:04:05")
				got, why := instant(t, "YYYY-MM-DDTHH:mm:ss", "Europe/Paris").Parse([]byte(text))
				if why != nil || int64(got) != want.Add(-time.Hour).UnixMicro() {
					t.Errorf("%s: %d, %v", text, got, why)
				}
			}
		}
	}
}

func TestParseBool(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "TRUE": true, "1": true, "Vrai": true, "OUI": true,
		"false": false, "0": false, "faux": false, "Non": false} {
		if got, why := ParseBool([]byte(text)); got != want || why != nil {
			t.Errorf("%q: %v, %v", text, got, why)
		}
	}
	for _, text := range []string{"", "yes", "o", "n", "2", "truee", " true", "vrai\x00", strings.Repeat("1", 100)} {
		if _, why := ParseBool([]byte(text)); why != messages.BadBoolean {
			t.Errorf("%q: %v", text, why)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	paris := instant(t, "DD/MM/YYYY HH:mm", "Europe/Paris")
	room := make([]byte, 0, 64)
	num, _ := French.ParseDecimal([]byte("1 137 825,50"), 38, 10)
	for name, f := range map[string]func(){
		"int64":   func() { French.ParseInt64([]byte("1 137 825")) },
		"float64": func() { French.ParseFloat64([]byte("1 137 825,50")) },
		"decimal": func() { French.ParseDecimal([]byte("1 137 825,50"), 38, 10) },
		"date":    func() { DateFormat{}.Parse([]byte("2024-02-29")) },
		"instant": func() { paris.Parse([]byte("01/07/2024 12:00")) },
		"bool":    func() { ParseBool([]byte("vrai")) },
		"append": func() {
			AppendDecimal(room, num, 10, ',')
			AppendFloat64(room, 0.1)
			paris.Append(room, 1e15)
			DateFormat{}.Append(room, 19000)
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkParseDate(b *testing.B) {
	in, f := []byte("2024-02-29"), DateFormat{}
	for b.Loop() {
		f.Parse(in)
	}
}

func BenchmarkParseInstantParis(b *testing.B) {
	in, f := []byte("2024-07-01T12:00:00"), instant(b, "", "Europe/Paris")
	for b.Loop() {
		f.Parse(in)
	}
}

// Every day that a date has a form for is the one that counting by eras gives, and reads
// back as itself.
func TestEveryDay(t *testing.T) {
	var text []byte
	for days := int64(firstDay - 400); days <= lastDay+400; days++ {
		var fast, slow clock
		fast.setDay(days)
		slow.setFarDay(days)
		if fast != slow {
			t.Fatalf("day %d is %v, wanted %v", days, fast.v, slow.v)
		}
		if days < firstDay || days > lastDay {
			continue
		}
		text = DateFormat{}.Append(text[:0], arrow.Date32(days))
		if got, why := (DateFormat{}).Parse(text); why != nil || int64(got) != days {
			t.Fatalf("day %d is written %s, which is read as %d: %v", days, text, got, why)
		}
	}
}
