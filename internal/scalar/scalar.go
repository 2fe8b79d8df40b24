// Package scalar turns text into exact values and back: the one place where
// numbers, dates and instants are read and written, for codecs, casts and
// expressions alike. Nothing is guessed: what is not exactly in the declared
// form is refused with a reason.
//
// Nothing here trims: spaces around a value are part of it. Nothing here keeps
// the bytes it was given. Reading and writing allocate nothing but what dst needs.
package scalar

import "github.com/lavoir-data/lavoir/pipelines/messages"

// ParseBool reads true, false, 1, 0, vrai, faux, oui, non (any case).
func ParseBool(b []byte) (bool, *messages.Message) {
	if len(b) > 5 {
		return false, messages.BadBoolean
	}
	var low [5]byte
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	switch string(low[:len(b)]) {
	case "true", "1", "vrai", "oui":
		return true, nil
	case "false", "0", "faux", "non":
		return false, nil
	}
	return false, messages.BadBoolean
}

// repaired says whether b is a value but for letters that look like digits:
// parse accepts it once O is 0 and I or l is 1. A word without any digit is a word.
func repaired(b []byte, parse func([]byte) *messages.Message) bool {
	var fixed [64]byte
	if len(b) > len(fixed) {
		return false
	}
	digits, letters := 0, 0
	for i, c := range b {
		switch c {
		case 'O', 'o':
			c = '0'
			letters++
		case 'I', 'l':
			c = '1'
			letters++
		default:
			if isDigit(c) {
				digits++
			}
		}
		fixed[i] = c
	}
	return digits > 0 && letters > 0 && parse(fixed[:len(b)]) == nil
}

func isDigit(c byte) bool { return c-'0' <= 9 }
