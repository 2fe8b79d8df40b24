package privacy_test

import (
	"context"
	"fmt"
	"math/big"
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

// Every mean is that of the rows that have it, exactly and rounded half up; k rows share
// it; no row is lost; and neither order nor cut shows (invariants 2, 5 and 7).
func TestMeansAreOfKRows(t *testing.T) {
	env := pipelinetest.Env(t)
	published := 0
	draws.Check(t, draws.Kinds{"published": &published}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		p, err := policy(t, env, fmt.Sprintf("public = [\"n\"]\nmicroaggregate \"g\" {\ncolumns = [\"a\", \"b\"]\nk = %d\n}", k))
		if err != nil {
			r.Fatal(err)
		}
		var rows []string
		for n := range rapid.IntRange(0, 50).Draw(r, "rows") {
			rows = append(rows, strings.Join([]string{
				rapid.SampledFrom([]string{"1.50", "2.00", "2.25", "-3.00", "100.01", "100.00", `\N`}).Draw(r, "a"),
				rapid.SampledFrom([]string{"1", "2", "-7", "1000", "9223372036854775807", `\N`}).Draw(r, "b"), fmt.Sprint(n)}, ","))
		}
		var want []string
		for i, cut := range pipelinetest.Cuts() {
			order := rows
			if i > 0 {
				order = rapid.Permutation(rows).Draw(r, "order")
			}
			in := table(t, "\"a:decimal(8,2)\",b:int64,n:int64\n"+strings.Join(append(slices.Clone(order), ""), "\n"))
			first := pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)
			d, err := p.Observe(context.Background(), first)
			first.Close()
			if err != nil {
				if !messages.Has(err, messages.TooFewRows) || len(rows) >= k {
					r.Fatal(err)
				}
				return
			}
			out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
			if err != nil {
				r.Fatal(err)
			}
			got := collect(t, out)
			gate := p.(pipelines.Gate)
			if err := gate.Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
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
			members := map[string][][]string{}
			for _, row := range lines(got) {
				n, err := strconv.Atoi(row[2])
				if err != nil {
					r.Fatal(err)
				}
				members[classOf(row, 2)] = append(members[classOf(row, 2)], strings.Split(rows[n], ","))
				published++
			}
			for mean, of := range members {
				values := strings.Split(mean, "\x00")
				if mean == "\\N\x00\\N" {
					continue
				}
				if len(of) < k {
					r.Fatalf("%v is of %d rows:\n%s", values, len(of), got)
				}
				for c, scale := range []int64{100, 1} {
					if (values[c] == `\N`) != (of[0][c] == `\N`) {
						r.Fatalf("%v stands for %v", values, of)
					}
					if values[c] == `\N` {
						continue
					}
					off, unit := new(big.Rat), big.NewRat(1, 2*scale)
					for _, row := range of {
						x, _ := new(big.Rat).SetString(row[c])
						off.Add(off, x)
					}
					m, _ := new(big.Rat).SetString(values[c])
					off.Quo(off, big.NewRat(int64(len(of)), 1)).Sub(off, m)
					if off.Abs(off).Cmp(unit) > 0 {
						r.Fatalf("%v is %s off the mean of %v", values, off.FloatString(6), of)
					}
				}
			}
			if len(set) > 2 {
				other := strings.Replace(got, "\n"+set[1]+"\n", "\n8.88,"+strings.SplitN(set[1], ",", 2)[1]+"\n", 1)
				if err := gate.Judge(context.Background(), d, sealed{env, table(t, other)}); !messages.Has(err, messages.GateMean) {
					r.Fatalf("a value that is no mean: %v\n%s", err, other)
				}
			}
		}
	})
}

// Rows with means leave in another order than they came: in that of a list of persons
// each mean would be near the value of a person who is known (invariant 11).
func TestMeansHaveNoOrderOfTheSource(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "public = [\"n\"]\nmicroaggregate \"g\" {\ncolumns = [\"a\"]\nk = 2\n}")
	if err != nil {
		t.Fatal(err)
	}
	rows := []string{"9,x", "1,x", "8,y", "2,y", "9,y", "1,y"}
	want := ""
	rapid.Check(t, func(r *rapid.T) {
		in := table(t, "a:int64,n:text\n"+strings.Join(rapid.Permutation(rows).Draw(r, "order"), "\n")+"\n")
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			r.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		if want == "" {
			want = got
		}
		if got != want {
			r.Fatalf("in another order\n%sand not\n%s", got, want)
		}
	})
}

// Many rows are grouped in halves, in less time than all at once, and each mean has k.
func TestManyRowsHaveMeans(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "microaggregate \"g\" {\ncolumns = [\"a\", \"b\"]\nk = 3\n}")
	if err != nil {
		t.Fatal(err)
	}
	var in strings.Builder
	in.WriteString("a:float64,b:int64\n")
	for i := range 7000 {
		fmt.Fprintf(&in, "%d.5,%d\n", i*7919%6000, i*104729%997)
	}
	d, got := twoPasses(t, env, p, table(t, in.String()), pipelinetest.Cuts()[2])
	counts := map[string]int{}
	for _, row := range lines(got) {
		counts[classOf(row, 2)]++
	}
	for mean, n := range counts {
		if n < 3 {
			t.Errorf("%q is of %d rows", mean, n)
		}
	}
	if len(counts) < 1500 {
		t.Errorf("%d means of 7000 rows", len(counts))
	}
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Error(err)
	}
}

func TestWhatHasNoMean(t *testing.T) {
	env := pipelinetest.Env(t)
	const body = "microaggregate \"g\" {\ncolumns = [\"a\"]\nk = 2\n}"
	for wrong, want := range map[string]*messages.Message{
		"microaggregate \"g\" {\ncolumns = []\nk = 2\n}":         messages.WrongMicro,
		"microaggregate \"g\" {\ncolumns = [\"a\"]\nk = 1\n}":    messages.WrongMicro,
		"public = [\"a\"]\n" + body:                              messages.TwoRoles,
		body + "\nquasi \"q\" {}\nmodel {\nk = 2\n}":             messages.WrongModel,
		body + "\n" + strings.Replace(body, "\"g\"", "\"h\"", 1): messages.TwoRoles,
	} {
		if _, err := policy(t, env, wrong); !messages.Has(err, want) {
			t.Errorf("%s: %v, want %s", wrong, err, want.Code)
		}
	}
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Bind(table(t, "a:text\n").Schema); !messages.Has(err, messages.MicroType) {
		t.Errorf("texts: %v", err)
	}
	for _, value := range []string{"NaN", "Inf"} {
		in := table(t, "a:float64\n1\n"+value+"\n")
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
		if _, err := p.Observe(context.Background(), first); !messages.Has(err, messages.MicroValue) {
			t.Errorf("%s: %v", value, err)
		}
		first.Close()
	}
	small := env
	small.Memory = 200
	tight, err := policy(t, small, body)
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "a:int64\n1\n2\n3\n4\n")
	first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
	if _, err := tight.Observe(context.Background(), first); !messages.Has(err, messages.MicroRows) {
		t.Errorf("without memory: %v", err)
	}
	first.Close()
}
