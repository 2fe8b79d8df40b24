package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) describeCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "describe [component]",
		Short: a.t("List the components, or describe one", "Lister les composants, ou en décrire un"),
		Example: `  lavoir describe
  lavoir describe rename
  lavoir describe privacy policy`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: a.completeComponent,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listComponents()
			}
			asked := strings.Join(args, ".") // as in a pipeline file: transform "rename"
			var names []string
			found := false
			var described []describedJSON
			for _, c := range a.reg.All("") {
				if !slices.Contains(names, c.Name) {
					names = append(names, c.Name)
				}
				if c.Name == asked || string(c.Kind)+"."+c.Name == asked {
					found = true
					if a.json() {
						described = append(described, describedJSON{componentJSON{c.Kind, c.Name, a.phrase(c.Doc)}, a.fieldsJSON(c.Fields())})
					} else {
						a.describe(c)
					}
				}
			}
			if !found {
				return messages.NoSuchComponent.With("name", asked, "hint", pipelines.Hint(args[len(args)-1], names))
			}
			if a.json() {
				return a.printJSON(described)
			}
			return nil
		},
	}
}

// completeComponent offers the components, each with what it does; those of one
// name with their kind.
func (a *app) completeComponent(_ *cobra.Command, args []string, _ string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	named := map[string]int{}
	for _, c := range a.reg.All("") {
		named[c.Name]++
	}
	for _, c := range a.reg.All("") {
		name := c.Name
		if named[name] > 1 {
			name = string(c.Kind) + "." + name
		}
		found = append(found, cobra.CompletionWithDesc(name, a.phrase(c.Doc)))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

type componentJSON struct {
	Kind pipelines.Kind `json:"kind"`
	Name string         `json:"name"`
	Doc  string         `json:"doc"`
}

type describedJSON struct {
	componentJSON
	Fields []fieldJSON `json:"fields"`
}

type fieldJSON struct {
	Name     string      `json:"name"`
	Doc      string      `json:"doc"`
	Type     string      `json:"type,omitempty"`
	Values   []string    `json:"values,omitempty"`
	Required bool        `json:"required,omitempty"`
	Default  string      `json:"default,omitempty"`
	Block    bool        `json:"block,omitempty"`
	Repeated bool        `json:"repeated,omitempty"`
	Fields   []fieldJSON `json:"fields,omitempty"`
}

func (a *app) fieldsJSON(fields []pipelines.Field) []fieldJSON {
	out := []fieldJSON{}
	for _, f := range fields {
		out = append(out, fieldJSON{f.Name, a.phrase(f.Doc), f.Type, f.Values, f.Required, f.Default, f.Block, f.Repeated, a.fieldsJSON(f.Fields)})
	}
	return out
}

func (a *app) listComponents() error {
	if a.json() {
		var all []componentJSON
		for _, c := range a.reg.All("") {
			all = append(all, componentJSON{c.Kind, c.Name, a.phrase(c.Doc)})
		}
		return a.printJSON(all)
	}
	w := tabwriter.NewWriter(a.Out, 0, 4, 2, ' ', 0)
	for _, c := range a.reg.All("") {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Kind, c.Name, a.phrase(c.Doc))
	}
	return w.Flush()
}

func (a *app) describe(c pipelines.Component) {
	fmt.Fprintf(a.Out, "%s %q\n%s\n\n", c.Kind, c.Name, a.phrase(c.Doc))
	w := tabwriter.NewWriter(a.Out, 2, 4, 2, ' ', 0)
	a.fields(w, c.Fields(), "")
	w.Flush()
	fmt.Fprintln(a.Out)
}

func (a *app) fields(w *tabwriter.Writer, fields []pipelines.Field, indent string) {
	for _, f := range fields {
		need := a.t("optional", "facultatif")
		if f.Required {
			need = a.t("required", "obligatoire")
		}
		if f.Default != "" {
			need = "= " + f.Default
		}
		kind := a.phrase(f.Type)
		if f.Block {
			kind = a.t("block", "bloc")
			if f.Repeated {
				kind = a.t("blocks", "blocs")
			}
		}
		doc := a.phrase(f.Doc)
		if len(f.Values) > 0 {
			doc += " (" + strings.Join(f.Values, ", ") + ")"
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\n", indent, f.Name, kind, need, doc)
		a.fields(w, f.Fields, indent+"  ")
	}
}

func (a *app) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   a.t("Print the JSON Schema of .hcl.json files, for editors", "Afficher le JSON Schema des fichiers .hcl.json, pour les éditeurs"),
		Example: "  lavoir schema > lavoir.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(hclfile.JSONSchema(a.reg, a.lang))
			return err
		},
	}
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: a.t("Print the version", "Afficher la version"),
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json() {
				return a.printJSON(map[string]any{"version": version(), "format_version": pipelines.FormatVersion,
					"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.Out, "lavoir %s (%s/%s, format %d)\n", version(), runtime.GOOS, runtime.GOARCH, pipelines.FormatVersion)
			return err
		},
	}
}

// version is the module's version, as the Go tool recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
