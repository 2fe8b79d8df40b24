package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func checkPrivacyBind(pc *privacyCase) error {
	var promised *arrow.Schema
	err := pc.in(func(_ *world, p pipelines.Privacy) (err error) {
		promised, err = p.Bind(pc.input.Schema)
		return err
	})
	if err != nil {
		return err
	}
	o, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	if d := diffSchemas(promised, o.table.Schema); d != "" {
		return fmt.Errorf("promised, and given: %s", d)
	}
	return vocabulary(promised)
}

func checkPrivacyCuts(pc *privacyCase) error {
	want, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	var errs []error
	for _, cut := range Cuts() {
		got, err := pc.twoPasses(cut, pc.input)
		if err == nil {
			err = want.differs(got)
		}
		errs = append(errs, named(cut.Name, err))
		errs = append(errs, named("in one pass, "+cut.Name, pc.in(func(w *world, p pipelines.Privacy) error {
			one, err := onePass(w, p, cut, pc.input)
			if err != nil || one == nil {
				return err
			}
			return want.differs(*one)
		})))
	}
	return errors.Join(errs...)
}

// checkPrivacyDecision observes the rows in another order and cut than it emits them.
func checkPrivacyDecision(pc *privacyCase) error {
	want, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	reversed := Table{Schema: pc.input.Schema, Rows: slices.Clone(pc.input.Rows)}
	slices.Reverse(reversed.Rows)
	return pc.in(func(w *world, p pipelines.Privacy) error {
		first, err := observe(w, p, whole(), pc.input)
		if err != nil {
			return err
		}
		second, err := observe(w, p, Cut{"batches of 2", every(2)}, reversed)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(first, second) {
			return errors.New("the same rows in another order lead to another decision")
		}
		if second, err = draw(p, second); err != nil {
			return err
		}
		got, err := emit(w, p, second, whole(), pc.input)
		if err != nil {
			return err
		}
		return errors.Join(want.differs(got), pc.emitsOnWorkers(w, p, second, want), pc.watchedOnWorkers(w, p, want))
	})
}

// emitsOnWorkers wants of a stage that lets rows out on any worker what it lets
// out itself.
func (pc *privacyCase) emitsOnWorkers(w *world, p pipelines.Privacy, d pipelines.Decision, want outcome) error {
	e, ok := p.(pipelines.Emitter)
	if !ok {
		return nil
	}
	out, err := p.Bind(pc.input.Schema)
	if err != nil {
		return err
	}
	var kernels []pipelines.Kernel
	for range 2 {
		k, err := e.EmitKernel(d, pc.input.Schema)
		if err != nil {
			return err
		}
		kernels = append(kernels, k)
	}
	in := newInput(w, pc.input, Cut{"batches of 2", every(2)})
	n := 0
	s := pipelines.NewStream(out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		n++
		return kernels[n%2](ctx, b)
	}, in.Close)
	if a, ok := p.(pipelines.Arranger); ok {
		if s, err = a.Arrange(d, pc.input.Schema, s); err != nil {
			return named("on workers", errors.Join(err, in.release()))
		}
	}
	o := drain(context.Background(), s)
	return named("on workers", errors.Join(o.broken, o.err, s.Close(), in.release(), want.differs(o)))
}

// checkPrivacyRows wants each row at most once and in the order of the input, or in one
// that does not depend on it.
// That none is lost is for the example to say: a stage may suppress rows.
func checkPrivacyRows(pc *privacyCase) error {
	o, err := pc.twoPasses(Cut{"batches of 2", every(2)}, pc.input)
	if err != nil {
		return err
	}
	if moved, err := pc.arranged(); moved || err != nil {
		return err
	}
	last := int64(0)
	for i, at := range o.places {
		if at.Line <= last {
			return fmt.Errorf("row %d, of line %d, comes after line %d", i+1, at.Line, last)
		}
		last = at.Line
	}
	return nil
}

// arranged says whether the stage has an order of its own for rows; then it is the same
// whatever the order they came in was, and tells nothing of that.
func (pc *privacyCase) arranged() (moved bool, err error) {
	err = pc.in(func(w *world, p pipelines.Privacy) error {
		if _, ok := p.(pipelines.Arranger); !ok {
			return nil
		}
		d, err := decide(w, p, whole(), pc.input)
		if err != nil {
			return err
		}
		one, err := emit(w, p, d, whole(), pc.input)
		if err != nil {
			return err
		}
		reversed := Table{Schema: pc.input.Schema, Rows: slices.Clone(pc.input.Rows)}
		slices.Reverse(reversed.Rows)
		other, err := emit(w, p, d, Cut{"batches of 2", every(2)}, reversed)
		if err != nil {
			return err
		}
		if len(one.table.Rows) > len(pc.input.Rows) {
			return errors.New("there are more rows than came")
		}
		slices.Reverse(other.table.Rows)
		if Diff(one.table, other.table) == "" {
			return nil // the order of the source, either way
		}
		moved = true
		slices.Reverse(other.table.Rows)
		if diff := Diff(one.table, other.table); diff != "" {
			return fmt.Errorf("the order of the rows depends on that of the source: %s", diff)
		}
		return nil
	})
	return moved, err
}

const newColumn = "zz_nouvelle"

func checkPrivacyColumns(pc *privacyCase) error {
	want, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	wider := pc.input.with(Table{Schema: arrow.NewSchema([]arrow.Field{column(newColumn, arrow.BinaryTypes.String)}, nil), Rows: [][]any{{CanaryName}}})
	got, err := pc.twoPasses(whole(), wider)
	if err != nil {
		return fmt.Errorf("with a column more: %w", err)
	}
	if d := Diff(want.table, got.table); d != "" {
		return fmt.Errorf("with a column more: %s", d)
	}
	return pc.in(func(_ *world, p pipelines.Privacy) error {
		var marked []pipelines.MarkedColumn
		for _, name := range pipelines.Columns(wider.Schema) {
			marked = append(marked, pipelines.MarkedColumn{Name: name})
		}
		out, err := p.Roles(marked)
		if err != nil {
			return err
		}
		var names []string
		for _, m := range out {
			names = append(names, m.Name)
		}
		if leaves := pipelines.Columns(want.table.Schema); !slices.Equal(names, leaves) {
			return fmt.Errorf("Roles lets out %v, and Emit gives %v", names, leaves)
		}
		return nil
	})
}

// masked says for a row and a column of out whether its value is not that of in.
func masked(in, out Table, row, col int) bool {
	i := columnOf(in.Schema, out.Schema.Field(col).Name)
	return i >= 0 && !reflect.DeepEqual(in.Rows[row][i], out.Rows[row][col])
}

// checkPrivacyClosed makes one column null, or its texts unknown, in every row:
// what was masked in other columns stays so.
func checkPrivacyClosed(pc *privacyCase) error {
	before, err := pc.twoPasses(whole(), pc.input)
	if err != nil {
		return err
	}
	if len(before.table.Rows) != len(pc.input.Rows) {
		return nil // rows were suppressed: they cannot be told apart
	}
	if moved, err := pc.arranged(); moved || err != nil {
		return err // nor can rows that have an order of their own
	}
	var errs []error
	for c, f := range pc.input.Schema.Fields() {
		values := []any{nil}
		if f.Type.ID() == arrow.STRING {
			values = append(values, "zz inconnu")
		}
		for _, v := range values {
			changed := pc.input.replaced(c, f, func(int, any) any { return v })
			errs = append(errs, named(fmt.Sprintf("%q is %v", f.Name, v), pc.staysMasked(before.table, changed, f.Name)))
		}
	}
	return errors.Join(errs...)
}

func (pc *privacyCase) staysMasked(before, changed Table, except string) error {
	after, err := pc.twoPasses(whole(), changed)
	if m := messages.Find(err); m != nil && m.Class == messages.Refused {
		return nil // nothing comes out
	}
	if err != nil {
		return err
	}
	if len(after.table.Rows) != len(before.Rows) {
		return fmt.Errorf("it gives %d rows of %d", len(after.table.Rows), len(before.Rows))
	}
	for r := range before.Rows {
		for c, f := range before.Schema.Fields() {
			if f.Name != except && masked(pc.input, before, r, c) && !masked(changed, after.table, r, c) {
				return fmt.Errorf("row %d shows column %q, which was masked", r+1, f.Name)
			}
		}
	}
	return nil
}

func checkPrivacyGate(pc *privacyCase) error {
	return pc.in(func(w *world, p pipelines.Privacy) error {
		g, ok := p.(pipelines.Gate)
		if !ok {
			return nil
		}
		d, err := decide(w, p, whole(), pc.input)
		if err != nil {
			return err
		}
		o, err := emit(w, p, d, whole(), pc.input)
		if err != nil {
			return err
		}
		judge := func(d pipelines.Decision, t Table) error { return g.Judge(context.Background(), d, tableFile{w, t}) }
		errs := []error{named("the gate refuses what was emitted", judge(d, o.table))}
		decisions := []pipelines.Decision{d}
		if one, err := onePass(w, p, whole(), pc.input); err != nil {
			return err
		} else if one != nil {
			decisions = append(decisions, nil)
			errs = append(errs, named("the gate refuses what one pass gave", judge(nil, one.table)))
		}
		moved, err := pc.arranged()
		if err != nil {
			return err
		}
		for _, tampered := range pc.tampered(o.table, moved) {
			for _, d := range decisions {
				if d == nil && tampered.counted {
					continue
				}
				errs = append(errs, named(tampered.what, refused(judge(d, tampered.table))))
			}
		}
		return errors.Join(errs...)
	})
}

// tampered is a file somebody changed. counted is a change that only shows
// against what a first pass counted.
type tampered struct {
	what    string
	table   Table
	counted bool
}

// tampered are files that nobody let out. Of rows that moved nobody knows which of the
// input they were.
func (pc *privacyCase) tampered(out Table, moved bool) []tampered {
	extra := Table{Schema: arrow.NewSchema([]arrow.Field{column(newColumn, arrow.BinaryTypes.String)}, nil), Rows: [][]any{{"x"}}}
	all := []tampered{{"a column more", out.with(extra), false}}
	if len(out.Rows) > 0 {
		all = append(all,
			tampered{"a row twice", Table{out.Schema, append(slices.Clone(out.Rows), out.Rows[0])}, true},
			tampered{"a row less", Table{out.Schema, out.Rows[1:]}, true})
	}
	if moved || len(out.Rows) != len(pc.input.Rows) {
		return all
	}
	for r := range out.Rows {
		for c, f := range out.Schema.Fields() {
			if !masked(pc.input, out, r, c) || reflect.DeepEqual(pc.input.shown(r, f), out.Rows[r][c]) {
				continue
			}
			shown := out.replaced(c, f, func(i int, old any) any {
				if i == r {
					return pc.input.shown(r, f)
				}
				return old
			})
			all = append(all, tampered{fmt.Sprintf("the value of %q in row %d", f.Name, r+1), shown, false})
		}
	}
	return all
}

// shown is the value of a row in the column of f, as it could stand there.
func (t Table) shown(row int, f arrow.Field) any {
	c := columnOf(t.Schema, f.Name)
	v, in := t.Rows[row][c], t.Schema.Field(c).Type
	if v != nil && f.Type.ID() == arrow.STRING && in.ID() != arrow.STRING {
		return cellText(v, in)
	}
	return v
}

func refused(verdict error) error {
	m := messages.Find(verdict)
	switch {
	case verdict == nil:
		return errors.New("the gate lets it pass")
	case m == nil || m.Class != messages.Refused:
		return fmt.Errorf("the gate does not refuse but says %w", verdict)
	}
	return nil
}

func checkPrivacyExits(pc *privacyCase) error {
	table := pc.input.Repeat(4)
	cut := Cut{"batches of 4", every(4)}
	var errs []error
	for _, ex := range exits {
		errs = append(errs, named(ex.name, pc.leave(table, cut, ex)))
	}
	for k := range 3 {
		errs = append(errs, named(fmt.Sprintf("failed upstream at batch %d", k+1), pc.failing(table, cut, k)))
	}
	return errors.Join(errs...)
}

func (pc *privacyCase) leave(table Table, cut Cut, ex exit) error {
	return pc.in(func(w *world, p pipelines.Privacy) error {
		d, err := decide(w, p, cut, table)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in := newInput(w, table, cut)
		s, err := p.Emit(ctx, d, in)
		if err != nil {
			return errors.Join(err, in.release())
		}
		ex.use(ctx, cancel, s)
		err = closeTwice(s)
		if !in.closed {
			err = errors.Join(err, errors.New("the input was not closed"))
		}
		return errors.Join(err, in.release())
	})
}

func (pc *privacyCase) failing(table Table, cut Cut, k int) error {
	return pc.in(func(w *world, p pipelines.Privacy) error {
		hook := func(i int) error {
			if i == k {
				return errUpstream
			}
			return nil
		}
		first := newInput(w, table, cut)
		first.hook = hook
		_, err := p.Observe(context.Background(), first)
		err = errors.Join(mustTell("Observe", first, err), first.release())
		d, e := decide(w, p, cut, table)
		if err = errors.Join(err, e); err != nil {
			return err
		}
		second := newInput(w, table, cut)
		second.hook = hook
		s, err := p.Emit(context.Background(), d, second)
		if err != nil {
			return errors.Join(err, second.release())
		}
		o := drain(context.Background(), s)
		return errors.Join(o.broken, mustTell("Emit", second, o.err), s.Close(), second.release())
	})
}

func mustTell(who string, in *input, err error) error {
	if in.told == errUpstream && !errors.Is(err, errUpstream) {
		return fmt.Errorf("%s: the input failed and it says %v", who, err)
	}
	return nil
}

// frenchWords are such that no sentence of the paragraph lacks them all.
var frenchWords = regexp.MustCompile(`(?i)(^|[\s«'’])(la|le|les|des|du|été|une|un|toute|chaque)\s`)

func checkPrivacyParagraph(pc *privacyCase) error {
	return pc.in(func(w *world, p pipelines.Privacy) error {
		d, err := decide(w, p, whole(), pc.input)
		if err != nil {
			return err
		}
		sentences := p.Paragraph(nil)
		if len(sentences) == 0 {
			return errors.New("the public is told nothing")
		}
		sentences = append(sentences, p.Paragraph(d)...)
		for _, s := range sentences {
			if !strings.HasSuffix(s, ".") || !frenchWords.MatchString(s) {
				return fmt.Errorf("%q is no French sentence", s)
			}
			for _, row := range pc.input.Rows {
				for c, v := range row {
					text, ok := v.(string)
					if ok && len(text) > 3 && strings.Contains(s, text) {
						return fmt.Errorf("a sentence holds a value of column %q", pc.input.Schema.Field(c).Name)
					}
				}
			}
		}
		return nil
	})
}
