package freetext

// nothingIn says of many texts, without folding them, that no rule finds anything in
// them: there is no digit, and no capital after the first word; or there is no letter, and
// there are too few digits for a number, or more or fewer, in one piece, than a number has
// that stands alone.
func (d *Detector) nothingIn(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	seen := glance[text[0]] &^ aCapital
	rest := text[1:]
	for len(rest) >= 8 { // few branches depend on a byte
		seen |= glance[rest[0]] | glance[rest[1]] | glance[rest[2]] | glance[rest[3]] |
			glance[rest[4]] | glance[rest[5]] | glance[rest[6]] | glance[rest[7]]
		rest = rest[8:]
		if seen&(aDigit|aLetter) == aDigit|aLetter || seen&(aCapital|aMark) == aCapital|aMark {
			return false
		}
	}
	for _, c := range rest {
		seen |= glance[c]
	}
	switch {
	case seen&aStop != 0, seen&aLow != 0 && !plainSigns(text):
		return false
	case seen&aDigit == 0:
		return seen&aCapital == 0 || oneWord(text)
	case seen&(aLetter|aCapital) != 0 || text[0] >= 'A':
		return false
	case seen == aDigit && len(text) >= leastDigits:
		return len(text) != nirDigits && text[0] != '0' && !d.companies()
	}
	digits := 0
	for _, c := range text {
		digits += int(glance[c] & aDigit)
	}
	return digits < leastDigits
}

// What nothingIn sees in a byte.
const (
	aDigit uint8 = 1 << iota
	aLetter
	aCapital
	aLow  // of a capital, when it follows 0xc3, or of a sign
	aMark // nothing of all that
	aStop // what has to be read: "@", "+", characters that may be anything
)

// glance takes à to ÿ for letters, of two bytes, and nothing for signs.
var glance = func() (t [256]uint8) {
	for c := range t {
		switch {
		case class[c] == digit:
			t[c] = aDigit
		case c == 0xc3:
			t[c] = aLetter
		case c == 0xe2, c >= 0x80 && c < 0xa0:
			t[c] = aLow
		case c > 0xc2, c == 0xc0, c == 0xc1, c == '@', c == '+':
			t[c] = aStop
		case class[c] == small:
			t[c] = aLetter
		case class[c] == capital:
			t[c] = aCapital
		default:
			t[c] = aMark
		}
	}
	return t
}()

// plainSigns says whether there is no capital of two bytes but the first character, and nothing of
// three but signs from U+2000 to U+203F and U+2080 to U+20BF.
func plainSigns(text []byte) bool {
	wrong, before := uint8(0), leading[text[0]]&^ofLetter
	for _, c := range text[1:] {
		wrong |= before & wrongAfter[c]
		before = leading[c]
	}
	return wrong|before&ofSign == 0
}

const ofLetter, ofSign = 1, 2 // 0xc3, 0xe2

var leading = [256]uint8{0xc3: ofLetter, 0xe2: ofSign}

// wrongAfter is after which of them a byte begins another character than those.
var wrongAfter = func() (t [256]uint8) {
	for c := range t {
		if c < 0xa0 {
			t[c] |= ofLetter
		}
		if c != 0x80 && c != 0x82 {
			t[c] |= ofSign
		}
	}
	return t
}()

// oneWord says whether there is nothing but letters of ASCII in a text.
func oneWord(text []byte) bool {
	for _, c := range text {
		if class[c]&(small|capital) == 0 || c >= 0x80 {
			return false
		}
	}
	return true
}
