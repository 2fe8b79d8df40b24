package convert

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var numberTypes = []arrow.DataType{
	arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
	&arrow.Decimal128Type{Precision: 9, Scale: 0}, &arrow.Decimal128Type{Precision: 12, Scale: 2}, &arrow.Decimal128Type{Precision: 38, Scale: 20},
}

func drawNumber(t *rapid.T, b array.Builder) {
	small := rapid.SampledFrom([]int64{0, 1, -1, 50, -250, 1 << 31, -1 << 31, 1<<53 + 1, math.MaxInt64, math.MinInt64}).Draw(t, "number")
	switch b := b.(type) {
	case *array.Int32Builder:
		b.Append(int32(small))
	case *array.Int64Builder:
		b.Append(small)
	case *array.Float64Builder:
		b.Append(rapid.SampledFrom([]float64{float64(small), float64(small) / 100, 0.1, 1e-7, 1e300, math.Inf(1), math.NaN(), math.Copysign(0, -1)}).Draw(t, "float"))
	case *array.Decimal128Builder:
		n := decimal128.FromI64(small)
		if rapid.Bool().Draw(t, "large") {
			n = n.Mul(decimal128.FromU64(1e18))
		}
		p := b.Type().(*arrow.Decimal128Type).Precision
		if !n.FitsInPrecision(p) {
			n = decimal128.FromI64(small % 1e9)
		}
		b.Append(n)
	}
}

// exact is value 0 of a as a fraction, or nil for what is no number.
func exact(a arrow.Array) *big.Rat {
	switch a := a.(type) {
	case *array.Int32:
		return new(big.Rat).SetInt64(int64(a.Value(0)))
	case *array.Int64:
		return new(big.Rat).SetInt64(a.Value(0))
	case *array.Float64:
		return new(big.Rat).SetFloat64(a.Value(0))
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return new(big.Rat).SetFrac(a.Value(0).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	}
	return nil
}

// A number becomes one of the same value or none. A float counts as the
// shortest decimal that reads back as it, where it becomes a decimal; a decimal
// that becomes a float is the nearest one.
func TestNumbersKeepTheirValue(t *testing.T) {
	for _, from := range numberTypes {
		for _, to := range numberTypes {
			t.Run(pipelines.TypeName(from)+" to "+pipelines.TypeName(to), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					b := array.NewBuilder(memory.DefaultAllocator, from)
					drawNumber(t, b)
					a := b.NewArray()
					r, err := NewReader(pipelines.ColumnType{Type: to}, scalar.Plain)
					if err != nil {
						t.Fatal(err)
					}
					out := array.NewBuilder(memory.DefaultAllocator, to)
					why := r.Number(out, a, 0, nil)
					got := out.NewArray()
					if why != nil {
						if got.Len() != 0 {
							t.Fatalf("%v, and a value all the same", why)
						}
						if fits(a, to) {
							t.Fatalf("%s: %v", a, why)
						}
						return
					}
					want, have := exact(a), exact(got)
					switch {
					case from.ID() == arrow.FLOAT64 && to.ID() == arrow.DECIMAL128:
						want, _ = new(big.Rat).SetString(string(scalar.AppendFloat64(nil, a.(*array.Float64).Value(0))))
					case from.ID() == arrow.DECIMAL128 && to.ID() == arrow.FLOAT64:
						f, _ := want.Float64()
						want = new(big.Rat).SetFloat64(f)
					case from.ID() == arrow.FLOAT64 && to.ID() == arrow.FLOAT64:
						return // never asked: the types are equal
					}
					if want == nil || have.Cmp(want) != 0 {
						t.Fatalf("%s became %s", a, got)
					}
				})
			})
		}
	}
}

// fits says whether a whole number of few digits was refused: every type here
// but those it is too large for can hold it.
func fits(a arrow.Array, to arrow.DataType) bool {
	v := exact(a)
	if v == nil || !v.IsInt() || v.Num().CmpAbs(big.NewInt(1e8)) > 0 {
		return false
	}
	return to.ID() != arrow.FLOAT64 || a.DataType().ID() != arrow.FLOAT64
}

func TestReasonsNameTheTypeAndFormat(t *testing.T) {
	cases := []struct {
		to   pipelines.ColumnType
		text string
		want *messages.Message
		part string
	}{
		{pipelines.ColumnType{Type: arrow.PrimitiveTypes.Int32}, "2147483648", messages.Overflow, "int32"},
		{pipelines.ColumnType{Type: &arrow.Decimal128Type{Precision: 4, Scale: 2}}, "1.234", messages.DecimalScale, "decimal(4, 2)"},
		{pipelines.ColumnType{Type: arrow.FixedWidthTypes.Date32, Format: "DD/MM/YYYY"}, "2024-01-31", messages.BadDate, "DD/MM/YYYY"},
		{pipelines.ColumnType{Type: arrow.FixedWidthTypes.Date32}, "31/01/2024", messages.BadDate, "YYYY-MM-DD"},
		{pipelines.ColumnType{Type: pipelines.Instant, Format: "DD/MM/YYYY HH:mm", Zone: "Europe/Paris"}, "31/03/2024 02:30", messages.AmbiguousInstant, "Europe/Paris"},
		{pipelines.ColumnType{Type: arrow.BinaryTypes.String}, "\xff", messages.BytesNotText, "not text"},
	}
	for _, c := range cases {
		r, err := NewReader(c.to, scalar.Plain)
		if err != nil {
			t.Fatal(err)
		}
		b := array.NewBuilder(memory.DefaultAllocator, c.to.Type)
		why := r.Append(b, []byte(c.text))
		if why == nil || why.Message != c.want || !strings.Contains(why.What(messages.English), c.part) {
			t.Errorf("%q as %s: %v, want %s about %s", c.text, pipelines.TypeName(c.to.Type), why, c.want.Code, c.part)
		}
		if b.Len() != 0 {
			t.Errorf("%q left a value behind", c.text)
		}
	}
}
