package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
)

// What the département's 2017 export holds: 13 conventions under a header, then
// 21 empty lines; each amount as it is written there.
const (
	realFile = "DEP_Lot_Subventions_2017.csv"
	realSum  = "878205.00"
)

var realAmounts = []string{
	"40000.00", "260000.00", "36700.00", "49000.00", "28000.00", "282900.00", "27000.00",
	"24740.00", "29400.00", "30000.00", "47174.00", "10000.00", "13291.00",
}

// TestRealExport publishes a real export of a finance program, cp1252, with
// decimal commas and spaces between thousands, through examples/subventions.
func TestRealExport(t *testing.T) {
	depot, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "subventions", "real"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(depot, realFile)); err != nil {
		t.Skipf("%s is not beside the project", realFile)
	}
	eachPlace(t, func(t *testing.T, at place) {
		p := project{dir: t.TempDir()}
		p.place = at.at(t, p.dir)
		if err := os.CopyFS(p.dir, os.DirFS(filepath.Join("..", "..", "examples", "subventions"))); err != nil {
			t.Fatal(err)
		}
		args := []string{"run", "-var", "depot=" + depot, "-var", `fichier=DEP_Lot_Subventions_(?<exercice>\d{4}).csv`}
		if p.place.kind == "s3" {
			p.place.env = append(p.place.env, "LAVOIR_S3_ACCESS_KEY="+p.place.access, "LAVOIR_S3_SECRET_KEY="+p.place.secret)
			args = append(args, "--pipeline", "subventions_s3", "-var", "publier_s3=true", "-var", "s3_maison=true",
				"-var", "s3_endpoint="+p.place.endpoint, "-var", "s3_bucket="+p.place.bucket)
		} else {
			args = append(args, "--pipeline", "subventions", "-var", "sortie=public")
		}
		p.must(t, 0, args, "1 published")
		all := p.place.look(t)
		published := []byte(all["subventions/2017/subventions.csv"])
		rows, err := csv.NewReader(bytes.NewReader(published)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := slices.Index(rows[0], "montant")
		var amounts []string
		for _, row := range rows[1:] {
			amounts = append(amounts, row[column])
		}
		if !slices.Equal(amounts, realAmounts) {
			t.Errorf("the amounts are\n%q, wanted\n%q", amounts, realAmounts)
		}
		if got := cents(t, amounts); got != realSum {
			t.Errorf("the amounts add up to %s, wanted %s", got, realSum)
		}
		sameValues(t, rows, []byte(all["subventions/2017/subventions.parquet"]))
		p.must(t, 0, append(args, "--output", "json"), `"unchanged": 1`)
	})
}

// cents adds amounts of two decimals exactly.
func cents(t *testing.T, amounts []string) string {
	t.Helper()
	sum := 0
	for _, a := range amounts {
		var n int
		if _, err := fmt.Sscanf(strings.Replace(a, ".", "", 1), "%d", &n); err != nil || a[len(a)-3] != '.' {
			t.Fatalf("the amount %q has no two decimals", a)
		}
		sum += n
	}
	return fmt.Sprintf("%d.%02d", sum/100, sum%100)
}

// sameValues says that a reader of Parquet that is not ours finds in the file
// what the CSV file holds, cell by cell.
func sameValues(t *testing.T, rows [][]string, file []byte) {
	t.Helper()
	table, err := pqarrow.ReadTable(context.Background(), bytes.NewReader(file), parquet.NewReaderProperties(nil),
		pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	if int(table.NumRows()) != len(rows)-1 || int(table.NumCols()) != len(rows[0]) {
		t.Fatalf("Parquet holds %d rows of %d columns, CSV %d of %d", table.NumRows(), table.NumCols(), len(rows)-1, len(rows[0]))
	}
	for c, name := range rows[0] {
		if got := table.Schema().Field(c).Name; got != name {
			t.Fatalf("column %d is %s in Parquet, %s in CSV", c, got, name)
		}
		row := 1
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				if got := text(chunk, i); got != rows[row][c] {
					t.Errorf("row %d, column %s: Parquet holds %q, CSV %q", row, name, got, rows[row][c])
				}
				row++
			}
		}
	}
}

// text is a value as CSV writes it; null is empty.
func text(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return ""
	}
	if d, ok := a.(*array.Decimal128); ok {
		return d.Value(i).ToString(d.DataType().(*arrow.Decimal128Type).Scale)
	}
	return a.ValueStr(i)
}
