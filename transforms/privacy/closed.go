package privacy

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// neverSeen is a text that no list of known values holds.
const neverSeen = "\u2042 valeur jamais vue \u2042"

// closed refuses a rule that shows a value it knows nothing of: one whose
// condition is true of a row of nulls, of one whose texts nobody has seen, or of such
// texts whatever numbers stand beside them. A condition that says what may not be read,
// instead of what may, is such a rule: it would show the first person of a kind that the
// software names, or numbers, anew.
func (p *plan) closed(in *arrow.Schema) error {
	var probe arrow.Record
	for _, c := range p.columns {
		if c.rule == nil || c.rule.clear == nil {
			continue
		}
		if probe == nil {
			probe = unknownRows(in)
			defer probe.Release()
		}
		verdicts, _, err := c.rule.clear.New(memory.DefaultAllocator).Eval(context.Background(), probe)
		if err != nil {
			return err
		}
		open, numbers := false, true
		for i := range verdicts.Len() {
			shown := compute.VerdictOf(verdicts, i) == compute.True
			if i < unknownTexts {
				open = open || shown
			} else {
				numbers = numbers && shown
			}
		}
		verdicts.Release()
		if open || numbers {
			return atBlock("identifier", c.name, pipelines.At("clear_when", messages.OpenRule.With("column", c.name)))
		}
	}
	return nil
}

// unknownTexts is how many of unknownRows have no numbers; each of unknownNumbers gives
// the number that column i has in another one. They lie on both sides of every bound,
// are equal and are not, and are in order and are not: what is true of all of them asks
// nothing but that a number is not a certain one.
const unknownTexts = 2

var unknownNumbers = []func(i int) int64{
	func(int) int64 { return -987_654_321 },
	func(int) int64 { return 987_654_321 },
	func(i int) int64 { return 987_654_321 + int64(i) },
	func(i int) int64 { return 987_654_321 - int64(i) },
}

// unknownRows are a row of nulls, one of texts nobody has seen, and such texts beside
// unknownNumbers.
func unknownRows(s *arrow.Schema) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for n, f := range b.Fields() {
		f.AppendNull()
		if t, ok := f.(*array.StringBuilder); ok {
			for range unknownTexts - 1 + len(unknownNumbers) {
				t.Append(neverSeen)
			}
			continue
		}
		f.AppendNull()
		for _, number := range unknownNumbers {
			switch f := f.(type) {
			case *array.Int32Builder:
				f.Append(int32(number(n)))
			case *array.Int64Builder:
				f.Append(number(n))
			case *array.Float64Builder:
				f.Append(float64(number(n)))
			default:
				f.AppendNull()
			}
		}
	}
	return b.NewRecord()
}
