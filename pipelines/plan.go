package pipelines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Validation is what checking a project offline came to.
type Validation struct {
	Tasks     int
	Undecided int               // of them, those whose variant is decided by what they read
	Unchecked []error           // expressions and steps that need columns nobody declared, one per pipeline, tenant and variant
	Notes     []*messages.Error // warnings, per pipeline, tenant and variant
}

// Validate evaluates every selected task and binds each pipeline, tenant and
// variant once, to what its source declares. It contacts nothing.
func Validate(ctx context.Context, p *Project, sel Selection, log hclog.Logger) (Validation, hcl.Diagnostics) {
	return validateEach(ctx, p, sel, log, func(Task) {})
}

// validateEach is Validate, and shows every task to each, one after the other.
func validateEach(ctx context.Context, p *Project, sel Selection, log hclog.Logger, each func(Task)) (Validation, hcl.Diagnostics) {
	var v Validation
	var mistakes, found hcl.Diagnostics
	said, named := map[string]bool{}, map[string]bool{}
	base := offlineEnv(log)
	distinct, stop := iter.Pull(func(yield func(Task) bool) {
		seen, taken := map[[3]string]bool{}, places{}
		var places hcl.Diagnostics
		var takers takers
		bind := func(t Task) bool {
			takers.note(t)
			key := [3]string{t.ID.Pipeline, t.ID.Tenant, t.Variant}
			if seen[key] {
				return true
			}
			seen[key] = true
			return yield(t)
		}
		found = p.Tasks(sel, func(t Task) bool {
			v.Tasks++
			named[t.ID.Pipeline] = true
			each(t)
			places = append(places, taken.take(t)...)
			if len(t.Candidates) == 0 {
				return bind(t) && ctx.Err() == nil
			}
			v.Undecided++
			for _, c := range t.Candidates {
				if !bind(c) {
					return false
				}
			}
			return ctx.Err() == nil
		})
		found = append(append(found, places...), takers.meetings()...)
	})
	defer stop()
	// Binding goes to workers while the next tasks are evaluated.
	o := &ordered[Task, boundTask]{
		workers: runtime.GOMAXPROCS(0),
		next: func(context.Context) (Task, error) {
			if t, ok := distinct(); ok {
				return t, nil
			}
			return Task{}, io.EOF
		},
		work: func(ctx context.Context, _ int, t Task) (boundTask, error) {
			f, b, err := bindOffline(ctx, t, taskEnv(p, t, base))
			if err == nil && !p.FingerprintKey.IsSet() {
				err = f.keyed()
			}
			return boundTask{t, b, err}, nil
		},
	}
	defer o.close()
	for {
		r, err := o.take(ctx)
		if err == io.EOF || ctx.Err() != nil {
			break
		}
		if err == nil {
			err = r.err
		}
		if err != nil {
			for _, d := range located(r.task, err) {
				if at := d.Subject.String() + d.Summary; !said[at] { // once for all tenants
					said[at] = true
					mistakes = append(mistakes, d)
				}
			}
			if r.binding == nil && r.err == nil { // a worker broke: nothing more comes
				break
			}
			continue
		}
		if r.binding.Unchecked != nil {
			v.Unchecked = append(v.Unchecked, r.binding.Unchecked)
		}
		v.Notes = append(v.Notes, r.binding.Notes...)
		v.Notes = append(v.Notes, p.stale(r.task)...)
	}
	o.close()
	if sel == (Selection{}) && !found.HasErrors() && ctx.Err() == nil {
		v.Notes = append(v.Notes, p.orphaned(named)...)
	}
	if len(p.Approvers.Operations) > 0 {
		v.Notes = append(v.Notes, messages.OperationsUnused.With())
	}
	return v, append(found, mistakes...)
}

// boundTask is a task bound to what its source declares, or why it cannot be.
type boundTask struct {
	task    Task
	binding *Binding
	err     error
}

// places are where tasks publish, by a hash of the place's id.
type places map[[sha256.Size]byte]TaskID

// take notes where t publishes, and refuses a place that is taken: at night one
// task would put its release over the other's, in silence.
func (p places) take(t Task) (diags hcl.Diagnostics) {
	for _, load := range t.Chain.Loads {
		placed, ok := load.Config.(Placed)
		if !ok {
			continue
		}
		id, shown := placed.Place()
		key := sha256.Sum256([]byte(id))
		first, twice := p[key]
		if !twice {
			p[key] = t.ID
			continue
		}
		said := sha256.Sum256([]byte("said\x00" + load.Range.String()))
		if _, before := p[said]; !before { // once for all tenants
			p[said] = t.ID
			diags = append(diags, Diagnose(messages.SamePlace.With("first", first, "second", t.ID, "place", shown), load.Range))
		}
	}
	return diags
}

// offlineEnv is an Env for building components that will not run.
func offlineEnv(log hclog.Logger) Env {
	return Env{Allocator: memory.NewGoAllocator(), Log: log, Now: func() time.Time { return time.Time{} }, Rand: noRandom{},
		Hide: func(string) string { return "…" }}
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func bindOffline(ctx context.Context, t Task, env Env) (*Flow, *Binding, error) {
	f, err := BuildFlow(t, env)
	if err != nil {
		return nil, nil, err
	}
	schema, complete, err := sourceSchema(ctx, f.Source, false)
	if err != nil {
		return f, nil, err
	}
	if schema == nil {
		schema, complete = Schema(nil), false
	}
	if c := t.Chain.Contract; !complete && c != nil {
		schema, complete = withContract(schema, c), c.OnAdded == "fail" // then it may give no other column
	}
	b, err := f.Bind(ctx, schema, complete)
	if x, ok := f.Source.(UndeclaredText); ok && x.UndeclaredText() && err == nil && b.Unchecked != nil {
		b, err = f.bindAssuming(ctx, schema, b)
	}
	return f, b, err
}

// bindAssuming binds again with the columns that are needed and not declared
// taken to be there, as the texts they would be. What is wrong then is wrong
// whatever the file holds.
func (f *Flow) bindAssuming(ctx context.Context, schema *arrow.Schema, b *Binding) (*Binding, error) {
	var assumed []string
	for b.Unchecked != nil {
		progress := false
		for _, m := range messagesOf(b.Unchecked) {
			name := m.Param("column")
			if name == "" || len(schema.FieldIndices(name)) > 0 {
				continue
			}
			schema = arrow.NewSchema(append(schema.Fields(), arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}), nil)
			assumed, progress = append(assumed, name), true
		}
		if !progress { // no source has what a step asks for
			return b, nil
		}
		next, err := f.Bind(ctx, schema, false)
		if err != nil {
			return nil, err
		}
		b = next
	}
	b.Assumed = assumed
	b.Unchecked = f.at(f.SourceName, messages.ColumnsAssumed.With("source", f.SourceName, "columns", strings.Join(assumed, ", ")))
	return b, nil
}

// withContract adds to what a source declares the columns its contract does.
func withContract(schema *arrow.Schema, c *Contract) *arrow.Schema {
	fields := append([]arrow.Field(nil), schema.Fields()...)
	for _, f := range Schema(c.Columns).Fields() {
		if len(schema.FieldIndices(f.Name)) == 0 {
			fields = append(fields, f)
		}
	}
	return arrow.NewSchema(fields, nil)
}

// located gives the diagnostics of an error at the block it happened in.
func located(t Task, err error) hcl.Diagnostics {
	at := t.Chain.Source.Range
	var s *StepError
	if errors.As(err, &s) {
		blocks := append([]Built{t.Chain.Source, t.Chain.Privacy}, t.Chain.Transforms...)
		for _, b := range append(blocks, t.Chain.Loads...) {
			if b.IsSet() && (stepName(b) == s.Step || b.Component.Kind == KindPrivacy && s.Step == "privacy") {
				at = standing(err, b)
			}
		}
	}
	return Diagnostics(err, at)
}

// Planned is a task as the plan shows it.
type Planned struct {
	Task      Task
	Change    Change
	Because   string // of ChangeMade and ChangeUnknown: see there
	Source    string
	Steps     []string
	Columns   []MarkedColumn // what the source gives; nil when it is not known offline
	Out       []ColumnInfo   // what the loads would get; nil when it is not known
	Current   []string       // with Connect: the release each load has current; "" is none
	Legal     []LegalBasis   // columns that leave with a mark because the law lets them out
	Filters   []string       // steps that may drop rows by what a marked column holds
	Reviews   []string       // columns whose texts nobody has accepted the review of: the task will be refused
	Unchecked error
	Notes     []*messages.Error
	Err       error
}

// Candidates are the variants that what is read decides among; none when the task has
// its variant.
func (pl Planned) Candidates() (names []string) {
	for _, c := range pl.Task.Candidates {
		names = append(names, c.Variant)
	}
	return names
}

// Change is what a task is next to what was last published, as far as can be
// told without reading a row. A run decides for itself, on the rows.
type Change string

const (
	ChangeNew       Change = "new"       // never published from here
	ChangeMade      Change = "changed"   // because of its configuration, input, or both; or its publication was not finished
	ChangeNone      Change = "unchanged" // its configuration and its input files are as they were
	ChangeUnknown   Change = "unknown"   // its configuration is, its input is not known: unread, or offline
	ChangeHeld      Change = "held"      // no authorization, never published
	ChangeWithdrawn Change = "withdrawn" // published, and its authorization is gone
	ChangeElsewhere Change = "elsewhere" // published, and what is noted here is not of that
)

// What a planned task changed because of, or its input is unknown because of.
const (
	ChangedConfig      = "configuration"
	ChangedInput       = "input"
	ChangedBoth        = "configuration and input"
	ChangedPublication = "publication" // not every load was published
	ChangedVersion     = "version"     // of the program, which bytes that no key makes again cannot be compared over
	UnknownUnread      = string(inputUnread)
	UnknownOffline     = string(inputOffline)
)

// given is the plan once the pointers were read: they know better than the
// history what is published.
func (pl *Planned) given(noted []string) {
	published, other := false, len(noted) == len(pl.Current)
	for _, r := range pl.Current {
		published = published || r != ""
	}
	other = other && !slices.Equal(noted, pl.Current)
	was := pl.Change
	switch {
	case len(pl.Current) == 0:
	case was == ChangeHeld || was == ChangeWithdrawn:
		pl.Change = ChangeHeld
		if published {
			pl.Change = ChangeWithdrawn
		}
	case !published:
		pl.Change = ChangeNew
	case was == ChangeNew || other:
		pl.Change = ChangeElsewhere
	}
	if pl.Change != was {
		pl.Because = ""
	}
}

// PlanOptions are what a plan is made with.
type PlanOptions struct {
	Connect bool             // ask sources for their schemas; never for rows
	Now     func() time.Time // tells which acceptances count; nil: Reviews are not told
	Version string           // of the program that a run would be of
	Log     hclog.Logger
}

// Plan gives the selected tasks one by one, in order. Without Connect it
// contacts nothing but folders of this machine; it writes nothing.
func Plan(ctx context.Context, p *Project, sel Selection, opt PlanOptions, yield func(Planned) bool) hcl.Diagnostics {
	h, err := readHistory(p.State)
	if err != nil {
		opt.Log.Warn("the history of runs cannot be read: every task counts as new", "error", err)
		h = &history{Failing: map[string]string{}, Done: map[string]done{}}
	}
	key, err := machineKey(p.State, nil)
	if err != nil {
		opt.Log.Warn("the key of the state cannot be read: no input is known", "error", err)
	}
	base, listed := offlineEnv(opt.Log), memo{}
	return p.Tasks(sel, func(t Task) bool {
		h.moved(p, t.ID)
		was, noted := h.Done[t.ID.String()]
		env := taskEnv(p, t, base)
		var err error
		if opt.Connect && !t.held() {
			t, err = Choose(ctx, t, env, false)
		}
		pl := Planned{Task: t}
		may, like := make([]*Flow, len(t.each())), 0
		for i, c := range t.each() {
			if len(t.Candidates) > 0 {
				c = t.candidate(c.Variant)
			}
			f, b, e := bindOffline(ctx, c, env)
			if e == nil && err == nil && opt.Connect && !t.held() && len(t.Candidates) == 0 {
				b, e = bindConnected(ctx, f)
			}
			if err == nil {
				err = e
			}
			if configSum(c) == was.Config {
				like = i
			}
			may[i] = f
			pl.fill(c, f, b)
		}
		pl.Notes = append(pl.Notes, p.stale(t)...)
		f := may[like]
		if f != nil && opt.Now != nil && !t.held() {
			env.Now = opt.Now
			pl.Reviews = unreviewed(env, f.Privacy)
		}
		var e error
		if pl.Change, pl.Because, e = compare(ctx, t.each()[like], f, was, noted, key, Stamping{Connect: opt.Connect, Once: listed.once}); err == nil {
			err = e
		}
		if (pl.Change == ChangeNone || pl.Change == ChangeUnknown) && f != nil && f.forgets() && was.Version != opt.Version {
			pl.Change, pl.Because = ChangeMade, ChangedVersion
		}
		if err == nil && opt.Connect {
			var stand []Standing
			if stand, err = f.published(ctx); err == nil {
				for _, s := range stand {
					pl.Current = append(pl.Current, s.Release)
				}
				pl.given(was.Releases)
			}
		}
		pl.Err = err
		return yield(pl) && ctx.Err() == nil
	})
}

// compare says what a task is next to what was noted when it was last published.
// f is nil when it could not be built.
func compare(ctx context.Context, t Task, f *Flow, was done, noted bool, key []byte, s Stamping) (Change, string, error) {
	allowed := !t.held()
	switch {
	case !allowed && noted:
		return ChangeWithdrawn, "", nil
	case !allowed:
		return ChangeHeld, "", nil
	case !noted:
		return ChangeNew, "", nil
	}
	stamp, why := "", inputUnread
	if f != nil && was.Stamp != "" && len(key) > 0 {
		var err error
		if stamp, why, err = f.stamp(ctx, key, s); err != nil {
			return ChangeUnknown, UnknownUnread, err
		}
	}
	other := stamp != "" && stamp != was.Stamp
	switch config := was.Config != configSum(t); {
	case config && other:
		return ChangeMade, ChangedBoth, nil
	case config:
		return ChangeMade, ChangedConfig, nil
	case was.Unfinished:
		return ChangeMade, ChangedPublication, nil
	case other:
		return ChangeMade, ChangedInput, nil
	case stamp == "":
		return ChangeUnknown, string(why), nil
	}
	return ChangeNone, "", nil
}

func bindConnected(ctx context.Context, f *Flow) (*Binding, error) {
	schema, complete, err := sourceSchema(ctx, f.Source, true)
	if err != nil {
		return nil, f.at(f.SourceName, err)
	}
	return f.Bind(ctx, schema, complete)
}

// fill adds what is known of the task or, where it is not decided which it is, of one
// of its candidates.
func (pl *Planned) fill(t Task, f *Flow, b *Binding) {
	of := ""
	if len(pl.Task.Candidates) > 0 {
		of = t.Variant + ": "
	}
	if f != nil {
		if l, ok := f.Privacy.(Lawful); ok && pl.Legal == nil {
			pl.Legal = l.LegalBases()
		}
		if pl.Source != "" && pl.Source != f.SourceName {
			pl.Source += ", "
		}
		if !strings.HasSuffix(pl.Source, f.SourceName) {
			pl.Source += f.SourceName
		}
		for _, s := range f.StepNames() {
			pl.Steps = append(pl.Steps, of+s)
		}
	}
	if b == nil {
		return
	}
	if pl.Unchecked == nil {
		pl.Unchecked = b.Unchecked
	}
	pl.Notes = append(pl.Notes, b.Notes...)
	if len(b.Marks) > 0 {
		for _, m := range b.Marks[0] {
			i := slices.IndexFunc(pl.Columns, func(have MarkedColumn) bool { return have.Name == m.Name })
			switch {
			case i < 0:
				pl.Columns = append(pl.Columns, m)
			case m.Personal && !pl.Columns[i].Personal:
				pl.Columns[i] = m
			}
		}
	}
	if b.Out != nil && pl.Out == nil {
		for _, c := range b.Out.Fields() {
			pl.Out = append(pl.Out, ColumnInfo{c.Name, TypeName(c.Type), c.Nullable})
		}
	}
	for i, s := range f.Steps {
		w, ok := s.Transform.(interface{ Watches() []string })
		if !ok || i >= len(b.Marks) {
			continue
		}
		for _, name := range w.Watches() {
			for _, m := range b.Marks[i] {
				if filter := s.Name + " (" + name + ")"; m.Name == name && m.Personal && !slices.Contains(pl.Filters, filter) {
					pl.Filters = append(pl.Filters, filter)
				}
			}
		}
	}
}

func configSum(t Task) string {
	sum := sha256.Sum256(t.Config)
	return hex.EncodeToString(sum[:16])
}

// keyed refuses a stage that draws from what is read, under a key that the project was
// to give. One that forgets what it draws needs none.
func (f *Flow) keyed() error {
	if d, ok := f.Privacy.(Drawer); ok && d.Draws() != DrawnFromNothing && !f.forgets() {
		return f.at("privacy", messages.KeyNotGiven.With())
	}
	return nil
}
