package privacy_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const meansOfPersons = "public = [%s]\nsubject = \"who\"\nmicroaggregate \"g\" {\ncolumns = [\"a\", \"b\"]\nk = %d\n}"

// differentPersons counts them; nobody known is one.
func differentPersons(persons []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(persons))))
}

// Every mean is that of the rows that have it, which are of at least k different persons,
// all of nobody known being one; rows are emptied where those with the same nulls are of
// fewer, and nowhere else; and neither the order of rows, nor the cut, the memory or the
// workers show. The gate says so of a file that tells persons, and refuses one whose rows are
// of fewer (invariants 2, 5 and 9).
func TestMeansAreOfKPersons(t *testing.T) {
	env := pipelinetest.Env(t)
	published, apart := 0, 0
	draws.Check(t, draws.Kinds{"means": &published, "of more rows than persons": &apart}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		told := rapid.Bool().Draw(r, "told")
		public := `"n"`
		if told {
			public += `, "who"`
		}
		who := []string{"P1", "P2", "P3", "P4", "P5", "P6", "", `\N`}[rapid.IntRange(0, 4).Draw(r, "of"):]
		var rows []string
		for n := range rapid.IntRange(0, 50).Draw(r, "rows") {
			rows = append(rows, strings.Join([]string{
				rapid.SampledFrom([]string{"1.50", "2.00", "2.25", "-3.00", "100.01", "100.00", `\N`}).Draw(r, "a"),
				rapid.SampledFrom([]string{"1", "2", "-7", "1000", `\N`}).Draw(r, "b"), fmt.Sprint(n),
				rapid.SampledFrom(who).Draw(r, "who")}, ","))
		}
		cells := func(row string) []string {
			c := strings.Split(row, ",")
			if c[3] == "" {
				c[3] = `""`
			}
			return c
		}
		var all []string
		for _, row := range rows {
			all = append(all, cells(row)[3])
		}
		var want string
		for i, cut := range pipelinetest.Cuts() {
			order, e := rows, env
			if i > 0 {
				order = rapid.Permutation(rows).Draw(r, "order")
				e.Memory = 1 << 16
			}
			in := "\"a:decimal(8,2)\",b:int64,n:int64,who:text\n"
			for _, row := range order {
				in += strings.Join(cells(row), ",") + "\n"
			}
			p, err := policy(t, e, fmt.Sprintf(meansOfPersons, public, k))
			if err != nil {
				r.Fatal(err)
			}
			tb := table(t, in)
			d, err := watched(e, p, tb, cut, 1+i%3)
			if err != nil {
				few := messages.Has(err, messages.TooFewRows) && len(rows) < k || messages.Has(err, messages.TooFewPersons) && differentPersons(all) < k
				if !few {
					r.Fatal(err)
				}
				return
			}
			if differentPersons(all) < k && len(rows) > 0 {
				r.Fatalf("rows of %d persons leave", differentPersons(all))
			}
			out, err := p.Emit(context.Background(), d, pipelinetest.Batches(tb.Schema, cut.Batches(e.Allocator, tb)...))
			if err != nil {
				r.Fatal(err)
			}
			got := collect(t, out)
			gate := p.(pipelines.Gate)
			if err := gate.Judge(context.Background(), d, sealed{e, table(t, got)}); err != nil {
				r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
			}
			if i == 0 {
				want = got
			}
			if got != want {
				r.Fatalf("%s: in another order\n%s, and not\n%s", cut.Name, got, want)
			}
			if i > 0 || !told {
				continue
			}
			for _, of := range []string{"P1", `\N`} { // as if all were of one person
				var one strings.Builder
				emptied := true
				for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
					if cell := strings.Split(line, ","); one.Len() > 0 {
						emptied = emptied && cell[0] == `\N` && cell[1] == `\N`
						line = strings.Join(append(cell[:3], of), ",")
					}
					one.WriteString(line + "\n")
				}
				if err := gate.Judge(context.Background(), d, sealed{e, table(t, one.String())}); !emptied && !messages.Has(err, messages.GateMeanPersons) {
					r.Fatalf("means of one person: %v\n%s", err, one.String())
				}
			}
		}
		blocks, means := map[[2]bool][]string{}, map[[2]string][]int{}
		nulls := func(c []string) [2]bool { return [2]bool{c[0] == `\N`, c[1] == `\N`} }
		for _, row := range rows {
			c := cells(row)
			blocks[nulls(c)] = append(blocks[nulls(c)], c[3])
		}
		for _, row := range lines(want) {
			n, err := strconv.Atoi(row[2])
			if err != nil {
				r.Fatal(err)
			}
			mean, of := [2]string{row[0], row[1]}, cells(rows[n])
			empty := differentPersons(blocks[nulls(of)]) < k
			if !empty && nulls(row) != nulls(of) || empty && nulls(row) != [2]bool{true, true} {
				r.Fatalf("%v leaves as %v: of its nulls are %d persons", of, row, differentPersons(blocks[nulls(of)]))
			}
			means[mean] = append(means[mean], n)
		}
		for mean, of := range means {
			if mean == [2]string{`\N`, `\N`} {
				continue
			}
			published++
			var persons []string
			for _, n := range of {
				persons = append(persons, cells(rows[n])[3])
			}
			if len(of) > differentPersons(persons) {
				apart++
			}
			if differentPersons(persons) < k {
				r.Fatalf("%v is of the rows of %d persons:\n%s", mean, differentPersons(persons), want)
			}
			for c, scale := range []int64{100, 1} {
				if mean[c] == `\N` {
					continue
				}
				off := new(big.Rat)
				for _, n := range of {
					x, _ := new(big.Rat).SetString(cells(rows[n])[c])
					off.Add(off, x)
				}
				m, _ := new(big.Rat).SetString(mean[c])
				off.Quo(off, big.NewRat(int64(len(of)), 1)).Sub(off, m)
				if off.Abs(off).Cmp(big.NewRat(1, 2*scale)) > 0 {
					r.Fatalf("%v is %s off the mean of its rows", mean, off.FloatString(6))
				}
			}
		}
	})
}

// watched is what a policy decides of a table, its batches looked at by several workers in turn.
func watched(env pipelines.Env, p pipelines.Privacy, in pipelinetest.Table, cut pipelinetest.Cut, workers int) (pipelines.Decision, error) {
	ctx := context.Background()
	w, err := p.(pipelines.Observer).Watch(in.Schema, workers)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	first := pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)
	defer first.Close()
	rows, worker := int64(0), 0
	err = pipelines.Each(ctx, first, func(b pipelines.Batch) error {
		defer b.Release()
		worker = (worker + 1) % workers
		rows += b.NumRows()
		return w.See(ctx, worker, rows-b.NumRows(), b)
	})
	if err != nil {
		return nil, err
	}
	return w.Decide(ctx)
}

// Where no person has two rows k persons are k rows: the means are the same to the byte, of
// few rows and of many.
func TestMeansOfOneRowEachAreThoseOfRows(t *testing.T) {
	env, many := pipelinetest.Env(t), false
	rapid.Check(t, func(r *rapid.T) {
		k := rapid.IntRange(2, 5).Draw(r, "k")
		rows := rapid.IntRange(k, 60).Draw(r, "rows")
		if !many {
			many, rows = true, rows+5000
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		var in strings.Builder
		in.WriteString("a:float64,b:int64,n:int64,who:int64\n")
		for n := range rows {
			fmt.Fprintf(&in, "%d.25,%d,%d,%d\n", random.IntN(1+random.IntN(4000)), random.IntN(90), n, 7*n)
		}
		tb := table(t, in.String())
		body := fmt.Sprintf(meansOfPersons, `"n"`, k)
		_, persons, err := publishedOf(t, env, body, tb)
		if err != nil {
			r.Fatal(err)
		}
		_, alone, err := publishedOf(t, env, strings.Replace(body, "subject = \"who\"\n", "", 1), tb)
		if err != nil {
			r.Fatal(err)
		}
		if persons != alone {
			r.Fatalf("other means than those of rows:\n%s\n%s", persons, alone)
		}
	})
}

func publishedOf(t *testing.T, env pipelines.Env, body string, in pipelinetest.Table) (pipelines.Decision, string, error) {
	t.Helper()
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	cut := pipelinetest.Cuts()[2]
	d, err := watched(env, p, in, cut, 1)
	if err != nil {
		return nil, "", err
	}
	out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, out)
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Fatal(err)
	}
	return d, got, nil
}

// Many rows are cut where both sides are of enough persons, however few have most of the
// rows: at the median where that is, else as near to it as may be, and not at all where one
// person has the rest. No time of their square is taken.
func TestManyRowsOfFewPersonsHaveMeans(t *testing.T) {
	env := pipelinetest.Env(t)
	random := rand.New(rand.NewPCG(5, 6))
	const k = 3
	for name, person := range map[string]func(i, a int) int{
		"some rows each":           func(i, _ int) int { return i % 900 },
		"most are of one":          func(i, _ int) int { return max(0, i%1000-900) },
		"one has the great values": func(i, a int) int { return max(0, min(1, 300-a)) * (1 + i%700) },
		"one has the small values": func(i, a int) int { return max(0, min(1, a-4700)) * (1 + i%700) },
		"few have all":             func(i, _ int) int { return i % (k + 1) },
	} {
		var in []string
		of := map[string]int{}
		for n := range 6000 {
			a := random.IntN(5000)
			who := person(n, a)
			in, of[fmt.Sprint(n)] = append(in, fmt.Sprintf("%d.5,%d,%d,P%d\n", a, random.IntN(5000), n, who)), who
		}
		const head = "a:float64,b:int64,n:int64,who:text\n"
		_, got, err := publishedOf(t, env, fmt.Sprintf(meansOfPersons, `"n"`, k), table(t, head+strings.Join(in, "")))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		random.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		if _, other, err := publishedOf(t, env, fmt.Sprintf(meansOfPersons, `"n"`, k), table(t, head+strings.Join(in, ""))); err != nil || other != got {
			t.Errorf("%s: other means in another order: %v", name, err)
		}
		persons := map[string]map[int]bool{}
		for _, row := range lines(got) {
			mean := classOf(row, 2)
			if persons[mean] == nil {
				persons[mean] = map[int]bool{}
			}
			persons[mean][of[row[2]]] = true
		}
		for mean, who := range persons {
			if len(who) < k {
				t.Errorf("%s: %q is of %d persons", name, mean, len(who))
			}
		}
		t.Logf("%s: %d means", name, len(persons))
	}
}

// A person with k rows of one amount, which k of rows would publish as it is, is not alone.
func TestThreeMonthsOfTheMayorAreNoMean(t *testing.T) {
	env := pipelinetest.Env(t)
	in := table(t, "\"a:decimal(8,2)\",b:int64,n:int64,who:text\n4321.07,0,1,Maire\n4321.07,0,2,Maire\n4321.07,0,3,Maire\n1800.00,0,4,A\n1810.00,0,5,B\n1820.00,0,6,C\n")
	body := fmt.Sprintf(meansOfPersons, `"n"`, 3)
	if _, alone, err := publishedOf(t, env, strings.Replace(body, "subject = \"who\"\n", "", 1), in); err != nil || !strings.Contains(alone, "4321.07") {
		t.Errorf("rows are counted: %v\n%s", err, alone)
	}
	if _, got, err := publishedOf(t, env, body, in); err != nil || strings.Contains(got, "4321.07") {
		t.Errorf("persons are counted: %v\n%s", err, got)
	}
	if _, _, err := publishedOf(t, env, strings.Replace(body, "k = 3", "k = 5", 1), in); !messages.Has(err, messages.TooFewPersons) {
		t.Errorf("six rows of four persons: %v", err)
	}
}

// What is held of persons is bounded: of a tuple no more than k, and all of it counts.
func TestPersonsOfMeansAreBounded(t *testing.T) {
	env := pipelinetest.Env(t)
	var in strings.Builder
	in.WriteString("a:int64,b:int64,n:int64,who:int64\n")
	for n := range 30_000 {
		fmt.Fprintf(&in, "%d,0,%d,%d\n", n%4, n, n)
	}
	tb := table(t, in.String())
	for k, want := range map[int]*messages.Message{5: nil, 7000: messages.MicroRows} {
		e := env
		e.Memory = 1 << 17
		if _, _, err := publishedOf(t, e, fmt.Sprintf(meansOfPersons, `"n"`, k), tb); (want == nil) != (err == nil) || want != nil && !messages.Has(err, want) {
			t.Errorf("k = %d: %v", k, err)
		}
	}
}

func TestWhatCountsNoPersons(t *testing.T) {
	env := pipelinetest.Env(t)
	const micro = "microaggregate \"g\" {\ncolumns = [\"a\"]\nk = 2\n}\n"
	for wrong, want := range map[string]*messages.Message{
		"subject = \"who\"\n" + strings.Replace(micro, "k = 2", "k = 2\nmethod = \"optimal\"", 1): messages.OptimalPersons,
		"subject = \"a\"\n" + micro:           messages.SubjectAveraged,
		"subject = \"who\"\npublic = [\"a\"]": messages.WrongModel,
	} {
		if _, err := policy(t, env, wrong); !messages.Has(err, want) {
			t.Errorf("%s: %v, want %s", wrong, err, want.Code)
		}
	}
	p, err := policy(t, env, "subject = \"who\"\n"+micro)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Bind(table(t, "a:int64\n").Schema); !messages.Has(err, messages.UnknownColumn) {
		t.Errorf("a subject that is not there: %v", err)
	}
	if w := p.(pipelines.Warner).Warnings(); len(w) != 0 {
		t.Errorf("persons are counted: %v", w)
	}
	if p, err = policy(t, env, micro+strings.NewReplacer("\"g\"", "\"h\"", "\"a\"", "\"b\"").Replace(micro)); err != nil {
		t.Fatal(err)
	}
	if w := p.(pipelines.Warner).Warnings(); len(w) != 1 || !messages.Has(w[0], messages.MeansOfRows) {
		t.Errorf("rows are counted: %v", w)
	}
}

// Of a file alone persons are counted where it tells them, and else it is said that rows were.
func TestMeansOfAFileAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	const body = "subject = \"who\"\nmicroaggregate \"g\" {\ncolumns = [\"a\"]\nk = 3\n}\n"
	file := table(t, "a:int64,who:text\n5,P1\n5,P1\n5,P1\n7,P1\n7,P2\n7,\\N\n7,\\N\n\\N,P9\n")
	for public, wanted := range map[string]struct{ ok, unproved bool }{"public = [\"who\"]\n": {}, "identifier \"who\" {\naction = \"constant\"\notherwise = \"x\"\n}\n": {true, true}} {
		p, err := policy(t, env, body+public)
		if err != nil {
			t.Fatal(err)
		}
		audit, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{env, file})
		if err != nil {
			t.Fatal(err)
		}
		found := slices.IndexFunc(audit.Findings, func(f pipelines.Finding) bool { return f.Check == "microaggregate g: k = 3" })
		unproved := slices.ContainsFunc(audit.Unproved, func(e *messages.Error) bool { return messages.Has(e, messages.UnprovedPersons) })
		if found < 0 || audit.Findings[found].OK != wanted.ok || unproved != wanted.unproved {
			t.Errorf("%s: %+v, %v", public, audit.Findings, audit.Unproved)
		}
		what := p.(pipelines.Protecting).Protection(nil).Verified
		at := slices.IndexFunc(what, func(v pipelines.Verified) bool { return v.What == pipelines.VerifiedMeans })
		if v := what[at]; !v.Persons || v.Told == wanted.unproved {
			t.Errorf("%s: %+v", public, v)
		}
		if said := strings.Join(p.(interface {
			Paragraph(pipelines.Decision) []string
		}).Paragraph(nil), " "); !strings.Contains(said, "d'au moins 3 personnes différentes") {
			t.Errorf("the public is told: %s", said)
		}
	}
}
