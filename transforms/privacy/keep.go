package privacy

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// keeping is the rows of a policy with a model as they wait, encrypted on disk, for what is
// decided of them: the columns that leave, masked where that is not decided, and the codes
// that the first pass gave their quasi-identifiers, four to a word. Nothing else of a row is
// written. They wait in the order in which workers saw them, since those that leave are put
// into an order of their own.
type keeping struct {
	plan    *plan // of which column is where in what is kept
	mem     memory.Allocator
	columns []keptColumn
	packed  *arrow.Schema // the columns, then words of codes
	wide    *arrow.Schema // the columns, then a column for the codes of each quasi-identifier
	spool   pipelines.Spool
	by      []keptBy // by worker
	once    bool     // the rows are not had again
	given   atomic.Bool
	became  [][]uint32 // by quasi-identifier and code: what it is to the verdict
}

// keptColumn is a column of the input, or what leaves of it.
type keptColumn struct {
	index  int // ofPersons: the numbers of those whose the rows are
	masked int // the leaving column whose rule masks it; -1: none
}

const ofPersons = -1

// persons says whether whose the rows are is kept as numbers.
func (k *keeping) persons() bool {
	return slices.Contains(k.columns, keptColumn{ofPersons, -1})
}

// keptBy is what a worker kept.
type keptBy struct {
	files   []pipelines.SpoolFile
	open    bool // the last of them is being written
	wide    bool // it met a code that does not go into a word with others
	masking *masking
}

// inWord is how many codes a word has, and codeBits how many bits each.
const inWord, codeBits = 4, 16

// keptBytes is how large a file gets: each goes once it was read, while the rows that leave
// take their room.
const keptBytes = 32 << 20

// keeps says whether the second pass needs no more of a row than its codes and what leaves
// of its columns. Texts that are looked through are long, and cost as much to keep as to
// read, where rows are had again.
func (p *plan) keeps(once bool) bool {
	return !p.records.t.local() && (once || !slices.ContainsFunc(p.columns, func(c leaving) bool { return c.text != nil }))
}

func (p *plan) keeping(t policy, in *arrow.Schema, workers int, once bool) *keeping {
	k := &keeping{mem: t.env.Allocator, spool: t.env.Spool, by: make([]keptBy, workers), once: once}
	var fields []arrow.Field
	at := func(c keptColumn, f arrow.Field) int {
		i := slices.Index(k.columns, c)
		if i < 0 {
			i = len(k.columns)
			k.columns, fields = append(k.columns, c), append(fields, f)
		}
		return i
	}
	kept, records := *p, *p.records
	kept.columns, kept.records = slices.Clone(p.columns), &records
	subject := keptColumn{records.subject, -1}
	if records.tied { // else nobody asks whose a row is
		f := in.Field(records.subject)
		if slices.ContainsFunc(p.columns, func(c leaving) bool { return c.index == records.subject && c.rule != nil && c.rule.surrogate }) {
			subject, f = keptColumn{ofPersons, -1}, arrow.Field{Name: f.Name, Type: arrow.PrimitiveTypes.Int64} // a name is not needed
		}
		records.subject = at(subject, f)
	}
	for n := range kept.columns {
		c := &kept.columns[n]
		from := keptColumn{c.index, -1}
		switch {
		case c.quasi >= 0:
			continue
		case c.rule.constant():
			c.index = 0 // of it nothing leaves
			continue
		case subject.index == ofPersons && c.index == p.records.subject:
			c.index = records.subject
			continue
		case c.rule.masks():
			from.masked, c.rule = n, nil
		}
		f := in.Field(c.index)
		if c.rule == nil {
			f = waits(f)
		}
		c.index = at(from, f)
	}
	k.plan = &kept
	packed, wide := slices.Clone(fields), fields
	for w := range (len(p.records.quasi) + inWord - 1) / inWord {
		packed = append(packed, arrow.Field{Name: fmt.Sprintf("\x00\x00%d", w), Type: arrow.PrimitiveTypes.Int64})
	}
	for j := range p.records.quasi {
		wide = append(wide, arrow.Field{Name: fmt.Sprintf("\x00\x00%d", j), Type: arrow.PrimitiveTypes.Int32})
	}
	k.packed, k.wide = arrow.NewSchema(packed, nil), arrow.NewSchema(wide, nil)
	for w := range k.by {
		k.by[w].masking = p.masking(k.mem)
	}
	return k
}

// add keeps rows that a worker saw. Where they are had again, what there is no disk for is
// let go.
func (k *keeping) add(ctx context.Context, worker int, r arrow.Record, seen *disclosure.Rows) error {
	if k == nil || r.NumRows() == 0 {
		return nil
	}
	by := &k.by[worker]
	if !k.given.Load() {
		err := k.write(ctx, by, r, seen)
		if err == nil || k.once || !noDisk(err) {
			return err
		}
		k.given.Store(true)
	}
	return closeAll(by.files)
}

// noDisk says whether no more can be written, by the bound or at all.
func noDisk(err error) bool {
	return messages.Has(err, messages.DiskBound) || messages.Has(err, messages.RunFolder)
}

// file is the one that a worker writes to.
func (k *keeping) file(by *keptBy) (pipelines.SpoolFile, error) {
	if by.open {
		if f := by.files[len(by.files)-1]; f.Bytes() < keptBytes {
			return f, nil
		}
		if err := by.written(); err != nil {
			return nil, err
		}
	}
	schema := k.packed
	if by.wide {
		schema = k.wide
	}
	f, err := k.spool.Create(schema)
	if err == nil {
		by.files, by.open = append(by.files, f), true
	}
	return f, err
}

// written frees what the last file holds to be written, long before it is read.
func (by *keptBy) written() error {
	if !by.open {
		return nil
	}
	by.open = false
	s, err := by.files[len(by.files)-1].Open()
	if err != nil {
		return err
	}
	return s.Close()
}

func closeAll(files []pipelines.SpoolFile) (err error) {
	for _, f := range files {
		if e := f.Close(); err == nil {
			err = e
		}
	}
	return err
}

func (k *keeping) write(ctx context.Context, by *keptBy, r arrow.Record, seen *disclosure.Rows) error {
	n := int(r.NumRows())
	cols := make([]arrow.Array, 0, k.wide.NumFields())
	defer func() { compute.Release(cols) }()
	for _, c := range k.columns {
		if c.index == ofPersons {
			data := borrowed(arrow.PrimitiveTypes.Int64, n, arrow.Uint64Traits.CastToBytes(seen.Subjects[:n]))
			cols = append(cols, array.NewInt64Data(data))
			data.Release()
			continue
		}
		col := r.Column(c.index)
		col.Retain()
		var err error
		if c.masked >= 0 {
			col, err = by.masking.leaves(ctx, c.masked, r, nil, col)
		}
		if err == nil {
			col, err = narrow(k.mem, k.wide.Field(len(cols)), col)
		}
		if err != nil {
			return err
		}
		cols = append(cols, col)
	}
	if !by.wide {
		words, fit := k.words(seen.Quasi, n)
		if fit {
			cols = append(cols, words...)
		} else {
			compute.Release(words)
			by.wide = true
			if err := by.written(); err != nil {
				return err
			}
		}
	}
	schema := k.packed
	if by.wide {
		schema = k.wide
		for _, column := range seen.Quasi {
			data := borrowed(arrow.PrimitiveTypes.Int32, n, arrow.Uint32Traits.CastToBytes(column[:n]))
			cols = append(cols, array.NewInt32Data(data))
			data.Release()
		}
	}
	f, err := k.file(by)
	if err != nil {
		return err
	}
	rec := array.NewRecord(schema, cols, int64(n))
	defer rec.Release()
	return f.Write(rec)
}

// borrowed is n values that are written before whoever has them changes them.
func borrowed(t arrow.DataType, n int, values []byte) arrow.ArrayData {
	return array.NewData(t, n, []*memory.Buffer{nil, memory.NewBufferBytes(values)}, nil, 0, 0)
}

// words packs the codes of n rows; false says that there is one that does not fit.
func (k *keeping) words(codes [][]uint32, n int) (cols []arrow.Array, fit bool) {
	over := uint32(0)
	for some := range slices.Chunk(codes, inWord) {
		b := arrowx.NewBuffer(k.mem, n*arrow.Int64SizeBytes)
		words := arrow.Uint64Traits.CastFromBytes(b.Bytes())
		clear(words)
		for j, column := range some {
			for i, code := range column[:n] {
				words[i] |= uint64(code) << (codeBits * j)
				over |= code
			}
		}
		data := array.NewData(arrow.PrimitiveTypes.Int64, n, []*memory.Buffer{nil, b}, nil, 0, 0)
		b.Release()
		cols = append(cols, array.NewInt64Data(data))
		data.Release()
	}
	return cols, over <= math.MaxUint16
}

// end gives what was kept once all rows were seen; nil: nothing.
func (k *keeping) end(v *verdict) (*keeping, error) {
	var became [][]uint32
	if v != nil { // what is decided does not depend on the order of the rows, as codes do
		became, v.became = v.became, nil
	}
	if k == nil {
		return nil, nil
	}
	if k.given.Load() {
		return nil, k.Close()
	}
	for w := range k.by {
		err := k.by[w].written()
		if noDisk(err) && !k.once {
			return nil, k.Close()
		}
		if err != nil {
			return nil, err
		}
		k.by[w].masking = nil
	}
	k.became = became
	return k, nil
}

// files are those of all workers.
func (k *keeping) files() (all []pipelines.SpoolFile) {
	for _, by := range k.by {
		all = append(all, by.files...)
	}
	return all
}

// Close removes the files. It is legal at any time.
func (k *keeping) Close() error {
	if k == nil {
		return nil
	}
	return closeAll(k.files())
}

// Close removes what was kept.
func (s *seen) Close() error { return s.waiting.Close() }

// EmitKept lets the rows out that the first pass kept.
func (t policy) EmitKept(_ context.Context, d pipelines.Decision, in *arrow.Schema) (pipelines.Stream, error) {
	s, _ := d.(*seen)
	if s == nil || s.waiting == nil {
		return nil, nil
	}
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	if len(s.keys) < len(t.pseudonyms()) {
		return nil, messages.Internal.With("what", "a policy with a model or a pseudonym was not asked first")
	}
	k := s.waiting
	kernels := arrowx.Spares[pipelines.Kernel]{New: func() pipelines.Kernel { return k.kernel(p, s) }}
	rows := k.rows()
	ahead := pipelines.NewAhead(max(1, t.env.Workers), rows.Next,
		func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
			kernel := kernels.Get()
			defer kernels.Put(kernel)
			return kernel(ctx, b)
		}, func(b pipelines.Batch) { b.Release() })
	return t.Arrange(d, in, pipelines.NewStream(p.out, ahead.Take, func() error {
		ahead.Close()
		return rows.Close()
	}))
}

// kernel lets kept rows out as that of p, of the rows as they were read, would.
func (k *keeping) kernel(p *plan, s *seen) pipelines.Kernel {
	m := k.plan.masking(k.mem)
	m.draw(s)
	e := p.recoding(s.verdict)
	e.r = k.plan.records
	if k.persons() {
		e.whose.told = true
	}
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		n := int(b.NumRows())
		for j, became := range k.became {
			codes := slices.Grow(e.codes[j][:0], n)[:n]
			if b.Schema().Field(len(k.columns)).Type.ID() == arrow.INT32 {
				for i, code := range b.Column(len(k.columns) + j).(*array.Int32).Int32Values() {
					codes[i] = became[uint32(code)]
				}
			} else {
				shift := codeBits * (j % inWord)
				for i, w := range b.Column(len(k.columns) + j/inWord).(*array.Int64).Int64Values() {
					codes[i] = became[uint16(w>>shift)]
				}
			}
			e.codes[j] = codes
		}
		e.coded(b.Record)
		out, err := m.apply(ctx, b.Record, e)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		return b.With(out), nil
	}
}

// rows gives what was kept, and removes each file that was read.
func (k *keeping) rows() pipelines.Stream {
	var open pipelines.Stream
	files, next := k.files(), 0
	return pipelines.NewStream(k.packed, func(ctx context.Context) (pipelines.Batch, error) {
		for {
			if open == nil {
				if next == len(files) {
					return pipelines.Batch{}, io.EOF
				}
				var err error
				if open, err = files[next].Open(); err != nil {
					return pipelines.Batch{}, err
				}
			}
			b, err := open.Next(ctx)
			if err != io.EOF {
				return b, err
			}
			err = open.Close()
			open = nil
			if e := files[next].Close(); err == nil {
				err = e
			}
			next++
			if err != nil {
				return pipelines.Batch{}, err
			}
		}
	}, func() error {
		if open == nil {
			return nil
		}
		return open.Close()
	})
}
