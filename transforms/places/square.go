package places

import (
	"context"
	"math/big"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// Square names the square of the INSEE grid that a place is in, as in INSEE's "Données
// carroyées": in Europe by EPSG:3035, overseas by the system of the territory. Null is
// nowhere; a place elsewhere has no square, and its row is rejected. The name is made of
// the place and is as personal as it is: squares of a privacy policy make it coarser.
var Square = pipelines.DefineTransform("square", "Name the square of the INSEE grid that a place is in.",
	squareConfig{Size: "200m", Column: "carreau"}, newSquare)

type squareConfig struct {
	Longitude string `hcl:"longitude" doc:"The column of the longitude, in degrees (WGS 84 or RGF93)."`
	Latitude  string `hcl:"latitude" doc:"The column of the latitude, in degrees."`
	Size      string `hcl:"size,optional" doc:"The side of the squares." values:"200m|1km"`
	Column    string `hcl:"column,optional" doc:"The name of the column that is added."`
}

var sizes = map[string]int{"200m": 200, "1km": 1000}

type square struct {
	env pipelines.Env
	squareConfig
	squares *protect.Squares
}

func newSquare(env pipelines.Env, c squareConfig) (pipelines.Transform, error) {
	s, err := protect.NewSquares(sizes[c.Size])
	return square{env, c, s}, err
}

func (t square) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	for _, name := range []string{t.Longitude, t.Latitude} {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		if f := in.Field(i).Type; f.ID() != arrow.FLOAT64 && f.ID() != arrow.DECIMAL128 {
			return nil, messages.NoDegrees.With("column", name, "got", pipelines.TypeName(f))
		}
	}
	if in.HasField(t.Column) {
		return nil, messages.DuplicateColumn.With("column", t.Column)
	}
	return arrow.NewSchema(append(in.Fields()[:in.NumFields():in.NumFields()], arrow.Field{Name: t.Column, Type: arrow.BinaryTypes.String, Nullable: true}), nil), nil
}

func (t square) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t square) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	out, err := t.Bind(in)
	if err != nil {
		return nil, err
	}
	longitude, latitude := in.FieldIndices(t.Longitude)[0], in.FieldIndices(t.Latitude)[0]
	return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		var failed reject.Set
		names := array.NewStringBuilder(t.env.Allocator)
		defer names.Release()
		var room [2]string
		for i := range int(b.NumRows()) {
			lon, known := degrees(b.Column(longitude), i)
			lat, both := degrees(b.Column(latitude), i)
			if !known || !both {
				names.AppendNull()
				continue
			}
			if at, ok := t.squares.At(room[:0], lon, lat); ok {
				names.Append(at[0])
			} else {
				names.AppendNull()
				failed.Add(i, t.Longitude, messages.NoSquare.With("longitude", t.Longitude, "latitude", t.Latitude))
			}
		}
		made := names.NewArray()
		defer made.Release()
		r := array.NewRecord(out, append(b.Columns()[:len(b.Columns()):len(b.Columns())], made), b.NumRows())
		return failed.Split(t.env.Allocator, b, r)
	}, nil
}

// degrees is a number; false for null.
func degrees(a arrow.Array, i int) (float64, bool) {
	if a.IsNull(i) {
		return 0, false
	}
	if f, ok := a.(*array.Float64); ok {
		return f.Value(i), true
	}
	d := a.(*array.Decimal128)
	scale := d.DataType().(*arrow.Decimal128Type).Scale
	x, _ := new(big.Rat).SetFrac(d.Value(i).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).Float64()
	return x, true
}

func (t square) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	all[t.Column] = []pipelines.Origin{{Column: t.Longitude}, {Column: t.Latitude}}
	return all, nil
}
