package privacy_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const bestMeans = "public = [\"n\"]\nmicroaggregate \"g\" {\ncolumns = [\"a\"]\nk = %d\nmethod = %q\n}"

// published gives the rows that leave by their number n, and says what the gate says of them.
func meansOf(t rapidT, tt *testing.T, env pipelines.Env, body string, in pipelinetest.Table, cut pipelinetest.Cut) (map[string]string, string, error) {
	p, err := policy(tt, env, body)
	if err != nil {
		t.Fatal(err)
	}
	first := pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)
	d, err := p.Observe(context.Background(), first)
	first.Close()
	if err != nil {
		return nil, "", err
	}
	out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	got := collect(tt, out)
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(tt, got)}); err != nil {
		t.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
	}
	byRow := map[string]string{}
	for _, row := range lines(got) {
		byRow[row[1]] = row[0]
	}
	return byRow, got, nil
}

type rapidT interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// The best means of one column are those of k rows, of values that lie together; no other
// groups of as many rows of such values are nearer; and neither the order of rows, nor the
// cut, nor memory shows (invariants 2 and 9).
func TestBestMeans(t *testing.T) {
	env := pipelinetest.Env(t)
	published := 0
	draws.Check(t, draws.Kinds{"published": &published}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		typ := rapid.SampledFrom([]string{"int32", "int64", "decimal(8,2)", "decimal(30,2)", "float64"}).Draw(r, "type")
		values := map[string][]string{
			"int32": {"0", "1", "-1", "2147483647", "-2147483648", "7", `\N`}, "int64": {"0", "5", "6", "-6", "9223372036854775807", "-9223372036854775808", `\N`},
			"decimal(8,2)": {"1.50", "2.00", "2.25", "-3.00", "100.01", "0.00", `\N`}, "decimal(30,2)": {"1.50", "-2.00", "9999999999999999999999999999.99", "-9999999999999999999999999999.99", "3.00", `\N`},
			"float64": {"0", "-0", "1e-300", "1.5", "-1.5", "1.7e308", "-1.7e308", "2", `\N`},
		}[typ]
		var rows []string
		for n := range rapid.IntRange(0, 40).Draw(r, "rows") {
			rows = append(rows, rapid.SampledFrom(values).Draw(r, "a")+","+fmt.Sprint(n))
		}
		make := func(rows []string) pipelinetest.Table {
			return table(t, fmt.Sprintf("%q,n:int64\n", "a:"+typ)+strings.Join(append(slices.Clone(rows), ""), "\n"))
		}
		var want string
		var by map[string]string
		for i, cut := range pipelinetest.Cuts() {
			order, e := rows, env
			if i > 0 {
				order = rapid.Permutation(rows).Draw(r, "order")
				e, _ = bounded(t, env, 1<<16)
			}
			got, text, err := meansOf(r, t, e, fmt.Sprintf(bestMeans, k, "optimal"), make(order), cut)
			if err != nil {
				if !messages.Has(err, messages.TooFewRows) || len(rows) >= k {
					r.Fatal(err)
				}
				return
			}
			if i == 0 {
				want, by = text, got
			}
			if text != want {
				r.Fatalf("%s: in another order\n%s, and not\n%s", cut.Name, text, want)
			}
		}
		// By value, in order, and how many rows have it.
		count, means, sizes := map[string]int{}, map[string]string{}, map[string]int{}
		for _, row := range rows {
			v, n, _ := strings.Cut(row, ",")
			if v == "-0" {
				v = "0"
			}
			count[v]++
			if m, known := means[v]; known && m != by[n] {
				r.Fatalf("%s leaves as %s and as %s", v, m, by[n])
			}
			means[v] = by[n]
			sizes[by[n]]++
			published++
		}
		for v := range count {
			if (means[v] == `\N`) != (v == `\N` || len(rows)-count[`\N`] < k) {
				r.Fatalf("%s leaves as %s", v, means[v])
			}
			if means[v] != `\N` && sizes[means[v]] < k {
				r.Fatalf("%s is the mean of %d rows", means[v], sizes[means[v]])
			}
		}
		if typ == "float64" || len(rows)-count[`\N`] < k {
			return
		}
		delete(count, `\N`)
		var sorted []string
		number := func(v string) *big.Rat { x, _ := new(big.Rat).SetString(v); return x }
		for v := range count {
			sorted = append(sorted, v)
		}
		slices.SortFunc(sorted, func(a, b string) int { return number(a).Cmp(number(b)) })
		// The sum of squared distances of what left is the least of all groupings.
		squares := func(from, to int) *big.Rat {
			sum, n, total := new(big.Rat), 0, new(big.Rat)
			for _, v := range sorted[from:to] {
				sum.Add(sum, new(big.Rat).Mul(number(v), big.NewRat(int64(count[v]), 1)))
				n += count[v]
			}
			sum.Quo(sum, big.NewRat(int64(n), 1))
			for _, v := range sorted[from:to] {
				d := new(big.Rat).Sub(number(v), sum)
				total.Add(total, d.Mul(d, d).Mul(d, big.NewRat(int64(count[v]), 1)))
			}
			return total
		}
		rowsOf := func(from, to int) (n int) {
			for _, v := range sorted[from:to] {
				n += count[v]
			}
			return n
		}
		least := []*big.Rat{new(big.Rat)}
		for end := 1; end <= len(sorted); end++ {
			var best *big.Rat
			for from := range end {
				if least[from] == nil || rowsOf(from, end) < k {
					continue
				}
				if all := new(big.Rat).Add(least[from], squares(from, end)); best == nil || all.Cmp(best) < 0 {
					best = all
				}
			}
			least = append(least, best)
		}
		got, from := new(big.Rat), 0
		for i := range sorted {
			if i+1 == len(sorted) || means[sorted[i+1]] != means[sorted[i]] {
				got.Add(got, squares(from, i+1))
				from = i + 1
			}
		}
		if off := got.Sub(got, least[len(sorted)]); off.Cmp(big.NewRat(1, 1<<20)) > 0 {
			r.Fatalf("%s over the least sum of squares:\n%s", off.FloatString(12), want)
		}
	})
}

// Many rows are grouped in little memory as in much, nearer than by MDAV; what is not held
// is said (invariant 9).
func TestManyRowsHaveBestMeans(t *testing.T) {
	env := pipelinetest.Env(t)
	r := rand.New(rand.NewPCG(3, 4))
	var in strings.Builder
	in.WriteString("\"a:decimal(14,2)\",n:int64\n")
	for n := range 20_000 {
		fmt.Fprintf(&in, "%d.%02d,%d\n", 1200+r.IntN(1+r.IntN(9000)), r.IntN(100), n)
	}
	tb := table(t, in.String())
	var want string
	for _, bytes := range []int64{0, 1 << 20, 400_000} {
		e, spool := bounded(t, env, bytes)
		k := 20
		_, got, err := meansOf(t, t, e, fmt.Sprintf(bestMeans, k, "optimal"), tb, pipelinetest.Cuts()[3])
		if err != nil {
			t.Fatal(err)
		}
		if bytes == 0 {
			want = got
		}
		if got != want || (spool.made.Load() > 1) != (bytes > 0) {
			t.Errorf("in %d bytes, %d files: other means: %v", bytes, spool.made.Load(), got != want)
		}
	}
	for _, c := range []struct {
		method string
		bytes  int64
		disk   bool
		want   *messages.Message
	}{
		{"mdav", 1 << 20, true, messages.MicroRows},
		{"optimal", 1 << 20, false, messages.MicroRows},
		{"optimal", 100_000, true, messages.MicroGroups},
	} {
		e, _ := bounded(t, env, c.bytes)
		if !c.disk {
			e.Spool = nil
		}
		_, _, err := meansOf(t, t, e, fmt.Sprintf(bestMeans, 3, c.method), tb, pipelinetest.Cuts()[3])
		if !messages.Has(err, c.want) {
			t.Errorf("%s in %d bytes: %v, want %s", c.method, c.bytes, err, c.want.Code)
		}
	}
}
