package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
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
		spools, last := 0, 0
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
		if strings.Contains(r.err, "spool") {
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
