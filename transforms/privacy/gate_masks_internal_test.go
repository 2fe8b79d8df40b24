package privacy

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// What is written of any text is what the gate takes; what shows a character more is not,
// and neither is a text as it was.
func TestTheShapeOfAMask(t *testing.T) {
	letters := []rune("aéZ漢9-. *\u0301\u0323\u200b\u200d\ufe0f\u3164\u00ad\t👩🏽")
	partly := 0
	rapid.Check(t, func(r *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(letters), 0, 14).Draw(r, "text"))
		if rapid.Bool().Draw(r, "any") {
			text = rapid.String().Draw(r, "string")
		}
		first, last := rapid.IntRange(0, 3).Draw(r, "first"), rapid.IntRange(0, 3).Draw(r, "last")
		p, err := protect.NewPartial(first, last)
		if err != nil {
			return
		}
		s := &shape{first: first, last: last}
		got := p.Of(text)
		if !s.holds(got) {
			r.Fatalf("%q of %q is refused", got, text)
		}
		if strings.ContainsAny(got, "\u200b\u200d\ufe0f\u3164\u00ad") {
			r.Fatalf("%q of %q holds what nobody sees", got, text)
		}
		if got == "" || got == protect.Hidden {
			return
		}
		partly++
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
			r.Fatalf("%q of %q hides %d", got, text, hidden)
		}
		for _, less := range []*shape{{first: first - 1, last: last}, {first: first, last: last - 1}, {redacted: true}} {
			if min(less.first, less.last) >= 0 && less.holds(got) && !strings.Contains(got, "****") {
				r.Fatalf("%q is taken where less may be shown", got)
			}
		}
		if s.holds(text) && !strings.Contains(text, "***") {
			r.Fatalf("%q is taken as it is", text)
		}
	})
	if partly == 0 {
		t.Fatal("nothing was ever shown")
	}
}
