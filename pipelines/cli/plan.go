package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) validateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate [folder or file]",
		Short: a.t("Check the pipeline files, offline", "Vérifier les fichiers de pipeline, hors ligne"),
		Example: `  lavoir validate
  lavoir validate pipelines.example.hcl --lang fr`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			if err := a.selected(p); err != nil {
				return err
			}
			v, diags := pipelines.Validate(cmd.Context(), &p.Project, a.flags.sel, a.log())
			if a.json() {
				a.printJSON(map[string]any{"tasks": v.Tasks, "undecided": v.Undecided, "unchecked": len(v.Unchecked), "warnings": a.lines(v.Notes), "diagnostics": a.diagnosticsJSON(diags)})
				if diags.HasErrors() {
					return exitWith(pipelines.ExitLanguage)
				}
				return nil
			}
			if err := a.diagnose(diags); err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s, %s\n", a.count(v.Tasks, "task", "tasks", "tâche", "tâches"), a.t("no mistake found", "aucune erreur trouvée"))
			if v.Undecided > 0 {
				fmt.Fprintf(a.Out, a.t("variant decided by what is read: %d\n", "variante décidée par ce qui est lu : %d\n"), v.Undecided)
			}
			a.warnings(v.Notes)
			if n := len(v.Unchecked); n > 0 {
				fmt.Fprintf(a.Out, a.t("without all columns declared: %d; the first: %s\n", "sans toutes les colonnes déclarées : %d ; la première : %s\n"), n, a.oneLine(v.Unchecked[0]))
				if m := messages.Find(v.Unchecked[0]); m != nil {
					fmt.Fprintf(a.Out, "  %s %s\n", a.t("What to do:", "À faire :"), m.Remedy(a.lang))
				}
			}
			return nil
		},
	}
	return a.selection(cmd)
}

// warnings prints each warning once, and how often it stands.
func (a *app) warnings(notes []*messages.Error) {
	count := map[string]int{}
	for _, n := range notes {
		count[a.oneLine(n)]++
	}
	for _, n := range notes {
		line := a.oneLine(n)
		if count[line] == 0 {
			continue
		}
		fmt.Fprintf(a.Out, "%s", line)
		if count[line] > 1 {
			fmt.Fprintf(a.Out, " (×%d)", count[line])
		}
		fmt.Fprintf(a.Out, "\n  %s %s\n", a.t("What to do:", "À faire :"), n.Remedy(a.lang))
		delete(count, line)
	}
}

// oneLine is an error on one line in the user's language.
func (a *app) oneLine(err error) string {
	m := messages.Find(err)
	if m == nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return m.Code + ": " + m.What(a.lang)
}

func (a *app) planCmd() *cobra.Command {
	var connect, exceptions, details bool
	cmd := &cobra.Command{
		Use:   "plan [folder or file]",
		Short: a.t("Say what a run would do, reading no row and writing nothing", "Dire ce que ferait une exécution, sans lire une ligne ni rien écrire"),
		Example: `  lavoir plan
  lavoir plan --connect --details --pipeline subventions`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			if exceptions {
				return a.exceptions(p.Exceptions())
			}
			return a.plan(cmd, &p.Project, connect, details)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&connect, "connect", false, a.t("ask sources for their columns, stores for their files and pointers (never for rows)", "demander aux sources leurs colonnes, aux stockages leurs fichiers et pointeurs (jamais de lignes)"))
	f.BoolVar(&exceptions, "exceptions", false, a.t("list what override files replace, and why", "lister ce que remplacent les fichiers d'exception, et pourquoi"))
	f.BoolVar(&details, "details", false, a.t("show steps, columns and marks of each task", "montrer étapes, colonnes et marques de chaque tâche"))
	return a.selection(cmd)
}

type plannedJSON struct {
	pipelines.TaskID
	Variant    string                 `json:"variant,omitempty"`
	Candidates []string               `json:"candidates,omitempty"`
	Change     pipelines.Change       `json:"change"`
	Because    string                 `json:"because,omitempty"`
	Source     string                 `json:"source"`
	Steps      []string               `json:"steps,omitempty"`
	Personal   []markJSON             `json:"personal,omitempty"`
	Columns    []pipelines.ColumnInfo `json:"columns,omitempty"`
	Legal      []pipelines.LegalBasis `json:"legal_bases,omitempty"`
	Filters    []string               `json:"filters_on_personal,omitempty"`
	Reviews    []string               `json:"reviews_awaited,omitempty"`
	Unchecked  string                 `json:"unchecked,omitempty"`
	Problem    string                 `json:"problem,omitempty"`
	Current    []string               `json:"current,omitempty"`
	Notes      []string               `json:"notes,omitempty"`
}

type markJSON struct {
	Column  string `json:"column"`
	Because string `json:"because"`
}

func (a *app) plan(cmd *cobra.Command, p *pipelines.Project, connect, details bool) error {
	counts := map[pipelines.Change]int{}
	var labels []string // in the order they first came
	labelled := map[string]int{}
	code := 0
	all := []plannedJSON{}
	var awaited []*messages.Error // of approvers: once for all tasks of a pipeline
	awaiting := map[string]bool{}
	diags := pipelines.Plan(cmd.Context(), p, a.flags.sel, pipelines.PlanOptions{Connect: connect, Now: time.Now, Version: version(), Log: a.log()}, func(pl pipelines.Planned) bool {
		counts[pl.Change]++
		label := a.change(pl)
		if labelled[label]++; labelled[label] == 1 {
			labels = append(labels, label)
		}
		if pl.Err != nil && code == 0 {
			code = pipelines.ExitCode(pl.Err)
		}
		if len(pl.Reviews) > 0 {
			columns := strings.Join(pl.Reviews, ", ")
			if key := pl.Task.ID.Pipeline + "\x00" + columns; !awaiting[key] {
				awaiting[key] = true
				awaited = append(awaited, messages.ReviewAwaited.With("pipeline", pl.Task.ID.Pipeline, "columns", columns, "column", pl.Reviews[0]))
			}
		}
		for _, n := range pl.Notes {
			if !details && n.Message == messages.AcceptancePolicy { // with details it stands at the task
				awaited = append(awaited, n)
			}
		}
		if a.json() {
			all = append(all, a.planned(pl))
		} else {
			a.printPlanned(pl, details)
		}
		return true
	})
	if a.json() {
		a.printJSON(map[string]any{"tasks": all, "counts": counts, "diagnostics": a.diagnosticsJSON(diags)})
		if diags.HasErrors() {
			return exitWith(pipelines.ExitLanguage)
		}
		return exitWith(code)
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	a.warnings(awaited)
	var parts []string
	for _, l := range labels {
		parts = append(parts, fmt.Sprintf("%d %s", labelled[l], l))
	}
	if len(parts) == 0 {
		parts = []string{a.t("no task is selected", "aucune tâche sélectionnée")}
	}
	fmt.Fprintln(a.Out, strings.Join(parts, ", "))
	return exitWith(code)
}

func (a *app) planned(pl pipelines.Planned) plannedJSON {
	j := plannedJSON{TaskID: pl.Task.ID, Variant: pl.Task.Variant, Candidates: pl.Candidates(), Change: pl.Change, Because: pl.Because, Source: pl.Source, Steps: pl.Steps, Columns: pl.Out, Legal: pl.Legal, Filters: pl.Filters, Reviews: pl.Reviews, Current: pl.Current}
	for _, m := range pl.Columns {
		if m.Personal {
			j.Personal = append(j.Personal, markJSON{m.Name, a.phrase(m.Because)})
		}
	}
	if pl.Unchecked != nil {
		j.Unchecked = a.oneLine(pl.Unchecked)
	}
	if pl.Err != nil {
		j.Problem = a.oneLine(pl.Err)
	}
	j.Notes = a.lines(pl.Notes)
	return j
}

func (a *app) lines(notes []*messages.Error) []string {
	out := make([]string, 0, len(notes)) // a list, also for programs
	for _, n := range notes {
		out = append(out, a.oneLine(n))
	}
	return out
}

func (a *app) change(pl pipelines.Planned) string {
	switch pl.Change {
	case pipelines.ChangeNew:
		return a.t("new", "nouveau")
	case pipelines.ChangeNone:
		return a.t("unchanged: configuration and input files as last published", "inchangé : configuration et fichiers d'entrée comme à la dernière publication")
	case pipelines.ChangeElsewhere:
		return a.t("published, not noted here", "publié, sans trace ici")
	case pipelines.ChangeHeld:
		return a.t("held: no authorization", "retenu : pas d'autorisation")
	case pipelines.ChangeWithdrawn:
		return a.t("withdrawn: its authorization is gone", "autorisation retirée")
	}
	switch pl.Because {
	case pipelines.ChangedConfig:
		return a.t("changed: configuration", "modifié : configuration")
	case pipelines.ChangedInput:
		return a.t("changed: input", "modifié : entrée")
	case pipelines.ChangedBoth:
		return a.t("changed: configuration and input", "modifié : configuration et entrée")
	case pipelines.ChangedPublication:
		return a.t("unfinished: not every load was published", "inachevé : toutes les sorties n'ont pas été publiées")
	case pipelines.ChangedVersion:
		return a.t("changed: version of lavoir, and a key that is destroyed", "modifié : version de lavoir, et une clé qui est détruite")
	case pipelines.UnknownOffline:
		return a.t("same configuration, input not looked at offline", "même configuration, entrée non consultée hors ligne")
	}
	return a.t("same configuration, input not known before it is read", "même configuration, entrée inconnue avant sa lecture")
}

func (a *app) printPlanned(pl pipelines.Planned, details bool) {
	w := a.Out
	fmt.Fprintf(w, "%s  %s", pl.Task.ID, a.change(pl))
	if pl.Task.Variant != "" {
		fmt.Fprintf(w, "  (%s %s)", a.t("variant", "variante"), pl.Task.Variant)
	}
	if may := pl.Candidates(); len(may) > 0 {
		fmt.Fprintf(w, "  (%s %s)", a.t("variant decided by what is read:", "variante décidée par ce qui est lu :"), strings.Join(may, ", "))
	}
	fmt.Fprintln(w)
	if pl.Err != nil {
		fmt.Fprintf(w, "  %s\n", a.oneLine(pl.Err))
	}
	for _, l := range pl.Legal {
		fmt.Fprintf(w, "  %s %s%s %s\n", a.t("leaves by law:", "sort en vertu de la loi :"), messages.Visible(l.Column), a.colon(), l.Basis+", "+l.Reason)
	}
	for _, f := range pl.Filters {
		fmt.Fprintf(w, "  %s %s\n", a.t("may drop rows by a personal column:", "peut écarter des lignes selon une colonne personnelle :"), messages.Visible(f))
	}
	if !details {
		return
	}
	fmt.Fprintf(w, "  %s\n", pl.Source)
	for _, m := range pl.Columns {
		if m.Personal {
			fmt.Fprintf(w, "    %s%s %s\n", messages.Visible(m.Name), a.colon(), a.phrase(m.Because))
		}
	}
	for _, s := range pl.Steps {
		fmt.Fprintf(w, "  %s\n", s)
	}
	for _, r := range pl.Current {
		if r != "" {
			fmt.Fprintf(w, "  %s %s\n", a.t("current release:", "version courante :"), r)
		}
	}
	for _, n := range pl.Notes {
		fmt.Fprintf(w, "  %s\n", a.oneLine(n))
	}
	if pl.Unchecked != nil {
		fmt.Fprintf(w, "  %s %s\n", a.t("not all columns are declared:", "colonnes non toutes déclarées :"), a.oneLine(pl.Unchecked))
	}
	for _, c := range pl.Out {
		fmt.Fprintf(w, "  → %s %s\n", messages.Visible(c.Name), c.Type)
	}
}
