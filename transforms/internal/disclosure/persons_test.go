package disclosure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
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
	draws.Check(t, draws.Kinds{"found": &found, "refused": &refused, "persons dropped": &dropped}, func(t *rapid.T) {
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

// A class with more values than the share of a worker holds is judged when nobody else works:
// whether memory is enough does not depend on how many workers there are (invariants 2 and 9).
func TestOneClassOfManyValues(t *testing.T) {
	c := &crowd{quasi: make([][]string, 1), sensitive: make([][]string, 1)}
	row := func(subject uint64) {
		c.quasi[0] = append(c.quasi[0], "0000")
		c.sensitive[0] = append(c.sensitive[0], fmt.Sprintf("%04d", c.n))
		c.subjects = append(c.subjects, subject)
		c.n++
	}
	for p := range uint64(1200) {
		row(p + 1)
		row(p + 1)
	}
	for range 3 { // nobody else has three rows
		row(5000)
	}
	shape := Shape{Quasi: make([]string, 1), Sensitive: make([]string, 1), Subjects: 5, Persons: true}
	for _, average := range []Ratio{{}, {1, 3}} {
		for _, workers := range []int{1, 8} {
			dir, create := spoolIn(t, 0)
			opts := Options{Memory: 1 << 20, Each: atOnce, Create: oneAtATime(create)}
			classes, h := c.count(t, shape, opts, inOrder(c.n), 100, workers)
			p := Problem{Classes: classes, Models: Models{K: 5, AverageRisk: average, Sensitive: []Sensitive{{Entropy: Ratio{3, 2}}}}, Limit: Ratio{1, 2}}
			for j, d := range classes.Quasi {
				l, err := Bind(Functions(All), fmt.Sprint(j), d, classes.Leaves(j))
				if err != nil {
					t.Fatal(err)
				}
				p.Quasi = append(p.Quasi, l)
			}
			got, err := SearchPersons(t.Context(), p)
			if err != nil {
				t.Errorf("%d workers: %v", workers, err)
			} else if got.Suppressed != 3 || got.Classes != 1 {
				t.Errorf("%d workers: %+v", workers, got.Node)
			}
			if err := h.Close(); err != nil || files(t, dir) > 0 {
				t.Errorf("%v, %d files stay", err, files(t, dir))
			}
		}
	}
}

// Keys of several words, a population, a mean risk and many patterns: what stays is the same
// when several look at once and memory holds little, and it is persons of k like them.
func TestManyPatternsAtOnce(t *testing.T) {
	dropped, refused := 0, 0
	draws.Check(t, draws.Kinds{"dropped": &dropped}, func(t *rapid.T) {
		cards := []int{7, 5}
		least := 1 << 15
		for range rapid.SampledFrom([]int{0, 13}).Draw(t, "columns") {
			cards, least = append(cards, 33), 1<<17 // values take memory too
		}
		c := newCrowd(rapid.Int64().Draw(t, "seed"), rapid.IntRange(200, 3000).Draw(t, "rows"), cards, rapid.IntRange(0, 2).Draw(t, "sensitive"))
		persons := uint64(rapid.IntRange(50, 2*c.n).Draw(t, "persons"))
		for i := range c.subjects {
			c.subjects[i] = c.subjects[i] % persons
			for j := 2; j < len(cards) && i >= 40; j++ { // else all are alone
				c.quasi[j][i] = c.quasi[j][c.subjects[i]%2]
				c.population[j][i] = c.quasi[j][i]
			}
		}
		shape := Shape{Quasi: make([]string, len(cards)), Sensitive: make([]string, len(c.sensitive)), Subjects: 3, Persons: true, Population: rapid.Bool().Draw(t, "population")}
		models := Models{K: 3}
		if shape.Population {
			models.KMap = 4
		}
		if rapid.Bool().Draw(t, "average") {
			models.AverageRisk = Ratio{1, uint64(rapid.IntRange(3, 30).Draw(t, "risk"))}
		}
		for s := range c.sensitive {
			models.Sensitive = append(models.Sensitive, Sensitive{Column: s, Distinct: 2, Entropy: Ratio{uint64(rapid.IntRange(2, 6).Draw(t, "l")), 2}})
		}
		opts := []Options{{}, {Each: atOnce, Memory: int64(rapid.IntRange(least, 1<<18).Draw(t, "memory")), Create: oneAtATime((&spoolStub{}).create)}, {Each: atOnce}}
		var first *Kept
		var stay []bool
		for i, opts := range opts {
			classes, h := c.count(t, shape, opts, inOrder(c.n), 100+i, 1+2*i)
			defer h.Close()
			p := Problem{Classes: classes, Models: models, Limit: Ratio{9, 10}}
			for j, d := range classes.Quasi {
				l, err := Bind(Functions(All), fmt.Sprint(j), d, classes.Leaves(j))
				if err != nil {
					t.Fatal(err)
				}
				if j > 1 {
					l = l.Upto(0)
				}
				p.Quasi = append(p.Quasi, l)
			}
			got, err := SearchPersons(t.Context(), p)
			switch {
			case opts.Memory > 0 && messages.Has(err, messages.TooManyClasses):
				refused++
				continue
			case err != nil && messages.Find(err) == nil:
				t.Fatal(err)
			case err != nil && (i == 0 || first == nil):
				continue
			case err != nil || i > 0 && first == nil:
				t.Fatalf("%d: %v, and before %v", i, err, first)
			}
			w := town{quasi: c.quasi, subjects: c.subjects}
			keep := w.stays(got, classes)
			if i == 0 {
				first, stay = got, keep
				continue
			}
			if a, b := fmt.Sprint(got.Node, got.Risks), fmt.Sprint(first.Node, first.Risks); a != b || !slices.Equal(keep, stay) {
				t.Fatalf("%d: %s, and before %s", i, a, b)
			}
		}
		if first == nil {
			return
		}
		of, alike := map[uint64][]string{}, map[string]int{}
		for i, stays := range stay {
			if stays && c.subjects[i] != nobody {
				class := ""
				for j, level := range first.Levels {
					if level == 0 {
						class += c.quasi[j][i] + "|"
					}
				}
				of[c.subjects[i]] = append(of[c.subjects[i]], class)
			}
			if !stays {
				dropped++
			}
		}
		for _, classes := range of {
			slices.Sort(classes)
			alike[strings.Join(classes, "&")]++
		}
		for pattern, n := range alike {
			if n < models.K-1 { // nobody known may be one of them
				t.Fatalf("%d persons have the rows %s", n, pattern)
			}
		}
	})
	t.Logf("%d rows dropped, %d times refused for want of memory", dropped, refused)
}

// Where memory holds few patterns of a pile, parts of them are counted.
func TestPatternsInParts(t *testing.T) {
	const alike, patterns, classes = 5, 5000, 60
	c := &crowd{quasi: make([][]string, 1)}
	of, persons := map[uint64]string{}, map[string]int{}
	for pattern := range patterns {
		rows := []int{pattern % classes, pattern / classes % classes, (pattern/classes/classes + 1) * 7}
		for range 2 + pattern%alike {
			who := uint64(len(c.subjects) + 1)
			for _, class := range rows {
				c.quasi[0] = append(c.quasi[0], fmt.Sprintf("%04d", class))
				c.subjects = append(c.subjects, who)
				c.n++
			}
			slices.Sort(rows)
			of[who] = fmt.Sprint(rows)
			persons[of[who]]++
		}
	}
	_, create := spoolIn(t, 0)
	counted, h := c.count(t, Shape{Quasi: make([]string, 1), Subjects: 5, Persons: true}, Options{Memory: 1 << 17, Create: oneAtATime(create), Each: atOnce}, inOrder(c.n), 500, 16)
	defer h.Close()
	p := Problem{Classes: counted, Models: Models{K: 5}, Limit: Ratio{1, 2}}
	for j, d := range counted.Quasi {
		l, err := Bind(Functions(), fmt.Sprint(j), d, counted.Leaves(j))
		if err != nil {
			t.Fatal(err)
		}
		p.Quasi = append(p.Quasi, l)
	}
	got, err := SearchPersons(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	w := town{quasi: c.quasi, subjects: c.subjects}
	for i, stays := range w.stays(got, counted) {
		if stays != (persons[of[c.subjects[i]]] >= 5) {
			t.Fatalf("row %d of %d persons stays is %v", i, persons[of[c.subjects[i]]], stays)
		}
	}
}

// Classes that stay are numbered only where memory has room for them (invariant 9).
func TestNumberedClassesAreBounded(t *testing.T) {
	c := &crowd{quasi: make([][]string, 2)}
	for row := range 4 * 60_000 { // of each class two persons, with two rows
		class := row / 4
		c.quasi[0] = append(c.quasi[0], fmt.Sprintf("%04d", class%250))
		c.quasi[1] = append(c.quasi[1], fmt.Sprintf("%04d", class/250))
		c.subjects = append(c.subjects, uint64(row/2+1))
		c.n++
	}
	for memory, want := range map[int64]bool{1 << 20: false, 1 << 23: true} {
		_, create := spoolIn(t, 0)
		classes, h := c.count(t, Shape{Quasi: make([]string, 2), Subjects: 2, Persons: true}, Options{Memory: memory, Create: create}, inOrder(c.n), 1000, 2)
		defer h.Close()
		p := Problem{Classes: classes, Models: Models{K: 2}, Limit: Ratio{1, 2}}
		for j, d := range classes.Quasi {
			l, err := Bind(Functions(All), fmt.Sprint(j), d, classes.Leaves(j))
			if err != nil {
				t.Fatal(err)
			}
			p.Quasi = append(p.Quasi, l.Upto(0))
		}
		if _, err := SearchPersons(t.Context(), p); want != (err == nil) || !want && !messages.Has(err, messages.TooManyClasses) {
			t.Errorf("memory %d: %v", memory, err)
		}
	}
}
