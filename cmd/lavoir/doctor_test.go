package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// TestDoctorOfFoldersThatCannotBeWritten: where a connection is only read its
// account should have no other right, and where something is published it must.
func TestDoctorOfFoldersThatCannotBeWritten(t *testing.T) {
	if exec.Command("unshare", "-rm", "true").Run() != nil {
		t.Skip("this system gives no mounts of one's own (unshare -rm)")
	}
	for _, c := range []struct {
		name, folder, done string
		code               int
		says               []string
	}{
		{"read", "donnees", "", 0, []string{"✓ connection.local.depot: rights to write (this account cannot write: it can be read only)", "✓ state folder: disk ("}},
		{"published to", "public", "", pipelines.ExitEnvironment, []string{"✗ connection.local.portail: rights to write\n", "✓ connection.local.depot: rights to write (this account can write"}},
		{"taken from", "donnees", "on_done = \"delete\"\n", pipelines.ExitEnvironment, []string{"✗ connection.local.depot: rights to write\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t, folder())
			p.write(t, "lavoir.hcl", p.place.connection+strings.Replace(fmt.Sprintf(promisePipeline, "local"), "personal ", c.done+"    personal ", 1))
			p.input(t, 1, 10)
			p.write(t, "public/.keep", "")
			cmd, out, errOut := p.command("unshare", "-rm", "sh", "-c",
				"mount --bind "+c.folder+" "+c.folder+" && mount -o remount,bind,ro "+c.folder+" || exit 99\nexec lavoir doctor")
			r := ended(t, cmd.Run(), out, errOut)
			if r.code == 99 {
				t.Skip("this system mounts nothing read only")
			}
			if r.code != c.code {
				t.Fatalf("want exit code %d, got %v", c.code, r)
			}
			for _, s := range c.says {
				if !strings.Contains(r.out, s) {
					t.Errorf("it does not say %q: %v", s, r)
				}
			}
		})
	}
}
