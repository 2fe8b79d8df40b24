package arrowx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// A key is a row's values as bytes that compare as the values do:
//
//	value  01 payload     null  02
//
// so nulls come last whichever way the payload is ordered. The payload of a
// number is big-endian with its sign turned; -0 is 0, and NaN comes after every
// other number. Text ends in 00 01, and a 00 in it is 00 FF. A list is its
// elements, each as a value, then 00. A descending payload is inverted.
const (
	keyListEnd byte = iota
	keyValue
	keyNull
)

// AppendKey adds the key of value i of a to dst. The caller has checked with
// Keyed that the type has keys.
func AppendKey(dst []byte, a arrow.Array, i int, descending bool) []byte {
	if IsNull(a, i) {
		return append(dst, keyNull)
	}
	dst = append(dst, keyValue)
	start := len(dst)
	dst = appendPayload(dst, a, i)
	if descending {
		for j := start; j < len(dst); j++ {
			dst[j] = ^dst[j]
		}
	}
	return dst
}

// IsNull is a.IsNull(i), and true for an array of type null, which Arrow's denies.
func IsNull(a arrow.Array, i int) bool {
	return a.DataType().ID() == arrow.NULL || a.IsNull(i)
}

func appendPayload(dst []byte, a arrow.Array, i int) []byte {
	switch a := a.(type) {
	case *array.Boolean:
		if a.Value(i) {
			return append(dst, 1)
		}
		return append(dst, 0)
	case *array.Int32:
		return appendInt32(dst, a.Value(i))
	case *array.Int64:
		return appendInt64(dst, a.Value(i))
	case *array.Float64:
		return binary.BigEndian.AppendUint64(dst, floatKey(a.Value(i)))
	case *array.Decimal128:
		n := a.Value(i)
		return binary.BigEndian.AppendUint64(appendInt64(dst, n.HighBits()), n.LowBits())
	case *array.Date32:
		return appendInt32(dst, int32(a.Value(i)))
	case *array.Timestamp:
		return appendInt64(dst, int64(a.Value(i)))
	case *array.String:
		return appendText(dst, a.Value(i))
	case *array.Binary:
		return appendText(dst, string(a.Value(i)))
	case *array.List:
		start, end := a.ValueOffsets(i)
		for j := start; j < end; j++ {
			dst = AppendKey(dst, a.ListValues(), int(j), false)
		}
		return append(dst, keyListEnd)
	}
	panic("arrowx: no key for " + a.DataType().String())
}

// Keyed says whether values of a type have keys.
func Keyed(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.NULL, arrow.BOOL, arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DATE32,
		arrow.TIMESTAMP, arrow.STRING, arrow.BINARY:
		return true
	case arrow.LIST:
		return Keyed(t.(*arrow.ListType).Elem())
	}
	return false
}

func appendInt32(dst []byte, v int32) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(v)^1<<31)
}

func appendInt64(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(v)^1<<63)
}

func floatKey(f float64) uint64 {
	switch {
	case f != f:
		return math.MaxUint64
	case f == 0:
		return 1 << 63
	}
	u := math.Float64bits(f)
	if u>>63 == 1 {
		return ^u
	}
	return u | 1<<63
}

func appendText(dst []byte, s string) []byte {
	for {
		n := indexZero(s)
		if n < 0 {
			return append(append(dst, s...), 0, 1)
		}
		dst = append(append(dst, s[:n]...), 0, 0xFF)
		s = s[n+1:]
	}
}

func indexZero(s string) int { return strings.IndexByte(s, 0) }

var errKey = errors.New("broken key")

// DecodeKey appends the value at the start of an ascending key to b, and gives
// what follows it.
func DecodeKey(b array.Builder, key []byte) ([]byte, error) {
	if len(key) == 0 {
		return nil, errKey
	}
	tag, key := key[0], key[1:]
	if tag == keyNull {
		b.AppendNull()
		return key, nil
	}
	if tag != keyValue {
		return nil, errKey
	}
	need := payloadWidth(b.Type())
	if len(key) < need {
		return nil, errKey
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(key[0] == 1)
	case *array.Int32Builder:
		b.Append(int32(binary.BigEndian.Uint32(key) ^ 1<<31))
	case *array.Date32Builder:
		b.Append(arrow.Date32(binary.BigEndian.Uint32(key) ^ 1<<31))
	case *array.Int64Builder:
		b.Append(int64(binary.BigEndian.Uint64(key) ^ 1<<63))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(binary.BigEndian.Uint64(key) ^ 1<<63))
	case *array.Float64Builder:
		b.Append(keyFloat(binary.BigEndian.Uint64(key)))
	case *array.Decimal128Builder:
		b.Append(decimal128.New(int64(binary.BigEndian.Uint64(key)^1<<63), binary.BigEndian.Uint64(key[8:])))
	case *array.StringBuilder:
		text, rest, err := decodeText(key)
		if err != nil {
			return nil, err
		}
		b.BinaryBuilder.Append(text)
		return rest, nil
	case *array.BinaryBuilder:
		text, rest, err := decodeText(key)
		if err != nil {
			return nil, err
		}
		b.Append(text)
		return rest, nil
	case *array.ListBuilder:
		b.Append(true)
		for len(key) > 0 && key[0] != keyListEnd {
			var err error
			if key, err = DecodeKey(b.ValueBuilder(), key); err != nil {
				return nil, err
			}
		}
		if len(key) == 0 {
			return nil, errKey
		}
		return key[1:], nil
	default:
		return nil, errKey
	}
	return key[need:], nil
}

func payloadWidth(t arrow.DataType) int {
	if t.ID() == arrow.BOOL {
		return 1
	}
	if f, ok := t.(arrow.FixedWidthDataType); ok {
		return f.BitWidth() / 8
	}
	return 0
}

func keyFloat(u uint64) float64 {
	switch {
	case u == math.MaxUint64:
		return math.NaN()
	case u>>63 == 1:
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

func decodeText(key []byte) (text, rest []byte, err error) {
	for {
		n := bytes.IndexByte(key, 0)
		if n < 0 || n+1 >= len(key) {
			return nil, nil, errKey
		}
		text = append(text, key[:n]...)
		end := key[n+1] == 1
		key = key[n+2:]
		if end {
			return text, key, nil
		}
		text = append(text, 0)
	}
}
