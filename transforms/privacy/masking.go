package privacy

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// plan is a policy for one schema.
type plan struct {
	out      *arrow.Schema
	columns  []leaving // in the order of the input
	records  *records  // nil without a model
	redacted *redacted
	clears   *clears  // nil without such rules
	micro    []*micro // groups of columns that leave as means
}

// leaving is a column that leaves.
type leaving struct {
	index int
	name  string
	rule  *rule      // nil: as it is
	quasi int        // which quasi-identifier it is, if its class tells what leaves; -1: none
	alike bool       // values that count as one must be written as one
	text  *redaction // nil: none
	micro int        // which group of columns leaves as its means, counted from 1; 0: none
	at    int        // its place in the group
}

// rule says when a value is masked, and what stands there then.
type rule struct {
	pseudonym protect.Form  // not "": a keyed hash stands for every value
	surrogate bool          // or a number in its order
	mask                    // or some of its characters, or a word
	clear     *expr.Program // nil: never in clear
	cells     *clears       // not nil: in clear where these hold
	otherwise arrow.Array   // one value; a null one for nothing
	key       []byte        // of otherwise
}

// constant says whether the value does not matter: another stands in every row.
func (r *rule) constant() bool {
	return r != nil && r.pseudonym == "" && !r.redact && r.partial == nil && r.clear == nil && r.cells == nil
}

// masks says whether the row alone tells what stands in its place, of more than one thing.
func (r *rule) masks() bool { return r != nil && r.pseudonym == "" && !r.constant() }

func (t policy) plan(in *arrow.Schema) (*plan, error) {
	var diags hcl.Diagnostics
	rules := map[int]*rule{}
	for _, name := range t.Public {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		rules[i] = nil
	}
	for _, id := range t.Identifiers {
		i, err := pipelines.ColumnIndex(in, id.Column)
		if err != nil {
			return nil, err
		}
		if id.Action == "drop" {
			continue
		}
		if id.open() {
			rules[i] = nil
			continue
		}
		if id.hashed() {
			if f := in.Field(i).Type; !convert.HasText(f) || f.ID() == arrow.FLOAT64 {
				return nil, messages.NoPseudonym.With("column", id.Column, "got", pipelines.TypeName(f))
			}
			rules[i] = &rule{pseudonym: id.form(), surrogate: id.Action == "surrogate"}
			continue
		}
		if t.counted(id) {
			continue // the model says how much of it
		}
		r, err := id.rule(in, in.Field(i))
		var located hcl.Diagnostics
		switch {
		case errors.As(err, &located):
			diags = append(diags, located...)
		case err != nil:
			return nil, err
		default:
			rules[i] = r
		}
	}
	if err := compute.Mistakes(diags); err != nil {
		return nil, err
	}
	if t.Opposition != nil {
		i, err := pipelines.ColumnIndex(in, t.Opposition.Key)
		if err != nil {
			return nil, err
		}
		if f := in.Field(i).Type; !convert.HasText(f) || f.ID() == arrow.FLOAT64 {
			return nil, messages.NoPseudonym.With("column", t.Opposition.Key, "got", pipelines.TypeName(f))
		}
	}
	if err := t.free(in); err != nil {
		return nil, err
	}
	for name := range t.texts {
		i, _ := pipelines.ColumnIndex(in, name)
		rules[i] = nil
	}
	records, err := t.records(in)
	if err != nil {
		return nil, err
	}
	cells, err := t.clears(in)
	if err != nil {
		return nil, err
	}
	p := &plan{records: records, redacted: t.redacted, clears: cells}
	if p.micro, err = t.micros(in); err != nil {
		return nil, err
	}
	type placed struct{ group, at int }
	averaged := map[int]placed{}
	for g, m := range p.micro {
		for c, i := range m.index {
			rules[i], averaged[i] = nil, placed{g + 1, c}
		}
	}
	if cells != nil {
		for _, r := range cells.rules {
			if rules[r.index], err = masked(in.Field(r.index), cells); err != nil {
				return nil, err
			}
		}
	}
	told, alike := map[int]int{}, map[int]bool{}
	if records != nil {
		for j, q := range records.quasi {
			rules[q.index] = nil
			switch id := in.Field(q.index).Type.ID(); {
			case records.levels[j].generalised(), t.local(), id == arrow.STRING:
				told[q.index] = j
			default:
				alike[q.index] = id == arrow.FLOAT64
			}
		}
		for _, s := range records.sensitive {
			rules[s.index] = nil
		}
	}
	var fields []arrow.Field
	for i, f := range in.Fields() {
		r, leaves := rules[i]
		if !leaves {
			continue
		}
		quasi, tells := told[i]
		switch {
		case !tells:
			quasi = -1
		case records.levels[quasi].generalised(), t.local():
			f.Type, f.Nullable = arrow.BinaryTypes.String, true
		}
		if r != nil && r.cells != nil || averaged[i].group > 0 {
			f.Nullable = true
		}
		if r != nil && r.pseudonym != "" {
			f.Type, f.Nullable = arrow.BinaryTypes.String, true
			if r.surrogate {
				f.Type = arrow.PrimitiveTypes.Int64
			}
		}
		p.columns = append(p.columns, leaving{i, f.Name, r, quasi, alike[i], t.texts[f.Name], averaged[i].group, averaged[i].at})
		fields = append(fields, f)
	}
	p.out = arrow.NewSchema(fields, nil)
	return p, nil
}

// masked is the rule of a column that is null where cells do not hold.
func masked(f arrow.Field, cells *clears) (*rule, error) {
	nothing, err := identifierConfig{}.otherwise(f)
	if err != nil {
		return nil, err
	}
	return &rule{otherwise: nothing, key: arrowx.AppendKey(nil, nothing, 0, false), cells: cells}, nil
}

func (id identifierConfig) rule(in *arrow.Schema, f arrow.Field) (*rule, error) {
	otherwise, err := id.otherwise(f)
	if err != nil {
		return nil, err
	}
	r := &rule{otherwise: otherwise, key: arrowx.AppendKey(nil, otherwise, 0, false)}
	if r.mask, err = id.mask(f); err != nil {
		return nil, err
	}
	if id.ClearWhen.IsSet() {
		r.clear, err = compute.Condition("clear_when", id.ClearWhen, in)
	}
	return r, err
}

// otherwise is the value of a masked cell. It is a single value of the
// configuration, kept on the Go heap, so that nobody has to release it.
func (id identifierConfig) otherwise(f arrow.Field) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, f.Type)
	if id.Otherwise == "" {
		b.AppendNull()
		return b.NewArray(), nil
	}
	wrong := messages.OtherwiseType.With("column", f.Name, "type", pipelines.TypeName(f.Type))
	if !convert.HasText(f.Type) {
		return nil, wrong
	}
	r, err := convert.NewReader(pipelines.ColumnType{Type: f.Type}, scalar.Plain)
	if err != nil || r.Append(b, []byte(id.Otherwise)) != nil {
		return nil, wrong
	}
	return b.NewArray(), nil
}

// masking applies a plan. It is for one goroutine.
type masking struct {
	*plan
	mem        memory.Allocator
	evaluators []*expr.Evaluator // by leaving column; nil where there is no condition
	pseudonyms map[string]*protect.Pseudonyms
	texts      []*freetext.Detector // by leaving column; nil where it is not redacted
	numbers    *protect.Surrogates
	means      []*means
	averages   []*averaging // of means, once they are asked for
}

func (p *plan) masking(mem memory.Allocator) *masking {
	m := &masking{plan: p, mem: mem, evaluators: make([]*expr.Evaluator, len(p.columns)), texts: make([]*freetext.Detector, len(p.columns))}
	for i, c := range p.columns {
		if c.rule != nil && c.rule.clear != nil {
			m.evaluators[i] = c.rule.clear.New(mem)
		}
		if c.text != nil {
			m.texts[i] = c.text.detector()
		}
	}
	return m
}

// clear says for each row whether the value of leaving column n may be read:
// only where the condition is true. A row for which it fails is null there.
func (m *masking) clear(ctx context.Context, n int, r arrow.Record) ([]bool, error) {
	if cells := m.columns[n].rule.cells; cells != nil {
		return cells.rows(r), nil
	}
	may := make([]bool, r.NumRows())
	if m.evaluators[n] == nil {
		return may, nil
	}
	verdicts, _, err := m.evaluators[n].Eval(ctx, r)
	if err != nil {
		return nil, err
	}
	defer verdicts.Release()
	for i := range may {
		may[i] = compute.VerdictOf(verdicts, i) == compute.True
	}
	return may, nil
}

// apply gives what leaves of r, which it borrows; where there is a model, of the rows that
// e lets stay, as they are arranged. Only what leaves is copied.
func (m *masking) apply(ctx context.Context, r arrow.Record, e *recoding) (arrow.Record, error) {
	rows := r.NumRows()
	var refs []arrowx.Ref // nil: all rows
	if e != nil && (int64(len(e.rows)) < rows || len(e.sorted) > 0) {
		rows, refs = int64(len(e.rows)), e.stays()
		if slices.ContainsFunc(m.evaluators, func(e *expr.Evaluator) bool { return e != nil }) {
			whole, err := arrowx.GatherRecord(m.mem, r.Schema(), []arrow.Record{r}, refs)
			if err != nil {
				return nil, err
			}
			defer whole.Release()
			r, refs = whole, nil
		}
	}
	cols := make([]arrow.Array, 0, len(m.columns)+1)
	defer func() { compute.Release(cols) }()
	m.average()
	schema := m.out
	if e != nil {
		schema, cols = e.schema, e.classes(m.mem, cols)
	}
	for n, c := range m.columns {
		if c.quasi >= 0 {
			continue
		}
		col := r.Column(c.index)
		col.Retain()
		if refs != nil {
			taken, err := arrowx.Gather(m.mem, col.DataType(), []arrow.Array{col}, refs)
			col.Release()
			if err != nil {
				return nil, err
			}
			col = taken
		}
		out, err := m.leaves(ctx, n, r, e, col)
		if err == nil {
			out, err = narrow(m.mem, schema.Field(len(cols)), out)
		}
		if err != nil {
			return nil, err
		}
		cols = append(cols, out)
	}
	return array.NewRecord(schema, slices.Clone(cols), rows), nil
}

// leaves gives what leaves for leaving column n, which is col in rows r. It takes over
// the reference to col.
func (m *masking) leaves(ctx context.Context, n int, r arrow.Record, e *recoding, col arrow.Array) (arrow.Array, error) {
	c := m.columns[n]
	if c.micro > 0 {
		defer col.Release()
		return m.averages[c.micro-1].column(m.mem, r, c.at)
	}
	if c.rule == nil && !c.alike && c.text == nil {
		return col, nil
	}
	defer col.Release()
	if c.text != nil {
		var found freetext.Counts
		out := m.texts[n].Column(m.mem, col, &found)
		m.redacted.add(c.name, found)
		return out, nil
	}
	if c.alike {
		return oneZero(m.mem, col.(*array.Float64)), nil
	}
	if c.rule.surrogate {
		return m.surrogates(e, col)
	}
	if c.rule.pseudonym != "" {
		return m.pseudonyms[c.name].Column(m.mem, col), nil
	}
	if c.rule.partial != nil {
		return c.rule.partial.Column(m.mem, col), nil
	}
	if c.rule.redact {
		return m.redact(ctx, n, r, col.(*array.String))
	}
	refs := make([]arrowx.Ref, col.Len())
	if c.rule.constant() {
		return arrowx.Gather(m.mem, c.rule.otherwise.DataType(), []arrow.Array{c.rule.otherwise}, refs)
	}
	may, err := m.clear(ctx, n, r)
	if err != nil {
		return nil, err
	}
	for i, yes := range may {
		refs[i] = arrowx.Ref{Row: int32(i)}
		if !yes {
			refs[i] = arrowx.Ref{Chunk: 1}
		}
	}
	return arrowx.Gather(m.mem, col.DataType(), []arrow.Array{col, c.rule.otherwise}, refs)
}

// oneZero is a with one zero and one NaN: of what is counted as one value, the bits
// would tell rows of a class apart.
func oneZero(mem memory.Allocator, a *array.Float64) arrow.Array {
	b := array.NewFloat64Builder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		switch x := a.Value(i); {
		case a.IsNull(i):
			b.AppendNull()
		case x == 0:
			b.UnsafeAppend(0)
		case math.IsNaN(x):
			b.UnsafeAppend(math.NaN())
		default:
			b.UnsafeAppend(x)
		}
	}
	return b.NewArray()
}

// count adds to d the values of r that leave in clear.
func (m *masking) count(ctx context.Context, r arrow.Record, d *seen) error {
	var key []byte
	for n, c := range m.columns {
		if c.rule == nil {
			continue
		}
		may, err := m.clear(ctx, n, r)
		if err != nil {
			return err
		}
		if c.rule.redact {
			d.clear[c.name] += readable(r.Column(c.index).(*array.String), may)
			continue
		}
		for i, yes := range may {
			if key = arrowx.AppendKey(key[:0], r.Column(c.index), i, false); yes && string(key) != string(c.rule.key) {
				d.clear[c.name]++
			}
		}
	}
	return nil
}
