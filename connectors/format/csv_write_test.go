package format

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const writtenTable = `nom:text,"=total:decimal(8, 2)",n:int32,f:float64,b:bool,le:date,a:timestamp,l:list(text)
Œuvre é,1234.50,-7,0.1,true,2024-02-29,2024-07-01T10:00:00Z,"[""x"",""\""y""]"
"=1+1, ""x""; y",-0.05,0,1e+30,false,0001-01-01,2024-07-01T10:00:00.25Z,[]
"deux
lignes",\N,\N,\N,\N,\N,\N,\N
'a,0.00,1,-0.25,true,1999-12-31,1969-12-31T23:59:59Z,"[""""]"
"",1.00,1,1,true,1970-01-01,1970-01-01T00:00:00Z,"[""-""]"
`

// The bytes of both profiles: they are part of the format version.
func TestCSVBytes(t *testing.T) {
	table, err := pipelinetest.ParseTable(writtenTable)
	if err != nil {
		t.Fatal(err)
	}
	for profile, want := range map[string]string{
		"scdl": `nom,=total,n,f,b,le,a,l
Œuvre é,1234.50,-7,0.1,true,2024-02-29,2024-07-01T10:00:00Z,"[""x"",""\""y""]"
"=1+1, ""x""; y",-0.05,0,1e+30,false,0001-01-01,2024-07-01T10:00:00.250000Z,[]
"deux
lignes",,,,,,,
'a,0.00,1,-0.25,true,1999-12-31,1969-12-31T23:59:59Z,"[""""]"
"",1.00,1,1,true,1970-01-01,1970-01-01T00:00:00Z,"[""-""]"
`,
		"excel-fr": "\ufeff" + `nom;'=total;n;f;b;le;a;l
Œuvre é;1234,50;-7;0,1;VRAI;29/02/2024;2024-07-01T10:00:00Z;"[""x"",""\""y""]"
"'=1+1, ""x""; y";-0,05;0;1e+30;FAUX;01/01/0001;2024-07-01T10:00:00.250000Z;[]
"deux
lignes";;;;;;;
''a;0,00;1;-0,25;VRAI;31/12/1999;1969-12-31T23:59:59Z;"[""""]"
"";1,00;1;1;VRAI;01/01/1970;1970-01-01T00:00:00Z;"[""-""]"
`,
	} {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		c := csvFrom(t, mem, fmt.Sprintf("profile = %q", profile))
		var out bytes.Buffer
		w, err := c.Begin(&out, table.Schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		rec := table.Record(mem)
		e, err := w.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
		rec.Release()
		if err != nil || w.Append(e) != nil || w.Close() != nil {
			t.Fatal(err)
		}
		want = strings.ReplaceAll(want, "\n", "\r\n")
		want = strings.Replace(want, "deux\r\n", "deux\n", 1)
		if d := cmp.Diff(want, out.String()); d != "" {
			t.Errorf("%s: %s", profile, d)
		}
		mem.AssertSize(t, 0)
	}
}

// What a CSV file cannot hold exactly is an error that names the column, not a
// file that holds something else.
func TestCSVRefusesValues(t *testing.T) {
	mem := memory.NewGoAllocator()
	for name, b := range map[string]array.Builder{
		"no UTF-8": func() array.Builder { b := array.NewStringBuilder(mem); b.Append("\xff"); return b }(),
		"NUL":      func() array.Builder { b := array.NewStringBuilder(mem); b.Append("a\x00b"); return b }(),
		"year 0":   func() array.Builder { b := array.NewDate32Builder(mem); b.Append(firstDay - 1); return b }(),
		"year 10000": func() array.Builder {
			b := array.NewTimestampBuilder(mem, pipelines.Instant)
			b.Append(math.MaxInt64)
			return b
		}(),
	} {
		col := b.NewArray()
		schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: col.DataType(), Nullable: true}}, nil)
		w, err := csvFrom(t, mem, "").Begin(&bytes.Buffer{}, schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Encode(context.Background(), []pipelines.Batch{{Record: array.NewRecord(schema, []arrow.Array{col}, 1)}})
		if !messages.Has(err, messages.CSVCannotHold) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A row longer than a chunk is read; one beyond the bound stops the file.
func TestCSVLongRows(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	c := csvFrom(t, mem, "")
	long := strings.Repeat("é\n", csvChunkSize)
	res := readCSV(t, c, "a,b\n1,\""+long+"\"\n2,x\n")
	if res.Err != "" || len(res.Rows) != 2 || res.Rows[0] != "2: [1] ["+long+"]" || res.Rows[1] != fmt.Sprintf("%d: [2] [x]", 3+csvChunkSize) {
		t.Errorf("%d rows, %d rejects, %s", len(res.Rows), len(res.Rejects), res.Err)
	}
	res = readCSV(t, c, "a,b\n1,2\n3,\""+strings.Repeat("x\n", csvRowBound/2))
	if want := "LAV-4007: the row that starts at line 3 of file f1 is longer than 16MiB"; res.Err != want || len(res.Rows) != 1 {
		t.Errorf("%d rows, %s", len(res.Rows), res.Err)
	}
}

// Many chunks of the usual size give every row with its line.
func TestCSVManyChunks(t *testing.T) {
	const n = 40_000
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, encoding := range []string{"utf-8", "cp1252"} {
		c := csvFrom(t, mem, fmt.Sprintf("encoding = %q\ndelimiter = \";\"\ndecimal = \",\"\ncolumns = { id = int64, jour = date, montant = decimal(12, 2) }", encoding))
		batches := batchesOf(t, c, town(n, encoding))
		at := int64(0)
		for _, b := range batches {
			ids := b.Column(0).(*array.Int64)
			for r := range ids.Len() {
				if ids.Value(r) != at || b.Places.Lines[r] != at+2 || !strings.Contains(b.Column(4).ValueStr(r), "accordée") {
					t.Fatalf("row %d: id %d, line %d, %s", at, ids.Value(r), b.Places.Lines[r], b.Column(4).ValueStr(r))
				}
				at++
			}
			b.Release()
		}
		if at != n || len(batches) < 3 {
			t.Errorf("%d rows in %d chunks", at, len(batches))
		}
	}
}

func csvSchema() *arrow.Schema {
	var fs []arrow.Field
	for _, f := range allTypes().Fields() {
		if csvHolds(f.Type) {
			fs = append(fs, f)
		}
	}
	return arrow.NewSchema(fs, nil)
}

// What was written reads back as the same values, and passes the audit.
func TestCSVRoundTrip(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := csvSchema()
	rapid.Check(t, func(t *rapid.T) {
		c := csvFrom(t, mem, fmt.Sprintf("profile = %q", rapid.SampledFrom([]string{"scdl", "excel-fr"}).Draw(t, "profile")))
		c.chunk = rapid.SampledFrom([]int{64, csvChunkSize}).Draw(t, "chunk")
		rec := randomRecord(mem, schema, rapid.IntRange(0, 30).Draw(t, "rows"), drawn(t))
		defer rec.Release()
		var out bytes.Buffer
		w, err := c.Begin(&out, schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
		if messages.Has(err, messages.CSVCannotHold) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(e); err != nil {
			t.Fatal(err)
		}
		file := out.Bytes()
		if err := c.Audit(context.Background(), bytes.NewReader(file), int64(len(file))); err != nil {
			t.Fatalf("%v\n%q", err, file)
		}
		s, err := c.Open(context.Background(), bytes.NewReader(file), int64(len(file)), schema)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var recs []arrow.Record
		if err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
			recs = append(recs, b.Record)
			return nil
		}); err != nil {
			t.Fatalf("%v\n%q", err, file)
		}
		got := columnsOf(schema, recs...)
		for _, r := range recs {
			r.Release()
		}
		if diff := cmp.Diff(oneNaN(columnsOf(schema, rec)), oneNaN(got)); diff != "" {
			t.Fatalf("%s\n%q", diff, file)
		}
	})
}

// oneNaN makes all NaN the same: text has one word for them. Floats are there as their bits.
func oneNaN(cols [][]any) [][]any {
	for _, col := range cols {
		for i, v := range col {
			if bits, ok := v.(uint64); ok && math.IsNaN(math.Float64frombits(bits)) {
				col[i] = "NaN"
			}
		}
	}
	return cols
}

func TestCSVAuditRefuses(t *testing.T) {
	scdl, excel := csvFrom(t, memory.NewGoAllocator(), ""), csvFrom(t, memory.NewGoAllocator(), `profile = "excel-fr"`)
	for _, c := range []struct {
		codec *csvCodec
		name  string
		data  string
		ok    bool
	}{
		{scdl, "as written", "a,b\r\n\"x,\",\"\"\r\n,\r\n", true},
		{excel, "as written", "\ufeffa;b\r\n'=1;2,5\r\n", true},
		{scdl, "one column", "a\r\n\r\nx\r\n", true},
		{scdl, "several lines in a name", "\"a\r\nb\",c\r\n1,2\r\n", true},
		{scdl, "nothing", "", false},
		{scdl, "a mark", "\ufeffa,b\r\n", false},
		{excel, "no mark", "a;b\r\n", false},
		{scdl, "LF alone", "a,b\n1,2\n", false},
		{scdl, "LF once", "a,b\r\n1,2\n3,4\r\n", false},
		{scdl, "quotes not needed", "a,b\r\n\"x\",2\r\n", false},
		{scdl, "a row too short", "a,b\r\nx\r\n", false},
		{scdl, "a row too long", "a,b\r\nx,y,z\r\n", false},
		{scdl, "a blank line", "a,b\r\n\r\nx,y\r\n", false},
		{scdl, "no end", "a,b\r\nx,y", false},
		{scdl, "an open quote", "a,b\r\nx,\"y\r\n", false},
		{scdl, "no UTF-8", "a,b\r\nx,\xff\r\n", false},
		{scdl, "NUL", "a,b\r\nx,\x00\r\n", false},
	} {
		err := c.codec.Audit(context.Background(), strings.NewReader(c.data), int64(len(c.data)))
		if (err == nil) != c.ok || err != nil && messages.Find(err) == nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCSVBind(t *testing.T) {
	for _, typ := range []arrow.DataType{arrow.BinaryTypes.Binary, pipelines.BBox} {
		schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: typ}}, nil)
		if err := csvFrom(t, memory.NewGoAllocator(), "").Bind(schema); !messages.Has(err, messages.CSVCannotHold) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if err := csvFrom(t, memory.NewGoAllocator(), `delimiter = ";"`).Bind(csvSchema()); !messages.Has(err, messages.CSVWrongUse) {
		t.Errorf("a delimiter in a load: %v", err)
	}
	if _, err := csvFrom(t, memory.NewGoAllocator(), `profile = "scdl"`).Chunks(context.Background(), csvInput("a\n")); !messages.Has(err, messages.CSVWrongUse) {
		t.Errorf("a profile in a source: %v", err)
	}
}

// Rows without quotes are looked at as a whole; that says what a look at every cell does,
// in the same words and lines.
func TestCSVAuditOfRowsAsOfCells(t *testing.T) {
	byCells := func(a csvAudit, b []byte) (line int64, why string) {
		line = 1
		for pos := 0; pos < len(b); line++ {
			cells := 0
			for more := true; more; cells++ {
				end, lines, ok := a.cell(b, pos)
				more = ok && end < len(b) && b[end] == a.profile.delimiter
				if !ok || !more && !bytes.HasPrefix(b[end:], []byte("\r\n")) {
					return line, "quotes or a line end that do not belong"
				}
				pos, line = end+1, line+lines
			}
			pos++
			if a.width == 0 {
				a.width = cells
			}
			if cells != a.width {
				return line, "a row with another number of cells than columns"
			}
		}
		return 0, ""
	}
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.SampledFrom([]string{"", "x", "douze octets", "a,b", "x\r\ny", "\"", "x\ny", "\"\"", "\"x,\"", "\"x\r\ny\"", "\"a\"\"b\""})
		end := rapid.SampledFrom([]string{"\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", ""})
		var b []byte
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			b = append(b, strings.Join(rapid.SliceOfN(cell, 1, 3).Draw(t, "row"), ",")...)
			b = append(b, end.Draw(t, "end")...)
		}
		a := csvAudit{profile: csvSCDL, width: rapid.IntRange(0, 2).Draw(t, "width")}
		line, why := byCells(a, b)
		err := a.check(b, 1)
		if (err == nil) != (why == "") {
			t.Fatalf("%q: got %v, wanted %q", b, err, why)
		}
		if m := messages.Find(err); m != nil && (m.Param("line") != fmt.Sprint(line) || m.Param("why") != why) {
			t.Fatalf("%q: got %v, wanted line %d: %s", b, err, line, why)
		}
	})
}

// Texts are written the same whether or not another of their column needs quotes, in
// whatever slice of an array they stand.
func TestCSVTextsWithAndWithoutOthers(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	written := func(t *rapid.T, texts []string, valid []bool, from int) string {
		b := array.NewStringBuilder(mem)
		defer b.Release()
		b.AppendValues(texts, valid)
		col := b.NewArray()
		defer col.Release()
		part := array.NewSlice(col, int64(from), int64(len(texts)))
		defer part.Release()
		rec := array.NewRecord(schema, []arrow.Array{part}, int64(part.Len()))
		defer rec.Release()
		var out bytes.Buffer
		w, err := csvFrom(t, mem, "").Begin(&out, schema, About{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.Encode(context.Background(), []pipelines.Batch{{Record: rec}})
		if err != nil || w.Append(e) != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[a-zé;' ]{0,20}`), 1, 20).Draw(t, "texts")
		valid := rapid.SliceOfN(rapid.Bool(), len(texts), len(texts)).Draw(t, "valid")
		from := rapid.IntRange(0, len(texts)).Draw(t, "from")
		want := "t\r\n"
		for i := from; i < len(texts); i++ {
			if valid[i] && texts[i] == "" {
				want += `""`
			} else if valid[i] {
				want += texts[i]
			}
			want += "\r\n"
		}
		if got := written(t, texts, valid, from); got != want {
			t.Fatalf("got %q, wanted %q", got, want)
		}
		if got := written(t, append(texts, "a,b"), append(valid, true), from); got != want+"\"a,b\"\r\n" {
			t.Fatalf("beside a text in quotes got %q, wanted %q", got, want)
		}
	})
}
