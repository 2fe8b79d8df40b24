package format

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// csvFrom builds the codec as a pipeline file would.
func csvFrom(t csvTB, mem memory.Allocator, config string) *csvCodec {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(config), "pipeline.hcl", hcl.InitialPos)
	var c any
	if !diags.HasErrors() {
		reg, err := pipelines.NewRegistry([]pipelines.Component{CSV})
		if err != nil {
			t.Fatalf("%v", err)
		}
		c, diags = CSV.Decode(reg, f.Body, &hcl.EvalContext{})
	}
	if diags.HasErrors() {
		t.Fatalf("%s: %v", config, diags)
	}
	codec, err := CSV.Build(pipelines.Env{Allocator: mem}, c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return codec.(*csvCodec)
}

// what a file was read as: one text per row, cells in brackets, null as \N.
type csvResult struct {
	Columns []string
	Rows    []string
	Rejects []string
	Err     string
}

func csvInput(data string) Input {
	return Input{Name: "f1", Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(data)), nil
	}}
}

// readCSV decodes the chunks of data in order.
func readCSV(t csvTB, c *csvCodec, data string) csvResult {
	t.Helper()
	return readWith(t, c, csvInput(data))
}

// readWith decodes the chunks of a file in order.
func readWith(t csvTB, c Reader, in Input) (res csvResult) {
	t.Helper()
	ctx := context.Background()
	chunks, err := c.Chunks(ctx, in)
	if err != nil {
		return csvResult{Err: err.Error()}
	}
	defer chunks.Close()
	res.Columns = pipelines.Columns(chunks.Schema())
	for {
		chunk, err := chunks.Next(ctx)
		if err == io.EOF {
			return res
		}
		if err != nil {
			res.Err = err.Error()
			return res
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			res.Err = err.Error()
			return res
		}
		for r := range int(b.NumRows()) {
			row := fmt.Sprint(b.Places.Lines[r], ":")
			for _, col := range b.Columns() {
				if col.IsNull(r) {
					row += ` \N`
				} else {
					row += " [" + col.ValueStr(r) + "]"
				}
			}
			res.Rows = append(res.Rows, row)
		}
		for _, x := range b.Rejects {
			res.Rejects = append(res.Rejects, fmt.Sprintf("%d: %s %s %s %q", x.Line, x.Input, x.Column, x.Why.Error(), x.Raw))
		}
		b.Release()
	}
}

func TestCSVReads(t *testing.T) {
	for _, c := range []struct {
		name, config, data string
		want               csvResult
	}{
		{"plain", "", "a,b\n1,x\n2,y\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]", "3: [2] [y]"}}},
		{"no line end at the end", "", "a,b\n1,x", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]"}}},
		{"empty last cell at the end", "", "a,b\n1,", csvResult{Columns: []string{"a", "b"}, Rows: []string{`2: [1] \N`}}},
		{"CRLF", "", "a,b\r\n1,x\r\n2,\"y\"\r\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]", "3: [2] [y]"}}},
		{"CR", "", "a,b\r1,x\r2,\"y\rz\"\r3,w\r", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]", "3: [2] [y\rz]", "5: [3] [w]"}}},
		{"a CR in a cell is text where LF ends lines", "", "a,b\n1,x\ry\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x\ry]"}}},
		{"letters that were lost before", "", "a,b\nr\uFFFDfection,1\n\"l'\"\"\uFFFD\",2\nx,3\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [x] [3]"}, Rejects: []string{
			"2: f1 a LAV-4025: a text with letters that were lost before the file was written (U+FFFD stands for them) \"r\uFFFDfection,1\"",
			"3: f1 a LAV-4025: a text with letters that were lost before the file was written (U+FFFD stands for them) \"\\\"l'\\\"\\\"\uFFFD\\\",2\""}}},
		{"line ends of two kinds", "", "a,b\n1,x\r\r\n\r2,y\n3,z\n\"\r4\",\"w\r\"\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [3] [z]", "5: [\r4] [w\r]"}, Rejects: []string{
			`2: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "1,x\r"`,
			`3: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "\r2,y"`}}},
		{"line ends of two kinds that are trimmed", "trim = true", "a,b\n1,x\r\r\n\r2,y\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]", "3: [2] [y]"}}},
		{"line ends of two kinds in one column", "", "a\n1\r2\n3\r\n", csvResult{Columns: []string{"a"}, Rows: []string{"3: [3]"}, Rejects: []string{
			`2: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "1\r2"`}}},
		{"LF where CR ends lines", "", "a,b\r1,x\n\r\n2,y\r3,z\r", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [3] [z]"}, Rejects: []string{
			`2: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "1,x\n"`,
			`3: f1  LAV-4298: a line end of another kind than those of the file, or where its records have none: it may part two rows "\n2,y"`}}},
		{"quotes", "", "a,b\n\"x,\"\"y\"\"\",\"line\nline\"\n2,\"\"\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [x,\"y\"] [line\nline]", `4: [2] \N`}}},
		{"a mark at the start", "", "\ufeffa,b\n1,x\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]"}}},
		{"blank lines", "", "a,b\n\n1,x\n\n\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"3: [1] [x]"}}},
		{"blank lines in one column", "", "a\n\n1\n", csvResult{Columns: []string{"a"}, Rows: []string{`2: \N`, "3: [1]"}}},
		{"rows of empty cells", "skip_blank = true", "a,b\n1,x\n,\n,\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [x]"}}},
		{"titles before the header", "header = 3", "Export\n\na,b\n1,x\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [1] [x]"}}},
		{"no header", "header = 0\ncolumns = { n = int64, t = text }", "1,x\n", csvResult{Columns: []string{"n", "t"}, Rows: []string{"1: [1] [x]"}}},
		{"a column without name", "", "a,\n1,x\n", csvResult{Columns: []string{"a", "column_2"}, Rows: []string{"2: [1] [x]"}}},
		{"header alone", "", "a,b\n", csvResult{Columns: []string{"a", "b"}}},
		{"null words and trimming", "null = [\"\", \"NC\"]\ntrim = true", "a,b,c\n NC ,\" \",\u00a0x \n", csvResult{Columns: []string{"a", "b", "c"}, Rows: []string{`2: \N \N [x]`}}},
		{"an empty cell that is text", "null = [\"NC\"]", "a,b\nNC,\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{`2: \N []`}}},
		{"types", `delimiter = ";"
decimal = ","
thousands = " "
true = ["X"]
false = ["-"]
columns = { m = decimal(12, 2), n = int32, f = float64, d = date("DD/MM/YYYY"), i = timestamp("DD/MM/YYYY HH:mm", "Europe/Paris"), b = bool, l = list(text) }`,
			"m;n;f;d;i;b;l\n1 137 825,50;1 000;0,5;29/02/2024;01/07/2024 12:00;X;\"[\"\"é\"\",null]\"\n",
			csvResult{Columns: []string{"m", "n", "f", "d", "i", "b", "l"},
				Rows: []string{`2: [1137825.5] [1000] [0.5] [2024-02-29] [2024-07-01 10:00:00Z] [true] [["é",null]]`}}},
		{"bad values", "columns = { n = int32, d = date, m = decimal(4, 2) }",
			"n,d,m\n1,2024-01-01,1.5\n3000000000,2024-01-01,1\n1,2024-02-31,1\n1,2024-02-1O,x\n1,x,1\n1,2024-01-01,1.555\n2,2024-01-02,2\n",
			csvResult{Columns: []string{"n", "d", "m"}, Rows: []string{"2: [1] [2024-01-01] [1.5]", "8: [2] [2024-01-02] [2]"}, Rejects: []string{
				`3: f1 n LAV-2504: too large for int32 "3000000000,2024-01-01,1"`,
				`4: f1 d LAV-2506: a day that does not exist "1,2024-02-31,1"`,
				`5: f1 d LAV-2511: a letter where a digit should be (O for 0, I or l for 1) "1,2024-02-1O,x"`,
				`6: f1 d LAV-2505: not a date written as YYYY-MM-DD "1,x,1"`,
				`7: f1 m LAV-2503: more decimals than the decimal(4, 2) declared "1,2024-01-01,1.555"`}}},
		{"ragged", "", "a,b\n1\n1,2,3\r\n1,2\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [1] [2]"}, Rejects: []string{
			`2: f1  LAV-4009: 1 cells where the file has 2 columns "1"`,
			`3: f1  LAV-4009: 3 cells where the file has 2 columns "1,2,3"`}}},
		{"stray quotes", "", "a,b\n1,6\" pipe\n\"x\"y,2\n3,ok\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"4: [3] [ok]"}, Rejects: []string{
			`2: f1  LAV-4011: a quote in the middle of cell 2 "1,6\" pipe"`,
			`3: f1  LAV-4011: a quote in the middle of cell 1 "\"x\"y,2"`}}},
		{"no quoting at all", `quote = ""`, "a,b\n1,6\" pipe\n\"x\"y,2\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [6\" pipe]", "3: [\"x\"y] [2]"}}},
		{"open quote", "", "a,b\n1,2\n3,\"4\n5,6\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [1] [2]"},
			Err: "LAV-4008: the quote opened at line 3 of file f1 is never closed"}},
		{"bytes that are no text", "columns = { b = int64 }", "a,b\n\xe9,1\nx\x00,1\né,\xff\né,2\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"5: [é] [2]"}, Rejects: []string{
			`2: f1 a LAV-4010: a byte (number 5 of the file, in cell 1) that is no text in utf-8 "\xe9,1"`,
			`3: f1 a LAV-4010: a byte (number 10 of the file, in cell 1) that is no text in utf-8 "x\x00,1"`,
			`4: f1 b LAV-4010: a byte (number 17 of the file, in cell 2) that is no text in utf-8 "é,\xff"`}}},
		{"halves of a character in neighbouring cells", "", "a,b\n\xc3,\xa9\n", csvResult{Columns: []string{"a", "b"}, Rejects: []string{
			`2: f1 a LAV-4010: a byte (number 5 of the file, in cell 1) that is no text in utf-8 "\xc3,\xa9"`}}},
		{"cp1252", `encoding = "cp1252"
thousands = " "
columns = { b = int64 }`, "a,b\n\x80 \x9c\xe9,1\xa0000\n\x81,2\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [€ œé] [1000]"}, Rejects: []string{
			`3: f1 a LAV-4010: a byte (number 16 of the file, in cell 1) that is no text in cp1252 "\x81,2"`}}},
		{"utf-8 mark before cp1252", `encoding = "cp1252"`, "\ufeffa,b\n\xe9,1\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [é] [1]"}}},
		{"utf-8 with its mark, declared as cp1252", `encoding = "cp1252"`, "\ufeffa,b\né,2\n\xe9,1\n", csvResult{Columns: []string{"a", "b"},
			Err: "LAV-4006: file f1 is not cp1252: it starts with the mark of UTF-8, and has rows with letters of UTF-8"}},
		{"names of utf-8 with its mark, declared as cp1252", `encoding = "cp1252"`, "\ufeffnom,libellé\n", csvResult{
			Err: "LAV-4006: file f1 is not cp1252: it starts with the mark of UTF-8, and has rows with letters of UTF-8"}},
		{"iso-8859-15", `encoding = "iso-8859-15"`, "a,b\n\xa4,\xbd\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [€] [œ]"}}},
		{"cp850", `encoding = "cp850"`, "a,b\n\x82,\x90\n", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [é] [É]"}}},
		{"utf-16 by mark", `encoding = "utf-16"`, "\xff\xfea\x00,\x00b\x00\n\x00\xe9\x00,\x00\x3d\xd8\x00\xde\n\x00", csvResult{Columns: []string{"a", "b"}, Rows: []string{"2: [é] [😀]"}}},
		{"half a surrogate pair", `encoding = "utf-16be"`, "\x00a\x00,\x00b\x00\n\xd8\x3d\x00,\x001\x00\n\x00x\x00,\x00y", csvResult{Columns: []string{"a", "b"}, Rows: []string{"3: [x] [y]"}, Rejects: []string{
			`2: f1 a LAV-4010: a byte (number 9 of the file, in cell 1) that is no text in utf-16be "\xff,1"`}}},
		{"utf-16 without mark", `encoding = "utf-16"`, "a\x00", csvResult{Err: "LAV-4006: file f1 is not utf-16: it has no mark that tells the byte order"}},
		{"utf-16 read as utf-8", "", "\xff\xfea\x00", csvResult{Err: "LAV-4006: file f1 is not utf-8: it starts with the mark of UTF-16"}},
		{"a declared column that is missing", "columns = { montnat = int64 }", "nom,montant\n", csvResult{Err: `LAV-4000: file f1 has no column montnat (its columns are "nom", "montant")`}},
		{"a name twice", "", "a,b,a\n", csvResult{Err: "LAV-4001: file f1 names two columns a"}},
		{"names that are no text", "", "nom,pr\xe9nom\n1,2\n", csvResult{Err: "LAV-4017: row 1 of file f1 does not hold column names that can be read: LAV-4010: a byte (number 7 of the file, in cell 2) that is no text in utf-8"}},
		{"a quote amid the names", "", "a,b\"c\n1,2\n", csvResult{Err: "LAV-4017: row 1 of file f1 does not hold column names that can be read: LAV-4011: a quote in the middle of cell 2"}},
		{"nothing at all", "", "", csvResult{Err: "LAV-4002: file f1 ends before row 1, where its column names should be"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{csvChunkSize, 1, 3, 16} {
				codec := csvFrom(t, mem, c.config)
				codec.chunk = size
				if diff := cmp.Diff(c.want, readCSV(t, codec, c.data)); diff != "" {
					t.Errorf("chunks of %d bytes: %s", size, diff)
				}
			}
		})
	}
}

func TestCSVConfigRefused(t *testing.T) {
	reg, err := pipelines.NewRegistry([]pipelines.Component{CSV})
	if err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]*messages.Message{
		`delimiter = ""`:                        messages.CSVOption,
		`delimiter = ";;"`:                      messages.CSVOption,
		`delimiter = "é"`:                       messages.CSVOption,
		`delimiter = "\n"`:                      messages.CSVOption,
		`quote = ","`:                           messages.CSVOption,
		`header = -1`:                           messages.CSVOption,
		`header = 0`:                            messages.CSVNoColumns,
		"decimal = \",\"\nthousands = \",\"":    messages.CSVOption,
		`true = ["o"]`:                          messages.CSVOption,
		"true = [\"o\"]\nfalse = [\"o\"]":       messages.CSVOption,
		`columns = { d = date("DD/MM/YY") }`:    messages.DatePattern,
		`columns = { d = timestamp("", "Fr") }`: messages.UnknownZone,
		`columns = { d = binary }`:              messages.CSVCannotHold,
		`encoding = "latin1"`:                   messages.WrongArgument,
	} {
		f, _ := hclsyntax.ParseConfig([]byte(config), "pipeline.hcl", hcl.InitialPos)
		_, diags := CSV.Decode(reg, f.Body, &hcl.EvalContext{})
		if !diags.HasErrors() {
			t.Errorf("%s is accepted", config)
		} else if got := diags[0].Extra.(*messages.Error).Message; got != want {
			t.Errorf("%s: %s", config, got.Code)
		}
	}
}

type csvUnderTest struct{ *csvCodec }

func (c csvUnderTest) Begin(out io.Writer, schema *arrow.Schema) (pipelinetest.FileWriter, error) {
	w, err := c.csvCodec.Begin(out, schema, About{})
	return w, err
}

func TestCSVConforms(t *testing.T) {
	for _, profile := range []string{"scdl", "excel-fr"} {
		t.Run(profile, func(t *testing.T) {
			pipelinetest.Format(t, func(env pipelines.Env) (pipelinetest.Codec, error) {
				codec := csvFrom(t, env.Allocator, fmt.Sprintf("profile = %q", profile))
				return csvUnderTest{codec}, nil
			})
		})
	}
	t.Run("chunks", func(t *testing.T) {
		pipelinetest.Chunks(t, func(env pipelines.Env) (func(context.Context) (pipelines.Chunks, error), error) {
			codec := csvFrom(t, env.Allocator, `columns = { n = int64 }`)
			codec.chunk = 16
			return func(ctx context.Context) (pipelines.Chunks, error) {
				return codec.Chunks(ctx, csvInput("n,t\n1,\"a\nb\"\n2,é\nx,é\n4\n"+strings.Repeat("5,long enough\n", 10)))
			}, nil
		})
	})
}

// csvTB is what *testing.T and *rapid.T share here.
type csvTB interface {
	Helper()
	Fatalf(string, ...any)
}
