package format

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Open gives one batch a row group. A file with other columns than those of
// schema is refused.
func (p *parquet) Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (s pipelines.Stream, err error) {
	defer recoverDamage(&err)
	r, err := readParquet(in, size)
	if err != nil {
		return nil, err
	}
	if err := r.holds(schema); err != nil {
		return nil, err
	}
	next := 0
	return pipelines.NewStream(schema, func(ctx context.Context) (b pipelines.Batch, err error) {
		if next == len(r.meta.RowGroups) {
			return b, io.EOF
		}
		b.Record, err = r.record(ctx, p.env.Allocator, schema, next)
		next++
		return b, err
	}, func() error {
		r.close()
		return nil
	}), nil
}

// recoverDamage turns a panic of a decoder on bytes that make no sense into an error.
func recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = damaged("a decoder gave up")
	}
}

// holds compares the file's columns with those it should have.
func (r *parquetReader) holds(schema *arrow.Schema) error {
	if n := schema.NumFields(); n != len(r.leaves) {
		return messages.ParquetSchema.With("what", fmt.Sprintf("%d columns instead of %d", len(r.leaves), n))
	}
	for i, l := range r.leaves {
		f := schema.Field(i)
		if l.name != f.Name || pipelines.TypeName(l.typ) != pipelines.TypeName(f.Type) {
			return messages.ParquetSchema.With("what", fmt.Sprintf("%s %s", f.Name, pipelines.TypeName(f.Type)))
		}
	}
	return nil
}

// record decodes row group i.
func (r *parquetReader) record(ctx context.Context, mem memory.Allocator, schema *arrow.Schema, i int) (rec arrow.Record, err error) {
	defer recoverDamage(&err)
	g := &r.meta.RowGroups[i]
	if len(g.Columns) != len(r.leaves) {
		return nil, damaged("row group ", ordinal(i), " does not have all columns")
	}
	var columns []arrow.Array
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for j := range r.leaves {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := &r.leaves[j]
		d, err := r.column(l, &g.Columns[j].MetaData)
		if err != nil {
			return nil, err
		}
		if rows, _, _ := d.end(); int64(rows) != g.NumRows {
			return nil, damaged("column ", l.name, " does not have the rows of its row group")
		}
		c, err := d.array(mem, schema.Field(j).Type)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return array.NewRecord(schema, columns, g.NumRows), nil
}

// array makes an Arrow array of the column.
func (d *columnData) array(mem memory.Allocator, t arrow.DataType) (arrow.Array, error) {
	b := array.NewBuilder(mem, t)
	defer b.Release()
	b.Reserve(len(d.def))
	v := &d.values
	switch b := b.(type) {
	case *array.NullBuilder:
		for range d.def {
			b.AppendNull()
		}
	case *array.BooleanBuilder:
		build(d, b, v.bools, b.Append)
	case *array.Int32Builder:
		build(d, b, v.int32s, b.Append)
	case *array.Date32Builder:
		build(d, b, v.int32s, func(v int32) { b.Append(arrow.Date32(v)) })
	case *array.Int64Builder:
		build(d, b, v.int64s, b.Append)
	case *array.TimestampBuilder:
		build(d, b, v.int64s, func(v int64) { b.Append(arrow.Timestamp(v)) })
	case *array.Float64Builder:
		build(d, b, v.doubles, b.Append)
	case *array.Decimal128Builder:
		build(d, b, v.int32s, func(v int32) { b.Append(decimal128.FromI64(int64(v))) })
		build(d, b, v.int64s, func(v int64) { b.Append(decimal128.FromI64(v)) })
		build(d, b, v.bytes, func(v []byte) { b.Append(bigEndianDecimal(v)) })
		for b.Len() < len(d.def) {
			b.AppendNull()
		}
	case *array.StringBuilder:
		build(d, b, v.bytes, b.BinaryBuilder.Append)
	case *array.BinaryBuilder:
		build(d, b, v.bytes, b.Append)
	case *array.ListBuilder:
		d.lists(b)
	}
	if rows, _, _ := d.end(); b.Len() != rows {
		return nil, damaged("column ", d.leaf.name, " has values of another type")
	}
	return b.NewArray(), nil
}

// build appends values and nulls in their order.
func build[T any](d *columnData, b array.Builder, vs []T, add func(T)) {
	if len(vs) == 0 && d.values.len() > 0 || b.Len() > 0 {
		return
	}
	for _, level := range d.def {
		if level == 0 {
			b.AppendNull()
			continue
		}
		add(vs[0])
		vs = vs[1:]
	}
}

func (d *columnData) lists(b *array.ListBuilder) {
	texts := b.ValueBuilder().(*array.StringBuilder)
	vs := d.values.bytes
	for i, level := range d.def {
		if d.rep[i] == 0 {
			b.Append(level > 0)
		}
		switch level {
		case 2:
			texts.AppendNull()
		case 3:
			texts.BinaryBuilder.Append(vs[0])
			vs = vs[1:]
		}
	}
}

func bigEndianDecimal(b []byte) decimal128.Num {
	var hi int64
	var lo uint64
	if b[0]&0x80 != 0 {
		hi, lo = -1, ^uint64(0)
	}
	for _, x := range b {
		hi = hi<<8 | int64(lo>>56)
		lo = lo<<8 | uint64(x)
	}
	return decimal128.New(hi, lo)
}
