package expr

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letters that no decomposition takes apart.
var ligatures = map[rune]string{
	'œ': "oe", 'Œ': "OE", 'æ': "ae", 'Æ': "AE", 'ß': "ss", 'ẞ': "SS", 'ø': "o", 'Ø': "O", 'ł': "l", 'Ł': "L",
	'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "TH", 'ı': "i", 'ŋ': "n", 'Ŋ': "N", 'ħ': "h", 'Ħ': "H",
}

// unaccent takes marks off letters and ligatures apart.
func unaccent(out *vec, s string) string {
	if ascii(s) {
		return s
	}
	start := len(out.arena)
	out.arena = appendUnaccented(out.arena, s)
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

func appendUnaccented(dst []byte, s string) []byte {
	var it norm.Iter
	it.InitString(norm.NFD, s)
	for !it.Done() {
		for part := it.Next(); len(part) > 0; {
			r, size := utf8.DecodeRune(part)
			if two, ok := ligatures[r]; ok {
				dst = append(dst, two...)
			} else if !unicode.Is(unicode.Mn, r) {
				dst = append(dst, part[:size]...)
			}
			part = part[size:]
		}
	}
	return dst
}

// slug is letters and digits without accents, in lower case, joined by hyphens.
func slug(out *vec, s string) string {
	start := len(out.arena)
	plain := appendUnaccented(nil, s)
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
