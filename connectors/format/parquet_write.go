package format

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// magic opens and ends every Parquet file.
const magic = "PAR1"

// parquetFile writes one file: row groups, each followed by its bloom filters;
// then all column indexes, all offset indexes, the footer.
type parquetFile struct {
	config   parquetConfig
	plan     *plan
	metadata []pq.KeyValue
	about    About
	encoders arrowx.Spares[*encoder]

	out     io.Writer
	at      int64
	rows    int64
	groups  []pq.RowGroup
	columns [][]byte // column indexes in the order of the chunks; nil where there is none
	offsets [][]byte // offset indexes
}

// rowGroup is a row group in one encoder's output.
type rowGroup struct {
	encoder *encoder
	rows    int
	chunks  []*chunk
	filters []int // where the bloom filter of each chunk starts
}

// Begin writes the first bytes of a file.
func (p *parquet) Begin(out io.Writer, schema *arrow.Schema, about About) (FileWriter, error) {
	pl, err := p.plan(schema)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{config: p.config, plan: pl, about: about, out: out}
	if f.metadata, err = keyValues(pl.schema, p.config.Metadata, about.Metadata); err != nil {
		return nil, err
	}
	return f, f.write([]byte(magic))
}

// keyValues is the file's metadata in the order of the keys.
func keyValues(schema *arrow.Schema, sets ...map[string]string) ([]pq.KeyValue, error) {
	s, err := encodeArrowSchema(schema)
	if err != nil {
		return nil, err
	}
	all := map[string]string{arrowKey: s}
	for _, set := range sets {
		for _, k := range slices.Sorted(maps.Keys(set)) {
			if _, twice := all[k]; twice || reservedKey(k) {
				return nil, messages.ParquetMetadata.With("key", k)
			}
			all[k] = set[k]
		}
	}
	var kvs []pq.KeyValue
	for _, k := range slices.Sorted(maps.Keys(all)) {
		kvs = append(kvs, pq.KeyValue{Key: k, Value: all[k]})
	}
	return kvs, nil
}

// Encode is safe for several goroutines. A group without rows becomes nothing.
func (f *parquetFile) Encode(ctx context.Context, group []pipelines.Batch) (pipelines.Encoded, error) {
	g := &rowGroup{}
	for _, b := range group {
		if got := bareSchema(b.Schema()); !got.Equal(f.plan.schema) {
			return nil, messages.SchemaBroken.With("got", got.String(), "wanted", f.plan.schema.String())
		}
		g.rows += int(b.NumRows())
	}
	if g.rows > pipelines.RowGroup {
		return nil, fmt.Errorf("encode row group: %d rows are more than %d", g.rows, pipelines.RowGroup)
	}
	if g.rows == 0 {
		return g, nil
	}
	e, err := f.encoder()
	if err != nil {
		return nil, err
	}
	defer e.release()
	columns := make([]arrow.Array, 0, len(group))
	for i := range f.plan.leaves {
		l := &f.plan.leaves[i]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		columns = columns[:0]
		for _, b := range group {
			if b.NumRows() > 0 {
				columns = append(columns, b.Column(l.column))
			}
		}
		c, err := e.column(l, columns)
		if err != nil {
			return nil, err
		}
		g.chunks = append(g.chunks, c)
	}
	for _, c := range g.chunks {
		g.filters = append(g.filters, len(e.out))
		e.out = append(e.out, c.filter...)
	}
	g.encoder = e
	return g, nil
}

func (f *parquetFile) encoder() (*encoder, error) {
	if e := f.encoders.Get(); e != nil {
		e.out = e.out[:0]
		return e, nil
	}
	c, err := newCompressor(f.config)
	return &encoder{compressor: c, pageVersion: f.config.PageVersion}, err
}

func (f *parquetFile) Append(encoded pipelines.Encoded) error {
	g := encoded.(*rowGroup)
	if g.rows == 0 {
		return nil
	}
	if len(f.groups) > math.MaxInt16 {
		return messages.ParquetGroups.With("groups", math.MaxInt16+1)
	}
	base := f.at
	rg := pq.RowGroup{NumRows: int64(g.rows), FileOffset: base, Ordinal: int16(len(f.groups))}
	for i, c := range g.chunks {
		m := c.meta
		m.DataPageOffset += base
		if m.EncodingStats[0].PageType == pq.DictionaryPage {
			m.DictionaryPageOffset += base
		}
		if c.filter != nil {
			m.BloomFilterOffset, m.BloomFilterLength = base+int64(g.filters[i]), int32(len(c.filter))
		}
		for j := range c.pages.PageLocations {
			c.pages.PageLocations[j].Offset += base
		}
		offsets, err := marshal(&c.pages)
		if err != nil {
			return err
		}
		f.offsets, f.columns = append(f.offsets, offsets), append(f.columns, c.index)
		rg.TotalByteSize += m.TotalUncompressedSize
		rg.TotalCompressedSize += m.TotalCompressedSize
		rg.Columns = append(rg.Columns, pq.ColumnChunk{MetaData: m})
	}
	for _, i := range f.plan.sortedBy {
		rg.SortingColumns = append(rg.SortingColumns, pq.SortingColumn{ColumnIdx: int32(i)})
	}
	f.groups = append(f.groups, rg)
	f.rows += int64(g.rows)
	err := f.write(g.encoder.out)
	f.encoders.Put(g.encoder)
	g.encoder, g.chunks = nil, nil
	return err
}

// Close writes the indexes and the footer.
func (f *parquetFile) Close() error {
	n := len(f.plan.leaves)
	for i, b := range f.columns {
		if b == nil {
			continue
		}
		c := &f.groups[i/n].Columns[i%n]
		c.ColumnIndexOffset, c.ColumnIndexLength = f.at, int32(len(b))
		if err := f.write(b); err != nil {
			return err
		}
	}
	for i, b := range f.offsets {
		c := &f.groups[i/n].Columns[i%n]
		c.OffsetIndexOffset, c.OffsetIndexLength = f.at, int32(len(b))
		if err := f.write(b); err != nil {
			return err
		}
	}
	return f.footer()
}

func (f *parquetFile) footer() error {
	m := pq.FileMetaData{
		Version:          2,
		Schema:           f.plan.elements(),
		NumRows:          f.rows,
		RowGroups:        f.groups,
		KeyValueMetadata: f.metadata,
		CreatedBy:        f.about.Software,
	}
	for range f.plan.leaves {
		m.ColumnOrders = append(m.ColumnOrders, pq.ColumnOrder{Value: &pq.TypeDefinedOrder{}})
	}
	b, err := marshal(&m)
	if err != nil {
		return err
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)))
	return f.write(append(b, magic...))
}

func (f *parquetFile) write(b []byte) error {
	n, err := f.out.Write(b)
	f.at += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}
