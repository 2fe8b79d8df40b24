package privacy

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

func textColumn(values ...string) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues(values, nil)
	return b.NewRecord()
}

// What is remembered of texts changes nothing of what is counted.
func TestLookCountsAsTheDetectorDoes(t *testing.T) {
	d := freetext.New(freetext.Persons, freetext.FrenchNames())
	rapid.Check(t, func(r *rapid.T) {
		kinds := rapid.IntRange(1, 5000).Draw(r, "values")
		var values []string
		var want freetext.Counts
		for i := range rapid.IntRange(0, 20000).Draw(r, "rows") {
			text := fmt.Sprintf("dossier %d", i*7919%kinds)
			if i%3 == 0 {
				text = fmt.Sprintf("tél. 06 12 34 %02d %02d", i*7919%kinds/100%100, i*7919%kinds%100)
				want[freetext.Phone]++
			}
			values = append(values, text)
		}
		rec := textColumn(values...)
		defer rec.Release()
		if got := d.Tally(rec.Column(0)); got != want {
			r.Fatalf("the detector counts %v, not %v", got, want)
		}
		l := policy{}.look(rec.Schema(), nil)
		l.add(rec)
		if got := l.columns[0].found; got != want {
			r.Fatalf("the gate counts %v, not %v", got, want)
		}
	})
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
				policy{}.look(rec.Schema(), nil).add(rec)
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
			policy{}.look(rec.Schema(), nil).add(rec)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
