package disclosure

import "slices"

// Loss is Loss of what the groups leave as, and, by quasi-identifier, how far it is
// generalised, from 0 to 1. ranges says of which a range of numbers leaves as its ends: it
// stands for the values that occur between them. All other ranges are a label, which
// stands for the leaves under it.
func (g *Grouping) Loss(quasi []*Levels, ranges []bool) (loss float64, shares []float64) {
	rows := uint64(0)
	for _, group := range g.Groups {
		rows += uint64(group.Rows)
	}
	s := &scale{rows: rows}
	for j, l := range quasi {
		s.domain = append(s.domain, l.domain)
		places := slices.Sorted(slices.Values(l.position))
		leaves := uint64(0)
		for _, group := range g.Groups {
			r, under := group.Ranges[j], l.domain
			switch {
			case r.Numbers && ranges[j]:
				from, _ := slices.BinarySearch(places, l.position[r.From])
				to, _ := slices.BinarySearch(places, l.position[r.To])
				under = uint64(to - from + 1)
			case r.Level >= 0:
				under = l.under[r.Level][r.Code]
			}
			leaves += uint64(group.Rows) * under
		}
		shares = append(shares, s.share(j, leaves))
	}
	return root(product(slices.Clone(shares)), len(shares)) - 1, shares
}
