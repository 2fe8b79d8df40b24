package expr

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyfunc "github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/lavoir-data/lavoir/pipelines"
)

// townSchema and town are a table that has every type.
var townSchema = arrow.NewSchema([]arrow.Field{
	{Name: "nom", Type: arrow.BinaryTypes.String},
	{Name: "nom complet", Type: arrow.BinaryTypes.String},
	{Name: "b", Type: arrow.FixedWidthTypes.Boolean},
	{Name: "n", Type: arrow.PrimitiveTypes.Int64},
	{Name: "petit", Type: arrow.PrimitiveTypes.Int32},
	{Name: "f", Type: arrow.PrimitiveTypes.Float64},
	{Name: "m", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}},
	{Name: "d", Type: arrow.FixedWidthTypes.Date32},
	{Name: "t", Type: pipelines.Instant},
	{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String)},
	{Name: "rien", Type: arrow.Null},
	{Name: "octets", Type: arrow.BinaryTypes.Binary},
	{Name: "large", Type: &arrow.Decimal128Type{Precision: 38, Scale: 0}},
}, nil)

// Three rows: plain values, extremes, nulls.
const townJSON = `[
 {"nom": "Moreau", "nom complet": "Moreau Alice", "b": true, "n": 3, "petit": 7, "f": 1.5, "m": "12.34", "d": "2024-07-14", "t": "2024-12-31T23:30:00Z", "tags": ["a", null, "b"], "rien": null, "octets": "aGk=", "large": "1"},
 {"nom": "", "nom complet": "é̀œ", "b": false, "n": "9223372036854775807", "petit": -2147483648, "f": -0.0, "m": "-9999999999.99", "d": "0001-01-01", "t": "1970-01-01T00:00:00Z", "tags": [], "rien": null, "octets": "", "large": "99999999999999999999999999999999999999"},
 {"nom": null, "nom complet": null, "b": null, "n": null, "petit": null, "f": null, "m": null, "d": null, "t": null, "tags": null, "rien": null, "octets": null, "large": null}
]`

func town(t testing.TB) arrow.Record {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, townSchema, strings.NewReader(townJSON))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

var testValues = &hcl.EvalContext{Functions: map[string]ctyfunc.Function{
	"format": stdlib.FormatFunc, "length": stdlib.LengthFunc, "contains": stdlib.ContainsFunc, "min": stdlib.MinFunc,
	"year": ctyfunc.New(&ctyfunc.Spec{
		Params: []ctyfunc.Parameter{{Name: "date", Type: cty.String}}, Type: ctyfunc.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.ParseNumberVal(args[0].AsString()[:4])
		},
	}),
}, Variables: map[string]cty.Value{
	"local": cty.ObjectVal(map[string]cty.Value{
		"natures": cty.MapVal(map[string]cty.Value{"Moreau": cty.StringVal("personne"), "ASSO": cty.StringVal("association")}),
		"taux":    cty.MustParseNumberVal("1.055"),
		"vide":    cty.NullVal(cty.String),
		"codes": cty.ObjectVal(map[string]cty.Value{
			"Moreau": cty.ObjectVal(map[string]cty.Value{"label": cty.StringVal("M."), "rank": cty.NumberIntVal(1)}),
		}),
		"noms":    cty.TupleVal([]cty.Value{cty.StringVal("Moreau"), cty.StringVal("Petit")}),
		"inconnu": cty.UnknownVal(cty.String),
		"secret":  cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: "secret.x"}),
	}),
	"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal("val-fleuri")}),
}}

func parse(t testing.TB, src string) pipelines.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	return pipelines.Expression{Expression: e, Values: testValues}
}

func compile(t testing.TB, src string, in *arrow.Schema) *Program {
	t.Helper()
	p, diags := Compile(parse(t, src), in)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	return p
}

// values evaluates src over rec and writes each row as a template would; a
// failed row is its code.
func values(t testing.TB, src string, rec arrow.Record) []string {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	p := compile(t, src, rec.Schema())
	ev := p.New(mem)
	none, _, err := ev.Eval(context.Background(), rec.NewSlice(0, 0))
	if err != nil || none.Len() != 0 || !arrow.TypeEqual(none.DataType(), p.Type()) {
		t.Fatalf("%s: of no rows %v, %v", src, none, err)
	}
	none.Release()
	arr, bad, err := ev.Eval(context.Background(), rec)
	if err != nil {
		t.Fatal(err)
	}
	defer arr.Release()
	if !arrow.TypeEqual(arr.DataType(), p.Type()) || arr.Len() != int(rec.NumRows()) {
		t.Fatalf("%s: %d values of %s, promised %s", src, arr.Len(), arr.DataType(), p.Type())
	}
	out := make([]string, arr.Len())
	for i := range out {
		out[i] = written(arr, i)
		if e := bad.At(i); e != nil {
			if !arr.IsNull(i) {
				t.Errorf("%s: row %d failed and has a value", src, i)
			}
			out[i] = e.Code
		}
	}
	return out
}

func written(arr arrow.Array, i int) string {
	if arr.IsNull(i) || arr.DataType().ID() == arrow.NULL {
		return "null"
	}
	switch a := arr.(type) {
	case *array.List:
		var parts []string
		from, to := a.ValueOffsets(i)
		for j := from; j < to; j++ {
			parts = append(parts, written(a.ListValues(), int(j)))
		}
		return "[" + strings.Join(parts, "|") + "]"
	case *array.Int32:
		return fmt.Sprint(a.Value(i))
	case *array.Binary:
		return string(a.Value(i))
	}
	f := &frame{cols: []arrow.Array{arr}, off: i, n: 1, block: 1, vecs: []vec{{}}}
	t := ofArrow(arr.DataType())
	v := loader(0, t)(f, &node{t: t})
	w, _ := textOf(t)
	return string(w(nil, v, 0))
}

func record(s *arrow.Schema, cols []arrow.Array, rows int64) arrow.Record {
	return array.NewRecord(s, cols, rows)
}
