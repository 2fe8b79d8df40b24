package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) privacyCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "privacy",
		Short: a.t("Work on privacy policies", "Travailler sur les politiques de confidentialité"),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.exploreCmd(), a.reviewCmd(), a.pageCmd(), a.reportCmd())
	return cmd
}

// exploredModel is what the command line says of the model.
type exploredModel struct {
	k           int
	suppression float64
	metric      string
	given       *pflag.FlagSet
}

var exploredMetrics = []string{"loss", "discernibility", "class-size", "entropy"}

func (a *app) exploreCmd() *cobra.Command {
	var policy string
	m := exploredModel{}
	cmd := &cobra.Command{
		Use:   "explore file",
		Short: a.t("Say what a policy's record model would cost a file", "Dire ce que le modèle d'une politique coûterait à un fichier"),
		Long: a.t("Reads the whole file and publishes nothing: the risks as it stands, the levels that lose least, the cheapest other levels, and what each quasi-identifier costs; of search = \"mondrian\", which has no levels, the groups and what each column loses; of microaggregate, the variance that its means lose. Where nothing fits (exit code 4): why, and what would, of the arguments of the model and without each quasi-identifier. What approvers accepted of this policy, where it lies in a project, is named and not applied. The file is read as the source block of the policy file says, whatever its path and connection, else as guess finds. No value of the file is shown.",
			"Lit tout le fichier et ne publie rien : les risques tel qu'il est, les niveaux qui font perdre le moins, les autres niveaux les moins coûteux, et ce que coûte chaque quasi-identifiant ; de search = \"mondrian\", qui n'a pas de niveaux, les groupes et ce que perd chaque colonne ; de microaggregate, la variance que ses moyennes font perdre. Là où rien ne convient (code de sortie 4) : pourquoi, et ce qui conviendrait, pour chaque argument du modèle et sans chaque quasi-identifiant. Ce que des approbateurs ont accepté pour cette politique, là où elle se trouve dans un projet, est nommé et non appliqué. Le fichier est lu comme le dit le bloc source du fichier de la politique, quels qu'y soient le chemin et la connexion, à défaut comme guess le trouve. Aucune valeur du fichier n'est montrée."),
		Example: `  lavoir privacy explore depot/agents.csv --policy agents.hcl
  lavoir privacy explore depot/agents.csv --policy agents.hcl --k 10 --suppression 0.02 --output json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m.given = cmd.Flags()
			return a.explore(cmd.Context(), args[0], policy, m)
		},
	}
	f := cmd.Flags()
	f.StringVar(&policy, "policy", "", a.t("`file` with one privacy block, and perhaps one source block", "`fichier` avec un bloc privacy, et peut-être un bloc source"))
	f.IntVar(&m.k, "k", 5, a.t("`rows` of a class, at least; of the policy unless given", "`lignes` d'un groupe, au moins ; celles de la politique à défaut"))
	f.Float64Var(&m.suppression, "suppression", 0.05, a.t("`part` of the rows that may be suppressed, from 0 to 1; of the policy unless given", "`part` des lignes qui peuvent être supprimées, de 0 à 1 ; celle de la politique à défaut"))
	f.StringVar(&m.metric, "metric", "loss", a.t("`measure` made least: loss, discernibility, class-size or entropy; of the policy unless given", "`mesure` rendue minimale : loss, discernibility, class-size ou entropy ; celle de la politique à défaut"))
	return cmd
}

// exploredPipeline is the name of the pipeline that is made around the file.
const exploredPipeline = "explore"

func (a *app) explore(ctx context.Context, file, policy string, m exploredModel) error {
	switch {
	case policy == "":
		return messages.FlagMissing.With("flag", "--policy", "example", "agents.hcl")
	case m.k < 2:
		return messages.BadFlag.With("flag", "--k", "wanted", "2, 3, 4, …")
	case !(m.suppression >= 0 && m.suppression <= 1):
		return messages.BadFlag.With("flag", "--suppression", "wanted", "0 … 1")
	case !slices.Contains(exploredMetrics, m.metric):
		return messages.BadFlag.With("flag", "--metric", "wanted", strings.Join(exploredMetrics, ", "))
	}
	dir, err := os.MkdirTemp("", "lavoir-explore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	project, err := a.explored(ctx, file, policy, dir, m)
	if err != nil {
		return err
	}
	project.State = filepath.Join(dir, "state") // nothing of it is kept
	var task *pipelines.Task
	sel := pipelines.Selection{Pipeline: exploredPipeline}
	if err := a.diagnose(project.Tasks(sel, func(t pipelines.Task) bool { task = &t; return false })); err != nil {
		return err
	}
	x, err := pipelines.ExploreTask(ctx, &project.Project, *task, a.options())
	if err != nil {
		return err
	}
	a.exploredAccepted(x, policy, *task)
	switch {
	case a.json():
		err = a.exploredJSON(x)
	case x.Search == "microaggregate":
		err = a.exploredMeans(x)
	case x.Refused != nil:
		err = a.exploredRefused(x)
	default:
		err = a.exploration(x)
	}
	if err == nil && x.Refused != nil {
		err = x.Refused.Err // a run would end so
	}
	return err
}

// explored is the project of the policy's file with a pipeline that reads the file.
func (a *app) explored(ctx context.Context, file, policy, dir string, m exploredModel) (*hclfile.Project, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(full); err != nil {
		return nil, messages.GuessNoFile.With("file", file, "why", pipelines.Unreadable(err))
	} else if st.IsDir() {
		return nil, messages.GuessFolder.With("file", file)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, messages.GuessNoFile.With("file", file, "why", pipelines.Unreadable(err))
	}
	f.Close()
	text, err := os.ReadFile(policy)
	if err != nil {
		return nil, messages.PolicyUnreadable.With("file", policy, "why", pipelines.Unreadable(err))
	}
	name := filepath.ToSlash(filepath.Clean(policy))
	e, diags := exploredPolicy(text, name, m)
	extra := map[string][]byte{}
	if !diags.HasErrors() {
		switch {
		case len(e.policies) != 1 || len(e.sources) > 1:
			return nil, messages.PolicyBlocks.With("file", policy, "policies", len(e.policies), "sources", len(e.sources))
		case len(e.sources) == 1 && e.sources[0] != "file":
			return nil, messages.PolicySource.With("file", policy, "type", e.sources[0])
		case len(e.sources) == 0:
			if e.source, err = a.exploredSource(ctx, file, dir); err != nil {
				return nil, err
			}
		}
		extra[name] = e.text
		extra["explore.hcl"] = exploredText(e.source, e.policies[0], full)
	}
	p, diags := hclfile.Load(policy, a.reg, hclfile.Options{Environ: os.Environ(), Now: time.Now, Extra: extra})
	a.project = p
	if len(extra) == 0 && !diags.HasErrors() {
		return nil, messages.PolicyUnreadable.With("file", policy, "why", "it is not in native syntax")
	}
	return p, a.diagnose(diags)
}

// exploredFile is the policy's file as it is explored: the source block is taken out
// of it, and what the command line says of the model is in it.
type exploredFile struct {
	text     []byte
	policies []string // names
	sources  []string // types
	source   string   // what stands in the source block, but for where the file is
}

func exploredPolicy(text []byte, name string, m exploredModel) (e exploredFile, diags hcl.Diagnostics) {
	f, diags := hclwrite.ParseConfig(bytes.TrimPrefix(text, []byte("\uFEFF")), name, hcl.InitialPos)
	if diags.HasErrors() {
		return e, diags
	}
	for _, b := range f.Body().Blocks() {
		labels := b.Labels()
		switch {
		case b.Type() == "privacy" && len(labels) == 1:
			e.policies = append(e.policies, labels[0])
			m.write(b.Body())
		case b.Type() == "source" && len(labels) == 2:
			e.sources = append(e.sources, labels[0])
			e.source = withoutPlace(b.Body())
		}
	}
	e.text = f.Bytes()
	again, diags := hclsyntax.ParseConfig(e.text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return e, diags
	}
	for _, b := range again.Body.(*hclsyntax.Body).Blocks {
		if r := b.Range(); b.Type == "source" { // what follows keeps its line
			block := e.text[r.Start.Byte:r.End.Byte]
			e.text = slices.Concat(e.text[:r.Start.Byte], blank(block), e.text[r.End.Byte:])
		}
	}
	return e, nil
}

// blank is spaces in place of all but the ends of lines.
func blank(text []byte) []byte {
	out := bytes.Repeat([]byte(" "), len(text))
	for i, c := range text {
		if c == '\n' {
			out[i] = c
		}
	}
	return out
}

// write puts what the command line says into the policy's model, and its defaults
// into one that the policy lacks.
func (m exploredModel) write(policy *hclwrite.Body) {
	if m.given == nil { // the policy is taken as it is
		return
	}
	old := policy.FirstMatchingBlock("model", nil)
	if old == nil && m.unasked() && withoutModel(policy) {
		return
	}
	given := map[string]cty.Value{}
	for _, f := range []struct {
		flag, argument string
		value          cty.Value
	}{
		{"k", "k", cty.NumberIntVal(int64(m.k))},
		{"suppression", "suppression_limit", cty.NumberFloatVal(m.suppression)},
		{"metric", "metric", cty.StringVal(m.metric)},
	} {
		if old == nil || m.given.Changed(f.flag) {
			given[f.argument] = f.value
		}
	}
	if len(given) == 0 {
		return
	}
	kept := map[string]hclwrite.Tokens{}
	if old != nil { // it may stand on one line, which takes no other argument
		for name, attr := range old.Body().Attributes() {
			kept[name] = attr.Expr().BuildTokens(nil)
		}
		policy.RemoveBlock(old)
	}
	body := policy.AppendNewBlock("model", nil).Body()
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		body.SetAttributeRaw(name, kept[name])
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		body.SetAttributeValue(name, given[name])
	}
}

// withoutPlace is what stands in a source block, but for where the file is.
func withoutPlace(source *hclwrite.Body) string {
	source.RemoveAttribute("connection")
	source.RemoveAttribute("path")
	return string(source.BuildTokens(nil).Bytes())
}

// exploredSource is what stands in a source block that reads the file, as guess finds.
func (a *app) exploredSource(ctx context.Context, file, dir string) (string, error) {
	mem := memory.NewGoAllocator()
	env := pipelines.Env{Allocator: mem, Log: a.log(), Now: time.Now, Dir: dir, Spool: pipelines.NewSpool(dir, mem, guessSpool),
		Hide: func(string) string { return guessed }}
	p, err := a.guessFile(ctx, env, file, "")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	a.sourceText(&b, p)
	f, diags := hclwrite.ParseConfig([]byte(b.String()), guessed, hcl.InitialPos)
	if diags.HasErrors() {
		return "", diags
	}
	return withoutPlace(f.Body().Blocks()[0].Body()), nil
}

// exploredText is a pipeline that reads the file under the policy, and loads nothing.
func exploredText(source, policy, file string) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("connection \"local\" %q {\npath = %s\n}", exploredPipeline, pipelines.GuessValue(filepath.ToSlash(filepath.Dir(file))))
	line("pipeline %q {", exploredPipeline)
	line("source \"file\" \"file\" {\nconnection = connection.local.%s\npath = %s", exploredPipeline, pipelines.GuessValue(plainPath(filepath.Base(file))))
	line("%s\n}", source)
	use := "privacy." + policy
	if !hclsyntax.ValidIdentifier(policy) {
		use = "privacy[" + pipelines.GuessValue(policy) + "]"
	}
	line("privacy {\nuse = %s\n}\n}", use)
	return b.Bytes()
}

// exploredBefore prints what was asked of which rows, and their risks.
func (a *app) exploredBefore(x *pipelines.Exploration) {
	line := a.exploredLine
	line("%s, suppression_limit = %s, metric = %s; %d rows", "%s, suppression_limit = %s, metric = %s ; %d lignes",
		strings.Join(asked(x.Model), ", "), argument(x.Model.Suppression), x.Model.Metric, x.Rows)
	if x.Rejected > 0 {
		line("rows that cannot be read, and are in none of these figures: %d", "lignes qui ne se lisent pas, et ne sont dans aucun de ces chiffres : %d", x.Rejected)
	}
	line("\nAs it stands:", "\nTel quel :")
	a.exploredExposure(x.Before)
}

func (a *app) exploredExposure(e pipelines.Exposure) {
	a.exposed(fmt.Sprintf(a.t("classes %d, smallest %d, rows alone %d", "groupes %d, le plus petit %d, lignes seules %d"), e.Classes, e.Smallest, e.Uniques), e)
}

// exploration prints what was found.
func (a *app) exploration(x *pipelines.Exploration) error {
	line := a.exploredLine
	a.exploredBefore(x)
	if x.NoLevels {
		return a.exploredGroups(x)
	}
	line("\nOptimum:", "\nOptimum :")
	line("  score %s, suppressed %d, classes %d", "  score %s, supprimées %d, groupes %d", a.score(x.Optimum.Score), x.Optimum.Suppressed, x.Optimum.Classes)
	for j, name := range x.Columns {
		line("  %s: level %d of %d%s", "  %s : niveau %d sur %d%s", messages.Visible(name), x.Optimum.Levels[j], x.Heights[j], levelName(x, j, x.Optimum.Levels[j]))
	}
	a.exploredPersons(x)
	line("\nAt the optimum:", "\nÀ l'optimum :")
	a.exploredExposure(x.After)
	a.exploredGate(x)
	line("\nCheapest other levels:", "\nAutres niveaux les moins coûteux :")
	w := tabwriter.NewWriter(a.Out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(w, a.t("  column\tlevel\tscore\tsuppressed\tclasses", "  colonne\tniveau\tscore\tsupprimées\tgroupes"))
	for _, c := range x.Alternatives {
		for j, level := range c.Levels {
			if level != x.Optimum.Levels[j] {
				fmt.Fprintf(w, "  %s\t%d%s\t%s\t%d\t%d\n", messages.Visible(x.Columns[j]), level, levelName(x, j, level), a.score(c.Score), c.Suppressed, c.Classes)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	line("\nWhat each column costs (score, suppressed):", "\nCe que coûte chaque colonne (score, supprimées) :")
	fmt.Fprintln(w, a.t("  column\twithout it\t\tat its least level", "  colonne\tsans elle\t\tà son niveau le plus fin"))
	for _, c := range x.Costs {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %s\t%s\t%s", messages.Visible(c.Column), a.cost(c.Without), a.cost(c.Kept)), "\t"))
	}
	return w.Flush()
}

func (a *app) cost(c *pipelines.Choice) string {
	if c == nil {
		return "impossible" + "\t"
	}
	return a.score(c.Score) + "\t" + strconv.FormatInt(c.Suppressed, 10)
}

// argument is a number as a pipeline file has it, in any language.
func argument(x float64) string { return strconv.FormatFloat(x, 'g', 10, 64) }

func (a *app) score(x float64) string { return a.decimal(argument(x)) }

func (a *app) risk(x float64) string { return a.decimal(strconv.FormatFloat(x, 'f', 4, 64)) }

// levelName is the name of a level as it follows its number.
func levelName(x *pipelines.Exploration, column, level int) string {
	if name := x.LevelNames[column][level]; name != "" {
		return " (" + messages.Visible(name) + ")"
	}
	return ""
}
