// Docgen writes docs/reference from what the code says of itself: the
// catalogues, their examples, the functions and the messages. With -check it
// writes nothing and fails when a page is stale.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/transforms"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail when a page is stale")
	out := flag.String("out", filepath.Join("docs", "reference"), "folder of the pages")
	flag.Parse()
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(out string, check bool) error {
	reg, err := pipelines.NewRegistry(connectors.All, transforms.All)
	if err != nil {
		return err
	}
	pages, err := pages(reg)
	if err != nil {
		return err
	}
	stale, err := differences(out, pages)
	if err != nil {
		return err
	}
	if check {
		if len(stale) > 0 {
			return fmt.Errorf("run make gen: these pages are not what the code says: %s", strings.Join(stale, ", "))
		}
		return nil
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for name, text := range pages {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// differences are the names of pages that are missing, too many or different.
func differences(dir string, pages map[string][]byte) ([]string, error) {
	var stale []string
	have := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		have[name] = true
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if want, ok := pages[name]; !ok || !bytes.Equal(got, want) {
			stale = append(stale, name)
		}
		return nil
	})
	for name := range pages {
		if !have[name] {
			stale = append(stale, name)
		}
	}
	sort.Strings(stale)
	return stale, err
}

const head = "<!-- Made by make gen from the code. Do not edit. -->\n\n"

func pages(reg *pipelines.Registry) (map[string][]byte, error) {
	ps := map[string][]byte{
		"functions.md":       functionsPage(),
		"messages.md":        messagesPage(),
		"language.md":        languagePage(reg),
		"lavoir.schema.json": hclfile.JSONSchema(reg),
	}
	var index bytes.Buffer
	index.WriteString(head + "# Reference\n\n- [The language: blocks and their arguments](language.md)\n" +
		"- [Functions of expressions](functions.md)\n- [Messages](messages.md)\n- [JSON Schema](lavoir.schema.json) of `.hcl.json` files\n")
	last := pipelines.Kind("")
	for _, c := range reg.All("") {
		if c.Kind != last {
			fmt.Fprintf(&index, "\n## %s\n\n", title(c.Kind))
			last = c.Kind
		}
		name := string(c.Kind) + "/" + c.Name + ".md"
		fmt.Fprintf(&index, "- [`%s`](%s): %s\n", c.Name, name, c.Doc)
		page, err := componentPage(c)
		if err != nil {
			return nil, err
		}
		ps[name] = page
	}
	ps["README.md"] = index.Bytes()
	return ps, nil
}

func title(k pipelines.Kind) string {
	return strings.ToUpper(string(k[:1])) + string(k[1:]) + "s"
}

func componentPage(c pipelines.Component) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s# %s `%s`\n\n%s\n", head, c.Kind, c.Name, c.Doc)
	fields(&b, "## Arguments\n\n", c.Fields())
	found, err := examples(c)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		fmt.Fprintf(&b, "\n## Example%s\n\n%s\n", e.title, strings.TrimSpace(e.prose))
		for _, f := range e.files {
			fmt.Fprintf(&b, "\n`%s`\n\n```%s\n%s\n```\n", f.Name, fence(f.Name), strings.TrimRight(string(f.Data), "\n"))
		}
	}
	return b.Bytes(), nil
}

func fields(b *bytes.Buffer, heading string, fs []pipelines.Field) {
	if len(fs) == 0 {
		return
	}
	b.WriteString("\n" + heading + "| name | type | default | what it is |\n|---|---|---|---|\n")
	var blocks []pipelines.Field
	for _, f := range fs {
		kind := f.Type
		if f.Block {
			kind = "block"
			if f.Repeated {
				kind = "blocks"
			}
			if len(f.Fields) > 0 {
				blocks = append(blocks, f)
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, kind, defaultText(f), docText(f))
	}
	for _, f := range blocks {
		labels := ""
		for _, l := range f.Labels {
			labels += ` "<` + l + `>"`
		}
		fields(b, "### `"+f.Name+labels+"`\n\n", f.Fields)
	}
}

func cellText(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

type example struct {
	title, prose string
	files        []txtar.File
}

// examples are the files <name>.txtar and <name>_<case>.txtar of the component;
// a name shared by kinds is told apart by the folder or the prefix <kind>_.
func examples(c pipelines.Component) ([]example, error) {
	root := "transforms"
	if c.Kind != pipelines.KindTransform && c.Kind != pipelines.KindPrivacy {
		root = "connectors"
	}
	paths, err := filepath.Glob(filepath.Join(root, "*", "examples", "*.txtar"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var out []example
	for _, p := range paths {
		base := strings.TrimSuffix(filepath.Base(p), ".txtar")
		if base != c.Name && !strings.HasPrefix(base, c.Name+"_") && base != string(c.Kind)+"_"+c.Name && !strings.HasPrefix(base, string(c.Kind)+"_"+c.Name+"_") {
			continue
		}
		if !folderOf(c.Kind, filepath.ToSlash(p)) {
			continue
		}
		a, err := txtar.ParseFile(p)
		if err != nil {
			return nil, err
		}
		e := example{prose: string(a.Comment), files: a.Files}
		if i := strings.Index(base, c.Name); i+len(c.Name) < len(base) {
			e.title = ": " + strings.ReplaceAll(base[i+len(c.Name)+1:], "_", " ")
		}
		out = append(out, e)
	}
	return out, nil
}

// folderOf says whether an example in that path can be of that kind.
func folderOf(k pipelines.Kind, path string) bool {
	switch k {
	case pipelines.KindFormat:
		return strings.Contains(path, "/format/")
	case pipelines.KindConnection:
		return strings.Contains(path, "/store/") || strings.Contains(path, "/sql/")
	case pipelines.KindLoad:
		return strings.Contains(path, "/file/")
	case pipelines.KindSource:
		return strings.Contains(path, "/file/") || strings.Contains(path, "/sql/")
	}
	return true
}

func fence(name string) string {
	switch filepath.Ext(name) {
	case ".hcl":
		return "hcl"
	case ".csv":
		return "csv"
	case ".sql":
		return "sql"
	}
	return "text"
}
