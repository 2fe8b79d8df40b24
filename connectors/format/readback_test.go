package format

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go/encoding/delta"
	pq "github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Reading back: that it refuses every byte that is not the one written, and that
// it costs nothing by the row.

// readBack decodes all chunks of a file, in the order that shuffle gives them.
func readBack(w Audited, file []byte, schema *arrow.Schema, shuffle func(n int) []int) (recs []arrow.Record, err error) {
	ctx := context.Background()
	c, err := w.OpenAudited(ctx, bytes.NewReader(file), int64(len(file)), schema)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var chunks []pipelines.Chunk
	for {
		chunk, err := c.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, chunk)
	}
	recs = make([]arrow.Record, len(chunks))
	for _, i := range shuffle(len(chunks)) {
		b, e := chunks[i].Decode(ctx)
		if e != nil {
			err = e
			continue
		}
		recs[i] = b.Record
	}
	if err != nil {
		for _, r := range recs {
			if r != nil {
				r.Release()
			}
		}
		return nil, err
	}
	return recs, nil
}

// page is a page of a file that is not compressed.
type storedPage struct {
	column int
	header pq.PageHeader
	data   pageData
	body   []byte
}

func pagesOf(t *testing.T, r *parquetReader, column int) (pages []storedPage) {
	t.Helper()
	m := &r.meta.RowGroups[0].Columns[column].MetaData
	b, err := r.bytes(firstOffset(m), m.TotalCompressedSize)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(b); {
		p := storedPage{column: column}
		n, err := decodeThrift(b[at:], &p.header)
		if err != nil {
			t.Fatal(err)
		}
		p.body = b[at+n : at+n+int(p.header.CompressedPageSize)]
		at += n + len(p.body)
		pages = append(pages, p)
	}
	return pages
}

// cellsOf decodes the pages of a column, whose dictionary must be used whole.
func cellsOf(c *parquetChunks, pages []storedPage) (cells []any, err error) {
	defer recoverDamage(&err)
	d := &groupDecoder{file: c}
	column := pages[0].column
	d.column.reset(&c.leaves[column], c.mem, ownBytes)
	defer d.column.free()
	for _, p := range pages {
		if err := d.page(&c.meta.RowGroups[0].Columns[column].MetaData, &p.header, p.body, p.data); err != nil {
			return nil, err
		}
	}
	if bytes.IndexByte(d.column.used, 0) >= 0 || d.column.coded && d.audit.twice(&d.column.entries, d.column.leaf.physical) {
		return nil, errors.New("a dictionary with something else in it")
	}
	a, err := d.column.array(c.leaves[column].typ)
	if err != nil {
		return nil, err
	}
	defer a.Release()
	for i := range a.Len() {
		cells = append(cells, valueAt(a, i))
	}
	return cells, nil
}

// Checksums left aside, a page with a bit turned over is refused or holds other
// rows: no bit of it can say anything besides (invariant 5).
func TestParquetPagesSayNothingElse(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	for _, version := range []int{1, 2} {
		p := newTestParquet(t, mem, parquetConfig{Compression: "none", PageVersion: version})
		for seed := range uint64(4) {
			file := encodeFile(t, p, schema, 1<<16, randomRecord(mem, schema, 70, seeded(seed)))
			r, err := readParquet(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			c, err := p.chunks(r, schema)
			if err != nil {
				t.Fatal(err)
			}
			for column := range r.leaves {
				pages := pagesOf(t, r, column)
				want, err := cellsOf(c, pages)
				if err != nil {
					t.Fatal(err)
				}
				for k, page := range pages {
					for bit := range 8 * len(page.body) {
						page.body[bit/8] ^= 1 << (bit % 8)
						got, err := cellsOf(c, pages)
						if err == nil && difference([][]any{want}, [][]any{got}) == "" {
							t.Errorf("version %d, column %s, page %d: bit %d of %d bytes says nothing", version, r.leaves[column].name, k, bit, len(page.body))
						}
						page.body[bit/8] ^= 1 << (bit % 8)
					}
				}
			}
		}
	}
}

// The four numbers of a box are there or not all together, and a box says nothing
// where it is null (invariant 5).
func TestParquetBoxesAreWhole(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	number := func(valid ...bool) arrow.Array {
		b := array.NewFloat64Builder(mem)
		defer b.Release()
		b.AppendValues([]float64{1, 2}, valid)
		return b.NewArray()
	}
	f := arrow.Field{Name: "bbox", Type: pipelines.BBox, Nullable: true}
	for _, c := range []struct {
		last []bool
		ok   bool
	}{{[]bool{true, false}, true}, {[]bool{false, true}, false}, {[]bool{true, true}, false}, {[]bool{false, false}, false}} {
		columns := []arrow.Array{number(true, true)}
		for range 3 {
			columns = append(columns, number(true, false))
		}
		columns, err := boxed(append(columns, number(c.last...)), 1, f)
		if (err == nil) != c.ok || c.ok && (len(columns) != 2 || difference([][]any{{[]any{bitsOf(1), bitsOf(1), bitsOf(1), bitsOf(1)}, nil}}, [][]any{{valueAt(columns[1], 0), valueAt(columns[1], 1)}}) != "") {
			t.Errorf("the last number is there %v: %v", c.last, err)
		}
		for _, a := range columns {
			a.Release()
		}
	}
}

func bitsOf(v float64) uint64 { return math.Float64bits(v) }

// A CSV file of texts with a bit turned over is refused or holds other rows.
func TestCSVEveryBitCounts(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "l'objet, \"œ\"", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	for _, profile := range []string{"scdl", "excel-fr"} {
		c := csvFrom(t, mem, fmt.Sprintf("profile = %q", profile))
		b := array.NewRecordBuilder(mem, schema)
		for i, text := range []string{"", "é", "a,b;c", "deux\r\nlignes", "\"", "Val-Fleuri", "un\nœuf", "x\ty"} {
			b.Field(0).(*array.StringBuilder).Append(text)
			if i%3 == 0 {
				b.Field(1).AppendNull()
			} else {
				b.Field(1).(*array.StringBuilder).Append(text + text)
			}
		}
		rec := b.NewRecord()
		b.Release()
		file := encodeCSV(t, c, rec)
		want := columnsOf(schema, rec)
		rec.Release()
		inOrder := rand.New(rand.NewPCG(0, 0)).Perm // there is one chunk
		for bit := range 8 * len(file) {
			file[bit/8] ^= 1 << (bit % 8)
			recs, err := readBack(c, file, schema, inOrder)
			if err == nil && difference(want, columnsOf(schema, recs...)) == "" {
				t.Errorf("%s: bit %d of byte %d says nothing", profile, bit%8, bit/8)
			}
			for _, r := range recs {
				r.Release()
			}
			file[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func encodeCSV(t testing.TB, c *csvCodec, recs ...arrow.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := c.Begin(&out, recs[0].Schema(), About{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		e, err := w.Encode(context.Background(), []pipelines.Batch{{Record: r}})
		if err == nil {
			err = w.Append(e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// Row groups that several goroutines decode, in whatever order, are those of
// the file, and the order between them is found wrong where it is.
func TestParquetGroupsInAnyOrder(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	nullsAfter := func(a, b int64) int { return cmp.Compare(uint64(a), uint64(b)) } // -1 is null
	group := func(vs ...int64) arrow.Record {
		b := array.NewRecordBuilder(mem, schema)
		defer b.Release()
		for _, v := range vs {
			if v < 0 {
				b.Field(0).AppendNull()
			} else {
				b.Field(0).(*array.Int64Builder).Append(v)
			}
		}
		return b.NewRecord()
	}
	rapid.Check(t, func(t *rapid.T) {
		p := newTestParquet(t, mem, parquetConfig{SortedBy: []string{"n"}})
		var all []int64
		var groups []arrow.Record
		for range rapid.IntRange(1, 7).Draw(t, "groups") {
			vs := rapid.SliceOfN(rapid.Int64Range(-1, 9), 1, 3).Draw(t, "group")
			groups = append(groups, group(vs...))
			all = append(all, vs...)
		}
		if rapid.Bool().Draw(t, "sorted") {
			slices.SortFunc(all, nullsAfter)
			at := 0
			for i, g := range groups {
				n := int(g.NumRows())
				g.Release()
				groups[i] = group(all[at : at+n]...)
				at += n
			}
		}
		file := encodeFile(t, p, schema, 10, groups...)
		for _, g := range groups {
			g.Release()
		}
		sorted := slices.IsSortedFunc(all, nullsAfter)
		recs, err := readBack(p, file, schema, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0)).Perm)
		if sorted != (err == nil) || err != nil && !messages.Has(err, messages.ParquetOrder) {
			t.Fatalf("%v: %v", all, err)
		}
		at := 0
		for _, r := range recs {
			for i := range int(r.NumRows()) {
				v := r.Column(0).(*array.Int64)
				if v.IsNull(i) != (all[at] < 0) || v.IsValid(i) && v.Value(i) != all[at] {
					t.Fatalf("row %d of %v is %s", at, all, v.ValueStr(i))
				}
				at++
			}
			r.Release()
		}
	})
}

func TestParquetGroupsAtOnce(t *testing.T) {
	mem := memory.NewGoAllocator()
	schema := allTypes()
	p := newTestParquet(t, mem, parquetConfig{Bloom: []string{"text"}})
	var groups []arrow.Record
	for seed := range uint64(12) {
		groups = append(groups, randomRecord(mem, schema, 3000, seeded(seed)))
	}
	file := encodeFile(t, p, schema, 1<<16, groups...)
	c, err := p.OpenAudited(context.Background(), bytes.NewReader(file), int64(len(file)), schema)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	got := make([]arrow.Record, len(groups))
	for i := range groups {
		chunk, err := c.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			b, err := chunk.Decode(context.Background())
			if err != nil {
				t.Error(err)
			}
			got[i] = b.Record
		})
	}
	if _, err := c.Next(context.Background()); err != io.EOF {
		t.Error(err)
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if diff := difference(columnsOf(schema, groups...), columnsOf(schema, got...)); diff != "" {
		t.Error(diff)
	}
}

// undelta accepts what parquet-go encodes, as the values that it decodes, and
// of other bytes none that it would not encode so.
func FuzzParquetDeltas(f *testing.F) {
	var enc delta.BinaryPackedEncoding
	for _, vs := range [][]int64{{}, {5}, {math.MinInt64, math.MaxInt64, 0}, {1, 2, 3, 4}, slices.Repeat([]int64{7, -7}, 100)} {
		b, _ := enc.EncodeInt64(nil, vs)
		f.Add(b, uint16(len(vs)))
		var small []int32
		for _, v := range vs {
			small = append(small, int32(v))
		}
		b, _ = enc.EncodeInt32(nil, small)
		f.Add(b, uint16(len(vs)))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint16) {
		wide := make([]int64, n)
		if undelta(wide, b) {
			got, err := enc.DecodeInt64(nil, b)
			if again, _ := enc.EncodeInt64(nil, wide); err != nil || !slices.Equal(got, wide) || !bytes.Equal(again, b) {
				t.Errorf("64 bits: %v, decoded %v, encoded %x of %x", err, got, again, b)
			}
		}
		narrow := make([]int32, n)
		if undelta(narrow, b) {
			got, err := enc.DecodeInt32(nil, b)
			if again, _ := enc.EncodeInt32(nil, narrow); err != nil || !slices.Equal(got, narrow) || !bytes.Equal(again, b) {
				t.Errorf("32 bits: %v, decoded %v, encoded %x of %x", err, got, again, b)
			}
		}
	})
}

func TestParquetDeltas(t *testing.T) {
	var enc delta.BinaryPackedEncoding
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 600).Draw(t, "n")
		width := rapid.IntRange(0, 64).Draw(t, "width")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		wide, narrow := make([]int64, n), make([]int32, n)
		for i := range wide {
			if width > 0 {
				wide[i] = int64(r.Uint64() >> (64 - width))
			}
			if rapid.IntRange(0, 40).Draw(t, "jump") == 0 {
				wide[i] = []int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32}[i%4]
			}
			narrow[i] = int32(wide[i])
		}
		b, _ := enc.EncodeInt64(nil, wide)
		got := make([]int64, n)
		if !undelta(got, b) || !slices.Equal(got, wide) {
			t.Fatalf("64 bits: %v", wide)
		}
		b, _ = enc.EncodeInt32(nil, narrow)
		small := make([]int32, n)
		if !undelta(small, b) || !slices.Equal(small, narrow) {
			t.Fatalf("32 bits: %v", narrow)
		}
		if len(b) > 0 {
			bit := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
			b[bit/8] ^= 1 << (bit % 8)
			if undelta(small, b) {
				if again, _ := enc.EncodeInt32(nil, small); !bytes.Equal(again, b) {
					t.Fatalf("bit %d turned over is accepted", bit)
				}
			}
		}
	})
}

// slowHybrid is the hybrid of run lengths and bit packing, bit by bit.
func slowHybrid(src []byte, width, n int) (vs []uint32, ok bool) {
	number := func() (u uint64, ok bool) {
		for shift := 0; len(src) > 0 && shift < 64; shift += 7 {
			b := src[0]
			src = src[1:]
			u |= uint64(b&0x7f) << shift
			if b < 0x80 {
				return u, b != 0 || shift == 0
			}
		}
		return 0, false
	}
	for len(vs) < n {
		head, ok := number()
		if !ok || head < 2 {
			return nil, false
		}
		if head&1 == 0 {
			v := uint32(0)
			for i := range (width + 7) / 8 {
				if len(src) == 0 {
					return nil, false
				}
				v |= uint32(src[0]) << (8 * i)
				src = src[1:]
			}
			if v>>width != 0 || head>>1 > uint64(n-len(vs)) {
				return nil, false
			}
			vs = append(vs, slices.Repeat([]uint32{v}, int(head>>1))...)
			continue
		}
		if head>>1 > uint64(n-len(vs)+7)/8 || uint64(len(src)) < head>>1*uint64(width) {
			return nil, false
		}
		for i := range int(head>>1) * 8 {
			v := uint32(0)
			for j := range width {
				at := i*width + j
				v |= uint32(src[at/8]>>(at%8)&1) << j
			}
			if len(vs) < n {
				vs = append(vs, v)
			} else if v != 0 {
				return nil, false
			}
		}
		src = src[int(head>>1)*width:]
	}
	return vs, len(src) == 0
}

func FuzzParquetHybrid(f *testing.F) {
	f.Add([]byte{0x10, 1}, uint8(1), uint16(8))
	f.Add([]byte{0x03, 0xb5, 0x10, 0}, uint8(1), uint16(16))
	f.Add(append([]byte{0x05}, bytes.Repeat([]byte{0x5a}, 62)...), uint8(31), uint16(13))
	f.Fuzz(func(t *testing.T, b []byte, width uint8, n uint16) {
		w := 1 + int(width)%31
		want, ok := slowHybrid(b, w, int(n))
		got, fine := hybrid([]uint32{9}, b, w, int(n))
		if fine != ok || ok && !slices.Equal(got[1:], want) {
			t.Errorf("width %d: %v %v, want %v %v", w, fine, got, ok, want)
		}
		if w <= 2 {
			small, fine := hybrid([]byte(nil), b, w, int(n))
			for i, v := range small {
				if fine != ok || ok && uint32(v) != want[i] {
					t.Errorf("levels of width %d differ", w)
				}
			}
		}
		if w > 1 {
			return
		}
		for at := range 9 {
			bits := make([]byte, (at+int(n)+7)/8)
			set, fine := bitmap(bits, at, int(n), b)
			if fine != ok {
				t.Fatalf("bits from %d: %v, want %v", at, fine, ok)
			}
			ones := 0
			for i, v := range want {
				if uint32(bits[(at+i)/8]>>((at+i)%8)&1) != v {
					t.Fatalf("bits from %d: number %d differs", at, i)
				}
				ones += int(v)
			}
			if ok && (set != ones || countBits(bits, at, int(n)) != ones || countBits(bits, 0, at) != 0) {
				t.Fatalf("bits from %d: %d set, want %d", at, set, ones)
			}
		}
	})
}

func TestExtentOfTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "a\x00", "a\x00\x00\x00\x00\x00\x00\x00", "abcdefgh", "abcdefgha", "abcdefghb", "é", "zz", "\x00",
			"\x00\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("z", 9), "abcdefg"}), 1, 12).Draw(t, "texts")
		starts, data := []int32{0}, ""
		touched := make([]byte, len(texts))
		var some []string
		for i, s := range texts {
			data += s
			starts = append(starts, int32(len(data)))
			if touched[i] = byte(rapid.IntRange(0, 1).Draw(t, "touched")); touched[i] == 1 {
				some = append(some, s)
			}
		}
		if lo, hi := extentOfTexts(starts, []byte(data), nil); texts[lo] != slices.Min(texts) || texts[hi] != slices.Max(texts) {
			t.Fatalf("%q: %q to %q", texts, texts[lo], texts[hi])
		}
		if len(some) == 0 {
			return
		}
		if lo, hi := extentOfTexts(starts, []byte(data), touched); texts[lo] != slices.Min(some) || texts[hi] != slices.Max(some) {
			t.Fatalf("%q: %q to %q", some, texts[lo], texts[hi])
		}
	})
}

// Reading back allocates by the row group, never by the row.
func TestReadingBackAllocatesNothingByTheRow(t *testing.T) {
	const rows = 16 << 10
	mem := arrowx.NewPool(64 << 20)
	rec := grants(rows)
	parquet, csv := newTestParquet(t, mem, parquetConfig{Bloom: []string{"nom"}}), csvFrom(t, mem, `profile = "scdl"`)
	for name, c := range map[string]struct {
		codec Audited
		file  []byte
	}{
		"parquet": {parquet, encodeFile(t, parquet, rec.Schema(), rows, rec)},
		"csv":     {csv, encodeCSV(t, csv, rec)},
	} {
		read := func() {
			chunks, err := c.codec.OpenAudited(context.Background(), bytes.NewReader(c.file), int64(len(c.file)), rec.Schema())
			if err == nil {
				err = drained(context.Background(), chunks)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		read() // buffers grow to their size
		if n := testing.AllocsPerRun(5, read); n/rows > 0.05 {
			t.Errorf("%s: %.0f allocations for %d rows", name, n, rows)
		}
	}
}

func BenchmarkReadBack(b *testing.B) {
	rec := grants(pipelines.RowGroup)
	mem := arrowx.NewPool(64 << 20)
	parquet, csv := newTestParquet(b, mem, parquetConfig{}), csvFrom(b, mem, `profile = "scdl"`)
	for _, c := range []struct {
		name  string
		codec Audited
		file  []byte
	}{
		{"parquet", parquet, encodeFile(b, parquet, rec.Schema(), rec.NumRows(), rec)},
		{"csv", csv, encodeCSV(b, csv, rec)},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkRows(b, rec, func() int {
				chunks, err := c.codec.OpenAudited(context.Background(), bytes.NewReader(c.file), int64(len(c.file)), rec.Schema())
				if err == nil {
					err = drained(context.Background(), chunks)
				}
				if err != nil {
					b.Fatal(err)
				}
				return len(c.file)
			})
		})
	}
}

// A zstd page is one frame: no other can hide before, behind or in it.
func TestParquetPageIsOneFrame(t *testing.T) {
	c, err := newCompressor(parquetConfig{Compression: "zstd", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	skipped := append([]byte{0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0}, "Personne"...)
	for _, plain := range []string{"", "x", strings.Repeat("Val-Fleuri ", 30_000), strings.Repeat("\x00", 1<<20)} {
		frame := bytes.Clone(c.compress(nil, []byte(plain)))
		d := &groupDecoder{}
		read := func(b []byte) error {
			got, err := d.decompress(1, pq.Zstd, b, len(plain))
			if err == nil && string(got) != plain {
				t.Error("other bytes")
			}
			return err
		}
		if plain != "" && read(frame) != nil {
			t.Errorf("%d bytes as they are compressed: %v", len(plain), read(frame))
		}
		empty := c.compress(nil, nil)
		for what, b := range map[string][]byte{
			"a frame to skip before": append(bytes.Clone(skipped), frame...),
			"a frame to skip behind": append(bytes.Clone(frame), skipped...),
			"only a frame to skip":   skipped,
			"an empty frame behind":  append(bytes.Clone(frame), empty...),
			"a byte behind":          append(bytes.Clone(frame), 0),
			"a byte less":            frame[:max(0, len(frame)-1)],
		} {
			if len(b) > 0 && !bytes.Equal(b, frame) && read(b) == nil {
				t.Errorf("%d bytes, %s: it is read", len(plain), what)
			}
		}
	}
}
