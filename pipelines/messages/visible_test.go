package messages

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"":                        "",
		"Val-Fleuri, 12 € œ é":    "Val-Fleuri, 12 € œ é",
		"e\u0301 et \u00a0\u202f": "e\u0301 et \u00a0\u202f",
		"a\x1b[2Jb":               `a\u001b[2Jb`,
		"a\r\nb\tc":               `a\u000d\u000ab\u0009c`,
		"a\u009bb\x7f":            `a\u009bb\u007f`,
		"a\u202eb\u2066\u200f":    `a\u202eb\u2066\u200f`,
		"a\u200bb\ufeff\u00ad":    `a\u200bb\ufeff\u00ad`,
		"a\u2028b\u2029":          `a\u2028b\u2029`,
		"a\U000e0041b":            `a\udb40\udc41b`,
		"a\x9b":                   "a\ufffd",
	} {
		got := Visible(s)
		if got != want {
			t.Errorf("%q is shown as %s, want %s", s, got, want)
		}
		if strings.IndexFunc(got, Unseen) >= 0 {
			t.Errorf("%q still holds what cannot be seen", got)
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+got+`"`), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%s means %q in JSON: %v", got, back, err)
		}
	}
	if got := VisibleBut("a\n\tb\r", "\n\t"); got != "a\n\tb\\u000d" {
		t.Errorf("got %q", got)
	}
}

// The formats of Unicode are all unseen, and no letter, mark, digit, space or
// sign is.
func TestUnseen(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		if Unseen(r) != want {
			t.Fatalf("%U", r)
		}
		if want && (unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs)) {
			t.Fatalf("%U is seen", r)
		}
	}
	if got := FirstUnseen("été\u202e\x1b"); got != "U+202E" {
		t.Error(got)
	}
	if got := FirstUnseen("été 2024"); got != "" {
		t.Error(got)
	}
}

// No message hands on what its parameters hide.
func TestParametersAreVisible(t *testing.T) {
	const name = "Val\x1b[2J \u202eFleuri\n"
	for _, e := range []*Error{
		NoElement.With("key", name),
		BadValue.With("name", "x", "why", NoElement.With("key", name), "fix", name),
	} {
		for _, l := range []Lang{English, French} {
			if s := e.What(l) + e.Remedy(l) + e.Error(); strings.IndexFunc(s, Unseen) >= 0 {
				t.Errorf("%q", s)
			}
		}
	}
}
