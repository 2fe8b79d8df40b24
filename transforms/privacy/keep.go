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
)

// keeping is the rows of a policy with a model as they wait, encrypted on disk, for what is
// decided of them: the codes that the first pass gave their quasi-identifiers, four to a
// word, and the columns that leave as they are or are looked at again. They wait in the
// order in which workers saw them, since those that leave are put into an order of their own.
type keeping struct {
	plan    *plan // of which column is where in schema
	schema  *arrow.Schema
	mem     memory.Allocator
	words   int
	columns []int // of the input, after the words
	spool   pipelines.Spool
	files   [][]pipelines.SpoolFile // by worker; the last is being written
	given   atomic.Bool             // up: the source will be read again
	became  [][]uint32              // by quasi-identifier and code: what it is to the verdict
}

// inWord is how many codes a word has, and codeBits how many bits each.
const inWord, codeBits = 4, 16

// keptBytes is how large a file gets: each goes once it was read, while the rows that leave
// take their room.
const keptBytes = 32 << 20

// keeps says whether the second pass needs no more of a row than its codes and the columns
// that leave. Texts that are looked through are long, and cost as much to keep as to read.
func (p *plan) keeps() bool {
	t := p.records.t
	return !t.local() && t.Opposition == nil && len(p.micro) == 0 && p.clears == nil &&
		!slices.ContainsFunc(p.columns, func(c leaving) bool {
			return c.text != nil || c.rule != nil && (c.rule.clear != nil || c.rule.cells != nil)
		})
}

func (p *plan) keeping(t policy, in *arrow.Schema, workers int) *keeping {
	k := &keeping{mem: t.env.Allocator, words: (len(p.records.quasi) + inWord - 1) / inWord}
	var fields []arrow.Field
	for w := range k.words {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("\x00\x00%d", w), Type: arrow.PrimitiveTypes.Int64})
	}
	at := func(column int, f arrow.Field) int { // of schema
		i := slices.Index(k.columns, column)
		if i < 0 {
			i = len(k.columns)
			k.columns, fields = append(k.columns, column), append(fields, f)
		}
		return k.words + i
	}
	kept, records := *p, *p.records
	kept.columns, kept.records = slices.Clone(p.columns), &records
	if records.tied { // else nobody asks whose a row is
		records.subject = at(records.subject, in.Field(records.subject))
	}
	for n := range kept.columns {
		c := &kept.columns[n]
		if c.quasi >= 0 {
			continue
		}
		f := in.Field(c.index)
		if c.rule == nil {
			f = waits(f)
		}
		c.index = at(c.index, f)
	}
	k.plan, k.schema = &kept, arrow.NewSchema(fields, nil)
	k.spool, k.files = t.env.Spool, make([][]pipelines.SpoolFile, workers)
	return k
}

// add keeps rows that a worker saw. What there is no disk for is let go, and so are rows
// of more values than a word tells apart.
func (k *keeping) add(worker int, r arrow.Record, codes [][]uint32) error {
	if k == nil || r.NumRows() == 0 {
		return nil
	}
	if !k.given.Load() {
		f, err := k.file(worker)
		if err == nil {
			err = k.write(f, r, codes)
		}
		if err != nil && !noDisk(err) {
			return err
		}
		if err != nil {
			k.given.Store(true)
		}
	}
	if k.given.Load() {
		return closeAll(k.files[worker])
	}
	return nil
}

// noDisk says whether no more can be written, by the bound or at all.
func noDisk(err error) bool {
	return messages.Has(err, messages.DiskBound) || messages.Has(err, messages.RunFolder)
}

// file is the one that a worker writes to.
func (k *keeping) file(worker int) (pipelines.SpoolFile, error) {
	if n := len(k.files[worker]); n > 0 {
		f := k.files[worker][n-1]
		if f.Bytes() < keptBytes {
			return f, nil
		}
		if err := written(f); err != nil {
			return nil, err
		}
	}
	f, err := k.spool.Create(k.schema)
	if err == nil {
		k.files[worker] = append(k.files[worker], f)
	}
	return f, err
}

// written frees what a file holds to be written, long before it is read.
func written(f pipelines.SpoolFile) error {
	s, err := f.Open()
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

func (k *keeping) write(f pipelines.SpoolFile, r arrow.Record, codes [][]uint32) error {
	n := int(r.NumRows())
	cols := make([]arrow.Array, 0, k.schema.NumFields())
	defer func() { compute.Release(cols) }()
	over := uint32(0)
	for w := range k.words {
		b := arrowx.NewBuffer(k.mem, n*arrow.Int64SizeBytes)
		words := arrow.Uint64Traits.CastFromBytes(b.Bytes())
		clear(words)
		for j, column := range codes[w*inWord : min(len(codes), (w+1)*inWord)] {
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
	if over > math.MaxUint16 {
		k.given.Store(true)
		return nil
	}
	for _, c := range k.columns {
		r.Column(c).Retain()
		col, err := narrow(k.mem, k.schema.Field(len(cols)), r.Column(c))
		if err != nil {
			return err
		}
		cols = append(cols, col)
	}
	rec := array.NewRecord(k.schema, cols, int64(n))
	defer rec.Release()
	return f.Write(rec)
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
	if k.given.Load() || v.recoder == nil {
		return nil, k.Close()
	}
	for _, files := range k.files {
		if len(files) == 0 {
			continue
		}
		err := written(files[len(files)-1])
		if noDisk(err) {
			return nil, k.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	k.became = became
	return k, nil
}

// Close removes the files. It is legal at any time.
func (k *keeping) Close() error {
	if k == nil {
		return nil
	}
	return closeAll(slices.Concat(k.files...))
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
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		n := int(b.NumRows())
		for j, became := range k.became {
			words := b.Column(j / inWord).(*array.Int64).Int64Values()
			shift := codeBits * (j % inWord)
			codes := slices.Grow(e.codes[j][:0], n)[:n]
			for i, w := range words {
				codes[i] = became[uint16(w>>shift)]
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
	files, next := slices.Concat(k.files...), 0
	return pipelines.NewStream(k.schema, func(ctx context.Context) (pipelines.Batch, error) {
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
