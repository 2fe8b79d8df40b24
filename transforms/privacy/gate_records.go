package privacy

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// recount counts the classes of a file again, from its rows and in another way than
// the model was searched: it shares nothing with package disclosure. A class is the
// values of the quasi-identifiers as they stand in the file.
type recount struct {
	t       policy
	file    string
	quasi   []int
	verdict *verdict
	classes tally
	enough  int // persons of a class that are told apart
	exposed exposed
	parts   [][]string       // values of each class, null "", where null matches any
	subject int              // column of the pseudonyms that tell persons; -1: the file does not tell them
	persons [][]xxh3.Uint128 // of each, in order, no more than are told apart
	rows    int64
	of      uint64            // how many parts the classes are counted in, by their hash
	part    uint64            // which of them
	found   int64             // classes of the parts that are judged
	bound   int64             // bytes; 0: none
	held    int64             // bytes, about
	over    bool              // more than the bound: nothing is counted
	labels  []map[string]bool // by quasi-identifier, what may stand there
	values  []valuesOf        // by sensitive column
	columns []arrow.Array     // of the record that is looked at
	ties    *ties             // nil: the file does not show which rows are of one person
	buf     []byte
}

// valuesOf is what a sensitive column has in each class.
type valuesOf struct {
	index  int
	counts []map[string]int64 // by class
	order  []string           // of all values of the input, where closeness asks for it
	tree   branches           // of order, where the distance is that of a hierarchy
}

// recount is nil for a policy without a model.
func (t policy) recount(s *arrow.Schema, d *seen, file string) (*recount, error) {
	if t.Model == nil {
		return nil, nil
	}
	if d == nil || d.verdict == nil {
		return nil, messages.GateNoModel.With("file", file)
	}
	c := &recount{t: t, file: file, verdict: d.verdict, of: 1, bound: t.env.Memory, subject: -1, enough: t.enough(), exposed: unexposed}
	if is := s.FieldIndices(t.Subject); t.tied() && len(is) == 1 {
		c.subject = is[0]
	}
	c.ties = c.newTies()
	for j, q := range t.Quasi {
		i, err := pipelines.ColumnIndex(s, q.Column)
		if err != nil {
			return nil, messages.GateMissing.With("file", file, "column", q.Column)
		}
		c.quasi = append(c.quasi, i)
		labels := map[string]bool{}
		for code, label := range d.columns[j].labels {
			if !d.columns[j].hidden[code] {
				labels[label] = true
			}
		}
		c.labels = append(c.labels, labels)
	}
	for n, q := range t.Sensitive {
		i, err := pipelines.ColumnIndex(s, q.Column)
		if err != nil {
			return nil, messages.GateMissing.With("file", file, "column", q.Column)
		}
		v := valuesOf{index: i}
		if q.Closeness != nil {
			v.order = slices.Collect(maps.Keys(d.sensitive[n]))
			slices.SortFunc(v.order, compareValues(v.order))
			if f := t.files[q.Column]; f != nil {
				var ok bool
				if v.tree, ok = branchesOf(v.order, f); !ok {
					return nil, messages.GateNoModel.With("file", file)
				}
			}
		}
		c.values = append(c.values, v)
	}
	c.start(0)
	return c, nil
}

// start begins to count a part of the classes.
func (c *recount) start(part uint64) {
	c.part, c.rows, c.held, c.over = part, 0, 0, false
	c.forget()
}

func (c *recount) forget() {
	c.classes, c.parts, c.persons = tally{}, nil, nil
	for i := range c.values {
		c.values[i].counts = nil
	}
}

// What a class holds beside its texts, about: an entry of a map, and of a map of values
// what that is and an entry of it.
const classCost, valuesCost = 96, 256

// hold counts n bytes more, and gives up where they pass the bound.
func (c *recount) hold(n int) {
	if c.held += int64(n); c.bound > 0 && c.held > c.bound {
		c.over = true
		c.forget()
	}
}

// proven judges the classes of f, of which a first reading was counted. Where they did
// not fit in memory f is read again for each part of them.
func (c *recount) proven(ctx context.Context, f pipelines.SealedFile) error {
	if err := c.ties.proven(ctx, c, f); err != nil {
		return err
	}
	c.ties = nil
	if !c.over {
		if err := c.judge(ctx); err != nil {
			return err
		}
		return c.total()
	}
	if c.wildcard() {
		return messages.TooManyClasses.With("bound", c.bound) // any may match any
	}
again:
	for c.of < mostParts {
		c.of, c.found, c.exposed = 2*c.of, 0, unexposed
		for part := range c.of {
			if err := c.read(ctx, f, part); err != nil {
				return err
			}
			if c.over {
				continue again
			}
			if err := c.judge(ctx); err != nil {
				return err
			}
		}
		return c.total()
	}
	return messages.TooManyClasses.With("bound", c.bound)
}

// mostParts bounds how often a file is read.
const mostParts = 1 << 8

// read counts a part of the classes of f; over says that it did not fit.
func (c *recount) read(ctx context.Context, f pipelines.SealedFile, part uint64) error {
	in, err := f.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the sealed file: %w", err)
	}
	defer in.Close()
	c.start(part)
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		if err := c.add(b.Record); err != nil || !c.over {
			return err
		}
		return messages.TooManyClasses.With("bound", c.bound)
	})
	if c.over {
		return nil
	}
	return err
}

func (c *recount) add(r arrow.Record) error {
	if c == nil {
		return nil
	}
	c.rows += r.NumRows()
	var keys [some]xxh3.Uint128
	var numbers [some]int
	for from := 0; from < int(r.NumRows()) && (!c.over || c.ties.counts()); from += some {
		n := min(some, int(r.NumRows())-from)
		c.classes.reserve(n)
		c.hash(r, from, keys[:n])
		if c.ties.counts() {
			for i, key := range keys[:n] {
				c.ties.row(key, r, from+i)
			}
		}
		if c.over {
			continue
		}
		for i, key := range keys[:n] {
			number, met := c.classes.find(key)
			if !met {
				number = -1
			}
			numbers[i] = number
		}
		for i, number := range numbers[:n] {
			if keys[i].Lo%c.of != c.part {
				continue
			}
			if err := c.row(r, from+i, keys[i], number); err != nil {
				return err
			}
			if c.over {
				break
			}
		}
	}
	return nil
}

// row counts row i of r, of the class that has a number, or none yet.
func (c *recount) row(r arrow.Record, i int, key xxh3.Uint128, number int) error {
	if number < 0 {
		var met bool
		if number, met = c.classes.find(key); !met {
			if err := c.known(r, i); err != nil {
				return err
			}
			if number = c.open(key, r, i); c.over {
				return nil
			}
		}
	}
	class := &c.classes.classes[number]
	class.rows++
	if c.subject >= 0 && !class.full {
		c.person(number, r, i)
	}
	for v := range c.values {
		if c.over {
			break
		}
		c.value(&c.values[v], number, r, i)
	}
	return nil
}

// value counts the value that row i of r, of class n, has in a sensitive column.
func (c *recount) value(v *valuesOf, n int, r arrow.Record, i int) {
	counts := v.counts[n]
	c.buf = c.buf[:0]
	if a := r.Column(v.index); !a.IsNull(i) {
		c.buf = textOf(a)(append(c.buf, '='), i)
	}
	known := counts[string(c.buf)]
	if known == 0 {
		c.hold(len(c.buf) + valueCost)
	}
	counts[string(c.buf)] = known + 1
}

// open gives a class a number, which row i of r is the first of.
func (c *recount) open(class xxh3.Uint128, r arrow.Record, i int) int {
	n := c.classes.add(class)
	c.hold(classCost)
	if c.wildcard() && !c.over {
		parts := make([]string, len(c.quasi))
		for j, q := range c.quasi {
			if a := r.Column(q); !a.IsNull(i) {
				parts[j] = string(appendSeen(nil, a, i))
			}
			c.hold(len(parts[j]) + valueCost)
		}
		c.parts = append(c.parts, parts)
	}
	if c.subject >= 0 {
		c.hold(valueCost)
		c.persons = append(c.persons, nil)
	}
	for v := range c.values {
		c.hold(valuesCost)
		c.values[v].counts = append(c.values[v].counts, map[string]int64{})
	}
	return n
}

func (c *recount) wildcard() bool { return c.t.Model.NullMatch == "wildcard" }

// person counts of whom row i of r, of class n, is.
func (c *recount) person(n int, r arrow.Record, i int) {
	known := c.persons[n]
	c.buf = appendSeen(c.buf[:0], r.Column(c.subject), i)
	who := xxh3.Hash128(c.buf)
	at, met := slices.BinarySearchFunc(known, who, compareHashes)
	if met {
		return
	}
	if c.hold(valueCost); !c.over {
		c.persons[n] = slices.Insert(known, at, who)
		c.classes.classes[n].full = len(known)+1 >= c.enough
	}
}

func compareHashes(a, b xxh3.Uint128) int {
	if a.Hi == b.Hi {
		return cmp.Compare(a.Lo, b.Lo)
	}
	return cmp.Compare(a.Hi, b.Hi)
}

// matched is how many rows look like those of each class where null matches any value.
func (c *recount) matched() []int64 {
	open := map[string][]int{} // classes, by which of their values are null
	for class, parts := range c.parts {
		pattern := make([]byte, len(parts))
		for j, part := range parts {
			if part == "" {
				pattern[j] = 1
			}
		}
		open[string(pattern)] = append(open[string(pattern)], class)
	}
	counts := make([]int64, len(c.classes.classes))
	for a, some := range open {
		for b, others := range open {
			both := func(class int) string {
				var key []byte
				for j, part := range c.parts[class] {
					if a[j]|b[j] == 0 {
						key = append(binary.LittleEndian.AppendUint32(key, uint32(len(part))), part...)
					}
				}
				return string(key)
			}
			rows := map[string]int64{}
			for _, class := range others {
				rows[both(class)] += c.classes.classes[class].rows
			}
			for _, class := range some {
				counts[class] += rows[both(class)]
			}
		}
	}
	return counts
}

// appendSeen tells values apart as a reader of the file can: both zeros, and NaNs of
// other bits, are different.
func appendSeen(dst []byte, a arrow.Array, i int) []byte {
	if s, ok := a.(*array.String); ok {
		if s.IsNull(i) {
			return append(dst, 0)
		}
		return append(append(dst, 1), s.Value(i)...)
	}
	dst = arrowx.AppendKey(dst, a, i, false)
	if f, ok := a.(*array.Float64); ok && !f.IsNull(i) {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f.Value(i)))
	}
	return dst
}

// known refuses a value of a quasi-identifier that is none of those decided.
func (c *recount) known(r arrow.Record, i int) error {
	for j, q := range c.quasi {
		a := r.Column(q)
		if a.IsNull(i) {
			continue
		}
		if c.buf = textOf(a)(c.buf[:0], i); !c.labels[j][string(c.buf)] {
			return messages.GateLevel.With("file", c.file, "column", c.t.Quasi[j].Column, "row", c.rows-r.NumRows()+int64(i)+1)
		}
	}
	return nil
}

func (c *recount) refuse(model string) error {
	return messages.GateModel.With("file", c.file, "model", model)
}

// total refuses the file for what all its classes are together.
func (c *recount) total() error {
	// Fewer than were decided are those that a format without null writes alike.
	if c.found > c.verdict.classes {
		return messages.GateClasses.With("file", c.file)
	}
	if m := c.t.Model; m.MaxAverageRisk > 0 && float64(c.found) > m.MaxAverageRisk*float64(c.rows)*(1+1e-12) {
		return c.refuse(fmt.Sprintf("max_average_risk = %v", m.MaxAverageRisk))
	}
	return c.keepThresholds()
}

// judge refuses the file when a class that was counted does not keep the model.
func (c *recount) judge(ctx context.Context) error {
	m := c.t.Model
	if m.KMap > 0 && len(c.classes.classes) > 0 {
		people, err := c.mapped(ctx)
		if err != nil {
			return err
		}
		for _, n := range people {
			if n < int64(m.KMap) {
				return c.refuse("k_map = " + strconv.Itoa(m.KMap))
			}
		}
	}
	c.found += int64(len(c.classes.classes))
	smallest := int64(math.MaxInt64)
	if c.wildcard() {
		for _, n := range c.matched() {
			smallest = min(smallest, n)
		}
	} else {
		for _, class := range c.classes.classes {
			smallest = min(smallest, class.rows)
		}
	}
	// Persons are never more than rows.
	if c.subject >= 0 {
		for _, who := range c.persons {
			smallest = min(smallest, int64(len(who)))
		}
	}
	if smallest < int64(m.K) {
		return c.refuse("k = " + strconv.Itoa(m.K))
	}
	c.expose(smallest)
	for i, s := range c.t.Sensitive {
		for _, counts := range c.values[i].counts {
			if d := s.Diversity; d != nil && !d.holds(counts) {
				return c.refuse(s.Column + ": diversity")
			}
			if t := s.Closeness; t != nil && !t.holds(counts, c.verdict.sensitive[i], &c.values[i], c.verdict.total) {
				return c.refuse(s.Column + ": closeness")
			}
		}
	}
	return nil
}

// holds is the predicate of privacy.md §7, in floats with a margin for their
// rounding: the exact one was asked before.
func (d *diversityConfig) holds(counts map[string]int64) bool {
	var sizes []float64
	n := 0.0
	for value, c := range counts {
		if value != "" || d.Null == "value" {
			sizes = append(sizes, float64(c))
			n += float64(c)
		}
	}
	slices.Sort(sizes)
	switch d.Kind {
	case "entropy":
		h := 0.0
		for _, f := range sizes {
			h -= float64(f / n * math.Log(f/n))
		}
		return h >= math.Log(d.L)-1e-9
	case "recursive":
		if len(sizes) < int(d.L) {
			return false
		}
		rest := 0.0
		for _, f := range sizes[:len(sizes)-int(d.L)+1] {
			rest += f
		}
		return sizes[len(sizes)-1] < d.C*rest*(1+1e-12)
	}
	return float64(len(sizes)) >= d.L
}

// holds takes the values of all rows in order too.
func (t *closenessConfig) holds(counts, all map[string]int64, v *valuesOf, total int64) bool {
	order := v.order
	n := int64(0)
	for _, c := range counts {
		n += c
	}
	if t.Distance == "hierarchical" && v.tree == nil && len(order) > 1 {
		return false
	}
	if t.Distance == "hierarchical" {
		differences := make([]float64, len(order))
		for i, value := range order {
			differences[i] = float64(counts[value])/float64(n) - float64(all[value])/float64(total)
		}
		return v.tree.distance(differences) <= t.T+1e-9
	}
	distance, sum := 0.0, 0.0
	for _, v := range order {
		d := float64(counts[v])/float64(n) - float64(all[v])/float64(total)
		if t.Distance == "ordered" {
			sum += d
			distance += math.Abs(sum)
		} else {
			distance += math.Abs(d)
		}
	}
	if t.Distance == "ordered" {
		distance /= float64(max(len(order)-1, 1))
	} else {
		distance /= 2
	}
	return distance <= t.T+1e-9
}

// compareValues orders values: numbers as numbers where all are, else as texts;
// null comes last.
func compareValues(values []string) func(a, b string) int {
	numbers := map[string]*big.Rat{}
	for _, v := range values {
		if v == "" {
			continue
		}
		x, ok := new(big.Rat).SetString(v[1:])
		if !ok {
			numbers = nil
			break
		}
		numbers[v] = x
	}
	return func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == "":
			return 1
		case b == "":
			return -1
		case numbers != nil:
			return numbers[a].Cmp(numbers[b])
		}
		return strings.Compare(a, b)
	}
}
