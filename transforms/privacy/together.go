package privacy

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// jointly says whether each sensitive column is judged with all others known: in each
// part of a class whose rows have the same values in all of these.
func (c policyConfig) jointly() bool { return c.Model != nil && c.Model.Judged == "together" }

// togetherMistake refuses columns judged together where there are no others.
func (c policyConfig) togetherMistake() error {
	if c.jointly() && len(c.Sensitive) < 2 {
		return pipelines.At("model", messages.TogetherAlone.With("columns", len(c.Sensitive)))
	}
	return nil
}

// valuesCheck is the name of a check of the values of a sensitive column.
func (t policy) valuesCheck(name string) string {
	if t.jointly() {
		return fmt.Sprintf("%s (the other sensitive columns known)", name)
	}
	return name
}

// appendWord writes the value of row i of a so that those of several columns can stand
// one after the other.
func appendWord(dst []byte, a arrow.Array, i int) []byte {
	if a.IsNull(i) {
		return append(dst, 0)
	}
	word := wordAt(a, i)
	dst = binary.AppendUvarint(dst, uint64(len(word))+1)
	return append(dst, word...)
}

// joined is rows by what they have in all sensitive columns, written one after the other. The
// value of the column that is judged stands in the middle.
type joined struct {
	row      string
	from, to int32
	rows     int64
}

// joinedCost is what one of a class takes while the class is judged.
const joinedCost = 32

// others compares what stands beside the values that are judged. What comes before them is as
// many values in each, so that neither begins with the other's and something more.
func (a joined) others(b joined) int {
	return cmp.Or(strings.Compare(a.row[:a.from], b.row[:b.from]), strings.Compare(a.row[a.to:], b.row[b.to:]))
}

// partsOf gives, of each part of rows that have the same beside the column that is judged, how
// many have which value there. What it gives is good until the next. It puts rows into another
// order.
func partsOf(rows []joined, value func(written string) string, yield func(map[string]int64) bool) bool {
	slices.SortFunc(rows, joined.others)
	part := map[string]int64{}
	for i := 0; i < len(rows); {
		part = emptied(part)
		first := rows[i]
		for ; i < len(rows) && rows[i].others(first) == 0; i++ {
			part[value(rows[i].row[rows[i].from:rows[i].to])] += rows[i].rows
		}
		if !yield(part) {
			return false
		}
	}
	return true
}

// emptied is counts without what it has. A map that had much takes as long to be cleared as
// if it had it still: thousands of small parts that follow a large one would wait for it each.
func emptied(counts map[string]int64) map[string]int64 {
	if len(counts) > 64 {
		return map[string]int64{}
	}
	clear(counts)
	return counts
}

// nextValue is where the next of such values begins after at, and where it ends.
func nextValue(row string, at int) (value, end int) {
	n, width := binary.Uvarint([]byte(row[at:min(len(row), at+binary.MaxVarintLen64)]))
	if value = at + width; n == 0 {
		return value, value
	}
	return value, value + int(n) - 1
}

// changes notes for each row of r by sensitive column whether it has another value than the
// row before; of columns that are judged together there is one note.
func (d *reader) changes(r arrow.Record) {
	for v := range d.c.values {
		at := v
		if d.c.t.jointly() {
			at = 0
		}
		if at == v {
			d.values[v] = slices.Grow(d.values[v][:0], int(r.NumRows()))[:r.NumRows()]
			clear(d.values[v])
		}
		differ(d.values[at], r.Column(d.c.values[v].index))
	}
}

// rowsTogether counts what rows of r of class n, from one on up to another, have in all
// sensitive columns.
func (c *recount) rowsTogether(other []bool, n int, r arrow.Record, from, to int) {
	for from < to && !c.over {
		end := from + 1
		for end < to && !other[end] {
			end++
		}
		c.buf = c.buf[:0]
		for v := range c.values {
			c.buf = appendWord(c.buf, r.Column(c.values[v].index), from)
		}
		counts := c.joint[n]
		known := counts[string(c.buf)]
		counts[string(c.buf)] = known + int64(end-from)
		if known == 0 {
			c.hold(len(c.buf) + valueCost + joinedCost)
		}
		from = end
	}
}

// eachPart gives what a sensitive column has in each class or, of columns that are judged
// together, in each part of it that the values of the others make. What it gives is good
// until the next.
func (c *recount) eachPart(column int) func(yield func(map[string]int64) bool) {
	if !c.t.jointly() {
		return slices.Values(c.values[column].counts)
	}
	return func(yield func(map[string]int64) bool) {
		var rows []joined
		for _, class := range c.joint {
			rows = slices.Grow(rows[:0], len(class))
			for row, n := range class {
				x := joined{row: row, rows: n}
				for at, v := 0, 0; v <= column; v++ {
					x.from = int32(at)
					_, at = nextValue(row, at)
					x.to = int32(at)
				}
				rows = append(rows, x)
			}
			if !partsOf(rows, writtenValue, yield) {
				return
			}
		}
	}
}

// writtenValue is a value as it was written: "=" before it, and "" for null.
func writtenValue(written string) string {
	at, end := nextValue(written, 0)
	if written[0] == 0 {
		return ""
	}
	return "=" + written[at:end]
}

// jointCodes numbers what rows of a file that is judged alone have in all sensitive
// columns: in the first two, in these and the third, and so on.
type jointCodes struct {
	steps   []codes
	members []uint32 // by number: the codes of the columns
	out     []uint32
}

func newJointCodes(columns int) *jointCodes {
	j := &jointCodes{}
	for range columns - 1 {
		j.steps = append(j.steps, newCodes())
	}
	return j
}

// batch numbers rows whose codes are given by column, but for those of no class.
func (j *jointCodes) batch(columns [][]uint32, classes []uint32) []uint32 {
	j.out = slices.Grow(j.out[:0], len(classes))[:len(classes)]
	for i, class := range classes {
		if class == absent {
			continue
		}
		number, fresh := columns[0][i], false
		for s := range j.steps {
			number, fresh = j.steps[s].code(uint64(number)<<32|uint64(columns[s+1][i]), 0)
		}
		if fresh {
			for _, codes := range columns {
				j.members = append(j.members, codes[i])
			}
		}
		j.out[i] = number
	}
	return j.out
}

// of is the code that a column has in what has a number.
func (j *jointCodes) of(number uint32, column int) uint32 {
	return j.members[int(number)*(len(j.steps)+1)+column]
}

func (j *jointCodes) held() int64 {
	if j == nil {
		return 0
	}
	n := int64(cap(j.members)) * 4
	for i := range j.steps {
		n += j.steps[i].bytes()
	}
	return n
}

// valuesTogether counts the rows of a block by their classes and what they have in all
// sensitive columns.
func (c *counted) valuesTogether(columns [][]uint32) {
	for i, number := range c.joint.batch(columns, c.keys) {
		if class := c.keys[i]; class != absent {
			c.pairs[0].add(class, number)
		}
	}
}

// spread adds to the distribution of each column that has one the rows of each number.
func (a *auditing) spread() {
	p := &a.counted.pairs[0]
	for i, n := range p.count {
		for column, all := range a.all {
			if all != nil {
				all[a.counted.sensitive[column].texts[a.counted.joint.of(p.value[i], column)]] += n
			}
		}
	}
}

// eachPart gives, with the class, what a sensitive column has in each class or, of columns
// that are judged together, in each part of it that the values of the others make. What
// it gives is good until the next.
func (a *auditing) eachPart(column int) func(yield func(int, map[string]int64) bool) {
	c := &a.counted
	p, texts := &c.pairs[0], c.sensitive[column].texts
	if c.joint == nil {
		p = &c.pairs[column]
	}
	others := func(x, y uint32) int {
		for at := range c.sensitive {
			if at != column {
				if d := cmp.Compare(c.joint.of(p.value[x], at), c.joint.of(p.value[y], at)); d != 0 {
					return d
				}
			}
		}
		return 0
	}
	return func(yield func(int, map[string]int64) bool) {
		counts := map[string]int64{}
		class := -1
		for at := range p.byClass(len(c.rows)) {
			class++
			if c.joint == nil {
				counts = emptied(counts)
				for _, i := range at {
					counts[texts[p.value[i]]] += p.count[i]
				}
				if !yield(class, counts) {
					return
				}
				continue
			}
			slices.SortFunc(at, others)
			for from := 0; from < len(at); {
				counts = emptied(counts)
				to := from
				for ; to < len(at) && others(at[from], at[to]) == 0; to++ {
					counts[texts[c.joint.of(p.value[at[to]], column)]] += p.count[at[to]]
				}
				if !yield(class, counts) {
					return
				}
				from = to
			}
		}
	}
}

// addTogether adds rows that came to a group, or went from it, by what they have in all
// sensitive columns.
func (c *comparison) addTogether(all *sums, g group, codes []uint32, rows int64) error {
	if all.joint[g] == nil {
		all.joint[g] = map[string]int64{}
	}
	c.buf = c.buf[:0]
	for _, code := range codes {
		c.buf = binary.LittleEndian.AppendUint32(c.buf, code)
	}
	known := all.joint[g][string(c.buf)]
	all.joint[g][string(c.buf)] = known + rows
	if known == 0 {
		return c.hold(len(c.buf) + valueCost + joinedCost)
	}
	return nil
}

// eachPart gives, with the group, what a sensitive column has in the rows of each or, of
// columns that are judged together, in each part of it that the values of the others make.
// What it gives is good until the next.
func (c *comparison) eachPart(all *sums, column int) func(yield func(group, map[string]int64) bool) {
	return func(yield func(group, map[string]int64) bool) {
		counts := map[string]int64{}
		for g, values := range all.values {
			counts = emptied(counts)
			for code, n := range values[column] {
				counts[c.texts[column][code]] = n
			}
			if !yield(g, counts) {
				return
			}
		}
		text := func(code string) string {
			return c.texts[column][binary.LittleEndian.Uint32([]byte(code))]
		}
		var rows []joined
		for g, combinations := range all.joint {
			rows = slices.Grow(rows[:0], len(combinations))
			for codes, n := range combinations {
				rows = append(rows, joined{codes, int32(4 * column), int32(4*column + 4), n})
			}
			if !partsOf(rows, text, func(counts map[string]int64) bool { return yield(g, counts) }) {
				return
			}
		}
	}
}
