package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// against compares the file with what a pipeline reads and proposes the least
// that makes the pipeline read it: nothing, aliases, or a variant.
func (a *app) against(p *proposal, project string) (string, error) {
	first, err := a.comparedTask(project)
	if err != nil {
		return "", err
	}
	task, c, err := a.nearest(p, first)
	if err != nil {
		return "", err
	}
	block, _ := formatOf(*task)
	var b strings.Builder
	for _, line := range a.comparison(c, task.ID.Pipeline) {
		fmt.Fprintf(&b, "# %s\n", oneLine(line))
	}
	switch {
	case c.Only():
	case c.Only(pipelines.ColumnRenamed):
		fmt.Fprintf(&b, "# %s\n", fmt.Sprintf(a.t("Add to format %q of pipeline %q:", "À ajouter dans format %q du pipeline %q :"), block.Component.Name, task.ID.Pipeline))
		b.WriteString(aliasesText(nil, c.Of(pipelines.ColumnRenamed)))
	default:
		a.variantText(&b, p, task, c, len(first.Candidates) > 0)
	}
	return string(hclfile.Format([]byte(b.String()))), nil
}

// comparedTask is the first task of the pipeline to compare with.
func (a *app) comparedTask(project string) (*pipelines.Task, error) {
	loaded, err := a.load([]string{project})
	if err != nil {
		return nil, err
	}
	if names := loaded.PipelineNames(); a.flags.sel.Pipeline == "" && len(names) > 1 {
		return nil, messages.GuessManyPipelines.With("pipelines", strings.Join(names, ", "))
	}
	var task *pipelines.Task
	if err := a.diagnose(loaded.Tasks(a.flags.sel, func(t pipelines.Task) bool { task = &t; return false })); err != nil {
		return nil, err
	}
	if task == nil {
		return nil, messages.GuessAgainst.With("pipeline", a.flags.sel.Pipeline)
	}
	return task, nil
}

// nearest is the task, of those that the pipeline's may be, that differs least from the
// file, and how.
func (a *app) nearest(p *proposal, task *pipelines.Task) (*pipelines.Task, *pipelines.Comparison, error) {
	may := task.Candidates
	if len(may) == 0 {
		may = []pipelines.Task{*task}
	}
	var best *pipelines.Comparison
	for i := range may {
		block, ok := formatOf(may[i])
		if !ok {
			return nil, nil, messages.GuessAgainst.With("pipeline", task.ID.Pipeline)
		}
		c := pipelines.Compare(p.Guess, block, nil)
		if best == nil || len(c.Differences) < len(best.Differences) {
			best, task = c, &may[i]
		}
	}
	return task, best, nil
}

// formatOf is the format block of a task's source.
func formatOf(t pipelines.Task) (pipelines.Built, bool) {
	v, _ := t.Chain.Source.Argument("format")
	block, ok := v.(pipelines.Built)
	return block, ok
}

// comparison says what differs, one line each.
func (a *app) comparison(c *pipelines.Comparison, pipeline string) (lines []string) {
	if c.Only() {
		lines = append(lines, fmt.Sprintf(a.t("pipeline %q reads this file as it is", "le pipeline %q lit ce fichier tel quel"), pipeline))
	}
	for _, d := range c.Differences {
		lines = append(lines, a.difference(d))
	}
	return lines
}

// difference says one thing that differs.
func (a *app) difference(d pipelines.Difference) string {
	say := func(en, fr string, args ...any) string { return fmt.Sprintf(a.t(en, fr), args...) }
	name := messages.Visible(d.Name)
	switch d.Kind {
	case pipelines.FormatDiffers, pipelines.OptionDiffers:
		return say("%s: %s, was %s", "%s : %s, était %s", name, d.Is, d.Was)
	case pipelines.ColumnRenamed:
		return say("column %q is called %q", "la colonne %q s'appelle %q", name, messages.Visible(d.Is))
	case pipelines.TypeDiffers:
		return say("column %q: %s, was %s", "colonne %q : %s, était %s", name, d.Is, d.Was)
	case pipelines.ColumnLacks:
		return say("column %q is not in the file: a transform of the variant has to make it", "la colonne %q n'est pas dans le fichier : une transformation de la variante doit la faire", name)
	}
	return say("column %q is new", "la colonne %q est nouvelle", name)
}

// aliasesText is the argument that names columns by what the file calls them, besides
// those that the block has.
func aliasesText(known map[string]string, renamed []pipelines.Difference) string {
	if len(known)+len(renamed) == 0 {
		return ""
	}
	all := maps.Clone(known)
	if all == nil {
		all = map[string]string{}
	}
	names := slices.Sorted(maps.Keys(known))
	for _, r := range renamed {
		if _, has := all[r.Is]; !has {
			names = append(names, r.Is)
		}
		all[r.Is] = r.Was
	}
	var b strings.Builder
	b.WriteString("aliases = {\n")
	for _, name := range names {
		fmt.Fprintf(&b, "%s = %s\n", pipelines.GuessKey(name), pipelines.GuessValue(all[name]))
	}
	return b.String() + "}\n"
}

// variantText is a variant that reads the file. It needs no condition where what is
// read decides.
func (a *app) variantText(b *strings.Builder, p *proposal, task *pipelines.Task, c *pipelines.Comparison, decided bool) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("variant %s {", strconv.Quote(p.name))
	if !decided {
		line("when = false # %s", a.t("to be written: which tenants have this export; or choose = \"by_contract\" in the pipeline, and what is read decides",
			"à écrire : quelles collectivités ont cet export ; ou choose = \"by_contract\" dans le pipeline, et ce qui est lu décide"))
	}
	line("source \"file\" %s {", strconv.Quote(task.Chain.Source.Label))
	if connection, ok := task.Chain.Source.Argument("connection"); ok {
		line("connection = %v", connection)
	}
	line("path = %s", pipelines.GuessValue(plainPath(filepath.Base(p.path))))
	for _, u := range p.unpack {
		line("%s %s {", u.Type, strconv.Quote(u.Label))
		for _, o := range u.Options {
			line("%s = %s", o.Name, o.Value)
		}
		line("}")
	}
	line("format %s {", strconv.Quote(p.Format))
	for _, o := range p.Options {
		line("%s = %s", o.Name, o.Value)
	}
	b.WriteString(aliasesText(nil, c.Of(pipelines.ColumnRenamed)))
	if len(c.Columns) > 0 {
		columnsText(b, c.Columns)
	} else {
		columnsText(b, p.Columns)
	}
	line("}\n}\n}")
}
