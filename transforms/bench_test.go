package transforms_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
)

// Beside the time, each benchmark says how many rows a second went through.
func BenchmarkTransforms(b *testing.B) {
	const rows = 200_000
	bodies := map[string]string{
		"aggregate":   `group_by = ["service"]` + "\n" + `columns = { total = sum(row.montant) }`,
		"cast":        `columns = { texte = decimal(12, 2) }` + "\n" + `decimal = ","`,
		"deduplicate": `by = ["nom"]`,
		"filter":      `where = row.montant > 100`,
		"lookup":      `source = source.table.services` + "\n" + `on = { service = "code" }` + "\n" + `columns = ["libelle"]`,
		"normalise":   `columns = ["nom"]`,
		"sort":        `by = ["nom"]`,
	}
	text := arrow.BinaryTypes.String
	in := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "nom", Type: text, Nullable: true}, {Name: "service", Type: text, Nullable: true},
		{Name: "texte", Type: text, Nullable: true}, {Name: "montant", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}, Nullable: true}}, nil)}
	services := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "code", Type: text, Nullable: true}, {Name: "libelle", Type: text, Nullable: true}}, nil)}
	for i := range rows {
		in.Rows = append(in.Rows, []any{fmt.Sprintf("Amicale n° %d", i*7919%rows/2), fmt.Sprintf("S%03d", i%500), fmt.Sprintf("%d,%02d", i, i%100), decimal128.FromI64(int64(i))})
	}
	for i := range 500 {
		services.Rows = append(services.Rows, []any{fmt.Sprintf("S%03d", i), fmt.Sprintf("Service %d", i)})
	}
	for _, c := range transforms.All {
		body, ok := bodies[c.Name]
		if !ok {
			continue
		}
		b.Run(c.Name, func(b *testing.B) {
			env := pipelinetest.Env(b)
			env.Allocator = memory.NewGoAllocator()
			env.Memory = 1 << 30
			tr := trial.Build(b, env, c, body, map[string]pipelinetest.Table{"services": services})
			var recs []arrow.Record
			for i := 0; i < rows; i += 1 << 14 {
				part := pipelinetest.Table{Schema: in.Schema, Rows: in.Rows[i:min(i+1<<14, rows)]}
				recs = append(recs, part.Record(env.Allocator))
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range recs {
					r.Retain()
				}
				s, err := tr.Run(b.Context(), pipelines.Records(in.Schema, recs...))
				if err != nil {
					b.Fatal(err)
				}
				err = pipelines.Each(b.Context(), s, func(batch pipelines.Batch) error { batch.Release(); return nil })
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
