package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What the pages of a file take has to fit into what memory leaves them; where it does
// not, it is refused before it is taken, with the column.
func TestParquetPagesUnderAMemory(t *testing.T) {
	type row struct {
		Name  string `parquet:"name,plain"`
		Town  string `parquet:"town,dict"`
		Count int64  `parquet:"count,plain"`
	}
	rows := make([]row, 60_000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("Association %06d des amis du lavoir", i), []string{"Val-Fleuri", "Le Lavoir"}[i%2], int64(i)}
	}
	large := writeRows(t, rows, parquetgo.PageBufferSize(64<<20))
	small := writeRows(t, rows, parquetgo.PageBufferSize(64<<10))
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, c := range []struct {
		name   string
		file   []byte
		memory int64
		config string
		column string // that is refused; "" is none
	}{
		{"no bound", large, 0, "", ""},
		{"room for all", large, 32 << 20, "", ""},
		{"a page of 2.5 MB in 2 MiB", large, 8 << 20, "", "name"},
		{"without it", large, 8 << 20, `without = ["name"]`, ""},
		{"pages that together are more", large, 12 << 20, "", "town"},
		{"small pages", small, 8 << 20, "", ""},
	} {
		p := parquetFrom(t, mem, c.config)
		p.env.Memory = c.memory
		table, err := readForeign(t, p, inputOf(c.file))
		switch m := messages.Find(err); {
		case c.column != "" && (m == nil || m.Code != messages.ParquetMemory.Code || m.Param("column") != c.column):
			t.Errorf("%s: %v", c.name, err)
		case c.column == "" && (err != nil || len(table.cells[0]) != len(rows)):
			t.Errorf("%s: %d columns, %v", c.name, len(table.cells), err)
		}
	}

	// Texts that a dictionary has once and the rows many times.
	long := strings.Repeat("lavoir ", 200_000)
	for i := range rows[:100] {
		rows[i].Town = long
	}
	p := parquetFrom(t, mem, `without = ["name", "count"]`)
	p.env.Memory = 24 << 20
	if _, err := readForeign(t, p, inputOf(writeRows(t, rows[:1000]))); !messages.Has(err, messages.ParquetMemory) {
		t.Errorf("repeated texts: %v", err)
	}
}
