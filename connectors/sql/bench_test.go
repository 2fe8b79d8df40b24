package sql

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

const benchRows = 1000000

// BenchmarkPostgres reads a table of a million rows and twelve columns; copy is
// the floor: the same table by COPY in binary, thrown away.
func BenchmarkPostgres(b *testing.B) {
	pg := testPostgres(b)
	schema := pg.schema(b, fmt.Sprintf(`CREATE TABLE t AS SELECT i AS id, (i %% 11 + 2015)::int2 AS exercice, 'Association ' || md5(i::text) AS nom,
		lpad((i::bigint * 7919)::text, 14, '0') AS siret, 'rue ' || i %% 997 AS voie, (i %% 35000 + 1000)::text AS code, (i %% 76923 * 13 / 100.0)::numeric(12, 2) AS montant,
		date '2015-01-01' + i %% 3650 AS jour, timestamptz '2015-01-01Z' + i * interval '1 second' AS saisie, i %% 3 = 0 AS active, i / 7.0::float8 AS taux,
		CASE WHEN i %% 5 > 0 THEN 'ligne ' || i %% 100 END AS note FROM generate_series(1, %d) AS i; ANALYZE t`, benchRows))
	ctx := context.Background()
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
	}
	b.Run("copy", func(b *testing.B) {
		conn, err := pgconn.Connect(ctx, pg.url.String()+"?sslmode=disable")
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close(ctx)
		for range b.N {
			if _, err := conn.CopyTo(ctx, io.Discard, "COPY "+schema+".t TO STDOUT (FORMAT binary)"); err != nil {
				b.Fatal(err)
			}
		}
		report(b)
	})
	for name, order := range map[string][]string{"arrow": nil, "arrow_ordered": {"id"}} {
		b.Run(name, func(b *testing.B) {
			src := pg.source(b, schema, sourceConfig{Query: "SELECT * FROM t", OrderBy: order})
			b.ReportAllocs()
			for range b.N {
				drainRows(b, src, benchRows)
			}
			report(b)
		})
	}
}

func BenchmarkSQLite(b *testing.B) {
	src, _ := fixture(b, "CREATE TABLE t (a)", sourceConfig{Query: manyRows, Columns: columnTypes(b, "id int64"),
		Params: cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(100000)})})
	b.ReportAllocs()
	for range b.N {
		drainRows(b, src, 100000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100000, "ns/row")
}

func drainRows(b *testing.B, src pipelines.Source, want int64) {
	b.Helper()
	s, err := src.Open(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	rows := int64(0)
	err = pipelines.Each(context.Background(), s, func(batch pipelines.Batch) error {
		rows += batch.NumRows()
		batch.Release()
		return nil
	})
	if err != nil || rows != want {
		b.Fatalf("%d rows, %v", rows, err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPostgresDecode makes batches of rows as the server sends them, without one.
func BenchmarkPostgresDecode(b *testing.B) {
	const rows = 10 * batchRows
	types := map[uint32]pipelines.ColumnType{}
	for code, t := range postgresTypes {
		types[code] = pipelines.ColumnType{Type: t.natural}
	}
	types[1700] = pipelines.ColumnType{Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}}
	var found []resultColumn
	for i, code := range []uint32{20, 21, 25, 1042, 25, 25, 1700, 1082, 1184, 16, 701, 25} {
		found = append(found, resultColumn{name: fmt.Sprint("c", i), code: code})
	}
	tuples := make([][]byte, rows)
	for i := range tuples {
		note := []byte(fmt.Sprint("ligne ", i%100))
		if i%5 == 0 {
			note = nil
		}
		tuples[i] = tuple(int8Value(int64(i)), []byte{7, byte(i % 11)}, []byte("Association é "+strconv.Itoa(i*7919)), []byte(fmt.Sprintf("%014d", i)), []byte(fmt.Sprint("rue ", i%997)),
			[]byte(fmt.Sprint(i%35000)), sendNumeric(fmt.Sprintf("%d.%02d", i*13, i%100)), []byte{0, 0, byte(i >> 8 % 50), byte(i)}, int8Value(int64(i)*1e9), []byte{byte(i % 2)}, int8Value(int64(i)<<40), note)
	}
	mem := arrowx.NewPool(1 << 24)
	all, pool := sent(rowOfCopy, tuples...), newBlocks(mem)
	chunks := decodedChunks(found, types, mem)
	b.SetBytes(int64(len(all)))
	b.ResetTimer()
	b.ReportAllocs()
	for range b.N {
		c := *chunks
		c.in = sentBlocks{&answer{in: bytes.NewReader(all), blocks: pool, row: rowOfCopy}}
		if _, err := drainChunks(&c, func(batch pipelines.Batch) {
			if len(batch.Rejects) > 0 {
				b.Fatal(batch.Rejects[0])
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
