package privacy

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// A social security number is one whatever the type of its column is: other tools keep it
// as a number, and bytes may be a text.

// leastNIR and mostNIR are the numbers of fifteen digits.
const leastNIR, mostNIR = 100_000_000_000_000, 999_999_999_999_999

// mayHoldNIR says whether whole numbers of fifteen digits fit into a type of numbers.
func mayHoldNIR(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.Int64Type, *arrow.Float64Type:
		return true
	case *arrow.Decimal128Type:
		return t.Precision-t.Scale >= 15 && t.Scale >= 0 && t.Scale <= 4
	}
	return false
}

// tally counts what a column of any type that is looked into holds.
func (c *lookedColumn) tally(a arrow.Array) freetext.Counts {
	switch a := a.(type) {
	case *array.Binary:
		return c.tallyBytes(a)
	case *array.Int64:
		values := a.Int64Values()
		return c.tallyNumbers(a, func(i int) int64 { return values[i] })
	case *array.Float64:
		values := a.Float64Values()
		return c.tallyNumbers(a, func(i int) int64 {
			if x := values[i]; x >= leastNIR && x <= mostNIR && x == math.Trunc(x) {
				return int64(x)
			}
			return 0
		})
	case *array.Decimal128:
		unit := uint64(1)
		for range a.DataType().(*arrow.Decimal128Type).Scale {
			unit *= 10
		}
		values := a.Values()
		return c.tallyNumbers(a, func(i int) int64 {
			if n := values[i]; n.HighBits() == 0 && n.LowBits()%unit == 0 && n.LowBits()/unit <= mostNIR {
				return int64(n.LowBits() / unit)
			}
			return 0
		})
	}
	if !freetext.HasText(a.DataType()) {
		return freetext.Counts{}
	}
	return c.d.Tally(a)
}

func (c *lookedColumn) tallyNumbers(a arrow.Array, number func(i int) int64) (found freetext.Counts) {
	for i := range a.Len() {
		n := number(i)
		if n < leastNIR || n > mostNIR || a.IsNull(i) {
			continue
		}
		c.text = strconv.AppendInt(c.text[:0], n, 10)
		if c.spans = c.d.Spans(c.spans[:0], c.text); len(c.spans) == 1 {
			found[c.spans[0].Kind]++
		}
	}
	return found
}

// tallyBytes looks into those bytes that are a text: a geometry has others.
func (c *lookedColumn) tallyBytes(a *array.Binary) freetext.Counts {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range a.Len() {
		if v := a.Value(i); !a.IsNull(i) && isText(v) {
			b.BinaryBuilder.Append(v)
		}
	}
	texts := b.NewStringArray()
	defer texts.Release()
	return c.d.Tally(texts)
}

func isText(v []byte) bool {
	for _, c := range v {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return utf8.Valid(v)
}
