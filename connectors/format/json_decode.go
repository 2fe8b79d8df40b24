package format

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// jsonDecoder takes records apart, and judges all that is in them. What is no
// JSON is an error of a document, and rejects a line.
type jsonDecoder struct {
	treeDecoder
	plan     *jsonPlan
	lines    bool
	keys     []keyAt                               // of the objects that are open, one after the other
	elements []cell                                // of the exploded columns, one row after the other
	rows     int                                   // how many elements there are
	exploded int                                   // about what the rows of elements take, of all records
	whole    [2]int                                // where the value that is kept whole stands
	after    func(r *treeRecord, line int64) error // nil, or looks at a record that was taken apart
}

// keyAt is where a key stands in d.b.
type keyAt struct{ start, end uint32 }

func newJSONDecoder(c *jsonCodec, plan *jsonPlan) *jsonDecoder {
	d := &jsonDecoder{treeDecoder: newTreeDecoder(c.env, &c.form, plan.columns), plan: plan, lines: c.lines}
	d.outerOf = plan.outerOf
	return d
}

func (d *jsonDecoder) decode(c *treeChunk) (pipelines.Batch, error) {
	d.start(c)
	d.exploded = 0
	clean := arrowx.ValidUTF8(d.src)
	for i := range c.records {
		r := &c.records[i]
		line := d.lineAt(int(r.start))
		d.clear()
		d.elements, d.rows = d.elements[:0], 0
		if !clean {
			if at := utf8Cells.unreadable(d.src[r.start:r.end]); at >= 0 {
				d.refuse(-1, messages.TreeUnreadable.With("byte", at+1, "encoding", "utf-8"))
				d.emit(r, line)
				continue
			}
		}
		at, f := d.record(r)
		switch {
		case f != jsonFine && d.lines:
			d.why, d.column = messages.JSONBadLine.With("why", jsonFaults[f]), ""
		case f != jsonFine:
			at := c.line + int64(bytes.Count(d.src[:at], []byte{'\n'}))
			d.leave()
			return pipelines.Batch{}, messages.JSONMalformed.With("file", c.of.in.Name, "line", at, "why", jsonFaults[f])
		case d.after != nil:
			if err := d.after(r, line); err != nil {
				d.leave()
				return pipelines.Batch{}, err
			}
		}
		if err := d.tooMuch(line); err != nil {
			d.leave()
			return pipelines.Batch{}, err
		}
		d.emitAll(r, line)
	}
	return d.end(), nil
}

// emitAll adds a row for each element of the exploded array, or one.
func (d *jsonDecoder) emitAll(r *treeRecord, line int64) {
	n := len(d.plan.exploded)
	if d.rows == 0 || d.why != nil {
		d.emit(r, line)
		return
	}
	for row := range d.rows {
		for i, col := range d.plan.exploded {
			d.row[col] = d.elements[row*n+i]
		}
		d.emit(r, line)
	}
}

// tooMuch refuses a record whose values, once for each element of its array, are
// more than a batch holds.
func (d *jsonDecoder) tooMuch(line int64) error {
	if d.rows == 0 {
		return nil
	}
	weight, longest, most := cellWeight*len(d.row), 0, 0
	for col, c := range d.row {
		if size := int(c.end - c.start); !slices.Contains(d.plan.exploded, col) {
			if weight += size; size > most {
				longest, most = col, size
			}
		}
	}
	if d.exploded += weight * d.rows; d.exploded > treeExploded {
		return messages.TreeTooLarge.With("column", d.cols[longest].Name, "line", line, "file", d.input, "bound", pipelines.Size(max(1, treeExploded/d.rows)))
	}
	return nil
}

// record takes one record apart. On a fault at is where.
func (d *jsonDecoder) record(r *treeRecord) (at int, f jsonFault) {
	d.fillOuter(r)
	b := d.src[:r.end]
	p := int(r.start)
	d.whole = [2]int{}
	d.keys = d.keys[:0]
	if b[p] != '{' {
		d.refuse(-1, messages.JSONNotObject.With("got", jsonKind(b[p])))
		p, f = d.value(b, p, nil, 0)
	} else {
		p, f = d.object(b, p, d.plan.record, 1)
	}
	if f != jsonFine {
		return min(p, len(b)), f
	}
	if p = jsonSkip(b, p); p != len(b) {
		return p, jsonAfter
	}
	return 0, jsonFine
}

// value takes the value at b[p], which is the node's, or nobody's.
func (d *jsonDecoder) value(b []byte, p int, n *jsonNode, depth int) (int, jsonFault) {
	if p >= len(b) {
		return p, jsonMore
	}
	if n != nil && n.whole {
		end, f := d.value(b, p, nil, depth)
		d.whole = [2]int{p, end}
		return end, f
	}
	c := b[p]
	switch c {
	case '{':
		if n != nil {
			if len(n.cols) > 0 {
				d.misplaced(n.cols[0], c, "a text, a number, true, false or null")
			} else if len(n.keys) == 0 {
				d.misplaced(n.inside, c, "an array")
			}
		}
		return d.object(b, p, n, depth+1)
	case '[':
		if n != nil && len(n.cols) > 0 {
			return d.list(b, p, n, depth+1)
		}
		return d.array(b, p, n, depth+1)
	case '"':
		end, escaped, f := jsonText(b, p+1)
		if f != jsonFine {
			return p, f
		}
		if !escaped && (n == nil || len(n.cols) == 0) {
			if n != nil {
				d.set(n, c, cell{})
			}
			return end + 1, jsonFine
		}
		v := cell{start: uint32(p + 1), end: uint32(end)}
		if escaped {
			if v, f = d.unescaped(b[p+1 : end]); f != jsonFine {
				return p, f
			}
		}
		d.set(n, c, v)
		return end + 1, jsonFine
	}
	end, f := jsonScalar(b, p, true)
	switch f {
	case jsonNaN:
		d.refuse(-1, messages.JSONNotANumber.With())
		return end, jsonFine
	case jsonFine:
		d.set(n, c, cell{start: uint32(p), end: uint32(end), kind: jsonCellKind(c)})
	}
	return end, f
}

// unescaped puts what the text stands for behind the chunk.
func (d *jsonDecoder) unescaped(raw []byte) (cell, jsonFault) {
	v := cell{start: uint32(len(d.b))}
	var f jsonFault
	if d.b, f = jsonUnescape(d.b, raw); f == jsonUnpaired {
		d.refuse(-1, messages.JSONBadText.With())
		f = jsonFine
	}
	v.end = uint32(len(d.b))
	return v, f
}

func (d *jsonDecoder) misplaced(col int, got byte, wanted string) {
	d.refuse(col, messages.JSONNotThere.With("got", jsonKind(got), "wanted", wanted))
}

// set gives the node's columns a scalar that begins with c.
func (d *jsonDecoder) set(n *jsonNode, c byte, v cell) {
	if n == nil || c == 'n' {
		return // null: nothing is there
	}
	switch {
	case len(n.keys) > 0:
		d.misplaced(n.keys[0].inside, c, "an object")
	case len(n.at) > 0 || n.each != nil:
		d.misplaced(n.inside, c, "an array")
	}
	for _, col := range n.cols {
		if d.cols[col].take == takeList {
			d.misplaced(col, c, "an array")
		}
		d.row[col] = v
		if v.kind == cellNumber && d.cols[col].Type.ID() == arrow.STRING {
			d.row[col].kind = cellText // a number as text is what is written
		}
	}
}

// list takes an array that is a column's value: its texts, as they stand.
func (d *jsonDecoder) list(b []byte, p int, n *jsonNode, depth int) (int, jsonFault) {
	for _, col := range n.cols {
		if d.cols[col].take != takeList {
			d.misplaced(col, '[', "a text, a number, true, false or null")
		}
	}
	end, f := d.array(b, p, n, depth)
	if f != jsonFine {
		return end, f
	}
	for i := jsonSkip(b, p+1); b[i] != ']'; i = jsonSkip(b, i+1) {
		switch b[i] {
		case '"':
			i, _, _ = jsonText(b, i+1)
		case ',', 'n', 'u', 'l':
		default:
			d.misplaced(n.cols[0], b[i], "a text")
			return end, jsonFine
		}
	}
	for _, col := range n.cols {
		d.row[col] = cell{start: uint32(p), end: uint32(end), kind: cellList}
	}
	return end, jsonFine
}

// object takes the object at b[p].
func (d *jsonDecoder) object(b []byte, p int, n *jsonNode, depth int) (int, jsonFault) {
	if depth > treeDepth {
		return p, jsonDepth
	}
	base := len(d.keys)
	var seen keySet
	hint := 0
	p = jsonSkip(b, p+1)
	if p < len(b) && b[p] == '}' {
		return p + 1, jsonFine
	}
	for {
		if p >= len(b) {
			return p, jsonMore
		}
		if b[p] != '"' {
			return p, jsonKey
		}
		end, escaped, f := jsonText(b, p+1)
		if f != jsonFine {
			return p, f
		}
		key := keyAt{uint32(p + 1), uint32(end)}
		if escaped {
			v, f := d.unescaped(b[p+1 : end])
			if f != jsonFine {
				return p, f
			}
			key = keyAt{v.start, v.end}
		}
		if seen.twice(d.b, key, d.keys[base:]) {
			d.refuse(-1, messages.JSONKeyTwice.With())
		}
		d.keys = append(d.keys, key)
		var child *jsonNode
		if n != nil && len(n.keys) > 0 {
			child = n.child(d.b[key.start:key.end], &hint)
		}
		if p = jsonSkip(b, end+1); p >= len(b) || b[p] != ':' {
			return p, jsonColon
		}
		if p, f = d.value(b, jsonSkip(b, p+1), child, depth); f != jsonFine {
			return p, f
		}
		if p = jsonSkip(b, p); p >= len(b) {
			return p, jsonMore
		}
		switch b[p] {
		case '}':
			d.keys = d.keys[:base]
			return p + 1, jsonFine
		case ',':
			p = jsonSkip(b, p+1)
		default:
			return p, jsonComma
		}
	}
}

// child is the node of the key below n, or nil. hint is where it may be.
func (n *jsonNode) child(key []byte, hint *int) *jsonNode {
	for i := range n.keys {
		at := *hint + i
		if at >= len(n.keys) {
			at -= len(n.keys)
		}
		if k := n.keys[at]; len(k.key) == len(key) && string(k.key) == string(key) {
			if *hint = at + 1; *hint == len(n.keys) {
				*hint = 0
			}
			return k
		}
	}
	return nil
}

// array takes the array at b[p].
func (d *jsonDecoder) array(b []byte, p int, n *jsonNode, depth int) (int, jsonFault) {
	if depth > treeDepth {
		return p, jsonDepth
	}
	if n != nil && len(n.cols) == 0 && len(n.at) == 0 && n.each == nil {
		d.misplaced(n.keys[0].inside, '[', "an object")
	}
	p = jsonSkip(b, p+1)
	if p < len(b) && b[p] == ']' {
		return p + 1, jsonFine
	}
	for i := 0; ; i++ {
		var child *jsonNode
		each := false
		if n != nil {
			child, each = n.element(i)
		}
		if each {
			for _, col := range d.plan.exploded {
				d.row[col] = cell{kind: cellAbsent}
			}
		}
		var f jsonFault
		if p, f = d.value(b, p, child, depth); f != jsonFine {
			return p, f
		}
		if each {
			for _, col := range d.plan.exploded {
				d.elements = append(d.elements, d.row[col])
			}
			d.rows++
		}
		if p = jsonSkip(b, p); p >= len(b) {
			return p, jsonMore
		}
		switch b[p] {
		case ']':
			return p + 1, jsonFine
		case ',':
			p = jsonSkip(b, p+1)
		default:
			return p, jsonComma
		}
	}
}

// element is the node of element i, and whether it makes a row.
func (n *jsonNode) element(i int) (*jsonNode, bool) {
	for _, at := range n.at {
		if at.index == i {
			return at, false
		}
	}
	return n.each, n.each != nil
}

// keySet finds keys that come twice. Most objects have few keys, of which most
// differ in what the filter looks at.
type keySet struct {
	filter [4]uint64
	all    map[string]struct{}
}

// keysBound is from how many keys on a map is used.
const keysBound = 48

func (s *keySet) twice(b []byte, key keyAt, before []keyAt) bool {
	k := b[key.start:key.end]
	if len(before) >= keysBound {
		if s.all == nil {
			s.all = make(map[string]struct{}, 2*len(before))
			for _, other := range before {
				s.all[string(b[other.start:other.end])] = struct{}{}
			}
		}
		_, found := s.all[string(k)]
		s.all[string(k)] = struct{}{}
		return found
	}
	h := keyHash(k)
	bit, word := uint64(1)<<(h>>58), &s.filter[h>>56&3]
	if *word&bit == 0 {
		*word |= bit
		return false
	}
	for _, other := range before {
		if other.end-other.start == key.end-key.start && bytes.Equal(k, b[other.start:other.end]) {
			return true
		}
	}
	return false
}

// keyHash mixes the length of a key with its first and last bytes.
func keyHash(k []byte) uint64 {
	var v uint64
	if n := len(k); n >= 8 {
		v = binary.LittleEndian.Uint64(k) ^ binary.LittleEndian.Uint64(k[n-8:])*3
	} else {
		for _, c := range k {
			v = v<<8 | uint64(c)
		}
	}
	return (v + uint64(len(k))) * 0x9E3779B97F4A7C15
}
