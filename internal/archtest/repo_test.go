package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/lavoir-data/lavoir"

// root is the folder of go.mod, from this package's.
var root = filepath.Join("..", "..")

// source is one Go file of the module.
type source struct {
	path   string // slash-separated, from the root
	syntax *ast.File
	fset   *token.FileSet
}

func (s source) dir() string { return path.Dir(s.path) }

// test says whether the file is a test, or of a package that only tests import.
func (s source) test() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.dir(), "test")
}
func (s source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return s.path + ":" + strconv.Itoa(p.Line)
}

// imports are the paths the file imports, ours without the module's.
func (s source) imports() (paths []string) {
	for _, i := range s.syntax.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

// name is the name under which the file imports the package, "" if it does not.
func (s source) name(importPath string) string {
	for _, i := range s.syntax.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == importPath {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(p)
		}
	}
	return ""
}

var readSources = sync.OnceValues(func() ([]source, error) {
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		all = append(all, source{filepath.ToSlash(rel), f, fset})
		return err
	})
	return all, err
})

// sources are the Go files of the module and of the examples beside it.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d Go files were found", len(all))
	}
	return all
}

// packages groups the files that are no tests by folder.
func packages(t *testing.T) map[string][]source {
	pkgs := map[string][]source{}
	for _, s := range sources(t) {
		if !s.test() {
			pkgs[s.dir()] = append(pkgs[s.dir()], s)
		}
	}
	return pkgs
}

// tracked are the files under version control. Without git (an archive of the
// sources) the test that asks is skipped.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git does not list the files here: %v", err)
	}
	var files []string
	for _, f := range bytes.Split(bytes.TrimRight(out, "\x00"), []byte{0}) {
		if _, err := os.Stat(filepath.Join(root, string(f))); err == nil {
			files = append(files, string(f))
		}
	}
	return files
}

func sortedKeys[V any](m map[string]V) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

func under(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }
