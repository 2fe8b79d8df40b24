package disclosure

import (
	"cmp"
	"context"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Grouping is what Mondrian made: groups of classes, each with its own ranges. The
// same value may be in ranges that overlap, on which portals filter badly.
type Grouping struct {
	Groups []Group
	shape  Shape
	keys   layout
	of     *table // class to group, plus 1
}

// Risks are those of the rows, all of which stay, or of their persons where these are
// counted: each group has k of them at least.
func (g *Grouping) Risks(k int64) Risks {
	w := g.shape.weighing()
	for _, group := range g.Groups {
		w.add(group.Rows, counted{min(k, group.Rows), group.Rows}, 0)
	}
	return w.risks()
}

// Group is rows that are published alike.
type Group struct {
	Rows   int64
	Ranges []Range // by quasi-identifier
}

// Range is what stands for the values of a group in a column: a single value, of
// numbers the least and the greatest, else the lowest label that holds all; the
// level is -1 where only * does. Null in a group of others makes it -1 too.
type Range struct {
	Level    int
	Code     uint32
	From, To uint32 // leaf codes of the least and the greatest
	Numbers  bool   // From and To say it
}

// Mondrian cuts the rows into the smallest groups that keep the models, by the strict
// method of LeFevre, DeWitt and Ramakrishnan: each time at the weighted median of the
// quasi-identifier whose values spread widest, the first of the policy when equal;
// values equal to the median go left; when that cut is not allowed, the next
// quasi-identifier is tried. Nothing is suppressed.
func Mondrian(ctx context.Context, p Problem) (*Grouping, error) {
	s, err := newSearcherAt(p, false)
	if err != nil {
		return nil, err
	}
	m := p.Models
	switch {
	case m.Wildcard:
		return nil, messages.ModelsApart.With("first", "search = \"mondrian\"", "second", "null_match = \"wildcard\"")
	case m.AverageRisk.num > 0:
		return nil, messages.ModelsApart.With("first", "search = \"mondrian\"", "second", "average risk")
	case p.Classes.whole == nil:
		return nil, messages.TooManyClasses.With("bound", p.Classes.memory)
	}
	c := &cutter{s: s, r: p.Classes.whole, g: &Grouping{shape: p.Classes.shape, keys: p.Classes.keys, of: newTable(p.Classes.keys.words)}}
	all := make([]uint32, 0, c.r.len())
	for i := range c.r.n {
		all = append(all, uint32(i))
	}
	if !c.allowed(all) {
		return nil, messages.NoLevels.With("rows", p.Classes.Rows, "limit", 0, "suppressed", p.Classes.Rows)
	}
	return c.g, c.cut(ctx, all)
}

// Of gives for each row, given by the leaf codes of its quasi-identifiers, its group.
func (g *Grouping) Of(quasi [][]uint32, group []uint32) {
	words := g.keys.words
	key := make([]uint64, words)
	for i := range group {
		clear(key)
		for j, f := range g.keys.fields {
			key[f.word] |= uint64(quasi[j][i]) << f.shift
		}
		group[i] = g.of.get(key) - 1
	}
}

type cutter struct {
	s *searcher
	r *run
	g *Grouping
}

func (c *cutter) cut(ctx context.Context, classes []uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, j := range c.byWidth(classes) {
		left, right := c.halve(j, classes)
		if len(right) > 0 && c.allowed(left) && c.allowed(right) {
			if err := c.cut(ctx, left); err != nil {
				return err
			}
			return c.cut(ctx, right)
		}
	}
	c.close(classes)
	return nil
}

func (c *cutter) position(j int, class uint32) float64 {
	return c.s.p.Quasi[j].position[c.g.keys.fields[j].get(c.r.key(int(class)))]
}

// byWidth is the quasi-identifiers with more than one value, the widest first.
func (c *cutter) byWidth(classes []uint32) []int {
	var order []int
	width := make([]float64, len(c.s.p.Quasi))
	for j, l := range c.s.p.Quasi {
		least, most := c.spread(j, classes)
		if least == most {
			continue
		}
		width[j] = (most - least) / (slices.Max(l.position) - slices.Min(l.position))
		order = append(order, j)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(width[b], width[a]) })
	return order
}

func (c *cutter) spread(j int, classes []uint32) (least, most float64) {
	least = c.position(j, classes[0])
	most = least
	for _, i := range classes[1:] {
		x := c.position(j, i)
		least, most = min(least, x), max(most, x)
	}
	return least, most
}

// halve parts classes at the weighted median of a column.
func (c *cutter) halve(j int, classes []uint32) (left, right []uint32) {
	order := slices.Clone(classes)
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(c.position(j, a), c.position(j, b)) })
	total, sum := int64(0), int64(0)
	for _, i := range order {
		total += c.weight(i)
	}
	median := c.position(j, order[0])
	for _, i := range order {
		sum += c.weight(i)
		median = c.position(j, i)
		if 2*sum >= total {
			break
		}
	}
	for _, i := range classes {
		if c.position(j, i) <= median {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	return left, right
}

func (c *cutter) weight(class uint32) int64 { return int64(c.r.n[class]) }

// allowed says whether classes, as one, keep the models.
func (c *cutter) allowed(classes []uint32) bool {
	part := c.r.pick(classes)
	g := grouping{of: make([]uint32, len(classes)), to: &run{words: c.r.words, keys: part.keys[:c.r.words], n: []uint32{0}}}
	for _, n := range part.n {
		g.to.n[0] += n
	}
	if g.to.n[0] == 0 {
		return false
	}
	g.population(part)
	c.s.values(part, &g)
	n := &node{run: g.to, fails: make([]bool, 1)}
	c.s.lasting(n)
	return !n.fails[0] && (!c.s.strict || c.s.passes(g.to, 0))
}

func (c *cutter) close(classes []uint32) {
	g := Group{}
	for _, i := range classes {
		g.Rows += c.weight(i)
		c.g.of.put(c.r.key(int(i)), uint32(len(c.g.Groups)+1))
		if c.g.of.used*4 > len(c.g.of.n)*3 {
			c.g.of.grow()
		}
	}
	for j := range c.s.p.Quasi {
		g.Ranges = append(g.Ranges, c.rangeOf(j, classes))
	}
	c.g.Groups = append(c.g.Groups, g)
}

func (c *cutter) rangeOf(j int, classes []uint32) Range {
	l, f := c.s.p.Quasi[j], c.g.keys.fields[j]
	var r Range
	null := false
	for n, i := range classes {
		leaf := f.get(c.r.key(int(i)))
		null = null || int64(leaf) == l.null[0]
		if n == 0 {
			r.From, r.To = leaf, leaf
			continue
		}
		if l.position[leaf] < l.position[r.From] {
			r.From = leaf
		}
		if l.position[leaf] > l.position[r.To] {
			r.To = leaf
		}
	}
	r.Numbers = l.numeric && !null && r.From != r.To
	for level, up := range l.up {
		r.Level, r.Code = level, up[r.From]
		one := true
		for _, i := range classes {
			one = one && up[f.get(c.r.key(int(i)))] == r.Code
		}
		if one {
			return r
		}
	}
	r.Level, r.Code = -1, 0
	return r
}

// pick is some classes of a run.
func (r *run) pick(classes []uint32) *run {
	p := &run{words: r.words}
	for _, i := range classes {
		p.append(r.slice(int(i), int(i)+1), 0, 1)
	}
	return p
}
