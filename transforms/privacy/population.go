package privacy

import (
	"context"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

type populationConfig struct {
	File    pipelines.PersonsFile `hcl:"file" doc:"A file of the project with the persons of whom the rows are some: CSV in UTF-8, with semicolons and a line of names, its values written as lavoir writes them (2024-01-31, 12.5); an empty field is null."`
	Columns map[string]string     `hcl:"columns,optional" doc:"The name that a quasi-identifier has in the file, where it is another one."`
	Weight  string                `hcl:"weight,optional" doc:"The column of the file that says how many persons a line stands for; one unless given."`
}

// populationRows and populationBytes are how much of the population is looked at together.
const populationRows, populationBytes = 1 << 12, 1 << 20

// eachPerson reads the population and gives the values of the quasi-identifiers of those
// names and types, some rows at a time, and how many persons each row stands for. What f
// gets is good until it returns; line is where the first row stands.
func (t policy) eachPerson(ctx context.Context, quasi []string, types []arrow.DataType, f func(columns []arrow.Array, weights []uint32, line int64) error) error {
	lines, err := t.lines()
	if err != nil {
		return err
	}
	defer lines.Close()
	p := &populationReader{lines: lines}
	defer p.release()
	all := t.quasiNames()
	for j, name := range quasi {
		reader, err := convert.NewReader(pipelines.ColumnType{Type: types[j]}, scalar.Plain)
		if err != nil {
			return err
		}
		p.columns = append(p.columns, populationColumn{lines.quasi[slices.Index(all, name)], name, reader, array.NewBuilder(t.env.Allocator, types[j])})
	}
	for {
		record, err := lines.next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF || len(p.weights) == populationRows || p.bytes > populationBytes {
			if e := p.flush(ctx, f); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
		if e := p.add(record); e != nil {
			return e
		}
	}
}

type populationReader struct {
	lines   *populationLines
	columns []populationColumn
	weights []uint32
	bytes   int
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

func (p *populationReader) add(record []string) error {
	line := p.lines.line()
	if len(p.weights) == 0 {
		p.first = line
	}
	for _, c := range p.columns {
		p.bytes += len(record[c.at])
		if record[c.at] == "" {
			c.b.AppendNull()
		} else if c.reader.Append(c.b, []byte(record[c.at])) != nil {
			return messages.PopulationValue.With("column", c.name, "line", line)
		}
	}
	n, err := p.lines.persons(record)
	p.weights = append(p.weights, n)
	return err
}

// flush hands on what was added.
func (p *populationReader) flush(ctx context.Context, f func([]arrow.Array, []uint32, int64) error) error {
	if err := ctx.Err(); err != nil || len(p.weights) == 0 {
		return err
	}
	columns := make([]arrow.Array, len(p.columns))
	for j, c := range p.columns {
		columns[j] = c.b.NewArray()
		defer columns[j].Release()
	}
	weights := p.weights
	p.weights, p.bytes = p.weights[:0], 0
	return f(columns, weights, p.first)
}

// populationRow stands for the row of a value that only the population has.
const populationRow = math.MaxInt64 - 1

// people counts the population, after all rows. Like those it is put aside where memory
// does not hold its classes.
func (c *counting) people(ctx context.Context) error {
	if c.t.Model.KMap == 0 {
		return nil
	}
	worker := c.counters[0].worker
	memos := make([]memo, len(c.quasi))
	rows := disclosure.Rows{Quasi: make([][]uint32, len(c.quasi))}
	names := make([]string, len(c.r.quasi))
	for j, q := range c.r.quasi {
		names[j] = q.name
	}
	return c.t.eachPerson(ctx, names, c.r.types, func(columns []arrow.Array, weights []uint32, line int64) error {
		rows.N, rows.Weights = len(weights), weights
		for j, a := range columns {
			rows.Quasi[j] = slices.Grow(rows.Quasi[j][:0], rows.N)[:rows.N]
			d := worker.Quasi(j)
			memos[j].codes(rows.Quasi[j], a,
				func(int) uint32 { return d.Null(populationRow) },
				func(i int) uint32 { return c.quasi[j].person(d, a, i) })
			if at := slices.Index(rows.Quasi[j], lacking); memos[j].lacks && at >= 0 {
				return messages.PopulationValue.With("column", c.r.quasi[j].name, "line", line+int64(at))
			}
		}
		return worker.AddPopulation(ctx, rows)
	})
}

// person gives the number of value i of a column of the population, which is not null, or
// lacking when it has no label.
func (c *coder) person(d *disclosure.Dictionary, a arrow.Array, i int) uint32 {
	counted, above, ok := c.counted(a, i)
	if !ok {
		return lacking
	}
	if _, known := c.labels[counted]; !known && c.how != nil {
		c.labels[counted] = above
	}
	return d.Code([]byte(counted), populationRow)
}

// mapped counts, for each class that was counted, the persons of the population whose
// values are published alike.
func (c *recount) mapped(ctx context.Context) ([]int64, error) {
	people := make([]int64, len(c.classes.classes))
	v := c.verdict
	published := make([]publishing, len(c.quasi))
	for j, q := range c.t.Quasi {
		l, err := q.levels(v.types[j], c.t.files[q.Column], c.t.postcodes[q.Column])
		if err != nil {
			return nil, err
		}
		published[j] = publishing{levels: l, recoded: &v.columns[j]}
	}
	var keys, values []xxh3.Uint128
	var rows []int32
	err := c.t.eachPerson(ctx, c.t.quasiNames(), v.types, func(columns []arrow.Array, weights []uint32, _ int64) error {
		n := len(weights)
		keys, values = slices.Grow(keys[:0], n)[:n], slices.Grow(values[:0], n)[:n]
		clear(keys)
		for i := len(rows); i < n; i++ {
			rows = append(rows, int32(i))
		}
		for j, a := range columns {
			p := &published[j]
			if p.generalised() {
				p.hashes(values, a)
			} else {
				if f, ok := a.(*array.Float64); ok {
					a = oneZero(c.t.env.Allocator, f)
					defer a.Release()
				}
				c.hashOf([]arrow.Array{a}, rows[:n], values)
			}
			for i, value := range values {
				keys[i] = fold(keys[i], value)
			}
		}
		for i, key := range keys {
			if class, ok := c.classes.find(key); ok {
				people[class] += int64(weights[i])
			}
		}
		return nil
	})
	return people, err
}

// publishing is what the values of a column of the population would be published as.
type publishing struct {
	levels
	*recoded
	memo  memo
	codes []uint32
	of    []xxh3.Uint128 // by rank: as hashOf has them
}

func (p *publishing) hashes(out []xxh3.Uint128, a arrow.Array) {
	if p.of == nil {
		for rank, label := range p.labels {
			h := noText
			if !p.hidden[rank] {
				h = xxh3.HashString128(label)
			}
			p.of = append(p.of, h)
		}
	}
	p.codes = slices.Grow(p.codes[:0], a.Len())[:a.Len()]
	p.memo.codes(p.codes, a,
		func(int) uint32 { return p.rank(p.null, p.nulls) },
		func(i int) uint32 {
			counted, _, known := p.counted(a, i)
			code, ok := p.recoded.codes[counted]
			return p.rank(code, known && ok)
		})
	for i, rank := range p.codes {
		if out[i] = noText; rank != lacking {
			out[i] = p.of[rank]
		}
	}
}

func (p *publishing) rank(code uint32, known bool) uint32 {
	if !known {
		return lacking
	}
	return p.ranks[code]
}
