package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// made is a column to write: its type here and in lavoir, and how a value is added
// and then shown, as connectors/format/parquet_in_test.go shows it.
type made struct {
	name  string
	typ   arrow.DataType
	want  string
	value func(b array.Builder, r *rand.Rand) string
}

// texts is a column whose values are added by their text and shown as it.
func texts(name string, t arrow.DataType, want string, of func(r *rand.Rand) string) made {
	return made{name, t, want, func(b array.Builder, r *rand.Rand) string {
		s := of(r)
		if err := b.AppendValueFromString(s); err != nil {
			panic(err)
		}
		return s
	}}
}

func number(bits int, signed bool) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		if u := r.Uint64() >> (64 - bits); !signed {
			return strconv.FormatUint(u, 10)
		}
		return strconv.FormatInt(int64(r.Uint64())>>(64-bits), 10)
	}
}

var columns = []made{
	texts("i8", arrow.PrimitiveTypes.Int8, "int32", number(8, true)), texts("i16", arrow.PrimitiveTypes.Int16, "int32", number(16, true)),
	texts("i32", arrow.PrimitiveTypes.Int32, "int32", number(32, true)), texts("i64", arrow.PrimitiveTypes.Int64, "int64", number(64, true)),
	texts("u8", arrow.PrimitiveTypes.Uint8, "int32", number(8, false)), texts("u16", arrow.PrimitiveTypes.Uint16, "int32", number(16, false)),
	texts("u32", arrow.PrimitiveTypes.Uint32, "int64", number(32, false)), texts("u64", arrow.PrimitiveTypes.Uint64, "decimal(20, 0)", number(64, false)),
	texts("nom", arrow.BinaryTypes.String, "text", func(r *rand.Rand) string { return strings.Repeat("é", r.IntN(4)) + strconv.Itoa(r.IntN(50)) }),
	texts("flag", arrow.FixedWidthTypes.Boolean, "bool", func(r *rand.Rand) string { return strconv.FormatBool(r.IntN(2) == 0) }),
	{"f16", arrow.FixedWidthTypes.Float16, "float64", func(b array.Builder, r *rand.Rand) string {
		v := float16.New(float32(r.IntN(100)) / 4)
		b.(*array.Float16Builder).Append(v)
		return strconv.FormatUint(math.Float64bits(float64(v.Float32())), 16)
	}},
	{"f64", arrow.PrimitiveTypes.Float64, "float64", func(b array.Builder, r *rand.Rand) string {
		v := r.NormFloat64()
		b.(*array.Float64Builder).Append(v)
		return strconv.FormatUint(math.Float64bits(v), 16)
	}},
	{"fixe", &arrow.FixedSizeBinaryType{ByteWidth: 3}, "binary", func(b array.Builder, r *rand.Rand) string {
		v := []byte{byte(r.Uint32()), 0, byte(r.Uint32())}
		b.(*array.FixedSizeBinaryBuilder).Append(v)
		return hex.EncodeToString(v)
	}},
	{"jour", arrow.FixedWidthTypes.Date32, "date", func(b array.Builder, r *rand.Rand) string {
		v := int32(r.IntN(60000) - 20000)
		b.(*array.Date32Builder).Append(arrow.Date32(v))
		return strconv.Itoa(int(v))
	}},
	{"us", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, "timestamp", func(b array.Builder, r *rand.Rand) string {
		v := r.Int64N(4e15) - 2e15
		b.(*array.TimestampBuilder).Append(arrow.Timestamp(v))
		return strconv.FormatInt(v, 10)
	}},
	{"local", &arrow.TimestampType{Unit: arrow.Nanosecond}, "text", func(b array.Builder, r *rand.Rand) string {
		v := r.Int64N(4e18) - 2e18
		b.(*array.TimestampBuilder).Append(arrow.Timestamp(v))
		return strings.TrimSuffix(time.Unix(0, v).UTC().Format("2006-01-02T15:04:05.999999999"), ".")
	}},
	{"d9", &arrow.Decimal128Type{Precision: 9, Scale: 2}, "decimal(9, 2)", amount(9, 2)},
	{"d18", &arrow.Decimal128Type{Precision: 18, Scale: 3}, "decimal(18, 3)", amount(18, 3)},
	{"d38", &arrow.Decimal128Type{Precision: 38, Scale: 10}, "decimal(38, 10)", amount(38, 10)},
	{"themes", arrow.ListOf(arrow.BinaryTypes.String), "list(text)", func(b array.Builder, r *rand.Rand) string {
		l := b.(*array.ListBuilder)
		l.Append(true)
		var items []string
		for range r.IntN(4) {
			item := strconv.Itoa(r.IntN(9))
			l.ValueBuilder().(*array.StringBuilder).Append(item)
			items = append(items, item)
		}
		return "[" + strings.Join(items, "|") + "]"
	}},
}

// amount adds decimals of fewer than that many digits.
func amount(precision, scale int32) func(b array.Builder, r *rand.Rand) string {
	return func(b array.Builder, r *rand.Rand) string {
		v := decimal128.FromI64(int64(r.Uint64()) >> (64 - min(63, 3*precision)))
		s := v.ToString(scale)
		if err := b.AppendValueFromString(s); err != nil {
			panic(err)
		}
		return s
	}
}

// write writes files of random values, each with what is to be read of it.
func write(folder string) error {
	codecs := []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd, compress.Codecs.Brotli, compress.Codecs.Lz4Raw}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 1))
		fields := make([]arrow.Field, len(columns))
		for i, c := range columns {
			fields[i] = arrow.Field{Name: c.name, Type: c.typ, Nullable: true}
		}
		schema := arrow.NewSchema(fields, nil)
		version := parquet.DataPageV1
		if seed%2 == 1 {
			version = parquet.DataPageV2
		}
		var out bytes.Buffer
		w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(
			parquet.WithCompression(codecs[int(seed/2)%len(codecs)]), parquet.WithDataPageVersion(version), parquet.WithDictionaryDefault(seed%3 > 0), parquet.WithStoreDecimalAsInteger(seed%5 > 1),
			parquet.WithDataPageSize(int64(300+r.IntN(2)*100000)), parquet.WithDictionaryPageSizeLimit(int64(200+r.IntN(2)*100000)),
		), pqarrow.DefaultWriterProps())
		if err != nil {
			return err
		}
		want := make([]struct {
			Name   string   `json:"name"`
			Type   string   `json:"type"`
			Values []string `json:"values"`
		}, len(columns))
		for range 1 + r.IntN(2) {
			b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
			n := 1 + r.IntN(2000)
			for i, c := range columns {
				want[i].Name, want[i].Type = c.name, c.want
				for range n {
					if r.IntN(5) == 0 {
						b.Field(i).AppendNull()
						want[i].Values = append(want[i].Values, `\N`)
					} else {
						want[i].Values = append(want[i].Values, c.value(b.Field(i), r))
					}
				}
			}
			if err := w.Write(b.NewRecordBatch()); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		text, err := json.Marshal(map[string]any{"config": "", "code": "", "columns": want})
		if err != nil {
			return err
		}
		name := filepath.Join(folder, fmt.Sprintf("arrow18_%d", seed))
		if err := os.WriteFile(name+".parquet", out.Bytes(), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(name+".json", text, 0o600); err != nil {
			return err
		}
	}
	fmt.Printf("arrow-go %s (Go): 24 files\n", version())
	return nil
}
