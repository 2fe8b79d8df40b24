package disclosure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// keptPersons says, in simple code, which rows stay where those of a person are known
// to be of one.
func (w *town) keptPersons(levels []int) []bool {
	keep := w.kept(levels)
	rows := w.generalRows(w.quasi, levels)
	class := func(i int) string { return strings.Join(rows[i], "|") }
	for again := true; again; {
		again = false
		patterns := map[uint64]string{} // by person
		of := map[uint64][]string{}
		unknown := map[string]bool{}
		for i, stays := range keep {
			switch {
			case !stays:
			case w.subjects[i] == 0:
				unknown[class(i)] = true
			default:
				of[w.subjects[i]] = append(of[w.subjects[i]], class(i))
			}
		}
		persons := map[string]int{}
		for who, classes := range of {
			slices.Sort(classes)
			patterns[who] = strings.Join(classes, "&")
			persons[patterns[who]]++
		}
		for c := range unknown {
			persons[c]++
		}
		classes := map[string][]int{}
		for i, stays := range keep {
			pattern := patterns[w.subjects[i]]
			if w.subjects[i] == 0 {
				pattern = class(i)
			}
			if keep[i] = stays && persons[pattern] >= w.models.K; keep[i] {
				classes[class(i)] = append(classes[class(i)], i)
			}
		}
		for _, rows := range classes {
			good := len(rows) >= w.models.K
			for _, s := range w.models.Sensitive {
				good = good && w.naiveModel(s, rows)
			}
			for _, i := range rows {
				again = again || !good
				keep[i] = good
			}
		}
	}
	return keep
}

// What stays where rows of a person are tied together is what counting persons against
// persons gives, for any order, cut and number of workers; and who knows which rows are
// of one person finds nobody whose rows are those of fewer than k.
func TestPersonsAreAlike(t *testing.T) {
	found, refused, dropped := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawTown(t)
		w.persons, w.population = true, nil
		w.models.Wildcard, w.models.AverageRisk, w.models.KMap = false, Ratio{}, 0
		w.models.K = rapid.IntRange(1, 4).Draw(t, "k")
		w.subjects = nil
		apart := rapid.IntRange(0, 3).Draw(t, "apart") == 0 // each row is of one person
		for i := range w.rows() {
			switch who := uint64(rapid.IntRange(0, 15).Draw(t, "subject")); {
			case apart && who > 0:
				w.subjects = append(w.subjects, uint64(i+1)<<40)
			default:
				w.subjects = append(w.subjects, who)
			}
		}
		order := rapid.Permutation(inOrder(w.rows())).Draw(t, "order")
		p, h := w.problem(t, order, rapid.IntRange(1, w.rows()).Draw(t, "batch"), rapid.IntRange(1, 3).Draw(t, "workers"), Options{})
		defer h.Close()
		got, err := SearchPersons(t.Context(), p)
		w.sameAtOnce(t, got, err)
		if err != nil {
			if messages.Find(err) == nil {
				t.Fatal(err)
			}
			if messages.Has(err, messages.PersonsAlone) {
				refused++
				top := make([]int, len(p.Quasi))
				for j, l := range p.Quasi {
					top[j] = l.Height()
				}
				stay := int64(0)
				for _, k := range w.keptPersons(top) {
					if k {
						stay++
					}
				}
				if n := p.Classes.Rows; n-stay <= min(p.Limit.Of(n), n-1) {
					t.Fatalf("refused, and at the top %d of %d rows would stay", stay, n)
				}
			}
			return
		}
		found++
		keep := make([]bool, w.rows())
		k := &Keys{}
		got.Recoder.Keep(k, w.leafCodes(p.Classes), keep)
		got.Recoder.KeepPersons(k, w.subjects, keep)
		want := w.keptPersons(got.Levels)
		if !slices.Equal(keep, want) {
			t.Fatalf("at %v kept %v, want %v", got.Levels, keep, want)
		}
		if !slices.Equal(keep, w.kept(got.Levels)) {
			dropped++
		}
		stay, classes := int64(0), map[string]bool{}
		for i, r := range w.generalRows(w.quasi, got.Levels) {
			if keep[i] {
				stay++
				classes[strings.Join(r, "|")] = true
			}
		}
		if got.Suppressed != int64(w.rows())-stay || got.Classes != int64(len(classes)) || got.Risks.Rows != stay || got.Risks.Classes != got.Classes {
			t.Fatalf("announced %+v, %d rows and %d classes stay", got, stay, len(classes))
		}
	})
	if !testing.Short() && (found == 0 || refused == 0 || dropped == 0) { // few draws may miss one
		t.Errorf("found %d times, refused %d, persons dropped %d", found, refused, dropped)
	}
}

// Persons that memory does not hold are looked at in parts, and rows go aside: who stays
// is the same (invariants 2 and 9).
func TestPersonsInParts(t *testing.T) {
	c := newCrowd(11, 60_000, []int{4, 3, 2}, 1)
	for i := range c.subjects {
		c.subjects[i] %= 25_000
	}
	shape := Shape{Quasi: make([]string, 3), Sensitive: make([]string, 1), Subjects: 5, Persons: true}
	var kept [2][]bool
	var nodes [2]string
	for i, opts := range []Options{{}, {Memory: 1 << 20}} {
		dir, create := spoolIn(t, 0)
		opts.Create = create
		classes, h := c.count(t, shape, opts, inOrder(c.n), 1000+500*i, 1+2*i)
		if aside := files(t, dir) > 0; aside != (i > 0) {
			t.Errorf("memory %d: put aside is %v", opts.Memory, aside)
		}
		p := Problem{Classes: classes, Models: Models{K: 5, Sensitive: []Sensitive{{Distinct: 2, Entropy: Ratio{3, 2}}}}, Limit: Ratio{1, 2}}
		for j, d := range classes.Quasi {
			l, err := Bind(Functions(All), fmt.Sprint(j), d, classes.Leaves(j))
			if err != nil {
				t.Fatal(err)
			}
			p.Quasi = append(p.Quasi, l)
		}
		got, err := SearchPersons(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		w := town{quasi: c.quasi}
		kept[i] = make([]bool, c.n)
		k := &Keys{}
		got.Recoder.Keep(k, w.leafCodes(classes), kept[i])
		got.Recoder.KeepPersons(k, c.subjects, kept[i])
		nodes[i] = fmt.Sprint(got.Node, got.Risks)
		if err := h.Close(); err != nil || files(t, dir) > 0 {
			t.Errorf("%v, %d files stay", err, files(t, dir))
		}
	}
	if nodes[0] != nodes[1] || !slices.Equal(kept[0], kept[1]) {
		t.Errorf("in parts %s, in memory %s", nodes[1], nodes[0])
	}
	if !slices.Contains(kept[0], false) || !slices.Contains(kept[0], true) {
		t.Error("all or nothing stays")
	}
}

// atOnce is Options.Each on goroutines, some at a time.
func atOnce(ctx context.Context, n int, work func(context.Context, int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	some := make(chan struct{}, 3)
	for i := range n {
		some <- struct{}{}
		all.Go(func() {
			errs[i] = work(ctx, i)
			<-some
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// oneAtATime is create for several goroutines.
func oneAtATime(create func() (Bytes, error)) func() (Bytes, error) {
	var mu sync.Mutex
	return func() (Bytes, error) {
		mu.Lock()
		defer mu.Unlock()
		return create()
	}
}

// sameAtOnce finds the same with rows put aside, in another order and cut, by several at once.
func (w *town) sameAtOnce(t *rapid.T, want *Kept, wantErr error) {
	opts := Options{Each: atOnce, Create: oneAtATime((&spoolStub{}).create)}
	if rapid.Bool().Draw(t, "bounded") {
		opts.Memory = int64(rapid.IntRange(1<<15, 1<<17).Draw(t, "memory"))
	}
	order := rapid.Permutation(inOrder(w.rows())).Draw(t, "other order")
	p, h := w.problem(t, order, rapid.IntRange(1, 7).Draw(t, "other batch"), rapid.IntRange(1, 4).Draw(t, "other workers"), opts)
	defer h.Close()
	got, err := SearchPersons(t.Context(), p)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		if opts.Memory > 0 && messages.Has(err, messages.TooManyClasses) {
			return
		}
		t.Fatalf("at once %v, one by one %v", err, wantErr)
	}
	if err != nil {
		return
	}
	if a, b := fmt.Sprint(got.Node, got.Risks), fmt.Sprint(want.Node, want.Risks); a != b {
		t.Fatalf("at once %s, one by one %s", a, b)
	}
	if a, b := w.stays(got, p.Classes), w.stays(want, p.Classes); !slices.Equal(a, b) {
		t.Fatalf("at once %v stay, one by one %v", a, b)
	}
	persons, err := Persons(t.Context(), p.Classes, got.Recoder)
	if err != nil {
		t.Fatal(err)
	}
	var who []uint64
	for i, stays := range w.stays(want, p.Classes) {
		if stays && w.subjects[i] != nobody {
			who = append(who, w.subjects[i])
		}
	}
	slices.Sort(who)
	if who = slices.Compact(who); !slices.Equal(persons, who) {
		t.Fatalf("rows of %v stay, and are said to be of %v", who, persons)
	}
}

// stays says which rows do.
func (w *town) stays(k *Kept, c *Classes) []bool {
	keep := make([]bool, w.rows())
	keys := &Keys{}
	k.Recoder.Keep(keys, w.leafCodes(c), keep)
	k.Recoder.KeepPersons(keys, w.subjects, keep)
	return keep
}

// Where memory holds few of the classes and of the persons of a pile, parts of them are
// looked at, and who stays is the same (invariants 2 and 9).
func TestPilesInParts(t *testing.T) {
	const alike, patterns = 10, 2500
	c := &crowd{quasi: make([][]string, 2), sensitive: make([][]string, 1)}
	row := func(subject uint64, class int) {
		c.quasi[0] = append(c.quasi[0], fmt.Sprintf("%04d", class%60))
		c.quasi[1] = append(c.quasi[1], fmt.Sprintf("%04d", class/60))
		c.sensitive[0] = append(c.sensitive[0], fmt.Sprint(c.n*7%13))
		c.subjects = append(c.subjects, subject)
		c.n++
	}
	for p := range uint64(alike * patterns) {
		row(p+1, int(p/alike))
		row(p+1, int(p/alike)+40)
	}
	for p := range uint64(30) { // of whom each is unlike all others
		row(1<<40+p, int(p))
		row(1<<40+p, int(3*p+1))
	}
	for class := range 40 {
		row(nobody, class*50)
	}
	shape := Shape{Quasi: make([]string, 2), Sensitive: make([]string, 1), Subjects: 5, Persons: true}
	var kept [2][]bool
	var nodes [2]string
	for i, opts := range []Options{{}, {Memory: 1 << 18, Each: atOnce}} {
		dir, create := spoolIn(t, 0)
		opts.Create = oneAtATime(create)
		classes, h := c.count(t, shape, opts, inOrder(c.n), 1000+500*i, 1+2*i)
		p := Problem{Classes: classes, Models: Models{K: 5, Sensitive: []Sensitive{{Distinct: 2, Entropy: Ratio{3, 2}}}}, Limit: Ratio{1, 2}}
		for j, d := range classes.Quasi {
			l, err := Bind(Functions(All), fmt.Sprint(j), d, classes.Leaves(j))
			if err != nil {
				t.Fatal(err)
			}
			p.Quasi = append(p.Quasi, l.Upto(0))
		}
		got, err := SearchPersons(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		w := town{quasi: c.quasi, subjects: c.subjects}
		kept[i], nodes[i] = w.stays(got, classes), fmt.Sprint(got.Node, got.Risks)
		if err := h.Close(); err != nil || files(t, dir) > 0 {
			t.Errorf("%v, %d files stay", err, files(t, dir))
		}
	}
	if nodes[0] != nodes[1] || !slices.Equal(kept[0], kept[1]) {
		t.Errorf("in parts %s, in memory %s", nodes[1], nodes[0])
	}
	for i, stays := range kept[0] {
		if odd := c.subjects[i] >= 1<<40 || c.subjects[i] == nobody; stays == odd {
			t.Fatalf("row %d of %d stays is %v", i, c.subjects[i], stays)
		}
	}
}
