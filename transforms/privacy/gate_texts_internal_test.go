package privacy

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

func textColumn(values ...string) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues(values, nil)
	return b.NewRecord()
}

// viewedFile is a file of batches that so many workers read, which do not agree on who
// reads what.
type viewedFile struct {
	pipelines.SealedFile
	batches []arrow.Record
	workers int
	readBy  func(batch int) int
}

func (f viewedFile) OpenViewed(_ context.Context, begin func(*arrow.Schema) pipelines.View) (pipelines.Stream, error) {
	views := make([]pipelines.View, f.workers)
	for w := range views {
		views[w] = begin(f.batches[0].Schema())
	}
	at := 0
	return pipelines.NewStream(f.batches[0].Schema(), func(context.Context) (pipelines.Batch, error) {
		if at == len(f.batches) {
			return pipelines.Batch{}, io.EOF
		}
		b := f.batches[at]
		views[f.readBy(at)](b)
		at++
		b.Retain()
		return pipelines.Batch{Record: b}, nil
	}, nil), nil
}

// What is counted does not depend on how many look, nor on who looks at what, nor on
// whether the file numbers its texts.
func TestLooksCountAsTheDetectorDoes(t *testing.T) {
	d := freetext.New(freetext.Persons, freetext.FrenchNames())
	rapid.Check(t, func(r *rapid.T) {
		kinds := rapid.IntRange(1, 50).Draw(r, "values")
		var values []string
		var want freetext.Counts
		for i := range rapid.IntRange(1, 2000).Draw(r, "rows") {
			text := fmt.Sprintf("dossier %d", i*7919%kinds)
			if i%3 == 0 {
				text = fmt.Sprintf("tél. 06 12 34 %02d %02d", i*7919%kinds/100%100, i*7919%kinds%100)
				want[freetext.Phone]++
			}
			values = append(values, text)
		}
		plain := textColumn(values...)
		defer plain.Release()
		if got := d.Tally(plain.Column(0)); got != want {
			r.Fatalf("the detector counts %v, not %v", got, want)
		}
		var batches []arrow.Record
		for from := 0; from < len(values); {
			to := from + rapid.IntRange(1, len(values)-from).Draw(r, "batch")
			rec := textColumn(values[from:to]...)
			if rapid.Bool().Draw(r, "numbered") {
				rec.Release()
				rec = numberedColumn(values[from:to]...)
			}
			defer rec.Release()
			batches = append(batches, rec)
			from = to
		}
		workers := rapid.IntRange(1, 4).Draw(r, "workers")
		f := viewedFile{batches: batches, workers: workers, readBy: func(int) int { return rapid.IntRange(0, workers-1).Draw(r, "worker") }}
		in, l, err := policy{}.openLooked(context.Background(), f)
		if err == nil {
			err = pipelines.Each(context.Background(), in, func(b pipelines.Batch) error {
				defer b.Release()
				l.add(b.Record)
				return nil
			})
		}
		if err != nil {
			r.Fatal(err)
		}
		if got := l.total()[0].found; got != want {
			r.Fatalf("the gate counts %v, not %v", got, want)
		}
	})
}

func numberedColumn(values ...string) arrow.Record {
	t := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "t", Type: t, Nullable: true}}, nil))
	defer b.Release()
	for _, v := range values {
		_ = b.Field(0).(*array.BinaryDictionaryBuilder).AppendString(v)
	}
	return b.NewRecord()
}

// BenchmarkLook is how long the gate looks into the texts of usual columns.
func BenchmarkLook(b *testing.B) {
	columns := map[string]func(i int) string{
		"few values":  func(i int) string { return []string{"Val-Fleuri", "Saint-Aubin-le-Lavoir", "Les Tilleuls"}[i*i%3] },
		"dates":       func(i int) string { return fmt.Sprintf("%d-%02d-%02d", 2000+i%25, i%12+1, i%28+1) },
		"identifiers": func(i int) string { return fmt.Sprintf("999%011d", i*i) },
		"associations": func(i int) string {
			return fmt.Sprintf("%s %d", []string{"AMICALE DES ESSAIS", "Foyer rural", "COMITE DES FETES", "Union sportive"}[i%4], i%700)
		},
		"sentences": func(i int) string {
			return fmt.Sprintf("Subvention de fonctionnement n° %d, organisation des activités périscolaires et de la fête de la commune", i)
		},
		"names": func(i int) string {
			return fmt.Sprintf("%s %d", []string{"AMICALE DES ESSAIS", "Foyer rural", "COMITE DES FETES", "Association des parents d'élèves"}[i%4], i*7919%30000)
		},
		"subjects": func(i int) string {
			return fmt.Sprintf("%s n° %d", []string{"Fête de la commune", "Achat de matériel", "Aide aux familles pour les vacances des enfants", "Projet culturel"}[i%4], i)
		},
		"addresses": func(i int) string { return fmt.Sprintf("%d rue du Lavoir, 35999 Val-Fleuri", i) },
		"codes":     func(i int) string { return fmt.Sprintf("%05d", i%900) },
	}
	for name, value := range columns {
		b.Run(name, func(b *testing.B) {
			values := make([]string, 1<<16)
			size := 0
			for i := range values {
				values[i] = value(i)
				size += len(values[i])
			}
			rec := textColumn(values...)
			defer rec.Release()
			b.SetBytes(int64(size))
			for b.Loop() {
				policy{}.look(rec.Schema()).column(0, rec.Column(0))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/byte")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
		})
	}
}

// BenchmarkLookAtGrants is the same of the six text columns of a table of grants, as
// the formats are measured with.
func BenchmarkLookAtGrants(b *testing.B) {
	const rows = 1 << 16
	r := rand.New(rand.NewPCG(7, 7))
	columns := []func() string{
		func() string { return fmt.Sprintf("99%03d", r.IntN(300)) },
		func() string { return fmt.Sprintf("Val-Fleuri-lès-%d", r.IntN(300)) },
		func() string { return fmt.Sprintf("%014d", r.Int64N(1e14)) },
		func() string { return fmt.Sprintf("Association sportive n° %d", r.IntN(40000)) },
		func() string { return []string{"numéraire", "en nature", "numéraire;en nature"}[r.IntN(3)] },
		func() string { return fmt.Sprintf("Aide au projet %d de l'année %d", r.IntN(1e6), r.IntN(9)) },
	}
	var recs []arrow.Record
	for _, value := range columns {
		values := make([]string, rows)
		for i := range values {
			values[i] = value()
		}
		recs = append(recs, textColumn(values...))
	}
	for b.Loop() {
		for _, rec := range recs {
			policy{}.look(rec.Schema()).column(0, rec.Column(0))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
