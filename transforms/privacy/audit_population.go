package privacy

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

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
	columns []auditedQuasi
	rows    [][]uint32 // by quasi-identifier: what the population has there, by line
	weights []uint64
	types   []arrow.DataType  // of the columns of the file
	known   map[string]uint32 // class of a part by the numbers of its labels
	buf     []byte
}

// auditedQuasi is what the population has in a quasi-identifier.
type auditedQuasi struct {
	texts  []string // as they stand in the file, each once
	labels []uint32 // by text: the number of its label in the judged file; absent where none has it
}

// absentLabel is the number of a label that the judged file has not.
const absentLabel = 1<<32 - 1

// auditedPopulation reads the population. It is nil where the policy has none.
func (t policy) auditedPopulation() (*auditedPopulation, error) {
	if t.Model == nil || t.Model.KMap == 0 {
		return nil, nil
	}
	if m := t.env.Memory; m > 0 && int64(len(t.population)) > m/4 {
		return nil, messages.PopulationLarge.With("bytes", len(t.population), "bound", m/4)
	}
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(t.population, []byte("\ufeff"))))
	lines.Comma, lines.ReuseRecord = ';', true
	head, err := lines.Read()
	if err != nil {
		return nil, populationLine(lines, err)
	}
	column := func(name string) (int, error) {
		if at := slices.Index(head, name); at >= 0 {
			return at, nil
		}
		return 0, messages.PopulationColumn.With("column", name)
	}
	p := &auditedPopulation{}
	var from []int
	for _, q := range t.Quasi {
		name := q.Column
		if other, ok := t.Model.Population.Columns[name]; ok {
			name = other
		}
		at, err := column(name)
		if err != nil {
			return nil, err
		}
		from = append(from, at)
	}
	weight := -1
	if name := t.Model.Population.Weight; name != "" {
		if weight, err = column(name); err != nil {
			return nil, err
		}
	}
	p.columns, p.rows = make([]auditedQuasi, len(from)), make([][]uint32, len(from))
	known := make([]map[string]uint32, len(from))
	for j := range known {
		known[j] = map[string]uint32{}
	}
	for {
		record, err := lines.Read()
		if err == io.EOF {
			return p, nil
		}
		if err != nil {
			return nil, populationLine(lines, err)
		}
		n := uint64(1)
		if weight >= 0 {
			if n, err = strconv.ParseUint(record[weight], 10, 32); err != nil {
				line, _ := lines.FieldPos(0)
				return nil, messages.PopulationLine.With("line", line, "why", "its weight is no whole number")
			}
		}
		p.weights = append(p.weights, n)
		for j, at := range from {
			number, met := known[j][record[at]]
			if !met {
				number = uint32(len(p.columns[j].texts))
				text := strings.Clone(record[at])
				known[j][text] = number
				p.columns[j].texts = append(p.columns[j].texts, text)
			}
			p.rows[j] = append(p.rows[j], number)
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
	all, ok := c.byLevel(l, typ)
	if !ok {
		return false
	}
	anywhere := map[string]bool{}
	for _, labels := range all {
		for _, label := range labels {
			anywhere[label] = true
		}
	}
	met := false
	for _, label := range file {
		met = met || anywhere[label]
	}
	for _, labels := range all {
		here := map[string]bool{}
		for _, label := range labels {
			here[label] = true
		}
		if !met || slices.ContainsFunc(file, func(label string) bool { return anywhere[label] && !here[label] && label != "" }) {
			continue
		}
		numbers := map[string]uint32{}
		for n, label := range file {
			numbers[label] = uint32(n)
		}
		c.labels = c.labels[:0]
		for _, label := range labels {
			number, ok := numbers[label]
			if !ok {
				number = absentLabel
			}
			c.labels = append(c.labels, number)
		}
		return true
	}
	return false
}

// nowhere is the label of a value that has none; no file has it.
const nowhere = "\x00"

// byLevel gives the labels of the values, level by level, "=" before each; null is "". It
// is false where the values are not of the type.
func (c *auditedQuasi) byLevel(l levels, typ arrow.DataType) ([][]string, bool) {
	to := pipelines.ColumnType{Type: typ}
	if ts, ok := typ.(*arrow.TimestampType); ok {
		to.Zone = ts.TimeZone
	}
	reader, err := convert.NewReader(to, scalar.Plain)
	if err != nil {
		return nil, false
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
	var all [][]string
	add := func(label func(i int) string) {
		labels := make([]string, a.Len())
		for i := range labels {
			labels[i] = label(i)
		}
		all = append(all, labels)
	}
	least := l.min
	if least == 0 {
		text := textOf(a)
		add(func(i int) string {
			if a.IsNull(i) {
				return ""
			}
			return "=" + string(text(nil, i))
		})
		least = 1
	}
	for level := least; l.how != nil && level <= l.most; level++ {
		add(func(i int) string {
			if a.IsNull(i) {
				return ""
			}
			labels, ok := l.how.Labels(nil, a, i)
			if !ok {
				return nowhere
			}
			return "=" + labels[level-1]
		})
	}
	if l.star {
		add(func(int) string { return "=" + disclosure.Star })
	}
	return all, true
}

// count gives, for each class of a part, how many persons look like it.
func (p *auditedPopulation) count(c *counted) []int64 {
	d := len(c.quasi)
	people := make([]int64, len(c.rows))
	p.known = make(map[string]uint32, len(c.rows))
	for class := range c.rows {
		p.buf = p.buf[:0]
		for _, code := range c.members[class*d : (class+1)*d] {
			p.buf = binary.LittleEndian.AppendUint32(p.buf, code)
		}
		p.known[string(p.buf)] = uint32(class)
	}
	for i, n := range p.weights {
		p.buf = p.buf[:0]
		for j := range p.columns {
			p.buf = binary.LittleEndian.AppendUint32(p.buf, p.columns[j].labels[p.rows[j][i]])
		}
		if class, ok := p.known[string(p.buf)]; ok {
			people[class] += int64(n)
		}
	}
	return people
}
