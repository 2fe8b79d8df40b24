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
	"github.com/lavoir-data/lavoir/pipelines/messages"
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

// pages are the pages in English, and in French in the folder fr.
func pages(reg *pipelines.Registry) (map[string][]byte, error) {
	all := map[string][]byte{}
	for folder, lang := range map[string]messages.Lang{"": messages.English, "fr/": messages.French} {
		b := book{reg, lang}
		own, err := b.pages()
		if err != nil {
			return nil, err
		}
		for name, text := range own {
			all[folder+name] = text
		}
	}
	return all, nil
}

// book is the reference in one language.
type book struct {
	reg  *pipelines.Registry
	lang messages.Lang
}

func (k book) t(en, fr string) string {
	if k.lang == messages.French {
		return fr
	}
	return en
}

// phrase is what a component says in English, in the language of the book.
func (k book) phrase(s string) string { return messages.Phrase(k.lang, s) }

func (k book) pages() (map[string][]byte, error) {
	ps := map[string][]byte{
		"functions.md": k.functionsPage(),
		"messages.md":  k.messagesPage(),
		"language.md":  k.languagePage(),
	}
	if k.lang == messages.English { // the French one says the same: lavoir schema --lang fr
		ps["lavoir.schema.json"] = hclfile.JSONSchema(k.reg, k.lang)
	}
	var index bytes.Buffer
	index.WriteString(head + k.t("# Reference\n\n[En français](fr/README.md)\n\n- [The language: blocks and their arguments](language.md)\n"+
		"- [Functions of expressions](functions.md)\n- [Messages](messages.md)\n- [JSON Schema](lavoir.schema.json) of `.hcl.json` files\n",
		"# Référence\n\n[In English](../README.md)\n\n- [Le langage : les blocs et leurs arguments](language.md)\n"+
			"- [Les fonctions des expressions](functions.md)\n- [Les messages](messages.md)\n- Le JSON Schema des fichiers `.hcl.json` : `lavoir schema --lang fr`\n"))
	last := pipelines.Kind("")
	for _, c := range k.reg.All("") {
		if c.Kind != last {
			fmt.Fprintf(&index, "\n## %s\n\n", k.title(c.Kind))
			last = c.Kind
		}
		name := string(c.Kind) + "/" + c.Name + ".md"
		fmt.Fprintf(&index, "- [`%s`](%s)%s %s\n", c.Name, name, k.t(":", " :"), k.phrase(c.Doc))
		page, err := k.componentPage(c)
		if err != nil {
			return nil, err
		}
		ps[name] = page
	}
	ps["README.md"] = index.Bytes()
	return ps, nil
}

// title is what the components of a kind are called together.
func (k book) title(kind pipelines.Kind) string {
	switch kind {
	case pipelines.KindConnection:
		return k.t("Connections", "Connexions")
	case pipelines.KindFormat:
		return "Formats"
	case pipelines.KindLoad:
		return k.t("Loads", "Sorties")
	case pipelines.KindPrivacy:
		return k.t("Privacy", "Confidentialité")
	case pipelines.KindSource:
		return "Sources"
	}
	return k.t("Transforms", "Étapes")
}

// componentPage describes a component. What its examples say of themselves is
// English, and in the English page alone.
func (k book) componentPage(c pipelines.Component) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s# %s `%s`\n\n%s\n", head, c.Kind, c.Name, k.phrase(c.Doc))
	k.fields(&b, "## Arguments\n\n", c.Fields())
	found, err := examples(c)
	if err != nil {
		return nil, err
	}
	for i, e := range found {
		title, prose := k.t("Example", "Exemple"), ""
		if k.lang == messages.English {
			title += e.title
			prose = strings.TrimSpace(e.prose) + "\n"
		} else if len(found) > 1 {
			title += fmt.Sprintf(" %d", i+1)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s", title, prose)
		for n, f := range e.files {
			if n > 0 || prose != "" {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "`%s`\n\n```%s\n%s\n```\n", f.Name, fence(f.Name), strings.TrimRight(string(f.Data), "\n"))
		}
	}
	return b.Bytes(), nil
}

func (k book) fields(b *bytes.Buffer, heading string, fs []pipelines.Field) {
	if len(fs) == 0 {
		return
	}
	b.WriteString("\n" + heading + k.t("| name | type | default | what it is |", "| nom | type | défaut | ce que c'est |") + "\n|---|---|---|---|\n")
	var blocks []pipelines.Field
	for _, f := range fs {
		if f.Block && len(f.Fields) > 0 {
			blocks = append(blocks, f)
		}
		k.row(b, f)
	}
	for _, f := range blocks {
		k.fields(b, "### `"+header(f)+"`\n\n", f.Fields)
	}
}

// header is a block as it begins.
func header(f pipelines.Field) string {
	s := f.Name
	for _, l := range f.Labels {
		s += ` "<` + l + `>"`
	}
	return s
}

func (k book) row(b *bytes.Buffer, f pipelines.Field) {
	kind := k.phrase(f.Type)
	if f.Block {
		kind = k.t("block", "bloc")
		if f.Repeated {
			kind = k.t("blocks", "blocs")
		}
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, kind, k.defaultText(f), k.docText(f))
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
