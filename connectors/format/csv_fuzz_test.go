package format

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Chunks of any size, down to one byte, give the rows, lines and rejects that
// one chunk of the whole file gives.
func TestCSVChunksAreSerial(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.StringOfN(rapid.SampledFrom([]rune("a1\",;\n\n\r \"é\x00")), 0, 120, -1).Draw(t, "data")
		config := rapid.SampledFrom([]string{"", "header = 0\ncolumns = { x = text, y = int64 }", "quote = \"\"", "skip_blank = true", "encoding = \"cp1252\""}).Draw(t, "config")
		whole, cut := csvFrom(t, mem, config), csvFrom(t, mem, config)
		cut.chunk = rapid.IntRange(1, 40).Draw(t, "chunk")
		if diff := cmp.Diff(readCSV(t, whole, data), readCSV(t, cut, data)); diff != "" {
			t.Fatalf("%q: %s", data, diff)
		}
	})
}

// What encoding/csv reads without an error is read as the same cells.
func FuzzCSVAgainstLibrary(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\nb\",c\r\n\"\"\"\",\n", "x\n\ny", "a,b\r", "\"a\"b,c\n", "é,\xff\n", "a\rb,c\nd,e\n"} {
		f.Add(s, uint8(0))
	}
	mem := memory.NewGoAllocator()
	f.Fuzz(func(t *testing.T, data string, size uint8) {
		r := csv.NewReader(strings.NewReader(data))
		records, err := r.ReadAll()
		if err != nil || len(records) == 0 || strings.HasPrefix(data, "\ufeff") || strings.HasPrefix(data, "\xff\xfe") || strings.HasPrefix(data, "\xfe\xff") {
			return
		}
		width := len(records[0])
		if width > 50 {
			return
		}
		config := "header = 0\nnull = []\ncolumns = {"
		for i := range width {
			config += fmt.Sprintf(" c%d = text,", i)
		}
		codec := csvFrom(t, mem, config+"}")
		if size > 0 {
			codec.chunk = int(size)
		}
		chunks, err := codec.Chunks(context.Background(), csvInput(data))
		if err != nil {
			t.Fatal(err)
		}
		if chunks.(*csvChunks).dialect.lineEnd == '\r' {
			return // the library knows no such files
		}
		got := readCells(t, chunks, width)
		want := [][]string{}
		for _, rec := range records {
			for i, c := range rec {
				rec[i] = strings.ReplaceAll(c, "\r\n", "\n")
			}
			if !(width == 1 && rec[0] == "") && csvClean(rec) {
				want = append(want, rec)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", data, diff)
		}
	})
}

func csvClean(rec []string) bool {
	for _, c := range rec {
		if csvEncodings["utf-8"].unreadable([]byte(c)) >= 0 {
			return false
		}
	}
	return true
}

func readCells(t *testing.T, chunks pipelines.Chunks, width int) [][]string {
	t.Helper()
	defer chunks.Close()
	rows := [][]string{}
	for {
		chunk, err := chunks.Next(context.Background())
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := chunk.Decode(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Rejects {
			if r.Why.Message == messages.MisplacedLineEnd {
				t.Skip() // the library takes a lone CR for text
			}
			if r.Why.Message != messages.CSVUnreadableByte {
				t.Fatal(r.Why)
			}
		}
		for r := range int(b.NumRows()) {
			row := make([]string, width)
			for c := range row {
				row[c] = strings.ReplaceAll(b.Column(c).ValueStr(r), "\r\n", "\n")
			}
			if width > 1 || row[0] != "" {
				rows = append(rows, row)
			}
		}
		b.Release()
	}
}
