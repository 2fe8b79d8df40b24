package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// treeFrom builds the codec as a pipeline file would, for chunks of that size.
func treeFrom(t csvTB, mem memory.Allocator, format, config string, chunk int) Reader {
	t.Helper()
	c, diags := decodeTree(t, format, config)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", config, diags)
	}
	component := treeComponent(format)
	codec, err := component.Build(pipelines.Env{Allocator: mem}, c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sized(codec.(Reader), chunk)
}

func treeComponent(format string) pipelines.Component {
	return map[string]pipelines.Component{"xml": XML, "json": JSON, "jsonl": JSONLines}[format]
}

func decodeTree(t csvTB, format, config string) (any, hcl.Diagnostics) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(config), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", config, diags)
	}
	reg, err := pipelines.NewRegistry([]pipelines.Component{treeComponent(format)})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return treeComponent(format).Decode(reg, f.Body, &hcl.EvalContext{})
}

// treeResult is what a file was read as: one text per row with its line, cells
// with bars between, null as \N; what was rejected; and the code of the error.
type treeResult struct {
	Rows    []string
	Rejects []string // "line code column"
	Err     string
	Why     error `cmp:"-"`
}

func readTree(t csvTB, r Reader, data string) (res treeResult) {
	t.Helper()
	ctx := context.Background()
	fail := func(err error) treeResult {
		m := messages.Find(err)
		if m == nil {
			t.Fatalf("an error without a code: %v", err)
		}
		res.Err, res.Why = m.Code, err
		return res
	}
	chunks, err := r.Chunks(ctx, csvInput(data))
	if err != nil {
		return fail(err)
	}
	defer chunks.Close()
	for {
		chunk, err := chunks.Next(ctx)
		if err == io.EOF {
			return res
		}
		if err != nil {
			return fail(err)
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			return fail(err)
		}
		for r := range int(b.NumRows()) {
			cells := make([]string, b.NumCols())
			for c, col := range b.Columns() {
				if cells[c] = col.ValueStr(r); col.IsNull(r) {
					cells[c] = `\N`
				}
			}
			res.Rows = append(res.Rows, fmt.Sprint(b.Places.Lines[r], ": ", strings.Join(cells, "|")))
		}
		for _, x := range b.Rejects {
			res.Rejects = append(res.Rejects, strings.TrimSpace(fmt.Sprint(x.Line, " ", x.Why.Code, " ", x.Column)))
		}
		b.Release()
	}
}

func (r treeResult) differs(want treeResult) string {
	r.Why, want.Why = nil, nil
	return cmp.Diff(want, r)
}

type treeCase struct {
	name, config, data string
	want               treeResult
}

// testTree reads every case whole and cut as small as can be: batches never
// depend on it.
func testTree(t *testing.T, format string, cases []treeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{0, 1, 7, 40} {
				got := readTree(t, treeFrom(t, mem, format, c.config, size), c.data)
				if diff := got.differs(c.want); diff != "" {
					t.Fatalf("chunks of %d: %s\n%v", size, diff, got.Why)
				}
			}
		})
	}
}

// testRefused checks the diagnostics of configurations.
func testRefused(t *testing.T, format string, cases map[string]*messages.Message) {
	t.Helper()
	for config, want := range cases {
		_, diags := decodeTree(t, format, config)
		if !diags.HasErrors() {
			t.Errorf("%s is accepted", config)
			continue
		}
		var got *messages.Error
		if !errors.As(diags[0].Extra.(error), &got) || got.Message != want {
			t.Errorf("%s: %v", config, diags)
		}
	}
}

func TestXMLConforms(t *testing.T) {
	treeConforms(t, pipelinetest.Chunks, "xml", `record = ["/r/l"]
		fields = { n = "@n", t = "t", au = "../au/@v" }
		columns = { n = int64 }`,
		"<r>\n<au v='Val-Fleuri'/>"+strings.Repeat("<l n='1'><t>\u00e9t\u00e9 &amp; co</t></l>\n<l n='x'/>\n<l n='2'><t/></l>", 10)+"</r>")
}

func TestJSONConforms(t *testing.T) {
	treeConforms(t, pipelinetest.Chunks, "json", `record = "r.l"
		fields = { n = "n", t = "t[].x", au = "$.au" }
		columns = { n = int64 }`,
		`{"au": "Val-Fleuri", "r": {"l": [`+strings.Repeat("{\"n\": 1, \"t\": [{\"x\": \"\\u00e9\"}, {}]},\n{\"n\": \"x\"},\n", 10)+`{"n": 2}]}}`)
}

func TestJSONLConforms(t *testing.T) {
	treeConforms(t, pipelinetest.Chunks, "jsonl", `fields = { n = "n", t = "t" }
		columns = { n = int64 }`,
		strings.Repeat("{\"n\": 1, \"t\": \"\u00e9t\u00e9\"}\n{\"n\": \"x\"}\n{\"n\": tru}\n\n", 10)+`{"n": 2}`)
}

func treeConforms(t *testing.T, suite func(*testing.T, func(pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error)), format, config, data string) {
	suite(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := treeFrom(t, env.Allocator, format, config, 64)
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, csvInput(data)) }, nil
	})
}
