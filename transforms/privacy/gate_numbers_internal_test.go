package privacy

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// A social security number is found in a column of any type that can hold one, by the gate
// and in a file that is judged alone; numbers that are none are not.
func TestNumbersAreLookedInto(t *testing.T) {
	const nir = 185057800608491 // of nobody, with its key
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "whole", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "exact", Type: &arrow.Decimal128Type{Precision: 15, Scale: 0}, Nullable: true},
		{Name: "cents", Type: &arrow.Decimal128Type{Precision: 19, Scale: 2}, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 14, Scale: 2}, Nullable: true},
		{Name: "bytes", Type: arrow.BinaryTypes.Binary, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	add := func(whole int64, float float64, exact, cents decimal128.Num, bytes []byte) {
		b.Field(0).(*array.Int64Builder).Append(whole)
		b.Field(1).(*array.Float64Builder).Append(float)
		b.Field(2).(*array.Decimal128Builder).Append(exact)
		b.Field(3).(*array.Decimal128Builder).Append(cents)
		b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(nir / 10))
		b.Field(5).(*array.BinaryBuilder).Append(bytes)
	}
	num := decimal128.FromI64
	add(nir, nir, num(nir), num(nir*100), []byte("1 85 05 78 006 084 91"))
	add(nir+1, nir+0.5, num(nir+1), num(nir*100+1), []byte("\x01\x00a@b.fr"))
	add(-nir, math.Inf(1), num(-nir), num(-nir), nil)
	add(0, math.NaN(), num(0), decimal128.New(1, nir), []byte{0xff, 0xfe})
	for _, f := range b.Fields() {
		f.AppendNull()
	}
	r := b.NewRecord()
	defer r.Release()
	l := policy{}.look(schema)
	l.record(r)
	var got string
	for _, c := range l {
		got += fmt.Sprintln(c.name, c.found[freetext.NIR], c.found.Total(), c.refused.Has(freetext.NIR))
	}
	if want := "whole 1 1 true\nfloat 1 1 true\nexact 1 1 true\ncents 1 1 true\nbytes 1 1 true\n"; got != want {
		t.Errorf("found\n%swant\n%s", got, want)
	}
}
