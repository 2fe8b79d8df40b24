package pipelines

import (
	"context"
	"io"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Drifted is what a task would read, next to what its pipeline declares of it. It holds
// no value of a row; of the columns that are there it names those alone that stand
// beside one which the pipeline names.
type Drifted struct {
	Task   Task
	Source string // "source.file.export"
	// Held, Absent: nothing was looked at, because nobody allowed the task or because
	// there is nothing to read yet.
	Held, Absent bool
	Differences  []Difference
	Columns      []GuessColumn // of the pipeline, with types that read them, where they were compared
	Refusal      *messages.Error
	Err          error // what is there could not be looked at
}

// Breaks says whether a run of the task could not read what is there, or not most of
// its rows.
func (d Drifted) Breaks() bool {
	return slices.ContainsFunc(d.Differences, func(x Difference) bool { return x.Kind != ColumnIsNew })
}

// driftRows is how many of the first rows are read.
const driftRows = 1000

// Drift looks at what each of the selected tasks would read now, several at once within
// the caps of their connections, and gives what it found in the order of the plan. It
// reads the columns and the first rows of one file, and publishes nothing.
func Drift(ctx context.Context, reg *Registry, p *Project, sel Selection, opt RunOptions, yield func(Drifted) bool) (diags hcl.Diagnostics, err error) {
	r, err := newRun(ctx, p, opt, countTasks(p, sel))
	if err != nil {
		return nil, err
	}
	defer r.close()
	d := &drifter{run: r, reg: reg, caps: newCaps()}
	next, stop := iter.Pull(func(yield func(Task) bool) {
		diags = p.Tasks(sel, func(t Task) bool { return yield(t) && ctx.Err() == nil })
	})
	defer stop()
	o := &ordered[Task, Drifted]{
		workers: min(runtime.GOMAXPROCS(0), max(1, r.Bounds.Tasks)),
		next: func(context.Context) (Task, error) {
			if t, ok := next(); ok {
				return t, nil
			}
			return Task{}, io.EOF
		},
		work: func(ctx context.Context, _ int, t Task) (Drifted, error) { return d.task(ctx, t), ctx.Err() },
	}
	defer o.close()
	for {
		found, err := o.take(ctx)
		if err == io.EOF {
			return diags, nil
		}
		if err != nil {
			return diags, err
		}
		if !yield(found) {
			return nil, nil
		}
	}
}

// drifter compares tasks with what they read.
type drifter struct {
	*run
	reg  *Registry
	caps *caps

	mu    sync.Mutex
	files map[string]func() Drifted // of those that hold rows of many tasks
}

// task looks at what a task reads: once for all of those that share it.
func (d *drifter) task(ctx context.Context, t Task) Drifted {
	if t.held() {
		return Drifted{Task: t, Held: true}
	}
	key := ""
	for _, c := range t.each() {
		if s, ok := splitOf(c); ok && len(s.By) > 0 {
			key += sharedID(c, s) + "\x00\x00"
		}
	}
	if key == "" {
		return d.nearest(ctx, t)
	}
	d.mu.Lock()
	if d.files == nil {
		d.files = map[string]func() Drifted{}
	}
	look := d.files[key]
	if look == nil {
		look = sync.OnceValue(func() Drifted { return d.nearest(ctx, t) })
		d.files[key] = look
	}
	d.mu.Unlock()
	found := look()
	found.Task = t.candidate(found.Task.Variant)
	if len(t.Candidates) == 0 {
		found.Task = t
	}
	return found
}

// nearest is the variant that differs least from what is there, of those that the task
// may have.
func (d *drifter) nearest(ctx context.Context, t Task) (best Drifted) {
	needs := demands(t)
	if err := d.caps.take(ctx, needs); err != nil {
		return Drifted{Task: t, Err: err}
	}
	defer d.caps.give(needs)
	for i, c := range t.each() {
		var found Drifted
		if err := contain(func() error { found = d.look(ctx, c); return nil }); err != nil {
			found = Drifted{Task: c, Err: err}
		}
		if found.Err != nil {
			return found
		}
		if i == 0 || found.distance() < best.distance() {
			best = found
		}
	}
	return best
}

// distance is how far what is there is from what is declared: further than by any
// number of columns where nothing of it was recognised, and furthest where nothing is there.
func (d Drifted) distance() (n int) {
	const beyond = 1 << 20
	if d.Absent {
		return 2 * beyond
	}
	for _, x := range d.Differences {
		switch x.Kind {
		case FormatDiffers, NothingKnown, OtherwiseWrong:
			return beyond
		case ColumnIsNew:
		default:
			n++
		}
	}
	return n
}

// look compares a task that has its variant.
func (d *drifter) look(ctx context.Context, t Task) (found Drifted) {
	found = Drifted{Task: t, Source: stepName(t.Chain.Source)}
	env := d.env(t, d.dir)
	env.Hide = func(string) string { return "…" } // what is alike is to read alike
	f, b, err := bindOffline(ctx, t, env)
	if err != nil {
		found.Err = err
		return found
	}
	e := &explaining{drifter: d, task: t, env: env, source: f.Source, wanted: b.Assumed}
	if s, ok := splitOf(t); ok && len(s.By) > 0 {
		for _, by := range s.By {
			e.want(by.Column)
		}
		e.task.Chain.Source.Config = s.Whole
	}
	if m, ok := f.Source.(Marker); ok {
		personal, cleared := m.Marks()
		e.want(personal...)
		for name := range sorted(cleared) {
			e.want(name)
		}
	}
	if found.Differences, err = e.differs(ctx, f); err == nil && len(e.wrong) == 0 {
		return found
	}
	switch {
	case ctx.Err() != nil:
		found.Err = ctx.Err()
		return found
	case messages.Has(err, messages.FileNone), messages.Has(err, messages.NothingNew), messages.Has(err, messages.NotSettled):
		found.Absent = true
		return found
	case err != nil && (len(messagesOf(err)) == 0 || ExitCode(err) == ExitEnvironment || changedWhileRead(err)):
		found.Err = err
		return found
	}
	if ms := messagesOf(err); len(ms) > 0 {
		found.Refusal = ms[0]
	}
	found.Differences = nil
	if err := e.explain(ctx, &found); err != nil {
		found.Err = err
	}
	if !found.Breaks() {
		e.unexplained(&found)
	}
	return found
}

// unexplained adds the differences where all that is known is what a run would say.
func (e *explaining) unexplained(found *Drifted) {
	for _, w := range e.wrong {
		if w.column == "" && found.Refusal == nil {
			found.Refusal = w.why
		} else if w.column != "" {
			found.Differences = append(found.Differences, Difference{Kind: TypeDiffers, Name: w.column, Was: e.declared(w.column), Is: w.why.Code})
		}
	}
	if found.Refusal != nil {
		found.Differences = append(found.Differences, Difference{Kind: OtherwiseWrong, Is: found.Refusal.Code})
	}
}

// wrongType is a column whose declared type does not read most of the rows; "" is none
// of them.
type wrongType struct {
	column string
	why    *messages.Error // of the first row
}

// misread reads the first rows and gives the columns because of which most of them are
// rejected. One bad row is no drift: a run tells it. Where bytes are no text, one row in
// a hundred is enough: others may only have no accents.
func misread(ctx context.Context, src Source) (wrong []wrongType, err error) {
	if again, ok := src.(Rereadable); !ok || !again.Rereadable() {
		return nil, nil // of a database the columns tell their types
	}
	s, err := src.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	rows, bad, bytes := 0, map[string]int{}, 0
	var first []wrongType
	var unreadable *messages.Error
	for rows < driftRows {
		b, err := s.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		rows += int(b.NumRows()) + len(b.Rejects)
		for _, r := range b.Rejects {
			if r.Why.Message == messages.CSVUnreadableByte || r.Why.Message == messages.DBFUnreadable {
				if bytes++; bytes == 1 {
					unreadable = r.Why
				}
				continue
			}
			if bad[r.Column]++; bad[r.Column] == 1 {
				first = append(first, wrongType{r.Column, r.Why})
			}
		}
		b.Release()
	}
	for _, w := range first {
		if bad[w.column]*2 > rows {
			wrong = append(wrong, w)
		}
	}
	if bytes*100 > rows {
		wrong = append(wrong, wrongType{"", unreadable})
	}
	return wrong, nil
}

// explaining finds out why a task does not read what is there.
type explaining struct {
	*drifter
	task   Task // whose source gives all rows
	env    Env
	source Source
	wanted []string    // columns that the task names and nobody declares
	wrong  []wrongType // known so far
}

// want adds columns that the task names to those it declares.
func (e *explaining) want(names ...string) {
	for _, name := range names {
		declared := slices.ContainsFunc(declaredBy(e.task.Chain.Source), func(c ColumnDecl) bool { return c.Name == name })
		if !declared && !slices.Contains(e.wanted, name) {
			e.wanted = append(e.wanted, name)
		}
	}
}

// differs gives what differs and does not matter to a run, and the error that the run
// would end with.
func (e *explaining) differs(ctx context.Context, f *Flow) (added []Difference, err error) {
	schema, err := describe(ctx, f.Source)
	if err != nil {
		return nil, err
	}
	b, err := f.Bind(ctx, schema, true)
	if err != nil {
		return nil, err
	}
	for _, n := range b.Notes {
		if n.Message == messages.ColumnAdded {
			added = append(added, Difference{Kind: ColumnIsNew, Name: n.Param("column")})
		}
	}
	src, err := As[Source](e.task.Chain.Source, e.env)
	if err != nil {
		return nil, err
	}
	e.wrong, err = misread(ctx, src)
	return added, err
}

func (e *explaining) explain(ctx context.Context, found *Drifted) error {
	block, nested := declaring(e.task.Chain.Source)
	var g *Guess
	var err error
	if nested {
		g, err = e.guess(ctx, block, found)
	} else {
		g, err = e.table(ctx)
	}
	if err != nil {
		return err
	}
	if g == nil {
		return nil
	}
	c := Compare(g, block, e.wanted)
	found.Columns = c.Columns
	if c.Found == 0 && len(g.Columns) > 0 && len(c.Of(ColumnLacks))+len(c.Of(ColumnRenamed)) > 0 {
		found.Differences = append(c.Of(OptionDiffers), Difference{Kind: NothingKnown, Is: strconv.Itoa(len(g.Columns))})
		return nil
	}
	if err := e.retype(ctx, c); err != nil {
		return err
	}
	// Without a contract nobody knows which columns were there before: they are named
	// where one is missing, which may be among them.
	news := e.task.Chain.Contract != nil || len(c.Of(ColumnLacks)) > 0
	for _, x := range c.Differences {
		if x.Kind != ColumnIsNew || news {
			found.Differences = append(found.Differences, x)
		}
	}
	return nil
}

// guess guesses the first file with the pipeline's own format. Of a file that looks
// like another's only that is told; a format without column names, or without guesses, has nil.
func (e *explaining) guess(ctx context.Context, format Built, found *Drifted) (g *Guess, err error) {
	first, ok := e.source.(FirstFile)
	if _, fields := format.Argument("fields"); !ok || fields {
		return nil, nil
	}
	in, done, err := first.First(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	in.Rows = driftRows
	head, err := in.Head(ctx)
	if err != nil {
		return nil, err
	}
	own, ok := format.Component.New().(Guesser)
	if !ok {
		return nil, nil
	}
	if other, name, _ := e.reg.Guesser(head, in); other != nil && name != format.Component.Name {
		found.Differences = append(found.Differences, Difference{Kind: FormatDiffers, Name: "format", Was: format.Component.Name, Is: name})
		return nil, nil
	}
	if g, err = own.Guess(ctx, e.env, in); err != nil && len(messagesOf(err)) > 0 && ExitCode(err) != ExitEnvironment {
		return nil, nil // the refusal says it
	}
	return g, err
}

// table is what a database says of the columns, whatever is declared of them.
func (e *explaining) table(ctx context.Context) (*Guess, error) {
	block := e.task.Chain.Source
	for name, none := range map[string]any{"columns": []ColumnDecl(nil), "order_by": []string(nil), "personal": []string(nil), "not_personal": map[string]string(nil)} {
		if _, has := block.Argument(name); has {
			block = block.With(name, none)
		}
	}
	src, err := As[Source](block, e.env)
	if err != nil {
		return nil, err
	}
	schema, err := describe(ctx, src)
	if err != nil {
		if len(messagesOf(err)) > 0 && ExitCode(err) != ExitEnvironment {
			return nil, nil
		}
		return nil, err
	}
	g := &Guess{Format: block.Component.Name}
	for _, f := range schema.Fields() {
		g.Columns = append(g.Columns, GuessColumn{Name: f.Name, Type: TypeName(f.Type), Empty: true})
	}
	return g, nil
}

// retype judges the types of a comparison by reading rows with the columns that are
// there, under whatever names: a guess from a few rows says less.
func (e *explaining) retype(ctx context.Context, c *Comparison) error {
	guessed := map[string]string{}
	for _, d := range c.Of(TypeDiffers) {
		guessed[d.Name] = d.Is
	}
	if !c.Only(ColumnRenamed, ColumnLacks, TypeDiffers, OptionDiffers) {
		return nil
	}
	wrong, err := e.misreadRenamed(ctx, c)
	if err != nil || wrong == nil { // it is written otherwise: the guess is all there is
		return err
	}
	c.Differences = slices.DeleteFunc(c.Differences, func(d Difference) bool {
		return d.Kind == TypeDiffers || d.Kind == OptionDiffers && len(wrong) == 0
	})
	for _, w := range wrong {
		i := slices.IndexFunc(c.Columns, func(col GuessColumn) bool { return col.Name == w.column })
		if i < 0 {
			continue
		}
		d := Difference{Kind: TypeDiffers, Name: w.column, Was: e.declared(w.column), Is: guessed[w.column]}
		if d.Is == "" {
			d.Is = w.why.Code
		}
		c.Differences = append(c.Differences, d)
	}
	return nil
}

func (e *explaining) declared(column string) string {
	for _, w := range declaredBy(e.task.Chain.Source) {
		if w.Name == column {
			return declaredType(w.ColumnType)
		}
	}
	return "text"
}

// misreadRenamed is misread under the names that the columns have now; nil where that
// cannot be read.
func (e *explaining) misreadRenamed(ctx context.Context, c *Comparison) ([]wrongType, error) {
	source := e.task.Chain.Source
	format, nested := declaring(source)
	if !nested {
		return nil, nil
	}
	aliases := map[string]string{}
	if known, ok := format.Argument("aliases"); ok {
		for alias, column := range known.(map[string]string) {
			aliases[alias] = column
		}
		for _, d := range c.Of(ColumnRenamed) {
			aliases[d.Is] = d.Name
		}
		format = format.With("aliases", aliases)
	}
	gone := map[string]bool{}
	for _, d := range c.Of(ColumnLacks) {
		gone[d.Name] = true
	}
	var kept []ColumnDecl
	for _, w := range declaredBy(source) {
		if !gone[w.Name] {
			kept = append(kept, w)
		}
	}
	source = source.With("format", format.With("columns", kept))
	for name, none := range map[string]any{"personal": []string(nil), "not_personal": map[string]string(nil)} {
		if _, has := source.Argument(name); has {
			source = source.With(name, none)
		}
	}
	src, err := As[Source](source, e.env)
	if err != nil {
		return nil, err
	}
	wrong, err := misread(ctx, src)
	if err != nil && len(messagesOf(err)) > 0 && ExitCode(err) != ExitEnvironment {
		return nil, nil
	}
	if wrong == nil && err == nil {
		wrong = []wrongType{}
	}
	return wrong, err
}

// caps keep several goroutines within the caps of what they use.
type caps struct {
	pool pool
	mu   sync.Mutex
	room *sync.Cond
}

func newCaps() *caps {
	c := &caps{pool: pool{used: map[string]int{}}}
	c.room = sync.NewCond(&c.mu)
	return c
}

// take waits for room. Who has it gives it back whatever comes, so that none waits for ever.
func (c *caps) take(ctx context.Context, needs map[string]demand) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.pool.fits(needs) && ctx.Err() == nil {
		c.room.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for name, d := range needs {
		c.pool.used[name] += d.places
	}
	return nil
}

func (c *caps) give(needs map[string]demand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pool.give(needs)
	c.room.Broadcast()
}
