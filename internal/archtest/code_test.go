package archtest

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// places where something forbidden is allowed, each with its reason.
type places map[string]string

func (p places) allow(s source) bool {
	for place := range p {
		if s.path == place || under(s.dir(), place) {
			return true
		}
	}
	return false
}

var (
	goroutines = places{
		"pipelines/flow.go":    "the runner",
		"pipelines/ordered.go": "the runner: ordered parallel work",
		"pipelines/pool.go":    "the runner: the pool over tasks",
		"pipelines/sealing.go": "the runner: batches to a sink that reads",
		"pipelines/cli":        "signals and progress",
		"cmd":                  "signals",
	}
	clocks = places{
		"pipelines/cli":   "where Env.Now is made",
		"cmd":             "where Env.Now is made",
		"internal/docgen": "a tool, no part of the binary",
	}
	printing = places{
		"pipelines/cli":    "only the command prints and exits",
		"cmd":              "only the command prints and exits",
		"internal/docgen":  "a tool, no part of the binary",
		"internal/doctest": "a tool, no part of the binary",
	}
)

// tool says whether a file is of a program that is in no binary.
func tool(s source) bool {
	for _, folder := range tools {
		if under(s.dir(), folder) {
			return true
		}
	}
	return false
}

func TestOnlyTheEngineStartsGoroutines(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || tool(s) || goroutines.allow(s) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine; the runner alone owns them (design, the way of the data, 1)", s.at(g))
			}
			return true
		})
	}
}

// calls reports calls of the named functions of a package.
func calls(s source, importPath string, names ...string) (found []ast.Node) {
	pkg := s.name(importPath)
	if pkg == "" {
		return nil
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
			for _, name := range names {
				if sel.Sel.Name == name {
					found = append(found, sel)
				}
			}
		}
		return true
	})
	return found
}

func TestNoClockOutsideEnv(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || tool(s) || clocks.allow(s) {
			continue
		}
		for _, n := range calls(s, "time", "Now", "Since", "Until") {
			t.Errorf("%s reads the clock; Env.Now is the only one, so that a run can be repeated", s.at(n))
		}
	}
}

func TestOnlyTheCommandPrintsAndExits(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || tool(s) || printing.allow(s) {
			continue
		}
		found := calls(s, "fmt", "Print", "Printf", "Println")
		found = append(found, calls(s, "os", "Exit", "Stdout", "Stderr")...)
		for _, n := range found {
			t.Errorf("%s prints or exits; only pipelines/cli and cmd do, so that a library stays silent", s.at(n))
		}
	}
}

func TestNoEnvironmentOutsideTheCommand(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || tool(s) || printing.allow(s) || under(s.dir(), "pipelines/hclfile") {
			continue // hclfile reads LAVOIR_VAR_* and the secrets that say env
		}
		for _, n := range calls(s, "os", "Getenv", "LookupEnv", "Environ") {
			t.Errorf("%s reads an environment variable; a component knows its configuration and Env", s.at(n))
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init; a component is a value, and what a binary holds is read in its catalogue", s.at(f))
			}
		}
	}
}

// TestNoGlobalState finds assignments to package-level variables.
func TestNoGlobalState(t *testing.T) {
	for dir, files := range packages(t) {
		globals := map[string]bool{}
		for _, s := range files {
			for _, d := range s.syntax.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.VAR {
					continue
				}
				for _, spec := range g.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						globals[name.Name] = name.Name != "_"
					}
				}
			}
		}
		for _, s := range files {
			for _, d := range s.syntax.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
					assigned(t, s, dir, f, globals)
				}
			}
		}
	}
}

func assigned(t *testing.T, s source, dir string, f *ast.FuncDecl, globals map[string]bool) {
	local := locals(f)
	check := func(e ast.Expr) {
		for {
			if i, ok := e.(*ast.IndexExpr); ok {
				e = i.X
				continue
			}
			break
		}
		if id, ok := e.(*ast.Ident); ok && globals[id.Name] && !local[id.Name] {
			t.Errorf("%s changes the package variable %s.%s; there is no global state", s.at(e), dir, id.Name)
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					check(e)
				}
			}
		case *ast.IncDecStmt:
			check(n.X)
		}
		return true
	})
}

// locals are the names declared anywhere in f: parameters, results, variables.
func locals(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					if id, ok := e.(*ast.Ident); ok {
						names[id.Name] = true
					}
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names[id.Name] = true
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

func TestPackagesAreDocumented(t *testing.T) {
	pkgs := packages(t)
	for _, dir := range sortedKeys(pkgs) {
		doc := ""
		for _, s := range pkgs[dir] {
			if s.syntax.Doc != nil {
				doc += s.syntax.Doc.Text()
			}
		}
		want := "Package " + pkgs[dir][0].syntax.Name.Name + " "
		if pkgs[dir][0].syntax.Name.Name == "main" {
			want = ""
		}
		if doc == "" || !strings.Contains(doc, want) {
			t.Errorf("package %s has no comment that says what it is for", dir)
		}
	}
}

// TestContractIsDocumented wants a comment on everything exported by the
// packages that others build on.
func TestContractIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		switch s.dir() {
		case "pipelines", "pipelines/pipelinetest", "pipelines/expr", "connectors/format", "connectors/store":
		default:
			continue
		}
		if s.test() {
			continue
		}
		for _, d := range s.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !familiar[d.Name.Name] {
					t.Errorf("%s: %s is exported and has no comment", s.at(d), d.Name.Name)
				}
			case *ast.GenDecl:
				undocumented(t, s, d)
			}
		}
	}
}

// familiar methods say what they do by being what they are.
var familiar = map[string]bool{
	"String": true, "GoString": true, "Error": true, "Unwrap": true, "Format": true, "MarshalText": true,
	"Len": true, "Less": true, "Swap": true, "Schema": true, "Close": true, "Bind": true, "Run": true, "Kernel": true,
	"Lineage": true, "Open": true, "Defaults": true, "Validate": true,
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func undocumented(t *testing.T, s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
				t.Errorf("%s: type %s is exported and has no comment", s.at(spec), spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil && !typed(d) {
					t.Errorf("%s: %s is exported and has no comment", s.at(spec), name.Name)
				}
			}
		}
	}
}

// typed says whether d lists the values of a type, whose comment stands for all.
func typed(d *ast.GenDecl) bool {
	first, ok := d.Specs[0].(*ast.ValueSpec)
	return ok && d.Tok == token.CONST && first.Type != nil
}
