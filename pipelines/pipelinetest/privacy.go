package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Privacy holds a privacy stage to the contract, by its examples in fsys: one
// privacy block over in.csv, with want.csv or want.err. Beside what the example
// wants, its rows are cut, nulled, made unknown and tampered with: the
// conditions of an example are to mask what they do not know.
func Privacy(t *testing.T, reg *pipelines.Registry, c pipelines.Component, fsys fs.FS) {
	t.Helper()
	examples := examplesOf(t, reg, c, fsys)
	config(t, reg, c, examples)
	privacy(t, reg, c, examples)
}

func privacy(t *testing.T, reg *pipelines.Registry, c pipelines.Component, examples []Example) {
	t.Helper()
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			pc, err := e.privacyCase(reg, c)
			if err != nil {
				t.Fatal(err)
			}
			t.Run("gives what the example wants", func(t *testing.T) { report(t, pc.wanted(e)) })
			if _, ok := e.Files["want.csv"]; !ok {
				return // nothing but its error is to be seen
			}
			for _, ch := range privacyChecks {
				t.Run(ch.name, func(t *testing.T) { report(t, ch.attempt(pc)) })
			}
		})
	}
}

type privacyCheck struct {
	name string
	run  func(*privacyCase) error
}

func (ch privacyCheck) attempt(pc *privacyCase) (err error) {
	defer recovered(&err)
	return ch.run(pc)
}

var privacyChecks = []privacyCheck{
	{"Bind touches no data and promises a schema that is kept", checkPrivacyBind},
	{"the cut does not matter, in two passes or in one (invariant 2)", checkPrivacyCuts},
	{"the decision depends on the rows alone, not on order or cut (invariant 2)", checkPrivacyDecision},
	{"what is put aside between the passes is enough (invariant 2)", checkPrivacySpared},
	{"no row is gained or moved", checkPrivacyRows},
	{"a column without a role does not leave (invariant 3)", checkPrivacyColumns},
	{"null and unknown values let nothing out (invariant 4)", checkPrivacyClosed},
	{"the gate takes what was emitted and nothing else (invariant 5)", checkPrivacyGate},
	{"no memory is left on any exit, and errors arrive (invariant 9)", checkPrivacyExits},
	{"the paragraph is French and holds no value (invariant 11)", checkPrivacyParagraph},
}

// privacyCase is an example's stage with the rows that reach it.
type privacyCase struct {
	build func(pipelines.Env) (pipelines.Privacy, error)
	input Table
}

func (e Example) privacyCase(reg *pipelines.Registry, c pipelines.Component) (*privacyCase, error) {
	bs, err := e.blocks()
	if err != nil {
		return nil, err
	}
	found := find(bs, c)
	if len(found) != 1 {
		return nil, fmt.Errorf("the archive has %d blocks of the stage, one is wanted", len(found))
	}
	sc, err := e.scope()
	if err != nil {
		return nil, err
	}
	input, err := ParseTable(e.Files["in.csv"])
	if err != nil {
		return nil, fmt.Errorf("in.csv: %w", err)
	}
	b := found[0]
	return &privacyCase{input: input, build: func(env pipelines.Env) (pipelines.Privacy, error) {
		for name, text := range e.Files { // those of the project among them, which may be read later
			if err := os.WriteFile(filepath.Join(env.Dir, name), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
		env.Root = env.Dir
		cfg, diags := c.Decode(reg, b.Body, sc.context(b.Body))
		if diags.HasErrors() {
			return nil, diags
		}
		return pipelines.As[pipelines.Privacy](pipelines.Built{Component: c, Config: cfg, Range: b.DefRange()}, env)
	}}, nil
}

func (pc *privacyCase) wanted(e Example) (err error) {
	defer recovered(&err)
	o, err := pc.twoPasses(whole(), pc.input)
	codes := codesOf(err)
	if err != nil && codes == nil {
		return err
	}
	for _, r := range o.rejects {
		codes = append(codes, r.Why.Code)
	}
	return e.judge(o.table, err == nil, codes)
}

// in builds the stage in a new world and looks at what use leaves there.
func (pc *privacyCase) in(use func(*world, pipelines.Privacy) error) (err error) {
	w := newWorld()
	defer func() { err = errors.Join(err, silent(err), w.close()) }()
	p, err := pc.build(w.Env)
	if err != nil {
		return err
	}
	return use(w, p)
}

func (pc *privacyCase) twoPasses(cut Cut, table Table) (o outcome, err error) {
	err = pc.in(func(w *world, p pipelines.Privacy) error {
		d, err := decide(w, p, cut, table)
		if err != nil {
			return err
		}
		o, err = emit(w, p, d, cut, table)
		return err
	})
	return o, err
}

// decide observes the rows and has what differs from release to release drawn.
func decide(w *world, p pipelines.Privacy, cut Cut, table Table) (pipelines.Decision, error) {
	d, err := observe(w, p, cut, table)
	if err != nil {
		return nil, err
	}
	return draw(p, d)
}

func draw(p pipelines.Privacy, d pipelines.Decision) (pipelines.Decision, error) {
	if dr, ok := p.(pipelines.Drawer); ok {
		return dr.Draw(context.Background(), d, []byte("the fingerprint of an example"))
	}
	return d, nil
}

func observe(w *world, p pipelines.Privacy, cut Cut, table Table) (pipelines.Decision, error) {
	in := newInput(w, table, cut)
	d, err := p.Observe(context.Background(), in)
	if err == nil && in.closed {
		err = errors.New("Observe closed its input")
	}
	if err == nil && in.told != io.EOF {
		err = errors.New("Observe did not read its input to the end")
	}
	return d, errors.Join(err, in.release())
}

func emit(w *world, p pipelines.Privacy, d pipelines.Decision, cut Cut, table Table) (outcome, error) {
	in := newInput(w, table, cut)
	s, err := p.Emit(context.Background(), d, in)
	if err != nil {
		return outcome{}, errors.Join(err, in.release())
	}
	o := drain(context.Background(), s)
	err = errors.Join(o.broken, o.err, s.Close())
	if !in.closed {
		err = errors.Join(err, errors.New("Emit did not close its input"))
	}
	return o, errors.Join(err, in.release())
}

// onePass gives what the stage's kernel makes of table; nil when it has none.
func onePass(w *world, p pipelines.Privacy, cut Cut, table Table) (*outcome, error) {
	sp, ok := p.(pipelines.SinglePass)
	if !ok {
		return nil, nil
	}
	k, err := sp.Kernel(table.Schema)
	if err != nil || k == nil {
		return nil, err
	}
	out, err := p.Bind(table.Schema)
	if err != nil {
		return nil, err
	}
	in := newInput(w, table, cut)
	s := pipelines.NewStream(out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return k(ctx, b)
	}, in.Close)
	o := drain(context.Background(), s)
	return &o, errors.Join(o.broken, o.err, s.Close(), in.release())
}

// tableFile is a sealed file that holds a table.
type tableFile struct {
	w *world
	Table
}

func (f tableFile) Info() pipelines.FileInfo {
	return pipelines.FileInfo{Name: "essai.csv", Format: "csv", Rows: int64(len(f.Rows))}
}
func (f tableFile) Audit(context.Context) error { return nil }
func (f tableFile) Open(context.Context) (pipelines.Stream, error) {
	return Batches(f.Schema, every(3)(f.w.mem, f.Table)...), nil
}

// columnOf is the index of a column by name, -1 when there is none.
func columnOf(s *arrow.Schema, name string) int {
	if is := s.FieldIndices(name); len(is) == 1 {
		return is[0]
	}
	return -1
}
