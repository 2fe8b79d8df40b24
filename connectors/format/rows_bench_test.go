package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// aides are n rows as bench/files.py makes them.
func aides(n int, row func(i int, name, siret, town, day string, cents int) string) (rows []string) {
	towns := []string{"Val-Fleuri", "Saint-R\xe9my-sur-Orne", "Le Lavoir", "Bourg-la-Fontaine", "\x8cuilly"}

	for i := range n {
		k := i % 997
		rows = append(rows, row(i, fmt.Sprintf("Association %04d des amis du lavoir", k), fmt.Sprintf("%014d", 99900000000000+k*7919), towns[k%len(towns)],
			fmt.Sprintf("2024-%02d-%02d", k%12+1, k%28+1), 1000+k*137))
	}
	return rows
}

func BenchmarkDBF(b *testing.B) {
	rows := aides(200_000, func(i int, name, siret, town, day string, cents int) string {
		return fmt.Sprintf(" %10d%-40s%s%s%s%14s", i, name, siret, town+strings.Repeat(" ", 20-len(town)), strings.ReplaceAll(day, "-", ""), fmt.Sprintf("%d.%02d", cents/100, cents%100))
	})
	fields := []testField{{"NUMERO", 'N', 10, 0, 0}, {"NOM", 'C', 40, 0, 0}, {"SIRET", 'C', 14, 0, 0}, {"COMMUNE", 'C', 20, 0, 0}, {"JOUR", 'D', 8, 0, 0}, {"MONTANT", 'N', 14, 2, 0}}
	benchmarkReader(b, dbfFrom(b, memory.NewGoAllocator(), "columns = { NUMERO = int64, JOUR = date, MONTANT = decimal(14, 2) }"), table(3, 3, fields, rows...))
}

func BenchmarkFixed(b *testing.B) {
	rows := aides(200_000, func(i int, name, siret, town, day string, cents int) string {
		return fmt.Sprintf("%010d%-40s%s%s%s%12s\n", i, name, siret, town+strings.Repeat(" ", 20-len(town)), day, fmt.Sprintf("%d.%02d", cents/100, cents%100))
	})
	benchmarkReader(b, fixedFrom(b, memory.NewGoAllocator(), `encoding = "cp1252"
fields = { numero = "1-10", nom = "11-50", siret = "51-64", commune = "65-84", jour = "85-94", montant = "95-106" }
columns = { numero = int64, jour = date, montant = decimal(14, 2) }`), []byte(strings.Join(rows, "")))
}
