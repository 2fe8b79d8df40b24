package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const testRows = 2*chunkRows + 100 // the last chunk is not whole

func generate(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	if err := writeGrants(dir, testRows); err != nil {
		t.Fatal(err)
	}
	if err := writeReal(dir, writeSample(t), testRows); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range []string{"grants.csv", "grants-cp1252.csv", "real.csv"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = data
	}
	return out
}

// writeSample writes exports as departments have them, with invented content:
// cp1252 with a stray mark, another order of columns, rows without date.
func writeSample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv": "\xef\xbb\xbfNomAttribuant;idAttribuant;dateConvention;referenceDecision;nomBeneficiaire;idBeneficiaire;objet;montant;nature;" +
			"conditionsVersement;datesperiodeVersement;notificationUE;pourcentageSubvention\r\n" +
			"D\xe9partement;22800001400016;2017/09/08;6.2;Club du lavoir;21800009900018;F\xeate, bal et \"\"\xe9t\xe9\"\";1 500,00;aide;;2017/09/08_2018/09/07;non;0,5\r\n" +
			";;;;;;;;;;;;\r\n",
		"b.csv":     "objet;montant;dateConvention;nomBeneficiaire;idBeneficiaire\nAchat de matériel;2400.0;2016-01-31;Amicale de Val-Fleuri;44137080600016\n",
		"other.csv": "insee;commune\n99001;Val-Fleuri\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheSameBytesOnAnyNumberOfCores(t *testing.T) {
	want := generate(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, data := range generate(t) {
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s is not the same on one core", name)
		}
	}
}

func records(t *testing.T, data []byte, comma rune) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = comma
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != testRows+1 {
		t.Fatalf("%d rows", len(rows)-1)
	}
	return rows
}

func TestGrantsAreWhatTheyAreSaidToBe(t *testing.T) {
	data := generate(t)
	rows, office := records(t, data["grants.csv"], ','), records(t, decode(data["grants-cp1252.csv"]), ';')
	nulls := make([]int, len(grantColumns))
	var quoted, lines, accents, sirets int
	for i, row := range rows[1:] {
		for c, cell := range row {
			other := office[i+1][c]
			switch grantColumns[c] {
			case "montant", "taux":
				other = strings.ReplaceAll(other, ",", ".")
			case "convention_le", "versement_le":
				if d := strings.Split(other, "/"); len(d) == 3 {
					other = d[2] + "-" + d[1] + "-" + d[0]
				}
			case "association_siret":
				if n := len(cell); n == 14 && luhn([]byte(cell[:8])) == cell[8] && luhn([]byte(cell[:13])) == cell[13] {
					sirets++
				}
			}
			if cell != other {
				t.Fatalf("row %d, %s: %q in one file, %q in the other", i+1, grantColumns[c], cell, other)
			}
			if cell == "" {
				nulls[c]++
			}
			if strings.Contains(cell, `"`) {
				quoted++
			}
			if strings.Contains(cell, "\n") {
				lines++
			}
			if strings.ContainsAny(cell, "éœ€") {
				accents++
			}
		}
	}
	for c, n := range nulls {
		if c < 3 && n > 0 || c >= 3 && (n < testRows*9/100 || n > testRows*11/100) {
			t.Errorf("%s is null in %d rows of %d", grantColumns[c], n, testRows)
		}
	}
	if want := testRows - nulls[5]; sirets != want {
		t.Errorf("%d SIRETs with right keys, wanted %d", sirets, want)
	}
	if quoted < testRows/20 || lines < testRows/40 || accents < testRows {
		t.Errorf("%d cells with quotes, %d with several lines, %d with accents in %d rows", quoted, lines, accents, testRows)
	}
}

func TestRealRowsKeepTheirShape(t *testing.T) {
	rows := records(t, generate(t)["real.csv"], ',')
	from := map[string]int{}
	distinct := map[string]bool{}
	for _, row := range rows[1:] {
		giver := row[0] != ""
		from[row[0]]++
		distinct[row[realAmount]+row[realDate]] = true
		if giver != (row[realPeriod] != "") || giver != (row[realShare] == "0.5") {
			t.Fatalf("%q is a row of no export", row)
		}
		if len(row[realID]) != 14 || len(row[realDate]) != 10 || !strings.Contains(row[realAmount], ".") {
			t.Fatalf("%q", row)
		}
	}
	if len(from) != 2 || from["Département"] < testRows/3 || from[""] < testRows/3 {
		t.Errorf("rows by export: %v", from)
	}
	if len(distinct) < testRows/4 {
		t.Errorf("only %d different amounts and dates in %d rows", len(distinct), testRows)
	}
}
