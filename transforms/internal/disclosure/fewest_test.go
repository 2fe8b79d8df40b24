package disclosure

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
)

// The fewest rows that some levels suppress are those that looking at every node gives,
// whatever the limit; a search with that limit finds levels, and one with a row less does not.
func TestFewestIsOfAllNodes(t *testing.T) {
	met := draws.Of("some are suppressed")
	draws.Check(t, met, func(t *rapid.T) {
		w := drawTown(t)
		p, h := w.problem(t, inOrder(w.rows()), w.rows(), 1, Options{})
		defer h.Close()
		if w.models.least(w.together && len(w.sensitive) > 1) > int64(w.rows()) || w.rows() == 0 {
			return
		}
		got, err := Fewest(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		want, levels := int64(w.rows()), make([]int, len(p.Quasi))
		for more := true; more; more = next(levels, p.Quasi) {
			gone := int64(0)
			for _, keep := range w.kept(levels) {
				if !keep {
					gone++
				}
			}
			want = min(want, gone)
		}
		if got != want {
			t.Fatalf("got %d, want %d of %d rows", got, want, w.rows())
		}
		if want == int64(w.rows()) {
			return
		}
		p.Limit = Ratio{uint64(want), uint64(w.rows())}
		if best, err := Search(t.Context(), p); err != nil || best.Suppressed != want {
			t.Fatalf("with that limit %+v, %v", best, err)
		}
		if want > 0 {
			met.Meet("some are suppressed")
			p.Limit = Ratio{uint64(want - 1), uint64(w.rows())}
			if best, err := Search(t.Context(), p); err == nil {
				t.Fatalf("with one less %+v", best)
			}
		}
	})
}

// next is the next choice of levels, false after the last.
func next(levels []int, quasi []*Levels) bool {
	for j, l := range quasi {
		if levels[j]++; levels[j] <= l.Height() {
			return true
		}
		levels[j] = 0
	}
	return false
}
