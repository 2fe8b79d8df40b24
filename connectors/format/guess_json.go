package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _, _ pipelines.Guesser = jsonConfig{}, jsonLinesConfig{}

// Looks finds a document that begins with an array or an object.
func (jsonConfig) Looks(head []byte, _ pipelines.GuessFile) int {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, byteMark), " \t\r\n")
	if len(head) > 1 && (head[0] == '{' || head[0] == '[' && strings.IndexByte("{[]\"-0123456789 \t\r\ntfn", head[1]) >= 0) {
		return 80
	}
	return 0
}

// Looks finds two lines with an object each.
func (jsonLinesConfig) Looks(head []byte, in pipelines.GuessFile) int {
	lines := bytes.SplitN(bytes.TrimPrefix(head, byteMark), []byte("\n"), 3)
	object := func(b []byte) bool {
		b = bytes.TrimSpace(b)
		return len(b) > 1 && b[0] == '{' && b[len(b)-1] == '}'
	}
	if object(lines[0]) && (len(lines) > 1 && object(lines[1]) || in.Extension == ".jsonl" || in.Extension == ".ndjson") {
		return 90
	}
	return 0
}

// Guess finds the array of objects nearest to the root.
func (jsonConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	root, err := shapeOf(ctx, file, false)
	if err != nil {
		return nil, err
	}
	g := &pipelines.Guess{Format: "json"}
	config := jsonConfig{jsonFields: jsonFields{cellOptions: defaultCells}}
	record := root
	if path, found, count := root.records(); found != nil {
		record = found
		config.Record = strings.Join(path, ".")
		g.Found(messages.GuessTable.With("option", "record", "name", "\""+config.Record+"\"", "rows", found.objects, "count", count))
	}
	if config.Record != "" {
		g.Set("record", config.Record)
	}
	config.Fields = record.fields(g)
	return g, config.guessFields(ctx, env, g, guessInput(file), func() (Reader, error) { return newJSON(env, config) })
}

// Guess takes the keys of all lines.
func (jsonLinesConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	root, err := shapeOf(ctx, file, true)
	if err != nil {
		return nil, err
	}
	g := &pipelines.Guess{Format: "jsonl"}
	config := jsonLinesConfig{jsonFields{cellOptions: defaultCells}}
	config.Fields = root.fields(g)
	return g, config.guessFields(ctx, env, g, guessInput(file), func() (Reader, error) { return newJSONLines(env, config) })
}

// guessFields reads all records with the fields that were found.
func (c *jsonFields) guessFields(ctx context.Context, env pipelines.Env, g *pipelines.Guess, in Input, codec func() (Reader, error)) error {
	lists := listColumns(c.Fields)
	c.Fields = plainFields(c.Fields)
	g.Options = append(g.Options, pipelines.GuessOption{Name: "fields", Value: fieldsText(c.Fields)})
	for _, f := range c.Fields {
		if t, _ := pipelines.ParseTypeText("list(text)"); lists[f.Name] {
			c.Columns = append(c.Columns, pipelines.ColumnDecl{Name: f.Name, ColumnType: t})
		}
	}
	reader, err := codec()
	if err != nil {
		return err
	}
	rows := rowsGuess{g: g, whole: true}
	if err := rows.read(ctx, reader, in); err != nil {
		return err
	}
	guessColumns(g, rows.cols, false)
	for i := range g.Columns {
		if lists[g.Columns[i].Name] {
			g.Columns[i].Type = "list(text)"
		}
	}
	return nil
}

// A field that is a list is marked so until its column is declared.
const listMark = "\x00list"

func listColumns(fields []pipelines.NamedText) map[string]bool {
	lists := map[string]bool{}
	for _, f := range fields {
		if strings.HasSuffix(f.Text, listMark) {
			lists[f.Name] = true
		}
	}
	return lists
}

func plainFields(fields []pipelines.NamedText) []pipelines.NamedText {
	out := make([]pipelines.NamedText, len(fields))
	for i, f := range fields {
		out[i] = pipelines.NamedText{Name: f.Name, Text: strings.TrimSuffix(f.Text, listMark)}
	}
	return out
}

func fieldsText(fields []pipelines.NamedText) string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, f := range fields {
		b.WriteString(pipelines.GuessKey(f.Name) + " = " + pipelines.GuessValue(f.Text) + "\n")
	}
	return b.String() + "}"
}

// jsonShape is what the values at one path are.
type jsonShape struct {
	keys                     []string // in the order they were met
	child                    map[string]*jsonShape
	each                     *jsonShape
	objects, arrays, scalars int64
	others                   int64 // scalars that are no texts
	longest                  int64 // array
}

// mostShapes bounds the paths that are told apart.
const mostShapes = 20_000

var errShapes = errors.New("shapes")

type shapeReader struct {
	ctx   context.Context
	dec   *json.Decoder
	count int
}

func shapeOf(ctx context.Context, file pipelines.GuessFile, lines bool) (*jsonShape, error) {
	r, err := file.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in := io.Reader(r)
	head := make([]byte, len(byteMark))
	n, _ := io.ReadFull(r, head)
	if !bytes.Equal(head[:n], byteMark) {
		in = io.MultiReader(bytes.NewReader(head[:n]), r)
	}
	s := &shapeReader{ctx: ctx, dec: json.NewDecoder(in)}
	s.dec.UseNumber()
	root := &jsonShape{}
	for {
		err := s.value(root, 0)
		if err == io.EOF && (lines || root.objects+root.arrays+root.scalars > 0) {
			return root, nil
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, messages.GuessDamaged.With("format", "JSON", "byte", s.dec.InputOffset())
		}
	}
}

func (s *shapeReader) value(sh *jsonShape, depth int) error {
	t, err := s.dec.Token()
	if err != nil {
		return err
	}
	if err := s.rest(sh, t, depth); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return s.ctx.Err()
}

func (s *shapeReader) rest(sh *jsonShape, t json.Token, depth int) error {
	if depth > treeDepth {
		return errShapes
	}
	switch t {
	case json.Delim('{'):
		sh.objects++
		for s.dec.More() {
			key, err := s.dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			next := sh.child[name]
			if next == nil {
				if s.count++; s.count > mostShapes {
					return errShapes
				}
				if sh.child == nil {
					sh.child = map[string]*jsonShape{}
				}
				next = &jsonShape{}
				sh.child[name], sh.keys = next, append(sh.keys, name)
			}
			if err := s.value(next, depth+1); err != nil {
				return err
			}
		}
		_, err := s.dec.Token()
		return err
	case json.Delim('['):
		sh.arrays++
		if sh.each == nil {
			sh.each = &jsonShape{}
		}
		n := int64(0)
		for ; s.dec.More(); n++ {
			if err := s.value(sh.each, depth+1); err != nil {
				return err
			}
		}
		sh.longest = max(sh.longest, n)
		_, err := s.dec.Token()
		return err
	case nil:
		return nil
	}
	sh.scalars++
	if _, text := t.(string); !text {
		sh.others++
	}
	return nil
}

// records is the array of objects nearest to the root, of several as near the one
// with the most, its path and how many there are.
func (sh *jsonShape) records() (path []string, found *jsonShape, count int) {
	type place struct {
		path []string
		sh   *jsonShape
	}
	for level := []place{{nil, sh}}; len(level) > 0 && found == nil; {
		var next []place
		for _, p := range level {
			if e := p.sh.each; e != nil && e.objects > 0 {
				count++
				if found == nil || e.objects > found.objects {
					path, found = p.path, e
				}
			}
			for _, key := range p.sh.keys {
				next = append(next, place{append(p.path[:len(p.path):len(p.path)], jsonPathKey(key)), p.sh.child[key]})
			}
		}
		level = next
	}
	return path, found, count
}

// jsonPathKey writes a key in a path.
func jsonPathKey(key string) string {
	if key == "" || strings.ContainsAny(key, ".[]'") {
		return "'" + strings.ReplaceAll(key, "'", "''") + "'"
	}
	return key
}

// fields are the values of a record. An array in it has no place in its row unless
// it is of texts, and is left out, which is told.
func (sh *jsonShape) fields(g *pipelines.Guess) (fields []pipelines.NamedText) {
	names := map[string]bool{}
	var walk func(sh *jsonShape, path, name string)
	walk = func(sh *jsonShape, path, name string) {
		for _, key := range sh.keys {
			child := sh.child[key]
			p, n := path+jsonPathKey(key), name+key
			switch {
			case child.objects > 0:
				walk(child, p+".", n+"_")
			case child.each != nil && child.each.objects+child.each.arrays+child.each.others > 0:
				g.Found(messages.GuessLeftOut.With("path", "\""+p+"\"", "count", child.longest))
			default:
				for names[n] {
					n += "_2"
				}
				names[n] = true
				if child.each != nil {
					p += listMark
				}
				fields = append(fields, pipelines.NamedText{Name: n, Text: p})
			}
		}
	}
	walk(sh, "", "")
	return fields
}
