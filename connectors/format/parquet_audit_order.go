package format

import (
	"bytes"
	"cmp"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The order that a file states: ascending, nulls last.

// sortKey is a value of a sorting column as statistics hold it.
type sortKey struct {
	raw  []byte
	null bool
}

// groupEdge is the first and the last key of a row group by sorting column.
type groupEdge struct {
	first, last []sortKey
	met         int // neighbours it was compared with
}

// groupEdges are those of row groups that were decoded and of which a neighbour was not.
type groupEdges struct {
	mu   sync.Mutex
	open map[int]groupEdge
}

// meet gives the edges of the groups before and after, if they are known, and
// keeps e for those that are not.
func (s *groupEdges) meet(group int, e groupEdge) (before, after *groupEdge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other := func(group int) *groupEdge {
		o, known := s.open[group]
		if !known {
			return nil
		}
		e.met++
		o.met++
		s.keep(group, o)
		return &o
	}
	before, after = other(group-1), other(group+1)
	s.keep(group, e)
	return before, after
}

func (s *groupEdges) keep(group int, e groupEdge) {
	if s.open == nil {
		s.open = map[int]groupEdge{}
	}
	if e.met == 2 {
		delete(s.open, group)
	} else {
		s.open[group] = e
	}
}

// edge is the first and the last key of a column that was read.
func (c *columnData) edge() (first, last sortKey) {
	at := func(slot, value int) sortKey {
		switch {
		case c.valid[slot/8]>>(slot%8)&1 == 0:
			return sortKey{null: true}
		case c.coded:
			return sortKey{raw: c.entries.appendRaw(nil, int(c.numbers[value]), c.leaf)}
		}
		return sortKey{raw: c.values.appendRaw(nil, value, c.leaf)}
	}
	return at(0, 0), at(c.slots-1, c.count-1)
}

// sorted checks the order of the rows of a row group, and of those at its edges.
func (d *groupDecoder) sorted(group int, columns []arrow.Array, own groupEdge) error {
	sorting := d.file.meta.RowGroups[group].SortingColumns
	if len(sorting) == 0 {
		return nil
	}
	var names []string
	var steps []func(row int) int
	var leaves []*fileLeaf
	for _, s := range sorting {
		names = append(names, d.file.leaves[s.ColumnIdx].name)
		leaves = append(leaves, &d.file.leaves[s.ColumnIdx])
		steps = append(steps, stepsOf(columns[d.file.leaves[s.ColumnIdx].column]))
	}
	disorder := messages.ParquetOrder.With("columns", strings.Join(names, ", "))
	for row := 1; row < columns[0].Len(); row++ {
		for _, step := range steps {
			if c := step(row); c > 0 {
				return disorder
			} else if c < 0 {
				break
			}
		}
	}
	before, after := d.file.edges.meet(group, own)
	if before != nil && descends(leaves, before.last, own.first) || after != nil && descends(leaves, own.last, after.first) {
		return disorder
	}
	return nil
}

func descends(leaves []*fileLeaf, x, y []sortKey) bool {
	for i, l := range leaves {
		c := nullsLast(x[i].null, y[i].null, func() int { return compareRaw(l, x[i].raw, y[i].raw) })
		if c != 0 {
			return c > 0
		}
	}
	return false
}

func nullsLast(x, y bool, values func() int) int {
	switch {
	case x && y:
		return 0
	case x:
		return 1
	case y:
		return -1
	}
	return values()
}

// stepsOf compares a row with the one before it.
func stepsOf(a arrow.Array) func(row int) int {
	var values func(i, j int) int
	switch a := a.(type) {
	case *array.Boolean:
		values = func(i, j int) int {
			switch {
			case a.Value(i) == a.Value(j):
				return 0
			case a.Value(i):
				return 1
			}
			return -1
		}
	case *array.Int32:
		values = orderOf(a.Int32Values())
	case *array.Int64:
		values = orderOf(a.Int64Values())
	case *array.Date32:
		values = orderOf(a.Date32Values())
	case *array.Timestamp:
		values = orderOf(a.TimestampValues())
	case *array.Decimal128:
		values = func(i, j int) int { return a.Value(i).Cmp(a.Value(j)) }
	case *array.String:
		values = func(i, j int) int { return strings.Compare(a.Value(i), a.Value(j)) }
	case *array.Binary:
		values = func(i, j int) int { return bytes.Compare(a.Value(i), a.Value(j)) }
	default:
		return func(int) int { return 0 } // only nulls
	}
	return func(row int) int {
		return nullsLast(a.IsNull(row-1), a.IsNull(row), func() int { return values(row-1, row) })
	}
}

func orderOf[T cmp.Ordered](vs []T) func(i, j int) int {
	return func(i, j int) int { return cmp.Compare(vs[i], vs[j]) }
}
