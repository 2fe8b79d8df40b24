package privacy

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

type microConfig struct {
	Name    string   `hcl:"name,label"`
	Columns []string `hcl:"columns" doc:"Columns of numbers that leave as the means of groups of rows that are near each other in all of them. They leave nowhere else."`
	K       int      `hcl:"k" doc:"The least number of rows of a group."`
}

func (c microConfig) Validate() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongMicro.With("group", c.Name, "why", why))
	}
	switch {
	case len(c.Columns) == 0:
		return wrong("columns", "no columns")
	case len(c.Columns) > 64:
		return wrong("columns", "more than 64 columns")
	case c.K < 2:
		return wrong("k", "k below 2")
	}
	return nil
}

// micro is the columns of a group for one schema.
type micro struct {
	microConfig
	index []int
	types []arrow.DataType
}

func (t policy) micros(in *arrow.Schema) ([]*micro, error) {
	var all []*micro
	for _, c := range t.Micro {
		m := &micro{microConfig: c}
		for _, name := range c.Columns {
			i, err := pipelines.ColumnIndex(in, name)
			if err != nil {
				return nil, err
			}
			switch f := in.Field(i).Type; f.ID() {
			case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
				m.index, m.types = append(m.index, i), append(m.types, f)
			default:
				return nil, messages.MicroType.With("column", name, "got", pipelines.TypeName(f))
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// tuple is the values of the rows that agree in all columns of a group.
type tuple struct {
	key   string
	nulls uint64 // by column
	rows  int64
	exact []*big.Int // without the scale; nil for floats and nulls
	near  []float64
}

// gathering is the tuples of the rows of a group of columns.
type gathering struct {
	*micro
	tuples map[string]*tuple
	bound  int64 // bytes; 0: none
	held   int64
	rows   int64
	key    []byte
}

func (m *micro) gathering(bound int64) *gathering {
	return &gathering{micro: m, tuples: map[string]*tuple{}, bound: bound}
}

// tupleKey is the values of row i of the columns, equal ones alike.
func tupleKey(dst []byte, r arrow.Record, index []int, i int) []byte {
	for _, at := range index {
		dst = arrowx.AppendKey(dst, r.Column(at), i, false)
	}
	return dst
}

// What a tuple holds beside its key and for each column, about.
const tupleCost, tupleColumnCost = 160, 64

func (g *gathering) add(r arrow.Record, at origin) error {
	for i := range int(r.NumRows()) {
		g.rows++
		g.key = tupleKey(g.key[:0], r, g.index, i)
		if t := g.tuples[string(g.key)]; t != nil {
			t.rows++
			continue
		}
		t := &tuple{key: string(g.key), rows: 1, exact: make([]*big.Int, len(g.index)), near: make([]float64, len(g.index))}
		for c, column := range g.index {
			a := r.Column(column)
			if a.IsNull(i) {
				t.nulls |= 1 << c
				continue
			}
			var finite bool
			if t.exact[c], t.near[c], finite = numberOf(a, i); !finite {
				return messages.MicroValue.With("column", g.Columns[c], "row", at.row(i)+1)
			}
		}
		g.tuples[t.key] = t
		if g.held += int64(len(t.key)) + tupleCost + tupleColumnCost*int64(len(g.index)); g.bound > 0 && g.held > g.bound {
			return messages.TooManyValues.With("bound", g.bound)
		}
	}
	return nil
}

// numberOf is a number exactly, but of floats, and as a float; false for what is no
// number on a line.
func numberOf(a arrow.Array, i int) (*big.Int, float64, bool) {
	switch a := a.(type) {
	case *array.Int32:
		return big.NewInt(int64(a.Value(i))), float64(a.Value(i)), true
	case *array.Int64:
		return big.NewInt(a.Value(i)), float64(a.Value(i)), true
	case *array.Decimal128:
		n := a.Value(i).BigInt()
		x, _ := new(big.Float).SetInt(n).Float64()
		return n, x, true
	}
	x := a.(*array.Float64).Value(i)
	return nil, x, !math.IsNaN(x) && !math.IsInf(x, 0)
}

// means is what a group of columns leaves as.
type means struct {
	group map[string]int32 // of rows, by their tuple; -1: its values are null
	value [][]string       // keys of the means by group and column, null where they are
	rows  map[string]int64 // by what leaves
}

// mostNear is how many rows are grouped by their distances at once: these take a time
// that is the square of it.
const mostNear = 1 << 11

// decide groups the rows: those with the same nulls apart, many in halves, at the middle
// of the column that spreads widest, each by MDAV. Equal rows are in one group, that of
// the first of them, and a group that becomes too small joins the nearest. Rows whose
// nulls fewer than k have leave as null.
func (g *gathering) decide() (*means, error) {
	if g.rows > 0 && g.rows < int64(g.K) {
		return nil, messages.TooFewRows.With("rows", g.rows, "least", g.K)
	}
	m := &means{group: map[string]int32{}, rows: map[string]int64{}}
	blocks := map[uint64][]*tuple{}
	for _, t := range g.tuples {
		blocks[t.nulls] = append(blocks[t.nulls], t)
	}
	for _, nulls := range slices.Sorted(maps.Keys(blocks)) {
		block := blocks[nulls]
		slices.SortFunc(block, func(a, b *tuple) int { return strings.Compare(a.key, b.key) })
		if nulls == 1<<len(g.index)-1 || rowsOf(block) < int64(g.K) {
			for _, t := range block {
				m.group[t.key] = -1
			}
			m.rows[g.nothing()] += rowsOf(block)
			continue
		}
		if err := g.halve(block, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// nothing is what leaves of a row without a group.
func (g *gathering) nothing() string {
	var key []byte
	for _, t := range g.types {
		b := array.NewBuilder(memory.DefaultAllocator, t)
		b.AppendNull()
		key = arrowx.AppendKey(key, b.NewArray(), 0, false)
	}
	return string(key)
}

func rowsOf(tuples []*tuple) (n int64) {
	for _, t := range tuples {
		n += t.rows
	}
	return n
}

func (g *gathering) halve(block []*tuple, m *means) error {
	if rows := rowsOf(block); rows > mostNear && len(block) > 1 {
		for _, c := range g.widest(block) {
			sorted := slices.Clone(block)
			slices.SortStableFunc(sorted, func(a, b *tuple) int { return cmp.Compare(a.near[c], b.near[c]) })
			sum, median := int64(0), 0.0
			for _, t := range sorted {
				if sum += t.rows; 2*sum >= rows {
					median = t.near[c]
					break
				}
			}
			var left, right []*tuple
			for _, t := range block {
				if t.near[c] <= median {
					left = append(left, t)
				} else {
					right = append(right, t)
				}
			}
			if rowsOf(left) >= int64(g.K) && rowsOf(right) >= int64(g.K) {
				if err := g.halve(left, m); err != nil {
					return err
				}
				return g.halve(right, m)
			}
		}
	}
	return g.close(block, m)
}

// widest is the columns with more than one value, that of the widest range first.
func (g *gathering) widest(block []*tuple) []int {
	var order []int
	width := make([]float64, len(g.index))
	for c := range g.index {
		least, most, size := block[0].near[c], block[0].near[c], 0.0
		for _, t := range block {
			least, most = min(least, t.near[c]), max(most, t.near[c])
			size = max(size, math.Abs(t.near[c]))
		}
		if block[0].nulls>>c&1 == 0 && least < most {
			width[c] = most/size - least/size
			order = append(order, c)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(width[b], width[a]) })
	return order
}

// close groups a block by the distances of its rows.
func (g *gathering) close(block []*tuple, m *means) error {
	columns := make([][]float64, 0, len(g.index))
	for c := range g.index {
		if block[0].nulls>>c&1 == 1 {
			continue
		}
		var column []float64
		for _, t := range block {
			for range min(t.rows, int64(g.K)) { // k of them are a group by themselves
				column = append(column, t.near[c])
			}
		}
		columns = append(columns, column)
	}
	group, err := disclosure.MDAV(columns, g.K)
	if err != nil {
		return err
	}
	groups := make([][]*tuple, slices.Max(group)+1)
	at := 0
	for _, t := range block {
		groups[group[at]] = append(groups[group[at]], t)
		at += int(min(t.rows, int64(g.K)))
	}
	for _, members := range g.merge(groups) {
		g.mean(members, m)
	}
	return nil
}

// merge joins each group of fewer than k rows with the one whose middle is nearest.
func (g *gathering) merge(groups [][]*tuple) [][]*tuple {
	groups = slices.DeleteFunc(groups, func(t []*tuple) bool { return len(t) == 0 })
	scale := make([]float64, len(g.index))
	for c := range scale {
		for _, t := range groups {
			for _, t := range t {
				scale[c] = max(scale[c], math.Abs(t.near[c]))
			}
		}
	}
	middle := func(tuples []*tuple) []float64 {
		at := make([]float64, len(g.index))
		for c := range at {
			for _, t := range tuples {
				if scale[c] > 0 {
					at[c] += float64(t.near[c] / scale[c] * float64(t.rows))
				}
			}
			at[c] /= float64(rowsOf(tuples))
		}
		return at
	}
	for {
		small := slices.IndexFunc(groups, func(t []*tuple) bool { return rowsOf(t) < int64(g.K) })
		if small < 0 || len(groups) == 1 {
			return groups
		}
		from, best, least := middle(groups[small]), -1, math.Inf(1)
		for i, other := range groups {
			if i == small {
				continue
			}
			distance := 0.0
			for c, x := range middle(other) {
				distance += float64((x - from[c]) * (x - from[c]))
			}
			if distance < least {
				best, least = i, distance
			}
		}
		groups[best] = append(groups[best], groups[small]...)
		slices.SortFunc(groups[best], func(a, b *tuple) int { return strings.Compare(a.key, b.key) })
		groups = slices.Delete(groups, small, small+1)
	}
}

// mean notes what a group leaves as.
func (g *gathering) mean(members []*tuple, m *means) {
	n := int32(len(m.value))
	rows := rowsOf(members)
	keys := make([]string, len(g.index))
	all := ""
	for c, typ := range g.types {
		b := array.NewBuilder(memory.DefaultAllocator, typ)
		if members[0].nulls>>c&1 == 1 {
			b.AppendNull()
		} else {
			appendMean(b, c, members, rows)
		}
		keys[c] = string(arrowx.AppendKey(nil, b.NewArray(), 0, false))
		all += keys[c]
	}
	for _, t := range members {
		m.group[t.key] = n
	}
	m.value = append(m.value, keys)
	m.rows[all] += rows
}

// appendMean appends the mean of column c, rounded half away from zero at its scale.
func appendMean(b array.Builder, c int, members []*tuple, rows int64) {
	if b, ok := b.(*array.Float64Builder); ok {
		sum := 0.0
		for _, t := range members {
			sum += float64(t.near[c] / float64(rows) * float64(t.rows)) // the sum of finite ones may not be
		}
		b.Append(sum)
		return
	}
	sum, n := new(big.Int), big.NewInt(rows)
	for _, t := range members {
		sum.Add(sum, new(big.Int).Mul(t.exact[c], big.NewInt(t.rows)))
	}
	mean, rest := new(big.Int).QuoRem(sum, n, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).Cmp(n) >= 0 {
		mean.Add(mean, big.NewInt(int64(sum.Sign())))
	}
	switch b := b.(type) {
	case *array.Int32Builder:
		b.Append(int32(mean.Int64()))
	case *array.Int64Builder:
		b.Append(mean.Int64())
	case *array.Decimal128Builder:
		b.Append(decimal128.FromBigInt(mean))
	}
}

// averaging lets the means of a group of columns out, for one goroutine.
type averaging struct {
	*micro
	*means
	columns []arrow.Array // means by group, then null; on the Go heap
	key     []byte
	refs    []arrowx.Ref
	of      arrow.Record // whose refs these are
}

func (m *micro) averaging(s *means) (*averaging, error) {
	a := &averaging{micro: m, means: s}
	for c, typ := range m.types {
		b := array.NewBuilder(memory.DefaultAllocator, typ)
		for _, keys := range s.value {
			if _, err := arrowx.DecodeKey(b, []byte(keys[c])); err != nil {
				return nil, err
			}
		}
		b.AppendNull()
		a.columns = append(a.columns, b.NewArray())
	}
	return a, nil
}

// average makes ready for another record.
func (m *masking) average() error {
	if len(m.averages) < len(m.micro) {
		for g, s := range m.means {
			a, err := m.micro[g].averaging(s)
			if err != nil {
				return err
			}
			m.averages = append(m.averages, a)
		}
	}
	for _, a := range m.averages {
		a.of = nil
	}
	return nil
}

// column is what column c of the group leaves as.
func (a *averaging) column(mem memory.Allocator, r arrow.Record, c int) (arrow.Array, error) {
	if a.of != r {
		a.refs = a.refs[:0]
		for i := range int(r.NumRows()) {
			a.key = tupleKey(a.key[:0], r, a.index, i)
			g, ok := a.group[string(a.key)]
			if !ok {
				return nil, messages.SourceChanged.With()
			}
			if g < 0 {
				g = int32(len(a.value))
			}
			a.refs = append(a.refs, arrowx.Ref{Row: g})
		}
		a.of = r
	}
	return arrowx.Gather(mem, a.types[c], []arrow.Array{a.columns[c]}, a.refs)
}

// microProof counts the rows of a file that a group of columns leaves alike.
type microProof struct {
	microConfig
	index []int
	rows  map[string]int64
	want  map[string]int64
	key   []byte
}

func (t policy) microProofs(s *arrow.Schema, d *seen, file string) ([]*microProof, error) {
	var all []*microProof
	for n, c := range t.Micro {
		if d == nil || len(d.means) <= n {
			return nil, messages.GateBlind.With("file", file, "column", c.Columns[0])
		}
		p := &microProof{microConfig: c, rows: map[string]int64{}, want: d.means[n].rows}
		for _, name := range c.Columns {
			is := s.FieldIndices(name)
			if len(is) != 1 {
				return nil, messages.GateMissing.With("file", file, "column", name)
			}
			p.index = append(p.index, is[0])
		}
		all = append(all, p)
	}
	return all, nil
}

// look refuses a row that leaves as none of the means.
func (p *microProof) look(r arrow.Record, before int64, file string) error {
	for i := range int(r.NumRows()) {
		p.key = tupleKey(p.key[:0], r, p.index, i)
		if p.want[string(p.key)] == 0 {
			return messages.GateMean.With("file", file, "group", p.Name, "row", before+int64(i)+1)
		}
		p.rows[string(p.key)]++
	}
	return nil
}

// proven refuses means that fewer than k rows have, or other rows than were decided.
func (p *microProof) proven(file string) error {
	for key, n := range p.rows {
		if n != p.want[key] || n < int64(p.K) && !ofNulls(key) {
			return messages.GateMeans.With("file", file, "group", p.Name, "k", p.K)
		}
	}
	return nil
}

// auditedMeans counts the rows of a file, of which nothing was decided, that have the same
// values in a group of columns. That these are means it does not show; that they are of
// fewer than k rows it may.
type auditedMeans struct {
	groups []*microProof
	bound  int64 // bytes; 0: none
	held   int64
}

// auditedMeans leaves out groups of which the file lacks a column, which is a finding.
func (t policy) auditedMeans(s *arrow.Schema, out *pipelines.Audit) *auditedMeans {
	a := &auditedMeans{bound: t.env.Memory}
	for _, c := range t.Micro {
		p := &microProof{microConfig: c, rows: map[string]int64{}}
		for _, name := range c.Columns {
			if is := s.FieldIndices(name); len(is) == 1 && arrowx.Keyed(s.Field(is[0]).Type) {
				p.index = append(p.index, is[0])
				continue
			}
			out.Findings = append(out.Findings, pipelines.Finding{Check: "roles of the columns", Err: messages.AuditLacks.With("column", name)})
		}
		if len(p.index) == len(c.Columns) {
			a.groups = append(a.groups, p)
		}
	}
	return a
}

func (a *auditedMeans) add(r arrow.Record) error {
	for _, p := range a.groups {
		for i := range int(r.NumRows()) {
			p.key = tupleKey(p.key[:0], r, p.index, i)
			n := p.rows[string(p.key)]
			if n == 0 {
				if a.held += int64(len(p.key)) + tupleCost; a.bound > 0 && a.held > a.bound {
					return messages.TooManyClasses.With("bound", a.bound)
				}
			}
			p.rows[string(p.key)] = n + 1
		}
	}
	return nil
}

func (a *auditedMeans) report(out *pipelines.Audit) {
	for _, p := range a.groups {
		few := int64(0)
		for key, n := range p.rows {
			if n < int64(p.K) && !ofNulls(key) {
				few++
			}
		}
		x := pipelines.Finding{Check: "microaggregate " + p.Name + ": k = " + strconv.Itoa(p.K), OK: few == 0}
		if few > 0 {
			x.Err = messages.AuditModel.With("classes", few)
		}
		out.Findings = append(out.Findings, x)
	}
}

// ofNulls says whether a key is of nulls alone.
func ofNulls(key string) bool { return !strings.ContainsFunc(key, func(c rune) bool { return c != 2 }) }
