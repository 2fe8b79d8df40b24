package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Transform holds a transform to the contract, by its examples in fsys. An
// example's pipeline.hcl holds transform blocks, run one after the other over
// in.csv; want.csv or want.err says what comes of it, and both together that
// some rows are rejected, with these codes, and the others stay. A source that
// a block names (source.<type>.<name>) is the table in <name>.csv; every
// secret holds CanarySecret.
func Transform(t *testing.T, reg *pipelines.Registry, c pipelines.Component, fsys fs.FS) {
	t.Helper()
	examples := examplesOf(t, reg, c, fsys)
	config(t, reg, c, examples)
	transform(t, reg, c, examples)
}

func transform(t *testing.T, reg *pipelines.Registry, c pipelines.Component, examples []Example) {
	t.Helper()
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Run("gives what the example wants", func(t *testing.T) { report(t, e.transforms(reg)) })
			cases, err := e.cases(reg, c)
			if err != nil {
				t.Fatal(err)
			}
			for i, tc := range cases {
				for _, ch := range transformChecks {
					name := ch.name
					if len(cases) > 1 {
						name = fmt.Sprintf("%s (block %d)", name, i+1)
					}
					t.Run(name, func(t *testing.T) { report(t, attempt(ch, tc)) })
				}
			}
		})
	}
}

// check is something that holds for every transform.
type check struct {
	name string
	run  func(*transformCase) error
}

// transformChecks are in the order in which their failures are easiest to understand.
var transformChecks = []check{
	{"Bind touches no data and promises a schema that is kept", checkBind},
	{"no memory is left on any exit (invariant 9)", checkExits},
	{"the cut does not matter, for rows, places and rejects (invariant 2)", checkCuts},
	{"twice gives the same bytes (invariant 2)", checkTwice},
	{"less memory gives the same rows or a message (invariant 9)", checkMemoryBound},
	{"runs at once do not meet", checkAtOnce},
	{"kernels agree with Run and keep nothing", checkKernel},
	{"a cancelled context ends it", checkCancel},
	{"an upstream error arrives once", checkUpstreamError},
	{"no goroutine outlives Close", checkGoroutines},
	{"rejects of the input are passed on (invariant 8)", checkRejectsPass},
	{"columns of all types survive or are refused (invariant 7)", checkAllTypes},
	{"an input column of any type is taken or refused with a message", checkRetyped},
	{"lineage names what exists", checkLineageNames},
	{"a mark is never lost (invariant 4)", checkMarks},
	{"what holds a name is known to (invariant 4)", checkNames},
	{"no log, error or reject shows a value or a secret (invariant 6)", checkCanary},
}

// transformCase is one block of an example with the rows that reach it.
type transformCase struct {
	build  func(pipelines.Env, map[string]Table) (pipelines.Transform, error)
	input  Table
	tables map[string]Table // of the sources it names
}

func attempt(ch check, tc *transformCase) (err error) {
	defer recovered(&err)
	return ch.run(tc)
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

func report(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// cases runs the example block by block, and gives the blocks that are c's.
func (e Example) cases(reg *pipelines.Registry, c pipelines.Component) ([]*transformCase, error) {
	if _, ok := e.Files["want.csv"]; !ok {
		return nil, nil // nothing but its error is to be seen
	}
	bs, err := e.blocks()
	if err != nil {
		return nil, err
	}
	sc, err := e.scope()
	if err != nil {
		return nil, err
	}
	table, err := ParseTable(e.Files["in.csv"])
	if err != nil {
		return nil, fmt.Errorf("in.csv: %w", err)
	}
	var cases []*transformCase
	for _, b := range bs {
		tc := &transformCase{build: builder(reg, b, sc), input: table, tables: sc.tables}
		if stands(b, c) {
			cases = append(cases, tc)
		}
		o, err := tc.plain()
		if err != nil {
			return nil, err
		}
		table = o.table
	}
	return cases, nil
}

func builder(reg *pipelines.Registry, b *hclsyntax.Block, sc scope) func(pipelines.Env, map[string]Table) (pipelines.Transform, error) {
	return func(env pipelines.Env, tables map[string]Table) (pipelines.Transform, error) {
		if b.Type != string(pipelines.KindTransform) || len(b.Labels) == 0 {
			return nil, fmt.Errorf("block %s is no transform", b.Type)
		}
		c, ok := reg.Find(pipelines.KindTransform, b.Labels[0])
		if !ok {
			return nil, fmt.Errorf("there is no transform %q in the registry", b.Labels[0])
		}
		sc := sc
		sc.tables = tables
		cfg, diags := c.Decode(reg, b.Body, sc.context(b.Body))
		if diags.HasErrors() {
			return nil, diags
		}
		return pipelines.As[pipelines.Transform](pipelines.Built{Component: c, Label: b.Labels[0], Config: cfg, Range: b.DefRange()}, env)
	}
}

// transforms checks what the example says comes out.
func (e Example) transforms(reg *pipelines.Registry) (err error) {
	defer recovered(&err)
	bs, err := e.blocks()
	if err != nil {
		return err
	}
	sc, err := e.scope()
	if err != nil {
		return err
	}
	table, err := ParseTable(e.Files["in.csv"])
	if err != nil {
		return fmt.Errorf("in.csv: %w", err)
	}
	var codes []string
	for _, b := range bs {
		tc := &transformCase{build: builder(reg, b, sc), input: table, tables: sc.tables}
		o, err := tc.plain()
		if found := codesOf(err); found != nil {
			return e.judge(table, false, append(codes, found...))
		} else if err != nil {
			return err
		}
		for _, r := range o.rejects {
			codes = append(codes, r.Why.Code)
		}
		table = o.table
	}
	return e.judge(table, true, codes)
}

// judge compares what came out with what the archive wants.
func (e Example) judge(got Table, done bool, codes []string) error {
	want, has := e.Files["want.csv"]
	_, fails := e.Files["want.err"]
	if !has && !fails {
		return errNoWant
	}
	err := sameCodes(e.codes(), codes)
	if !has {
		return err
	}
	if !done {
		return errors.Join(err, fmt.Errorf("want.csv is wanted, but it failed with %v", codes))
	}
	table, e2 := ParseTable(want)
	if e2 != nil {
		return errors.Join(err, fmt.Errorf("want.csv: %w", e2))
	}
	if d := Diff(table, got); d != "" {
		err = errors.Join(err, errors.New(d))
	}
	return err
}

// plain runs the case over its input in one batch.
func (tc *transformCase) plain() (outcome, error) { return tc.run(whole(), tc.input) }

// run gives the outcome of the transform over table, cut so. The error is of
// building, binding, running, or of the contract.
func (tc *transformCase) run(cut Cut, table Table) (o outcome, err error) {
	err = tc.try(cut, table, func(w *world, in *input, t pipelines.Transform) error {
		s, err := t.Run(context.Background(), in)
		if err != nil {
			return err
		}
		o = drain(context.Background(), s)
		return errors.Join(o.broken, s.Close())
	})
	if err == nil {
		err = o.err
	}
	return o, err
}

// try builds the transform in a new world, lets use do what it wants with it
// and an input, and looks at what is left.
func (tc *transformCase) try(cut Cut, table Table, use func(w *world, in *input, t pipelines.Transform) error) (err error) {
	w := newWorld()
	in := newInput(w, table, cut)
	defer func() {
		p := recover()
		left := errors.Join(in.release(), w.close())
		if p != nil {
			panic(p)
		}
		if err == nil || left != nil {
			err = errors.Join(err, left)
		}
	}()
	t, err := tc.build(w.Env, tc.tables)
	if err != nil {
		return err
	}
	return use(w, in, t)
}
