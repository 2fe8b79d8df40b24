package format

import (
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// csvEncoding turns bytes into text without ever replacing one. Single-byte
// encodings keep ASCII as it is and are read cell by cell through a table;
// UTF-16 becomes UTF-8 on the way in; a nil table is UTF-8.
type csvEncoding struct {
	table *[256]csvChar
	wide  bool // UTF-16
	order byteOrder
}

type byteOrder uint8

const (
	byMark byteOrder = iota
	littleEndian
	bigEndian
)

// csvChar is a character as UTF-8; no bytes: there is none.
type csvChar struct {
	n    uint8
	utf8 [3]byte
}

var csvEncodings = map[string]*csvEncoding{
	"utf-8":       {},
	"cp1252":      {table: csvTable(charmap.Windows1252)},
	"iso-8859-15": {table: csvTable(charmap.ISO8859_15)},
	"iso-8859-1":  {table: csvTable(charmap.ISO8859_1)},
	"cp850":       {table: csvTable(charmap.CodePage850)},
	"utf-16":      {wide: true},
	"utf-16le":    {wide: true, order: littleEndian},
	"utf-16be":    {wide: true, order: bigEndian},
}

// csvTable leaves out NUL and the control characters from U+0080 to U+009F: a
// file that seems to hold one is in another encoding, or damaged.
func csvTable(m *charmap.Charmap) *[256]csvChar {
	var t [256]csvChar
	for i := range t {
		r := m.DecodeByte(byte(i))
		if i == 0 || r == utf8.RuneError || r >= 0x80 && r <= 0x9F {
			continue
		}
		t[i].n = uint8(utf8.EncodeRune(t[i].utf8[:], r))
	}
	return &t
}

// clean says whether every byte of b stands for itself in UTF-8, so that no
// cell of it needs a closer look.
func (e *csvEncoding) clean(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return false
	}
	if e.table != nil {
		return isASCII(b)
	}
	return arrowx.ValidUTF8(b)
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if uint64le(b)&highs != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isPlainText says whether b is ASCII without NUL.
func isPlainText(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if !isPlain(uint64le(b)) {
			return false
		}
	}
	for _, c := range b {
		if c-1 >= 0x7f { // NUL goes round
			return false
		}
	}
	return true
}

// isPlain says whether eight bytes are ASCII and none is NUL.
func isPlain(v uint64) bool { return (v|(v-ones)&^v)&highs == 0 }

// unreadable is the index of the first byte of b that is no text, or -1.
func (e *csvEncoding) unreadable(b []byte) int {
	if e.table != nil {
		for i := 0; i < len(b); i++ {
			for i+8 <= len(b) && isPlain(uint64le(b[i:])) {
				i += 8
			}
			if i < len(b) && e.table[b[i]].n == 0 {
				return i
			}
		}
		return -1
	}
	for i := 0; i < len(b); {
		if b[i] == 0 {
			return i
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// appendText appends b, which is readable, as UTF-8.
func (e *csvEncoding) appendText(dst, b []byte) []byte {
	if e.table == nil {
		return append(dst, b...)
	}
	for _, c := range b {
		if c < 0x80 {
			dst = append(dst, c)
			continue
		}
		ch := &e.table[c]
		dst = append(dst, ch.utf8[:ch.n]...)
	}
	return dst
}

// appendAll appends b, in an encoding of single bytes, as UTF-8; ok is false when
// one of its bytes is no text.
func (e *csvEncoding) appendAll(dst, b []byte) (all []byte, ok bool) {
	for len(b) > 0 {
		if len(b) >= 8 {
			if v := uint64le(b); isPlain(v) {
				dst = append(dst, b[:8]...)
				b = b[8:]
				continue
			}
		}
		// up to the next eight: text that has one letter beyond ASCII often has more
		for _, c := range b[:min(8, len(b))] {
			ch := &e.table[c]
			if ch.n == 0 {
				return dst, false
			}
			dst = append(dst, ch.utf8[:ch.n]...)
		}
		b = b[min(8, len(b)):]
	}
	return dst, true
}

// rawLen is how many bytes of the file b was made from.
func (e *csvEncoding) rawLen(b []byte) int64 {
	if !e.wide {
		return int64(len(b))
	}
	units := 0
	for _, c := range b {
		if c&0xC0 != 0x80 {
			units++
		}
		if c >= 0xF0 && c != unpaired {
			units++
		}
	}
	return int64(2 * units)
}

var byteMark = []byte{0xEF, 0xBB, 0xBF}

// unpaired is written for half a character; no UTF-8 holds it.
const unpaired = 0xFF

// wideReader reads UTF-16 as UTF-8. What is no character becomes a byte that
// is no UTF-8, so that the cell it stands in is refused in its place.
type wideReader struct {
	in   io.Reader
	big  bool
	buf  []byte // what was read and not yet used
	room [1 << 15]byte
	out  []byte // what is ready
	err  error
}

func (w *wideReader) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.fill()
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

func (w *wideReader) fill() {
	kept := copy(w.room[:], w.buf)
	n, err := w.in.Read(w.room[kept:])
	b := w.room[:kept+n]
	w.err = err
	out := make([]byte, 0, len(b)*3/2+1)
	for len(b) >= 2 {
		r := rune(w.unit(b))
		switch {
		case r < 0xD800 || r > 0xDFFF:
			out = utf8.AppendRune(out, r)
		case len(b) < 4 && err == nil:
			w.buf, w.out = b, out
			return
		default:
			if len(b) >= 4 {
				if full := utf16.DecodeRune(r, rune(w.unit(b[2:]))); full != utf8.RuneError {
					out = utf8.AppendRune(out, full)
					b = b[4:]
					continue
				}
			}
			out = append(out, unpaired)
		}
		b = b[2:]
	}
	if err != nil && len(b) == 1 {
		out, b = append(out, unpaired), nil
	}
	w.buf, w.out = b, out
}

func (w *wideReader) unit(b []byte) uint16 {
	if w.big {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}
