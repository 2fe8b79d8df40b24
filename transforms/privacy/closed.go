package privacy

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// neverSeen is a text that no list of known values holds.
const neverSeen = "\u2042 valeur jamais vue \u2042"

// closed refuses a rule that shows a value it knows nothing of: one whose
// condition is true of a row of nulls, or of one whose texts nobody has seen. A
// condition that says what may not be read, instead of what may, is such a rule:
// it would show the first person of a kind that the software names anew.
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
		for i := range verdicts.Len() {
			if compute.VerdictOf(verdicts, i) == compute.True {
				verdicts.Release()
				return messages.OpenRule.With("column", c.name)
			}
		}
		verdicts.Release()
	}
	return nil
}

// unknownRows are a row of nulls, and one of texts nobody has seen.
func unknownRows(s *arrow.Schema) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for _, f := range b.Fields() {
		f.AppendNull()
		if t, ok := f.(*array.StringBuilder); ok {
			t.Append(neverSeen)
		} else {
			f.AppendNull()
		}
	}
	return b.NewRecord()
}
