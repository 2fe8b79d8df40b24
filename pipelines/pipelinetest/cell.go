package pipelinetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

const (
	null      = `\N`
	isoMicros = "2006-01-02T15:04:05.999999Z"
)

// parseCell shares no code with the readers and casts of lavoir: it is what
// they are compared with.
func parseCell(s string, dt arrow.DataType) (any, error) {
	if s == null {
		return nil, nil
	}
	switch dt := dt.(type) {
	case *arrow.StringType:
		return s, nil
	case *arrow.BooleanType:
		if s != "true" && s != "false" {
			return nil, fmt.Errorf("%q is not true or false", s)
		}
		return s == "true", nil
	case *arrow.Int32Type:
		n, err := strconv.ParseInt(s, 10, 32)
		return int32(n), err
	case *arrow.Int64Type:
		return strconv.ParseInt(s, 10, 64)
	case *arrow.Float64Type:
		return strconv.ParseFloat(s, 64)
	case *arrow.Decimal128Type:
		return parseDecimal(s, dt)
	case *arrow.Date32Type:
		d, err := time.Parse("2006-01-02", s)
		return arrow.Date32FromTime(d), err
	case *arrow.TimestampType:
		at, err := time.Parse(isoMicros, s)
		return arrow.Timestamp(at.UnixMicro()), err
	case *arrow.BinaryType:
		return hex.DecodeString(s)
	case *arrow.ListType:
		items := []string{}
		err := json.Unmarshal([]byte(s), &items)
		return items, err
	case *arrow.StructType:
		return parseBox(s)
	}
	return nil, fmt.Errorf("a cell of type %s can only be null", dt)
}

// parseBox reads four numbers with spaces between them.
func parseBox(s string) (any, error) {
	var box [4]float64
	parts := strings.Fields(s)
	if len(parts) != len(box) {
		return nil, fmt.Errorf("%q is not four numbers", s)
	}
	for k, part := range parts {
		var err error
		if box[k], err = strconv.ParseFloat(part, 64); err != nil {
			return nil, err
		}
	}
	return box, nil
}

func parseDecimal(s string, dt *arrow.Decimal128Type) (any, error) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > int(dt.Scale) {
		return nil, fmt.Errorf("%q has more than %d decimals", s, dt.Scale)
	}
	n, ok := new(big.Int).SetString(whole+part+strings.Repeat("0", int(dt.Scale)-len(part)), 10)
	if !ok {
		return nil, fmt.Errorf("%q is not a decimal", s)
	}
	if len(new(big.Int).Abs(n).String()) > int(dt.Precision) {
		return nil, fmt.Errorf("%q has more than %d digits", s, dt.Precision)
	}
	return decimal128.FromBigInt(n), nil
}

func cellText(v any, dt arrow.DataType) string {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case decimal128.Num:
		return decimalText(v.BigInt(), int(dt.(*arrow.Decimal128Type).Scale))
	case arrow.Date32:
		return v.ToTime().Format("2006-01-02")
	case arrow.Timestamp:
		return time.UnixMicro(int64(v)).UTC().Format(isoMicros)
	case []byte:
		return hex.EncodeToString(v)
	case []string:
		b, _ := json.Marshal(v)
		return string(b)
	case [4]float64:
		parts := make([]string, len(v))
		for k, x := range v {
			parts[k] = strconv.FormatFloat(x, 'g', -1, 64)
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(v)
}

func decimalText(n *big.Int, scale int) string {
	digits, sign := new(big.Int).Abs(n).String(), ""
	if n.Sign() < 0 {
		sign = "-"
	}
	if scale == 0 {
		return sign + digits
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

func appendCell(b array.Builder, v any) {
	if box, ok := b.(*array.StructBuilder); ok {
		appendBox(box, v)
		return
	}
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int32Builder:
		b.Append(v.(int32))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.Decimal128Builder:
		b.Append(v.(decimal128.Num))
	case *array.Date32Builder:
		b.Append(v.(arrow.Date32))
	case *array.TimestampBuilder:
		b.Append(v.(arrow.Timestamp))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.ListBuilder:
		b.Append(true)
		for _, s := range v.([]string) {
			b.ValueBuilder().(*array.StringBuilder).Append(s)
		}
	default:
		panic(fmt.Sprintf("pipelinetest: no cells of type %s", b.Type()))
	}
}

// appendBox leaves numbers under a null, since none of them may be null itself.
func appendBox(b *array.StructBuilder, v any) {
	box, ok := v.([4]float64)
	b.AppendValues([]bool{ok})
	for k, x := range box {
		b.FieldBuilder(k).(*array.Float64Builder).Append(x)
	}
}

func cellOf(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.Boolean:
		return a.Value(i)
	case *array.Int32:
		return a.Value(i)
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Decimal128:
		return a.Value(i)
	case *array.Date32:
		return a.Value(i)
	case *array.Timestamp:
		return a.Value(i)
	case *array.Binary:
		return append([]byte{}, a.Value(i)...)
	case *array.List:
		from, to := a.ValueOffsets(i)
		items := []string{}
		for k := from; k < to; k++ {
			s, _ := cellOf(a.ListValues(), int(k)).(string)
			items = append(items, s)
		}
		return items
	case *array.Struct:
		var box [4]float64
		for k := range box {
			box[k] = a.Field(k).(*array.Float64).Value(i)
		}
		return box
	case *array.Null:
		return nil
	}
	panic(fmt.Sprintf("pipelinetest: a stream has no columns of type %s", a.DataType()))
}

// junkValue is what may stand under a null: valid for the type, and visible
// when it leaks.
func junkValue(dt arrow.DataType) any {
	switch dt.ID() {
	case arrow.STRING:
		return "junk under a null"
	case arrow.BOOL:
		return true
	case arrow.INT32:
		return int32(-1234567)
	case arrow.INT64:
		return int64(-123456789012345)
	case arrow.FLOAT64:
		return -1234.5678e200
	case arrow.DECIMAL128:
		return decimal128.FromI64(-7)
	case arrow.DATE32:
		return arrow.Date32(-99999)
	case arrow.TIMESTAMP:
		return arrow.Timestamp(-99999999)
	case arrow.BINARY:
		return []byte("junk")
	case arrow.LIST:
		return []string{"junk"}
	case arrow.STRUCT:
		return [4]float64{-1234.5678e200, 1, 2, 3}
	}
	return nil
}
