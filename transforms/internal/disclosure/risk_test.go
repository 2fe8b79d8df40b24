package disclosure

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
)

// A class of five persons with three rows each is a risk of one in five, not in fifteen.
func TestRisksCountPersons(t *testing.T) {
	w := &town{quasi: [][]string{{}}, csv: []string{"a;*\nb;*"}, models: Models{K: 5}}
	for i := range 15 {
		w.quasi[0] = append(w.quasi[0], "a")
		w.subjects = append(w.subjects, uint64(1+i%5))
	}
	for range 4 { // of one person
		w.quasi[0], w.subjects = append(w.quasi[0], "b"), append(w.subjects, 9)
	}
	p, h := w.problem(t, inOrder(w.rows()), 4, 2, Options{})
	defer h.Close()
	p.Models = Models{}
	got, err := Standing(t.Context(), p.Classes)
	if err != nil {
		t.Fatal(err)
	}
	if got.ProsecutorMost != 1 || got.Alone() != 1 || got.Uniques() != 0 || got.Persons != 1 || got.Smallest != 4 || got.MostAtMost {
		t.Errorf("one person alone: %+v", got)
	}
	p.Models = Models{K: 5}
	if got, err = Measure(t.Context(), p, []int{0}); err != nil {
		t.Fatal(err)
	}
	if got.ProsecutorMost != .2 || got.ProsecutorMean != .2 || got.Persons != 5 || got.Alone() != 0 || !got.MostAtMost || !got.MeansAtMost {
		t.Errorf("five persons of three rows: %+v", got)
	}
}

// The risks are those that counting persons against persons gives, and where persons are
// not told apart neither below them nor above those of as many persons as are.
func TestRisksAreThoseOfWhomTheyCount(t *testing.T) {
	exact, bounded := 0, 0
	draws.Check(t, draws.Kinds{"exact": &exact, "at most": &bounded}, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "rows")
		enough := rapid.SampledFrom([]int{0, 1, 2, 3, 5, 50}).Draw(t, "enough")
		mapped := rapid.Bool().Draw(t, "population")
		shape := Shape{Quasi: []string{"q"}, Subjects: enough, Population: mapped}
		h := New(shape, Options{})
		defer h.Close()
		worker := h.Worker()
		class := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		var rows, others []string
		var subjects []uint64
		for range n {
			rows = append(rows, class.Draw(t, "class"))
			subjects = append(subjects, uint64(rapid.IntRange(0, 12).Draw(t, "person")))
		}
		r := Rows{N: n, Quasi: [][]uint32{code(worker.Quasi(0), rows, 0)}}
		if enough > 0 {
			r.Subjects = subjects
		}
		if err := worker.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if mapped {
			others = rapid.SliceOfN(class, 0, 20).Draw(t, "others")
			if err := worker.AddPopulation(t.Context(), Rows{N: len(others), Quasi: [][]uint32{code(worker.Quasi(0), others, n)}}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := h.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := Standing(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		who := map[string]map[uint64]bool{}
		for i, q := range rows {
			if who[q] == nil {
				who[q] = map[uint64]bool{}
			}
			person := subjects[i]
			if enough == 0 {
				person = uint64(100 + i)
			}
			who[q][person] = true
		}
		most, all, alone, journalist, weighted := 0.0, 0, int64(0), 0.0, 0.0
		for q, persons := range who {
			most, all = max(most, 1/float64(len(persons))), all+len(persons)
			if len(persons) == 1 {
				alone++
			}
			risk := 1 / float64(max(1, strings.Count(strings.Join(others, ""), q)))
			journalist, weighted = max(journalist, risk), weighted+risk*float64(len(persons))
		}
		mean, journalists := float64(len(who))/float64(all), weighted/float64(all)
		if !mapped {
			journalist, journalists = 0, 0
		}
		if got.Rows != int64(n) || got.Classes != int64(len(who)) || got.JournalistMost != journalist || got.Marketer != got.ProsecutorMean {
			t.Fatalf("%+v", got)
		}
		if counted := got.Alone() + got.Uniques(); enough == 0 && got.Uniques() != alone || enough > 1 && got.Alone() != alone {
			t.Fatalf("%d alone, want %d: %+v", counted, alone, got)
		}
		told := func(what string, got, want float64, atMost bool) {
			switch {
			case atMost && got < want*(1-1e-12), !atMost && !near(got, want, 1e-12):
				t.Fatalf("%s %v, want %v (at most: %v)", what, got, want, atMost)
			case atMost && got > want && enough > 0:
				bounded++
			default:
				exact++
			}
		}
		told("greatest", got.ProsecutorMost, most, got.MostAtMost)
		told("mean", got.ProsecutorMean, mean, got.MeansAtMost)
		told("journalist", got.JournalistMean, journalists, got.MeansAtMost)
		if enough == 50 && (got.MostAtMost || got.MeansAtMost) || got.MostAtMost && !got.MeansAtMost {
			t.Fatalf("not exact: %s", fmt.Sprintf("%+v", got))
		}
	})
}
