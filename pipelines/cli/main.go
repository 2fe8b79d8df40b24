// Package cli is the command: its verbs, what they print, and the exit codes.
// It is the only package that prints or exits. A binary of one's own is
// cli.Main with a registry of one's own components.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Main runs the command with the components of the registry and exits.
func Main(reg *pipelines.Registry) {
	noCoreDump()
	// The first interrupt lets every task stop and clean up; the second kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	os.Exit(Run(ctx, reg, os.Args[1:], Streams{os.Stdin, os.Stdout, os.Stderr}))
}

// Streams are where the command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run runs the command once and gives its exit code.
func Run(ctx context.Context, reg *pipelines.Registry, args []string, io Streams) int {
	args = longFlags(args)
	io.Out, io.Err = visible{io.Out}, visible{io.Err}
	a := &app{reg: reg, Streams: io, lang: language(os.Getenv)}
	a.asked(args)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return a.exit
	}
	var done exitError
	if errors.As(err, &done) {
		return int(done)
	}
	if m := messages.Find(err); m == nil && !errors.Is(err, context.Canceled) && cmd != nil && a.project == nil && !a.started {
		// a mistake in the command line itself
		a.say(misused(err, cmd))
		return pipelines.ExitLanguage
	}
	a.problem(err)
	return pipelines.ExitCode(err)
}

// misused says what the library finds wrong with a command line.
func misused(err error, cmd *cobra.Command) *messages.Error {
	what, meant, several := strings.Cut(err.Error(), "\n") // what was meant follows, a name a line
	if names := strings.Fields(meant); several && len(names) > 0 {
		what += "; did you mean " + names[len(names)-1] + "?"
	}
	if rest, unknown := strings.CutPrefix(what, `unknown command "`); unknown && !several {
		var verbs []string
		for _, verb := range cmd.Commands() {
			verbs = append(verbs, verb.Name())
		}
		wrong, _, _ := strings.Cut(rest, `"`)
		if meant := pipelines.Nearest(wrong, verbs); meant != "" {
			what += "; did you mean " + meant + "?"
		}
	}
	if wrong, unknown := strings.CutPrefix(what, "unknown flag: --"); unknown {
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		if meant := pipelines.Nearest(wrong, flags); meant != "" {
			flag := "--" + meant
			what += "; did you mean " + flag + "?"
		}
	}
	what, _, _ = strings.Cut(what, ": strconv.") // how Go reads a number tells nobody more
	return messages.Usage.With("what", what, "command", cmd.CommandPath())
}

// longFlags lets -var stand for --var: both forms are usual, and no flag of one
// letter takes a value.
func longFlags(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

// asked is the language of the command line, known before the flags are read:
// help, and what is said of a wrong flag, is in that language too.
func (a *app) asked(args []string) {
	for i, arg := range args {
		lang, ok := strings.CutPrefix(arg, "--lang=")
		if !ok && arg == "--lang" && i+1 < len(args) {
			lang = args[i+1]
		}
		if l := messages.Lang(lang); l == messages.English || l == messages.French {
			a.lang = l
		}
	}
}

// exitError ends the command with a code after everything was said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func exitWith(code int) error {
	if code == 0 {
		return nil
	}
	return exitError(code)
}

// app is one run of the command.
type app struct {
	Streams
	reg     *pipelines.Registry
	lang    messages.Lang
	project *hclfile.Project
	started bool // the command line was understood
	exit    int
	extra   map[string][]byte // files read besides the project's

	flags struct {
		lang, output, logLevel, logFormat string
		vars                              []string
		varFiles                          []string
		sel                               pipelines.Selection
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "lavoir",
		Short:         a.t("Publish open data from municipal software: exact, private, atomic", "Publier les données ouvertes des logiciels de mairie : exact, privé, atomique"),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.start()
		},
	}
	cobra.MousetrapHelpText = ""
	f := root.PersistentFlags()
	f.StringVar(&a.flags.lang, "lang", "", a.t("`language` of messages: en or fr", "`langue` des messages : en ou fr"))
	f.StringVar(&a.flags.output, "output", "text", a.t("`form` of what is printed: text or json", "`forme` de ce qui est affiché : text ou json"))
	f.StringVar(&a.flags.logLevel, "log-level", "warn", a.t("`level` of the log on standard error: trace, debug, info, warn or error", "`niveau` du journal, sur la sortie d'erreur : trace, debug, info, warn ou error"))
	f.StringVar(&a.flags.logFormat, "log-format", "text", a.t("`form` of the log: text or json", "`forme` du journal : text ou json"))
	root.CompletionOptions.DisableDefaultCmd = false
	root.AddCommand(
		a.initCmd(), a.validateCmd(), a.planCmd(), a.previewCmd(), a.runCmd(), a.testCmd(), a.verifyCmd(), a.describeCmd(),
		a.guessCmd(), a.privacyCmd(), a.subjectCmd(), a.driftCmd(), a.fmtCmd(), a.acceptCmd(), a.registerCmd(), a.schemaCmd(), a.doctorCmd(), a.purgeCmd(), a.selftestCmd(), a.versionCmd(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" { // a misspelt verb is a mistake here too
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error {
				verb, _, err := root.Find(args)
				if err != nil {
					return misused(err, root)
				}
				verb.InitDefaultHelpFlag()
				return verb.Help()
			}
		}
	}
	if a.lang == messages.French {
		inFrench(root)
	}
	return root
}

// start checks the flags every verb has.
func (a *app) start() error {
	switch a.flags.lang {
	case "":
	case "en", "fr":
		a.lang = messages.Lang(a.flags.lang)
	default:
		return messages.BadFlag.With("flag", "--lang", "wanted", "en, fr")
	}
	if a.flags.output != "text" && a.flags.output != "json" {
		return messages.BadFlag.With("flag", "--output", "wanted", "text, json")
	}
	if hclog.LevelFromString(a.flags.logLevel) == hclog.NoLevel {
		return messages.BadFlag.With("flag", "--log-level", "wanted", "trace, debug, info, warn, error")
	}
	if a.flags.logFormat != "text" && a.flags.logFormat != "json" {
		return messages.BadFlag.With("flag", "--log-format", "wanted", "text, json")
	}
	a.started = true
	return nil
}

func (a *app) t(en, fr string) string {
	if a.lang == messages.French {
		return fr
	}
	return en
}

func (a *app) json() bool { return a.flags.output == "json" }

func (a *app) log() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "lavoir", Level: hclog.LevelFromString(a.flags.logLevel), Output: a.Err, JSONFormat: a.flags.logFormat == "json",
	})
}

// selection adds the flags of the verbs that work on tasks.
func (a *app) selection(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&a.flags.sel.Pipeline, "pipeline", "", a.t("only pipelines whose name matches this `pattern` (*, ?, [a-z])", "seulement les pipelines dont le nom suit ce `motif` (*, ?, [a-z])"))
	f.StringVar(&a.flags.sel.Tenant, "tenant", "", a.t("only tenants whose key matches this `pattern`", "seulement les collectivités dont la clé suit ce `motif`"))
	f.StringVar(&a.flags.sel.Partition, "partition", "", a.t("only partitions whose key matches this `pattern`", "seulement les partitions dont la clé suit ce `motif`"))
	return a.loading(cmd)
}

// loading adds the flags of the verbs that read a project.
func (a *app) loading(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringArrayVar(&a.flags.vars, "var", nil, a.t("value of a variable, as `name=value`; again for others", "valeur d'une variable, sous la forme `nom=valeur` ; à répéter"))
	f.StringArrayVar(&a.flags.varFiles, "var-file", nil, a.t("`file` of variable values (.hcl or .json)", "`fichier` de valeurs de variables (.hcl ou .json)"))
	cmd.Args = cobra.MaximumNArgs(1)
	return cmd
}

// load reads the project in the folder or file given as the argument, or here.
func (a *app) load(args []string) (*hclfile.Project, error) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	vars := map[string]string{}
	for _, v := range a.flags.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return nil, messages.BadFlag.With("flag", "--var", "wanted", "name=value")
		}
		vars[name] = value
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	p, diags := hclfile.Load(path, a.reg, hclfile.Options{Vars: vars, VarFiles: a.flags.varFiles, Environ: os.Environ(), Now: time.Now, Extra: a.extra})
	a.project = p
	if diags.HasErrors() {
		return nil, a.diagnose(diags)
	}
	a.diagnose(diags)
	if heap := p.Bounds.Heap(); heap > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap)
	}
	return p, nil
}

// gcPercent trades memory for time, within what the project allows: checking
// tens of thousands of tasks makes little that lasts.
const gcPercent = 250

func (a *app) options() pipelines.RunOptions {
	return pipelines.RunOptions{Version: version(), Log: a.log(), Now: time.Now, Rand: rand.Reader}
}

// diagnose prints diagnostics with their place. When one of them is an error it
// gives the exit code: that of wrong files, unless nothing is wrong but the
// environment. A program that reads standard output finds one document there, so
// mere warnings go to standard error.
func (a *app) diagnose(diags hcl.Diagnostics) error {
	if len(diags) == 0 {
		return nil
	}
	if a.json() && diags.HasErrors() {
		a.diagnoseJSON(diags)
	} else {
		a.writeDiagnostics(a.Err, diags)
	}
	if !diags.HasErrors() {
		return nil
	}
	for _, d := range diags {
		m, ok := d.Extra.(*messages.Error)
		if d.Severity == hcl.DiagError && (!ok || m.Class != messages.Environment) {
			return exitError(pipelines.ExitLanguage)
		}
	}
	return exitError(pipelines.ExitEnvironment)
}
