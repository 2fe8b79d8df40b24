package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// A small file that says much is refused before it is held (invariant 9).
func TestWorkbooksThatSayMuchInFewBytesAreRefused(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	text := strings.Repeat("x", 1<<20-1)
	shared := map[string]string{"xl/sharedStrings.xml": `<sst><si><t>` + text + `</t></si></sst>`}
	names := func(second string) string {
		return `<row><c r="A1" t="str"><v>a</v></c><c r="` + second + `" t="str"><v>z</v></c></row>`
	}
	for _, c := range []struct {
		name, config string
		format       pipelines.Component
		data         []byte
		want         string
	}{
		{"rows that are nearly empty", "", XLSX, xlsxOf(names("XFD1")+strings.Repeat(`<row><c><v>1</v></c></row>`, 300), nil), "LAV-4294"},
		{"a long text in many cells", "", XLSX, xlsxOf(names("B1")+strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 70), shared), "LAV-4294"},
		{"a long text in many names", "", XLSX, xlsxOf(`<row>`+strings.Repeat(`<c t="s"><v>0</v></c>`, 70)+`</row>`, shared), "LAV-4291"},
		{"a long text in merged cells", `merged = "fill"`, XLSX, xlsxOf(names("ZZ1")+`<row><c t="s"><v>0</v></c></row>`,
			map[string]string{"xl/sharedStrings.xml": shared["xl/sharedStrings.xml"], "xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + names("ZZ1") +
				`<row><c t="s"><v>0</v></c></row></sheetData><mergeCells><mergeCell ref="A2:ZZ2"/></mergeCells></worksheet>`}), "LAV-4294"},
		{"a cell that comes often", "sheet = \"Aides\"\nduplicates = \"number\"", ODS, odsOf(strings.Replace(odsNames, "<table:table-cell office", `<table:table-cell table:number-columns-repeated="70" office`, 1) +
			odsRow(`table:number-columns-repeated="70" `+odsText(text))), "LAV-4294"},
		{"a name that comes often", `sheet = "Aides"`, ODS, odsOf(odsRow(`table:number-columns-repeated="70" ` + odsText(text))), "LAV-4291"},
		{"spaces", `sheet = "Aides"`, ODS, odsOf(odsNames + odsRow(odsText(strings.Repeat(`<text:s text:c="32768"/>`, 3000)))), "LAV-4291"},
	} {
		if res := readWith(t, codecFrom[Reader](t, mem, c.format, c.config), inputOf(c.data)); !strings.HasPrefix(res.Err, c.want) || len(res.Rows) > 0 {
			t.Errorf("%s: %d rows, %s", c.name, len(res.Rows), res.Err)
		}
	}
}

// Records that are short and many, or take long values from around them, go into
// more chunks, each of them once.
func TestAChunkOfRecordsBecomesNoMuchLargerBatch(t *testing.T) {
	mem := memory.NewGoAllocator()
	var many strings.Builder
	for i := range 60 {
		fmt.Fprintf(&many, "c%d = \"k%d\", ", i, i)
	}
	around := strings.Repeat("x", 60<<10)
	for _, c := range []struct {
		format, config, data string
		rows, widest         int
	}{
		{"jsonl", "fields = { " + many.String() + "}", strings.Repeat("{}\n", 100_000), 100_000, treeWeight/(60*cellWeight) + 1},
		{"json", "fields = { " + many.String() + "}", "[" + strings.Repeat("{},", 99_999) + "{}]", 100_000, treeWeight/(60*cellWeight) + 1},
		{"xml", "record = [\"/a/r\"]\nfields = { x = \"../@x\", v = \".\" }", `<a x="` + around + `">` + strings.Repeat("<r/>", 3000) + "</a>", 3000, treeWeight/len(around) + 1},
		{"json", "record = \"l\"\nfields = { x = \"$.x\", v = \"v\" }", `{"x": "` + around + `", "l": [{}` + strings.Repeat(",{}", 2999) + "]}", 3000, treeWeight/len(around) + 1},
	} {
		rows := 0
		last := int64(0)
		eachBatch(t, treeFrom(t, mem, c.format, c.config, treeChunkSize), inputOf([]byte(c.data)), func(b pipelines.Batch) {
			if n := int(b.NumRows()); n > c.widest {
				t.Errorf("%s: a batch of %d rows, not %d", c.format, n, c.widest)
			}
			for _, line := range b.Places.Lines {
				if c.format == "jsonl" && line != last+1 {
					t.Fatalf("line %d after %d", line, last)
				}
				last = line
			}
			if texts, ok := b.Column(0).(*array.String); ok {
				if _, data := arrowx.Texts(texts); len(data) > treeWeight+len(around) {
					t.Errorf("%s: %d bytes of text", c.format, len(data))
				}
			}
			rows += int(b.NumRows())
		})
		if rows != c.rows {
			t.Errorf("%s: %d rows, not %d", c.format, rows, c.rows)
		}
	}
	res := readTree(t, treeFrom(t, mem, "json", "fields = { x = \"x\", v = \"l[].v\" }", treeChunkSize), `[{"x":"`+around+`","l":[{}`+strings.Repeat(",{}", 3000)+"]}]")
	if len(res.Rows) > 0 || res.Err != "LAV-4208" {
		t.Errorf("%d rows, %s", len(res.Rows), res.Err)
	}
}

// Many columns of a record name one long text.
func TestLongTextsOfARecordAreBoundedTogether(t *testing.T) {
	var fields []testField
	record := " "
	for i := range 70 {
		fields = append(fields, testField{name: fmt.Sprint("M", i), kind: 'M', size: 10})
		record += fmt.Sprintf("%10d", 1)
	}
	memo := append(append(make([]byte, 512), strings.Repeat("x", 1<<20)...), 0x1a, 0x1a)
	got := readWith(t, dbfFrom(t, memory.NewGoAllocator(), ""), tableInput(table(0x83, 3, fields, record), map[string][]byte{".dbt": memo}))
	if len(got.Rows) != 0 || len(got.Rejects) != 1 || !strings.Contains(got.Rejects[0], "LAV-4275") {
		t.Errorf("%d rows, %v, %s", len(got.Rows), got.Rejects, got.Err)
	}
}
