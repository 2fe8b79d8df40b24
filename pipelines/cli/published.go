package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type findingJSON struct {
	Where string `json:"where"`
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Note  string `json:"note,omitempty"`
	What  string `json:"what,omitempty"`
	Code  string `json:"code,omitempty"`
	Fix   string `json:"remedy,omitempty"`
}

// findings prints what was looked at and counts what is not as it should be.
type findings struct {
	a   *app
	bad int
	err error // the first problem that is not a mere warning
	all []findingJSON
}

func (f *findings) add(where string, x pipelines.Finding) {
	j := findingJSON{Where: where, Check: f.a.phrase(x.Check), OK: x.OK, Note: f.a.phrase(x.Note)}
	mark, color := "✓", "32"
	if !x.OK {
		mark, color = "✗", "31"
		if m := messages.Find(x.Err); m != nil {
			j.Code, j.What, j.Fix = m.Code, m.What(f.a.lang), m.Remedy(f.a.lang)
			if m.Class == messages.Warning {
				mark, color = "!", "33"
			}
		} else if x.Err != nil {
			j.What = x.Err.Error()
		}
		if mark == "✗" {
			f.bad++
			if f.err == nil {
				f.err = x.Err
			}
		}
	}
	f.all = append(f.all, j)
	if f.a.json() {
		return
	}
	w := f.a.Out
	fmt.Fprintf(w, "%s %s%s %s", f.a.paint(w, color, mark), where, f.a.colon(), j.Check)
	if j.Note != "" {
		fmt.Fprintf(w, " (%s)", j.Note)
	}
	fmt.Fprintln(w)
	if j.What != "" {
		fmt.Fprintf(w, "    %s %s\n", j.Code, j.What)
	}
	if j.Fix != "" {
		fmt.Fprintf(w, "    %s %s\n", f.a.t("What to do:", "À faire :"), j.Fix)
	}
}

func (f *findings) end() {
	if f.a.json() {
		f.a.printJSON(map[string]any{"findings": append([]findingJSON{}, f.all...), "problems": f.bad})
	}
}

func (a *app) verifyCmd() *cobra.Command {
	var policy string
	cmd := &cobra.Command{
		Use:   "verify [folder or file]",
		Short: a.t("Check what is published, from the bytes a reader gets, and its journal; or a file by a policy", "Vérifier ce qui est publié, à partir des octets qu'un lecteur reçoit, et son journal ; ou un fichier selon une politique"),
		Long: a.t("Checks what the selected tasks have published. With --policy it judges a file instead, of lavoir or of another tool, or a folder under releases/ with all its files: no column without a role, masked values masked, models counted again from the rows, and the bytes of Parquet files that lavoir wrote. What the file alone cannot prove is said. No value of the file is shown.",
			"Vérifie ce que les tâches choisies ont publié. Avec --policy, juge à la place un fichier, de lavoir ou d'un autre outil, ou un dossier sous releases/ avec tous ses fichiers : aucune colonne sans rôle, valeurs masquées bien masquées, modèles recomptés à partir des lignes, et les octets des fichiers Parquet écrits par lavoir. Ce que le fichier seul ne peut pas prouver est dit. Aucune valeur du fichier n'est montrée."),
		Example: `  lavoir verify --pipeline subventions
  lavoir verify publie/agents.parquet --policy agents.hcl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if policy != "" {
				if err := cobra.ExactArgs(1)(cmd, args); err != nil {
					return misused(err, cmd)
				}
				return a.verifyFile(cmd.Context(), args[0], policy)
			}
			p, err := a.load(args)
			if err != nil {
				return err
			}
			if err := a.selected(p); err != nil {
				return err
			}
			fs := &findings{a: a}
			held := map[pipelines.TaskID]bool{}
			if err := a.diagnose(p.Tasks(a.flags.sel, func(t pipelines.Task) bool {
				held[t.ID] = t.Authorization == nil || !t.Authorization.Allowed
				return cmd.Context().Err() == nil
			})); err != nil {
				return err
			}
			err = pipelines.VerifyTasks(cmd.Context(), &p.Project, a.flags.sel, a.options(), func(id pipelines.TaskID, where string, x pipelines.Finding) error {
				if held[id] && messages.Has(x.Err, messages.NothingPublished) {
					x.OK, x.Err = true, nil // what may not leave has not left
					x.Note = a.t("held: nothing is published", "retenu : rien n'est publié")
				}
				fs.add(id.String()+" "+where, x)
				return nil
			})
			if err != nil {
				return err
			}
			fs.end()
			if fs.bad == 0 {
				return nil
			}
			if pipelines.ExitCode(fs.err) == pipelines.ExitEnvironment {
				return exitError(pipelines.ExitEnvironment) // it could not be looked at, and that was said
			}
			return messages.VerifyFailed.With("count", fs.bad)
		},
	}
	cmd.Flags().StringVar(&policy, "policy", "", a.t("judge the file by the one privacy block of this `file`", "juger le fichier selon l'unique bloc privacy de ce `fichier`"))
	return a.selection(cmd)
}

func (a *app) purgeCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "purge [folder or file]",
		Short:   a.t("Remove what is past its retention: old releases, quarantine, evidence", "Supprimer ce qui a passé sa durée de conservation : anciennes versions, quarantaine, preuves"),
		Example: "  lavoir purge",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			removed := 0
			err = pipelines.EachLoad(cmd.Context(), &p.Project, a.flags.sel, a.options(), func(_ pipelines.TaskID, l pipelines.Load) error {
				if pg, ok := l.Sink.(pipelines.Purger); ok {
					n, err := pg.Purge(cmd.Context())
					removed += n
					return err
				}
				return nil
			})
			if err != nil {
				return err
			}
			local := 0
			for _, dir := range []string{"quarantine", pipelines.ReviewFolder, pipelines.EvidenceFolder} {
				n, err := purgeFolder(filepath.Join(p.State, dir), time.Now().Add(-p.Retention))
				local += n
				if err != nil {
					return err
				}
			}
			if a.json() {
				return a.printJSON(map[string]int{"objects_removed": removed, "files_removed": local})
			}
			fmt.Fprintf(a.Out, a.t("%d objects removed from stores, %d local files\n", "%d objets supprimés des stockages, %d fichiers locaux\n"), removed, local)
			return nil
		},
	}
	return a.selection(cmd)
}

// purgeFolder removes the files last written before a time. Journals stay: they
// hold no data, and prove what was published for as long as anybody asks.
func purgeFolder(dir string, before time.Time) (removed int, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == pipelines.JournalFolder {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.ModTime().Before(before) {
			return err
		}
		removed++
		return os.Remove(path)
	})
	return removed, err
}
