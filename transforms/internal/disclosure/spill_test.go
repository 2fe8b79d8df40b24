package disclosure

import (
	"fmt"
	"math/rand"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
)

// crowd is many random rows as codes.
type crowd struct {
	n          int
	quasi      [][]string
	sensitive  [][]string
	subjects   []uint64
	population [][]string
}

func newCrowd(seed int64, n int, cards []int, sensitive int) *crowd {
	r := rand.New(rand.NewSource(seed))
	c := &crowd{n: n}
	column := func(n, card int) []string {
		var out []string
		for range n {
			x := r.Intn(card)
			if x == card-1 {
				out = append(out, null)
				continue
			}
			out = append(out, fmt.Sprintf("%04d", x))
		}
		return out
	}
	for _, card := range cards {
		c.quasi = append(c.quasi, column(n, card))
		c.population = append(c.population, column(n, card))
	}
	for range sensitive {
		c.sensitive = append(c.sensitive, column(n, 1+r.Intn(9)))
	}
	for range n {
		c.subjects = append(c.subjects, uint64(r.Intn(n)))
	}
	return c
}

func (c *crowd) count(t rapidT, shape Shape, opts Options, order []int, batch, workers int) (*Classes, *Histogram) {
	h := New(shape, opts)
	var ws []*Worker
	for range workers {
		ws = append(ws, h.Worker())
	}
	for at, turn := 0, 0; at < c.n; at, turn = at+batch, turn+1 {
		part := order[at:min(at+batch, c.n)]
		w := ws[turn%workers]
		add := func(quasi [][]string) Rows {
			r := Rows{N: len(part)}
			for j := range shape.Quasi {
				r.Quasi = append(r.Quasi, code(w.Quasi(j), choose(quasi[j], part), at))
			}
			return r
		}
		r := add(c.quasi)
		for s := range shape.Sensitive {
			r.Sensitive = append(r.Sensitive, code(w.Sensitive(s), choose(c.sensitive[s], part), at))
		}
		if shape.Subjects > 0 {
			r.Subjects = choose(c.subjects, part)
		}
		if err := w.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if shape.Population {
			if err := w.AddPopulation(t.Context(), add(c.population)); err != nil {
				t.Fatal(err)
			}
		}
	}
	classes, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return classes, h
}

// What memory does not hold is put aside, and nothing comes out otherwise: neither
// the classes nor what the search finds, nor the rows that stay.
func TestSpilledIsTheSame(t *testing.T) {
	spilled, onDisk, together := 0, 0, 0
	draws.Check(t, draws.Kinds{"put aside": &spilled, "stayed on disk": &onDisk, "put aside together": &together}, func(t *rapid.T) {
		cards := rapid.SliceOfN(rapid.IntRange(1, 60), 1, 4).Draw(t, "cards")
		wide := rapid.IntRange(0, 3).Draw(t, "wide") == 0
		if wide { // keys of several words
			for len(cards) < 14 {
				cards = append(cards, 33)
			}
		}
		c := newCrowd(rapid.Int64().Draw(t, "seed"), rapid.IntRange(500, 3000).Draw(t, "rows"), cards, rapid.IntRange(0, 2).Draw(t, "sensitive"))
		shape := Shape{Together: rapid.Bool().Draw(t, "together"), Quasi: make([]string, len(cards)), Sensitive: make([]string, len(c.sensitive)),
			Population: rapid.Bool().Draw(t, "population"), Subjects: rapid.IntRange(0, 3).Draw(t, "subjects")}
		whole, h := c.count(t, shape, Options{}, inOrder(c.n), c.n, 1)
		defer h.Close()
		spool := &spoolStub{}
		order := rand.New(rand.NewSource(1)).Perm(c.n)
		memory := int64(rapid.IntRange(100_000, 250_000).Draw(t, "memory"))
		// What numbers the values and their combinations stays in memory, of which it may take half.
		if wide {
			memory += 20_000
		}
		if whole.joint != nil {
			memory += 40_000
		}
		cut, g := c.count(t, shape, Options{Memory: memory, Create: spool.create}, order, rapid.IntRange(50, 400).Draw(t, "batch"), rapid.IntRange(1, 2).Draw(t, "workers"))
		defer g.Close()
		if len(spool.files) > 0 {
			spilled++
			if whole.joint != nil {
				together++
			}
		}
		if cut.whole == nil {
			onDisk++
			cut.memory = 1 << 30 // that classes are read in parts has a test of its own
		}
		if whole.whole == nil {
			t.Fatal("no bound, and on disk")
		}
		a, b := dumpSorted(t, whole), dumpSorted(t, cut)
		if a != b {
			t.Fatal("classes differ")
		}
		problem := func(c *Classes) Problem {
			p := Problem{Classes: c, Models: Models{K: 3}, Limit: Ratio{1, 5}}
			for j, d := range c.Quasi {
				steps := []Step{Prefix(2), All}
				if wide {
					steps = steps[1:]
				}
				l, err := Bind(Functions(steps...), fmt.Sprint(j), d, c.Leaves(j))
				if err != nil {
					t.Fatal(err)
				}
				if j > 6 {
					l = l.Upto(0)
				}
				p.Quasi = append(p.Quasi, l)
			}
			if shape.Population {
				p.Models.KMap = 2
			}
			if shape.Subjects > 0 {
				p.Models.K = shape.Subjects
			}
			for s := range c.Sensitive {
				p.Models.Sensitive = append(p.Models.Sensitive, Sensitive{Column: s, Distinct: 2})
			}
			return p
		}
		x, errX := Search(t.Context(), problem(whole))
		y, errY := Search(t.Context(), problem(cut))
		if fmt.Sprint(x.Node, errX) != fmt.Sprint(y.Node, errY) {
			t.Fatalf("searches differ: %+v %v, %+v %v", x, errX, y, errY)
		}
	})
}

func dumpSorted(t rapidT, c *Classes) string {
	if c.whole != nil {
		copied := *c
		copied.whole, copied.stored = nil, nil
		half := c.whole.len() / 2
		spool := memoryFile{}
		for _, r := range []*run{c.whole.slice(0, half), c.whole.slice(half, c.whole.len())} {
			s, err := storeRun(&spool, r)
			if err != nil {
				t.Fatal(err)
			}
			copied.stored = append(copied.stored, s...)
		}
		return dump(t, &copied)
	}
	return dump(t, c)
}

// Classes at levels that memory does not hold are looked at in parts.
func TestNodesInParts(t *testing.T) {
	c := newCrowd(5, 200_000, []int{1000, 90, 12}, 1)
	shape := Shape{Quasi: make([]string, 3), Sensitive: make([]string, 1)}
	whole, h := c.count(t, shape, Options{}, inOrder(c.n), c.n, 1)
	defer h.Close()
	spool := &spoolStub{}
	cut, g := c.count(t, shape, Options{Memory: 4 << 20, Create: spool.create}, inOrder(c.n), 1000, 1)
	defer g.Close()
	if cut.whole != nil {
		t.Fatal("nothing was put aside")
	}
	var nodes [2][]Node
	for i, c := range []*Classes{whole, cut} {
		p := Problem{Classes: c, Models: Models{K: 2, Sensitive: []Sensitive{{Distinct: 2, Entropy: Ratio{3, 2}}}}, Limit: Ratio{1, 1}}
		for j, d := range c.Quasi {
			l, err := Bind(Functions(Prefix(3), All), fmt.Sprint(j), d, c.Leaves(j))
			if err != nil {
				t.Fatal(err)
			}
			p.Quasi = append(p.Quasi, l)
		}
		for _, levels := range [][]int{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {2, 1, 2}} {
			n, err := Evaluate(t.Context(), p, levels)
			if err != nil {
				t.Fatal(err)
			}
			nodes[i] = append(nodes[i], n)
		}
	}
	if fmt.Sprint(nodes[0]) != fmt.Sprint(nodes[1]) {
		t.Errorf("got %v, in memory %v", nodes[1], nodes[0])
	}
	if nodes[0][0].Suppressed == nodes[0][3].Suppressed {
		t.Error("the levels are all alike")
	}
}
