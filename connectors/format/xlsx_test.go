package format

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func xlsxFrom(t csvTB, mem memory.Allocator, config string) *xlsxCodec {
	return codecFrom[*xlsxCodec](t, mem, XLSX, config)
}

// partsOf packs parts in the order of their names.
func partsOf(parts map[string]string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range sortedNames(parts) {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, parts[name])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

const relationsTo = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`

// xlsxOf is a workbook whose first sheet has that in its sheetData, and more: parts
// that replace others.
func xlsxOf(rows string, more map[string]string) []byte {
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	parts := map[string]string{
		"_rels/.rels": relationsTo + `<Relationship Id="rId1" Type="` + office + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="Aides" sheetId="1" r:id="rId1"/>` +
			`<sheet name="Vide &amp; plus" sheetId="2" r:id="rId2"/><sheet name="Graphe" sheetId="3" r:id="rId4"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": relationsTo + `<Relationship Id="rId1" Type="` + office + `worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="` + office + `worksheet" Target="/xl/worksheets/sheet2.xml"/>` +
			`<Relationship Id="rId4" Type="` + office + `chartsheet" Target="chartsheets/sheet1.xml"/>` +
			`<Relationship Id="rId3" Type="` + office + `sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/sharedStrings.xml": `<?xml version="1.0"?><sst count="4"><si><t>nom</t></si><si><t xml:space="preserve"> Les &amp; Amis_x000D_` + "\r\n" +
			`du &#x9; lavoir</t></si><si><r><t>Comité </t></r><r><rPr><b/></rPr><t>des fêtes</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si><si/></sst>`,
		"xl/worksheets/sheet1.xml": `<?xml version="1.0"?><worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet><sheetData/></worksheet>`,
	}
	for name, part := range more {
		parts[name] = part
	}
	return partsOf(parts)
}

const twoNames = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>montant</t></is></c></row>`

func TestXLSXReads(t *testing.T) {
	ab := []string{"nom", "montant"}
	for _, c := range []struct {
		name, config, rows string
		more               map[string]string
		want               csvResult
	}{
		{"texts and numbers", "columns = { montant = decimal(12, 2) }", twoNames +
			`<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" s="3"><v>0.30000000000000004</v></c></row><row r="3"/>` +
			`<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4"><v>1137825.5</v></c></row><row r="5"><c r="A5" t="s"><v>3</v></c><c r="B5"/></row>`, nil,
			csvResult{Columns: ab, Rows: []string{"2: [ Les & Amis\r\ndu \t lavoir] [0.3]", "4: [Comité des fêtes] [1137825.5]"}}},
		{"cells that are left out, and none that says where it is", "", `<row><c t="s"><v>0</v></c><c t="str"><v>montant</v></c><c t="str"><v>c</v></c></row>` +
			`<row></row><row><c t="str"><v>x</v></c><c/><c><v>5</v></c></row>`, nil,
			csvResult{Columns: []string{"nom", "montant", "c"}, Rows: []string{`3: [x] \N [5]`}}},
		{"kinds of cells", "columns = { b = bool, d = date, i = date }", `<row r="1"><c r="A1" t="str"><v>b</v></c><c r="B1" t="str"><v>d</v></c><c r="C1" t="str"><v>i</v></c></row>` +
			`<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2"><v>45351</v></c><c r="C2" t="d"><v>2024-02-29T00:00:00</v></c></row>` +
			`<row r="3"><c r="A3" t="e"><v>#N/A</v></c></row><row r="4"><c r="A4" t="b"><v>0</v></c><c r="B4"><v>60</v></c></row>`, nil,
			csvResult{Columns: []string{"b", "d", "i"}, Rows: []string{"2: [true] [2024-02-29] [2024-02-29]"}, Rejects: []string{
				"3: f1 b LAV-4020: an error of the workbook in place of a value \"#N/A\"", "4: f1 d LAV-2506: a day that does not exist \"false\\t60\""}}},
		{"days from 1904", "columns = { montant = date }", twoNames + `<row r="2"><c r="B2"><v>43889</v></c></row>`,
			map[string]string{"xl/workbook.xml": `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="Aides" r:id="rId1"/></sheets></workbook>`},
			csvResult{Columns: ab, Rows: []string{`2: \N [2024-02-29]`}}},
		{"errors that stand for null", `null = ["", "#N/A"]`, twoNames + `<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2"><v>1</v></c></row>`, nil,
			csvResult{Columns: ab, Rows: []string{`2: \N [1]`}}},
		{"a number where text is declared", "columns = { montant = text }", twoNames + `<row r="2"><c r="B2"><v>1234</v></c></row>`, nil,
			csvResult{Columns: ab, Rejects: []string{"2: f1 montant LAV-4021: a number where text is declared: zeros in front are lost, and long codes are rounded \"\\t1234\""}}},
		{"formulas that are to be calculated when the book is opened", "", twoNames + `<row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2"><f>1+1</f><v>0</v></c></row>` +
			`<row r="3"><c r="B3"><v>0</v></c></row>`,
			map[string]string{"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="Aides" r:id="rId1"/></sheets><calcPr calcId="124519" fullCalcOnLoad="1"/></workbook>`},
			csvResult{Columns: ab, Rows: []string{`3: \N [0]`}, Rejects: []string{"2: f1 montant LAV-4296: a formula whose result is not in the file \"x\\t\""}}},
		{"formulas", "", twoNames + `<row r="2"><c r="A2" t="str"><f>A1</f><v>x</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>` +
			`<row r="3"><c r="B3"><f>1+1</f></c></row><row r="4"><c r="A4" t="str"><f>""</f><v></v></c><c r="B4"><v>1</v></c></row>`, nil,
			csvResult{Columns: ab, Rows: []string{"2: [x] [2]", `4: \N [1]`}, Rejects: []string{"3: f1 montant LAV-4296: a formula whose result is not in the file \"\\t\""}}},
		{"more cells than names", "", twoNames + `<row r="2"><c r="A2" t="str"><v>x</v></c><c r="D2"><v>2</v></c></row><row r="3"><c r="A3" t="str"><v>y</v></c><c r="D3"/></row>`, nil,
			csvResult{Columns: ab, Rows: []string{`3: [y] \N`}, Rejects: []string{"2: f1  LAV-4009: 4 cells where the file has 2 columns \"x\""}}},
		{"a range", "range = \"B3:C5\"\nheader = 2", `<row r="3"><c r="A3" t="str"><v>un titre</v></c></row><row r="4"><c r="A4" t="str"><v>z</v></c><c r="B4" t="s"><v>0</v></c><c r="C4" t="str"><v>montant</v></c><c r="D4" t="str"><v>w</v></c></row>` +
			`<row r="5"><c r="B5" t="str"><v>x</v></c><c r="D5" t="str"><v>w</v></c></row><row r="6"><c r="B6" t="str"><v>total</v></c></row>`, nil,
			csvResult{Columns: ab, Rows: []string{`5: [x] \N`}}},
		{"a range without names", "range = \"B:C\"\nheader = 0\ncolumns = { a = text, b = int64 }", `<row r="3"><c r="B3" t="str"><v>x</v></c><c r="C3"><v>7</v></c></row>`, nil,
			csvResult{Columns: []string{"a", "b"}, Rows: []string{`3: [x] [7]`}}},
		{"merged cells", "", twoNames + `<row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2"><v>1</v></c></row><row r="3"><c r="A3"/><c r="B3"><v>2</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells><sheetData>`, nil,
			csvResult{Columns: ab, Rows: []string{"2: [x] [1]", `3: \N [2]`}}},
		{"merged cells that are filled", `merged = "fill"`, twoNames + `<row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2"><v>1</v></c></row><row r="3"><c r="A3"/><c r="B3"><v>2</v></c></row>` +
			`<row r="4"><c r="B4"><v>3</v></c></row><row r="5"><c r="A5"><v>9</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/><mergeCell ref="A5:B5"/></mergeCells><sheetData>`, nil,
			csvResult{Columns: ab, Rows: []string{"2: [x] [1]", "3: [x] [2]", `4: \N [3]`, "5: [9] [9]"}}},
		{"names on two rows, a repeated one and a footer", "header_rows = 2\nskip_repeated_header = true\nskip_footer = 1\nduplicates = \"number\"\nnames = \"loose\"\naliases = { total = \"somme\" }\ncolumns = { \"Aide votée\" = int32 }",
			`<row r="1"><c r="A1" t="str"><v>Aide</v></c><c r="C1" t="str"><v>Total</v></c></row><row r="2"><c r="A2" t="str"><v>nom</v></c><c r="B2" t="str"><v>votee</v></c><c r="D2" t="str"><v> </v></c></row>` +
				`<row r="3"><c r="A3" t="str"><v>x</v></c><c r="B3"><v>1</v></c></row><row r="4"><c r="A4" t="str"><v>nom</v></c><c r="B4" t="str"><v>votee</v></c></row><row r="5"><c r="A5" t="str"><v>y</v></c><c r="B5"><v>2</v></c></row><row r="7"><c r="B7"><v>3</v></c></row><row r="8"><c r="E8"/></row>`, nil,
			csvResult{Columns: []string{"Aide nom", "Aide votée", "somme"}, Rows: []string{`3: [x] [1] \N`, `5: [y] [2] \N`}}},
		{"a name twice", "", `<row r="1"><c r="A1" t="str"><v>nom</v></c><c r="B1" t="str"><v>nom</v></c></row>`, nil, csvResult{Err: "LAV-4001: file f1 names two columns nom"}},
		{"nothing but a footer", "skip_footer = 2", twoNames + `<row r="2"><c r="A2" t="str"><v>x</v></c></row>`, nil, csvResult{Columns: ab}},
		{"a footer and no names", "header = 0\ncolumns = { a = text }\nskip_footer = 1", `<row r="1"><c r="A1" t="str"><v>x</v></c></row>`, nil, csvResult{Columns: []string{"a"}}},
		{"merged cells that share one", `merged = "fill"`, twoNames + `<row r="2"/></sheetData><mergeCells><mergeCell ref="A2:B3"/><mergeCell ref="B3:C4"/></mergeCells><sheetData>`, nil,
			csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its merged cells make no sense"}},
		{"a sheet by its number that is empty", "sheet = 2", "", nil, csvResult{Err: "LAV-4002: file f1 ends before row 1, where its column names should be"}},
		{"a sheet by its name", `sheet = "Vide & plus"`, "", map[string]string{"xl/worksheets/sheet2.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>`},
			csvResult{Columns: []string{"nom"}}},
		{"no such sheet", `sheet = "Aide"`, "", nil, csvResult{Err: `LAV-4293: file f1 has no sheet "Aide"; it has 2`}},
		{"prefixes that other programs write", `merged = "fill"`, "", map[string]string{
			"xl/workbook.xml":          `<x:workbook xmlns:x="x" xmlns:rel="r"><x:sheets><x:sheet name="Aides" sheetId="1" rel:id="rId1"/></x:sheets></x:workbook>`,
			"xl/sharedStrings.xml":     `<x:sst><x:si><x:t>nom</x:t></x:si><x:si><x:r><x:t>le </x:t></x:r><x:r><x:t>lavoir</x:t></x:r></x:si></x:sst>`,
			"xl/worksheets/sheet1.xml": `<x:worksheet><x:sheetFormatPr/><x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c></x:row><x:row r="2"><x:c r="A2" t="s"><x:v>1</x:v></x:c></x:row></x:sheetData><x:mergeCells><x:mergeCell ref="A2:B2"/></x:mergeCells></x:worksheet>`},
			csvResult{Columns: []string{"nom"}, Rows: []string{"2: [le lavoir]"}}},
		{"comments, quotes and CDATA", "", "", map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><!-- a note --></row><row r='2'><c r='A2' t='str'><v><![CDATA[<x>]]></v></c></row></sheetData></worksheet>`},
			csvResult{Columns: []string{"nom"}, Rows: []string{"2: [<x>]"}}},
		{"data where names should be", "", `<row r="1"><c r="A1"><v>21860194600013</v></c></row>`, nil, csvResult{Err: "LAV-4019: row 1 of file f1 holds data, not column names: cell 1 is a number, a date or an address"}},
		{"rows in disorder", "", twoNames + `<row r="3"/><row r="2"/>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its rows are not in their order"}},
		{"cells in disorder", "", twoNames + `<row r="2"><c r="B2"/><c r="A2"/></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its cells are not in their order"}},
		{"a cell of another row", "", twoNames + `<row r="2"><c r="B3"/></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its cells are not in their order"}},
		{"a text that is not there", "", twoNames + `<row r="2"><c r="A2" t="s"><v>4</v></c></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a text is missing"}},
		{"a number that is none", "", twoNames + `<row r="2"><c r="A2"><v>1,5</v></c></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a number is not one"}},
		{"the end of the sheet within a text", "", twoNames + `<row r="2"><c r="A2" t="str"><v><![CDATA[</sheetData>]]></v></c></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part is not well-formed XML"}},
		{"a document type", "", "", map[string]string{"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet><sheetData>` + twoNames + `</sheetData></worksheet>`},
			csvResult{Err: "LAV-4295: a part of file f1 declares a document type or entities, which no spreadsheet writes"}},
		{"an entity", "", twoNames + `<row r="2"><c r="A2" t="str"><v>&e;</v></c></row>`, nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part names an entity that XML does not have"}},
		{"a document type among the texts", "", twoNames, map[string]string{"xl/sharedStrings.xml": `<!DOCTYPE lolz [<!ENTITY lol "lol">]><sst><si><t>&lol;</t></si></sst>`},
			csvResult{Err: "LAV-4295: a part of file f1 declares a document type or entities, which no spreadsheet writes"}},
		{"a target that leads out", "", "", map[string]string{"xl/_rels/workbook.xml.rels": relationsTo + `<Relationship Id="rId1" Type="x/worksheet" Target="../../../etc/passwd"/></Relationships>`},
			csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part is missing"}},
		{"bytes that are not UTF-8", "", twoNames + "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>\xe9</v></c></row>", nil, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part is not UTF-8"}},
		{"a binary workbook", "", "", map[string]string{"_rels/.rels": relationsTo + `<Relationship Id="rId1" Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>`},
			csvResult{Err: "LAV-4290: file f1 is not a workbook (xlsx): it is a binary workbook, xlsb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			got := readWith(t, xlsxFrom(t, mem, c.config), inputOf(xlsxOf(c.rows, c.more)))
			if c.want.Err != "" {
				got.Columns, got.Rows = c.want.Columns, c.want.Rows
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for data, want := range map[string]string{
		"nom;montant\n": "LAV-4290: file f1 is not a workbook (xlsx): it does not begin as one",
		"":              "LAV-4290",
	} {
		if res := readWith(t, xlsxFrom(t, memory.NewGoAllocator(), ""), inputOf([]byte(data))); !strings.HasPrefix(res.Err, want) {
			t.Error(res.Err)
		}
	}
}

// A part that is packed far better than any sheet is given up, long before it is
// unpacked.
func TestXLSXBomb(t *testing.T) {
	data := xlsxOf(twoNames+strings.Repeat(`<row r="2"></row>`, 1)+strings.Repeat(" ", 70<<20), nil)
	res := readWith(t, xlsxFrom(t, memory.NewGoAllocator(), ""), inputOf(data))
	if !strings.HasPrefix(res.Err, "LAV-4294") {
		t.Error(len(data), res.Err)
	}
}

func TestBookConfigRefused(t *testing.T) {
	configsRefused(t, XLSX, map[string]*messages.Message{
		`header = -1`:      messages.CSVOption,
		`header = 0`:       messages.CSVNoColumns,
		`range = "B3"`:     messages.CSVOption,
		`range = "B3:A9"`:  messages.CSVOption,
		`range = "B9:C3"`:  messages.CSVOption,
		`range = "B0:C3"`:  messages.CSVOption,
		`range = "É1:Z3"`:  messages.CSVOption,
		`merged = "all"`:   messages.WrongArgument,
		`range = "A:XFZ9"`: messages.CSVOption,
	})
}

// Many rows, cut into several pieces, with and without the numbers of rows.
func TestXLSXPieces(t *testing.T) {
	for _, numbered := range []bool{true, false} {
		var rows strings.Builder
		rows.WriteString(`<row><c t="str"><v>n</v></c><c t="str"><v>t</v></c></row>`)
		const n = 40_000
		for i := range n {
			fmt.Fprintf(&rows, `<row><c><v>%d</v></c><c t="inlineStr"><is><t>Les Amis du lavoir nº %d</t></is></c></row>`, i, i)
		}
		text := rows.String()
		if numbered {
			parts := strings.Split(text, "<row>")
			for i := range parts[1:] {
				parts[i+1] = fmt.Sprintf(`<row r="%d">`, i+1) + parts[i+1]
			}
			text = strings.Join(parts, "")
		}
		codec, got, batches := xlsxFrom(t, memory.NewGoAllocator(), "columns = { n = int32 }"), 0, 0
		eachBatch(t, codec, inputOf(xlsxOf(text, nil)), func(b pipelines.Batch) {
			batches++
			for r := range int(b.NumRows()) {
				if b.Column(0).ValueStr(r) != fmt.Sprint(got) || b.Places.Lines[r] != int64(got+2) {
					t.Fatalf("row %d: %s at %d", got, b.Column(0).ValueStr(r), b.Places.Lines[r])
				}
				got++
			}
		})
		if got != n || batches < 3 {
			t.Errorf("%d rows in %d batches", got, batches)
		}
	}
}

// Rows, columns and a digest of all cells as Python's openpyxl reads them; days
// are their serial numbers again.
func TestXLSXRealFiles(t *testing.T) {
	const asso = "subventions/api-subventions-asso/"
	for _, c := range []struct {
		name, config string
		want         digestOf
	}{
		{"cantine/canteens_good.xlsx", "", digestOf{1, 12, "935ae507f589ab2c"}},
		{"cantine/canteens_update_good_one.xlsx", "", digestOf{1, 15, "74b852b556a82ad3"}},
		{"cantine/purchases_good.xlsx", "", digestOf{1, 12, "c8bd0c7988e27fd2"}},
		{"cantine/purchases_good_old.xlsx", "", digestOf{1, 8, "1855f6c651f39697"}},
		{"cantine/purchases_good_with_empty_columns.xlsx", "", digestOf{2, 12, "c7135a42116cdf59"}},
		{"cantine/purchases_good_with_empty_columns_old.xlsx", "", digestOf{2, 8, "072926b491fb3ef2"}},
		{"csv-detective/file.xlsx", "", digestOf{6, 2, "e8953dcd9c41e972"}},
		{asso + "SUBVENTIA.xlsx", "", digestOf{48, 15, "3304cdfbdc6d3b15"}},
		{asso + "SCDL.xlsx", "sheet = 3\nheader = 4", digestOf{10, 14, "257177b9ade0f9a0"}},
		{asso + "SCDL.xlsx", "header = 7", digestOf{4, 4, "663131583aea6e42"}},
		{asso + "SCDL_WITH_EXERCICE_ALT.xlsx", `sheet = "Sheet1"`, digestOf{3, 18, "96d0de7ca56d661a"}},
		{asso + "fonjep-new.xlsx", "", digestOf{4, 9, "fbed608e2b6acf19"}},
		{asso + "fonjep-new.xlsx", "sheet = 2", digestOf{4, 14, "226d5e20cb47180e"}},
		{asso + "fonjep-new.xlsx", "sheet = 3", digestOf{12, 6, "e929a4394d9602b3"}},
		{"subventions/real/DEP_Aube_Donnees_essentielles_conventions_subvention.xlsx", "header = 2", digestOf{7, 14, "a7b4cd63ce4cd5f5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			got, rejects := digest(t, xlsxFrom(t, mem, c.config), inputOf([]byte(realFile(t, c.name))))
			if got != c.want || len(rejects) > 0 {
				t.Errorf("%+v, want %+v; %d rejects", got, c.want, len(rejects))
			}
		})
	}
}

// sampleXLSX is a workbook with all kinds of cells.
func sampleXLSX() []byte {
	rows := twoNames
	for i := 2; i < 40; i++ {
		rows += fmt.Sprintf(`<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><f>1</f><v>%d.5</v></c></row>`, i, i, 1+i%2, i, i)
	}
	return xlsxOf(rows+`<row r="40"><c r="A40" t="b"><v>1</v></c><c r="B40" t="e"><v>#N/A</v></c></row>`, nil)
}

// booksDamaged reads a workbook that is cut or has a byte turned over: what comes
// is a message, rows that are all the same as those of the whole, or rejects.
func booksDamaged(t *testing.T, codec Reader, data []byte) {
	t.Helper()
	whole := readWith(t, codec, inputOf(data))
	if whole.Err != "" || len(whole.Rows) == 0 {
		t.Fatalf("%+v", whole)
	}
	eachFault(t, data, func(what string, data []byte) {
		res := readWith(t, codec, inputOf(data))
		switch {
		case res.Err != "":
			if !strings.HasPrefix(res.Err, "LAV-4") {
				t.Error(what, res.Err)
			}
		case what == "cut":
			t.Errorf("%d bytes are read as a whole workbook", len(data))
		case !cmp.Equal(whole, res):
			t.Errorf("a turned byte gives other rows: %s", cmp.Diff(whole, res))
		}
	})
}

func TestXLSXDamaged(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	booksDamaged(t, xlsxFrom(t, mem, ""), sampleXLSX())
}

func TestXLSXConforms(t *testing.T) {
	data := sampleXLSX()
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := xlsxFrom(t, env.Allocator, `columns = { montant = decimal(8, 2) }`)
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, inputOf(data)) }, nil
	})
}

func TestXLSXPutAsideConforms(t *testing.T) {
	data := sampleXLSX()
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := asideXLSX(t, env.Allocator, t.TempDir(), `columns = { montant = decimal(8, 2) }`, 1)
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, inputOf(data)) }, nil
	})
}

// Any number of goroutines read what was put aside, of which few frames are held.
func TestAsideBytesAreReadAtOnce(t *testing.T) {
	a, err := newAside(pipelines.NewSpool(t.TempDir(), memory.NewGoAllocator(), 0), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	all := make([]byte, 20*asideSize+77)
	for i := range all {
		all[i] = byte(i * 7 >> 3)
	}
	if _, err := a.Write(all); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for g := range 4 {
		readers.Go(func() {
			for i := range 500 {
				off := (i*7919 + g*104729) % len(all)
				n := min(i*37, len(all)-off)
				b, err := a.read(nil, int64(off), n)
				if err != nil || !bytes.Equal(b, all[off:off+n]) {
					t.Errorf("%d bytes from %d: %v", n, off, err)
					return
				}
			}
		})
	}
	readers.Wait()
	if len(a.held) > 3 || len(a.round) > 3 {
		t.Errorf("%d frames are held", len(a.held))
	}
}

// bookNeverPanics reads whatever bytes there are.
func bookNeverPanics(t *testing.T, codec Reader, data []byte) {
	if res := readWith(t, codec, inputOf(data)); res.Err != "" && !strings.HasPrefix(res.Err, "LAV-4") {
		t.Fatal(res.Err)
	}
}

// FuzzXLSX puts any bytes into the sheet and the shared texts, which a fuzzer of
// the archive's bytes would hardly reach.
func FuzzXLSX(f *testing.F) {
	f.Add([]byte(twoNames+`<row r="2"><c r="A2" t="s"><v>1</v></c></row>`), []byte(`<si><t>nom</t></si><si><t>x_x000D_</t></si>`), false)
	f.Add([]byte(`<row><c t="b"><v>1</v></c></row>`), []byte(`<si/>`), false)
	f.Add(sampleXLSX(), []byte{}, true)
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, rows, texts []byte, archive bool) {
		data := rows
		if !archive {
			data = xlsxOf(string(rows), map[string]string{"xl/sharedStrings.xml": "<sst>" + string(texts) + "</sst>"})
		}
		bookNeverPanics(t, xlsxFrom(t, mem, `merged = "fill"`), data)
	})
}

// asideXLSX is a codec that puts texts aside beyond so many bytes.
func asideXLSX(t csvTB, mem memory.Allocator, dir, config string, bound int64) *xlsxCodec {
	c := xlsxFrom(t, mem, config)
	c.texts, c.env.Spool = bound, pipelines.NewSpool(dir, mem, 0)
	return c
}

// Shared texts that were put aside read as those in memory do, whatever their lengths,
// in whatever order they are asked for, by several goroutines; and nothing of them stays.
func TestXLSXTextsPutAside(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		long := rapid.SampledFrom([]int{3, 80, 3000, 70_000})
		texts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return strings.Repeat(rapid.StringMatching(`[a-zé€]{1,3}`).Draw(rt, "part"), rapid.IntRange(1, long.Draw(rt, "long")).Draw(rt, "times"))
		}), 1, 60).Draw(rt, "texts")
		places := rapid.SliceOfN(rapid.IntRange(0, len(texts)-1), 1, 300).Draw(rt, "places")
		var sst, rows strings.Builder
		for _, s := range texts {
			sst.WriteString("<si><t>" + s + "</t></si>")
		}
		for i, p := range places {
			fmt.Fprintf(&rows, `<row r="%d"><c r="A%[1]d" t="s"><v>%d</v></c></row>`, i+1, p)
		}
		data := xlsxOf(rows.String(), map[string]string{"xl/sharedStrings.xml": "<sst>" + sst.String() + "</sst>"})
		mem, dir := memory.NewGoAllocator(), t.TempDir()
		config := "header = 0\ncolumns = { a = text }"
		want := readWith(t, xlsxFrom(t, mem, config), inputOf(data))
		got := readWith(t, asideXLSX(t, mem, dir, config, rapid.Int64Range(1, 100_000).Draw(rt, "bound")), inputOf(data))
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Error(diff)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			rt.Errorf("%d files are left, %v", len(left), err)
		}
	})
}

// Chunks stay good after the workbook was closed, and the last one to go removes what
// was put aside.
func TestXLSXChunksOutliveTheWorkbook(t *testing.T) {
	var rows, sst strings.Builder
	rows.WriteString(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`)
	sst.WriteString("<si><t>nom</t></si>")
	for i := 1; i < 60_000; i++ {
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%[1]d" t="s"><v>%d</v></c></row>`, i+1, i)
		fmt.Fprintf(&sst, "<si><t>texte %d</t></si>", i)
	}
	data := xlsxOf(rows.String(), map[string]string{"xl/sharedStrings.xml": "<sst>" + sst.String() + "</sst>"})
	dir := t.TempDir()
	left := func() int {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	chunks, err := asideXLSX(t, mem, dir, "", 1000).Chunks(context.Background(), inputOf(data))
	if err != nil {
		t.Fatal(err)
	}
	var all []pipelines.Chunk
	for {
		c, err := chunks.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) < 2 {
		t.Fatalf("%d chunks", len(all))
	}
	if err := chunks.Close(); err != nil {
		t.Fatal(err)
	}
	all[0].Discard()
	n := 1
	for _, c := range all[1:] {
		if left() == 0 {
			t.Fatal("what a chunk needs is gone")
		}
		b, err := c.Decode(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		n += int(b.NumRows())
		b.Release()
	}
	if left() != 0 || n < 1000 {
		t.Errorf("%d files are left, %d rows", left(), n)
	}
}

// A damaged workbook whose texts were put aside ends as one whose texts are in memory,
// and leaves nothing.
func TestXLSXPutAsideDamaged(t *testing.T) {
	dir := t.TempDir()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	booksDamaged(t, asideXLSX(t, mem, dir, "", 1), sampleXLSX())
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}

// A value full of > is passed over in one go, wherever its tag ends.
func TestATagWithItsEndInAValue(t *testing.T) {
	mem := memory.NewGoAllocator()
	for _, quote := range []string{`"`, "'"} {
		row := `<row r="2"><c x=` + quote + strings.Repeat(">", 8<<20) + quote + ` y='"' r="A2"><v>1</v></c></row>`
		got := readWith(t, xlsxFrom(t, mem, ""), inputOf(xlsxOf(twoNames+row, nil)))
		if d := cmp.Diff(csvResult{Columns: []string{"nom", "montant"}, Rows: []string{`2: [1] \N`}}, got); d != "" {
			t.Error(d)
		}
	}
}
