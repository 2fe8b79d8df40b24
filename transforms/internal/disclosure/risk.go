package disclosure

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Risks is how likely an attacker is right who links a row to a person.
type Risks struct {
	Rows, Classes int64
	Smallest      int64 // rows of the smallest class
	// Persons, where the shape counts subjects, is how many are in the class that has
	// fewest, none counted above the shape's number.
	Persons int64
	Sizes   []Size // how many classes are of a size, from the smallest
	// Prosecutor: the attacker knows that the person is in the data. The risk of a row
	// is one by the rows of its class. Marketer is how many rows are linked rightly on
	// average, and equals the mean.
	ProsecutorMost, ProsecutorMean float64
	Marketer                       float64
	// Journalist: the attacker knows that the person is in the population. 0 when none
	// was counted.
	JournalistMost, JournalistMean float64
}

// Size is classes of one size.
type Size struct{ Rows, Classes int64 }

// Uniques is how many rows are alone in their class, Doubles how many are two.
func (r Risks) Uniques() int64 { return r.of(1) }
func (r Risks) Doubles() int64 { return 2 * r.of(2) }

func (r Risks) of(rows int64) int64 {
	for _, s := range r.Sizes {
		if s.Rows == rows {
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
	sizes, people := map[int64]int64{}, map[int64]int64{}
	persons := int64(s.p.Classes.shape.Subjects)
	err = s.visit(ctx, levels, func(n *node) error {
		for i, rows := range n.run.n {
			if rows == 0 || n.lost[i] {
				continue
			}
			sizes[int64(rows)]++
			if u := n.run.subjects; u != nil && !u.enough[i] {
				persons = min(persons, int64(u.start[i+1]-u.start[i]))
			}
			if n.run.population != nil {
				people[int64(n.run.population[i])] += int64(rows)
			}
		}
		return nil
	})
	r := risksOf(sizes, people)
	r.Persons = persons
	return r, err
}

// risksOf is the risks of so many classes of each size, and of so many rows whose class
// has each number of persons of the population.
func risksOf(sizes, people map[int64]int64) Risks {
	r := prosecuted(sizes)
	if r.Rows == 0 {
		return r
	}
	sum := 0.0
	for i, n := range sorted(people) {
		if i == 0 {
			r.JournalistMost = 1 / float64(max(n, 1))
		}
		sum += float64(people[n]) / float64(max(n, 1))
	}
	r.JournalistMean = sum / float64(r.Rows)
	return r
}

// prosecuted are the risks that follow from how many classes are of a size.
func prosecuted(sizes map[int64]int64) (r Risks) {
	for _, size := range sorted(sizes) {
		r.Sizes = append(r.Sizes, Size{size, sizes[size]})
		r.Rows += size * sizes[size]
		r.Classes += sizes[size]
	}
	if r.Rows == 0 {
		return r
	}
	r.Smallest = r.Sizes[0].Rows
	r.ProsecutorMost = 1 / float64(r.Smallest)
	r.ProsecutorMean = float64(r.Classes) / float64(r.Rows)
	r.Marketer = r.ProsecutorMean
	return r
}

func sorted(m map[int64]int64) []int64 {
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

// Figures is what the values of a sensitive column in the classes that stay come
// to. Null is a value of its own, and does not count towards the diversities.
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

// Describe gives the figures of a sensitive column at levels, each column alone. To
// have the other sensitive columns as quasi-identifiers, as pycanon can, count them
// so. The distances are as
// in rule, whose T is not looked at.
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
			l := n.run.lists[column]
			for i, rows := range n.run.n {
				if rows > 0 && !n.lost[i] {
					f(l.code[l.start[i]:l.start[i+1]], l.n[l.start[i]:l.start[i+1]])
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
