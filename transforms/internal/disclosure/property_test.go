package disclosure

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The optimum is what looking at every node gives, and the rows that stay keep the
// models when simple code counts them again.
func TestOptimalAndProtected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawTown(t)
		p, h := w.problem(t, inOrder(w.rows()), w.rows(), 1, Options{})
		defer h.Close()
		want := w.optimum()
		got, err := Search(t.Context(), p)
		switch {
		case want == nil || w.models.least(w.together && len(w.sensitive) > 1) > int64(w.rows()):
			if messages.Find(err) == nil {
				t.Fatalf("no levels will do, and got %v, %v", got, err)
			}
			return
		case err != nil:
			t.Fatalf("wanted %v: %v", want, err)
		case math.Abs(got.Score-want.score) > 1e-9*math.Max(1, want.score) || !slices.Equal(got.Levels, want.levels) || got.Suppressed != want.suppressed:
			t.Fatalf("got %+v, want %+v", got, want)
		}
		w.protected(t, p, got.Levels, got.Suppressed)
	})
}

// protected keeps the rows that the second pass lets through and counts them anew.
func (w *town) protected(t *rapid.T, p Problem, levels []int, suppressed int64) {
	r, err := Recode(t.Context(), p, levels)
	if err != nil {
		t.Fatal(err)
	}
	keep := make([]bool, w.rows())
	r.Keep(&Keys{}, w.leafCodes(p.Classes), keep)
	out := int64(0)
	for _, k := range keep {
		if !k {
			out++
		}
	}
	if out != suppressed {
		t.Fatalf("%d rows dropped, %d announced", out, suppressed)
	}
	if want := w.kept(levels); !slices.Equal(keep, want) {
		t.Fatalf("kept %v, want %v", keep, want)
	}
	published := w.only(keep)
	published.models.Sensitive = slices.DeleteFunc(slices.Clone(published.models.Sensitive), func(s Sensitive) bool { return s.Closeness != nil }) // its population is the input
	for i, k := range published.kept(levels) {
		if !k {
			t.Fatalf("row %d of the output fails a model", i)
		}
	}
}

func (w *town) leafCodes(c *Classes) [][]uint32 {
	var codes [][]uint32
	for j, column := range w.quasi {
		codes = append(codes, nil)
		for _, v := range column {
			code, ok := c.Quasi[j].NullCode()
			if v != null {
				code, ok = c.Quasi[j].Code([]byte(v))
			}
			if !ok {
				panic("a value has no code")
			}
			codes[j] = append(codes[j], code)
		}
	}
	return codes
}

// only is the town with some of its rows.
func (w *town) only(keep []bool) *town {
	var rows []int
	for i, k := range keep {
		if k {
			rows = append(rows, i)
		}
	}
	o := *w
	o.quasi, o.sensitive = nil, nil
	for _, c := range w.quasi {
		o.quasi = append(o.quasi, choose(c, rows))
	}
	for _, c := range w.sensitive {
		o.sensitive = append(o.sensitive, choose(c, rows))
	}
	if w.subjects != nil {
		o.subjects = choose(w.subjects, rows)
	}
	return &o
}

// memoryFile is Bytes in memory.
type memoryFile struct {
	bytes.Buffer
	closed bool
}

func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(f.Bytes()).ReadAt(p, off)
}
func (f *memoryFile) Size() int64  { return int64(f.Len()) }
func (f *memoryFile) Close() error { f.closed = true; return nil }

type spoolStub struct{ files []*memoryFile }

func (s *spoolStub) create() (Bytes, error) {
	f := &memoryFile{}
	s.files = append(s.files, f)
	return f, nil
}

// dump is the classes as text, whatever they are held in.
func dump(t rapidT, c *Classes) string {
	var lines []string
	err := c.each(t.Context(), func(r *run) error {
		for i := range r.n {
			var b strings.Builder
			fmt.Fprintf(&b, "%x %d", r.key(i), r.n[i])
			if r.population != nil {
				fmt.Fprintf(&b, " of %d", r.population[i])
			}
			for _, l := range r.lists {
				fmt.Fprintf(&b, " %v %v", l.code[l.start[i]:l.start[i+1]], l.n[l.start[i]:l.start[i+1]])
			}
			if u := r.subjects; u != nil {
				fmt.Fprintf(&b, " %v %v", u.enough[i], u.id[u.start[i]:u.start[i+1]])
			}
			lines = append(lines, b.String())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.whole == nil {
		slices.Sort(lines) // parts come by the hash of their values
	}
	return fmt.Sprint(c.Rows, c.Count, c.leaves, c.rowsByLeaf, c.dist, c.keys) + strings.Join(lines, "\n")
}

// Row order, batches, workers and memory change nothing.
func TestSameForAnyCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawTown(t)
		whole, h := w.problem(t, inOrder(w.rows()), w.rows(), 1, Options{})
		defer h.Close()
		spool := &spoolStub{}
		opts := Options{}
		if rapid.Bool().Draw(t, "bounded") {
			opts = Options{Memory: int64(rapid.IntRange(1<<15, 1<<17).Draw(t, "memory")), Create: spool.create}
		}
		order := rapid.Permutation(inOrder(w.rows())).Draw(t, "order")
		cut, g := w.problem(t, order, rapid.IntRange(1, 7).Draw(t, "batch"), rapid.IntRange(1, 4).Draw(t, "workers"), opts)
		if opts.Memory == 0 || cut.Classes.whole != nil {
			if a, b := dump(t, whole.Classes), dump(t, cut.Classes); a != b {
				t.Fatalf("classes differ:\n%s\n\n%s", a, b)
			}
		}
		a, aErr := Search(t.Context(), whole)
		b, bErr := Search(t.Context(), cut)
		if fmt.Sprint(a.Node, aErr) != fmt.Sprint(b.Node, bErr) && !messages.Has(bErr, messages.TooManyClasses) {
			t.Fatalf("searches differ: %+v %v, %+v %v", a, aErr, b, bErr)
		}
		free := whole
		free.Models = Models{}
		measured, err := Measure(t.Context(), free, make([]int, len(free.Quasi)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*Classes{whole.Classes, cut.Classes} {
			if standing, err := Standing(t.Context(), c); err != nil || fmt.Sprint(standing) != fmt.Sprint(measured) {
				t.Fatalf("the rows as they stand: %+v, measured %+v (%v)", standing, measured, err)
			}
		}
		if aErr == nil && bErr == nil {
			x, errX := Recode(t.Context(), whole, a.Levels)
			y, errY := Recode(t.Context(), cut, a.Levels)
			if errX != nil || errY != nil {
				t.Fatal(errX, errY)
			}
			kx, ky := make([]bool, w.rows()), make([]bool, w.rows())
			x.Keep(&Keys{}, w.leafCodes(whole.Classes), kx)
			y.Keep(&Keys{}, w.leafCodes(cut.Classes), ky)
			if !slices.Equal(kx, ky) {
				t.Fatalf("kept rows differ: %v %v", kx, ky)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		for _, f := range spool.files {
			if !f.closed {
				t.Fatal("a temporary file stays open")
			}
		}
	})
}

// At fixed levels a row that goes away changes only its own class: others stay or
// fail as before. What looks at all rows is left out: closeness, average risk,
// wildcards.
func TestOneRowLessChangesItsClassOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawTown(t)
		w.models.Wildcard, w.models.AverageRisk, w.population, w.models.KMap = false, Ratio{}, nil, 0
		for i := range w.models.Sensitive {
			w.models.Sensitive[i].Closeness = nil
		}
		if w.rows() < 2 || w.models.least(w.together && len(w.sensitive) > 1) >= int64(w.rows()) {
			return
		}
		var levels []int
		for _, h := range w.heights() {
			levels = append(levels, rapid.IntRange(0, h).Draw(t, "level"))
		}
		gone := rapid.IntRange(0, w.rows()-1).Draw(t, "gone")
		keep := func(w *town) []bool {
			p, h := w.problem(t, inOrder(w.rows()), 5, 2, Options{})
			defer h.Close()
			r, err := Recode(t.Context(), p, levels)
			out := make([]bool, w.rows())
			if messages.Has(err, messages.AllSuppressed) {
				return out
			}
			if err != nil {
				t.Fatal(err)
			}
			r.Keep(&Keys{}, w.leafCodes(p.Classes), out)
			return out
		}
		all := make([]bool, w.rows())
		for i := range all {
			all[i] = i != gone
		}
		before, after := keep(w), keep(w.only(all))
		after = slices.Insert(after, gone, false)
		rows := w.generalRows(w.quasi, levels)
		for i := range rows {
			if !slices.Equal(rows[i], rows[gone]) && before[i] != after[i] {
				t.Fatalf("row %d, of another class than row %d, changes", i, gone)
			}
		}
	})
}
