package privacy

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

// A memo gives each value the code that it was told of values written alike, for
// every type, in slices, and however much it had to forget.
func TestMemoIsAMap(t *testing.T) {
	types := []arrow.DataType{arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Date32, &arrow.Decimal128Type{Precision: 38, Scale: 2}, arrow.FixedWidthTypes.Timestamp_us}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(t, "type")
		m := &memo{}
		codes := map[string]uint32{}
		wide := rapid.Bool().Draw(t, "wide")
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := array.NewBuilder(memory.DefaultAllocator, typ)
			n := rapid.IntRange(0, 60).Draw(t, "rows")
			for range n {
				if rapid.IntRange(0, 6).Draw(t, "null") == 0 {
					b.AppendNull()
					continue
				}
				v := rapid.Int64Range(-3, 3).Draw(t, "value")
				if wide {
					v = rapid.Int64().Draw(t, "value")
				}
				appendValue(b, v)
			}
			a := b.NewArray()
			from := rapid.IntRange(0, n).Draw(t, "from")
			a = array.NewSlice(a, int64(from), int64(rapid.IntRange(from, n).Draw(t, "to")))
			dst := make([]uint32, a.Len())
			asked := map[string]bool{}
			m.codes(dst, a, func(i int) uint32 {
				if !a.IsNull(i) || asked["null"] {
					t.Fatal("null is asked for again, or for a value")
				}
				asked["null"] = true
				return 7
			}, func(i int) uint32 {
				written := string(textOf(a)(nil, i))
				if written == "2" || written == "2.00" {
					return lacking
				}
				if _, ok := codes[written]; !ok {
					codes[written] = uint32(len(codes) + 100)
				}
				return codes[written]
			})
			for i, code := range dst {
				want := uint32(7)
				if a.IsValid(i) {
					switch written := string(textOf(a)(nil, i)); written {
					case "2", "2.00":
						want = lacking
					default:
						want = codes[written]
					}
				}
				if code != want {
					t.Fatalf("value %d of %s: code %d, want %d", i, a, code, want)
				}
				if code == lacking && !m.lacks {
					t.Fatal("a value without a code is not noted")
				}
			}
		}
	})
}

func appendValue(b array.Builder, v int64) {
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(fmt.Sprint(v))
	case *array.Int32Builder:
		b.Append(int32(v))
	case *array.Int64Builder:
		b.Append(v)
	case *array.Float64Builder:
		switch {
		case v == 0:
			b.Append(math.Copysign(0, -1))
		case v == 1:
			b.Append(0)
		case v == 3:
			b.Append(math.Float64frombits(0x7ff8000000000001 + uint64(b.Len())))
		default:
			b.Append(float64(v) / 4)
		}
	case *array.BooleanBuilder:
		b.Append(v > 0)
	case *array.Date32Builder:
		b.Append(arrow.Date32(v))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v % (1 << 50)))
	case *array.Decimal128Builder:
		n := decimal128.FromI64(v)
		if v > 1<<40 {
			n = n.Mul(decimal128.FromI64(1 << 40))
		}
		b.Append(n)
	}
}

// What is remembered from batch to batch is bounded.
func TestMemoForgets(t *testing.T) {
	m := &memo{}
	b := array.NewInt64Builder(memory.DefaultAllocator)
	s := array.NewStringBuilder(memory.DefaultAllocator)
	for batch := range 5 {
		for i := range 50_000 {
			b.Append(int64(batch*50_000+i) << 20)
			s.Append(fmt.Sprint(batch*50_000 + i))
		}
		for _, a := range []arrow.Array{b.NewArray(), s.NewArray()} {
			dst := make([]uint32, a.Len())
			m.codes(dst, a, nil, func(i int) uint32 { return uint32(i) })
			for i, code := range dst {
				if code != uint32(i) {
					t.Fatalf("value %d has code %d", i, code)
				}
			}
			if len(m.numbers.keys) > keepKnown+50_000 || len(m.texts.entries) > keepKnown+50_000 {
				t.Fatalf("%d numbers and %d texts are remembered", len(m.numbers.keys), len(m.texts.entries))
			}
		}
	}
}
