package format

import (
	"context"
	"io"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

var _ Coded = (*parquet)(nil)

// codedText is what a column of texts is that the file numbers.
var codedText = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}

// OpenCoded leaves the texts of row groups that number them as they are, but for files
// that say that they are sorted: their order is judged by the texts.
func (p *parquet) OpenCoded(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema, columns []string) (pipelines.Chunks, error) {
	c, err := p.OpenAudited(ctx, in, size, schema)
	if err != nil {
		return nil, err
	}
	file := c.(*parquetChunks)
	if groups := file.meta.RowGroups; len(groups) > 0 && len(groups[0].SortingColumns) > 0 {
		return c, nil
	}
	file.coded = make([]bool, schema.NumFields())
	for i, f := range schema.Fields() {
		file.coded[i] = f.Type.ID() == arrow.STRING && slices.Contains(columns, f.Name)
	}
	return c, nil
}

// keepsNumbers says whether the numbers of the column under way are left as they are.
func (c *parquetChunks) keepsNumbers(column *columnData) bool {
	return column.coded && len(c.coded) > 0 && c.coded[column.leaf.column]
}

// withCoded is the schema of a record some of whose columns are numbers.
func withCoded(schema *arrow.Schema, columns []arrow.Array) *arrow.Schema {
	fields := slices.Clone(schema.Fields())
	for i, c := range columns {
		if c.DataType() == codedText {
			fields[i].Type = codedText
		}
	}
	return arrow.NewSchema(fields, nil)
}

// codedArray is the column as its dictionary and numbers.
func (c *columnData) codedArray() arrow.Array {
	numbers := c.buffer(c.slots * arrow.Uint32SizeBytes)
	dst := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(numbers.Bytes()))), c.slots)
	copy(dst, c.numbers)
	at := c.count
	for i := c.slots - 1; at <= i; i-- {
		if c.valid[i/8]>>(i%8)&1 != 0 {
			at--
			dst[i] = dst[at]
		} else {
			dst[i] = 0
		}
	}
	return c.numbered(numbers)
}

// numbered is the column as its dictionary and these numbers of its slots.
func (c *columnData) numbered(numbers *memory.Buffer) arrow.Array {
	e := &c.entries
	n := len(e.starts) - 1
	starts, text := c.buffer((n+1)*arrow.Int32SizeBytes), c.buffer(int(e.starts[n]))
	copy(arrow.Int32Traits.CastFromBytes(starts.Bytes()), e.starts)
	copy(text.Bytes(), e.text.Bytes())
	words := made(arrow.BinaryTypes.String, n, 0, nil, nil, starts, text)
	defer words.Release()
	nulls := c.slots - c.count
	data := array.NewDataWithDictionary(codedText, c.slots, []*memory.Buffer{c.validity(c.valid, c.slots, nulls), numbers}, nulls, 0, words.Data().(*array.Data))
	defer data.Release()
	return array.NewDictionaryData(data)
}
