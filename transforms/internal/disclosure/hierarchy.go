package disclosure

import (
	"math/big"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Star is how a value that was generalised away altogether is written.
const Star = "*"

// Hierarchy says what the values of a column may be generalised to. Files give
// one that stands before any row is read; functions make one of the values that
// occur.
type Hierarchy interface {
	tree(column string, d *Domain) (*tree, error)
}

// tree is the leaves of a hierarchy and, level by level, what each becomes.
type tree struct {
	leaves []string
	up     [][]uint32 // by level from 1, by leaf
	labels [][]string // by level from 1, by code
	index  map[string]uint32
}

// newTree numbers the labels of each level in the order of the leaves and refuses
// what does not nest. above is the labels by level from 1, by leaf; line gives
// where a leaf stands, for errors.
func newTree(column string, leaves []string, above [][]string, line func(leaf int) int) (*tree, error) {
	t := &tree{leaves: leaves, index: make(map[string]uint32, len(leaves))}
	for i, v := range leaves {
		if first, twice := t.index[v]; twice {
			return nil, messages.HierarchyTwice.With("column", column, "line", line(i), "first", line(int(first)))
		}
		t.index[v] = uint32(i)
	}
	below := make([]uint32, len(leaves)) // a leaf nests in itself
	for i := range below {
		below[i] = uint32(i)
	}
	for l, labels := range above {
		codes := map[string]uint32{}
		up := make([]uint32, len(leaves))
		var names []string
		parent := map[uint32]uint32{}
		for i, label := range labels {
			c, ok := codes[label]
			if !ok {
				c = uint32(len(names))
				codes[label] = c
				names = append(names, label)
			}
			up[i] = c
			if p, seen := parent[below[i]]; seen && p != c {
				return nil, messages.HierarchySplits.With("column", column, "level", l+1, "below", l, "line", line(i))
			}
			parent[below[i]] = c
		}
		t.up, t.labels = append(t.up, up), append(t.labels, names)
		below = up
	}
	return t, nil
}

// stars is the first level from which each has * for all leaves; levels count from 0
// here, as up does.
func (t *tree) stars() int {
	l := len(t.up)
	for l > 0 && len(t.labels[l-1]) == 1 && t.labels[l-1][0] == Star {
		l--
	}
	return l
}

// Levels is a hierarchy of the values that occur in a column: by level and leaf
// code, what the value becomes. Level 0 is the values themselves.
type Levels struct {
	Column string

	up       [][]uint32 // by level, by leaf code
	cards    []uint32   // codes of a level
	labels   [][]string // by level, by code; of null ""
	null     []int64    // code of null by level, -1: there is none
	under    [][]uint64 // leaves of the whole domain, by level and code
	domain   uint64     // leaves of the whole domain
	position []float64  // of a leaf in the order of the column
	numeric  bool       // positions are the numbers themselves
}

// Bind gives the levels of the values that occur, with rows the number of rows of
// each leaf code, for errors. Null stays null until a level, and every one above it,
// has * for all: what had become * could not become null again.
// A value that the hierarchy lacks, and the value *, are refused, counted and
// located by the first row that has them.
func Bind(h Hierarchy, column string, d *Domain, rows []int64) (*Levels, error) {
	t, err := h.tree(column, d)
	if err != nil {
		return nil, err
	}
	if err := refuse(column, t, d, rows); err != nil {
		return nil, err
	}
	l := &Levels{Column: column, domain: uint64(len(t.leaves))}
	if d.Null {
		l.domain++
	}
	l.addLeaves(d)
	stars := t.stars()
	for level := range t.up {
		l.addLevel(t, level, d, level >= stars)
	}
	l.order(t, d)
	return l, nil
}

func refuse(column string, t *tree, d *Domain, rows []int64) error {
	missing, star := tally{first: unseen}, tally{first: unseen}
	for i, v := range d.Values {
		_, known := t.index[v]
		c := uint32(i) + d.shift()
		switch {
		case v == Star && len(t.up) > 0:
			star.add(c, d, rows)
		case !known:
			missing.add(c, d, rows)
		}
	}
	if star.values > 0 {
		return messages.StarInData.With("column", column, "rows", star.rows, "row", star.first+1)
	}
	if missing.values > 0 {
		return messages.HierarchyLacks.With("column", column, "values", missing.values, "rows", missing.rows, "row", missing.first+1)
	}
	return nil
}

type tally struct {
	values int
	rows   int64
	first  int64
}

func (t *tally) add(code uint32, d *Domain, rows []int64) {
	t.values++
	if rows != nil {
		t.rows += rows[code]
	}
	t.first = min(t.first, d.first[code])
}

func (l *Levels) addLeaves(d *Domain) {
	n := d.Len()
	up, under, labels := make([]uint32, n), make([]uint64, n), make([]string, n)
	for i := range up {
		up[i], under[i] = uint32(i), 1
	}
	copy(labels[d.shift():], d.Values)
	null := int64(-1)
	if d.Null {
		null = 0
	}
	l.up, l.under, l.labels = append(l.up, up), append(l.under, under), append(l.labels, labels)
	l.cards, l.null = append(l.cards, uint32(max(n, 1))), append(l.null, null)
}

func (l *Levels) addLevel(t *tree, level int, d *Domain, star bool) {
	all := make([]uint64, len(t.labels[level])) // leaves by code of the tree
	for _, c := range t.up[level] {
		all[c]++
	}
	var labels []string
	var under []uint64
	become := map[uint32]uint32{} // only what occurs has a code, so that codes grow no wider
	up := make([]uint32, d.Len())
	for i, v := range d.Values {
		c := t.up[level][t.index[v]]
		code, ok := become[c]
		if !ok {
			code = uint32(len(labels))
			become[c] = code
			labels, under = append(labels, t.labels[level][c]), append(under, all[c])
		}
		up[uint32(i)+d.shift()] = code
	}
	null := int64(-1)
	switch {
	case d.Null && star && len(labels) == 1:
		up[0] = 0
		under[0]++
	case d.Null:
		null = int64(len(labels))
		up[0] = uint32(null)
		labels, under = append(labels, ""), append(under, 1)
	}
	l.up, l.under, l.labels = append(l.up, up), append(l.under, under), append(l.labels, labels)
	l.cards, l.null = append(l.cards, uint32(max(len(labels), 1))), append(l.null, null)
}

// order gives leaves their places: the numbers themselves where all values are
// numbers, else the order of the hierarchy's leaves. Null comes last.
func (l *Levels) order(t *tree, d *Domain) {
	l.position = make([]float64, d.Len())
	l.numeric = len(d.Values) > 0
	last := float64(len(t.leaves))
	for i, v := range d.Values {
		x, ok := number(v)
		if !ok {
			l.numeric = false
			break
		}
		f, _ := x.Float64()
		l.position[uint32(i)+d.shift()] = f
		if i == 0 || f >= last {
			last = f + 1
		}
	}
	if !l.numeric {
		last = float64(len(t.leaves))
		for i, v := range d.Values {
			l.position[uint32(i)+d.shift()] = float64(t.index[v])
		}
	}
	if d.Null {
		l.position[0] = last
	}
}

// Height is the greatest level.
func (l *Levels) Height() int { return len(l.up) - 1 }

// Upto is the levels up to one.
func (l *Levels) Upto(level int) *Levels {
	c := *l
	c.up, c.cards, c.labels = c.up[:level+1], c.cards[:level+1], c.labels[:level+1]
	c.null, c.under = c.null[:level+1], c.under[:level+1]
	return &c
}

// At is the code at a level of each leaf code. The caller does not change it.
func (l *Levels) At(level int) []uint32 { return l.up[level] }

// Label is what stands for a code of a level, false when that is null.
func (l *Levels) Label(level int, code uint32) (string, bool) {
	if int64(code) == l.null[level] {
		return "", false
	}
	return l.labels[level][code], true
}

// Labels is what stands for each code of a level; null has an empty one.
func (l *Levels) Labels(level int) []string { return l.labels[level] }

// step is what each code of a level becomes at another one above it.
func (l *Levels) step(from, to int) []uint32 {
	s := make([]uint32, l.cards[from])
	for leaf, c := range l.up[from] {
		s[c] = l.up[to][leaf]
	}
	return s
}

func number(text string) (*big.Rat, bool) {
	for _, c := range []byte(text) { // no fraction, hexadecimal or exponent: what a canonical number may be
		if (c < '0' || c > '9') && c != '.' && c != '-' {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}
