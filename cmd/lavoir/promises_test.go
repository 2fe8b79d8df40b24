package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// TestSameRunTwice: the same input publishes once, also from another machine
// that knows nothing of the first, with one processor or little memory
// (invariant 2).
func TestSameRunTwice(t *testing.T) {
	eachPlace(t, func(t *testing.T, at place) {
		p := newProject(t, at)
		p.input(t, 1, 5000)
		p.must(t, 0, []string{"run"}, "1 published")
		first := p.place.look(t)
		if s := reader(t, first); s.Generation != 1 || len(s.releases) != 1 {
			t.Fatalf("one run made generation %d and the releases %v", s.Generation, s.releases)
		}

		same := func(what string) {
			t.Helper()
			p.must(t, 0, []string{"run"}, "1 unchanged")
			if d := cmp.Diff(first, p.place.look(t)); d != "" {
				t.Fatalf("%s: what is published changed:\n%s", what, d)
			}
		}
		same("a second run")
		if err := os.RemoveAll(filepath.Join(p.dir, ".lavoir")); err != nil {
			t.Fatal(err)
		}
		same("a machine without state")
		p.place.env = append(p.place.env, "GOMAXPROCS=1")
		same("one processor")
		p.write(t, "borne.hcl", "project {\n  memory = \"32MiB\"\n}\n")
		same("little memory")
	})
}

// TestSameBytesForAnyNumberOfWorkers: a run from CSV to Parquet and CSV, of
// several chunks and row groups, gives the same files by one, two or eight
// workers (invariant 2).
func TestSameBytesForAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	var want map[string]string
	for _, workers := range []int{1, 2, 8} {
		p := newProject(t, folder())
		p.write(t, "borne.hcl", fmt.Sprintf("project {\n  memory  = \"1GiB\"\n  workers = %d\n}\n", workers))
		p.input(t, 1, 3*pipelines.RowGroup)
		p.must(t, 0, []string{"run"}, "1 published")
		got := p.place.look(t)
		if want == nil {
			want = got
			if reader(t, got); len(got) < 6 {
				t.Fatalf("only %d files were published", len(got))
			}
		}
		for name := range got {
			if got[name] != want[name] {
				t.Errorf("%d workers make another %s than one", workers, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d workers make %d files, one makes %d", workers, len(got), len(want))
		}
	}
}

// TestNotANumberInTheLastRow: a column of numbers that ends otherwise, many
// chunks after its first rows, is a reject with its line, and the column stays
// what it was declared (invariant 7).
func TestNotANumberInTheLastRow(t *testing.T) {
	t.Parallel()
	p := newProject(t, folder())
	p.input(t, 1, 100_000)
	path := filepath.Join(p.dir, "donnees", "export.csv")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("douze;Fin;ASSO;12 euros\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r := p.lavoir(t, "run")
	if all := r.out + r.err; r.code != pipelines.ExitFailed || !strings.Contains(all, "100002") || !strings.Contains(all, "LAV-25") {
		t.Errorf("want exit code 1 and line 100002, got %v", r)
	}
	if all := p.place.look(t); len(all) != 0 {
		t.Errorf("%d files were published", len(all))
	}
	p.write(t, "lavoir.hcl", strings.Replace(p.place.connection+fmt.Sprintf(promisePipeline, p.place.kind),
		"pipeline \"subventions\" {", "pipeline \"subventions\" {\n  on_reject = \"drop\"", 1))
	p.must(t, pipelines.ExitIncomplete, []string{"run"}, "1 published")
	for name, data := range p.place.look(t) {
		if strings.HasSuffix(name, "manifest.json") && (!strings.Contains(data, `"int64"`) || !strings.Contains(data, `"decimal(12, 2)"`)) {
			t.Errorf("a column changed its type: %s", data)
		}
	}
}

// TestARecordLargerThanTheMemory: less memory than one record takes is an error
// that names the bound, and nothing is published (invariant 9).
func TestARecordLargerThanTheMemory(t *testing.T) {
	t.Parallel()
	p := newProject(t, folder())
	p.write(t, "borne.hcl", "project {\n  memory = \"8MiB\"\n}\n")
	p.write(t, "donnees/export.csv", "id;nom;type_tiers;montant\n1;Un;ASSO;1,00\n2;"+strings.Repeat("très long ", 1_300_000)+";ASSO;1,00\n")
	r := p.lavoir(t, "run")
	if r.code != pipelines.ExitEnvironment || !strings.Contains(r.err, messages.MemoryBound.Code) || !strings.Contains(r.err, "What to do: ") {
		t.Errorf("want exit code 3 and %s, got %v", messages.MemoryBound.Code, r)
	}
	if all := p.place.look(t); len(all) != 0 {
		t.Errorf("%d files were published", len(all))
	}
}

// TestTwoRunsAtOnce: runs that start together publish one release, and none of
// them fails for it; their journal says so once (invariant 10).
func TestTwoRunsAtOnce(t *testing.T) {
	eachPlace(t, func(t *testing.T, at place) {
		p := newProject(t, at)
		p.write(t, "preuves.hcl", privateEvidence)
		p.input(t, 1, 5000)
		const runs = 3
		type end struct {
			what string
			code int
		}
		ends := make(chan end, runs)
		for range runs {
			cmd, out, errOut := p.command("lavoir", "run")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() {
				cmd.Wait()
				ends <- end{out.String() + errOut.String(), cmd.ProcessState.ExitCode()}
			}()
		}
		for range runs {
			if e := <-ends; e.code != 0 {
				t.Errorf("exit code %d:\n%s", e.code, e.what)
			}
		}
		all := p.place.look(t)
		s := reader(t, all)
		if s.Generation != 1 || len(s.releases) != 1 {
			t.Errorf("generation %d, releases %v", s.Generation, s.releases)
		}
		stable(t, all, s)
		p.must(t, 0, []string{"verify"}, "journal (entries: ")
		published := 0
		for _, e := range p.journal(t) {
			if e.Event == "published" {
				published++
			}
		}
		if published != 1 {
			t.Errorf("the journal says %d times that a release was published: %v", published, p.journal(t))
		}
	})
}

// TestAThenBThenA: a changed cell is one new release; what was published before
// is published again under its own name.
func TestAThenBThenA(t *testing.T) {
	eachPlace(t, func(t *testing.T, at place) {
		p := newProject(t, at)
		p.input(t, 1, 50)
		p.must(t, 0, []string{"run"}, "1 published")
		a := reader(t, p.place.look(t))

		p.input(t, 2, 50)
		p.must(t, 0, []string{"run"}, "1 published")
		all := p.place.look(t)
		b := reader(t, all)
		if b.Generation != 2 || b.Release == a.Release || b.Previous != a.Release || len(b.releases) != 2 {
			t.Fatalf("after a changed cell: %+v", b)
		}
		stable(t, all, b)

		p.input(t, 1, 50)
		p.must(t, 0, []string{"run"}, "1 published")
		all = p.place.look(t)
		again := reader(t, all)
		if again.Generation != 3 || again.Release != a.Release || again.Previous != b.Release || len(again.releases) != 2 {
			t.Fatalf("after going back: %+v", again)
		}
		stable(t, all, a)
		p.must(t, 0, []string{"verify"})
	})
}

// TestFilesOfAWindowsEditor: a byte order mark and CR LF in pipeline files, in the
// list of tenants and in exports change no byte of what is published, nor does a
// folder written with its drive and backslashes (invariant 2).
func TestFilesOfAWindowsEditor(t *testing.T) {
	run := func(write func(p project, name, text string), depot string) map[string]string {
		p := project{dir: t.TempDir()}
		commune := filepath.Join("testdata", "commune")
		for name, text := range tree(t, commune) {
			if name == "lavoir.hcl" && depot != "" {
				path, err := filepath.Abs(filepath.Join(commune, depot))
				if err != nil {
					t.Fatal(err)
				}
				text = strings.ReplaceAll(text, `"`+depot+`"`, strconv.Quote(path))
			}
			write(p, name, text)
		}
		p.must(t, 0, []string{"run"}, "4 published")
		return tree(t, filepath.Join(p.dir, "public"))
	}
	plain := func(p project, name, text string) { p.write(t, name, text) }
	want := run(plain, "")
	if d := cmp.Diff(want, run(plain, "donnees")); d != "" {
		t.Errorf("from a folder with its whole path:\n%s", d)
	}
	if d := cmp.Diff(want, run(func(p project, name, text string) {
		p.write(t, name, "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n"))
	}, "")); d != "" {
		t.Errorf("from files with a byte order mark and CR LF:\n%s", d)
	}
}
