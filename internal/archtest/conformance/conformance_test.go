package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// TestConnectorsConform holds every connector to what holds for any component.
// The catalogue of transforms has its test beside it; connectors have theirs
// here, because the packages of connectors do not know each other.
func TestConnectorsConform(t *testing.T) {
	var dirs []fs.FS
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "connectors", "*", "examples"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no examples: %v", err)
	}
	for _, name := range names {
		dirs = append(dirs, os.DirFS(name))
	}
	reg, err := pipelines.NewRegistry(connectors.All)
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.Catalogue(t, reg, dirs...)
}

// suites are the entry points of the suite, by the kind of component they hold.
var suites = map[pipelines.Kind][]string{
	pipelines.KindSource: {"Source", "Chunks"},
	pipelines.KindFormat: {"Format", "Chunks"},
	pipelines.KindLoad:   {"Sink"},
}

// TestNoConnectorIsForgotten wants a test for every source, format and load,
// beside its code, that calls the suite: Test<Name>Conforms, or
// TestLoad<Name>Conforms for a load.
func TestNoConnectorIsForgotten(t *testing.T) {
	calls := conformanceTests(t)
	for _, c := range connectors.All {
		entries, held := suites[c.Kind]
		if !held {
			continue
		}
		name := c.Name
		if c.Kind == pipelines.KindLoad {
			name = "load" + name
		}
		name = strings.ToLower("Test" + strings.ReplaceAll(name, "_", "") + "Conforms")
		called := false
		for _, entry := range entries {
			called = called || calls[name][entry]
		}
		if !called {
			t.Errorf("no test %s (in any case) of connectors/* calls pipelinetest.%s", name, strings.Join(entries, " or pipelinetest."))
		}
	}
}

// conformanceTests are what each test of the connectors calls of the suite, by
// the test's name in lower case.
func conformanceTests(t *testing.T) map[string]map[string]bool {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "connectors", "*", "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	calls := map[string]map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Test") {
				continue
			}
			called := map[string]bool{}
			ast.Inspect(fn, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "pipelinetest" {
						called[sel.Sel.Name] = true
					}
				}
				return true
			})
			calls[strings.ToLower(fn.Name.Name)] = called
		}
	}
	return calls
}
