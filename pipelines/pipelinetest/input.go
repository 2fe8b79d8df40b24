package pipelinetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// input is a stream over batches that it keeps a reference to, so that it can
// tell afterwards whether somebody changed them or released them too often.
type input struct {
	schema  *arrow.Schema
	batches []pipelines.Batch
	sums    [][32]byte

	next int
	// hook is called before batch i (0 is the first) is given; its error is given instead.
	hook    func(i int) error
	endless bool // starts again at the end
	told    error
	asked   int // calls of Next
	closed  bool
	late    bool // asked after it was closed
}

func newInput(w *world, t Table, cut Cut) *input {
	in := &input{schema: t.Schema, batches: cut.Batches(w.mem, t)}
	for _, b := range in.batches {
		in.sums = append(in.sums, sumRecord(b.Record))
	}
	return in
}

func (in *input) Schema() *arrow.Schema { return in.schema }

func (in *input) Next(ctx context.Context) (pipelines.Batch, error) {
	in.asked++
	if in.closed {
		in.late = true
		return pipelines.Batch{}, errors.New("the input is closed")
	}
	if in.told != nil {
		return pipelines.Batch{}, in.told
	}
	if err := ctx.Err(); err != nil {
		in.told = err
		return pipelines.Batch{}, err
	}
	if in.hook != nil {
		if err := in.hook(in.next); err != nil {
			in.told = err
			return pipelines.Batch{}, err
		}
		if err := ctx.Err(); err != nil {
			in.told = err
			return pipelines.Batch{}, err
		}
	}
	if in.next >= len(in.batches) && !(in.endless && len(in.batches) > 0) {
		in.told = io.EOF
		return pipelines.Batch{}, io.EOF
	}
	b := in.batches[in.next%len(in.batches)]
	in.next++
	b.Record.Retain()
	return b, nil
}

func (in *input) Close() error {
	in.closed = true
	return nil
}

// release gives up the batches, after looking whether they are as they were.
func (in *input) release() error {
	var err error
	for i, b := range in.batches {
		if sumRecord(b.Record) != in.sums[i] {
			err = fmt.Errorf("input batch %d was changed, or released more often than received", i+1)
		}
		b.Record.Release()
	}
	if in.late {
		err = errors.Join(err, errors.New("the input was read after it was closed"))
	}
	return err
}

func sumRecord(rec arrow.Record) (sum [32]byte) {
	h := sha256.New()
	for _, c := range rec.Columns() {
		sumData(h, c.Data())
	}
	h.Sum(sum[:0])
	return sum
}

func sumData(h hash.Hash, d arrow.ArrayData) {
	var n [8]byte
	number := func(i int) {
		binary.LittleEndian.PutUint64(n[:], uint64(i))
		h.Write(n[:])
	}
	number(d.Len())
	number(d.Offset())
	for _, b := range d.Buffers() {
		if b == nil {
			number(-1)
			continue
		}
		number(b.Len())
		h.Write(b.Bytes())
	}
	for _, c := range d.Children() {
		sumData(h, c)
	}
}
