package sql

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"modernc.org/sqlite"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// exampleFiles are the examples of this package.
var exampleFiles fs.FS = os.DirFS("examples")

func registry(t testing.TB) *pipelines.Registry {
	t.Helper()
	r, err := pipelines.NewRegistry([]pipelines.Component{PostgresConnection, SQLiteConnection, PostgresSource, SQLiteSource})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestExamples(t *testing.T) {
	reg := registry(t)
	for _, c := range []pipelines.Component{SQLiteSource, PostgresSource} {
		examples, err := pipelinetest.Examples(reg, c, exampleFiles)
		if err != nil || len(examples) == 0 {
			t.Fatalf("%s: %d examples, %v", c.Name, len(examples), err)
		}
		for _, e := range examples {
			t.Run(e.Name, func(t *testing.T) { runExample(t, reg, c, e) })
		}
	}
}

func runExample(t *testing.T, reg *pipelines.Registry, c pipelines.Component, e pipelinetest.Example) {
	env := pipelinetest.Env(t)
	adapt := func(any) any { panic("no server") }
	switch c.Name {
	case "sqlite":
		sqliteFrom(t, filepath.Join(env.Dir, "mairie.db"), e.Files["setup.sql"])
		adapt = func(config any) any { return config }
	case "postgres":
		pg := testPostgres(t)
		env.Secrets = pg.secrets()
		schema := pg.schema(t, e.Files["setup.sql"])
		adapt = func(config any) any { return pg.config(schema) }
	}
	config := decodeExample(t, reg, e.Files["pipeline.hcl"], env.Dir, adapt)
	src, err := c.Build(env, config)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readAll(context.Background(), src.(pipelines.Source))
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
}

// decodeExample gives the config of the example's source. adapt may put another
// connection in the place of the one that is written.
func decodeExample(t *testing.T, reg *pipelines.Registry, text, dir string, adapt func(any) any) any {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(text), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars := map[string]cty.Value{
		"dir":    cty.StringVal(filepath.ToSlash(dir)),
		"secret": cty.ObjectVal(map[string]cty.Value{"finances": cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: "secret.finances"})}),
	}
	var config any
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		c, ok := reg.Find(pipelines.Kind(b.Type), b.Labels[0])
		if !ok {
			t.Fatalf("no %s %q", b.Type, b.Labels[0])
		}
		if config, diags = c.Decode(reg, b.Body, &hcl.EvalContext{Variables: vars}); diags.HasErrors() {
			t.Fatal(diags)
		}
		if b.Type == "connection" {
			conn := &pipelines.Connection{Built: pipelines.Built{Component: c, Label: b.Labels[1], Config: adapt(config)}}
			vars["connection"] = cty.ObjectVal(map[string]cty.Value{b.Labels[0]: cty.ObjectVal(map[string]cty.Value{
				b.Labels[1]: cty.CapsuleVal(pipelines.ConnectionValue, conn)})})
		}
	}
	return config
}

// readAll reads a source to its end.
func readAll(ctx context.Context, src pipelines.Source) (pipelinetest.Table, []pipelines.Reject, error) {
	s, err := src.Open(ctx)
	if err != nil {
		return pipelinetest.Table{}, nil, err
	}
	got := pipelinetest.Table{Schema: s.Schema()}
	var rejects []pipelines.Reject
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error {
		got.Append(b.Record)
		rejects = append(rejects, b.Rejects...)
		b.Release()
		return nil
	})
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return got, rejects, err
}

// sqliteFrom makes a database file.
func sqliteFrom(t testing.TB, path, script string) {
	t.Helper()
	c, err := sqlite.NewConnector(path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exec(conn, script); err != nil {
		t.Fatal(err)
	}
}
