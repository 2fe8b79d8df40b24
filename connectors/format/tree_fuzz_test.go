package format

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const fuzzedXML = `record = ["/r/l"]
null = []
fields = { a = "@a", b = "b", c = "c/d/@e", i = "i", h = "../@h" }
columns = { i = list(text) }`

// sized is the codec with chunks of that size, 0 being that of files.
func sized(r Reader, chunk int) Reader {
	if chunk == 0 {
		chunk = treeChunkSize
	}
	switch codec := r.(type) {
	case *xmlCodec:
		codec.chunk = chunk
	case *jsonCodec:
		codec.chunk = chunk
	}
	return r
}

// xmlOracle reads the same by the standard library. ok is false where it refuses.
func xmlOracle(data string) (rows []string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(data))
	type open struct{ path, text string }
	var stack []open
	var row map[string]string
	var items []string
	head := `\N`
	wanted := map[string]string{"/r/l/b": "b", "/r/l/i": "i"}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return rows, len(stack) == 0
		}
		if err != nil {
			return nil, false
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			path := "/" + tok.Name.Local
			if len(stack) > 0 {
				path = stack[len(stack)-1].path + path
			}
			stack = append(stack, open{path: path})
			for _, a := range tok.Attr {
				if a.Name.Space == "xmlns" {
					continue
				}
				value := strings.NewReplacer("\n", " ", "\t", " ", "\r", " ").Replace(a.Value)
				switch {
				case path == "/r" && a.Name.Local == "h":
					head = value
				case path == "/r/l" && a.Name.Local == "a":
					if row == nil {
						row = map[string]string{}
					}
					row["a"] = value
				case path == "/r/l/c/d" && a.Name.Local == "e":
					row["c"] = value
				}
			}
			if path == "/r/l" && row == nil {
				row = map[string]string{}
			}
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(tok)
			}
		case xml.EndElement:
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if name := wanted[top.path]; name == "i" {
				text, _ := json.Marshal(top.text)
				items = append(items, string(text))
			} else if name != "" {
				row[name] = top.text
			}
			if top.path == "/r/l" {
				cells := []string{`\N`, `\N`, `\N`, `\N`, head}
				for i, name := range []string{"a", "b", "c"} {
					if v, ok := row[name]; ok {
						cells[i] = v
					}
				}
				if len(items) > 0 {
					cells[3] = "[" + strings.Join(items, ",") + "]"
				}
				rows, row, items = append(rows, strings.Join(cells, "|")), nil, nil
			}
		}
	}
}

// What is read without a complaint, encoding/xml reads as the same rows; what it
// refuses, is refused. Where this reader is stricter, it says so with a code.
func FuzzXML(f *testing.F) {
	for _, s := range []string{
		`<r h="1"><l a="x"><b>y</b><c><d e="z"/></c></l></r>`,
		"<?xml version=\"1.0\"?><!-- c --><r>\r\n<l a='&lt;&#233;'><b>a<![CDATA[<&]]>b</b><i>1</i><i>&amp;</i></l></r>",
		`<n:r xmlns:n="urn:n"><n:l n:a="1"/></n:r>`, `<r><l><l/></l></r>`, "<r>\n<l a='\t\r\n'/>]</r>", "<r><?p i?></r>\n",
		"<?xml version='1.0' encoding='ISO-8859-1'?><r><l a='\xe9'/></r>", "<r><l a='1' a='2'/></r>", "<!DOCTYPE r><r/>", "<r><l>&nbsp;</l></r>",
		"\ufeff<r/>", "<r><l><b>x<e/>y</b></l></r>", "<r", "</r>", "<r><l></r></l>",
	} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(3))
	}
	codec := treeFrom(f, memory.NewGoAllocator(), "xml", fuzzedXML, 0)
	f.Fuzz(func(t *testing.T, data string, size uint8) {
		got := readTree(t, sized(codec, int(size)), data)
		want, ok := xmlOracle(data)
		fine := got.Err == "" && len(got.Rejects) == 0
		switch {
		case !utf8.ValidString(data) || strings.HasPrefix(data, "\ufeff") || strings.Contains(data, "encoding"):
			return // the library does without encodings, and keeps a mark
		case fine && !ok && !deepOnly(data):
			t.Fatalf("%q: the library refuses it, and it was read as %q", data, got.Rows)
		case !fine && ok:
			if !stricter(got, data) {
				t.Fatalf("%q: %v %v", data, got.Why, got.Rejects)
			}
		case fine && ok:
			for i, row := range got.Rows {
				_, got.Rows[i], _ = strings.Cut(row, ": ")
			}
			if diff := cmp.Diff(want, got.Rows); diff != "" && !strings.Contains(data, "\\") {
				t.Fatalf("%q: %s", data, diff)
			}
		}
	})
}

// deepOnly says whether the library refuses what is well formed: names beyond its
// tables of characters (those of an earlier edition), and an end of comments.
func deepOnly(data string) bool {
	return !isASCII([]byte(data))
}

// stricter says whether the code is one of what this reader refuses and the
// library does not look at.
func stricter(got treeResult, data string) bool {
	allowed := []*messages.Message{messages.XMLDoctype, messages.TreeRepeated, messages.XMLMixed, messages.XMLNoRecord, messages.TreeEndsEarly, messages.XMLCharacter}
	for _, m := range allowed {
		if got.Err == m.Code {
			return true
		}
		for _, r := range got.Rejects {
			if strings.Contains(r, m.Code) {
				return true
			}
		}
	}
	if m := messages.Find(got.Why); m != nil {
		for _, why := range []xmlFault{xmlOutside, xmlSecondRoot, xmlAttributeTwice, xmlAttribute, xmlName, xmlMarkup, xmlDeclaration,
			xmlDeclarationBad, xmlInstruction, xmlLess, xmlMismatch, xmlCharacter, xmlNameLength, xmlAttributes, xmlDepth, xmlLong} {
			if m.Param("why") == xmlFaults[why] {
				return true
			}
		}
	}
	return false
}

const fuzzedJSON = "null = []\nfields = { a = \"a\", b = \"b.c\", d = \"d[1]\", l = \"l\" }\ncolumns = { l = list(text) }"

// jsonOracle reads the same by the standard library.
func jsonOracle(data string) (rows []string, err error) {
	var doc []json.RawMessage
	if err := json.Unmarshal([]byte(data), &doc); err != nil {
		return nil, err
	}
	for _, raw := range doc {
		var rec any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&rec); err != nil {
			return nil, err
		}
		obj, ok := rec.(map[string]any)
		if !ok {
			return nil, errors.New("no object")
		}
		var b, d1, l any
		switch v := obj["b"].(type) {
		case nil:
		case map[string]any:
			b = v["c"]
		default:
			return nil, errors.New("b")
		}
		switch v := obj["d"].(type) {
		case nil:
		case []any:
			if len(v) > 1 {
				d1 = v[1]
			}
		default:
			return nil, errors.New("d")
		}
		cells := []string{}
		for _, v := range []any{obj["a"], b, d1} {
			switch v := v.(type) {
			case nil:
				cells = append(cells, `\N`)
			case string, json.Number, bool:
				cells = append(cells, fmt.Sprint(v))
			default:
				return nil, errors.New("no scalar")
			}
		}
		cell := `\N`
		switch l = obj["l"]; v := l.(type) {
		case nil:
		case []any:
			for _, it := range v {
				if _, ok := it.(string); !ok && it != nil {
					return nil, errors.New("no text")
				}
			}
			text, _ := json.Marshal(v)
			cell = string(text)
		default:
			return nil, errors.New("no list")
		}
		rows = append(rows, strings.Join(append(cells, cell), "|"))
	}
	return rows, nil
}

// What is read without a complaint, encoding/json reads as the same rows, and what
// it reads is read, unless a key is there twice or an escape is no character.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`[{"a": "x", "b": {"c": 1}, "d": [1, 2], "l": ["y", null]}]`, `[{"a": "\u00e9\ud83d\ude00\n"}, {"a": null}, {}]`, "[]", "{}", `[{"a": 1e5, "a": 2}]`,
		`[{"a": "\ud800"}]`, `[{"a": -0.0E+1}]`, `[{"z": [[[{"q": "}"}]]]}]`, `[{"b": 1}]`, `[{"a": tru}]`, "[{\"a\": \"\xff\"}]", `[1]`, "\ufeff[]", `[{"a": NaN}]`, `[{"d": {}}]`,
	} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(5))
	}
	codec := treeFrom(f, memory.NewGoAllocator(), "json", fuzzedJSON, 0)
	f.Fuzz(func(t *testing.T, data string, size uint8) {
		got := readTree(t, sized(codec, int(size)), data)
		fine := got.Err == "" && len(got.Rejects) == 0
		if i := strings.IndexAny(data, "[{"); i < 0 || data[i] != '[' || strings.HasPrefix(data, "\ufeff") || !utf8.ValidString(data) {
			if fine && !json.Valid([]byte(strings.TrimPrefix(data, "\ufeff"))) {
				t.Fatalf("%q: the library refuses it, and it was read as %q", data, got.Rows)
			}
			return
		}
		want, err := jsonOracle(data)
		switch {
		case fine && err != nil:
			t.Fatalf("%q: %v, and it was read as %q", data, err, got.Rows)
		case !fine && err == nil:
			rejected := strings.Join(got.Rejects, " ")
			if got.Err == "" && (keyTwice(data) || strings.Contains(rejected, "LAV-4246")) || nestedDeep(data) {
				return
			}
			t.Fatalf("%q: %v %v", data, got.Why, got.Rejects)
		case fine:
			for i, row := range got.Rows {
				_, got.Rows[i], _ = strings.Cut(row, ": ")
			}
			if diff := cmp.Diff(want, got.Rows); diff != "" {
				t.Fatalf("%q: %s", data, diff)
			}
		}
	})
}

// keyTwice says whether an object of the document has a key twice.
func keyTwice(data string) bool {
	d := json.NewDecoder(strings.NewReader(data))
	type open struct {
		seen map[any]bool // nil: an array
		key  bool
	}
	var stack []open
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		var top *open
		if n := len(stack); n > 0 {
			top = &stack[n-1]
		}
		switch {
		case tok == json.Delim('}'), tok == json.Delim(']'):
			stack = stack[:len(stack)-1]
			continue
		case top != nil && top.seen != nil && top.key:
			if top.seen[tok] {
				return true
			}
			top.seen[tok], top.key = true, false
			continue
		case top != nil:
			top.key = true
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, open{seen: map[any]bool{}, key: true})
		case json.Delim('['):
			stack = append(stack, open{})
		}
	}
}

func nestedDeep(data string) bool {
	return strings.Count(data, "[")+strings.Count(data, "{") > treeDepth
}

// What JSON Lines reads of a line is what JSON reads of the same object.
func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{`{"a": "x"}`, `{"a": 1} `, `{"a": "\u0061", "l": ["x"]}`, `{"a"`, `[]`, `{"a": 1}{"a": 2}`} {
		f.Add(s, uint8(0))
	}
	lineCodec := treeFrom(f, memory.NewGoAllocator(), "jsonl", fuzzedJSON, 0)
	docCodec := treeFrom(f, memory.NewGoAllocator(), "json", fuzzedJSON, 0)
	f.Fuzz(func(t *testing.T, line string, size uint8) {
		line = strings.ReplaceAll(line, "\n", " ")
		if strings.TrimLeft(line, " \t\r") == "" || line[0] >= 0x80 || strings.Contains(line[:min(2, len(line))], "\x00") {
			return
		}
		lines := readTree(t, sized(lineCodec, int(size)), line+"\n"+line+"\n")
		doc := readTree(t, sized(docCodec, int(size)), "["+line+"]")
		if lines.Err != "" {
			t.Fatalf("%q: %v", line, lines.Why)
		}
		if doc.Err == "" && len(doc.Rows) == 1 && len(doc.Rejects) == 0 {
			_, row, _ := strings.Cut(doc.Rows[0], ": ")
			if want := []string{"1: " + row, "2: " + row}; !cmp.Equal(want, lines.Rows) {
				t.Fatalf("%q: %q, and in a document %q", line, lines.Rows, doc.Rows)
			}
		} else if len(lines.Rejects) != 2 {
			if len(doc.Rows)+len(doc.Rejects) == 1 || doc.Err != "" {
				t.Fatalf("%q: %q and %q, in a document %v %q", line, lines.Rows, lines.Rejects, doc.Why, doc.Rejects)
			}
		}
	})
}
