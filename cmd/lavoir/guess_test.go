package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// guessedNames are names of columns that a pipeline file must not misread.
var guessedNames = []string{"nom", "Montant TTC (€)", "code postal", "2024", "a.b", "x${y}", "%{if}", `l'"objet"`, "\\n", "date de début", "SIRET", "null", "été", "columns", "n°", "#"}

// guessedKinds are what columns hold, by the number of the row.
var guessedKinds = []func(i int) string{
	func(i int) string { return fmt.Sprint(i - 3) },
	func(i int) string { return fmt.Sprintf("%d,%02d", i*37, i%100) },
	func(i int) string { return fmt.Sprintf("%03d", i) },
	func(i int) string { return fmt.Sprintf("%02d/%02d/20%02d", i%28+1, i%12+1, i%30) },
	func(i int) string { return fmt.Sprintf("20%02d-%02d-%02d", i%30, i%12+1, i%28+1) },
	func(i int) string { return fmt.Sprintf("2199000%07d", i) },
	func(i int) string { return []string{"oui", "non"}[i%2] },
	func(i int) string { return "l'été " + strings.Repeat("à", i%9) + "; \"x\"\n" },
	func(i int) string { return []string{"", "NC", "12"}[i%3] },
	func(i int) string { return "" },
	func(i int) string { return fmt.Sprintf("%d 000", i+1) },
	func(i int) string { return "${x} %{y}" },
}

// guessedTable is a CSV file of columns of those kinds, in which few values are of
// another kind.
func guessedTable(t *rapid.T) string {
	names := rapid.Permutation(guessedNames).Draw(t, "names")[:rapid.IntRange(2, 6).Draw(t, "columns")]
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "delimiter")
	rows := rapid.SampledFrom([]int{1, 3, 150}).Draw(t, "rows")
	slips := rapid.IntRange(0, 2).Draw(t, "slips")
	var kinds []func(int) string
	for range names {
		kinds = append(kinds, rapid.SampledFrom(guessedKinds).Draw(t, "kind"))
	}
	_ = w.Write(names)
	for i := range rows {
		row := make([]string, len(names))
		for c := range row {
			row[c] = kinds[c](i)
			if slips == c && i == 77 {
				row[c] = "à vérifier"
			}
		}
		_ = w.Write(row)
	}
	w.Flush()
	return b.String()
}

// Whatever a file holds, what is guessed from it is a pipeline, and a run of it
// rejects the rows that the guess said, and no others.
func TestWhatIsGuessedRuns(t *testing.T) {
	table := rapid.Custom(guessedTable)
	for seed := range 25 {
		p := project{dir: t.TempDir()}
		p.write(t, "export.csv", table.Example(seed))
		got := p.lavoir(t, "guess", "export.csv", "--output", "json")
		var guess struct {
			Pipeline string
			Rows     int64
			Rejects  []struct{ Count int64 }
		}
		if err := json.Unmarshal([]byte(got.out), &guess); err != nil || got.code != 0 {
			t.Fatalf("table %d: %v %s", seed, err, got)
		}
		rejects := int64(0)
		for _, r := range guess.Rejects {
			rejects += r.Count
		}
		p.write(t, "guess.hcl", strings.Replace(guess.Pipeline, "  # ", "  on_reject = \"drop\"\n  # ", 1))
		run := p.lavoir(t, "run", "guess.hcl", "--output", "json")
		var report struct {
			Tasks []struct {
				Read     int64 `json:"rows_read"`
				Rejected int64 `json:"rows_rejected"`
			}
		}
		if err := json.Unmarshal([]byte(run.out), &report); err != nil || len(report.Tasks) != 1 {
			t.Fatalf("table %d: %v %s\n%s", seed, err, guess.Pipeline, run)
		}
		fine := run.code == 0 || run.code == 5 && rejects > 0 || run.code == 4 && guess.Rows == 0
		if r := report.Tasks[0]; r.Rejected != rejects || !fine {
			t.Errorf("table %d: %d rejects were said, %d are, and the run ends with %d\n%s\n%s", seed, rejects, r.Rejected, run.code, guess.Pipeline, run)
		}
	}
}
