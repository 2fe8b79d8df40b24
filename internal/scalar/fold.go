package scalar

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

// AppendUnaccented appends s with marks off its letters and ligatures taken apart.
func AppendUnaccented(dst []byte, s string) []byte {
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

// Fold is what is left of a name without case, accents and punctuation: letters
// and digits alone. "Montant T.T.C. (€)" and "MONTANT_TTC" fold to one.
func Fold(s string) string {
	var out []byte
	for _, r := range string(AppendUnaccented(nil, s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
	}
	return string(out)
}
