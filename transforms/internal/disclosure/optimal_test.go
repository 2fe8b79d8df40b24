package disclosure

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
)

// numbered are numbers in order, and how many rows have each.
type numbered struct {
	numbers []*big.Int
	rows    []uint64
}

// words is a number as Optimal takes it.
func words(x *big.Int) [2]uint64 {
	turned := new(big.Int).Add(x, new(big.Int).Lsh(big.NewInt(1), 127))
	low := new(big.Int).And(turned, new(big.Int).SetUint64(1<<64-1)).Uint64()
	return [2]uint64{new(big.Int).Rsh(turned, 64).Uint64(), low}
}

// spread is the sum of squared distances to the mean of some of the numbers.
func (n numbered) spread(from, to int) *big.Rat {
	rows, sum := new(big.Rat), new(big.Rat)
	for i := from; i < to; i++ {
		w := new(big.Rat).SetInt(new(big.Int).SetUint64(n.rows[i]))
		rows.Add(rows, w)
		sum.Add(sum, w.Mul(w, new(big.Rat).SetInt(n.numbers[i])))
	}
	mean, total := sum.Quo(sum, rows), new(big.Rat)
	for i := from; i < to; i++ {
		d := new(big.Rat).SetInt(n.numbers[i])
		d.Sub(d, mean)
		total.Add(total, d.Mul(d, d).Mul(d, new(big.Rat).SetInt(new(big.Int).SetUint64(n.rows[i]))))
	}
	return total
}

// inUnits is x in units of 2^-32, rounded down.
func inUnits(x *big.Rat) *big.Int {
	n := new(big.Int).Lsh(x.Num(), 32)
	return n.Quo(n, x.Denom())
}

// groupings are all of them, the sizes from the last group to the first.
func (n numbered) groupings(k uint64, end int, visit func(sizes []int)) {
	var sizes []int
	var from func(end int)
	from = func(end int) {
		if end == 0 {
			visit(sizes)
			return
		}
		rows := uint64(0)
		for i := end - 1; i >= 0; i-- {
			if rows += n.rows[i]; rows >= k {
				sizes = append(sizes, end-i)
				from(i)
				sizes = sizes[:len(sizes)-1]
			}
		}
	}
	from(end)
}

// The groups of one column are the best of all groupings that there are, by their exact
// sums (invariant 2: equally good ones are told apart by a rule).
func TestOptimalIsTheBestOfAll(t *testing.T) {
	ties, alone := 0, 0
	draws.Check(t, draws.Kinds{"equally good": &ties, "fewer than k rows": &alone}, func(r *rapid.T) {
		k := rapid.Uint64Range(1, 5).Draw(r, "k")
		far := new(big.Int).Lsh(big.NewInt(1), uint(rapid.SampledFrom([]int{0, 0, 20, 40, 70, 120}).Draw(r, "far")))
		even := rapid.IntRange(0, 3).Draw(r, "even") == 0 // one row of each of the first numbers
		set := map[string]*big.Int{}
		for range rapid.IntRange(1, 11).Draw(r, "numbers") {
			x := big.NewInt(rapid.Int64Range(-12, 12).Draw(r, "number"))
			x.Mul(x, far).Add(x, big.NewInt(rapid.Int64Range(0, 2).Draw(r, "beside")))
			set[x.String()] = x
		}
		var n numbered
		for _, x := range set {
			n.numbers = append(n.numbers, x)
		}
		slices.SortFunc(n.numbers, (*big.Int).Cmp)
		for i := range n.numbers {
			if even {
				n.numbers[i], n.rows = big.NewInt(int64(i)), append(n.rows, 1)
				continue
			}
			n.rows = append(n.rows, rapid.SampledFrom([]uint64{1, 1, 1, 2, 3, 7, 1 << 40}).Draw(r, "rows"))
		}
		o := NewOptimal(int64(k))
		var back []int
		for i, x := range n.numbers {
			back = append(back, o.Add(words(x), n.rows[i]))
		}
		var least *big.Rat
		var units *big.Int
		var want []int
		equal := 0
		n.groupings(k, len(n.numbers), func(sizes []int) {
			exact, sum := new(big.Rat), new(big.Int)
			end := len(n.numbers)
			for _, size := range sizes {
				one := n.spread(end-size, end)
				exact.Add(exact, one)
				sum.Add(sum, inUnits(one))
				end -= size
			}
			if least == nil || exact.Cmp(least) < 0 {
				least = exact
			}
			switch c := -1; {
			case units != nil && func() bool { c = sum.Cmp(units); return c > 0 }():
				return
			case c == 0:
				if equal++; slices.Compare(sizes, want) > 0 {
					return
				}
			default:
				equal = 0
			}
			units, want = sum, slices.Clone(sizes)
		})
		if equal > 0 {
			ties++
		}
		var got []int
		for end := len(n.numbers); end > 0; end -= back[end-1] {
			if back[end-1] == 0 {
				if got != nil || want != nil {
					r.Fatalf("no grouping of the first %d numbers", end)
				}
				alone++
				return
			}
			got = append(got, back[end-1])
		}
		if !slices.Equal(got, want) {
			r.Fatalf("groups of %v, want %v: %v of %v rows, k = %d", got, want, n.numbers, n.rows, k)
		}
		total, end := new(big.Rat), len(n.numbers)
		for _, size := range got {
			total.Add(total, n.spread(end-size, end))
			end -= size
		}
		off := total.Sub(total, least)
		if most := big.NewRat(int64(len(got)), 1<<32); off.Sign() < 0 || off.Cmp(most) > 0 {
			r.Fatalf("%s over the least sum of squares", off.FloatString(12))
		}
	})
}

// However many numbers there are, few are held, and what is forgotten is not missed.
func TestOptimalForgets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := rapid.IntRange(1, 4).Draw(r, "k")
		o := NewOptimal(int64(k))
		var n numbered
		costs := []*big.Int{new(big.Int)} // of the best grouping of so many numbers; nil: there is none
		x := int64(0)
		for i := range rapid.IntRange(0, 40).Draw(r, "numbers") {
			x += rapid.Int64Range(1, 1<<rapid.IntRange(0, 33).Draw(r, "wide")).Draw(r, "step")
			n.numbers, n.rows = append(n.numbers, big.NewInt(x)), append(n.rows, rapid.Uint64Range(1, 3).Draw(r, "rows"))
			got := o.Add(words(n.numbers[i]), n.rows[i])
			var least *big.Int
			want, rows := 0, uint64(0)
			for from := i; from >= 0; from-- {
				if rows += n.rows[from]; rows < uint64(k) || costs[from] == nil {
					continue
				}
				cost := inUnits(n.spread(from, i+1))
				if cost.Add(cost, costs[from]); least == nil || cost.Cmp(least) < 0 {
					least, want = cost, i+1-from
				}
			}
			costs = append(costs, least)
			if got != want {
				r.Fatalf("number %d ends a group of %d, want %d", i, got, want)
			}
			if len(o.last) > 4*k+1 {
				r.Fatalf("%d numbers are held", len(o.last))
			}
		}
	})
}

func BenchmarkOptimal(b *testing.B) {
	for _, k := range []int64{3, 10} {
		b.Run(fmt.Sprint(k), func(b *testing.B) {
			o := NewOptimal(k)
			x := uint64(0)
			for b.Loop() {
				x += 1 + mix(x)&0xffff
				o.Add([2]uint64{0, x}, 1)
			}
		})
	}
}
