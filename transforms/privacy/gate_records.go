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
	"sync"
	"sync/atomic"

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
	exposed exposed
	refused refusal
	parts   [][]string // values of each class, null "", where null matches any
	subject int        // column of the pseudonyms that tell persons; -1: the file does not tell them
	rows    int64
	of      uint64             // how many parts the classes are counted in, by their hash; a power of two
	part    uint64             // which of them
	found   int64              // classes of the parts that are judged
	counted int64              // rows of them
	bound   int64              // bytes; 0: none
	held    int64              // bytes, about
	over    bool               // more than the bound: nothing is counted
	labels  []map[string]bool  // by quasi-identifier, what may stand there
	values  []valuesOf         // by sensitive column
	joint   []map[string]int64 // by class, rows by what they have in all sensitive columns, where these are judged together
	ties    *ties              // nil: the file does not show which rows are of one person
	buf     []byte

	readers []*reader
	mu      sync.Mutex  // of all that several readers change
	doubt   atomic.Bool // something is not as it must be: what, passed tells
	failed  error       // of a reader
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
	c := &recount{t: t, file: file, verdict: d.verdict, of: 1, bound: t.env.Memory, subject: -1, exposed: unexposed, refused: kept}
	if is := s.FieldIndices(t.Subject); t.tied() && len(is) == 1 {
		c.subject = is[0]
	}
	c.ties = c.newTies(d.rows)
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
			slices.SortFunc(v.order, compareValues(v.order, s.Field(i).Type))
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
	c.classes.expect(min(d.classes, d.rows), cmp.Or(c.bound, math.MaxInt64))
	c.readBy(1)
	return c, nil
}

// start begins to count a part of the classes.
func (c *recount) start(part uint64) {
	c.part, c.rows, c.held, c.over = part, 0, 0, false
	c.forget()
}

func (c *recount) forget() {
	c.classes, c.parts, c.joint = tally{}, nil, nil
	for i := range c.values {
		c.values[i].counts = nil
	}
}

func (c *recount) close() error {
	if c == nil {
		return nil
	}
	return c.ties.close()
}

// What a class holds beside its texts, about, and of a map of values what that is and
// an entry of it.
const classCost, valuesCost = 64, 256

// hold counts n bytes more. Where they pass the bound nothing is counted any more, but
// for the rows of classes whose numbers persons are noted with.
func (c *recount) hold(n int) {
	if c.held += int64(n); c.bound == 0 || c.held <= c.bound {
		return
	}
	classes := c.classes
	c.over = true
	c.forget()
	if c.ties.numbers() {
		if c.held = int64(len(classes.classes)) * (classCost + tieCost); c.held <= c.bound {
			c.classes = classes
		} else {
			c.ties.giveUp()
		}
	}
}

// numbers says whether classes have numbers.
func (c *recount) numbers() bool { return !c.over || c.ties.numbers() }

// proven judges the classes of f, of which a first reading was counted. Where they did
// not fit in memory f is read again for each part of them.
func (c *recount) proven(ctx context.Context, f pipelines.SealedFile) error {
	if c.doubt.Load() {
		return messages.GateNoModel.With("file", c.file) // whoever counts found what nobody sees
	}
	c.ended()
	persons, err := c.ties.proven(ctx, c, f)
	if err != nil {
		return err
	}
	if err := c.ties.close(); err != nil {
		return err
	}
	c.ties, c.bound, c.exposed = nil, c.t.env.Memory, persons
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
		c.of, c.found, c.counted, c.exposed, c.refused = 2*c.of, 0, 0, persons, kept
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

// value counts the value that so many rows of r from i on, of class n, have in a
// sensitive column.
func (c *recount) value(v *valuesOf, n int, r arrow.Record, i int, rows int64) {
	counts := v.counts[n]
	c.buf = c.buf[:0]
	if a := r.Column(v.index); !a.IsNull(i) {
		c.buf = append(append(c.buf, '='), wordAt(a, i)...)
	}
	known := counts[string(c.buf)]
	counts[string(c.buf)] = known + rows
	if known == 0 {
		c.hold(len(c.buf) + valueCost)
	}
}

// open gives a class a number, which row i of r is the first of.
func (c *recount) open(class xxh3.Uint128, r arrow.Record, i int) int {
	n, cost := c.classes.add(class), classCost
	if c.ties.numbers() {
		c.ties.classes = append(c.ties.classes, tieClass{})
		cost += tieCost
	}
	if c.hold(cost); c.over {
		return n
	}
	if c.wildcard() {
		parts := make([]string, len(c.quasi))
		for j, q := range c.quasi {
			if a := r.Column(q); !a.IsNull(i) {
				parts[j] = string(appendSeen(nil, a, i))
			}
			c.hold(len(parts[j]) + valueCost)
		}
		c.parts = append(c.parts, parts)
	}
	if c.t.jointly() {
		c.joint = append(c.joint, map[string]int64{})
		c.hold(valuesCost)
		return n
	}
	for v := range c.values {
		c.values[v].counts = append(c.values[v].counts, map[string]int64{})
	}
	c.hold(len(c.values) * valuesCost)
	return n
}

func (c *recount) wildcard() bool { return c.t.Model.NullMatch == "wildcard" }

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

// wordAt is the text of a value that is not null, which is borrowed of texts.
func wordAt(a arrow.Array, i int) []byte {
	switch a := a.(type) {
	case *array.String:
		ends, data := arrowx.Texts(a)
		return data[ends[i]:ends[i+1]]
	case *array.Dictionary:
		return wordAt(a.Dictionary(), a.GetValueIndex(i))
	}
	return textOf(a)(nil, i)
}

// appendSeen tells values apart as a reader of the file can: both zeros, and NaNs of
// other bits, are different.
func appendSeen(dst []byte, a arrow.Array, i int) []byte {
	switch a.(type) {
	case *array.String, *array.Dictionary:
		if a.IsNull(i) {
			return append(dst, 0)
		}
		return append(append(dst, 1), wordAt(a, i)...)
	}
	dst = arrowx.AppendKey(dst, a, i, false)
	if f, ok := a.(*array.Float64); ok && !f.IsNull(i) {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f.Value(i)))
	}
	return dst
}

// decided refuses a value of a quasi-identifier in row i of r that is none of those
// decided. before is the number of rows in front of r.
func (c *recount) decided(r arrow.Record, i int, before int64) error {
	for j, q := range c.quasi {
		if a := r.Column(q); !a.IsNull(i) && !c.labels[j][string(wordAt(a, i))] {
			return messages.GateLevel.With("file", c.file, "column", c.t.Quasi[j].Column, "row", before+int64(i)+1)
		}
	}
	return nil
}

// refusal is what of the model a class does not keep. Of several it is the one that
// comes first in the policy, in whichever part of the file its class was counted.
type refusal struct {
	rank  int
	model string
}

var kept = refusal{rank: math.MaxInt}

func (c *recount) refuse(rank int, model string) {
	if rank < c.refused.rank {
		c.refused = refusal{rank, model}
	}
}

func (c *recount) refusal(model string) error {
	return messages.GateModel.With("file", c.file, "model", model)
}

// total refuses the file for a class that does not keep the model, and for what all its
// classes are together.
func (c *recount) total() error {
	if c.counted != c.rows { // no reader looked at some rows
		return messages.GateNoModel.With("file", c.file)
	}
	if c.refused != kept {
		return c.refusal(c.refused.model)
	}
	// Fewer than were decided are those that a format without null writes alike.
	if c.found > c.verdict.classes {
		return messages.GateClasses.With("file", c.file)
	}
	if !c.averageKept() {
		return c.refusal(fmt.Sprintf("max_average_risk = %v", c.t.Model.MaxAverageRisk))
	}
	return c.keepThresholds()
}

// judge notes whether the classes that were counted keep the model.
func (c *recount) judge(ctx context.Context) error {
	m := c.t.Model
	if m.KMap > 0 && len(c.classes.classes) > 0 {
		people, err := c.mapped(ctx)
		if err != nil {
			return err
		}
		if slices.Min(people) < int64(m.KMap) {
			c.refuse(0, "k_map = "+strconv.Itoa(m.KMap))
		}
	}
	c.found += int64(len(c.classes.classes))
	for _, class := range c.classes.classes {
		c.counted += class.rows
	}
	smallest := c.exposed.least
	if c.wildcard() {
		for _, n := range c.matched() {
			smallest = min(smallest, n)
		}
	} else {
		for _, class := range c.classes.classes {
			smallest = min(smallest, class.rows)
		}
	}
	if smallest < int64(m.K) {
		c.refuse(1, "k = "+strconv.Itoa(m.K))
	}
	c.expose(smallest)
	for i, s := range c.t.Sensitive {
		for counts := range c.eachPart(i) {
			if d := s.Diversity; d != nil && !d.holds(counts) {
				c.refuse(2+2*i, s.Column+": diversity")
			}
			if t := s.Closeness; t != nil && !t.holds(counts, c.verdict.sensitive[i], &c.values[i], c.verdict.total) {
				c.refuse(3+2*i, s.Column+": closeness")
			}
		}
	}
	return nil
}

// holds is the predicate of privacy.md §7, in floats. What they leave open is taken to hold
// where equal is enough; recursive diversity, where it is not, asks exactly then.
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
		most, bound := sizes[len(sizes)-1], d.C*rest
		if math.Abs(most-bound) > 1e-9*bound {
			return most < bound
		}
		c, ok := new(big.Rat).SetString(strconv.FormatFloat(d.C, 'f', -1, 64))
		return ok && new(big.Rat).SetFloat64(most).Cmp(c.Mul(c, new(big.Rat).SetFloat64(rest))) < 0
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

// compareValues orders values of a type, "=" before each: numbers as numbers, where those
// that are none come after the others, instants by time, and all else as texts; null comes
// last.
func compareValues(values []string, t arrow.DataType) func(a, b string) int {
	numbers := map[string]*big.Rat{}
	switch t.ID() {
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		for _, v := range values {
			if x, ok := new(big.Rat).SetString(strings.TrimPrefix(v, "=")); ok {
				numbers[v] = x
			}
		}
	}
	infinite := func(v string) int { // on which side of the numbers
		switch {
		case v == "=-Inf":
			return -1
		case v == "=+Inf":
			return 1
		case numbers[v] == nil:
			return 2
		}
		return 0
	}
	return func(a, b string) int {
		switch x, y := numbers[a], numbers[b]; {
		case a == b:
			return 0
		case a == "":
			return 1
		case b == "":
			return -1
		case x != nil && y != nil:
			return x.Cmp(y)
		case t.ID() == arrow.FLOAT64:
			return infinite(a) - infinite(b)
		case t.ID() == arrow.TIMESTAMP: // a second comes before its fractions
			return strings.Compare(strings.TrimSuffix(a, "Z"), strings.TrimSuffix(b, "Z"))
		}
		return strings.Compare(a, b)
	}
}
