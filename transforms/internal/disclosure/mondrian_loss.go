package disclosure

import "slices"

// Loss is Loss of what the groups leave as, and, by quasi-identifier, how far it is
// generalised, from 0 to 1. ranges says of which a range of numbers leaves as its ends: it
// stands for the values that occur between them. All other ranges are a label, which
// stands for the leaves under it.
func (g *Grouping) Loss(quasi []*Levels, ranges []bool) (loss float64, shares []float64) {
	rows := uint64(0)
	for _, n := range g.rows {
		rows += uint64(n)
	}
	s := &scale{rows: rows}
	for j, l := range quasi {
		s.domain = append(s.domain, l.domain)
		under := make([]uint64, len(g.ranges[j])) // leaves
		until := g.Cuts.until(j)
		for i, r := range g.ranges[j] {
			switch places := g.Cuts.places[j]; {
			case r.Numbers && ranges[j]:
				under[i] = until[places[r.To]+1] - until[places[r.From]]
			case r.Level >= 0:
				under[i] = l.under[r.Level][r.Code]
			default:
				under[i] = l.domain
			}
		}
		leaves := uint64(0)
		for group, r := range g.of[j] {
			leaves += uint64(g.rows[group]) * under[r]
		}
		shares = append(shares, s.share(j, leaves))
	}
	return root(product(slices.Clone(shares)), len(shares)) - 1, shares
}

// until is by place how many leaves are before it.
func (c *Cuts) until(quasi int) []uint64 {
	until := make([]uint64, len(c.places[quasi])+1)
	for _, place := range c.places[quasi] {
		until[place+1]++
	}
	for i := range until[1:] {
		until[i+1] += until[i]
	}
	return until
}
