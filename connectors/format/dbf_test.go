package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func dbfFrom(t csvTB, mem memory.Allocator, config string) *dbfCodec {
	return codecFrom[*dbfCodec](t, mem, DBF, config)
}

// tableInput is a table with the files beside it, by extension.
func tableInput(table []byte, beside map[string][]byte) Input {
	in := inputOf(table)
	in.Beside = func(_ context.Context, extension string) (Input, bool, error) {
		data, ok := beside[extension]
		return inputOf(data), ok, nil
	}
	return in
}

// realTable is a table of the shared data with its memo file.
func realTable(t *testing.T, name, memo string) Input {
	t.Helper()
	beside := map[string][]byte{}
	if memo != "" {
		beside[strings.ToLower(filepath.Ext(memo))] = []byte(realFile(t, "dbf/"+memo))
	}
	return tableInput([]byte(realFile(t, "dbf/"+name)), beside)
}

// Rows, columns and a digest of all cells as Python's dbfread reads them, numbers
// as they are written; but of dBase IV memos it reads eight bytes too many, which are
// left out here. dBase II and 7, which it does not read, are sliced by
// Python as their descriptions say.
func TestDBFRealFiles(t *testing.T) {
	for _, c := range []struct {
		name, memo, config string
		want               digestOf
	}{
		{"cp1251.dbf", "", "", digestOf{4, 2, "4b3f229aee0d83bc"}},
		{"dbase_02.dbf", "", "", digestOf{9, 14, "dbf900e27a564815"}},
		{"dbase_03.dbf", "", "", digestOf{14, 31, "9ea16d13bf586cc5"}},
		{"dbase_03_cyrillic.dbf", "", "", digestOf{2, 2, "de335e035fb5bf2e"}},
		{"dbase_30.dbf", "dbase_30.fpt", "", digestOf{34, 145, "2d0923fff96dc7fe"}},
		{"dbase_31.dbf", "", "", digestOf{77, 10, "18c64fa4657df94c"}},
		{"dbase_32.dbf", "", "", digestOf{1, 1, "2032076802f77a0c"}},
		{"dbase_83.dbf", "dbase_83.dbt", `encoding = "cp1252"`, digestOf{67, 15, "529580476b8be1a9"}},
		{"dbase_8b.dbf", "dbase_8b.dbt", "", digestOf{10, 6, "3d968c56b15e43fd"}},
		{"dbase_8c.dbf", "", `without = ["Description", "OLE Graphic"]`, digestOf{10, 4, "ee5ce74e95624003"}},
		{"dbase_f5.dbf", "dbase_f5.fpt", `encoding = "cp850"`, digestOf{975, 59, "12b5a5ecb176c4f0"}},
		{"foxprodb/calls.dbf", "foxprodb/calls.FPT", "", digestOf{16, 6, "336adaa1610923d9"}},
		{"foxprodb/contacts.dbf", "foxprodb/contacts.FPT", "", digestOf{5, 29, "f47872814c48be17"}},
		{"foxprodb/setup.dbf", "", "", digestOf{3, 2, "235b8c1364d269b8"}},
		{"foxprodb/types.dbf", "", "", digestOf{2, 2, "c150d1bccd6264ed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{dbfChunkSize, 1000} {
				codec := dbfFrom(t, mem, c.config)
				codec.chunk = size
				got, rejects := digest(t, codec, realTable(t, c.name, c.memo))
				if got != c.want || len(rejects) > 0 {
					t.Errorf("chunks of %d bytes: %+v, want %+v; %d rejects", size, got, c.want, len(rejects))
				}
			}
		})
	}
	mem := memory.NewGoAllocator()
	for _, c := range []struct{ name, config, err string }{
		{"polygon.dbf", "", "LAV-4270: file f1 is no dBase table that can be read: it has no columns"},
		{"dbase_83_missing_memo.dbf", "", `LAV-4272: file f1 keeps its long texts ("DESC") in a second file, .dbt, which is not beside it`},
		{"dbase_8c.dbf", "", `LAV-4276: column OLE Graphic of file f1 is of a type that is not read: G`},
		{"dbase_83.dbf", `without = ["DESK"]`, "LAV-4000"},
	} {
		if res := readWith(t, dbfFrom(t, mem, c.config), realTable(t, c.name, "")); !strings.HasPrefix(res.Err, c.err) {
			t.Errorf("%s: %s", c.name, res.Err)
		}
	}
	// dbfread passes over these records in silence: their mark is a NUL
	res := readWith(t, dbfFrom(t, mem, `encoding = "cp852"`), realTable(t, "mazovia.dbf", ""))
	if len(res.Rows) != 0 || len(res.Rejects) != 2 || !strings.Contains(res.Rejects[0], "LAV-4278") {
		t.Errorf("mazovia.dbf: %+v", res)
	}
	got, _ := digest(t, dbfFrom(t, mem, `without = ["DESC"]`), realTable(t, "dbase_83_missing_memo.dbf", ""))
	if got.rows != 67 || got.cols != 14 {
		t.Errorf("without its memo: %+v", got)
	}
}

// column describes a column of a table in the making.
type testField struct {
	name     string
	kind     byte
	size     int
	decimals byte
	flags    byte
}

// table writes a table.
func table(version, mark byte, fields []testField, records ...string) []byte {
	size := 1
	for _, f := range fields {
		size += f.size
	}
	b := append([]byte(nil), make([]byte, 32)...)
	b[0], b[29] = version, mark
	binary.LittleEndian.PutUint32(b[4:], uint32(len(records)))
	binary.LittleEndian.PutUint16(b[8:], uint16(33+32*len(fields)))
	binary.LittleEndian.PutUint16(b[10:], uint16(size))
	for _, f := range fields {
		d := make([]byte, 32)
		copy(d, f.name)
		d[11], d[16], d[17], d[18] = f.kind, byte(f.size), f.decimals, f.flags
		if f.size > 255 {
			d[17] = byte(f.size >> 8)
		}
		b = append(b, d...)
	}
	b = append(b, 0x0d)
	for _, r := range records {
		b = append(b, r...)
	}
	return append(b, 0x1a)
}

func little[T uint32 | uint64](v T) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(v))
	return string(b[:binary.Size(v)])
}

func TestDBFReads(t *testing.T) {
	text := []testField{{name: "NOM", kind: 'C', size: 5}, {name: "N", kind: 'N', size: 6, decimals: 2}}
	fox := []testField{{name: "I", kind: 'I', size: 4}, {name: "B", kind: 'B', size: 8}, {name: "Y", kind: 'Y', size: 8},
		{name: "T", kind: 'T', size: 8}, {name: "V", kind: 'V', size: 4, flags: 2}, {name: "_NullFlags", kind: '0', size: 1, flags: 5}}
	memos := []testField{{name: "C", kind: 'C', size: 2}, {name: "M", kind: 'M', size: 10}}
	dbt3 := append(make([]byte, 512), "Le lavoir\r\nest ouvert\x1a\x1a"...)
	minus := int64(-12345678)
	for _, c := range []struct {
		name, config string
		data         []byte
		beside       map[string][]byte
		want         csvResult
	}{
		{"texts and numbers", "columns = { N = decimal(8, 2) }", table(3, 3, text, " \xe9t\xe9   12.50", " ab     -.50", "            "), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"1: [été] [12.5]", "2: [ab] [-0.5]", `3: \N \N`}}},
		{"deleted and damaged records", "", table(3, 3, text, "*abcde  1.00", " abcde  2.00", "\x00abcde  3.00"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"2: [abcde] [2.00]"},
				Rejects: []string{`3: f1  LAV-4278: a record that neither stands nor is deleted: its mark is damaged "\x00abcde  3.00"`}}},
		{"a number that did not fit", "", table(3, 3, text, " abcde******", " abcde     1"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"2: [abcde] [1]"},
				Rejects: []string{`1: f1 N LAV-4274: a number that did not fit its column: the software wrote asterisks " abcde******"`}}},
		{"what is no number", "columns = { N = int64 }", table(3, 3, text, " abcde   1O ", " abcde  1.50"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rejects: []string{
				`1: f1 N LAV-2511: a letter where a digit should be (O for 0, I or l for 1) " abcde   1O "`,
				`2: f1 N LAV-2500: not a whole number " abcde  1.50"`}}},
		{"a byte that is no text", "", table(3, 3, text, " \x81bcde     1", " abcde     1"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"2: [abcde] [1]"},
				Rejects: []string{`1: f1 NOM LAV-4280: a byte in column 1 that is no text in the characters of the table " \x81bcde     1"`}}},
		{"nothing tells the characters, and ASCII needs none", "", table(3, 0, text, " abcde     1"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"1: [abcde] [1]"}}},
		{"nothing tells the characters", "", table(3, 0, text, " \x82bcde     1"), nil,
			csvResult{Columns: []string{"NOM", "N"}, Err: "LAV-4271: nothing tells in which characters file f1 is written (its mark is 0x00)"}},
		{"a .cpg file tells the characters", "", table(3, 3, text, " \x82bcde     1"), map[string][]byte{".cpg": []byte("OEM 850\r\n")},
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"1: [ébcde] [1]"}}},
		{"the option has the last word", `encoding = "cp850"`, table(3, 3, text, " \x82bcde     1"), map[string][]byte{".cpg": []byte("1252")},
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"1: [ébcde] [1]"}}},
		{"a .cpg file of nonsense", "", table(3, 3, text, " abcde     1"), map[string][]byte{".cpg": []byte("klingon")},
			csvResult{Err: "LAV-4271: nothing tells in which characters file f1 is written (its mark is 0x03)"}},
		{"days and truth", "columns = { D = date, L = bool }", table(3, 3, []testField{{name: "D", kind: 'D', size: 8}, {name: "L", kind: 'L', size: 1}},
			" 20240229T", "         ?", " 00000000n", " 20240230F", " 2024/2/1F"), nil,
			csvResult{Columns: []string{"D", "L"}, Rows: []string{"1: [2024-02-29] [true]", `2: \N \N`, `3: \N [false]`}, Rejects: []string{
				`4: f1 D LAV-2506: a day that does not exist " 20240230F"`, `5: f1 D LAV-2505: not a date written as YYYY-MM-DD " 2024/2/1F"`}}},
		{"binary types", "columns = { I = int32, B = decimal(8, 2), Y = decimal(12, 4), T = timestamp(\"\", \"UTC\") }", table(0x30, 3, fox,
			" "+little(uint32(0xfffffffe))+little(math.Float64bits(0.1+0.2))+little(uint64(minus))+little(uint32(2440588))+little(uint32(3661001))+"abcd\x00",
			" "+little(uint32(7))+little(math.Float64bits(1.5))+little(uint64(1))+little(uint32(0))+little(uint32(0))+"ab \x03\x01",
			" "+little(uint32(7))+little(math.Float64bits(1.5))+little(uint64(1))+little(uint32(0))+little(uint32(0))+"abcd\x02",
			" "+little(uint32(7))+little(math.Float64bits(math.Inf(1)))+little(uint64(1))+little(uint32(0))+little(uint32(0))+"abcd\x00"), nil,
			csvResult{Columns: []string{"I", "B", "Y", "T", "V"}, Rows: []string{
				"1: [-2] [0.3] [-1234.5678] [1970-01-01 01:01:01.001Z] [abcd]", `2: [7] [1.5] [0.0001] \N [ab ]`, `3: [7] [1.5] [0.0001] \N \N`},
				Rejects: []string{fmt.Sprintf("4: f1 B LAV-4020: an error of the workbook in place of a value %q",
					" "+little(uint32(7))+little(math.Float64bits(math.Inf(1)))+little(uint64(1))+little(uint32(0))+little(uint32(0))+"abcd\x00")}}},
		{"a float where text is declared", "columns = { B = text }", table(0x30, 3, fox[1:2], " "+little(math.Float64bits(1.5))), nil,
			csvResult{Columns: []string{"B"}, Rejects: []string{fmt.Sprintf("1: f1 B LAV-4021: a number where text is declared: zeros in front are lost, and long codes are rounded %q", " "+little(math.Float64bits(1.5)))}}},
		{"long texts", "", table(0x83, 3, memos, " ab         1", " cd          ", " ef         9"), map[string][]byte{".dbt": dbt3},
			csvResult{Columns: []string{"C", "M"}, Rows: []string{"1: [ab] [Le lavoir\r\nest ouvert]", `2: [cd] \N`},
				Rejects: []string{`3: f1 M LAV-4275: a long text that is not in the second file, where the record says it is " ef         9"`}}},
		{"a text longer than a byte counts", "", table(0xf5, 3, []testField{{name: "C", kind: 'C', size: 300}}, " "+strings.Repeat("x", 299)+" "), nil,
			csvResult{Columns: []string{"C"}, Rows: []string{"1: [" + strings.Repeat("x", 299) + "]"}}},
		{"names that come twice", "", table(3, 3, []testField{{name: "A", kind: 'C', size: 1}, {name: "A", kind: 'C', size: 1}, {kind: 'C', size: 1}}, " xyz"), nil,
			csvResult{Columns: []string{"A", "A_2", "column_3"}, Rows: []string{"1: [x] [y] [z]"}}},
		{"no records", "", table(3, 3, text), nil, csvResult{Columns: []string{"NOM", "N"}}},
		{"more than it says", "", append(table(3, 3, text, " abcde     1")[:97+12], " abcde     2 abcde     3"...), nil,
			csvResult{Columns: []string{"NOM", "N"}, Rows: []string{"1: [abcde] [1]"}, Err: "LAV-4279: file f1 goes on after the 1 records that it says it has"}},
		{"cut short", "", table(3, 3, text, " abcde     1", " abcde     2")[:97+20], nil,
			csvResult{Err: "LAV-4273: file f1 ends after 1 records, and says that it has 2"}},
		{"another file", "", []byte("nom;montant\r\nLes Amis du lavoir;12\r\n"), nil,
			csvResult{Err: "LAV-4270: file f1 is no dBase table that can be read: its first byte is that of no version which is known"}},
		{"nothing", "", nil, nil, csvResult{Err: "LAV-4270: file f1 is no dBase table that can be read: it is shorter than the head of one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{dbfChunkSize, 1, 30} {
				codec := dbfFrom(t, mem, c.config)
				codec.chunk = size
				got := readWith(t, codec, tableInput(c.data, c.beside))
				if size != dbfChunkSize && c.want.Err != "" {
					got.Rows = c.want.Rows // what was read before depends on the chunks
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("chunks of %d bytes: %s", size, diff)
				}
			}
		})
	}
	encrypted := table(3, 3, text, " abcde     1")
	encrypted[15] = 1
	if res := readWith(t, dbfFrom(t, memory.NewGoAllocator(), ""), inputOf(encrypted)); !strings.HasPrefix(res.Err, "LAV-4277") {
		t.Error(res.Err)
	}
}

func TestDBFConfigRefused(t *testing.T) {
	configsRefused(t, DBF, map[string]*messages.Message{
		"without = [\"A\"]\ncolumns = { A = int32 }": messages.CSVOption,
		`encoding = "utf-16"`:                        messages.WrongArgument,
	})
}

// damagedTable is a table with all types, and its memo.
func damagedTable() ([]byte, map[string][]byte) {
	fields := []testField{{name: "C", kind: 'C', size: 5}, {name: "N", kind: 'N', size: 6, decimals: 2}, {name: "D", kind: 'D', size: 8},
		{name: "L", kind: 'L', size: 1}, {name: "M", kind: 'M', size: 4}, {name: "T", kind: 'T', size: 8}, {name: "V", kind: 'V', size: 4, flags: 2},
		{name: "_NullFlags", kind: '0', size: 1, flags: 5}}
	var records []string
	for range 5 {
		records = append(records, " abcde 12.5020240229T"+little(uint32(8))+little(uint32(2460000))+little(uint32(0))+"abcd\x00")
	}
	fpt := append([]byte(nil), make([]byte, 512)...)
	binary.BigEndian.PutUint16(fpt[6:], 64)
	fpt = append(fpt, 0, 0, 0, 1, 0, 0, 0, 5, 't', 'e', 'x', 't', 'e')
	return table(0x30, 3, fields, records...), map[string][]byte{".fpt": fpt}
}

func TestDBFDamaged(t *testing.T) {
	data, beside := damagedTable()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	codec := dbfFrom(t, mem, "")
	whole := readWith(t, codec, tableInput(data, beside))
	if len(whole.Rows) != 5 || !strings.Contains(whole.Rows[0], "[texte]") {
		t.Fatalf("%+v", whole)
	}
	eachFault(t, data, func(what string, data []byte) {
		res := readWith(t, codec, tableInput(data, beside))
		if what == "cut" && res.Err == "" {
			t.Errorf("%d bytes are read as a whole table", len(data))
		}
		if res.Err != "" && !strings.HasPrefix(res.Err, "LAV-") {
			t.Error(res.Err)
		}
	})
	eachFault(t, beside[".fpt"], func(_ string, memo []byte) {
		res := readWith(t, codec, tableInput(data, map[string][]byte{".fpt": memo}))
		if res.Err == "" && len(res.Rows)+len(res.Rejects) != 5 {
			t.Errorf("%+v", res)
		}
	})
}

func TestDBFConforms(t *testing.T) {
	data, beside := damagedTable()
	data = bytes.Replace(data, []byte(" 12.50"), []byte("******"), 1)
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := dbfFrom(t, env.Allocator, `columns = { N = decimal(8, 2), D = date }`)
		codec.chunk = 60
		return func(ctx context.Context) (pipelines.Chunks, error) {
			return codec.Chunks(ctx, tableInput(data, beside))
		}, nil
	})
}

func FuzzDBF(f *testing.F) {
	data, beside := damagedTable()
	f.Add(data, beside[".fpt"])
	f.Add(table(2, 0, nil), []byte{})
	f.Add(table(0x8c, 0, []testField{{name: "A", kind: 'M', size: 10}}, "          1"), beside[".fpt"])
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, data, memo []byte) {
		codec := dbfFrom(t, mem, "")
		res := readWith(t, codec, tableInput(data, map[string][]byte{".fpt": memo, ".dbt": memo}))
		if res.Err != "" && !strings.HasPrefix(res.Err, "LAV-") {
			t.Fatal(res.Err)
		}
	})
}
