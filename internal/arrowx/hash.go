package arrowx

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Keys are the keys of a batch's rows over some of its columns.
type Keys struct {
	bytes []byte
	ends  []int
	nulls []bool
}

// Reset makes k the keys of r over the columns with those indices, and reuses
// what k held. descending may be nil.
func (k *Keys) Reset(r arrow.Record, columns []int, descending []bool) {
	n := int(r.NumRows())
	k.bytes, k.ends, k.nulls = k.bytes[:0], k.ends[:0], k.nulls[:0]
	cols, nulls, size := make([]arrow.Array, len(columns)), make([]bool, len(columns)), 0
	for i, c := range columns {
		cols[i] = r.Column(c)
		nulls[i] = cols[i].NullN() > 0 || cols[i].DataType().ID() == arrow.NULL
		switch a := cols[i].(type) {
		case *array.String, *array.Binary:
			size += int(TextBytes(a, n)) + 3*n
		default:
			size += 17 * n // of a number of 128 bits
		}
	}
	k.bytes, k.ends, k.nulls = slices.Grow(k.bytes, size), slices.Grow(k.ends, n), slices.Grow(k.nulls, n)
	for i := 0; i < n; i++ {
		null := false
		for j, c := range cols {
			null = null || nulls[j] && IsNull(c, i)
			k.bytes = AppendKey(k.bytes, c, i, descending != nil && descending[j])
		}
		k.ends = append(k.ends, len(k.bytes))
		k.nulls = append(k.nulls, null)
	}
}

// Len is the number of rows.
func (k *Keys) Len() int { return len(k.ends) }

// At is the key of row i; it is valid until the next Reset.
func (k *Keys) At(i int) []byte {
	start := 0
	if i > 0 {
		start = k.ends[i-1]
	}
	return k.bytes[start:k.ends[i]]
}

// HasNull says whether one of the values of row i's key is null.
func (k *Keys) HasNull(i int) bool { return k.nulls[i] }

// Bytes is what the keys take in memory.
func (k *Keys) Bytes() int64 { return int64(len(k.bytes)) + 9*int64(len(k.ends)) }
