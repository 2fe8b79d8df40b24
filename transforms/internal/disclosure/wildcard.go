package disclosure

// wildcard marks the classes that have fewer than K rows when null matches any
// value, both ways, and says whether it marked any. Marked classes are dropped, and
// lend their rows to nobody: it goes on until what stays has enough among itself.
func (s *searcher) wildcard(n *node, lost []bool) bool {
	marked := false
	for {
		counts := s.matching(n, lost)
		again := false
		for i, rows := range n.run.n {
			if rows > 0 && !lost[i] && counts[i] < int64(s.p.Models.K) {
				lost[i], again, marked = true, true, true
			}
		}
		if !again {
			return marked
		}
	}
}

// matching counts for each class the rows, of classes that are not lost, that match
// it.
func (s *searcher) matching(n *node, lost []bool) []int64 {
	r := n.run
	patterns := map[uint64][]int{} // which columns are null, to classes
	var order []uint64
	for i := range r.n {
		p := uint64(0)
		for j, f := range s.keys.fields {
			if int64(f.get(r.key(i))) == s.p.Quasi[j].null[n.levels[j]] {
				p |= 1 << j
			}
		}
		if patterns[p] == nil {
			order = append(order, p)
		}
		patterns[p] = append(patterns[p], i)
	}
	counts := make([]int64, r.len())
	key := make([]uint64, r.words)
	for _, a := range order {
		for _, b := range order {
			// What neither leaves open must be equal.
			project := func(i int) []uint64 {
				copy(key, r.key(i))
				for j, f := range s.keys.fields {
					if (a|b)>>j&1 == 1 {
						key[f.word] &^= f.mask() << f.shift
					}
				}
				return key
			}
			sums := newTable(r.words)
			for _, i := range patterns[b] {
				if !lost[i] {
					sums.add(project(i), r.n[i])
				}
			}
			for _, i := range patterns[a] {
				counts[i] += int64(sums.get(project(i)))
			}
		}
	}
	return counts
}
