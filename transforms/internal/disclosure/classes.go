package disclosure

import (
	"context"
	"math"
	"sync"

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
	dist       [][]int64     // rows by value of each sensitive column
	people     int64         // rows of the population, weighted
	trails     []*trail      // of the workers, where rows are looked at by person
	become     [][]uint32    // of the quasi-identifiers, then of the lists
	joint      *combinations // of the sensitive columns; nil: each is judged alone
	opts       Options
	workers    int        // who counted, and may look at once
	walkers    *sync.Pool // of those who look
	alone      *bool      // whether no person has two rows, once that is known
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
	lists      []list   // by sensitive column; one where they are judged together
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
	return eachStored(ctx, c.stored, f)
}

func eachStored(ctx context.Context, runs []stored, f func(*run) error) error {
	for _, s := range runs {
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

// Became gives, by the code that a quasi-identifier's Dictionary gave a value while rows were
// counted, its code in Quasi.
func (c *Classes) Became(quasi int) []uint32 { return c.become[quasi] }

// Finish puts together what the workers counted. Nothing is counted afterwards.
func (h *Histogram) Finish(ctx context.Context) (*Classes, error) {
	c := &Classes{shape: h.shape, memory: h.opts.Memory, opts: h.opts, workers: max(1, len(h.workers)), walkers: &sync.Pool{}}
	g := &gathering{h: h}
	var cards []uint32
	for _, d := range h.quasi {
		domain, become := d.domain()
		g.become = append(g.become, become)
		c.Quasi = append(c.Quasi, domain)
		cards = append(cards, uint32(domain.Len()))
		c.leaves = append(c.leaves, make([]int64, domain.Len()))
		c.rowsByLeaf = append(c.rowsByLeaf, make([]int64, domain.Len()))
	}
	var lists [][]uint32
	for _, d := range h.sensitive {
		domain, become := d.domain()
		lists = append(lists, become)
		c.Sensitive = append(c.Sensitive, domain)
		c.dist = append(c.dist, make([]int64, domain.Len()))
	}
	if h.joint != nil {
		joint, become := h.joint.combinations(lists)
		c.joint, lists = joint, [][]uint32{become}
	}
	g.become = append(g.become, lists...)
	g.keys = newLayout(cards)
	c.keys = g.keys
	c.become = g.become
	if h.shape.Persons {
		for _, w := range h.workers {
			c.trails = append(c.trails, w.trail)
		}
	}
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
	for kind := range w.h.kinds() {
		n += int64(w.count(kind))
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
			if c.joint == nil {
				c.dist[s][code] += int64(l.n[i])
				continue
			}
			for column := range c.dist {
				c.dist[column][c.joint.code(code, column)] += int64(l.n[i])
			}
		}
	}
}
