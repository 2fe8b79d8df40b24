package format

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func xlsFrom(t csvTB, mem memory.Allocator, config string) *xlsCodec {
	return codecFrom[*xlsCodec](t, mem, XLS, config)
}

// oleOf is a compound file of one stream, of 60 KiB at most.
func oleOf(name string, stream []byte) []byte {
	const sector = 512
	for len(stream) < 4096 || len(stream)%sector != 0 { // smaller ones stand elsewhere
		stream = append(stream, 0)
	}
	out := make([]byte, sector, 1<<16)
	copy(out, oleMark)
	le := binary.LittleEndian
	le.PutUint16(out[24:], 0x3E)
	le.PutUint16(out[26:], 3)
	le.PutUint16(out[28:], 0xFFFE)
	le.PutUint16(out[30:], 9)
	le.PutUint16(out[32:], 6)
	le.PutUint32(out[44:], 1) // sectors of the table: the first
	le.PutUint32(out[48:], 1) // the directory: the second
	le.PutUint32(out[56:], 4096)
	le.PutUint32(out[60:], 0xFFFFFFFE)
	le.PutUint32(out[68:], 0xFFFFFFFE)
	for i := 76; i < sector; i += 4 {
		le.PutUint32(out[i:], 0xFFFFFFFF)
	}
	le.PutUint32(out[76:], 0)
	table, n := make([]byte, sector), len(stream)/sector
	for i := range sector / 4 {
		next := uint32(0xFFFFFFFF)
		switch {
		case i == 0:
			next = 0xFFFFFFFD
		case i == 1 || i == 1+n:
			next = 0xFFFFFFFE
		case i < 1+n:
			next = uint32(i + 1)
		}
		le.PutUint32(table[4*i:], next)
	}
	directory := make([]byte, sector)
	entry := func(i int, name string, kind byte, child, start uint32, size int) {
		e := directory[128*i:]
		for j, u := range utf16.Encode([]rune(name)) {
			le.PutUint16(e[2*j:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66], e[67] = kind, 1
		le.PutUint32(e[68:], 0xFFFFFFFF)
		le.PutUint32(e[72:], 0xFFFFFFFF)
		le.PutUint32(e[76:], child)
		le.PutUint32(e[116:], start)
		le.PutUint32(e[120:], uint32(size))
	}
	entry(0, "Root Entry", 5, 1, 0xFFFFFFFE, 0)
	entry(1, name, 2, 0xFFFFFFFF, 2, len(stream))
	return append(append(append(out, table...), directory...), stream...)
}

// biff appends a record, whose data are numbers of 16 bits, bytes and texts.
func biff(kind uint16, data ...any) []byte {
	var b []byte
	for _, d := range data {
		switch d := d.(type) {
		case int:
			b = binary.LittleEndian.AppendUint16(b, uint16(d))
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, d)
		case float64:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(d))
		case string:
			b = append(b, d...)
		}
	}
	head := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), uint16(len(b)))
	return append(head, b...)
}

// biffBook is a workbook of one sheet, or of none where there are no cells.
func biffBook(version int, globals []byte, cells ...[]byte) []byte {
	b := append(biff(biffBOF, version, 5, 0, 0), globals...)
	name := "\x05\x00Aides"
	if version == 0x0500 {
		name = "\x05Aides"
	}
	sheet := biff(biffBoundSheet, uint32(0), "\x00\x00", name)
	binary.LittleEndian.PutUint32(sheet[4:], uint32(len(b)+len(sheet)+4))
	b = append(append(b, sheet...), biff(biffEOF)...)
	b = append(b, biff(biffBOF, version, 0x10, 0, 0)...)
	for _, c := range cells {
		b = append(b, c...)
	}
	return append(b, biff(biffEOF)...)
}

func biffText(row, col int, text string) []byte {
	return biff(biffLabel, row, col, 0, len(text), "\x00"+text)
}

var biffNames = append(biffText(0, 0, "nom"), biffText(0, 1, "montant")...)

func TestXLSReads(t *testing.T) {
	ab := []string{"nom", "montant"}
	texts := append(biff(biffSST, uint32(3), uint32(3), 5, "\x00Amis ", 10, "\x01", "\xe9\x00t\x00\xe9\x00"),
		append(biff(biffContinue, "\x00 du lav"), biff(biffContinue, 2, "\x0d", 1, uint32(3), "o\x00", "i\x00", "\x00\x00\x00\x00xyz")...)...)
	for _, c := range []struct {
		name, config string
		globals      []byte
		cells        [][]byte
		want         csvResult
	}{
		{"numbers", "columns = { montant = decimal(12, 2) }", nil, [][]byte{biffNames,
			biff(biffNumber, 1, 0, 0, 0.5), biff(biffNumber, 1, 1, 0, 0.1+0.2), biff(biffMulRK, 2, 0, 0, uint32(7<<2|2), 0, uint32(12345<<2|3), 1),
			biff(biffRK, 3, 1, 0, uint32(math.Float64bits(1.5)>>32)), biff(biffRK, 4, 1, 0, uint32(0xFFFFFFFC|2))},
			csvResult{Columns: ab, Rows: []string{"2: [0.5] [0.3]", "3: [7] [123.45]", `4: \N [1.5]`, `5: \N [-1]`}}},
		{"texts that cells share, over several records", "", texts, [][]byte{biffNames, biff(biffLabelSST, 1, 0, 0, uint32(0)), biff(biffLabelSST, 1, 1, 0, uint32(1)), biff(biffLabelSST, 2, 0, 0, uint32(2))},
			csvResult{Columns: ab, Rows: []string{"2: [Amis ] [été du lav]", `3: [oi] \N`}}},
		{"truths, errors and days", "columns = { nom = bool, montant = date }", nil, [][]byte{biffNames, biff(biffBoolErr, 1, 0, 0, "\x01\x00"), biff(biffNumber, 1, 1, 0, 45351.0), biff(biffBoolErr, 2, 1, 0, "\x2a\x01")},
			csvResult{Columns: ab, Rows: []string{"2: [true] [2024-02-29]"}, Rejects: []string{`3: f1 montant LAV-4020: an error of the workbook in place of a value "\t#N/A"`}}},
		{"days from 1904", "columns = { montant = date }", biff(biffDate1904, 1), [][]byte{biffNames, biff(biffNumber, 1, 1, 0, 43889.0)}, csvResult{Columns: ab, Rows: []string{`2: \N [2024-02-29]`}}},
		{"formulas", "", nil, [][]byte{biffNames, biff(biffFormula, 1, 0, 0, "\x00\x00\x00\x00\x00\x00\xff\xff", 0, uint32(0)), biff(0x4BC, 1), biff(biffString, 5, "\x00Am"), biff(biffContinue, "\x01i\x00s\x00 \x00"),
			biff(biffFormula, 1, 1, 0, 2.5, 0, uint32(0)), biff(biffFormula, 2, 0, 0, "\x01\x00\x01\x00\x00\x00\xff\xff", 0, uint32(0)), biff(biffFormula, 2, 1, 0, "\x03\x00\x00\x00\x00\x00\xff\xff", 0, uint32(0)),
			biff(biffFormula, 3, 1, 0, "\x02\x00\x2a\x00\x00\x00\xff\xff", 0, uint32(0)), biff(biffFormula, 4, 0, 0, "\x03\x00\x00\x00\x00\x00\xff\xff", 2, uint32(0)),
			biff(biffFormula, 5, 0, 0, "\x00\x00\x00\x00\x00\x00\xff\xff", 0, uint32(0)), biff(biffNumber, 5, 1, 0, 1.0)},
			csvResult{Columns: ab, Rows: []string{"2: [Amis ] [2.5]", `3: [true] \N`}, Rejects: []string{`4: f1 montant LAV-4020: an error of the workbook in place of a value "\t#N/A"`,
				`5: f1 nom LAV-4296: a formula whose result is not in the file ""`, `6: f1 nom LAV-4296: a formula whose result is not in the file "\t1"`}}},
		{"formulas that were never calculated", "", nil, [][]byte{biffNames, biff(biffFormula, 1, 1, 0, 0.0, 3, uint32(0)), biff(biffFormula, 2, 1, 0, 0.0, 1, uint32(0)), biff(biffFormula, 3, 1, 0, 7.0, 2, uint32(0))},
			csvResult{Columns: ab, Rows: []string{`3: \N [0]`, `4: \N [7]`}, Rejects: []string{`2: f1 montant LAV-4296: a formula whose result is not in the file "\t"`}}},
		{"merged cells that are filled", `merged = "fill"`, nil, [][]byte{biffNames, biffText(1, 0, "x"), biff(biffNumber, 1, 1, 0, 1.0), biff(biffNumber, 2, 1, 0, 2.0), biff(biffMergedCells, 1, 1, 2, 0, 0)},
			csvResult{Columns: ab, Rows: []string{"2: [x] [1]", "3: [x] [2]"}}},
		{"a chart in the sheet", "", nil, [][]byte{biffNames, biff(biffBOF, 0x600, 0x20, 0, 0), biff(biffNumber, 0, 0, 0, 9.0), biff(biffEOF), biffText(1, 0, "x")}, csvResult{Columns: ab, Rows: []string{`2: [x] \N`}}},
		{"a number where text is declared", "columns = { montant = text }", nil, [][]byte{biffNames, biff(biffNumber, 1, 1, 0, 7.0)}, csvResult{Columns: ab,
			Rejects: []string{`2: f1 montant LAV-4021: a number where text is declared: zeros in front are lost, and long codes are rounded "\t7"`}}},
		{"encrypted", "", biff(biffFilePass, 1, 1), nil, csvResult{Err: "LAV-4292: file f1 is protected by a password"}},
		{"no such sheet", "sheet = 2", nil, nil, csvResult{Err: `LAV-4293: file f1 has no sheet "2"; it has 1`}},
		{"rows in disorder", "", nil, [][]byte{biffNames, biffText(2, 0, "x"), biffText(1, 0, "y")}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its rows are not in their order"}},
		{"cells in disorder", "", nil, [][]byte{biffNames, biffText(1, 1, "x"), biffText(1, 0, "y")}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: its cells are not in their order"}},
		{"a text that is not there", "", nil, [][]byte{biffNames, biff(biffLabelSST, 1, 0, 0, uint32(0))}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a text is missing"}},
		{"a text that ends too early", "", nil, [][]byte{biffNames, biff(biffLabel, 1, 0, 0, 9, "\x00abc")}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part ends too early"}},
		{"half a character", "", nil, [][]byte{biffNames, biff(biffLabel, 1, 0, 0, 1, "\x01\x3d\xd8")}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a text is no text"}},
		{"a record of a cell too short", "", nil, [][]byte{biffNames, biff(biffNumber, 1, 0, 0)}, csvResult{Err: "LAV-4291: file f1 is damaged or cut short: a part ends too early"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			got := readWith(t, xlsFrom(t, mem, c.config), inputOf(oleOf("Workbook", biffBook(0x0600, c.globals, c.cells...))))
			if c.want.Err != "" {
				got.Columns, got.Rows = c.want.Columns, c.want.Rows
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	mem := memory.NewGoAllocator()
	old := biffBook(0x0500, biff(biffCodePage, 850), biff(biffLabel, 0, 0, 0, 3, "nom"), biff(biffRString, 1, 0, 0, 3, "\x82t\x82", "\x01\x00\x00"))
	if res := readWith(t, xlsFrom(t, mem, ""), inputOf(oleOf("Book", old))); !cmp.Equal(res, csvResult{Columns: []string{"nom"}, Rows: []string{"2: [été]"}}) {
		t.Errorf("BIFF5: %+v", res)
	}
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"another compound file": {oleOf("WordDocument", nil), "LAV-4291"},
		"an encrypted xlsx":     {oleOf("EncryptedPackage", nil), "LAV-4292"},
		"an xlsx":               {sampleXLSX(), "LAV-4290"},
		"Excel 4":               {[]byte("\x09\x04\x06\x00\x00\x00\x10\x00"), "LAV-4290"},
		"Excel 95 and before":   {oleOf("Book", biffBook(0x0400, nil)), "LAV-4290"},
		"HTML":                  {[]byte("<html><table>"), "LAV-4290"},
		"an end missing":        {oleOf("Workbook", biff(biffBOF, 0x0600, 5)), "LAV-4291"},
	} {
		if res := readWith(t, xlsFrom(t, mem, ""), inputOf(c.data)); !strings.HasPrefix(res.Err, c.want) {
			t.Errorf("%s: %s", what, res.Err)
		}
	}
	if res := readWith(t, xlsxFrom(t, mem, ""), inputOf(oleOf("EncryptedPackage", nil))); !strings.HasPrefix(res.Err, "LAV-4292") {
		t.Errorf("an encrypted xlsx: %s", res.Err)
	}
	if res := readWith(t, xlsxFrom(t, mem, ""), inputOf(oleOf("Workbook", biffBook(0x0600, nil)))); !strings.HasPrefix(res.Err, "LAV-4290") {
		t.Errorf("an xls where an xlsx should be: %s", res.Err)
	}
}

func fixture(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/aides.xls") // made with Python's xlwt
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Rows, columns and a digest of all cells as Python's xlrd reads them.
func TestXLSRealFiles(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	got, rejects := digest(t, xlsFrom(t, mem, "sheet = \"Aides & plus\"\nnull = [\"\", \"#N/A\"]"), inputOf(fixture(t)))
	if want := (digestOf{304, 5, "69c8af32bbc46cbe"}); got != want || len(rejects) > 0 {
		t.Errorf("%+v, want %+v; %d rejects", got, want, len(rejects))
	}
	got, rejects = digest(t, xlsFrom(t, mem, ""), inputOf([]byte(realFile(t, "subventions/real/DEP_Deux_Sevres_conventions.xls"))))
	if want := (digestOf{467, 11, "c9d4b11363476786"}); got != want || len(rejects) > 0 {
		t.Errorf("%+v, want %+v; %d rejects", got, want, len(rejects))
	}
	for name, want := range map[string]digestOf{
		"subventions/api-subventions-asso/SuiviDossiers_test.xls": {2, 55, "68ac21f268c700f7"},
		"subventions/api-subventions-asso/SuiviActions_test.xls":  {2, 80, "4d2c5852493b37f2"},
	} {
		got, rejects = digest(t, xlsFrom(t, mem, "header = 2\nduplicates = \"number\""), inputOf([]byte(realFile(t, name))))
		if got != want || len(rejects) > 0 {
			t.Errorf("%s: %+v, want %+v; %d rejects", name, got, want, len(rejects))
		}
	}
	for name, want := range map[string]string{
		"subventions/api-subventions-asso/SuiviDossiers_test.xls": "LAV-4001: file f1 names two columns Code Postal",
		"csv-detective/file.xls":                                  "LAV-4290: file f1 is not a workbook (xls): it is a workbook of the newer kind, xlsx or ods",
	} {
		if res := readWith(t, xlsFrom(t, mem, "header = 2"), inputOf([]byte(realFile(t, name)))); res.Err != want {
			t.Errorf("%s: %s", name, res.Err)
		}
	}
}

// An xls has no checksums: a byte turned over may give another text. It gives no
// panic, no hang and no memory left, and a file cut short is never read as whole.
func TestXLSDamaged(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	codec := xlsFrom(t, mem, "sheet = 2")
	whole := readWith(t, codec, inputOf(fixture(t)))
	eachFault(t, fixture(t), func(what string, data []byte) {
		res := readWith(t, codec, inputOf(data))
		if res.Err != "" && !strings.HasPrefix(res.Err, "LAV-4") {
			t.Error(res.Err)
		}
		if what == "cut" && res.Err == "" && !cmp.Equal(res, whole) {
			t.Errorf("%d bytes are read as a whole workbook", len(data))
		}
	})
}

func TestXLSConforms(t *testing.T) {
	data := fixture(t)
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := xlsFrom(t, env.Allocator, "sheet = 2\ncolumns = { montant = decimal(8, 2), \"voté\" = date, n = int32 }")
		return func(ctx context.Context) (pipelines.Chunks, error) { return codec.Chunks(ctx, inputOf(data)) }, nil
	})
}

// A compound file of thousands of folders in one another is refused before a path of
// each is held (invariant 9).
func TestACompoundFileOfManyFoldersIsRefused(t *testing.T) {
	const sector, folders = 512, 8192
	le := binary.LittleEndian
	out := oleOf("Workbook", nil)[:sector]
	directory := make([]byte, 128*folders)
	for i := range folders {
		e := directory[128*i:]
		e[0], e[64], e[66], e[67] = 'a', 4, 1, 1
		if i == 0 {
			e[66] = 5
		}
		le.PutUint32(e[68:], 0xFFFFFFFF)
		le.PutUint32(e[72:], 0xFFFFFFFF)
		le.PutUint32(e[76:], uint32(i+1))
		le.PutUint32(e[116:], 0xFFFFFFFE)
	}
	le.PutUint32(directory[128*(folders-1)+76:], 0xFFFFFFFF)
	tables := len(directory)/sector/128 + 1
	table := make([]byte, tables*sector)
	for i := range tables * 128 {
		next := uint32(i + 1)
		switch {
		case i < tables:
			next = 0xFFFFFFFD
		case i >= tables+len(directory)/sector:
			next = 0xFFFFFFFF
		case i == tables+len(directory)/sector-1:
			next = 0xFFFFFFFE
		}
		le.PutUint32(table[4*i:], next)
	}
	le.PutUint32(out[44:], uint32(tables))
	le.PutUint32(out[48:], uint32(tables))
	for i := range tables {
		le.PutUint32(out[76+4*i:], uint32(i))
	}
	out = append(append(out, table...), directory...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res := readWith(t, xlsFrom(t, memory.NewGoAllocator(), ""), inputOf(out))
	runtime.ReadMemStats(&after)
	if !strings.HasPrefix(res.Err, "LAV-4291") {
		t.Error(res)
	}
	if held := after.TotalAlloc - before.TotalAlloc; held > 64<<20 {
		t.Errorf("%d bytes are held for a file of %d", held, len(out))
	}
}

// FuzzXLS puts any bytes among the cells and before the sheets, or takes them as
// the compound file.
func FuzzXLS(f *testing.F) {
	f.Add([]byte{}, append(biffNames, biff(biffNumber, 1, 1, 0, 45351.0)...), false)
	f.Add(biff(biffSST, uint32(1), uint32(1), 2, "\x00ab"), append(biffNames, biff(biffLabelSST, 1, 0, 0, uint32(0))...), false)
	f.Add([]byte{}, oleOf("Workbook", biffBook(0x0600, nil, biffNames)), true)
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, globals, cells []byte, file bool) {
		data := cells
		if !file {
			if len(globals)+len(cells) > 50<<10 {
				return
			}
			data = oleOf("Workbook", biffBook(0x0600, globals, cells))
		}
		bookNeverPanics(t, xlsFrom(t, mem, `merged = "fill"`), data)
	})
}
