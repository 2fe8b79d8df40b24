package hclfile

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// roots are the blocks whose names can be referred to, and by which word.
var roots = []struct{ block, root string }{
	{"variable", "var"}, {"tenants", "tenants"}, {"secret", "secret"}, {"connection", "connection"}, {"limits", "limits"},
	{"contract", "contract"}, {"schema", "schema"}, {"steps", "steps"}, {"privacy", "privacy"}, {"pipeline", "pipeline"},
}

// declareNames notes every name that can be referred to, and reports names that
// are taken twice or that no reference could be written to.
func (l *loader) declareNames() {
	for _, r := range roots {
		first := map[string]hcl.Range{}
		for _, b := range l.blocks[r.block] {
			l.declare(r.root, b.Type+" ", b.Labels, b.LabelRanges, first)
		}
	}
	first := map[string]hcl.Range{}
	for _, b := range l.blocks["locals"] {
		l.shape("locals", b.Body, []pipelines.Field{{Rest: true}}, nil)
		for _, a := range sorted(b.Body.Attributes) {
			l.declare("local", "local ", []string{a.Name}, []hcl.Range{a.NameRange}, first)
		}
	}
}

func (l *loader) declare(root, what string, labels []string, at []hcl.Range, first map[string]hcl.Range) {
	last := len(labels) - 1
	if !hclsyntax.ValidIdentifier(labels[last]) {
		l.say(messages.BadName.With("name", what+`"`+labels[last]+`"`), at[last])
	}
	name := strings.Join(labels, ".")
	if was, twice := first[name]; twice {
		l.say(messages.DuplicateBlock.With("name", what+name, "where", was.String()), at[last])
		return
	}
	first[name] = at[last]
	l.names[root] = append(l.names[root], name)
}

// scope is what a place in a pipeline file may refer to besides what is shared.
type scope struct {
	each      bool
	partition string // the name of the partition block; "" is none
	sources   []string
	more      []string // further roots: row, tenant
}

// anywhere is the scope of blocks that pipelines share: what they refer to is
// known only where they are used.
var anywhere = scope{each: true, partition: "*", sources: nil, more: []string{"row", "source"}}

// check reports references in a body that name nothing, and says whether there
// were none. Each is reported where it stands, before anything is evaluated.
func (l *loader) check(body *hclsyntax.Body, s scope) bool {
	ok := true
	for _, a := range sorted(body.Attributes) {
		ok = l.checkExpr(a.Expr, s) && ok
	}
	for _, b := range body.Blocks {
		ok = l.check(b.Body, s) && ok
	}
	return ok
}

func (l *loader) checkExpr(e hclsyntax.Expression, s scope) bool {
	ok := true
	for _, t := range hclsyntax.Variables(e) {
		ok = l.checkTraversal(t, s) && ok
	}
	return ok
}

func (l *loader) checkTraversal(t hcl.Traversal, s scope) bool {
	root := t.RootName()
	if contains(s.more, root) {
		return true
	}
	missing := func(name string, known []string) bool {
		l.say(messages.UnknownName.With("name", name, "hint", pipelines.Hint(name, known)), t.SourceRange())
		return false
	}
	names, shared := l.names[root]
	depth := 1
	switch {
	case root == "each" && s.each:
		names, shared = []string{"each.key", "each.value"}, true
	case root == "partition" && s.partition == "*":
		return true
	case root == "partition" && s.partition != "":
		names, shared = []string{"partition.key", "partition." + s.partition}, true
	case root == "source" && s.sources != nil:
		names, shared, depth = s.sources, true, 2
	case root == "connection":
		depth = 2
	}
	if root == "pipeline" {
		shared = false
	}
	if !shared {
		if len(t) < 2 { // perhaps a type, or an error that evaluation explains better
			return true
		}
		if how := declared[root]; how != "" { // none is declared yet
			name, _ := stepName(t[1])
			l.say(messages.UnknownName.With("name", root+"."+name, "hint", "declare it: "+how), t.SourceRange())
			return false
		}
		return missing(root, l.inScope(s))
	}
	var path []string
	for _, step := range t[1:] {
		name, ok := stepName(step)
		if !ok || len(path) == depth {
			break
		}
		path = append(path, name)
	}
	if len(path) < depth {
		return true // all of them, or an index that is computed
	}
	got := strings.Join(path, ".")
	full := got
	if root == "each" || root == "partition" {
		full = root + "." + got
	}
	if contains(names, full) {
		return true
	}
	known := make([]string, len(names))
	for i, n := range names {
		known[i] = n
		if root != "each" && root != "partition" {
			known[i] = root + "." + n
		}
	}
	return missing(root+"."+got, known)
}

// declared is how the things that are named by a root are declared.
var declared = map[string]string{
	"var": `variable "<name>" { … }`, "local": "locals { <name> = … }", "secret": `secret "<name>" { … }`,
	"connection": `connection "<type>" "<name>" { … }`, "limits": `limits "<name>" { … }`, "tenants": `tenants "<name>" { … }`,
	"contract": `contract "<name>" { … }`, "schema": `schema "<name>" { … }`, "steps": `steps "<name>" { … }`, "privacy": `privacy "<name>" { … }`,
}

func stepName(s hcl.Traverser) (string, bool) {
	switch s := s.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func (l *loader) inScope(s scope) []string {
	names := append([]string(nil), s.more...)
	for r := range l.names {
		if r != "pipeline" {
			names = append(names, r)
		}
	}
	if s.each {
		names = append(names, "each")
	}
	if s.partition != "" {
		names = append(names, "partition")
	}
	if s.sources != nil {
		names = append(names, "source")
	}
	return names
}
