package disclosure

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// one is a problem of one column under a hierarchy.
func one(t *testing.T, column []string, h Hierarchy, m Models) (Problem, error) {
	t.Helper()
	c := count(t, [][]string{column}, nil, nil)
	l, err := Bind(h, "age", c.Quasi[0], c.Leaves(0))
	return Problem{Classes: c, Quasi: []*Levels{l}, Models: m}, err
}

func csvOf(t *testing.T, lines ...string) Hierarchy {
	t.Helper()
	h, err := ReadCSV("age", strings.NewReader(strings.Join(lines, "\n")), ';')
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func bands(t *testing.T, bounds ...string) Step {
	t.Helper()
	s, err := Bands(bounds...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The specification's list of edge cases, as far as this package meets them: what is
// refused, with what the message counts, or the optimum.
func TestEdgeCases(t *testing.T) {
	ab := []string{"a;x;*", "b;x;*", "c;y;*"}
	cases := map[string]struct {
		column []string
		h      Hierarchy
		m      Models
		limit  Ratio
		err    *messages.Message
		params map[string]string
		want   Node
	}{
		"empty input":               {column: []string{}, h: csvOf(t, ab...), m: Models{K: 2}, err: messages.NothingToProtect},
		"k above the rows":          {column: []string{"a", "a"}, h: csvOf(t, ab...), m: Models{K: 3}, err: messages.TooFewRows, params: map[string]string{"rows": "2", "least": "3"}},
		"all rows suppressed":       {column: []string{"a", "b", "c"}, h: csvOf(t, "a", "b", "c"), m: Models{K: 2}, limit: Ratio{1, 1}, err: messages.AllSuppressed},
		"no levels":                 {column: []string{"a", "b", "c"}, h: csvOf(t, "a", "b", "c"), m: Models{K: 2}, limit: Ratio{1, 2}, err: messages.NoLevels, params: map[string]string{"suppressed": "3", "limit": "1"}},
		"one class":                 {column: []string{"a", "a"}, h: csvOf(t, ab...), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 1}},
		"all null":                  {column: []string{null, null}, h: csvOf(t, ab...), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 1}},
		"null is a value":           {column: []string{null, "a", "a"}, h: csvOf(t, ab...), m: Models{K: 2}, limit: Ratio{1, 3}, want: Node{[]int{0}, 1.0 / 3, 1, 1}},
		"null goes to * at last":    {column: []string{null, "a", "a"}, h: csvOf(t, ab...), m: Models{K: 2}, want: Node{[]int{2}, 1, 0, 1}},
		"missing from the file":     {column: []string{"a", "d", "e", "d"}, h: csvOf(t, ab...), m: Models{K: 2}, err: messages.HierarchyLacks, params: map[string]string{"values": "2", "rows": "3", "row": "2"}},
		"case makes another value":  {column: []string{"a", "A"}, h: csvOf(t, ab...), err: messages.HierarchyLacks, params: map[string]string{"values": "1", "row": "2"}},
		"accents in two forms":      {column: []string{"\u00e9", "e\u0301"}, h: csvOf(t, "\u00e9;*"), err: messages.HierarchyLacks, params: map[string]string{"values": "1", "row": "2"}},
		"* in the data":             {column: []string{"a", "*", "*"}, h: csvOf(t, ab...), err: messages.StarInData, params: map[string]string{"rows": "2", "row": "2"}},
		"* in the data and in file": {column: []string{"a", "*"}, h: csvOf(t, "a;*", "*;*"), err: messages.StarInData},
		"* in what stays as it is":  {column: []string{"*", "*"}, h: Functions(), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 1}},
		"NaN is in no band":         {column: []string{"1", Float(math.NaN())}, h: Functions(bands(t, "0", "10")), err: messages.HierarchyLacks, params: map[string]string{"values": "1", "row": "2"}},
		"-0 is 0":                   {column: []string{Float(math.Copysign(0, -1)), Float(0)}, h: Functions(bands(t, "0", "10")), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 1}},
		"leading zeros are text":    {column: []string{"01000", "1000"}, h: Functions(), m: Models{K: 1}, want: Node{[]int{0}, 0, 0, 2}},
		"Corsica is not 20":         {column: []string{"2A004", "2A004", "2B033", "2B033", "20000", "20000"}, h: Functions(Prefix(2)), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 3}},
		"steps that do not nest":    {column: []string{"1", "5", "9"}, h: Functions(bands(t, "0", "4"), bands(t, "0", "6")), err: messages.StepsSplit, params: map[string]string{"level": "2", "below": "1"}},
		"the empty text is a value": {column: []string{"", "", "a", "a"}, h: csvOf(t, ";*", "a;*"), m: Models{K: 2}, want: Node{[]int{0}, 0, 0, 2}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := one(t, c.column, c.h, c.m)
			var got Solution
			if err == nil {
				p.Limit = c.limit
				got, err = Search(t.Context(), p)
			}
			if c.err == nil {
				if err != nil || math.Abs(got.Score-c.want.Score) > 1e-12 || !slices.Equal(got.Levels, c.want.Levels) || got.Suppressed != c.want.Suppressed || got.Classes != c.want.Classes {
					t.Errorf("got %+v, %v, want %+v", got.Node, err, c.want)
				}
				return
			}
			if !messages.Has(err, c.err) {
				t.Fatalf("got %+v, %v, want %s", got, err, c.err.Code)
			}
			for name, want := range c.params {
				if got := messages.Find(err).Param(name); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
		})
	}
}

func TestHierarchyFilesRefused(t *testing.T) {
	cases := map[string]struct {
		text string
		hrc  bool
		want *messages.Message
		line string
	}{
		"empty":                  {"", false, messages.HierarchyEmpty, ""},
		"empty hrc":              {"\n\n", true, messages.HierarchyEmpty, ""},
		"twice":                  {"a;*\nb;*\na;*", false, messages.HierarchyTwice, "3"},
		"twice hrc":              {"A\n@1\nB\n@1", true, messages.HierarchyTwice, "4"},
		"not nested":             {"a;x;p;*\nb;x;q;*", false, messages.HierarchySplits, "2"},
		"not nested to two tops": {"a;x;*\nb;x;y", false, messages.HierarchySplits, "2"},
		"ragged":                 {"a;x;*\nb;*", false, messages.HierarchyLine, "2"},
		"not UTF-8":              {"a;\xff;*", false, messages.HierarchyLine, "1"},
		"not UTF-8 hrc":          {"a\xff", true, messages.HierarchyLine, "1"},
		"quote":                  {"a;*\n\"b;*", false, messages.HierarchyLine, "2"},
		"too deep":               {"A\n@@1", true, messages.HierarchyLine, "2"},
		"no code":                {"A\n@", true, messages.HierarchyLine, "2"},
		"deep at first":          {"@A", true, messages.HierarchyLine, "1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var err error
			if c.hrc {
				_, err = ReadHRC("age", strings.NewReader(c.text))
			} else {
				_, err = ReadCSV("age", strings.NewReader(c.text), ';')
			}
			if !messages.Has(err, c.want) {
				t.Fatalf("got %v, want %s", err, c.want.Code)
			}
			if got := messages.Find(err).Param("line"); got != c.line {
				t.Errorf("line %s, want %s", got, c.line)
			}
		})
	}
}

// labels is what each value becomes, level by level.
func labels(t *testing.T, h Hierarchy, values ...string) string {
	t.Helper()
	d := NewDomain(values, false)
	l, err := Bind(h, "c", d, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range values {
		leaf, _ := d.Code([]byte(v))
		var line []string
		for level := range l.Height() + 1 {
			label, _ := l.Label(level, l.At(level)[leaf])
			line = append(line, label)
		}
		lines = append(lines, strings.Join(line, " > "))
	}
	return strings.Join(lines, "\n")
}

func TestHierarchyLabels(t *testing.T) {
	hrc, err := ReadHRC("c", strings.NewReader("Nr\n@ 1\n@ 2\nOs \n@ 3\n Zd\r\n@10\n@@10a\n"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		h      Hierarchy
		values []string
		want   string
	}{
		"hrc with branches of two depths": {hrc, []string{"1", "3", "10a"}, "1 > 1 > Nr > *\n3 > 3 > Os > *\n10a > 10 > Zd > *"},
		"csv with a mark and CRLF":        {csvOf(t, "\uFEFFa;x;*\r", "b;x;*\r"), []string{"a", "b"}, "a > x > *\nb > x > *"},
		"bands": {Functions(bands(t, "0", "18", "65"), All), []string{"-1", "0", "17.5", "18", "65", "90"},
			"-1 > < 0 > *\n0 > [0, 18[ > *\n17.5 > [0, 18[ > *\n18 > [18, 65[ > *\n65 > ≥ 65 > *\n90 > ≥ 65 > *"},
		"prefix": {Functions(Prefix(3), Prefix(2), Prefix(0)), []string{"22000", "2A1", "é"}, "22000 > 220** > 22*** > *****\n2A1 > 2A1 > 2A* > ***\né > é > é > *"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := labels(t, c.h, c.values...); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestStepsRefused(t *testing.T) {
	none := func(string, string) (string, bool) { return "", false }
	d := NewDomain([]string{"a", "b", "c"}, false)
	if _, err := Bind(Functions(none), "c", d, []int64{1, 1, 1}); messages.Find(err) == nil || messages.Find(err).Param("values") != "3" {
		t.Errorf("values without a label: %v", err)
	}
}

// More values than 16 bits, and keys of more than one word.
func TestWideKeys(t *testing.T) {
	n := 70_000
	var quasi [][]string
	for j := range 6 {
		var column []string
		for i := range n {
			column = append(column, fmt.Sprintf("%06d", (i/2*(2*j+1))%n))
		}
		quasi = append(quasi, column)
	}
	p := plain(t, quasi, nil)
	if p.Classes.Quasi[0].Len() <= 1<<15 || p.Classes.keys.words < 2 {
		t.Fatalf("%d values, %d words: the test tests nothing", p.Classes.Quasi[0].Len(), p.Classes.keys.words)
	}
	p.Models, p.Limit = Models{K: 2}, Ratio{}
	for j := range p.Quasi {
		l, err := Bind(Functions(All), "c", p.Classes.Quasi[j], nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Quasi[j] = l
	}
	got, err := Search(t.Context(), p)
	if err != nil || slices.Max(got.Levels) != 0 || got.Classes != int64(n/2) {
		t.Errorf("got %+v, %v", got, err)
	}
	n2, err := Evaluate(t.Context(), p, []int{1, 1, 1, 1, 1, 0})
	if err != nil || n2.Classes != int64(p.Classes.Quasi[5].Len()) {
		t.Errorf("got %+v, %v", n2, err)
	}
}

// A subject counts once in each class that it is in, however many rows it has.
func TestSubjects(t *testing.T) {
	w := &town{quasi: [][]string{{"a", "a", "a", "b", "b", "b"}}, subjects: []uint64{1, 1, 1, 1, 2, 3},
		csv: []string{"a;*\nb;*"}, paths: []map[string][]string{{"a": {"a", "*"}, "b": {"b", "*"}}}, models: Models{K: 3}, limit: 0.5}
	p, h := w.problem(t, inOrder(6), 2, 2, Options{})
	defer h.Close()
	got, err := Search(t.Context(), p)
	if err != nil || got.Suppressed != 3 || got.Classes != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A person of the population may stand for several.
func TestPopulationWeights(t *testing.T) {
	h := New(Shape{Quasi: []string{"c"}, Population: true}, Options{})
	w := h.Worker()
	add := func(f func(Rows) error, weights []uint32, values ...string) {
		t.Helper()
		if err := f(Rows{N: len(values), Quasi: [][]uint32{code(w.Quasi(0), values, 0)}, Weights: weights}); err != nil {
			t.Fatal(err)
		}
	}
	add(func(r Rows) error { return w.Add(t.Context(), r) }, nil, "a", "b")
	add(func(r Rows) error { return w.AddPopulation(t.Context(), r) }, []uint32{3, 1, 1<<32 - 1}, "a", "b", "c")
	c, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := Bind(Functions(), "c", c.Quasi[0], c.Leaves(0))
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Classes: c, Quasi: []*Levels{l}, Models: Models{KMap: 2}, Limit: Ratio{1, 2}}
	got, err := Search(t.Context(), p)
	if err != nil || got.Suppressed != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	r, err := Measure(t.Context(), Problem{Classes: c, Quasi: p.Quasi}, []int{0})
	if err != nil || r.JournalistMost != 1 || !near(r.JournalistMean, (1.0/3+1)/2, 1e-15) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// What is published, counted again as it stands, has the same classes.
func TestOutputReadAgain(t *testing.T) {
	p := adult(t, "adult_subset.csv", "")
	p.Models, p.Limit = Models{K: 5}, ratio(t, 0.05)
	got, err := Search(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Recode(t.Context(), p, got.Levels)
	if err != nil {
		t.Fatal(err)
	}
	s := readSheet(t, "arx/adult_subset.csv", ';')
	w := &town{quasi: s.some(t, adultColumns...)}
	codes, keep := w.leafCodes(p.Classes), make([]bool, w.rows())
	r.Keep(&Keys{}, codes, keep)
	var out [][]string
	for j, l := range p.Quasi {
		var column []string
		for i, k := range keep {
			if k {
				label, _ := l.Label(got.Levels[j], l.At(got.Levels[j])[codes[j][i]])
				column = append(column, label)
			}
		}
		out = append(out, column)
	}
	before, err := Measure(t.Context(), p, got.Levels)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Measure(t.Context(), plain(t, out, nil), make([]int, 9))
	if err != nil || fmt.Sprint(before) != fmt.Sprint(after) || after.Smallest < 5 {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
}

// A message says how many and where, and no value.
func TestNoValueInErrors(t *testing.T) {
	const canary = "Jeanne Canari"
	for _, column := range [][]string{{"a", canary}, {canary, "*"}} {
		_, err := one(t, column, csvOf(t, "a;*"), Models{})
		if err == nil || strings.Contains(err.Error(), canary) || strings.Contains(messages.Find(err).What(messages.French), canary) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzHierarchies(f *testing.F) {
	for _, seed := range []string{"a;x;*\nb;x;*\nc;y;*", "A\n@1\n@2\nB\n@3", "a;b\n\"a\";b", "@", "a;*;x", "\uFEFFé;*", "a;x;p\nb;x;q"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		check := func(h *File, err error) {
			if err != nil {
				if messages.Find(err) == nil {
					t.Fatalf("no message: %v", err)
				}
				return
			}
			d := NewDomain(h.t.leaves, true)
			l, err := Bind(h, "c", d, nil)
			if err != nil {
				if !messages.Has(err, messages.StarInData) {
					t.Fatal(err)
				}
				return
			}
			for level := 1; level <= l.Height(); level++ {
				parent := map[uint32]uint32{}
				for leaf, c := range l.At(level - 1) {
					if p, seen := parent[c]; seen && p != l.At(level)[leaf] {
						t.Fatal("levels do not nest")
					}
					parent[c] = l.At(level)[leaf]
				}
				if l.cards[level] > l.cards[level-1] {
					t.Fatal("a level has more codes than the one below")
				}
			}
		}
		h, err := ReadCSV("c", strings.NewReader(text), ';')
		check(h, err)
		h, err = ReadHRC("c", strings.NewReader(text))
		check(h, err)
	})
}

// Without quasi-identifiers all rows are one class.
func TestNoQuasi(t *testing.T) {
	h := New(Shape{Sensitive: []string{"s"}}, Options{})
	w := h.Worker()
	if err := w.Add(t.Context(), Rows{N: 3, Sensitive: [][]uint32{code(w.Sensitive(0), []string{"a", "b", "b"}, 0)}}); err != nil {
		t.Fatal(err)
	}
	c, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Classes: c, Models: Models{K: 3, Sensitive: []Sensitive{{Distinct: 2}}}}
	got, err := Search(t.Context(), p)
	if err != nil || got.Score != 0 || got.Classes != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	p.Models.Sensitive[0].Distinct = 3
	if _, err := Search(t.Context(), p); !messages.Has(err, messages.NoLevels) {
		t.Error(err)
	}
}
