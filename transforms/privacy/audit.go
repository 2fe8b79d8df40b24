package privacy

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Auditor = policy{}

// AuditFile judges a file by the policy, knowing its rows alone: no column without a
// role, every value that a rule masks is what stands in its place, and every model,
// counted again. Closeness is to the distribution of the file itself, since that of
// the rows it was made from is not known. At which levels the quasi-identifiers should
// be is not known either: whatever stands there is taken as it is.
func (t policy) AuditFile(ctx context.Context, f pipelines.SealedFile) (*pipelines.Audit, error) {
	texts := &looks{t: t}
	in, err := t.open(ctx, f, texts)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out := &pipelines.Audit{Exposure: pipelines.Exposure{Counts: pipelines.CountsRows}}
	t.auditColumns(in.Schema(), out)
	t.auditLess(out)
	rules := append(t.auditRules(in.Schema(), f.Info().Name, out), t.auditShown(in.Schema(), f.Info().Name, out)...)
	a := t.auditing(in.Schema(), out)
	if err := a.populate(ctx, in.Schema(), out); err != nil {
		return nil, err
	}
	means := t.auditedMeans(in.Schema(), out)
	cells := t.auditedCells(f, in, out)
	over := false
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for _, p := range rules {
			if p.failed != nil {
				continue
			}
			if err := p.look(ctx, b.Record, out.Rows, f.Info().Name); messages.Has(err, messages.GateValue) {
				p.failed = err
			} else if err != nil {
				return err
			}
			p.seen(b.Record)
		}
		cells.add(b, out.Rows, f.Info().Name)
		out.Rows += b.NumRows()
		texts.add(b.Record)
		if err := means.add(b.Record); err != nil {
			return err
		}
		if a != nil && !over {
			over = !a.add(b.Record)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range rules {
		out.Findings = append(out.Findings, pipelines.Finding{Check: cmp.Or(p.check, "rule of identifier "+p.name), OK: p.failed == nil, Err: p.failed})
	}
	means.report(out)
	texts.report(out)
	cells.report(out)
	if a == nil {
		return out, nil
	}
	a.number(rules)
	if over {
		err = a.inParts(ctx, f)
	} else {
		a.distribution()
		err = a.judge(ctx)
	}
	if err != nil {
		return nil, err
	}
	a.report(out, f.Info().Name)
	return out, nil
}

// open opens a file with the columns that are counted as it keeps them. Those that a rule
// may ask for are read. texts are looked into, unless they are nil.
func (t policy) open(ctx context.Context, f pipelines.SealedFile, texts *looks) (pipelines.Stream, error) {
	coded, ok := f.(pipelines.CodedFile)
	if !ok {
		return texts.open(ctx, f)
	}
	columns := t.quasiNames()
	if len(t.Identifiers) == 0 {
		for _, s := range t.Sensitive {
			columns = append(columns, s.Column)
		}
	}
	if texts == nil {
		return coded.OpenCoded(ctx, columns, nil)
	}
	return coded.OpenCoded(ctx, columns, texts.begin)
}

// auditColumns finds columns that the policy does not let out.
func (t policy) auditColumns(s *arrow.Schema, out *pipelines.Audit) {
	ok := true
	for _, f := range s.Fields() {
		if t.onlyLeaving(arrow.NewSchema([]arrow.Field{f}, nil), "") != nil {
			ok = false
			out.Findings = append(out.Findings, pipelines.Finding{Check: "roles of the columns", Err: messages.AuditColumn.With("column", f.Name)})
		}
	}
	if ok {
		out.Findings = append(out.Findings, pipelines.Finding{Check: "roles of the columns", OK: true})
	}
}

// auditLess says what the rows of a file alone are not judged by.
func (t policy) auditLess(out *pipelines.Audit) {
	unproved := func(what string) {
		out.Unproved = append(out.Unproved, messages.UnprovedMethod.With("what", what))
	}
	if len(t.Clears) > 0 {
		unproved("the subjects of the clear columns")
	}
	if len(t.Micro) > 0 {
		if t.Subject == "" {
			unproved("that means are those of k rows")
		} else {
			unproved("that means are those of k persons")
		}
	}
}

type auditedRule struct {
	*proof
	check   string // its name; "": that of an identifier
	failed  error
	highest int64 // number of a person, of a surrogate
}

// auditRules are the rules of identifiers that the file can prove.
func (t policy) auditRules(s *arrow.Schema, file string, out *pipelines.Audit) []*auditedRule {
	var rules []*auditedRule
	for _, id := range t.Identifiers {
		p, err := t.proof(id, s, false, file)
		switch {
		case messages.Has(err, messages.GateBlind):
			out.Unproved = append(out.Unproved, messages.UnprovedRule.With("column", id.Column))
		case err != nil:
			out.Findings = append(out.Findings, pipelines.Finding{Check: "rule of identifier " + id.Column, Err: err})
		case p != nil:
			if p.clear != nil {
				p.ev = p.clear.New(t.env.Allocator)
			}
			p.most = math.MaxInt64 // how many persons there are is counted
			rules = append(rules, &auditedRule{proof: p})
		}
	}
	return rules
}

// auditing judges the classes of a file of which nothing was decided.
type auditing struct {
	t         policy
	counted   counted
	quasi     []int
	sensitive []int
	subject   int                // -1: rows are counted
	all       []map[string]int64 // by sensitive column, rows of the file by value, where closeness asks for it
	order     []*valuesOf
	types     []arrow.DataType // of the sensitive columns
	total     int64

	rows, classes, uniques, smallest int64
	exposed                          exposed
	weighed                          auditedRisks
	failed                           map[string]int64 // classes, by what they do not keep

	ties     *auditedTies
	people   *auditedPopulation // nil: nobody is counted
	unmapped string             // the quasi-identifier because of which nobody is
	highest  int64              // number of a person, where persons have numbers
}

// auditing is nil without a model, and where the file lacks a column that it is judged
// by, which is a finding.
func (t policy) auditing(s *arrow.Schema, out *pipelines.Audit) *auditing {
	if t.Model == nil {
		return nil
	}
	a := &auditing{t: t, subject: -1}
	lacks := false
	column := func(name string) int {
		if is := s.FieldIndices(name); len(is) == 1 && countable(s.Field(is[0]).Type) {
			return is[0]
		}
		lacks = true
		out.Findings = append(out.Findings, pipelines.Finding{Check: "roles of the columns", Err: messages.AuditLacks.With("column", name)})
		return -1
	}
	var generalised []string
	for _, q := range t.Quasi {
		a.quasi = append(a.quasi, column(q.Column))
		a.counted.quasi = append(a.counted.quasi, newValues(t.Model.KMap > 0))
		if q.generalises() {
			generalised = append(generalised, q.Column)
		}
	}
	for _, q := range t.Sensitive {
		a.sensitive = append(a.sensitive, column(q.Column))
		if at := a.sensitive[len(a.sensitive)-1]; at >= 0 {
			a.types = append(a.types, s.Field(at).Type)
		}
		v := newValues(true)
		v.equal = true // as where the model was searched
		a.counted.sensitive = append(a.counted.sensitive, v)
		enough := q.enough()
		if t.jointly() {
			enough = 0
		}
		a.counted.distinct = append(a.counted.distinct, enough)
		a.counted.nulls = append(a.counted.nulls, q.Diversity != nil && q.Diversity.Null == "value")
	}
	if lacks {
		return nil
	}
	if len(generalised) > 0 {
		out.Unproved = append(out.Unproved, messages.UnprovedLevels.With("columns", strings.Join(generalised, ", ")))
	}
	if is := s.FieldIndices(t.Subject); t.tells() && len(is) == 1 && countable(s.Field(is[0]).Type) {
		a.subject, a.counted.subject = is[0], newValues(false)
	} else if t.Subject != "" {
		out.Unproved = append(out.Unproved, messages.UnprovedPersons.With("column", t.Subject))
	}
	a.ties = a.auditedTies()
	if t.jointly() {
		a.counted.joint = newJointCodes(len(t.Sensitive))
	}
	a.counted.start(1, 0)
	a.reset()
	return a
}

// enough is how many different values of a class say that it keeps the column's model;
// 0 where how often each occurs is needed.
func (s sensitiveConfig) enough() int {
	d := s.Diversity
	if s.Closeness != nil || d == nil || d.Kind != "" && d.Kind != "distinct" || d.L > math.MaxUint8 {
		return 0
	}
	return int(d.L)
}

// generalises says whether the values of the column may leave as others.
func (q quasiConfig) generalises() bool {
	return len(q.Bands)+len(q.Steps)+len(q.Snap)+len(q.Hierarchy) > 0 || q.Top != "" || q.Bottom != "" || q.Period != "" || q.AgeAt != "" || q.HierarchyFile != "" ||
		q.Squares != "" || q.Round != "" || q.ShowFirst != 0 || q.ShowLast != 0
}

func (a *auditing) reset() {
	a.ties.reset()
	a.rows, a.classes, a.uniques, a.smallest, a.failed = 0, 0, 0, math.MaxInt64, map[string]int64{}
	a.exposed = unexposed
	a.weighed.reset()
}

// add counts rows; false says that the classes do not fit in memory.
func (a *auditing) add(r arrow.Record) bool {
	a.counted.add(r, a.quasi, a.sensitive, a.subject)
	bound := a.t.env.Memory
	return bound <= 0 || a.counted.held() <= bound
}

// inParts reads the file again for each part of its classes.
func (a *auditing) inParts(ctx context.Context, f pipelines.SealedFile) error {
	tooMany := messages.TooManyClasses.With("bound", a.t.env.Memory)
	if a.t.Model.NullMatch == "wildcard" {
		return tooMany // any may match any
	}
	if a.t.wantsCloseness() {
		if err := a.read(ctx, f, func(r arrow.Record) bool { a.distribute(r); return true }); err != nil {
			return err
		}
	}
again:
	for of := uint64(2); of <= mostParts; of *= 2 {
		a.reset()
		for part := range of {
			fits := true
			a.counted.start(of, part)
			err := a.read(ctx, f, func(r arrow.Record) bool { fits = a.add(r); return fits })
			if err != nil {
				return err
			}
			if !fits {
				continue again
			}
			if err := a.judge(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return tooMany
}

// read gives the batches of the file until one is not taken.
func (a *auditing) read(ctx context.Context, f pipelines.SealedFile, take func(arrow.Record) bool) error {
	in, err := a.t.open(ctx, f, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	stop := context.Canceled
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		if !take(b.Record) {
			return stop
		}
		return nil
	})
	if err == stop && ctx.Err() == nil {
		return nil
	}
	return err
}

// wantsCloseness says whether a model asks for closeness.
func (t policy) wantsCloseness() bool {
	return slices.ContainsFunc(t.Sensitive, func(s sensitiveConfig) bool { return s.Closeness != nil })
}

// distribute counts the values of rows, whatever their classes.
func (a *auditing) distribute(r arrow.Record) {
	a.begin()
	for j, at := range a.sensitive {
		if a.all[j] == nil {
			continue
		}
		v := a.counted.sensitive[j]
		for from := 0; from < int(r.NumRows()); from += block {
			for _, code := range v.batch(r.Column(at), from, min(from+block, int(r.NumRows()))) {
				a.all[j][v.texts[code]]++
			}
		}
	}
	a.total += r.NumRows()
}

func (a *auditing) begin() {
	if a.all != nil {
		return
	}
	for _, s := range a.t.Sensitive {
		var all map[string]int64
		if s.Closeness != nil {
			all = map[string]int64{}
		}
		a.all = append(a.all, all)
	}
}

// distribution is that of all classes, where all were counted at once.
func (a *auditing) distribution() {
	a.begin()
	for _, n := range a.counted.rows {
		a.total += n
	}
	if a.counted.joint != nil {
		a.spread()
		return
	}
	for j, all := range a.all {
		if all == nil {
			continue
		}
		p := &a.counted.pairs[j]
		for i, n := range p.count {
			all[a.counted.sensitive[j].texts[p.value[i]]] += n
		}
	}
}

// judge takes the classes of a part into account.
func (a *auditing) judge(ctx context.Context) error {
	c, m := &a.counted, a.t.Model
	a.ties.add(c)
	people, err := a.mapped(ctx)
	if err != nil {
		return err
	}
	a.classes += int64(len(c.rows))
	alike := c.rows
	if m.NullMatch == "wildcard" {
		alike = c.matched()
	}
	var persons []int64
	if a.subject >= 0 {
		persons = make([]int64, len(c.rows))
		for _, class := range c.persons.class {
			persons[class]++
		}
	}
	for class, n := range c.rows {
		a.rows += n
		if n == 1 {
			a.uniques++
		}
		a.smallest = min(a.smallest, n)
		own := n
		n = alike[class]
		if persons != nil {
			n = persons[class]
			own = n
		}
		a.weighed.add(own, people, class)
		a.exposed.least = min(a.exposed.least, n)
		if own == 1 {
			a.exposed.uniques++
		}
		if n < int64(m.K) {
			a.failed[kCheck(m.K)]++
		}
	}
	for j, s := range a.t.Sensitive {
		if d := c.distinct[j]; d > 0 {
			for _, n := range c.fewN[j] {
				if int(n) < d {
					a.failed[s.Column+": diversity"]++
				}
			}
			continue
		}
		a.judgeValues(j, s)
	}
	return nil
}

// judgeValues judges the values that each class has in a sensitive column.
func (a *auditing) judgeValues(j int, s sensitiveConfig) {
	if s.Closeness != nil && len(a.order) == 0 {
		for i, all := range a.all {
			v := &valuesOf{}
			for value := range all {
				v.order = append(v.order, value)
			}
			slices.SortFunc(v.order, compareValues(v.order, a.types[i]))
			if file := a.t.files[a.t.Sensitive[i].Column]; file != nil {
				v.tree, _ = branchesOf(v.order, file) // without it nothing is near
			}
			a.order = append(a.order, v)
		}
	}
	uniform, far := -1, -1 // the class that was said to be so last
	for class, counts := range a.eachPart(j) {
		if d := s.Diversity; d != nil && class != uniform && !d.holds(counts) {
			uniform = class
			a.failed[s.Column+": diversity"]++
		}
		if t := s.Closeness; t != nil && class != far && !t.holds(counts, a.all[j], a.order[j], a.total) {
			far = class
			a.failed[s.Column+": closeness"]++
		}
	}
}

// byClass gives the places of what each class has, class by class.
func (p *pairs) byClass(classes int) func(yield func([]uint32) bool) {
	ends := make([]uint32, classes+1)
	for _, class := range p.class {
		ends[class+1]++
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	places, next := make([]uint32, len(p.class)), slices.Clone(ends)
	for i, class := range p.class {
		places[next[class]] = uint32(i)
		next[class]++
	}
	return func(yield func([]uint32) bool) {
		for class := range classes {
			if !yield(places[ends[class]:ends[class+1]]) {
				return
			}
		}
	}
}

// matched is how many rows look like those of each class where null matches any value.
func (c *counted) matched() []int64 {
	d := len(c.quasi)
	open := map[string][]int{} // classes, by which of their values are null
	var patterns []string
	for class := range c.rows {
		pattern := make([]byte, d)
		for j, code := range c.members[class*d : (class+1)*d] {
			if code+1 == c.quasi[j].null {
				pattern[j] = 1
			}
		}
		if open[string(pattern)] == nil {
			patterns = append(patterns, string(pattern))
		}
		open[string(pattern)] = append(open[string(pattern)], class)
	}
	out := make([]int64, len(c.rows))
	for _, a := range patterns {
		for _, b := range patterns {
			both := func(class int) string {
				c.buf = c.buf[:0]
				for j, code := range c.members[class*d : (class+1)*d] {
					if a[j]|b[j] == 0 {
						c.buf = append(c.buf, byte(code), byte(code>>8), byte(code>>16), byte(code>>24))
					}
				}
				return string(c.buf)
			}
			rows := map[string]int64{}
			for _, class := range open[b] {
				rows[both(class)] += c.rows[class]
			}
			for _, class := range open[a] {
				out[class] += rows[both(class)]
			}
		}
	}
	return out
}

func kCheck(k int) string { return "k = " + strconv.Itoa(k) }

// report says what was found of each model, in the order of the policy.
func (a *auditing) report(out *pipelines.Audit, file string) {
	m := a.t.Model
	out.Classes, out.Uniques = a.classes, a.uniques
	if a.classes > 0 {
		out.Smallest = a.smallest
		a.weighed.expose(&out.Exposure, a.subject >= 0, a.people != nil)
	}
	add := func(check string, classes int64) {
		x := pipelines.Finding{Check: check, OK: classes == 0}
		if classes > 0 {
			x.Err = messages.AuditModel.With("classes", classes)
		}
		out.Findings = append(out.Findings, x)
	}
	if m.K > 1 {
		add(kCheck(m.K), a.failed[kCheck(m.K)])
	}
	if a.people != nil {
		add("k_map = "+strconv.Itoa(m.KMap), a.failed["k_map"])
	}
	a.reportPersons(out)
	if m.MaxAverageRisk > 0 {
		classes := int64(0)
		if float64(a.classes) > m.MaxAverageRisk*float64(a.rows)*(1+1e-12) { // of rows, as the model says
			classes = a.classes
		}
		add("max_average_risk = "+strconv.FormatFloat(m.MaxAverageRisk, 'f', -1, 64), classes)
	}
	for _, rule := range a.t.thresholds() {
		figure := map[string]float64{ruleProsecutor: 1 / float64(a.exposed.least), ruleUniques: float64(a.exposed.uniques)}[rule.Name]
		threshold := strconv.FormatFloat(*rule.Threshold, 'f', -1, 64)
		x := pipelines.Finding{Check: rule.Name + " = " + threshold, OK: a.classes == 0 || figure <= *rule.Threshold}
		if !x.OK {
			x.Err = messages.GateThreshold.With("file", file, "rule", rule.Name, "figure", pipelines.Figure(figure), "threshold", threshold)
		}
		out.Findings = append(out.Findings, x)
	}
	for j, s := range a.t.Sensitive {
		if err := oneWriting(s.Column, a.types[j], a.counted.sensitive[j].texts); err != nil {
			out.Findings = append(out.Findings, pipelines.Finding{Check: s.Column + ": one writing of each value", Err: err})
		}
		if d := s.Diversity; d != nil {
			add(a.t.valuesCheck(s.Column+": diversity "+cmp.Or(d.Kind, "distinct")), a.failed[s.Column+": diversity"])
		}
		if s.Closeness != nil {
			add(a.t.valuesCheck(s.Column+": closeness"), a.failed[s.Column+": closeness"])
		}
	}
}
