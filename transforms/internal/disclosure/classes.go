package disclosure

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Classes is what was counted: of each combination of the quasi-identifiers' values
// the rows, and what the shape asked for besides. It stands in memory or, when the
// bound does not allow that, in files of its Histogram.
type Classes struct {
	Quasi, Sensitive []*Domain // in the shape's order
	Rows             int64
	Count            int64 // classes, those of the population alone left out

	shape      Shape
	memory     int64
	keys       layout
	whole      *run      // nil when on disk
	stored     []stored  // runs, one after the other
	leaves     [][]int64 // rows by leaf, the population's too
	rowsByLeaf [][]int64
	dist       [][]int64 // rows by value of each sensitive column
	people     int64     // rows of the population, weighted
}

// Leaves is how many rows each leaf code of a quasi-identifier has, those of the
// population included: what Bind wants.
func (c *Classes) Leaves(j int) []int64 { return c.leaves[j] }

// Distribution is how many rows each code of a sensitive column has.
func (c *Classes) Distribution(s int) []int64 { return c.dist[s] }

// run is classes in the order of their keys.
type run struct {
	words      int
	keys       []uint64
	n          []uint32
	population []uint32 // nil: none is counted
	lists      []list   // by sensitive column
	subjects   *subjects
}

// list is for each class which codes its rows have, and how many have it.
type list struct {
	start []uint32
	code  []uint32
	n     []uint32
}

// subjects is the distinct subjects of each class that has not enough of them.
type subjects struct {
	enough []bool
	start  []uint32
	id     []uint64
}

func (r *run) len() int { return len(r.n) }

func (r *run) key(i int) []uint64 { return r.keys[i*r.words : (i+1)*r.words] }

// each visits all classes, run by run. What f gets is good until it returns.
func (c *Classes) each(ctx context.Context, f func(*run) error) error {
	if c.whole != nil {
		return f(c.whole)
	}
	for _, s := range c.stored {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := s.read()
		if err == nil {
			err = f(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish puts together what the workers counted. Nothing is counted afterwards.
func (h *Histogram) Finish(ctx context.Context) (*Classes, error) {
	c := &Classes{shape: h.shape, memory: h.opts.Memory}
	var dictionaries [][]*Dictionary
	for i := range len(h.shape.Quasi) + len(h.shape.Sensitive) {
		var ds []*Dictionary
		for _, w := range h.workers {
			ds = append(ds, append(w.quasi[:len(w.quasi):len(w.quasi)], w.sensitive...)[i])
		}
		dictionaries = append(dictionaries, ds)
	}
	g := &gathering{h: h}
	var cards []uint32
	for i, ds := range dictionaries {
		d, become := unite(ds)
		g.become = append(g.become, become)
		if i < len(h.shape.Quasi) {
			c.Quasi = append(c.Quasi, d)
			cards = append(cards, uint32(d.Len()))
			c.leaves = append(c.leaves, make([]int64, d.Len()))
			c.rowsByLeaf = append(c.rowsByLeaf, make([]int64, d.Len()))
		} else {
			c.Sensitive = append(c.Sensitive, d)
			c.dist = append(c.dist, make([]int64, d.Len()))
		}
	}
	g.keys = newLayout(cards)
	c.keys = g.keys
	aside, entries := false, int64(0)
	for _, w := range h.workers {
		c.Rows += w.rows
		aside = aside || w.spill != nil
		entries += w.entries()
	}
	if c.Rows > math.MaxUint32 {
		return nil, messages.TooManyToCount.With("bound", uint32(math.MaxUint32))
	}
	size := entries * int64(8*(g.keys.words+1)+8)
	// The search makes tables besides, together a few times as large as this one.
	if !aside || h.opts.Memory == 0 || size <= h.opts.Memory/4 {
		r, err := g.gather(ctx, part{whole: true, of: 1})
		if err != nil {
			return nil, err
		}
		c.whole = r
		c.note(r)
		return c, nil
	}
	return c, g.store(ctx, c)
}

func (w *Worker) entries() int64 {
	n := int64(0)
	for _, t := range w.tables {
		n += int64(t.used)
	}
	if w.spill != nil {
		for _, chunks := range w.spill.chunks {
			for _, c := range chunks {
				n += int64(c.entries)
			}
		}
	}
	return n
}

// note adds a run to the sums over all classes.
func (c *Classes) note(r *run) {
	for i, n := range r.n {
		rows := int64(n)
		if n > 0 {
			c.Count++
		}
		if r.population != nil {
			c.people += int64(r.population[i])
			rows = max(rows, int64(r.population[i]))
		}
		key := r.key(i)
		for j, f := range c.keys.fields {
			code := f.get(key)
			c.leaves[j][code] += rows
			c.rowsByLeaf[j][code] += int64(n)
		}
	}
	for s, l := range r.lists {
		for i, code := range l.code {
			c.dist[s][code] += int64(l.n[i])
		}
	}
}

// gathering makes runs, in the codes of the domains, of what the workers have.
type gathering struct {
	h      *Histogram
	become [][][]uint32 // by column and worker, what a code becomes
	keys   layout
}

// part is what is gathered at once: all, or the i-th of so many parts of a partition.
type part struct {
	whole     bool
	partition int
	index, of uint64
}

// entries is keys and counts, to be sorted.
type entries struct {
	words int
	keys  []uint64
	n     []uint32
}

func (e *entries) Len() int { return len(e.n) }

func (e *entries) compare(i, j int) int {
	return slices.Compare(e.keys[i*e.words:(i+1)*e.words], e.keys[j*e.words:(j+1)*e.words])
}

func (e *entries) Less(i, j int) bool { return e.compare(i, j) < 0 }

func (e *entries) Swap(i, j int) {
	e.n[i], e.n[j] = e.n[j], e.n[i]
	for w := range e.words {
		e.keys[i*e.words+w], e.keys[j*e.words+w] = e.keys[j*e.words+w], e.keys[i*e.words+w]
	}
}

// order sorts the entries and joins those of one key, adding what they count or,
// of flags, taking the greatest.
func (e *entries) order(join func(a, b uint32) uint32) {
	if e.words == 1 {
		e.orderShort()
	} else {
		sort.Sort(e)
	}
	last := -1
	for i := range e.n {
		if last >= 0 && e.compare(last, i) == 0 {
			e.n[last] = join(e.n[last], e.n[i])
			continue
		}
		last++
		copy(e.keys[last*e.words:(last+1)*e.words], e.keys[i*e.words:(i+1)*e.words])
		e.n[last] = e.n[i]
	}
	e.keys, e.n = e.keys[:(last+1)*e.words], e.n[:last+1]
}

func (e *entries) orderShort() {
	type pair struct {
		key uint64
		n   uint32
	}
	if slices.IsSorted(e.keys) {
		return
	}
	pairs := make([]pair, len(e.n))
	for i, k := range e.keys {
		pairs[i] = pair{k, e.n[i]}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	for i, p := range pairs {
		e.keys[i], e.n[i] = p.key, p.n
	}
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
	for i, w := range g.h.workers {
		if err := g.take(ctx, i, w, p, kinds); err != nil {
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
func (g *gathering) take(ctx context.Context, worker int, w *Worker, p part, kinds []entries) error {
	var hashes [][]uint64
	if !p.whole && p.of > 1 {
		hashes = w.hashes()
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
			e.keys[at+f.word] |= uint64(g.become[j][worker][keys.fields[j].get(key)]) << f.shift
		}
		switch {
		case kind == g.h.kindSubjects():
			e.keys[at+e.words-1] = key[len(key)-1]
		case g.paired(kind):
			code := keys.fields[len(g.keys.fields)].get(key)
			e.keys[at+e.words-1] = uint64(g.become[len(g.keys.fields)+kind-kindSensitive][worker][code])
		}
		e.n = append(e.n, n)
	}
	if p.whole {
		for kind, t := range w.tables {
			keys := w.layoutOf(kind)
			kinds[kind].keys = slices.Grow(kinds[kind].keys, t.used*kinds[kind].words)
			kinds[kind].n = slices.Grow(kinds[kind].n, t.used)
			_ = t.each(func(key []uint64, n uint32) error {
				add(kind, keys, key, n)
				return nil
			})
			w.tables[kind] = newTable(t.words)
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
	for s := range g.h.shape.Sensitive {
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
	}
	return nil
}

// stored is a run on disk.
type stored struct {
	file  Bytes
	at    int64
	size  int
	shape run // with lengths only
	sizes []int
}

// storedClasses is how many classes a run on disk has at most.
const storedClasses = 1 << 14

// storeRun writes r in pieces.
func storeRun(f Bytes, r *run) ([]stored, error) {
	var all []stored
	for from := 0; from < r.len(); from += storedClasses {
		piece := r.slice(from, min(from+storedClasses, r.len()))
		s := stored{file: f, at: f.Size()}
		var b []byte
		for _, words := range piece.words64() {
			s.sizes = append(s.sizes, len(*words))
			for _, x := range *words {
				b = binary.LittleEndian.AppendUint64(b, x)
			}
		}
		for _, words := range piece.words32() {
			s.sizes = append(s.sizes, len(*words))
			for _, x := range *words {
				b = binary.LittleEndian.AppendUint32(b, x)
			}
		}
		if piece.subjects != nil {
			for _, e := range piece.subjects.enough {
				b = append(b, map[bool]byte{true: 1}[e])
			}
		}
		s.size = len(b)
		s.shape = run{words: r.words, lists: make([]list, len(r.lists))}
		if r.population != nil {
			s.shape.population = []uint32{}
		}
		if r.subjects != nil {
			s.shape.subjects = &subjects{}
		}
		if _, err := f.Write(b); err != nil {
			return nil, fmt.Errorf("put classes aside: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// words64 and words32 are the columns of a run.
func (r *run) words64() []*[]uint64 {
	all := []*[]uint64{&r.keys}
	if r.subjects != nil {
		all = append(all, &r.subjects.id)
	}
	return all
}

func (r *run) words32() []*[]uint32 {
	all := []*[]uint32{&r.n}
	if r.population != nil {
		all = append(all, &r.population)
	}
	for i := range r.lists {
		all = append(all, &r.lists[i].start, &r.lists[i].code, &r.lists[i].n)
	}
	if r.subjects != nil {
		all = append(all, &r.subjects.start)
	}
	return all
}

func (s stored) read() (*run, error) {
	b := make([]byte, s.size)
	if n, err := s.file.ReadAt(b, s.at); n < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read classes put aside: %w", err)
	}
	r := s.shape
	r.lists = slices.Clone(r.lists)
	if r.subjects != nil {
		r.subjects = &subjects{}
	}
	sizes := s.sizes
	for _, words := range r.words64() {
		*words = make([]uint64, sizes[0])
		for i := range *words {
			(*words)[i] = binary.LittleEndian.Uint64(b)
			b = b[8:]
		}
		sizes = sizes[1:]
	}
	for _, words := range r.words32() {
		*words = make([]uint32, sizes[0])
		for i := range *words {
			(*words)[i] = binary.LittleEndian.Uint32(b)
			b = b[4:]
		}
		sizes = sizes[1:]
	}
	if r.subjects != nil {
		for _, e := range b {
			r.subjects.enough = append(r.subjects.enough, e == 1)
		}
	}
	return &r, nil
}

// slice is the classes from one to before another.
func (r *run) slice(from, to int) *run {
	s := &run{words: r.words, keys: r.keys[from*r.words : to*r.words], n: r.n[from:to]}
	if r.population != nil {
		s.population = r.population[from:to]
	}
	rebase := func(start []uint32) ([]uint32, uint32, uint32) {
		first := start[from]
		at := make([]uint32, 0, to-from+1)
		for _, x := range start[from : to+1] {
			at = append(at, x-first)
		}
		return at, first, start[to]
	}
	for _, l := range r.lists {
		start, a, b := rebase(l.start)
		s.lists = append(s.lists, list{start, l.code[a:b], l.n[a:b]})
	}
	if r.subjects != nil {
		start, a, b := rebase(r.subjects.start)
		s.subjects = &subjects{r.subjects.enough[from:to], start, r.subjects.id[a:b]}
	}
	return s
}
