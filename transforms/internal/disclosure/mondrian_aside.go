package disclosure

import (
	"cmp"
	"context"
	"fmt"
)

// heap is classes on disk that are cut there until they fit (Rothko; LeFevre, DeWitt
// and Ramakrishnan): where, one reading says; a second puts the two sides aside.
type heap struct {
	file Bytes // its own; nil: that of the Histogram
	runs []stored
	size int64
}

// aside is the classes where they were counted.
func (c *Classes) aside() *heap {
	h := &heap{runs: c.stored}
	for _, s := range c.stored {
		h.size += int64(s.size)
	}
	return h
}

func (h *heap) close() error {
	if h.file == nil {
		return nil
	}
	err := h.file.Close()
	h.file = nil
	return err
}

// cutAside cuts classes on disk, which are gone then.
func (c *cutter) cutAside(ctx context.Context, h *heap) (at int32, err error) {
	defer func() { err = cmp.Or(err, h.close()) }()
	if h.size <= c.fits {
		return c.cutRead(ctx, h)
	}
	if err := c.look(ctx, h); err != nil {
		return 0, err
	}
	for _, j := range c.byWidth() {
		first := c.places[j][c.ends[j].least]
		rows := c.rowsAt(int(c.places[j][c.ends[j].most]-first) + 1)
		for leaf, met := range c.margins.met[j] {
			if met {
				rows[c.places[j][leaf]-first] += uint64(c.margins.rows[j][leaf])
			}
		}
		last, ok := c.middle(first, rows)
		if !ok {
			continue
		}
		var sides [2]*heap
		if ok, err = c.partAside(ctx, h, j, last, &sides); err != nil {
			return 0, err
		} else if !ok {
			continue
		}
		defer func() { err = cmp.Or(err, sides[0].close(), sides[1].close()) }()
		if err := h.close(); err != nil {
			return 0, err
		}
		return c.both(j, last,
			func() (int32, error) { return c.cutAside(ctx, sides[0]) },
			func() (int32, error) { return c.cutAside(ctx, sides[1]) })
	}
	rows := uint32(0)
	for _, n := range c.margins.rows[0] {
		rows += n
	}
	return c.close(rows, c.margins.leaves)
}

// cutRead cuts classes that memory holds.
func (c *cutter) cutRead(ctx context.Context, h *heap) (int32, error) {
	all := &run{words: c.s.keys.words}
	err := eachStored(ctx, h.runs, func(r *run) error {
		all.append(r, 0, 1)
		return nil
	})
	if err == nil {
		err = h.close()
	}
	if err != nil {
		return 0, err
	}
	defer func() { c.r = nil }()
	return c.cutRun(ctx, all)
}

// margins is what classes come to, by quasi-identifier and leaf code.
type margins struct {
	rows [][]uint32
	met  [][]bool // by a class, which has rows or is of the population alone
}

// leaves is the codes of a quasi-identifier that were met.
func (t *margins) leaves(quasi int) (all []uint32) {
	for leaf, met := range t.met[quasi] {
		if met {
			all = append(all, uint32(leaf))
		}
	}
	return all
}

// look adds classes up, and finds the ends of each quasi-identifier.
func (c *cutter) look(ctx context.Context, h *heap) error {
	t := &c.margins
	if t.rows == nil {
		for _, places := range c.places {
			t.rows, t.met = append(t.rows, make([]uint32, len(places))), append(t.met, make([]bool, len(places)))
		}
	}
	for j := range t.rows {
		clear(t.rows[j])
		clear(t.met[j])
	}
	err := eachStored(ctx, h.runs, func(r *run) error {
		for j, f := range c.s.keys.fields {
			rows, met := t.rows[j], t.met[j]
			for i, n := range r.n {
				leaf := r.keys[i*r.words+f.word] >> f.shift & f.mask()
				rows[leaf] += n
				met[leaf] = true
			}
		}
		return nil
	})
	for j := range c.ends {
		if err == nil {
			c.ends[j] = c.endsOf(j, t.leaves(j))
		}
	}
	return err
}

// partAside puts the two sides of a cut aside; false where one does not keep the models,
// and nothing stays there.
func (c *cutter) partAside(ctx context.Context, h *heap, j int, last uint32, sides *[2]*heap) (ok bool, err error) {
	defer func() {
		for _, side := range sides {
			if !ok && side != nil {
				err = cmp.Or(err, side.close())
			}
		}
	}()
	for i := range sides {
		file, err := c.s.p.Classes.opts.Create()
		if err != nil {
			return false, fmt.Errorf("put classes aside: %w", err)
		}
		sides[i] = &heap{file: file}
	}
	c.begin()
	var open [2]run
	f := c.s.keys.fields[j]
	err = eachStored(ctx, h.runs, func(r *run) error {
		for i := range r.n {
			n := 0
			if c.places[j][f.get(r.key(i))] > last {
				n = 1
			}
			if !c.plain {
				c.sides[n].add(r, i)
			}
			if open[n].take(r, i); open[n].len()%stepClasses == 0 {
				if err := sides[n].put(&open[n], c.fits/4); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for n, side := range sides {
		if err == nil {
			err = side.put(&open[n], 0)
		}
	}
	if err != nil {
		return false, err
	}
	return c.plain || c.keep(), nil
}

// stepClasses is after how many classes it is looked at how much they take.
const stepClasses = 1 << 6

// put writes classes that take more than so many bytes, and empties what held them.
func (h *heap) put(r *run, most int64) error {
	if r.len() == 0 || r.len() < storedClasses && r.bytes() <= most {
		return nil
	}
	all, err := storeRun(h.file, r)
	for _, s := range all {
		h.size += int64(s.size)
	}
	h.runs = append(h.runs, all...)
	r.empty()
	return err
}
