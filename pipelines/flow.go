package pipelines

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Flow is the way of one task's data with every component built: what the
// engine runs, however it was described.
type Flow struct {
	Task       TaskID
	Source     Source
	SourceName string // "source.file.conventions"
	Steps      []Step
	Privacy    Privacy // nil only when there is no load
	Loads      []Load
	OnReject   RejectPolicy
	AllowEmpty bool
	Contract   *Contract // nil: whatever the source gives

	// Of what was read once for several tasks: the task's part, and what its loads
	// noted before. nil: the source reads for this task alone.
	part    Source
	started []Started

	beside []Source // of what the task might have been instead
}

// Step is a transform and the name it has in messages.
type Step struct {
	Name      string // "transform.filter.actifs"
	Transform Transform
}

// Load is a sink and the name it has in messages.
type Load struct {
	Name string
	Sink Sink
}

// BuildFlow builds the components of a task. Nothing is contacted.
func BuildFlow(t Task, env Env) (*Flow, error) {
	if len(t.Candidates) > 0 {
		return nil, messages.Internal.With("what", "a task was to be read before its variant was chosen")
	}
	f := &Flow{Task: t.ID, OnReject: t.Chain.OnReject, AllowEmpty: t.Chain.AllowEmpty, Contract: t.Chain.Contract}
	var err error
	f.SourceName = stepName(t.Chain.Source)
	if f.Source, err = As[Source](t.Chain.Source, env); err != nil {
		return nil, &StepError{t.ID, f.SourceName, err}
	}
	if f.Steps, err = buildSteps(t, env); err != nil {
		return nil, err
	}
	if t.Chain.Privacy.IsSet() {
		if f.Privacy, err = As[Privacy](t.Chain.Privacy, env); err != nil {
			return nil, &StepError{t.ID, "privacy", err}
		}
	}
	for _, b := range t.Chain.Loads {
		s, err := As[Sink](b, env)
		if err != nil {
			return nil, &StepError{t.ID, stepName(b), err}
		}
		f.Loads = append(f.Loads, Load{stepName(b), s})
	}
	if len(f.Loads) > 0 && f.Privacy == nil {
		return nil, &StepError{t.ID, "privacy", messages.NoPrivacy.With("pipeline", t.ID.Pipeline)}
	}
	return f, f.lookBeside(t, env)
}

// lookBeside builds the sources of the candidates that a task was chosen from: what
// they read decides too. Where they read the same, that is the task's own.
func (f *Flow) lookBeside(t Task, env Env) error {
	own, known := splitOf(t)
	for _, c := range t.among {
		if s, ok := splitOf(c); c.Variant == t.Variant || ok && known && (s.Reads == own.Reads || len(s.By) > 0) {
			continue
		}
		src, err := As[Source](c.Chain.Source, env)
		if err != nil {
			return &StepError{t.ID, stepName(c.Chain.Source), err}
		}
		f.beside = append(f.beside, src)
	}
	return nil
}

// buildSteps builds the transforms. What Env.Memory is for one barrier is shared
// out among several: the first still gives rows while the last takes them.
func buildSteps(t Task, env Env) ([]Step, error) {
	for shares := 0; ; {
		var steps []Step
		barriers := 0
		for _, b := range t.Chain.Transforms {
			tr, err := As[Transform](b, env)
			if err != nil {
				return nil, &StepError{t.ID, stepName(b), err}
			}
			if isBarrier(tr) {
				barriers++
			}
			steps = append(steps, Step{stepName(b), tr})
		}
		if shares > 0 || barriers < 2 {
			return steps, nil
		}
		shares = barriers
		env.Memory /= int64(shares)
	}
}

// isBarrier says whether a transform holds rows.
func isBarrier(t Transform) bool {
	if _, ok := t.(RowWise); ok {
		return false
	}
	s, ok := t.(Streaming)
	return !ok || !s.Streaming()
}

func stepName(b Built) string {
	return string(b.Component.Kind) + "." + b.Component.Name + "." + b.Label
}

// StepError says in which step of which task something went wrong. The runner
// attaches it, once.
type StepError struct {
	Task TaskID
	Step string
	Err  error
}

func (e *StepError) Error() string { return e.Task.String() + ": " + e.Step + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

func (f *Flow) at(step string, err error) error {
	var s *StepError
	if err == nil || errors.As(err, &s) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &StepError{f.Task, step, err}
}

// Binding is a flow bound to the schema of its source.
type Binding struct {
	// In is the schema into each step; the last one is the schema after all steps.
	In []*arrow.Schema
	// Marks are the marks that belong to each of In.
	Marks [][]MarkedColumn
	// Out is what the loads get.
	Out *arrow.Schema
	// Unchecked says, offline and for a source whose columns are not all
	// declared, which step could not be checked first, or what was assumed to
	// check them all; nil when all is declared.
	Unchecked error
	// Assumed are the columns that were taken to be there to check the others.
	Assumed []string
	// Notes are warnings: columns that came and are not declared.
	Notes []*messages.Error
}

// Bind binds every step to the source's schema and carries the marks to the
// loads, which refuse a column that is still marked. With complete false the
// source may have more columns than the schema says; a step that needs one ends
// the binding without an error.
func (f *Flow) Bind(ctx context.Context, schema *arrow.Schema, complete bool) (*Binding, error) {
	b, err := f.bind(ctx, schema, complete)
	if err != nil && complete && f.unconfirmed() {
		err = withoutNames(err)
	}
	return b, err
}

// unconfirmed says whether only the data itself tells the columns' names: the
// first row of a file of which nobody declared a column may be a row like any
// other, and then its names are values.
func (f *Flow) unconfirmed() bool {
	if r, ok := f.Source.(Rereadable); !ok || !r.Rereadable() || f.Contract != nil {
		return false
	}
	d, ok := f.Source.(Declarer)
	if !ok {
		return false
	}
	schema, _ := d.Declared()
	return schema == nil || schema.NumFields() == 0
}

// withoutNames is err with no list of the columns there are.
func withoutNames(err error) error {
	hide := func(m *messages.Error) *messages.Error {
		return messages.UnknownColumnHere.With("column", m.Param("column"))
	}
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		out := make(hcl.Diagnostics, len(diags))
		for i, d := range diags {
			out[i] = d
			if m, ok := d.Extra.(*messages.Error); ok && m.Message == messages.UnknownColumn && d.Subject != nil {
				out[i] = Diagnose(hide(m), *d.Subject)
			}
		}
		err = replaceCause(err, out)
	} else if m := messages.Find(err); m != nil && m.Message == messages.UnknownColumn {
		err = replaceCause(err, hide(m))
	}
	return err
}

// replaceCause keeps the step an error happened in.
func replaceCause(err, cause error) error {
	var s *StepError
	if errors.As(err, &s) {
		return &StepError{s.Task, s.Step, cause}
	}
	return cause
}

func (f *Flow) bind(ctx context.Context, schema *arrow.Schema, complete bool) (*Binding, error) {
	b := &Binding{Notes: f.warnings()}
	if err := f.keepContract(schema, complete, b); err != nil {
		return nil, f.at(f.SourceName, err)
	}
	marks, err := MarkSource(f.Source, schema, f.SourceName, f.identifiers()...)
	if err != nil {
		if !complete && messages.Has(err, messages.UnknownColumn) {
			b.Unchecked = f.at(f.SourceName, err)
			return b, nil
		}
		return nil, f.at(f.SourceName, err)
	}
	in, from := schema, traceSource(schema)
	b.In, b.Marks = append(b.In, in), append(b.Marks, marks)
	for _, s := range f.Steps {
		out, err := s.Transform.Bind(in)
		if err == nil {
			err = uniqueNames(out)
		}
		if err == nil {
			var feeds map[string][]MarkedColumn
			if feeds, err = feedMarks(ctx, s.Transform, f.identifiers()); err == nil {
				marks, err = Marks(s.Transform, marks, feeds, in, out)
			}
			if err == nil {
				from, err = from.through(s.Transform, in, out)
			}
		}
		if err != nil {
			if !complete && hasUnknownColumn(err) {
				b.Unchecked = f.at(s.Name, err)
				return b, nil
			}
			return nil, f.at(s.Name, err)
		}
		in = out
		b.In, b.Marks = append(b.In, in), append(b.Marks, marks)
	}
	b.Out = in
	if f.Privacy != nil {
		if marks, err = f.markRenamed(ctx, from, marks, b); err != nil {
			return nil, err
		}
		if err := f.bindPrivacy(in, marks, from, b); err != nil {
			if !complete && hasUnknownColumn(err) {
				b.Out, b.Unchecked = nil, f.at("privacy", err)
				return b, nil
			}
			return nil, err
		}
	}
	for _, l := range f.Loads {
		if s, ok := l.Sink.(Binder); ok {
			if err := s.Bind(b.Out); err != nil {
				return nil, f.at(l.Name, err)
			}
		}
	}
	return b, nil
}

// warnings are what the source, the steps and the privacy stage find doubtful in their
// configuration.
func (f *Flow) warnings() []*messages.Error {
	var notes []*messages.Error
	if w, ok := f.Source.(Warner); ok {
		notes = append(notes, w.Warnings()...)
	}
	for _, s := range f.Steps {
		if w, ok := s.Transform.(Warner); ok {
			notes = append(notes, w.Warnings()...)
		}
	}
	if w, ok := f.Privacy.(Warner); ok {
		notes = append(notes, w.Warnings()...)
	}
	return notes
}

func (f *Flow) bindPrivacy(in *arrow.Schema, marks []MarkedColumn, from traced, b *Binding) error {
	var err error
	if b.Out, err = f.Privacy.Bind(in); err != nil {
		return f.at("privacy", err)
	}
	cleared, err := f.Privacy.Roles(marks)
	if err != nil {
		return f.at("privacy", err)
	}
	if p, ok := f.Privacy.(Deriving); ok {
		if err := p.Derives(from.columns(in)); err != nil {
			return f.at("privacy", err)
		}
	}
	roles := map[string]MarkedColumn{}
	for _, m := range cleared {
		roles[m.Name] = m
	}
	for _, c := range b.Out.Fields() {
		m, known := roles[c.Name]
		if !known {
			m = MarkedColumn{Personal: true, Because: "the policy says nothing of it"}
		}
		if m.Personal {
			return f.at("privacy", messages.PersonalAtLoad.With("column", c.Name, "because", m.Because))
		}
	}
	return nil
}

// identifiers are the columns that the privacy stage says to name persons.
func (f *Flow) identifiers() []string {
	if p, ok := f.Privacy.(Identifying); ok {
		return p.Identifying()
	}
	return nil
}

// hasUnknownColumn looks into every diagnostic: one mistake of another kind is
// a mistake whatever columns may come.
func hasUnknownColumn(err error) bool {
	ms := messagesOf(err)
	for _, m := range ms {
		if m.Message != messages.UnknownColumn {
			return false
		}
	}
	return len(ms) > 0
}

func uniqueNames(s *arrow.Schema) error {
	seen := map[string]bool{}
	for _, f := range s.Fields() {
		if seen[f.Name] {
			return messages.DuplicateColumn.With("column", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// feedMarks are the marks of the sources that t reads besides its input. A source
// that does not declare all its columns counts as personal for whoever does not
// tell which of them an output derives from.
func feedMarks(ctx context.Context, t Transform, identifiers []string) (map[string][]MarkedColumn, error) {
	fd, ok := t.(Feeder)
	if !ok {
		return nil, nil
	}
	out := map[string][]MarkedColumn{}
	for name, src := range sorted(fd.Feeds()) {
		schema, complete, err := sourceSchema(ctx, src, false)
		if err != nil {
			return nil, err
		}
		if schema != nil {
			if out[name], err = MarkSource(src, schema, name, ofFeed(name, identifiers)...); err != nil {
				return nil, err
			}
		}
		if schema == nil || !complete {
			out[name] = append(out[name], MarkedColumn{Personal: true, Because: "not all columns of " + name + " are declared"})
		}
	}
	return out, nil
}

// sourceSchema is the schema a source declares or, when connect is true and it
// can tell, the one it has.
func sourceSchema(ctx context.Context, s Source, connect bool) (schema *arrow.Schema, complete bool, err error) {
	if connect {
		if d, ok := s.(Describer); ok {
			schema, err = d.Describe(ctx)
			return schema, true, err
		}
	}
	if d, ok := s.(Declarer); ok {
		schema, complete = d.Declared()
	}
	return schema, complete, nil
}

func (f *Flow) keepContract(schema *arrow.Schema, complete bool, b *Binding) error {
	c := f.Contract
	if c == nil {
		return nil
	}
	declared := map[string]ColumnDecl{}
	for _, col := range c.Columns {
		declared[col.Name] = col
		is := schema.FieldIndices(col.Name)
		if len(is) != 1 {
			if complete {
				return messages.ColumnMissing.With("source", f.SourceName, "column", col.Name, "wanted", TypeName(col.Type),
					"columns", strings.Join(Columns(schema), ", "))
			}
			continue
		}
		if got := schema.Field(is[0]).Type; !arrow.TypeEqual(got, col.Type) {
			return messages.ColumnRetyped.With("source", f.SourceName, "column", col.Name, "got", TypeName(got), "wanted", TypeName(col.Type))
		}
	}
	for _, fd := range schema.Fields() {
		if _, ok := declared[fd.Name]; ok {
			continue
		}
		note := messages.ColumnAdded.With("source", f.SourceName, "column", fd.Name)
		if c.OnAdded == "fail" {
			return messages.ContractAdded.With("source", f.SourceName, "column", fd.Name)
		}
		b.Notes = append(b.Notes, note)
	}
	return nil
}

// StepNames are the names of the steps, numbered from 1, for people.
func (f *Flow) StepNames() []string {
	names := make([]string, len(f.Steps))
	for i, s := range f.Steps {
		names[i] = strconv.Itoa(i+1) + ". " + s.Name
	}
	return names
}

func schemaMismatch(got, want *arrow.Schema) error {
	if got.Equal(want) {
		return nil
	}
	if got.NumFields() == want.NumFields() {
		same := true
		for i, g := range got.Fields() {
			w := want.Field(i)
			same = same && g.Name == w.Name && arrow.TypeEqual(g.Type, w.Type)
		}
		if same {
			return nil
		}
	}
	return messages.SchemaBroken.With("got", fmt.Sprint(describeSchema(got)), "wanted", describeSchema(want))
}

func describeSchema(s *arrow.Schema) string {
	parts := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		parts[i] = f.Name + " " + TypeName(f.Type)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
