package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// against compares the file with what a pipeline reads and proposes the least
// that makes the pipeline read it: nothing, aliases, or a variant.
func (a *app) against(p *proposal, project string) (string, error) {
	task, err := a.comparedTask(project)
	if err != nil {
		return "", err
	}
	format, ok := task.Chain.Source.Argument("format")
	built, isBuilt := format.(pipelines.Built)
	if !ok || !isBuilt {
		return "", messages.GuessAgainst.With("pipeline", task.ID.Pipeline)
	}
	c := compare(p, built)
	var b strings.Builder
	for _, line := range a.comparison(c, task.ID.Pipeline) {
		fmt.Fprintf(&b, "# %s\n", oneLine(line))
	}
	switch {
	case c.same():
	case c.aliasesDo():
		fmt.Fprintf(&b, "# %s\n", fmt.Sprintf(a.t("Add to format %q of pipeline %q:", "À ajouter dans format %q du pipeline %q :"), built.Component.Name, task.ID.Pipeline))
		b.WriteString(c.aliases())
	default:
		a.variantText(&b, p, task, c)
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

// changed is a thing that is one way in the pipeline and another in the file.
type changed struct{ name, was, is string }

// compared is what differs between a file and the format block of a pipeline.
type compared struct {
	guess   *pipelines.Guess
	format  changed
	options []changed // how the file is written
	renamed []changed // columns: the pipeline's name, the file's
	types   []changed // of columns that both have
	missing []string  // the pipeline declares them
	added   []string
	columns []pipelines.GuessColumn // of the variant, with the pipeline's names
}

// comparedOptions say how a file is written; one block has one value of each.
var comparedOptions = []string{"encoding", "repair", "delimiter", "quote", "header", "header_rows", "decimal", "thousands", "null", "trim",
	"skip_blank", "skip_footer", "skip_repeated_header", "duplicates", "sheet", "record"}

// harmless are those whose value in the pipeline reads the file too where the
// guess has no need of them.
var harmless = []string{"decimal", "thousands", "null", "trim", "skip_blank", "skip_repeated_header", "duplicates", "repair"}

func compare(p *proposal, block pipelines.Built) *compared {
	c := &compared{guess: p.Guess}
	if block.Component.Name != p.Format {
		c.format = changed{"format", block.Component.Name, p.Format}
	}
	guessed := map[string]string{}
	for _, o := range p.Options {
		guessed[o.Name] = o.Value
	}
	for _, name := range comparedOptions {
		was, has := block.Argument(name)
		if !has || c.format.is != "" {
			continue
		}
		is, needs := guessed[name]
		if !needs {
			if slices.Contains(harmless, name) {
				continue
			}
			def, _ := pipelines.Built{Config: block.Component.New()}.Argument(name)
			is = pipelines.GuessValue(def)
		}
		if text := pipelines.GuessValue(was); text != is {
			c.options = append(c.options, changed{name, text, is})
		}
	}
	c.compareColumns(p, block)
	return c
}

func (c *compared) compareColumns(p *proposal, block pipelines.Built) {
	declared, _ := block.Argument("columns")
	wanted, _ := declared.([]pipelines.ColumnDecl)
	known, _ := block.Argument("aliases")
	aliases, _ := known.(map[string]string)
	loose, _ := block.Argument("names")
	free := slices.Clone(p.Columns)
	take := func(match func(pipelines.GuessColumn) bool) (pipelines.GuessColumn, bool) {
		i := slices.IndexFunc(free, match)
		if i < 0 {
			return pipelines.GuessColumn{}, false
		}
		col := free[i]
		free = slices.Delete(free, i, i+1)
		return col, true
	}
	var left []pipelines.ColumnDecl
	for _, w := range wanted {
		if col, ok := take(func(g pipelines.GuessColumn) bool { return g.Name == w.Name }); ok {
			c.pair(w, col)
			continue
		}
		col, ok := take(func(g pipelines.GuessColumn) bool {
			return isAlias(aliases, g.Name, w.Name) || loose == "loose" && scalar.Fold(g.Name) == scalar.Fold(w.Name)
		})
		if ok {
			c.pair(w, col)
			continue
		}
		left = append(left, w)
	}
	for _, w := range left {
		best, score := "", 0.0
		for _, g := range free {
			if s := likeness(w.Name, g.Name); s > score {
				best, score = g.Name, s
			}
		}
		if score < enoughLikeness {
			c.missing = append(c.missing, w.Name)
			continue
		}
		col, _ := take(func(g pipelines.GuessColumn) bool { return g.Name == best })
		c.renamed = append(c.renamed, changed{"column", w.Name, col.Name})
		c.pair(w, col)
	}
	for _, g := range free {
		if len(wanted) > 0 {
			c.added = append(c.added, g.Name)
		}
	}
}

func isAlias(aliases map[string]string, name, column string) bool {
	for alias, to := range aliases {
		if to == column && scalar.Fold(alias) == scalar.Fold(name) {
			return true
		}
	}
	return false
}

// pair keeps the pipeline's type of a column, but for how its dates are written.
func (c *compared) pair(w pipelines.ColumnDecl, col pipelines.GuessColumn) {
	was, is := declaredType(w.ColumnType), col.Type
	kind, _, _ := strings.Cut(is, "(")
	wasKind, _, _ := strings.Cut(was, "(")
	if c.reads(wasKind, kind, was, is) {
		is = was
	} else {
		c.types = append(c.types, changed{w.Name, was, is})
	}
	c.columns = append(c.columns, pipelines.GuessColumn{Name: w.Name, Type: is})
}

// reads says whether the type of the pipeline reads what the file's column holds.
func (c *compared) reads(wasKind, kind, was, is string) bool {
	switch {
	case was == is, wasKind == "text":
		return true
	case wasKind == kind:
		return kind == "decimal" && scaleOf(was) >= scaleOf(is)
	case kind == "int64" && (wasKind == "decimal" || wasKind == "int32" || wasKind == "float64"):
		return true
	case kind == "decimal" && wasKind == "float64":
		return true
	}
	return false
}

func scaleOf(decimal string) int {
	_, scale, _ := strings.Cut(strings.TrimSuffix(decimal, ")"), ",")
	n, _ := strconv.Atoi(strings.TrimSpace(scale))
	return n
}

// declaredType writes a type as a pipeline file does.
func declaredType(t pipelines.ColumnType) string {
	name := t.Name()
	switch {
	case t.Zone != "":
		return fmt.Sprintf("%s(%q, %q)", name, t.Format, t.Zone)
	case t.Format != "" && t.Format != "YYYY-MM-DD":
		return fmt.Sprintf("%s(%q)", name, t.Format)
	}
	return name
}

// enoughLikeness is how much of two names must be the same for one to be the
// other's new name.
const enoughLikeness = 0.6

// likeness is 1 for names that differ in case, accents and punctuation alone, and
// less by the letters that one must change to be the other.
func likeness(a, b string) float64 {
	x, y := []rune(scalar.Fold(a)), []rune(scalar.Fold(b))
	long, short := max(len(x), len(y)), min(len(x), len(y))
	if short == 0 {
		return 0
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before := row[0]
		row[0] = i + 1
		for j := range y {
			cost := before
			if x[i] != y[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	score := 1 - float64(row[len(y)])/float64(long)
	if short >= 4 && (strings.Contains(string(x), string(y)) || strings.Contains(string(y), string(x))) {
		score = max(score, 0.7)
	}
	return score
}

func (c *compared) same() bool {
	return c.format.is == "" && len(c.options)+len(c.renamed)+len(c.types)+len(c.missing) == 0
}

// aliasesDo says whether other names are all there is to say.
func (c *compared) aliasesDo() bool {
	return c.format.is == "" && len(c.options)+len(c.types)+len(c.missing) == 0 && len(c.renamed) > 0
}

func (c *compared) aliases() string {
	if len(c.renamed) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("aliases = {\n")
	for _, r := range c.renamed {
		fmt.Fprintf(&b, "%s = %s\n", pipelines.GuessKey(r.is), pipelines.GuessValue(r.was))
	}
	return b.String() + "}\n"
}

// comparison says what differs, one line each.
func (a *app) comparison(c *compared, pipeline string) (lines []string) {
	say := func(en, fr string, args ...any) { lines = append(lines, fmt.Sprintf(a.t(en, fr), args...)) }
	if c.same() {
		say("pipeline %q reads this file as it is", "le pipeline %q lit ce fichier tel quel", pipeline)
	}
	if c.format.is != "" {
		say("format: %s, was %s", "format : %s, était %s", c.format.is, c.format.was)
	}
	for _, o := range c.options {
		say("%s: %s, was %s", "%s : %s, était %s", o.name, o.is, o.was)
	}
	for _, r := range c.renamed {
		say("column %q is called %q", "la colonne %q s'appelle %q", messages.Visible(r.was), messages.Visible(r.is))
	}
	for _, t := range c.types {
		say("column %q: %s, was %s", "colonne %q : %s, était %s", messages.Visible(t.name), t.is, t.was)
	}
	for _, name := range c.missing {
		say("column %q is not in the file: a transform of the variant has to make it", "la colonne %q n'est pas dans le fichier : une transformation de la variante doit la faire", messages.Visible(name))
	}
	for _, name := range c.added {
		say("column %q is new", "la colonne %q est nouvelle", messages.Visible(name))
	}
	return lines
}

// variantText is a variant that reads the file.
func (a *app) variantText(b *strings.Builder, p *proposal, task *pipelines.Task, c *compared) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("variant %s {", strconv.Quote(p.name))
	line("when = false # %s", a.t("to be written: which tenants have this export", "à écrire : quelles collectivités ont cet export"))
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
	b.WriteString(c.aliases())
	if len(c.columns) > 0 {
		columnsText(b, c.columns)
	} else {
		columnsText(b, p.Columns)
	}
	line("}\n}\n}")
}
