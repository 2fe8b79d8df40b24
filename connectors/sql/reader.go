package sql

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	batchRows  = 8192
	batchBytes = 4 << 20 // of text and binary values; a batch ends after the row that passes it
)

// rows is a query that gives one row after the other.
type rows interface {
	// watch ends the query once ctx is done, until stop is called.
	watch(ctx context.Context) (stop func() bool)
	// next reads a row, one cell per column; io.EOF ends. Bytes in a cell are
	// good until the next call.
	next(row []cell) error
	// raw is the row read last as it stood, for the quarantine.
	raw() []byte
	close() error
}

// cell is a value between the driver and Arrow. Which field holds it follows
// from the column's type: i for bool (0, 1), int32, int64, date and timestamp.
type cell struct {
	null bool
	i    int64
	f    float64
	d    decimal128.Num
	b    []byte
	why  *messages.Error // the value cannot be read exactly
}

// reader turns rows into batches.
type reader struct {
	in     rows
	schema *arrow.Schema
	batch  *array.RecordBuilder
	put    []func(*cell)
	row    []cell
	at     int64 // ordinal of the row read last
	bytes  int
	rows   int // of the batch before: the next is likely to be as long
	done   error
	order  *orderCheck
}

func newReader(mem memory.Allocator, in rows, schema *arrow.Schema, orderBy []string) *reader {
	r := &reader{in: in, schema: schema, batch: array.NewRecordBuilder(mem, schema), row: make([]cell, schema.NumFields())}
	for i := range schema.Fields() {
		r.put = append(r.put, r.putter(r.batch.Field(i)))
	}
	if len(orderBy) > 0 {
		r.order = newOrderCheck(schema, orderBy)
	}
	return r
}

// putter appends what a cell holds to the builder b.
func (r *reader) putter(b array.Builder) func(*cell) {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		return func(c *cell) { b.Append(c.i != 0) }
	case *array.Int32Builder:
		return func(c *cell) { b.Append(int32(c.i)) }
	case *array.Int64Builder:
		return func(c *cell) { b.Append(c.i) }
	case *array.Float64Builder:
		return func(c *cell) { b.Append(c.f) }
	case *array.Decimal128Builder:
		return func(c *cell) { b.Append(c.d) }
	case *array.Date32Builder:
		return func(c *cell) { b.Append(arrow.Date32(c.i)) }
	case *array.TimestampBuilder:
		return func(c *cell) { b.Append(arrow.Timestamp(c.i)) }
	case *array.BinaryBuilder:
		return func(c *cell) { r.bytes += len(c.b); b.Append(c.b) }
	case *array.StringBuilder:
		return func(c *cell) { r.bytes += len(c.b); b.BinaryBuilder.Append(c.b) }
	}
	panic("sql: no dialect reads into a " + b.Type().Name())
}

func (r *reader) next(ctx context.Context) (pipelines.Batch, error) {
	if r.done != nil {
		return pipelines.Batch{}, r.done
	}
	var b pipelines.Batch
	b.Places.Lines = make([]int64, 0, batchRows)
	r.bytes = 0
	for _, f := range r.batch.Fields() {
		f.Reserve(r.rows)
	}
	defer r.in.watch(ctx)()
	for len(b.Places.Lines)+len(b.Rejects) < batchRows && r.bytes < batchBytes {
		if r.done = failed(ctx, r.in.next(r.row)); r.done != nil {
			break
		}
		r.at++
		if bad := r.rejected(); bad >= 0 {
			b.Rejects = append(b.Rejects, pipelines.Reject{Place: pipelines.Place{Line: r.at},
				Column: r.schema.Field(bad).Name, Why: r.row[bad].why, Raw: r.in.raw()})
			continue
		}
		for i := range r.row {
			if c := &r.row[i]; c.null {
				r.batch.Field(i).AppendNull()
			} else {
				r.put[i](c)
			}
		}
		b.Places.Lines = append(b.Places.Lines, r.at)
	}
	if r.done == io.EOF && len(b.Places.Lines)+len(b.Rejects) == 0 || r.done != nil && r.done != io.EOF {
		return pipelines.Batch{}, r.done
	}
	b.Record = r.batch.NewRecord()
	r.rows = int(b.NumRows())
	if r.order != nil {
		if err := r.order.check(b); err != nil {
			b.Record.Release()
			r.done = err
			return pipelines.Batch{}, err
		}
	}
	return b, nil
}

// rejected is the first column whose value cannot be read exactly, or -1.
func (r *reader) rejected() int {
	for i := range r.row {
		if r.row[i].why != nil {
			return i
		}
	}
	return -1
}

func (r *reader) close() error {
	r.batch.Release()
	return r.in.close()
}

// orderCheck makes sure that rows come in strictly ascending order of a key.
type orderCheck struct {
	names   []string
	columns []int
	keys    arrowx.Keys
	last    []byte // key of the last row of the batch before
	any     bool
}

func newOrderCheck(schema *arrow.Schema, names []string) *orderCheck {
	o := &orderCheck{names: names}
	for _, n := range names {
		o.columns = append(o.columns, schema.FieldIndices(n)[0])
	}
	return o
}

func (o *orderCheck) check(b pipelines.Batch) error {
	o.keys.Reset(b.Record, o.columns, nil)
	last := o.last
	for i := 0; i < o.keys.Len(); i++ {
		key := o.keys.At(i)
		if o.any {
			m := messages.OutOfOrder
			switch bytes.Compare(last, key) {
			case 0:
				m = messages.OrderNotUnique
				fallthrough
			case 1:
				return m.With("row", b.Places.Lines[i], "columns", strings.Join(o.names, ", "))
			}
		}
		last, o.any = key, true
	}
	o.last = append(o.last[:0], last...)
	return nil
}
