package freetext

// nothingIn says of many texts, without reading them, that no rule finds anything in
// them. Names have a word before them: where no capital comes after the first word there is
// none. Without a letter there must be digits enough for a number, and of digits
// alone as many as one has. Among words short numbers are neither a date nor an address
// where no month, no street and no other number follows.
func (d *Detector) nothingIn(text []byte) bool {
	seen, digits, capitals := uint8(0), 0, 0
	for i, c := range text {
		k := glance[c]
		seen |= k
		digits += int(k & aDigit)
		if k&aCapital != 0 {
			capitals = i
		}
	}
	switch {
	case seen&aStop != 0, seen&aCapital != 0 && !oneWord(text[:capitals]):
		return false
	case digits == 0:
		return true
	case seen&(aLetter|aCapital) != 0:
		return digits < shortestDate && plainNumbers(text) && !tellsPlace(text)
	case digits < leastDigits:
		return true
	case digits < len(text), text[0] == '0': // in groups, or a telephone number
		return false
	}
	return digits != nirDigits && !d.companies()
}

// What nothingIn sees in a byte.
const (
	aDigit uint8 = 1 << iota
	aLetter
	aCapital
	aStop // what has to be read: "@", "+", characters that may be anything
)

// glance takes é and its like for letters, of two bytes: those of them that are
// capitals, and other characters, are for the rules to read, but for «, ° and the like.
var glance = func() (t [256]uint8) {
	for c := range t {
		switch {
		case class[c] == digit:
			t[c] = aDigit
		case c == 0xc3:
			t[c] = aLetter
		case c == 0xc2, c >= 0xa0 && c < 0xc0 && c != 0xad: // which follow these two; a soft hyphen may hide something
		case c >= 0x80, c == '@', c == '+':
			t[c] = aStop
		case class[c] == small:
			t[c] = aLetter
		case class[c] == capital:
			t[c] = aCapital
		}
	}
	return t
}()

// oneWord says whether there is nothing but letters and digits of ASCII in a text.
func oneWord(text []byte) bool {
	for _, c := range text {
		if class[c] == 0 || c >= 0x80 {
			return false
		}
	}
	return true
}

// plainNumbers says whether the numbers among the words of a text stand alone: after a
// space or °, and before the end, a bracket or the like, or a word that goes
// with no number of a house and is no month.
func plainNumbers(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if glance[text[i]] != aDigit {
			continue
		}
		if i > 0 && !between[text[i-1]] {
			return false
		}
		for i < len(text) && glance[text[i]] == aDigit {
			i++
		}
		if i == len(text) {
			return true
		}
		switch text[i] {
		case ')', ';', ':', '%':
			continue
		case ' ':
		default:
			return false
		}
		for i < len(text) && text[i] == ' ' {
			i++
		}
		word := i
		for i < len(text) && text[i] >= 'a' && text[i] <= 'z' {
			i++
		}
		if i < len(text) && (i == word || text[i] >= 0x80 || class[text[i]] != 0) || withNumber(text[word:i]) {
			return false
		}
	}
	return true
}

// between are the bytes that a number may stand after: a space, a bracket, and what ends
// ° and a no-break space.
var between = [256]bool{' ': true, '(': true, 0xa0: true, 0xb0: true}

// withNumber says whether a word may go with the number of a house or of a day.
func withNumber(word []byte) bool {
	return len(word) > 0 && (len(word) < 2 || goingWith[word[0]&31][word[1]&31]>>min(len(word), 31)&1 == 1)
}

// goingWith are the lengths of these words, by first and second letter.
var goingWith = func() (t [32][32]uint32) {
	add := func(w string) { t[w[0]&31][w[1]&31] |= 1 << len(w) }
	for w := range streets {
		if len(w) > 1 {
			add(w)
		}
	}
	for _, set := range []map[string]bool{adjectives, months, words(`bis ter quater et`)} {
		for w := range set {
			add(w)
		}
	}
	return t
}()

// tellsPlace says whether "dit" is in a text, as in lieu-dit.
func tellsPlace(text []byte) bool {
	for i := 2; i < len(text); i++ {
		if text[i]|0x20 == 't' && text[i-1]|0x20 == 'i' && text[i-2]|0x20 == 'd' {
			return true
		}
	}
	return false
}

// leastDigits is how many digits a number has at least that stands without letters,
// which is a SIREN; nirDigits how many a social security number in one word has;
// shortestDate how many a date in one word has.
const (
	leastDigits  = 9
	nirDigits    = 15
	shortestDate = 8
)

// companies says whether numbers of companies are looked for.
func (d *Detector) companies() bool { return d.kinds&Of(SIRET, SIREN) != 0 }
