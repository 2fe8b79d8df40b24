package pipelines

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// everyField has a field of every type a config may have.
type everyField struct {
	Text       string            `hcl:"text" doc:"A text." values:"a|b"`
	Flag       bool              `hcl:"flag,optional" doc:"A flag."`
	Count      int               `hcl:"count,optional" doc:"A count."`
	Large      int64             `hcl:"large,optional" doc:"A large count."`
	Part       float64           `hcl:"part,optional" doc:"A part."`
	Size       Size              `hcl:"size,optional" doc:"A size."`
	Wait       time.Duration     `hcl:"wait,optional" doc:"A duration."`
	Texts      []string          `hcl:"texts,optional" doc:"Texts." values:"x|y"`
	Counts     []int64           `hcl:"counts,optional" doc:"Counts."`
	Table      map[string]string `hcl:"table,optional" doc:"A table."`
	Ordered    []NamedText       `hcl:"ordered,optional" doc:"A table whose order counts."`
	Constant   cty.Value         `hcl:"constant,optional" doc:"A constant."`
	Secret     Secret            `hcl:"secret,optional" doc:"A secret."`
	Connection Connection        `hcl:"connection,optional" doc:"A connection."`
	Source     SourceRef         `hcl:"source,optional" doc:"A source."`
	Sources    []SourceRef       `hcl:"sources,optional" doc:"Sources."`
	When       Expression        `hcl:"when,optional" doc:"A condition."`
	Named      []NamedExpression `hcl:"named,optional" doc:"Named expressions."`
	Type       ColumnType        `hcl:"type,optional" doc:"A type."`
	Columns    []ColumnDecl      `hcl:"columns,optional" doc:"Columns."`
	Inner      *innerBlock       `hcl:"inner,block" doc:"An inner block."`
	Rules      []ruleBlock       `hcl:"rule,block" doc:"Rules."`
	Formats    []Built           `hcl:"file,block" kind:"format" doc:"Files."`
	ignored    int               //nolint:unused // a field without a tag is no argument
}

type innerBlock struct {
	Depth int `hcl:"depth,optional" doc:"Depth."`
}

func (b *innerBlock) Defaults() { b.Depth = 7 }

type ruleBlock struct {
	Name string `hcl:"name,label" doc:"Name."`
	Keep bool   `hcl:"keep" doc:"Keep."`
}

func (c *everyField) Validate() error {
	if c.Count < 0 {
		return At("count", messages.BadValue.With("name", "count", "why", "below zero", "fix", "count up"))
	}
	if c.Inner != nil && c.Inner.Depth > 9 {
		return At("inner", errors.New("too deep"))
	}
	if c.Large == 13 {
		return errors.New("unlucky")
	}
	return nil
}

type gatherAll struct {
	Columns []NamedExpression `hcl:",rest" doc:"Any name."`
	First   bool              `hcl:"first,optional" doc:"A flag."`
}

type oneBlock struct {
	Format Built `hcl:"format,block" kind:"format" doc:"The format."`
}

func configRegistry(t *testing.T) *Registry {
	t.Helper()
	r, err := NewRegistry([]Component{
		Define("transform", "every", "Every field.", everyField{Flag: true, Wait: time.Minute, Texts: []string{"x"}}, nothing[everyField]),
		Define("transform", "gather", "Any name.", gatherAll{}, nothing[gatherAll]),
		Define("transform", "one", "One block.", oneBlock{}, nothing[oneBlock]),
		Define(KindFormat, "csv", "CSV.", innerBlock{Depth: 3}, nothing[innerBlock]),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func nothing[C any](Env, C) (any, error) { return nil, nil }

func configContext() *hcl.EvalContext {
	conn := &Connection{Built: Built{Component: Component{Name: "local"}, Label: "depot"}}
	src := &SourceRef{Built{Component: Component{Name: "file"}, Label: "tiers"}}
	return &hcl.EvalContext{Functions: map[string]function.Function{"upper": stdlib.UpperFunc}, Variables: map[string]cty.Value{
		"mot":    cty.CapsuleVal(SecretValue, &Secret{Ref: "secret.mot"}),
		"depot":  cty.CapsuleVal(ConnectionValue, conn),
		"tiers":  cty.CapsuleVal(SourceValue, src),
		"villes": cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("b")}),
		"vague":  cty.UnknownVal(cty.String),
	}}
}

func decodeConfig(t *testing.T, name, text string) (any, hcl.Diagnostics) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(text), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := configRegistry(t)
	c, ok := r.Find("transform", name)
	if !ok {
		t.Fatal(name)
	}
	return c.Decode(r, f.Body, configContext())
}

func TestDecodeEveryField(t *testing.T) {
	v, diags := decodeConfig(t, "every", `
text       = "a"
flag       = false
count      = "12"
large      = 9007199254740993
part       = 0.25
size       = "64MiB"
wait       = "90d"
texts      = ["y", "x"]
counts     = [1, 2]
table      = { "a" = "b", c = 1 }
constant   = { n = 1, s = ["x"] }
secret     = mot
connection = depot
source     = tiers
sources    = [tiers, tiers]
when       = row.a > 1
named      = { un = row.a, "deux mots" = 2 }
type       = decimal(12, 2)
columns    = { id = int64, "nom complet" = text, le = date("DD/MM/YYYY") }
inner {}
rule "a" { keep = true }
rule "b" { keep = false }
file "csv" { depth = 4 }
file "csv" {}
`)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c := v.(everyField)
	got := fmt.Sprintln(c.Text, c.Flag, c.Count, c.Large, c.Part, c.Size, c.Wait, c.Texts, c.Counts, c.Table, c.Secret, c.Connection,
		c.Source.Label, len(c.Sources), c.When.IsSet(), TypeName(c.Type.Type), c.Inner.Depth)
	want := "a false 12 9007199254740993 0.25 64MiB 2160h0m0s [y x] [1 2] map[a:b c:1] (secret.mot) connection.local.depot tiers 2 true decimal(12, 2) 7\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var names []string
	for _, n := range c.Named {
		names = append(names, n.Name)
	}
	for _, n := range c.Columns {
		names = append(names, n.Name+" "+TypeName(n.Type)+" "+n.Format)
	}
	for _, n := range c.Rules {
		names = append(names, fmt.Sprint(n))
	}
	for _, n := range c.Formats {
		names = append(names, fmt.Sprint(n.Label, n.Config))
	}
	wantNames := []string{"un", "deux mots", "id int64 ", "nom complet text ", "le date DD/MM/YYYY", "{a true}", "{b false}", "csv{4}", "csv{3}"}
	if d := cmp.Diff(wantNames, names); d != "" {
		t.Error(d)
	}
	if !c.Constant.GetAttr("n").RawEquals(cty.NumberIntVal(1)) {
		t.Errorf("%#v", c.Constant)
	}
}

func TestDecodeKeepsDefaults(t *testing.T) {
	v, diags := decodeConfig(t, "every", `
text  = "b"
count = null
`)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c := v.(everyField)
	if !c.Flag || c.Wait != time.Minute || len(c.Texts) != 1 || c.Inner != nil || c.Secret.IsSet() || c.When.IsSet() {
		t.Errorf("%+v", c)
	}
}

func TestDecodeMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"every", ``, "1,1 LAV-1003 text"},
		{"every", `text = null`, "1,8 LAV-1004"},
		{"every", `text = "c"`, "1,8 LAV-1004 none of them"},
		{"every", "text = \"a\"\ntexts = [\"x\", \"z\"]", "2,9 LAV-1004 none of them"},
		{"every", "text = \"a\"\nflg = true", "2,1 LAV-1002 did you mean flag?"},
		{"every", "text = \"a\"\nTEXTS = []", "2,1 LAV-1002 did you mean texts?"},
		{"every", "text = \"a\"\ncount = \"x\"", "2,9 LAV-1004 a number"},
		{"every", "text = \"a\"\ncount = 1.5", "2,9 LAV-1004"},
		{"every", "text = \"a\"\ncount = [1]", "2,9 LAV-1004"},
		{"every", "text = \"a\"\nsize = \"12 lots\"", "2,8 LAV-1004 a size"},
		{"every", "text = \"a\"\nsize = -1", "2,8 LAV-1004 a size"},
		{"every", "text = \"a\"\nwait = \"soon\"", "2,8 LAV-1004 a duration"},
		{"every", "text = \"a\"\nwait = \"-5s\"", "2,8 LAV-1004 a duration"},
		{"every", "text = \"a\"\nsecret = \"clear\"", "2,10 LAV-1010"},
		{"every", "text = \"a\"\nconnection = mot", "2,14 LAV-1011"},
		{"every", "text = \"a\"\nsource = depot", "2,10 LAV-1012"},
		{"every", "text = \"a\"\nsources = [depot]", "2,11 LAV-1012"},
		{"every", "text = \"a\"\nsources = \"x\"", "2,11 LAV-1012"},
		{"every", "text = mot", "1,8 LAV-1013"},
		{"every", "text = \"x${mot}\"", "1,12 LAV-1013"},
		{"every", "text = \"a\"\ntexts = [mot]", "2,9 LAV-1013"},
		{"every", "text = \"a\"\ntable = { a = mot }", "2,9 LAV-1013"},
		{"every", "text = \"a\"\nconstant = { a = [mot] }", "2,12 LAV-1013"},
		{"every", "text = depot", "1,8 LAV-1004 connection"},
		{"every", "text = vague", "1,8 LAV-1004 known"},
		{"every", "text = vile", "1,8 LAV-1022 did you mean villes?"},
		{"every", "text = villes.b", "1,14 LAV-1024 b"},
		{"every", "text = villes[\"z\"]", "1,14 LAV-1024 z"},
		{"every", "text = uper(\"a\")", "1,8 LAV-1023 did you mean upper?"},
		{"every", "text = \"a\"\ntype = entier", "2,8 LAV-1001"},
		{"every", "text = \"a\"\ncolumns = { a = int64, a = text }", "2,24 LAV-2002"},
		{"every", "text = \"a\"\ncolumns = { a = decimal(2, 3) }", "2,17 LAV-1001"},
		{"every", "text = \"a\"\ninner {}\ninner {}", "3,1 LAV-1007"},
		{"every", "text = \"a\"\nrules \"x\" {}", "2,1 LAV-1005 did you mean rule?"},
		{"every", "text = \"a\"\nrule \"x\" {}", "2,10 LAV-1003 keep"},
		{"every", "text = \"a\"\nrule {\n keep = true\n}", "2,6 LAV-1812"},
		{"every", "text = \"a\"\nfile \"cvs\" {}", "2,6 LAV-1008 did you mean csv?"},
		{"every", "text = \"a\"\nfile \"csv\" { dept = 1 }", "2,14 LAV-1002 did you mean depth?"},
		{"every", "text = \"a\"\ncount = -1", "2,1 LAV-1009 below zero"},
		{"every", "text = \"a\"\ninner { depth = 10 }", "2,1 LAV-1000 too deep"},
		{"every", "text = \"a\"\nlarge = 13", "1,1 LAV-1000 unlucky"},
		{"one", ``, "1,1 LAV-1006 format"},
		{"gather", "x {}", "1,1 LAV-1005"},
	} {
		_, diags := decodeConfig(t, c.name, c.text)
		if len(diags) != 1 {
			t.Errorf("%s: %d diagnostics: %v", c.text, len(diags), diags.Errs())
			continue
		}
		m, ok := diags[0].Extra.(*messages.Error)
		if !ok {
			t.Errorf("%s: no code", c.text)
			continue
		}
		at := diags[0].Subject.Start
		got := fmt.Sprintf("%d,%d %s %s; %s", at.Line, at.Column, m.Code, m.What(messages.English), m.Remedy(messages.English))
		where, part, _ := strings.Cut(c.want, " ")
		code, text, _ := strings.Cut(part, " ")
		if !strings.HasPrefix(got, where+" "+code+" ") || !strings.Contains(got, text) {
			t.Errorf("%s\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

func TestDecodeAllMistakesAtOnce(t *testing.T) {
	_, diags := decodeConfig(t, "every", "count = \"x\"\nflg = 1\nrule \"r\" {}\nfile \"nope\" {}\nsize = \"?\"\n")
	var codes []string
	for _, d := range diags {
		codes = append(codes, d.Extra.(*messages.Error).Code)
	}
	if len(codes) != 6 {
		t.Errorf("%v", codes)
	}
}

func TestDecodeRest(t *testing.T) {
	v, diags := decodeConfig(t, "gather", "b = row.b\nfirst = true\na = 1\n")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c := v.(gatherAll)
	if len(c.Columns) != 2 || c.Columns[0].Name != "b" || c.Columns[1].Name != "a" || !c.First {
		t.Errorf("%+v", c)
	}
}

// TestRenewAgreesWithDecode: reading some arguments again gives what reading all does.
func TestRenewAgreesWithDecode(t *testing.T) {
	r := configRegistry(t)
	under := func(key string) *hcl.EvalContext {
		ctx := configContext().NewChild()
		ctx.Variables = map[string]cty.Value{"key": cty.StringVal(key)}
		return ctx
	}
	for name, text := range map[string]string{
		"every":  "text = key\ntexts = [\"x\"]\nwhen = row.a == key\nrule \"x\" { keep = true }\n",
		"gather": "first = true\nx = row.a == key\ny = row.b\n",
	} {
		f, diags := hclsyntax.ParseConfig([]byte(text), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		body := f.Body.(*hclsyntax.Body)
		c, _ := r.Find("transform", name)
		first, diags := c.Decode(r, body, under("a"))
		want, ds := c.Decode(r, body, under("b"))
		got, more := c.Renew(r, first, body, map[string]bool{"text": true, "when": true, "x": true}, under("b"))
		if diags = append(append(diags, ds...), more...); diags.HasErrors() {
			t.Fatal(diags)
		}
		if g, w := shown(t, got), shown(t, want); g != w {
			t.Errorf("%s: %s, want %s", name, g, w)
		}
		if g, w := shown(t, first), shown(t, want); g == w {
			t.Errorf("%s: the first config was changed", name)
		}
		if name == "every" {
			_, diags := c.Renew(r, first, body, map[string]bool{"text": true}, under("z"))
			if !diags.HasErrors() {
				t.Error("a mistake in what is read again is not reported")
			}
		}
	}
}

// shown is a config with what its expressions give for a row whose a is "b".
func shown(t *testing.T, cfg any) string {
	t.Helper()
	value := func(e Expression) string {
		ctx := e.Values.NewChild()
		ctx.Variables = map[string]cty.Value{"row": cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("b"), "b": cty.True})}
		v, diags := e.Value(ctx)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return v.GoString()
	}
	switch c := cfg.(type) {
	case everyField:
		return fmt.Sprint(c.Text, c.Texts, c.Rules, value(c.When))
	case gatherAll:
		s := fmt.Sprint(c.First)
		for _, n := range c.Columns {
			s += " " + n.Name + value(n.Expression)
		}
		return s
	}
	t.Fatalf("%T", cfg)
	return ""
}

// Texts under names keep the order they are written in; computed ones have none.
func TestNamedTextsKeepTheirOrder(t *testing.T) {
	for text, want := range map[string]string{
		`ordered = { z = "1", a = upper("b"), "m n" = 3 }`: "z=1 a=B m n=3",
		`ordered = villes`:                  "a=b",
		`ordered = {}`:                      "",
		`ordered = { a = "1", a = "2" }`:    "LAV-2",
		`ordered = { a = mot }`:             "LAV-1",
		`ordered = { a = null, b = vague }`: "LAV-1",
		`ordered = "a"`:                     "LAV-1",
		`ordered = { a = nothing }`:         "LAV-1",
	} {
		v, diags := decodeConfig(t, "every", "text = \"a\"\n"+text)
		got := ""
		if diags.HasErrors() {
			got = messages.Find(diags[0].Extra.(error)).Code[:5]
		} else {
			for _, n := range v.(everyField).Ordered {
				got = strings.TrimSpace(got + " " + n.Name + "=" + n.Text)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q: %v", text, got, want, diags)
		}
	}
}

func TestFieldsDescribe(t *testing.T) {
	c, _ := configRegistry(t).Find("transform", "every")
	by := map[string]Field{}
	for _, f := range c.Fields() {
		if f.Doc == "" {
			t.Errorf("%s has no doc", f.Name)
		}
		by[f.Name] = f
	}
	for name, want := range map[string]Field{
		"text": {Type: "text", Required: true, Values: []string{"a", "b"}}, "flag": {Type: "bool", Default: "true"},
		"wait": {Type: "duration", Default: `"1m"`}, "texts": {Type: "list of text", Default: `["x"]`, Values: []string{"x", "y"}},
		"table": {Type: "object of text"}, "ordered": {Type: "object of text"}, "when": {Type: "expression over row"}, "columns": {Type: "object of types"},
		"file": {Block: true, Repeated: true, Labels: []string{"format"}, Nested: KindFormat},
	} {
		got := by[name]
		want.Name, want.Doc, got.Fields = name, got.Doc, nil
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestSizesAndDurations(t *testing.T) {
	for _, s := range []string{"0B", "1B", "64MiB", "95MB", "1TiB", "1001B", "3GB"} {
		n, err := ParseSize(s)
		if err != nil {
			t.Fatal(s, err)
		}
		if again, err := ParseSize(n.String()); err != nil || again != n {
			t.Errorf("%s is %d, written %s", s, n, n)
		}
	}
	for _, s := range []string{"", "MiB", "-1", "1.5GiB", "1 lot", "99999999999TiB"} {
		if n, err := ParseSize(s); err == nil {
			t.Errorf("%q is %d", s, n)
		}
	}
	for s, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "0s": 0} {
		if d, err := ParseDuration(s); err != nil || d != want {
			t.Errorf("%s is %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "d", "-1d", "1.5d", "-5s", "9999999d"} {
		if d, err := ParseDuration(s); err == nil {
			t.Errorf("%q is %v", s, d)
		}
	}
}
