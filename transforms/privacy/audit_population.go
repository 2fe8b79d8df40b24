package privacy

import (
	"context"
	"encoding/binary"
	"io"
	"math/bits"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// auditedPopulation counts the persons of the population who look like the rows of each
// class of a file of which nothing was decided. At which level a column is its labels
// tell: the least at which the population has every label that it has at all.
type auditedPopulation struct {
	t       policy
	columns []auditedQuasi
	types   []arrow.DataType // of the columns of the file
}

// auditedQuasi is what the population has in a quasi-identifier.
type auditedQuasi struct {
	texts   []string // as they stand in the file, each once
	numbers map[string]uint32
	labels  []uint32 // by text: the number of its label in the judged file; absent where none has it
}

// absentLabel is the number of a label that the judged file has not.
const absentLabel = 1<<32 - 1

// textCost is what is held of a text of the population besides its bytes, about.
const textCost = 96

// auditedPopulation reads the values of the population. It is nil where the policy has none.
func (t policy) auditedPopulation(ctx context.Context) (*auditedPopulation, error) {
	if t.Model == nil || t.Model.KMap == 0 {
		return nil, nil
	}
	p := &auditedPopulation{t: t, columns: make([]auditedQuasi, len(t.Quasi))}
	for j := range p.columns {
		p.columns[j].numbers = map[string]uint32{}
	}
	held := int64(0)
	return p, p.each(ctx, func(record []string, at []int, _ uint32) error {
		for j := range p.columns {
			c := &p.columns[j]
			if _, met := c.numbers[record[at[j]]]; met {
				continue
			}
			text := strings.Clone(record[at[j]])
			c.numbers[text] = uint32(len(c.texts))
			c.texts = append(c.texts, text)
			if held += int64(len(text)) + textCost; t.env.Memory > 0 && held > t.env.Memory {
				return messages.TooManyValues.With("bound", t.env.Memory)
			}
		}
		return nil
	})
}

// each reads the population.
func (p *auditedPopulation) each(ctx context.Context, f func(record []string, at []int, persons uint32) error) error {
	lines, err := p.t.lines()
	if err != nil {
		return err
	}
	defer lines.Close()
	for n := 0; ; n++ {
		record, err := lines.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && n%populationRows == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		persons, err := lines.persons(record)
		if err == nil {
			err = f(record, lines.quasi, persons)
		}
		if err != nil {
			return err
		}
	}
}

// bind finds what the values of the population are in the file, whose quasi-identifiers
// have these labels. It gives the column where that cannot be told.
func (p *auditedPopulation) bind(t policy, labels [][]string) (unknown string) {
	for j, q := range t.Quasi {
		ok := false
		for _, typ := range q.mayBe(p.types[j], p.columns[j].texts) {
			levels, err := q.levels(typ, t.files[q.Column], t.postcodes[q.Column])
			if err != nil {
				continue
			}
			if ok = p.columns[j].bind(levels, typ, labels[j]); ok {
				break
			}
		}
		if !ok {
			return q.Column
		}
	}
	return ""
}

// mayBe is the types that the values may have had before they were generalised, given
// the one that they have in a file. What lavoir writes of them is alike in the text of a
// file of the population, but for numbers and instants.
func (q quasiConfig) mayBe(is arrow.DataType, texts []string) []arrow.DataType {
	numbers := len(q.Bands)+len(q.Steps)+len(q.Snap) > 0 && q.AgeAt == "" || q.Top != "" || q.Bottom != "" || q.Round != ""
	switch {
	case !q.generalises():
		return []arrow.DataType{is}
	case q.Period != "" || q.AgeAt != "":
		return []arrow.DataType{arrow.FixedWidthTypes.Date32, pipelines.Instant}
	case numbers:
		scale := 1
		for _, text := range texts {
			if _, fraction, ok := strings.Cut(text, "."); ok {
				scale = max(scale, min(len(fraction), 18))
			}
		}
		return []arrow.DataType{arrow.PrimitiveTypes.Int64, &arrow.Decimal128Type{Precision: 38, Scale: int32(scale)}, arrow.PrimitiveTypes.Float64}
	}
	return []arrow.DataType{arrow.BinaryTypes.String}
}

// bind gives the values the numbers of their labels in the file at the least level at
// which all labels are that the population has; false where there is none, or where it
// has no label at all.
func (c *auditedQuasi) bind(l levels, typ arrow.DataType, file []string) bool {
	all, ok := c.byLevel(l, typ, file)
	if !ok {
		return false
	}
	anywhere, met := make([]bool, len(file)), false
	here := make([][]bool, len(all))
	for level, labels := range all {
		here[level] = make([]bool, len(file))
		for _, n := range labels {
			if n != absentLabel {
				here[level][n], anywhere[n], met = true, true, true
			}
		}
	}
	if !met {
		return false
	}
next:
	for level, labels := range all {
		for n, label := range file {
			if anywhere[n] && !here[level][n] && label != "" {
				continue next
			}
		}
		c.labels = labels
		return true
	}
	return false
}

// byLevel gives the numbers that the labels of the values have in the file, level by level.
// There is "=" before each label; null is "". It is false where the values are not of the
// type.
func (c *auditedQuasi) byLevel(l levels, typ arrow.DataType, file []string) ([][]uint32, bool) {
	to := pipelines.ColumnType{Type: typ}
	if ts, ok := typ.(*arrow.TimestampType); ok {
		to.Zone = ts.TimeZone
	}
	reader, err := convert.NewReader(to, scalar.Plain)
	if err != nil {
		return nil, false
	}
	numbers := make(map[string]uint32, len(file))
	for n, label := range file {
		numbers[label] = uint32(n)
	}
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	defer b.Release()
	for _, text := range c.texts {
		if text == "" {
			b.AppendNull()
		} else if reader.Append(b, []byte(text)) != nil {
			return nil, false
		}
	}
	a := b.NewArray()
	defer a.Release()
	least, star := l.min, l.star
	count := 0
	if least == 0 {
		count++
	}
	if l.how != nil {
		count += max(0, l.most-max(least, 1)+1)
	}
	if star {
		count++
	}
	all := make([][]uint32, count)
	for level := range all {
		all[level] = make([]uint32, a.Len())
	}
	text := textOf(a)
	for i := range a.Len() {
		at := 0
		put := func(label string) {
			n, ok := numbers[label]
			if !ok {
				n = absentLabel
			}
			all[at][i] = n
			at++
		}
		var labels []string
		known := false
		if l.how != nil && !a.IsNull(i) {
			labels, known = l.how.Labels(nil, a, i)
		}
		if least == 0 {
			if a.IsNull(i) {
				put("")
			} else {
				put("=" + string(text(nil, i)))
			}
		}
		for level := max(least, 1); l.how != nil && level <= l.most; level++ {
			switch {
			case a.IsNull(i):
				put("")
			case known:
				put("=" + labels[level-1])
			default:
				all[at][i] = absentLabel
				at++
			}
		}
		if star {
			put("=" + disclosure.Star)
		}
	}
	return all, true
}

// count gives, for each class of a part, how many persons look like it.
func (p *auditedPopulation) count(ctx context.Context, c *counted) ([]int64, error) {
	people := make([]int64, len(c.rows))
	codes := make([]uint32, len(p.columns))
	return people, p.each(ctx, func(record []string, at []int, persons uint32) error {
		for j := range p.columns {
			of := &p.columns[j]
			n, met := of.numbers[record[at[j]]]
			if !met {
				return messages.PopulationChanged.With()
			}
			if codes[j] = of.labels[n]; codes[j] == absentLabel {
				return nil
			}
		}
		if class, ok := c.find(codes); ok {
			people[class] += int64(persons)
		}
		return nil
	})
}

// find gives the class of a part that has these codes.
func (c *counted) find(codes []uint32) (uint32, bool) {
	if len(c.rows) == 0 {
		return 0, false
	}
	var lo, hi uint64
	if c.hashed {
		c.buf = c.buf[:0]
		for _, code := range codes {
			c.buf = binary.LittleEndian.AppendUint32(c.buf, code)
		}
		h := xxh3.Hash128(c.buf)
		lo, hi = h.Lo, h.Hi
	} else {
		for j, code := range codes {
			lo = lo<<c.widths[j] | uint64(code)
		}
	}
	return c.classes.find(lo, hi)
}

// find gives the number of a value that has one.
func (c *codes) find(lo, hi uint64) (uint32, bool) {
	mask := uint64(len(c.slots) - 1)
	for at := (lo ^ bits.RotateLeft64(hi, 29)) * mixLow >> c.shift; c.slots[at].code != 0; at = (at + 1) & mask {
		if s := &c.slots[at]; s.lo == lo && s.hi == hi {
			return s.code - 1, true
		}
	}
	return 0, false
}
