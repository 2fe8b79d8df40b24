package format

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"
)

// chunkWriter appends the pages of one column chunk to its encoder's output.
type chunkWriter struct {
	*encoder
	leaf       *leaf
	start      int // of the chunk in the output
	dictionary bool
	firstData  int
	values     pq.Encoding
	pack       func(dst, src []byte) []byte // compresses data pages
	plain      int                          // bytes of headers and uncompressed pages
	pages      pq.OffsetIndex
}

func (w *chunkWriter) dictionaryPage(body []byte, entries int) error {
	w.body, w.dictionary = body, true
	w.packed = w.compress(w.packed, body)
	return w.page(pq.PageHeader{
		Type:                 pq.DictionaryPage,
		DictionaryPageHeader: thrift.New(pq.DictionaryPageHeader{NumValues: int32(entries), Encoding: pq.Plain}),
	}, len(body), w.packed)
}

// dataPage writes the rows between two cuts.
func (w *chunkWriter) dataPage(from, to cut, values func(dst []byte, from, to int) ([]byte, error)) error {
	at := len(w.out)
	if err := w.encodePage(from, to, values); err != nil {
		return err
	}
	if len(w.pages.PageLocations) == 0 {
		w.firstData = at
	}
	w.pages.PageLocations = append(w.pages.PageLocations, pq.PageLocation{
		Offset: int64(at), CompressedPageSize: int32(len(w.out) - at), FirstRowIndex: int64(from.row)})
	return nil
}

func (w *chunkWriter) encodePage(from, to cut, values func(dst []byte, from, to int) ([]byte, error)) error {
	if w.pageVersion == 2 {
		return w.encodePage2(from, to, values)
	}
	w.body = w.body[:0]
	if w.leaf.maxRep > 0 {
		w.body = appendPrefixed(w.body, w.shape.rep[from.slot:to.slot], 1)
	}
	w.body = appendPrefixed(w.body, w.shape.def[from.slot:to.slot], w.leaf.defWidth())
	var err error
	if w.body, err = values(w.body, from.value, to.value); err != nil {
		return fmt.Errorf("encode values: %w", err)
	}
	w.packed = w.pack(w.packed, w.body)
	return w.page(pq.PageHeader{Type: pq.DataPage, DataPageHeader: thrift.New(pq.DataPageHeader{
		NumValues: int32(to.slot - from.slot), Encoding: w.values, DefinitionLevelEncoding: pq.RLE, RepetitionLevelEncoding: pq.RLE,
		Statistics: pq.Statistics{NullCount: int64(nulls(from, to))},
	})}, len(w.body), w.packed)
}

// encodePage2 keeps the levels outside of what is compressed.
func (w *chunkWriter) encodePage2(from, to cut, values func(dst []byte, from, to int) ([]byte, error)) error {
	n := nulls(from, to)
	h := pq.DataPageHeaderV2{NumValues: int32(to.slot - from.slot), NumNulls: int32(n), NumRows: int32(to.row - from.row),
		Encoding: w.values, Statistics: pq.Statistics{NullCount: int64(n)}}
	w.head = w.head[:0]
	if w.leaf.maxRep > 0 {
		w.head = appendLevels(w.head, w.shape.rep[from.slot:to.slot], 1)
	}
	h.RepetitionLevelsByteLength = int32(len(w.head))
	w.head = appendLevels(w.head, w.shape.def[from.slot:to.slot], w.leaf.defWidth())
	h.DefinitionLevelsByteLength = int32(len(w.head)) - h.RepetitionLevelsByteLength
	var err error
	if w.body, err = values(w.body[:0], from.value, to.value); err != nil {
		return fmt.Errorf("encode values: %w", err)
	}
	w.packed = w.packed[:0]
	if len(w.body) > 0 {
		w.packed = w.pack(w.packed, w.body)
	} else {
		h.IsCompressed = thrift.New(false)
	}
	return w.page(pq.PageHeader{Type: pq.DataPageV2, DataPageHeaderV2: thrift.New(h)}, len(w.head)+len(w.body), w.head, w.packed)
}

func nulls(from, to cut) int { return to.slot - from.slot - (to.value - from.value) }

// appendPrefixed appends levels with their length before them.
func appendPrefixed(dst, levels []byte, width int) []byte {
	at := len(dst)
	dst = appendLevels(append(dst, 0, 0, 0, 0), levels, width)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// page appends a header and the parts of a page as they are stored.
func (w *chunkWriter) page(h pq.PageHeader, uncompressed int, parts ...[]byte) error {
	h.UncompressedPageSize = int32(uncompressed)
	sum := uint32(0)
	for _, p := range parts {
		h.CompressedPageSize += int32(len(p))
		sum = crc32.Update(sum, crc32.IEEETable, p)
	}
	h.CRC = int32(sum)
	header, err := marshal(&h)
	if err != nil {
		return err
	}
	w.plain += len(header) + uncompressed
	w.out = append(w.out, header...)
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
	return nil
}

// finish is what the footer says about the chunk, but for statistics.
func (w *chunkWriter) finish() *chunk {
	m := pq.ColumnMetaData{
		Type:                  w.leaf.physical,
		PathInSchema:          w.leaf.path,
		Codec:                 w.codec,
		NumValues:             int64(len(w.shape.def)),
		TotalUncompressedSize: int64(w.plain),
		TotalCompressedSize:   int64(len(w.out) - w.start),
		DataPageOffset:        int64(w.firstData),
	}
	data := pq.PageEncodingStats{PageType: pq.DataPage, Encoding: w.values, Count: int32(len(w.pages.PageLocations))}
	if w.pageVersion == 2 {
		data.PageType = pq.DataPageV2
	}
	switch {
	case w.dictionary:
		m.DictionaryPageOffset = int64(w.start)
		m.Encoding = []pq.Encoding{pq.Plain, pq.RLE, w.values}
		m.EncodingStats = []pq.PageEncodingStats{{PageType: pq.DictionaryPage, Encoding: pq.Plain, Count: 1}, data}
	default:
		m.Encoding = []pq.Encoding{w.values, pq.RLE}
		m.EncodingStats = []pq.PageEncodingStats{data}
	}
	return &chunk{meta: m, pages: w.pages}
}
