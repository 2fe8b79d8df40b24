package format

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// suiteCodec is a codec as the conformance suite sees it.
type suiteCodec struct {
	Writer
	Audited
}

func (c suiteCodec) Begin(out io.Writer, schema *arrow.Schema) (pipelinetest.FileWriter, error) {
	return c.Writer.Begin(out, schema, About{Software: "lavoir"})
}

func TestParquetConforms(t *testing.T) {
	for _, version := range []int{1, 2} {
		config := Parquet.New().(parquetConfig)
		config.PageVersion = version
		pipelinetest.Format(t, func(env pipelines.Env) (pipelinetest.Codec, error) {
			w, err := newParquet(env, config)
			return suiteCodec{w, w}, err
		})
	}
}

func TestParquetConfig(t *testing.T) {
	reg, err := pipelines.NewRegistry([]pipelines.Component{Parquet})
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.Config(t, reg, Parquet, os.DirFS("examples"))
}

// Each example writes its in.csv and reads want.csv back from the bytes, or is
// refused with the codes of want.err.
func TestParquetExamples(t *testing.T) {
	reg, err := pipelines.NewRegistry([]pipelines.Component{Parquet})
	if err != nil {
		t.Fatal(err)
	}
	examples, err := pipelinetest.Examples(reg, Parquet, os.DirFS("examples"))
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < 4 {
		t.Fatal("examples are missing")
	}
	for _, e := range examples {
		if e.Files["in.csv"] == "" {
			continue // of a source: its package runs it
		}
		t.Run(e.Name, func(t *testing.T) {
			schema, got, err := runExample(t, e)
			if code, refused := e.Files["want.err"]; refused {
				if m := messages.Find(err); m == nil || m.Code != strings.TrimSpace(code) {
					t.Errorf("%v, want %s", err, code)
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
			if !want.Schema.Equal(schema) {
				t.Errorf("the columns are %s", schema)
			}
			rec := want.Record(memory.NewGoAllocator())
			if diff := cmp.Diff(columnsOf(schema, rec), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// runExample gives the cells by column, as they are read back.
func runExample(t *testing.T, e pipelinetest.Example) (*arrow.Schema, [][]any, error) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(e.Files["pipeline.hcl"]), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c, diags := Parquet.Decode(nil, f.Body.(*hclsyntax.Body).Blocks[0].Body, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	env := pipelinetest.Env(t)
	w, err := newParquet(env, c.(parquetConfig))
	if err != nil {
		t.Fatal(err)
	}
	table, err := pipelinetest.ParseTable(e.Files["in.csv"])
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Bind(table.Schema); err != nil {
		return nil, nil, err
	}
	rec := table.Record(env.Allocator)
	defer rec.Release()
	p := w
	file := encodeFile(t, p, table.Schema, 2, rec)
	if err := auditFile(p, file); err != nil {
		return nil, nil, err
	}
	cols, err := reopen(p, file, table.Schema)
	return table.Schema, cols, err
}
