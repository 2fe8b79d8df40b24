package sql

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Rows read column by column are those read one by one: the same values, the same
// rejects, in the same order.
func TestRowsTogetherAreRowsApart(t *testing.T) {
	found := []resultColumn{{name: "i", code: 20}, {name: "s", code: 21}, {name: "b", code: 16}, {name: "d", code: 1082}, {name: "ts", code: 1184},
		{name: "n", code: 1700}, {name: "t", code: 25}, {name: "l", code: 1009}, {name: "u", code: 2950}, {name: "j", code: 3802}, {name: "f", code: 701}, {name: "y", code: 17}}
	types := map[uint32]pipelines.ColumnType{20: {Type: arrow.PrimitiveTypes.Int64}, 21: {Type: arrow.PrimitiveTypes.Int32}, 16: {Type: arrow.FixedWidthTypes.Boolean},
		1082: {Type: arrow.FixedWidthTypes.Date32}, 1184: {Type: pipelines.Instant}, 1700: {Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}},
		25: {Type: arrow.BinaryTypes.String}, 1009: {Type: textList}, 2950: {Type: arrow.BinaryTypes.String}, 3802: {Type: arrow.BinaryTypes.String}, 701: {Type: arrow.PrimitiveTypes.Float64}, 17: {Type: arrow.BinaryTypes.Binary}}
	pool := arrowx.NewPool(1 << 22)
	chunks := decodedChunks(found, types, pool)
	rapid.Check(t, func(t *rapid.T) {
		bad := rapid.SampledFrom([]int{0, 0, 1, 20}).Draw(t, "bad per thousand")
		spoiled := false // one fault a row: of several, which is told depends on what stands in other rows
		odd := func(name string) bool {
			if spoiled || rapid.IntRange(0, 999).Draw(t, name) >= bad {
				return false
			}
			spoiled = true
			return true
		}
		be := binary.BigEndian
		text := func(name string) []byte {
			b := []byte(rapid.StringN(0, 12, 40).Draw(t, name))
			if odd("torn") {
				b = append(b, 0xC3)
			}
			return b
		}
		n := rapid.SampledFrom([]int{1, 5, 127, 128, 129, 260, 300}).Draw(t, "rows")
		var parts [][]byte
		var part []byte
		for i := range n {
			spoiled = false
			day, micros, num := be.AppendUint32(nil, uint32(i)), int8Value(int64(i)*1e9), sendNumeric(fmt.Sprintf("%d.%02d", i*13, i%100))
			if odd("day") {
				day = be.AppendUint32(nil, 1<<31-1)
			}
			if odd("instant") {
				micros = int8Value(1<<63 - 1)
			}
			if odd("number") {
				num = sendNumeric("1.234")
			}
			items := rapid.IntRange(0, 3).Draw(t, "items")
			list := append(be.AppendUint32(nil, 1), 0, 0, 0, 0, 0, 0, 0, 25)
			list = be.AppendUint32(be.AppendUint32(list, uint32(items)), 1)
			for range items {
				x := text("item")
				if odd("null item") {
					list = be.AppendUint32(list, 1<<32-1)
					continue
				}
				list = append(be.AppendUint32(list, uint32(len(x))), x...)
			}
			uuid := make([]byte, 16)
			be.PutUint64(uuid, uint64(i)*7919)
			values := [][]byte{int8Value(int64(i)), {7, byte(i)}, {byte(i % 2)}, day, micros, num, text("text"), list, uuid, append([]byte{1}, text("json")...), int8Value(int64(i) << 40), text("bytes")}
			for k := range values {
				if rapid.IntRange(0, 19).Draw(t, "null") == 0 {
					values[k] = nil
				}
			}
			if odd("notice") {
				part = append(part, frame(noRow, 1, 2, 3)...)
			}
			part = append(part, frame(rowOfQuery, tuple(values...)...)...)
			if rapid.IntRange(0, 99).Draw(t, "cut") == 0 {
				parts, part = append(parts, part), nil
			}
		}
		parts = append(parts, part)
		r := chunks.readers.Get()
		defer chunks.readers.Put(r)
		got, err := r.read(n, 5, parts)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Release()
		r.strict = true
		want, err := r.read(n, 5, parts)
		r.strict = false
		if err != nil {
			t.Fatal(err)
		}
		defer want.Release()
		if !array.RecordEqual(got.Record, want.Record) || fmt.Sprint(got.Places.Lines) != fmt.Sprint(want.Places.Lines) {
			t.Fatalf("%v\n%v", got.Record, want.Record)
		}
		said := func(b pipelines.Batch) (all []string) {
			for _, x := range b.Rejects {
				all = append(all, fmt.Sprint(x.Place.Line, x.Column, x.Why, string(x.Raw)))
			}
			return all
		}
		if fmt.Sprint(said(got)) != fmt.Sprint(said(want)) {
			t.Fatalf("%v\n%v", said(got), said(want))
		}
		if int(got.NumRows())+len(got.Rejects) != n {
			t.Fatal("lost rows")
		}
	})
}
