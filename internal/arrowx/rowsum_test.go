package arrowx

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

var rowSumKey = RowSumKey([]byte("sixteen of AES, then 8 …")[:24])

func mustSum(t interface{ Fatal(...any) }, recs ...arrow.Record) []byte {
	s := NewRowSum(rowSumKey)
	for _, r := range recs {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return s.Bytes()
}

// The sum is that of the rows in any order, however they are cut and by however many they
// are summed up; and any other row, or the same rows otherwise often, gives another one.
func TestRowSumIsOfTheRowsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 40).Draw(t, "rows")
		if rapid.Bool().Draw(t, "long") {
			for len(rows) < 2*sumBlock+3 {
				rows = append(rows, rows...)
			}
		}
		want := mustSum(t, digestRecord(rows))
		shuffled := digestRecord(rapid.Permutation(rows).Draw(t, "order"))
		i := int64(rapid.IntRange(0, len(rows)).Draw(t, "i"))
		a, b := NewRowSum(rowSumKey), NewRowSum(rowSumKey)
		for s, r := range map[*RowSum]arrow.Record{a: shuffled.NewSlice(0, i), b: shuffled.NewSlice(i, shuffled.NumRows())} {
			if err := s.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if a.Join(b); !bytes.Equal(a.Bytes(), want) {
			t.Fatal("the order or a cut changes the sum")
		}
		k := rapid.IntRange(0, len(rows)-1).Draw(t, "k")
		changed := append([]digestRow(nil), rows...)
		changed[k] = drawRow(t)
		same := array.RecordEqual(digestRecord(rows), digestRecord(changed)) && signs(rows[k]) == signs(changed[k])
		if got := mustSum(t, digestRecord(changed)); same != bytes.Equal(got, want) {
			t.Fatalf("row %d: same rows %v, same sum %v", k, same, !same)
		}
		if bytes.Equal(mustSum(t, digestRecord(append(changed[:k:k], changed[k+1:]...))), want) || bytes.Equal(mustSum(t, digestRecord(rows), digestRecord(rows[k:k+1])), want) {
			t.Fatal("a row fewer, or one twice, has the same sum")
		}
	})
}

// Values that change places between rows, or between columns, are other rows.
func TestRowSumTellsWhatStandsInOneRow(t *testing.T) {
	table := func(cells ...string) arrow.Record {
		schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.BinaryTypes.String}, {Name: "y", Type: arrow.BinaryTypes.String}}, nil)
		b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
		defer b.Release()
		for i, c := range cells {
			if b := b.Field(i % 2).(*array.StringBuilder); c == "null" {
				b.AppendNull()
			} else {
				b.Append(c)
			}
		}
		return b.NewRecord()
	}
	met := map[string]int{}
	for i, r := range []arrow.Record{
		table("a", "b", "c", "d"), table("a", "d", "c", "b"), table("b", "a", "d", "c"), table("ab", "", "cd", ""), table("", "ab", "", "cd"),
		table("null", "ab", "", "cd"), table("a", "b"), table("a", "b", "a", "b"), table("a", "b", "a", "b", "a", "b"), table("", ""), table("null", "null"), table(),
	} {
		sum := string(mustSum(t, r))
		if other, ok := met[sum]; ok {
			t.Errorf("tables %d and %d have one sum", other, i)
		}
		met[sum] = i
	}
}

func TestRowSumKnowsNoBytesUnderNulls(t *testing.T) {
	one := func(f float64) arrow.Record { return digestRecord([]digestRow{{f: &f}}) }
	if !bytes.Equal(mustSum(t, one(math.NaN())), mustSum(t, one(math.Float64frombits(0x7ff8dead00000000)))) {
		t.Error("two NaN have two sums")
	}
	hidden := func(under string, number int64) arrow.Record {
		data := "a" + under + "b"
		texts := array.NewData(arrow.BinaryTypes.String, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101}),
			memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 1, int32(1 + len(under)), int32(len(data))})), memory.NewBufferBytes([]byte(data))}, nil, 1, 0)
		numbers := array.NewData(arrow.PrimitiveTypes.Int64, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101}),
			memory.NewBufferBytes(arrow.Int64Traits.CastToBytes([]int64{1, number, 3}))}, nil, 1, 0)
		schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
		return array.NewRecord(schema, []arrow.Array{array.MakeFromData(texts), array.MakeFromData(numbers)}, 3)
	}
	if !bytes.Equal(mustSum(t, hidden("", 0)), mustSum(t, hidden("xyz", 7))) {
		t.Error("what a null slot holds changes the sum")
	}
}

// Pseudonyms depend on it: the same rows have the same sum on every machine.
func TestRowSumIsTheSameEverywhere(t *testing.T) {
	text, n := "é", int64(-5)
	if got, want := fmt.Sprintf("%x", mustSum(t, digestRecord([]digestRow{{t: &text, l: &n, g: &[2]float64{1, -0.5}}, {}}))), "02000000000000007375258f44b342a97daa12e92685f3ee"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkRowSum(b *testing.B) {
	rec := benchRecord()
	s := NewRowSum(rowSumKey)
	for b.Loop() {
		if err := s.Add(rec); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rec.NumRows()), "ns/row")
}

// benchRecord has the shape of a register: two texts of an identifier and a place, a
// date, two numbers.
func benchRecord() arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String}, {Name: "lieu", Type: arrow.BinaryTypes.String}, {Name: "service", Type: arrow.BinaryTypes.String},
		{Name: "jour", Type: arrow.FixedWidthTypes.Date32}, {Name: "age", Type: arrow.PrimitiveTypes.Int64}, {Name: "montant", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	rb := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	defer rb.Release()
	for i := range 8192 {
		rb.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("P%09d", i*7919))
		rb.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("%05d", i%900))
		rb.Field(2).(*array.StringBuilder).Append([]string{"Voirie", "Crèche", "Bibliothèque"}[i%3])
		rb.Field(3).(*array.Date32Builder).Append(arrow.Date32(i))
		rb.Field(4).(*array.Int64Builder).Append(int64(i % 99))
		rb.Field(5).(*array.Int64Builder).Append(int64(i * i))
	}
	return rb.NewRecord()
}
