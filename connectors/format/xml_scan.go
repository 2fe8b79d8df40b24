package format

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// xmlFault is what makes bytes no well-formed XML.
type xmlFault uint8

const (
	xmlFine xmlFault = iota
	xmlMore          // it goes on beyond the bytes at hand
	xmlTag
	xmlName
	xmlNameLength
	xmlAttribute
	xmlAttributeTwice
	xmlAttributes
	xmlLess
	xmlComment
	xmlCDEnd
	xmlDoctype
	xmlMarkup
	xmlInstruction
	xmlDeclaration
	xmlDeclarationBad
	xmlMismatch
	xmlDepth
	xmlOutside
	xmlSecondRoot
	xmlRecords
	xmlLong
	xmlCharacter
	xmlEntity
)

var xmlFaults = [...]string{
	xmlMore:           "it ends within a tag",
	xmlTag:            "a tag that is none",
	xmlName:           "a name with a character that names do not have",
	xmlNameLength:     "a name of more than 1000 bytes",
	xmlAttribute:      "an attribute without = and a value in quotes, or without a space before it",
	xmlAttributeTwice: "the same attribute twice in one tag",
	xmlAttributes:     "more than 256 attributes in one tag",
	xmlLess:           "a < in the value of an attribute",
	xmlComment:        "a comment with -- in it",
	xmlCDEnd:          "a ]]> in text",
	xmlMarkup:         "a <! that starts no comment and no CDATA section",
	xmlInstruction:    "a processing instruction without a name",
	xmlDeclaration:    "an XML declaration that is not at the start",
	xmlMismatch:       "an end tag that is not that of the element that is open",
	xmlDepth:          "more than 256 elements in one another",
	xmlOutside:        "text outside the root element",
	xmlLong:           "a value around the records of more than 64 KiB",
	xmlRecords:        "more than 32 records in one another",
	xmlSecondRoot:     "an element after the root element",
	xmlCharacter:      "a character that XML or the encoding of the file does not allow",
	xmlEntity:         "a reference that is none of the five entities of XML and no character",
	xmlDeclarationBad: "an XML declaration that is not as XML 1.0 has it",
}

const (
	xmlNameBound       = 1000
	xmlAttributesBound = 256
)

// xmlSpan is a name and where its local part begins.
type xmlSpan struct{ start, local, end int }

type xmlAttr struct {
	name     xmlSpan
	from, to int // the value, without its quotes
}

// xmlLexer takes single tags apart.
type xmlLexer struct {
	b     []byte
	name  xmlSpan
	attrs []xmlAttr
	empty bool // the tag ends in />
}

// Bytes of names (XML 1.0, productions 4 and 4a) as far as ASCII goes.
const (
	xmlSpace byte = 1 << iota
	xmlStart
	xmlRest
	xmlBeyond // ASCII
)

var xmlBytes = func() (t [256]byte) {
	for _, c := range " \t\r\n" {
		t[c] = xmlSpace
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = xmlStart|xmlRest, xmlStart|xmlRest
	}
	t['_'], t['-'], t['.'] = xmlStart|xmlRest, xmlRest, xmlRest
	for c := '0'; c <= '9'; c++ {
		t[c] = xmlRest
	}
	for c := 0x80; c < 0x100; c++ {
		t[c] = xmlStart | xmlRest | xmlBeyond
	}
	return t
}()

// nameAt is the name at b[i]. It has one colon at most, with a name on each side
// (Namespaces in XML 1.0, production 7).
func (x *xmlLexer) nameAt(i int) (xmlSpan, xmlFault) {
	b := x.b
	n := xmlSpan{start: i, local: i}
	if i >= len(b) {
		return n, xmlMore
	}
	var all byte
	for part := 0; ; part++ {
		if i >= len(b) {
			return n, xmlMore
		}
		if xmlBytes[b[i]]&xmlStart == 0 {
			return n, xmlName
		}
		for i < len(b) && xmlBytes[b[i]]&xmlRest != 0 {
			all |= xmlBytes[b[i]]
			i++
		}
		if i >= len(b) || b[i] != ':' || part == 1 {
			break
		}
		i++
		n.local = i
	}
	n.end = i
	switch {
	case i-n.start > xmlNameBound:
		return n, xmlNameLength
	case i >= len(b):
		return n, xmlMore
	case b[i] == ':':
		return n, xmlName
	}
	if all&xmlBeyond != 0 && !lettersBeyond(b[n.start:n.end]) {
		return n, xmlName
	}
	return n, xmlFine
}

// lettersBeyond judges the characters of a name that are not ASCII. A name in an
// encoding of single bytes is not UTF-8, and its bytes are letters or signs: signs
// that are no letters are let through there.
func lettersBeyond(name []byte) bool {
	if !utf8.Valid(name) {
		return true
	}
	first := true
	for _, r := range string(name) {
		if r >= 0x80 && !nameRune(r, first) {
			return false
		}
		first = r == ':'
	}
	return true
}

func nameRune(r rune, first bool) bool {
	switch {
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return !first
	case r == 0xD7, r == 0xF7, r == 0x37E:
		return false
	case r >= 0xC0 && r <= 0x1FFF, r == 0x200C, r == 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF,
		r >= 0x3001 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return true
	}
	return false
}

// startTag takes the start tag at b[p] apart and gives where it ends.
func (x *xmlLexer) startTag(p int) (int, xmlFault) {
	b := x.b
	var f xmlFault
	if x.name, f = x.nameAt(p + 1); f != xmlFine {
		return x.name.end, f
	}
	x.attrs, x.empty = x.attrs[:0], false
	for i := x.name.end; ; {
		from := i
		for i < len(b) && xmlBytes[b[i]]&xmlSpace != 0 {
			i++
		}
		if i >= len(b) {
			return i, xmlMore
		}
		switch b[i] {
		case '>':
			return i + 1, x.twice()
		case '/':
			if i+1 >= len(b) {
				return i, xmlMore
			}
			if b[i+1] != '>' {
				return i, xmlTag
			}
			x.empty = true
			return i + 2, x.twice()
		}
		if from == i {
			return i, xmlAttribute
		}
		var a xmlAttr
		if a.name, f = x.nameAt(i); f != xmlFine {
			return i, f
		}
		i = x.spaces(a.name.end)
		if i < len(b) && b[i] != '=' {
			return i, xmlAttribute
		}
		i = x.spaces(i + 1)
		if i >= len(b) {
			return i, xmlMore
		}
		quote := b[i]
		if quote != '"' && quote != '\'' {
			return i, xmlAttribute
		}
		i++
		for a.from = i; i < len(b) && b[i] != quote; i++ {
			if b[i] == '<' {
				return i, xmlLess
			}
		}
		if i >= len(b) {
			return i, xmlMore
		}
		a.to = i
		i++
		if len(x.attrs) == xmlAttributesBound {
			return i, xmlAttributes
		}
		x.attrs = append(x.attrs, a)
	}
}

func (x *xmlLexer) spaces(i int) int {
	for i < len(x.b) && xmlBytes[x.b[i]]&xmlSpace != 0 {
		i++
	}
	return i
}

// twice looks for an attribute that is there twice.
func (x *xmlLexer) twice() xmlFault {
	for i := range x.attrs {
		a := x.b[x.attrs[i].name.start:x.attrs[i].name.end]
		for _, other := range x.attrs[:i] {
			if other.name.end-other.name.start == len(a) && bytes.Equal(a, x.b[other.name.start:other.name.end]) {
				return xmlAttributeTwice
			}
		}
	}
	return xmlFine
}

// endTag takes the end tag at b[p] apart and gives where it ends.
func (x *xmlLexer) endTag(p int) (int, xmlFault) {
	var f xmlFault
	if x.name, f = x.nameAt(p + 2); f != xmlFine {
		return p, f
	}
	i := x.spaces(x.name.end)
	switch {
	case i >= len(x.b):
		return i, xmlMore
	case x.b[i] != '>':
		return i, xmlTag
	}
	return i + 1, xmlFine
}

var (
	xmlCommentStart = []byte("<!--")
	xmlCDStart      = []byte("<![CDATA[")
	xmlCDStop       = []byte("]]>")
	xmlDoctypeStart = []byte("<!DOCTYPE")
)

// aside passes over the comment, processing instruction or CDATA section at b[p].
// from and to are the text of a CDATA section, else from is 0.
func (x *xmlLexer) aside(p int) (end, from, to int, f xmlFault) {
	rest := x.b[p:]
	begins := func(what []byte) bool { return bytes.HasPrefix(rest, what) }
	switch {
	case rest[1] == '?':
		name, f := x.nameAt(p + 2)
		if f == xmlMore {
			return p, 0, 0, f
		}
		if f != xmlFine {
			return p, 0, 0, xmlInstruction
		}
		stop := bytes.Index(x.b[name.end:], []byte("?>"))
		switch {
		case bytes.EqualFold(x.b[name.start:name.end], []byte("xml")):
			return p, 0, 0, xmlDeclaration
		case stop < 0:
			return p, 0, 0, xmlMore
		case stop > 0 && xmlBytes[x.b[name.end]]&xmlSpace == 0:
			return p, 0, 0, xmlInstruction
		}
		return name.end + stop + 2, 0, 0, xmlFine
	case begins(xmlCommentStart):
		stop := bytes.Index(rest[4:], []byte("--"))
		if stop < 0 || len(rest) < 4+stop+3 {
			return p, 0, 0, xmlMore
		}
		if rest[4+stop+2] != '>' {
			return p, 0, 0, xmlComment
		}
		return p + 4 + stop + 3, 0, 0, xmlFine
	case begins(xmlCDStart):
		stop := bytes.Index(rest[len(xmlCDStart):], xmlCDStop)
		if stop < 0 {
			return p, 0, 0, xmlMore
		}
		from = p + len(xmlCDStart)
		return from + stop + len(xmlCDStop), from, from + stop, xmlFine
	case begins(xmlDoctypeStart):
		return p, 0, 0, xmlDoctype
	case bytes.HasPrefix(xmlCommentStart, rest) || bytes.HasPrefix(xmlCDStart, rest) || bytes.HasPrefix(xmlDoctypeStart, rest):
		return p, 0, 0, xmlMore
	}
	return p, 0, 0, xmlMarkup
}

// elementEnd is where the element ends whose start tag begins at b[p]. It counts
// tags and does not judge what is in them: decoding does.
func (x *xmlLexer) elementEnd(p int) (int, xmlFault) {
	b := x.b
	for depth := 0; ; {
		if p+1 >= len(b) {
			return p, xmlMore
		}
		switch b[p+1] {
		case '/':
			i := bytes.IndexByte(b[p:], '>')
			if i < 0 {
				return p, xmlMore
			}
			depth--
			p += i + 1
		case '!', '?':
			var f xmlFault
			if p, _, _, f = x.aside(p); f != xmlFine {
				return p, f
			}
		default:
			i := tagEnd(b, p+1)
			if i < 0 {
				return p, xmlMore
			}
			if b[i-1] != '/' {
				if depth++; depth > treeDepth {
					return p, xmlDepth
				}
			}
			p = i + 1
		}
		if depth == 0 {
			return p, xmlFine
		}
		i := bytes.IndexByte(b[p:], '<')
		if i < 0 {
			return p, xmlMore
		}
		p += i
	}
}

// tagEnd is the next > outside quotes from b[i] on, or -1.
func tagEnd(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '>':
			return i
		case '"', '\'':
			stop := bytes.IndexByte(b[i+1:], b[i])
			if stop < 0 {
				return -1
			}
			i += 1 + stop
		}
	}
	return -1
}

// Bytes of texts that do not stand for themselves.
const (
	xmlAmp byte = 1 << iota
	xmlCR
	xmlBlank // a tab or line end, a space in an attribute
	xmlHigh
)

var xmlTextBytes = func() (t [256]byte) {
	t['&'], t['\r'], t['\t'], t['\n'] = xmlAmp, xmlCR, xmlBlank, xmlBlank
	for c := 0x80; c < 0x100; c++ {
		t[c] = xmlHigh
	}
	return t
}()

// asItStands says whether raw is its own text.
func asItStands(raw []byte, e *csvEncoding, attribute bool) bool {
	mask := xmlAmp | xmlCR
	if attribute {
		mask |= xmlBlank
	}
	if e.table != nil {
		mask |= xmlHigh
	}
	var all byte
	for _, c := range raw {
		all |= xmlTextBytes[c]
	}
	return all&mask == 0
}

// appendXML appends the text that raw stands for, as UTF-8: references become
// characters, line ends a line feed (XML 1.0, 2.11), white space in an attribute
// a space (3.3.3). The bytes of raw are text in the encoding.
func appendXML(dst, raw []byte, e *csvEncoding, attribute bool) ([]byte, *messages.Error) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '&':
			r, n, why := reference(raw[i:])
			if why != nil {
				return dst, why
			}
			dst = utf8.AppendRune(dst, r)
			i += n - 1
		case c == '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				continue
			}
			dst = append(dst, lineFeed(attribute))
		case attribute && (c == '\n' || c == '\t'):
			dst = append(dst, ' ')
		case c >= 0x80 && e.table != nil:
			dst = append(dst, e.table[c].utf8[:e.table[c].n]...)
		default:
			dst = append(dst, c)
		}
	}
	return dst, nil
}

func lineFeed(attribute bool) byte {
	if attribute {
		return ' '
	}
	return '\n'
}

// reference is the character that the reference at the start of b stands for,
// and how long the reference is.
func reference(b []byte) (rune, int, *messages.Error) {
	stop := bytes.IndexByte(b[:min(len(b), 40)], ';')
	if stop < 0 {
		return 0, 0, messages.XMLEntity.With("entity", "an ampersand")
	}
	name := string(b[1:stop])
	switch name {
	case "lt":
		return '<', stop + 1, nil
	case "gt":
		return '>', stop + 1, nil
	case "amp":
		return '&', stop + 1, nil
	case "apos":
		return '\'', stop + 1, nil
	case "quot":
		return '"', stop + 1, nil
	}
	if len(name) > 1 && name[0] == '#' {
		digits, base := name[1:], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 32); err == nil && xmlChar(rune(n)) {
			return rune(n), stop + 1, nil
		}
		return 0, 0, messages.XMLCharacter.With()
	}
	if _, known := xml.HTMLEntity[name]; known { // not a word of the row
		return 0, 0, messages.XMLEntity.With("entity", "&"+name+";")
	}
	return 0, 0, messages.XMLEntity.With("entity", "a reference")
}

// xmlChar says whether XML allows the character (XML 1.0, production 2).
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// checkReferences judges the references of a text that nobody wants.
func checkReferences(raw []byte) *messages.Error {
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return nil
		}
		_, n, why := reference(raw[i:])
		if why != nil {
			return why
		}
		raw = raw[i+n:]
	}
}
