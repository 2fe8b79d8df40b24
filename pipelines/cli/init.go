package cli

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

//go:embed starter
var starter embed.FS

func (a *app) initCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "init [folder]",
		Short: a.t("Start a project: a small pipeline that runs, its data and its test", "Commencer un projet : un petit pipeline qui tourne, ses données et son test"),
		Example: `  lavoir init mairie
  cd mairie && lavoir run`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			files, err := starterFiles(dir)
			if err != nil {
				return err
			}
			for path := range files { // all or nothing
				if _, err := os.Lstat(path); err == nil {
					return messages.FolderNotEmpty.With("folder", dir, "file", filepath.Base(path))
				} else if !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			for path, data := range files {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(path, data, 0o644); err != nil {
					return err
				}
			}
			fmt.Fprintf(a.Out, a.t("A project that runs is in %s. Next: lavoir run %s\n", "Un projet prêt à tourner est dans %s. Ensuite : lavoir run %s\n"), filepath.Clean(dir)+string(filepath.Separator), dir)
			return nil
		},
	}
}

// starterFiles are the files of a new project, by path.
func starterFiles(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(starter, "starter", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := starter.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, "starter/")
		if name == "gitignore" { // a real one would rule this repository
			name = ".gitignore"
		}
		files[filepath.Join(dir, filepath.FromSlash(name))] = data
		return nil
	})
	return files, err
}
