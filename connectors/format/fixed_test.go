package format

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func fixedFrom(t csvTB, mem memory.Allocator, config string) *fixedCodec {
	return codecFrom[*fixedCodec](t, mem, Fixed, config)
}

func TestFixedReads(t *testing.T) {
	two := `fields = { code = "1-3", nom = "4-8" }` + "\n"
	for _, c := range []struct {
		name, config, data string
		want               csvResult
	}{
		{"plain", two, "001abcde\n002 xy  \n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "2: [002] [xy]"}}},
		{"columns in the order of their positions", `fields = { z = "1", a = "2-3" }`, "1ab\n", csvResult{Columns: []string{"z", "a"}, Rows: []string{"1: [1] [ab]"}}},
		{"CRLF and no end at the end", two, "001abcde\r\n002abcde", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "2: [002] [abcde]"}}},
		{"CR", two, "001abcde\r002abcde\r", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "2: [002] [abcde]"}}},
		{"empty lines and the mark of an old end", two, "001abcde\n\n002abcde\n\x1a", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "3: [002] [abcde]"}}},
		{"nothing at all", two, "", csvResult{Columns: []string{"code", "nom"}}},
		{"a column of spaces", two, "001     \n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{`1: [001] \N`}}},
		{"a short line", two, "001abcde\n002ab\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]"},
			Rejects: []string{`2: f1  LAV-4261: a line of 5 bytes, whose columns end at byte 8 "002ab"`}}},
		{"a short line whose end is null", two + `short = "null"`, "001abcde\n002ab\n003\n", csvResult{Columns: []string{"code", "nom"},
			Rows: []string{"1: [001] [abcde]", "2: [002] [ab]", `3: [003] \N`}}},
		{"a tail of any length", `fields = { code = "1-3", fin = "5-" }`, "001 abc def\n002\n", csvResult{Columns: []string{"code", "fin"}, Rows: []string{"1: [001] [abc def]", `2: [002] \N`}}},
		{"what no column names is passed over", two, "001abcdefgh\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]"}}},
		{"spaces that belong to the text", two + "trim = false\n", "001  ab \n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [  ab ]"}}},
		{"kinds of lines", two + `only = { "1" = "0" }
except = { "4-8" = "", "1-3" = "009" }`, "001abcde\n101abcde\n002     \n002\x00\x00\x00\x00\x00\n009abcde\n003abcde\n",
			csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "6: [003] [abcde]"}}},
		{"NUL", two, "001ab\x00de\n002abcde\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"2: [002] [abcde]"},
			Rejects: []string{`1: f1 nom LAV-4010: a byte (number 6 of the file, in cell 2) that is no text in utf-8 "001ab\x00de"`}}},
		{"NUL as a space", two + `nul = "space"`, "001\x00b\x00\x00\x00\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [b]"}}},
		{"bytes that no column names may be anything", `fields = { code = "1-3" }`, "001\xff\x00\n", csvResult{Columns: []string{"code"}, Rows: []string{"1: [001]"}}},
		{"cp1252", two + `encoding = "cp1252"`, "001\xe9t\xe9\xa0 \n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [été]"}}},
		{"half a character", two, "001abcd\xc3\xa9\n", csvResult{Columns: []string{"code", "nom"},
			Rejects: []string{`1: f1 nom LAV-4010: a byte (number 8 of the file, in cell 2) that is no text in utf-8 "001abcdé"`}}},
		{"a mark at the start", two, "\ufeff001abcde\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]"}}},
		{"UTF-16", two, "\xff\xfe0\x00", csvResult{Err: "LAV-4006: file f1 is not utf-8: it starts with the mark of UTF-16"}},
		{"types", `fields = { m = "1-9", d = "10-17", n = "18-20" }
decimal = ","
columns = { m = decimal(9, 2), d = date("YYYYMMDD"), n = int32 }`, "  1234,5020240229  7\n  1234,502024023000x\n", csvResult{Columns: []string{"m", "d", "n"},
			Rows: []string{"1: [1234.5] [2024-02-29] [7]"}, Rejects: []string{`2: f1 d LAV-2506: a day that does not exist "  1234,502024023000x"`}}},
		{"records without line ends", two + "record_length = 9", "001abcde.002ab\ncd.", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "2: [002] [ab\ncd]"}}},
		{"records and a last line end", two + "record_length = 9", "001abcde.\r\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]"}}},
		{"records cut short", two + "record_length = 9", "001abcde.002a", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]"},
			Err: "LAV-4263: file f1 ends amid a record: its last one has 4 bytes of 9"}},
		{"line ends of two kinds", two + `only = { "1" = "0" }`, "001abcde\n102abcde\r003abcde\n004abcde\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "3: [004] [abcde]"},
			Rejects: []string{`2: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "102abcde\r003abcde"`}}},
		{"a record that is longer than the others", two + "record_length = 10", "001abcde\r\n002abcdef\r\n003abcd\r\n004abcde\r\n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [abcde]", "4: [004] [abcde]"},
			Rejects: []string{`2: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "002abcdef\r"`,
				`3: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "\n003abcd\r\n"`}}},
		{"a mark of UTF-8 before cp1252", two + `encoding = "cp1252"`, "\ufeff001\xe9t\xe9  \n", csvResult{Columns: []string{"code", "nom"}, Rows: []string{"1: [001] [été]"}}},
		{"UTF-8 with its mark, declared as cp1252", two + `encoding = "cp1252"`, "\ufeff001été\n", csvResult{Columns: []string{"code", "nom"},
			Err: "LAV-4006: file f1 is not cp1252: it starts with the mark of UTF-8, and has rows with letters of UTF-8"}},
		{"no line ends at all", two, strings.Repeat("x", 3<<20), csvResult{Columns: []string{"code", "nom"}, Err: "LAV-4262: line 1 of file f1 is longer than 1MiB"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{fixedChunkSize, 1, 3, 16} {
				codec := fixedFrom(t, mem, c.config)
				codec.chunk = size
				if diff := cmp.Diff(c.want, readWith(t, codec, csvInput(c.data))); diff != "" {
					t.Errorf("chunks of %d bytes: %s", size, diff)
				}
			}
		})
	}
}

func TestFixedConfigRefused(t *testing.T) {
	configsRefused(t, Fixed, map[string]*messages.Message{
		`fields = {}`:                                          messages.CSVOption,
		`fields = { a = "0-3" }`:                               messages.CSVOption,
		`fields = { a = "3-1" }`:                               messages.CSVOption,
		`fields = { a = "x" }`:                                 messages.CSVOption,
		`fields = { a = "1-99999999999999999999" }`:            messages.CSVOption,
		"fields = { a = \"1\" }\ncolumns = { b = text }":       messages.FixedNoField,
		"fields = { a = \"1\" }\nonly = { \"1-2\" = \"abc\" }": messages.CSVOption,
		"fields = { a = \"1\" }\nexcept = { \"1-2\" = \"é\" }": messages.CSVOption,
		"fields = { a = \"1-9\" }\nrecord_length = 8":          messages.CSVOption,
		"fields = { a = \"1-9\" }\nencoding = \"utf-16\"":      messages.WrongArgument,
	})
}

// FANTOIR's roads, by the positions of its description by the DGFiP; the figures
// are those of Python slicing the same lines.
func TestFixedFANTOIR(t *testing.T) {
	data := realFile(t, "fantoir/FANTOIR_oct2019_1000lignes.txt")
	const fields = `
fields = {
  departement = "1-2", direction = "3", commune = "4-6", voie = "7-10", rivoli = "11", nature = "12-15",
  libelle = "16-41", type_commune = "43", caractere = "49", annulation = "74-81", creation = "82-88", majic = "104-108",
  type_voie = "109", mot = "113-"
}
nul = "space"
short = "null"
columns = { majic = int32 }
`
	for _, c := range []struct {
		name, config string
		want         fantoir
	}{
		{"roads", `except = { "7-10" = "" }`, fantoir{994, 0, 287311}},
		{"communes", "only = { \"7-10\" = \"\" }\nexcept = { \"4-6\" = \"\" }", fantoir{4, 4, 0}},
		{"all", "", fantoir{1000, 6, 287311}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			var got fantoir
			eachBatch(t, fixedFrom(t, mem, fields+c.config), csvInput(data), func(b pipelines.Batch) {
				if len(b.Rejects) > 0 {
					t.Error(b.Rejects[0].Line, b.Rejects[0].Why)
				}
				got.rows += int(b.NumRows())
				got.withoutWord += b.Column(int(b.NumCols()) - 1).NullN()
				majic := b.Column(11).(*array.Int32)
				for r := range majic.Len() {
					if majic.IsValid(r) {
						got.majic += int(majic.Value(r))
					}
				}
			})
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

type fantoir struct{ rows, withoutWord, majic int }

func TestFixedConforms(t *testing.T) {
	pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
		codec := fixedFrom(t, env.Allocator, `fields = { n = "1-2", t = "3-" }
columns = { n = int64 }`)
		codec.chunk = 16
		return func(ctx context.Context) (pipelines.Chunks, error) {
			return codec.Chunks(ctx, csvInput(" 1é\n 2long enough\n x\n\n"+strings.Repeat(" 3long enough\n", 10)))
		}, nil
	})
}

// Any bytes give the same rows however they are cut.
func FuzzFixed(f *testing.F) {
	f.Add([]byte("001abcde\r\n002\n"), uint8(3), false)
	f.Add([]byte("001abcde\r002\x00\xff\r"), uint8(1), true)
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, data []byte, size uint8, records bool) {
		config := `fields = { a = "1-3", b = "4-" }
short = "null"
nul = "space"
encoding = "cp1252"
`
		if records {
			config += "record_length = 5"
		}
		whole, cut := fixedFrom(t, mem, config), fixedFrom(t, mem, config)
		cut.chunk = int(size) + 1
		if diff := cmp.Diff(readWith(t, whole, inputOf(data)), readWith(t, cut, inputOf(data))); diff != "" {
			t.Fatal(diff)
		}
	})
}
