package format

import (
	"context"
	"io"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Files of others: what this codec wrote, and texts that each begin as the one before.
func BenchmarkParquetForeign(b *testing.B) {
	rec := grants(pipelines.RowGroup)
	mem := arrowx.NewPool(64 << 20)
	p := parquetFrom(b, mem, "")
	type row struct {
		Name string `parquet:"name,delta"`
	}
	var rows []row
	for _, name := range aides(pipelines.RowGroup, func(_ int, name, _, _, _ string, _ int) string { return name }) {
		rows = append(rows, row{name})
	}
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"own", encodeFile(b, newTestParquet(b, mem, parquetConfig{}), rec.Schema(), rec.NumRows(), rec)},
		{"texts", writeRows(b, rows, parquetgo.Compression(&parquetgo.Zstd))},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkRows(b, rec, func() int {
				chunks, err := p.Chunks(context.Background(), inputOf(c.file))
				if err != nil {
					b.Fatal(err)
				}
				defer chunks.Close()
				for {
					chunk, err := chunks.Next(context.Background())
					if err == io.EOF {
						return len(c.file)
					}
					if err != nil {
						b.Fatal(err)
					}
					got, err := chunk.Decode(context.Background())
					if err != nil {
						b.Fatal(err)
					}
					got.Release()
				}
			})
		})
	}
}
