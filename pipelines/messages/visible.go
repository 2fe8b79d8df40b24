package messages

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Unseen says whether a character is one that shows nothing, or that a terminal
// acts on: control characters, those that change the direction of a line or join
// and part words unseen, and the separators of lines and paragraphs.
func Unseen(r rune) bool {
	return r < ' ' || r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// FirstUnseen names the first such character of s, as U+202E, or is "".
func FirstUnseen(s string) string {
	if i := strings.IndexFunc(s, Unseen); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Sprintf("U+%04X", r)
	}
	return ""
}

// Visible is s on one line, with what cannot be seen written out as JSON would:
// \u202e. Names and keys come from files of others, and what a terminal made of
// them would not be what is there.
func Visible(s string) string { return VisibleBut(s, "") }

// VisibleBut is Visible, and leaves the characters of kept as they are.
func VisibleBut(s, kept string) string {
	hide := func(r rune) bool { return Unseen(r) && !strings.ContainsRune(kept, r) }
	at := strings.IndexFunc(s, hide)
	if at < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a byte that is no text becomes U+FFFD
		switch {
		case !hide(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
