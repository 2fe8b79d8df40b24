package format

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// encoder turns columns into column chunks. Its buffers are reused; nothing
// else is kept from one chunk to the next.
type encoder struct {
	*compressor
	pageVersion int
	out         []byte // the row group so far

	shape              shape
	pages              []cut
	body, packed, head []byte
	dict               dictionary

	bools   bools
	int32s  numbers[int32]
	int64s  numbers[int64]
	doubles numbers[uint64]
	texts   texts
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
	e.shape.read(l, columns)
	vs, err := e.gather(l)
	if err != nil {
		return nil, err
	}
	if l.box && vs.len() != bytes.Count(e.shape.def, []byte{l.maxDef}) {
		return nil, messages.SchemaBroken.With("got", "bbox with null in "+l.path[1], "wanted", pipelines.TypeName(pipelines.BBox))
	}
	return e.chunk(l, vs)
}

// gather finds the values of the shape.
func (e *encoder) gather(l *leaf) (values, error) {
	switch l.physical {
	case pq.Boolean:
		e.bools.gather(&e.shape)
		return &e.bools, nil
	case pq.Int32:
		return &e.int32s, e.int32s.gather(l, &e.shape)
	case pq.Int64:
		return &e.int64s, e.int64s.gather(l, &e.shape)
	case pq.Double:
		return &e.doubles, e.doubles.gather(l, &e.shape)
	case pq.FixedLenByteArray:
		return &e.texts, e.texts.gatherWide(l, &e.shape)
	}
	return &e.texts, e.texts.gather(l, &e.shape)
}

// release lets go of what belongs to the caller.
func (e *encoder) release() {
	clear(e.shape.pieces[:cap(e.shape.pieces)])
	e.int32s.vs, e.int64s.vs, e.doubles.vs = nil, nil, nil
	e.texts.data = nil
}

// chunk writes the values vs, which lie in e.shape, as a column chunk.
func (e *encoder) chunk(l *leaf, vs values) (*chunk, error) {
	how, err := e.chooseEncoding(vs)
	if err != nil {
		return nil, err
	}
	dict := &e.dict
	if !how.coded {
		dict = nil
	}
	if t, ok := vs.(*texts); ok && !t.valid(dict) {
		return nil, messages.ParquetText.With("column", l.name)
	}
	w := chunkWriter{encoder: e, leaf: l, start: len(e.out), values: how.encoding, pack: e.compress}
	if how.encoding == pq.DeltaLengthByteArray {
		w.pack = e.compressCodes
	}
	if how.coded {
		e.body = e.body[:0]
		for _, i := range dict.first {
			e.body = vs.plain(e.body, int(i), int(i)+1)
		}
		if err := w.dictionaryPage(e.body, len(dict.first)); err != nil {
			return nil, err
		}
	}
	index := pageIndex{values: vs, bounds: vs.bounds}
	if t, ok := vs.(*texts); ok && how.coded {
		index.bounds = func(from, to int) (lo, hi []byte, ok bool) { return t.codedBounds(dict, from, to) }
	}
	e.pages = e.shape.cuts(e.pages, l.maxDef, how.width, how.ends)
	var from cut
	for _, to := range e.pages {
		index.add(from.value, to.value, nulls(from, to))
		if err := w.dataPage(from, to, how.append); err != nil {
			return nil, err
		}
		from = to
	}
	c := w.finish()
	c.meta.Statistics = index.statistics(len(e.shape.def) - vs.len())
	if !index.invalid {
		index.index.BoundaryOrder = index.order()
		if c.index, err = marshal(&index.index); err != nil {
			return nil, err
		}
	}
	if l.bloom {
		c.filter, err = bloomFilter(vs, dict)
	}
	return c, err
}

// valueEncoding is how the values of one chunk are written.
type valueEncoding struct {
	encoding pq.Encoding
	coded    bool    // by dictionary
	width    int     // size of a value in its page, about, where all are the same; or 0:
	ends     []int32 // see values.ends
	// append appends the values from:to.
	append func(dst []byte, from, to int) ([]byte, error)
}

// chooseEncoding looks at nothing but the values of the chunk, so that its bytes
// depend on nothing else.
func (e *encoder) chooseEncoding(vs values) (valueEncoding, error) {
	n, alike := vs.len(), 0
	if t, ok := vs.(*texts); ok {
		alike = t.length()
	}
	if vs.number(&e.dict) {
		direct := vs.width() * n
		if vs.hasDelta() {
			b, err := vs.delta(e.body[:0], 0, n)
			if err != nil {
				return valueEncoding{}, fmt.Errorf("encode deltas: %w", err)
			}
			e.body, direct = b, len(b)
		} else if ends := vs.ends(); ends != nil {
			direct = int(ends[n-1])
			if alike == 0 {
				direct += 4 * n
			}
		}
		if e.dict.bytes() < direct {
			return e.dictionaryEncoding(), nil
		}
	}
	if vs.hasDelta() {
		return valueEncoding{encoding: pq.DeltaBinaryPacked, width: vs.width(), append: vs.delta}, nil
	}
	if alike > 0 {
		return valueEncoding{encoding: pq.DeltaLengthByteArray, width: alike, append: vs.(*texts).deltaLengths}, nil
	}
	return valueEncoding{encoding: pq.Plain, width: vs.width(), ends: vs.ends(),
		append: func(dst []byte, from, to int) ([]byte, error) { return vs.plain(dst, from, to), nil }}, nil
}

func (e *encoder) dictionaryEncoding() valueEncoding {
	width := e.dict.width()
	return valueEncoding{
		encoding: pq.RLEDictionary,
		coded:    true,
		width:    (width + 7) / 8,
		append: func(dst []byte, from, to int) ([]byte, error) {
			return appendHybrid(append(dst, byte(width)), e.dict.indices[from:to], width), nil
		},
	}
}

// bitsPerValue gives about one false positive in a hundred.
const bitsPerValue = 10

// bloomFilter is a filter of the values, or of the entries of their dictionary,
// with its header. Its size is a power of two, which is all that some readers accept.
func bloomFilter(vs values, d *dictionary) ([]byte, error) {
	n := vs.len()
	if d != nil {
		n = len(d.first)
	}
	blocks := 1 << bits.Len(uint(max(1, bloom.NumSplitBlocksOf(int64(n), bitsPerValue))-1))
	f := make(bloom.SplitBlockFilter, blocks)
	var raw []byte
	for i := range n {
		if d != nil {
			i = int(d.first[i])
		}
		raw = vs.raw(raw[:0], i)
		f.Insert(bloom.XXH64{}.Sum64(raw))
		if _, doubles := vs.(*numbers[uint64]); doubles && alias(raw) {
			f.Insert(bloom.XXH64{}.Sum64(raw))
		}
	}
	b, err := marshal(&pq.BloomFilterHeader{
		NumBytes:    int32(len(f.Bytes())),
		Algorithm:   pq.BloomFilterAlgorithm{Value: &pq.SplitBlockAlgorithm{}},
		Hash:        pq.BloomFilterHash{Value: &pq.XxHash{}},
		Compression: pq.BloomFilterCompression{Value: &pq.BloomFilterUncompressed{}},
	})
	return append(b, f.Bytes()...), err
}

// nan is the NaN that readers look for, whichever of them a file has.
const nan = 0x7ff8000000000000

// alias makes a double another that equals it for who looks it up: zero is found
// under both signs, and a NaN under the usual bits. It is false when there is none.
func alias(raw []byte) bool {
	bits := binary.LittleEndian.Uint64(raw)
	switch v := math.Float64frombits(bits); {
	case v == 0:
		bits ^= 1 << 63
	case v != v && bits != nan:
		bits = nan
	default:
		return false
	}
	binary.LittleEndian.PutUint64(raw, bits)
	return true
}

func marshal(v any) ([]byte, error) {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		return nil, fmt.Errorf("serialise %T: %w", v, err)
	}
	return b, nil
}
