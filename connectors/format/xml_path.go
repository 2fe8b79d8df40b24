package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
)

// xmlStep is a name in a path.
type xmlStep struct {
	space string // "": any
	local string
}

// xmlPath is a path as it is written.
type xmlPath struct {
	rooted, anywhere bool
	up               int // how many elements around the record to leave
	steps            []xmlStep
	attribute        *xmlStep
}

// xmlNode is an element that is known by its path.
type xmlNode struct {
	xmlStep
	raw      []byte // local as the file writes it
	children []*xmlNode
	attrs    []xmlWanted
	texts    []int // columns or slots
	resets   []int // slots whose value is for this element
	record   int   // which record it is, -1: none
}

type xmlWanted struct {
	xmlStep
	raw []byte
	to  int // column or slot
}

// xmlPlan is what to look for in a file of one encoding.
type xmlPlan struct {
	columns  []treeColumn
	root     *xmlNode   // around the records; its children are root elements
	records  []*xmlNode // what each record has within
	anywhere []*xmlNode // records that may be anywhere
	slots    []treeSlot
	outerOf  [][]int  // for each record and slot its column, or -1
	types    []string // what record_type says of each record
	scoped   bool     // some name has a namespace
	typed    bool     // the last column is record_type
	written  []string // the paths of records
}

// parseXMLPath reads a path; why says what is wrong with it.
func (c xmlConfig) parseXMLPath(text string) (p xmlPath, why string) {
	rest := text
	switch {
	case strings.HasPrefix(rest, "//"):
		p.anywhere, rest = true, rest[2:]
	case strings.HasPrefix(rest, "/"):
		p.rooted, rest = true, rest[1:]
	case rest == ".":
		return p, ""
	}
	for part := range strings.SplitSeq(rest, "/") {
		switch {
		case p.attribute != nil:
			return p, "an attribute is at the end"
		case part == ".." && !p.rooted && !p.anywhere && len(p.steps) == 0:
			p.up++
			continue
		case part == "..":
			return p, ".. is at the beginning"
		case part == "":
			return p, "a name is missing"
		}
		attribute := strings.HasPrefix(part, "@")
		prefix, local, found := strings.Cut(strings.TrimPrefix(part, "@"), ":")
		if !found {
			prefix, local = "", prefix
		}
		x := xmlLexer{b: []byte(local + ">")}
		if n, f := x.nameAt(0); f != xmlFine || n.end != len(local) || n.local != 0 {
			return p, "a name has a character that names do not have"
		}
		step := xmlStep{local: local}
		if found {
			if step.space = c.Namespaces[prefix]; step.space == "" {
				return p, fmt.Sprintf("namespaces does not say what %s stands for", prefix)
			}
		}
		if attribute {
			p.attribute = &step
		} else {
			p.steps = append(p.steps, step)
		}
	}
	return p, ""
}

// plan finds every column. Names are as the encoding writes them.
func (c xmlConfig) plan(e *csvEncoding) (*xmlPlan, error) {
	columns, err := c.columns()
	if err != nil {
		return nil, err
	}
	p := &xmlPlan{columns: columns, root: &xmlNode{record: -1},
		typed: c.RecordType != "", written: c.Record}
	var paths []xmlPath
	for i, text := range c.Record {
		path, why := c.parseXMLPath(text)
		switch {
		case why == "" && !path.rooted && !path.anywhere:
			why = "it starts with / or //"
		case why == "" && path.attribute != nil:
			why = "it names an attribute"
		case why == "" && path.anywhere && len(path.steps) > 1:
			why = "after // there is one name"
		}
		if why == "" && path.rooted {
			var node *xmlNode
			if node, why = p.root.descend(path.steps, e); why == "" {
				if node.record >= 0 {
					why = "it is there twice"
				}
				node.record = i
			}
		}
		if why != "" {
			return nil, badPath("record", text, why, `"/marches/marche"`)
		}
		top := &xmlNode{record: i}
		if path.anywhere {
			top = newXMLNode(path.steps[0], e)
			top.record = i
			p.anywhere = append(p.anywhere, top)
		}
		p.records, paths = append(p.records, top), append(paths, path)
	}
	if p.root.within(false) {
		return nil, badPath("record", c.Record[len(c.Record)-1], "a record is within another", `"/marches/marche"`)
	}
	for col, f := range c.Fields {
		for i := range paths {
			if why := p.field(c, col, i, paths[i], f, e); why != "" {
				return nil, badPath("fields", f.Text, why, `"acheteur/id", "Nature/@V", "../@id" or "/marches/entete/date"`)
			}
		}
	}
	for i := range p.outerOf {
		for len(p.outerOf[i]) < len(p.slots) {
			p.outerOf[i] = append(p.outerOf[i], -1)
		}
	}
	for i, path := range paths {
		name := path.steps[len(path.steps)-1].local
		for j, other := range paths {
			if i != j && other.steps[len(other.steps)-1].local == name {
				name = c.Record[i]
				break
			}
		}
		p.types = append(p.types, name)
	}
	return p, nil
}

// within says whether a record is within another below n.
func (n *xmlNode) within(record bool) bool {
	if record && n.record >= 0 {
		return true
	}
	return slices.ContainsFunc(n.children, func(c *xmlNode) bool { return c.within(record || n.record >= 0) })
}

// field finds column col of record i.
func (p *xmlPlan) field(c xmlConfig, col, i int, record xmlPath, f pipelines.NamedText, e *csvEncoding) (why string) {
	path, why := c.parseXMLPath(f.Text)
	if why != "" {
		return why
	}
	for len(p.outerOf) <= i {
		p.outerOf = append(p.outerOf, nil)
	}
	p.scoped = p.scoped || record.scoped() || path.scoped()
	steps := path.steps
	switch {
	case path.anywhere:
		return "// is for record alone"
	case path.up > 0 && record.anywhere:
		return ".. needs a record with its whole path"
	case path.up > 0 && path.up >= len(record.steps):
		return ".. leads out of the root element"
	case path.up > 0:
		steps = append(slices.Clone(record.steps[:len(record.steps)-path.up]), steps...)
	case path.rooted && !record.anywhere && len(steps) >= len(record.steps) && slices.Equal(steps[:len(record.steps)], record.steps):
		steps, path.rooted = steps[len(record.steps):], false
	}
	if path.up == 0 && !path.rooted {
		return p.records[i].want(steps, path.attribute, col, e)
	}
	shared := 0
	for shared < len(steps) && shared < len(record.steps) && steps[shared] == record.steps[shared] {
		shared++
	}
	if record.anywhere {
		shared = 1
	}
	switch {
	case shared == 0:
		return "it starts at another root element than the record"
	case shared == len(steps) && path.attribute == nil:
		return "the text of an element around the record is not known before the record"
	}
	return p.slot(col, i, shared, xmlPath{steps: steps, attribute: path.attribute}, e)
}

// slot is where a value outside the records is kept while they are read. The value
// is for what is in the element of the first shared steps.
func (p *xmlPlan) slot(col, i, shared int, path xmlPath, e *csvEncoding) (why string) {
	scope, why := p.root.descend(path.steps[:shared], e)
	if why != "" {
		return why
	}
	for n := range path.steps {
		if node, _ := p.root.descend(path.steps[:n+1], e); node != nil && node.record >= 0 {
			return "it leads into another record"
		}
	}
	for slot, s := range p.slots {
		if s.column == p.columns[col].Name && slices.Contains(scope.resets, slot) {
			p.outerOf[i] = filled(p.outerOf[i], slot, col)
			return ""
		}
	}
	slot := len(p.slots)
	p.slots = append(p.slots, treeSlot{column: p.columns[col].Name, take: p.columns[col].take, join: p.columns[col].join,
		cell: cell{kind: cellAbsent}})
	scope.resets = append(scope.resets, slot)
	p.outerOf[i] = filled(p.outerOf[i], slot, col)
	return p.root.want(path.steps, path.attribute, slot, e)
}

// filled is row with row[at] = v, and -1 where nothing was before.
func filled(row []int, at, v int) []int {
	for len(row) <= at {
		row = append(row, -1)
	}
	row[at] = v
	return row
}

func (p xmlPath) scoped() bool {
	return p.attribute != nil && p.attribute.space != "" || slices.ContainsFunc(p.steps, func(s xmlStep) bool { return s.space != "" })
}

// want asks for the text or attribute at the end of steps.
func (n *xmlNode) want(steps []xmlStep, attribute *xmlStep, to int, e *csvEncoding) (why string) {
	end, why := n.descend(steps, e)
	switch {
	case why != "":
	case attribute == nil:
		end.texts = append(end.texts, to)
	default:
		end.attrs = append(end.attrs, xmlWanted{*attribute, rawName(attribute.local, e), to})
	}
	return why
}

// descend is the node at the end of steps below n.
func (n *xmlNode) descend(steps []xmlStep, e *csvEncoding) (*xmlNode, string) {
	for _, step := range steps {
		var next *xmlNode
		for _, child := range n.children {
			if child.xmlStep == step {
				next = child
			} else if child.local == step.local && (child.space == "" || step.space == "") {
				return nil, "the same element is written with a prefix here and without one elsewhere"
			}
		}
		if next == nil {
			next = newXMLNode(step, e)
			n.children = append(n.children, next)
		}
		n = next
	}
	return n, ""
}

func newXMLNode(step xmlStep, e *csvEncoding) *xmlNode {
	return &xmlNode{xmlStep: step, raw: rawName(step.local, e), record: -1}
}

// rawName is a name as the encoding writes it, nil where it cannot.
func rawName(name string, e *csvEncoding) []byte {
	if e.table == nil || isASCII([]byte(name)) {
		return []byte(name)
	}
	var raw []byte
	for _, r := range name {
		at := slices.IndexFunc(e.table[:], func(ch csvChar) bool { return ch.n > 0 && string(ch.utf8[:ch.n]) == string(r) })
		if at < 0 {
			return nil
		}
		raw = append(raw, byte(at))
	}
	return raw
}

// xmlBinding is a prefix, "" being that of elements without one, and its namespace.
type xmlBinding struct{ prefix, space string }

// bind adds what the tag declares to the bindings in scope.
func (x *xmlLexer) bind(scope []xmlBinding, e *csvEncoding) []xmlBinding {
	for i := range x.attrs {
		a := &x.attrs[i]
		name := x.b[a.name.start:a.name.end]
		prefix, ok := []byte(nil), string(name) == "xmlns"
		if !ok {
			if prefix, ok = bytes.CutPrefix(name, []byte("xmlns:")); !ok {
				continue
			}
		}
		space, _ := appendXML(nil, x.b[a.from:a.to], e, true)
		scope = append(scope, xmlBinding{string(prefix), string(space)})
	}
	return scope
}

// is says whether a name of the tag is the step's.
func (s *xmlStep) is(x *xmlLexer, raw []byte, n xmlSpan, scope []xmlBinding, attribute bool) bool {
	if !bytes.Equal(x.b[n.local:n.end], raw) || raw == nil {
		return false
	}
	prefix := x.b[n.start:max(n.start, n.local-1)]
	if attribute && string(prefix) == "xmlns" || attribute && len(prefix) == 0 && s.space != "" {
		return false
	}
	if s.space == "" {
		return true
	}
	for i := len(scope) - 1; i >= 0; i-- {
		if scope[i].prefix == string(prefix) {
			return scope[i].space == s.space
		}
	}
	return string(prefix) == "xml" && s.space == "http://www.w3.org/XML/1998/namespace"
}

// child is the node of the tag below n, or nil. hint is where it may be.
func (n *xmlNode) child(x *xmlLexer, scope []xmlBinding, hint *int) *xmlNode {
	if n == nil {
		return nil
	}
	for range n.children {
		if *hint >= len(n.children) {
			*hint = 0
		}
		c := n.children[*hint]
		if c.is(x, c.raw, x.name, scope, false) {
			return c
		}
		*hint++
	}
	return nil
}
