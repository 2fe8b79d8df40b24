package expr

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// FuzzCompile: whatever is written, there is a program that runs or diagnostics
// that have codes and places, and nothing panics or leaks.
func FuzzCompile(f *testing.F) {
	for _, fn := range Functions() {
		f.Add(fn.Example)
	}
	for _, src := range []string{
		benchSource, `row.a-row.b`, `row["nom complet"][0]`, `row.tags[row.n]`, `local.natures[row.nom]`, `local.codes[row.nom].label`,
		`"${row.nom}%{ if row.b }x%{ endif }"`, `contains([row.nom, null], "x")`, `[for x in row.tags : x]`, `row.*.x`,
		`-row.m % 0.001`, `row.large * 10`, `coalesce(null, null)`, `min(null)`, `null[0]`, `!null`, `null ? 1 : 2`, `true ? row : 1`,
		`round(row.m, -30)`, `row.rien == null`, `row.rien[row.rien]`, `json_get(row.nom, "$[\"a\"].b[0]")`, `row.octets`, `nullif(row.tags, row.tags)`,
	} {
		f.Add(src)
	}
	rec := town(f)
	f.Fuzz(func(t *testing.T, src string) {
		e, diags := hclsyntax.ParseExpression([]byte(src), "e", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		p, diags := Compile(pipelines.Expression{Expression: e, Values: testValues}, townSchema)
		for _, d := range diags {
			if _, ok := d.Extra.(*messages.Error); !ok || d.Subject == nil {
				t.Fatalf("%s: a diagnostic without code or place: %v", src, d)
			}
		}
		if diags.HasErrors() {
			return
		}
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(t, 0)
		arr, _, err := p.New(mem).Eval(context.Background(), rec)
		if err != nil {
			t.Fatal(err)
		}
		arr.Release()
	})
}
