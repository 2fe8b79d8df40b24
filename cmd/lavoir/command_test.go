package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// project is a folder with one pipeline that reads one export and publishes it
// to a place.
type project struct {
	dir   string
	place place
}

const promisePipeline = `
connection "local" "depot" {
  path = "donnees"
}
pipeline "subventions" {
  authorization {
    allowed   = true
    reference = "délibération 2024-01"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "export.csv"
    personal   = ["nom"]
    format "csv" {
      delimiter = ";"
      decimal   = ","
      columns   = { id = int64, nom = text, type_tiers = text, montant = decimal(12, 2) }
    }
  }
  privacy {
    identifier "nom" {
      clear_when = row.type_tiers == "ASSO"
      otherwise  = "Personne physique"
    }
    public = ["id", "type_tiers", "montant"]
  }
  load %q "portail" {
    connection = connection.%[1]s.portail
    prefix     = "subventions"
    file "parquet" {}
    file "csv" {}
  }
}
`

func newProject(t *testing.T, p place) project {
	t.Helper()
	pr := project{t.TempDir(), p}
	pr.place = p.at(t, pr.dir)
	pr.write(t, "lavoir.hcl", pr.place.connection+fmt.Sprintf(promisePipeline, pr.place.kind))
	return pr
}

func (p project) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// input writes an export of n rows; version tells one export from the next.
func (p project) input(t *testing.T, version, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id;nom;type_tiers;montant\n")
	for i := range n {
		kind := "ASSO"
		if i%3 == 0 {
			kind = "PP"
		}
		fmt.Fprintf(&b, "%d;Bénéficiaire %d;%s;%d,%02d\n", i, i*7919%n, kind, i*13%9000+version, i%100)
	}
	p.write(t, "donnees/export.csv", b.String())
}

// result is how a command ended.
type result struct {
	code     int // -1: killed
	out, err string
}

// killed says whether it was; Windows tells only the exit code its killer chose.
func (r result) killed() bool {
	return r.code == -1 || runtime.GOOS == "windows" && r.code == 1 && r.out == "" && r.err == ""
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\nstdout:\n%s\nstderr:\n%s", r.code, r.out, r.err)
}

// command is the command in the project's folder, not started.
func (p project) command(name string, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "LAVOIR_LANG=en", "NO_COLOR=1")
	cmd.Env = append(cmd.Env, p.place.env...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	return cmd, &out, &err
}

func ended(t *testing.T, err error, out, errOut *bytes.Buffer) result {
	t.Helper()
	r := result{out: out.String(), err: errOut.String()}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		r.code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return r
}

// lavoir runs the command to its end.
func (p project) lavoir(t *testing.T, args ...string) result {
	t.Helper()
	cmd, out, err := p.command("lavoir", args...)
	return ended(t, cmd.Run(), out, err)
}

// must runs the command, which must end with the code and say each text.
func (p project) must(t *testing.T, code int, args []string, says ...string) result {
	t.Helper()
	r := p.lavoir(t, args...)
	if r.code != code {
		t.Fatalf("lavoir %v: want exit code %d, got %v", args, code, r)
	}
	for _, s := range says {
		if !strings.Contains(r.out+r.err, s) {
			t.Fatalf("lavoir %v does not say %q: %v", args, s, r)
		}
	}
	return r
}
