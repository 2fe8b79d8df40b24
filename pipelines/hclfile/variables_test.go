package hclfile

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const variableFiles = `
variable "texte" {
  type    = text
  default = "défaut"
}
variable "nombre" {
  type    = number
  default = 1
}
variable "ouvert" {
  type    = bool
  default = false
}
variable "liste" {
  type    = list(text)
  default = []
}
variable "table" {
  type    = map(number)
  default = {}
}
connection "local" "d" { path = "d" }
pipeline "a" {
  title = format("%s/%v/%v/%s/%v", var.texte, var.nombre, var.ouvert, join("+", var.liste), lookup(var.table, "a", 0))
  source "file" "s" {
    connection = connection.local.d
    path       = "x"
    format "csv" {}
  }
}
`

func title(t *testing.T, p *Project) string {
	t.Helper()
	var s string
	diags := p.Tasks(pipelines.Selection{}, func(task pipelines.Task) bool {
		_, rest, _ := strings.Cut(string(task.Config), `"title":"`)
		s, _, _ = strings.Cut(rest, `"`)
		return true
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return s
}

func TestVariablePrecedence(t *testing.T) {
	dir := folder(t, map[string]string{"a.hcl": variableFiles})
	files := folder(t, map[string]string{
		"one.hcl": "texte = \"un\"\nnombre = 2\n", "two.json": `{"texte": "deux", "liste": ["x", "y"], "table": {"a": 7}}`})
	one, two := filepath.Join(files, "one.hcl"), filepath.Join(files, "two.json")
	environ := []string{"LAVOIR_VAR_texte=env", "LAVOIR_VAR_ouvert=true", "LAVOIR_VAR_liste=[\"e\"]", "LAVOIR_VAR_autre=x", "HOME=/"}
	for _, c := range []struct {
		opt  Options
		want string
	}{
		{Options{}, "d\\u00e9faut/1/false//0"},
		{Options{Environ: environ}, "env/1/true/e/0"},
		{Options{Environ: environ, VarFiles: []string{one}}, "un/2/true/e/0"},
		{Options{Environ: environ, VarFiles: []string{one, two}}, "deux/2/true/x+y/7"},
		{Options{VarFiles: []string{two, one}, Vars: map[string]string{"texte": "12", "nombre": "12", "liste": `["a b"]`, "table": "{a = 1.5}"}}, "12/12/false/a b/1.5"},
	} {
		p, diags := Load(dir, testRegistry(t), c.opt)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		want := strings.ReplaceAll(c.want, "\\u00e9", "é")
		if got := title(t, p); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestVariableMistakes(t *testing.T) {
	dir := folder(t, map[string]string{"a.hcl": variableFiles})
	bad := filepath.Join(folder(t, map[string]string{"x.hcl": "nombre = [\n"}), "x.hcl")
	for _, c := range []struct {
		opt  Options
		want []string
	}{
		{Options{Vars: map[string]string{"nombre": "douze"}}, []string{"LAV-1027"}},
		{Options{Vars: map[string]string{"nombre": "1 +"}}, []string{"LAV-1027"}},
		{Options{Vars: map[string]string{"liste": "[var.texte]"}}, []string{"LAV-1027"}},
		{Options{Vars: map[string]string{"nom": "x"}}, []string{"LAV-1025"}},
		{Options{VarFiles: []string{"/absent/x.hcl"}}, []string{"LAV-1021"}},
		{Options{VarFiles: []string{bad}}, []string{"LAV-1814"}},
		{Options{Environ: []string{"LAVOIR_VAR_ouvert=peut-être"}}, []string{"LAV-1027"}},
	} {
		p, diags := Load(dir, testRegistry(t), c.opt)
		diags = append(diags, p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { return true })...)
		var got []string
		for _, d := range diags {
			got = append(got, d.Extra.(*messages.Error).Code)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v: %s\n%v", c.opt, d, diags)
		}
	}
}

func TestSelection(t *testing.T) {
	for _, c := range []struct {
		sel  pipelines.Selection
		want []string
	}{
		{pipelines.Selection{Pipeline: "reg*"}, []string{"registre"}},
		{pipelines.Selection{Tenant: "0010[13]", Partition: "2024"}, []string{"subventions/00101/2024", "subventions/00103/2024"}},
		{pipelines.Selection{Tenant: "*2", Partition: "202?"}, []string{"subventions/00102/2023", "subventions/00102/2024"}},
		{pipelines.Selection{Pipeline: "absent"}, nil},
	} {
		_, tasks := tasksOf(t, "testdata/whole", c.sel)
		var got []string
		for _, task := range tasks {
			got = append(got, task.ID.String())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v: %s", c.sel, d)
		}
	}
	p, _ := Load("testdata/whole", testRegistry(t), Options{})
	if diags := p.Tasks(pipelines.Selection{Tenant: "[a"}, nil); !diags.HasErrors() {
		t.Error("a bad pattern is accepted")
	}
	n := 0
	p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("yield was called %d times after it wanted no more", n)
	}
}

// TestSelectionDoesNotEvaluate breaks what is not selected: it must not matter.
func TestSelectionDoesNotEvaluate(t *testing.T) {
	p, diags := Load("testdata/fewkeys", testRegistry(t), Options{})
	n := 0
	diags = append(diags, p.Tasks(pipelines.Selection{Tenant: "00101"}, func(pipelines.Task) bool { n++; return true })...)
	if len(diags) > 0 || n != 2 {
		t.Error(n, diags)
	}
}

// TestConfigFollowsMeaning changes the text of a project in ways that do and do
// not change what it computes.
func TestConfigFollowsMeaning(t *testing.T) {
	const base = `
locals { seuil = 12 }
connection "local" "d" {
  path = "d"
  max  = 2
}
pipeline "a" {
  source "file" "s" {
    connection = connection.local.d
    path       = "x"
    format "csv" {}
  }
  transform "filter" "f" {
    when = row.a > local.seuil && row["b"] != null
  }
}`
	config := func(text string) string {
		var c string
		p := project(t, map[string]string{"a.hcl": text})
		p.Tasks(pipelines.Selection{}, func(task pipelines.Task) bool { c = string(task.Config); return true })
		if c == "" {
			t.Fatal("no task")
		}
		return c
	}
	want := config(base)
	for _, c := range []struct {
		old, new string
		same     bool
	}{
		{"local.seuil &&", "(10 + 2)   &&", true},
		{"row[\"b\"]", "row.b", true},
		{"pipeline \"a\"", "# a comment\n\npipeline \"renamed\"", true},
		{"max  = 2", "max = 7", true},
		{"row.a > local.seuil &&", "(row.a > local.seuil) &&", true},
		{"seuil = 12", "seuil = 13", false},
		{"row.a >", "row.a >=", false},
		{"row.a >", "row.c >", false},
		{"path = \"d\"", "path = \"e\"", false},
		{"format \"csv\" {}", "format \"csv\" { delimiter = \";\" }", false},
		{"row.a > local.seuil &&", "row.a < local.seuil ||", false},
		{"\"f\"", "\"g\"", false},
	} {
		text := strings.Replace(base, c.old, c.new, 1)
		if text == base {
			t.Fatal(c.old)
		}
		if same := config(text) == want; same != c.same {
			t.Errorf("%s → %s: same is %v", c.old, c.new, same)
		}
	}
}

// TestCacheAgrees gives each task alone and in the walk over all: what is kept
// from one task to the next must not show.
func TestCacheAgrees(t *testing.T) {
	for _, dir := range []string{"testdata/whole", "testdata/computed", large(t, 5, 2, 3)} {
		_, all := tasksOf(t, dir, pipelines.Selection{})
		for _, want := range all {
			_, got := tasksOf(t, dir, pipelines.Selection{Pipeline: want.ID.Pipeline, Tenant: want.ID.Tenant, Partition: want.ID.Partition})
			if len(got) == 0 {
				t.Fatal(want.ID)
			}
			for _, g := range got {
				if g.ID == want.ID && string(g.Config) != string(want.Config) {
					t.Errorf("%s: %s", g.ID, cmp.Diff(string(g.Config), string(want.Config)))
				}
			}
		}
	}
}

func TestOneFile(t *testing.T) {
	dir := folder(t, map[string]string{"a.hcl": variableFiles, "b.hcl": "nonsense {}"})
	p, diags := Load(filepath.Join(dir, "a.hcl"), testRegistry(t), Options{})
	if diags.HasErrors() || fmt.Sprint(p.PipelineNames()) != "[a]" || len(p.Files()) != 1 {
		t.Error(p.PipelineNames(), diags)
	}
	for _, path := range []string{filepath.Join(dir, "absent"), t.TempDir()} {
		p, diags := Load(path, testRegistry(t), Options{})
		if !diags.HasErrors() || p == nil {
			t.Error(path)
		}
		p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { t.Error("a task"); return false })
	}
}
