package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/transforms"
)

const sharedFilePipeline = `
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
pipeline "subventions" {
  for_each = { a = {}, b = {}, c = {} }
  authorization {
    allowed   = true
    reference = "test"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "export.csv"
    tenant_by  = "ville"
    format "csv" {
      columns = { id = int64 }
    }
  }
  privacy {
    identifier "nom" {
      clear_when = row.id < 0
      otherwise  = "Personne physique"
    }
    public = ["id"]
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = each.key
    file "csv" {}
  }
}
`

// sharedFile is a project of three towns whose rows are in one file.
func sharedFile(t *testing.T, rows int) project {
	t.Helper()
	p := project{dir: t.TempDir()}
	p.write(t, "lavoir.hcl", sharedFilePipeline)
	var b strings.Builder
	b.WriteString("ville,id,nom\n")
	for i := range rows {
		fmt.Fprintf(&b, "%c,%d,%s %d\n", 'a'+i%3, i, canaryName, i)
	}
	p.write(t, "donnees/export.csv", b.String())
	return p
}

func (p project) work(t *testing.T) (all, spools []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(p.dir, ".lavoir", "work", "*"))
	if err != nil {
		t.Fatal(err)
	}
	spools, _ = filepath.Glob(filepath.Join(p.dir, ".lavoir", "work", "*", "spool-*"))
	return all, spools
}

// TestKilledWithASharedFile: what kill -9 leaves of a file that was read for
// several tasks cannot be read, the next run sweeps it, and publishes what a run
// that was not killed would have (invariants 1, 6 and 10). An interrupt leaves
// nothing.
func TestKilledWithASharedFile(t *testing.T) {
	t.Parallel()
	whole := sharedFile(t, 500)
	whole.must(t, 0, []string{"run"}, "3 published")
	want := tree(t, filepath.Join(whole.dir, "public"))
	signals := []syscall.Signal{syscall.SIGKILL}
	if runtime.GOOS != "windows" { // where a process cannot send itself an interrupt
		signals = append(signals, syscall.SIGINT)
	}
	for _, sig := range signals {
		spools := 0
		var last int
		for n := 1; ; n += 4 {
			p := sharedFile(t, 500)
			r := p.signalled(t, sig, n)
			if last = n; r.code == 0 {
				break
			}
			all, left := p.work(t)
			switch {
			case sig == syscall.SIGINT && (r.code != pipelines.ExitInterrupted || len(all) > 0):
				t.Fatalf("operation %d: %v is left, %v", n, all, r)
			case sig == syscall.SIGKILL && r.code != -1:
				t.Fatalf("operation %d: %v", n, r)
			}
			for _, name := range left {
				spools++
				if data, err := os.ReadFile(name); err != nil || strings.Contains(string(data), canaryName) {
					t.Fatalf("operation %d: what is left can be read (%v)", n, err)
				}
			}
			p.must(t, 0, []string{"run"})
			if all, _ := p.work(t); len(all) > 0 {
				t.Fatalf("operation %d: the next run did not sweep %v", n, all)
			}
			if d := cmp.Diff(want, tree(t, filepath.Join(p.dir, "public"))); d != "" {
				t.Fatalf("operation %d: the next run published something else:\n%s", n, d)
			}
		}
		if last < 20 || sig == syscall.SIGKILL && spools == 0 {
			t.Errorf("%v: %d operations were counted, %d spools were left", sig, last, spools)
		}
	}
}

// TestASharedFileMayNotGrow: whichever write does not fit, that of the rows which
// are put aside for all tasks included, the run ends with 3 and nothing is
// published that is not whole (invariant 9).
func TestASharedFileMayNotGrow(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell to limit the size of files")
	}
	p := sharedFile(t, 30_000)
	spool := 0
	for blocks := 8; ; blocks *= 2 {
		cmd, out, errOut := p.command("sh", "-c", fmt.Sprintf("ulimit -f %d && exec lavoir run", blocks))
		r := ended(t, cmd.Run(), out, errOut)
		if r.code == 0 {
			break
		}
		if r.code != pipelines.ExitEnvironment || strings.Contains(r.err, "goroutine ") || !strings.Contains(r.err, "What to do: ") {
			t.Fatalf("%d blocks: %v", blocks, r)
		}
		if strings.Contains(r.err, "source.file.export\nLAV-2024") { // not what a load writes
			spool++
		}
		if all, _ := p.work(t); len(all) > 0 {
			t.Fatalf("%d blocks: %v is left", blocks, all)
		}
	}
	if spool == 0 {
		t.Error("no limit was met by the rows that are put aside")
	}
}

const realSharedFile = `
project {
  quarantine = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
pipeline "subventions" {
  for_each = { a = {}, b = {}, c = {}, absent = {} }
  partition "exercice" {
    values = [2023, 2024]
  }
  authorization {
    allowed   = true
    reference = "test"
  }
  on_reject   = "quarantine"
  allow_empty = true
  source "file" "export" {
    connection   = connection.local.depot
    path         = "export_(?:\\d+).csv"
    tenant_by    = "ville"
    partition_by = "annee"
    format "csv" {
      encoding  = "cp1252"
      delimiter = ";"
      decimal   = ","
      null      = ["", "NC"]
      columns   = { annee = int32, id = int64, montant = decimal(12, 2), jour = date("DD/MM/YYYY") }
    }
  }
  transform "derive" "double" {
    columns = { part = round(100 / (row.id - 77), 4) }
  }
  ORDER
  privacy {
    identifier "nom" {
      clear_when = row.id > 1000
      otherwise  = "Personne physique"
    }
    public = ["id", "montant", "jour", "part"]
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "${each.key}/${partition.key}"
    file "csv" {}
    file "parquet" {}
  }
}
`

// writeExports writes two files of several chunks each: towns and years in turn
// and in runs, cells over several lines, rows that cannot be read in many ways,
// rows of nobody.
func (p project) writeExports(t *testing.T) {
	t.Helper()
	for file := range 2 {
		var b strings.Builder
		b.WriteString("ville;annee;id;nom;montant;jour;objet\r\n")
		for i := range 25_000 {
			town, year := string("abc"[i%3]), fmt.Sprint(2023+i/7%2)
			if i/5000 == 1 {
				town = "b" // a run of one town
			}
			amount, day := fmt.Sprintf("%d,%02d", i, i%100), fmt.Sprintf("%02d/%02d/2024", i%28+1, i%12+1)
			object := "Aide \xe9t\xe9 " + strings.Repeat("x", i%30)
			switch i % 997 {
			case 1:
				amount = "1O,00"
			case 2:
				day = "31/02/2024"
			case 3:
				town = "NC"
			case 4:
				year = ""
			case 5:
				town = "ailleurs"
			case 6:
				year = "1999"
			case 7:
				object = "\"deux\r\nlignes; \"\"et\"\" plus\""
			case 8:
				object = "un \" de trop"
			case 9:
				object = "illisible \x81"
			case 10:
				object += ";une cellule de plus"
			}
			fmt.Fprintf(&b, "%s;%s;%d;%s %d;%s;%s;%s\r\n", town, year, i+file*25_000, canaryName, i, amount, day, object)
		}
		p.write(t, fmt.Sprintf("donnees/export_%d.csv", file), b.String())
	}
}

// TestASharedFileIsWhatEachTaskWouldRead: through the real reader and loads, with
// a barrier or without, whatever the workers: what tasks publish, reject and note
// is what each does when it reads for itself, and the files are read once
// (invariants 2 and 7).
func TestASharedFileIsWhatEachTaskWouldRead(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]string{"in order": "", "sorted": "transform \"sort\" \"jours\" {\n by = [\"jour\", \"id\"]\n }"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := project{dir: dir}
			p.write(t, "lavoir.hcl", strings.Replace(realSharedFile, "ORDER", order, 1))
			p.writeExports(t)
			run := func(each bool, workers int) (map[string]any, map[string]string, int64) {
				if err := os.RemoveAll(filepath.Join(dir, "public")); err != nil {
					t.Fatal(err)
				}
				opened := new(atomic.Int64)
				all := slices.Clone(connectors.All)
				for i, c := range all {
					if c.Kind == pipelines.KindConnection && c.Name == "local" {
						all[i] = pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (store.Store, error) {
							s, err := c.Build(env, config)
							if err != nil {
								return nil, err
							}
							return openings{s.(store.Store), opened}, nil
						})
					}
				}
				loaded, diags := hclfile.Load(dir, pipelines.MustRegistry(all, transforms.All), hclfile.Options{Now: time.Now})
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				loaded.Bounds.Workers = workers
				if tasks := loaded.Tasks; each {
					loaded.Tasks = func(sel pipelines.Selection, yield func(pipelines.Task) bool) hcl.Diagnostics {
						return tasks(sel, func(t pipelines.Task) bool {
							t.Chain.SourceText = nil // nobody can tell that others read the same
							return yield(t)
						})
					}
				}
				report, diags, err := pipelines.Run(context.Background(), &loaded.Project, pipelines.Selection{},
					pipelines.RunOptions{Version: "test", Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader})
				if err != nil || diags.HasErrors() {
					t.Fatal(err, diags)
				}
				tasks := map[string]any{}
				for _, r := range report.Tasks {
					if r.Rows.Read == 0 && r.Task.Tenant != "absent" || r.Err != nil {
						t.Errorf("%s: %+v, %v", r.Task, r.Rows, r.Err)
					}
					var rejects []string
					for _, x := range r.Rejects {
						rejects = append(rejects, fmt.Sprint(x.Place, x.Column, x.Step, x.Why))
					}
					tasks[r.Task.String()] = []any{r.Outcome, r.Rows, rejects, r.RejectRules, r.Fingerprint, r.Loads[0].Receipt.Release, r.Loads[0].Files}
				}
				return tasks, tree(t, filepath.Join(dir, "public")), opened.Load()
			}
			want, published, openedEach := run(true, 1)
			for _, workers := range []int{1, 3} {
				got, now, opened := run(false, workers)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%d workers:\n%s", workers, d)
				}
				if d := cmp.Diff(published, now); d != "" {
					t.Errorf("%d workers: other bytes:\n%s", workers, d)
				}
				if opened != 2 || openedEach < 2*8 {
					t.Errorf("the two exports were opened %d times, and %d by each task for itself", opened, openedEach)
				}
			}
		})
	}
}

// openings counts the exports that were opened.
type openings struct {
	store.Store
	n *atomic.Int64
}

func (o openings) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	if strings.HasPrefix(key, "export_") {
		o.n.Add(1)
	}
	return o.Store.Open(ctx, key)
}
