package arrowx

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

var digestSchema = arrow.NewSchema([]arrow.Field{
	{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "i", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "l", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "d", Type: &arrow.Decimal128Type{Precision: 20, Scale: 2}, Nullable: true},
	{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "x", Type: arrow.BinaryTypes.Binary, Nullable: true},
	{Name: "a", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
	{Name: "n", Type: arrow.Null, Nullable: true},
	{Name: "g", Type: box, Nullable: true},
}, nil)

// box is the type of two numbers that are null together.
var box = arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Float64}, arrow.Field{Name: "y", Type: arrow.PrimitiveTypes.Float64})

// digestRow is a row of digestSchema; nil is null.
type digestRow struct {
	b *bool
	i *int32
	l *int64
	f *float64
	d *int64
	t *string
	x *string
	a *[]*string
	g *[2]float64
}

func drawRow(t *rapid.T) digestRow {
	text := rapid.StringN(0, 3, -1)
	return digestRow{
		rapid.Ptr(rapid.Bool(), true).Draw(t, "b"), rapid.Ptr(rapid.Int32(), true).Draw(t, "i"),
		rapid.Ptr(rapid.Int64(), true).Draw(t, "l"), rapid.Ptr(rapid.Float64(), true).Draw(t, "f"),
		rapid.Ptr(rapid.Int64(), true).Draw(t, "d"), rapid.Ptr(text, true).Draw(t, "t"), rapid.Ptr(text, true).Draw(t, "x"),
		rapid.Ptr(rapid.SliceOfN(rapid.Ptr(text, true), 0, 3), true).Draw(t, "a"),
		rapid.Ptr(rapid.Custom(drawBox), true).Draw(t, "g"),
	}
}

func drawBox(t *rapid.T) [2]float64 {
	return [2]float64{rapid.Float64().Draw(t, "x"), float64(rapid.IntRange(0, 3).Draw(t, "y"))}
}

func digestRecord(rows []digestRow) arrow.Record {
	b := array.NewRecordBuilder(memory.NewGoAllocator(), digestSchema)
	defer b.Release()
	for _, r := range rows {
		add(b.Field(0).(*array.BooleanBuilder).Append, b.Field(0), r.b)
		add(b.Field(1).(*array.Int32Builder).Append, b.Field(1), r.i)
		add(b.Field(2).(*array.Int64Builder).Append, b.Field(2), r.l)
		add(b.Field(3).(*array.Float64Builder).Append, b.Field(3), r.f)
		add(func(v int64) { b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(v)) }, b.Field(4), r.d)
		add(b.Field(5).(*array.StringBuilder).Append, b.Field(5), r.t)
		add(b.Field(6).(*array.BinaryBuilder).AppendString, b.Field(6), r.x)
		add(func(items []*string) {
			list := b.Field(7).(*array.ListBuilder)
			list.Append(true)
			for _, item := range items {
				add(list.ValueBuilder().(*array.StringBuilder).Append, list.ValueBuilder(), item)
			}
		}, b.Field(7), r.a)
		b.Field(8).AppendNull()
		add(func(v [2]float64) {
			s := b.Field(9).(*array.StructBuilder)
			s.Append(true)
			for k, x := range v {
				s.FieldBuilder(k).(*array.Float64Builder).Append(x)
			}
		}, b.Field(9), r.g)
	}
	return b.NewRecord()
}

func add[T any](value func(T), b array.Builder, v *T) {
	if v == nil {
		b.AppendNull()
	} else {
		value(*v)
	}
}

func mustDigest(t interface{ Fatal(...any) }, recs ...arrow.Record) Sum {
	s, err := Digest(7, recs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The sum is that of the rows, whatever they are cut into, and any other row,
// any null for a value and any other order gives another one.
func TestDigestIsOfTheRowsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 70).Draw(t, "rows")
		whole := digestRecord(rows)
		want := mustDigest(t, whole)
		i := rapid.IntRange(0, len(rows)).Draw(t, "i")
		j := rapid.IntRange(i, len(rows)).Draw(t, "j")
		cut := func(from, to int) arrow.Record { return whole.NewSlice(int64(from), int64(to)) }
		if mustDigest(t, cut(0, i), cut(i, j), digestRecord(rows[j:])) != want {
			t.Fatal("a cut changes the sum")
		}
		k := rapid.IntRange(0, len(rows)-1).Draw(t, "k")
		changed := append([]digestRow(nil), rows...)
		changed[k] = drawRow(t)
		got := mustDigest(t, digestRecord(changed))
		if same := array.RecordEqual(whole, digestRecord(changed)) && signs(rows[k]) == signs(changed[k]); same != (got == want) {
			t.Fatalf("row %d: same rows %v, same sum %v", k, same, got == want)
		}
	})
}

func signs(r digestRow) [2]bool {
	return [2]bool{r.f != nil && math.Signbit(*r.f), r.g != nil && math.Signbit(r.g[0])}
}

func TestDigestKnowsNoBytesUnderNulls(t *testing.T) {
	hidden := func(under string) arrow.Record {
		data := "a" + under + "b"
		offsets := []int32{0, 1, int32(1 + len(under)), int32(len(data))}
		texts := array.NewData(arrow.BinaryTypes.String, 3, []*memory.Buffer{
			memory.NewBufferBytes([]byte{0b101}), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes([]byte(data)),
		}, nil, 1, 0)
		numbers := array.NewData(arrow.PrimitiveTypes.Int64, 3, []*memory.Buffer{
			memory.NewBufferBytes([]byte{0b101}), memory.NewBufferBytes(arrow.Int64Traits.CastToBytes([]int64{1, int64(len(under)), 3})),
		}, nil, 1, 0)
		schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
		return array.NewRecord(schema, []arrow.Array{array.MakeFromData(texts), array.MakeFromData(numbers)}, 3)
	}
	if mustDigest(t, hidden("")) != mustDigest(t, hidden("xyz")) {
		t.Error("what a null slot holds changes the sum")
	}
}

func TestDigestOfNaNAndSeed(t *testing.T) {
	one := func(f float64) arrow.Record { return digestRecord([]digestRow{{f: &f}}) }
	if mustDigest(t, one(math.NaN())) != mustDigest(t, one(math.Float64frombits(0x7ff8dead00000000))) {
		t.Error("two NaN have two sums")
	}
	if mustDigest(t, one(0)) == mustDigest(t, one(math.Copysign(0, -1))) {
		t.Error("zero and negative zero have one sum")
	}
	if other, err := Digest(8, []arrow.Record{one(0)}); err != nil || other == mustDigest(t, one(0)) {
		t.Error("the seed changes nothing")
	}
}

// Bytes of evidence depend on it: the same rows have the same sum on every machine.
func TestDigestIsTheSameEverywhere(t *testing.T) {
	text, n := "é", int64(-5)
	all := digestRecord([]digestRow{{t: &text, l: &n, g: &[2]float64{1, -0.5}}, {}})
	last := len(all.Columns()) - 1
	without := array.NewRecord(arrow.NewSchema(digestSchema.Fields()[:last], nil), all.Columns()[:last], 2)
	for want, r := range map[string]arrow.Record{"8fe51c586b1a7af1afd36da68fcb8a53": without, "98476784183cba2123ff3ca3c38aad2c": all} {
		if got := fmt.Sprintf("%x", mustDigest(t, r)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzValidUTF8(f *testing.F) {
	for _, s := range []string{"", "abc", "réfection d'école, œuvre 𝄞", "\xff", "abcdefgh\xc3", "abcdefg\xed\xa0\x80hij", "\xc0\x80aaaaaaaa", "aaaaaaaé\xf4\x90\x80\x80aaaa"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i := range min(len(b), 9) {
			if ValidUTF8(b[i:]) != utf8.Valid(b[i:]) {
				t.Fatalf("%q", b[i:])
			}
		}
	})
}

func TestValidTextsWantsWholeCharacters(t *testing.T) {
	data := []byte("aéb")
	if !ValidTexts([]int32{0, 1, 3, 4}, data) || ValidTexts([]int32{0, 2, 4}, data) || !ValidTexts([]int32{1, 3}, data) || ValidTexts([]int32{2, 3}, data) {
		t.Error("a text that starts within a character passes, or one that does not fails")
	}
}

// Texts of any characters, whole or damaged in one byte, wherever a word or a block
// of the check ends.
func TestValidUTF8IsTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "abc", "abcdefgh", "é", "œ", "\u0080", "\u07FF", "’", "€", "\u0800", "\u0FFF", "\uD7FF", "\uE000", "\uFFFD", "\uFFFF",
			"𝄞", "\U0010FFFF", strings.Repeat("x", 29)}), 0, 40).Draw(t, "parts")
		b := []byte(strings.Join(parts, ""))
		if len(b) > 0 && rapid.Bool().Draw(t, "damaged") {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			b[at] = rapid.SampledFrom([]byte{0, 'a', 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF}).Draw(t, "byte")
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "end")]
		if got, want := ValidUTF8(b), utf8.Valid(b); got != want {
			t.Fatalf("%q: %v, want %v", b, got, want)
		}
	})
}

func BenchmarkValidUTF8(b *testing.B) {
	text := []byte(strings.Repeat("Convention pluriannuelle d’objectifs et vallée audiovisuel, dépôt et matériel ; solde", 1000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ValidUTF8(text)
	}
}
