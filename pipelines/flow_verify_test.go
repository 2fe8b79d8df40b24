package pipelines

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// counted is a sealed file of the numbers from 0 to rows. It counts its readings.
type counted struct {
	countTo
	opens, audits, onePass int
}

func (f *counted) Info() FileInfo { return FileInfo{Name: "n.test"} }
func (f *counted) Audit(context.Context) error {
	f.audits++
	return nil
}
func (f *counted) Open(ctx context.Context) (Stream, error) {
	f.opens++
	chunks, err := f.countTo.OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	return NewStream(numbersSchema, func(ctx context.Context) (Batch, error) {
		c, err := chunks.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		return c.Decode(ctx)
	}, chunks.Close), nil
}

// inOnePass is counted with the ability.
type inOnePass struct{ *counted }

func (f inOnePass) OpenAudited(ctx context.Context) (Chunks, error) {
	f.onePass++
	return f.countTo.OpenChunks(ctx)
}

// gate judges with a function.
type gate struct {
	letOut
	judge func(context.Context, SealedFile) error
}

func (g gate) Judge(ctx context.Context, _ Decision, f SealedFile) error { return g.judge(ctx, f) }

// numbersOf opens a file and reads it to its end.
func numbersOf(ctx context.Context, f SealedFile) (ns []int64, err error) {
	s, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	err = Each(ctx, s, func(b Batch) error {
		defer b.Release()
		ns = append(ns, b.Column(0).(*array.Int64).Int64Values()...)
		return nil
	})
	return ns, err
}

// proving is a proof of a file by a flow that sealed the numbers up to sealed, in
// groups of ten.
func proving(t *testing.T, sealed int64, f SealedFile, workers int, judge func(context.Context, SealedFile) error) error {
	t.Helper()
	mem := memory.NewGoAllocator()
	r := &flowRun{Flow: &Flow{}, opt: FlowOptions{Workers: workers}, bind: &Binding{Out: numbersSchema}}
	if judge != nil {
		r.Privacy = gate{judge: judge}
	}
	for from := int64(0); from < sealed; from += 10 {
		g := group{batches: []Batch{{Record: numbersRecord(mem, from, min(from+10, sealed))}}}
		sum, err := g.sum()
		if err != nil {
			t.Fatal(err)
		}
		r.groups = append(r.groups, sealedGroup{min(10, sealed-from), sum})
	}
	return r.prove(context.Background(), f)
}

// One reading of a file serves for its rows, its audit and the gate, whichever
// way the file is cut; a gate that wants another one gets another one.
func TestProofReadsAFileOnce(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, rows := range []int64{0, 1, 9, 10, 11, 95} {
		for _, chunk := range []int64{1, 7, 10, 33, 100} {
			for _, workers := range []int{1, 3} {
				for _, onePass := range []bool{false, true} {
					var chunked int
					f := &counted{countTo: countTo{mem: mem, rows: rows, chunk: chunk, opened: &chunked}}
					var file SealedFile = f
					if onePass {
						file = inOnePass{f}
					}
					var first, again []int64
					err := proving(t, rows, file, workers, func(ctx context.Context, s SealedFile) (err error) {
						if first, err = numbersOf(ctx, s); err != nil || rows < 95 {
							return err
						}
						again, err = numbersOf(ctx, s)
						return err
					})
					name := fmt.Sprintf("%d rows by %d, %d workers, one pass %v", rows, chunk, workers, onePass)
					if err != nil || int64(len(first)) != rows || !slices.IsSorted(first) {
						t.Fatalf("%s: %v after %d rows", name, err, len(first))
					}
					extra := 0
					if rows == 95 {
						if extra = 1; !slices.Equal(first, again) {
							t.Errorf("%s: opened again it has %d rows", name, len(again))
						}
					}
					want := []int{1 + extra, 1, 0}
					if onePass {
						want = []int{extra, 0, 1}
					}
					if got := []int{f.opens, f.audits, f.onePass}; !slices.Equal(got, want) {
						t.Errorf("%s: opened, audited, both: %v times, want %v", name, got, want)
					}
				}
			}
		}
	}
}

// What is wrong with the bytes is found whatever the gate does, and of several
// faults the earliest by row is told.
func TestProofTellsTheEarliestFault(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	refused := errors.New("refused")
	part := func(rows int, verdict error) func(context.Context, SealedFile) error {
		return func(ctx context.Context, f SealedFile) error {
			s, err := f.Open(ctx)
			if err != nil {
				return err
			}
			defer s.Close()
			for n := 0; n < rows; {
				b, err := s.Next(ctx)
				if err != nil {
					break // and hides it
				}
				n += int(b.NumRows())
				b.Release()
			}
			return verdict
		}
	}
	for name, c := range map[string]struct {
		judge    func(context.Context, SealedFile) error
		sealed   int64
		rows     int64
		fault    int64 // the row that cannot be decoded; 0: none
		want     error
		wantCode *messages.Message
	}{
		"nothing is wrong":                  {part(1000, nil), 95, 95, 0, nil, nil},
		"no gate":                           {nil, 95, 95, 94, errDecode, nil},
		"a gate that does not look":         {func(context.Context, SealedFile) error { return nil }, 95, 95, 94, errDecode, nil},
		"a gate that looks at a part":       {part(5, nil), 95, 95, 94, errDecode, nil},
		"a gate that hides what it meets":   {part(1000, nil), 95, 95, 50, errDecode, nil},
		"a gate that says something else":   {part(1000, refused), 95, 95, 50, errDecode, nil},
		"refused before the fault":          {part(5, refused), 95, 95, 94, refused, nil},
		"refused, nothing else wrong":       {part(1000, refused), 95, 95, 0, refused, nil},
		"a row too few":                     {part(1000, nil), 95, 94, 0, nil, messages.SealedDiffers},
		"a group too few":                   {nil, 95, 90, 0, nil, messages.SealedDiffers},
		"nothing":                           {nil, 95, 0, 0, nil, messages.SealedDiffers},
		"a row too many":                    {part(1000, nil), 90, 91, 0, nil, messages.SealedDiffers},
		"rows out of nothing":               {nil, 0, 1, 0, nil, messages.SealedDiffers},
		"a row too few, in spite of a gate": {part(1000, refused), 95, 94, 0, nil, messages.SealedDiffers},
	} {
		for _, workers := range []int{1, 3} {
			for _, onePass := range []bool{false, true} {
				var chunked int
				f := &counted{countTo: countTo{mem: mem, rows: c.rows, chunk: 7, failAt: c.fault, opened: &chunked}}
				var file SealedFile = f
				if onePass {
					file = inOnePass{f}
				}
				err := proving(t, c.sealed, file, workers, c.judge)
				ok := errors.Is(err, c.want)
				if c.wantCode != nil {
					ok = messages.Has(err, c.wantCode)
				}
				if !ok {
					t.Errorf("%s, %d workers, one pass %v: %v", name, workers, onePass, err)
				}
			}
		}
	}
}

// A file whose rows are others in the same number is found out.
func TestProofComparesRows(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	var chunked int
	f := &counted{countTo: countTo{mem: mem, rows: 20, chunk: 7, opened: &chunked}}
	r := &flowRun{Flow: &Flow{}, opt: FlowOptions{Workers: 2}, bind: &Binding{Out: numbersSchema}}
	other := numbersRecord(mem, 1, 21)
	sum, err := group{batches: []Batch{{Record: other}}}.sum()
	other.Release()
	if err != nil {
		t.Fatal(err)
	}
	r.groups = []sealedGroup{{20, sum}}
	if err := r.prove(context.Background(), inOnePass{f}); !messages.Has(err, messages.SealedDiffers) {
		t.Error(err)
	}
}

// A gate is told of a second file with the same rows only after it took the first.
func TestProofTellsOfRepeatedRows(t *testing.T) {
	defer goleak.VerifyNone(t)
	mem := memory.NewGoAllocator()
	var said []bool
	verdict := errors.New("refused")
	r := &flowRun{Flow: &Flow{}, opt: FlowOptions{Workers: 1}, bind: &Binding{Out: numbersSchema}}
	r.Privacy = gate{judge: func(ctx context.Context, f SealedFile) error {
		said = append(said, f.(Repeated).Repeated())
		return verdict
	}}
	g := group{batches: []Batch{{Record: numbersRecord(mem, 0, 10)}}}
	sum, err := g.sum()
	if err != nil {
		t.Fatal(err)
	}
	r.groups = []sealedGroup{{10, sum}}
	file := func(rows int64) SealedFile {
		return &counted{countTo: countTo{mem: mem, rows: rows, chunk: 4, opened: new(int)}}
	}
	for _, c := range []struct {
		rows    int64
		verdict error
	}{{10, verdict}, {10, nil}, {10, nil}, {9, nil}, {10, verdict}} {
		verdict = c.verdict
		if err := r.prove(context.Background(), file(c.rows)); (err != nil) != (c.rows != 10 || c.verdict != nil) {
			t.Errorf("%d rows: %v", c.rows, err)
		}
	}
	if want := []bool{false, false, true, true, true}; !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}
}
