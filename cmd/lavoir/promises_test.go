package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
