package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// What skip_footer leaves out is what stands at the end, wherever chunks are cut
// and whichever of the rows are rejected.
func TestAFooterIsTheLastRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		footer := rapid.IntRange(1, 5).Draw(t, "footer")
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a;1", "b;\"2\n2\"", "c", "d;4;4", "e;x\"y", "", "f;é", "g;\xe9"}), 0, 30).Draw(t, "lines")
		var kept []string
		rows := 0
		for i := len(lines) - 1; i >= 0; i-- {
			if lines[i] != "" {
				rows++
			}
			if lines[i] == "" || rows > footer {
				kept = append([]string{lines[i]}, kept...)
			}
		}
		file := func(lines []string) string { return "n;m\n" + strings.Join(append(lines, ""), "\n") }
		config := "delimiter = \";\"\n"
		want := readCSV(t, csvFrom(t, memory.DefaultAllocator, config), file(kept))
		c := csvFrom(t, memory.DefaultAllocator, config+fmt.Sprintf("skip_footer = %d\n", footer))
		c.chunk = rapid.IntRange(4, 60).Draw(t, "chunk")
		got := readCSV(t, c, file(lines))
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestRowsOfAnotherEncodingAreRepairedWhereItIsDeclared(t *testing.T) {
	const file = "\xef\xbb\xbfnom;ville\nZoé;Orléans\nZo\xe9;Orl\xe9ans\n\"Zo\xe9 \"\"la\nmarraine\"\"\";x\nZoé;Orl\xe9ans\nZo\x00;x\nplain;x\nZo\x81;x\n"
	got := readCSV(t, csvFrom(t, memory.DefaultAllocator, "delimiter = \";\"\nrepair = \"cp1252\""), file)
	want := csvResult{Columns: []string{"nom", "ville"},
		Rows: []string{"2: [Zoé] [Orléans]", "3: [Zoé] [Orléans]", "4: [Zoé \"la\nmarraine\"] [x]", "8: [plain] [x]"}}
	if d := cmp.Diff(want.Rows, got.Rows); d != "" {
		t.Error(d)
	}
	if len(got.Rejects) != 3 {
		t.Errorf("rejects: %v", got.Rejects)
	}
	marked := readCSV(t, csvFrom(t, memory.DefaultAllocator, "delimiter = \";\"\nencoding = \"cp1252\""), "\xef\xbb\xbfnom;ville\nZo\xe9;Orl\xe9ans\n")
	if marked.Err != "" || marked.Columns[0] != "nom" || len(marked.Rows) != 1 || marked.Rows[0] != "2: [Zoé] [Orléans]" {
		t.Errorf("a mark of UTF-8 before cp1252: %+v", marked)
	}
}

func TestColumnNamesOfSeveralRows(t *testing.T) {
	for _, c := range []struct{ config, file, want string }{
		{"header_rows = 2", "Adresse,,Total\nrue,ville,\n", "[Adresse rue Adresse ville Total]"},
		{"header_rows = 2", "\n,\n", "[column_1 column_2]"},
		{"duplicates = \"number\"", "a,a,a_2,a\n", "[a a_3 a_2 a_4]"},
		{"names = \"loose\"\ncolumns = { montant_verse = text }", "Montant Versé (€)\n", "[montant_verse]"},
		{"aliases = { MT = \"montant\" }", "m.t.\n", "[montant]"},
	} {
		got := readCSV(t, csvFrom(t, memory.DefaultAllocator, c.config), c.file)
		if fmt.Sprint(got.Columns) != c.want || got.Err != "" {
			t.Errorf("%s: %v %s, want %s", c.config, got.Columns, got.Err, c.want)
		}
	}
	for _, c := range []struct{ config, file string }{
		{"", "a,a\n"},
		{"aliases = { x = \"a\" }", "a,X\n"},
		{"header_rows = 3", "a\nb\n"},
	} {
		if got := readCSV(t, csvFrom(t, memory.DefaultAllocator, c.config), c.file); got.Err == "" {
			t.Errorf("%s is read as %v", c.config, got.Columns)
		}
	}
}

// Memory that was used before shows nowhere: every byte of a column is written.
func TestDirtyMemoryDoesNotShow(t *testing.T) {
	const config = "null = [\"\", \"NC\"]\ndecimal = \",\"\ndelimiter = \";\"\ncolumns = { i = int64, j = int32, f = float64, d = decimal(10, 2), b = bool, le = date, a = timestamp(\"YYYY-MM-DD HH:mm\", \"Europe/Paris\"), l = list(text), s = siren }"
	file := "t;i;j;f;d;b;le;a;l;s\n" + strings.Repeat("é\"x;1;2;1,5;2,25;oui;2024-01-02;2024-01-02 10:00;[\"a\",null];000123456\n"+
		"ééé;;NC;;;;;;;\n\"a \"\"quoted\"\" text that is longer than sixteen bytes\";-1;x;0;0;non;2024-01-02;2024-01-02 10:00;[];000123456\n", 50)
	want := readCSV(t, csvFrom(t, memory.DefaultAllocator, config), file)
	if len(want.Rows) == 0 || len(want.Rejects) == 0 {
		t.Fatal("the file shows nothing")
	}
	if d := cmp.Diff(want, readCSV(t, csvFrom(t, arrowx.Poison{}, config), file)); d != "" {
		t.Error(d)
	}
}

// A title that is a quoted cell of many lines is passed over in one go.
func TestATitleOfManyLines(t *testing.T) {
	got := readCSV(t, csvFrom(t, memory.DefaultAllocator, "header = 2"), "\""+strings.Repeat("\n", 8<<20)+"\"\"\"\na,b\n1,2\n")
	if d := cmp.Diff(csvResult{Columns: []string{"a", "b"}, Rows: []string{"8388611: [1] [2]"}}, got); d != "" {
		t.Error(d)
	}
}

// A file of a million columns is refused, and so is a row of a million cells.
func TestAMillionColumns(t *testing.T) {
	read := func(config, data string) csvResult {
		return readCSV(t, csvFrom(t, memory.DefaultAllocator, config), data)
	}
	for _, cell := range []string{"", "a", `""`} {
		row := strings.Repeat(cell+",", 999_999) + cell + "\n"
		got := read("", "a,b\n1,2\n"+row+"3,4\n")
		if len(got.Rows) != 2 || len(got.Rejects) != 1 || !strings.HasPrefix(got.Rejects[0], "3: f1  LAV-4009: 1000000 cells where the file has 2 columns") {
			t.Errorf("a row: %v, %d rejects, %s", got.Rows, len(got.Rejects), got.Err)
		}
		for _, config := range []string{"", "header_rows = 2", `duplicates = "number"`} {
			if got := read(config, row+row); got.Err != "LAV-4299: file f1 has more columns than are read: 16384" {
				t.Errorf("%s: %s", config, got.Err)
			}
		}
	}
	most := strings.Repeat(",", mostColumns-1) + "\n"
	if got := read("", most+strings.Repeat(",", mostColumns-2)+"z\n"+most); len(got.Columns) != mostColumns || len(got.Rows) != 1 || len(got.Rejects) != 1 {
		t.Errorf("%d columns, %d rows, %s", len(got.Columns), len(got.Rows), got.Err)
	}
	if got := read("", ","+most); got.Err == "" {
		t.Errorf("%d columns", len(got.Columns))
	}
}
