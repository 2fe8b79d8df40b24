package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// allocated is how many bytes do takes in all, those of Arrow too, whether it lets go of
// them or not.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// allowed is what reading n bytes that claim anything may take: a multiple of them, and
// what is believed of a page or two.
func allowed(n int) int64 { return 64*int64(n) + 2*believed }

// numbers calls do with each number that v says, to change it.
func eachNumber(path string, v reflect.Value, do func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Int32, reflect.Int64:
		do(path, v)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachNumber(path, v.Elem(), do)
		}
	case reflect.Struct:
		if valid := v.FieldByName("Valid"); valid.IsValid() && !valid.Bool() {
			return // it says nothing
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				eachNumber(path+"."+f.Name, v.Field(i), do)
			}
		}
	case reflect.Slice:
		for i := range min(v.Len(), 3) {
			eachNumber(fmt.Sprint(path, " ", i), v.Index(i), do)
		}
	}
}

var numberClaims = []int64{1<<31 - 1, 1 << 40, 1<<63 - 1, 100 << 20, 1<<24 - 1, -1, -1 << 31, -1 << 63}

// eachClaim calls do with files in which one number of v was changed; made makes the file.
func eachClaim(name string, v any, made func() []byte, do func(what string, file []byte)) {
	eachNumber(name, reflect.ValueOf(v), func(path string, v reflect.Value) {
		if !v.CanSet() {
			return
		}
		was := v.Int()
		for _, n := range numberClaims {
			if !v.OverflowInt(n) && n != was {
				v.SetInt(n)
				do(fmt.Sprint(path, " = ", n), made())
			}
		}
		v.SetInt(was)
	})
}

func marshalled(t testing.TB, v any) []byte {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func footerOf(t testing.TB, file []byte) (m pq.FileMetaData, at int) {
	at = len(file) - 8 - int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), file[at:len(file)-8], &m); err != nil {
		t.Fatal(err)
	}
	return m, at
}

func withFooter(t testing.TB, body []byte, m *pq.FileMetaData) []byte {
	b := marshalled(t, m)
	file := append(append(bytes.Clone(body), b...), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(file[len(file)-4:], uint32(len(b)))
	return append(file, "PAR1"...)
}

// forged calls do with the file once for each number that its footer and the heads of its
// pages say and each claim, which stands instead of it.
func forged(t testing.TB, file []byte, do func(what string, file []byte)) {
	m, at := footerOf(t, file)
	body := file[:at]
	eachClaim("footer", &m, func() []byte { return withFooter(t, body, &m) }, do)
	for _, n := range numberClaims {
		long := bytes.Clone(file)
		binary.LittleEndian.PutUint32(long[len(long)-8:], uint32(n))
		do(fmt.Sprint("length of the footer = ", uint32(n)), long)
	}
	for g := range m.RowGroups[:1] {
		for j := range m.RowGroups[g].Columns {
			c := &m.RowGroups[g].Columns[j].MetaData
			from := firstOffset(c)
			for pos, page := from, 0; pos < from+c.TotalCompressedSize && page < 3; page++ {
				var h pq.PageHeader
				_, used, _, ok := readInPageHead(body[pos:])
				if !ok || thrift.Unmarshal(new(thrift.CompactProtocol), body[pos:pos+int64(used)], &h) != nil {
					t.Fatal("a page header cannot be read")
				}
				next := pos + int64(used) + int64(h.CompressedPageSize)
				eachClaim(fmt.Sprint("column ", j, " page ", page), &h, func() []byte {
					head := marshalled(t, &h)
					by := int64(len(head) - used)
					moved, _ := footerOf(t, file)
					for g := range moved.RowGroups {
						for k := range moved.RowGroups[g].Columns {
							whole := &moved.RowGroups[g].Columns[k]
							for _, at := range []*int64{&whole.MetaData.DataPageOffset, &whole.MetaData.DictionaryPageOffset, &whole.MetaData.BloomFilterOffset,
								&whole.ColumnIndexOffset, &whole.OffsetIndexOffset} {
								if *at > pos {
									*at += by
								}
							}
						}
					}
					moved.RowGroups[g].Columns[j].MetaData.TotalCompressedSize += by
					moved.RowGroups[g].TotalCompressedSize += by
					b := append(append(bytes.Clone(body[:pos]), head...), body[pos+int64(used):]...)
					return withFooter(t, b, &moved)
				}, do)
				pos = next
			}
		}
	}
}

// Whatever number a file claims, of bytes, values, rows or places, who reads it takes no
// more than its bytes can stand for, and says what is wrong (invariant 9).
func TestParquetClaimsAreNotBelieved(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	type row struct {
		Gzip   string   `parquet:"gzip,gzip"`
		Brotli *string  `parquet:"brotli,brotli,optional"`
		Lz4    string   `parquet:"lz4,lz4"`
		Snappy string   `parquet:"snappy,snappy,dict"`
		Delta  int64    `parquet:"delta,delta,zstd"`
		Texts  string   `parquet:"texts,delta,zstd"`
		Tags   []string `parquet:"tags,list,zstd"`
	}
	var rows []row
	for i := range 40 {
		s := fmt.Sprint("Val-Fleuri ", i)
		rows = append(rows, row{s, &s, s, s, int64(i), s, []string{s}})
	}
	arrowFile, _ := writeByArrow(t, foreignColumns, seeded(1), 12)
	own, ownFile, _ := smallFile(t, parquetConfig{})
	foreign := parquetFrom(t, mem, "")
	for name, file := range map[string][]byte{"arrow": arrowFile, "parquet-go": writeRows(t, rows), "version 2": writeRows(t, rows, parquetgo.DataPageVersion(2)), "own": ownFile} {
		read := func(file []byte) (err error) {
			_, err = readForeign(t, foreign, inputOf(file))
			return err
		}
		if err := read(file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		usual := allocated(func() { _ = read(file) })
		n, refused := 0, 0
		most, whose := int64(0), ""
		forged(t, file, func(what string, file []byte) {
			if n++; testing.Short() && n%7 != 0 {
				return
			}
			var err error
			if took := allocated(func() { err = read(file) }); took > most {
				most, whose = took, what
			}
			if err != nil {
				refused++
				if messages.Find(err) == nil {
					t.Errorf("%s, %s: no message: %v", name, what, err)
				}
			}
			if name != "own" {
				return
			}
			if took := allocated(func() { err = auditFile(own, file) }); took > most {
				most, whose = took, what+" (read back)"
			}
			if !messages.Has(err, messages.ParquetDamaged) && !messages.Has(err, messages.ParquetLongFooter) {
				t.Errorf("%s, %s: read back: %v", name, what, err)
			}
		})
		if n < 500 || refused < 50 {
			t.Errorf("%s: %d claims, %d refused", name, n, refused)
		}
		t.Logf("%s: %d bytes, %d claims, %d refused; %d bytes were taken at most (%s), as the file is %d", name, len(file), n, refused, most, whose, usual)
		if most > 2*usual+allowed(len(file)) {
			t.Errorf("%s: %s took %d bytes, of %d", name, whose, most, len(file))
		}
	}
}

// forgedPage is a page with its header.
func forgedPage(t testing.TB, h pq.PageHeader, body []byte) []byte {
	h.CompressedPageSize = int32(len(body))
	return append(marshalled(t, &h), body...)
}

// forgedFile is a file of one row group, of columns of bytes of which each has the pages.
func forgedFile(t testing.TB, codec pq.CompressionCodec, rows int64, columns int, pages []byte) []byte {
	m := pq.FileMetaData{Version: 1, NumRows: rows, RowGroups: []pq.RowGroup{{NumRows: rows}}}
	m.Schema = []pq.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(columns))}}
	for i := range columns {
		name := fmt.Sprint("c", i)
		m.Schema = append(m.Schema, pq.SchemaElement{Name: name, Type: thrift.New(pq.ByteArray), RepetitionType: thrift.New(pq.Required)})
		m.RowGroups[0].Columns = append(m.RowGroups[0].Columns, pq.ColumnChunk{MetaData: pq.ColumnMetaData{Type: pq.ByteArray, PathInSchema: []string{name}, Codec: codec,
			NumValues: rows, TotalCompressedSize: int64(len(pages)), DataPageOffset: 4}})
	}
	return withFooter(t, append([]byte("PAR1"), pages...), &m)
}

// zeroFrame is a zstd frame of head and so many zero bytes, of blocks of one byte.
func zeroFrame(head []byte, zeros int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, zstdMagic)
	b = append(b, 0, 10<<3)
	block := func(kind, size int, last bool) {
		n := size<<3 | kind<<1
		if last {
			n |= 1
		}
		b = append(b, byte(n), byte(n>>8), byte(n>>16))
	}
	block(0, len(head), false)
	b = append(b, head...)
	for ; zeros > zstdBlock; zeros -= zstdBlock {
		block(1, zstdBlock, false)
		b = append(b, 0)
	}
	block(1, zeros, true)
	return append(b, 0)
}

// alikeFile is a file of columns that name the same page, of texts of which each begins as
// the one before: 5.6 MB of them.
func alikeFile(t testing.TB, columns int) []byte {
	type row struct {
		Text string `parquet:"c,delta"`
	}
	rows := make([]row, 400)
	for i := range rows {
		rows[i].Text = strings.Repeat("lavoir ", 2000)
	}
	file := writeRows(t, rows, parquetgo.Compression(&parquetgo.Zstd), parquetgo.PageBufferSize(1<<30))
	m, at := footerOf(t, file)
	one, name := m.RowGroups[0].Columns[0], m.Schema[1]
	one.MetaData.Statistics = pq.Statistics{}
	m.Schema, m.RowGroups[0].Columns = m.Schema[:1], nil
	m.Schema[0].NumChildren = thrift.New(int32(columns))
	for i := range columns {
		name.Name = fmt.Sprint("c", i)
		one.MetaData.PathInSchema = []string{name.Name}
		m.Schema, m.RowGroups[0].Columns = append(m.Schema, name), append(m.RowGroups[0].Columns, one)
	}
	return withFooter(t, file[:at], &m)
}

// Such texts are written out for the rows that are decoded, and are not held with the page.
func TestParquetTextsThatBeginAlikeAreNotHeld(t *testing.T) {
	p := parquetFrom(t, memory.NewGoAllocator(), "")
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	file := alikeFile(t, 20)
	before := live()
	chunks, err := p.Chunks(context.Background(), inputOf(file))
	if err != nil {
		t.Fatal(err)
	}
	defer chunks.Close()
	chunk, err := chunks.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b, err := chunk.Decode(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	texts := int64(0)
	for _, c := range b.Columns() {
		_, data := arrowx.Texts(c.(*array.String))
		texts += int64(len(data))
	}
	b.Release()
	if held := live() - before; texts < 16<<20 || held > 8<<20 {
		t.Errorf("of %d bytes of texts %d are held", texts, held)
	}
	runtime.KeepAlive(chunks)
}

// What few bytes really stand for is held to a bound, whatever it is spread over: pages,
// columns that name the same bytes, texts that repeat what was before.
func TestParquetThatSaysMuchInFewBytes(t *testing.T) {
	const large = 100 << 20
	size := binary.LittleEndian.AppendUint32(nil, large)
	data := func(n int32, e pq.Encoding) thrift.Null[pq.DataPageHeader] {
		return thrift.New(pq.DataPageHeader{NumValues: n, Encoding: e, DefinitionLevelEncoding: pq.RLE, RepetitionLevelEncoding: pq.RLE})
	}
	bomb := forgedPage(t, pq.PageHeader{Type: pq.DataPage, UncompressedPageSize: large + 4, DataPageHeader: data(1, pq.Plain)}, zeroFrame(size, large))
	// As long as it is compressed, and of nothing.
	empty := forgedPage(t, pq.PageHeader{Type: pq.DataPage, DataPageHeader: data(1, pq.Plain)}, make([]byte, 1<<20))
	for _, c := range []struct {
		name   string
		file   []byte
		memory int64
		want   *messages.Message
		most   int64
	}{
		{"pages of a column", forgedFile(t, pq.Zstd, 60, 1, bytes.Repeat(bomb, 60)), 0, messages.ParquetTooLarge, 8 << 20},
		{"pages of columns", forgedFile(t, pq.Zstd, 1, 60, bomb), 0, messages.ParquetTooLarge, 8 << 20},
		{"a page under a memory", forgedFile(t, pq.Zstd, 1, 1, bomb), 64 << 20, messages.ParquetMemory, 1 << 20},
		{"pages that are larger than what they stand for", forgedFile(t, pq.Zstd, 1, 3000, empty), 0, messages.ParquetTooLarge, inHeldBound + 64<<20},
		{"such pages under a memory", forgedFile(t, pq.Zstd, 1, 3000, empty), 64 << 20, messages.ParquetMemory, 48 << 20},
		{"texts that begin alike", alikeFile(t, 40), 96 << 20, messages.ParquetMemory, 512 << 20},
	} {
		p := parquetFrom(t, memory.NewGoAllocator(), "")
		p.env.Memory = c.memory
		var err error
		took := allocated(func() {
			_, err = readForeign(t, p, inputOf(c.file))
		})
		if !messages.Has(err, c.want) || took > c.most {
			t.Errorf("%s: %d bytes of %d were taken; %v", c.name, took, len(c.file), err)
		}
	}
}

// Row groups that follow one another are together under a bound: of each a chunk may wait
// to be decoded. Where they hold as much as they should there may be any number.
func TestParquetRowGroupsInFlight(t *testing.T) {
	group := func(rows int32, size int) (file []byte) {
		entry := binary.LittleEndian.AppendUint32(nil, uint32(size))
		pages := forgedPage(t, pq.PageHeader{Type: pq.DictionaryPage, UncompressedPageSize: int32(size) + 4,
			DictionaryPageHeader: thrift.New(pq.DictionaryPageHeader{NumValues: 1, Encoding: pq.Plain})}, zeroFrame(entry, size))
		pages = append(pages, forgedPage(t, pq.PageHeader{Type: pq.DataPage, UncompressedPageSize: 3,
			DataPageHeader: thrift.New(pq.DataPageHeader{NumValues: rows, Encoding: pq.RLEDictionary, DefinitionLevelEncoding: pq.RLE, RepetitionLevelEncoding: pq.RLE})},
			zeroFrame([]byte{1, byte(rows) << 1}, 1))...)
		file = forgedFile(t, pq.Zstd, int64(rows), 1, pages)
		m, at := footerOf(t, file)
		for range 29 {
			m.RowGroups, m.NumRows = append(m.RowGroups, m.RowGroups[0]), m.NumRows+int64(rows)
		}
		return withFooter(t, file[:at], &m)
	}
	for _, workers := range []int{0, 2, 4} {
		p := parquetFrom(t, memory.NewGoAllocator(), "")
		p.env.Memory, p.env.Workers = 256<<20, workers
		file := group(1, 100<<20)
		var err error
		if took := allocated(func() { _, err = readForeign(t, p, inputOf(file)) }); !messages.Has(err, messages.ParquetMemory) || took > 600<<20 {
			t.Errorf("%d workers: %d bytes of %d were taken; %v", workers, took, len(file), err)
		}
		if rows, _, err := drain(p, inputOf(group(8, 1<<20))); rows != 240 || err != nil {
			t.Errorf("%d workers: %d rows; %v", workers, rows, err)
		}
	}
}

// A footer of many elements that say nothing is not made into structures, nor are names
// that each column in a group has another copy of.
func TestParquetFootersThatSayMuch(t *testing.T) {
	own := newTestParquet(t, memory.NewGoAllocator(), parquetConfig{})
	list := func(n int, element string) string {
		return string(binary.AppendUvarint([]byte{0xfc}, uint64(n))) + strings.Repeat(element, n)
	}
	const n = 2 << 20
	wide := pq.FileMetaData{Version: 1, Schema: []pq.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(1))},
		{Name: strings.Repeat("g", 1<<20), NumChildren: thrift.New(int32(2000)), RepetitionType: thrift.New(pq.Required)}}}
	for range 2000 {
		wide.Schema = append(wide.Schema, pq.SchemaElement{Name: "c", Type: thrift.New(pq.Int32), RepetitionType: thrift.New(pq.Required)})
	}
	for name, c := range map[string]struct {
		footer string
		memory int64
	}{
		"the schema":                {"\x29" + list(n, "\x00") + "\x00", 0},
		"row groups":                {"\x49" + list(n, "\x00") + "\x00", 32 << 20},
		"columns of a row group":    {"\x49\x1c\x19" + list(n, "\x00") + "\x00\x00", 0},
		"an element of the schema":  {"\x29" + list(n/4, "\x48\x01a\x00") + "\x00", 0},
		"names of what is in group": {string(marshalled(t, &wide)), 0},
	} {
		file := append([]byte("PAR1"+c.footer), 0, 0, 0, 0)
		binary.LittleEndian.PutUint32(file[len(file)-4:], uint32(len(c.footer)))
		file = append(file, "PAR1"...)
		p := parquetFrom(t, memory.NewGoAllocator(), "")
		p.env.Memory = c.memory
		var err error
		took := allocated(func() { _, err = readForeign(t, p, inputOf(file)) })
		if !messages.Has(err, messages.ParquetDescribes) || took > 8*int64(inFooterBound) {
			t.Errorf("%s: %d bytes of %d were taken; %v", name, took, len(file), err)
		}
		if took := allocated(func() { err = auditFile(own, file) }); !messages.Has(err, messages.ParquetDamaged) || took > 64*int64(len(file)) {
			t.Errorf("%s: read back: %d bytes of %d were taken; %v", name, took, len(file), err)
		}
	}
}

// What is read back of few bytes is bounded too.
func TestParquetReadBackThatSaysMuch(t *testing.T) {
	frame := zeroFrame(nil, 1<<30)
	d := &groupDecoder{}
	for _, size := range []int{10, 1 << 20, 1<<30 - 1, 1 << 30, 1<<31 - 1, -1} {
		var err error
		if took := allocated(func() { _, err = d.decompress(1, pq.Zstd, frame, size) }); !messages.Has(err, messages.ParquetDamaged) || took > 32<<20 {
			t.Errorf("a page of %d: %d bytes were taken; %v", size, took, err)
		}
	}
	r := &parquetReader{leaves: []fileLeaf{{typ: arrow.PrimitiveTypes.Int64}}}
	r.meta.RowGroups = []pq.RowGroup{{NumRows: pipelines.RowGroup, Columns: make([]pq.ColumnChunk, 1)}}
	for range 1000 {
		r.leaves, r.meta.RowGroups[0].Columns = append(r.leaves, r.leaves[0]), append(r.meta.RowGroups[0].Columns, pq.ColumnChunk{})
	}
	if err := r.auditGroup(0); err == nil || !strings.Contains(err.Error(), "more rows or bytes") {
		t.Errorf("a row group of a thousand columns of nulls: %v", err)
	}
}

// A frame without a window of its own, whose blocks claim to be a hundred megabytes, takes
// that once at most.
func TestParquetFrameOfOneSegment(t *testing.T) {
	const size = 100 << 20
	frame := binary.LittleEndian.AppendUint32(nil, zstdMagic)
	frame = binary.LittleEndian.AppendUint32(append(frame, zstdSingleSegment), size)
	for i := range size / zstdBlock {
		n := 4<<3 | zstdCompressed
		if i == size/zstdBlock-1 {
			n |= 1
		}
		frame = append(frame, byte(n), 0, 0, 1, 2, 3, 4)
	}
	var err error
	if took := allocated(func() { _, err = decompressed(pq.Zstd, frame, size) }); err == nil || took > size+32<<20 {
		t.Errorf("%d bytes were taken; %v", took, err)
	}
	d := &groupDecoder{}
	if took := allocated(func() { _, err = d.decompress(1, pq.Zstd, frame, size) }); err == nil || took > size+32<<20 {
		t.Errorf("%d bytes were taken to read back; %v", took, err)
	}
}

// Frames, runs and deltas are justified by their bytes exactly as they are decoded.
func TestParquetBytesJustify(t *testing.T) {
	for _, n := range []int{0, 1, 1000, zstdBlock, zstdBlock + 1, 5 << 20} {
		frame := zeroFrame([]byte("abc"), n)
		if n == 0 {
			frame = frame[:len(frame)-4]
			frame[6] |= 1 // the last block is that of the head
		}
		if got := zstdMost(frame); got != int64(n+3) {
			t.Errorf("%d zeros: %d", n, got)
		}
		for _, size := range []int{n + 3, n + 2, n + 4} {
			out, err := decompressed(pq.Zstd, frame, size)
			if (err == nil) != (size == n+3) || err == nil && len(out) != size {
				t.Errorf("%d zeros as %d: %v", n, size, err)
			}
		}
	}
	pick := seeded(7)
	for range 2000 {
		width, n := 1+pick(20), 1+pick(3000)
		vs := make([]int32, n)
		for i := range vs {
			if vs[i] = int32(pick(1 << width)); i > 0 && pick(20) > 0 {
				vs[i] = vs[i-1]
			}
		}
		b := appendHybrid(nil, vs, width)
		if !hybridHolds(b, width, n) || len(b) < n*width/8 && hybridHolds(b, width, n+64) {
			t.Fatalf("%d numbers of %d bits in %d bytes", n, width, len(b))
		}
	}
	if deltasHold([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1, 100, 0, 0, 0}, 100) {
		t.Error("a block that is larger than any is taken for what it says")
	}
	// As DuckDB lays them out, and Arrow: each number is the one before, so a block has no bits.
	for _, c := range []struct{ block, parts int }{{2048, 8}, {128, 4}, {128, 1}} {
		for _, n := range []int{0, 1, 2, 3, c.block, c.block + 1, c.block + 2, 5*c.block + 1} {
			b := binary.AppendUvarint(nil, uint64(c.block))
			b = binary.AppendUvarint(b, uint64(c.parts))
			b = binary.AppendUvarint(b, uint64(n))
			b = append(b, 0)
			for left := n - 1; left > 0; left -= c.block {
				b = append(b, make([]byte, 1+c.parts)...)
			}
			var v inValues
			if err := v.delta(&inLeaf{physical: pq.Int64}, b, n); err != nil {
				t.Errorf("%d numbers in blocks of %d with %d parts: %v", n, c.block, c.parts, err)
			}
			if deltasHold(b, n+6*c.block) {
				t.Errorf("%d bytes of blocks of %d are taken for %d numbers more than they have", len(b), c.block, 6*c.block)
			}
		}
	}
}
