package privacy_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// holds says whether what leaves of a quasi-identifier can be of a value.
func holds(label, value string) bool {
	if from, ok := strings.CutPrefix(label, "["); ok {
		from, to, _ := strings.Cut(strings.TrimSuffix(from, "]"), ", ")
		x, e1 := strconv.ParseFloat(value, 64)
		a, e2 := strconv.ParseFloat(from, 64)
		b, e3 := strconv.ParseFloat(to, 64)
		return e1 == nil && e2 == nil && e3 == nil && a <= x && x <= b
	}
	return label == value || label == "*" || strings.Contains(label, " à ")
}

// Each group of rows of ranges of its own keeps the model, its ranges hold the values of
// its rows, no row is lost, the gate counts the same, and the order of the rows, the cut,
// the workers and the memory do not show, but where this is too little, which it is then for
// any of the others (invariants 2, 5 and 9).
func TestRangesOfGroups(t *testing.T) {
	env := pipelinetest.Env(t)
	spool := &countedSpool{Spool: pipelines.NewSpool(t.TempDir(), env.Allocator, 0)}
	published, little, aside := 0, 0, 0
	draws.Check(t, draws.Kinds{"published": &published, "too little memory": &little, "on disk": &aside}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		body := fmt.Sprintf("public = [\"n\"]\nquasi \"a\" {}\nquasi \"b\" {}\nquasi \"c\" { steps = [10] }\nsensitive \"s\" {\ndiversity { l = %d }\n}\nmodel {\nk = %d\nsearch = \"mondrian\"\n}", rapid.IntRange(2, 3).Draw(r, "l"), k)
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		var rows []string
		for n := range rapid.IntRange(4, 120).Draw(r, "rows") {
			rows = append(rows, strings.Join([]string{
				rapid.SampledFrom([]string{"1.50", "2.00", "2.25", "-3.00", "100.00", `\N`}).Draw(r, "a"),
				rapid.SampledFrom([]string{"x", "y", "z", ""}).Draw(r, "b"),
				rapid.SampledFrom([]string{"1", "9", "10", "35", `\N`}).Draw(r, "c"),
				fmt.Sprint(n), rapid.SampledFrom([]string{"u", "v", "w"}).Draw(r, "s")}, ","))
		}
		var want []string
		lean := env
		lean.Memory, lean.Spool = rapid.SampledFrom([]int64{4000, 6000, 9000}).Draw(r, "memory"), spool
		short := map[bool]bool{}
		cuts := pipelinetest.Cuts()
		all := cuts
		if rapid.IntRange(0, 3).Draw(r, "lean") == 0 { // which takes long
			all = append(all, cuts[0], rapid.SampledFrom(cuts).Draw(r, "cut"))
		}
		for i, cut := range all {
			order, workers, before := rows, 1, spool.made.Load()
			if i > 0 {
				order, workers = rapid.Permutation(rows).Draw(r, "order"), rapid.IntRange(1, 3).Draw(r, "workers")
			}
			if i == len(cuts) {
				if p, err = policy(t, lean, body); err != nil {
					r.Fatal(err)
				}
			}
			in := table(t, "\"a:decimal(8,2)\",b:text,c:int64,n:int64,s:text\n"+strings.Join(append(slices.Clone(order), ""), "\n"))
			d, err := watch(p, in.Schema, cut.Batches(env.Allocator, in), workers)
			if i >= len(cuts) {
				if short[messages.Has(err, messages.TooManyGroups)] = true; len(short) > 1 {
					r.Fatalf("too little memory in one cut and not in another: %v", err)
				}
				if short[true] {
					little++
					continue
				}
			}
			if err != nil {
				if messages.Find(err) == nil || want != nil {
					r.Fatal(err)
				}
				return
			}
			if spool.made.Load() > before {
				aside++
			}
			out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
			if err != nil {
				r.Fatal(err)
			}
			got := collect(t, out)
			if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
				r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
			}
			set := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			slices.Sort(set[1:])
			if want == nil {
				want = set
			}
			if d := cmp.Diff(want, set); d != "" {
				r.Fatalf("%s: other rows in another order:\n%s", cut.Name, d)
			}
			cells := csv.NewReader(strings.NewReader(got))
			table, err := cells.ReadAll()
			if err != nil {
				r.Fatal(err)
			}
			table = table[1:]
			if len(table) != len(rows) {
				r.Fatalf("%d rows of %d leave", len(table), len(rows))
			}
			counts, values := map[string]int{}, map[string]map[string]bool{}
			for _, row := range table {
				published++
				class := classOf(row, 3)
				counts[class]++
				if values[class] == nil {
					values[class] = map[string]bool{}
				}
				values[class][row[4]] = true
				n, err := strconv.Atoi(row[3])
				if err != nil {
					r.Fatal(err)
				}
				for j, value := range strings.Split(rows[n], ",")[:3] {
					if !holds(row[j], value) {
						r.Fatalf("%s stands for %s:\n%s", row[j], value, got)
					}
				}
			}
			for class, n := range counts {
				if n < k || len(values[class]) < 2 {
					r.Fatalf("class %q has %d rows and %d values:\n%s", class, n, len(values[class]), got)
				}
			}
		}
	})
}

func TestWhatDoesNotGoWithRanges(t *testing.T) {
	env := pipelinetest.Env(t)
	for _, c := range []struct{ policy, model string }{
		{"", `null_match = "wildcard"`}, {"", "max_average_risk = 0.1"}, {"", `metric = "loss"`}, {"", "suppression_limit = 0.1"},
		{"public = [\"n\"]\nsubject = \"n\"", ""}, {"quasi \"r\" {\nsteps = [1]\nmax_level = 1\n}", ""},
		{"", "k_map = 2\npopulation {\nfile = \"p.txt\"\n}"},
	} {
		_, err := policy(t, env, c.policy+"\nquasi \"q\" {}\nmodel {\nk = 2\nsearch = \"mondrian\"\n"+c.model+"\n}")
		if !messages.Has(err, messages.ModelsApart) {
			t.Errorf("%s %s: %v", c.policy, c.model, err)
		}
	}
	p, err := policy(t, env, "quasi \"q\" {}\nmodel {\nk = 2\nsearch = \"mondrian\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	if w := p.(pipelines.Warner).Warnings(); len(w) != 1 || !messages.Has(w[0], messages.RangesOverlap) {
		t.Errorf("warned of %v", w)
	}
}
