package disclosure

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// gathering makes runs, in the codes of the domains, of what the workers have.
type gathering struct {
	h      *Histogram
	become [][]uint32 // by column, what a code becomes
	keys   layout
}

// part is what is gathered at once: all, or the i-th of so many parts of a partition.
type part struct {
	whole     bool
	partition int
	index, of uint64
}

func addUp(a, b uint32) uint32 {
	if a+b < a {
		return math.MaxUint32
	}
	return a + b
}

func greater(a, b uint32) uint32 { return max(a, b) }

func (g *gathering) gather(ctx context.Context, p part) (*run, error) {
	kinds := make([]entries, g.h.kinds())
	for kind := range kinds {
		kinds[kind].words = g.keys.words
		if g.paired(kind) {
			kinds[kind].words++
		}
	}
	for _, w := range g.h.workers {
		if err := g.take(ctx, w, p, kinds); err != nil {
			return nil, err
		}
	}
	for kind := range kinds {
		join := addUp
		if kind >= g.h.kindSeen() {
			join = greater
		}
		kinds[kind].order(join)
	}
	return g.run(kinds), nil
}

// paired says whether the keys of a kind have something besides the class.
func (g *gathering) paired(kind int) bool {
	return kind >= kindSensitive && kind != g.h.kindSeen()
}

// take appends what a worker has of a part.
func (g *gathering) take(ctx context.Context, w *Worker, p part, kinds []entries) error {
	var hashes [][]uint64
	if !p.whole && p.of > 1 {
		hashes = g.h.hashes()
	}
	add := func(kind int, keys layout, key []uint64, n uint32) {
		if hashes != nil && (place(keys, key, hashes)>>32)*p.of>>32 != p.index {
			return
		}
		e := &kinds[kind]
		at := len(e.keys)
		for range e.words {
			e.keys = append(e.keys, 0)
		}
		for j, f := range g.keys.fields {
			e.keys[at+f.word] |= uint64(g.become[j][keys.fields[j].get(key)]) << f.shift
		}
		switch {
		case kind == g.h.kindSubjects():
			e.keys[at+e.words-1] = key[len(key)-1]
		case g.paired(kind):
			code := keys.fields[len(g.keys.fields)].get(key)
			e.keys[at+e.words-1] = uint64(g.become[len(g.keys.fields)+kind-kindSensitive][code])
		}
		e.n = append(e.n, n)
	}
	if p.whole {
		for kind := range kinds {
			keys, n := w.layoutOf(kind), w.count(kind)
			kinds[kind].keys = slices.Grow(kinds[kind].keys, n*kinds[kind].words)
			kinds[kind].n = slices.Grow(kinds[kind].n, n)
			_ = w.each(kind, func(key []uint64, n uint32) error {
				add(kind, keys, key, n)
				return nil
			})
		}
		for kind := range w.tables {
			w.empty(kind)
		}
	}
	if w.spill == nil {
		return nil
	}
	for i, chunks := range w.spill.chunks {
		if !p.whole && i != p.partition {
			continue
		}
		for _, c := range chunks {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := w.spill.each(i, c, func(key []uint64, n uint32) error {
				add(c.kind, c.keys, key, n)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// run makes classes of sorted entries.
func (g *gathering) run(kinds []entries) *run {
	rows, people := &kinds[kindRows], &kinds[kindPopulation]
	r := &run{words: g.keys.words, keys: rows.keys, n: rows.n}
	if g.h.shape.Population {
		r.join(rows, people)
	}
	for s := range g.h.shape.lists() {
		e := &kinds[kindSensitive+s]
		l := list{n: e.n}
		l.start = r.starts(e)
		for i := range e.n {
			l.code = append(l.code, uint32(e.keys[(i+1)*e.words-1]))
		}
		r.lists = append(r.lists, l)
	}
	if enough := uint32(g.h.shape.Subjects); enough > 0 {
		r.count(&kinds[g.h.kindSeen()], &kinds[g.h.kindSubjects()], enough)
	}
	return r
}

// join makes classes of those of the rows and those of the population.
func (r *run) join(rows, people *entries) {
	r.keys, r.n, r.population = nil, nil, []uint32{}
	w := rows.words
	for i, j := 0, 0; i < len(rows.n) || j < len(people.n); {
		var order int
		switch {
		case i == len(rows.n):
			order = 1
		case j == len(people.n):
			order = -1
		default:
			order = slices.Compare(rows.keys[i*w:(i+1)*w], people.keys[j*w:(j+1)*w])
		}
		n, p := uint32(0), uint32(0)
		key := people.keys[min(j*w, len(people.keys)):min((j+1)*w, len(people.keys))]
		if order <= 0 {
			n, key = rows.n[i], rows.keys[i*w:(i+1)*w]
			i++
		}
		if order >= 0 {
			p = people.n[j]
			j++
		}
		r.keys, r.n, r.population = append(r.keys, key...), append(r.n, n), append(r.population, p)
	}
}

// starts says where in pairs that are sorted the pairs of each class begin.
func (r *run) starts(pairs *entries) []uint32 {
	start := make([]uint32, 0, r.len()+1)
	at := 0
	for i := range r.len() {
		start = append(start, uint32(at))
		for at < len(pairs.n) && slices.Equal(pairs.keys[at*pairs.words:at*pairs.words+r.words], r.key(i)) {
			at++
		}
	}
	return append(start, uint32(at))
}

func (r *run) count(seen, pairs *entries, enough uint32) {
	s := &subjects{enough: make([]bool, r.len())}
	start := r.starts(pairs)
	at := r.starts(seen)
	for i := range r.len() {
		s.start = append(s.start, uint32(len(s.id)))
		n := start[i+1] - start[i]
		s.enough[i] = n >= enough || at[i] < at[i+1] && seen.n[at[i]] >= enough
		for p := start[i]; p < start[i+1] && !s.enough[i]; p++ {
			s.id = append(s.id, pairs.keys[int(p+1)*pairs.words-1])
		}
	}
	s.start = append(s.start, uint32(len(s.id)))
	r.subjects = s
}

// store makes runs on disk, partition by partition, each in parts that fit.
func (g *gathering) store(ctx context.Context, c *Classes) error {
	for _, w := range g.h.workers {
		if err := w.putAside(ctx); err != nil {
			return err
		}
	}
	out, err := g.h.opts.Create()
	if err != nil {
		return fmt.Errorf("put classes aside: %w", err)
	}
	g.h.out = out
	for p := range partitions {
		size := int64(0)
		for _, w := range g.h.workers {
			if w.spill == nil {
				continue
			}
			for _, k := range w.spill.chunks[p] {
				size += int64(k.entries) * int64(8*(g.keys.words+1)+8)
			}
		}
		if size == 0 {
			continue
		}
		of := uint64(3*size/c.memory + 1)
		for i := range of {
			r, err := g.gather(ctx, part{partition: p, index: i, of: of})
			if err != nil {
				return err
			}
			c.note(r)
			stored, err := storeRun(out, r)
			if err != nil {
				return err
			}
			c.stored = append(c.stored, stored...)
		}
		for _, w := range g.h.workers {
			if err := w.spill.free(p); err != nil {
				return err
			}
		}
	}
	return nil
}
