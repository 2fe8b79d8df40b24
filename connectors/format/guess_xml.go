package format

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = xmlConfig{}

// Looks finds a declaration or a first tag.
func (xmlConfig) Looks(head []byte, in pipelines.GuessFile) int {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, byteMark), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("<?xml")):
		return 100
	case len(head) > 1 && head[0] == '<' && (head[1]|0x20 >= 'a' && head[1]|0x20 <= 'z' || head[1] == '!'):
		return 70
	}
	return 0
}

// Guess finds the element that gives the most values as rows: how often it comes
// times how many values each has once. The values around it that come once in the
// document and before it go with every row.
func (xmlConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	root, encoding, err := xmlShapeOf(ctx, file)
	if err != nil {
		return nil, err
	}
	g := &pipelines.Guess{Format: "xml"}
	g.Found(messages.GuessContent.With("format", "XML"))
	g.Found(messages.GuessEncodingSaid.With("encoding", encoding))
	record := root.best()
	if schema, known := root.known(); known != nil {
		record, g.Schema = known, schema
		g.Found(messages.GuessRecord.With("schema", schema, "name", "\""+known.name+"\""))
	} else {
		g.Found(messages.GuessTable.With("option", "record", "name", "\""+record.path()+"\"", "rows", record.count, "count", root.elements()))
	}
	config := xmlConfig{Record: []string{record.path()}}
	g.Options = append(g.Options, pipelines.GuessOption{Name: "record", Value: pipelines.GuessValue(config.Record)})
	f := xmlFields{g: g, names: map[string]bool{}}
	f.inside(record, "", "", nil)
	f.around(root, record)
	if others := root.others(record); len(others) > 0 {
		g.Found(messages.GuessOthers.With("tables", strings.Join(others, ", ")))
	}
	c := jsonFields{Fields: f.fields, cellOptions: defaultCells}
	return g, c.guessFields(ctx, env, g, guessInput(file), func() (Reader, error) {
		config.Fields, config.cellOptions = c.Fields, c.cellOptions
		return newXML(env, config)
	})
}

// xmlShape is what the elements at one path are. An element within another of its
// name is the same shape.
type xmlShape struct {
	name     string
	parent   *xmlShape
	children []*xmlShape
	attrs    []string
	count    int64
	most     int64  // in one parent
	texts    int64  // elements with text of their own
	within   bool   // it stands in itself
	from, to int64  // where the first and the last start
	seen     int64  // in the parent at hand
	index    int    // among the parent's children
	before   uint64 // siblings, by index, that the parent at hand has had
	after    uint64 // siblings behind which it has stood in some parent
}

func (s *xmlShape) child(name string) *xmlShape {
	for _, c := range s.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// path is how the record option names the element.
func (s *xmlShape) path() string {
	if s.within {
		return "//" + s.name
	}
	return s.absolute()
}

func (s *xmlShape) absolute() string {
	if s.parent == nil {
		return "/" + s.name
	}
	return s.parent.absolute() + "/" + s.name
}

func (s *xmlShape) elements() (n int) {
	n = 1
	for _, c := range s.children {
		n += c.elements()
	}
	return n
}

// leaf says whether the element holds no others.
func (s *xmlShape) leaf() bool { return len(s.children) == 0 }

// values is how many values one of the elements has at most once.
func (s *xmlShape) values() int64 {
	n := int64(len(s.attrs))
	if s.texts > 0 && s.leaf() {
		n++
	}
	for _, c := range s.children {
		if c.most <= 1 && !c.within {
			n += c.values()
		}
	}
	return n
}

// best is the element that is proposed as the record: of two that give as many
// values, the one nearer to the root.
func (s *xmlShape) best() *xmlShape {
	best, score := s, s.count*s.values()
	for _, c := range s.children {
		b := c.best()
		if n := b.count * b.values(); n > score && (b.count > 1 || best == s && s.values() <= b.values()) {
			best, score = b, n
		}
	}
	return best
}

// xmlDocuments are those whose rows the State has said: TOTEM (DGCL), PES (DGFiP),
// ACTES (ministère de l'Intérieur) and the essential data of public contracts.
var xmlDocuments = []struct {
	root, schema string
	records      []string
}{
	{"DocumentBudgetaire", "totem", []string{"LigneBudget"}},
	{"PES_Aller", "pes-aller", []string{"LigneDePiece"}},
	{"PES_ACQUIT", "pes-acquit", []string{"ElementACQUIT"}},
	{"Acte", "actes", []string{"Acte"}},
	{"ARActe", "actes-accuse", []string{"ARActe"}},
	{"marches", "decp", []string{"marche", "contrat-concession"}},
}

// known is the element that is the rows of a document with such a root, whichever
// of them comes most, nil when there is none.
func (s *xmlShape) known() (schema string, record *xmlShape) {
	for _, d := range xmlDocuments {
		if d.root != s.name {
			continue
		}
		for _, name := range d.records {
			if found := s.find(name); found != nil && (record == nil || found.count > record.count) {
				schema, record = d.schema, found
			}
		}
	}
	return schema, record
}

// find is the element of the name that comes most.
func (s *xmlShape) find(name string) (found *xmlShape) {
	if s.name == name {
		return s
	}
	for _, c := range s.children {
		if f := c.find(name); f != nil && (found == nil || f.count > found.count) {
			found = f
		}
	}
	return found
}

// mostOthers is how many other tables are named.
const mostOthers = 10

// others are the elements that repeat outside the record, with how often they come.
func (s *xmlShape) others(record *xmlShape) (paths []string) {
	var walk func(s *xmlShape)
	walk = func(s *xmlShape) {
		for _, c := range s.children {
			switch {
			case c == record:
			case c.most > 1 && !c.around(record):
				if paths = append(paths, fmt.Sprintf("%s × %d", c.path(), c.count)); len(paths) == mostOthers {
					paths[len(paths)-1] = "…"
				}
			default:
				walk(c)
			}
			if len(paths) == mostOthers {
				return
			}
		}
	}
	if s != record {
		walk(s)
	}
	return paths
}

// around says whether the record is in the element.
func (s *xmlShape) around(record *xmlShape) bool {
	for ; record != nil; record = record.parent {
		if record == s {
			return true
		}
	}
	return false
}

// bit is the place of the element among its siblings in before and after, 0 for
// those beyond the 64th.
func (s *xmlShape) bit() uint64 { return 1 << uint(s.index) }

// precedes says whether the element stood before its sibling wherever both were in
// one parent.
func (s *xmlShape) precedes(sibling *xmlShape) bool {
	return s.bit() != 0 && sibling.bit() != 0 && s.after&sibling.bit() == 0
}

var errNotXML = errors.New("malformed")

func xmlShapeOf(ctx context.Context, file pipelines.GuessFile) (root *xmlShape, encoding string, err error) {
	r, err := file.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	dec := xml.NewDecoder(r)
	encoding = "utf-8"
	dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		encoding = strings.ToLower(charset)
		switch encoding {
		case "iso-8859-1", "latin1", "us-ascii":
			return charmap.ISO8859_1.NewDecoder().Reader(in), nil
		case "iso-8859-15":
			return charmap.ISO8859_15.NewDecoder().Reader(in), nil
		case "windows-1252":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		}
		return nil, errNotXML
	}
	s := xmlWalk{}
	for {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		t, err := dec.RawToken()
		if err == io.EOF && s.root != nil && len(s.open) == 0 {
			return s.root, encoding, nil
		}
		if err == nil {
			err = s.token(t, dec.InputOffset())
		}
		if err != nil {
			return nil, "", messages.GuessDamaged.With("format", "XML", "byte", dec.InputOffset())
		}
	}
}

// xmlWalk builds shapes of tokens.
type xmlWalk struct {
	root  *xmlShape
	open  []*xmlShape
	count int
}

func (w *xmlWalk) token(t xml.Token, at int64) error {
	switch t := t.(type) {
	case xml.StartElement:
		return w.start(t, at)
	case xml.EndElement:
		if len(w.open) == 0 || w.open[len(w.open)-1].name != t.Name.Local {
			return errNotXML
		}
		w.open = w.open[:len(w.open)-1]
	case xml.CharData:
		if n := len(w.open); n > 0 && len(bytes.TrimSpace(t)) > 0 {
			w.open[n-1].texts++
		}
	case xml.Directive:
		return errNotXML // as the format refuses it
	}
	return nil
}

func (w *xmlWalk) start(t xml.StartElement, at int64) error {
	s, err := w.shape(t.Name.Local)
	if err != nil {
		return err
	}
	if s.count == 0 {
		s.from = at
	}
	s.count++
	s.seen++
	s.most, s.to = max(s.most, s.seen), at
	for _, c := range s.children {
		c.seen = 0
	}
	s.before = 0
	if p := s.parent; p != nil {
		s.after |= p.before &^ s.bit()
		p.before |= s.bit()
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == "xsi" || a.Name.Space == "xml" {
			continue
		}
		known := false
		for _, k := range s.attrs {
			known = known || k == a.Name.Local
		}
		if !known {
			if w.count++; w.count > mostShapes {
				return errShapes
			}
			s.attrs = append(s.attrs, a.Name.Local)
		}
	}
	w.open = append(w.open, s)
	if len(w.open) > treeDepth {
		return errShapes
	}
	return nil
}

// shape is that of an element of the name in the one that is open.
func (w *xmlWalk) shape(name string) (*xmlShape, error) {
	if len(w.open) == 0 {
		if w.root != nil {
			return nil, errNotXML
		}
		w.root = &xmlShape{name: name}
		return w.root, nil
	}
	for _, s := range w.open {
		if s.name == name {
			s.within = true
			return s, nil
		}
	}
	parent := w.open[len(w.open)-1]
	s := parent.child(name)
	if s == nil {
		if w.count++; w.count > mostShapes {
			return nil, errShapes
		}
		s = &xmlShape{name: name, parent: parent, index: len(parent.children)}
		parent.children = append(parent.children, s)
	}
	return s, nil
}

// xmlFields collects the columns.
type xmlFields struct {
	g      *pipelines.Guess
	fields []pipelines.NamedText
	names  map[string]bool
	chain  []*xmlShape // the record and what is around it, inside first
}

// add names a column by the end of its path, or by all of it where that is taken.
func (f *xmlFields) add(parts []string, path string) {
	name := parts[len(parts)-1]
	for i := len(parts) - 2; f.names[name] && i >= 0; i-- {
		name = parts[i] + "_" + name
	}
	for f.names[name] {
		name += "_2"
	}
	f.names[name] = true
	f.fields = append(f.fields, pipelines.NamedText{Name: name, Text: path})
}

// inside adds the values of a record; what comes several times is a list where it
// is one value, and left out where it is more.
func (f *xmlFields) inside(s *xmlShape, path, mark string, parts []string) {
	for _, a := range s.attrs {
		named := append(parts[:len(parts):len(parts)], a)
		if len(s.attrs) == 1 && s.leaf() && len(parts) > 0 { // <Nature V="6068"/>
			named = parts
		}
		f.add(named, path+"@"+a+mark)
	}
	if s.texts > 0 && s.leaf() {
		if len(parts) == 0 {
			f.add([]string{s.name}, ".")
		} else {
			f.add(parts, strings.TrimSuffix(path, "/")+mark)
		}
	}
	for _, c := range s.children {
		p, n := path+c.name+"/", append(parts[:len(parts):len(parts)], c.name)
		switch single := c.leaf() && len(c.attrs)+min(1, int(c.texts)) == 1; {
		case c.within && c.parent != s || c == s:
		case c.most <= 1 && mark == "" || single && c.most > 1 && mark == "":
			m := ""
			if c.most > 1 {
				m = listMark
			}
			f.inside(c, p, m, n)
		default:
			f.g.Found(messages.GuessLeftOut.With("path", "\""+strings.TrimSuffix(p, "/")+"\"", "count", c.most))
		}
	}
}

// around adds what comes once in an element around the record, and before it.
func (f *xmlFields) around(root, record *xmlShape) {
	if record.within { // of what is around it only the document is sure
		f.outer(root, "/"+root.name, []string{root.name}, func(s *xmlShape) bool {
			return s != record && s.count == 1 && s.to < record.from
		})
		return
	}
	for next := record; next.parent != nil; next = next.parent {
		f.chain = append(f.chain, next)
	}
	for i := len(f.chain) - 1; i >= 0; i-- {
		next := f.chain[i]
		outer := next.parent
		path := outer.absolute()
		f.attributes(outer, path, []string{outer.name})
		for _, c := range outer.children {
			switch {
			case c == next || c.most > 1 || c.within: // told by others
			case c.precedes(next):
				f.outer(c, path+"/"+c.name, []string{outer.name, c.name}, func(s *xmlShape) bool { return s.most <= 1 && !s.within })
			case c.values() > 0:
				f.g.Found(messages.GuessLate.With("path", "\""+c.absolute()+"\""))
			}
		}
	}
}

// outer adds the values of an element and of those in it that are wanted.
func (f *xmlFields) outer(s *xmlShape, path string, parts []string, wanted func(*xmlShape) bool) {
	if !wanted(s) {
		return
	}
	f.attributes(s, path, parts)
	if s.texts > 0 && s.leaf() {
		f.add(parts, path)
	}
	for _, c := range s.children {
		f.outer(c, path+"/"+c.name, append(parts[:len(parts):len(parts)], c.name), wanted)
	}
}

func (f *xmlFields) attributes(s *xmlShape, path string, parts []string) {
	for _, a := range s.attrs {
		named := append(parts[:len(parts):len(parts)], a)
		if len(s.attrs) == 1 && s.leaf() && len(parts) > 1 { // <Nature V="6068"/>
			named = parts
		}
		f.add(named, path+"/@"+a)
	}
}
