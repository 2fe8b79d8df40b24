package format

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// jsonFault is what makes bytes no JSON.
type jsonFault uint8

const (
	jsonFine jsonFault = iota
	jsonMore
	jsonValue
	jsonKey
	jsonColon
	jsonComma
	jsonControl
	jsonEscape
	jsonNumber
	jsonDepth
	jsonAfter
	jsonTwice
	jsonCharacter
	jsonUnpaired // not a fault of the document: no character
	jsonNaN      // not a fault of the document: no number
)

var jsonFaults = [...]string{
	jsonMore:      "it ends within a value",
	jsonValue:     "something that is no value",
	jsonKey:       "no key in quotes where one should be",
	jsonColon:     "no colon after a key",
	jsonComma:     "no comma or closing bracket after a value",
	jsonControl:   "a control character or line end in a text",
	jsonEscape:    "a backslash that starts no escape",
	jsonNumber:    "a number that JSON does not write like that",
	jsonDepth:     "more than 256 objects and arrays in one another",
	jsonAfter:     "something after the end of the document",
	jsonTwice:     "a key around the records twice in one object",
	jsonCharacter: "a byte that is no UTF-8 text",
	jsonNaN:       "NaN or Infinity, which JSON does not have",
	jsonUnpaired:  "an escape that stands for no character",
}

const (
	jsonBlank byte = 1 << iota
	jsonBracket
	jsonQuote
	jsonDigit
)

var jsonBytes = func() (t [256]byte) {
	for _, c := range " \t\r\n" {
		t[c] = jsonBlank
	}
	for _, c := range "{}[]" {
		t[c] = jsonBracket
	}
	t['"'] = jsonQuote
	for _, c := range "0123456789+-.eE" {
		t[c] = jsonDigit
	}
	return t
}()

// jsonSkip is the first byte from i on that is no white space.
func jsonSkip(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i
	}
	return jsonSkipMore(b, i)
}

// jsonSkipMore is jsonSkip where there may be more of it: documents are indented.
func jsonSkipMore(b []byte, i int) int {
	for i < len(b) {
		switch {
		case b[i] == ' ' && i+8 <= len(b) && uint64le(b[i:]) == ' '*ones:
			i += 8
		case jsonBytes[b[i]]&jsonBlank != 0:
			i++
		default:
			return i
		}
	}
	return i
}

// jsonStop is the first quote, backslash or control character from i on.
func jsonStop(b []byte, i int) int {
	const quotes, slashes, spaces = '"' * ones, '\\' * ones, ' ' * ones
	for ; i+8 <= len(b); i += 8 {
		v := uint64le(b[i:])
		q, s := v^quotes, v^slashes
		if hit := ((q-ones)&^q | (s-ones)&^s | (v-spaces)&^v) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

// jsonText is the end of the text whose opening quote is before b[i], and whether
// it has escapes.
func jsonText(b []byte, i int) (end int, escaped bool, f jsonFault) {
	for {
		i = jsonStop(b, i)
		switch {
		case i >= len(b):
			return i, escaped, jsonMore
		case b[i] == '"':
			return i, escaped, jsonFine
		case b[i] != '\\':
			return i, escaped, jsonControl
		case i+1 >= len(b):
			return i, escaped, jsonMore
		}
		escaped = true
		i += 2
	}
}

// jsonUnescape appends what a text stands for. jsonUnpaired is half a character,
// or none.
func jsonUnescape(dst, raw []byte) ([]byte, jsonFault) {
	f := jsonFine
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(dst, raw...), f
		}
		dst = append(dst, raw[:i]...)
		c := raw[i+1]
		raw = raw[i+2:]
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := fourDigits(raw)
			if !ok {
				return dst, jsonEscape
			}
			raw = raw[4:]
			switch {
			case r >= 0xD800 && r < 0xDC00 && len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u':
				low, ok := fourDigits(raw[2:])
				if !ok {
					return dst, jsonEscape
				}
				if low < 0xDC00 || low > 0xDFFF {
					f = jsonUnpaired
					continue
				}
				raw = raw[6:]
				r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
			case r >= 0xD800 && r <= 0xDFFF, r == 0:
				f = jsonUnpaired
				continue
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, jsonEscape
		}
	}
}

func fourDigits(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// jsonScalar is the end of the number, true, false or null at b[i]. whole says
// that nothing follows b.
func jsonScalar(b []byte, i int, whole bool) (int, jsonFault) {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if b[i] == word[0] && bytes.HasPrefix(b[i:], []byte(word)) {
			return i + len(word), jsonNaN
		}
	}
	if jsonBytes[b[i]]&jsonDigit == 0 {
		for _, word := range []string{"true", "false", "null"} {
			if b[i] != word[0] {
				continue
			}
			if rest := b[i:]; len(rest) < len(word) {
				if bytes.HasPrefix([]byte(word), rest) {
					return i, jsonMore
				}
			} else if string(rest[:len(word)]) == word {
				return i + len(word), jsonFine
			}
		}
		return i, jsonValue
	}
	start := i
	for i < len(b) && jsonBytes[b[i]]&jsonDigit != 0 {
		i++
	}
	if i == len(b) && !whole {
		return start, jsonMore
	}
	if !isJSONNumber(b[start:i]) {
		return start, jsonNumber
	}
	return i, jsonFine
}

// isJSONNumber judges a number (RFC 8259, 6).
func isJSONNumber(b []byte) bool {
	i := 0
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(b)
}

// jsonEnd is where the value at b[i] ends. Of objects and arrays it counts the
// brackets and does not judge what is in them: decoding does.
func jsonEnd(b []byte, i int, whole bool) (int, jsonFault) {
	switch b[i] {
	case '"':
		end, _, f := jsonText(b, i+1)
		return end + 1, f
	case '{', '[':
	default:
		return jsonScalar(b, i, whole)
	}
	for depth := 0; ; i++ {
		if i = jsonStructure(b, i); i >= len(b) {
			return i, jsonMore
		}
		switch b[i] {
		case '{', '[':
			if depth++; depth > treeDepth {
				return i, jsonDepth
			}
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, jsonFine
			}
		default:
			end, _, f := jsonText(b, i+1)
			if f != jsonFine {
				return end, f
			}
			i = end
		}
	}
}

// jsonStructure is the first quote or bracket from i on. Brackets of both kinds
// differ in one bit, which is set in both.
func jsonStructure(b []byte, i int) int {
	const quotes, opening, closing, bit = '"' * ones, '{' * ones, '}' * ones, 0x20 * ones
	for ; i+8 <= len(b); i += 8 {
		v := uint64le(b[i:])
		q, o, c := v^quotes, v|bit, v|bit
		o, c = o^opening, c^closing
		if hit := ((q-ones)&^q | (o-ones)&^o | (c-ones)&^c) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for i < len(b) && jsonBytes[b[i]]&(jsonBracket|jsonQuote) == 0 {
		i++
	}
	return i
}
