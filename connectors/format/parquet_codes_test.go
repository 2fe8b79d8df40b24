package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"
)

// codes is a table of texts of one length each: random ones, ones that count up,
// ones in lists, bytes, and texts that are of one length but for the last.
func codes(rows int) arrow.Record {
	r := rand.New(rand.NewPCG(5, 5))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "siret", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "numero", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "bytes", Type: arrow.BinaryTypes.Binary, Nullable: true}, {Name: "list", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "accents", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "nearly", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	for i := range rows {
		siret := fmt.Sprintf("%014d", r.Int64N(1e14))
		if i%10 == 9 {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.StringBuilder).Append(siret)
		}
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("2024-%08d", i))
		b.Field(2).(*array.BinaryBuilder).Append([]byte{byte(r.Uint32()), byte(r.Uint32()), 0xFF})
		list := b.Field(3).(*array.ListBuilder)
		list.Append(i%7 != 0)
		for k := range i % 7 {
			list.ValueBuilder().(*array.StringBuilder).Append(siret[k : k+5])
		}
		b.Field(4).(*array.StringBuilder).Append(string(rune('à'+r.IntN(30))) + string(rune('à'+r.IntN(30))) + string(rune('à'+r.IntN(30))))
		if i == rows-1 {
			siret = "?"
		}
		b.Field(5).(*array.StringBuilder).Append(siret)
	}
	return b.NewRecord()
}

// Texts of one length have their lengths apart, which every reader understands.
func TestParquetCodes(t *testing.T) {
	mem := memory.NewGoAllocator()
	for _, rows := range []int{1, 3, 129, 3000, 40000} {
		r := codes(rows)
		for _, config := range []parquetConfig{{Compression: "zstd", Level: 1}, {Compression: "zstd", Level: 9, PageVersion: 2}, {Compression: "none", Bloom: []string{"siret"}}} {
			p := newTestParquet(t, mem, config)
			b := encodeFile(t, p, r.Schema(), 1<<16, r)
			if err := auditFile(p, b); err != nil {
				t.Fatalf("%d rows, %s: %v", rows, config.Compression, err)
			}
			want := columnsOf(r.Schema(), r)
			got, err := reopen(p, b, r.Schema())
			if err != nil {
				t.Fatal(err)
			}
			for reader, got := range map[string][][]any{"own": got, "arrow": readByArrow(t, b, r.Schema()), "parquet-go": readByParquetGo(t, b, r.Schema())} {
				if diff := difference(want, got); diff != "" {
					t.Errorf("%d rows, %s, %s: %s", rows, config.Compression, reader, diff)
				}
			}
			file, err := readParquet(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if rows < 129 {
				continue
			}
			for i, apart := range map[int]bool{0: true, 1: true, 4: true, 5: false} {
				m := &file.meta.RowGroups[0].Columns[i].MetaData
				if m.DictionaryPageOffset == 0 && (m.Encoding[0] == pq.DeltaLengthByteArray) != apart {
					t.Errorf("%d rows: column %d is in %s", rows, i, m.Encoding[0])
				}
			}
		}
	}
}

// Checksums left aside, a page of codes with a bit turned over is refused or holds
// other rows (invariant 5).
func TestParquetCodesSayNothingElse(t *testing.T) {
	mem := memory.NewGoAllocator()
	r := codes(150)
	p := newTestParquet(t, mem, parquetConfig{Compression: "none"})
	file := encodeFile(t, p, r.Schema(), 1<<16, r)
	opened, err := readParquet(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.chunks(opened, r.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for column := range opened.leaves {
		pages := pagesOf(t, opened, column)
		want, err := cellsOf(c, pages)
		if err != nil {
			t.Fatal(err)
		}
		for k, page := range pages {
			for bit := range 8 * len(page.body) {
				page.body[bit/8] ^= 1 << (bit % 8)
				if got, err := cellsOf(c, pages); err == nil && difference([][]any{want}, [][]any{got}) == "" {
					t.Errorf("column %s, page %d: bit %d of %d bytes says nothing", opened.leaves[column].name, k, bit, len(page.body))
				}
				page.body[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

// What is written without a search for repetitions is a frame like any other.
func TestParquetSymbolsAreAFrame(t *testing.T) {
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	c, err := newCompressor(parquetConfig{Compression: "zstd", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 11, 12, 300, 1023, 1024, zstdBlock - 1, zstdBlock, zstdBlock + 1, zstdBlock + 7, 3*zstdBlock + 5}).Draw(t, "bytes")
		symbols := rapid.SampledFrom([]int{1, 2, 3, 10, 16, 100, 256}).Draw(t, "symbols")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(r.IntN(1 + r.IntN(symbols)))
		}
		for what, frame := range map[string][]byte{"symbols": c.symbols(nil, src), "codes": c.compressCodes(nil, src)} {
			got, err := reader.DecodeAll(frame, nil)
			if err != nil || !bytes.Equal(got, src) || !oneFrame(frame, n) {
				t.Fatalf("%s: %d bytes of %d symbols: %v", what, n, symbols, err)
			}
			if len(frame) > n+9+3*(1+n/zstdBlock) {
				t.Fatalf("%s: %d bytes of %d symbols take %d", what, n, symbols, len(frame))
			}
		}
	})
}

// Codes that count up are compressed as what repeats.
func TestParquetCodesThatCountUp(t *testing.T) {
	c, err := newCompressor(parquetConfig{Compression: "zstd", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	var up, random []byte
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 30000 {
		up = fmt.Appendf(up, "2024-%09d", i)
		random = fmt.Appendf(random, "%014d", r.Int64N(1e14))
	}
	if got, want := len(c.compressCodes(nil, up)), len(c.compress(nil, up)); got > want {
		t.Errorf("codes that count up take %d bytes, and %d where repetitions are searched for", got, want)
	}
	if got, want := len(c.compressCodes(nil, random)), len(c.compress(nil, random)); got >= want {
		t.Errorf("random codes take %d bytes, and %d where repetitions are searched for", got, want)
	}
}

// Codes that come by chance are compressed by their symbols, and never to more than these
// take, however close a sample comes to them and whatever stands before them in the page.
func TestParquetCodesByChance(t *testing.T) {
	c, err := newCompressor(parquetConfig{Compression: "zstd", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		v := texts{offsets: []int32{0}}
		for i := range int32(20000 + 600*seed) {
			v.data, v.offsets = fmt.Appendf(v.data, "%014d", r.Int64N(1e14)), append(v.offsets, 14*(i+1))
		}
		page, err := v.deltaLengths([]byte{4, 0, 0, 0, 0x80, 0x80, 0x04, 0x01}, 0, v.len())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(c.compressCodes(nil, page)), len(c.symbols(nil, page)); got > want {
			t.Errorf("seed %d: %d bytes take %d, and %d by their symbols", seed, len(page), got, want)
		}
	}
}

// A page that says that it has more texts than bytes gets no memory for them.
func TestParquetCodesThatAreNotThere(t *testing.T) {
	v := plainValues{starts: []int32{0}, text: memory.NewResizableBuffer(memory.NewGoAllocator())}
	if v.deltaLengths([]byte{0x80, 1, 4, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0}, 1<<31-1, true) || cap(v.lengths) > 0 {
		t.Error("it is read, or has memory for", cap(v.lengths), "lengths")
	}
}
