package privacy

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

func TestTheShapeOfAMask(t *testing.T) {
	letters := []rune("aéZ漢9-. *\u0301\u0323\u200b\u200d\ufe0f\u3164\u00ad\t👩🏽")
	partly := 0
	draws.Check(t, draws.Kinds{"shown in part": &partly}, func(r *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(letters), 0, 14).Draw(r, "text"))
		if rapid.Bool().Draw(r, "any") {
			text = rapid.String().Draw(r, "string")
		}
		first, last := rapid.IntRange(0, 3).Draw(r, "first"), rapid.IntRange(0, 3).Draw(r, "last")
		if maskKeepsItsShape(r, text, first, last) {
			partly++
		}
	})
}

// FuzzMasks is the same of any bytes.
func FuzzMasks(f *testing.F) {
	for _, text := range []string{"", "ADU-2031-B", "\u200bSerin\u0301\u0323", "*** ***", "a\xff\xfe\u3164b", "\U0001f469\u200d\U0001f467ab"} {
		f.Add(text, 2, 1)
	}
	f.Fuzz(func(t *testing.T, text string, first, last int) {
		if first < 1000 && last < 1000 {
			maskKeepsItsShape(t, text, first, last)
		}
	})
}

// maskKeepsItsShape fails unless what is written of a text is what the gate takes, and what
// shows a character more, or the text as it was, is not. It says whether some of it is shown.
func maskKeepsItsShape(t interface{ Fatalf(string, ...any) }, text string, first, last int) bool {
	p, err := protect.NewPartial(first, last)
	if err != nil {
		return false
	}
	s := &shape{first: first, last: last}
	got := p.Of(text)
	if !s.holds(got) {
		t.Fatalf("%q of %q is refused", got, text)
	}
	if strings.ContainsAny(got, "\u200b\u200d\ufe0f\u3164\u00ad") {
		t.Fatalf("%q of %q holds what nobody sees", got, text)
	}
	if got == "" || got == protect.Hidden {
		return false
	}
	count := func(s string) (n int) {
		for _, x := range s {
			if unicode.IsLetter(x) || unicode.IsDigit(x) {
				n++
			}
		}
		return n
	}
	// one rune more at least stays behind for each character shown
	if hidden := count(text) - count(strings.Replace(got, protect.Hidden, "", 1)); hidden < first+last {
		t.Fatalf("%q of %q hides %d", got, text, hidden)
	}
	for _, less := range []*shape{{first: first - 1, last: last}, {first: first, last: last - 1}, {redacted: true}} {
		if min(less.first, less.last) >= 0 && less.holds(got) && !strings.Contains(got, "****") {
			t.Fatalf("%q is taken where less may be shown", got)
		}
	}
	if s.holds(text) && !strings.Contains(text, "***") {
		t.Fatalf("%q is taken as it is", text)
	}
	return true
}
