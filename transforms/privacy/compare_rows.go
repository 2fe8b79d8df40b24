package privacy

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// view is a way to look at both releases: by some of the quasi-identifiers and some of
// the columns beside them.
type view struct {
	quasi  int32 // of comparison.quasis
	beside int32 // of comparison.besides
}

// alike is rows that look alike in a view.
type alike struct {
	view
	class int32 // of the view
	value xxh3.Uint128
}

// group is what came to a class of a view, or went from it.
type group struct {
	view
	class int32
	side  int32 // 0: it went; 1: it came
}

// changes are the rows of the classes that differ, of one part of what they look like.
type changes struct {
	cells   []cell
	index   map[alike]int32
	fine    map[fineRows]int64
	persons map[cellPerson]int64
}

type cell struct {
	alike
	rows  [2]int64
	codes []uint32 // values of the sensitive columns, where the view has all columns
}

// fineRows are rows of a finer class in a cell, cellPerson those of a person.
type fineRows struct{ side, class, cell int32 }

type cellPerson struct {
	side, cell int32
	who        xxh3.Uint128
}

// sums is what the parts come to.
type sums struct {
	rows    map[group]int64
	values  map[group][]map[uint32]int64 // by sensitive column, where each is judged alone
	joint   map[group]map[string]int64   // by the codes of all of them, where they are judged together
	certain map[fineGroup]int64
	have    map[whose]int64
	number  map[int32]*[2]int64 // of persons, by class
}

type fineGroup struct{ side, class, beside int32 }

type whose struct {
	group
	who xxh3.Uint128
}

// What memory holds, about, of a cell, of a person or a finer class in it, and of a
// class that a part adds something to.
const cellCost, inCellCost, groupCost = 144, 88, 96

// views sets out how the classes that differ are looked at: by all quasi-identifiers,
// by all but one, by each alone and by none; and there by all columns beside them, by
// each alone, and by none.
func (c *comparison) views() {
	quasi, beside := len(c.t.Quasi), len(c.common)
	c.quasis = subsets(quasi, true)
	c.besides = subsets(beside, false)
	for _, columns := range c.quasis {
		ids := map[string]int32{}
		var of []int32
		for i := range c.meets {
			c.buf = c.buf[:0]
			for _, j := range columns {
				c.buf = binary.LittleEndian.AppendUint32(c.buf, c.meets[i].codes[j])
			}
			id, ok := ids[string(c.buf)]
			if !ok {
				id = int32(len(ids))
				ids[string(c.buf)] = id
			}
			of = append(of, id)
		}
		c.viewed = append(c.viewed, of)
	}
}

// subsets are all of n places, all but one where they are wanted, each alone and none,
// no set twice.
func subsets(n int, butOne bool) [][]int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	sets := [][]int{all}
	if butOne && n > 2 {
		for i := range all {
			sets = append(sets, slices.Delete(slices.Clone(all), i, i+1))
		}
	}
	if n > 1 {
		for i := range all {
			sets = append(sets, []int{i})
		}
	}
	if n > 0 {
		sets = append(sets, nil)
	}
	return sets
}

// differences looks at the classes whose rows are not the same in both, in as many
// parts as memory asks for.
func (c *comparison) differences(ctx context.Context) (*messages.Error, error) {
	c.views()
	base := c.held
	var err error
	for c.of = 1; c.of <= mostParts; c.of *= 2 {
		all := &sums{rows: map[group]int64{}, values: map[group][]map[uint32]int64{}, joint: map[group]map[string]int64{}, certain: map[fineGroup]int64{},
			have: map[whose]int64{}, number: map[int32]*[2]int64{}}
		c.values, c.texts = nil, nil
		for range c.t.Sensitive {
			c.values, c.texts = append(c.values, map[string]uint32{}), append(c.texts, nil)
		}
		c.held = base
		for c.part = 0; c.part < c.of && err == nil; c.part++ {
			err = c.look(ctx, all)
		}
		if err == nil {
			return c.verdictOf(all), nil
		}
		if !messages.Has(err, messages.TooManyClasses) {
			return nil, err
		}
		if c.of < mostParts {
			err = nil
		}
	}
	return nil, err
}

// look adds a part of the classes that differ to what all come to.
func (c *comparison) look(ctx context.Context, all *sums) error {
	ch := &changes{index: map[alike]int32{}, fine: map[fineRows]int64{}, persons: map[cellPerson]int64{}}
	base := c.held
	for i := range c.sides {
		if err := c.read(ctx, i, func(i int, r arrow.Record, row int) error { return c.note(ch, i, r, row) }); err != nil {
			return err
		}
	}
	c.held = base
	return c.sum(ch, all)
}

func (c *comparison) note(ch *changes, i int, r arrow.Record, row int) error {
	s := &c.sides[i]
	changed := false
	at := s.class(r, row, func(int, []byte) uint32 { changed = true; return 0 })
	if changed || at < 0 {
		return messages.SourceChanged.With()
	}
	own := &s.classes[at]
	m := &c.meets[own.meet]
	if !m.differs() {
		return nil
	}
	var who xxh3.Uint128
	if s.subject >= 0 {
		c.buf = arrowx.AppendKey(c.buf[:0], r.Column(s.subject), row, false)
		who = xxh3.Hash128(c.buf)
	}
	for beside, columns := range c.besides {
		value := c.hash(s, r, row, columns)
		for quasi := range c.quasis {
			look := alike{view{int32(quasi), int32(beside)}, c.viewed[quasi][own.meet], value}
			if c.of > 1 && (value.Lo^uint64(look.class)*0x9e3779b97f4a7c15)>>32%c.of != c.part {
				continue
			}
			n, ok := ch.index[look]
			if !ok {
				n = int32(len(ch.cells))
				ch.index[look] = n
				ch.cells = append(ch.cells, cell{alike: look})
				if err := c.hold(cellCost); err != nil {
					return err
				}
				if beside == 0 {
					if err := c.sensitive(&ch.cells[n], s, r, row); err != nil {
						return err
					}
				}
			}
			ch.cells[n].rows[i]++
			if quasi == 0 && m.finer[i] {
				f := fineRows{int32(i), at, n}
				if ch.fine[f]++; ch.fine[f] == 1 {
					if err := c.hold(inCellCost); err != nil {
						return err
					}
				}
			}
			if s.subject >= 0 {
				p := cellPerson{int32(i), n, who}
				if ch.persons[p]++; ch.persons[p] == 1 {
					if err := c.hold(inCellCost); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// sensitive notes the values of a new cell in the sensitive columns that both publish.
func (c *comparison) sensitive(cl *cell, s *side, r arrow.Record, row int) error {
	for i, q := range c.t.Sensitive {
		code := uint32(0)
		if at := slices.Index(c.common, q.Column); at >= 0 {
			c.buf = c.buf[:0]
			if a := r.Column(s.common[at]); !a.IsNull(row) {
				c.buf = textOf(a)(append(c.buf, '='), row)
			}
			var ok bool
			if code, ok = c.values[i][string(c.buf)]; !ok {
				code = uint32(len(c.texts[i]))
				c.texts[i] = append(c.texts[i], string(c.buf))
				c.values[i][string(c.buf)] = code
				if err := c.hold(len(c.buf) + 2*valueCost); err != nil {
					return err
				}
			}
		}
		cl.codes = append(cl.codes, code)
	}
	return nil
}

// sum adds what came and what went in a part.
func (c *comparison) sum(ch *changes, all *sums) error {
	excess := func(n, side int32) int64 {
		return max(0, ch.cells[n].rows[side]-ch.cells[n].rows[1-side])
	}
	for n := range ch.cells {
		cl := &ch.cells[n]
		for side := range int32(2) {
			e := excess(int32(n), side)
			if e == 0 {
				continue
			}
			g := group{cl.view, cl.class, side}
			if all.rows[g] == 0 {
				if err := c.hold(groupCost); err != nil {
					return err
				}
			}
			all.rows[g] += e
			if cl.beside != 0 || len(cl.codes) == 0 {
				continue
			}
			if c.t.jointly() {
				if err := c.addTogether(all, g, cl.codes, e); err != nil {
					return err
				}
				continue
			}
			values := all.values[g]
			if values == nil {
				for range cl.codes {
					values = append(values, map[uint32]int64{})
				}
				all.values[g] = values
			}
			for i, code := range cl.codes {
				values[i][code] += e
			}
		}
	}
	for f, n := range ch.fine {
		cl := &ch.cells[f.cell]
		if more := n - cl.rows[1-f.side]; more > 0 {
			all.certain[fineGroup{f.side, f.class, cl.beside}] += more
		}
	}
	last := int32(len(c.besides) - 1)
	for p, n := range ch.persons {
		cl := &ch.cells[p.cell]
		if cl.quasi == 0 && cl.beside == last { // a class has one such cell: its persons
			if all.number[cl.class] == nil {
				all.number[cl.class] = &[2]int64{}
			}
			all.number[cl.class][p.side]++
		}
		if e := excess(p.cell, p.side); e > 0 {
			w := whose{group{cl.view, cl.class, p.side}, p.who}
			if all.have[w] == 0 {
				if err := c.hold(groupCost); err != nil {
					return err
				}
			}
			all.have[w] += min(n, e)
		}
	}
	return nil
}

// verdictOf says why the difference is small. Views that merge classes find what those
// of all quasi-identifiers do not; they count as one class each.
func (c *comparison) verdictOf(all *sums) *messages.Error {
	k := int64(c.t.together())
	type class struct{ quasi, class int32 }
	few := map[class]bool{}
	for g, n := range all.rows {
		if n < k {
			few[class{g.quasi, g.class}] = true
		}
	}
	for f, n := range all.certain {
		if n < k {
			few[class{0, c.viewed[0][c.sides[f.side].classes[f.class].meet]}] = true
		}
	}
	if c.sides[0].subject >= 0 && c.sides[1].subject >= 0 {
		for id, n := range all.number {
			if d := max(n[0]-n[1], n[1]-n[0]); d > 0 && d < k {
				few[class{0, id}] = true
			}
		}
	}
	for g, most := range most(all.have, int(k)-1) {
		sum := int64(0)
		for _, n := range most {
			sum += n
		}
		if sum >= all.rows[g] {
			few[class{g.quasi, g.class}] = true
		}
	}
	if len(few) > 0 && !c.t.env.Accepted(ruleDifference, "", float64(len(few))) {
		return messages.FewDiffer.With("classes", len(few), "k", k)
	}
	for i, s := range c.t.Sensitive {
		if s.Diversity == nil || len(c.texts[i]) == 0 {
			continue
		}
		same := map[class]bool{}
		for g, counts := range c.eachPart(all, i) {
			if !s.Diversity.holds(counts) {
				same[class{g.quasi, g.class}] = true
			}
		}
		if len(same) > 0 && !c.t.env.Accepted(ruleDifference, s.Column, float64(len(same))) {
			return messages.AlikeDiffer.With("classes", len(same), "column", s.Column)
		}
	}
	return nil
}

// most gives the rows of those who have most of a group, n at most.
func most(have map[whose]int64, n int) map[group][]int64 {
	out := map[group][]int64{}
	for w, rows := range have {
		at := append(out[w.group], rows)
		if len(at) > 2*n {
			at = largest(at, n)
		}
		out[w.group] = at
	}
	for g, at := range out {
		out[g] = largest(at, n)
	}
	return out
}

func largest(rows []int64, n int) []int64 {
	slices.SortFunc(rows, func(a, b int64) int { return int(b - a) })
	return rows[:min(len(rows), n)]
}
