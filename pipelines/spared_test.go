package pipelines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// wideRows is a source of rows that have a text in each of some columns.
type wideRows struct {
	mem    memory.Allocator
	schema *arrow.Schema
	rows   int
	batch  int
	again  bool
	opened *int
}

func (s wideRows) Rereadable() bool                { return s.again }
func (s wideRows) Declared() (*arrow.Schema, bool) { return s.schema, true }
func (s wideRows) Describe(context.Context) (*arrow.Schema, error) {
	return s.schema, nil
}

func (s wideRows) Open(context.Context) (Stream, error) {
	*s.opened++
	at := 0
	return NewStream(s.schema, func(context.Context) (Batch, error) {
		if at == s.rows {
			return Batch{}, io.EOF
		}
		b := array.NewRecordBuilder(s.mem, s.schema)
		defer b.Release()
		for ; at < s.rows; at++ {
			for c, f := range b.Fields() {
				if at%7 == c {
					f.AppendNull()
				} else {
					f.(*array.StringBuilder).Append(valueOf(c, at))
				}
			}
			if at%s.batch == s.batch-1 {
				at++
				break
			}
		}
		return Batch{Record: b.NewRecord()}, nil
	}, nil), nil
}

func valueOf(column, row int) string { return fmt.Sprintf("canari-%d-%d", column, row) }

// choosy is a privacy stage that lets some columns of every other row out, once it saw all.
type choosy struct {
	letOut
	leaves []int
	fails  error // when rows are let out
}

func (c choosy) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	var fields []arrow.Field
	for _, i := range c.leaves {
		fields = append(fields, in.Field(i))
	}
	return arrow.NewSchema(append(fields, arrow.Field{Name: "rows", Type: arrow.PrimitiveTypes.Int64}), nil), nil
}

func (c choosy) Roles(in []MarkedColumn) ([]MarkedColumn, error) {
	return append(slices.Clone(in), MarkedColumn{Name: "rows"}), nil
}

func (c choosy) Observe(ctx context.Context, in Stream) (Decision, error) {
	n := int64(0)
	return &n, Each(ctx, in, func(b Batch) error {
		defer b.Release()
		n += b.NumRows()
		for i := range in.Schema().Fields() { // whatever leaves, the stage sees all
			if b.Column(i).NullN() == int(b.NumRows()) && b.NumRows() > 1 {
				return errors.New("a column was emptied before it was seen")
			}
		}
		return nil
	})
}

func (c choosy) Emit(_ context.Context, d Decision, in Stream) (Stream, error) {
	out, err := c.Bind(in.Schema())
	return NewStream(out, func(ctx context.Context) (Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		if c.fails != nil {
			b.Release()
			return Batch{}, c.fails
		}
		var cols []arrow.Array
		for _, i := range c.leaves {
			cols = append(cols, b.Column(i))
		}
		nb := array.NewInt64Builder(c.mem)
		defer nb.Release()
		for range b.NumRows() {
			nb.Append(*d.(*int64))
		}
		rows := nb.NewArray()
		defer rows.Release()
		return b.With(array.NewRecord(out, append(cols, rows), b.NumRows())), nil
	}, in.Close), err
}

// says is choosy that says what it looks at.
type says struct {
	choosy
	mask   Kernel
	unsaid error
}

func (s says) Spare(*arrow.Schema) ([]int, Kernel, error) { return s.leaves, s.mask, s.unsaid }

// watchedSpool notes what is written to it.
type watchedSpool struct {
	Spool
	columns [][]string
	written *bytes.Buffer
}

type watchedFile struct {
	SpoolFile
	to *watchedSpool
}

func (s *watchedSpool) Create(schema *arrow.Schema) (SpoolFile, error) {
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	s.columns = append(s.columns, names)
	f, err := s.Spool.Create(schema)
	return watchedFile{f, s}, err
}

func (f watchedFile) Write(r arrow.Record) error {
	for _, c := range r.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				f.to.written.Write(b.Bytes())
			}
		}
	}
	return f.SpoolFile.Write(r)
}

// What the second pass does not look at is not put aside, nothing else changes by that, and
// whatever fails nothing stays.
func TestFlowPutsAsideWhatIsNeeded(t *testing.T) {
	defer goleak.VerifyNone(t)
	failed := errors.New("no")
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		width := rapid.IntRange(1, 5).Draw(rt, "columns")
		var fields []arrow.Field
		var leaves []int
		for i := range width {
			fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: arrow.BinaryTypes.String, Nullable: true})
			if rapid.Bool().Draw(rt, "leaves") {
				leaves = append(leaves, i)
			}
		}
		src := wideRows{mem: mem, schema: arrow.NewSchema(fields, nil), rows: rapid.IntRange(1, 200).Draw(rt, "rows"), batch: rapid.IntRange(1, 60).Draw(rt, "batch")}
		fails := rapid.SampledFrom([]error{nil, nil, nil, failed}).Draw(rt, "fails")
		run := func(src wideRows, p Privacy) (TaskResult, []byte, *watchedSpool, int) {
			opened, dir := 0, t.TempDir()
			src.opened = &opened
			var out []byte
			f := &Flow{SourceName: "source.wide", Source: src, Privacy: p, Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}}}
			env := testEnv(t, mem, dir)
			spool := &watchedSpool{Spool: env.Spool, written: &bytes.Buffer{}}
			env.Spool = spool
			res := f.Run(context.Background(), env, FlowOptions{Workers: rapid.IntRange(1, 3).Draw(rt, "workers"), Key: []byte("k")})
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				rt.Fatalf("%v: %d files stay", err, len(left))
			}
			return res, out, spool, opened
		}
		stage := choosy{letOut: letOut{mem: mem}, leaves: leaves, fails: fails}
		res, got, spool, opened := run(src, says{choosy: stage})
		if !errors.Is(res.Err, fails) || opened != 1 || len(spool.columns) != 1 || len(spool.columns[0]) != len(leaves) {
			rt.Fatalf("%v: opened %d times, put aside %q", res.Err, opened, spool.columns)
		}
		for i := range width {
			one := []byte(valueOf(i, 0))
			if i == 0 {
				one = []byte(valueOf(i, 1))
			}
			if has := bytes.Contains(spool.written.Bytes(), one); has != slices.Contains(leaves, i) && src.rows > 1 {
				rt.Fatalf("column %d of %v was put aside: %v", i, leaves, has)
			}
		}
		again := src
		again.again = true
		for _, other := range []struct {
			src   wideRows
			stage Privacy
		}{{src, stage}, {again, says{choosy: stage}}, {again, stage}} {
			want, bytesWanted, _, _ := run(other.src, other.stage)
			if !errors.Is(want.Err, fails) || !bytes.Equal(got, bytesWanted) || res.Rows != want.Rows || res.Fingerprint != want.Fingerprint {
				rt.Fatalf("%v: other bytes, or %+v, not %+v", want.Err, res.Rows, want.Rows)
			}
		}
		if n := mem.CurrentAlloc(); n != 0 {
			rt.Fatalf("%d bytes stay", n)
		}
	})
}

// What the stage masks is masked before it is put aside, and not before it is seen; where
// that fails, or the stage does not know what it looks at, nothing is put aside.
func TestFlowPutsAsideWhatIsMasked(t *testing.T) {
	failed := errors.New("no")
	for name, c := range map[string]struct {
		change func(*says)
		fails  error
		files  int
	}{
		"masked": {change: func(*says) {}, files: 1},
		"a mask that fails": {change: func(s *says) {
			s.mask = func(_ context.Context, b Batch) (Batch, error) { b.Release(); return Batch{}, failed }
		}, fails: failed, files: 1},
		"a stage that cannot tell": {change: func(s *says) { s.unsaid = failed }, fails: failed},
	} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(arrowx.Poison{})
			defer mem.AssertSize(t, 0)
			schema := arrow.NewSchema([]arrow.Field{{Name: "c0", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "c1", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
			opened, dir := 0, t.TempDir()
			src := wideRows{mem: mem, schema: schema, rows: 50, batch: 20, opened: &opened}
			s := says{choosy: choosy{letOut: letOut{mem: mem}, leaves: []int{0, 1}}}
			s.mask = func(_ context.Context, b Batch) (Batch, error) {
				nulls := array.MakeArrayOfNull(mem, arrow.BinaryTypes.String, int(b.NumRows()))
				defer nulls.Release()
				return b.With(array.NewRecord(schema, []arrow.Array{b.Column(0), nulls}, b.NumRows())), nil
			}
			c.change(&s)
			var out []byte
			f := &Flow{SourceName: "source.wide", Source: src, Privacy: s, Loads: []Load{{"load.memory", inMemory{mem: mem, published: &out}}}}
			env := testEnv(t, mem, dir)
			spool := &watchedSpool{Spool: env.Spool, written: &bytes.Buffer{}}
			env.Spool = spool
			res := f.Run(context.Background(), env, FlowOptions{Workers: 2, Key: []byte("k")})
			if !errors.Is(res.Err, c.fails) || len(spool.columns) != c.files {
				t.Fatalf("%v: put aside %q", res.Err, spool.columns)
			}
			if bytes.Contains(spool.written.Bytes(), []byte(valueOf(1, 9))) || c.fails == nil != bytes.Contains(spool.written.Bytes(), []byte(valueOf(0, 9))) {
				t.Error("what is masked was put aside, or what is not was not")
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v: %d files stay", err, len(left))
			}
		})
	}
}
