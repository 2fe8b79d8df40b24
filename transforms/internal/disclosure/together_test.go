package disclosure

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// drawTogether is a town whose classes often have all combinations of the values of their
// sensitive columns, so that levels keep models which random rows seldom do.
func drawTogether(t *rapid.T) *town {
	w := drawTown(t)
	if w.subjects != nil || w.population != nil {
		w.subjects, w.population, w.models.KMap = nil, nil, 0
	}
	w.together = true
	w.sensitive, w.models.Sensitive = nil, nil
	columns := rapid.IntRange(2, 3).Draw(t, "columns")
	for range columns {
		w.sensitive = append(w.sensitive, nil)
	}
	base := w.quasi
	w.quasi = make([][]string, len(base))
	values := make([]string, columns)
	var combine func(row, column int)
	combine = func(row, column int) {
		if column == columns {
			for j := range base {
				w.quasi[j] = append(w.quasi[j], base[j][row])
			}
			for s, v := range values {
				w.sensitive[s] = append(w.sensitive[s], v)
			}
			return
		}
		for v := range 2 {
			values[column] = []string{"a", "b", null}[v+rapid.IntRange(0, len(w.saPaths)/2).Draw(t, "other")%2]
			if values[column] == "b" && len(w.saPaths) < 2 {
				values[column] = "a"
			}
			if rapid.IntRange(0, 19).Draw(t, "lacks") > 0 {
				combine(row, column+1)
			}
		}
	}
	for row := range min(len(base[0]), 8) {
		combine(row, 0)
	}
	for c := range columns {
		s := Sensitive{Column: c, NullCounts: rapid.Bool().Draw(t, "sa_null")}
		switch rapid.IntRange(0, 3).Draw(t, "rule") {
		case 0:
			s.Distinct = rapid.IntRange(1, 2).Draw(t, "l")
		case 1:
			s.Entropy = Ratio{uint64(rapid.IntRange(2, 4).Draw(t, "l")), 2}
		case 2:
			s.Recursive = Recursive{Ratio{uint64(rapid.IntRange(1, 6).Draw(t, "c")), 2}, rapid.IntRange(1, 2).Draw(t, "l")}
		case 3:
			s.Closeness = &Closeness{T: Ratio{uint64(rapid.IntRange(2, 10).Draw(t, "t")), 10}, Distance: Distance(rapid.IntRange(0, 2).Draw(t, "distance"))}
		}
		w.models.Sensitive = append(w.models.Sensitive, s)
	}
	return w
}

// Levels for columns judged together are those that looking at every node gives. They
// are drawn until some differ from those of columns judged alone, some suppress rows, and
// some do not exist.
func TestTogetherIsOptimal(t *testing.T) {
	met := draws.Of("found", "not what columns alone give", "rows suppressed", "refused")
	draws.Check(t, met, func(t *rapid.T) {
		w := drawTogether(t)
		if w.rows() == 0 {
			return
		}
		memory := Options{}
		spool := &spoolStub{}
		if rapid.Bool().Draw(t, "bounded") {
			memory = Options{Memory: 1 << 16, Create: spool.create}
		}
		order := rapid.Permutation(inOrder(w.rows())).Draw(t, "order")
		p, h := w.problem(t, order, rapid.IntRange(1, 40).Draw(t, "batch"), rapid.IntRange(1, 3).Draw(t, "workers"), memory)
		defer h.Close()
		want := w.optimum()
		got, err := Search(t.Context(), p)
		if want == nil || w.models.least(true) > int64(w.rows()) {
			if messages.Find(err) == nil {
				t.Fatalf("no levels will do, and got %v, %v", got, err)
			}
			met.Meet("refused")
			return
		}
		if messages.Has(err, messages.TooManyClasses) {
			return
		}
		if err != nil || math.Abs(got.Score-want.score) > 1e-9*math.Max(1, want.score) || !slices.Equal(got.Levels, want.levels) || got.Suppressed != want.suppressed {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
		w.protected(t, p, got.Levels, got.Suppressed)
		met.Meet("found")
		if got.Suppressed > 0 {
			met.Meet("rows suppressed")
		}
		w.together = false
		if alone := w.optimum(); fmt.Sprint(*alone) != fmt.Sprint(*want) {
			met.Meet("not what columns alone give")
		}
	})
}

// Of a class each part that the other columns make has the values, and of those it has
// all together.
func TestPartsOfAClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns, n := rapid.IntRange(2, 5).Draw(t, "columns"), rapid.IntRange(1, 60).Draw(t, "rows")
		var sensitive [][]string
		for range columns {
			sensitive = append(sensitive, rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", null}), n, n).Draw(t, "values"))
		}
		h := New(Shape{Quasi: []string{"q"}, Sensitive: make([]string, columns), Together: true}, Options{})
		defer h.Close()
		w := h.Worker()
		r := Rows{N: n, Quasi: [][]uint32{code(w.Quasi(0), make([]string, n), 0)}}
		for s := range sensitive {
			r.Sensitive = append(r.Sensitive, code(w.Sensitive(s), sensitive[s], 0))
		}
		if err := w.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c, err := h.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := func(column int, code uint32) string {
			d := c.Sensitive[column]
			if d.Null && code == 0 {
				return null
			}
			return d.Values[code-d.shift()]
		}
		for column := range columns {
			want := map[string]map[string]uint32{}
			all := map[string]int64{}
			for i := range n {
				others := ""
				for s := range columns {
					if s != column {
						others += sensitive[s][i] + "|"
					}
				}
				if want[others] == nil {
					want[others] = map[string]uint32{}
				}
				want[others][sensitive[column][i]]++
				all[sensitive[column][i]]++
			}
			got := []string{}
			j := newJudge(Sensitive{Column: column}, c)
			list := c.whole.lists[0]
			j.parts(list.code, list.n, func(codes, counts []uint32) {
				part := map[string]uint32{}
				for i, code := range codes {
					part[text(column, code)] += counts[i]
				}
				got = append(got, fmt.Sprint(part))
			})
			var wanted []string
			for _, part := range want {
				wanted = append(wanted, fmt.Sprint(part))
			}
			slices.Sort(got)
			slices.Sort(wanted)
			if !slices.Equal(got, wanted) {
				t.Fatalf("column %d: parts %v, want %v", column, got, wanted)
			}
			for code, rows := range c.Distribution(column) {
				if all[text(column, uint32(code))] != rows {
					t.Fatalf("column %d has %d rows of %q, want %d", column, rows, text(column, uint32(code)), all[text(column, uint32(code))])
				}
			}
		}
	})
}

// Many combinations, counted by several workers that put them aside, judged in parts, with
// persons and without: nothing comes out otherwise than in memory.
func TestTogetherInParts(t *testing.T) {
	c := newCrowd(5, 60_000, []int{40, 9, 3}, 3)
	r := rand.New(rand.NewSource(2))
	for i := range c.n {
		for s := range c.sensitive {
			c.sensitive[s][i] = fmt.Sprint(r.Intn(2 + s))
		}
		c.subjects[i] %= 25_000
	}
	for _, persons := range []bool{false, true} {
		shape := Shape{Quasi: make([]string, 3), Sensitive: make([]string, 3), Together: true}
		if persons {
			shape.Subjects, shape.Persons = 5, true
		}
		var kept [2][]bool
		var nodes [2]string
		for i, opts := range []Options{{}, {Memory: 1 << 20}} {
			dir, create := spoolIn(t, 0)
			opts.Create = create
			classes, h := c.count(t, shape, opts, inOrder(c.n), 1000+500*i, 1+2*i)
			if aside := files(t, dir) > 0; aside != (i > 0) {
				t.Errorf("memory %d: put aside is %v", opts.Memory, aside)
			}
			p := Problem{Classes: classes, Models: Models{K: 5, Sensitive: []Sensitive{{Column: 0, Distinct: 2}, {Column: 1, Entropy: Ratio{3, 2}}, {Column: 2, Closeness: &Closeness{T: Ratio{1, 2}}}}}, Limit: Ratio{1, 2}}
			for j, d := range classes.Quasi {
				l, err := Bind(Functions(Prefix(3), All), fmt.Sprint(j), d, classes.Leaves(j))
				if err != nil {
					t.Fatal(err)
				}
				p.Quasi = append(p.Quasi, l)
			}
			var got *Kept
			var err error
			if persons {
				got, err = SearchPersons(t.Context(), p)
			} else {
				got, err = inRows(t, p)
			}
			if err != nil {
				t.Fatal(err)
			}
			w := town{quasi: c.quasi}
			kept[i] = make([]bool, c.n)
			k := &Keys{}
			got.Recoder.Keep(k, w.leafCodes(classes), kept[i])
			if persons {
				got.Recoder.KeepPersons(k, c.subjects, kept[i])
			}
			figures, err := Describe(t.Context(), p, got.Levels, 1, Closeness{})
			if err != nil {
				t.Fatal(err)
			}
			nodes[i] = fmt.Sprint(got.Node, got.Risks, figures)
			if err := h.Close(); err != nil || files(t, dir) > 0 {
				t.Errorf("%v, %d files stay", err, files(t, dir))
			}
		}
		if nodes[0] != nodes[1] || !slices.Equal(kept[0], kept[1]) {
			t.Errorf("persons %v: in parts %s, in memory %s", persons, nodes[1], nodes[0])
		}
		if !slices.Contains(kept[0], true) {
			t.Errorf("persons %v: nothing stays", persons)
		}
		t.Log(nodes[0])
	}
}

func inRows(t *testing.T, p Problem) (*Kept, error) {
	best, err := Search(t.Context(), p)
	if err != nil {
		return nil, err
	}
	k := &Kept{Node: best.Node}
	if k.Recoder, err = Recode(t.Context(), p, best.Levels); err != nil {
		return nil, err
	}
	k.Risks, err = Measure(t.Context(), p, best.Levels)
	return k, err
}

// Combinations count against the memory of the stage, and what does not fit is refused.
func TestTooManyCombinations(t *testing.T) {
	h := New(Shape{Quasi: []string{"q"}, Sensitive: []string{"a", "b"}, Together: true}, Options{Memory: 1 << 20, Create: (&spoolStub{}).create})
	defer h.Close()
	w := h.Worker()
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		r := Rows{N: 1000, Quasi: [][]uint32{make([]uint32, 1000)}, Sensitive: [][]uint32{make([]uint32, 1000), make([]uint32, 1000)}}
		for n := range 1000 {
			r.Sensitive[0][n] = w.Sensitive(0).Code(fmt.Append(nil, i), 0)
			r.Sensitive[1][n] = w.Sensitive(1).Code(fmt.Append(nil, n), 0)
		}
		err = w.Add(t.Context(), r)
	}
	if !messages.Has(err, messages.TooManyCombinations) {
		t.Errorf("a million combinations in a megabyte: %v", err)
	}
}

// What pycanon 1.3.6 gives with gen=False, of files that come with it. Its recursive
// diversity takes the values of each column alone there, and is not compared.
func TestConformancePycanonTogether(t *testing.T) {
	for _, w := range []struct {
		file                            string
		quasi, sensitive                []string
		k                               int64
		l, entropy                      int
		alpha, t, beta, enhanced, delta float64
	}{
		{"hospital_anonymized.csv", []string{"age"}, []string{"gender", "disease"}, 13, 1, 1, 1, 0.3076923076923077, 0.6249999999999999, 0.6249999999999999, 0.4855078157817008},
		{"StudentsMath_Score_k5.csv", []string{"Teacher", "Gender"}, []string{"Ethnic", "Score"}, 18, 1, 1, 1, 0.8051948051948052, 29.8, 5.0369526024136295, 3.427514689979529},
		{"StudentsMath_Score_k2.csv", []string{"Gender"}, []string{"Freeredu", "wesson", "Score"}, 95, 1, 1, 1, 0.6465116279069767, 10.31578947368421, 5.3706380281276624, 2.426199048961222},
		{"StudentsMath_Score.csv", []string{"Freeredu"}, []string{"Gender", "wesson"}, 104, 2, 1, 0.6984126984126984, 0.09495665878644599, 0.26987681970884647, 0.26987681970884647, 0.23891990341119834},
		{"adult_anonymized_20.csv", []string{"age", "education"}, []string{"relationship", "sex", "salary-class"}, 20, 1, 1, 1, 0.7928336079077429, 3.8270377733598404, 1.5742329820796497, 2.855304953356684},
		{"adult_anonymized_10.csv", []string{"age"}, []string{"sex", "salary-class"}, 10, 1, 1, 1, 0.814322881007805, 4.385693215339233, 1.683746033119769, 3.7544679339163003},
		{"adult_anonymized_3.csv", []string{"sex"}, []string{"salary-class", "education"}, 5094, 1, 1, 1, 0.6154504907443206, 2.9196813092161933, 2.9196813092161933, 2.5639959748366463},
		{"drugs_k5.csv", []string{"Sex"}, []string{"BP", "Cholesterol"}, 85, 2, 1, 0.76, 0.20324324324324328, 0.36504854368932044, 0.36504854368932044, 0.7677698207641426},
		{"drugs_k5.csv", []string{"Age"}, []string{"Sex", "Cholesterol"}, 48, 1, 1, 1, 0.45945945945945943, 0.8499999999999999, 0.796116504854369, 0.6151856390902334},
	} {
		s := readSheet(t, "pycanon/"+w.file, ',')
		p := countTogether(t, s.some(t, w.quasi...), s.some(t, w.sensitive...))
		levels := make([]int, len(w.quasi))
		r, err := Measure(t.Context(), p, levels)
		if err != nil {
			t.Fatal(err)
		}
		all := Figures{L: math.MaxInt, EntropyL: math.MaxInt}
		for column := range w.sensitive {
			order, err := Bind(Functions(), "sa", p.Classes.Sensitive[column], nil)
			if err != nil {
				t.Fatal(err)
			}
			rule := Closeness{Levels: order}
			if order.numeric {
				rule.Distance = Ordered
			}
			f, err := Describe(t.Context(), p, levels, column, rule)
			if err != nil {
				t.Fatal(err)
			}
			all.L, all.EntropyL = min(all.L, f.L), min(all.EntropyL, f.EntropyL)
			all.Alpha, all.Closeness, all.Beta = max(all.Alpha, f.Alpha), max(all.Closeness, f.Closeness), max(all.Beta, f.Beta)
			all.Enhanced, all.Delta = max(all.Enhanced, f.Enhanced), max(all.Delta, f.Delta)
			// A model that asks for what is reached keeps all rows, and one that asks for more does not.
			for l, keeps := range map[int]bool{f.L: true, f.L + 1: false} {
				asks := p
				asks.Models.Sensitive = []Sensitive{{Column: column, Distinct: l}}
				if n, err := Evaluate(t.Context(), asks, levels); err != nil || (n.Suppressed == 0) != keeps {
					t.Errorf("%s: l = %d of %s: %+v, %v", w.file, l, w.sensitive[column], n, err)
				}
			}
		}
		if r.Smallest != w.k || all.L != w.l || all.EntropyL != w.entropy {
			t.Errorf("%s: got %+v and %+v, want %+v", w.file, r, all, w)
		}
		for name, pair := range map[string][2]float64{"alpha": {all.Alpha, w.alpha}, "beta": {all.Beta, w.beta}, "enhanced beta": {all.Enhanced, w.enhanced}, "delta": {all.Delta, w.delta}, "t": {all.Closeness, w.t}} {
			if !near(pair[0], pair[1], 1e-9) {
				t.Errorf("%s: %s is %v, want %v", w.file, name, pair[0], pair[1])
			}
		}
	}
}

// countTogether is a problem over columns as they are, whose only level is 0.
func countTogether(t *testing.T, quasi, sensitive [][]string) Problem {
	w := &town{quasi: quasi, sensitive: sensitive, together: true}
	h := New(Shape{Quasi: make([]string, len(quasi)), Sensitive: make([]string, len(sensitive)), Together: true}, Options{})
	t.Cleanup(func() { h.Close() })
	worker := h.Worker()
	r := Rows{N: w.rows()}
	for j := range quasi {
		r.Quasi = append(r.Quasi, code(worker.Quasi(j), quasi[j], 0))
	}
	for s := range sensitive {
		r.Sensitive = append(r.Sensitive, code(worker.Sensitive(s), sensitive[s], 0))
	}
	if err := worker.Add(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Classes: c, Limit: Ratio{1, 1}}
	for j, d := range c.Quasi {
		l, err := Bind(Functions(), fmt.Sprint(j), d, c.Leaves(j))
		if err != nil {
			t.Fatal(err)
		}
		p.Quasi = append(p.Quasi, l)
	}
	return p
}
