package privacy

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// A condition may ask one column what it may be, and another what it may not: all rows of a
// service but those of one kind. It is false of a row of which nothing is known, and still
// shows the first person of a kind that the software writes anew. So each column is looked
// at by itself: what others have is what the condition knows of.

// probes is how many rows a condition is asked about at most. One that knows more is asked
// about fewer of the values that it knows, and one of more columns than that about some of them.
const probes = 1 << 14

// candidate is a value of a column: one that nobody knows, or one that the condition does.
type candidate struct {
	text    string
	number  int64
	null    bool
	unknown bool
}

// yes and no are candidates of a column that knows no others.
const yes, no = 1, -1

// candidates are the values that a column is asked about; only those nobody knows and null
// where it is of a type that a condition knows no values of.
func candidates(t arrow.DataType, texts []string, numbers []int64) []candidate {
	all := []candidate{{null: true, unknown: true}}
	switch t.ID() {
	case arrow.STRING:
		all = append(all, candidate{text: neverSeen, unknown: true})
		for _, s := range texts {
			all = append(all, candidate{text: s})
		}
	case arrow.BOOL:
		all = append(all, candidate{number: yes}, candidate{number: no})
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		for _, n := range []int64{-987_654_321, 987_654_321} {
			all = append(all, candidate{number: n, unknown: true})
		}
		for _, n := range numbers {
			all = append(all, candidate{number: n})
		}
	}
	return all
}

// closedBeside refuses a rule that is true of a value nobody knows, or of none, where the
// same row with one that it knows is masked. Whether there is a value at all may be asked
// ("" and 0), and the column that is shown is whose values nobody knows.
func (p *plan) closedBeside(in *arrow.Schema, column string, clear *expr.Program, e pipelines.Expression) error {
	texts, numbers := expr.Known(e)
	var asked []int
	for _, name := range clear.Columns() {
		if i, err := pipelines.ColumnIndex(in, name); err == nil && name != column {
			asked = append(asked, i)
		}
	}
	var of [][]candidate
	for {
		of = of[:0]
		rows := 1
		for _, i := range asked {
			c := candidates(in.Field(i).Type, texts, numbers)
			of, rows = append(of, c), min(rows*len(c), probes+1)
		}
		if rows <= probes {
			break
		}
		if len(texts)+len(numbers) == 0 {
			asked = asked[:len(asked)-1]
			continue
		}
		texts, numbers = texts[:len(texts)/2], numbers[:len(numbers)/2]
	}
	shown, err := shownOf(in, column, asked, of, clear)
	if err != nil {
		return err
	}
	for j := range asked {
		stride := 1
		for _, c := range of[j+1:] {
			stride *= len(c)
		}
		for first := range shown {
			if first/stride%len(of[j]) != 0 { // rows that differ in this column alone begin with its first
				continue
			}
			open, numbersOpen, masked := false, true, false
			for v, c := range of[j] {
				is := shown[first+v*stride]
				switch {
				case c.unknown && (c.null || in.Field(asked[j]).Type.ID() == arrow.STRING):
					open = open || is
				case c.unknown:
					numbersOpen = numbersOpen && is
				case c.text != "" || c.number != 0:
					masked = masked || !is
				}
			}
			isNumber := slices.ContainsFunc(of[j], func(c candidate) bool { return c.unknown && c.number != 0 })
			if masked && (open || isNumber && numbersOpen) {
				return atBlock("identifier", column, pipelines.At("clear_when", messages.OpenBeside.With("column", column, "asked", in.Field(asked[j]).Name)))
			}
		}
	}
	return nil
}

// shownOf says of every combination of the candidates whether the condition is true of it;
// the last column changes from row to row.
func shownOf(in *arrow.Schema, column string, asked []int, of [][]candidate, clear *expr.Program) ([]bool, error) {
	rows := 1
	for _, c := range of {
		rows *= len(c)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, in)
	defer b.Release()
	for i, f := range b.Fields() {
		j := slices.Index(asked, i)
		if s, ok := f.(*array.StringBuilder); ok && in.Field(i).Name == column {
			for range rows {
				s.Append(neverSeen)
			}
			continue
		}
		if j < 0 {
			f.AppendNulls(rows)
			continue
		}
		stride := 1
		for _, c := range of[j+1:] {
			stride *= len(c)
		}
		for row := range rows {
			c := of[j][row/stride%len(of[j])]
			switch f := f.(type) {
			case *array.StringBuilder:
				appendUnless(c.null, f, func() { f.Append(c.text) })
			case *array.Int32Builder:
				appendUnless(c.null, f, func() { f.Append(int32(c.number)) })
			case *array.Int64Builder:
				appendUnless(c.null, f, func() { f.Append(c.number) })
			case *array.BooleanBuilder:
				appendUnless(c.null, f, func() { f.Append(c.number == yes) })
			case *array.Decimal128Builder:
				n, err := decimal128.FromI64(c.number).Rescale(0, in.Field(i).Type.(*arrow.Decimal128Type).Scale)
				appendUnless(c.null || err != nil, f, func() { f.Append(n) })
			case *array.Float64Builder:
				appendUnless(c.null, f, func() { f.Append(float64(c.number)) })
			default:
				f.AppendNull()
			}
		}
	}
	probe := b.NewRecord()
	defer probe.Release()
	verdicts, _, err := clear.New(memory.DefaultAllocator).Eval(context.Background(), probe)
	if err != nil {
		return nil, err
	}
	defer verdicts.Release()
	shown := make([]bool, rows)
	for i := range shown {
		shown[i] = compute.VerdictOf(verdicts, i) == compute.True
	}
	return shown, nil
}

func appendUnless(null bool, b array.Builder, value func()) {
	if null {
		b.AppendNull()
		return
	}
	value()
}
