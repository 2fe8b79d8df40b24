package file

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// exampleFiles are the inputs of an example of a format.
func exampleFiles(t *testing.T, dir string, c pipelines.Component) *source {
	t.Helper()
	reg := sourceRegistry(t)
	examples, err := pipelinetest.Examples(reg, c, os.DirFS("../format/examples"))
	if err != nil {
		t.Fatal(err)
	}
	putFiles(t, dir, examples[0])
	conf, _ := decodeSource(t, reg, examples[0].Files["pipeline.hcl"], dir)
	src, err := newSource(pipelinetest.Env(t), conf.(sourceConfig))
	if err != nil {
		t.Fatal(err)
	}
	return src.(*source)
}

func stamp(t *testing.T, s *source) string {
	t.Helper()
	var b bytes.Buffer
	known, err := s.Stamp(context.Background(), pipelines.Stamping{To: &b, Once: func(_ string, do func() (any, error)) (any, error) { return do() }})
	if err != nil || !known {
		t.Fatal(known, err)
	}
	return b.String()
}

// A table's long texts are found beside it whatever the case of their extension,
// and count for whether the input is what it was.
func TestFilesBeside(t *testing.T) {
	dir := t.TempDir()
	s := exampleFiles(t, dir, format.DBF)
	read := func() error {
		_, _, err := readSource(s)
		return err
	}
	memo, upper := filepath.Join(dir, "depot/aides.dbt"), filepath.Join(dir, "depot/aides.DBT")
	whole := stamp(t, s)
	if err := os.Rename(memo, upper); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Errorf("in upper case: %v", err)
	}
	if stamp(t, s) == whole {
		t.Error("the memo has another name, and the input is said to be the same")
	}
	if err := os.WriteFile(filepath.Join(dir, "depot/aides.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	was := stamp(t, s)
	if err := os.Remove(upper); err != nil {
		t.Fatal(err)
	}
	if err := read(); !messages.Has(err, messages.DBFNoMemo) {
		t.Errorf("without it: %v", err)
	}
	if stamp(t, s) == was {
		t.Error("the memo is gone, and the input is said to be the same")
	}
}

// A workbook of the local store is read where it stands, and one that changes
// meanwhile is refused as any file is.
func TestWorkbookChangesWhileItIsRead(t *testing.T) {
	dir := t.TempDir()
	s := exampleFiles(t, dir, format.XLSX)
	path := filepath.Join(dir, "depot/aides.xlsx")
	grow(t, path)
	r, err := s.openSteady(context.Background(), "aides.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.(format.RandomAccess); !ok {
		t.Error("a local file cannot be read anywhere")
	}
	r.Close()
	got, _, err := readSource(s)
	if err != nil || len(got.Rows) != 3 {
		t.Fatalf("%d rows, %v", len(got.Rows), err)
	}
	stream, err := s.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var b pipelines.Batch
		if b, err = stream.Next(context.Background()); err == nil {
			b.Release()
		}
	}
	if !messages.Has(err, messages.FileChanged) {
		t.Errorf("got %v", err)
	}
}

// grow packs a workbook anew with a part that no other names, so that the store
// does not hold it in memory.
func grow(t *testing.T, path string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := zip.NewReader(bytes.NewReader(old), int64(len(old)))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range in.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	noise, err := w.CreateHeader(&zip.FileHeader{Name: "xl/media/image1.bin", Method: zip.Store})
	if err == nil {
		_, err = io.CopyN(noise, rand.NewChaCha8([32]byte{7}), 2<<20)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.WriteFile(path, buf.Bytes(), 0o600)
	}
	if err != nil || !strings.HasSuffix(path, ".xlsx") {
		t.Fatal(err)
	}
}

// Shapefiles mostly come packed: what stands beside one is found in the archive.
func TestPackedShapefile(t *testing.T) {
	dir := t.TempDir()
	want, _, err := readSource(exampleFiles(t, dir, format.Shape))
	if err != nil || len(want.Rows) == 0 {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "depot", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		part, err := w.Create("plu/" + filepath.Base(path))
		if err == nil {
			_, err = part.Write(data)
		}
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "depot", "zones.zip"), packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	reg := sourceRegistry(t)
	examples, err := pipelinetest.Examples(reg, format.Shape, os.DirFS("../format/examples"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(examples[0].Files["pipeline.hcl"], `path       = "zones.shp"`, "path = \"zones.zip\"\nunpack \"zip\" { members = \"plu/*.shp\" }", 1)
	conf, _ := decodeSource(t, reg, text, dir)
	src, err := newSource(pipelinetest.Env(t), conf.(sourceConfig))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readSource(src)
	if err != nil {
		t.Fatal(err)
	}
	if d := pipelinetest.Diff(want, got); d != "" {
		t.Error(d)
	}
}
