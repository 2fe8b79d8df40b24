package expr

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/internal/scalar"
)

// unaccent takes marks off letters and ligatures apart.
func unaccent(out *vec, s string) string {
	if ascii(s) {
		return s
	}
	start := len(out.arena)
	out.arena = scalar.AppendUnaccented(out.arena, s)
	if b := out.arena[start:]; !norm.NFC.IsNormal(b) { // letters that are no accent: Hangul
		out.arena = append(out.arena[:start], norm.NFC.Bytes(b)...)
	}
	return out.text(start)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// slug is letters and digits without accents, in lower case, joined by hyphens.
func slug(out *vec, s string) string {
	start := len(out.arena)
	plain := scalar.AppendUnaccented(nil, s)
	for _, b := range plain {
		switch {
		case 'a' <= b && b <= 'z' || '0' <= b && b <= '9':
			out.arena = append(out.arena, b)
		case 'A' <= b && b <= 'Z':
			out.arena = append(out.arena, b+'a'-'A')
		case len(out.arena) > start && out.arena[len(out.arena)-1] != '-':
			out.arena = append(out.arena, '-')
		}
	}
	for len(out.arena) > start && out.arena[len(out.arena)-1] == '-' {
		out.arena = out.arena[:len(out.arena)-1]
	}
	return out.text(start)
}
