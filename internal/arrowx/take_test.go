package arrowx

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

var everyType = []arrow.DataType{
	arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
	&arrow.Decimal128Type{Precision: 38, Scale: 2}, arrow.FixedWidthTypes.Date32,
	&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, arrow.BinaryTypes.String, arrow.BinaryTypes.Binary,
	arrow.ListOf(arrow.BinaryTypes.String), arrow.Null,
}

var oddTexts = []string{"", "a", "a\x00", "a\x00b", "a\x01", "b", "é", "œuvre", "\x00", "\xff", "a\x00\xff"}

func drawText(t *rapid.T) string { return rapid.SampledFrom(oddTexts).Draw(t, "text") }

func drawValue(t *rapid.T, b array.Builder) {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		b.AppendNull()
		return
	}
	small := rapid.Int64Range(-3, 3)
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(rapid.Bool().Draw(t, "bool"))
	case *array.Int32Builder:
		b.Append(rapid.SampledFrom([]int32{math.MinInt32, -1, 0, 1, math.MaxInt32}).Draw(t, "int32"))
	case *array.Int64Builder:
		b.Append(rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, math.MaxInt64}).Draw(t, "int64"))
	case *array.Float64Builder:
		b.Append(rapid.SampledFrom([]float64{math.Inf(-1), -1.5, math.Copysign(0, -1), 0, 1e-300, 2, math.Inf(1), math.NaN()}).Draw(t, "float"))
	case *array.Decimal128Builder:
		b.Append(decimal128.New(small.Draw(t, "hi"), rapid.SampledFrom([]uint64{0, 1, math.MaxUint64}).Draw(t, "lo")))
	case *array.Date32Builder:
		b.Append(arrow.Date32(small.Draw(t, "date")))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(small.Draw(t, "instant")))
	case *array.StringBuilder:
		b.Append(drawText(t))
	case *array.BinaryBuilder:
		b.Append([]byte(drawText(t)))
	case *array.ListBuilder:
		b.Append(true)
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			drawValue(t, b.ValueBuilder())
		}
	case *array.StructBuilder:
		b.Append(true)
		for k := range b.NumField() {
			b.FieldBuilder(k).(*array.Float64Builder).Append(float64(small.Draw(t, "number")))
		}
	default:
		b.AppendNull()
	}
}

func drawArray(t *rapid.T, mem memory.Allocator, dt arrow.DataType) arrow.Array {
	b := array.NewBuilder(mem, dt)
	defer b.Release()
	n := rapid.IntRange(0, 12).Draw(t, "length")
	for range n {
		drawValue(t, b)
	}
	whole := b.NewArray()
	from := rapid.IntRange(0, n).Draw(t, "from")
	to := rapid.IntRange(from, n).Draw(t, "to")
	defer whole.Release()
	return array.NewSlice(whole, int64(from), int64(to))
}

// show is value i as text that tells a null from everything else.
func show(a arrow.Array, i int) string {
	if IsNull(a, i) {
		return "null"
	}
	if f, ok := a.(*array.Float64); ok {
		return fmt.Sprintf("%x", math.Float64bits(f.Value(i)))
	}
	if d, ok := a.(*array.Decimal128); ok { // ValueStr would round it
		return fmt.Sprint(d.Value(i).HighBits(), d.Value(i).LowBits())
	}
	if l, ok := a.(*array.List); ok {
		from, to := l.ValueOffsets(i)
		var parts []string
		for j := from; j < to; j++ {
			parts = append(parts, show(l.ListValues(), int(j)))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprintf("%q", a.ValueStr(i))
}

func TestGatherGivesTheValuesAsked(t *testing.T) {
	for _, dt := range append(everyType, box) {
		t.Run(dt.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
				defer func() {
					if n := mem.CurrentAlloc(); n != 0 {
						t.Fatalf("%d bytes left", n)
					}
				}()
				chunks := []arrow.Array{drawArray(t, mem, dt), drawArray(t, mem, dt)}
				var refs []Ref
				var want []string
				for range rapid.IntRange(0, 20).Draw(t, "refs") {
					c := rapid.IntRange(0, 1).Draw(t, "chunk")
					row := rapid.IntRange(-1, chunks[c].Len()-1).Draw(t, "row")
					refs = append(refs, Ref{int32(c), int32(row)})
					if row < 0 {
						want = append(want, "null")
					} else {
						want = append(want, show(chunks[c], row))
					}
				}
				got, err := Gather(mem, dt, chunks, refs)
				if err != nil {
					t.Fatal(err)
				}
				for i, w := range want {
					if g := show(got, i); g != w {
						t.Errorf("value %d is %s, want %s", i, g, w)
					}
				}
				if got.Len() != len(want) {
					t.Errorf("%d values, want %d", got.Len(), len(want))
				}
				for _, a := range append(chunks, got) {
					a.Release()
				}
			})
		})
	}
}

// less orders two values that are not null by what they mean.
func less(a arrow.Array, i, j int) bool {
	switch a := a.(type) {
	case *array.Boolean:
		return !a.Value(i) && a.Value(j)
	case *array.Int32:
		return a.Value(i) < a.Value(j)
	case *array.Int64:
		return a.Value(i) < a.Value(j)
	case *array.Float64:
		x, y := a.Value(i), a.Value(j)
		return x < y || x == x && y != y
	case *array.Decimal128:
		return a.Value(i).Less(a.Value(j))
	case *array.Date32:
		return a.Value(i) < a.Value(j)
	case *array.Timestamp:
		return a.Value(i) < a.Value(j)
	case *array.String:
		return a.Value(i) < a.Value(j)
	case *array.Binary:
		return bytes.Compare(a.Value(i), a.Value(j)) < 0
	case *array.List:
		el := a.ListValues()
		from, to := a.ValueOffsets(i)
		from2, to2 := a.ValueOffsets(j)
		for ; from < to && from2 < to2; from, from2 = from+1, from2+1 {
			x, y := int(from), int(from2)
			switch {
			case IsNull(el, x) && IsNull(el, y):
			case IsNull(el, x) || IsNull(el, y):
				return IsNull(el, y)
			case less(el, x, y):
				return true
			case less(el, y, x):
				return false
			}
		}
		return from >= to && from2 < to2
	}
	return false
}

func TestKeysCompareAsValuesDo(t *testing.T) {
	for _, dt := range everyType {
		t.Run(dt.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := drawArray(t, memory.DefaultAllocator, dt)
				descending := rapid.Bool().Draw(t, "descending")
				for i := range a.Len() {
					for j := range a.Len() {
						got := bytes.Compare(AppendKey(nil, a, i, descending), AppendKey(nil, a, j, descending))
						want := 0
						switch x, y := IsNull(a, i), IsNull(a, j); {
						case x && y:
						case x:
							want = 1
						case y:
							want = -1
						case less(a, i, j):
							want = -1
						case less(a, j, i):
							want = 1
						}
						if descending && !IsNull(a, i) && !IsNull(a, j) {
							want = -want
						}
						if got != want {
							t.Fatalf("%s against %s: %d, want %d", show(a, i), show(a, j), got, want)
						}
					}
				}
			})
		})
	}
}

func TestKeysGiveTheirValuesBack(t *testing.T) {
	for _, dt := range everyType {
		t.Run(dt.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := drawArray(t, memory.DefaultAllocator, dt)
				b := array.NewBuilder(memory.DefaultAllocator, dt)
				for i := range a.Len() {
					rest, err := DecodeKey(b, append(AppendKey(nil, a, i, false), "rest"...))
					if err != nil || string(rest) != "rest" {
						t.Fatalf("%s: rest %q, error %v", show(a, i), rest, err)
					}
				}
				back := b.NewArray()
				for i := range a.Len() {
					if !bytes.Equal(AppendKey(nil, back, i, false), AppendKey(nil, a, i, false)) {
						t.Fatalf("%s came back as %s", show(a, i), show(back, i))
					}
				}
			})
		})
	}
}

func FuzzDecodeKeyRefusesWhatIsNoKey(f *testing.F) {
	f.Add([]byte{keyValue, 'a', 0, 1}, uint8(7))
	f.Add([]byte{keyValue, keyValue, 'a', 0, 1, keyListEnd}, uint8(9))
	f.Fuzz(func(t *testing.T, key []byte, which uint8) {
		b := array.NewBuilder(memory.DefaultAllocator, everyType[int(which)%len(everyType)])
		if _, err := DecodeKey(b, key); err == nil && b.Len() != 1 {
			t.Errorf("%d values came of one key", b.Len())
		}
	})
}

func TestConcatAndBytes(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	a := texts(mem, "un", "deux", "trois")
	defer a.Release()
	part := a.NewSlice(1, 3)
	defer part.Release()
	all, err := Concat(mem, a.Schema(), []arrow.Record{part, a, part})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	var got []string
	for i := range int(all.NumRows()) {
		got = append(got, all.Column(0).ValueStr(i))
	}
	if g := strings.Join(got, " "); g != "deux trois un deux trois deux trois" {
		t.Errorf("rows %s", g)
	}
	if got, want := Bytes(part), int64(1+2*4+len("deuxtrois")); got != want {
		t.Errorf("a slice counts %d bytes, want %d", got, want)
	}
	empty, err := Concat(mem, a.Schema(), nil)
	if err != nil || empty.NumRows() != 0 {
		t.Errorf("nothing gives %v, %v", empty, err)
	}
	empty.Release()
}

// Rows that follow each other, and short texts, are copied together, and are the rows asked for.
func TestGatherOfRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(noFatal{t}, 0)
		var chunks [2][]arrow.Array // by type
		lengths := [2]int{}
		for c := range chunks {
			texts, numbers := array.NewStringBuilder(mem), array.NewInt64Builder(mem)
			n := rapid.IntRange(20, 60).Draw(t, "rows")
			for i := range n {
				texts.Append(strings.Repeat(string(rune('a'+i%26)), rapid.SampledFrom([]int{0, 1, 2, 3, 26, 31, 32, 33}).Draw(t, "length")))
				numbers.Append(int64(100*c + i))
			}
			from := rapid.IntRange(0, 9).Draw(t, "from")
			for _, b := range []array.Builder{texts, numbers} {
				whole := b.NewArray()
				chunks[c] = append(chunks[c], array.NewSlice(whole, int64(from), int64(n)))
				whole.Release()
				b.Release()
			}
			lengths[c] = n - from
		}
		var refs []Ref
		for range rapid.IntRange(0, 4).Draw(t, "runs") {
			c := rapid.IntRange(0, 1).Draw(t, "chunk")
			row := rapid.IntRange(0, lengths[c]-1).Draw(t, "row")
			for end := rapid.IntRange(row, lengths[c]).Draw(t, "end"); row < end; row++ {
				refs = append(refs, Ref{int32(c), int32(row)})
			}
		}
		if rapid.Bool().Draw(t, "mixed") {
			refs = rapid.Permutation(refs).Draw(t, "refs")
		}
		for kind := range chunks[0] {
			some := []arrow.Array{chunks[0][kind], chunks[1][kind]}
			got, err := Gather(mem, some[0].DataType(), some, refs)
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != len(refs) {
				t.Fatalf("%d values, want %d", got.Len(), len(refs))
			}
			for i, r := range refs {
				if g, w := show(got, i), show(some[r.Chunk], int(r.Row)); g != w {
					t.Fatalf("value %d is %s, want %s", i, g, w)
				}
			}
			got.Release()
			some[0].Release()
			some[1].Release()
		}
	})
}

// noFatal is a rapid.T that a checked allocator can tell of what is left.
type noFatal struct{ *rapid.T }

func (noFatal) Helper() {}
