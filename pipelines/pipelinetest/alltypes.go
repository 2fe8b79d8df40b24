package pipelinetest

import (
	"math"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/pipelines"
)

// AllTypes is a table with a column of every type a stream may have, and in
// each the values that break things: extremes, NaN, infinities, negative zero,
// the year 1 and the year 9999, empty and 1 MiB texts, é composed and
// decomposed, œ, quotes, separators and line ends, lists that are null, empty
// and long, boxes, and nulls everywhere. The names of its columns start with all_.
func AllTypes() Table {
	columns := []struct {
		field  arrow.Field
		values []any
	}{
		{column("all_bool", arrow.FixedWidthTypes.Boolean), []any{true, false}},
		{column("all_int32", arrow.PrimitiveTypes.Int32), []any{int32(math.MaxInt32), int32(math.MinInt32), int32(0), int32(-1)}},
		{column("all_int64", arrow.PrimitiveTypes.Int64), []any{int64(math.MaxInt64), int64(math.MinInt64), int64(0), int64(1) << 53}},
		{column("all_float64", arrow.PrimitiveTypes.Float64), []any{
			math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1,
		}},
		{column("all_decimal_12_2", &arrow.Decimal128Type{Precision: 12, Scale: 2}), decimals("9999999999.99", "-9999999999.99", "0.00", "-0.01", "1234.50")},
		{column("all_decimal_38_0", &arrow.Decimal128Type{Precision: 38}), decimals(strings.Repeat("9", 38), "-"+strings.Repeat("9", 38), "0")},
		{column("all_decimal_38_38", &arrow.Decimal128Type{Precision: 38, Scale: 38}), decimals("0."+strings.Repeat("9", 38), "-0."+strings.Repeat("0", 37)+"1")},
		{column("all_date", arrow.FixedWidthTypes.Date32), []any{
			arrow.Date32(0), arrow.Date32(-1), arrow.Date32(-719162), arrow.Date32(2932896), arrow.Date32(19782),
		}},
		{column("all_timestamp", pipelines.Instant), []any{
			arrow.Timestamp(0), arrow.Timestamp(-1), arrow.Timestamp(-62135596800000000), arrow.Timestamp(253402300799999999), arrow.Timestamp(1711846800123456),
		}},
		{column("all_text", arrow.BinaryTypes.String), []any{
			"", " ", "é", "e\u0301", "œuvre", "Ÿ", "0042", `\N`, "NULL", "a;b,c\td", "dit \"oui\"", "deux\r\nlignes\n", "=1+1", "\ufeffbom", "🎻", "fin\x00",
			strings.Repeat("é", 1<<19),
		}},
		{column("all_binary", arrow.BinaryTypes.Binary), []any{[]byte{}, []byte{0, 255, 10, 13}, []byte("é")}},
		{column("all_list", arrow.ListOf(arrow.BinaryTypes.String)), []any{[]string{}, []string{""}, []string{"a", "é", "a"}, []string{"x,y", "\"z\"", "\n"}}},
		{column("all_bbox", pipelines.BBox), []any{
			[4]float64{-4.76, 48.38, -4.75, 48.39}, [4]float64{math.Copysign(0, -1), 0, math.NaN(), math.Inf(1)}, [4]float64{},
		}},
		{column("all_null", arrow.Null), nil},
	}
	t := Table{}
	fields := make([]arrow.Field, len(columns))
	rows := 0
	for i, c := range columns {
		fields[i] = c.field
		rows = max(rows, len(c.values)+2)
	}
	for r := range rows {
		row := make([]any, len(columns))
		for i, c := range columns {
			if r > 0 && r <= len(c.values) {
				row[i] = c.values[r-1]
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Schema = arrow.NewSchema(fields, nil)
	return t
}

func column(name string, dt arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: dt, Nullable: true}
}

func decimals(texts ...string) []any {
	vs := make([]any, len(texts))
	for i, s := range texts {
		_, part, _ := strings.Cut(s, ".")
		v, err := parseDecimal(s, &arrow.Decimal128Type{Precision: 38, Scale: int32(len(part))})
		if err != nil {
			panic("pipelinetest: " + err.Error())
		}
		vs[i] = v.(decimal128.Num)
	}
	return vs
}
