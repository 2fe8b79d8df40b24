package format

import (
	"bytes"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// xmlDecoder takes records apart, and judges all that is in them: what is wrong
// with their structure is an error, what is wrong with their text rejects them.
type xmlDecoder struct {
	treeDecoder
	lex      xmlLexer
	plan     *xmlPlan
	encoding *csvEncoding
	name     string // of the encoding
	stack    []xmlInner
	scope    []xmlBinding
	refs     bool           // the chunk has references
	stops    bool           // and ]]>
	nested   []treeRecord   // the records in the record, in order
	around   [][]xmlBinding // and the bindings around each, where names have namespaces
	run      cell           // the text of the element that is open
	parts    int            // how many pieces it is made of
}

// xmlInner is an element of a record that is open.
type xmlInner struct {
	node       *xmlNode
	start, end int // its name
	scope      int
	hint       int // which child comes next, probably
	nested     int // which nested record it is, -1: none
}

// xmlNestedBound is how many records may stand in one another: each is read once
// more for every one it is in.
const xmlNestedBound = 32

func newXMLDecoder(c *xmlCodec, plan *xmlPlan, e *csvEncoding, name string) *xmlDecoder {
	d := &xmlDecoder{treeDecoder: newTreeDecoder(c.env, &c.form, plan.columns), plan: plan, encoding: e, name: name,
		stack: make([]xmlInner, 0, treeDepth+1)}
	d.outerOf = plan.outerOf
	return d
}

func (d *xmlDecoder) decode(c *treeChunk) (pipelines.Batch, error) {
	d.start(c)
	d.refs, d.stops = bytes.IndexByte(d.src, '&') >= 0, bytes.Contains(d.src, xmlCDStop)
	clean := onlyText(d.src, d.encoding)
	for i := range c.records {
		r := &c.records[i]
		d.nested, d.around, d.scope = d.nested[:0], d.around[:0], d.scope[:0]
		if r.scope >= 0 {
			d.scope = append(d.scope, c.scopes[r.scope]...)
		}
		at, f := d.rowOf(r, clean, true)
		for n := 0; f == xmlFine && n < len(d.nested); n++ {
			if d.plan.scoped {
				d.scope = append(d.scope[:0], d.around[n]...)
			}
			inner := d.nested[n]
			at, f = d.rowOf(&inner, clean, false)
		}
		if f != xmlFine {
			err := c.malformed(at, f)
			d.leave()
			return pipelines.Batch{}, err
		}
	}
	return d.end(), nil
}

// rowOf adds the row of a record. top says that it is in no other.
func (d *xmlDecoder) rowOf(r *treeRecord, clean, top bool) (at int, f xmlFault) {
	line := d.lineAt(int(r.start))
	d.clear()
	if raw := d.src[r.start:r.end]; !clean && !onlyText(raw, d.encoding) {
		d.unreadable(raw)
	}
	at, f = d.record(r, top)
	d.emit(r, line)
	return at, f
}

func (c *treeChunk) malformed(at int, f xmlFault) error {
	line := c.line + int64(bytes.Count(c.bytes[:at], []byte{'\n'}))
	if f == xmlDoctype {
		return messages.XMLDoctype.With("file", c.of.in.Name, "line", line)
	}
	return messages.XMLMalformed.With("file", c.of.in.Name, "line", line, "why", xmlFaults[f])
}

// unreadable rejects the record for its first byte that is no text.
func (d *xmlDecoder) unreadable(raw []byte) {
	if at := d.encoding.unreadable(raw); at >= 0 {
		d.refuse(-1, messages.TreeUnreadable.With("byte", at+1, "encoding", d.name))
		return
	}
	d.refuse(-1, messages.XMLCharacter.With())
}

// record takes one record apart. On a fault at is where.
func (d *xmlDecoder) record(r *treeRecord, top bool) (at int, f xmlFault) {
	d.fillOuter(r)
	if n := len(d.plan.columns) - 1; d.plan.typed {
		d.typeOf(n, r.kind)
	}
	b, p, end := d.src[:r.end], int(r.start), int(r.end)
	d.lex.b, d.stack = b, d.stack[:0]
	for {
		switch b[p+1] {
		case '/':
			next, f := d.lex.endTag(p)
			if f != xmlFine {
				return p, f
			}
			inner := &d.stack[len(d.stack)-1]
			if !bytes.Equal(b[inner.start:inner.end], b[d.lex.name.start:d.lex.name.end]) {
				return p, xmlMismatch
			}
			d.closed(inner, next)
			p = next
		case '!', '?':
			next, from, to, f := d.lex.aside(p)
			if f != xmlFine {
				return p, f
			}
			if from > 0 && d.wanted() {
				d.piece(from, to, true)
			}
			p = next
		default:
			next, f := d.lex.startTag(p)
			if f != xmlFine {
				return p, f
			}
			if len(d.stack) == treeDepth {
				return p, xmlDepth
			}
			if !d.opened(r, p, top) {
				return p, xmlRecords
			}
			p = next
			if d.lex.empty {
				d.closed(&d.stack[len(d.stack)-1], next)
			}
		}
		if len(d.stack) == 0 {
			break
		}
		i := bytes.IndexByte(b[p:], '<')
		if i < 0 || p+i+1 >= end {
			return p, xmlMore
		}
		if i > 0 {
			if d.stops && bytes.Contains(b[p:p+i], xmlCDStop) {
				return p, xmlCDEnd
			}
			if d.wanted() {
				d.piece(p, p+i, false)
			} else if d.refs {
				if why := checkReferences(b[p : p+i]); why != nil {
					d.refuse(-1, why)
				}
			}
		}
		p += i
	}
	if p != end {
		return p, xmlMismatch
	}
	d.gather()
	return 0, xmlFine
}

// typeOf fills the column that tells the record's kind.
func (d *xmlDecoder) typeOf(col int, kind uint16) {
	at := uint32(len(d.b))
	d.b = append(d.b, d.plan.types[kind]...)
	d.row[col] = cell{start: at, end: uint32(len(d.b))}
}

// opened takes the tag that was read: its element is open. It is false where too
// many records are.
func (d *xmlDecoder) opened(r *treeRecord, p int, top bool) bool {
	before, nested := len(d.scope), -1
	if d.plan.scoped {
		d.scope = d.lex.bind(d.scope, d.encoding)
	}
	var node *xmlNode
	if n := len(d.stack); n == 0 {
		node = d.plan.records[r.kind]
	} else {
		parent := &d.stack[n-1]
		if node = parent.node.child(&d.lex, d.scope, &parent.hint); node != nil {
			parent.hint++
		}
		if d.wanted() {
			d.refuse(parent.node.texts[0], messages.XMLMixed.With())
		}
		if top {
			var ok bool
			if nested, ok = d.note(r, p, before); !ok {
				return false
			}
		}
	}
	name := d.lex.name
	d.stack = append(d.stack, xmlInner{node: node, start: name.start, end: name.end, scope: before, nested: nested})
	d.run, d.parts = cell{}, 0
	if node == nil || len(node.attrs) == 0 {
		if d.refs {
			for i := range d.lex.attrs {
				if why := checkReferences(d.src[d.lex.attrs[i].from:d.lex.attrs[i].to]); why != nil {
					d.refuse(-1, why)
				}
			}
		}
		return true
	}
	for i := range d.lex.attrs {
		a := &d.lex.attrs[i]
		taken := false
		for w := range node.attrs {
			if want := &node.attrs[w]; want.is(&d.lex, want.raw, a.name, d.scope, true) {
				d.put(want.to, d.textOf(want.to, a.from, a.to, true))
				taken = true
			}
		}
		if !taken && d.refs {
			if why := checkReferences(d.src[a.from:a.to]); why != nil {
				d.refuse(-1, why)
			}
		}
	}
	return true
}

// note remembers the record that begins at p within another, and gives its number.
func (d *xmlDecoder) note(r *treeRecord, p, scope int) (number int, ok bool) {
	for _, a := range d.plan.anywhere {
		if !a.is(&d.lex, a.raw, d.lex.name, d.scope, false) {
			continue
		}
		depth := 0
		for _, open := range d.stack {
			if open.nested >= 0 {
				depth++
			}
		}
		if depth == xmlNestedBound {
			return -1, false
		}
		if d.plan.scoped {
			d.around = append(d.around, append([]xmlBinding(nil), d.scope[:scope]...))
		}
		d.nested = append(d.nested, treeRecord{start: uint32(p), kind: uint16(a.record), outer: r.outer, scope: -1})
		return len(d.nested) - 1, true
	}
	return -1, true
}

// wanted says whether the text of the element that is open is a column's.
func (d *xmlDecoder) wanted() bool {
	node := d.stack[len(d.stack)-1].node
	return node != nil && len(node.texts) > 0
}

// closed ends an element, at end.
func (d *xmlDecoder) closed(top *xmlInner, end int) {
	if top.nested >= 0 {
		d.nested[top.nested].end = uint32(end)
	}
	if top.node != nil {
		for _, col := range top.node.texts {
			d.put(col, d.run)
		}
	}
	d.scope = d.scope[:top.scope]
	d.stack = d.stack[:len(d.stack)-1]
	d.run, d.parts = cell{}, 0
}

// piece adds to the text of the element that is open. More than one are put
// together behind the chunk, where the next goes on.
func (d *xmlDecoder) piece(from, to int, verbatim bool) {
	col := d.stack[len(d.stack)-1].node.texts[0]
	if d.why != nil {
		return
	}
	if d.parts++; d.parts == 1 && !verbatim {
		d.run = d.textOf(col, from, to, false)
		return
	}
	if int(d.run.end) != len(d.b) {
		at := uint32(len(d.b))
		d.b = append(d.b, d.b[d.run.start:d.run.end]...)
		d.run.start = at
	}
	if verbatim {
		d.b = appendVerbatim(d.b, d.src[from:to], d.encoding)
	} else {
		var why *messages.Error
		if d.b, why = appendXML(d.b, d.src[from:to], d.encoding, false); why != nil {
			d.refuse(col, why)
		}
	}
	d.run.end = uint32(len(d.b))
}

// textOf is the text that src[from:to] stands for.
func (d *xmlDecoder) textOf(col, from, to int, attribute bool) cell {
	raw := d.src[from:to]
	if asItStands(raw, d.encoding, attribute) {
		return cell{start: uint32(from), end: uint32(to)}
	}
	c := cell{start: uint32(len(d.b))}
	var why *messages.Error
	if d.b, why = appendXML(d.b, raw, d.encoding, attribute); why != nil {
		d.refuse(col, why)
	}
	c.end = uint32(len(d.b))
	return c
}
