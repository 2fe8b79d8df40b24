package format

import (
	"fmt"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"
)

// encoder turns columns into column chunks. Its buffers are reused; nothing
// else is kept from one chunk to the next.
type encoder struct {
	*compressor
	pageVersion int
	out         []byte // the row group so far

	shape                       shape
	pages                       []cut
	body, scratch, packed, head []byte

	bools    []bool
	int32s   []int32
	int64s   []int64
	doubles  []uint64
	decimals []decimal128.Num
	texts    []string

	int32Dict   dictionary[int32]
	int64Dict   dictionary[int64]
	doubleDict  dictionary[uint64]
	decimalDict dictionary[decimal128.Num]
	textDict    dictionary[string]
}

// chunk is an encoded column chunk; its offsets count from the start of the row group.
type chunk struct {
	meta   pq.ColumnMetaData
	pages  pq.OffsetIndex
	index  []byte // the column index, or nil
	filter []byte // the bloom filter with its header, or nil
}

// column encodes one column of a row group, given in any number of pieces.
func (e *encoder) column(l *leaf, columns []arrow.Array) (*chunk, error) {
	s := &e.shape
	s.read(l, columns)
	switch l.physical {
	case pq.Boolean:
		return encodeChunk(e, l, boolKind, new(dictionary[bool]), gatherBools(&e.bools, s))
	case pq.Int32:
		vs, err := gatherInt32s(&e.int32s, s, l)
		if err != nil {
			return nil, err
		}
		return encodeChunk(e, l, int32Kind, &e.int32Dict, vs)
	case pq.Int64:
		vs, err := gatherInt64s(&e.int64s, s, l)
		if err != nil {
			return nil, err
		}
		return encodeChunk(e, l, int64Kind, &e.int64Dict, vs)
	case pq.Double:
		return encodeChunk(e, l, doubleKind, &e.doubleDict, gatherDoubles(&e.doubles, s))
	case pq.FixedLenByteArray:
		vs, err := gatherDecimals(&e.decimals, s, l)
		if err != nil {
			return nil, err
		}
		return encodeChunk(e, l, decimalKind(l.width), &e.decimalDict, vs)
	}
	vs, err := gatherBytes(&e.texts, s, l)
	if err != nil {
		return nil, err
	}
	k := bytesKind
	if l.isText() {
		k = textKind
	}
	return encodeChunk(e, l, k, &e.textDict, vs)
}

// release lets go of what belongs to the caller.
func (e *encoder) release() {
	clear(e.shape.pieces[:cap(e.shape.pieces)])
	clear(e.texts[:cap(e.texts)])
	clear(e.textDict.entries[:cap(e.textDict.entries)])
}

// encodeChunk writes the values vs, which lie in e.shape, as a column chunk.
func encodeChunk[T comparable](e *encoder, l *leaf, k *kind[T], d *dictionary[T], vs []T) (*chunk, error) {
	values, err := chooseEncoding(e, k, d, vs)
	if err != nil {
		return nil, err
	}
	distinct := vs
	if values.coded {
		distinct = d.entries
	}
	if texts, ok := any(distinct).([]string); ok && l.isText() {
		if err := checkText(l, texts); err != nil {
			return nil, err
		}
	}
	w := chunkWriter{encoder: e, leaf: l, start: len(e.out), values: values.encoding}
	if values.coded {
		if err := w.dictionaryPage(k.plain(e.body[:0], d.entries), len(d.entries)); err != nil {
			return nil, err
		}
	}
	index := pageIndex[T]{k: k}
	e.pages = e.shape.cuts(e.pages, l.maxDef, values.fixed, values.size)
	var from cut
	for _, to := range e.pages {
		index.add(vs[from.value:to.value], nulls(from, to))
		if err := w.dataPage(from, to, values.append); err != nil {
			return nil, err
		}
		from = to
	}
	c := w.finish()
	c.meta.Statistics = index.statistics(len(e.shape.def) - len(vs))
	if !index.invalid {
		index.index.BoundaryOrder = index.order()
		if c.index, err = marshal(&index.index); err != nil {
			return nil, err
		}
	}
	if l.bloom {
		c.filter, err = bloomFilter(k, distinct)
	}
	return c, err
}

// valueEncoding is how the values of one chunk are written.
type valueEncoding struct {
	encoding pq.Encoding
	coded    bool // by dictionary
	// size is about the size of value i in its page, and fixed the size of each
	// where it is the same for all, else 0.
	size  func(i int) int
	fixed int
	// append appends the values from:to.
	append func(dst []byte, from, to int) ([]byte, error)
}

// chooseEncoding looks at nothing but the values of the chunk, so that its bytes
// depend on nothing else.
func chooseEncoding[T comparable](e *encoder, k *kind[T], d *dictionary[T], vs []T) (valueEncoding, error) {
	direct := 0
	if d.build(k, vs) {
		if k.delta != nil {
			b, err := k.delta(e.scratch, vs)
			if err != nil {
				return valueEncoding{}, fmt.Errorf("encode deltas: %w", err)
			}
			e.scratch, direct = b, len(b)
		} else if direct = k.width * len(vs); k.width == 0 {
			for _, v := range vs {
				direct += k.size(v)
			}
		}
	}
	if d.bytes() < direct {
		return e.dictionaryEncoding(d.indices, d.width()), nil
	}
	v := valueEncoding{
		encoding: pq.Plain,
		fixed:    k.width,
		size:     func(i int) int { return k.size(vs[i]) },
		append:   func(dst []byte, from, to int) ([]byte, error) { return k.plain(dst, vs[from:to]), nil },
	}
	if k.delta != nil {
		v.encoding = pq.DeltaBinaryPacked
		v.append = func(dst []byte, from, to int) ([]byte, error) {
			b, err := k.delta(e.scratch, vs[from:to])
			e.scratch = b
			return append(dst, b...), err
		}
	}
	return v, nil
}

func (e *encoder) dictionaryEncoding(indices []int32, width int) valueEncoding {
	return valueEncoding{
		encoding: pq.RLEDictionary,
		coded:    true,
		size:     func(int) int { return (width + 7) / 8 },
		fixed:    (width + 7) / 8,
		append: func(dst []byte, from, to int) ([]byte, error) {
			return appendHybrid(append(dst, byte(width)), indices[from:to], width), nil
		},
	}
}

// bitsPerValue gives about one false positive in a hundred.
const bitsPerValue = 10

// bloomFilter is a filter of the values with its header. Its size is a power of
// two, which is all that some readers accept.
func bloomFilter[T comparable](k *kind[T], vs []T) ([]byte, error) {
	blocks := 1 << bits.Len(uint(max(1, bloom.NumSplitBlocksOf(int64(len(vs)), bitsPerValue))-1))
	f := make(bloom.SplitBlockFilter, blocks)
	var raw []byte
	for _, v := range vs {
		raw = k.raw(raw[:0], v)
		f.Insert(bloom.XXH64{}.Sum64(raw))
	}
	b, err := marshal(&pq.BloomFilterHeader{
		NumBytes:    int32(len(f.Bytes())),
		Algorithm:   pq.BloomFilterAlgorithm{Value: &pq.SplitBlockAlgorithm{}},
		Hash:        pq.BloomFilterHash{Value: &pq.XxHash{}},
		Compression: pq.BloomFilterCompression{Value: &pq.BloomFilterUncompressed{}},
	})
	return append(b, f.Bytes()...), err
}

func marshal(v any) ([]byte, error) {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		return nil, fmt.Errorf("serialise %T: %w", v, err)
	}
	return b, nil
}
