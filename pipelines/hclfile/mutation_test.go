package hclfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sound reads mutated files: nothing panics, every mistake has a code, both
// texts and a place, none is said half in English, and what is yielded is JSON.
func sound(t *rapid.T, files []source) {
	_, diags := walkAll(t, files)
	for _, d := range diags {
		e, ok := d.Extra.(*messages.Error)
		if !ok || d.Subject == nil || e.What(messages.English) == "" || e.What(messages.French) == "" {
			t.Fatalf("%v has no code, text or place", d)
		}
		if why := notFrench(d); why != "" && e.Param("what") != plainMistake {
			t.Fatal(why)
		}
	}
	_, again := walkAll(t, files)
	if a, b := diags.Error(), again.Error(); a != b || len(diags) != len(again) {
		t.Fatalf("not the same twice: %v, %v", a, b)
	}
}

func walkAll(t *rapid.T, files []source) (*Project, hcl.Diagnostics) {
	reg, err := pipelines.NewRegistry(testComponents())
	if err != nil {
		t.Fatal(err)
	}
	p, diags := load("testdata/whole", files, reg, Options{Now: today}, nil)
	n := 0
	return p, append(diags, p.Tasks(pipelines.Selection{}, func(task pipelines.Task) bool {
		if n++; !json.Valid(task.Config) {
			t.Fatalf("%s: not JSON: %s", task.ID, task.Config)
		}
		return n < 30
	})...)
}

func texts(t *testing.T, pattern string) (files []source) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, source{filepath.ToSlash(n), text})
	}
	return files
}

// TestMutatedTokens puts tokens of a good project in the place of others, which
// mostly still parses and is wrong in every later way.
func TestMutatedTokens(t *testing.T) {
	files := texts(t, "testdata/whole/*.hcl")
	var tokens [][]hclsyntax.Token
	var spare [][]byte
	for _, f := range files {
		ts, diags := hclsyntax.LexConfig(f.text, f.name, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		tokens = append(tokens, ts)
		for _, tok := range ts {
			switch tok.Type {
			case hclsyntax.TokenIdent, hclsyntax.TokenQuotedLit, hclsyntax.TokenNumberLit:
				spare = append(spare, tok.Bytes)
			}
		}
	}
	spare = append(spare, []byte("null"), []byte("row"), []byte("tenant"), []byte("${partition.key}"), []byte("${secret.empreinte}"), []byte("1e400"), nil)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(files)-1).Draw(t, "file")
		mutated := append([]source(nil), files...)
		replace := map[int][]byte{}
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			replace[rapid.IntRange(0, len(tokens[i])-2).Draw(t, "token")] = rapid.SampledFrom(spare).Draw(t, "by")
		}
		var b bytes.Buffer
		last := 0
		for n, tok := range tokens[i] {
			b.Write(files[i].text[last:tok.Range.Start.Byte])
			last = tok.Range.End.Byte
			if by, ok := replace[n]; ok && replaceable(tok) {
				b.Write(by)
			} else {
				b.Write(tok.Bytes)
			}
		}
		mutated[i].text = b.Bytes()
		sound(t, mutated)
	})
}

func replaceable(tok hclsyntax.Token) bool {
	switch tok.Type {
	case hclsyntax.TokenIdent, hclsyntax.TokenQuotedLit, hclsyntax.TokenNumberLit, hclsyntax.TokenEqualOp, hclsyntax.TokenPlus:
		return true
	}
	return false
}

// TestMutatedJSON puts values of a good project in the place of others.
func TestMutatedJSON(t *testing.T) {
	files := texts(t, "testdata/whole_json/*.hcl.json")
	var spare []any
	var gather func(v any)
	gather = func(v any) {
		spare = append(spare, v)
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				gather(v[k])
			}
		case []any:
			for _, x := range v {
				gather(x)
			}
		}
	}
	decode := func(text []byte) (v any) {
		if err := json.Unmarshal(text, &v); err != nil {
			panic(err)
		}
		return v
	}
	for _, f := range files {
		gather(decode(f.text))
	}
	spare = append(spare, nil, true, 1.5, "${row.a}", []any{}, map[string]any{})
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(files)-1).Draw(t, "file")
		at := rapid.IntRange(1, 150).Draw(t, "node")
		by := rapid.SampledFrom(spare).Draw(t, "by")
		n := 0
		var put func(v any) any
		put = func(v any) any {
			if n++; n == at {
				return by
			}
			switch v := v.(type) {
			case map[string]any:
				for _, k := range slices.Sorted(maps.Keys(v)) {
					v[k] = put(v[k])
				}
			case []any:
				for j := range v {
					v[j] = put(v[j])
				}
			}
			return v
		}
		out, err := json.Marshal(put(decode(files[i].text)))
		if err != nil {
			t.Fatal(err)
		}
		mutated := append([]source(nil), files...)
		mutated[i].text = out
		sound(t, mutated)
	})
}

// TestMutatedText puts, doubles and leaves out signs of good projects in both
// syntaxes, which mostly no longer parses.
func TestMutatedText(t *testing.T) {
	signs := []string{"{", "}", "[", "]", "(", ")", "\"", "'", "=", "==", ",", ";", ":", "::", ".", "...", "*", "[*]", "?", "$", "${", "%{", "%{ if true }", "%{ for x in [1] }",
		"%{ endif }", "<<FIN\n", "\\", "\\u00", "&", "|", "!", "-", "=>", "for x in ", "if ", "null", "true", "\n", "\t", "“", "`", "\xff", "\u202e", "é", "#", "/*", "0", "1.5", "x", "row.", " "}
	all := append(texts(t, "testdata/whole/*.hcl"), texts(t, "testdata/whole_json/*.hcl.json")...)
	rapid.Check(t, func(t *rapid.T) {
		f := all[rapid.IntRange(0, len(all)-1).Draw(t, "file")]
		text := slices.Clone(f.text)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			from := rapid.IntRange(0, len(text)).Draw(t, "from")
			to := min(len(text), from+rapid.SampledFrom([]int{0, 0, 1, 1, 2, 10}).Draw(t, "length"))
			text = slices.Replace(text, from, to, []byte(rapid.SampledFrom(signs).Draw(t, "sign"))...)
		}
		sound(t, []source{{f.name, text}})
	})
}
