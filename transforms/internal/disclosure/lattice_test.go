package disclosure

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
)

var whole = flag.Bool("whole", false, "look at every node of Adult's lattice")

// The file of exhaustive optima has 27 of the 105 settings that the specification
// speaks of. Here every node is looked at for all of them, with each metric written
// out once more, and the ties are those that the specification tells.
func TestConformanceWholeLattice(t *testing.T) {
	if !*whole {
		t.Skip("looks at 12,960 nodes: -whole, as make privacy-conformance does")
	}
	p := adult(t, "adult.csv", "")
	s, err := newSearcher(p)
	if err != nil {
		t.Fatal(err)
	}
	base, err := s.base(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ks, limits := []int{2, 3, 5, 10, 25, 50, 100}, []float64{0, 0.02, 0.05, 0.1, 1}
	type optimum struct {
		score  float64
		levels [][]int
	}
	best := map[string]*optimum{}
	n := float64(p.Classes.Rows)
	nodes := 0
	everyNode(s.top(), func(levels []int) {
		nodes++
		g := s.up(base.run, base.levels, levels)
		for _, k := range ks {
			suppressed, ok, dm := 0.0, 0.0, 0.0
			kept := make([][]float64, len(levels)) // rows by code
			for j, l := range p.Quasi {
				kept[j] = make([]float64, l.cards[levels[j]])
			}
			for i, rows := range g.to.n {
				r := float64(rows)
				if rows < uint32(k) {
					suppressed += r
					continue
				}
				ok++
				dm += r * r
				for j, f := range s.keys.fields {
					kept[j][f.get(g.to.key(i))] += r
				}
			}
			dm += n * suppressed
			aecs := n / (ok + math.Min(suppressed, 1))
			loss := 1.0
			for j, l := range p.Quasi {
				d, x := float64(l.domain), suppressed
				for code, r := range kept[j] {
					x += r * float64(l.under[levels[j]][code]) / d
				}
				loss *= math.Max(0, (x/n-1/d)/(1-1/d)) + 1
			}
			loss = math.Pow(loss, 1.0/9) - 1
			for _, limit := range limits {
				if suppressed > limit*n {
					continue
				}
				for metric, score := range map[string]float64{"dm": dm, "aecs": aecs, "loss": loss} {
					name := fmt.Sprint(metric, " k", k, " s", limit)
					o := best[name]
					switch {
					case o == nil || score < o.score*(1-1e-12):
						best[name] = &optimum{score, [][]int{levels}}
					case score <= o.score*(1+1e-12):
						o.levels = append(o.levels, levels)
					}
				}
			}
		}
	})
	ties := map[string]int{}
	for _, metric := range []string{"loss", "dm", "aecs"} {
		for _, k := range ks {
			for _, limit := range limits {
				want := best[fmt.Sprint(metric, " k", k, " s", limit)]
				if len(want.levels) > 1 {
					ties[fmt.Sprint(metric, " k", k, " s", limit)] = len(want.levels)
				}
				p.Models.K, p.Limit, p.Metric = k, ratio(t, limit), metricNames[metric]
				got, err := Search(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				if !near(got.Score, want.score, 1e-9) || !slices.ContainsFunc(want.levels, func(l []int) bool { return slices.Equal(l, got.Levels) }) {
					t.Errorf("%s k=%d s=%v: got %+v, want %+v", metric, k, limit, got, want)
				}
			}
		}
	}
	if want := (map[string]int{"loss k3 s0": 2, "aecs k10 s0": 2, "aecs k100 s0": 3, "aecs k100 s0.02": 3}); fmt.Sprint(ties) != fmt.Sprint(want) || len(best) != 105 {
		t.Errorf("%d settings, ties %v, want %v", len(best), ties, want)
	}
	t.Logf("%d nodes, %d settings", nodes, len(best))
}
