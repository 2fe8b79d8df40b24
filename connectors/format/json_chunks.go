package format

import (
	"bytes"
	"io"
	"strconv"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// jsonLines finds the lines of a file; each is a record.
type jsonLines struct{}

func (jsonLines) early() string { return "" }

func (jsonLines) scan(s *treeChunks) error {
	for {
		b := s.held[s.pos:]
		end := bytes.IndexByte(b, '\n')
		switch {
		case end >= 0:
		case !s.ended:
			return errMore
		case len(b) == 0:
			return io.EOF
		default:
			end = len(b) - 1
		}
		line := s.pos
		s.pos += end + 1
		if start := jsonSkip(b[:end+1], 0); start <= end {
			if err := s.record(treeRecord{start: uint32(line + start), end: uint32(s.pos)}); err != nil {
				return err
			}
		}
	}
}

// jsonScanner follows a document from its root to its records. What is outside
// them it judges itself.
type jsonScanner struct {
	plan    *jsonPlan
	written string // the path of the records
	open    []jsonOpen
	state   jsonState
	next    *jsonOuter // the value that comes
	found   bool
	text    []byte
}

// jsonOpen is an object or array that is open.
type jsonOpen struct {
	node  *jsonOuter
	array bool
	seen  []bool // which keys of node were there
}

type jsonState uint8

const (
	wantRoot jsonState = iota
	wantValue
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantComma
	wantNothing
)

func (x *jsonScanner) early() string {
	if x.state == wantRoot {
		return "there is nothing in it"
	}
	return "an object, an array or a text is not closed"
}

func (x *jsonScanner) scan(s *treeChunks) error {
	for {
		b := s.held
		s.pos = jsonSkip(b, s.pos)
		p := s.pos
		if p == len(b) {
			if s.ended && x.state == wantNothing {
				if x.found {
					return io.EOF
				}
				return messages.JSONNoRecords.With("file", s.in.Name, "path", strconv.Quote(x.written))
			}
			return errMore
		}
		c := b[p]
		end, f := p, jsonFine
		var err error
		switch x.state {
		case wantNothing:
			f = jsonAfter
		case wantKey, wantKeyOrEnd:
			if c == '}' && x.state == wantKeyOrEnd {
				end = x.pop(p)
			} else {
				end, f = x.key(b, p)
			}
		case wantComma:
			top := &x.open[len(x.open)-1]
			switch {
			case c == ',' && top.array:
				x.state, end = wantValue, p+1
			case c == ',':
				x.state, end = wantKey, p+1
			case top.array && c == ']', !top.array && c == '}':
				end = x.pop(p)
			default:
				f = jsonComma
			}
		default:
			if c == ']' && x.state == wantValueOrEnd {
				end = x.pop(p)
			} else {
				end, f, err = x.value(s, p)
			}
		}
		switch {
		case f == jsonMore:
			return errMore
		case f != jsonFine:
			return messages.JSONMalformed.With("file", s.in.Name, "line", s.lineAt(max(p, end)), "why", jsonFaults[f])
		case err == nil || err == errFull:
			s.pos = end
		}
		if err != nil {
			return err
		}
	}
}

// pop ends the innermost object or array at its closing bracket.
func (x *jsonScanner) pop(p int) int {
	x.open = x.open[:len(x.open)-1]
	x.after()
	return p + 1
}

// after is what comes after a value.
func (x *jsonScanner) after() {
	if x.state = wantComma; len(x.open) == 0 {
		x.state = wantNothing
	}
}

// key takes a key and its colon.
func (x *jsonScanner) key(b []byte, p int) (int, jsonFault) {
	if b[p] != '"' {
		return p, jsonKey
	}
	end, escaped, f := jsonText(b, p+1)
	if f != jsonFine {
		return p, f
	}
	raw := b[p+1 : end]
	if !arrowx.ValidUTF8(raw) {
		return p, jsonCharacter
	}
	if escaped {
		if x.text, f = jsonUnescape(x.text[:0], raw); f != jsonFine {
			return p, f
		}
		raw = x.text
	}
	i := jsonSkip(b, end+1)
	switch {
	case i == len(b):
		return p, jsonMore
	case b[i] != ':':
		return i, jsonColon
	}
	top := &x.open[len(x.open)-1]
	x.next = nil
	if top.node != nil {
		for k, child := range top.node.keys {
			if string(child.key) != string(raw) {
				continue
			}
			if top.seen[k] {
				return p, jsonTwice
			}
			top.seen[k], x.next = true, child
		}
	}
	x.state = wantValue
	return i + 1, jsonFine
}

// value takes a scalar, the opening of an object or array, or a record.
func (x *jsonScanner) value(s *treeChunks, p int) (int, jsonFault, error) {
	b, c, node := s.held, s.held[p], x.next
	if x.state == wantRoot {
		node = x.plan.root
	} else if top := &x.open[len(x.open)-1]; top.array {
		node = nil
		if top.node != nil && top.node.records {
			return x.record(s, p)
		}
		if top.node != nil {
			node = top.node.each
		}
	}
	if node != nil {
		for _, slot := range node.resets {
			s.slots[slot].reset(s)
		}
		if node.records {
			x.found = true
			if c != '[' && c != 'n' {
				return x.record(s, p)
			}
		}
	}
	if c == '{' || c == '[' {
		if node != nil && len(node.slots) > 0 {
			return p, jsonFine, messages.JSONOuter.With("line", s.lineAt(p), "file", s.in.Name, "column", s.slots[node.slots[0]].column, "got", jsonKind(c))
		}
		if len(x.open) == treeDepth {
			return p, jsonDepth, nil
		}
		open := jsonOpen{node: node, array: c == '['}
		x.state = wantValueOrEnd
		if !open.array {
			x.state = wantKeyOrEnd
			if node != nil {
				open.seen = make([]bool, len(node.keys))
			}
		}
		x.open = append(x.open, open)
		return p + 1, jsonFine, nil
	}
	end, kind, text, f := x.scalar(s, b, p)
	if f != jsonFine {
		return p, f, nil
	}
	if node != nil && kind != cellAbsent {
		for _, slot := range node.slots {
			if err := s.slots[slot].set(s, p, kind, text); err != nil {
				return p, jsonFine, err
			}
		}
	}
	x.after()
	return end, jsonFine, nil
}

// scalar takes a text, a number, true, false or null.
func (x *jsonScanner) scalar(s *treeChunks, b []byte, p int) (end int, kind cellKind, text []byte, f jsonFault) {
	if b[p] != '"' {
		end, f = jsonScalar(b, p, s.ended)
		if f != jsonFine {
			return p, 0, nil, f
		}
		return end, jsonCellKind(b[p]), b[p:end], jsonFine
	}
	end, escaped, f := jsonText(b, p+1)
	if f != jsonFine {
		return p, 0, nil, f
	}
	text = b[p+1 : end]
	if !arrowx.ValidUTF8(text) {
		return p, 0, nil, jsonCharacter
	}
	if escaped {
		if x.text, f = jsonUnescape(x.text[:0], text); f != jsonFine {
			return p, 0, nil, f
		}
		text = x.text
	}
	return end + 1, cellText, text, jsonFine
}

// jsonCellKind is the kind of a scalar that begins with c.
func jsonCellKind(c byte) cellKind {
	switch c {
	case '"':
		return cellText
	case 't', 'f':
		return cellBool
	case 'n':
		return cellAbsent
	}
	return cellNumber
}

// jsonKind says what a value is that begins with c.
func jsonKind(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// record adds the record that begins at b[p].
func (x *jsonScanner) record(s *treeChunks, p int) (int, jsonFault, error) {
	end, f := jsonEnd(s.held, p, s.ended)
	if f != jsonFine {
		return p, f, nil
	}
	for slot, col := range x.plan.outerOf[0] {
		if col >= 0 {
			s.slots[slot].used = true
		}
	}
	err := s.record(treeRecord{start: uint32(p), end: uint32(end)})
	x.after()
	return end, jsonFine, err
}
