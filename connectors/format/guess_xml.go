package format

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
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
	root, err := xmlShapeOf(ctx, file)
	if err != nil {
		return nil, err
	}
	g := &pipelines.Guess{Format: "xml"}
	g.Found(messages.GuessContent.With("format", "XML"))
	record := root.best()
	config := xmlConfig{Record: []string{record.path()}}
	g.Options = append(g.Options, pipelines.GuessOption{Name: "record", Value: pipelines.GuessValue(config.Record)})
	g.Found(messages.GuessTable.With("option", "record", "name", "\""+config.Record[0]+"\"", "rows", record.count, "count", root.elements()))
	f := xmlFields{g: g, names: map[string]bool{}}
	f.inside(record, "", "", nil)
	f.around(root, record)
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
	most     int64 // in one parent
	texts    int64 // elements with text of their own
	within   bool  // it stands in itself
	from, to int64 // where the first and the last start
	seen     int64 // in the parent at hand
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

var errNotXML = errors.New("malformed")

func xmlShapeOf(ctx context.Context, file pipelines.GuessFile) (*xmlShape, error) {
	r, err := file.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	dec := xml.NewDecoder(r)
	dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
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
			return nil, err
		}
		t, err := dec.RawToken()
		if err == io.EOF && s.root != nil && len(s.open) == 0 {
			return s.root, nil
		}
		if err == nil {
			err = s.token(t, dec.InputOffset())
		}
		if err != nil {
			return nil, messages.GuessDamaged.With("format", "XML", "byte", dec.InputOffset())
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
		s = &xmlShape{name: name, parent: parent}
		parent.children = append(parent.children, s)
	}
	return s, nil
}

// xmlFields collects the columns.
type xmlFields struct {
	g      *pipelines.Guess
	fields []pipelines.NamedText
	names  map[string]bool
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

// mostAround bounds how many values go with every row.
const mostAround = 60

// around adds what comes once in the document, before the first record.
func (f *xmlFields) around(root, record *xmlShape) {
	var walk func(s *xmlShape, path string, parts []string)
	n := 0
	walk = func(s *xmlShape, path string, parts []string) {
		if s == record || s.count > 1 || s.to >= record.from || n > mostAround {
			return
		}
		for _, a := range s.attrs {
			named := append(parts[:len(parts):len(parts)], a)
			if len(s.attrs) == 1 && s.leaf() && len(parts) > 0 {
				named = parts
			}
			f.add(named, path+"/@"+a)
			n++
		}
		if s.texts > 0 && s.leaf() {
			f.add(parts, path)
			n++
		}
		for _, c := range s.children {
			walk(c, path+"/"+c.name, append(parts[:len(parts):len(parts)], c.name))
		}
	}
	if record != root {
		walk(root, "/"+root.name, []string{root.name})
	}
}
