package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// shapes is the example of shapefiles in a drop folder, with what else belongs to it
// beside it and what does not; with are the arguments of the source.
func shapes(t *testing.T, dir, with string) (*source, map[string]pipelines.Taken) {
	t.Helper()
	reg := sourceRegistry(t)
	examples, err := pipelinetest.Examples(reg, format.Shape, os.DirFS("../format/examples"))
	if err != nil {
		t.Fatal(err)
	}
	putFiles(t, dir, examples[0])
	for _, name := range []string{"zones.SBN", "zones.sbx", "zones.shp.xml", "zones.cpg", "zones.txt", "zones2.dbf", "zone.prj"} {
		putFile(t, filepath.Join(dir, "depot", name), "1252")
	}
	text := strings.Replace(examples[0].Files["pipeline.hcl"], `path       = "zones.shp"`, `path = "zones.shp"`+"\n"+with, 1)
	conf, _ := decodeSource(t, reg, text, dir)
	env, taken := pipelinetest.Env(t), map[string]pipelines.Taken{}
	env.Took = func(k pipelines.Taken) {
		was := taken[k.ID]
		if k.Done == nil {
			k.Done = was.Done
		}
		if k.Failed == nil {
			k.Failed = was.Failed
		}
		taken[k.ID] = k
	}
	src, err := newSource(env, conf.(sourceConfig))
	if err != nil {
		t.Fatal(err)
	}
	return src.(*source), taken
}

// filesOf are the files of the folder, in the order of their paths.
func filesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(d.Name(), ".lavoir") {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

func onlyTaken(t *testing.T, taken map[string]pipelines.Taken) pipelines.Taken {
	t.Helper()
	if len(taken) != 1 {
		t.Fatalf("%d files were told of", len(taken))
	}
	for _, k := range taken {
		return k
	}
	panic("unreachable")
}

func readAll(t *testing.T, s *source) pipelinetest.Table {
	t.Helper()
	got, _, err := readSource(s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var strangers = []string{"zone.prj", "zones.txt", "zones2.dbf"}

// What belongs to a shapefile goes where it goes; a second one of that name lies
// beside the first with its own table, and both are read again where all that came counts.
func TestSetMoves(t *testing.T) {
	dir := t.TempDir()
	const with = "on_done = \"move\"\ndone_path = \"pris\"\naccumulate = true\n"
	s, taken := shapes(t, dir, with)
	first := readAll(t, s)
	if err := onlyTaken(t, taken).Done(context.Background()); err != nil {
		t.Fatal(err)
	}
	depot := filepath.Join(dir, "depot")
	set := []string{"pris/zones.SBN", "pris/zones.cpg", "pris/zones.dbf", "pris/zones.prj", "pris/zones.sbx", "pris/zones.shp", "pris/zones.shp.xml", "pris/zones.shx"}
	if diff := cmp.Diff(append(slices.Clone(set), strangers...), filesOf(t, depot)); diff != "" {
		t.Error(diff)
	}
	if diff := pipelinetest.Diff(first, readAll(t, s)); diff != "" {
		t.Error("read again from where it was moved:", diff)
	}

	// The same shapes with another table are another file, and count.
	s, taken = shapes(t, dir, with)
	table := filepath.Join(depot, "zones.dbf")
	b, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(table, []byte(strings.Replace(string(b), "012 ", "777 ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, s); len(got.Rows) != 2*len(first.Rows) || got.Rows[len(first.Rows)][0] == first.Rows[0][0] {
		t.Errorf("%d rows, want %d", len(got.Rows), 2*len(first.Rows))
	}
	if err := onlyTaken(t, taken).Done(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(set, strangers)
	for _, name := range set {
		want = append(want, name+"~2")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, filesOf(t, depot)); diff != "" {
		t.Error(diff)
	}
	got := readAll(t, s)
	if len(got.Rows) != 2*len(first.Rows) || got.Rows[len(first.Rows)][0] == first.Rows[0][0] {
		t.Errorf("moved: %d rows, want %d with the table of each", len(got.Rows), 2*len(first.Rows))
	}

	// And one that was dropped again, table and all, does not.
	s, _ = shapes(t, dir, with)
	if got := readAll(t, s); len(got.Rows) != 2*len(first.Rows) {
		t.Errorf("dropped again: %d rows, want %d", len(got.Rows), 2*len(first.Rows))
	}
}

func TestSetIsDeleted(t *testing.T) {
	dir := t.TempDir()
	s, taken := shapes(t, dir, "on_done = \"delete\"\n")
	readAll(t, s)
	if err := onlyTaken(t, taken).Done(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strangers, filesOf(t, filepath.Join(dir, "depot"))); diff != "" {
		t.Error(diff)
	}
}

func TestSetThatFailedIsSetAside(t *testing.T) {
	dir := t.TempDir()
	s, taken := shapes(t, dir, "error_path = \"erreurs\"\n")
	readAll(t, s)
	k := onlyTaken(t, taken)
	failed := pipelines.FailedFile{Report: []byte("{}\n"), Dir: t.TempDir(), Seal: func(out io.Writer) (io.WriteCloser, error) { return plainSeal{out}, nil }}
	if err := k.Failed(context.Background(), failed); err != nil {
		t.Fatal(err)
	}
	want := []string{"erreurs/zones.SBN.age", "erreurs/zones.cpg.age", "erreurs/zones.dbf.age", "erreurs/zones.prj.age", "erreurs/zones.sbx.age",
		"erreurs/zones.shp.age", "erreurs/zones.shp.report.json", "erreurs/zones.shp.xml.age", "erreurs/zones.shx.age"}
	if diff := cmp.Diff(append(want, strangers...), filesOf(t, filepath.Join(dir, "depot"))); diff != "" {
		t.Error(diff)
	}
}

type plainSeal struct{ io.Writer }

func (plainSeal) Close() error { return nil }

// stubborn refuses to move some files.
type stubborn struct {
	store.Mover
	refuses func(key string) bool
}

func (m stubborn) Move(ctx context.Context, was store.Info, to string) error {
	if m.refuses(was.Key) {
		return errors.New("in use")
	}
	return m.Mover.Move(ctx, was, to)
}

// A part that cannot be moved stops no other and is told; where the file itself
// cannot be, nothing is moved and the next run finds all of it.
func TestSetOfWhichAPartStays(t *testing.T) {
	dir := t.TempDir()
	s, taken := shapes(t, dir, "on_done = \"move\"\ndone_path = \"pris\"\n")
	readAll(t, s)
	depot := filepath.Join(dir, "depot")
	whole, mover := filesOf(t, depot), s.mover
	s.mover = stubborn{mover, func(key string) bool { return key == "zones.shp" }}
	done := onlyTaken(t, taken).Done
	if err := done(context.Background()); err == nil || messages.Has(err, messages.TakenPart) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(whole, filesOf(t, depot)); diff != "" {
		t.Error(diff)
	}
	s.mover = stubborn{mover, func(key string) bool { return key == "zones.dbf" || key == "zones.sbx" }}
	err := done(context.Background())
	if m := messages.Find(err); m == nil || m.Code != messages.TakenPart.Code || m.Param("count") != "2" {
		t.Errorf("got %v", err)
	}
	if got := filesOf(t, depot); !slices.Contains(got, "zones.dbf") || slices.Contains(got, "zones.prj") || !slices.Contains(got, "pris/zones.shp") {
		t.Error(got)
	}
}

// A table that came after its shapes were read belongs to the next file of that name.
func TestSetIsWhatWasRead(t *testing.T) {
	dir := t.TempDir()
	s, taken := shapes(t, dir, "on_done = \"move\"\ndone_path = \"pris\"\n")
	readAll(t, s)
	table := filepath.Join(dir, "depot", "zones.dbf")
	if err := os.WriteFile(table, []byte("another one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := onlyTaken(t, taken).Done(context.Background()); !messages.Has(err, messages.TakenPart) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(table); err != nil {
		t.Error(err)
	}
}

// A shapefile is whole when all of it that is read has been left alone.
func TestSetSettles(t *testing.T) {
	dir := t.TempDir()
	s, _ := shapes(t, dir, "settle = \"1m\"\n")
	depot := filepath.Join(dir, "depot")
	old := time.Now().Add(-time.Hour)
	for _, name := range filesOf(t, depot) {
		if err := os.Chtimes(filepath.Join(depot, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.env.Now = func() time.Time { return old.Add(2 * time.Minute) }
	s.store = timeless{s.store}
	readAll(t, s)
	late := old.Add(90 * time.Second)
	if err := os.Chtimes(filepath.Join(depot, "zones.dbf"), late, late); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readSource(s); !messages.Has(err, messages.NotSettled) {
		t.Errorf("got %v", err)
	}
}

// timeless is a store that has no clock of its own.
type timeless struct{ store.Reader }
