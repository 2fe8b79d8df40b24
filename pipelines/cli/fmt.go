package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

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
			return unreadable(path, err)
		} else if st.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*.hcl")); err != nil {
				return err
			}
		} else if filepath.Ext(path) != ".hcl" { // rows of a file of data would be laid out as well
			return messages.NotLaidOut.With("file", path)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				return unreadable(file, err)
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

func unreadable(file string, err error) error {
	return messages.FileUnreadable.With("file", file, "why", pipelines.Unreadable(err))
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

// writeFile is replaceFile for a file that the user named.
func writeFile(path string, data []byte) error {
	if err := replaceFile(path, data); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// replaceFile replaces a file so that a reader sees all of the old or all of the new.
func replaceFile(path string, data []byte) error {
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

// unwritable says why a file that was asked for cannot be written.
func unwritable(path string, err error) error {
	var l *os.LinkError
	if errors.As(err, &l) {
		err = l.Err
	}
	return messages.FileUnwritable.With("file", path, "why", pipelines.Unreadable(err))
}
