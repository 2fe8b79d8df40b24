package file

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// decodeLoad reads a load's block that names its connection connection.here.
func decodeLoad(t testing.TB, c, connection pipelines.Component, config any, body string) (any, hcl.Diagnostics) {
	t.Helper()
	reg, err := pipelines.NewRegistry([]pipelines.Component{format.CSV, format.Parquet})
	if err != nil {
		t.Fatal(err)
	}
	f, diags := hclsyntax.ParseConfig([]byte("connection = connection.here\n"+body), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	here := &pipelines.Connection{Built: pipelines.Built{Component: connection, Label: "here", Config: config}}
	ctx := storetest.Values()
	ctx.Variables["connection"] = cty.ObjectVal(map[string]cty.Value{"here": cty.CapsuleVal(pipelines.ConnectionValue, here)})
	return c.Decode(reg, f.Body, ctx)
}

// The real formats, through the components as a pipeline file names them, into
// each kind of store: the same rows come back from what was published, and the
// second run publishes nothing.
func TestRealFormats(t *testing.T) {
	check := func(t *testing.T, c, connection pipelines.Component, config any, env pipelines.Env) string {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		defer mem.AssertSize(t, 0)
		env.Allocator = mem
		env.Task.Pipeline = "associations"
		cfg, diags := decodeLoad(t, c, connection, config, "prefix = \"val-fleuri/2024\"\nfile \"csv\" {}\nfile \"parquet\" {}")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		ctx := context.Background()
		want := []string{"Les Amis du lavoir", "œuvre", "29019", "a;b,c\"d", ""}
		var receipts []pipelines.Receipt
		for range 2 {
			sink, err := pipelines.As[pipelines.Sink](pipelines.Built{Component: c, Config: cfg}, env)
			if err != nil {
				t.Fatal(err)
			}
			s, err := sink.Seal(ctx, pipelines.Records(testSchema, record(mem, want)))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Files() {
				if err := f.Audit(ctx); err != nil {
					t.Error(err)
				}
				if d := cmp.Diff(want, rowsOf(t, f)); d != "" {
					t.Errorf("%s: %s", f.Info().Name, d)
				}
			}
			r, err := s.Publish(ctx, testManifest)
			if err != nil {
				t.Fatal(err)
			}
			receipts = append(receipts, r)
			verified(t, sink.(*load))
			if err := s.Discard(); err != nil {
				t.Error(err)
			}
		}
		if !receipts[0].Changed || receipts[1].Changed || receipts[0].Release != receipts[1].Release {
			t.Errorf("%+v", receipts)
		}
		return receipts[0].Release
	}
	ids := map[string]string{}
	t.Run("folder", func(t *testing.T) {
		config, diags := storetest.Decode(store.Local, "path = \""+filepath.ToSlash(t.TempDir())+"\"")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		ids["folder"] = check(t, LoadLocal, store.Local, config, storetest.Env(t.TempDir()))
	})
	for _, s := range storetest.Servers {
		t.Run(s.Name, func(t *testing.T) {
			b := storetest.NewBucket(t, s.Variable)
			config, diags := storetest.Decode(store.S3, b.HCL(""))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			ids[s.Name] = check(t, LoadS3, store.S3, config, b.Env(t.TempDir()))
		})
	}
	for name, id := range ids {
		if id != ids["folder"] {
			t.Errorf("invariant 2: in %s the release is another one", name)
		}
	}
}

func rowsOf(t *testing.T, f pipelines.SealedFile) (rows []string) {
	t.Helper()
	s, err := f.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		defer b.Release()
		for i := range int(b.NumRows()) {
			rows = append(rows, strings.Clone(b.Column(0).ValueStr(i)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestLoadConfig(t *testing.T) {
	config, diags := storetest.Decode(store.Local, `path = "x"`)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for body, want := range map[string]string{
		`file "csv" {}`: "",
		`prefix = "a/b"` + "\n" + `file "csv" {}`:       "",
		`prefix = "../b"` + "\n" + `file "csv" {}`:      "LAV-6032",
		`prefix = "/b"` + "\n" + `file "csv" {}`:        "LAV-6032",
		`prefix = "a/.lavoir"` + "\n" + `file "csv" {}`: "LAV-6032",
		`name = "a/b"` + "\n" + `file "csv" {}`:         "LAV-6032",
		`name = "con"` + "\n" + `file "csv" {}`:         "LAV-6032",
		`keep = 1` + "\n" + `file "csv" {}`:             "LAV-1004",
		``:                                              "LAV-1006",
		`file "cvs" {}`:                                 "LAV-1008",
	} {
		_, diags := decodeLoad(t, LoadLocal, store.Local, config, body)
		got := ""
		if diags.HasErrors() {
			got, _, _ = strings.Cut(diags[0].Summary, ":")
		}
		if got != want {
			t.Errorf("%s\ngot %q, wanted %q: %v", body, got, want, diags)
		}
	}
	cfg, diags := decodeLoad(t, LoadS3, store.Local, config, `file "csv" {}`)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, err := pipelines.As[pipelines.Sink](pipelines.Built{Component: LoadS3, Config: cfg}, storetest.Env(""))
	if err == nil || !strings.HasPrefix(err.Error(), "LAV-1015") {
		t.Errorf("a load into a bucket took a folder: %v", err)
	}
}
