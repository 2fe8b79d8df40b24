package arrowx

import (
	"encoding/binary"
	"unicode/utf8"
)

// ValidUTF8 is utf8.Valid at about the same speed for any text: eight bytes at a
// time, and without a branch that an accent of French decides. In every word a bit per
// byte says which bytes lead a character and which continue one; what continues
// must stand exactly where what leads demands it. Bytes whose pattern does not
// decide (leads of overlong forms, of surrogates, of four bytes) are read one
// character after the other.
func ValidUTF8(b []byte) bool {
	const highs, block = 0x8080808080808080, 32
	owed := uint64(0) // the continuations that the word before demands
	i := 0
next:
	for i+block <= len(b) {
		w := b[i : i+block : i+block]
		if owed == 0 && (binary.LittleEndian.Uint64(w)|binary.LittleEndian.Uint64(w[8:])|
			binary.LittleEndian.Uint64(w[16:])|binary.LittleEndian.Uint64(w[24:]))&highs == 0 {
			i += block
			continue
		}
		for end := i + block; i < end; i += 8 {
			v := binary.LittleEndian.Uint64(b[i:])
			lead, continued := v&(v<<1)&highs, v&^(v<<1)&highs
			odd := lead &^ (v&0x3E3E3E3E3E3E3E3E + 0x7E7E7E7E7E7E7E7E) // C0, C1
			demanded := owed | lead<<8
			three := lead & (v << 2) // or four
			if three != 0 {
				demanded |= three << 16
				v4, v5, v6, v7 := v<<4, v<<5, v<<6, v<<7
				odd |= three & (v<<3 | ^(v4 | v5 | v6 | v7) | v4&v5&^v6&v7) // F0 to FF, E0, ED
			}
			if odd|(demanded^continued) == 0 {
				owed = lead>>56 | three>>48
				continue
			}
			at := characterAt(b, i, owed)
			for owed = 0; at < i+8; {
				r, n := utf8.DecodeRune(b[at:])
				if r == utf8.RuneError && n <= 1 {
					return false
				}
				at += n
			}
			i = at
			continue next
		}
	}
	return utf8.Valid(b[characterAt(b, i, owed):])
}

// characterAt is where the character starts that b[i] continues, if owed says that
// it does; those before are whole.
func characterAt(b []byte, i int, owed uint64) int {
	if owed == 0 {
		return i
	}
	if i--; !utf8.RuneStart(b[i]) {
		i--
	}
	return i
}

// ValidTexts says whether every value of a String array is UTF-8.
func ValidTexts(offsets []int32, data []byte) bool {
	n := len(offsets) - 1
	if n < 1 {
		return true
	}
	if !ValidUTF8(data[offsets[0]:offsets[n]]) {
		return false
	}
	for _, at := range offsets[:n] {
		if int(at) < len(data) && at < offsets[n] && !utf8.RuneStart(data[at]) {
			return false
		}
	}
	return true
}
