package disclosure

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Risks is how likely an attacker is right who links a row to a person. Where the shape
// counts subjects they are risks of persons: whoever has rows in several classes is
// counted in each.
type Risks struct {
	Rows, Classes int64
	Smallest      int64  // rows of the smallest class
	Sizes         []Size // how many classes have so many rows, from the smallest
	// Persons, where the shape counts subjects, is how many are in the class that has
	// fewest, and Peopled how many classes have so many. Of a class that has more than
	// the shape tells apart, those that it does are counted.
	Persons int64
	Peopled []Size
	// MeansAtMost says that there is such a class: the means are no greater than what
	// stands here, and may be less. MostAtMost says so of the greatest prosecutor's risk.
	MeansAtMost, MostAtMost bool
	// Prosecutor: the attacker knows that the person is in the data. The risk is one by
	// the rows, or persons, of the class. Marketer is how many are linked rightly on
	// average, and equals the mean.
	ProsecutorMost, ProsecutorMean float64
	Marketer                       float64
	// Journalist: the attacker knows that the person is in the population. 0 when none
	// was counted.
	JournalistMost, JournalistMean float64
}

// Size is classes of so many rows, or persons.
type Size struct{ Rows, Classes int64 }

// Uniques is how many rows are alone in their class, Doubles how many are two.
func (r Risks) Uniques() int64 { return of(r.Sizes, 1) }
func (r Risks) Doubles() int64 { return 2 * of(r.Sizes, 2) }

// Alone is how many persons are alone in a class, however many rows they have there.
func (r Risks) Alone() int64 { return of(r.Peopled, 1) }

func of(sizes []Size, n int64) int64 {
	for _, s := range sizes {
		if s.Rows == n {
			return s.Classes
		}
	}
	return 0
}

// Measure gives the risks of the rows that stay at levels.
func Measure(ctx context.Context, p Problem, levels []int) (Risks, error) {
	s, err := newSearcher(p)
	if err != nil {
		return Risks{}, err
	}
	w := p.Classes.shape.weighing()
	err = s.visit(ctx, levels, func(n *node) error {
		for i := range n.run.n {
			if !n.lost[i] {
				w.class(n.run, i)
			}
		}
		return nil
	})
	return w.risks(), err
}

// Standing gives the risks of all rows at the levels that were counted, whatever the
// models: what Measure gives there under none, of one reading of the classes.
func Standing(ctx context.Context, c *Classes) (Risks, error) {
	w := c.shape.weighing()
	err := c.each(ctx, func(r *run) error {
		for i := range r.n {
			w.class(r, i)
		}
		return nil
	})
	return w.risks(), err
}

// weighing adds up classes by what their risks follow from.
type weighing struct {
	enough  int64             // persons of a class that are told apart; 0: rows are counted
	sizes   sizeCounts        // classes by rows
	peopled sizeCounts        // classes by persons
	told    int64             // fewest persons of a class that has no more than were told apart
	open    bool              // some may have more
	mapped  map[int64]counted // by persons of the population that look like a class; nil: none are counted
}

// counted is rows or persons, from at least to at most so many.
type counted struct{ least, most int64 }

func (s Shape) weighing() *weighing {
	w := &weighing{enough: int64(s.Subjects), told: math.MaxInt64}
	if s.Population {
		w.mapped = map[int64]counted{}
	}
	return w
}

// class adds class i of a run, unless it is of the population alone.
func (w *weighing) class(r *run, i int) {
	rows, population := int64(r.n[i]), int64(0)
	if rows == 0 {
		return
	}
	if r.population != nil {
		population = int64(r.population[i])
	}
	switch u := r.subjects; {
	case u == nil:
		w.add(rows, counted{rows, rows}, population)
	case u.enough[i]:
		w.add(rows, counted{min(w.enough, rows), rows}, population)
	default:
		n := int64(u.start[i+1] - u.start[i])
		w.add(rows, counted{n, n}, population)
	}
}

// add adds a class of so many rows and persons.
func (w *weighing) add(rows int64, persons counted, population int64) {
	w.sizes.add(rows)
	if w.enough == 0 {
		persons = counted{rows, rows}
	} else {
		w.peopled.add(persons.least)
		if persons.least == persons.most {
			w.told = min(w.told, persons.least)
		} else {
			w.open = true
		}
	}
	if w.mapped != nil {
		m := w.mapped[population]
		w.mapped[population] = counted{m.least + persons.least, m.most + persons.most}
	}
}

func (w *weighing) risks() (r Risks) {
	r.Sizes, r.Rows, r.Classes = w.sizes.listed()
	if r.Rows == 0 {
		return r
	}
	r.Smallest = r.Sizes[0].Rows
	least, all := r.Smallest, r.Rows
	if w.enough > 0 {
		r.Peopled, all, _ = w.peopled.listed()
		least = r.Peopled[0].Rows
		r.Persons, r.MeansAtMost, r.MostAtMost = least, w.open, w.told != least
	}
	r.ProsecutorMost = 1 / float64(least)
	r.ProsecutorMean = float64(r.Classes) / float64(all)
	r.Marketer = r.ProsecutorMean
	r.JournalistMost, r.JournalistMean = w.journalist()
	return r
}

// sizeCounts counts classes by their size. There may be many, most of them small.
type sizeCounts struct {
	small [64]int64
	large map[int64]int64
}

func (c *sizeCounts) add(size int64) {
	if size < int64(len(c.small)) {
		c.small[size]++
		return
	}
	if c.large == nil {
		c.large = map[int64]int64{}
	}
	c.large[size]++
}

// listed is the classes by size, how many are in all of them, and how many classes there are.
func (c *sizeCounts) listed() (list []Size, all, classes int64) {
	put := func(size, n int64) {
		if n > 0 {
			list = append(list, Size{size, n})
			all += size * n
			classes += n
		}
	}
	for size, n := range c.small {
		put(int64(size), n)
	}
	for _, size := range sorted(c.large) {
		put(size, c.large[size])
	}
	return list, all, classes
}

// journalist is one by the persons of the population who look like a class: the greatest,
// and the mean over those who are in the classes. Where it is not known how many these
// are it is the greatest that the mean may be: those of the classes of the rarest are
// then as many as they may.
func (w *weighing) journalist() (most, mean float64) {
	sum, all := 0.0, int64(0)
	order := sorted(w.mapped)
	for _, n := range order {
		sum += float64(w.mapped[n].least) / float64(max(n, 1))
		all += w.mapped[n].least
	}
	if all == 0 {
		return 0, 0
	}
	mean = sum / float64(all)
	for _, n := range order {
		more := w.mapped[n].most - w.mapped[n].least
		sum += float64(more) / float64(max(n, 1))
		all += more
		mean = max(mean, sum/float64(all))
	}
	return 1 / float64(max(order[0], 1)), mean
}

func sorted[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Individual is the risk of a row of a sample, given the rows of its class and the
// sum of their weights (Benedetti and Franconi; sdcMicro's formula): the mean of one
// by the persons of the class, whose number is negative binomial.
func Individual(rows int64, weight float64) float64 {
	n := float64(rows)
	p := n / weight
	if p >= 1 {
		return 1 / n
	}
	odds := p / (1 - p)
	if p < 0.5 { // the recurrence loses digits when the odds are above 1
		r := -float64(odds * ln(p))
		for f := 1.0; f < n; f++ {
			r = float64(odds * (1/f - r))
		}
		return r
	}
	term, sum := 1.0, 0.0
	for range rows {
		term = float64(term * p)
	}
	for h := n; ; h++ {
		next := sum + term/h
		if next == sum {
			return sum
		}
		sum = next
		term = float64(term*(1-p)) * h / (h - n + 1)
	}
}

// Figures is what the values of a sensitive column in the classes that stay, or in their
// parts where columns are judged together, come to. Null is a value of its own, and does not count towards the diversities.
type Figures struct {
	Alpha     float64 // greatest share of a value in a class
	L         int     // least number of values
	EntropyL  int     // greatest l that the entropy of every class reaches
	C, RL     int     // least whole c of which every class keeps recursive (c, l)-diversity for l = RL; 0 when RL is below 2
	Beta      float64 // basic beta-likeness
	Enhanced  float64 // enhanced beta-likeness
	Delta     float64 // delta-disclosure
	Closeness float64 // greatest distance of a class from all rows that stay
	// FromInput is the distance from all rows of the input instead.
	FromInput float64
}

// Describe gives the figures of a sensitive column at levels: of the column alone or, in
// a shape that says Together, in the parts that the other sensitive columns make of the
// classes. The distances are as in rule, whose T is not looked at.
func Describe(ctx context.Context, p Problem, levels []int, column int, rule Closeness) (Figures, error) {
	s, err := newSearcher(p)
	if err != nil {
		return Figures{}, err
	}
	s.look(column)
	input := newJudge(Sensitive{Column: column, Closeness: &rule}, p.Classes)
	out := newJudge(Sensitive{Column: column, Closeness: &rule}, p.Classes)
	clear(out.total)
	out.rows = 0
	classes := func(f func(codes, counts []uint32)) error {
		return s.visit(ctx, levels, func(n *node) error {
			l := n.run.lists[p.Classes.list(column)]
			for i, rows := range n.run.n {
				if rows > 0 && !n.lost[i] {
					input.parts(l.code[l.start[i]:l.start[i+1]], l.n[l.start[i]:l.start[i+1]], f)
				}
			}
			return nil
		})
	}
	err = classes(func(codes, counts []uint32) {
		for i, c := range codes {
			out.total[c] += uint64(counts[i])
			out.rows += uint64(counts[i])
		}
	})
	if err != nil || out.rows == 0 {
		return Figures{}, err
	}
	out.only()
	g := Figures{L: math.MaxInt, EntropyL: math.MaxInt}
	if err := classes(func(codes, counts []uint32) { g.add(out, input, codes, counts) }); err != nil {
		return Figures{}, err
	}
	for _, n := range out.total {
		if n > 0 {
			g.Enhanced = max(g.Enhanced, -ln(float64(n)/float64(out.rows)))
		}
	}
	g.Enhanced = min(g.Enhanced, g.Beta)
	if g.RL = g.L; g.RL < 2 {
		return g, nil
	}
	return g, classes(func(codes, counts []uint32) {
		sizes := slices.SortedFunc(slices.Values(out.counted(codes, counts)), func(a, b uint32) int { return cmp.Compare(b, a) })
		rest := uint32(0)
		for _, n := range sizes[g.RL-1:] {
			rest += n
		}
		g.C = max(g.C, int(sizes[0]/rest)+1)
	})
}

// only leaves out of the order the values that do not occur.
func (j *judge) only() {
	j.order = slices.DeleteFunc(j.order, func(c uint32) bool { return j.total[c] == 0 })
}

func (g *Figures) add(out, input *judge, codes, counts []uint32) {
	n := uint64(0)
	for _, f := range counts {
		n += uint64(f)
	}
	for i, c := range codes {
		p := float64(counts[i]) / float64(n)
		q := float64(out.total[c]) / float64(out.rows)
		g.Alpha = max(g.Alpha, p)
		g.Beta = max(g.Beta, (p-q)/q)
		g.Delta = max(g.Delta, math.Abs(ln(p/q)))
	}
	own := out.counted(codes, counts)
	g.L = min(g.L, len(own))
	l := 1
	for l < len(own) {
		out.Entropy = Ratio{uint64(l + 1), 1}
		if !out.diverse(codes, counts) {
			break
		}
		l++
	}
	g.EntropyL = min(g.EntropyL, l)
	g.Closeness = max(g.Closeness, out.distance(codes, counts))
	g.FromInput = max(g.FromInput, input.distance(codes, counts))
}
