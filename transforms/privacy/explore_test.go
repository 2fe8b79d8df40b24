package privacy_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// What is explored is what the policy would do: the optimum suppresses the rows and
// leaves the classes that the policy does, a column left out costs what a policy
// without it does, and no other choice is better. The order and the cut of the rows
// do not matter (invariant 2).
func TestExplorationIsWhatThePolicyDoes(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Root = t.TempDir()
	hierarchy := "Voirie;Technique;*\nEspaces verts;Technique;*\nCrèche;Enfance;*\nÉcole;Enfance;*\n"
	if err := os.WriteFile(filepath.Join(env.Root, "services.csv"), []byte(hierarchy), 0o600); err != nil {
		t.Fatal(err)
	}
	explore := func(r *rapid.T, quasi []string, model string, rows []string, cut pipelinetest.Cut) (*pipelines.Exploration, pipelines.Privacy, error) {
		p, err := policy(t, env, strings.Join(quasi, "\n")+"\n"+model)
		if err != nil {
			r.Fatal(err)
		}
		in := table(t, "age:int64,service:text,grade:text\n"+strings.Join(rows, ""))
		x, err := p.(pipelines.Explorer).Explore(context.Background(), pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
		return x, p, err
	}
	rapid.Check(t, func(r *rapid.T) {
		least := rapid.IntRange(0, 1).Draw(r, "least")
		quasi := []string{
			fmt.Sprintf("quasi \"age\" {\nbands = [18, 30, 45, 65]\nmin_level = %d\n}", least),
			"quasi \"service\" {\nhierarchy_file = \"services.csv\"\n}",
			"quasi \"grade\" {}",
		}
		limit := rapid.SampledFrom([]float64{0, 0.1, 0.3, 1}).Draw(r, "limit")
		model := fmt.Sprintf("model {\nk = %d\nsuppression_limit = %v\nmetric = %q\n}", rapid.IntRange(2, 4).Draw(r, "k"), limit,
			rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, "metric"))
		rows := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) string {
			return fmt.Sprintf("%s,%s,%s\n", rapid.SampledFrom([]string{"24", "29", "33", "50", `\N`}).Draw(r, "age"),
				rapid.SampledFrom([]string{"Voirie", "Espaces verts", "Crèche", "École"}).Draw(r, "service"),
				rapid.SampledFrom([]string{"A", "A", "A", "B"}).Draw(r, "grade"))
		}), 1, 30).Draw(r, "rows")
		x, p, err := explore(r, quasi, model, rows, pipelinetest.Cuts()[0])
		in := table(t, "age:int64,service:text,grade:text\n"+strings.Join(rows, ""))
		if err := endOf(x, err); err != nil {
			_, other := p.Observe(context.Background(), pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
			if a, b := messages.Find(err), messages.Find(other); a == nil || b == nil || a.Code != b.Code {
				r.Fatalf("explored: %v, observed: %v", err, other)
			}
			return
		}
		again, _, err := explore(r, quasi, model, rapid.Permutation(rows).Draw(r, "order"), pipelinetest.Cuts()[1])
		if err != nil || !reflect.DeepEqual(x, again) {
			r.Fatalf("in another order: %+v, was %+v (%v)", again, x, err)
		}

		classes := map[string]int{}
		for _, row := range rows {
			classes[row]++
		}
		alone, smallest := int64(0), len(rows)
		for _, n := range classes {
			if smallest = min(smallest, n); n == 1 {
				alone++
			}
		}
		want := pipelines.Exposure{Counts: "rows", Rows: int64(len(rows)), Classes: int64(len(classes)), Smallest: int64(smallest), Uniques: alone,
			HighestRisk: 1 / float64(smallest), AverageRisk: float64(len(classes)) / float64(len(rows))}
		if x.Before != want {
			r.Fatalf("before %+v, want %+v", x.Before, want)
		}
		_, out := twoPasses(t, env, p, in, pipelinetest.Cuts()[0])
		kept := strings.Split(strings.TrimSpace(out), "\n")[1:]
		left := map[string]bool{}
		for _, row := range kept {
			left[row] = true
		}
		if o := x.Optimum; o.Suppressed != x.Rows-int64(len(kept)) || o.Classes != int64(len(left)) || x.After.Rows != int64(len(kept)) {
			r.Fatalf("optimum %+v, but %d rows of %d classes leave", o, len(kept), len(left))
		}

		most := int64(math.Floor(limit*float64(len(rows)) + 1e-9))
		// The search takes sums of logarithms to be equal that differ by their rounding.
		best := x.Optimum.Score - 1e-9*math.Abs(x.Optimum.Score)
		last := best
		for _, c := range x.Alternatives {
			if c.Score < last || c.Suppressed > most {
				r.Fatalf("alternatives %+v to %+v", x.Alternatives, x.Optimum)
			}
			last = c.Score
		}
		for j, c := range x.Costs {
			if k := c.Kept; k != nil && (k.Levels[j] != []int{least, 0, 0}[j] || k.Score < best || k.Suppressed > most) {
				r.Fatalf("%s kept at its least level: %+v, the optimum is %+v", c.Column, k, x.Optimum)
			}
			if x.Optimum.Levels[j] == []int{least, 0, 0}[j] && !reflect.DeepEqual(c.Kept, x.Optimum) {
				r.Fatalf("kept where it is: %+v, the optimum is %+v", c.Kept, x.Optimum)
			}
			less, _, err := explore(r, slices.Delete(slices.Clone(quasi), j, j+1), model, rows, pipelinetest.Cuts()[0])
			if err != nil || !reflect.DeepEqual(c.Without, less.Optimum) {
				r.Fatalf("without %s: %+v, want %+v (%v)", c.Column, c.Without, less, err)
			}
		}
	})
}
