package freetext

import (
	"encoding/binary"
	"math/bits"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// In a folded text every character is one byte: letters without their accents,
// digits of all scripts as 0 to 9, spaces of all widths as one, dashes as "-",
// and these for what ASCII has not. Accents that stand alone, soft hyphens and
// what has no width are left out, so that they hide nothing.
const (
	otherSmall   = 0x80 // a letter that is no capital
	otherCapital = 0x81
	otherSymbol  = 0x82
	leftOut      = 0
)

// folded is a text as detectors read it.
type folded struct {
	b       []byte
	own     []byte // room for b, when it is not the text itself
	anchors []anchor
}

// anchor says where in the text the byte at of the folded text comes from; up to
// the next anchor the bytes after it follow there too.
type anchor struct{ at, source int }

func (f *folded) fold(text []byte) {
	i := asciiRun(text, 0)
	if i == len(text) {
		f.b = text
		return
	}
	if cap(f.own) < len(text)+8 { // a folded text is no longer, and is written eight bytes at a time
		f.own = make([]byte, 2*len(text)+8)
	}
	b := f.own[:len(text)+8]
	n := copy(b, text[:i])
next:
	for i < len(text) {
		var c byte
		if lead := text[i] - 0xc2; lead < 4 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 { // U+0080 to U+017F
			c = latin[int(lead)<<6|int(text[i+1]&0x3f)]
			i += 2
		} else {
			var size int
			c, size = foldFirst(text[i:])
			i += size
		}
		b[n] = c
		if c != leftOut {
			n++
		}
		for len(text)-i >= 8 {
			x := binary.LittleEndian.Uint64(text[i:])
			binary.LittleEndian.PutUint64(b[n:], x)
			if m := x & highs; m != 0 {
				i, n = i+bits.TrailingZeros64(m)/8, n+bits.TrailingZeros64(m)/8
				continue next
			}
			i, n = i+8, n+8
		}
		for i < len(text) && text[i] < utf8.RuneSelf {
			b[n] = text[i]
			i, n = i+1, n+1
		}
	}
	f.b = b[:n]
}

// anchor finds out where in the text, which was folded, the bytes come from: only
// a text in which something was found has to know.
func (f *folded) anchor(text []byte) {
	f.anchors = f.anchors[:0]
	i := asciiRun(text, 0)
	for at := i; i < len(text); {
		c, size := foldFirst(text[i:])
		i += size
		if c != leftOut {
			at++
		}
		if n := len(f.anchors); n > 0 && f.anchors[n-1].at == at {
			f.anchors[n-1].source = i
		} else {
			f.anchors = append(f.anchors, anchor{at, i})
		}
		end := asciiRun(text, i)
		at += end - i
		i = end
	}
}

// foldFirst is what the first character of a text, which is not ASCII, becomes, and how
// many bytes it has.
func foldFirst(text []byte) (c byte, size int) {
	if lead := text[0]; lead >= 0xc2 && lead < 0xc6 && len(text) > 1 && text[1]&0xc0 == 0x80 { // U+0080 to U+017F
		return latin[int(lead&0x1f)<<6|int(text[1]&0x3f)-0x80], 2
	}
	if len(text) > 2 && text[0] == 0xe2 && text[1]&^1 == 0x80 && text[2]&0xc0 == 0x80 { // U+2000 to U+207F
		if at := int(text[1]&1)<<6 | int(text[2]&0x3f); at < len(punctuation) {
			return punctuation[at], 3
		}
	}
	r, size := utf8.DecodeRune(text)
	return foldRune(r, size), size
}

// asciiRun is the end of the ASCII that begins at i.
func asciiRun(text []byte, i int) int {
	for len(text)-i >= 8 {
		if m := binary.LittleEndian.Uint64(text[i:]) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += 8
	}
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// source is where in the text byte at of the folded text begins, after what was
// left out before it.
func (f *folded) source(at int) int {
	n := sort.Search(len(f.anchors), func(i int) bool { return f.anchors[i].at > at })
	if n == 0 {
		return at
	}
	a := f.anchors[n-1]
	return a.source + at - a.at
}

// latin and punctuation are slowFold from U+0080 to U+017F and from U+2000 to
// U+206F, where nearly all is that French has.
var (
	latin       = folds(0x80, 0x180)
	punctuation = folds(0x2000, 0x2070)
)

func folds(from, to rune) []byte {
	t := make([]byte, to-from)
	for i := range t {
		t[i] = slowFold(from + rune(i))
	}
	return t
}

func foldRune(r rune, size int) byte {
	switch {
	case r == utf8.RuneError && size <= 1:
		return otherSymbol
	case r >= 0x80 && r < 0x180:
		return latin[r-0x80]
	case r >= 0x2000 && r < 0x2070:
		return punctuation[r-0x2000]
	}
	return slowFold(r)
}

// stands are bytes for characters that no rule below knows.
var stands = map[rune]byte{
	'œ': 'o', 'Œ': 'O', 'æ': 'a', 'Æ': 'A', 'ø': 'o', 'Ø': 'O', 'ł': 'l', 'Ł': 'L', 'đ': 'd', 'Đ': 'D', 'ß': 's', 'ẞ': 'S', 'ı': 'i',
	'‘': '\'', '’': '\'', 'ʼ': '\'', '‛': '\'', '´': '\'', '−': '-', '。': '.', '｡': '.', '\u0085': '\n', '\u2028': '\n', '\u2029': '\n',
}

func slowFold(r rune) byte {
	if c, ok := stands[r]; ok {
		return c
	}
	switch {
	case unicode.Is(unicode.Nd, r):
		return decimalDigit(r)
	case r >= '！' && r <= '～': // full width
		return byte(r - '！' + '!')
	case unicode.Is(unicode.Pd, r):
		return '-'
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.M, r), unicode.Is(unicode.Cf, r):
		return leftOut
	case unicode.IsLetter(r):
		return letter(r)
	}
	return sign(r)
}

// sign is the ASCII letter or sign that a sign is another form of: Ⅴ, Ⓜ, ﹫. Those of
// digits are otherSymbol: m² is no number.
func sign(r rune) byte {
	var room [utf8.UTFMax]byte
	n := utf8.EncodeRune(room[:], r)
	if d := norm.NFKD.Properties(room[:n]).Decomposition(); len(d) == 1 && d[0] > ' ' && class[d[0]] != digit {
		return d[0]
	}
	return otherSymbol
}

// alike are letters of other scripts that nobody can tell from one of ours: with one of
// them a name would be no name, and read as one.
var alike = func() map[rune]byte {
	m := map[rune]byte{}
	for _, pair := range strings.Fields("АA ВB ЕE КK МM НH ОO РP СC ТT ХX УY ЅS ІI ЈJ аa еe оo рp сc уy хx ѕs іi јj ԁd һh ӏl " +
		"ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa οo ιi νv ρp") {
		r, n := utf8.DecodeRuneInString(pair)
		m[r] = pair[n]
	}
	return m
}()

// decimalDigit is the value of a digit: the digits of a script come in tens, from 0.
func decimalDigit(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	return otherSymbol
}

// letter is the ASCII letter that r is made of, or stands for.
func letter(r rune) byte {
	var room [utf8.UTFMax]byte
	n := utf8.EncodeRune(room[:], r)
	first := r
	if d := norm.NFKD.Properties(room[:n]).Decomposition(); len(d) > 0 {
		first, _ = utf8.DecodeRune(d)
	}
	if c := first | 0x20; c >= 'a' && c <= 'z' {
		return byte(first)
	}
	if c, ok := alike[first]; ok {
		return c
	}
	if unicode.IsUpper(r) || unicode.IsTitle(r) {
		return otherCapital
	}
	return otherSmall
}

// classes of bytes of a folded text; 0 is what stands between words.
const (
	small   = 1
	capital = 2
	digit   = 4
)

var class = func() (t [256]byte) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = small, capital
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = digit
	}
	t[otherSmall], t[otherCapital] = small, capital
	return t
}()
