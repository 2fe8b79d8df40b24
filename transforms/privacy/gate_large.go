package privacy

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// A bin is large where a worker may not hold it beside the others: one person has millions
// of rows, or millions of persons have the same. Its pairs are looked through in their
// order, which takes no more memory however many they are.

// Of the memory of the stage the workers together hold a largeShare-th of it, at least
// binSize each, and pairs that are being sorted a sortShare-th.
const (
	largeShare = 4
	sortShare  = 8
	leastRun   = 1 << 12 // pairs
)

// size is how many pairs a bin has.
func (b *bins) size(bin int) int {
	n := len(b.now[bin])
	for _, block := range b.full[bin] {
		n += len(block)
	}
	for _, e := range b.disk[bin] {
		n += e.pairs
	}
	return n
}

func (b *bins) large(bin, workers int) bool {
	return b.bound > 0 && int64(b.size(bin))*groupingCost > max(b.bound/largeShare/int64(max(workers, 1)), binSize)
}

func comparePairs(a, b pair) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }

// each visits the pairs of a bin as they come.
func (b *bins) each(bin int, visit func(pair) error) error {
	for _, e := range b.disk[bin] {
		if err := eachPair(b.file, e, leastRun, visit); err != nil {
			return err
		}
	}
	for _, block := range append(b.full[bin], b.now[bin]) {
		for _, p := range block {
			if err := visit(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func eachPair(file pipelines.SpoolBytes, e extent, buffer int, visit func(pair) error) error {
	r := newRunReader(file, e, buffer)
	for {
		p, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(p)
		}
		if err != nil {
			return err
		}
	}
}

// runReader gives pairs that stand together on disk.
type runReader struct {
	in   *bufio.Reader
	left int
	now  pair // of a merge
}

func newRunReader(file pipelines.SpoolBytes, e extent, pairs int) *runReader {
	return &runReader{in: bufio.NewReaderSize(io.NewSectionReader(file, e.at, int64(e.pairs)*pairSize), min(pairs, e.pairs)*pairSize), left: e.pairs}
}

func (r *runReader) next() (pair, error) {
	if r.left == 0 {
		return pair{}, io.EOF
	}
	r.left--
	var b [pairSize]byte
	if _, err := io.ReadFull(r.in, b[:]); err != nil {
		return pair{}, fmt.Errorf("read what was put aside: %w", err)
	}
	return pair{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}, nil
}

// sorted visits the pairs of a bin in their order. What memory does not hold is put on
// disk in runs, each sorted, which are merged.
func (b *bins) sorted(ctx context.Context, bin int, visit func(pair) error) (err error) {
	most := b.size(bin)
	if b.bound > 0 {
		most = min(most, int(max(b.bound/sortShare/pairSize, leastRun)))
	}
	now := make([]pair, 0, most)
	var file pipelines.SpoolBytes
	defer func() {
		if file != nil {
			err = cmp.Or(err, file.Close())
		}
	}()
	var runs []extent
	put := func() error {
		if b.create == nil {
			return messages.TooManyClasses.With("bound", b.bound)
		}
		if file == nil {
			if file, err = b.create(); err != nil {
				return err
			}
		}
		slices.SortFunc(now, comparePairs)
		runs = append(runs, extent{file.Size(), len(now)})
		for part := range slices.Chunk(now, leastRun) {
			b.buf = b.buf[:0]
			for _, p := range part {
				b.buf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b.buf, p[0]), p[1])
			}
			if _, err := file.Write(b.buf); err != nil {
				return err
			}
		}
		now = now[:0]
		return ctx.Err()
	}
	err = b.each(bin, func(p pair) error {
		if len(now) == most {
			if err := put(); err != nil {
				return err
			}
		}
		now = append(now, p)
		return nil
	})
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		slices.SortFunc(now, comparePairs)
		for _, p := range now {
			if err := visit(p); err != nil {
				return err
			}
		}
		return nil
	}
	if err := put(); err != nil {
		return err
	}
	now = nil
	var m merge
	for _, run := range runs {
		r := newRunReader(file, run, max(1, most/len(runs)))
		if r.now, err = r.next(); err != nil {
			return err
		}
		m = append(m, r)
	}
	heap.Init(&m)
	for n := 0; len(m) > 0; n++ {
		if n%leastRun == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := m[0]
		if err := visit(r.now); err != nil {
			return err
		}
		if r.now, err = r.next(); err == io.EOF {
			heap.Pop(&m)
		} else if err != nil {
			return err
		} else {
			heap.Fix(&m, 0)
		}
	}
	return nil
}

// merge is runs, of which the first has the least pair.
type merge []*runReader

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return comparePairs(m[i].now, m[j].now) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*runReader)) }
func (m *merge) Pop() any {
	last := len(*m) - 1
	r := (*m)[last]
	*m = (*m)[:last]
	return r
}

// large counts the persons of a bin, as patterns and what takes them do of others.
func (t *ties) large(ctx context.Context, bin int, classes []tallied, add func(sum pair) error) error {
	var who, sum pair
	var key [pairSize]byte
	rows, before := 0, uint32(0) // of the person, and the class of the last one
	person := func() error {
		if rows < 2 {
			return nil
		}
		return add(sum)
	}
	err := t.rows.sorted(ctx, bin, func(p pair) error {
		class := uint32(p[1])
		if of := (pair{p[0], p[1] & onlyPerson}); rows == 0 || of != who {
			if err := person(); err != nil {
				return err
			}
			who, sum, rows = of, pair{}, 0
		}
		switch rows++; {
		case rows == 2:
			t.classes[before].shared++
			fallthrough
		case rows > 2:
			t.classes[class].shared++
			if class == before {
				t.classes[class].again++
			}
		}
		before = class
		h := hashOfClass(&key, classes[class])
		sum[0], sum[1] = sum[0]+h.Hi, sum[1]+h.Lo
		return nil
	})
	return cmp.Or(err, person())
}

// hashOfClass is what a class adds to the sum of a person. The hash of a class is a sum of
// those of its values: sums of such would not tell which values stand in one row.
func hashOfClass(key *[pairSize]byte, c tallied) xxh3.Uint128 {
	binary.LittleEndian.PutUint64(key[:], c.key.Hi)
	binary.LittleEndian.PutUint64(key[8:], c.key.Lo)
	return xxh3.Hash128(key[:])
}

// least is how many pairs the smallest group has of those of a bin that are alike.
func (b *bins) least(ctx context.Context, bin, most int) (int, error) {
	var last pair
	n := 0
	err := b.sorted(ctx, bin, func(p pair) error {
		if n > 0 && p != last {
			most, n = min(most, n), 0
		}
		last = p
		n++
		return nil
	})
	return min(most, n), err
}
