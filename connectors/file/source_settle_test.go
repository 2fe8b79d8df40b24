package file

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// dropFolder is a file source on a folder; its clock stands at now.
func dropFolder(t *testing.T, dir string, now time.Time, change func(*sourceConfig)) (pipelines.Source, *[]*messages.Error) {
	t.Helper()
	local, diags := storetest.Decode(store.Local, "path = \""+filepath.ToSlash(dir)+"\"")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	csv, diags := storetest.Decode(format.CSV, "")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	env, noted := storetest.Env(t.TempDir()), &[]*messages.Error{}
	env.Now = func() time.Time { return now }
	env.Note = func(n *messages.Error) { *noted = append(*noted, n) }
	c := sourceConfig{
		Connection: pipelines.Connection{Built: pipelines.Built{Component: store.Local, Label: "depot", Config: local}},
		OnDone:     "keep", Path: "*", Format: pipelines.Built{Component: format.CSV, Label: "csv", Config: csv},
	}
	change(&c)
	s, err := newSource(env, c)
	if err != nil {
		t.Fatal(err)
	}
	return s, noted
}

func drop(t *testing.T, dir, name string, at time.Time) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte("id,ville\n1,Val-Fleuri\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(p, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestSourceTakesWholeFiles(t *testing.T) {
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	type files map[string]time.Time
	for name, c := range map[string]struct {
		files  files
		change func(*sourceConfig)
		rows   int64
		left   int
	}{
		"settled":           {files{"a.csv": ago(10 * time.Second), "b.csv": ago(time.Hour)}, func(c *sourceConfig) { c.Settle = 10 * time.Second }, 2, 0},
		"one is not":        {files{"a.csv": ago(9 * time.Second), "b.csv": ago(time.Hour)}, func(c *sourceConfig) { c.Settle = 10 * time.Second }, 1, 1},
		"of the future":     {files{"a.csv": now.Add(time.Hour), "b.csv": ago(time.Hour)}, func(c *sourceConfig) { c.Settle = 10 * time.Second }, 1, 1},
		"none":              {files{"a.csv": ago(time.Second)}, func(c *sourceConfig) { c.Settle = 10 * time.Second }, 0, 1},
		"marked":            {files{"a.csv": ago(time.Hour), "a.csv.ok": ago(time.Hour), "b.csv": ago(time.Hour), "b.ok": now}, func(c *sourceConfig) { c.Marker = ".ok" }, 2, 0},
		"marked, plain":     {files{"a.csv": ago(time.Hour), "a.ok": now}, func(c *sourceConfig) { c.Marker, c.Path = ".ok", "a.csv" }, 1, 0},
		"not marked, plain": {files{"a.csv": ago(time.Hour)}, func(c *sourceConfig) { c.Marker, c.Path = ".ok", "a.csv" }, 0, 1},
		"an old marker":     {files{"a.csv": ago(time.Minute), "a.csv.ok": ago(time.Hour), "b.csv": ago(time.Hour), "b.csv.ok": now}, func(c *sourceConfig) { c.Marker = ".ok" }, 1, 1},
		"both":              {files{"a.csv": ago(time.Second), "a.csv.ok": now}, func(c *sourceConfig) { c.Marker, c.Settle = ".ok", 10*time.Second }, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, at := range c.files {
				drop(t, dir, file, at)
			}
			s, noted := dropFolder(t, dir, now, c.change)
			rows, err := countRows(t, s)
			if rows != c.rows {
				t.Errorf("%d rows, %v", rows, err)
			}
			told := *noted
			if c.rows == 0 {
				told = append(told, messages.Find(err))
			} else if err != nil {
				t.Error(err)
			}
			if c.left == 0 && len(told) > 0 || c.left > 0 && (len(told) != 1 || told[0].Message != messages.NotSettled || told[0].Param("count") != "1") {
				t.Errorf("told: %v", told)
			}
		})
	}
}

// A link out of the drop folder is no way to have another file published.
func TestSourceStaysInItsFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	}
	outside, dir := t.TempDir(), t.TempDir()
	drop(t, outside, "secret.csv", time.Now())
	if err := os.Symlink(filepath.Join(outside, "secret.csv"), filepath.Join(dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	s, _ := dropFolder(t, dir, time.Now(), func(*sourceConfig) {})
	if _, err := s.Open(context.Background()); err == nil || messages.Find(err) == nil {
		t.Errorf("a link that leads out: %v", err)
	}
}
