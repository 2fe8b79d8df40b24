package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Source holds a source to the contract. build makes it, configured to read
// something that has a few rows and does not change; it is called many times.
func Source(t *testing.T, build func(pipelines.Env) (pipelines.Source, error)) {
	t.Helper()
	for _, ch := range sourceChecks {
		t.Run(ch.name, func(t *testing.T) { report(t, ch.attempt(build)) })
	}
}

// Chunks is Source for what only has chunks, such as the reader of a format.
func Chunks(t *testing.T, build func(pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error)) {
	t.Helper()
	Source(t, func(env pipelines.Env) (pipelines.Source, error) {
		open, err := build(env)
		return chunked{open}, err
	})
}

type chunked struct {
	open func(context.Context) (pipelines.Chunks, error)
}

func (c chunked) OpenChunks(ctx context.Context) (pipelines.Chunks, error) { return c.open(ctx) }

func (c chunked) Open(ctx context.Context) (pipelines.Stream, error) {
	chunks, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return pipelines.NewStream(chunks.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		chunk, err := chunks.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return chunk.Decode(ctx)
	}, chunks.Close), nil
}

type buildSource = func(pipelines.Env) (pipelines.Source, error)

type sourceCheck struct {
	name string
	run  func(*world, pipelines.Source) error
}

var sourceChecks = []sourceCheck{
	{"every batch has the schema of the stream, and types a stream may have", checkSourceSchema},
	{"what it declares and describes is what it gives", checkDeclared},
	{"opened again it gives the same bytes (invariant 2)", checkReopened},
	{"chunked and serial reading agree, in any order (invariant 2)", checkChunks},
	{"no memory and no goroutine is left on any exit (invariant 9)", checkSourceExits},
	{"a cancelled context ends it", checkSourceCancel},
	{"columns it marks exist (invariant 4)", checkSourceMarks},
}

// attempt runs the check in a world of its own; what is logged there is searched for canaries.
func (ch sourceCheck) attempt(build buildSource) (err error) {
	w := newWorld()
	defer func() { err = errors.Join(err, silent(err), w.close()) }()
	defer recovered(&err)
	src, err := build(w.Env)
	if err != nil {
		return err
	}
	return ch.run(w, src)
}

func readAll(src pipelines.Source) (outcome, error) {
	s, err := src.Open(context.Background())
	if err != nil {
		return outcome{}, err
	}
	o := drain(context.Background(), s)
	return o, errors.Join(o.broken, o.err, s.Close())
}

func checkSourceSchema(_ *world, src pipelines.Source) error {
	o, err := readAll(src)
	if err != nil {
		return err
	}
	if len(o.table.Rows) == 0 {
		return errors.New("it has no rows: nothing can be seen of it")
	}
	return vocabulary(o.table.Schema)
}

func checkDeclared(_ *world, src pipelines.Source) error {
	o, err := readAll(src)
	if err != nil {
		return err
	}
	if d, ok := src.(pipelines.Declarer); ok {
		if schema, complete := d.Declared(); complete {
			if diff := diffSchemas(schema, o.table.Schema); diff != "" {
				return fmt.Errorf("declared as complete, and given: %s", diff)
			}
		} else if schema != nil {
			for _, f := range schema.Fields() {
				if i := o.table.Schema.FieldIndices(f.Name); len(i) != 1 || !o.table.Schema.Field(i[0]).Equal(f) {
					return fmt.Errorf("the declared column %s is not what is given: %s", f, schemaText(o.table.Schema))
				}
			}
		}
	}
	if d, ok := src.(pipelines.Describer); ok {
		schema, err := d.Describe(context.Background())
		if err != nil {
			return err
		}
		if diff := diffSchemas(schema, o.table.Schema); diff != "" {
			return fmt.Errorf("described, and given: %s", diff)
		}
	}
	return nil
}

func checkReopened(_ *world, src pipelines.Source) error {
	a, err := readAll(src)
	if err != nil {
		return err
	}
	b, err := readAll(src)
	if err != nil {
		return err
	}
	if err := a.differs(b); err != nil {
		return err
	}
	if !bytes.Equal(a.bytes, b.bytes) {
		return errors.New("the rows are the same and their bytes are not")
	}
	return nil
}

// checkChunks decodes in order, and in reverse order after the cutter is closed.
func checkChunks(_ *world, src pipelines.Source) error {
	c, ok := src.(pipelines.Chunked)
	if !ok {
		return nil
	}
	serial, err := readAll(src)
	if err != nil {
		return err
	}
	for _, reverse := range []bool{false, true} {
		got, err := decodeAll(c, reverse)
		if err != nil {
			return err
		}
		if err := serial.differs(got); err != nil {
			return fmt.Errorf("decoded in reverse %v: %w", reverse, err)
		}
	}
	return nil
}

func decodeAll(c pipelines.Chunked, reverse bool) (outcome, error) {
	ctx := context.Background()
	chunks, err := c.OpenChunks(ctx)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{table: Table{Schema: chunks.Schema()}}
	var waiting []pipelines.Chunk
	var parts []outcome
	decode := func(ch pipelines.Chunk) error {
		b, err := ch.Decode(ctx)
		if err != nil {
			return err
		}
		part := outcome{table: Table{Schema: o.table.Schema}}
		part.add(b)
		b.Release()
		parts = append(parts, part)
		return part.broken
	}
	for {
		ch, err := chunks.Next(ctx)
		if err == io.EOF {
			break
		}
		if err == nil && !reverse {
			err = decode(ch)
		}
		if err != nil {
			return o, errors.Join(err, chunks.Close())
		}
		if reverse {
			waiting = append(waiting, ch)
		}
	}
	if err := chunks.Close(); err != nil {
		return o, err
	}
	for i := len(waiting) - 1; i >= 0; i-- {
		if err := decode(waiting[i]); err != nil {
			return o, err
		}
	}
	for i := range parts {
		p := parts[i]
		if reverse {
			p = parts[len(parts)-1-i]
		}
		o.table.Rows = append(o.table.Rows, p.table.Rows...)
		o.places, o.rejects = append(o.places, p.places...), append(o.rejects, p.rejects...)
	}
	return o, nil
}

func checkSourceExits(w *world, src pipelines.Source) error {
	before := goleak.IgnoreCurrent()
	var errs []error
	for _, ex := range exits {
		ctx, cancel := context.WithCancel(context.Background())
		s, err := src.Open(ctx)
		if err != nil {
			cancel()
			return err
		}
		ex.use(ctx, cancel, s)
		cancel()
		errs = append(errs, named(ex.name, closeTwice(s)), named(ex.name, w.nothing()))
	}
	if c, ok := src.(pipelines.Chunked); ok {
		errs = append(errs, named("chunks discarded", discard(c)), named("chunks discarded", w.nothing()))
	}
	return errors.Join(append(errs, goleak.Find(before))...)
}

func closeTwice(s pipelines.Stream) error {
	_ = s.Close() // may tell what a cancelled context did
	if err := s.Close(); err != nil {
		return fmt.Errorf("closed a second time it says %w", err)
	}
	if b, err := s.Next(context.Background()); err == nil {
		b.Release()
		return errors.New("after Close it gave a batch")
	}
	return nil
}

// discard takes two chunks, discards them, and leaves the others uncut.
func discard(c pipelines.Chunked) error {
	chunks, err := c.OpenChunks(context.Background())
	if err != nil {
		return err
	}
	for range 2 {
		ch, err := chunks.Next(context.Background())
		if err != nil {
			break
		}
		ch.Discard()
	}
	return chunks.Close()
}

func (w *world) nothing() error {
	if n := w.mem.CurrentAlloc(); n != 0 {
		return fmt.Errorf("%d bytes of Arrow memory are left", n)
	}
	return nil
}

func checkSourceCancel(_ *world, src pipelines.Source) error {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := src.Open(ctx)
	if err != nil {
		cancel()
		return err
	}
	defer s.Close()
	cancel()
	b, err := s.Next(ctx)
	if err == nil {
		b.Release()
		return errors.New("a context cancelled before Next does not stop it")
	}
	return wantCancelled(err)
}

func checkSourceMarks(_ *world, src pipelines.Source) error {
	m, ok := src.(pipelines.Marker)
	if !ok {
		return nil
	}
	o, err := readAll(src)
	if err != nil {
		return err
	}
	marked, err := pipelines.MarkSource(src, o.table.Schema, "the test")
	if err != nil {
		return err
	}
	personal, _ := m.Marks()
	for _, name := range personal {
		i := o.table.Schema.FieldIndices(name)
		if len(i) != 1 || !marked[i[0]].Personal {
			return fmt.Errorf("column %q is declared personal and not marked", name)
		}
	}
	return nil
}
