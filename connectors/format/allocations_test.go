package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Reading, encoding and writing rows allocates by the batch, never by the row.
func TestNothingIsAllocatedByTheRow(t *testing.T) {
	const rows = 16 << 10
	perRow := func(what string, do func()) {
		do() // buffers grow to their size
		if n := testing.AllocsPerRun(5, do); n/rows > 0.05 {
			t.Errorf("%s: %.0f allocations for %d rows", what, n, rows)
		}
	}
	mem := arrowx.NewPool(64 << 20)
	rec := grants(rows)
	batch := []pipelines.Batch{{Record: rec}}

	parquet, err := newTestParquet(t, mem, parquetConfig{}).Begin(io.Discard, rec.Schema(), About{})
	if err != nil {
		t.Fatal(err)
	}
	perRow("Parquet", func() { encodeAll(t, parquet, batch) })

	csv, err := csvFrom(t, mem, `profile = "scdl"`).Begin(io.Discard, rec.Schema(), About{})
	if err != nil {
		t.Fatal(err)
	}
	perRow("CSV written", func() { encodeAll(t, csv, batch) })

	for _, encoding := range []string{"utf-8", "cp1252"} {
		var b bytes.Buffer
		b.WriteString("id;nom;montant;jour;taux\n")
		for i := range rows {
			name := "Comit\u00e9 n\u00b0 " // in UTF-8
			if encoding == "cp1252" {
				name = "Comit\xe9 n\xb0 "
			}
			fmt.Fprintf(&b, "%d;%s%d;%d,50;%02d/03/2024;0,%d\n", i, name, i%977, i, 1+i%28, i)
		}
		codec := csvFrom(t, mem, fmt.Sprintf(`
			delimiter = ";"
			decimal   = ","
			encoding  = %q
			columns   = { id = int64, montant = decimal(12, 2), jour = date("DD/MM/YYYY"), taux = float64 }`, encoding))
		in := csvInput(b.String())
		perRow("CSV in "+encoding, func() {
			chunks, err := codec.Chunks(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			defer chunks.Close()
			for {
				c, err := chunks.Next(context.Background())
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Decode(context.Background())
				if err != nil || len(got.Rejects) > 0 {
					t.Fatal(err, got.Rejects)
				}
				got.Release()
			}
		})
	}
}

// Nor do the readers of trees.
func TestNothingIsAllocatedByTheRecord(t *testing.T) {
	for _, c := range []struct{ format, config, data string }{
		{"xml", totemLines + "columns = { montant = decimal(14, 2), exercice = int32 }", townTOTEM(4000)},
		{"json", decp2022 + "columns = { montant = decimal(14, 2) }", townDECP(4000)},
	} {
		codec := treeFrom(t, arrowx.NewPool(64<<20), c.format, c.config, 0)
		read := func() {
			eachTreeBatch(t, codec, csvInput(c.data), func(b pipelines.Batch) {
				if len(b.Rejects) > 0 {
					t.Fatal(b.Rejects)
				}
			})
		}
		read()
		if n := testing.AllocsPerRun(3, read); n/4000 > 0.25 {
			t.Errorf("%s: %.0f allocations for 4000 records", c.format, n)
		}
	}
}

func encodeAll(t *testing.T, w FileWriter, group []pipelines.Batch) {
	e, err := w.Encode(context.Background(), group)
	if err == nil {
		err = w.Append(e)
	}
	if err != nil {
		t.Fatal(err)
	}
}
