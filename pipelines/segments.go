package pipelines

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// reading is one pass over a flow's rows, from the source to the last step.
type reading struct {
	Stream
	// digest covers the rows as the source gave them and how many they were; seed
	// is of the sums it is made of.
	digest hash.Hash
	seed   uint64
	rows   int64
}

// piece is what a worker hands back: a batch that went through the row-wise
// steps of its segment, and the digest of what the source gave for it.
type piece struct {
	Batch
	sum  arrowx.Sum
	rows int64 // read from the source, rejected ones included
}

// read opens the source and lays every step over it: runs of row-wise steps go
// to workers, together with the decoding of chunks; anything else is a serial
// barrier. Rejects are handed to report as they come, in the order of the rows.
// The source's schema must be the one b was bound to. last is, for each worker, the
// kernel of a privacy stage that needs no first pass, or nil: it runs with the last
// steps, so that no rows wait between these and it.
func (f *Flow) read(ctx context.Context, b *Binding, workers int, seed uint64, report func(Batch) error, last []Kernel) (*reading, error) {
	r := &reading{digest: sha256.New(), seed: seed}
	lastAt := func(n int) []Kernel {
		if n < len(f.Steps) {
			return nil
		}
		return last
	}
	n := f.rowWise(0)
	first, err := f.openSource(ctx, b, n, workers, r, report, lastAt(n))
	if err != nil {
		return nil, f.at(f.SourceName, err)
	}
	s := first
	for n < len(f.Steps) {
		step := f.Steps[n]
		out, err := step.Transform.Run(ctx, s)
		if err != nil {
			s.Close()
			return nil, f.at(step.Name, err)
		}
		s = f.guard(step.Name, b.In[n+1], out, report)
		n++
		if m := f.rowWise(n); m > n || lastAt(m) != nil {
			if s, err = f.workers(ctx, s, b, n, m, workers, report, lastAt(m)); err != nil {
				return nil, err
			}
			n = m
		}
	}
	r.Stream = s
	return r, nil
}

// rowWise is the end of the run of row-wise steps that starts at i.
func (f *Flow) rowWise(i int) int {
	for i < len(f.Steps) {
		if _, ok := f.Steps[i].Transform.(RowWise); !ok {
			break
		}
		i++
	}
	return i
}

// chunksOf opens a source. What is not Chunked has a chunk for each batch.
func chunksOf(ctx context.Context, src Source) (Chunks, error) {
	if c, ok := src.(Chunked); ok {
		return c.OpenChunks(ctx)
	}
	s, err := src.Open(ctx)
	if err != nil {
		return nil, err
	}
	return batchChunks{s}, nil
}

type batchChunks struct{ Stream }

func (c batchChunks) Next(ctx context.Context) (Chunk, error) {
	b, err := c.Stream.Next(ctx)
	if err != nil {
		return nil, err
	}
	return ready{b}, nil
}

// ready is a chunk that needs no decoding.
type ready struct{ Batch }

func (r ready) Decode(context.Context) (Batch, error) { return r.Batch, nil }
func (r ready) Discard()                              { r.Release() }

// rows is where the rows come from: the task's source, or its part of what one
// reading gave to several tasks.
func (f *Flow) rows() Source {
	if f.part != nil {
		return f.part
	}
	return f.Source
}

// openSource gives the rows after the source and the first n steps.
func (f *Flow) openSource(ctx context.Context, b *Binding, n, workers int, r *reading, report func(Batch) error, last []Kernel) (Stream, error) {
	chunks, err := chunksOf(ctx, f.rows())
	if err != nil {
		return nil, err
	}
	if err := schemaMismatch(chunks.Schema(), b.In[0]); err != nil {
		chunks.Close()
		return nil, err
	}
	kernels, err := f.kernels(b, 0, n, workers)
	if err != nil {
		chunks.Close()
		return nil, err
	}
	o := &ordered[Chunk, piece]{
		workers: workers,
		next:    chunks.Next,
		work: func(ctx context.Context, w int, c Chunk) (piece, error) {
			batch, err := c.Decode(ctx)
			if err != nil {
				return piece{}, f.at(f.SourceName, err)
			}
			for i := range batch.Rejects {
				batch.Rejects[i].Step = f.SourceName
			}
			p := piece{rows: batch.NumRows() + int64(len(batch.Rejects))}
			if p.sum, err = arrowx.Digest(r.seed, []arrow.Record{batch.Record}); err != nil {
				batch.Release()
				return piece{}, err
			}
			if p.Batch, err = f.apply(ctx, kernels[w], 0, batch); err == nil && last != nil {
				p.Batch, err = f.letOut(ctx, last[w], p.Batch, b.Out)
			}
			return p, err
		},
		free: func(p piece) { p.Release() },
	}
	return NewStream(b.after(n, last),
		func(ctx context.Context) (Batch, error) {
			p, err := o.take(ctx)
			if err != nil {
				if err != io.EOF {
					err = f.at(f.SourceName, err)
				}
				return Batch{}, err
			}
			r.digest.Write(p.sum[:])
			r.rows += p.rows
			return settle(p.Batch, report)
		},
		func() error {
			o.close()
			return chunks.Close()
		}), nil
}

// workers lays the row-wise steps from to over s.
func (f *Flow) workers(ctx context.Context, s Stream, b *Binding, from, to, workers int, report func(Batch) error, last []Kernel) (Stream, error) {
	kernels, err := f.kernels(b, from, to, workers)
	if err != nil {
		s.Close()
		return nil, err
	}
	o := &ordered[Batch, Batch]{
		workers: workers,
		next:    s.Next,
		work: func(ctx context.Context, w int, batch Batch) (Batch, error) {
			batch, err := f.apply(ctx, kernels[w], from, batch)
			if err == nil && last != nil {
				batch, err = f.letOut(ctx, last[w], batch, b.Out)
			}
			return batch, err
		},
		free: func(b Batch) { b.Release() },
	}
	return NewStream(b.after(to, last),
		func(ctx context.Context) (Batch, error) {
			batch, err := o.take(ctx)
			if err != nil {
				return Batch{}, err
			}
			return settle(batch, report)
		},
		func() error {
			o.close()
			return s.Close()
		}), nil
}

// kernels are the kernels of the steps from to, one set per worker.
func (f *Flow) kernels(b *Binding, from, to, workers int) ([][]Kernel, error) {
	sets := make([][]Kernel, workers)
	for w := range sets {
		for i := from; i < to; i++ {
			k, err := f.Steps[i].Transform.(RowWise).Kernel(b.In[i])
			if err != nil {
				return nil, f.at(f.Steps[i].Name, err)
			}
			sets[w] = append(sets[w], k)
		}
	}
	return sets, nil
}

func (f *Flow) apply(ctx context.Context, kernels []Kernel, from int, b Batch) (Batch, error) {
	for i, k := range kernels {
		known := len(b.Rejects)
		var err error
		if b, err = k(ctx, b); err != nil {
			return Batch{}, f.at(f.Steps[from+i].Name, err)
		}
		for j := known; j < len(b.Rejects); j++ {
			b.Rejects[j].Step = f.Steps[from+i].Name
		}
	}
	return b, nil
}

// after is the schema of the rows after n steps, and after the privacy stage where
// it runs with them.
func (b *Binding) after(n int, last []Kernel) *arrow.Schema {
	if last != nil {
		return b.Out
	}
	return b.In[n]
}

// letOut is a batch as the privacy stage's kernel lets it out, with the rejects of
// the steps before. The stage is held to its promise, as by noRejects.
func (f *Flow) letOut(ctx context.Context, k Kernel, b Batch, want *arrow.Schema) (Batch, error) {
	rejects := b.Rejects
	b.Rejects = nil
	out, err := k(ctx, b)
	if err != nil {
		return Batch{}, f.at("privacy", err)
	}
	if err := asPromised(out, want); err != nil {
		return Batch{}, f.at("privacy", err)
	}
	out.Rejects = rejects
	return out, nil
}

// guard takes the rejects off a serial step's batches and holds it to the
// schema it promised.
func (f *Flow) guard(name string, want *arrow.Schema, s Stream, report func(Batch) error) Stream {
	checked := false
	return NewStream(want,
		func(ctx context.Context) (Batch, error) {
			b, err := s.Next(ctx)
			if err != nil {
				if err != io.EOF {
					err = f.at(name, err)
				}
				return Batch{}, err
			}
			if !checked {
				if err := schemaMismatch(b.Schema(), want); err != nil {
					b.Release()
					return Batch{}, f.at(name, err)
				}
				checked = true
			}
			for i := range b.Rejects {
				b.Rejects[i].Step = name
			}
			return settle(b, report)
		}, s.Close)
}

// settle hands the rejects of a batch over and gives the batch without them.
func settle(b Batch, report func(Batch) error) (Batch, error) {
	if err := report(b); err != nil {
		b.Release()
		return Batch{}, err
	}
	b.Rejects = nil
	return b, nil
}

// group is the rows of one row group, as the batches they came in.
type group struct {
	batches []Batch
	rows    int64
	held    int64 // bytes, to be given back to the room
}

func (g group) release() {
	for _, b := range g.batches {
		b.Release()
	}
}

func (g group) sum() (arrowx.Sum, error) {
	recs := make([]arrow.Record, len(g.batches))
	for i, b := range g.batches {
		recs[i] = b.Record
	}
	return arrowx.Digest(0, recs)
}

// GroupRoom is how many of the first rows of r go into a row group that has rows
// and bytes already, and how many bytes they are. A group is full at RowGroup
// rows or RowGroupBytes, but always takes one row. The answer depends on the
// values alone, so that every way of cutting a stream gives the same groups.
func GroupRoom(r arrow.Record, rows, bytes int64) (n, size int64) {
	fixed, varying := rowWidth(r)
	// nearly always all rows fit that may
	most := min(r.NumRows(), RowGroup-rows)
	if size = most*fixed + varyingBytes(r, most, varying); bytes+size <= RowGroupBytes {
		return most, size
	}
	size = 0
	for n < r.NumRows() && rows+n < RowGroup {
		row := fixed
		for _, width := range varying {
			row += width(int(n))
		}
		if rows+n > 0 && bytes+size+row > RowGroupBytes {
			break
		}
		n, size = n+1, size+row
	}
	return n, size
}

// varyingBytes is what the first n rows of r have besides their fixed width.
func varyingBytes(r arrow.Record, n int64, varying []func(row int) int64) (size int64) {
	k := 0
	for _, c := range r.Columns() {
		switch c.(type) {
		case *array.String, *array.Binary:
			size += arrowx.TextBytes(c, int(n))
			k++
		case *array.List:
			for i := range int(n) {
				size += varying[k](i)
			}
			k++
		}
	}
	return size
}

// offsetBytes is what Arrow adds to each value whose length differs.
const offsetBytes = 4

// textArray is *array.String or *array.Binary.
type textArray interface {
	arrow.Array
	ValueLen(int) int
}

// rowWidth is how many bytes every row of r has, and how many more a row has for
// each column whose values differ in length. What a null slot holds does not count.
func rowWidth(r arrow.Record) (fixed int64, varying []func(row int) int64) {
	for _, c := range r.Columns() {
		switch c := c.(type) {
		case textArray:
			fixed += offsetBytes
			varying = append(varying, func(i int) int64 {
				if c.IsNull(i) {
					return 0
				}
				return int64(c.ValueLen(i))
			})
		case *array.List:
			fixed += offsetBytes
			varying = append(varying, listWidth(c))
		default:
			fixed += fixedWidth(c.DataType())
		}
	}
	return fixed, varying
}

func listWidth(c *array.List) func(row int) int64 {
	values, _ := c.ListValues().(*array.String)
	return func(i int) (n int64) {
		if c.IsNull(i) {
			return 0
		}
		from, to := c.ValueOffsets(i)
		n = (to - from) * offsetBytes
		for j := int(from); values != nil && j < int(to); j++ {
			if values.IsValid(j) {
				n += int64(values.ValueLen(j))
			}
		}
		return n
	}
}

func fixedWidth(t arrow.DataType) int64 {
	switch t := t.(type) {
	case arrow.FixedWidthDataType:
		return int64(max(1, t.Bytes()))
	case *arrow.StructType:
		n := int64(0)
		for _, f := range t.Fields() {
			n += fixedWidth(f.Type)
		}
		return n
	}
	return 0
}

// grouper cuts a stream into groups as GroupRoom says, the last one smaller. A
// group keeps its place in the room until whoever got it gives held back.
type grouper struct {
	s    Stream
	room *room
	rest Batch
	end  bool
}

func (g *grouper) next(ctx context.Context) (group, error) {
	var out group
	bytes := int64(0)
	for full := false; !full && !g.end; {
		b := g.rest
		g.rest = Batch{}
		if b.Record == nil {
			var err error
			if b, err = g.s.Next(ctx); err == io.EOF {
				g.end = true
				break
			} else if err != nil {
				out.release()
				return group{}, err
			}
		}
		n, size := GroupRoom(b.Record, out.rows, bytes)
		full = n < b.NumRows() || out.rows+n == RowGroup
		if n < b.NumRows() {
			g.rest = b.Slice(n, b.NumRows())
			head := b.Slice(0, n)
			b.Release()
			b = head
		}
		if n == 0 {
			b.Release()
			continue
		}
		held := arrowx.Bytes(b.Record)
		if err := g.room.take(ctx, out.held, held); err != nil {
			b.Release()
			out.release()
			return group{}, err
		}
		bytes += size
		out.held += held
		b.Places = Places{} // nobody asks any more
		out.batches = append(out.batches, b)
		out.rows += n
	}
	if out.rows == 0 {
		return group{}, io.EOF
	}
	return out, nil
}

func (g *grouper) close() {
	if g.rest.Record != nil {
		g.rest.Release()
		g.rest = Batch{}
	}
}
