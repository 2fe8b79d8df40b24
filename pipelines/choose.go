package pipelines

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// How the variant of a task is chosen where the pipeline says that what is read
// decides. docs/adr/0021 says why it is so.

// each is the task itself, or what it may be.
func (t Task) each() []Task {
	if len(t.Candidates) == 0 {
		return []Task{t}
	}
	return t.Candidates
}

// candidate is the task with that variant.
func (t Task) candidate(variant string) Task {
	for _, c := range t.Candidates {
		if c.Variant == variant {
			c.among = t.Candidates
			return c
		}
	}
	return t
}

// choiceRows is how many of the first rows are read where columns alone do not decide.
const choiceRows = 10_000

// Choose gives the one candidate of a task that reads what is there now: its source
// opens, has the columns that are declared and keeps its contract, and the steps find
// the columns they name. Where that is so of several, the first rows decide, if with
// rows they may be read: the one that reads every row which another reads, and more.
// None or several is refused, and what is unreachable stays that error. Without rows a
// task that the columns leave open is given back as it is; one without candidates always is.
func Choose(ctx context.Context, t Task, env Env, rows bool) (Task, error) {
	if len(t.Candidates) == 0 {
		return t, nil
	}
	var c choosing
	for _, may := range t.Candidates {
		if err := c.judge(ctx, may, reads(ctx, may, env)); err != nil {
			return t, err
		}
	}
	switch {
	case c.missing == len(t.Candidates):
		return t, c.absent
	case len(c.fits) > 1 && !rows:
		return t, nil
	case len(c.fits) > 1:
		if err := c.readRows(ctx, env); err != nil {
			return t, err
		}
	}
	switch len(c.fits) {
	case 0:
		return t, messages.VariantNone.With("pipeline", t.ID.Pipeline, "why", c.why, "file", c.file)
	case 1:
		return t.candidate(c.fits[0].Variant), nil
	}
	names := make([]string, len(c.fits))
	for i, f := range c.fits {
		names[i] = f.Variant
	}
	return t, messages.VariantSeveral.With("pipeline", t.ID.Pipeline, "variants", strings.Join(names, ", "), "rows", choiceRows)
}

// choosing is what is known of the candidates so far.
type choosing struct {
	fits    []Task
	why     []*messages.Error // each of the others does not
	missing int               // of those, how many found nothing to read
	absent  error             // what they say of it
	file    string            // that was looked at, as messages name it
}

// judge takes note of a candidate and of what keeps it from reading what is there.
// What says nothing of the candidate is an error of the choice.
func (c *choosing) judge(ctx context.Context, t Task, err error) error {
	if err == nil {
		c.fits = append(c.fits, t)
		return nil
	}
	ms := messagesOf(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case messages.Has(err, messages.NothingNew), messages.Has(err, messages.NotSettled):
		c.missing++
		c.absent = err
	case messages.Has(err, messages.FileNone):
		c.missing++
		if c.absent == nil {
			c.absent = err
		}
	case len(ms) == 0 || ExitCode(err) == ExitEnvironment || changedWhileRead(err):
		return err
	}
	if c.file == "" {
		c.file = ms[0].Param("file")
	}
	c.why = append(c.why, variantWhy(t, ms[0]))
	return nil
}

// variantWhy says what keeps a variant from reading what is there. Of the columns
// only those are named that the pipeline file names.
func variantWhy(t Task, m *messages.Error) *messages.Error {
	variant := t.Variant
	switch m.Message {
	case messages.CSVNotTheHeader:
		var names []string
		for _, c := range declaredBy(t.Chain.Source) {
			names = append(names, c.Name)
		}
		return messages.VariantLacksAll.With("variant", variant, "columns", strings.Join(names, ", "))
	case messages.CSVColumnMissing, messages.ColumnMissing, messages.ColumnNotGiven, messages.UnknownColumn, messages.UnknownColumnHere, messages.FileColumn:
		return messages.VariantLacks.With("variant", variant, "column", m.Param("column"))
	}
	return messages.VariantDiffers.With("variant", variant, "why", m)
}

// declaring is the block that declares the columns of a source: its format's, or its own.
func declaring(source Built) (block Built, nested bool) {
	if v, ok := source.Argument("format"); ok {
		if format, isBuilt := v.(Built); isBuilt {
			return format, true
		}
	}
	return source, false
}

// declaredBy are the columns that a source declares, in its block or its format's.
func declaredBy(source Built) []ColumnDecl {
	block, _ := declaring(source)
	declared, _ := block.Argument("columns")
	columns, _ := declared.([]ColumnDecl)
	return columns
}

// reads says by the columns alone whether the task reads what is there; nil: it does,
// as far as they tell.
func reads(ctx context.Context, t Task, env Env) error {
	if took := env.tookBy; took != nil {
		env.Took = func(f Taken) { took(t, f) }
	}
	f, err := BuildFlow(t, env)
	if err != nil {
		return err
	}
	schema, err := describe(ctx, f.Source)
	if err != nil {
		return f.at(f.SourceName, err)
	}
	if err := f.keepContract(schema, true, &Binding{}); err != nil {
		return err
	}
	if _, err := f.Bind(ctx, schema, true); err != nil && hasUnknownColumn(err) {
		return err
	}
	return nil // whatever else is wrong, the run says of the variant
}

// describe is the schema that a source has, without a row where it can tell.
func describe(ctx context.Context, s Source) (*arrow.Schema, error) {
	if d, ok := s.(Describer); ok {
		return d.Describe(ctx)
	}
	c, err := chunksOf(ctx, s)
	if err != nil {
		return nil, err
	}
	return c.Schema(), c.Close()
}

// firstLines are the lines of the first rows that a task reads.
type firstLines struct {
	task  Task
	lines []int64 // in order, each once
	last  int64   // the last line that was looked at
}

// readRows leaves, of those that fit, the one that reads all rows that another does,
// and more; all of them when there is none. What cannot be read twice is not read for
// it, nor are rows of different files compared.
func (c *choosing) readRows(ctx context.Context, env Env) error {
	fits := c.fits
	first, ok := splitOf(fits[0])
	for _, t := range fits[1:] {
		s, same := splitOf(t)
		ok = ok && same && s.Reads == first.Reads
	}
	if !ok {
		return nil
	}
	c.fits = nil
	var all []firstLines
	for _, t := range fits {
		whole := t
		if s, ok := splitOf(t); ok && len(s.By) > 0 {
			whole.Chain.Source.Config = s.Whole // what is decided is the same for all tasks of the file
		}
		src, err := As[Source](whole.Chain.Source, env)
		if err != nil {
			return err
		}
		if again, ok := src.(Rereadable); !ok || !again.Rereadable() {
			c.fits = fits
			return nil
		}
		l := firstLines{task: t}
		err = l.read(ctx, src)
		if err == nil {
			all = append(all, l)
		}
		if err := c.judge(ctx, t, err); err != nil {
			return err
		}
	}
	if i := readsAllOf(all); i >= 0 {
		c.fits = []Task{all[i].task}
	}
	return nil
}

// readsAllOf is the one that reads all lines that each other does, and more, as far as
// all of them looked; -1 when there is none.
func readsAllOf(all []firstLines) int {
	horizon := int64(math.MaxInt64)
	for _, l := range all {
		horizon = min(horizon, l.last)
	}
	for i := range all {
		all[i].lines = slices.DeleteFunc(all[i].lines, func(n int64) bool { return n > horizon })
	}
	for i, l := range all {
		more := len(all) > 1
		for j, other := range all {
			more = more && (i == j || len(l.lines) > len(other.lines) && containsAll(l.lines, other.lines))
		}
		if more {
			return i
		}
	}
	return -1
}

// read reads the first rows of the first file.
func (l *firstLines) read(ctx context.Context, src Source) error {
	s, err := src.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	input, looked := "", 0
	for looked < choiceRows {
		b, err := s.Next(ctx)
		if err == io.EOF {
			l.last = math.MaxInt64
			break
		}
		if err != nil {
			return err
		}
		places := b.Places
		n := int(b.NumRows())
		rejects := b.Rejects
		b.Release()
		if n > 0 && input != "" && places.Input != input {
			l.last = math.MaxInt64
			break
		}
		if n > 0 {
			input = places.Input
		}
		for r := range n {
			line := places.At(r).Line
			if k := len(l.lines); k == 0 || l.lines[k-1] < line {
				l.lines = append(l.lines, line)
			}
			l.last = max(l.last, line)
		}
		for _, r := range rejects {
			l.last = max(l.last, r.Line)
		}
		looked += n + len(rejects)
	}
	return nil
}

// containsAll says whether every line of b, which like a is in order, is one of a.
func containsAll(a, b []int64) bool {
	i := 0
	for _, n := range b {
		for i < len(a) && a[i] < n {
			i++
		}
		if i == len(a) || a[i] != n {
			return false
		}
	}
	return true
}

// decide is t, or the one of its candidates that reads what is there.
func (r *run) decide(ctx context.Context, t Task, env Env) (Task, error) {
	if len(t.Candidates) == 0 {
		return t, nil
	}
	d, known := r.shared.decision(t)
	if !known {
		env.tookBy = r.taken.note
		d.task, d.err = Choose(ctx, t, env, true)
	}
	if d.err != nil {
		return t, &StepError{t.ID, "variant", d.err}
	}
	r.taken.decided(t.ID, d.task.Variant)
	return d.task, nil
}

// decision is what a task turned out to be.
type decision struct {
	task Task
	err  error
	took []tookBy
}

// tookBy is a file that a variant was seen to read.
type tookBy struct {
	variant string
	file    Taken
}

// choiceOf tells apart what decides: tasks of which it is the same read the same
// files in the same ways.
func choiceOf(t Task) (key string) {
	for _, c := range t.Candidates {
		if s, ok := splitOf(c); ok {
			key += sharedID(c, s) + "\x00\x00"
		}
	}
	return key
}

// decision is what was found out before the tasks began, if anything was.
func (ss *sharedSources) decision(t Task) (d decision, known bool) {
	if ss == nil || ss.decisions == nil {
		return d, false
	}
	if d, known = ss.decisions[choiceOf(t)]; known && d.err == nil {
		d.task = t.candidate(d.task.Variant)
	}
	return d, known
}

// settled is the task once it is known what it is; else t itself.
func (ss *sharedSources) settled(t Task) Task {
	if len(t.Candidates) > 0 {
		if d, known := ss.decision(t); known && d.err == nil {
			return d.task
		}
	}
	return t
}

// decide settles, before the tasks begin, those that share what they read: a file
// that holds the rows of hundreds of tasks is looked at once.
func (ss *sharedSources) decide(ctx context.Context, r *run) {
	for _, t := range ss.undecided {
		key := choiceOf(t)
		d, known := ss.decisions[key]
		if !known {
			env := r.env(t, r.dir)
			env.tookBy = func(c Task, f Taken) { d.took = append(d.took, tookBy{c.Variant, f}) }
			d.task, d.err = Choose(ctx, t, env, true)
			if ss.decisions == nil {
				ss.decisions = map[string]decision{}
			}
			ss.decisions[key] = d
		}
		for _, k := range d.took {
			r.taken.note(t.candidate(k.variant), k.file)
		}
		if d.err == nil {
			ss.selected(t.candidate(d.task.Variant))
		}
	}
	ss.undecided = nil
}

// mayRead is what reads for a task: the variant it turned out to have in the run, else
// any it may have.
func (t *takings) mayRead(task Task) []Task {
	variant, known := t.variants[task.ID]
	if !known {
		return task.each()
	}
	return slices.DeleteFunc(slices.Clone(task.each()), func(c Task) bool { return c.Variant != variant })
}

// decided notes which variant a task turned out to have.
func (t *takings) decided(id TaskID, variant string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.variants == nil {
		t.variants = map[TaskID]string{}
	}
	t.variants[id] = variant
}
