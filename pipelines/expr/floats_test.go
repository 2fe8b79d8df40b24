package expr

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/floats.golden")

// Expressions that a compiler may fuse, that make NaN, or that choose a zero.
var floatSources = []string{
	`row.a + row.b`, `row.a - row.b`, `row.a * row.b`, `row.a / row.b`, `row.a % row.b`, `-row.a`,
	`row.a * row.b + row.c`, `row.a * row.b - row.c`, `row.c - row.a * row.b`, `-row.a * row.b + row.c`,
	`row.a * row.b + row.c * row.a`, `row.a / row.b + row.c`, `row.a * 1.2 + 3`,
	`row.a > row.b ? row.a * row.b + row.c : row.a / 2`,
	`min(row.a, row.b, row.c)`, `max(row.a, row.b, row.c)`, `abs(row.a)`, `floor(row.a)`, `ceil(row.a)`,
	`round(row.a)`, `round(row.a, 2)`, `round_even(row.a, 1)`, `to_float(to_text(row.a))`, `coalesce(row.a, row.b)`,
}

// floatTable has columns a, b and c: products that c cancels but for what rounding
// left over, then NaN of several forms, infinities, zeros and subnormals.
func floatTable(t *testing.T) arrow.Record {
	t.Helper()
	r := rand.New(rand.NewPCG(2024, 7))
	var rows [][3]float64
	for i := range 24 {
		a, b := math.Ldexp(r.Float64()-0.5, r.IntN(40)), math.Ldexp(r.Float64()-0.5, r.IntN(40))
		c := -float64(a * b)
		if i%3 == 0 {
			c = r.Float64()
		}
		rows = append(rows, [3]float64{a, b, c})
	}
	special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(math.NaN(), -1),
		math.Float64frombits(0x7ff8000000000123), math.Float64frombits(0x7ff0000000000001), 5e-324, math.MaxFloat64, 2.5, -0.05}
	for i, x := range special {
		for j := range 5 {
			rows = append(rows, [3]float64{x, special[(i*5+j*7)%len(special)], special[(i+j*3)%len(special)]})
		}
	}
	s := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Float64}, {Name: "b", Type: arrow.PrimitiveTypes.Float64}, {Name: "c", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for _, row := range rows {
		for i, x := range row {
			b.Field(i).(*array.Float64Builder).Append(x)
		}
	}
	return b.NewRecord()
}

// Invariant 2: floats have the same bits on every processor. The golden file was
// written on amd64; arm64, which fuses a product and a sum where it may and makes
// another NaN, reads it too (dev/platforms/run arm64).
func TestFloatsHaveTheSameBitsEverywhere(t *testing.T) {
	rec := floatTable(t)
	var b strings.Builder
	for _, src := range floatSources {
		fmt.Fprintln(&b, src)
		arr, bad, err := compile(t, src, rec.Schema()).New(memory.DefaultAllocator).Eval(context.Background(), rec)
		if err != nil {
			t.Fatal(err)
		}
		values, ok := arr.(*array.Float64)
		if !ok {
			t.Fatalf("%s is %s", src, arr.DataType())
		}
		for i := range values.Len() {
			switch e := bad.At(i); {
			case e != nil:
				fmt.Fprintf(&b, "\t%s\n", e.Code)
			case values.IsNull(i):
				fmt.Fprintf(&b, "\tnull\n")
			default:
				fmt.Fprintf(&b, "\t%016x\n", math.Float64bits(values.Value(i)))
			}
		}
	}
	golden := filepath.Join("testdata", "floats.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("other bits (-wanted +got):\n%s", d)
	}
}
