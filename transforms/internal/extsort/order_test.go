package extsort_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

var mixed = arrow.NewSchema([]arrow.Field{
	{Name: "rang", Type: arrow.PrimitiveTypes.Int64},
	{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "classe", Type: arrow.PrimitiveTypes.Int64},
	{Name: "montant", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}},
	{Name: "taux", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "jour", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "mots", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
}, nil)

// mixture is rows of few values, numbered in rang.
func mixture(r *rand.Rand, rows int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, mixed)
	defer b.Release()
	wide := []int64{3, 300, math.MaxInt64}[r.IntN(3)]
	before := []string{"", "rue de l'École "}[r.IntN(2)]
	null := func(column int) bool {
		if r.IntN(8) > 0 {
			return false
		}
		b.Field(column).AppendNull()
		return true
	}
	for i := range rows {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		if !null(1) {
			b.Field(1).(*array.StringBuilder).Append(before + strings.Repeat([]string{"a", "a\x00", "é"}[r.IntN(3)], r.IntN(12)) + []string{"", "z"}[r.IntN(2)])
		}
		b.Field(2).(*array.Int64Builder).Append(r.Int64N(wide) - wide/2)
		b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(r.Int64N(50) - 25))
		if !null(4) {
			b.Field(4).(*array.Float64Builder).Append([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Float64frombits(math.Float64bits(math.NaN()) + 1), math.Inf(-1)}[r.IntN(6)])
		}
		if !null(5) {
			b.Field(5).(*array.Date32Builder).Append(arrow.Date32(r.IntN(5) - 2))
		}
		if !null(6) {
			l := b.Field(6).(*array.ListBuilder)
			l.Append(true)
			for range r.IntN(3) {
				l.ValueBuilder().(*array.StringBuilder).Append([]string{"", "x", "y"}[r.IntN(3)])
			}
		}
	}
	return b.NewRecord()
}

// Rows are in the order of their keys, and where those are equal in that of arrival, for
// whatever columns, cut and memory.
func TestRowsComeInTheOrderOfTheirKeys(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SampledFrom([]int{0, 1, 17, 300, 3000}).Draw(t, "rows")
		in := mixture(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), rows)
		order := extsort.Order{Columns: rapid.Permutation([]int{1, 2, 3, 4, 5, 6}).Draw(t, "by")[:rapid.IntRange(1, 4).Draw(t, "columns")]}
		if rapid.Bool().Draw(t, "class first") { // whose word leaves nothing open
			order.Columns = append([]int{2}, slices.DeleteFunc(order.Columns, func(c int) bool { return c == 2 })...)
		}
		for range order.Columns {
			order.Descending = append(order.Descending, rapid.Bool().Draw(t, "down"))
		}
		var keys arrowx.Keys
		keys.Reset(in, order.Columns, order.Descending)
		want := make([]int, rows)
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int { return bytes.Compare(keys.At(a), keys.At(b)) })
		env := env
		env.Memory = rapid.SampledFrom([]int64{64 << 20, 200 << 10, 20 << 10, 1}).Draw(t, "memory")
		if rows > 300 {
			env.Memory = max(env.Memory, 20<<10)
		}
		size := rapid.IntRange(1, 1000).Draw(t, "batch")
		var cut []arrow.Record
		for from := 0; from < rows; from += size {
			cut = append(cut, in.NewSlice(int64(from), int64(min(from+size, rows))))
		}
		out := extsort.Sort(env, pipelines.Records(mixed, cut...), order)
		var got []int
		err := pipelines.Each(context.Background(), out, func(b pipelines.Batch) error {
			defer b.Release()
			for _, v := range b.Column(0).(*array.Int64).Int64Values() {
				got = append(got, int(v))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
