package freetext

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFolding(t *testing.T) {
	for in, want := range map[string]string{
		"Élodie": "Elodie", "E\u0301lodie": "Elodie", "ÇA ŸÑ": "CA YN", "cœur": "cour", "ŒUVRE": "OUVRE", "a\u00a0b\u202fc\u2009d": "a b c d", "l’été": "l'ete",
		"06‑12–34": "06-12-34", "０６": "06", "٠٦٩": "069", "०९": "09", "𝟎𝟗𝐀": "09A", "ＡＢ＠ｃ．ｆｒ": "AB@c.fr", "a\u00adb\u200bc\ufeffd": "abcd", "ﬁn": "fn", "m²": "m\x82",
		"Жж": "\x81\x80", "山": "\x80", "€": "\x82", "a\xffb": "a\x82b", "\u2028": "\n", "": "", "\x00": "\x00",
	} {
		var f folded
		if f.fold([]byte(in)); string(f.b) != want {
			t.Errorf("%q is %q, not %q", in, f.b, want)
		}
	}
	for r := range rune(unicode.MaxRune) {
		if unicode.Is(unicode.Nd, r) && class[foldRune(r, utf8.RuneLen(r))] != digit {
			t.Errorf("%U is a digit and none", r)
		}
	}
}

// Places in the folded text come in the order of those in the text, at the
// beginnings of characters; a text taken apart into letters and accents folds to
// the same.
func TestPlacesInTheText(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "é", "e\u0301", "\u0301", "\u200b", "œ", "山", " ", "\u00a0", "\xff", "1", "𝟎", "ab cd ef gh", "é\u0301"})
	rapid.Check(t, func(r *rapid.T) {
		text := ""
		for _, p := range rapid.SliceOf(piece).Draw(r, "pieces") {
			text += p
		}
		var f, g folded
		f.fold([]byte(text))
		f.anchor([]byte(text))
		last := 0
		for i := range len(f.b) + 1 {
			at := f.source(i)
			if at < last || i > 0 && at == last || at > len(text) || at < len(text) && utf8.ValidString(text) && !utf8.RuneStart(text[at]) {
				r.Fatalf("%q: byte %d of %q comes from %d, after %d", text, i, f.b, at, last)
			}
			last = at
		}
		if last != len(text) {
			r.Errorf("%q ends at %d", text, last)
		}
		if utf8.ValidString(text) {
			if g.fold([]byte(norm.NFD.String(text))); string(f.b) != string(g.b) {
				r.Errorf("%q is %q, and %q taken apart", text, f.b, g.b)
			}
		}
	})
}
