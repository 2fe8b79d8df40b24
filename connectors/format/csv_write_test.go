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
