package privacy

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
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
	T        float64               `hcl:"t" doc:"The greatest distance, from 0 to 1."`
	Distance string                `hcl:"distance,optional" doc:"equal, the default, takes any two values to be as far apart as any other two; ordered takes numbers, dates and texts in their order; hierarchical takes values to be as far apart as the level of hierarchy_file that joins them is high." values:"equal|ordered|hierarchical"`
	File     pipelines.ProjectFile `hcl:"hierarchy_file,optional" doc:"With distance = \"hierarchical\": a file of the project with the values and what they are part of, as of a quasi-identifier."`
}

func (s sensitiveConfig) Validate() error {
	wrong := func(why string) error {
		return messages.WrongSensitive.With("column", s.Column, "why", why)
	}
	switch d, c := s.Diversity, s.Closeness; {
	case d == nil && c == nil:
		return wrong("neither diversity nor closeness")
	case (d == nil || d.L <= 1) && (c == nil || c.T >= 1):
		return wrong("a bound that every class keeps: l is 2 or more, t below 1")
	case d != nil && (d.L < 1 || d.Kind != "entropy" && d.L != float64(int(d.L))):
		return wrong("l that is no number of values")
	case d != nil && (d.Kind == "recursive") != (d.C > 0):
		return wrong("c is for recursive diversity, and needed there")
	case c != nil && (c.Distance == "hierarchical") != (c.File != ""):
		return wrong("hierarchy_file is for hierarchical closeness, and needed there")
	case c != nil && (c.T < 0 || c.T > 1):
		return wrong("t that is not from 0 to 1")
	}
	return nil
}

type modelConfig struct {
	K                int               `hcl:"k,optional" doc:"The least number of rows, or of different persons when subject is given, that look alike in all quasi-identifiers; needed unless k_map is given."`
	KMap             int               `hcl:"k_map,optional" doc:"The least number of persons of the population that look like a row in all quasi-identifiers: who knows that somebody is among them does not know that they are in the data."`
	Population       *populationConfig `hcl:"population,block" doc:"With k_map: who the rows may be of."`
	SuppressionLimit float64           `hcl:"suppression_limit,optional" doc:"The greatest part of the rows that may be suppressed, from 0 to 1."`
	Metric           string            `hcl:"metric,optional" doc:"What is made least: loss, the default, of detail; discernibility; class-size; entropy." values:"loss|discernibility|class-size|entropy"`
	Search           string            `hcl:"search,optional" doc:"optimal, the default: all levels are looked at or proved to be no better. mondrian, for many quasi-identifiers: each group of rows has ranges of its own, which overlap those of others, and on which portals filter badly; nothing is suppressed, and every quasi-identifier leaves as text." values:"optimal|mondrian"`
	SuppressedRows   string            `hcl:"suppressed_rows,optional" doc:"drop, the default and only way: what is suppressed does not leave."`
	NullMatch        string            `hcl:"null_match,optional" doc:"own_value, the default: null equals null alone. wildcard: null equals every value." values:"own_value|wildcard"`
	Judged           string            `hcl:"sensitive_judged,optional" doc:"alone, the default: each sensitive column keeps its bounds in every class of rows with the same quasi-identifiers. together, for two sensitive columns or more: it keeps them in every part of a class whose rows have the same values in all other sensitive columns too, null being a value of its own, so that who knows these of a person does not learn it; k, k_map and max_average_risk stay those of the classes." values:"alone|together"`
	MaxAverageRisk   float64           `hcl:"max_average_risk,optional" doc:"The greatest average risk of a row, which is classes by rows. An approver may relax it: levels within what was accepted are looked for where none are within this."`
}

func (m modelConfig) Validate() error {
	switch {
	case m.SuppressedRows != "" && m.SuppressedRows != "drop":
		return pipelines.At("suppressed_rows", messages.OnlyDropped.With("got", m.SuppressedRows))
	case m.KMap != 0 && m.KMap < 2:
		return pipelines.At("k_map", messages.WrongModel.With("why", "k_map below 2"))
	case (m.KMap != 0) != (m.Population != nil):
		return messages.WrongModel.With("why", "k_map without population, or population without k_map")
	case m.K < 2 && (m.K != 0 || m.KMap == 0):
		return pipelines.At("k", messages.WrongModel.With("why", "k below 2"))
	case m.SuppressionLimit < 0 || m.SuppressionLimit > 1:
		return pipelines.At("suppression_limit", messages.WrongModel.With("why", "suppression_limit that is not from 0 to 1, where 0.05 is five rows in a hundred"))
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
	t         policy
	quasi     []place
	sensitive []place
	levels    []levels // of quasi
	types     []arrow.DataType
	subject   int  // index; -1: rows are counted
	tied      bool // what leaves shows which rows are of one person
}

// place is a column of the input.
type place struct {
	index int
	name  string
	typ   arrow.DataType
}

func (t policy) records(in *arrow.Schema) (*records, error) {
	if t.Model == nil {
		return nil, nil
	}
	r := &records{t: t, subject: -1}
	for _, q := range t.Quasi {
		i, err := pipelines.ColumnIndex(in, q.Column)
		if err != nil {
			return nil, err
		}
		f := in.Field(i)
		if !countable(f.Type) {
			return nil, atBlock("quasi", q.Column, messages.NotCountable.With("column", q.Column, "got", pipelines.TypeName(f.Type)))
		}
		l, err := q.levels(f.Type, t.files[q.Column], t.postcodes[q.Column])
		if err != nil {
			return nil, atBlock("quasi", q.Column, err)
		}
		r.quasi, r.levels, r.types = append(r.quasi, place{i, q.Column, f.Type}), append(r.levels, l), append(r.types, f.Type)
	}
	for _, s := range t.Sensitive {
		i, err := pipelines.ColumnIndex(in, s.Column)
		if err != nil {
			return nil, err
		}
		f := in.Field(i)
		if !countable(f.Type) {
			return nil, atBlock("sensitive", s.Column, messages.NotCountable.With("column", s.Column, "got", pipelines.TypeName(f.Type)))
		}
		r.sensitive = append(r.sensitive, place{i, s.Column, f.Type})
	}
	if t.Subject != "" {
		i, err := pipelines.ColumnIndex(in, t.Subject)
		if err != nil {
			return nil, err
		}
		if f := in.Field(i); !countable(f.Type) {
			return nil, messages.NotCountable.With("column", t.Subject, "got", pipelines.TypeName(f.Type))
		}
		r.subject, r.tied = i, t.tied()
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
	m := disclosure.Models{K: t.Model.K, KMap: t.Model.KMap, Wildcard: t.Model.NullMatch == "wildcard"}
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

// counting counts the classes of the rows, on several workers at once.
type counting struct {
	t         policy
	r         *records
	histogram *disclosure.Histogram
	quasi     []*coder
	sensitive []*coder
	counters  []*counter
	groups    int64 // bytes that groups of Mondrian may take while they are made
}

// counter counts the rows of one worker.
type counter struct {
	*counting
	worker *disclosure.Worker
	memos  []memo // of the quasi-identifiers, then of the sensitive columns
	rows   int64
	batch  disclosure.Rows
	whose  *owners
}

func (t policy) count(r *records, workers int) *counting {
	shape := disclosure.Shape{Population: t.Model.KMap > 0, Together: t.jointly()}
	for _, p := range r.quasi {
		shape.Quasi = append(shape.Quasi, p.name)
	}
	for _, p := range r.sensitive {
		shape.Sensitive = append(shape.Sensitive, p.name)
	}
	if r.subject >= 0 {
		shape.Subjects, shape.Persons = t.enough(), r.tied
		if !r.tied { // no file will tell whether there are as many or more
			shape.Subjects++
		}
	}
	opts := disclosure.Options{Memory: t.env.Memory, Each: onWorkers(workers)}
	if spool, ok := t.env.Spool.(pipelines.ByteSpool); ok {
		opts.Create = func() (disclosure.Bytes, error) { return spool.CreateBytes() }
	}
	c := &counting{t: t, r: r, histogram: disclosure.New(shape, opts), groups: t.env.Memory}
	for _, l := range r.levels {
		c.quasi = append(c.quasi, newCoder(l))
	}
	for range r.sensitive {
		c.sensitive = append(c.sensitive, newCoder(levels{}))
	}
	for range workers {
		w := &counter{counting: c, worker: c.histogram.Worker(), memos: make([]memo, len(r.quasi)+len(r.sensitive)), whose: t.owners()}
		w.batch.Quasi, w.batch.Sensitive = make([][]uint32, len(r.quasi)), make([][]uint32, len(r.sensitive))
		c.counters = append(c.counters, w)
	}
	return c
}

// rows is how many were counted.
func (c *counting) rows() (n int64) {
	for _, w := range c.counters {
		n += w.rows
	}
	return n
}

// origin is where the rows of a batch stood in the input.
type origin struct {
	first int64   // rows before those of the batch
	kept  []int32 // which of these are looked at; nil: all
}

func (o origin) row(i int) int64 {
	if o.kept != nil {
		i = int(o.kept[i])
	}
	return o.first + int64(i)
}

// add counts the rows of a batch.
func (w *counter) add(ctx context.Context, rec arrow.Record, at origin) error {
	n := int(rec.NumRows())
	w.batch.N = n
	outside := int64(0)
	for j, p := range w.r.quasi {
		w.batch.Quasi[j] = w.quasi[j].codes(w.batch.Quasi[j], &w.memos[j], w.worker.Quasi(j), rec.Column(p.index), at)
		outside += w.quasi[j].bytes()
	}
	if m := w.t.env.Memory; m > 0 && outside > m {
		return messages.TooManyValues.With("bound", m)
	}
	for j, p := range w.r.sensitive {
		w.batch.Sensitive[j] = w.sensitive[j].codes(w.batch.Sensitive[j], &w.memos[len(w.quasi)+j], w.worker.Sensitive(j), rec.Column(p.index), at)
	}
	if w.r.subject >= 0 {
		w.batch.Subjects = w.whose.of(rec.Column(w.r.subject))
	}
	w.rows += int64(n)
	return w.worker.Add(ctx, w.batch)
}

// verdict is what a record model decided.
type verdict struct {
	types     []arrow.DataType // of the quasi-identifiers before they are generalised
	total     int64            // rows of the input
	kept      int64            // rows
	classes   int64
	levels    []int    // above what is counted
	names     []string // of the levels, in French; "" where a value leaves as it is
	columns   []recoded
	became    [][]uint32         // by quasi-identifier: what the codes of the first pass are to recoder
	sensitive []map[string]int64 // rows of the input by "=" and value; null is ""
	recoder   *disclosure.Recoder
	groups    *disclosure.Cuts // not nil: each group of rows has ranges of its own, and labels of columns are by group
	persons   []uint64         // of whom a row leaves, where they are to have numbers
	*figures
	risks   disclosure.Risks
	told    *told // nil: no file was judged that tells persons
	alone   bool  // nobody has two rows; false where that is not known
	score   float64
	ladders []ladder // of the quasi-identifiers, for the comparison with what is public
}

// recoded is what the values of a quasi-identifier leave as.
type recoded struct {
	codes  map[string]uint32 // by what is counted
	null   uint32            // its code, where nulls are
	nulls  bool
	ranks  []uint32 // by code, or by group: the place of its label
	labels []string // in byte order, each once, then what leaves as null
	hidden []bool   // by rank: leaves as null
}

// problem is what is to be solved once all rows are counted.
func (c *counting) problem(ctx context.Context) (p disclosure.Problem, err error) {
	for j, q := range c.quasi {
		if err := q.complete(c.r.quasi[j].name); err != nil {
			return p, err
		}
	}
	if err := c.people(ctx); err != nil {
		return p, err
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
	for i := range c.r.sensitive { // none where no model is asked
		s := c.t.Sensitive[i]
		if err := oneWriting(s.Column, c.r.sensitive[i].typ, classes.Sensitive[i].Values); err != nil {
			return p, err
		}
		at := p.Models.Sensitive[i].Closeness
		if at != nil && at.Distance == disclosure.Ordered {
			at.Order = inOrder(classes.Sensitive[i].Values, c.r.sensitive[i].typ)
		}
		if s.Closeness == nil || s.Closeness.File == "" {
			continue
		}
		at.Distance = disclosure.Hierarchical
		if at.Levels, err = disclosure.Bind(c.t.files[s.Column], s.Column, classes.Sensitive[i], classes.Distribution(i)); err != nil {
			return p, err
		}
	}
	for j, q := range c.quasi {
		l, err := q.bind(c.r.quasi[j].name, classes.Quasi[j], classes.Leaves(j), c.t.local())
		if err != nil {
			return p, err
		}
		p.Quasi = append(p.Quasi, l)
	}
	return p, nil
}

func (c *counting) decide(ctx context.Context) (*verdict, error) {
	if c.rows() == 0 {
		// Whether a release may be empty is not for the model to say.
		return &verdict{names: make([]string, len(c.quasi)), columns: make([]recoded, len(c.quasi)), sensitive: make([]map[string]int64, len(c.sensitive))}, nil
	}
	p, err := c.problem(ctx)
	if err != nil {
		return nil, err
	}
	if c.t.local() {
		v, err := c.grouped(ctx, p)
		if err != nil {
			return nil, err
		}
		v.sensitive = distributions(p.Classes)
		return v, nil
	}
	classes := p.Classes
	best, err := c.search(ctx, p)
	if err != nil {
		return nil, err
	}
	v := &verdict{types: c.r.types, total: classes.Rows, kept: classes.Rows - best.Suppressed, classes: best.Classes, levels: best.Levels, score: best.Score,
		recoder: best.Recoder, risks: best.Risks}
	v.alone = classes.Alone()
	if v.figures, err = c.figures(ctx, p, best.Node); err != nil {
		return nil, err
	}
	if ids := c.t.pseudonyms(); len(ids) > 0 && ids[0].Action == "surrogate" {
		if v.persons, err = disclosure.Persons(ctx, classes, best.Recoder); err != nil {
			return nil, err
		}
	}
	for j, l := range p.Quasi {
		v.became = append(v.became, classes.Became(j))
		v.columns = append(v.columns, recode(classes.Quasi[j], l, best.Levels[j]))
		v.names = append(v.names, c.quasi[j].name(best.Levels[j]))
		if c.t.Comparison().Public {
			v.ladders = append(v.ladders, ladderOf(l))
		}
	}
	v.sensitive = distributions(classes)
	return v, nil
}

// distributions are how often the values of each sensitive column occur, "=" before
// each; that of null is "".
func distributions(classes *disclosure.Classes) (all []map[string]int64) {
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
		all = append(all, counts)
	}
	return all
}

// search is the levels that lose least, and which rows stay there.
func (r *records) search(ctx context.Context, p disclosure.Problem) (*disclosure.Kept, error) {
	if r.tied {
		return disclosure.SearchPersons(ctx, p)
	}
	best, err := disclosure.Search(ctx, p)
	if err != nil {
		return nil, err
	}
	k := &disclosure.Kept{Node: best.Node, Optimal: true}
	if k.Recoder, err = disclosure.Recode(ctx, p, best.Levels); err != nil {
		return nil, err
	}
	k.Risks, err = disclosure.Measure(ctx, p, best.Levels)
	return k, err
}

func coded(d *disclosure.Domain) recoded {
	r := recoded{codes: make(map[string]uint32, len(d.Values))}
	if code, ok := d.NullCode(); ok {
		r.null, r.nulls = code, true
	}
	for _, v := range d.Values {
		r.codes[v], _ = d.Code([]byte(v))
	}
	return r
}

func recode(d *disclosure.Domain, l *disclosure.Levels, level int) recoded {
	r := coded(d)
	ranks := r.publish(len(l.Labels(level)), func(i int) (string, bool) { return l.Label(level, uint32(i)) })
	r.ranks = make([]uint32, d.Len())
	for code, at := range l.At(level) {
		r.ranks[code] = ranks[at]
	}
	return r
}

// publish takes n labels, false for what leaves as null, and gives the place of each.
func (r *recoded) publish(n int, label func(i int) (string, bool)) []uint32 {
	r.labels = nil
	null := false
	for i := range n {
		if text, ok := label(i); ok {
			r.labels = append(r.labels, text)
		} else {
			null = true
		}
	}
	slices.Sort(r.labels)
	texts := slices.Compact(r.labels)
	r.labels, r.hidden = texts, make([]bool, len(texts), len(texts)+1)
	if null {
		r.labels, r.hidden = append(texts, ""), append(r.hidden, true)
	}
	ranks := make([]uint32, n)
	for i := range ranks {
		ranks[i] = uint32(len(texts))
		if text, ok := label(i); ok {
			at, _ := slices.BinarySearch(texts, text)
			ranks[i] = uint32(at)
		}
	}
	return ranks
}

// recoding lets the rows of one worker out.
type recoding struct {
	r      *records
	v      *verdict
	memos  []memo // by quasi-identifier
	keys   disclosure.Keys
	whose  *owners // nil: no row is looked at by person
	codes  [][]uint32
	groups []uint32 // of the rows, where each has ranges of its own
	keep   []bool
	rows   []int32
	refs   []arrowx.Ref
	sorted []uint64     // the first words of the rows, where these are in their order
	byWord [2][]wordRow // room
	*arrangement
}

func (p *plan) recoding(v *verdict) *recoding {
	r := p.records
	e := &recoding{arrangement: p.arrangement(v), r: r, v: v, memos: make([]memo, len(r.quasi)), codes: make([][]uint32, len(r.quasi))}
	if r.tied {
		e.whose = r.t.owners()
	}
	return e
}

// stay gives the rows of rec that leave.
func (e *recoding) stay(rec arrow.Record) ([]int32, error) {
	n := int(rec.NumRows())
	if n == 0 {
		return e.none(), nil
	}
	for j, p := range e.r.quasi {
		e.codes[j] = slices.Grow(e.codes[j][:0], n)[:n]
		c, how, a := &e.v.columns[j], e.r.levels[j], rec.Column(p.index)
		e.memos[j].codes(e.codes[j], a,
			func(int) uint32 {
				if !c.nulls {
					return lacking
				}
				return c.null
			},
			func(i int) uint32 {
				if counted, _, ok := how.counted(a, i); ok {
					if code, met := c.codes[counted]; met {
						return code
					}
				}
				return lacking
			})
		if e.memos[j].lacks && slices.Contains(e.codes[j], lacking) {
			return nil, messages.SourceChanged.With() // the first pass did not meet it
		}
	}
	return e.coded(rec), nil
}

func (e *recoding) none() []int32 {
	e.rows, e.sorted = e.rows[:0], e.sorted[:0]
	return e.rows
}

// coded gives the rows of rec that leave, whose codes are in e.codes.
func (e *recoding) coded(rec arrow.Record) []int32 {
	n := int(rec.NumRows())
	e.none()
	if e.v.groups != nil {
		return e.all(rec)
	}
	e.keep = slices.Grow(e.keep[:0], n)[:n]
	e.v.recoder.Keep(&e.keys, e.codes, e.keep)
	if e.v.recoder.ByPerson() {
		e.v.recoder.KeepPersons(&e.keys, e.whose.of(rec.Column(e.r.subject)), e.keep)
	}
	for i, keep := range e.keep {
		if keep {
			e.rows = append(e.rows, int32(i))
		}
	}
	e.byClass()
	return e.rows
}

// stays is the rows that leave, to be gathered.
func (e *recoding) stays() []arrowx.Ref {
	e.refs = slices.Grow(e.refs[:0], len(e.rows)+1) // where none stays it is not nil, which is all
	for _, row := range e.rows {
		e.refs = append(e.refs, arrowx.Ref{Row: row})
	}
	return e.refs
}
