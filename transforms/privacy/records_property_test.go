package privacy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// quasiCase is a way to generalise a column, and values that it may have.
type quasiCase struct {
	typ    string
	values []string
	bodies []string
}

var quasiCases = []quasiCase{
	{"int64", []string{"-3", "0", "17", "18", "29", "30", "64", "65", "99", `\N`}, []string{
		``, `steps = [10, 100]`, `top = 65`, "bands = [18, 30, 65]\nbottom = 18\ntop = 65", "steps = [5, 10, 50]\nmin_level = 2\nmax_level = 3"}},
	{"float64", []string{"0", "-0", "1.5", "-1.5", "10", "100.25", `\N`}, []string{``, `steps = [10, 100]`, "steps = [10]\nmin_level = 2"}},
	{"decimal(8,2)", []string{"0.00", "1.50", "10.00", "-0.01", `\N`}, []string{``, `steps = [1, 10]`}},
	{"date", []string{"2023-12-31", "2024-01-01", "2024-02-29", "1999-07-14", `\N`}, []string{
		``, `period = "month"`, "period = \"quarter\"\nmin_level = 1", "age_at = \"2024-06-01\"\nbands = [18, 40]\nmin_level = 1"}},
	{"text", []string{"01000", "2A004", "20000", "20200", "75001", "97100", `\N`}, []string{``, `hierarchy = ["departement", "region"]`, "hierarchy = [\"region\"]\nmin_level = 1"}},
	{"text", []string{"", "*", "Voirie", "voirie", "Crèche", `\N`}, []string{``}},
	{"bool", []string{"true", "false", `\N`}, []string{``}},
}

// classOf is the quasi-identifiers of a row of a table as they are written.
func classOf(row []string, quasi int) string { return strings.Join(row[:quasi], "\x00") }

// lines are the rows of a CSV table without quotes, in cells.
func lines(csv string) [][]string {
	var rows [][]string
	for _, l := range strings.Split(strings.TrimSuffix(csv, "\n"), "\n")[1:] {
		rows = append(rows, strings.Split(l, ","))
	}
	return rows
}

// Whatever the rows and the policy, what leaves satisfies the model when simple code
// counts it from the texts that a reader sees, is taken by the gate, and is the same rows
// in the same order however they were ordered and cut (invariants 2 and 5).
func TestWhatLeavesKeepsTheModel(t *testing.T) {
	env := pipelinetest.Env(t)
	published := 0
	rapid.Check(t, func(r *rapid.T) {
		var body, header []string
		var columns []quasiCase
		quasi := rapid.IntRange(1, 3).Draw(r, "quasi")
		for j := range quasi {
			c := rapid.SampledFrom(quasiCases).Draw(r, "column")
			columns = append(columns, c)
			header = append(header, fmt.Sprintf("\"q%d:%s\"", j, c.typ))
			body = append(body, fmt.Sprintf("quasi \"q%d\" {\n%s\n}", j, rapid.SampledFrom(c.bodies).Draw(r, "how")))
		}
		k := rapid.IntRange(2, 4).Draw(r, "k")
		l := rapid.IntRange(0, 3).Draw(r, "l")
		subject := rapid.Bool().Draw(r, "subject")
		header = append(header, "n:int64", "s:text", "nom:text")
		body = append(body, `public = ["n"]`, `identifier "nom" { action = "drop" }`)
		if l > 1 {
			body = append(body, fmt.Sprintf("sensitive \"s\" {\ndiversity { l = %d }\n}", l))
		}
		if subject {
			body = append(body, `subject = "nom"`)
		}
		wildcard := !subject && rapid.Bool().Draw(r, "wildcard")
		match := "own_value"
		if wildcard {
			match = "wildcard"
		}
		metric := rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, "metric")
		body = append(body, fmt.Sprintf("model {\nk = %d\nnull_match = %q\nsuppression_limit = %s\nmetric = %q\n}", k, match,
			rapid.SampledFrom([]string{"0", "0.2", "0.5", "1"}).Draw(r, "limit"), metric))
		p, err := policy(t, env, strings.Join(body, "\n"))
		if err != nil {
			r.Fatal(err)
		}
		var rows []string
		for n := range rapid.IntRange(0, 40).Draw(r, "rows") {
			var cells []string
			for _, c := range columns {
				cells = append(cells, rapid.SampledFrom(c.values[:rapid.IntRange(2, len(c.values)).Draw(r, "of")]).Draw(r, "value"))
			}
			cells = append(cells, fmt.Sprint(n), rapid.SampledFrom([]string{"x", "y", "z", `\N`}).Draw(r, "s"),
				rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F", `\N`}).Draw(r, "nom"))
			rows = append(rows, strings.Join(cells, ","))
		}
		give := func(rows []string) pipelinetest.Table {
			return table(t, strings.Join(header, ",")+"\n"+strings.Join(append(slices.Clone(rows), ""), "\n"))
		}
		in := give(rows)
		if _, err := p.Bind(in.Schema); err != nil {
			r.Fatal(err)
		}
		var want []string
		for i, cut := range pipelinetest.Cuts() {
			order := rows
			if i > 0 {
				order = rapid.Permutation(rows).Draw(r, "order")
			}
			in := give(order)
			d, err := watch(p, in.Schema, cut.Batches(env.Allocator, in), rapid.SampledFrom([]int{1, 2, 8}).Draw(r, "workers"))
			if err != nil {
				if messages.Find(err) == nil || want != nil {
					r.Fatal(err)
				}
				return // refused, for every order
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
			if want == nil {
				want = set
				published += len(set) - 1
			}
			if d := cmp.Diff(want, set); d != "" {
				r.Fatalf("%s: other rows in another order:\n%s", cut.Name, d)
			}
			if why := broken(lines(got), rows, quasi, k, l, subject, wildcard); why != "" {
				r.Fatalf("%s\n%s", why, got)
			}
		}
	})
	if published == 0 {
		t.Fatal("no row was ever published")
	}
}

// broken says what of the model the published rows do not keep.
func broken(out [][]string, rows []string, quasi, k, l int, subject, wildcard bool) string {
	counts, values, persons := map[string]int{}, map[string]map[string]bool{}, map[string]map[string]bool{}
	origin := map[string][]string{}
	for _, row := range rows {
		cells := strings.Split(row, ",")
		origin[cells[quasi]] = cells
	}
	for _, row := range out {
		class := classOf(row, quasi)
		if values[class] == nil {
			values[class], persons[class] = map[string]bool{}, map[string]bool{}
		}
		counts[class]++
		from := origin[row[quasi]]
		if s := from[quasi+1]; s != `\N` {
			values[class][s] = true
		}
		persons[class][from[quasi+2]] = true
	}
	for class, n := range counts {
		switch {
		case subject:
			n = len(persons[class])
		case wildcard:
			n = matching(out, strings.Split(class, "\x00"))
		}
		if n < k {
			return fmt.Sprintf("class %q has %d of %d", class, n, k)
		}
		if l > 1 && len(values[class]) < l {
			return fmt.Sprintf("class %q has %d values of %d", class, len(values[class]), l)
		}
	}
	return ""
}

// matching is how many rows match values where null matches any.
func matching(rows [][]string, values []string) int {
	n := 0
rows:
	for _, row := range rows {
		for j, v := range values {
			if v != `\N` && row[j] != `\N` && v != row[j] {
				continue rows
			}
		}
		n++
	}
	return n
}
