package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
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
  lavoir describe rename`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listComponents()
			}
			var names []string
			found := false
			for _, c := range a.reg.All("") {
				names = append(names, c.Name)
				if c.Name == args[0] || string(c.Kind)+"."+c.Name == args[0] {
					found = true
					if a.json() {
						a.printJSON(c.Fields())
					} else {
						a.describe(c)
					}
				}
			}
			if !found {
				return messages.NoSuchComponent.With("name", args[0], "hint", pipelines.Hint(args[0], names))
			}
			return nil
		},
	}
}

func (a *app) listComponents() error {
	w := tabwriter.NewWriter(a.Out, 0, 4, 2, ' ', 0)
	for _, c := range a.reg.All("") {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Kind, c.Name, c.Doc)
	}
	return w.Flush()
}

func (a *app) describe(c pipelines.Component) {
	fmt.Fprintf(a.Out, "%s %q\n%s\n\n", c.Kind, c.Name, c.Doc)
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
		kind := f.Type
		if f.Block {
			kind = a.t("block", "bloc")
			if f.Repeated {
				kind = a.t("blocks", "blocs")
			}
		}
		doc := f.Doc
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
			_, err := a.Out.Write(hclfile.JSONSchema(a.reg))
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

func (a *app) fmtCmd() *cobra.Command {
	var check, diff bool
	cmd := &cobra.Command{
		Use:   "fmt [folder or file …]",
		Short: a.t("Lay out pipeline files in the usual way", "Mettre en forme les fichiers de pipeline"),
		Example: `  lavoir fmt
  lavoir fmt -check -diff`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			return a.format(args, check, diff)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, a.t("change nothing; exit 2 when a file is not laid out", "ne rien changer ; code 2 si un fichier n'est pas mis en forme"))
	cmd.Flags().BoolVar(&diff, "diff", false, a.t("show what changes", "montrer ce qui change"))
	return cmd
}

func (a *app) format(paths []string, check, diff bool) error {
	changed := 0
	for _, path := range paths {
		files := []string{path}
		if st, err := os.Stat(path); err != nil {
			return err
		} else if st.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*.hcl")); err != nil {
				return err
			}
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			out := hclfile.Format(src)
			if string(out) == string(src) {
				continue
			}
			changed++
			fmt.Fprintln(a.Out, file)
			if diff {
				a.printDiff(string(src), string(out))
			}
			if !check {
				if err := writeFile(file, out); err != nil {
					return err
				}
			}
		}
	}
	if check && changed > 0 {
		return messages.NotFormatted.With("count", changed)
	}
	return nil
}

// printDiff shows the lines that differ. Formatting keeps the number of lines,
// so lines are compared one by one.
func (a *app) printDiff(before, after string) {
	b, c := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range max(len(b), len(c)) {
		old, new := "", ""
		if i < len(b) {
			old = b[i]
		}
		if i < len(c) {
			new = c[i]
		}
		if old != new {
			fmt.Fprintf(a.Out, "@@ %d\n-%s\n+%s\n", i+1, old, new)
		}
	}
}

// writeFile replaces a file so that a reader sees all of the old or all of the new.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".lavoir-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		mode := os.FileMode(0o644)
		if st, e := os.Stat(path); e == nil {
			mode = st.Mode().Perm()
		}
		os.Chmod(f.Name(), mode)
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
