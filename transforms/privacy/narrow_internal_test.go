package privacy

import (
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What waits as integers is what it was, nulls and slices included, and what would not fit
// is no other number but an error.
func TestDecimalsWaitAsIntegers(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	typ := &arrow.Decimal128Type{Precision: 18, Scale: 2}
	f := waits(arrow.Field{Type: typ})
	if waits(arrow.Field{Type: &arrow.Decimal128Type{Precision: 19}}).Type.ID() != arrow.DECIMAL128 || f.Type.ID() != arrow.INT64 {
		t.Fatal("decimals of 18 digits wait as integers, and no others")
	}
	rapid.Check(t, func(r *rapid.T) {
		b := array.NewDecimal128Builder(mem, typ)
		defer b.Release()
		n, large := rapid.IntRange(0, 40).Draw(r, "rows"), -1
		for i := range n {
			switch rapid.IntRange(0, 20).Draw(r, "value") {
			case 0:
				large = i
				b.Append(decimal128.New(rapid.SampledFrom([]int64{1, -2}).Draw(r, "high"), 7))
			case 1, 2:
				b.AppendNull()
			default:
				b.Append(decimal128.FromI64(rapid.Int64Range(-1e18+1, 1e18-1).Draw(r, "n")))
			}
		}
		whole := b.NewArray()
		defer whole.Release()
		from := rapid.IntRange(0, n).Draw(r, "from")
		a := array.NewSlice(whole, int64(from), int64(n))
		defer a.Release()
		a.Retain()
		out, err := narrow(mem, f, a)
		if large >= from {
			if !messages.Has(err, messages.ParquetDecimal) {
				r.Fatalf("a number of more digits: %v", err)
			}
			return
		}
		if err != nil {
			r.Fatal(err)
		}
		back := widen(mem, typ, out)
		defer back.Release()
		if !array.Equal(a, back) {
			r.Fatalf("%v, not %v", back, a)
		}
	})
}
