package privacy

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

// Arrange orders rows by what is published of them and nothing else. Rows of a class look
// alike: in the order of the source, which whoever has a list of the same persons may
// know, the first would be that of the first person, and nothing would be hidden by its
// having several values. So would the mean of a group, which is near the value of each of
// its rows. What a policy without either lets out keeps its order.
func (t policy) Arrange(d pipelines.Decision, in *arrow.Schema, emitted pipelines.Stream) (pipelines.Stream, error) {
	if t.Model == nil && len(t.Micro) > 0 {
		return extsort.SortOnWorkers(t.env, emitted, extsort.Order{Columns: allColumns(emitted.Schema()), Exact: true}), nil
	}
	s, _ := d.(*seen)
	if t.Model == nil || s == nil || s.verdict == nil {
		return emitted, nil
	}
	p, err := t.plan(in)
	if err != nil {
		emitted.Close()
		return nil, err
	}
	a := p.arrangement(s.verdict)
	sorted := extsort.SortOnWorkers(t.env, pipelines.NewStream(a.schema, emitted.Next, emitted.Close), extsort.Order{Columns: a.order, Exact: true})
	return pipelines.NewStream(p.out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := sorted.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return b.With(a.published(t.env.Allocator, p.out, b.Record)), nil
	}, sorted.Close), nil
}

func allColumns(s *arrow.Schema) (all []int) {
	for i := range s.Fields() {
		all = append(all, i)
	}
	return all
}

// arrangement is how rows of a policy with a model are kept until they are in order: the
// quasi-identifiers that are texts as numbers of their labels, packed into words that
// come in the order of the labels, and the other columns as they leave, but for decimals
// that are integers meanwhile.
type arrangement struct {
	schema *arrow.Schema // the words, then the columns that they do not tell
	order  []int         // columns of schema
	words  int
	fields []field // of the words, in the order of the policy
	from   []int   // by leaving column: its column of schema, or the field that tells it as -1-i
}

// field is where a quasi-identifier stands.
type field struct {
	*recoded
	quasi int
	word  int
	shift int
	mask  uint64
}

// wordBits is how many bits of a word are used, so that words are numbers without a sign.
const wordBits = 63

func (p *plan) arrangement(v *verdict) *arrangement {
	a := &arrangement{from: make([]int, len(p.columns))}
	leaves := make([]int, len(p.records.quasi)) // which leaving column is told
	for j := range leaves {
		leaves[j] = -1
	}
	for n, c := range p.columns {
		if c.quasi >= 0 {
			leaves[c.quasi] = n
		}
	}
	left := 0
	for j, n := range leaves {
		if n < 0 {
			continue
		}
		c := &v.columns[j]
		width := bits.Len(uint(max(0, len(c.labels)-1)))
		if a.words == 0 || width > left {
			a.words, left = a.words+1, wordBits
		}
		left -= width
		a.from[n] = -1 - len(a.fields)
		a.fields = append(a.fields, field{c, j, a.words - 1, left, 1<<width - 1})
	}
	var fields []arrow.Field
	for w := range a.words {
		a.order = append(a.order, w)
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("\x00%d", w), Type: arrow.PrimitiveTypes.Int64})
	}
	for n, c := range p.columns {
		if c.quasi < 0 {
			a.from[n] = len(fields)
			fields = append(fields, waits(p.out.Field(n)))
		}
	}
	a.schema = arrow.NewSchema(fields, nil)
	a.order = append(a.order, p.within(a.from)...)
	return a
}

// within is the columns by which rows are ordered that agree in the words: those that
// rows of a class share first, and last the ones that tell every row apart and are in no
// order themselves, so that like values lie together.
func (p *plan) within(from []int) []int {
	rank := func(c leaving) int {
		of := func(places []place) int {
			return slices.IndexFunc(places, func(at place) bool { return at.index == c.index })
		}
		quasi, sensitive := of(p.records.quasi), of(p.records.sensitive)
		switch {
		case quasi >= 0:
			return quasi
		case sensitive >= 0:
			return len(p.records.quasi) + sensitive
		}
		rank := len(p.records.quasi) + len(p.records.sensitive)
		switch {
		case c.rule == nil:
			return rank
		case c.rule.pseudonym == "":
			return rank + 1
		}
		return rank + 2
	}
	var open []int // leaving columns
	for n, c := range p.columns {
		if c.quasi < 0 {
			open = append(open, n)
		}
	}
	slices.SortStableFunc(open, func(x, y int) int { return rank(p.columns[x]) - rank(p.columns[y]) })
	for i, n := range open {
		open[i] = from[n]
	}
	return open
}

// classes adds the words of the rows that stay to cols.
func (e *recoding) classes(mem memory.Allocator, cols []arrow.Array) []arrow.Array {
	for w := range e.words {
		b := arrowx.NewBuffer(mem, len(e.rows)*arrow.Int64SizeBytes)
		words := arrow.Uint64Traits.CastFromBytes(b.Bytes())
		told := w == 0 && len(e.sorted) > 0
		if told {
			copy(words, e.sorted)
		}
		first := true
		for _, f := range e.fields {
			if f.word != w || told {
				continue
			}
			codes, ranks := e.codes[f.quasi], f.ranks
			if e.v.groups != nil {
				codes = e.groups
			}
			if first {
				for i, row := range e.rows {
					words[i] = uint64(ranks[codes[row]]) << f.shift
				}
			} else {
				for i, row := range e.rows {
					words[i] |= uint64(ranks[codes[row]]) << f.shift
				}
			}
			first = false
		}
		data := array.NewData(arrow.PrimitiveTypes.Int64, len(e.rows), []*memory.Buffer{nil, b}, nil, 0, 0)
		b.Release()
		cols = append(cols, array.NewInt64Data(data))
		data.Release()
	}
	return cols
}

// published is r, which it borrows, with labels in the place of words.
func (a *arrangement) published(mem memory.Allocator, out *arrow.Schema, r arrow.Record) arrow.Record {
	cols := make([]arrow.Array, 0, len(a.from))
	defer func() { compute.Release(cols) }()
	for n, from := range a.from {
		if from < 0 {
			f := a.fields[-1-from]
			cols = append(cols, f.texts(mem, r.Column(f.word).(*array.Int64).Int64Values()))
			continue
		}
		c := r.Column(from)
		c.Retain()
		cols = append(cols, widen(mem, out.Field(n).Type, c))
	}
	return array.NewRecord(out, slices.Clone(cols), r.NumRows())
}

// texts is the labels that words have in a field. Rows of a class follow each other.
func (f field) texts(mem memory.Allocator, words []int64) arrow.Array {
	rank := func(i int) uint64 { return uint64(words[i]) >> f.shift & f.mask }
	same := func(i int) int {
		n := 1
		for at := rank(i); i+n < len(words) && rank(i+n) == at; n++ {
		}
		return n
	}
	ob := arrowx.NewBuffer(mem, (len(words)+1)*arrow.Int32SizeBytes)
	defer ob.Release()
	ends := arrow.Int32Traits.CastFromBytes(ob.Bytes())
	ends[0] = 0
	nulls := 0
	for i := 0; i < len(words); {
		n, at := same(i), rank(i)
		size, end := int32(len(f.labels[at])), ends[i]
		for k := range n {
			end += size
			ends[i+k+1] = end
		}
		if f.hidden[at] {
			nulls += n
		}
		i += n
	}
	vb := arrowx.NewBuffer(mem, int(ends[len(words)]))
	defer vb.Release()
	text := vb.Bytes()
	var valid *memory.Buffer
	if nulls > 0 {
		valid = arrowx.NewBuffer(mem, int(bitutil.BytesForBits(int64(len(words)))))
		defer valid.Release()
		clear(valid.Bytes())
	}
	for i := 0; i < len(words); {
		n, at := same(i), rank(i)
		repeated := text[ends[i]:ends[i+n]]
		for done := copy(repeated, f.labels[at]); done > 0 && done < len(repeated); {
			done += copy(repeated[done:], repeated[:done])
		}
		if valid != nil && !f.hidden[at] {
			bitutil.SetBitsTo(valid.Bytes(), int64(i), int64(n), true)
		}
		i += n
	}
	data := array.NewData(arrow.BinaryTypes.String, len(words), []*memory.Buffer{valid, ob, vb}, nil, nulls, 0)
	defer data.Release()
	return array.NewStringData(data)
}
