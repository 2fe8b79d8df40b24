package expr

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Every function is described in both languages, and its example is true.
func TestFunctionExamples(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			if f.EN == "" || f.FR == "" || f.Group == "" || !strings.Contains(f.Signature, f.Name+"(") || seen[f.Name] {
				t.Fatalf("badly described: %+v", f)
			}
			seen[f.Name] = true
			if !strings.HasPrefix(f.Example, f.Name+"(") {
				t.Fatalf("the example %s does not call it", f.Example)
			}
			if got := values(t, f.Example, town(t)); got[0] != f.Result {
				t.Errorf("%s is %s, not %s", f.Example, got[0], f.Result)
			}
		})
	}
}

// A column gives what a constant of the same value gives, and where the column
// is null so is the result, but for the functions that are about null.
func TestColumnsLikeConstants(t *testing.T) {
	aboutNull := map[string]bool{"coalesce": true, "lookup": true, "nullif": true, "try": true}
	compared := 0
	for _, f := range Functions() {
		src, rec := withColumns(t, f.Example)
		if rec == nil {
			continue
		}
		compared++
		got := values(t, src, rec)
		if got[0] != f.Result || got[2] != f.Result {
			t.Errorf("%s is %s, but %s is %v", f.Example, f.Result, src, got)
		}
		if got[1] != "null" && !aboutNull[f.Name] {
			t.Errorf("%s of null is %s", src, got[1])
		}
	}
	if compared < 50 {
		t.Errorf("only %d functions were compared", compared)
	}
}

// withColumns puts columns in place of the constant arguments of a call, as far
// as the function takes them. The columns hold the constant, null, the constant.
func withColumns(t *testing.T, src string) (string, arrow.Record) {
	var fields []arrow.Field
	var cols []arrow.Array
	for {
		at, col := nextConstant(t, src)
		if col == nil {
			break
		}
		name := fmt.Sprintf("c%d", len(cols))
		tried := src[:at.Start.Byte] + "row." + name + src[at.End.Byte:]
		more := append(fields[:len(fields):len(fields)], arrow.Field{Name: name, Type: col.DataType(), Nullable: true})
		if _, diags := Compile(parse(t, tried), arrow.NewSchema(more, nil)); diags.HasErrors() {
			// This one must be constant: hide it from the next turn.
			src = src[:at.Start.Byte] + "(" + src[at.Start.Byte:at.End.Byte] + ")" + src[at.End.Byte:]
			continue
		}
		src, fields, cols = tried, more, append(cols, col)
	}
	if len(cols) == 0 {
		return src, nil
	}
	return src, record(arrow.NewSchema(fields, nil), cols, 3)
}

// nextConstant is the first literal among the arguments of the calls in src.
func nextConstant(t *testing.T, src string) (at hcl.Range, col arrow.Array) {
	_ = hclsyntax.VisitAll(parse(t, src).Expression.(hclsyntax.Node), func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || col != nil {
			return nil
		}
		for _, a := range call.Args {
			switch a.(type) {
			case *hclsyntax.TemplateExpr, *hclsyntax.LiteralValueExpr, *hclsyntax.UnaryOpExpr:
				if v, diags := a.Value(nil); !diags.HasErrors() && !v.IsNull() && col == nil {
					at, col = a.Range(), columnOf(v)
				}
			}
		}
		return nil
	})
	return at, col
}

func columnOf(v cty.Value) arrow.Array {
	c := &compiler{}
	n := c.fromCty(v, hcl.Range{})
	b := array.NewBuilder(memory.DefaultAllocator, n.t.arrow())
	m := meaning{p: n.t.p, s: n.t.s}
	for i := range 3 {
		a := answer{null: i == 1}
		switch n.t.k {
		case kText:
			a.s = n.konst.texts[0]
		case kInt:
			a.r = big.NewRat(n.konst.ints[0], 1)
		case kDec:
			a.r, _ = new(big.Rat).SetString(decimalText(n.konst.decs[0], n.t.s))
		}
		appendAnswer(b, a, m)
	}
	return b.NewArray()
}
