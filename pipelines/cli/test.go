package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/tools/txtar"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) testCmd() *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use:   "test [folder or file]",
		Short: a.t("Run your own tests of your own pipelines", "Exécuter vos propres tests de vos propres pipelines"),
		Long: a.t(`Runs every tests/*.txtar of the project. A test is a text: a sentence of your own, then

  -- task.hcl --        pipeline = "…"; tenant and partition when there are several
  -- input/<path> --    a file as the source finds it; "(cp1252)" after the path encodes it
  -- <source>.csv --    in place of a database: rows with a header, an empty cell is null
  -- want.csv --        the rows that would leave: an empty cell is null, "" an empty text
  -- want.err --        instead: the codes of the messages that stop it, one a line

Nothing is published.`,
			`Exécute chaque tests/*.txtar du projet. Un test est un texte : une phrase de vous, puis

  -- task.hcl --        pipeline = "…" ; tenant et partition quand il y en a plusieurs
  -- input/<chemin> --  un fichier tel que la source le trouve ; « (cp1252) » après le chemin l'encode
  -- <source>.csv --    à la place d'une base : des lignes avec en-tête, une cellule vide est nulle
  -- want.csv --        les lignes qui sortiraient : cellule vide = nul, "" = texte vide
  -- want.err --        sinon : les codes des messages qui l'arrêtent, un par ligne

Rien n'est publié.`),
		Example: "  lavoir test\n  lavoir test --update",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			files, err := filepath.Glob(filepath.Join(p.Root, "tests", "*.txtar"))
			if err != nil {
				return err
			}
			sort.Strings(files)
			picked, err := a.picked(p)
			if err != nil {
				return err
			}
			failed := 0
			all := []testJSON{}
			for _, file := range files {
				why, mine, err := a.test(cmd.Context(), p, file, picked, update)
				if !mine {
					continue
				}
				if err != nil {
					why = a.oneLine(err)
				}
				if cmd.Context().Err() != nil {
					return cmd.Context().Err()
				}
				name := strings.TrimSuffix(filepath.Base(file), ".txtar")
				all = append(all, testJSON{name, why == "", why})
				if why != "" {
					failed++
				}
				if a.json() {
					continue
				}
				if why == "" {
					fmt.Fprintf(a.Out, "%s %s\n", a.paint(a.Out, "32", "✓"), name)
					continue
				}
				fmt.Fprintf(a.Out, "%s %s\n%s\n", a.paint(a.Out, "31", "✗"), name, why)
			}
			if picked != nil && len(all) == 0 {
				return a.nothingSelected()
			}
			if a.json() {
				a.printJSON(map[string]any{"tests": all, "failed": failed})
			} else {
				fmt.Fprintln(a.Out, a.count(len(all), "test", "tests", "test", "tests"))
			}
			if failed > 0 {
				return messages.TestFailed.With("failed", failed, "count", len(all))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, a.t("write what the tests give as what is wanted", "écrire ce que donnent les tests comme ce qui est voulu"))
	return a.selection(cmd)
}

// picked are the tasks that the flags select; nil: all.
func (a *app) picked(p *hclfile.Project) (map[pipelines.TaskID]bool, error) {
	if a.flags.sel == (pipelines.Selection{}) {
		return nil, nil
	}
	picked := map[pipelines.TaskID]bool{}
	return picked, a.diagnose(p.Tasks(a.flags.sel, func(t pipelines.Task) bool { picked[t.ID] = true; return true }))
}

type testJSON struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
}

// test runs one test and says how it fails, or "". mine is false when its
// task is not among the picked ones.
func (a *app) test(ctx context.Context, p *hclfile.Project, file string, picked map[pipelines.TaskID]bool, update bool) (why string, mine bool, err error) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		return "", true, err
	}
	dir, err := os.MkdirTemp("", "lavoir-test-*")
	if err != nil {
		return "", true, err
	}
	defer os.RemoveAll(dir)
	sel, err := layOut(ar, filepath.Join(dir, "input"))
	if err != nil {
		return "", true, err
	}
	project := p.Project
	project.State, project.Evidence = filepath.Join(dir, "state"), pipelines.Connection{}
	var tasks []pipelines.Task
	if diags := project.Tasks(sel, func(t pipelines.Task) bool { tasks = append(tasks, t); return len(tasks) < 2 }); diags.HasErrors() {
		return "", true, diags
	}
	if len(tasks) != 1 {
		return a.t("task.hcl must pick exactly one task: give pipeline, tenant and partition", "task.hcl doit désigner une seule tâche : donnez pipeline, tenant et partition"), true, nil
	}
	if picked != nil && !picked[tasks[0].ID] {
		return "", false, nil
	}
	rows := ""
	res, err := pipelines.RunFixture(ctx, a.reg, &project, tasks[0], filepath.Join(dir, "input"), a.options(), func(f pipelines.SealedFile) error {
		if rows != "" {
			return nil
		}
		var err error
		rows, err = publicRows(ctx, f)
		return err
	})
	if err != nil {
		return "", true, err
	}
	why, err = a.judge(ar, file, res, rows, update)
	return why, true, err
}

// judge compares what a test gave with what it wants.
func (a *app) judge(ar *txtar.Archive, file string, res pipelines.TaskResult, rows string, update bool) (string, error) {
	name, got := "want.csv", rows
	if res.Err != nil {
		name, got = "want.err", strings.Join(codes(res), "\n")+"\n"
	}
	for i, f := range ar.Files {
		if f.Name != "want.csv" && f.Name != "want.err" {
			continue
		}
		if f.Name == name && strings.ReplaceAll(string(f.Data), "\r\n", "\n") == got {
			return "", nil
		}
		if update {
			ar.Files[i] = txtar.File{Name: name, Data: []byte(got)}
			return "", writeFile(file, txtar.Format(ar))
		}
		why := ""
		if res.Err != nil {
			why = a.oneLine(res.Err) + "\n"
		}
		return fmt.Sprintf("%s-- %s --\n%s-- %s (%s) --\n%s", why, f.Name, f.Data, name, a.t("what it gave", "ce qu'il a donné"), got), nil
	}
	if update {
		ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(got)})
		return "", writeFile(file, txtar.Format(ar))
	}
	return a.t("it wants nothing: add want.csv or want.err, or run lavoir test --update", "il ne veut rien : ajoutez want.csv ou want.err, ou lancez lavoir test --update"), nil
}

// codes are the codes of what stopped a task: its message, then the rules of its rejects.
func codes(res pipelines.TaskResult) []string {
	var out []string
	if m := messages.Find(res.Err); m != nil {
		out = append(out, m.Code)
	} else {
		out = append(out, res.Err.Error())
	}
	var rules []string
	for code := range res.RejectRules {
		rules = append(rules, code)
	}
	sort.Strings(rules)
	return append(out, rules...)
}

// layOut writes the inputs of a test and gives the task it is about.
func layOut(ar *txtar.Archive, dir string) (sel pipelines.Selection, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return sel, err
	}
	for _, f := range ar.Files {
		name, data := f.Name, f.Data
		switch {
		case name == "want.csv" || name == "want.err":
			continue
		case name == "task.hcl":
			if sel, err = selectionOf(data); err != nil {
				return sel, err
			}
			continue
		case strings.HasPrefix(name, "input/"):
			name = strings.TrimPrefix(name, "input/")
		}
		if path, enc, ok := strings.Cut(name, " ("); ok {
			e, err := htmlindex.Get(strings.TrimSuffix(enc, ")"))
			if err != nil {
				return sel, fmt.Errorf("%s: %w", f.Name, err)
			}
			if data, err = e.NewEncoder().Bytes(data); err != nil {
				return sel, fmt.Errorf("%s: %w", f.Name, err)
			}
			name = path
		}
		if !filepath.IsLocal(name) {
			return sel, fmt.Errorf("%s: not a path inside the folder", f.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return sel, err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return sel, err
		}
	}
	return sel, nil
}

type testTask struct {
	Pipeline  string `hcl:"pipeline" doc:"The pipeline."`
	Tenant    string `hcl:"tenant,optional" doc:"The tenant."`
	Partition string `hcl:"partition,optional" doc:"The partition."`
}

func selectionOf(src []byte) (pipelines.Selection, error) {
	f, diags := hclsyntax.ParseConfig(src, "task.hcl", hcl.InitialPos)
	var t testTask
	if !diags.HasErrors() {
		diags = pipelines.DecodeBody(nil, "task.hcl", f.Body, nil, &t)
	}
	if diags = pipelines.Coded(diags); diags.HasErrors() {
		return pipelines.Selection{}, diags
	}
	return pipelines.Selection(t), nil
}

// publicRows are the rows of a sealed file as comma-separated text.
func publicRows(ctx context.Context, f pipelines.SealedFile) (string, error) {
	s, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	defer s.Close()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(pipelines.Columns(s.Schema()))
	err = pipelines.Each(ctx, s, func(batch pipelines.Batch) error {
		defer batch.Release()
		for row := range int(batch.NumRows()) {
			cells := make([]string, batch.NumCols())
			for c := range cells {
				switch col := batch.Column(c); {
				case col.IsNull(row):
				case valueText(col, row) == "":
					cells[c] = `""`
				default:
					cells[c] = valueText(col, row)
				}
			}
			w.Write(cells)
		}
		return nil
	})
	w.Flush()
	return b.String(), err
}
