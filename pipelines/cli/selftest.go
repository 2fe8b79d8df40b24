package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// selftestPipeline publishes made-up rows; %s is the connection it loads to.
const selftestPipeline = `
connection "local" "lavoir_selftest" {
  path = %[2]q
}
pipeline "lavoir_selftest" {
  authorization {
    allowed   = true
    reference = "selftest"
  }
  source "file" "lignes" {
    connection = connection.local.lavoir_selftest
    path       = "lignes.csv"
    format "csv" {
      columns = { id = int64, libelle = text, montant = decimal(12, 2) }
    }
  }
  privacy {
    public = ["id", "libelle", "montant"]
  }
  load %[3]q "sortie" {
    connection = %[1]s
    prefix     = %[4]q
    file "parquet" {}
    file "csv" {}
  }
}
`

func (a *app) selftestCmd() *cobra.Command {
	var connection string
	cmd := &cobra.Command{
		Use:   "selftest [folder or file]",
		Short: a.t("Prove commit, kill and readback on this machine, and on a store of yours", "Éprouver publication, arrêt brutal et relecture sur cette machine, et sur un de vos stockages"),
		Long: a.t(`Publishes made-up rows, kills the publishing process at later and later moments, and checks
after each that a reader sees all of the old release or all of the new one; then that the next run
puts everything in order. Without --connection it works in a temporary folder. With one of the
project's connections it works under the prefix lavoir-selftest/ there, and leaves one small release.`,
			`Publie des lignes inventées, tue le processus qui publie à des instants de plus en plus tardifs, et
vérifie après chacun qu'un lecteur voit toute l'ancienne version ou toute la nouvelle ; puis que le
run suivant remet tout en ordre. Sans --connection, dans un dossier temporaire. Avec une connexion du
projet, sous le préfixe lavoir-selftest/, où une petite version reste.`),
		Example: `  lavoir selftest
  lavoir selftest --connection connection.s3.stockage`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "lavoir-selftest-*")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			s := &selftest{app: a, dir: dir, project: dir, load: "local", connection: "connection.local.lavoir_selftest_out"}
			if connection != "" {
				parts := strings.Split(connection, ".")
				if len(parts) != 3 || parts[0] != "connection" {
					return messages.BadFlag.With("flag", "--connection", "wanted", "connection.<type>.<name>")
				}
				s.connection, s.load, s.project = connection, parts[1], "."
				if len(args) > 0 {
					s.project = args[0]
				}
			}
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&connection, "connection", "", a.t("a `connection` of the project to test instead of a temporary folder", "une `connexion` du projet à éprouver au lieu d'un dossier temporaire"))
	var child string
	cmd.Flags().StringVar(&child, "child", "", "")
	cmd.Flags().MarkHidden("child")
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if child != "" {
			return a.selftestChild(cmd.Context(), child)
		}
		return inner(cmd, args)
	}
	return a.loading(cmd)
}

// selftest drives child processes that publish, and kills them.
type selftest struct {
	*app
	dir                       string // of input, state and the pipeline
	project, load, connection string
}

func (s *selftest) run(ctx context.Context) error {
	text := fmt.Sprintf(selftestPipeline, s.connection, s.dir, s.load, "lavoir-selftest")
	if s.project == s.dir {
		text = fmt.Sprintf("connection \"local\" \"lavoir_selftest_out\" {\n  path = %q\n}\n", filepath.Join(s.dir, "out")) + text
	}
	file := filepath.Join(s.dir, "selftest.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if err := s.input(0); err != nil {
		return err
	}
	began := time.Now()
	if err := s.child(ctx, 0); err != nil {
		return err
	}
	whole := time.Since(began)
	if err := s.check(ctx, "first publication", false); err != nil {
		return err
	}
	s.told(s.t("published and read back", "publié et relu"))
	const kills = 12
	killed := 0
	for k := 1; k <= kills; k++ {
		if err := s.input(k); err != nil {
			return err
		}
		err := s.child(ctx, whole*time.Duration(k)/kills+time.Millisecond)
		if errors.Is(err, errKilled) {
			killed++
		} else if err != nil {
			return err
		}
		if err := s.check(ctx, fmt.Sprintf("kill %d", k), true); err != nil {
			return err
		}
	}
	s.told(fmt.Sprintf(s.t("killed %d times while publishing: a reader always saw a whole release", "tué %d fois pendant la publication : un lecteur a toujours vu une version entière"), killed))
	if err := s.child(ctx, 0); err != nil {
		return err
	}
	if err := s.check(ctx, "last publication", false); err != nil {
		return err
	}
	s.told(s.t("the next run put everything in order", "l'exécution suivante a tout remis en ordre"))
	if s.json() {
		return s.printJSON(map[string]any{"published": true, "killed": killed, "whole": true, "recovered": true})
	}
	return nil
}

// told says what held, to people; a program is told at the end.
func (s *selftest) told(what string) {
	if !s.json() {
		fmt.Fprintln(s.Out, what)
	}
}

// input writes rows that differ from one version to the next.
func (s *selftest) input(version int) error {
	var b strings.Builder
	b.WriteString("id,libelle,montant\r\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "%d,\"œuvre n° %d, \"\"été\"\"\",%d.%02d\r\n", i, i*7%1000+version, i*13%9000, i%100)
	}
	return os.WriteFile(filepath.Join(s.dir, "lignes.csv"), []byte(b.String()), 0o600)
}

var errKilled = errors.New("killed")

// child runs one publication in a process of its own, killed after a time (0: never).
func (s *selftest) child(ctx context.Context, after time.Duration) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"selftest", "--child", s.dir, "--lang", string(s.lang)}
	for _, v := range s.flags.vars {
		args = append(args, "--var", v)
	}
	for _, v := range s.flags.varFiles {
		args = append(args, "--var-file", v)
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), "LAVOIR_SELFTEST_PROJECT="+s.project)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if after > 0 {
		select {
		case err = <-ended:
		case <-time.After(after):
			cmd.Process.Kill()
			<-ended
			return errKilled
		}
	} else {
		err = <-ended
	}
	if err != nil {
		return messages.SelftestFailed.With("what", s.t("the publication failed: ", "la publication a échoué : ")+strings.TrimSpace(said.String()))
	}
	return nil
}

func (a *app) selftestProject(dir, project string) (*hclfile.Project, error) {
	file := filepath.Join(dir, "selftest.hcl")
	if project == dir {
		return a.load([]string{file})
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	a.extra = map[string][]byte{file: text}
	return a.load([]string{project})
}

// selftestChild is the publication that gets killed.
func (a *app) selftestChild(ctx context.Context, dir string) error {
	p, err := a.selftestProject(dir, os.Getenv("LAVOIR_SELFTEST_PROJECT"))
	if err != nil {
		return err
	}
	p.State = filepath.Join(dir, "state")
	report, diags, err := pipelines.Run(ctx, &p.Project, pipelines.Selection{Pipeline: "lavoir_selftest"}, a.options())
	if err != nil {
		return err
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	for _, t := range report.Tasks {
		if t.Err != nil {
			a.problem(t.Err)
		}
	}
	return exitWith(report.ExitCode(false))
}

// check is what a reader sees: the release the pointer names, whole; torn says
// that a publication may have been killed.
func (s *selftest) check(ctx context.Context, when string, torn bool) error {
	p, err := s.selftestProject(s.dir, s.project)
	if err != nil {
		return err
	}
	p.State = filepath.Join(s.dir, "state")
	return pipelines.EachLoad(ctx, &p.Project, pipelines.Selection{Pipeline: "lavoir_selftest"}, s.options(), func(_ pipelines.TaskID, l pipelines.Load) error {
		for _, f := range l.Sink.(pipelines.Verifier).Verify(ctx) {
			// A stable name may lag behind the pointer until the next run; it is whole all the same.
			if !f.OK && (!torn || !messages.Has(f.Err, messages.StableDiffers)) {
				return messages.SelftestFailed.With("what", when+": "+f.Check)
			}
		}
		return nil
	})
}
