package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// languagePage describes every block of a pipeline file.
func languagePage(reg *pipelines.Registry) []byte {
	var b bytes.Buffer
	b.WriteString(head + `# The language

A project is a folder of ` + "`.hcl`" + ` and ` + "`.hcl.json`" + ` files, read together. The guided tour is
[` + "`pipelines.example.hcl`" + `](../../pipelines.example.hcl). Inside a pipeline, blocks stand in the order of the data.
What expressions over ` + "`row`" + ` may call is on [the page of functions](functions.md).
`)
	for _, f := range hclfile.Blocks(reg) {
		blockPage(&b, "## ", f)
	}
	return b.Bytes()
}

func blockPage(b *bytes.Buffer, heading string, f pipelines.Field) {
	labels := ""
	for _, l := range f.Labels {
		labels += ` "<` + l + `>"`
	}
	fmt.Fprintf(b, "\n%s`%s%s`\n\n%s", heading, f.Name, labels, f.Doc)
	if f.Nested != "" {
		fmt.Fprintf(b, " Its first label names a component: see [%ss](README.md#%ss).", f.Nested, f.Nested)
	}
	b.WriteString("\n")
	var args, blocks []pipelines.Field
	for _, x := range f.Fields {
		if x.Block {
			blocks = append(blocks, x)
		} else {
			args = append(args, x)
		}
	}
	if len(args) > 0 {
		b.WriteString("\n| argument | type | default | what it is |\n|---|---|---|---|\n")
		for _, x := range args {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", x.Name, x.Type, defaultText(x), docText(x))
		}
	}
	for _, x := range blocks {
		blockPage(b, "#"+heading, x)
	}
}

func defaultText(f pipelines.Field) string {
	switch {
	case f.Required:
		return "required"
	case f.Default != "":
		return cellText("`" + f.Default + "`")
	}
	return ""
}

func docText(f pipelines.Field) string {
	doc := f.Doc
	if len(f.Values) > 0 {
		doc += " One of `" + strings.Join(f.Values, "`, `") + "`."
	}
	if f.Nested != "" {
		doc += " Its label names a " + string(f.Nested) + "."
	}
	return cellText(doc)
}

func functionsPage() []byte {
	var b bytes.Buffer
	b.WriteString(head + "# Functions of expressions\n\nEach works on whole columns. Unless it says otherwise, null in gives null out.\n")
	group := ""
	for _, f := range expr.Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n## %s\n\n| function | what it gives | en français | example | gives |\n|---|---|---|---|---|\n", strings.ToUpper(group[:1])+group[1:])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | `%s` |\n", cellText(f.Signature), cellText(f.EN), cellText(f.FR), cellText(f.Example), cellText(f.Result))
	}
	return b.Bytes()
}

func messagesPage() []byte {
	var b bytes.Buffer
	b.WriteString(head + "# Messages\n\nA code is never used again. `{…}` stands for what the message is about; never for a value of a row.\n")
	all := messages.All()
	sort.Slice(all, func(i, j int) bool { return all[i].Code < all[j].Code })
	for _, m := range all {
		fmt.Fprintf(&b, "\n### %s\n\n%s. *%s.*\n\n%s. *%s.*\n", m.Code, m.EN.What, m.EN.Remedy, m.FR.What, m.FR.Remedy)
	}
	return b.Bytes()
}
