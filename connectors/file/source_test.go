package file

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// readers are the formats that a source reads.
var readers = []pipelines.Component{format.CSV, format.Fixed, format.DBF, format.XLSX, format.ODS, format.XLS, format.Parquet,
	format.GeoJSON, format.Shape}

func sourceRegistry(t testing.TB) *pipelines.Registry {
	t.Helper()
	r, err := pipelines.NewRegistry(append([]pipelines.Component{Source, LoadLocal, store.Local}, readers...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The examples of this source and those of the formats it reads.
func TestSourceExamples(t *testing.T) {
	reg := sourceRegistry(t)
	for _, c := range append([]pipelines.Component{Source}, readers...) {
		dir := "examples"
		if c.Kind == pipelines.KindFormat {
			dir = "../format/examples"
		}
		t.Run(c.Name, func(t *testing.T) { pipelinetest.Config(t, reg, c, os.DirFS(dir)) })
		examples, err := pipelinetest.Examples(reg, c, os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			if e.Files["in.csv"] != "" {
				continue // of a load: the package of the format runs it
			}
			t.Run(e.Name, func(t *testing.T) { runSourceExample(t, reg, e) })
		}
	}
}

func runSourceExample(t *testing.T, reg *pipelines.Registry, e pipelinetest.Example) {
	env := pipelinetest.Env(t)
	putFiles(t, env.Dir, e)
	conf, files := decodeSource(t, reg, e.Files["pipeline.hcl"], env.Dir)
	src, err := Source.Build(env, conf)
	if err != nil {
		t.Fatal(err)
	}
	got, rejects, err := readSource(src.(pipelines.Source))
	if want := strings.TrimSpace(e.Files["want.err"]); want != "" {
		if m := messages.Find(err); m == nil || m.Code != want {
			t.Fatalf("want %s, got %v", want, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := pipelinetest.ParseTable(e.Files["want.csv"])
	if err != nil {
		t.Fatal(err)
	}
	if d := pipelinetest.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(e.Files["want.rejects"], rejects); d != "" {
		t.Error(d)
	}
	if published := e.Files["published.txt"]; published != "" {
		if d := cmp.Diff(published, writeWith(t, env, files[0], got)); d != "" {
			t.Error(d)
		}
	}
}

// putFiles writes the inputs of an example. What is in a folder called *.xlsx or
// *.ods are the parts of a workbook, which is packed from them.
func putFiles(t *testing.T, dir string, e pipelinetest.Example) {
	t.Helper()
	books := map[string]*zip.Writer{}
	packed := map[string]*bytes.Buffer{}
	names := make([]string, 0, len(e.Files))
	for name := range e.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		book := bookFolder.FindString(name)
		if book == "" {
			if strings.Contains(name, "/") {
				putFile(t, filepath.Join(dir, name), e.Files[name])
			}
			continue
		}
		if books[book] == nil {
			packed[book] = &bytes.Buffer{}
			books[book] = zip.NewWriter(packed[book])
		}
		w, err := books[book].Create(strings.TrimPrefix(name, book))
		if err == nil {
			_, err = io.WriteString(w, e.Files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for book, w := range books {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		putFile(t, filepath.Join(dir, strings.TrimSuffix(book, "/")), packed[book].String())
	}
}

var bookFolder = regexp.MustCompile(`^.*\.(xlsx|ods)/`)

// putFile writes a file; one called *.cp1252.* in that encoding, *.base64 as the
// bytes that it stands for, without that ending.
func putFile(t *testing.T, path, text string) {
	t.Helper()
	if name, ok := strings.CutSuffix(path, ".base64"); ok {
		data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
		if err != nil {
			t.Fatal(err)
		}
		path, text = name, string(data)
	}
	if strings.Contains(path, ".cp1252.") {
		encoded, err := charmap.Windows1252.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		text = encoded
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// decodeSource gives the config of the source, and the formats of the load if there is one.
func decodeSource(t testing.TB, reg *pipelines.Registry, text, dir string) (conf any, files []pipelines.Built) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(text), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars := map[string]cty.Value{"dir": cty.StringVal(filepath.ToSlash(dir))}
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		c, ok := reg.Find(pipelines.Kind(b.Type), b.Labels[0])
		if !ok {
			t.Fatalf("no %s %q", b.Type, b.Labels[0])
		}
		decoded, diags := c.Decode(reg, b.Body, &hcl.EvalContext{Variables: vars})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		switch b.Type {
		case "connection":
			conn := &pipelines.Connection{Built: pipelines.Built{Component: c, Label: b.Labels[1], Config: decoded}}
			vars["connection"] = cty.ObjectVal(map[string]cty.Value{b.Labels[0]: cty.ObjectVal(map[string]cty.Value{
				b.Labels[1]: cty.CapsuleVal(pipelines.ConnectionValue, conn)})})
		case "source":
			conf = decoded
		case "load":
			files = decoded.(loadConfig).Files
		}
	}
	return conf, files
}

// readSource reads to the end; rejects are "line code" lines.
func readSource(src pipelines.Source) (pipelinetest.Table, string, error) {
	ctx := context.Background()
	s, err := src.Open(ctx)
	if err != nil {
		return pipelinetest.Table{}, "", err
	}
	got, rejects := pipelinetest.Table{Schema: s.Schema()}, ""
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error {
		got.Append(b.Record)
		for _, r := range b.Rejects {
			rejects += fmt.Sprintln(r.Line, r.Why.Code)
		}
		b.Release()
		return nil
	})
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return got, rejects, err
}

// writeWith writes the table, without byte order mark and with LF.
func writeWith(t *testing.T, env pipelines.Env, f pipelines.Built, table pipelinetest.Table) string {
	t.Helper()
	w, err := pipelines.As[format.Writer](f, env)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fw, err := w.Begin(&out, table.Schema, format.About{})
	if err != nil {
		t.Fatal(err)
	}
	rec := table.Record(env.Allocator)
	defer rec.Release()
	e, err := fw.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
	if err == nil {
		err = fw.Append(e)
	}
	if err == nil {
		err = fw.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimPrefix(out.String(), "\ufeff"), "\r\n", "\n")
}

const threeFiles = `
connection "local" "depot" {
  path = "${dir}/depot"
}
source "file" "x" {
  connection   = connection.local.depot
  path         = "kanari_vermeille_*.csv"
  tenant_by    = "commune"
  personal     = ["nom"]
  not_personal = { rue = "a street" }
  format "csv" {
    columns = { n = int64 }
  }
}
`

func TestFileConforms(t *testing.T) {
	dir := t.TempDir()
	header := "commune,nom,rue,n\n"
	putFile(t, filepath.Join(dir, "depot/kanari_vermeille_1.csv"), header+"val-fleuri,a,r,1\nval-moussu,b,r,2\n,b,r,2\nval-fleuri,c,r,x\n")
	putFile(t, filepath.Join(dir, "depot/kanari_vermeille_2.csv"), header)
	putFile(t, filepath.Join(dir, "depot/kanari_vermeille_3.csv"), header+strings.Repeat("val-fleuri,é,r,3\n", 50))
	conf, _ := decodeSource(t, sourceRegistry(t), threeFiles, dir)
	pipelinetest.Source(t, func(env pipelines.Env) (pipelines.Source, error) {
		return newSource(env, conf.(sourceConfig))
	})
}

func TestSourceAbilities(t *testing.T) {
	env := pipelinetest.Env(t)
	putFile(t, filepath.Join(env.Dir, "depot/kanari_vermeille_1.csv"), "commune,nom,rue,n,autre\n")
	conf, _ := decodeSource(t, sourceRegistry(t), threeFiles, env.Dir)
	src, err := newSource(env, conf.(sourceConfig))
	if err != nil {
		t.Fatal(err)
	}
	declared, complete := src.(pipelines.Declarer).Declared()
	if complete || !slices.Equal(pipelines.Columns(declared), []string{"n"}) {
		t.Errorf("declared %v, complete %v", declared, complete)
	}
	described, err := src.(pipelines.Describer).Describe(context.Background())
	if err != nil || !slices.Equal(pipelines.Columns(described), []string{"commune", "nom", "rue", "n", "autre"}) {
		t.Errorf("described %v, %v", described, err)
	}
	personal, not := src.(pipelines.Marker).Marks()
	if !slices.Equal(personal, []string{"nom"}) || not["rue"] != "a street" || !src.(pipelines.Rereadable).Rereadable() {
		t.Errorf("marks %v, %v", personal, not)
	}
}

// What a block names and the files or the task do not have is refused.
func TestSourceRefuses(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		task           pipelines.TaskID
		want           *messages.Message
	}{
		{"personal", `["nom"]`, `["prenom"]`, pipelines.TaskID{Pipeline: "p", Tenant: "t"}, messages.FileColumn},
		{"not_personal", `{ rue =`, `{ voie =`, pipelines.TaskID{Pipeline: "p", Tenant: "t"}, messages.FileColumn},
		{"tenant_by a column that is not there", `"commune"`, `"insee"`, pipelines.TaskID{Pipeline: "p", Tenant: "t"}, messages.FileColumn},
		{"tenant_by a date", `{ n = int64 }`, `{ n = int64, commune = date }`, pipelines.TaskID{Pipeline: "p", Tenant: "t"}, messages.FileNotText},
		{"tenant_by without tenants", "", "", pipelines.TaskID{Pipeline: "p"}, messages.FileKey},
		{"a capture without key", "vermeille_*", "vermeille_(?<annee>.)", pipelines.TaskID{Pipeline: "p", Tenant: "t"}, messages.FileCapture},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			env.Task = c.task
			putFile(t, filepath.Join(env.Dir, "depot/kanari_vermeille_1.csv"), "commune,nom,rue,n\n")
			conf, _ := decodeSource(t, sourceRegistry(t), strings.Replace(threeFiles, c.old, c.new, 1), env.Dir)
			src, err := newSource(env, conf.(sourceConfig))
			if err == nil {
				_, err = src.Open(context.Background())
			}
			if !messages.Has(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPattern(t *testing.T) {
	keys := map[string]string{"exercice": "2024", "tenant": "val-fleuri"}
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"a/b.csv", "a/b.csv", true},
		{"a/b.csv", "a/bxcsv", false},
		{"a/b.csv", "a/b.csv.old", false},
		{"export (1).csv", "export (1).csv", true},
		{"a+b[1]?.csv", "a+b[1]?.csv", true},
		{"*.csv", "b.csv", true},
		{"*.csv", "a/b.csv", false},
		{"*/*.csv", "a/b.csv", true},
		{`(?<tenant>[^/]+)/s_(?<exercice>\d{4}).csv`, "val-fleuri/s_2024.csv", true},
		{`(?<tenant>[^/]+)/s_(?<exercice>\d{4}).csv`, "val-fleuri/s_2023.csv", false},
		{`(?<tenant>[^/]+)/s_(?<exercice>\d{4}).csv`, "val-moussu/s_2024.csv", false},
		{`s_(?<exercice>\d{4})(?:(?:_v[)\d]+)?).csv`, "s_2024_v2.csv", true},
		{`s_(?:(?:a|b)+).csv`, "s_abba.csv", true},
	} {
		p, err := newPattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		if got := p.matches(c.path, keys); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.path, got)
		}
		if c.want && !strings.HasPrefix(c.path, p.prefix) {
			t.Errorf("%q is listed under %q", c.pattern, p.prefix)
		}
	}
	for _, bad := range []string{"", "/a.csv", `a\b.csv`, "../a.csv", "a/./b", "(?<exercice", "(?<exercice>[)", "(?=x)"} {
		if _, err := newPattern(bad); !messages.Has(err, messages.FilePattern) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A store that fails in the middle of a file fails the stream, with its error.
func TestSourceStoreFails(t *testing.T) {
	env := pipelinetest.Env(t)
	src := &source{env: env, sourceConfig: sourceConfig{Path: "a.csv"}, store: brokenStore{}}
	var err error
	if src.pattern, err = newPattern("a.csv"); err != nil {
		t.Fatal(err)
	}
	if src.reader, err = pipelines.As[format.Reader](pipelines.Built{Component: format.CSV, Config: format.CSV.New()}, env); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readSource(src); err != errBroken {
		t.Errorf("got %v", err)
	}
}

var errBroken = messages.Unreachable.With("store", "s", "why", "test")

// brokenStore has one file, which breaks after some rows.
type brokenStore struct{ store.Store }

func (brokenStore) List(context.Context, string) ([]store.Info, error) {
	return []store.Info{{Key: "a.csv", Size: 1 << 30}}, nil
}

func (brokenStore) Open(context.Context, string) (io.ReadCloser, store.Info, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("a,b\n"+strings.Repeat("1,2\n", 1<<20)), brokenReader{})), store.Info{}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// changing is a store whose file becomes another while it is read.
type changing struct {
	store.Reader
	during func()
}

func (c changing) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	r, info, err := c.Reader.Open(ctx, key)
	return &hookedReader{r, c.during}, info, err
}

type hookedReader struct {
	io.ReadCloser
	during func()
}

func (h *hookedReader) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if h.during != nil {
		h.during()
		h.during = nil
	}
	return n, err
}

// A file that grows, is cut short or is replaced while it is read is not
// published as half a file.
func TestSourceNoticesAFileThatChangesWhileItIsRead(t *testing.T) {
	line := strings.Repeat("1;un\n", 600_000)
	for name, change := range map[string]func(path string) error{
		"none": nil,
		"grows": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("2;deux\n")
				f.Close()
			}
			return err
		},
		"is cut short": func(path string) error { return os.Truncate(path, 2_000_005) },
		"is replaced": func(path string) error {
			if err := os.WriteFile(path+".new", []byte("id;nom\n9;neuf\n"), 0o644); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		},
		"is removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			path := filepath.Join(env.Dir, "in.csv")
			putFile(t, path, "id;nom\n"+line)
			conf, _ := decodeSource(t, sourceRegistry(t), `connection "local" "depot" { path = dir }
			source "file" "s" {
				connection = connection.local.depot
				path = "in.csv"
				format "csv" { delimiter = ";" }
			}`, env.Dir)
			built, err := Source.Build(env, conf)
			if err != nil {
				t.Fatal(err)
			}
			s := built.(*source)
			s.store = changing{s.store, func() {
				if change != nil {
					if err := change(path); err != nil {
						t.Error(err)
					}
				}
			}}
			in, err := s.Open(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			rows := int64(0)
			err = pipelines.Each(context.Background(), in, func(b pipelines.Batch) error {
				rows += b.NumRows()
				b.Release()
				return nil
			})
			switch {
			case change == nil && (err != nil || rows != 600_000):
				t.Errorf("%d rows, %v", rows, err)
			case change != nil && !messages.Has(err, messages.FileChanged):
				t.Errorf("got %v after %d rows", err, rows)
			}
		})
	}
}
