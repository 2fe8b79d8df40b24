package format

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func odsFrom(t csvTB, mem memory.Allocator, config string) *odsCodec {
	return codecFrom[*odsCodec](t, mem, ODS, config)
}

// odsOf is a spreadsheet whose second sheet has those rows.
func odsOf(rows string) []byte {
	return partsOf(map[string]string{
		"mimetype": "application/vnd.oasis.opendocument.spreadsheet",
		"content.xml": `<?xml version="1.0" encoding="UTF-8"?><office:document-content><office:body><office:spreadsheet>` +
			`<table:table table:name="Vide"><table:table-column/><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>` +
			`<table:table table:name="Aides"><table:table-column table:number-columns-repeated="2"/>` + rows + `</table:table></office:spreadsheet></office:body></office:document-content>`,
	})
}

const odsNames = `<table:table-row><table:table-cell office:value-type="string"><text:p>nom</text:p></table:table-cell>` +
	`<table:table-cell office:value-type="string"><text:p>montant</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16382"/></table:table-row>`

// odsRow is a row of cells, each the attributes and what is in it.
func odsRow(cells ...string) string {
	row := "<table:table-row>"
	for _, c := range cells {
		row += "<table:table-cell " + c + "</table:table-cell>"
	}
	return row + "</table:table-row>"
}

func odsText(text string) string { return `office:value-type="string"><text:p>` + text + `</text:p>` }

func odsNumber(v string) string {
	return `office:value-type="float" office:value="` + v + `"><text:p>1 000,00</text:p>`
}

func TestODSReads(t *testing.T) {
	ab := []string{"nom", "montant"}
	for _, c := range []struct {
		name, config, rows string
		want               csvResult
	}{
		{"texts and numbers", "columns = { montant = decimal(12, 2) }", odsNames + odsRow(odsText(`Les <text:span>Amis</text:span>  du`+"\n"+` <text:s text:c="2"/>lavoir<text:line-break/>x<text:tab/></text:p><text:p>et &amp; plus `), odsNumber("1137825.5")) +
			odsRow(odsText(""), `office:value-type="currency" office:currency="EUR" office:value="0.30000000000000004">`) + odsRow(">", `office:value-type="percentage" office:value="0.5">`), csvResult{Columns: ab,
			Rows: []string{"2: [Les Amis  du    lavoir\nx\t\net & plus ] [1137825.5]", `3: \N [0.3]`, `4: \N [0.5]`}}},
		{"days, truths and errors", "columns = { nom = date, montant = bool }", odsNames + odsRow(`office:value-type="date" office:date-value="2024-02-29">`, `office:value-type="boolean" office:boolean-value="true">`) +
			odsRow(`office:value-type="date" office:date-value="2024-02-29T10:00:00">`, ">") + odsRow(">", `table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p>`), csvResult{Columns: ab,
			Rows: []string{"2: [2024-02-29] [true]"}, Rejects: []string{`3: f1 nom LAV-2505: not a date written as YYYY-MM-DD "2024-02-29T10:00:00"`,
				`4: f1 montant LAV-4020: an error of the workbook in place of a value "\t#DIV/0!"`}}},
		{"a number where text is declared", "columns = { montant = text }", odsNames + odsRow(">", odsNumber("7")), csvResult{Columns: ab,
			Rejects: []string{`2: f1 montant LAV-4021: a number where text is declared: zeros in front are lost, and long codes are rounded "\t7"`}}},
		{"formulas", "", odsNames + odsRow(odsText("x"), `table:formula="of:=1+1" office:value-type="float" office:value="2">`) + odsRow(odsText("y"), `table:formula="of:=1+1">`), csvResult{Columns: ab,
			Rows: []string{"2: [x] [2]"}, Rejects: []string{`3: f1 montant LAV-4296: a formula whose result is not in the file "y\t"`}}},
		{"a row that comes often and does not say what it holds", "", odsNames + `<table:table-row table:number-rows-repeated="5"><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row>` +
			`<table:table-row table:number-rows-repeated="5"><table:table-cell office:value-type="string"><text:p/></table:table-cell></table:table-row>` + odsRow(odsText("y")),
			csvResult{Columns: ab, Rows: []string{`2: [x] \N`, `3: [x] \N`, `4: [x] \N`, `5: [x] \N`, `6: [x] \N`, `12: [y] \N`}}},
		{"rows and cells that come often", "", odsNames + `<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" ` + odsNumber("5") + `</table:table-cell></table:table-row>` +
			`<table:table-row table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>` + odsRow(odsText("x")) + `<table:table-row table:number-rows-repeated="1047571"><table:table-cell/></table:table-row>`,
			csvResult{Columns: ab, Rows: []string{"2: [5] [5]", "3: [5] [5]", "4: [5] [5]", `1005: [x] \N`}}},
		{"groups of rows, and notes", "", `<table:table-header-rows>` + odsNames + `</table:table-header-rows><table:table-row-group><table:table-row-group>` +
			odsRow(`office:value-type="string"><office:annotation><text:p>une note</text:p></office:annotation><text:p>x</text:p>`) + `</table:table-row-group>` + odsRow(odsText("y")) + `</table:table-row-group>`,
			csvResult{Columns: ab, Rows: []string{`2: [x] \N`, `3: [y] \N`}}},
		{"merged cells", "", odsNames + `<table:table-row><table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="2" ` + odsText("x") + `</table:table-cell><table:covered-table-cell/></table:table-row>` +
			`<table:table-row><table:covered-table-cell table:number-columns-repeated="2"/></table:table-row>`, csvResult{Columns: ab, Rows: []string{`2: [x] \N`}}},
		{"merged cells that are filled", `merged = "fill"`, odsNames + `<table:table-row><table:table-cell table:number-rows-spanned="2" ` + odsText("x") + `</table:table-cell><table:table-cell ` + odsNumber("1") + `</table:table-cell></table:table-row>` +
			`<table:table-row><table:covered-table-cell/><table:table-cell ` + odsNumber("2") + `</table:table-cell></table:table-row>`, csvResult{Columns: ab, Rows: []string{`2: [x] [1]`, "3: [x] [2]"}}},
		{"more cells than names", "", odsNames + odsRow(odsText("x"), ">", odsText("y")), csvResult{Columns: ab, Rejects: []string{`2: f1  LAV-4009: 3 cells where the file has 2 columns "x"`}}},
		{"too many rows", "", odsNames + strings.Repeat(`<table:table-row table:number-rows-repeated="9999999"><table:table-cell/></table:table-row>`, 2) + odsRow(odsText("x")),
			csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its rows are not in their order"}},
		{"a table in a cell", "", odsNames + odsRow(`><table:table table:is-sub-table="true"><table:table-row/></table:table>`), csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part is not well-formed XML"}},
		{"a number that is none", "", odsNames + odsRow(odsNumber("1,5")), csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a number is not one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, sheet := range []string{`sheet = "Aides"`, "sheet = 2"} {
				got := readWith(t, odsFrom(t, mem, sheet+"\n"+c.config), inputOf(odsOf(c.rows)))
				if c.want.Err != "" {
					got.Columns, got.Rows = c.want.Columns, c.want.Rows
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	mem := memory.NewGoAllocator()
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"a workbook": {sampleXLSX(), "LAV-4290"},
		"encrypted":  {partsOf(map[string]string{"content.xml": "x", "META-INF/manifest.xml": `<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>`}), "LAV-4292"},
		"entities":   {partsOf(map[string]string{"content.xml": `<!DOCTYPE x [<!ENTITY a "b">]><office:body><table:table><table:table-row/></table:table></office:body>`}), "LAV-4295"},
		"no sheet":   {partsOf(map[string]string{"content.xml": `<office:body></office:body>`}), "LAV-4291"},
	} {
		if res := readWith(t, odsFrom(t, mem, ""), inputOf(c.data)); !strings.HasPrefix(res.Err, c.want) {
			t.Errorf("%s: %s", what, res.Err)
		}
	}
}

// A row that says it comes a million times is given in pieces of bounded size.
func TestODSManyTimes(t *testing.T) {
	data := odsOf(odsNames + `<table:table-row table:number-rows-repeated="100000"><table:table-cell table:number-columns-repeated="16384" ` + odsNumber("5") + `</table:table-cell></table:table-row>`)
	rows, most := 0, 0
	eachBatch(t, odsFrom(t, memory.NewGoAllocator(), "sheet = 2\nrange = \"A:B\""), inputOf(data), func(b pipelines.Batch) {
		rows += int(b.NumRows())
		most = max(most, int(b.NumRows()))
		if n := len(b.Places.Lines); n > 0 && b.Places.Lines[n-1] != int64(rows+1) {
			t.Errorf("row %d is said to be %d", rows+1, b.Places.Lines[n-1])
		}
	})
	if rows != 100_000 || most > odsTimes {
		t.Errorf("%d rows, %d in one batch", rows, most)
	}
}

// Many rows, cut into several pieces.
func TestODSPieces(t *testing.T) {
	var rows strings.Builder
	rows.WriteString(odsNames)
	const n = 20_000
	for i := range n {
		rows.WriteString(odsRow(odsText(fmt.Sprintf("Les Amis du lavoir nº %d", i)), odsNumber(fmt.Sprint(i))))
	}
	got, batches := 0, 0
	eachBatch(t, odsFrom(t, memory.NewGoAllocator(), "sheet = 2\ncolumns = { montant = int32 }"), inputOf(odsOf(rows.String())), func(b pipelines.Batch) {
		batches++
		for r := range int(b.NumRows()) {
			if b.Column(1).ValueStr(r) != fmt.Sprint(got) || b.Places.Lines[r] != int64(got+2) {
				t.Fatalf("row %d: %s at %d", got, b.Column(1).ValueStr(r), b.Places.Lines[r])
			}
			got++
		}
	})
	if got != n || batches < 3 {
		t.Errorf("%d rows in %d batches", got, batches)
	}
}

// Rows, columns and a digest of all cells as Python's calamine reads them, but for
// eight cells of the second file that lie hidden under merged ones.
func TestODSRealFiles(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         digestOf
	}{
		{"csv-detective/file.ods", "", digestOf{3, 5, "657cfe30f1d0efbe"}},
		{"subventions/real/DEP_Pyrenees_Orientales_conventions.ods", "header = 6", digestOf{76, 11, "44a8055b9a6ef3de"}},
		{"subventions/api-subventions-asso/helios.fixture.ods", "", digestOf{7, 18, "5d4329c8b2e42647"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			got, rejects := digest(t, odsFrom(t, mem, c.config), inputOf([]byte(realFile(t, c.name))))
			if got != c.want || len(rejects) > 0 {
				t.Errorf("%+v, want %+v; %d rejects", got, c.want, len(rejects))
			}
		})
	}
}

func sampleODS() []byte {
	rows := odsNames
	for i := range 30 {
		rows += odsRow(odsText(fmt.Sprintf("Association %d", i)), odsNumber(fmt.Sprint(i)))
	}
	return odsOf(rows + odsRow(odsText("x"), `table:formula="of:=1">`))
}

func TestODSDamaged(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	booksDamaged(t, odsFrom(t, mem, "sheet = 2"), sampleODS())
}

func TestODSConforms(t *testing.T) {
	data := sampleODS()
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := odsFrom(t, env.Allocator, "sheet = 2\ncolumns = { montant = decimal(8, 2) }")
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, inputOf(data)) }, nil
	})
}

func FuzzODS(f *testing.F) {
	f.Add([]byte(odsNames+odsRow(odsText("x"), odsNumber("5"))), false)
	f.Add([]byte(`<table:table-row table:number-rows-repeated="9"><table:table-cell table:number-columns-spanned="2" office:value-type="date" office:date-value="2024-02-29"/></table:table-row>`), false)
	f.Add(sampleODS(), true)
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, rows []byte, archive bool) {
		data := rows
		if !archive {
			data = odsOf(string(rows))
		}
		bookNeverPanics(t, odsFrom(t, mem, "sheet = 2\nmerged = \"fill\""), data)
	})
}
