package arrowx

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Concat is the rows of recs one after the other. The caller releases the
// result; the records, all of that schema, are only borrowed.
func Concat(mem memory.Allocator, schema *arrow.Schema, recs []arrow.Record) (arrow.Record, error) {
	if len(recs) == 1 {
		recs[0].Retain()
		return recs[0], nil
	}
	if len(recs) == 0 {
		return Empty(mem, schema), nil
	}
	rows := int64(0)
	for _, r := range recs {
		rows += r.NumRows()
	}
	cols := make([]arrow.Array, 0, schema.NumFields())
	defer func() {
		for _, c := range cols {
			c.Release()
		}
	}()
	chunks := make([]arrow.Array, len(recs))
	for c := range schema.Fields() {
		for i, r := range recs {
			chunks[i] = r.Column(c)
		}
		col, err := array.Concatenate(chunks, mem)
		if err != nil {
			return nil, fmt.Errorf("join batches: %w", err)
		}
		cols = append(cols, col)
	}
	return array.NewRecord(schema, cols, rows), nil
}

// Empty is a record of no rows. The caller releases it.
func Empty(mem memory.Allocator, schema *arrow.Schema) arrow.Record {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	return b.NewRecord()
}

// Bytes is what the rows of r take in memory, slices counted as if they were
// copies: the figure that bounds are held against.
func Bytes(r arrow.Record) int64 {
	n := int64(0)
	for _, c := range r.Columns() {
		n += arrayBytes(c)
	}
	return n
}

func arrayBytes(a arrow.Array) int64 {
	n := int64(a.Len())
	if n == 0 || a.DataType().ID() == arrow.NULL {
		return 0
	}
	size := bitutil.BytesForBits(n)
	switch a := a.(type) {
	case *array.Boolean:
		size += bitutil.BytesForBits(n)
	case *array.String:
		size += 4*n + int64(len(a.ValueBytes()))
	case *array.Binary:
		size += 4*n + int64(len(a.ValueBytes()))
	case *array.List:
		start, _ := a.ValueOffsets(0)
		_, end := a.ValueOffsets(int(n) - 1)
		child := array.NewSlice(a.ListValues(), start, end)
		size += 4*n + arrayBytes(child)
		child.Release()
	case *array.Struct:
		for i := range a.NumField() {
			size += arrayBytes(a.Field(i))
		}
	default:
		if f, ok := a.DataType().(arrow.FixedWidthDataType); ok {
			size += n * int64(f.BitWidth()) / 8
		}
	}
	return size
}
