package disclosure

import (
	"math/bits"
	"slices"
)

// chunk11 is how many bits of a key are looked up at once.
const chunk11 = 11

// move is a table from some bits of a key to their part of a key above.
type move struct {
	word  int
	shift uint
	mask  uint64
	part  []uint64
}

// moves makes the tables from the codes at the levels below to those above.
func (s *searcher) moves(below, above []int) []move {
	fields := s.keys.fields
	ms := s.moved[:0]
	for j := 0; j < len(fields); {
		a := fields[j]
		end, bits := j+1, a.bits
		for end < len(fields) && fields[end].word == a.word && bits+fields[end].bits <= chunk11 {
			bits += fields[end].bits
			end++
		}
		m := move{a.word, a.shift, 1<<bits - 1, s.spare(len(ms))}
		for ; j < end; j++ {
			step, shift := s.step(j, below[j], above[j]), fields[j].shift
			wide := 1 << fields[j].bits
			old := len(m.part)
			m.part = slices.Grow(m.part, old*wide)[:old*wide]
			// The field just added is above those before it.
			for code := wide - 1; code >= 0; code-- {
				part := uint64(0)
				if code < len(step) {
					part = uint64(step[code]) << shift
				}
				for low := range old {
					m.part[code*old+low] = m.part[low] + part
				}
			}
		}
		ms = append(ms, m)
		s.parts[len(ms)-1] = m.part
	}
	s.moved = ms
	return ms
}

// spare is the n-th table, with one entry, 0. It is good until moves is called again.
func (s *searcher) spare(n int) []uint64 {
	if n == len(s.parts) {
		s.parts = append(s.parts, make([]uint64, 1, 1<<chunk11))
	}
	part := s.parts[n][:1]
	part[0] = 0
	return part
}

// step is Levels.step, kept.
func (s *searcher) step(j, from, to int) []uint32 {
	at := &s.steps[j][from][to]
	if *at == nil {
		*at = s.p.Quasi[j].step(from, to)
	}
	return *at
}

// up joins the classes of a run at the levels below under those above.
func (s *searcher) up(r *run, below, above []int) grouping {
	ms, n := s.moves(below, above), r.len()
	g := s.grouping(r)
	if r.words == 1 {
		s.targets(r, ms)
		s.join(s.target[:n], r.n, []uint64{0}, 0, 0, &g)
	} else {
		s.joinLong(r, ms, &g)
	}
	g.population(r)
	return g
}

// targets computes for keys of one word the keys above.
func (s *searcher) targets(r *run, ms []move) {
	n := r.len()
	if cap(s.target) < n {
		s.target = make([]uint64, n+n/4)
	}
	t := s.target[:n]
	keys := r.keys[:n]
	switch len(ms) {
	case 1:
		a := ms[0]
		for i, k := range keys {
			t[i] = a.part[k>>a.shift&a.mask]
		}
	case 2:
		a, b := ms[0], ms[1]
		for i, k := range keys {
			t[i] = a.part[k>>a.shift&a.mask] + b.part[k>>b.shift&b.mask]
		}
	case 3:
		a, b, c := ms[0], ms[1], ms[2]
		for i, k := range keys {
			t[i] = a.part[k>>a.shift&a.mask] + b.part[k>>b.shift&b.mask] + c.part[k>>c.shift&c.mask]
		}
	default:
		clear(t)
		for _, m := range ms {
			for i, k := range keys {
				t[i] += m.part[k>>m.shift&m.mask]
			}
		}
	}
}

// join makes one class of those with the same key above: k ^ change[k >> shift & mask]
// of each key k of one word. Classes are numbered as they first come.
func (s *searcher) join(keys []uint64, n []uint32, change []uint64, shift uint, mask uint64, to *grouping) {
	size, bits := uint(6), uint(bits.Len(uint(len(keys))))
	for 1<<size < 2*len(keys) {
		size++
	}
	if len(s.slots) < 1<<size {
		s.slots = make([]uint64, 1<<size)
	}
	slots := s.slots[:1<<size]
	clear(slots)
	if s.keys.bits()+bits <= 64 {
		s.joinPacked(keys, n, change, shift, mask, slots, bits, 64-size, to)
		return
	}
	out, counts := s.room(len(keys))
	last := uint64(len(slots) - 1)
	for i, k := range keys {
		k ^= change[k>>shift&mask]
		at := k * golden >> (64 - size)
		id := slots[at]
		for id != 0 && out[id-1] != k {
			at = (at + 1) & last
			id = slots[at]
		}
		if id == 0 {
			out, counts = append(out, k), append(counts, 0)
			id = uint64(len(out))
			slots[at] = id
		}
		to.of[i] = uint32(id - 1)
		counts[id-1] += n[i]
	}
	s.made(out, counts, to)
}

const golden = 0x9e3779b97f4a7c15

// joinPacked keeps the key and the number of a class in one slot.
func (s *searcher) joinPacked(keys []uint64, n []uint32, change []uint64, shift uint, mask uint64, slots []uint64, bits, hash uint, to *grouping) {
	out, counts := s.room(len(keys))
	out, counts = out[:len(keys)], counts[:len(keys)+1]
	clear(counts)
	last, ids := uint64(len(slots)-1), uint64(1)<<bits-1
	of := to.of[:len(keys)]
	n = n[:len(keys)]
	made := 0
	for i, k := range keys {
		k ^= change[k>>shift&mask]
		at := k * golden >> hash
		slot := slots[at]
		for slot != 0 && slot>>bits != k {
			at = (at + 1) & last
			slot = slots[at]
		}
		// Whether a class is new is as good as chance: no branch is taken on it.
		id, fresh := slot&ids, 0
		if slot == 0 {
			id = uint64(made + 1)
		}
		if slot == 0 {
			fresh = 1
		}
		out[made] = k
		slots[at] = k<<bits | id
		made += fresh
		of[i] = uint32(id - 1)
		counts[id] += n[i]
	}
	s.made(out[:made], counts[1:made+1], to)
}

func (s *searcher) joinLong(r *run, ms []move, g *grouping) {
	n := r.len()
	slots := 64
	for slots < 2*n {
		slots *= 2
	}
	table := make([]uint32, slots)
	key := make([]uint64, r.words)
	for i := range n {
		below := r.key(i)
		clear(key)
		for _, m := range ms {
			key[m.word] += m.part[below[m.word]>>m.shift&m.mask]
		}
		at := int(hashKey(key)>>1) & (slots - 1)
		id := table[at]
		for id != 0 && !slices.Equal(g.to.key(int(id-1)), key) {
			at = (at + 1) & (slots - 1)
			id = table[at]
		}
		if id == 0 {
			g.to.keys, g.to.n = append(g.to.keys, key...), append(g.to.n, 0)
			id = uint32(len(g.to.n))
			table[at] = id
		}
		g.of[i] = id - 1
		g.to.n[id-1] += r.n[i]
	}
}

func (g *grouping) population(r *run) {
	if r.population == nil {
		return
	}
	g.to.population = make([]uint32, g.to.len())
	for i, id := range g.of {
		g.to.population[id] = addUp(g.to.population[id], r.population[i])
	}
}

// members orders the classes below by the class above: those of class c are
// order[start[c]:start[c+1]].
func (g *grouping) members() (start, order []uint32) {
	start = make([]uint32, g.to.len()+1)
	for _, id := range g.of {
		start[id+1]++
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	next := slices.Clone(start)
	order = make([]uint32, len(g.of))
	for i, id := range g.of {
		order[next[id]] = uint32(i)
		next[id]++
	}
	return start, order
}

// values joins the values of the sensitive columns and the subjects, which the
// models look at.
func (s *searcher) values(r *run, g *grouping) {
	if len(r.lists) == 0 && r.subjects == nil {
		return
	}
	start, order := g.members()
	for c, l := range r.lists {
		sums := s.sums[c]
		if sums == nil {
			g.to.lists = append(g.to.lists, list{})
			continue
		}
		to := list{start: make([]uint32, 1, g.to.len()+1)}
		for id := range g.to.len() {
			first := len(to.code)
			for _, i := range order[start[id]:start[id+1]] {
				for p := l.start[i]; p < l.start[i+1]; p++ {
					code := l.code[p]
					if sums[code] == 0 {
						to.code = append(to.code, code)
					}
					sums[code] += l.n[p]
				}
			}
			for _, code := range to.code[first:] {
				to.n = append(to.n, sums[code])
				sums[code] = 0
			}
			to.start = append(to.start, uint32(len(to.code)))
		}
		g.to.lists = append(g.to.lists, to)
	}
	if r.subjects != nil {
		g.to.subjects = r.subjects.join(start, order, s.p.Classes.shape.Subjects)
	}
}

func (u *subjects) join(start, order []uint32, enough int) *subjects {
	to := &subjects{}
	for id := range len(start) - 1 {
		first := len(to.id)
		to.start = append(to.start, uint32(first))
		reached := false
		for _, i := range order[start[id]:start[id+1]] {
			reached = reached || u.enough[i]
		}
		if !reached {
			for _, i := range order[start[id]:start[id+1]] {
				to.id = append(to.id, u.id[u.start[i]:u.start[i+1]]...)
			}
			own := to.id[first:]
			slices.Sort(own)
			own = slices.Compact(own)
			reached = len(own) >= enough
			to.id = to.id[:first+len(own)]
		}
		if reached {
			to.id = to.id[:first]
		}
		to.enough = append(to.enough, reached)
	}
	to.start = append(to.start, uint32(len(to.id)))
	return to
}

// room is where classes are made; made takes a copy of them, in slices that are no
// longer needed where there are some.
func (s *searcher) room(n int) ([]uint64, []uint32) {
	if cap(s.outKeys) <= n {
		s.outKeys, s.outCounts = make([]uint64, n+n/4+1), make([]uint32, n+n/4+1)
	}
	return s.outKeys[:0], s.outCounts[:0]
}

func (s *searcher) made(keys []uint64, counts []uint32, g *grouping) {
	if last := len(s.free) - 1; last >= 0 {
		g.to.keys, g.to.n = s.free[last].keys[:0], s.free[last].n[:0]
		s.free = s.free[:last]
	}
	g.to.keys, g.to.n = append(g.to.keys, keys...), append(g.to.n, counts...)
}
