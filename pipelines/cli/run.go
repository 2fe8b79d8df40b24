package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) runCmd() *cobra.Command {
	var failOn, reportFile string
	var dry bool
	cmd := &cobra.Command{
		Use:   "run [folder or file]",
		Short: a.t("Run the tasks and publish what passes", "Exécuter les tâches et publier ce qui passe"),
		Example: `  lavoir run
  lavoir run --pipeline subventions --tenant '35*' --partition 2024
  lavoir run --output json > report.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if failOn != "any" && failOn != "new" {
				return messages.BadFlag.With("flag", "--fail-on", "wanted", "any, new")
			}
			if reportFile != "" { // a run is not to find this out when it has published
				if _, err := os.Stat(filepath.Dir(reportFile)); err != nil {
					return unwritable(reportFile, err)
				}
			}
			p, err := a.load(args)
			if err != nil {
				return err
			}
			opt := a.options()
			opt.Unpublished = dry
			opt.Observe = a.progress()
			report, diags, err := pipelines.Run(cmd.Context(), &p.Project, a.flags.sel, opt)
			if err != nil {
				return err
			}
			if err := a.diagnose(diags); err != nil {
				return err
			}
			if err := a.report(report, reportFile); err != nil {
				return err
			}
			if len(report.Tasks) == 0 && !report.Interrupted { // a misspelt name must not look like a quiet night
				return a.nothingSelected()
			}
			return exitWith(report.ExitCode(failOn == "new"))
		},
	}
	f := cmd.Flags()
	f.StringVar(&failOn, "fail-on", "any", a.t("`which` failures count for the exit code: any or new", "`quels` échecs comptent pour le code de sortie : any ou new"))
	f.BoolVar(&dry, "no-publish", false, a.t("stop before publishing: everything else is done", "s'arrêter avant de publier : tout le reste est fait"))
	f.StringVar(&reportFile, "report", "", a.t("also write the report as JSON to this `file`", "écrire aussi le rapport en JSON dans ce `fichier`"))
	return a.selection(cmd)
}

// progress says how a run gets on, on a terminal: one line that changes, and
// above it what went wrong. All else is in the report, where it is not said twice.
func (a *app) progress() func(pipelines.Event) {
	if a.json() || !drawable(a.Err) {
		return nil
	}
	running := map[pipelines.TaskID]bool{}
	return func(e pipelines.Event) {
		if e.Result == nil {
			running[e.Task] = true
		} else {
			delete(running, e.Task)
		}
		if v, ok := a.Err.(visible); ok {
			v.eraseLine()
		}
		if r := e.Result; r != nil && r.Err != nil {
			a.taskLine(a.Err, *r)
		}
		if len(running) > 0 {
			fmt.Fprintf(a.Err, "%d %s, %d %s%s %s", e.Done, a.t("done", "terminées"), len(running), a.t("running", "en cours"), a.colon(), e.Task)
		}
	}
}

// outcomes are the words for the ends of a task, and their colours.
func (a *app) outcome(o pipelines.Outcome) (word, color string) {
	switch o {
	case pipelines.Published:
		return a.t("published", "publié"), "32"
	case pipelines.Unchanged:
		return a.t("unchanged", "inchangé"), "32"
	case pipelines.Held:
		return a.t("held", "retenu"), "33"
	case pipelines.Unpublished:
		return a.t("not published, as asked", "non publié, comme demandé"), "33"
	case pipelines.Incomplete:
		return a.t("published, incomplete", "publié, incomplet"), "33"
	case pipelines.Refused:
		return a.t("refused", "refusé"), "31"
	case pipelines.Interrupted:
		return a.t("interrupted", "interrompu"), "33"
	}
	return a.t("failed", "échec"), "31"
}

// outcomes is how many tasks ended that way.
func (a *app) outcomes(o pipelines.Outcome, n int) string {
	word, _ := a.outcome(o)
	if a.lang == messages.French && n > 1 {
		first, rest, more := strings.Cut(word, ", ")
		word = first + "s"
		switch {
		case o == pipelines.Incomplete:
			word += ", " + rest + "s"
		case more:
			word += ", " + rest
		}
	}
	return fmt.Sprintf("%d %s", n, word)
}

func (a *app) taskLine(w io.Writer, r pipelines.TaskResult) {
	word, color := a.outcome(r.Outcome)
	fmt.Fprintf(w, "%s  %s", r.Task, a.paint(w, color, word))
	if r.Rows.Sealed > 0 {
		fmt.Fprintf(w, "  %s", a.rows(r.Rows.Sealed))
	}
	if r.Rows.Rejected > 0 {
		fmt.Fprintf(w, ", %s", a.count(int(r.Rows.Rejected), "rejected", "rejected", "rejetée", "rejetées"))
	}
	fmt.Fprintf(w, "  %s\n", r.Took.Round(10*time.Millisecond))
}

// report prints what a run came to.
func (a *app) report(r *pipelines.Report, file string) error {
	data, err := r.JSON(a.lang)
	if err != nil {
		return err
	}
	if file != "" {
		if err := writeFile(file, data); err != nil {
			return err
		}
	}
	if a.json() {
		_, err := a.Out.Write(data)
		return err
	}
	var notes []*messages.Error
	for _, t := range r.Tasks {
		a.taskDetails(t)
		if !withoutAuthorization(t) {
			notes = append(notes, t.Notes...)
		}
	}
	a.warnings(notes)
	for _, n := range r.Notes {
		a.say(n)
	}
	a.summary(r)
	return nil
}

// withoutAuthorization says whether a task was held before anything was read.
func withoutAuthorization(t pipelines.TaskResult) bool {
	return t.Outcome == pipelines.Held && len(t.Notes) > 0 && t.Notes[0].Message == messages.NotAuthorized
}

func (a *app) taskDetails(t pipelines.TaskResult) {
	w := a.Out
	word, _ := a.outcome(t.Outcome)
	if withoutAuthorization(t) && len(t.Notes) == 1 {
		fmt.Fprintf(w, "%s%s %s%s\n", t.Task, a.colon(), word, a.t(": no authorization", " : pas d'autorisation"))
		return
	}
	if t.Outcome == pipelines.Unpublished && t.Rows.Rejected > 0 {
		word += a.t("; rows would be missing", " ; il manquerait des lignes")
	}
	fmt.Fprintf(w, "%s%s %s\n", t.Task, a.colon(), word)
	for _, l := range t.Loads {
		if l.Receipt == nil {
			continue
		}
		fmt.Fprintf(w, "  %s\n", l.Receipt.Where)
		for _, f := range l.Files {
			fmt.Fprintf(w, "    %s  %s, %d %s\n", f.Name, a.rows(f.Rows), f.Bytes, a.t("bytes", "octets"))
		}
		for _, p := range l.Receipt.Pending {
			fmt.Fprintf(w, "    %s%s %s\n", p, a.colon(), a.t("could not be replaced yet, the next run tries again", "n'a pas encore pu être remplacé, la prochaine exécution réessaie"))
		}
	}
	for i, r := range t.Rejects {
		if i == 10 {
			fmt.Fprintf(w, "  … %d %s\n", t.Rows.Rejected-10, a.t("more; --report writes the first 100 to a file", "de plus ; --report écrit les 100 premières dans un fichier"))
			break
		}
		fmt.Fprintf(w, "  %s\n", a.rejectLine(r))
	}
	if t.Err != nil {
		a.problem(t.Err)
	}
}

func (a *app) rejectLine(r pipelines.Reject) string {
	var b strings.Builder
	if r.Input != "" {
		fmt.Fprintf(&b, "%s %s, ", a.t("file", "fichier"), r.Input)
	}
	if r.Line > 0 {
		fmt.Fprintf(&b, "%s %d, ", a.t("line", "ligne"), r.Line)
	}
	if r.Column != "" {
		fmt.Fprintf(&b, "%s %s%s ", a.t("column", "colonne"), messages.Visible(r.Column), a.colon())
	}
	fmt.Fprintf(&b, "%s (%s)", r.Why.What(a.lang), r.Why.Code)
	return b.String()
}

func (a *app) summary(r *pipelines.Report) {
	counts := r.Counts()
	var parts []string
	for _, o := range []pipelines.Outcome{pipelines.Published, pipelines.Unchanged, pipelines.Unpublished, pipelines.Incomplete,
		pipelines.Held, pipelines.Refused, pipelines.FailedTask, pipelines.Interrupted} {
		if n := counts[o]; n > 0 {
			parts = append(parts, a.outcomes(o, n))
		}
	}
	if len(parts) == 0 {
		parts = []string{a.t("no task is selected", "aucune tâche sélectionnée")}
	}
	fmt.Fprintln(a.Out, strings.Join(parts, ", "))
	for _, l := range []struct {
		word  string
		tasks []string
	}{
		{a.t("new failures", "nouveaux échecs"), r.New},
		{a.t("failing as before", "en échec comme avant"), r.Known},
		{a.t("recovered", "rétablis"), r.Recovered},
	} {
		if len(l.tasks) > 0 {
			fmt.Fprintf(a.Out, "%s%s %s\n", l.word, a.colon(), strings.Join(l.tasks, ", "))
		}
	}
	if r.Interrupted {
		fmt.Fprintln(a.Out, a.t("interrupted: nothing half done was left behind", "interrompu : rien n'est resté à moitié fait"))
	}
}
