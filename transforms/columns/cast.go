package columns

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Cast gives columns other types. A value that has no exact counterpart rejects
// its row; null stays null. Only a decimal becoming a float64 is rounded.
var Cast = pipelines.DefineTransform("cast", "Give columns other types; a value that does not fit exactly rejects its row.",
	castConfig{Decimal: "."}, newCast)

type castConfig struct {
	Columns   []pipelines.ColumnDecl `hcl:"columns" doc:"The new type of each column; a date or timestamp may say how it is written in text."`
	Decimal   string                 `hcl:"decimal,optional" doc:"Decimal mark of numbers in text." values:".|,"`
	Thousands string                 `hcl:"thousands,optional" doc:"Separator of thousands of numbers in text: a space (which also stands for the no-break spaces), a point or a comma; none unless given." values:" |.|,"`
	Nulls     []string               `hcl:"nulls,optional" doc:"Texts that stand for null, exactly as written, for example an empty text."`
}

func (c castConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	if c.Decimal == c.Thousands {
		return pipelines.At("thousands", messages.NotNatural.With("name", "thousands", "wanted", "another character than decimal"))
	}
	for _, d := range c.Columns {
		if d.Type.ID() == arrow.LIST {
			continue
		}
		if _, err := convert.NewReader(d.ColumnType, c.numbers()); err != nil {
			return pipelines.At("columns", err)
		}
	}
	return nil
}

func (c castConfig) numbers() scalar.NumberFormat {
	return scalar.NumberFormat{Decimal: c.Decimal[0], Thousands: c.Thousands}
}

type cast struct {
	env pipelines.Env
	castConfig
}

func newCast(env pipelines.Env, c castConfig) (pipelines.Transform, error) {
	return cast{env, c}, nil
}

func (t cast) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	fields := slices.Clone(in.Fields())
	var diags hcl.Diagnostics
	for _, d := range t.Columns {
		i, err := pipelines.ColumnIndex(in, d.Name)
		if err == nil && !castable(in.Field(i).Type, d.Type) {
			err = messages.CastImpossible.With("column", d.Name, "from", pipelines.TypeName(in.Field(i).Type), "to", pipelines.TypeName(d.Type))
		}
		if err != nil {
			diags = append(diags, pipelines.Diagnose(err, d.Range))
			continue
		}
		fields[i].Type, fields[i].Nullable = d.Type, true
	}
	if err := compute.Mistakes(diags); err != nil {
		return nil, err
	}
	return arrow.NewSchema(fields, nil), nil
}

func castable(from, to arrow.DataType) bool {
	switch {
	case arrow.TypeEqual(from, to), from.ID() == arrow.NULL:
		return true
	case to.ID() == arrow.LIST || !convert.HasText(from):
		return false
	case from.ID() == arrow.STRING || to.ID() == arrow.STRING:
		return true
	case from.ID() == arrow.BOOL:
		return to.ID() == arrow.INT32 || to.ID() == arrow.INT64
	case to.ID() == arrow.BOOL:
		return from.ID() == arrow.INT32 || from.ID() == arrow.INT64
	}
	return isNumber(from) && isNumber(to)
}

func isNumber(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		return true
	}
	return false
}

func (t cast) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t cast) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	schema, err := t.Bind(in)
	if err != nil {
		return nil, err
	}
	var casts []columnCast
	for _, d := range t.Columns {
		i := in.FieldIndices(d.Name)[0]
		if arrow.TypeEqual(in.Field(i).Type, d.Type) && d.Code == "" {
			continue
		}
		c := columnCast{column: i, ColumnDecl: d, nulls: t.Nulls}
		if d.Type.ID() != arrow.LIST {
			numbers := t.numbers()
			if in.Field(i).Type.ID() != arrow.STRING {
				numbers = scalar.Plain
			}
			if c.reader, err = convert.NewReader(d.ColumnType, numbers); err != nil {
				return nil, err
			}
		}
		casts = append(casts, c)
	}
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		cols := slices.Clone(b.Columns())
		for _, c := range casts {
			bl := array.NewBuilder(t.env.Allocator, c.Type)
			cols[c.column] = c.run(bl, b.Column(c.column), &failed)
			bl.Release()
		}
		out := array.NewRecord(schema, cols, b.NumRows())
		for _, c := range casts {
			cols[c.column].Release()
		}
		return failed.Split(t.env.Allocator, b, out)
	}, nil
}

func (t cast) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return everything(in).Lineage(in), nil
}

// columnCast is the cast of one column.
type columnCast struct {
	column int
	pipelines.ColumnDecl
	reader *convert.Reader
	nulls  []string
}

func (c columnCast) run(b array.Builder, a arrow.Array, failed *reject.Set) arrow.Array {
	b.Reserve(a.Len())
	if a.DataType().ID() == arrow.NULL {
		b.AppendNulls(a.Len())
		return b.NewArray()
	}
	one := c.step(b, a)
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
		} else if why := one(i); why != nil {
			b.AppendNull()
			failed.Add(i, c.Name, why)
		}
	}
	return b.NewArray()
}

// step gives the function that casts value i, which is not null.
func (c columnCast) step(b array.Builder, a arrow.Array) func(i int) *messages.Error {
	var buf []byte
	text := convert.Text(a)
	from, to := a.DataType(), c.Type
	switch {
	case isNumber(from) && isNumber(to):
		return func(i int) *messages.Error { return c.reader.Number(b, a, i, buf[:0]) }
	case from.ID() == arrow.BOOL && isNumber(to):
		return func(i int) *messages.Error {
			digit := byte('0')
			if a.(*array.Boolean).Value(i) {
				digit = '1'
			}
			return c.reader.Append(b, append(buf[:0], digit))
		}
	case from.ID() == arrow.STRING:
		return func(i int) *messages.Error {
			if slices.Contains(c.nulls, a.(*array.String).Value(i)) {
				b.AppendNull()
				return nil
			}
			buf = text(buf[:0], i)
			return c.reader.Append(b, buf)
		}
	}
	return func(i int) *messages.Error {
		buf = text(buf[:0], i)
		return c.reader.Append(b, buf)
	}
}
