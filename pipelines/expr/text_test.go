package expr

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestJSONGet(t *testing.T) {
	const doc = ` { "a" : {"b":[1, -2.50e3 ,{"c":"x\"y\\"}], "é":"\u00e9"}, "n":null, "t":true, "s":"", "a b":[[],{}] } `
	for path, want := range map[string]string{
		"$.a.b[0]": "1", "$.a.b[1]": "-2.50e3", "$.a.b[2].c": `x"y\`, "$.a.b[2]": `{"c":"x\"y\\"}`, "$.a.é": "é", `$["a b"][1]`: "{}",
		"$.t": "true", "$.s": "", "$.a.b[3]": "-", "$.n": "-", "$.x": "-", "$.a[0]": "-", "$.t.x": "-", "$.a.b.c": "-",
		"$": strings.TrimSpace(doc),
	} {
		steps, ok := jsonPath(path)
		if !ok {
			t.Errorf("%s is no path", path)
			continue
		}
		got, found := jsonGet(doc, steps)
		if !found {
			got = "-"
		}
		if got != want {
			t.Errorf("%s is %s, not %s", path, got, want)
		}
	}
	for _, bad := range []string{"", "a", "$.", "$a", "$[", "$[x]", "$[-1]", `$["a]`, "$..a"} {
		if _, ok := jsonPath(bad); ok {
			t.Errorf("%q is taken for a path", bad)
		}
	}
}

// Any JSON document can be walked along a path that exists, as encoding/json does.
func TestJSONGetAgainstStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.StringN(0, 6, -1).Draw(t, "leaf")
		var doc any = leaf
		var steps []jsonStep
		for range rapid.IntRange(0, 5).Draw(t, "depth") {
			if rapid.Bool().Draw(t, "object") {
				key := rapid.StringN(0, 4, -1).Draw(t, "key")
				doc = map[string]any{key: doc, key + "!": []int{1, 2}, key + "]}": nil}
				steps = append([]jsonStep{{name: &key}}, steps...)
				continue
			}
			i := rapid.IntRange(0, 2).Draw(t, "index")
			list := []any{"a,]", map[string]any{"k": "}"}, 3}
			list[i] = doc
			doc = list
			steps = append([]jsonStep{{index: i}}, steps...)
		}
		b, err := json.MarshalIndent(doc, "", rapid.SampledFrom([]string{"", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ToValidUTF8(leaf, "\uFFFD")
		if got, ok := jsonGet(string(b), steps); !ok || got != want {
			t.Fatalf("%s: %q, not %q", b, got, want)
		}
	})
}

func TestSlugIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		for _, r := range slug(&vec{}, s) {
			if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') {
				t.Fatalf("%q gives %q", s, r)
			}
		}
		if got := unaccent(&vec{}, s); !utf8.ValidString(got) && utf8.ValidString(s) {
			t.Fatalf("%q gives %q", s, got)
		}
	})
}

// The calendar is that of package time, day by day.
func TestCalendar(t *testing.T) {
	for days := firstDay; days <= lastDay; days += 13 {
		at := time.Unix(days*86400, 0).UTC()
		y, m, d := civil(days)
		wy, w := at.ISOWeek()
		gy, gw := isoWeek(days)
		if int(y) != at.Year() || int(m) != int(at.Month()) || int(d) != at.Day() || daysOf(y, m, d) != days ||
			int(gy) != wy || int(gw) != w || int(weekday(days)) != (int(at.Weekday())+6)%7+1 {
			t.Fatalf("day %d is %d-%d-%d, week %d of %d; it is %s", days, y, m, d, gw, gy, at)
		}
	}
	for y := int64(1899); y < 2101; y++ {
		for m := int64(1); m <= 12; m++ {
			if want := time.Date(int(y), time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day(); int(monthLength(y, m)) != want {
				t.Fatalf("month %d of %d has %d days, not %d", m, y, monthLength(y, m), want)
			}
		}
	}
}

// Local clocks are those of package time, across changes of summer time.
func TestClock(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	z := clock{place: paris}
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.OneOf(rapid.Int64Range(firstInstant, lastInstant),
			rapid.Int64Range(1_700_000_000_000_000, 1_740_000_000_000_000)).Draw(t, "instant")
		days, micros := z.local(us)
		at := time.UnixMicro(us).In(paris)
		y, m, d := civil(days)
		clock := at.Sub(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, paris)).Microseconds()
		sameDay := int(y) == at.Year() && int(m) == int(at.Month()) && int(d) == at.Day()
		_, before := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, paris).Zone()
		_, now := at.Zone()
		if clock += int64(now-before) * 1_000_000; !sameDay || micros != clock {
			t.Fatalf("%s is day %d-%d-%d and %d µs, not %d", at, y, m, d, micros, clock)
		}
	})
}
