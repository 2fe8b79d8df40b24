package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Example is one example of a component: a txtar archive. It is its
// documentation, its golden test and the seed of its conformance test.
type Example struct {
	Name  string // of the archive, without .txtar
	Doc   string // the prose before the first file
	Files map[string]string
}

// Examples are the examples of c in fsys, by name: <component>.txtar and
// <component>_<case>.txtar. Where one component's name begins with another's,
// an archive belongs to the longer.
func Examples(reg *pipelines.Registry, c pipelines.Component, fsys fs.FS) ([]Example, error) {
	names, err := fs.Glob(fsys, "*.txtar")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var out []Example
	for _, name := range names {
		stem := strings.TrimSuffix(path.Base(name), ".txtar")
		if owner(reg, c.Kind, stem) != c.Name {
			continue
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		a := txtar.Parse(data)
		e := Example{Name: stem, Doc: strings.TrimSpace(string(a.Comment)), Files: map[string]string{}}
		for _, f := range a.Files {
			e.Files[f.Name] = string(f.Data)
		}
		out = append(out, e)
	}
	return out, nil
}

func owner(reg *pipelines.Registry, k pipelines.Kind, stem string) string {
	best := ""
	for _, c := range reg.All(k) {
		if (stem == c.Name || strings.HasPrefix(stem, c.Name+"_")) && len(c.Name) > len(best) {
			best = c.Name
		}
	}
	return best
}

const pipelineFile = "pipeline.hcl"

// blocks are the top-level blocks of the example's pipeline.hcl, in its order.
func (e Example) blocks() ([]*hclsyntax.Block, error) {
	text, ok := e.Files[pipelineFile]
	if !ok {
		return nil, fmt.Errorf("the archive has no %s", pipelineFile)
	}
	return parseBlocks(text)
}

func parseBlocks(text string) ([]*hclsyntax.Block, error) {
	f, diags := hclsyntax.ParseConfig([]byte(text), pipelineFile, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	return f.Body.(*hclsyntax.Body).Blocks, nil
}

// find gives the blocks that stand for c, however deep.
func find(bs []*hclsyntax.Block, c pipelines.Component) (found []*hclsyntax.Block) {
	for _, b := range bs {
		if stands(b, c) {
			found = append(found, b)
		}
		found = append(found, find(b.Body.Blocks, c)...)
	}
	return found
}

func stands(b *hclsyntax.Block, c pipelines.Component) bool {
	kind := b.Type == string(c.Kind) || c.Kind == pipelines.KindFormat && b.Type == "file"
	return kind && len(b.Labels) > 0 && b.Labels[0] == c.Name
}

// scope gives values to what the example's expressions name besides row:
// source.<type>.<name> is the table in <name>.csv, secret.<name> a secret,
// dir the folder where the example's files are.
type scope struct {
	tables map[string]Table
	dir    string
	more   map[string]cty.Value
}

func (e Example) scope() (scope, error) {
	s := scope{tables: map[string]Table{}}
	for name, text := range e.Files {
		stem, isCSV := strings.CutSuffix(name, ".csv")
		if !isCSV || stem == "in" || stem == "want" {
			continue
		}
		t, err := ParseTable(text)
		if err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
		s.tables[stem] = t
	}
	return s, nil
}

// context has exactly what body names.
func (s scope) context(body *hclsyntax.Body) *hcl.EvalContext {
	tree := map[string]any{"dir": cty.StringVal(s.dir)}
	for _, tr := range references(body) {
		names := steps(tr)
		switch {
		case names[0] == "source" && len(names) == 3:
			ref := pipelines.SourceRef{Built: s.source(names[2])}
			put(tree, names, cty.CapsuleVal(pipelines.SourceValue, &ref))
		case names[0] == "secret" && len(names) >= 2:
			ref := pipelines.Secret{Ref: strings.Join(names, ".")}
			put(tree, names, cty.CapsuleVal(pipelines.SecretValue, &ref))
		}
	}
	vars := map[string]cty.Value{}
	for name, v := range tree {
		vars[name] = value(v)
	}
	for name, v := range s.more {
		vars[name] = v
	}
	return &hcl.EvalContext{Variables: vars}
}

func (s scope) source(name string) pipelines.Built {
	c := pipelines.DefineSource("table", "A table of the example.", struct{}{},
		func(env pipelines.Env, _ struct{}) (pipelines.Source, error) {
			t, ok := s.tables[name]
			if !ok {
				return nil, fmt.Errorf("the archive has no %s.csv", name)
			}
			return &tableSource{name, t, env}, nil
		})
	return pipelines.Built{Component: c, Label: name, Config: struct{}{}}
}

func references(body *hclsyntax.Body) (found []hcl.Traversal) {
	_ = hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics {
		if v, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			found = append(found, v.Traversal)
		}
		return nil
	})
	return found
}

// steps are the names a traversal goes through.
func steps(tr hcl.Traversal) (names []string) {
	for _, step := range tr {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, step.Name)
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				names = append(names, step.Key.AsString())
			}
		}
	}
	return names
}

func put(tree map[string]any, names []string, v cty.Value) {
	for _, name := range names[:len(names)-1] {
		next, ok := tree[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			tree[name] = next
		}
		tree = next
	}
	tree[names[len(names)-1]] = v
}

func value(v any) cty.Value {
	tree, ok := v.(map[string]any)
	if !ok {
		return v.(cty.Value)
	}
	vals := map[string]cty.Value{}
	for name, sub := range tree {
		vals[name] = value(sub)
	}
	return cty.ObjectVal(vals)
}

// tableSource is a source over a table of the example.
type tableSource struct {
	name  string
	table Table
	env   pipelines.Env
}

func (s *tableSource) Open(context.Context) (pipelines.Stream, error) {
	bs := every(3)(s.env.Allocator, s.table)
	return Batches(s.table.Schema, bs...), nil
}

func (s *tableSource) Declared() (schema *arrow.Schema, complete bool) { return s.table.Schema, true }

func (s *tableSource) Rereadable() bool { return true }

// codes are the message codes that an example wants, in want.err.
func (e Example) codes() []string {
	var codes []string
	for _, word := range strings.Fields(firstLine(e.Files["want.err"])) {
		if strings.HasPrefix(word, "LAV-") {
			codes = append(codes, strings.Trim(word, ",:;"))
		}
	}
	return codes
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

var errNoWant = errors.New("the archive has neither want.csv nor want.err")
