// Package trial runs one transform over tables of plain values, for tests that
// compare it with a model. What every transform must keep is pipelinetest's.
package trial

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Build makes the transform c of a block's body, in which source.table.<name>
// stands for a table and secret.cle for a secret.
func Build(t testing.TB, env pipelines.Env, c pipelines.Component, body string, tables map[string]pipelinetest.Table) pipelines.Transform {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(body), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars := map[string]cty.Value{}
	for name, tb := range tables {
		ref := &pipelines.SourceRef{Built: built(name, tb)}
		vars[name] = cty.CapsuleVal(pipelines.SourceValue, ref)
	}
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{
		"source": cty.ObjectVal(map[string]cty.Value{"table": cty.ObjectVal(vars)}),
		"secret": cty.ObjectVal(map[string]cty.Value{"cle": cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: "secret.cle"})}),
	}}
	reg, err := pipelines.NewRegistry([]pipelines.Component{c})
	if err != nil {
		t.Fatal(err)
	}
	config, diags := c.Decode(reg, f.Body, ctx)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	tr, err := pipelines.As[pipelines.Transform](pipelines.Built{Component: c, Config: config}, env)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func built(name string, tb pipelinetest.Table) pipelines.Built {
	c := pipelines.DefineSource("table", "A table.", struct{}{}, func(env pipelines.Env, _ struct{}) (pipelines.Source, error) {
		return source{env, tb}, nil
	})
	return pipelines.Built{Component: c, Label: name, Config: struct{}{}}
}

type source struct {
	env pipelines.Env
	tb  pipelinetest.Table
}

func (s source) Open(context.Context) (pipelines.Stream, error) {
	return pipelines.Records(s.tb.Schema, s.tb.Record(s.env.Allocator)), nil
}

func (s source) Declared() (*arrow.Schema, bool) { return s.tb.Schema, true }

// Run gives what tr makes of in, cut into batches of a number of rows, and the
// error that ended it, if any.
func Run(t testing.TB, env pipelines.Env, tr pipelines.Transform, in pipelinetest.Table, batch int) (pipelinetest.Table, error) {
	t.Helper()
	ctx := context.Background()
	var bs []pipelines.Batch
	for i := 0; i < len(in.Rows); i += batch {
		part := pipelinetest.Table{Schema: in.Schema, Rows: in.Rows[i:min(i+batch, len(in.Rows))]}
		bs = append(bs, pipelines.Batch{Record: part.Record(env.Allocator)})
	}
	s, err := tr.Run(ctx, pipelinetest.Batches(in.Schema, bs...))
	if err != nil {
		t.Fatal(err)
	}
	out := pipelinetest.Table{Schema: s.Schema()}
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error {
		out.Append(b.Record)
		b.Release()
		return nil
	})
	if e := s.Close(); e != nil {
		t.Fatal(e)
	}
	return out, err
}
