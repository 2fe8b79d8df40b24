package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// xmlScanner follows a document from its root to its records. What is outside
// them it judges itself.
type xmlScanner struct {
	xmlLexer
	plan     *xmlPlan
	encoding *csvEncoding
	open     []xmlOpen // the elements that are open
	names    []byte    // theirs, one after the other
	scope    []xmlBinding
	rooted   bool // the root element was there
	found    bool // a record, or an element that could hold one
	text     []byte
}

// xmlOpen is an element that is open.
type xmlOpen struct {
	node  *xmlNode
	name  int // where it begins in names
	scope int // how many bindings were there before it
	text  int // where its text begins in text
	mixed bool
}

// open reads the declaration and prepares everything that depends on it. On
// success the result owns r.
func (c *xmlCodec) open(ctx context.Context, in Input, r io.ReadCloser) (*treeChunks, error) {
	s := &treeChunks{env: c.env, in: in, readAhead: readAhead{file: r}, size: c.chunk, line: 1}
	s.chunks.New = newTreeChunk
	e, name, err := s.startXML()
	if err != nil {
		return nil, err
	}
	plan, err := c.config.plan(e)
	if err != nil {
		return nil, err
	}
	for i := range plan.slots {
		plan.slots[i].nullText = c.form.isNull
	}
	s.slots, s.schema = plan.slots, schemaOf(cellColumnsOf(plan.columns))
	scanner := &xmlScanner{plan: plan, encoding: e}
	s.scanner = scanner
	s.decoders.New = func() treeRecords { return newXMLDecoder(c, plan, e, name) }
	return s, ctx.Err()
}

// xmlEncodings are the names that declarations use.
var xmlEncodings = map[string]string{
	"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
	"iso-8859-1": "iso-8859-1", "latin1": "iso-8859-1", "iso-8859-15": "iso-8859-15", "latin-9": "iso-8859-15",
	"windows-1252": "cp1252", "cp1252": "cp1252", "utf-16": "utf-16", "utf-16le": "utf-16", "utf-16be": "utf-16",
}

// startXML passes over the mark and the declaration, and tells the encoding from
// them (XML 1.0, appendix F). Where they contradict each other, nothing is guessed.
func (s *treeChunks) startXML() (*csvEncoding, string, error) {
	var head [4]byte
	n, err := io.ReadFull(s.file, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, "", err
	}
	b, seen := head[:n], ""
	wide := &wideReader{}
	switch {
	case bytes.HasPrefix(b, byteMark):
		b, seen, wide = b[3:], "utf-8", nil
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		wide.big, b, seen = b[0] == 0xFE, b[2:], "utf-16"
	case string(b) == "<\x00?\x00", string(b) == "\x00<\x00?":
		wide.big, seen = b[0] == 0, "utf-16"
	default:
		wide = nil
	}
	s.text = io.MultiReader(bytes.NewReader(bytes.Clone(b)), s.file)
	if wide != nil {
		wide.in = s.text
		s.text = wide
	}
	refuse := func(why string, args ...any) error {
		return messages.XMLEncoding.With("file", s.in.Name, "why", fmt.Sprintf(why, args...))
	}
	if err := s.fill(512); err != nil {
		return nil, "", err
	}
	declared, err := s.declaration()
	if err != nil {
		return nil, "", err
	}
	name := xmlEncodings[strings.ToLower(declared)]
	switch {
	case declared == "" && seen == "":
		name = "utf-8"
	case declared == "":
		name = seen
	case name == "":
		return nil, "", refuse("it declares one that is not utf-8, us-ascii, iso-8859-1, iso-8859-15, windows-1252 or utf-16")
	case seen != "" && name != seen:
		return nil, "", refuse("its first bytes are %s, its declaration says %s", seen, name)
	case seen == "" && name == "utf-16":
		return nil, "", refuse("its declaration says %s, its first bytes do not", name)
	}
	switch name {
	case "utf-16":
		return utf8Cells, name, nil // as it is read
	case "ascii":
		return asciiOnly, name, nil
	}
	return csvEncodings[name], name, nil
}

// declaration passes over the XML declaration (XML 1.0, production 23) and gives
// the encoding it names.
func (s *treeChunks) declaration() (encoding string, err error) {
	b := s.held
	if !bytes.HasPrefix(b, []byte("<?xml")) || len(b) > 5 && xmlBytes[b[5]]&xmlSpace == 0 {
		return "", nil
	}
	stop := bytes.Index(b, []byte("?>"))
	if stop < 0 {
		return "", s.malformed(0, xmlDeclarationBad)
	}
	x := xmlLexer{b: append(append([]byte("<xml"), b[5:stop]...), '>')}
	end, f := x.startTag(0)
	if f != xmlFine || end != len(x.b) || x.empty {
		return "", s.malformed(0, xmlDeclarationBad)
	}
	order := []string{"version", "encoding", "standalone"}
	at := 0
	for i, a := range x.attrs {
		name, value := string(x.b[a.name.start:a.name.end]), string(x.b[a.from:a.to])
		for at < len(order) && order[at] != name {
			at++
		}
		switch {
		case at == len(order), i == 0 && (name != "version" || value != "1.0"),
			name == "encoding" && value == "", name == "standalone" && value != "yes" && value != "no":
			return "", s.malformed(0, xmlDeclarationBad)
		case name == "encoding":
			encoding = value
		}
		at++
	}
	if len(x.attrs) == 0 {
		return "", s.malformed(0, xmlDeclarationBad)
	}
	s.pos = stop + 2
	return encoding, nil
}

// malformed is the error of what stands at held[at].
func (s *treeChunks) malformed(at int, f xmlFault) error {
	if f == xmlDoctype {
		return messages.XMLDoctype.With("file", s.in.Name, "line", s.lineAt(at))
	}
	return messages.XMLMalformed.With("file", s.in.Name, "line", s.lineAt(at), "why", xmlFaults[f])
}

func (x *xmlScanner) early() string {
	if !x.rooted {
		return "there is no root element"
	}
	return "an element is not closed"
}

func (x *xmlScanner) scan(s *treeChunks) error {
	for {
		x.b = s.held
		p := s.pos
		if p == len(x.b) {
			if s.ended && x.rooted && len(x.open) == 0 {
				return x.finish(s)
			}
			return errMore
		}
		var f xmlFault
		var err error
		var end int
		switch {
		case x.b[p] != '<':
			i := bytes.IndexByte(x.b[p:], '<')
			if i < 0 {
				if (!s.ended || len(x.open) > 0 || !x.rooted) && !x.passable(x.b[p:]) {
					return errMore
				}
				i = len(x.b) - p
			}
			end = p + i
			f = x.characters(x.b[p:end], false)
		case p+1 == len(x.b):
			return errMore
		case x.b[p+1] == '/':
			if end, f = x.endTag(p); f == xmlFine {
				f, err = x.close(s, p)
			}
		case x.b[p+1] == '!' || x.b[p+1] == '?':
			var from, to int
			if end, from, to, f = x.aside(p); f == xmlFine && from > 0 { // what comments say is nobody's concern
				f = x.characters(x.b[from:to], true)
			}
		default:
			end, f, err = x.element(s, p)
		}
		switch {
		case f == xmlMore:
			return errMore
		case f != xmlFine:
			return s.malformed(max(p, end), f)
		case err == nil || err == errFull:
			s.pos = end
		}
		if err != nil {
			return err
		}
	}
}

// passable says whether a text that goes on can be passed over up to here: nobody
// wants it, and nothing at its end takes part in what comes. Files that are attached,
// as those of PES, are longer than a record may be.
func (x *xmlScanner) passable(text []byte) bool {
	const longest = 64 // of a reference, a character, and ]]>
	if len(x.open) == 0 || x.wanted() || len(text) < treeChunkSize/2 {
		return false
	}
	end := text[len(text)-longest:]
	return isASCII(end) && !bytes.ContainsAny(end, "&]")
}

// wanted says whether the text of the element that is open is a column's.
func (x *xmlScanner) wanted() bool {
	node := x.open[len(x.open)-1].node
	return node != nil && len(node.texts) > 0
}

// finish is the end of a whole document.
func (x *xmlScanner) finish(s *treeChunks) error {
	if x.found {
		return io.EOF
	}
	return messages.XMLNoRecord.With("file", s.in.Name, "path", quoteAll(x.plan.written))
}

// characters takes text that stands between tags.
func (x *xmlScanner) characters(raw []byte, verbatim bool) xmlFault {
	if len(x.open) == 0 {
		for _, c := range raw {
			if xmlBytes[c]&xmlSpace == 0 {
				return xmlOutside
			}
		}
		if verbatim {
			return xmlOutside
		}
		return xmlFine
	}
	if !onlyText(raw, x.encoding) {
		return xmlCharacter
	}
	top, wanted := &x.open[len(x.open)-1], x.wanted()
	switch {
	case verbatim && wanted:
		x.text = appendVerbatim(x.text, raw, x.encoding)
	case verbatim:
	case bytes.Contains(raw, xmlCDStop):
		return xmlCDEnd
	case !wanted:
		if checkReferences(raw) != nil {
			return xmlEntity
		}
	default:
		var why *messages.Error
		if x.text, why = appendXML(x.text, raw, x.encoding, false); why != nil {
			return xmlEntity
		}
	}
	if wanted && len(x.text)-top.text > treeOuterBound {
		return xmlLong
	}
	return xmlFine
}

// appendVerbatim appends the text of a CDATA section.
func appendVerbatim(dst, raw []byte, e *csvEncoding) []byte {
	for i, c := range raw {
		switch {
		case c == '\r' && i+1 < len(raw) && raw[i+1] == '\n':
		case c == '\r':
			dst = append(dst, '\n')
		case c >= 0x80 && e.table != nil:
			dst = append(dst, e.table[c].utf8[:e.table[c].n]...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// element takes the start tag at b[p], or the record that begins there.
func (x *xmlScanner) element(s *treeChunks, p int) (int, xmlFault, error) {
	end, f := x.startTag(p)
	if f != xmlFine {
		return end, f, nil
	}
	if len(x.open) == 0 && x.rooted {
		return p, xmlSecondRoot, nil
	}
	before := len(x.scope)
	if x.plan.scoped {
		x.scope = x.bind(x.scope, x.encoding)
	}
	parent := x.plan.root
	if len(x.open) > 0 {
		top := &x.open[len(x.open)-1]
		parent, top.mixed = top.node, true
	}
	hint := 0
	node := parent.child(&x.xmlLexer, x.scope, &hint)
	kind := -1
	if node != nil {
		kind = node.record
	}
	for i := 0; kind < 0 && i < len(x.plan.anywhere); i++ {
		if a := x.plan.anywhere[i]; a.is(&x.xmlLexer, a.raw, x.name, x.scope, false) {
			kind = a.record
		}
	}
	if kind >= 0 {
		x.scope = x.scope[:before]
		return x.recordAt(s, p, kind)
	}
	if !onlyText(x.b[p:end], x.encoding) {
		return p, xmlCharacter, nil
	}
	if len(x.open) == treeDepth {
		return p, xmlDepth, nil
	}
	x.rooted = true
	x.open = append(x.open, xmlOpen{node: node, name: len(x.names), scope: before, text: len(x.text)})
	x.names = append(x.names, x.b[x.name.start:x.name.end]...)
	if err := x.attributes(s, p, node); err != nil {
		if err == errReference {
			return p, xmlEntity, nil
		}
		return p, xmlFine, err
	}
	if x.empty {
		f, err := x.close(s, p)
		return end, f, err
	}
	return end, xmlFine, nil
}

var errReference = errors.New("reference")

// attributes takes the values of the tag of node.
func (x *xmlScanner) attributes(s *treeChunks, p int, node *xmlNode) error {
	if node != nil {
		for _, slot := range node.resets {
			s.slots[slot].reset(s)
		}
		x.found = x.found || node.holds()
	}
	for i := range x.attrs {
		a := &x.attrs[i]
		raw := x.b[a.from:a.to]
		if checkReferences(raw) != nil {
			return errReference
		}
		if node == nil {
			continue
		}
		for w := range node.attrs {
			if want := &node.attrs[w]; want.is(&x.xmlLexer, want.raw, a.name, x.scope, true) {
				text, _ := appendXML(nil, raw, x.encoding, true)
				if err := s.slots[want.to].set(s, p, cellText, text); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// holds says whether a record is to be expected right below n.
func (n *xmlNode) holds() bool {
	for _, c := range n.children {
		if c.record >= 0 {
			return true
		}
	}
	return false
}

// recordAt adds the record whose start tag is at b[p].
func (x *xmlScanner) recordAt(s *treeChunks, p, kind int) (int, xmlFault, error) {
	end, f := x.elementEnd(p)
	if f != xmlFine {
		return end, f, nil
	}
	x.rooted, x.found = true, true
	c := s.chunk
	if n := len(c.scopes); x.plan.scoped && (n == 0 || !sameScope(c.scopes[n-1], x.scope)) {
		c.scopes = append(c.scopes, x.scope[:len(x.scope):len(x.scope)])
	}
	for slot, col := range x.plan.outerOf[kind] {
		if col >= 0 {
			s.slots[slot].used = true
		}
	}
	err := s.record(treeRecord{start: uint32(p), end: uint32(end), kind: uint16(kind), scope: int32(len(c.scopes) - 1)})
	return end, xmlFine, err
}

// sameScope says whether two scopes are the same bindings. They are never written
// to: what is appended after one was given out goes to new memory.
func sameScope(a, b []xmlBinding) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// close ends the element that is open, whose end tag was read or which is empty.
func (x *xmlScanner) close(s *treeChunks, p int) (xmlFault, error) {
	if len(x.open) == 0 {
		return xmlMismatch, nil
	}
	top := x.open[len(x.open)-1]
	if !bytes.Equal(x.names[top.name:], x.b[x.name.start:x.name.end]) {
		return xmlMismatch, nil
	}
	x.open, x.names = x.open[:len(x.open)-1], x.names[:top.name]
	x.scope = x.scope[:top.scope:top.scope]
	var err error
	if top.node != nil && len(top.node.texts) > 0 {
		for _, slot := range top.node.texts {
			if err == nil && top.mixed {
				err = messages.XMLMalformed.With("file", s.in.Name, "line", s.lineAt(p),
					"why", "the element of a column outside the records holds other elements, not text alone")
			}
			if err == nil {
				err = s.slots[slot].set(s, p, cellText, x.text[top.text:])
			}
		}
	}
	x.text = x.text[:top.text]
	return xmlFine, err
}
