package privacy

import (
	"encoding/binary"
	"fmt"
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
	classes map[xxh3.Uint128]int64
	parts   map[xxh3.Uint128][]string // values of each class, null "", where null matches any
	rows    int64
	labels  []map[string]bool // by quasi-identifier, what may stand there
	values  []valuesOf        // by sensitive column
	buf     []byte
}

// valuesOf is what a sensitive column has in each class.
type valuesOf struct {
	index  int
	counts map[xxh3.Uint128]map[string]int64
}

// recount is nil for a policy without a model.
func (t policy) recount(s *arrow.Schema, d *seen, file string) (*recount, error) {
	if t.Model == nil {
		return nil, nil
	}
	if d == nil || d.verdict == nil {
		return nil, messages.GateNoModel.With("file", file)
	}
	c := &recount{t: t, file: file, verdict: d.verdict, classes: map[xxh3.Uint128]int64{}}
	if t.Model.NullMatch == "wildcard" {
		c.parts = map[xxh3.Uint128][]string{}
	}
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
	for _, q := range t.Sensitive {
		i, err := pipelines.ColumnIndex(s, q.Column)
		if err != nil {
			return nil, messages.GateMissing.With("file", file, "column", q.Column)
		}
		c.values = append(c.values, valuesOf{i, map[xxh3.Uint128]map[string]int64{}})
	}
	return c, nil
}

func (c *recount) add(r arrow.Record) error {
	if c == nil {
		return nil
	}
	c.rows += r.NumRows()
	for i := range int(r.NumRows()) {
		c.buf = c.buf[:0]
		for _, q := range c.quasi {
			at := len(c.buf)
			c.buf = append(c.buf, 0, 0, 0, 0)
			c.buf = appendSeen(c.buf, r.Column(q), i)
			binary.LittleEndian.PutUint32(c.buf[at:], uint32(len(c.buf)-at))
		}
		class := xxh3.Hash128(c.buf)
		if c.classes[class] == 0 {
			c.open(class, r, i)
			if err := c.known(r, i); err != nil {
				return err
			}
		}
		c.classes[class]++
		for _, v := range c.values {
			counts := v.counts[class]
			if counts == nil {
				counts = map[string]int64{}
				v.counts[class] = counts
			}
			c.buf = c.buf[:0]
			if a := r.Column(v.index); !a.IsNull(i) {
				c.buf = textOf(a)(append(c.buf, '='), i)
			}
			counts[string(c.buf)]++
		}
	}
	return nil
}

// open notes the values of a class, which row i of r is the first of.
func (c *recount) open(class xxh3.Uint128, r arrow.Record, i int) {
	if c.parts == nil {
		return
	}
	parts := make([]string, len(c.quasi))
	for j, q := range c.quasi {
		if a := r.Column(q); !a.IsNull(i) {
			parts[j] = string(appendSeen(nil, a, i))
		}
	}
	c.parts[class] = parts
}

// matched is how many rows look like those of each class where null matches any value.
func (c *recount) matched() map[xxh3.Uint128]int64 {
	open := map[string][]xxh3.Uint128{} // classes, by which of their values are null
	for class, parts := range c.parts {
		pattern := make([]byte, len(parts))
		for j, part := range parts {
			if part == "" {
				pattern[j] = 1
			}
		}
		open[string(pattern)] = append(open[string(pattern)], class)
	}
	counts := map[xxh3.Uint128]int64{}
	for a, some := range open {
		for b, others := range open {
			both := func(class xxh3.Uint128) string {
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
				rows[both(class)] += c.classes[class]
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

// judge refuses the file when a class does not keep the model.
func (c *recount) judge() error {
	m := c.t.Model
	refuse := func(model string) error {
		return messages.GateModel.With("file", c.file, "model", model)
	}
	smallest := int64(math.MaxInt64)
	alike := c.classes
	if c.parts != nil {
		alike = c.matched()
	}
	for _, n := range alike {
		smallest = min(smallest, n)
	}
	// Persons, whom the file does not tell, are never more than rows.
	if smallest < int64(m.K) {
		return refuse("k = " + strconv.Itoa(m.K))
	}
	// Fewer are those that a format without null writes alike.
	if int64(len(c.classes)) > c.verdict.classes {
		return messages.GateClasses.With("file", c.file)
	}
	if m.MaxAverageRisk > 0 && float64(len(c.classes)) > m.MaxAverageRisk*float64(c.rows)*(1+1e-12) {
		return refuse(fmt.Sprintf("max_average_risk = %v", m.MaxAverageRisk))
	}
	for i, s := range c.t.Sensitive {
		for _, counts := range c.values[i].counts {
			if d := s.Diversity; d != nil && !d.holds(counts) {
				return refuse(s.Column + ": diversity")
			}
			if t := s.Closeness; t != nil && !t.holds(counts, c.verdict.sensitive[i], c.verdict.total) {
				return refuse(s.Column + ": closeness")
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

func (t *closenessConfig) holds(counts, all map[string]int64, total int64) bool {
	n := int64(0)
	for _, c := range counts {
		n += c
	}
	values := make([]string, 0, len(all))
	for v := range all {
		values = append(values, v)
	}
	slices.SortFunc(values, compareValues(values))
	distance, sum := 0.0, 0.0
	for _, v := range values {
		d := float64(counts[v])/float64(n) - float64(all[v])/float64(total)
		if t.Distance == "ordered" {
			sum += d
			distance += math.Abs(sum)
		} else {
			distance += math.Abs(d)
		}
	}
	if t.Distance == "ordered" {
		distance /= float64(max(len(values)-1, 1))
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
