package cli

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) driftCmd() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "drift [folder or file]",
		Short: a.t("Compare what there is to read with what the pipelines declare", "Comparer ce qu'il y a à lire avec ce que déclarent les pipelines"),
		Long: a.t("Looks at the columns and the first rows of what each task would read, says what the vendor changed, and proposes the edit. Nothing is published, and no value is shown.",
			"Regarde les colonnes et les premières lignes de ce que chaque tâche lirait, dit ce que l'éditeur a changé, et propose la modification. Rien n'est publié, et aucune valeur n'est montrée."),
		Example: `  lavoir drift --group-by change
  lavoir drift --pipeline subventions --tenant '35*'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if by != "task" && by != "change" {
				return messages.BadFlag.With("flag", "--group-by", "wanted", "task, change")
			}
			p, err := a.load(args)
			if err != nil {
				return err
			}
			d := &drift{app: a, project: p, byTask: by == "task"}
			diags, err := pipelines.Drift(cmd.Context(), a.reg, &p.Project, a.flags.sel, a.options(), func(found pipelines.Drifted) bool {
				d.add(found)
				return true
			})
			if err != nil {
				return err
			}
			if err := a.diagnose(diags); err != nil {
				return err
			}
			return d.end()
		},
	}
	cmd.Flags().StringVar(&by, "group-by", "task", a.t("`what` is told one by one: task, or change, summed up over the tasks", "`ce` qui est dit un par un : task, ou change, en totalisant sur les tâches"))
	return a.selection(cmd)
}

// drift sums up what was found, a group for each source of a pipeline.
type drift struct {
	*app
	project *hclfile.Project
	byTask  bool
	groups  []*driftGroup // in the order of the plan
	counts  driftCounts
	tasks   []driftTaskJSON
	codes   []int // of the failures
}

type driftCounts struct {
	Tasks   int `json:"tasks"`
	Same    int `json:"as_declared"`
	Changed int `json:"changed"`
	Absent  int `json:"without_file"`
	Held    int `json:"held"`
	Failed  int `json:"failed"`
}

// driftGroup is what concerns one source of a pipeline, or of one of its variants.
type driftGroup struct {
	pipeline, variant, source string
	changes                   []*driftChange
	sets                      []*driftSet
}

// driftChange is one difference and who has it.
type driftChange struct {
	pipelines.Difference
	refusal        *messages.Error
	tenants, tasks int
	keys           []string
}

// driftSet are the differences that some tasks have together, as the first of them.
type driftSet struct {
	pipelines.Drifted
	key   string
	tasks int
}

type driftTaskJSON struct {
	pipelines.TaskID
	Variant string                 `json:"variant,omitempty"`
	Source  string                 `json:"source,omitempty"`
	Changes []pipelines.Difference `json:"changes,omitempty"`
	Problem string                 `json:"problem,omitempty"`
}

// add takes note of a task.
func (d *drift) add(found pipelines.Drifted) {
	d.counts.Tasks++
	task := driftTaskJSON{TaskID: found.Task.ID, Variant: found.Task.Variant, Source: found.Source, Changes: found.Differences}
	switch {
	case found.Held:
		d.counts.Held++
		return
	case found.Absent:
		d.counts.Absent++
		return
	case found.Err != nil:
		d.counts.Failed++
		d.codes = append(d.codes, pipelines.ExitCode(found.Err))
		task.Problem = d.oneLine(found.Err)
	case len(found.Differences) == 0:
		d.counts.Same++
		return
	default:
		d.counts.Changed++
		if found.Breaks() {
			d.codes = append(d.codes, pipelines.ExitRefused)
		}
		d.group(found)
	}
	d.tasks = append(d.tasks, task)
	if d.json() || !d.byTask && found.Err == nil {
		return
	}
	fmt.Fprintf(d.Out, "%s", found.Task.ID)
	if found.Task.Variant != "" {
		fmt.Fprintf(d.Out, "  (%s %s)", d.t("variant", "variante"), found.Task.Variant)
	}
	fmt.Fprintln(d.Out)
	if found.Err != nil {
		fmt.Fprintf(d.Out, "  %s\n", task.Problem)
	}
	for _, x := range found.Differences {
		fmt.Fprintf(d.Out, "  %s\n", d.line(x, found.Refusal))
	}
}

func (d *drift) group(found pipelines.Drifted) {
	id := found.Task.ID
	i := slices.IndexFunc(d.groups, func(g *driftGroup) bool {
		return g.pipeline == id.Pipeline && g.variant == found.Task.Variant && g.source == found.Source
	})
	if i < 0 {
		i = len(d.groups)
		d.groups = append(d.groups, &driftGroup{pipeline: id.Pipeline, variant: found.Task.Variant, source: found.Source})
	}
	g, key := d.groups[i], ""
	for _, x := range found.Differences {
		key += fmt.Sprintf("%q", x)
		k := slices.IndexFunc(g.changes, func(c *driftChange) bool { return c.Difference == x })
		if k < 0 {
			k = len(g.changes)
			g.changes = append(g.changes, &driftChange{Difference: x, refusal: found.Refusal})
		}
		c := g.changes[k]
		c.tasks++
		if n := len(c.keys); id.Tenant != "" && (n == 0 || c.keys[n-1] != id.Tenant) { // tasks of a tenant follow each other
			c.keys = append(c.keys, id.Tenant)
			c.tenants++
		}
	}
	k := slices.IndexFunc(g.sets, func(s *driftSet) bool { return s.key == key })
	if k < 0 {
		k = len(g.sets)
		g.sets = append(g.sets, &driftSet{Drifted: found, key: key})
	}
	g.sets[k].tasks++
}

// line says one difference.
func (d *drift) line(x pipelines.Difference, refusal *messages.Error) string {
	say := func(en, fr string, args ...any) string { return fmt.Sprintf(d.t(en, fr), args...) }
	name := messages.Visible(x.Name)
	switch x.Kind {
	case pipelines.FormatDiffers:
		return say("the file looks like `%s`, declared `%s`", "le fichier paraît être `%s`, déclaré `%s`", x.Is, x.Was)
	case pipelines.OptionDiffers:
		return say("`%s` is `%s`, declared `%s`", "`%s` est `%s`, déclaré `%s`", name, messages.Visible(x.Is), messages.Visible(x.Was))
	case pipelines.ColumnRenamed:
		return say("column `%s` renamed `%s`", "colonne `%s` renommée `%s`", name, messages.Visible(x.Is))
	case pipelines.TypeDiffers:
		if strings.HasPrefix(x.Is, "LAV-") {
			return say("column `%s`: most rows are not `%s` (%s)", "colonne `%s` : la plupart des lignes ne sont pas `%s` (%s)", name, x.Was, x.Is)
		}
		return say("column `%s` is `%s`, declared `%s`", "colonne `%s` : `%s`, déclarée `%s`", name, x.Is, x.Was)
	case pipelines.ColumnLacks:
		return say("column `%s` is missing", "la colonne `%s` manque", name)
	case pipelines.ColumnIsNew:
		return say("column `%s` is not declared", "la colonne `%s` n'est pas déclarée", name)
	case pipelines.NothingKnown:
		return say("none of the declared columns is there; columns that are: %s", "aucune des colonnes déclarées n'y est ; colonnes qui y sont : %s", x.Is)
	}
	if refusal == nil {
		return x.Is
	}
	return refusal.Code + ": " + oneLine(refusal.What(d.lang))
}

// shownKeys is how many tenants are named before they are only counted.
const shownKeys = 5

func (d *drift) end() error {
	type changeJSON struct {
		Pipeline string `json:"pipeline"`
		Variant  string `json:"variant,omitempty"`
		Source   string `json:"source"`
		pipelines.Difference
		What    string   `json:"what"`
		Tasks   int      `json:"tasks"`
		Count   int      `json:"tenants"`
		Tenants []string `json:"keys,omitempty"`
	}
	type editJSON struct {
		Pipeline string `json:"pipeline"`
		Variant  string `json:"variant,omitempty"`
		Source   string `json:"source"`
		Text     string `json:"text"`
	}
	changes, edits := []changeJSON{}, []editJSON{}
	for _, g := range d.groups {
		sort.SliceStable(g.changes, func(i, j int) bool { return g.changes[i].tasks > g.changes[j].tasks })
		for _, c := range g.changes {
			changes = append(changes, changeJSON{g.pipeline, g.variant, g.source, c.Difference, d.line(c.Difference, c.refusal), c.tasks, c.tenants, c.keys})
		}
		if text := d.edit(g); text != "" {
			edits = append(edits, editJSON{g.pipeline, g.variant, g.source, text})
		}
	}
	if d.json() {
		tasks := d.tasks
		if tasks == nil {
			tasks = []driftTaskJSON{}
		}
		if err := d.printJSON(map[string]any{"changes": changes, "edits": edits, "tasks": tasks, "counts": d.counts}); err != nil {
			return err
		}
		return d.code()
	}
	if !d.byTask {
		for _, g := range d.groups {
			d.printGroup(g)
		}
	}
	d.printCounts()
	for _, e := range edits {
		fmt.Fprintf(d.Out, "\n%s", e.Text)
	}
	return d.code()
}

func (d *drift) printGroup(g *driftGroup) {
	fmt.Fprintf(d.Out, "%s, %s", g.pipeline, g.source)
	if g.variant != "" {
		fmt.Fprintf(d.Out, " (%s %s)", d.t("variant", "variante"), g.variant)
	}
	fmt.Fprintln(d.Out)
	for _, c := range g.changes {
		who := d.count(c.tasks, "task", "tasks", "tâche", "tâches")
		if c.tenants > 0 {
			who = d.count(c.tenants, "tenant", "tenants", "collectivité", "collectivités")
		}
		fmt.Fprintf(d.Out, "  %s%s %s", who, d.colon(), d.line(c.Difference, c.refusal))
		if n := len(c.keys); n > 0 && n <= shownKeys {
			fmt.Fprintf(d.Out, " (%s)", messages.Visible(strings.Join(c.keys, ", ")))
		}
		fmt.Fprintln(d.Out)
	}
}

func (d *drift) printCounts() {
	parts := []string{d.count(d.counts.Tasks, "task", "tasks", "tâche", "tâches")}
	add := func(n int, en, un, plusieurs string) {
		if n > 0 {
			parts = append(parts, d.count(n, en, en, un, plusieurs))
		}
	}
	add(d.counts.Changed, "changed", "qui a changé", "qui ont changé")
	add(d.counts.Same, "as declared", "conforme à la déclaration", "conformes à la déclaration")
	add(d.counts.Absent, "without a file", "sans fichier", "sans fichier")
	add(d.counts.Held, "held: no authorization", "retenue : pas d'autorisation", "retenues : pas d'autorisation")
	add(d.counts.Failed, "not looked at", "non regardée", "non regardées")
	fmt.Fprintln(d.Out, strings.Join(parts, ", "))
}

// code is that of the failures, if they have one in common.
func (d *drift) code() error {
	if len(d.codes) == 0 {
		if d.counts.Tasks == 0 {
			return d.nothingSelected()
		}
		return nil
	}
	slices.Sort(d.codes)
	codes := slices.Compact(d.codes)
	switch {
	case len(codes) > 1:
		return exitError(pipelines.ExitFailed)
	case codes[0] == pipelines.ExitRefused && !d.json():
		return messages.DriftFound.With("count", d.counts.Changed, "of", d.counts.Tasks)
	}
	return exitError(codes[0])
}

// edit is what to write into the pipeline file for what the tasks of a group met: where
// names are all there is, those they have now, else a variant for what most of them read.
func (d *drift) edit(g *driftGroup) string {
	var b strings.Builder
	sort.SliceStable(g.sets, func(i, j int) bool { return g.sets[i].tasks > g.sets[j].tasks })
	var renamed []pipelines.Difference
	for _, c := range g.changes {
		if c.Kind == pipelines.ColumnRenamed {
			renamed = append(renamed, c.Difference)
		}
	}
	comment := func(en, fr string, args ...any) {
		fmt.Fprintf(&b, "# %s\n", oneLine(fmt.Sprintf(d.t(en, fr), args...)))
	}
	where := fmt.Sprintf(d.t("pipeline %q", "pipeline %q"), g.pipeline)
	if g.variant != "" {
		where += fmt.Sprintf(d.t(", variant %q", ", variante %q"), g.variant)
	}
	first := g.sets[0].Task
	if len(renamed) > 0 {
		known, has := map[string]string(nil), false
		format, isFile := formatOf(first)
		if isFile {
			var v any
			if v, has = format.Argument("aliases"); has {
				known, _ = v.(map[string]string)
			}
		}
		if has {
			comment("%s, %s: in format %q", "%s, %s : dans format %q", where, g.source, format.Component.Name)
			b.WriteString(aliasesText(known, renamed))
		} else {
			comment("%s, %s: declare the columns by their new names, and as the first step", "%s, %s : déclarez les colonnes sous leurs nouveaux noms, et comme première étape", where, g.source)
			b.WriteString("transform \"rename\" \"noms\" {\ncolumns = {\n")
			for _, r := range renamed {
				fmt.Fprintf(&b, "%s = %s\n", pipelines.GuessKey(r.Is), pipelines.GuessValue(r.Was))
			}
			b.WriteString("}\n}\n")
		}
	}
	for _, s := range g.sets {
		if !s.Breaks() || !slices.ContainsFunc(s.Differences, func(x pipelines.Difference) bool {
			return x.Kind != pipelines.ColumnRenamed && x.Kind != pipelines.ColumnIsNew
		}) {
			continue
		}
		d.variant(&b, comment, where, g, s)
		break
	}
	return string(hclfile.Format([]byte(b.String())))
}

// variant is the source of the set's tasks with what they read now.
func (d *drift) variant(b *strings.Builder, comment func(en, fr string, args ...any), where string, g *driftGroup, s *driftSet) {
	format, isFile := formatOf(s.Task)
	for _, x := range s.Differences {
		switch x.Kind {
		case pipelines.OtherwiseWrong:
			if s.Refusal != nil {
				comment("%s, %s: %s", "%s, %s : %s", where, g.source, s.Refusal.Remedy(d.lang))
				return
			}
			isFile = false
		case pipelines.FormatDiffers, pipelines.NothingKnown:
			isFile = false
		}
	}
	text := ""
	if isFile && len(s.Columns) > 0 {
		text = d.project.EditedSource(s.Task, func(body *hclwrite.Body) {
			var renamed []pipelines.Difference
			for _, x := range s.Differences {
				switch x.Kind {
				case pipelines.OptionDiffers:
					setRaw(body, x.Name, x.Is)
				case pipelines.ColumnRenamed:
					renamed = append(renamed, x)
				}
			}
			if len(renamed) > 0 {
				known, _ := format.Argument("aliases")
				aliases, _ := known.(map[string]string)
				setRaw(body, "aliases", strings.TrimPrefix(aliasesText(aliases, renamed), "aliases = "))
			}
			var columns strings.Builder
			columnsText(&columns, s.Columns)
			setRaw(body, "columns", strings.TrimPrefix(columns.String(), "columns = "))
		})
	}
	if text == "" {
		comment("%s, %s: lavoir guess FILE --against PROJECT --pipeline %s proposes a variant", "%s, %s : lavoir guess FICHIER --against PROJET --pipeline %s propose une variante", where, g.source, g.pipeline)
		return
	}
	comment("%s, %s: a variant for what is read now; with choose = \"by_contract\" in the pipeline, the file decides between it and the present source, which needs a variant of its own",
		"%s, %s : une variante pour ce qui est lu maintenant ; avec choose = \"by_contract\" dans le pipeline, le fichier décide entre elle et la source actuelle, qui a besoin de sa propre variante", where, g.source)
	for _, x := range s.Differences {
		switch {
		case x.Kind == pipelines.ColumnLacks:
			comment("column %q is missing: a transform of the variant has to make it", "la colonne %q manque : une transformation de la variante doit la faire", messages.Visible(x.Name))
		case x.Kind == pipelines.TypeDiffers && strings.HasPrefix(x.Is, "LAV-"):
			comment("column %q: write the type it has now", "colonne %q : écrivez le type qu'elle a maintenant", messages.Visible(x.Name))
		}
	}
	name := g.variant
	if name == "" {
		name = g.pipeline
	}
	fmt.Fprintf(b, "variant %q {\n%s\n}\n", name+"_2", strings.TrimSpace(text))
}

// setRaw sets an argument to what is written as a pipeline file has it.
func setRaw(body *hclwrite.Body, name, text string) {
	body.SetAttributeRaw(name, hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(strings.TrimSpace(text))}})
}
