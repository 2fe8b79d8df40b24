package disclosure

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Every group keeps the models when simple code counts it, its ranges hold its
// values, and the order of the rows changes nothing.
func TestMondrian(t *testing.T) {
	made := 0
	draws.Check(t, draws.Kinds{"grouped": &made}, func(t *rapid.T) {
		w := drawTown(t)
		w.models.Wildcard, w.models.AverageRisk = false, Ratio{}
		p, h := w.problem(t, inOrder(w.rows()), 3, 2, Options{})
		defer h.Close()
		g, err := Mondrian(t.Context(), p, 0)
		everything := inOrder(w.rows())
		if err != nil {
			if messages.Has(err, messages.NoLevels) && w.naiveGroup(everything) && w.models.KMap == 0 {
				t.Fatal("one group of all keeps the models, and none was found")
			}
			return
		}
		made++
		of := make([]uint32, w.rows())
		codes := w.leafCodes(p.Classes)
		g.Cuts.Of(codes, of)
		members := make([][]int, g.Len())
		for row, id := range of {
			members[id] = append(members[id], row)
		}
		for id, rows := range members {
			if int64(len(rows)) != g.Rows(id) {
				t.Fatalf("group %d has %d rows, and says %d", id, len(rows), g.Rows(id))
			}
			if w.models.KMap == 0 && !w.naiveGroup(rows) {
				t.Fatalf("group %d fails a model", id)
			}
			for j, l := range p.Quasi {
				ranges, of := g.Ranges(j)
				r := ranges[of[id]]
				for _, row := range rows {
					leaf := codes[j][row]
					in := !r.Numbers || l.position[leaf] >= l.position[r.From] && l.position[leaf] <= l.position[r.To]
					if !in || r.Level >= 0 && l.At(int(r.Level))[leaf] != r.Code {
						t.Fatalf("group %d: row %d is out of %+v", id, row, r)
					}
				}
			}
		}
		again, b := w.problem(t, rapid.Permutation(everything).Draw(t, "order"), 5, 1, Options{})
		defer b.Close()
		other, err := Mondrian(t.Context(), again, 0)
		if err != nil || !reflect.DeepEqual(other, g) {
			t.Fatalf("groups differ by the order of the rows: %v, %v, %v", g, other, err)
		}
	})
}

func (w *town) naiveGroup(rows []int) bool {
	count := len(rows)
	if w.subjects != nil {
		distinct := map[uint64]bool{}
		for _, i := range rows {
			distinct[w.subjects[i]] = true
		}
		count = len(distinct)
	}
	good := count >= w.models.K
	for _, s := range w.models.Sensitive {
		good = good && w.naiveModel(s, rows)
	}
	return good
}

func TestMondrianNumbers(t *testing.T) {
	var column []string
	for i := range 100 {
		column = append(column, fmt.Sprint(i*i)) // 0, 1, 4 … 9801: texts do not sort like numbers
	}
	p := plain(t, [][]string{column}, nil)
	p.Models.K = 25
	g, err := Mondrian(t.Context(), p, 0)
	if err != nil || g.Len() != 4 {
		t.Fatalf("got %+v, %v", g, err)
	}
	var got []string
	ranges, of := g.Ranges(0)
	for group, at := range of {
		r := ranges[at]
		from, _ := p.Quasi[0].Label(0, r.From)
		to, _ := p.Quasi[0].Label(0, r.To)
		got = append(got, fmt.Sprintln(g.Rows(group), r.Numbers, from, to))
	}
	if want := []string{"25 true 0 576\n", "25 true 625 2401\n", "25 true 2500 5476\n", "25 true 5625 9801\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Numbers of more digits than a float has are told apart, and the least comes first.
func TestMondrianTellsAllDigits(t *testing.T) {
	for _, column := range [][]string{
		{"-9007199254740993", "-9007199254740992", "-9007199254740991", "-9007199254740990"},
		{"9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995"},
		{"0.10000000000000000000", "0.10000000000000000001", "0.10000000000000000002", "0.10000000000000000003"},
		{"9007199254740991", "9007199254740992", null, null}, // which comes after all numbers
	} {
		p := plain(t, [][]string{{column[2], column[0], column[3], column[1]}}, nil)
		p.Models.K = 2
		g, err := Mondrian(t.Context(), p, 0)
		if err != nil || g.Len() != 2 {
			t.Fatalf("%v: %+v, %v", column, g, err)
		}
		ranges, of := g.Ranges(0)
		for group, at := range of {
			r, want := ranges[at], column[2*group:2*group+2]
			from, _ := p.Quasi[0].Label(0, r.From)
			to, _ := p.Quasi[0].Label(0, r.To)
			if null == want[1] != !r.Numbers || r.Numbers && (from != want[0] || to != want[1]) {
				t.Errorf("group %d is %s to %s, want %v", group, from, to, want)
			}
		}
	}
}

// Groups of MDAV have k to 2k-1 rows, whatever the values.
func TestMDAVSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(1, 60).Draw(t, "rows"), rapid.IntRange(1, 7).Draw(t, "k")
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		columns := make([][]float64, rapid.IntRange(1, 3).Draw(t, "columns"))
		for c := range columns {
			for range n {
				columns[c] = append(columns[c], float64(r.Intn(rapid.IntRange(1, 9).Draw(t, "spread"))))
			}
		}
		group, err := MDAV(columns, k)
		if n < k {
			if err == nil {
				t.Fatal("fewer rows than k are taken")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sizes := make([]int, slices.Max(group)+1)
		for _, g := range group {
			sizes[g]++
		}
		for _, size := range sizes {
			if size < k || size > 2*k-1 {
				t.Fatalf("groups of %v rows, k=%d", sizes, k)
			}
		}
	})
}

// Whom a group takes is what sorting all rows by their distances says.
func TestMDAVTakesTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(1, 40).Draw(t, "rows"), rapid.IntRange(1, 7).Draw(t, "k")
		column := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 9).Draw(t, "x")) }), n, n).Draw(t, "column")
		m := &mdav{columns: [][]float64{column}, k: k, group: make([]int, n)}
		for i := range n {
			if m.left, m.group[i] = append(m.left, i), -1; rapid.IntRange(0, 4).Draw(t, "gone") == 0 {
				m.left, m.group[i], m.groups = m.left[:len(m.left)-1], 0, 1
			}
		}
		if len(m.left) < k {
			return
		}
		row := rapid.IntRange(0, n-1).Draw(t, "row")
		order := slices.Clone(m.left)
		slices.SortStableFunc(order, func(a, b int) int {
			if a == row || b == row {
				return cmp.Compare(boolInt(b == row), boolInt(a == row))
			}
			return cmp.Compare(math.Abs(column[a]-column[row]), math.Abs(column[b]-column[row]))
		})
		want, group := order[:k], m.groups
		slices.Sort(want)
		m.take(row)
		var got []int
		for i, g := range m.group {
			if g == group {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v are near row %d, want %v of %v", got, row, want, column)
		}
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
