package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const twoFields = "fields = { a = \"a\", b = \"b.c\" }\n"

func TestJSONReads(t *testing.T) {
	rows := func(rows ...string) treeResult { return treeResult{Rows: rows} }
	typed := "columns = { a = decimal(38, 2) }\n" + twoFields
	testTree(t, "json", []treeCase{
		{"the document is the array", twoFields, "[\n{\"a\": \"1\", \"b\": {\"c\": \"x\"}},\n{\"b\": null, \"z\": [1, {\"a\": 3}]}]\n", rows("2: 1|x", `3: \N|\N`)},
		{"the document is the record", twoFields, `{"a": 1}`, rows(`1: 1|\N`)},
		{"no records", twoFields, " [ ] ", treeResult{}},
		{"a record is null", "record = \"r\"\n" + twoFields, `{"r": null}`, treeResult{}},
		{"a path", "record = \"r.s\"\n" + twoFields, `{"x": {"s": [{"a": 9}]}, "r": {"s": [{"a": 1}, {"a": 2}], "t": [{"a": 3}]}}`, rows(`1: 1|\N`, `1: 2|\N`)},
		{"a path to one object", "record = \"r.s\"\n" + twoFields, `{"r": {"s": {"a": 1}}}`, rows(`1: 1|\N`)},
		{"a path with brackets", "record = \"r.s[]\"\n" + twoFields, `{"r": {"s": [{"a": 1}]}}`, rows(`1: 1|\N`)},
		{"a path through arrays", "record = \"r[].s\"\nfields = { a = \"a\", n = \"$.r[].n\", d = \"$.d\" }",
			`{"d": 7, "r": [{"n": "N", "s": [{"a": 1}, {"a": 2}]}, {"s": [{"a": 3}]}, {"n": true, "s": []}, {"n": true, "s": [{}]}]}`,
			rows("1: 1|N|7", "1: 2|N|7", `1: 3|\N|7`, `1: \N|true|7`)},
		{"a value that comes too late", "record = \"r\"\nfields = { a = \"a\", d = \"$.d\" }", "{\"r\": [{\"a\": 1}],\n\"d\": 7}",
			treeResult{Rows: []string{`1: 1|\N`}, Err: "LAV-4207"}},
		{"a null that comes late", "record = \"r\"\nfields = { a = \"a\", d = \"$.d\" }", `{"r": [{"a": 1}], "d": null}`, rows(`1: 1|\N`)},
		{"a value around that is none", "record = \"r\"\nfields = { a = \"a\", d = \"$.d\" }", `{"d": [1], "r": [{"a": 1}]}`, treeResult{Err: "LAV-4248"}},
		{"columns instead of fields", "columns = { a = int64, \"b.c\" = text }", `[{"a": 1, "b.c": "x"}]`, rows("1: 1|x")},
		{"a key in quotes", "fields = { a = \"'a.b'\", b = \"'it''s'.c[0]\" }", `[{"a.b": 1, "it's": {"c": ["x"]}}]`, rows("1: 1|x")},
		{"an index", "fields = { a = \"a[1].x\", b = \"a[0][1]\" }", `[{"a": [[1, 2], {"x": 3}, 4]}, {"a": []}, {"a": [null, null]}]`, rows("1: 3|2", `1: \N|\N`, `1: \N|\N`)},
		{"exploded", "fields = { id = \"id\", a = \"t[].x.id\", b = \"t[].y\" }", `[{"t": [{"x": {"id": 1}, "y": 2}, {"y": 3}, null, {"x": {"id": 4}}], "id": "A"}, {"id": "B"}, {"id": "C", "t": []}, {"id": "D", "t": null}]`,
			rows("1: A|1|2", `1: A|\N|3`, `1: A|\N|\N`, `1: A|4|\N`, `1: B|\N|\N`, `1: C|\N|\N`, `1: D|\N|\N`)},
		{"exploded scalars", "fields = { a = \"t[]\" }", `[{"t": ["x", 1, null]}]`, rows("1: x", "1: 1", `1: \N`)},
		{"exploded, not an array", "fields = { a = \"t[].x\" }", `[{"t": {"x": 1}}, {"t": [[{"x": 1}]]}, {"t": ["x"]}, {"t": [{"x": 1}]}]`,
			treeResult{Rows: []string{"1: 1"}, Rejects: []string{"1 LAV-4244 a", "1 LAV-4244 a", "1 LAV-4244 a"}}},
		{"lists", "fields = { a = \"a\" }\ncolumns = { a = list(text) }", `[{"a": ["x", "\u00e9\"", null]}, {"a": []}, {"a": null}, {}, {"a": [1]}, {"a": "x"}, {"a": {}}]`,
			treeResult{Rows: []string{`1: ["x","é\"",null]`, "1: []", `1: \N`, `1: \N`}, Rejects: []string{"1 LAV-4244 a", "1 LAV-4244 a", "1 LAV-4244 a"}}},
		{"not on the path", "fields = { a = \"a\", b = \"b.c\" }", `[{"a": {}}, {"a": [1]}, {"b": "x"}, {"b": []}, {"b": 1}, {"a": "fine"}]`,
			treeResult{Rows: []string{`1: fine|\N`}, Rejects: []string{"1 LAV-4244 a", "1 LAV-4244 a", "1 LAV-4244 b", "1 LAV-4244 b", "1 LAV-4244 b"}}},
		{"numbers are exact", typed, `[{"a": 1234567890123456.75}, {"a": 1.0e3}, {"a": -0.5}, {"a": 1e-3}, {"a": "12.5"}, {"a": "1e3"}]`,
			treeResult{Rows: []string{`1: 1234567890123456.75|\N`, `1: 1000|\N`, `1: -0.5|\N`, `1: 12.5|\N`},
				Rejects: []string{"1 LAV-2503 a", "1 LAV-2502 a"}}},
		{"numbers where text is declared", "fields = { a = \"a\" }\ncolumns = { a = text }", `[{"a": 00012345}]`, treeResult{Err: "LAV-4240"}},
		{"numbers as text", "fields = { a = \"a\" }\ncolumns = { a = text }", `[{"a": 12345678901234567890}, {"a": 1.50}]`, rows("1: 12345678901234567890", "1: 1.50")},
		{"true, false and null", "fields = { a = \"a\", b = \"b\" }\ncolumns = { a = bool }", `[{"a": true, "b": false}, {"a": false, "b": null}, {"a": "oui"}, {"a": 1}]`,
			rows("1: true|false", `1: false|\N`, `1: true|\N`, `1: true|\N`)},
		{"escapes", twoFields, `[{"a": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00", "\u0062": {"c": "x"}}]`, rows("1: \"\\/\b\f\n\r\t\u00e9\U0001F600|x")},
		{"half a character", twoFields, `[{"a": "\ud83d"}, {"a": "\ude00x"}, {"a": "\ud83dx\u0041"}, {"z": "\ud83d\ud83d"}, {"a": "\u0000"}, {"a": 1}]`,
			treeResult{Rows: []string{`1: 1|\N`}, Rejects: []string{"1 LAV-4246", "1 LAV-4246", "1 LAV-4246", "1 LAV-4246", "1 LAV-4246"}}},
		{"bytes that are none", twoFields, "[{\"a\": \"\xe9\"}, {\"a\": 1}]", treeResult{Rows: []string{`1: 1|\N`}, Rejects: []string{"1 LAV-4205"}}},
		{"keys twice", twoFields, `[{"a": 1, "a": 1}, {"z": {"x": 1, "\u0078": 2}}, {"a": 1, "b": {"c": 2, "d": 3, "e": 4, "d": 5}}, {"b": {"a": 1}, "a": 2}]`,
			treeResult{Rows: []string{`1: 2|\N`}, Rejects: []string{"1 LAV-4242", "1 LAV-4242", "1 LAV-4242"}}},
		{"records that are none", twoFields, `[1, "x", [], null, {"a": 1}]`,
			treeResult{Rows: []string{`1: 1|\N`}, Rejects: []string{"1 LAV-4243", "1 LAV-4243", "1 LAV-4243", "1 LAV-4243"}}},
		{"brackets in texts", twoFields, `[{"a": "}]\\", "z": "\"}"}, {"a": "[{"}]`, rows(`1: }]\|\N`, `1: [{|\N`)},
		{"numbers that are none", twoFields, `[{"a": NaN}, {"z": [-Infinity, Infinity]}, {"a": 1}]`, treeResult{Rows: []string{`1: 1|\N`}, Rejects: []string{"1 LAV-4249", "1 LAV-4249"}}},
		{"a mark", twoFields, "\ufeff[{\"a\": 1}]", rows(`1: 1|\N`)},
	})
}

func TestJSONLinesReads(t *testing.T) {
	rows := func(rows ...string) treeResult { return treeResult{Rows: rows} }
	testTree(t, "jsonl", []treeCase{
		{"plain", twoFields, "{\"a\": 1}\r\n\n  \n{\"b\": {\"c\": 2}}\n{\"a\": 3}", rows(`1: 1|\N`, `4: \N|2`, `5: 3|\N`)},
		{"nothing", twoFields, "", treeResult{}},
		{"columns", "columns = { a = int64, b = text }", "{\"a\": 1, \"b\": \"x\"}\n", rows("1: 1|x")},
		{"lines that are none", twoFields, "{\"a\": 1}\n{\"a\": NaN}\n{\"a\": 2\n}\n{\"a\": 01}\n{\"a\": 1} x\n[]\n{\"a\": \"x\ty\"}\n{\"a\": \"\\x\"}\n{\"a\": tru",
			treeResult{Rows: []string{`1: 1|\N`}, Rejects: []string{"2 LAV-4249", "3 LAV-4241", "4 LAV-4241", "5 LAV-4241", "6 LAV-4241", "7 LAV-4243", "8 LAV-4241", "9 LAV-4241", "10 LAV-4241"}}},
		{"exploded", "fields = { a = \"a\", x = \"t[].x\" }", "{\"a\": 1, \"t\": [{\"x\": 2}, {\"x\": 3}]}\n", rows("1: 1|2", "1: 1|3")},
	})
	mem := memory.NewGoAllocator()
	got := readTree(t, treeFrom(t, mem, "jsonl", twoFields, 0), "{\"a\": 1}\n{\"a\": \""+strings.Repeat("x", treeRecordBound)+"\"}\n")
	if got.Err != messages.TreeRecordTooLong.Code || len(got.Rows) != 1 {
		t.Errorf("a long line: %s, %v", got.Err, got.Why)
	}
}

func TestJSONRefuses(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for data, want := range map[string]*messages.Message{
		"":                             messages.TreeEndsEarly,
		" ":                            messages.TreeEndsEarly,
		"[":                            messages.TreeEndsEarly,
		`[{"a": 1}`:                    messages.TreeEndsEarly,
		`[{"a": 1},`:                   messages.TreeEndsEarly,
		`[{"a": "x`:                    messages.TreeEndsEarly,
		`[{"a": 1}] x`:                 messages.JSONMalformed,
		`[{"a": 1}]]`:                  messages.JSONMalformed,
		`[{"a": 1} {"a": 2}]`:          messages.JSONMalformed,
		`[{"a": 1},]`:                  messages.JSONMalformed,
		`[,{"a": 1}]`:                  messages.JSONMalformed,
		`[{"a": 1,}]`:                  messages.JSONMalformed,
		`[{"a" 1}]`:                    messages.JSONMalformed,
		`[{a: 1}]`:                     messages.JSONMalformed,
		`[{'a': 1}]`:                   messages.JSONMalformed,
		`[{"a": [1}]]`:                 messages.JSONMalformed,
		`[{"a": +1}]`:                  messages.JSONMalformed,
		`[{"a": .5}]`:                  messages.JSONMalformed,
		`[{"a": 1.}]`:                  messages.JSONMalformed,
		`[{"a": 1e}]`:                  messages.JSONMalformed,
		`[{"a": -}]`:                   messages.JSONMalformed,
		`[{"a": 0x1}]`:                 messages.JSONMalformed,
		`[{"a": tRue}]`:                messages.JSONMalformed,
		"[{\"a\": \"x\ny\"}]":          messages.JSONMalformed,
		`[{"a": "\u12g4"}]`:            messages.JSONMalformed,
		"[{\"a\": 1}\x00]":             messages.JSONMalformed,
		"{\"r\": 1}// x":               messages.JSONMalformed,
		strings.Repeat("[", 1_000_000): messages.JSONMalformed,
		`[{"a": ` + strings.Repeat("[", 1_000_000):                messages.JSONMalformed,
		`[{"a": ` + strings.Repeat(`{"a":`, 1_000_000):            messages.JSONMalformed,
		"\xff\xfe[\x00]\x00":                                      messages.JSONMark,
		"[\x00]\x00":                                              messages.JSONMark,
		`[{"a": "` + strings.Repeat("x", treeRecordBound) + `"}]`: messages.TreeRecordTooLong,
	} {
		sizes := []int{0, 16}
		if len(data) > 1<<19 {
			sizes = sizes[:1]
		}
		for _, size := range sizes {
			got := readTree(t, treeFrom(t, mem, "json", twoFields, size), data)
			if got.Err != want.Code || len(got.Rows) > 1 || len(got.Rejects) > 0 {
				t.Errorf("%.60q in chunks of %d: %s, %v, rows %v, %v; wanted %s", data, size, got.Err, got.Why, got.Rows, got.Rejects, want.Code)
			}
		}
	}
	for data, want := range map[string]*messages.Message{
		`{"x": [{"a": 1}]}`:            messages.JSONNoRecords,
		`[]`:                           messages.JSONNoRecords,
		`{"r": [], "r": [{"a": 1}]}`:   messages.JSONMalformed,
		`{"r": [], "\u0072": []}`:      messages.JSONMalformed,
		`{"x": "\ud83d", "r": []}`:     messages.JSONMalformed,
		"{\"x\": \"\xe9\", \"r\": []}": messages.JSONMalformed,
		`{"x": {"y": [1, 2}}`:          messages.JSONMalformed,
		`{"x": NaN, "r": []}`:          messages.JSONMalformed,
		`{"x": tru`:                    messages.TreeEndsEarly,
		`{"r": [], "x": 1`:             messages.TreeEndsEarly,
	} {
		for _, size := range []int{0, 1} {
			got := readTree(t, treeFrom(t, mem, "json", "record = \"r\"\n"+twoFields, size), data)
			if got.Err != want.Code || len(got.Rows) > 0 {
				t.Errorf("%.60q in chunks of %d: %s, %v; wanted %s", data, size, got.Err, got.Why, want.Code)
			}
		}
	}
}

// Objects of many keys are still judged for keys that come twice.
func TestJSONManyKeys(t *testing.T) {
	mem := memory.NewGoAllocator()
	for _, n := range []int{10, 47, 48, 49, 200, 100_000} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"cle-%d": %d, `, i, i)
		}
		for _, last := range []string{`"a": 1`, `"cle-7": 1`, fmt.Sprintf(`"cle-%d": 1`, n-1)} {
			got := readTree(t, treeFrom(t, mem, "json", twoFields, 0), "[{"+b.String()+last+"}]")
			if twice := last != `"a": 1`; len(got.Rejects) == 1 != twice || len(got.Rows) == 1 == twice {
				t.Errorf("%d keys, then %s: %v", n, last, got)
			}
		}
	}
}

func TestJSONErrorsTellTheLine(t *testing.T) {
	mem := memory.NewGoAllocator()
	for data, want := range map[string]string{
		"[\n{\"a\":\nx}]": "3", "[\n{},\n\nx": "4", "[\n{},\n": "3",
	} {
		got := readTree(t, treeFrom(t, mem, "json", twoFields, 8), data)
		if line := messages.Find(got.Why).Param("line"); line != want {
			t.Errorf("%q: line %s, wanted %s: %v", data, line, want, got.Why)
		}
	}
}

func TestJSONOptionsAreChecked(t *testing.T) {
	testRefused(t, "json", map[string]*messages.Message{
		"":                                               messages.TreeOption,
		"fields = { a = \"\" }":                          messages.TreePath,
		"fields = { a = \"a..b\" }":                      messages.TreePath,
		"fields = { a = \".a\" }":                        messages.TreePath,
		"fields = { a = \"a.\" }":                        messages.TreePath,
		"fields = { a = \"a[\" }":                        messages.TreePath,
		"fields = { a = \"a[x]\" }":                      messages.TreePath,
		"fields = { a = \"a[0]b\" }":                     messages.TreePath,
		"fields = { a = \"'a\" }":                        messages.TreePath,
		"fields = { a = \"a'b'\" }":                      messages.TreePath,
		"fields = { a = \"[0]\" }":                       messages.TreePath,
		"fields = { a = \"a[].b[].c\" }":                 messages.TreePath,
		"fields = { a = \"a[].b\", c = \"d[].e\" }":      messages.TreePath,
		"fields = { a = \"a[].b\", c = \"a[0].e\" }":     messages.TreePath,
		"record = \"a[0]\"\nfields = { a = \"a\" }":      messages.TreePath,
		"record = \"r\"\nfields = { a = \"$.r\" }":       messages.TreePath,
		"record = \"r\"\nfields = { a = \"$.r[].a\" }":   messages.TreePath,
		"record = \"r.s\"\nfields = { a = \"$.x[].a\" }": messages.TreePath,
		"record = \"r\"\nfields = { a = \"$.a\" }\ncolumns = { a = list(text) }": messages.TreePath,
		"fields = { a = \"a\" }\ncolumns = { b = int64 }":                        messages.TreeNoColumn,
	})
	testRefused(t, "jsonl", map[string]*messages.Message{
		"":                         messages.TreeOption,
		"fields = { a = \"$.b\" }": messages.TreePath,
		"record = \"a\"":           messages.UnknownArgument,
	})
}
