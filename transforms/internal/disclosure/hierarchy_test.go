package disclosure

import (
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

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

func TestHierarchyFilesRefused(t *testing.T) {
	cases := map[string]struct {
		text string
		hrc  bool
		want *messages.Message
		line string
	}{
		"empty":         {"", false, messages.HierarchyEmpty, ""},
		"empty hrc":     {"\n\n", true, messages.HierarchyEmpty, ""},
		"ragged":        {"a;x;*\nb;*", false, messages.HierarchyLine, "2"},
		"not UTF-8":     {"a;\xff;*", false, messages.HierarchyLine, "1"},
		"not UTF-8 hrc": {"a\xff", true, messages.HierarchyLine, "1"},
		"quote":         {"a;*\n\"b;*", false, messages.HierarchyLine, "2"},
		"too deep":      {"A\n@@1", true, messages.HierarchyLine, "2"},
		"no code":       {"A\n@", true, messages.HierarchyLine, "2"},
		"deep at first": {"@A", true, messages.HierarchyLine, "1"},
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
	numbers := NewDomain([]string{"1", "5", "9"}, false)
	if _, err := Bind(Functions(bands(t, "0", "4"), bands(t, "0", "6")), "c", numbers, nil); !messages.Has(err, messages.StepsSplit) || messages.Find(err).Param("level") != "2" || messages.Find(err).Param("below") != "1" {
		t.Errorf("steps that do not nest: %v", err)
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
