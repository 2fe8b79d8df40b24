package privacy

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

type sensitiveConfig struct {
	Column    string           `hcl:"column,label"`
	Diversity *diversityConfig `hcl:"diversity,block" doc:"How many values each class must have (l-diversity)."`
	Closeness *closenessConfig `hcl:"closeness,block" doc:"How near the values of each class must be to those of all rows (t-closeness)."`
}

type diversityConfig struct {
	Kind string  `hcl:"kind,optional" doc:"distinct, the default, counts different values; entropy and recursive weigh how often each occurs." values:"distinct|entropy|recursive"`
	L    float64 `hcl:"l" doc:"The least number of values; of entropy any number above 1."`
	C    float64 `hcl:"c,optional" doc:"Of recursive diversity: how many times all rarer values the most frequent one must stay below."`
	Null string  `hcl:"sa_null,optional" doc:"Whether null counts as one of the values; not by default." values:"ignored|value"`
}

type closenessConfig struct {
	T        float64 `hcl:"t" doc:"The greatest distance, from 0 to 1."`
	Distance string  `hcl:"distance,optional" doc:"equal, the default, takes any two values to be as far apart as any other two; ordered takes numbers, dates and texts in their order." values:"equal|ordered"`
}

func (s sensitiveConfig) Validate() error {
	wrong := func(why string) error {
		return messages.WrongSensitive.With("column", s.Column, "why", why)
	}
	switch d, c := s.Diversity, s.Closeness; {
	case d == nil && c == nil:
		return wrong("neither diversity nor closeness")
	case d != nil && d.L <= 1 && c == nil || c != nil && c.T >= 1 && d == nil:
		return wrong("a bound that every class keeps")
	case d != nil && (d.L < 1 || d.Kind != "entropy" && d.L != float64(int(d.L))):
		return wrong("l that is no number of values")
	case d != nil && (d.Kind == "recursive") != (d.C > 0):
		return wrong("c is for recursive diversity, and needed there")
	case c != nil && (c.T < 0 || c.T > 1):
		return wrong("t that is not from 0 to 1")
	}
	return nil
}

type modelConfig struct {
	K                int     `hcl:"k" doc:"The least number of rows, or of different persons when subject is given, that look alike in all quasi-identifiers."`
	SuppressionLimit float64 `hcl:"suppression_limit,optional" doc:"The greatest part of the rows that may be suppressed, from 0 to 1."`
	Metric           string  `hcl:"metric,optional" doc:"What is made least: loss, the default, of detail; discernibility; class-size; entropy." values:"loss|discernibility|class-size|entropy"`
	Search           string  `hcl:"search,optional" doc:"optimal, the default and only way: all levels are looked at or proved to be no better." values:"optimal"`
	SuppressedRows   string  `hcl:"suppressed_rows,optional" doc:"drop, the default and only way: what is suppressed does not leave." values:"drop"`
	NullMatch        string  `hcl:"null_match,optional" doc:"own_value, the default: null equals null alone. wildcard: null equals every value." values:"own_value|wildcard"`
	MaxAverageRisk   float64 `hcl:"max_average_risk,optional" doc:"The greatest average risk of a row, which is classes by rows."`
}

func (m modelConfig) Validate() error {
	switch {
	case m.K < 2:
		return pipelines.At("k", messages.WrongModel.With("why", "k below 2"))
	case m.SuppressionLimit < 0 || m.SuppressionLimit > 1:
		return pipelines.At("suppression_limit", messages.WrongModel.With("why", "suppression_limit that is not from 0 to 1"))
	case m.MaxAverageRisk < 0 || m.MaxAverageRisk > 1:
		return pipelines.At("max_average_risk", messages.WrongModel.With("why", "max_average_risk that is not from 0 to 1"))
	}
	return nil
}

var metrics = map[string]disclosure.Metric{
	"": disclosure.Loss, "loss": disclosure.Loss, "discernibility": disclosure.Discernibility,
	"class-size": disclosure.ClassSize, "entropy": disclosure.Entropy,
}

// records is what the record model needs of one schema.
type records struct {
	quasi     []place
	sensitive []place
	levels    []levels // of quasi
	subject   int      // index; -1: rows are counted
}

// place is a column of the input.
type place struct {
	index int
	name  string
}

func (t policy) records(in *arrow.Schema) (*records, error) {
	if t.Model == nil {
		return nil, nil
	}
	r := &records{subject: -1}
	for _, q := range t.Quasi {
		i, err := pipelines.ColumnIndex(in, q.Column)
		if err != nil {
			return nil, err
		}
		f := in.Field(i)
		if !countable(f.Type) {
			return nil, messages.NotCountable.With("column", q.Column, "got", pipelines.TypeName(f.Type))
		}
		l, err := q.levels(f.Type, t.files[q.Column])
		if err != nil {
			return nil, err
		}
		r.quasi, r.levels = append(r.quasi, place{i, q.Column}), append(r.levels, l)
	}
	for _, s := range t.Sensitive {
		i, err := pipelines.ColumnIndex(in, s.Column)
		if err != nil {
			return nil, err
		}
		if f := in.Field(i); !countable(f.Type) {
			return nil, messages.NotCountable.With("column", s.Column, "got", pipelines.TypeName(f.Type))
		}
		r.sensitive = append(r.sensitive, place{i, s.Column})
	}
	if t.Subject != "" {
		i, err := pipelines.ColumnIndex(in, t.Subject)
		if err != nil {
			return nil, err
		}
		if f := in.Field(i); !countable(f.Type) {
			return nil, messages.NotCountable.With("column", t.Subject, "got", pipelines.TypeName(f.Type))
		}
		r.subject = i
	}
	return r, nil
}

// countable says whether values of a type can be told to be equal.
func countable(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.BOOL, arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DATE32, arrow.TIMESTAMP:
		return true
	}
	return false
}

// models is what every class must keep.
func (t policy) models() (disclosure.Models, error) {
	m := disclosure.Models{K: t.Model.K, Wildcard: t.Model.NullMatch == "wildcard"}
	var err error
	ratio := func(x float64) disclosure.Ratio {
		r, e := disclosure.RatioOf(x)
		if e != nil && err == nil {
			err = messages.WrongModel.With("why", "a number that is not a decimal number of at least 0")
		}
		return r
	}
	if t.Model.MaxAverageRisk > 0 {
		m.AverageRisk = ratio(t.Model.MaxAverageRisk)
	}
	for i, s := range t.Sensitive {
		rule := disclosure.Sensitive{Column: i}
		if d := s.Diversity; d != nil {
			rule.NullCounts = d.Null == "value"
			switch d.Kind {
			case "entropy":
				rule.Entropy = ratio(d.L)
			case "recursive":
				rule.Recursive = disclosure.Recursive{C: ratio(d.C), L: int(d.L)}
			default:
				rule.Distinct = int(d.L)
			}
		}
		if c := s.Closeness; c != nil {
			rule.Closeness = &disclosure.Closeness{T: ratio(c.T)}
			if c.Distance == "ordered" {
				rule.Closeness.Distance = disclosure.Ordered
			}
		}
		m.Sensitive = append(m.Sensitive, rule)
	}
	return m, err
}

// counting counts the classes of the rows.
type counting struct {
	t         policy
	r         *records
	histogram *disclosure.Histogram
	worker    *disclosure.Worker
	quasi     []*coder
	sensitive []*coder
	rows      int64
	batch     disclosure.Rows
	form      protect.Form      // of the subject, where it leaves as a pseudonym
	persons   map[string]uint64 // by subject as it is written
	buf       []byte
}

func (t policy) count(r *records) *counting {
	shape := disclosure.Shape{}
	for _, p := range r.quasi {
		shape.Quasi = append(shape.Quasi, p.name)
	}
	for _, p := range r.sensitive {
		shape.Sensitive = append(shape.Sensitive, p.name)
	}
	if r.subject >= 0 {
		shape.Subjects = t.Model.K
	}
	opts := disclosure.Options{Memory: t.env.Memory}
	if spool, ok := t.env.Spool.(pipelines.ByteSpool); ok {
		opts.Create = func() (disclosure.Bytes, error) { return spool.CreateBytes() }
	}
	c := &counting{t: t, r: r, histogram: disclosure.New(shape, opts), form: t.subjectForm(), persons: map[string]uint64{}}
	c.worker = c.histogram.Worker()
	for _, l := range r.levels {
		c.quasi = append(c.quasi, newCoder(l))
	}
	for range r.sensitive {
		c.sensitive = append(c.sensitive, newCoder(levels{}))
	}
	c.batch.Quasi = make([][]uint32, len(r.quasi))
	c.batch.Sensitive = make([][]uint32, len(r.sensitive))
	return c
}

// add counts the rows of a batch.
func (c *counting) add(ctx context.Context, rec arrow.Record) error {
	n := int(rec.NumRows())
	c.batch.N = n
	outside := int64(0)
	for j, p := range c.r.quasi {
		c.batch.Quasi[j] = c.codes(c.batch.Quasi[j], c.quasi[j], c.worker.Quasi(j), rec.Column(p.index))
		outside += c.quasi[j].held
	}
	if m := c.t.env.Memory; m > 0 && outside > m {
		return messages.TooManyValues.With("bound", m)
	}
	for j, p := range c.r.sensitive {
		c.batch.Sensitive[j] = c.codes(c.batch.Sensitive[j], c.sensitive[j], c.worker.Sensitive(j), rec.Column(p.index))
	}
	if c.r.subject >= 0 {
		c.subjects(rec.Column(c.r.subject))
	}
	c.rows += int64(n)
	return c.worker.Add(ctx, c.batch)
}

// subjects says of whom the rows of a batch are. All of which nobody knows the person
// are of one person, and so are those that leave under one pseudonym.
func (c *counting) subjects(a arrow.Array) {
	c.batch.Subjects = slices.Grow(c.batch.Subjects[:0], a.Len())[:a.Len()]
	if c.form == "" {
		for i := range c.batch.Subjects {
			c.buf = arrowx.AppendKey(c.buf[:0], a, i, false)
			c.batch.Subjects[i] = xxh3.Hash(c.buf)
		}
		return
	}
	if len(c.persons) > keepKnown {
		clear(c.persons)
	}
	text := convert.Text(a)
	for i := range c.batch.Subjects {
		if a.IsNull(i) {
			c.batch.Subjects[i] = 0
			continue
		}
		c.buf = text(c.buf[:0], i)
		person, ok := c.persons[string(c.buf)]
		if !ok {
			person = xxh3.HashString(c.form.Canonical(string(c.buf)))
			c.persons[string(c.buf)] = person
		}
		c.batch.Subjects[i] = person
	}
}

func (c *counting) codes(dst []uint32, k *coder, d *disclosure.Dictionary, a arrow.Array) []uint32 {
	k.batch(a)
	n := a.Len()
	dst = slices.Grow(dst[:0], n)[:n]
	for i := range dst {
		dst[i] = k.code(d, i, c.rows+int64(i))
	}
	return dst
}

// verdict is what a record model decided.
type verdict struct {
	total     int64 // rows of the input
	kept      int64 // rows
	classes   int64
	levels    []int    // above what is counted
	names     []string // of the levels, in French; "" where a value leaves as it is
	columns   []recoded
	sensitive []map[string]int64 // rows of the input by "=" and value; null is ""
	recoder   *disclosure.Recoder
	*figures
	risks disclosure.Risks
	score float64
}

// recoded is what the values of a quasi-identifier leave as.
type recoded struct {
	codes  map[string]uint32 // by what is counted
	null   uint32            // its code, where nulls are
	nulls  bool
	labels []string // by code
	hidden []bool   // by code: leaves as null
}

// problem is what is to be solved once all rows are counted.
func (c *counting) problem(ctx context.Context) (p disclosure.Problem, err error) {
	for j, q := range c.quasi {
		if err := q.complete(c.r.quasi[j].name); err != nil {
			return p, err
		}
	}
	classes, err := c.histogram.Finish(ctx)
	if err != nil {
		return p, err
	}
	p.Classes, p.Metric = classes, metrics[c.t.Model.Metric]
	if p.Limit, err = disclosure.RatioOf(c.t.Model.SuppressionLimit); err != nil {
		return p, err
	}
	if p.Models, err = c.t.models(); err != nil {
		return p, err
	}
	for j, q := range c.quasi {
		l, err := q.bind(c.r.quasi[j].name, classes.Quasi[j], classes.Leaves(j))
		if err != nil {
			return p, err
		}
		p.Quasi = append(p.Quasi, l)
	}
	return p, nil
}

func (c *counting) decide(ctx context.Context) (*verdict, error) {
	if c.rows == 0 {
		// Whether a release may be empty is not for the model to say.
		return &verdict{names: make([]string, len(c.quasi)), columns: make([]recoded, len(c.quasi)), sensitive: make([]map[string]int64, len(c.sensitive))}, nil
	}
	p, err := c.problem(ctx)
	if err != nil {
		return nil, err
	}
	classes := p.Classes
	best, err := disclosure.Search(ctx, p)
	if err != nil {
		return nil, err
	}
	v := &verdict{total: classes.Rows, kept: classes.Rows - best.Suppressed, classes: best.Classes, levels: best.Levels, score: best.Score}
	if v.recoder, err = disclosure.Recode(ctx, p, best.Levels); err != nil {
		return nil, err
	}
	if v.risks, err = disclosure.Measure(ctx, p, best.Levels); err != nil {
		return nil, err
	}
	if v.figures, err = c.figures(ctx, p, best.Node); err != nil {
		return nil, err
	}
	for j, l := range p.Quasi {
		v.columns = append(v.columns, recode(classes.Quasi[j], l, best.Levels[j]))
		v.names = append(v.names, c.quasi[j].name(best.Levels[j]))
	}
	for s, d := range classes.Sensitive {
		counts := map[string]int64{}
		dist := classes.Distribution(s)
		if code, ok := d.NullCode(); ok {
			counts[""] = dist[code]
		}
		for _, value := range d.Values {
			code, _ := d.Code([]byte(value))
			counts["="+value] = dist[code]
		}
		v.sensitive = append(v.sensitive, counts)
	}
	return v, nil
}

func recode(d *disclosure.Domain, l *disclosure.Levels, level int) recoded {
	r := recoded{codes: make(map[string]uint32, len(d.Values)), labels: make([]string, d.Len()), hidden: make([]bool, d.Len())}
	at := l.At(level)
	set := func(code uint32) {
		label, ok := l.Label(level, at[code])
		r.labels[code], r.hidden[code] = label, !ok
	}
	if code, ok := d.NullCode(); ok {
		r.null, r.nulls = code, true
		set(code)
	}
	for _, v := range d.Values {
		code, _ := d.Code([]byte(v))
		r.codes[v] = code
		set(code)
	}
	return r
}

// recoding lets the rows of one worker out.
type recoding struct {
	r     *records
	v     *verdict
	quasi []*emitter
	keys  disclosure.Keys
	codes [][]uint32
	keep  []bool
	rows  []int32
}

// emitter is a coder of the second pass.
type emitter struct{ *coder }

func (r *records) recoding(v *verdict) *recoding {
	e := &recoding{r: r, v: v, codes: make([][]uint32, len(r.quasi))}
	for _, l := range r.levels {
		e.quasi = append(e.quasi, &emitter{newCoder(l)})
	}
	return e
}

// stay gives the rows of rec that leave.
func (e *recoding) stay(rec arrow.Record) ([]int32, error) {
	n := int(rec.NumRows())
	e.rows = e.rows[:0]
	if n == 0 {
		return e.rows, nil
	}
	for j, p := range e.r.quasi {
		q := e.quasi[j]
		q.batch(rec.Column(p.index))
		codes := slices.Grow(e.codes[j][:0], n)[:n]
		for i := range codes {
			code, ok := q.code(&e.v.columns[j], i)
			if !ok {
				return nil, messages.SourceChanged.With()
			}
			codes[i] = code
		}
		e.codes[j] = codes
	}
	e.keep = slices.Grow(e.keep[:0], n)[:n]
	e.v.recoder.Keep(&e.keys, e.codes, e.keep)
	for i, keep := range e.keep {
		if keep {
			e.rows = append(e.rows, int32(i))
		}
	}
	return e.rows, nil
}

// code is that of value i in the verdict; false: the first pass did not meet it.
func (q *emitter) code(r *recoded, i int) (uint32, bool) {
	if q.column.IsNull(i) {
		return r.null, r.nulls
	}
	return q.remembered(i, func() (uint32, bool) { return q.written(r, i) })
}

func (q *emitter) written(r *recoded, i int) (uint32, bool) {
	q.buf = q.text(q.buf[:0], i)
	if code, ok := q.known[string(q.buf)]; ok {
		return code, true
	}
	written := string(q.buf)
	counted, _, ok := q.counted(written, i)
	if !ok {
		return 0, false
	}
	code, ok := r.codes[counted]
	if ok {
		q.known[written] = code
	}
	return code, ok
}

// column is what quasi-identifier j leaves as, of the rows that stay.
func (e *recoding) column(mem memory.Allocator, j int) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(len(e.rows))
	c := &e.v.columns[j]
	for _, row := range e.rows {
		code := e.codes[j][row]
		if c.hidden[code] {
			b.AppendNull()
		} else {
			b.Append(c.labels[code])
		}
	}
	return b.NewArray()
}
