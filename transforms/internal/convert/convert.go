// Package convert turns columns of one type into another, exactly or not at
// all, by way of the one text that every value has.
package convert

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Text gives a function that appends the text of value i of a, which is not
// null: digits with a point, true and false, ISO 8601. Text and binary are
// themselves. It is nil when the type has no text.
func Text(a arrow.Array) func(dst []byte, i int) []byte {
	switch a := a.(type) {
	case *array.String:
		return func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) }
	case *array.Binary:
		return func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) }
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Int32:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
	case *array.Int64:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, a.Value(i), 10) }
	case *array.Float64:
		return func(dst []byte, i int) []byte { return scalar.AppendFloat64(dst, a.Value(i)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(dst []byte, i int) []byte { return scalar.AppendDecimal(dst, a.Value(i), scale, '.') }
	case *array.Date32:
		return func(dst []byte, i int) []byte { return scalar.DateFormat{}.Append(dst, a.Value(i)) }
	case *array.Timestamp:
		return func(dst []byte, i int) []byte { return scalar.InstantFormat{}.Append(dst, a.Value(i)) }
	}
	return nil
}

// HasText says whether values of a type have a text.
func HasText(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.BINARY, arrow.BOOL, arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128,
		arrow.DATE32, arrow.TIMESTAMP:
		return true
	}
	return false
}

// Reader reads texts as values of one type.
type Reader struct {
	to      pipelines.ColumnType
	numbers scalar.NumberFormat
	date    scalar.DateFormat
	instant scalar.InstantFormat
}

// NewReader makes a reader for a type other than a list.
func NewReader(to pipelines.ColumnType, numbers scalar.NumberFormat) (*Reader, error) {
	r := &Reader{to: to, numbers: numbers}
	var err error
	switch to.Type.ID() {
	case arrow.DATE32:
		r.date, err = scalar.NewDateFormat(to.Format)
	case arrow.TIMESTAMP:
		r.instant, err = scalar.NewInstantFormat(to.Format, to.Zone)
	}
	return r, err
}

// Append reads text and appends the value to b, a builder of the reader's type.
// On failure nothing is appended.
func (r *Reader) Append(b array.Builder, text []byte) *messages.Error {
	why := r.append(b, text)
	if why == nil {
		return nil
	}
	format := r.to.Format
	switch r.to.Type.ID() {
	case arrow.DATE32:
		format = r.date.String()
	case arrow.TIMESTAMP:
		format = r.instant.String()
	}
	return why.With("type", r.to.Name(), "to", pipelines.TypeName(r.to.Type), "format", format, "zone", r.to.Zone)
}

func (r *Reader) append(b array.Builder, text []byte) *messages.Message {
	switch b := b.(type) {
	case *array.StringBuilder:
		if !utf8.Valid(text) {
			return messages.BytesNotText
		}
		if r.to.Code != "" {
			if why := scalar.CheckCode(r.to.Code, text); why != nil {
				return why
			}
		}
		b.BinaryBuilder.Append(text)
		return nil
	case *array.BinaryBuilder:
		b.Append(text)
		return nil
	case *array.BooleanBuilder:
		v, why := scalar.ParseBool(text)
		return put(b.Append, v, why)
	case *array.Int32Builder:
		v, why := r.numbers.ParseInt64(text)
		if why == nil && int64(int32(v)) != v {
			why = messages.Overflow
		}
		return put(b.Append, int32(v), why)
	case *array.Int64Builder:
		v, why := r.numbers.ParseInt64(text)
		return put(b.Append, v, why)
	case *array.Float64Builder:
		v, why := r.numbers.ParseFloat64(text)
		return put(b.Append, v, why)
	case *array.Decimal128Builder:
		t := r.to.Type.(*arrow.Decimal128Type)
		v, why := r.numbers.ParseDecimal(text, t.Precision, t.Scale)
		return put(b.Append, v, why)
	case *array.Date32Builder:
		v, why := r.date.Parse(text)
		return put(b.Append, v, why)
	case *array.TimestampBuilder:
		v, why := r.instant.Parse(text)
		return put(b.Append, v, why)
	}
	panic("convert: no reader for " + b.Type().String())
}

func put[T any](add func(T), v T, why *messages.Message) *messages.Message {
	if why == nil {
		add(v)
	}
	return why
}

// Number appends number i of a, an array of a number type, to b, a builder of
// another, if it has exactly the same value there.
func (r *Reader) Number(b array.Builder, a arrow.Array, i int, scratch []byte) *messages.Error {
	why := messages.CastLoses
	switch b := b.(type) {
	case *array.Float64Builder:
		if v, ok := asFloat(a, i); ok {
			b.Append(v)
			return nil
		}
	case *array.Int32Builder, *array.Int64Builder:
		n, ok := asInt(a, i)
		if ok {
			return r.Append(b, strconv.AppendInt(scratch, n, 10))
		}
	case *array.Decimal128Builder:
		if f, ok := a.(*array.Float64); !ok || !math.IsNaN(f.Value(i)) && !math.IsInf(f.Value(i), 0) {
			return r.Append(b, Text(a)(scratch, i))
		}
	}
	return why.With("to", pipelines.TypeName(r.to.Type))
}

// asFloat is the nearest float of a decimal, and of a whole number the float
// that equals it, if there is one.
func asFloat(a arrow.Array, i int) (float64, bool) {
	switch a := a.(type) {
	case *array.Int32:
		return float64(a.Value(i)), true
	case *array.Int64:
		v := a.Value(i)
		f := float64(v)
		return f, f < math.MaxInt64 && int64(f) == v
	case *array.Decimal128:
		f, err := strconv.ParseFloat(string(Text(a)(nil, i)), 64)
		return f, err == nil
	}
	return 0, false
}

func asInt(a arrow.Array, i int) (int64, bool) {
	switch a := a.(type) {
	case *array.Int32:
		return int64(a.Value(i)), true
	case *array.Int64:
		return a.Value(i), true
	case *array.Float64:
		f := a.Value(i)
		return int64(f), f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63
	case *array.Decimal128:
		n := a.Value(i)
		if scale := a.DataType().(*arrow.Decimal128Type).Scale; scale > 0 {
			whole, rest := n.Div(decimal128.GetScaleMultiplier(int(scale)))
			if rest.Sign() != 0 {
				return 0, false
			}
			n = whole
		}
		v := int64(n.LowBits())
		return v, n == decimal128.FromI64(v)
	}
	return 0, false
}
