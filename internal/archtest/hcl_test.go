package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// elsewhere are what the library says that needs no words of ours, each with its
// reason.
var elsewhere = map[string]string{
	"Unknown variable":                  "LAV-1022, with what was meant",
	"Call to unknown function":          "LAV-1023, with what was meant",
	"Invalid path step":                 "a mistake in a program, not in a file",
	"Failed to open file":               "files are read by lavoir itself",
	"Failed to close file":              "files are read by lavoir itself",
	"Failed to read file":               "files are read by lavoir itself",
	"Configuration file not found":      "files are read by lavoir itself",
	"Failed to read configuration file": "files are read by lavoir itself",
}

// TestEveryDiagnosticOfHCLHasOurWords reads the sources of the HCL library that
// is linked: each diagnostic it can make has a message of the catalogue, so that
// a new version of it does not speak English in the middle of a French sentence.
func TestEveryDiagnosticOfHCLHasOurWords(t *testing.T) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/hcl/v2")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("the sources of HCL are not here: %v", err)
	}
	found := 0
	for _, pkg := range []string{".", "hclsyntax", "json"} {
		files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(pkg, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for place, text := range diagnosticsIn(t, file) {
				summary, _, _ := strings.Cut(text, ": ")
				if _, ok := elsewhere[summary]; ok {
					continue
				}
				if found++; messages.Library(text, "upper") == nil {
					t.Errorf("%s: nothing says in our words: %s", place, text)
				}
			}
		}
	}
	if found < 150 {
		t.Errorf("only %d diagnostics were found", found)
	}
}

// verb is a verb of a format, replaced by what it may write.
var verb = regexp.MustCompile(`%[a-z0-9+#]*[a-zA-Z]`)

// diagnosticsIn are summary and detail of the hcl.Diagnostic literals of a file,
// by place. What is computed is filled in by an example.
func diagnosticsIn(t *testing.T, file string) map[string]string {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	constants := map[string]ast.Expr{}
	for _, d := range syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, s := range g.Specs {
				for i, v := range s.(*ast.ValueSpec).Values {
					constants[s.(*ast.ValueSpec).Names[i].Name] = v
				}
			}
		}
	}
	for _, d := range syntax.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		known := assignments(f, constants)
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			text := map[string]string{}
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok && (key.Name == "Summary" || key.Name == "Detail") {
						text[key.Name] = example(t, fset, kv.Value, known)
					}
				}
			}
			if text["Summary"] != "" {
				place := filepath.Base(file) + ":" + strconv.Itoa(fset.Position(lit.Pos()).Line)
				found[place] = text["Summary"] + ": " + strings.TrimSuffix(text["Detail"], ".")
			}
			return true
		})
	}
	return found
}

// assignments are the last values given to variables of a function, and constants.
func assignments(f *ast.FuncDecl, constants map[string]ast.Expr) map[string]ast.Expr {
	known := map[string]ast.Expr{}
	for name, v := range constants {
		known[name] = v
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) && known[id.Name] == nil {
					known[id.Name] = n.Rhs[i]
				}
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				known[n.Names[i].Name] = v
			}
		}
		return true
	})
	return known
}

func example(t *testing.T, fset *token.FileSet, e ast.Expr, known map[string]ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.Ident:
		if v := known[e.Name]; v != nil {
			return example(t, fset, v, map[string]ast.Expr{})
		}
	case *ast.BinaryExpr:
		return example(t, fset, e.X, known) + example(t, fset, e.Y, known)
	case *ast.CallExpr:
		var b bytes.Buffer
		if err := printer.Fprint(&b, fset, e.Fun); err != nil {
			t.Fatal(err)
		}
		if b.String() == "fmt.Sprintf" {
			format := strings.ReplaceAll(example(t, fset, e.Args[0], known), "expects%s", "expects at least")
			return verb.ReplaceAllStringFunc(format, func(v string) string {
				if strings.HasSuffix(v, "q") {
					return `"nom"`
				}
				return "12"
			})
		}
	}
	t.Errorf("%s: a text that this test does not understand", fset.Position(e.Pos()))
	return ""
}
