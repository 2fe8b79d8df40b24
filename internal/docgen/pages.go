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
func (k book) languagePage() []byte {
	var b bytes.Buffer
	b.WriteString(head + k.t(`# The language

A project is a folder of `+"`.hcl`"+` and `+"`.hcl.json`"+` files, read together. The guided tour is
[`+"`pipelines.example.hcl`"+`](../../pipelines.example.hcl). Inside a pipeline, blocks stand in the order of the data.
What expressions over `+"`row`"+` may call is on [the page of functions](functions.md).
`, `# Le langage

Un projet est un dossier de fichiers `+"`.hcl`"+` et `+"`.hcl.json`"+`, lus ensemble. La visite guidée est
[`+"`pipelines.example.hcl`"+`](../../../pipelines.example.hcl). Dans un pipeline, les blocs suivent l'ordre des données.
Ce que les expressions sur `+"`row`"+` peuvent appeler est décrit à [la page des fonctions](functions.md).
`))
	for _, f := range hclfile.Blocks(k.reg) {
		k.blockPage(&b, "## ", f)
	}
	return b.Bytes()
}

func (k book) blockPage(b *bytes.Buffer, heading string, f pipelines.Field) {
	fmt.Fprintf(b, "\n%s`%s`\n\n%s", heading, header(f), k.phrase(f.Doc))
	if f.Nested != "" {
		title := strings.ToLower(k.title(f.Nested))
		fmt.Fprintf(b, k.t(" Its first label names a component: see [%s](README.md#%s).",
			" Le premier nom est celui d'un composant : voir [%s](README.md#%s)."), title, title)
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
		b.WriteString("\n" + k.t("| argument | type | default | what it is |", "| argument | type | défaut | ce que c'est |") + "\n|---|---|---|---|\n")
		for _, x := range args {
			k.row(b, x)
		}
	}
	for _, x := range blocks {
		k.blockPage(b, "#"+heading, x)
	}
}

func (k book) defaultText(f pipelines.Field) string {
	switch {
	case f.Required:
		return k.t("required", "obligatoire")
	case f.Default != "":
		return cellText("`" + f.Default + "`")
	}
	return ""
}

func (k book) docText(f pipelines.Field) string {
	doc := k.phrase(f.Doc)
	if len(f.Values) > 0 {
		doc += k.t(" One of ", " Au choix : ") + "`" + strings.Join(f.Values, "`, `") + "`."
	}
	if f.Nested != "" {
		doc += k.t(" Its label names a "+string(f.Nested)+".", " Le nom entre guillemets est celui d'un composant "+string(f.Nested)+".")
	}
	return cellText(doc)
}

func (k book) functionsPage() []byte {
	var b bytes.Buffer
	b.WriteString(head + k.t("# Functions of expressions\n\nEach works on whole columns. Unless it says otherwise, null in gives null out.\n",
		"# Les fonctions des expressions\n\nChacune travaille sur des colonnes entières. Sauf mention contraire, une valeur nulle donne une valeur nulle.\n"))
	group := ""
	for _, f := range expr.Functions() {
		if f.Group != group {
			group = f.Group
			title := k.phrase(group)
			first := []rune(title)[0]
			fmt.Fprintf(&b, "\n## %s\n\n%s\n|---|---|---|---|\n", strings.ToUpper(string(first))+strings.TrimPrefix(title, string(first)),
				k.t("| function | what it gives | example | gives |", "| fonction | ce qu'elle donne | exemple | résultat |"))
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | `%s` |\n", cellText(f.Signature), cellText(k.t(f.EN, f.FR)), cellText(f.Example), cellText(f.Result))
	}
	return b.Bytes()
}

func (k book) messagesPage() []byte {
	var b bytes.Buffer
	b.WriteString(head + k.t("# Messages\n\nA code is never used again. `{…}` stands for what the message is about; never for a value of a row.\n",
		"# Les messages\n\nUn code ne sert jamais deux fois. `{…}` remplace ce dont parle le message ; jamais la valeur d'une ligne.\n"))
	all := messages.All()
	sort.Slice(all, func(i, j int) bool { return all[i].Code < all[j].Code })
	for _, m := range all {
		text := m.EN
		if k.lang == messages.French {
			text = m.FR
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s. *%s.*\n", m.Code, text.What, text.Remedy)
	}
	return b.Bytes()
}
