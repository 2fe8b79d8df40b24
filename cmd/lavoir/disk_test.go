package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lavoir-data/lavoir/pipelines"
)

// TestFilesMayNotGrow: whichever write is the one that does not fit (state,
// spool, sealed file, upload, pointer), the run ends with 3 and nothing changed
// for readers (invariant 9).
func TestFilesMayNotGrow(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell to limit the size of files")
	}
	p := newProject(t, folder())
	p.input(t, 1, 20_000)
	p.must(t, 0, []string{"run"}, "1 published")
	before := p.place.look(t)
	p.input(t, 2, 20_000)
	failed := 0
	for blocks := 0; ; blocks = max(1, blocks*2) {
		cmd, out, errOut := p.command("sh", "-c", fmt.Sprintf("ulimit -f %d && exec lavoir run", blocks))
		r := ended(t, cmd.Run(), out, errOut)
		if r.code == 0 {
			break
		}
		failed++
		if r.code != pipelines.ExitEnvironment || strings.Contains(r.err, "goroutine ") || !strings.Contains(r.err, "What to do: ") {
			t.Fatalf("%d blocks: %v", blocks, r)
		}
		if d := cmp.Diff(before, visible(p.place.look(t), before)); d != "" {
			t.Fatalf("%d blocks: what a reader sees changed:\n%s", blocks, d)
		}
	}
	if failed < 5 {
		t.Errorf("only %d limits were met", failed)
	}
	after := p.place.look(t)
	stable(t, after, reader(t, after))
	p.must(t, 0, []string{"verify"})
}

// visible leaves out files of releases that no pointer names yet: no reader
// knows of them, and the next runs collect them.
func visible(all, before map[string]string) map[string]string {
	out := map[string]string{}
	for key, data := range all {
		_, was := before[key]
		if was || !strings.HasPrefix(key, "subventions/releases/") || strings.HasSuffix(key, "/manifest.json") {
			out[key] = data
		}
	}
	return out
}

// TestDiskFull: the published folder is on a disk without room for a second release.
func TestDiskFull(t *testing.T) {
	if exec.Command("unshare", "-rm", "true").Run() != nil {
		t.Skip("this system gives no small disk of one's own (unshare -rm)")
	}
	p := newProject(t, folder())
	p.input(t, 1, 2_000)
	p.write(t, "public/.keep", "")
	cmd, out, errOut := p.command("unshare", "-rm", "sh", "-c", `
		mount -t tmpfs -o size=200k none public || exit 99
		lavoir run || exit 98
		cp -r public before
		sed 's/^1;/1000001;/; s/ASSO/ASSOCIATION/' donnees/export.csv >donnees/new && cat donnees/new donnees/new >donnees/export.csv
		sed -i '/^id;/{1!d}' donnees/export.csv
		lavoir run
		code=$?
		cp -r public after
		exit $code`)
	r := ended(t, cmd.Run(), out, errOut)
	if r.code == 99 {
		t.Skip("this system mounts no small disk")
	}
	if r.code != pipelines.ExitEnvironment || !strings.Contains(r.err, "LAV-6004") {
		t.Fatalf("want exit code 3 and LAV-6004, got %v", r)
	}
	before, after := tree(t, filepath.Join(p.dir, "before")), tree(t, filepath.Join(p.dir, "after"))
	if d := cmp.Diff(before, visible(after, before)); d != "" {
		t.Fatalf("what a reader sees changed:\n%s", d)
	}
	stable(t, after, reader(t, after))
}
