package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	benchBytes  = flag.Int64("table", 64<<20, "bytes of the table that the benchmarks of runs read")
	benchMemory = flag.String("memory", "128MiB", "project.memory in the benchmarks of runs")
)

// measured is what one run of the command took.
type measured struct {
	cpu, wall time.Duration
	peak      int64 // bytes resident
	code      int
	out       string
}

// released is the command as it is released: the tests' own, with their code and
// the debugger's tables, holds 16 MiB more. It is built beside that one.
var released = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("lavoir")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "lavoir-released")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return path, nil
})

// measure runs the command in a process of its own.
func measure(b *testing.B, dir string, args ...string) measured {
	b.Helper()
	command, err := released()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(command, args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return measured{
		cpu:  cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		wall: time.Since(start), peak: usage.Maxrss << 10, code: cmd.ProcessState.ExitCode(), out: out.String(),
	}
}

// report gives the processor time, which a busy machine disturbs less than the
// time on the clock, and the most memory any of the runs held.
func report(b *testing.B, dir string, code int, args ...string) measured {
	b.Helper()
	if _, err := released(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	var total time.Duration
	var peak int64
	var last measured
	for range b.N {
		last = measure(b, dir, args...)
		if last.code != code {
			b.Fatalf("exit code %d, wanted %d:\n%s", last.code, code, last.out)
		}
		total += last.cpu
		peak = max(peak, last.peak)
	}
	b.ReportMetric(total.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
	return last
}

// BenchmarkStart is the least that any use of the command costs.
func BenchmarkStart(b *testing.B) { report(b, b.TempDir(), 0, "version") }

// BenchmarkValidateExample checks the example that the README starts with.
func BenchmarkValidateExample(b *testing.B) {
	report(b, filepath.Join("..", ".."), 0, "validate", "pipelines.example.hcl")
}

// BenchmarkValidate39600 checks a project of 300 towns × 12 datasets × 11 years.
func BenchmarkValidate39600(b *testing.B) {
	dir := b.TempDir()
	writeDistrict(b, dir, 300, 12, 11)
	b.ResetTimer()
	if last := report(b, dir, 0, "validate"); !strings.Contains(last.out, "39600 tasks") {
		b.Fatal(last.out)
	}
}

// writeDistrict writes a project as a syndicate has it: two vendors, a password
// and a server for each town, shared steps and policies.
func writeDistrict(b *testing.B, dir string, towns, datasets, years int) {
	var csv strings.Builder
	csv.WriteString("insee;nom;logiciel;hote;opendata;deliberation\n")
	for i := range towns {
		fmt.Fprintf(&csv, "%05d;Commune %d;%s;h%d.example;oui;2024-%d\n", i, i, []string{"egf", "ciril"}[i%2], i%40, i)
	}
	write(b, dir, "communes.csv", csv.String())
	write(b, dir, "project.hcl", districtShared)
	for i := range datasets {
		write(b, dir, fmt.Sprintf("jeu%02d.hcl", i), strings.NewReplacer(
			"NAME", fmt.Sprintf("jeu%02d", i), "END", fmt.Sprint(2015+years)).Replace(districtDataset))
	}
}

func write(b *testing.B, dir, name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

const districtShared = `
tenants "communes" {
  file = "communes.csv"
  key  = "insee"
}
secret "finances" {
  for_each = tenants.communes
  file     = "secrets/${each.key}"
}
limits "centre" {
  max = 4
}
connection "postgres" "finances" {
  for_each = tenants.communes
  host     = each.value.hote
  database = "finances"
  user     = "lavoir"
  password = secret.finances[each.key]
  limits   = limits.centre
}
connection "local" "depot" {
  path = "depot"
}
steps "communs" {
  transform "derive" "cles" {
    columns = {
      exercice = partition.key
      commune  = each.value.nom
    }
  }
  transform "filter" "positifs" {
    where = row.montant > 0 && row.etat == "V"
  }
}
privacy "beneficiaires" {
  public = ["id", "montant", "exercice", "commune"]
  identifier "nom" {
    clear_when = contains(["ASSO", "PUBLIC"], row.type_tiers)
    otherwise  = "Personne physique"
  }
}
`

const districtDataset = `
pipeline "NAME" {
  title    = "Jeu NAME de ${each.value.nom}"
  for_each = tenants.communes
  partition "exercice" {
    values = range(2015, END)
  }
  authorization {
    allowed   = each.value.opendata == "oui"
    reference = each.value.deliberation
  }
  variant "egf" {
    when = each.value.logiciel == "egf"
    source "postgres" "lignes" {
      connection = connection.postgres.finances[each.key]
      query      = "select id, nom, type_tiers, montant, etat from lignes where exercice = @exercice order by id"
      params     = { exercice = partition.key }
      order_by   = ["id"]
      columns    = { id = int64, nom = text, type_tiers = text, montant = decimal(14, 2), etat = text }
      personal   = ["nom"]
    }
  }
  variant "export" {
    when = each.value.logiciel == "ciril"
    source "file" "lignes" {
      connection = connection.local.depot
      path       = "${each.key}/lignes_(?<exercice>\\d{4}).csv"
      personal   = ["nom"]
      format "csv" {
        encoding  = "cp1252"
        delimiter = ";"
        columns   = { id = int64, nom = text, type_tiers = text, montant = decimal(14, 2), etat = text }
      }
    }
  }
  steps = steps.communs
  transform "limit" "borne" {
    rows = 100000
  }
  privacy {
    use = privacy.beneficiaires
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "NAME/${each.key}/${partition.key}"
    file "parquet" {}
    file "csv" {}
  }
}
`

// work is a run over the large table; what it costs must not grow with it.
type work struct {
	name, steps, public, more string
	twice                     bool // as two tasks at once
	code                      int
	says                      string
}

var works = []work{
	{name: "columns", steps: `
  transform "filter" "positifs" {
    where = row.montant > 100
  }
  transform "derive" "taxe" {
    columns = { taxe = round(row.montant * 0.2, 2), annee = year(row.jour) }
  }`, public: `"taxe", "annee", "type_tiers"`},
	{name: "two_passes", public: `"jour"`},
	{name: "sort", steps: `
  transform "sort" "jours" {
    by = ["jour", "objet"]
  }`, public: `"jour", "type_tiers"`},
	{name: "deduplicate", steps: `
  transform "deduplicate" "doubles" {
    by = ["id"]
  }`, public: `"jour", "type_tiers"`},
	{name: "aggregate", steps: `
  transform "aggregate" "tiers" {
    group_by = ["nom", "type_tiers", "objet"]
    columns  = { id = min(row.id), montant = sum(row.montant) }
  }`, public: `"type_tiers"`},
	{name: "chain", steps: chain, public: `"type_tiers"`},
	{name: "two_chains", steps: chain, public: `"type_tiers"`, twice: true},
	{name: "join", steps: `
  transform "join" "autre" {
    source  = source.file.autre
    on      = { id = "id" }
    columns = ["jour"]
    prefix  = "autre_"
  }`, more: `
  source "file" "autre" {
    connection   = connection.local.depot
    path         = "table.csv"
    not_personal = { nom = "fictif" }
    format "csv" {
      delimiter = ";"
      columns   = { id = int64, nom = text, type_tiers = text, montant = decimal(12, 2), jour = date, objet = text }
    }
  }`, public: `"type_tiers"`, code: 3, says: "LAV-"},
}

const chain = `
  transform "sort" "jours" {
    by = ["jour", "objet"]
  }
  transform "deduplicate" "doubles" {
    by = ["id"]
  }
  transform "sort" "objets" {
    by = ["objet", "id"]
  }
  transform "aggregate" "tiers" {
    group_by = ["nom", "type_tiers", "objet"]
    columns  = { id = min(row.id), montant = sum(row.montant) }
  }`

const bigProject = `
project {
  memory = "MEMORY"
  disk   = "64GiB"
}
connection "local" "depot" {
  path = "depot"
}
connection "local" "portail" {
  path = "public"
}
PIPELINES`

const bigPipeline = `
pipeline "NAME" {
  authorization {
    allowed   = true
    reference = "délibération 1"
  }
  source "file" "table" {
    connection = connection.local.depot
    path       = "table.csv"
    personal   = ["nom"]
    format "csv" {
      delimiter = ";"
      columns   = { id = int64, nom = text, type_tiers = text, montant = decimal(12, 2), jour = date, objet = text }
    }
  }MORE
STEPS
  privacy {
    identifier "nom" {
      clear_when = row.type_tiers == "ASSO"
      otherwise  = "Personne physique"
    }
    public = ["id", "montant", PUBLIC]
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "NAME"
    file "parquet" {}
    file "csv" {}
  }
}
`

// BenchmarkRun publishes a table of -table bytes under project.memory of
// -memory, through every kind of step that could be tempted to hold all rows.
func BenchmarkRun(b *testing.B) {
	depot := filepath.Join(b.TempDir(), "depot")
	if err := os.MkdirAll(depot, 0o700); err != nil {
		b.Fatal(err)
	}
	writeTable(b, filepath.Join(depot, "table.csv"), *benchBytes)
	for _, w := range works {
		b.Run(w.name, func(b *testing.B) {
			dir := b.TempDir()
			if err := os.Symlink(depot, filepath.Join(dir, "depot")); err != nil {
				b.Fatal(err)
			}
			pipeline := strings.NewReplacer("MORE", w.more, "STEPS", w.steps, "PUBLIC", w.public).Replace(bigPipeline)
			pipelines := strings.ReplaceAll(pipeline, "NAME", "grand")
			if w.twice {
				pipelines += strings.ReplaceAll(pipeline, "NAME", "autre")
			}
			write(b, dir, "grand.hcl", strings.NewReplacer("MEMORY", *benchMemory, "PIPELINES", pipelines).Replace(bigProject))
			b.ResetTimer()
			last := report(b, dir, w.code, "run")
			if !strings.Contains(last.out, w.says) {
				b.Fatal(last.out)
			}
			b.SetBytes(*benchBytes)
			if w.code != 0 {
				nothingIn(b, filepath.Join(dir, "public"))
			}
		})
	}
}

// nothingIn says that a failed run shows no file.
func nothingIn(b *testing.B, dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			b.Errorf("a failed run shows %s", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Fatal(err)
	}
}

// writeTable writes rows of fictional grants until there are size bytes: the
// ids are shuffled and all different, the names are few, the texts many.
func writeTable(b *testing.B, path string, size int64) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []string{"ASSO", "PUBLIC", "PARTICULIER", ""}
	n, _ := w.WriteString("id;nom;type_tiers;montant;jour;objet\n")
	written := int64(n)
	for i := uint32(0); written < size; i++ {
		// An odd factor permutes the numbers of 32 bits.
		n, _ := fmt.Fprintf(w, "%d;Tiers %d;%s;%d.%02d;20%02d-%02d-%02d;Aide au projet %x du quartier %d\n",
			i*2654435761, r.IntN(50_000), kinds[r.IntN(len(kinds))], r.IntN(1_000_000), r.IntN(100),
			10+r.IntN(15), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1<<24), r.IntN(40))
		written += int64(n)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}
