package privacy

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

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

type populationConfig struct {
	File    pipelines.ProjectFile `hcl:"file" doc:"A file of the project with the persons of whom the rows are some: CSV in UTF-8, with semicolons and a line of names, its values written as lavoir writes them (2024-01-31, 12.5); an empty field is null."`
	Columns map[string]string     `hcl:"columns,optional" doc:"The name that a quasi-identifier has in the file, where it is another one."`
	Weight  string                `hcl:"weight,optional" doc:"The column of the file that says how many persons a line stands for; one unless given."`
}

// populationRows is how many rows of the population are looked at together.
const populationRows = 1 << 12

// population reads the population and gives the values of the quasi-identifiers, of
// their types, some rows at a time, and how many persons each row stands for. What f
// gets is good until it returns.
func (r *records) population(ctx context.Context, f func(columns []arrow.Array, weights []uint32, line int64) error) error {
	conf := r.t.Model.Population
	if m := r.t.env.Memory; m > 0 && int64(len(r.t.population)) > m/4 {
		return messages.PopulationLarge.With("bytes", len(r.t.population), "bound", m/4)
	}
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(r.t.population, []byte("\ufeff"))))
	lines.Comma, lines.ReuseRecord = ';', true
	head, err := lines.Read()
	if err != nil {
		return populationLine(lines, err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[name] = i
	}
	p := &populationReader{weight: -1}
	for j, q := range r.quasi {
		name := q.name
		if other, ok := conf.Columns[name]; ok {
			name = other
		}
		i, ok := at[name]
		if !ok {
			return messages.PopulationColumn.With("column", name)
		}
		reader, err := convert.NewReader(pipelines.ColumnType{Type: r.types[j]}, scalar.Plain)
		if err != nil {
			return err
		}
		p.columns = append(p.columns, populationColumn{i, q.name, reader, array.NewBuilder(r.t.env.Allocator, r.types[j])})
	}
	defer p.release()
	if conf.Weight != "" {
		i, ok := at[conf.Weight]
		if !ok {
			return messages.PopulationColumn.With("column", conf.Weight)
		}
		p.weight = i
	}
	for {
		record, err := lines.Read()
		if err != nil && err != io.EOF {
			return populationLine(lines, err)
		}
		if err == io.EOF || p.n == populationRows {
			if e := p.flush(ctx, f); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
		line, _ := lines.FieldPos(0)
		if e := p.add(record, int64(line)); e != nil {
			return e
		}
	}
}

func populationLine(lines *csv.Reader, err error) error {
	if at := (*csv.ParseError)(nil); errors.As(err, &at) {
		return messages.PopulationLine.With("line", at.Line, "why", "it is no text of fields")
	}
	if err == io.EOF {
		return messages.PopulationLine.With("line", 1, "why", "it has no names")
	}
	return fmt.Errorf("read the population: %w", err)
}

// readPopulation reads the file of the population, if the policy has one.
func (c policyConfig) readPopulation(env pipelines.Env) ([]byte, error) {
	if c.Model == nil || c.Model.Population == nil {
		return nil, nil
	}
	data, err := os.ReadFile(env.Path(string(c.Model.Population.File)))
	if err != nil {
		return nil, messages.PopulationUnreadable.With("why", pipelines.Unreadable(err))
	}
	return data, nil
}

type populationReader struct {
	columns []populationColumn
	weight  int // column of the file; -1: none
	weights []uint32
	n       int
	first   int64 // line of the first row of the batch
}

type populationColumn struct {
	at     int
	name   string
	reader *convert.Reader
	b      array.Builder
}

func (p *populationReader) release() {
	for _, c := range p.columns {
		c.b.Release()
	}
}

func (p *populationReader) add(record []string, line int64) error {
	if p.n == 0 {
		p.first = line
	}
	for _, c := range p.columns {
		if record[c.at] == "" {
			c.b.AppendNull()
		} else if c.reader.Append(c.b, []byte(record[c.at])) != nil {
			return messages.PopulationValue.With("column", c.name, "line", line)
		}
	}
	if p.weight >= 0 {
		n, err := strconv.ParseUint(record[p.weight], 10, 32)
		if err != nil {
			return messages.PopulationLine.With("line", line, "why", "its weight is no whole number")
		}
		p.weights = append(p.weights, uint32(n))
	}
	p.n++
	return nil
}

// flush hands on what was added.
func (p *populationReader) flush(ctx context.Context, f func([]arrow.Array, []uint32, int64) error) error {
	if err := ctx.Err(); err != nil || p.n == 0 {
		return err
	}
	columns := make([]arrow.Array, len(p.columns))
	for j, c := range p.columns {
		columns[j] = c.b.NewArray()
		defer columns[j].Release()
	}
	weights := p.weights
	if p.weight < 0 {
		weights = nil
	}
	p.weights, p.n = p.weights[:0:0], 0
	return f(columns, weights, p.first)
}

// populationRow stands for the row of a value that only the population has.
const populationRow = math.MaxInt64 - 1

// people counts the population, after all rows.
func (c *counting) people(ctx context.Context) error {
	if c.t.Model.KMap == 0 {
		return nil
	}
	worker := c.counters[0].worker
	return c.r.population(ctx, func(columns []arrow.Array, weights []uint32, line int64) error {
		rows := disclosure.Rows{N: columns[0].Len(), Weights: weights}
		for j, a := range columns {
			codes := make([]uint32, a.Len())
			for i := range codes {
				var ok bool
				if codes[i], ok = c.quasi[j].person(worker.Quasi(j), a, i); !ok {
					return messages.PopulationValue.With("column", c.r.quasi[j].name, "line", line+int64(i))
				}
			}
			rows.Quasi = append(rows.Quasi, codes)
		}
		return worker.AddPopulation(ctx, rows)
	})
}

// person gives the number of value i of a column of the population; false when it has
// no label.
func (c *coder) person(d *disclosure.Dictionary, a arrow.Array, i int) (uint32, bool) {
	if a.IsNull(i) {
		return d.Null(populationRow), true
	}
	counted, above, ok := c.counted(a, i)
	if !ok {
		return 0, false
	}
	if _, known := c.labels[counted]; !known && c.how != nil {
		c.labels[counted] = above
	}
	return d.Code([]byte(counted), populationRow), true
}

// mapped counts, for each class that was counted, the persons of the population whose
// values are published alike.
func (c *recount) mapped(ctx context.Context) ([]int64, error) {
	people := make([]int64, len(c.classes.classes))
	v := c.verdict
	r := &records{t: c.t, types: v.types}
	for j, q := range c.t.Quasi {
		l, err := q.levels(v.types[j], c.t.files[q.Column], c.t.postcodes[q.Column])
		if err != nil {
			return nil, err
		}
		r.quasi, r.levels = append(r.quasi, place{name: q.Column}), append(r.levels, l)
	}
	err := r.population(ctx, func(columns []arrow.Array, weights []uint32, _ int64) error {
		published := make([]arrow.Array, len(columns))
		for j, a := range columns {
			switch f, float := a.(*array.Float64); {
			case r.levels[j].generalised():
				published[j] = r.levels[j].labelled(c.t.env.Allocator, &v.columns[j], a)
			case float:
				published[j] = oneZero(c.t.env.Allocator, f)
			default:
				a.Retain()
				published[j] = a
			}
			defer published[j].Release()
		}
		keys, rows := make([]xxh3.Uint128, columns[0].Len()), make([]int32, columns[0].Len())
		for i := range rows {
			rows[i] = int32(i)
		}
		c.hashOf(published, rows, keys)
		for i, key := range keys {
			class, ok := c.classes.find(key)
			switch {
			case !ok:
			case weights != nil:
				people[class] += int64(weights[i])
			default:
				people[class]++
			}
		}
		return nil
	})
	return people, err
}

// labelled is what the values of a column are published as.
func (l levels) labelled(mem memory.Allocator, r *recoded, a arrow.Array) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	for i := range a.Len() {
		code, ok := r.null, r.nulls
		if !a.IsNull(i) {
			counted, _, known := l.counted(a, i)
			code, ok = r.codes[counted]
			ok = ok && known
		}
		if ok && !r.hidden[r.ranks[code]] {
			b.Append(r.labels[r.ranks[code]])
		} else {
			b.AppendNull()
		}
	}
	return b.NewArray()
}
