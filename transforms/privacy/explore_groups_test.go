package privacy_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// explored is what a policy explores of rows.
func explored(t testing.TB, env pipelines.Env, body, rows string, cut pipelinetest.Cut) (*pipelines.Exploration, error) {
	t.Helper()
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, rows)
	return p.(pipelines.Explorer).Explore(context.Background(), pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
}

// Beside a pseudonym too the levels that are explored are those that a run chooses: as
// many rows of as many classes leave, at the same risks.
func TestExplorationOfPersonsIsWhatARunDoes(t *testing.T) {
	env := pipelinetest.Env(t)
	spool := pipelines.NewSpool(t.TempDir(), env.Allocator, 0)
	climbed, straight, spilled := 0, 0, 0
	draws.Check(t, draws.Kinds{"optima climbed to": &climbed, "found straight": &straight, "found with little memory": &spilled}, func(r *rapid.T) {
		action := rapid.SampledFrom([]string{"pseudonym", "surrogate"}).Draw(r, "action")
		least := rapid.IntRange(0, 1).Draw(r, "least")
		quasi := []string{
			fmt.Sprintf("quasi \"age\" {\nbands = [18, 30, 45, 65]\nmin_level = %d\n}", least),
			"quasi \"grade\" {}",
		}
		rest := fmt.Sprintf("subject = \"nom\"\nidentifier \"nom\" {\naction = %q\nkey = secret.cle\nrotate = \"per_release\"\n}\nmodel {\nk = %d\nsuppression_limit = %v\nmetric = %q\n}",
			action, rapid.IntRange(2, 4).Draw(r, "k"), rapid.SampledFrom([]float64{0, 0.2, 0.5, 1}).Draw(r, "limit"),
			rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, "metric"))
		rows := "age:int64,grade:text,nom:text\n"
		for range rapid.IntRange(1, 40).Draw(r, "rows") {
			rows += fmt.Sprintf("%s,%s,%s\n", rapid.SampledFrom([]string{"24", "29", "33", "50", `\N`}).Draw(r, "age"), rapid.SampledFrom([]string{"A", "A", "A", "B"}).Draw(r, "grade"),
				rapid.SampledFrom([]string{"P", "Q", "R", "S", "T", "U", "V", `\N`}).Draw(r, "nom"))
		}
		body := strings.Join(append(quasi, rest), "\n")
		x, err := explored(t, env, body, rows, pipelinetest.Cuts()[1])
		little := env
		little.Memory, little.Spool = rapid.Int64Range(8000, 1<<16).Draw(r, "memory"), spool
		again, e := explored(t, little, body, rows, pipelinetest.Cuts()[2])
		switch {
		case messages.Has(e, messages.TooManyClasses) || messages.Has(e, messages.TooManyValues):
		case (e == nil) != (err == nil) || err == nil && !reflect.DeepEqual(x, again):
			r.Fatalf("with %d bytes %+v, %v, was %+v, %v", little.Memory, again, e, x, err)
		default:
			spilled++
		}
		p, e := policy(t, env, body)
		if e != nil {
			r.Fatal(e)
		}
		in := table(t, rows)
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...)
		d, e := p.Observe(context.Background(), first)
		first.Close()
		if err := endOf(x, err); err != nil || e != nil {
			if a, b := messages.Find(err), messages.Find(e); a == nil || b == nil || a.Error() != b.Error() {
				r.Fatalf("explored: %v, observed: %v", err, e)
			}
			return
		}
		if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
			r.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		kept := lines(collect(t, out))
		classes := map[string]bool{}
		for _, row := range kept {
			classes[classOf(row, 2)] = true
		}
		proof := p.(pipelines.Proving).Proof(d).Records
		var levels []int
		for _, l := range proof.Levels {
			levels = append(levels, l.Level)
		}
		o := x.Optimum
		if x.Search != "persons" || !slices.Equal(o.Levels, levels) || o.Suppressed != x.Rows-int64(len(kept)) || o.Classes != int64(len(classes)) ||
			o.Score != proof.Score || !reflect.DeepEqual(x.After, proof.Risks.After) {
			r.Fatalf("explored %+v, a run does %+v: %d rows of %d classes", x, proof, len(kept), len(classes))
		}
		if x.Optimal {
			straight++
			for _, a := range x.Alternatives {
				if a.Score < o.Score-1e-9*math.Abs(o.Score) {
					r.Fatalf("optimal, and %+v is better than %+v", a, o)
				}
			}
		} else {
			climbed++
		}
		for j, c := range x.Costs {
			less, err := explored(t, env, strings.Join(append(slices.Delete(slices.Clone(quasi), j, j+1), rest), "\n"), rows, pipelinetest.Cuts()[0])
			if err != nil || !reflect.DeepEqual(c.Without, less.Optimum) {
				r.Fatalf("without %s: %+v, want %+v (%v)", c.Column, c.Without, less, err)
			}
			if k := c.Kept; k != nil && k.Levels[j] != []int{least, 0}[j] {
				r.Fatalf("%s kept: %+v", c.Column, k)
			}
		}
	})
}

// What is explored of Mondrian is the groups that a run makes, and that there are no levels.
func TestExplorationOfGroupsIsWhatARunDoes(t *testing.T) {
	env := pipelinetest.Env(t)
	done := 0
	draws.Check(t, draws.Kinds{"grouped": &done}, func(r *rapid.T) {
		quasi := []string{"quasi \"age\" {}", "quasi \"lieu\" {\nhierarchy = [\"departement\", \"region\"]\n}", "quasi \"grade\" {}"}
		k := rapid.IntRange(2, 4).Draw(r, "k")
		rest := fmt.Sprintf("model {\nk = %d\nsearch = \"mondrian\"\n}", k)
		rows := "age:int64,lieu:text,grade:text\n"
		ages := map[string]bool{}
		n := rapid.IntRange(1, 40).Draw(r, "rows")
		for range n {
			age := rapid.SampledFrom([]string{"24", "29", "33", "50", "61", `\N`}).Draw(r, "age")
			ages[age] = true
			rows += fmt.Sprintf("%s,%s,%s\n", age, rapid.SampledFrom([]string{"35190", "35270", "22100", "44000"}).Draw(r, "lieu"), rapid.SampledFrom([]string{"A", "B"}).Draw(r, "grade"))
		}
		body := strings.Join(append(quasi, rest), "\n")
		x, err := explored(t, env, body, rows, pipelinetest.Cuts()[1])
		if err := endOf(x, err); err != nil {
			if n >= k || !messages.Has(err, messages.TooFewRows) {
				r.Fatal(err)
			}
			return
		}
		done++
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		_, out := twoPasses(t, env, p, table(t, rows), pipelinetest.Cuts()[0])
		classes := map[string]int64{}
		stars, all := 0, lines(strings.ReplaceAll(out, ", ", "–"))
		for _, row := range all {
			classes[classOf(row, 3)]++
			if row[2] == "*" {
				stars++
			}
		}
		sizes := slices.Sorted(maps.Values(classes))
		o := x.Optimum
		// Groups may leave alike where one's range is what another's is.
		if x.Search != "mondrian" || !x.NoLevels || x.Optimal || o.Levels != nil || o.Suppressed != 0 || o.Classes < int64(len(classes)) || x.After.Classes != o.Classes ||
			x.After.Rows != int64(n) || len(all) != n || x.After.Smallest > sizes[0] || x.After.Smallest < int64(k) || len(x.Alternatives) > 0 {
			r.Fatalf("explored %+v, a run leaves %v", x, classes)
		}
		total, rowsOf := int64(0), int64(0)
		for _, s := range x.Partition.Sizes {
			total, rowsOf = total+s.Classes, rowsOf+s.Rows
		}
		if total != o.Classes || rowsOf != int64(n) {
			r.Fatalf("sizes %+v of %d groups of %d rows", x.Partition.Sizes, o.Classes, n)
		}
		product := 1.0
		for j, l := range x.Partition.Loss {
			if l.Share < 0 || l.Share > 1 {
				r.Fatalf("%+v", l)
			}
			product *= l.Share + 1
			c := x.Costs[j]
			less, err := explored(t, env, strings.Join(append(slices.Delete(slices.Clone(quasi), j, j+1), rest), "\n"), rows, pipelinetest.Cuts()[0])
			if err != nil || c.Kept != nil || !reflect.DeepEqual(c.Without, less.Optimum) {
				r.Fatalf("without %s: %+v, want %+v (%v)", c.Column, c.Without, less, err)
			}
		}
		if math.Abs(math.Cbrt(product)-1-o.Score) > 1e-12 {
			r.Fatalf("loss %v of %+v", o.Score, x.Partition.Loss)
		}
		if strings.Contains(rows, ",A") && strings.Contains(rows, ",B") { // two values: * is all, a value nothing
			if want := float64(stars) / float64(n); math.Abs(x.Partition.Loss[2].Share-want) > 1e-12 {
				r.Fatalf("share of grade %v, want %v", x.Partition.Loss[2].Share, want)
			}
		}
	})
}

// A range of numbers loses what lies between its ends.
func TestWhatRangesLose(t *testing.T) {
	x, err := explored(t, pipelinetest.Env(t), "quasi \"age\" {}\nmodel {\nk = 2\nsearch = \"mondrian\"\n}", "age:int64\n20\n21\n40\n41\n42\n", pipelinetest.Cuts()[0])
	if err != nil {
		t.Fatal(err)
	}
	// 20 to 21 and 40 to 42, or 20 to 40 and 41 to 42: 3 of 5 values in three rows, 2 in two.
	if want := float64(3*3+2*2-5) / (5 * 4); math.Abs(x.Partition.Loss[0].Share-want) > 1e-12 || x.Optimum.Classes != 2 || len(x.Costs) != 1 || x.Costs[0].Without != nil {
		t.Errorf("got %+v, want %v", x, want)
	}
}

// What is explored of means is what a run makes, and what of the variance it loses.
func TestExplorationOfMeansIsWhatARunDoes(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		body := fmt.Sprintf("public = [\"n\"]\nmicroaggregate \"m\" {\ncolumns = [\"a\", \"b\"]\nk = %d\n}", k)
		n := rapid.IntRange(1, 30).Draw(r, "rows")
		rows := "a:float64,b:int64,n:int64\n"
		for i := range n {
			rows += fmt.Sprintf("%s,%d,%d\n", rapid.SampledFrom([]string{"1.5", "2", "70", "71", "900", `\N`}).Draw(r, "a"), 1000*rapid.IntRange(0, 9).Draw(r, "b"), i)
		}
		x, err := explored(t, env, body, rows, pipelinetest.Cuts()[1])
		if n < k {
			if !messages.Has(err, messages.TooFewRows) {
				r.Fatal(err)
			}
			return
		}
		if err != nil {
			r.Fatal(err)
		}
		again, err := explored(t, env, body, rows, pipelinetest.Cuts()[2])
		if err != nil || !reflect.DeepEqual(x, again) {
			r.Fatalf("in another cut %+v, was %+v (%v)", again, x, err)
		}
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		_, out := twoPasses(t, env, p, table(t, rows), pipelinetest.Cuts()[0])
		emptied, groups := int64(0), map[string]bool{}
		for _, row := range lines(out) {
			if row[0] == `\N` && row[1] == `\N` {
				emptied++
			} else {
				groups[classOf(row, 2)] = true
			}
		}
		m := x.Means[0]
		if x.Search != "microaggregate" || !x.NoLevels || x.Rows != int64(n) || m.Emptied != emptied || m.Groups < int64(len(groups)) || m.K != k || m.Name != "m" {
			r.Fatalf("explored %+v, a run leaves %s", x, out)
		}
		total := emptied
		for _, s := range m.Sizes {
			if total += s.Rows; s.From < int64(k) {
				r.Fatalf("a group of %d rows", s.From)
			}
		}
		if total != int64(n) {
			r.Fatalf("%d rows in groups of %d", total, n)
		}
		for _, c := range m.Columns {
			if c.Share < 0 || c.Share > 1+1e-12 {
				r.Fatalf("%+v", c)
			}
		}
	})
	// 1, 3 and 11, 13: within 4·1, of 100 + 4.
	for _, method := range []string{"mdav", "optimal"} {
		for kind, by := range map[string]string{"int64": "", "float64": "e300", "decimal(38, 0)": "000000000000000000000000000000000000"} {
			rows := "\"a:" + kind + "\"\n"
			for _, n := range []string{"1", "13", "3", "11"} {
				rows += n + by + "\n"
			}
			x, err := explored(t, env, "microaggregate \"m\" {\ncolumns = [\"a\"]\nk = 2\nmethod = \""+method+"\"\n}", rows, pipelinetest.Cuts()[0])
			if err != nil || math.Abs(x.Means[0].Loss-4.0/104) > 1e-12 || x.Means[0].Groups != 2 {
				t.Errorf("%s of %s: %+v, %v", method, kind, x, err)
			}
		}
	}
}
