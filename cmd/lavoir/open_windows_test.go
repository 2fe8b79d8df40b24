package main

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// openElsewhere opens a file as a spreadsheet does: others may read it, and not
// write, replace or remove it. What it gives closes the file.
func openElsewhere(t *testing.T, path string) (closed func()) {
	t.Helper()
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() { windows.CloseHandle(h) }
}

// A stable name that a spreadsheet keeps open stays behind, is said, and follows
// with the next run; a pointer kept open stops the publication, and readers see
// the old release (invariants 1 and 8).
func TestFilesOpenInAnotherProgram(t *testing.T) {
	t.Parallel()
	p := newProject(t, folder())
	public := filepath.Join(p.dir, "public", "subventions")
	p.input(t, 1, 50)
	p.must(t, 0, []string{"run"}, "1 published")
	old := reader(t, p.place.look(t))

	p.input(t, 2, 50)
	closed := openElsewhere(t, filepath.Join(public, "subventions.csv"))
	p.must(t, 5, []string{"run"}, "LAV-6012")
	all := p.place.look(t)
	now := reader(t, all)
	if now.Generation != 2 || all["subventions/subventions.csv"] != old.files["subventions.csv"] ||
		all["subventions/subventions.parquet"] != now.files["subventions.parquet"] {
		t.Errorf("generation %d; the open name is to be of the old release, the other of the new one", now.Generation)
	}
	closed()
	p.must(t, 0, []string{"run"}, "1 unchanged")
	stable(t, p.place.look(t), now)

	p.input(t, 3, 50)
	closed = openElsewhere(t, filepath.Join(public, "current.json"))
	p.must(t, 3, []string{"run"}, "LAV-6012")
	all = p.place.look(t)
	if kept := reader(t, all); kept.Generation != 2 || kept.Release != now.Release {
		t.Errorf("readers see generation %d", kept.Generation)
	}
	stable(t, all, now)
	closed()
	p.must(t, 0, []string{"run"}, "1 published")
	p.must(t, 0, []string{"verify"})
}
