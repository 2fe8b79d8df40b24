package privacy

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"

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
	K       int      `hcl:"k" doc:"The least number of rows of a group, or of different persons when subject is given."`
	Method  string   `hcl:"method,optional" doc:"mdav, the default, groups rows that are near each other in all columns, many in halves first. optimal, of one column: the groups whose values are nearest to their means of all groupings that there are (Hansen and Mukherjee); more rows than fit in memory are put on disk; it does not go with subject." values:"mdav|optimal"`
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
	case c.Method == "optimal" && len(c.Columns) > 1:
		return wrong("method", "optimal groups of more than one column")
	}
	return nil
}

// micro is the columns of a group for one schema.
type micro struct {
	microConfig
	index    []int
	types    []arrow.DataType
	subject  int  // index; -1: rows are counted
	explored bool // what is lost is asked for
}

func (t policy) micros(in *arrow.Schema) ([]*micro, error) {
	var all []*micro
	for _, c := range t.Micro {
		subject, err := t.averagedSubject(in)
		if err != nil {
			return nil, err
		}
		m := &micro{microConfig: c, subject: subject}
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

// grouper makes the groups of a group of columns, of all rows.
type grouper interface {
	add(r arrow.Record, at origin) error
	decide(ctx context.Context) (*means, error)
	close() error
}

func (m *micro) grouper(t policy, bound int64) grouper {
	if m.Method == "optimal" {
		return m.ordering(t, bound)
	}
	g := &gathering{micro: m, near: make([][]float64, len(m.index)), bound: bound}
	if m.subject >= 0 {
		g.crowds, g.whose = newCrowds(m.K), t.owners()
	}
	return g
}

// gathering is the rows of a group of columns: those that agree in all columns are a tuple.
type gathering struct {
	*micro
	tuples tuples
	crowds *crowds // of the tuples; nil: rows are counted
	whose  *owners
	near   [][]float64 // by column and tuple
	bound  int64       // bytes; 0: none
	rows   int64
	key    []byte
}

// tupleKey is the values of row i of the columns, equal ones alike.
func tupleKey(dst []byte, r arrow.Record, index []int, i int) []byte {
	for _, at := range index {
		dst = arrowx.AppendKey(dst, r.Column(at), i, false)
	}
	return dst
}

// decideCost is what is held of a tuple while it is decided where it goes, about.
const decideCost = 40

func (g *gathering) add(r arrow.Record, at origin) error {
	var persons []uint64
	if g.crowds != nil {
		persons = g.whose.of(r.Column(g.subject))
	}
	for i := range int(r.NumRows()) {
		g.rows++
		g.key = tupleKey(g.key[:0], r, g.index, i)
		n, fresh := g.tuples.add(g.key, 1)
		more := persons != nil && g.crowds.add(n, persons[i])
		if !fresh {
			if more && g.full() {
				return g.tooMany()
			}
			continue
		}
		for c, column := range g.index {
			x, a := 0.0, r.Column(column)
			if !a.IsNull(i) {
				var finite bool
				if _, x, finite = numberOf(a, i); !finite {
					return messages.MicroValue.With("column", g.Columns[c], "row", at.row(i)+1)
				}
			}
			g.near[c] = append(g.near[c], x)
		}
		if g.full() {
			return g.tooMany()
		}
	}
	return nil
}

func (g *gathering) full() bool { return g.bound > 0 && g.held() > g.bound }

func (g *gathering) tooMany() error {
	return messages.MicroRows.With("group", g.Name, "rows", g.rows, "bound", g.bound)
}

func (g *gathering) held() int64 {
	return g.tuples.held() + g.crowds.held() + 8*int64(cap(g.near[0])*len(g.near)) + decideCost*int64(g.tuples.len())
}

func (g *gathering) close() error { return nil }

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
	*micro
	columns  []arrow.Array // of each group, then null; on the Go heap
	leaves   tuples        // by what leaves
	groups   groups
	builders []array.Builder
	rows     []int64 // by group
	lost     *lost   // nil: nobody asks
}

// groups gives the group of a row by the key of its values: -1 where it leaves with nothing,
// and false where no such row was met. Many may ask at once.
type groups interface {
	of(key []byte) (group int32, ok bool)
}

func (m *micro) means() *means {
	s := &means{micro: m}
	for _, t := range m.types {
		s.builders = append(s.builders, array.NewBuilder(memory.DefaultAllocator, t))
	}
	if m.explored {
		s.lost = &lost{sizes: map[int64]int64{}, columns: make([]variance, len(m.types))}
	}
	return s
}

// add notes a group of rows, of which mean appends what column c leaves as.
func (m *means) add(rows int64, mean func(b array.Builder, c int)) {
	for c, b := range m.builders {
		mean(b, c)
	}
	m.rows = append(m.rows, rows)
	if m.lost != nil {
		m.lost.sizes[rows]++
	}
}

// finish ends the groups, besides which so many rows leave with nothing.
func (m *means) finish(nothing int64) {
	if m.lost != nil {
		m.lost.nothing = nothing
	}
	for _, b := range m.builders {
		b.AppendNull()
		m.columns = append(m.columns, b.NewArray())
	}
	var key []byte
	for i, rows := range append(m.rows, nothing) {
		if key = key[:0]; rows > 0 {
			for _, a := range m.columns {
				key = arrowx.AppendKey(key, a, i, false)
			}
			m.leaves.add(key, rows)
		}
	}
	m.builders, m.rows = nil, nil
}

// mostNear is how many rows are grouped by their distances at once: these take a time
// that is the square of it.
const mostNear = 1 << 11

// deciding is how the groups are made: of each tuple its group, -1 where its values leave
// as null.
type deciding struct {
	*gathering
	means *means
	group []int32
}

// decide groups the rows: those with the same nulls apart, many in halves, at the middle
// of the column that spreads widest, each by MDAV. Equal rows are in one group, that of
// the first of them, and a group that becomes too small joins the nearest. Rows whose
// nulls fewer than k have leave as null. With a subject k are persons everywhere, and
// all rows of nobody known are of one.
func (g *gathering) decide(ctx context.Context) (*means, error) {
	if g.rows > 0 && g.rows < int64(g.K) {
		return nil, messages.TooFewRows.With("rows", g.rows, "least", g.K)
	}
	if g.crowds != nil && g.rows > 0 && g.crowds.reach(g.tuples.len(), func(i int) int32 { return int32(i) }) == 0 {
		return nil, messages.TooFewPersons.With("rows", g.rows, "least", g.K)
	}
	d := deciding{g, g.micro.means(), make([]int32, g.tuples.len())}
	d.means.lost.scaled(g.near)
	blocks := map[uint64][]int32{}
	for n := range g.tuples.len() {
		nulls := g.nulls(int32(n))
		blocks[nulls] = append(blocks[nulls], int32(n))
	}
	nothing := int64(0)
	for _, nulls := range slices.Sorted(maps.Keys(blocks)) {
		block := blocks[nulls]
		slices.SortFunc(block, g.compare)
		if nulls == 1<<len(g.index)-1 || !g.enough(block) {
			for _, t := range block {
				d.group[t] = -1
			}
			nothing += g.rowsOf(block)
			continue
		}
		if err := d.halve(ctx, block); err != nil {
			return nil, err
		}
	}
	clear(blocks)
	d.means.groups = g.tuples.grouped(d.group)
	d.means.finish(nothing)
	g.near, g.tuples, g.crowds = nil, tuples{}, nil
	return d.means, nil
}

func (g *gathering) compare(a, b int32) int {
	return bytes.Compare(g.tuples.key(int(a)), g.tuples.key(int(b)))
}

func (g *gathering) rowsOf(tuples []int32) (n int64) {
	for _, t := range tuples {
		n += g.tuples.rows[t]
	}
	return n
}

func (d deciding) halve(ctx context.Context, block []int32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := d.gathering
	if rows := g.rowsOf(block); rows > mostNear && len(block) > 1 {
		for _, c := range g.widest(block) {
			sorted := slices.Clone(block)
			slices.SortStableFunc(sorted, func(a, b int32) int { return cmp.Compare(g.near[c][a], g.near[c][b]) })
			sum, median := int64(0), 0.0
			for _, t := range sorted {
				if sum += g.tuples.rows[t]; 2*sum >= rows {
					median = g.near[c][t]
					break
				}
			}
			if g.crowds != nil {
				cut, ok := g.between(sorted, c, median)
				if !ok {
					continue
				}
				median = cut
			}
			left, right := sorted[:0], []int32(nil)
			for _, t := range block {
				if g.near[c][t] <= median {
					left = append(left, t)
				} else {
					right = append(right, t)
				}
			}
			if g.enough(left) && g.enough(right) {
				if err := d.halve(ctx, left); err != nil {
					return err
				}
				return d.halve(ctx, right)
			}
		}
		if g.whole(block) {
			d.mean(block)
			return nil
		}
	}
	return d.byDistance(block)
}

// widest is the columns with more than one value, that of the widest range first.
func (g *gathering) widest(block []int32) []int {
	var order []int
	width := make([]float64, len(g.index))
	for c, near := range g.near {
		least, most, size := near[block[0]], near[block[0]], 0.0
		for _, t := range block {
			least, most = min(least, near[t]), max(most, near[t])
			size = max(size, math.Abs(near[t]))
		}
		if g.nulls(block[0])>>c&1 == 0 && least < most {
			width[c] = most/size - least/size
			order = append(order, c)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(width[b], width[a]) })
	return order
}

// byDistance groups a block by the distances of its rows.
func (d deciding) byDistance(block []int32) error {
	g := d.gathering
	columns := make([][]float64, 0, len(g.index))
	for c, near := range g.near {
		if g.nulls(block[0])>>c&1 == 1 {
			continue
		}
		var column []float64
		for _, t := range block {
			for range g.weight(t) { // k of them are a group by themselves
				column = append(column, near[t])
			}
		}
		columns = append(columns, column)
	}
	group, err := disclosure.MDAV(columns, g.K)
	if err != nil {
		return err
	}
	groups := make([][]int32, slices.Max(group)+1)
	at := 0
	for _, t := range block {
		groups[group[at]] = append(groups[group[at]], t)
		at += g.weight(t)
	}
	for _, members := range g.merge(groups) {
		d.mean(members)
	}
	return nil
}

// merge joins each group of fewer than k with the one whose middle is nearest.
func (g *gathering) merge(groups [][]int32) [][]int32 {
	groups = slices.DeleteFunc(groups, func(t []int32) bool { return len(t) == 0 })
	scale := make([]float64, len(g.index))
	for c := range scale {
		for _, t := range groups {
			for _, t := range t {
				scale[c] = max(scale[c], math.Abs(g.near[c][t]))
			}
		}
	}
	middle := func(tuples []int32) []float64 {
		at := make([]float64, len(g.index))
		for c := range at {
			for _, t := range tuples {
				if scale[c] > 0 {
					at[c] += float64(g.near[c][t] / scale[c] * float64(g.tuples.rows[t]))
				}
			}
			at[c] /= float64(g.rowsOf(tuples))
		}
		return at
	}
	var middles [][]float64
	var enough []bool
	for _, t := range groups {
		middles, enough = append(middles, middle(t)), append(enough, g.enough(t))
	}
	for {
		small := slices.Index(enough, false)
		if small < 0 || len(groups) == 1 {
			return groups
		}
		from, best, least := middles[small], -1, math.Inf(1)
		for i, at := range middles {
			if i == small {
				continue
			}
			distance := 0.0
			for c, x := range at {
				distance += float64((x - from[c]) * (x - from[c]))
			}
			if distance < least {
				best, least = i, distance
			}
		}
		groups[best] = append(groups[best], groups[small]...)
		slices.SortFunc(groups[best], g.compare)
		middles[best], enough[best] = middle(groups[best]), enough[best] || g.enough(groups[best])
		groups, middles, enough = slices.Delete(groups, small, small+1), slices.Delete(middles, small, small+1), slices.Delete(enough, small, small+1)
	}
}

// mean notes what a group leaves as.
func (d deciding) mean(members []int32) {
	g := d.gathering
	for _, t := range members {
		d.group[t] = int32(len(d.means.rows))
	}
	rows, nulls := g.rowsOf(members), g.nulls(members[0])
	values := make([]weighed, len(members))
	d.means.add(rows, func(b array.Builder, c int) {
		if nulls>>c&1 == 1 {
			b.AppendNull()
			return
		}
		for i, t := range members {
			for at, part := range g.parts(g.tuples.key(int(t))) {
				if at == c {
					exact, near := placed(part).number(g.types[c].ID())
					values[i] = weighed{exact, near, g.tuples.rows[t]}
				}
			}
		}
		d.means.lost.add(c, values)
		appendMean(b, values, rows)
	})
}

// parts cuts a tuple's key into those of the columns.
func (m *micro) parts(key []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for c, t := range m.types {
			end := 1
			if !ofNulls(key[:1]) {
				end += t.(arrow.FixedWidthDataType).Bytes()
			}
			if !yield(c, key[:end]) {
				return
			}
			key = key[end:]
		}
	}
}

// nulls are the columns in which a tuple is null, a bit each.
func (g *gathering) nulls(t int32) (nulls uint64) {
	for c, part := range g.parts(g.tuples.key(int(t))) {
		if ofNulls(part) {
			nulls |= 1 << c
		}
	}
	return nulls
}

// weighed is a number and how many rows have it: exact, but of floats.
type weighed struct {
	exact *big.Int
	near  float64
	rows  int64
}

// appendMean appends the mean of members, which are so many rows, rounded half away from
// zero at its scale.
func appendMean(b array.Builder, members []weighed, rows int64) {
	if b, ok := b.(*array.Float64Builder); ok {
		sum := 0.0
		for _, t := range members {
			sum += float64(t.near / float64(rows) * float64(t.rows)) // the sum of finite ones may not be
		}
		b.Append(sum)
		return
	}
	sum, n := new(big.Int), big.NewInt(rows)
	for _, t := range members {
		sum.Add(sum, t.exact.Mul(t.exact, big.NewInt(t.rows)))
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
	*means
	key  []byte
	refs []arrowx.Ref
	of   arrow.Record // whose refs these are
}

// average makes ready for another record.
func (m *masking) average() {
	if len(m.averages) < len(m.means) {
		for _, s := range m.means {
			m.averages = append(m.averages, &averaging{means: s})
		}
	}
	for _, a := range m.averages {
		a.of = nil
	}
}

// column is what column c of the group leaves as.
func (a *averaging) column(mem memory.Allocator, r arrow.Record, c int) (arrow.Array, error) {
	if a.of != r {
		a.refs = a.refs[:0]
		for i := range int(r.NumRows()) {
			a.key = tupleKey(a.key[:0], r, a.index, i)
			g, ok := a.groups.of(a.key)
			if !ok {
				return nil, messages.SourceChanged.With()
			}
			if g < 0 {
				g = int32(a.columns[c].Len() - 1)
			}
			a.refs = append(a.refs, arrowx.Ref{Row: g})
		}
		a.of = r
	}
	return arrowx.Gather(mem, a.types[c], []arrow.Array{a.columns[c]}, a.refs)
}

// microProof counts the rows of a file that a group of columns leaves alike, and their
// persons where it tells them.
type microProof struct {
	microConfig
	index   []int
	rows    []int64 // by what was decided
	want    *tuples
	key     []byte
	subject int // index; -1: the file does not tell persons
	whose   owners
	crowds  *crowds // by what was decided
	bound   int64   // bytes; 0: none
}

func (t policy) microProofs(s *arrow.Schema, d *seen, file string) ([]*microProof, error) {
	var all []*microProof
	for n, c := range t.Micro {
		if d == nil || len(d.means) <= n {
			return nil, messages.GateBlind.With("file", file, "column", c.Columns[0])
		}
		want := &d.means[n].leaves
		p := &microProof{microConfig: c, rows: make([]int64, want.len()), want: want, subject: t.toldBy(s), crowds: newCrowds(c.K), bound: t.env.Memory}
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
	var persons []uint64
	if p.subject >= 0 {
		persons = p.whose.of(r.Column(p.subject))
	}
	for i := range int(r.NumRows()) {
		p.key = tupleKey(p.key[:0], r, p.index, i)
		n := p.want.find(p.key)
		if n < 0 {
			return messages.GateMean.With("file", file, "group", p.Name, "row", before+int64(i)+1)
		}
		p.rows[n]++
		if persons != nil {
			p.crowds.add(n, persons[i])
		}
	}
	if p.bound > 0 && p.crowds.held() > p.bound {
		return messages.TooManyClasses.With("bound", p.bound)
	}
	return nil
}

// proven refuses means that fewer than k rows have, or persons where the file tells them, or
// other rows than were decided.
func (p *microProof) proven(file string) error {
	for i, n := range p.rows {
		if n != p.want.rows[i] || n < int64(p.K) && !ofNulls(p.want.key(i)) {
			return messages.GateMeans.With("file", file, "group", p.Name, "k", p.K)
		}
		if p.subject >= 0 && n > 0 && int(p.crowds.count[i]) < p.K && !ofNulls(p.want.key(i)) {
			return messages.GateMeanPersons.With("file", file, "group", p.Name, "k", p.K)
		}
	}
	return nil
}

// auditedMeans counts the rows of a file, of which nothing was decided, that have the same
// values in a group of columns, or their persons where the file tells them. That these are
// means it does not show; that they are of fewer than k it may.
type auditedMeans struct {
	groups  []*auditedGroup
	subject int // index; -1: the file does not tell persons
	whose   owners
	bound   int64 // bytes; 0: none
}

type auditedGroup struct {
	microConfig
	index  []int
	rows   tuples
	crowds *crowds
	key    []byte
}

// auditedMeans leaves out groups of which the file lacks a column, which is a finding.
func (t policy) auditedMeans(s *arrow.Schema, out *pipelines.Audit) *auditedMeans {
	a := &auditedMeans{subject: t.toldBy(s), bound: t.env.Memory}
	if len(t.Micro) > 0 && t.Subject != "" && a.subject < 0 {
		out.Unproved = append(out.Unproved, messages.UnprovedPersons.With("column", t.Subject))
	}
	for _, c := range t.Micro {
		p := &auditedGroup{microConfig: c, crowds: newCrowds(c.K)}
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
	var persons []uint64
	if a.subject >= 0 && len(a.groups) > 0 {
		persons = a.whose.of(r.Column(a.subject))
	}
	for _, p := range a.groups {
		for i := range int(r.NumRows()) {
			p.key = tupleKey(p.key[:0], r, p.index, i)
			n, _ := p.rows.add(p.key, 1)
			if persons != nil {
				p.crowds.add(n, persons[i])
			}
		}
	}
	held := int64(0)
	for _, p := range a.groups {
		held += p.rows.held() + p.crowds.held()
	}
	if a.bound > 0 && held > a.bound {
		return messages.TooManyClasses.With("bound", a.bound)
	}
	return nil
}

func (a *auditedMeans) report(out *pipelines.Audit) {
	for _, p := range a.groups {
		few := int64(0)
		for i, n := range p.rows.rows {
			if a.subject >= 0 {
				n = int64(p.crowds.count[i])
			}
			if n < int64(p.K) && !ofNulls(p.rows.key(i)) {
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
func ofNulls(key []byte) bool { return len(bytes.Trim(key, "\x02")) == 0 }
