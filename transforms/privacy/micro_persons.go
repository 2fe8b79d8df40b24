package privacy

import (
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// personsMistake is what is wrong with a subject beside means.
func (c policyConfig) personsMistake() error {
	for _, m := range c.Micro {
		switch {
		case c.Subject == "":
		case slices.Contains(m.Columns, c.Subject):
			return pipelines.At("subject", messages.SubjectAveraged.With("group", m.Name, "column", c.Subject))
		case m.Method == "optimal":
			return pipelines.At("subject", messages.OptimalPersons.With("group", m.Name))
		}
	}
	return nil
}

// rowsCounted are the names of the groups of columns whose means are of k rows, whoever they
// are of.
func (c policyConfig) rowsCounted() (names []string) {
	for _, m := range c.Micro {
		if c.Subject == "" {
			names = append(names, m.Name)
		}
	}
	return names
}

// averagedSubject is the column that tells of whom the rows of means are; -1: rows are counted.
func (t policy) averagedSubject(in *arrow.Schema) (int, error) {
	if t.Subject == "" {
		return -1, nil
	}
	i, err := pipelines.ColumnIndex(in, t.Subject)
	if err != nil {
		return -1, err
	}
	if f := in.Field(i); !countable(f.Type) {
		return -1, messages.NotCountable.With("column", t.Subject, "got", pipelines.TypeName(f.Type))
	}
	return i, nil
}

// toldBy is the column of a file that tells of whom its rows are; -1: it does not.
func (t policy) toldBy(s *arrow.Schema) int {
	if is := s.FieldIndices(t.Subject); t.tells() && len(is) == 1 && countable(s.Field(is[0]).Type) {
		return is[0]
	}
	return -1
}

// crowds are, of each of numbered keys, the persons of whom its rows are, up to k: once there
// are so many nobody asks who they are.
type crowds struct {
	k      int
	first  []uint64 // one of them
	count  []int32
	others map[int][]uint64 // in their order, of keys with more than one person and fewer than k
	kept   int64            // bytes of others, about
	union  map[uint64]struct{}
}

func newCrowds(k int) *crowds {
	return &crowds{k: k, others: map[int][]uint64{}, union: map[uint64]struct{}{}}
}

// crowdCost is what a list of others takes beside what is in it, about.
const crowdCost = 64

// add notes a person of key n; more says that something more is held.
func (p *crowds) add(n int, who uint64) (more bool) {
	for n >= len(p.count) {
		p.first, p.count = append(p.first, 0), append(p.count, 0)
	}
	switch {
	case p.count[n] == 0:
		p.first[n], p.count[n] = who, 1
		return true
	case int(p.count[n]) == p.k || p.first[n] == who:
		return false
	}
	others := p.others[n]
	at, known := slices.BinarySearch(others, who)
	if known {
		return false
	}
	if others != nil {
		p.kept -= crowdCost + 8*int64(cap(others))
	}
	if p.count[n]++; int(p.count[n]) == p.k {
		delete(p.others, n)
		return false
	}
	others = slices.Insert(others, at, who)
	p.others[n] = others
	p.kept += crowdCost + 8*int64(cap(others))
	return true
}

// held is how many bytes are held, about.
func (p *crowds) held() int64 {
	if p == nil {
		return 0
	}
	return 8*int64(cap(p.first)) + 4*int64(cap(p.count)) + p.kept
}

// reach is how many of n keys are looked at, one after the other, until they are of k
// persons; 0 where all of them are of fewer.
func (p *crowds) reach(n int, key func(i int) int32) int {
	clear(p.union)
	for i := range n {
		at := int(key(i))
		p.union[p.first[at]] = struct{}{}
		for _, who := range p.others[at] {
			p.union[who] = struct{}{}
		}
		if int(p.count[at]) == p.k || len(p.union) >= p.k {
			return i + 1
		}
	}
	return 0
}

// enough says whether the rows of tuples may leave as their mean: they are k, or of k persons.
func (g *gathering) enough(tuples []int32) bool {
	if g.crowds == nil {
		return g.rowsOf(tuples) >= int64(g.K)
	}
	return g.crowds.reach(len(tuples), func(i int) int32 { return tuples[i] }) > 0
}

// weight is how many points a tuple is where groups of k points are made.
func (g *gathering) weight(t int32) int {
	if g.crowds == nil {
		return int(min(g.tuples.rows[t], int64(g.K)))
	}
	return int(g.crowds.count[t])
}

// between is the value nearest to median up to which a block, in the order of column c, and
// beyond which it is of enough persons; false where there is none.
func (g *gathering) between(sorted []int32, c int, median float64) (float64, bool) {
	near, n := g.near[c], len(sorted)
	value := func(i int) float64 { return near[sorted[i]] }
	left := g.crowds.reach(n, func(i int) int32 { return sorted[i] })
	right := g.crowds.reach(n, func(i int) int32 { return sorted[n-1-i] })
	if left == 0 || right == 0 || value(left-1) >= value(n-right) {
		return 0, false
	}
	least, beyond := value(left-1), value(n-right)
	if median < beyond {
		return max(median, least), true
	}
	at, _ := slices.BinarySearchFunc(sorted, beyond, func(t int32, x float64) int { return cmp.Compare(near[t], x) })
	return value(at - 1), true
}

// whole says whether a block that nothing cuts leaves as one mean: its points are too many
// for their distances. It happens where one person has most of the rows.
func (g *gathering) whole(block []int32) bool {
	points := 0
	for _, t := range block {
		points += g.weight(t)
	}
	return g.crowds != nil && points > mostNear
}
