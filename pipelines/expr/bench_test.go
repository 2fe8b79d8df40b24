package expr

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

const benchSource = `row.m > 100 && row.c == "A" ? row.m*1.2+3 : row.m/2`

// benchRecord has amounts of which two thirds are over 100, in no order that a
// branch predictor learns, and every seventh row null.
func benchRecord(m arrow.DataType, rows int) arrow.Record {
	s := arrow.NewSchema([]arrow.Field{{Name: "m", Type: m}, {Name: "c", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	x := uint64(1)
	for i := range rows {
		x = x*6364136223846793005 + 1442695040888963407
		cents := int64(x>>33) % 30000
		switch f := b.Field(0).(type) {
		case *array.Decimal128Builder:
			f.Append(decimal128.FromI64(cents))
		case *array.Float64Builder:
			f.Append(float64(cents) / 100)
		}
		if i%7 == 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append([]string{"A", "B", "AB"}[x>>40%3])
		}
	}
	return b.NewRecord()
}

func BenchmarkDecimal(b *testing.B) { benchEval(b, &arrow.Decimal128Type{Precision: 12, Scale: 2}) }
func BenchmarkFloat(b *testing.B)   { benchEval(b, arrow.PrimitiveTypes.Float64) }

func benchEval(b *testing.B, m arrow.DataType) {
	rec := benchRecord(m, 1<<16)
	ev := compile(b, benchSource, rec.Schema()).New(memory.DefaultAllocator)
	b.ReportAllocs()
	for b.Loop() {
		arr, _, err := ev.Eval(context.Background(), rec)
		if err != nil {
			b.Fatal(err)
		}
		arr.Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rec.NumRows()), "ns/row")
}

// BenchmarkPerRow is what HCL does by itself: an object for each row.
func BenchmarkPerRow(b *testing.B) {
	rec := benchRecord(arrow.PrimitiveTypes.Float64, 1<<10)
	e := parse(b, benchSource)
	ms, cs := rec.Column(0).(*array.Float64), rec.Column(1).(*array.String)
	for b.Loop() {
		for i := range int(rec.NumRows()) {
			c := cty.NullVal(cty.String)
			if cs.IsValid(i) {
				c = cty.StringVal(cs.Value(i))
			}
			row := cty.ObjectVal(map[string]cty.Value{"m": cty.NumberFloatVal(ms.Value(i)), "c": c})
			ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"row": row}}
			if _, diags := e.Expression.Value(ctx); diags.HasErrors() {
				b.Fatal(diags)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rec.NumRows()), "ns/row")
}

var textBench = []string{
	`upper(trim(row.c))`, `"${row.m} € (${row.c})"`, `contains(["A", "C", "D"], row.c)`, `slug(row.c)`, `to_decimal(to_text(row.m), 14, 2)`,
}

func BenchmarkOthers(b *testing.B) {
	rec := benchRecord(&arrow.Decimal128Type{Precision: 12, Scale: 2}, 1<<16)
	for _, src := range textBench {
		b.Run(src, func(b *testing.B) {
			ev := compile(b, src, rec.Schema()).New(memory.DefaultAllocator)
			for b.Loop() {
				arr, _, _ := ev.Eval(context.Background(), rec)
				arr.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rec.NumRows()), "ns/row")
		})
	}
}
