package extsort

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// SortOnWorkers is Sort on env.Workers: rows that memory does not hold are spread over
// files, each of which has the rows between two keys, and every file is sorted apart.
// The keys are taken from the first rows; where these tell nothing of the others a file
// is sorted as Sort would. The order does not depend on any of that.
func SortOnWorkers(env pipelines.Env, in pipelines.Stream, order Order) pipelines.Stream {
	return pipelines.Barrier(in.Schema(), in, func(ctx context.Context) (pipelines.Stream, error) {
		s := &spreading{env: env, in: in, order: order, workers: max(1, env.Workers)}
		s.keys.New = func() *arrowx.Keys { return &arrowx.Keys{} }
		s.sorters.New = func() *Sorter {
			env := env
			env.Memory = math.MaxInt64 // that the rows fit is seen before
			return New(env, in.Schema(), order)
		}
		if err := s.start(ctx); err != nil {
			s.close()
			return nil, err
		}
		if s.ended {
			return s.small(ctx)
		}
		if err := s.spread(ctx); err != nil {
			s.close()
			return nil, err
		}
		return After(env.Allocator, s.rejects, s.sorted(), s.close), nil
	})
}

const (
	spreadParts = 64      // files
	sampleRows  = 1 << 12 // of the first rows, whose keys are looked at
)

type spreading struct {
	env     pipelines.Env
	in      pipelines.Stream
	order   Order
	workers int
	first   []pipelines.Batch // the first rows
	ended   bool              // they are all rows
	rejects []pipelines.Reject
	lead    Order    // the first columns, by whose keys the files are parted
	between [][]byte // those keys
	files   []pipelines.SpoolFile
	most    int64 // of load of a file that a worker sorts
	rest    int64 // what the workers leave to a larger one
	keys    arrowx.Spares[*arrowx.Keys]
	sorters arrowx.Spares[*Sorter]
	ahead   *pipelines.Ahead[int, []arrow.Record]
}

// start reads rows until it is seen that memory does not hold them all.
func (s *spreading) start(ctx context.Context) error {
	for held := int64(0); held <= s.env.Memory/4; {
		b, err := s.in.Next(ctx)
		if err == io.EOF {
			s.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		held += arrowx.Bytes(b.Record) + 96*b.NumRows() // a key is about as long as a short row
		s.first = append(s.first, b)
	}
	return nil
}

// small sorts rows that memory holds.
func (s *spreading) small(ctx context.Context) (pipelines.Stream, error) {
	sorter := New(s.env, s.in.Schema(), s.order)
	var err error
	for _, b := range s.first {
		s.rejects = append(s.rejects, b.Rejects...)
		if err == nil {
			err = sorter.Add(ctx, b.Record)
		}
		b.Release()
	}
	s.first = nil
	var out pipelines.Stream
	if err == nil {
		out, err = sorter.Sorted(ctx)
	}
	if err != nil {
		sorter.Close()
		return nil, err
	}
	return After(s.env.Allocator, s.rejects, out, sorter.Close), nil
}

// part chooses the keys between the files: of as few columns as tell rows apart.
func (s *spreading) part() {
	rows := int64(0)
	for _, b := range s.first {
		rows += b.NumRows()
	}
	step := max(1, int(rows)/sampleRows)
	var sample [][]byte
	var keys arrowx.Keys
	for n := 1; n <= len(s.order.Columns); n++ {
		if !arrowx.Keyed(s.in.Schema().Field(s.order.Columns[n-1]).Type) {
			break // structs are in an order and have no keys
		}
		sample, s.lead = sample[:0], Order{Columns: s.order.Columns[:n]}
		if s.order.Descending != nil {
			s.lead.Descending = s.order.Descending[:n]
		}
		for _, b := range s.first {
			keys.Reset(b.Record, s.lead.Columns, s.lead.Descending)
			for i := 0; i < keys.Len(); i += step {
				sample = append(sample, bytes.Clone(keys.At(i)))
			}
		}
		slices.SortFunc(sample, bytes.Compare)
		if different := len(slices.CompactFunc(slices.Clone(sample), bytes.Equal)); 2*different > len(sample) {
			break
		}
	}
	for p := 1; p < spreadParts && len(sample) > 0; p++ {
		s.between = append(s.between, sample[p*len(sample)/spreadParts])
	}
	s.between = slices.CompactFunc(s.between, bytes.Equal)
}

// spreadRows is the rows of a batch, file by file: those of file p end at ends[p].
type spreadRows struct {
	arrow.Record
	ends    []int
	rejects []pipelines.Reject
}

// spread puts the rows into the files.
func (s *spreading) spread(ctx context.Context) error {
	s.part()
	for range len(s.between) + 1 {
		f, err := s.env.Spool.Create(s.in.Schema())
		if err != nil {
			return fmt.Errorf("spool rows to be sorted: %w", err)
		}
		s.files = append(s.files, f)
	}
	ahead := pipelines.NewAhead(s.workers,
		func(ctx context.Context) (pipelines.Batch, error) {
			if len(s.first) > 0 {
				b := s.first[0]
				s.first = s.first[1:]
				return b, nil
			}
			return s.in.Next(ctx)
		}, s.sift, func(r spreadRows) { r.Release() })
	defer ahead.Close()
	for {
		r, err := ahead.Take(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		s.rejects = append(s.rejects, r.rejects...)
		err = s.write(r)
		r.Release()
		if err != nil {
			return fmt.Errorf("spool rows to be sorted: %w", err)
		}
	}
	for _, f := range s.files {
		if err := endWriting(f); err != nil {
			return err
		}
	}
	return nil
}

// cut gives where the rows of each file end, of a batch whose rows are in the order of the
// files; false where that is not seen at a glance.
func (s *spreading) cut(r arrow.Record) ([]int, bool) {
	if len(s.lead.Columns) != 1 || s.lead.of(0).Descending {
		return nil, false
	}
	a, ok := r.Column(s.lead.Columns[0]).(*array.Int64)
	if !ok || a.NullN() > 0 || !slices.IsSorted(a.Int64Values()) {
		return nil, false
	}
	ends := make([]int, 0, len(s.files))
	at, key := 0, []byte(nil)
	for _, between := range s.between {
		at += sort.Search(a.Len()-at, func(i int) bool {
			key = arrowx.AppendKey(key[:0], a, at+i, false)
			return bytes.Compare(key, between) >= 0
		})
		ends = append(ends, at)
	}
	return append(ends, a.Len()), true
}

// sift puts the rows of a batch into the order of the files, and keeps that of the rows
// of each.
func (s *spreading) sift(_ context.Context, b pipelines.Batch) (spreadRows, error) {
	if ends, ok := s.cut(b.Record); ok {
		return spreadRows{b.Record, ends, b.Rejects}, nil
	}
	defer b.Release()
	n := int(b.NumRows())
	keys := s.keys.Get()
	defer s.keys.Put(keys)
	keys.Reset(b.Record, s.lead.Columns, s.lead.Descending)
	parts, ends := make([]uint8, n), make([]int, len(s.files))
	for i := range n {
		p, found := slices.BinarySearchFunc(s.between, keys.At(i), bytes.Compare)
		if found {
			p++
		}
		parts[i] = uint8(p)
		ends[p]++
	}
	next, at := make([]int, len(ends)), 0
	for p, count := range ends {
		next[p] = at
		at += count
		ends[p] = at
	}
	refs := make([]arrowx.Ref, n)
	for i, p := range parts {
		refs[next[p]].Row = int32(i)
		next[p]++
	}
	rec, err := arrowx.GatherRecord(s.env.Allocator, b.Schema(), []arrow.Record{b.Record}, refs)
	if err != nil {
		return spreadRows{}, fmt.Errorf("gather rows to be sorted: %w", err)
	}
	return spreadRows{rec, ends, b.Rejects}, nil
}

func (s *spreading) write(r spreadRows) error {
	from := 0
	for p, to := range r.ends {
		if to > from {
			some := r.NewSlice(int64(from), int64(to))
			err := s.files[p].Write(some)
			some.Release()
			if err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// load is what memory has to hold where workers sort files as large as f: as many as there
// are workers are in work, as they were read, with what orders their rows and as they come
// out; as many wait to be taken; one is being taken, and the batches of another are read.
func (s *spreading) load(f pipelines.SpoolFile) int64 {
	n := int64(s.workers)
	return (3*n+2)*f.Bytes() + n*rowBytes*f.Rows()
}

// fit shares the memory between the workers and a file that is too large for one of them,
// which is sorted while they go on: half is for it at least, and more where the others are
// small.
func (s *spreading) fit() {
	s.most, s.rest = s.env.Memory, s.env.Memory
	fits := func() (largest int64, all bool) {
		all = true
		for _, f := range s.files {
			if load := s.load(f); load <= s.most {
				largest = max(largest, load)
			} else {
				all = false
			}
		}
		return largest, all
	}
	if _, all := fits(); !all {
		s.most /= 2
		largest, _ := fits()
		s.rest -= largest
	}
}

// sorted gives the rows of the files in order.
func (s *spreading) sorted() pipelines.Stream {
	s.fit()
	next, file := 0, 0
	s.ahead = pipelines.NewAhead(s.workers,
		func(context.Context) (int, error) {
			if next == len(s.files) {
				return 0, io.EOF
			}
			next++
			return next - 1, nil
		}, s.sort, func(recs []arrow.Record) { release(recs) })
	var ready []arrow.Record
	var large pipelines.Stream
	return pipelines.NewStream(s.in.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		for {
			if len(ready) > 0 {
				rec := ready[0]
				ready = ready[1:]
				return pipelines.Batch{Record: rec}, nil
			}
			if large != nil {
				b, err := large.Next(ctx)
				if err != io.EOF {
					return b, err
				}
				if err := large.Close(); err != nil {
					return pipelines.Batch{}, err
				}
				large = nil
			}
			var err error
			if ready, err = s.ahead.Take(ctx); err != nil {
				return pipelines.Batch{}, err
			}
			if ready == nil {
				large = s.alone(file)
			}
			file++
		}
	}, func() error {
		release(ready)
		if large != nil {
			return large.Close()
		}
		return nil
	})
}

// sort gives the rows of a file in order; nil says that they are too many for a worker.
func (s *spreading) sort(ctx context.Context, file int) ([]arrow.Record, error) {
	f := s.files[file]
	if s.load(f) > s.most {
		return nil, nil
	}
	sorter := s.sorters.Get()
	defer func() {
		sorter.forget()
		s.sorters.Put(sorter)
	}()
	in, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("read rows to be sorted: %w", err)
	}
	_, err = Drain(ctx, in, func(b pipelines.Batch) error { return sorter.Add(ctx, b.Record) })
	if err = firstOf(err, in.Close()); err != nil {
		return nil, err
	}
	sorter.sortRows()
	recs, next := []arrow.Record{}, sorter.inMemory(mergeRows)
	for {
		b, err := next(ctx)
		if err == io.EOF {
			return recs, nil
		}
		if err != nil {
			release(recs)
			return nil, err
		}
		recs = append(recs, b.Record)
	}
}

// alone is the rows of a file in order, under the memory that the workers leave, who go on
// meanwhile.
func (s *spreading) alone(file int) pipelines.Stream {
	env := s.env
	env.Memory = s.rest
	return s.read(env, s.files[file])
}

// read gives the rows of a file in order.
func (s *spreading) read(env pipelines.Env, f pipelines.SpoolFile) pipelines.Stream {
	var in pipelines.Stream
	lazy := pipelines.NewStream(s.in.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		if in == nil {
			var err error
			if in, err = f.Open(); err != nil {
				return pipelines.Batch{}, fmt.Errorf("read rows to be sorted: %w", err)
			}
		}
		return in.Next(ctx)
	}, func() error {
		if in == nil {
			return nil
		}
		return in.Close()
	})
	return Sort(env, lazy, s.order)
}

func release(recs []arrow.Record) {
	for _, r := range recs {
		r.Release()
	}
}

// close frees what is held, in memory and on disk.
func (s *spreading) close() error {
	if s.ahead != nil {
		s.ahead.Close()
	}
	for _, b := range s.first {
		b.Release()
	}
	s.first = nil
	var err error
	for _, f := range s.files {
		err = firstOf(err, f.Close())
	}
	s.files = nil
	return err
}
