package privacy

import (
	"fmt"
	"testing"
)

// The most frequent value stays below all rarer ones so many times, and is not as frequent:
// of a file that is judged alone nobody has asked exactly before.
func TestAsFrequentIsNotBelow(t *testing.T) {
	for _, x := range []struct {
		c      float64
		l      int
		counts []int64
		holds  bool
	}{
		{2.5, 2, []int64{5, 1, 1}, false},
		{2.5, 2, []int64{4, 1, 1}, true},
		{1.1, 2, []int64{11, 10}, false}, // 1.1 × 10 is more than 11 in floats
		{1.1, 2, []int64{11, 10, 1}, true},
		{0.3, 3, []int64{3, 3, 10}, false},
		{1, 1, []int64{7}, false},
		{1, 1, []int64{7, 1}, true},
		{0.000_000_1, 2, []int64{1_000_000_000, 1}, false},
		{1_000_000_000, 2, []int64{1_000_000_000, 1}, false},
		{1_000_000_000, 2, []int64{999_999_999, 1}, true},
	} {
		counts := map[string]int64{"": 1000} // null, which is no value
		for i, n := range x.counts {
			counts[fmt.Sprint("=", i)] = n
		}
		d := diversityConfig{Kind: "recursive", L: float64(x.l), C: x.c}
		if got := d.holds(counts); got != x.holds {
			t.Errorf("c = %v, l = %d, %v: %v", x.c, x.l, x.counts, got)
		}
	}
}
