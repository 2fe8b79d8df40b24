package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Codec is a format that writes, reads back and audits, as this suite sees it.
// See connectors/format.Writer for what its methods promise.
type Codec interface {
	Bind(schema *arrow.Schema) error
	Begin(out io.Writer, schema *arrow.Schema) (FileWriter, error)
	Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error)
	Audit(ctx context.Context, in io.ReaderAt, size int64) error
}

// AuditedCodec is a Codec that reads back and audits in one pass. See
// connectors/format.Audited for what that promises.
type AuditedCodec interface {
	Codec
	OpenAudited(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Chunks, error)
}

// FileWriter writes one file.
type FileWriter interface {
	Encode(ctx context.Context, group []pipelines.Batch) (pipelines.Encoded, error)
	Append(e pipelines.Encoded) error
	Close() error
}

// Format holds a codec to the contract. What a reader of files of others must
// keep to is checked by Chunks.
func Format(t *testing.T, build func(pipelines.Env) (Codec, error)) {
	t.Helper()
	for _, ch := range formatChecks {
		t.Run(ch.name, func(t *testing.T) { report(t, ch.attempt(build)) })
	}
}

type formatCheck struct {
	name string
	run  func(*world, Codec) error
}

var formatChecks = []formatCheck{
	{"values of all types come back exactly or are refused (invariant 7)", checkRoundTrip},
	{"no rows and no groups make a file that can be read", checkNoRows},
	{"bytes depend on the rows of each group alone (invariant 2)", checkFormatBytes},
	{"a failing writer is told at every write", checkFailingWriter},
	{"audited in one pass it gives the rows of Open, in any order, and refuses what Audit does (invariant 5)", checkAudited},
	{"damaged bytes never crash and leave nothing (invariant 9)", checkDamaged},
	{"no memory is left on any exit (invariant 9)", checkFormatExits},
}

func (ch formatCheck) attempt(build func(pipelines.Env) (Codec, error)) (err error) {
	w := newWorld()
	defer func() { err = errors.Join(err, w.close()) }()
	defer recovered(&err)
	c, err := build(w.Env)
	if err != nil {
		return err
	}
	return ch.run(w, c)
}

// write encodes every table as one group, cut so.
func (w *world) write(c Codec, out io.Writer, schema *arrow.Schema, cut Cut, groups ...Table) error {
	fw, err := c.Begin(out, schema)
	if err != nil {
		return err
	}
	for _, g := range groups {
		batches := cut.Batches(w.mem, g)
		e, err := fw.Encode(context.Background(), batches)
		for _, b := range batches {
			b.Release()
		}
		if err == nil {
			err = fw.Append(e)
		}
		if err != nil {
			return err
		}
	}
	return fw.Close()
}

// read audits the bytes and gives their rows.
func (w *world) read(c Codec, data []byte, schema *arrow.Schema) (outcome, error) {
	ctx, in, size := context.Background(), bytes.NewReader(data), int64(len(data))
	if err := c.Audit(ctx, in, size); err != nil {
		return outcome{}, fmt.Errorf("audit: %w", err)
	}
	s, err := c.Open(ctx, in, size, schema)
	if err != nil {
		return outcome{}, fmt.Errorf("open: %w", err)
	}
	o := drain(ctx, s)
	return o, errors.Join(o.broken, o.err, s.Close())
}

// tables are AllTypes as a whole and column by column, as far as c takes them.
func tables(c Codec) (taken []Table, err error) {
	all := AllTypes()
	candidates := []Table{all}
	for i := range all.Schema.Fields() {
		candidates = append(candidates, all.only(i))
	}
	for _, t := range candidates {
		refused := c.Bind(t.Schema)
		if refused == nil {
			taken = append(taken, t)
		} else if messages.Find(refused) == nil {
			err = errors.Join(err, fmt.Errorf("refused without a message: %w", refused))
		}
	}
	if len(taken) == 0 {
		err = errors.Join(err, errors.New("it refuses columns of every type"))
	}
	return taken, err
}

func (t Table) only(c int) Table {
	out := Table{Schema: arrow.NewSchema([]arrow.Field{t.Schema.Field(c)}, nil)}
	for _, row := range t.Rows {
		out.Rows = append(out.Rows, []any{row[c]})
	}
	return out
}

func checkRoundTrip(w *world, c Codec) error {
	taken, err := tables(c)
	errs := []error{err}
	for _, t := range taken {
		var buf bytes.Buffer
		if err := w.write(c, &buf, t.Schema, whole(), t, t); err != nil {
			if messages.Find(err) == nil {
				errs = append(errs, named(schemaText(t.Schema), err))
			}
			continue // this value cannot be written exactly, and it says so
		}
		o, err := w.read(c, buf.Bytes(), t.Schema)
		if err == nil {
			if d := Diff(t.Repeat(2), o.table); d != "" {
				err = errors.New(d)
			}
		}
		errs = append(errs, named(schemaText(t.Schema), err))
	}
	return errors.Join(errs...)
}

func checkNoRows(w *world, c Codec) error {
	taken, err := tables(c)
	errs := []error{err}
	for _, t := range taken {
		var buf bytes.Buffer
		if err := w.write(c, &buf, t.Schema, whole()); err != nil {
			errs = append(errs, named(schemaText(t.Schema), err))
			continue
		}
		o, err := w.read(c, buf.Bytes(), t.Schema)
		if err == nil {
			if d := Diff(Table{Schema: t.Schema}, o.table); d != "" {
				err = errors.New(d)
			}
		}
		errs = append(errs, named(schemaText(t.Schema), err))
	}
	return errors.Join(errs...)
}

// sample is a table that any format of rows can hold.
func sample() Table {
	t, err := ParseTable("id:int64,nom:text,montant:text\n1,Zoé,\"1 234,50\"\n2,Œuvre,\\N\n3,\"a;b\",0\n4,\"x \"\"y\"\"\",12\n")
	if err != nil {
		panic("pipelinetest: " + err.Error())
	}
	return t.Repeat(25)
}

func checkFormatBytes(w *world, c Codec) error {
	t := sample()
	if err := c.Bind(t.Schema); err != nil {
		return err
	}
	var first []byte
	for i, cut := range Cuts() {
		var buf bytes.Buffer
		if err := w.write(c, &buf, t.Schema, cut, t, t); err != nil {
			return named(cut.Name, err)
		}
		if i == 0 {
			first = buf.Bytes()
		} else if !bytes.Equal(first, buf.Bytes()) {
			return fmt.Errorf("whole and %s: the bytes differ", cut.Name)
		}
	}
	var buf bytes.Buffer
	if err := w.writeBackwards(c, &buf, t, t); err != nil {
		return err
	}
	if !bytes.Equal(first, buf.Bytes()) {
		return errors.New("groups encoded in another order and appended in theirs: the bytes differ")
	}
	return nil
}

// writeBackwards encodes the last group first, as a quicker worker might.
func (w *world) writeBackwards(c Codec, out io.Writer, groups ...Table) error {
	fw, err := c.Begin(out, groups[0].Schema)
	if err != nil {
		return err
	}
	encoded := make([]pipelines.Encoded, len(groups))
	for i := len(groups) - 1; i >= 0; i-- {
		batches := every(7)(w.mem, groups[i])
		encoded[i], err = fw.Encode(context.Background(), batches)
		for _, b := range batches {
			b.Release()
		}
		if err != nil {
			return err
		}
	}
	for _, e := range encoded {
		if err := fw.Append(e); err != nil {
			return err
		}
	}
	return fw.Close()
}

var errWrite = errors.New("the disk is full")

// failingWriter fails the k-th write and all that follow.
type failingWriter struct {
	k, n int
}

func (f *failingWriter) Write(p []byte) (int, error) {
	f.n++
	if f.n >= f.k {
		return len(p) / 2, errWrite
	}
	return len(p), nil
}

func checkFailingWriter(w *world, c Codec) error {
	t := sample()
	for k := 1; ; k++ {
		f := &failingWriter{k: k}
		err := w.write(c, f, t.Schema, whole(), t, t)
		if f.n < k {
			return err // every write succeeded
		}
		if !errors.Is(err, errWrite) {
			return fmt.Errorf("write %d failed and it says %v", k, err)
		}
	}
}

func checkAudited(w *world, c Codec) error {
	a, ok := c.(AuditedCodec)
	if !ok {
		return nil
	}
	t := sample()
	var buf bytes.Buffer
	if err := w.write(c, &buf, t.Schema, whole(), t, t, t); err != nil {
		return err
	}
	of := func(data []byte) chunked {
		return chunked{func(ctx context.Context) (pipelines.Chunks, error) {
			return a.OpenAudited(ctx, bytes.NewReader(data), int64(len(data)), t.Schema)
		}}
	}
	serial, err := w.read(c, buf.Bytes(), t.Schema)
	if err != nil {
		return err
	}
	for _, reverse := range []bool{false, true} {
		got, err := decodeAll(of(buf.Bytes()), reverse)
		if err == nil {
			err = serial.differs(got)
		}
		if err != nil {
			return fmt.Errorf("decoded in reverse %v: %w", reverse, err)
		}
	}
	if err := errors.Join(discard(of(buf.Bytes())), w.nothing()); err != nil {
		return named("chunks discarded", err)
	}
	return eachDamage(buf.Bytes(), func(what string, data []byte) error {
		if c.Audit(context.Background(), bytes.NewReader(data), int64(len(data))) == nil {
			return nil
		}
		if _, err := decodeAll(of(data), false); err == nil {
			return fmt.Errorf("%s: Audit refuses it, and in one pass it is accepted", what)
		}
		return w.nothing()
	})
}

// eachDamage cuts the file short and turns bytes over, some two hundred times.
func eachDamage(good []byte, do func(what string, data []byte) error) error {
	step := max(1, len(good)/100)
	for at := 0; at < len(good); at += step {
		turned := bytes.Clone(good)
		turned[at] ^= 0x55
		for what, data := range map[string][]byte{"cut short": good[:at], "changed": turned} {
			if err := do(fmt.Sprintf("%s at byte %d of %d", what, at, len(good)), data); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkDamaged(w *world, c Codec) error {
	t := sample()
	var buf bytes.Buffer
	if err := w.write(c, &buf, t.Schema, whole(), t); err != nil {
		return err
	}
	return eachDamage(buf.Bytes(), func(what string, data []byte) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%s: panic: %v", what, p)
			}
		}()
		_, _ = w.read(c, data, t.Schema)
		return named(what, w.nothing())
	})
}

func checkFormatExits(w *world, c Codec) error {
	t := sample()
	var buf bytes.Buffer
	if err := w.write(c, &buf, t.Schema, whole(), t, t); err != nil {
		return err
	}
	var errs []error
	for _, ex := range exits {
		ctx, cancel := context.WithCancel(context.Background())
		s, err := c.Open(ctx, bytes.NewReader(buf.Bytes()), int64(buf.Len()), t.Schema)
		if err != nil {
			cancel()
			return err
		}
		ex.use(ctx, cancel, s)
		cancel()
		errs = append(errs, named(ex.name, closeTwice(s)), named(ex.name, w.nothing()))
	}
	return errors.Join(errs...)
}
