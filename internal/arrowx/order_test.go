package arrowx

import (
	"bytes"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// Values compare as their keys do, prefixes never say otherwise, and Exact leaves equal
// only what is written alike.
func TestValuesCompareAsTheirKeys(t *testing.T) {
	types := append([]arrow.DataType{&arrow.Decimal128Type{Precision: 18, Scale: 2}, arrow.ListOf(arrow.PrimitiveTypes.Float64), box}, everyType...)
	for _, dt := range types {
		t.Run(dt.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, b := drawArray(t, memory.DefaultAllocator, dt), drawArray(t, memory.DefaultAllocator, dt)
				o := Ordering{Descending: rapid.Bool().Draw(t, "descending"), Exact: rapid.Bool().Draw(t, "exact")}
				if !Ordered(dt) {
					t.Fatal("there is no order")
				}
				first, second := o.AppendPrefixes(nil, a, 0), o.AppendPrefixes([]uint64{7}, b, 0)[1:]
				for i := range a.Len() {
					for j := range b.Len() {
						c := o.Compare(a, i, b, j)
						if c != -o.Compare(b, j, a, i) {
							t.Fatalf("%s and %s come before each other", show(a, i), show(b, j))
						}
						if Keyed(dt) {
							k := bytes.Compare(AppendKey(nil, a, i, o.Descending), AppendKey(nil, b, j, o.Descending))
							if sign(c) != k && (k != 0 || !o.Exact) {
								t.Fatalf("%s and %s: %d, their keys %d", show(a, i), show(b, j), c, k)
							}
						}
						if alike := show(a, i) == show(b, j); o.Exact && alike != (c == 0) {
							t.Fatalf("%s and %s: %d", show(a, i), show(b, j), c)
						}
						switch p, q := first[i], second[j]; {
						case p != q && (p < q) != (c < 0):
							t.Fatalf("%s and %s: %d, their prefixes %x and %x", show(a, i), show(b, j), c, p, q)
						case p == q && c != 0 && PrefixDecides(a) && PrefixDecides(b):
							t.Fatalf("%s and %s have one prefix", show(a, i), show(b, j))
						}
					}
				}
			})
		})
	}
}
