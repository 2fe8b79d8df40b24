package format

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// bookScan takes apart XML that stands in memory: whole elements, as spreadsheets
// write them. Names are without their prefix. Document types are refused, and of
// entities only the five of XML and numbers are known (XML 1.0, 4.6).
type bookScan struct {
	b []byte
	i int

	kind  bookToken
	name  []byte // of a start or an end
	attrs []byte // of a start
	empty bool   // a start that ends itself; no end comes
	text  []byte // of a text, as it stands; see unescape
	plain bool   // the text is CDATA: as it stands
}

// scanText scans what must be text in UTF-8.
func scanText(b []byte) (bookScan, error) {
	if !arrowx.ValidUTF8(b) || bytes.IndexByte(b, 0) >= 0 {
		return bookScan{}, bookWhy("a part is not UTF-8")
	}
	return bookScan{b: b}, nil
}

type bookToken uint8

const (
	tokenStart bookToken = iota + 1
	tokenEnd
	tokenText
)

const (
	errBookXML = bookWhy("a part is not well-formed XML")
	errDoctype = bookWhy("a part declares a document type")
)

// next finds the next start, end or text; false at the end.
func (x *bookScan) next() (bool, error) {
	for x.i < len(x.b) {
		if x.b[x.i] != '<' {
			j := bytes.IndexByte(x.b[x.i:], '<')
			if j < 0 {
				j = len(x.b) - x.i
			}
			x.kind, x.text, x.plain = tokenText, x.b[x.i:x.i+j], false
			x.i += j
			return true, nil
		}
		if x.i+1 < len(x.b) && (x.b[x.i+1] == '!' || x.b[x.i+1] == '?') {
			text, err := x.special()
			if err != nil || text {
				return text, err
			}
			continue
		}
		end := x.tagEnd()
		if end < 0 {
			return false, errBookXML
		}
		tag := x.b[x.i+1 : end]
		x.i = end + 1
		return true, x.tag(tag)
	}
	return false, nil
}

// more is next within an element, which its end must follow.
func (x *bookScan) more() error {
	ok, err := x.next()
	if err == nil && !ok {
		err = errBookXML
	}
	return err
}

// tagEnd is where the tag that begins at i ends: at a > outside of quotes.
func (x *bookScan) tagEnd() int {
	i := bytes.IndexByte(x.b[x.i:], '>')
	if i < 0 {
		return -1
	}
	tag := x.b[x.i : x.i+i]
	if bytes.Count(tag, quoteByte)%2 == 0 && (bytes.IndexByte(tag, '\'') < 0 || balanced(tag)) {
		return x.i + i
	}
	return tagEnd(x.b, x.i+1) // values with > in them are rare
}

var quoteByte = []byte{'"'}

// balanced says whether quotes of both kinds are closed.
func balanced(tag []byte) bool {
	open := byte(0)
	for _, c := range tag {
		switch {
		case open == 0 && (c == '"' || c == '\''):
			open = c
		case c == open:
			open = 0
		}
	}
	return open == 0
}

func (x *bookScan) tag(tag []byte) error {
	x.kind, x.empty, x.attrs = tokenStart, false, nil
	if len(tag) > 0 && tag[0] == '/' {
		x.kind, tag = tokenEnd, tag[1:]
	} else if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.empty, tag = true, tag[:n-1]
	}
	n := 0
	for n < len(tag) && tag[n] > ' ' {
		n++
	}
	if n == 0 {
		return errBookXML
	}
	x.name, x.attrs = tag[:n], tag[n:]
	if i := bytes.IndexByte(x.name, ':'); i >= 0 {
		x.name = x.name[i+1:]
	}
	return nil
}

// special passes over comments and instructions; text says that CDATA was found.
func (x *bookScan) special() (text bool, err error) {
	b := x.b[x.i:]
	for _, s := range []struct{ start, end string }{{"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", "]]>"}} {
		if !bytes.HasPrefix(b, []byte(s.start)) {
			continue
		}
		n := bytes.Index(b[len(s.start):], []byte(s.end))
		if n < 0 {
			return false, errBookXML
		}
		x.i += len(s.start) + n + len(s.end)
		if s.start != "<![CDATA[" {
			return false, nil
		}
		x.kind, x.text, x.plain = tokenText, b[len(s.start):len(s.start)+n], true
		return true, nil
	}
	return false, errDoctype
}

// attr is the value of an attribute, by its name with its prefix, as it stands.
func (x *bookScan) attr(name string) ([]byte, bool) {
	return x.find(func(key []byte) bool { return string(key) == name })
}

// prefixed is the value of the attribute of that name that has a prefix, whatever it is.
func (x *bookScan) prefixed(name string) string {
	b, _ := x.find(func(key []byte) bool {
		i := bytes.IndexByte(key, ':')
		return i > 0 && string(key[i+1:]) == name
	})
	return string(b)
}

func (x *bookScan) find(is func(key []byte) bool) ([]byte, bool) {
	for b := x.attrs; ; {
		b = trimSpace(b)
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return nil, false
		}
		key := b[:eq]
		for len(key) > 0 && key[len(key)-1] <= ' ' {
			key = key[:len(key)-1]
		}
		b = trimSpace(b[eq+1:])
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil, false
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil, false
		}
		if is(key) {
			return b[1 : 1+end], true
		}
		b = b[end+2:]
	}
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && b[0] <= ' ' {
		b = b[1:]
	}
	return b
}

// attrText is an attribute's value as text.
func (x *bookScan) attrText(name string) string {
	b, _ := x.attr(name)
	text, err := unescape(nil, b)
	if err != nil {
		return ""
	}
	return string(text)
}

// skip passes over the element that has just started.
func (x *bookScan) skip() error {
	if x.empty {
		return nil
	}
	for depth := 1; depth > 0; {
		if err := x.more(); err != nil {
			return err
		}
		switch {
		case x.kind == tokenStart && !x.empty:
			depth++
		case x.kind == tokenEnd:
			depth--
		}
	}
	return nil
}

// appendTo appends the text that was found.
func (x *bookScan) appendTo(dst []byte) ([]byte, error) {
	if x.plain {
		return lineEnds(dst, x.text), nil
	}
	return unescape(dst, x.text)
}

// lineEnds makes CR LF and CR one LF (XML 1.0, 2.11).
func lineEnds(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\n')
		if b = b[i+1:]; len(b) > 0 && b[0] == '\n' {
			b = b[1:]
		}
	}
}

var bookEntities = map[string]byte{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// unescape appends b with its references replaced.
func unescape(dst, b []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return lineEnds(dst, b), nil
		}
		dst = lineEnds(dst, b[:i])
		end := bytes.IndexByte(b[i:min(len(b), i+12)], ';')
		if end < 0 {
			return dst, errBookXML
		}
		ref := string(b[i+1 : i+end])
		b = b[i+end+1:]
		if c, ok := bookEntities[ref]; ok {
			dst = append(dst, c)
			continue
		}
		if len(ref) < 2 || ref[0] != '#' {
			return dst, bookWhy("a part names an entity that XML does not have")
		}
		digits, base := ref[1:], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || n == 0 || n > utf8.MaxRune || n >= 0xD800 && n < 0xE000 {
			return dst, errBookXML
		}
		dst = utf8.AppendRune(dst, rune(n))
	}
}
