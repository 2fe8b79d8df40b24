package arrowx

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// ValidUTF8 is utf8.Valid, nearly twice as fast where every second word has an
// accent.
func ValidUTF8(b []byte) bool {
	const highs = 0x8080808080808080
	for len(b) >= 8 {
		m := binary.LittleEndian.Uint64(b) & highs
		if m == 0 {
			b = b[8:]
			continue
		}
		b = b[bits.TrailingZeros64(m)/8:]
		// two bytes: all letters of French but for œ, Œ and Ÿ in few texts
		if len(b) >= 2 && b[0] >= 0xC2 && b[0] <= 0xDF && b[1]&0xC0 == 0x80 {
			b = b[2:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return false
		}
		b = b[n:]
	}
	return utf8.Valid(b)
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
