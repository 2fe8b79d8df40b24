package format

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
)

// What the footer alone shows.

// auditFooter checks what the footer says of the file, and of each row group
// and column chunk before their bytes are known.
func (r *parquetReader) auditFooter() error {
	m := &r.meta
	if m.Version != 2 || len(m.ColumnOrders) != len(r.leaves) || m.EncryptionAlgorithm.Value != nil || m.FooterSigningKeyMetadata != nil {
		return damaged("the footer is not as written")
	}
	for _, o := range m.ColumnOrders {
		if _, ok := o.Value.(*pq.TypeDefinedOrder); !ok {
			return damaged("a column has an unknown order")
		}
	}
	rows := int64(0)
	for i := range m.RowGroups {
		if err := r.auditGroup(i); err != nil {
			return err
		}
		rows += m.RowGroups[i].NumRows
	}
	if rows != m.NumRows {
		return damaged("the row groups do not have the number of rows of the file")
	}
	var stored string
	for i, kv := range m.KeyValueMetadata {
		if i > 0 && kv.Key <= m.KeyValueMetadata[i-1].Key {
			return damaged("the metadata keys are not in order")
		}
		if kv.Key == "ARROW:schema" {
			stored = kv.Value
		}
	}
	return r.auditArrowSchema(stored)
}

func (r *parquetReader) auditGroup(i int) error {
	g, first := &r.meta.RowGroups[i], &r.meta.RowGroups[0]
	wrong := func(what string) error { return damaged("row group ", ordinal(i), " has ", what) }
	if len(g.Columns) != len(r.leaves) || int(g.Ordinal) != i || g.NumRows < 1 || g.NumRows > pipelines.RowGroup {
		return wrong("a wrong number of columns, number of rows or ordinal")
	}
	if !slices.Equal(g.SortingColumns, first.SortingColumns) {
		return wrong("other sorting columns than the first")
	}
	for _, s := range g.SortingColumns {
		if s.ColumnIdx < 0 || int(s.ColumnIdx) >= len(r.leaves) || s.Descending || s.NullsFirst || !r.leaves[s.ColumnIdx].sortable() {
			return wrong("sorting columns that cannot be")
		}
	}
	fixed := int64(0)
	for _, l := range r.leaves {
		fixed += l.least()
	}
	if g.NumRows > 1 && g.NumRows*fixed > pipelines.RowGroupBytes || g.TotalCompressedSize > ownBytes {
		return wrong("more rows or bytes than one has")
	}
	var plain, packed int64
	for j := range r.leaves {
		l, c := &r.leaves[j], &g.Columns[j]
		m := &c.MetaData
		if m.Codec != first.Columns[0].MetaData.Codec {
			return wrong("another codec than the first")
		}
		if c.FilePath != "" || c.FileOffset != 0 || m.Type != l.physical || !slices.Equal(m.PathInSchema, l.path) ||
			len(m.KeyValueMetadata) > 0 || m.IndexPageOffset != 0 || m.Statistics.DistinctCount != 0 ||
			m.Statistics.Min != nil || m.Statistics.Max != nil || c.CryptoMetadata.Value != nil || len(c.EncryptedColumnMetadata) > 0 ||
			!reflect.ValueOf(m.SizeStatistics).IsZero() || !reflect.ValueOf(m.GeospatialStatistics).IsZero() {
			return damaged("column ", l.name, " has a description that was not written")
		}
		plain += m.TotalUncompressedSize
		packed += m.TotalCompressedSize
	}
	if plain != g.TotalByteSize || packed != g.TotalCompressedSize || g.FileOffset != firstOffset(&g.Columns[0].MetaData) {
		return wrong("a size or an offset that is not that of its columns")
	}
	return nil
}

// least is how many bytes of memory a value of the column takes at least.
func (l *fileLeaf) least() int64 {
	if t, ok := l.typ.(arrow.FixedWidthDataType); ok && l.maxRep == 0 {
		return int64(t.Bytes())
	}
	if l.typ.ID() == arrow.NULL {
		return 0
	}
	return int64(arrow.Int32SizeBytes)
}

// sortable says whether files are written sorted by such a column.
func (l *fileLeaf) sortable() bool {
	return l.maxRep == 0 && l.physical != pq.Double
}

func firstOffset(m *pq.ColumnMetaData) int64 {
	if m.DictionaryPageOffset != 0 {
		return m.DictionaryPageOffset
	}
	return m.DataPageOffset
}

// auditArrowSchema checks that the Arrow schema in the metadata is that of the
// columns, to the byte.
func (r *parquetReader) auditArrowSchema(stored string) error {
	b, err := base64.StdEncoding.Strict().DecodeString(stored)
	if err != nil || len(b) == 0 {
		return damaged("the Arrow schema cannot be read")
	}
	var again bytes.Buffer
	if err := ipc.NewWriter(&again, ipc.WithSchema(r.schema), ipc.WithAllocator(memory.NewGoAllocator())).Close(); err != nil {
		return damaged("the Arrow schema cannot be made")
	}
	if !bytes.Equal(b, again.Bytes()) {
		return damaged("the Arrow schema is not that of the columns")
	}
	return nil
}

type fileRange struct{ start, end int64 }

// groupPlaces is where the parts of a row group lie: its pages and filters, its
// column indexes, its offset indexes.
type groupPlaces struct{ data, columns, offsets fileRange }

// layout gives the places of the row groups. All that the footer names must lie
// end to end, in the order in which it is written, from the first byte to the last.
func (r *parquetReader) layout() ([]groupPlaces, error) {
	at, ok := int64(len(parquetMagic)), true
	next := func(start, n int64) {
		if ok = ok && start == at && n >= 0 && n <= r.footer-at; ok {
			at += n
		}
	}
	optional := func(start, n int64) {
		if start != 0 || n != 0 {
			next(start, n)
		}
	}
	groups := r.meta.RowGroups
	places := make([]groupPlaces, len(groups))
	for i, g := range groups {
		start := at
		for j := range g.Columns {
			m := &g.Columns[j].MetaData
			next(firstOffset(m), m.TotalCompressedSize)
		}
		for j := range g.Columns {
			m := &g.Columns[j].MetaData
			optional(m.BloomFilterOffset, int64(m.BloomFilterLength))
		}
		places[i].data = fileRange{start, at}
	}
	for i, g := range groups {
		start := at
		for j := range g.Columns {
			optional(g.Columns[j].ColumnIndexOffset, int64(g.Columns[j].ColumnIndexLength))
		}
		places[i].columns = fileRange{start, at}
	}
	for i, g := range groups {
		start := at
		for j := range g.Columns {
			next(g.Columns[j].OffsetIndexOffset, int64(g.Columns[j].OffsetIndexLength))
		}
		places[i].offsets = fileRange{start, at}
	}
	if !ok || at != r.footer {
		return nil, damaged("bytes lie outside of what the footer names")
	}
	return places, nil
}
