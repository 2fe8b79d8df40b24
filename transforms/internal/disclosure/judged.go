package disclosure

import (
	"cmp"
	"math"
	"slices"
)

// weighed is the node of classes that are joined, and what of them lasts.
func (s *searcher) weighed(levels []int, r *run) *node {
	n := &node{levels: levels, run: r, fails: s.noFails(r.len())}
	st := &n.weak
	if s.simple {
		s.weigh(n)
		return n
	}
	s.lasting(n)
	for i, rows := range r.n {
		if rows == 0 {
			continue
		}
		st.all++
		square := uint64(rows) * uint64(rows)
		st.squares += square
		if n.fails[i] {
			st.bad += int64(rows)
			continue
		}
		st.good++
		st.goodOnes += square
	}
	return n
}

func (s *searcher) noFails(n int) []bool {
	last := len(s.flags) - 1
	if last < 0 || cap(s.flags[last]) < n {
		return make([]bool, n)
	}
	flags := s.flags[last][:n]
	s.flags = s.flags[:last]
	clear(flags)
	return flags
}

// weigh is lasting and the sums in one go, where only K counts rows.
func (s *searcher) weigh(n *node) {
	k := uint32(min(s.p.Models.K, math.MaxInt32))
	var bad, good, squares, goodOnes uint64
	for i, rows := range n.run.n {
		square := uint64(rows) * uint64(rows)
		squares += square
		fails := rows < k
		n.fails[i] = fails
		b := uint64(0)
		if fails {
			b = 1
		}
		bad += b * uint64(rows)
		good += 1 - b
		goodOnes += (1 - b) * square
	}
	n.weak = stats{bad: int64(bad), good: int64(good), all: int64(n.run.len()), squares: squares, goodOnes: goodOnes}
}

// judge tests all models, once.
func (s *searcher) judge(n *node) {
	if n.judged {
		return
	}
	n.judged = true
	n.weak.leaves = s.leaves(n, n.fails)
	n.lost, n.st = n.fails, n.weak
	if s.strict || s.p.Models.AverageRisk.num > 0 {
		n.lost = s.lost(n)
		s.sum(n)
	}
	if s.p.Metric == SuppressedEntropy {
		n.st.bits = s.bits(n, n.lost)
	}
}

// sum adds up the classes that are not lost.
func (s *searcher) sum(n *node) {
	st := &n.st
	st.bad, st.good, st.goodOnes = 0, 0, 0
	for i, rows := range n.run.n {
		switch {
		case rows == 0:
		case n.lost[i]:
			st.bad += int64(rows)
		default:
			st.good++
			st.goodOnes += uint64(rows) * uint64(rows)
		}
	}
	st.leaves = s.leaves(n, n.lost)
}

// bits is how many the values of the rows of some classes hold among themselves.
func (s *searcher) bits(n *node, lost []bool) float64 {
	sum, all := 0.0, uint64(0)
	for i, l := range lost {
		if l {
			all += uint64(n.run.n[i])
		}
	}
	for j, f := range s.keys.fields {
		rows := make([]uint64, s.p.Quasi[j].cards[n.levels[j]])
		for i, l := range lost {
			if l {
				rows[f.get(n.run.key(i))] += uint64(n.run.n[i])
			}
		}
		sum += xlnx(all)
		for _, c := range rows {
			sum -= xlnx(c)
		}
	}
	return max(sum, 0) / math.Ln2
}

// lost is the classes that fail any model. What one model drops, others do not count.
func (s *searcher) lost(n *node) []bool {
	lost, r := slices.Clone(n.fails), n.run
	for i, rows := range r.n {
		lost[i] = lost[i] || rows > 0 && s.strict && !s.passes(r, i)
	}
	for again := true; again; {
		again = s.p.Models.Wildcard && s.wildcard(n, lost)
		if s.p.Models.AverageRisk.num > 0 {
			again = s.average(n, lost) && s.p.Models.Wildcard
		}
	}
	return lost
}

// average drops the smallest classes until the mean risk is low enough, and says
// whether it dropped any.
func (s *searcher) average(n *node, lost []bool) bool {
	r := n.run
	var stay []int
	rows := uint64(0)
	for i, size := range r.n {
		if size > 0 && !lost[i] {
			stay = append(stay, i)
			rows += uint64(size)
		}
	}
	num, den := s.p.Models.AverageRisk.terms()
	low := func() bool {
		return compare(wide{0, uint64(len(stay))}, []uint64{den}, []uint64{num, rows}) <= 0
	}
	if low() {
		return false
	}
	slices.SortFunc(stay, func(a, b int) int {
		return cmp.Or(cmp.Compare(r.n[a], r.n[b]), s.byLabels(n, a, b))
	})
	for !low() {
		lost[stay[0]] = true
		rows -= uint64(r.n[stay[0]])
		stay = stay[1:]
	}
	return true
}

// byLabels orders classes by what stands for their values, null last, in the order of
// the policy.
func (s *searcher) byLabels(n *node, a, b int) int {
	for j, f := range s.keys.fields {
		x, y := f.get(n.run.key(a)), f.get(n.run.key(b))
		if x == y {
			continue
		}
		p, isX := s.p.Quasi[j].Label(n.levels[j], x)
		q, isY := s.p.Quasi[j].Label(n.levels[j], y)
		if !isX || !isY {
			return map[bool]int{true: -1, false: 1}[isX]
		}
		return cmp.Compare(p, q)
	}
	return 0
}

// lasting notes the classes that fail what a class keeps when others join it.
func (s *searcher) lasting(n *node) {
	m, r := s.p.Models, n.run
	k := uint32(min(m.K, math.MaxInt32))
	switch {
	case r.subjects != nil && m.K > 0:
		u := r.subjects
		for i := range r.n {
			n.fails[i] = !u.enough[i] && int(u.start[i+1]-u.start[i]) < m.K
		}
	case !m.Wildcard:
		for i, rows := range r.n {
			n.fails[i] = rows < k
		}
	}
	if m.KMap > 0 {
		for i, people := range r.population {
			n.fails[i] = n.fails[i] || int64(people) < int64(m.KMap)
		}
	}
	for _, j := range s.judges {
		if j.least == 0 {
			continue
		}
		l := &r.lists[s.p.Classes.list(j.Column)]
		for i := range r.n {
			n.fails[i] = n.fails[i] || !j.lasts(l.code[l.start[i]:l.start[i+1]])
		}
	}
	if m.Wildcard {
		s.wildcard(n, n.fails)
	}
}

// passes tests what a class may lose when others join it.
func (s *searcher) passes(r *run, i int) bool {
	for _, j := range s.judges {
		l := &r.lists[s.p.Classes.list(j.Column)]
		a, b := l.start[i], l.start[i+1]
		if !j.passes(l.code[a:b], l.n[a:b]) {
			return false
		}
	}
	return true
}

// leaves sums, over the classes that fail, their rows times the leaves under each of
// their values.
func (s *searcher) leaves(n *node, fails []bool) []uint64 {
	r, keys, levels := n.run, s.keys, n.levels
	sums := make([]uint64, len(levels))
	if s.p.Metric != Loss {
		return sums
	}
	classes := s.bad[:0]
	for i, fail := range fails {
		if fail {
			classes = append(classes, uint32(i))
		}
	}
	s.bad = classes
	if r.words == 1 && len(classes) > 1<<9 {
		s.leavesByChunk(r, levels, classes, sums)
		return sums
	}
	for j, f := range keys.fields {
		under, mask := s.scale.under[j][levels[j]], f.mask()
		sum := uint64(0)
		for _, i := range classes {
			sum += uint64(r.n[i]) * under[r.keys[int(i)*r.words+f.word]>>f.shift&mask]
		}
		sums[j] = sum
	}
	return sums
}

// leavesByChunk counts rows by some bits of their keys at once, then by column.
func (s *searcher) leavesByChunk(r *run, levels []int, classes []uint32, sums []uint64) {
	keys := s.keys
	for j := 0; j < len(keys.fields); {
		first := j
		bits := keys.fields[j].bits
		for j++; j < len(keys.fields) && bits+keys.fields[j].bits <= chunk11; j++ {
			bits += keys.fields[j].bits
		}
		if len(s.margin) < 1<<bits {
			s.margin = make([]uint64, 1<<bits)
		}
		margin, shift, mask := s.margin[:1<<bits], keys.fields[first].shift, uint64(1)<<bits-1
		clear(margin)
		for _, i := range classes {
			margin[r.keys[i]>>shift&mask] += uint64(r.n[i])
		}
		for v, rows := range margin {
			if rows == 0 {
				continue
			}
			for c := first; c < j; c++ {
				f := keys.fields[c]
				sums[c] += rows * s.scale.under[c][levels[c]][uint64(v)>>(f.shift-shift)&f.mask()]
			}
		}
	}
}
