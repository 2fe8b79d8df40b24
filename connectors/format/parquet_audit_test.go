package format

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// smallFile has every type, several pages' worth of structures, filters and two row groups.
func smallFile(t *testing.T, c parquetConfig) (*parquet, []byte, *arrow.Schema) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	c.Bloom = []string{"text", "int64"}
	p := newTestParquet(t, mem, c)
	return p, encodeFile(t, p, schema, 100, randomRecord(mem, schema, 30, seeded(5)), randomRecord(mem, schema, 3, seeded(6))), schema
}

// Any byte that is changed is noticed (invariant 5), but for the free texts of
// the footer: who wrote the file, and metadata that is not the schema's.
func TestParquetEveryByteCounts(t *testing.T) {
	for _, c := range []parquetConfig{{}, {Compression: "none", PageVersion: 2}} {
		p, file, schema := smallFile(t, c)
		rows, err := reopen(p, file, schema)
		if err != nil {
			t.Fatal(err)
		}
		free := freeTexts(t, file)
		inert := 0
		for i := range file {
			flip := byte(1) << (i % 8)
			file[i] ^= flip
			if auditFile(p, file) == nil {
				inert++
				if got, err := reopen(p, file, schema); !free[i] && err == nil {
					t.Errorf("byte %d of %d, bits %x: nobody notices (rows: %q)", i, len(file), flip, difference(rows, got))
				}
			}
			file[i] ^= flip
		}
		t.Logf("%s, pages %d: %d bytes, %d of them free text; %d of %d changes are inert", p.config.Compression, p.config.PageVersion,
			len(file), len(free), inert, len(file))
	}
}

// freeTexts are the positions of the footer's free texts.
func freeTexts(t *testing.T, file []byte) map[int]bool {
	free := map[int]bool{}
	for _, s := range []string{"lavoir test", "\x18\x01a\x18\x011", "\x18\x01b\x18\x012"} {
		at := bytes.LastIndex(file, []byte(s))
		if at < 0 {
			t.Fatalf("%q is not in the footer", s)
		}
		for i := range s {
			if s[i] >= ' ' {
				free[at+i] = true
			}
		}
	}
	return free
}

// refooter changes the footer of a file and writes it anew.
func refooter(t *testing.T, file []byte, change func(*pq.FileMetaData)) []byte {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	var m pq.FileMetaData
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), file[len(file)-8-n:len(file)-8], &m); err != nil {
		t.Fatal(err)
	}
	change(&m)
	b, err := thrift.Marshal(new(thrift.CompactProtocol), m)
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(file[:len(file)-8-n]), b...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
	return append(out, "PAR1"...)
}

// A footer that lies is found out.
func TestParquetAuditFindsLies(t *testing.T) {
	p, file, _ := smallFile(t, parquetConfig{})
	if err := auditFile(p, refooter(t, file, func(*pq.FileMetaData) {})); err != nil {
		t.Fatal(err)
	}
	box := func(m *pq.FileMetaData) []pq.SchemaElement {
		return m.Schema[slices.IndexFunc(m.Schema, func(e pq.SchemaElement) bool { return e.Name == "bbox" }):]
	}
	text := func(m *pq.FileMetaData) *pq.ColumnChunk { return &m.RowGroups[0].Columns[10] }
	for name, lie := range map[string]func(*pq.FileMetaData){
		"rows of the file": func(m *pq.FileMetaData) { m.NumRows++ },
		"rows of a group":  func(m *pq.FileMetaData) { m.RowGroups[0].NumRows--; m.NumRows-- },
		"least value":      func(m *pq.FileMetaData) { text(m).MetaData.Statistics.MinValue = []byte("zzz") },
		"no statistics":    func(m *pq.FileMetaData) { st := &text(m).MetaData.Statistics; st.MinValue, st.MaxValue = nil, nil },
		"null count":       func(m *pq.FileMetaData) { text(m).MetaData.Statistics.NullCount++ },
		"distinct count":   func(m *pq.FileMetaData) { text(m).MetaData.Statistics.DistinctCount = 3 },
		"old statistics":   func(m *pq.FileMetaData) { text(m).MetaData.Statistics.Max = []byte("x") },
		"values":           func(m *pq.FileMetaData) { text(m).MetaData.NumValues++ },
		"no filter": func(m *pq.FileMetaData) {
			text(m).MetaData.BloomFilterOffset, text(m).MetaData.BloomFilterLength = 0, 0
		},
		"no column index":    func(m *pq.FileMetaData) { text(m).ColumnIndexOffset, text(m).ColumnIndexLength = 0, 0 },
		"no offset index":    func(m *pq.FileMetaData) { text(m).OffsetIndexOffset, text(m).OffsetIndexLength = 0, 0 },
		"uncompressed":       func(m *pq.FileMetaData) { text(m).MetaData.TotalUncompressedSize++ },
		"encodings":          func(m *pq.FileMetaData) { text(m).MetaData.Encoding = text(m).MetaData.Encoding[:1] },
		"codec":              func(m *pq.FileMetaData) { text(m).MetaData.Codec = pq.Gzip },
		"group size":         func(m *pq.FileMetaData) { m.RowGroups[0].TotalByteSize++ },
		"group left out":     func(m *pq.FileMetaData) { m.NumRows -= m.RowGroups[1].NumRows; m.RowGroups = m.RowGroups[:1] },
		"groups exchanged":   func(m *pq.FileMetaData) { m.RowGroups[0], m.RowGroups[1] = m.RowGroups[1], m.RowGroups[0] },
		"sorting columns":    func(m *pq.FileMetaData) { m.RowGroups[0].SortingColumns = []pq.SortingColumn{{ColumnIdx: 2}} },
		"precision":          func(m *pq.FileMetaData) { m.Schema[5].Precision = thrift.New(int32(8)) },
		"naive instants":     func(m *pq.FileMetaData) { m.Schema[10].LogicalType.Value.(*pq.TimestampType).IsAdjustedToUTC = false },
		"column name":        func(m *pq.FileMetaData) { m.Schema[1].Name = "b" },
		"required":           func(m *pq.FileMetaData) { m.Schema[1].RepetitionType = thrift.New(pq.Required) },
		"no Arrow schema":    func(m *pq.FileMetaData) { m.KeyValueMetadata = m.KeyValueMetadata[1:] },
		"half a box":         func(m *pq.FileMetaData) { box(m)[1].RepetitionType = thrift.New(pq.Optional) },
		"no box at all":      func(m *pq.FileMetaData) { box(m)[0].RepetitionType = thrift.New(pq.Required) },
		"box of three":       func(m *pq.FileMetaData) { box(m)[0].NumChildren = thrift.New(int32(3)) },
		"other box":          func(m *pq.FileMetaData) { box(m)[1].Name, box(m)[2].Name = "ymin", "xmin" },
		"metadata unordered": func(m *pq.FileMetaData) { kv := m.KeyValueMetadata; kv[0], kv[1] = kv[1], kv[0] },
	} {
		if err := auditFile(p, refooter(t, file, lie)); !messages.Has(err, messages.ParquetDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	hidden := append(bytes.Clone(file[:4]), append([]byte("Personne"), file[4:]...)...)
	if auditFile(p, hidden) == nil {
		t.Error("bytes before the first page are not noticed")
	}
	n := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	before := len(file) - 8 - n
	hidden = append(bytes.Clone(file[:before]), append([]byte("Personne"), file[before:]...)...)
	if auditFile(p, hidden) == nil {
		t.Error("bytes before the footer are not noticed")
	}
}

// Pages of nulls before others leave an index without an order, and an index that
// states one is found out.
func TestParquetNoOrderAcrossPagesOfNulls(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	for _, c := range []struct {
		nullsFirst bool
		want       pq.BoundaryOrder
	}{{true, pq.Unordered}, {false, pq.Ascending}} {
		b := array.NewInt64Builder(mem)
		for i := range 2 * pageRows {
			if (i < pageRows) == c.nullsFirst {
				b.AppendNull()
			} else {
				b.Append(int64(i))
			}
		}
		p := newTestParquet(t, mem, parquetConfig{})
		file := encodeFile(t, p, schema, 1<<16, array.NewRecord(schema, []arrow.Array{b.NewArray()}, 2*pageRows))
		r, err := readParquet(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		chunk := r.meta.RowGroups[0].Columns[0]
		stored := file[chunk.ColumnIndexOffset:][:chunk.ColumnIndexLength]
		var index pq.ColumnIndex
		if _, err := decodeThrift(stored, &index); err != nil || auditFile(p, file) != nil {
			t.Fatal(err, auditFile(p, file))
		}
		if index.BoundaryOrder != c.want {
			t.Errorf("nulls first %v: the order is %v", c.nullsFirst, index.BoundaryOrder)
		}
		index.BoundaryOrder = pq.Ascending + pq.Unordered - index.BoundaryOrder
		lie, err := marshal(&index)
		if err != nil || copy(stored, lie) != len(stored) {
			t.Fatal(err)
		}
		if err := auditFile(p, file); !messages.Has(err, messages.ParquetDamaged) {
			t.Errorf("nulls first %v: another order is not noticed: %v", c.nullsFirst, err)
		}
	}
}

// A file cut anywhere is an error, not a panic nor fewer rows.
func TestParquetTruncated(t *testing.T) {
	p, file, schema := smallFile(t, parquetConfig{})
	for n := range file {
		if _, err := reopen(p, file[:n], schema); err == nil {
			t.Fatalf("%d of %d bytes can be read", n, len(file))
		}
		if auditFile(p, file[:n]) == nil {
			t.Fatalf("%d of %d bytes pass the audit", n, len(file))
		}
	}
}

// What a filter removed leaves no trace in the file: neither in dictionaries
// nor in bounds.
func TestParquetHoldsNothingElse(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := arrow.NewSchema([]arrow.Field{{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	b := array.NewRecordBuilder(mem, schema)
	for i := range 3000 {
		if i%3 == 0 {
			b.Field(0).(*array.StringBuilder).Append("SUPPRIME")
		} else {
			b.Field(0).(*array.StringBuilder).Append([]string{"Le Goff", "Morvan"}[i%2])
		}
	}
	r := b.NewRecord()
	p := newTestParquet(t, mem, parquetConfig{Compression: "none"})
	var kept []arrow.Record
	for i := range int64(1000) {
		kept = append(kept, r.NewSlice(3*i+1, 3*i+3))
	}
	table := array.NewTableFromRecords(schema, kept)
	whole := array.NewTableReader(table, 1<<16)
	var groups []arrow.Record
	for whole.Next() {
		rec := whole.Record()
		rec.Retain()
		groups = append(groups, rec)
	}
	file := encodeFile(t, p, schema, 1<<16, groups...)
	if bytes.Contains(file, []byte("SUPPRIME")) {
		t.Error("a value that no row has is in the file")
	}
	if !bytes.Contains(file, []byte("Morvan")) {
		t.Error("the file is not readable as it is, so this test shows nothing")
	}
}

func TestParquetSorted(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "code", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "n", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	}, nil)
	record := func(rows ...string) arrow.Record {
		b := array.NewRecordBuilder(mem, schema)
		for _, r := range rows {
			code, n, _ := strings.Cut(r, " ")
			for i, cell := range []string{code, n} {
				if cell == "-" {
					b.Field(i).AppendNull()
				} else if err := b.Field(i).AppendValueFromString(cell); err != nil {
					t.Fatal(err)
				}
			}
		}
		return b.NewRecord()
	}
	for name, c := range map[string]struct {
		groups []arrow.Record
		sorted bool
	}{
		"nothing":          {nil, true},
		"sorted":           {[]arrow.Record{record("a 1", "a 2", "a 2", "a -", "b -5", "é 0", "- 1", "- -")}, true},
		"over groups":      {[]arrow.Record{record("a 1", "b 1"), record("b 1", "b 2"), record("- 3"), record("- 3")}, true},
		"first column":     {[]arrow.Record{record("b 1", "a 1")}, false},
		"second column":    {[]arrow.Record{record("a 2", "a 1")}, false},
		"null first":       {[]arrow.Record{record("- 2", "a 1")}, false},
		"null within":      {[]arrow.Record{record("a -", "a 1")}, false},
		"from group to it": {[]arrow.Record{record("b 1"), record("a 1")}, false},
		"null then group":  {[]arrow.Record{record("b 1", "- 1"), record("c 1")}, false},
	} {
		p := newTestParquet(t, mem, parquetConfig{SortedBy: []string{"code", "n"}})
		err := auditFile(p, encodeFile(t, p, schema, 2, c.groups...))
		if c.sorted && err != nil || !c.sorted && !messages.Has(err, messages.ParquetOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bounds of long values are short, enclose them, and stay what readers can use.
func TestParquetShortBounds(t *testing.T) {
	const last = "\U0010ffff"
	for _, c := range []struct{ v, lo, hi string }{
		{"", "", ""},
		{strings.Repeat("a", 64), strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{strings.Repeat("a", 65), strings.Repeat("a", 64), strings.Repeat("a", 63) + "b"},
		{strings.Repeat("a", 63) + "éa", strings.Repeat("a", 63), strings.Repeat("a", 62) + "b"},
		{strings.Repeat("a", 62) + "éa", strings.Repeat("a", 62) + "é", strings.Repeat("a", 62) + "ê"},
		{strings.Repeat("a", 61) + "\ud7ff!", strings.Repeat("a", 61) + "\ud7ff", strings.Repeat("a", 61) + "\ue000"},
		{strings.Repeat("a", 60) + last + "!", strings.Repeat("a", 60) + last, strings.Repeat("a", 59) + "b"},
		{strings.Repeat(last, 17), strings.Repeat(last, 16), strings.Repeat(last, 17)},
		{strings.Repeat("\x7f", 70), strings.Repeat("\x7f", 64), strings.Repeat("\x7f", 63) + "\u0080"},
	} {
		short, tall := shortenText([]byte(c.v), []byte(c.v))
		lo, hi := string(short), string(tall)
		if lo != c.lo || hi != c.hi {
			t.Errorf("%q: %q and %q, want %q and %q", c.v, lo, hi, c.lo, c.hi)
		}
		if lo > c.v || hi < c.v {
			t.Errorf("%q is not between %q and %q", c.v, lo, hi)
		}
	}
	for _, c := range []struct{ v, lo, hi string }{
		{strings.Repeat("a", 65), strings.Repeat("a", 64), strings.Repeat("a", 63) + "b"},
		{strings.Repeat("a", 63) + "\xffz", strings.Repeat("a", 63) + "\xff", strings.Repeat("a", 62) + "b"},
		{strings.Repeat("\xff", 80), strings.Repeat("\xff", 64), strings.Repeat("\xff", 80)},
	} {
		if lo, hi := shortenBytes([]byte(c.v), []byte(c.v)); string(lo) != c.lo || string(hi) != c.hi {
			t.Errorf("%q: %q and %q, want %q and %q", c.v, lo, hi, c.lo, c.hi)
		}
	}
}

// FuzzParquetOpen: whatever the bytes, reading ends with rows or an error.
func FuzzParquetOpen(f *testing.F) {
	schema := allTypes()
	p := newTestParquet(f, memory.NewGoAllocator(), parquetConfig{Bloom: []string{"text"}})
	f.Add(encodeFile(f, p, schema, 100, randomRecord(memory.NewGoAllocator(), schema, 12, seeded(1))))
	f.Add(encodeFile(f, p, schema, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(t, 0)
		p := newTestParquet(t, mem, parquetConfig{})
		var err error
		if took := allocated(func() { err = auditFile(p, b) }); took > allowed(len(b))+ownBytes {
			t.Errorf("%d bytes take %d", len(b), took)
		}
		if err != nil && messages.Find(err) == nil {
			t.Error("no message:", err)
		}
		if _, err := reopen(p, b, schema); err != nil && messages.Find(err) == nil {
			t.Error("no message:", err)
		}
	})
}
