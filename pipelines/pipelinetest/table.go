package pipelinetest

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Table is rows held as plain Go values, so that nothing about it depends on
// Arrow memory, on how rows are cut, or on the code under test. A cell is nil
// (null), bool, int32, int64, float64, decimal128.Num, arrow.Date32,
// arrow.Timestamp, string, []byte, []string or [4]float64 (a bounding box).
type Table struct {
	Schema *arrow.Schema
	Rows   [][]any
}

// ParseTable reads comma-separated text (RFC 4180) whose header cells are
// name:type, in the types of a pipeline file. \N is null; a list is a JSON
// array of texts, a bbox four numbers with spaces between, binary is hexadecimal, a date is 2024-01-31, an instant
// 2024-01-31T12:00:00Z. Nothing else is accepted.
func ParseTable(text string) (Table, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return Table{}, fmt.Errorf("read header: %w", err)
	}
	fields := make([]arrow.Field, len(header))
	for i, cell := range header {
		name, typ, ok := cutLast(cell, ":")
		if !ok {
			return Table{}, fmt.Errorf("header cell %q is not name:type", cell)
		}
		if fields[i], err = field(name, typ); err != nil {
			return Table{}, err
		}
	}
	t := Table{Schema: arrow.NewSchema(fields, nil)}
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return Table{}, fmt.Errorf("read row %d: %w", len(t.Rows)+1, err)
		}
		if len(cells) != len(fields) {
			return Table{}, fmt.Errorf("row %d has %d cells, the header %d", len(t.Rows)+1, len(cells), len(fields))
		}
		row := make([]any, len(cells))
		for i, c := range cells {
			if row[i], err = parseCell(c, fields[i].Type); err != nil {
				return Table{}, fmt.Errorf("row %d, column %s: %w", len(t.Rows)+1, fields[i].Name, err)
			}
		}
		t.Rows = append(t.Rows, row)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func field(name, typ string) (arrow.Field, error) {
	f := arrow.Field{Name: name, Nullable: true}
	switch strings.TrimSpace(typ) {
	case "null":
		f.Type = arrow.Null
		return f, nil
	case "bbox":
		f.Type = pipelines.BBox
		return f, nil
	}
	ct, err := pipelines.ParseTypeText(typ)
	f.Type = ct.Type
	return f, err
}

// CSV writes t as ParseTable reads it.
func (t Table) CSV() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	line := make([]string, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		line[i] = f.Name + ":" + pipelines.TypeName(f.Type)
	}
	_ = w.Write(line)
	for _, row := range t.Rows {
		for i, v := range row {
			line[i] = cellText(v, t.Schema.Field(i).Type)
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.String()
}

// Record is t as one record, allocated from mem. The caller releases it.
func (t Table) Record(mem memory.Allocator) arrow.Record { return t.record(mem, false) }

// Junk is Record with arbitrary values under every null, as Arrow allows.
func (t Table) Junk(mem memory.Allocator) arrow.Record { return t.record(mem, true) }

func (t Table) record(mem memory.Allocator, junk bool) arrow.Record {
	cols := make([]arrow.Array, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		cols[i] = t.column(mem, i, f.Type, junk)
	}
	rec := array.NewRecord(t.Schema, cols, int64(len(t.Rows)))
	for _, c := range cols {
		c.Release()
	}
	return rec
}

func (t Table) column(mem memory.Allocator, i int, dt arrow.DataType, junk bool) arrow.Array {
	b := array.NewBuilder(mem, dt)
	defer b.Release()
	nulls := 0
	for _, row := range t.Rows {
		v := row[i]
		if v == nil {
			nulls++
			if junk {
				v = junkValue(dt)
			}
		}
		appendCell(b, v)
	}
	arr := b.NewArray()
	if !junk || nulls == 0 || dt.ID() == arrow.NULL {
		return arr
	}
	defer arr.Release()
	valid := memory.NewResizableBuffer(mem)
	valid.Resize((len(t.Rows) + 7) / 8)
	defer valid.Release()
	for k := range valid.Bytes() {
		valid.Bytes()[k] = 0
	}
	for r, row := range t.Rows {
		if row[i] != nil {
			valid.Bytes()[r/8] |= 1 << (r % 8)
		}
	}
	d := arr.Data()
	bufs := append([]*memory.Buffer{valid}, d.Buffers()[1:]...)
	data := array.NewData(dt, d.Len(), bufs, d.Children(), nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// Append adds the rows of rec, which it only borrows.
func (t *Table) Append(rec arrow.Record) {
	for r := 0; r < int(rec.NumRows()); r++ {
		row := make([]any, rec.NumCols())
		for c := range row {
			row[c] = cellOf(rec.Column(c), r)
		}
		t.Rows = append(t.Rows, row)
	}
}

// Repeat is t with its rows n times over.
func (t Table) Repeat(n int) Table {
	out := Table{Schema: t.Schema}
	for range n {
		out.Rows = append(out.Rows, t.Rows...)
	}
	return out
}

// with is t with columns added at the right; rows are repeated or cut to t's.
func (t Table) with(more Table) Table {
	fields := append(append([]arrow.Field(nil), t.Schema.Fields()...), more.Schema.Fields()...)
	out := Table{Schema: arrow.NewSchema(fields, nil)}
	for i, row := range t.Rows {
		out.Rows = append(out.Rows, append(append([]any(nil), row...), more.Rows[i%len(more.Rows)]...))
	}
	return out
}

// replaced is t with another type and other values in column c.
func (t Table) replaced(c int, f arrow.Field, value func(row int, old any) any) Table {
	fields := append([]arrow.Field(nil), t.Schema.Fields()...)
	fields[c] = f
	out := Table{Schema: arrow.NewSchema(fields, nil)}
	for i, row := range t.Rows {
		row = append([]any(nil), row...)
		row[c] = value(i, row[c])
		out.Rows = append(out.Rows, row)
	}
	return out
}
