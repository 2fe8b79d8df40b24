package privacy_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const (
	sumsPolicy = `public = ["lieu"]
clear "total" {
  subject      = "foyer"
  min_subjects = 11
}`
	meansPolicy = `public = ["lieu"]
microaggregate "m" {
  columns = ["total"]
  k       = 3
}`
	sumsHead = "lieu:text,total:int64\n"
)

// What two releases of sums, or of means, show beside each other, case by case.
func TestSumsBesideThoseThatArePublic(t *testing.T) {
	row := func(n int, cells string) string { return strings.Repeat(cells+"\n", n) }
	const base = "A,10\nB,20\nC,\\N\n"
	means := row(3, "A,5") + row(3, "A,9")
	for _, c := range []struct {
		name, body, old, now string
		want                 *messages.Message
	}{
		{"the same", sumsPolicy, sumsHead + base, sumsHead + base, nil},
		{"in another order", sumsPolicy, sumsHead + base, sumsHead + "C,\\N\nB,20\nA,10\n", nil},
		{"a cell that is new", sumsPolicy, sumsHead + base, sumsHead + base + "D,7\n", nil},
		{"a cell that is gone", sumsPolicy, sumsHead + base, sumsHead + "A,10\nC,\\N\n", nil},
		{"a cell that changed", sumsPolicy, sumsHead + base, sumsHead + "A,11\nB,20\nC,\\N\n", messages.CellsDiffer},
		{"cells that came in the place of another", sumsPolicy, sumsHead + base, sumsHead + "A,10\nB nord,12\nB sud,9\n", messages.CellsDiffer},
		{"a cell that is masked now", sumsPolicy, sumsHead + base, sumsHead + "A,10\nB,\\N\nC,\\N\n", nil},
		{"a cell that may be read now", sumsPolicy, sumsHead + base, sumsHead + "A,10\nB,20\nC,5\n", nil},
		{"one masked, another read", sumsPolicy, sumsHead + base, sumsHead + "A,10\nB,\\N\nC,5\n", messages.CellsDiffer},
		{"masked places that went", sumsPolicy, sumsHead + base, sumsHead + "A,10\nB,20\n", nil},
		{"twice there", sumsPolicy, sumsHead + base, sumsHead + base + "A,10\n", nil},
		{"a column more", sumsPolicy, sumsHead + base, "lieu:text,total:int64,autre:int64\nA,10,1\nB,20,2\n", nil},
		{"a column more, and a cell fewer", sumsPolicy, sumsHead + base, "lieu:text,total:int64,autre:int64\nA,10,1\n", messages.CellsDiffer},
		{"a column fewer", sumsPolicy, "lieu:text,total:int64,autre:int64\nA,10,1\nB,20,2\n", sumsHead + "A,10\n", nil},
		{"another type", sumsPolicy, "lieu:text,total:float64\nA,10\nB,20\n", sumsHead + base, messages.ColumnChanged},
		{"nothing to read in one", sumsPolicy, sumsHead + "A,\\N\n", sumsHead + base, nil},

		{"means: the same", meansPolicy, sumsHead + means, sumsHead + means, nil},
		{"means: k that came", meansPolicy, sumsHead + means, sumsHead + means + row(3, "B,7"), nil},
		{"means: k that came to one that was there", meansPolicy, sumsHead + means, sumsHead + means + row(2, "B,5") + "A,5\n", nil},
		{"means: one that came", meansPolicy, sumsHead + means, sumsHead + means + "A,9\n", messages.MeansDiffer},
		{"means: two that went", meansPolicy, sumsHead + means + row(2, "B,5"), sumsHead + means, messages.MeansDiffer},
		{"means: one without a value that came", meansPolicy, sumsHead + means, sumsHead + means + "A,\\N\n", nil},
		{"means: one that changed", meansPolicy, sumsHead + means, sumsHead + row(3, "A,5") + row(4, "A,10"), messages.CellsDiffer},
		{"means: somebody moved", meansPolicy, sumsHead + means, sumsHead + row(3, "A,5") + row(2, "A,9") + "B,9\n", messages.CellsDiffer},
	} {
		for _, memory := range []int64{0, 300} {
			t.Run(fmt.Sprint(c.name, " in ", memory), func(t *testing.T) {
				env := pipelinetest.Env(t)
				env.Memory = memory
				p, err := policy(t, env, c.body)
				if err != nil {
					t.Fatal(err)
				}
				if got := p.(pipelines.Comparer).Comparison(); got != (pipelines.Beside{Public: true}) {
					t.Errorf("%+v", got)
				}
				small := beside(t, env, p, nil, c.now, c.old, true)
				if (small == nil) != (c.want == nil) || small != nil && (small.Why.Message != c.want || !small.Hold) {
					t.Errorf("got %v, want %v", small, c.want)
				}
			})
		}
	}
}

// A release of sums is published beside another only if one of the two has every number
// that both have together: then nothing can be subtracted that could not be before.
func TestNothingIsSubtractedFromSums(t *testing.T) {
	env, few := pipelinetest.Env(t), pipelinetest.Env(t)
	few.Memory = 300
	held := 0
	draws.Check(t, draws.Kinds{"held": &held}, func(r *rapid.T) {
		draw := func(what string) (string, map[string]int) {
			csv, cells := "lieu:text,total:int64,part:float64\n", map[string]int{}
			for range rapid.IntRange(0, 6).Draw(r, what) {
				row := fmt.Sprintf("%s,%s,%s", rapid.SampledFrom([]string{"A", "B", "C", `\N`}).Draw(r, "lieu"),
					rapid.SampledFrom([]string{"1", "2", `\N`}).Draw(r, "total"), rapid.SampledFrom([]string{"0", "-0", `\N`}).Draw(r, "part"))
				csv += row + "\n"
				if !strings.HasSuffix(row, `,\N,\N`) {
					cells[row]++
				}
			}
			return csv, cells
		}
		old, before := draw("old")
		now, after := draw("now")
		if rapid.Bool().Draw(r, "grown") {
			now, after = old, before
			for range rapid.IntRange(0, 2).Draw(r, "more") {
				now += "D,5,0\n"
				after = map[string]int{"D,5,0": after["D,5,0"] + 1}
				for row, n := range before {
					if row != "D,5,0" {
						after[row] = n
					}
				}
			}
		}
		within := func(a, b map[string]int) bool {
			for row, n := range a {
				if n > b[row] {
					return false
				}
			}
			return true
		}
		want := !within(before, after) && !within(after, before)
		body := "public = [\"lieu\"]\nclear \"total\" {\nsubject = \"f\"\nmin_subjects = 3\n}\nclear \"part\" {\nsubject = \"f\"\nmin_subjects = 3\n}"
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		q, err := policy(t, few, body)
		if err != nil {
			r.Fatal(err)
		}
		if got := beside(t, env, p, nil, now, old, true) != nil; got != want {
			r.Fatalf("held: %v, want %v\n%s\n%s", got, want, old, now)
		}
		if got := beside(t, few, q, nil, now, old, true) != nil; got != want {
			r.Fatalf("in parts held: %v, want %v", got, want)
		}
		if want {
			held++
		}
	})
}

// k_map alone asks nothing of the rows of a file, and as much of a difference as of the
// population.
func TestADifferenceUnderKMapAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Root = t.TempDir()
	projectFile(t, &env, "gens.csv", "q;n\na;10\nb;10\n")
	p, d, old := made(t, env, "quasi \"q\" {}\nmodel {\nk_map = 3\npopulation {\nfile = \"gens.csv\"\nweight = \"n\"\n}\n}", "q:text\na\na\n")
	for rows, want := range map[string]*messages.Message{"q:text\na\na\n": nil, "q:text\na\na\na\n": messages.FewDiffer, "q:text\na\na\nb\nb\nb\n": nil, "q:text\na\n": messages.FewDiffer} {
		small := beside(t, env, p, d, rows, old, true)
		if (small == nil) != (want == nil) || small != nil && (small.Why.Message != want || small.Why.Param("k") != "3") {
			t.Errorf("%q: %v", rows, small)
		}
	}
}
