package pipelines

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sharedSources are the sources of a run that hold rows of several tasks. Each is
// read once, when the first task that needs it could start, and closed after the
// last. nil has none.
type sharedSources struct {
	byID   map[string]*shared
	claims map[string]*claims // by what is read

	undecided []Task // that read such a source, whichever of their candidates they are
	decisions map[string]decision
}

// shared is one source, read once for its tasks.
type shared struct {
	source Built // gives all rows
	name   string
	by     []SplitColumn // their keys mean nothing here
	reads  string
	silent bool // about rows that belong to no task

	keys    *keyNode // of every task of the project
	parts   int
	hearers int
	demands map[string]demand // of all its tasks
	needs   []Task            // as far as it takes to note what is current; nil once it was read
	tasks   int               // that have not ended

	state   sharedState
	started map[TaskID][]Started // by their loads
	schema  *arrow.Schema        // nil until it is known
	rows    *division
	found   others
	tries   int // of reading it
	took    []Taken
	stamp   []byte
	stamped bool // the stamp is known
	err     error
}

// sharedState goes from one to the next. Only the pool looks at it.
type sharedState int

const (
	unread sharedState = iota
	beingRead
	wasRead // or failed
)

// claims are the keys of all tasks of the project that read the same.
type claims struct {
	all  bool                                // a task takes all rows
	keys map[string]map[string][]SplitColumn // by the columns that are asked, then by what they say
}

func splitOf(t Task) (Split, bool) {
	c, ok := t.Chain.Source.Config.(Splitter)
	if !ok || t.Chain.SourceText == nil {
		return Split{}, false
	}
	return c.Split(t.ID, t.Keys), true
}

func sharedID(t Task, s Split) string { return string(t.Chain.SourceText) + "\x00" + s.Reads }

// of is the source that t shares with others, or nil.
func (ss *sharedSources) of(t Task) *shared {
	if ss == nil || len(ss.byID) == 0 || t.held() {
		return nil
	}
	s, ok := splitOf(t)
	if !ok || len(s.By) == 0 {
		return nil
	}
	return ss.byID[sharedID(t, s)]
}

// selected takes note of a task of the run.
func (ss *sharedSources) selected(t Task) {
	if len(t.Candidates) > 0 {
		shares := false
		for _, c := range t.Candidates {
			if s, ok := splitOf(c); ok {
				ss.claim(s)
				shares = shares || len(s.By) > 0
			}
		}
		if shares && !t.held() {
			ss.undecided = append(ss.undecided, t)
		}
		return
	}
	s, ok := splitOf(t)
	if !ok {
		return
	}
	ss.claim(s)
	if len(s.By) == 0 || t.held() {
		return
	}
	id := sharedID(t, s)
	sh := ss.byID[id]
	if sh == nil {
		sh = &shared{source: t.Chain.Source, name: stepName(t.Chain.Source), by: s.By, reads: s.Reads, silent: s.Others,
			keys: newKeyNode(), demands: map[string]demand{}}
		sh.source.Config = s.Whole
		if ss.byID == nil {
			ss.byID = map[string]*shared{}
		}
		ss.byID[id] = sh
	}
	if leaf := sh.keys.add(s.By, sh.parts); leaf.part == sh.parts {
		sh.parts++
	}
	inner, _ := sh.keys.path(s.By)
	for _, n := range inner {
		if n.hears == nowhere {
			n.hears = sh.hearers
			sh.hearers++
		}
	}
	sh.tasks++
	sh.needs = append(sh.needs, Task{ID: t.ID, Keys: t.Keys, Chain: Chain{Loads: t.Chain.Loads}})
	for name, d := range demands(t) {
		if d.places > sh.demands[name].places {
			sh.demands[name] = d
		}
	}
}

// claim takes note of a task of the project.
func (ss *sharedSources) claim(s Split) {
	if ss.claims == nil {
		ss.claims = map[string]*claims{}
	}
	c := ss.claims[s.Reads]
	if c == nil {
		c = &claims{keys: map[string]map[string][]SplitColumn{}}
		ss.claims[s.Reads] = c
	}
	columns, keys := asked(s.By)
	if c.all = c.all || len(s.By) == 0; c.keys[columns] == nil {
		c.keys[columns] = map[string][]SplitColumn{}
	}
	c.keys[columns][keys] = s.By
}

// asked tells lists of columns apart, and what they say.
func asked(by []SplitColumn) (columns, keys string) {
	for _, b := range by {
		columns, keys = columns+b.Column+"\x00", keys+b.Key+"\x00"
	}
	return columns, keys
}

// complete finds out, once all tasks of the run are noted, which rows belong to
// tasks of the project that are not of the run.
func (ss *sharedSources) complete(ctx context.Context, p *Project, sel Selection) {
	if len(ss.byID) > 0 && sel != (Selection{}) {
		_ = p.Tasks(Selection{}, func(t Task) bool { // a mistake in a task that does not run is not told
			for _, c := range t.each() {
				if s, ok := splitOf(c); ok {
					ss.claim(s)
				}
			}
			return ctx.Err() == nil
		})
	}
	for _, sh := range ss.byID {
		c := ss.claims[sh.reads]
		sh.silent = sh.silent || c.all
		columns, _ := asked(sh.by)
		for _, by := range c.keys[columns] {
			sh.keys.add(by, nowhere)
		}
	}
	ss.claims = nil
}

func (ss *sharedSources) close() {
	if ss == nil {
		return
	}
	for _, sh := range ss.byID {
		sh.close()
	}
}

// notes are what was found in what was read besides the rows of tasks.
func (ss *sharedSources) notes() []*messages.Error {
	var notes []*messages.Error
	for _, sh := range sorted(ss.byID) {
		if sh.tries > 1 {
			notes = append(notes, messages.SourceReread.With("source", sh.name, "tries", sh.tries))
		}
		if sh.found.rows == 0 || sh.silent {
			continue
		}
		columns := make([]string, len(sh.by))
		for i, b := range sh.by {
			columns[i] = b.Column
		}
		notes = append(notes, messages.OtherRows.With("count", sh.found.rows, "source", sh.name, "columns", strings.Join(columns, ", "),
			"file", sh.found.first.Input, "line", sh.found.first.Line))
	}
	return notes
}

// read reads the source to its end, again if it changed meanwhile. What goes wrong
// is told by every task that needed it, when it comes to read.
func (sh *shared) read(ctx context.Context, r *run) {
	for again := true; again; again = sh.tries < tries && changedWhileRead(sh.err) && ctx.Err() == nil {
		sh.err = contain(func() error { return sh.divide(ctx, r) })
		if sh.err != nil {
			sh.close()
		}
		sh.tries++
	}
	sh.needs = nil
}

func (sh *shared) divide(ctx context.Context, r *run) error {
	dir, err := os.MkdirTemp(r.dir, "shared-*")
	if err != nil {
		return messages.RunFolder.Wrap(err, "folder", r.dir)
	}
	defer os.RemoveAll(dir)
	if !r.opt.Unpublished {
		sh.start(ctx, r, dir)
	}
	env := r.env(sh.needs[0], dir) // any of them captures the same
	sh.took = nil
	env.Took = func(f Taken) { sh.took = append(sh.took, f) }
	src, err := As[Source](sh.source, env)
	if err != nil {
		return err
	}
	sh.note(ctx, src, env)
	chunks, err := chunksOf(ctx, src)
	if err != nil {
		return err
	}
	defer chunks.Close()
	split, err := newSplitter(chunks.Schema(), sh.by, sh.keys)
	if err != nil {
		return err
	}
	sh.schema = chunks.Schema()
	bound := int64(sharedMemory)
	if own := r.Bounds.task() / 4; own > 0 {
		bound = min(bound, own)
	}
	if sh.rows, err = newDivision(env.Allocator, &r.spool, sh.schema, sh.parts, sh.hearers, bound); err != nil {
		return err
	}
	type piece struct {
		Batch
		routed
	}
	o := &ordered[Chunk, piece]{
		workers: r.Bounds.Workers,
		next:    chunks.Next,
		work: func(ctx context.Context, _ int, c Chunk) (p piece, err error) {
			if p.Batch, err = c.Decode(ctx); err != nil {
				return p, err
			}
			p.routed = split.route(p.Batch)
			p.Batch, err = p.keep(env.Allocator, p.Batch)
			return p, err
		},
		free: func(p piece) { p.Release() },
	}
	defer o.close()
	for {
		p, err := o.take(ctx)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = sh.rows.add(p.Batch, p.routed)
		}
		if err != nil {
			return sh.rows.explain(err)
		}
	}
	sh.found = sh.rows.others
	return sh.rows.explain(sh.rows.finish())
}

// note takes the stamp of what is about to be read, for all tasks.
func (sh *shared) note(ctx context.Context, src Source, env Env) {
	st, ok := src.(Stamper)
	if !ok {
		return
	}
	var b bytes.Buffer
	known, err := st.Stamp(ctx, Stamping{Connect: true, To: &b, Once: unshared})
	if err != nil {
		env.Log.Debug("the state of the input could not be noted for plans", "error", err)
	}
	sh.stamp, sh.stamped = b.Bytes(), known && err == nil
}

// sharedMemory is what the rows of one shared source take while they wait to be
// put on disk, at most: a quarter of what a task is given, where that is less.
const sharedMemory = 32 << 20

// start has the loads of every task note what is current, before the source is
// read. What cannot be reached is asked once, not for every task; a load that
// cannot be built says so in its own task.
func (sh *shared) start(ctx context.Context, r *run, dir string) {
	sh.started = map[TaskID][]Started{}
	opened, unreachable := map[string]any{}, map[string]Started{}
	for _, t := range sh.needs {
		env := r.env(t, dir)
		env.opened = opened
		noted := make([]Started, len(t.Chain.Loads))
		for i, b := range t.Chain.Loads {
			where := connectionsIn(b.Config)
			var known bool
			if noted[i], known = unreachable[where]; known || ctx.Err() != nil {
				continue
			}
			sink, err := As[Sink](b, env)
			if err != nil {
				continue
			}
			if s, ok := sink.(Starter); ok {
				if noted[i], err = s.Start(ctx); err != nil && where != "" {
					unreachable[where] = noted[i]
				}
			}
		}
		sh.started[t.ID] = noted
	}
}

func (sh *shared) close() {
	if sh.rows != nil {
		sh.rows.close()
		sh.rows = nil
	}
}

// ended notes that a task needs the source no longer. The last one closes it.
func (sh *shared) ended() {
	if sh.tasks--; sh.tasks == 0 {
		sh.close()
		sh.started = nil
	}
}

// part is the rows of a task, as a source.
func (sh *shared) part(t Task) Source {
	s, _ := splitOf(t)
	inner, leaf := sh.keys.path(s.By)
	p := &partSource{shared: sh, part: leaf.part}
	for _, n := range inner {
		p.hears = append(p.hears, n.hears)
	}
	return p
}

type partSource struct {
	*shared
	part  int
	hears []int
}

func (p *partSource) Describe(context.Context) (*arrow.Schema, error) {
	if p.schema == nil {
		return nil, p.err
	}
	return p.schema, nil
}

func (p *partSource) Rereadable() bool { return true }

// Stamp is what the source had before it was read for all.
func (p *partSource) Stamp(_ context.Context, s Stamping) (bool, error) {
	_, err := s.To.Write(p.stamp)
	return p.stamped, err
}

func (p *partSource) Open(ctx context.Context) (Stream, error) {
	c, err := p.OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	return ReadChunks(c), nil
}

func (p *partSource) OpenChunks(context.Context) (Chunks, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.rows.open(p.part, p.hears)
}
