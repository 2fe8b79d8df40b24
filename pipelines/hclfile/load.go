package hclfile

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Options is what a project may know of the world besides its files.
type Options struct {
	Vars     map[string]string // of -var
	VarFiles []string          // of -var-file, the later ones winning
	Environ  []string          // NAME=value; LAVOIR_VAR_<name> sets a variable, secrets read the others
	Now      func() time.Time  // for overrides that expire; nil: none does
	Extra    map[string][]byte // native files read besides those of the folder, or instead of the one of that name
}

// Project is a project that was read.
type Project struct {
	pipelines.Project
	files       map[string]*hcl.File
	pipes       []*pipeline
	connections []pipelines.Connection
	secretRefs  []string
	exceptions  []Exception
	moves       []Move
}

// Files are the files that were read, by the name diagnostics give them.
func (p *Project) Files() map[string]*hcl.File { return p.files }

// Exceptions are the overrides of tenants, in the order of their files.
func (p *Project) Exceptions() []Exception { return p.exceptions }

// Moves are the moved blocks, in the order of their files.
func (p *Project) Moves() []Move { return p.moves }

// Connections are all connections, one for each key of their for_each, used or not.
func (p *Project) Connections() []pipelines.Connection { return p.connections }

// SecretRefs are the references of all secrets, for Secrets.Reveal.
func (p *Project) SecretRefs() []string { return p.secretRefs }

// PipelineNames are the pipelines in the order of the files.
func (p *Project) PipelineNames() []string {
	names := make([]string, len(p.pipes))
	for i, q := range p.pipes {
		names[i] = q.name
	}
	return names
}

// Load reads the project in dir, which may also be one file. The project is
// never nil; with errors among the diagnostics, Tasks gives only what they do
// not concern.
func Load(dir string, reg *pipelines.Registry, opt Options) (*Project, hcl.Diagnostics) {
	base, sources, diags := read(dir)
	sources = slices.DeleteFunc(sources, func(s source) bool { return opt.Extra[s.name] != nil })
	for _, name := range slices.Sorted(maps.Keys(opt.Extra)) {
		sources = append(sources, source{name, opt.Extra[name]})
	}
	return load(base, sources, reg, opt, diags)
}

// source is the text of a file.
type source struct {
	name string
	text []byte
}

func pipelineFile(name string) bool {
	return strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")
}

// read gives the project's folder and its files in the order of their names.
func read(path string) (string, []source, hcl.Diagnostics) {
	at := hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos}
	fail := func(err error) hcl.Diagnostics {
		return hcl.Diagnostics{pipelines.Diagnose(messages.FileUnreadable.With("file", path, "why", pipelines.Unreadable(err)), at)}
	}
	info, err := os.Stat(path)
	if err != nil {
		return path, nil, fail(err)
	}
	base, names := path, []string{}
	if !info.IsDir() {
		if !pipelineFile(path) { // what does not parse is quoted: that must not be a row
			return path, nil, hcl.Diagnostics{pipelines.Diagnose(messages.NotAPipelineFile.With("file", path), at)}
		}
		base, names = filepath.Dir(path), []string{filepath.Base(path)}
	} else {
		entries, err := os.ReadDir(path)
		if err != nil {
			return path, nil, fail(err)
		}
		for _, e := range entries {
			n := e.Name()
			if !e.IsDir() && n[0] != '.' && pipelineFile(n) {
				names = append(names, n)
			}
		}
	}
	sort.Strings(names)
	var sources []source
	var diags hcl.Diagnostics
	for _, n := range names {
		path = filepath.ToSlash(filepath.Join(base, n))
		text, err := os.ReadFile(path)
		if err != nil {
			diags = append(diags, fail(err)...)
			continue
		}
		sources = append(sources, source{path, text})
	}
	if len(names) == 0 {
		diags = append(diags, pipelines.Diagnose(messages.NoPipelineFile.With("dir", path), at))
	}
	return base, sources, diags
}

// loader is a project in the making.
type loader struct {
	collector
	dir    string
	reg    *pipelines.Registry
	opt    Options
	fields []pipelines.Field
	root   *hcl.EvalContext
	// blocks are the top-level blocks by type, in the order of the files.
	blocks    map[string][]*hclsyntax.Block
	vars      map[string]cty.Value
	shared    map[string]*shared // locals and tenants by address
	limits    map[string]*limitGroup
	contracts map[string]*contract
	chains    map[string]*chain
	policies  map[string]*policy
	secrets   *keyring
	names     map[string][]string // what there is, by the root it is referred to with
	broken    bool                // a value that others rest on is missing
	project   *Project
}

func load(dir string, sources []source, reg *pipelines.Registry, opt Options, diags hcl.Diagnostics) (*Project, hcl.Diagnostics) {
	l := &loader{dir: dir, reg: reg, opt: opt, fields: Blocks(reg), blocks: map[string][]*hclsyntax.Block{},
		vars: map[string]cty.Value{}, shared: map[string]*shared{}, limits: map[string]*limitGroup{},
		contracts: map[string]*contract{}, chains: map[string]*chain{}, policies: map[string]*policy{},
		names: map[string][]string{}, project: &Project{files: map[string]*hcl.File{}}}
	l.root = &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: functions()}
	l.secrets = newKeyring(dir, opt.Environ)
	l.add(diags...)
	read := true
	for _, s := range sources {
		body := l.parse(s)
		if body == nil {
			read = false
			continue
		}
		l.collect(body)
	}
	p := l.project
	p.Secrets, p.Root = l.secrets, dir
	if !read || len(sources) == 0 {
		// What is in a file that does not parse would be missed all over the others.
		p.Tasks = func(pipelines.Selection, func(pipelines.Task) bool) hcl.Diagnostics { return nil }
		return p, byPlace(l.diags)
	}
	l.declareNames()
	l.variables()
	l.schemaBlocks()
	l.sharedValues()
	l.limitGroups()
	l.contractBlocks()
	l.secretBlocks()
	l.connectionBlocks()
	l.chainBlocks()
	l.policyBlocks()
	l.projectBlock()
	l.pipelineBlocks()
	l.unusedPolicies()
	l.movedBlocks()
	e := &evaluator{project: p, reg: reg, root: l.root, limits: l.limits, quiet: l.broken}
	p.Tasks, p.Formerly = e.tasks, p.formerly
	return p, byPlace(l.diags)
}

// parse reads one file into native syntax; nil when nothing of it can be used.
func (l *loader) parse(s source) *hclsyntax.Body {
	text := bytes.TrimPrefix(s.text, byteOrderMark)
	if strings.HasSuffix(s.name, ".json") {
		f, diags := json.Parse(text, s.name)
		l.add(pipelines.Coded(diags[:min(len(diags), 1)])...) // the others follow from the first
		if f == nil || f.Body == nil {
			return nil
		}
		l.project.files[s.name] = f
		if diags.HasErrors() {
			return nil
		}
		body, diags := l.native(f.Body, l.fields)
		l.add(pipelines.Coded(diags)...)
		return body
	}
	f, diags := hclsyntax.ParseConfig(text, s.name, hcl.InitialPos)
	l.add(pipelines.Coded(first(diags))...)
	if f == nil {
		return nil
	}
	l.project.files[s.name] = f
	body, ok := f.Body.(*hclsyntax.Body)
	if !ok || diags.HasErrors() {
		return nil
	}
	return body
}

// first leaves out what only follows from an earlier mistake: after a quote that
// is not closed every line seems to be wrong, and of one line the first mistake
// explains the others.
func first(diags hcl.Diagnostics) hcl.Diagnostics {
	var kept hcl.Diagnostics
	for _, d := range diags {
		if n := len(kept); n > 0 && d.Subject != nil && kept[n-1].Subject != nil && d.Subject.Start.Line == kept[n-1].Subject.Start.Line {
			continue
		}
		kept = append(kept, d)
		if d.Summary == "Invalid multi-line string" || d.Summary == "Unterminated template string" {
			break
		}
	}
	return kept
}

// collect sorts the top-level blocks of a file by type.
func (l *loader) collect(body *hclsyntax.Body) {
	l.shape("a pipeline file", body, l.fields, comingTop)
	for _, b := range body.Blocks {
		if f, ok := find(l.fields, b.Type); ok && len(b.Labels) == len(f.Labels) {
			l.blocks[b.Type] = append(l.blocks[b.Type], b)
		}
	}
}

// byPlace puts diagnostics in the order of the files, those of one place in the
// order they were found.
func byPlace(diags hcl.Diagnostics) hcl.Diagnostics {
	sort.SliceStable(diags, func(i, j int) bool {
		a, b := diags[i].Subject, diags[j].Subject
		if a.Filename != b.Filename {
			return a.Filename < b.Filename
		}
		return a.Start.Byte < b.Start.Byte
	})
	return diags
}

// path is a path of the project's, relative to its folder.
func (l *loader) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.dir, filepath.FromSlash(p))
}
