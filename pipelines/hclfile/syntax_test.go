package hclfile

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Mistakes of syntax in a file, in a value, in the JSON form.
var (
	badFiles = []string{
		"pipeline \"a\" {", "pipeline \"a\" {\n  title = \"x\"\n", "= 1\n", "a\n", "locals { a = 1, b = 2 }\n",
		"locals { a = 1\n}\n", "locals { x { } }\n", "locals { a = 1 b = 2 }\n", "locals {\n  a = 1\n  a = 2\n}\n",
		"locals {\n  \"a\" = 1\n}\n", "locals = {\n}\n", "pipeline \"a\" = {\n}\n", "pipeline \"a\"\n{\n}\n",
		"pipeline \"a\" ;\n", "pipeline \"a\" 12 {\n}\n", "locals {\n} locals {\n}\n", "locals {\n  a = 1 2\n}\n",
		"locals {\n  a = b = 2\n}\n", "locals {\n  a = 1,\n}\n",
	}
	badValues = []string{
		`true ? 1`, `)`, `1e`, `(1`, `upper("x"`, `join("," "x")`, `join(["a"]... "x")`, `["a"`, `["a" "b"]`, `["a"][0`,
		`["a"][*`, `{ a }`, `{ a b = 1 }`, `{ a-b = 1, c.d = 1 }`, `{ a = 1 b = 2 }`, `{ a = 1`, `local.`,
		`local.a.*.b.*.c`, `local.l.0.1`, `local.l.1.0`, `ns::f(1)`, `ns::(1)`, `[for : 1]`, `[for x, : 1]`,
		`[for x ["a"] : x]`, `[for x in ["a"] x]`, `[for x in ["a"] : x y]`, `[for x in ["a"] : x => x]`,
		`[for x in ["a"] : x...]`, `{for x in ["a"] : x}`, `"a`, `"a\d"`, `"a\u00"`, `"a\UFFFFFFFF"`, `"${local.a"`,
		`"${local.a b}"`, `"${a:b}"`, `"%{ if true }a"`, `"%{ for x in ["a"] }a"`, `"%{ endif }a"`,
		`"%{ if true }a%{ endfor }"`, `"%{ if true }a%{ else }b%{ else }c%{ endif }"`,
		`"%{ for x in ["a"] }a%{ else }%{ endfor }"`, `"%{ 1 }"`, `"%{ iff true }"`, `"%{ if true x }a%{ endif }"`,
		`"%{ for in ["a"] }a%{ endfor }"`, `"%{ for x ["a"] }a%{ endfor }"`, `'a'`, "“a”", "`a`", `a; b`, `1 @ 2`,
		"\"\xff\"", `1 & 2`, `1 | 2`, `2 ** 3`, `<<FIN`, `absent`, `absent()`, `row.a + 1`, `null["a"]`, `null.a`,
		`[for x in null : x]`, `["a"][null]`, `{ (null) = 1 }`, `{ for x in ["a"] : null => x }`, `["a"]["x"]`,
		`["a"][0.5]`, `["a"][-1]`, `["a"][3]`, `[][0]`, `["a"][["b"]]`, `{ a = 1 }["b"]`, `{ a = 1 }[["b"]]`, `{ a = 1 }.b`,
		`"x".a`, `"x"["a"]`, `[{ a = 1 }].a`, `join(",", null...)`, `join(",", "a"...)`, `upper()`, `join()`,
		`upper("a", "b")`, `upper(["a"])`, `upper(null)`, `coalesce(null)`, `coalesce("a", ["b"])`, `concat("a")`,
		`concat()`, `contains("a", "b")`, `format("%d", "x")`, `format("%d", 1.5)`, `format("%d")`, `format("%s", null)`,
		`format("%y", 1)`, `format("a", 1)`, `format("%d", 1, 2)`, `format("%t", "x")`, `format("%s", ["x"])`,
		`format("%", 1)`, `join(",", "a")`, `join(",", [null])`, `join(",", ["a"], [null])`, `join(",")`, `keys("a")`,
		`length(1)`, `lookup("a", "b")`, `lookup("a", "b", "c")`, `lookup({ a = 1 }, "b", null)`, `merge("a")`,
		`range(1, 2, 0)`, `range(1, 5, -1)`, `range(5, 1, 1)`, `range(1, 100000)`, `range()`, `range("x")`,
		`replace("a", "b")`, `split(",", ["a"])`, `tonumber("x")`, `tonumber([])`, `tostring({})`, `values("a")`,
		`year("hier")`, `year("20x4-01-01")`, `true ? "a" : ["b"]`, `true ? { a = ["x"] } : { b = 1, c = {} }`, `true ? { a = ["x"], b = 1 } : { a = ["x"] }`, `true ? [["x"]] : [["x"], {}]`,
		`true ? ["a"] : [["b"]]`, `true ? { a = "x" } : { a = ["x"] }`,
		`null ? 1 : 2`, `"x" ? 1 : 2`, `[for x in ["a"] : x if null]`, `[for x in ["a"] : x if "x"]`,
		`{ for x in ["a"] : x => x if null }`, `{ for x in ["a"] : x => x if "x" }`, `{ for x in ["a"] : ["b"] => x }`,
		`{ (["a"]) = 1 }`, `{ a.b = 1 }`, `[for x in 1 : x]`, `{ for x in ["a", "b"] : "k" => x }`, `1 + "x"`, `["x"] + 1`,
		`-"x"`, `!1`, `1 && true`, `0 / 0`, `"a${null}"`, `"a${["b"]}"`,
		`"%{ for x in ["a"] }${null}%{ endfor }"`,
	}
	badJSON = []string{
		`{} x`, `{`, ``, `[1,`, `{"locals": {"a": }}`, `{locals: {}}`, `{"locals"}`, `{"locals" = {}}`, `{"locals" {}}`,
		`{"locals": {},}`, `{"locals": {}]`, `{"locals": {} "x": 1}`, `{"locals": {"a": [1,]}}`,
		`{"locals": {"a": ["b": 1]}}`, `{"locals": {"a": [1}}`, `{"locals": {"a": [1 2]}}`, `{"locals": {"a": 01}}`,
		`{"locals": {"a": 1.}}`, `{"locals": {"a": "\d"}}`, `{"locals": {"a": vrai}}`, `{"locals": {"a": True}}`,
		`{"locals": {"a": undefined}}`, `1`, `{"locals": 1}`, `{"locals": [1]}`, `{"limits": 1}`, `{"limits": [1]}`,
		`{"limits": {}}`, `{"limits": {"a": 1}}`, `{"limits": {"a": {"max": 1, "max": 2}}}`, `[{"inconnu": 1}]`,
		`{"inconnu": 1}`, `{"locals": {"a": {"${null}": 1}}}`,
		`{"locals": {"a": {"${[\"x\"]}": 1}}}`, `{"locals": {"a": "${b"}}`, `{"locals": {"a": "${b c}"}}`,
		`{"variable": {"a": {"type": "list("}}}`, `{"variable": {"a": {"type": "text text"}}}`,
	}
)

// TestMistakesOfSyntax makes the mistakes that the libraries of HCL and of values
// find, and compares what is said with testdata/syntax.txt, in both languages.
func TestMistakesOfSyntax(t *testing.T) {
	var b strings.Builder
	for _, text := range badFiles {
		describeMistake(t, &b, "a.hcl", text, text)
	}
	for _, expr := range badValues {
		describeMistake(t, &b, "a.hcl", expr, "locals {\n  l = [[\"a\"]]\n  a = "+expr+"\n}\n")
	}
	for _, text := range badJSON {
		describeMistake(t, &b, "a.hcl.json", text, text)
	}
	const file = "testdata/syntax.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}

func describeMistake(t *testing.T, b *strings.Builder, file, shown, text string) {
	t.Helper()
	reg, err := pipelines.NewRegistry(testComponents())
	if err != nil {
		t.Fatal(err)
	}
	p, diags := load("testdata/absent", []source{{file, []byte(text)}}, reg, Options{}, nil)
	diags = append(diags, p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { return true })...)
	fmt.Fprintf(b, "%q\n", shown)
	if len(diags) == 0 {
		t.Errorf("%s\nis no mistake", text)
	}
	for _, d := range diags {
		e := d.Extra.(*messages.Error)
		at := *d.Subject
		at.Filename = ""
		fmt.Fprintf(b, "  %s %s\n    %s; %s\n    %s ; %s\n", strings.TrimPrefix(at.String(), ":"), e.Code,
			e.What(messages.English), e.Remedy(messages.English), e.What(messages.French), e.Remedy(messages.French))
		if why := notFrench(d); why != "" {
			t.Errorf("%s\n%s", text, why)
		}
	}
}

// english are words that no French sentence has, unless somebody calls a column so.
var english = regexp.MustCompile(`(?i)\b(the|is|are|must|not|cannot|can't|required|expected|been|given|have|invalid)\b`)

// notFrench says what of a mistake is left in English, or is "".
func notFrench(d *hcl.Diagnostic) string {
	e := d.Extra.(*messages.Error)
	fr := e.What(messages.French) + " ; " + e.Remedy(messages.French)
	switch {
	case e.Message == messages.Syntax:
		return "no message says in our words: " + e.What(messages.English)
	case english.MatchString(fr):
		return "not all of it is French: " + fr
	}
	return ""
}
