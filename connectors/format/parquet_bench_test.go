package format

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// grants is a row group of twelve columns as in a file of grants: codes, names,
// dates, amounts, a tenth of them null.
func grants(n int) arrow.Record {
	r := rand.New(rand.NewPCG(7, 7))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "insee", Type: arrow.BinaryTypes.String},
		{Name: "commune", Type: arrow.BinaryTypes.String}, {Name: "exercice", Type: arrow.PrimitiveTypes.Int32},
		{Name: "siret", Type: arrow.BinaryTypes.String}, {Name: "nom", Type: arrow.BinaryTypes.String},
		{Name: "montant", Type: &arrow.Decimal128Type{Precision: 14, Scale: 2}}, {Name: "date", Type: arrow.FixedWidthTypes.Date32},
		{Name: "versement", Type: pipelines.Instant}, {Name: "part", Type: arrow.PrimitiveTypes.Float64},
		{Name: "nature", Type: arrow.BinaryTypes.String}, {Name: "objet", Type: arrow.BinaryTypes.String},
	}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	for i := range n {
		for c, f := range schema.Fields() {
			if c > 0 && r.IntN(10) == 0 {
				b.Field(c).AppendNull()
				continue
			}
			switch fb := b.Field(c).(type) {
			case *array.Int64Builder:
				fb.Append(int64(i))
			case *array.Int32Builder:
				fb.Append(2018 + r.Int32N(7))
			case *array.Date32Builder:
				fb.Append(arrow.Date32(17000 + r.IntN(2500)))
			case *array.TimestampBuilder:
				fb.Append(arrow.Timestamp(1_500_000_000_000_000 + r.Int64N(200_000_000_000_000)))
			case *array.Float64Builder:
				fb.Append(r.Float64())
			case *array.Decimal128Builder:
				fb.Append(decimal128.FromI64(100 * r.Int64N(100000)))
			case *array.StringBuilder:
				fb.Append(map[string]func() string{
					"insee":   func() string { return fmt.Sprintf("99%03d", r.IntN(300)) },
					"commune": func() string { return fmt.Sprintf("Val-Fleuri-lès-%d", r.IntN(300)) },
					"siret":   func() string { return fmt.Sprintf("%014d", r.Int64N(1e14)) },
					"nom":     func() string { return fmt.Sprintf("Association sportive n° %d", r.IntN(40000)) },
					"nature":  func() string { return []string{"numéraire", "en nature", "numéraire;en nature"}[r.IntN(3)] },
					"objet":   func() string { return fmt.Sprintf("Aide au projet %d de l'année %d", r.IntN(1e6), r.IntN(9)) },
				}[f.Name]())
			}
		}
	}
	return b.NewRecord()
}

func BenchmarkParquetEncode(b *testing.B) {
	rec := grants(pipelines.RowGroup)
	for _, compression := range []string{"zstd", "snappy", "none"} {
		b.Run(compression, func(b *testing.B) {
			p := newTestParquet(b, memory.NewGoAllocator(), parquetConfig{Compression: compression})
			f, err := p.Begin(io.Discard, rec.Schema(), About{})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkRows(b, rec, func() int {
				e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
				if err != nil {
					b.Fatal(err)
				}
				n := len(e.(*rowGroup).encoder.out)
				if err := f.Append(e); err != nil {
					b.Fatal(err)
				}
				return n
			})
		})
	}
}

func BenchmarkParquetColumn(b *testing.B) {
	whole := grants(pipelines.RowGroup)
	for i, field := range whole.Schema().Fields() {
		b.Run(field.Name, func(b *testing.B) {
			schema := arrow.NewSchema([]arrow.Field{field}, nil)
			rec := array.NewRecord(schema, []arrow.Array{whole.Column(i)}, whole.NumRows())
			f, err := newTestParquet(b, memory.NewGoAllocator(), parquetConfig{}).Begin(io.Discard, schema, About{})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkRows(b, rec, func() int {
				e, err := f.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
				if err != nil {
					b.Fatal(err)
				}
				n := len(e.(*rowGroup).encoder.out)
				if err := f.Append(e); err != nil {
					b.Fatal(err)
				}
				return n
			})
		})
	}
}

func benchmarkRows(b *testing.B, rec arrow.Record, do func() (size int)) {
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = do()
	}
	rows := float64(rec.NumRows())
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(size)/rows, "B/row")
}
